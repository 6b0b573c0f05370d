"""Where a run was made, as far as it can be known."""

import sys
from types import SimpleNamespace

from runs import provenance
from runs.provenance import Gpu


def test_gpus_are_asked_of_torch_where_it_is_loaded(monkeypatch):
    card = SimpleNamespace(name="a card", total_memory=2**34, major=9, minor=0)
    cuda = SimpleNamespace(is_available=lambda: True, device_count=lambda: 2, get_device_properties=lambda _: card)
    cudnn = SimpleNamespace(version=lambda: 91002)
    torch = SimpleNamespace(cuda=cuda, version=SimpleNamespace(cuda="12.8"), backends=SimpleNamespace(cudnn=cudnn))
    monkeypatch.setitem(sys.modules, "torch", torch)
    assert provenance.collect().gpus == [Gpu("a card", 2**34, "9.0", "12.8", 91002)] * 2
    cuda.is_available = lambda: False
    assert provenance.collect().gpus == []
    monkeypatch.delitem(sys.modules, "torch")
    assert provenance.collect().gpus == []
