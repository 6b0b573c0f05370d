"""nnU-Net trainers for every loss of the registry.

    export nnUNet_extTrainer=$(python -m integrations.nnunet path)
    nnUNetv2_train 901 2d 0 -tr nnUNetTrainer_closs,gamma=0.1

Importing this package imports neither nnU-Net nor torch. `docs/nnunet.md` describes what the trainers do.
"""
