"""09 Dead letter: a message that can never succeed goes to a queue of its own, and holds up nobody."""

from typing import Any

from brokers.traffic import Delivery
from checks import expect
from checks.exercise import step
from checks.lab import Lab
from checks.mistake import Mistake
from checks.script import Script

FILE = "consumer.py"
READ = "README.md, chapter 10"
QUEUE, DEAD = "orders", "failed"
TRIES = 5
"""So often a message may be tried before it is given up."""


@step()
def what_fails_is_dead_lettered(lab: Lab) -> None:
    """Good orders are done and acknowledged; the bad one comes to the queue failed, and the broker noted why."""
    things = lab.words(4)
    bad = f"many {things[1]}"
    good = [f"{number} {thing}" for number, thing in enumerate(things, 2) if thing != things[1]]
    script = _started(lab)
    lab.publish(QUEUE, good[0], bad, *good[1:])
    lab.until(lambda: script.ended or _tries(lab, bad) > TRIES or (_settled(lab, bad) and _all_worked(lab, good)), 8)
    expect.no_auto_ack(lab.deliveries(QUEUE))
    _not_for_ever(lab, bad)
    _not_ended(lab, script, bad)
    expect.worked(lab, script, good[:1], 1)
    _given_up(lab, script, bad)
    expect.worked(lab, script, good, 3)
    _all_settled_well(lab, script, good)
    _on_the_dead_queue(lab, bad, good)
    expect.keeps_running(lab, script, 0.2)


@step(what_fails_is_dead_lettered)
def it_can_be_started_again(lab: Lab) -> None:
    """All is durable, and a second consumer declares the same; what is on failed stays."""
    thing, other = lab.words(2)
    first = _started(lab)
    lab.publish(QUEUE, f"no {thing}")
    lab.until(lambda: lab.waiting(DEAD), 5)
    lab.kill(first)
    for each in [*lab.tap.methods("Queue.Declare"), *lab.tap.methods("Exchange.Declare")]:
        if not each.method.durable and not each.method.passive:
            name = getattr(each.method, "queue", "") or each.method.exchange
            raise Mistake(
                f"{'The queue' if hasattr(each.method, 'queue') else 'The exchange'} {name} is not durable.",
                seen="it was declared with durable=False",
                expected="durable=True for both queues and the exchange",
                why="When the broker restarts, it is gone, and what fails from then on is dropped.",
            )
    again = _started(lab)
    lab.publish(QUEUE, f"2 {other}")
    expect.worked(lab, again, [f"2 {other}"], 5)
    left = lab.take(DEAD)
    if left != [f"no {thing}"]:
        raise Mistake(
            f"The message on {DEAD} is not there any more when the consumer was started again.",
            seen=f"on {DEAD}: {expect.shown(left)}",
            expected=f"'no {thing}', which failed in the first run",
            why="It waits for someone who looks at it. A program that removes it hides the fault.",
        )


def _started(lab: Lab) -> Script:
    before = len(lab.tap.methods("Basic.Consume"))
    script = lab.start()
    expect.connects(lab, script)
    lab.until(lambda: script.ended or len(lab.tap.methods("Basic.Consume")) > before)
    _declared_alike(lab)
    expect.no_error(script)
    expect.consumes(lab, script, QUEUE, 0.1)
    lab.until(lambda: lab.consumers(QUEUE), 3)
    return script


def _declared_alike(lab: Lab) -> None:
    for each in lab.tap.methods("Channel.Close", up=False):
        if "inequivalent arg" in each.method.reply_text:
            raise Mistake(
                "Something was declared a second time, with other arguments.",
                seen=str(each.method.reply_text)[:160],
                expected="the same arguments wherever it is declared (MessageQueue declares a queue without any)",
                why="A queue cannot be changed: the broker closes the channel of whoever asks for another one.",
                read="README.md, Troubleshooting, The queue exists with other arguments",
            )


def _not_for_ever(lab: Lab, bad: str) -> None:
    times = _tries(lab, bad)
    if times > TRIES:
        raise Mistake(
            "A message that can never succeed is given back to the queue again and again.",
            seen=f"{bad!r} was delivered {times} times by then, and given back each time",
            expected=f"reject or nack with requeue=False, at the latest after {TRIES} tries",
            why="It fails for ever, takes the machine's time, and those behind it wait.",
        )


def _not_ended(lab: Lab, script: Script, bad: str) -> None:
    if script.ended and _tries(lab, bad) and any("is no number" in line for line in script.errors):
        raise Mistake(
            "The exception of one message ended the consumer.",
            seen=f"process({bad!r}) raised ValueError, and the script ended; on {QUEUE} wait {lab.waiting(QUEUE)}",
            expected="that it catches the exception, gives this message up, and goes on with the next",
            why="The message goes back to its queue, and ends the next consumer too. One bad order stops the shop.",
        )
    closed = [str(each.method.reply_text) for each in lab.tap.methods("Channel.Close", up=False)]
    if script.ended and any("delivery tag" in reason for reason in closed):
        raise Mistake(
            "A message was answered twice.",
            seen="the broker closed the channel: PRECONDITION_FAILED, unknown delivery tag",
            expected="either the ack or the reject, once for each message",
            why="The channel is closed, and with it the consumer ends.",
            read="README.md, Troubleshooting, Acknowledged twice",
        )
    expect.no_error(script)


def _given_up(lab: Lab, script: Script, bad: str) -> None:
    """Raise a Mistake unless the bad message was rejected without requeue."""
    if not _tries(lab, bad):
        expect.acknowledged(lab, script, QUEUE, [bad], 1)
    last = _last(lab, bad)
    by_hand = next((one for one in lab.publications() if one.message == bad), None)
    if by_hand is not None:
        safe = by_hand.confirmed is not None and last.settled is not None and by_hand.confirmed < last.settled
        raise Mistake(
            "The failed message was published by hand, and not dead-lettered by the broker.",
            seen=f"the script published {bad!r} to {by_hand.exchange or by_hand.routing_key}; its input was settled "
            f"{'after' if safe else 'before'} the broker had confirmed that",
            expected=f"reject with requeue=False, and the argument x-dead-letter-exchange on the queue {QUEUE}",
            why="A crash between the two steps loses the message or doubles it, and no x-death tells whence it came.",
        )
    if last.how == "ack":
        raise Mistake(
            "A message was acknowledged although its work failed.",
            seen=f"process({bad!r}) raised ValueError, and the broker got an ack",
            expected="reject or nack, with requeue=False",
            why="An ack says that the work is done. The broker forgets the message, and nobody learns of the failure.",
        )
    if last.settled is None:
        raise Mistake(
            "A message whose work failed was never answered.",
            seen=f"{bad!r} was delivered, and neither acked nor rejected; done: {len(_worked(lab))} orders",
            expected="reject or nack, with requeue=False",
            why="It stays in this consumer's hand until that ends. With a prefetch limit nothing else comes.",
        )


def _all_settled_well(lab: Lab, script: Script, good: list[str]) -> None:
    lab.until(lambda: all(_settled(lab, one) for one in good), 3)
    for one in good:
        if _settled(lab, one) and _last(lab, one).how != "ack":
            raise Mistake(
                "A good order was given up, too.",
                seen=f"the work on {one!r} was done, and it was answered by {_last(lab, one).how}",
                expected="an ack when process() returned, reject only when it raised",
                why="What was done already is taken for a failure, and done again by whoever looks after the failures.",
            )
    expect.acknowledged(lab, script, QUEUE, good, 0.5)
    expect.acknowledged_after_work(lab, QUEUE, good)


def _on_the_dead_queue(lab: Lab, bad: str, good: list[str]) -> None:
    lab.until(lambda: lab.waiting(DEAD), 2)
    method, properties, body = lab.channel.basic_get(DEAD) if lab.exists(DEAD) else (None, None, b"")
    if method is None or properties is None or body != bad.encode():
        raise Mistake(
            f"The rejected message is not on the queue {DEAD}: it was dropped.",
            seen=f"{bad!r} was rejected; {_way(lab)}",
            expected=f"{QUEUE} declared with x-dead-letter-exchange, and {DEAD} bound to that exchange",
            why="A queue whose dead-letter exchange is missing, or leads nowhere, throws away what it gives up on.",
        )
    deaths = (properties.headers or {}).get("x-death") or [{}]
    if deaths[0].get("queue") != QUEUE:
        raise Mistake(
            f"What is on {DEAD} does not tell where it comes from.",
            seen=f"its header x-death: {deaths[0] or 'none'}",
            expected=f"x-death with queue = {QUEUE} and reason = rejected, as the broker writes it",
            why="Whoever looks at it later has to know which queue gave it up, why, and how often.",
        )
    lab.channel.basic_nack(method.delivery_tag)
    left = lab.take(DEAD)
    if left != [bad]:
        raise Mistake(
            f"Other messages than the failed one are on {DEAD}.",
            seen=f"on {DEAD}: {expect.shown(left)}",
            expected=f"{bad!r}, once",
            why="A dead-letter queue is for what failed. People look at each of them.",
        )


def _way(lab: Lab) -> str:
    """Return what the script declared for dead letters."""
    arguments: dict[str, Any] = {}
    for each in lab.tap.methods("Queue.Declare"):
        if each.method.queue == QUEUE:
            arguments = each.method.arguments or arguments
    exchange = arguments.get("x-dead-letter-exchange")
    if exchange is None:
        return f"{QUEUE} was declared with the arguments {arguments or '(none)'}"
    bound = [str(each.method.queue) for each in lab.tap.methods("Queue.Bind") if each.method.exchange == exchange]
    return f"the dead-letter exchange of {QUEUE} is {exchange!r}, and bound to that: {', '.join(bound) or 'nothing'}"


def _of(lab: Lab, message: str) -> list[Delivery]:
    return [one for one in lab.deliveries(QUEUE) if one.message == message]


def _tries(lab: Lab, message: str) -> int:
    return len(_of(lab, message))


def _last(lab: Lab, message: str) -> Delivery:
    return _of(lab, message)[-1]


def _settled(lab: Lab, message: str) -> bool:
    found = _of(lab, message)
    return bool(found) and found[-1].settled is not None and not found[-1].requeued


def _worked(lab: Lab) -> set[str]:
    return {noted.message for noted in lab.journal() if noted.what == "done"}


def _all_worked(lab: Lab, messages: list[str]) -> bool:
    return set(messages) <= _worked(lab)
