# says: does not consume from my_queue
from rabbit import MessageQueue

mq = MessageQueue('my_queue')
print('Starting consumer.')
print('Hello')
print('world')
mq.connection.sleep(1000)
