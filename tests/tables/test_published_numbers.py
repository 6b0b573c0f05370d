"""The papers' numbers as the suite holds them: complete, consistent, and equal to the transcription."""

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest

PUBLISHED = Path(__file__).resolve().parents[2] / "tables" / "published"
CELLS = {
    "contextloss": {"2": 42, "3": 56, "4": 84, "5": 56, "6": 70, "7": 6},
    "cldice": {"1": 376, "2": 6, "3": 48},
    "hpm": {"1": 180, "2": 10},
    "scnp": {
        "1": 15, "2": 54, "B.1": 16, "B.2": 16, "E.3": 12, "F": 4, "H.8": 39, "I.9": 81, "I.10": 81, "I.11": 56,
        "I.12": 63, "K.13": 15, "K.14": 15,
    },
    "topomortar": {
        "1": 32, "2": 32, "3": 64, "4": 64, "5": 64, "6": 128, "7": 128, "8": 128, "9": 128, "README": 18,
    },
}  # fmt: skip


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("paper", CELLS)
def test_every_cell_is_there(paper):
    assert Counter(row["table"] for row in _rows(PUBLISHED / f"{paper}.csv")) == CELLS[paper]


def test_all_dashes_and_the_total():
    rows = {paper: _rows(PUBLISHED / f"{paper}.csv") for paper in CELLS}
    assert sum(map(len, rows.values())) == 1401 + 786
    dashes = Counter((p, row["table"]) for p, found in rows.items() for row in found if not row["value"])
    assert dashes == {("cldice", "1"): 35, ("scnp", "I.10"): 12}


@pytest.mark.parametrize("paper", CELLS)
def test_values_are_numbers_with_known_words_beside_them(paper):
    for row in _rows(PUBLISHED / f"{paper}.csv"):
        assert row["paper"] == paper
        assert row["direction"] in ("up", "down", ""), row
        assert row["best"] in ("0", "1")
        for column in ("value", "std"):
            assert row[column] == "" or float(row[column]) >= 0


def test_errors_of_both_dimensions_add_up():
    """ContextLoss: e = e0 + e1 within the rounding of three decimals, in all 44 rows."""
    sums = defaultdict(dict)
    for row in _rows(PUBLISHED / "contextloss.csv"):
        if row["metric"] in ("betti_error", "betti0_error", "betti1_error"):
            key = tuple(row[c] for c in ("table", "dataset", "method", "parameter_value", "setting", "method_in_paper"))
            sums[key][row["metric"]] = float(row["value"])
    assert len(sums) == 44
    for key, found in sums.items():
        assert found["betti_error"] == pytest.approx(found["betti0_error"] + found["betti1_error"], abs=0.00101), key


@pytest.mark.parametrize("paper", CELLS)
def test_equal_to_the_transcription(paper):
    table = Path(__file__).resolve().parents[3] / "shared" / "papers" / "tables" / f"{paper}.csv"
    if not table.is_file():
        pytest.skip("sample folder 'papers' is not beside this checkout")
    ours, theirs = _rows(PUBLISHED / f"{paper}.csv"), _rows(table)
    assert len(ours) == len(theirs)
    for first, second in zip(ours, theirs, strict=True):
        # settings are in this project's words
        assert {k: v for k, v in first.items() if k != "setting"} == {k: v for k, v in second.items() if k != "setting"}


def test_datasets_of_the_papers():
    rows = _rows(PUBLISHED / "datasets.csv")
    assert len(rows) == 28
    assert Counter(row["paper"] for row in rows) == {"contextloss": 4, "cldice": 5, "scnp": 13, "hpm": 6}
