"""All imports of notebooks/evaluate.ipynb; nothing here may start a thread, since the process is forked."""

import ipykernel.kernelapp  # noqa: F401
import IPython.display  # noqa: F401
import matplotlib.pyplot  # noqa: F401
import matplotlib_inline.backend_inline  # noqa: F401
import numba  # noqa: F401
import pandas  # noqa: F401

import data_prep  # noqa: F401
import metrics  # noqa: F401
from evaluation import evaluate  # noqa: F401
from tables import averages  # noqa: F401
from tables.experiment import saved_figures  # noqa: F401
from workflow import forms  # noqa: F401
