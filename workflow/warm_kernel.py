"""Kernels that start warm: forked from a process that has already imported what notebooks need.

Each notebook still has its own process, forked from a server that has run nothing but these imports.
"""

import multiprocessing
import os
import signal
import uuid
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

from workflow import places


def manager(imports: str) -> type[AsyncKernelManager]:
    """Return a class that starts kernels by forking; give it to papermill as `kernel_manager_class`.

    Args:
        imports: module that imports what the kernels need; that of a process's first kernel holds for all of them.
    """
    _context().set_forkserver_preload([places.module(imports)])
    return _WarmKernelManager


class _WarmKernelManager(AsyncKernelManager):
    """Starts kernels by forking."""

    async def _async_pre_start_kernel(self, **options: Any) -> tuple[list[str], dict[str, Any]]:
        if self.provisioner is None:
            self.kernel_id = self.kernel_id or str(uuid.uuid4())
            self.provisioner = _Forked(kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self)
        return await super()._async_pre_start_kernel(**options)


class _Forked(LocalProvisioner):
    """Launches a kernel as a child of the server."""

    async def launch_kernel(self, cmd: list[str], **options: Any) -> Any:
        arguments = cmd[cmd.index("-m") + 2 :]  # python -m ipykernel_launcher ARGUMENTS
        process = _context().Process(target=_serve, args=(arguments, os.getcwd(), dict(options.get("env", os.environ))))
        process.start()
        self.process = _LikePopen(process)
        self.pid, self.pgid, self.cwd = process.pid, None, options.get("cwd", Path.cwd())
        return self.connection_info


class _LikePopen:
    """A forked process with those methods of `subprocess.Popen` that Jupyter calls."""

    stdin = stdout = stderr = None

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self._process.pid is not None and self.poll() is None:
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def _context() -> ForkServerContext:
    return multiprocessing.get_context("forkserver")


def _serve(arguments: list[str], folder: str, environment: dict[str, str]) -> None:
    """Run a kernel as `python -m ipykernel_launcher` does, in a process that is already warm."""
    from ipykernel.kernelapp import IPKernelApp

    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    IPKernelApp.launch_instance(argv=arguments)
