"""The code, packages and machine of a run."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

from runs.record import Git, Gpu, Machine, Provenance

PACKAGES = (
    "topology-loss-benchmark",
    "cripser",
    "edt",
    "numba",
    "monai",
    "nibabel",
    "numpy",
    "pandas",
    "pillow",
    "scikit-image",
    "scipy",
    "torch",
)

_ROOT = Path(__file__).parents[1]


def collect() -> Provenance:
    """Describe the code, the packages and the machine.

    torch is asked about GPUs only if it has already been imported, since importing it takes seconds.

    Returns:
        Commit (None outside a checkout), Python, versions of the packages (None where not installed), machine, GPUs.
    """
    packages = {name: _version(name) for name in PACKAGES}
    return Provenance(_git(), platform.python_version(), packages, _machine(), _gpus())


def _git() -> Git | None:
    if not (_ROOT / ".git").exists():
        return None  # an installed copy: only the version under `packages` is known
    commit = _git_output("rev-parse", "HEAD")
    if commit is None:
        return None
    status = _git_output("status", "--porcelain", "--untracked-files=no")
    return Git(commit, None if status is None else bool(status))


def _git_output(*arguments: str) -> str | None:
    command = ["git", "--no-optional-locks", "-C", str(_ROOT), *arguments]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _machine() -> Machine:
    return Machine(platform.node(), platform.platform(), _processor(), os.cpu_count(), _memory())


def _processor() -> str:
    """Return the processor's model: Linux keeps it in /proc, elsewhere `platform` knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def _gpus() -> list[Gpu]:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return []
    versions = torch.version.cuda, torch.backends.cudnn.version()
    found = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
    return [Gpu(gpu.name, gpu.total_memory, f"{gpu.major}.{gpu.minor}", *versions) for gpu in found]
