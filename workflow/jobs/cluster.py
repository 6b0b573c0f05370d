"""Slurm, as the head sees it: Snakemake's options for this cluster, and the jobs that an earlier head left.

The names of a results folder's jobs have a common prefix, by which the next start finds them again.
"""

import contextlib
import hashlib
import importlib.util
import re
import shutil
import subprocess
import time
from pathlib import Path

import yaml

LOGS = "slurm_logs"
_PATIENCE = 90.0  # seconds for cancelled jobs to end: Slurm gives them KillWait, 30 s by default
_PULSE = 1.0
_NO_ACCOUNTING = re.compile(r"^AccountingStorageType\s*=\s*(accounting_storage/none|\(null\)|none)?\s*$", re.M)


class ClusterError(RuntimeError):
    """Slurm is missing, or does not answer; the message says what was asked of it."""


def is_slurm(profile: str | Path) -> bool:
    """Return whether a Snakemake profile submits to Slurm.

    Args:
        profile: folder of the profile.

    Returns:
        True if its executor is slurm.
    """
    path = Path(profile) / "config.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
    return isinstance(settings, dict) and settings.get("executor") == "slurm"


def check() -> None:
    """Refuse a machine that cannot submit.

    Raises:
        ClusterError: Slurm's commands or Snakemake's plugin for it are missing.
    """
    missing = [name for name in ("sbatch", "squeue", "scancel", "scontrol") if shutil.which(name) is None]
    if missing:
        raise ClusterError(f"{', '.join(missing)} not found: start this where jobs are submitted, on a login node")
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        raise ClusterError('Snakemake cannot submit to Slurm yet: .venv/bin/python -m pip install -e ".[slurm]"')


def options(results: str | Path, logs: str | Path) -> list[str]:
    """Return Snakemake's options in addition to the profile.

    Args:
        results: the results folder.
        logs: folder for the logs of the jobs: one for each experiment, since a head clears up after itself.

    Returns:
        Options of Snakemake's command line.
    """
    status = ["sacct"] if has_accounting() else ["squeue", "--slurm-no-account"]
    names = ["--slurm-jobname-prefix", prefix(results), "--slurm-logdir", str(Path(logs).absolute())]
    return [*names, "--slurm-keep-successful-logs", "--slurm-status-command", *status]


def has_accounting() -> bool:
    """Return whether the cluster keeps records of ended jobs; without them only squeue can be asked."""
    return not _NO_ACCOUNTING.search(_ask("scontrol", "show", "config"))


def prefix(results: str | Path) -> str:
    """Return the prefix of the names of all jobs of a results folder.

    Args:
        results: the results folder.

    Returns:
        Letters, digits and hyphens.
    """
    return f"tlb-{hashlib.sha256(str(Path(results).resolve()).encode()).hexdigest()[:12]}"


def left_over(results: str | Path) -> set[str]:
    """Return the jobs of a results folder that wait, run or are about to end.

    Args:
        results: the results folder.

    Returns:
        Slurm's numbers of the jobs; an array of jobs has one number.
    """
    lines = _ask("squeue", "--me", "--noheader", "--format=%A|%F|%j").splitlines()
    jobs = [line.split("|") for line in lines if line.count("|") == 2]
    return {array.strip() for _, array, name in jobs if name.strip().startswith(f"{prefix(results)}_")}


def cancel(results: str | Path) -> int:
    """Cancel the jobs of a results folder and wait until they have ended.

    Args:
        results: the results folder.

    Returns:
        The number of jobs, or arrays of jobs.

    Raises:
        ClusterError: some do not end.
    """
    found = left_over(results)
    end = time.monotonic() + _PATIENCE
    if found:
        with contextlib.suppress(ClusterError):  # one that has just ended is an error to scancel
            _ask("scancel", *sorted(found))
    while remaining := left_over(results):
        time.sleep(_PULSE)
        if time.monotonic() > end:
            raise ClusterError(
                f"jobs of an earlier start do not end: {' '.join(sorted(remaining))} (scancel was asked)"
            )
    return len(found)


def _ask(*command: str) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ClusterError(f"{command[0]} does not answer: {error}") from error
    if answer.returncode:
        raise ClusterError(f"{' '.join(command[:3])} failed: {' '.join(answer.stderr.split())}")
    return answer.stdout
