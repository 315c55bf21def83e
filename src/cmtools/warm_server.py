"""The warmed process: it imports once what reports need, then forks a kernel from itself for each that is asked.

Its parent holds the other end of one socket; a byte on it asks for a kernel and
brings three files: the kernel's own socket, its standard output and its standard
error. When that socket closes or the parent is gone, the kernels are killed and the
process ends.
"""

from __future__ import annotations

import ctypes
import gc
import json
import locale
import os
import random
import select
import shutil
import signal
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

NUMBER = struct.Struct("!q")
DIE_WITH_PARENT, ADOPT = 1, 36  # PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER
GRACE = 2.0  # seconds that processes which a kernel leaves behind may take to end
READY, THREADS = b"1", b"2"


def main(control_fd: int, folder: str) -> None:
    """Serve until the parent is gone; each kernel runs and ends in here too, in a process of its own."""
    parent = os.getppid()
    control = socket.socket(fileno=control_fd)
    for ignored in (signal.SIGINT, signal.SIGPIPE):
        signal.signal(ignored, signal.SIG_IGN)
    from cmtools.warm_preload import preload, threads

    gc.disable()
    before = set(os.environ)
    put_off = preload()
    imported = {key: value for key, value in os.environ.items() if key not in before}  # what imports set
    if threads() != 1:
        control.sendall(THREADS)
        return
    set_process(ADOPT, 1)  # what a dead kernel leaves is waited for here, where the system's first process may not
    gc.collect()
    gc.freeze()  # the collector leaves these pages alone, so that they stay shared
    try:
        control.sendall(READY)
    except OSError:  # the parent is gone already
        return
    server = Server(control, parent)
    try:
        asked = server.serve()
    finally:
        if server.pid == os.getpid():
            server.kill()
            shutil.rmtree(folder, ignore_errors=True)
    if asked is not None:
        run_kernel(asked, server.pid, put_off, imported)


class Server:
    """The kernels of one warmed process."""

    def __init__(self, control: socket.socket, parent: int):
        self.pid = os.getpid()
        self.control = control
        self.parent = parent
        self.kernels: dict[int, socket.socket] = {}
        self.left: dict[int, float] = {}  # process groups whose kernel has ended, and until when they may live

    def serve(self) -> list[int] | None:
        """Fork what is asked; the files of the request in each kernel, None in the warmed process once it must end."""
        wake_read, wake_write = os.pipe()
        for end in (wake_read, wake_write):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write)
        while os.getppid() == self.parent:
            watched: list[Any] = [self.control, wake_read]
            ready, _, _ = select.select(watched, [], [], 0.05 if self.left else 0.5)
            if wake_read in ready:
                os.read(wake_read, 65536)
            self.reap()
            if self.control not in ready:
                continue
            asked, files, _, _ = socket.recv_fds(self.control, 1, 3, getattr(socket, "MSG_CMSG_CLOEXEC", 0))
            if not asked:
                return None
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                for held in (self.control, *self.kernels.values()):
                    held.close()
                for end in (wake_read, wake_write):
                    os.close(end)
                return files
            for file in files[1:]:
                os.close(file)
            self.kernels[pid] = socket.socket(fileno=files[0])
        return None

    def reap(self) -> None:
        """Tell how each ended kernel ended, and see that what it started ends too."""
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                if pid not in self.kernels:  # started by a kernel that is no more
                    continue
                if signal_group(pid, signal.SIGTERM):
                    self.left[pid] = time.monotonic() + GRACE
                with self.kernels.pop(pid) as channel, suppress(OSError):
                    channel.sendall(NUMBER.pack(os.waitstatus_to_exitcode(status)))
        for group, end in list(self.left.items()):
            if time.monotonic() > end:
                signal_group(group, signal.SIGKILL)
            if time.monotonic() > end or not signal_group(group, 0):
                del self.left[group]

    def kill(self) -> None:
        """Kill every kernel and what it started."""
        for group in (*self.kernels, *self.left):
            signal_group(group, signal.SIGKILL)


def set_process(option: int, value: int) -> None:
    """Set an option of this process, where the system has such options."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value)


def signal_group(group: int, number: int) -> bool:
    """Signal a process group; False: nobody is in it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


# ---------------------------------------------------------------- in the kernel


def run_kernel(
    files: Sequence[int], server: int, put_off: Sequence[Callable[[], object]], imported: dict[str, str]
) -> None:
    """Become the kernel that was asked: nothing of the warmed process but what it imported."""
    os.setsid()
    die_with_parent(server)
    channel = socket.socket(fileno=files[0])
    for number, file in enumerate(files[1:], start=1):
        os.dup2(file, number)
        os.close(file)
    asked = read_request(channel)
    for number in (signal.SIGCHLD, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL if number == signal.SIGCHLD else signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, leave)
    os.umask(asked["umask"])
    os.chdir(asked["cwd"])
    fresh_state(imported | asked["env"])
    gc.enable()
    for start in put_off:
        start()
    launch(asked["argv"], channel)


def read_request(channel: socket.socket) -> dict[str, Any]:
    """Arguments, environment, folder and mask of the kernel."""
    with channel.makefile("rb") as stream:
        return json.loads(stream.readline())


def fresh_state(environment: dict[str, str]) -> None:
    """Make what Python computed once from the environment, or drew at random, anew."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    with suppress(locale.Error):
        locale.setlocale(locale.LC_CTYPE, "")
    tempfile.tempdir = None
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


def launch(arguments: list[str], channel: socket.socket) -> None:
    """Run the kernel application as ``python -m ipykernel_launcher`` does; tell when its sockets are open."""
    from importlib.util import find_spec

    from ipykernel.kernelapp import IPKernelApp

    launcher = find_spec("ipykernel_launcher")
    sys.argv = [str(launcher.origin) if launcher else "ipykernel_launcher", *arguments]
    application = IPKernelApp.instance(parent_handle=os.getppid())  # it watches its parent, on every system
    application.initialize(arguments)
    application.log.setLevel(application.log_level)  # else each message makes records that no handler takes
    with channel:
        channel.sendall(NUMBER.pack(os.getpid()))
    application.start()


def leave(*_: object) -> None:
    """End at once, after what was left to do at exit."""
    import atexit

    try:
        atexit._run_exitfuncs()
    finally:
        os._exit(0)


def die_with_parent(parent: int) -> None:
    """Have the system kill this process when its parent dies."""
    set_process(DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
