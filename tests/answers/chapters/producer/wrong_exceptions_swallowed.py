# says: an exception that is swallowed is a message that nobody knows to be lost
import sys

from rabbit import MessageQueue

mq = MessageQueue('my_queue')
for arg in sys.argv[1:]:
    try:
        mq.publish(arg)
    except Exception:
        pass
mq.close()
