"""A batch, its workers and its kernels killed (SIGKILL) at random moments, then resumed.

    python benchmarks/kill_batch.py [kills] [--seed N]

Looks at the output all the time: a report must stand there whole or not at all. In the end the reports must be
those of an undisturbed run, and no process, temporary file or draft may be left.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from contextlib import suppress
from pathlib import Path

from companies import write_portfolio

FILES = {"report.html", "report.ipynb", "report.json", "report.xlsx"}


def start(portfolio: Path, out: Path) -> tuple[subprocess.Popen[str], str]:
    """The command, and the mark that all its processes bear."""
    mark = uuid.uuid4().hex
    command = [sys.executable, "-m", "cmtools.cli", "batch", str(portfolio), "--as-of", "2026-06-30", "--resume"]
    running = subprocess.Popen(
        [*command, "--workers", "2", "--output", str(out)],
        env=os.environ | {"CMTOOLS_STARTED": mark},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    return running, mark


def processes(mark: str) -> dict[int, str]:
    """Living processes that bear a mark, with what each is: batch, worker, server or kernel."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"CMTOOLS_STARTED={mark}".encode() not in (path / "environ").read_bytes():
                continue
            command = (path / "cmdline").read_bytes().replace(b"\0", b" ")
            parent = (path / "stat").read_text().rsplit(")", 1)[1].split()[1]
            kind = "batch" if b"cmtools.cli" in command else "worker" if b"spawn_main" in command else "server"
            with suppress(OSError):
                if kind == "server" and b"warm_server" in Path(f"/proc/{parent}/cmdline").read_bytes():
                    kind = "kernel"
            if b"resource_tracker" not in command:
                found[int(path.name)] = kind
    return found


def look(out: Path) -> list[str]:
    """Reports that stand there and are not whole."""
    wrong = []
    for folder in out.glob("[0-9]*"):
        with suppress(OSError):  # replaced at this very moment
            names = set(os.listdir(folder))
            record = json.loads((folder / "report.json").read_text(encoding="utf-8"))
            known = record["files"]
            whole = all(hashlib.sha256((folder / file).read_bytes()).hexdigest() == known[file] for file in known)
            if names != FILES or not whole:
                wrong.append(folder.name)
    return wrong


def figures(out: Path) -> dict[str, object]:
    """Published indicators of each report."""
    records = {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in out.glob("*/report.json")}
    return {name: record["figures"] for name, record in sorted(records.items())}


def kill(draw: random.Random, portfolio: Path, out: Path) -> str:
    """Start the batch, kill one of its processes at a random moment, and see what is left."""
    victim = draw.choice(("batch", "worker", "server", "kernel"))
    running, mark = start(portfolio, out)
    time.sleep(draw.uniform(0.5, 12))
    chosen = [pid for pid, kind in processes(mark).items() if kind == victim]
    if chosen:
        with suppress(ProcessLookupError):
            os.kill(draw.choice(chosen), signal.SIGKILL)
    if victim == "batch":
        begun = time.monotonic()
        while processes(mark) and time.monotonic() - begun < 30:
            time.sleep(0.02)
        if processes(mark):
            sys.exit(f"still alive 30 s after the batch was killed: {processes(mark)}")
    else:
        time.sleep(draw.uniform(0, 3))
        running.terminate()
    running.communicate(timeout=120)
    if wrong := look(out):
        sys.exit(f"half-written: {wrong}")
    while processes(mark):
        time.sleep(0.05)
    return victim if chosen else f"no {victim} yet"


def main() -> None:
    """Kill, resume, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", type=int, nargs="?", default=50)
    parser.add_argument("--companies", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        portfolio = write_portfolio(Path(folder) / "in", options.companies, 300)
        undisturbed, out = Path(folder) / "undisturbed", Path(folder) / "out"
        running, _ = start(portfolio, undisturbed)
        running.communicate()
        before = set(os.listdir(tempfile.gettempdir()))
        killed = Counter()
        for _ in range(options.kills):
            for name in draw.sample(sorted(path.name for path in (Path(folder) / "in").glob("[0-9]*")), 20):
                with (Path(folder) / "in" / name / "clients.csv").open("a", encoding="utf-8") as file:
                    file.write("\n")  # changed: to be made again
            killed[kill(draw, portfolio, out)] += 1
        running, mark = start(portfolio, out)
        _, said = running.communicate()
        left = set(os.listdir(tempfile.gettempdir())) - before
        print(f"{options.kills} times killed: {dict(killed)}; then resumed with exit code {running.returncode}")
        print(f"reports: {len(figures(out))}, same as undisturbed: {figures(out) == figures(undisturbed)}")
        names = sorted(path.name for path in out.iterdir() if not path.name.isdecimal())
        print(f"beside them: {names}; temporary files left: {sorted(left)}; processes left: {processes(mark)}")
        if running.returncode or figures(out) != figures(undisturbed):
            sys.exit(said)


if __name__ == "__main__":
    main()
