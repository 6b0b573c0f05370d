"""Whether nnU-Net is installed here, and new enough to search the folders named in nnUNet_extTrainer."""

from importlib.metadata import PackageNotFoundError, version

from packaging.version import Version

OLDEST = "2.7"


def problem() -> str | None:
    """Return in one line what is wrong with the nnU-Net of this Python; None where it will do."""
    try:
        installed = version("nnunetv2")
    except PackageNotFoundError:
        return f"nnunetv2 is not installed for this Python: pip install 'nnunetv2>={OLDEST}'"
    if Version(installed) < Version(OLDEST):
        return (
            f"nnunetv2 {installed} is installed, but folders named in nnUNet_extTrainer are searched from {OLDEST} on: "
            f"pip install 'nnunetv2>={OLDEST}'"
        )
    return None
