"""plan.json holds the whole plan, however it is written."""

from dataclasses import asdict

from runs.plan import DatasetPlan, ExperimentPlan, Job, MeasuringStep, join_plans, read_plan, write_plan


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


def test_what_a_plan_does_not_say_is_not_claimed(tmp_path):
    """A plan of an older version is of no smoke run, not made smaller, and evaluated."""
    path = tmp_path / "plan.json"
    path.write_text('{"experiment": "old"}')
    plan = read_plan(path)
    assert (plan.smoke, plan.scale, plan.only_trained) == (False, 1.0, False)


def test_joined_plans_are_the_first_with_the_additions_of_the_others(tmp_path):
    plans = [
        ExperimentPlan("one", title="One", note="here", skipped={"a": "no data"}),
        ExperimentPlan("two", title="Two", note="there", skipped={"b": "3D"}, smoke=True),
    ]
    joined = join_plans(plans, [Job("run")], tmp_path / "both")
    assert (joined.experiment, joined.title, joined.note, joined.smoke) == ("one", "One", "here there", True)
    assert joined.skipped == {"a": "no data", "b": "3D"}
    assert (joined.folder, joined.results, joined.jobs) == (str(tmp_path / "both"), str(tmp_path), [Job("run")])
    assert not join_plans(plans[:1], [], tmp_path).smoke
