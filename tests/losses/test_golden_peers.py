"""Values and gradients of the published cbDice, clMDice, Topograph, Warping and Menten's skeleton."""

import numpy as np
import pytest
import torch
from golden.by_key import array, cases, manifest

import losses
import topology

TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-4}

dtypes = pytest.mark.parametrize("dtype", TOLERANCE, ids=str)


def inputs(key: str, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    """Give the logits, with one channel as two, and class indices."""
    name = key.split("/")[0]
    z = torch.tensor(array(f"{name}/input/logits"), dtype=dtype)
    z = torch.cat([torch.zeros_like(z), z], 1) if z.shape[1] == 1 else z
    return z.requires_grad_(), torch.tensor(array(f"{name}/input/target"))


def assert_value_and_gradient(key: str, value: torch.Tensor, z: torch.Tensor, offset: float = 0.0) -> None:
    """Compare a term with the reference's loss, a constant apart, and its gradient."""
    value.backward()
    arrays = manifest()[key]["arrays"]
    expected = array(f"{key}/{'loss_f64' if 'loss_f64' in arrays else 'loss'}")
    tolerance = TOLERANCE[z.dtype]
    np.testing.assert_allclose(value.item() + offset, expected, rtol=tolerance, atol=tolerance * 1e-3)
    gradient = array(f"{key}/grad_logits")
    limit = tolerance * max(np.abs(gradient).max(), 1e-3)
    np.testing.assert_allclose(z.grad.double().numpy(), gradient, rtol=0, atol=limit)


def thinned_alike(key: str) -> bool:
    """Whether Menten's Boolean rule finds the skeletons that the published cbDice has by the Euler number."""
    z, target = inputs(key)
    found = [topology.subfield_skeleton(mask[:, None], 5)[:, 0] for mask in _two_classes(z, target)]
    return all(
        np.array_equal(mask.numpy(), array(f"{key.replace('clmdice', 'cbdice')}/skeleton_{name}") > 0)
        for mask, name in zip(found, ("prediction", "target"), strict=True)
    )


def _merged(z: torch.Tensor) -> torch.Tensor:
    """All foreground classes as one: the published cbDice takes softmax over (z_0, the largest of the others)."""
    return torch.cat([z[:, :1], z[:, 1:].amax(1, keepdim=True)], 1)


def _two_classes(z: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return _merged(z).argmax(1) == 1, target[:, 0] > 0


@dtypes
@pytest.mark.parametrize("key", cases("cbdice", "clmdice"))
def test_cbdice(key, dtype):
    """Minus one: that loss is -1 for perfect agreement."""
    z, target = inputs(key, dtype)
    arguments = manifest()[key]["args"]
    options = {"iterations": arguments["iter_"]}
    if arguments["t_skeletonize_flage"]:
        if not thinned_alike(key):
            pytest.skip("the Euler number, which the reference thins by, changes topology here")
        options = {"iterations": 5, "skeleton": "menten"}
    loss = losses.build(manifest()[key]["family"], batch=True, **options)
    assert_value_and_gradient(key, loss.topological_term(_merged(z), (target > 0).long()), z, offset=-1.0)


@pytest.mark.parametrize("key", cases("cbdice", "clmdice", holding="edge"))
def test_cbdice_of_one_channel(key):
    """The published code stops with an IndexError; here one channel is the same as (0, z)."""
    if "skeleton_prediction" in manifest()[key]["arrays"]:
        pytest.skip("Menten's skeleton: see test_cbdice")
    z, target = inputs(key)
    one = z.detach()[:, 1:].clone().requires_grad_()
    value = losses.build(manifest()[key]["family"], iterations=10, batch=True).topological_term(one, target)
    value.backward()
    np.testing.assert_allclose(value.item() - 1, array(f"{key}/loss_f64"), rtol=1e-6)
    expected = array(f"{key}/grad_logits")[:, 1:]
    np.testing.assert_allclose(one.grad.numpy(), expected, rtol=0, atol=1e-6 * max(np.abs(expected).max(), 1e-3))


TOPOGRAPH = {"aggregation": "aggregation", "include_background": "include_background"}


def topograph(key: str) -> losses.topograph.Topograph:
    arguments = manifest()[key]["args"]
    adjacency = 8 if arguments.get("eight_connectivity", True) else 4
    options = {ours: arguments[theirs] for theirs, ours in TOPOGRAPH.items() if theirs in arguments}
    return losses.build("topograph", adjacency=adjacency, **options)


@dtypes
@pytest.mark.parametrize("key", cases("tg"))
def test_topograph(key, dtype):
    z, target = inputs(key, dtype)
    assert_value_and_gradient(key, topograph(key).topological_term(z, target), z)


@pytest.mark.parametrize("key", cases("tg"))
def test_critical_regions_of_topograph(key):
    """The same regions, whatever their numbers."""
    z, target = inputs(key)
    loss = topograph(key)
    (problem,) = loss.problems(z, target)
    found = loss.numbered_regions(problem).numpy()
    for mine, theirs in zip(found.reshape(-1, *found.shape[2:]), _images(array(f"{key}/regions")), strict=True):
        pairs = set(zip(mine.ravel().tolist(), theirs.ravel().tolist(), strict=True))
        assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
        np.testing.assert_array_equal(mine > 0, theirs > 0)


def _images(batch: np.ndarray) -> np.ndarray:
    return batch.reshape(-1, *batch.shape[2:])


@dtypes
@pytest.mark.parametrize("key", cases("warp"))
def test_warping(key, dtype):
    z, target = inputs(key, dtype)
    loss = losses.build("warping_published", batch=True)
    critical = loss.critical_pixels(z.detach(), target)[:, 1].numpy()
    np.testing.assert_array_equal(critical, array(f"{key}/critical") > 0)
    assert_value_and_gradient(key, loss.topological_term(z, target), z)


@pytest.mark.parametrize("key", cases("menten", holding="_target") + cases("menten", holding="_prediction"))
def test_skeleton_of_menten(key):
    z, target = inputs(key)
    mask = target > 0 if key.endswith("target") else z.detach()[:, 1:] > 0
    for name in [name for name in manifest()[key]["arrays"] if name.startswith("boolean")]:
        found = topology.subfield_skeleton(mask, int(name.rsplit("_", 1)[1]))
        np.testing.assert_array_equal(found.numpy(), array(f"{key}/{name}") > 0)


@pytest.mark.parametrize("key", cases("menten", holding="_probabilistic"))
def test_skeleton_of_menten_with_drawn_noise(key):
    """The random binarisation written out, with the reference's noise: p > 0.5 after logistic noise of scale beta."""
    z, _ = inputs(key, torch.float32)
    noise = torch.tensor(array(f"{key}/uniform_noise"))
    noise = noise[(..., *[slice(1, -1)] * 3)].reshape(z[:, 1:].shape)
    mask = z[:, 1:].detach() + manifest()[key]["args"]["beta"] * torch.logit(noise) > 0
    found = topology.subfield_skeleton(mask, manifest()[key]["args"]["num_iter"])
    np.testing.assert_array_equal(found.numpy(), array(f"{key}/output") > 0)


@pytest.mark.parametrize("key", cases("menten", holding="_prediction"))
def test_cldice_with_the_skeleton_of_menten(key):
    """p on the golden skeleton of the prediction, y on that of the ground truth, put together by hand."""
    z, target = inputs(key)
    one = z.detach()[:, 1:].clone().requires_grad_()
    skeleton_b = torch.tensor(array(f"{key}/boolean_5"))
    skeleton_y = torch.tensor(array(f"{key.replace('prediction', 'target')}/boolean_5"))
    p = torch.sigmoid(one)
    precision = ((p * skeleton_b * target).sum() + 1) / ((p * skeleton_b).sum() + 1)
    sensitivity = ((p * skeleton_y).sum() + 1) / (skeleton_y.sum() + 1)
    expected = 1 - 2 * precision * sensitivity / (precision + sensitivity)
    value = losses.build("cldice", skeleton="menten", iterations=5, batch=True).topological_term(one, target)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(*[torch.autograd.grad(v, one)[0] for v in (value, expected)])
