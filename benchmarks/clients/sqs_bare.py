"""Plain boto3, without tasks: the requests of the three stages in batches of ten, with the same threads that ours has.

A stage receives in one thread, and sends and deletes in as many as ours does. This is the limit for what does the same.
"""

import json
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from queue import Queue
from typing import Any

import boto3

from .sqs_part import TASKS, Part
from .sqs_stage import REGION, Log, run

BATCH = 10

Batch = list[dict[str, Any]]


def act(part: Part, log: Log) -> Iterable[object]:
    """Make the queues that are not there, and return the stage."""
    client = boto3.client("sqs", region_name=REGION)
    place = TASKS.index(part.task)
    inputs, outputs = TASKS[place - 1 : place], TASKS[place : part.stages - 1][:1]
    urls = {task: _create(client, part.queue(task)) for task in (*inputs, *outputs)}
    into = urls[outputs[0]] if outputs else ""
    done: Queue[Batch] = Queue()
    work = partial(_pass, client, urls[inputs[0]]) if inputs else partial(_make, client)
    return _outputs(partial(work, into, part, log, done), done)


def _create(client: Any, name: str) -> str:
    """Return the URL of a queue like ours, with its dead-letter queue."""
    fifo = {"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    dead = client.create_queue(QueueName=name.replace(".fifo", "--dead.fifo"), Attributes=fifo)["QueueUrl"]
    asked = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
    policy = json.dumps({"deadLetterTargetArn": asked["QueueArn"], "maxReceiveCount": 5})
    return str(client.create_queue(QueueName=name, Attributes=fifo | {"RedrivePolicy": policy})["QueueUrl"])


def _outputs(work: Callable[[], None], done: "Queue[Batch]") -> Iterator[object]:
    work()
    while True:
        yield from done.get()


def _make(client: Any, into: str, part: Part, log: Log, done: "Queue[Batch]") -> None:
    turns = iter(range(0, part.count, BATCH))

    def courier() -> None:
        for begun in turns:
            bodies = [_body() for _ in range(min(BATCH, part.count - begun))]
            log.begin(len(bodies))
            _send(client, into, bodies)
            done.put([{"Body": body} for body in bodies])

    _start(courier, _couriers(part))


def _body() -> str:
    return json.dumps({"value": "abcdef", "meta": {"priority": 0, "id": str(uuid.uuid4())}})


def _pass(client: Any, source: str, into: str, part: Part, log: Log, done: "Queue[Batch]") -> None:
    """Send on what arrives, where it goes on, and delete it."""
    arrived: Queue[Batch] = Queue(1)

    def lane() -> None:
        names = ["ApproximateReceiveCount", "MessageGroupId"]
        words = {"QueueUrl": source, "MaxNumberOfMessages": BATCH, "WaitTimeSeconds": 20}
        while True:
            messages = client.receive_message(MessageSystemAttributeNames=names, **words).get("Messages", [])
            log.begin(len(messages))
            if messages:
                arrived.put(messages)

    def courier() -> None:
        while True:
            messages = arrived.get()
            if into:
                _send(client, into, [message["Body"] for message in messages])
            _delete(client, source, messages)
            done.put(messages)

    _start(lane)
    _start(courier, _couriers(part))


def _couriers(part: Part) -> int:
    """Return how many threads of ours send and delete, with so many workers."""
    return min(4, 1 + part.workers // 8)


def _start(target: Callable[[], None], threads: int = 1) -> None:
    for _ in range(threads):
        threading.Thread(target=target, daemon=True).start()


def _delete(client: Any, source: str, messages: Batch) -> None:
    entries = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(messages)]
    _insist(client.delete_message_batch(QueueUrl=source, Entries=entries))


def _send(client: Any, into: str, bodies: list[str]) -> None:
    entries = [{"Id": str(n), "MessageBody": body, **_fifo()} for n, body in enumerate(bodies)]
    _insist(client.send_message_batch(QueueUrl=into, Entries=entries))


def _fifo() -> dict[str, str]:
    return {"MessageGroupId": str(uuid.uuid4()), "MessageDeduplicationId": str(uuid.uuid4())}


def _insist(answer: dict[str, Any]) -> None:
    assert not answer.get("Failed"), answer["Failed"]


if __name__ == "__main__":
    run("boto3", act)
