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

from cmtools.frames import (
    add_up,
    cents_of,
    choice,
    collect,
    day_book,
    day_number,
    first_day,
    in_unit,
    month_ends,
    remembered,
    tables_of,
    unit_of,
    with_day_book,
)
from cmtools.receivables import balances, open_rows, outstanding_by_date
from cmtools.schemas import SALES_KINDS, Defect, InputError, Ledger, as_day

METHODS = ("balance", "count_back")
Months = list[tuple[int, int, int]]
# What each part of the DSO is made of: columns of `outstanding_by_date`.
PARTS = {
    "best_possible_dso": "not_due",
    "overdue_dso": "overdue",
    "disputed_dso": "disputed_overdue",
    "unknown_age_dso": "unknown_age",
    "unallocated_dso": "unallocated",
}


@dataclass(frozen=True)
class Dso:
    """Days sales outstanding, with all that made it.

    Attributes
    ----------
    days : float or None
        None where it cannot be computed: see `reason`.
    method : {"balance", "count_back", "sales_weighted"}
    receivables : float
        Balance incl. VAT at the closing date, net of unallocated receipts
        (sales-weighted: unallocated receipts left out).
    sales : float or None
        Sales incl. VAT of the window (balance), those used up (count-back),
        or those of the months that the balance comes from (sales-weighted).
    period_days : int
        Days of the window.
    currency : str
    reason : str or None
        Message key: why there is no number, or what to know about it.
    at_least_days, balance_left : float
        Where sales are not known far enough back: lower bound, and what is
        left to exhaust (count-back) or comes from months without known sales
        (sales-weighted).
    table : pandas.DataFrame or None
        Month by month, most recent first. Count-back: `month`, `sales`,
        `days`, `balance_before`, `balance_after`, `days_counted`.
        Sales-weighted: `month`, `sales`, `days`, `balance`, `days_counted`.
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
    whole, rows = _counted(receivables, months)
    columns = ["month", "sales", "days", "balance_before", "balance_after", "days_counted"]
    return replace(whole, table=pd.DataFrame(rows, columns=columns))


def _counted(receivables: float, months: Iterable[tuple[Any, float, int]]) -> tuple[Dso, list[tuple]]:
    """Result of :func:`count_back` and the rows of its table."""
    rows, left, flagged = _exhaust(receivables, months)
    total = sum(row[-1] for row in rows)
    used = sum(round(100 * before) - round(100 * after) for *_, before, after, _ in rows)
    whole = Dso(total, "count_back", receivables, used / 100, sum(row[2] for row in rows), reason=flagged)
    if receivables <= 0:
        whole = replace(whole, days=0.0, reason="no_receivables")
    elif left > 0:
        details = {"days": round(total), "left": left}
        whole = replace(
            whole, days=None, reason="history_exhausted", details=details, at_least_days=total, balance_left=left
        )
    return whole, rows


def _exhaust(receivables: float, months: Iterable[tuple[Any, float, int]]) -> tuple[list[tuple], float, str | None]:
    """Rows of the table of :func:`count_back`, what is left, and a remark."""
    rows, left, flagged = [], round(receivables * 100), None
    for label, sales, days in months:
        if left <= 0:
            break
        cents = round(sales * 100)
        counted = days * left / cents if cents >= left else float(days)
        after = max(left - cents, 0) if cents >= 0 else left - cents
        if cents < 0:
            flagged = "credit_month"
        rows.append((label, cents / 100, days, left / 100, after / 100, counted))
        left = after
    return rows, left / 100, flagged


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
        Window of the balance method, which ends on `as_of`: the rolling DSO
        (rule DSO-ROLL). 3 or 6 for monthly steering, 12 for outside
        comparison.
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
    choice("method", method, METHODS)
    at, ledger = as_day(as_of), with_day_book(ledger)
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
    detailed: bool = True,
) -> Dso:
    """DSO by a method from the balance and the sales by month; not `detailed`: without the table of the count-back."""
    blocks = _blocks(at, first)
    unknown = Dso(None, method, receivables, None, 0, currency)
    if not ledger.complete_sales:
        return replace(unknown, reason="open_items_only")
    if method == "count_back":
        history = [(start, by_month.get((start.year, start.month), 0.0), days) for start, days in blocks]
        counted = count_back(receivables, history) if detailed else _counted(receivables, history)[0]
        return replace(counted, currency=currency)
    window, details = _window(at, months, first)
    if details:
        return replace(unknown, reason="short_history", details=details)
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
    at, ledger = as_day(as_of), with_day_book(ledger)
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
        exhausted = _dso(ledger, when, "count_back", window, unit[1], receivables, by_month, first, detailed=False)
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


# ---------------------------------------------------------------- what the DSO is made of


def dso_parts(
    ledger: Ledger,
    as_of: str | date,
    months: int = 12,
    by: str | None = None,
    method: str = "balance",
    currency: str | None = None,
    financing_rate: float | None = None,
    standard_terms: float | None = None,
) -> pd.DataFrame:
    """What the DSO is made of: days not due, days late, and the value of one day.

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        Closing date.
    months : int, default 12
        Window of sales, which ends on `as_of`.
    by : str, optional
        A column of the customers (``frames.CUTS``): one row per value.
    method : {"balance", "count_back"}
        See :func:`dso`.
    currency : str, optional
        Needed when several currencies have no amount in the books' currency.
    financing_rate : float, optional
        Yearly cost of money, a fraction, for `day_cost`.
    standard_terms : float, optional
        The company's standard payment terms, in days: they replace
        `agreed_terms` in `extended_dso`.

    Returns
    -------
    pandas.DataFrame, one row, or one per value of `by`
        [`by`], `currency`; `receivables`, `sales` (incl. VAT, of the window),
        `period_days`. In days:

        - `dso` = `best_possible_dso` + `average_days_delinquent`;
        - `best_possible_dso`: of what is not due (rule DSO-BP);
        - `average_days_delinquent`: the difference, net of unallocated
          receipts, so below 0 where these exceed what is late (rule DSO-ADD);
        - `overdue_dso`: of what is overdue (rule DSO-OVD), of which
          `disputed_dso` (rule DSO-LIT; NaN where the source tells nothing
          of disputes);
        - `unknown_age_dso` and `unallocated_dso` (negative);
        - `agreed_terms`: due date less issue date of the invoices of the
          window, weighted by amount, retention money left out;
        - `extended_dso` = `best_possible_dso` - terms (rule DSO-EXT).

        `day_value`: sales of one day incl. VAT; `day_cost`: cost of financing
        one day of sales for a year (rule DSO-DAY). `reason` (message key)
        where a figure is NaN: no_sales, short_history, open_items_only;
        with count-back also history_exhausted, no_receivables, credit_month.

    Raises
    ------
    InputError
        If `by` or `method` is not one of those above, or `financing_rate` is
        no fraction.

    Notes
    -----
    All amounts incl. VAT, doubtful customers included. By the balance method
    each part is its amount / sales x period_days, with the same sales and days
    for all, so that dso = best_possible_dso + overdue_dso + unknown_age_dso +
    unallocated_dso and receivables = dso x day_value. By count-back each
    amount is exhausted alone: these days do not add up, and the parts without
    an age are NaN; `sales` and `day_value` stay those of the window.

    A row by `by` is the balance of its customers over their own sales. The DSO
    of the whole is the sum of balances over the sum of sales: never the
    average of the rows. A row without sales is kept, with its reason; the
    history is the ledger's, not the row's. Only a value of `by` that owes
    nothing and never bought anything has no row.

    DSO-LIT is named by https://www.cashontime.com/actualites/guide-complet-dso/;
    its formula, by analogy with DSO-OVD, is UNCONFIRMED.

    Examples
    --------
    How many of the 62 days are due to lateness, and what does one day cost at 5 % a year?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> parts = cm.dso_parts(ledger, "2026-06-30", financing_rate=0.05).iloc[0]
    >>> parts[["dso", "best_possible_dso", "average_days_delinquent", "day_value", "day_cost"]].astype(float).round(1)
    dso                           61.7
    best_possible_dso             48.4
    average_days_delinquent       13.4
    day_value                  23717.3
    day_cost                    1185.9
    Name: 0, dtype: float64
    """
    choice("method", method, METHODS)
    if financing_rate is not None and not 0 <= financing_rate < 1:
        raise InputError([Defect("bad_financing_rate", "fatal", column="financing_rate", value=str(financing_rate))])
    at, ledger = as_day(as_of), with_day_book(ledger)
    unit = unit_of(ledger, currency)
    owed = outstanding_by_date(ledger, [at], by, currency)
    monthly, first = _sales_of(ledger, at, unit, by)
    window, details = _window(at, months, first)
    key = by or "all"
    table = _joined(owed.assign(all=""), monthly, key)
    columns = [name for name in (_column(start) for start, _ in window) if name in monthly]
    table["sales"] = (table[columns].sum(axis=1) / 100).round(2) if not details else float("nan")
    table["period_days"] = float("nan") if details else float(sum(days for _, days in window))
    table["reason"] = pd.Series(_reasons(ledger, table["sales"], [bool(details)] * len(table)), dtype=object)
    table = _in_days(ledger, table, method, _histories(table, _blocks(at, first)) if method == "count_back" else [])
    granted = _agreed_terms(ledger, at, window[-1][0], unit, by) if window and ledger.complete_sales else None
    table = _with_terms(table, granted, key)
    terms = table["agreed_terms"] if standard_terms is None else float(standard_terms)
    table["extended_dso"] = table["best_possible_dso"] - terms
    table["day_value"] = table["sales"].where(table["sales"] > 0) / table["period_days"]
    table["day_cost"] = table["day_value"] * (float("nan") if financing_rate is None else financing_rate)
    table["currency"] = unit[1]
    days = ["dso", "best_possible_dso", "average_days_delinquent", *list(PARTS)[1:], "agreed_terms", "extended_dso"]
    names = [*([by] if by else []), "currency", "receivables", "sales", "period_days", *days]
    return table[[*names, "day_value", "day_cost", "reason"]]


def dso_parts_by_month(
    ledger: Ledger,
    as_of: str | date,
    months: int = 12,
    window: int = 3,
    method: str = "balance",
    currency: str | None = None,
) -> pd.DataFrame:
    """What the DSO is made of at each of the last month-ends.

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        Last date; the others are the month-ends before it.
    months : int, default 12
        Number of dates.
    window : int, default 3
        Months of sales of the balance method (rule DSO-ROLL).
    method, currency
        See :func:`dso_parts`.

    Returns
    -------
    pandas.DataFrame, one row per date, oldest first
        `date`, `currency` and, as in :func:`dso_parts`, `receivables`, `sales`
        (of the window), `period_days`, `dso`, `best_possible_dso`,
        `average_days_delinquent`, `overdue_dso`, `disputed_dso`,
        `unknown_age_dso`, `unallocated_dso`, `reason`. Dates before the first
        event of the ledger are left out. From a list of open items only, past
        balances and sales are not known: NaN.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> history = cm.dso_parts_by_month(ledger, "2026-06-30", months=2)
    >>> history[["dso", "best_possible_dso", "average_days_delinquent"]].round(1).to_numpy().tolist()
    [[59.2, 43.1, 16.2], [56.4, 44.2, 12.2]]
    """
    choice("method", method, METHODS)
    at, ledger = as_day(as_of), with_day_book(ledger)
    unit = unit_of(ledger, currency)
    sold, first = _sales(ledger, at, unit)
    names = ["date", "currency", "receivables", "sales", "period_days", "dso", "best_possible_dso"]
    names += ["average_days_delinquent", *list(PARTS)[1:], "reason"]
    dates = [when for when in reversed(month_ends(at, months)) if first is not None and when >= first]
    if not dates:
        return pd.DataFrame(columns=names)
    table = outstanding_by_date(ledger, dates, None, currency).rename(columns={"outstanding": "receivables"})
    windows, sales, short, histories = [], [], [], []
    for when in dates:
        by_month = _by_month(sold, when)
        blocks = _blocks(when, first)
        known = [by_month.get((start.year, start.month), 0.0) for start, _ in blocks]
        inside, details = _window(when, window, first)
        windows.append(float(sum(days for _, days in inside)) if inside else float("nan"))
        sales.append(round(sum(known[: len(inside)]), 2) if inside else float("nan"))
        short.append(details is not None)
        histories.append(_history(blocks, known))
    table["sales"], table["period_days"] = sales, windows
    table["reason"] = pd.Series(_reasons(ledger, sales, short), dtype=object)
    table = _in_days(ledger, table, method, histories)
    if not ledger.complete_sales:  # what was paid since is not in the list
        table["receivables"] = float("nan")
    table["currency"] = unit[1]
    return table[names]


def _column(start: datetime) -> str:
    return f"{start.year}-{start.month:02d}"


def _history(blocks: list[tuple[datetime, int]], sales: Iterable[float]) -> list[tuple[datetime, float, int]]:
    """Months as :func:`count_back` takes them."""
    return [(start, float(sold), days) for (start, days), sold in zip(blocks, sales)]


def _histories(table: pd.DataFrame, blocks: list[tuple[datetime, int]]) -> list[list[tuple[datetime, float, int]]]:
    """Months of each row, from its columns of monthly sales in cents."""
    sales = table.reindex(columns=[_column(start) for start, _ in blocks]).fillna(0).to_numpy() / 100
    return [_history(blocks, row) for row in sales]


def _sales_of(
    ledger: Ledger, at: datetime, unit: tuple[str, str], by: str | None
) -> tuple[pd.DataFrame, datetime | None]:
    """Sales in cents, one column per month of issue ("2026-06"), one row in all or per value of `by`."""
    first = first_day(ledger, at)
    if by is None:
        months: dict[str, int] = {}
        for issued, _, cents in _sold(ledger, at, unit):
            name = f"{(issued - 1) // 12}-{(issued - 1) % 12 + 1:02d}"
            months[name] = months.get(name, 0) + cents
        return pd.DataFrame([{"all": "", **months}]), first
    sold = _sold_to(ledger, at, unit)
    if sold.empty:
        return pd.DataFrame(columns=[by]), first
    return add_up(nw.from_native(sold), ledger, by), first


def _joined(owed: pd.DataFrame, monthly: pd.DataFrame, key: str) -> pd.DataFrame:
    """Balances beside monthly sales; what one of them lacks is nil."""
    amounts = ["outstanding", *PARTS.values()]
    both = pd.concat([owed[[key, *amounts]], monthly] if len(monthly) else [owed[[key, *amounts]]])
    table = both.groupby(key, dropna=False, as_index=False).sum(numeric_only=True)
    return table.rename(columns={"outstanding": "receivables"})


def _reasons(ledger: Ledger, sales: Iterable[float], short: Iterable[bool]) -> list[str | None]:
    """Why the balance method gives no number, row by row."""
    if not ledger.complete_sales:
        return ["open_items_only" for _ in sales]
    return ["short_history" if known else "no_sales" if sold <= 0 else None for sold, known in zip(sales, short)]


def _in_days(
    ledger: Ledger, table: pd.DataFrame, method: str, histories: list[list[tuple[datetime, float, int]]]
) -> pd.DataFrame:
    """Each amount in days of sales: all on the sales of the window, or each exhausted alone."""
    amounts = {"dso": "receivables", **PARTS}
    if not ledger.complete_sales:
        table = table.assign(**dict.fromkeys(amounts, float("nan")), sales=float("nan"), period_days=float("nan"))
    elif method == "balance":
        sales = table["sales"].where(table["sales"] > 0)
        table = table.assign(**{name: table[amount] / sales * table["period_days"] for name, amount in amounts.items()})
    else:
        undated = dict.fromkeys(("unknown_age_dso", "unallocated_dso"), float("nan"))
        found = {
            name: [_exhausted(owed, history) for owed, history in zip(table[amount], histories)]
            for name, amount in amounts.items()
            if name not in undated
        }
        days = {name: [float("nan") if pair[0] is None else pair[0] for pair in pairs] for name, pairs in found.items()}
        short = [reason if reason == "short_history" else None for reason in table["reason"]]  # of sales and day_value
        reasons = [pair[1] or other for pair, other in zip(found["dso"], short)]
        table = table.assign(**days, **undated, reason=pd.Series(reasons, index=table.index, dtype=object))
    if "disputed" in ledger.silent:
        table["disputed_dso"] = float("nan")
    return table.assign(average_days_delinquent=table["dso"] - table["best_possible_dso"])


def exhausted_days(ledger: Ledger, as_of: str | date, amount: float, currency: str | None = None) -> float | None:
    """Days of sales that an amount stands for, by count-back; None where these cannot be told.

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
    amount : float
        Part of what is owed on that day, incl. VAT.
    currency : str, optional
        See :func:`dso`.

    Examples
    --------
    What is not due yet is the best possible DSO:

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> owed = cm.outstanding_by_date(ledger, ["2026-06-30"]).iloc[0]
    >>> parts = cm.dso_parts(ledger, "2026-06-30", method="count_back").iloc[0]
    >>> bool(exhausted_days(ledger, "2026-06-30", owed["not_due"]) == parts["best_possible_dso"])
    True
    """
    at, ledger = as_day(as_of), with_day_book(ledger)
    sales, first = _sales(ledger, at, unit_of(ledger, currency))
    if not ledger.complete_sales:
        return None
    by_month, blocks = _by_month(sales, at), _blocks(at, first)
    return _exhausted(amount, _history(blocks, [by_month.get((day.year, day.month), 0.0) for day, _ in blocks]))[0]


def _exhausted(receivables: float, history: list[tuple[datetime, float, int]]) -> tuple[float | None, str | None]:
    """Days of :func:`count_back` and the reason, without its table."""
    if not any(sales > 0 for _, sales, _ in history):
        return None, "no_sales"
    if receivables <= 0:
        return 0.0, "no_receivables"
    rows, left, flagged = _exhaust(receivables, history)
    return (None, "history_exhausted") if left > 0 else (sum(row[-1] for row in rows), flagged)


def _agreed_terms(ledger: Ledger, at: datetime, start: datetime, unit: tuple[str, str], by: str | None) -> pd.DataFrame:
    """Cents, and cents x days between issue and due date, of the invoices issued since `start`."""
    return add_up(nw.from_native(_granted(ledger, at, start, unit)), ledger, by)


@remembered
def _granted(ledger: Ledger, at: datetime, start: datetime, unit: tuple[str, str]) -> pd.DataFrame:
    """Sums of :func:`_agreed_terms` by customer."""
    invoices, _ = tables_of(ledger)
    granted = in_unit(invoices, unit).filter(
        (nw.col("kind") == "invoice")
        & ~nw.col("retention")  # released with the works, often on a day not known yet: no term of payment
        & (nw.col(unit[0]) > 0)
        & (nw.col("booking_date") <= at)
        & (nw.col("issue_date") >= start)
        & (nw.col("issue_date") <= at)
        & ~nw.col("due_date").is_null()
    )
    days = (day_number("due_date") - day_number("issue_date")).cast(nw.Int64)
    weighted = granted.with_columns(weight=nw.col(unit[0]), product=nw.col(unit[0]) * days)
    return collect(weighted.group_by("customer_id").agg(nw.col("weight").sum(), nw.col("product").sum()))


def _with_terms(table: pd.DataFrame, granted: pd.DataFrame | None, key: str) -> pd.DataFrame:
    """`agreed_terms` beside each row; NaN where no invoice of the window has a due date."""
    if granted is None or granted.empty:
        return table.assign(agreed_terms=float("nan"))
    if key not in granted:  # one row for all
        granted = granted.assign(**{key: ""})
    terms = granted.assign(agreed_terms=granted["product"] / granted["weight"].where(granted["weight"] > 0))
    return table.merge(terms[[key, "agreed_terms"]], on=key, how="left")


def sales_weighted_dso(ledger: Ledger, as_of: str | date, currency: str | None = None) -> Dso:
    """DSO where each month's open items are measured on that month's own sales (rule DSO-SW).

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        Closing date.
    currency : str, optional
        Needed when several currencies have no amount in the books' currency.

    Returns
    -------
    Dso
        `days` = sum over the months of issue of balance / sales x days of the
        month. `receivables` and the column `balance` of `table` are gross:
        unallocated receipts are left out, since they belong to no month;
        credit notes reduce the month of their own date, as they reduce its
        sales. Where items come from a month without known positive sales
        (before the history, no issue date, net credit notes), `days` is None,
        `reason` is months_without_sales and `balance_left` their amount;
        `at_least_days` counts the other months, 0 if some of that amount is
        negative. Nothing owed: 0, with no_receivables.

    Notes
    -----
    The bands are months of issue, never days late. The month of `as_of` counts
    its elapsed days. As the count-back method, and unlike the balance method,
    it does not move because sales rise or fall; unlike both, it weighs each
    open item by the sales of its own month, however old.

    The measure is named among those of the National Association of Credit
    Management (https://bcm.nacm.org/keep-dso-in-its-place/); its formula is
    UNCONFIRMED.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> result = cm.sales_weighted_dso(ledger, "2026-06-30")
    >>> bool(abs(result.table["days_counted"].sum() - result.days) < 1e-9)
    True
    """
    at, ledger = as_day(as_of), with_day_book(ledger)
    unit = unit_of(ledger, currency)
    owed = _open_by_month(ledger, at, unit)
    receivables = round(sum(owed.values()), 2)
    unknown = Dso(None, "sales_weighted", receivables, None, 0, unit[1])
    if not ledger.complete_sales:
        return replace(unknown, reason="open_items_only")
    sold, first = _sales(ledger, at, unit)
    rows = _bands(owed, _by_month(sold, at), _blocks(at, first))
    table = pd.DataFrame(rows, columns=["month", "sales", "days", "balance", "days_counted"]).astype(
        {"month": "datetime64[us]", "sales": float, "days": float, "balance": float, "days_counted": float}
    )
    counted = table["days_counted"].notna()
    days = float(table["days_counted"].sum())
    used = table[counted & (table["balance"] != 0)]
    whole = replace(
        unknown, days=days, table=table, sales=round(float(used["sales"].sum()), 2), period_days=int(used["days"].sum())
    )
    lost = table.loc[~counted, "balance"]
    if len(lost):
        left = round(float(lost.sum()), 2)
        at_least = days if (lost > 0).all() else 0.0
        details = {"days": round(days), "left": left}
        return replace(
            whole,
            days=None,
            reason="months_without_sales",
            details=details,
            at_least_days=at_least,
            balance_left=left,
        )
    return whole if receivables > 0 else replace(whole, days=0.0, reason="no_receivables")


def _open_by_month(ledger: Ledger, at: datetime, unit: tuple[str, str]) -> dict[tuple[int, int] | None, float]:
    """Open items by month of issue; None: no date, or one after `at`. Unallocated receipts left out."""
    value = "open_amount" if unit[0] == "cents" else "open_book_amount"
    items = in_unit(open_rows(ledger, at), unit).with_columns(cents=cents_of(value))
    items = items.filter(nw.col("kind") != "unallocated_receipt")
    total = collect(items.select(cents=nw.col("cents").sum())).fillna(0)["cents"].iloc[0]
    dated = items.filter(nw.col("issue_date") <= at).with_columns(
        year=nw.col("issue_date").dt.year().cast(nw.Int64), month=nw.col("issue_date").dt.month().cast(nw.Int64)
    )
    sums = collect(dated.group_by("year", "month").agg(cents=nw.col("cents").sum()))
    months = sums[["year", "month", "cents"]].astype("int64").itertuples(index=False, name=None)
    cents: dict[tuple[int, int] | None, int] = {(year, month): amount for year, month, amount in months}
    cents[None] = int(total) - sum(cents.values())
    return {month: amount / 100 for month, amount in cents.items() if amount}


def _bands(
    owed: dict[tuple[int, int] | None, float], sold: dict[tuple[int, int], float], blocks: list[tuple[datetime, int]]
) -> list[tuple[Any, float, float, float, float]]:
    """Rows of the sales-weighted table, back to the oldest month that is owed; the item without a month is last."""
    unknown = float("nan")
    dated = [month for month in owed if month is not None]
    rows: list[tuple[Any, float, float, float, float]] = []
    for start, length in blocks:
        if dated and (start.year, start.month) >= min(dated):
            balance = owed.get((start.year, start.month), 0.0)
            sales = sold.get((start.year, start.month), 0.0)
            counted = balance / sales * length if sales > 0 else (unknown if balance else 0.0)
            rows.append((start.replace(day=1), sales, float(length), balance, counted))
    inside = {(row[0].year, row[0].month) for row in rows}
    for year, month in sorted(set(dated) - inside, reverse=True):  # before the history
        days = float(monthrange(year, month)[1])
        rows.append((datetime(year, month, 1), unknown, days, owed[year, month], unknown))
    if None in owed:
        rows.append((pd.NaT, unknown, unknown, owed[None], unknown))
    return rows


def _sales(ledger: Ledger, at: datetime, unit: tuple[str, str]) -> tuple[Months, datetime | None]:
    """Sales in cents by month of issue and month of booking (12 x year + month), and the first day of the history."""
    return _sold(ledger, at, unit), first_day(ledger, at)


@remembered
def _sold(ledger: Ledger, at: datetime, unit: tuple[str, str]) -> Months:
    """Sales of :func:`_sales`."""
    booked, day = day_book(ledger, unit[0])[0], pd.Timestamp(at)
    sold = booked[(booked["sold"] == 1) & (booked["booking_date"] <= day) & (booked["issue_date"] <= day)]
    sold = sold if unit[0] == "book_cents" else sold[sold["currency"] == unit[1]]
    issued, when = (12 * sold[name].dt.year + sold[name].dt.month for name in ("issue_date", "booking_date"))
    table = pd.DataFrame({"issued": issued, "booked": when, "cents": sold[unit[0]]})
    sums = table.groupby(["issued", "booked"], as_index=False)["cents"].sum()
    return list(zip(sums["issued"].tolist(), sums["booked"].tolist(), sums["cents"].tolist()))


@remembered
def _sold_to(ledger: Ledger, at: datetime, unit: tuple[str, str]) -> pd.DataFrame:
    """Sales in cents by customer, one column per month of issue ("2026-06")."""
    known = tables_of(ledger)[0].filter(nw.col("booking_date") <= at)
    sold = in_unit(known, unit).filter(nw.col("kind").is_in(SALES_KINDS) & (nw.col("issue_date") <= at))
    when = nw.col("issue_date").dt
    months = {"year": when.year().cast(nw.Int64), "month": when.month().cast(nw.Int64)}
    sums = collect(sold.with_columns(**months).group_by("customer_id", *months).agg(cents=nw.col(unit[0]).sum()))
    if sums.empty:
        return sums
    sums["column"] = [f"{int(year)}-{int(month):02d}" for year, month in zip(sums["year"], sums["month"])]
    sums["cents"] = sums["cents"].fillna(0).astype("int64")
    wide = sums.pivot_table(index="customer_id", columns="column", values="cents", aggfunc="sum", fill_value=0)
    wide.columns = [str(name) for name in wide.columns]
    return wide.reset_index()


def _by_month(sales: Months, when: datetime) -> dict[tuple[int, int], float]:
    """Sales by (year, month) as known at the end of a month."""
    last, sums = 12 * when.year + when.month, dict[int, int]()
    for issued, booked, cents in sales:
        if issued <= last and booked <= last:
            sums[issued] = sums.get(issued, 0) + cents
    return {((issued - 1) // 12, (issued - 1) % 12 + 1): cents / 100 for issued, cents in sums.items()}


def sales_by_month(ledger: Ledger, as_of: str | date, currency: str | None = None) -> pd.DataFrame:
    """Sales incl. VAT (invoices less credit notes) by month of issue.

    Returns
    -------
    pandas.DataFrame
        `month` (its first day), `sales`; every month from the first known to
        that of `as_of`, zero where nothing was sold.
    """
    at, ledger = as_day(as_of), with_day_book(ledger)
    sales, first = _sales(ledger, at, unit_of(ledger, currency))
    by_month = _by_month(sales, at)
    rows = [
        (start.replace(day=1), by_month.get((start.year, start.month), 0.0))
        for start, _ in reversed(_blocks(at, first))
    ]
    return pd.DataFrame(rows, columns=["month", "sales"])


def _window(
    at: datetime, months: int, first: datetime | None
) -> tuple[list[tuple[datetime, int]], dict[str, int] | None]:
    """The last `months` months as :func:`_blocks`, or none and the months known where the history is shorter."""
    if at.day != monthrange(at.year, at.month)[1]:  # inside a month: whole past months plus the month to date
        months += 1
    blocks = _blocks(at, first)
    return ([], {"known": len(blocks), "asked": months}) if len(blocks) < months else (blocks[:months], None)


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
