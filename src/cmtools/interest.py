"""Late-payment interest, segment by segment, and the fixed recovery indemnity.

The detail is the result: one row per stretch of days with one rate and one base; totals are sums
of it. Interest is simple, on the amount incl. VAT, from the day after the due date to the day of
payment included (C. com. L441-10, II; Code de la commande publique, R2192-31 to R2192-33). Whole
numbers are used throughout, so that a total is the exact sum rounded once: see rule INTEREST.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np
import pandas as pd

from cmtools.compliance import public_deadline
from cmtools.frames import choice, collect, in_pandas
from cmtools.legal import (
    PUBLIC,
    default_late_rate,
    fact,
    late_rate_floor,
    late_rate_periods,
)
from cmtools.schemas import BUYERS, Column, Defect, InputError, as_day, require

IMPUTATIONS = ("principal_first", "interest_first")
DAY_COUNTS = ("365", "360", "actual")
CREDIT_NOTES = ("from_start", "own_date")
UNKNOWN = ("raise", "blank")
FROZEN = ("none", "due_before")
REGIMES = ("default", "contract", "floor", "public")
PRINCIPAL_ONLY = ("credit_note", "write_off", "to_doubtful")  # they cancel a debt and pay no interest
MILLION = 1_000_000
LARGEST = 4 * 10**18  # beyond it whole numbers of 64 bits could overflow: Python's own take over
NO_RATE = -1

_USED = (
    "item_id",
    "customer_id",
    "document",
    "kind",
    "currency",
    "amount",
    "issue_date",
    "due_date",
    "booking_date",
    "receipt_date",
    "delivery_date",
    "retention",
    "goods",
)
CLAIMS = (
    Column("item_id", "text", True, "identifier of the open item, unique"),
    Column("customer_id", "text", True, "customer number"),
    Column("due_date", "date", True, "day by which it must be paid"),
    Column("amount", "money", True, "incl. VAT"),
)
INSOLVENCIES = (
    Column("customer_id", "text", True, "customer under insolvency proceedings"),
    Column("opened", "date", True, "judgment that opened them"),
)
REDUCTIONS = (
    Column("item_id", "text", True, "item it settles"),
    Column("amount", "money", True, "incl. VAT; positive reduces an invoice"),
    Column("payment_date", "date", True, "day received"),
)


class Options(NamedTuple):
    """How interest is reckoned; every choice stands in the output of a report."""

    rate: float | None = None
    imputation: str = "principal_first"
    day_count: str = "365"
    credit_notes: str = "from_start"
    unknown: str = "raise"


def late_interest(
    invoices: Any,
    settlements: Any,
    as_of: str | date,
    *,
    customers: Any = None,
    insolvencies: pd.DataFrame | None = None,
    rate: float | None = None,
    imputation: str = "principal_first",
    day_count: str = "365",
    credit_notes: str = "from_start",
    unknown: str = "raise",
) -> pd.DataFrame:
    """Late-payment interest run up by each item to a date, one row per stretch of days.

    Parameters
    ----------
    invoices : frame of any engine, one row per item
        `item_id`, `customer_id`, `due_date`, `amount` (incl. VAT); used where present: `kind`,
        `issue_date`, `booking_date`, `document`, `currency`, `retention`, `receipt_date`,
        `delivery_date`. Tables of a :class:`~cmtools.schemas.Ledger` fit.
    settlements : frame of any engine, or None
        `item_id`, `amount`, `payment_date`; used where present: `kind`, `allocation_date`. What is
        not allocated to an item at the date reduces none.
    as_of : date or str
        Last day reckoned; nothing later is used.
    customers : frame, optional
        `customer_id` and, where known, `buyer` (blank or absent: a business) and `late_rate` (that
        of the contract, a fraction).
    insolvencies : pandas.DataFrame, optional
        `customer_id`, `opened`, see :func:`cmtools.insolvencies`. The interest of earlier debts
        stops: the day of the judgment is not counted (C. com. L622-28).
    rate : float, optional
        Contractual rate (fraction) of businesses without a `late_rate` of their own; None: the
        default rate of the law, ECB + 10 points by half-year.
    imputation : {"principal_first", "interest_first"}
        What a part payment pays first: the principal, as lettered in the ledger (default), or the
        interest run up (C. civ. 1343-1). Credit notes and losses reduce the principal alone.
    day_count : {"365", "360", "actual"}
        Days of the year; actual: 366 for the days of a leap year. No text fixes it (CHOICE).
    credit_notes : {"from_start", "own_date"}
        What a credit note cancels never bore interest (default, CHOICE), or did so until its date.
    unknown : {"raise", "blank"}
        Where a legal rate is not known: raise, or leave `interest` null with its reason.

    Returns
    -------
    pandas.DataFrame, one row per segment, by customer, item and date
        `item_id`, `customer_id`, `document`, `currency`; `regime` (default, contract, floor: the
        contract's rate raised to three times the legal rate, public: frozen at its first half-year);
        `start`, `end` (first and last day counted), `days`, `rate` (fraction), `base` (principal),
        `interest`; `to_interest`, `to_principal`: how what was settled on `end` was used, credit notes,
        losses and excess included; `reason`
        (message key where interest is not computable: rate_unknown, no_due_date, base_unknown).
        Money in the currency of the item. An item paid in time has no row, nor has a consumer's.

    Raises
    ------
    LegalUnknownError
        With `unknown="raise"`, if a rate is needed on a day for which the package has none.
    InputError
        If a column is missing, an amount blank, an item told twice, a kind of buyer unknown, or an
        option is none of those listed.

    Notes
    -----
    The interest of an item is the exact sum over its days, rounded to the cent once; the segments
    are rounded so that they add up to it. Public buyers: the delay runs from the deadline of
    :func:`cmtools.compliance.public_deadline`. An item moved to account 416 runs on from its
    transfer, its earlier interest staying with the first item, which later payments do not pay
    first; a loss booked ends the reckoning. With `interest_first` a payment taken back takes back its
    principal first (CHOICE). Rates are kept to a millionth (12.3456 %). One rate over several
    half-years still makes a segment of each. Rules INTEREST, INTEREST-PUBLIC, INTEREST-IMPUTE.

    Examples
    --------
    12 000 EUR due on 15 May 2026 and paid on 20 August: 46 days at 12.15 %, then 51 at 12.40 %.

    >>> invoices = pd.DataFrame({"item_id": ["F1"], "customer_id": ["C1"], "amount": [12000.0],
    ...     "due_date": pd.to_datetime(["2026-05-15"])})
    >>> paid = pd.DataFrame({"item_id": ["F1"], "amount": [12000.0], "payment_date": pd.to_datetime(["2026-08-20"])})
    >>> late_interest(invoices, paid, "2026-08-31")[["days", "rate", "interest"]].values.tolist()
    [[46.0, 0.1215, 183.75], [51.0, 0.124, 207.91]]
    """
    at, options = as_day(as_of), Options(rate, imputation, str(day_count), credit_notes, unknown)
    _check(options)
    items = late_items(invoices, at, customers, insolvencies)
    paid = _reductions(settlements, items, at, options)
    return _all_segments(items, paid, options)


def recovery_indemnity(
    invoices: Any,
    settlements: Any,
    as_of: str | date,
    *,
    customers: Any = None,
    insolvencies: pd.DataFrame | None = None,
    frozen: str = "none",
) -> pd.DataFrame:
    """Fixed indemnity for recovery costs: 40 EUR for each invoice that was late by a date.

    Parameters
    ----------
    invoices, settlements, as_of, customers, insolvencies
        See :func:`late_interest`.
    frozen : {"none", "due_before"}
        Debts born before insolvency proceedings and still owed on the day they opened: no indemnity
        (default, CHOICE), or none on those alone of which the proceedings forbade the payment at the
        due date, so that one due before keeps its own.

    Returns
    -------
    pandas.DataFrame, one row per late invoice, by customer
        `customer_id`, `document` (item_id where no document is known), `first_day_late`,
        `indemnity` (euros, outside the principal), `reason` (frozen, before_2013: 0.00 then).
        Once per invoice, whatever its instalments, part payments or reminders.

    Raises
    ------
    InputError
        See :func:`late_interest`.

    Notes
    -----
    C. com. L441-10, II and D441-5: due from the first day late, without a reminder, in full even
    after a part payment. Never from consumers. In insolvency the wording of the article is UNCONFIRMED:
    `frozen` gives both readings; what was paid before the judgment keeps its indemnity. A returned
    payment has none of its own: its invoice may have had one (CHOICE).

    Examples
    --------
    >>> invoices = pd.DataFrame({"item_id": ["F1/1", "F1/2"], "customer_id": ["C1", "C1"], "document": ["F1", "F1"],
    ...     "amount": [600.0, 600.0], "due_date": pd.to_datetime(["2026-05-15", "2026-06-15"])})
    >>> recovery_indemnity(invoices, None, "2026-06-30")["indemnity"].tolist()
    [40.0]
    """
    at = as_day(as_of)
    choice("frozen", frozen, FROZEN)
    items = late_items(invoices, at, customers, insolvencies)
    paid = _reductions(settlements, items, at, Options())
    return _indemnities(items, paid, frozen)


def late_segments(
    late: pd.DataFrame, settlements: Any, at: datetime, frozen: str, **options: Any
) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame]:
    """Segments, cents settled of each item by the day, and indemnities, of the items of :func:`late_items`."""
    chosen = Options(**options)
    _check(chosen)
    choice("frozen", frozen, FROZEN)
    paid = _reductions(settlements, late, at, chosen)
    return _all_segments(late, paid, chosen), _settled(late, paid), _indemnities(late, paid, frozen)


# ---------------------------------------------------------------- input


def _check(options: Options) -> None:
    for name, allowed in (
        ("imputation", IMPUTATIONS),
        ("day_count", DAY_COUNTS),
        ("credit_notes", CREDIT_NOTES),
        ("unknown", UNKNOWN),
    ):
        choice(name, getattr(options, name), allowed)
    is_number = isinstance(options.rate, int | float) and not isinstance(options.rate, bool)
    if options.rate is not None and not (is_number and 0 <= options.rate < 1):
        raise InputError([Defect("late_rate_bad", "fatal", column="rate", value=str(options.rate))])


def late_items(
    invoices: Any, at: datetime, customers: Any = None, insolvencies: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Claims that may have run late by a day, chosen by the engine, in pandas.

    `in_time` (last day on which the claim was not late), `runs_from` (the same, or the transfer to 416
    from which the claim runs on), `until` (last day reckoned), `buyer`, `late_rate`, `frozen_on`
    (judgment that froze the claim), `cents`.
    """
    table = nw.from_native(invoices)
    schema = table.collect_schema()
    names = schema.names()
    require(names, CLAIMS, "invoices")
    if not schema["amount"].is_numeric():
        raise InputError([Defect("claim_not_numbers", "fatal", column="amount", value=str(schema["amount"]))])
    kept = [name for name in _USED if name in names]
    chosen = table.select(kept).filter(nw.col("amount").is_null() | (nw.col("amount") > 0))
    told = _buyers(customers)
    public = told.loc[told["buyer"].isin(PUBLIC), "customer_id"].tolist()  # their deadline may come before the due date
    late = nw.col("due_date").is_null() | (nw.col("due_date") < at)
    chosen = chosen.filter(late | nw.col("customer_id").is_in(public) if public else late)
    if "booking_date" in names:
        chosen = chosen.filter(nw.col("booking_date").is_null() | (nw.col("booking_date") <= at))
    if "kind" in names:
        chosen = chosen.filter(nw.col("kind") != "credit_note")
    items = collect(chosen).reindex(columns=[*_USED])
    _check_items(items)
    items["receipt_supposed"] = items["receipt_date"].isna() & items["issue_date"].notna()
    items["document"] = items["document"].where(items["document"].notna(), items["item_id"])
    items["currency"] = items["currency"].astype(object).where(items["currency"].notna(), "EUR")
    items["retention"] = items["retention"].map({True: True}).fillna(False).astype(bool)
    for name in ("issue_date", "due_date", "booking_date", "receipt_date", "delivery_date"):
        items[name] = pd.to_datetime(items[name]).astype("datetime64[s]")
    items = items.merge(told, on="customer_id", how="left")
    items["buyer"] = items["buyer"].astype(object).where(items["buyer"].notna(), "business")
    items["late_rate"] = items["late_rate"].astype("float64")
    items["receipt_supposed"] &= items["buyer"].isin(PUBLIC)
    items["cents"] = (items["amount"] * 100).round().astype("int64")
    items["in_time"] = _in_time(items)
    items["runs_from"] = _runs_from(items)
    return _until(items, at, insolvencies).sort_values(["customer_id", "item_id"], ignore_index=True)


def _check_items(items: pd.DataFrame) -> None:
    blank = items.loc[items["amount"].isna() | ~np.isfinite(items["amount"].astype("float64")), "item_id"]
    twice = items.loc[items["item_id"].duplicated(), "item_id"].unique()
    defects = [Defect("claim_blank_amount", value=str(name)) for name in blank]
    defects += [Defect("claim_told_twice", value=str(name)) for name in twice]
    if defects:
        raise InputError(defects)


def _buyers(customers: Any) -> pd.DataFrame:
    """Kind of buyer and contract's rate of each customer, checked."""
    told = pd.DataFrame({"customer_id": []}) if customers is None else in_pandas(customers)
    told = told.reindex(columns=["customer_id", "buyer", "late_rate"]).drop_duplicates()
    strange = [name for name in told["buyer"].dropna().unique() if name not in BUYERS]
    wrong = told[~(told["late_rate"].isna() | told["late_rate"].between(0, 1, inclusive="left"))]
    defects = [Defect("claim_buyer", value=str(name), details={"expected": ", ".join(BUYERS)}) for name in strange]
    defects += [
        Defect("late_rate_bad", column=str(row.customer_id), value=str(row.late_rate)) for row in wrong.itertuples()
    ]
    twice = told.loc[told["customer_id"].duplicated(), "customer_id"].unique()
    defects += [Defect("claim_customer_twice", value=str(name)) for name in twice]
    if defects:
        raise InputError(defects)
    return told.astype({"customer_id": "object"})


def _in_time(items: pd.DataFrame) -> pd.Series:
    """Due date, or the deadline of a public buyer."""
    due = items["due_date"].copy()
    public = items["buyer"].isin(PUBLIC)
    if public.any():
        due[public] = public_deadline(items[public])
    return due.astype("datetime64[s]")


def _runs_from(items: pd.DataFrame) -> pd.Series:
    """Day after which interest runs: that of the move for what went to 416, the days before being the first item's."""
    moved = (items["kind"] == "doubtful") & (items["booking_date"] > items["in_time"])
    return items["in_time"].where(~moved, items["booking_date"]).astype("datetime64[s]")


def _until(items: pd.DataFrame, at: datetime, insolvencies: pd.DataFrame | None) -> pd.DataFrame:
    """Last day reckoned: the date, the eve of the judgment for the debts born before it; none for a consumer."""
    end = pd.Series(pd.Timestamp(at), index=items.index).astype("datetime64[s]")
    opened = pd.Series(pd.NaT, index=items.index, dtype="datetime64[s]")
    if insolvencies is not None:
        require(insolvencies.columns, INSOLVENCIES, "insolvencies")
    if insolvencies is not None and len(insolvencies):
        first = insolvencies.groupby("customer_id")["opened"].min()
        opened = pd.to_datetime(items["customer_id"].map(first)).astype("datetime64[s]")
        born_before = items["issue_date"].isna() | (items["issue_date"] < opened)
        opened = opened.where(born_before & (opened <= pd.Timestamp(at)))
    until = end.where(opened.isna(), opened - pd.Timedelta(days=1))
    until = until.where(items["buyer"] != "consumer", items["runs_from"])  # no penalties from a consumer
    return items.assign(frozen_on=opened, until=until.astype("datetime64[s]"))


class _Paid(NamedTuple):
    """Settlements of the items kept: row of the item, day, cents, and whether they may pay interest."""

    item: np.ndarray
    day: np.ndarray
    cents: np.ndarray
    pays: np.ndarray


def _reductions(settlements: Any, items: pd.DataFrame, at: datetime, options: Options) -> _Paid:
    if settlements is None:
        empty = np.array([], dtype="int64")
        return _Paid(empty, empty, empty, empty.astype(bool))
    table = nw.from_native(settlements)
    names = table.collect_schema().names()
    require(names, REDUCTIONS, "settlements")
    kept = [name for name in ("item_id", "amount", "payment_date", "kind", "allocation_date") if name in names]
    dated = nw.col("payment_date").is_null() | (nw.col("payment_date") <= at)
    chosen = table.select(kept).filter(~nw.col("item_id").is_null() & dated)
    if "allocation_date" in names:
        chosen = chosen.filter(nw.col("allocation_date") <= at)
    paid = collect(chosen).reindex(columns=["item_id", "amount", "payment_date", "kind"])
    blank = paid.loc[paid["amount"].isna() | paid["payment_date"].isna(), "item_id"]
    if len(blank):
        raise InputError([Defect("claim_blank_settlement", value=str(name)) for name in blank])
    row = pd.Index(items["item_id"]).get_indexer(paid["item_id"])
    kept = (row >= 0) & (paid["amount"] != 0).to_numpy()
    paid, row = paid[kept], row[kept].astype("int64")
    day = paid["payment_date"].to_numpy().astype("datetime64[D]").astype("int64")
    if options.credit_notes == "from_start":
        day = np.where(paid["kind"] == "credit_note", np.iinfo("int64").min, day)
    cents = (paid["amount"].to_numpy(dtype="float64") * 100).round().astype("int64")
    return _Paid(row, day, cents, ~paid["kind"].isin(PRINCIPAL_ONLY).to_numpy())


# ---------------------------------------------------------------- the nodes between segments


class _Nodes(NamedTuple):
    """Days on which rate or base of an item may change, by item and day; `cash` may pay interest, `less` may not."""

    item: np.ndarray
    day: np.ndarray
    cash: np.ndarray
    less: np.ndarray


def _days(dates: Iterable[Any]) -> np.ndarray:
    return pd.Series(dates).to_numpy().astype("datetime64[D]").astype("int64")


def _nodes(items: pd.DataFrame, paid: _Paid, bounds: np.ndarray, frozen: np.ndarray, years: np.ndarray) -> _Nodes:
    """Start, end, payments and changes of rate of every item that has a day late."""
    start, end = _days(items["runs_from"]), _days(items["until"])
    late = np.flatnonzero(items["runs_from"].notna().to_numpy() & (end > start))
    inside = [_between(late[~frozen[late]], start, end, bounds), _between(late[frozen[late]], start, end, years)]
    is_late = np.zeros(len(items), dtype=bool)
    is_late[late] = True
    counts = is_late[paid.item] & (paid.day <= end[paid.item])
    row = paid.item[counts]
    day = np.maximum(paid.day[counts], start[row])
    cents, pays = paid.cents[counts], paid.pays[counts]
    item = np.concatenate([late, late, *[rows for rows, _ in inside], row])
    days = np.concatenate([start[late], end[late], *[days for _, days in inside], day])
    nil = np.zeros(len(item) - len(row), dtype="int64")
    cash = np.concatenate([nil, np.where(pays, cents, 0)])
    less = np.concatenate([nil, np.where(pays, 0, cents)])
    order = np.lexsort((days, item))
    item, days = item[order], days[order]
    first = np.flatnonzero(np.r_[True, (item[1:] != item[:-1]) | (days[1:] != days[:-1])]) if len(item) else item
    return _Nodes(item[first], days[first], *[_sums(part[order], first) for part in (cash, less)])


def _sums(part: np.ndarray, first: np.ndarray) -> np.ndarray:
    return np.add.reduceat(part, first) if len(first) else part


def _between(rows: np.ndarray, start: np.ndarray, end: np.ndarray, bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each item with each bound strictly between its start and its end."""
    low = np.searchsorted(bounds, start[rows], side="right")
    count = np.maximum(np.searchsorted(bounds, end[rows], side="left") - low, 0)
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(rows, count), bounds[np.repeat(low, count) + offset]


# ---------------------------------------------------------------- rates


class _Rates(NamedTuple):
    """Rate of each segment in millionths (NO_RATE: unknown) and place of its regime among REGIMES."""

    value: np.ndarray
    regime: np.ndarray


def _rates(items: pd.DataFrame, row: np.ndarray, first_day: np.ndarray, options: Options) -> _Rates:
    """Rate on the first day of each segment; that of a public buyer on the first day late of the item."""
    contract = items["late_rate"].fillna(np.nan if options.rate is None else options.rate).to_numpy()[row]
    public = items["buyer"].isin(PUBLIC).to_numpy()[row]
    business, floor = _looked_up("business", first_day, "rate"), _looked_up("business", first_day, "floor")
    stipulated = np.round(contract * MILLION)
    has_contract = ~np.isnan(contract) & ~public
    raised = has_contract & (floor > stipulated)
    agreed = np.where(floor == NO_RATE, NO_RATE, np.maximum(np.nan_to_num(stipulated), floor))
    value = np.where(has_contract, agreed, business)
    if public.any():
        began = _days(items["in_time"])[row] + 1
        value = np.where(public, _looked_up("public", began, "rate"), value)
    regime = np.select([public, raised, has_contract], [3, 2, 1], 0)
    return _Rates(value.astype("int64"), regime)


def _looked_up(buyer: str, days: np.ndarray, column: str) -> np.ndarray:
    """Rate of the period that holds each day, in millionths; NO_RATE outside the periods."""
    periods = late_rate_periods(buyer)
    starts, ends = _days(periods["start"]), _days(periods["end"])
    rates = np.round(periods[column].fillna(NO_RATE / MILLION).to_numpy() * MILLION).astype("int64")
    place = np.searchsorted(starts, days, side="right") - 1
    inside = (place >= 0) & (days <= ends[np.maximum(place, 0)])
    return np.where(inside, rates[np.maximum(place, 0)], NO_RATE)


def _bounds() -> np.ndarray:
    """Last days of the periods, and the eve of the first one."""
    periods = late_rate_periods("business")
    return np.r_[_days(periods["start"][:1]) - 1, _days(periods["end"])]


def _year_ends() -> np.ndarray:
    return np.array([f"{year}-12-31" for year in range(1990, 2100)], dtype="datetime64[D]").astype("int64")


# ---------------------------------------------------------------- segments


def _all_segments(items: pd.DataFrame, paid: _Paid, options: Options) -> pd.DataFrame:
    """Segments with a rate, then the items without a due date."""
    found, blind = _segments(items, paid, options), _undated(items, paid)
    return pd.concat([found, blind], ignore_index=True) if len(blind) else found


def _settled(items: pd.DataFrame, paid: _Paid) -> np.ndarray:
    settled = np.zeros(len(items), dtype="int64")
    np.add.at(settled, paid.item, paid.cents)
    return settled


def _segments(items: pd.DataFrame, paid: _Paid, options: Options) -> pd.DataFrame:
    frozen = items["buyer"].isin(PUBLIC).to_numpy()
    years = _year_ends() if options.day_count == "actual" else np.array([], dtype="int64")
    bounds = np.union1d(_bounds(), years)
    nodes = _nodes(items, paid, bounds, frozen, years)
    begins = np.flatnonzero(nodes.item[1:] == nodes.item[:-1])  # each node but the last of its item begins a segment
    row, start, end = nodes.item[begins], nodes.day[begins] + 1, nodes.day[begins + 1]
    rates = _rates(items, row, start, options)
    found = _run(items["cents"].to_numpy(), nodes, begins, rates.value, _weights(start, end, options), options)
    keep = (found.base > 0) | (found.to_interest[begins + 1] != 0)
    begins, row, start, end = begins[keep], row[keep], start[keep], end[keep]
    owing, tainted = found.base[keep] > 0, found.tainted[keep]
    reason = np.select(
        [(rates.value[keep] == NO_RATE) & (owing | tainted), tainted], ["rate_unknown", "base_unknown"], default=""
    )
    blind = np.flatnonzero(reason == "rate_unknown")
    if options.unknown == "raise" and len(blind):
        _raise_unknown(items.iloc[row[blind[0]]], int(start[blind[0]]), REGIMES[rates.regime[keep][blind[0]]])
    named = items[["item_id", "customer_id", "document", "currency"]].take(row).reset_index(drop=True)
    return named.assign(
        regime=pd.Series(REGIMES, dtype="str").take(rates.regime[keep]).array,
        start=start.astype("datetime64[D]").astype("datetime64[us]"),
        end=end.astype("datetime64[D]").astype("datetime64[us]"),
        days=(end - start + 1).astype("float64"),
        rate=np.where(rates.value[keep] == NO_RATE, np.nan, rates.value[keep] / MILLION),
        base=np.where(tainted, np.nan, found.base[keep] / 100),
        interest=np.where(reason == "", found.interest[keep] / 100, np.nan),
        to_interest=np.where(found.lost[begins + 1], np.nan, found.to_interest[begins + 1] / 100),
        to_principal=np.where(found.lost[begins + 1], np.nan, found.to_principal[begins + 1] / 100),
        reason=_said(reason),
    )


def _weights(start: np.ndarray, end: np.ndarray, options: Options) -> tuple[np.ndarray, np.ndarray, int]:
    """Days of each segment in whole parts of a year: (days of common years, days of leap years, year)."""
    days = end - start + 1
    if options.day_count != "actual":
        return days, np.zeros_like(days), int(options.day_count)
    year = start.astype("datetime64[D]").astype("datetime64[Y]").astype("int64") + 1970
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    return np.where(leap, 0, days) * 366, np.where(leap, days, 0) * 365, 365 * 366


class _Run(NamedTuple):
    """What the days made, in cents: by segment, and by node for `to_…` and `lost` (a payment on unknown interest)."""

    base: np.ndarray
    interest: np.ndarray
    tainted: np.ndarray
    to_interest: np.ndarray
    to_principal: np.ndarray
    lost: np.ndarray


def _run(
    cents: np.ndarray,
    nodes: _Nodes,
    begins: np.ndarray,
    rates: np.ndarray,
    weights: tuple[np.ndarray, np.ndarray, int],
    options: Options,
) -> _Run:
    """Go through the nodes of all items together, the first ones, then the second ones, and so on."""
    parts = weights[0] + weights[1]
    denominator = weights[2] * MILLION
    kind = _kind(cents, rates, nodes, denominator)
    principal = cents.astype(kind)
    run_up = np.zeros(len(cents), dtype=kind)  # exact, in cents x millionths x days
    rounded = np.zeros(len(cents), dtype=kind)
    imputed = np.zeros(len(cents), dtype=kind)
    to_principal_so_far = np.zeros(len(cents), dtype=kind)
    unknown, lost = np.zeros(len(cents), dtype=bool), np.zeros(len(cents), dtype=bool)
    to_interest, to_principal = (np.zeros(len(nodes.item), dtype=kind) for _ in range(2))
    lost_at = np.zeros(len(nodes.item), dtype=bool)
    base, interest = (np.zeros(len(begins), dtype=kind) for _ in range(2))
    tainted = np.zeros(len(begins), dtype=bool)
    segment_of = np.full(len(nodes.item), -1, dtype="int64")
    segment_of[begins] = np.arange(len(begins))
    heads = np.flatnonzero(np.r_[True, nodes.item[1:] != nodes.item[:-1]]) if len(nodes.item) else begins
    counts = np.diff(np.r_[heads, len(nodes.item)])
    for rank in range(int(counts.max(initial=0))):
        node = heads[counts > rank] + rank
        item = nodes.item[node]
        cash, less = nodes.cash[node].astype(kind), nodes.less[node].astype(kind)
        first = np.zeros(len(node), dtype=kind)
        if options.imputation == "interest_first":
            owed = rounded[item] - imputed[item]
            back = np.minimum(np.maximum(-cash - np.maximum(to_principal_so_far[item], 0), 0), imputed[item])
            first = np.where(cash > 0, np.minimum(cash, owed), -back)  # a payment taken back: its principal first
            lost[item] |= unknown[item] & (cash != 0)
        lost_at[node] = lost[item] & (cash != 0)
        imputed[item] += first
        to_principal_so_far[item] += cash - first
        principal[item] -= cash - first + less
        to_interest[node], to_principal[node] = first, cash - first + less
        goes_on = segment_of[node] >= 0
        item, segment = item[goes_on], segment_of[node][goes_on]
        base[segment] = np.maximum(principal[item], 0)
        blind = rates[segment] == NO_RATE
        tainted[segment] = lost[item]
        unknown[item] |= blind & (base[segment] > 0)
        run_up[item] += np.where(blind, 0, base[segment] * rates[segment] * parts[segment])
        whole = (2 * run_up[item] + denominator) // (2 * denominator)
        interest[segment], rounded[item] = whole - rounded[item], whole
    return _Run(_plain(base), _plain(interest), tainted, _plain(to_interest), _plain(to_principal), lost_at)


def _plain(cents: np.ndarray) -> np.ndarray:
    return cents.astype("float64") if cents.dtype == object else cents


def _kind(cents: np.ndarray, rates: np.ndarray, nodes: _Nodes, denominator: int) -> Any:
    """Whole numbers of 64 bits where they cannot overflow, else Python's."""
    reversed_too = int(np.abs(nodes.cash).sum()) if (nodes.cash < 0).any() else 0
    base = int(cents.max(initial=0)) + reversed_too
    span = int(nodes.day.max(initial=0)) - int(nodes.day.min(initial=0)) if len(nodes.day) else 0
    per_day = denominator // MILLION // 365 + 1  # parts of a year in a day
    most = base * int(rates.max(initial=0)) * (span + 1) * per_day
    return np.int64 if 2 * most + denominator < LARGEST else object


def _said(reasons: np.ndarray) -> pd.Series:
    """Message keys; None where there is nothing to say."""
    said = pd.Series(np.full(len(reasons), None), dtype="object")
    said[reasons != ""] = reasons[reasons != ""]
    return said


def _raise_unknown(item: pd.Series, day: int, regime: str) -> None:
    """The error of the legal value that is missing."""
    if regime == "public":
        default_late_rate(item["in_time"] + timedelta(days=1), item["buyer"])
    on = datetime(1970, 1, 1) + timedelta(days=day)
    if regime == "default":
        default_late_rate(on)
    late_rate_floor(on)


def _undated(items: pd.DataFrame, paid: _Paid) -> pd.DataFrame:
    """Items still owed without a due date: their interest is not computable, which is said."""
    settled = _settled(items, paid)
    unknown = items["runs_from"].isna() & (items["buyer"] != "consumer")
    blind = items[unknown & ~items["retention"] & (items["cents"] > settled)]
    if blind.empty:
        return pd.DataFrame()
    nothing = dict.fromkeys(("days", "rate", "interest"), np.nan)
    dates = dict.fromkeys(("start", "end"), pd.Series(pd.NaT, index=blind.index, dtype="datetime64[us]"))
    kept = blind[["item_id", "customer_id", "document", "currency"]]
    left = (blind["cents"] - settled[blind.index]) / 100
    found = kept.assign(
        regime=None, **dates, **nothing, base=left, to_interest=0.0, to_principal=0.0, reason="no_due_date"
    )
    columns = ["days", "rate", "base", "interest", "to_interest", "to_principal", "reason"]
    return found[["item_id", "customer_id", "document", "currency", "regime", "start", "end", *columns]]


# ---------------------------------------------------------------- indemnity


def _indemnities(items: pd.DataFrame, paid: _Paid, reading: str) -> pd.DataFrame:
    """One row per invoice among claims that had a day late: see :func:`recovery_indemnity`."""
    start, end = _days(items["runs_from"]), _days(items["until"])
    in_time, before_judgment = (np.zeros(len(items), dtype="int64") for _ in range(2))
    np.add.at(in_time, paid.item[paid.day <= start[paid.item]], paid.cents[paid.day <= start[paid.item]])
    np.add.at(before_judgment, paid.item[paid.day <= end[paid.item]], paid.cents[paid.day <= end[paid.item]])
    cents = items["cents"].to_numpy()
    was_late = items["runs_from"].notna().to_numpy() & (cents > in_time)
    caught = items["frozen_on"].notna().to_numpy() & (cents > before_judgment)
    forbidden = (items["in_time"] >= items["frozen_on"]).to_numpy()
    frozen = caught & forbidden if reading == "due_before" else caught
    bears = ((items["kind"] != "returned_payment") & (items["buyer"] != "consumer")).to_numpy()
    counts = was_late & (caught | (end > start)) & bears
    late = items[counts].assign(frozen=frozen[counts])
    invoices = late.groupby(["customer_id", "document"], sort=True)
    by_invoice = pd.DataFrame({"first_day_late": invoices["in_time"].min(), "frozen": invoices["frozen"].all()})
    by_invoice = by_invoice.reset_index()
    by_invoice["first_day_late"] = (by_invoice["first_day_late"] + pd.Timedelta(days=1)).astype("datetime64[us]")
    law = fact("recovery_indemnity", "2013-01-01")
    before = by_invoice["first_day_late"] < pd.Series(law.start, index=by_invoice.index)
    reason = np.select([by_invoice["frozen"], before], ["frozen", "before_2013"], default="")
    by_invoice["indemnity"] = np.where(reason == "", law.value, 0.0)
    by_invoice["reason"] = _said(reason)
    return by_invoice[["customer_id", "document", "first_day_late", "indemnity", "reason"]]
