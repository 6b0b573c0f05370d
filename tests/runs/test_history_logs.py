"""What a training's history says, in TensorBoard's event files too."""

import importlib.util

import pytest
from fixtures.event_files import scalars

from runs.event_log import EventLog
from runs.history import read_history, write_history

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tensorboard") is None, reason="needs tensorboard: pip install -e '.[tensorboard]'"
)

ROWS = [{"iteration": i, "loss": 1.5 - i / 4, "learning_rate": 0.125, "seconds": 0.5 + i} for i in range(4)]
VALIDATIONS = [
    {"iteration": i, "validation_dice": 0.5, "validation_cldice": cldice, "validation_betti0_error": 2.0}
    | {"validation_seconds": 0.25}
    for i, cldice in ((1, None), (3, 0.75))
]


def test_event_files_hold_what_the_history_holds(tmp_path):
    with EventLog(tmp_path) as log:
        log.update(ROWS[:2], VALIDATIONS[:1])
        log.update(ROWS[:2], VALIDATIONS[:1])
        log.update(ROWS, VALIDATIONS)
    write_history(tmp_path, ROWS, VALIDATIONS)
    table = read_history(tmp_path).set_index("iteration").stack().dropna()
    assert scalars(tmp_path) == {(name, step): value for (step, name), value in table.items()}


def test_a_resumed_training_writes_everything_once(tmp_path):
    with EventLog(tmp_path) as log:
        log.update(ROWS, VALIDATIONS)
    with EventLog(tmp_path) as log:
        log.update(ROWS[:2], VALIDATIONS[:1])
        log.update(ROWS[:3], VALIDATIONS[:1])
    assert {step for _, step in scalars(tmp_path)} == {0, 1, 2}
