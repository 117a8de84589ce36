"""Do the work of each message on the SQS queue jobs.fifo, by boto3's resource."""

import boto3

from exercises.work import work

queue = boto3.resource('sqs').get_queue_by_name(QueueName='jobs.fifo')


def messages():
    while True:
        yield from queue.receive_messages(WaitTimeSeconds=10, MaxNumberOfMessages=10)


for message in messages():
    work(message.body)
    message.delete()
