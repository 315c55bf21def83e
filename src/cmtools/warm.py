"""Kernels forked from one warmed process: a report pays no import.

``papermill.execute_notebook(..., engine_name="cmtools")`` runs a notebook in such a
kernel; so does ``papermill --engine cmtools``. Each kernel is a process of its own,
fresh, and gone at the end of its notebook. Where a system cannot fork, or the kernel
asked for is not the IPython kernel of this very Python, the engine runs an ordinary
kernel: the results are the same.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

from cmtools.warm_preload import WITHOUT_THREADS
from cmtools.warm_server import NUMBER, READY, signal_group

PREFIX = "cmtools-warm-"
YOUNG = 60  # seconds during which a folder may not be held yet
START_TIMEOUT = 120.0  # seconds for the warmed process to have imported all
END_TIMEOUT = 10.0  # seconds for the warmed process to have killed its kernels
# Read by an interpreter when it starts: a change needs another warmed process.
FROZEN = ("PYTHON", "LC_", "LANG", "LD_", "DYLD_", "MALLOC_")
NOT_INHERITED = ("JPY_PARENT_PID", "JPY_INTERRUPT_EVENT")


def can_fork() -> bool:
    """Whether kernels can be forked on this system."""
    return hasattr(os, "fork") and hasattr(socket, "send_fds")


class NoWarmKernelError(RuntimeError):
    """No kernel can be forked here and now; an ordinary one can be started."""


class WarmProcess:
    """Handle on the warmed process of this process."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.lock = threading.Lock()
        self.frozen = frozen(os.environ)
        remove_abandoned()
        self.folder = tempfile.mkdtemp(prefix=PREFIX)
        self.held = hold(self.folder)
        self.control, theirs = socket.socketpair()
        code = (
            f"import sys; del sys.path[0]; from cmtools.warm_server import main; main({theirs.fileno()}, sys.argv[1])"
        )
        environment = {key: value for key, value in os.environ.items() if key not in NOT_INHERITED}
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code, self.folder],
                stdin=subprocess.PIPE,
                pass_fds=[theirs.fileno(), self.held],
                env=environment | WITHOUT_THREADS,
            )
        assert self.process.stdin is not None
        self.process.stdin.close()  # a kernel that reads finds the end at once
        self.ready = False

    def usable(self) -> bool:
        """Whether this very process started it, with the same interpreter settings, and it is alive."""
        return self.owner == os.getpid() and self.frozen == frozen(os.environ) and self.process.poll() is None

    def wait_ready(self, timeout: float = START_TIMEOUT) -> None:
        """Wait until it has imported everything.

        Raises
        ------
        NoWarmKernelError
            If it ended, took too long, or has threads, so that it must not fork.
        """
        with self.lock:
            if self.ready:
                return
            self.control.settimeout(timeout)
            try:
                self.ready = self.control.recv(1) == READY
            except OSError as error:
                raise NoWarmKernelError(str(error)) from error
            if not self.ready:
                raise NoWarmKernelError("the warmed process cannot fork")

    def fork(self, arguments: list[str], environment: dict[str, str], folder: str) -> WarmKernel:
        """Start a kernel.

        Parameters
        ----------
        arguments : list of str
            Of the kernel application.
        environment : dict of str to str
        folder : str
            Where it runs.
        """
        self.wait_ready()
        ours, theirs = socket.socketpair()
        try:
            with self.lock, theirs:
                socket.send_fds(self.control, [b"k"], [theirs.fileno(), 1, 2])
            asked = {"argv": arguments, "env": environment, "cwd": folder, "umask": umask()}
            ours.settimeout(START_TIMEOUT)
            ours.sendall(json.dumps(asked).encode() + b"\n")
            pid = read_number(ours)
            if pid is None:
                raise NoWarmKernelError("the kernel ended at once")
            return WarmKernel(pid, ours)
        except OSError as error:
            ours.close()
            raise NoWarmKernelError(str(error)) from error

    def stop(self) -> None:
        """End it, and all its kernels with it."""
        self.control.close()
        if not self.ready:
            self.process.kill()  # it is still importing, and would see the end of its socket only then
        try:
            self.process.wait(END_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self.held)


class WarmKernel:
    """A forked kernel, as ``subprocess.Popen`` would show it."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, channel: socket.socket):
        self.pid = pid
        self.channel = channel
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Exit code, None while it runs."""
        return self.wait(0)

    def wait(self, timeout: float | None = None) -> int | None:
        """Exit code, once it has ended; None: not within `timeout` seconds."""
        if self.returncode is None and readable(self.channel, timeout):
            code = None
            with suppress(OSError):
                code = read_number(self.channel)
            if code is None:  # the warmed process died, and the kernel with it
                signal_group(self.pid, signal.SIGKILL)
            self.returncode = -signal.SIGKILL if code is None else code
            self.channel.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Signal the kernel and what it started."""
        if self.returncode is None:
            signal_group(self.pid, number)

    def kill(self) -> None:
        """Kill the kernel and what it started."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the kernel and what it started to end."""
        self.send_signal(signal.SIGTERM)


def readable(channel: socket.socket, timeout: float | None) -> bool:
    """Whether something can be read, within `timeout` seconds."""
    poller = select.poll()  # select() knows the first 1024 files alone
    poller.register(channel, select.POLLIN)
    return bool(poller.poll(None if timeout is None else timeout * 1000))


def read_number(channel: socket.socket) -> int | None:
    """Number that the other end sends; None: it closed."""
    data = b""
    while len(data) < NUMBER.size:
        part = channel.recv(NUMBER.size - len(data))
        if not part:
            return None
        data += part
    return int(NUMBER.unpack(data)[0])


def hold(folder: str) -> int:
    """Open file that keeps a folder from being taken for abandoned, as long as a process has it open."""
    import fcntl

    held = os.open(folder, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return held


def remove_abandoned() -> None:
    """Remove the folders of warmed processes that were killed together with their parent."""
    import fcntl

    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.lstat().st_uid != os.getuid() or time.time() - folder.lstat().st_mtime < YOUNG:
                continue
            tried = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
            try:
                fcntl.flock(tried, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(tried)


def umask() -> int:
    """Mask of this process for the files that it creates."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def frozen(environment: Any) -> dict[str, str]:
    """Settings that an interpreter reads once."""
    return {key: value for key, value in environment.items() if key.startswith(FROZEN)}


# ---------------------------------------------------------------- the warmed process of this process

_lock = threading.RLock()
_process: WarmProcess | None = None
_failed = False  # once no kernel could be forked, it is not tried again for every notebook


def start(preload: bool = True) -> bool:
    """Start the warmed process of this process, unless it runs; a kernel that is asked later starts it too.

    Parameters
    ----------
    preload : bool, default True
        Wait until it has imported all that reports need.

    Returns
    -------
    bool
        Whether kernels can be forked here; if not, ordinary kernels are used.

    Examples
    --------
    A thousand reports are to be made. Can their kernels be forked? The imports
    may begin while the portfolio is read.

    >>> from cmtools import warm
    >>> warm.start(preload=False) == warm.can_fork()
    True
    >>> warm.stop()
    """
    global _process, _failed
    if not can_fork() or _failed:
        return False
    with _lock:
        if _process is None or not _process.usable():
            stop()
        try:
            _process = _process or WarmProcess()
            if preload:
                _process.wait_ready()
        except (NoWarmKernelError, OSError):
            _failed = True
            stop()
    return not _failed


def stop() -> None:
    """End the warmed process of this process, and every kernel that came from it."""
    global _process
    with _lock:
        process, _process = _process, None
        if process is not None and process.owner == os.getpid():
            process.stop()


def private_folder() -> str:
    """Folder of the warmed process, for this user alone; it goes when the process ends."""
    return _running().folder


def fork(arguments: list[str], environment: dict[str, str], folder: str) -> WarmKernel:
    """Fork a kernel; see :meth:`WarmProcess.fork`."""
    return _running().fork(arguments, environment, folder)


def _running() -> WarmProcess:
    process = _process
    if process is None:
        raise NoWarmKernelError("no warmed process")
    return process


def _forget() -> None:
    """In a fork of this process: its parent's warmed process is not its own."""
    global _process, _lock
    _lock = threading.RLock()
    if _process is not None:
        _process.control.close()
    _process = None


atexit.register(stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


# ---------------------------------------------------------------- for jupyter_client


class ForkProvisioner(LocalProvisioner):
    """Kernel provisioner ``cmtools-fork``: forks the kernel if it can, else starts it as any other."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Launch the kernel of `cmd`."""
        arguments = kernel_arguments(cmd)
        if arguments is None or not start():
            error = NoWarmKernelError("it is not the IPython kernel of this Python")
            return await self.launch_ordinary(cmd, error, **kwargs)
        environment = dict(kwargs.get("env") or os.environ)
        environment["JPY_PARENT_PID"] = str(os.getpid())
        folder = str(kwargs.get("cwd") or os.getcwd())
        try:
            kernel = fork(arguments, environment, folder)
        except NoWarmKernelError as error:
            return await self.launch_ordinary(cmd, error, **kwargs)
        self.process: Any = kernel
        self.pid = self.pgid = kernel.pid
        self.cwd = Path(folder)
        return self.connection_info

    async def launch_ordinary(self, cmd: list[str], error: Exception, **kwargs: Any) -> KernelConnectionInfo:
        """Launch the kernel of `cmd` without a fork, for the reason that `error` tells."""
        self.log.debug("An ordinary kernel is started: %s", error)
        return await super().launch_kernel(cmd, **kwargs)


def kernel_arguments(command: list[str]) -> list[str] | None:
    """Arguments of the IPython kernel of this very Python; None: the command starts something else.

    Examples
    --------
    >>> kernel_arguments(["python3", "-m", "ipykernel_launcher", "-f", "{connection_file}"])
    ['-f', '{connection_file}']
    >>> kernel_arguments(["R", "--slave", "-e", "IRkernel::main()"])
    """
    name, *rest = command or [""]
    if name not in (sys.executable, "python", f"python{sys.version_info[0]}"):  # the names stand for this Python
        return None
    rest = [part for part in rest if part != "-Xfrozen_modules=off"]  # for debuggers alone
    return rest[2:] if rest[:2] == ["-m", "ipykernel_launcher"] else None


# ---------------------------------------------------------------- for papermill


class Engine:
    """Papermill engine ``cmtools``; Papermill loads it while it is itself being loaded."""

    @classmethod
    def execute_notebook(cls, notebook: Any, kernel_name: str, **options: Any) -> Any:
        """Run a notebook; see :class:`cmtools.warm_engine.WarmEngine`."""
        from cmtools.warm_engine import WarmEngine

        return WarmEngine.execute_notebook(notebook, kernel_name, **options)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """Name of the kernel of a notebook."""
        from papermill.utils import nb_kernel_name

        return str(nb_kernel_name(nb, name))

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """Language of a notebook."""
        from papermill.utils import nb_language

        return str(nb_language(nb, language))
