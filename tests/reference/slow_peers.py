"""Slow and obvious versions of what the peers' losses are made of: pixel by pixel, in sets and dictionaries."""

from itertools import product

import numpy as np
from reference.slow import components


def distances(mask: np.ndarray) -> np.ndarray:
    """Euclidean distance to the nearest pixel of the background, each by each; around the image if there is none."""
    background = np.argwhere(~mask)
    if len(background) == 0:
        background = np.argwhere(~np.pad(mask, 1)) - 1
    result = np.zeros(mask.shape)
    for here in np.argwhere(mask):
        result[tuple(here)] = np.sqrt(((background - here) ** 2).sum(1).min())
    return result


def around(image: np.ndarray, here: tuple[int, ...]) -> np.ndarray:
    """The 3x3(x3) window of a pixel that is not at the border."""
    return image[tuple(slice(i - 1, i + 2) for i in here)]


def is_simple(mask: np.ndarray, here: tuple[int, ...]) -> bool:
    """Digital topology's definition: one component of foreground around a pixel, and one of background beside it.

    The background's are those of 4-adjacency in the 8 neighbours, or of 6-adjacency in the 18 that share a side or an
    edge, of which only those beside the pixel count.
    """
    ndim = mask.ndim
    window = around(mask, here).copy()
    centre = (1,) * ndim
    window[centre] = False
    free = ~window
    free[centre] = False
    for place in product(range(3), repeat=ndim):
        if sum(i != 1 for i in place) > 2:
            free[place] = False
    beside = [place for place in product(range(3), repeat=ndim) if sum(i != 1 for i in place) == 1]
    met = [c for c in components(free, {2: 4, 3: 6}[ndim]) if any(place in c for place in beside)]
    return len(components(window, {2: 8, 3: 26}[ndim])) == 1 and len(met) == 1


def is_simple_as_published(mask: np.ndarray, inside: np.ndarray, here: tuple[int, ...]) -> bool:
    """One component of foreground and one of background in the patch within the image, centre included."""
    adjacency = {2: 8, 3: 26}[mask.ndim]
    window, within = around(mask, here), around(inside, here)
    return len(components(window & within, adjacency)) == 1 == len(components(~window & within, adjacency))


def warp(mask: np.ndarray, towards: np.ndarray, published: bool) -> np.ndarray:
    """Flip simple points in the order of their distance, in a frame of background."""
    warped, inside = np.pad(mask, 1), np.pad(np.ones_like(mask), 1)
    for wrong, distance in ((mask & ~towards, distances(mask)), (towards & ~mask, distances(~mask))):
        places = [tuple(int(i) for i in place) for place in np.argwhere(wrong)]
        places.sort(key=lambda place: (distance[place], [-i for i in place]))
        for place in places:
            here = tuple(i + 1 for i in place)
            if is_simple_as_published(warped, inside, here) if published else is_simple(warped, here):
                warped[here] = not warped[here]
    return warped[(slice(1, -1),) * mask.ndim]


def subfield_skeleton(mask: np.ndarray, rounds: int) -> np.ndarray:
    """Delete the simple points of a subfield all at once, except the end points that there were before the round."""
    image = np.pad(mask, 1)
    inner = [tuple(int(i) for i in place) for place in np.argwhere(image)]
    for _ in range(rounds):
        ends = {place for place in inner if around(image, place).sum() <= 2}
        for field in product((0, 1), repeat=mask.ndim):
            chosen = [p for p in inner if image[p] and tuple(i % 2 for i in reversed(p)) == field]
            for place in [p for p in chosen if p not in ends and is_simple(image, p)]:
                image[place] = False
    return image[(slice(1, -1),) * mask.ndim]


def critical_pixels(prediction: np.ndarray, truth: np.ndarray, adjacency: int) -> np.ndarray:
    """Topograph's critical regions as a mask: a graph of sets, contracted by searching it."""
    weights = {8: {"TN": -4, "FP": 1, "FN": 2, "TP": 16}, 4: {"TN": 16, "FP": 1, "FN": 2, "TP": -4}}[adjacency]
    kinds = {"TN": ~prediction & ~truth, "FP": prediction & ~truth, "FN": ~prediction & truth, "TP": prediction & truth}
    regions = [(kind, frozenset(c)) for kind, mask in kinds.items() for c in components(mask, 4)]
    at = {place: n for n, (_, region) in enumerate(regions) for place in region}
    plain, loose = _edges(prediction.shape, regions, at, weights)
    touching = {n: {b for a, b in plain if a == n} for n in range(len(regions))}
    merged = {(a, b) for a, b in plain - loose if regions[a][0] == regions[b][0] != "TN"}
    predicted = {(a, b) for a, b in plain | loose if {regions[a][0], regions[b][0]} <= {"FP", "TP"}}
    true = {(a, b) for a, b in plain | loose if {regions[a][0], regions[b][0]} <= {"FN", "TP"}}
    critical = np.zeros(prediction.shape, bool)
    for kind, clusters, others in (("FP", true, ("FN", "TP")), ("FN", predicted, ("FP", "TP"))):
        for n in [n for n, (its_kind, _) in enumerate(regions) if its_kind == kind]:
            whole = _joined(n, merged)
            touched = set().union(*(touching[m] for m in whole))
            background = {m for m in touched if regions[m][0] == "TN"}
            cluster = {_joined(m, clusters) for m in touched if regions[m][0] in others}
            if (len(background), len(cluster)) != (1, 1):
                for place in regions[n][1]:
                    critical[place] = True
    return critical


def _edges(shape, regions, at, weights):
    """Pairs of regions, both ways: those that share a side or the diagonal that weighs more, and the loose ones."""
    plain, loose = set(), set()
    for i, j in np.ndindex(shape):
        for other in ((i + 1, j), (i, j + 1)):
            if other in at and at[other] != at[i, j]:
                plain |= {(at[i, j], at[other]), (at[other], at[i, j])}
        block = [at.get(p) for p in ((i, j), (i, j + 1), (i + 1, j), (i + 1, j + 1))]
        if None in block:
            continue
        a, b, c, d = (weights[regions[n][0]] for n in block)
        difference = a - b - c + d
        pair = (block[0], block[3]) if difference > 0 else (block[1], block[2])
        if pair[0] != pair[1] and abs(difference) > 7:
            plain |= {pair, pair[::-1]}
        elif pair[0] != pair[1] and abs(difference) in (4, 7):
            loose |= {pair, pair[::-1]}
    return plain, loose


def _joined(node: int, edges: set[tuple[int, int]]) -> frozenset[int]:
    found, front = {node}, {node}
    while front:
        front = {b for a, b in edges if a in front} - found
        found |= front
    return frozenset(found)
