"""What customers owe on a date, how old it is, and how many days of sales it stands for.

Every ledger-sized function is written once against Narwhals: it takes pandas,
Polars or DuckDB tables and gives back the same kind. Sums run on whole cents.
Rules AGE-* and DSO-*: see ``GLOSSARY.md``.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import narwhals as nw
import pandas as pd
from narwhals.typing import IntoFrame

from cmtools.schemas import INVOICES, OPEN_ITEMS, SALES_KINDS, SETTLEMENTS, Defect, InputError, Ledger, as_day, require

DATE = nw.Datetime("us")
BUCKETS = (30, 60, 90, 120)


# ---------------------------------------------------------------- open items


def open_items(ledger: Ledger, as_of: str | date, basis: str = "allocated") -> Any:
    """What is still open on a date, item by item, unallocated receipts included.

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        Closing date; nothing booked, paid or allocated later is used.
    basis : {"allocated", "paid"}
        When a settlement reduces its item: on its allocation date (rule
        AGE-ALLOC), or as soon as it is paid. Credit notes always reduce an
        invoice on their allocation date.

    Returns
    -------
    frame of the same kind as ``ledger.invoices``, one row per open item or unallocated receipt
        `open_amount` (item currency, incl. VAT; credits negative),
        `open_book_amount` (book currency; null: unknown), `days_late`
        (days since the due date, negative before it; null: no due date),
        flags `disputed`, `doubtful`, `retention`. The sum of `open_amount`
        is all that was invoiced less all that was received.

    Examples
    --------
    What did customer C1 owe at the end of June, when his payment of 10 July was not known?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> items = cm.open_items(ledger, "2025-06-30")
    >>> bool((items["open_amount"] != 0).all())
    True
    """
    at = as_day(as_of)
    _choice("basis", basis, ("allocated", "paid"))
    invoices, settlements = _tables(ledger)
    booked = invoices.filter(nw.col("booking_date") <= at)
    paid = settlements.filter(nw.col("payment_date") <= at)
    reduces_on = nw.col("allocation_date")
    if basis == "paid":
        reduces_on = nw.when(nw.col("kind") == "credit_note").then(reduces_on).otherwise(nw.col("payment_date"))
    known = booked.select("item_id", known=nw.lit(1))
    paid = paid.with_columns(reduces_on=reduces_on).join(known, on="item_id", how="left")
    is_applied = (nw.col("known") == 1) & (nw.col("reduces_on") <= at)
    paid = paid.with_columns(applied=nw.when(is_applied).then(nw.lit(1)).otherwise(nw.lit(0)))
    settled = (
        paid.filter(nw.col("applied") == 1)
        .group_by("item_id")
        .agg(
            settled=nw.col("cents").sum(),
            book_settled=nw.col("book_cents").sum(),
            unknown_settled=nw.col("unknown_book").sum(),
        )
    )
    remains = {
        column: nw.col(column) - nw.col(less).fill_null(0).cast(nw.Int64)
        for column, less in (("cents", "settled"), ("book_cents", "book_settled"))
    }
    items = (
        booked.join(settled, on="item_id", how="left")
        .with_columns(
            **remains,
            unknown_book=nw.col("unknown_book") + nw.col("unknown_settled").fill_null(0).cast(nw.Int64),
            disputed=_during("dispute_from", "dispute_until", at),
            doubtful=_during("doubtful_from", None, at),
        )
        .filter((nw.col("cents") != 0) | (nw.col("book_cents") != 0))
        .select(_OPEN_COLUMNS)
    )
    receipts = _unallocated(paid.filter(nw.col("applied") == 0)).select(_OPEN_COLUMNS)
    return (
        nw.concat([items, receipts], how="vertical")
        .with_columns(
            open_amount=nw.col("cents") / 100,
            open_book_amount=nw.when(nw.col("unknown_book") == 0).then(nw.col("book_cents") / 100),
            days_late=nw.lit(_day_of(at)) - _day_number("due_date"),
        )
        .drop("cents", "book_cents", "unknown_book")
        .sort("customer_id", "item_id")
        .to_native()
    )


_OPEN_COLUMNS = [
    "item_id",
    "customer_id",
    "document",
    "kind",
    "issue_date",
    "due_date",
    "currency",
    "amount",
    "cents",
    "book_cents",
    "unknown_book",
    "retention",
    "disputed",
    "doubtful",
    "dispute_reason",
    "account",
]


def _tables(ledger: Ledger) -> tuple[Any, Any]:
    """Both tables with dates as datetimes and amounts in whole cents."""
    tables = []
    for frame, schema, name in (
        (ledger.invoices, INVOICES, "invoices"),
        (ledger.settlements, SETTLEMENTS, "settlements"),
    ):
        table = nw.from_native(frame)
        require(table.collect_schema().names(), schema, name)
        dates = [column.name for column in schema if column.kind == "date"]
        table = table.with_columns(nw.col(dates).cast(DATE))
        tables.append(
            table.with_columns(
                cents=_cents("amount"),
                book_cents=_cents("book_amount"),
                unknown_book=nw.when(nw.col("book_amount").is_null()).then(nw.lit(1)).otherwise(nw.lit(0)),
            )
        )
    return tables[0], tables[1]


def _cents(column: str) -> nw.Expr:
    """Whole cents; a blank becomes 0, so the caller keeps a flag where blanks are allowed."""
    return (nw.col(column).cast(nw.Float64).fill_null(0.0) * 100).round().cast(nw.Int64)


def _during(start: str, end: str | None, at: datetime) -> nw.Expr:
    """Flag: the period that begins on `start` and ends before `end` holds the day `at`."""
    inside = nw.col(start) <= at
    if end:
        inside = inside & ((nw.col(end) > at) | nw.col(end).is_null())
    return nw.when(inside).then(nw.lit(True)).otherwise(nw.lit(False))


def _unallocated(settlements: Any) -> Any:
    """Receipts on no item: one row per receipt, negative; the two halves of a linked credit note cancel out."""
    receipts = settlements.group_by("customer_id", "document", "kind", "currency", "payment_date").agg(
        item_id=nw.col("settlement_id").min(),
        cents=nw.col("cents").sum(),
        book_cents=nw.col("book_cents").sum(),
        unknown_book=nw.col("unknown_book").sum(),
        account=nw.col("account").min(),
    )
    receipts = receipts.with_columns(**{name: -nw.col(name).cast(nw.Int64) for name in ("cents", "book_cents")})
    return receipts.filter((nw.col("cents") != 0) | (nw.col("book_cents") != 0)).with_columns(
        kind=nw.lit("unallocated_receipt"),
        issue_date=nw.col("payment_date"),
        due_date=nw.lit(None).cast(DATE),
        amount=nw.col("cents") / 100,
        unknown_book=nw.col("unknown_book").cast(nw.Int64),
        retention=nw.lit(False),
        disputed=nw.lit(False),
        doubtful=nw.lit(False),
        dispute_reason=nw.lit(None).cast(nw.String),
    )


def _day_of(at: datetime) -> int:
    """The number of :func:`_day_number` for a known day."""
    return 365 * at.year + (at.year - 1) // 4 + at.timetuple().tm_yday


def _day_number(column: str) -> nw.Expr:
    """Days since a fixed origin, the same on every engine (1901 to 2099; `dt.total_days` is missing on some)."""
    year = nw.col(column).dt.year()
    return 365 * year + (year - 1) // 4 + nw.col(column).dt.ordinal_day()


# ---------------------------------------------------------------- aged balance


def aged_balance(
    items: IntoFrame,
    as_of: str | date,
    buckets: Sequence[int] = BUCKETS,
    clock: str = "due_date",
    by: str | None = "customer_id",
    in_credit: str = "column",
) -> Any:
    """Open receivables by customer and days past due (balance âgée).

    Parameters
    ----------
    items : frame, one row per open item
        As :func:`open_items` gives it on the same date.
    as_of : date or str
        Closing date.
    buckets : sequence of int, default (30, 60, 90, 120)
        Upper bounds of the buckets, in days, increasing.
    clock : {"due_date", "issue_date"}
        Days overdue, or age since the document's date (rule AGE-BASIS).
    by : str or None, default "customer_id"
        Column of `items` to group by, in addition to the currency; None: the
        currency alone.
    in_credit : {"column", "own_date"}
        Unallocated receipts and credit notes in a column of their own, or
        aged by their own date as negative amounts (rule AGE-UNALLOC).

    Returns
    -------
    frame of the same kind, one row per currency and customer
        `not_due`, one column per bucket, `unknown_age` (no due date),
        `unallocated` (negative), `total`: the sum of all these. `disputed`
        and `retention` are parts of `total`, not additions.

    Raises
    ------
    InputError
        If a column is missing or `buckets` does not increase.

    Notes
    -----
    An item due on `as_of` is not late: lateness starts the day after (Code de
    commerce, art. L441-10, II). With the clock "issue_date" there is no
    `not_due`: a document of the day is 0 days old and stands in the first
    bucket, which starts at 0. Retention money is not late before its release
    date; while that date is unknown it is not due (rule AGE-RG).

    Examples
    --------
    >>> items = pd.DataFrame({
    ...     "item_id": ["A", "B", "C", "D"], "customer_id": ["C1", "C1", "C2", "C2"], "currency": "EUR",
    ...     "kind": ["invoice", "invoice", "invoice", "unallocated_receipt"],
    ...     "issue_date": pd.to_datetime(["2025-03-01", "2025-01-15", "2024-10-01", "2025-03-20"]),
    ...     "due_date": pd.to_datetime(["2025-03-31", "2025-02-14", "2024-11-01", None]),
    ...     "open_amount": [1200.0, 300.0, 450.0, -50.0], "disputed": False, "retention": False,
    ... })
    >>> aged = aged_balance(items, "2025-03-31").set_index("customer_id")
    >>> aged[["not_due", "d31_60", "over_120", "unallocated", "total"]]
                 not_due  d31_60  over_120  unallocated   total
    customer_id
    C1            1200.0   300.0       0.0          0.0  1500.0
    C2               0.0     0.0     450.0        -50.0   400.0
    """
    at = as_day(as_of)
    frame = _in_cents(items)
    _choice("clock", clock, ("due_date", "issue_date"))
    _choice("in_credit", in_credit, ("column", "own_date"))
    names, inside = _bucket_columns(at, buckets, clock, in_credit)
    keys = [key for key in ("currency", by) if key]
    frame = frame.with_columns(
        **{name: nw.when(flag).then(nw.col("cents")).otherwise(nw.lit(0)) for name, flag in zip(names, inside)},
        total=nw.col("cents"),
        **{
            name: nw.when(nw.col(name)).then(nw.col("cents")).otherwise(nw.lit(0)) for name in ("disputed", "retention")
        },
    )
    columns = [*names, "total", "disputed", "retention"]
    return (
        frame.group_by(*keys)
        .agg(*[nw.col(name).sum() for name in columns])
        .with_columns(*[nw.col(name).cast(nw.Int64) / 100 for name in columns])
        .select(*keys, *columns)
        .sort(*keys)
        .to_native()
    )


def bucket_names(buckets: Sequence[int] = BUCKETS, clock: str = "due_date") -> list[str]:
    """Columns of an aged balance that sum to its total, in order.

    Examples
    --------
    >>> bucket_names((30, 60))
    ['not_due', 'd1_30', 'd31_60', 'over_60', 'unknown_age', 'unallocated']
    """
    _check_buckets(buckets)
    lows = [1, *(bound + 1 for bound in buckets)] if clock == "due_date" else [0, *(bound + 1 for bound in buckets)]
    aged = [f"d{low}_{high}" for low, high in zip(lows, buckets)] + [f"over_{buckets[-1]}"]
    return (["not_due"] if clock == "due_date" else []) + aged + ["unknown_age", "unallocated"]


def late_columns(columns: Iterable[str]) -> list[str]:
    """Columns of an aged balance by due date that hold overdue amounts.

    Examples
    --------
    >>> late_columns(["customer_id", "not_due", "d1_30", "over_30", "unallocated", "total"])
    ['d1_30', 'over_30']
    """
    return [name for name in columns if re.fullmatch(r"d\d+_\d+|over_\d+", name)]


def _bucket_columns(
    at: datetime, buckets: Sequence[int], clock: str, in_credit: str
) -> tuple[list[str], list[nw.Expr]]:
    """Names and conditions of the columns; every item meets exactly one condition."""
    names = bucket_names(buckets, clock)
    when = nw.col(clock)
    is_credit = nw.col("cents") < 0
    if in_credit == "own_date":  # a receipt has no due date: its own date stands for it
        when = nw.when(is_credit & when.is_null()).then(nw.col("issue_date")).otherwise(when)
        is_credit = nw.lit(False)
    unknown = when.is_null()
    if clock == "due_date":
        unreleased = unknown & nw.col("retention")
        unknown = unknown & ~nw.col("retention")
        bounds = [at] + [at - timedelta(days=bound) for bound in buckets]
        waiting = [(when >= bounds[0]) | unreleased]
    else:
        bounds = [at + timedelta(days=1)] + [at - timedelta(days=bound) for bound in buckets]
        waiting = []
    aged = [(when < high) & (when >= low) for high, low in pairwise(bounds)] + [when < bounds[-1]]
    if clock == "issue_date":
        aged[0] = when >= bounds[1]
    placed = [flag & ~is_credit for flag in [*waiting, *aged, unknown]]
    return names, [*placed, is_credit]


def _in_cents(items: IntoFrame) -> Any:
    """Open items with their amount in cents; flags they lack are false."""
    frame = nw.from_native(items)
    names = frame.collect_schema().names()
    require(names, OPEN_ITEMS, "open_items")
    absent = {flag: nw.lit(False) for flag in ("disputed", "retention", "doubtful") if flag not in names}
    if absent:
        frame = frame.with_columns(**absent)
    return frame.with_columns(nw.col("due_date", "issue_date").cast(DATE), cents=_cents("open_amount"))


def in_book_currency(items: IntoFrame, currency: str) -> Any:
    """Open items in the currency of the books, so that all of them add up.

    Parameters
    ----------
    items : frame
        As :func:`open_items` gives it.
    currency : str
        ``ledger.book_currency``.

    Returns
    -------
    frame of the same kind
        `open_amount` as booked, `currency` the same on every row; the item's
        own stay in `item_currency` and `item_amount`.

    Raises
    ------
    InputError
        If an amount in the books is unknown: a rate is never guessed.
    """
    frame = nw.from_native(items)
    unknown = collect(frame.filter(nw.col("open_book_amount").is_null()).select("currency").unique())
    if len(unknown):
        raise InputError([Defect("several_currencies", "fatal", value=", ".join(sorted(unknown["currency"])))])
    return frame.with_columns(
        item_currency=nw.col("currency"),
        item_amount=nw.col("open_amount"),
        currency=nw.lit(currency),
        open_amount=nw.col("open_book_amount"),
    ).to_native()


def overdue_rate(items: IntoFrame, as_of: str | date, variant: str = "gross") -> pd.DataFrame:
    """Share of the outstanding that is past due (taux d'échu, rule AGE-RATE).

    Parameters
    ----------
    items : frame
        As :func:`open_items` gives it.
    as_of : date or str
        Closing date.
    variant : {"gross", "net"}
        gross: overdue invoices / open invoices, unallocated credits left out
        of both; net: the credits deducted from both.

    Returns
    -------
    pandas.DataFrame, one row per currency
        `overdue`, `outstanding` (in that currency), `rate` (a fraction; NaN
        where nothing is outstanding), `reason` (message key where NaN).
        Items of unknown age count as outstanding, not as overdue, and stand
        in `unknown_age`.

    Examples
    --------
    >>> items = pd.DataFrame({"item_id": ["A", "B"], "customer_id": "C1", "kind": "invoice", "currency": "EUR",
    ...     "issue_date": pd.to_datetime(["2025-03-01", "2025-01-15"]),
    ...     "due_date": pd.to_datetime(["2025-03-31", "2025-02-14"]), "open_amount": [1200.0, 300.0]})
    >>> float(overdue_rate(items, "2025-03-31").loc["EUR", "rate"])
    0.2
    """
    _choice("variant", variant, ("gross", "net"))
    aged = collect(nw.from_native(aged_balance(items, as_of, by=None))).set_index("currency")
    late = late_columns(aged.columns)
    rates = pd.DataFrame(
        {
            "overdue": aged[late].sum(axis=1),
            "outstanding": aged["total"] - aged["unallocated"],
            "unknown_age": aged["unknown_age"],
            "unallocated": aged["unallocated"],
        }
    )
    if variant == "net":
        rates[["overdue", "outstanding"]] = rates[["overdue", "outstanding"]].add(rates["unallocated"], axis=0)
    rates = rates.round(2)
    rates["rate"] = rates["overdue"] / rates["outstanding"].where(rates["outstanding"] > 0)
    rates["reason"] = rates["rate"].isna().map({True: "no_outstanding", False: None})
    return rates


# ---------------------------------------------------------------- DSO


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
    _choice("method", method, ("balance", "count_back"))
    at = as_day(as_of)
    unit = _unit(ledger, currency)
    receivables = round(_balances(ledger, [at], unit, doubtful)[0] + bills, 2)
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
    unit = _unit(ledger, currency)
    dates = month_ends(at, months)
    balances = _balances(ledger, dates, unit, doubtful)
    sales, first = _sales(ledger, at, unit)
    rows = []
    for when, receivables in zip(dates, balances):
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


def _unit(ledger: Ledger, currency: str | None) -> tuple[str, str]:
    """Column to add up and its currency; never two currencies in one sum."""
    invoices = nw.from_native(ledger.invoices)
    counts = collect(invoices.select("currency", unknown=nw.col("book_amount").is_null()).unique())
    present = sorted(counts["currency"].unique())
    if currency:
        if present and currency not in present:
            raise InputError(
                [Defect("unknown_currency", "fatal", value=currency, details={"expected": ", ".join(present)})]
            )
        return "cents", currency
    if len(present) <= 1:
        return "cents", present[0] if present else ledger.book_currency
    if counts["unknown"].any():
        raise InputError([Defect("several_currencies", "fatal", value=", ".join(present))])
    return "book_cents", ledger.book_currency


def _in_unit(table: Any, unit: tuple[str, str]) -> Any:
    return table if unit[0] == "book_cents" else table.filter(nw.col("currency") == unit[1])


def _balances(ledger: Ledger, dates: Sequence[datetime], unit: tuple[str, str], doubtful: bool = True) -> list[float]:
    """Outstanding at each date: booked less received, one sum column per date."""
    invoices, settlements = _tables(ledger)
    if not doubtful:
        status = invoices.select("item_id", "doubtful_from")
        settlements = settlements.join(status, on="item_id", how="left")
    totals = []
    for table, when in ((invoices, "booking_date"), (settlements, "payment_date")):
        flags = {}
        for position, at in enumerate(dates):
            counts = nw.col(when) <= at
            if not doubtful:
                counts = counts & (nw.col("doubtful_from").is_null() | (nw.col("doubtful_from") > at))
            flags[f"b{position}"] = nw.when(counts).then(nw.col(unit[0])).otherwise(nw.lit(0))
        sums = _in_unit(table, unit).with_columns(**flags).select(*[nw.col(name).sum() for name in flags])
        totals.append(collect(sums).fillna(0).iloc[0].tolist())
    return [int(owed - received) / 100 for owed, received in zip(*totals)]


def _sales(ledger: Ledger, at: datetime, unit: tuple[str, str]) -> tuple[pd.DataFrame, datetime | None]:
    """Sales in cents by month of issue and month of booking, and the first day of the history."""
    invoices, settlements = _tables(ledger)
    known = invoices.filter(nw.col("booking_date") <= at)
    sold = _in_unit(known, unit).filter(nw.col("kind").is_in(SALES_KINDS) & (nw.col("issue_date") <= at))
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
    sales, first = _sales(ledger, at, _unit(ledger, currency))
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


def month_ends(at: datetime, count: int) -> list[datetime]:
    """`at` and the month-ends before it, most recent first."""
    dates = [at]
    while len(dates) < count:
        dates.append(dates[-1].replace(day=1) - timedelta(days=1))
    return dates


# ---------------------------------------------------------------- reconciliation


def reconciliation(ledger: Ledger, as_of: str | date) -> pd.DataFrame:
    """From the open items to the customers line of the balance sheet.

    Parameters
    ----------
    ledger : Ledger
        With ``ledger.accounts`` (a FEC) the accounts are compared; without,
        only the items are added up.
    as_of : date or str

    Returns
    -------
    pandas.DataFrame
        `line` (label key), `currency`, `balance` (book currency where it is
        known for every item, else one block per currency). The
        line `gap_items_accounts` must be 0.00.

    Notes
    -----
    Customers gross = 411 + 416 + 413 + 418 + customers in credit (moved to
    liabilities); net = gross - 491.
    """
    at = as_day(as_of)
    items = collect(nw.from_native(open_items(ledger, at)))
    if ledger.accounts is None and items["open_book_amount"].isna().any():
        return _totals(items, "open_amount")
    items["currency"] = ledger.book_currency
    totals = _totals(items, "open_book_amount")
    if ledger.accounts is None:
        return totals
    total, credit = totals["balance"] if len(totals) else (0.0, 0.0)
    moves = collect(nw.from_native(ledger.accounts))
    moves = moves[moves["booking_date"] <= pd.Timestamp(at)]
    balance = {
        prefix: round(float(moves.loc[moves["account"].str.startswith(prefix), "amount"].sum()), 2)
        for prefix in ("411", "416", "413", "418", "491")
    }
    gross = total + balance["413"] + balance["418"] + credit
    rows = [
        ("open_items", total),
        ("account_411", balance["411"]),
        ("account_416", balance["416"]),
        ("gap_items_accounts", total - balance["411"] - balance["416"]),
        ("account_413", balance["413"]),
        ("account_418", balance["418"]),
        ("customers_in_credit", credit),
        ("customers_gross", gross),
        ("account_491", balance["491"]),
        ("customers_net", gross + balance["491"]),
    ]
    lines = [(line, ledger.book_currency, round(amount, 2) + 0.0) for line, amount in rows]
    return pd.DataFrame(lines, columns=["line", "currency", "balance"])


def _totals(items: pd.DataFrame, value: str) -> pd.DataFrame:
    """Open items and customers in credit, by currency."""
    rows: list[tuple[str, str, float]] = []
    for currency, mine in items.groupby("currency"):
        by_customer = mine.groupby("customer_id")[value].sum().round(2)
        rows.append(("open_items", str(currency), round(float(mine[value].sum()), 2)))
        rows.append(("customers_in_credit", str(currency), -round(float(by_customer[by_customer < 0].sum()), 2) + 0.0))
    return pd.DataFrame(rows, columns=["line", "currency", "balance"])


# ---------------------------------------------------------------- small helpers


def collect(frame: Any) -> pd.DataFrame:
    """Result small enough for pandas, whatever the engine."""
    return (frame.collect() if isinstance(frame, nw.LazyFrame) else frame).to_pandas()


def _choice(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise InputError(
            [Defect("bad_choice", "fatal", column=name, value=str(value), details={"expected": ", ".join(allowed)})]
        )


def _check_buckets(buckets: Sequence[int]) -> None:
    increasing = all(low < high for low, high in zip((0, *buckets), buckets))
    if not buckets or not increasing:
        raise InputError([Defect("bad_buckets", "fatal", value=str(tuple(buckets)))])
