"""Tiny sources in the official layouts of the photographs: right names, formats, bit depths and codings."""

import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image
from scipy.io import savemat

SIZE = (24, 32)
Files = dict[str, tuple[Path, Path]]


@dataclass(frozen=True)
class Layout:
    """An official layout in small.

    Attributes:
        slug: of the dataset.
        build: writes it below a folder, {case: (image, mask)}.
        truth: gives the class indices that a mask's bool structure is prepared as.
        training: number of training cases.
        test: number of test cases.
        folds: number of folds.
        counts: what the module's COUNTS is set to.
        options: of the dataset.
        lossy: images are JPEG, so that pixels are only close.
        unexpected: a mask value that is refused; None where any value is possible.
    """

    slug: str
    build: Callable[[Path], Files]
    training: int
    test: int
    folds: int
    counts: dict[str, Any] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    unexpected: int | None = 100

    def __str__(self) -> str:
        return "-".join([self.slug, *map(str, self.options.values())])


def pixels(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    return np.random.default_rng([1, seed]).integers(0, 256, (*size, 3), np.uint8)


def structure(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Give a mask, different for each seed."""
    mask = np.random.default_rng([2, seed]).random(size) < 0.3
    mask[0, :2] = True, False
    return mask


def save(path: Path, array: np.ndarray, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() in (".tif", ".tiff"):
        tifffile.imwrite(path, array, photometric="rgb" if array.ndim == 3 else "minisblack", **options)
    elif path.name.endswith(".gz"):
        buffer = io.BytesIO()
        Image.fromarray(array).save(buffer, format="PPM")
        path.write_bytes(gzip.compress(buffer.getvalue()))
    else:
        Image.fromarray(array).save(path, **options)
    return path


def grey(mask: np.ndarray) -> np.ndarray:
    return (mask * 255).astype(np.uint8)


def colour(mask: np.ndarray) -> np.ndarray:
    return np.repeat(grey(mask)[..., None], 3, axis=2)


def drive(root: Path) -> Files:
    files = {}
    for part, numbers in (("training", range(21, 41)), ("test", range(1, 21))):
        for number in numbers:
            image = save(root / f"DRIVE/{part}/images/{number:02d}_{part}.tif", pixels(number), compression="lzw")
            mask = save(root / f"DRIVE/{part}/1st_manual/{number:02d}_manual1.gif", grey(structure(number)))
            files[f"{number:02d}_{part}"] = image, mask
    return files


def stare(root: Path) -> Files:
    from data_prep.datasets.stare import NUMBERS

    files = {}
    for number in NUMBERS:
        image = save(root / f"stare-images/im{number:04d}.ppm.gz", pixels(number))
        mask = save(root / f"labels-ah/im{number:04d}.ah.ppm.gz", grey(structure(number)))
        files[f"im{number:04d}"] = image, mask
    return files


def chase_db1(root: Path) -> Files:
    files = {}
    for number in range(1, 15):
        for eye, seed in (("L", 2 * number), ("R", 2 * number + 1)):
            image = save(root / f"CHASEDB1/Image_{number:02d}{eye}.jpg", pixels(seed))
            mask = save(root / f"CHASEDB1/Image_{number:02d}{eye}_1stHO.png", structure(seed), bits=1)
            files[f"{number:02d}{eye}"] = image, mask
    return files


def hrf(root: Path) -> Files:
    files = {}
    for number in range(1, 16):
        for seed, (kind, ending) in enumerate({"dr": "JPG", "g": "jpg", "h": "jpg"}.items(), start=3 * number):
            name = f"{number:02d}_{kind}"
            path = root / f"images/{name}.{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels(seed)).save(path, format="JPEG")
            mask = save(root / f"manual1/{name}.tif", grey(structure(seed)), compression="packbits")
            files[name] = path, mask
    return files


def fives(root: Path) -> Files:
    files = {}
    for part, first, count in (("train", 0, 10), ("test", 100, 4)):
        for number in range(1, count + 1):
            name, size = f"{number}_{'ADGN'[number % 4]}", (40, 40)
            folder = root / "FIVES A Fundus Image Dataset" / part
            image = save(folder / "Original" / f"{name}.png", pixels(first + number, size))
            mask = save(folder / "Ground truth" / f"{name}.png", colour(structure(first + number, size)))
            files[f"{part}_{name}"] = image, mask
    return files


def crackforest(root: Path) -> Files:
    files = {}
    for number in range(1, 13):
        image = save(root / f"image/{number:03d}.jpg", pixels(number))
        crack = structure(number)
        values = np.where(crack, 2, 1).astype(np.uint8)
        # areas enclosed by cracks, and other marks, are no cracks
        values[5, :3], values[6, :3] = 3, 4
        path = root / f"groundTruth/{number:03d}.mat"
        path.parent.mkdir(exist_ok=True)
        truth = np.zeros((1, 1), dtype=[("Segmentation", object), ("Boundaries", object)])
        truth["Segmentation"][0, 0], truth["Boundaries"][0, 0] = values, crack.astype(np.uint8)
        savemat(path, {"groundTruth": truth})
        files[f"{number:03d}"] = image, path
    for number in (201, 202):
        save(root / f"image/{number}.jpg", pixels(number))
    return files


def deepcrack(root: Path) -> Files:
    files = {}
    for part, first, count in (("train", 11, 7), ("test", 51, 3)):
        for number in range(first, first + count):
            # some are portrait
            size = SIZE if number % 2 else SIZE[::-1]
            # up to two parts of each photograph
            name = f"111{number // 2}-{number % 2}"
            image = save(root / f"{part}_img/{name}.jpg", pixels(number, size))
            mask = save(root / f"{part}_lab/{name}.png", grey(structure(number, size)))
            files[name] = image, mask
    return files


def _crack500(root: Path, folder: str, mask_ending: str) -> Files:
    files = {}
    for part, first, count in (("train", 10, 6), ("val", 30, 2), ("test", 50, 3)):
        for number in range(first, first + count):
            stem = f"20160222_0810{number}" + ("_1_361" if folder == "crop" else "")
            image = save(root / f"CRACK500/{part}{folder}/{stem}.jpg", pixels(number))
            mask = save(root / f"CRACK500/{part}{folder}/{stem}{mask_ending}.png", grey(structure(number)))
            files[stem] = image, mask
    return files


def crack500_crops(root: Path) -> Files:
    return _crack500(root, "crop", "")


def crack500_photographs(root: Path) -> Files:
    return _crack500(root, "data", "_mask")


def deepglobe_roads(root: Path) -> Files:
    files = {}
    for number in range(100, 120):
        image = save(root / f"train/{number}_sat.jpg", pixels(number))
        # not exactly 0 and 255
        values = np.where(structure(number), 250, 3).astype(np.uint8)
        mask = save(root / f"train/{number}_mask.png", np.repeat(values[..., None], 3, axis=2))
        files[str(number)] = image, mask
    save(root / "valid/7_sat.jpg", pixels(7))
    return files


CROPS = {"train": 6, "val": 2, "test": 3}
LAYOUTS = (
    Layout("drive", drive, 20, 20, 5),
    Layout("drive", drive, 30, 10, 3, options={"split": "cldice"}),
    Layout("stare", stare, 20, 0, 5),
    Layout("chase_db1", chase_db1, 20, 8, 5, unexpected=None),
    Layout("hrf", hrf, 36, 9, 5),
    Layout("fives", fives, 10, 4, 1, counts={"train": 10, "test": 4}),
    Layout("crackforest", crackforest, 9, 3, 5, counts={"annotated": 12}, unexpected=9),
    Layout("deepcrack", deepcrack, 7, 3, 4, counts={"train": 7, "test": 3}),
    Layout("crack500", crack500_crops, 8, 3, 1, counts={"crops": CROPS}),
    Layout("crack500", crack500_photographs, 8, 3, 1, counts={"photographs": CROPS}, options={"images": "photographs"}),
    Layout("deepglobe_roads", deepglobe_roads, 16, 4, 1, counts={"labelled": 20}, unexpected=None),
)
