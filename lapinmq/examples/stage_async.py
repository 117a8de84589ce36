"""Take from the queue source, send in capitals to destination, and acknowledge on the confirm; until Ctrl+C."""

from lapinmq.consumer import Consumer
from lapinmq.message import MessageStatus
from lapinmq.publisher import Publisher
from lapinmq.utils import wait_for_sigterm

publisher = Publisher("async")


def task(message):
    shout = message.body.decode().upper()
    callbacks = {"ack_callback": message.ack, "nack_callback": message.reject_retry}
    publisher.send_message_to_queue("destination", shout, callbacks=callbacks, message_id=message.properties.message_id)
    return MessageStatus.HANDLED_VIA_CALLBACK


with publisher, Consumer("source", task, worker_threads=3, prefetch=100):
    print("Ready.")
    wait_for_sigterm(sigint=True)
