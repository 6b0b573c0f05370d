"""Interleaved arteries and veins in angiography volumes, drawn."""

import numpy as np

from data_prep._plan import Sample
from data_prep.drawing.draws import Draws, norm, unit
from data_prep.drawing.fields import blend, blur, smooth_field, to_bytes
from data_prep.drawing.tubes import Curve, Growth, Network, draw_contrast, draw_depth

_GROWTH = Growth(
    clearance=2.2, snap=4.0, shortest=10, breadth=8.0, bend=0.09, wobble=0.18, taper=0.25, thinnest=1.3, dropouts=1.4
)
# mean grey value of arteries and of veins
_LEVELS = (206.0, 140.0)


def make_vessels(seed: int, number: int, size: int, classes: int) -> Sample:
    """Draw one volume with arteries (class 1) and, with two classes, veins (class 2).

    Args:
        seed: of the dataset.
        number: of the case.
        size: length of each axis.
        classes: 1 or 2.

    Returns:
        The sample with Betti numbers of each class.
    """
    draws = Draws(seed, number, size, classes, 3)
    arteries = Network((size,) * 3, _GROWTH)
    veins = Network((size,) * 3, _GROWTH, obstacles=[arteries])
    arteries.obstacles = [veins]
    networks = [arteries, veins][:classes]
    _grow_vessels(draws, networks)
    label = np.zeros((size,) * 3, np.uint8)
    for index, network in enumerate(networks, start=1):
        label[network.mask] = index
    betti = {index: network.betti for index, network in enumerate(networks, start=1)}
    return Sample(_scan(draws, networks)[np.newaxis], label, spacing=(1.0, 1.0, 1.0), betti=betti)


def _grow_vessels(draws: Draws, networks: list[Network]) -> None:
    size = networks[0].shape[0]
    for network in networks:
        while not network.curves:
            _add_trunk(draws, network, draws.uniform(2.6, 3.3))
    for network in networks:
        _add_trunk(draws, network, draws.uniform(1.8, 2.3))
    wanted = size * 7.0 * draws.uniform(0.85, 1.15)
    # alternately, so that neither class takes all the room
    for attempt in range(60):
        network = networks[attempt % len(networks)]
        if network.length < wanted:
            steps = draws.integer(size // 3, size)
            network.add_branch(draws, (0.7, 0.95), steps, draws.uniform(0.5, 0.85), aim=attempt % 6 >= 4)


def _add_trunk(draws: Draws, network: Network, radius: float) -> bool:
    """Add a vessel that enters through a face of the volume."""
    size = network.shape[0]
    axis, side = draws.integer(0, 3), draws.integer(0, 2)
    start = draws.uniforms((3,), 0.25, 0.75) * size
    start[axis] = -1.0 if side == 0 else float(size)
    inwards = np.zeros(3)
    inwards[axis] = 1.0 - 2.0 * side
    heading = unit(inwards + 0.5 * draws.direction(3))
    return network.add_root(draws, start, heading, radius, draws.integer(size * 3 // 4, size * 3 // 2))


def _scan(draws: Draws, networks: list[Network]) -> np.ndarray:
    shape = networks[0].shape
    volume = 62 + smooth_field(draws, shape, 3, -14, 14) + smooth_field(draws, shape, shape[0] // 5, -9, 9)
    volume = _draw_nodules(draws, volume)
    volume = _draw_threads(draws, volume)
    for level, network in zip(_LEVELS, networks, strict=False):
        contrast = draw_contrast(network.curves, network.depth)
        share = np.clip(network.depth + 0.5, 0, 1) * contrast
        # the contrast agent is not mixed evenly
        volume = blend(volume, level * smooth_field(draws, shape, 2, 0.9, 1.1), share)
    volume = volume * smooth_field(draws, shape, 2, 0.82, 1.16)
    volume = blur(volume) * 0.7 + volume * 0.3
    return to_bytes(volume + 9.0 * draws.normals(shape))


def _draw_nodules(draws: Draws, volume: np.ndarray) -> np.ndarray:
    size = volume.shape[0]
    voxels = np.moveaxis(np.indices(volume.shape), 0, -1)
    for _ in range(max(2, size**3 // 20000)):
        centre, radius = draws.uniforms((3,)) * size, draws.uniform(1.8, 4.2)
        stretch = draws.uniforms((3,), 0.7, 1.4)
        share = np.clip(radius + 0.5 - norm((voxels - centre) * stretch), 0, 1)
        volume = blend(volume, draws.uniform(90, 150), 0.9 * share)
    return volume


def _draw_threads(draws: Draws, volume: np.ndarray) -> np.ndarray:
    """Draw thin strands of tissue: lines that are no vessels."""
    size = volume.shape[0]
    for _ in range(max(2, size**3 // 16000)):
        count = draws.integer(size // 3, size)
        points, heading, drift = [draws.uniforms((3,)) * size], draws.direction(3), np.zeros(3)
        for step in range(1, count):
            if step % 6 == 1:
                drift = 0.15 * draws.direction(3)
            heading = unit(heading + drift)
            points.append(points[-1] + heading)
        curve = Curve(np.array(points), np.full(count, draws.uniform(0.4, 0.9)), np.ones(count))
        share = np.clip(draw_depth([curve], volume.shape) + 0.5, 0, 1)
        volume = blend(volume, draws.uniform(100, 135), 0.8 * share)
    return volume
