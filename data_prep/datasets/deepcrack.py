"""DeepCrack: cracks in photographs of many surfaces."""

from pathlib import Path

from data_prep._register import register
from data_prep.reading import (
    Listing,
    Pair,
    Plan,
    describe_counts,
    find_root,
    grouped_folds,
    load_binary,
    split_cases,
    split_pairs,
)

COUNTS = {"train": 300, "test": 237}
_WHERE = "https://github.com/yhlleo/DeepCrack; the source holds {train,test}_img/NAME.jpg and {train,test}_lab/NAME.png"


@register(
    "deepcrack",
    title="DeepCrack",
    dims=2,
    structure="cracks",
    classes=("background", "crack"),
    licence="non-commercial research and education (read); the photographs are partly of others",
    where=_WHERE,
    size="300 training and 237 test images, 544 x 384, some portrait, RGB",
    reference="Liu, Yao, Lu, Xie, Li: DeepCrack, Neurocomputing 2019",
    unchecked=(
        "no photograph was at hand when this was written, and nine masks",
        "which images are parts of one photograph is read off their names",
    ),
)
def deepcrack(source: Path) -> Plan:
    """Plan the official split, with five folds over the training images.

    Names that differ after their last hyphen are taken as parts of one photograph, which stays on one side of a fold.

    Args:
        source: folder of the download, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    files = find_root(source, ("DeepCrack", "DeepCrack/dataset/DeepCrack"), ("train_lab", "test_lab"), _WHERE)
    train, lone = split_pairs(_list_pairs(files, "train"))
    test, test_lone = split_pairs(_list_pairs(files, "test"))
    missing = describe_counts("DeepCrack", {"train": len(train), "test": len(test)}, COUNTS, files.root)
    notes = []
    if not train and len(test) > 2:
        train, test = test[::2], test[1::2]
        notes = ["no training images were there: every other test image stands in"]
    owners = {pair.name: _photograph(pair) for pair in train}
    if shared := sorted(set(owners.values()) & {_photograph(pair) for pair in test}):
        notes.append(f"photographs with parts in training and test, by their names: {', '.join(shared)}")
    return Plan(
        cases=split_cases(train, test, load_binary),
        folds=grouped_folds(owners),
        source=files.root,
        lone=lone + test_lone,
        missing=missing,
        card={
            "foreground": "crack (255 in the files)",
            "folds": "five over the training photographs, whose parts stay together; the official test images",
            "notes": notes,
        },
    )


def _photograph(pair: Pair) -> str:
    return pair.name.rpartition("-")[0] or pair.name


def _list_pairs(files: Listing, part: str) -> list[Pair]:
    images, masks = f"{part}_img", f"{part}_lab"
    stems = {path.stem for path in files.glob(f"{images}/*.jpg", f"{masks}/*.png")}
    return [
        Pair.of(stem, files.find(f"{images}/{stem}.jpg"), files.find(f"{masks}/{stem}.png")) for stem in sorted(stems)
    ]
