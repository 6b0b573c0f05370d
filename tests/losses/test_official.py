"""The official implementations' own values, wherever they follow their papers; each deliberate difference is named.

Where the reference leaves its paper, golden/CONVENTIONS.md says how.
"""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from golden import Case, cases, one_channel, several_channels
from reference import slow

import losses
import topology
from losses._segmentation import Segmentation


def _backward(value: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    value.backward()
    return z.grad


@pytest.mark.parametrize("case", cases("official", "soft_skeleton", "k3", "k10", "k24"))
def test_soft_skeleton(case: Case):
    z, k = case.logits().detach(), int(case.variant[1:])
    p = (torch.sigmoid(z) if z.shape[1] == 1 else torch.softmax(z, 1)).requires_grad_()
    skeleton = topology.soft_skeleton(p, k)
    case.assert_field(skeleton, case.array("output"))
    case.assert_gradient(_backward((case.weights() * skeleton).sum(), p), "grad_probabilities")
    if case.has("output_target"):
        of_target = topology.soft_skeleton(case.target().to(case.dtype), k)
        case.assert_field(of_target, case.array("output_target"))


ITERATIONS = {"soft_cldice_k3": 3, "soft_cldice_k24": 24}


@pytest.mark.parametrize("case", one_channel(cases("official", "cldice", "soft_cldice")))
def test_cldice_term(case: Case):
    z = case.logits()
    loss = losses.build("cldice", iterations=ITERATIONS.get(case.variant, 10), smooth=1.0, batch=True)
    value = loss.topological_term(z, case.target())
    case.assert_loss(value)
    case.assert_gradient_of_p(_backward(value, z), z)


@pytest.mark.parametrize("case", one_channel(cases("official", "cldice", "soft_dice")))
def test_dice_and_cldice(case: Case):
    """The reference's Dice is `gamma` 0, its `alpha` is `gamma`."""
    gamma = {"soft_dice": 0.0, "soft_dice_cldice_alpha0.2": 0.2}.get(case.variant, 0.5)
    z = case.logits()
    value = losses.build("cldice", gamma=gamma, iterations=10, smooth=1.0, batch=True)(z, case.target())
    case.assert_loss(value)
    case.assert_gradient_of_p(_backward(value, z), z)


@pytest.mark.parametrize("case", several_channels(cases("official", "cldice", "soft")))
def test_cldice_of_several_classes_differs_as_stated(case: Case):
    """Deliberate: one ratio for each class, where the reference takes one over all channels together."""
    background = not case.variant.endswith("nobg")
    s = Segmentation(case.logits(), case.target().argmax(1), include_background=background)
    k, everything = ITERATIONS.get(case.variant, 10), tuple(range(s.logits.ndim))
    each_class = (0, *everything[2:])
    of_p, of_y = topology.soft_skeleton(s.p, k), topology.soft_skeleton(s.y.to(s.p.dtype), k)

    def ratio(skeleton: torch.Tensor, mask: torch.Tensor, axes: tuple[int, ...]) -> torch.Tensor:
        return ((skeleton * mask).sum(axes) + 1) / (skeleton.sum(axes) + 1)

    def cldice(axes: tuple[int, ...]) -> torch.Tensor:
        precision, sensitivity = ratio(of_p, s.y, axes), ratio(of_y, s.p, axes)
        return 1 - 2 * precision * sensitivity / (precision + sensitivity)

    def dice(axes: tuple[int, ...]) -> torch.Tensor:
        return 1 - (2 * (s.p * s.y).sum(axes) + 1) / (s.p.sum(axes) + s.y.sum(axes) + 1)

    gamma = 1.0 if "soft_cldice" in case.variant else case.args.get("alpha", 0.0)
    case.assert_loss((1 - gamma) * dice(everything) + gamma * cldice(everything))
    loss = losses.build("cldice", gamma=gamma, iterations=k, batch=True, include_background=background)
    expected = (1 - gamma) * dice(each_class).mean() + gamma * cldice(each_class).mean()
    torch.testing.assert_close(loss(s.logits, case.target()), expected)


@pytest.mark.parametrize("case", one_channel(cases("official", "cldice_other", "monai_softcldice")))
def test_cldice_of_monai_differs_as_stated(case: Case):
    """MONAI takes its ratios sample by sample, as `batch=False` does, and adds 1e-4 to P + S below 2 P S."""
    z, y = case.logits(), case.target()
    k = case.args["iter_"]
    s = Segmentation(z, y[:, 0].long())
    of_p, of_y = topology.soft_skeleton(s.p, k), topology.soft_skeleton(s.y.to(s.p.dtype), k)
    axes = tuple(range(2, z.ndim))
    precision = ((of_p * s.y).sum(axes) + 1) / (of_p.sum(axes) + 1)
    sensitivity = ((of_y * s.p).sum(axes) + 1) / (of_y.sum(axes) + 1)
    case.assert_loss((1 - 2 * precision * sensitivity / (precision + sensitivity + 1e-4)).mean())
    ours = losses.build("cldice", iterations=k).topological_term(z, y)
    torch.testing.assert_close(ours, (1 - 2 * precision * sensitivity / (precision + sensitivity)).mean())


@pytest.mark.parametrize("case", cases("official", "scnp", "scnp"))
def test_scnp_logits(case: Case):
    z = case.logits()
    output = losses.scnp_logits(z, case.target(), window=int(case.variant.removeprefix("scnp_w")))
    case.assert_field(output, case.array("output"))
    case.assert_gradient(_backward((case.weights() * output).sum(), z))


@pytest.mark.parametrize("case", cases("official", "scnp", "hazard", reproduce=False))
def test_scnp_differs_beyond_the_reference_s_sentinel(case: Case):
    """Deliberate: no sentinel. The reference's +-9999 wins over foreground logits above 9999."""
    z, y = case.logits().detach().float() * case.args["logits_multiplied_by"], case.target()
    output, theirs = losses.scnp_logits(z, y, window=3), torch.from_numpy(case.array("output")).float()
    np.testing.assert_array_equal(output[0, 0], slow.scnp(z[0, 0].numpy(), y[0, 0].numpy(), 3))
    different = output != theirs
    assert different.any()
    assert (output[different].abs() > 9999).all()
    assert (theirs[different].abs() == 9999).all()


@pytest.mark.parametrize("case", cases("official", "scnp", "cedice_nnunet", "bcedice_instanseg", "cedice_base"))
def test_scnp_with_dice_and_cross_entropy(case: Case):
    """Deliberate: 1 - Dice, where SCNP's code has minus Dice (background kept), and no 1e-15 in the logarithm."""
    z = case.logits()
    window = case.args.get("receptive_field", 1)  # cedice_base is without SCNP
    loss = losses.build("scnp", base="dice_ce", window=window, include_background=z.shape[1] > 1)
    value = loss(z, case.target())
    penalised = losses.scnp_logits(z, case.target(), window).detach()
    p = torch.sigmoid(penalised) if z.shape[1] == 1 else torch.softmax(penalised, 1)
    p_true = torch.where(case.target() == 1, p, 1 - p) if z.shape[1] == 1 else (p * case.target()).sum(1)
    ce = losses.build("scnp", base="ce", window=window)(z, case.target())
    case.assert_loss(value - 1 - ce - torch.log(p_true + 1e-15).mean())
    if p_true.min() > 1e-8:  # where the 1e-15 does not show
        case.assert_loss(value - 1)
        case.assert_gradient(_backward(value, z))


@pytest.mark.parametrize("case", [c for c in cases("official", "hpm", "thpm", "shpm", "phpm") if "bce_sum" not in c.id])
def test_hard_pixel_mining(case: Case):
    slug, _, variant = case.variant.partition("_")
    parameters = {"threshold": float(variant[1:])} if variant.startswith("t") else {}
    if variant.startswith("dims"):
        parameters["dims"] = tuple(int(d) for d in variant[4:])
    if slug == "phpm":
        parameters["mean"] = "dimensions"  # the paper has the union of all critical cells
    z, loss = case.logits(), losses.build(slug, **parameters)
    value = loss.topological_term(z, case.target())
    # where all values are equal, which pixels are critical is the library's choice
    open_choice = slug == "phpm" and case.input_name == "edge2d_saturated"
    if not open_choice:
        case.assert_loss(value)
    case.assert_gradient(_backward(value, z))
    hard = loss.critical_pixels(z, case.target())[0, 0].numpy()
    if case.has("h_pos"):
        np.testing.assert_array_equal(hard, (case.array("h_pos") > 0) | (case.array("h_neg") > 0))
    elif not case.has_ties and case.has("hard_cell_count"):
        np.testing.assert_array_equal(hard, case.array("hard_cell_count") > 0)


@pytest.mark.parametrize("case", cases("official", "hpm", "thpm_bce_sum", "shpm_bce_sum"))
def test_hard_pixel_mining_differs_from_the_constructor_s_default(case: Case):
    """Deliberate: the paper's mean squared error, as in every published run; the default there is a sum of BCE."""
    z, y = case.logits(), case.target()
    hard = losses.build(case.variant.split("_")[0], threshold=0.5).critical_pixels(z, y)
    bce = F.binary_cross_entropy_with_logits(z, y.to(z.dtype), reduction="none")
    case.assert_loss(bce[hard].sum())


@pytest.mark.parametrize("case", [c for c in cases("official", "topoloss", "hu") if not c.id.endswith("/f32")])
def test_topoloss(case: Case):
    """Deliberate: the paper's targets at the reference's critical cells, and no patch skipped for an empty diagram."""
    z, y = case.logits(), case.target()
    side, width = int(case.variant.removeprefix("hu_patch")), z.shape[-1]
    loss = losses.build("topoloss", patch=side, dims=(0,), persistence_threshold=0.03)
    cells = loss.cells(Segmentation(z, y[:, 0].long()))
    corners = case.array("patch_origin") if case.has("patch_origin") else np.zeros((0, 2))
    counted = {(int(row) // side, int(column) // side) for row, column in corners}

    def in_counted(pairs: np.ndarray) -> np.ndarray:
        births = zip(*np.divmod(pairs[:, 0], width), strict=True)
        return np.array([(row // side, column // side) in counted for row, column in births], dtype=bool)

    keep, remove = cells.keep[in_counted(cells.keep)], cells.remove[in_counted(cells.remove)]
    assert len(keep) == len(cells.keep)  # a patch that the reference skips has nothing to keep
    roles = case.array("pair_role") if case.has("pair_role") else np.zeros(0)
    assert (len(keep), len(remove)) == ((roles == 1).sum(), (roles == 2).sum())
    if case.has("derived_fix_toward_paper"):
        p = torch.sigmoid(z).flatten()
        fix = ((p[keep[:, 0]] - 1) ** 2 + p[keep[:, 1]] ** 2).sum()
        removed = ((p[remove[:, 0]] - p[remove[:, 1]]) ** 2).sum()
        case.assert_loss(fix, case.array("derived_fix_toward_paper"))
        case.assert_loss(removed, case.array("derived_remove_squared_persistence"))
    if len(remove) == len(cells.remove) and case.has("derived_fix_toward_paper"):
        expected = case.array("derived_fix_toward_paper") + case.array("derived_remove_squared_persistence") / 2
        case.assert_loss(loss.topological_term(z, y), expected)
    case.assert_loss(_published_error(torch.sigmoid(z).flatten(), keep, remove), case.array("loss_on_probabilities"))


def _published_error(p: torch.Tensor, keep: np.ndarray, remove: np.ndarray) -> torch.Tensor:
    """Compute what the published code makes of the same cells: targets reversed, four times the removal's penalty."""
    kept = (p[keep[:, 0]] ** 2 + (p[keep[:, 1]] - 1) ** 2).sum()
    return kept + 2 * ((p[remove[:, 0]] - p[remove[:, 1]]) ** 2).sum()


@pytest.mark.parametrize("case", cases("official", "skeleton_recall", "target"))
def test_tube(case: Case):
    """The reference's tube holds class indices, of all classes together; ours is cut by class."""
    classes = case.target()
    indices = classes.argmax(1, keepdim=True) if classes.shape[1] > 1 else classes
    z = torch.zeros(indices.shape[0], max(classes.shape[1], 2), *indices.shape[2:])
    tube = losses.critical_pixels("skeleton_recall", z, indices)
    channels = torch.arange(tube.shape[1]).view(1, -1, *[1] * (z.ndim - 2))
    np.testing.assert_array_equal((tube * channels).sum(1, keepdim=True), case.array("tube"))


@pytest.mark.parametrize("case", cases("official", "skeleton_recall", "srec"))
def test_skeleton_recall(case: Case):
    """Deliberate: one minus the recall, where the reference has minus the recall."""
    z = case.logits()
    loss = losses.build("skeleton_recall", batch=case.variant.endswith("batch1"))
    value = loss.topological_term(z, case.target())
    case.assert_loss(value - 1)
    case.assert_gradient(_backward(value, z))


@pytest.mark.parametrize("case", cases("official", "skeleton_recall", "dc_srec_ce"))
def test_skeleton_recall_with_dice_and_cross_entropy(case: Case):
    """Deliberate: one minus Dice and one minus the recall, where the reference has minus both."""
    z = case.logits()
    value = losses.build("skeleton_recall", batch=case.variant.endswith("batch1"))(z, case.target())
    case.assert_loss(value - 2)
    case.assert_gradient(_backward(value, z))


@pytest.mark.parametrize("case", cases("official", "pixelwise", "monai_dicece"))
def test_monai_dice_ce(case: Case):
    """MONAI keeps the background in Dice by default, which is `include_background` here."""
    z = case.logits()
    several, without = z.shape[1] > 1, case.variant.endswith("nobg")
    loss = losses.build("dice_ce", batch="batch" in case.variant, include_background=several and not without)
    value = loss(z, case.target())
    case.assert_loss(value)
    case.assert_gradient(_backward(value, z))


@pytest.mark.parametrize("case", cases("official", "pixelwise", "nnunet_dc_ce"))
def test_nnunet_dice_ce(case: Case):
    """Deliberate: 1 - Dice, where nnU-Net has minus Dice."""
    z = case.logits()
    value = losses.build("dice_ce", batch=case.variant.endswith("batch1"))(z, case.target())
    case.assert_loss(value - 1)
    case.assert_gradient(_backward(value, z))


@pytest.mark.parametrize("case", one_channel(cases("official", "pixelwise", "nnunet_dc_bce")))
def test_nnunet_dice_bce(case: Case):
    """Deliberate: 1 - Dice, as above, and BCE in the dtype of the logits; there it is float32, hence the tolerance."""
    value = losses.build("dice_ce")(case.logits(), case.target())
    expected = torch.tensor(case.array("loss"), dtype=value.dtype)
    torch.testing.assert_close(value - 1, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("case", one_channel(cases("official", "pixelwise", "toposeg_bcedice")))
def test_dice_of_hpm_differs_as_stated(case: Case):
    """Deliberate: the Dice of the other losses; HPM's has squares below, one ratio a batch, no smoothing above."""
    z, y = case.logits(), case.target().to(case.dtype)
    p = torch.sigmoid(z)
    squared = 1 - 2 * (p * y).sum() / (p**2 + y**2).sum().clamp(min=1e-6)
    case.assert_loss(F.binary_cross_entropy_with_logits(z, y) + squared)
    ours = losses.build("dice_ce", batch=True, smooth=1e-6)(z, case.target())
    plain = 1 - (2 * (p * y).sum() + 1e-6) / (p.sum() + y.sum() + 1e-6)
    torch.testing.assert_close(ours, F.binary_cross_entropy_with_logits(z, y) + plain)


@pytest.mark.parametrize("case", cases("official", "pixelwise", "monai_tversky_a0.3_b0.7"))
def test_monai_tversky(case: Case):
    z = case.logits()
    value = losses.build("tversky", alpha=0.3, beta=0.7)(z, case.target())
    case.assert_loss(value)
    case.assert_gradient(_backward(value, z))


@pytest.mark.parametrize("case", cases("official", "pixelwise", "monai_focal_g2"))
def test_monai_focal(case: Case):
    """Deliberate: the mean over pixels; MONAI's for several classes is over the channels too, all but one of them 0."""
    z = case.logits()
    value = losses.build("focal", focusing=2.0)(z, case.target()) / z.shape[1]
    case.assert_loss(value)
    case.assert_gradient(_backward(value, z))


@pytest.mark.parametrize("case", cases("official", "pixelwise", "topomortar_regionwise"))
def test_region_wise(case: Case):
    """Deliberate: a class that fills the image has the map -1; the reference's distances have nothing to refer to."""
    z = case.logits()
    if case.target()[:, 0].bool().all() or not case.target()[:, 0].bool().any():
        uniform = torch.softmax(z, 1) * torch.where(case.target() == 1, -1.0, 1.0)
        torch.testing.assert_close(losses.build("region_wise")(z, case.target()), uniform.mean())
        return
    value = losses.build("region_wise")(z, case.target())
    case.assert_loss(value)
    case.assert_gradient(_backward(value, z))


@pytest.mark.parametrize("case", cases("official", "skeletons"))
def test_skeletons(case: Case):
    p = torch.sigmoid(case.logits(torch.float64).detach()).numpy()
    masks = {"target": case.target().numpy() > 0, "pred_t0.5": p > 0.5, "pred_t0.6": p > 0.6}
    for name, mask in masks.items():
        np.testing.assert_array_equal(topology.skeletonize(mask), case.array(name) > 0, err_msg=name)
