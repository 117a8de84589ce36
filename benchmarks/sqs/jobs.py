"""The jobs, with the ratios that sqs_pipes promises."""

from collections.abc import Callable

from benchmarks.job import Column, Goal, Job, Measure, cpu, peak, rate, told
from benchmarks.sqs.trial import Trial

OURS, ORIGINAL, BARE = "ours", "PyPI's sqspipes 0.3.3", "bare boto3"
CLIENTS = {OURS: "sqs_ours", ORIGINAL: "sqs_original", BARE: "sqs_bare"}


def every() -> list[Job[Trial]]:
    """Return all jobs, in their order."""
    makers: tuple[Callable[[], Job[Trial]], ...] = (words, tasks, idle, memory)
    return [make() for make in makers]


def words() -> Job[Trial]:
    """The seed's three stages."""
    rows = {name: Trial(client, "words", 2_000) for name, client in CLIENTS.items()}
    requests = told("requests")
    goals = (
        Goal(OURS, 7, ORIGINAL),
        Goal(OURS, 0.85, BARE),
        Goal(OURS, 0.65, most=True, by=requests, unit="requests a word"),
    )
    columns = (
        Column("words/s (least to most)", rate, spread=True), Column("requests/word", requests, ".3f"),
        Column("words yielded", told("yielded")), Column("CPU µs/word, the three clients", cpu),
        Column("CPU µs/word, the emulator", told("server_us")), Column("peak MB", peak),
    )  # fmt: skip
    notes = (
        "2,000 words through generate, reduce and count, a process each, with 8, 16 and 8 workers; from the first"
        " word's task, when the other stages wait in their receives, to when the last stage has yielded all.",
        "Requests are counted by the emulator, until no message is left in any queue.",
        "Bare boto3 has no tasks and no workers: in each stage one thread receives tens, and another one sends and"
        " deletes them.",
        "PyPI's sqspipes may yield fewer than it worked on; then it is timed to the last one, and these are counted.",
    )
    return Job("words", "three stages", rows, goals, ORIGINAL, columns, notes=notes)


def tasks() -> Job[Trial]:
    """Workers that are always busy."""
    rows = {
        f"{name}, {kind}": Trial(CLIENTS[name], "tasks", 100, 10, 16, 2, stages=stages, task_seconds=0.05)
        for name in (OURS, ORIGINAL)
        for kind, stages in (("a stage that sends on", 3), ("the last stage", 2))
    }
    share = told("share", 100)
    goals = tuple(Goal(row, 85, most=False, by=share, unit="% of the ideal") for row in rows if row.startswith(OURS))
    columns = (
        Column("tasks/s (least to most)", rate, spread=True), Column("% of the ideal", share, ".1f"),
        Column("requests/task", told("requests"), ".3f"), Column("CPU µs/task", cpu),
    )  # fmt: skip
    notes = (
        "Tasks of 50 ms, two processes of 16 workers on one stage: the ideal is 640/s.",
        "Ten seconds, which begin when each process has begun three tasks a worker; the queue does not run dry.",
    )
    return Job("tasks", "tasks of 50 ms", rows, goals, columns=columns, notes=notes)


def idle() -> Job[Trial]:
    """What a stage costs that has nothing to do."""
    kinds = {"1 priority level": 1, "16 priority levels": 16}
    rows = {
        f"{name}, {kind}": Trial(CLIENTS[name], "idle", 1, 30 if name == OURS else 9, 16, priorities=levels)
        for name in (OURS, ORIGINAL)
        for kind, levels in kinds.items()
    }
    share, requests = told("cpu_s", 100), told("requests_s")
    goals = tuple(
        goal
        for kind, most in zip(kinds, (0.3, 1), strict=True)
        for goal in (
            Goal(f"{OURS}, {kind}", 1, most=True, by=share, unit="% of a core"),
            Goal(f"{OURS}, {kind}", most, most=True, by=requests, unit="requests/s"),
        )
    )
    columns = (
        Column("% of a core, settled", share, ".2f"), Column("requests/s, settled", requests, ",.2f"),
        Column("% of a core, first", told("cpu_s_first", 100), ".2f"),
        Column("requests/s, first", told("requests_s_first"), ",.2f"),
    )  # fmt: skip
    notes = (
        "A stage between two others, 16 workers, queues without messages. First: its first 30 s (PyPI's: 9 s), its"
        " threads' and clients' making included; settled: the 40 s (PyPI's: 12 s) after them.",
    )
    return Job("idle", "nothing to do", rows, goals, columns=columns, rounds=1, notes=notes)


def memory() -> Job[Trial]:
    """A stage with a million messages before it."""
    rows = {name: Trial(CLIENTS[name], "memory", 10_000, workers=16, stages=2) for name in (OURS, ORIGINAL)}
    early, late = told("early_mb"), told("late_mb")
    growth: Measure = lambda result: late(result) - early(result)  # noqa: E731
    goals = (Goal(OURS, 5, most=True, by=growth, unit="MB above its level after 1,000 words"),)
    columns = (
        Column("MB before", told("start_mb"), ".1f"), Column("MB after 1,000 words", early, ".1f"),
        Column("MB after 10,000", late, ".1f"), Column("peak MB", peak, ".1f"), Column("words/s", rate),
    )  # fmt: skip
    notes = (
        "One process, 16 workers, the last stage.",
        "The emulator tells of a million messages, and makes each when its turn comes.",
    )
    return Job("memory", "a million messages waiting", rows, goals, columns=columns, rounds=1, notes=notes)
