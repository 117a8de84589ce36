# says: Nothing was published.
import sys

from rabbit import MessageQueue

mq = MessageQueue('greetings')
for arg in sys.argv[1:]:
    print('published', arg)
mq.close()
