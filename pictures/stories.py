"""The stories that the pictures tell: the commands of the chapters, on a broker, written down as logs."""

import re
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from brokers.broker import Broker
from pictures.log import Log, Run
from pictures.script import ROOT
from pictures.stage import Stage

WORDS = ["goodbye", "cruel", "world", "I", "am", "leaving", "you", "today"]
"""The eight words of chapter 8."""

MEASURED = 12
"""How many words are sent through each work flow whose throughput is measured."""

PRINTERS = (1, 2, 3, 4)


def consumer1(stage: Stage) -> None:
    """Play chapter 4: printed, never acknowledged, back on the queue after Ctrl+C, and all over again."""
    consumer = stage.python("consumer1.py")
    consumer.printed("Starting consumer.")
    stage.produce("Hello", "world")
    consumer.printed("Hello", "world")
    stage.status(0, 2, 1)
    consumer.interrupt()
    stage.status(2, 0, 0)
    stage.python("consumer1.py").printed("Hello", "world")
    stage.status(0, 2, 1)


def consumer2(stage: Stage) -> None:
    """Play chapter 5: acknowledged, so that nothing comes after Ctrl+C."""
    stage.produce("Hello", "world")
    consumer = stage.python("consumer2.py")
    consumer.printed("Hello", "world")
    stage.status(0, 0, 1)
    consumer.interrupt()
    stage.python("consumer2.py").printed("Starting consumer.")
    stage.status(0, 0, 1)


def consumer3(stage: Stage) -> None:
    """Play chapter 6: the poison pill comes last and ends the consumer."""
    stage.produce("Hello", "world", "HALT")
    stage.python("consumer3.py").wait()
    stage.status(0, 0, 0)


LESSONS: dict[str, Callable[[Stage], None]] = {each.__name__: each for each in (consumer1, consumer2, consumer3)}


def lesson(broker: Broker, name: str) -> Log:
    """Play one of LESSONS and return its log."""
    with Stage(broker) as stage:
        LESSONS[name](stage)
        return Log(name, stage.scripts[0].version(), [stage.run()])


def workflow2(broker: Broker) -> Log:
    """Send the words of chapter 8 through workflow2.py with one Printer, and as it stands, with two."""
    return _flows(broker, "workflow2", WORDS, (1, 2))


def printers(broker: Broker) -> Log:
    """Send more words through workflow2.py, for each number of Printers; the runs share the time, since they sleep."""
    return _flows(broker, "printers", [f"word{number}" for number in range(1, MEASURED + 1)], PRINTERS)


def _flows(broker: Broker, story: str, words: list[str], counts: tuple[int, ...]) -> Log:
    with ThreadPoolExecutor() as flows:
        found = list(flows.map(lambda count: _flow(broker, words, count), counts))
    return Log(story, found[0][0], [run for _, run in found])


def _flow(broker: Broker, words: list[str], count: int) -> tuple[str, Run]:
    """Return the version of RabbitMQ and the run of the words through workflow2.py with `count` Printers."""
    with Stage(broker) as stage, tempfile.TemporaryDirectory() as folder:
        Path(folder, "workflow2.py").write_text(with_printers(count), encoding="utf-8")
        stage.produce(*words)
        flow = stage.python("workflow2.py", folder=ROOT if count == 2 else Path(folder), pause=0)
        flow.printed(count=count + 1 + 2 * len(words))  # each stage starts, each word is printed by T1 and by a Printer
        stage.emptied()
        flow.interrupt()
        return flow.version(), stage.run(count)


def with_printers(count: int) -> str:
    """Return workflow2.py with `count` lines that launch a Printer, in the place of its two."""
    source = (ROOT / "workflow2.py").read_text(encoding="utf-8")
    lines = "".join(f'    launch(Printer, "P{number}"),\n' for number in range(1, count + 1))
    return re.sub(r'(    launch\(Printer, "P\d"\),\n)+', lines, source)
