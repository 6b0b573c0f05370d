"""Patches: from (seed, iteration) alone, with foreground, padded where the image is small."""

import numpy as np
import pytest

from training import augment
from training.patches import Sampler, generator, normalize, pad


class Memory:
    """A dataset in memory that counts how often an image is read."""

    def __init__(self, shapes, foreground=True):
        self.reads = 0
        self.labels = {}
        for index, shape in enumerate(shapes):
            label = np.zeros(shape, np.uint8)
            if foreground:
                label[(1,) * len(shape)] = 1
                label[(-2,) * len(shape)] = 2
            self.labels[f"c{index}"] = label

    def image(self, case):
        self.reads += 1
        return np.random.default_rng(len(case)).normal(size=(2, *self.labels[case].shape)).astype(np.float32)

    def label(self, case):
        return self.labels[case]

    def ignored(self, case):
        return None


def sampler(data, **changes):
    options = {"patch_size": [8, 8], "batch_size": 3, "foreground_share": 0.5, "augmented": True, "seed": 1}
    return Sampler(data, list(data.labels), **options | changes)


def test_batch_depends_on_seed_and_iteration_alone():
    data = Memory([(20, 30), (16, 16)])
    undisturbed = sampler(data)
    for _ in range(3):
        undisturbed.batch(0)
    for first, second in zip(undisturbed.batch(7), sampler(Memory([(20, 30), (16, 16)])).batch(7), strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(undisturbed.batch(7)[0], undisturbed.batch(8)[0])
    assert not np.array_equal(undisturbed.batch(7)[0], sampler(data, seed=2).batch(7)[0])


@pytest.mark.parametrize("shape", [(20, 30), (5, 30), (6, 7)])
def test_batch_has_the_patch_size(shape):
    images, target = sampler(Memory([shape])).batch(0)
    assert images.shape == (3, 2, 8, 8)
    assert images.dtype == np.float32
    assert target.shape == (3, 1, 8, 8)
    assert target.dtype == np.int64


def test_foreground_share_one_always_shows_foreground_of_every_class():
    always = sampler(Memory([(40, 40)]), foreground_share=1.0)
    shown = [np.unique(always.batch(iteration)[1][0]).tolist() for iteration in range(20)]
    assert {tuple(each) for each in shown} == {(0, 1), (0, 2)}
    seldom = sampler(Memory([(80, 80)]), foreground_share=0.0)
    assert sum(seldom.batch(iteration)[1].any() for iteration in range(20)) < 10


def test_patches_reach_every_corner_of_an_image():
    """A single foreground pixel in the corner would be missed by a patch that begins one pixel beside it."""
    for corner in ((0, 0), (0, 19), (19, 0), (19, 19)):
        data = Memory([(20, 20)], foreground=False)
        data.labels["c0"][corner] = 1
        drawn = sampler(data, foreground_share=1.0, augmented=False)
        assert all(drawn.batch(iteration)[1][0].any() for iteration in range(3)), corner


def test_image_without_foreground_gives_patches():
    assert not sampler(Memory([(20, 20)], foreground=False), foreground_share=1.0).batch(0)[1].any()


def test_cache_is_bounded():
    data = Memory([(20, 20)] * 3)
    roomy = sampler(data)
    for iteration in range(10):
        roomy.batch(iteration)
    assert data.reads == 3
    tight = sampler(data, cache_bytes=1)
    for iteration in range(10):
        tight.batch(iteration)
    assert data.reads > 6
    np.testing.assert_array_equal(tight.batch(4)[0], roomy.batch(4)[0])


def test_no_cases_is_refused():
    with pytest.raises(ValueError, match="`cases` must name"):
        sampler(Memory([]))


def test_normalize_gives_each_channel_zero_mean_and_unit_deviation():
    image = np.stack([np.arange(12.0).reshape(3, 4) * 7 + 5, np.full((3, 4), 9.0)])
    result = normalize(image)
    assert result.dtype == np.float32
    assert result[0].mean() == pytest.approx(0, abs=1e-6)
    assert result[0].std() == pytest.approx(1, abs=1e-6)
    assert not result[1].any()


def test_pad_adds_background_evenly():
    image, label = pad(np.ones((1, 3, 9), np.float32), np.ones((3, 9), np.uint8), [8, 8])
    assert image.shape == (1, 8, 9)
    np.testing.assert_array_equal(label[:, 0], [0, 0, 1, 1, 1, 0, 0, 0])


@pytest.mark.parametrize("shape", [(9, 9), (9, 6), (5, 6, 6)])
def test_turn_moves_image_and_label_alike(shape):
    label = np.random.default_rng(0).integers(0, 3, shape).astype(np.uint8)
    seen = set()
    for seed in range(30):
        image, turned = augment.turn(label[None].astype(np.float32), label, generator(seed, 0))
        assert turned.shape == shape
        np.testing.assert_array_equal(image[0], turned)
        seen.add(turned.tobytes())
    assert len(seen) > 3


@pytest.mark.parametrize("shape", [(20, 20), (8, 10, 12)])
def test_rotate_makes_no_class_up(shape):
    label = np.zeros(shape, np.uint8)
    label[4:7] = 3
    image, rotated = augment.rotate(label[None].astype(np.float32), label, generator(0, 0))
    assert image.shape == (1, *shape)
    assert set(np.unique(rotated)) == {0, 3}
    assert np.abs(image[0] - rotated).mean() < 0.4


def test_intensity_stays_finite_on_a_constant_image():
    for seed in range(40):
        changed = augment.intensity(np.zeros((1, 6, 6), np.float32), generator(seed, 0))
        assert changed.dtype == np.float32
        assert np.isfinite(changed).all()


def test_each_channel_is_normalised_as_a_whole():
    """Not line by line: what differs between lines must not get lost."""
    image = np.random.default_rng(0).normal(3, 5, (2, 9, 11)) + np.arange(9)[:, None]
    found = normalize(image)
    for channel, plain in zip(found, image, strict=True):
        np.testing.assert_allclose(channel, (plain - plain.mean()) / plain.std(), rtol=1e-5, atol=1e-6)
    assert not normalize(np.full((1, 4, 5), 7.0)).any()
