# says: producer.py ended with an error.
import sys

from rabbit import MessageQueue

mq = MessageQueue('greetings')
for arg in sys.argv[1:]:
    mq.publish(arg.encode())
mq.close()
