"""The losses in a training as it is: a net that learns, deep supervision, data parallelism, torch.compile."""

import itertools
import os
import socket

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

import losses

FAST = {"cldice": {"iterations": 2}, "compound_cldice": {"iterations": 2}, "clce": {"iterations": 2}}
every_loss = pytest.mark.parametrize("name", losses.names())


def build(name: str) -> losses._base.PixelLoss:
    return losses.build(name, **FAST.get(name, {}))


def images_and_target(batch: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    target = torch.zeros(batch, 1, 16, 16, dtype=torch.long)
    target[:, :, 4:7], target[:, :, :, 9:12] = 1, 1
    noise = torch.randn(batch, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    return target + 0.7 * noise, target


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 2, 3, padding=1))


@every_loss
def test_forty_steps_lower_the_loss(name):
    net, loss = network(), build(name)
    images, target = images_and_target()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    values = []
    for _ in range(40):
        optimizer.zero_grad()
        value = loss(net(images), target)
        value.backward()
        optimizer.step()
        values.append(value.item())
    assert min(values[-5:]) < 0.97 * values[0] if values[0] > 0 else values[-1] < values[0]


@every_loss
def test_deep_supervision(name):
    """MONAI's wrapper calls the loss on each scale with the target shrunk to it, and weighs by 1, 1/2, ..."""
    from monai.losses import DeepSupervisionLoss

    images, target = images_and_target()
    full = network()(images)
    half = nn.functional.avg_pool2d(full, 2)
    loss = build(name)
    value = DeepSupervisionLoss(loss)([full, half], target.float())
    small = nn.functional.interpolate(target.float(), half.shape[2:], mode="nearest-exact")
    torch.testing.assert_close(value, loss(full, target) + 0.5 * loss(half, small))
    value.backward()


@every_loss
def test_compile_changes_nothing(name):
    """Graph breaks are allowed; a backend without code generation needs no compiler on the machine."""
    net, loss = network(), build(name)
    images, target = images_and_target()

    def step(batch: torch.Tensor) -> torch.Tensor:
        return loss(net(batch), target)

    expected, value = step(images), torch.compile(step, backend="aot_eager")(images)
    torch.testing.assert_close(value, expected)
    gradients = (torch.autograd.grad(loss, net.parameters()) for loss in (value, expected))
    torch.testing.assert_close(*gradients)
    alone = torch.compile(loss, backend="aot_eager")(net(images).detach(), target)
    torch.testing.assert_close(alone, expected.detach())


def _train_on_one_of_two(rank: int, port: int, results) -> None:
    """Hand back each loss's gradients of a net that has seen one half of the batch on each of two processes."""
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=2)
    images, target = images_and_target()
    mine = slice(2 * rank, 2 * rank + 2)
    gradients = {}
    for name in losses.names():
        net = DistributedDataParallel(network())
        build(name)(net(images[mine]), target[mine]).backward()
        gradients[name] = [p.grad.numpy() for p in net.parameters()]
    results.put((rank, gradients))
    dist.barrier()
    dist.destroy_process_group()


def test_two_processes_share_the_gradient_of_the_whole_batch():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spawn = torch.multiprocessing.get_context("spawn")
    results = spawn.Queue()
    processes = [spawn.Process(target=_train_on_one_of_two, args=(r, port, results)) for r in range(2)]
    for process in processes:
        process.start()
    shared = dict(results.get(timeout=180) for _ in processes)
    for process in processes:
        process.join(60)
    images, target = images_and_target()
    for name, rank in itertools.product(losses.names(), range(2)):  # all losses in one pair of processes
        net = network()
        build(name)(net(images), target).backward()
        found = [torch.from_numpy(gradient) for gradient in shared[rank][name]]
        torch.testing.assert_close(found, [p.grad for p in net.parameters()], msg=lambda m, n=name: f"{n}: {m}")
