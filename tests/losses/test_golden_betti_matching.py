"""Values and gradients of the published Betti matching losses: topolosses (C++) and the first code, in Python."""

import numpy as np
import pytest
import torch
from golden.by_key import array, cases, manifest

import losses

TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-4}
OURS = {
    "push_unmatched_to_1_0": "push_unmatched",
    "barcode_length_threshold": "persistence_threshold",
    "include_background": "include_background",
}


def _inputs(key: str, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    name = key.split("/")[0]
    logits = torch.tensor(array(f"{name}/input/logits"), dtype=dtype)
    return logits.requires_grad_(), torch.tensor(array(f"{name}/input/target"))


def _parameters(args: dict) -> dict:
    filtration = {"bothlevels": "both"}.get(args.get("filtration_type", ""), args.get("filtration_type", "superlevel"))
    matched, unmatched = args.get("topology_weights", (1.0, 1.0))
    renamed = {OURS[name]: value for name, value in args.items() if name in OURS}
    return {"filtration": filtration, "matched_weight": matched, "unmatched_weight": unmatched, **renamed}


def _assert_value_and_gradient(value: torch.Tensor, z: torch.Tensor, loss: np.ndarray, gradient: np.ndarray) -> None:
    value.backward()
    tolerance = TOLERANCE[z.dtype]
    np.testing.assert_allclose(value.item(), loss, rtol=tolerance, atol=1e-3 * tolerance)
    limit = tolerance * max(np.abs(gradient).max(), 1e-3)
    np.testing.assert_allclose(z.grad.double().numpy(), gradient, rtol=0, atol=limit)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("key", cases("bm"))
def test_betti_matching_is_that_of_topolosses(key, dtype):
    args = manifest()[key]["args"]
    z, y = _inputs(key, dtype)
    value = losses.build("betti_matching", **_parameters(args)).topological_term(z, y)
    if args.get("use_base_loss"):
        value = losses.build("dice")(z, y) + 0.5 * value
    _assert_value_and_gradient(value, z, array(f"{key}/loss_f64"), array(f"{key}/grad_logits"))


@pytest.mark.parametrize("key", cases("bmpy"))
def test_betti_matching_with_its_essential_pair_is_that_of_the_first_code(key):
    """There the components that never end are matched too, from the largest value down to 0; it runs in float32."""
    args = manifest()[key]["args"]
    if args["relative"] or args["comparison"] == "intersection":
        pytest.skip("options that the suite does not have: a frame of foreground, matching by the intersection")
    z, y = (tensor[:1] for tensor in _inputs(key, torch.float64))
    z = z.detach().requires_grad_()
    above = args["filtration"] == "superlevel"
    adjacency = {"V": 4, "T": 8}[args["construction"]]
    loss = losses.build("betti_matching", filtration=args["filtration"], adjacency=adjacency)
    p, truth = (torch.sigmoid(z), y) if above else (1 - torch.sigmoid(z), 1 - y)
    value = loss.topological_term(z, y) + 2 * (p.max() - truth.max()) ** 2
    tolerance = manifest()[key]["tolerance"]
    value.backward()
    np.testing.assert_allclose(value.item(), array(f"{key}/loss"), rtol=tolerance["loss_rel"])
    gradient = array(f"{key}/grad_logits")
    limit = tolerance["field_rel_to_max"] * np.abs(gradient).max()
    np.testing.assert_allclose(z.grad.numpy(), gradient, rtol=0, atol=limit)
