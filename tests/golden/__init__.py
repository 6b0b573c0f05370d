"""What the reference implementations return on fixed inputs; `cases` gives them to a test, case by case.

    @pytest.mark.parametrize("case", golden.cases("official", "scnp", "scnp_w3"))
    def test_scnp(case):
        z = case.logits()
        ...
        case.assert_field(output, case.array("output"))

The collections are "project" (the project's own conventions, families soft_skeleton, cldice, scnp, thpm, shpm, phpm,
topoloss, metrics), "official" (unmodified functions, families as the files of official/ are named), "more" (families
bm, bmpy, bmerror, cbdice, clmdice, tg, warp, menten) and "clce" (families clce, clce_compound). README.md says what
each of them holds, CONVENTIONS.md and MORE.md how the references behave.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from golden.packed import read

HERE = Path(__file__).parent
DTYPES = {"f64": torch.float64, "f32": torch.float32}
# the project's own set has no tolerances of its own: 1e-6 of the largest entry, which its README promises
PROJECT_TOLERANCE = {"loss_rel": 1e-6, "field_rel_to_max": 1e-6}


@dataclass(frozen=True)
class Case:
    """What a reference returned on one input; `content` is its entry in the manifest."""

    collection: str
    content: dict[str, Any]

    @property
    def key(self) -> str:
        return self.content["key"]

    @property
    def input_name(self) -> str:
        return self.key.split("/")[0]

    @property
    def variant(self) -> str:
        """Give the name of the case without its input, sample and dtype: `soft_cldice_k3`."""
        return [part for part in self.key.split("/") if part not in DTYPES][-1]

    @property
    def dtype(self) -> torch.dtype:
        """Give the dtype that the reference ran in; float64 where the key says nothing."""
        return DTYPES.get(self.key.split("/")[-1], torch.float64)

    @property
    def sample(self) -> slice:
        """Give the part of the batch that the case is about."""
        part = self.key.split("/")[1]
        number = int(part[6:]) if part.startswith("sample") else None
        return slice(None) if number is None else slice(number, number + 1)

    @property
    def args(self) -> dict[str, Any]:
        return self.content.get("args", {})

    @property
    def has_ties(self) -> bool:
        """Tell whether equal values leave the gradient open."""
        return not self.content.get("compare_gradient", True)

    @property
    def tolerance(self) -> dict[str, Any]:
        number = self.content.get("tolerance")
        return PROJECT_TOLERANCE if number is None else manifest(self.collection)["tolerances"][number]

    @property
    def names(self) -> list[str]:
        """Give the names of the arrays that the case has."""
        stored = _arrays(self.collection, self.content.get("file"))
        own = [path.removeprefix(f"{self.key}/") for path in stored if path.startswith(f"{self.key}/")]
        return own + self.content.get("as_float64", [])

    def has(self, name: str) -> bool:
        """Tell whether the case has an array of that name."""
        return name in self.names

    def array(self, name: str) -> np.ndarray:
        """Return an array of the case; some large ones of float32 runs are those of their float64 twins."""
        key = self.key.removesuffix("f32") + "f64" if name in self.content.get("as_float64", []) else self.key
        return _arrays(self.collection, self.content.get("file"))[f"{key}/{name}"]

    def logits(self, dtype: torch.dtype | None = None) -> torch.Tensor:
        """Return the logits of the case, a leaf that requires a gradient, by default in the reference's dtype."""
        z = torch.tensor(self._input("logits"), dtype=dtype or self.dtype)[self.sample]
        return z.clone().requires_grad_()

    def target(self) -> torch.Tensor:
        return torch.tensor(self._input("target"))[self.sample]

    def weights(self, dtype: torch.dtype | None = None) -> torch.Tensor:
        """Return the random field whose product with the output was summed before the gradient was taken."""
        return torch.tensor(self._input("weights"), dtype=dtype or self.dtype)[self.sample]

    def _input(self, array: str) -> np.ndarray:
        return input_array(self.collection, self.input_name, array)

    def assert_loss(self, value: torch.Tensor, expected: Any = None) -> None:
        """Compare a value with the reference's `loss`, or with another expected one, at the case's tolerance."""
        expected = float(self.array("loss").ravel()[0]) if expected is None else float(expected)
        difference = abs(value.item() - expected)
        assert difference <= self.tolerance["loss_rel"] * max(abs(expected), 1e-3), (self.key, value.item(), expected)

    def assert_field(self, actual: torch.Tensor, expected: np.ndarray, times: np.ndarray | None = None) -> None:
        """Compare a field with the reference's at the case's tolerance, relative to the largest entry.

        With `times` the expected field is the reference's times that; its rounding in the file is multiplied too.
        """
        relative, rounding = self.tolerance["field_rel_to_max"], 0.0
        if expected.dtype == np.float32 and self.dtype == torch.float64:
            relative, rounding = max(relative, 2e-7), 6e-8 * np.abs(expected).max()  # stored rounded: see README.md
        factor = np.ones_like(expected) if times is None else times
        product = expected.astype(np.float64) * factor
        allowed = relative * max(float(np.abs(product).max()), 1e-3) + (0 if times is None else rounding * factor)
        difference = np.abs(actual.detach().double().numpy().reshape(expected.shape) - product)
        assert (difference <= allowed).all(), (self.key, float(difference.max()), float(np.max(allowed)))

    def assert_gradient(self, gradient: torch.Tensor, name: str = "grad_logits") -> None:
        """Compare a gradient with the reference's, or with the two numbers that are stored of a large one."""
        assert torch.isfinite(gradient).all(), self.key
        if self.has_ties:
            return
        if self.has(name):
            self.assert_field(gradient, self.array(name))
        if self.has(f"{name}_norm"):
            norm, dot = float(self.array(f"{name}_norm")), float(self.array(f"{name}_dot_weights"))
            tolerance = self.tolerance["field_rel_to_max"] * max(norm, 1e-3)
            weights = self.weights()
            assert abs(gradient.norm().item() - norm) <= tolerance, (self.key, gradient.norm().item(), norm)
            found = (gradient * weights).sum().item()
            assert abs(found - dot) <= tolerance * weights.norm().item(), (self.key, found, dot)

    def assert_gradient_of_p(self, gradient: torch.Tensor, z: torch.Tensor) -> None:
        """Compare a gradient with respect to the logits of one channel with the reference's to probabilities."""
        assert torch.isfinite(gradient).all(), self.key
        p = torch.sigmoid(z.detach())
        if not self.has_ties and self.has("grad_probabilities"):
            self.assert_field(gradient, self.array("grad_probabilities"), (p * (1 - p)).double().numpy())


@cache
def manifest(collection: str) -> dict[str, Any]:
    """Return the manifest of a collection: versions, sources (repository, commit, function), notes and the cases."""
    return json.loads((HERE / f"{collection}.json").read_text())


def cases(collection: str, family: str, *variants: str, reproduce: bool = True) -> list[Any]:
    """Give the cases of a family as pytest parameters, those whose variant is or starts with one of the names.

    With `reproduce=False` those that the set marks as wrong, kept as evidence.
    """
    found = [Case(collection, content) for content in manifest(collection)["cases"] if content["family"] == family]
    chosen = [c for c in found if not variants or any(f"{c.variant}_".startswith(f"{v}_") for v in variants)]
    assert chosen, (collection, family, variants)
    return [pytest.param(c, id=c.key) for c in chosen if c.content.get("reproduce", True) == reproduce]


def input_array(collection: str, name: str, array: str) -> np.ndarray:
    """Return an array of one of the inputs by its names: `input_array("official", "bin2d_a", "logits")`."""
    if collection in ("official", "clce"):
        return _arrays("official", "inputs.npz")[f"{name}/{array}"]
    return _arrays(collection, None)[f"{name}/{'weights' if array == 'weights' else 'input'}/{array}"]


def pair(collection: str, name: str) -> dict[str, np.ndarray]:
    """Return all arrays whose names begin with that of a pair of masks, by the rest of their names."""
    arrays = _arrays(collection, "metrics.npz" if collection == "official" else None)
    return {key.removeprefix(f"{name}/"): array for key, array in arrays.items() if key.startswith(f"{name}/")}


def one_channel(found: list[Any]) -> list[Any]:
    """Keep the cases with one channel."""
    return [p for p in found if p.values[0].logits().shape[1] == 1]


def several_channels(found: list[Any]) -> list[Any]:
    """Keep the cases with several channels."""
    return [p for p in found if p.values[0].logits().shape[1] > 1]


@cache
def _arrays(collection: str, file: str | None) -> dict[str, np.ndarray]:
    if collection == "official":
        return read(HERE / "official" / str(file))
    return read(HERE / f"{collection}.npz")
