"""The jobs, with the ratios that the package promises."""

from collections.abc import Callable
from dataclasses import replace

from benchmarks import peers
from benchmarks.job import Column, Goal, Job, cpu, told
from benchmarks.trial import Trial

OURS, ORIGINAL, C = "ours", "PyPI's lapinmq 0.1.1", "C librabbitmq"
SELECT, FED = "pika Select", "pika Select, fed by a thread"


def every() -> list[Job[Trial]]:
    """Return all jobs, in their order."""
    makers: tuple[Callable[[], Job[Trial]], ...] = (publish, large, sync, distance, consume, single, idle, memory)
    return [_possible(make()) for make in makers]


def _possible(job: Job[Trial]) -> Job[Trial]:
    """Return the job without its C client where that could not be compiled."""
    if peers.has_c():
        return job
    return replace(job, rows={name: trial for name, trial in job.rows.items() if trial.client != "librabbitmq"})


def publish() -> Job[Trial]:
    """Confirms pipelined, small messages."""
    rows = {
        f"{OURS}, async": Trial("ours", "publish", 50_000),
        f"{ORIGINAL}, async": Trial("original", "publish", 40_000),
        SELECT: Trial("pika_select", "publish", 40_000),
        FED: Trial("pika_select", "fed", 40_000),
        "aio-pika, 1,000 at a time": Trial("aio_pika", "publish", 10_000),
        C: Trial("librabbitmq", "publish", 50_000),
    }
    stand_in = Goal(f"{OURS}, async", 0.8, SELECT, times=1.2)
    goals = (
        Goal(f"{OURS}, async", 1.0, FED),
        Goal(f"{OURS}, async", 0.8, C) if peers.has_c() else stand_in,
        Goal(f"{OURS}, async", 0.5, f"{ORIGINAL}, async", most=True, by=cpu, unit="CPU a message"),
    )
    no_c = "No C client is at hand: pika's own SelectConnection times 1.2 stands in for it."
    notes = ("100 B, persistent, from the first send to the last confirm.", *([] if peers.has_c() else [no_c]))
    return Job("publish", "confirms pipelined, 100 B", rows, goals, FED, notes=notes)


def large() -> Job[Trial]:
    """The same with 10 KB."""
    rows = {
        f"{OURS}, async": Trial("ours", "publish", 10_000, 10_000),
        f"{ORIGINAL}, async": Trial("original", "publish", 10_000, 10_000),
        FED: Trial("pika_select", "fed", 10_000, 10_000),
        C: Trial("librabbitmq", "publish", 10_000, 10_000),
    }
    notes = ("10,000 B, persistent, from the first send to the last confirm.",)
    return Job(
        "large",
        "confirms pipelined, 10 KB",
        rows,
        (Goal(f"{OURS}, async", 1.6, f"{ORIGINAL}, async"),),
        FED,
        notes=notes,
    )


def sync() -> Job[Trial]:
    """Each publish waits for its confirm."""
    blocking, one, eight = "pika Blocking", f"{OURS}, sync", f"{OURS}, sync, 8 threads on one publisher"
    rows = {
        one: Trial("ours", "sync", 2_000),
        eight: Trial("ours", "sync", 8_000, workers=8),
        f"{OURS}, 8 in flight without threads (what the broker can do)": Trial("ours", "window", 8_000, workers=8),
        blocking: Trial("pika_blocking", "sync", 2_000),
        "kombu": Trial("kombu", "sync", 2_000),
        "aio-pika": Trial("aio_pika", "sync", 2_000),
        "amqpstorm": Trial("amqpstorm", "sync", 100),
        f"{ORIGINAL}, sync (waits for nothing)": Trial("original", "sync", 10_000),
        C: Trial("librabbitmq", "sync", 2_000),
    }
    notes = (
        "100 B, persistent, one at a time.",
        "PyPI's sync publisher returns before the broker has the message: it is timed to when the queue has all.",
    )
    goals = (Goal(one, 1.0, blocking), Goal(eight, 4.0, one))
    return Job("sync", "a confirm for each before the next", rows, goals, blocking, notes=notes)


def distance() -> Job[Trial]:
    """Async against sync, by the round trip."""
    rows = {}
    for milliseconds, confirmed in ((0, 1_000), (5, 300), (50, 40)):
        through = f"through {milliseconds} ms"
        rows[f"{OURS}, async, {through}"] = Trial("ours", "publish", 50_000, through_ms=milliseconds)
        rows[f"{OURS}, sync, {through}"] = Trial("ours", "sync", confirmed, through_ms=milliseconds)
    goals = tuple(
        Goal(f"{OURS}, async, through {milliseconds} ms", bound, f"{OURS}, sync, through {milliseconds} ms")
        for milliseconds, bound in ((5, 120), (50, 700))
    )
    notes = ("100 B, persistent, through a proxy that adds this round trip and limits nothing else.",)
    return Job("distance", "async against sync over a round trip", rows, goals, notes=notes)


def consume() -> Job[Trial]:
    """Worker threads."""
    rows: dict[str, Trial] = {}
    goals: list[Goal] = []
    for workers, bound in ((4, 1.4), (16, 2.2)):
        at = f"{workers} workers"
        original = f"{ORIGINAL}, {at}"
        mine = Trial("ours", "consume", 20_000, workers=workers, prefetch=workers)
        rows |= {
            f"{OURS}, {at}": mine,
            f"{OURS}, {at}, prefetch 100": replace(mine, prefetch=100),
            f"{OURS}, {at}, prefetch 100, acks gathered": replace(mine, prefetch=100, gather=True),
            original: replace(mine, client="original", count=12_000),
            f"pika Blocking + {at}": replace(mine, client="pika_threads", count=12_000),
            f"pika Blocking + {at}, prefetch 100": replace(mine, client="pika_threads", count=12_000, prefetch=100),
            f"dramatiq, {at}": replace(mine, client="dramatiq", count=10_000),
        }
        goals.append(Goal(f"{OURS}, {at}", bound, original))
        goals.append(Goal(f"{OURS}, {at}, prefetch 100", 3.0, original))
        goals.append(Goal(f"{OURS}, {at}, prefetch 100, acks gathered", 4.5, original))
    rows[f"{ORIGINAL}, 100 workers"] = Trial("original", "consume", 12_000, workers=100, prefetch=100)
    notes = (
        "100 B, persistent, a task that returns at once; prefetch = workers where none is named.",
        "From the first delivery to when the broker's queue holds none, also no unacknowledged one.",
        "PyPI's lapinmq has no other prefetch than its number of workers.",
    )
    reference = "pika Blocking + 4 workers"
    return Job("consume", "worker threads, manual acks", rows, tuple(goals), reference, notes=notes)


def single() -> Job[Trial]:
    """One thread."""
    clients = {
        f"{OURS}, 1 worker": "ours", "pika Blocking": "pika_blocking", "kombu": "kombu",
        "amqpstorm": "amqpstorm", "aio-pika": "aio_pika", C: "librabbitmq",
    }  # fmt: skip
    rows = {name: Trial(client, "consume", 20_000, prefetch=100) for name, client in clients.items()}
    notes = ("100 B, persistent, prefetch 100, acknowledged one by one; ours still has its worker thread.",)
    return Job("single", "one consumer without concurrency", rows, (), "pika Blocking", notes=notes)


def idle() -> Job[Trial]:
    """CPU of what has nothing to do."""
    rows = {
        f"{name}, {kind}": Trial(client, f"idle_{kind}", 10)
        for name, client in ((OURS, "ours"), (ORIGINAL, "original"))
        for kind in ("publisher", "consumer")
    }
    share = told("cpu_share", 100)
    goals = tuple(
        Goal(f"{OURS}, {kind}", 1, most=True, by=share, unit="% of a core") for kind in ("publisher", "consumer")
    )
    columns = (Column("% of a core", share, ".2f"),)
    return Job(
        "idle", "ten seconds with nothing to do", rows, goals, columns=columns, rounds=1, notes=("Sync publishers.",)
    )


def memory() -> Job[Trial]:
    """A million messages."""
    rows = {
        f"{OURS}, async": Trial("ours", "memory", 1_000_000),
        f"{ORIGINAL}, async": Trial("original", "memory", 1_000_000),
    }
    early, late, left = told("early_mb"), told("late_mb"), told("left")
    goals = (
        Goal(f"{OURS}, async", 50, most=True, by=lambda r: late(r) - early(r), unit="MB above its level at 50,000"),
        Goal(f"{OURS}, async", 0, most=True, by=left, unit="entries left after the last confirm"),
    )
    columns = (
        Column("MB after 50,000 sends", early), Column("MB at the end", late), Column("entries left", left),
        Column("messages/s", lambda r: r.rate),
    )  # fmt: skip
    notes = ("100 B, persistent; every message is confirmed at the end.",)
    return Job(
        "memory", "a million messages through an async publisher", rows, goals, columns=columns, rounds=1, notes=notes
    )
