"""Follow Snakemake: one line for each step that ends, and what went wrong."""

import re
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from runs.failure import find_failures
from runs.plan import ExperimentPlan

LOG = "snakemake.log"
_TOTAL = re.compile(r"^total\s+(\d+)")
_ENDED = ("done: ", "failed: ", "refused: ")
_OWN = (*_ENDED, "waiting for ")
_PULSE = 0.2


def follow(command: list[str], folder: Path) -> int:
    """Run Snakemake, print a line for each step that ends, and pass on what the steps say.

    Snakemake ends when this process ends, however that happens. On Ctrl-C it is stopped with its jobs.

    Args:
        command: Snakemake's command line.
        folder: the experiment's folder; it gets `snakemake.log` with all that Snakemake said.

    Returns:
        Snakemake's exit status.
    """
    start, total, ended = time.monotonic(), 0, 0
    unseen: deque[str] = deque(maxlen=40)
    folder.mkdir(parents=True, exist_ok=True)
    leashed = [sys.executable, "-m", "workflow.leash", *command]
    # into the file and not into a pipe, which would break when this process is killed
    with (folder / LOG).open("wb") as log, (folder / LOG).open(encoding="utf-8", errors="replace") as output:
        process = subprocess.Popen(leashed, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
        try:
            for line in _lines(output, process):
                if match := _TOTAL.match(line):
                    total = int(match[1]) - 1  # the rule `all` does nothing
                if line.startswith(_OWN):
                    ended += line.startswith(_ENDED)
                    minutes, seconds = divmod(int(time.monotonic() - start), 60)
                    print(f"[{ended}/{total}, {minutes}:{seconds:02d}] {line.rstrip()}", flush=True)
                else:
                    unseen.append(line)
        except KeyboardInterrupt:
            _stop(process)
            raise
    status = process.wait()
    if "--dry-run" in command:
        print("".join(unseen))
    elif status and not find_failures(folder):
        sys.stderr.write("".join(unseen))  # Snakemake itself could not go on
    return status


def failures(plan: ExperimentPlan) -> list[str]:
    """Return one line for each failed notebook of an experiment: where it lies and what it said.

    Args:
        plan: the experiment's plan.

    Returns:
        The lines, those of the preparation of data last. That the tables could not be made is only said where nothing
        else failed.
    """
    found = find_failures(plan.folder, Path(plan.data or f"{plan.results}/data") / "notebooks")
    first = [each for each in found if each[0].parent != Path(plan.folder)]
    return [f"{path}: {failure.error}" for path, failure in first or found]


def _lines(output: IO[str], process: "subprocess.Popen[bytes]") -> Iterator[str]:
    """Yield the lines of a file that a process still writes."""
    rest = ""
    while True:
        is_over = process.poll() is not None
        for line in iter(output.readline, ""):
            rest += line
            if rest.endswith("\n"):
                yield rest
                rest = ""
        if is_over:
            if rest:
                yield rest
            return
        time.sleep(_PULSE)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Close the leash, and wait until the jobs have ended."""
    assert process.stdin is not None
    process.stdin.close()
    while True:
        try:
            process.wait()
            return
        except KeyboardInterrupt:
            continue
