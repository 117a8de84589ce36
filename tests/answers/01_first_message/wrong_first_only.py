# says: Only the first argument was published.
import sys

from rabbit import MessageQueue

mq = MessageQueue('greetings')
mq.publish(sys.argv[1])
mq.close()
