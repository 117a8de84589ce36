# says: no message was published
import sys

from rabbit import MessageQueue

mq = MessageQueue('my_queue')
for arg in sys.argv[1:]:
    print('Sent', arg)
mq.close()
