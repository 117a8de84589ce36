"""The ledger against a small model of the broker: all it acknowledges was settled, and it names no tag that is not out.

The model is RabbitMQ's rule (collect_acks in rabbit_channel.erl): a tag that is not outstanding closes the channel, as
it does in a multiple acknowledgement, which settles all that is outstanding up to its tag.
"""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from pika import frame as pika_frame
from pika import spec

from lapinmq.ledger import Ledger

with_and_without_gathering = pytest.mark.parametrize("gather", [False, True], ids=["one by one", "gathered"])


class Model:
    """A channel of the broker: which tags are out, and what became of the others."""

    def __init__(self) -> None:
        self.out: set[int] = set()
        self.acked: set[int] = set()
        self.rejected: dict[int, bool] = {}
        self.frames = 0

    def take(self, told: bytes) -> None:
        """Do as told; fail where the broker would close the channel."""
        while told:
            size, found = pika_frame.decode_frame(told)
            assert isinstance(found, pika_frame.Method)
            assert found.channel_number == 5
            self._do(found.method)
            self.frames += 1
            told = told[size:]

    def _do(self, method: object) -> None:
        tag = method.delivery_tag
        assert tag in self.out, f"PRECONDITION_FAILED - unknown delivery tag {tag}"
        if isinstance(method, spec.Basic.Ack):
            settled = {each for each in self.out if each <= tag} if method.multiple else {tag}
            self.acked |= settled
            self.out -= settled
        else:
            assert isinstance(method, spec.Basic.Reject | spec.Basic.Nack)
            assert not getattr(method, "multiple", False)
            self.rejected[tag] = method.requeue
            self.out.remove(tag)


def ledger_of(gather: bool, count: int = 0) -> tuple[Ledger, Model]:
    ledger, model = Ledger(5, gather, lambda: None), Model()
    for tag in range(1, count + 1):
        ledger.deliver(tag)
        model.out.add(tag)
    return ledger, model


class Play:
    """Deliveries that are settled in random order, some of them told at once and some later."""

    def __init__(self, gather: bool, seed: int) -> None:
        self.chance = random.Random(seed)
        self.ledger, self.model = ledger_of(gather)
        self.acked: set[int] = set()
        self.rejected: dict[int, bool] = {}
        self.last = 0

    def deliver(self) -> None:
        for _ in range(self.chance.randrange(3)):
            self.last += 1
            self.ledger.deliver(self.last)
            self.model.out.add(self.last)

    def settle(self) -> None:
        mine = sorted(self.model.out - self.acked - set(self.rejected))
        if not mine:
            return
        tag = self.chance.choice(mine[: self.chance.choice([1, 4, 100])])
        self.ledger.begin(tag)
        assert self.ledger.claim(tag)
        if self.chance.random() < 0.75:
            self.ledger.ack(tag)
            self.acked.add(tag)
        else:
            self.rejected[tag] = self.chance.random() < 0.5
            self.ledger.reject(tag, self.rejected[tag])

    def tell(self) -> None:
        self.model.take(self.ledger.frames())
        assert (self.model.acked, self.model.rejected) == (self.acked, self.rejected)


@with_and_without_gathering
def test_in_any_order_all_that_is_settled_is_told_once_and_nothing_else_ever(gather: bool) -> None:
    for seed in range(300):
        play = Play(gather, seed)
        hasty = play.chance.random()  # how soon what is settled is told
        for _ in range(play.chance.randrange(1, 120)):
            play.deliver()
            play.settle()
            if play.chance.random() < hasty:
                play.tell()
        play.tell()
        assert play.ledger.frames() == b""
        assert play.ledger.busy == 0


@with_and_without_gathering
def test_a_message_that_is_given_back_unbegun_is_not_acknowledged_by_the_run_over_it(gather: bool) -> None:
    ledger, model = ledger_of(gather, 10)
    for tag in (1, 2, 3, 6, 8):
        assert ledger.begin(tag)
    ledger.pause()
    for tag in (3, 1, 2, 8, 6):
        assert ledger.claim(tag)
        ledger.ack(tag)
    model.take(ledger.frames())
    assert model.acked == {1, 2, 3, 6, 8}
    assert model.rejected == dict.fromkeys((4, 5, 7, 9, 10), True)


def test_a_gapless_run_is_acknowledged_with_one_frame() -> None:
    ledger, model = ledger_of(True, 1000)
    for tag in random.Random(1).sample(range(1, 1001), 1000):
        ledger.claim(tag)
        ledger.ack(tag)
    model.take(ledger.frames())
    assert (len(model.acked), model.frames) == (1000, 1)


def test_a_message_whose_task_works_on_holds_back_no_acknowledgement_of_those_after_it() -> None:
    ledger, model = ledger_of(True, 10)
    for tag in range(2, 11):
        ledger.claim(tag)
        ledger.ack(tag)
    model.take(ledger.frames())
    assert (model.out, len(model.acked)) == ({1}, 9)
    ledger.claim(1)
    ledger.ack(1)
    model.take(ledger.frames())
    assert (model.out, len(model.acked)) == (set(), 10)


@with_and_without_gathering
def test_of_many_threads_that_settle_a_delivery_one_may(gather: bool) -> None:
    ledger, model = ledger_of(gather, 500)
    together = threading.Barrier(8)

    def settle() -> int:
        together.wait(60)
        won = 0
        for tag in range(1, 501):
            if ledger.claim(tag):
                ledger.ack(tag)
                won += 1
        return won

    with ThreadPoolExecutor(8) as pool:
        assert sum(each.result(60) for each in [pool.submit(settle) for _ in range(8)]) == 500
    model.take(ledger.frames())
    assert (model.out, len(model.acked)) == (set(), 500)


def test_an_acknowledgement_is_told_to_who_sends_it() -> None:
    woken: list[int] = []
    ledger = Ledger(5, False, lambda: woken.append(1))
    ledger.deliver(1)
    ledger.claim(1)
    assert woken == []
    ledger.ack(1)
    assert woken == [1]


def test_after_a_stop_no_task_begins() -> None:
    ledger, _ = ledger_of(False, 2)
    ledger.pause()
    ledger.deliver(3)  # on its way when the consumer was cancelled
    assert [ledger.begin(tag) for tag in (1, 2, 3)] == [False] * 3
    assert not ledger.claim(2)


def test_a_delivery_that_waits_for_its_retry_may_be_begun_and_settled_once_more() -> None:
    ledger, model = ledger_of(True, 2)
    assert ledger.begin(1)
    assert ledger.claim(1)
    ledger.reopen(1)
    assert ledger.busy == 0
    assert ledger.begin(1)
    assert ledger.claim(1)
    assert not ledger.claim(1)
    ledger.ack(1)
    model.take(ledger.frames())
    assert (model.acked, model.out) == ({1}, {2})


@with_and_without_gathering
def test_on_a_closed_channel_nothing_is_settled(gather: bool) -> None:
    ledger, _ = ledger_of(gather, 3)
    ledger.begin(1)
    ledger.close()
    assert not ledger.claim(1)
    assert not ledger.begin(2)
    ledger.pause()
    assert (ledger.frames(), ledger.busy) == (b"", 0)


@with_and_without_gathering
def test_what_was_claimed_before_the_channel_closed_is_not_told_to_the_next_channel(gather: bool) -> None:
    """A message on its way to the retry queue, say: its tag is another message's there, or nobody's."""
    ledger, _ = ledger_of(gather, 3)
    assert ledger.claim(1)
    assert ledger.claim(2)
    ledger.ack(1)  # and not told yet
    ledger.close()
    ledger.ack(2)
    assert ledger.frames() == b""
