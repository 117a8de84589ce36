"""dramatiq: a worker in this process, on its own RabbitMQ broker, without a result backend."""

import os

from .measuring import Tally, Task, Watch, address, run, wait_for_broker


def consume(task: Task, watch: Watch) -> None:
    """Work through the queue, which holds dramatiq's own messages for the actor `work`."""
    os.environ["dramatiq_queue_prefetch"] = str(task.prefetch)  # noqa: SIM112 - its name, read when it is imported
    import dramatiq  # type: ignore[import-not-found]  # noqa: PLC0415
    from dramatiq.brokers.rabbitmq import RabbitmqBroker  # type: ignore[import-not-found]  # noqa: PLC0415

    host, port, vhost, username, password = address()
    broker = RabbitmqBroker(url=f"amqp://{username}:{password}@{host}:{port}/{vhost.replace('/', '%2F')}")
    tally = Tally(watch, task.count)

    def work() -> None:
        tally()

    dramatiq.actor(work, broker=broker, queue_name=task.queue)
    dramatiq.Worker(broker, worker_threads=task.workers).start()
    tally.all.wait()
    wait_for_broker(watch)


if __name__ == "__main__":
    run("dramatiq", consume=consume)
