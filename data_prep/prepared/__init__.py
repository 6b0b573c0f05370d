"""The prepared dataset: written, read, checked, its labels audited."""
