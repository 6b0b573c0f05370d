"""Real samples of volumes, where they lie beside the checkout: values as their README states them."""

import shutil

import nibabel
import numpy as np
from scipy import ndimage

import data_prep
from data_prep import Prepared
from data_prep.reading import decode, read_mask

FULL = np.ones((3, 3, 3))


def test_vesselnn(shared_data, tmp_path):
    data = Prepared(data_prep.prepare("vesselnn", shared_data, tmp_path, partial=True))
    cases = data.cases("train")
    assert len(cases) == 7
    assert len(data.card.missing) == 4
    fractions, components = {}, {}
    for case in cases:
        label = data.label(case)
        assert 14 <= len(label) <= 26
        assert label.shape[1:] in ((512, 512), (320, 320))
        fractions[case], components[case] = label.mean(), ndimage.label(label, FULL)[1]
    # the extremes that the README names are all of stacks that have their image here
    assert (round(min(fractions.values()), 3), round(max(fractions.values()), 3)) == (0.032, 0.361)
    assert (min(components.values()), max(components.values())) == (7, 179)
    # the two labels of 16 bits with 0 and 254
    assert {"santos2015_lowContrastVessels", "santos2015_mixedSizelowContrastVessels"} <= set(cases)
    # the shape along z comes first, and z is the coarse one
    assert data.spacing("poon2015_plaqueVessels") == (5.0, np.float32(2.485), np.float32(2.485))


def test_minivess_label_with_an_image_made_beside_it(shared_data, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    found = next((shared_data / "MiniVess").rglob("mv68_y.nii.gz"))
    label = nibabel.load(found)
    for number in (67, 68):
        shutil.copy(found, source / f"mv{number}_y.nii.gz")
        nibabel.save(nibabel.Nifti1Image(np.asarray(label.dataobj), label.affine), source / f"mv{number}.nii.gz")
    plan = data_prep.entry("minivess").plan(source)
    assert plan.problems == []
    sample = next(case for case in plan.cases if case.name == "mv68").load()
    assert sample.label.shape == (106, 512, 512)
    assert abs(sample.label.mean() - 0.054) < 0.0005
    assert ndimage.label(sample.label, FULL)[1] == 231
    np.testing.assert_allclose(sample.spacing, (2.0, 0.994, 0.994), atol=1e-4)


def test_slices_of_cremi_at_a_quarter_of_their_size(shared_data):
    folder = shared_data / "BettiMatchingExamples/CREMI"
    fractions = []
    for image in sorted((folder / "images").glob("*.png")):
        planes, _ = decode(image)
        mask = read_mask(folder / "labels" / image.name.replace("image", "label"), {0: 0, 255: 1})
        assert planes.shape[:2] == mask.shape == (312, 312)
        fractions.append(mask.mean())
    assert len(fractions) == 2
    assert abs(np.mean(fractions) - 0.192) < 0.0005
