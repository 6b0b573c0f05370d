"""Batches made ahead: the same bits for any number of workers, and the values of the slow augmentation."""

import threading

import numpy as np
import pytest
import torch

from tests.reference import slow_augment
from training import augment
from training.batches import BY_CORES, batches, resolve_workers
from training.patches import Sampler, copy_tiles, generator


class Images:
    """A few images in memory, which notices how many threads read the same one at once."""

    def __init__(self, shape=(40, 30), count=3):
        self.shape = shape
        self.names = [f"c{index}" for index in range(count)]
        self.reads = []

    def image(self, case):
        self.reads.append(case)
        return np.random.default_rng(int(case[1:])).normal(size=(2, *self.shape)).astype(np.float32)

    def label(self, case):
        return (self.image(case)[0] > 1).astype(np.uint8)

    def ignored(self, case):
        return None


def sampler(data, **changes):
    options = {"patch_size": [16, 16], "batch_size": 2, "foreground_share": 0.3, "augmented": True, "seed": 5}
    return Sampler(data, data.names, **options | changes)


@pytest.mark.parametrize("cache_bytes", [2**30, 1])
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_batches_are_the_same_for_any_number_of_workers(workers, cache_bytes):
    alone = sampler(Images())
    together = sampler(Images(), cache_bytes=cache_bytes)
    for number, (images, target) in enumerate(batches(together, range(3, 23), workers)):
        wanted = alone.batch(3 + number)
        assert torch.equal(images, torch.from_numpy(wanted[0]))
        assert torch.equal(target, torch.from_numpy(wanted[1]))
    assert number == 19


def test_batches_are_made_while_others_wait():
    meeting = threading.Barrier(2, timeout=20)  # one thread alone would wait for ever

    class Meets:
        def batch(self, iteration):
            meeting.wait()
            return np.full(1, iteration), np.zeros(1)

    assert [int(images) for images, _ in batches(Meets(), range(6), 2)] == list(range(6))


def test_no_more_batches_are_made_than_two_for_each_worker():
    made = []

    class Counts:
        def batch(self, iteration):
            made.append(iteration)
            return np.zeros(1), np.zeros(1)

    drawn = batches(Counts(), range(1000), 2)
    next(drawn)
    drawn.close()  # waits for the workers
    assert len(made) <= 5


def test_failure_of_a_worker_is_raised_when_its_batch_is_due():
    class Breaks:
        def batch(self, iteration):
            if iteration == 2:
                raise OSError("the disk is gone")
            return np.zeros(1), np.zeros(1)

    drawn = batches(Breaks(), range(5), 2)
    next(drawn)
    next(drawn)
    with pytest.raises(OSError, match="the disk is gone"):
        next(drawn)


def test_a_case_that_cannot_be_read_is_named_in_every_thread():
    class Unreadable(Images):
        def image(self, case):
            raise ValueError(f"case {case} is broken")

    for workers in (0, 2):
        with pytest.raises(ValueError, match="is broken"):
            next(batches(sampler(Unreadable()), range(4), workers))


def test_workers_by_cores():
    assert resolve_workers(0, 1) == 0
    assert resolve_workers(7, 1) == 7
    assert 0 <= resolve_workers(BY_CORES, 1) <= 8
    assert resolve_workers(BY_CORES, 10_000) <= 1


@pytest.mark.parametrize("shape", [(16, 16), (9, 14), (8, 8, 12), (7, 9, 9)])
def test_augmentation_has_the_bits_of_the_slow_one(shape):
    big = np.random.default_rng(0).normal(size=(2, *[side + 5 for side in shape])).astype(np.float32)
    image = big[(slice(None), *[slice(2, 2 + side) for side in shape])]
    label = (image[0] > 0.5).astype(np.uint8)
    for seed in range(150):
        changed, moved = augment.augment(image, label, generator(seed, 0))
        wanted, truth = slow_augment.augment(image, label, generator(seed, 0))
        np.testing.assert_array_equal(changed, wanted)
        np.testing.assert_array_equal(moved, truth)
        assert changed.dtype == np.float32


@pytest.mark.parametrize("shape", [(20, 20), (1, 7), (2, 3), (31, 17), (8, 10, 12), (13, 1, 9)])
@pytest.mark.parametrize("kernels", ["0", "1"])
def test_rotation_has_the_bits_of_scipy_s(shape, kernels, monkeypatch):
    monkeypatch.setenv("TOPOLOGY_KERNELS", kernels)
    image = np.random.default_rng(1).normal(size=(2, *shape)).astype(np.float32)
    label = np.random.default_rng(2).integers(0, 5, shape).astype(np.uint8)
    for seed in range(20):
        rotated, classes = augment.rotate(image, label, generator(seed, 1))
        wanted, truth = slow_augment.rotate(image, label, generator(seed, 1))
        np.testing.assert_array_equal(rotated, wanted)
        np.testing.assert_array_equal(classes, truth)


@pytest.mark.parametrize("axes", [(0, 1, 2), (0, 2, 1), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_copy_across_memory_is_a_copy(axes):
    source = np.random.default_rng(0).normal(size=(3, 150, 140)).transpose(axes)[:, ::-1]
    target = np.empty(source.shape)
    copy_tiles(source, target)
    np.testing.assert_array_equal(target, source)
