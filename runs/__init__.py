"""Everything that lies in a results folder: paths, files that appear whole, records, plans, collected results."""
