"""Tables and the figure of scored predictions: reads what `evaluation.scoring` wrote, and measures nothing."""
