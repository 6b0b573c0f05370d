"""How kernels are compiled and run on several images."""

import subprocess
import sys
import threading

import pytest
import torch

import topology
from topology.kernels import compiled


@pytest.fixture
def threads():
    """Allow torch two threads, whatever the tests run with."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
def test_items_run_side_by_side_and_come_back_in_order():
    meeting = threading.Barrier(2, timeout=20)  # one thread alone would wait for ever

    def run(item: int) -> int:
        meeting.wait()
        return item * item

    assert compiled.for_each(run, range(4)) == [0, 1, 4, 9]


@pytest.mark.usefixtures("threads")
def test_calls_within_calls_share_the_threads():
    def run(item: int) -> set[int]:
        return set(compiled.for_each(lambda _: threading.get_ident(), range(4)))

    assert all(len(idents) == 1 for idents in compiled.for_each(run, range(2)))
    meeting = threading.Barrier(2, timeout=20)
    assert len(compiled.for_each(lambda _: compiled.for_each(lambda _: meeting.wait(), range(2)), range(1))[0]) == 2


@pytest.mark.usefixtures("threads")
def test_a_batch_on_two_threads_is_that_of_single_images():
    p = torch.rand(3, 2, 20, 17, requires_grad=True)
    q = p.detach().clone().requires_grad_()
    whole = topology.soft_skeleton(p, 5)
    singles = torch.stack([topology.soft_skeleton(image[None, None], 5)[0, 0] for image in q.flatten(0, 1)])
    assert torch.equal(whole.flatten(0, 1), singles)
    whole.square().sum().backward()
    singles.square().sum().backward()
    assert torch.equal(p.grad, q.grad)


def test_where_nothing_can_be_written_kernels_are_compiled_all_the_same(monkeypatch):
    import numba

    njit = numba.njit

    def without_cache(**options: object):
        if options.get("cache"):
            raise RuntimeError("cannot cache function 'f': no locator available for file 'f.py'")
        return njit(**options)

    monkeypatch.setattr(numba, "njit", without_cache)
    assert compiled.compiled(lambda x: x + 1)(1) == 2


@pytest.mark.parametrize(("value", "expected"), [("0", False), ("1", True)])
def test_kernels_can_be_switched_off(monkeypatch, value, expected):
    monkeypatch.setenv(compiled.SWITCH, value)
    assert compiled.usable() is expected


def test_importing_the_rooms_does_not_import_numba():
    code = "import sys, topology, losses, metrics; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
