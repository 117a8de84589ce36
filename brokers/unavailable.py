"""Why a way to a broker does not lead to one here."""


class Unavailable(Exception):
    """The text says why in one line; it is `worth_telling` where the way was there and failed."""

    def __init__(self, reason: str, worth_telling: bool = False) -> None:
        super().__init__(reason)
        self.worth_telling = worth_telling
