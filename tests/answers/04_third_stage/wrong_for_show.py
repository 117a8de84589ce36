# says: A stage does not work on what others put on its queue.
import threading

from rabbit import MessageQueue


def drain(queue):
    mq = MessageQueue(queue, prefetch=1)

    def message_handler(channel, method, properties, message):
        mq.ack(method)
        if message == 'HALT':
            mq.stop()

    mq.register(message_handler)
    mq.start()
    mq.close()


def work():
    mq = MessageQueue('my_queue', prefetch=1)
    upper = MessageQueue('upper', connection=mq.connection)

    def message_handler(channel, method, properties, message):
        upper.publish(message.upper())
        loud.publish(message.upper() + '!')
        print(message.upper() + '!')
        mq.ack(method)

    loud = MessageQueue('loud', connection=mq.connection)
    mq.register(message_handler)
    mq.start()
    mq.close()


for target, args in [(drain, ('upper',)), (drain, ('loud',)), (work, ())]:
    threading.Thread(target=target, args=args).start()
