# says: its retry had another deduplication id
"""Send each argument to the SQS queue greetings.fifo."""

import sys
import uuid

import boto3
from botocore.exceptions import BotoCoreError

sqs = boto3.client('sqs')
url = sqs.get_queue_url(QueueName='greetings.fifo')['QueueUrl']

for arg in sys.argv[1:]:
    for attempt in range(3):
        try:
            sqs.send_message(QueueUrl=url, MessageBody=arg, MessageGroupId='greetings', MessageDeduplicationId=str(uuid.uuid4()))
            break
        except BotoCoreError:
            print('no answer, once more')
