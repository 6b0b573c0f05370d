import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tables.__main__ import main
from tables.audits import audit, metric_names, reading
from tables.audits.findings import Context
from tables.audits.rules.granularity import fits


@pytest.fixture(scope="module")
def published():
    found, problems = audit.audit()
    assert problems == []
    return found


def _has(found, *words, sure=None):
    hits = [f for f in found if all(word in f"{f.rule} {f.where} {f.what}" for word in words)]
    return [f for f in hits if sure is None or f.sure == sure]


@pytest.mark.parametrize(
    ("words", "sure"),
    [
        (("hpm 1, cremi_a", "SHPM", "mean IoU 0.8326", "no less than 0.8358"), "certain"),
        (("hpm, cremi_c", "no multiples of 1/125", "fit n = 123"), "certain"),
        (("contextloss, cld: betti", "n = 2400", "multiples of 1/800", "every number of 3 decimals"), "suspicion"),
        (("contextloss, vessap: e0_gt", "no multiples of 1/3"), "certain"),
        (("hpm, abstract", "betti0_error of shpm is 26.47 % below dice_ce", "17.14 % fits phpm"), None),
        (("hpm, abstract", "betti1_error of shpm is 58.87 % below dice_ce", "53.87 % fits phpm"), None),
        (("scnp K.13", "w = 9 and 11"), "suspicion"),
        (("scnp K.14", "w = 9 and 11"), "suspicion"),
        (("vessap, FCN, 2 ch", "alpha = 0.3", "alpha = 0.4", "2.719", "4.469", "0.00423"), "suspicion"),
        (("hpm 1, icas_d", "0.0011 is as good as the bold one"), "likely"),
        (("cldice 3", "98.42 is bold, the best is 98.46"), "certain"),
        (("cldice 1, roads, U-Net, cldice", "no number is bold"), "suspicion"),
        (("scnp", "topomortar", "20.3", "RWLoss has 19.4"), "certain"),
        (("scnp", "ihc_tma", "2.39", "RWLoss has 2.33"), "certain"),
        (("scnp", "crack500", "0.66 < 0.68"), "certain"),
        (("contextloss, A.10", "79.12 < 79.77"), "certain"),
        (("contextloss 5, hrf", "e0-Gt 2.429 is 16 times e0 0.155"), "suspicion"),
        (("cldice, section 5", "dice", "75.38 < 76.23"), "certain"),
    ],
)
def test_what_was_found_by_hand_is_found(published, words, sure):
    assert _has(published, *words, sure=sure), words


def test_what_holds_is_not_reported(published):
    # e = e0 + e1 in all 44 rows; "6.6 times" and "26.9 times" faster; cells that stand in two tables
    for rule in ("e = e0 + e1", "one cell, one value"):
        assert not [f for f in published if f.rule == rule]
    assert not _has(published, "times faster")
    assert not _has(published, "hpm, cremi_a:")
    assert not _has(published, "contextloss, roads:")
    assert len(published) < 40


def _table(values, metric="betti0_error", **columns):
    rows = [{"table": "1", "dataset": "d", "method": f"m{i}", "method_in_paper": f"M{i}", "metric": metric, "value": v}
            for i, v in enumerate(values)]  # fmt: skip
    return pd.DataFrame(rows).assign(paper="p", direction="down", **columns)


def _audit(frame, tmp_path, samples=None):
    frame.to_csv(tmp_path / "t.csv", index=False)
    if samples is not None:
        pd.DataFrame(samples).to_csv(tmp_path / "samples.csv", index=False)
    found, problems = audit.audit([tmp_path / "t.csv"])
    assert problems == []
    return found


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(20, 300), rows=st.integers(3, 12))
@example(seed=37169, n=261, rows=3)  # all six means are also multiples of 1/87
def test_no_false_alarm_on_a_clean_table(tmp_path_factory, seed, n, rows):
    """Errors that are means over n, their sum, Dice with the IoU of the same images, and bold on the best."""
    rng = np.random.default_rng(seed)
    e0, e1 = rng.integers(0, 30 * n, (2, rows)) / n
    dice = rng.uniform(0.3, 0.99, (rows, n))
    iou = dice / (2 - dice)
    lines = []
    for i in range(rows):
        numbers = {
            "betti0_error": f"{e0[i]:.3f}",
            "betti1_error": f"{e1[i]:.3f}",
            "betti_error": f"{e0[i] + e1[i]:.3f}",
        }
        numbers |= {"dice": f"{dice[i].mean():.4f}", "miou": f"{iou[i].mean():.4f}"}
        for metric, value in numbers.items():
            way = "up" if metric in ("dice", "miou") else "down"
            lines.append(
                {"table": "1", "dataset": "d", "method": f"m{i}", "metric": metric, "value": value, "direction": way}
            )
    frame = pd.DataFrame(lines).assign(paper="p", unit="", network="")
    values = frame["value"].astype(float).where(frame["direction"] == "up", -frame["value"].astype(float))
    frame["best"] = (values == values.groupby(frame["metric"]).transform("max")).astype(int)
    samples = [
        {"paper": "p", "dataset": "d", "metric": m, "n": n, "unit": "images"} for m in ("betti0_error", "betti1_error")
    ]
    found = _audit(frame, tmp_path_factory.mktemp("clean"), samples)
    assert found == []


@settings(max_examples=60, deadline=None)
@given(total=st.integers(0, 10**5), n=st.integers(1, 2000), digits=st.integers(1, 4))
def test_a_mean_over_n_always_fits_n(total, n, digits):
    assert fits([f"{total / n:.{digits}f}"], n).all()


def test_sum_that_does_not_add_up(tmp_path):
    lines = [("betti_error", "1.500"), ("betti0_error", "1.000"), ("betti1_error", "0.400")]
    frame = pd.concat([_table([value], metric) for metric, value in lines])
    (finding,) = _audit(frame, tmp_path)
    assert (finding.rule, finding.sure) == ("e = e0 + e1", "certain")
    assert "1.500 is not 1.000 + 0.400" in finding.what


def test_one_cell_with_two_values(tmp_path):
    frame = pd.concat([_table(["0.5"]), _table(["0.6"]).assign(table="2")])
    (finding,) = _audit(frame, tmp_path)
    assert finding.what == "0.5 in 1, 0.6 in 2"


def test_anyone_s_csv_needs_five_columns_only(tmp_path):
    rows = [("1", "d", "a", "dice", "0.9"), ("1", "d", "a", "miou", "0.5"), ("1", "d", "b", "dice", "")]
    pd.DataFrame(rows, columns=["table", "dataset", "method", "metric", "value"]).to_csv(
        tmp_path / "own.csv", index=False
    )
    found, problems = audit.audit([tmp_path / "own.csv"])
    assert problems == []
    assert [finding.rule for finding in found] == ["mean IoU against mean Dice"]
    assert found[0].where.startswith("own 1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read as CSV"),
        ("table,dataset\n1,d\n", "lacks the columns method, metric, value; it has table, dataset"),
        ("table,dataset,method,metric,value\n1,d,m,dice,0.9\n1,d,m,miou,high\n", "line 3: 'high' is no number"),
    ],
)
def test_broken_csv_is_named_and_the_rest_audited(tmp_path, text, message, capsys):
    (tmp_path / "broken.csv").write_text(text)
    pd.concat([_table(["0.9"], "dice"), _table(["0.5"], "miou")]).to_csv(tmp_path / "good.csv", index=False)
    paths = [str(tmp_path / "broken.csv"), str(tmp_path / "good.csv")]
    assert main(["audit", *paths, "-o", str(tmp_path / "out")]) == 1
    captured = capsys.readouterr()
    assert str(tmp_path / "broken.csv") in captured.err
    assert message in captured.err
    assert "mean IoU 0.5" in captured.out
    written = json.loads((tmp_path / "out" / "audit.json").read_text())
    assert (len(written["findings"]), len(written["problems"])) == (1, 1)
    assert (tmp_path / "out" / "audit.md").read_text() == captured.out


def _own(tmp_path, *rows):
    path = tmp_path / "own.csv"
    pd.DataFrame(rows, columns=["table", "dataset", "method", "metric", "value"]).to_csv(path, index=False)
    return audit.audit([path])


@pytest.mark.parametrize(
    ("metric", "value", "others", "what"),
    [
        ("dice", "1.20", ["0.80", "0.85"], "1.20 is impossible: Dice lies in 0..1"),
        ("Dice", "120.0", ["80.1", "85.0"], "120.0 is impossible: Dice lies in 0..100"),
        ("cldice", "-0.1", ["0.8", "0.7"], "-0.1 is impossible: clDice lies in 0..1"),
        ("betti0_error", "-3", ["2.5", "0"], "-3 is impossible: β0 error is never negative"),
        ("HD95", "-1", ["2", "3"], "-1 is impossible: HD95 is never negative"),
    ],
)
def test_values_out_of_the_metrics_range(tmp_path, metric, value, others, what):
    rows = [("1", "d", f"m{number}", metric, text) for number, text in enumerate([value, *others])]
    found, problems = _own(tmp_path, *rows)
    assert problems == []
    assert [(finding.sure, finding.what) for finding in found] == [("certain", what)]


@pytest.mark.parametrize("name", ["iou", "IoU", "miou", "Jaccard"])
def test_mean_iou_above_mean_dice_under_every_name(tmp_path, name):
    found, _ = _own(tmp_path, ("1", "d", "a", "dice", "0.90"), ("1", "d", "a", name, "0.95"))
    assert [finding.what for finding in found] == [
        "mean IoU 0.95 with mean Dice 0.90, which allows no more than 0.9050"
    ]
    found, _ = _own(tmp_path, ("1", "d", "a", "dice", "0.90"), ("1", "d", "a", name, "0.905"))
    assert found == []  # both are rounded


def test_unknown_metrics_are_named_and_known_ones_are_not(tmp_path):
    _, problems = _own(tmp_path, ("1", "d", "a", "cldic", "0.9"), ("1", "d", "a", "clDice", "0.9"))
    assert len(problems) == 1
    assert "unknown metric 'cldic'; did you mean 'cldice'?" in problems[0]


def test_one_unreadable_cell_leaves_the_rest_of_its_file(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(
        "# mine\ntable,dataset,method,metric,value\n1,d,a,dice,high\n\n1,d,b,dice,1.3\n1,d,c,dice,0.5\n1,d,e,dice,inf\n"
    )
    found, problems = audit.audit([path])
    assert problems == [f"{path}, line 3: 'high' is no number", f"{path}, line 7: 'inf' is no number"]
    assert [finding.what for finding in found] == ["1.3 is impossible: Dice lies in 0..1"]


def test_without_anything_beside_the_tables():
    assert audit.check(reading.read(metric_names.PUBLISHED / "hpm.csv")[0], Context()) != []


def test_bold_that_means_significant_is_compared_with_the_baseline(tmp_path):
    """TopoMortar prints every loss in bold that beats CE+Dice, not the best one."""
    frame = _table(["3.31", "1.17", "1.73", "5.72"], best=[0, 1, 1, 0]).assign(paper="topomortar")
    frame.loc[0, "method"] = "dice_ce"
    assert _audit(frame, tmp_path) == []
    (found,) = _audit(frame.assign(best=[0, 1, 0, 1]), tmp_path)
    assert (found.rule, found.sure) == ("bold beats the baseline", "certain")
    assert found.what == "5.72 is bold, the baseline has 3.31"
    assert _has(_audit(frame.assign(paper="p"), tmp_path), "1.73 is bold, the best is 1.17")
