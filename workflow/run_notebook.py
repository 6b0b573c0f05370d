"""Run one notebook: refuse undeclared parameters, keep the output, compare the parameters used with those requested.

    python -m workflow.run_notebook notebooks/train.ipynb out.ipynb -p loss closs -p iterations 20

The executed notebook is written completely or not at all. A failed one is kept, with its traceback, beside a
`failure.json` that gives the reason in one line; both are replaced when the notebook is run again.
"""

import argparse
import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runs.failure import Failure, clear_failure, write_failure
from runs.lock import NOTEBOOK, alone
from runs.record import NOT_IN_RESULT, read_record
from runs.steps import write_flag
from workflow import notebook_parameters
from workflow.jobs import gpus
from workflow.notebook_parameters import NotebookError

_ERROR_LINE = re.compile(r"\w*(Error|Exception)\b")  # the last line of a traceback
_START_TIMEOUT = 300  # seconds for a kernel to start; many start at once on a busy machine


class NotebookFailure(RuntimeError):
    """A cell of the notebook raised; the message names the exception and where the notebook lies."""


def run(
    notebook: Path,
    output: Path,
    parameters: Mapping[str, Any],
    record: Path | None = None,
    progress: bool | None = None,
    warm: str = "",
) -> None:
    """Check the parameters, execute the notebook, and check what it used.

    Args:
        notebook: the notebook to run.
        output: where the executed notebook goes.
        parameters: values by name; what is not given has the notebook's default.
        record: folder of the run whose `run.json` the notebook writes; what it says was used is compared with
            `parameters`.
        progress: whether to show a bar; None: where standard error is a terminal.
        warm: module that imports what the notebook needs; the kernel is forked from a process that has imported it.
            "": a kernel of its own.

    Raises:
        NotebookError: before a kernel starts, for unknown names, other types, a notebook without its tag.
        NotebookFailure: when a cell raises, or the record contradicts what was asked.
    """
    notebook_parameters.check(notebook, parameters)
    output.parent.mkdir(parents=True, exist_ok=True)
    clear_failure(output.parent)
    try:
        _execute(notebook, output, parameters, progress, warm)
        if record is not None:
            _compare(record, parameters)
    except NotebookFailure as error:
        write_failure(output.parent, Failure(output.name, str(error)))
        raise NotebookFailure(f"{error}; the notebook with its traceback: {output}") from error


def _execute(notebook: Path, output: Path, parameters: Mapping[str, Any], progress: bool | None, warm: str) -> None:
    """Let papermill write beside the output and rename at the end, on success and on failure."""
    import papermill

    partial = output.with_name(f".{output.stem}.partial.ipynb")
    partial.unlink(missing_ok=True)
    try:
        papermill.execute_notebook(
            _literal(notebook),
            _literal(partial),
            parameters=dict(parameters),
            progress_bar=sys.stderr.isatty() if progress is None else progress,
            start_timeout=_START_TIMEOUT,
            extra_arguments=["--log-level=50"],  # the kernel's own remarks about its connection and its end
            **_kernels(warm),
        )
    except papermill.PapermillExecutionError as error:
        told = f"{error.ename}: {' '.join(str(error.evalue).split())}" if error.evalue else _printed(partial)
        raise NotebookFailure(told or _without_reason(error.ename)) from None
    except Exception as error:  # a kernel that dies or does not start; interrupts pass through
        raise NotebookFailure(_reason(error)) from error
    finally:
        if partial.exists():
            os.replace(partial, output)


def _kernels(warm: str) -> dict[str, Any]:
    if not warm:
        return {}
    from workflow import warm_kernel

    return {"kernel_manager_class": warm_kernel.manager(warm)}


def _literal(path: Path) -> str:
    """Protect braces in a path from being taken as papermill's own parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _reason(error: BaseException) -> str:
    """Return in one line what went wrong; an exception without a text is described by its cause."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) and cause not in causes:
        causes.append(cause)
    told = next((each for each in causes if str(each).strip()), None)
    if told is None:
        return _without_reason(type(error).__name__)
    return f"{type(told).__name__}: {' '.join(str(told).split())}"


def _without_reason(name: str) -> str:
    advice = "is there memory, and may enough files be open (ulimit -n)?"
    return f"{name} without a reason: the kernel could not work; {advice}"


def _printed(notebook: Path) -> str:
    """Return the first error that a kernel has printed, in one line; "" if none.

    That is where it goes if the kernel cannot format it, for want of open files for instance.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    texts = [each["text"] for cell in cells for each in cell.get("outputs", []) if each.get("name") == "stderr"]
    lines = [line for text in texts for line in "".join(text).splitlines()]
    return next((line for line in lines if _ERROR_LINE.match(line)), "")


def _compare(folder: Path, asked: Mapping[str, Any]) -> None:
    """Compare a run's own record with the request."""
    try:
        used = read_record(folder).parameters
    except (OSError, ValueError) as error:
        raise NotebookFailure(f"the notebook ended without writing a run.json that can be read: {error}") from error
    wrong = [
        f"`{name}` was asked to be {value!r} and was {used.get(name)!r}"
        for name, value in asked.items()
        # a finished run may have moved, which changes nothing
        if name not in NOT_IN_RESULT and used.get(name) != json.loads(json.dumps(value))
    ]
    if wrong:
        raise NotebookFailure(f"the notebook did not use what it was given: {'; '.join(wrong)}")


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m workflow.run_notebook",
        description="Run a notebook with parameters, refusing any that it does not declare.",
    )
    parser.add_argument("notebook", type=Path, help="notebook to run; its cell tagged `parameters` has the defaults")
    parser.add_argument("output", type=Path, help="where the executed notebook goes")
    parser.add_argument("-p", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help="one parameter")
    parser.add_argument("--json", default="{}", metavar="OBJECT", help="parameters as one JSON object")
    parser.add_argument("--record", type=Path, help="folder of the run to compare with what was asked")
    parser.add_argument("--lock", action="store_true", help="wait while another writes into the output's folder")
    parser.add_argument("--flag", type=Path, help="file to write when all went well")
    parser.add_argument("--data-folder", type=Path, help="prepared dataset whose checksum goes into the flag")
    parser.add_argument("--gpus", default="", help="wait for one of these GPUs to be free, such as 0,1, and use it")
    parser.add_argument("--gpu-jobs", type=int, default=1, help="how many notebooks may share a GPU (default: 1)")
    parser.add_argument("--warm", default="", metavar="MODULE", help="fork the kernel from a process that imports this")
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
        # a job that is killed says nothing any more: its log tells by this line what it was
        print(f"begun: {title}", flush=True)
        with (
            alone(given.output.parent, NOTEBOOK) if given.lock else contextlib.nullcontext(),
            gpus.slot(given.gpus.split(","), given.gpu_jobs) if given.gpus else contextlib.nullcontext(),
        ):
            run(given.notebook, given.output, parameters, given.record, warm=given.warm)
        if given.flag:
            write_flag(given.flag, _checksum(given.data_folder) if given.data_folder else "")
    except NotebookError as error:
        print(f"refused: {title}: {error}", file=sys.stderr, flush=True)
        return 2
    except NotebookFailure as error:
        print(f"failed: {title}: {error}", file=sys.stderr, flush=True)
        return 1
    except OSError as error:  # a folder that cannot be written, a full disk
        print(f"failed: {title}: {error}", file=sys.stderr, flush=True)
        return 1
    print(f"done: {title} in {time.monotonic() - start:.0f} s", flush=True)
    return 0


def options(parameters: Mapping[str, Any]) -> list[str]:
    """Return the words of the command line that hand parameters over."""
    return ["--json", json.dumps(dict(parameters))]


def _checksum(folder: Path) -> str:
    from data_prep.prepared.read import Prepared

    return Prepared(folder, verify=False).checksum


if __name__ == "__main__":
    sys.exit(main())
