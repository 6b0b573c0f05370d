"""What notebooks/train.ipynb imports, early or late; nothing here may start a thread."""

import monai.networks.nets  # noqa: F401
import torch._dynamo
import torch._inductor  # noqa: F401

import losses  # noqa: F401
from pictures.style import save  # noqa: F401
from runs.record import read_record  # noqa: F401
from tables.experiment import saved_figures  # noqa: F401
from training import figures, loop  # noqa: F401
from training.finished import refuse_to_replace  # noqa: F401
from workflow.warm_imports import evaluate  # noqa: F401
