"""Tiny sources in the official layouts of volumes and of nuclei: right names, formats, types and codings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import nibabel
import numpy as np
import tifffile
from layouts import grey, pixels, save, structure
from scipy.io import savemat

SHAPE = (6, 9, 12)
SPACING = (2.0, 0.5, 0.25)
AXONS = tuple(
    f"{animal}_{side}" for animal in ("Sham_25", "Sham_49", "TBI_24", "TBI_28", "TBI_2") for side in ("contra", "ipsi")
)
# {case: (images, label)}
Files = dict[str, tuple[tuple[Path, ...], Path]]


@dataclass(frozen=True)
class Layout:
    """An official layout in small.

    Attributes:
        slug: of the dataset.
        build: writes it below a folder, {case: (images, label)}.
        training: number of training cases.
        test: number of test cases.
        folds: number of folds.
        constants: what constants of the module are set to.
        options: of the dataset.
        classes: highest class index.
        channels: number of channels.
    """

    slug: str
    build: Callable[[Path], Files]
    training: int
    test: int
    folds: int
    constants: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    classes: int = 1
    channels: int = 1

    def __str__(self) -> str:
        return "-".join([self.slug, *map(str, self.options.values())])


def volume(seed: int, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.random.default_rng([3, seed]).integers(-1000, 1000, shape, np.int16)


def labels(seed: int, classes: int = 1, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    label = np.random.default_rng([4, seed]).integers(0, classes + 1, shape, np.uint8)
    label.flat[: classes + 1] = np.arange(classes + 1)
    return label


def nifti(path: Path, array: np.ndarray, spacing: tuple[float, ...] = SPACING) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(array.transpose(), np.diag([*reversed(spacing), 1.0])), path)
    return path


def minivess(root: Path) -> Files:
    return {
        f"mv{n:02d}": ((nifti(root / f"mv{n:02d}.nii.gz", volume(n)),), nifti(root / f"mv{n:02d}_y.nii.gz", labels(n)))
        for n in range(1, 9)
    }


def vesselnn(root: Path) -> Files:
    names = {
        "poon2015_BBB_Leakage": "manualLabels_v2", "poon2015_BBB_noLeakage": "manualLabel_v2",
        "burgess2014_lowerRes_hiSNR": "labels_v1", "poon2015_plaqueVessels": "label_underSegmented",
        "santos2015_lowContrastVessels": "labelsMarc", "santos2015_mixedSizelowContrastVessels": "labelsMarc",
        "santos2015_tumor": "initLabel_v1",
    }  # fmt: skip
    files = {}
    for number, (name, suffix) in enumerate(names.items()):
        image = root / "denoised" / f"{name}_BM4D_denoised.tif"
        label = root / "labels" / f"{name}_{suffix}.tif"
        for path in (image, label):
            path.parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(image, volume(number).astype(np.uint16), photometric="minisblack", compression="lzw")
        # two labels are of 16 bits with 0 and 254
        kind, high = (np.uint16, 254) if number < 2 else (np.uint8, 255)
        tifffile.imwrite(label, (labels(number) * high).astype(kind), photometric="minisblack", compression="lzw")
        files[name] = ((image,), label)
    return files


def vessap(root: Path) -> Files:
    files = {}
    for n in range(11):
        images = tuple(nifti(root / f"raw/crop{n:02d}_{c:04d}.nii.gz", volume(2 * n + c)) for c in (0, 1))
        files[f"crop{n:02d}"] = images, nifti(root / f"labels/crop{n:02d}.nii.gz", labels(n))
    return files


def vessap_one(root: Path) -> Files:
    return {name: (images[:1], label) for name, (images, label) in vessap(root).items()}


def cld(root: Path) -> Files:
    files = {}
    for part, first, count in ((root, 0, 6), (root / "test", 10, 2)):
        for n in range(first, first + count):
            image = nifti(part / f"images/bone{n}.nii.gz", volume(n))
            files[f"bone{n}"] = (image,), nifti(part / f"labels/bone{n}.nii.gz", labels(n))
    return files


def axons(root: Path) -> Files:
    files = {}
    for seed, name in enumerate(AXONS):
        folder, stem = root / "White matter EM" / name, f"HM_{name.partition('_')[2]}"
        folder.mkdir(parents=True)
        raw, label = folder / f"{stem}.h5", folder / f"{stem}_myelinated_axons.mat"
        with h5py.File(raw, "w") as file:
            # part of the files have an axis for the channels
            image = volume(seed).astype(np.uint8)
            file["raw"] = image[:, np.newaxis] if name.endswith("ipsi") else image
        numbers = labels(seed).astype(np.uint16) * 300
        if name.startswith("TBI_2_"):
            # MATLAB's format from version 7.3 on
            with h5py.File(label, "w", userblock_size=512) as file:
                file["final_lbl"] = numbers
        else:
            savemat(label, {"myelinated_axons": numbers.transpose()}, do_compression=True)
        # the myelin lies beside the axons
        savemat(folder / f"{stem}_myelin.mat", {"myelin": numbers.transpose() == 0})
        files[name] = ((raw,), label)
    return files


def pulmonary_va(root: Path) -> Files:
    files = {}
    for n in range(6):
        image = nifti(root / f"images/case{n}.nii.gz", volume(n))
        files[f"case{n}"] = (image,), nifti(root / f"labels/case{n}.nii.gz", labels(n, 2))
    return files


def cirrmri600(root: Path) -> Files:
    files = {}
    for part, first, count in (("train", 0, 5), ("valid", 10, 2), ("test", 20, 2)):
        for n in range(first, first + count):
            folder = root / "CirrMRI600+" / "Cirrhosis_T2_3D"
            image = nifti(folder / f"{part}_images/{n}.nii.gz", volume(n))
            files[f"{part}_{n}"] = (image,), nifti(folder / f"{part}_masks/{n}.nii.gz", labels(n))
    return files


def atlas2(root: Path) -> Files:
    files = {}
    for n in range(1, 8):
        name = f"sub-r{n:03d}s001_ses-1"
        folder = root / f"ATLAS_2/Training/R{n:03d}/sub-r{n:03d}s001/ses-1/anat"
        image = nifti(folder / f"{name}_space-MNI152NLin2009aSym_T1w.nii.gz", volume(n))
        label = nifti(folder / f"{name}_space-MNI152NLin2009aSym_label-L_desc-T1lesion_mask.nii.gz", labels(n))
        files[name] = (image,), label
    return files


def isles24(root: Path) -> Files:
    files = {}
    for n in range(1, 8):
        name = f"sub-stroke{n:04d}"
        folder = root / "train/derivatives" / name / "ses-02"
        images = tuple(
            nifti(folder / f"{name}_ses-02_space-ncct_{kind}.nii.gz", volume(2 * n + k))
            for k, kind in enumerate(("adc", "dwi"))
        )
        files[name] = images, nifti(folder / f"{name}_ses-02_space-ncct_lesion-msk.nii.gz", labels(n))
    return files


def mslesseg(root: Path) -> Files:
    files = {}
    for part, patients in (("train", {1: 2, 2: 1, 3: 3, 4: 1, 5: 1, 6: 2}), ("test", {54: 0, 55: 0})):
        for patient, times in patients.items():
            for time in range(1, times + 1) if times else (0,):
                stem = f"P{patient}_T{time}" if time else f"P{patient}"
                folder = root / "MSLesSeg Dataset" / part / f"P{patient}" / (f"T{time}" if time else "")
                images = tuple(
                    nifti(folder / f"{stem}_{kind}.nii.gz", volume(100 * patient + 10 * time + k))
                    for k, kind in enumerate(("T1", "T2", "FLAIR"))
                )
                files[stem] = images, nifti(folder / f"{stem}_MASK.nii.gz", labels(100 * patient + time).astype(float))
    return files


LAYOUTS = (
    Layout("minivess", minivess, 6, 2, 5, {"COUNT": 8}),
    Layout("vesselnn", vesselnn, 7, 0, 5, {"COUNT": 7}),
    Layout("vessap", vessap, 8, 3, 5, channels=2),
    Layout("vessap", vessap_one, 8, 3, 5, options={"channels": 1}),
    Layout("cld", cld, 6, 2, 5, {"COUNTS": {"train": 6, "test": 2}}),
    Layout("axons", axons, 10, 0, 5),
    Layout("pulmonary_va", pulmonary_va, 6, 0, 5, {"COUNT": 6}, classes=2),
    Layout("cirrmri600", cirrmri600, 7, 2, 1, {"COUNTS": {"T2": {"train": 5, "valid": 2, "test": 2}}}),
    Layout("atlas2", atlas2, 7, 0, 5, {"COUNT": 7}),
    Layout("isles24", isles24, 7, 0, 5, {"COUNT": 7}, channels=2),
    Layout("mslesseg", mslesseg, 10, 2, 1, {"COUNTS": {"train": 10, "test": 2}}, channels=3),
)


def cremi(root: Path, letters: str = "A", slices: int = 12) -> dict[str, np.ndarray]:
    """Write samples of CREMI; gives the neuron ids by letter."""
    root.mkdir(parents=True, exist_ok=True)
    found = {}
    for letter in letters:
        rng = np.random.default_rng([5, ord(letter)])
        ids = np.repeat(np.repeat(rng.integers(1, 9, (slices, 6, 5), np.uint64), 6, axis=1), 7, axis=2)
        raw = rng.integers(0, 256, ids.shape, np.uint8)
        with h5py.File(root / f"sample_{letter}_20160501.hdf", "w") as file:
            file["volumes/raw"], file["volumes/labels/neuron_ids"] = raw, ids
            file["volumes/raw"].attrs["resolution"] = (40.0, 4.0, 4.0)
        found[letter] = ids
    return found


def icas_d(root: Path, numbers: range) -> Files:
    files = {}
    for n in numbers:
        folder = root / ("1-200" if n % 2 else "201-400")
        image = nifti(folder / f"{n}.img.nii.gz", volume(n, (20, 36, 40)))
        files[f"{n:04d}"] = (image,), nifti(folder / f"{n}.label.nii.gz", labels(n, shape=(20, 36, 40)))
    return files


def nuinsseg(root: Path) -> dict[str, np.ndarray]:
    found = {}
    # 0 and 1 of 8 bits, one bit, 0 and 255
    codings = (lambda mask: mask.astype(np.uint8), np.asarray, grey)
    for organ in ("human bladder", "mouse kidney"):
        for n in range(10):
            name, nuclei = f"{organ.replace(' ', '_')}_{n:02d}", structure(n + len(organ))
            save(root / "NuInsSeg" / organ / "tissue images" / f"{n:02d}.png", pixels(n))
            save(root / "NuInsSeg" / organ / "mask binary" / f"{n:02d}.png", codings[n % 3](nuclei))
            found[name] = nuclei
    return found


def ihc_tma(root: Path) -> dict[str, np.ndarray]:
    found = {}
    for n in range(20):
        save(root / "IHC_TMA_dataset/images" / f"{n:03d}.png", pixels(n))
        first, second = structure(n), structure(n + 100) & ~structure(n)
        path = root / "IHC_TMA_dataset/masks" / f"{n:03d}.npy"
        path.parent.mkdir(exist_ok=True)
        np.save(path, np.stack([first * 7, second * 3, structure(n + 200)]).astype(np.int64))
        found[f"{n:03d}"] = first | second
    return found


def lynsec(root: Path) -> dict[str, np.ndarray]:
    found = {}
    for part, count, planes in ((1, 12, 5), (2, 6, 4), (3, 2, 5)):
        for n in range(count):
            nuclei = structure(100 * part + n)
            path = root / f"lynsec {part}" / f"{n}_l{part}.npy"
            path.parent.mkdir(parents=True, exist_ok=True)
            extra = [(nuclei * (n + 1))[..., None], nuclei[..., None]][: planes - 3]
            np.save(path, np.concatenate([pixels(n), *extra], axis=-1).astype(np.int32))
            found[f"lynsec{part}_{n}_l{part}"] = nuclei
    return found
