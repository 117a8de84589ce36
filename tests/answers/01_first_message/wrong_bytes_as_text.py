# says: The messages are bytes written as text: b'...'.
import sys

from rabbit import MessageQueue

mq = MessageQueue('greetings')
for arg in sys.argv[1:]:
    mq.publish(str(arg.encode()))
mq.close()
