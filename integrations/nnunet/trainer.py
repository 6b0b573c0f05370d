"""The trainers: nnU-Net's own trainer with another loss. This module imports nnU-Net."""

from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import torch
import torch.distributed as dist
from batchgeneratorsv2.transforms.base.basic_transform import BasicTransform, SegOnlyTransform
from batchgeneratorsv2.transforms.utils.compose import ComposeTransforms
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
from torch import nn

from integrations.nnunet import requirements
from integrations.nnunet.loss import DeepSupervision, NNUNetLoss, Problem, scale_weights, without_term
from integrations.nnunet.naming import RECORD, TrainerName
from runs import files, provenance

Target = torch.Tensor | list[torch.Tensor]


class TopologyLossTrainer(nnUNetTrainer):
    """nnU-Net's trainer with a loss of the registry; `trainer_class` creates a subclass for each name."""

    trainer_name: ClassVar[TrainerName]

    def __init__(
        self,
        plans: dict[str, Any],
        configuration: str,
        fold: int,
        dataset_json: dict[str, Any],
        device: torch.device = torch.device("cuda"),  # noqa: B008  (nnU-Net's own signature)
    ) -> None:
        """Set up the training as nnU-Net does, with the length that the trainer's name specifies."""
        super().__init__(plans, configuration, fold, dataset_json, device)
        settings = self.trainer_name.settings
        self.num_epochs = settings.epochs
        self.num_iterations_per_epoch = settings.epoch_steps
        self.num_val_iterations_per_epoch = settings.epoch_validations
        self.initial_lr = settings.learning_rate

    def _build_loss(self) -> nn.Module:
        # the checkpoint stores this; nnU-Net itself reads only the configuration from it
        self.my_init_kwargs["topology_loss"] = self.trainer_name.record() | _provenance()
        self.print_to_log_file(f"Loss: {self.my_init_kwargs['topology_loss']}")
        try:
            return self._loss_of_scales()
        except ValueError as error:
            raise SystemExit(f"{type(self).__name__}: {error}") from None

    def _loss_of_scales(self) -> nn.Module:
        name = self.trainer_name
        full = NNUNetLoss(name.loss, name.parameters, self._problem())
        if full.distributed and self.configuration_manager.batch_size % dist.get_world_size():
            raise ValueError("a Dice over the whole batch needs a batch size that is a multiple of the number of GPUs")
        if name.settings.skeletons_by_workers and not full.views:
            raise ValueError(f"`skeletons_by_workers`: {name.loss!r} uses no skeletons of the ground truth")
        smaller = full
        if name.settings.full_resolution_term:
            smaller = NNUNetLoss(name.loss, without_term(name.loss, name.parameters), self._problem())
        if not self.enable_deep_supervision:
            return full
        weights = scale_weights(len(self._get_deep_supervision_scales()), self.is_ddp and not self._do_i_compile())
        return DeepSupervision([full] + [smaller] * (len(weights) - 1), weights)

    def _problem(self) -> Problem:
        labels = self.label_manager
        return Problem(
            channels=labels.num_segmentation_heads,
            dims=len(self.configuration_manager.patch_size),
            regions=labels.has_regions,
            ignore_label=labels.ignore_label,
            batch_dice=self.configuration_manager.batch_dice,
            distributed=self.is_ddp,
        )

    def on_train_start(self) -> None:
        """Begin as nnU-Net does, and record what is trained where it can be read without unpickling a checkpoint."""
        super().on_train_start()
        if self.local_rank == 0:
            files.write_json(Path(self.output_folder) / RECORD, self.my_init_kwargs["topology_loss"])

    def get_training_transforms(self, *args: Any, **kwargs: Any) -> BasicTransform:
        """Return nnU-Net's transforms, followed, if the name says so, by the one that computes skeletons."""
        transforms = super().get_training_transforms(*args, **kwargs)  # a static method in nnU-Net
        if not self.trainer_name.settings.skeletons_by_workers:
            return transforms
        loss, scales = self.loss, 1
        if isinstance(loss, DeepSupervision):
            scales = 1 if self.trainer_name.settings.full_resolution_term else sum(w > 0 for w in loss.weights)
            loss = loss.of_scales[0]
        return ComposeTransforms([transforms, MakeSkeletons(loss, scales)])


class MakeSkeletons(SegOnlyTransform):
    """Append to a target what the loss computes from it alone, at the largest scales; validation does so in the step.

    Args:
        loss: at full resolution.
        scales: number of scales to append it to.
    """

    def __init__(self, loss: NNUNetLoss, scales: int) -> None:
        super().__init__()
        self.loss, self.scales = loss, scales

    def _apply_to_segmentation(self, segmentation: Target, **params: Any) -> Target:
        if not isinstance(segmentation, list):
            return self._with_views(segmentation)
        return [self._with_views(s) if i < self.scales else s for i, s in enumerate(segmentation)]

    def _with_views(self, segmentation: torch.Tensor) -> torch.Tensor:
        return self.loss.with_views(segmentation[None])[0]


@cache
def trainer_class(name: str) -> type[TopologyLossTrainer]:
    """Return the trainer class for a name.

    Args:
        name: nnUNetTrainer_<loss>[,name=value...], see `TrainerName`.

    Returns:
        The class, with this name.

    Raises:
        ValueError: nnU-Net is too old; or see `TrainerName.parse`.
        TypeError: see `TrainerName.parse`.
    """
    wrong = requirements.problem()
    if wrong:
        raise ValueError(wrong)
    parsed = TrainerName.parse(name)
    doc = f"nnU-Net's trainer with the loss {parsed.loss!r}."
    return type(name, (TopologyLossTrainer,), {"trainer_name": parsed, "__doc__": doc, "__module__": __name__})


def _provenance() -> dict[str, Any]:
    found = provenance.collect()
    git = asdict(found.git) if found.git else None
    return {"git": git, "packages": found.packages | {"nnunetv2": version("nnunetv2")}}
