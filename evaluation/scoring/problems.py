"""The error of this package: everything that is wrong with the files or the request, one line each."""

from collections.abc import Iterable

SHOWN = 20


class ScoringError(ValueError):
    """Files or options are invalid.

    Attributes:
        problems: one line each: path, what was expected, what came, what to do.
    """

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        more = len(self.problems) - SHOWN
        super().__init__("\n".join(self.problems[:SHOWN] + ([f"... and {more} more of these"] if more > 0 else [])))

    def __reduce__(self) -> tuple[type["ScoringError"], tuple[list[str]]]:
        """Pickle with the list, so that the error survives the transfer from a worker process."""
        return ScoringError, (self.problems,)
