# says: the arguments were split into words
import sys

from rabbit import MessageQueue

mq = MessageQueue('my_queue')
for word in ' '.join(sys.argv[1:]).split():
    mq.publish(word)
mq.close()
