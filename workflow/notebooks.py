"""Run all notebooks, each after those whose results it shows, and say which failed.

    python -m workflow.notebooks          (make notebooks)

They show a small example (`workflow.example`); the executed ones come to lie in results/notebooks/.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workflow import example
from workflow.places import notebook
from workflow.run_notebook import main as run_notebook
from workflow.run_notebook import options

FOLDER = "results/notebooks"


def steps() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield name, name of the output, and parameters of each notebook, in the order in which they can run."""
    yield "prepare", "prepare", {}
    for loss in example.LOSSES:
        yield "train", f"train_{loss}", example.parameters(loss)
    for name in ("evaluate", "tables", "summary", "scorecard", "score", "critical_pixels", "audit", "paper"):
        yield name, name, {}
    for path in sorted(notebook("*").parent.glob("tables_*.ipynb")):
        yield path.stem, path.stem, {}
    yield "index", "index", {"folder": FOLDER}


def main() -> int:
    """Run as a command.

    Returns:
        Exit status: 0, 1 when a notebook failed, 130 after Ctrl-C.
    """
    listed, failed = list(steps()), []
    print(f"{len(listed)} notebooks, a few minutes; executed ones: {FOLDER}/", flush=True)
    try:
        for name, output, parameters in listed:
            place = Path(FOLDER, f"{output}.ipynb")
            if run_notebook([str(notebook(name)), str(place), "--title", output, *options(parameters)]):
                failed.append(str(place))
    except KeyboardInterrupt:
        print("interrupted; the same command runs them again", file=sys.stderr)
        return 130
    print(f"\n{len(listed) - len(failed)} of {len(listed)} notebooks ran; open them with: make lab")
    for path in failed:
        print(f"failed: {path} (it holds the traceback)", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
