"""Every network of the table takes a patch of the size that its divisor allows."""

import pytest
import torch

from training import networks

SMALL = {
    "unet": {"channels": [4, 8, 8], "num_res_units": 1},
    "dynunet": {"channels": [4, 8, 8]},
    "basicunet": {"features": [4, 4, 4, 4, 4, 4]},
    "fcn": {},
    "cldice_unet": {"channels": [4, 8, 8], "kernel_sizes": [3, 3, 5]},
    "segresnet": {"init_filters": 8, "blocks_down": [1, 1, 1], "blocks_up": [1, 1]},
}


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("name", networks.names())
def test_network_gives_one_logit_for_each_class(name, dims):
    parameters = SMALL.get(name, {})
    side = networks.divisor(name, parameters)
    size = [side] * (dims - 1) + [2 * side]
    networks.check_patch(name, parameters, size)
    network = networks.build(name, dims, 2, 3, parameters).train()
    logits = network(torch.zeros(1, 2, *size))
    assert logits.shape == (1, 3, *size)
    assert torch.isfinite(logits).all()


def test_check_patch_names_the_nearest_size():
    with pytest.raises(ValueError, match=r"multiples of 8 .* nearest size that works is \[64, 40\]"):
        networks.check_patch("unet", {}, [65, 37])
    with pytest.raises(ValueError, match=r"nearest size that works is \[16, 16\]"):
        networks.check_patch("unet", {}, [8, 8])
    networks.check_patch("unet", {}, [8, 16])


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("unett", {}, "did you mean 'unet'"),
        ("unet", {"strides": [2]}, "there are: channels, num_res_units"),
        ("unet", {"channels": 4}, "`channels` of network 'unet' must be two or more positive integers"),
        ("unet", {"channels": [4, 0]}, "must be two or more positive integers"),
        ("unet", {"num_res_units": True}, "must be an integer from 0, got True"),
        ("dynunet", {"residual": 1}, "must be true or false, got 1"),
    ],
)
def test_wrong_network_is_refused(name, parameters, message):
    with pytest.raises(ValueError, match=message):
        networks.resolve(name, parameters)


def test_parameter_counts_of_cldice():
    """Table 2 of the paper, exactly, but for the 3D U-Net, which as described has 70.7 million and not 19.21."""
    from training.networks.cldice import parameter_counts

    assert parameter_counts() == {
        "fcn_drive": 15_521, "unet_drive": 28_942_785, "fcn_roads": 279_671, "unet_roads": 31_031_745,
        "fcn_vessap": 58_656, "unet_vessap": 70_745_153,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("fcn", {"kernel_sizes": [3, 4, 5, 3]}, "`kernel_sizes` of network 'fcn' must be odd"),
        ("fcn", {"channels": [4, 4]}, "as many as `channels`"),
        ("cldice_unet", {"kernel_sizes": [3, 3]}, "`kernel_sizes` of network 'cldice_unet' must be 5 numbers"),
    ],
)
def test_layers_that_do_not_fit_are_refused(name, parameters, message):
    with pytest.raises(ValueError, match=message):
        networks.build(name, 2, 1, 2, parameters)


def test_same_seed_same_weights():
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(networks.build("unet", 2, 1, 2, SMALL["unet"]).state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
