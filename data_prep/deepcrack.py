"""DeepCrack: cracks in photographs of many surfaces."""

from pathlib import Path

from data_prep._folds import interleaved_folds
from data_prep._pairs import Pair, count_missing, load_binary, make_cases, names, split_pairs
from data_prep._plan import Plan
from data_prep._register import register
from data_prep._source import find_root

COUNTS = {"train": 300, "test": 237}
_WHERE = "https://github.com/yhlleo/DeepCrack; the source holds {train,test}_img/NAME.jpg and {train,test}_lab/NAME.png"


@register(
    "deepcrack",
    title="DeepCrack",
    dims=2,
    classes=("background", "crack"),
    licence="non-commercial research and education (read); the photographs are partly of others",
    where=_WHERE,
    size="300 training and 237 test images, 544 x 384, some portrait, RGB",
    reference="Liu, Yao, Lu, Xie, Li: DeepCrack, Neurocomputing 2019",
)
def deepcrack(source: Path) -> Plan:
    """Plan the official split, with five folds over the training images.

    Args:
        source: folder of the download, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    root = find_root(source, ("DeepCrack", "DeepCrack/dataset/DeepCrack"), ("train_lab", "test_lab"), _WHERE)
    train, problems = split_pairs(_list_pairs(root, "train"))
    test, test_problems = split_pairs(_list_pairs(root, "test"))
    notes = []
    if not train and len(test) > 2:
        train, test = test[::2], test[1::2]
        notes = ["no training images were there: every other test image stands in"]
    return Plan(
        cases=make_cases(train, load_binary) + make_cases(test, load_binary, test=True),
        classes=("background", "crack"),
        channels=["R", "G", "B"],
        folds=interleaved_folds(names(train)) if len(train) > 1 else [{"train": [], "val": []}],
        source=root,
        problems=problems + test_problems,
        missing=count_missing("DeepCrack", {"train": 0 if notes else len(train), "test": len(test)}, COUNTS, root),
        card={
            "foreground": "crack (255 in the files)",
            "folds": "five over the training images; the official test images",
            "notes": notes,
            "unchecked": ["no photograph was at hand when this was written, and nine masks"],
        },
    )


def _list_pairs(root: Path, part: str) -> list[Pair]:
    images, masks = root / f"{part}_img", root / f"{part}_lab"
    stems = {
        path.stem for folder, ending in ((images, "jpg"), (masks, "png")) for path in folder.glob(f"[!.]*.{ending}")
    }
    return [Pair(stem, images / f"{stem}.jpg", masks / f"{stem}.png") for stem in sorted(stems)]
