"""Tables and the figure of scored predictions: reads the output of `evaluation.scoring`, and measures nothing."""
