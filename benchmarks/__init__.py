"""Time and memory of losses, metrics and topology, tracked by asv; generated from the registers."""
