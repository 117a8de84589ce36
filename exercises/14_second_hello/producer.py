"""Send each argument of the command line to the SQS queue greetings.fifo: python producer.py hello hello"""

import sys

import boto3

sqs = boto3.client("sqs")
url = sqs.get_queue_url(QueueName="greetings.fifo")["QueueUrl"]

for arg in sys.argv[1:]:
    # TODO: send hello twice, and look what arrives. Then tell SQS that each send is a message of its own.
    sqs.send_message(QueueUrl=url, MessageBody=arg, MessageGroupId="greetings")
