# says: The connection was not closed.
import sys

from rabbit import MessageQueue

mq = MessageQueue('greetings')
for arg in sys.argv[1:]:
    mq.publish(arg)
