"""Reader of the official golden set: inputs and cases of a family."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

FOLDER = Path(__file__).parents[3] / "shared" / "golden" / "official"
DTYPES = {"f64": torch.float64, "f32": torch.float32}


@dataclass(frozen=True)
class Case:
    """One case: what the official code returned on one input."""

    content: dict[str, Any]

    @property
    def key(self) -> str:
        return self.content["key"]

    @property
    def input_name(self) -> str:
        return self.key.split("/")[0]

    @property
    def variant(self) -> str:
        last_two = self.key.split("/")[-2:]
        return last_two[0] if last_two[1] in DTYPES else last_two[1]

    @property
    def dtype(self) -> torch.dtype:
        return DTYPES[self.key.split("/")[-1]]

    @property
    def sample(self) -> slice:
        part = self.key.split("/")[1]
        number = int(part[6:]) if part.startswith("sample") else None
        return slice(None) if number is None else slice(number, number + 1)

    @property
    def has_ties(self) -> bool:
        """Tell whether equal values leave the gradient open."""
        return not self.content.get("compare_gradient", True)

    def array(self, name: str) -> np.ndarray:
        return _file(self.content["file"])[f"{self.key}/{name}"]

    def logits(self) -> torch.Tensor:
        z = torch.tensor(_input(self.input_name, "logits"), dtype=self.dtype)[self.sample]
        return z.clone().requires_grad_()

    def target(self) -> torch.Tensor:
        return torch.tensor(_input(self.input_name, "target"))[self.sample]

    def weights(self) -> torch.Tensor:
        return torch.tensor(_input(self.input_name, "weights"), dtype=self.dtype)[self.sample]

    def assert_loss(self, value: torch.Tensor, expected: Any = None) -> None:
        expected = float(self.array("loss").ravel()[0]) if expected is None else float(expected)
        tolerance = self.content["tolerance"]["loss_rel"]
        assert abs(value.item() - expected) <= tolerance * max(abs(expected), 1e-3), (self.key, value.item(), expected)

    def assert_field(self, actual: torch.Tensor, expected: np.ndarray) -> None:
        tolerances = self.content["tolerance"]
        relative = tolerances["field_rel_to_max"]
        if expected.dtype == np.float32 and self.dtype == torch.float64:
            relative = tolerances.get("field_rel_to_max_if_stored_float32", relative)
        scale = max(float(np.abs(expected).max()), 1e-3)
        actual = actual.detach().double().numpy().reshape(expected.shape)
        np.testing.assert_allclose(actual, expected.astype(np.float64), rtol=0, atol=relative * scale, err_msg=self.key)

    def assert_gradient(self, gradient: torch.Tensor, name: str = "grad_logits") -> None:
        assert torch.isfinite(gradient).all(), self.key
        if self.has_ties:
            return
        if name in self.content["arrays"]:
            self.assert_field(gradient, self.array(name))
        if f"{name}_norm" in self.content["arrays"]:  # large gradients are stored as two numbers
            norm, dot = float(self.array(f"{name}_norm")), float(self.array(f"{name}_dot_weights"))
            tolerance = self.content["tolerance"]["field_rel_to_max"] * max(norm, 1e-3)
            weights = self.weights()
            assert abs(gradient.norm().item() - norm) <= tolerance, (self.key, gradient.norm().item(), norm)
            found = (gradient * weights).sum().item()
            assert abs(found - dot) <= tolerance * weights.norm().item(), (self.key, found, dot)

    def assert_gradient_of_p(self, gradient: torch.Tensor, z: torch.Tensor) -> None:
        """Compare a gradient with respect to the logits of one channel with the reference's to probabilities."""
        assert torch.isfinite(gradient).all(), self.key
        p = torch.sigmoid(z.detach())
        slope = p * (1 - p)
        if not self.has_ties and "grad_probabilities" in self.content["arrays"]:
            expected = self.array("grad_probabilities")
            self.assert_field(gradient, expected * slope.numpy().astype(expected.dtype))


_FILES: dict[str, Any] = {}


def _file(name: str) -> Any:
    if name not in _FILES:
        _FILES[name] = dict(np.load(FOLDER / name))
    return _FILES[name]


def _input(name: str, array: str) -> np.ndarray:
    return _file("inputs.npz")[f"{name}/{array}"]


def cases(family: str, *variants: str, reproduce: bool = True) -> list:
    """Give the cases of a family whose variant starts with one of the names; one skip where the folder is missing.

    With `reproduce=False` those that the set marks as wrong, kept as evidence.
    """
    if not FOLDER.is_dir():
        skip = pytest.mark.skip("sample folder 'golden' is not beside this checkout")
        return [pytest.param(None, marks=skip, id="no-golden")]
    contents = json.loads((FOLDER / "manifest.json").read_text())["cases"]
    found = [Case(c) for c in contents if c["family"] == family]
    chosen = [c for c in found if any(c.variant == v or c.variant.startswith(f"{v}_") for v in variants)]
    assert chosen, (family, variants)
    return [pytest.param(c, id=c.key) for c in chosen if c.content.get("reproduce", True) == reproduce]


def one_channel(found: list) -> list:
    """Keep the cases with one channel."""
    return [p for p in found if p.values[0] is None or _input(p.values[0].input_name, "logits").shape[1] == 1]


def several_channels(found: list) -> list:
    """Keep the cases with several channels."""
    return [p for p in found if p.values[0] is None or _input(p.values[0].input_name, "logits").shape[1] > 1]
