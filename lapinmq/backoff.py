"""Growing pauses between attempts, with jitter, so that a fleet does not come back in step."""

import random


class Backoff:
    """Pauses from `first` seconds that double up to `longest`; each is cut by up to half at random."""

    def __init__(self, first: float, longest: float) -> None:
        self.first, self.longest = first, longest
        self.attempts = 0

    def pause(self) -> float:
        """Return the next pause in seconds."""
        whole = min(self.longest, self.first * 2.0 ** min(self.attempts, 60))
        self.attempts += 1
        return whole * random.uniform(0.5, 1)

    def reset(self) -> None:
        """Begin again with the shortest pause."""
        self.attempts = 0
