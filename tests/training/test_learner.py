"""One step: learning rate, clipping, half precision, time and memory."""

import pytest
import torch
from torch import nn

from runs.record import Memory
from training import checkpoints, learner, measure
from training.config import Config


def make(half=False, **changes):
    torch.manual_seed(0)
    config = Config(iterations=10, **changes)
    network = nn.Conv2d(1, 2, 3, padding=1)
    return learner.Learner(
        network=network,
        loss=FloatLoss(),
        optimizer=learner.make_optimizer(config, network),
        scaler=torch.amp.GradScaler("cpu", enabled=half),
        config=config,
        description={"name": "conv"},
        training_hash="hash",
        device=torch.device("cpu"),
        iteration=0,
        history=[],
    )


class FloatLoss(nn.Module):
    """Cross-entropy that insists on full precision."""

    def forward(self, logits, target):
        assert logits.dtype == torch.float32
        return nn.functional.cross_entropy(logits, target[:, 0])


def batch():
    images = torch.linspace(-1, 1, 64).reshape(1, 1, 8, 8)
    return images, (images > 0).long()


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_steps_lower_the_loss(half, optimizer):
    trained = make(half, optimizer=optimizer)
    values = [trained.step(*batch()) for _ in range(10)]
    assert values[-1] < values[0]
    assert trained.iteration == 10


def test_learning_rate_decays_polynomially():
    trained = make(learning_rate=0.5)
    for _ in range(10):
        trained.step(*batch())
    rates = [row["learning_rate"] for row in trained.history]
    assert rates[0] == 0.5
    assert rates[5] == pytest.approx(0.5 * 0.5**0.9)
    assert rates[9] == pytest.approx(0.5 * 0.1**0.9)


@pytest.mark.parametrize("half", [False, True])
def test_checkpoint_goes_on_to_the_same_weights(tmp_path, half):
    undisturbed = make(half)
    for iteration in range(6):
        undisturbed.step(*batch())
        if iteration == 2:
            undisturbed.save(tmp_path / "checkpoint.pt", Memory(bytes=1))
    resumed = make(half)
    resumed.resume(checkpoints.load(tmp_path / "checkpoint.pt"))
    for _ in range(3):
        resumed.step(*batch())
    assert [row["loss"] for row in resumed.history] == [row["loss"] for row in undisturbed.history]
    for one, other in zip(resumed.network.parameters(), undisturbed.network.parameters(), strict=True):
        assert torch.equal(one, other)


def test_large_gradients_are_clipped():
    trained = make(learning_rate=1.0)
    before = [each.detach().clone() for each in trained.network.parameters()]
    images, target = batch()
    trained.step(images * 1e6, target)
    moved = torch.cat([(a - b).flatten() for a, b in zip(before, trained.network.parameters(), strict=True)])
    # Nesterov's first step is (1 + momentum) times the gradient, whose norm is clipped at nnU-Net's 12
    assert moved.norm().item() == pytest.approx(12 * 1.99, rel=1e-3)


def test_seconds_per_iteration_leaves_the_warm_up_out():
    assert measure.seconds_per_iteration([9, 9, 9, 1, 2, 3]) == 2
    assert measure.seconds_per_iteration([4, 2]) == 3
    assert measure.seconds_per_iteration([]) is None


def test_peak_memory_sees_what_was_allocated_and_freed():
    peak = measure.PeakMemory(torch.device("cpu"))
    block = torch.ones(30_000_000)
    del block
    found = peak.read()
    if found.bytes_before is None:
        pytest.skip("this system does not tell the resident memory")
    assert found.bytes - found.bytes_before > 100_000_000


def test_weights_sha256_tells_weights_apart():
    one, other = make().network.state_dict(), make().network.state_dict()
    assert checkpoints.weights_sha256(one) == checkpoints.weights_sha256(other)
    other["bias"] = other["bias"].clone()
    other["bias"][0] += 1e-6
    assert checkpoints.weights_sha256(one) != checkpoints.weights_sha256(other)
