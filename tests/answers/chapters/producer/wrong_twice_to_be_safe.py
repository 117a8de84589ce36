# says: a message was published twice
import sys

from rabbit import MessageQueue

mq = MessageQueue('my_queue')
for arg in sys.argv[1:]:
    mq.publish(arg)
    mq.publish(arg)
mq.close()
