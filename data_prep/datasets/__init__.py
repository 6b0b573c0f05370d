"""Content only: one file for each dataset, found through the registry."""
