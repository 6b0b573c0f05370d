"""A paper's tables: what they need, what is planned, measured beside published."""
