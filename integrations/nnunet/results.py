"""What nnU-Net predicted becomes a run of the suite, so that a paper's tables have it like any other."""

from dataclasses import asdict, replace
from pathlib import Path

import losses
import tables
from data_prep import Prepared
from data_prep.reading import decode
from evaluation.evaluate import evaluate_run
from integrations.nnunet.naming import RECORD
from runs import files, predictions, provenance, record
from runs.record import COMPLETED, DataUsed, InitialWeights, RunRecord
from tables.papers import engines, nnunet
from tables.papers.planned_runs import PlannedRun
from tables.papers.planning import PaperPlan

PREDICTIONS = "test"  # below the fold's folder, where `tables plan` lets nnU-Net predict


def score(paper: str, run: Path, model: Path, data: Path, scale: float = 1.0) -> Path:
    """Evaluate nnU-Net's predictions as a run of a paper's plan; write run.json, the predictions and metrics.csv.

    Args:
        paper: name of the paper, or path of its spec.
        run: the run's folder, as `python -m tables plan` names it.
        model: folder of the fold that nnU-Net trained; its `test` holds the predictions of the test images.
        data: the prepared dataset.
        scale: of the plan.

    Returns:
        Path of metrics.csv.

    Raises:
        FileNotFoundError: the training has not ended, or a test image has not been predicted.
        ValueError: the plan has no such run for nnU-Net, or the model is another trainer's or another fold's.
    """
    plan = tables.plan(paper, run.absolute().parents[4], scale)
    planned = _planned(plan, run)
    _check(planned, model)
    start = plan.start(planned) if planned.after else None
    if start and not (start / record.NAME).is_file():
        raise FileNotFoundError(f"{start} does not exist: score the pretraining that this run starts from before it")
    prepared = Prepared(data)
    for case in prepared.cases("test"):
        predicted = model / PREDICTIONS / f"{case}{prepared.ending}"
        if not predicted.is_file():
            raise FileNotFoundError(f"{predicted} does not exist: nnUNetv2_predict -o {predicted.parent} makes it")
        predictions.write_prediction(run, case, decode(predicted)[0].astype("uint8"), prepared.spacing(case))
    trained = RunRecord(
        **vars(provenance.collect()),
        run=planned.run,
        loss_title=losses.entry(planned.run.loss).title,
        loss_parameters=losses.parameters(planned.run.loss) | dict(planned.run.loss_parameters),
        parameters=planned.parameters,
        init_from=_weights_of(start) if start else None,
        data=DataUsed(prepared.name, str(data), prepared.checksum),
        network={"trainer": files.read_json(model / RECORD)},
        weights_sha256=files.sha256(model / "checkpoint_final.pth"),
        predictions=predictions.checksums(run),
        exit_cause=COMPLETED,
    )
    content = asdict(trained) | {"machine": None, "gpus": None}  # where it was trained changes nothing
    record.write_record(run, replace(trained, hash=record.fingerprint(content)))
    return evaluate_run(run, start, planned.metrics, progress=False, elsewhere=planned.elsewhere)


def _weights_of(start: Path) -> InitialWeights:
    """Return the weights that the plan's commands hand to nnU-Net by -pretrained_weights; its checkpoint names none."""
    weights = record.read_record(start).weights_sha256
    return InitialWeights(str(start), weights, weights)


def _planned(plan: PaperPlan, run: Path) -> PlannedRun:
    for each in plan.runs:
        if plan.folder(each).absolute() == run.absolute():
            if not engines.trains(each.parameters):
                raise ValueError(f"{run} is not trained by nnU-Net: its group in {plan.spec.path} has another engine")
            return each
    raise ValueError(
        f"{run} is no run of {plan.spec.paper} at scale {plan.scale:g}: python -m tables plan --runs names them"
    )


def _check(planned: PlannedRun, model: Path) -> None:
    wanted, fold = nnunet.trainer(planned.parameters), f"fold_{planned.run.fold}"
    found = model.absolute().parent.name.split("__")[0]
    if (found, model.name) != (wanted, fold):
        raise ValueError(f"{model} is {model.name} of {found}, this run is {fold} of {wanted}")
    if not (model / "checkpoint_final.pth").is_file():
        raise FileNotFoundError(f"{model} has no checkpoint_final.pth: the training has not ended")
