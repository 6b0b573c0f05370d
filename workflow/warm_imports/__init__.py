"""What notebooks import, a file for each: a process imports it once, and the notebooks' kernels are forked from it."""
