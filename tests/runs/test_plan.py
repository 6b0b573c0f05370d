"""plan.json holds the whole plan, however it is written."""

from dataclasses import asdict

from runs.plan import DatasetPlan, ExperimentPlan, Job, MeasuringStep, read_plan, write_plan


def test_a_plan_is_read_as_it_was_written(tmp_path):
    job = Job(str(tmp_path / "a/runs/b/c/fold0-seed0"), train={"patch_size": [8, 8]}, loss_parameters={"dims": [0]})
    plan = ExperimentPlan(
        experiment="a",
        folder=str(tmp_path / "a"),
        datasets={"b": DatasetPlan("b", options={"size": 3})},
        jobs=[job],
        measurements=[MeasuringStep("ensemble", [job.folder], elsewhere={"dice": {"patch": 4}})],
    )
    assert plan.as_dict() == asdict(plan)
    assert read_plan(write_plan(plan).parent) == plan
