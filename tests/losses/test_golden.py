"""The project's own golden values: losses and gradients in float64 at 1e-6 relative and in float32 at 1e-4."""

import numpy as np
import pytest
import torch
from golden import Case, cases

import losses
import topology

TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-4}
PARAMETERS = {
    "thpm": {},
    "shpm": {},
    "phpm_dims0": {"dims": (0,), "mean": "dimensions"},
    "phpm_dims1": {"dims": (1,), "mean": "dimensions"},
    "phpm_dims2": {"dims": (2,), "mean": "dimensions"},
    "phpm_dims01": {"dims": (0, 1), "mean": "dimensions"},
}
HARD_PIXELS = [*cases("project", "thpm"), *cases("project", "shpm"), *cases("project", "phpm")]


def _number(case: Case, letter: str) -> int:
    """Give the number that follows a letter at the end of the case's name: 10 of `cldice_k10`."""
    return int(case.variant.rsplit(letter, 1)[1])


def _assert_close(actual: torch.Tensor, expected: np.ndarray, dtype: torch.dtype) -> None:
    scale = max(np.abs(expected).max(), 1e-3)
    np.testing.assert_allclose(actual.detach().double().numpy(), expected, rtol=0, atol=TOLERANCE[dtype] * scale)


def _assert_field(case: Case, name: str, actual: torch.Tensor) -> None:
    """Compare a field with the reference's, unless the set leaves it out for its size."""
    if case.has(name):
        _assert_close(actual, case.array(name), actual.dtype)


def _assert_gradient(case: Case, name: str, leaf: torch.Tensor, values: torch.Tensor) -> None:
    """Compare gradients, summed over pixels of equal value: which of them takes a share is nowhere laid down."""
    assert torch.isfinite(leaf.grad).all()
    if not case.has(name):
        return
    _, group = np.unique(values.detach().numpy(), return_inverse=True)
    sums = [np.bincount(group.ravel(), g.astype(float).ravel()) for g in (leaf.grad.numpy(), case.array(name))]
    _assert_close(torch.from_numpy(sums[0]), sums[1], leaf.dtype)


dtypes = pytest.mark.parametrize("dtype", TOLERANCE, ids=str)


@dtypes
@pytest.mark.parametrize("case", cases("project", "soft_skeleton"))
def test_soft_skeleton(case: Case, dtype):
    logits = case.logits(dtype)
    p = torch.sigmoid(logits.detach()).requires_grad_()
    skeleton = topology.soft_skeleton(p, _number(case, "_k"))
    _assert_field(case, "output", skeleton)
    weights = case.weights(dtype)
    (weights * skeleton).sum().backward()
    _assert_gradient(case, "grad", p, p)


@dtypes
@pytest.mark.parametrize("case", cases("project", "cldice"))
def test_cldice(case: Case, dtype):
    logits, target = case.logits(dtype), case.target()
    loss = losses.build("cldice", iterations=_number(case, "_k"), smooth=1.0, batch=True)
    value = loss.topological_term(logits, target)
    value.backward()
    _assert_close(value, case.array("loss"), dtype)
    _assert_gradient(case, "grad_logits", logits, torch.sigmoid(logits))


@dtypes
@pytest.mark.parametrize("case", cases("project", "scnp"))
def test_scnp(case: Case, dtype):
    logits, target = case.logits(dtype), case.target()
    output = losses.scnp_logits(logits, target, window=_number(case, "_w"))
    _assert_field(case, "output", output)
    weights = case.weights(dtype)
    (weights * output).sum().backward()
    _assert_gradient(case, "grad_logits", logits, logits)


@dtypes
@pytest.mark.parametrize("case", HARD_PIXELS)
def test_hard_pixel_mining(case: Case, dtype):
    logits, target = case.logits(dtype), case.target()
    slug = case.variant.split("_")[0]
    loss = losses.build(slug, threshold=0.6, **PARAMETERS[case.variant])
    value = loss.topological_term(logits, target)
    value.backward()
    _assert_close(value, case.array("loss"), dtype)
    _assert_gradient(case, "grad_logits", logits, torch.sigmoid(logits))


@dtypes
@pytest.mark.parametrize("case", cases("project", "topoloss"))
def test_topoloss(case: Case, dtype):
    logits, target = case.logits(dtype), case.target()
    loss = losses.build("topoloss", patch=_number(case, "_patch"), dims=(0,), persistence_threshold=0.03)
    value = loss.topological_term(logits, target)
    value.backward()
    _assert_close(value, case.array("loss"), dtype)
    _assert_gradient(case, "grad_logits", logits, torch.sigmoid(logits))
