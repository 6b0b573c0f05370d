"""One run from parameters to predictions: train, resume an interrupted run, predict, record."""

import contextlib
import datetime
import shutil
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tqdm import tqdm

from runs import evaluation, event_log, history, predictions
from runs.lock import alone
from runs.paths import CHECKPOINT
from runs.record import (
    COMPLETED,
    FAILED,
    INTERRUPTED,
    RUNNING,
    Memory,
    RunRecord,
    read_record,
    write_record,
)  # fmt: skip
from topology import self_check
from training import checkpoints, datasets, determinism, inference, measure, validation
from training.batches import batches, resolve_workers
from training.begin import begin
from training.config import Config
from training.finished import refuse_to_replace
from training.learner import Learner, choose_device
from training.patches import Sampler

if TYPE_CHECKING:
    from data_prep import Prepared

_TRACEBACK_LINES = 30


def train(config: Config, progress: bool = True) -> Path:
    """Train a network and predict the test cases; write run.json, history.csv, checkpoint.pt and predictions/.

    A run that is finished with the same parameters, data, initial weights and code is not repeated; predictions that
    are missing or damaged are made again. An unfinished one goes on from its last checkpoint, on the CPU to the same
    weights, bit for bit, as an undisturbed run. A finished one with other parameters is replaced only with `overwrite`;
    it predicts again from its weights where nothing but the prediction has changed. After any other change the run
    starts anew. Two trainings never write into one folder at once: the second waits for the first.

    Args:
        config: the run's parameters.
        progress: show progress bars where the output is a terminal.

    Returns:
        The run's folder.

    Raises:
        FileNotFoundError: when the dataset has not been prepared, or `init_from` does not exist.
        ValueError: when data, fold, patch or initial weights do not fit, or a finished run with other parameters lies
            there. Neither leaves a trace in the run's folder.
        ArithmeticError: when the loss becomes NaN; recorded in run.json, as every failure after the start.
    """
    device = choose_device(config.device)
    with determinism.deterministic(config.threads, device.type == "cuda", config.deterministic) as flags:
        job = _begun(config, device, flags)
        with alone(config.run_folder) as waited:
            if waited:  # meanwhile its pretraining or its data may have changed
                job = _begun(config, device, flags)
            if not job.is_finished():
                refuse_to_replace(config)
                job.execute(progress)
    return config.run_folder


@dataclass
class _Job:
    """A run whose parts are built and whose record is begun."""

    config: Config
    data: "Prepared"
    learner: Learner
    record: RunRecord
    progress: bool = False
    log: event_log.EventLog | None = None

    @property
    def folder(self) -> Path:
        return self.config.run_folder

    def is_finished(self) -> bool:
        """Return whether the folder holds exactly this run, finished and complete."""
        try:
            found = read_record(self.folder)
        except FileNotFoundError:
            return False
        if found.hash != self.record.hash or found.exit_cause != COMPLETED or self._is_other_code(found.sources):
            return False
        wanted = set(datasets.cases_to_predict(self.config, self.data))
        whole = (self.folder / CHECKPOINT).is_file() and history.exists(self.folder)
        whole = whole and wanted <= set(predictions.predicted_cases(self.folder))
        return whole and not predictions.damages(self.folder, found.predictions)

    def _is_other_code(self, found: str) -> bool:
        """Return whether a run was made by other source files; records of older versions do not say."""
        return bool(found) and found != self.record.sources

    def execute(self, progress: bool) -> None:
        """Train and predict; whatever happens is in run.json."""
        self.progress = progress
        self.record = replace(self.record, start=_now())
        try:
            self._resume()
            self._write(RUNNING)
            with self._logging():
                self._train()
            self._predict()
            self._check_data()
        except KeyboardInterrupt:
            self._write(INTERRUPTED)
            raise
        except Exception as error:
            self.record = replace(self.record, traceback=traceback.format_exc().splitlines()[-_TRACEBACK_LINES:])
            self._write(f"{FAILED}: {error or type(error).__name__}")
            raise
        self.record = replace(self.record, predictions=predictions.checksums(self.folder))
        self._write(COMPLETED)

    def _resume(self) -> None:
        """Continue from the checkpoint of this run, or delete what another one has left."""
        path = self.folder / CHECKPOINT
        content = checkpoints.load(path) if path.is_file() else None
        if content and content["training_hash"] == self.learner.training_hash and not self._was_other_code():
            self.learner.resume(content)
            self.record = replace(
                self.record, resumed_at=self.learner.iteration, peak_memory=_memory(content["peak_memory"])
            )
            self._write_history()
        else:
            path.unlink(missing_ok=True)
            (self.folder / history.NAME).unlink(missing_ok=True)
            shutil.rmtree(self.folder / event_log.FOLDER, ignore_errors=True)
        shutil.rmtree(self.folder / predictions.FOLDER, ignore_errors=True)
        evaluation.clear_evaluation(self.folder)

    def _was_other_code(self) -> bool:
        """Return whether the checkpoint is of a training by other source files."""
        try:
            return self._is_other_code(read_record(self.folder).sources)
        except FileNotFoundError:
            return False

    def _check_data(self) -> None:
        """Make sure that the dataset is still the one that the run has begun with."""
        now = datasets.checksum_now(self.config)
        if now != self.record.data.checksum:
            raise ValueError(f"the dataset in {self.config.data_folder} has changed during the run; run it again")

    def _train(self) -> None:
        config, learner = self.config, self.learner
        if learner.stopped:
            return
        sampler = Sampler(
            self.data,
            datasets.cases_to_train(config, self.data),
            patch_size=datasets.patch_size(config, self.data.dims),
            batch_size=config.batch_size,
            foreground_share=config.foreground_share,
            augmented=config.augment,
            seed=config.seed,
        )
        peak = measure.PeakMemory(learner.device)
        learner.network.train()
        made = batches(
            sampler,
            range(learner.iteration, config.iterations),
            resolve_workers(config.workers, config.threads),
            pinned=learner.device.type == "cuda",
        )
        with self._bar(config.iterations, "iteration", learner.iteration) as bar, contextlib.closing(made):
            for images, target in made:
                value = learner.step(images, target)
                if self._is_due(config.validate_every):
                    self._validate()
                bar.set_postfix(loss=f"{value:.4f}", **self._last_validation(), refresh=False)
                bar.update()
                if learner.stopped:
                    learner.take_best()
                if self._is_due(config.checkpoint_every):
                    self._save(peak)
                if learner.stopped:
                    break

    def _is_due(self, every: int) -> bool:
        """Whether something that happens every so many iterations, and after the last one, happens now."""
        return every > 0 and (self.learner.iteration % every == 0 or self.learner.stopped)

    def _validate(self) -> None:
        learner, course = self.learner, self.learner.course
        if course is not None:
            values = validation.validate(self.config, self.data, learner.network, learner.device, course.cases)
            course.add({"iteration": learner.iteration - 1} | values, learner.network.state_dict())

    def _last_validation(self) -> dict[str, str]:
        """Return the last validation's metrics as text."""
        course = self.learner.course
        if course is None or not course.rows:
            return {}
        values = {name: course.rows[-1][f"validation_{name}"] for name in history.VALIDATED}
        return {name: "undefined" if value is None else f"{value:.3f}" for name, value in values.items()}

    def _write_history(self) -> None:
        course = self.learner.course
        validations = course.rows if course else ()
        history.write_history(self.folder, self.learner.history, validations)
        if self.log:
            self.log.update(self.learner.history, validations)

    @contextlib.contextmanager
    def _logging(self) -> Iterator[None]:
        """Write the history to TensorBoard's event files, too, where the run asks for it."""
        if self.config.log == "none" or self.learner.stopped:
            yield
            return
        with event_log.EventLog(self.folder) as self.log:
            yield
        self.log = None

    def _save(self, peak: measure.PeakMemory) -> None:
        before, now = self.record.peak_memory, peak.read()
        if before is None or (before.bytes or 0) <= (now.bytes or 0):
            self.record = replace(self.record, peak_memory=now)
        self.learner.save(self.folder / CHECKPOINT, self.record.peak_memory)
        self._write_history()

    def _predict(self) -> None:
        config, learner = self.config, self.learner
        cases = datasets.cases_to_predict(config, self.data)
        with self._bar(len(cases), "case") as bar:
            for case in cases:
                prediction = inference.predict(
                    learner.network,
                    self.data.image(case),
                    window=datasets.patch_size(config, self.data.dims),
                    overlap=config.overlap,
                    batch_size=config.batch_size,
                    device=learner.device,
                    amp=config.amp,
                )
                predictions.write_prediction(self.folder, case, prediction, self.data.spacing(case))
                bar.update()

    def _bar(self, total: int, unit: str, initial: int = 0) -> tqdm:
        title = f"{self.record.loss_title}, fold {self.config.fold}, seed {self.config.seed}"
        # None: tqdm is quiet by itself when the output is no terminal
        return tqdm(total=total, initial=initial, unit=unit, desc=title, disable=None if self.progress else True)

    def _write(self, exit_cause: str) -> None:
        """Write run.json as things stand."""
        losses = [row["loss"] for row in self.learner.history]
        self.record = replace(
            self.record,
            end=None if exit_cause == RUNNING else _now(),
            exit_cause=exit_cause,
            iterations_done=self.learner.iteration,
            last_loss=losses[-1] if losses else None,
            kernels=self_check.report(),
            validation=_describe_validation(self.config, self.learner),
            seconds_per_iteration=measure.seconds_per_iteration([row["seconds"] for row in self.learner.history]),
            weights_sha256=checkpoints.weights_sha256(self.learner.network.state_dict()),
        )
        write_record(self.folder, self.record)


def _describe_validation(config: Config, learner: Learner) -> dict[str, Any]:
    """Return what run.json says about the validations."""
    course = learner.course
    if course is None:
        return {}
    best = course.best
    last = learner.iteration - 1
    return {
        "cases": course.cases,
        "metric": course.metric,
        "best_iteration": best and best["iteration"],
        "best_value": best and best["value"],
        "checkpoint_iteration": best["iteration"] if best and course.keeps_best and learner.stopped else last,
        "stopped_early": learner.stopped and learner.iteration < config.iterations,
        "seconds": course.seconds,
    }


def _begun(config: Config, device: torch.device, flags: dict[str, Any]) -> _Job:
    data = datasets.open_data(config)
    return _Job(config, data, *begin(config, data, device, flags))


def _memory(content: dict[str, Any] | None) -> Memory | None:
    return None if content is None else Memory(**content)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
