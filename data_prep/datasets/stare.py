"""STARE: vessels in fundus photographs, labelled by two observers."""

from pathlib import Path

from data_prep._register import register
from data_prep.reading import (
    Listing,
    Pair,
    Plan,
    check_choice,
    describe_absent,
    describe_fields_of_view,
    find_root,
    interleaved_folds,
    load_binary,
    make_cases,
    names,
    split_pairs,
)

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
    structure="retina",
    classes=("background", "vessel"),
    licence="no licence text found",
    where=_WHERE,
    size="20 images, 700 x 605, RGB",
    reference="Hoover, Kouznetsova, Goldbaum: Locating blood vessels in retinal images, IEEE TMI 2000",
    unchecked=("no file of the dataset was at hand: layout, names and values are recalled",),
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
    files = find_root(source, ("STARE", "stare"), markers, _WHERE)
    listed = [_pair(files, f"im{number:04d}", observer) for number in NUMBERS]
    pairs, lone = split_pairs(listed)
    absent = names(pair for pair in listed if pair.is_absent)
    return Plan(
        cases=make_cases(pairs, load_binary),
        folds=interleaved_folds(names(pairs)),
        source=files.root,
        lone=lone,
        missing=describe_absent("STARE", len(listed), absent),
        card={
            "foreground": f"vessel (255 in the files), observer {observer}",
            "folds": "five over all images, no test set (this project's choice; many papers leave one out)",
            "notes": describe_fields_of_view(pairs),
        },
    )


def _pair(files: Listing, name: str, observer: str) -> Pair:
    # .ppm.gz as released, or unpacked
    image, mask = f"{name}.ppm.gz", f"{name}.{observer}.ppm.gz"
    return Pair.of(
        name,
        files.find(image, f"stare-images/{image}"),
        files.find(mask, f"labels-{observer}/{mask}"),
        files.find(*(f"mask/{name}_mask{ending}" for ending in (".png", ".gif", ".tif"))),
    )
