"""Tables and figure of scored predictions: the numbers, what stands beside them, the four formats."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from evaluation.scoring.score import Request, score
from tables import intervals, statistics
from tables.scores import figure, render, results, summary


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    """Nine cases: `good` differs little from the truth, `b_ad` more; case 8 of `b_ad` is empty."""
    folder = tmp_path_factory.mktemp("scores")
    rng = np.random.default_rng(0)
    for case in range(9):
        truth = np.zeros((24, 26), np.uint8)
        truth[case + 2 : case + 5] = truth[:, case + 4 : case + 6] = 1
        truth[20:22, 20:24] = 2
        images = {"truth": truth}
        for name, share in (("good", 0.02), ("b_ad", 0.1)):
            images[name] = np.where(rng.random(truth.shape) < share, rng.integers(0, 3, truth.shape), truth)
        images["b_ad"] *= case != 8
        for name, image in images.items():
            (folder / name).mkdir(exist_ok=True)
            Image.fromarray(image.astype(np.uint8)).save(folder / name / f"{case:03}.png")
    (folder / "good" / "000.png").unlink()
    request = Request(
        folder / "good",
        folder / "truth",
        folder / "out",
        compare=(folder / "b_ad",),
        metrics=("dice", "cldice", "betti0_error", "nsd,tolerance=2", "euler_ratio"),
        partial=True,
        adjacency=4,
        workers=1,
    )
    return results.read(score(request, progress=False))


def test_cases_keep_their_names(scores):
    assert list(scores.of("b_ad", "dice").index) == [f"{case:03}" for case in range(9)]


def test_a_cell(scores):
    values = scores.of("b_ad", "cldice").to_numpy()
    cell = summary.cell(scores, "b_ad", "cldice")
    assert (cell.n, cell.undefined) == (9, 1)
    assert cell.mean == pytest.approx(np.nanmean(values))
    assert cell.std == pytest.approx(np.nanstd(values, ddof=1))
    assert (cell.low, cell.high) == intervals.studentized_interval(values)


def test_comparisons_are_paired_by_case_and_corrected_together(scores):
    found = summary.comparisons(scores)
    assert [each.measure.label for each in found] == [measure.label for measure in scores.measures]
    differences = (scores.of("good", "dice") - scores.of("b_ad", "dice")).dropna()
    assert found[0].n == len(differences) == 8
    assert found[0].difference == pytest.approx(differences.mean())
    assert found[0].effect == pytest.approx(statistics.cohens_dz(differences))
    assert found[0].p == statistics.paired_permutation(differences)
    assert found[0].wins == 1
    assert [each.adjusted for each in found] == statistics.holm([each.p for each in found])


def test_fewer_errors_win_and_what_has_no_direction_has_no_winner(scores):
    by_name = {each.measure.label: each for each in summary.comparisons(scores)}
    assert by_name["betti0_error"].difference < 0
    assert by_name["betti0_error"].wins > 0.5
    assert np.isnan(by_name["euler_ratio"].wins)


def test_a_tie_is_half_a_win(scores):
    values = scores.values.copy()
    for case, of_the_first in (("001", 3.0), ("002", 2.0), ("003", 5.0)):
        chosen = (values["case"] == case) & (values["metric"] == "betti0_error")
        values.loc[chosen, "value"] = np.where(values.loc[chosen, "method"] == "good", of_the_first, 3.0)
    kept = values[~values["case"].isin([f"{case:03}" for case in range(4, 9)])]
    errors = {each.measure.label: each for each in summary.comparisons(replace(scores, values=kept))}["betti0_error"]
    assert (errors.n, errors.wins) == (3, 0.5)  # a tie, one better, one worse


def test_every_table_says_how_it_was_measured(scores):
    for sheet in render.sheets(scores):
        assert sheet.header[-3:] == ["adjacency", "region", "version"]
        assert {tuple(row[-3:]) for row in sheet.rows} == {("4", "whole", "1")}
        assert all(len(row) == len(sheet.header) for row in sheet.rows)
    for text in (render.markdown(scores), render.latex(scores), render.page(scores)):
        assert "good (n = 8 of 9)" in text
        assert "Partial: good has predictions for 8 of 9 ground truths." in text
        assert "topology-loss-benchmark" in text


def test_classes_stand_in_a_table_of_their_own(scores):
    first, by_class, comparison = render.sheets(scores)
    assert [row[0] for row in first.rows][0] == "Dice ↑"
    assert {row[0] for row in by_class.rows} == {"1", "2"}
    assert comparison.title == "good against the others"


def test_the_best_is_bold_and_undefined_is_counted(scores):
    rows = {row[0]: row for row in render.sheets(scores)[0].rows}
    assert rows["Dice ↑"][1].startswith("\0")
    assert rows["clDice ↑"][2].endswith("[8/9]")
    assert "\0" not in "".join(rows["χ ratio"])


def test_formats(scores):
    paths = render.write(scores)
    assert [path.name for path in paths] == ["summary.csv", "comparison.csv", "scores.md", "scores.tex", "scores.html"]
    table = pd.read_csv(paths[0]).set_index(["method", "class", "metric"])
    assert table.loc[("good", "mean", "dice"), "mean"] == summary.cell(scores, "good", "dice").mean
    compared = pd.read_csv(paths[1]).set_index(["first", "other", "metric"])
    assert compared.loc[("good", "b_ad", "dice"), "p"] == summary.comparisons(scores)[0].p
    assert {"version", "adjacency", "region"} <= set(table) & set(compared)
    latex = paths[3].read_text()
    body = re.sub(r"^%.*$|{%$", "", latex, flags=re.MULTILINE)
    assert r"b\_ad" in body
    assert not re.search(r"(?<!\\)[%_]", body)
    assert "**0.9" in paths[2].read_text()
    assert b"\0" not in b"".join(path.read_bytes() for path in paths)


def test_few_cases_are_marked_below_every_table(scores):
    sheets = render.sheets(scores)
    assert all(intervals.SIGN in sheet.explanation and intervals.METHOD in sheet.explanation for sheet in sheets)
    assert re.search(r"\(0\.\d+, 0\.\d+\)†", sheets[0].rows[0][1])
    assert "exchangeable" in sheets[-1].explanation
    assert "9 cases: rough" in figure.draw(scores).get_supxlabel()


def test_undefined_values_have_reasons(scores):
    found = summary.undefined(scores)
    assert set(found["case"]) >= {"008"}
    assert "the prediction is empty" in set(found["reason"])


def test_html_is_closed(scores):
    stack = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag, attributes):
            stack.extend([tag] * (tag not in ("meta", "img")))

        def handle_endtag(self, tag):
            assert stack.pop() == tag

    Tags().feed(render.page(scores))
    assert not stack


def test_figure(scores):
    drawn = figure.draw(scores)
    titles = [axes.get_title() for axes in drawn.axes]
    assert titles[:5] == [measure.heading for measure in scores.measures]
    assert "Partial" in "".join(artist.get_text() for artist in drawn.artists)
    assert figure.save(scores).stat().st_size > 10_000


def test_no_scores(tmp_path):
    with pytest.raises(ValueError, match="no scores in it; run `python -m metrics score"):
        results.read(tmp_path)
