"""From a prepared dataset to a score through nnU-Net's own commands: plan, train one epoch, predict."""

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import data_prep
import metrics

pytest.importorskip("nnunetv2", reason="nnU-Net is not installed: .ci/nnunet makes an environment that has it")

ROOT = Path(__file__).parents[2]
TRAINER = "nnUNetTrainer_closs,epoch_steps=4,epoch_validations=1,epochs=1,gamma=0.1,skeletons_by_workers=true"
DATASET = "Dataset901_Roads"


def _environment(folder: Path) -> dict[str, str]:
    path = os.pathsep.join([str(Path(__file__).parent / "timm_stub"), str(ROOT)])
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    folders = {f"nnUNet_{name}": str(folder / name) for name in ("raw", "preprocessed", "results")}
    environment = {**os.environ, **threads, **folders, "PYTHONPATH": path, "nnUNet_def_n_proc": "1"}
    command = [sys.executable, "-m", "integrations.nnunet", "path"]
    found = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=True)
    return environment | {"nnUNet_extTrainer": found.stdout.strip()}


def _run(environment: dict[str, str], command: str, workers: int = 0) -> subprocess.CompletedProcess[str]:
    """Run one of nnU-Net's commands; planning wants a worker, training does without."""
    name, *arguments = command.split()
    program = str(Path(sys.executable).parent / name)
    environment = environment | {"nnUNet_n_proc_DA": str(workers)}
    return subprocess.run(
        [program, *arguments], env=environment, cwd=environment["nnUNet_raw"], capture_output=True, text=True
    )


def _shrink_plans(file: Path) -> None:
    plans = json.loads(file.read_text())
    plans["plans_name"] = "tiny"
    configuration = plans["configurations"]["2d"]
    network = configuration["architecture"]["arch_kwargs"]
    network |= {"n_stages": 3, "features_per_stage": [4, 8, 8], "n_conv_per_stage": [1] * 3}
    network |= {name: network[name][:3] for name in ("kernel_sizes", "strides")}
    network["n_conv_per_stage_decoder"] = [1] * 2
    configuration |= {"patch_size": [64, 64], "batch_size": 2}
    file.with_name("tiny.json").write_text(json.dumps(plans))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The environment in which the trainer has been trained on six small synthetic images, and the dataset's folder."""
    folder = tmp_path_factory.mktemp("nnunet")
    raw = folder / "raw" / DATASET
    shutil.copytree(data_prep.prepare("synthetic2d", None, folder / "prepared", train=6, test=2, size=64), raw)
    environment = _environment(folder)
    planned = _run(environment, "nnUNetv2_plan_and_preprocess -d 901 -c 2d -np 1 -npfp 1", workers=1)
    assert planned.returncode == 0, planned.stderr
    preprocessed = folder / "preprocessed" / DATASET
    _shrink_plans(preprocessed / "nnUNetPlans.json")
    shutil.copy(raw / "splits_final.json", preprocessed)
    done = _run(environment, f"nnUNetv2_train 901 2d 0 -tr {TRAINER} -p tiny -device cpu")
    assert done.returncode == 0, done.stderr
    return environment, raw


def test_a_dataset_is_planned_trained_predicted_and_scored(trained, tmp_path):
    environment, raw = trained
    model = Path(environment["nnUNet_results"], DATASET, f"{TRAINER}__tiny__2d")
    saved = torch.load(model / "fold_0" / "checkpoint_final.pth", weights_only=False)
    assert saved["init_args"]["topology_loss"]["parameters"]["gamma"] == 0.1
    assert len(saved["logging"]["train_losses"]) == 1

    how = f"-d 901 -c 2d -tr {TRAINER} -p tiny -f 0 -device cpu -npp 1 -nps 1"
    predicted = _run(environment, f"nnUNetv2_predict -i {raw / 'imagesTs'} -o {tmp_path} {how}")
    assert predicted.returncode == 0, predicted.stderr
    truths = sorted((raw / "labelsTs").glob("*.png"))
    assert sorted(file.name for file in tmp_path.glob("*.png")) == [file.name for file in truths]
    for truth in truths:
        masks = (np.asarray(Image.open(file)) > 0 for file in (tmp_path / truth.name, truth))
        scores = metrics.evaluate(*masks, ["dice", "cldice", "betti0_error"])
        assert scores["dice"] > 0.1  # roads cover a fifth of the image; four steps find some of them
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{spent.ru_utime + spent.ru_stime:.0f} CPU-seconds")


def test_a_wrong_trainer_ends_nnunet_with_one_line(trained):
    environment, _ = trained
    failed = _run(environment, "nnUNetv2_train 901 2d 0 -tr nnUNetTrainer_clos -p tiny -device cpu")
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1].startswith("nnUNetTrainer_clos: unknown loss 'clos'; did you mean 'closs'")
    assert "Traceback" not in failed.stderr
