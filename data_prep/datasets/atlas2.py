"""ATLAS 2: lesions after stroke in T1-weighted MRI."""

from pathlib import Path

from data_prep._register import register
from data_prep.reading import (
    Listing,
    Pair,
    Plan,
    describe_count,
    find_root,
    interleaved_folds,
    load_volumes,
    make_cases,
    names,
    split_pairs,
)

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
    structure="lesions",
    classes=("background", "lesion"),
    licence="for registered users (recalled, not read)",
    where=_WHERE,
    size="655 volumes with public labels, 197 x 233 x 189",
    uses={"scnp": ["H.8", "I.11"]},
    reference="Liew et al.: ATLAS v2.0, Scientific Data 2022",
    unchecked=("no file of the dataset was at hand: names are as others use them",),
)
def atlas2(source: Path) -> Plan:
    """Plan five folds over the volumes with public labels, without a test set, as in SCNP (whose folds are not listed).

    Args:
        source: folder of the download, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    files = find_root(source, ("ATLAS_2", "ATLAS_2/Training", "Training"), ("R0*/sub-*", "Training/R0*"), _WHERE)
    files = Listing(training) if (training := files.find("Training")).is_dir() else files
    places = {
        path.parent / path.name[: -len(ending)]: files.root
        for ending in (_IMAGE, _LABEL)
        for path in files.glob(f"R*/sub-*/ses-*/anat/*{ending}")
    }
    listed = [
        Pair.of(place.name, place.with_name(place.name + _IMAGE), place.with_name(place.name + _LABEL))
        for place in sorted(places)
    ]
    pairs, lone = split_pairs(listed)
    return Plan(
        cases=make_cases(pairs, load_volumes),
        channels=["T1w"],
        folds=interleaved_folds(names(pairs)),
        source=files.root,
        lone=lone,
        missing=describe_count("ATLAS 2", len(pairs), COUNT, files.root),
        card={
            "foreground": "lesion (1 in the files)",
            "folds": "five over all labelled volumes by name (SCNP has five folds and does not list them)",
            "exclusions": ["Testing/: no public labels"],
        },
    )
