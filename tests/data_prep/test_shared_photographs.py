"""Real samples of the photographs, where they lie beside the checkout: values as their README states them."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

import data_prep
from data_prep import Prepared
from data_prep.reading import decode, read_mask
from topology import betti_numbers

FULL = np.ones((3, 3))


def _measure(labels):
    """Give mean foreground fraction, components (8-connected) and holes, counted by SciPy alone."""
    fractions, components, holes = [], [], []
    for label in labels:
        fractions.append(label.mean())
        components.append(ndimage.label(label, FULL)[1])
        holes.append(ndimage.label(~np.pad(label > 0, 1))[1] - 1)
    return np.mean(fractions), np.mean(components), np.mean(holes)


def _prepare(slug, shared_data, tmp_path, **options):
    return Prepared(data_prep.prepare(slug, shared_data, tmp_path, partial=True, **options))


def _labels(data):
    return [data.label(case) for case in data.cases("train") + data.cases("test")]


@pytest.mark.parametrize(
    ("slug", "options", "cases", "shape", "fraction", "components", "holes"),
    [
        ("chase_db1", {"observer": "2nd"}, 10, (960, 999), 0.063, 7.0, 11),
        ("crackforest", {}, 100, (320, 480), 0.017, 2.6, 0.9),
    ],
)
def test_values_of_the_samples(shared_data, tmp_path, slug, options, cases, shape, fraction, components, holes):
    data = _prepare(slug, shared_data, tmp_path, **options)
    labels = _labels(data)
    assert len(labels) == cases
    assert {label.shape for label in labels} == {shape}
    found = _measure(labels)
    assert found[0] == pytest.approx(fraction, abs=0.0005)
    assert found[1] == pytest.approx(components, abs=0.05)
    assert found[2] == pytest.approx(holes, abs=0.5 if holes > 1 else 0.05)
    assert data.card.partial


def test_crackforest_leaves_out_what_was_never_annotated(shared_data):
    plan = data_prep.entry("crackforest").plan(shared_data)
    assert plan.card["exclusions"] == ["37 images without a ground truth (201 and up)"]


@pytest.mark.parametrize(
    ("image", "mask", "shape", "low", "high"),
    [
        ("HRF/images/01_dr.JPG", "HRF/manual1/01_dr.tif", (2336, 3504), 0.051, 0.106),
        ("FIVES/test/Original/2_A.png", "FIVES/test/Ground truth/2_A.png", (2048, 2048), 0.069, 0.111),
    ],
)
def test_one_large_image(shared_data, image, mask, shape, low, high):
    from data_prep.reading import Pair, load_binary

    sample = load_binary(Pair.of("one", shared_data / image, shared_data / mask))
    assert sample.label.shape == sample.image.shape[1:] == shape
    assert low - 0.0005 <= sample.label.mean() <= high + 0.0005


@pytest.mark.parametrize(
    ("slug", "cases", "fraction", "components", "holes"), [("hrf", 9, 0.076, 10.1, 70), ("fives", 6, 0.090, 3.5, 40)]
)
def test_values_of_large_masks(shared_data, slug, cases, fraction, components, holes):
    plan = data_prep.entry(slug).plan(shared_data)
    labels = [read_mask(case.sources[1], {0: 0, 255: 1}) for case in plan.cases]
    assert len(labels) == cases
    assert np.mean([label.mean() for label in labels]) == pytest.approx(fraction, abs=0.0005)
    # SciPy takes seconds for these
    found = np.mean([betti_numbers(label) for label in labels], axis=0)
    assert found[0] == pytest.approx(components, abs=0.05)
    assert found[1] == pytest.approx(holes, abs=0.5)


@pytest.mark.parametrize(("slug", "cases"), [("hrf", 9), ("fives", 6)])
def test_large_images_can_be_planned(shared_data, slug, cases):
    plan = data_prep.entry(slug).plan(shared_data)
    assert len(plan.cases) == cases
    assert plan.problems == []
    assert plan.missing


def test_fives_at_256_pixels_falls_apart_as_in_scnp(shared_data, tmp_path):
    data = _prepare("fives", shared_data, tmp_path, size=256)
    labels = _labels(data)
    fraction, components, _ = _measure(labels)
    assert fraction == pytest.approx(0.090, abs=0.01)
    # 3.5 at the official size; SCNP counts 69 over all images, these six are all of one kind
    assert components > 10


def test_deepcrack_masks_with_images_made_beside_them(shared_data, tmp_path):
    root = tmp_path / "DeepCrack"
    for path in sorted((shared_data / "DeepCrack" / "test_lab").glob("*.png")):
        mask = decode(path)[0]
        for folder, array, ending in (("test_lab", mask, "png"), ("test_img", np.stack([mask] * 3, -1), "jpg")):
            (root / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(root / folder / f"{path.stem}.{ending}")
    data = _prepare("deepcrack", tmp_path, tmp_path / "data")
    assert len(_labels(data)) == 9
    assert {tuple(sorted(label.shape)) for label in _labels(data)} == {(384, 544)}
    assert data.card.notes


def test_roads_of_each_protocol(shared_data, tmp_path):
    data = _prepare("massachusetts_roads", shared_data, tmp_path, protocol="hpm")
    fraction, components, holes = _measure(_labels(data))
    assert (fraction, components, holes) == (
        pytest.approx(0.056, abs=0.0005),
        pytest.approx(6.4, abs=0.05),
        pytest.approx(55, abs=0.5),
    )
    assert len(data.folds) == 5
    assert data.cases("test") == []
    # all ten tiles are partly white, 23 % or more
    for protocol in ("contextloss", "cldice"):
        with pytest.raises(data_prep.PreparationError, match="no training tile has at most 4.0% white"):
            _prepare("massachusetts_roads", shared_data, tmp_path, protocol=protocol)
