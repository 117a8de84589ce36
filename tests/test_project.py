"""The project's files agree: workflows, lock, metadata, changelog, and the links between them."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
WORKFLOWS = {path.name: path for path in sorted((ROOT / ".github" / "workflows").iterdir())}
PAGES = ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]


def jobs(name: str) -> dict[str, dict[str, Any]]:
    return yaml.safe_load(WORKFLOWS[name].read_text(encoding="utf-8"))["jobs"]


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in jobs(name).values() for step in job.get("steps", [])]


def actions(name: str) -> list[str]:
    """Return what the workflow runs of others: the actions of its steps, and whole workflows as jobs."""
    return [part["uses"] for part in [*jobs(name).values(), *steps(name)] if "uses" in part]


def locked() -> Iterator[tuple[Requirement, list[str]]]:
    """Return each requirement of the lock with its hashes."""
    without_comments = re.sub(r"^\s*#.*\n", "", LOCK, flags=re.MULTILINE)
    for line in without_comments.replace("\\\n", " ").splitlines():
        requirement, *hashes = line.split(" --hash=")
        yield Requirement(requirement.strip()), [digest.strip() for digest in hashes]


def wanted() -> list[Requirement]:
    """Return what pyproject.toml asks for, for the lessons and the tests."""
    groups = PYPROJECT["dependency-groups"]
    return [Requirement(text) for text in [*PROJECT["dependencies"], *groups["tutorial"], *groups["dev"]]]


def pythons() -> list[str]:
    """Return the Pythons that the metadata promises."""
    found = [re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", text) for text in PROJECT["classifiers"]]
    return [match[1] for match in found if match]


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of the page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def links(page: str) -> list[tuple[Path, str]]:
    """Return the files and anchors that the page links to in this repository."""
    targets = re.findall(r"\]\(([^)]+)\)", (ROOT / page).read_text(encoding="utf-8"))
    inside = [target.partition("#") for target in targets if "://" not in target]
    return [(ROOT / (file or page), anchor) for file, _, anchor in inside]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_each_action_of_a_workflow_is_pinned_to_a_commit_with_its_version_as_a_comment(name: str) -> None:
    assert [action for action in actions(name) if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)] == []
    commented = re.findall(r"uses: (\S+) # v\d+\.\d+\.\d+$", WORKFLOWS[name].read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(commented) == sorted(actions(name))


@pytest.mark.parametrize("name", WORKFLOWS)
def test_no_checkout_of_a_workflow_leaves_a_token_behind(name: str) -> None:
    checkouts = [step for step in steps(name) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert [step for step in checkouts if step.get("with", {}).get("persist-credentials") is not False] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_only_read_and_each_job_has_a_time_limit(name: str) -> None:
    assert yaml.safe_load(WORKFLOWS[name].read_text(encoding="utf-8"))["permissions"] == {"contents": "read"}
    assert [job for job, settings in jobs(name).items() if "timeout-minutes" not in settings] == []


@pytest.mark.parametrize("name", ["tests.yml", "nightly.yml"])
def test_a_workflow_runs_the_pythons_that_the_metadata_names(name: str) -> None:
    matrices = [job.get("strategy", {}).get("matrix", {}) for job in jobs(name).values()]
    assert [matrix["python"] for matrix in matrices if "python" in matrix] == [pythons()]


def test_the_oldest_python_that_the_metadata_names_is_the_one_required() -> None:
    assert PROJECT["requires-python"] == f">={pythons()[0]}"


def test_each_requirement_of_the_lock_has_one_version_and_hashes() -> None:
    pinned = list(locked())
    assert [str(r) for r, _ in pinned if [part.operator for part in r.specifier] != ["=="]] == []
    assert [str(r) for r, hashes in pinned if not hashes] == []
    assert [h for _, hashes in pinned for h in hashes if not re.fullmatch(r"sha256:[0-9a-f]{64}", h)] == []


def test_the_lock_names_no_url() -> None:
    assert "://" not in LOCK
    assert [str(requirement) for requirement, _ in locked() if requirement.url] == []


def test_the_lock_has_what_pyproject_asks_for() -> None:
    versions = {canonicalize_name(r.name): next(iter(r.specifier)).version for r, _ in locked()}
    assert [str(r) for r in wanted() if not r.specifier.contains(versions.get(canonicalize_name(r.name), "0"))] == []
    assert {canonicalize_name(r.name) for r in wanted()} <= set(versions)


def test_the_newest_version_of_the_changelog_is_the_packages() -> None:
    headings = [text for text in re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE) if text != "Unreleased"]
    dated = [re.fullmatch(r"(\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d", text) for text in headings]
    assert None not in dated, headings
    versions = [match[1] for match in dated if match]
    assert versions[0] == PROJECT["version"]
    assert versions == sorted(versions, key=Version, reverse=True)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_links_to_what_exists(page: str) -> None:
    missing = [(file.name, anchor) for file, anchor in links(page) if not file.exists()]
    missing += [(file.name, anchor) for file, anchor in links(page) if anchor and anchor not in anchors(file)]
    assert missing == []
