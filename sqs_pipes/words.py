"""Words, their vowels, and how many: python -m sqs_pipes.words generate|reduce|count [WORKERS [TIMES]]"""

import random
import re
import string
import sys

import sqs_pipes.one_line  # an error of SQS is one line, without a traceback
from sqs_pipes.client import TaskClient

if not re.fullmatch(r"(generate( [1-9]\d*){0,2}|(reduce|count)( [1-9]\d*)?)", " ".join(sys.argv[1:])):
    sys.exit(__doc__)


def _generate(max_size):
    return "".join(random.choice(string.ascii_lowercase) for _ in range(random.randint(1, max_size)))


def _reduce(value, keep="vowels"):
    vowels = ["a", "e", "i", "o", "u"]

    result = [v for v in value if (v in vowels) == (keep == "vowels")]

    return value, "".join(result)


def _count(data):
    value, vowels = data

    return value, len(vowels)


client = TaskClient(domain="words")
client.register_tasks(
    [
        {"method": _generate, "workers": 32, "interval": 0.1},
        {"method": _reduce, "workers": 2},
        {"method": _count, "workers": 16},
    ]
)


def generate(workers=None, times=None):
    for res in client.run("_generate", args=(10,), iterate=True, workers=workers, times=times):
        print(res)


def reduce(workers=None):
    for res in client.run("_reduce", iterate=True, workers=workers):
        print("%s -> %s" % res)


def count(workers=None):
    for res in client.run("_count", iterate=True, workers=workers):
        print("%s -> %d" % res)


stage, *numbers = sys.argv[1:]
if len(numbers) == 2:
    random.seed(30)  # the same words each time, to compare with the chapter
{"generate": generate, "reduce": reduce, "count": count}[stage](*map(int, numbers))
