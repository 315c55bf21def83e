"""Time and memory of read_fec and Fec.ledger, next to plain readers that compute the balance of account 411.

    python benchmarks/read_fec.py [lines]

Each run has a process of its own, so that its peak memory is its own; its imports are not timed. Every figure is
the median of three runs, the readers taking turns.
The plain readers check nothing and classify nothing: the ratios are the price of a ledger that can be trusted.
polars.read_csv is taken at its fastest: text columns alone, on all processors, then the balance of account 411.
`Fec.entries` is the making of the pandas table, which neither the checks nor the ledger need.
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
from datetime import date, timedelta
from pathlib import Path
from typing import Any

HEADINGS = (
    *("JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum", "CompAuxLib"),
    *("PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet", "ValidDate"),
    *("Montantdevise", "Idevise"),
)
CUSTOMERS = 5_000
DAYS = [f"{date(2025, 1, 1) + timedelta(days=number):%Y%m%d}" for number in range(365)]
READERS = ("cmtools", "polars.read_csv", "pandas.read_csv")
RUNS = 3


def write(path: Path, lines: int) -> int:
    """Write sales of three lines and, for three in four, a lettered receipt of two; returns the cents left open."""
    left, written, number = 0, 0, 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("\t".join(HEADINGS) + "\n")
        while written < lines:
            number += 1
            customer, issued, net = number % CUSTOMERS, number % 300, 1_000 + 7_919 * number % 5_000_000
            vat, when = round(net / 5), DAYS[issued]
            paid = number % 4 and written + 5 <= lines
            code, lettered = (f"L{number:07d}", DAYS[issued + number % 65]) if paid else ("", "")
            mine = f"411000\tClients\t{customer:05d}\tClient {customer}"
            sale = f"VE\tVentes\tV{number:07d}\t{when}"
            piece = f"F{number:07d}\t{when}\tFacture {number}"
            money = [f"{cents // 100},{cents % 100:02d}" for cents in (net + vat, net, vat)]
            file.write(f"{sale}\t{mine}\t{piece}\t{money[0]}\t0,00\t{code}\t{lettered}\t{when}\t\t\n")
            file.write(f"{sale}\t706000\tPrestations\t\t\t{piece}\t0,00\t{money[1]}\t\t\t{when}\t\t\n")
            file.write(f"{sale}\t445710\tTVA collectée\t\t\t{piece}\t0,00\t{money[2]}\t\t\t{when}\t\t\n")
            left, written = left + net + vat, written + 3
            if paid:
                cash = f"BQ\tBanque\tB{number:07d}\t{lettered}"
                piece = f"R{number:07d}\t{lettered}\tRèglement {number}"
                file.write(f"{cash}\t512000\tBanque\t\t\t{piece}\t{money[0]}\t0,00\t\t\t{lettered}\t\t\n")
                file.write(f"{cash}\t{mine}\t{piece}\t0,00\t{money[0]}\t{code}\t{lettered}\t{lettered}\t\t\n")
                left, written = left - net - vat, written + 2
    return left


def read(reader: str, path: str) -> list[dict[str, Any]]:
    """Steps of one reader, run in this process: seconds, peak memory (MiB), cents left open on account 411."""
    if reader == "cmtools":
        import cmtools.fec_ledger

        start = time.perf_counter()
        fec = cmtools.fec.read_fec(path)
        steps = [_step("read_fec", start, fec.balance("411"))]
        start = time.perf_counter()
        own = fec.entries[fec.entries["account"] == "411000"]
        steps.append(_step("Fec.entries", start, own["debit"].sum() - own["credit"].sum()))
        del own, fec.entries
        start = time.perf_counter()
        ledger = fec.ledger()
        balance = ledger.invoices["amount"].sum() - ledger.settlements["amount"].sum()
        return [*steps, _step("Fec.ledger", start, balance)]
    if reader == "polars.read_csv":
        import polars as pl

        start = time.perf_counter()
        texts = pl.read_csv(path, separator="\t", quote_char=None, infer_schema=False)
        money = pl.col("Debit", "Credit").str.replace(",", ".", literal=True).cast(pl.Float64)
        sums = texts.group_by("CompteNum").agg(money.sum()).filter(CompteNum="411000")
        return [_step(reader, start, sums.item(0, "Debit") - sums.item(0, "Credit"))]
    import pandas as pd

    start = time.perf_counter()
    frame = pd.read_csv(path, sep="\t", quoting=3, dtype=str)
    for column in ("Debit", "Credit"):
        frame[column] = frame[column].str.replace(",", ".", regex=False).astype("float64")
    sums = frame.groupby("CompteNum")[["Debit", "Credit"]].sum().loc["411000"]
    return [_step(reader, start, sums["Debit"] - sums["Credit"])]


def _step(name: str, start: float, balance: float) -> dict[str, Any]:
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return {"step": name, "seconds": seconds, "peak": peak, "cents": round(float(balance) * 100)}


def _median(name: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    own = [run for run in runs if run["step"] == name]
    return {"step": name} | {key: statistics.median(run[key] for run in own) for key in ("seconds", "peak")}


def main() -> None:
    """Print one line per step, with its ratio to the two plain readers; the peak is that of the process so far."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--reader", nargs=2, metavar=("NAME", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.reader:
        print(json.dumps(read(*options.reader)))
        return
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "123456789FEC20251231.txt"
        left = write(path, options.lines)
        load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors" if hasattr(os, "getloadavg") else ""
        print(f"{options.lines:,} lines, {path.stat().st_size / 2**20:.0f} MiB; {load}")
        for reader in READERS * RUNS:
            command = [sys.executable, __file__, "--reader", reader, str(path)]
            runs += json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    for run in runs:
        if run["cents"] != left:
            sys.exit(f"{run['step']}: {run['cents']} cents left open, {left} written")
    steps = [_median(step, runs) for step in dict.fromkeys(run["step"] for run in runs)]
    plain = {step["step"]: step["seconds"] for step in steps if step["step"] in READERS}
    print(f"{'step':<17}{'seconds':>8}{'peak MiB':>10}" + "".join(f"{'/ ' + name:>18}" for name in plain))
    for step in steps:
        ratios = "".join(f"{step['seconds'] / seconds:>18.1f}" for seconds in plain.values())
        print(f"{step['step']:<17}{step['seconds']:>8.2f}{step['peak']:>10.0f}{ratios}")


if __name__ == "__main__":
    main()
