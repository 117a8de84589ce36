"""Runs inside a student's script: notes in the journal when a thread uses a connection that another thread serves.

Python imports a module of this name at its start, when its folder is in PYTHONPATH. What passes on the line does not
tell which thread sent it. add_callback_threadsafe() is pika's one method that any thread may call.
"""

import json
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection

WATCHED = ("basic_ack", "basic_nack", "basic_reject", "basic_publish")

NOTED = "other thread"
"""The journal's word for it; checks/topics/long_work.py looks for it."""

_serving: dict[int, threading.Thread] = {}
"""Who last waited for data on a connection, by the connection's id()."""


def _serves(method: Callable[..., Any]) -> Callable[..., Any]:
    def watched(connection: BlockingConnection, *arguments: Any, **named: Any) -> Any:
        _serving[id(connection)] = threading.current_thread()
        return method(connection, *arguments, **named)

    return watched


def _uses(method: Callable[..., Any]) -> Callable[..., Any]:
    def watched(channel: BlockingChannel, *arguments: Any, **named: Any) -> Any:
        here = threading.current_thread()
        there = _serving.get(id(channel.connection), here)
        if there is not here:
            _note(f"{method.__name__} was called in the thread {here.name}, while {there.name} waits for data")
        return method(channel, *arguments, **named)

    return watched


def _note(what: str) -> None:
    with open(os.environ["CHECK_JOURNAL"], "a", encoding="utf-8") as lines:
        lines.write(json.dumps([time.monotonic(), NOTED, what]) + "\n")


if "CHECK_JOURNAL" in os.environ:
    BlockingConnection.process_data_events = _serves(BlockingConnection.process_data_events)  # type: ignore[method-assign]
    for name in WATCHED:
        setattr(BlockingChannel, name, _uses(getattr(BlockingChannel, name)))
