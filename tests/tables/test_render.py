"""The comparison in all formats, from run folders made by hand."""

import csv
import io
import re
import shutil
import subprocess

import pytest

import losses
from runs.results import collect
from tables import __main__ as command
from tables import bibliography, legends
from tables.averages import Average
from tables.experiment import compare, latex, render, texts
from tables.experiment.compare import MetricColumn

DICE = MetricColumn("dice", "Dice", "", True)


def test_best_is_marked_by_direction_and_the_pretraining_does_not_compete(demo):
    table = compare.comparisons(collect(demo))[0]
    rows = {row.label: row for row in table.rows}
    better = rows["CLoss (gamma=0.3)"]
    assert [table.is_best(better, column) for column in table.columns] == [True, True]
    assert not any(
        table.is_best(rows[name], column) for name in ("Dice&CE", "Dice&CE, pretraining") for column in table.columns
    )


def test_one_table_without_and_one_with_post_processing(demo):
    assert [table.postprocessed for table in compare.comparisons(collect(demo))] == [False, True]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Average(0.81234, 0.05, 4, 4), "0.812 ± 0.050"),
        (Average(0.8, 0.05, 3, 4), "0.800 ± 0.050 [3/4]"),
        (Average(0.8, float("nan"), 1, 1), "0.800"),
        (Average(cases=4), "undefined"),
    ],
)
def test_number(cell, text):
    assert texts.number(cell, DICE) == text


def test_terminal(demo):
    text = render.terminal(collect(demo))
    assert max(len(line) for line in text.split(legends.COMPARISON[:20])[0].splitlines()) <= 120
    for part in ("Smoke run", "(no run)", "(failed)", "loss is NaN", "0.685±0.060^", "[3/4]"):
        assert part in text


def test_runs_that_are_not_done_for_the_same_reason_are_one_note(writer):
    for loss in ("dice_ce", "closs", "scnp"):
        writer.run(loss, seed=0)
        for seed in (1, 2):
            shutil.rmtree(writer.run(loss, seed=seed))
    writer.run("scnp", parameters={"window": 5}, cause="failed: loss is NaN")
    notes = re.findall("^.*: (?:no run|failed): .*$", render.terminal(collect(writer.write_plan())), re.MULTILINE)
    missing, failed = dict.fromkeys(notes)
    assert missing.startswith("Dice&CE, fold0-seed1; Dice&CE, fold0-seed2; CLoss, fold0-seed1; and 3 more: no run: ")
    assert failed == "SCNP (window=5), fold0-seed0: failed: loss is NaN"


def test_markdown(demo):
    text = render.markdown(collect(demo))
    assert re.search(r"\| CLoss \(gamma=0.3\) \| \*\*0.685 ± 0.060 \(0.5\d\d, 0.7\d\d\)†\*\* \|", text)
    assert "(no run)" in text
    assert "commit 0123456789ab with uncommitted changes" in text


def test_html_escapes_and_marks(demo):
    text = render.as_html(collect(demo))
    assert "<td>Dice&amp;CE</td>" in text
    assert re.search(r"<strong>0.685 ± 0.060 \(0.5\d\d, 0.7\d\d\)†</strong>", text)


def test_latex_is_booktabs_and_escaped(demo):
    text = latex.latex(collect(demo))
    assert r"Dice\&CE &" in text
    assert r"\textbf{0.685 $\pm$ 0.060 (0.5" in text
    assert r")$\dagger$" in text
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 2
    assert "±" not in "".join(line for line in text.splitlines() if not line.startswith("%"))


def test_csv_has_plain_numbers_and_states(demo):
    rows = list(csv.DictReader(io.StringIO(render.as_csv(collect(demo)))))
    by_loss = {(row["loss"], row["postprocessed"]): row for row in rows}
    assert float(by_loss["CLoss (gamma=0.3)", "False"]["dice_mean"]) == pytest.approx(0.685)
    assert by_loss["SCNP (window=5)", "False"]["state"] == "(no run)"
    assert by_loss["SCNP (window=5)", "False"]["dice_mean"] == ""
    assert by_loss["Dice&CE", "False"]["betti0_error_defined"] == "3"


def test_command_writes_every_format(demo, capsys):
    assert command.main(["render", str(demo)]) == 0
    formats = [
        f"{name}.{end}" for name in ("advice", "comparison", "stability") for end in ("csv", "html", "md", "tex")
    ]
    assert sorted(path.name for path in (demo / "tables").iterdir()) == sorted([*formats, "methods.bib"])
    assert "Smoke run" in capsys.readouterr().out


def test_command_says_what_is_missing(tmp_path, capsys):
    assert command.main(["render", str(tmp_path / "none")]) == 2
    assert "there are no runs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("style", "cell"),
    [
        ("mean", r"\textbf{0.685}"),
        ("mean-sd", r"\textbf{0.685 $\pm$ 0.060}"),
        ("mean-ci", r"\textbf{0.685 (0.5"),
        ("full", r"\textbf{0.685 $\pm$ 0.060 (0.5"),
    ],
)
def test_latex_in_short(demo, style, cell):
    text = latex.latex(collect(demo), ["dice", "seconds"], style)
    assert rf"CLoss (gamma=0.3) & {cell}" in text
    assert r"loss & Dice $\uparrow$ & s / iteration \\" in text
    assert "Betti" not in text
    assert text.count(r"\resizebox{\ifdim") == 2
    assert r"SCNP & (failed) & (failed) \\" in text


def test_wrong_columns_and_styles_are_named(demo, capsys):
    assert command.main(["render", str(demo), "--columns", "dize"]) == 2
    assert "unknown column 'dize'; did you mean 'dice'?" in capsys.readouterr().err
    with pytest.raises(ValueError, match="unknown style 'sd'"):
        latex.latex(collect(demo), style="sd")


def test_every_loss_has_a_reference():
    entries = re.findall(r"@misc\{(\w+),", bibliography.bibtex())
    assert sorted(entries) == sorted(losses.names())
    assert "author = {S. Shit and others}" in bibliography.bibtex(["cldice"])
    assert bibliography.bibtex(["cldice"]).count("@misc") == 1


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX on this machine (pdflatex)")
@pytest.mark.parametrize("style", latex.STYLES)
def test_latex_compiles(demo, tmp_path, style):
    columns = [] if style == "full" else ["dice", "betti0_error"]
    render.render(collect(demo), columns, style)
    cites = r"\cite{closs}\bibliographystyle{plain}\bibliography{methods}"
    packages = r"\usepackage[utf8]{inputenc}\usepackage{booktabs,graphicx,url}"
    document = (
        rf"\documentclass[twocolumn]{{article}}{packages}\begin{{document}}\input{{comparison}}{cites}\end{{document}}"
    )
    (demo / "tables" / "page.tex").write_text(document)
    commands = [
        ["pdflatex", "-halt-on-error", "page.tex"],
        ["bibtex", "page"],
        ["pdflatex", "-halt-on-error", "page.tex"],
    ]
    for each in commands:
        found = subprocess.run(each, cwd=demo / "tables", capture_output=True, text=True, timeout=120)
        assert found.returncode == 0, found.stdout[-2000:]
    if style != "full":
        assert "Overfull \\hbox" not in found.stdout
