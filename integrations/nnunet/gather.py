"""One batch from all GPUs: their parts are gathered so that gradients flow back to each of them."""

from typing import Any, cast

import torch
import torch.distributed as dist


def gather(tensor: torch.Tensor) -> torch.Tensor:
    """Concatenate the tensors of all processes along the batch axis.

    The gradient that a process gets back is the sum of those of all processes for its part. Where all compute the same
    loss of the gathered batch, that is the number of processes times the loss's gradient, and the mean over processes
    that DistributedDataParallel takes makes it the gradient of the loss.

    Args:
        tensor: (B, ...), of the same shape in all processes.

    Returns:
        (processes * B, ...).
    """
    if tensor.is_floating_point():
        return cast(torch.Tensor, _Gather.apply(tensor))
    return torch.cat(_of_all(tensor))


def _of_all(tensor: torch.Tensor) -> list[torch.Tensor]:
    # as bytes, since not every backend supports every integer type
    own = tensor.contiguous()
    sent = own if own.is_floating_point() else own.view(torch.uint8)
    parts = [torch.empty_like(sent) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, sent)
    return [part.view(tensor.dtype) for part in parts]


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor) -> torch.Tensor:
        return torch.cat(_of_all(tensor))

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        total = gradient.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total.chunk(dist.get_world_size())[dist.get_rank()]
