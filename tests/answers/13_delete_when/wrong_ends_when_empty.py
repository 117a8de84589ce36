# says: ended although nobody asked it to
"""Do the work of each message on the SQS queue jobs.fifo."""

import boto3

from exercises.work import work

sqs = boto3.client('sqs')
url = sqs.get_queue_url(QueueName='jobs.fifo')['QueueUrl']
print('Waiting for jobs.')

while messages := sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20).get('Messages'):
    for message in messages:
        work(message['Body'])
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message['ReceiptHandle'])
print('No more jobs.')
