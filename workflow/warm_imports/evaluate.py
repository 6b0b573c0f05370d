"""What notebooks/evaluate.ipynb imports, early or late; nothing here may start a thread."""

import ipykernel.kernelapp  # noqa: F401
import IPython.display  # noqa: F401
import matplotlib.backends.backend_pdf
import matplotlib.pyplot  # noqa: F401
import matplotlib_inline.backend_inline  # noqa: F401
import pandas.io.formats.html  # noqa: F401
from numba.core.registry import cpu_target
from PIL import Image

import data_prep  # noqa: F401
import metrics  # noqa: F401
from evaluation import evaluate  # noqa: F401
from tables import averages  # noqa: F401
from tables.experiment import saved_figures  # noqa: F401
from training import config  # noqa: F401
from workflow import forms, notebook_session  # noqa: F401

# what Numba imports before it runs the first function, and PIL before it opens the first image
cpu_target.typing_context.refresh()
cpu_target.target_context.refresh()
Image.preinit()
