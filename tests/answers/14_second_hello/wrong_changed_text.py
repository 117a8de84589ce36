# says: The text of a message was changed.
"""Send each argument to the SQS queue greetings.fifo."""

import sys

import boto3

sqs = boto3.client('sqs')
url = sqs.get_queue_url(QueueName='greetings.fifo')['QueueUrl']

for number, arg in enumerate(sys.argv[1:]):
    sqs.send_message(QueueUrl=url, MessageBody=f'{arg}{number}', MessageGroupId='greetings')
