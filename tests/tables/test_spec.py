"""The papers' specs: every published number has one place and one way to be measured; a wrong spec says all."""

import shutil

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tables.papers import required_runs, scale, spec
from tables.papers.spec import SpecError

PAPERS = ("cldice", "contextloss", "hpm", "scnp", "topomortar")
NUMBERS = {"contextloss": 314, "cldice": 430, "scnp": 467, "hpm": 190, "topomortar": 786}

every = pytest.mark.parametrize("paper", PAPERS)


@pytest.fixture
def broken(tmp_path):
    """Function that writes a changed copy of a spec and loads it."""

    def change(paper, **changes):
        content = yaml.safe_load((spec.FOLDER / f"{paper}.yaml").read_text()) | changes
        (tmp_path / "published").mkdir(exist_ok=True)
        shutil.copy(spec.PUBLISHED / f"{paper}.csv", tmp_path / "published")
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.yaml"
        path.write_text(yaml.safe_dump(content))
        return spec.load(str(path))

    return change


def need(paper, table, metric, **columns):
    """Return the one need whose published number has these columns."""
    loaded = spec.load(paper)
    found = [
        each
        for each in required_runs.table_requirements(loaded, loaded.tables[table])
        if each.published["metric"] == metric and spec.matches(each.published, columns)
    ]
    assert len(found) == 1, found
    return found[0]


def test_every_paper_has_a_spec():
    assert spec.papers() == sorted(PAPERS)


@every
def test_every_published_number_has_its_cell(paper):
    loaded = spec.load(paper)
    found = required_runs.requirements(loaded)
    assert len(found) == len(loaded.published) == NUMBERS[paper]
    assert len({(each.table, each.row, each.column) for each in found}) == len(found)


@every
def test_metrics_that_runs_answer_are_those_of_the_suite(paper):
    import metrics

    asked = {each.metric for each in required_runs.requirements(spec.load(paper)) if each.has_runs}
    assert asked <= set(metrics.names())


@every
def test_no_published_number_is_repeated(paper):
    """The YAML selects numbers and holds none: none with a fraction that the table prints is in it."""
    loaded = spec.load(paper)
    texts = (spec.PUBLISHED / f"{paper}.csv").read_text().splitlines()[1:]
    printed = {value for line in texts if "." in (value := line.split(",")[-3]) and len(value) > 4}
    words = set(loaded.path.read_text().replace(",", " ").replace("}", " ").replace("]", " ").split())
    assert not printed & words


def test_loss_parameters_are_read_from_the_published_columns():
    assert need("contextloss", "6", "dice", method="closs", parameter_value="0.08").parameters == {"gamma": 0.08}
    assert need("cldice", "1", "dice", dataset="cremi", parameter_value="0.3").parameters == {"gamma": 0.3}
    assert need("scnp", "1", "betti0_error", setting="image_size=512", parameter_value="9").parameters == {"window": 9}
    assert need("scnp", "I.9", "dice", dataset="axons", parameter="joint").parameters == {"joint": True}
    tversky = need("scnp", "I.12", "dice", dataset="ihc_tma", method="tversky")
    assert tversky.parameters == {"beta": 0.9, "alpha": 0.1}
    over = need("scnp", "2", "dice", parameter_value="cldice;i=24")
    assert (over.loss, over.parameters) == ("scnp", {"base": "cldice", "base_parameters": {"iterations": 24}})


def test_tversky_has_the_papers_alpha_everywhere():
    for each in required_runs.requirements(spec.load("scnp")):
        if each.loss == "tversky" and each.has_runs:
            alpha = each.parameters.get("alpha", 0.3)
            assert alpha + each.parameters["beta"] == pytest.approx(1), each


def test_special_rows():
    assert need("contextloss", "6", "dice", method="nnunet_pretraining").stage == "pretrain"
    assert not need("contextloss", "2", "dice", method="closs", setting="post_processing=without").postprocessed
    assert need("contextloss", "2", "dice", method="closs", setting="post_processing=with").postprocessed
    assert need("contextloss", "3", "ags", method="closs", setting="fine_tuning_epochs=300").group == "epochs300"
    assert need("cldice", "1", "betti1_error", dataset="cremi", method="mosinska").quoted
    assert need("cldice", "3", "dice", setting="base=mse", parameter_value="0.1").cannot
    assert need("cldice", "2", "parameters", dataset="drive", network="FCN").count == "fcn_drive"
    assert need("scnp", "E.3", "betti0_error", dataset="fives", setting="binary_closing=best").closing
    extra = need("scnp", "B.2", "epoch_time_extra", method="scnp").benchmark
    assert extra == {"setting": ["3d-160x128x112", "3d"], "steps": 300, "minus": "dice_ce"}


def test_headings_name_the_unit_where_the_metric_does_not():
    assert need("cldice", "1", "dice", dataset="cremi", parameter_value="0.3").column == "Dice (%)"
    assert need("cldice", "1", "smd", dataset="cremi", parameter_value="0.3").column == "SMD"
    assert need("scnp", "B.1", "gpu_memory", method="cldice").column == "GPU memory (MiB)"
    assert need("hpm", "1", "dice", dataset="cremi_a", method="shpm").column == "Dice"


def test_thickness_counts_and_not_the_printed_size():
    window = need("scnp", "1", "betti0_error", setting="image_size=1024", parameter_value="3")
    assert window.dataset == "fives_1536"


def test_all_problems_of_a_spec_are_told_with_its_path(broken):
    rules = [{"when": {"method": "closs"}, "use": {"group": "mainn", "dataset": "raods"}}]
    rules += [{"when": {"method": "clos"}, "use": {"note": "x"}}]
    with pytest.raises(SpecError, match=r"\.yaml cannot be used") as error:
        broken("contextloss", rules=rules, datasets={"roads": {}})
    text = str(error.value)
    assert "no group 'mainn'" in text
    assert "no dataset 'raods'" in text
    assert "selects no published number: {'method': 'clos'}" in text
    assert "`datasets` lacks 'cld' of table 2" in text


def test_unknown_keys_and_wrong_types_are_told(broken):
    rules = [{"when": {"tables_": 1}, "use": {"los": "x"}}]
    with pytest.raises(SpecError) as error:
        broken("hpm", groups={"main": {"fold": 5, "seeds": "one"}}, rules=rules)
    for text in ("`groups.main.fold` is unknown", "`groups.main.seeds` must be a int", "when.tables_`", "use.los`"):
        assert text in str(error.value)


def test_two_numbers_in_one_cell_are_refused(broken):
    with pytest.raises(SpecError, match="several published numbers lie in the cell"):
        broken("hpm", tables={"1": {"rows": ["method"]}, "2": {"rows": ["method"], "columns": ["network"]}})


@pytest.mark.parametrize(
    "uses", [[{"group": "main"}, {"group": "other"}], [{"parameters": {"a": 1}}, {"parameters": {"a": 2}}]]
)
def test_rules_that_contradict_each_other_are_refused(broken, uses):
    """Formerly the later one silently won."""
    content = yaml.safe_load((spec.FOLDER / "hpm.yaml").read_text())
    groups = content["groups"] | {"other": {"like": "main"}}
    rules = [{"when": {"dataset": "cremi_a"}, "use": uses[0]}, {"when": {"method": "shpm"}, "use": uses[1]}]
    with pytest.raises(SpecError, match=r"`rules\[0\]` and `rules\[1\]` give some numbers a different"):
        broken("hpm", groups=groups, rules=rules)
    apart = [rules[0] | {"unless": {"method": "shpm"}}, rules[1]]
    assert [rule.unless for rule in broken("hpm", groups=groups, rules=apart).rules] == [{"method": "shpm"}, {}]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"groups": {"main": 3}}, "`groups.main` must be a mapping of keys, got 3"),
        ({"rules": [{"when": {}, "use": {"benchmark": {"factor": 3}}}]}, "benchmark.factor` is unknown"),
        (
            {"rules": [{"when": {}, "use": {"benchmark": {"unit": "MiB"}}}]},
            "unit` must be one of min of seconds, MiB of",
        ),
    ],
)
def test_a_wrong_entry_says_what_is_wrong(broken, changes, message):
    with pytest.raises(SpecError, match=message):
        broken("hpm", **changes)


def test_missing_table_is_told(broken):
    with pytest.raises(SpecError, match="lacks the published table 2"):
        broken("hpm", tables={"1": {"rows": ["dataset", "method"]}})


@given(st.integers(1, 10**6), st.floats(1e-4, 1), st.integers(1, 30))
def test_scaled_counts_lie_between_their_bounds(whole, size, least):
    found = scale.count(whole, size, least)
    assert min(whole, least) <= found <= whole
    assert found >= whole * size - 1e-6
    assert scale.count(whole, 1.0, least) == whole


def test_a_tenth_of_seventy_is_seven():
    assert scale.count(70, 0.1, 1) == 7
    assert scale.repeats(5, 0.01) == [0]


@pytest.mark.parametrize("wrong", [0, -0.1, 1.5, True, "1"])
def test_a_scale_outside_is_refused(wrong):
    with pytest.raises(ValueError, match=r"must lie in \(0, 1\]"):
        scale.check(wrong)


@every
def test_datasets_are_those_that_the_suite_prepares(paper):
    import data_prep

    for dataset in spec.load(paper).datasets.values():
        entry = data_prep.entry(dataset.dataset)
        entry.check_options(dataset.options)
        assert entry.dims == dataset.dims
        assert len(dataset.images) == 2
        assert not dataset.on_patches or dataset.patches
