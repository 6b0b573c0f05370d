"""What files, folders and labels of a prepared dataset are called, beside nnU-Net's own names."""

FILE_ENDING = {2: ".png", 3: ".nii.gz"}
# folders fovTr and fovTs beside imagesTr and labelsTr: 1 where there is an image at all
FIELDS_OF_VIEW = "fov"
# nnU-Net's name for the label of ignored pixels, the highest in dataset.json
IGNORE = "ignore"
