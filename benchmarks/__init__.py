"""Time and memory of losses, metrics and topology, followed by asv; generated from the registers."""
