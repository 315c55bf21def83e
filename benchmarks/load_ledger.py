"""Time and memory of read_ledger, next to the plain CSV readers of Polars and pandas.

    python benchmarks/load_ledger.py [rows]

Each reader has a process of its own, so that its peak memory is its own; its imports are not timed.
The plain readers neither check nor date anything: the ratio is the price of a ledger that can be trusted.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

HEADINGS = "Facture;N° client;Client;Date facture;Échéance;Montant TTC;Montant réglé;Date de règlement"
CUSTOMERS = 5_000
DAYS = [f"{date(2024, 1, 1) + timedelta(days=number):%d/%m/%Y}" for number in range(1_000)]


def write(path: Path, rows: int) -> int:
    """Write a flat ledger, three items in four paid; returns its total in cents."""
    total = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(HEADINGS + "\n")
        for number in range(rows):
            customer, issued, cents = number % CUSTOMERS, number % 900, 1_000 + 7_919 * number % 5_000_000
            amount = f"{cents // 100},{cents % 100:02d}"
            paid = f"{amount};{DAYS[issued + number % 97]}" if number % 4 else ";"
            dates = f"{DAYS[issued]};{DAYS[issued + 30]}"
            file.write(f"F{number:07d};{customer:05d};Client {customer};{dates};{amount};{paid}\n")
            total += cents
    return total


def read(reader: str, path: str) -> dict[str, Any]:
    """Seconds, peak memory (MiB) and total (cents) of one reader, in this process."""
    if reader == "read_ledger":
        from cmtools.load import read_ledger

        start = time.perf_counter()
        amounts = read_ledger(path).invoices["amount"]
    elif reader == "polars.read_csv":
        import polars as pl

        start = time.perf_counter()
        amounts = pl.read_csv(path, separator=";", decimal_comma=True)["Montant TTC"]
    else:
        import pandas as pd

        start = time.perf_counter()
        amounts = pd.read_csv(path, sep=";", decimal=",")["Montant TTC"]
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return {"seconds": seconds, "peak": peak, "cents": round(float(amounts.sum()) * 100)}


def main() -> None:
    """Print one line per reader."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--reader", nargs=2, metavar=("NAME", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.reader:
        print(json.dumps(read(*options.reader)))
        return
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.csv"
        total = write(path, options.rows)
        print(f"{options.rows:,} rows, {path.stat().st_size / 2**20:.0f} MiB")
        for reader in ("read_ledger", "polars.read_csv", "pandas.read_csv"):
            command = [sys.executable, __file__, "--reader", reader, str(path)]
            found[reader] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            if found[reader]["cents"] != total:
                sys.exit(f"{reader}: {found[reader]['cents']} cents read, {total} written")
    seconds = found["read_ledger"]["seconds"]
    print(f"{'reader':<16}{'seconds':>9}{'peak MiB':>10}{'read_ledger / it':>18}")
    for reader, figures in found.items():
        print(f"{reader:<16}{figures['seconds']:>9.2f}{figures['peak']:>10.0f}{seconds / figures['seconds']:>18.1f}")


if __name__ == "__main__":
    main()
