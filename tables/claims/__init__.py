"""The papers' headline claims, and the evidence of the runs."""
