"""From one closing date to the next: what moved the outstanding, what became late or was cured, where each bucket went.

Amounts are signed as they move the balance, so that opening + movements =
closing on every row. What became of each claim is summed by the engine in one
place (`_what_became`); the public functions read it. Rules BRIDGE, ROLL,
LATE-MOVES and SIN: see ``GLOSSARY.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from cmtools.frames import (
    NEVER,
    answers_of,
    check_months,
    collect,
    day_number,
    day_of,
    first_day,
    held,
    in_unit,
    month_ends,
    remembered,
    tables_of,
    unit_of,
    worked_out,
)
from cmtools.receivables import BUCKETS, balances, bucket_names, late_columns
from cmtools.schemas import SALES_KINDS, Defect, InputError, Ledger, as_day

_ITEM_LINES = {
    "invoice": "bridge_invoiced",
    "down_payment": "bridge_invoiced",
    "credit_note": "bridge_credit_notes",
    "returned_payment": "bridge_returned",
    "opening": "bridge_brought_forward",
    "doubtful": "bridge_doubtful",
}
_SETTLEMENT_LINES = {
    "credit_note": "bridge_credit_notes",  # both halves of a linked one: nil
    "cash": "bridge_cash",
    "bill": "bridge_bills",
    "set_off": "bridge_set_offs",
    "write_off": "bridge_losses",
    "to_doubtful": "bridge_doubtful",
}
_ALWAYS = ("bridge_invoiced", "bridge_credit_notes", "bridge_cash", "bridge_losses")
_BRIDGE = (
    "bridge_invoiced",
    "bridge_credit_notes",
    "bridge_cash",
    "bridge_returned",
    "bridge_bills",
    "bridge_set_offs",
    "bridge_losses",
    "bridge_brought_forward",
    "bridge_doubtful",
    "bridge_other",
)
_MONTHLY = {
    "bridge_invoiced": "invoiced",
    "bridge_credit_notes": "credit_notes",
    "bridge_cash": "cash",
    "bridge_losses": "losses",
}
_LATE = ("late_new", "late_brought_forward", "late_paid", "late_credited", "late_settled_otherwise", "late_lost",
         "late_doubtful_transfer")  # fmt: skip

# How a claim is settled, in the order in which an over-settlement is taken back.
_WAYS = ("paid", "settled_otherwise", "credited", "lost", "transferred")
_WAY_OF = {"cash": "paid", "credit_note": "credited", "write_off": "lost", "to_doubtful": "transferred"}
_ORIGINS = ("open", "new", "opening", "transfer")
_SUMS = ("amount", "rest", *_WAYS, "cured")


# ---------------------------------------------------------------- the outstanding


def outstanding_bridge(
    ledger: Ledger, as_of: str | date, since: str | date | None = None, currency: str | None = None
) -> pd.DataFrame:
    """What made the outstanding change between two dates (rule BRIDGE).

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        Closing date.
    since : date or str, optional
        Opening date, end of day; default: the month-end before `as_of`.
    currency : str, optional
        Needed when several currencies have no amount in the books' currency.

    Returns
    -------
    pandas.DataFrame
        `line` (label key), `currency`, `balance` (incl. VAT, signed as it
        moves the outstanding), `count` (items booked, rows of settlement; NaN
        for balances). Lines: `bridge_opening`, `bridge_invoiced` (down
        payments included), `bridge_credit_notes`, `bridge_cash`,
        `bridge_returned` (payments returned by the bank), `bridge_bills`
        (moved to 413), `bridge_set_offs`, `bridge_losses`,
        `bridge_brought_forward` (opening items booked in between),
        `bridge_doubtful` (claims opened on 416 less those that left 411),
        `bridge_other`, `bridge_closing`, `bridge_gap`. A nil movement is left
        out, except the four usual ones. No row where the source lists open
        items only: what was paid is not known.

    Raises
    ------
    InputError
        If `since` is not before `as_of`, or amounts are unknown in the
        currency asked for.

    Notes
    -----
    Opening + movements = closing (invoiced, credited, received, lost). Both
    balances are computed apart from the movements, so `bridge_gap` (closing -
    opening - movements) is a check and must be 0.00. Cash counts on the day
    received, whether allocated or not; an allocation alone moves nothing. The
    two halves of a linked credit note cancel out and count once, as an item.

    Examples
    --------
    Why did the outstanding rise in June?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> bridge = cm.outstanding_bridge(ledger, "2026-06-30").set_index("line")["balance"]
    >>> float(bridge["bridge_closing"]), float(bridge["bridge_gap"])
    (1464352.61, 0.0)
    """
    columns = ["line", "currency", "balance", "count"]
    at, start = _period(as_of, since)
    if not ledger.complete_sales:
        return _empty(columns, text=("line", "currency"))
    unit = unit_of(ledger, currency)
    flows = _flows(ledger, start, at, unit).groupby("line")[["cents", "count"]].sum()
    opening, closing = (round(100 * amount) for amount in balances(ledger, [start, at], unit))
    rows = [("bridge_opening", opening, float("nan"))]
    for line, (cents, count) in flows.reindex(list(_BRIDGE), fill_value=0).iterrows():
        if cents or line in _ALWAYS:
            rows.append((str(line), int(cents), float(max(count, 0))))
    rows.append(("bridge_closing", closing, float("nan")))
    rows.append(("bridge_gap", closing - opening - int(flows["cents"].sum()), float("nan")))
    table = pd.DataFrame(rows, columns=["line", "balance", "count"]).assign(currency=unit[1])
    table["balance"] = table["balance"] / 100
    return table[columns]


def bridge_by_month(ledger: Ledger, as_of: str | date, months: int = 12, currency: str | None = None) -> pd.DataFrame:
    """The bridge of the outstanding month by month (rule BRIDGE).

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        Last date; the others are the month-ends before it.
    months : int, default 12
    currency : str, optional
        See :func:`outstanding_bridge`.

    Returns
    -------
    pandas.DataFrame, one row per month, oldest first
        `date` (its end), `opening_balance`, `invoiced`, `credit_notes`,
        `cash`, `losses`, `other_movements` (returned payments, bills,
        set-offs, items brought forward, transfers), `closing_balance`: signed
        as they move the outstanding, incl. VAT. Months before the first entry
        of the ledger are left out: their balances are unknown, not nil.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> table = cm.bridge_by_month(ledger, "2026-06-30")
    >>> len(table), float(table["closing_balance"].iloc[-1])
    (12, 1464352.61)
    """
    moves = [*_MONTHLY.values(), "other_movements"]
    columns = ["date", "opening_balance", *moves, "closing_balance"]
    dates = _dates(as_of, months)
    if not ledger.complete_sales:
        return _empty(columns)
    dates = _known_dates(ledger, dates)
    if len(dates) < 2:
        return _empty(columns)
    unit = unit_of(ledger, currency)
    flows = _flows(ledger, dates[0], dates[-1], unit)
    flows["column"] = flows["line"].map(_MONTHLY).fillna("other_movements")
    table = _by_month(flows, "column", moves, dates[1:])
    owed = balances(ledger, dates, unit)
    table.insert(0, "date", dates[1:])
    table.insert(1, "opening_balance", owed[:-1])
    table["closing_balance"] = owed[1:]
    return table.astype({"date": "datetime64[us]"})[columns]


@remembered
def _flows(ledger: Ledger, after: datetime, until: datetime, unit: tuple[str, str]) -> pd.DataFrame:
    """What moved the outstanding, by month and line: `month` (12 x year + month), `line`, `cents`, `count`."""
    invoices, settlements = tables_of(ledger)
    parts = []
    for table, when, lines, sign in (
        (invoices, "booking_date", _ITEM_LINES, 1),
        (settlements, "payment_date", _SETTLEMENT_LINES, -1),
    ):
        # A credit that is used up has two rows, +x and -x: they count once, with the item it is.
        used_up = nw.col("kind").is_in(["credit_note", "other"]) & (nw.col("cents") < 0)
        counts = nw.lit(1) if sign > 0 else nw.when(used_up).then(nw.lit(-1)).otherwise(nw.lit(1))
        sums = (
            in_unit(table, unit)
            .filter((nw.col(when) > after) & (nw.col(when) <= until))
            .with_columns(month=month_number(when), one=counts)
            .group_by("month", "kind")
            .agg(cents=nw.col(unit[0]).sum(), count=nw.col("one").sum())
        )
        part = collect(sums)
        part["line"] = part["kind"].map(lines).fillna("bridge_other")
        part["cents"] = sign * part["cents"].fillna(0).astype("int64")
        if sign < 0 and "bridge_doubtful" in part["line"].values:  # counted as the claims they become
            part.loc[part["line"] == "bridge_doubtful", "count"] = 0
        parts.append(part)
    types = {"month": "int64", "cents": "int64", "count": "int64"}
    return pd.concat(parts, ignore_index=True)[["month", "line", "cents", "count"]].astype(types)


def _by_month(rows: pd.DataFrame, column: str, names: Iterable[str], ends: Sequence[datetime]) -> pd.DataFrame:
    """`cents` of `rows` summed by month, one column per name, in units of the currency."""
    table = rows.pivot_table(index="month", columns=column, values="cents", aggfunc="sum", fill_value=0)
    table = table.reindex(index=[12 * end.year + end.month for end in ends], columns=list(names), fill_value=0)
    return (table.astype("int64") / 100).reset_index(drop=True).rename_axis(columns=None)


# ---------------------------------------------------------------- where each bucket went


def migration_matrix(
    ledger: Ledger,
    as_of: str | date,
    months: int = 1,
    buckets: Sequence[int] = BUCKETS,
    currency: str | None = None,
    rates: bool = True,
) -> pd.DataFrame:
    """What each bucket became a month later (matrice de passage, rule ROLL, item form).

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        End of the last step; the steps before it go from month-end to
        month-end.
    months : int, default 1
        Steps whose amounts are added up: an average weighted by amounts.
    buckets : sequence of int, default (30, 60, 90, 120)
        Upper bounds, in days overdue.
    currency : str, optional
        See :func:`outstanding_bridge`.
    rates : bool, default True
        Divide each row by its sum: fractions that add up to 1, NaN where a
        row holds nothing. False: amounts incl. VAT.

    Returns
    -------
    pandas.DataFrame, one row per state at the start of a step
        `from_state`: `not_due`, the buckets, `unknown_age`, `disputed`,
        `doubtful`, `new` (booked during the step). Columns: `paid`,
        `credited`, `settled_otherwise` (bill, set-off, other), `lost`, then
        the same states at the end of the step, `total` (amount of the row,
        whatever `rates`). A state of which the source says nothing
        (``ledger.silent``) is left out. No row where the source lists open
        items only.

    Notes
    -----
    Claims alone: items whose open amount is positive; credits and unallocated
    receipts have no bucket. Doubtful goes before disputed, disputed before
    the bucket. A claim is settled on its allocation date (rule AGE-ALLOC).
    What exceeds the open amount (paid twice) is taken back from what was
    paid, so that a row adds up to what was open. A claim moved from 411 to
    416 goes from its bucket to `doubtful`: the transferred item starts from
    the bucket of its own due date, as does one brought forward. A credit
    balance that becomes a claim again counts as new.

    Examples
    --------
    Of what was 1 to 30 days late at the end of May, how much was paid in June?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> matrix = cm.migration_matrix(ledger, "2026-06-30").set_index("from_state")
    >>> bool(0 < matrix.loc["d1_30", "paid"] < 1)
    True
    """
    states = _bucket_states(buckets)
    states += [name for name in ("disputed", "doubtful") if name not in ledger.silent]
    outcomes = ["paid", "credited", "settled_otherwise", "lost", *states]
    columns = ["from_state", *outcomes, "total"]
    dates = _dates(as_of, months)
    if not ledger.complete_sales:
        return _empty(columns, text=("from_state",))
    unit = unit_of(ledger, currency)
    moves = _what_became(ledger, dates, unit, tuple(buckets))
    known = moves["origin"] != "new"
    moves["from_state"] = _state(moves, "0", ledger.silent).where(known, "new")
    moves["to_state"] = _state(moves, "1", ledger.silent)
    settled = moves.groupby("from_state")[outcomes[:4]].sum()
    still = moves.pivot_table(index="from_state", columns="to_state", values="rest", aggfunc="sum", fill_value=0)
    table = pd.concat([settled, still], axis=1).reindex(index=[*states, "new"], columns=outcomes, fill_value=0)
    table = table.fillna(0).astype("int64") / 100
    total = table.sum(axis=1).round(2)
    if rates:
        table = table.div(total.where(total != 0), axis=0)
    return table.assign(total=total).rename_axis(index="from_state", columns=None).reset_index()[columns]


def roll_rates(
    ledger: Ledger,
    as_of: str | date,
    months: int = 12,
    buckets: Sequence[int] = BUCKETS,
    currency: str | None = None,
) -> pd.DataFrame:
    """Share of each bucket found in the next one a month later (rule ROLL, snapshot form).

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        Last date; the others are the month-ends before it.
    months : int, default 12
        Number of monthly steps.
    buckets : sequence of int, default (30, 60, 90, 120)
        Upper bounds, each bucket one month wide.
    currency : str, optional
        See :func:`outstanding_bridge`.

    Returns
    -------
    pandas.DataFrame, one row per bucket
        `from_state`, `to_state`, `roll_rate` (average of the steps weighted
        by the balance they start from), `roll_lowest`, `roll_highest` (of one
        step), `steps` (steps that start from a balance), `capped` (steps
        whose ratio exceeded 100 % and counts as 100 %), `reason` (message key
        where there is no rate). No row where the source lists open items
        only.

    Raises
    ------
    InputError
        If a bucket is not 28 to 31 days wide.

    Notes
    -----
    Rate of one step = balance of bucket b + 1 at its end / balance of bucket
    b at its start, both gross, disputed and doubtful included. It takes for
    granted that a bucket holds only what was in the one before a month
    earlier, which fails when invoices are booked late and because months have
    28 to 31 days; `capped` shows it. The last bucket has no bound: it piles
    up, so no rate leads to it. :func:`migration_matrix` follows the items and
    has none of these faults.

    Examples
    --------
    How much of what is not due ends up late?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> rolls = cm.roll_rates(ledger, "2026-06-30", months=3).set_index("from_state")
    >>> bool(0 < rolls.loc["not_due", "roll_rate"] < 1)
    True
    """
    names = _bucket_states(buckets)[:-1]
    if any(not 28 <= high - low <= 31 for low, high in pairwise((0, *buckets))):
        raise InputError([Defect("roll_buckets", "fatal", value=str(tuple(buckets)))])
    columns = ["from_state", "to_state", "roll_rate", "roll_lowest", "roll_highest", "steps", "capped", "reason"]
    dates = _dates(as_of, months)
    if not ledger.complete_sales:
        return _empty(columns, text=("from_state", "to_state", "reason"))
    unit = unit_of(ledger, currency)
    moves = _what_became(ledger, dates, unit, tuple(buckets))
    starts, ends = (
        rows.pivot_table(index="step", columns=bucket, values=value, aggfunc="sum", fill_value=0).reindex(
            index=range(1, len(dates)), columns=names, fill_value=0
        )
        for rows, bucket, value in ((moves[moves["origin"] == "open"], "bucket0", "amount"), (moves, "bucket1", "rest"))
    )
    rows = []
    for low, high in pairwise(names):
        rows.append({"from_state": low, "to_state": high, **_roll(starts[low], ends[high], high == names[-1])})
    types = dict.fromkeys(("roll_rate", "roll_lowest", "roll_highest"), "float64")
    return pd.DataFrame(rows, columns=columns).astype(types)


def _roll(start: pd.Series, end: pd.Series, open_ended: bool) -> dict[str, Any]:
    """One row of :func:`roll_rates` from the balances at the start and the end of each step."""
    some = start > 0
    steps = int(some.sum())
    if open_ended or not steps:
        return {"steps": steps, "capped": 0, "reason": "roll_open_ended" if open_ended else "no_outstanding"}
    start, end = start[some], end[some]
    counted = end.where(end <= start, start)
    rates = counted / start
    found = {"roll_rate": counted.sum() / start.sum(), "roll_lowest": rates.min(), "roll_highest": rates.max()}
    return {**found, "steps": steps, "capped": int((end > start).sum()), "reason": None}


# ---------------------------------------------------------------- what became late


def overdue_movements(
    ledger: Ledger, as_of: str | date, since: str | date | None = None, currency: str | None = None
) -> pd.DataFrame:
    """What became late, and what became of what was late, between two dates (rule LATE-MOVES).

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        Closing date.
    since : date or str, optional
        Opening date, end of day; default: the month-end before `as_of`.
    currency : str, optional
        See :func:`outstanding_bridge`.

    Returns
    -------
    pandas.DataFrame
        `line` (label key), `currency`, `balance` (incl. VAT, signed as it
        moves the overdue amount), `count` (items). `late_opening` +
        `late_new` (fell due, or booked already late) + `late_brought_forward`
        (opening items; left out where nil) + `late_paid` + `late_credited` +
        `late_settled_otherwise` + `late_lost` + `late_doubtful_transfer` (411
        to 416: nil where the claim keeps its due date) = `late_closing`. Then
        two parts, not additions, positive: `late_cured` (late at the opening,
        wholly settled, nothing lost nor moved to doubtful) and
        `late_aged_further` (still open, in an older bucket). No row where the
        source lists open items only.

    Notes
    -----
    Both ends are the gross overdue amount of :func:`outstanding_by_date`.
    What fell due and was settled between the two dates is on no line: it was
    late at neither. Claims are settled on their allocation date (rule
    AGE-ALLOC); what exceeds the open amount is taken back from what was paid.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> lines = cm.overdue_movements(ledger, "2026-06-30").set_index("line")["balance"]
    >>> parts = lines["late_opening":"late_doubtful_transfer"].sum()
    >>> bool(round(parts, 2) == lines["late_closing"])
    True
    """
    columns = ["line", "currency", "balance", "count"]
    at, start = _period(as_of, since)
    if not ledger.complete_sales:
        return _empty(columns, text=("line", "currency"))
    unit = unit_of(ledger, currency)
    lines = _late_lines(_what_became(ledger, (start, at), unit, BUCKETS))
    found = lines.groupby("line")[["cents", "count"]].sum()
    order = ["late_opening", *_LATE, "late_closing", "late_cured", "late_aged_further"]
    if "late_brought_forward" not in found.index:
        order.remove("late_brought_forward")
    table = found.reindex(order, fill_value=0).reset_index().assign(currency=unit[1])
    table["balance"], table["count"] = table["cents"] / 100, table["count"].astype("int64")
    return table[columns]


def overdue_by_month(ledger: Ledger, as_of: str | date, months: int = 12, currency: str | None = None) -> pd.DataFrame:
    """The movements of the overdue amount month by month (rule LATE-MOVES).

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        Last date; the others are the month-ends before it.
    months : int, default 12
    currency : str, optional
        See :func:`outstanding_bridge`.

    Returns
    -------
    pandas.DataFrame, one row per month, oldest first
        `date` (its end), `opening_balance`, `late_new`, `late_paid`,
        `late_other` (credited, bills, set-offs, lost, transferred, brought
        forward), `closing_balance`: signed as they move the overdue amount,
        incl. VAT; `late_aged_further` (part of the closing balance, in an
        older bucket than a month before); `collected_share` (cash allocated
        to what was late at the opening / that opening; NaN where nothing was
        late). Months before the first entry of the ledger are left out.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> table = cm.overdue_by_month(ledger, "2026-06-30", months=3)
    >>> bool(table["collected_share"].between(0, 1).all())
    True
    """
    columns = ["date", "opening_balance", "late_new", "late_paid", "late_other", "closing_balance",
               "late_aged_further", "collected_share"]  # fmt: skip
    dates = _dates(as_of, months)
    if not ledger.complete_sales:
        return _empty(columns)
    dates = _known_dates(ledger, dates)
    if len(dates) < 2:
        return _empty(columns)
    unit = unit_of(ledger, currency)
    lines = _late_lines(_what_became(ledger, dates, unit, BUCKETS))
    table = lines.pivot_table(index="step", columns="line", values="cents", aggfunc="sum", fill_value=0)
    names = ["late_opening", *_LATE, "late_closing", "late_aged_further"]
    table = table.reindex(index=range(1, len(dates)), columns=names, fill_value=0).astype("int64") / 100
    others = [name for name in _LATE if name not in ("late_new", "late_paid")]
    table["late_other"] = table[others].sum(axis=1).round(2) + 0.0
    table["collected_share"] = -table["late_paid"] / table["late_opening"].where(table["late_opening"] > 0) + 0.0
    table["date"] = pd.Series(dates[1:], index=table.index, dtype="datetime64[us]")
    ends = {"late_opening": "opening_balance", "late_closing": "closing_balance"}
    return table.rename(columns=ends).reset_index(drop=True).rename_axis(columns=None)[columns]


def _late_lines(moves: pd.DataFrame) -> pd.DataFrame:
    """Lines of :func:`overdue_movements` for each step (by BUCKETS): `step`, `line`, `cents`, `count`."""
    late = set(late_columns(_bucket_states(BUCKETS)))
    before, after = (moves[f"bucket{end}"].isin(late) for end in "01")
    known = moves["origin"].isin(["open", "transfer", "opening"]) & before
    opening = known & (moves["origin"] == "open")
    aged = known & (moves["rank1"] > moves["rank0"])
    parts = [
        ("late_opening", opening, "amount", 1),
        ("late_new", ~known & after, "rest", 1),
        ("late_brought_forward", known & (moves["origin"] == "opening"), "amount", 1),
        ("late_paid", known, "paid", -1),
        ("late_credited", known, "credited", -1),
        ("late_settled_otherwise", known, "settled_otherwise", -1),
        ("late_lost", known, "lost", -1),
        ("late_doubtful_transfer", known, "transferred", -1),
        ("late_doubtful_transfer", known & (moves["origin"] == "transfer"), "amount", 1),
        ("late_closing", after, "rest", 1),
        ("late_cured", known, "cured", 1),
        ("late_aged_further", aged, "rest", 1),
    ]
    values = {name: column.to_numpy() for name, column in moves.items()}
    lines: list[str] = []
    found = []
    for line, rows, name, sign in parts:
        cents, count = sign * values[name], values[f"n_{name}"]
        if line == "late_doubtful_transfer" and name == "transferred":  # counted as the claims they become
            count = 0 * count
        kept = rows.to_numpy() & ((cents != 0) | (count != 0))
        found.append((values["step"][kept], cents[kept], count[kept]))
        lines += [line] * int(kept.sum())
    step, cents, count = (np.concatenate(column).astype("int64") for column in zip(*found))
    return pd.DataFrame({"step": step, "line": pd.Series(lines, dtype="str"), "cents": cents, "count": count})


# ---------------------------------------------------------------- doubtful claims


def doubtful_movements(
    ledger: Ledger, as_of: str | date, months: int = 12, currency: str | None = None
) -> pd.DataFrame:
    """What entered and left the doubtful claims, month by month, and the loss event rate (rule SIN).

    Parameters
    ----------
    ledger : Ledger
        Doubtful: from `doubtful_from`; in a FEC, what stands on account 416.
    as_of : date or str
        Last date; the others are the month-ends before it.
    months : int, default 12
    currency : str, optional
        See :func:`outstanding_bridge`.

    Returns
    -------
    pandas.DataFrame, one row per month, oldest first
        `date` (its end), `opening_balance`, `doubtful_brought_forward`
        (opening items), `doubtful_in`, `doubtful_paid`, `doubtful_lost`,
        `doubtful_out` (credited, set off, back to normal), `closing_balance`:
        incl. VAT, signed as they move the doubtful claims; `sales` (incl.
        VAT, issued in the month and known at its end), `loss_event_rate`
        (doubtful_in / sales), `loss_rate` (all that was written off in the
        month / sales); NaN where nothing was sold. No row where the source
        lists open items only or says nothing of doubtful claims; months
        before the first entry of the ledger are left out.

    Notes
    -----
    A claim enters with what is open at the end of the day on which it becomes
    doubtful; what is allocated later is paid, lost or out. Receipts not
    allocated to a doubtful claim are in no column. loss_event_rate: claims
    that entered / sales of the period, same VAT basis
    (https://formation-compta-tpe.fr/mesure-sinistralite-clients/). loss_rate:
    exact formula UNCONFIRMED; here losses incl. VAT, on the day booked and
    doubtful before or not, over sales incl. VAT. One month is short for
    either: read them over a year. An invoice booked after the month in which
    it was issued stands in no month's `sales`: over a year take those of
    :func:`cmtools.dso`.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> table = cm.doubtful_movements(ledger, "2026-06-30").set_index("date")
    >>> bool(table.loc["2026-01-31", "doubtful_in"] > 0)
    True
    """
    moves = ["doubtful_brought_forward", "doubtful_in", "doubtful_paid", "doubtful_lost", "doubtful_out"]
    columns = ["date", "opening_balance", *moves, "closing_balance", "sales", "loss_event_rate", "loss_rate"]
    dates = _dates(as_of, months)
    if not ledger.complete_sales or "doubtful" in ledger.silent:
        return _empty(columns)
    dates = _known_dates(ledger, dates)
    if len(dates) < 2:
        return _empty(columns)
    unit = unit_of(ledger, currency)
    flows = doubtful_moves(ledger, dates[-1], unit)
    first = 12 * dates[0].year + dates[0].month
    table = _by_month(flows, "column", moves, dates[1:])
    before = int(flows.loc[flows["month"] <= first, "cents"].sum()) / 100
    closing = (before + table.sum(axis=1).cumsum()).round(2) + 0.0
    table["opening_balance"] = [before, *closing.iloc[:-1]]
    table["closing_balance"] = closing
    table["date"] = pd.Series(dates[1:], dtype="datetime64[us]")
    table["sales"] = _by_month(_sold(ledger, dates[-1], unit), "column", ["sales"], dates[1:])["sales"]
    all_flows = _flows(ledger, dates[0], dates[-1], unit)
    lost = -_by_month(all_flows, "line", ["bridge_losses"], dates[1:])["bridge_losses"] + 0.0
    sales = table["sales"].where(table["sales"] > 0)
    return table.assign(loss_event_rate=table["doubtful_in"] / sales, loss_rate=lost / sales)[columns]


def doubtful_moves(ledger: Ledger, at: datetime, unit: tuple[str, str]) -> pd.DataFrame:
    """Movements of the doubtful claims: `month` (12 x year + month), `column`, `cents`."""
    invoices, moves = _items(ledger, unit), item_moves(ledger, unit)
    late_known = nw.when(nw.col("doubtful_from") > nw.col("booking_date"))
    claims = invoices.filter(~nw.col("doubtful_from").is_null()).with_columns(
        entered=late_known.then(nw.col("doubtful_from")).otherwise(nw.col("booking_date")),
        moved=late_known.then(nw.lit(1)).otherwise(nw.lit(0)),  # it was a healthy claim before
    )
    claims = claims.filter(nw.col("entered") <= at)
    paid = moves.filter(nw.col("on") <= at).join(
        claims.select("item_id", "entered", "moved"), on="item_id", how="inner"
    )
    earlier = (nw.col("moved") == 1) & (nw.col("on") <= nw.col("entered"))
    paid = paid.with_columns(
        earlier=nw.when(earlier).then(nw.lit(1)).otherwise(nw.lit(0)),
        when=nw.when(earlier).then(nw.col("entered")).otherwise(nw.col("on")),
    )
    claims = claims.with_columns(month=month_number("entered"))
    entries = collect(claims.group_by("month", "kind", "moved").agg(cents=nw.col("value").sum()))
    forward = (entries["kind"] == "opening") & (entries["moved"] == 0)
    entries["column"] = forward.map({True: "doubtful_brought_forward", False: "doubtful_in"})
    exits = collect(
        paid.with_columns(month=month_number("when")).group_by("month", "way", "earlier").agg(nw.col("value").sum())
    )
    ways = {"paid": "doubtful_paid", "lost": "doubtful_lost"}
    exits["column"] = exits["way"].map(ways).fillna("doubtful_out").where(exits["earlier"] == 0, "doubtful_in")
    exits["cents"] = -exits["value"].fillna(0)
    both = pd.concat([entries, exits], ignore_index=True)[["month", "column", "cents"]]
    return both.astype({"month": "int64", "cents": "int64"})


def _sold(ledger: Ledger, at: datetime, unit: tuple[str, str]) -> pd.DataFrame:
    """Sales by month of issue, as known at its end: `month`, `column`, `cents`."""
    invoices = in_unit(tables_of(ledger)[0], unit).filter(
        nw.col("kind").is_in(SALES_KINDS) & (nw.col("booking_date") <= at) & (nw.col("issue_date") <= at)
    )
    invoices = invoices.with_columns(month=month_number("issue_date"), booked=month_number("booking_date"))
    sums = invoices.filter(nw.col("booked") <= nw.col("month")).group_by("month").agg(cents=nw.col(unit[0]).sum())
    return collect(sums).astype({"month": "int64", "cents": "int64"}).assign(column="sales")


# ---------------------------------------------------------------- what became of each claim


def _what_became(
    ledger: Ledger, dates: Sequence[datetime], unit: tuple[str, str], buckets: tuple[int, ...]
) -> pd.DataFrame:
    """From each date to the next, what became of the claims, summed by where they stood at both ends.

    One row per `step` (1 for the first), `origin` (open at the start, new,
    opening: brought forward, transfer: opened on 416), state at the start
    (`bucket0`, `disputed0`, `doubtful0`) and at the end (`bucket1`, ...).
    In cents: `amount` (open at the start, or booked) = `paid` + `credited` +
    `settled_otherwise` + `lost` + `transferred` + `rest` (open at the end);
    `cured`: the amount where wholly settled without loss or transfer. `n_`
    and such a name: number of items. Claims only: `amount` or `rest` positive.

    A prepared ledger is asked a step once.
    """
    known = answers_of(ledger)
    known = {} if known is None else known
    asked = [("became", ends, unit, buckets) for ends in pairwise(dates)]
    missing = [key for key in asked if key not in known]
    if missing:
        found = _became(ledger, [key[1] for key in missing], unit, buckets)
        known.update({key: found[found["step"] == step] for step, key in enumerate(missing, start=1)})
    return pd.concat([known[key].assign(step=step) for step, key in enumerate(asked, start=1)], ignore_index=True)


def _became(
    ledger: Ledger, ends: Sequence[tuple[datetime, datetime]], unit: tuple[str, str], buckets: Sequence[int]
) -> pd.DataFrame:
    """The query of :func:`_what_became`."""
    items, moves = _items(ledger, unit), item_moves(ledger, unit)
    names = _bucket_states(buckets)
    dated = ("booking_date", "issue_date", "due_date", "dispute_from", "dispute_until", "doubtful_from")
    items = items.with_columns(**{f"{name}_day": day_number(name) for name in dated})
    nil = nw.lit(0)
    claims = _without_excess(_claims(ledger, items, moves, ends))
    whole = (nw.col("rest") == 0) & (nw.col("lost") == 0) & (nw.col("transferred") == 0)
    claims = claims.with_columns(
        cured=nw.when(whole).then(nw.col("amount")).otherwise(nil),
        origin=_origin(),
        state0=_state_code("start", buckets),
        state1=_state_code("end", buckets),
    )
    counts = {f"n_{name}": nw.when(nw.col(name) != 0).then(nw.lit(1)).otherwise(nil) for name in _SUMS}
    columns = [*_SUMS, *counts]
    sums = claims.with_columns(**counts).group_by("step", "origin", "state0", "state1")
    table = collect(sums.agg(*[nw.col(name).sum() for name in columns])).fillna(0).astype("int64")
    for end in "01":
        code = table[f"state{end}"]
        table[f"rank{end}"] = code % len(names)
        table[f"bucket{end}"] = table[f"rank{end}"].map(dict(enumerate(names)))
        table[f"disputed{end}"] = code // len(names) % 2 == 1
        table[f"doubtful{end}"] = code // len(names) // 2 == 1
    table["origin"] = table["origin"].map(dict(enumerate(_ORIGINS)))
    return table.sort_values(["step", "origin", "state0", "state1"], ignore_index=True)


def _claims(ledger: Ledger, items: Any, moves: Any, ends: Sequence[tuple[datetime, datetime]]) -> Any:
    """Items that are claims at one end of a step: `base` at the start or as booked, what settled it, `left`."""
    whole = moves.group_by("item_id").agg(settled=nw.col("value").sum(), last=nw.col("on_day").max())
    items = items.join(whole, on="item_id", how="left")
    closed = nw.when(nw.col("value") == nw.col("settled")).then(nw.col("last")).otherwise(nw.lit(NEVER))
    items = worked_out(ledger, items.with_columns(closed_day=closed))
    days = [(day_of(start), day_of(end)) for start, end in ends]
    steps = [
        items.filter((nw.col("booking_date_day") <= end) & (nw.col("closed_day") > start))
        .with_columns(step=nw.lit(step), start=nw.lit(start), end=nw.lit(end))
        for step, (start, end) in enumerate(days, start=1)
    ]  # fmt: skip
    claims = worked_out(ledger, nw.concat(steps, how="vertical"))
    settled = claims.select("item_id", "step", "start", "end").join(moves, on="item_id", how="inner")
    settled = settled.filter(nw.col("on_day") <= nw.col("end"))
    value, earlier, nil = nw.col("value"), nw.col("on_day") <= nw.col("start"), nw.lit(0)
    parts = {way: nw.when(~earlier & (nw.col("way") == way)).then(value).otherwise(nil) for way in _WAYS}
    parts |= {"before": nw.when(earlier).then(value).otherwise(nil), "now": nw.when(earlier).then(nil).otherwise(value)}
    sums = settled.with_columns(**parts).group_by("item_id", "step").agg(*[nw.col(name).sum() for name in parts])
    claims = claims.join(sums, on=["item_id", "step"], how="left")
    base = value - nw.col("before").fill_null(0).cast(nw.Int64)
    claims = claims.with_columns(base=base, left=base - nw.col("now").fill_null(0).cast(nw.Int64))
    return claims.filter((nw.col("base") > 0) | (nw.col("left") > 0))


def _without_excess(claims: Any) -> Any:
    """Add `amount` and `rest`; what was settled beyond the open amount is taken back, from cash first.

    A credit that became a claim (a refund, a credit note used twice) counts
    with what is open at the end.
    """
    excess = nw.when(nw.col("left") < 0).then(-nw.col("left")).otherwise(nw.lit(0))
    claims = claims.with_columns(*[nw.col(way).fill_null(0).cast(nw.Int64) for way in _WAYS], excess=excess)
    for way in _WAYS:
        had = nw.when(nw.col(way) > 0).then(nw.col(way)).otherwise(nw.lit(0))
        less = nw.when(had < nw.col("excess")).then(had).otherwise(nw.col("excess"))
        claims = claims.with_columns(less=less)
        claims = claims.with_columns(**{way: nw.col(way) - nw.col("less")}, excess=nw.col("excess") - nw.col("less"))
    is_claim = nw.col("base") > 0
    rest = nw.when(nw.col("left") > 0).then(nw.col("left")).otherwise(nw.lit(0))
    return claims.with_columns(
        amount=nw.when(is_claim).then(nw.col("base")).otherwise(rest),
        rest=rest,
        **{way: nw.when(is_claim).then(nw.col(way)).otherwise(nw.lit(0)) for way in _WAYS},
    )


def _origin() -> nw.Expr:
    """Position in _ORIGINS: what was brought forward or transferred was a claim before, unless issued since."""
    kind, new = nw.col("kind"), nw.lit(1)
    transfer = nw.when(kind == "doubtful").then(nw.lit(3)).otherwise(new)
    inherited = nw.when(kind == "opening").then(nw.lit(2)).otherwise(transfer)
    inherited = nw.when(nw.col("issue_date_day") > nw.col("start")).then(new).otherwise(inherited)
    stood = nw.when(nw.col("booking_date_day") <= nw.col("start")).then(nw.lit(0)).otherwise(inherited)
    return nw.when(nw.col("base") > 0).then(stood).otherwise(new)


def _state_code(at: str, buckets: Sequence[int]) -> nw.Expr:
    """Bucket at a day, by position in `_bucket_states`, plus their number if disputed, twice if doubtful."""
    day, due = nw.col(at), nw.col("due_date_day")
    known = len(buckets) + 2  # not due and the buckets; what has no due date meets no condition below
    code = nw.when(nw.col("retention")).then(nw.lit(0)).otherwise(nw.lit(known))
    code = nw.when(due < day - buckets[-1]).then(nw.lit(known - 1)).otherwise(code)
    for position, bound in reversed(list(enumerate((0, *buckets)))):
        code = nw.when(due >= day - bound).then(nw.lit(position)).otherwise(code)
    closed = nw.when(nw.col("dispute_until_day") <= day).then(nw.lit(0)).otherwise(nw.lit(known + 1))
    disputed = nw.when(nw.col("dispute_from_day") <= day).then(closed).otherwise(nw.lit(0))
    doubtful = nw.when(nw.col("doubtful_from_day") <= day).then(nw.lit(2 * (known + 1))).otherwise(nw.lit(0))
    return code + disputed + doubtful


def _state(moves: pd.DataFrame, end: str, silent: Sequence[str]) -> pd.Series:
    """Name of the state at one end of a step: doubtful before disputed before the bucket."""
    state = moves[f"bucket{end}"]
    for name in ("disputed", "doubtful"):
        if name not in silent:
            state = state.where(~moves[f"{name}{end}"].astype(bool), name)
    return state


def _items(ledger: Ledger, unit: tuple[str, str]) -> Any:
    """Items in one currency, with what tells their state; `value` in cents."""
    dates = ["booking_date", "issue_date", "due_date", "dispute_from", "dispute_until", "doubtful_from"]
    return in_unit(tables_of(ledger)[0], unit).select("item_id", "kind", "retention", *dates, value=nw.col(unit[0]))


@held
def item_moves(ledger: Ledger, unit: tuple[str, str]) -> Any:
    """Settlements of items: `item_id`, `way` (of _WAYS), `value` in cents, `on`: when the item is reduced, `on_day`."""
    invoices, settlements = tables_of(ledger)
    booked = in_unit(invoices, unit).select("item_id", "booking_date")
    moves = settlements.filter(~nw.col("allocation_date").is_null()).select(
        "item_id", "kind", "payment_date", on=nw.col("allocation_date"), value=nw.col(unit[0])
    )
    moves = moves.join(booked, on="item_id", how="inner")
    for earliest in ("payment_date", "booking_date"):  # never before it is paid, nor before the item stands
        moves = moves.with_columns(
            on=nw.when(nw.col(earliest) > nw.col("on")).then(nw.col(earliest)).otherwise(nw.col("on"))
        )
    way: nw.Expr = nw.lit("settled_otherwise")
    for kind, name in _WAY_OF.items():
        way = nw.when(nw.col("kind") == kind).then(nw.lit(name)).otherwise(way)
    return moves.select("item_id", "value", "on", way=way, on_day=day_number("on"))


# ---------------------------------------------------------------- dates, units, empty tables


def _period(as_of: str | date, since: str | date | None) -> tuple[datetime, datetime]:
    """Closing and opening date."""
    at = as_day(as_of)
    start = month_ends(at, 2)[1] if since is None else as_day(since, "since")
    if start >= at:
        details = {"expected": f"{at:%d/%m/%Y}"}
        raise InputError([Defect("since_not_before", "fatal", "", None, "since", f"{start:%d/%m/%Y}", details)])
    return at, start


def _dates(as_of: str | date, months: int) -> list[datetime]:
    """The dates of monthly steps, oldest first."""
    check_months(months)
    return month_ends(as_day(as_of), months + 1)[::-1]


def _known_dates(ledger: Ledger, dates: Sequence[datetime]) -> list[datetime]:
    """Those of the dates that end a month of the ledger, and the one before them."""
    first = first_day(ledger, dates[-1])
    kept = [position for position, day in enumerate(dates) if first and day >= first]
    return list(dates[max(kept[0] - 1, 0) :]) if kept else []


def month_number(column: str) -> nw.Expr:
    """12 x year + month: consecutive numbers for months."""
    when = nw.col(column).dt
    return 12 * when.year().cast(nw.Int64) + when.month().cast(nw.Int64)


def _bucket_states(buckets: Sequence[int]) -> list[str]:
    """Where a claim may stand by its due date, in order of age."""
    return [name for name in bucket_names(buckets) if name != "unallocated"]


def _empty(columns: Sequence[str], text: Sequence[str] = ()) -> pd.DataFrame:
    """A table without rows, its columns typed."""
    types = {name: "str" if name in text else "datetime64[us]" if name == "date" else "float64" for name in columns}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})
