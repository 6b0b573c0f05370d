"""Loops over pixels, compiled to machine code on their first call.

Each file holds the kernels of one primitive and imports numba, so it is imported where it is used, never with
`topology`. Kernels work on C-contiguous numpy arrays, release the interpreter's lock, and have an alternative in torch
or SciPy in the module that calls them, for machines without numba (`topology.kernels.compiled.usable`).
"""
