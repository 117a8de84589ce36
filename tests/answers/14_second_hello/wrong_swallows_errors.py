# says: A send that failed was passed over in silence.
"""Send each argument to the SQS queue greetings.fifo."""

import sys
import uuid

import boto3

sqs = boto3.client('sqs')
url = sqs.get_queue_url(QueueName='greetings.fifo')['QueueUrl']

for arg in sys.argv[1:]:
    try:
        sqs.send_message(QueueUrl=url, MessageBody=arg, MessageGroupId='greetings', MessageDeduplicationId=str(uuid.uuid4()))
    except Exception as error:
        print('could not send', arg, error)
