"""12 Twice delivered, once done: a consumer that adds each payment once, however often it is delivered."""

import random
import sqlite3
import uuid
from contextlib import closing, suppress

import pika

from brokers.traffic import Delivery
from checks import expect
from checks.exercise import step
from checks.lab import Lab
from checks.mistake import Mistake
from checks.script import Script

FILE = "consumer.py"
READ = "README.md, chapter 10"
QUEUE = "payments"

ONE = "one transaction for both: with db: INSERT the message_id, UPDATE the balance; then the ack"


@step(seconds=60)
def each_payment_counts_once(lab: Lab) -> None:
    """A payment that is delivered twice counts once, and two payments of the same amount count both."""
    unit, marked, twin, first, second = random.randrange(2, 90), *(str(uuid.uuid4()) for _ in range(4))
    lab.declare(QUEUE)
    _pay(lab, unit, marked)
    method, _, _ = lab.channel.basic_get(QUEUE)
    assert method is not None
    lab.channel.basic_nack(method.delivery_tag)
    lab.story.append(f"took {unit} from the queue and gave it back, so that it is marked as redelivered")
    for amount, name in ((100 * unit, first), (10 * unit, twin), (10 * unit, twin), (100 * unit, second)):
        _pay(lab, amount, name)
    _settled(lab, *_started(lab), 5)
    counts = [_balance(lab) // unit // power % 10 for power in (1, 10, 100)]
    if counts != [1, 1, 2] or _balance(lab) != 211 * unit:
        raise _miscounted(lab, unit, counts)


@step(each_payment_counts_once, seconds=60)
def a_restarted_consumer_remembers(lab: Lab) -> None:
    """A consumer writes a payment before its ack, and the next one, after a kill in between, does not add it again."""
    amount = random.randrange(100, 999)
    lab.declare(QUEUE)
    script, connection = _started(lab)
    lab.tap.hold()
    with closing(_database(lab)) as db:
        db.execute("BEGIN")
        db.execute("SELECT balance FROM account").fetchall()  # until the rollback nobody else can commit
        _pay(lab, amount, str(uuid.uuid4()))
        lab.until(lambda: _of(lab, connection))
        lab.rest(0.4)
        early = [one for one in _of(lab, connection) if one.how == "ack"]
        db.rollback()
    if early:
        raise Mistake(
            "A payment was acknowledged before it was written.",
            seen="the ack came while the database could not yet be written",
            expected=ONE,
            why="If the consumer crashes in between, the broker has forgotten the payment already: it is lost.",
        )
    lab.until(lambda: _balance(lab) or script.ended)
    _added(lab, script, amount)
    lab.story.append("let no ack pass")
    lab.kill(script)
    lab.tap.cut()
    again, connection = _started(lab)
    _settled(lab, again, connection, 1)
    if _balance(lab) == 2 * amount:
        raise Mistake(
            "The restarted consumer had forgotten what was done.",
            seen=f"{amount} was added, the consumer killed before its ack came; delivered again, it was added again",
            expected="the message_ids are in the database, beside the balance",
            why="A crash is the usual reason why a message comes again. What is in the memory is lost in that crash.",
        )
    _added(lab, again, amount)


@step(a_restarted_consumer_remembers, seconds=60)
def both_are_written_or_none(lab: Lab) -> None:
    """A payment and its message_id are written together, or not at all."""
    amount = random.randrange(100, 999)
    lab.declare(QUEUE)
    for account in (False, True):
        if account:
            _break(lab, account)
        script, connection = _started(lab)
        if not account:  # its tables are there only now
            _break(lab, account)
            _pay(lab, amount, str(uuid.uuid4()))
        lab.until(lambda s=script, c=connection: s.ended or any(one.how for one in _of(lab, c)), 3)  # type: ignore[misc]
        if not _balance(lab) and any(one.how == "ack" for one in _of(lab, connection)):
            raise Mistake(
                "A payment was acknowledged although it could not be written.",
                seen=f"its writing failed, the balance is 0, and the ack came; printed: {expect.shown(script.output)}",
                expected="no ack, so that the broker delivers the payment again",
                why="An exception that is swallowed turns a full disk into a lost payment.",
            )
        lab.kill(script)
        _mend(lab)
    if not lab.until(lambda: lab.waiting(QUEUE), 3):
        raise _torn(lab, amount)
    _settled(lab, *_started(lab), 1)
    if _balance(lab) != amount:
        raise _torn(lab, amount)


# The script and its deliveries; the connections are counted, so that each run of it is told from the one before.


def _started(lab: Lab) -> tuple[Script, int]:
    """Start the script, wait until it consumes, and return it with the number of its first connection."""
    first = lab.tap.connections + 1
    script = lab.start(more={"ACCOUNT_FILE": str(lab.folder / "account.db")})
    lab.until(lambda: script.ended or any(one.connection >= first for one in lab.tap.methods("Basic.Consume")), 15)
    expect.consumes(lab, script, QUEUE)
    return script, first


def _of(lab: Lab, connection: int) -> list[Delivery]:
    return [one for one in lab.deliveries(QUEUE) if one.connection >= connection]


def _settled(lab: Lab, script: Script, connection: int, count: int) -> None:
    """Wait until so many deliveries were acknowledged, and the queue is empty."""

    def acked() -> list[Delivery]:
        return [one for one in _of(lab, connection) if one.how]

    expect.settles(lab, script, lambda: len(acked()) >= count or any(one.auto_ack for one in _of(lab, connection)), 6)
    found = _of(lab, connection)
    expect.no_auto_ack(found)
    if len(acked()) >= count:
        return
    expect.no_error(script)
    left = next((one for one in found if not one.how), None)
    earlier = [one for one in found if left and one.properties.message_id == left.properties.message_id]
    raise Mistake(
        "The second copy of a payment was not acknowledged." if len(earlier) > 1 else "A payment was not acknowledged.",
        seen=f"{len(found)} were delivered, {len(acked())} acknowledged; printed: {expect.shown(script.output)}",
        expected="one ack for each delivery, also where nothing is left to do",
        why="The broker keeps an unacknowledged message, and with a prefetch of 1 it sends no further one.",
        read="README.md, chapter 5",
    )


def _pay(lab: Lab, amount: int, name: str) -> None:
    properties = pika.BasicProperties(delivery_mode=2, message_id=name)  # type: ignore[no-untyped-call]
    lab.channel.basic_publish("", QUEUE, str(amount).encode(), properties, mandatory=True)
    lab.story.append(f"published to {QUEUE}: {amount}, with the message_id {name[:8]}...")


# The account, as exercises/account.py makes it.


def _database(lab: Lab) -> sqlite3.Connection:
    return sqlite3.connect(lab.folder / "account.db", timeout=10, isolation_level=None)


def _asked(lab: Lab, question: str) -> list[str]:
    """Return the first column of what is in the database, empty where there is no such table."""
    with closing(_database(lab)) as db, suppress(sqlite3.OperationalError):
        return [str(row[0]) for row in db.execute(question)]
    return []


def _balance(lab: Lab) -> int:
    return int((_asked(lab, "SELECT balance FROM account") or ["0"])[0])


def _break(lab: Lab, account: bool) -> None:
    """Make each writing fail from now on, of the account or of all other tables."""
    lab.story.append(f"from now on writing the {'balance' if account else 'message_id'} fails, as on a full disk")
    tables = _asked(lab, "SELECT name FROM sqlite_master WHERE type = 'table'")
    with closing(_database(lab)) as db:
        for table in tables:
            if (table == "account") == account:
                what = "UPDATE" if account else "INSERT"
                body = "BEGIN SELECT the_disk_is_full(); END"  # no such function: an OperationalError
                db.execute(f'CREATE TRIGGER "broken {table}" BEFORE {what} ON "{table}" {body}')


def _mend(lab: Lab) -> None:
    triggers = _asked(lab, "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'broken %'")
    with closing(_database(lab)) as db:
        for trigger in triggers:
            db.execute(f'DROP TRIGGER "{trigger}"')


# What is wrong.


def _added(lab: Lab, script: Script, amount: int) -> None:
    if _balance(lab) == amount:
        return
    expect.no_error(script)
    raise Mistake(
        "The payment was not added to the account.",
        seen=f"{amount} was paid, the balance in the database is {_balance(lab)}",
        expected=f"a balance of {amount}, written by a commit",
        why="Without a commit, what was written is gone when the program ends.",
    )


def _miscounted(lab: Lab, unit: int, counts: list[int]) -> Mistake:
    marked, twins, same = counts
    names = {one.properties.message_id for one in lab.deliveries(QUEUE)}
    remembered = _asked(lab, "SELECT message_id FROM done")
    if not _balance(lab):
        headline, why = "The payments were not added to the account.", "Without a commit nothing is written."
    elif not marked:
        headline = "A payment was skipped because it was marked as redelivered."
        why = (
            "redelivered says that it was delivered before, not that it was done: the consumer before may have crashed "
            "before its work. Skipped, it is lost."
        )
    elif twins > 1 and remembered and not names & set(remembered):
        headline = "What is remembered is not the message_id."
        why = (
            "A delivery tag counts the deliveries of one channel: the same message has another one each time, and "
            "another message the same one after a restart."
        )
    elif twins > 1:
        headline = "A payment that was delivered twice was added twice."
        why = "After a lost connection nobody knows whether the message arrived. So it is sent again, and comes twice."
    elif same == 1:
        headline = "Two payments of the same amount were taken for one."
        why = "The same text does not make it the same message. Two customers may pay the same amount."
    else:
        headline, why = "The balance is wrong.", "Each message_id counts once."
    return Mistake(
        headline,
        seen=f"the balance is {_balance(lab)}: {unit} was added {marked} times, {10 * unit} {twins} times, "
        f"{100 * unit} {same} times",
        expected=f"{211 * unit}: {unit} and {10 * unit} once, {100 * unit}, with two message_ids, twice",
        why=why,
    )


def _torn(lab: Lab, amount: int) -> Mistake:
    fate = "it is lost" if not _balance(lab) else "it was added twice"
    return Mistake(
        "A payment and its message_id were not written in one transaction.",
        seen=f"one of the two could not be written, the other one stayed; {amount} was paid, and {fate}: "
        f"the balance is {_balance(lab)}",
        expected=ONE,
        why="A crash between two transactions leaves one half: the payment without the mark, or the mark without the "
        "payment.",
    )
