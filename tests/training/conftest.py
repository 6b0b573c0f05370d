"""A tiny dataset in nnU-Net's raw layout, as a user might bring, and a run that takes a second."""

import json

import numpy as np
import pytest
from PIL import Image

_TINY = {
    "dataset": "tiny2d",
    "loss": "dice_ce",
    "experiment": "test",
    "network_parameters": {"channels": [4, 8], "num_res_units": 0},
    "patch_size": [16, 16],
    "iterations": 6,
    "checkpoint_every": 2,
    "device": "cpu",
}


def _bars(shape, seed):
    """Draw an image with one bright bar of each of two directions, and its label."""
    random = np.random.default_rng(seed)
    label = np.zeros(shape, np.uint8)
    label[..., random.integers(4, shape[-1] - 6) :][..., :3] = 1
    label[..., random.integers(4, shape[-2] - 6), :] = 1
    image = 60 + 120 * label + random.normal(0, 20, shape)
    return image.clip(0, 255).astype(np.uint8), label


def _write_raw(folder, shape=(24, 20), training=4, test=2, ending=".png"):
    """Write a dataset in the raw layout, without checksums, card and folds."""
    for part, count in (("Tr", training), ("Ts", test)):
        for kind in ("images", "labels"):
            (folder / f"{kind}{part}").mkdir(parents=True)
        for index in range(count):
            image, label = _bars(shape, 100 * (part == "Ts") + index)
            _write(folder / f"images{part}" / f"{part.lower()}{index}_0000{ending}", image)
            _write(folder / f"labels{part}" / f"{part.lower()}{index}{ending}", label)
    content = {"channel_names": {"0": "grey"}, "labels": {"background": 0, "bar": 1}}
    content |= {"numTraining": training, "file_ending": ending}
    (folder / "dataset.json").write_text(json.dumps(content))
    return folder


def _write(path, array):
    if path.suffix == ".png":
        Image.fromarray(array).save(path)
    else:
        import nibabel

        nibabel.save(nibabel.Nifti1Image(array.transpose(), np.diag([0.5, 1.0, 2.0, 1.0])), path)


@pytest.fixture
def tiny(tmp_path):
    """Parameters of a tiny 2D run, its dataset written."""
    _write_raw(tmp_path / "data" / "tiny2d")
    return _TINY | {"data": str(tmp_path / "data"), "results": str(tmp_path / "results")}


@pytest.fixture
def write_raw():
    """Function that writes a tiny dataset of another size or dimension."""
    return _write_raw
