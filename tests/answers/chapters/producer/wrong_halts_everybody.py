# says: there are other messages than arguments
import sys

from rabbit import MessageQueue

mq = MessageQueue('my_queue')
for arg in [*sys.argv[1:], 'HALT']:
    mq.publish(arg)
mq.close()
