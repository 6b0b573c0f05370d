"""Region-Wise loss: each pixel's probability weighted by a distance map of the ground truth."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from losses import _checks
from losses._base import PixelLoss
from losses._register import register
from losses._segmentation import Segmentation
from losses._terms import masked_mean
from topology.kernels.compiled import for_each


@register("region_wise", title="Region-Wise", reference="Valverde and Tohka, Pattern Recognition 2023")
@dataclass(eq=False, repr=False, kw_only=True)
class RegionWise(PixelLoss):
    """Rectified Region-Wise loss: the mean over pixels and channels of p times a weight map (Valverde and Tohka 2023).

    The map of a class is +1 outside of it and inside -d / max d, d the distance to its border: a wrong pixel costs 1,
    and a right one gains more the deeper it lies. The sum is over all channels, background included (for C = 1 it is 1
    - p), so the loss lies in [-1, 1] and is lowest for a perfect prediction. A class that fills the image has the map
    -1 throughout.

    Args:
        spacing: size of a pixel along each axis, for the distances; None for 1 throughout.
        batch: with ignored pixels, one mean over the batch; see `PixelLoss` for this and the other options.

    Raises:
        ValueError: `spacing` not positive, or not one for each axis.
        TypeError: `spacing` holds anything other than numbers.

    Reference:
        J. M. Valverde, J. Tohka, Region-wise loss for biomedical image segmentation, Pattern Recognition 2023,
        https://arxiv.org/abs/2108.01405
    """

    spacing: tuple[float, ...] | list[float] | None = None

    def check_parameters(self) -> None:
        """Reject values out of range."""
        for size in self.spacing or ():
            _checks.in_range("spacing", size, 0, interval="()")

    def compute(self, s: Segmentation) -> torch.Tensor:
        """Compute the whole loss."""
        if s.binary:
            foreground = torch.sigmoid(s.logits)
            p, y = torch.cat([1 - foreground, foreground], 1), torch.cat([~s.one_hot, s.one_hot], 1)
        else:
            p, y = torch.softmax(s.logits, 1), s.one_hot
        if self.spacing is not None and len(self.spacing) != p.ndim - 2:
            raise ValueError(f"`spacing` must have {p.ndim - 2} entries for this image, got {list(self.spacing)}")
        weighted = p * self._map(y).to(p)
        return weighted.mean() if s.valid is None else masked_mean(weighted, s.valid.expand_as(p), self.batch)

    def _map(self, y: torch.Tensor) -> torch.Tensor:
        masks = y.cpu().numpy()
        images = masks.reshape(-1, *masks.shape[2:])
        maps = np.stack(for_each(lambda image: _rectified_map(image, self.spacing), images))
        return torch.from_numpy(maps.reshape(masks.shape))


def _rectified_map(
    mask: npt.NDArray[np.bool_], spacing: tuple[float, ...] | list[float] | None
) -> npt.NDArray[np.float64]:
    """Return a map that is +1 outside a mask, and minus the relative distance to its border inside."""
    import edt

    if mask.all():
        return np.full(mask.shape, -1.0)
    squared = edt.edtsq(
        np.ascontiguousarray(mask), anisotropy=spacing and tuple(spacing), black_border=False, parallel=1
    )
    distance = np.sqrt(squared, dtype=np.float64)
    return np.where(mask, -distance / max(distance.max(), np.finfo(float).tiny), 1.0)
