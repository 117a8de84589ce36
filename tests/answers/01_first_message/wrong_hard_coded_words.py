# says: The messages are not the arguments of this run.
from rabbit import MessageQueue

mq = MessageQueue('greetings')
for word in ['Hello', 'world']:
    mq.publish(word)
mq.close()
