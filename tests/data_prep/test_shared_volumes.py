"""Real samples of volumes, where they lie beside the checkout: values as their README states them."""

import shutil

import nibabel
import numpy as np
from scipy import ndimage

import data_prep
from data_prep import Prepared

FULL = np.ones((3, 3, 3))


def test_vesselnn(shared_data, tmp_path):
    data = Prepared(data_prep.prepare("vesselnn", shared_data, tmp_path, partial=True))
    cases = data.cases("train")
    assert len(cases) == 7
    assert len(data.card["missing"]) == 4
    fractions, components = {}, {}
    for case in cases:
        label = data.label(case)
        assert 14 <= len(label) <= 26
        assert label.shape[1:] in ((512, 512), (320, 320))
        fractions[case], components[case] = label.mean(), ndimage.label(label, FULL)[1]
    assert 0.0315 <= min(fractions.values()) <= max(fractions.values()) <= 0.3615
    assert 7 <= min(components.values()) <= max(components.values()) <= 179
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
