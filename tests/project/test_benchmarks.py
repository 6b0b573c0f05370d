"""The benchmarks cover the registers, and each of them runs on small data."""

import numpy as np
import pytest
import torch

import losses
import metrics
from benchmarks import _common


def test_benchmarks_know_the_registers():
    assert _common.registered("losses") == sorted(losses.names())
    assert _common.registered("metrics") == sorted(metrics.names())


def test_tubes_are_tubes():
    mask = _common.tubes((32, 48))
    assert 0 < mask.mean() < 0.7
    np.testing.assert_array_equal(mask, _common.tubes((32, 48)))


@pytest.mark.parametrize("slug", losses.names())
def test_benchmark_of_a_loss_runs(slug, monkeypatch):
    monkeypatch.setitem(_common.SIZES, "2D 512x512", (1, 1, 32, 32))
    from benchmarks.bench_losses import MemoryLoss, RatioLoss, TimeLoss, ValueLoss

    for benchmark in (TimeLoss(), RatioLoss(), MemoryLoss(), ValueLoss()):
        benchmark.setup(slug, "2D 512x512", "cpu")
        assert benchmark.run() == pytest.approx(benchmark.forward())
    ratio = RatioLoss()
    ratio.setup(slug, "2D 512x512", "cpu")
    ratio.pairs = 2
    assert ratio.track_ratio_to_dice_ce(slug, "2D 512x512", "cpu") > 0


def test_benchmark_skips_with_a_reason():
    with pytest.raises(NotImplementedError, match="no loss 'of_tomorrow'"):
        _common.require_loss("of_tomorrow", 2)


def test_benchmarks_of_metrics_run(monkeypatch):
    monkeypatch.setitem(_common.MASK_SIZES, "2D 1500x1500", (40, 40))
    from benchmarks.bench_metrics import TimeMetric, TimeTogether

    together = TimeTogether()
    together.setup("all", "2D 1500x1500")
    together.time_together("all", "2D 1500x1500")
    for slug in metrics.names():
        benchmark = TimeMetric()
        if 2 not in metrics.entry(slug).dims:
            with pytest.raises(NotImplementedError, match="not defined in 2D"):
                benchmark.setup(slug, "2D 1500x1500")
        else:
            benchmark.setup(slug, "2D 1500x1500")
            benchmark.time_metric(slug, "2D 1500x1500")


def test_benchmarks_of_topology_run(monkeypatch):
    monkeypatch.setitem(_common.SIZES, "3D 64x64x64", (1, 1, 9, 10, 11))
    from benchmarks.bench_topology import PRIMITIVES, TimeTopology

    for name in PRIMITIVES:
        benchmark = TimeTopology()
        benchmark.setup(name, "3D 64x64x64")
        benchmark.time_primitive(name, "3D 64x64x64")


@pytest.mark.parametrize("dataset", ["synthetic2d", "synthetic3d"])
def test_benchmarks_of_loading_run(dataset):
    from benchmarks.bench_data import TimeLoading

    benchmark = TimeLoading()
    benchmark.setup(dataset)
    benchmark.time_open_with_checksums(dataset)
    benchmark.time_open(dataset)
    benchmark.time_read_a_case(dataset)
    benchmark.teardown(dataset)


@pytest.mark.parametrize("peer", ["cldice", "monai SoftclDiceLoss", "topoloss", "topolosses HutopoLoss"])
def test_benchmarks_of_peers_run(peer, monkeypatch):
    monkeypatch.setitem(_common.SIZES, "2D 512x512", (1, 1, 32, 32))
    from benchmarks.bench_peers import TimePeers

    benchmark = TimePeers()
    try:
        benchmark.setup(peer, "2D 512x512", "cpu")
    except NotImplementedError as error:
        pytest.skip(str(error))
    assert np.isfinite(benchmark.run())


def test_a_misspelt_profile_is_refused(monkeypatch):
    monkeypatch.setattr(_common, "PROFILE", "huge")
    with pytest.raises(ValueError, match="BENCHMARK_SIZE must be one of smoke, regular, large, got 'huge'"):
        _common.require_device("cpu")


def test_benchmarks_of_cldice_take_their_iterations(monkeypatch):
    monkeypatch.setitem(_common.SIZES, "2D 512x512", (1, 1, 32, 32))
    from benchmarks.bench_iterations import MemoryCLDice, RatioCLDice

    for benchmark in (RatioCLDice(), MemoryCLDice()):
        benchmark.setup(3, "2D 512x512", "cpu")
        assert benchmark.loss.iterations == 3
        assert np.isfinite(benchmark.run())


def test_benchmarks_of_the_loop_run(monkeypatch):
    from benchmarks import bench_batches

    monkeypatch.setitem(bench_batches.PATCHES, "2D 2x512x512", (1, (16, 16)))
    monkeypatch.setattr(bench_batches, "_ITERATIONS", 3)
    batch = bench_batches.TrackBatch()
    batch.setup("2D 2x512x512")
    assert batch.track_seconds("2D 2x512x512") > 0
    loop = bench_batches.TrackLoop()
    loop.setup("2D 2x512x512", 0.001, 2)
    assert loop.track_ratio("2D 2x512x512", 0.001, 2) > 0
    assert loop.track_median_overhead("2D 2x512x512", 0.001, 2) > 0


def test_benchmark_of_threads_runs(monkeypatch):
    from benchmarks import bench_threads

    monkeypatch.setattr(bench_threads, "_SHAPE", (2, 1, 24, 24))
    benchmark = bench_threads.TrackThreads()
    benchmark.setup("topoloss", 2)
    assert benchmark.track_speedup("topoloss", 2) > 0
    benchmark.teardown("topoloss", 2)
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize("loop", ["ours", "monai"])
def test_loops_make_steps(loop, monkeypatch):
    from benchmarks import loops

    monkeypatch.setattr(loops, "PATCH", (32, 32))
    batches, step = loops.LOOPS[loop](0)
    image, target = next(batches)
    assert image.shape == target.shape == (2, 1, 32, 32)
    assert set(target.unique().tolist()) <= {0, 1}
    step((image, target))
    assert step(next(batches)) > 0


def test_rotations_agree_inside():
    from benchmarks import rotations

    label = _common.tubes((64, 48)).astype(np.uint8)
    image = np.random.default_rng(0).standard_normal((1, 64, 48)).astype(np.float32)
    inner = (0, slice(20, 44), slice(16, 32))
    ours, scipys = (np.asarray(rotations.ROTATIONS[name](image, label)[0])[inner] for name in ("ours", "SciPy"))
    np.testing.assert_allclose(ours, scipys, atol=1e-5)


def test_benchmark_of_the_start_runs():
    from benchmarks.bench_start import TrackStart

    benchmark = TrackStart()
    benchmark.setup("warm")
    assert benchmark.track_cpu("warm") > 0
    benchmark.teardown("warm")
