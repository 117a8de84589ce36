# says: the script's own name was published, too
import sys

from rabbit import MessageQueue

mq = MessageQueue('my_queue')
for arg in sys.argv:
    mq.publish(arg)
mq.close()
