"""Rules that make folds from a list of cases; nothing is random. Fewer than two cases make no fold."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def interleaved_folds(cases: Sequence[str], count: int = 5) -> list[dict[str, list[str]]]:
    """Make folds in which fold k validates on every `count`-th case of the sorted list, starting with the k-th.

    Args:
        cases: their names.
        count: number of folds; fewer if there are fewer cases.

    Returns:
        {"train": [...], "val": [...]} for each fold.
    """
    return grouped_folds({case: case for case in cases}, count)


def grouped_folds(owners: Mapping[str, str], count: int = 5) -> list[dict[str, list[str]]]:
    """Make folds that keep together what belongs to one patient or volume.

    The owners are assigned in sorted order: fold k validates on the cases of every `count`-th owner, from the k-th on.

    Args:
        owners: {case: patient or volume}.
        count: number of folds; fewer if there are fewer owners.

    Returns:
        {"train": [...], "val": [...]} for each fold, sorted.
    """
    ordered = sorted(set(owners.values()))
    if len(ordered) < 2:
        return []
    cases, count = sorted(owners), min(count, len(ordered))
    held_out = [set(ordered[k::count]) for k in range(count)]
    return [_fold(cases, [case for case in cases if owners[case] in held]) for held in held_out]


def block_folds(cases: Sequence[str], count: int = 5) -> list[dict[str, list[str]]]:
    """Make folds that validate on contiguous blocks, for slices of a stack, where neighbours look alike.

    Args:
        cases: their names, in the order of the stack.
        count: number of folds; fewer if there are fewer cases.

    Returns:
        {"train": [...], "val": [...]} for each fold.
    """
    ordered = sorted(cases)
    return [_fold(ordered, block) for block in blocks(ordered, min(count, len(ordered)))] if len(ordered) > 1 else []


def blocks(cases: Sequence[Item], count: int) -> list[list[Item]]:
    """Split a list, in its order, into `count` contiguous blocks whose lengths differ by at most one."""
    edges = [len(cases) * k // count for k in range(count + 1)]
    return [list(cases[start:stop]) for start, stop in zip(edges[:-1], edges[1:], strict=True)]


def _fold(cases: Sequence[str], validation: Sequence[str]) -> dict[str, list[str]]:
    held = set(validation)
    return {"train": [case for case in cases if case not in held], "val": list(validation)}
