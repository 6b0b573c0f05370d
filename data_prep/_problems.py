"""The error of this package: everything that is wrong with a source or a prepared folder, reported together."""

from collections.abc import Iterable


class PreparationError(ValueError):
    """A source, an option or a prepared folder is invalid.

    Attributes:
        problems: one line for each problem: path, what was expected, what came, what to do.
    """

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type["PreparationError"], tuple[list[str]]]:
        """Pickle with the list, so that the error survives the transfer from a worker process."""
        return PreparationError, (self.problems,)
