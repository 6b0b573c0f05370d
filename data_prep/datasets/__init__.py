"""Content only: one file a dataset, found through the registry."""
