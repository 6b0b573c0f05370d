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
from workflow.jobs import remote
from workflow.jobs.grid import Grid
from workflow.jobs.remote import JobLogs
from workflow.places import module

LOG = "snakemake.log"
_WRONG = ("failed: ", "refused: ")
_ENDED = ("done: ", *_WRONG)
_OWN = (*_ENDED, remote.REQUEUED, "waiting for ")
_TITLE = re.compile(r"(?:done|failed|refused): (.*?)(?: in \d+ s)?(?::|$)")
_PULSE = 0.2
_JOBS_PULSE = 5.0  # a look at the logs of thousands of jobs on a network file system


def follow(command: list[str], folder: Path, total: int = 0, jobs: JobLogs | None = None) -> int:
    """Run Snakemake, print a line for each step that ends, and pass on what the steps say.

    Snakemake ends when this process ends, however that happens. On Ctrl-C it is stopped with its jobs.

    Args:
        command: Snakemake's command line.
        folder: it gets `snakemake.log` with all that Snakemake said.
        total: how many steps there are to do.
        jobs: the logs of jobs that say their lines on another machine.

    Returns:
        Snakemake's exit status.
    """
    explained, start, ended = False, time.monotonic(), set()  # by title: a job that is tried again ends more than once
    unseen: deque[str] = deque(maxlen=40)
    folder.mkdir(parents=True, exist_ok=True)
    leashed = [sys.executable, "-m", module("workflow.jobs.leash"), *command]
    # into the file and not into a pipe, which would break when this process is killed
    with (folder / LOG).open("wb") as log, (folder / LOG).open(encoding="utf-8", errors="replace") as output:
        process = subprocess.Popen(leashed, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
        try:
            for line in _lines(output, process, jobs):
                if line.startswith(_OWN):
                    explained |= line.startswith(_WRONG)
                    if title := _TITLE.match(line):
                        ended.add(title[1])
                    minutes, seconds = divmod(int(time.monotonic() - start), 60)
                    print(f"[{len(ended)}/{total}, {minutes}:{seconds:02d}] {line.rstrip()}", flush=True)
                else:
                    unseen.append(line)
        except KeyboardInterrupt:
            _stop(process)
            raise
    status = process.wait()
    if "--dry-run" in command:
        print("".join(unseen))
    elif status and not explained:
        sys.stderr.write("".join(unseen))  # Snakemake itself could not go on
    return status


def failures(grid: Grid) -> list[str]:
    """Return one line for each failed notebook: where it lies and what it said.

    Args:
        grid: the experiments.

    Returns:
        The lines, those of the preparation of data after those of runs, and those of jobs on a cluster that Slurm ended
        or refused last. That the tables could not be made is only said where nothing else failed.
    """
    folders = [Path(plan.folder) for plan in grid.plans]
    data = {Path(plan.data or f"{plan.results}/data") / "notebooks": None for plan in grid.plans}
    found = find_failures(*folders, *data)
    first = [each for each in found if each[0].parent not in folders]
    lines = [f"{path}: {failure.error}" for path, failure in first or found]
    return lines + remote.failures(grid.home / LOG)


def _lines(output: IO[str], process: "subprocess.Popen[bytes]", jobs: JobLogs | None = None) -> Iterator[str]:
    """Yield the lines of a file that a process still writes, and those of jobs elsewhere."""
    rest, looked = "", 0.0
    while True:
        is_over = process.poll() is not None
        if jobs and (is_over or time.monotonic() > looked + _JOBS_PULSE):
            yield from (line for line in jobs.news() if line.startswith(_OWN))
            looked = time.monotonic()
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
