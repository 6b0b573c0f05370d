"""Tubular networks that grow curve by curve, so that their Betti numbers are known from the graph.

The graph is the truth: components C, loops E - V + C. Each curve keeps a distance from everything except what it starts
from and what it joins, and is accepted only if the drawn mask changes exactly as the graph does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from data_prep.drawing.draws import Draws, norm, unit
from topology import betti_numbers

# a little more than the distance between two voxels that touch at a corner
_DIAGONAL = 1.75


@dataclass(frozen=True)
class Growth:
    """How the curves of a network grow; lengths in pixels.

    Attributes:
        clearance: background between two tubes that do not meet.
        snap: a tip that comes this close to its own network may join it.
        shortest: shortest curve.
        breadth: smallest distance between the two ends of a curve that closes a loop.
        bend: largest change of direction in a step.
        wobble: relative change of the radius along a curve.
        taper: share of the radius lost along a curve.
        thinnest: smallest radius.
        dropouts: drop-outs of the contrast for each 100 pixels of a curve.
    """

    clearance: float = 3.0
    snap: float = 6.0
    shortest: int = 14
    breadth: float = 12.0
    bend: float = 0.06
    wobble: float = 0.2
    taper: float = 0.0
    thinnest: float = 1.2
    dropouts: float = 1.6


@dataclass
class Curve:
    """The centre line of a tube, one point for each step.

    Attributes:
        points: (n, dims).
        radii: (n,).
        contrasts: (n,), 1 where it is fully visible, 0 where it is invisible.
        joins: whether its end lies on the network it started from.
    """

    points: np.ndarray
    radii: np.ndarray
    contrasts: np.ndarray
    joins: bool = False


@dataclass
class Graph:
    """The counts of a growing graph."""

    vertices: int = 0
    edges: int = 0
    components: int = 0

    @property
    def loops(self) -> int:
        """Return the number of independent cycles."""
        return self.edges - self.vertices + self.components

    def add_component(self) -> None:
        """Add a separate curve."""
        self.vertices += 2
        self.edges += 1
        self.components += 1

    def add_branch(self, joins: bool) -> None:
        """Add a curve that starts on an edge, which it splits, and ends free or on another edge, split too."""
        self.vertices += 2
        self.edges += 3 if joins else 2


@dataclass
class Network:
    """One class: its curves, graph and drawing.

    Attributes:
        shape: of the image.
        growth: how curves grow.
        obstacles: networks of other classes to keep away from.
    """

    shape: tuple[int, ...]
    growth: Growth
    obstacles: Sequence["Network"] = ()
    curves: list[Curve] = field(default_factory=list)
    graph: Graph = field(default_factory=Graph)
    owners: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.depth = np.full(self.shape, -np.inf)

    @property
    def betti(self) -> tuple[int, ...]:
        """Return the Betti numbers by construction; no tube encloses a cavity."""
        numbers = (self.graph.components, self.graph.loops)
        return numbers if len(self.shape) == 2 else (*numbers, 0)

    @property
    def mask(self) -> np.ndarray:
        """Return the drawn tubes."""
        return self.depth >= 0

    @property
    def length(self) -> int:
        """Return the number of steps of all curves."""
        return sum(len(curve.points) for curve in self.curves)

    def add_root(self, draws: Draws, start: np.ndarray, heading: np.ndarray, radius: float, steps: int) -> bool:
        """Start a separate component, if there is room for it.

        Args:
            draws: random numbers.
            start: first point.
            heading: first direction, a unit vector.
            radius: mean radius.
            steps: length.

        Returns:
            Whether the curve was accepted.
        """
        curve = self._grow(draws, start, heading, radius, steps, owner=None)
        return curve is not None and self._take(curve, owner=None)

    def add_branch(self, draws: Draws, radius_share: tuple[float, float], steps: int, spread: float, aim: bool) -> bool:
        """Branch off an existing curve, if there is room for it.

        Args:
            draws: random numbers.
            radius_share: range of the branch's radius relative to that of its parent.
            steps: largest length.
            spread: 1: at a right angle; 0: along the parent.
            aim: grow towards another point of the same component, to close a loop.

        Returns:
            Whether the branch was accepted.
        """
        curve, owner = self._draw_parent(draws)
        if len(curve.points) < 2 * 5:
            return False
        place = draws.integer(4, len(curve.points) - 4)
        tangent = unit(curve.points[place + 1] - curve.points[place - 1])
        heading = unit(spread * _across(draws, tangent) + (1 - spread) * tangent)
        radius = max(self.growth.thinnest, curve.radii[place] * draws.uniform(*radius_share))
        start = curve.points[place]
        target = self._draw_target(draws, owner, start) if aim else None
        branch = self._grow(draws, start, heading, radius, steps, owner, target)
        return branch is not None and self._take(branch, owner)

    def _draw_parent(self, draws: Draws) -> tuple[Curve, int]:
        # by length, so that branches spread evenly and do not crowd on the short ones
        place = draws.integer(0, self.length)
        ends = np.cumsum([len(curve.points) for curve in self.curves])
        index = int(np.searchsorted(ends, place, side="right"))
        return self.curves[index], self.owners[index]

    def _draw_target(self, draws: Draws, owner: int, start: np.ndarray) -> np.ndarray | None:
        points = np.concatenate([c.points for c, o in zip(self.curves, self.owners, strict=True) if o == owner])
        far = points[norm(points - start) > 1.5 * self.growth.shortest]
        return far[draws.integer(0, len(far))] if len(far) else None

    def _grow(
        self,
        draws: Draws,
        start: np.ndarray,
        heading: np.ndarray,
        radius: float,
        steps: int,
        owner: int | None,
        target: np.ndarray | None = None,
    ) -> Curve | None:
        radii = self._draw_radii(draws, radius, steps)
        others = _Surroundings(self, owner, start, radius)
        points, joins, drift = [start], False, np.zeros(len(start))
        for step in range(1, steps):
            if step % 8 == 1:
                drift = self.growth.bend * draws.direction(len(start))
            if target is not None:
                drift = 0.12 * unit(target - points[-1])
            heading = unit(heading + drift)
            point = points[-1] + heading
            gap, nearest, is_own = others.nearest(point, radii[step])
            is_far = norm(nearest - start) >= self.growth.breadth
            if is_own and is_far and gap < self.growth.snap and step >= self.growth.shortest:
                points += _straight(points[-1], nearest)
                joins = True
                break
            if gap < self.growth.clearance + 1e-9:
                # back off, so that a dead end does not look like a broken crossing
                points = points[: max(1, len(points) - 2)]
                break
            points.append(point)
            if self._is_outside(point, radii[step]):
                break
        if len(points) < self.growth.shortest:
            return None
        count = len(points)
        radii = np.concatenate([radii, np.full(max(0, count - steps), radii[-1])])[:count]
        return Curve(np.array(points), radii, self._draw_contrasts(draws, count), joins)

    def _is_outside(self, point: np.ndarray, radius: float) -> bool:
        return any(x < -radius - 1 or x > size + radius for x, size in zip(point, self.shape, strict=True))

    def _draw_radii(self, draws: Draws, radius: float, steps: int) -> np.ndarray:
        knots = draws.uniforms((steps // 8 + 2,), 1 - self.growth.wobble, 1 + self.growth.wobble)
        profile = interpolate(knots, np.arange(steps) / 8.0)
        tapered = profile * (1 - self.growth.taper * np.arange(steps) / max(1, steps))
        return np.maximum(self.growth.thinnest, radius * tapered)

    def _draw_contrasts(self, draws: Draws, count: int) -> np.ndarray:
        contrasts = np.ones(count)
        places = np.arange(count)
        for _ in range(1 + count // 25):
            if draws.happens(self.growth.dropouts / 4):
                centre, half = draws.integer(0, count), draws.uniform(4.0, 9.0)
                depth = draws.uniform(0.5, 0.95)
                bump = np.maximum(0.0, 1 - ((places - centre) / half) * ((places - centre) / half))
                contrasts = np.minimum(contrasts, 1 - depth * bump)
        return contrasts

    def _take(self, curve: Curve, owner: int | None) -> bool:
        drawn = draw_depth([curve], self.shape)
        if any(((drawn >= 0) & (other.depth >= -_DIAGONAL)).any() for other in self.obstacles):
            return False
        depth = np.maximum(self.depth, drawn)
        graph = Graph(self.graph.vertices, self.graph.edges, self.graph.components)
        if owner is None:
            graph.add_component()
        else:
            graph.add_branch(curve.joins)
        known = (graph.components, graph.loops, 0)[: len(self.shape)]
        if betti_numbers(depth >= 0) != known:
            return False
        self.depth, self.graph = depth, graph
        self.curves.append(curve)
        self.owners.append(graph.components - 1 if owner is None else owner)
        return True


class _Surroundings:
    """The points that a growing curve must keep away from, and those it may join."""

    def __init__(self, network: Network, owner: int | None, start: np.ndarray, radius: float) -> None:
        points, radii, own = [np.zeros((0, len(start)))], [np.zeros(0)], [np.zeros(0, bool)]
        for curve, curve_owner in zip(network.curves, network.owners, strict=True):
            # near its start, a branch cannot keep away from its parent
            reach = radius + curve.radii + network.growth.clearance + 2.0
            is_far = norm(curve.points - start) > reach if curve_owner == owner else np.ones(len(curve.points), bool)
            points.append(curve.points[is_far])
            radii.append(curve.radii[is_far])
            own.append(np.full(int(is_far.sum()), curve_owner == owner))
        for other in network.obstacles:
            for curve in other.curves:
                points.append(curve.points)
                radii.append(curve.radii)
                own.append(np.zeros(len(curve.points), bool))
        self.points = np.concatenate(points)
        self.radii = np.concatenate(radii)
        self.own = np.concatenate(own)

    def nearest(self, point: np.ndarray, radius: float) -> tuple[float, np.ndarray, bool]:
        """Return the gap to the nearest tube, its nearest point, and whether the curve may join it."""
        if not len(self.points):
            return float("inf"), point, False
        gaps = norm(self.points - point) - self.radii - radius
        index = int(gaps.argmin())
        return float(gaps[index]), self.points[index], bool(self.own[index])


def draw_depth(curves: Sequence[Curve], shape: tuple[int, ...]) -> np.ndarray:
    """Draw tubes: for each pixel the largest radius - distance over all points of all curves.

    Args:
        curves: centre lines with radii.
        shape: of the image.

    Returns:
        float64; 0 or more inside a tube, -inf far from all.
    """
    depth = np.full(shape, -np.inf)
    for pixels, values, _ in _touched(curves, shape):
        np.maximum.at(depth, pixels, values)
    return depth


def draw_contrast(curves: Sequence[Curve], depth: np.ndarray) -> np.ndarray:
    """Return for each pixel the contrast of the point in which it lies deepest; 1 far from all tubes.

    Args:
        curves: centre lines with contrasts.
        depth: the result of `draw_depth` for them.

    Returns:
        float64 in [0, 1].
    """
    contrast = np.ones(depth.shape)
    for pixels, values, contrasts in _touched(curves, depth.shape):
        is_deepest = values == depth[pixels]
        np.minimum.at(contrast, tuple(axis[is_deepest] for axis in pixels), contrasts[is_deepest])
    return contrast


def _touched(
    curves: Sequence[Curve], shape: tuple[int, ...]
) -> list[tuple[tuple[np.ndarray, ...], np.ndarray, np.ndarray]]:
    return [_touched_by(curve, shape) for curve in curves]


def _touched_by(curve: Curve, shape: tuple[int, ...]) -> tuple[tuple[np.ndarray, ...], np.ndarray, np.ndarray]:
    dims = len(shape)
    reach = int(curve.radii.max()) + 2
    offsets = np.indices((2 * reach + 1,) * dims).reshape(dims, -1).T - reach
    pixels = np.floor(curve.points + 0.5).astype(np.int64)[:, np.newaxis] + offsets
    values = curve.radii[:, np.newaxis] - norm(pixels - curve.points[:, np.newaxis])
    is_inside = ((pixels >= 0) & (pixels < np.array(shape))).all(axis=-1)
    contrasts = np.broadcast_to(curve.contrasts[:, np.newaxis], values.shape)
    return tuple(pixels[is_inside].T), values[is_inside], contrasts[is_inside]


def interpolate(knots: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Interpolate linearly between knots at 0, 1, 2, ..., in arithmetic that is exact to the bit everywhere."""
    left = np.minimum(places.astype(np.int64), len(knots) - 2)
    share = places - left
    return knots[left] * (1 - share) + knots[left + 1] * share


def _straight(start: np.ndarray, end: np.ndarray) -> list[np.ndarray]:
    count = int(norm(end - start)) + 1
    return [start + (end - start) * (k / count) for k in range(1, count + 1)]


def _across(draws: Draws, tangent: np.ndarray) -> np.ndarray:
    """Draw a unit vector at a right angle to a tangent."""
    while True:
        vector = draws.direction(len(tangent))
        along = sum(float(a) * float(b) for a, b in zip(vector, tangent, strict=True))
        across = vector - along * tangent
        if norm(across) > 0.2:
            return unit(across)
