"""A Mistake: what a check found wrong in a student's script, in words that teach."""


class Mistake(Exception):
    """The student's script does not do what the exercise asks. The text is one sentence that names the mistake.

    `seen` and `expected` are facts of this run, `why` is what the mistake costs in real life, `read` is where it is
    explained (empty: the exercise's usual place). `done` is what the check had done until then; who runs the step
    fills it in.
    """

    def __init__(self, headline: str, *, seen: str, expected: str, why: str, read: str = "") -> None:
        super().__init__(headline)
        self.headline, self.seen, self.expected, self.why, self.read = headline, seen, expected, why, read
        self.done: list[str] = []


class NotJudged(Exception):
    """The check itself could not be done: the broker is gone, a package is missing. Never the student's fault."""
