"""STARE: vessels in fundus photographs, labelled by two observers."""

from pathlib import Path

from data_prep._plan import Plan
from data_prep._register import register
from data_prep.reading.folds import interleaved_folds
from data_prep.reading.official_files import check_choice, describe_missing, find_root
from data_prep.reading.pairs import Pair, load_binary, make_cases, names, split_pairs

NUMBERS = (1, 2, 3, 4, 5, 44, 77, 81, 82, 139, 162, 163, 235, 236, 239, 240, 255, 291, 319, 324)
OBSERVERS = ("ah", "vk")
_WHERE = (
    "https://cecas.clemson.edu/~ahoover/stare/; the source holds imNNNN.ppm.gz and the labels imNNNN.ah.ppm.gz (or "
    "imNNNN.vk.ppm.gz), in one folder or in stare-images/ and labels-ah/; unpacked .ppm files will do"
)


@register(
    "stare",
    title="STARE",
    dims=2,
    classes=("background", "vessel"),
    licence="no licence text found",
    where=_WHERE,
    size="20 images, 700 x 605, RGB",
    reference="Hoover, Kouznetsova, Goldbaum: Locating blood vessels in retinal images, IEEE TMI 2000",
)
def stare(source: Path, *, observer: str = "ah") -> Plan:
    """Plan five folds over all images and no test set; there is no official split.

    Args:
        source: folder of the download, or one that holds it.
        observer: "ah" (Adam Hoover, what papers train and test on) or "vk" (Valentina Kouznetsova).

    Returns:
        The plan.

    Raises:
        ValueError: the option's value.
        PreparationError: no such layout.
    """
    check_choice("observer", observer, OBSERVERS)
    markers = (f"im*.{observer}.ppm*", f"labels-{observer}/im*.{observer}.ppm*")
    root = find_root(source, ("STARE", "stare"), markers, _WHERE)
    listed = [_pair(root, f"im{number:04d}", observer) for number in NUMBERS]
    pairs, problems = split_pairs(listed)
    absent = [pair.name for pair in listed if not pair.image.is_file() and not pair.mask.is_file()]
    return Plan(
        cases=make_cases(pairs, load_binary),
        classes=("background", "vessel"),
        channels=["R", "G", "B"],
        folds=interleaved_folds(names(pairs)) if len(pairs) > 1 else [{"train": [], "val": []}],
        source=root,
        problems=problems,
        missing=[describe_missing("STARE", len(listed), absent)] if absent else [],
        card={
            "foreground": f"vessel (255 in the files), observer {observer}",
            "folds": "five over all images, no test set (this project's choice; many papers leave one out)",
            "unchecked": ["no file of the dataset was at hand: layout, names and values are recalled"],
        },
    )


def _pair(root: Path, name: str, observer: str) -> Pair:
    return Pair(
        name,
        _find(root, "stare-images", f"{name}.ppm"),
        _find(root, f"labels-{observer}", f"{name}.{observer}.ppm"),
    )


def _find(root: Path, folder: str, name: str) -> Path:
    places = [place / f"{name}{packed}" for place in (root, root / folder) for packed in (".gz", "")]
    return next((path for path in places if path.is_file()), places[0])
