# opens the queue anew for each word: slow, but right
import sys

from rabbit import MessageQueue


def send(word):
    mq = MessageQueue('greetings')
    try:
        mq.publish(word)
    finally:
        mq.close()


for word in sys.argv[1:]:
    send(word)
