# says: A stage takes more than one message at a time from the queue peeled.
import threading

from exercises.work import chop, fry, peel
from rabbit import MessageQueue


def stage(source, target, work):
    mq = MessageQueue(source, prefetch=10 if source == 'peeled' else 1)
    out = MessageQueue(target, connection=mq.connection) if target else None

    def message_handler(channel, method, properties, message):
        work(message)
        if out:
            out.publish(message)
        mq.ack(method)

    mq.register(message_handler)
    mq.start()


kitchen = [('my_queue', 'peeled', peel), ('chopped', '', fry)] + 3 * [('peeled', 'chopped', chop)]
for args in kitchen:
    threading.Thread(target=stage, args=args).start()
