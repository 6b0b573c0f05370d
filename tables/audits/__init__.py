"""The audit of published numbers: arithmetic that must hold, and one file for each rule."""
