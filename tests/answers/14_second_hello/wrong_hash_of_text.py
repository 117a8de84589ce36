# says: The second hello vanished
"""Send each argument to the SQS queue greetings.fifo."""

import hashlib
import sys

import boto3

sqs = boto3.client('sqs')
url = sqs.get_queue_url(QueueName='greetings.fifo')['QueueUrl']

for arg in sys.argv[1:]:
    sqs.send_message(QueueUrl=url, MessageBody=arg, MessageGroupId='greetings', MessageDeduplicationId=hashlib.sha256(arg.encode()).hexdigest())
