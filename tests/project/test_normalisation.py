import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import normalisation
from benchmarks.normalisation import Protocol, Setting, correlations, draw, measure, page, summarise
from benchmarks.studies import METRICS


def hand_made_rows():
    """Return rows of which "mask" harms the more, the smaller M is, and "all" always lowers the Betti-0 error by 2."""
    rows = []
    for start, share in ((100, 0.3), (400, 0.1), (1600, 0.03)):
        for seed, case, reading in ((s, c, r) for s in (0, 1) for c in "abcd" for r in normalisation.READINGS):
            effect = -2.0 if reading == "all" else 1 / share
            spread = 0.1 * "abcd".index(case) + 0.01 * seed
            rows.append(
                {"dataset": "x", "start": start, "rate": 0.01, "seed": seed, "reading": reading, "case": case}
                | {"dice_at_start": 1 - share, "share_of_m": share}
                | {f"{metric}_dice_ce": 20.0 for metric in METRICS}
                | {metric: effect + spread for metric in METRICS}
            )
    return pd.DataFrame(rows)


def test_settings_are_averaged_over_seeds_then_cases_with_an_interval_around_the_mean():
    table = summarise(hand_made_rows()).set_index(["start", "reading"])
    assert len(table) == 6
    assert (table["n"] == 4).all()
    row = table.loc[(100, "all")]
    assert row["ags"] == pytest.approx(-2 + 0.15 + 0.005)
    assert row["ags_low"] < row["ags"] < row["ags_high"]
    assert row["betti0_error_percent"] == pytest.approx(100 * row["betti0_error"] / 20)


def test_what_decides_is_found():
    table = correlations(summarise(hand_made_rows()))
    found = table[table["effect"].str.startswith("Betti-0")].set_index(["reading", "factor"])["rho"]
    assert found["mask", "share of M at the start"] == pytest.approx(-1)
    assert found["mask", "Dice at the start"] == pytest.approx(1)
    assert np.isnan(found["mask", "learning rate"])  # there is only one


def test_the_page_and_the_figure_name_both_readings_and_every_setting():
    summary = summarise(hand_made_rows())
    text = page(summary, Protocol("data", "results", 120, 10), [0, 1])
    assert sum(line.startswith("| x |") for line in text.splitlines()) == len(summary)
    assert "120 iterations" in text
    legend = draw(summary).legends[0]
    assert {"normalize=all", "normalize=mask", "x"} <= {entry.get_text() for entry in legend.get_texts()}


def test_a_setting_is_trained_and_compared_with_dice_ce(tiny, tmp_path, monkeypatch):
    configure = Protocol._config

    def smaller(protocol, setting, **parameters):
        taken = ("network_parameters", "patch_size")
        return configure(protocol, setting, **{**{name: tiny[name] for name in taken}, **parameters})

    monkeypatch.setattr(Protocol, "_config", smaller)
    protocol = Protocol(tiny["data"], tiny["results"], iterations=2, cases=2)
    rows = list(measure(Setting("tiny2d", start=2, rate=0.01, seed=0), protocol))
    assert [(row["reading"], row["case"]) for row in rows] == [(r, c) for r in ("all", "mask") for c in ("ts0", "ts1")]
    assert all(0 <= row["share_of_m"] <= 1 for row in rows)
    run = json.loads(
        (tmp_path / "results/start2-rate0.01/runs/tiny2d/closs,normalize=mask/fold0-seed0/run.json").read_text()
    )
    assert run["parameters"]["learning_rate"] == 0.01
