"""What a task returns is what the next one gets, and what its run yields."""

import itertools
import logging
import threading
import time

import pytest
from sqs_plain import Plain
from sqs_runs import Pipe, counter, threads
from waiting import until

from sqs_pipes import EmptyTaskOutput, TaskCallback, TaskClient


def number():
    return 7


def double(value):
    return 2 * value


def show(value):
    return value


def keep(value):
    return value


def test_the_output_of_a_task_is_the_input_of_the_next(pipe: Pipe) -> None:
    tasks = [number, double, show]
    pipe.make(tasks, 3)
    doubling = pipe.start(tasks, "double")
    showing = pipe.start(tasks, "show")
    assert doubling.reaches(3) == [14, 14, 14]
    assert showing.reaches(3) == [14, 14, 14]


def test_a_task_can_be_run_by_its_index(pipe: Pipe) -> None:
    tasks = [number, double]
    pipe.make(tasks, 1)
    assert pipe.start(tasks, 1).reaches(1) == [14]


VALUES = ["a word", "Größe 😀\n", 5, 1.5, True, "", 0, False, [], {}, [1, "a"], {"a": [1, {"b": None}]}]


def test_what_json_can_hold_arrives_as_it_was(pipe: Pipe) -> None:
    def make(value):
        return value

    client = pipe.client([make, show])
    for value in VALUES:
        client.submit((value,))
    arrived = pipe.start([make, show], "show").reaches(len(VALUES))
    assert sorted(map(repr, arrived)) == sorted(map(repr, VALUES))


def test_tuples_are_yielded_as_tuples(pipe: Pipe) -> None:
    def make():
        return "banana", 3

    def lists(value):
        return tuple(value)

    first = pipe.client([make, lists])
    assert ["%s -> %d" % output for output in first.run("make", iterate=True, times=2)] == ["banana -> 3"] * 2  # noqa: UP031 - as the seed has it
    assert ["%s -> %d" % output for output in pipe.start([make, lists], "lists").reaches(2)] == ["banana -> 3"] * 2  # noqa: UP031 - as the seed has it


def test_a_run_without_iterate_blocks_and_returns_nothing(pipe: Pipe, plain_sqs: Plain) -> None:
    client = pipe.client([number, double])
    assert client.run("number", times=3) is None
    assert plain_sqs.held(f"{pipe.domain}-number.fifo") == (3, 0)


def test_a_blocking_run_of_a_later_task_works_until_it_is_stopped(pipe: Pipe, plain_sqs: Plain) -> None:
    done = []

    def note(value):
        done.append(value)

    tasks = [number, note]
    pipe.make(tasks, 3)
    client = pipe.client(tasks)
    ran = threading.Thread(target=client.run, args=("note",), daemon=True)
    ran.start()
    until(lambda: len(done), 3)
    client.stop()
    ran.join(60)
    assert not ran.is_alive()
    assert plain_sqs.held(f"{pipe.domain}-number.fifo") == (0, 0)


def test_the_first_task_runs_without_end_where_times_is_not_given(pipe: Pipe) -> None:
    count = counter()
    run = pipe.start([{"method": count, "name": "count", "interval": 0.001}, show], "count")
    assert sorted(run.reaches(30))[:30] == list(range(30))


def test_the_first_task_gets_args_and_the_later_ones_their_input_before_them(pipe: Pipe) -> None:
    def join(*words):
        return "-".join(words)

    def add(value, *words):
        return f"{value}+{'-'.join(words)}"

    pipe.make([join, add], 1, args=("a", "b"))
    assert pipe.start([join, add], "add", args=("c", "d")).reaches(1) == ["a-b+c-d"]


def test_the_seeds_tasks_do_what_the_seed_says(pipe: Pipe) -> None:
    def _generate(max_size):
        return "banana"[:max_size]

    def _reduce(value, keep="vowels"):
        return value, "".join(letter for letter in value if (letter in "aeiou") == (keep == "vowels"))

    def _count(data):
        value, vowels = data
        return value, len(vowels)

    tasks = [
        {"method": _generate, "workers": 32, "interval": 0.01}, {"method": _reduce, "workers": 2},
        {"method": _count, "workers": 16},
    ]  # fmt: skip
    pipe.make(tasks, 5, args=(10,))
    reducing, counting = pipe.start(tasks, "_reduce"), pipe.start(tasks, "_count")
    assert {"%s -> %s" % output for output in reducing.reaches(5)} == {"banana -> aaa"}  # noqa: UP031 - as the seed has it
    assert {"%s -> %d" % output for output in counting.reaches(5)} == {"banana -> 3"}  # noqa: UP031 - as the seed has it


@pytest.mark.parametrize(("ignore_none", "expected"), [(True, [0, 2]), (False, [0, None, 2, None])])
def test_none_is_left_out_unless_the_client_says_otherwise(
    pipe: Pipe, ignore_none: bool, expected: list[object]
) -> None:
    count = counter()

    def make():
        value = count()
        return None if value % 2 else value

    client = pipe.client([make, show], ignore_none=ignore_none)
    assert list(client.run("make", iterate=True, times=4)) == expected
    shown = pipe.start([make, show], "show", {"ignore_none": ignore_none}).reaches(len(expected))
    assert sorted(map(str, shown)) == sorted(map(str, expected))


@pytest.mark.parametrize("ignore_none", [True, False])
def test_an_empty_task_output_is_neither_sent_nor_yielded_and_the_input_is_deleted(
    pipe: Pipe, plain_sqs: Plain, ignore_none: bool
) -> None:
    count = counter()

    def make():
        return count()

    def odd(value):
        return value if value % 2 else EmptyTaskOutput()

    tasks, settings = [make, odd, show], {"ignore_none": ignore_none}
    pipe.make(tasks, 6)
    odds = pipe.start(tasks, "odd", settings)
    until(lambda: plain_sqs.held(f"{pipe.domain}-make.fifo"), (0, 0))
    assert sorted(odds.stop()) == [1, 3, 5]
    assert sorted(pipe.start(tasks, "show", settings).reaches(3)) == [1, 3, 5]


def test_a_callback_is_called_once_the_output_is_sent_and_the_output_is_unwrapped(pipe: Pipe, plain_sqs: Plain) -> None:
    called = []

    def note(*words):
        called.append((words, plain_sqs.held(f"{pipe.domain}-make.fifo")[0]))

    def make():
        return TaskCallback("banana", note, ("a", "b"))

    client = pipe.client([make, show])
    assert list(client.run("make", iterate=True, times=1)) == ["banana"]
    assert called == [(("a", "b"), 1)]
    assert pipe.start([make, show], "show").reaches(1) == ["banana"]


def test_a_middle_tasks_callback_is_called_after_its_output_is_sent_and_before_its_input_is_deleted(
    pipe: Pipe, plain_sqs: Plain
) -> None:
    seen = []

    def note(value):
        seen.append((value, *(plain_sqs.held(f"{pipe.domain}-{task}.fifo") for task in ("keep", "number"))))

    def keep(value):
        return TaskCallback(value, note, (value,))

    tasks = [number, keep, show]
    pipe.make(tasks, 1)
    assert pipe.start(tasks, "keep").reaches(1) == [7]
    assert seen == [(7, (1, 0), (0, 1))]


@pytest.mark.parametrize("value", ["banana", None])
def test_the_last_tasks_callback_is_called_too(pipe: Pipe, value: object) -> None:
    called = []

    def last(word):
        return TaskCallback(value, called.append, (word,))

    pipe.make([number, last], 2)
    run = pipe.start([number, last], "last")
    until(lambda: called, [7, 7])
    assert run.stop() == ([] if value is None else [value] * 2)


def test_a_callback_of_a_task_without_output_is_called_and_nothing_is_sent(pipe: Pipe, plain_sqs: Plain) -> None:
    called = []

    def make():
        return TaskCallback(EmptyTaskOutput(), called.append, ("empty",))

    client = pipe.client([make, show])
    assert list(client.run("make", iterate=True, times=1)) == []
    assert called == ["empty"]
    assert plain_sqs.held(f"{pipe.domain}-make.fifo") == (0, 0)


def test_a_callbacks_error_is_the_tasks_error_and_the_input_is_kept(pipe: Pipe, plain_sqs: Plain) -> None:
    def fail():
        raise KeyError("in the callback")

    def keep(value):
        return TaskCallback(value, fail)

    tasks = [number, keep, show]
    pipe.make(tasks, 1)
    error = pipe.start(tasks, "keep").failure()
    assert isinstance(error, KeyError)
    until(lambda: plain_sqs.held(f"{pipe.domain}-number.fifo"), (1, 0))


@pytest.mark.parametrize("workers", [1, 4])
def test_the_interval_is_waited_between_two_runs_of_the_first_task(pipe: Pipe, workers: int) -> None:
    """However many workers it has: they bound how many are under way at a time."""
    began: list[float] = []

    def make():
        began.append(time.monotonic())

    pipe.client([{"method": make, "interval": 0.2, "workers": workers}, show]).run("make", times=4)
    assert len(began) == 4
    assert all(later - sooner > 0.15 for sooner, later in itertools.pairwise(began))


def test_a_callable_interval_is_asked_each_time(pipe: Pipe) -> None:
    asked, began = iter([1.0, 0.0, 1.0, 0.0, 0.0]), []

    def make():
        began.append(time.monotonic())

    pipe.client([{"method": make, "interval": lambda: next(asked)}, show]).run("make", times=4)
    waits = [later - sooner for sooner, later in itertools.pairwise(began)]
    assert waits[0] > 0.95
    assert waits[1] < waits[0]
    assert waits[2] > 0.95


def test_a_callable_interval_that_fails_ends_the_run_with_its_error(pipe: Pipe) -> None:
    def interval():
        raise RuntimeError("no interval today")

    run = pipe.start([{"method": number, "interval": interval}, show], "number")
    assert "no interval today" in str(run.failure())


def test_several_workers_of_the_first_task_run_at_a_time(pipe: Pipe) -> None:
    together = threading.Barrier(4)

    def make():
        together.wait(60)
        return 1

    client = pipe.client([{"method": make, "workers": 4}, show])
    assert list(client.run("make", iterate=True, times=8)) == [1] * 8


@pytest.mark.parametrize(("registered", "asked"), [(4, None), (1, 4)])
def test_several_workers_of_a_later_task_run_at_a_time(pipe: Pipe, registered: int, asked: int | None) -> None:
    together = threading.Barrier(4)

    def work(value):
        together.wait(60)
        return value

    tasks = [number, {"method": work, "workers": registered}]
    pipe.make(tasks, 8)
    assert pipe.start(tasks, "work", workers=asked).reaches(8) == [7] * 8


def test_no_more_tasks_run_at_a_time_than_there_are_workers(pipe: Pipe) -> None:
    running, most, lock = [], [0], threading.Lock()

    def work(value):
        with lock:
            running.append(value)
            most[0] = max(most[0], len(running))
        threading.Event().wait(0.01)
        with lock:
            running.remove(value)
        return value

    tasks = [number, {"method": work, "workers": 3}]
    pipe.make(tasks, 20)
    pipe.start(tasks, "work").reaches(20)
    assert most[0] == 3


def test_submit_runs_the_first_task_once_and_sends_its_output(pipe: Pipe) -> None:
    def add(left, right):
        return left + right

    client = pipe.client([add, show])
    client.submit((1, 2))
    client.submit(args=(3, 4))
    run = pipe.start([add, show], "show")
    assert sorted(run.reaches(2)) == [3, 7]


def test_submit_sends_with_a_priority(pipe: Pipe, plain_sqs: Plain) -> None:
    client = pipe.client([{"method": number, "priorities": 3}, show])
    client.submit(priority=2)
    assert plain_sqs.held(f"{pipe.domain}-number--p2.fifo") == (1, 0)


def test_what_submit_sends_twice_with_one_deduplication_id_arrives_once(pipe: Pipe, plain_sqs: Plain) -> None:
    client = pipe.client([number, show])
    for _ in range(2):
        client.submit(deduplication_id="order-17")
    client.submit()
    client.submit()
    assert len(plain_sqs.taken(f"{pipe.domain}-number.fifo")) == 3


def test_submit_raises_what_the_task_raises_and_sends_nothing(pipe: Pipe) -> None:
    def fail():
        raise ZeroDivisionError("no")

    with pytest.raises(ZeroDivisionError):
        pipe.client([fail, show]).submit()


def test_submit_leaves_none_and_empty_outputs_out_and_calls_callbacks(pipe: Pipe, plain_sqs: Plain) -> None:
    called: list[str] = []
    given = iter([None, EmptyTaskOutput(), TaskCallback("x", called.append, ("called",))])

    def make():
        return next(given)

    client = pipe.client([make, show])
    for _ in range(3):
        client.submit()
    assert called == ["called"]
    assert plain_sqs.taken(f"{pipe.domain}-make.fifo") == ["x"]


def test_submit_can_be_called_by_several_threads(pipe: Pipe) -> None:
    client = pipe.client([lambda_named(), show])
    threads = [threading.Thread(target=client.submit, args=((n,),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(pipe.start([lambda_named(), show], "show").reaches(8)) == list(range(8))


def lambda_named() -> dict[str, object]:
    return {"method": lambda value: value, "name": "same"}


def test_a_run_waits_for_a_task_before_it_that_has_not_begun(pipe: Pipe) -> None:
    tasks = [number, double]
    waiting = pipe.start(tasks, "double")
    pipe.make(tasks, 2)
    assert waiting.reaches(2) == [14, 14]


@pytest.mark.ministack("moto hands a message to two receivers at a time")
def test_two_runs_of_a_task_share_its_messages(pipe: Pipe) -> None:
    count = counter()
    both = threading.Barrier(2)

    def work(value):
        if value < 2:
            both.wait(60)
        return value

    tasks = [{"method": count, "name": "count"}, work]
    runs = [pipe.start(tasks, "work"), pipe.start(tasks, "work")]
    pipe.make(tasks, 30)
    until(lambda: sum(len(run.outputs) for run in runs) >= 30)
    assert sorted(runs[0].outputs + runs[1].outputs) == list(range(30))
    assert all(run.outputs for run in runs)


def test_one_client_can_run_all_its_tasks(pipe: Pipe) -> None:
    client = pipe.client([number, double, show])
    runs = [pipe.run(client, name) for name in ("double", "show")]
    client.run("number", times=4)
    assert runs[1].reaches(4) == [14] * 4
    client.stop()
    for run in runs:
        run.ends()


def test_bodies_are_never_logged(pipe: Pipe, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "sqs_pipes")

    def make():
        return "s3cret"

    def fail(value):
        raise ValueError("no")

    tasks = [make, fail]
    pipe.make(tasks, 1)
    run = pipe.start(tasks, "fail", {"on_error": "retry"})
    until(lambda: bool(caplog.records))
    run.stop()
    assert "s3cret" not in caplog.text


def test_a_run_that_is_not_asked_for_outputs_is_none(pipe: Pipe) -> None:
    """An iterator that nobody begins takes no message and leaves no thread."""
    pipe.make([number, show], 1)
    before = threads()
    pipe.client([number, show]).run("show", iterate=True)
    assert threads() <= before
    assert pipe.start([number, show], "show").reaches(1) == [7]


def test_the_middle_tasks_iterator_need_not_be_read_fast(pipe: Pipe, plain_sqs: Plain) -> None:
    tasks = [number, double, show]
    pipe.make(tasks, 3)
    client = pipe.client(tasks)
    outputs = client.run("double", iterate=True)
    assert next(outputs) == 14
    until(lambda: plain_sqs.held(f"{pipe.domain}-number.fifo"), (0, 0))
    assert plain_sqs.held(f"{pipe.domain}-double.fifo") == (3, 0)
    client.stop()
    assert list(outputs) == [14, 14]


def test_region_key_and_secret_are_those_given(domain: str, plain_sqs: Plain) -> None:
    other = TaskClient(domain, "key", "secret", "eu-central-1")
    other.register_tasks([number, show])
    other.submit()
    assert plain_sqs.queues(domain) == []
    assert len(other.queues) >= 1
    other.delete()
