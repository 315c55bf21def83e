"""Many reports: one interface for the processes of this machine and for a Dask cluster; a failure stops no other.

Each report is made in a draft and takes its place whole; what is complete and
unchanged is not made again (`resume`). Kernels come from a warmed process of
each worker (:mod:`cmtools.warm`).
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from cmtools.files import fatal
from cmtools.language import Reason, message
from cmtools.pages import PrintError, browser, plotly_name, plotly_script
from cmtools.portfolio import Job
from cmtools.reports import Making, ReportError, check_parameters, made_from, make, versions
from cmtools.schemas import InputError, shorten
from cmtools.store import Folder, Remote, store_of, unwritable

TIME_LIMIT = 1800.0  # seconds for one report
_GRACE = 180.0  # seconds beyond it until its worker is given up: printing, writing
_CHANCES = 2  # times a report may see its worker die while it is alone
_TELL_EVERY = 60.0  # seconds between two states of the manifest
DONE = ("made", "kept")


class Outcome(NamedTuple):
    """What came of one report."""

    job: Job
    status: str  # made, kept (it was there, unchanged), failed, not_run
    seconds: float = 0.0
    error: str = ""
    record: dict[str, Any] | None = None  # see reports.make


class Batch(NamedTuple):
    """What came of all of them, in the order of the jobs."""

    outcomes: list[Outcome]
    store: Folder | Remote
    interrupted: bool
    untold: str = ""  # why index, workbook and manifest could not be written in the end

    def count(self, *status: str) -> int:
        """How many reports have one of these statuses."""
        return sum(outcome.status in status for outcome in self.outcomes)


class _Order(NamedTuple):
    """What a worker must know beside the job."""

    place: str
    making: Making


def run_batch(
    jobs: Sequence[Job],
    output: str | Path,
    *,
    workers: int | None = None,
    resume: bool = False,
    cluster: str = "",
    self_contained: bool = False,
    pdf: bool = False,
    time_limit: float = TIME_LIMIT,
    language: str = "fr",
    told: Callable[[Outcome], None] = lambda outcome: None,
) -> Batch:
    """Make the reports of a portfolio, each in a folder of its own, with an index.

    Parameters
    ----------
    jobs : sequence of Job
        As :func:`cmtools.read_portfolio` gives them.
    output : str or Path
        Folder, or an URL that fsspec knows. ``index.html``, ``portfolio.xlsx`` and
        ``manifest.json`` stand in it beside the folders of the companies.
    workers : int, optional
        Processes of this machine; None: one per processor.
    resume : bool
        Leave alone the reports that are complete and whose notebook,
        parameters, input files and versions are the same.
    cluster : str
        Address of a Dask scheduler: its workers make the reports. They must
        see the input files and the output under the same names.
    self_contained : bool
        Plotly's script inside each page; False: once, beside the reports.
    pdf : bool
        Print each page too, through an installed Chromium.
    time_limit : float
        Seconds for one report.
    language : {"fr", "en"}
        Of the index and of errors of the batch itself.
    told : callable
        Called with each Outcome as it comes.

    Returns
    -------
    Batch
        Ctrl-C and SIGTERM stop it cleanly: what was being made is dropped.

    Raises
    ------
    InputError
        If the output cannot be written, another batch writes there, no
        Chromium is there to print, or the cluster does not answer.
    """
    for job in jobs:
        check_parameters(job.notebook, job.parameters)
    if pdf:
        browser()
    store = store_of(str(output))
    store.prepare()
    script = None if self_contained else f"../{plotly_name()}"
    order = _Order(str(store), Making("cmtools", script, pdf, time_limit))
    found: dict[str, Outcome] = {job.name: Outcome(job, "not_run") for job in jobs}
    interrupted = False
    began = f"{datetime.now():%Y-%m-%dT%H:%M:%S}"
    with store.alone(), _terminated_as_interrupted():
        if resume:
            kept = [_kept(job, order, store) for job in jobs]
            found |= {outcome.job.name: outcome for outcome in kept if outcome}
        try:
            if script and not store.has(plotly_name()):
                store.write(plotly_name(), plotly_script().encode())
            _tell(list(found.values()), store, language)
        except OSError as error:
            raise unwritable(str(store), error) from None
        last = time.monotonic()
        try:
            for outcome in [*found.values()]:
                if outcome.status == "kept":
                    told(outcome)
            waiting = [job for job in jobs if found[job.name].status == "not_run"]
            with _cluster(cluster) if cluster else _local(workers or os.cpu_count() or 1) as pools:
                for outcome in _made(waiting, order, pools, language):
                    found[outcome.job.name] = outcome
                    if outcome.status == "failed":
                        store.withdraw(outcome.job.name)
                    told(outcome)
                    if time.monotonic() - last > _TELL_EVERY:
                        with suppress(OSError):  # a full disk is told in the end
                            _tell(list(found.values()), store, language)
                        last = time.monotonic()
        except KeyboardInterrupt:
            interrupted = True
            found |= {name: _made_untold(outcome, order, store, began) for name, outcome in found.items()}
        untold = ""
        try:
            _tell(list(found.values()), store, language)
        except OSError as error:
            untold = Reason.of(error)
    return Batch(list(found.values()), store, interrupted, untold)


def _tell(outcomes: list[Outcome], store: Folder | Remote, language: str) -> None:
    """Write the manifest, the index and the workbook as things stand."""
    from cmtools.forms_batch import index, workbook

    companies = [
        {"folder": outcome.job.name, "company": outcome.job.company, "status": outcome.status,
         "seconds": round(outcome.seconds, 3), "error": outcome.error, "language": outcome.job.language,
         "notebook": Path(outcome.job.notebook).name, "parameters": outcome.job.parameters,
         **{key: (outcome.record or {}).get(key) for key in ("sha256", "versions", "made_on", "figures")}}
        for outcome in outcomes
    ]  # fmt: skip
    manifest = {"format": "cmtools-batch", "version": 1, "written_on": f"{datetime.now():%Y-%m-%dT%H:%M:%S}",
                "versions": versions(), "companies": companies}  # fmt: skip
    text = json.dumps(manifest, indent=1, ensure_ascii=False, default=str)
    store.write("manifest.json", (text + "\n").encode())
    store.write("portfolio.xlsx", workbook(outcomes, language))
    store.write("index.html", index(outcomes, language).encode())


def _kept(job: Job, order: _Order, store: Folder | Remote) -> Outcome | None:
    """The report that is there, if it is the one that would be made."""
    record = store.record(job.name)
    if record is None:
        return None
    try:
        wanted = made_from(job.notebook, job.parameters, job.language, order.making)
    except OSError:
        return None
    if any(record.get(key) != value for key, value in wanted.items()):
        return None
    return Outcome(job, "kept", record.get("seconds", 0.0), record=record)


def _made_untold(outcome: Outcome, order: _Order, store: Folder | Remote, began: str) -> Outcome:
    """Tell a report that took its place just before the interruption: its worker could not say so any more."""
    if outcome.status != "not_run":
        return outcome
    there = _kept(outcome.job, order, store)
    return there._replace(status="made") if there and (there.record or {})["made_on"] >= began else outcome


# ---------------------------------------------------------------- one report, in a worker

_alone = threading.Lock()  # a notebook runs in a folder and a language: those of the process


def one(job: Job, order: _Order) -> Outcome:
    """Make one report; whatever goes wrong is in the outcome."""
    start = time.perf_counter()
    store = store_of(order.place)
    try:
        with _alone, store.draft() as folder:
            record = make(job.notebook, job.parameters, folder, language=job.language, making=order.making)
            store.publish(folder, job.name)
    except InputError as error:
        said = error.text(job.language)
    except (ReportError, PrintError) as error:
        said = str(error)
    except OSError as error:
        said = Reason.of(error).text(job.language)
    except Exception as error:  # a report that fails stops no other
        said = f"{type(error).__name__}: {error}"
    else:
        return Outcome(job, "made", time.perf_counter() - start, record=record)
    return Outcome(job, "failed", time.perf_counter() - start, shorten(said, 2000) if "\n" not in said else said)


# ---------------------------------------------------------------- executors


class _Pools(NamedTuple):
    """Where jobs are sent: how many at once, a new executor, and its end."""

    slots: int
    opened: Callable[[], Executor]
    killed: Callable[[Executor], None]


@contextmanager
def _local(workers: int) -> Iterator[_Pools]:
    """Processes of this machine; none outlives the block."""
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    open_pools: list[Executor] = []

    def opened() -> Executor:
        threads = max(1, (os.cpu_count() or 1) // workers)
        pool = ProcessPoolExecutor(workers, context, initializer=_enter, initargs=(os.getpid(), threads))
        open_pools.append(pool)
        return pool

    def killed(pool: Executor) -> None:
        for process in set(multiprocessing.active_children()) - others:
            process.kill()
        pool.shutdown(wait=True, cancel_futures=True)

    try:
        yield _Pools(workers, opened, killed)
    except BaseException:
        for pool in open_pools:
            killed(pool)
        raise
    for pool in open_pools:
        pool.shutdown(wait=True)


def _enter(parent: int, threads: int) -> None:
    """Ready a worker: Ctrl-C is for the batch, which tells its workers itself; no worker outlives it."""
    from cmtools import warm
    from cmtools.warm_preload import quick_start
    from cmtools.warm_server import die_with_parent

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(parent)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    os.environ.setdefault("POLARS_MAX_THREADS", str(threads))
    quick_start()
    warm.start()


def _watch(parent: int) -> None:
    """Where the system does not tell a process that its parent died."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


@contextmanager
def _cluster(address: str) -> Iterator[_Pools]:
    """Workers of a Dask cluster; each makes one report at a time."""
    try:
        from distributed import Client
    except ImportError:
        raise fatal("batch_no_dask", value=shorten(address)) from None
    try:
        client = Client(address, timeout=20, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise fatal("batch_no_cluster", value=shorten(address), reason=shorten(str(error))) from None
    try:
        slots = len(client.scheduler_info(n_workers=-1)["workers"])
        if not slots:
            raise fatal("batch_no_worker", value=shorten(address))
        yield _Pools(slots, lambda: client.get_executor(pure=False), lambda pool: pool.shutdown(wait=False))
    finally:
        client.close(timeout=10)


def _made(jobs: Sequence[Job], order: _Order, pools: _Pools, language: str) -> Iterator[Outcome]:
    """Outcomes as they come. Jobs that saw a worker die run again alone: the one at fault is then known."""
    waiting, suspects = deque(jobs), deque[Job]()
    running: dict[Future[Outcome], tuple[Job, float]] = {}
    deaths: dict[str, int] = {}
    pool = pools.opened()
    limit = (order.making.time_limit or TIME_LIMIT) + _GRACE
    while waiting or suspects or running:
        while (queue := _next(waiting, suspects, len(running))) and len(running) < (1 if suspects else pools.slots):
            job = queue.popleft()
            running[pool.submit(one, job, order)] = (job, time.monotonic() + limit)
            if queue is suspects:
                break
        done, _ = wait(running, timeout=1.0, return_when=FIRST_COMPLETED)
        late = [future for future, (_, until) in running.items() if future not in done and time.monotonic() > until]
        broken = False
        alone = len(running) == 1
        for future in [*done, *late]:
            job, _ = running.pop(future)
            if future in late:
                broken = True
                yield Outcome(job, "failed", limit, message("batch_too_slow", language, seconds=round(limit)))
                continue
            try:
                yield future.result()
            except BrokenExecutor:
                broken = True
                deaths[job.name] = deaths.get(job.name, 0) + alone
                suspects.append(job)
            except Exception as error:  # a cluster gave the job up
                yield Outcome(job, "failed", 0.0, message("batch_worker_died", language, value=type(error).__name__))
        if broken:
            suspects.extend(job for job, _ in running.values())
            running.clear()
            pools.killed(pool)
            pool = pools.opened()
            for job in [job for job in suspects if deaths.get(job.name, 0) >= _CHANCES]:
                suspects.remove(job)
                yield Outcome(job, "failed", 0.0, message("batch_worker_died", language, value=""))


def _next(waiting: deque[Job], suspects: deque[Job], running: int) -> deque[Job] | None:
    """Queue to take from: suspects only once nothing else runs."""
    if suspects:
        return None if running else suspects
    return waiting or None


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM ends the batch as Ctrl-C does."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
