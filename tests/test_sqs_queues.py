"""A client's queues: their names and attributes, listing, purging and deleting exactly them, dead letters."""

import json

import pytest
from sqs_plain import Plain
from sqs_proxy import Body, Proxy, error
from sqs_runs import Pipe, counter, make, show, work
from waiting import until

from sqs_pipes import TaskClient
from sqs_pipes.errors import WrongTask


def fail(value):
    raise ValueError(f"cannot do {value}")


TASKS = [make, work, show]


def started(pipe: Pipe, tasks=TASKS, **options) -> TaskClient:
    """Return a client all of whose queues are there; it looks for dead letters, since a run would still be asking."""
    client = pipe.client(tasks, **options)
    for number in range(1, len(tasks)):
        client.dead_letters(number)
    return client


def test_the_queues_that_runs_make_are_named_as_sqspipes_names_them(pipe: Pipe, plain_sqs: Plain) -> None:
    tasks = [{"method": make, "priorities": 3}, work, show]
    client = pipe.client(tasks)
    client.run("make", times=1)
    assert f"{pipe.domain}-make--p2.fifo" in plain_sqs.queues(pipe.domain)
    for task in ("work", "show"):
        pipe.run(client, task).reaches(1)
    ends = ("make", "make--p1", "make--p2", "make--dead", "work", "work--dead")
    expected = {f"{pipe.domain}-{end}.fifo" for end in ends}
    assert set(plain_sqs.queues(pipe.domain)) == expected
    assert set(names(client)) == expected
    assert len(client.queues) == 6


def test_a_client_has_no_queues_before_it_ran(pipe: Pipe) -> None:
    assert pipe.client(TASKS).queues == []


def test_fifo_queues_have_the_attributes_of_high_throughput(pipe: Pipe, plain_sqs: Plain) -> None:
    started(pipe)
    for name in plain_sqs.queues(pipe.domain):
        attributes = plain_sqs.attributes(name)
        assert attributes["FifoQueue"] == "true"
        assert attributes["DeduplicationScope"] == "messageGroup"
        assert attributes["FifoThroughputLimit"] == "perMessageGroupId"


def test_each_queue_but_the_dead_ones_moves_a_message_after_5_receives(pipe: Pipe, plain_sqs: Plain) -> None:
    started(pipe, [{"method": make, "priorities": 2}, work, show])
    for name in plain_sqs.queues(pipe.domain):
        policy = plain_sqs.attributes(name).get("RedrivePolicy")
        if "--dead" in name:
            assert policy is None
        else:
            stem = name.partition(".")[0].partition("--")[0]
            assert int(json.loads(policy)["maxReceiveCount"]) == 5
            assert json.loads(policy)["deadLetterTargetArn"].endswith(f":{stem}--dead.fifo")


def test_dead_letters_are_kept_as_long_as_sqs_can(pipe: Pipe, plain_sqs: Plain) -> None:
    started(pipe)
    assert plain_sqs.attributes(f"{pipe.domain}-make--dead.fifo")["MessageRetentionPeriod"] == "1209600"


def test_a_queue_that_exists_is_used_as_it_is(pipe: Pipe, plain_sqs: Plain) -> None:
    plain_sqs.make(f"{pipe.domain}-make.fifo", VisibilityTimeout="77")
    started(pipe)
    assert plain_sqs.attributes(f"{pipe.domain}-make.fifo")["VisibilityTimeout"] == "77"


@pytest.mark.ministack("it goes through the proxy")
def test_a_queue_that_another_makes_at_the_same_moment_is_used_as_it_is(
    pipe: Pipe, proxy: Proxy, plain_sqs: Plain
) -> None:
    """It was not there when it was asked for, and is there with other attributes when it is to be made."""
    plain_sqs.make(f"{pipe.domain}-make.fifo", VisibilityTimeout="77")
    missing = error(400, "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
    proxy.answer(missing, "GetQueueUrl", times=1)
    pipe.client(TASKS).submit()
    assert plain_sqs.taken(f"{pipe.domain}-make.fifo") == [1]


def test_standard_queues_have_the_same_names_without_fifo(pipe: Pipe, plain_sqs: Plain) -> None:
    client = started(pipe, [{"method": make, "priorities": 2}, work, show], fifo=False)
    ends = ("make", "make--p1", "work", "make--dead", "work--dead")
    assert set(plain_sqs.queues(pipe.domain)) == {f"{pipe.domain}-{end}" for end in ends} == set(names(client))
    assert "FifoQueue" not in plain_sqs.attributes(f"{pipe.domain}-make")


def test_fifo_and_standard_queues_of_one_domain_are_apart(pipe: Pipe, plain_sqs: Plain) -> None:
    fifo, standard = started(pipe), started(pipe, fifo=False)
    assert not set(names(fifo)) & set(names(standard))
    standard.delete()
    assert plain_sqs.queues(pipe.domain) == names(fifo)


def names(client: TaskClient) -> list[str]:
    """Return the names of the queues that a client has; `queues` are their URLs."""
    return sorted(url.rsplit("/", 1)[1] for url in client.queues)


NEIGHBOURS = ["{}2", "{}-make", "{}-work", "{}2-make"]
"""Domains whose queues begin as the domain's own do."""


@pytest.fixture
def shops(pipe: Pipe, plain_sqs: Plain) -> tuple[TaskClient, list[str]]:
    """Return a client, and the queues of others that begin as its queues do."""
    client = started(pipe)
    for pattern in NEIGHBOURS:
        started(pipe, domain=pattern.format(pipe.domain))
    for end in ("makeup.fifo", "make--p16.fifo", "made.fifo", "work--p.fifo", "other.fifo", "make-x.fifo"):
        plain_sqs.make(f"{pipe.domain}-{end}")
    own = names(client)
    return client, [name for name in plain_sqs.queues(pipe.domain) if name not in own]


def test_queues_are_exactly_this_clients(pipe: Pipe, shops: tuple[TaskClient, list[str]]) -> None:
    ends = ("make", "work", "make--dead", "work--dead")
    assert names(shops[0]) == sorted(f"{pipe.domain}-{end}.fifo" for end in ends)


def test_delete_deletes_exactly_this_clients_queues(
    pipe: Pipe, shops: tuple[TaskClient, list[str]], plain_sqs: Plain
) -> None:
    client, others = shops
    assert len(others) == 6 + 4 * len(NEIGHBOURS)
    client.delete()
    assert client.queues == []
    assert plain_sqs.queues(pipe.domain) == others
    client.delete()


def test_purge_empties_exactly_this_clients_queues(
    pipe: Pipe, shops: tuple[TaskClient, list[str]], plain_sqs: Plain
) -> None:
    client, others = shops
    own = names(client)
    for name in [*own, *others]:
        plain_sqs.send(name, 1, 2)
    client.purge()
    assert {plain_sqs.held(name) for name in own} == {(0, 0)}
    assert {plain_sqs.held(name) for name in others} == {(2, 0)}
    assert names(client) == own


def test_a_client_without_queues_purges_and_deletes_nothing(pipe: Pipe, plain_sqs: Plain) -> None:
    plain_sqs.make(f"{pipe.domain}-other.fifo")
    client = pipe.client(TASKS)
    client.purge()
    client.delete()
    assert plain_sqs.queues(pipe.domain) == [f"{pipe.domain}-other.fifo"]


@pytest.mark.ministack("it goes through the proxy")
def test_queues_are_found_on_all_pages_of_the_list(pipe: Pipe, proxy: Proxy, plain_sqs: Plain) -> None:
    """SQS lists 1,000 names a page; the proxy makes that three, so that a short list has pages, too."""
    proxy.alter(small_pages, "ListQueues")
    client = started(pipe, [{"method": make, "priorities": 16}, work, show])
    for number in range(10):
        plain_sqs.make(f"{pipe.domain}-make-{number}.fifo")
    assert len(client.queues) == 16 + 1 + 1 + 1
    client.delete()
    assert len(plain_sqs.queues(pipe.domain)) == 10
    proxy.mend()


def small_pages(body: Body) -> Body:
    return {**body, "MaxResults": 3}


def give_up(plain: Plain, queue: str) -> None:
    """Receive a queue's messages so often that SQS puts them away at the next receive."""
    for _ in range(5):
        assert plain.receive(queue, hidden=0)
    assert plain.receive(queue, hidden=0) == []


def test_a_message_that_was_received_5_times_is_a_dead_letter_of_the_task_that_failed(
    pipe: Pipe, plain_sqs: Plain
) -> None:
    client = started(pipe)
    client.submit()
    give_up(plain_sqs, f"{pipe.domain}-make.fifo")
    (letter,) = client.dead_letters("work")
    assert (letter.value, letter.priority) == (1, 0)
    assert json.loads(letter.body)["value"] == 1
    assert client.dead_letters("show") == []
    assert client.dead_letters(1) == [letter] or client.dead_letters(1)[0].id == letter.id


def test_the_first_task_has_no_dead_letters(pipe: Pipe) -> None:
    with pytest.raises(WrongTask, match="make"):
        started(pipe).dead_letters("make")


@pytest.mark.ministack("a list of more than ten takes moto longer")
def test_all_dead_letters_are_listed_and_can_be_listed_again(pipe: Pipe, plain_sqs: Plain) -> None:
    client = started(pipe)
    plain_sqs.send(f"{pipe.domain}-make--dead.fifo", *range(25))
    for _ in range(2):
        assert sorted(letter.value for letter in client.dead_letters("work")) == list(range(25))
    assert plain_sqs.held(f"{pipe.domain}-make--dead.fifo") == (25, 0)


def test_dead_letters_that_are_put_back_are_worked_on(pipe: Pipe, plain_sqs: Plain) -> None:
    client = started(pipe)
    for _ in range(2):
        client.submit()
    give_up(plain_sqs, f"{pipe.domain}-make.fifo")
    assert client.put_back("work") == 2
    assert client.dead_letters("work") == []
    assert pipe.start(TASKS, "work").reaches(2) == [1, 1]
    assert client.put_back("work") == 0


def test_some_dead_letters_can_be_put_back(pipe: Pipe, plain_sqs: Plain) -> None:
    client = started(pipe)
    plain_sqs.send(f"{pipe.domain}-make--dead.fifo", *range(5))
    chosen = [letter.id for letter in client.dead_letters("work") if letter.value in (1, 3)]
    assert client.put_back("work", chosen) == 2
    assert sorted(plain_sqs.taken(f"{pipe.domain}-make.fifo")) == [1, 3]
    assert sorted(letter.value for letter in client.dead_letters("work")) == [0, 2, 4]


def test_an_id_that_no_dead_letter_has_is_not_put_back(pipe: Pipe, plain_sqs: Plain) -> None:
    client = started(pipe)
    plain_sqs.send(f"{pipe.domain}-make--dead.fifo", 1)
    assert client.put_back("work", ["no such id"]) == 0
    assert client.put_back("work", []) == 0
    assert plain_sqs.held(f"{pipe.domain}-make--dead.fifo") == (1, 0)


def test_a_dead_letter_goes_back_to_its_level(pipe: Pipe, plain_sqs: Plain) -> None:
    tasks = [{"method": make, "priorities": 3}, work, show]
    client = started(pipe, tasks)
    client.submit(priority=2)
    give_up(plain_sqs, f"{pipe.domain}-make--p2.fifo")
    assert [letter.priority for letter in client.dead_letters("work")] == [2]
    assert client.put_back("work") == 1
    assert plain_sqs.held(f"{pipe.domain}-make--p2.fifo") == (1, 0)


def test_a_dead_letter_can_be_put_back_again_and_again(pipe: Pipe, plain_sqs: Plain) -> None:
    """Also within five minutes: SQS must not take it for the message that was there before."""
    client = started(pipe)
    client.submit()
    for _ in range(3):
        give_up(plain_sqs, f"{pipe.domain}-make.fifo")
        assert client.put_back("work") == 1
        assert plain_sqs.held(f"{pipe.domain}-make.fifo") == (1, 0)
    assert pipe.start(TASKS, "work").reaches(1) == [1]


def test_a_dead_letter_whose_output_is_new_is_sent_on(pipe: Pipe, plain_sqs: Plain) -> None:
    """It was put back within five minutes of its first try, whose output was never sent."""
    client = started(pipe)
    until(lambda: plain_sqs.taken(f"{pipe.domain}-work.fifo") == [])
    client.submit()
    give_up(plain_sqs, f"{pipe.domain}-make.fifo")
    client.put_back("work")
    pipe.start(TASKS, "work").reaches(1)
    assert plain_sqs.taken(f"{pipe.domain}-work.fifo") == [1]


def test_dead_letters_of_an_unknown_task_are_an_error(pipe: Pipe) -> None:
    client = pipe.client(TASKS)
    with pytest.raises(WrongTask, match="wrok"):
        client.dead_letters("wrok")
    with pytest.raises(WrongTask, match="wrok"):
        client.put_back("wrok")


def test_a_task_that_always_fails_is_a_dead_letter_after_5_receives(pipe: Pipe, plain_sqs: Plain) -> None:
    """With on_error='stop' each run gives it back at once, so that five runs are five receives."""
    tasks = [{"method": counter(), "name": "make"}, fail]
    pipe.make(tasks, 1)
    for _ in range(5):
        assert "cannot do 0" in str(pipe.start(tasks, "fail").failure())
        until(lambda: plain_sqs.held(f"{pipe.domain}-make.fifo"), (1, 0))
    run = pipe.start(tasks, "fail")
    client = pipe.client(tasks)
    until(lambda: [letter.value for letter in client.dead_letters("fail")], [0])
    assert run.stop() == []
    assert plain_sqs.held(f"{pipe.domain}-make.fifo") == (0, 0)
