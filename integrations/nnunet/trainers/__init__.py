"""The folder for nnUNet_extTrainer; nnU-Net imports the module beside this file, not the package."""
