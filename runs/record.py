"""run.json: what a run records about itself, and the refusal of one in another run's folder."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from runs import files
from runs.paths import Run, parse_run
from runs.schema import from_json

NAME = "run.json"
RUNNING, COMPLETED, INTERRUPTED, FAILED = "running", "completed", "interrupted", "failed"
# Where the files lie and what computes them changes neither the experiment nor, but for rounding, its result: a run
# that is finished stays finished when the results move. `init_from` counts by its weights, not by its path.
NOT_IN_RESULT = (
    "data", "results", "init_from", "checkpoint_every", "workers", "threads", "device", "smoke", "scale", "overwrite",
    "log", "pictures",
)  # fmt: skip


@dataclass(frozen=True)
class DataUsed:
    """The dataset of a run: its name, folder and checksum, what it is, and what the run took of it."""

    name: str = ""
    folder: str = ""
    checksum: str = ""
    dims: int = 0
    channels: int = 0
    classes: list[str] = field(default_factory=list)
    training_cases: int = 0
    predicted: str = ""


@dataclass(frozen=True)
class InitialWeights:
    """The checkpoint that a run started from: its path, the file's SHA-256 and that of the weights alone."""

    path: str
    sha256: str
    weights_sha256: str


@dataclass(frozen=True)
class Memory:
    """Peak memory of a training: bytes at the peak and before it, and how it was measured."""

    bytes: int | None = None
    bytes_before: int | None = None
    kind: str = ""


@dataclass(frozen=True)
class Git:
    """The commit of the code, and whether files differed from it."""

    commit: str
    dirty: bool | None = None


@dataclass(frozen=True)
class Machine:
    """Where a run was made."""

    name: str = ""
    system: str = ""
    processor: str = ""
    cores: int | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True)
class Gpu:
    """One GPU of that machine."""

    name: str
    memory_bytes: int = 0
    capability: str = ""
    cuda: str | None = None
    cudnn: int | None = None


@dataclass(frozen=True)
class Provenance:
    """Code, packages and machine, as `runs.provenance.collect` finds them."""

    git: Git | None = None
    python: str = ""
    packages: dict[str, str | None] = field(default_factory=dict)
    machine: Machine = field(default_factory=Machine)
    gpus: list[Gpu] = field(default_factory=list)


@dataclass(frozen=True)
class RunRecord(Provenance):
    """What run.json holds; `RunRecord()` stands for a run that was never started.

    Args:
        run: what distinguishes the run.
        loss_title: printed name of its loss.
        loss_parameters: all parameters of the loss, defaults filled in.
        smoke: the numbers only show that everything works.
        exit_cause: "running", "completed", "interrupted", or "failed: " and the reason.
        parameters: of notebooks/train.ipynb, all of them.
        hash: of everything that determines the result.
        training_hash: of what determines the weights.
        sources: hash of the source files that determine the result; "" in records of older versions.
        init_from: the weights that it started from; None: from scratch.
        data: the dataset.
        network: name, parameters, dimensions, channels and number of weights of the network.
        patch_size: sides of the patch.
        normalization: of the images, in words.
        device: "cpu" or "cuda".
        half_precision: whether it was on.
        seeds: what was seeded by what.
        determinism: torch's flags.
        resumed_at: iteration at which the run went on after an interruption.
        peak_memory: of the training.
        timed: what the seconds are, in words.
        start: time of the start.
        end: time of the end; None while it runs.
        iterations_done: how many.
        last_loss: of the last iteration.
        seconds_per_iteration: median.
        weights_sha256: of the trained weights.
        validation: cases, deciding metric, the best iteration and its value, the iteration of the checkpoint, and the
            seconds of all validations, which no other time contains; empty for a run without.
        kernels: what the kernels that check themselves have found on the device, by name; "passed" or the reason.
        predictions: SHA-256 of each file of predictions/, by name; empty in records of older versions.
        traceback: of a failure.
    """

    run: Run | None = None
    loss_title: str = ""
    loss_parameters: dict[str, Any] = field(default_factory=dict)
    smoke: bool = False
    exit_cause: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    hash: str = ""
    training_hash: str = ""
    sources: str = ""
    init_from: InitialWeights | None = None
    data: DataUsed = field(default_factory=DataUsed)
    network: dict[str, Any] = field(default_factory=dict)
    patch_size: list[int] = field(default_factory=list)
    normalization: str = ""
    device: str = ""
    half_precision: bool = False
    seeds: dict[str, Any] = field(default_factory=dict)
    determinism: dict[str, Any] = field(default_factory=dict)
    resumed_at: int | None = None
    peak_memory: Memory | None = None
    timed: str = ""
    start: str | None = None
    end: str | None = None
    iterations_done: int = 0
    last_loss: float | None = None
    seconds_per_iteration: float | None = None
    weights_sha256: str = ""
    validation: dict[str, Any] = field(default_factory=dict)
    kernels: dict[str, str] = field(default_factory=dict)
    predictions: dict[str, str] = field(default_factory=dict)
    traceback: list[str] = field(default_factory=list)

    @property
    def started(self) -> bool:
        """Return whether there is a run.json at all."""
        return self.run is not None

    @property
    def peak_bytes(self) -> int | None:
        """Return the peak memory in bytes; None if unknown."""
        return self.peak_memory.bytes if self.peak_memory else None

    @property
    def scale(self) -> float:
        """Return the factor by which a paper's protocol was reduced; 1 if it was not."""
        return float(self.parameters.get("scale", 1.0))

    @property
    def is_smoke(self) -> bool:
        """Return whether the run was a smoke run."""
        return self.smoke or bool(self.parameters.get("smoke"))


def exists(folder: str | Path) -> bool:
    """Return whether a folder holds a run.json."""
    return (Path(folder) / NAME).is_file()


def read_record(folder: str | Path) -> RunRecord:
    """Read a run's run.json and check that it belongs to its folder.

    Args:
        folder: the run's folder.

    Returns:
        The record.

    Raises:
        FileNotFoundError: when there is no run.json: the run was never started.
        ValueError: when run.json is not readable, or its run is not the one that the folder's name says.
    """
    path = Path(folder) / NAME
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: the run has not been started")
    content = files.read_json(path)
    try:
        record = from_json(RunRecord, content, str(path))
        if record.run is None:
            raise ValueError(f"{path}: run is missing")
    except ValueError as error:
        raise ValueError(f"{path} does not describe a run ({error}); delete the folder and run again") from error
    named = parse_run(Path(folder).absolute())
    if record.run != named:
        raise ValueError(
            f"{path} describes {record.run}, its folder's name says {named}: was the folder moved or renamed?"
        )
    return record


def read_record_or_none(folder: str | Path) -> RunRecord | None:
    """Read a run's run.json; None where there is none or an unreadable one."""
    try:
        return read_record(folder)
    except (OSError, ValueError):
        return None


def write_record(folder: str | Path, record: RunRecord) -> Path:
    """Write a run's run.json, atomically, after checking that it belongs to its folder.

    Args:
        folder: the run's folder.
        record: the record.

    Returns:
        Path of the file.

    Raises:
        ValueError: when the record is of another run than the folder, or holds NaN.
    """
    named = parse_run(Path(folder).absolute())
    if record.run != named:
        raise ValueError(f"the record of {record.run} cannot be written into the folder of {named}")
    return files.write_json(Path(folder) / NAME, asdict(record))


def fingerprint(content: Any) -> str:
    """Return the SHA-256 of `content` as canonical JSON: the same whatever the order of keys.

    Args:
        content: what strict JSON can hold.

    Returns:
        64 hexadecimal digits.
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
