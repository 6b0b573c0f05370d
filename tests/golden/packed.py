"""The container of the golden values: thousands of small arrays in one file of pools, one pool for each kind of number.

An `.npz` of 3,800 arrays spends more on their headers than on their values. Here all arrays of one kind lie end to end,
their bytes are sorted by significance and compressed by LZMA, and `index` says which name has which kind and shape.
The kind `rounded` holds large fields as 24-bit fractions of the power of two above their largest entry. That is within
6e-8 of the largest entry, the bound that float32 has too, and exact in float32, in which `read` returns them.
"""

import json
import zipfile
from pathlib import Path

import numpy as np

ROUNDED = "rounded"
_LEVELS = 2**24
_DATE = (1980, 1, 1, 0, 0, 0)  # of every entry: the same values give the same file


def write(path: Path, exact: dict[str, np.ndarray], rounded: dict[str, np.ndarray]) -> None:
    """Write arrays under their names, those in `rounded` as fractions of the power of two above their largest entry."""
    pools: dict[str, list[np.ndarray]] = {}
    index, scales = [], []
    for name, array in exact.items():
        index.append((name, str(array.dtype), array.shape))
        pools.setdefault(str(array.dtype), []).append(array.ravel())
    for name, array in rounded.items():
        scales.append(2.0 ** np.ceil(np.log2(np.abs(array).max())))
        index.append((name, ROUNDED, array.shape))
        pools.setdefault(ROUNDED, []).append(np.round(array.ravel() / scales[-1] * _LEVELS).astype(np.int32))
    entries = {kind: _by_significance(np.concatenate(pool)) for kind, pool in pools.items()}
    entries["scales"] = np.array(scales)
    entries["index"] = np.frombuffer(json.dumps(index).encode(), np.uint8)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, entry in entries.items():
            with archive.open(_described(name), "w") as stream:
                np.lib.format.write_array(stream, entry)


def read(path: Path) -> dict[str, np.ndarray]:
    """Return all arrays of a file by name; rounded ones are float32."""
    with np.load(path) as stored:
        entries = {name: stored[name] for name in stored.files}
    index, scales = json.loads(entries.pop("index").tobytes()), iter(entries.pop("scales"))
    pools = {kind: np.ascontiguousarray(planes.T).ravel() for kind, planes in entries.items()}
    pools = {kind: pool.view(np.int32 if kind == ROUNDED else kind) for kind, pool in pools.items()}
    arrays, used = {}, dict.fromkeys(pools, 0)
    for name, kind, shape in index:
        start, used[kind] = used[kind], used[kind] + int(np.prod(shape))
        array = pools[kind][start : used[kind]].reshape(shape)
        arrays[name] = (array * (next(scales) / _LEVELS)).astype(np.float32) if kind == ROUNDED else array
    return arrays


def _by_significance(pool: np.ndarray) -> np.ndarray:
    """Return the bytes as one row for each place in the number: rows of like bytes compress well."""
    return np.ascontiguousarray(pool.view(np.uint8).reshape(-1, pool.dtype.itemsize).T)


def _described(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(f"{name}.npy", _DATE)
    entry.compress_type = zipfile.ZIP_LZMA
    return entry
