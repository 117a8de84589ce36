"""The policies of sqs_pipes/policies: what they permit, and their text for a domain."""

import json
from typing import Any

from conftest import ROOT

FOLDER = ROOT / "sqs_pipes" / "policies"
POLICIES = sorted(path.stem for path in FOLDER.glob("*.json"))


def text(policy: str) -> str:
    """Return the file's text."""
    return (FOLDER / f"{policy}.json").read_text(encoding="utf-8")


def statements(policy: str) -> list[dict[str, Any]]:
    """Return what stands in it."""
    found = json.loads(text(policy))
    assert set(found) == {"Version", "Statement"}
    assert found["Version"] == "2012-10-17"
    return list(found["Statement"])


def permitted(policy: str) -> list[str]:
    """Return the actions, without their prefix, in order."""
    return sorted(action.removeprefix("sqs:") for statement in statements(policy) for action in statement["Action"])
