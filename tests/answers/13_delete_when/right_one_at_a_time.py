"""Do the work of each message on the SQS queue jobs.fifo."""

import boto3

from exercises.work import work

sqs = boto3.client('sqs')
url = sqs.get_queue_url(QueueName='jobs.fifo')['QueueUrl']
print('Waiting for jobs.')

while True:
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1, WaitTimeSeconds=20).get('Messages')
    if not messages:
        continue
    message = messages[0]
    work(message['Body'])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message['ReceiptHandle'])
