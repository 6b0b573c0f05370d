"""The one error of this room: everything that is wrong with the files or the request, a line each."""

from collections.abc import Iterable

SHOWN = 20


class ScoringError(ValueError):
    """Files or options are not as they must be.

    Attributes:
        problems: a line each: path, what was expected, what came, what to do.
    """

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        more = len(self.problems) - SHOWN
        super().__init__("\n".join(self.problems[:SHOWN] + ([f"... and {more} more of these"] if more > 0 else [])))

    def __reduce__(self) -> tuple[type["ScoringError"], tuple[list[str]]]:
        """Pickle with the list, so that the error survives the way back from a worker process."""
        return ScoringError, (self.problems,)
