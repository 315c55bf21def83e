"""What every ledger-sized calculation needs, once for all engines (Narwhals): whole cents, day numbers, one currency.

Inside ``agg`` only a plain aggregation of an existing column: a condition there
is ignored without any error on some engines, so columns are added first.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property, wraps
from itertools import count
from typing import Any, TypeVar, cast

import narwhals as nw
import numpy as np
import pandas as pd

from cmtools.schemas import (
    INVOICES,
    SALES_KINDS,
    SETTLEMENTS,
    Column,
    Defect,
    InputError,
    Ledger,
    as_day,
    require,
)

DATE = nw.Datetime("us")
NEVER = 10_000_000  # a number of :func:`day_number` after any day
Work = TypeVar("Work", bound=Callable[..., Any])
CUTS = ("customer_id", "group_id", "segment", "collector", "salesperson", "country")
_BY_DAY = ("kind", "issue_date", "booking_date", "payment_date", "currency", "amount", "book_amount")


@dataclass(frozen=True)
class Prepared:
    """What the calculations ask of a ledger again and again, worked out once: see :func:`prepare`.

    Attributes
    ----------
    sources : tuple of frames
        Invoices, settlements and customers of which this was made; others are not served.
    days : tuple of Narwhals frames
        Of the tables, what the day book is made of.
    tables : tuple of Narwhals frames or None
        As :func:`tables_of` gives them.
    allocations : Narwhals frame or None
        As :func:`allocations` gives it.
    items_known : bool
        Every settlement that names an item names one of the invoices.
    answers : dict or None
        What :func:`remembered` functions have found, by function and arguments;
        None: nothing is kept.
    """

    sources: tuple[Any, Any, Any]
    days: tuple[Any, Any]
    tables: tuple[Any, Any] | None = None
    allocations: Any = None
    items_known: bool = False
    answers: dict[Any, Any] | None = field(default_factory=dict)

    @cached_property
    def book(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """As :func:`day_book` gives it in the currency of the books."""
        return _day_book(*self.days, "book_cents")

    @cached_property
    def own_book(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """As :func:`day_book` gives it in the currencies of the items."""
        return _day_book(*self.days, "cents")


def prepare(ledger: Ledger, items_known: bool = False) -> Ledger:
    """The same ledger with what every calculation asks of it worked out once.

    Parameters
    ----------
    ledger : Ledger
        Its tables must not change afterwards, neither in place nor in the
        file or database behind them. Other tables put in
        their stead (``ledger.invoices = ...``, ``dataclasses.replace``) are
        seen: nothing is kept of the former ones.
    items_known : bool, default False
        It was checked already that every settlement which names an item names
        one of the invoices: tables that are not in memory are then not
        searched for receipts without their item.

    Returns
    -------
    Ledger
        Tables in memory are held on Polars a second time, with their cents;
        of the others nothing is read yet.
    """
    invoices, settlements = _tables(ledger)
    if not is_scanned(ledger):
        invoices, settlements = _in_memory(invoices), _in_memory(settlements)
    dated = _allocations(invoices, settlements)
    dated = dated if is_scanned(ledger) else _in_memory(dated)
    tables = (invoices, settlements)
    return _with(ledger, days=tables, tables=tables, allocations=dated, items_known=items_known)


def _with(ledger: Ledger, **prepared: Any) -> Ledger:
    """A copy of the ledger that holds what was prepared of it."""
    ready, sources = replace(ledger), (ledger.invoices, ledger.settlements, ledger.customers)
    ready.prepared = Prepared(sources, **prepared)
    return ready


def with_day_book(ledger: Ledger) -> Ledger:
    """A ledger for the length of one calculation, which asks its day book several times and reads the tables once."""
    if _prepared(ledger):
        return ledger
    return _with(ledger, days=_tables(ledger, _BY_DAY), answers=None)


def _prepared(ledger: Ledger) -> Prepared | None:
    """What was prepared of these very tables, if anything was."""
    found = ledger.prepared
    own = (ledger.invoices, ledger.settlements, ledger.customers)
    return found if found and all(table is other for table, other in zip(found.sources, own)) else None


def answers_of(ledger: Ledger) -> dict[Any, Any] | None:
    """What was found already of a prepared ledger; None: it is not prepared, so nothing is kept."""
    ready = _prepared(ledger)
    return ready.answers if ready else None


def remembered(work: Work) -> Work:
    """A function that a prepared ledger is not asked twice: what it found is kept with the ledger.

    Parameters
    ----------
    work : callable
        Of a ledger, then of arguments that can be a key of a dict (a day, a
        unit, a tuple), all by position. It looks at the ledger's tables alone,
        and gives a table, or something that nobody changes.

    Returns
    -------
    callable
        Of any ledger; a pandas table is the caller's own.
    """

    @wraps(work)
    def answer(ledger: Ledger, *asked: Any) -> Any:
        answers = answers_of(ledger)
        if answers is None:
            return work(ledger, *asked)
        key = (work, asked)
        if key not in answers:
            answers[key] = kept(work(ledger, *asked))
        found = answers[key]
        return found.copy(deep=False) if isinstance(found, pd.DataFrame) else found

    return cast(Work, answer)


def held(work: Work) -> Work:
    """As :func:`remembered`, for a query on most of the ledger: tables that are not in memory are asked again."""
    known = remembered(work)

    @wraps(work)
    def answer(ledger: Ledger, *asked: Any) -> Any:
        return work(ledger, *asked) if is_scanned(ledger) else known(ledger, *asked)

    return cast(Work, answer)


def tables_of(ledger: Ledger) -> tuple[Any, Any]:
    """Both tables with dates as datetimes and amounts in whole cents: Narwhals frames, lazy wherever they can be."""
    ready = _prepared(ledger)
    return ready.tables if ready and ready.tables else _tables(ledger)


def _tables(ledger: Ledger, names: Sequence[str] = ()) -> tuple[Any, Any]:
    invoices, settlements = ledger.invoices, ledger.settlements
    return _table(invoices, INVOICES, "invoices", names), _table(settlements, SETTLEMENTS, "settlements", names)


def _table(frame: Any, schema: Sequence[Column], name: str, names: Sequence[str]) -> Any:
    """One of :func:`tables_of`; of a pandas table only the columns in `names`, or all of the schema."""
    require(names_of(frame), schema, name)
    table = lazily(frame, names or [column.name for column in schema])
    kinds = table.collect_schema()
    dates = [column.name for column in schema if column.kind == "date" and kinds.get(column.name, DATE) != DATE]
    cents = {"cents": cents_of("amount"), "book_cents": cents_of("book_amount")}
    unknown = nw.when(nw.col("book_amount").is_null()).then(nw.lit(1)).otherwise(nw.lit(0))
    return table.with_columns(*[nw.col(dates).cast(DATE)] if dates else [], **cents, unknown_book=unknown)


def names_of(frame: Any) -> list[str]:
    """Column names of a table of any engine."""
    return list(frame.columns) if isinstance(frame, pd.DataFrame) else nw.from_native(frame).collect_schema().names()


def lazily(frame: Any, names: Sequence[str] = ()) -> Any:
    """A table as the calculations work on it: lazy, and on Polars where it is in memory.

    Parameters
    ----------
    frame : frame of any kind
    names : sequence of str, optional
        Of a pandas table only these columns are taken over.

    Returns
    -------
    Narwhals frame
        A pandas table that Arrow cannot hold (mixed values in a column) stays
        in pandas.
    """
    if isinstance(frame, pd.DataFrame):
        try:
            frame = _polars(frame[[name for name in frame.columns if name in names]] if names else frame)
        except (TypeError, ValueError, NotImplementedError):
            return nw.from_native(frame)
    table = nw.from_native(frame)
    return table.lazy() if table.implementation.is_polars() else table


def natively(table: Any, like: Any) -> Any:
    """A table of :func:`lazily` as the same kind of frame as `like`."""
    if isinstance(table, nw.LazyFrame) and table.implementation.is_polars():
        if isinstance(like, pd.DataFrame):
            return table.collect().to_pandas()
        if isinstance(nw.from_native(like), nw.DataFrame):
            return table.collect().to_native()
    return table.to_native()


def is_scanned(ledger: Ledger) -> bool:
    """Whether the tables are an engine's own, read anew by each calculation, and not in memory."""
    return isinstance(nw.from_native(ledger.invoices), nw.LazyFrame)


_NUMBERS = count()


def kept(table: Any) -> Any:
    """A lazy table worked out once: Polars holds it in memory, DuckDB on disk where memory is short.

    Parameters
    ----------
    table : Narwhals frame, or anything else
        Of another engine, or no table: it is given back as it is.
    """
    if isinstance(table, nw.LazyFrame) and table.implementation.is_duckdb():
        relation, name = table.to_native(), f"cmtools_kept_{next(_NUMBERS)}"
        relation.query("relation", f'CREATE TEMP TABLE "{name}" AS SELECT * FROM relation')
        return nw.from_native(relation.query("relation", f'SELECT * FROM "{name}"'))
    return _in_memory(table)


def worked_out(ledger: Ledger, table: Any) -> Any:
    """A step that several branches of a query start from: of a ledger in memory they do not each do it again."""
    return table if is_scanned(ledger) else _in_memory(table)


def _in_memory(table: Any) -> Any:
    """A Polars table with its columns worked out, lazy again; anything else as it is."""
    return table.collect().lazy() if _on_polars(table) else table


def _on_polars(table: Any) -> bool:
    return isinstance(table, nw.LazyFrame) and table.implementation.is_polars()


def allocations(ledger: Ledger) -> Any:
    """Settlements as :func:`tables_of` gives them, with `item_booked`: from when their item stands in the accounts.

    Null where there is no such item. A settlement is an unallocated receipt
    as long as the item that it will settle is not booked.
    """
    ready = _prepared(ledger)
    return ready.allocations if ready and ready.tables else _allocations(*_tables(ledger))


def unapplied(ledger: Ledger, settlements: Any, at: datetime) -> Any:
    """Of settlements of :func:`settlements_at`, those whose item is not booked at `at`, or is none of the invoices."""
    ready, invoices = _prepared(ledger), tables_of(ledger)[0]
    if _has_bookings(ledger):
        return settlements.filter((nw.col("item_booked") > at) | nw.col("item_booked").is_null())
    if ready and ready.items_known:  # few items are booked later, all of them to search in the other case
        later = invoices.filter(nw.col("booking_date") > at).select("item_id")
        return settlements.join(later, on="item_id", how="semi")
    booked = invoices.filter(nw.col("booking_date") <= at).select("item_id")
    return settlements.join(booked, on="item_id", how="anti")


def settlements_at(ledger: Ledger, at: datetime) -> Any:
    """Settlements received up to a day, as :func:`unapplied` takes them."""
    known = allocations(ledger) if _has_bookings(ledger) else tables_of(ledger)[1]
    return known.filter(nw.col("payment_date") <= at)


def _has_bookings(ledger: Ledger) -> bool:
    """Whether :func:`allocations` is in memory, so that nothing is searched for."""
    ready = _prepared(ledger)
    return ready is not None and ready.tables is not None and not is_scanned(ledger)


def _allocations(invoices: Any, settlements: Any) -> Any:
    return settlements.join(invoices.select("item_id", item_booked="booking_date"), on="item_id", how="left")


def day_book(ledger: Ledger, unit: str = "book_cents") -> tuple[pd.DataFrame, pd.DataFrame]:
    """What was booked and received by day, in one pass over each table.

    Parameters
    ----------
    ledger : Ledger
    unit : {"book_cents", "cents"}
        Currency of the books, or of the items.

    Returns
    -------
    tuple of pandas.DataFrame
        Sums of `unit`: of the invoices by `booking_date`, `issue_date`, `sold`
        (1: a kind that counts as a sale), of the settlements by `payment_date`;
        with the number of amounts not known in the books (`unknown_book`), or
        by `currency`.
    """
    ready = _prepared(ledger)
    if ready is None:
        return _day_book(*_tables(ledger), unit)
    return ready.book if unit == "book_cents" else ready.own_book


def _day_book(invoices: Any, settlements: Any, unit: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    keys, sums = ([], [unit, "unknown_book"]) if unit == "book_cents" else (["currency"], [unit])
    sold = nw.when(nw.col("kind").is_in(SALES_KINDS)).then(nw.lit(1)).otherwise(nw.lit(0))
    booked = invoices.with_columns(sold=sold).group_by(*keys, "booking_date", "issue_date", "sold")
    received = settlements.group_by(*keys, "payment_date")
    tables = [collect(days.agg(*[nw.col(name).sum() for name in sums])) for days in (booked, received)]
    return tables[0].astype(dict.fromkeys(sums, "int64")), tables[1].astype(dict.fromkeys(sums, "int64"))


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
    if not currency and in_books(ledger):
        return "book_cents", ledger.book_currency
    present = _present(ledger)
    if currency and present and currency not in present:
        expected = {"expected": ", ".join(present)}
        raise InputError([Defect("unknown_currency", "fatal", value=currency, details=expected)])
    if not currency and len(present) > 1:
        raise InputError([Defect("several_currencies", "fatal", value=", ".join(present))])
    return "cents", currency or present[0]


@remembered
def in_books(ledger: Ledger) -> bool:
    """Whether every amount is known in the currency of the books."""
    if _prepared(ledger):
        return not any(table["unknown_book"].any() for table in day_book(ledger))
    amounts = [lazily(table, ["book_amount"]) for table in (ledger.invoices, ledger.settlements)]
    unknown = [collect(table.select(unknown=nw.col("book_amount").is_null()).unique()) for table in amounts]
    return not any(table["unknown"].astype(bool).any() for table in unknown)


@remembered
def _present(ledger: Ledger) -> list[str]:
    """Currencies of items and settlements."""
    if _prepared(ledger):
        known = [table["currency"] for table in day_book(ledger, "cents")]
    else:
        tables = [lazily(table, ["currency"]) for table in (ledger.invoices, ledger.settlements)]
        known = [collect(table.select("currency").unique())["currency"] for table in tables]
    return sorted({str(name) for names in known for name in names})


def in_unit(table: Any, unit: tuple[str, str]) -> Any:
    """Rows that the unit of :func:`unit_of` adds up."""
    return table if unit[0] == "book_cents" else table.filter(nw.col("currency") == unit[1])


def add_up(sums: Any, ledger: Ledger, by: str | None, key: str | None = None) -> pd.DataFrame:
    """Sums by customer into sums by a column of the customers.

    Parameters
    ----------
    sums : Narwhals frame, one row per customer (and value of `key`)
        [`key`], `customer_id` and whole numbers (cents, counts, cents x days);
        without `by`, `customer_id` may be missing.
    ledger : Ledger
    by : str or None
        One of CUTS; None: one row for all.
    key : str, optional
        A column that stays apart.

    Returns
    -------
    pandas.DataFrame
        [`key`], `by` (null where the source does not tell; a customer without
        a group is its own group) and the sums.

    Raises
    ------
    InputError
        If `by` is no cut.
    """
    table = collect(sums).reset_index(drop=True)
    numbers = table[[name for name in table.columns if name not in ("customer_id", key)]]
    if any(kind != "int64" for kind in numbers.dtypes):
        numbers = numbers.fillna(0).astype("int64")
    if by is None and key is None:
        return pd.DataFrame(numbers.to_numpy().sum(axis=0, keepdims=True), columns=numbers.columns)
    groups = {key: table[key]} if key else {}
    if by:
        choice("by", by, CUTS)
        own = table["customer_id"].fillna("")
        if by != "customer_id":
            found = _cut(ledger, by).reindex(own).reset_index(drop=True)
            own = found.where(found.notna(), own) if by == "group_id" else found
        groups[by] = own
    return _grouped(numbers, groups)


def _grouped(numbers: pd.DataFrame, groups: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Whole numbers added up by the values of one or two columns, in their order, a null last."""
    place, found = np.zeros(len(numbers), dtype="int64"), []
    for values in groups.values():
        codes, known = pd.factorize(values, sort=True, use_na_sentinel=False)
        place = place * (len(known) + 1) + codes
        found.append((codes, known))
    _, first, row = np.unique(place, return_index=True, return_inverse=True)
    sums = np.zeros((len(first), numbers.shape[1]), dtype="int64")
    np.add.at(sums, row, numbers.to_numpy())
    table = pd.DataFrame(sums, columns=numbers.columns)
    for position, (name, (codes, known)) in enumerate(zip(groups, found)):
        table.insert(position, name, known.take(codes[first]))
    return table


@remembered
def _cut(ledger: Ledger, by: str) -> pd.Series:
    """A column of the customers by their number."""
    known = collect(nw.from_native(ledger.customers).select("customer_id", by))
    return known.drop_duplicates("customer_id").set_index("customer_id")[by]


def cuts_of(ledger: Ledger) -> list[str]:
    """Columns of the customers, among segment, collector and salesperson, that the source fills in."""
    customers = nw.from_native(ledger.customers)
    names = [name for name in ("segment", "collector", "salesperson") if name in customers.collect_schema().names()]
    known = collect(customers.select(names).unique()) if names else pd.DataFrame()
    return [name for name in names if known[name].notna().any()]


@remembered
def first_booking(ledger: Ledger) -> datetime | None:
    """Day of the first item booked; None in an empty ledger."""
    return _first(ledger, ("booking_date", None))


def first_day(ledger: Ledger, at: datetime) -> datetime | None:
    """Day of the first item booked or payment received up to `at`; None if there is none."""
    first = _first(ledger, ("booking_date", "payment_date"))
    return first if first and first <= at else None


@remembered
def _first(ledger: Ledger, columns: Sequence[str | None]) -> datetime | None:
    """Earliest day in these columns of the invoices and of the settlements."""
    ready, days = _prepared(ledger), []
    for place, (table, name) in enumerate(zip((ledger.invoices, ledger.settlements), columns)):
        if name and ready:
            days.append(ready.book[place][name].min())
        elif name:
            days.append(collect(lazily(table, [name]).select(nw.col(name).min()))[name].iloc[0])
    return min((as_day(day) for day in days if not pd.isna(day)), default=None)


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
    """The same ledger on Polars tables and prepared (see :func:`prepare`): its calculations take a part of the time."""
    invoices, settlements = (_polars(table) for table in (ledger.invoices, ledger.settlements))
    return prepare(replace(ledger, invoices=invoices, settlements=settlements))


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
