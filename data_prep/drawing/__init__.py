"""Drawn trees, roads and tubes of the embedded datasets."""
