"""Union-find over the cells of a grid in order of their values: Betti matching in the lowest and highest dimension.

Cells are stored by kind, (kinds, places), over the places of a framed grid: a cell is stored with the rank of its value
at the place of its first vertex, -1 where there is no such cell. Cells of equal rank are ordered by place, then kind. A
cell's number is 4 * place + kind.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from topology.kernels.compiled import compiled

Array = npt.NDArray[Any]


@compiled
def in_order(ranks: Array, highest: int) -> Array:
    """Sort cells by rank, then place, then kind.

    Args:
        ranks: int32 (kinds, places), -1 for a cell to be left out.
        highest: rank.

    Returns:
        Numbers of the cells, int32.
    """
    kinds, places = ranks.shape
    ends = np.zeros(highest + 2, np.int32)
    for kind in range(kinds):
        for place in range(places):
            ends[ranks[kind, place] + 1] += 1
    skipped = ends[0]
    for rank in range(highest + 1):
        ends[rank + 1] += ends[rank]
    order = np.empty(ends[highest + 1] - skipped, np.int32)
    for place in range(places):
        for kind in range(kinds):
            rank = ranks[kind, place]
            if rank >= 0:
                order[ends[rank] - skipped] = 4 * place + kind
                ends[rank] += 1
    return order


@compiled
def _root(parents: Array, place: int) -> int:
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = parents[place]
    return place


@compiled
def merge_rising(order: Array, ranks: Array, vertices: Array, steps: Array, spare: Array) -> tuple[Array, Array]:
    """Follow the components of a filtration; where two of them meet, the younger one ends.

    Args:
        order: edges, see `in_order`.
        ranks: of the edges.
        vertices: rank of each vertex, (places,).
        steps: from the first vertex to the second, by kind.
        spare: bool (kinds, places): edges that are known to close a loop; on return, all of them.

    Returns:
        For each vertex the edge that ends its component, -1 for none; and the vertices whose component ends later
        than it began, in the order in which they end.
    """
    places = vertices.shape[0]
    parents = np.arange(places).astype(np.int32)
    ends = np.full(places, -1, np.int32)
    lasting = np.empty(places, np.int32)
    number = 0
    for cell in order:
        kind, place = cell & 3, cell >> 2
        if spare[kind, place]:
            continue
        older, younger = _root(parents, place), _root(parents, place + steps[kind])
        if older == younger:
            spare[kind, place] = True
            continue
        if (vertices[younger], younger) < (vertices[older], older):
            older, younger = younger, older
        parents[younger] = older
        ends[younger] = cell
        if vertices[younger] < ranks[kind, place]:
            lasting[number] = younger
            number += 1
    return ends, lasting[:number]


@compiled
def match_rising(order: Array, ranks: Array, vertices: Array, steps: Array, marked: Array, lasting: Array) -> Array:
    """Merge the vertices in the order of the union, and match where two components meet that both hold marked vertices.

    Args:
        order: edges in the order of the union.
        ranks: of the edges in the union, 0 for the lowest value.
        vertices: rank of each vertex in the image.
        steps: from the first vertex to the second, by kind.
        marked: bool, the vertices with the lowest value in the mask.
        lasting: bool, the vertices whose component in the image ends later than it began.

    Returns:
        bool: the vertices whose component has a partner.
    """
    places = vertices.shape[0]
    parents = np.arange(places).astype(np.int32)
    holds = marked.copy()
    matched = np.zeros(places, np.bool_)
    for cell in order:
        kind, place = cell & 3, cell >> 2
        older, younger = _root(parents, place), _root(parents, place + steps[kind])
        if older == younger:
            continue
        if (vertices[younger], younger) < (vertices[older], older):
            older, younger = younger, older
        parents[younger] = older
        if holds[younger]:
            if holds[older] and ranks[kind, place] > 0 and lasting[younger]:
                matched[younger] = True
            holds[older] = True
    return matched


@compiled
def merge_falling(
    order: Array, ranks: Array, tops: Array, others: Array, steps: Array, tree: Array
) -> tuple[Array, Array, Array]:
    """Follow the holes (cavities) backwards, as components of what is not yet filled; the outside is the oldest.

    Args:
        order: facets, see `in_order`.
        ranks: of the facets.
        tops: rank of each cell of full dimension, (places,); the largest number where there is none: outside.
        others: the same for the union.
        steps: from the cell on one side of a facet to the one before it, by kind.
        tree: bool (kinds, places), False: set where a facet joins two components.

    Returns:
        For each hole that is filled later than it opens: the facet that opens it, the cell that fills it, and the cell
        that fills it in the union.
    """
    places = tops.shape[0]
    parents = np.arange(places).astype(np.int32)
    oldest = np.arange(places).astype(np.int32)
    outside = np.iinfo(np.int32).max
    for place in range(places):
        if tops[place] == outside:
            parents[place] = 0
    opens, fills, images = np.empty(places, np.int32), np.empty(places, np.int32), np.empty(places, np.int32)
    number = 0
    for position in range(order.shape[0] - 1, -1, -1):
        cell = order[position]
        kind, place = cell & 3, cell >> 2
        older, younger = _root(parents, place), _root(parents, place - steps[kind])
        if older == younger:
            continue
        tree[kind, place] = True
        if older != 0 and (younger == 0 or (tops[younger], younger) > (tops[older], older)):
            older, younger = younger, older
        parents[younger] = older
        first, second = oldest[older], oldest[younger]
        if first != 0 and (others[second], second) > (others[first], first):
            first, second = second, first
        oldest[older] = first
        if ranks[kind, place] < tops[younger]:
            opens[number], fills[number], images[number] = cell, younger, second
            number += 1
    return opens[:number], fills[:number], images[:number]


@compiled
def holes_of_mask(facets: Array, tops: Array, others: Array, steps: Array) -> tuple[Array, int]:
    """Find, in each hole (cavity) of a mask, the cell that fills it in the union.

    Args:
        facets: rank in the mask's filtration, 0 or 1 (-1 for none), (kinds, places).
        tops: the same for the cells of full dimension; the largest number outside.
        others: rank of those cells in the union.
        steps: from the cell on one side of a facet to the one before it, by kind.

    Returns:
        bool (places,): those cells; and the number of holes.
    """
    kinds, places = facets.shape
    parents = np.arange(places).astype(np.int32)
    outside = np.iinfo(np.int32).max
    for place in range(places):
        if tops[place] == outside:
            parents[place] = 0
    for place in range(places):
        for kind in range(kinds):
            if facets[kind, place] != 1:
                continue
            older, younger = _root(parents, place), _root(parents, place - steps[kind])
            if older == younger:
                continue
            if older != 0 and (younger == 0 or (others[younger], younger) > (others[older], older)):
                older, younger = younger, older
            parents[younger] = older
    chosen = np.zeros(places, np.bool_)
    number = 0
    for place in range(1, places):
        if tops[place] == 1 and parents[place] == place:
            number += 1
            chosen[place] = others[place] > 0
    return chosen, number


@compiled
def pixels_with_values(cells: Array, ranks: Array, pixels: Array, reach: Array) -> Array:
    """Find for each cell the first pixel that has its rank.

    Args:
        cells: numbers.
        ranks: of the cells, (kinds, places).
        pixels: rank of the pixels, (places,).
        reach: steps from a cell's place to its pixels, in raster order, (kinds, n).

    Returns:
        Places of the pixels, int64.
    """
    found = np.empty(cells.shape[0], np.int64)
    for number, cell in enumerate(cells):
        kind, place = cell & 3, cell >> 2
        for step in reach[kind]:
            if pixels[place + step] == ranks[kind, place]:
                found[number] = place + step
                break
    return found
