"""Exactly one output for one input: sent before the input is deleted, known by its id, hidden while a task works."""

import json
import threading
from collections import Counter

import pytest
from sqs_plain import Plain
from sqs_proxy import DOWN, Answer, Body, Proxy
from sqs_runs import TASKS, Pipe, counter, make, show, work
from waiting import until

from sqs_pipes import TaskCallback
from sqs_pipes.errors import PipesError, WrongOutput

pytestmark = pytest.mark.ministack("it goes through the proxy, or needs SQS's own memory")
LARGE = 1_048_576


@pytest.fixture
def queue(pipe: Pipe, plain_sqs: Plain) -> str:
    """The name of the queue before `work`, made by a run and empty."""
    pipe.make(TASKS, 1)
    name = f"{pipe.domain}-make.fifo"
    assert plain_sqs.taken(name) == [1]
    return name


def done(plain: Plain, *queues: str) -> None:
    """Block until nothing waits on the queues, nor is in flight."""
    until(lambda: {plain.held(queue) for queue in queues}, {(0, 0)})


def test_the_output_is_sent_before_the_input_is_deleted(pipe: Pipe, proxy: Proxy, plain_sqs: Plain, queue: str) -> None:
    sending = proxy.hold("SendMessageBatch", "SendMessage")
    plain_sqs.send(queue, "a")
    run = pipe.start(TASKS, "work")
    until(lambda: sending.waiting, 1)
    assert not proxy.of("DeleteMessageBatch", "DeleteMessage")
    assert plain_sqs.held(queue) == (0, 1)
    proxy.mend()
    assert run.reaches(1) == ["a"]
    done(plain_sqs, queue)


def test_the_last_tasks_input_is_deleted_when_the_next_output_is_asked_for(
    pipe: Pipe, plain_sqs: Plain, queue: str
) -> None:
    plain_sqs.send(queue, "a", group="g")
    client = pipe.client([make, show])
    outputs = client.run("show", iterate=True)
    assert next(outputs) == "a"
    assert plain_sqs.held(queue) == (0, 1)
    ended = threading.Thread(target=lambda: list(outputs), daemon=True)
    ended.start()
    done(plain_sqs, queue)
    client.stop()
    ended.join(60)
    assert not ended.is_alive()


@pytest.mark.parametrize("leave", ["break", "raise"])
def test_leaving_the_loop_over_the_last_task_gives_the_current_message_back(
    pipe: Pipe, plain_sqs: Plain, queue: str, leave: str
) -> None:
    plain_sqs.send(queue, *range(5))
    client = pipe.client([make, {"method": show, "workers": 2}])
    outputs = client.run("show", iterate=True)
    first = next(outputs)
    if leave == "break":
        outputs.close()
    else:
        with pytest.raises(LookupError):
            outputs.throw(LookupError("in the loop's body"))
    until(lambda: plain_sqs.held(queue), (5, 0))
    assert first in plain_sqs.taken(queue)


def test_a_redelivered_input_adds_no_second_output(pipe: Pipe, proxy: Proxy, plain_sqs: Plain, queue: str) -> None:
    """Its first worker sent the output and was lost before it deleted the input."""
    deleting = proxy.hold("DeleteMessageBatch", "DeleteMessage", drop=True)
    plain_sqs.send(queue, "a")
    first = pipe.start(TASKS, "work", {"visibility_seconds": 2})
    until(lambda: deleting.waiting, 1)
    assert plain_sqs.held(f"{pipe.domain}-work.fifo") == (1, 0)
    proxy.answer(DOWN, "ChangeMessageVisibilityBatch", "ChangeMessageVisibility")
    until(lambda: plain_sqs.held(queue) in [(1, 0), (0, 0)])  # it came back, or the first has even done it again
    proxy.mend()
    second = pipe.start(TASKS, "work")
    until(lambda: set(first.outputs + second.outputs), {"a"})
    done(plain_sqs, queue)
    assert plain_sqs.held(f"{pipe.domain}-work.fifo") == (1, 0)


def test_an_answer_that_was_lost_adds_no_second_output(pipe: Pipe, proxy: Proxy, plain_sqs: Plain, queue: str) -> None:
    proxy.lose("SendMessageBatch", "SendMessage", times=1)
    proxy.lose("DeleteMessageBatch", "DeleteMessage", times=1)
    plain_sqs.send(queue, *range(5))
    run = pipe.start(TASKS, "work")
    assert sorted(run.reaches(5)) == list(range(5))
    done(plain_sqs, queue)
    assert sorted(plain_sqs.taken(f"{pipe.domain}-work.fifo")) == list(range(5))


def test_the_first_tasks_output_is_sent_once_although_its_answer_was_lost(
    pipe: Pipe, proxy: Proxy, plain_sqs: Plain, queue: str
) -> None:
    proxy.lose("SendMessageBatch", "SendMessage", times=2)
    client = pipe.client([{"method": counter(), "name": "make"}, work, show])
    client.run("make", times=3)
    client.submit()
    assert sorted(plain_sqs.taken(queue)) == [0, 1, 2, 3]


@pytest.mark.slow
@pytest.mark.parametrize("status", ["500", "reset"])
def test_an_sqs_that_is_away_for_a_moment_is_waited_for(
    pipe: Pipe, proxy: Proxy, plain_sqs: Plain, queue: str, status: str
) -> None:
    plain_sqs.send(queue, *range(12))
    run = pipe.start(TASKS, "work")
    run.reaches(2)
    if status == "500":
        proxy.answer(DOWN, times=12)
    else:
        proxy.reset(times=12)
    plain_sqs.send(queue, *range(12, 24))
    assert sorted(run.reaches(24, seconds=30)) == list(range(24))
    done(plain_sqs, queue)
    assert sorted(plain_sqs.taken(f"{pipe.domain}-work.fifo")) == list(range(24))


def test_a_task_may_take_longer_than_the_visibility_timeout_and_is_done_once(
    pipe: Pipe, plain_sqs: Plain, queue: str
) -> None:
    began, enough = [], threading.Event()

    def work(value):
        began.append(value)
        enough.wait(60)
        return value

    tasks = [make, work, show]
    plain_sqs.send(queue, "a")
    settings = {"visibility_seconds": 2}
    runs = [pipe.start(tasks, "work", settings) for _ in range(2)]
    until(lambda: began, ["a"])
    threading.Timer(3.2, enough.set).start()
    until(enough.is_set)
    until(lambda: len(runs[0].outputs + runs[1].outputs), 1)
    done(plain_sqs, queue)
    assert began == ["a"]
    assert plain_sqs.held(f"{pipe.domain}-work.fifo") == (1, 0)


def test_a_message_that_waits_for_a_worker_is_kept_hidden_too(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    began, enough = [], threading.Event()

    def work(value):
        began.append(value)
        enough.wait(60)
        return value

    plain_sqs.send(queue, *range(10))
    tasks, settings = [make, work, show], {"visibility_seconds": 2}
    first = pipe.start(tasks, "work", settings)
    until(lambda: len(began), 1)
    threading.Timer(3.2, enough.set).start()
    until(enough.is_set)
    first.reaches(10)
    assert Counter(began) == Counter(range(10))


def test_the_last_tasks_output_is_kept_hidden_while_the_loops_body_works(
    pipe: Pipe, plain_sqs: Plain, queue: str
) -> None:
    plain_sqs.send(queue, "a")
    client = pipe.client([make, show], visibility_seconds=2)
    outputs = client.run("show", iterate=True)
    assert next(outputs) == "a"
    seen = plain_sqs.receive(queue, wait=3)
    assert seen == []
    outputs.close()


def test_a_worker_that_lost_its_message_does_not_delete_it_and_sends_nothing_twice(
    pipe: Pipe, proxy: Proxy, plain_sqs: Plain, queue: str
) -> None:
    """Its extensions failed, and another has the message now."""
    began, enough = [], threading.Event()

    def work(value):
        began.append(value)
        enough.wait(60)
        return value

    proxy.answer(DOWN, "ChangeMessageVisibilityBatch", "ChangeMessageVisibility")
    plain_sqs.send(queue, "a")
    run = pipe.start([make, work, show], "work", {"visibility_seconds": 2})
    until(lambda: began, ["a"])
    until(lambda: plain_sqs.held(queue)[0], 1)
    (stolen,) = plain_sqs.receive(queue, hidden=30)
    proxy.mend()
    enough.set()
    run.stop()
    assert plain_sqs.held(queue)[1] == 1
    assert plain_sqs.held(f"{pipe.domain}-work.fifo") == (0, 0)  # what sends it is its next receiver
    plain_sqs.client.delete_message(QueueUrl=plain_sqs.url(queue), ReceiptHandle=stolen["ReceiptHandle"])


class Odd:
    """What JSON does not know."""


LOOP: list[object] = []
LOOP.append(LOOP)
BAD = {
    "an object": (Odd(), "Odd"), "a set": ({1, 2}, "set"), "bytes": (b"x", "bytes"), "a loop": (LOOP, "list"),
    "an object inside": ({"a": [Odd()]}, "Odd"), "a key that is no text": ({(1, 2): 3}, "dict"),
    "not a number": (float("nan"), "float"), "infinity": ([float("inf")], "list"),
}  # fmt: skip


@pytest.mark.parametrize(("value", "kind"), BAD.values(), ids=BAD)
def test_an_output_that_json_cannot_hold_names_task_and_type_and_keeps_the_message(
    pipe: Pipe, plain_sqs: Plain, queue: str, value: object, kind: str
) -> None:
    def work(given):
        return value

    plain_sqs.send(queue, "a")
    error = pipe.start([make, work, show], "work").failure()
    assert isinstance(error, WrongOutput)
    assert "task work" in str(error)
    assert kind in str(error)
    assert "\n" not in str(error)
    until(lambda: plain_sqs.held(queue), (1, 0))
    assert plain_sqs.held(f"{pipe.domain}-work.fifo") == (0, 0)


def test_the_first_tasks_wrong_output_names_it_too(pipe: Pipe) -> None:
    def first():
        return Odd()

    with pytest.raises(WrongOutput, match=r"task first.*Odd"):
        pipe.client([first, show]).run("first", times=1)
    with pytest.raises(WrongOutput, match=r"task first.*Odd"):
        pipe.client([first, show]).submit()


def test_the_last_task_may_yield_what_json_cannot_hold(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    thing = Odd()
    plain_sqs.send(queue, "a")
    assert pipe.start([make, {"method": lambda value: thing, "name": "last"}], "last").reaches(1) == [thing]


def test_an_output_that_is_too_large_names_task_and_size_and_keeps_the_message(
    pipe: Pipe, plain_sqs: Plain, queue: str
) -> None:
    def work(value):
        return "x" * LARGE

    plain_sqs.send(queue, "a")
    error = pipe.start([make, work, show], "work").failure()
    assert isinstance(error, WrongOutput)
    assert "task work" in str(error)
    assert "str" in str(error)
    assert str(LARGE) in str(error).replace(",", "").replace("_", "")
    assert "xxx" not in str(error)
    until(lambda: plain_sqs.held(queue), (1, 0))


def test_an_output_of_just_under_the_limit_arrives(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    def work(value):
        return "x" * (LARGE - 400)

    plain_sqs.send(queue, "a")
    pipe.start([make, work, show], "work").reaches(1)
    (arrived,) = pipe.start([make, work, show], "show").reaches(1)
    assert len(arrived) == LARGE - 400


def test_large_outputs_that_do_not_fit_one_request_go_in_several(
    pipe: Pipe, proxy: Proxy, plain_sqs: Plain, queue: str
) -> None:
    def work(value):
        return f"{value}{'x' * 300_000}"

    plain_sqs.send(queue, *range(10))
    run = pipe.start([make, {"method": work, "workers": 10}, show], "work", {"linger_seconds": 1})
    assert sorted(each[0] for each in run.reaches(10)) == list("0123456789")
    for request in proxy.of("SendMessageBatch"):
        assert sum(len(entry["MessageBody"]) for entry in request.body["Entries"]) <= LARGE
        assert request.status == 200


@pytest.mark.parametrize("bad", ["too large", "no JSON", "an error"])
def test_one_bad_output_does_not_fail_its_neighbours(pipe: Pipe, plain_sqs: Plain, queue: str, bad: str) -> None:
    def work(value):
        if value != 3:
            return value
        if bad == "an error":
            raise ValueError("not 3")
        return Odd() if bad == "no JSON" else "x" * LARGE

    plain_sqs.send(queue, *range(10))
    tasks = [make, {"method": work, "workers": 10}, show]
    run = pipe.start(tasks, "work", {"on_error": "retry", "linger_seconds": 0.5})
    assert sorted(run.reaches(9)) == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    until(lambda: sum(plain_sqs.held(queue)), 1)
    run.stop()
    assert sorted(plain_sqs.taken(f"{pipe.domain}-work.fifo")) == [0, 1, 2, 4, 5, 6, 7, 8, 9]


def test_entries_that_fail_in_a_batch_to_send_are_sent_one_by_one(
    pipe: Pipe, proxy: Proxy, plain_sqs: Plain, queue: str
) -> None:
    failed: set[int] = set()

    def at_first(entry: Body) -> bool:
        value = json.loads(entry["MessageBody"])["value"]
        return value in (3, 5) and value not in failed and not failed.add(value)

    proxy.fail_entries(at_first, "SendMessageBatch")
    plain_sqs.send(queue, *range(10))
    run = pipe.start([make, {"method": work, "workers": 10}, show], "work", {"linger_seconds": 1})
    assert sorted(run.reaches(10)) == list(range(10))
    done(plain_sqs, queue)
    assert sorted(plain_sqs.taken(f"{pipe.domain}-work.fifo")) == list(range(10))
    sent = [request.body["Entries"] for request in proxy.of("SendMessageBatch") if "-work" in request.body["QueueUrl"]]
    assert failed == {3, 5}
    assert [len(entries) for entries in sent] == [10, 1, 1]


def test_entries_that_fail_in_a_batch_to_delete_are_deleted_one_by_one(
    pipe: Pipe, proxy: Proxy, plain_sqs: Plain, queue: str
) -> None:
    proxy.fail_entries(lambda entry: entry["Id"] in ("1", "2"), "DeleteMessageBatch", times=1)
    plain_sqs.send(queue, *range(10))
    run = pipe.start([make, {"method": work, "workers": 10}, show], "work", {"linger_seconds": 1})
    assert sorted(run.reaches(10)) == list(range(10))
    done(plain_sqs, queue)
    run.stop()


def test_a_message_that_sqs_refuses_for_good_is_given_back_and_its_neighbours_arrive(
    pipe: Pipe, proxy: Proxy, plain_sqs: Plain, queue: str
) -> None:
    proxy.fail_entries(lambda entry: json.loads(entry["MessageBody"])["value"] == 3, "SendMessageBatch", "SendMessage")
    plain_sqs.send(queue, *range(10))
    run = pipe.start([make, {"method": work, "workers": 10}, show], "work", {"linger_seconds": 0.5})
    error = run.failure(20)
    assert isinstance(error, PipesError)
    assert "work" in str(error)
    until(lambda: plain_sqs.held(queue), (1, 0))
    assert sorted(plain_sqs.taken(f"{pipe.domain}-work.fifo")) == [0, 1, 2, 4, 5, 6, 7, 8, 9]


def test_outputs_wait_a_moment_for_others_and_go_in_one_request(
    pipe: Pipe, proxy: Proxy, plain_sqs: Plain, queue: str
) -> None:
    def work(value):
        threading.Event().wait(value / 30)
        return value

    plain_sqs.send(queue, *range(10))
    run = pipe.start([make, {"method": work, "workers": 10}, show], "work", {"linger_seconds": 2})
    run.reaches(10)
    done(plain_sqs, queue)
    sent = [request for request in proxy.of("SendMessageBatch") if "-work" in request.body["QueueUrl"]]
    assert [len(request.body["Entries"]) for request in sent] == [10]
    assert [len(request.body["Entries"]) for request in proxy.of("DeleteMessageBatch")] == [10]


def test_words_through_three_stages_take_065_requests_a_message(pipe: Pipe, proxy: Proxy, plain_sqs: Plain) -> None:
    words = 500
    tasks = [
        {"method": make, "workers": 8}, {"method": work, "workers": 16}, {"method": show, "workers": 8},
    ]  # fmt: skip
    runs = [pipe.start(tasks, "work"), pipe.start(tasks, "show")]
    until(lambda: len(proxy.of("ReceiveMessage")) >= 2)
    before = len(proxy.requests)
    pipe.client(tasks).run("make", times=words)
    for run in runs:
        run.reaches(words)
    done(plain_sqs, *(f"{pipe.domain}-{end}.fifo" for end in ("make", "work")))
    with proxy.lock:
        asked = [request.action for request in proxy.requests[before:]]
    moving = [action for action in asked if action not in ("GetQueueUrl", "CreateQueue", "GetQueueAttributes")]
    assert len(moving) / words <= 0.65, Counter(moving)


def test_fetching_runs_ahead_of_the_workers_by_one_batch_at_most(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    hold, began = threading.Event(), []

    def work(value):
        began.append(value)
        hold.wait(60)
        return value

    plain_sqs.send(queue, *range(60))
    tasks = [make, {"method": work, "workers": 3}, show]
    run = pipe.start(tasks, "work")
    until(lambda: len(began), 3)
    most = 0

    def looked() -> bool:
        nonlocal most
        most = max(most, plain_sqs.held(queue)[1])
        return most > 13

    with pytest.raises(AssertionError):  # it never is
        until(looked, seconds=1.5)
    assert most >= 3
    hold.set()
    run.reaches(60)


def test_two_runs_share_what_waits_when_tasks_take_long(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    """What one has fetched ahead is not there for the other's idle workers."""
    together = threading.Barrier(8)

    def work(value):
        together.wait(60)
        return value

    tasks = [make, {"method": work, "workers": 4}, show]
    runs = [pipe.start(tasks, "work") for _ in range(2)]
    plain_sqs.send(queue, *range(8))
    until(lambda: sum(len(run.outputs) for run in runs), 8)


def test_a_message_that_no_task_has_sent_is_an_error_that_names_the_queue(
    pipe: Pipe, plain_sqs: Plain, queue: str
) -> None:
    plain_sqs.client.send_message(
        QueueUrl=plain_sqs.url(queue), MessageBody="not JSON", MessageGroupId="g", MessageDeduplicationId="d"
    )
    error = pipe.start(TASKS, "work").failure()
    assert isinstance(error, PipesError)
    assert queue in str(error)
    assert "not JSON" not in str(error)
    until(lambda: plain_sqs.held(queue), (1, 0))


def test_what_the_original_has_sent_is_understood(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    body = json.dumps({"meta": {"priority": 0}, "value": ["banana", "aaa"]})
    plain_sqs.client.send_message(
        QueueUrl=plain_sqs.url(queue), MessageBody=body, MessageGroupId="-", MessageDeduplicationId="d"
    )
    assert pipe.start(TASKS, "work").reaches(1) == [["banana", "aaa"]]
    assert plain_sqs.taken(f"{pipe.domain}-work.fifo") == [["banana", "aaa"]]


def test_on_error_stop_raises_the_tasks_own_error_and_gives_all_messages_back(
    pipe: Pipe, plain_sqs: Plain, queue: str
) -> None:
    class Mine(Exception):
        pass

    def work(value):
        raise Mine(value)

    plain_sqs.send(queue, *range(20))
    client = pipe.client([make, {"method": work, "workers": 2}, show])
    with pytest.raises(Mine):
        client.run("work")
    assert plain_sqs.held(queue) == (20, 0)


def test_on_error_stop_lets_the_other_workers_finish(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    both = threading.Barrier(2)

    def work(value):
        both.wait(60)
        if value == "bad":
            raise ValueError(value)
        threading.Event().wait(0.3)
        return value

    plain_sqs.send(queue, "good", "bad")
    run = pipe.start([make, {"method": work, "workers": 2}, show], "work")
    assert str(run.failure()) == "bad"
    assert plain_sqs.held(queue) == (1, 0)
    assert plain_sqs.taken(f"{pipe.domain}-work.fifo") == ["good"]


def test_the_first_tasks_error_ends_its_run_and_what_it_made_before_is_sent(
    pipe: Pipe, plain_sqs: Plain, queue: str
) -> None:
    count = counter()

    def make():
        if (value := count()) == 3:
            raise ZeroDivisionError("no 3")
        return value

    with pytest.raises(ZeroDivisionError):
        pipe.client([make, work, show]).run("make")
    assert sorted(plain_sqs.taken(queue)) == [0, 1, 2]


def test_on_error_retry_tries_again_and_the_others_go_on(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    tried: list[int] = []

    def work(value):
        tried.append(value)
        if value == 0 and tried.count(0) < 3:
            raise ValueError("not yet")
        return value

    plain_sqs.send(queue, *range(5))
    run = pipe.start([make, work, show], "work", {"on_error": "retry"})
    assert sorted(run.reaches(5)) == [0, 1, 2, 3, 4]
    assert run.outputs[-1] == 0
    assert tried.count(0) == 3
    done(plain_sqs, queue)


def test_on_error_retry_hides_the_message_longer_each_time(
    pipe: Pipe, proxy: Proxy, plain_sqs: Plain, queue: str
) -> None:
    """The proxy notes for how long, and makes it nothing: 1, 2, 4 and 8 s, then it is soon a dead letter."""
    hidden: list[int] = []

    def at_once(body: Body) -> Body:
        entries = body.get("Entries") or [body]
        hidden.extend(entry["VisibilityTimeout"] for entry in entries)
        for entry in entries:
            entry["VisibilityTimeout"] = 0
        return body

    def work(value):
        raise ValueError("never")

    plain_sqs.send(queue, "a")
    tasks = [make, work, show]
    proxy.alter(at_once, "ChangeMessageVisibilityBatch", "ChangeMessageVisibility")
    run = pipe.start(tasks, "work", {"on_error": "retry"})
    until(lambda: plain_sqs.held(f"{pipe.domain}-make--dead.fifo"), (1, 0))
    run.stop()
    assert hidden[:4] == [1, 2, 4, 8]
    assert hidden[4] <= 1
    assert [letter.value for letter in pipe.client(tasks).dead_letters("work")] == ["a"]


def test_on_error_retry_says_which_task_failed_on_which_message_and_why(
    pipe: Pipe, plain_sqs: Plain, queue: str, caplog: pytest.LogCaptureFixture
) -> None:
    def work(value):
        raise ValueError("never")

    plain_sqs.send(queue, "a")
    run = pipe.start([make, work, show], "work", {"on_error": "retry"})
    until(lambda: "never" in caplog.text)
    run.stop()
    (record,) = [record for record in caplog.records if "ValueError" in record.getMessage() or record.exc_info]
    assert "work" in record.getMessage()


def test_on_error_retry_goes_on_after_an_error_of_the_first_task(pipe: Pipe) -> None:
    count = counter()

    def make():
        if (value := count()) == 1:
            raise ValueError("not 1")
        return value

    tasks = [{"method": make, "interval": 0.01}, show]
    run = pipe.start(tasks, "make", {"on_error": "retry"})
    assert run.reaches(3)[:3] == [0, 2, 3]


@pytest.mark.parametrize("on_error", ["stop", "retry"])
def test_a_task_that_raises_stop_iteration_does_not_end_the_loop_in_silence(
    pipe: Pipe, plain_sqs: Plain, queue: str, on_error: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As next() of an iterator that has no more does."""

    def work(value):
        return next(iter([]))

    plain_sqs.send(queue, "a")
    run = pipe.start([make, work, show], "work", {"on_error": on_error})
    if on_error == "stop":
        assert "StopIteration" in repr(run.failure())
        assert plain_sqs.held(queue) == (1, 0)
    else:
        until(lambda: "StopIteration" in caplog.text)
        assert not run.ended


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_a_task_that_exits_ends_the_run_and_keeps_its_message(
    pipe: Pipe, plain_sqs: Plain, queue: str, kind: type[BaseException]
) -> None:
    def work(value):
        raise kind

    plain_sqs.send(queue, "a")
    run = pipe.start([make, work, show], "work", {"on_error": "retry"})
    assert isinstance(run.failure(), kind)
    assert plain_sqs.held(queue) == (1, 0)


def test_a_callback_that_exits_ends_the_run_and_keeps_its_message(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    def leave():
        raise SystemExit

    def work(value):
        return TaskCallback(value, leave)

    plain_sqs.send(queue, "a")
    run = pipe.start([make, work, show], "work", {"on_error": "retry"})
    assert isinstance(run.failure(), SystemExit)
    assert plain_sqs.held(queue) == (1, 0)


def test_standard_queues_lose_nothing_either(pipe: Pipe, plain_sqs: Plain) -> None:
    tasks, settings = [{"method": counter(), "name": "make"}, {"method": work, "workers": 4}, show], {"fifo": False}
    runs = [pipe.start(tasks, task, settings) for task in ("work", "show")]
    pipe.client(tasks, fifo=False).run("make", times=40)
    assert sorted(runs[1].reaches(40)) == list(range(40))
    done(plain_sqs, f"{pipe.domain}-make", f"{pipe.domain}-work")


def test_messages_of_standard_queues_have_no_group_and_no_deduplication_id(pipe: Pipe, plain_sqs: Plain) -> None:
    pipe.client(TASKS, fifo=False).submit()
    (message,) = plain_sqs.receive(f"{pipe.domain}-make")
    assert not {"MessageGroupId", "MessageDeduplicationId"} & set(message["Attributes"])


def test_a_callback_that_takes_long_holds_no_message_too_long(pipe: Pipe, plain_sqs: Plain, queue: str) -> None:
    enough, called = threading.Event(), []

    def slow():
        called.append(1)
        enough.wait(60)

    def work(value):
        return TaskCallback(value, slow)

    plain_sqs.send(queue, "a")
    run = pipe.start([make, work, show], "work", {"visibility_seconds": 2})
    until(lambda: called, [1])
    threading.Timer(3.2, enough.set).start()
    until(enough.is_set)
    assert run.reaches(1) == ["a"]
    done(plain_sqs, queue)
    assert called == [1]


@pytest.mark.parametrize(
    "action", ["ReceiveMessage", "ChangeMessageVisibilityBatch", "SendMessageBatch", "DeleteMessageBatch"]
)
def test_what_nobody_has_thought_of_ends_the_run_instead_of_a_silent_halt(
    pipe: Pipe, proxy: Proxy, plain_sqs: Plain, queue: str, action: str
) -> None:
    """An answer of another shape, for example: whichever thread meets it, the run ends with the error."""
    plain_sqs.send(queue, *range(5))
    proxy.answer(Answer(200, {"Messages": [{"odd": 1}], "Failed": ["odd"]}), action)
    run = pipe.start([make, slow, show], "slow", {"visibility_seconds": 2})
    assert not isinstance(run.failure(15), AssertionError)


def slow(value):
    threading.Event().wait(1.1)
    return value


def test_a_message_of_somebody_elses_adds_no_second_output_either(
    pipe: Pipe, proxy: Proxy, plain_sqs: Plain, queue: str
) -> None:
    """It has no id of ours; that of SQS stays the same at each delivery, too."""
    plain_sqs.client.send_message(
        QueueUrl=plain_sqs.url(queue), MessageBody='{"value": "a"}', MessageGroupId="-", MessageDeduplicationId="d"
    )
    deleting = proxy.hold("DeleteMessageBatch", drop=True)
    proxy.answer(DOWN, "ChangeMessageVisibilityBatch")
    first = pipe.start(TASKS, "work", {"visibility_seconds": 2})
    until(lambda: deleting.waiting, 1)
    until(lambda: plain_sqs.held(queue) in [(1, 0), (0, 0)])  # it came back, or the first has even done it again
    proxy.mend()
    second = pipe.start(TASKS, "work")
    until(lambda: set(first.outputs + second.outputs), {"a"})
    done(plain_sqs, queue)
    assert plain_sqs.held(f"{pipe.domain}-work.fifo") == (1, 0)
