# says: A message was published more than once.
import sys

from rabbit import MessageQueue

mq = MessageQueue('greetings')
for arg in sys.argv[1:]:
    mq.publish(arg)
    if not mq.publish(arg):  # publish returns None, so this is always true
        print('once more, to be sure')
mq.close()
