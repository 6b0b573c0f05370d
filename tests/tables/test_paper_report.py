"""A paper's tables and figures, with runs and without; the command that makes them."""

import json
from dataclasses import asdict, replace

import matplotlib.image
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

import tables
from runs.evaluation import read_evaluation
from runs.files import sha256, write_json
from tables.__main__ import main
from tables.papers import figures, report, spec


@pytest.fixture
def hpm(tmp_path, paper_run):
    """HPM at scale 0.01, with two runs on CREMI-A."""
    plan = tables.plan("hpm", tmp_path, 0.01)
    for each in plan.runs[:3]:
        shift = 0.1 * (each.run.loss == "cldice")
        paper_run(plan.folder(each), each, {"dice": [0.5 + shift, 0.7 + shift], "betti0_error": [400.0, 600.0]})
    return report.collect("hpm", tmp_path)


def panel(figure: Figure, title: str):
    return next(axes for axes in figure.axes if axes.get_title().startswith(title))


def test_the_largest_scale_of_which_there_are_runs(hpm, tmp_path):
    assert hpm.plan.scale == 0.01
    assert hpm.folder == tmp_path / "hpm-scale0.01" / "paper"
    assert report.largest_scale(tmp_path, "scnp") == 1.0
    for name in ("hpm-scale0.2", "hpm-scalebroken", "hpm-group-scale0.3"):
        (tmp_path / name / "runs").mkdir(parents=True)
    assert report.largest_scale(tmp_path, "hpm") == 0.3


def test_overview_counts_every_cell(hpm):
    found = report.overview(hpm)
    counted = found[["measured", "partial", "failed", "missing"]].sum(axis=1)
    assert counted.tolist() == found["cells"].tolist() == [180, 10]
    # Dice and the beta0 error of two rows; the other four metrics were not measured
    assert found.loc["1", ["measured", "failed"]].tolist() == [4, 8]


def test_notes_say_scale_state_and_substitutions(hpm):
    notes = hpm.notes(hpm.tables[0])
    assert notes[0].startswith("Scale 0.01:")
    assert notes[1].startswith("180 cells: 168 missing, 8 failed, 4 measured")
    assert any("BasicUNet" in note for note in notes)


def test_the_foot_names_what_is_absent_and_where_the_rest_comes_from(hpm, tmp_path):
    plan = {
        "skipped": {"cremi_b": "no such folder", "phpm on cremi_c": "not here", "other": "x", "cremi_b on other": "y"},
        "remarks": ["A remark."],
    }
    (tmp_path / "hpm-scale0.01" / "plan.json").write_text(json.dumps(plan))
    lines = report.made_by(hpm, hpm.tables[0])
    assert "missing: none of its 1 runs of hpm-scale0.01 (168 cells)" in lines
    assert "failed: voi was not measured: evaluate the runs again (2 cells)" in lines
    assert "A remark." in lines
    assert "Left out: cremi_b: no such folder; phpm on cremi_c: not here" in lines
    (tmp_path / "hpm-scale0.01" / "plan.json").write_text("{")
    assert "A remark." not in report.made_by(hpm, hpm.tables[0])


def test_the_foot_says_what_was_measured_on_patches(hpm, tmp_path):
    path = next(tmp_path.rglob("metrics.csv"))
    path.write_text(path.read_text().replace("betti0_error,1,0,8,whole", "betti0_error,1,0,8,sliding(patch=64)"))
    written = read_evaluation(path.parent)
    write_json(path.with_name("evaluation.json"), asdict(replace(written, metrics_sha256=sha256(path))))
    found = report.collect("hpm", tmp_path)
    assert "On patches, sliding(patch=64): betti0_error" in report.made_by(found, found.tables[0])


def test_figure_shows_published_and_measured_where_they_are(hpm):
    figure = report.figure(hpm, hpm.tables[0])
    dice = panel(figure, "Dice")
    published, measured, absent = (marks for marks in dice.collections if isinstance(marks, PathCollection))
    cells = hpm.of(hpm.tables[0])
    cells = cells[cells["metric"] == "dice"]
    offsets = published.get_offsets()
    assert sorted(offsets[:, 0]) == pytest.approx(sorted(cells["published"]))
    assert sorted(measured.get_offsets()[:, 0]) == pytest.approx([0.6, 0.7])
    assert len(absent.get_offsets()) == len(cells) - 2
    assert "not to be compared" in "".join(
        text.get_text() for text in figure.findobj(match=lambda x: hasattr(x, "get_text"))
    )
    assert dice.get_xscale() == "linear"
    assert panel(figure, "β0 error").get_xscale() == "log"


@pytest.mark.parametrize("paper", spec.papers())
def test_every_table_has_a_figure_without_any_run(paper, tmp_path):
    found = report.collect(paper, tmp_path)
    table = found.tables[-1]
    figure = report.figure(found, table)
    shown = {text.get_text() for text in figure.axes[0].get_yticklabels()}
    assert shown == set(found.of(table)["row"])


def test_figure_is_saved(tmp_path):
    found = report.collect("hpm", tmp_path, folder=tmp_path / "out")
    paths = report.figures(found)
    assert [path.name for path in paths] == ["table-1.png", "table-2.png"]
    assert matplotlib.image.imread(paths[1])[..., :3].std() > 0.02


def test_dots_of_a_single_row(hpm):
    cells = hpm.of(hpm.tables[1]).iloc[:1]
    assert len(figures.dots(cells, "One").axes) == 1


def test_command_makes_tables_and_figures(tmp_path, capsys):
    assert main(["paper", "hpm", "--results", str(tmp_path), "--folder", str(tmp_path / "out")]) == 0
    text = capsys.readouterr().out
    assert "Six datasets" in text
    made = {path.suffix for path in (tmp_path / "out").rglob("*.*")}
    assert {".csv", ".md", ".tex", ".html", ".png"} <= made


def test_command_refuses_an_unknown_paper(tmp_path, capsys):
    assert main(["paper", "hmp", "--results", str(tmp_path)]) == 2
    assert "known are cldice" in capsys.readouterr().err


def test_the_foot_of_a_table_of_cost_says_what_was_timed(tmp_path):
    steps = [{"setting": "2d-256x256", "loss": "shpm", "seconds": 0.1, "device": "a GPU", "share": 0.5}]
    path = tmp_path / "steps.json"
    path.write_text(json.dumps(steps))
    paper = report.collect("hpm", tmp_path, benchmark=path)
    foot = {table.name: report.made_by(paper, table) for table in paper.tables}
    assert "Training steps: setting 2d-256x256, 0.5 of each side, a GPU" in foot["2"]
    assert not any(line.startswith("Training steps") for line in foot["1"])
