"""The official implementations' own values, wherever they follow their papers; each deliberate difference is named.

What the reference does where it leaves its paper is told in the golden set's CONVENTIONS.md.
"""

import numpy as np
import pytest
import torch
from reference.official import Case, cases, one_channel, several_channels

import losses
import topology
from losses._segmentation import Segmentation


def _backward(value: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    value.backward()
    return z.grad


@pytest.mark.parametrize("case", cases("soft_skeleton", "k3", "k10", "k24"))
def test_soft_skeleton(case: Case):
    z, k = case.logits().detach(), int(case.variant[1:])
    p = (torch.sigmoid(z) if z.shape[1] == 1 else torch.softmax(z, 1)).requires_grad_()
    skeleton = topology.soft_skeleton(p, k)
    case.assert_field(skeleton, case.array("output"))
    case.assert_gradient(_backward((case.weights() * skeleton).sum(), p), "grad_probabilities")
    if "output_target" in case.content["arrays"]:
        of_target = topology.soft_skeleton(case.target().to(case.dtype), k)
        case.assert_field(of_target, case.array("output_target"))


ITERATIONS = {"soft_cldice": 10, "soft_cldice_k3": 3, "soft_cldice_k24": 24}


@pytest.mark.parametrize("case", [c for c in one_channel(cases("cldice", "soft_cldice")) if "nobg" not in c.id])
def test_cldice_term(case: Case):
    z = case.logits()
    loss = losses.build("cldice", iterations=ITERATIONS[case.variant], smooth=1.0, batch=True)
    case.assert_loss(loss.topological_term(z, case.target()))


@pytest.mark.parametrize("case", one_channel(cases("cldice", "soft_dice_cldice")))
def test_dice_and_cldice(case: Case):
    gamma = 0.2 if case.variant.endswith("0.2") else 0.5
    loss = losses.build("cldice", gamma=gamma, iterations=10, smooth=1.0, batch=True)
    case.assert_loss(loss(case.logits(), case.target()))


@pytest.mark.parametrize("case", several_channels(cases("cldice", "soft_cldice_nobg")))
def test_cldice_of_several_classes_differs_as_stated(case: Case):
    """Deliberate: one ratio for each class, where the reference takes one over all channels together."""
    s = Segmentation(case.logits(), case.target().argmax(1))
    of_p, of_y = topology.soft_skeleton(s.p, 10), topology.soft_skeleton(s.y.to(s.p.dtype), 10)

    def ratio(skeleton: torch.Tensor, mask: torch.Tensor, axes: tuple[int, ...]) -> torch.Tensor:
        return ((skeleton * mask).sum(axes) + 1) / (skeleton.sum(axes) + 1)

    def harmonic(axes: tuple[int, ...]) -> torch.Tensor:
        precision, sensitivity = ratio(of_p, s.y, axes), ratio(of_y, s.p, axes)
        return 1 - 2 * precision * sensitivity / (precision + sensitivity)

    everything = tuple(range(s.p.ndim))
    case.assert_loss(harmonic(everything))
    ours = losses.build("cldice", iterations=10, smooth=1.0, batch=True).topological_term(s.logits, case.target())
    torch.testing.assert_close(ours, harmonic((0, *everything[2:])).mean())


@pytest.mark.parametrize("case", cases("scnp", "scnp"))
def test_scnp_logits(case: Case):
    z = case.logits()
    output = losses.scnp_logits(z, case.target(), window=int(case.variant.removeprefix("scnp_w")))
    case.assert_field(output, case.array("output"))
    case.assert_gradient(_backward((case.weights() * output).sum(), z))


@pytest.mark.parametrize("case", cases("hpm", "thpm", "shpm", "phpm"))
def test_hard_pixel_mining(case: Case):
    if "bce_sum" in case.variant:
        pytest.skip(
            "the paper's squared error only; the code's constructor default, summed BCE, is in no published run"
        )
    slug, _, variant = case.variant.partition("_")
    parameters = {"threshold": float(variant[1:])} if variant.startswith("t") else {}
    if variant.startswith("dims"):
        parameters["dims"] = tuple(int(d) for d in variant[4:])
    z = case.logits()
    value = losses.build(slug, **parameters).topological_term(z, case.target())
    if (
        "saturated" in case.input_name and slug == "phpm"
    ):  # all values equal: which pixels are critical is anyone's choice
        assert torch.isfinite(value)
    else:
        case.assert_loss(value)
    case.assert_gradient(_backward(value, z))


@pytest.mark.parametrize("case", [c for c in cases("topoloss", "hu") if "/f32" not in (c.id or "")])
def test_topoloss(case: Case):
    """Deliberate: the paper's targets at the reference's critical cells, and no patch skipped for an empty diagram."""
    z, y = case.logits(), case.target()
    side, width = int(case.variant.removeprefix("hu_patch")), z.shape[-1]
    loss = losses.build("topoloss", patch=side, dims=(0,), persistence_threshold=0.03)
    cells = loss.cells(Segmentation(z, y[:, 0].long()))
    corners = case.array("patch_origin") if "patch_origin" in case.content["arrays"] else np.zeros((0, 2))
    counted = {(int(row) // side, int(column) // side) for row, column in corners}

    def in_counted(pairs: np.ndarray) -> np.ndarray:
        births = zip(*np.divmod(pairs[:, 0], width), strict=True)
        return np.array([(row // side, column // side) in counted for row, column in births], dtype=bool)

    keep, remove = cells.keep[in_counted(cells.keep)], cells.remove[in_counted(cells.remove)]
    assert len(keep) == len(cells.keep)  # a patch that the reference skips has nothing to keep
    roles = case.array("pair_role") if "pair_role" in case.content["arrays"] else np.zeros(0)
    assert (len(keep), len(remove)) == ((roles == 1).sum(), (roles == 2).sum())
    if "derived_fix_toward_paper" in case.content["arrays"]:
        p = torch.sigmoid(z).flatten()
        fix = ((p[keep[:, 0]] - 1) ** 2 + p[keep[:, 1]] ** 2).sum()
        removed = ((p[remove[:, 0]] - p[remove[:, 1]]) ** 2).sum()
        case.assert_loss(fix, case.array("derived_fix_toward_paper"))
        case.assert_loss(removed, case.array("derived_remove_squared_persistence"))
    if len(remove) == len(cells.remove) and "derived_fix_toward_paper" in case.content["arrays"]:
        expected = case.array("derived_fix_toward_paper") + case.array("derived_remove_squared_persistence") / 2
        case.assert_loss(loss.topological_term(z, y), expected)


@pytest.mark.parametrize("case", cases("skeleton_recall", "srec"))
def test_skeleton_recall(case: Case):
    """Deliberate: one minus the recall, where the reference has minus the recall."""
    z = case.logits()
    loss = losses.build("skeleton_recall", batch=case.variant.endswith("batch1"))
    value = loss.topological_term(z, case.target())
    case.assert_loss(value - 1)
    case.assert_gradient(_backward(value, z))


@pytest.mark.parametrize("case", cases("pixelwise", "monai_dicece"))
def test_monai_dice_ce(case: Case):
    """MONAI keeps the background in Dice by default, which is `include_background` here."""
    z = case.logits()
    several, without = z.shape[1] > 1, case.variant.endswith("nobg")
    loss = losses.build("dice_ce", batch="batch" in case.variant, include_background=several and not without)
    value = loss(z, case.target())
    case.assert_loss(value)
    case.assert_gradient(_backward(value, z))


@pytest.mark.parametrize("case", cases("pixelwise", "nnunet_dc_ce"))
def test_nnunet_dice_ce(case: Case):
    """Deliberate: 1 - Dice, where nnU-Net has minus Dice."""
    z = case.logits()
    value = losses.build("dice_ce", batch=case.variant.endswith("batch1"))(z, case.target())
    case.assert_loss(value - 1)
    case.assert_gradient(_backward(value, z))


@pytest.mark.parametrize("case", cases("pixelwise", "monai_tversky_a0.3_b0.7"))
def test_monai_tversky(case: Case):
    z = case.logits()
    value = losses.build("tversky", alpha=0.3, beta=0.7)(z, case.target())
    case.assert_loss(value)
    case.assert_gradient(_backward(value, z))


@pytest.mark.parametrize("case", one_channel(cases("pixelwise", "monai_focal_g2")))
def test_monai_focal(case: Case):
    z = case.logits()
    value = losses.build("focal", focusing=2.0)(z, case.target())
    case.assert_loss(value)
    case.assert_gradient(_backward(value, z))


@pytest.mark.parametrize("case", cases("pixelwise", "topomortar_regionwise"))
def test_region_wise(case: Case):
    """Deliberate: a class that fills the image has the map -1; the reference's distances have nothing to refer to."""
    z = case.logits()
    if case.target()[:, 0].bool().all() or not case.target()[:, 0].bool().any():
        uniform = torch.softmax(z, 1) * torch.where(case.target() == 1, -1.0, 1.0)
        torch.testing.assert_close(losses.build("region_wise")(z, case.target()), uniform.mean())
        return
    value = losses.build("region_wise")(z, case.target())
    case.assert_loss(value)


def test_skeletons(shared_golden):
    import json

    folder = shared_golden / "official"
    manifest = json.loads((folder / "manifest.json").read_text())["cases"]
    stored, inputs = np.load(folder / "skeletons.npz"), np.load(folder / "inputs.npz")
    keys = [c["key"].split("/")[0] for c in manifest if c["family"] == "skeletons"]
    assert len(keys) == 21
    for key in keys:
        p = 1 / (1 + np.exp(-inputs[f"{key}/logits"].astype(np.float64)))
        masks = {"target": inputs[f"{key}/target"] > 0, "pred_t0.5": p > 0.5, "pred_t0.6": p > 0.6}
        for name, mask in masks.items():
            expected = stored[f"{key}/skeletons/{name}"] > 0
            np.testing.assert_array_equal(topology.skeletonize(mask), expected, err_msg=f"{key} {name}")
