"""What a lent GPU is for: pieces of work that fit into minutes, each going on where the last one stopped.

    python -m benchmarks.campaign -o OUT --data FOLDER           run until the minutes are over; repeated, it goes on
    python -m benchmarks.campaign -o OUT --dry-run               what is left, and what it would take
    python -m benchmarks.campaign -o OUT --small --device cpu    all of it in sizes that a CPU does in minutes

In this order, the cheapest first: `values`, every loss's value and gradient on the device against float64 on the CPU;
`steps`, a training step with every loss at the patch sizes of SCNP's tables B.1 and B.2, ContextLoss's 7 and HPM's 2
(`benchmarks.training_step`; steps.json rebuilds these tables); `asv`, the losses alone at SCNP's patches; `train`, the
experiment `campaign`: TopoMortar at full patch size with ten losses, one seed after the other. OUT keeps everything; a
piece that is cut off begins again, a training goes on from its last checkpoint.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import training_step

MINUTES = 9.0  # of one call: machines are lent for commands of ten
# Minutes of each piece at full size on a GPU of the size of an A100, guessed from published times of an epoch (SCNP's
# tables B.1 and B.2) and of this suite's steps on a CPU; none has been measured.
ESTIMATES = {"values": 0.5, "steps": 1.0, "asv": 8.0, "pretrain": 30.0, "train": 8.0}
_GRACE = 60.0  # seconds in which a training that is told to stop writes its last checkpoint
_ASV = ("bench_losses", "bench_batches")
_SMALL_LOSSES = ("dice_ce", "closs", "scnp")


@dataclass(frozen=True)
class Piece:
    """A piece of the campaign.

    Args:
        kind: a key of `ESTIMATES`.
        name: within its kind, also that of its file below OUT/done.
        words: command line after the interpreter.
        resumes: whether it goes on where it was cut off.
    """

    kind: str
    name: str
    words: list[str]
    resumes: bool = False

    def flag(self, folder: Path) -> Path:
        """Return the file that says that it is done."""
        return folder / "done" / f"{self.kind}-{self.name}"


def pieces(folder: Path, data: str, device: str, small: bool) -> Iterator[Piece]:
    """List the campaign.

    Args:
        folder: gets everything.
        data: folder that holds the official files of TopoMortar.
        device: "cuda" or "cpu".
        small: sizes that a CPU does in a minute, on drawn data.

    Yields:
        The pieces in their order.
    """
    import losses

    own = [__spec__.name if __spec__ else "benchmarks.campaign", "-o", str(folder), "--device", device]
    slugs = _SMALL_LOSSES if small else losses.names()
    for slug in slugs:
        yield Piece("values", slug, ["-m", *own, "--piece", "values", slug, *(["--small"] if small else [])])
    for setting in list(training_step.SETTINGS)[: 1 if small else None]:
        for slug in slugs:
            if len(training_step.SETTINGS[setting][2]) in losses.entry(slug).dims:
                words = ["-m", *own, "--piece", "steps", f"{setting}/{slug}", *(["--small"] if small else [])]
                yield Piece("steps", f"{setting}-{slug}", words)
    if not small and shutil.which("asv"):
        for name in _ASV:
            run = ["run", "--python=same", "--quick", "--bench", name, "--set-commit-hash", "HEAD"]
            yield Piece("asv", name, ["-m", "asv", *run])
    for job in jobs(folder, data, small):
        kind = "train" if job.after else "pretrain"
        given = json.dumps(job.train | {"device": device})
        yield Piece(
            kind, Path(job.folder).parent.name + "-" + Path(job.folder).name, ["-m", *own, "--train", given], True
        )


def jobs(folder: Path, data: str, small: bool) -> list[Any]:
    """Return the trainings, a seed complete before the next."""
    from workflow import plan
    from workflow.experiment import load

    overrides = ("datasets={synthetic2d: {}}", "losses=[dice_ce, closs]", "seeds=[0]", "common.patch_size=[32, 32]",
                 "common.network=unet", "common.batch_size=1", "pretrain.iterations=2", "finetune.iterations=2",
                 "pretrain.validate_every=0", "finetune.validate_every=0", "common.max_test_cases=1")  # fmt: skip
    experiment = load("campaign", overrides=overrides if small else (), prepared=str(folder / "data"))
    # without data a dry run still says what there would be to do
    made = plan.make(experiment, str(folder), data or ".")
    own = [job for job in made.jobs if job.train["dataset"] != "topomortar" or not small]
    return sorted(own, key=lambda job: job.train["seed"])


def prepare(folder: Path, data: str) -> None:
    """Prepare TopoMortar, where it has not been."""
    import data_prep

    if not (folder / "data" / "topomortar").is_dir():
        if not data:
            raise SystemExit("--data must name the folder that holds the official files of TopoMortar")
        data_prep.prepare("topomortar", data, str(folder / "data"))


def run(left: Sequence[Piece], folder: Path, minutes: float) -> int:
    """Run pieces until the time is over.

    Args:
        left: what is not done.
        folder: gets a file for each piece that is done, and one for each that failed.
        minutes: of this call.

    Returns:
        How many failed.
    """
    end, failed = time.monotonic() + 60 * minutes, 0
    for piece in left:
        rest = end - time.monotonic() - (_GRACE if piece.resumes else 0)
        if rest <= 0:
            break
        print(f"begun: {piece.kind} {piece.name}", flush=True)
        status = _call([sys.executable, *piece.words], rest)
        if status is None:
            print(f"cut off: {piece.kind} {piece.name}; the same command goes on", flush=True)
            break
        if status:
            failed += 1
            print(f"failed: {piece.kind} {piece.name} (status {status})", flush=True)
            continue
        piece.flag(folder).parent.mkdir(parents=True, exist_ok=True)
        piece.flag(folder).touch()
    return failed


def _call(words: list[str], seconds: float) -> int | None:
    """Run a command; interrupt it when its time is over, and return None then."""
    process = subprocess.Popen(words, env=os.environ | {"BENCHMARK_SIZE": "large"}, start_new_session=True)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return None


def compare_values(slug: str, device: str, small: bool) -> dict[str, Any]:
    """Compare a loss's value and gradient on a device with those in float64 on the CPU.

    Args:
        slug: of the loss.
        device: "cuda" or "cpu".
        small: small patches.

    Returns:
        By dimensions: the value, and the largest relative differences of value and gradient.
    """
    import torch

    import losses
    from benchmarks._common import logits_and_target

    found: dict[str, Any] = {"loss": slug, "device": device}
    sizes = {2: (2, 1, 64, 64), 3: (1, 1, 16, 16, 16)} if small else {2: (2, 1, 512, 512), 3: (1, 1, 64, 64, 64)}
    for dims in losses.entry(slug).dims:
        logits, target = logits_and_target(sizes[dims], "cpu")
        results = []
        for place, kind in (("cpu", torch.float64), (device, torch.float32)):
            own = logits.detach().to(place, kind).requires_grad_()
            value = losses.build(slug).to(place)(own, target.to(place))
            value.backward()
            results.append((value.item(), own.grad.cpu().double()))
        (value, gradient), (other, changed) = results
        found[f"{dims}D"] = {
            "value": value,
            "difference": abs(other - value) / max(abs(value), 1e-12),
            "gradient": ((changed - gradient).norm() / gradient.norm().clamp_min(1e-12)).item(),
        }
    return found


def _one(kind: str, what: str, folder: Path, device: str, small: bool) -> None:
    """Do a piece and add its result to a file of its kind."""
    from runs import files

    if kind == "values":
        made = compare_values(what, device, small)
    else:
        setting, slug = what.split("/")
        made = training_step.in_fresh_process(setting, slug, 0.03 if small else 1.0, 1 if small else 5, device)
    path = folder / f"{kind}.json"
    before = files.read_json(path) if path.is_file() else []
    same = ("loss", "setting") if kind == "steps" else ("loss",)
    kept = [each for each in before if any(each.get(name) != made.get(name) for name in same)]
    files.write_json(path, [*kept, made])
    if "failed" in made:
        raise SystemExit(made["failed"])


def _tell(left: Sequence[Piece], minutes: float) -> None:
    """Say what is left and what it would take."""
    for kind, each in ESTIMATES.items():
        count = sum(piece.kind == kind for piece in left)
        print(f"{kind}: {count} left, about {count * each:.0f} minutes")
    total = sum(ESTIMATES[piece.kind] for piece in left)
    print(f"in all about {total:.0f} minutes, {total / minutes:.0f} calls of {minutes:g}; estimated, never measured")
    for piece in left:
        print(" ".join([Path(sys.executable).name, *piece.words][:8]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a command.

    Args:
        arguments: the command line, by default the process's own.

    Returns:
        Exit status: 1 when a piece failed.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.campaign", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder that keeps everything")
    parser.add_argument("--data", default="", help="folder that holds TopoMortar")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda")
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"of this call (default: {MINUTES:g})")
    parser.add_argument("--small", action="store_true", help="drawn data, sizes that a CPU does in minutes")
    parser.add_argument("--dry-run", action="store_true", help="only say what is left and what it would take")
    parser.add_argument("--piece", nargs=2, metavar=("KIND", "WHAT"), help=argparse.SUPPRESS)
    parser.add_argument("--train", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.piece:
        _one(*given.piece, given.output, given.device, given.small)
        return 0
    if given.train:
        from training.config import Config
        from training.loop import train

        train(Config.from_parameters(**json.loads(given.train)))
        return 0
    listed = list(pieces(given.output, given.data, given.device, given.small))
    left = [piece for piece in listed if not piece.flag(given.output).exists()]
    if given.dry_run:
        _tell(left, given.minutes)
        return 0
    if left and not given.small:
        prepare(given.output, given.data)
    failed = run(left, given.output, given.minutes)
    rest = sum(not piece.flag(given.output).exists() for piece in listed)
    print(f"{len(listed) - rest} of {len(listed)} pieces are done; {rest} are left")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
