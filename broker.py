"""A RabbitMQ for the tutorial: python broker.py start | status [--watch] | stop | reset [QUEUE ...] [--yes]"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from endings import BrokerError  # before pika: from here on Ctrl+C gives no traceback

# isort: split
from pika.exceptions import ProbableAccessDeniedError, ProbableAuthenticationError
from rich.console import Console
from rich.live import Live

import address
import errors
from brokers import finding, ports, queues, record
from brokers.broker import READY_SECONDS, Broker
from brokers.finding import NoBroker, find
from brokers.foreign import Foreign
from brokers.unavailable import Unavailable

NAME = os.environ.get("RABBITMQ_CONTAINER") or "rabbitmq-tutorial"
"""The container's name, and the name of the private node's folder below .broker/."""

SET = "set" if os.name == "nt" else "export"
"""How the usual shell sets an environment variable."""

RECORD = record.FOLDER / "broker.json"
"""What start started; stop ends that and nothing else."""


def start() -> None:
    """Start a broker, or find the one that runs, and print its addresses. Blocks until it answers."""
    broker = None if address.elsewhere() else _ours() or _answering()
    if broker:
        print(f"Broker: {broker.origin}, running already")
        _wait(broker)
    else:
        broker = _start()
    host = "localhost" if broker.host == "127.0.0.1" else broker.host
    print(f"AMQP address: amqp://{host}:{broker.port}")
    print(f"Management console: http://{host}:{broker.management_port}")
    print(f"Login: {broker.username}, password {'guest' if broker.password == 'guest' else '(as you set it)'}")


def status(watch: bool) -> None:
    """Print the queues as a table; with `watch` draw it anew twice a second until Ctrl+C."""
    if not watch:
        print(_table())
        return
    with Live(console=Console(highlight=False), auto_refresh=False) as live:
        while True:
            live.update(_table(), refresh=True)
            time.sleep(0.5)


def stop() -> None:
    """End the broker that start started. Its queues and messages are kept for the next start."""
    broker = _started()
    if broker is None:
        print("Nothing to stop: no broker that python broker.py start started is running.")
    else:
        with Console().status("Waiting for RabbitMQ to write its messages and end ..."):
            broker.end()
        print(f"Stopped: {broker.origin}. Its queues and messages are kept for the next start.")
    RECORD.unlink(missing_ok=True)


def reset(names: list[str], sure: bool) -> None:
    """Empty the queues, after asking unless `sure`."""
    wanted = names or list(queues.TUTORIAL)
    if not sure and not _agreed(f"Remove all waiting messages from {', '.join(wanted)}? [y/N] "):
        print("Nothing was removed.")
        return
    for line in queues.empty(Foreign(), wanted):
        print(line)


def _start() -> Broker:
    port, management_port = address.parameters().port, address.management_port()
    if not address.elsewhere():
        _insist_free(port, "RABBITMQ_PORT")
        _insist_free(management_port, "RABBITMQ_MANAGEMENT_PORT")
    broker = find(print, port, management_port, NAME if port == 5672 else f"{NAME}-{port}")
    try:
        _write(broker)
        _wait(broker)
    except BaseException:
        broker.kill()  # one that still boots would take its time to end
        broker.end()
        RECORD.unlink(missing_ok=True)
        raise
    return broker


def _wait(broker: Broker) -> None:
    with Console().status("Waiting for RabbitMQ to answer ...") as line:
        broker.wait(lambda s: line.update(f"Waiting for RabbitMQ to answer: {s} s of at most {READY_SECONDS} s ..."))


def _write(broker: Broker) -> None:
    entry = finding.entry(broker)
    if entry:
        record.write(RECORD, entry)


def _started() -> Broker | None:
    """Return the recorded broker if it still runs; raise Unavailable where that cannot be seen."""
    return finding.again(record.read(RECORD))


def _ours() -> Broker | None:
    """Return the recorded broker, which has to be where the lessons look for it."""
    with suppress(Unavailable):  # an engine that does not answer runs no container
        broker = _started()
        port = address.parameters().port
        if broker and broker.port != port:
            raise NoBroker(
                f"a broker started here runs already, on port {broker.port} and not on {port}; "
                f"{SET} RABBITMQ_PORT={broker.port}, or end it first: python broker.py stop"
            )
        return broker
    return None


def _answering() -> Broker | None:
    """Return the RabbitMQ that answers already where the lessons look for it, whoever started it."""
    broker = Foreign()
    broker.origin = f"not started here: {ports.holder(broker.port)}"
    refusal = broker.refusal()
    if isinstance(refusal, (ProbableAuthenticationError, ProbableAccessDeniedError)):
        raise refusal  # it is a RabbitMQ, but not for this login or vhost
    return None if refusal else broker


def _insist_free(port: int, variable: str) -> None:
    if ports.taken(port):
        raise NoBroker(
            f"port {port} of localhost is in use by {ports.holder(port)}, which is no RabbitMQ; "
            f"end that program, or take another port: {SET} {variable}={port + 1}, then python broker.py start"
        )


def _table() -> str:
    found = queues.look(Foreign())
    if not found:
        return "There are no queues yet. A MessageQueue declares its queue when it is opened."
    heads = ("ready", "unacknowledged", "consumers")
    wide = max(len("queue"), *(len(queue.name) for queue in found))
    lines = ["  ".join(["queue".ljust(wide), *heads])]
    for queue in found:
        counts = (queue.ready, "?" if queue.unacknowledged is None else queue.unacknowledged, queue.consumers)
        cells = [str(count).rjust(len(head)) for count, head in zip(counts, heads, strict=True)]
        lines.append("  ".join([queue.name.ljust(wide), *cells]))
    return "\n".join(lines)


def _agreed(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python broker.py", description="A RabbitMQ for the tutorial.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("start", help="start a broker and wait until it answers")
    table = commands.add_parser("status", help="show the queues: ready, unacknowledged, consumers")
    table.add_argument("--watch", action="store_true", help="draw the table anew until Ctrl+C")
    commands.add_parser("stop", help="end the broker that start started; its messages are kept")
    emptying = commands.add_parser("reset", help="empty the tutorial's queues, after asking")
    emptying.add_argument("names", nargs="*", metavar="QUEUE", help=f"default: {' '.join(queues.TUTORIAL)}")
    emptying.add_argument("--yes", action="store_true", help="do not ask")
    return parser.parse_args()


def main() -> None:
    """Run one command; every failure ends as one line on standard error."""
    told = _arguments()
    commands: dict[str, Callable[[], None]] = {
        "start": start,
        "status": lambda: status(told.watch),
        "stop": stop,
        "reset": lambda: reset(told.names, told.yes),
    }
    try:
        commands[told.command]()
    except NoBroker as reason:
        print(reason, file=sys.stderr)
        sys.exit(2)
    except Unavailable as reason:
        raise BrokerError(f"{reason}; its log may say why: {record.FOLDER}{os.sep}") from reason
    except errors.Explained.kinds as error:
        where = address.parameters()
        cause = errors.cause(error, "", where)
        cause = cause.replace(errors.SEE_HOLDER, f"the port is in use by {ports.holder(where.port)}")
        raise BrokerError(f"broker at {errors.place(where)}: {cause}") from error


if __name__ == "__main__":
    main()
