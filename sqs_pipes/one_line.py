"""How a lesson ends on an error of SQS: with its one line, without a traceback. Importing it sets that up.

A WrongTask, WrongOutput or WrongMessage keeps its traceback: it leads to the line that is to be corrected.
"""

import sys
import threading
from types import TracebackType

from sqs_pipes.errors import PipesError


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if _is_told(error):
        print(error, file=sys.stderr, flush=True)
    else:
        sys.__excepthook__(kind, error, trace)


def _uncaught_in_thread(raised: threading.ExceptHookArgs) -> None:
    if _is_told(raised.exc_value):
        print(raised.exc_value, file=sys.stderr, flush=True)
    else:
        threading.__excepthook__(raised)


def _is_told(error: BaseException | None) -> bool:
    return isinstance(error, PipesError) and not isinstance(error, ValueError)


sys.excepthook = _uncaught
threading.excepthook = _uncaught_in_thread
