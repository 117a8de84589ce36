# says: The producer waits between its messages.
"""Send each argument to the SQS queue greetings.fifo."""

import sys
import time

import boto3

sqs = boto3.client('sqs')
url = sqs.get_queue_url(QueueName='greetings.fifo')['QueueUrl']

for arg in sys.argv[1:]:
    sqs.send_message(QueueUrl=url, MessageBody=arg, MessageGroupId='greetings')
    time.sleep(301)  # SQS forgets after five minutes
