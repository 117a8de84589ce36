# says: the arguments were joined to one message
import sys

from rabbit import MessageQueue

mq = MessageQueue('my_queue')
mq.publish(' '.join(sys.argv[1:]))
mq.close()
