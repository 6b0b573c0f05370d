"""PulmonaryVA: pulmonary arteries and veins in chest CT, three classes."""

from pathlib import Path

from data_prep._plan import Plan
from data_prep._register import register
from data_prep.reading.folds import interleaved_folds
from data_prep.reading.official_files import find_root
from data_prep.reading.volumes import describe_count, make_volume_cases, strip_ending

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
    classes=("background", "artery", "vein"),
    licence="not known",
    where=_WHERE,
    size="106 volumes, 184 x 235 x 262 in the median",
    papers=("scnp",),
    reference="Cheng, Zheng, Yan, Zhang, Meng, Xu: Pulmonary arteries and veins segmentation, ICPR 2024",
)
def pulmonary_va(source: Path) -> Plan:
    """Plan five folds over all volumes, without a test set, as SCNP has (its folds are not listed).

    Args:
        source: folder with images/ and labels/, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    root = find_root(source, ("PulmonaryVA", "PulmonaryAV"), ("labels/*.nii*",), _WHERE)
    places = [root / "images", root / "labels"]
    names = sorted({strip_ending(path) for place in places for path in place.glob("*.nii*")})
    files = {name: ((places[0] / f"{name}.nii.gz",), places[1] / f"{name}.nii.gz") for name in names}
    cases, problems = make_volume_cases(files, _CODING)
    listed = [case.name for case in cases]
    return Plan(
        cases=cases,
        classes=("background", "artery", "vein"),
        channels=["CT"],
        folds=interleaved_folds(listed) if len(listed) > 1 else [{"train": [], "val": []}],
        source=root,
        problems=problems,
        missing=describe_count("PulmonaryVA", len(cases), COUNT, root),
        card={
            "foreground": "artery (1) and vein (2)",
            "folds": "five over all volumes by name (SCNP has five folds and does not list them)",
            "unchecked": ["no file of the dataset was at hand: layout and values asked for are this project's"],
        },
    )
