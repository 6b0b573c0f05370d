"""The reader of prepared datasets: the data as training and evaluation see them."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from data_prep._problems import PreparationError
from data_prep.prepared import checksums
from data_prep.prepared.card import Card
from data_prep.prepared.file_names import FIELDS_OF_VIEW, IGNORE
from data_prep.prepared.json_files import compare_checksums, hash_output, json_bytes, read_json, recorded_checksums
from data_prep.reading import decode, interleaved_folds

# channels that one RGB file holds
_RGB = 3


class Prepared:
    """A prepared dataset, or a user's own folder in nnU-Net's raw layout.

    A folder without `splits_final.json` gets five folds: fold k validates on every fifth case of the sorted list, from
    the k-th on. A folder without `card.json` has a card that states only its origin.

    Args:
        folder: holds dataset.json, imagesTr, labelsTr and perhaps imagesTs and labelsTs.
        verify: hash all files and reject the folder if they differ from checksums.json.

    Raises:
        PreparationError: files are missing, changed or contradict each other; all problems, one line each.

    Example:
        data = Prepared("results/data/synthetic2d")
        for case in data.cases("train", fold=0):
            image, label = data.image(case), data.label(case)
    """

    def __init__(self, folder: str | Path, verify: bool = True) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise PreparationError(
                f"{self.folder}: no such folder; make it by `python -m data_prep prepare NAME --source DIR "
                f"--destination {self.folder.parent}`"
            )
        recorded = recorded_checksums(self.folder)
        problems = compare_checksums(self.folder, recorded) if verify and recorded is not None else []
        if problems:
            raise PreparationError(problems)
        self._recorded = recorded
        self._dataset = self._read_dataset()
        self.ending: str = self._dataset["file_ending"]
        self._training = self._list_cases("Tr")
        self._test = self._list_cases("Ts")
        self._check_cases()
        self.card_content: dict[str, Any] = self._read_card()
        self.card: Card = Card.from_json(self.card_content, self.folder.name)
        self.folds: list[dict[str, list[str]]] = self._read_folds()

    @cached_property
    def checksum(self) -> str:
        """Return one SHA-256 for all files of the dataset; the audit on the card of a user's own folder is left out."""
        if self._recorded is not None:
            return checksums.combine(self._recorded)
        card = {key: value for key, value in self.card_content.items() if key != "label_audit"}
        return checksums.combine(
            hash_output(self.folder) | {"card.json": checksums.hash_bytes(json_bytes(card, sort_keys=True))}
        )

    @property
    def name(self) -> str:
        """Return the slug of the dataset; of a user's own, the name of the folder."""
        return self.card.name

    @property
    def classes(self) -> list[str]:
        """Return the names of the classes in the order of their indices, background first; without the ignore label."""
        return [name for name in self._dataset["labels"] if name != IGNORE]

    @property
    def ignore_index(self) -> int | None:
        """Return the value of ignored pixels in the labels, nnU-Net's ignore label; None: there are none."""
        return self._dataset["labels"].get(IGNORE)

    @cached_property
    def has_ignored(self) -> bool:
        """Return whether losses and metrics may ignore some pixels: by an ignore label, or fields of view."""
        return self.ignore_index is not None or self.has_fields_of_view

    @cached_property
    def has_fields_of_view(self) -> bool:
        """Return whether there are masks of what was imaged, of some cases at least."""
        return any(self.folder.glob(f"{FIELDS_OF_VIEW}T[rs]/*{self.ending}"))

    @property
    def channels(self) -> int:
        """Return the number of channels of an image."""
        return len(self._dataset["channel_names"])

    @cached_property
    def dims(self) -> int:
        """Return the number of spatial axes, 2 or 3."""
        return self.card.dims or self.label(next(iter(self._training))).ndim

    @property
    def channel_names(self) -> list[str]:
        """Return the names of the channels, in their order."""
        return list(self._dataset["channel_names"].values())

    def image_files(self, part: str) -> dict[str, list[Path]]:
        """Return each case's image files, one for each channel (or one for all), in the channels' order.

        Args:
            part: "Tr" or "Ts", as in imagesTr and imagesTs.

        Returns:
            {case: paths}.
        """
        return {"Tr": self._training, "Ts": self._test}[part]

    def files(self, case: str) -> list[Path]:
        """Return a case's files, the label last if there is one."""
        label = [self._label_path(case)] if self.has_label(case) else []
        return [*self._image_paths(case), *label]

    def cases(self, part: str, fold: int | None = None, group: str | None = None) -> list[str]:
        """Return the cases of a part.

        Args:
            part: "train", "val" or "test".
            fold: number of the fold, for "train" and "val"; None with "train": all training cases.
            group: for "test", one of card.groups; None: all.

        Returns:
            Names, sorted.

        Raises:
            ValueError: unknown part, fold or group.
        """
        if part == "test":
            return self._list_test(group)
        if part not in ("train", "val"):
            raise ValueError(f"`part` must be 'train', 'val' or 'test', got {part!r}")
        if fold is None and part == "train":
            return sorted(self._training)
        if isinstance(fold, bool) or not isinstance(fold, int) or not 0 <= fold < len(self.folds):
            raise ValueError(f"`fold` must lie in 0..{len(self.folds) - 1} for dataset {self.name!r}, got {fold!r}")
        return sorted(self.folds[fold][part])

    def has_label(self, case: str) -> bool:
        """Return whether there is a ground truth for a case (a user's own test images may have none)."""
        return self._label_path(case).is_file()

    def image(self, case: str) -> np.ndarray:
        """Read an image, with its values as stored.

        Args:
            case: its name.

        Returns:
            float32, (channels, H, W) or (channels, D, H, W).

        Raises:
            PreparationError: unknown case, or an unreadable or wrong file.
        """
        arrays = [self._channels_first(path) for path in self._image_paths(case)]
        if len({array.shape[1:] for array in arrays}) > 1:
            sizes = ", ".join(str(array.shape[1:]) for array in arrays)
            raise PreparationError(f"{self._image_paths(case)[0]}: the channels have different sizes: {sizes}")
        image = np.concatenate(arrays).astype(np.float32)
        if len(image) != self.channels:
            path = self._image_paths(case)[0]
            raise PreparationError(f"{path}: dataset.json names {self.channels} channels, the image has {len(image)}")
        return image

    def label(self, case: str) -> np.ndarray:
        """Read a ground truth.

        Args:
            case: its name.

        Returns:
            uint8, (H, W) or (D, H, W), class indices; `ignore_index` at ignored pixels.

        Raises:
            PreparationError: no ground truth, an unreadable file, or a value that is no class.
        """
        path = self._label_path(case)
        array, _ = decode(path)
        highest = len(self._dataset["labels"]) - 1
        label = array.astype(np.uint8)
        if array.ndim not in (2, 3) or not np.array_equal(label, array) or (label > highest).any():
            values = np.unique(array)[:10].tolist()
            raise PreparationError(
                f"{path}: expected one channel of class indices 0..{highest} as in dataset.json, got shape "
                f"{array.shape} with values {values}; write class indices, not grey values"
            )
        return label

    def field_of_view(self, case: str) -> np.ndarray | None:
        """Read the field of view, such as the circle of a fundus photograph.

        Args:
            case: its name.

        Returns:
            bool, shape of the label; None: everywhere.

        Raises:
            PreparationError: unknown case, or an unreadable file.
        """
        self._image_paths(case)
        path = self.folder / f"{FIELDS_OF_VIEW}{self._part(case)}" / f"{case}{self.ending}"
        return decode(path)[0] > 0 if path.is_file() else None

    def ignored(self, case: str, *, field_of_view: bool = True) -> np.ndarray | None:
        """Read which pixels losses and metrics ignore.

        Args:
            case: its name.
            field_of_view: ignore pixels outside it.

        Returns:
            bool, shape of the label; None: no pixel.

        Raises:
            PreparationError: see `label`.
        """
        masks = []
        if self.ignore_index is not None and self.has_label(case):
            masks.append(self.label(case) == self.ignore_index)
        if field_of_view and (seen := self.field_of_view(case)) is not None:
            masks.append(~seen)
        return np.logical_or.reduce(masks) if masks else None

    def spacing(self, case: str) -> tuple[float, ...]:
        """Return the distance between neighbouring pixels along each axis of the label."""
        if self.ending.startswith(".nii"):
            return decode(self._image_paths(case)[0])[1]
        return tuple(self.card.spacing or (1.0,) * self.dims)

    def _list_test(self, group: str | None) -> list[str]:
        groups = self.card.groups
        if group and group not in groups:
            offers = ", ".join(groups) or "none"
            raise ValueError(f"`group` must be a test group of {self.name!r} ({offers}), got {group!r}")
        return sorted(groups[group]) if group else sorted(self._test)

    def _image_paths(self, case: str) -> list[Path]:
        for cases in (self._training, self._test):
            if case in cases:
                return cases[case]
        raise PreparationError(f"{self.folder}: no case {case!r}")

    def _label_path(self, case: str) -> Path:
        return self.folder / f"labels{self._part(case)}" / f"{case}{self.ending}"

    def _part(self, case: str) -> str:
        return "Ts" if case in self._test else "Tr"

    def _channels_first(self, path: Path) -> np.ndarray:
        array, _ = decode(path)
        is_rgb = array.ndim == 3 and array.shape[-1] == _RGB and not self.ending.startswith(".nii") and self._is_flat
        return np.moveaxis(array, -1, 0) if is_rgb else array[np.newaxis]

    @property
    def _is_flat(self) -> bool:
        # a TIFF whose last axis has length 3 may be a volume: then the labels have three axes too
        return self.ending == ".png" or self.dims == 2

    def _list_cases(self, part: str) -> dict[str, list[Path]]:
        cases: dict[str, list[Path]] = {}
        for path in sorted((self.folder / f"images{part}").glob(f"*_[0-9][0-9][0-9][0-9]{self.ending}")):
            cases.setdefault(path.name[: -len(self.ending) - 5], []).append(path)
        return cases

    def _read_dataset(self) -> dict[str, Any]:
        path = self.folder / "dataset.json"
        content = read_json(path)
        missing = [key for key in ("channel_names", "labels", "file_ending") if key not in content]
        if missing:
            raise PreparationError(f"{path}: lacks {', '.join(missing)} (nnU-Net v2 raw layout)")
        labels = content["labels"]
        if any(not isinstance(value, int) for value in labels.values()):
            raise PreparationError(f"{path}: regions are not supported; give one index for each class")
        ordered = dict(sorted(labels.items(), key=lambda item: item[1]))
        if list(ordered.values()) != list(range(len(ordered))):
            raise PreparationError(f"{path}: `labels` must be numbered 0, 1, 2, ... without gaps, got {labels}")
        if IGNORE in ordered and list(ordered)[-1] != IGNORE:
            raise PreparationError(f"{path}: the ignore label must have the highest number, got {labels}")
        return {**content, "labels": ordered}

    def _check_cases(self) -> None:
        problems = []
        if not self._training:
            problems.append(f"{self.folder / 'imagesTr'}: no file <case>_0000{self.ending}; see dataset.json")
        both = sorted(self._training.keys() & self._test.keys())
        if both:
            problems.append(f"{self.folder}: in imagesTr and in imagesTs: {', '.join(both[:5])}; rename one of each")
        for case in self._training:
            if not self.has_label(case):
                problems.append(f"{self._label_path(case)}: missing, but there is {self._training[case][0].name}")
        if problems:
            raise PreparationError(problems)

    def _read_card(self) -> dict[str, Any]:
        path = self.folder / "card.json"
        if path.exists():
            card = read_json(path)
            if not isinstance(card, dict):
                raise PreparationError(f"{path}: expected a JSON object, got {type(card).__name__}")
            return card
        return {
            "name": self.folder.name,
            "title": self.folder.name,
            "source": "a folder of the user's own",
            "groups": {},
        }

    def _read_folds(self) -> list[dict[str, list[str]]]:
        path = self.folder / "splits_final.json"
        if not path.exists():
            if len(self._training) < 2:
                raise PreparationError(f"{self.folder}: folds need two training images or more, got 1")
            return interleaved_folds(sorted(self._training))
        folds = read_json(path)
        problems = []
        for number, fold in enumerate(folds):
            unknown = sorted({*fold["train"], *fold["val"]} - self._training.keys())
            if unknown:
                problems.append(f"{path}: fold {number} names cases that are not in imagesTr: {', '.join(unknown[:5])}")
            both = sorted(set(fold["train"]) & set(fold["val"]))
            if both:
                problems.append(f"{path}: fold {number} trains and validates on {', '.join(both[:5])}")
        if problems:
            raise PreparationError(problems)
        return folds
