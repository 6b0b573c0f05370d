"""What jobs on a cluster say: their logs, read as they grow, and why a job ended that could not say it itself."""

import os
import re
from collections.abc import Iterator
from itertools import islice, takewhile
from pathlib import Path

BEGUN, REQUEUED = "begun: ", "requeued: "
_KILLED = re.compile(r"\*\*\* JOB (\S+) ON (\S+) CANCELLED AT \S+?( DUE TO ([A-Z ,]+?))? \*\*\*")
_REASONS = {"TIME LIMIT": "TIMEOUT, its time is over", "NODE FAILURE": "node failure", "PREEMPTION": "preempted"}
_CANCELLED = "cancelled (scancel)"
_ERROR = re.compile(r"^Error in (?:rule|group) (\w+):")
_DETAIL = re.compile(r"^    (message|jobid|output|log): (.*)")
_FINISHED = re.compile(r"^Finished jobid: (\d+)")
_REMARK = " (check log file(s) for error details)"


class JobLogs:
    """The logs of all jobs below a folder.

    Args:
        folder: where the logs are; it may not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, int] = {}
        self._titles: dict[Path, str] = {}

    def news(self) -> Iterator[str]:
        """Read what has been added since the last call.

        Yields:
            Each whole line; in place of Slurm's remark that it killed a job, "failed: " or "requeued: " with the job's
            title, the reason and the log.
        """
        for path in sorted(self._folder.rglob("*.log")):
            start = self._read.get(path, 0)
            try:
                with path.open("rb") as file:  # opened anew, which is when a network file system looks for news
                    if file.seek(0, os.SEEK_END) < start:
                        start = 0  # Slurm empties the log of a job that it starts again
                    file.seek(start)
                    new = file.read()
            except OSError:
                continue
            whole = new[: new.rfind(b"\n") + 1]
            self._read[path] = start + len(whole)
            for line in whole.decode("utf-8", "replace").splitlines(keepends=True):
                yield from self._tell(path, line)

    def _tell(self, path: Path, line: str) -> Iterator[str]:
        if line.startswith(BEGUN):
            self._titles[path] = line.removeprefix(BEGUN).strip()
        elif killed := _KILLED.search(line):
            title = self._titles.get(path, f"{path.parent.name} (before it began)")
            reason = (killed[4] or "").split(",")[0].strip()
            told = (
                f"{REQUEUED}{title}"
                if reason == "JOB REQUEUE"
                else f"failed: {title}: {_REASONS.get(reason, _CANCELLED)}"
            )
            yield f"{told}: job {killed[1]} on {killed[2]}, log {path}\n"
        else:
            yield line


def failures(log: Path) -> list[str]:
    """Find the jobs that failed for good in what Snakemake's executor said.

    Args:
        log: Snakemake's output.

    Returns:
        One line for each job: its step, the last cause, and the log file where there is one.
    """
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    found: dict[str, str] = {}
    for number, line in enumerate(lines):
        if error := _ERROR.match(line):
            block = takewhile(lambda each: each.startswith("    "), islice(lines, number + 1, None))
            details = dict(match.groups() for each in block if (match := _DETAIL.match(each)))
            found[details.get("jobid", "")] = _failure(error[1], details)
        elif finished := _FINISHED.match(line):
            found.pop(finished[1], None)
    return list(found.values())


def _failure(rule: str, details: dict[str, str]) -> str:
    log = _existing(details.get("log", "").removesuffix(_REMARK))
    step = (log and _last_begun(log)) or f"{rule} {Path(details.get('output', '').split(', ')[0]).name}".strip()
    cause = details.get("message", "failed").split("For further error details")[0].strip()
    return f"{step}: {cause}" + (f" Log: {log}" if log else "")


def _existing(name: str) -> Path | None:
    """Find a job's log: the plugin gives the log of a job of an array a folder that it does not lie in."""
    places = [Path(name), Path(name).parents[1] / Path(name).name] if name.count("/") > 1 else []
    return next((path for path in places if path.is_file()), None)


def _last_begun(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.removeprefix(BEGUN).strip() for line in reversed(lines) if line.startswith(BEGUN)), "")
