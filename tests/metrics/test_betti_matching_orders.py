"""The components' part of the Betti matching error against the induced matching of an order of the pixels.

Stucki et al. match the bars of each mask to those of the union through the barcode of the map between them. Written out
here for dimension 0, with ties broken by the order of the pixels as in the published code.
"""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import slow

import metrics

sparse = hnp.arrays(bool, (5, 6), fill=st.just(False))


def births(mask: np.ndarray) -> dict[tuple[int, int], int]:
    """Give the place of each pixel in the superlevel filtration: foreground first, then in order of rows."""
    return {place: n for n, place in enumerate([*map(tuple, np.argwhere(mask)), *map(tuple, np.argwhere(~mask))])}


def deaths(union: np.ndarray, mask: np.ndarray) -> set[tuple]:
    """Give the edges of the union's filtration at which a component of the mask dies in the union."""
    order, born = births(union), births(mask)
    cluster: dict[tuple, list] = {}
    found = set()
    for place in order:
        cluster[place] = [place]
        for step in itertools.product((-1, 0, 1), repeat=2):
            other = (place[0] + step[0], place[1] + step[1])
            if other not in cluster or cluster[other] is cluster[place]:
                continue
            younger = max(min(born[p] for p in part) for part in (cluster[place], cluster[other]))
            if not union[place] and younger < mask.sum():
                found.add((place, other))
            merged = cluster[place] + cluster[other]
            cluster.update(dict.fromkeys(merged, merged))
    return found


@settings(max_examples=100, deadline=None)
@given(sparse, sparse)
def test_an_order_of_the_pixels_pairs_no_fewer_components(b, y):
    """Equality where every component of the union holds both masks: then none that lie apart can be partners."""
    union = b | y
    induced = len(deaths(union, union) & deaths(union, b) & deaths(union, y)) + int(b.any() and y.any())
    parts = slow.components(union, 8)
    shared = sum(any(b[p] for p in part) and any(y[p] for p in part) for part in parts)
    assert induced >= shared
    if shared == len(parts):
        assert induced == shared
    if not any(slow.holes(mask, 8) for mask in (b, y)):
        features = len(slow.components(b, 8)) + len(slow.components(y, 8))
        assert metrics.evaluate(b, y, ["betti_matching_error"])["betti_matching_error"] == features - 2 * shared


def test_components_that_lie_apart_are_no_partners():
    """One speck each in opposite corners: the published code has them matched, error 0."""
    b, y = np.zeros((5, 6), bool), np.zeros((5, 6), bool)
    b[0, 0] = y[4, 5] = True
    assert metrics.evaluate(b, y, ["betti_matching_error"])["betti_matching_error"] == 2
