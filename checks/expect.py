"""What every script is expected to do: start, connect where it was told, print, acknowledge, end; else a Mistake.

Each function blocks until what it expects is there, or raises a Mistake that names what is wrong.
"""

import re
import time
from collections.abc import Callable, Sequence

from brokers.traffic import Delivery
from checks.lab import Lab
from checks.mistake import Mistake
from checks.script import Script

NOTHING = "(nothing)"

SOON = 0.5
"""In seconds: what was to happen "never" is waited for so long."""


def shown(lines: Sequence[str], most: int = 6) -> str:
    """Return lines of output for a message."""
    told = [line if len(line) <= 80 else line[:77] + "..." for line in lines[-most:]]
    return " | ".join(["..."] * (len(lines) > most) + told) if lines else NOTHING


def within_limits(script: Script) -> None:
    """Raise a Mistake if it was ended since it took too much."""
    if script.exceeded:
        raise Mistake(
            f"{script.name} was ended: {script.exceeded}.",
            seen=f"the last lines printed: {shown(script.output, 2)}",
            expected=f"at most {script.limits.processes} processes, {script.limits.memory >> 20} MB of memory, "
            f"{script.limits.output >> 20} MB of output",
            why="A program that grows without limit takes the machine from all others on it.",
        )


def no_error(script: Script) -> None:
    """Raise a Mistake if the script ended with an error, with the line that Python names."""
    within_limits(script)
    if not script.ended or script.status == 0:
        return
    script.read()
    errors = [line for line in script.errors if line.strip()]
    last = errors[-1].strip() if errors else f"exit status {script.status}, and not a word"
    place = re.findall(rf'{re.escape(script.name)}", line (\d+)', "\n".join(errors))
    where = f" ({script.name}, line {place[-1]})" if place else ""
    raise Mistake(
        f"{script.name} ended with an error.",
        seen=f"{last}{where}",
        expected="no error",
        why="Python's last line names the cause, and the lines above it the place. Mend the first error first.",
        read="README.md, Troubleshooting",
    )


def connects(lab: Lab, script: Script, seconds: float = 10) -> None:
    """Wait until the script has connected to the broker that it was told."""
    lab.until(lambda: lab.tap.connections or script.ended, seconds)
    if lab.tap.connections:
        return
    script.read()
    no_connection = Mistake(
        f"{script.name} did not connect to the broker that the environment names.",
        seen="it ended without opening a connection"
        if script.ended and not script.errors
        else "no connection came to the address in RABBITMQ_HOST and RABBITMQ_PORT" + _last_error(script),
        expected="one: rabbit.py and address.parameters() read these variables",
        why="A host in the code has to be changed by hand on every other machine. This check has a broker of its own, "
        "at another address, and so do your colleagues.",
        read="README.md, Another address",
    )
    if script.errors and not _about_connection(script):
        no_error(script)
    within_limits(script)
    raise no_connection


def reaches_sqs(lab: Lab, script: Script, seconds: float = 15) -> None:
    """Wait until the script has asked the SQS that it was told, with the key that it was given."""
    lab.until(lambda: lab.sqs.requests or script.ended, seconds)
    others = {one.account for one in lab.sqs.requests} - {lab.sqs.account}
    if lab.sqs.requests and not others:
        return
    script.read()
    within_limits(script)
    if not others and not any(word in line for line in script.errors[-3:] for word in ("onnect", "ndpoint", "HTTP")):
        no_error(script)
    raise Mistake(
        f"{script.name} has an access key of its own."
        if others
        else f"{script.name} did not ask the SQS that the environment names.",
        seen=f"a request with the key {others.pop()}"
        if others
        else "no request came to the address in AWS_ENDPOINT_URL_SQS" + _last_error(script),
        expected="boto3.client('sqs') without endpoint, region and keys: it reads them from the environment",
        why="An address in the code must be changed on every other machine, and a key in the code is known to "
        "all who read it.",
        read="sqs_pipes/README.md, Where SQS is",
    )


def ends(lab: Lab, script: Script, seconds: float = 10, after: str = "") -> None:
    """Wait until the script has ended by itself, without an error."""
    lab.until(lambda: script.ended, seconds)
    within_limits(script)
    if not script.ended:
        raise Mistake(
            f"{script.name} did not end{f' after {after}' if after else ''}.",
            seen=f"it still ran after {seconds:g} s; its last lines: {shown(script.output, 3)}",
            expected="an end by itself, with its connection closed",
            why="A program that never ends keeps its connection and its messages, and who waits for it waits for ever.",
        )
    no_error(script)
    script.read()


def keeps_running(lab: Lab, script: Script, seconds: float = SOON) -> None:
    """Raise a Mistake if the script ends within so many seconds."""
    lab.until(lambda: script.ended, seconds)
    if script.ended:
        no_error(script)
        raise Mistake(
            f"{script.name} ended although nobody asked it to.",
            seen=f"it ended {script_seconds(script):.1f} s after its start; it printed: {shown(script.output)}",
            expected="that it waits for further messages",
            why="A consumer that ends when the queue is empty leaves the next message to nobody. "
            "An empty queue is not the end of the work.",
        )


def stays(lab: Lab, script: Script, seconds: float = 0.8) -> None:
    """Raise a Mistake if the script ends, or takes leave of the broker and then ends, within so many seconds."""
    lab.until(lambda: script.ended or _leaves(lab), seconds)
    keeps_running(lab, script, 5 if _leaves(lab) else 0)


def script_seconds(script: Script) -> float:
    """Return how many seconds after its start the last line came."""
    return (script.lines[-1].at if script.lines else script.begun) - script.begun


def consumes(lab: Lab, script: Script, queue: str, seconds: float = 10) -> None:
    """Wait until the script consumes from the queue."""
    connects(lab, script, seconds)
    lab.until(lambda: _consumed(lab, queue) or script.ended, seconds)
    if not _consumed(lab, queue):
        no_error(script)
        others = sorted({each.method.queue for each in lab.tap.methods("Basic.Consume")})
        raise Mistake(
            f"{script.name} does not consume from the queue {queue}.",
            seen=f"it consumes from {', '.join(others)}" if others else "it consumes from no queue",
            expected=f"a consumer on {queue}",
            why="A queue's name is an agreement between programs. Who reads another queue gets nothing, in silence."
            if others
            else "register() only names the function to call. Nothing is delivered before start().",
        )


def prints(lab: Lab, script: Script, lines: Sequence[str], seconds: float = 10) -> None:
    """Wait until the script has printed these lines, among others and in any order."""
    lab.until(lambda: not _missing(script, lines) or script.ended, seconds)
    script.read()
    missing = _missing(script, lines)
    if missing:
        no_error(script)
        raise Mistake(
            f"{script.name} did not print {missing[0]!r}.",
            seen=f"its output: {shown(script.output)}",
            expected=f"its output to have: {' | '.join(lines)}",
            why="What it prints is the result that its user sees.",
        )


def settles(lab: Lab, script: Script, condition: Callable[[], object], quiet: float = 5) -> None:
    """Wait until the condition holds, the script has ended, or nothing has moved for `quiet` seconds: on the line,
    in the journal, in its output."""
    lab.until(lambda: condition() or script.ended or _moved(lab, script) < time.monotonic() - quiet, 20)


def closes(lab: Lab, script: Script) -> None:
    """Raise a Mistake if the script, which has ended, left a connection open."""
    opened = {each.connection for each in lab.tap.methods("Connection.Open")}
    if not lab.until(lambda: opened <= {each.connection for each in lab.tap.methods("Connection.Close")}, 2):
        raise Mistake(
            "The connection was not closed.",
            seen=f"{script.name} ended without a farewell to the broker",
            expected="mq.close() or connection.close() as the last step, or a with statement around all",
            why="The broker writes a warning for each lost connection, and cannot tell your end from a crash.",
        )


def no_auto_ack(deliveries: Sequence[Delivery]) -> None:
    """Raise a Mistake if messages were delivered with auto_ack."""
    for one in deliveries:
        if one.auto_ack:
            raise Mistake(
                "The consumer consumes with auto_ack=True.",
                seen=f"{one.message!r} was forgotten by the broker in the moment in which it was sent out",
                expected="basic_consume without auto_ack, and an ack for each message when its work is done",
                why="With auto_ack, a crashed consumer loses the message in hand, and all that wait in its memory.",
            )


def acknowledged(lab: Lab, script: Script, queue: str, messages: Sequence[str], seconds: float = 10) -> None:
    """Wait until each of these messages was delivered from the queue and acknowledged, not automatically."""
    lab.until(lambda: not _open_of(lab, queue, messages) or script.ended, seconds)
    found = lab.deliveries(queue)
    no_auto_ack(found)
    still = _open_of(lab, queue, messages)
    if not still:
        return
    no_error(script)
    one = next((d for d in found if d.message == still[0]), None)
    if one is None:
        seen = f"{still[0]!r} was never delivered to it"
    elif one.how in ("nack", "reject"):
        seen = f"{still[0]!r} was answered by {one.how}{', and went back to the queue' if one.requeued else ''}"
    else:
        seen = f"{still[0]!r} was delivered, and no ack came within {seconds:g} s"
    raise Mistake(
        f"The message {still[0]!r} was not acknowledged.",
        seen=seen,
        expected="one ack for each message, when its work is done",
        why="The broker keeps an unacknowledged message for its consumer. When that ends, it is delivered again: "
        "everything is done twice.",
        read="README.md, chapter 5",
    )


def acknowledged_after_work(lab: Lab, queue: str, messages: Sequence[str]) -> None:
    """Raise a Mistake if a message was acknowledged before exercises/work.py was done with it."""
    done = {noted.message: noted.at for noted in lab.journal() if noted.what == "done"}
    begun = {noted.message: noted.at for noted in lab.journal() if noted.what == "begin"}
    for one in lab.deliveries(queue):
        at = done.get(one.message, float("inf"))
        if one.message in messages and one.how == "ack" and one.settled is not None and one.settled < at:
            took = f"took {at - begun[one.message]:.1f} s" if one.message in done else "was never done"
            raise Mistake(
                "A message was acknowledged before its work was done.",
                seen=f"{one.message!r} was acknowledged {one.settled - one.at:.2f} s after it came; its work {took}",
                expected="first work(message), then the ack",
                why="If the consumer crashes in between, the broker has forgotten the message already: it is lost.",
                read="README.md, chapter 5",
            )


def worked(lab: Lab, script: Script, messages: Sequence[str], seconds: float = 15) -> None:
    """Wait until exercises/work.py has done the work of each of these messages, in any order."""
    lab.until(lambda: not _undone(lab, messages) or script.ended, seconds)
    undone = _undone(lab, messages)
    if undone:
        no_error(script)
        printed = undone[0] in script.output
        raise Mistake(
            f"The work on {undone[0]!r} was not done{', although it was printed' if printed else ''}.",
            seen=f"work({undone[0]!r}) never came to its end; the output: {shown(script.output)}",
            expected=f"work() called with each message: {' '.join(messages)}",
            why="Others rely on the work, not on the line that speaks of it.",
        )


def _undone(lab: Lab, messages: Sequence[str]) -> list[str]:
    done = {noted.message for noted in lab.journal() if noted.what == "done"}
    return [message for message in messages if message not in done]


def _open_of(lab: Lab, queue: str, messages: Sequence[str]) -> list[str]:
    acked = {one.message for one in lab.deliveries(queue) if one.how == "ack"}
    return [message for message in messages if message not in acked]


def _missing(script: Script, lines: Sequence[str]) -> list[str]:
    output = script.output
    return [line for line in lines if line not in output]


def _consumed(lab: Lab, queue: str) -> bool:
    return any(each.method.queue == queue for each in lab.tap.methods("Basic.Consume"))


def _leaves(lab: Lab) -> bool:
    return bool(lab.tap.methods("Basic.Cancel") or lab.tap.methods("Connection.Close"))


def _moved(lab: Lab, script: Script) -> float:
    """Return when something moved last, on time.monotonic's clock."""
    seen = [each.at for each in lab.tap.seen[-1:]]
    printed = [line.at for line in script.lines[-1:]]
    return max([script.begun, *seen, *printed, *(noted.at for noted in lab.journal()[-1:])])


def _about_connection(script: Script) -> bool:
    words = ("connection", "Connection", "AMQP", "gaierror", "login", "vhost", "host name")
    return any(word in line for line in script.errors[-3:] for word in words)


def _last_error(script: Script) -> str:
    errors = [line.strip() for line in script.errors if line.strip()]
    return f"; it said: {errors[-1][:160]}" if errors else ""
