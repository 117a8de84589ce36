"""Send each argument to the SQS queue greetings.fifo."""

import sys
import uuid

import boto3

sqs = boto3.client('sqs')
url = sqs.get_queue_url(QueueName='greetings.fifo')['QueueUrl']

words = sys.argv[1:]
for first in range(0, len(words), 10):
    entries = [
        {'Id': str(n), 'MessageBody': word, 'MessageGroupId': 'all', 'MessageDeduplicationId': uuid.uuid4().hex}
        for n, word in enumerate(words[first:first + 10])
    ]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)
