"""ISLES 2024: ischemic stroke lesions in diffusion MRI."""

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

COUNT = 149
_CHANNELS = ("adc", "dwi")
_WHERE = (
    "https://zenodo.org/records/17652035; the source holds derivatives/sub-strokeNNNN/ses-02/ with "
    "sub-strokeNNNN_ses-02_space-ncct_{adc,dwi,lesion-msk}.nii.gz"
)


@register(
    "isles24",
    title="ISLES24",
    dims=3,
    structure="lesions",
    classes=("background", "lesion"),
    licence="CC BY-NC-SA 4.0 (read as quoted elsewhere)",
    where=_WHERE,
    size="149 labelled patients (150 masks, one without its images), 512 x 581 x 69 in the median, ADC and DWI",
    uses={"scnp": ["H.8", "I.11"]},
    reference="Riedel et al.: ISLES'24, a real-world longitudinal multimodal stroke dataset, 2024",
    unchecked=("no file of the dataset was at hand: names are as others describe them",),
)
def isles24(source: Path) -> Plan:
    """Plan five folds over the labelled patients, without a test set, as in SCNP (which does not list its folds).

    The images of the second session, registered to the first one's CT, are the two channels.

    Args:
        source: folder of the download, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    files = find_root(source, ("ISLES24", "isles24", "train"), ("derivatives/sub-*",), _WHERE)
    sessions = sorted({path.parent for path in files.glob("derivatives/sub-*/ses-*2/*.nii*")})
    pairs, lone = split_pairs(_pair(Listing(session)) for session in sessions)
    return Plan(
        cases=make_cases(pairs, load_volumes),
        channels=["ADC", "DWI"],
        folds=interleaved_folds(names(pairs)),
        source=files.root,
        lone=lone,
        missing=describe_count("ISLES24", len(pairs), COUNT, files.root, "patients"),
        card={
            "foreground": "lesion (1 in the files)",
            "folds": "five over all patients by name (SCNP has five folds and does not list them)",
            "exclusions": ["the first session's CT images"],
        },
    )


def _pair(session: Listing) -> Pair:
    images = tuple(_find(session, channel) for channel in _CHANNELS)
    return Pair(session.root.parent.name, images, _find(session, "lesion-msk"))


def _find(session: Listing, kind: str) -> Path:
    """Find a file by its last word; releases differ in the words before."""
    usual = session.find(f"{session.root.parent.name}_{session.root.name}_space-ncct_{kind}.nii.gz")
    return usual if usual.is_file() else next(iter(session.glob(f"*_{kind}.nii*")), usual)
