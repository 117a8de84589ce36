# says: The messages are not in the order of the arguments.
import sys

from rabbit import MessageQueue

mq = MessageQueue('greetings')
words = sys.argv[1:]
while words:
    mq.publish(words.pop())
mq.close()
