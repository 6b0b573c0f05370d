"""ATLAS 2: lesions after stroke in T1-weighted MRI."""

from pathlib import Path

from data_prep._plan import Plan
from data_prep._register import register
from data_prep.reading.folds import interleaved_folds
from data_prep.reading.official_files import find_root
from data_prep.reading.volumes import BINARY, Volumes, describe_count, make_volume_cases

COUNT = 655
_SPACE = "space-MNI152NLin2009aSym"
_IMAGE, _LABEL = f"_{_SPACE}_T1w.nii.gz", f"_{_SPACE}_label-L_desc-T1lesion_mask.nii.gz"
_WHERE = (
    "https://fcon_1000.projects.nitrc.org/indi/retro/atlas.html; the source holds "
    "Training/R001/sub-r001s001/ses-1/anat/sub-r001s001_ses-1" + _IMAGE + " and the mask beside it"
)


@register(
    "atlas2",
    title="ATLAS 2",
    dims=3,
    classes=("background", "lesion"),
    licence="for registered users (recalled, not read)",
    where=_WHERE,
    size="655 volumes with public labels, 197 x 233 x 189",
    papers=("scnp",),
    reference="Liew et al.: ATLAS v2.0, Scientific Data 2022",
)
def atlas2(source: Path) -> Plan:
    """Plan five folds over the volumes with public labels, without a test set, as SCNP has (its folds are not listed).

    Args:
        source: folder of the download, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    root = find_root(source, ("ATLAS_2", "ATLAS_2/Training", "Training"), ("R0*/sub-*", "Training/R0*"), _WHERE)
    root = root / "Training" if (root / "Training").is_dir() else root
    files: dict[str, Volumes] = {}
    for path in sorted(root.glob("R*/sub-*/ses-*/anat/*.nii.gz")):
        for ending in (_IMAGE, _LABEL):
            if path.name.endswith(ending):
                name = path.name.removesuffix(ending)
                files[name] = ((path.with_name(name + _IMAGE),), path.with_name(name + _LABEL))
    cases, problems = make_volume_cases(files, BINARY)
    names = [case.name for case in cases]
    return Plan(
        cases=cases,
        classes=("background", "lesion"),
        channels=["T1w"],
        folds=interleaved_folds(names) if len(names) > 1 else [{"train": [], "val": []}],
        source=root,
        problems=problems,
        missing=describe_count("ATLAS 2", len(cases), COUNT, root),
        card={
            "foreground": "lesion (1 in the files)",
            "folds": "five over all labelled volumes by name (SCNP has five folds and does not list them)",
            "exclusions": ["Testing/: no public labels"],
            "unchecked": ["no file of the dataset was at hand: names are as others use them"],
        },
    )
