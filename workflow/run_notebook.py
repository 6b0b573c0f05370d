"""Run one notebook: refuse what it does not declare, keep what happened, compare what was used with what was asked.

    python -m workflow.run_notebook notebooks/train.ipynb out.ipynb -p loss closs -p iterations 20

The executed notebook appears whole or not at all. A failed one stays, with its traceback, beside a `failure.json` that
says why in one line; both go when the notebook is run again.
"""

import argparse
import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runs import files
from training.config import Config
from workflow import notebook_parameters
from workflow.notebook_parameters import NotebookError

FAILURE = "failure.json"
_START_TIMEOUT = 300  # seconds for a kernel to start; many start at once on a busy machine


class NotebookFailure(RuntimeError):
    """A cell of the notebook raised; the message names the exception and where the notebook lies."""


def run(
    notebook: Path,
    output: Path,
    parameters: Mapping[str, Any],
    record: Path | None = None,
    progress: bool | None = None,
) -> None:
    """Check the parameters, execute the notebook, and check what it used.

    Args:
        notebook: the notebook to run.
        output: where the executed notebook goes.
        parameters: values by name; what is not given has the notebook's default.
        record: a `run.json` that the notebook writes; what it says was used is compared with `parameters`.
        progress: whether to show a bar; None: where standard error is a terminal.

    Raises:
        NotebookError: before a kernel starts, for unknown names, other types, a notebook without its tag.
        NotebookFailure: when a cell raises, or the record contradicts what was asked.
    """
    notebook_parameters.check(notebook, parameters)
    output.parent.mkdir(parents=True, exist_ok=True)
    failure = output.parent / FAILURE
    failure.unlink(missing_ok=True)
    try:
        _execute(notebook, output, parameters, progress)
        if record is not None:
            _compare(record, parameters)
    except NotebookFailure as error:
        files.write_json(failure, {"notebook": output.name, "error": str(error)})
        raise NotebookFailure(f"{error}; the notebook with its traceback: {output}") from error


def _execute(notebook: Path, output: Path, parameters: Mapping[str, Any], progress: bool | None) -> None:
    """Let papermill write beside the output and rename at the end, whether it went well or not."""
    import papermill

    partial = output.with_name(f".{output.stem}.partial.ipynb")
    partial.unlink(missing_ok=True)
    try:
        papermill.execute_notebook(
            str(notebook),
            str(partial),
            parameters=dict(parameters),
            progress_bar=sys.stderr.isatty() if progress is None else progress,
            start_timeout=_START_TIMEOUT,
            extra_arguments=["--log-level=50"],  # the kernel's own remarks about its connection and its end
        )
    except papermill.PapermillExecutionError as error:
        raise NotebookFailure(f"{error.ename}: {' '.join(str(error.evalue).split())}") from None
    except Exception as error:  # a kernel that dies or does not start; interrupts pass through
        raise NotebookFailure(f"{type(error).__name__}: {' '.join(str(error).split())}") from error
    finally:
        if partial.exists():
            os.replace(partial, output)


def _compare(record: Path, asked: Mapping[str, Any]) -> None:
    """Compare a run's own record with what it was asked to do."""
    if not record.is_file():
        raise NotebookFailure(f"the notebook ended without writing {record.name}")
    used = files.read_json(record)["parameters"]
    counting = Config(**used).result_parameters()  # a finished run may lie elsewhere now, that changes nothing
    wrong = [
        f"`{name}` was asked to be {value!r} and was {used.get(name)!r}"
        for name, value in asked.items()
        if name in counting and used.get(name) != json.loads(json.dumps(value))
    ]
    if wrong:
        raise NotebookFailure(f"the notebook did not use what it was given: {'; '.join(wrong)}")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process writes into the folder: one that outlived a killed workflow may still be there."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another process that writes into {folder}", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m workflow.run_notebook",
        description="Run a notebook with parameters, refusing any that it does not declare.",
    )
    parser.add_argument("notebook", type=Path, help="notebook to run; its cell tagged `parameters` has the defaults")
    parser.add_argument("output", type=Path, help="where the executed notebook goes")
    parser.add_argument("-p", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help="one parameter")
    parser.add_argument("--json", default="{}", metavar="OBJECT", help="parameters as one JSON object")
    parser.add_argument("--record", type=Path, help="run.json to compare with what was asked")
    parser.add_argument("--lock", action="store_true", help="wait while another writes into the output's folder")
    parser.add_argument("--title", default="", help="what to call this in messages")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run as a command; messages are one line each.

    Args:
        arguments: the command line, by default the process's own.

    Returns:
        Exit status: 0, 1 when the notebook failed, 2 when it was refused.
    """
    given = _arguments().parse_args(arguments)
    title = given.title or given.notebook.stem
    start = time.monotonic()
    try:
        parameters = json.loads(given.json) | notebook_parameters.parse(given.notebook, dict(given.p))
        if given.lock:
            with _alone(given.output.parent):
                run(given.notebook, given.output, parameters, given.record)
        else:
            run(given.notebook, given.output, parameters, given.record)
    except NotebookError as error:
        print(f"refused: {title}: {error}", file=sys.stderr, flush=True)
        return 2
    except NotebookFailure as error:
        print(f"failed: {title}: {error}", file=sys.stderr, flush=True)
        return 1
    print(f"done: {title} in {time.monotonic() - start:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
