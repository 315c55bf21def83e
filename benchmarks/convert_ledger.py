"""Time and memory of `cmtools convert` on CSV files, read or opened by DuckDB, beside a plain copy of them to Parquet.

    python benchmarks/convert_ledger.py [invoices]

Each way has a process of its own, so that its peak memory is its own; its imports are not timed. The plain copy
checks nothing and keeps text as text. The two folders of cmtools must hold the same.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from companies import write_company

FILES = ("factures.csv", "reglements.csv", "clients.csv")
WAYS = {"read": "", "opened": "duckdb", "plain copy": None}


def convert(way: str, source: Path, target: Path) -> None:
    """Convert one ledger in this process; print seconds and peak memory (MiB)."""
    paths = [source / name for name in FILES]
    if WAYS[way] is None:
        import duckdb

        start = time.perf_counter()
        target.mkdir()
        with duckdb.connect(config={"memory_limit": "3GiB", "temp_directory": str(target / "temporary")}) as connection:
            for path in paths:
                rows = connection.read_csv(str(path), sep=";", header=True, all_varchar=True)
                rows.write_parquet(str(target / f"{path.stem}.parquet"), compression="zstd")
    else:
        from cmtools.conversion import convert as kept

        start = time.perf_counter()
        kept(paths[0], target, settlements=paths[1], customers=paths[2], engine=WAYS[way])
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(json.dumps({"seconds": seconds, "peak": peak}))


def differences(one: Path, other: Path) -> list[str]:
    """Tables in which two converted ledgers differ."""
    import polars as pl

    names = ("invoices", "settlements", "customers")
    return [name for name in names if not _table(pl, one, name).equals(_table(pl, other, name))]


def _table(pl, folder: Path, name: str):
    return pl.read_parquet(folder / f"{name}.parquet")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("invoices", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--one", nargs=3, metavar=("WAY", "SOURCE", "TARGET"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        convert(asked.one[0], Path(asked.one[1]), Path(asked.one[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "ledger"
        write_company(source, 1, asked.invoices)
        size = sum((source / name).stat().st_size for name in FILES) / 2**20
        print(f"{asked.invoices} invoices, CSV of {size:.0f} MiB; load {os.getloadavg()[0]:.1f}")
        found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
        for turn in range(asked.turns):
            for way, rows in found.items():
                target = Path(folder) / f"{way.replace(' ', '-')}-{turn}"
                command = [sys.executable, __file__, "--one", way, str(source), str(target)]
                said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                rows.append(json.loads(said.splitlines()[-1]))
        for way, rows in found.items():
            seconds, peak = (statistics.median(row[name] for row in rows) for name in ("seconds", "peak"))
            print(f"{way:12} {seconds:7.1f} s {peak:7.0f} MiB, {peak / size:.1f} times the files")
        print("differences:", differences(Path(folder) / "read-0", Path(folder) / "opened-0") or "none")


if __name__ == "__main__":
    main()
