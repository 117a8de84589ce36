# says: Only the first argument was published.
import sys

from rabbit import MessageQueue


def send(words):
    mq = MessageQueue('greetings')
    for word in words:
        mq.publish(word)
        mq.close()
        return


send(sys.argv[1:])
