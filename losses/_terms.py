"""The terms that several losses are built from: Dice, cross-entropy, means over pixels, log odds."""

import torch
import torch.nn.functional as F

from losses import _fused
from losses._segmentation import Segmentation

_ROW = 1024


def spatial_axes(tensor: torch.Tensor, batch: bool = False) -> tuple[int, ...]:
    """Return the axes to sum over: the spatial ones, and the batch axis with `batch`."""
    return (0, *range(2, tensor.ndim)) if batch else tuple(range(2, tensor.ndim))


def count_pixels(mask: torch.Tensor, batch: bool = False) -> torch.Tensor:
    """Count the pixels of a bool mask (B, K, *spatial), for each class and, without `batch`, each sample."""
    if mask.device.type != "cpu":
        return mask.sum(spatial_axes(mask, batch))
    # on the CPU, sum would first copy the mask to eight bytes a pixel
    counts = torch.stack([torch.count_nonzero(image) for image in mask.flatten(0, 1)]).view(mask.shape[:2])
    return counts.sum(0) if batch else counts


def sum_over(mask: torch.Tensor, values: torch.Tensor, batch: bool = False) -> torch.Tensor:
    """Sum values (B, K, *spatial) over a bool mask, for each class and, without `batch`, each sample."""
    return torch.where(mask, values, 0).sum(spatial_axes(mask, batch))


def sum_in_order(values: torch.Tensor) -> torch.Tensor:
    """Sum a vector in an order that does not depend on the number of threads, as that of a long `sum` does."""
    return F.pad(values, (0, -len(values) % _ROW)).view(-1, _ROW).sum(1).sum()


def dice_ratio(overlap: torch.Tensor, total: torch.Tensor, smooth: float) -> torch.Tensor:
    """Compute 1 - (2 overlap + smooth) / (total + smooth), averaged."""
    return (1 - (2 * overlap + smooth) / (total + smooth)).mean()


def dice_loss(p: torch.Tensor, y: torch.Tensor, smooth: float, batch: bool) -> torch.Tensor:
    """Compute the soft Dice loss, 1 - (2 sum p y + smooth) / (sum p + sum y + smooth).

    Args:
        p: probabilities (B, K, *spatial).
        y: ground truth (B, K, *spatial), bool.
        smooth: > 0.
        batch: sums over the batch as well.

    Returns:
        Mean over classes (and samples), in [0, 1).
    """
    total = p.sum(spatial_axes(p, batch)) + count_pixels(y, batch)
    return dice_ratio(sum_over(y, p, batch), total, smooth)


def cross_entropy_loss(s: Segmentation, batch: bool) -> torch.Tensor:
    """Compute the mean cross-entropy over the pixels that count.

    Args:
        s: prediction and ground truth.
        batch: one mean over the batch; it differs from the mean of the samples' means only with ignored pixels.

    Returns:
        Scalar, 0 where all pixels are ignored.
    """
    return mean_over_pixels(s.cross_entropy, s, batch)


def masked_mean(values: torch.Tensor, mask: torch.Tensor, batch: bool = False) -> torch.Tensor:
    """Average values over a mask for each sample and class, 0 where the mask is empty, then over both.

    Args:
        values: (B, K or 1, *spatial).
        mask: bool (B, K, *spatial).
        batch: one mean over the batch for each class.

    Returns:
        Scalar.
    """
    return (sum_over(mask, values, batch) / count_pixels(mask, batch).clamp(min=1)).mean()


def mean_over_pixels(values: torch.Tensor, s: Segmentation, batch: bool) -> torch.Tensor:
    """Average values over all pixels that count, zeros included, then over classes and samples.

    Args:
        values: (B, K or 1, *spatial); 0 where ignored.
        s: prediction and ground truth.
        batch: with ignored pixels, one mean over the batch instead of one for each sample.

    Returns:
        Scalar, 0 where all pixels are ignored.
    """
    if s.valid is None:
        return values.mean()
    return masked_mean(values, s.valid.expand_as(values), batch)


def one_against_rest(s: Segmentation) -> torch.Tensor:
    """Compute, for each class that counts, the logit of its probability, log(p / (1 - p)); 0 where ignored.

    Args:
        s: prediction and ground truth.

    Returns:
        (B, K, *spatial): z for one channel, z_c - log sum over j != c of exp(z_j) for several.
    """
    z = s.logits
    if not s.binary:
        channels = range(s.first, s.logits.shape[1])
        rest = [torch.cat([s.logits[:, :c], s.logits[:, c + 1 :]], 1).logsumexp(1) for c in channels]
        z = s.logits[:, s.first :] - torch.stack(rest, 1)
    return z if s.valid is None else torch.where(s.valid, z, 0)


def dice_ce_loss(s: Segmentation, smooth: float, batch: bool) -> torch.Tensor:
    """Compute Dice + cross-entropy, equally weighted: L_pixel of the papers."""
    if _fused.fits(s.logits):
        return _fused.dice_ce_loss(s, smooth, batch, _dice_ce_loss)
    return _dice_ce_loss(s, smooth, batch)


def _dice_ce_loss(s: Segmentation, smooth: float, batch: bool) -> torch.Tensor:
    return dice_loss(s.p, s.y, smooth, batch) + cross_entropy_loss(s, batch)
