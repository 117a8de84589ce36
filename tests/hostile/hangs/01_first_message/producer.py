"""Connects, then hangs, and is deaf to signals."""
import signal
import time

import pika
from address import parameters

for name in (signal.SIGINT, signal.SIGTERM):
    signal.signal(name, signal.SIG_IGN)
connection = pika.BlockingConnection(parameters())
while True:
    time.sleep(60)
