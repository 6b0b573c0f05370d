"""Deep supervision as nnU-Net weighs it, and the options of speed."""

import json
import shutil

import pytest
import torch

import losses
from training import checkpoints, networks
from training.config import Config
from training.deep_supervision import DeepSupervision, shrink
from training.loop import train

FOUR_LEVELS = {"network": "dynunet", "network_parameters": {"channels": [4, 4, 8, 8]}, "iterations": 2}


def run(parameters, **changes):
    folder = train(Config.from_parameters(**parameters | changes), progress=False)
    return folder, json.loads((folder / "run.json").read_text())


def test_weights_are_halved_and_sum_to_one():
    loss = DeepSupervision(losses.build("dice_ce"))
    target = torch.zeros(1, 1, 16, 16, dtype=torch.long)
    target[..., 3:9, 5:12] = 1
    outputs = [torch.randn(1, 2, side, side, requires_grad=True) for side in (16, 8, 4)]
    single = [losses.build("dice_ce")(each, shrink(target, each.shape[2:])) for each in outputs]
    torch.testing.assert_close(loss(outputs, target), (4 * single[0] + 2 * single[1] + single[2]) / 7)
    loss(outputs, target).backward()
    assert all(each.grad.abs().sum() > 0 for each in outputs)


def test_base_leaves_the_topology_to_the_full_resolution():
    target = torch.zeros(1, 1, 16, 16, dtype=torch.long)
    target[..., 3:9, 5:12] = 1
    outputs = [torch.randn(1, 2, side, side) for side in (16, 8)]
    whole, base = losses.build("cldice"), losses.build("dice_ce")
    wanted = (2 * whole(outputs[0], target) + base(outputs[1], shrink(target, (8, 8)))) / 3
    torch.testing.assert_close(DeepSupervision(whole, base)(outputs, target), wanted)


def test_shrinking_makes_no_class_up():
    target = torch.tensor([0, 0, 3, 3, 255, 255, 7, 7])[None, None, :, None].expand(1, 1, 8, 8)
    assert shrink(target, (4, 4))[0, 0, :, 0].tolist() == [0, 3, 255, 7]


@pytest.mark.parametrize("dims", [2, 3])
def test_dynunet_gives_all_scales_while_training(dims):
    network = networks.build("dynunet", dims, 1, 2, {"channels": [4, 4, 4, 8, 8], "deep_supervision": True})
    image = torch.randn(1, 1, *[32] * dims)
    assert [each.shape[2] for each in network(image)] == [32, 16, 8]
    assert network.eval()(image).shape == (1, 2, *[32] * dims)


def test_description_of_a_network_without_is_as_it_was():
    assert set(networks.resolve("dynunet", {})) == {"channels", "residual"}
    assert networks.resolve("dynunet", {"deep_supervision": True})["deep_supervision"] is True


@pytest.mark.parametrize("kind", ["all", "base"])
def test_run_with_deep_supervision_trains_and_predicts(tiny, kind):
    folder, record = run(tiny, loss="cldice", deep_supervision=kind, **FOUR_LEVELS)
    assert record["exit_cause"] == "completed"
    assert record["network"]["parameters"]["deep_supervision"] is True
    assert any("heads" in name for name in checkpoints.load(folder / "checkpoint.pt")["model"])


def test_deep_supervision_is_dynunet_s_alone():
    with pytest.raises(ValueError, match="`deep_supervision` 'all': network 'unet' has no parameter"):
        Config.from_parameters(deep_supervision="all")
    with pytest.raises(ValueError, match="needs 4 levels or more, `channels` has 3"):
        networks.build("dynunet", 2, 1, 2, {"channels": [4, 4, 4], "deep_supervision": True})


def test_freedom_from_determinism_is_recorded(tiny):
    _, record = run(tiny, deterministic=False, amp=True, iterations=1)
    assert record["determinism"]["deterministic_algorithms"] == "off"
    assert record["determinism"]["cudnn_benchmark"] is True
    assert "memory_format" not in record["determinism"]  # that is a GPU's, as half precision is
    assert record["half_precision"] is False
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.skipif(not (shutil.which("g++") or shutil.which("clang++")), reason="torch.compile needs a C++ compiler")
def test_compiled_network_computes_the_same_up_to_rounding(tiny, tmp_path):
    _, record = run(tiny, compile=True, iterations=2)
    _, plain = run(tiny, iterations=2, results=str(tmp_path / "plain"))
    assert record["determinism"]["compiled"] is True
    assert record["last_loss"] == pytest.approx(plain["last_loss"], rel=1e-4)
    assert "compiled" not in plain["determinism"]
