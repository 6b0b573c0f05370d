"""Tiny sources in the official layouts, made on the fly: right names, formats, bit depths and codings."""

import numpy as np
import pytest
import tifffile
import yaml
from PIL import Image

import data_prep


def _mask(rng, shape):
    mask = rng.random(shape) < 0.3
    mask[0, :2] = True, False
    return (mask * 255).astype(np.uint8)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """Folder that holds both embedded datasets as they are by default; tests copy what they change."""
    destination = tmp_path_factory.mktemp("prepared")
    for name in ("synthetic2d", "synthetic3d"):
        data_prep.prepare(name, None, destination)
    return destination


@pytest.fixture
def small(tmp_path):
    """A small prepared dataset that a test may spoil."""
    return data_prep.prepare("synthetic2d", None, tmp_path / "small", train=3, test=1, size=64)


@pytest.fixture
def topomortar_source(tmp_path):
    """TopoMortar with 3 training, 2 validation and 4 test images of two groups."""
    rng = np.random.default_rng(0)
    root = tmp_path / "source" / "TopoMortar"
    names = {"train": ["001", "002", "004"], "val": ["003", "005"], "test": ["071", "072", "121", "122"]}
    for part, numbers in names.items():
        for kind in ("images", "accurate") if part == "test" else ("images", "accurate", "noisy", "pseudo"):
            folder = root / "dataset" / part / kind
            folder.mkdir(parents=True)
            for number in numbers:
                pixels = rng.integers(0, 256, (16, 20, 3), np.uint8) if kind == "images" else _mask(rng, (16, 20))
                Image.fromarray(pixels).save(folder / f"{number}.png")
    split = {part: [f"dataset/{part}/images/{n}.png" for n in numbers] for part, numbers in names.items()}
    (root / "dataset/splits.yaml").write_text(yaml.safe_dump({1: split}))
    (root / "dataset/splits_small.yaml").write_text(yaml.safe_dump({1: {**split, "train": split["train"][:1]}}))
    groups = "".join(f"{n},{'indistr' if int(n) <= 120 else 'angles'}\n" for part in names.values() for n in part)
    (root / "dataset/dataset_types.txt").write_text("ID,group\n" + groups)
    return root


@pytest.fixture
def isbi12_source(tmp_path):
    """The two stacks of ISBI 2012, 30 slices each."""
    rng = np.random.default_rng(0)
    root = tmp_path / "source"
    root.mkdir()
    tifffile.imwrite(root / "train-volume.tif", rng.integers(0, 256, (30, 16, 20), np.uint8), photometric="minisblack")
    labels = np.stack([_mask(rng, (16, 20)) for _ in range(30)])
    tifffile.imwrite(root / "train-labels.tif", labels, photometric="minisblack")
    return root


ROAD_COUNTS = {"train": 4, "val": 2, "test": 2}


@pytest.fixture(params=["official", "repackaged"])
def roads_source(request, tmp_path, monkeypatch):
    """Massachusetts Roads in each of its two layouts, the expected counts set to its own."""
    from data_prep.datasets import massachusetts_roads

    monkeypatch.setattr(massachusetts_roads, "COUNTS", ROAD_COUNTS)
    rng = np.random.default_rng(0)
    official = {"train": "train", "val": "valid", "test": "test"}
    root = tmp_path / "source" / ("mass_roads" if request.param == "official" else "tiff")
    for number, (part, count) in enumerate(ROAD_COUNTS.items()):
        images, masks = (
            (root / official[part] / "sat", root / official[part] / "map")
            if request.param == "official"
            else (root / part, root / f"{part}_labels")
        )
        images.mkdir(parents=True)
        masks.mkdir(parents=True)
        for tile in range(count):
            pixels = rng.integers(0, 255, (16, 20, 3), np.uint8)
            pixels[: 4 * tile] = 255
            tifffile.imwrite(images / f"1{number}{tile}28690_15.tiff", pixels, photometric="rgb")
            tifffile.imwrite(masks / f"1{number}{tile}28690_15.tif", _mask(rng, (16, 20)), photometric="minisblack")
    return root
