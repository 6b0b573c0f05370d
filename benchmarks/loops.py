"""Seconds of an iteration of this project's training loop, nnU-Net's and one of MONAI's parts, side by side.

    python -m benchmarks.loops [--workers 1 2] [--nnunet PYTHON] [--iterations 40] [--rounds 3]

The same network, loss, optimizer, patches of 2 x 1 x 128 x 128, and synthetic images in memory, on the CPU with one
thread of torch. Augmentation is each project's own: nnU-Net's default transforms; of MONAI's those that correspond to
ours. nnU-Net's loop is its `train_step`, data loader and worker processes, without its epochs' logs and validations;
its images lie in memory, too, not on the disk. `--nnunet` names a Python that has nnunetv2; without it, its rows are
left out. Each measurement has a process of its own, the loops take turns, and the table shows the median round.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from benchmarks._common import ROOT, tubes

PATCH, BATCH, CASES, FOREGROUND = (128, 128), 2, 8, 0.33
_WARM_UP = 6
Step = Callable[[Any], Any]


def images() -> list[tuple[np.ndarray, np.ndarray]]:
    """Draw the training images: float32 (1, 256, 256) and labels."""
    labels = [tubes((256, 256), seed).astype(np.uint8) for seed in range(CASES)]
    random = np.random.default_rng(0)
    return [((label + random.standard_normal(label.shape)).astype(np.float32)[None], label) for label in labels]


def learner() -> Any:
    """Build network, loss and optimizer, which all loops share."""
    from training import networks
    from training.config import Config
    from training.learner import Learner, make_optimizer

    torch.manual_seed(0)
    config = Config(iterations=10**6, patch_size=list(PATCH))
    network = networks.build("unet", 2, 1, 2, {}).train()
    return Learner(
        network, _loss(), make_optimizer(config, network), torch.amp.GradScaler("cpu", enabled=False), config, {}, "",
        torch.device("cpu"), 0, [],
    )  # fmt: skip


def _loss() -> Any:
    import losses

    return losses.build("dice_ce")


class _Cases:
    def __init__(self) -> None:
        self._images = images()

    def image(self, case: str) -> np.ndarray:
        return self._images[int(case)][0]

    def label(self, case: str) -> np.ndarray:
        return self._images[int(case)][1]

    def ignored(self, case: str) -> None:
        return None


def ours(workers: int) -> tuple[Iterator[Any], Step]:
    """Return this project's batches and its step."""
    from training.batches import batches
    from training.patches import Sampler

    sampler = Sampler(
        _Cases(), [str(number) for number in range(CASES)], patch_size=PATCH, batch_size=BATCH,
        foreground_share=FOREGROUND, augmented=True, seed=0,
    )  # fmt: skip
    made = learner()
    return batches(sampler, itertools.count(), workers), lambda batch: made.step(*batch)


def monai(workers: int) -> tuple[Iterator[Any], Step]:
    """Return batches of MONAI's CacheDataset with corresponding transforms, and a plain step."""
    from monai import transforms as t
    from monai.data import CacheDataset, DataLoader

    both, chance = ["image", "label"], 0.15
    chain = t.Compose(
        [
            t.NormalizeIntensityd("image", channel_wise=True),
            t.RandCropByPosNegLabeld(both, "label", PATCH, pos=FOREGROUND, neg=1 - FOREGROUND),
            *(t.RandFlipd(both, prob=0.5, spatial_axis=axis) for axis in range(2)),
            t.RandRotate90d(both, prob=0.75),
            t.RandRotated(both, range_x=np.pi / 6, prob=0.2, mode=["bilinear", "nearest"], padding_mode="reflection"),
            t.RandScaleIntensityd("image", factors=0.25, prob=chance),
            t.RandAdjustContrastd("image", prob=2 * chance, gamma=(0.7, 1.5), retain_stats=True),
            t.RandGaussianNoised("image", prob=chance, std=0.3),
        ]
    )
    data = [{"image": image, "label": label[None]} for image, label in images()]
    cached = CacheDataset(data, chain, progress=False)
    order = torch.utils.data.RandomSampler(cached, replacement=True, num_samples=10**6)
    loader = DataLoader(
        cached,
        workers,
        batch_size=BATCH,
        sampler=order,
        collate_fn=_of_patches,
        persistent_workers=workers > 0,
    )
    return iter(loader), _plain_step()


def _of_patches(samples: list[list[dict[str, Any]]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Put together what a cropping transform of MONAI returns: a list of patches for each image."""
    patches = list(itertools.chain(*samples))
    image, label = (torch.stack([patch[name].as_tensor() for patch in patches]) for name in ("image", "label"))
    return image, label.long()


def _plain_step() -> Step:
    made = learner()

    def step(batch: tuple[torch.Tensor, torch.Tensor]) -> float:
        made.optimizer.zero_grad(set_to_none=True)
        loss = made.loss(made.network(batch[0]), batch[1])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(made.network.parameters(), 12)
        made.optimizer.step()
        return float(loss.item())

    return step


class _InMemory:
    """What nnU-Net's data loader expects of a dataset."""

    def __init__(self) -> None:
        self.identifiers = [str(number) for number in range(CASES)]
        self._cases = [
            (_normalized(image)[:, None], label[None, None].astype(np.int16), {"class_locations": _places(label)})
            for image, label in images()
        ]

    def load_case(self, identifier: str) -> tuple[np.ndarray, np.ndarray, None, dict[str, Any]]:
        image, label, properties = self._cases[int(identifier)]
        return image, label, None, properties


def _normalized(image: np.ndarray) -> np.ndarray:
    return (image - image.mean()) / image.std()


def _places(label: np.ndarray) -> dict[int, np.ndarray]:
    return {1: np.argwhere(label[None, None] == 1)}


def nnunet(workers: int) -> tuple[Iterator[Any], Step]:
    """Return nnU-Net's batches and its step."""
    from batchgenerators.dataloading.nondet_multi_threaded_augmenter import NonDetMultiThreadedAugmenter
    from nnunetv2.training.data_augmentation.compute_initial_patch_size import get_patch_size
    from nnunetv2.training.dataloading.data_loader import nnUNetDataLoader
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
    from nnunetv2.utilities.label_handling.label_handling import LabelManager

    rotation = (-np.pi, np.pi)
    initial = get_patch_size(PATCH, *(rotation, (0, 0), (0, 0)), (0.85, 1.25))
    augmentation = nnUNetTrainer.get_training_transforms(
        PATCH, rotation, None, (0, 1), False, use_mask_for_norm=[False], foreground_labels=[1]
    )
    labels = LabelManager({"background": 0, "foreground": 1}, None)
    loader = nnUNetDataLoader(_InMemory(), BATCH, initial, PATCH, labels, FOREGROUND, transforms=augmentation)
    made = learner()
    trainer = object.__new__(nnUNetTrainer)  # its constructor wants plans; its step, what follows
    trainer.device, trainer.network, trainer.optimizer = made.device, made.network, made.optimizer
    trainer.loss, trainer.grad_scaler = made.loss, None
    kept = max(6, workers // 2)  # as the trainer has it
    return NonDetMultiThreadedAugmenter(loader, None, workers, kept, wait_time=0.002), trainer.train_step


LOOPS: dict[str, Callable[[int], tuple[Iterator[Any], Step]]] = {"ours": ours, "monai": monai, "nnunet": nnunet}


def measure(loop: str, workers: int, iterations: int) -> float:
    """Return the mean seconds of an iteration of one loop, batch included, after a warm-up."""
    torch.set_num_threads(1)
    batches, step = LOOPS[loop](workers)
    for _ in range(_WARM_UP):
        step(next(batches))
    started = time.perf_counter()
    for _ in range(iterations):
        step(next(batches))
    return (time.perf_counter() - started) / iterations


def in_own_process(python: str, loop: str, workers: int, iterations: int) -> float:
    """Measure one loop in a fresh process of some Python."""
    stub = ROOT / "tests" / "integrations" / "timm_stub"
    path = [str(ROOT)] + ([str(stub)] if loop == "nnunet" else [])
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(path)}
    command = [python, "-m", "benchmarks.loops", "--one", loop, "--workers", str(workers)]
    done = subprocess.run(
        [*command, "--iterations", str(iterations)], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{loop} with {workers} workers failed:\n{done.stderr[-2000:]}")
    return float(json.loads(done.stdout.splitlines()[-1]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a Markdown table.

    Args:
        arguments: the command line, by default the process's own.

    Returns:
        Exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loops", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--iterations", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nnunet", metavar="PYTHON", help="a Python that has nnunetv2")
    parser.add_argument("--one", choices=LOOPS, help="measure this loop here and print its seconds")
    given = parser.parse_args(arguments)
    if given.one:
        print(json.dumps(measure(given.one, given.workers[0], given.iterations)), flush=True)
        os._exit(0)  # nnU-Net's worker processes do not end by themselves
    pythons = {"ours": sys.executable, "monai": sys.executable} | ({"nnunet": given.nnunet} if given.nnunet else {})
    print("| loop | workers | s / iteration | times ours |\n|---|---|---|---|")
    for workers in given.workers:
        found: dict[str, list[float]] = {loop: [] for loop in pythons}
        for _ in range(given.rounds):
            for loop, python in pythons.items():
                found[loop].append(in_own_process(python, loop, workers, given.iterations))
        for loop, seconds in found.items():
            ratio = statistics.median(one / own for one, own in zip(seconds, found["ours"], strict=True))
            print(f"| {loop} | {workers} | {statistics.median(seconds):.3f} | {ratio:.2f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
