"""The papers' headline claims, and what the runs say to them."""
