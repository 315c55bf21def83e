"""`cmtools batch` against papermill then nbconvert, once per report, on the same companies and in the same run.

    python benchmarks/batch.py [--companies 100] [--invoices 5000] [--peer 10] [--repeat 3]
    python benchmarks/batch.py --endurance 1000 --broken 50      1,000 companies, 50 of them broken in ten ways: what is
                                                                 told of each, memory, processes and files left

The peer runs `--peer` companies; its time for all is in proportion. Both have compiled bytecode. Pure cell time is that
between the kernel's own messages "this cell begins" and "this cell has ended", as the executed notebooks keep it.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from companies import WAYS, break_company, write_portfolio

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "notebooks" / "fr" / "report_monthly.ipynb"
AS_OF = "2026-06-30"
FILES = {"ledger": "factures", "settlements": "reglements", "customers": "clients"}


def ours(portfolio: Path, out: Path, workers: int, code: int = 0) -> float:
    """Seconds of one batch, which must end with this exit code."""
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "cmtools.cli", "batch", str(portfolio), "--as-of", AS_OF]
    start = time.perf_counter()
    done = subprocess.run([*command, "--output", str(out), "--workers", str(workers)], capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode != code:
        sys.exit(done.stderr[-3000:])
    return seconds


def peer(company: Path, called: str, out: Path) -> float:
    """Seconds of papermill then nbconvert for one company."""
    out.mkdir(parents=True, exist_ok=True)
    executed = out / "report.ipynb"
    parameters = [
        ("language", "fr"),
        ("as_of", AS_OF),
        ("company_name", called),
        ("workbook", str(out / "report.xlsx")),
    ]
    parameters += [(key, str(company / f"{stem}.csv")) for key, stem in FILES.items()]
    given = [part for pair in parameters for part in ("-r", *pair)]
    start = time.perf_counter()
    quiet = {"check": True, "capture_output": True}
    subprocess.run(
        [sys.executable, "-m", "papermill", str(NOTEBOOK), str(executed), *given, "--no-progress-bar"], **quiet
    )
    convert = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "html", "--no-input", str(executed)]
    subprocess.run(convert, **quiet)
    return time.perf_counter() - start


def cell_time(executed: Path) -> float:
    """Seconds that the kernel spent in the cells of a notebook."""
    total = 0.0
    for cell in json.loads(executed.read_text(encoding="utf-8"))["cells"]:
        told = cell["metadata"].get("execution", {})
        if "iopub.status.idle" in told:
            begun, ended = (
                datetime.fromisoformat(told[name].replace("Z", "+00:00"))
                for name in ("iopub.execute_input", "iopub.status.idle")
            )
            total += (ended - begun).total_seconds()
    return total


def shown(executed: Path) -> list[Any]:
    """All that a reader sees of a notebook: text and figures of every output."""
    cells = nbformat.read(executed, as_version=4).cells  # a text may stand there whole or line by line
    outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    return [{kind: part for kind, part in data.items() if kind != "text/plain"} for data in outputs]


def compare(options: argparse.Namespace, folder: Path) -> None:
    """Print the times of both and their ratio."""
    portfolio = write_portfolio(folder / "in", options.companies, options.invoices)
    some = folder / "in" / "some.yaml"
    rows = (folder / "in" / "societes.csv").read_text(encoding="utf-8").splitlines()
    (folder / "in" / "some.csv").write_text("\n".join(rows[: options.peer + 1]), encoding="utf-8")
    some.write_text("companies: some.csv\n", encoding="utf-8")
    names = dict(row.split(";")[:2] for row in rows[1 : options.peer + 1])
    one, two, theirs = [], [], []
    for turn in range(options.repeat):
        two.append(ours(portfolio, folder / "two", 2))
        one.append(ours(some, folder / "one", 1))
        theirs.append(sum(peer(folder / "in" / name, called, folder / "peer" / name) for name, called in names.items()))
        print(
            f"turn {turn + 1}: two workers {two[-1]:.1f} s for {options.companies}, one worker {one[-1]:.1f} s and "
            f"papermill + nbconvert {theirs[-1]:.1f} s for {options.peer}; load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    for name in names:
        if shown(folder / "peer" / name / "report.ipynb") != shown(folder / "two" / name / "report.ipynb"):
            sys.exit(f"{name}: not the same figures")
    records = [json.loads((folder / "one" / name / "report.json").read_text(encoding="utf-8")) for name in names]
    cells = statistics.median(cell_time(folder / "one" / name / "report.ipynb") for name in names)
    whole = statistics.median(record["seconds"] for record in records)
    slow = statistics.median(cell_time(folder / "peer" / name / "report.ipynb") for name in names)
    each, all_of_them = statistics.median(theirs) / options.peer, statistics.median(two)
    print(
        f"one worker: {whole:.2f} s a report, of which cells {cells:.2f} s: overhead {whole - cells:.2f} s; "
        f"with its start {statistics.median(one) / options.peer:.2f} s"
    )
    print(f"papermill + nbconvert: {each:.2f} s a report, of which cells {slow:.2f} s; same figures in both")
    print(
        f"{options.companies} reports: {all_of_them:.1f} s with two workers, {each * options.companies:.0f} s one "
        f"after the other: {each * options.companies / all_of_them:.1f} times"
    )


def endure(options: argparse.Namespace, folder: Path) -> None:
    """Make many reports and look at what grows and what stays."""
    portfolio = write_portfolio(folder / "in", options.endurance, options.invoices)
    ways = {f"{number:04d}": list(WAYS)[number % len(WAYS)] for number in range(options.broken)}
    for name, way in ways.items():
        break_company(folder / "in" / name, way)
    own = folder / "tmp"  # temporary folder of the batch alone: what is left in it is the batch's
    own.mkdir()
    os.environ["TMPDIR"] = str(own)
    memory: list[tuple[float, float]] = []
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(memory, ended, own))
    watcher.start()
    seconds = ours(portfolio, folder / "out", 2, code=1 if ways else 0)
    ended.set()
    watcher.join()
    quarter = len(memory) // 4
    first, last = (
        statistics.median(rss for _, rss in part) for part in (memory[quarter : 2 * quarter], memory[-quarter:])
    )
    print(f"{options.endurance} reports in {seconds:.0f} s: {seconds / options.endurance:.2f} s each")
    print(f"memory of all processes: {first:.0f} MiB in the second quarter, {last:.0f} MiB in the last, "
          f"at most {max(rss for _, rss in memory):.0f} MiB")  # fmt: skip
    manifest = json.loads((folder / "out" / "manifest.json").read_text(encoding="utf-8"))
    failed = {company["folder"]: company["error"] for company in manifest["companies"] if company["status"] == "failed"}
    there = {path.parent.name for path in (folder / "out").glob("*/report.html")}
    told = sum(WAYS[way].told in failed.get(name, "") for name, way in ways.items())
    print(f"{len(there)} reports, {len(failed)} failures, {told} of them told as they must be")
    if there | set(failed) != {f"{number:04d}" for number in range(options.endurance)} or there & set(failed):
        sys.exit("reports and failures are not the companies asked")
    time.sleep(2)
    print(f"temporary files left: {sorted(os.listdir(own)) or 'none'}")
    print(f"processes left: {sorted(_processes(own)) or 'none'}")  # an open port would have its process


def _watch(memory: list[tuple[float, float]], ended: threading.Event, own: Path) -> None:
    start = time.perf_counter()
    while not ended.wait(1):
        memory.append((time.perf_counter() - start, sum(_resident(pid) for pid in _processes(own))))


def _processes(own: Path) -> set[int]:
    """Those started with this temporary folder, zombies among them (whose environment can no longer be read)."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            dead = (path / "stat").read_text().split(")")[1].split()[0] == "Z"
            if dead or f"TMPDIR={own}\0".encode() in (path / "environ").read_bytes():
                found.add(int(path.name))
    return found - {os.getpid()}


def _resident(pid: int) -> float:
    """Proportional memory in MiB: pages that several processes share are counted once in all."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    except (OSError, StopIteration):
        return 0.0


def main() -> None:
    """Run what was asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--companies", type=int, default=100)
    parser.add_argument("--invoices", type=int, default=5_000)
    parser.add_argument("--peer", type=int, default=10)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--endurance", type=int, default=0)
    parser.add_argument("--broken", type=int, default=0)
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(ROOT / "src", quiet=2)
    compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2)
    with tempfile.TemporaryDirectory() as folder:
        (endure if options.endurance else compare)(options, Path(folder))


if __name__ == "__main__":
    main()
