"""Put the time before each line that a script prints; Python imports this when it starts, since PYTHONPATH leads here.

The tap and whoever reads the pipe may be late, each in its own way. So a line has its time from the script itself, and
before it prints, a script pauses for PAUSE seconds: what it sent before has passed the tap by then.
"""

import builtins
import os
import time

_print = builtins.print
_pause = float(os.environ.get("PAUSE", "0"))


def _print_with_time(*words: object, **options: object) -> None:
    time.sleep(_pause)
    _print(f"{time.monotonic():.6f}", *words, **options)  # type: ignore[call-overload]


builtins.print = _print_with_time
