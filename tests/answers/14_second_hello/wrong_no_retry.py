# says: was lost was not tried again
"""Send each argument to the SQS queue greetings.fifo."""

import sys
import uuid

import boto3
from botocore.config import Config

sqs = boto3.client('sqs', config=Config(retries={'total_max_attempts': 1}))
url = sqs.get_queue_url(QueueName='greetings.fifo')['QueueUrl']

for arg in sys.argv[1:]:
    sqs.send_message(QueueUrl=url, MessageBody=arg, MessageGroupId='greetings', MessageDeduplicationId=str(uuid.uuid4()))
