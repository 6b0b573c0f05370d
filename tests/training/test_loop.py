"""A run from parameters to predictions: recorded, repeatable, resumed after a kill to the same bits."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from fixtures.event_files import scalars
from PIL import Image

import losses
from runs.history import read_history
from training import checkpoints, finished, sources
from training.config import Config
from training.learner import Learner
from training.loop import train

KILLED = """
import os, signal, sys, json
from training.config import Config
from training.learner import Learner
from training.loop import train
step = Learner.step
def step_or_die(self, images, target):
    if self.iteration == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(self, images, target)
Learner.step = step_or_die
train(Config.from_parameters(**json.loads(sys.argv[1])))
"""


def run(parameters, **changes):
    folder = train(Config.from_parameters(**parameters | changes), progress=False)
    return folder, json.loads((folder / "run.json").read_text())


def predictions(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "predictions").iterdir())}


def losses_in(folder):
    """Read the history without its times."""
    return [line.rsplit(",", 1)[0] for line in (folder / "history.csv").read_text().splitlines()]


def test_run_leaves_everything_behind(tiny, tmp_path):
    folder, record = run(tiny)
    assert folder == tmp_path / "results" / "test" / "runs" / "tiny2d" / "dice_ce" / "fold0-seed0"
    assert sorted(path.name for path in folder.iterdir()) == [
        ".lock",
        "checkpoint.pt",
        "history.csv",
        "predictions",
        "run.json",
    ]
    assert record["exit_cause"] == "completed"
    assert record["parameters"]["iterations"] == record["iterations_done"] == 6
    assert record["loss_title"] == losses.entry("dice_ce").title
    assert record["loss_parameters"].keys() == losses.parameters("dice_ce").keys()
    assert record["seconds_per_iteration"] > 0
    assert record["determinism"]["deterministic_algorithms"] == "strict"
    assert record["peak_memory"]["bytes"] > 2**20
    assert record["git"] is None or len(record["git"]["commit"]) == 40
    assert record["data"]["classes"] == ["background", "bar"]
    assert len((folder / "history.csv").read_text().splitlines()) == 7
    for name in ("ts0", "ts1"):
        prediction = np.array(Image.open(folder / "predictions" / f"{name}.png"))
        assert prediction.shape == (24, 20)
        assert set(np.unique(prediction)) <= {0, 1}


def test_same_seed_gives_the_same_bits(tiny, tmp_path):
    first, record = run(tiny)
    second, again = run(tiny, results=str(tmp_path / "again"))
    assert record["weights_sha256"] == again["weights_sha256"]
    assert record["hash"] == again["hash"]
    assert predictions(first) == predictions(second)
    assert run(tiny, seed=1)[1]["weights_sha256"] != record["weights_sha256"]


def test_run_killed_in_the_middle_goes_on_to_the_same_weights(tiny, tmp_path):
    other, undisturbed = run(tiny, results=str(tmp_path / "undisturbed"))
    killed = subprocess.run([sys.executable, "-c", KILLED, json.dumps(tiny)], capture_output=True, timeout=400)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    folder = Config.from_parameters(**tiny).run_folder
    assert json.loads((folder / "run.json").read_text())["exit_cause"] == "running"
    assert checkpoints.load(folder / "checkpoint.pt")["iteration"] == 4
    _, record = run(tiny)
    assert record["resumed_at"] == 4
    assert record["weights_sha256"] == undisturbed["weights_sha256"]
    assert losses_in(folder) == losses_in(other)


def test_interrupted_run_says_so_and_resumes_with_adamw(tiny, tmp_path, monkeypatch):
    _, undisturbed = run(tiny, optimizer="adamw", results=str(tmp_path / "undisturbed"))
    step = Learner.step

    def step_or_stop(self, images, target):
        if self.iteration == 3:
            raise KeyboardInterrupt
        return step(self, images, target)

    monkeypatch.setattr(Learner, "step", step_or_stop)
    with pytest.raises(KeyboardInterrupt):
        run(tiny, optimizer="adamw")
    folder = Config.from_parameters(**tiny | {"optimizer": "adamw"}).run_folder
    assert json.loads((folder / "run.json").read_text())["exit_cause"] == "interrupted"
    monkeypatch.undo()
    _, record = run(tiny, optimizer="adamw")
    assert record["resumed_at"] == 2
    assert record["weights_sha256"] == undisturbed["weights_sha256"]


def test_finished_run_is_not_repeated(tiny, monkeypatch):
    folder, record = run(tiny)
    monkeypatch.setattr(Learner, "step", lambda *_: pytest.fail("trained again"))
    assert run(tiny) == (folder, record)
    # only the prediction has changed: no iteration, one case
    assert run(tiny, max_test_cases=1, overwrite=True)[1]["weights_sha256"] == record["weights_sha256"]
    assert list(predictions(folder)) == ["ts0.png"]


def test_other_parameters_start_anew(tiny):
    folder, record = run(tiny)
    (folder / "metrics.csv").write_text("of the old predictions")
    again, other = run(tiny, learning_rate=0.5, overwrite=True)
    assert again == folder
    assert other["resumed_at"] is None
    assert other["weights_sha256"] != record["weights_sha256"]
    assert not (folder / "metrics.csv").exists()


@pytest.mark.parametrize("changes", [{"iterations": 5}, {"learning_rate": 0.5}, {"max_test_cases": 1}])
def test_finished_run_is_never_replaced_by_one_with_other_parameters(tiny, changes):
    folder, _ = run(tiny)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    name, value = next(iter(changes.items()))
    with pytest.raises(ValueError, match=rf"other parameters: `{name}` .* instead of {value}.*`overwrite`"):
        run(tiny, **changes)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_finished_run_of_an_older_version_may_lack_parameters(tiny):
    folder, _ = run(tiny)
    content = json.loads((folder / "run.json").read_text())
    del content["parameters"]["overlap"]
    (folder / "run.json").write_text(json.dumps(content))
    run(tiny)
    refused = Config.from_parameters(**tiny | {"iterations": 5})
    assert finished.other_parameters(refused) == ["`iterations` 6 instead of 5"]


def test_unfinished_run_makes_room(tiny, monkeypatch):
    monkeypatch.setattr(Learner, "step", lambda *_: (_ for _ in ()).throw(RuntimeError("out of memory")))
    with pytest.raises(RuntimeError, match="out of memory"):
        run(tiny)
    monkeypatch.undo()
    assert run(tiny, iterations=5)[1]["iterations_done"] == 5


class BecomesNaN(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, logits, target):
        self.calls += 1
        return logits.mean() * (float("nan") if self.calls == 4 else 1.0)


def test_loss_that_becomes_nan_stops_the_run(tiny, monkeypatch):
    config = Config.from_parameters(**tiny)
    monkeypatch.setattr(losses, "build", lambda *_, **__: BecomesNaN())
    with pytest.raises(ArithmeticError, match="loss became NaN at iteration 3"):
        train(config, progress=False)
    record = json.loads((config.run_folder / "run.json").read_text())
    assert record["exit_cause"] == "failed: loss became NaN at iteration 3"
    assert "NonFiniteError" in record["traceback"][-1]
    assert record["iterations_done"] == 3


def test_logits_that_become_nan_stop_the_run(tiny):
    """A loss refuses such logits, which is a failure of the training and not of its parameters."""
    config = Config.from_parameters(**tiny | {"learning_rate": 1e30})
    with pytest.raises(ArithmeticError, match="logits became NaN or infinite at iteration 1"):
        train(config, progress=False)
    record = json.loads((config.run_folder / "run.json").read_text())
    assert record["exit_cause"] == "failed: logits became NaN or infinite at iteration 1"


class EndlessGradient(torch.nn.Module):
    def forward(self, logits, target):
        return (logits * 0).abs().sqrt().sum()


def test_gradient_that_becomes_nan_stops_the_run(tiny, monkeypatch):
    config = Config.from_parameters(**tiny)
    monkeypatch.setattr(losses, "build", lambda *_, **__: EndlessGradient())
    with pytest.raises(ArithmeticError, match="gradient became NaN at iteration 0"):
        train(config, progress=False)


def test_init_from_starts_from_the_weights_of_another_run(tiny):
    folder, pretrain = run(tiny, stage="pretrain")
    _, record = run(tiny, init_from=str(folder / "checkpoint.pt"), learning_rate=1e-12)
    assert record["init_from"]["weights_sha256"] == pretrain["weights_sha256"]
    assert len(record["init_from"]["sha256"]) == 64
    assert record["last_loss"] < 1.25
    for changes, message in (
        ({"network_parameters": {"channels": [4, 4], "num_res_units": 0}}, "is of another network"),
        ({"init_from": str(folder / "run.json")}, "is corrupt"),
    ):
        with pytest.raises(ValueError, match=message):
            run(tiny, **{"init_from": str(folder / "checkpoint.pt"), "fold": 1} | changes)


def test_corrupt_checkpoint_is_named(tiny):
    folder, record = run(tiny)
    path = folder / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:500])
    (folder / "run.json").write_text(json.dumps(record | {"exit_cause": "running"}))
    with pytest.raises(ValueError, match=r"checkpoint .*checkpoint.pt is corrupt .*; delete it"):
        run(tiny)


def test_checkpoint_never_unpickles_objects(tmp_path):
    torch.save({"model": Config()}, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match="is corrupt"):
        checkpoints.load(tmp_path / "checkpoint.pt")
    torch.save({"model": {}}, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match="is no checkpoint of this suite"):
        checkpoints.load(tmp_path / "checkpoint.pt")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"fold": 4}, ValueError, "`fold` 4 does not exist: dataset 'tiny2d' has 4 folds, 0 to 3"),
        ({"dataset": "nowhere"}, FileNotFoundError, "dataset 'nowhere' is not at .*nowhere; known are"),
        ({"dataset": "topomortar"}, FileNotFoundError, "python -m data_prep prepare topomortar --source DIR"),
        ({"patch_size": [16, 16, 16]}, ValueError, "`patch_size` must have 2 sides"),
        ({"test_group": "hard"}, ValueError, "`test_group` 'hard' does not exist"),
        ({"device": "cuda"}, ValueError, "torch finds no CUDA device"),
    ],
)
def test_run_that_does_not_fit_the_data_stops_without_a_trace(tiny, tmp_path, changes, error, message):
    if changes.get("device") == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    with pytest.raises(error, match=message):
        run(tiny, **changes)
    assert not (tmp_path / "results").exists()


def test_broken_files_of_ones_own_data_stop_the_run(tiny, tmp_path):
    folder = tmp_path / "data" / "tiny2d"
    image = folder / "imagesTr" / "tr1_0000.png"
    image.write_bytes(image.read_bytes()[:100])
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(folder / "labelsTr" / "tr2.png")
    with pytest.raises(ValueError, match="tr1_0000.png") as error:
        run(tiny)
    assert "case 'tr2' has an image of size (24, 20) and a label of size (5, 5)" in str(error.value)


def test_data_without_test_cases_predict_the_validation_cases(tiny, tmp_path, write_raw):
    write_raw(tmp_path / "data" / "own", test=0)
    folder, record = run(tiny, dataset="own", fold=1)
    assert record["data"]["predicted"] == "val"
    assert list(predictions(folder)) == ["tr1.png"]


def test_3d_predictions_lie_where_the_labels_lie(tiny, tmp_path, write_raw):
    import nibabel

    write_raw(tmp_path / "data" / "tiny3d", shape=(10, 12, 20), ending=".nii.gz")
    folder, _ = run(tiny, dataset="tiny3d", patch_size=[8, 8, 16], iterations=2)
    prediction = nibabel.load(folder / "predictions" / "ts0.nii.gz")
    label = nibabel.load(tmp_path / "data" / "tiny3d" / "labelsTs" / "ts0.nii.gz")
    assert prediction.shape == label.shape == (20, 12, 10)
    np.testing.assert_array_equal(prediction.affine, label.affine)


def test_embedded_dataset_is_prepared_on_the_spot(tiny, tmp_path, monkeypatch, write_raw):
    import types

    import data_prep

    made = []

    def prepare(name, source, destination):
        made.append((name, source))
        return write_raw(tmp_path / "data" / name)

    monkeypatch.setattr(data_prep, "names", lambda: ["embedded"])
    monkeypatch.setattr(data_prep, "entry", lambda _: types.SimpleNamespace(embedded=True))
    monkeypatch.setattr(data_prep, "prepare", prepare)
    run(tiny, dataset="embedded", iterations=1)
    assert made == [("embedded", None)]


def test_training_on_the_first_cases_only(tiny):
    """A scaled-down run sees as few images as it says, and another limit is another run."""
    folder, record = run(tiny, max_training_cases=2, scale=0.5)
    assert record["data"]["training_cases"] == 2
    assert record["parameters"]["scale"] == 0.5
    _, whole = run(tiny, experiment="whole")
    _, scaled = run(tiny, experiment="whole", scale=0.5)
    assert whole["data"]["training_cases"] > 2
    assert whole["hash"] == scaled["hash"] != record["hash"]


def test_predictions_that_are_damaged_are_made_again_and_nothing_is_trained(tiny, monkeypatch):
    folder, record = run(tiny)
    whole = predictions(folder)
    assert list(record["predictions"]) == ["ts0.png", "ts1.png"]
    path = folder / "predictions" / "ts0.png"
    path.write_bytes(whole["ts1.png"])  # of another case: as long as it should be, and readable
    monkeypatch.setattr(Learner, "step", lambda *_: pytest.fail("trained again"))
    run(tiny)
    assert predictions(folder) == whole
    path.unlink()
    run(tiny)
    assert predictions(folder) == whole


def test_other_code_trains_anew(tiny, monkeypatch):
    """What was trained by other source files is neither taken for this run nor continued."""
    _, first = run(tiny)
    monkeypatch.setattr(sources, "of_training", lambda config: "another state of the code")
    _, second = run(tiny)
    assert first["sources"] != second["sources"] == "another state of the code"
    assert second["resumed_at"] is None
    assert first["hash"] == second["hash"]
    assert first["start"] <= second["start"]


def test_dataset_that_is_swapped_while_training_is_a_failure(tiny, tmp_path, monkeypatch):
    folder = tmp_path / "data" / "tiny2d" / "labelsTr"
    step = Learner.step

    def swap(self, images, target):
        (folder / "tr0.png").write_bytes((folder / "tr1.png").read_bytes())
        return step(self, images, target)

    monkeypatch.setattr(Learner, "step", swap)
    with pytest.raises(ValueError, match="has changed during the run"):
        run(tiny)
    record = json.loads((Config.from_parameters(**tiny).run_folder / "run.json").read_text())
    assert record["exit_cause"].startswith("failed: the dataset in")


def test_two_trainings_of_one_folder_follow_each_other(tiny):
    """The second waits while the first is stopped, and finds the run finished when it goes on."""
    code = (
        "import json, os, signal, sys\nfrom training.config import Config\nfrom training.learner import Learner\n"
        "from training.loop import train\nstep = Learner.step\n"
        "def stop(self, images, target):\n"
        "    if self.iteration == 2: print('at 2', flush=True); os.kill(os.getpid(), signal.SIGSTOP)\n"
        "    return step(self, images, target)\n"
        "if len(sys.argv) > 2: Learner.step = stop\n"
        "train(Config.from_parameters(**json.loads(sys.argv[1]))); print('over', flush=True)"
    )
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    first = subprocess.Popen([sys.executable, "-c", code, json.dumps(tiny), "stop"], **options)
    assert first.stdout.readline() == "at 2\n"
    second = subprocess.Popen([sys.executable, "-c", code, json.dumps(tiny | {"device": "auto"})], **options)
    assert second.stderr.readline().startswith("waiting for another process that writes into")
    first.send_signal(signal.SIGCONT)
    assert first.communicate(timeout=400)[0] == "over\n"
    assert second.communicate(timeout=400)[0] == "over\n"
    record = json.loads((Config.from_parameters(**tiny).run_folder / "run.json").read_text())
    assert (record["exit_cause"], record["resumed_at"]) == ("completed", None)
    assert record["parameters"]["device"] == "cpu"  # the first one's: the second has not trained


def test_event_files_hold_what_the_history_holds(tiny):
    pytest.importorskip("tensorboard", reason="needs tensorboard: pip install -e '.[tensorboard]'")
    folder, record = run(tiny, log="tensorboard")
    table = read_history(folder).set_index("iteration").stack()
    found = scalars(folder)
    assert found.keys() == {(name, step) for step, name in table.index}
    for (step, name), value in table.items():
        assert found[name, step] == pytest.approx(value, rel=1e-6)  # event files hold float32
    again, other = run(tiny, overwrite=True, learning_rate=0.005)
    assert again == folder
    assert not (folder / "tensorboard").exists()  # it was that of other weights
