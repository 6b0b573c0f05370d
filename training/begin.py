"""The parts of a run before its first iteration: network, loss, optimizer, and the record, begun."""

import math
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import torch

from runs import provenance
from runs.record import RUNNING, InitialWeights, RunRecord, fingerprint
from training import checkpoints, datasets, determinism, measure, networks, sources, validation
from training.config import Config, loss_parameters
from training.deep_supervision import DeepSupervision
from training.learner import Learner, make_optimizer
from training.patches import IGNORED

if TYPE_CHECKING:
    from data_prep import Prepared


def begin(config: Config, data: "Prepared", device: torch.device, flags: dict[str, Any]) -> tuple[Learner, RunRecord]:
    """Build network, loss and optimizer, and begin the record.

    Args:
        config: the run's parameters.
        data: the prepared dataset.
        device: where to train.
        flags: of determinism, for the record.

    Returns:
        What learns, and the record, which has no results yet.

    Raises:
        FileNotFoundError: `init_from` does not exist.
        ValueError: network, loss or initial weights do not fit.
    """
    wanted = config.network_parameters | ({"deep_supervision": True} if config.deep_supervision != "none" else {})
    description = {
        "name": config.network,
        "parameters": networks.resolve(config.network, wanted),
        "dims": data.dims,
        "in_channels": data.channels,
        "out_channels": len(data.classes),
    }
    determinism.seed_weights(config.seed)
    network = networks.build(config.network, data.dims, description["in_channels"], description["out_channels"], wanted)
    start = checkpoints.load_weights(config.init_from, network, description) if config.init_from else None
    network.to(device)
    basis = {
        "data": data.checksum,
        "initial_weights": start and start.weights_sha256,
        # filled in, so that another default in a later version is another run
        "network": description,
        "loss_parameters": loss_parameters(config.loss, config.loss_parameters),
        "patch_size": datasets.patch_size(config, data.dims),
    }
    ignoring = {"ignore_index": IGNORED} if data.has_ignored else {}
    learner = Learner(
        network=network,
        loss=_build_loss(config, ignoring),
        optimizer=make_optimizer(config, network),
        scaler=torch.amp.GradScaler(device.type, enabled=_scales(config, device)),
        config=config,
        description=description,
        training_hash=fingerprint(basis | {"parameters": config.training_parameters()}),
        device=device,
        iteration=0,
        history=[],
        course=validation.begin(config, data),
    )
    return learner, _record(config, data, learner, basis, start, flags)


def _build_loss(config: Config, ignoring: dict[str, int]) -> torch.nn.Module:
    """Build the run's loss, on several scales where it says so."""
    import losses

    loss = losses.build(config.loss, **ignoring, **config.loss_parameters)
    if config.deep_supervision == "none":
        return loss
    shared = {name: config.loss_parameters[name] for name in ("smooth", "batch") if name in config.loss_parameters}
    base = losses.build("dice_ce", **ignoring, **shared) if config.deep_supervision == "base" else None
    return DeepSupervision(loss, base)


def _record(
    config: Config,
    data: "Prepared",
    learner: Learner,
    basis: dict[str, Any],
    start: InitialWeights | None,
    flags: dict[str, Any],
) -> RunRecord:
    import losses

    weights = sum(math.prod(each.shape) for each in learner.network.parameters())
    made_by = provenance.collect()
    return RunRecord(
        **{each.name: getattr(made_by, each.name) for each in fields(made_by)},
        run=config.run,
        loss_title=losses.entry(config.loss).title,
        loss_parameters=basis["loss_parameters"],
        smoke=config.smoke,
        exit_cause=RUNNING,
        parameters=config.as_dict(),
        hash=fingerprint(basis | {"parameters": config.result_parameters()}),
        training_hash=learner.training_hash,
        sources=sources.of_training(config),
        init_from=start,
        data=datasets.describe(config, data),
        network=learner.description | {"weights": weights},
        patch_size=basis["patch_size"],
        normalization="z-score of each channel over the whole image",
        device=learner.device.type,
        half_precision=learner.halves,
        seeds={"weights": config.seed, "patches_and_augmentation": "numpy default_rng([seed, iteration])"},
        determinism=flags | learner.freedoms,
        timed=f"{learner.clock} of forward and backward pass, median without the first {measure.WARM_UP} iterations",
    )


def _scales(config: Config, device: torch.device) -> bool:
    """Whether gradients are scaled: for float16, whose range is too small for them, not for bfloat16."""
    is_bfloat = not config.deterministic and device.type == "cuda" and torch.cuda.is_bf16_supported()
    return config.amp and device.type == "cuda" and not is_bfloat
