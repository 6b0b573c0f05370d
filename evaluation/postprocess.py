"""Post-processing after fine-tuning (ContextLoss, algorithm 2)."""

import numpy as np

import topology


def keep_touching(prediction: np.ndarray, pretrained: np.ndarray) -> np.ndarray:
    """Keep only the structures of the fine-tuned prediction that the pretraining prediction already has.

    Of each foreground class, the connected components (full adjacency: 8 in 2D, 26 in 3D) that share at least one pixel
    with the pretraining prediction of the same class are kept; the others become background. No size threshold is
    needed and nothing is added. "Touch" is read as overlap: this project's reading.

    Args:
        prediction: class indices of the fine-tuned network, integers (H, W) or (D, H, W).
        pretrained: class indices of the pretraining network, same shape.

    Returns:
        Class indices, of the prediction's type.

    Raises:
        ValueError: the shapes differ.

    Reference:
        ContextLoss, algorithm 2: "only those structures stay that are already present in the pretrained prediction".
    """
    if prediction.shape != pretrained.shape:
        raise ValueError(f"`pretrained` must have the prediction's shape {prediction.shape}, got {pretrained.shape}")
    kept = np.zeros_like(prediction)
    for value in np.unique(prediction[prediction > 0]):
        kept[topology.touching_components(prediction == value, pretrained == value)] = value
    return kept
