# says: After the kill, a message came again whose work was done.
"""Do the work of each message on the SQS queue jobs.fifo."""

import boto3

from exercises.work import work

sqs = boto3.client('sqs')
url = sqs.get_queue_url(QueueName='jobs.fifo')['QueueUrl']
print('Waiting for jobs.')

while True:
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20).get('Messages', [])
    for message in messages:
        work(message['Body'])
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message['ReceiptHandle'])
