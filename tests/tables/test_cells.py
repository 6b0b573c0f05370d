"""The cells of the papers' tables, from runs made by hand with numbers that one can check by head."""

import csv
import json
from dataclasses import asdict, replace

import numpy as np
import pytest

import metrics as tables_metrics
import tables
from runs import measured
from runs.card import DataCard
from runs.evaluation import read_evaluation, write_evaluation
from runs.files import write_json
from tables import statistics
from tables.papers import planning, required_runs
from tables.papers.cells import COLUMNS, all_cells


def planned(plan, entry, loss, stage="finetune", **where):
    """Return the runs of a loss on a dataset, in the order of folds and seeds."""
    return [
        each
        for each in plan.runs
        if (each.entry, each.run.loss, each.run.stage) == (entry, loss, stage)
        and all(getattr(each.run, name, each.run.loss_parameters.get(name)) == value for name, value in where.items())
    ]


def one(table, **columns):
    """Return the one cell with these columns."""
    found = table
    for name, value in columns.items():
        found = found[found[name] == value]
    assert len(found) == 1, found
    return found.iloc[0]


def rename_cases(folder, names):
    """Write a run's evaluation again with other names of the cases."""
    rows = list(csv.DictReader((folder / "metrics.csv").open()))
    write_evaluation(folder, [row | {"case": names[row["case"]]} for row in rows], read_evaluation(folder))


@pytest.fixture
def hpm(tmp_path, paper_run):
    """Table 1 of HPM at scale 0.01: Dice&CE and SHPM on CREMI-A are there, THPM failed, everything else is missing."""
    plan = tables.plan("hpm", tmp_path, 0.01)
    (base,), (shpm,), (thpm,) = (planned(plan, "cremi_a", loss) for loss in ("dice_ce", "shpm", "thpm"))
    dice = [0.50, 0.52, 0.61, 0.70, 0.55, 0.58, 0.62, 0.66]
    paper_run(plan.folder(base), base, {"dice": dice, "voi": [1.0] * 8})
    paper_run(plan.folder(shpm), shpm, {"dice": [x + 0.01 + 0.001 * i for i, x in enumerate(dice)], "voi": [2.0] * 8})
    paper_run(plan.folder(thpm), thpm, cause="failed: loss is NaN")
    return all_cells(tables.plan("hpm", tmp_path, 0.01)), dice


def test_without_runs_there_are_published_numbers_alone(tmp_path):
    for paper, count in {"contextloss": 314, "cldice": 430, "scnp": 467, "hpm": 190, "topomortar": 786}.items():
        found = all_cells(tables.plan(paper, tmp_path))
        assert tuple(found.columns) == COLUMNS
        assert len(found) == count
        assert found["measured"].isna().all()
        assert set(found["status"]) <= {"missing", "published only", "cannot be measured"}
        assert not found["best"].any()
        assert (found["note"] != "").all()


def test_means_and_states(hpm):
    found, dice = hpm
    base = one(found, row="CREMI-A, U-Net", metric="dice")
    assert base["measured"] == pytest.approx(np.mean(dice))
    assert base["measured_std"] == pytest.approx(np.std(dice, ddof=1))
    assert (base["status"], base["n"], base["published"]) == ("measured", 8, 0.9145)
    assert base["ci_low"] < base["measured"] < base["ci_high"]
    failed = one(found, row="CREMI-A, U-Net + THPM", metric="dice")
    assert (failed["status"], failed["note"]) == ("failed", "loss is NaN")
    missing = one(found, row="CREMI-B, U-Net", metric="dice")
    assert (missing["status"], missing["note"]) == ("missing", "none of its 1 runs of hpm-scale0.01")


def test_best_of_each_dataset_and_direction(hpm):
    found, _ = hpm
    assert one(found, row="CREMI-A, U-Net + SHPM", metric="dice")["best"]
    assert not one(found, row="CREMI-A, U-Net", metric="dice")["best"]
    assert one(found, row="CREMI-A, U-Net", metric="voi")["best"]  # lower is better
    assert found["best"].sum() == 2


def test_p_is_holms_over_the_tables_comparisons(hpm):
    found, dice = hpm
    first = statistics.paired_permutation(np.array([0.01 + 0.001 * i for i in range(8)]))
    second = statistics.paired_permutation(np.ones(8))
    wanted = list(statistics.holm([first, second]))
    shpm = [one(found, row="CREMI-A, U-Net + SHPM", metric=metric) for metric in ("dice", "voi")]
    assert [cell["p"] for cell in shpm] == pytest.approx(wanted)
    assert [cell["stars"] for cell in shpm] == [statistics.stars(p) for p in wanted]
    assert found["p"].notna().sum() == 2  # neither the baseline nor what is missing is tested


def test_percent_and_post_processing(tmp_path, paper_run):
    plan = tables.plan("contextloss", tmp_path, 0.01)
    (run,) = planned(plan, "cld", "closs", gamma=None, experiment="contextloss-scale0.01")  # 0.2 is the default
    before, after = {"dice": [0.5, 0.7], "ags": [40.0, 60.0]}, {"dice": [0.6, 0.8], "ags": [50.0, 70.0]}
    paper_run(plan.folder(run), run, before, postprocessed=after)
    found = all_cells(tables.plan("contextloss", tmp_path, 0.01))
    two = found[found["table"] == "2"]
    without, with_ = (f"CLoss, gamma = 0.2, post processing: {word}" for word in ("without", "with"))
    assert one(two, row=without, metric="dice")["measured"] == pytest.approx(60)
    assert one(two, row=with_, metric="dice")["measured"] == pytest.approx(70)
    assert one(two, row=with_, metric="ags")["measured"] == pytest.approx(60)
    four = one(found[found["table"] == "4"], row="CLoss, gamma = 0.2", metric="dice")
    assert four["measured"] == pytest.approx(70)


def test_folds_hold_different_cases_and_a_missing_one_makes_it_partial(tmp_path, paper_run):
    plan = tables.plan("hpm", tmp_path, 0.5)
    runs = planned(plan, "cremi_a", "dice_ce")
    assert [each.run.fold for each in runs] == [0, 1, 2]
    paper_run(plan.folder(runs[0]), runs[0], {"dice": [0.2, 0.4]})
    folder = paper_run(plan.folder(runs[2]), runs[2], {"dice": [0.6, 0.8]})
    rename_cases(folder, {"case0": "other0", "case1": "other1"})
    cell = one(all_cells(tables.plan("hpm", tmp_path, 0.5)), row="CREMI-A, U-Net", metric="dice")
    assert (cell["status"], cell["note"], cell["n"]) == ("partial", "2 of 3 runs", 4)
    assert cell["measured"] == pytest.approx(0.5)


def test_standard_deviation_over_runs_where_the_paper_has_it_so(tmp_path, paper_run):
    plan = tables.plan("scnp", tmp_path, 0.4)
    first, second = planned(plan, "topomortar", "dice_ce")
    paper_run(plan.folder(first), first, {"betti0_error": [1.0, 3.0]})
    paper_run(plan.folder(second), second, {"betti0_error": [4.0, 8.0]})
    cell = one(all_cells(tables.plan("scnp", tmp_path, 0.4)), row="TopoMortar, CEDice", metric="betti0_error")
    assert cell["measured"] == pytest.approx(4)
    assert cell["measured_std"] == pytest.approx(np.std([2, 6], ddof=1))
    assert cell["n"] == 2  # cases, seeds averaged within each first


def test_number_over_some_groups_of_the_test_cases_only(tmp_path, paper_run):
    """TopoMortar's in- and out-of-distribution images are in one run and never in one mean."""
    plan = tables.plan("topomortar", tmp_path, 0.01)
    run, *more = planned(plan, "topomortar", "dice_ce")
    assert not more
    folder = paper_run(plan.folder(run), run, {"dice": [0.9, 0.7, 0.1, 0.2], "hd95": [1.0, 2.0, 7.0, 9.0]})
    cases = list(dict.fromkeys(row["case"] for row in csv.DictReader((folder / "metrics.csv").open())))
    groups = {"indistr": cases[:2], "angles": cases[2:3], "shadows": cases[3:]}
    rows = list(csv.DictReader((folder / "metrics.csv").open()))
    write_evaluation(folder, rows, replace(read_evaluation(folder), data=DataCard(groups=groups)))
    found = all_cells(tables.plan("topomortar", tmp_path, 0.01))
    assert one(found[found["table"] == "1"], row="CEDice", metric="dice")["measured"] == pytest.approx(0.8)
    assert one(found[found["table"] == "2"], row="CEDice", metric="dice")["measured"] == pytest.approx(0.15)
    write_evaluation(folder, rows, replace(read_evaluation(folder), data=DataCard(groups={"indistr": cases})))
    found = all_cells(tables.plan("topomortar", tmp_path, 0.01))
    cell = one(found[found["table"] == "2"], row="CEDice", metric="dice")
    assert cell["status"] == "failed"
    assert "has predicted no test case of angles, colors" in cell["note"]


def test_undefined_values_are_counted(tmp_path, paper_run):
    plan = tables.plan("hpm", tmp_path, 0.01)
    (run,) = planned(plan, "cremi_a", "dice_ce")
    paper_run(plan.folder(run), run, {"dice": [0.5, "nan", 0.7], "voi": ["nan", "nan", "nan"]})
    found = all_cells(tables.plan("hpm", tmp_path, 0.01))
    dice = one(found, row="CREMI-A, U-Net", metric="dice")
    assert (dice["n"], dice["note"], dice["measured"]) == (2, "defined in 2 of 3 cases", pytest.approx(0.6))
    voi = one(found, row="CREMI-A, U-Net", metric="voi")
    assert (voi["status"], voi["note"]) == ("failed", "voi is undefined in every case")
    are = one(found, row="CREMI-A, U-Net", metric="are")
    assert (are["status"], are["note"]) == ("failed", "are was not measured: evaluate the runs again")


def test_an_older_version_of_a_metric_is_named_and_the_rest_goes_on(tmp_path, paper_run):
    plan = tables.plan("hpm", tmp_path, 0.01)
    (old,), (new,) = planned(plan, "cremi_a", "dice_ce"), planned(plan, "cremi_a", "shpm")
    for each, version in ((old, 1), (new, 2)):
        folder = paper_run(plan.folder(each), each, {"dice": [0.5, 0.6]})
        written = read_evaluation(folder)
        definition = replace(written.metrics["dice"], version=version)
        write_json(folder / "evaluation.json", asdict(replace(written, metrics={"dice": definition})))
    found = all_cells(tables.plan("hpm", tmp_path, 0.01))
    cell = one(found, row="CREMI-A, U-Net", metric="dice")
    assert cell["status"] == "failed"
    assert f"{plan.folder(old)}: version 1 of dice, others have 2" in cell["note"]
    assert one(found, row="CREMI-A, U-Net + SHPM", metric="dice")["status"] == "measured"


def test_a_closed_dataset_says_so_until_somebody_has_runs_on_it(tmp_path, paper_run):
    empty = tables.plan("contextloss", tmp_path, 0.01)
    found = all_cells(empty)
    closed = found[found["status"] == "cannot be measured"]
    assert len(closed) == 196
    assert set(closed["note"]) == {"CLD is not public"}
    assert planning.unfillable(empty) == {"CLD is not public": 196}
    assert {each.entry for each in empty.possible} == {"roads", "hrf", "vessap"}
    run = planned(empty, "cld", "dice_ce")[0]
    paper_run(empty.folder(run), run, {"dice": [0.5, 0.6]})
    plan = tables.plan("contextloss", tmp_path, 0.01)
    assert planning.unfillable(plan) == {}
    assert "measured" in set(all_cells(plan)["status"])


@pytest.mark.parametrize(("scale", "cases", "marked"), [(0.01, 5, True), (0.01, 4, False), (0.009, 8, False)])
def test_no_best_of_a_few_cases_or_of_hardly_any_training(tmp_path, paper_run, scale, cases, marked):
    plan = tables.plan("hpm", tmp_path, scale)
    for loss, value in (("dice_ce", 0.5), ("shpm", 0.6)):
        (run,) = planned(plan, "cremi_a", loss)
        paper_run(plan.folder(run), run, {"dice": [value] * cases})
    found = all_cells(tables.plan("hpm", tmp_path, scale))
    assert found["best"].any() == marked


def test_times_and_memory_come_from_the_benchmark(tmp_path):
    steps = [
        {"setting": "2d", "loss": loss, "seconds": seconds, "peak_bytes": size * 2**20, "device": "a GPU"}
        for loss, seconds, size in (("dice_ce", 0.1, 100), ("closs", 0.3, 150), ("scnp", 0.125, 130))
    ]
    path = tmp_path / "steps.json"
    path.write_text(json.dumps(steps))
    found = all_cells(tables.plan("contextloss", tmp_path), path)
    epoch = one(found[found["table"] == "7"], row="CLoss", column="seconds for an epoch")
    assert (epoch["measured"], epoch["status"], epoch["note"]) == (pytest.approx(75), "measured", "setting 2d, a GPU")
    assert one(found, row="CLoss", column="minutes for a training")["measured"] == pytest.approx(0.3 * 12500 / 60)
    assert "no seconds of cldice" in one(found, row="clDice", column="seconds for an epoch")["note"]
    near = {"setting": "2d-1280x1024", "loss": "closs", "seconds": 0.2, "device": "a GPU"}
    path.write_text(json.dumps([*steps, near]))  # the paper's own patch goes before any other
    again = all_cells(tables.plan("contextloss", tmp_path), path)
    assert one(again, row="CLoss", column="seconds for an epoch")["measured"] == pytest.approx(50)
    cost = all_cells(tables.plan("scnp", tmp_path), path)
    cost = cost[cost["table"] == "B.1"]
    assert one(cost, row="SCNP, extra over: dice ce", column="extra GPU memory (MiB)")["measured"] == pytest.approx(30)
    assert one(cost, row="SCNP, extra over: dice ce", column="extra seconds for an epoch")["measured"] == pytest.approx(
        7.5
    )
    steps[2] |= {"seconds_dice_ce": 0.12, "share": 0.3}  # timed in turns with SCNP, when the machine was slower
    path.write_text(json.dumps(steps))
    cost = all_cells(tables.plan("scnp", tmp_path), path)
    extra = one(cost[cost["table"] == "B.1"], row="SCNP, extra over: dice ce", column="extra seconds for an epoch")
    assert extra["measured"] == pytest.approx(0.005 * 300)
    assert extra["note"] == "setting 2d, 0.3 of each side, a GPU"


def test_parameter_counts_have_the_tables_units(tmp_path):
    path = tmp_path / "counts.json"
    path.write_text(json.dumps({"fcn_drive": 15521, "unet_drive": 28_940_000}))
    found = all_cells(tables.plan("cldice", tmp_path), counts=path)
    found = found[found["table"] == "2"]
    assert found["measured"].tolist()[:2] == pytest.approx([15.521, 28.94])
    assert found["status"].tolist()[2:] == ["missing"] * 4


def test_a_broken_benchmark_is_named(tmp_path):
    path = tmp_path / "steps.json"
    path.write_text("{")
    with pytest.raises(ValueError, match=r"steps\.json is not readable"):
        all_cells(tables.plan("hpm", tmp_path), path)


def of_table(folder, name):
    found = all_cells(tables.plan("scnp", folder, 0.01))
    return found[found["table"] == name]


def test_the_best_closing_is_the_kernel_with_the_best_mean(tmp_path, paper_run):
    """Table E.3 of SCNP: of three kernels the middle one is best on average; without the step the cell says so."""
    plan = tables.plan("scnp", tmp_path, 0.01)
    need = next(need for need in required_runs.requirements(plan.spec) if need.closing)
    folder = plan.answering[(need.table, need.row, need.column)][0]
    (run,) = (each for each in plan.runs if plan.folder(each) == folder)
    paper_run(folder, run, {name: [0.5, 0.5] for name in run.metrics})
    where = {"row": need.row, "column": need.column}
    cell = one(of_table(tmp_path, need.table), **where)
    assert (cell["status"], "python -m evaluation" in cell["note"]) == ("failed", True)
    higher = tables_metrics.entry(need.metric).higher_is_better
    values = {3: (0.2, 0.4), 5: (0.6, 0.8) if higher else (0.1, 0.1), 7: (0.3, 0.9) if higher else (0.0, 0.3)}
    rows = [
        {"case": f"case{n}", "metric": need.metric, "version": 1, "kernel": kernel, "value": value}
        for kernel, pair in values.items()
        for n, value in enumerate(pair)
    ]
    mark = measured.mark_of(folder)
    measured.write_measured(folder / measured.CLOSING, tuple(rows[0]), rows, mark)
    cell = one(of_table(tmp_path, need.table), **where)
    assert cell["measured"] == pytest.approx(np.mean(values[5]) * (100 if need.published["unit"] == "percent" else 1))
