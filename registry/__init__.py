"""Registers: what they have in common, and the wording of an unknown name."""
