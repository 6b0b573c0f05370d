"""Everything in a results folder: paths, atomically written files, records, plans, collected results."""
