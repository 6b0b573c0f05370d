"""CPU time of the rotation of one patch and its label: this project's, SciPy's, MONAI's, nnU-Net's and OpenCV's.

    python -m benchmarks.rotations [--repeats 7]

By 20 degrees about the middle, in one plane; the image linearly, the label to the nearest pixel; float32, one thread,
measured alternately. Libraries that are not installed are left out. OpenCV rotates images of up to 4 channels only: a
volume plane by plane, and only in the plane of its last two axes, as here. nnU-Net's `SpatialTransform` and MONAI's
build a grid of coordinates for all axes, so that they can scale in the same pass.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch

from benchmarks._common import tubes

PATCHES = {"2D 3x1280x1024": (3, (1280, 1024)), "3D 1x160x128x112": (1, (160, 128, 112))}
DEGREES = 20.0
Rotation = Callable[[np.ndarray, np.ndarray], object]


def _ours(image: np.ndarray, label: np.ndarray) -> object:
    from training.augment import _rotate_by_kernel

    return _rotate_by_kernel(image, label, (label.ndim - 2, label.ndim - 1), DEGREES)


def _scipy(image: np.ndarray, label: np.ndarray) -> object:
    from training.augment import _rotate_by_scipy

    return _rotate_by_scipy(image, label, (label.ndim - 2, label.ndim - 1), DEGREES)


def _monai(image: np.ndarray, label: np.ndarray) -> object:
    from monai.transforms import Rotate

    angle = np.deg2rad(DEGREES) if label.ndim == 2 else (np.deg2rad(DEGREES), 0.0, 0.0)
    rotate = Rotate(angle, padding_mode="reflection")
    linear = rotate(torch.from_numpy(image), mode="bilinear")
    return linear, rotate(torch.from_numpy(label[None]), mode="nearest")


def _nnunet(image: np.ndarray, label: np.ndarray) -> object:
    from batchgeneratorsv2.transforms.spatial.spatial import SpatialTransform

    angle = float(np.deg2rad(DEGREES))
    move = SpatialTransform(
        label.shape, 0, False, p_rotation=1, rotation=(angle, angle), padding_mode_image="reflection"
    )
    return move(image=torch.from_numpy(image), segmentation=torch.from_numpy(label[None].astype(np.int16)))


def _opencv(image: np.ndarray, label: np.ndarray) -> object:
    import cv2

    cv2.setNumThreads(1)
    height, width = label.shape[-2:]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), DEGREES, 1)

    def rotate(planes: np.ndarray, how: int) -> np.ndarray:
        done = [
            cv2.warpAffine(plane, matrix, (width, height), flags=how, borderMode=cv2.BORDER_REFLECT_101)
            for plane in planes
        ]
        return np.stack(done)

    linear = rotate(image.reshape(-1, height, width), cv2.INTER_LINEAR)
    return linear, rotate(label.reshape(-1, height, width), cv2.INTER_NEAREST)


ROTATIONS: dict[str, Rotation] = {
    "ours": _ours,
    "SciPy": _scipy,
    "MONAI": _monai,
    "batchgeneratorsv2": _nnunet,
    "OpenCV": _opencv,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a Markdown table.

    Args:
        arguments: the command line, by default the process's own.

    Returns:
        Exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rotations", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    print("| patch | rotation | ms | times ours |\n|---|---|---|---|")
    for name, (channels, shape) in PATCHES.items():
        label = tubes(shape).astype(np.uint8)
        noise = np.random.default_rng(0).standard_normal((channels, *shape))
        image = (noise + label).astype(np.float32)
        seconds: dict[str, list[float]] = {}
        for _ in range(given.repeats + 1):  # the first time compiles
            for library, rotate in ROTATIONS.items():
                try:
                    start = time.thread_time()
                    rotate(image, label)
                    seconds.setdefault(library, []).append(time.thread_time() - start)
                except ImportError:
                    continue
        for library, times in seconds.items():
            ratio = statistics.median(own / ours for own, ours in zip(times[1:], seconds["ours"][1:], strict=True))
            print(f"| {name} | {library} | {statistics.median(times[1:]) * 1000:.0f} | {ratio:.1f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
