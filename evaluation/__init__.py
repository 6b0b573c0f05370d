"""Steps that measure predictions: runs, ensembles, closings, other adjacencies."""
