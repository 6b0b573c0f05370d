"""Time and peak memory of one nnU-Net-sized training step with each loss.

    python -m benchmarks.training_step -o steps.json [--share 0.25] [--device cuda]

SCNP's settings (tables B.1 and B.2), 2 x 2 classes x 1280 x 1024 and 2 x 3 classes x 160 x 128 x 112, and HPM's
(table 2), with MONAI's DynUNet. `--share` shortens every side, for a machine without a GPU; the file records it. Each
measurement has its own process, in which steps with Dice&CE alternate with those of the loss, so that what else the
machine does affects both. `python -m tables paper scnp --benchmark steps.json` rebuilds the papers' tables from it.
"""

import argparse
import json
import multiprocessing
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

# name: batch, classes, spatial size
SETTINGS = {
    "2d-1280x1024": (2, 2, (1280, 1024)),
    "3d-160x128x112": (2, 3, (160, 128, 112)),
    "2d-256x256": (1, 2, (256, 256)),
    "3d-128x128x72": (1, 2, (128, 128, 72)),
}
# SCNP's iterations of the soft skeleton on FIVES and PulmonaryVA; HPM's are clDice's
ITERATIONS = {"2d-1280x1024": 24, "3d-160x128x112": 16, "2d-256x256": 10, "3d-128x128x72": 10}
REFERENCE = "dice_ce"
_DIVISOR = 16
_WARM_UP = 2


def measure(setting: str, slug: str, share: float, repeats: int, device: str) -> dict[str, Any]:
    """Time the steps of one loss in one setting; call it in a fresh process.

    Args:
        setting: one of `SETTINGS`.
        slug: of the loss.
        share: of each side, in (0, 1].
        repeats: number of pairs of steps after the warm-up.
        device: "cpu" or "cuda".

    Returns:
        setting, loss, seconds (median of the steps), seconds_dice_ce (of the steps with Dice&CE in between), ratio
        (median of each step's ratio to the previous one), peak_bytes beyond those used before the first step
        (libraries, data and network, but not its gradients), device and size.
    """
    import torch

    import losses
    from training import networks
    from training.measure import PeakMemory

    torch.set_num_threads(1 if device == "cpu" else torch.get_num_threads())
    torch.manual_seed(0)
    size = side_lengths(setting, share)
    image, target = _example(setting, size, device)
    names = losses.parameters(slug)
    loss = losses.build(slug, **({"iterations": ITERATIONS[setting]} if "iterations" in names else {}))
    network = networks.build("dynunet", len(size), 1, SETTINGS[setting][1], {}).to(device).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.99, nesterov=True)
    reference = losses.build(REFERENCE)

    def step(criterion: Any) -> float:
        _wait(device)
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        criterion(network(image), target).backward()
        optimizer.step()
        _wait(device)
        return time.perf_counter() - start

    small_image, small_target = _example(setting, (_DIVISOR * 2,) * len(size), device)
    loss(network(small_image), small_target).backward()  # imports and compiles: the libraries' memory is not the loss's
    memory = PeakMemory(torch.device(device))
    for _ in range(_WARM_UP):
        step(loss)
    peak = memory.read()
    pairs = [(step(reference), step(loss)) for _ in range(repeats)]
    return {
        "setting": setting,
        "loss": slug,
        "seconds": statistics.median(own for _, own in pairs),
        "seconds_dice_ce": statistics.median(other for other, _ in pairs),
        "ratio": statistics.median(own / other for other, own in pairs),
        "peak_bytes": (peak.bytes or 0) - (peak.bytes_before or 0),
        "device": _describe(device),
        "size": list(size),
        "share": share,
        "repeats": repeats,
    }


def side_lengths(setting: str, share: float) -> tuple[int, ...]:
    """Return a setting's spatial size: a share of each published side, rounded to what the network can halve."""
    return tuple(max(_DIVISOR * 2, round(side * share / _DIVISOR) * _DIVISOR) for side in SETTINGS[setting][2])


def _example(setting: str, size: tuple[int, ...], device: str) -> tuple[Any, Any]:
    """Draw tubes of each class, and an image of them."""
    import numpy as np
    import torch

    from benchmarks._common import tubes

    batch, classes, _ = SETTINGS[setting]
    label = np.zeros(size, np.int64)
    for index in range(1, classes):
        label[tubes(size, seed=index)] = index
    noise = np.random.default_rng(0).normal(0, 1, (batch, 1, *size)).astype(np.float32)
    target = torch.from_numpy(label).expand(batch, 1, *size).contiguous()
    return torch.from_numpy(noise + label.astype(np.float32)).to(device), target.to(device)


def _wait(device: str) -> None:
    if device == "cuda":
        import torch

        torch.cuda.synchronize()


def _describe(device: str) -> str:
    if device == "cuda":
        import torch

        return torch.cuda.get_device_name()
    return f"{platform.processor() or platform.machine()}, one thread"


def _worker(arguments: tuple[Any, ...], queue: Any) -> None:
    try:
        queue.put(measure(*arguments))
    except Exception as error:  # the reason goes into the file, and the other losses are still measured
        queue.put({"setting": arguments[0], "loss": arguments[1], "failed": f"{type(error).__name__}: {error}"})


def in_fresh_process(*arguments: Any) -> dict[str, Any]:
    """Measure in a separate process, so that no measurement inherits another one's memory."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_worker, args=(arguments, queue))
    process.start()
    result = queue.get()
    process.join()
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every loss in every setting and write the results as they come, with their provenance beside them.

    Args:
        arguments: the command line, by default the process's own.

    Returns:
        Exit status.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training_step", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="JSON file")
    parser.add_argument("--losses", nargs="+", help="slugs (default: all that are defined and available)")
    parser.add_argument("--settings", nargs="+", choices=list(SETTINGS), default=list(SETTINGS))
    parser.add_argument("--share", type=float, default=1.0, help="of each side, in (0, 1] (default: 1)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    options = parser.parse_args(arguments)
    import losses
    from runs import provenance
    from runs.files import write_json

    write_json(options.output.with_suffix(".provenance.json"), asdict(provenance.collect()))
    results: list[dict[str, Any]] = []
    for setting in options.settings:
        dims = len(SETTINGS[setting][2])
        for slug in options.losses or losses.names():
            if dims not in losses.entry(slug).dims:
                continue
            results.append(in_fresh_process(setting, slug, options.share, options.repeats, options.device))
            write_json(options.output, results)
            print(json.dumps(results[-1]), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
