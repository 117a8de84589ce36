"""stop() may be called at any time and from anywhere: what is under way is finished, the rest is at once others'."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import DEVNULL, Popen

import pytest
from conftest import ROOT
from sqs_plain import Plain
from sqs_proxy import Proxy
from sqs_runs import TASKS, Pipe, counter, make, show, threads, work
from waiting import Stopwatch, until

from sqs_pipes import TaskCallback

pytestmark = pytest.mark.ministack("it counts on exact numbers in flight")

SECONDS = 3.0
"""Within which a stopped run has ended."""


@pytest.fixture
def queue(pipe: Pipe, plain_sqs: Plain) -> str:
    """The name of the queue before `work`, made by a run and empty."""
    pipe.make(TASKS, 1)
    name = f"{pipe.domain}-make.fifo"
    assert plain_sqs.taken(name) == [1]
    return name


@pytest.fixture(autouse=True)
def ended(pipe: Pipe) -> Iterator[None]:
    """See that a test's runs leave no thread."""
    before = threads()
    yield
    pipe.close()
    until(lambda: [each.name for each in threads() - before], [], seconds=25)


def test_stop_from_another_thread_ends_a_run_whose_polls_are_under_way(pipe: Pipe, proxy: Proxy, queue: str) -> None:
    run = pipe.start([{"method": make, "priorities": 1}, work, show], "work")
    until(lambda: bool([each for each in proxy.of("ReceiveMessage") if each.status is None]))
    run.stop(SECONDS)


def waits_long(proxy: Proxy) -> bool:
    """Return whether a poll is under way that a run which is stopped leaves behind, as the third of an idle one is."""
    return any(each.body["WaitTimeSeconds"] > 3 and each.status is None for each in proxy.of("ReceiveMessage"))


def test_a_poll_that_outlives_its_run_takes_no_message_from_others(
    pipe: Pipe, proxy: Proxy, plain_sqs: Plain, queue: str
) -> None:
    """What it brings is given back at once."""
    run = pipe.start(TASKS, "work")
    until(lambda: waits_long(proxy))
    run.stop(SECONDS)
    plain_sqs.send(queue, "later")
    watch = Stopwatch()
    assert pipe.start(TASKS, "work").reaches(1) == ["later"]
    assert watch.seconds() < 2


def test_a_stopped_run_finishes_what_is_under_way_and_gives_the_rest_back(
    pipe: Pipe, plain_sqs: Plain, queue: str
) -> None:
    began, go_on = [], threading.Event()

    def work(value):
        began.append(value)
        go_on.wait(60)
        return value

    plain_sqs.send(queue, *range(30))
    run = pipe.start([make, {"method": work, "workers": 4}, show], "work")
    until(lambda: len(began), 4)
    run.client.stop()
    until(lambda: plain_sqs.held(queue), (26, 4))
    go_on.set()
    assert sorted(run.ends()) == sorted(began)
    assert len(began) == 4
    assert plain_sqs.held(queue) == (26, 0)
    assert sorted(plain_sqs.taken(f"{pipe.domain}-work.fifo")) == sorted(began)


def test_what_was_fetched_ahead_is_others_at_once_though_a_task_goes_on(
    pipe: Pipe, plain_sqs: Plain, queue: str
) -> None:
    began, go_on = threading.Event(), threading.Event()

    def work(value):
        if value == "long":
            began.set()
            go_on.wait(60)
        return value

    plain_sqs.send(queue, *range(5), "long", *range(5, 20))  # after five quick ones it fetches ahead
    run = pipe.start([make, work, show], "work")
    assert began.wait(60)
    until(lambda: plain_sqs.held(queue)[1] > 3)
    run.client.stop()
    until(lambda: plain_sqs.held(queue), (15, 1), seconds=3)
    go_on.set()
    assert "long" in run.ends()


def test_stop_returns_at_once(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    began, go_on = threading.Event(), threading.Event()

    def work(value):
        began.set()
        go_on.wait(60)

    plain_sqs.send(queue, 1)
    run = pipe.start([make, work, show], "work")
    assert began.wait(60)
    watch = Stopwatch()
    run.client.stop()
    assert watch.seconds() < 2
    go_on.set()
    run.ends()


def test_a_task_may_stop_its_run_and_its_message_is_done(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    plain_sqs.send(queue, "a")
    client = pipe.client([make, {"method": lambda value: (client.stop(), value)[1], "name": "work"}, show])
    assert pipe.run(client, "work").ends(SECONDS) == ["a"]
    assert plain_sqs.held(queue) == (0, 0)
    assert plain_sqs.held(f"{pipe.domain}-work.fifo") == (1, 0)


def test_the_first_task_may_stop_its_run(pipe: Pipe, plain_sqs: Plain) -> None:
    count = counter()

    def make():
        value = count()
        if value == 4:
            client.stop()
        return value

    client = pipe.client([make, show])
    assert list(client.run("make", iterate=True)) == [0, 1, 2, 3, 4]
    assert plain_sqs.held(f"{pipe.domain}-make.fifo") == (5, 0)


def test_a_callback_may_stop_its_run(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    plain_sqs.send(queue, "a")
    client = pipe.client([make, {"method": lambda value: TaskCallback(value, client.stop), "name": "work"}, show])
    assert pipe.run(client, "work").ends(SECONDS) == ["a"]
    assert plain_sqs.held(queue) == (0, 0)
    assert plain_sqs.held(f"{pipe.domain}-work.fifo") == (1, 0)


@pytest.mark.parametrize("task", ["work", "show"])
def test_the_loops_body_may_stop_the_run_and_its_message_is_done(
    pipe: Pipe, plain_sqs: Plain, queue: str, task: str
) -> None:
    tasks = TASKS if task == "work" else [make, {"method": show, "name": "show"}]
    plain_sqs.send(queue, *range(20))
    client = pipe.client(tasks)
    seen = []
    for output in client.run(task, iterate=True):
        seen.append(output)
        if len(seen) == 3:
            client.stop()
    assert len(seen) == len(set(seen)) >= 3
    assert plain_sqs.held(queue) == (20 - len(seen), 0)
    assert not set(plain_sqs.taken(queue)) & set(seen)


def test_stop_in_the_loops_body_yields_no_more_than_was_under_way(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    plain_sqs.send(queue, *range(40))
    client = pipe.client([make, show])
    seen = []
    for output in client.run("show", iterate=True):
        seen.append(output)
        client.stop()
    assert len(seen) <= 3
    assert plain_sqs.held(queue) == (40 - len(seen), 0)


def test_stop_may_be_called_twice_and_by_several_threads_at_once(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    plain_sqs.send(queue, *range(20))
    run = pipe.start(TASKS, "work")
    run.reaches(1)
    stopping = [threading.Thread(target=run.client.stop) for _ in range(4)]
    for thread in stopping:
        thread.start()
    for thread in stopping:
        thread.join(60)
    run.client.stop()
    seen = run.ends()
    assert plain_sqs.held(queue) == (20 - len(seen), 0)
    run.client.stop()


def test_stop_before_a_run_ends_no_later_one(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    plain_sqs.send(queue, "a")
    client = pipe.client(TASKS)
    client.stop()
    client.stop()
    assert pipe.run(client, "work").reaches(1) == ["a"]


def test_a_client_can_run_again_after_a_stop(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    client = pipe.client(TASKS)
    for value in ("a", "b"):
        plain_sqs.send(queue, value)
        run = pipe.run(client, "work")
        assert run.reaches(1) == [value]
        assert run.stop() == [value]


def test_stop_between_run_and_the_first_output_asked_for_ends_it(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    plain_sqs.send(queue, *range(3))
    client = pipe.client(TASKS)
    outputs = client.run("work", iterate=True)
    client.stop()
    assert list(outputs) == []
    assert plain_sqs.held(queue) == (3, 0)


def test_stop_while_a_run_sets_up_its_queues_ends_it(pipe: Pipe, proxy: Proxy, plain_sqs: Plain, queue: str) -> None:
    plain_sqs.send(queue, *range(3))
    client = pipe.client(TASKS)
    held = proxy.hold("GetQueueUrl", times=1)
    run = threading.Thread(target=client.run, args=("work",), daemon=True)
    run.start()
    until(lambda: held.waiting, 1)
    client.stop()
    proxy.mend()
    run.join(60)
    ended = not run.is_alive()
    client.stop()
    assert ended
    assert plain_sqs.held(queue) == (3, 0)


def test_stop_ends_all_runs_of_its_client_and_no_other(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    client, other = pipe.client(TASKS), pipe.client(TASKS)
    runs = [pipe.run(client, "work"), pipe.run(client, "show")]
    going_on = pipe.run(other, "show")
    plain_sqs.send(queue, *range(5))
    until(lambda: len(runs[1].outputs + going_on.outputs), 5)
    client.stop()
    for run in runs:
        run.ends(SECONDS)
    assert not going_on.ended


def test_stop_cuts_a_long_interval_short(pipe: Pipe) -> None:
    run = pipe.start([{"method": make, "interval": 60}, show], "make")
    run.reaches(1)
    run.stop(SECONDS)


def test_stop_while_sqs_is_away_ends_the_run(pipe: Pipe, proxy: Proxy, plain_sqs: Plain, queue: str) -> None:
    plain_sqs.send(queue, *range(5))
    run = pipe.start(TASKS, "work")
    run.reaches(5)
    proxy.reset()
    until(lambda: len(proxy.requests) > 0 and proxy.requests[-1].status is None)
    run.stop(5)


def test_a_run_that_was_left_by_its_caller_ends(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    plain_sqs.send(queue, *range(20))
    client = pipe.client([make, {"method": work, "workers": 4}, show])
    outputs = client.run("work", iterate=True)
    next(outputs)
    del outputs
    until(lambda: plain_sqs.held(queue)[1], 0)


STAGE = """
import os, sys, threading
from sqs_pipes import TaskClient
client = TaskClient(os.environ['DOMAIN'])

def make():
    return 1

def work(value):
    sys.stdout.write(f'began {value}\\n')
    sys.stdout.flush()
    threading.Event().wait(float(os.environ.get('SECONDS', '0.01')))
    return value

def show(value):
    return value

client.register_tasks([{'method': make, 'interval': 0.01}, {'method': work, 'workers': 4}, show])
for output in client.run(sys.argv[1], iterate=True):
    sys.stdout.write(f'yielded {output}\\n')
    sys.stdout.flush()
sys.stdout.write('ended\\n')
"""
Start = Callable[..., "Stage"]


class Stage:
    """STAGE in a process of its own."""

    def __init__(self, folder: Path, environment: dict[str, str], task: str) -> None:
        self.told, self.log = folder / "told", folder / "log"
        with self.told.open("w") as out, self.log.open("w") as log:
            self.process = Popen(
                [sys.executable, "-c", STAGE, task], env=environment, stdin=DEVNULL, stdout=out, stderr=log
            )

    def lines(self, word: str) -> list[str]:
        """Return what it wrote of this."""
        return [line.split(" ", 1)[1] for line in self.told.read_text().splitlines() if line.startswith(f"{word} ")]

    def ends_within(self, seconds: float) -> int:
        """Return its status; raise where it takes longer."""
        watch = Stopwatch()
        status = self.process.wait(60 + seconds)
        assert watch.seconds() < seconds
        return status


@pytest.fixture
def stage(pipe: Pipe, tmp_path: Path) -> Iterator[Start]:
    """Start STAGE; it is killed after the test if it still runs."""
    begun: list[Stage] = []

    def start(task: str, **environment: str) -> Stage:
        found = {**os.environ, "DOMAIN": pipe.domain, "PYTHONPATH": str(ROOT), **environment}
        begun.append(Stage(tmp_path, found, task))
        return begun[-1]

    yield start
    for each in begun:
        each.process.kill()
        each.process.wait()


SIGNALS = pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])


@SIGNALS
def test_ctrl_c_and_sigterm_finish_what_is_under_way_and_give_the_rest_back_within_3_s(
    stage: Start, pipe: Pipe, plain_sqs: Plain, queue: str, name: str
) -> None:
    plain_sqs.send(queue, *range(200))
    found = stage("work", SECONDS="0.05")
    until(lambda: len(found.lines("yielded")) >= 10, seconds=20)
    found.process.send_signal(getattr(signal, name))
    assert found.ends_within(SECONDS) == 0
    assert plain_sqs.held(queue)[1] == 0
    sent = plain_sqs.held(f"{pipe.domain}-work.fifo")[0]
    assert plain_sqs.held(queue)[0] == 200 - sent
    assert len(found.lines("began")) == sent
    assert found.told.read_text().endswith("ended\n")
    assert found.log.read_text() == ""


@SIGNALS
@pytest.mark.parametrize("task", ["make", "work", "show"])
def test_ctrl_c_and_sigterm_end_an_idle_stage_within_3_s(
    stage: Start, pipe: Pipe, proxy: Proxy, queue: str, task: str, name: str
) -> None:
    before = len(proxy.requests)
    found = stage(task)
    busy = ("SendMessageBatch", "ReceiveMessage")
    until(lambda: any(request.action in busy for request in proxy.requests[before:]), seconds=20)
    found.process.send_signal(getattr(signal, name))
    assert found.ends_within(SECONDS) == 0
    assert found.told.read_text().endswith("ended\n")
    assert found.log.read_text() == ""


@pytest.mark.slow
def test_a_message_after_the_end_of_a_process_is_not_hidden_for_long_by_its_last_poll(
    stage: Start, pipe: Pipe, proxy: Proxy, plain_sqs: Plain, queue: str
) -> None:
    """The SQS does not notice that the one who asked is gone; what it gives to nobody comes back in 5 s, not in 30."""
    found = stage("work")
    until(lambda: waits_long(proxy), seconds=20)
    found.process.send_signal(signal.SIGINT)
    assert found.ends_within(SECONDS) == 0
    plain_sqs.send(queue, "later")
    until(lambda: plain_sqs.held(queue), (0, 1))
    watch = Stopwatch()
    assert pipe.start(TASKS, "work").reaches(1) == ["later"]
    assert watch.seconds() < 8


def test_a_second_ctrl_c_does_not_wait_for_the_task(stage: Start, plain_sqs: Plain, queue: str) -> None:
    plain_sqs.send(queue, 1)
    found = stage("work", SECONDS="30")
    until(lambda: found.lines("began"), ["1"], seconds=20)
    found.process.send_signal(signal.SIGINT)
    with pytest.raises(Exception, match="timed out"):
        found.process.wait(0.7)
    found.process.send_signal(signal.SIGINT)
    assert found.ends_within(SECONDS) != 0
    assert "KeyboardInterrupt" in found.log.read_text()


def test_a_task_that_is_longer_than_3_s_is_finished_after_ctrl_c(
    stage: Start, pipe: Pipe, plain_sqs: Plain, queue: str
) -> None:
    plain_sqs.send(queue, 1)
    found = stage("work", SECONDS="4")
    until(lambda: found.lines("began"), ["1"], seconds=20)
    found.process.send_signal(signal.SIGINT)
    assert found.ends_within(4 + SECONDS) == 0
    assert plain_sqs.taken(f"{pipe.domain}-work.fifo") == [1]
    assert plain_sqs.held(queue) == (0, 0)


@pytest.fixture
def own() -> Iterator[list[int]]:
    """What handlers of this test's own, for both signals, were given."""
    got: list[int] = []
    names = (signal.SIGINT, signal.SIGTERM)
    before = {name: signal.signal(name, lambda number, _: got.append(number)) for name in names}
    yield got
    for name, handler in before.items():
        signal.signal(name, handler)


def test_a_run_leaves_the_signals_as_they_were(pipe: Pipe, plain_sqs: Plain, queue: str, own: list[int]) -> None:
    before = [signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)]
    plain_sqs.send(queue, 1)
    client = pipe.client(TASKS)
    for _ in client.run("work", iterate=True):
        assert signal.getsignal(signal.SIGINT) not in before
        client.stop()
    assert [signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)] == before
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.raise_signal(name)
    assert own == [signal.SIGINT, signal.SIGTERM]


def test_ctrl_c_after_a_run_inside_another_ones_loop_ends_that_one(
    pipe: Pipe, plain_sqs: Plain, queue: str, own: list[int]
) -> None:
    def work(value):
        threading.Event().wait(0.05)
        return value

    tasks = [make, work, show]
    plain_sqs.send(queue, *range(60))
    outer, inner = pipe.client(tasks), pipe.client(tasks)
    seen = []
    for output in outer.run("work", iterate=True):
        seen.append(output)
        if len(seen) == 1:
            inner.run("make", times=1)
            signal.raise_signal(signal.SIGINT)
    assert len(seen) < 60
    assert own == []
    assert plain_sqs.held(queue)[1] == 0


def test_stop_while_sqs_is_silent_ends_the_run(pipe: Pipe, proxy: Proxy, plain_sqs: Plain, queue: str) -> None:
    began, go_on = threading.Event(), threading.Event()

    def work(value):
        began.set()
        go_on.wait(60)
        return value

    plain_sqs.send(queue, 1)
    run = pipe.start([make, work, show], "work")
    assert began.wait(60)
    proxy.hold(drop=True)
    go_on.set()
    run.stop(12)
