"""cbDice and clMDice: clDice with centrelines and boundaries weighted by the radius."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from losses import _checks
from losses._base import SegmentationLoss
from losses._register import register
from losses._segmentation import Segmentation
from losses._terms import dice_ce_loss
from losses.cldice import SKELETONS, skeleton_of_mask
from topology import distances


@dataclass
class Centreline:
    """The skeleton of one mask and its distances, at chosen pixels (n,) of a batch.

    Attributes:
        on: whether a pixel is on the skeleton.
        depth: Q_v, the distance to the background as a share of the largest radius, at most 1.
        radius: Q_r, the same on the skeleton, 0 elsewhere.
        thinness: (R - r + 1) / R on the skeleton, 0 elsewhere: 1 / R on the centreline of the thickest part, 1 on the
            thinnest lines.
    """

    on: torch.Tensor
    depth: torch.Tensor
    radius: torch.Tensor
    thinness: torch.Tensor


@register("cbdice", title="cbDice", reference="Shi et al., MICCAI 2024")
@dataclass(eq=False, repr=False, kw_only=True)
class CBDice(SegmentationLoss):
    """Dice&CE and centreline boundary Dice, weighted (cbDice).

    L = L_pixel + weight * L_cb, L_cb = 1 - 2 T_prec T_sens / (T_prec + T_sens),
    T_prec = (sum Q_s^b Q_v^y + smooth) / (sum Q_s^b Q_r + smooth),
    T_sens = (sum Q_s^y Q_v^b + smooth) / (sum Q_s^y Q_r + smooth).

    b is the binarised prediction; of each mask, D is the Euclidean distance to its background, r = D on its skeleton
    and R = max(r, 1) over the image. Q_v = min(D, R) / R, Q_r = r / R, and on the skeleton
    Q_s = ((R - r + 1) / R)^(d - 1) in d dimensions, so that thin parts weigh more; those of b are multiplied by p.
    In the denominator of T_prec, Q_r is that of y, but that of b where a pixel of b's skeleton is not on that of y; in
    T_sens vice versa. Skeletons and distances carry no gradient. A mask that fills the image is taken as bounded by it.

    Q_s is that of the published code: a subtraction replaced the paper's division by the radius (its README). It
    differs from the published code in three ways: that loss is -1 for perfect agreement, sums over the batch, and
    treats all foreground classes as one problem, softmax over (z_0, the largest of the others); here each class is
    taken against the rest. L_cb may fall below 0 if false branches lie deep inside thick structures.

    Args:
        weight: of L_cb, at least 0; 1 in the published comparisons (beta).
        skeleton: of both masks: "soft", clDice's, or "menten", see `topology.subfield_skeleton` (the published code's
            rule there, the Euler number, changes the topology of some volumes; this one never does).
        iterations: k of clDice's skeleton, 10 in the published code; rounds of Menten's, 5 in the published code.
        skeleton_smooth: added to numerator and denominator of both ratios; 1 in the published code.
        smooth: of Dice alone; see `SegmentationLoss` for this and the other options.

    Raises:
        ValueError: `weight`, `iterations` or `skeleton_smooth` out of range, unknown `skeleton`.

    Reference:
        P. Shi et al., Centerline boundary Dice loss for vascular segmentation, MICCAI 2024,
        https://arxiv.org/abs/2407.01517
    """

    weight: float = 1.0
    skeleton: str = "soft"
    iterations: int = 10
    skeleton_smooth: float = 1.0

    def check_parameters(self) -> None:
        """Reject values out of range."""
        _checks.in_range("weight", self.weight, 0, source="cbDice, beta")
        _checks.one_of("skeleton", self.skeleton, SKELETONS)
        _checks.whole_number("iterations", self.iterations, 0, source="clDice alg. 1, k")
        _checks.in_range("skeleton_smooth", self.skeleton_smooth, 0, interval="()")

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        return dice_ce_loss(s, self.smooth, self.batch) + self.weight * self.term(s)

    def term(self, s: Segmentation) -> torch.Tensor:
        """Compute L_cb."""
        skeleton_b, skeleton_y = self.skeletons(s)
        pixels = (skeleton_b | skeleton_y).flatten().nonzero()[:, 0]
        size = s.y[0, 0].numel()
        image, number = pixels // size, s.y.shape[0] * s.y.shape[1]
        p = s.p.flatten().index_select(0, pixels)
        b = _centreline(s.b, skeleton_b, pixels, image, p.dtype)
        y = _centreline(s.y, skeleton_y, pixels, image, p.dtype)
        power = s.y.ndim - 3
        precision = p * self.centre(b, power)
        sensitivity = self.centre(y, power)
        radius_p = torch.where((b.radius > 0) & (y.radius == 0), p * b.radius, y.radius)
        radius_y = torch.where((y.radius > 0) & (b.radius == 0), y.radius, p * b.radius)

        def sums(values: torch.Tensor) -> torch.Tensor:
            of_images = values.new_zeros(number).index_add(0, image, values).view(s.y.shape[:2])
            return (of_images.sum(0) if self.batch else of_images) + self.skeleton_smooth

        t_prec = sums(precision * y.depth) / sums(precision * radius_p)
        t_sens = sums(sensitivity * p * b.depth) / sums(sensitivity * radius_y)
        return (1 - 2 * t_prec * t_sens / (t_prec + t_sens)).mean()

    def centre(self, line: Centreline, power: int) -> torch.Tensor:
        """Weight the pixels of a skeleton: Q_s."""
        return line.thinness**power

    def skeletons(self, s: Segmentation) -> tuple[torch.Tensor, torch.Tensor]:
        """Skeletonize b and y, bool (B, K, *spatial) each."""
        return self._skeleton(s.b), self._skeleton(s.y)

    def _skeleton(self, mask: torch.Tensor) -> torch.Tensor:
        skeleton = skeleton_of_mask(mask, self.iterations, self.skeleton)
        full = mask.flatten(2).all(2)
        if not full.any():
            return skeleton
        framed = F.pad(mask[full].unsqueeze(1), [1] * 2 * (mask.ndim - 2))
        inner = (slice(1, -1),) * (mask.ndim - 2)
        skeleton[full] = skeleton_of_mask(framed, self.iterations, self.skeleton)[:, 0][:, *inner]
        return skeleton

    def critical(self, s: Segmentation) -> torch.Tensor:
        """Return the two skeletons on which the ratios are computed."""
        skeleton_b, skeleton_y = self.skeletons(s)
        return skeleton_b | skeleton_y


@register("clmdice", title="clMDice", reference="Shi et al., MICCAI 2024")
@dataclass(eq=False, repr=False, kw_only=True)
class CLMDice(CBDice):
    """Dice&CE and centreline mask Dice, weighted: cbDice without the weight of thin parts, Q_s = the skeleton.

    See `CBDice` for the loss and its parameters.
    """

    def centre(self, line: Centreline, power: int) -> torch.Tensor:
        """Weight all pixels of a skeleton equally."""
        return line.on.to(line.radius.dtype)


def _centreline(
    mask: torch.Tensor, skeleton: torch.Tensor, pixels: torch.Tensor, image: torch.Tensor, dtype: torch.dtype
) -> Centreline:
    """Measure masks (B, K, *spatial) at the pixels, flat indices, of the skeletons; `image`: each one's mask."""
    on = skeleton.flatten()[pixels]
    distance = distances(mask).flatten()[pixels].to(dtype)
    radius = torch.where(on, distance, 0)
    largest = radius.new_ones(mask.shape[0] * mask.shape[1]).scatter_reduce(0, image, radius, "amax")[image]
    thinness = torch.where(on, (largest - radius + 1) / largest, 0)
    return Centreline(on, torch.minimum(distance, largest) / largest, radius / largest, thinness)
