"""Training: networks, patches, the loop, whole-image inference, post-processing, checkpoints, provenance.

Importing this package imports nothing heavy; `runs.paths`, `runs.files`, `runs.record` and `evaluation.evaluate` work
without torch, so that tables and the workflow can use them.
"""
