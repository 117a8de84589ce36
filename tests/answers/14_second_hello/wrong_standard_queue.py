# says: were sent to another queue than greetings.fifo
"""Send each argument to the SQS queue greetings."""

import sys

import boto3

sqs = boto3.client('sqs')
url = sqs.create_queue(QueueName='greetings')['QueueUrl']

for arg in sys.argv[1:]:
    sqs.send_message(QueueUrl=url, MessageBody=arg)
