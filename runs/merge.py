"""Merging the results of several machines: every run complete and with its own provenance, never two for one key."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from runs import choices, contained, evaluation, paths
from runs import plan as plan_file
from runs.files import write_json
from runs.paths import parse_run
from runs.plan import Job, join_plans, read_plan, write_plan
from runs.record import Provenance, RunRecord, exists, read_record

# the keys that define a result, not where and by whom it was made
_RESULT_FILES = (evaluation.METRICS, evaluation.NAME)
PROVENANCE = "merged.json"


@dataclass(frozen=True)
class Found:
    """A run in one of the sources.

    Attributes:
        source: the results folder.
        path: of the run, relative to it.
        fingerprint: of what the run is and what it measured: parameters' hash and the metrics' bytes.
    """

    source: Path
    path: Path
    fingerprint: str


def merge(sources: Sequence[str | Path], destination: str | Path) -> Path:
    """Merge results folders into a new one.

    Every experiment and run of the sources appears under its path. A result that occurs in two sources is taken once
    (from the first). `merged.json` in each experiment says which run came from which source, by which machine and
    commit. Of trials, what was chosen and why is taken, not their runs.

    Args:
        sources: results folders, each holding experiments; at least two.
        destination: the new results folder; must not exist.

    Returns:
        The destination.

    Raises:
        ValueError: fewer than two sources, a source without runs, a destination that exists; links out of a source,
            devices and the like, or two different results under one run key: all of them, one line each; values chosen
            by different rules. Nothing is written then.
    """
    folders = [Path(source) for source in sources]
    target = Path(destination)
    if len(folders) < 2:
        raise ValueError(f"merging needs two results folders or more, got {len(folders)}")
    if target.exists():
        raise ValueError(f"{target} exists already; choose another destination, nothing is overwritten")
    listed = [(folder, path) for folder in folders for path in _runs_in(folder)]
    _check_files(listed)
    found = [Found(folder, path.relative_to(folder), _fingerprint(path)) for folder, path in listed]
    chosen = _choose(found)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as workplace:
        new = Path(workplace) / "new"
        for run in chosen:
            shutil.copytree(run.source / run.path, new / run.path)
        for experiment in sorted({run.path.parts[0] for run in chosen}):
            runs = [run for run in chosen if run.path.parts[0] == experiment]
            _describe(new / experiment, target / experiment, runs, folders)
        new.rename(target)
    return target


def _runs_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder; give folders such as results/")
    experiments = [path for path in sorted(folder.iterdir()) if paths.has_runs(path)]
    runs = [path for experiment in experiments for path in paths.find_runs(folder, experiment.name)]
    if not runs:
        raise ValueError(f"{folder}: no runs in it; give the folder that holds the experiments, such as results/")
    return runs


def _check_files(runs: list[tuple[Path, Path]]) -> None:
    """Refuse what a run or a plan must not hold, before any of it is read."""
    names = (Path(plan_file.NAME), Path(choices.FOLDER, choices.NAME))
    others = {(folder, path.parents[3] / name) for folder, path in runs for name in names}
    places = [*sorted(each for each in others if os.path.lexists(each[1])), *runs]
    found = [line for folder, path in places for line in contained.strangers(path, within=folder)]
    if found:
        raise ValueError("\n".join(["merging copies files and folders only:", *found]))


def _fingerprint(run: Path) -> str:
    record = read_record(run) if exists(run) else None
    digest = hashlib.sha256(json.dumps([record and record.hash, record and record.exit_cause]).encode())
    for name in _RESULT_FILES:
        digest.update((run / name).read_bytes() if (run / name).is_file() else b"none")
    return digest.hexdigest()


def _choose(found: list[Found]) -> list[Found]:
    chosen: dict[Path, Found] = {}
    clashes = []
    for run in found:
        first = chosen.setdefault(run.path, run)
        if first.fingerprint != run.fingerprint:
            clashes.append(
                f"{first.source / run.path} and {run.source / run.path} are different results of one run; leave one out"
            )
    if clashes:
        raise ValueError("\n".join(clashes))
    return list(chosen.values())


def _describe(new: Path, experiment: Path, runs: list[Found], sources: list[Path]) -> None:
    """Write one plan for all runs, which values were chosen in it, and the source of each run."""
    found = [read_plan(source / experiment.name) for source in sources]
    plans = [plan for plan in found if plan is not None]
    if plans:
        jobs = {job.folder.partition("/runs/")[2]: job for plan in plans for job in plan.jobs}
        jobs |= {key: _job(run, experiment) for run in runs if (key := "/".join(run.path.parts[2:])) not in jobs}
        joined = join_plans(plans, [_moved(job, experiment, key) for key, job in jobs.items()], experiment)
        write_plan(joined, new / plan_file.NAME)
    tuned = [each for source in sources if (each := choices.read_choices(source / experiment.name)) is not None]
    if tuned:
        choices.write_choices(new, choices.join_choices(tuned))
    write_json(new / PROVENANCE, {"runs": {str(run.path): _origin(run) for run in runs}})


def _job(run: Found, experiment: Path) -> Job:
    title = _record(run).loss_title or parse_run((run.source / run.path).absolute()).loss
    return Job(str(experiment / paths.RUNS), title)


def _moved(job: Job, experiment: Path, key: str) -> Job:
    return replace(job, folder=str(experiment / paths.RUNS / key))


def _origin(run: Found) -> dict[str, object]:
    record = asdict(_record(run))
    kept = {each.name: record[each.name] for each in fields(Provenance)}
    return {"source": run.source.name, "fingerprint": run.fingerprint, **kept}


def _record(run: Found) -> RunRecord:
    folder = run.source / run.path
    return read_record(folder) if exists(folder) else RunRecord()
