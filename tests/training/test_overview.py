import numpy as np
import pytest

import data_prep
from data_prep import Prepared
from training.overview import cases, doubts, median_thickness


@pytest.mark.parametrize("width", [1, 3, 5, 9])
def test_thickness_of_a_bar_is_its_width_within_a_pixel(width):
    mask = np.zeros((40, 200), bool)
    mask[10 : 10 + width] = True
    assert median_thickness(mask) == pytest.approx(width + 1, abs=1)


def test_border_is_background():
    assert median_thickness(np.ones((7, 50), bool)) == pytest.approx(8, abs=1)


def test_thickness_of_nothing_is_undefined():
    assert np.isnan(median_thickness(np.zeros((8, 8), bool)))


def test_tables_of_a_prepared_dataset(tmp_path):
    prepared = Prepared(data_prep.prepare("synthetic2d", None, tmp_path, train=3, test=1, size=64))
    names = prepared.cases("train")[:2]
    table = cases(prepared, names)
    assert list(table.index.get_level_values("case").unique()) == names
    assert {"size", "foreground share", "median thickness", "Betti 0", "Betti 1"} <= set(table.columns)
    assert len(doubts(prepared)) >= 1
