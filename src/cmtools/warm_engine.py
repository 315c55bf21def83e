"""Papermill engine over warm kernels: the same notebook, the same outputs, without what a start costs.

The messages are those of any Jupyter kernel. They are awaited in one plain loop,
on the two channels that a report needs and on the end of the kernel.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty
from string import Template
from typing import Any

import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.connect import write_connection_file
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpecManager
from nbclient.client import timestamp
from nbclient.exceptions import CellExecutionComplete, CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine
from papermill.log import logger

from cmtools import warm
from cmtools.language import message

END_TIMEOUT = 5.0  # seconds a kernel may take for what it does at exit
OUTPUT_LIMIT = 256_000_000  # bytes that the cells of one report may send
# Nothing reads the history of a report, and the reply is not held back for outputs that the engine waits for anyway.
LEAN = ("--HistoryManager.enabled=False", "--Kernel._execute_sleep=0")
PATH_LIMIT = 100  # bytes of the name of a socket file; beyond, the sockets are those of the local network
CHANNELS = ("shell", "iopub", "stdin", "control", "hb")
OTHER_WAYS = (
    "on_notebook_start", "on_notebook_complete", "on_notebook_error", "on_cell_start", "on_cell_execute",
    "on_cell_complete", "on_cell_executed", "on_cell_error", "interrupt_on_timeout", "coalesce_streams",
)  # fmt: skip


class ReportTimeoutError(CellTimeoutError):
    """The cells of a report took longer together than the report may."""


class OutputLimitError(CellTimeoutError):
    """A cell sent more output than a report may hold."""


class WarmNotebookClient(PapermillNotebookClient):
    """Notebook client that runs the cells in a forked kernel if it can, else as Papermill's own does."""

    report_timeout: float | None = None
    output_limit = OUTPUT_LIMIT
    connection: Any
    connection_file: str
    kc: Any

    def execute(self, **options: Any) -> Any:
        """Run all cells."""
        self._set_deadline()
        self.received = 0
        self.kernel: warm.WarmKernel | None = None
        if any(getattr(self, name) for name in OTHER_WAYS) or not warm.start():
            return super().execute(**options)
        try:
            self._launch(options)
        except warm.NoWarmKernelError as error:
            self.log.info("An ordinary kernel is started: %s", error)
            return super().execute(**options)
        self.reset_execution_trackers()
        with self._running():
            self._set_deadline()
            self.papermill_execute_cells()
            self.set_widgets_metadata()
        return self.nb

    def _set_deadline(self) -> None:
        self.deadline = None if self.report_timeout is None else time.monotonic() + self.report_timeout

    # ------------------------------------------------------------ the kernel

    def _launch(self, options: dict[str, Any]) -> None:
        name = self.kernel_name or self.nb.metadata.get("kernelspec", {}).get("name") or NATIVE_KERNEL_NAME
        spec = KernelSpecManager(config=self.config).get_kernel_spec(name)
        arguments = warm.kernel_arguments(spec.argv)
        if arguments is None:
            raise warm.NoWarmKernelError(f"{name} is another kernel")
        path = os.path.join(warm.private_folder(), secrets.token_hex(8))
        place: dict[str, Any] = {"transport": "ipc", "ip": path} if len(os.fsencode(path)) < PATH_LIMIT else {}
        self.connection_file = f"{path}.json"
        key = secrets.token_hex(32).encode()
        _, self.connection = write_connection_file(self.connection_file, key=key, kernel_name=name, **place)
        given = options.get("env") or os.environ
        environment = {**given, **{key: Template(text).safe_substitute(given) for key, text in spec.env.items()}}
        folder = options.get("cwd") or self.resources.get("metadata", {}).get("path") or os.getcwd()
        arguments = [self.connection_file if part == "{connection_file}" else part for part in arguments]
        try:
            self.kernel = warm.fork([*arguments, *LEAN, *self.extra_arguments], environment, str(folder))
        except BaseException:
            self._remove_files()
            raise

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Connect to the kernel; at the end it does what was left to do at exit, unless something failed."""
        kernel = self._kernel()
        try:
            self._connect()
            yield
            kernel.terminate()
            kernel.wait(END_TIMEOUT)
        finally:
            kernel.kill()
            kernel.wait(END_TIMEOUT)
            if self.kc is not None:
                self.kc.stop_channels()
            self.kc = self.kernel = None
            self._remove_files()

    def _remove_files(self) -> None:
        ends = [f"{self.connection['ip']}-{self.connection[f'{name}_port']}" for name in CHANNELS]
        for path in (self.connection_file, *(ends if self.connection["transport"] == "ipc" else [])):
            Path(path).unlink(missing_ok=True)

    def _kernel(self) -> warm.WarmKernel:
        assert self.kernel is not None
        return self.kernel

    def _connect(self) -> None:
        """Open both channels; the subscription holds once the kernel has said welcome on it."""
        self.kc = client = BlockingKernelClient()
        client.load_connection_info(self.connection)
        client.start_channels(stdin=False, hb=False, control=False)
        client.allow_stdin = False
        self.poller = zmq.Poller()
        for place in (client.iopub_channel.socket, client.shell_channel.socket, self._kernel().channel):
            self.poller.register(place, zmq.POLLIN)
        asked = client.kernel_info()
        end = time.monotonic() + self.startup_timeout
        welcome, info = False, None
        while not (welcome and info):
            for channel in self._ready(end):
                received = channel.get_msg(timeout=0)
                welcome = welcome or received["msg_type"] in ("iopub_welcome", "status")
                if channel is client.shell_channel and received["parent_header"].get("msg_id") == asked:
                    info = received["content"]
            if time.monotonic() > end:
                raise RuntimeError(f"Kernel didn't respond in {self.startup_timeout} seconds")
        self.nb.metadata["language_info"] = info["language_info"]

    def _ready(self, end: float | None) -> list[Any]:
        """Channels with a message, waiting for one until `end`.

        Raises
        ------
        DeadKernelError
            If the kernel ended, and all that it had sent has been read.
        """
        wait = None if end is None else max(0, int((end - time.monotonic()) * 1000) + 1)
        places = [place for place, _ in self.poller.poll(wait)]
        channels = [self.kc.iopub_channel, self.kc.shell_channel]
        ready = [channel for channel in channels if channel.socket in places]
        if places and not ready:
            code = self._kernel().wait(END_TIMEOUT)
            raise DeadKernelError(message("kernel_died", code=code))
        return ready

    # ------------------------------------------------------------ the cells

    def execute_cell(
        self, cell: Any, cell_index: int, execution_count: int | None = None, store_history: bool = True
    ) -> Any:
        """Run one cell; its outputs are put in it."""
        if self.kernel is None:
            return super().execute_cell(cell, cell_index, execution_count, store_history)
        tags = cell.metadata.get("tags", [])
        if cell.cell_type != "code" or not cell.source.strip() or self.skip_cells_with_tag in tags:
            return cell
        if self.record_timing:
            cell["metadata"]["execution"] = {}
        errors_allowed = not self.force_raise_errors and (self.allow_errors or "raises-exception" in tags)
        asked = self.kc.execute(cell.source, store_history=store_history, stop_on_error=not errors_allowed)
        self.code_cells_executed += 1
        cell.outputs = []
        self.clear_before_next_output = False
        reply = self._answer(asked, cell, cell_index)
        if execution_count:
            cell["execution_count"] = execution_count
        content = reply["content"]
        if content["status"] == "error" and not errors_allowed and content.get("ename") not in self.allow_error_names:
            raise CellExecutionError.from_cell_and_msg(cell, content)
        return cell

    def _answer(self, asked: str, cell: Any, cell_index: int) -> dict[str, Any]:
        """Reply of the kernel to a request, once the kernel has said that it is idle again."""
        limit = self._get_timeout(cell)
        end = None if limit is None else time.monotonic() + limit
        reply, idle = None, False
        while reply is None or not idle:
            for channel in self._ready(end):
                with suppress(Empty):
                    received = channel.get_msg(timeout=0)
                    if received["parent_header"].get("msg_id") != asked:
                        continue
                    if channel is self.kc.shell_channel:
                        reply = received
                        if self.record_timing:
                            cell["metadata"]["execution"]["shell.execute_reply"] = timestamp(received)
                        last = time.monotonic() + self.iopub_timeout
                        end = last if end is None else min(end, last)
                        continue
                    try:
                        self._count(received)
                        self.process_message(received, cell, cell_index)
                    except CellExecutionComplete:
                        idle = True
            if end is not None and time.monotonic() > end and (reply is None or not idle):
                raise self._too_late(limit, cell, reply)
        return reply

    def _count(self, received: dict[str, Any]) -> None:
        content = received["content"]
        sent = content.get("text") or content.get("data") or ""
        self.received += len(sent) if isinstance(sent, str) else sum(len(str(part)) for part in sent.values())
        if self.received > self.output_limit:
            raise OutputLimitError(message("output_limit", megabytes=self.output_limit // 1_000_000))

    def _too_late(self, limit: float | None, cell: Any, reply: dict[str, Any] | None) -> Exception:
        if self.deadline is not None and time.monotonic() > self.deadline:
            return ReportTimeoutError(message("report_timeout", seconds=f"{self.report_timeout:g}"))
        if reply is not None:
            return CellTimeoutError.error_from_timeout_and_cell(
                "Timeout waiting for IOPub output", self.iopub_timeout, cell
            )
        return CellTimeoutError.error_from_timeout_and_cell("Cell execution timed out", int(limit or 0), cell)

    def _get_timeout(self, cell: Any) -> float | None:
        """Seconds that a cell may take: its own limit, and what is left of the report's."""
        limit = super()._get_timeout(cell)
        if self.deadline is None:
            return limit
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise ReportTimeoutError(message("report_timeout", seconds=f"{self.report_timeout:g}"))
        return left if limit is None else min(limit, left)


class WarmEngine(NBClientEngine):
    """Runs a notebook as Papermill's own engine does, in a forked kernel."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        start_timeout: int = 60,
        execution_timeout: int | None = None,
        report_timeout: float | None = None,
        **options: Any,
    ) -> Any:
        """Run the cells of a notebook.

        Parameters
        ----------
        nb_man, kernel_name, log_output, stdout_file, stderr_file
            See Papermill's own engine.
        start_timeout : int
            Seconds for the kernel to answer.
        execution_timeout : int, optional
            Seconds that one cell may take.
        report_timeout : float, optional
            Seconds that all cells may take together.

        Raises
        ------
        ReportTimeoutError, OutputLimitError
        nbclient.exceptions.CellTimeoutError, nbclient.exceptions.DeadKernelError
        """
        asked = {
            key: value for key, value in options.items() if key not in ("input_path", "timeout", "startup_timeout")
        }
        settings: dict[str, Any] = {
            "timeout": execution_timeout or options.get("timeout"),
            "startup_timeout": start_timeout,
            "kernel_name": kernel_name,
            "log": logger,
            "log_output": log_output,
            "stdout_file": stdout_file,
            "stderr_file": stderr_file,
        }
        client = WarmNotebookClient(nb_man, **(asked | settings))
        client.report_timeout = report_timeout
        return client.execute()
