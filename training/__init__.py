"""Training: networks, patches, the loop, whole-image inference, post-processing, checkpoints, provenance.

Importing this package imports nothing heavy; `training.paths`, `training.files`, `training.record` and
`training.evaluate` work without torch, so that tables and the workflow may use them.
"""
