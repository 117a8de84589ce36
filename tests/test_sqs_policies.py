"""The IAM policies: they permit what the code asks for, and nothing else; on an SQS that checks them."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from sqs_emulator import at
from sqs_policies import POLICIES, permitted, statements, text
from waiting import until

from sqs_pipes import TaskClient, emulator
from sqs_pipes.emulator import Emulator
from sqs_pipes.errors import NotAllowed
from sqs_pipes.sqs import Sqs

BATCHES = {f"sqs:{name}": f"sqs:{name}Batch" for name in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")}
"""ministack asks for the batch's own permission, which IAM does not have: there that of the single action counts."""

As = Callable[..., TaskClient]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_names_the_places_to_fill_in_and_no_more_than_a_domain(policy: str) -> None:
    for statement in statements(policy):
        assert set(statement) == {"Sid", "Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"
        only_list = statement["Action"] == ["sqs:ListQueues"]  # which IAM cannot narrow to names
        assert statement["Resource"] == ("*" if only_list else "arn:aws:sqs:REGION:ACCOUNT:DOMAIN-*")


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An SQS that checks nothing, to which the AWS_* variables lead."""
    with Emulator.launch(tmp_path) as found:
        for name, value in at(found.endpoint).items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, ending_runs: list[threading.Thread]) -> set[str]:
    """The IAM actions of what is asked of SQS from now on; a batch needs the permission of its single action."""
    for thread in ending_runs:  # of earlier tests in this process: they ask, too
        thread.join(60)
    found: set[str] = set()
    ask = Sqs._ask

    def note(self: Sqs, action: str, *rest: Any, **words: Any) -> dict[str, Any]:
        found.add("".join(word.capitalize() for word in action.removesuffix("_batch").split("_")))
        return ask(self, action, *rest, **words)

    monkeypatch.setattr(Sqs, "_ask", note)
    return found


def failing(value: int) -> int:
    if value == 3:
        raise ValueError("three")
    return value


@pytest.mark.usefixtures("plain")
def test_the_policies_permit_what_the_code_asks_for_and_nothing_else(asked: set[str]) -> None:
    client = TaskClient("shop", on_error="retry", visibility_seconds=1)
    client.register_tasks([{"method": int, "name": "first", "priorities": 2}, {"method": failing}, {"method": print}])
    client.create()
    made = set(asked)
    asked.clear()
    for value in range(5):
        client.submit((value,), priority=value % 2)
    running = threading.Thread(target=client.run, args=("failing",))
    running.start()
    until(lambda: {"ChangeMessageVisibility", "DeleteMessage"} <= asked, seconds=20)
    client.stop()
    running.join()
    client.put_back("failing")
    worked = set(asked)
    asked.clear()
    assert client.queues
    client.purge()
    client.delete()
    assert sorted(worked) == permitted("worker")
    assert sorted(made) == permitted("setup")
    assert sorted(asked) == permitted("administration")


@pytest.fixture
def strict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[As]:
    """Return a client of a user who has these policies for the domain shop, on an SQS that checks them."""
    monkeypatch.setattr(emulator, "SETTINGS", {**emulator.SETTINGS, "SERVICES": "sqs,iam", "AUTH": "true"})
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with Emulator.launch(tmp_path) as found:
        monkeypatch.setenv("AWS_ENDPOINT_URL", found.endpoint)
        iam = boto3.client("iam", "us-west-2", aws_access_key_id="test", aws_secret_access_key="test")  # its root user

        def user(*policies: str, domain: str = "shop") -> TaskClient:
            name = "-".join(policies) or "nobody"
            if name not in (known["UserName"] for known in iam.list_users()["Users"]):
                iam.create_user(UserName=name)
                for policy in policies:
                    iam.put_user_policy(UserName=name, PolicyName=policy, PolicyDocument=filled(policy))
            key = iam.create_access_key(UserName=name)["AccessKey"]
            client = TaskClient(domain, key["AccessKeyId"], key["SecretAccessKey"])
            client.register_tasks([{"method": int, "name": "first"}, {"method": str, "name": "last"}])
            return client

        yield user


def filled(policy: str) -> str:
    """Return the policy for ministack's account and the domain shop."""
    words = text(policy).replace("REGION", "us-west-2").replace("ACCOUNT", 12 * "0").replace("DOMAIN", "shop")
    found = json.loads(words)
    for statement in found["Statement"]:
        statement["Action"] += [BATCHES[action] for action in statement["Action"] if action in BATCHES]
    return json.dumps(found)


def outputs(client: TaskClient) -> list[str]:
    """Run the last task until it had one output."""
    found = []
    for value in client.run("last", iterate=True) or ():
        found.append(value)
        client.stop()
    return found


def test_a_user_without_a_policy_may_do_nothing(strict: As) -> None:
    with pytest.raises(NotAllowed, match="GetQueueUrl"):
        strict().submit()


def test_a_worker_needs_its_policy_alone_once_the_queues_are_made(strict: As) -> None:
    with pytest.raises(NotAllowed, match="CreateQueue"):
        strict("worker").submit()
    strict("setup").create()
    worker = strict("worker")
    worker.submit()
    assert outputs(worker) == ["0"]
    assert worker.dead_letters("last") == []
    assert worker.put_back("last") == 0


def test_who_may_make_queues_may_send_and_read_nothing(strict: As) -> None:
    maker = strict("setup")
    maker.create()
    with pytest.raises(NotAllowed, match="SendMessage"):
        maker.submit()
    with pytest.raises(NotAllowed, match="ReceiveMessage"):
        maker.dead_letters("last")


def test_both_together_make_queues_and_send(strict: As) -> None:
    strict("worker", "setup").submit()
    assert outputs(strict("worker")) == ["0"]


def test_a_worker_may_do_nothing_in_another_domain_and_delete_nothing(strict: As) -> None:
    strict("setup").create()
    with pytest.raises(NotAllowed, match="GetQueueUrl"):
        strict("worker", domain="other").submit()
    with pytest.raises(NotAllowed, match="ListQueues"):
        strict("worker").delete()


def test_an_administrator_needs_the_policy_alone_and_may_not_read_messages(strict: As) -> None:
    strict("setup").create()
    administrator = strict("administration")
    assert len(administrator.queues) == 2
    administrator.purge()
    with pytest.raises(NotAllowed, match="GetQueueUrl"):
        administrator.dead_letters("last")
    administrator.delete()
    assert administrator.queues == []
