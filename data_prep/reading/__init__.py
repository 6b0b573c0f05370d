"""Official files: archives, folders, formats, pairs of images and labels, folds."""
