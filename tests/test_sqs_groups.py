"""By default all messages run in parallel; with group= those of one key keep their order, also when one fails."""

import json
import os
import sys
import threading
from collections import defaultdict
from pathlib import Path
from subprocess import DEVNULL, Popen

import pytest
from conftest import ROOT
from sqs_plain import Plain
from sqs_runs import Pipe, counter
from waiting import until

from sqs_pipes import TaskClient

pytestmark = pytest.mark.ministack("moto gives a group out in another order after a failure")

KEYS, EACH = 4, 8
ORDERS = [[f"k{n % KEYS}", n // KEYS] for n in range(KEYS * EACH)]


def key(output):
    return output[0]


def orders():
    """Return a task that gives the orders in their order."""
    count = counter()
    return {"method": lambda: ORDERS[count()], "name": "orders"}


def show(value):
    return value


def by_key(arrived: list[list[object]]) -> dict[object, list[object]]:
    """Return the numbers of each key, in the order in which they came."""
    found: dict[object, list[object]] = defaultdict(list)
    for name, number in arrived:
        found[name].append(number)
    return dict(found)


IN_ORDER = {f"k{n}": list(range(EACH)) for n in range(KEYS)}


def test_by_default_each_message_has_a_group_of_its_own(pipe: Pipe, plain_sqs: Plain) -> None:
    pipe.make([{"method": counter(), "name": "make"}, show], 5)
    found = plain_sqs.receive(f"{pipe.domain}-make.fifo")
    assert len({message["Attributes"]["MessageGroupId"] for message in found}) == 5


def test_by_default_all_workers_of_all_runs_work_at_a_time(pipe: Pipe) -> None:
    together = threading.Barrier(8)

    def work(value):
        together.wait(60)
        return value

    tasks = [{"method": counter(), "name": "make"}, {"method": work, "workers": 4}]
    pipe.make(tasks, 8)
    runs = [pipe.start(tasks, "work") for _ in range(2)]
    until(lambda: sum(len(run.outputs) for run in runs), 8)


def test_messages_of_a_key_come_in_their_order_and_keys_in_parallel(pipe: Pipe) -> None:
    together, met = threading.Barrier(KEYS), set()

    def work(order):
        if order[0] not in met:
            met.add(order[0])
            together.wait(60)
        return order

    tasks, settings = [orders(), {"method": work, "workers": 8}, {"method": show, "workers": 8}], {"group": key}
    pipe.client(tasks, **settings).run("orders", times=len(ORDERS))
    worked = pipe.start(tasks, "work", settings).reaches(len(ORDERS))
    assert by_key(worked) == IN_ORDER
    assert by_key(pipe.start(tasks, "show", settings).reaches(len(ORDERS))) == IN_ORDER


def test_of_a_key_one_message_is_worked_on_at_a_time(pipe: Pipe) -> None:
    running, lock, clashes = set(), threading.Lock(), []

    def work(order):
        with lock:
            if order[0] in running:
                clashes.append(order)
            running.add(order[0])
        threading.Event().wait(0.005)
        with lock:
            running.discard(order[0])
        return order

    tasks, settings = [orders(), {"method": work, "workers": 8}, show], {"group": key}
    pipe.client(tasks, **settings).run("orders", times=len(ORDERS))
    pipe.start(tasks, "work", settings).reaches(len(ORDERS))
    assert clashes == []


def test_order_within_a_key_holds_when_one_of_it_fails_and_is_tried_again(pipe: Pipe, plain_sqs: Plain) -> None:
    failed, done = set(), []

    def work(order):
        if order in (["k1", 2], ["k2", 0]) and order[0] not in failed:
            failed.add(order[0])
            raise ValueError("not yet")
        done.append(order)
        return order

    tasks = [orders(), {"method": work, "workers": 4}, show]
    settings = {"group": key, "on_error": "retry"}
    pipe.client(tasks, **settings).run("orders", times=len(ORDERS))
    pipe.start(tasks, "work", settings).reaches(len(ORDERS))
    assert by_key(done) == IN_ORDER
    assert failed == {"k1", "k2"}
    until(lambda: plain_sqs.held(f"{pipe.domain}-orders.fifo"), (0, 0))
    assert by_key(plain_sqs.taken(f"{pipe.domain}-work.fifo")) == IN_ORDER


def test_order_within_a_key_holds_when_one_of_it_fails_and_the_run_ends(pipe: Pipe, plain_sqs: Plain) -> None:
    failed, done = set(), []

    def work(order):
        if order == ["k1", 2] and order[0] not in failed:
            failed.add(order[0])
            raise ValueError("not yet")
        done.append(order)
        return order

    tasks, settings = [orders(), {"method": work, "workers": 4}, show], {"group": key}
    pipe.client(tasks, **settings).run("orders", times=len(ORDERS))
    assert "not yet" in str(pipe.start(tasks, "work", settings).failure())
    pipe.start(tasks, "work", settings)
    until(lambda: plain_sqs.held(f"{pipe.domain}-work.fifo"), (len(ORDERS), 0))
    assert by_key(done) == IN_ORDER


def test_a_key_that_fails_does_not_hold_up_the_others(pipe: Pipe) -> None:
    def work(order):
        if order[0] == "k0":
            raise ValueError("never")
        return order

    tasks, settings = [orders(), {"method": work, "workers": 2}, show], {"group": key, "on_error": "retry"}
    pipe.client(tasks, **settings).run("orders", times=len(ORDERS))
    worked = pipe.start(tasks, "work", settings).reaches(EACH * (KEYS - 1), seconds=5)
    assert by_key(worked) == {name: numbers for name, numbers in IN_ORDER.items() if name != "k0"}


def test_order_holds_when_the_run_is_stopped_and_another_goes_on(pipe: Pipe, plain_sqs: Plain) -> None:
    done = []

    def work(order):
        done.append(order)
        threading.Event().wait(0.005)
        return order

    tasks, settings = [orders(), {"method": work, "workers": 4}, show], {"group": key}
    pipe.client(tasks, **settings).run("orders", times=len(ORDERS))
    first = pipe.start(tasks, "work", settings)
    first.reaches(8)
    first.stop()
    until(lambda: plain_sqs.held(f"{pipe.domain}-orders.fifo")[1], 0)
    pipe.start(tasks, "work", settings)
    until(lambda: len(done) >= len(ORDERS))
    assert by_key(done) == IN_ORDER


WORKER = """
import os, sys, threading
from sqs_pipes import TaskClient
client = TaskClient(os.environ['DOMAIN'], group=lambda order: order[0], visibility_seconds=2)

def work(order):
    sys.stdout.write(f'{order[0]} {order[1]}\\n')
    sys.stdout.flush()
    threading.Event().wait(0.02 if len(sys.argv) == 1 or order != ['k1', 1] else 60)
    return order

client.register_tasks([{'method': list, 'name': 'orders'}, {'method': work, 'workers': 4}, print])
client.run('work')
"""


def test_order_within_a_key_holds_when_its_process_is_killed(pipe: Pipe, tmp_path: Path) -> None:
    """The killed one had k1's second message; the outputs show the order, since that one was done twice."""
    tasks, settings = [orders(), {"method": show, "name": "work"}, {"method": show, "workers": 4}], {"group": key}
    pipe.client(tasks, **settings).run("orders", times=len(ORDERS))
    environment = {**os.environ, "DOMAIN": pipe.domain, "PYTHONPATH": str(ROOT)}
    told = tmp_path / "told"
    with told.open("w") as out:
        killed = Popen([sys.executable, "-c", WORKER, "hold"], env=environment, stdout=out, stdin=DEVNULL)
        try:
            until(lambda: "k1 1" in told.read_text(), seconds=15)
        finally:
            killed.kill()
            killed.wait()
        after = Popen([sys.executable, "-c", WORKER], env=environment, stdout=out, stdin=DEVNULL)
    try:
        assert by_key(pipe.start(tasks, "show", settings).reaches(len(ORDERS), seconds=20)) == IN_ORDER
    finally:
        after.kill()
        after.wait()


def test_a_key_may_be_any_text_or_value(pipe: Pipe, plain_sqs: Plain) -> None:
    """SQS takes 128 characters of ASCII without a space; what it does not take is told apart all the same."""
    keys = ["", "Ann Smith", "Ann-Smith", "Müller", "Muller", "k" * 129, "k" * 130, None, 5, ("a", 1), "line\nbreak"]
    tasks = [{"method": lambda number: number, "name": "make"}, show]
    client = pipe.client(tasks, group=lambda number: keys[number])
    for number in [*range(len(keys)), *range(len(keys))]:
        client.submit((number,))
    queue, seen = f"{pipe.domain}-make.fifo", {}
    while found := plain_sqs.receive(queue):
        seen |= {json.loads(each["Body"])["value"]: each["Attributes"]["MessageGroupId"] for each in found}
    assert len(set(seen.values())) == len(keys)


def test_a_group_may_be_a_number(pipe: Pipe, plain_sqs: Plain) -> None:
    pipe.client([{"method": counter(), "name": "make"}, show], group=lambda output: output % 2).run("make", times=4)
    found = plain_sqs.receive(f"{pipe.domain}-make.fifo")
    assert {message["Attributes"]["MessageGroupId"] for message in found} == {"0", "1"}


def test_the_group_is_of_the_unwrapped_output_and_of_each_stages_own(pipe: Pipe, plain_sqs: Plain) -> None:
    def flip(order):
        return [str(order[1]), order[0]]

    tasks, settings = [orders(), flip, show], {"group": key}
    pipe.client(tasks, **settings).run("orders", times=4)
    pipe.start(tasks, "flip", settings).reaches(4)
    found = plain_sqs.receive(f"{pipe.domain}-flip.fifo")
    assert {message["Attributes"]["MessageGroupId"] for message in found} == {"0"}


def test_a_redelivered_input_adds_nothing_also_where_groups_are_keys(pipe: Pipe, plain_sqs: Plain) -> None:
    """Duplicates are known within a queue, whatever group the second one has."""
    tasks = [orders(), show, {"method": show, "name": "last"}]
    client = pipe.client(tasks, group=key)
    client.run("orders", times=1)
    pipe.run(client, "show").reaches(1)
    attributes = plain_sqs.attributes(f"{pipe.domain}-show.fifo")
    assert attributes.get("DeduplicationScope", "queue") == "queue"


def test_group_is_for_fifo_queues(domain: str) -> None:
    with pytest.raises(ValueError, match="FIFO"):
        TaskClient(domain, fifo=False, group=key)
