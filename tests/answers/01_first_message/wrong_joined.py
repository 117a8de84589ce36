# says: All arguments became one message.
import sys

from rabbit import MessageQueue

mq = MessageQueue('greetings')
mq.publish(' '.join(sys.argv[1:]))
mq.close()
