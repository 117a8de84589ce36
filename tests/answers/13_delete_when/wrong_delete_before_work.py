# says: A message was deleted before its work was done.
"""Do the work of each message on the SQS queue jobs.fifo."""

import boto3

from exercises.work import work

sqs = boto3.client('sqs')
url = sqs.get_queue_url(QueueName='jobs.fifo')['QueueUrl']
print('Waiting for jobs.')

while True:
    answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    for message in answer.get('Messages', []):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message['ReceiptHandle'])
        work(message['Body'])
