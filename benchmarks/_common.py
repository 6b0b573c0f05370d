"""What the benchmarks share: slugs, sizes, devices, data, and the reasons to skip."""

import os
import re
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
DEVICES = ["cpu", "cuda"]

# how much is measured: smoke shows that the benchmarks run, regular takes an hour or two, large a day
PROFILES = ("smoke", "regular", "large")
PROFILE = os.environ.get("BENCHMARK_SIZE", "regular")
_SMALL = {"2D 64x64": (1, 1, 64, 64), "3D 16x16x16": (1, 1, 16, 16, 16)}
_REGULAR = {"2D 512x512": (1, 1, 512, 512), "3D 64x64x64": (1, 1, 64, 64, 64)}
_LARGE = {"2D 2x1280x1024": (2, 1, 1280, 1024), "3D 2x160x128x112": (2, 1, 160, 128, 112)}  # SCNP's patches, batch of 2
SIZES = {"smoke": _SMALL, "regular": _REGULAR, "large": {**_REGULAR, **_LARGE}}.get(PROFILE, _REGULAR)
MASK_SIZES = {
    "smoke": {"2D 64x64": (64, 64), "3D 24x24x24": (24,) * 3},
    "large": {"2D 1500x1500": (1500, 1500), "3D 256x256x256": (256,) * 3},
}.get(PROFILE, {"2D 1500x1500": (1500, 1500), "3D 96x96x96": (96,) * 3})


def registered(room: str) -> list[str]:
    """Return the slugs of a room from its source.

    asv evaluates parameter lists once, on the first commit of a run; read from the source beside `benchmarks/`, they
    are the same for every commit, and an older commit shows new entries as skipped.
    """
    lines = "\n".join(path.read_text() for path in sorted((ROOT / room).glob("[!_]*.py")))
    return sorted(re.findall(r'^@register\(\s*"(\w+)"', lines, flags=re.MULTILINE))


def tubes(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Draw wavy tubes of radius 3 across an image: bool array of the spatial shape."""
    rng = np.random.default_rng(seed)
    grid = np.indices(shape, dtype=np.float32)
    mask = np.zeros(shape, bool)
    for _ in range(max(4, shape[-1] // 32)):
        squared = np.zeros(shape, np.float32)
        for axis in range(1, len(shape)):
            phase, start = rng.uniform(0, 6), rng.uniform(0.1, 0.9) * shape[axis]
            line = start + 0.1 * shape[axis] * np.sin(grid[0] * 6 / shape[0] + phase)
            squared += (grid[axis] - line) ** 2
        mask |= squared < 9
    return mask


def flawed_pair(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return a prediction of tubes with gaps and false pieces, and the tubes."""
    from scipy.ndimage import gaussian_filter

    target = tubes(shape)
    noise = gaussian_filter(np.random.default_rng(1).standard_normal(shape).astype(np.float32), 2)
    return (target & (noise < 1.2 * noise.std())) | (noise > 3 * noise.std()), target


def logits_and_target(shape: tuple[int, ...], device: str) -> tuple:
    """Return a plausible, imperfect prediction of tubes: logits with gradient, and class indices."""
    import torch

    target = tubes(shape[2:])
    rng = np.random.default_rng(1)
    logits = np.where(target, 2.0, -2.0) + rng.normal(0, 2, shape[2:])
    z = torch.tensor(logits, dtype=torch.float32, device=device).expand(shape).contiguous().requires_grad_()
    return z, torch.from_numpy(target).to(device).expand(shape[0], 1, *shape[2:]).long()


def tiny(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a small shape of the same kind, for imports and compilation before memory is measured."""
    return (1, shape[1], *[16] * (len(shape) - 2))


def require_profile() -> None:
    """Reject a misspelt BENCHMARK_SIZE, which would silently measure something else."""
    if PROFILE not in PROFILES:
        raise ValueError(f"BENCHMARK_SIZE must be one of {', '.join(PROFILES)}, got {PROFILE!r}")


def require_device(device: str) -> None:
    """Skip, with the reason, what this machine cannot run."""
    import torch

    require_profile()
    if device == "cuda" and not torch.cuda.is_available():
        raise NotImplementedError("no CUDA device on this machine")


def require_loss(slug: str, ndim: int) -> None:
    """Skip, with the reason, a loss that this version does not have or that cannot run on this input."""
    import losses

    if slug not in losses.names():
        raise NotImplementedError(f"no loss {slug!r} in this version")
    usable, reason = losses.entry(slug).available()
    if not usable:
        raise NotImplementedError(reason)
    if ndim not in losses.entry(slug).dims:
        raise NotImplementedError(f"{slug} does not work in {ndim}D")
