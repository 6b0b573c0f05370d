"""Backward traversal of a chain of images of which only a few are kept."""

from collections.abc import Callable
from typing import Any


def go_back(
    fetch: Callable[[], Any],
    levels: int,
    copy: Callable[[Any], Any],
    deepen: Callable[[Any], None],
    step: Callable[[Any], None],
    spare: int,
) -> None:
    """Pass the images of some levels to `step`, deepest first, recomputing each.

    Args:
        fetch: makes the image of the first level.
        levels: number of levels.
        copy: copies an image.
        deepen: takes an image one level deeper, in place.
        step: called with each image.
        spare: number of images that may be kept at a time; each one saves recomputing levels.
    """
    while levels > 0:
        image = fetch()
        split = spare > 0 and levels > 2
        depth = levels // 2 if split else levels - 1
        for _ in range(depth):
            deepen(image)
        if split:
            kept = image
            go_back(lambda kept=kept: copy(kept), levels - depth, copy, deepen, step, spare - 1)  # type: ignore[misc]
            del kept
        else:
            step(image)
        levels = depth
        del image  # before the next one is made
