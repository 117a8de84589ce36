"""Higher priorities come first, the lowest comes too, and none is lost between stages with different levels."""

import threading

import pytest
from sqs_plain import Plain
from sqs_proxy import Proxy
from sqs_runs import Pipe, counter
from waiting import until

from sqs_pipes import TaskCallback
from sqs_pipes.errors import WrongOutput, WrongTask
from sqs_pipes.hand import Held
from sqs_pipes.ready import Ready


def show(value):
    return value


def keep(value):
    return value


def levels(plain: Plain, stem: str, count: int) -> list[int]:
    """Return how many messages each level of a task's output holds."""
    names = [f"{stem}.fifo", *(f"{stem}--p{level}.fifo" for level in range(1, count))]
    return [plain.held(name)[0] for name in names]


def test_a_number_chooses_the_level_of_all_outputs(pipe: Pipe, plain_sqs: Plain) -> None:
    tasks = [{"method": counter(), "name": "make", "priorities": 3}, show]
    pipe.make(tasks, 2, priority=1)
    assert levels(plain_sqs, f"{pipe.domain}-make", 3) == [0, 2, 0]


def test_a_callable_chooses_by_the_unwrapped_output(pipe: Pipe, plain_sqs: Plain) -> None:
    seen, count = [], counter()

    def make():
        value = count()
        return TaskCallback(value, lambda: None) if value % 2 else value

    def priority(output):
        seen.append(output)
        return output % 3

    tasks = [{"method": make, "priorities": 3}, show]
    pipe.make(tasks, 6, priority=priority)
    assert sorted(seen) == [0, 1, 2, 3, 4, 5]
    assert levels(plain_sqs, f"{pipe.domain}-make", 3) == [2, 2, 2]


def test_a_callable_that_fails_ends_the_run_with_its_error(pipe: Pipe, plain_sqs: Plain) -> None:
    def priority(output):
        raise LookupError("no priority today")

    run = pipe.start([{"method": counter(), "name": "make", "priorities": 3}, show], "make", priority=priority)
    assert "no priority today" in str(run.failure())


def test_the_default_is_level_0_and_one_level(pipe: Pipe, plain_sqs: Plain) -> None:
    pipe.make([{"method": counter(), "name": "make"}, show], 1)
    assert plain_sqs.held(f"{pipe.domain}-make.fifo") == (1, 0)
    assert f"{pipe.domain}-make--p1.fifo" not in plain_sqs.queues(pipe.domain)


@pytest.mark.ministack("of moto's polls the one that began last ends first")
def test_higher_levels_come_first(pipe: Pipe) -> None:
    tasks = [{"method": show, "name": "make", "priorities": 3}, keep]
    client = pipe.client(tasks)
    for level in (0, 1, 2):
        for number in range(9):
            client.submit((f"{level}-{number}",), priority=level)
    arrived = pipe.start(tasks, "keep").reaches(27)
    assert sorted(arrived) == sorted(f"{level}-{number}" for level in (0, 1, 2) for number in range(9))
    where = {level: sum(n for n, each in enumerate(arrived) if each.startswith(level)) for level in "012"}
    assert where["2"] < where["1"] < where["0"]


def test_a_message_of_a_higher_level_overtakes_those_that_wait(pipe: Pipe, plain_sqs: Plain) -> None:
    """It waits for no more than what was fetched already: a batch, and what the workers have in hand."""
    gate, done = threading.Event(), []

    def work(value):
        gate.wait(60)
        done.append(value)
        return value

    tasks = [{"method": show, "name": "make", "priorities": 2}, work]
    client = pipe.client(tasks)
    client.submit(("first",))
    plain_sqs.send(f"{pipe.domain}-make.fifo", *range(40))
    run = pipe.start(tasks, "work")
    until(lambda: plain_sqs.held(f"{pipe.domain}-make.fifo")[1] > 0)
    client.submit(("urgent",), priority=1)
    until(lambda: plain_sqs.held(f"{pipe.domain}-make--p1.fifo"), (0, 1))
    gate.set()
    assert run.reaches(42).index("urgent") <= 22


@pytest.mark.ministack("of moto's polls the one that began last ends first")
def test_a_message_of_a_higher_level_is_the_next_although_others_were_fetched_before(
    pipe: Pipe, plain_sqs: Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, fetched, done, put = threading.Event(), threading.Event(), [], Ready.put

    def noted(self: Ready, held: list[Held]) -> list[Held]:
        surplus = put(self, held)
        if any(each.level == 1 for each in held):
            fetched.set()
        return surplus

    monkeypatch.setattr(Ready, "put", noted)

    def work(value):
        if value == "held":
            go_on.wait(60)
        done.append(value)
        return value

    tasks, queue = [{"method": show, "name": "make", "priorities": 2}, work], f"{pipe.domain}-make.fifo"
    client = pipe.client(tasks)
    client.submit(("first",))
    plain_sqs.send(queue, *range(5), "held", *range(5, 12))  # after the quick ones it fetches ahead
    run = pipe.start(tasks, "work")
    until(lambda: plain_sqs.held(queue)[1] >= 4)
    client.submit(("urgent",), priority=1)
    assert fetched.wait(60)
    go_on.set()
    run.reaches(15)
    assert done[done.index("held") + 1] == "urgent"


@pytest.mark.ministack("moto takes 9 ms a message")
def test_the_lowest_level_is_not_starved_while_higher_ones_are_full(pipe: Pipe, plain_sqs: Plain) -> None:
    tasks = [{"method": show, "name": "make", "priorities": 2}, {"method": keep, "workers": 2}]
    client = pipe.client(tasks)
    for level in (0, 1):
        client.submit(("first",), priority=level)
    plain_sqs.send(f"{pipe.domain}-make--p1.fifo", *["high"] * 600, priority=1)
    plain_sqs.send(f"{pipe.domain}-make.fifo", "low", "low")
    arrived = pipe.start(tasks, "keep").reaches(604)
    assert arrived[:20].count("low") <= 2
    assert arrived.index("low") < 500
    assert len(arrived) == 604


@pytest.mark.ministack("moto's polls take seconds to end")
@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"min_priority": 1}, ["1", "2"]), ({"max_priority": 1}, ["0", "1"]), ({"max_priority": 0}, ["0"]),
        ({"min_priority": 1, "max_priority": 1}, ["1"]), ({"min_priority": 0, "max_priority": 9}, ["0", "1", "2"]),
    ],
)  # fmt: skip
def test_a_run_takes_only_from_the_levels_that_it_is_told_to(
    pipe: Pipe, plain_sqs: Plain, limits: dict[str, int], expected: list[str]
) -> None:
    tasks = [{"method": show, "name": "make", "priorities": 3}, keep]
    client = pipe.client(tasks)
    for level in range(3):
        client.submit((str(level),), priority=level)
    run = pipe.start(tasks, "keep", **limits)
    run.reaches(len(expected))
    assert sorted(run.stop()) == expected
    rest = [int(str(level) not in expected) for level in range(3)]
    until(lambda: levels(plain_sqs, f"{pipe.domain}-make", 3), rest)


def test_a_priority_travels_with_the_message_through_all_stages(pipe: Pipe, plain_sqs: Plain) -> None:
    tasks = [{"method": show, "name": "make", "priorities": 3}, {"method": keep, "priorities": 3}, {"method": len}]
    pipe.client(tasks).submit(("abc",), priority=2)
    pipe.start(tasks, "keep").reaches(1)
    assert levels(plain_sqs, f"{pipe.domain}-keep", 3) == [0, 0, 1]


@pytest.mark.parametrize(("asked", "level"), [(0, 1), (2, 2), (lambda output: 0, 0), (len, 3)])
def test_a_later_tasks_priority_is_the_least_or_decides_as_a_function(
    pipe: Pipe, plain_sqs: Plain, asked: object, level: int
) -> None:
    tasks = [{"method": show, "name": "make", "priorities": 4}, {"method": keep, "priorities": 4}, {"method": len}]
    pipe.client(tasks).submit(("abc",), priority=1)
    pipe.start(tasks, "keep", priority=asked).reaches(1)
    assert levels(plain_sqs, f"{pipe.domain}-keep", 4) == [int(n == level) for n in range(4)]


def test_a_priority_above_a_later_stages_levels_is_clamped_and_not_lost(pipe: Pipe, plain_sqs: Plain) -> None:
    tasks = [{"method": show, "name": "make", "priorities": 5}, {"method": keep, "priorities": 2},
             {"method": show, "name": "pass", "priorities": 1}, {"method": len, "name": "len"}]  # fmt: skip
    pipe.client(tasks).submit(("abc",), priority=4)
    pipe.start(tasks, "keep").reaches(1)
    assert levels(plain_sqs, f"{pipe.domain}-keep", 2) == [0, 1]
    pipe.start(tasks, "pass").reaches(1)
    assert plain_sqs.held(f"{pipe.domain}-pass.fifo") == (1, 0)
    assert pipe.start(tasks, "len").reaches(1) == [3]


@pytest.mark.parametrize("called", [False, True])
def test_a_priority_above_the_first_stages_levels_is_clamped_too(pipe: Pipe, plain_sqs: Plain, called: bool) -> None:
    tasks = [{"method": counter(), "name": "make", "priorities": 3}, show]
    pipe.make(tasks, 1, priority=(lambda output: 9) if called else 9)
    assert levels(plain_sqs, f"{pipe.domain}-make", 3) == [0, 0, 1]


@pytest.mark.parametrize("wrong", [-1, None, "high", 1.5])
def test_a_callable_that_gives_no_priority_is_an_error_that_names_the_task(pipe: Pipe, wrong: object) -> None:
    client = pipe.client([{"method": counter(), "name": "make", "priorities": 3}, show])
    with pytest.raises(WrongOutput, match=r"task make.*priority"):
        client.run("make", times=1, priority=lambda output: wrong)


def test_bounds_between_which_there_is_no_level_are_an_error(pipe: Pipe) -> None:
    client = pipe.client([{"method": counter(), "name": "make", "priorities": 3}, show])
    for bounds in ({"min_priority": 2, "max_priority": 1}, {"min_priority": 3}):
        with pytest.raises(WrongTask, match="min_priority"):
            client.run("show", **bounds)


@pytest.mark.ministack("it goes through the proxy")
@pytest.mark.parametrize("count", [1, 16])
def test_idle_stages_wait_in_long_polls_one_for_each_level(pipe: Pipe, proxy: Proxy, count: int) -> None:
    """At 20 s a poll one level asks 0.05 times a second, 16 levels 0.8 times."""
    tasks = [{"method": show, "name": "make", "priorities": count}, keep]
    run = pipe.start(tasks, "keep")
    until(lambda: len({request.body["QueueUrl"] for request in proxy.of("ReceiveMessage")}), count)
    pipe.client(tasks).submit(("x",), priority=count - 1)
    run.reaches(1)
    polls = [request for request in proxy.of("ReceiveMessage") if request.body["WaitTimeSeconds"]]
    assert sum(1 / request.body["WaitTimeSeconds"] for request in polls if request.status is None) <= 1
    assert len(polls) <= count + 3
