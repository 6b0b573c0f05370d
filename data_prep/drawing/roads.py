"""Road networks in aerial images, drawn."""

import numpy as np

from data_prep._plan import Sample
from data_prep.drawing.draws import Draws, norm, unit
from data_prep.drawing.fields import blend, blur, smooth_field, to_bytes
from data_prep.drawing.tubes import Curve, Growth, Network, draw_contrast, draw_depth

# pixels for one field of the landscape
_PARCEL_AREA = 900
_ROADS = Growth(clearance=3.5, snap=5.0, shortest=14, bend=0.05, wobble=0.22, thinnest=1.25, dropouts=1.6)
_RIVERS = Growth(clearance=4.0, snap=0.0, shortest=20, bend=0.08, wobble=0.35, thinnest=1.5, dropouts=0.8)


def make_roads(seed: int, number: int, size: int, classes: int) -> Sample:
    """Draw one image with roads (class 1) and, with two classes, rivers (class 2).

    Args:
        seed: of the dataset.
        number: of the case.
        size: height and width.
        classes: 1 or 2.

    Returns:
        The sample with Betti numbers of each class.
    """
    draws = Draws(seed, number, size, classes, 2)
    networks = [Network((size, size), _ROADS)]
    if classes == 2:
        rivers = Network((size, size), _RIVERS)
        _cross_image(draws, rivers, draws.uniform(2.0, 3.0))
        networks = [Network((size, size), _ROADS, obstacles=[rivers]), rivers]
    _grow_roads(draws, networks[0])
    label = np.zeros((size, size), np.uint8)
    for index, network in enumerate(networks, start=1):
        label[network.mask] = index
    image = _take_picture(draws, networks)
    betti = {index: network.betti for index, network in enumerate(networks, start=1)}
    return Sample(image[np.newaxis], label, betti=betti)


def _grow_roads(draws: Draws, network: Network) -> None:
    size = network.shape[0]
    for radius in (2.9, 2.2):
        _cross_image(draws, network, draws.uniform(0.9, 1.1) * radius)
    for _ in range(2):
        # a hamlet's own lanes, not connected to the rest
        start = draws.uniforms((2,), 0.15, 0.85) * size
        network.add_root(draws, start, draws.direction(2), draws.uniform(1.5, 2.0), draws.integer(size // 5, size // 2))
    wanted = size * size * 0.048 * draws.uniform(0.8, 1.2)
    for attempt in range(90):
        if not network.curves or network.length > wanted:
            break
        network.add_branch(draws, (0.6, 0.95), draws.integer(size // 6, size), 1.0, aim=attempt % 3 == 0)


def _cross_image(draws: Draws, network: Network, radius: float) -> None:
    size = network.shape[0]
    for _ in range(8):
        heading = draws.direction(2)
        middle = (0.5 + draws.uniforms((2,), -0.25, 0.25)) * size
        # back from the middle until outside
        start = middle - heading * size
        steps = 0
        while ((start < -radius) | (start > size + radius)).any() and steps < size:
            start, steps = start + heading, steps + 1
        if network.add_root(draws, start - heading, heading, radius, 2 * size):
            return


def _take_picture(draws: Draws, networks: list[Network]) -> np.ndarray:
    shape = networks[0].shape
    image = _draw_land(draws, shape)
    image = _draw_tracks(draws, image)
    image = _draw_houses(draws, image, networks)
    for level, network in zip((draws.uniform(150, 172), draws.uniform(48, 60)), networks, strict=False):
        contrast = draw_contrast(network.curves, network.depth)
        share = np.clip(network.depth + 0.5, 0, 1) * contrast
        image = blend(image, level + 10 * draws.normals(shape) / 4, share)
    image = _draw_trees(draws, image, networks[0])
    image = image * smooth_field(draws, shape, 2, 0.72, 1.22)
    image = blur(image) * 0.6 + image * 0.4
    return to_bytes(image + 9.0 * draws.normals(shape))


def _draw_land(draws: Draws, shape: tuple[int, ...]) -> np.ndarray:
    count = max(4, shape[0] * shape[1] // _PARCEL_AREA)
    centres = draws.uniforms((count, 2)) * np.array(shape)
    levels = draws.uniforms((count,), 68, 118)
    pixels = np.moveaxis(np.indices(shape), 0, -1)
    # crooked borders: the plane is distorted before each pixel takes the nearest centre
    bent = pixels + np.stack([smooth_field(draws, shape, 6, -6, 6) for _ in range(2)], axis=-1)
    # city-block distance gives fields with straight sides
    distance = np.abs(bent[..., np.newaxis, :] - centres)
    nearest = (distance[..., 0] + distance[..., 1]).argmin(axis=-1)
    land = levels[nearest] + smooth_field(draws, shape, shape[0] // 6, -12, 12)
    return blur(land)


def _draw_tracks(draws: Draws, image: np.ndarray) -> np.ndarray:
    """Draw footpaths and ditches: lines that are no roads."""
    size = image.shape[0]
    for _ in range(max(2, size * size // 4000)):
        count = draws.integer(size // 5, size * 2 // 3)
        point, heading = draws.uniforms((2,)) * size, draws.direction(2)
        points = [point]
        for step in range(1, count):
            if step % 6 == 1:
                drift = 0.12 * draws.direction(2)
            heading = unit(heading + drift)
            points.append(points[-1] + heading)
        curve = Curve(np.array(points), np.full(count, draws.uniform(0.3, 0.7)), np.ones(count))
        share = np.clip(draw_depth([curve], image.shape) + 0.5, 0, 1)
        image = blend(image, draws.uniform(128, 158) if draws.happens(0.65) else 48.0, 0.8 * share)
    return image


def _draw_houses(draws: Draws, image: np.ndarray, networks: list[Network]) -> np.ndarray:
    size = image.shape[0]
    image = image.copy()
    near_anything = np.max([network.depth for network in networks], axis=0) > -1.5
    curves = networks[0].curves
    for _ in range(size * size // 420):
        curve = curves[draws.integer(0, len(curves))]
        place = curve.points[draws.integer(0, len(curve.points))] + draws.uniforms((2,), -11, 11)
        top, left = int(place[0] + size) - size, int(place[1] + size) - size
        height, width = draws.integer(3, 7), draws.integer(3, 7)
        level = draws.uniform(120, 200)
        if top < 0 or left < 0 or near_anything[top : top + height, left : left + width].any():
            continue
        image[top : top + height, left : left + width] = level
        # the shadow beside it
        image[top : top + height, left + width : left + width + 1] = 45
    return image


def _draw_trees(draws: Draws, image: np.ndarray, network: Network) -> np.ndarray:
    size = image.shape[0]
    pixels = np.moveaxis(np.indices(image.shape), 0, -1)
    for number in range(size * size // 500):
        place = draws.uniforms((2,)) * size
        if number % 3 == 0:
            # at the roadside, hanging over
            curve = network.curves[draws.integer(0, len(network.curves))]
            place = curve.points[draws.integer(0, len(curve.points))] + draws.uniforms((2,), -4, 4)
        radius, level = draws.uniform(1.5, 3.6), draws.uniform(48, 78)
        share = np.clip(radius + 0.5 - norm(pixels - place), 0, 1)
        image = blend(image, level, 0.85 * share)
    return image
