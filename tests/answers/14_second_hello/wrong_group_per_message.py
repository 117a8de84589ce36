# says: in different groups
"""Send each argument to the SQS queue greetings.fifo."""

import sys
import uuid

import boto3

sqs = boto3.client('sqs')
url = sqs.get_queue_url(QueueName='greetings.fifo')['QueueUrl']

for arg in sys.argv[1:]:
    sqs.send_message(QueueUrl=url, MessageBody=arg, MessageGroupId=str(uuid.uuid4()), MessageDeduplicationId=str(uuid.uuid4()))
