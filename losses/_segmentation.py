"""The input of every loss: the prediction and the ground truth of one call, each view of them computed once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import torch
import torch.nn.functional as F

from topology import skeletonize

_OF_GROUND_TRUTH = ("y", "one_hot")  # cached views that do not depend on the logits


@dataclass(eq=False)
class Segmentation:
    """Logits and ground truth of a batch, with the notation of the papers.

    Attributes:
        logits: z, (B, C, *spatial), float32 or float64.
        indices: class of each pixel, (B, *spatial), int64; 0 where ignored.
        valid: (B, 1, *spatial) bool, False where ignored; None where all pixels count.
        include_background: for C > 1, whether channel 0 is a class like the others.
        views: skeletons of the ground truth, (B, n, *spatial) by name, that have already been computed (`of_truth`).
        finite: whether all logits are known to be finite.

    K below is the number of classes that count: 1 for C = 1, else C - 1, or C with `include_background`.
    """

    logits: torch.Tensor
    indices: torch.Tensor
    valid: torch.Tensor | None = None
    include_background: bool = False
    views: dict[str, torch.Tensor] = field(default_factory=dict)
    finite: bool = False

    @property
    def binary(self) -> bool:
        """Return whether one channel stands for one foreground class (sigmoid)."""
        return self.logits.shape[1] == 1

    @property
    def first(self) -> int:
        """Return the first channel that counts."""
        return 0 if self.binary or self.include_background else 1

    @cached_property
    def p(self) -> torch.Tensor:
        """Return the probability of each class that counts, (B, K, *spatial); 0 where ignored."""
        p = torch.sigmoid(self.logits) if self.binary else torch.softmax(self.logits, 1)[:, self.first :]
        return p if self.valid is None else torch.where(self.valid, p, 0)

    @cached_property
    def y(self) -> torch.Tensor:
        """Return the ground truth of each class that counts, bool (B, K, *spatial); False where ignored."""
        y = self.one_hot[:, self.first :]
        return y if self.valid is None else y & self.valid

    @property
    def skeleton_y(self) -> torch.Tensor:
        """Return the skeletons of y, bool (B, K, *spatial)."""
        return self.of_truth("skeleton", lambda: skeletonize(self.y))

    def of_truth(self, name: str, make: Callable[[], torch.Tensor]) -> torch.Tensor:
        """Return an expensive view that depends on the ground truth alone, computed when it is first requested.

        Args:
            name: of the view, including everything that it depends on besides the ground truth.
            make: computes it, bool (B, n, *spatial).

        Returns:
            The view.
        """
        if name not in self.views:
            self.views[name] = make()
        return self.views[name]

    @cached_property
    def b(self) -> torch.Tensor:
        """Return the binarised prediction (p > 0.5 or argmax), bool (B, K, *spatial); False where ignored."""
        if self.binary:
            b = self.logits.detach() > 0
        else:
            b = _one_hot(self.logits.detach().argmax(1), self.logits.shape[1])[:, self.first :]
        return b if self.valid is None else b & self.valid

    @cached_property
    def one_hot(self) -> torch.Tensor:
        """Return the ground truth of every channel, bool (B, C, *spatial), whether ignored or not."""
        return self.indices.unsqueeze(1) == 1 if self.binary else _one_hot(self.indices, self.logits.shape[1])

    @cached_property
    def cross_entropy(self) -> torch.Tensor:
        """Return the cross-entropy of each pixel over all channels, (B, 1, *spatial); 0 where ignored."""
        if self.binary:
            target = self.one_hot.to(self.logits.dtype)
            ce = F.binary_cross_entropy_with_logits(self.logits, target, reduction="none")
        else:
            ce = F.cross_entropy(self.logits, self.indices, reduction="none").unsqueeze(1)
        return ce if self.valid is None else torch.where(self.valid, ce, 0)

    def with_logits(self, logits: torch.Tensor) -> "Segmentation":
        """Return a copy with other logits that shares the ground truth and its cached views."""
        other = Segmentation(logits, self.indices, self.valid, self.include_background, self.views)
        other.__dict__.update({name: self.__dict__[name] for name in _OF_GROUND_TRUTH if name in self.__dict__})
        return other


def _one_hot(indices: torch.Tensor, channels: int) -> torch.Tensor:
    classes = torch.arange(channels, device=indices.device).view(1, channels, *[1] * (indices.ndim - 1))
    return indices.unsqueeze(1) == classes
