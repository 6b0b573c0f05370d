"""Small batches as nnU-Net hands them to its loss."""

import torch

SPATIAL = {2: (12, 14), 3: (6, 9, 8)}


def classes(dims: int, ignore: bool = False, batch: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    """Give logits of three classes and nnU-Net's target: int16, the ignore label 3 in it."""
    target = torch.zeros(batch, 1, *SPATIAL[dims], dtype=torch.int16)
    target[..., 2:4, :] = 1
    target[..., 5] = 2
    target[1] = 0
    if ignore:
        target[0, ..., :4] = 3
    return torch.randn(batch, 3, *SPATIAL[dims], generator=torch.Generator().manual_seed(0)), target


def regions(dims: int, ignore: bool = False, batch: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    """Give logits of two overlapping regions and nnU-Net's target: bool, the ignored pixels last."""
    logits, labels = classes(dims, ignore, batch)
    channels = [(labels == 1) | (labels == 2), labels == 2] + [labels == 3] * ignore
    return logits[:, :2], torch.cat(channels, 1)


def value_and_gradient(loss, logits, target) -> tuple[torch.Tensor, torch.Tensor]:
    z = logits.clone().requires_grad_()
    value = loss(z, target)
    value.backward()
    return value.detach(), z.grad
