"""The engine: experiment files, their expansion into runs, and the notebooks' execution by Snakemake."""
