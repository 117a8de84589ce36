"""Do the work of each message on the SQS queue jobs.fifo: up to ten are received, each is deleted after its work."""

import boto3

from exercises.work import work


class Consumer:
    def __init__(self, name):
        self.sqs = boto3.client('sqs')
        self.url = self.sqs.get_queue_url(QueueName=name)['QueueUrl']

    def run(self):
        while True:
            answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
            for message in answer.get('Messages', []):
                self.done(message)

    def done(self, message):
        work(message['Body'])
        entries = [{'Id': '0', 'ReceiptHandle': message['ReceiptHandle']}]
        self.sqs.delete_message_batch(QueueUrl=self.url, Entries=entries)


if __name__ == '__main__':
    Consumer('jobs.fifo').run()
