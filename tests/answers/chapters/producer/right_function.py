"""Publish each argument to my_queue, in a function that takes any arguments."""

import sys

from rabbit import MessageQueue


def send(name, *messages):
    mq = MessageQueue(name)
    try:
        while messages:
            mq.publish(messages[0])
            messages = messages[1:]
    finally:
        mq.close()


if __name__ == '__main__':
    send('my_queue', *sys.argv[1:])
