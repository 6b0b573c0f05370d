"""PulmonaryVA: pulmonary arteries and veins in chest CT, three classes."""

from functools import partial
from pathlib import Path

from data_prep._register import register
from data_prep.reading import (
    Pair,
    Plan,
    describe_count,
    find_root,
    interleaved_folds,
    load_volumes,
    make_cases,
    names,
    split_pairs,
    strip_ending,
)

COUNT = 106
_CODING = {0: 0, 1: 1, 2: 2}
_WHERE = (
    "the dataset of Cheng et al., ICPR 2024; bring the volumes into images/NAME.nii.gz and labels/NAME.nii.gz "
    "(1 artery, 2 vein)"
)


@register(
    "pulmonary_va",
    title="PulmonaryVA",
    dims=3,
    structure="vessels in 3D",
    classes=("background", "artery", "vein"),
    licence="not known",
    where=_WHERE,
    size="106 volumes, 184 x 235 x 262 in the median",
    uses={"scnp": ["B.2", "H.8", "I.9"]},
    reference="Cheng, Zheng, Yan, Zhang, Meng, Xu: Pulmonary arteries and veins segmentation, ICPR 2024",
    unchecked=("no file of the dataset was at hand: layout and values asked for are this project's",),
)
def pulmonary_va(source: Path) -> Plan:
    """Plan five folds over all volumes, without a test set, as in SCNP (which does not list its folds).

    Args:
        source: folder with images/ and labels/, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    files = find_root(source, ("PulmonaryVA", "PulmonaryAV"), ("labels/*.nii*",), _WHERE)
    stems = sorted({strip_ending(path) for path in files.glob("images/*.nii*", "labels/*.nii*")})
    listed = [Pair.of(stem, files.find(f"images/{stem}.nii.gz"), files.find(f"labels/{stem}.nii.gz")) for stem in stems]
    pairs, lone = split_pairs(listed)
    return Plan(
        cases=make_cases(pairs, partial(load_volumes, coding=_CODING)),
        channels=["CT"],
        folds=interleaved_folds(names(pairs)),
        source=files.root,
        lone=lone,
        missing=describe_count("PulmonaryVA", len(pairs), COUNT, files.root),
        card={
            "foreground": "artery (1) and vein (2)",
            "folds": "five over all volumes by name (SCNP has five folds and does not list them)",
        },
    )
