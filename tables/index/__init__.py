"""The index of what has been run: a row for each dataset and experiment, with links, as a notebook and as a page."""
