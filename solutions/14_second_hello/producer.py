"""Send each argument of the command line to the SQS queue greetings.fifo: python producer.py hello hello"""

import sys
import uuid

import boto3

sqs = boto3.client("sqs")
url = sqs.get_queue_url(QueueName="greetings.fifo")["QueueUrl"]

for arg in sys.argv[1:]:
    sqs.send_message(
        QueueUrl=url, MessageBody=arg, MessageGroupId="greetings", MessageDeduplicationId=str(uuid.uuid4())
    )
