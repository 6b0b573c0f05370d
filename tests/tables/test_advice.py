"""Which loss for which structure: verdicts from hand-made runs whose differences are known."""

import csv
import io

import pytest
from fixtures.finished_runs import DEFINITIONS, write_numbers
from matplotlib.colors import to_rgb

from pictures import style
from runs.evaluation import MetricDefinition
from runs.results import collect
from tables import markup
from tables.experiment import advice, advice_figure, render
from tables.experiment.advice import AT_A_PRICE, RECOMMENDED, WORSE_ONLY
from tables.experiment.verdicts import OPEN, TOO_FEW

MEASURED = DEFINITIONS | {"cldice": MetricDefinition("clDice", "", True)}
DICE = [0.80 + 0.002 * case for case in range(12)]
ERRORS = [5.0 + case for case in range(12)]


@pytest.fixture
def experiment(writer):
    """Return a function that writes an experiment of Dice&CE and CLoss, which changes its metrics by given amounts."""

    def make(errors=0.0, dice=0.0, cases=12, seeds=(0, 1), dataset="isbi12"):
        for loss, (more_errors, more_dice) in {"dice_ce": (0.0, 0.0), "closs": (errors, dice)}.items():
            for seed in seeds:
                folder = writer.run(loss, seed=seed, dice=DICE, dataset=dataset)
                values = {
                    "dice": [value + more_dice for value in DICE],
                    "betti0_error": [value + more_errors for value in ERRORS],
                    "cldice": DICE,
                }
                write_numbers(folder, {slug: column[:cases] for slug, column in values.items()}, MEASURED)
        return collect(writer.write_plan())

    return make


@pytest.mark.parametrize(
    ("changes", "kind", "sentence"),
    [
        ({"errors": -2}, RECOMMENDED, "Better in some, worse in none: CLoss."),
        ({"errors": -2, "dice": -0.01}, AT_A_PRICE, "No loss is shown to improve the topology at no price"),
        ({}, OPEN, "No difference shown: CLoss."),
        ({"dice": 0.01}, OPEN, "No difference shown: CLoss."),  # more Dice alone is no reason to take a loss from here
        ({"errors": 2}, WORSE_ONLY, "Worse in some, better in none: CLoss."),
        ({"errors": -2, "cases": 4}, TOO_FEW, "Not known: 4 cases only."),
    ],
)
def test_verdicts(experiment, changes, kind, sentence):
    (found,) = advice.collect(experiment(**changes))
    assert [each.kind for each in found.balances] == [kind]
    assert any(line.startswith(sentence) for line in found.sentences), found.sentences


def test_the_structure_is_that_of_the_dataset(experiment):
    (found,) = advice.collect(experiment())
    assert found.title == "Membranes: isbi12"


def test_one_run_leaves_the_seeds_unknown(experiment):
    (found,) = advice.collect(experiment(seeds=(0,)))
    assert "differences between seeds are unknown" in found.sentences[-1]


def test_recommended_losses_come_first_then_those_that_change_more(experiment, writer):
    for seed in (0, 1):
        for loss, errors in (("scnp", [value - 1 - 3 * (case % 2) for case, value in enumerate(ERRORS)]),):
            folder = writer.run(loss, seed=seed, dice=DICE, dataset="isbi12")
            write_numbers(folder, {"dice": DICE, "betti0_error": errors, "cldice": DICE}, MEASURED)
    (found,) = advice.collect(experiment(errors=-2, dice=-0.01))
    assert [(each.loss, each.kind) for each in found.balances] == [("SCNP", RECOMMENDED), ("CLoss", AT_A_PRICE)]


def test_all_structures_at_once(experiment, writer):
    """CLoss is better, at a price and worse; SCNP, which is better on one dataset and there alone, comes first."""
    experiment(errors=-2)
    experiment(errors=2, dataset="crackforest")
    folder = writer.run("scnp", dice=DICE, dataset="isbi12")
    write_numbers(folder, {"dice": DICE, "betti0_error": [value - 3 for value in ERRORS], "cldice": DICE}, MEASURED)
    results = experiment(errors=-2, dice=-0.01, dataset="hrf")
    found = advice.collect(results)
    told = [dict(zip(("loss", *(each.block for each in found)), row, strict=True)) for row in advice.at_a_glance(found)]
    assert [row["loss"] for row in told] == ["loss", "SCNP", "CLoss"]
    places = ("isbi12", "hrf", "crackforest")
    assert [told[1][place] for place in places] == [markup.strong("better"), "-", "-"]
    assert [told[2][place] for place in places] == [markup.strong("better"), "at a price", markup.emphasis("worse")]
    assert "| CLoss |" in advice.page(results, found).markdown().partition("## Membranes")[0]

    drawn = advice_figure.draw(found, "a banner").axes[0]
    assert [label.get_text() for label in drawn.get_yticklabels()] == ["SCNP", "CLoss"]
    assert [label.get_text() for label in drawn.get_xticklabels()] == [each.title for each in found]
    squares = {(round(patch.get_x() + 0.48), round(patch.get_y() + 0.46)): patch for patch in drawn.patches}
    assert set(squares) == {(0, 0), (0, 1), (1, 1), (2, 1)}  # column, row: SCNP has run on the first dataset only
    column = {each.block: place for place, each in enumerate(found)}
    shown = [squares[column[place], 1].get_facecolor() for place in places]
    assert [each[:3] for each in shown] == [to_rgb(style.OKABE_ITO[n]) for n in (0, 3, 1)]


def test_cells_are_signed_as_the_metric_is_and_marked(experiment):
    results = experiment(errors=-2, dice=-0.01)
    page = advice.page(results, advice.collect(results)).markdown()
    assert "| CLoss | +0.000 [0.000, 0.000] | **-2.000 [-2.000, -2.000]** | _-0.010 [-0.010, -0.010]_ | 1.00 |" in page


def test_without_dice_ce_there_is_nothing(writer):
    writer.run("closs")
    results = collect(writer.write_plan())
    assert advice.collect(results) == []
    assert advice.write(results) == []


def test_rendering_writes_it_in_four_formats(experiment):
    results = experiment(errors=-2)
    written = [path.name for path in render.render(results)]
    assert [name for name in written if name.startswith("advice")] == [
        f"advice.{end}" for end in ("csv", "md", "tex", "html")
    ]
    rows = list(csv.DictReader(io.StringIO((results.folder / "tables/advice.csv").read_text())))
    by_metric = {row["metric"]: row for row in rows}
    assert float(by_metric["betti0_error"]["gain"]) == 2.0
    assert {row["verdict"] for row in rows} == {RECOMMENDED}
    assert r"\textbf{CLoss}" in (results.folder / "tables/advice.tex").read_text()


def test_texts_of_a_figure_of_one_dataset_are_not_cut_off(experiment):
    """The explanation below the squares is wider than these where there are few datasets."""
    figure = advice_figure.draw(advice.collect(experiment()), "a banner")
    figure.canvas.draw()
    (axes,) = figure.axes
    for text in [axes.xaxis.label, *axes.get_xticklabels(), *axes.get_yticklabels()]:
        box = text.get_window_extent()
        assert box.x0 >= 0, text.get_text()
        assert box.x1 <= figure.bbox.x1, text.get_text()
