"""DSO: how many days of sales the receivables stand for, by several methods, and what the days are made of.

Amounts include VAT on both sides. Rules DSO-*: see ``GLOSSARY.md``.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import narwhals as nw
import pandas as pd

from cmtools.frames import choice, collect, in_unit, month_ends, tables_of, unit_of
from cmtools.receivables import balances
from cmtools.schemas import SALES_KINDS, Ledger, as_day


@dataclass(frozen=True)
class Dso:
    """Days sales outstanding, with all that made it.

    Attributes
    ----------
    days : float or None
        None where it cannot be computed: see `reason`.
    method : {"balance", "count_back"}
    receivables : float
        Balance incl. VAT at the closing date, net of unallocated receipts.
    sales : float or None
        Sales incl. VAT of the window (balance), or those used up (count-back).
    period_days : int
        Days of the window.
    currency : str
    reason : str or None
        Message key: why there is no number, or what to know about it.
    at_least_days, balance_left : float
        Count-back with a history that is too short: lower bound, and what is
        left to exhaust.
    table : pandas.DataFrame or None
        Count-back month by month: `month`, `sales`, `days`,
        `balance_before`, `balance_after`, `days_counted`.
    """

    days: float | None
    method: str
    receivables: float
    sales: float | None
    period_days: int
    currency: str = "EUR"
    reason: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    at_least_days: float = 0.0
    balance_left: float = 0.0
    table: pd.DataFrame | None = None


def balance_dso(receivables: float, sales: float, days: int) -> float | None:
    """Receivables / sales x days, both incl. VAT (rule DSO-S); None without sales.

    Examples
    --------
    >>> balance_dso(30_000, 60_000, 90)
    45.0
    """
    return receivables / sales * days if sales > 0 else None


def count_back(receivables: float, months: Iterable[tuple[Any, float, int]]) -> Dso:
    """DSO by exhausting the receivables on the sales of past months (rule DSO-CB).

    Parameters
    ----------
    receivables : float
        Balance incl. VAT.
    months : iterable of (label, sales incl. VAT, days), most recent first
        Sales are invoices less credit notes. A month without sales counts
        its days; a month of net credit notes counts its days and adds to the
        balance (Sage's rule; others stop there).

    Returns
    -------
    Dso
        `days` is None if the months do not exhaust the balance; then
        `at_least_days` is a lower bound and `balance_left` what is left.

    Examples
    --------
    Published example of Benji Pays, 30-day months: 30 + 30 + 32 000 / 70 000 x 30.

    >>> result = count_back(212_000, [("M3", 100_000, 30), ("M2", 80_000, 30), ("M1", 70_000, 30)])
    >>> round(result.days, 1)
    73.7
    """
    rows, left, total, used, flagged = [], round(receivables * 100), 0.0, 0, None
    for label, sales, days in months:
        if left <= 0:
            break
        cents = round(sales * 100)
        counted = days * left / cents if cents >= left else float(days)
        after = max(left - cents, 0) if cents >= 0 else left - cents
        if cents < 0:
            flagged = "credit_month"
        rows.append((label, cents / 100, days, left / 100, after / 100, counted))
        used += left - after
        total, left = total + counted, after
    table = pd.DataFrame(rows, columns=["month", "sales", "days", "balance_before", "balance_after", "days_counted"])
    whole = Dso(total, "count_back", receivables, used / 100, int(table["days"].sum()), reason=flagged, table=table)
    if receivables <= 0:
        return replace(whole, days=0.0, reason="no_receivables")
    if left > 0:
        details = {"days": round(total), "left": left / 100}
        return replace(
            whole, days=None, reason="history_exhausted", details=details, at_least_days=total, balance_left=left / 100
        )
    return whole


def dso(
    ledger: Ledger,
    as_of: str | date,
    method: str = "balance",
    months: int = 12,
    currency: str | None = None,
    doubtful: bool = True,
    bills: float = 0.0,
) -> Dso:
    """Days sales outstanding on a date (DSO, délai moyen de règlement clients).

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        Closing date.
    method : {"balance", "count_back"}
        balance: receivables / sales of the last `months` months x their days
        (méthode comptable); count_back: by exhausting the sales month by
        month (épuisement du chiffre d'affaires).
    months : int, default 12
        Window of the balance method; ends on `as_of`. 3 is usual for monthly
        steering, 12 for outside comparison.
    currency : str, optional
        Needed when several currencies have no amount in the books' currency.
    doubtful : bool, default True
        Count doubtful customers (416): leaving them out flatters the DSO.
    bills : float
        Bills receivable not yet due (413) and receivables sold, added to
        the balance as long as the customer has not paid.

    Returns
    -------
    Dso
        All amounts incl. VAT. Closing receivables, net of unallocated
        receipts; calendar days.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> result = cm.dso(ledger, "2026-06-30", method="count_back")
    >>> result.reason is None and bool(result.days == result.table["days_counted"].sum())
    True
    """
    choice("method", method, ("balance", "count_back"))
    at = as_day(as_of)
    unit = unit_of(ledger, currency)
    receivables = round(balances(ledger, [at], unit, doubtful)[0] + bills, 2)
    sales, first = _sales(ledger, at, unit)
    return _dso(ledger, at, method, months, unit[1], receivables, _by_month(sales, at), first)


def _dso(
    ledger: Ledger,
    at: datetime,
    method: str,
    months: int,
    currency: str,
    receivables: float,
    by_month: dict[tuple[int, int], float],
    first: datetime | None,
) -> Dso:
    blocks = _blocks(at, first)
    unknown = Dso(None, method, receivables, None, 0, currency)
    if not ledger.complete_sales:
        return replace(unknown, reason="open_items_only")
    if method == "count_back":
        history = [(start, by_month.get((start.year, start.month), 0.0), days) for start, days in blocks]
        return replace(count_back(receivables, history), currency=currency)
    if at.day != monthrange(at.year, at.month)[1]:  # inside a month: whole past months plus the month to date
        months += 1
    if len(blocks) < months:
        return replace(unknown, reason="short_history", details={"known": len(blocks), "asked": months})
    window = blocks[:months]
    sales = round(sum(by_month.get((start.year, start.month), 0.0) for start, _ in window), 2)
    days = sum(days for _, days in window)
    value = balance_dso(receivables, sales, days)
    return replace(unknown, days=value, sales=sales, period_days=days, reason=None if value is not None else "no_sales")


def dso_by_month(
    ledger: Ledger,
    as_of: str | date,
    months: int = 12,
    window: int = 3,
    currency: str | None = None,
    doubtful: bool = True,
) -> pd.DataFrame:
    """DSO at each of the last month-ends, by both methods.

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        Last date; the others are the month-ends before it.
    months : int, default 12
        Number of dates.
    window : int, default 3
        Months of sales of the balance method (rule DSO-ROLL).
    currency, doubtful
        See :func:`dso`.

    Returns
    -------
    pandas.DataFrame, one row per date, oldest first
        `date`, `receivables`, `sales` (of that month), `dso_balance`,
        `dso_count_back` (days; NaN where not computable), `at_least_days`,
        `reason` (message key). From a list of open items only, past balances
        and sales are not known: NaN.
    """
    at = as_day(as_of)
    unit = unit_of(ledger, currency)
    dates = month_ends(at, months)
    owed = balances(ledger, dates, unit, doubtful)
    sales, first = _sales(ledger, at, unit)
    rows = []
    for when, receivables in zip(dates, owed):
        if first is None or when < first:
            continue
        by_month = _by_month(sales, when)
        by_balance = _dso(ledger, when, "balance", window, unit[1], receivables, by_month, first)
        exhausted = _dso(ledger, when, "count_back", window, unit[1], receivables, by_month, first)
        rows.append(
            {
                "date": when,
                "receivables": receivables,
                "sales": by_month.get((when.year, when.month), 0.0),
                "dso_balance": by_balance.days,
                "dso_count_back": exhausted.days,
                "at_least_days": exhausted.at_least_days or None,
                "reason": exhausted.reason or by_balance.reason,
            }
        )
    columns = ["date", "receivables", "sales", "dso_balance", "dso_count_back", "at_least_days", "reason"]
    table = pd.DataFrame(rows, columns=columns).astype(
        dict.fromkeys(["dso_balance", "dso_count_back", "at_least_days"], float)
    )
    if not ledger.complete_sales:  # what was paid since is not in the list
        table[["receivables", "sales"]] = float("nan")
    return table.sort_values("date", ignore_index=True)


def _sales(ledger: Ledger, at: datetime, unit: tuple[str, str]) -> tuple[pd.DataFrame, datetime | None]:
    """Sales in cents by month of issue and month of booking, and the first day of the history."""
    invoices, settlements = tables_of(ledger)
    known = invoices.filter(nw.col("booking_date") <= at)
    sold = in_unit(known, unit).filter(nw.col("kind").is_in(SALES_KINDS) & (nw.col("issue_date") <= at))
    months = {
        name: getattr(nw.col(column).dt, part)().cast(nw.Int64)
        for name, column, part in (
            ("year", "issue_date", "year"),
            ("month", "issue_date", "month"),
            ("booked_year", "booking_date", "year"),
            ("booked_month", "booking_date", "month"),
        )
    }
    sums = collect(sold.with_columns(**months).group_by(*months).agg(cents=nw.col(unit[0]).sum()))
    paid = settlements.filter(nw.col("payment_date") <= at)
    firsts = [
        collect(table.select(first=nw.col(column).min()))["first"].iloc[0]
        for table, column in ((known, "booking_date"), (paid, "payment_date"))
    ]
    starts = [as_day(first) for first in firsts if not pd.isna(first)]
    return sums, min(starts, default=None)


def _by_month(sales: pd.DataFrame, when: datetime) -> dict[tuple[int, int], float]:
    """Sales by (year, month) as known at the end of a month."""
    booked = 12 * sales["booked_year"] + sales["booked_month"] <= 12 * when.year + when.month
    issued = 12 * sales["year"] + sales["month"] <= 12 * when.year + when.month
    sums = sales[booked & issued].groupby(["year", "month"], as_index=False)["cents"].sum()
    return {(int(row.year), int(row.month)): int(row.cents) / 100 for row in sums.itertuples()}


def sales_by_month(ledger: Ledger, as_of: str | date, currency: str | None = None) -> pd.DataFrame:
    """Sales incl. VAT (invoices less credit notes) by month of issue.

    Returns
    -------
    pandas.DataFrame
        `month` (its first day), `sales`; every month from the first known to
        that of `as_of`, zero where nothing was sold.
    """
    at = as_day(as_of)
    sales, first = _sales(ledger, at, unit_of(ledger, currency))
    by_month = _by_month(sales, at)
    rows = [
        (start.replace(day=1), by_month.get((start.year, start.month), 0.0))
        for start, _ in reversed(_blocks(at, first))
    ]
    return pd.DataFrame(rows, columns=["month", "sales"])


def _blocks(at: datetime, first: datetime | None) -> list[tuple[datetime, int]]:
    """Months from that of `at` back to that of `first`: (first day counted, days); the last month up to `at`."""
    if first is None:
        return []
    blocks, end = [], at
    while (end.year, end.month) >= (first.year, first.month):
        start = end.replace(day=1)
        blocks.append((start, (end - start).days + 1))
        end = start - timedelta(days=1)
    return blocks
