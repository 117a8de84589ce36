# says: only the first argument was published
import sys

from rabbit import MessageQueue

mq = MessageQueue('my_queue')
mq.publish(sys.argv[1])
mq.close()
