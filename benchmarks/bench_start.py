"""What the start of an evaluation costs: a notebook that imports what evaluations need, and does nothing.

`cold` is the first of a job, or one run alone; `warm` is each further one, a fork of a process with all imports.
"""

import tempfile
import time
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from workflow import run_notebook

_CELL = "import time\nfrom workflow.warm_imports import evaluate\nprint(time.process_time())"


class TrackStart:
    """CPU seconds of the process that runs the notebook and of its kernel."""

    params = ["cold", "warm"]
    param_names = ["start"]
    version = "1"
    timeout = 600
    unit = "seconds"

    def setup(self, start: str) -> None:
        self.place = tempfile.TemporaryDirectory()
        self.notebook = Path(self.place.name) / "start.ipynb"
        parameters = new_code_cell("nothing: int = 0  # no parameter", metadata={"tags": ["parameters"]})
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        cells = [parameters, new_code_cell(_CELL)]
        nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), self.notebook)
        if start == "warm":
            self.track_cpu(start)  # the process that others are forked from

    def teardown(self, start: str) -> None:
        self.place.cleanup()

    def track_cpu(self, start: str) -> float:
        """Run the notebook once."""
        output, started = Path(self.place.name) / "output.ipynb", time.process_time()
        run_notebook.run(
            self.notebook, output, {}, progress=False, warm="workflow.warm_imports.evaluate" if start == "warm" else ""
        )
        own = time.process_time() - started
        return own + float(nbformat.read(output, 4).cells[-1]["outputs"][0]["text"])
