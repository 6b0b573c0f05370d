"""Values and gradients of the reference implementations, float64 at 1e-6 relative and float32 at 1e-4."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

import losses
import topology

GOLDEN = Path(__file__).parents[3] / "shared" / "golden"
TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-4}
PARAMETERS = {
    "thpm": {},
    "shpm": {},
    "phpm_dims0": {"dims": (0,)},
    "phpm_dims1": {"dims": (1,)},
    "phpm_dims2": {"dims": (2,)},
    "phpm_dims01": {"dims": (0, 1)},
}


def _cases(*families: str) -> list[str]:
    if not GOLDEN.is_dir():
        return []
    cases = json.loads((GOLDEN / "manifest.json").read_text())["cases"]
    return [c["key"] for c in cases if c["key"].split("/")[-1].split("_")[0] in families]


def _needs(keys: list[str]) -> list[object]:
    return list(keys) or [
        pytest.param("", marks=pytest.mark.skip("sample folder 'golden' is not beside this checkout"))
    ]


@pytest.fixture(scope="module")
def golden(shared_golden: Path) -> np.lib.npyio.NpzFile:
    return np.load(shared_golden / "golden.npz")


def _inputs(golden, key: str, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    name, *rest = key.split("/")
    logits = torch.tensor(golden[f"{name}/input/logits"], dtype=dtype)
    target = torch.tensor(golden[f"{name}/input/target"])
    sample = re.match(r"sample(\d+)", rest[0])
    chosen = slice(int(sample[1]), int(sample[1]) + 1) if sample else slice(None)
    return logits[chosen].clone().requires_grad_(), target[chosen]


def _assert_close(actual: torch.Tensor, expected: np.ndarray, dtype: torch.dtype) -> None:
    scale = max(np.abs(expected).max(), 1e-3)
    np.testing.assert_allclose(actual.detach().double().numpy(), expected, rtol=0, atol=TOLERANCE[dtype] * scale)


def _assert_gradient(logits: torch.Tensor, values: torch.Tensor, expected: np.ndarray) -> None:
    """Compare gradients, summed over pixels of equal value: which of them takes a share is nowhere laid down."""
    assert torch.isfinite(logits.grad).all()
    _, group = np.unique(values.detach().numpy(), return_inverse=True)
    actual = np.bincount(group.ravel(), logits.grad.double().numpy().ravel())
    _assert_close(torch.from_numpy(actual), np.bincount(group.ravel(), expected.ravel()), logits.dtype)


dtypes = pytest.mark.parametrize("dtype", TOLERANCE, ids=str)


@dtypes
@pytest.mark.parametrize("key", _needs(_cases("soft")))
def test_soft_skeleton(golden, key, dtype):
    logits, _ = _inputs(golden, key, dtype)
    p = torch.sigmoid(logits.detach()).requires_grad_()
    skeleton = topology.soft_skeleton(p, int(key.rsplit("_k", 1)[1]))
    _assert_close(skeleton, golden[f"{key}/output"], dtype)
    weights = torch.tensor(golden[f"{key.split('/')[0]}/weights/weights"], dtype=dtype)
    (weights * skeleton).sum().backward()
    _assert_gradient(p, p, golden[f"{key}/grad"])


@dtypes
@pytest.mark.parametrize("key", _needs(_cases("cldice")))
def test_cldice(golden, key, dtype):
    logits, target = _inputs(golden, key, dtype)
    loss = losses.build("cldice", iterations=int(key.rsplit("_k", 1)[1]), smooth=1.0, batch=True)
    value = loss.topological_term(logits, target)
    value.backward()
    _assert_close(value, golden[f"{key}/loss"], dtype)
    _assert_gradient(logits, torch.sigmoid(logits), golden[f"{key}/grad_logits"])


@dtypes
@pytest.mark.parametrize("key", _needs(_cases("scnp")))
def test_scnp(golden, key, dtype):
    logits, target = _inputs(golden, key, dtype)
    output = losses.scnp_logits(logits, target, window=int(key.rsplit("_w", 1)[1]))
    _assert_close(output, golden[f"{key}/output"], dtype)
    weights = torch.tensor(golden[f"{key.split('/')[0]}/weights/weights"], dtype=dtype)
    (weights * output).sum().backward()
    _assert_gradient(logits, logits, golden[f"{key}/grad_logits"])


@dtypes
@pytest.mark.parametrize("key", _needs(_cases("thpm", "shpm", "phpm")))
def test_hard_pixel_mining(golden, key, dtype):
    logits, target = _inputs(golden, key, dtype)
    variant = key.split("/")[-1]
    loss = losses.build(variant.split("_")[0], threshold=0.6, **PARAMETERS[variant])
    value = loss.topological_term(logits, target)
    value.backward()
    _assert_close(value, golden[f"{key}/loss"], dtype)
    _assert_gradient(logits, torch.sigmoid(logits), golden[f"{key}/grad_logits"])


@dtypes
@pytest.mark.parametrize("key", _needs(_cases("topoloss")))
def test_topoloss(golden, key, dtype):
    logits, target = _inputs(golden, key, dtype)
    loss = losses.build("topoloss", patch=int(key.rsplit("_patch", 1)[1]), dims=(0,), persistence_threshold=0.03)
    value = loss.topological_term(logits, target)
    value.backward()
    _assert_close(value, golden[f"{key}/loss"], dtype)
    _assert_gradient(logits, torch.sigmoid(logits), golden[f"{key}/grad_logits"])
