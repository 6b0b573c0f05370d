"""Follow Snakemake: one line for each step that ends, and what went wrong."""

import re
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

from runs import files
from workflow.run_notebook import FAILURE

_TOTAL = re.compile(r"^total\s+(\d+)")
_OWN = ("done: ", "failed: ", "refused: ", "waiting for ")


def follow(command: list[str], folder: Path) -> int:
    """Run Snakemake, print a line for each step that ends, and pass on what the steps say.

    Args:
        command: Snakemake's command line.
        folder: the experiment's folder; it gets `snakemake.log` with all that Snakemake said.

    Returns:
        Snakemake's exit status.
    """
    start, total, ended = time.monotonic(), 0, 0
    unseen: deque[str] = deque(maxlen=40)
    with (folder / "snakemake.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1)
        assert process.stdout is not None
        for line in process.stdout:
            log.write(line)
            if match := _TOTAL.match(line):
                total = int(match[1]) - 1  # the rule `all` does nothing
            if line.startswith(_OWN):
                ended += line.startswith(("done: ", "failed: ", "refused: "))
                minutes, seconds = divmod(int(time.monotonic() - start), 60)
                print(f"[{ended}/{total}, {minutes}:{seconds:02d}] {line.rstrip()}", flush=True)
            else:
                unseen.append(line)
        status = _wait(process)
    if "--dry-run" in command:
        print("".join(unseen))
    elif status and not failures(folder):
        sys.stderr.write("".join(unseen))  # Snakemake itself could not go on
    return status


def failures(folder: Path) -> list[str]:
    """Return one line for each failed notebook of an experiment: where it lies and what it said.

    Args:
        folder: the experiment's folder; the preparation of data lies beside it.

    Returns:
        The lines, sorted by path.
    """
    found = [*folder.rglob(FAILURE), *(folder.parent / "data" / "notebooks").rglob(FAILURE)]
    records = [(path.parent, files.read_json(path)) for path in sorted(found)]
    return [f"{place / record['notebook']}: {record['error']}" for place, record in records]


def _wait(process: subprocess.Popen[str]) -> int:
    """Wait for Snakemake; on Ctrl-C let it end its jobs first."""
    try:
        return process.wait()
    except KeyboardInterrupt:
        return process.wait()
