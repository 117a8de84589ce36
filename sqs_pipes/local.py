"""An SQS on this machine for lessons: python -m sqs_pipes.local start [--port N] | status [DOMAIN] | stop"""

import argparse
import os
import sys
from collections.abc import Callable

from sqs_pipes import record
from sqs_pipes.emulator import Emulator, NoEmulator
from sqs_pipes.errors import PipesError
from sqs_pipes.sqs import Sqs

PORT = 4566
REGION = "us-west-2"
COUNTS = {"waiting": "ApproximateNumberOfMessages", "in flight": "ApproximateNumberOfMessagesNotVisible"}
SET = "export {}" if os.name != "nt" else "set {}"
"""How the usual shell sets an environment variable."""


def start(port: int) -> None:
    """Start the emulator unless it runs, and say how to use it. Blocks until it answers."""
    entry = record.read()
    if record.runs(entry):
        Emulator(entry).wait()
        print(f"SQS: {entry['endpoint']}, running already")
    else:
        entry = _launch(port)
        print(f"SQS: {entry['endpoint']}, an emulator (ministack) for this machine only")
    print(_advice(str(entry["endpoint"])))


def status(domain: str) -> None:
    """Print the queues, of all domains or one, with their messages."""
    sqs = Sqs(None, None, REGION)
    found = [(url.rsplit("/", 1)[-1], url) for url in sqs.urls(f"{domain}-" if domain else "")]
    if not found:
        print(f"{sqs.place}: there are no queues yet. Running a task makes its queues.")
        return
    wide = max(len("queue"), *(len(name) for name, _ in found))
    print("  ".join(["queue".ljust(wide), *COUNTS]))
    for name, url in sorted(found):
        counts = [sqs.attribute(url, count).rjust(len(head)) for head, count in COUNTS.items()]
        print("  ".join([name.ljust(wide), *counts]))


def stop() -> None:
    """End the emulator that start started, and nothing else."""
    entry = record.read()
    if record.runs(entry):
        Emulator(entry).end()
        print(f"Stopped: {entry['endpoint']}. Its queues and messages are gone.")
    else:
        print("Nothing to stop: no emulator that python -m sqs_pipes.local start started is running.")
    record.forget()


def _launch(port: int) -> dict[str, object]:
    """Start it and write it down at once, so that stop ends it also where this is killed meanwhile."""
    emulator = Emulator.launch(record.folder(), port)
    try:
        record.write(emulator.entry)
        emulator.wait()
    except BaseException:
        emulator.end()
        record.forget()
        raise
    return emulator.entry


def _advice(endpoint: str) -> str:
    """Return what a terminal needs so that a TaskClient without keys goes to the emulator."""
    if Sqs(None, None, REGION).place == endpoint:
        return "The lessons find it: nothing more has to be set."
    needed = SET.format(f"AWS_ENDPOINT_URL_SQS={endpoint}")
    return f"AWS credentials or another endpoint are set here. For the lessons, type in every terminal:\n  {needed}"


def _port(told: str) -> int:
    if not told.isdecimal() or not 0 < int(told) < 65536:
        raise argparse.ArgumentTypeError(f"{told!r} is no port: a number from 1 to 65535")
    return int(told)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sqs_pipes.local", description="An SQS on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    starting = commands.add_parser("start", help="start the emulator and wait until it answers")
    port = os.environ.get("GATEWAY_PORT") or str(PORT)
    starting.add_argument("--port", type=_port, default=port, metavar="N", help=f"default: GATEWAY_PORT, or {PORT}")
    showing = commands.add_parser("status", help="show the queues: messages that wait, messages in flight")
    showing.add_argument("domain", nargs="?", default="", metavar="DOMAIN", help="of this domain only")
    commands.add_parser("stop", help="end what start started; its queues and messages are gone")
    return parser.parse_args()


def main() -> int:
    """Run one command; return 0, or 2 after one line on standard error that says what failed."""
    told = _arguments()
    commands: dict[str, Callable[[], None]] = {
        "start": lambda: start(told.port),
        "status": lambda: status(told.domain),
        "stop": stop,
    }
    try:
        commands[told.command]()
    except (NoEmulator, PipesError) as reason:
        print(reason, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
