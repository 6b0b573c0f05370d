"""The commands that make the runs of a paper which nnU-Net trains.

nnU-Net plans network, patch and batch itself; from a group it takes the loss, the iterations (in epochs of 250), the
learning rate, folds and seeds. It sets no seeds: each seed is one more training, in a separate results folder.
"""

import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from runs.paths import format_loss
from tables.papers import engines
from tables.papers.spec import papers
from tables.papers.spec_parts import Dataset

if TYPE_CHECKING:
    from tables.papers.planned_runs import PlannedRun
    from tables.papers.planning import PaperPlan

_USUAL = {"epochs": 1000, "epoch_steps": engines.EPOCH_STEPS, "learning_rate": 0.01}  # nnU-Net's
_FIRST_NUMBER = 901  # of nnU-Net's datasets
_PREPARED = "$PREPARED"


def trainer(parameters: Mapping[str, Any]) -> str:
    """Return the trainer's name for `-tr`, see `integrations.nnunet.naming`."""
    epochs, steps = engines.epochs(parameters["iterations"])
    settings = {"epochs": epochs, "epoch_steps": steps, "learning_rate": parameters["learning_rate"]}
    changed = {name: value for name, value in settings.items() if value != _USUAL[name]}
    return "nnUNetTrainer_" + format_loss(parameters["loss"], {**parameters["loss_parameters"], **changed})


def commands(plan: "PaperPlan") -> list[str]:
    """Return the shell commands for those missing runs of a plan that nnU-Net trains.

    Args:
        plan: from `tables.plan`.

    Returns:
        Lines; none if nnU-Net trains nothing. `$PREPARED` is a folder for prepared datasets and SOURCE a dataset's
        official files; nnUNet_raw, nnUNet_preprocessed, nnUNet_results and nnUNet_extTrainer must be set.
    """
    missing = [each for each in plan.missing if engines.trains(each.parameters)]
    lines: list[str] = []
    for entry in dict.fromkeys(each.entry for each in missing):
        lines += _preparation(plan, entry)
        for each in missing:
            if each.entry == entry:
                lines += ["", *_training(plan, each)]
        lines.append("")
    return lines[:-1]


def _number(plan: "PaperPlan", entry: str) -> int:
    return _FIRST_NUMBER + list(plan.spec.datasets).index(entry)


def _folder(plan: "PaperPlan", entry: str) -> str:
    return f"Dataset{_number(plan, entry)}_{entry}"


def _configuration(dataset: Dataset) -> str:
    return "2d" if dataset.dims == 2 else "3d_fullres"


def _prepared(plan: "PaperPlan", entry: str) -> str:
    return f"{_PREPARED}/{entry}/{plan.spec.datasets[entry].dataset}"


def _preparation(plan: "PaperPlan", entry: str) -> Iterator[str]:
    dataset, folder = plan.spec.datasets[entry], _folder(plan, entry)
    options = "".join(f" --option {shlex.quote(f'{name}={value}')}" for name, value in dataset.options.items())
    yield f"# {entry}"
    yield f"python -m data_prep prepare {dataset.dataset} --source SOURCE --destination {_PREPARED}/{entry}{options}"
    yield f"cp -r {_prepared(plan, entry)} $nnUNet_raw/{folder}"
    yield f"nnUNetv2_plan_and_preprocess -d {_number(plan, entry)} -c {_configuration(dataset)}"
    yield f"cp $nnUNet_raw/{folder}/splits_final.json $nnUNet_preprocessed/{folder}/"


def _model(plan: "PaperPlan", planned_parameters: Mapping[str, Any], entry: str) -> str:
    """Return the folder of a fold's network, as nnU-Net calls it."""
    configuration = _configuration(plan.spec.datasets[entry])
    name = f"{trainer(planned_parameters)}__nnUNetPlans__{configuration}"
    results = _results(planned_parameters)
    return f"{results}/{_folder(plan, entry)}/{name}/fold_{planned_parameters['fold']}"


def _results(planned_parameters: Mapping[str, Any]) -> str:
    return f"$nnUNet_results/{planned_parameters['experiment']}/seed{planned_parameters['seed']}"


def _training(plan: "PaperPlan", planned: "PlannedRun") -> Iterator[str]:
    given, number = planned.parameters, _number(plan, planned.entry)
    configuration, fold = _configuration(plan.spec.datasets[planned.entry]), given["fold"]
    where, model, how = f"nnUNet_results={_results(given)}", _model(plan, given, planned.entry), f"-tr {trainer(given)}"
    before = ""
    if planned.after is not None:
        start = next(each.parameters for each in plan.runs if each.run == planned.after)
        before = f" -pretrained_weights {_model(plan, start, planned.entry)}/checkpoint_final.pth"
    yield f"{where} nnUNetv2_train {number} {configuration} {fold} {how}{before}"
    images = f"$nnUNet_raw/{_folder(plan, planned.entry)}/imagesTs"
    which = f"-d {number} -c {configuration} -f {fold} {how}"
    yield f"{where} nnUNetv2_predict -i {images} -o {model}/test {which}"
    paper = plan.spec.paper if plan.spec.paper in papers() else plan.spec.path
    yield (
        f"python -m integrations.nnunet score {paper} {plan.folder(planned)} --model {model} "
        f"--data {_prepared(plan, planned.entry)}" + (f" --scale {plan.scale:g}" if plan.scale != 1 else "")
    )
