# says: A message was acknowledged before its work was done.
import threading

from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('jobs', prefetch=1)


def message_handler(channel, method, properties, message):
    threading.Thread(target=work, args=(message,)).start()
    mq.ack(method)


mq.register(message_handler)
print('Waiting for jobs.')
mq.start()
