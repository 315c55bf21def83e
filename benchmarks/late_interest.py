"""Time and memory of `late_interest` on many invoices, beside a plain loop in Python on a sample of them.

    python benchmarks/late_interest.py [invoices]

Each has a process of its own, so that its peak memory is its own; making the invoices is not timed, but its memory
counts on both sides. A quarter are paid in two times, a tenth are open, a tenth are owed by public bodies. The loop
goes from one change of rate or base to the next, for one invoice after another; both must agree to the cent.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

AS_OF = "2026-06-30"
SAMPLE = 20_000


def made(count: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Invoices of three years, their settlements and customers; the first ones do not depend on `count`."""
    draw = np.random.default_rng(20260801)
    issued = pd.Timestamp("2023-07-01") + pd.to_timedelta(draw.integers(0, 1065, count), unit="D")
    due = issued + pd.to_timedelta(draw.choice([30, 45, 60], count), unit="D")
    cents = draw.integers(1_000, 3_000_000, count)
    customer = draw.integers(0, max(count // 100, 10), count)
    names = np.char.add("F", np.arange(count).astype(str))
    invoices = pd.DataFrame(
        {
            "item_id": names,
            "customer_id": np.char.add("C", customer.astype(str)),
            "issue_date": issued,
            "due_date": due,
            "receipt_date": issued,
            "amount": cents / 100,
        }
    )
    late = draw.integers(-20, 200, count)
    twice, is_open = draw.random(count) < 0.25, draw.random(count) < 0.1
    first = np.where(twice, cents // 2, cents)
    whole = pd.DataFrame(
        {"item_id": names, "amount": first / 100, "payment_date": due + pd.to_timedelta(late, unit="D")}
    )
    rest = pd.DataFrame(
        {"item_id": names, "amount": (cents - first) / 100, "payment_date": due + pd.to_timedelta(late + 40, unit="D")}
    )
    settlements = pd.concat([whole[~is_open], rest[twice & ~is_open]], ignore_index=True)
    ids = np.char.add("C", np.arange(max(count // 100, 10)).astype(str))
    customers = pd.DataFrame(
        {"customer_id": ids, "buyer": np.where(np.arange(len(ids)) % 10 == 0, "public", "business")}
    )
    return invoices, settlements, customers


def loop(invoices: pd.DataFrame, settlements: pd.DataFrame, customers: pd.DataFrame) -> dict[str, float]:
    """Interest of each invoice as a careful program without arrays reckons it."""
    import cmtools as cm

    tables = {
        buyer: [(row.start.date(), row.end.date(), Fraction(str(round(row.rate, 6)))) for row in periods.itertuples()]
        for buyer, periods in ((name, cm.late_rate_periods(name)) for name in ("business", "public"))
    }
    buyers = dict(zip(customers["customer_id"], customers["buyer"]))
    paid: dict[str, list[tuple[date, int]]] = {}
    for row in settlements.itertuples():
        paid.setdefault(row.item_id, []).append((row.payment_date.date(), round(row.amount * 100)))
    last = date.fromisoformat(AS_OF)
    found = {}
    for row in invoices.itertuples():
        due, buyer = row.due_date.date(), buyers[row.customer_id]
        if buyer == "public":
            due = row.issue_date.date() + timedelta(days=min((due - row.issue_date.date()).days, 30))
        if due >= last:
            continue
        events = sorted((day, cents) for day, cents in paid.get(row.item_id, []) if day <= last)
        base = round(row.amount * 100) - sum(cents for day, cents in events if day <= due)
        total, at = Fraction(0), due
        for day, cents in [*((day, cents) for day, cents in events if day > due), (last, 0)]:
            if base <= 0:
                break
            total += base * _rate_days(tables[buyer], at, day, due if buyer == "public" else None)
            base, at = base - cents, day
        if total:
            found[row.item_id] = int(total / 365 + Fraction(1, 2)) / 100
    return found


def _rate_days(table: list[tuple[date, date, Fraction]], after: date, until: date, frozen_at: date | None) -> Fraction:
    """Sum of the rates of the days after one day until another."""
    if frozen_at is not None:
        first = frozen_at + timedelta(days=1)
        return next(rate for start, end, rate in table if start <= first <= end) * (until - after).days
    total = Fraction(0)
    for start, end, rate in table:
        days = (min(until, end) - max(after, start - timedelta(days=1))).days
        if days > 0:
            total += rate * days
    return total


def measure(who: str, count: int) -> dict[str, Any]:
    """Seconds (median of three), peak memory (MiB), sum and number of the interests, in this process."""
    tables = made(count)
    if who == "loop":
        tables = (tables[0].head(SAMPLE), tables[1], tables[2])
        tables = (tables[0], tables[1][tables[1]["item_id"].isin(tables[0]["item_id"])], tables[2])
    import cmtools as cm

    runs, interests = [], {}
    for _ in range(3):
        start = time.perf_counter()
        if who == "loop":
            interests = loop(*tables)
        else:
            segments = cm.late_interest(tables[0], tables[1], AS_OF, customers=tables[2])
        runs.append(time.perf_counter() - start)
    if who == "cmtools":
        names = set(tables[0]["item_id"].head(SAMPLE))
        mine = segments[segments["item_id"].isin(names)].groupby("item_id")["interest"].sum().round(2)
        interests = mine[mine > 0].to_dict()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = len(segments) if who == "cmtools" else 0
    interests = {name: amount for name, amount in interests.items() if amount}
    return {"seconds": sorted(runs)[1], "peak": peak, "segments": rows, "interests": interests}


def main() -> None:
    """Run both in processes of their own and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("invoices", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--only", choices=("cmtools", "loop"))
    given = parser.parse_args()
    if given.only:
        print(json.dumps(measure(given.only, given.invoices)))
        return
    found = {}
    for who in ("cmtools", "loop"):
        command = [sys.executable, __file__, str(given.invoices), "--only", who]
        found[who] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    ours, theirs = found["cmtools"], found["loop"]
    same = ours["interests"] == theirs["interests"]
    sample = min(SAMPLE, given.invoices)
    per_invoice = theirs["seconds"] / sample
    print(f"{given.invoices:,} invoices, {ours['segments']:,} segments")
    print(f"late_interest: {ours['seconds']:.2f} s, peak {ours['peak']:,.0f} MiB")
    print(f"plain loop on {sample:,}: {theirs['seconds']:.2f} s ({per_invoice * 1e6:,.0f} µs an invoice)")
    print(f"per invoice the loop takes {per_invoice / (ours['seconds'] / given.invoices):,.0f} times as long")
    print(f"same interest to the cent on the {len(theirs['interests']):,} late ones of the sample: {same}")
    if not same:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
