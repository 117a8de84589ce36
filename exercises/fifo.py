"""SQS by hand, for exercises 13 and 14: python exercises/fifo.py new QUEUE, then send QUEUE WORD..., or take QUEUE"""

import sys
import uuid

import boto3


def url(sqs, queue):
    """Return the queue's URL, and create it where there is none."""
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    return sqs.create_queue(QueueName=queue, Attributes=attributes)["QueueUrl"]


def send(sqs, queue, words):
    """Send each word as a message of its own."""
    for word in words:
        once = str(uuid.uuid4())
        sqs.send_message(QueueUrl=queue, MessageBody=word, MessageGroupId="words", MessageDeduplicationId=once)


def take(sqs, queue):
    """Print each message that waits, and delete it."""
    while messages := sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages"):
        for message in messages:
            print(message["Body"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def main(what, queue, *words):
    """Do what the command line says."""
    sqs = boto3.client("sqs")
    address = url(sqs, queue)
    if what == "send":
        send(sqs, address, words)
    if what == "take":
        take(sqs, address)


if __name__ == "__main__":
    main(*sys.argv[1:])
