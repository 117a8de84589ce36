"""The results as Markdown."""

from collections.abc import Iterator

from benchmarks.job import Job, Results, W, median, rate


def lines(job: Job[W], results: Results) -> Iterator[str]:
    """Return the job's heading, table, notes and goals."""
    rounds = max((len(each) for each in results.values()), default=0)
    yield f"## {job.name}: {job.title}"
    yield ""
    titles = [job.name, *(column.title for column in job.columns), *(["ratio"] if job.reference else [])]
    yield _row(titles)
    yield _row(["---", *["---:"] * (len(titles) - 1)])
    for name in job.rows:
        yield _row([name, *_cells(job, results, name)])
    yield ""
    medians = f"Medians of {rounds} rounds." if rounds > 1 else "One round."
    yield " ".join([medians, *job.notes])
    if job.goals:
        yield ""
        yield from (f"- {goal.verdict(results)}" for goal in job.goals)
    yield ""


def _cells(job: Job[W], results: Results, name: str) -> list[str]:
    found, reference = results.get(name), results.get(job.reference)
    if not found:
        return ["not measured", *[""] * (len(job.columns) - 1 + bool(job.reference))]
    cells = [column.cell(found) for column in job.columns]
    if job.reference:
        cells.append(f"{median(rate, found) / median(rate, reference):.2f}" if reference else "")
    return cells


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
