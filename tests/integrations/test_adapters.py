"""Metrics of the register inside MONAI and torchmetrics: the same values, by one process or by two."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

import metrics
from integrations.monai import RegisteredMetric as MonaiMetric

CASES = 6
# what each of the processes runs; the second has fewer cases than the first
PROCESS = """
import json, sys
import torch
import torch.distributed as dist
from test_adapters import CASES, batch, one_hot
rank, number, where = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
if number > 1:
    dist.init_process_group("gloo", init_method=f"file://{where}", rank=rank, world_size=number)
found = {}
mine = range(CASES) if number == 1 else (range(4), range(4, CASES))[rank]
for framework in ("monai", "torchmetrics"):
    adapter = __import__(f"integrations.{framework}", fromlist=["x"]).RegisteredMetric
    for name in ("cldice", "nsd,tolerance=2"):
        metric = adapter(name)
        for case in mine:
            prediction, target = batch(case)
            metric(one_hot(prediction), one_hot(target)) if framework == "monai" else metric.update(
                one_hot(prediction), one_hot(target))
        found[f"{framework} {name}"] = float(metric.aggregate() if framework == "monai" else metric.compute())
print(json.dumps(found))
if number > 1:
    dist.destroy_process_group()
"""


def batch(case: int, classes: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    """One case, (1, 1, H, W); in the last the second class is not predicted."""
    rng = np.random.default_rng(case)
    target = np.zeros((20, 22), np.int64)
    for c in range(1, classes):
        start = rng.integers(1, 15)
        target[start : start + 3], target[:, start + 1 : start + 3] = c, c
    prediction = np.where(rng.random(target.shape) < 0.1, rng.integers(0, classes, target.shape), target)
    if case == CASES - 1:
        prediction *= prediction != 2
    return torch.from_numpy(prediction)[None, None], torch.from_numpy(target)[None, None]


def one_hot(labels: torch.Tensor, classes: int = 3) -> torch.Tensor:
    return torch.nn.functional.one_hot(labels[:, 0], classes).movedim(-1, 1).float()


def expected(name: str) -> float:
    values = []
    for case in range(CASES):
        b, y = (image[0, 0].numpy() for image in batch(case))
        values.append(metrics.evaluate(b, y, [name], num_classes=3)[name])
    return float(np.nanmean(values))


@pytest.fixture
def torch_metric():
    pytest.importorskip("torchmetrics", reason="needs torchmetrics: pip install torchmetrics")
    from integrations.torchmetrics import RegisteredMetric

    return RegisteredMetric


@pytest.mark.parametrize("name", [name for name in metrics.names() if 2 in metrics.entry(name).dims])
def test_every_metric_of_the_register(name, torch_metric):
    monai, other = MonaiMetric(name), torch_metric(name)
    for case in range(CASES):
        monai(*map(one_hot, batch(case)))
        other.update(*map(one_hot, batch(case)))
    assert float(monai.aggregate()) == pytest.approx(expected(name), abs=1e-12)
    assert float(other.compute()) == pytest.approx(expected(name), abs=1e-12)
    assert other.higher_is_better == metrics.entry(name).higher_is_better
    monai.reset()
    other.reset()
    monai(*batch(0))
    b, y = (image[0, 0].numpy() for image in batch(0))
    assert float(monai.aggregate()) == pytest.approx(metrics.evaluate(b, y, [name])[name], nan_ok=True)


def test_values_by_class():
    metric = MonaiMetric("dice", reduction="none", adjacency=4)
    metric(*map(one_hot, batch(0)))
    b, y = (image[0, 0].numpy() for image in batch(0))
    singles = [metrics.evaluate(b == c, y == c, ["dice"])["dice"] for c in (1, 2)]
    np.testing.assert_allclose(metric.aggregate().numpy(), [singles])


def test_undefined_values_are_left_out_and_counted():
    metric = MonaiMetric("cldice", get_not_nans=True)
    for case in (0, CASES - 1):
        metric(*map(one_hot, batch(case)))
    value, defined = metric.aggregate()
    assert defined == 2
    assert not value.isnan()
    empty = MonaiMetric("cldice")
    empty(torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8))
    assert empty.aggregate().isnan()


def test_volumes_and_options(torch_metric):
    volume = torch.zeros(2, 1, 5, 6, 7)
    volume[:, :, 1:4, 2, 2] = 1
    shifted = volume.roll(2, -1)
    metric = torch_metric("hd95", {"spacing": (1.0, 1.0, 0.5)})
    assert float(metric(shifted, volume)) == 1.0
    assert float(MonaiMetric("hd95", spacing=(1.0, 1.0, 0.5))(shifted, volume)[0]) == 1.0


def test_wrong_batches(torch_metric):
    masks = torch.zeros(1, 1, 8, 8)
    for metric in (MonaiMetric("dice"), torch_metric("dice")):
        with pytest.raises(ValueError, match="must be of the same size"):
            metric(masks, torch.zeros(1, 1, 8, 9))
        with pytest.raises(ValueError, match="threshold or argmax"):
            metric(masks + 0.5, masks)
        with pytest.raises(ValueError, match="one 1 at each pixel"):
            metric(torch.ones(1, 2, 8, 8), masks)
        with pytest.raises(ValueError, match=r"must be \(B, C, H, W\)"):
            metric(torch.zeros(8, 8), torch.zeros(8, 8))
    with pytest.raises(ValueError, match="did you mean 'dice'"):
        torch_metric("dise")
    with pytest.raises(ValueError, match="no values yet"):
        MonaiMetric("dice").aggregate()


def test_two_processes_reduce_to_the_value_of_one(tmp_path, torch_metric):
    def run(number: int) -> list[dict]:
        where = str(tmp_path / f"meeting-{number}")
        commands = [[sys.executable, "-c", PROCESS, str(rank), str(number), where] for rank in range(number)]
        folder = __file__.rpartition("/")[0]
        started = [subprocess.Popen(c, stdout=subprocess.PIPE, text=True, env=_with_path(folder)) for c in commands]
        return [json.loads(process.communicate(timeout=300)[0].splitlines()[-1]) for process in started]

    (one,), (first, second) = run(1), run(2)
    assert first == second
    for name, value in one.items():
        assert first[name] == pytest.approx(value, abs=1e-12)
        assert value == pytest.approx(expected(name.partition(" ")[2]), abs=1e-12)


def _with_path(folder: str) -> dict[str, str]:
    import os
    from pathlib import Path

    root = str(Path(__file__).parents[2])
    return os.environ | {"PYTHONPATH": os.pathsep.join([root, folder, os.environ.get("PYTHONPATH", "")])}
