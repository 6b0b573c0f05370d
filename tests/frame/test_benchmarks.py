"""The benchmarks cover the registers, and each of them runs on small data."""

import numpy as np
import pytest

import losses
from benchmarks import _common


def test_benchmarks_know_every_loss():
    assert _common.registered("losses") == sorted(losses.names())


def test_tubes_are_tubes():
    mask = _common.tubes((32, 48))
    assert 0 < mask.mean() < 0.7
    np.testing.assert_array_equal(mask, _common.tubes((32, 48)))


@pytest.mark.parametrize("slug", losses.names())
def test_benchmark_of_a_loss_runs(slug, monkeypatch):
    monkeypatch.setitem(_common.SIZES, "2D 512x512", (1, 1, 32, 32))
    from benchmarks.bench_losses import MemoryLoss, TimeLoss, ValueLoss

    for benchmark in (TimeLoss(), MemoryLoss(), ValueLoss()):
        benchmark.setup(slug, "2D 512x512", "cpu")
        assert np.isfinite(benchmark.run())


def test_benchmark_skips_with_a_reason():
    with pytest.raises(NotImplementedError, match="no loss 'of_tomorrow'"):
        _common.require_loss("of_tomorrow", 2)
