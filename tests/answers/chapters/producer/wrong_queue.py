# says: did not declare the queue my_queue; it declared 'hello'
import sys

from rabbit import MessageQueue

mq = MessageQueue('hello')
for arg in sys.argv[1:]:
    mq.publish(arg)
mq.close()
