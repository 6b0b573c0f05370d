"""A loss in nnU-Net's terms: targets, ignore label, batch Dice over processes, deep supervision. Needs no nnU-Net."""

import os
import socket

import numpy as np
import pytest
import torch
import torch.distributed as dist
from fixtures.nnunet_examples import SPATIAL, classes, regions, value_and_gradient
from torch import nn
from torch.nn.parallel import DistributedDataParallel

import losses
from integrations.nnunet.loss import DeepSupervision, NNUNetLoss, Problem, scale_weights, without_term

SLUGS = ("dice_ce", "closs", "cldice", "scnp", "skeleton_recall")


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("slug", ["closs", "cldice", "scnp", "skeleton_recall", "focal"])
def test_classes_are_those_of_the_register(slug, dims):
    logits, target = classes(dims, ignore=True)
    loss = NNUNetLoss(slug, {}, Problem(3, dims, ignore_label=3, batch_dice=True))
    expected = losses.build(slug, batch=True, ignore_index=3)
    torch.testing.assert_close(value_and_gradient(loss, logits, target), value_and_gradient(expected, logits, target))


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("slug", ["closs", "cldice", "scnp", "skeleton_recall", "focal"])
def test_regions_with_their_ignored_pixels(slug, dims):
    logits, target = regions(dims, ignore=True)
    loss = NNUNetLoss(slug, {}, Problem(2, dims, regions=True, ignore_label=3))
    marked = torch.where(target[:, 2:], 255, target[:, :2].long())
    expected = losses.build(slug, regions=True, ignore_index=255)
    torch.testing.assert_close(value_and_gradient(loss, logits, target), value_and_gradient(expected, logits, marked))
    other = torch.where(target[:, 2:], -logits, logits)
    torch.testing.assert_close(loss(other, target), loss(logits, target))


def test_batch_is_that_of_the_plans_unless_named():
    logits, target = classes(2)
    problem = Problem(3, 2, batch_dice=True)
    named = NNUNetLoss("closs", {"batch": False}, problem)(logits, target)
    torch.testing.assert_close(named, losses.build("closs")(logits, target))
    assert not torch.isclose(named, NNUNetLoss("closs", {}, problem)(logits, target))


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_mixed_precision(slug, dtype):
    logits, target = classes(2)
    loss = NNUNetLoss(slug, {}, Problem(3, 2))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value, gradient = value_and_gradient(loss, logits.to(dtype), target)
    assert value.dtype == torch.float32
    assert torch.isfinite(gradient).all()
    torch.testing.assert_close(value, loss(logits.to(dtype).float(), target))


@pytest.mark.parametrize("with_ignored", [False, True], ids=["all", "ignored"])
@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("make", [classes, regions])
@pytest.mark.parametrize("slug", ["closs", "cldice", "skeleton_recall"])
def test_skeletons_made_by_workers_give_the_same_bits(slug, make, dims, with_ignored):
    logits, target = make(dims, with_ignored)
    problem = Problem(logits.shape[1], dims, make is regions, 3 if with_ignored else None)
    loss = NNUNetLoss(slug, {}, problem)
    longer = torch.cat([loss.with_views(image[None]) for image in target])  # workers have single images
    assert longer.shape[1] == target.shape[1] + sum(loss.views.values())
    assert longer.dtype == target.dtype
    assert all(map(torch.equal, value_and_gradient(loss, logits, longer), value_and_gradient(loss, logits, target)))


def test_scale_weights_are_nnunets():
    np.testing.assert_allclose(scale_weights(4, keep_last=False), np.array([4, 2, 1, 0]) / 7)
    kept = scale_weights(4, keep_last=True)
    np.testing.assert_allclose(kept, np.array([1, 0.5, 0.25, 1e-6]) / 1.750001)
    assert scale_weights(1, keep_last=False) == [1.0]


def test_deep_supervision_weighs_and_leaves_out():
    logits, target = classes(2)
    loss = NNUNetLoss("dice_ce", {}, Problem(3, 2))
    weights = scale_weights(3, keep_last=False)
    half = nn.functional.avg_pool2d(logits, 2), target[..., ::2, ::2]
    never = torch.full((4, 3, 3, 3), torch.nan), target[..., ::4, ::4]
    value = DeepSupervision([loss] * 3, weights)([logits, half[0], never[0]], [target, half[1], never[1]])
    torch.testing.assert_close(value, 2 / 3 * loss(logits, target) + 1 / 3 * loss(*half))


@pytest.mark.parametrize(
    ("slug", "parameters", "base"),
    [
        ("closs", {"gamma": 0.3}, "dice_ce"),
        ("cldice", {}, "dice"),
        ("skeleton_recall", {"weight": 2.0}, "dice_ce"),
        ("topoloss", {}, "dice_ce"),
        ("scnp", {"window": 5, "joint": True}, "dice_ce"),
        ("scnp", {"base": "focal"}, "focal"),
    ],
)
def test_a_loss_without_its_term_is_its_base(slug, parameters, base):
    logits, target = classes(2)
    expected = losses.build(base, **({"smooth": 1.0} if slug == "cldice" else {}))(logits, target)
    torch.testing.assert_close(losses.build(slug, **without_term(slug, parameters))(logits, target), expected)


@pytest.mark.parametrize("slug", ["dice_ce", "focal", "region_wise"])
def test_a_loss_without_a_term_has_none_to_leave_out(slug):
    with pytest.raises(ValueError, match=f"{slug!r} has none"):
        without_term(slug, {})


def test_a_loss_for_2d_is_refused_in_3d():
    with pytest.raises(ValueError, match="loss 'topoloss_published' is for 2D images, this configuration has 3D"):
        NNUNetLoss("topoloss_published", {}, Problem(3, 3))


CASES = [(slug, regional) for slug in SLUGS for regional in (False, True)]


def _network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Conv2d(1, 3, 3, padding=1)


def _example(regional: bool) -> tuple[torch.Tensor, torch.Tensor]:
    target = regions(2, True)[1] if regional else classes(2)[1]
    return torch.randn(4, 1, *SPATIAL[2], generator=torch.Generator().manual_seed(1)), target


def _problem(regional: bool, distributed: bool) -> Problem:
    channels = 2 if regional else 3
    return Problem(channels, 2, regional, 3 if regional else None, batch_dice=True, distributed=distributed)


def _output(net: nn.Module, images: torch.Tensor, regional: bool) -> torch.Tensor:
    return net(images)[:, : 2 if regional else 3]


def _train_on_one_of_two(rank: int, port: int, results) -> None:
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=2)
    mine = slice(2 * rank, 2 * rank + 2)
    gradients = {}
    for slug, regional in CASES:
        images, target = _example(regional)
        net, loss = DistributedDataParallel(_network()), NNUNetLoss(slug, {}, _problem(regional, distributed=True))
        given = loss.with_views(target) if regional else target
        loss(_output(net, images[mine], regional), given[mine]).backward()
        gradients[slug, regional] = [p.grad.numpy() for p in net.parameters()]
    results.put((rank, gradients))
    dist.barrier()
    dist.destroy_process_group()


def test_two_processes_share_the_ratios_of_the_whole_batch():
    """For `dice_ce` with ignored pixels the cross-entropy is each process's own, as nnU-Net's."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spawn = torch.multiprocessing.get_context("spawn")
    results = spawn.Queue()
    processes = [spawn.Process(target=_train_on_one_of_two, args=(rank, port, results)) for rank in range(2)]
    for process in processes:
        process.start()
    shared = dict(results.get(timeout=180) for _ in processes)
    for process in processes:
        process.join(60)
    for slug, regional in CASES:
        images, target = _example(regional)
        net, loss = _network(), NNUNetLoss(slug, {}, _problem(regional, distributed=False))
        output = _output(net, images, regional)
        value = loss(output, target)
        if loss.cross_entropy is not None:
            halves = [
                loss.cross_entropy(output[half], loss._split(target)[0][half]) for half in (slice(2), slice(2, 4))
            ]
            value = loss.loss(output, loss._split(target)[0]) + loss.factor * sum(halves) / 2
        value.backward()
        expected = [p.grad for p in net.parameters()]
        for rank in range(2):
            found = [torch.from_numpy(gradient) for gradient in shared[rank][slug, regional]]
            torch.testing.assert_close(found, expected, msg=lambda m, n=slug: f"{n}: {m}")
