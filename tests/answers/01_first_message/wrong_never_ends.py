# says: producer.py did not end.
import sys
import time

from rabbit import MessageQueue

mq = MessageQueue('greetings')
for arg in sys.argv[1:]:
    mq.publish(arg)
while True:  # until somebody has read them
    time.sleep(1)
