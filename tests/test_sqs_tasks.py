"""What is wrong with a task is said when it is registered: one line, which names the task and what is wrong."""

import copy
import functools

import pytest

from sqs_pipes import TaskClient
from sqs_pipes.errors import PipesError, WrongTask


def upper(text):
    return text.upper()


def lower(text):
    return text.lower()


class Doubler:
    """A callable without a name."""

    def __call__(self, number):
        return 2 * number

    def double(self, number):
        return 2 * number


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> TaskClient:
    """A client that has no SQS to speak to."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:9")
    return TaskClient("shop", "key", "secret")


WRONG = {
    "no list": (upper, ["list"]),
    "a dict alone": ({"method": upper}, ["list"]),
    "nothing": ([], ["list"]),
    "None": (None, ["list"]),
    "no method": ([{"name": "upper"}], ["upper", "method"]),
    "a method that is a number": ([{"method": 5, "name": "five"}], ["five", "method", "int"]),
    "a method that is a name": ([{"method": "upper"}], ["method", "str"]),
    "a task that is a number": ([5], ["int"]),
    "a lambda": ([lambda text: text], ["lambda", "name"]),
    "a lambda in a dict": ([{"method": lambda text: text}], ["lambda", "name"]),
    "the same function twice": ([upper, upper], ["two", "upper"]),
    "the same name twice": ([upper, {"method": lower, "name": "upper"}], ["two", "upper"]),
    "a name with a space": ([{"method": upper, "name": "to upper"}], ["to upper"]),
    "a name with a dot": ([{"method": upper, "name": "to.upper"}], ["to.upper"]),
    "a name with a slash": ([{"method": upper, "name": "to/upper"}], ["to/upper"]),
    "a name with an umlaut": ([{"method": upper, "name": "größer"}], ["größer"]),
    "a name with a newline": ([{"method": upper, "name": "upper\n"}], ["upper"]),
    "a name that is no text": ([{"method": upper, "name": 5}], ["5"]),
    "a name that is too long": ([{"method": upper, "name": "u" * 76}], ["u" * 76, "80"]),
    "a name that is another task's level": ([upper, {"method": lower, "name": "upper--p1"}], ["upper--p1"]),
    "a name that is another task's dead letters": ([upper, {"method": lower, "name": "upper--dead"}], ["upper--dead"]),
    "no workers": ([{"method": upper, "workers": 0}], ["upper", "workers", "0"]),
    "less than no workers": ([{"method": upper, "workers": -3}], ["upper", "workers", "-3"]),
    "half a worker": ([{"method": upper, "workers": 0.5}], ["upper", "workers", "0.5"]),
    "workers in words": ([{"method": upper, "workers": "4"}], ["upper", "workers", "'4'"]),
    "workers that are None": ([{"method": upper, "workers": None}], ["upper", "workers", "None"]),
    "workers that are True": ([{"method": upper, "workers": True}], ["upper", "workers", "True"]),
    "no priorities": ([{"method": upper, "priorities": 0}], ["upper", "priorities", "16", "0"]),
    "17 priorities": ([{"method": upper, "priorities": 17}], ["upper", "priorities", "16", "17"]),
    "priorities in words": ([{"method": upper, "priorities": "3"}], ["upper", "priorities", "'3'"]),
    "an interval on a later task": ([upper, {"method": lower, "interval": 1}], ["lower", "interval", "first"]),
    "a callable interval on a later task": ([upper, {"method": lower, "interval": lambda: 1}], ["lower", "interval"]),
    "an interval below 0": ([{"method": upper, "interval": -1}], ["upper", "interval", "-1"]),
    "an interval in words": ([{"method": upper, "interval": "1 s"}], ["upper", "interval", "'1 s'"]),
    "an interval that is no number": ([{"method": upper, "interval": float("nan")}], ["upper", "interval", "nan"]),
    "an interval without end": ([{"method": upper, "interval": float("inf")}], ["upper", "interval", "inf"]),
    "an unknown key": ([lower, {"method": upper, "worker": 4}], ["task 1", "worker", "workers"]),
    "an unknown key that is no text": ([{"name": "up", "method": upper, 4: 4}], ["up", "4"]),
}  # fmt: skip


@pytest.mark.parametrize(("tasks", "words"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_registered_is_named_in_one_line(client: TaskClient, tasks, words: list[str]) -> None:
    with pytest.raises(WrongTask) as raised:
        client.register_tasks(tasks)
    assert isinstance(raised.value, (PipesError, ValueError))
    text = str(raised.value)
    assert "\n" not in text
    assert text.isprintable()
    for word in words:
        assert word in text


def test_a_wrong_list_leaves_the_tasks_that_were_registered(client: TaskClient) -> None:
    client.register_tasks([upper])
    with pytest.raises(WrongTask):
        client.register_tasks([lower, {"method": upper, "workers": 0}])
    with pytest.raises(WrongTask, match="lower"):
        client.run("lower", times=1)


def test_the_callers_dicts_are_not_changed(client: TaskClient) -> None:
    tasks = [{"method": upper}, {"method": lower, "name": "small", "workers": 4, "priorities": 3}]
    before = copy.copy(tasks), [dict(task) for task in tasks]
    client.register_tasks(tasks)
    assert (tasks, tasks) == before


@pytest.mark.parametrize(
    "tasks",
    [
        [upper, lower],
        (upper, {"method": lower}),
        [{"method": Doubler(), "name": "twice"}, Doubler().double],
        [{"method": functools.partial(upper), "name": "upper"}, {"method": lambda x: x, "name": "same"}],
        [{"method": upper, "workers": 1, "priorities": 1, "interval": 0}],
        [{"method": upper, "workers": 64, "priorities": 16, "interval": 0.5}],
        [{"method": upper, "interval": lambda: 0.5}],
        [{"method": upper, "name": "with-dash_and_underscore9"}],
    ],
)
def test_what_is_right_is_registered(client: TaskClient, tasks) -> None:
    client.register_tasks(tasks)


@pytest.mark.parametrize("domain", ["", "a shop", "shöp", "shop.de", "shop/1", "s" * 76, None, 5])
def test_a_domain_that_sqs_cannot_bear_is_named(domain) -> None:
    with pytest.raises(PipesError) as raised:
        TaskClient(domain, "key", "secret").register_tasks([upper])
    assert "\n" not in str(raised.value)
    assert str(domain) in str(raised.value) or "domain" in str(raised.value)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("on_error", "ignore"), ("visibility_seconds", 0), ("visibility_seconds", 50_000), ("visibility_seconds", "30"),
        ("linger_seconds", -1), ("group", "customer"),
    ],
)  # fmt: skip
def test_a_setting_of_the_client_that_cannot_be_is_named(setting: str, value: object) -> None:
    with pytest.raises((PipesError, TypeError, ValueError)) as raised:
        TaskClient("shop", "key", "secret", **{setting: value}).register_tasks([upper])
    assert setting in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("task", "word"), [("uper", "upper"), (2, "2"), (-3, "-3"), (None, "None"), (0.5, "0.5")])
def test_a_task_that_is_not_registered_is_named_when_it_is_run(client: TaskClient, task, word: str) -> None:
    client.register_tasks([upper, lower])
    with pytest.raises(WrongTask) as raised:
        client.run(task)
    assert word in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"workers": 0}, "workers"), ({"workers": "2"}, "workers"), ({"times": -1}, "times"),
        ({"priority": "high"}, "priority"), ({"priority": -1}, "priority"), ({"min_priority": "1"}, "min_priority"),
    ],
)  # fmt: skip
def test_what_a_run_cannot_do_is_said_at_once(client: TaskClient, options: dict[str, object], word: str) -> None:
    client.register_tasks([upper, lower])
    with pytest.raises((WrongTask, TypeError)) as raised:
        client.run("upper", **{"times": 1, **options})
    assert word in str(raised.value)


def test_times_is_for_the_first_task(client: TaskClient) -> None:
    client.register_tasks([upper, lower])
    with pytest.raises(WrongTask, match="times"):
        client.run("lower", times=1)


def test_what_is_wrong_with_a_run_is_said_before_its_first_output_is_asked_for(client: TaskClient) -> None:
    client.register_tasks([upper, lower])
    with pytest.raises(WrongTask):
        client.run("uper", iterate=True)


@pytest.mark.parametrize("use", ["run", "submit", "dead_letters"])
def test_a_client_without_tasks_says_so(client: TaskClient, use: str) -> None:
    words = () if use == "submit" else ("upper",)
    with pytest.raises(WrongTask, match="register_tasks"):
        getattr(client, use)(*words)
