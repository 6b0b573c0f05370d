"""The faults of the published codes: their numbers against values worked out otherwise, and their figures."""

import gudhi
import numpy as np
import pytest

from tables import reference_faults
from tables.reference_faults import all_faults, figure, frame

FAULTS = {fault.title: fault for fault in all_faults()}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_published_and_right_differ_and_can_be_drawn(fault):
    assert fault.published != fault.right
    assert fault.where
    drawn = figure([fault])
    assert len(drawn.axes) == 2
    assert all(axes.images or axes.lines or axes.patches for axes in drawn.axes)


def test_table_of_all_faults():
    table = frame(all_faults())
    assert list(table["title"]) == list(FAULTS)
    assert len(table) == 6


def test_gudhi_sees_the_bar_in_four_pieces():
    """What the published code does, done: the list of pixels row by row, with the shape of the image."""
    image = np.ones((7, 19))
    image[1:6, 9] = np.linspace(0.1, 0.2, 5)
    counts = []
    for cells in (image.ravel(), image.ravel(order="F")):
        complex_ = gudhi.CubicalComplex(dimensions=image.shape, top_dimensional_cells=cells)
        pairs = [pair for dim, pair in complex_.persistence(min_persistence=0) if dim == 0 and np.isfinite(pair[1])]
        counts.append(len(pairs))
    fault = FAULTS["Persistence on mixed-up axes"]
    assert [fault.published, fault.right] == counts == [4, 0]


def test_removed_components_as_scikit_image_removes_them():
    from skimage.morphology import remove_small_holes, remove_small_objects

    rng = np.random.default_rng(0)
    for _ in range(5):
        mask = rng.random((60, 80)) < 0.55
        # sizes at the limit are read differently by different versions
        expected = remove_small_holes(
            remove_small_objects(mask, max_size=99, connectivity=2), max_size=9, connectivity=1
        )
        assert np.array_equal(reference_faults._without_small(mask), expected)


def test_sentence_holds_both_numbers():
    assert FAULTS["A clDice baseline that is always 0"].sentence.endswith(
        "0 in the published code, 0.220126 would be right"
    )
