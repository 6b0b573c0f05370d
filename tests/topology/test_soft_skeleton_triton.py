"""Triton's kernels for GPUs, run by Triton's interpreter on the CPU, against the compiled loops."""

import importlib.util
import os
import subprocess
import sys

import pytest
import torch

import topology
from topology import _soft_skeleton_of_batches as of_batches

if importlib.util.find_spec("triton") is None:
    pytest.skip("needs triton, which comes with CUDA builds of torch: pip install triton", allow_module_level=True)
os.environ["TRITON_INTERPRET"] = "1"  # read when the kernels are imported


@pytest.mark.parametrize("shape", [(2, 1, 9, 7), (1, 2, 40, 37), (1, 1, 1, 5), (1, 2, 5, 6, 4), (1, 1, 2, 1, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("iterations", [0, 5])
def test_value_and_gradient_are_those_of_the_loops(shape, dtype, iterations):
    count = int(torch.tensor(shape).prod())
    generator = torch.Generator().manual_seed(4)
    p = ((torch.randperm(count, generator=generator) + 1).to(dtype) / count).view(shape).requires_grad_()
    q = p.detach().clone().requires_grad_()
    weights = torch.randn(shape, generator=generator, dtype=dtype)
    found = of_batches.SoftSkeleton.apply(p, iterations)
    expected = topology.soft_skeleton(q, iterations)
    assert torch.equal(found, expected)
    (weights * found).sum().backward()
    (weights * expected).sum().backward()
    torch.testing.assert_close(p.grad, q.grad)


def test_a_ridge_of_one_leaves_nothing_to_the_other_levels():
    p = torch.zeros(1, 1, 7, 7)
    p[0, 0, 3, 3] = 1
    p.requires_grad_()
    of_batches.SoftSkeleton.apply(p, 3)[0, 0, 3, 3].backward()
    assert p.grad[0, 0, 3, 3] == 1


def test_without_a_gradient_nothing_is_kept():
    assert not of_batches.SoftSkeleton.apply(torch.rand(1, 1, 6, 6), 2).requires_grad


COMPILE = """
import triton
from triton.backends.compiler import GPUTarget
from topology.kernels import soft_skeletons_triton as kernels

constants = {"BLOCK": kernels.BLOCK, "REMEMBER": True, "TRACE": True, "DEEP": 1}
for name in ("_erode", "_accumulate", "_ridge_backward", "_open_backward", "_erode_backward"):
    kernel = getattr(kernels, name)
    given = {n: constants[n] for n in kernel.arg_names if n in constants}
    kinds = {"winners": "*i8", **dict.fromkeys(("number", "D", "H", "W"), "i32")}
    types = {n: kinds.get(n, "*fp32") for n in kernel.arg_names}
    source = triton.compiler.ASTSource(kernel, {**types, **dict.fromkeys(given, "constexpr")}, given)
    compiled = triton.compile(source, target=GPUTarget("cuda", 90, 32), options={"enable_fp_fusion": False})
    assert "fma" not in compiled.asm["ptx"], name
"""


def test_kernels_compile_for_a_gpu_and_round_as_written():
    """Compiling needs no GPU; a fused multiplication and addition would change the last bit."""
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    done = subprocess.run([sys.executable, "-c", COMPILE], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
