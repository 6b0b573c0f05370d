"""A prediction and its ground truth, as masks of one class; what several metrics need is computed once."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

import topology

Mask = npt.NDArray[np.bool_]


@dataclass(eq=False)
class Pair:
    """Two binary masks of one image.

    Attributes:
        prediction: b, (H, W) or (D, H, W).
        target: y, same shape.
        adjacency: of the foreground; None for 8 in 2D, 26 in 3D. The background has the dual one.
        spacing: size of a pixel along each axis.
        label: the class of the masks.
        labels: the label images that the masks were taken from, prediction and ground truth; None for masks alone.
        valid: pixels that count; None for all. The others are background in both masks.
    """

    prediction: Mask
    target: Mask
    adjacency: int | None = None
    spacing: tuple[float, ...] | None = None
    label: int = 1
    labels: tuple[npt.NDArray[Any], npt.NDArray[Any]] | None = None
    valid: Mask | None = None

    @cached_property
    def overlap(self) -> Mask:
        """Return b and y."""
        return self.prediction & self.target

    @cached_property
    def sizes(self) -> tuple[int, int, int]:
        """Count the pixels of b, of y and of both."""
        return tuple(int(np.count_nonzero(m)) for m in (self.prediction, self.target, self.overlap))  # type: ignore[return-value]

    @property
    def pixels(self) -> int:
        """Count the pixels that count."""
        return self.target.size if self.valid is None else int(np.count_nonzero(self.valid))

    @property
    def label_images(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return prediction and ground truth with all their classes; the masks themselves where there is one class."""
        masks = (self.prediction * self.label, self.target * self.label)
        return self.labels or masks

    @cached_property
    def prediction_skeleton(self) -> Mask:
        """Return s(b)."""
        return topology.skeletonize(self.prediction)

    @cached_property
    def target_skeleton(self) -> Mask:
        """Return s(y)."""
        return topology.skeletonize(self.target)

    @cached_property
    def prediction_betti(self) -> tuple[int, ...]:
        """Return the Betti numbers of b."""
        return topology.betti_numbers(self.prediction, self.adjacency)

    @cached_property
    def target_betti(self) -> tuple[int, ...]:
        """Return the Betti numbers of y."""
        return topology.betti_numbers(self.target, self.adjacency)

    @cached_property
    def unmatched_features(self) -> list[int]:
        """Count, by dimension, the features of either mask without a partner in the other (see `betti_matching`)."""
        # sublevel sets of {0 in b, 1 outside}
        found = topology.betti_matching(~self.prediction, self.target, 0, adjacency=self.adjacency)
        numbers = [
            len(found.unmatched.of_dimension(d)) + found.unmatched_target(d) for d in range(self.prediction.ndim)
        ]
        # the component that never ends is in neither list; it has a partner unless the other mask is empty
        numbers[0] += self.prediction.any() != self.target.any()
        return numbers
