"""Checkpoints: written completely or not at all, read without unpickling anything but tensors and plain values."""

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runs import files
from runs.record import InitialWeights

if TYPE_CHECKING:
    import torch
    from torch import nn

_KEYS = {"model", "optimizer", "scaler", "iteration", "history", "peak_memory", "training_hash", "network"}
_OPTIONAL = {"validation"}


def save(path: str | Path, content: dict[str, Any]) -> Path:
    """Write a checkpoint atomically.

    Args:
        path: the file to create or replace.
        content: model, optimizer and scaler state, iteration, history, peak memory, training hash, network; and
            validations where there are any.

    Returns:
        `path`.
    """
    import torch

    buffer = io.BytesIO()
    torch.save(content, buffer)
    return files.write_atomic(path, buffer.getvalue())


def load(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint to the CPU, with `weights_only=True`.

    Args:
        path: the file.

    Returns:
        The content given to `save`.

    Raises:
        FileNotFoundError: there is none.
        ValueError: the file is corrupt, or not a checkpoint of this suite; with its path.
    """
    import torch

    if not Path(path).is_file():
        raise FileNotFoundError(f"checkpoint {path} does not exist")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for damaged files: EOFError, RuntimeError, UnpicklingError
        raise ValueError(f"checkpoint {path} is corrupt ({_first_line(error)}); delete it and train again") from error
    if not isinstance(content, dict) or not _KEYS <= set(content) <= _KEYS | _OPTIONAL:
        raise ValueError(f"{path} is no checkpoint of this suite: want a mapping with {', '.join(sorted(_KEYS))}")
    return content


def load_weights(path: str | Path, model: "nn.Module", network: dict[str, Any]) -> InitialWeights:
    """Start `model` from the weights of another run.

    Args:
        path: that run's checkpoint.pt.
        model: the network that gets the weights.
        network: description of `model`: name, parameters, dims, channels, classes.

    Returns:
        Path, SHA-256 of the file and of the weights alone.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is corrupt, or of another network.
    """
    content = load(path)
    if content["network"] != network:
        raise ValueError(f"`init_from` {path} is of another network: {content['network']}, this run has {network}")
    try:
        model.load_state_dict(content["model"])
    except RuntimeError as error:
        raise ValueError(f"`init_from` {path} does not fit the network: {_first_line(error)}") from error
    weights = weights_sha256(content["model"])
    return InitialWeights(str(path), files.sha256(path), weights)


def weights_sha256(state: "dict[str, torch.Tensor]") -> str:
    """Return the SHA-256 over names, types, shapes and bytes of all weights: equal if and only if the weights are.

    Args:
        state: a network's state.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for name in sorted(state):
        array = state[name].detach().cpu().contiguous().numpy()
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:200]}"
