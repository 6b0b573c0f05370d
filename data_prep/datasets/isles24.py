"""ISLES 2024: ischemic stroke lesions in diffusion MRI."""

from pathlib import Path

from data_prep._plan import Plan
from data_prep._register import register
from data_prep.reading.folds import interleaved_folds
from data_prep.reading.official_files import find_root
from data_prep.reading.volumes import BINARY, Volumes, describe_count, make_volume_cases

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
    classes=("background", "lesion"),
    licence="CC BY-NC-SA 4.0 (read as quoted elsewhere)",
    where=_WHERE,
    size="149 labelled patients, 512 x 581 x 69 in the median, ADC and DWI",
    papers=("scnp",),
    reference="Riedel et al.: ISLES'24, a real-world longitudinal multimodal stroke dataset, 2024",
)
def isles24(source: Path) -> Plan:
    """Plan five folds over the labelled patients, without a test set, as SCNP has (its folds are not listed).

    The images of the second session, registered to the first one's CT, are the two channels.

    Args:
        source: folder of the download, or one that holds it.

    Returns:
        The plan.

    Raises:
        PreparationError: no such layout.
    """
    root = find_root(source, ("ISLES24", "isles24", "train"), ("derivatives/sub-*",), _WHERE)
    files: dict[str, Volumes] = {}
    for session in sorted((root / "derivatives").glob("sub-*/ses-*2")):
        if any(session.glob("*.nii.gz")):
            images = tuple(_find(session, channel) for channel in _CHANNELS)
            files[session.parent.name] = images, _find(session, "lesion-msk")
    cases, problems = make_volume_cases(files, BINARY)
    names = [case.name for case in cases]
    return Plan(
        cases=cases,
        classes=("background", "lesion"),
        channels=["ADC", "DWI"],
        folds=interleaved_folds(names) if len(names) > 1 else [{"train": [], "val": []}],
        source=root,
        problems=problems,
        missing=describe_count("ISLES24", len(cases), COUNT, root, "patients"),
        card={
            "foreground": "lesion (1 in the files)",
            "folds": "five over all patients by name (SCNP has five folds and does not list them)",
            "exclusions": ["the first session's CT images"],
            "unchecked": ["no file of the dataset was at hand: names are as others describe them"],
        },
    )


def _find(session: Path, kind: str) -> Path:
    """Find a file by its last word; releases differ in the words before."""
    usual = session / f"{session.parent.name}_{session.name}_space-ncct_{kind}.nii.gz"
    return usual if usual.is_file() else next(iter(sorted(session.glob(f"*_{kind}.nii.gz"))), usual)
