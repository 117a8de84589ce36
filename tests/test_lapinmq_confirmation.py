"""The future of an async send is a Future, whenever it is looked at."""

import threading
from concurrent.futures import Future, wait

import pytest

from lapinmq.confirmation import Confirmation
from lapinmq.errors import Nacked


def test_it_has_its_result_when_it_is_looked_at_after_the_answer() -> None:
    told = Confirmation()
    told.tell(None)
    assert isinstance(told, Future)
    assert told.done()
    assert told.result() is None


def test_it_has_its_result_when_it_is_looked_at_before_the_answer() -> None:
    told, heard = Confirmation(), []
    assert not told.done()
    told.add_done_callback(heard.append)
    told.tell(None)
    assert heard == [told]


def test_it_raises_what_the_broker_said() -> None:
    told = Confirmation()
    told.tell(Nacked("no"))
    with pytest.raises(Nacked, match="no"):
        told.result()


def test_it_cannot_be_cancelled_since_its_message_is_sent() -> None:
    told = Confirmation()
    assert not told.cancel()
    told.tell(None)
    assert told.result() is None


def test_who_looks_while_it_is_told_misses_nothing() -> None:
    pairs = [Confirmation() for _ in range(2000)]
    results: list[object] = []
    looking = threading.Thread(target=lambda: results.extend(each.result(60) for each in pairs))
    looking.start()
    for each in pairs:
        each.tell(None)
    looking.join(60)
    assert results == [None] * 2000
    assert wait(pairs, 1).not_done == set()


def test_it_has_no_other_attributes() -> None:
    with pytest.raises(AttributeError):
        _ = Confirmation().nothing
