"""Leads whoever reads the journal of the work to a file without end."""
import os
import time

import pika
from address import parameters

channel = pika.BlockingConnection(parameters()).channel()
os.symlink('/dev/zero', os.environ['CHECK_JOURNAL'])
channel.queue_declare('jobs', durable=True)
channel.basic_consume('jobs', lambda *told: time.sleep(1))
channel.start_consuming()
