"""Take from the queue source, send in capitals to destination, and wait for the confirm; until Ctrl+C."""

from lapinmq.consumer import Consumer
from lapinmq.message import MessageStatus
from lapinmq.publisher import Publisher
from lapinmq.utils import wait_for_sigterm

publisher = Publisher("sync")


def task(message):
    shout = message.body.decode().upper()
    publisher.send_message_to_queue("destination", shout, message_id=message.properties.message_id)
    return MessageStatus.SUCCESS


with publisher, Consumer("source", task, worker_threads=3):
    print("Ready.")
    wait_for_sigterm(sigint=True)
