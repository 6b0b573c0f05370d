"""Names of files, folders and labels of a prepared dataset, in addition to nnU-Net's."""

FILE_ENDING = {2: ".png", 3: ".nii.gz"}
# folders fovTr and fovTs beside imagesTr and labelsTr: 1 inside the imaged area
FIELDS_OF_VIEW = "fov"
# nnU-Net's name for the label of ignored pixels, the highest in dataset.json
IGNORE = "ignore"
