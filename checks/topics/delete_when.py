"""13 SQS: delete when?: a consumer that deletes each message when its work is done, not before, and only that one."""

from checks import expect
from checks.exercise import step
from checks.lab import Lab
from checks.mistake import Mistake
from checks.script import Script

SQS = True
FILE = "consumer.py"
READ = "sqs_pipes/README.md, chapter 3"
QUEUE = "jobs.fifo"

HANDLE = "sqs.delete_message(QueueUrl=..., ReceiptHandle=message['ReceiptHandle']), with the handle that came with it"


@step(seconds=60)
def each_message_is_deleted_after_its_work(lab: Lab) -> None:
    """Each message is deleted when its work is done."""
    words = lab.words(2)
    script = _started(lab, words)
    for count in range(1, len(words) + 1):
        _done(lab, script, words, count)
    _deleted_after_work(lab, words)


@step(each_message_is_deleted_after_its_work, seconds=60)
def what_a_killed_consumer_had_comes_again(lab: Lab) -> None:
    """The message in a killed consumer's hand comes again after the visibility timeout, and only that."""
    words = lab.words(3)
    script = _started(lab, words)
    lab.until(lambda: any(noted.message == words[1] for noted in lab.journal()))
    lab.kill(script)
    lab.sqs.time_out(QUEUE)
    lab.story.append("let the visibility timeout pass")
    again = lab.start()
    expect.worked(lab, again, words)
    begun = [noted.message for noted in lab.journal() if noted.what == "begin"]
    if begun != [words[0], words[1], words[1], words[2]]:
        raise Mistake(
            "After the kill, a message came again whose work was done.",
            seen=f"work was begun on: {' '.join(begun)}",
            expected=f"{words[0]} {words[1]} (killed) {words[1]} {words[2]}",
            why="What is deleted late is done twice. Delete each message when its own work is done, before the next.",
        )


@step(each_message_is_deleted_after_its_work, seconds=60)
def it_waits_for_more(lab: Lab) -> None:
    """An empty queue does not end it, and it waits there by long polling."""
    first, second = lab.words(2)
    script = _started(lab, [first])
    _done(lab, script, [first], 1)
    asked = len(lab.sqs.of("ReceiveMessage"))
    lab.until(lambda: script.ended or any(one.answered for one in lab.sqs.of("ReceiveMessage")[asked:]), 10)
    lab.until(lambda: script.ended or len(lab.sqs.of("ReceiveMessage")) > asked + 1, 10)
    expect.keeps_running(lab, script, 0.05)
    _polls_long(lab)
    lab.sqs.send(QUEUE, second)
    lab.story.append(f"sent to {QUEUE}: {second}")
    _done(lab, script, [second], 1)


def _started(lab: Lab, words: list[str]) -> Script:
    lab.sqs.create(QUEUE)
    lab.sqs.send(QUEUE, *words)
    lab.story.append(f"sent to {QUEUE}: {' '.join(words)}")
    script = lab.start()
    expect.reaches_sqs(lab, script)
    return script


def _done(lab: Lab, script: Script, words: list[str], count: int) -> None:
    """Wait until the first so many were worked on and deleted."""
    word = words[count - 1]
    expect.worked(lab, script, words[:count], 10)
    if lab.until(lambda: word in _deleted(lab) or _bad(lab), 5) and not _bad(lab):
        return
    if lab.sqs.of("PurgeQueue"):
        raise Mistake(
            "The whole queue was purged.",
            seen=f"PurgeQueue, after {word!r} was received",
            expected=HANDLE,
            why="Purging removes all messages, also those that nobody has worked on yet.",
        )
    for one in lab.sqs.of("ChangeMessageVisibility"):
        if one.body.get("VisibilityTimeout") == 0:
            raise Mistake(
                "The message was given back in place of being deleted.",
                seen=f"ChangeMessageVisibility to 0 for {lab.sqs.handles().get(one.body['ReceiptHandle'], word)!r}",
                expected=HANDLE,
                why="With a visibility timeout of 0 the message is received again at once: it is done over and over.",
            )
    if set(_tries(lab)) - {word}:
        raise Mistake(
            "A message was not deleted: the receipt handle was not the one that came with it.",
            seen=f"{word!r} is still there; deletes were asked for: {expect.shown(_tries(lab))}",
            expected=HANDLE,
            why="A receipt handle belongs to one receiving of one message. Another one deletes another, or nothing.",
        )
    expect.no_error(script)
    raise Mistake(
        "A message was never deleted.",
        seen=f"{word!r} was received and its work was done; no DeleteMessage came within 5 s",
        expected=HANDLE,
        why="SQS does not know that the work is done. After the visibility timeout it hands the message out again: "
        "everything is done twice.",
    )


def _bad(lab: Lab) -> bool:
    """Return whether something came that has to be named first."""
    return bool(lab.sqs.of("PurgeQueue")) or any(
        one.body.get("VisibilityTimeout") == 0 for one in lab.sqs.of("ChangeMessageVisibility")
    )


def _deleted(lab: Lab) -> list[str]:
    return [message for _, message in lab.sqs.deleted()]


def _tries(lab: Lab) -> list[str]:
    """Return for what a delete was asked, whether or not SQS did it."""
    asked, handles = lab.sqs.of("DeleteMessage", "DeleteMessageBatch"), lab.sqs.handles()
    entries = (each for one in asked for each in one.body.get("Entries", [one.body]))
    return [handles.get(each.get("ReceiptHandle", ""), "an unknown one") for each in entries]


def _deleted_after_work(lab: Lab, words: list[str]) -> None:
    done = {noted.message: noted.at for noted in lab.journal() if noted.what == "done"}
    for at, message in lab.sqs.deleted():
        if message in words and at < done[message]:
            raise Mistake(
                "A message was deleted before its work was done.",
                seen=f"{message!r} was deleted {done[message] - at:.1f} s before the end of its work",
                expected="first work(message), then the delete",
                why="If the consumer crashes in between, SQS has forgotten the message already: it is lost.",
            )


def _polls_long(lab: Lab) -> None:
    url = lab.sqs.url(QUEUE)
    attributes = lab.sqs.client.get_queue_attributes(QueueUrl=url, AttributeNames=["ReceiveMessageWaitTimeSeconds"])
    usual = attributes["Attributes"]["ReceiveMessageWaitTimeSeconds"]
    asked = lab.sqs.of("ReceiveMessage")
    short = [one for one in asked if int(one.body.get("WaitTimeSeconds", usual)) < 1]
    if short:
        raise Mistake(
            "The consumer asks again and again in place of waiting: short polling.",
            seen=f"{len(short)} of {len(asked)} receives were without WaitTimeSeconds",
            expected="WaitTimeSeconds=20: SQS answers as soon as there is a message, or empty after 20 s",
            why="Each receive is paid for, also the empty ones, and they keep the machine busy. Pauses between them "
            "only make messages wait.",
            read="sqs_pipes/README.md, chapter 11",
        )
