"""The one error of this room: what is wrong with a source or a prepared folder, all of it at once."""

from collections.abc import Iterable


class PreparationError(ValueError):
    """A source, an option or a prepared folder is not as it must be.

    Attributes:
        problems: one line for each problem: path, what was expected, what came, what to do.
    """

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type["PreparationError"], tuple[list[str]]]:
        """Pickle with the list, so that the error survives the way back from a worker process."""
        return PreparationError, (self.problems,)
