"""Planning, collecting and making the table of many runs: each linear in their number."""

import json
import tempfile
from pathlib import Path

from runs.evaluation import EvaluationRecord, MetricDefinition, write_evaluation
from runs.paths import Run, run_folder
from runs.plan import ExperimentPlan, Job, write_plan
from runs.record import DataUsed, RunRecord, write_record

LOSSES = ("dice_ce", "cldice", "closs", "scnp", "thpm")
CASES, METRICS = 20, ("dice", "cldice", "betti0_error", "betti1_error")


def write_experiment(results: Path, count: int) -> Path:
    """Write the files of finished runs, seed by seed, without predictions and weights."""
    jobs = []
    for number in range(count):
        run = Run("many", "roads", LOSSES[number % len(LOSSES)], {}, 0, number // len(LOSSES))
        folder = run_folder(results, run)
        used = {"iterations": 100, "seed": run.seed}
        data = DataUsed("roads", "", "c", dims=2)
        record = RunRecord(run=run, loss_title=run.loss, hash="h", exit_cause="completed", parameters=used, data=data)
        write_record(folder, record)
        fixed = {"version": 1, "adjacency": 8, "region": "whole", "reason": ""}
        rows = [
            {"case": f"case{case}", "metric": metric, "postprocessed": flag, "value": (case + number) / 100, **fixed}
            for case in range(CASES)
            for flag in (0, 1)
            for metric in METRICS
        ]
        definitions = {metric: MetricDefinition(metric, "", True) for metric in METRICS}
        write_evaluation(folder, rows, EvaluationRecord(metrics=definitions, run_hash="h"))
        jobs.append(Job(str(folder), run.loss, train=used))
    plan = ExperimentPlan("many", folder=str(results / "many"), results=str(results), jobs=jobs)
    return write_plan(plan).parent


class Collect:
    """`collect` and the table as CSV, of finished runs."""

    version = "1"
    timeout = 600
    number = 1
    param_names = ("runs",)
    params = ((200, 2000),)

    def setup(self, count: int) -> None:
        self.place = tempfile.TemporaryDirectory()
        self.folder = write_experiment(Path(self.place.name), count)

    def teardown(self, count: int) -> None:
        self.place.cleanup()

    def time_collect(self, count: int) -> None:
        from runs.results import collect

        collect(self.folder)

    def time_collect_and_render(self, count: int) -> None:
        from runs.results import collect
        from tables.experiment import render

        render.as_csv(collect(self.folder))

    def peakmem_collect_and_render(self, count: int) -> None:
        self.time_collect_and_render(count)


class Plan:
    """The plan of an experiment with many seeds, every run's parameters checked, and its file."""

    version = "1"
    timeout = 600
    number = 1
    param_names = ("runs",)
    params = ((1000, 10000),)

    def setup(self, count: int) -> None:
        from workflow.experiment import load

        losses = [slug for slug in LOSSES if slug != "dice_ce"]  # which is the pretraining's
        content = {"datasets": {"synthetic2d": {}}, "losses": losses, "seeds": list(range(count // len(LOSSES)))}
        self.place = tempfile.TemporaryDirectory()
        path = Path(self.place.name) / "many.yaml"
        path.write_text(json.dumps(content))  # which is YAML too
        self.experiment = load(str(path))
        self.time_plan(count)  # what is read once: imports, source files

    def teardown(self, count: int) -> None:
        self.place.cleanup()

    def time_plan(self, count: int) -> None:
        from workflow import plan

        write_plan(plan.make(self.experiment, self.place.name))

    def peakmem_plan(self, count: int) -> None:
        self.time_plan(count)
