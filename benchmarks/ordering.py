"""Whether TopoMortar's order of losses holds here, and what it depends on: one thing is changed at a time.

    python -m benchmarks.ordering -o FOLDER --data PREPARED --seeds 0 1

The losses of TopoMortar's case 1 are trained on the 50 accurate images and measured on the 50 in-distribution ones: in
a small setting, then with more iterations, a larger network, without augmentation, from Dice&CE's weights instead of
from scratch, and with the other adjacency of the foreground. Each setting's order by Betti-0 error is compared with the
published one. Finished runs are not repeated, so that the same command goes on after an interruption. Writes
ordering.csv, ordering.md, ordering.png and ordering.provenance.json.
"""

import argparse
import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from scipy.stats import kendalltau

from benchmarks.studies import METRICS, values_by_case, write_study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from training.config import Config

BASELINE = "dice_ce"
PUBLISHED = "published"
# the losses of the study that this suite has, with the parameters of its experiments
LOSSES: dict[str, dict[str, Any]] = {
    BASELINE: {},
    "cldice": {"iterations": 3},
    "topoloss": {"dims": [0, 1], "weight": 0.02},
    "skeleton_recall": {},
    "cbdice": {},
    "warping": {"weight": 0.001},
    "region_wise": {},
}
_NUMBERS = Path(__file__).parents[1] / "tables" / "published" / "topomortar.csv"


@dataclass(frozen=True)
class Variation:
    """What differs from the small setting.

    Args:
        title: what it is called.
        changes: parameters of the training.
        adjacency: of the foreground when measuring; 0: as the dataset has it, 8.
        warm_iterations: iterations with each loss after those of Dice&CE; 0: each loss from scratch.
    """

    title: str
    changes: dict[str, Any] = field(default_factory=dict)
    adjacency: int = 0
    warm_iterations: int = 0


def variations(iterations: int) -> list[Variation]:
    """Return the settings that are compared.

    Args:
        iterations: of a training in the small setting.
    """
    return [
        Variation("small"),
        Variation("adjacency 4", adjacency=4),
        Variation("three times the iterations", {"iterations": 3 * iterations}),
        Variation("twice the channels", {"network_parameters": {"channels": [16, 32, 64, 128]}}),
        Variation("no augmentation", {"augment": False}),
        Variation("from Dice&CE's weights", warm_iterations=iterations // 2),
    ]


@dataclass(frozen=True)
class Protocol:
    """How every run is trained and tested.

    Args:
        data: folder of the prepared datasets.
        results: folder that gets the runs.
        iterations: of a training in the small setting.
        cases: number of test cases; 0: all.
    """

    data: str
    results: str
    iterations: int
    cases: int = 0

    def config(self, variation: Variation, loss: str, seed: int, start: Path | None = None) -> "Config":
        """Return the parameters of a run, which starts from another one's weights where it is given."""
        from training.config import Config

        parameters: dict[str, Any] = {
            "data": self.data,
            "results": self.results,
            # settings that are only measured in another way share their runs
            "experiment": "-".join(map(str, variation.changes)) or "small",
            "dataset": "topomortar",
            "test_group": "indistr",
            "max_test_cases": self.cases,
            "loss": loss,
            "loss_parameters": LOSSES[loss],
            "seed": seed,
            "network": "unet",
            "network_parameters": {"channels": [8, 16, 32, 64]},
            "patch_size": [96, 96],
            "batch_size": 4,
            "overlap": 0.0,
            "iterations": self.iterations,
            "threads": 1,
            "device": "cpu",
            "pictures": False,
        }
        if start:
            warm = {"iterations": variation.warm_iterations, "learning_rate": 0.001}
            parameters |= warm | {"experiment": "warm", "init_from": str(start / "checkpoint.pt")}
        return Config.from_parameters(**parameters | variation.changes)


def measure(variation: Variation, loss: str, seed: int, protocol: Protocol) -> Iterator[dict[str, Any]]:
    """Train one loss in one setting and measure it.

    Args:
        variation: the setting.
        loss: the loss's slug.
        seed: of the run.
        protocol: how it is trained and tested.

    Yields:
        A row for each case: setting, loss, seed, case and the metrics.
    """
    from evaluation.evaluate import evaluate_run
    from training.loop import train

    small = Variation("small")
    start = train(protocol.config(small, BASELINE, seed), progress=False) if variation.warm_iterations else None
    run = train(protocol.config(variation, loss, seed, start), progress=False)
    found = values_by_case(evaluate_run(run, None, METRICS, variation.adjacency or None, progress=False))
    for case, values in found.iterrows():
        yield {"setting": variation.title, "loss": loss, "seed": seed, "case": case, **values}


def published() -> dict[str, float]:
    """Return the published Betti-0 errors of case 1 by loss."""
    from tables.papers.published import read_published

    table = read_published(_NUMBERS)
    table = table[(table["table"] == "1") & (table["metric"] == "betti0_error")]
    return {row.method: float(row.value) for row in table.itertuples() if row.method in LOSSES}


@dataclass(frozen=True)
class Agreement:
    """How far the order of a setting is the published one.

    Attributes:
        setting: its title.
        errors: mean Betti-0 error by loss.
        alike: pairs of losses that are in the published order.
        pairs: number of pairs.
        sure_alike: those of them whose difference here has an interval without 0.
        sure: number of pairs with such an interval.
        tau: Kendall's rank correlation with the published errors.
        cases: number of test images.
    """

    setting: str
    errors: dict[str, float]
    alike: int
    pairs: int
    sure_alike: int
    sure: int
    tau: float
    cases: int


def compare(rows: pd.DataFrame, order: dict[str, float]) -> list[Agreement]:
    """Compare the order of the losses in each setting with the published one.

    Args:
        rows: see `measure`.
        order: published error by loss.

    Returns:
        One entry for each setting; seeds are averaged within each case first.
    """
    return [_compare(str(setting), group, order) for setting, group in rows.groupby("setting", sort=False)]


def _compare(setting: str, rows: pd.DataFrame, order: dict[str, float]) -> Agreement:
    from tables.intervals import studentized_interval

    cases = rows.groupby(["case", "loss"])["betti0_error"].mean().unstack("loss")
    names = [name for name in order if name in cases]
    alike, sure = [], []
    for one, other in itertools.combinations(names, 2):
        difference = cases[one] - cases[other]
        low, high = studentized_interval(difference)
        alike.append(difference.mean() * (order[one] - order[other]) > 0)
        sure.append(low > 0 or high < 0)
    errors = {name: float(cases[name].mean()) for name in names}
    return Agreement(
        setting,
        errors,
        sum(alike),
        len(alike),
        sum(right for right, known in zip(alike, sure, strict=True) if known),
        sum(sure),
        float(kendalltau([errors[name] for name in names], [order[name] for name in names])[0]),
        len(cases),
    )


def page(found: Sequence[Agreement], order: dict[str, float], protocol: Protocol, seeds: Sequence[int]) -> str:
    """Write the table as Markdown.

    Args:
        found: see `compare`.
        order: published error by loss.
        protocol: how the runs were made.
        seeds: of the runs.

    Returns:
        The page.
    """
    import losses
    from tables.markup import markdown_of

    names = sorted(order, key=lambda name: order[name])
    lines = [["setting", *(losses.entry(name).title for name in names), "pairs alike", "of the clear ones", "tau"]]
    lines.append([PUBLISHED, *(f"{order[name]:.2f}" for name in names), "", "", ""])
    for each in found:
        errors = [f"{each.errors[name]:.2f}" if name in each.errors else "-" for name in names]
        counts = [f"{each.alike} of {each.pairs}", f"{each.sure_alike} of {each.sure}"]
        lines.append([each.setting, *errors, *counts, f"{each.tau:+.2f}"])
    text = (
        f"Mean Betti-0 error of {found[0].cases} in-distribution test images, the losses in the published order. "
        "`small`: U-Net 8, 16, 32, 64; batches of 4 patches of 96 x 96; "
        f"{protocol.iterations} iterations with each loss from scratch (published: DynUNet, 512 x 512, "
        "12,000 iterations of 10 patches, ten seeds); the other settings differ from it in what they are called after. "
        f"Seeds {', '.join(map(str, seeds))}, averaged within each image. A pair of losses is alike if the same one of "
        "the two has the smaller error as in the paper, and clear if the studentised 95 % bootstrap interval of their "
        "difference here, over the images, does not hold 0. tau: Kendall's rank correlation with the published errors."
    )
    return "\n\n".join(["# TopoMortar's order of losses", text, markdown_of(lines).strip()]) + "\n"


def draw(found: Sequence[Agreement], order: dict[str, float]) -> "Figure":
    """Draw each setting's errors, relative to Dice&CE's, with the losses in the published order.

    Args:
        found: see `compare`.
        order: published error by loss.

    Returns:
        The figure.
    """
    from matplotlib.figure import Figure

    import losses
    from pictures import style

    names = sorted(order, key=lambda name: order[name])
    figure = Figure(figsize=(10, 4.8), layout="constrained")
    axes = figure.subplots()
    axes.axhline(1, color=style.BASELINE, linestyle="--", linewidth=0.8)
    relative = [order[name] / order[BASELINE] for name in names]
    axes.plot(relative, "o-", color="black", linewidth=2.5, label=PUBLISHED)
    for each, colour, marker in zip(found, style.OKABE_ITO, "s^Dvp*X", strict=False):
        heights = [each.errors.get(name, float("nan")) / each.errors[BASELINE] for name in names]
        axes.plot(heights, marker=marker, color=colour, linewidth=1, label=each.setting)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.set_xticks(range(len(names)), [losses.entry(name).title for name in names])
    axes.set(xlabel="loss, in the published order", ylabel="Betti-0 error / Dice&CE's (down is better)")
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    style.heading(figure, "TopoMortar, in distribution: order of losses by Betti-0 error")
    return figure


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ordering", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("-o", "--output", required=True, help="folder of the table")
    parser.add_argument("--data", required=True, help="folder of the prepared datasets")
    parser.add_argument("--results", help="folder of the runs (default: runs below the output)")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--iterations", type=int, default=600, help="of a training in the small setting")
    parser.add_argument("--cases", type=int, default=0, help="number of test cases (default: all 50)")
    chosen = parser.parse_args(arguments)
    from tqdm import tqdm

    output = Path(chosen.output)
    protocol = Protocol(chosen.data, chosen.results or str(output / "runs"), chosen.iterations, chosen.cases)
    grid = list(itertools.product(chosen.seeds, variations(chosen.iterations), LOSSES))
    told = tqdm(grid, unit="run")
    rows = pd.DataFrame([row for seed, setting, loss in told for row in measure(setting, loss, seed, protocol)])
    order = published()
    found = compare(rows, order)
    write_study(output, "ordering", rows, page(found, order, protocol, chosen.seeds), draw(found, order))
    return 0


if __name__ == "__main__":
    sys.exit(main())
