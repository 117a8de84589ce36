"""All pictures, each drawn from its log, with its title and its description in words."""

from pathlib import Path

from pictures.gantt import gantt
from pictures.lanes import Lanes
from pictures.log import read
from pictures.plot import plot

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
EVENTS = IMAGES / "events"

LESSONS = {
    "consumer1": (
        "consumer1.py never acknowledges",
        """consumer1.py starts. producer.py publishes Hello and world to my_queue. Each is delivered to consumer1.py,
        which prints it and does not acknowledge it. Both stay unacknowledged at the consumer: the broker says 0 ready,
        2 unacknowledged. Ctrl+C ends the consumer, and both messages go back to my_queue: 2 ready, 0 unacknowledged.
        consumer1.py starts again, gets both again, prints both again, and they are unacknowledged again.""",
    ),
    "consumer2": (
        "consumer2.py acknowledges what it has printed",
        """producer.py publishes Hello and world to my_queue and ends. consumer2.py starts and gets both; they are
        unacknowledged. It prints Hello and acknowledges it, prints world and acknowledges it. After each ack the broker
        forgets the message: 0 ready, 0 unacknowledged. Ctrl+C ends the consumer. Started again, it gets nothing.""",
    ),
    "consumer3": (
        "consumer3.py ends on the poison pill",
        """producer.py publishes Hello, world and HALT to my_queue and ends. consumer3.py starts and gets all three;
        they are unacknowledged. It prints and acknowledges Hello, then world. At HALT it prints Halting the consumer,
        acknowledges HALT too, prints Consumer has terminated, and ends. The broker says 0 ready, 0 unacknowledged.""",
    ),
}
FLOWS = (
    "Who worked on which word, when, with one Printer and with two",
    """A Gantt chart of two runs with eight words; time runs down. With one Printer, T1 works for 1 second on each word
    and is done after about 8 seconds. P1 works for 2 seconds on each, without a pause, and is done after 17 seconds.
    With two Printers, P1 and P2 take the words in turns, and the last is printed after about 10 seconds.""",
)
PRINTERS = (
    "Throughput of workflow2.py against the number of Printers",
    """A bar chart. One Printer prints about 0.5 words a second, two about 1. Three and four are no faster than two,
    since ToUpper brings only about 1 word a second: that is a dashed line at the height of these bars.""",
)


def drawn(events: Path = EVENTS) -> dict[str, str]:
    """Return the text of each SVG file by its name, drawn from the logs in the folder and from nothing else."""
    drawings = [Lanes(read(events / f"{name}.json"), *_lines(words)).draw() for name, words in LESSONS.items()]
    drawings.append(gantt(read(events / "workflow2.json"), *_lines(FLOWS)))
    drawings.append(plot(read(events / "printers.json"), *_lines(PRINTERS)))
    return {f"{drawing.name}.svg": drawing.svg() for drawing in drawings}


def _lines(words: tuple[str, str]) -> list[str]:
    return [" ".join(each.split()) for each in words]
