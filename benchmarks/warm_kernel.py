"""Where the time of a report goes beside its calculations: a forked kernel and an ordinary one, on 75 small cells.

    python benchmarks/warm_kernel.py [runs] [notebook]

Each cell adds a number and shows it, so that what is measured is what a notebook costs by itself: the start of the
kernel, the messages of each cell, its end, reading and writing the notebook. Medians, in milliseconds; both kinds of
kernel take turns in the same run, and both notebooks must show the same. With a notebook of your own (its parameters
at their defaults) the same is said of it.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

import nbformat
import papermill
import papermill.execute as steps
from papermill.clientwrap import PapermillNotebookClient

from cmtools import warm
from cmtools.warm_engine import WarmNotebookClient

CELLS = 75
MEMORY = "import pathlib\npathlib.Path('/proc/self/smaps_rollup').read_text()"
spent: dict[str, float] = {}


def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Function that adds the time of its calls to `spent`."""

    @wraps(function)
    def wrapper(*arguments: Any, **options: Any) -> Any:
        start = time.perf_counter()
        try:
            return function(*arguments, **options)
        finally:
            spent[name] = spent.get(name, 0.0) + time.perf_counter() - start

    return wrapper


def watch() -> None:
    """Time the steps of both engines."""
    steps.load_notebook_node = timed("read the notebook", steps.load_notebook_node)
    steps.parameterize_notebook = timed("parameters", steps.parameterize_notebook)
    steps.write_ipynb = timed("write the notebook", steps.write_ipynb)
    warm.fork = timed("start: fork and sockets", warm.fork)
    WarmNotebookClient._connect = timed("start: first answers", WarmNotebookClient._connect)
    WarmNotebookClient.execute_cell = timed("cells", WarmNotebookClient.execute_cell)
    warm.WarmKernel.wait = timed("end", warm.WarmKernel.wait)
    ordinary = PapermillNotebookClient
    ordinary.start_new_kernel = timed("start: fork and sockets", ordinary.start_new_kernel)
    ordinary.start_new_kernel_client = timed("start: first answers", ordinary.start_new_kernel_client)
    ordinary.execute_cell = timed("cells", ordinary.execute_cell)
    ordinary._cleanup_kernel = timed("end", ordinary._cleanup_kernel)


def small_notebook(path: Path) -> Path:
    """Notebook of 75 small cells."""
    cells = [nbformat.v4.new_code_cell("n = 1", metadata={"tags": ["parameters"]})]
    cells += [nbformat.v4.new_code_cell(f"print(n)\nn = n + {number}\nn") for number in range(CELLS)]
    cells += [nbformat.v4.new_code_cell(MEMORY, metadata={"tags": ["raises-exception"]})]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return path


def kernel_seconds(notebook: Any) -> float:
    """Seconds between busy and idle, as the kernel dated them."""
    total = 0.0
    for cell in notebook.cells:
        said = cell.metadata.get("execution") or {}
        if "iopub.status.idle" in said:
            first, last = (datetime.fromisoformat(said[f"iopub.status.{state}"]) for state in ("busy", "idle"))
            total += (last - first).total_seconds()
    return total


def run(notebook: Path, folder: Path, engine: str | None) -> tuple[dict[str, float], Any]:
    """Milliseconds of each step of one report, and the executed notebook."""
    spent.clear()
    start, processor = time.perf_counter(), time.process_time()
    made = papermill.execute_notebook(
        notebook,
        folder / "made.ipynb",
        parameters={"n": 2} if notebook.parent == folder else None,
        engine_name=engine,
        kernel_name="python3",
        progress_bar=False,
        request_save_on_cell_execute=False,
        extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
    )
    whole, inside = time.perf_counter() - start, kernel_seconds(made)
    spent["cells: in the kernel"] = inside
    spent["cells: messages"] = spent.pop("cells") - inside
    spent["the rest"] = whole - sum(spent.values())
    spent["whole report"] = whole
    spent["beside the kernel's own time in cells"] = whole - inside
    spent["processor time of the caller"] = time.process_time() - processor
    return {name: seconds * 1000 for name, seconds in spent.items()}, made


def shown(notebook: Any) -> str:
    """What the cells show, but for the memory; what is printed may come in parts."""
    outputs = [output for cell in notebook.cells[:-1] for output in cell.get("outputs", [])]
    return "".join(
        output["text"] if output.output_type == "stream" else json.dumps(output, sort_keys=True) for output in outputs
    )


def own_memory(notebook: Any) -> float | None:
    """MiB that the kernel shares with no other process."""
    outputs = notebook.cells[-1].get("outputs", [])
    text = outputs[0].get("data", {}).get("text/plain", "") if outputs else ""
    lines = (
        dict(line.split(":", 1) for line in ast.literal_eval(text).splitlines()[1:]) if "Private_Dirty" in text else {}
    )
    return sum(int(lines[name].split()[0]) for name in lines if name.startswith("Private_")) / 1024 if lines else None


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="?", type=int, default=5)
    parser.add_argument("notebook", nargs="?", type=Path)
    asked = parser.parse_args()
    start = time.perf_counter()
    can = warm.start()
    print(f"warmed process: {'ready' if can else 'not possible here'} after {time.perf_counter() - start:.1f} s")
    watch()
    with tempfile.TemporaryDirectory() as folder:
        notebook = (asked.notebook or small_notebook(Path(folder) / "small.ipynb")).resolve()
        found: dict[str | None, list[dict[str, float]]] = {"cmtools": [], None: []}
        last: dict[str | None, Any] = {}
        for _ in range(asked.runs + 1):
            for engine, rows in found.items():
                row, last[engine] = run(notebook, Path(folder), engine)
                rows.append(row)
    medians = {
        engine: {name: statistics.median(row.get(name, 0.0) for row in rows[1:]) for name in rows[-1]}
        for engine, rows in found.items()
    }
    print(f"{'milliseconds, median of ' + str(asked.runs):40} {'forked':>8} {'ordinary':>9}")
    for name, ours in medians["cmtools"].items():
        print(f"{name:40} {ours:8.0f} {medians[None].get(name, 0.0):9.0f}")
    ratio = medians[None]["whole report"] / medians["cmtools"]["whole report"]
    print(
        f"an ordinary kernel takes {ratio:.1f} times as long; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    for engine, name in (("cmtools", "forked"), (None, "ordinary")):
        if asked.notebook is None and (memory := own_memory(last[engine])) is not None:
            print(f"memory of a {name} kernel that it shares with no other process: {memory:.0f} MiB")
    print(f"same outputs: {shown(last['cmtools']) == shown(last[None])}")


if __name__ == "__main__":
    main()
