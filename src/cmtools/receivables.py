"""What customers owe on a date, how old it is, and how it agrees with the accounts.

Every ledger-sized function is written once against Narwhals: it takes the
tables of any engine (pandas, Polars, DuckDB, PySpark, Dask) and gives back the
same kind. Sums run on whole cents. Rules AGE-*: see ``GLOSSARY.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from cmtools.frames import (
    DATE,
    NEVER,
    add_up,
    allocations,
    answers_of,
    cents_of,
    choice,
    collect,
    day_book,
    day_number,
    day_of,
    during,
    first_booking,
    held,
    in_unit,
    lazily,
    month_ends,
    names_of,
    natively,
    nulls_of,
    remembered,
    settlements_at,
    tables_of,
    unapplied,
    unit_of,
    worked_out,
)
from cmtools.schemas import OPEN_ITEMS, Defect, InputError, Ledger, as_day, require

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
    rows = open_rows(ledger, at, basis).sort("customer_id", "item_id")
    return natively(rows, ledger.invoices)


@remembered
def open_rows(ledger: Ledger, at: datetime, basis: str = "allocated") -> Any:
    """Rows of :func:`open_items`, in no order, as a Narwhals frame for a calculation that goes on."""
    choice("basis", basis, ("allocated", "paid"))
    booked = tables_of(ledger)[0].filter(nw.col("booking_date") <= at)
    paid = settlements_at(ledger, at).with_columns(reduces_on=_reduces_on(basis))
    reduced, waits = nw.col("reduces_on") <= at, (nw.col("reduces_on") > at) | nw.col("reduces_on").is_null()
    settled = (
        paid.filter(reduced)
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
        )
        .filter((nw.col("cents") != 0) | ((nw.col("book_cents") != 0) & (nw.col("unknown_book") == 0)))
        .with_columns(
            disputed=during("dispute_from", "dispute_until", at),
            doubtful=during("doubtful_from", None, at),
        )
        .select(_OPEN_COLUMNS)
    )
    early = unapplied(ledger, paid.filter(reduced), at)
    waiting = nw.concat([table.select(_RECEIPT_COLUMNS) for table in (paid.filter(waits), early)], how="vertical")
    receipts = _unallocated(waiting).select(_OPEN_COLUMNS)
    return (
        nw.concat([items, receipts], how="vertical")
        .with_columns(
            open_amount=nw.col("cents") / 100,
            open_book_amount=nw.when(nw.col("unknown_book") == 0).then(nw.col("book_cents") / 100),
            days_late=nw.lit(day_of(at)) - day_number("due_date"),
        )
        .drop("cents", "book_cents", "unknown_book")
    )


def _reduces_on(basis: str) -> nw.Expr:
    """Day on which a settlement reduces its item, if that is booked; null: never."""
    if basis == "allocated":
        return nw.col("allocation_date")
    credited = nw.when(nw.col("kind") == "credit_note")
    return credited.then(nw.col("allocation_date")).otherwise(nw.col("payment_date"))


_RECEIPT_COLUMNS = [
    "settlement_id",
    "customer_id",
    "document",
    "kind",
    "currency",
    "payment_date",
    "account",
    "cents",
    "book_cents",
    "unknown_book",
]
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
        due_date=nulls_of("payment_date"),
        amount=nw.col("cents") / 100,
        unknown_book=nw.col("unknown_book").cast(nw.Int64),
        retention=nw.lit(False),
        disputed=nw.lit(False),
        doubtful=nw.lit(False),
        dispute_reason=nulls_of("customer_id"),
    )


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
    frame = _in_cents(items, by)
    choice("clock", clock, ("due_date", "issue_date"))
    choice("in_credit", in_credit, ("column", "own_date"))
    names = bucket_names(buckets, clock)
    keys = [key for key in ("currency", by) if key]
    dated = nw.col(clock)
    if in_credit == "own_date":  # a receipt has no due date: its own date stands for it
        dated = nw.when((nw.col("cents") < 0) & dated.is_null()).then(nw.col("issue_date")).otherwise(dated)
    frame = frame.with_columns(dated=dated).with_columns(late=nw.lit(day_of(at)) - day_number("dated"))
    frame = frame.with_columns(place=_place(nw.col("late"), buckets, clock, in_credit), total=nw.col("cents"))
    cents, nil = nw.col("cents"), nw.lit(0)
    parts = {name: nw.col("place") == position for position, name in enumerate(names)}
    parts |= {name: nw.col(name) for name in ("disputed", "retention")}
    frame = frame.with_columns(**{name: nw.when(flag).then(cents).otherwise(nil) for name, flag in parts.items()})
    columns = [*names, "total", "disputed", "retention"]
    sums = (
        frame.group_by(*keys)
        .agg(*[nw.col(name).sum() for name in columns])
        .with_columns(*[(nw.col(name).cast(nw.Int64) / 100).round(2) for name in columns])
        .select(*keys, *columns)
        .sort(*keys)
    )
    return natively(sums, items)


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


def _check_buckets(buckets: Sequence[int]) -> None:
    increasing = all(low < high for low, high in zip((0, *buckets), buckets))
    if not buckets or not increasing:
        raise InputError([Defect("bad_buckets", "fatal", value=str(tuple(buckets)))])


def _place(late: nw.Expr, buckets: Sequence[int], clock: str = "due_date", in_credit: str = "column") -> nw.Expr:
    """Position in :func:`bucket_names` of the column of an item; `late`: days since its date, null without one."""
    names = bucket_names(buckets, clock)
    place: nw.Expr = nw.lit(names.index("unknown_age"))  # what meets none of the conditions below
    bounds = [0, *buckets] if clock == "due_date" else [*buckets]
    if clock == "due_date":
        place = nw.when(late.is_null() & nw.col("retention")).then(nw.lit(0)).otherwise(place)
    place = nw.when(late > bounds[-1]).then(nw.lit(len(bounds))).otherwise(place)
    for position, bound in reversed(list(enumerate(bounds))):
        place = nw.when(late <= bound).then(nw.lit(position)).otherwise(place)
    credit = nw.when(nw.col("cents") < 0).then(nw.lit(len(names) - 1))
    return place if in_credit == "own_date" else credit.otherwise(place)


def _in_cents(items: IntoFrame, by: str | None) -> Any:
    """What an aged balance takes of open items, with their amount in cents; flags they lack are false."""
    there = names_of(items)
    require(there, OPEN_ITEMS, "open_items")
    flags = ("disputed", "retention")
    kept = [name for name in dict.fromkeys(("currency", by, "due_date", "issue_date", *flags)) if name in there]
    frame = lazily(items, [*kept, "open_amount"])
    kinds = frame.collect_schema()
    dates = [nw.col(name).cast(DATE) for name in ("due_date", "issue_date") if kinds[name] != DATE]
    absent = {flag: nw.lit(False) for flag in flags if flag not in there}
    return frame.with_columns(*dates, **absent, cents=cents_of("open_amount")).select(*kept, *absent, "cents")


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
    choice("variant", variant, ("gross", "net"))
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


# ---------------------------------------------------------------- balances and reconciliation


def outstanding_by_date(
    ledger: Ledger,
    dates: Sequence[str | date],
    by: str | None = None,
    currency: str | None = None,
    buckets: Sequence[int] = BUCKETS,
    basis: str = "allocated",
) -> pd.DataFrame:
    """What is owed at several dates, by how late it is (rules AGE-ASOF and AGE-RATE-B).

    Parameters
    ----------
    ledger : Ledger
        With its settlements: a list of open items holds nothing of what was
        paid before it was made.
    dates : sequence of date or str
    by : str, optional
        A column of the customers (``frames.CUTS``) to part the amounts by.
    currency : str, optional
        Needed when several currencies have no amount in the books' currency.
    buckets, basis
        See :func:`aged_balance` and :func:`open_items`.

    Returns
    -------
    pandas.DataFrame, one row per date (and value of `by`), in the order of `dates`
        `date`, [`by`], `currency`, `outstanding` = `not_due` + the buckets +
        `unknown_age` + `unallocated`; `overdue` (the buckets),
        `outstanding_gross` (without `unallocated`), `overdue_rate` (overdue /
        outstanding_gross; NaN where nothing is owed); parts, not additions:
        `disputed`, `disputed_overdue`, `doubtful`, `retention`.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> history = cm.outstanding_by_date(ledger, ["2026-05-31", "2026-06-30"])
    >>> history["outstanding"].round(2).tolist()[-1]
    1464352.61
    """
    unit = unit_of(ledger, currency)
    _check_buckets(buckets)
    return _outstanding(ledger, tuple(as_day(day) for day in dates), by, unit, tuple(buckets), basis)


@remembered
def _outstanding(
    ledger: Ledger,
    dates: tuple[datetime, ...],
    by: str | None,
    unit: tuple[str, str],
    buckets: tuple[int, ...],
    basis: str,
) -> pd.DataFrame:
    """The table of :func:`outstanding_by_date`."""
    sums = _sums_at(ledger, dates, by, unit, buckets, basis)
    amounts = ["outstanding", *bucket_names(buckets), "overdue", "outstanding_gross"]
    parts = ["disputed", "disputed_overdue", "doubtful", "retention"]
    table = sums[[*amounts, *parts]] / 100
    gross = table["outstanding_gross"].to_numpy()
    table.insert(len(amounts), "overdue_rate", table["overdue"] / np.where(gross > 0, gross, np.nan))
    table.insert(0, "currency", unit[1])
    if by:
        table.insert(0, by, sums[by])
    table.insert(0, "date", pd.Series(dates, dtype="datetime64[us]").loc[sums["step"]].reset_index(drop=True))
    return table


def is_known(ledger: Ledger, day: str | date) -> bool:
    """Whether the source tells what was open on a past day.

    A list of open items does not: it lacks what was open then and has been
    paid since. Nor does a ledger whose first item was booked later.
    """
    first = first_booking(ledger) if ledger.complete_sales else None
    return first is not None and first <= as_day(day)


def known_month_ends(ledger: Ledger, as_of: str | date, count: int = 13) -> list[datetime]:
    """`as_of` and the month-ends before it of which the source tells what was open, oldest first."""
    at, *before = month_ends(as_day(as_of), count)
    first = first_booking(ledger) if ledger.complete_sales else None
    return [*(day for day in reversed(before) if first and first <= day), at]


def _sums_at(
    ledger: Ledger,
    dates: Sequence[datetime],
    by: str | None,
    unit: tuple[str, str],
    buckets: Sequence[int],
    basis: str,
) -> pd.DataFrame:
    """Amounts of :func:`outstanding_by_date` in cents, all dates at once: `step` is the place of a date."""
    choice("basis", basis, ("allocated", "paid"))
    keys = ["step", "customer_id"] if by else ["step"]
    table, names = _standing(ledger, dates, unit, buckets, basis, keys), bucket_names(buckets)
    places, late = table["place"].to_numpy(), [names.index(name) for name in late_columns(names)]
    parts = {"outstanding": places >= 0} | {name: places == place for place, name in enumerate(names)}
    parts |= {name: table[name].to_numpy() for name in _FLAGS}
    parts["overdue"] = np.isin(places, late)
    parts["outstanding_gross"] = places != names.index("unallocated")
    parts["disputed_overdue"] = parts["disputed"] & parts["overdue"]
    cents = np.where(np.column_stack(list(parts.values())), table[["cents"]].to_numpy(), 0)
    wide = pd.DataFrame(cents, columns=list(parts), index=table.index)
    for key in keys:
        wide[key] = table[key]
    whole = add_up(nw.from_native(wide), ledger, by, "step")
    if by is None:  # a day on which nothing is owed has its row
        whole = whole.set_index("step").reindex(range(len(dates)), fill_value=0).reset_index()
    return whole


_FLAGS = ("disputed", "doubtful", "retention")


def _standing(
    ledger: Ledger,
    dates: Sequence[datetime],
    unit: tuple[str, str],
    buckets: Sequence[int],
    basis: str,
    keys: Sequence[str],
) -> pd.DataFrame:
    """Cents open at each date (`step`: its position) by `keys`, column (`place`) and flags.

    A prepared ledger is asked a date once, and then by customer.
    """
    answers = answers_of(ledger)
    if answers is None:
        return _standing_at(ledger, dates, unit, buckets, basis, keys)
    asked = {at: ("standing", at, unit, tuple(buckets), basis) for at in dates}
    missing = [at for at, key in asked.items() if key not in answers]
    if missing:
        found = _standing_at(ledger, missing, unit, buckets, basis, ["step", "customer_id"])
        answers.update({asked[at]: found[found["step"] == step] for step, at in enumerate(missing)})
    if len(dates) == 1:
        return answers[asked[dates[0]]].assign(step=0)
    return pd.concat([answers[asked[at]].assign(step=step) for step, at in enumerate(dates)], ignore_index=True)


def _standing_at(
    ledger: Ledger,
    dates: Sequence[datetime],
    unit: tuple[str, str],
    buckets: Sequence[int],
    basis: str,
    keys: Sequence[str],
) -> pd.DataFrame:
    """The query of :func:`_standing`."""
    kept = [*keys, "place", *_FLAGS]
    items = _items_at(ledger, dates, unit, buckets, basis).select(*kept, "cents")
    receipts = _receipts_at(_applied(ledger, unit, basis), dates, unit, buckets).select(*kept, "cents")
    sums = nw.concat([items, receipts], how="vertical").group_by(*kept).agg(nw.col("cents").sum())
    return collect(sums).astype({"step": "int64", "place": "int64", "cents": "int64"} | dict.fromkeys(_FLAGS, bool))


@held
def _applied(ledger: Ledger, unit: tuple[str, str], basis: str) -> Any:
    """Settlements with `value` in cents and, as day numbers, `paid_day` and `on_day`: when they reduce their item."""
    moves = allocations(ledger).with_columns(value=nw.col(unit[0]), reduces_on=_reduces_on(basis))
    both = ~nw.col("reduces_on").is_null() & ~nw.col("item_booked").is_null()
    moves = moves.with_columns(on=nw.when(both).then(nw.col("reduces_on")))
    for earliest in ("item_booked", "payment_date"):  # null is later than nothing
        later = both & (nw.col(earliest) > nw.col("on"))
        moves = moves.with_columns(on=nw.when(later).then(nw.col(earliest)).otherwise(nw.col("on")))
    return moves.with_columns(paid_day=day_number("payment_date"), on_day=day_number("on").fill_null(NEVER))


@held
def _closing(ledger: Ledger, unit: tuple[str, str], basis: str) -> Any:
    """Items with their `value` in cents, their dates as day numbers, and when nothing is left of them: `closed_day`."""
    applied = _applied(ledger, unit, basis).filter(nw.col("on_day") < NEVER)
    whole = applied.group_by("item_id").agg(settled=nw.col("value").sum(), last=nw.col("on_day").max())
    items = in_unit(tables_of(ledger)[0], unit).join(whole, on="item_id", how="left")
    closed = nw.col(unit[0]) == nw.col("settled").fill_null(0).cast(nw.Int64)
    dates = {"booked": "booking_date", "due": "due_date", "doubtful": "doubtful_from"}
    dates |= {"dispute": "dispute_from", "settled": "dispute_until"}
    return items.select(
        *("item_id", "customer_id", "amount", "retention"),
        value=nw.col(unit[0]),
        closed_day=nw.when(closed).then(nw.col("last")).otherwise(nw.lit(NEVER)).fill_null(NEVER),
        **{f"{name}_day": day_number(column) for name, column in dates.items()},
    )


def _items_at(
    ledger: Ledger, dates: Sequence[datetime], unit: tuple[str, str], buckets: Sequence[int], basis: str
) -> Any:
    """Items of :func:`items_left` with their column and flags."""
    day, yes, no = nw.col("day"), nw.lit(True), nw.lit(False)
    settled = nw.when(nw.col("settled_day") <= day).then(no).otherwise(yes)
    return items_left(ledger, dates, unit, basis).with_columns(
        disputed=nw.when(nw.col("dispute_day") <= day).then(settled).otherwise(no),
        doubtful=nw.when(nw.col("doubtful_day") <= day).then(yes).otherwise(no),
        place=_place(day - nw.col("due_day"), buckets),
    )


def items_left(ledger: Ledger, dates: Sequence[datetime], unit: tuple[str, str], basis: str = "allocated") -> Any:
    """Items open at each date (`step`: its position, `day`: its number), with what is left of them in `cents`."""
    items = worked_out(ledger, _at_each(_closing(ledger, unit, basis), "booked_day", "closed_day", dates))
    applied = _applied(ledger, unit, basis).select("item_id", "on_day", paid=nw.col("value"))
    paid = items.select("item_id", "step", "day").join(applied, on="item_id", how="inner")
    paid = paid.filter(nw.col("on_day") <= nw.col("day")).group_by("item_id", "step").agg(nw.col("paid").sum())
    items = items.join(paid, on=["item_id", "step"], how="left")
    items = items.with_columns(cents=nw.col("value") - nw.col("paid").fill_null(0).cast(nw.Int64))
    return items.filter(nw.col("cents") != 0)


def _receipts_at(moves: Any, dates: Sequence[datetime], unit: tuple[str, str], buckets: Sequence[int]) -> Any:
    """Receipts on no item at each date, as :func:`_items_at` gives the items."""
    keys = ["customer_id", "document", "kind", "currency", "payment_date"]
    rows = _at_each(in_unit(moves, unit).select(*keys, "paid_day", "on_day", "value"), "paid_day", "on_day", dates)
    receipts = rows.group_by("step", *keys).agg(nw.col("value").sum()).filter(nw.col("value") != 0)
    names = bucket_names(buckets)
    owed, no = nw.when(nw.col("value") > 0), nw.lit(False)  # a sum paid back is owed, and has no due date
    return receipts.with_columns(
        cents=-nw.col("value").cast(nw.Int64),
        place=owed.then(nw.lit(len(names) - 1)).otherwise(nw.lit(names.index("unknown_age"))),
        disputed=no,
        doubtful=no,
        retention=no,
    )


def _at_each(table: Any, start: str, end: str, dates: Sequence[datetime]) -> Any:
    """Rows once for each date from their day `start` until their day `end`: `step`, its position, `day`, its number."""
    steps = [
        table.filter((nw.col(start) <= day) & (nw.col(end) > day)).with_columns(step=nw.lit(step), day=nw.lit(day))
        for step, day in enumerate(map(day_of, dates))
    ]
    return steps[0] if len(steps) == 1 else nw.concat(steps, how="vertical")


def balances(ledger: Ledger, dates: Sequence[datetime], unit: tuple[str, str], doubtful: bool = True) -> list[float]:
    """Outstanding at each date: booked less received."""
    owed = np.zeros(len(dates), dtype="int64")
    at = np.array(dates, dtype="datetime64[us]")[:, None]
    for table, when, sign in zip(_by_day(ledger, unit[0], doubtful), ("booking_date", "payment_date"), (1, -1)):
        table = table if unit[0] == "book_cents" else table[table["currency"] == unit[1]]
        counts = table[when].to_numpy("datetime64[us]") <= at
        if not doubtful:
            counts &= ~(table["doubtful_from"].to_numpy("datetime64[us]") <= at)
        owed += sign * np.where(counts, table[unit[0]].to_numpy(), 0).sum(axis=1)
    return [int(cents) / 100 for cents in owed]


def _by_day(ledger: Ledger, unit: str, doubtful: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sums of both tables by day; not `doubtful`: also by the day from which the item is doubtful."""
    if doubtful:
        return day_book(ledger, unit)
    invoices, settlements = tables_of(ledger)
    settlements = settlements.join(invoices.select("item_id", "doubtful_from"), on="item_id", how="left")
    tables = ((invoices, "booking_date"), (settlements, "payment_date"))
    days = [table.group_by("currency", when, "doubtful_from").agg(nw.col(unit).sum()) for table, when in tables]
    booked, received = (collect(table).astype({unit: "int64"}) for table in days)
    return booked, received


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
