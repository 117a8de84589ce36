"""Do the work of each message on the SQS queue jobs.fifo, and lose none: python consumer.py"""

import boto3

import endings
from exercises.work import work

sqs = boto3.client("sqs")
url = sqs.get_queue_url(QueueName="jobs.fifo")["QueueUrl"]
print("Waiting for jobs.")

while True:
    answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    for message in answer.get("Messages", []):
        work(message["Body"])
        # TODO: tell SQS that this message is done.
