"""What every ledger-sized calculation needs, once for all engines (Narwhals): whole cents, day numbers, one currency.

Inside ``agg`` only a plain aggregation of an existing column: a condition there
is ignored without any error on some engines, so columns are added first.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import narwhals as nw
import pandas as pd

from cmtools.schemas import INVOICES, SETTLEMENTS, Defect, InputError, Ledger, as_day, require

DATE = nw.Datetime("us")
CUTS = ("customer_id", "group_id", "segment", "collector", "salesperson", "country")


def tables_of(ledger: Ledger) -> tuple[Any, Any]:
    """Both tables with dates as datetimes and amounts in whole cents."""
    tables = []
    for frame, schema, name in (
        (ledger.invoices, INVOICES, "invoices"),
        (ledger.settlements, SETTLEMENTS, "settlements"),
    ):
        table = nw.from_native(frame)
        there = table.collect_schema().names()
        require(there, schema, name)
        dates = [column.name for column in schema if column.kind == "date" and column.name in there]
        table = table.with_columns(nw.col(dates).cast(DATE))
        tables.append(
            table.with_columns(
                cents=cents_of("amount"),
                book_cents=cents_of("book_amount"),
                unknown_book=nw.when(nw.col("book_amount").is_null()).then(nw.lit(1)).otherwise(nw.lit(0)),
            )
        )
    return tables[0], tables[1]


def cents_of(column: str) -> nw.Expr:
    """Whole cents; a blank becomes 0, so the caller keeps a flag where blanks are allowed."""
    return (nw.col(column).cast(nw.Float64).fill_null(0.0) * 100).round().cast(nw.Int64)


def nulls_of(column: str) -> nw.Expr:
    """Nulls of the type of `column`; a null literal has no type on Dask."""
    return nw.when(nw.col(column).is_null()).then(nw.col(column))


def during(start: str, end: str | None, at: datetime) -> nw.Expr:
    """Flag: the period that begins on `start` and ends before `end` holds the day `at`."""
    inside = nw.col(start) <= at
    if end:
        inside = inside & ((nw.col(end) > at) | nw.col(end).is_null())
    return nw.when(inside).then(nw.lit(True)).otherwise(nw.lit(False))


def day_of(at: datetime) -> int:
    """The number of :func:`day_number` for a known day."""
    return 365 * at.year + (at.year - 1) // 4 + at.timetuple().tm_yday


def day_number(column: str) -> nw.Expr:
    """Days since a fixed origin, the same on every engine (1901 to 2099; `dt.total_days` is missing on some)."""
    year = nw.col(column).dt.year()
    return 365 * year + (year - 1) // 4 + nw.col(column).dt.ordinal_day()


def unit_of(ledger: Ledger, currency: str | None) -> tuple[str, str]:
    """Column to add up and its currency; never two currencies in one sum.

    None: the currency of the books where every amount is known in it, else
    the only currency there is.
    """
    found = _currencies(ledger)
    present = sorted(found["currency"].unique())
    if currency:
        if present and currency not in present:
            raise InputError(
                [Defect("unknown_currency", "fatal", value=currency, details={"expected": ", ".join(present)})]
            )
        return "cents", currency
    if not found["unknown"].any():
        return "book_cents", ledger.book_currency
    if len(present) > 1:
        raise InputError([Defect("several_currencies", "fatal", value=", ".join(present))])
    return "cents", present[0]


def in_books(ledger: Ledger) -> bool:
    """Whether every amount is known in the currency of the books."""
    return not _currencies(ledger)["unknown"].any()


def _currencies(ledger: Ledger) -> pd.DataFrame:
    """Each currency of items and settlements, and whether an amount in the books is unknown."""
    tables = [nw.from_native(table) for table in (ledger.invoices, ledger.settlements)]
    known = [collect(table.select("currency", unknown=nw.col("book_amount").is_null()).unique()) for table in tables]
    return pd.concat(known, ignore_index=True).astype({"unknown": bool})


def in_unit(table: Any, unit: tuple[str, str]) -> Any:
    """Rows that the unit of :func:`unit_of` adds up."""
    return table if unit[0] == "book_cents" else table.filter(nw.col("currency") == unit[1])


def add_up(sums: Any, ledger: Ledger, by: str | None) -> pd.DataFrame:
    """Sums by customer into sums by a column of the customers.

    Parameters
    ----------
    sums : Narwhals frame, one row per customer
        `customer_id` and whole numbers (cents, counts, cents x days).
    ledger : Ledger
    by : str or None
        One of CUTS; None: one row for all.

    Returns
    -------
    pandas.DataFrame
        `by` (null where the source does not tell; a customer without a group
        is its own group) and the sums.

    Raises
    ------
    InputError
        If `by` is no cut.
    """
    table = collect(sums).fillna({"customer_id": ""})
    numbers = [name for name in table.columns if name != "customer_id"]
    table[numbers] = table[numbers].fillna(0).astype("int64")
    if by is None:
        return table[numbers].sum().to_frame().T
    choice("by", by, CUTS)
    if by != "customer_id":
        known = collect(nw.from_native(ledger.customers).select("customer_id", by))
        table = table.merge(known, on="customer_id", how="left")
        if by == "group_id":
            table[by] = table[by].where(table[by].notna(), table["customer_id"])
    return table.groupby(by, dropna=False, as_index=False)[numbers].sum()


def cuts_of(ledger: Ledger) -> list[str]:
    """Columns of the customers, among segment, collector and salesperson, that the source fills in."""
    customers = nw.from_native(ledger.customers)
    names = [name for name in ("segment", "collector", "salesperson") if name in customers.collect_schema().names()]
    known = collect(customers.select(names).unique()) if names else pd.DataFrame()
    return [name for name in names if known[name].notna().any()]


def first_booking(ledger: Ledger) -> datetime | None:
    """Day of the first item booked; None in an empty ledger."""
    return _first(nw.from_native(ledger.invoices), "booking_date")


def first_day(ledger: Ledger, at: datetime) -> datetime | None:
    """Day of the first item booked or payment received up to `at`; None if there is none."""
    dated = zip(tables_of(ledger), ("booking_date", "payment_date"))
    days = [_first(table.filter(nw.col(when) <= at), when) for table, when in dated]
    return min((day for day in days if day), default=None)


def _first(table: Any, column: str) -> datetime | None:
    found = collect(table.select(first=nw.col(column).min()))["first"].iloc[0]
    return None if pd.isna(found) else as_day(found)


def month_ends(at: datetime, count: int) -> list[datetime]:
    """`at` and the month-ends before it, most recent first."""
    dates = [at]
    while len(dates) < count:
        dates.append(dates[-1].replace(day=1) - timedelta(days=1))
    return dates


def year_before(at: datetime) -> datetime:
    """The same day of the year before; a month-end stays a month-end.

    Examples
    --------
    >>> year_before(datetime(2025, 2, 28))
    datetime.datetime(2024, 2, 29, 0, 0)
    """
    last = calendar.monthrange(at.year, at.month)[1]
    length = calendar.monthrange(at.year - 1, at.month)[1]
    return at.replace(year=at.year - 1, day=length if at.day == last else min(at.day, length))


def collect(frame: Any) -> pd.DataFrame:
    """Result small enough for pandas, whatever the engine; days without a time zone, which Spark's have."""
    table = (frame.collect() if isinstance(frame, nw.LazyFrame) else frame).to_pandas()
    for name in (name for name, kind in table.dtypes.items() if isinstance(kind, pd.DatetimeTZDtype)):
        table = table.assign(**{str(name): table[name].dt.tz_localize(None)})
    return table


def in_pandas(frame: Any) -> pd.DataFrame:
    """A table of any engine as pandas."""
    return collect(nw.from_native(frame))


def in_polars(ledger: Ledger) -> Ledger:
    """The same ledger on Polars tables: its calculations take a third of the time that they take on pandas."""
    invoices, settlements = (_polars(table) for table in (ledger.invoices, ledger.settlements))
    return replace(ledger, invoices=invoices, settlements=settlements)


def _polars(table: Any) -> Any:
    import polars as pl

    return pl.from_pandas(table) if isinstance(table, pd.DataFrame) else table


def choice(name: str, value: str, allowed: Sequence[str]) -> None:
    """Raise InputError unless `value` is one of `allowed`."""
    if value not in allowed:
        raise InputError(
            [Defect("bad_choice", "fatal", column=name, value=str(value), details={"expected": ", ".join(allowed)})]
        )


def check_months(months: int) -> None:
    """Raise InputError unless there is a month to look at."""
    if months < 1:
        raise InputError([Defect("months_too_few", "fatal", column="months", value=str(months))])
