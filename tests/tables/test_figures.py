"""Figures: what an error map says, which cases are shown, and that every figure can be drawn and saved."""

import json

import numpy as np
import pandas as pd
import pytest

from evaluation import cases
from pictures.errors import CATEGORIES, Case, error_map, flat, predictions, side_by_side
from pictures.style import DPI, save
from runs.results import collect
from tables.experiment import figures, run_figures, saved_figures, validation_curves

TRUTH = np.zeros((9, 12), np.uint8)
TRUTH[3:6, 1:11] = 1


def counts(prediction, truth=TRUTH):
    errors = error_map(truth, prediction)
    return {name: int((errors == value).sum()) for value, (_, name) in enumerate(CATEGORIES) if (errors == value).any()}


def test_error_map_of_a_perfect_prediction():
    assert counts(TRUTH) == {"background": 78, "found (TP)": 30}


def test_break_shows_missed_skeleton():
    prediction = TRUTH.copy()
    prediction[:, 5:7] = 0
    found = counts(prediction)
    assert found["missed skeleton"] == 2
    assert found["false negative"] == 4
    assert "false skeleton" not in found


def test_invented_structure_shows_false_skeleton():
    prediction = TRUTH.copy()
    prediction[8, 2:8] = 1
    found = counts(prediction)
    assert found["false skeleton"] + found.get("false positive", 0) == 6
    assert "missed skeleton" not in found


def test_wrong_class_is_neither_missed_nor_invented():
    found = counts(2 * TRUTH)
    assert "wrong class" in found
    assert "false negative" not in found


def test_projection_shows_the_gravest():
    errors = np.zeros((3, 4, 4), np.uint8)
    errors[0], errors[2, 1, 1] = 1, 6
    assert flat(errors)[1, 1] == 6


def test_typical_cases(demo):
    runs = collect(demo).runs
    assert cases.typical(runs[1].metrics, "dice") == {"worst": "case0", "median": "case2", "best": "case3"}
    assert cases.typical(runs[1].metrics, "betti0_error", False)["worst"] == "case0"
    assert cases.typical(runs[1].metrics, "none") == {}


@pytest.mark.parametrize("draw", [figures.learning_curves, figures.metrics])
def test_charts_are_drawn_with_failed_and_missing_runs(demo, tmp_path, draw):
    path = save(draw(collect(demo), "roads"), tmp_path / "figure.png")
    assert path.stat().st_size > 10_000


def test_report_saves_below_the_experiment(demo):
    assert saved_figures.curves(collect(demo)) == [demo / "figures" / "curves-roads.png"]


def test_single_run(demo, writer, tmp_path):
    folder = collect(demo).runs[2].folder
    save(run_figures.single_curve(folder), tmp_path / "curve.png")
    save(run_figures.distribution(folder), tmp_path / "distribution.png")


def _width_and_panels(folder):
    figure = run_figures.distribution(folder)
    return figure.get_size_inches()[0], [axes for axes in figure.axes if axes.axison]


def test_many_metrics_lie_in_rows(demo):
    """22 metrics were a row of panels 4862 pixels wide."""
    folder = collect(demo).runs[2].folder
    values = pd.read_csv(folder / "metrics.csv")
    dice = values[values["metric"] == "dice"]
    definitions = json.loads((folder / "evaluation.json").read_text())
    names = [f"m{number}" for number in range(22)]
    pd.concat([dice.assign(metric=name) for name in names]).to_csv(folder / "metrics.csv", index=False)
    definitions["metrics"] = {name: definitions["metrics"]["dice"] | {"title": name} for name in names}
    (folder / "evaluation.json").write_text(json.dumps(definitions | {"metrics_sha256": ""}))
    width, panels = _width_and_panels(folder)
    assert len(panels) == 22
    assert width * DPI <= 1500


def test_without_a_pretraining_there_is_no_column_with_post_processing(demo):
    folder = collect(demo).runs[2].folder
    assert [label.get_text() for label in _width_and_panels(folder)[1][0].get_xticklabels()] == ["without", "with"]
    values = pd.read_csv(folder / "metrics.csv")
    values[values["postprocessed"] == 0].to_csv(folder / "metrics.csv", index=False)
    evaluation = json.loads((folder / "evaluation.json").read_text())
    (folder / "evaluation.json").write_text(json.dumps(evaluation | {"metrics_sha256": ""}))
    panels = _width_and_panels(folder)[1]
    assert all(not axes.get_xticklabels() for axes in panels)
    assert all(len(axes.collections) == 1 for axes in panels)


def test_every_figure_is_there_as_pdf_and_the_same_figure_the_same_file(demo, tmp_path):
    for name in ("one", "two"):
        save(figures.metrics(collect(demo), "roads"), tmp_path / f"{name}.png")
    assert (tmp_path / "one.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()


@pytest.mark.parametrize("shape", [(40, 50), (8, 40, 50)])
def test_pictures_in_2d_and_3d(shape, tmp_path):
    random = np.random.default_rng(1)
    truth, prediction = (random.integers(0, 3, shape).astype(np.uint8) for _ in range(2))
    case = Case("a", random.random((1, *shape)), truth, prediction)
    save(predictions([case], ["a"], "Title", "Banner"), tmp_path / "rows.png")
    save(side_by_side([("CLoss", case), ("SCNP", None)], "Title"), tmp_path / "grid.png")


def test_validations_are_drawn_of_the_runs_that_have_them(demo):
    assert saved_figures.validations(collect(demo)) == []
    runs = [result for result in collect(demo).of("roads") if (result.folder / "history.csv").is_file()]
    assert validation_curves.of_run(runs[0].folder) is None
    for result in runs:
        course = pd.read_csv(result.folder / "history.csv")
        for number, name in enumerate(["dice", "cldice", "betti0_error", "seconds"]):
            course[f"validation_{name}"] = np.where(course.index % 2, 0.1 * course.index + number, np.nan)
        course.to_csv(result.folder / "history.csv", index=False)
    (figure,) = saved_figures.validations(collect(demo))
    assert figure == demo / "figures" / "validation-roads.png"
    panels = validation_curves.of_dataset(collect(demo), "roads").axes
    assert [axes.get_title() for axes in panels] == ["Dice", "clDice", "Betti-0 error"]
    drawn = {line.get_label() for line in panels[0].lines}
    assert drawn == {line.get_label() for line in panels[2].lines}
    assert len(drawn) > 1
    closs = next(result for result in runs if result.run.loss == "closs")
    assert len(validation_curves.of_run(closs.folder).axes[0].lines) == 2  # beside Dice&CE's


def test_validations_of_many_losses_have_a_line_each_and_room(writer):
    """Thirty-five curves and their legend once left the axes a height of a few pixels."""
    for number in range(35):
        folder = writer.run("closs" if number else "dice_ce", parameters={"gamma": number / 100} if number else {})
        course = pd.read_csv(folder / "history.csv").assign(validation_seconds=1.0)
        for name in ("dice", "cldice", "betti0_error"):
            course[f"validation_{name}"] = 0.1 * course.index + number
        course.to_csv(folder / "history.csv", index=False)
    figure = validation_curves.of_dataset(collect(writer.write_plan()), "roads")
    figure.canvas.draw()
    for axes in figure.axes:
        assert axes.get_window_extent().height > 0.7 * figure.bbox.height
        assert len({tuple(line.get_ydata()) for line in axes.lines if line.get_linestyle() == "-"}) == 35
    assert len(figure.axes[0].get_yticklabels()) == 35
    assert not any(axes.get_legend() for axes in figure.axes)
