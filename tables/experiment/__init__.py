"""An experiment's tables and figures: every loss beside the others, dataset by dataset."""
