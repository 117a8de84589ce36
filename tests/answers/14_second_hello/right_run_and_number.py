"""Send each argument to the SQS queue greetings.fifo."""

import sys
import uuid

import boto3

sqs = boto3.client('sqs')
url = sqs.get_queue_url(QueueName='greetings.fifo')['QueueUrl']

run = uuid.uuid4()
for number, arg in enumerate(sys.argv[1:]):
    sqs.send_message(QueueUrl=url, MessageBody=arg, MessageGroupId='greetings', MessageDeduplicationId=f'{run}-{number}')
