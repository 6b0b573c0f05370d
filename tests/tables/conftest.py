"""Run folders made by hand: two losses and a pretraining on four cases, with numbers that one can check by head."""

import json

import pytest

from runs.paths import Run, run_folder

DEFINITIONS = {
    "dice": {"title": "Dice", "unit": "", "higher_is_better": True, "version": 1},
    "betti0_error": {"title": "Betti-0 error", "unit": "", "higher_is_better": False, "version": 1},
}
TITLES = {"dice_ce": "Dice&CE", "closs": "CLoss", "scnp": "SCNP"}


class Writer:
    """Writes run folders below a results folder."""

    def __init__(self, results):
        self.results = results
        self.planned = []

    def run(self, loss="dice_ce", dice=(0.5, 0.6, 0.7, 0.8), version=1, parameters=None, cause="completed", **fields):
        """Write a run; the error is ten times one minus Dice, and undefined where Dice is above 0.75."""
        run = Run("demo", fields.pop("dataset", "roads"), loss, parameters or {}, **fields)
        folder = self.plan(run)
        folder.mkdir(parents=True)
        record = {
            "run": vars(run) | {"loss_parameters": dict(run.loss_parameters)},
            "loss_title": TITLES[loss],
            "hash": "h",
        }
        record |= {
            "exit_cause": cause,
            "seconds_per_iteration": 0.25,
            "peak_memory": {"bytes": 3 * 2**20},
            "smoke": True,
        }
        record |= {"git": {"commit": "0123456789abcdef", "dirty": True}, "python": "3.11", "packages": {"torch": "2.6"}}
        record |= {"machine": {"processor": "a processor", "cores": 2}, "gpus": [], "device": "cpu"}
        record |= {
            "data": {"name": "roads", "checksum": "c" * 64, "folder": str(self.results)},
            "parameters": {"smoke": True},
        }
        (folder / "run.json").write_text(json.dumps(record))
        (folder / "history.csv").write_text("iteration,loss,learning_rate,seconds\n0,2.0,0.1,0.2\n1,1.0,0.1,0.2\n")
        if cause == "completed":
            self._evaluate(folder, dice, version)
        return folder

    def plan(self, run):
        """Put a run into the plan without making its folder."""
        folder = run_folder(self.results, run)
        self.planned.append({"folder": str(folder), "loss_title": TITLES[run.loss]})
        return folder

    def write_plan(self, **content):
        """Write plan.json."""
        plan = {"title": "Demo", "smoke": True, "note": "", "skipped": {}, "jobs": self.planned} | content
        (self.results / "demo").mkdir(parents=True, exist_ok=True)
        (self.results / "demo" / "plan.json").write_text(json.dumps(plan))
        return self.results / "demo"

    @staticmethod
    def _evaluate(folder, dice, version):
        definitions = {slug: entry | {"version": version} for slug, entry in DEFINITIONS.items()}
        evaluation = {"metrics": definitions, "options": {"adjacency": 8}, "run_hash": "h"}
        (folder / "evaluation.json").write_text(json.dumps(evaluation))
        lines = ["case,metric,version,postprocessed,adjacency,region,value,reason"]
        for number, value in enumerate(dice):
            for flag in (0, 1):
                error = "" if value > 0.75 else round(10 * (1 - value) - flag, 6)
                lines.append(f"case{number},dice,{version},{flag},8,whole,{value},")
                lines.append(f"case{number},betti0_error,{version},{flag},8,whole,{error},{'' if error else 'because'}")
        (folder / "metrics.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture
def writer_of():
    """Function that gives a writer of run folders below another results folder."""
    return Writer


@pytest.fixture
def writer(tmp_path):
    return Writer(tmp_path)


@pytest.fixture
def demo(writer):
    """An experiment in which a loss is better, one failed and one is missing."""
    writer.run(stage="pretrain", dice=(0.9, 0.9, 0.9, 0.9))
    writer.run()
    writer.run("closs", dice=(0.6, 0.7, 0.7, 0.74), parameters={"gamma": 0.3})
    writer.run("scnp", cause="failed: loss is NaN")
    writer.plan(Run("demo", "roads", "scnp", {"window": 5}))
    return writer.write_plan()


@pytest.fixture
def paper_run():
    """Function that writes a planned run of a paper as if it had been run: folder, and values by metric or a cause."""

    def write(folder, planned, values=None, cause="completed", postprocessed=None, **record):
        folder.mkdir(parents=True)
        content = {"run": vars(planned.run) | {"loss_parameters": dict(planned.run.loss_parameters)}, "hash": "h"}
        content |= {"parameters": planned.parameters, "exit_cause": cause, "loss_title": planned.run.loss}
        content |= {"patch_size": planned.parameters["patch_size"], "seconds_per_iteration": 0.5}
        (folder / "run.json").write_text(json.dumps(content | record))
        if values is None:
            return folder
        titles = {slug: {"title": slug, "unit": "", "higher_is_better": True, "version": 1} for slug in values}
        evaluation = {"metrics": titles, "options": {}, "run_hash": "h"}
        (folder / "evaluation.json").write_text(json.dumps(evaluation))
        lines = ["case,metric,version,postprocessed,adjacency,region,value,reason"]
        for flag, table in ((0, values), (1, postprocessed or values)):
            for slug, numbers in table.items():
                lines += [f"case{i},{slug},1,{flag},8,whole,{value}," for i, value in enumerate(numbers)]
        (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
        return folder

    return write
