import threading

from rabbit import MessageQueue


def stage(source, target, work):
    mq = MessageQueue(source, prefetch=1)
    out = MessageQueue(target, connection=mq.connection) if target else None

    def message_handler(channel, method, properties, message):
        if message == "HALT":
            if out:
                out.publish("HALT")
            mq.stop()
        elif out:
            out.publish(work(message))
        else:
            work(message)
        mq.ack(method)

    mq.register(message_handler)
    mq.start()
    mq.close()


stages = [("my_queue", "upper", str.upper), ("upper", "loud", "{}!".format), ("loud", None, print)]
threads = [threading.Thread(target=stage, args=each) for each in stages]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
