# says: the order is not that of the arguments
import sys

from rabbit import MessageQueue

mq = MessageQueue('my_queue')
while len(sys.argv) > 1:
    mq.publish(sys.argv.pop())
mq.close()
