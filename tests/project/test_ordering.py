import pandas as pd
import pytest

from benchmarks.ordering import LOSSES, Protocol, Variation, compare, draw, measure, page, published, variations
from training.config import Config

ORDER = {"cldice": 1.0, "dice_ce": 3.0, "warping": 4.0}


def rows(setting, errors, spread=0.5):
    """Return two seeds of four cases around given errors, alike for all losses but for a tenth of the spread."""
    return [
        {"setting": setting, "loss": loss, "seed": seed, "case": case}
        | {"betti0_error": error + spread * "abcd".index(case) + (seed - 0.5) * spread * (1 + error) / 10}
        for loss, error in errors.items()
        for seed in (0, 1)
        for case in "abcd"
    ]


def test_same_order_and_reversed_order():
    table = pd.DataFrame(
        rows("alike", {"cldice": 10, "dice_ce": 20, "warping": 30})
        + rows("reversed", {"cldice": 30, "dice_ce": 20, "warping": 10})
        + rows("one exchanged", {"cldice": 20, "dice_ce": 10, "warping": 30})
    )
    alike, reverse, exchanged = compare(table, ORDER)
    assert (alike.setting, alike.alike, alike.pairs, alike.tau, alike.cases) == ("alike", 3, 3, pytest.approx(1), 4)
    assert alike.errors == pytest.approx({"cldice": 10.75, "dice_ce": 20.75, "warping": 30.75})
    assert (reverse.alike, reverse.tau) == (0, pytest.approx(-1))
    assert (exchanged.alike, exchanged.tau) == (2, pytest.approx(1 / 3))
    assert (alike.sure, alike.sure_alike) == (3, 3)
    assert (reverse.sure, reverse.sure_alike) == (3, 0)


def test_a_difference_that_varies_from_image_to_image_is_not_clear():
    mixed = pd.DataFrame(rows("mixed", {"cldice": 10, "dice_ce": 20, "warping": 30}))
    mixed.loc[(mixed["loss"] == "cldice") & mixed["case"].isin(["a", "b"]), "betti0_error"] += 21
    (found,) = compare(mixed, ORDER)
    assert found.alike == 2  # clDice is behind Dice&CE by half a component
    assert (found.sure, found.sure_alike) == (1, 1)


def test_published_errors_are_of_case_1_and_of_losses_that_exist():
    found = published()
    assert set(found) == set(LOSSES)
    assert (found["dice_ce"], found["cldice"], found["region_wise"]) == (3.31, 1.17, 5.72)


def test_page_and_figure_show_every_setting():
    table = pd.DataFrame(rows("small", ORDER) + rows("adjacency 4", ORDER))
    found = compare(table, ORDER)
    text = page(found, ORDER, Protocol("data", "results", 600), [0, 1])
    assert "| published | 1.00 | 3.00 | 4.00 |" in text
    assert "| small | 1.75 | 3.75 | 4.75 | 3 of 3 | 3 of 3 | +1.00 |" in text
    legend = draw(found, ORDER).legends[0]
    assert [entry.get_text() for entry in legend.get_texts()] == ["published", "small", "adjacency 4"]


def test_settings_are_trained_and_measured_as_they_say(tiny, monkeypatch):
    configure = Protocol.config

    def smaller(protocol, *arguments):
        made = configure(protocol, *arguments).as_dict()
        small = {name: tiny[name] for name in ("network_parameters", "patch_size")}
        return Config(**made | small | {"dataset": "tiny2d", "test_group": ""})

    monkeypatch.setattr(Protocol, "config", smaller)
    protocol = Protocol(tiny["data"], tiny["results"], iterations=2, cases=2)
    settings = [Variation("small"), Variation("warm", warm_iterations=1)]
    made = [row for each in settings for row in measure(each, "cldice", 0, protocol)]
    assert [(row["setting"], row["case"]) for row in made] == [
        (s, c) for s in ("small", "warm") for c in ("ts0", "ts1")
    ]
    assert all(row["betti0_error"] >= 0 for row in made)


def test_settings_do_not_share_runs_but_for_the_one_that_is_only_measured_differently(tmp_path):
    (tmp_path / "checkpoint.pt").touch()
    settings, protocol = variations(600), Protocol("data", "results", 600)
    starts = [tmp_path if each.warm_iterations else None for each in settings]
    runs = [protocol.config(each, "cldice", 0, start) for each, start in zip(settings, starts, strict=True)]
    assert len({each.title for each in settings}) == len(settings)
    assert len({run.run_folder for run in runs}) == len(settings) - 1
    assert runs[0] == runs[1]
