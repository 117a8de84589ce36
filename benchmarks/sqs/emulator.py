"""ministack, which also tells what was asked of it and can have any number of messages.

A GET of /benchmark tells the requests by action and queue, and the messages by queue. One of
/benchmark?queue=NAME&count=N puts N messages like the queue's last one behind it. They are made when their turn comes:
the emulator goes through all the messages that it holds at each request, of which it would have one in minutes else.
"""

import hashlib
import json
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

Json = dict[str, Any]
Receive = Callable[[], Awaitable[Json]]
Send = Callable[[Json], Awaitable[None]]

WINDOW = 300
"""How many messages such a queue holds, at least; more than its receivers have in flight."""

PATH = "/benchmark"

app: Any = import_module("ministack.app")
sqs: Any = import_module("ministack.services.sqs")

answer, serve = sqs._dispatch, app.app
requests: Counter[str] = Counter()
to_come: dict[str, tuple[Json, int]] = {}
"""By queue: the message that is copied, and how many copies are not made yet."""


async def dispatch(action: str, data: Json, url: str) -> Json:
    """Count the request, let the emulator answer it, and add to its answer what only we know."""
    name = str(data.get("QueueUrl", url)).rsplit("/", 1)[-1]
    requests[f"{action} {name}"] += 1
    if name in to_come and action == "ReceiveMessage":
        _make_some(name)
    answered: Json = await answer(action, data, url)
    waiting = "ApproximateNumberOfMessages"
    if name in to_come and waiting in answered.get("Attributes", {}):
        attributes = answered["Attributes"]
        return {"Attributes": attributes | {waiting: str(int(attributes[waiting]) + to_come[name][1])}}
    return answered


def _make_some(name: str) -> None:
    (template, left), messages = to_come[name], _queues()[name]["messages"]
    made = min(left, max(0, WINDOW - len(messages)))
    messages += [_like(template) for _ in range(made)]
    to_come[name] = template, left - made


def _like(message: Json) -> Json:
    """Return a copy with an id and, where each message has a group of its own, a group of its own."""
    copy, now = message | {"id": str(uuid.uuid4())}, time.time()
    group = str(message["group_id"])
    if group in message["body"]:
        copy["group_id"] = str(uuid.uuid4())
        copy["body"] = message["body"].replace(group, copy["group_id"])
        copy["md5_body"] = hashlib.md5(copy["body"].encode()).hexdigest()
    return copy | {"sent_at": now, "visible_at": now}


def _queues() -> dict[str, Json]:
    return {each["name"]: each for each in sqs._queues.all_values()}


def tell(query: dict[str, list[str]]) -> Json:
    """Fill a queue where the query says so; return what there is."""
    if "queue" in query:
        (name,), (count,) = query["queue"], query["count"]
        to_come[name] = dict(_queues()[name]["messages"][-1]), int(count)
    held = {name: len(queue["messages"]) + to_come.get(name, ({}, 0))[1] for name, queue in _queues().items()}
    return {"requests": requests, "held": held}


async def extended(scope: Json, receive: Receive, send: Send) -> None:
    """Answer what is asked of us; the emulator answers everything else."""
    if scope.get("path") != PATH:
        await serve(scope, receive, send)
        return
    body = json.dumps(tell(parse_qs(scope["query_string"].decode()))).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    sqs._dispatch, app.app = dispatch, extended
    app.main()
