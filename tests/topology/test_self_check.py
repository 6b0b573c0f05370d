"""Kernels that check themselves: trusted when right, replaced with one warning when wrong."""

import warnings

import pytest
import torch

import topology
from topology import _soft_skeleton_of_batches as of_batches
from topology import _soft_skeleton_of_images as of_images
from topology import _soft_skeleton_of_tensors as of_tensors
from topology import self_check

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    monkeypatch.setattr(self_check, "_found", {})


def wrong_value(p, iterations):
    return of_tensors.SoftSkeleton.apply(p, iterations) * 1.01


def wrong_gradient(p, iterations):
    right = of_tensors.SoftSkeleton.apply(p, iterations)
    return right.detach() + 2 * (right - right.detach())


def does_not_compile(p, iterations):
    raise RuntimeError("PassManager::run failed\nand much more")


@pytest.mark.parametrize(
    ("kernel", "reason"),
    [
        (wrong_value, "AssertionError"),
        (wrong_gradient, "AssertionError"),
        (does_not_compile, "PassManager::run failed"),
    ],
)
def test_wrong_kernel_is_replaced_with_one_warning(kernel, reason, monkeypatch):
    monkeypatch.setattr(of_images, "fits", lambda p: False)
    monkeypatch.setattr(of_batches, "fits", lambda p: True)
    monkeypatch.setattr(of_batches, "SoftSkeleton", type("Kernel", (), {"apply": staticmethod(kernel)}))
    p = torch.rand(1, 1, 12, 11)
    with pytest.warns(RuntimeWarning, match="Triton kernel in 2D does not compute on cpu") as told:
        found = topology.soft_skeleton(p, 3)
    (message,) = (str(warning.message) for warning in told)
    assert reason in message
    assert f"torch {torch.__version__}" in message
    assert torch.equal(found, of_tensors.SoftSkeleton.apply(p, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        topology.soft_skeleton(p, 3)
    ((name, said),) = self_check.report().items()
    assert name == "the soft skeleton's Triton kernel in 2D on cpu"
    assert reason in said


def test_right_kernel_is_used_and_compared_once(monkeypatch):
    calls = []

    def right(p, iterations):
        calls.append(p.shape)
        return of_tensors.SoftSkeleton.apply(p, iterations)

    monkeypatch.setattr(of_images, "fits", lambda p: False)
    monkeypatch.setattr(of_batches, "fits", lambda p: True)
    monkeypatch.setattr(of_batches, "SoftSkeleton", type("Kernel", (), {"apply": staticmethod(right)}))
    with torch.inference_mode():
        for _ in range(2):
            topology.soft_skeleton(torch.rand(1, 1, 12, 11), 3)
    assert calls == [(2, 1, 9, 7), (1, 1, 12, 11), (1, 1, 12, 11)]  # the check, in 2D alone, and two uses
    assert list(self_check.report().values()) == [self_check.PASSED]


def test_check_leaves_the_random_state_alone():
    before = torch.get_rng_state()
    self_check.fixed_input((2, 1, 9, 7), CPU)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("shape", [(2, 1, 9, 7), (1, 2, 5, 6, 4), (1, 2, 24, 19), (1, 1, 7, 8, 9)])
def test_fixed_input_has_different_values(shape):
    values = self_check.fixed_input(shape, CPU)
    assert len(values.unique()) == values.numel()
    assert 0 < values.min() <= values.max() == 1


def test_thinning_and_flooding_of_tensors_pass_their_checks():
    from topology import components, skeletons

    assert skeletons._thins_on(CPU)
    assert components._floods_on(CPU, 4)
    assert components._floods_on(CPU, 5)


def test_wrong_thinning_and_flooding_are_found(monkeypatch):
    from topology import _flooding_of_tensors, _thinning_of_tensors, components, skeletons

    monkeypatch.setattr(_thinning_of_tensors, "thin_2d", lambda mask: mask)
    monkeypatch.setattr(_flooding_of_tensors, "reached", lambda mask, seeds, full: mask)
    with pytest.warns(RuntimeWarning, match="thinning of images"):
        assert not skeletons._thins_on(CPU)
    with pytest.warns(RuntimeWarning, match="flooding of masks"):
        assert not components._floods_on(CPU, 4)
    with pytest.warns(RuntimeWarning, match="flooding of masks in 3D"):
        assert not components._floods_on(CPU, 5)
