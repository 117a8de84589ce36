# says: Not every argument was sent.
"""Send each argument to the SQS queue greetings.fifo."""

import sys
import uuid

import boto3

sqs = boto3.client('sqs')
url = sqs.get_queue_url(QueueName='greetings.fifo')['QueueUrl']

for arg in sorted(set(sys.argv[1:])):
    sqs.send_message(QueueUrl=url, MessageBody=arg, MessageGroupId='greetings', MessageDeduplicationId=str(uuid.uuid4()))
