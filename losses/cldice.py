"""clDice: overlap of the prediction with the ground truth's centreline, and vice versa."""

from dataclasses import dataclass

import torch

from losses import _checks
from losses._base import SegmentationLoss
from losses._register import register
from losses._segmentation import Segmentation
from losses._terms import count_pixels, dice_loss, sum_over
from topology import soft_skeleton, soft_skeleton_sums, subfield_skeleton

SKELETONS = ("soft", "menten")


def cldice_loss(
    overlap_p: torch.Tensor,
    total_p: torch.Tensor,
    overlap_y: torch.Tensor,
    total_y: torch.Tensor,
    smooth: float,
    batch: bool,
) -> torch.Tensor:
    """Compute 1 - 2 T_prec T_sens / (T_prec + T_sens), averaged over classes (and samples).

    Args:
        overlap_p: sum of s(p) y, (B, K).
        total_p: sum of s(p), (B, K).
        overlap_y: sum of s(y) p, (B, K).
        total_y: sum of s(y), (B, K).
        smooth: added to numerator and denominator of both ratios.
        batch: sums over the batch as well.

    Returns:
        Scalar in [0, 1).
    """
    sums = (overlap_p, total_p, overlap_y, total_y)
    overlap_p, total_p, overlap_y, total_y = (s.sum(0) + smooth if batch else s + smooth for s in sums)
    precision, sensitivity = overlap_p / total_p, overlap_y / total_y
    return (1 - 2 * precision * sensitivity / (precision + sensitivity)).mean()


@register("cldice", title="clDice", reference="Shit et al., CVPR 2021")
@dataclass(eq=False, repr=False, kw_only=True)
class CLDice(SegmentationLoss):
    """Dice and soft clDice, weighted (clDice, equation 3, algorithms 1 and 2).

    L = (1 - gamma) L_Dice + gamma L_clDice, with
    L_clDice = 1 - 2 T_prec T_sens / (T_prec + T_sens),
    T_prec = (sum s(p) y + smooth) / (sum s(p) + smooth), T_sens = (sum s(y) p + smooth) / (sum s(y) + smooth),
    s the soft skeleton. gamma = 0: Dice. The gradient goes through s(p).

    It differs from the published code in two ways: `iterations` is honoured (there it is always 10), and the ratios are
    computed for each class (there once over all channels, which is the same for one foreground class).

    With `skeleton="menten"`, s(y) is the skeleton of Menten et al., which keeps the topology of y where the soft one
    breaks, and s(p) = p on the skeleton of the binarised prediction, 0 elsewhere; the gradient goes through the
    factor p, as in cbDice. The published code samples the binarised prediction at random and propagates the gradient
    through every step of the thinning; here it is the most probable one.

    Args:
        gamma: weight of clDice, in [0, 1]; the paper tries 0.1 to 0.5, which it calls alpha.
        skeleton: "soft", the paper's, or "menten", see `topology.subfield_skeleton`.
        iterations: k of the soft skeleton; at least the largest radius in pixels (paper: 5 to 25). Rounds of Menten's.
        smooth: of Dice and of both ratios; the published code uses 1.
        batch: see `SegmentationLoss` for this and the other options. The published code sums over the batch.

    Raises:
        ValueError: `gamma` or `iterations` out of range, unknown `skeleton`.

    Reference:
        S. Shit et al., clDice - a novel topology-preserving loss function for tubular structure segmentation,
        CVPR 2021, https://arxiv.org/abs/2003.07311
        M. J. Menten et al., A skeletonization algorithm for gradient-based optimization, ICCV 2023,
        https://arxiv.org/abs/2309.02527
    """

    gamma: float = 0.5
    skeleton: str = "soft"
    iterations: int = 10
    smooth: float = 1.0

    def check_parameters(self) -> None:
        """Reject values out of range."""
        _checks.in_range("gamma", self.gamma, 0, 1, source="clDice eq. 3, alpha")
        _checks.one_of("skeleton", self.skeleton, SKELETONS)
        _checks.whole_number("iterations", self.iterations, 0, source="clDice alg. 1, k")

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        return (1 - self.gamma) * dice_loss(s.p, s.y, self.smooth, self.batch) + self.gamma * self.term(s)

    def term(self, s: Segmentation) -> torch.Tensor:
        """Compute clDice alone."""
        skeleton_y = skeleton_of_truth(s, self.iterations, self.skeleton)
        sums_y = sum_over(skeleton_y, s.p), count_pixels(skeleton_y)
        if self.skeleton == "menten":
            skeleton_b = skeleton_of_mask(s.b, self.iterations, self.skeleton)
            sums_p = sum_over(skeleton_b & s.y, s.p), sum_over(skeleton_b, s.p)
        else:
            # last, so that the skeleton, which needs the most memory, comes first in the backward pass
            sums_p = soft_skeleton_sums(s.p, s.y, self.iterations)
        return cldice_loss(*sums_p, *sums_y, self.smooth, self.batch)

    def look_at_truth(self, s: Segmentation) -> None:
        """Compute the skeletons of the ground truth in advance."""
        skeleton_of_truth(s, self.iterations, self.skeleton)

    def critical(self, s: Segmentation) -> torch.Tensor:
        """Return the two skeletons on which the ratios are computed."""
        return cldice_pixels(s, self.iterations, self.skeleton)


def cldice_pixels(s: Segmentation, iterations: int, skeleton: str = "soft") -> torch.Tensor:
    """Return the skeletons of the binarised prediction and of the ground truth (soft ones are binary for masks)."""
    return skeleton_of_mask(s.b, iterations, skeleton) | skeleton_of_truth(s, iterations, skeleton)


def skeleton_of_truth(s: Segmentation, iterations: int, skeleton: str = "soft") -> torch.Tensor:
    """Skeletonize y once for all losses of a call; see `skeleton_of_mask`."""
    return s.of_truth(f"{skeleton}_skeleton_{iterations}", lambda: skeleton_of_mask(s.y, iterations, skeleton))


def skeleton_of_mask(mask: torch.Tensor, iterations: int, skeleton: str) -> torch.Tensor:
    """Skeletonize masks, bool (B, K, *spatial), by one of the methods in `SKELETONS`."""
    found: torch.Tensor = (subfield_skeleton if skeleton == "menten" else soft_skeleton)(mask, iterations)
    return found
