"""Folder names of runs are reversible and never coincide."""

from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from runs.files import write_json
from runs.paths import Run, differing, find_runs, format_run, parse_run, run_folder
from runs.record import RunRecord, read_record, write_record

NAMES = st.text(min_size=1, max_size=12)
IDENTIFIERS = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["true", "none", "0.5", "1", "a~b", "a,b=c", "..", ".", "@", "cldice", "inf", "nan"])
)
FLAT = SCALARS | st.lists(SCALARS, max_size=2)
VALUES = FLAT | st.dictionaries(IDENTIFIERS, FLAT, max_size=2)
PARAMETERS = st.dictionaries(IDENTIFIERS.filter(lambda name: name != "stage"), VALUES, max_size=2)


@given(
    st.builds(
        Run,
        experiment=NAMES,
        dataset=NAMES,
        loss=IDENTIFIERS,
        loss_parameters=PARAMETERS,
        fold=st.integers(0, 99),
        seed=st.integers(0, 2**32 - 1),
        stage=st.sampled_from(["finetune", "pretrain"]),
    )
)
def test_parse_run_undoes_format_run(run):
    try:
        path = format_run(run)
    except ValueError as error:
        if "are allowed" not in str(error):
            raise
        reject()  # longer than a file name may be
    assert len(path.parts) == 5
    assert all(part.isascii() and not part.startswith(".") for part in path.parts)
    again = parse_run(Path("/some/where") / path)
    assert again == run
    assert repr(again) == repr(run)  # types too: True is not 1


def test_format_run_reads_well():
    run = Run("smoke", "synthetic2d", "scnp", {"window": 5, "base": "cldice", "base_parameters": {"gamma": 0.3}}, 1, 2)
    expected = "smoke/runs/synthetic2d/scnp,base=cldice,base_parameters.gamma=0.3,window=5/fold1-seed2"
    assert format_run(run) == Path(expected)
    pretrain = Run("smoke", "synthetic2d", "dice_ce", stage="pretrain")
    assert run_folder("results", pretrain) == Path("results/smoke/runs/synthetic2d/dice_ce,stage=pretrain/fold0-seed0")


@pytest.mark.parametrize(
    "path", ["fold0-seed0", "a/runs/b/closs/fold0", "a/rums/b/closs/fold0-seed0", "a/runs/b/closs,gamma/fold0-seed0"]
)
def test_parse_run_refuses_other_folders(path):
    with pytest.raises(ValueError, match="is no run's folder"):
        parse_run(path)


@pytest.mark.parametrize(
    "fields",
    [
        {"loss_parameters": {"stage": 1}},
        {"loss_parameters": {"a b": 1}},
        {"loss_parameters": {"gamma": float("nan")}},
        {"loss_parameters": {"dims": [[0]]}},
        {"loss_parameters": {"gamma": object()}},
        {"fold": -1},
        {"fold": True},
        {"seed": 0.0},
        {"stage": "train"},
        {"dataset": ""},
        {"loss": "../closs"},
    ],
)
def test_run_refuses_what_a_folder_name_cannot_hold(fields):
    with pytest.raises(ValueError, match="must be|may be|cannot be named"):
        Run(**{"experiment": "e", "dataset": "d", "loss": "closs"} | fields)


def test_differing_keeps_only_what_differs():
    defaults = {"gamma": 0.2, "dims": (0, 1), "pixel": "dice_ce", "batch": True, "iterations": 3, "weights": (0.5, 0.5)}
    assert differing({"gamma": 0.2, "dims": [0, 1], "pixel": "dice_ce"}, defaults) == {}
    assert differing({"gamma": 1, "dims": [1], "weights": [1, 0.5]}, defaults) == {
        "gamma": 1.0,
        "dims": [1],
        "weights": [1.0, 0.5],
    }
    assert repr(differing({"gamma": 1}, defaults)) == "{'gamma': 1.0}"
    assert differing({"iterations": True}, {"iterations": 1}) == {"iterations": True}
    with pytest.raises(ValueError, match="unknown loss parameters gama; it has batch"):
        differing({"gama": 1}, defaults)


def test_record_of_another_run_is_refused(tmp_path):
    run, other = (Run("e", "d", "closs", {"gamma": gamma}) for gamma in (0.1, 0.3))
    folder = run_folder(tmp_path, run)
    write_record(folder, RunRecord(run=run))
    assert read_record(folder).run.loss_parameters == {"gamma": 0.1}
    assert find_runs(tmp_path, "e") == [folder]
    with pytest.raises(ValueError, match="cannot be written into the folder"):
        write_record(folder, RunRecord(run=other))
    write_json(folder / "run.json", {"run": asdict(other)})
    with pytest.raises(ValueError, match="its folder's name says"):
        read_record(folder)
    (folder / "run.json").write_text("{")
    with pytest.raises(ValueError, match="not readable as JSON"):
        read_record(folder)
