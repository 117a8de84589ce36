"""The suite's brokers: one for all tests, found in the README's order, and a vhost of it for each test; and its SQS.

With several processes (pytest-xdist) all of them use the one broker that tests/supervisor.py starts.
"""

import logging
import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple, NoReturn

import pika
import pytest
import supervisor
import tiers
from pika.adapters.blocking_connection import BlockingChannel
from sqs_emulator import KEYS, at
from sqs_plain import Plain
from sqs_proxy import Proxy
from sqs_runs import Pipe
from supervisor import Supervisor

import address
from brokers import finding, ports, queues
from brokers.broker import Broker
from brokers.container import Container
from brokers.management import Management
from brokers.node import Node
from brokers.unavailable import Unavailable
from chapters.terminal import Terminal
from endings import end_as_by_ctrl_c
from sqs_pipes.emulator import Emulator

logging.getLogger("pika").setLevel(logging.CRITICAL)  # its own account of each refused connection drowns a failure's

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("lapinmq", "sqs", "benchmarks", "exercises", "grade", "answers", "pictures")
"""Words in the names of test files that are no check of a student's folder; each is a marker, too."""

SHARED = {"together"}
"""Fixtures that take long to make, so that one process runs all tests that use them."""


BEGUN = time.monotonic()
SUPERVISOR = pytest.StashKey[Supervisor]()
NO_BROKER = pytest.StashKey[str]()
"""Why there is no RabbitMQ for this run."""
LEFT = pytest.StashKey[list[str]]()
"""The processes that tests left running."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return the number of processes for `-n auto`, which pyproject.toml asks for."""
    return 0 if config.getoption("--work").resolve() != ROOT else tiers.workers(config)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose what a student's folder, CI, a worker process and the process above the workers need."""
    if config.getoption("--work").resolve() != ROOT and config.option.markexpr == tiers.EVERYDAY:
        config.option.markexpr = tiers.EVERYTHING  # a check leaves nothing out
    if os.environ.get("CI") and config.option.durations is None:
        config.option.durations = 20
    if hasattr(config, "workerinput"):
        os.environ[ports.SHARE] = f"{tiers.worker() % 16}/16"  # so that no two processes choose the same one
        return
    os.environ.pop(supervisor.ADDRESS, None)  # of the run whose test runs this pytest
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling our modules anew in each of a thousand scripts is slow
    if config.option.numprocesses and not config.option.collectonly:
        folder = start_supervisor(config)
        config.option.basetemp = folder / "tests"
        os.environ |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))


def start_supervisor(config: pytest.Config) -> Path:
    """Start the process that owns what the tests share; return the folder that it removes at its end."""
    folder = Path(tempfile.mkdtemp(prefix="suite-"))
    config.stash[SUPERVISOR] = Supervisor(folder)
    return folder


def ask(config: pytest.Config, service: str) -> dict[str, Any]:
    """Return the entry of a service of the supervisor, which is started first where no process of this run has."""
    if supervisor.ADDRESS not in os.environ:
        start_supervisor(config)
    return supervisor.ask(service)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the supervisor. What was not run for want of a broker, and a process that was left running, is not green."""
    reason = session.config.stash.get(NO_BROKER, "")
    if hasattr(session.config, "workerinput"):
        session.config.workeroutput["no_broker"] = reason
    if reason and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = 2
    if session.config.stash.get(SUPERVISOR, None):
        session.config.stash[LEFT] = session.config.stash[SUPERVISOR].close()
        session.exitstatus = 1 if session.config.stash[LEFT] else session.exitstatus


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over from a worker why it had no broker."""
    node.config.stash[NO_BROKER] = getattr(node, "workeroutput", {}).get("no_broker") or node.config.stash.get(
        NO_BROKER, ""
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how to get a broker, what the tests left running, and how long the tier took."""
    terminalreporter.write(config.stash.get(NO_BROKER, ""))
    for line in config.stash.get(LEFT, []):
        terminalreporter.write_line(f"left running by a test, and killed: {line}", red=True)
    terminalreporter.write(tiers.report(config, BEGUN))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test of SQS on ministack and on moto, where it is not marked to be of ministack's only."""
    if "sqs" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("ministack")
        metafunc.parametrize("sqs", ["ministack"] if only else ["ministack", "moto"], indirect=True)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what uses a broker, and what is about a package or the benchmarks, no check of a student's folder."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        for name in SHARED & fixtures:
            item.add_marker(pytest.mark.xdist_group(name))
        if item.path.parent.name == "faults":  # one at a time: each loads the machine itself
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
        if item.path.parent.name == "faults" or "together" in fixtures:
            item.add_marker("slow")
        for name in PACKAGES:
            if name in item.path.name:
                item.add_marker(name)
        if {"broker", "vhost", "own"} & fixtures:
            item.add_marker("broker")
    if config.getoption("--work").resolve() != ROOT:
        ours = [item for item in items if any(item.get_closest_marker(name) for name in PACKAGES)]
        config.hook.pytest_deselected(items=ours)
        items[:] = [item for item in items if item not in ours]


class Held(NamedTuple):
    """The messages of a queue that wait, those that are out at its consumers, and its consumers."""

    ready: int
    unacknowledged: int | None
    consumers: int


@pytest.fixture(scope="session")
def work(pytestconfig: pytest.Config) -> Path:
    """The folder whose lessons are checked."""
    return Path(pytestconfig.getoption("--work")).resolve()


@pytest.fixture(scope="session")
def broker(pytestconfig: pytest.Config) -> Broker:
    """A RabbitMQ that answers, for the whole run."""
    end_as_by_ctrl_c()
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    try:
        with capture.global_and_fixture_disabled():  # a line says which broker it is
            found = shared_broker(pytestconfig)
    except (finding.NoBroker, supervisor.NotStarted) as reason:
        pytestconfig.stash[NO_BROKER] = f"{reason}\n"
        unavailable(reason)
    return found


def shared_broker(config: pytest.Config) -> Broker:
    """Return the broker that the environment names, which nobody here ends, else the supervisor's; raise NoBroker."""
    if address.elsewhere() or os.environ.get("RABBITMQ_FROM") == "environment":
        return finding.find(lambda line: print(f"\n{line}", flush=True))
    found = finding.again(ask(config, "broker"))
    if found is None:
        raise finding.NoBroker("the broker of this run has ended")
    return found


@pytest.fixture
def vhost(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A vhost of this test's own, to which the RABBITMQ_* variables lead, for this process and those it starts."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    Management(broker).create_vhost(name)
    for variable, value in broker.environment(name).items():
        monkeypatch.setenv(variable, value)
    yield name
    Management(broker).delete_vhost(name)


@pytest.fixture
def plain(broker: Broker, vhost: str) -> Iterator[BlockingChannel]:
    """A channel of plain pika, to see what the broker has and to do what others may do to a queue."""
    connection = pika.BlockingConnection(broker.parameters(vhost))
    yield connection.channel()
    connection.close()


def unavailable(reason: Exception) -> NoReturn:
    """Skip the test for want of a broker of its own; in CI fail it."""
    if os.environ.get("CI"):
        pytest.fail(str(reason), pytrace=False)
    pytest.skip(str(reason))


@pytest.fixture
def own(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    """A broker of this test's own, to be killed and run again: a container where the suite's is one, else a node."""
    kind = Container if isinstance(broker, Container) else Node
    try:
        found = kind.begin(*ports.free(2))
    except Unavailable as reason:
        unavailable(reason)
    try:
        found.wait()
        for variable, value in found.environment().items():
            monkeypatch.setenv(variable, value)
        yield found
    finally:
        found.end()


@pytest.fixture
def terminal(work: Path) -> Iterator[Callable[[], Terminal]]:
    """Open terminals in the work folder, with the environment as it is then; they are closed after the test."""
    opened: list[Terminal] = []

    def open_one(folder: Path = work) -> Terminal:
        opened.append(Terminal(folder, {**os.environ, "PYTHONPATH": str(ROOT)}))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def held(broker: Broker, vhost: str) -> Callable[[str], Held]:
    """Return what a queue of the test's vhost holds now."""

    def look(name: str) -> Held:
        found = next(queue for queue in queues.look(broker, vhost) if queue.name == name)
        return Held(found.ready, found.unacknowledged, found.consumers)

    return look


@pytest.fixture(scope="session")
def ministack(pytestconfig: pytest.Config) -> Emulator:
    """An SQS in a process of its own."""
    end_as_by_ctrl_c()
    return emulator(pytestconfig)


def emulator(config: pytest.Config) -> Emulator:
    """Return the SQS that this process shares with others of the run."""
    return Emulator(ask(config, f"sqs-{tiers.worker() // tiers.PER_EMULATOR}"))


@pytest.fixture
def sqs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of the SQS to which the AWS_* variables lead: ministack, or moto inside this process."""
    for variable in [name for name in os.environ if name.startswith(("AWS_", "BOTO_"))]:
        monkeypatch.delenv(variable)
    if request.param == "moto":
        from moto import mock_aws  # noqa: PLC0415 - a second of CPU, which only these tests are to pay

        for variable, value in KEYS.items():
            monkeypatch.setenv(variable, value)
        with mock_aws():
            yield request.param
    else:
        for variable, value in at(request.getfixturevalue("ministack").endpoint).items():
            monkeypatch.setenv(variable, value)
        yield request.param


@pytest.fixture
def plain_sqs(sqs: str) -> Plain:
    """Plain boto3, to see what the SQS has and to do what others may do to a queue."""
    return Plain()


@pytest.fixture
def domain(plain_sqs: Plain) -> Iterator[str]:
    """A domain of this test's own; queues whose names begin so are deleted afterwards."""
    name = f"t{uuid.uuid4().hex[:8]}"
    yield name
    plain_sqs.delete_all(name)


@pytest.fixture(scope="session")
def ending_runs() -> Iterator[list[Thread]]:
    """Runs that were stopped: one may take seconds for its end, for which the next test does not wait."""
    threads: list[Thread] = []
    yield threads
    for thread in threads:
        thread.join(15)
    assert not [thread.name for thread in threads if thread.is_alive()]


@pytest.fixture
def pipe(domain: str, sqs: str, ending_runs: list[Thread]) -> Iterator[Pipe]:
    """Tasks of the test's domain, whose runs are stopped afterwards."""
    made = Pipe(domain)
    yield made
    if sqs == "moto":  # which is gone with the test
        made.close()
    ending_runs += made.stop()


@pytest.fixture
def proxy(ministack: Emulator, domain: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy before ministack, to which the AWS_* variables lead now; plain boto3 goes past it."""
    made = Proxy(ministack.port)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", made.endpoint)
    yield made
    made.close()
