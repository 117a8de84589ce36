"""What is wrong with the way to SQS is said in one line within 10 s: queue, endpoint, cause; never a secret."""

import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import ROOT
from sqs_plain import Plain
from sqs_proxy import DOWN, NO_SUCH_KEY, Proxy, error
from sqs_runs import TASKS, Pipe
from waiting import Stopwatch, until

from sqs_pipes import TaskClient
from sqs_pipes.errors import NotAllowed, NotReached, PipesError, QueueGone

pytestmark = pytest.mark.ministack("it goes through the proxy, or to no SQS at all")

SECONDS = 10
KEY, SECRET = "AKIAEXAMPLEEXAMPLE", "s3cr3t-s3cr3t-s3cr3t"

USES: dict[str, Callable[[TaskClient], object]] = {
    "the first task": lambda client: client.run("make", times=1),
    "a later task": lambda client: client.run("work"),
    "an iterator": lambda client: list(client.run("show", iterate=True)),
    "submit": lambda client: client.submit(),
    "queues": lambda client: client.queues,
    "purge": lambda client: client.purge(),
    "delete": lambda client: client.delete(),
    "dead_letters": lambda client: client.dead_letters("work"),
    "put_back": lambda client: client.put_back("work"),
}
EACH_USE = pytest.mark.parametrize("use", USES.values(), ids=USES)


def raised_within(seconds: float, use: Callable[[], object], kind: type[PipesError]) -> str:
    """Return the text of what the use raises, once it is seen to be one line and soon enough."""
    watch = Stopwatch()
    with pytest.raises(kind) as raised:
        use()
    assert watch.seconds() < seconds
    text = str(raised.value)
    assert "\n" not in text
    assert SECRET not in text
    return text


def client_of(domain: str) -> TaskClient:
    client = TaskClient(domain, KEY, SECRET)
    client.register_tasks(TASKS)
    return client


@EACH_USE
def test_bad_credentials_are_named(proxy: Proxy, domain: str, use: Callable[[TaskClient], object]) -> None:
    proxy.answer(NO_SUCH_KEY)
    text = raised_within(SECONDS, lambda: use(client_of(domain)), NotAllowed)
    assert proxy.endpoint in text
    assert "InvalidClientTokenId" in text


def test_all_that_aws_says_about_credentials_is_told_as_such(proxy: Proxy, domain: str) -> None:
    for code in ("AccessDenied", "SignatureDoesNotMatch", "ExpiredToken", "UnrecognizedClientException"):
        proxy.answer(error(403, code, "?"))
        assert code in raised_within(SECONDS, client_of(domain).submit, NotAllowed)


@pytest.fixture
def closed() -> Iterator[str]:
    """An endpoint on whose port nobody listens; it is kept from others."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def silent() -> Iterator[str]:
    """An endpoint that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@EACH_USE
def test_a_closed_port_is_named_within_10_s(
    domain: str, monkeypatch: pytest.MonkeyPatch, closed: str, use: Callable[[TaskClient], object]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", closed)
    assert closed in raised_within(SECONDS, lambda: use(client_of(domain)), NotReached)


@pytest.mark.slow
def test_an_endpoint_that_never_answers_is_named_within_10_s(
    domain: str, monkeypatch: pytest.MonkeyPatch, silent: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", silent)
    clients = [client_of(domain) for _ in USES]
    with ThreadPoolExecutor(len(USES)) as pool:  # all at once, since each takes its time
        texts = pool.map(
            lambda use, client: raised_within(SECONDS, lambda: use(client), NotReached), USES.values(), clients
        )
        assert all(silent in text for text in texts)


@pytest.mark.parametrize(
    "endpoint",
    ["http://sqs.invalid:4566", "127.0.0.1:4566", "http://", "ftp://127.0.0.1:1", "nonsense", "http://127.0.0.1:x"],
)
def test_an_endpoint_that_cannot_be_is_named_within_10_s(
    domain: str, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", endpoint)
    assert endpoint in raised_within(SECONDS, lambda: client_of(domain).submit(), PipesError)


def test_an_endpoint_that_answers_as_something_else_is_named(domain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A web server, for example."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/", text=True) as server:
        try:
            endpoint = f"http://127.0.0.1:{server.stdout.readline().split(' port ')[1].split()[0]}"
            monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", endpoint)
            assert endpoint in raised_within(SECONDS, lambda: client_of(domain).submit(), PipesError)
        finally:
            server.kill()


@pytest.mark.parametrize("region", ["no region", None])
def test_a_region_that_cannot_be_is_named(domain: str, sqs: str, region: object) -> None:
    def use() -> None:
        client = TaskClient(domain, KEY, SECRET, region)  # type: ignore[arg-type]
        client.register_tasks(TASKS)
        client.submit()

    text = raised_within(SECONDS, use, PipesError)
    assert "region" in text


def without_credentials(tmp_path, **more: str) -> dict[str, str]:
    """Return an environment of a user who has none."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "BOTO"))}
    return {**kept, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "AWS_EC2_METADATA_DISABLED": "true", **more}


SUBMIT = """
import sys
from sqs_pipes import TaskClient
from sqs_pipes.errors import PipesError
client = TaskClient(sys.argv[1])
client.register_tasks([lambda_ for lambda_ in [dict(method=str, name='make'), print]])
try:
    client.submit(('x',))
except PipesError as error:
    print(type(error).__name__, error)
else:
    print('sent')
"""


def test_on_loopback_no_credentials_are_needed(domain: str, plain_sqs: Plain, ministack, tmp_path) -> None:
    environment = without_credentials(tmp_path, AWS_ENDPOINT_URL_SQS=ministack.endpoint)
    done = subprocess.run(
        [sys.executable, "-c", SUBMIT, domain], env=environment, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.stdout == "sent\n", done.stderr
    assert plain_sqs.held(f"{domain}-make.fifo") == (1, 0)


def test_an_endpoint_of_all_services_is_used_too(domain: str, plain_sqs: Plain, ministack, tmp_path) -> None:
    environment = without_credentials(tmp_path, AWS_ENDPOINT_URL=ministack.endpoint)
    done = subprocess.run(
        [sys.executable, "-c", SUBMIT, domain], env=environment, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.stdout == "sent\n", done.stderr
    assert plain_sqs.held(f"{domain}-make.fifo") == (1, 0)


@pytest.mark.parametrize("use", [USES[name] for name in ("a later task", "submit", "queues")])
def test_an_sqs_that_answers_500_at_the_start_is_named_within_10_s(
    proxy: Proxy, domain: str, use: Callable[[TaskClient], object]
) -> None:
    proxy.answer(DOWN)
    assert proxy.endpoint in raised_within(SECONDS, lambda: use(client_of(domain)), NotReached)


def test_an_sqs_that_throttles_is_asked_again(proxy: Proxy, pipe: Pipe, plain_sqs: Plain) -> None:
    proxy.answer(error(400, "ThrottlingException", "Rate exceeded"), "SendMessageBatch", "SendMessage", times=3)
    pipe.client(TASKS).run("make", times=3)
    assert plain_sqs.taken(f"{pipe.domain}-make.fifo") == [1, 1, 1]


@pytest.mark.parametrize("which", ["make", "work"])
def test_a_queue_deleted_while_running_ends_the_run_with_its_name(
    pipe: Pipe, proxy: Proxy, plain_sqs: Plain, which: str
) -> None:
    for task in ("make", "work"):  # a run that has just made a queue waits for it to be known
        plain_sqs.make(f"{pipe.domain}-{task}.fifo")
    pipe.make(TASKS, 1)
    run = pipe.start(TASKS, "work")
    run.reaches(1)
    plain_sqs.delete(f"{pipe.domain}-{which}.fifo")
    if which == "work":
        plain_sqs.send(f"{pipe.domain}-make.fifo", "a")
    failed = run.failure(20)
    assert isinstance(failed, QueueGone)
    assert f"{pipe.domain}-{which}.fifo" in str(failed)
    assert proxy.endpoint in str(failed)
    if which == "work":
        until(lambda: plain_sqs.held(f"{pipe.domain}-make.fifo"), (1, 0))


def test_credentials_that_expire_while_running_end_the_run_and_the_messages_come_back(
    pipe: Pipe, proxy: Proxy, plain_sqs: Plain
) -> None:
    pipe.make(TASKS, 1)
    run = pipe.start(TASKS, "work", {"visibility_seconds": 2})
    run.reaches(1)
    proxy.answer(error(403, "ExpiredToken", "The security token included in the request is expired"))
    plain_sqs.send(f"{pipe.domain}-make.fifo", "a")
    failed = run.failure(20)
    assert isinstance(failed, NotAllowed)
    assert "ExpiredToken" in str(failed)
    until(lambda: plain_sqs.held(f"{pipe.domain}-make.fifo"), (1, 0))


def test_an_sqs_that_goes_away_is_told_in_the_log_once_a_try_and_not_for_each_message(
    pipe: Pipe, proxy: Proxy, plain_sqs: Plain, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sqs_pipes")
    pipe.make(TASKS, 1)
    run = pipe.start(TASKS, "work")
    run.reaches(1)
    proxy.reset(times=9)
    plain_sqs.send(f"{pipe.domain}-make.fifo", "a")
    run.reaches(2, seconds=30)
    told = [record.getMessage() for record in caplog.records]
    assert any(proxy.endpoint in line for line in told)
    assert len(told) < 12
    assert not [line for line in told if "\n" in line]


def test_a_purge_too_soon_after_another_says_so(pipe: Pipe, proxy: Proxy) -> None:
    pipe.make(TASKS, 1)
    client = pipe.client(TASKS)
    code = "AWS.SimpleQueueService.PurgeQueueInProgress"
    proxy.answer(error(403, code, "Only one PurgeQueue operation is allowed every 60 seconds."), "PurgeQueue")
    text = raised_within(SECONDS, client.purge, PipesError)
    assert "60 seconds" in text
    assert f"{pipe.domain}-make" in text


def test_a_queue_deleted_a_moment_ago_is_waited_for_or_named(pipe: Pipe, proxy: Proxy) -> None:
    code = "AWS.SimpleQueueService.QueueDeletedRecently"
    proxy.answer(error(400, code, "You must wait 60 seconds after deleting a queue."), "CreateQueue")
    text = raised_within(SECONDS, pipe.client(TASKS).submit, PipesError)
    assert "60 seconds" in text
    assert f"{pipe.domain}-make" in text
