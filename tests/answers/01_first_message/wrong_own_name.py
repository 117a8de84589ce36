# says: The script's own name was published as a message.
import sys

from rabbit import MessageQueue

mq = MessageQueue('greetings')
for arg in sys.argv:
    mq.publish(arg)
mq.close()
