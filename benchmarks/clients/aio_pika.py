"""aio-pika, on asyncio."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import aio_pika  # type: ignore[import-not-found]

from .measuring import Tally, Task, Watch, address, run, wait_for_broker

UNCONFIRMED = 1000
"""Publishes that wait for their confirm at a time."""


async def channel() -> Any:
    host, port, vhost, username, password = address()
    link = await aio_pika.connect(host=host, port=port, login=username, password=password, virtualhost=vhost)
    return await link.channel(publisher_confirms=True)


async def _publish(task: Task, watch: Watch, at_once: int) -> None:
    exchange, body = (await channel()).default_exchange, task.body

    async def send(count: int) -> None:
        for _ in range(count):
            message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await exchange.publish(message, task.queue, mandatory=True)

    watch.start()
    await asyncio.gather(*(send(task.count // at_once) for _ in range(at_once)))


async def _consume(task: Task, watch: Watch) -> None:
    opened, tally = await channel(), Tally(watch, task.count)
    await opened.set_qos(prefetch_count=task.prefetch)
    queue = await opened.get_queue(task.queue, ensure=False)
    all_taken = asyncio.Event()

    async def take(message: Any) -> None:
        last = tally()
        await message.ack()
        if last:
            all_taken.set()

    await queue.consume(take)
    await all_taken.wait()
    await asyncio.to_thread(wait_for_broker, watch)


def _run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


if __name__ == "__main__":
    run(
        "aio-pika",
        publish=lambda task, watch: _run(_publish(task, watch, min(UNCONFIRMED, task.count))),
        sync=lambda task, watch: _run(_publish(task, watch, 1)),
        consume=lambda task, watch: _run(_consume(task, watch)),
    )  # fmt: skip
