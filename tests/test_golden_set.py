"""The golden values are complete, small and read back as they were written."""

import golden
import numpy as np
from golden import packed


def test_arrays_read_back_as_written(tmp_path):
    rng = np.random.default_rng(0)
    exact = {
        "a/loss": np.array(0.1),
        "a/cells": rng.integers(-300, 300, (7, 2)).astype(np.int16),
        "none": np.zeros((0, 3)),
    }
    rounded = {"a/grad": rng.normal(size=(2, 1, 40, 40)) * 1e-5}
    packed.write(tmp_path / "set.npz", exact, rounded)
    found = packed.read(tmp_path / "set.npz")
    for name, array in exact.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    largest = np.abs(rounded["a/grad"]).max()
    np.testing.assert_allclose(found["a/grad"], rounded["a/grad"], rtol=0, atol=6e-8 * largest)
    assert found["a/grad"].dtype == np.float32


def test_every_case_has_values():
    numbers = {"project": 195, "official": 1085, "more": 393, "clce": 168}
    for collection, number in numbers.items():
        contents = golden.manifest(collection)["cases"]
        assert len(contents) == number
        for content in contents:
            assert golden.Case(collection, content).names, content["key"]


def test_the_set_stays_small():
    assert sum(path.stat().st_size for path in golden.HERE.rglob("*") if path.suffix != ".pyc") < 6_000_000
