"""A proxy between boto3 and SQS: it counts requests, and answers, holds, changes or cuts off those it is told to."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from checks.sqs_listener import Answer, Body, Listener, pass_on


class Cut(Exception):
    """The connection is to be reset."""


@dataclass
class Request:
    """One request, with the time of its arrival on time.monotonic's clock, and how it ended."""

    action: str
    body: Body
    at: float
    status: int | None = None
    """None until it is answered, and where it never was."""
    said: Body = field(default_factory=dict)
    """The answer."""


Passing = Callable[[Body], Answer]
Doing = Callable[[Request, Passing], Answer]


@dataclass
class Rule:
    """What happens to requests of some actions, and to how many more of them."""

    actions: tuple[str, ...]
    do: Doing
    left: float

    def fits(self, action: str) -> bool:
        """Return whether it is for this action; "" is for all."""
        return self.left > 0 and (not self.actions or action in self.actions)


def error(status: int, code: str, text: str) -> Answer:
    """Return an error as SQS words it in its JSON protocol."""
    body = {"__type": f"com.amazonaws.sqs#{code}", "message": text}
    return Answer(status, body, {"x-amzn-query-error": f"{code};{'Sender' if status < 500 else 'Receiver'}"})


DOWN = error(500, "InternalFailure", "The request processing has failed because of an unknown error.")
NO_SUCH_KEY = error(403, "InvalidClientTokenId", "The security token included in the request is invalid.")


class Proxy:
    """Listens on a port of 127.0.0.1 and passes requests on to the SQS on another; a thread for each connection."""

    def __init__(self, target: int) -> None:
        self.requests: list[Request] = []
        self.rules: list[Rule] = []
        self.lock = threading.Lock()
        self.target = target
        self._listener = Listener(self._serve)
        self.endpoint = self._listener.endpoint

    def close(self) -> None:
        """Let nobody in any more, and let go what is held."""
        self.mend()
        self._listener.close()

    def rule(self, do: Doing, *actions: str, times: float = float("inf")) -> Rule:
        """Treat the next requests of these actions, by default of all, so; the newest rule that fits decides."""
        rule = Rule(actions, do, times)
        with self.lock:
            self.rules.insert(0, rule)
        return rule

    def mend(self) -> None:
        """Pass all on again."""
        with self.lock:
            gone, self.rules = self.rules, []
        for rule in gone:
            rule.left = 0
            if isinstance(rule.do, Held):
                rule.do.let_go.set()

    def answer(self, answer: Answer, *actions: str, times: float = float("inf")) -> Rule:
        """Answer so, without asking the SQS."""
        return self.rule(lambda request, passing: answer, *actions, times=times)

    def reset(self, *actions: str, times: float = float("inf")) -> Rule:
        """Reset the connection; the SQS hears nothing."""
        return self.rule(_reset, *actions, times=times)

    def lose(self, *actions: str, times: float = float("inf")) -> Rule:
        """Let the SQS do it, and reset the connection instead of answering."""
        return self.rule(_lose, *actions, times=times)

    def hold(self, *actions: str, times: float = float("inf"), drop: bool = False) -> "Held":
        """Hold requests back until they are let go; then pass them on, or drop them."""
        held = Held(drop)
        self.rule(held, *actions, times=times)
        return held

    def alter(self, change: Callable[[Body], Body], *actions: str, times: float = float("inf")) -> Rule:
        """Pass on another request instead."""
        return self.rule(lambda request, passing: passing(change(request.body)), *actions, times=times)

    def fail_entries(self, which: Callable[[Body], bool], *actions: str, times: float = float("inf")) -> Rule:
        """Let those entries of a batch fail by SQS's own fault, and pass on the others."""
        return self.rule(Partly(which), *actions, times=times)

    def of(self, *actions: str) -> list[Request]:
        """Return the requests of these actions, oldest first."""
        with self.lock:
            return [request for request in self.requests if request.action in actions]

    def counts(self) -> Counter[str]:
        """Return how many requests there were of each action."""
        with self.lock:
            return Counter(request.action for request in self.requests)

    def serve(self, request: Request, headers: dict[str, str]) -> Answer:
        """Return the answer to a request, after what the rules say; raise Cut where there is to be none."""
        with self.lock:
            self.requests.append(request)
            rule = next((rule for rule in self.rules if rule.fits(request.action)), None)
            if rule:
                rule.left -= 1

        def passing(body: Body) -> Answer:
            return self.pass_on(body, headers)

        return rule.do(request, passing) if rule else passing(request.body)

    def pass_on(self, body: Body, headers: dict[str, str]) -> Answer:
        """Return what the SQS answers; raise Cut where it does not."""
        answer = pass_on(self.target, body, headers)
        if answer is None:
            raise Cut
        return answer

    def _serve(self, action: str, body: Body, headers: dict[str, str]) -> Answer | None:
        request = Request(action, body, time.monotonic())
        try:
            answer = self.serve(request, headers)
        except Cut:
            return None
        request.said, request.status = answer.body, answer.status
        return answer


class Held:
    """Requests that wait; `waiting` counts them."""

    def __init__(self, drop: bool) -> None:
        self.waiting = 0
        self.let_go = threading.Event()
        self._drop = drop

    def __call__(self, request: Request, passing: Passing) -> Answer:
        self.waiting += 1
        self.let_go.wait(60)
        if self._drop:
            raise Cut
        return passing(request.body)


class Partly:
    """A batch some of whose entries fail."""

    def __init__(self, which: Callable[[Body], bool]) -> None:
        self._which = which

    def __call__(self, request: Request, passing: Passing) -> Answer:
        entries = request.body["Entries"]
        failing = [entry["Id"] for entry in entries if self._which(entry)]
        rest = [entry for entry in entries if entry["Id"] not in failing]
        answer = passing({**request.body, "Entries": rest}) if rest else Answer(200, {"Successful": []})
        failed = [{"Id": name, "Code": "InternalError", "Message": "?", "SenderFault": False} for name in failing]
        return answer._replace(body={**answer.body, "Failed": answer.body.get("Failed", []) + failed})


def _reset(request: Request, passing: Passing) -> Answer:
    raise Cut


def _lose(request: Request, passing: Passing) -> Answer:
    passing(request.body)
    raise Cut
