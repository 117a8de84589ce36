"""The work of the exercises, as given: it takes a while. Import it; the checks use this file, not a changed copy."""

import json
import os
import time

SECONDS = 0.4


def work(message):
    """Do the work that a message asks for: wait, then print it. The checks read in a journal when it was done."""
    _note('begin', message)
    time.sleep(SECONDS)
    print(message)
    _note('done', message)


def _note(what, message):
    journal = os.environ.get('CHECK_JOURNAL')
    if journal:
        with open(journal, 'a', encoding='utf-8') as lines:
            lines.write(json.dumps([time.monotonic(), what, message]) + '\n')
