"""Make the files of this folder from the full set: `PYTHONPATH=tests python -m golden.pack SOURCE`.

SOURCE holds golden.npz, official/ and more/, as the generators of the values wrote them. The README says what is
rounded and what is left out here.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

from golden.packed import write

HERE = Path(__file__).parent
# fields up to this size stay in float64: edge cases, of the project's set in 3D too, since there sums over
# pixels of equal value are compared
EXACT_SIZE = {"project": 1100, "official": 500, "more": 500, "clce": 500}
SMALLEST = 1e-30  # a field below it (a saturated prediction's gradient) would leave float32
INPUTS = ("logits", "weights", "uniform_noise")  # what goes in, so never rounded below float32
MANIFESTS = {
    "project": "manifest.json",
    "official": "official/manifest.json",
    "more": "more/manifest_more.json",
    "clce": "more/clce_manifest.json",
}
FAMILY = re.compile(r"[a-z]+(_skeleton)?")  # the project's set names it in the key alone: soft_skeleton_k3, thpm
FILES = {"project": "golden.npz", "more": "more/golden_more.npz", "clce": "more/clce.npz"}
# the larger inputs of the project's set keep one variant of a field: the official set has all of them at these sizes
THINNED_INPUTS = ("in1_2d/", "in2_3d/", "in3_3d/")
THINNED_CASES = (
    "soft_skeleton_k3",
    "soft_skeleton_k10",
    "soft_skeleton_k24",
    "cldice_k3",
    "cldice_k24",
    "scnp_w5",
    "scnp_w7",
)
# what no test asks: shapes are in the files, the rest was said once about the making
UNUSED = (
    "arrays",
    "finite",
    "gradient_of",
    "loss_shape",
    "own_formula",
    "probabilities_distinct_in_float32",
    "project_losses_clce_gamma1",
)


def is_left_out(collection: str, name: str, array: np.ndarray) -> bool:
    """Tell whether a field is left out: of a thinned input, or of a float32 run, whose float64 twin serves both."""
    if array.size <= EXACT_SIZE[collection] or array.dtype.kind != "f":
        return False
    if collection == "project":
        return name.startswith(THINNED_INPUTS) and name.split("/")[1] in THINNED_CASES
    return "/f32/" in name


def is_rounded(collection: str, name: str, array: np.ndarray) -> bool:
    """Tell whether a field is rounded: a large one that is neither an input nor made of the input's own values."""
    if array.size <= EXACT_SIZE[collection] or array.dtype.kind != "f" or name.split("/")[-1] in INPUTS:
        return False
    made_of_inputs = name.endswith("/output") and ("/scnp_w" in name or "/hazard_logits" in name)
    return not made_of_inputs and np.abs(array).max() > SMALLEST


def as_small_as_exact(name: str, array: np.ndarray) -> np.ndarray:
    """Return fields that are exact in float32 in it, large weights in it too, and everything else as it is."""
    fits = array.dtype == np.float64 and array.size > 1 and np.array_equal(array.astype(np.float32), array)
    large_weights = name.endswith("/weights/weights") and array.size > EXACT_SIZE["project"]
    return array.astype(np.float32) if fits or large_weights else array


def pack_arrays(source: Path, collection: str, files: list[str]) -> tuple[set[str], set[str]]:
    """Write the values of one collection, file by file, and return the names of those kept and those left out."""
    names: tuple[set[str], set[str]] = (set(), set())
    for file in files:
        arrays = dict(np.load(source / file))
        kept = {name: a for name, a in arrays.items() if not is_left_out(collection, name, a)}
        rounded = {name: a for name, a in kept.items() if is_rounded(collection, name, a)}
        exact = {name: as_small_as_exact(name, a) for name, a in kept.items() if name not in rounded}
        write(HERE / (file if collection == "official" else f"{collection}.npz"), exact, rounded)
        names[0].update(kept)
        names[1].update(arrays.keys() - kept.keys())
    return names


def pack_manifest(manifest: dict[str, Any], collection: str, kept: set[str], left_out: set[str]) -> None:
    """Write the manifest of one collection, one case a line; tolerances stand once and cases name their number."""
    cases = []
    manifest.pop("conventions", None)  # those of the full set; the README has those of this folder
    manifest["tolerances"] = []
    for full in manifest.pop("cases"):
        case = {key: value for key, value in full.items() if key not in UNUSED}
        twins = sorted(n for n in full["arrays"] if "/f32" in case["key"] and f"{case['key']}/{n}" in left_out)
        if twins:
            case["as_float64"] = twins
        elif not any(f"{case['key']}/{name}" in kept for name in full["arrays"]):
            continue
        case.setdefault("family", FAMILY.match(case["key"].split("/")[-1])[0])
        if (tolerance := case.get("tolerance")) is not None:
            if tolerance not in manifest["tolerances"]:
                manifest["tolerances"].append(tolerance)
            case["tolerance"] = manifest["tolerances"].index(tolerance)
        cases.append(case)
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    head = json.dumps(manifest, indent=1)[1:-2]
    (HERE / f"{collection}.json").write_text(f'{{{head},\n "cases": [\n{lines}\n]}}\n')


def pack(source: Path, collection: str) -> None:
    """Write the values and the manifest of one collection."""
    manifest = json.loads((source / MANIFESTS[collection]).read_text())
    official = sorted({f"official/{case['file']}" for case in manifest["cases"] if "file" in case})
    names = pack_arrays(source, collection, [FILES[collection]] if collection in FILES else official)
    pack_manifest(manifest, collection, *names)


if __name__ == "__main__":
    for each in MANIFESTS:
        pack(Path(sys.argv[1]), each)
