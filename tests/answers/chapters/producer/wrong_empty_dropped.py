# says: the empty argument was dropped
import sys

from rabbit import MessageQueue

mq = MessageQueue('my_queue')
for arg in sys.argv[1:]:
    if arg:
        mq.publish(arg)
mq.close()
