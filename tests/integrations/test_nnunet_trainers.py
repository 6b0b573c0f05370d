"""nnU-Net finds the trainers, and each of them takes steps: 2D and 3D, regions, ignore label, deep supervision."""

import runpy
from pathlib import Path

import pytest
import torch

import losses
from integrations.nnunet.__main__ import FOLDER
from integrations.nnunet.naming import PREFIX

pytest.importorskip("nnunetv2", reason="nnU-Net is not installed: .ci/nnunet makes an environment that has it")

runpy.run_path(str(Path(__file__).parent / "timm_stub" / "sitecustomize.py"))

from integrations.nnunet.trainer import trainer_class  # noqa: E402

CLASSES = {"background": 0, "artery": 1, "vein": 2}
REGIONS = {"background": 0, "vessel": [1, 2], "vein": [2]}
FAST = {
    slug: {"iterations": 2} for slug in losses.names() if slug != "scnp" and "iterations" in losses.parameters(slug)
}


def plans(dims: int, batch_dice: bool) -> dict:
    """Give the plans of a network of three stages for patches of 16 pixels a side."""
    name = f"{dims}d"
    network = {
        "n_stages": 3,
        "features_per_stage": [2, 4, 4],
        "conv_op": f"torch.nn.modules.conv.Conv{name}",
        "kernel_sizes": [[3] * dims] * 3,
        "strides": [[1] * dims, [2] * dims, [2] * dims],
        "n_conv_per_stage": [1, 1, 1],
        "n_conv_per_stage_decoder": [1, 1],
        "conv_bias": True,
        "norm_op": f"torch.nn.modules.instancenorm.InstanceNorm{name}",
        "norm_op_kwargs": {"eps": 1e-5, "affine": True},
        "dropout_op": None,
        "dropout_op_kwargs": None,
        "nonlin": "torch.nn.LeakyReLU",
        "nonlin_kwargs": {"inplace": True},
    }
    configuration = {
        "data_identifier": "tiny",
        "batch_size": 2,
        "patch_size": [16] * dims,
        "spacing": [1.0] * dims,
        "batch_dice": batch_dice,
        "architecture": {
            "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
            "arch_kwargs": network,
            "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
        },
    }
    return {
        "dataset_name": "Dataset900_Tiny",
        "plans_name": "tiny",
        "label_manager": "LabelManager",
        "continue_training": False,
        "configurations": {name: configuration},
    }


@pytest.fixture
def make(tmp_path, monkeypatch):
    """A function that sets up a trainer with a loss, on the CPU."""
    for folder in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        monkeypatch.setenv(folder, str(tmp_path / folder))
    (tmp_path / "nnUNet_preprocessed" / "Dataset900_Tiny" / "tiny").mkdir(parents=True)
    (tmp_path / "nnUNet_preprocessed" / "Dataset900_Tiny" / "tiny" / "case.npz").touch()

    def trainer(name: str, dims: int = 2, labels: dict = CLASSES, ignores: bool = False, batch_dice: bool = True):
        dataset = {
            "channel_names": {"0": "grey"},
            "labels": {**labels, **({"ignore": 3} if ignores else {})},
            "regions_class_order": [1, 2] if labels is REGIONS else None,
            "file_ending": ".png",
        }
        made = trainer_class(name)(plans(dims, batch_dice), f"{dims}d", 0, dataset, torch.device("cpu"))
        made.initialize()
        return made

    return trainer


def batch(trainer, dims: int, labels: dict, ignores: bool, training: bool = True) -> dict:
    """Make a batch by nnU-Net's own transforms after the spatial ones."""
    classes = torch.zeros(2, 1, *[16] * dims, dtype=torch.int16)
    classes[..., 3:9, :], classes[..., 10:12] = 1, 2
    if ignores:
        classes[0, ..., :2] = 3
    images = classes + 0.5 * torch.randn(classes.shape, generator=torch.Generator().manual_seed(0))
    regional = trainer.label_manager.has_regions
    transforms = trainer.get_validation_transforms(
        trainer._get_deep_supervision_scales(),
        regions=trainer.label_manager.foreground_regions if regional else None,
        ignore_label=trainer.label_manager.ignore_label,
    )
    targets = [transforms(image=i, segmentation=s)["segmentation"] for i, s in zip(images, classes, strict=True)]
    return {"data": images.float(), "target": [torch.stack(scale) for scale in zip(*targets, strict=True)]}


CASES = {
    "2D": (2, CLASSES, False),
    "2D ignored": (2, CLASSES, True),
    "3D": (3, CLASSES, True),
    "3D regions": (3, REGIONS, False),
    "2D regions ignored": (2, REGIONS, True),
}


@pytest.mark.parametrize("case", CASES)
def test_every_loss_trains_and_validates(make, case):
    dims, labels, ignores = CASES[case]
    for slug in losses.names():
        if dims not in losses.entry(slug).dims:
            continue
        given = "".join(f",{name}={value}" for name, value in FAST.get(slug, {}).items())
        trainer = make(f"{PREFIX}{slug}{given}", dims, labels, ignores)
        before = [p.clone() for p in trainer.network.parameters()]
        values = [trainer.train_step(batch(trainer, dims, labels, ignores))["loss"] for _ in range(3)]
        assert all(torch.isfinite(torch.from_numpy(value)) for value in values), slug
        assert any(not torch.equal(p, b) for p, b in zip(trainer.network.parameters(), before, strict=True)), slug
        with torch.no_grad():
            result = trainer.validation_step(batch(trainer, dims, labels, ignores))
        assert result["tp_hard"].shape == (2,), slug


@pytest.mark.parametrize("case", ["2D ignored", "3D regions", "2D regions ignored"])
def test_workers_make_the_skeletons_of_training_batches(make, case):
    dims, labels, ignores = CASES[case]
    trainer = make(f"{PREFIX}closs,skeletons_by_workers=true", dims, labels, ignores)
    plain = batch(trainer, dims, labels, ignores)["target"]
    arguments = {
        "patch_size": [16] * dims,
        "rotation_for_DA": (0.0, 0.0),
        "deep_supervision_scales": trainer._get_deep_supervision_scales(),
        "mirror_axes": (),
        "do_dummy_2d_data_aug": False,
        "regions": trainer.label_manager.foreground_regions if labels is REGIONS else None,
        "ignore_label": trainer.label_manager.ignore_label,
    }
    last = trainer.get_training_transforms(**arguments).transforms[-1]
    longer = [torch.stack([last(segmentation=image)["segmentation"] for image in scale]) for scale in plain]
    several = [last(segmentation=[scale[0] for scale in plain])["segmentation"]]
    assert longer[0].shape[1] > plain[0].shape[1]
    assert several[0][-1].shape == plain[-1][0].shape  # its weight is 0
    outputs = [torch.randn(2, trainer.label_manager.num_segmentation_heads, *scale.shape[2:]) for scale in plain]
    assert torch.equal(trainer.loss(outputs, [longer[0], *plain[1:]]), trainer.loss(outputs, plain))


def test_the_term_at_full_resolution_only(make):
    trainer = make(f"{PREFIX}closs,full_resolution_term=true")
    everywhere, plain = make(f"{PREFIX}closs"), make(f"{PREFIX}dice_ce")
    targets = batch(trainer, 2, CLASSES, False)["target"]
    outputs = [torch.randn(2, 3, *scale.shape[2:], generator=torch.Generator().manual_seed(1)) for scale in targets]
    expected = everywhere.loss([outputs[0], outputs[1]], targets) - everywhere.loss.weights[1] * (
        everywhere.loss.of_scales[1](outputs[1], targets[1]) - plain.loss.of_scales[1](outputs[1], targets[1])
    )
    torch.testing.assert_close(trainer.loss(outputs, targets), expected)


def test_the_checkpoint_says_what_was_trained(make, tmp_path):
    trainer = make(f"{PREFIX}closs,epochs=7,gamma=0.1")
    trainer.save_checkpoint(str(tmp_path / "checkpoint.pth"))
    saved = torch.load(tmp_path / "checkpoint.pth", weights_only=False)
    record = saved["init_args"]["topology_loss"]
    assert saved["trainer_name"] == f"{PREFIX}closs,epochs=7,gamma=0.1"
    assert record["loss"] == "closs"
    assert record["parameters"] == losses.parameters("closs") | {"gamma": 0.1}
    assert record["settings"]["epochs"] == trainer.num_epochs == 7
    assert record["packages"]["nnunetv2"]
    again = make(f"{PREFIX}closs,epochs=7,gamma=0.1")
    again.load_checkpoint(str(tmp_path / "checkpoint.pth"))
    assert again.my_init_kwargs["topology_loss"] == record


@pytest.mark.parametrize(
    ("name", "dims", "message"),
    [
        ("topoloss_published", 3, "is for 2D images, this configuration has 3D"),
        ("dice_ce,full_resolution_term=true", 2, "'dice_ce' has none"),
        ("thpm,skeletons_by_workers=true", 2, "'thpm' makes no skeletons of the ground truth"),
        ("region_wise,spacing=1.0~-1.0~", 2, "`spacing` must lie in"),
    ],
)
def test_what_does_not_fit_ends_with_one_line(make, name, dims, message):
    with pytest.raises((SystemExit, ValueError), match=message) as raised:
        make(PREFIX + name, dims)
    assert "\n" not in str(raised.value)


@pytest.fixture
def find(monkeypatch):
    """nnU-Net's own search, in our folder too."""
    from nnunetv2.utilities.find_objects import recursive_find_trainer_class_by_name

    monkeypatch.setenv("nnUNet_extTrainer", str(FOLDER))
    return recursive_find_trainer_class_by_name


def test_nnunet_finds_the_trainers(find):
    found = find("nnUNetTrainer_closs,gamma=0.1")
    assert found.__name__ == "nnUNetTrainer_closs,gamma=0.1"
    assert found.trainer_name.parameters == {"gamma": 0.1}
    assert find("nnUNetTrainer_closs,gamma=0.1") is found
    assert find("nnUNetTrainer_5epochs").__module__.startswith("nnunetv2.")


def test_nnunet_passes_on_the_one_line(find):
    with pytest.raises(SystemExit) as raised:
        find("nnUNetTrainer_clos")
    assert str(raised.value).startswith("nnUNetTrainer_clos: unknown loss 'clos'; did you mean 'closs'")
    assert "\n" not in str(raised.value)
