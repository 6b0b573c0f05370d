"""The parameters of prepare, evaluate and tables are refused whole, before anything is done."""

import pytest

from workflow.forms import Evaluation, Preparation
from workflow.table_forms import ExperimentTables, PaperTables


def test_unknown_dataset():
    with pytest.raises(ValueError, match="'synthetic2'; did you mean 'synthetic2d'"):
        Preparation("synthetic2")


def test_all_problems_together(tmp_path):
    with pytest.raises(ValueError, match="(?s)`shown` must be of type int.*`source` is needed for topomortar"):
        Preparation("topomortar", data=str(tmp_path), shown="3")


def test_what_is_prepared_needs_no_source(tmp_path):
    (tmp_path / "topomortar").mkdir()
    assert Preparation("topomortar", data=str(tmp_path)).prepare() == tmp_path / "topomortar"


def test_ones_own_data_are_used_as_they_are(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "dataset.json").write_text("{}")
    assert Preparation("mine", data=str(tmp_path)).prepare() == tmp_path / "mine"


def test_evaluation_of_nothing(tmp_path):
    with pytest.raises(
        ValueError, match="(?s)`run` must be the folder of a run.*'dise'; did you mean 'dice'.*`adjacency`"
    ):
        Evaluation(str(tmp_path), metrics=["dise"], adjacency=5)


def test_report_of_nothing(tmp_path):
    with pytest.raises(ValueError, match="without runs/"):
        ExperimentTables(str(tmp_path))


def test_paper_tables_refuse_what_is_not_there(tmp_path):
    missing = str(tmp_path / "steps.json")
    with pytest.raises(
        ValueError, match=r"(?s)`scale` must lie in \(0, 1\].*`benchmark` must be a JSON file.*steps.json"
    ):
        PaperTables(str(tmp_path), scale=1.5, benchmark=missing)
