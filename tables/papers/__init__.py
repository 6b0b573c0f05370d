"""A paper's tables: what they need, what is planned, and measured beside published numbers."""
