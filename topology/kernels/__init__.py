"""Loops over pixels, compiled to machine code on their first call.

Each file holds the kernels of one primitive and imports numba with them, so it is imported where it is used, never with
`topology`. Kernels work on C-contiguous numpy arrays, release the interpreter's lock, and have a counterpart in torch
or SciPy beside the door that calls them, which runs where numba cannot (`topology.kernels.compiled.usable`).
"""
