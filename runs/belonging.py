"""Whether a run is the planned one: the same parameters, code, data, initial weights, measurement.

Every number must belong to the plan printed above it. A run that differs keeps its place in the tables, with the
difference in place of its numbers.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from runs.evaluation import EvaluationRecord, Request, evaluate_again
from runs.paths import parse_run
from runs.plan import Job
from runs.record import COMPLETED, NOT_IN_RESULT, RunRecord, fingerprint

OTHER_PARAMETERS, OTHER_DATA, OTHER_WEIGHTS = "other parameters", "other data", "other weights"
OTHER_CODE, OTHER_MEASUREMENT = "other code", "other measurement"

SUITE = "suite"  # what trains a run whose parameters name no engine
# a state with its reason
Verdict = tuple[str, str]


def other_training(job: Job, record: RunRecord) -> Verdict | None:
    """Compare a run's parameters and code with the planned ones.

    Args:
        job: what was planned.
        record: what was run.

    Returns:
        "other parameters" or "other code" with the differences; None if there are none.
    """
    differing = parameter_differences(job.train, record.parameters)
    if not differing:
        # a parameter that the loss has got since has no value in the record; the hash of the code tells what that means
        known = {name: value for name, value in job.loss_parameters.items() if name in record.loss_parameters}
        differing = differences(record.loss_parameters, known)
    if differing:
        return OTHER_PARAMETERS, f"{job.folder} was made with other parameters: {'; '.join(differing)}"
    if job.sources and record.sources and job.sources != record.sources:
        return OTHER_CODE, f"{job.folder} was trained by another state of the code than the plan's"
    return None


def parameter_differences(planned: Mapping[str, Any], used: Mapping[str, Any]) -> list[str]:
    """Return which parameters that determine a training's result differ, one text each."""
    engines = [parameters.get("engine", SUITE) for parameters in (used, planned)]
    if engines[0] != engines[1]:
        return [f"`engine` {engines[0]!r} instead of {engines[1]!r}"]
    counting = {name: value for name, value in planned.items() if name not in NOT_IN_RESULT}
    return differences({name: used[name] for name in counting if name in used}, counting)


def differences(used: Mapping[str, Any], planned: Mapping[str, Any]) -> list[str]:
    """Return which values differ, one text each: `iterations` 30 instead of 40."""
    return [
        f"`{name}` {used[name]!r} instead of {value!r}" if name in used else f"`{name}` unknown instead of {value!r}"
        for name, value in planned.items()
        if name not in used or used[name] != value
    ]


def other_data(record: RunRecord, checksum: str) -> Verdict | None:
    """Compare the data of a run with those that it should have seen.

    Args:
        record: what was run.
        checksum: of the dataset; "" if unknown.

    Returns:
        "other data" with both checksums; None if they agree.
    """
    used = record.data.checksum
    if not checksum or not used or used == checksum:
        return None
    return OTHER_DATA, f"{record.data.name} had the checksum {used[:12]} in this run, it should be {checksum[:12]}"


def other_weights(record: RunRecord, start: Path, pretraining: RunRecord) -> Verdict | None:
    """Compare the weights that a run started from with those of its pretraining.

    Args:
        record: what was run.
        start: the pretraining's folder.
        pretraining: its record.

    Returns:
        "other weights" with the reason; None if they agree.
    """
    if pretraining.exit_cause != COMPLETED:
        return OTHER_WEIGHTS, f"its pretraining {start} is not finished ({pretraining.exit_cause})"
    if record.init_from is None:
        return OTHER_WEIGHTS, f"was trained from scratch, not from {start}"
    if record.init_from.weights_sha256 != pretraining.weights_sha256:
        return OTHER_WEIGHTS, f"its pretraining {start} has been trained again since: other initial weights"
    return None


def other_measurement(job: Job, evaluation: EvaluationRecord, dims: int) -> Verdict | None:
    """Compare how a run was measured with the plan.

    Args:
        job: what was planned.
        evaluation: how it was measured.
        dims: of the data, 2 or 3; 0 if unknown.

    Returns:
        "other measurement" or "other code" with the differences; None if there are none.
    """
    again = evaluate_again(job.folder)
    if not job.evaluate:
        return None
    differing = _asked_differently(job.evaluate, evaluation, dims) + _compared_with_another(job, evaluation)
    if differing:
        return OTHER_MEASUREMENT, f"was measured otherwise than planned: {'; '.join(differing)}: {again}"
    if job.measuring_sources and evaluation.sources and job.measuring_sources != evaluation.sources:
        return OTHER_CODE, f"was measured by another state of the metrics' code than the plan's: {again}"
    return None


def _asked_differently(planned: Mapping[str, Any], evaluation: EvaluationRecord, dims: int) -> list[str]:
    if evaluation.asked is not None:
        wanted = {name: planned[name] for name in asdict(Request()) if name in planned}
        found = asdict(evaluation.asked)
        if _covers(found["metrics"], wanted.get("metrics", [])):
            wanted.pop("metrics", None)
        if "fov" not in evaluation.options:  # the dataset has no field of view
            wanted.pop("fov", None)
        return differences(found, wanted | {"region": {}})
    return _older_options(planned, evaluation, dims)


def _covers(measured: list[str], planned: list[str]) -> bool:
    """Return whether all planned metrics were measured; an empty list means all of them."""
    return not measured or (bool(planned) and set(planned) <= set(measured))


def _compared_with_another(job: Job, evaluation: EvaluationRecord) -> list[str]:
    """Return a difference if post-processing has used another pretraining than planned, or none."""
    planned = job.evaluate.get("pretrain")
    if not planned:
        return []
    used = evaluation.pretrain and evaluation.pretrain.run
    wanted = parse_run(planned)
    return [] if used == wanted else [f"post-processed by {used or 'nothing'} instead of {wanted}"]


def _older_options(planned: Mapping[str, Any], evaluation: EvaluationRecord, dims: int) -> list[str]:
    """Compare with an evaluation.json that does not record the request, as far as possible."""
    asked, used = planned.get("adjacency", 0), evaluation.options.get("adjacency")
    if dims == 3:
        asked = {4: 6, 8: 26}.get(asked, asked)
    wrong = [f"`adjacency` {used} instead of {asked}"] if asked and used and used != asked else []
    elsewhere = {name for name in planned.get("elsewhere") or {} if name in evaluation.metrics}
    elsewhere ^= set(evaluation.elsewhere)
    return wrong + [f"`{name}` was measured at another place" for name in sorted(elsewhere)]


def other_predictions(record: RunRecord, evaluation: EvaluationRecord, pretraining: RunRecord | None) -> str:
    """Return why the numbers are not those of the existing predictions; "" if they are.

    Args:
        record: the run.
        evaluation: its evaluation.
        pretraining: the pretraining whose components the post-processing kept; None if it does not exist.

    Returns:
        The reason.
    """
    if evaluation.run_hash != record.hash:
        return "trained again since it was evaluated"
    if evaluation.predictions and record.predictions and evaluation.predictions != digest(record):
        return "predicted again since it was evaluated"
    used = evaluation.pretrain
    if used is None or pretraining is None:
        return ""
    if used.hash != pretraining.hash or (
        used.predictions and pretraining.predictions and used.predictions != digest(pretraining)
    ):
        return "its pretraining has changed since it was evaluated"
    return ""


def digest(record: RunRecord) -> str:
    """Return one SHA-256 for all predictions of a run; "" if their checksums are unknown."""
    return fingerprint(record.predictions) if record.predictions else ""
