"""A paper's runs that nnU-Net trains: the commands that make them, and their results in the paper's tables."""

import shutil

import numpy as np
import pytest
import yaml
from PIL import Image

import data_prep
import tables
from data_prep import Prepared
from integrations.nnunet.__main__ import main
from integrations.nnunet.naming import RECORD, TrainerName
from runs import files
from runs.results import DONE
from tables.__main__ import main as tables_main
from tables.papers import engines, nnunet, spec

SPEC = """
paper: tiny
title: Tiny
reference: nobody
datasets: {roads: {dataset: synthetic2d, options: {train: 4, test: 2, size: 64}, images: [4, 2]}}
groups:
  main:
    engine: nnunet
    common: {network: dynunet}
    pretrain: {iterations: 600, learning_rate: 0.01}
    finetune: {iterations: 250, learning_rate: 0.001}
    seeds: 2
  own: {finetune: {iterations: 10}}
rules:
  - {when: {network: own}, use: {group: own}}
tables: {"1": {rows: [network, method], columns: [metric]}}
"""


@pytest.fixture
def paper(tmp_path):
    """Path of a spec with one loss trained by nnU-Net and once more by the suite."""
    published = spec.PUBLISHED / "scnp.csv"
    columns = published.read_text().splitlines()[0].split(",")
    rows = []
    for network in ("nnunet", "own"):
        row = dict.fromkeys(columns, "") | {"table": "1", "dataset": "roads", "dataset_in_paper": "Roads"}
        row |= {"network": network, "method": "closs", "method_in_paper": "CLoss", "metric": "dice", "value": "0.9"}
        rows.append(",".join((row | {"direction": "higher"})[name] for name in columns))
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "tiny.csv").write_text("\n".join([",".join(columns), *rows]) + "\n")
    (tmp_path / "tiny.yaml").write_text(SPEC)
    return tmp_path / "tiny.yaml"


@pytest.fixture
def trained(paper, tmp_path):
    """A run of the plan, its pretraining scored; the fold's folder as nnU-Net leaves it, all predicted; the data."""
    data = data_prep.prepare("synthetic2d", None, tmp_path / "prepared", train=4, test=2, size=64)
    plan = tables.plan(str(paper), tmp_path / "results")
    runs = {each.run.stage: each for each in plan.runs if engines.trains(each.parameters) and each.run.seed == 0}
    for stage in ("pretrain", "finetune"):
        model = tmp_path / "nnunet" / f"{nnunet.trainer(runs[stage].parameters)}__nnUNetPlans__2d" / "fold_0"
        (model / "test").mkdir(parents=True)
        for case in Prepared(data).cases("test"):
            shutil.copy(data / "labelsTs" / f"{case}.png", model / "test")
        files.write_json(model / RECORD, {"loss": runs[stage].run.loss})
        (model / "checkpoint_final.pth").write_bytes(b"weights")
        result = plan.folder(runs[stage]), model, data
        if stage == "pretrain":
            assert main(arguments(paper, result)) == 0
    return result


def arguments(paper, trained) -> list[str]:
    run, model, data = map(str, trained)
    return ["score", str(paper), run, "--model", model, "--data", data]


def test_the_commands_of_the_missing_runs(paper, tmp_path, capsys):
    assert tables_main(["plan", str(paper), "--results", str(tmp_path / "results")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "cp -r $PREPARED/roads/synthetic2d $nnUNet_raw/Dataset901_roads" in lines
    assert "nnUNetv2_plan_and_preprocess -d 901 -c 2d" in lines
    training = [line for line in lines if "nnUNetv2_train" in line]
    first = "nnUNet_results=$nnUNet_results/tiny/seed0"
    assert training[0] == f"{first} nnUNetv2_train 901 2d 0 -tr nnUNetTrainer_dice_ce,epochs=3"
    start = "$nnUNet_results/tiny/seed0/Dataset901_roads/nnUNetTrainer_dice_ce,epochs=3__nnUNetPlans__2d/fold_0"
    name = "nnUNetTrainer_closs,epochs=1,learning_rate=0.001"
    wanted = f"{first} nnUNetv2_train 901 2d 0 -tr {name} -pretrained_weights {start}/checkpoint_final.pth"
    assert wanted in training
    assert len(training) == 4  # two seeds; the suite's own runs are not among them
    assert not any("tiny-own" in line for line in lines if "nnUNet" in line)
    for line in training:  # the trainers exist
        TrainerName.parse(line.split("-tr ")[1].split()[0])


def test_predictions_become_the_papers_numbers(paper, trained, capsys):
    run, _, data = trained
    before = tables.plan(str(paper), run.parents[4])
    assert main(arguments(paper, trained)) == 0
    plan = tables.plan(str(paper), run.parents[4])
    assert len(plan.existing) == len(before.existing) + 1
    found = plan.found[run]
    assert found.state == DONE
    np.testing.assert_array_equal(found.metrics["value"], 1.0)
    assert set(found.metrics["metric"]) == {"dice"}
    assert found.record.parameters["engine"] == "nnunet"
    assert found.record.network["trainer"] == {"loss": "closs"}
    case = Prepared(data).cases("test")[0]
    np.testing.assert_array_equal(Image.open(run / "predictions" / f"{case}.png"), Prepared(data).label(case))


def test_a_run_of_the_suite_is_not_nnunets(paper, trained, capsys):
    """A spec whose engine changes does not take over the numbers of the other engine."""
    assert main(arguments(paper, trained)) == 0
    content = yaml.safe_load(paper.read_text())
    content["groups"]["main"]["engine"] = "suite"
    other = paper.with_name("other") / "tiny.yaml"
    shutil.copytree(paper.parent / "published", other.parent / "published")
    other.write_text(yaml.safe_dump(content))
    found = tables.plan(str(other), trained[0].parents[4]).found[trained[0]]
    assert found.state != DONE
    assert "engine" in found.reason


def test_what_does_not_fit_is_refused_with_one_line(paper, trained, tmp_path, capsys):
    run, model, data = trained
    elsewhere = model.parent.parent / "nnUNetTrainer_closs__nnUNetPlans__2d" / "fold_0"
    own = run.parents[3].with_name("tiny-own") / "runs" / "synthetic2d" / "closs" / "fold0-seed0"
    (model / "test" / "test001.png").unlink()
    for given, message in [
        ((run, model, data), "test001.png does not exist: nnUNetv2_predict"),
        (
            (run, elsewhere, data),
            "is fold_0 of nnUNetTrainer_closs, this run is fold_0 of nnUNetTrainer_closs,epochs=1",
        ),
        ((own, model, data), "is not trained by nnU-Net"),
        ((run.with_name("fold3-seed0"), model, data), "is no run of tiny at scale 1"),
        ((run.with_name("fold0-seed1"), model, data), "score the pretraining that this run starts from before it"),
    ]:
        assert main(arguments(paper, given)) == 1
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1


def test_an_engine_that_does_not_exist_is_refused(paper):
    paper.write_text(SPEC.replace("engine: nnunet", "engine: nnUNet"))
    with pytest.raises(spec.SpecError, match="`groups.main.engine` must be one of suite, nnunet, got 'nnUNet'"):
        tables.plan(str(paper))


@pytest.mark.parametrize(("iterations", "name"), [(250_000, ""), (12_500, ",epochs=50"), (12_600, ",epochs=51")])
def test_iterations_are_whole_epochs(iterations, name):
    given = dict.fromkeys(engines._KEPT, 0) | {"loss": "scnp", "loss_parameters": {}, "learning_rate": 0.01}
    assert nnunet.trainer(engines.parameters(given | {"iterations": iterations})) == f"nnUNetTrainer_scnp{name}"


def test_few_iterations_are_one_short_epoch():
    given = dict.fromkeys(engines._KEPT, 0) | {"loss": "scnp", "loss_parameters": {}, "learning_rate": 0.01}
    assert nnunet.trainer(given | {"iterations": 20}) == "nnUNetTrainer_scnp,epochs=1,epoch_steps=20"


def test_workflow_leaves_nnunets_runs_out(paper, tmp_path):
    from workflow import papers

    plans, left_out = papers.make(str(paper), str(tmp_path / "results"), "", 1.0)
    assert [plan.experiment for plan in plans] == ["tiny-own"]
    assert any("nnU-Net trains it" in reason for reason in left_out.values())
