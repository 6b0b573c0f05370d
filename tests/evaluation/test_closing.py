"""Binary closings of predictions: what they join, and the numbers that the step writes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from evaluation import cases, closing
from pictures.errors import Case
from runs import measured
from runs.paths import Run, run_folder
from runs.record import RunRecord, write_record


def test_closing_joins_what_is_near():
    line = np.zeros((9, 20), int)
    line[4, 1:8], line[4, 10:13], line[4, 17:] = 1, 1, 1  # gaps of 2 and of 4
    assert closing.closed(line, 3)[4].tolist() == [0] + [1] * 12 + [0] * 4 + [1] * 3
    assert closing.closed(line, 5)[4].tolist() == [0] + [1] * 19
    line[4, 8] = 2
    assert closing.closed(line, 5)[4, 8] == 2


@given(arrays(np.int64, (7, 8), elements=st.integers(0, 1)), st.sampled_from([3, 5]))
def test_closing_only_adds_and_repeating_it_changes_nothing(prediction, size):
    once = closing.closed(prediction, size)
    assert (once >= prediction).all()
    assert (closing.closed(once, size) == once).all()


def test_every_kernel_is_measured_once_and_again_for_another_metric(monkeypatch, tmp_path):
    truth = np.zeros((9, 20), int)
    truth[4, 1:] = 1
    broken = truth.copy()
    broken[4, 13:17] = 0  # one component too many, which 5 joins and 3 does not
    monkeypatch.setattr(cases, "with_truth", lambda folder: ["a"])
    monkeypatch.setattr(cases, "load", lambda folder, name: Case(name, truth, truth, broken))
    run = Run("e", "d", "closs")
    folder = run_folder(tmp_path, run)
    write_record(folder, RunRecord(run=run, hash="h"))
    path = closing.measure(folder, ["betti0_error"])
    found = measured.read_measured(path.parent, measured.run_mark(RunRecord(run=run, hash="h"), {}))
    assert found[["kernel", "value"]].to_numpy().tolist() == [[3, 1], [5, 0], [7, 0]]
    written = path.stat().st_mtime_ns
    assert closing.measure(folder, ["betti0_error"]).stat().st_mtime_ns == written
    closing.measure(folder, ["dice"])
    assert set(measured.read_measured(path.parent, measured.run_mark(RunRecord(run=run, hash="h"), {}))["metric"]) == {
        "dice"
    }
    assert measured.read_measured(path.parent, measured.run_mark(RunRecord(run=run, hash="another"), {})) is None
