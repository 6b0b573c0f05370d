"""When which normalisation of CLoss's cross-entropy helps: network's strength, share of M, learning rate.

    python -m benchmarks.normalisation -o FOLDER --data PREPARED --datasets isbi12 topomortar drive

CLoss divides the cross-entropy on its critical pixels M by the number of all pixels ("all") or by |M| ("mask"). From
each of several starting points (iterations of Dice&CE) and with each learning rate, Dice&CE and both readings are
trained for the same number of iterations. Every setting is compared with Dice&CE of the same seed, case by case, after
the papers' post-processing. Finished runs are not repeated, so that the same command goes on after an interruption.
Writes normalisation.csv, normalisation.md, normalisation.png and normalisation.provenance.json.
"""

import argparse
import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from scipy.stats import spearmanr

from benchmarks.studies import METRICS, values_by_case, write_study
from runs.predictions import read_prediction

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from training.config import Config

READINGS = ("all", "mask")
# what may decide between the readings: column and printed name
FACTORS = {"dice_at_start": "Dice at the start", "share_of_m": "share of M at the start", "rate": "learning rate"}
# effects that are drawn and correlated: column and printed name
EFFECTS = {"betti0_error_percent": "Betti-0 error, % of Dice&CE's", "ags": "AGS, points"}
_MARKERS = "os^Dvp"
# metrics of the page and their decimals
_SHOWN = {"betti0_error": 1, "ags": 2, "cldice": 4}


@dataclass(frozen=True)
class Setting:
    """What both readings and Dice&CE have in common.

    Args:
        dataset: name of a prepared dataset.
        start: iterations of Dice&CE before.
        rate: learning rate after.
        seed: of the runs.
    """

    dataset: str
    start: int
    rate: float
    seed: int


@dataclass(frozen=True)
class Protocol:
    """How every run is trained and tested.

    Args:
        data: folder of the prepared datasets.
        results: folder that gets the runs.
        iterations: of each fine-tuning.
        cases: number of test cases.
    """

    data: str
    results: str
    iterations: int
    cases: int

    def pretraining(self, setting: Setting) -> "Config":
        """Return the parameters of the run that a setting starts from."""
        return self._config(setting, experiment=f"start{setting.start}", stage="pretrain", iterations=setting.start)

    def finetuning(self, setting: Setting, loss: str, parameters: dict[str, Any], start: Path) -> "Config":
        """Return the parameters of a fine-tuning."""
        return self._config(
            setting,
            experiment=f"start{setting.start}-rate{setting.rate:g}",
            loss=loss,
            loss_parameters=parameters,
            iterations=self.iterations,
            learning_rate=setting.rate,
            init_from=str(start / "checkpoint.pt"),
        )

    def _config(self, setting: Setting, **parameters: Any) -> "Config":
        from training.config import Config

        fixed: dict[str, Any] = {
            "data": self.data,
            "results": self.results,
            "dataset": setting.dataset,
            "seed": setting.seed,
            "network": "unet",
            "network_parameters": {"channels": [16, 32, 64]},
            "patch_size": [128, 128],
            "overlap": 0.25,
            "threads": 1,
            "device": "cpu",
            "max_test_cases": self.cases,
            "test_group": "indistr" if setting.dataset == "topomortar" else "",
        }
        return Config.from_parameters(**fixed | parameters)


def measure(setting: Setting, protocol: Protocol) -> Iterator[dict[str, Any]]:
    """Train one setting and compare both readings with Dice&CE.

    Args:
        setting: what the runs have in common.
        protocol: how they are trained and tested.

    Yields:
        A row for each reading and case: the setting, reading, case, the case's share of M and Dice at the start, each
        metric of Dice&CE (`<metric>_dice_ce`) and the difference from it (`<metric>`).
    """
    from evaluation.evaluate import evaluate_run
    from training.loop import train

    start = train(protocol.pretraining(setting), progress=False)
    at_start = values_by_case(evaluate_run(start, start, METRICS, progress=False))
    share = _shares(start, protocol, setting)

    def values(loss: str, **parameters: Any) -> pd.DataFrame:
        run = train(protocol.finetuning(setting, loss, parameters, start), progress=False)
        return values_by_case(evaluate_run(run, start, METRICS, progress=False), postprocessed=1)

    base = values("dice_ce")
    for reading in READINGS:
        difference = values("closs", normalize=reading) - base
        for case in base.index:
            yield {
                **asdict(setting),
                "reading": reading,
                "case": case,
                "dice_at_start": at_start.loc[case, "dice"],
                "share_of_m": share[case],
                **{f"{metric}_dice_ce": base.loc[case, metric] for metric in METRICS},
                **{metric: difference.loc[case, metric] for metric in METRICS},
            }


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """Average over cases and seeds.

    Args:
        rows: see `measure`.

    Returns:
        One row for each dataset, start, learning rate and reading: n cases, Dice and share of M at the start, the mean
        difference of each metric and its 95 % interval (`<metric>_low`, `<metric>_high`, over cases), and the
        difference in Betti-0 error as a percentage of Dice&CE's.
    """
    from tables.intervals import studentized_interval

    groups = rows.groupby(["dataset", "start", "rate", "reading"])
    table = []
    for keys, group in groups:
        cases = group.groupby("case").mean(numeric_only=True)
        row: dict[str, Any] = {
            "dataset": keys[0],
            "start": keys[1],
            "rate": keys[2],
            "reading": keys[3],
            "n": len(cases),
        }
        row |= {name: cases[name].mean() for name in ("dice_at_start", "share_of_m")}
        for metric in METRICS:
            row[metric] = cases[metric].mean()
            row[f"{metric}_low"], row[f"{metric}_high"] = studentized_interval(cases[metric])
        row["betti0_error_percent"] = 100 * row["betti0_error"] / cases["betti0_error_dice_ce"].mean()
        table.append(row)
    return pd.DataFrame(table)


def correlations(summary: pd.DataFrame) -> pd.DataFrame:
    """Rank what may decide against the effects (Spearman's rho over the settings).

    Args:
        summary: see `summarise`.

    Returns:
        One row for each reading, effect and factor.
    """
    rows = [
        {"reading": reading, "effect": effect, "factor": factor, "rho": spearmanr(group[name], group[column])[0]}
        for reading, group in summary.groupby("reading")
        for column, effect in EFFECTS.items()
        for name, factor in FACTORS.items()
    ]
    return pd.DataFrame(rows)


def draw(summary: pd.DataFrame) -> "Figure":
    """Draw both readings' effects over the share of M at the start.

    Args:
        summary: see `summarise`.

    Returns:
        The figure.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from pictures import style

    figure = Figure(figsize=(11, 4.8), layout="constrained")
    markers = dict(zip(sorted(summary["dataset"].unique()), _MARKERS, strict=False))
    rates = sorted(summary["rate"].unique())
    colours = dict(zip(READINGS, style.OKABE_ITO, strict=False))
    for axes, (column, name) in zip(figure.subplots(1, len(EFFECTS)), EFFECTS.items(), strict=True):
        axes.set_title("up is better" if column == "ags" else "down is better")
        axes.axhline(0, color=style.BASELINE, linestyle="--", linewidth=0.8)
        for row in summary.itertuples():
            colour = colours[row.reading]
            filled = colour if row.rate == rates[-1] else "none"
            axes.plot(
                100 * row.share_of_m, getattr(row, column), markers[row.dataset], color=colour, markerfacecolor=filled
            )
        axes.set(xlabel="critical pixels M at the start, % of all pixels", ylabel=f"CLoss minus Dice&CE: {name}")
        axes.set_xscale("log")

    def entry(label: str, marker: str = "o", colour: str = style.BASELINE, filled: bool = True) -> Line2D:
        face = colour if filled else "none"
        return Line2D([], [], marker=marker, linestyle="", color=colour, markerfacecolor=face, label=label)

    handles = [entry(f"normalize={reading}", colour=colours[reading]) for reading in READINGS]
    handles += [entry(dataset, marker) for dataset, marker in markers.items()]
    handles += [entry(f"learning rate {rate:g}", filled=rate == rates[-1]) for rate in rates]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False)
    style.heading(figure, "CLoss: which pixels its cross-entropy is averaged over")
    return figure


def page(summary: pd.DataFrame, protocol: Protocol, seeds: Sequence[int]) -> str:
    """Write the tables as Markdown.

    Args:
        summary: see `summarise`.
        protocol: how the runs were made.
        seeds: of the runs.

    Returns:
        The page.
    """
    from tables.markup import markdown_of

    effects = [["dataset", "start", "rate", "Dice", "M, %", "normalize", "n", "b0 error", "AGS", "clDice"]]
    for row in summary.to_dict("records"):
        what = [row["dataset"], str(row["start"]), f"{row['rate']:g}", f"{row['dice_at_start']:.3f}"]
        what += [f"{100 * row['share_of_m']:.2f}", row["reading"], str(row["n"])]
        cells = [f"{row[m]:+.{d}f} [{row[f'{m}_low']:.{d}f}, {row[f'{m}_high']:.{d}f}]" for m, d in _SHOWN.items()]
        effects.append(what + cells)
    ranked = [["normalize", "effect", "with", "rho"]]
    for row in correlations(summary).to_dict("records"):
        ranked.append([row["reading"], row["effect"], row["factor"], f"{row['rho']:+.2f}"])
    text = (
        f"U-Net 16, 32, 64; batches of 2 patches of 128 x 128; {protocol.iterations} iterations with each loss after "
        f"`start` iterations of Dice&CE (learning rate 0.01); seeds {', '.join(map(str, seeds))}; post-processed; "
        "difference from Dice&CE with the studentised 95 % bootstrap interval over the cases."
    )
    parts = ["# CLoss: cross-entropy averaged over all pixels or over M", text, markdown_of(effects)]
    parts += ["Spearman's rank correlation over the settings:", markdown_of(ranked)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.normalisation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("-o", "--output", required=True, help="folder of the tables")
    parser.add_argument("--data", required=True, help="folder of the prepared datasets")
    parser.add_argument("--results", help="folder of the runs (default: runs below the output)")
    parser.add_argument("--datasets", nargs="+", required=True)
    parser.add_argument("--start", nargs="+", type=int, default=[100, 400, 1600], help="iterations of Dice&CE before")
    parser.add_argument("--rates", nargs="+", type=float, default=[0.001, 0.01], help="learning rates after")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--iterations", type=int, default=120, help="of each fine-tuning")
    parser.add_argument("--cases", type=int, default=10, help="number of test cases")
    chosen = parser.parse_args(arguments)
    from tqdm import tqdm

    output = Path(chosen.output)
    protocol = Protocol(chosen.data, chosen.results or str(output / "runs"), chosen.iterations, chosen.cases)
    settings = [
        Setting(dataset, start, rate, seed)
        for seed, dataset, start, rate in itertools.product(chosen.seeds, chosen.datasets, chosen.start, chosen.rates)
    ]
    rows = pd.DataFrame([row for setting in tqdm(settings, unit="setting") for row in measure(setting, protocol)])
    summary = summarise(rows)
    write_study(output, "normalisation", rows, page(summary, protocol, chosen.seeds), draw(summary))
    return 0


def _shares(run: Path, protocol: Protocol, setting: Setting) -> dict[str, float]:
    """Return the share of CLoss's critical pixels in each case's first prediction."""
    import torch

    import data_prep
    import losses
    from runs.predictions import predicted_cases

    data = data_prep.Prepared(Path(protocol.data) / setting.dataset, verify=False)
    shares = {}
    for case in predicted_cases(run):
        prediction = torch.from_numpy(read_prediction(run, case, data.dims)).bool()
        logits = torch.where(prediction, 10.0, -10.0)[None, None]
        target = torch.from_numpy(data.label(case).astype("int64"))[None, None]
        shares[case] = float(losses.critical_pixels("closs", logits, target).float().mean())
    return shares


if __name__ == "__main__":
    sys.exit(main())
