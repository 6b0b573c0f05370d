"""How the time of each loss grows with the image, and how far it is above the bound set by memory.

    python -m benchmarks.growth -o FOLDER [--losses cldice scnp] [--device cuda] [--limit 20]

Loss and gradient, from 256 x 256 to 4096 x 4096 and from 32^3 to 256^3, on one thread (or the GPU). Writes growth.csv,
growth.png (time per pixel: a flat line is linear growth), floors.csv and provenance.json. A loss is skipped from the
size on that would exceed the time limit.

The floor is the time needed to move the loss's input and output: logits (4 bytes) and class index (8) are read for the
sums, read again for the gradient, which depends on the sums, and the gradient (4) is written; 28 bytes per pixel,
divided by the bandwidth measured here. It is the same for all losses of one class.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmarks._common import logits_and_target

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDES = {2: (256, 512, 1024, 2048, 4096), 3: (32, 64, 128, 256)}
FLOOR_BYTES = 28  # per pixel, see above
_SHOWN = (
    "dice_ce", "cldice", "compound_cldice", "closs", "scnp", "thpm", "shpm", "phpm", "topoloss", "skeleton_recall",
    "region_wise",
)  # fmt: skip
_COLOURS = ("#000000", "#0072B2", "#56B4E9", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#882255", "#332288")


def seconds_of(loss: Any, logits: Any, target: Any) -> float:
    """Time loss and gradient once."""
    logits.grad = None
    start = time.perf_counter()
    value = loss(logits, target)
    value.backward()
    value.item()  # waits for the device
    return time.perf_counter() - start


def measure(
    slugs: Sequence[str], sides: dict[int, Sequence[int]], device: str, limit: float
) -> Iterator[dict[str, Any]]:
    """Time losses on growing images.

    Args:
        slugs: of the losses.
        sides: number of dimensions to lengths of the sides.
        device: "cpu" or "cuda".
        limit: seconds that a call may take; sizes that would take longer are left out.

    Yields:
        loss, dims, side, pixels, seconds (median of three, or a single call if it takes seconds).
    """
    import losses

    for dims, lengths in sides.items():
        last: dict[str, float] = {}
        for side in lengths:
            logits, target = logits_and_target((1, 1, *[side] * dims), device)
            for slug in slugs:
                expected = last.get(slug, 0) * 2**dims
                if dims not in losses.entry(slug).dims or expected > limit:
                    last[slug] = expected
                    continue
                loss = losses.build(slug)
                first = seconds_of(loss, logits, target)
                times = [seconds_of(loss, logits, target) for _ in range(1 if first > 2 else 3)]
                last[slug] = statistics.median(times)
                yield {"loss": slug, "dims": dims, "side": side, "pixels": side**dims, "seconds": last[slug]}


def bandwidth(device: str, size: int = 2**26) -> float:
    """Measure how many bytes can be read and written per second, by adding two arrays into a third.

    Args:
        device: "cpu" or "cuda".
        size: number of float32 values in an array; far larger than the caches.

    Returns:
        Bytes per second, the best of five.
    """
    import torch

    a, b, c = (torch.ones(size, device=device) for _ in range(3))

    def once() -> float:
        start = time.perf_counter()
        torch.add(a, b, out=c)
        c[-1].item()
        return time.perf_counter() - start

    return 3 * 4 * size / min(once() for _ in range(5))


def floors(table: pd.DataFrame, bytes_a_second: float) -> pd.DataFrame:
    """Compare the times with the floor.

    Args:
        table: see `measure`.
        bytes_a_second: see `bandwidth`.

    Returns:
        loss, dims, side, milliseconds, floor (ms), and the ratio of the two.
    """
    floor = table["pixels"] * FLOOR_BYTES / bytes_a_second
    return pd.DataFrame(
        {
            **{name: table[name] for name in ("loss", "dims", "side")},
            "milliseconds": table["seconds"] * 1e3,
            "floor_milliseconds": floor * 1e3,
            "times_floor": table["seconds"] / floor,
        }
    )


def draw(table: pd.DataFrame, device: str) -> "Figure":
    """Draw the time per pixel over the number of pixels, 2D beside 3D.

    Args:
        table: see `measure`.
        device: for the title.

    Returns:
        The figure.
    """
    from matplotlib.figure import Figure

    import losses

    figure = Figure(figsize=(11, 5), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (dims, own) in zip(panels, table.groupby("dims"), strict=False):
        for number, slug in enumerate(table["loss"].unique()):
            line = own[own["loss"] == slug]
            axes.plot(
                line["pixels"],
                line["seconds"] / line["pixels"] * 1e9,
                color=_COLOURS[number % len(_COLOURS)],
                marker="osD^v<>Pp*X"[number % 11],
                linestyle="-" if number < len(_COLOURS) else ":",
                label=losses.entry(slug).title if dims == table["dims"].min() else None,
            )
        sides = own.drop_duplicates("side")
        axes.set_xscale("log")
        axes.set_yscale("log")
        power = "²" if dims == 2 else "³"
        axes.set_xticks(sides["pixels"], [f"{side}{power}" for side in sides["side"]])
        axes.minorticks_off()
        axes.set_xlabel("image")
        axes.set_title(f"{dims}D")
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("time of a pixel, loss and gradient (ns)")
    figure.suptitle(f"Growth of the losses' time, {device}: a flat line is linear in the number of pixels")
    figure.legend(loc="outside right center")
    return figure


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and write the tables and the figure.

    Args:
        arguments: the command line, by default the process's own.

    Returns:
        Exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder")
    parser.add_argument("--losses", nargs="+", default=list(_SHOWN), help="slugs")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds that a call may take (default: 20)")
    parser.add_argument("--largest", type=int, default=4096**2, help="pixels of the largest image (default: 4096^2)")
    options = parser.parse_args(arguments)
    import torch

    from runs import provenance
    from runs.files import write_json

    torch.set_num_threads(1 if options.device == "cpu" else torch.get_num_threads())
    options.output.mkdir(parents=True, exist_ok=True)
    write_json(options.output / "provenance.json", asdict(provenance.collect()))
    sides = {dims: [side for side in lengths if side**dims <= options.largest] for dims, lengths in SIDES.items()}
    rows = []
    for row in measure(options.losses, sides, options.device, options.limit):
        rows.append(row)
        print(f"{row['loss']} {row['side']}^{row['dims']}: {row['seconds'] * 1e3:.3g} ms", file=sys.stderr)
    table = pd.DataFrame(rows)
    table.to_csv(options.output / "growth.csv", index=False)
    above = floors(table, bandwidth(options.device))
    above.to_csv(options.output / "floors.csv", index=False)
    draw(table, "one CPU thread" if options.device == "cpu" else "GPU").savefig(options.output / "growth.png", dpi=120)
    largest = above.sort_values("side").drop_duplicates(["loss", "dims"], keep="last")
    print(largest.to_markdown(index=False, floatfmt=".3g"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
