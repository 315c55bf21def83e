"""How customers actually pay, and how well what falls due is collected.

Delays and late payments look at what was paid in a window; recovery rates and
the collection effectiveness index at what became of what could be collected.
Written once against Narwhals for every engine; sums run on whole cents. Amounts
include VAT unless the argument says otherwise. Rules DELAY-W, DELAY-LATE, CEI,
REC, TURN, PUB: see ``GLOSSARY.md``.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from cmtools.frames import (
    CUTS,
    add_up,
    cents_of,
    check_months,
    choice,
    collect,
    day_number,
    first_day,
    held,
    in_unit,
    month_ends,
    remembered,
    tables_of,
    unit_of,
)
from cmtools.receivables import balances, bucket_names, items_left, late_columns, open_rows, outstanding_by_date
from cmtools.schemas import SALES_KINDS, SETTLEMENT_KINDS, Ledger, as_day

FEW = 5  # paid items below which an average says little (rule DELAY-W)
_NOT_LEFT_OUT = ("cash", "write_off")  # what other settlements take away leaves both sides of a recovery rate
_NO_SALES = ("returned_payment", "opening")  # items that undo a receipt, or were owed before


# ---------------------------------------------------------------- how customers pay


def payment_delays(
    ledger: Ledger,
    as_of: str | date,
    months: int = 12,
    by: str | None = None,
    currency: str | None = None,
    floor: bool = False,
    kinds: Sequence[str] = ("cash",),
) -> pd.DataFrame:
    """How late customers pay, weighted by amounts (délais de paiement constatés, rule DELAY-W).

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        Closing date. Payments received after the month-end `months`
        month-ends before it and up to it count, where they are allocated to
        an item by then.
    months : int, default 12
        Window. Where `as_of` is inside a month, that month to date is one of
        them.
    by : str, optional
        A column of the customers (``frames.CUTS``); None: one row for all.
    currency : str, optional
        Needed when several currencies have no amount in the books' currency.
    floor : bool, default False
        True: a payment before the due date counts as 0 days, so that early
        payers do not make up for late ones ("days beyond terms").
    kinds : sequence of str, default ("cash",)
        Settlements that count as paying, among ``SETTLEMENT_KINDS``.

    Returns
    -------
    pandas.DataFrame, one row per value of `by`
        [`by`], `currency`, `n_paid` (items), `amount_paid`, `delay_paid`
        (days after the due date, negative: before it), `n_open`,
        `amount_open` (items past due and open on `as_of`), `delay_with_open`
        (both together, the open ones aged to `as_of`), `days_to_pay` (from
        issue to payment), `agreed_terms` (from issue to due date), `few`
        (fewer than 5 items paid). NaN where nothing was paid. Empty from a
        list of open items only: what was paid is not known.

    Raises
    ------
    InputError
        If `by` or a kind is not known, or currencies cannot be added up.

    Notes
    -----
    delay = sum(amount x (payment - due)) / sum(amount), each payment weighing
    by its amount; so days_to_pay = agreed_terms + delay_paid, without floor
    and where every issue date is known (other items are left out of these
    two). Paid items alone flatter bad payers, who do not pay: hence
    `delay_with_open`. Left out: items without a due date, and, unless asked
    for in `kinds`, settlements other than cash: an accepted bill or a set-off
    is no payment on a day the customer chose. A receipt that was taken back
    (negative) weighs against the others; an item whose receipts of the window
    come to nothing is left out. A returned payment that is an item of its own
    counts from its own due date, and the receipt it undoes stays counted.
    Retention money is an item like others, agreed until its release: it
    lengthens `agreed_terms` and `days_to_pay`, hardly the delay.

    Examples
    --------
    Who in the portfolio pays after the due date, and by how much?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> paid = payment_delays(ledger, "2026-06-30", by="segment").set_index("segment")
    >>> paid[["n_paid", "delay_paid", "delay_with_open"]].round(1)
                    n_paid  delay_paid  delay_with_open
    segment
    Export              41         7.0              7.0
    Grand compte       242        10.5             12.0
    PME                431         9.9             17.2
    Secteur public     201         7.0             11.4
    TPE                163        10.4             12.9
    """
    at, unit = _checked(ledger, as_of, months, currency)
    _check_kinds(kinds)
    columns = [*([by] if by else []), "currency", "n_paid", "amount_paid", "delay_paid", "n_open", "amount_open"]
    columns += ["delay_with_open", "days_to_pay", "agreed_terms", "few"]
    if not ledger.complete_sales:
        return _empty(columns)
    paid = paid_by_customer(ledger, at, months, unit, tuple(kinds), floor)
    sums = _stacked(ledger, by, paid, _open_overdue(ledger, at, unit))
    weighed = {
        "delay_paid": (sums["delay"], sums["paid"]),
        "delay_with_open": (sums["delay"] + sums["age"], sums["paid"] + sums["open"]),
        "days_to_pay": (sums["to_pay"], sums["issued"]),
        "agreed_terms": (sums["terms"], sums["issued"]),
    }
    averages = {name: _ratio(*parts) for name, parts in weighed.items()}
    money = {"amount_paid": sums["paid"] / 100, "amount_open": sums["open"] / 100}
    return sums.assign(**averages, **money, currency=unit[1], few=sums["n_paid"] < FEW)[columns]


def late_payment_rate(
    ledger: Ledger,
    as_of: str | date,
    months: int = 12,
    by: str | None = None,
    currency: str | None = None,
    kinds: Sequence[str] = ("cash",),
) -> pd.DataFrame:
    """Of what was paid in a window, the share paid after its due date (taux de paiement en retard, rule DELAY-LATE).

    A flow over a period; the share of the outstanding that is past due on a
    date is :func:`cmtools.receivables.overdue_rate`.

    Parameters
    ----------
    ledger, as_of, months, by, currency, kinds
        See :func:`payment_delays`.

    Returns
    -------
    pandas.DataFrame, one row per value of `by`
        [`by`], `currency`, `n_paid` (items), `n_late` (items whose last
        payment of the window came after the due date), `late_rate_by_number`
        (n_late / n_paid), `amount_paid`, `amount_late` (payments received
        after the due date), `late_payment_rate` (amount_late / amount_paid).
        Rates are fractions, NaN where nothing was paid. Empty from a list of
        open items only.

    Raises
    ------
    InputError
        If `by` or a kind is not known, or currencies cannot be added up.

    Notes
    -----
    A payment on the due date is not late. By number an item is late as soon
    as one part of it was; by amount only the part paid late counts. A receipt
    that was taken back is set against those received in time first.

    Examples
    --------
    What share of the money of the year came in late?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> rate = late_payment_rate(ledger, "2026-06-30").iloc[0]
    >>> round(float(rate["late_payment_rate"]), 3)
    0.584
    """
    at, unit = _checked(ledger, as_of, months, currency)
    _check_kinds(kinds)
    columns = [*([by] if by else []), "currency", "n_paid", "n_late", "late_rate_by_number", "amount_paid"]
    columns += ["amount_late", "late_payment_rate"]
    if not ledger.complete_sales:
        return _empty(columns)
    sums = _stacked(ledger, by, paid_by_customer(ledger, at, months, unit, tuple(kinds), False))
    return _with_late_rates(sums).assign(currency=unit[1])[columns]


def payments_by_month(
    ledger: Ledger,
    as_of: str | date,
    months: int = 12,
    currency: str | None = None,
    kinds: Sequence[str] = ("cash",),
) -> pd.DataFrame:
    """Delay and late payment rate by month of payment (rules DELAY-W and DELAY-LATE).

    Parameters
    ----------
    ledger, as_of, months, currency, kinds
        See :func:`payment_delays`.

    Returns
    -------
    pandas.DataFrame, one row per month of payment, oldest first
        `date` (last day counted: the month-end, or `as_of`), `n_paid`,
        `amount_paid`, `delay_paid` (days), `late_payment_rate` (fraction);
        NaN where nothing was paid. Months before the history begins are not
        shown. Empty from a list of open items only.

    Raises
    ------
    InputError
        If a kind is not known, or currencies cannot be added up.

    Notes
    -----
    An item paid in two months counts in both.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> payments_by_month(ledger, "2026-06-30", months=3)["date"].dt.strftime("%d/%m").tolist()
    ['30/04', '31/05', '30/06']
    """
    at, unit = _checked(ledger, as_of, months, currency)
    _check_kinds(kinds)
    columns = ["date", "n_paid", "amount_paid", "delay_paid", "late_payment_rate"]
    if not ledger.complete_sales:
        return _empty(columns)
    items = _paid_items(ledger, at, months, unit, kinds, keys=("year", "month"))
    found = collect(_sums(items, ("year", "month"), *_PAID))
    dates = pd.DataFrame({"date": pd.to_datetime(_known_ends(ledger, at, months))})
    dates = dates.assign(year=dates["date"].dt.year.astype("int64"), month=dates["date"].dt.month.astype("int64"))
    table = dates.merge(found, on=["year", "month"], how="left")
    table[list(_PAID)] = table[list(_PAID)].fillna(0).astype("int64")
    return _with_late_rates(table).assign(delay_paid=_ratio(table["delay"], table["paid"]))[columns]


_PAID = ("n_paid", "n_late", "paid", "paid_late", "delay", "issued", "to_pay", "terms")


@remembered
def paid_by_customer(
    ledger: Ledger, at: datetime, months: int, unit: tuple[str, str], kinds: tuple[str, ...], floor: bool
) -> pd.DataFrame:
    """What was paid in the window, by customer: see _PAID."""
    return collect(_sums(_paid_items(ledger, at, months, unit, kinds, floor), "customer_id", *_PAID))


def _paid_items(
    ledger: Ledger,
    at: datetime,
    months: int,
    unit: tuple[str, str],
    kinds: Sequence[str],
    floor: bool = False,
    keys: Sequence[str] = (),
) -> Any:
    """One row per item paid in the window (and per value of `keys`): cents, and cents x days."""
    start = month_ends(at, months + 1)[-1]
    known = (nw.col("booking_date") <= at) & (nw.col("allocation_date") <= at)
    inside = (nw.col("payment_date") > start) & (nw.col("payment_date") <= at)
    paid = _payments(ledger, unit).filter(nw.col("kind").is_in(list(kinds)) & known & inside)
    if floor:
        paid = paid.with_columns(delay=nw.when(nw.col("after_due") > 0).then(nw.col("delay")).otherwise(nw.lit(0)))
    names = ("paid", "paid_late", "delay", "issued", "to_pay", "terms")
    items = paid.group_by("item_id", "customer_id", *keys).agg(
        *[nw.col(name).sum() for name in names], nw.col("n_late").max()
    )
    items = items.filter(nw.col("paid") > 0).with_columns(nw.col(*names, "n_late").cast(nw.Int64))
    capped = nw.when(nw.col("paid_late") > nw.col("paid")).then(nw.col("paid")).otherwise(nw.col("paid_late"))
    return items.with_columns(n_paid=nw.lit(1), paid_late=capped)


@held
def _payments(ledger: Ledger, unit: tuple[str, str]) -> Any:
    """One row per payment of an item to be paid: cents, cents x days after its dates, the month of payment."""
    invoices, settlements = (in_unit(table, unit) for table in tables_of(ledger))
    items = invoices.filter((nw.col("cents") > 0) & ~nw.col("due_date").is_null())
    items = items.select("item_id", "customer_id", "booking_date", "issue_date", "due_date")
    paid = settlements.filter(~nw.col("allocation_date").is_null())
    paid = paid.select("item_id", "kind", "payment_date", "allocation_date", paid=nw.col(unit[0]))
    paid = paid.join(items, on="item_id", how="inner")
    unissued = nw.col("issue_date").is_null()
    paid = paid.with_columns(
        after_due=_days("payment_date", "due_date"),
        issued_on=nw.when(unissued).then(nw.col("due_date")).otherwise(nw.col("issue_date")),
        issued=nw.when(unissued).then(nw.lit(0)).otherwise(nw.col("paid")),
    ).with_columns(after_issue=_days("payment_date", "issued_on"))
    late = (nw.col("after_due") > 0) & (nw.col("paid") > 0)
    return paid.with_columns(
        n_late=nw.when(late).then(nw.lit(1)).otherwise(nw.lit(0)),
        paid_late=nw.when(late).then(nw.col("paid")).otherwise(nw.lit(0)),
        delay=nw.col("paid") * nw.col("after_due"),
        to_pay=nw.col("issued") * nw.col("after_issue"),
        terms=nw.col("issued") * (nw.col("after_issue") - nw.col("after_due")),
        year=nw.col("payment_date").dt.year().cast(nw.Int64),
        month=nw.col("payment_date").dt.month().cast(nw.Int64),
    )


@remembered
def _open_overdue(ledger: Ledger, at: datetime, unit: tuple[str, str]) -> pd.DataFrame:
    """Items past due and open, by customer: `n_open`, `open` (cents), `age` (cents x days late)."""
    late_by = nw.col("day") - nw.col("due_day")
    late = items_left(ledger, (at,), unit).filter((nw.col("amount") > 0) & (nw.col("cents") > 0) & (late_by > 0))
    late = late.with_columns(open=nw.col("cents"), n_open=nw.lit(1), age=nw.col("cents") * late_by)
    return collect(_sums(late, "customer_id", "n_open", "open", "age"))


def _with_late_rates(sums: pd.DataFrame) -> pd.DataFrame:
    return sums.assign(
        amount_paid=sums["paid"] / 100,
        amount_late=sums["paid_late"] / 100,
        late_rate_by_number=_ratio(sums["n_late"], sums["n_paid"]),
        late_payment_rate=_ratio(sums["paid_late"], sums["paid"]),
    )


# ---------------------------------------------------------------- effectiveness


def cei(begin: float, sales: float, end: float, end_not_due: float, written_off: float = 0.0) -> float | None:
    """Collection effectiveness index: what was collected over what could be (rule CEI).

    Parameters
    ----------
    begin, end : float
        Receivables at both ends of a period, incl. VAT.
    sales : float
        Credit sales of exactly that period, incl. VAT, credit notes deducted.
    end_not_due : float
        Part of `end` that is not due yet (not: less than 60 days late).
    written_off : float, default 0.0
        Losses of the period; added to `end`, since a loss is not cash.

    Returns
    -------
    float or None
        Fraction; 1: all that fell due was collected. None where nothing could
        be collected.

    Notes
    -----
    (begin + sales - end) / (begin + sales - end_not_due), `end` with the
    losses. The page that is quoted most divides the sales of a quarter by
    three while its balances span the quarter: see the example.

    Examples
    --------
    Published example of Credit Guru: a quarter's sales of 10 890, and what the page prints.

    >>> round(cei(6200, 10890, 6340, 3590), 3), round(cei(6200, 10890 / 3, 6340, 3590), 3)
    (0.796, 0.559)
    """
    collectable = begin + sales - end_not_due
    return (begin + sales - end - written_off) / collectable if collectable > 0 else None


def collection_effectiveness(
    ledger: Ledger, as_of: str | date, months: int = 12, currency: str | None = None
) -> pd.DataFrame:
    """Collection effectiveness index month by month (indice d'efficacité du recouvrement, rule CEI).

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        Closing date; the last month runs up to it.
    months : int, default 12
        Number of months.
    currency : str, optional
        Needed when several currencies have no amount in the books' currency.

    Returns
    -------
    pandas.DataFrame, one row per month, oldest first
        `date` (month-end, or `as_of`), `receivables_begin`, `sales`,
        `receivables_end`, `not_due_end`, `write_offs` (all incl. VAT),
        `collection_effectiveness` (fraction; NaN where nothing could be
        collected), `reason` (message key where NaN). Months before the
        history begins are not shown. Empty from a list of open items only.

    Raises
    ------
    InputError
        If currencies cannot be added up.

    Notes
    -----
    `sales` is all that was debited to the customers in the month, by booking
    date, less credit notes; so begin + sales - end - write_offs is what was
    settled otherwise than by loss or credit note: receipts (allocated or
    not), bills, set-offs, less the payments returned. A returned payment is
    no sale: it undoes a receipt. A claim moved to the doubtful customers is
    neither: its transfer and the new item cancel out. An opening item was
    owed before: it stands in `receivables_begin`; otherwise that is 0 in the
    first month of a history. Receivables are net of unallocated receipts,
    which can bring the index above 1; items without a due date count as
    collectable, retention money before its release as not due.

    Examples
    --------
    In which month of the half-year was what could be collected collected worst?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> table = collection_effectiveness(ledger, "2026-06-30", months=6)
    >>> worst = table.loc[table["collection_effectiveness"].idxmin()]
    >>> f"{worst['date']:%m/%Y}", round(float(worst["collection_effectiveness"]), 3)
    ('05/2026', 0.643)
    """
    at, unit = _checked(ledger, as_of, months, currency)
    columns = ["date", "receivables_begin", "sales", "receivables_end", "not_due_end", "write_offs"]
    columns += ["collection_effectiveness", "reason"]
    ends = _known_ends(ledger, at, months)
    if not ledger.complete_sales or not ends:
        return _empty(columns)
    before = month_ends(ends[0], 2)[1]
    standing = outstanding_by_date(ledger, ends, currency=None if unit[0] == "book_cents" else unit[1])
    owed, not_due = balances(ledger, [before, *ends], unit), standing["not_due"].tolist()
    moves = _debits_and_losses(ledger, at, unit)
    rows = []
    for end, last, now, waiting in zip(ends, owed, owed[1:], not_due):
        opening, sales, lost = (moves[name].get((end.year, end.month), 0) / 100 for name in moves)
        begin = round(last + opening, 2)
        rate = cei(begin, sales, now, waiting, lost)
        rows.append((end, begin, sales, now, waiting, lost, rate, "nothing_due" if rate is None else None))
    return pd.DataFrame(rows, columns=columns).astype({"collection_effectiveness": float})


@remembered
def _debits_and_losses(ledger: Ledger, at: datetime, unit: tuple[str, str]) -> dict[str, dict[tuple[int, int], int]]:
    """Cents by (year, month): opening items; sales (debits less credits and transfers); losses. In this order."""
    invoices, settlements = _tables(ledger, at, unit)
    opening, sales, lost = (defaultdict[tuple[int, int], int](int) for _ in range(3))
    for year, month, kind, cents in _by_month_and_kind(invoices, "booking_date", unit):
        if kind == "opening":
            opening[year, month] += cents
        elif kind not in _NO_SALES:
            sales[year, month] += cents
    # The two halves of a linked credit note, a transfer and its doubtful item: each pair adds up to nothing.
    for year, month, kind, cents in _by_month_and_kind(settlements, "payment_date", unit):
        if kind in ("credit_note", "to_doubtful"):
            sales[year, month] -= cents
        elif kind == "write_off":
            lost[year, month] += cents
    return {"opening": opening, "sales": sales, "lost": lost}


def _by_month_and_kind(table: Any, when: str, unit: tuple[str, str]) -> Iterable[tuple[int, int, str, int]]:
    moves = table.with_columns(
        year=nw.col(when).dt.year().cast(nw.Int64), month=nw.col(when).dt.month().cast(nw.Int64), moved=nw.col(unit[0])
    )
    keys = ("year", "month", "kind")
    sums = collect(_sums(moves, keys, "moved"))
    return zip(*(sums[name].tolist() for name in (*keys, "moved")))


def recovery_rate(
    ledger: Ledger,
    as_of: str | date,
    months: int = 12,
    horizons: Sequence[int] = (30, 90),
    by: str | None = None,
    currency: str | None = None,
    basis: str = "allocated",
) -> pd.DataFrame:
    """Of what fell due in a month, the share collected 30 and 90 days later (taux de recouvrement, rule REC).

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        Closing date; nothing booked, paid or allocated later is used.
    months : int, default 12
        Months of due date; the last one is that of `as_of`.
    horizons : sequence of int, default (30, 90)
        Days after each item's due date: REC-1M and REC-3M.
    by : str, optional
        A column of the customers (``frames.CUTS``); None: one row per month.
    currency : str, optional
        Needed when several currencies have no amount in the books' currency.
    basis : {"allocated", "paid"}
        Cash counts when it is both received and allocated, or as soon as it
        is received (it must be allocated by `as_of`).

    Returns
    -------
    pandas.DataFrame, one row per month of due date (and value of `by`), oldest first
        `month` (its first day), [`by`], `currency`, `n_due`, `amount_due`
        (items incl. VAT, as invoiced) and, for each horizon h, `due_h` (what
        was left to pay in cash), `collected_h`, `recovery_h` (collected_h /
        due_h, a fraction; NaN where nothing was left to pay). All three are
        NaN for a month whose last day is less than h days before `as_of`:
        too young, not badly collected. Months before the history begins are
        not shown. Empty from a list of open items only.

    Raises
    ------
    InputError
        If `by` or `basis` is not known, or currencies cannot be added up.

    Notes
    -----
    The definition is a choice: no public source gives it in full. due_h: the
    items due in the month and booked within h days of their due date, less
    what credit notes, bills, set-offs and transfers to doubtful customers
    took away within h days: these leave both sides; a loss stays due. An item
    paid twice counts for what was collected, which can be more than was due:
    nothing is capped. With the basis "allocated" the figures of a month, once
    shown, never change. A returned payment is due in the month it came back,
    and the receipt it undoes stays collected.

    Examples
    --------
    Of what fell due in March 2026, how much was in after 30 days, and after 90?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> rates = recovery_rate(ledger, "2026-06-30", months=4).set_index("month")
    >>> rates[["recovery_30", "recovery_90"]].round(3)
                recovery_30  recovery_90
    month
    2026-03-01        0.893        0.987
    2026-04-01        0.862          NaN
    2026-05-01        0.909          NaN
    2026-06-01          NaN          NaN
    """
    at, unit = _checked(ledger, as_of, months, currency)
    choice("basis", basis, ("allocated", "paid"))
    shown = [f"{part}_{h}" for h in horizons for part in ("due", "collected", "recovery")]
    columns = ["month", *([by] if by else []), "currency", "n_due", "amount_due", *shown]
    known = [_month_end(end) for end in _known_ends(ledger, at, max(months, _ASKED_TOGETHER))]
    ends = known[-months:]
    if not ledger.complete_sales or not ends:
        return _empty(columns)
    names = ["n_due", "amount", *(f"{part}_{h}" for h in horizons for part in ("due", "collected"))]
    found = _recovered(ledger, at, known[0].replace(day=1), ends[-1], unit, tuple(horizons), basis, tuple(names))
    step = 12 * found["year"] + found["month"] - (12 * ends[0].year + ends[0].month)
    asked = found.assign(step=step)[(step >= 0).to_numpy()]
    sums = add_up(nw.from_native(asked[["step", "customer_id", *names]]), ledger, by, "step")
    if by:
        sums = sums[(sums[names] != 0).any(axis=1)]
    else:  # a month in which nothing fell due has its row
        sums = sums.set_index("step").reindex(range(len(ends)), fill_value=0).reset_index()
    starts = pd.Series([end.replace(day=1) for end in ends], dtype="datetime64[us]")
    ages = pd.Series([(at - end).days for end in ends])
    rates: dict[str, Any] = {"month": starts.loc[sums["step"]].array, "amount_due": sums["amount"] / 100}
    for h in horizons:
        old = ages.loc[sums["step"]].to_numpy() >= h
        due, collected = ((sums[f"{part}_{h}"] / 100).where(old) for part in ("due", "collected"))
        rates |= {f"due_{h}": due, f"collected_{h}": collected, f"recovery_{h}": _ratio(collected, due)}
    return sums.assign(**rates, currency=unit[1])[columns].reset_index(drop=True)


_ASKED_TOGETHER = 17  # months: a report asks for a year's, and for five of this year and of the year before


@remembered
def _recovered(
    ledger: Ledger,
    at: datetime,
    first: datetime,
    last: datetime,
    unit: tuple[str, str],
    horizons: tuple[int, ...],
    basis: str,
    names: tuple[str, ...],
) -> pd.DataFrame:
    """What fell due and what of it was settled, by customer and month: `customer_id`, `year`, `month`, `names`."""
    items, settled = _due_in(ledger, at, first, last, unit, horizons, basis)
    keys = ["customer_id", "year", "month"]
    owed = collect(_sums(items, keys, *[name for name in names if not name.startswith("collected")]))
    taken = collect(_sums(settled, keys, *names[2:]))
    parts = [part.reindex(columns=[*keys, *names], fill_value=0) for part in (owed, taken)]
    return pd.concat(parts, ignore_index=True)


def _side_by_side(found: pd.DataFrame, ends: Sequence[datetime], names: Sequence[str]) -> pd.DataFrame:
    """Sums by customer and month as sums by customer, with one group of columns per month."""
    parts = []
    for position, end in enumerate(ends):
        own = found[(found["year"] == end.year) & (found["month"] == end.month)]
        parts.append(own[["customer_id", *names]].rename(columns={name: f"{name} {position}" for name in names}))
    return pd.concat(parts, ignore_index=True)


def _due_in(
    ledger: Ledger,
    at: datetime,
    first: datetime,
    last: datetime,
    unit: tuple[str, str],
    horizons: Sequence[int],
    basis: str,
) -> tuple[Any, Any]:
    """Items due from `first` to `last`, and what settled them, in cents by horizon."""
    invoices, settlements = _tables(ledger, at, unit)
    due = nw.col("due_date")
    items = invoices.filter((nw.col("cents") > 0) & (due >= first) & (due <= last)).with_columns(
        booked_after=_days("booking_date", "due_date"),
        year=due.dt.year().cast(nw.Int64),
        month=due.dt.month().cast(nw.Int64),
    )
    # Later ones belong to no horizon; leaving them out keeps a row the same for ever.
    items = items.filter(nw.col("booked_after") <= max(horizons))
    keys = items.select("item_id", "customer_id", "due_date", "booked_after", "year", "month")
    paid = settlements.select("item_id", "kind", "payment_date", "allocation_date", settled=nw.col(unit[0]))
    paid = paid.filter(nw.col("allocation_date") <= at).join(keys, on="item_id", how="inner")
    lapse = {"paid_after": _days("payment_date", "due_date"), "set_after": _days("allocation_date", "due_date")}
    paid = paid.with_columns(**lapse)
    cash, left_out = nw.col("kind") == "cash", ~nw.col("kind").is_in(list(_NOT_LEFT_OUT))
    dues, taken = {}, {}
    for h in horizons:
        booked, allocated = nw.col("booked_after") <= h, nw.col("set_after") <= h
        if basis == "paid":  # credit notes always count from their allocation, as in open_items
            allocated = allocated | (nw.col("kind") != "credit_note")
        in_time = booked & allocated & (nw.col("paid_after") <= h)
        dues[f"due_{h}"] = nw.when(booked).then(nw.col(unit[0])).otherwise(nw.lit(0))
        taken[f"due_{h}"] = nw.when(in_time & left_out).then(-nw.col("settled")).otherwise(nw.lit(0))
        taken[f"collected_{h}"] = nw.when(in_time & cash).then(nw.col("settled")).otherwise(nw.lit(0))
    moved = nw.col("kind") == "doubtful"  # counted once, where it was invoiced
    counts = {
        "n_due": nw.when(moved).then(nw.lit(0)).otherwise(nw.lit(1)),
        "amount": nw.when(moved).then(nw.lit(0)).otherwise(nw.col(unit[0])),
    }
    return items.with_columns(**counts, **dues), paid.with_columns(**taken)


def receivables_turnover(credit_sales: float, average_receivables: float) -> float | None:
    """How many times a period the receivables turn over (rotation du poste clients, rule TURN).

    Parameters
    ----------
    credit_sales : float
        Credit sales of the period.
    average_receivables : float
        Mean of opening and closing receivables, on the same VAT basis.

    Returns
    -------
    float or None
        Times per period; None where nothing was owed.

    Notes
    -----
    credit_sales / average_receivables; 365 / turnover is the number of days
    when the period is a year. The direction is a trap: a widely used library
    returns the inverse under this name, a figure below 1 for almost every
    company. More than 1 turn a year means customers pay within a year.

    Examples
    --------
    Sales of 3.6 million for 360 000 owed on average: ten times a year, every 36.5 days.

    >>> turns = receivables_turnover(3_600_000, 360_000)
    >>> turns, 365 / turns
    (10.0, 36.5)
    """
    return credit_sales / average_receivables if average_receivables > 0 else None


# ---------------------------------------------------------------- yearly publication


def late_invoices(
    ledger: Ledger,
    as_of: str | date,
    months: int = 12,
    bands: Sequence[int] = (30, 60, 90),
    vat: str = "incl",
    currency: str | None = None,
    basis: str = "allocated",
) -> pd.DataFrame:
    """Customers' invoices late and unpaid at the end of the year, by band of delay (rule PUB).

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        Last day of the financial year.
    months : int, default 12
        Months of sales that the amounts are compared with; end on `as_of`.
    bands : sequence of int, default (30, 60, 90)
        Upper bounds in days late, increasing.
    vat : {"incl", "excl"}
        Basis of amounts and sales; to be stated in the publication.
    currency : str, optional
        Needed when several currencies have no amount in the books' currency.
    basis : {"allocated", "paid"}
        See :func:`cmtools.receivables.open_items`.

    Returns
    -------
    pandas.DataFrame, one row per band and one for their sum
        `band` ("d1_30", ..., "over_90", "sum"), `currency`, `count`
        (invoices), `amount`, `share_of_sales` (fraction), `count_disputed`,
        `amount_disputed` (disputed invoices, not contained in the columns
        before; NaN where the source says nothing of disputes, the other
        columns then holding all), `reason` (message key where an amount or
        the share is NaN).

    Raises
    ------
    InputError
        If `bands` does not increase, `vat` or `basis` is not known, or
        currencies cannot be added up.

    Notes
    -----
    Code de commerce, art. L441-14 and D441-6, I: number and amount of the
    invoices issued, unpaid at closing and past due, by band of delay, in
    percent of the sales of the year; disputed ones may be left out if their
    number and amount are told. The bands (model in annex 4-1) are
    unconfirmed. The same table is due for suppliers, of whom a customer
    ledger says nothing. Only items with something left to pay count, from the
    due date agreed: instalments and retention money of one invoice are one
    invoice (in several bands it is in each, and once in the sum). A credit
    note reduces the invoice it is allocated to; credit notes and receipts
    that are not allocated reduce nothing. Items without a due date are left
    out. Excluding VAT, what is left of an item is taken in the proportion of
    its amounts; where one is unknown (a returned payment), so is the band.
    Sales are invoices less credit notes by date of issue.

    Examples
    --------
    What does the management report say of customers' late invoices?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> table = late_invoices(ledger, "2026-06-30").set_index("band")
    >>> table[["count", "amount", "count_disputed", "amount_disputed"]]
             count     amount  count_disputed  amount_disputed
    band
    d1_30       36  166996.04               3         12689.42
    d31_60      16   43288.04               0             0.00
    d61_90       4    3771.11               2         29195.50
    over_90     51   62923.78               3         32868.95
    sum        104  276978.97               8         74753.87
    """
    at, unit = _checked(ledger, as_of, months, currency)
    choice("vat", vat, ("incl", "excl"))
    names = late_columns(bucket_names(bands))
    parts = collect(_late_parts(ledger, at, bands, vat, unit, basis))
    sales, why = _sales_of(ledger, at, months, vat, unit)
    told = "disputed" not in ledger.silent
    rows = []
    for position, band in enumerate([*names, "sum"]):
        # The sum counts invoices over all bands; it has its own rows, numbered after the last band.
        own = parts[parts["band"] == position]
        count, amount = _late_line(own[~own["disputed"]])
        count_disputed, amount_disputed = _late_line(own[own["disputed"]]) if told else (float("nan"), float("nan"))
        unknown = amount != amount or (told and amount_disputed != amount_disputed)
        share = amount / sales if sales is not None and sales > 0 else float("nan")
        reason = "unknown_excl_vat" if unknown else why
        rows.append((band, unit[1], count, amount, share, count_disputed, amount_disputed, reason))
    columns = ["band", "currency", "count", "amount", "share_of_sales", "count_disputed", "amount_disputed", "reason"]
    return pd.DataFrame(rows, columns=columns)


def _late_line(part: pd.DataFrame) -> tuple[int, float]:
    """Number of invoices, and their amount unless part of it is unknown."""
    amount = float("nan") if part["unknown"].sum() else float(part["cents"].sum()) / 100
    return int(part["invoices"].sum()), amount


def _late_parts(ledger: Ledger, at: datetime, bands: Sequence[int], vat: str, unit: tuple[str, str], basis: str) -> Any:
    """Invoices late and unpaid by `band` (0, 1, ...; after the last one: all) and `disputed`."""
    value = "open_amount" if unit[0] == "cents" else "open_book_amount"
    items = in_unit(open_rows(ledger, at, basis), unit).with_columns(cents=cents_of(value))
    items = items.filter((nw.col("amount") > 0) & (nw.col("cents") > 0) & (nw.col("due_date") < at))
    if "disputed" in ledger.silent:
        items = items.with_columns(disputed=nw.lit(False))
    items = _taxed(items, ledger, vat)
    nameless = nw.col("document").is_null() | nw.col("issue_date").is_null()
    of_band = nw.lit(0)
    for bound in bands:
        of_band = of_band + nw.when(nw.col("days_late") > bound).then(nw.lit(1)).otherwise(nw.lit(0))
    # One document of one customer and day is one invoice; a number alone may be a free text that many share.
    items = items.with_columns(
        invoice=nw.when(nameless).then(nw.col("item_id")).otherwise(nw.col("document")),
        issued=day_number("issue_date").fill_null(0).cast(nw.Int64),
        band=of_band.cast(nw.Int64),
    ).select("customer_id", "invoice", "issued", "disputed", "band", "cents", "unknown")
    both = nw.concat([items, items.with_columns(band=nw.lit(len(bands) + 1).cast(nw.Int64))], how="vertical")
    keys = ("customer_id", "invoice", "issued", "disputed", "band")
    invoices = _sums(both, keys, "cents", "unknown").with_columns(invoices=nw.lit(1))
    return _sums(invoices, ("band", "disputed"), "invoices", "cents", "unknown")


def _taxed(items: Any, ledger: Ledger, vat: str) -> Any:
    """Open items with `cents` on the basis asked for, and `unknown` = 1 where it is not known."""
    if vat == "incl":
        return items.with_columns(unknown=nw.lit(0))
    invoices, _ = tables_of(ledger)
    known = nw.col("amount_excl_vat") / nw.col("amount")
    without = invoices.select("item_id", share=nw.when(nw.col("cents") == 0).then(nw.lit(0.0)).otherwise(known))
    items = items.join(without, on="item_id", how="left")
    # A little over half a cent, so that every engine rounds it the same way.
    taxed = (nw.col("cents") * nw.col("share").fill_null(0.0) + 1e-6).round().cast(nw.Int64)
    return items.with_columns(
        cents=taxed, unknown=nw.when(nw.col("share").is_null()).then(nw.lit(1)).otherwise(nw.lit(0))
    )


def _sales_of(
    ledger: Ledger, at: datetime, months: int, vat: str, unit: tuple[str, str]
) -> tuple[float | None, str | None]:
    """Invoices less credit notes issued in the window, or why they are not known."""
    if not ledger.complete_sales:
        return None, "open_items_only"
    if len(_known_ends(ledger, at, months)) < months:
        return None, "short_history"
    invoices, _ = _tables(ledger, at, unit)
    issued = (nw.col("issue_date") > month_ends(at, months + 1)[-1]) & (nw.col("issue_date") <= at)
    sold = invoices.filter(nw.col("kind").is_in(list(SALES_KINDS)) & issued).with_columns(cents=nw.col(unit[0]))
    sold = _taxed(sold, ledger, vat)
    sums = collect(sold.select(nw.col("cents", "unknown").sum())).fillna(0).iloc[0]
    if sums["unknown"]:
        return None, "unknown_excl_vat"
    sales = int(sums["cents"]) / 100
    return (sales, None) if sales > 0 else (None, "no_sales")


# ---------------------------------------------------------------- shared


def _tables(ledger: Ledger, at: datetime, unit: tuple[str, str]) -> tuple[Any, Any]:
    """Items booked and settlements received up to a day, in one unit; nothing without an amount in it."""
    invoices, settlements = tables_of(ledger)
    invoices = in_unit(invoices, unit).filter(nw.col("booking_date") <= at)
    return invoices, in_unit(settlements, unit).filter(nw.col("payment_date") <= at)


def _sums(table: Any, keys: str | Sequence[str], *names: str) -> Any:
    """Whole numbers added up by `keys`."""
    keys = [keys] if isinstance(keys, str) else list(keys)
    sums = table.group_by(*keys).agg(*[nw.col(name).sum() for name in names])
    return sums.with_columns(nw.col(*names).cast(nw.Int64))


def _stacked(ledger: Ledger, by: str | None, *parts: pd.DataFrame) -> pd.DataFrame:
    """Sums by customer of several tables, side by side, added up by a column of the customers."""
    names = [name for part in parts for name in part.columns if name != "customer_id"]
    whole = pd.concat([part.reindex(columns=["customer_id", *names], fill_value=0) for part in parts])
    return add_up(nw.from_native(whole.reset_index(drop=True)), ledger, by)


def _known_ends(ledger: Ledger, at: datetime, months: int) -> list[datetime]:
    """Month-ends up to `at`, oldest first, from the first month of which the ledger knows something."""
    first = first_day(ledger, at)
    return [end for end in reversed(month_ends(at, months)) if first and end >= first]


def _days(later: str, earlier: str) -> nw.Expr:
    return day_number(later) - day_number(earlier)


def _month_end(at: datetime) -> datetime:
    return at.replace(day=monthrange(at.year, at.month)[1])


def _ratio(top: pd.Series, bottom: pd.Series) -> pd.Series:
    """NaN where there is nothing to divide by."""
    divisor = bottom.to_numpy(dtype="float64")
    return pd.Series(top.to_numpy() / np.where(divisor > 0, divisor, np.nan), index=top.index)


def _checked(ledger: Ledger, as_of: str | date, months: int, currency: str | None) -> tuple[datetime, tuple[str, str]]:
    """The closing date and the unit of the sums."""
    check_months(months)
    return as_day(as_of), unit_of(ledger, currency)


def _check_kinds(kinds: Sequence[str]) -> None:
    for kind in kinds:
        choice("kinds", kind, SETTLEMENT_KINDS)


def _empty(columns: Sequence[str]) -> pd.DataFrame:
    """The same columns without a row."""
    types = dict.fromkeys(("date", "month"), "datetime64[us]") | dict.fromkeys(("currency", "reason", *CUTS), "str")
    return pd.DataFrame({name: pd.Series(dtype=types.get(name, "float64")) for name in columns})
