"""14 SQS: the second hello that vanishes: a producer that gives each send an id of its own, and each retry the same."""

import time

from checks import expect
from checks.exercise import step
from checks.lab import Lab
from checks.mistake import Mistake
from checks.script import Script
from checks.sqs_bench import Request

SQS = True
FILE = "producer.py"
READ = "sqs_pipes/README.md, chapter 9"
QUEUE = "greetings.fifo"

SILENT_SECONDS = 5

OWN_ID = "MessageDeduplicationId=str(uuid.uuid4()), made once for each argument"


@step(seconds=60)
def each_argument_arrives(lab: Lab) -> None:
    """Each argument arrives once and in order, also the same word again, also from the next run."""
    word, other = lab.words(2)
    words = [word] * 4 + [other, word]
    _sent(lab, words)
    arrived = lab.sqs.taken(QUEUE)
    _one_group(lab)
    if arrived != words:
        raise _not_arrived(lab, words, arrived)
    _sent(lab, [word])
    again = lab.sqs.taken(QUEUE)
    if again != [word]:
        raise Mistake(
            "The second run's message vanished: it had the deduplication id of the first run's.",
            seen=f"of the second run arrived: {expect.shown(again)}; ids of both: {expect.shown(_ids(lab), 7)}",
            expected=OWN_ID,
            why="SQS remembers an id for five minutes, whoever sends it. A number that begins at 0 in each run is old.",
        )


@step(each_argument_arrives, seconds=60)
def a_retry_arrives_once(lab: Lab) -> None:
    """A send whose answer was lost is sent again, and arrives once."""
    words = lab.words(3)
    faults = [["lose"], ["lose", "lose"], ["drop", "drop"]]
    lab.sqs.create(QUEUE, ContentBasedDeduplication="true")
    lab.sqs.fault = lambda request: _fault(lab, request, dict(zip(words, faults, strict=True)))
    script = lab.start(*words, more={"AWS_MAX_ATTEMPTS": "2"})
    lab.story.append(f"lost SQS's first answer for {words[0]!r}, the first two for {words[1]!r}")
    lab.until(lambda: script.ended, 25)
    arrived = lab.sqs.taken(QUEUE)
    twice = [word for word in words if arrived.count(word) > 1]
    if twice:
        raise Mistake(
            "A message arrived twice: its retry had another deduplication id.",
            seen=f"the answer for {twice[0]!r} was lost, and it was sent again; arrived: {expect.shown(arrived)}; "
            f"ids: {expect.shown(_ids(lab))}",
            expected="one id for each message, made before the first attempt and kept for the next ones",
            why="Without an answer nobody knows whether the message was stored. Only the same id makes a retry safe.",
        )
    _not_given_up(lab, script, words, arrived)


def _not_given_up(lab: Lab, script: Script, words: list[str], arrived: list[str]) -> None:
    """It may end with an error when SQS is silent twice, but not go on as if nothing were wrong."""
    if not script.ended:
        expect.ends(lab, script, 0)
    if len(_texts_sent(lab)) < 2:
        expect.reaches_sqs(lab, script)
        raise Mistake(
            "A send whose answer was lost was not tried again.",
            seen=f"it sent {expect.shown(_bodies(lab))}, and ended: {expect.shown(script.errors, 1)}",
            expected="a second attempt with the same id",
            why="A lost answer is usual in a network. boto3 repeats such a request by itself, if you let it.",
        )
    if script.status == 0 and arrived != words:
        raise Mistake(
            "A send that failed was passed over in silence.",
            seen=f"it ended without an error; arrived: {expect.shown(arrived)}; it tried: {expect.shown(_bodies(lab))}",
            expected=f"{expect.shown(words)}, or an error",
            why="Whoever started the producer believes that all was sent.",
        )


def _sent(lab: Lab, words: list[str]) -> Script:
    lab.sqs.create(QUEUE, ContentBasedDeduplication="true")
    before = len(lab.sqs.requests)
    script = lab.start(*words)
    expect.reaches_sqs(lab, script)
    lab.until(lambda: script.ended or _silent(lab, before), 20)
    sent = [text for one in lab.sqs.requests[before:] for text in _texts(one)]
    if not script.ended and 0 < len(sent) < len(words):
        raise Mistake(
            "The producer waits between its messages.",
            seen=f"{len(sent)} of {len(words)} were sent, then nothing for {SILENT_SECONDS} s",
            expected="all at once: an id of its own makes a message new at once",
            why="Waiting until SQS has forgotten the first id takes five minutes for each message.",
        )
    expect.ends(lab, script, 2)
    return script


def _silent(lab: Lab, before: int) -> bool:
    """Return whether requests came after the first `before` ones, and then none for long."""
    new = lab.sqs.requests[before:]
    return bool(new) and time.monotonic() - new[-1].at > SILENT_SECONDS


def _one_group(lab: Lab) -> None:
    groups = sorted({str(each.get("MessageGroupId")) for each in _sends(lab)})
    if len(groups) > 1:
        raise Mistake(
            "The messages are in different groups, so their order is lost.",
            seen=f"MessageGroupId: {expect.shown(groups, 3)}",
            expected="one group for all of them",
            why="SQS keeps the order within a group only. Between groups, the last message may be received first.",
            read="sqs_pipes/README.md, chapter 10",
        )


def _not_arrived(lab: Lab, words: list[str], arrived: list[str]) -> Mistake:
    sends = lab.sqs.of("SendMessage", "SendMessageBatch")
    others = {one.body["QueueUrl"].rsplit("/", 1)[-1] for one in sends} - {QUEUE}
    ids = _ids(lab)
    if others:
        headline = f"The messages were sent to another queue than {QUEUE}."
        why = (
            "A queue's name is an agreement between programs. And a standard queue, whose name has no .fifo, keeps no "
            "order and may deliver twice."
        )
    elif set(arrived) - set(words):
        headline = "The text of a message was changed."
        why = "The text is for those who receive it: nobody asked for another greeting. An id stands beside the text."
    elif len(_sends(lab)) < len(words):
        headline, why = "Not every argument was sent.", "The same word again is another message."
    elif sorted(arrived) == sorted(words):
        headline, why = "The messages are not in the order of the arguments.", "FIFO keeps the order of the sends."
    elif len(arrived) > len(words):
        headline, why = "A message arrived more than once.", "Each argument is one message."
    elif _shared(lab):
        headline = "Different messages had the same deduplication id."
        why = "SQS takes each one after the first for a repetition, confirms it and drops it, whatever its text is."
    else:
        headline = "The second hello vanished: SQS took it for a repetition of the first."
        why = (
            "For five minutes SQS drops what has the deduplication id of an earlier message, without an error. Without "
            "one of yours it is made from the text, so that the same text is the same message."
        )
    return Mistake(
        headline,
        seen=f"sent: {expect.shown(_bodies(lab))}; arrived: {expect.shown(arrived)}; ids: {expect.shown(ids)}",
        expected=f"{expect.shown(words)}; {OWN_ID}",
        why=why,
    )


def _entries(request: Request) -> list[dict[str, str]]:
    if request.action not in ("SendMessage", "SendMessageBatch"):
        return []
    return list(request.body.get("Entries", [request.body]))


def _sends(lab: Lab) -> list[dict[str, str]]:
    return [each for one in list(lab.sqs.requests) for each in _entries(one)]


def _texts(request: Request) -> list[str]:
    return [each["MessageBody"] for each in _entries(request)]


def _bodies(lab: Lab) -> list[str]:
    return [each["MessageBody"] for each in _sends(lab)]


def _ids(lab: Lab) -> list[str]:
    """Return the ids that were sent along, shortened as the messages show them."""
    return [each.get("MessageDeduplicationId", "(none)") for each in _sends(lab)]


def _shared(lab: Lab) -> bool:
    """Return whether two texts were sent with one id."""
    sends = (each for each in _sends(lab) if "MessageDeduplicationId" in each)
    told = {(each["MessageDeduplicationId"], each["MessageBody"]) for each in sends}
    return len({one for one, _ in told}) < len(told)


def _texts_sent(lab: Lab) -> set[str]:
    return set(_bodies(lab))


def _fault(lab: Lab, request: Request, faults: dict[str, list[str]]) -> str:
    """Return what shall happen to this attempt to send a word."""
    for word in _texts(request):
        earlier = sum(word in _texts(one) for one in list(lab.sqs.requests)) - 1
        if earlier < len(faults.get(word, [])):
            return faults[word][earlier]
    return ""
