# says: A message was acknowledged late, when other work was done already.
from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('jobs')
done = []


def message_handler(channel, method, properties, message):
    work(message)
    done.append(method)
    if len(done) == 3:
        for each in done:
            mq.ack(each)
        done.clear()


mq.register(message_handler)
print('Waiting for jobs.')
mq.start()
