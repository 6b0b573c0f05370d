"""Shared parts of all figures: style, images and error maps."""
