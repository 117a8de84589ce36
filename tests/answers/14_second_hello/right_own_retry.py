"""Send each argument to the SQS queue greetings.fifo."""

import sys
import uuid

import boto3
from botocore.exceptions import BotoCoreError, EndpointConnectionError

sqs = boto3.client('sqs')
url = sqs.get_queue_url(QueueName='greetings.fifo')['QueueUrl']

def send(text):
    once = str(uuid.uuid4())
    while True:
        try:
            return sqs.send_message(QueueUrl=url, MessageBody=text, MessageGroupId='greetings', MessageDeduplicationId=once)
        except EndpointConnectionError:
            raise
        except BotoCoreError:
            print('no answer, once more')


for arg in sys.argv[1:]:
    send(arg)
