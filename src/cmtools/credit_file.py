"""The credit file of one customer: what the ledger, the accounts and the outside world say of it.

Each part takes tables and gives tables; any of the three sources may be missing, and
what then cannot be told is said with its reason. Sums are those of
:mod:`cmtools.receivables` and :mod:`cmtools.collection` on the customer's own ledger.
Rules of the findings stand in ``reference/findings.csv``, the boards of the triptych in
``reference/triptych.csv``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple

import narwhals as nw
import pandas as pd

from cmtools import grids, rating, scoring
from cmtools.collection import late_payment_rate, payment_delays, payments_by_month
from cmtools.exposure import customer_table, disputes_by_cause
from cmtools.external import External, Facts, facts, shown
from cmtools.financial_ratios import NIL, catalogue, ratios, total_of
from cmtools.follow_up import exposure, exposure_parts
from cmtools.formulas import Formula, evaluate, note_texts, unknown_lines
from cmtools.frames import collect, first_booking, in_pandas, in_polars, month_ends, tables_of, unit_of, year_before
from cmtools.grids import Grid
from cmtools.language import day, integer, label, message, money, number, percent, resolve
from cmtools.lines import Statements, controls
from cmtools.rating import Rating
from cmtools.receivables import (
    aged_balance,
    in_book_currency,
    known_month_ends,
    open_items,
    outstanding_by_date,
)
from cmtools.schemas import SALES_KINDS, Defect, InputError, Ledger, as_day
from cmtools.settings import reference_rows
from cmtools.statements import BROKEN, annualise, caf, functional_balance, sig

MONTHS = 12
YEARS = 3  # of the triptych
OLD_ACCOUNTS = 18  # months, receivables.md section 9: CHOICE
LEDGER_BEGINS = 92  # days: a first invoice so close to the first of all may follow older ones; CHOICE
GAP = 20  # days by which a financial year may begin away from the end of the one before
FOLLOWING_DEBT = 0.10  # growth of sales above which its financing is looked at; CHOICE
GOOD_MARK, FAIR_MARK = 0.7, 0.4  # share of an agency's scale read as good, average; CHOICE
SIDES = ("alert", "weakness", "strength")


# ---------------------------------------------------------------- one customer's tables


def ledger_of(ledger: Ledger, customer_id: str, *, group: bool = False) -> Ledger:
    """The ledger of one customer, or of all members of its group.

    Parameters
    ----------
    ledger : Ledger
    customer_id : str
    group : bool
        True: every customer of the same group; without a group, itself.

    Returns
    -------
    Ledger
        Same kind of tables; what was open on a date is the customer's line of
        the whole aged balance, since a receipt and its item have one customer.

    Raises
    ------
    InputError
        If the ledger has no such customer.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> ledger_of(ledger, "000106", group=True).customers["customer_id"].tolist()
    ['000102', '000106', '000108']
    """
    members = _members(ledger, customer_id) if group else [customer_id]
    _check_known(ledger, customer_id)
    mine = nw.col("customer_id").is_in(members)
    parts: dict[str, Any] = {}
    for name in ("invoices", "settlements", "customers", "accounts"):
        frame = getattr(ledger, name)
        parts[name] = None if frame is None else nw.from_native(frame).filter(mine).to_native()
    return replace(ledger, **parts)


def _own(ledger: Ledger, customer_id: str) -> Ledger:
    """The small ledger of one customer on Polars, in which many small sums take least time."""
    mine = ledger_of(ledger, customer_id)
    return in_polars(replace(mine, invoices=in_pandas(mine.invoices), settlements=in_pandas(mine.settlements)))


def has_customer(ledger: Ledger | None, customer_id: str) -> bool:
    """Whether a ledger knows a customer."""
    if ledger is None:
        return False
    tables = (ledger.customers, ledger.invoices, ledger.settlements)
    rows = (nw.from_native(table).filter(nw.col("customer_id") == customer_id).head(1) for table in tables)
    return any(len(collect(found)) for found in rows)


def _check_known(ledger: Ledger, customer_id: str) -> None:
    if not has_customer(ledger, customer_id):
        raise InputError([Defect("file_unknown_customer", "fatal", value=str(customer_id))])


def _members(ledger: Ledger, customer_id: str) -> list[str]:
    """Customers of the group of one, itself included."""
    frame = nw.from_native(ledger.customers)
    if "group_id" not in frame.collect_schema().names():
        return [customer_id]
    known = collect(frame.select("customer_id", "group_id"))
    group = known.loc[known["customer_id"] == customer_id, "group_id"].dropna()
    name = str(group.iloc[0]) if len(group) else customer_id  # a group may bear the number of a customer
    same = (known["group_id"] == name) | (known["customer_id"] == name)
    return sorted({customer_id, *known.loc[same, "customer_id"]})


def accounts_of(
    statements: Statements | pd.DataFrame | None, company_id: str, as_of: str | date
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Accounts of one company closed by a date, oldest first, and those left out.

    Parameters
    ----------
    statements : Statements, pandas.DataFrame or None
    company_id : str
    as_of : date or str

    Returns
    -------
    tuple of pandas.DataFrame
        The accounts; then `company_id`, `year_end`, `reason` of the others:
        later (closed after the date), undated (no closing date).
    """
    at = pd.Timestamp(as_day(as_of))
    table = statements.table if isinstance(statements, Statements) else statements
    if table is None:
        return pd.DataFrame(columns=["company_id", "year_end"]), pd.DataFrame(columns=_LEFT_OUT)
    mine = table[table["company_id"].astype(str) == company_id]
    ends = pd.to_datetime(mine["year_end"])
    used = mine[ends <= at].assign(year_end=ends[ends <= at]).sort_values("year_end", ignore_index=True)
    others = mine[~(ends <= at)][["company_id", "year_end"]]
    reasons = pd.to_datetime(others["year_end"]).isna().map({True: "undated", False: "later"})
    return used, others.assign(reason=reasons.astype("object")).reset_index(drop=True)


_LEFT_OUT = ["company_id", "year_end", "reason"]


# ---------------------------------------------------------------- identity


def identity(
    customer_id: str,
    as_of: str | date,
    *,
    ledger: Ledger | None = None,
    statements: Statements | pd.DataFrame | None = None,
    external: External | None = None,
    company_id: str | None = None,
) -> pd.DataFrame:
    """Who the customer is, and who says so.

    Parameters
    ----------
    customer_id : str
    as_of : date or str
    ledger, statements, external : optional
        Any of them.
    company_id : str, optional
        Number of the company in the accounts; default: `customer_id`.

    Returns
    -------
    pandas.DataFrame, one row per line in a fixed order
        `line` (customer_id, customer_name, company_name, siren, country,
        group_id, segment, salesperson, collector, contact, terms, founded,
        ownership, management), `value` (text, or a day), `unit` (text, date,
        choice), `origin` (ledger, accounts, external; null: nobody says),
        `status` (given, not_provided).

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> who = identity("000106", "2026-06-30", ledger=ledger).set_index("line")
    >>> who.loc["group_id", "value"], who.loc["founded", "status"]
    ('Groupe Zarvolinque', 'not_provided')
    """
    known = _customer(ledger, customer_id)
    accounts, _ = accounts_of(statements, company_id or customer_id, as_of)
    named = accounts["company_name"].dropna() if "company_name" in accounts else pd.Series(dtype="object")
    said = facts(external, customer_id, as_of)
    found: list[tuple[str, Any, str, str | None]] = [("customer_id", customer_id, "text", "ledger" if known else None)]
    found += [(name, known.get(name), "text", "ledger") for name in _LEDGER_LINES]
    found.insert(2, ("company_name", named.iloc[-1] if len(named) else None, "text", "accounts"))
    found.append(("founded", said.day("founded"), "date", "external"))
    found += [(name, said.value(name), "choice", "external") for name in ("ownership", "management")]
    rows = [
        (line, value, unit, origin if value is not None else None, "not_provided" if value is None else "given")
        for line, value, unit, origin in found
    ]
    table = pd.DataFrame(rows, columns=["line", "value", "unit", "origin", "status"], dtype="object")
    return table.where(table.notna(), None)


_LEDGER_LINES = (
    "customer_name", "siren", "country", "group_id", "segment", "salesperson", "collector", "contact", "terms",
)  # fmt: skip


def _customer(ledger: Ledger | None, customer_id: str) -> dict[str, Any]:
    """What the table of customers says of one; nothing where it is unknown."""
    if ledger is None:
        return {}
    rows = collect(nw.from_native(ledger.customers).filter(nw.col("customer_id") == customer_id))
    if rows.empty:
        return {}
    return {str(name): value for name, value in rows.iloc[0].to_dict().items() if not pd.isna(value)}


# ---------------------------------------------------------------- relationship


@dataclass(frozen=True)
class Relationship:
    """What was sold to a customer, on which terms, and its group.

    Attributes
    ----------
    lines : pandas.DataFrame
        `line`, `value`, `unit`, `before` (the twelve months before; NaN:
        unknown or none), `reason` (null, ledger_begins, short_history,
        open_items_only, unknown_excl_vat, not_in_ledger).
    group : pandas.DataFrame
        One row per member: `customer_id`, `customer_name`, `outstanding`,
        `overdue`, `credit_limit`, `insurer_limit`, `currency`.
    """

    lines: pd.DataFrame
    group: pd.DataFrame

    def value(self, line: str) -> Any:
        """Value of a line; None where it is not known."""
        found = self.lines.loc[self.lines["line"] == line, "value"].iloc[0]
        return None if pd.isna(found) else found


def relationship(ledger: Ledger, customer_id: str, as_of: str | date, currency: str | None = None) -> Relationship:
    """How long one has sold to a customer, how much, on which terms; its group.

    Parameters
    ----------
    ledger : Ledger
    customer_id : str
    as_of : date or str
        Nothing issued later is used.
    currency : str, optional
        Needed where the customer has several without an amount in the books.

    Returns
    -------
    Relationship
        Lines: `customer_since` (day of the first invoice; reason
        ledger_begins where the ledger begins no more than 92 days before it,
        so that older invoices may exist), `relation_years` (NaN then),
        `last_invoice`, `sales_incl_vat` and `sales_excl_vat` of the twelve
        months to `as_of` and of the twelve before (invoices less credit notes
        by date of issue), `terms` (agreed, as written), `agreed_terms` (days
        from issue to due date of what was paid).

    Raises
    ------
    InputError
        If the ledger has no such customer, or several currencies cannot be
        added up.

    Examples
    --------
    What did this customer buy over the year, incl. VAT?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> found = relationship(ledger, "000153", "2026-06-30")
    >>> round(found.value("sales_incl_vat"), 2)
    432975.6
    """
    at = as_day(as_of)
    mine = _own(ledger, customer_id)
    unit = unit_of(mine, currency)
    begins = first_booking(ledger)
    sold = _sold(mine, at, unit)
    issued = sold["issue_date"].dropna()
    first = issued.min() if len(issued) else None
    cut = first is not None and begins is not None and (first - pd.Timestamp(begins)).days <= LEDGER_BEGINS
    years = float("nan") if first is None or cut else _years(first, at)
    why = None if ledger.complete_sales else "open_items_only"
    since = why or ("no_sales" if first is None else "ledger_begins" if cut else None)
    rows: list[tuple[str, Any, str, Any, str | None]] = [
        ("customer_since", first, "date", None, since),
        ("relation_years", years if not why else float("nan"), "years", None, since),
        ("last_invoice", issued.max() if len(issued) else None, "date", None, since if first is None else None),
        _sales_line(sold, "sales_incl_vat", "cents", at, begins, why),
        _sales_line(sold, "sales_excl_vat", "excl", at, begins, why),
        ("terms", _customer(ledger, customer_id).get("terms"), "text", None, None),
    ]
    delays = payment_delays(mine, at, MONTHS, currency=currency)
    agreed = float(delays["agreed_terms"].iloc[0]) if len(delays) else float("nan")
    rows.append(("agreed_terms", agreed, "days", None, None if agreed == agreed else why or "no_cash_payments"))
    lines = pd.DataFrame(rows, columns=["line", "value", "unit", "before", "reason"], dtype="object")
    return Relationship(lines, group_members(ledger, customer_id, at, currency))


def _sold(mine: Ledger, at: datetime, unit: tuple[str, str]) -> pd.DataFrame:
    """Invoices and credit notes by day of issue: `cents` in the unit, `excl` excluding VAT in the same."""
    known = tables_of(mine)[0].filter((nw.col("booking_date") <= at) & nw.col("kind").is_in(SALES_KINDS))
    if unit[0] == "cents":
        known = known.filter(nw.col("currency") == unit[1])
    rows = collect(known.select("issue_date", "amount", "amount_excl_vat", cents=nw.col(unit[0])))
    rows = rows[~(rows["issue_date"] > pd.Timestamp(at))]
    amount = rows["amount"].astype("float64")
    share = rows["amount_excl_vat"].astype("float64") / amount.where(amount.abs() > NIL)
    return rows.assign(excl=(rows["cents"] * share.mask(rows["cents"] == 0, 0.0)).round())


def _sales_line(
    sold: pd.DataFrame, line: str, column: str, at: datetime, begins: datetime | None, why: str | None
) -> tuple[str, Any, str, Any, str | None]:
    """Sales of the last twelve months and of the twelve before; NaN where the ledger begins later."""
    start, earlier = year_before(at), year_before(year_before(at))
    values, reason = [], why
    for after, until in ((start, at), (earlier, start)):
        known = begins is not None and pd.Timestamp(begins) <= pd.Timestamp(after) + pd.Timedelta(days=31)
        rows = sold[(sold["issue_date"] > pd.Timestamp(after)) & (sold["issue_date"] <= pd.Timestamp(until))]
        blank = bool(rows[column].isna().any()) or bool(sold["issue_date"].isna().any())
        values.append(float(rows[column].sum()) / 100 if known and not blank and not why else float("nan"))
        if not reason and until is at:
            reason = "short_history" if not known else "unknown_excl_vat" if blank else None
    return line, values[0], "money", values[1], reason


def _years(first: Any, at: datetime) -> float:
    """Years from a day to another, by days of 365.25."""
    return round((pd.Timestamp(at) - pd.Timestamp(first)).days / 365.25, 2)


def group_members(ledger: Ledger, customer_id: str, as_of: str | date, currency: str | None = None) -> pd.DataFrame:
    """Members of a customer's group with what each owes.

    Parameters
    ----------
    ledger : Ledger
    customer_id : str
    as_of : date or str
    currency : str, optional
        Needed where they owe in several without an amount in the books.

    Returns
    -------
    pandas.DataFrame, one row per member, itself first
        `customer_id`, `customer_name`, `outstanding` (net of unallocated
        credits), `overdue`, `credit_limit`, `insurer_limit` (NaN: none set),
        `currency`.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> group_members(ledger, "000106", "2026-06-30")["outstanding"].round(2).tolist()
    [12399.96, 144512.44, 8581.6]
    """
    together = ledger_of(ledger, customer_id, group=True)
    unit = unit_of(together, currency)
    items = open_items(together, as_of)
    if unit[0] == "book_cents":
        items = in_book_currency(items, unit[1])
    table = customer_table(items, together, unit[1], keep_all=True)
    table = table.assign(outstanding=table["cents"] / 100, overdue=table["late"] / 100, currency=unit[1])
    other = unit[1] != ledger.book_currency  # limits are in the currency of the books
    if other:
        table = table.assign(credit_limit=float("nan"), insurer_limit=float("nan"))
    names = ["customer_id", "customer_name", "outstanding", "overdue", "credit_limit", "insurer_limit", "currency"]
    order = (table["customer_id"] != customer_id).astype(int)
    return table.assign(order=order).sort_values(["order", "customer_id"], ignore_index=True)[names]


# ---------------------------------------------------------------- payment behaviour


@dataclass(frozen=True)
class Behaviour:
    """How one customer pays.

    Attributes
    ----------
    lines : pandas.DataFrame
        `line`, `value`, `unit`, `before` (the same twelve months earlier),
        `change`, `reason` (why a value is missing).
    buckets : pandas.DataFrame
        The customer's line of the aged balance: one row, or none.
    history : pandas.DataFrame
        `date` (month-ends), `outstanding`, `overdue`, `overdue_rate`, oldest first.
    payments : pandas.DataFrame
        By month of payment: see :func:`cmtools.payments_by_month`.
    disputes : pandas.DataFrame
        Open disputes by cause: see :func:`cmtools.disputes_by_cause`.
    currency : str
    """

    lines: pd.DataFrame
    buckets: pd.DataFrame
    history: pd.DataFrame
    payments: pd.DataFrame
    disputes: pd.DataFrame
    currency: str

    def value(self, line: str) -> float | None:
        """Value of a line; None where it is not known."""
        found = self.lines.loc[self.lines["line"] == line, "value"].iloc[0]
        return None if pd.isna(found) else float(found)


def behaviour(ledger: Ledger, customer_id: str, as_of: str | date, currency: str | None = None) -> Behaviour:
    """Payment behaviour of one customer over twelve months, beside the twelve months before.

    Parameters
    ----------
    ledger : Ledger
    customer_id : str
    as_of : date or str
        Closing date; nothing later is used.
    currency : str, optional
        Needed where the customer has several without an amount in the books.

    Returns
    -------
    Behaviour
        Lines, in the unit of `unit`: `n_paid` (items paid in cash),
        `amount_paid`, `delay_paid` and `delay_with_open` (days after the due
        date, weighted by amounts, without and with what is late and open),
        `late_payment_rate` (share paid late, by amount), `worst_delay` (days:
        the latest payment of the window or the oldest item late now),
        `outstanding`, `overdue`, `overdue_rate`, `oldest_overdue` (days late
        of the oldest item that is neither disputed nor retention money; 0:
        none), `disputed`, `disputed_share` (of the gross outstanding),
        `doubtful`, `returned_payments` (in the window). Reasons:
        open_items_only, no_cash_payments, no_outstanding, not_in_source,
        no_returned_kind, short_history.

    Raises
    ------
    InputError
        If the ledger has no such customer, or several currencies cannot be
        added up.

    Notes
    -----
    Rules DELAY-W, DELAY-LATE, AGE-RATE. Accepted bills and set-offs are no
    payments on a day that the customer chose: one who pays by bill alone has
    no delay here.

    Examples
    --------
    Does this customer pay later than a year ago?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> found = behaviour(ledger, "000186", "2026-06-30").lines.set_index("line").loc["delay_paid"]
    >>> round(float(found["value"]), 1), bool(found["change"] > 10)
    (56.5, True)
    """
    at = as_day(as_of)
    mine = _own(ledger, customer_id)
    unit = unit_of(mine, currency)
    now, reasons = _paying(mine, ledger, at, unit, currency)
    earlier = year_before(at)
    begins = first_booking(ledger)
    known = ledger.complete_sales and begins is not None and begins <= earlier
    before: dict[str, float] = _paying(mine, ledger, earlier, unit, currency)[0] if known else {}
    rows = []
    for line, kind in _PAYING.items():
        value, past = now.get(line, float("nan")), before.get(line, float("nan"))
        rows.append((line, value, kind, past, value - past, reasons.get(line) if value != value else None))
    lines = pd.DataFrame(rows, columns=["line", "value", "unit", "before", "change", "reason"])
    items = open_items(mine, at)
    if unit[0] == "book_cents":
        items = in_book_currency(items, unit[1])
    aged = collect(nw.from_native(aged_balance(items, at)))
    ends = known_month_ends(ledger, at, MONTHS + 1)
    history = outstanding_by_date(mine, ends, currency=currency)
    return Behaviour(
        lines,
        aged[aged["currency"] == unit[1]].reset_index(drop=True),
        history[["date", "outstanding", "overdue", "overdue_rate"]],
        payments_by_month(mine, at, MONTHS, currency=currency),
        disputes_by_cause(items, mine, at, currency=unit[1]),
        unit[1],
    )


_PAYING = {
    "n_paid": "count", "amount_paid": "money", "delay_paid": "days", "delay_with_open": "days",
    "late_payment_rate": "rate", "worst_delay": "days", "outstanding": "money", "overdue": "money",
    "overdue_rate": "rate", "oldest_overdue": "days", "disputed": "money", "disputed_share": "rate",
    "doubtful": "money", "returned_payments": "count",
}  # fmt: skip


def _paying(
    mine: Ledger, ledger: Ledger, at: datetime, unit: tuple[str, str], currency: str | None
) -> tuple[dict[str, float], dict[str, str]]:
    """Lines of :func:`behaviour` on one date, and why some are missing."""
    owed = outstanding_by_date(mine, [at], currency=currency).iloc[0]
    found = {name: float(owed[name]) for name in ("outstanding", "overdue", "overdue_rate", "disputed", "doubtful")}
    gross = float(owed["outstanding_gross"])
    found["disputed_share"] = max(found["disputed"], 0.0) / gross if gross > NIL else float("nan")
    reasons = dict.fromkeys(("overdue_rate", "disputed_share"), "no_outstanding")
    late = _late(mine, at, unit)
    usual = late[~(late["disputed"] | late["retention"])]
    found["oldest_overdue"] = float(usual["days_late"].max()) if len(usual) else 0.0
    for name, silent in (("disputed", "disputed"), ("disputed_share", "disputed"), ("doubtful", "doubtful")):
        if silent in ledger.silent:
            found[name], reasons[name] = float("nan"), "not_in_source"
    unpaid = ("n_paid", "amount_paid", "delay_paid", "delay_with_open", "late_payment_rate", "worst_delay")
    if not ledger.complete_sales:
        return found, reasons | dict.fromkeys((*unpaid, "returned_payments"), "open_items_only")
    delays = payment_delays(mine, at, MONTHS, currency=currency).iloc[0]
    found |= {name: float(delays[name]) for name in ("n_paid", "amount_paid", "delay_paid", "delay_with_open")}
    found["late_payment_rate"] = float(
        late_payment_rate(mine, at, MONTHS, currency=currency)["late_payment_rate"].iloc[0]
    )
    found["worst_delay"] = _worst(mine, late, at)
    reasons |= dict.fromkeys(("delay_paid", "delay_with_open", "late_payment_rate", "worst_delay"), "no_cash_payments")
    kinds = collect(nw.from_native(ledger.invoices).select("kind").unique())["kind"]
    if "returned_payment" in set(kinds):
        found["returned_payments"] = _returned(mine, at)
    else:
        reasons["returned_payments"] = "no_returned_kind"
    return found, reasons


def _late(mine: Ledger, at: datetime, unit: tuple[str, str]) -> pd.DataFrame:
    """Open items past due in the unit."""
    items = nw.from_native(open_items(mine, at))
    if unit[0] == "cents":
        items = items.filter(nw.col("currency") == unit[1])
    late = items.filter((nw.col("open_amount") > 0) & (nw.col("days_late") > 0))
    found = collect(late.select("item_id", "days_late", "disputed", "retention"))
    return found.astype({"disputed": bool, "retention": bool})


def _worst(mine: Ledger, late: pd.DataFrame, at: datetime) -> float:
    """Days late of the latest cash payment of the window, or of what is late now; NaN: neither."""
    invoices, settlements = tables_of(mine)
    begin = month_ends(at, MONTHS + 1)[-1]
    known = (nw.col("payment_date") > begin) & (nw.col("allocation_date") <= at) & (nw.col("cents") > 0)
    paid = settlements.filter((nw.col("kind") == "cash") & known).select("item_id", "payment_date")
    due = invoices.filter((nw.col("cents") > 0) & ~nw.col("due_date").is_null()).select("item_id", "due_date")
    both = collect(paid.join(due, on="item_id", how="inner"))
    days = (pd.to_datetime(both["payment_date"]) - pd.to_datetime(both["due_date"])).dt.days
    worst = [float(values.max()) for values in (days, late["days_late"]) if len(values)]
    return max(worst, default=float("nan"))


def _returned(mine: Ledger, at: datetime) -> float:
    """Payments that the bank returned in the window."""
    begin = month_ends(at, MONTHS + 1)[-1]
    dated = (nw.col("booking_date") > begin) & (nw.col("booking_date") <= at)
    return float(len(collect(tables_of(mine)[0].filter((nw.col("kind") == "returned_payment") & dated))))


# ---------------------------------------------------------------- age and quality of the accounts


@dataclass(frozen=True)
class Quality:
    """How far the accounts of a company can be relied on.

    Attributes
    ----------
    years : pandas.DataFrame
        One row per year, oldest first: `year_end`, `months`, `form`, `filing`,
        `chart`, `confirmation`, `complete`, `ok`, `failed`, `not_checkable`
        (controls), `follows` (begins where the year before ends; null: no year
        before), `chart_changed`, `source`.
    left_out : pandas.DataFrame
        `company_id`, `year_end`, `reason` (later, undated) of accounts not used.
    age_months : float
        Whole months from the last closing to the date; NaN: no accounts.
    too_old : bool
        Older than 18 months (CHOICE).
    reason : str or None
        no_accounts where there is nothing to judge.
    """

    years: pd.DataFrame
    left_out: pd.DataFrame
    age_months: float
    too_old: bool
    reason: str | None = None


def accounts_quality(statements: Statements | pd.DataFrame | None, company_id: str, as_of: str | date) -> Quality:
    """Age, completeness and controls of a company's accounts.

    Parameters
    ----------
    statements : Statements, pandas.DataFrame or None
        Accounts of one or many companies.
    company_id : str
    as_of : date or str
        Accounts closed later are left out, and told.

    Returns
    -------
    Quality

    Examples
    --------
    >>> import cmtools as cm
    >>> accounts = cm.read_liasse("data/liasses_clients.csv")
    >>> found = accounts_quality(accounts, "000144", "2026-06-30")
    >>> len(found.years), found.age_months, found.too_old
    (3, 12.0, False)
    """
    used, left_out = accounts_of(statements, company_id, as_of)
    names = ["year_end", "months", "form", "filing", "chart", "confirmation", "complete"]
    if used.empty:
        columns = [*names, "ok", "failed", "not_checkable", "follows", "chart_changed", "source"]
        return Quality(pd.DataFrame(columns=columns), left_out, float("nan"), False, "no_accounts")
    absent = {name: None for name in (*names, "source") if name not in used}
    used = used.assign(**absent)
    checked = controls(used)
    counts = pd.crosstab(checked["year_end"], checked["result"]).reindex(
        index=used["year_end"], columns=["ok", "failed", "not_checkable"], fill_value=0
    )
    years = pd.concat([used[names], counts.astype("int64").reset_index(drop=True)], axis=1)
    charts = used["chart"]
    changed = charts.notna() & charts.shift().notna() & (charts != charts.shift())
    follows: list[bool | None] = [None, *_follows(used)[1:]]
    years = years.assign(follows=pd.Series(follows, dtype="object"), chart_changed=changed, source=used["source"])
    age = age_in_months(used["year_end"].iloc[-1], as_of)
    return Quality(years, left_out, age, age > OLD_ACCOUNTS)


def age_in_months(year_end: date, as_of: str | date) -> float:
    """Whole months from the day after a closing to a date.

    Examples
    --------
    >>> age_in_months(date(2025, 12, 31), "2026-06-30"), age_in_months(date(2025, 12, 31), "2026-06-29")
    (6.0, 5.0)
    """
    begin = pd.Timestamp(year_end) + pd.Timedelta(days=1)
    after = pd.Timestamp(as_day(as_of)) + pd.Timedelta(days=1)
    months = 12 * (after.year - begin.year) + after.month - begin.month - (after.day < begin.day)
    return float(max(months, 0))


def _follows(rows: pd.DataFrame) -> list[bool]:
    """Whether each year begins where the one before it ends."""
    ends = pd.to_datetime(rows["year_end"])
    months = rows["months_filed"] if "months_filed" in rows else rows.get("months", pd.Series(12.0, index=rows.index))
    length = months.astype("float64").fillna(12.0) * 365.25 / 12
    apart = (ends - ends.shift()).dt.days - length
    return [bool(abs(value) <= GAP) for value in apart]


# ---------------------------------------------------------------- triptych


def triptych(
    statements: Statements | pd.DataFrame | None, company_id: str, as_of: str | date, years: int = YEARS
) -> pd.DataFrame:
    """Solidity, profitability and treasury over the last years, with their changes.

    Parameters
    ----------
    statements : Statements, pandas.DataFrame or None
    company_id : str
    as_of : date or str
        Accounts closed later are left out.
    years : int, default 3

    Returns
    -------
    pandas.DataFrame, one row per figure and year, boards in reading order
        `board` (solidity, profitability, treasury), `figure`, `year_end`,
        `value`, `unit` (money, rate, ratio, years, days), `reading` (good,
        average, weak; null: no general threshold), `change` (value less that
        of the year before; NaN: none, or it does not follow on),
        `change_rate` (money alone; NaN where the figure before is nil or
        negative), `break_of_series` (the chart of accounts changed and the
        figure with it), `reason` (why there is no value), `missing`, `notes`,
        `months` (filed, where they are not twelve: flows are then brought to
        twelve). Empty without accounts.

    Notes
    -----
    The figures are those of :func:`cmtools.functional_balance`,
    :func:`cmtools.sig`, :func:`cmtools.caf` and :func:`cmtools.ratios`; their
    list is ``reference/triptych.csv``.

    Examples
    --------
    >>> import cmtools as cm
    >>> accounts = cm.read_liasse("data/liasses_clients.csv")
    >>> found = triptych(accounts, "000116", "2026-06-30")
    >>> found[found["figure"] == "capitaux_propres"]["value"].tolist()
    [84470.0, -102537.0, -464983.0]
    """
    used, _ = accounts_of(statements, company_id, as_of)
    if used.empty:
        return pd.DataFrame(columns=_BOARDS)
    used = used.tail(years).reset_index(drop=True)
    told = ratios(used, [row["figure"] for row in reference_rows("triptych.csv") if row["origin"] == "ratio"])
    amounts = _amounts(used)
    rows = []
    for board in reference_rows("triptych.csv"):
        found = told[told["ratio"] == board["figure"]] if board["origin"] == "ratio" else amounts[board["figure"]]
        rows.append(_board(board, found, used))
    table = pd.concat(rows, ignore_index=True)[_BOARDS]
    return table.assign(**{name: table[name].astype("object").where(table[name].notna(), None) for name in _KEPT})


_BOARDS = [
    "board", "figure", "year_end", "value", "unit", "reading", "change", "change_rate", "break_of_series", "reason",
    "missing", "notes", "months",
]  # fmt: skip


def _amounts(used: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Each amount of the triptych by year: `value`, `reason`, `missing`, `notes`."""
    table = annualise(used) if "months" in used else used
    sources = (functional_balance(table), sig(table), caf(table))
    found = {}
    for row in reference_rows("triptych.csv"):
        if row["origin"] == "ratio":
            continue
        name = row["figure"]
        origin = next((source for source in sources if name in source), None)
        formula = Formula(((1.0, name),))
        records = table.to_dict("records")
        values = [total_of(record, formula) for record in records] if origin is None else origin[name].tolist()
        notes = [""] * len(records) if origin is None else origin["notes"].tolist()
        missing = [
            " ".join(_unknown(record, formula)) if value != value else "" for record, value in zip(records, values)
        ]
        reasons = ["unknown_line" if value != value else None for value in values]
        found[name] = pd.DataFrame({"value": values, "reason": reasons, "missing": missing, "notes": notes})
    return found


def _unknown(record: Mapping[Any, Any], formula: Formula) -> list[str]:
    """Lines that a figure needs and a year lacks; the length of the year where it is all that lacks."""
    return unknown_lines(record, formula) or ["months"]


def _board(board: Mapping[str, str], found: pd.DataFrame, used: pd.DataFrame) -> pd.DataFrame:
    """One figure over the years, with its changes."""
    values = found["value"].astype("float64").reset_index(drop=True)
    follows = pd.Series([False, *_follows(used)[1:]])
    before = values.shift().where(follows)
    unit = board["unit"] or catalogue()[board["figure"]].unit
    rate = (values - before) / before.where(before > 0) if unit == "money" else float("nan")
    charts = used["chart"] if "chart" in used else pd.Series(None, index=used.index, dtype="object")
    broken = charts.notna() & charts.shift().notna() & (charts != charts.shift()) & _is_broken(board["figure"])
    months = used["months"] if "months" in used else pd.Series(12.0, index=used.index)
    blank = pd.Series(None, index=values.index, dtype="object")
    kept = {name: found[name].reset_index(drop=True) if name in found else blank for name in _KEPT}
    return pd.DataFrame({
        "board": board["board"], "figure": board["figure"], "year_end": used["year_end"], "value": values,
        "unit": unit, "change": values - before, "change_rate": rate, "break_of_series": broken,
        "months": months.where(months != 12), **kept,
    })  # fmt: skip


_KEPT = ("reading", "reason", "missing", "notes")


def _is_broken(figure: str) -> bool:
    """Whether a figure, or the numerator of a ratio, changed with the chart of accounts."""
    parts = catalogue()[figure].numerator.names if figure in catalogue() else (figure,)
    return any(name in BROKEN for name in parts)


# ---------------------------------------------------------------- all figures of a file


class Figure(NamedTuple):
    """One value of the file."""

    figure: str
    value: Any  # None: unknown
    unit: str  # money, rate, ratio, days, months, years, count, index, choice, text
    reason: str | None = None
    missing: str = ""
    origin: str = ""  # ledger, accounts, external
    notes: str = ""  # keys of what makes the value an approximation


@dataclass(frozen=True)
class CreditFile:
    """All that is known of one customer on a date.

    Attributes
    ----------
    customer_id, company_id : str
    as_of : datetime
    currency : str
        Of the ledger's amounts.
    identity : pandas.DataFrame
    relationship : Relationship or None
    behaviour : Behaviour or None
    external : pandas.DataFrame
        As :func:`cmtools.external.shown` gives it.
    facts : Facts
    quality : Quality
    triptych : pandas.DataFrame
    scores : pandas.DataFrame
        Of every year used, as :func:`cmtools.scoring.score` gives them.
    figures : pandas.DataFrame
        `figure`, `value`, `unit`, `reason`, `missing`, `origin`, `notes`.
    findings : pandas.DataFrame
        See :func:`findings`.
    exposure, group_exposure : pandas.DataFrame
        See :func:`exposures`.
    absent : dict of str to str
        Part that is missing (ledger, accounts, external) and why.
    """

    customer_id: str
    company_id: str
    as_of: datetime
    currency: str
    identity: pd.DataFrame
    relationship: Relationship | None
    behaviour: Behaviour | None
    external: pd.DataFrame
    facts: Facts
    quality: Quality
    triptych: pd.DataFrame
    scores: pd.DataFrame
    figures: pd.DataFrame
    findings: pd.DataFrame
    exposure: pd.DataFrame
    group_exposure: pd.DataFrame
    absent: dict[str, str] = field(default_factory=dict)

    def value(self, figure: str) -> Any:
        """Value of a figure; None: unknown."""
        return _value_of(self.figures, figure)

    @cached_property
    def criteria(self) -> pd.DataFrame:
        """Values of the criteria of the grid: see :func:`criteria`."""
        return criteria(self.figures)


def credit_file(
    customer_id: str,
    as_of: str | date,
    *,
    ledger: Ledger | None = None,
    statements: Statements | pd.DataFrame | None = None,
    external: External | None = None,
    company_id: str | None = None,
    signals: pd.DataFrame | None = None,
    scores: pd.DataFrame | None = None,
    currency: str | None = None,
) -> CreditFile:
    """Gather all that is known of one customer on a date.

    Parameters
    ----------
    customer_id : str
        Number in the ledger and in the external information.
    as_of : date or str
        Nothing later is used.
    ledger, statements, external : optional
        Any of them; what is missing is told in `absent`.
    company_id : str, optional
        Number of the company in the accounts; default: `customer_id`.
    signals : pandas.DataFrame, optional
        Result of :func:`cmtools.warning_signals` on the whole ledger: the
        customer's signals are alerts.
    scores : pandas.DataFrame, optional
        Result of :func:`cmtools.scoring.score`; default: all models.
    currency : str, optional
        Needed where the customer has several without an amount in the books.

    Returns
    -------
    CreditFile

    Examples
    --------
    What speaks against this customer first?

    >>> import cmtools as cm
    >>> accounts = cm.read_liasse("data/liasses_clients.csv")
    >>> found = credit_file("000116", "2026-06-30", statements=accounts)
    >>> found.findings["key"].head(2).tolist(), found.absent["ledger"]
    (['equity_below_nil', 'losses'], 'no_ledger')
    """
    at = as_day(as_of)
    company = company_id or customer_id
    absent = {}
    if not has_customer(ledger, customer_id):
        absent["ledger"] = "no_ledger" if ledger is None else "not_in_ledger"
    there = ledger if ledger is not None and "ledger" not in absent else None
    accounts, left_out = accounts_of(statements, company, at)
    if accounts.empty:
        absent["accounts"] = str(left_out["reason"].iloc[0]) if len(left_out) else "no_accounts"
    known = facts(external, customer_id, at)
    if known.used.empty:
        absent["external"] = "not_provided"
    related = None if there is None else relationship(there, customer_id, at, currency)
    paying = None if there is None else behaviour(there, customer_id, at, currency)
    exposed, group = exposures(there, customer_id, at, external, paying.currency if paying else currency)
    quality = accounts_quality(statements, company, at)
    if scores is None:
        scores = scoring.score(accounts) if len(accounts) else pd.DataFrame()
    elif len(scores) and "company_id" in scores:
        scores = scores[(scores["company_id"].astype(str) == company) & (scores["year_end"] <= pd.Timestamp(at))]
    gathered = [
        *_accounts_figures(accounts, quality, absent),
        *_score_figures(scores, accounts, absent),
        *_ledger_figures(there, customer_id, related, paying, (exposed, group), absent),
        *_external_figures(known, at),
        _dependence(related, accounts, absent),
    ]
    table = pd.DataFrame(gathered, columns=Figure._fields, dtype="object")
    mine = None if signals is None else signals[signals["customer_id"] == customer_id]
    money_unit = paying.currency if paying else (there.book_currency if there else "EUR")
    return CreditFile(
        customer_id, company, at, money_unit,
        identity(customer_id, at, ledger=there, statements=statements, external=external, company_id=company),
        related, paying, shown(external, customer_id, at), known, quality,
        triptych(statements, company, at), scores, table, findings(table, mine, money_unit), exposed, group, absent,
    )  # fmt: skip


def _value_of(figures: pd.DataFrame, name: str) -> Any:
    found = figures.loc[figures["figure"] == name, "value"]
    return None if found.empty else found.iloc[0]


def _figure(
    name: str, value: Any, unit: str, reason: str | None, origin: str, missing: str = "", notes: str = ""
) -> Figure:
    """A figure; a value that is no number is unknown and says why."""
    if value is None or value != value:
        return Figure(name, None, unit, reason, missing, origin)
    return Figure(name, value, unit, None, "", origin, notes)


# ---- from the accounts

_AMOUNTS = ("capitaux_propres", "resultat_net", "ebe", "caf_additive", "chiffre_affaires", "frng", "bfr", "tn")
_TRENDS = {  # change over the last year, of which figure, in which unit, as a rate or a difference
    "sales_trend": ("chiffre_affaires", "rate"),
    "ebe_trend": ("ebe_comparable", "rate"),
    "tn_days_change": ("tn_jours", "days"),
    "bfr_days_change": ("bfr_jours", "days"),
    "state_debts_change": ("poids_dettes_fiscales_sociales", "points"),
}


def _accounts_figures(accounts: pd.DataFrame, quality: Quality, absent: Mapping[str, str]) -> list[Figure]:
    years = quality.years
    found = [
        _figure("accounts_age", quality.age_months, "months", absent.get("accounts"), "accounts"),
        Figure("accounts_years", float(len(years)), "count", None, "", "accounts"),
    ]
    counted = {
        "incomplete_years": float(years["complete"].eq(False).sum()),  # unknown is not incomplete
        "controls_failed": float(years["failed"].sum()) if len(years) else 0.0,
        "years_missing": float(years["follows"].eq(False).sum()),
    }
    reason = absent.get("accounts")
    found += [_figure(name, None if reason else value, "count", reason, "accounts") for name, value in counted.items()]
    if accounts.empty:
        names = [(name, ratio.unit) for name, ratio in catalogue().items()] + [(name, "money") for name in _AMOUNTS]
        names += [(name, "days" if unit == "days" else "rate") for name, (_, unit) in _TRENDS.items()]
        names += [("debt_funded_growth", "rate"), ("losses_in_a_row", "count"), ("profits_in_a_row", "count")]
        return found + [_figure(name, None, unit, reason, "accounts") for name, unit in names]
    found += _last_year(accounts)
    found += [_trend(name, accounts) for name in _TRENDS]
    return [*found, _debt_funded_growth(accounts), *_results_in_a_row(accounts)]


def _last_year(accounts: pd.DataFrame) -> list[Figure]:
    """Ratios and amounts of the last accounts; flows of another length brought to twelve months."""
    last = accounts.tail(1)
    found = [
        _figure(row["ratio"], row["value"], row["unit"], row["reason"], "accounts", row["missing"] or "", row["notes"])
        for row in ratios(last).to_dict("records")
    ]
    record = _yearly(last).to_dict("records")[0]
    for name in _AMOUNTS:
        formula = Formula(((1.0, name),))
        value = total_of(record, formula)
        missing = " ".join(_unknown(record, formula)) if value != value else ""
        found.append(_figure(name, value, "money", "unknown_line", "accounts", missing))
    return found


def _yearly(accounts: pd.DataFrame) -> pd.DataFrame:
    return annualise(accounts) if "months" in accounts else accounts


def _pair(name: str, accounts: pd.DataFrame) -> tuple[list[float], str | None, str]:
    """A figure in the year before and in the last one; else why not, and what is missing."""
    if len(accounts) < 2 or not _follows(accounts)[-1]:
        return [], "no_year_before", ""
    rows = _yearly(accounts.tail(2))
    if name in catalogue():
        told = ratios(rows, [name])
        blank = told[told["value"].isna()]
        if len(blank):
            return [], str(blank["reason"].iloc[-1]), str(blank["missing"].iloc[-1])
        return told["value"].tolist(), None, ""
    formula = Formula(((1.0, name),))
    records = rows.to_dict("records")
    values = [float(total_of(record, formula)) for record in records]
    lacking = next((record for record, value in zip(records, values) if value != value), None)
    return (values, None, "") if lacking is None else ([], "unknown_line", " ".join(_unknown(lacking, formula)))


def _trend(name: str, accounts: pd.DataFrame) -> Figure:
    """Change of a figure over the last year: a rate of a positive figure, or a difference."""
    source, unit = _TRENDS[name]
    values, reason, missing = _pair(source, accounts)
    shown_in = "days" if unit == "days" else "rate"
    if reason:
        return _figure(name, None, shown_in, reason, "accounts", missing)
    before, after = values
    if unit != "rate":
        return _figure(name, after - before, shown_in, None, "accounts")
    if not before > NIL:
        why = "negative_denominator" if before < -NIL else "nil_denominator"
        return _figure(name, None, shown_in, why, "accounts", source)
    notes = "" if source in catalogue() else _notes_on(source, accounts.tail(2))
    return _figure(name, (after - before) / before, shown_in, None, "accounts", notes=notes)


def _notes_on(name: str, accounts: pd.DataFrame) -> str:
    """Keys of what makes a figure of these years an approximation."""
    texts = note_texts(evaluate(accounts, [name])[1])
    return " ".join(dict.fromkeys(" ".join(texts).split()))


def _debt_funded_growth(accounts: pd.DataFrame) -> Figure:
    """Of the growth of assets that goes with growing sales, the part that financial debts paid for."""
    values = {}
    for name in ("chiffre_affaires", "dettes_financieres", "total_actif_net"):
        values[name], reason, missing = _pair(name, accounts)
        if reason:
            return _figure("debt_funded_growth", None, "rate", reason, "accounts", missing)
    sales, debts, assets = values.values()
    grew = sales[0] > NIL and (sales[1] - sales[0]) / sales[0] > FOLLOWING_DEBT and assets[1] - assets[0] > NIL
    share = (debts[1] - debts[0]) / (assets[1] - assets[0]) if grew else None
    return _figure("debt_funded_growth", share, "rate", "no_growth", "accounts")


def _results_in_a_row(accounts: pd.DataFrame) -> list[Figure]:
    """Years of loss and of profit in a row, up to the last accounts."""
    results = [float(value) for value in accounts.get("resultat_net", pd.Series(float("nan"), index=accounts.index))]
    follows = _follows(accounts)
    found = []
    for name, sign in (("losses_in_a_row", -1), ("profits_in_a_row", 1)):
        count = 0
        for place in range(len(results) - 1, -1, -1):
            if not sign * results[place] > 0:
                break
            count += 1
            if not follows[place]:
                break
        value = None if results[-1] != results[-1] else float(count)
        found.append(_figure(name, value, "count", "unknown_line", "accounts", "resultat_net"))
    return found


# ---- from the scores


def _score_figures(scores: pd.DataFrame, accounts: pd.DataFrame, absent: Mapping[str, str]) -> list[Figure]:
    """Conan and Holder's score of the last accounts, and whether the models agree on them."""
    if accounts.empty or scores.empty:
        reason = absent.get("accounts", "not_provided")
        return [
            _figure("conan_holder", None, "index", reason, "accounts"),
            _figure("score_verdict", None, "choice", reason, "accounts"),
        ]
    last = scores[scores["year_end"] == accounts["year_end"].iloc[-1]] if "year_end" in scores else scores
    mine = last[last["model"] == "conan_holder"].to_dict("records")
    row = mine[0] if mine else {"score": None, "reason": "not_provided", "missing": ""}
    verdicts = scoring.disagreements(last)["verdict"].tolist() if len(last) else []
    verdict = verdicts[-1] if verdicts and verdicts[-1] not in ("no_score", "single") else None
    return [
        _figure("conan_holder", row["score"], "index", row["reason"], "accounts", row["missing"] or ""),
        _figure("score_verdict", verdict, "choice", "no_score", "accounts"),
    ]


# ---- from the ledger


def _ledger_figures(
    ledger: Ledger | None,
    customer_id: str,
    related: Relationship | None,
    paying: Behaviour | None,
    exposed: tuple[pd.DataFrame, pd.DataFrame],
    absent: Mapping[str, str],
) -> list[Figure]:
    if ledger is None or related is None or paying is None:
        reason = absent.get("ledger")
        names = {**_PAYING, "delay_change": "days", "relation_years": "years", "our_sales": "money"}
        names |= {"our_sales_trend": "rate", "credit_limit": "money", "limit_use": "rate", "group_limit_use": "rate"}
        names |= {"broken_promises": "count"}
        return [_figure(name, None, unit, reason, "ledger") for name, unit in names.items()]
    found = [
        _figure(row["line"], row["value"], row["unit"], row["reason"], "ledger")
        for row in paying.lines.to_dict("records")
    ]
    delay = _line(paying.lines, "delay_with_open")
    missing = delay["reason"] or "no_year_before"
    found.append(_figure("delay_change", delay["change"], "days", missing, "ledger"))
    years, sales = _line(related.lines, "relation_years"), _line(related.lines, "sales_incl_vat")
    found.append(_figure("relation_years", years["value"], "years", years["reason"], "ledger"))
    found.append(_figure("our_sales", sales["value"], "money", sales["reason"], "ledger"))
    before, now = float(sales["before"]), float(sales["value"])
    trend = (now - before) / before if before > NIL else None
    found.append(_figure("our_sales_trend", trend, "rate", sales["reason"] or "no_year_before", "ledger"))
    found += _limit_figures(ledger, customer_id, paying, *exposed)
    return [*found, _figure("broken_promises", None, "count", "not_followed", "ledger")]


def _line(lines: pd.DataFrame, name: str) -> dict[str, Any]:
    """One line of a part of the file."""
    return {str(key): value for key, value in lines[lines["line"] == name].iloc[0].to_dict().items()}


def _limit_figures(
    ledger: Ledger, customer_id: str, paying: Behaviour, exposed: pd.DataFrame, group: pd.DataFrame
) -> list[Figure]:
    """Own limit of the customer, its use by all that is exposed, that of its group; nil has no use to measure."""
    limit = _customer(ledger, customer_id).get("credit_limit")
    other = paying.currency != ledger.book_currency
    reason = "limits_other_currency" if other else "no_limits"
    use = 0.0 if exposed.empty and limit and not other else _use(exposed)  # nothing is owed
    return [
        _figure("credit_limit", None if other else limit, "money", reason, "ledger"),
        _figure("limit_use", use, "rate", reason if limit is None or other else "nil_denominator", "ledger"),
        _figure("group_limit_use", _use(group), "rate", reason if len(group) else "outside_group", "ledger"),
    ]


def _use(exposed: pd.DataFrame) -> float | None:
    found = float(exposed["limit_use"].iloc[0]) if len(exposed) else float("nan")
    return None if found != found else found


def exposures(
    ledger: Ledger | None, customer_id: str, as_of: str | date, external: External | None, currency: str | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Exposure of a customer and of its group against their limits: one row each at most.

    Parameters
    ----------
    ledger : Ledger or None
    customer_id : str
    as_of : date or str
    external : External or None
    currency : str, optional
        See :func:`cmtools.follow_up.exposure_parts`.

    Returns
    -------
    tuple of pandas.DataFrame
        As :func:`cmtools.follow_up.exposure` gives them; empty where nothing
        is owed, and for a customer outside a group.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> own, group = exposures(ledger, "000102", "2026-06-30", None)
    >>> len(own), int(group["members"].iloc[0]) > 1
    (1, True)
    """
    none = pd.DataFrame()
    if ledger is None:
        return none, none
    parts = exposure_parts(ledger, as_of, external, currency=currency)
    own = parts[parts["customer_id"] == customer_id]
    if own.empty:
        return none, none
    name = own["group_id"].iloc[0]
    members = parts[parts["group_id"] == name]
    group = none if pd.isna(name) or len(members) < 2 else exposure(members, as_of, by="group_id")
    return exposure(own, as_of), group


def _dependence(related: Relationship | None, accounts: pd.DataFrame, absent: Mapping[str, str]) -> Figure:
    """What we sold over twelve months, of what the customer bought in its last accounts (both excluding VAT)."""
    reason = absent.get("ledger") or absent.get("accounts")
    if related is None or accounts.empty:
        return _figure("dependence", None, "rate", reason, "accounts")
    record = _yearly(accounts.tail(1)).to_dict("records")[0]
    formula = Formula(((1.0, "achats"),))
    bought, sold = float(total_of(record, formula)), related.value("sales_excl_vat")
    if bought != bought:
        return _figure("dependence", None, "rate", "unknown_line", "accounts", " ".join(_unknown(record, formula)))
    sales = _line(related.lines, "sales_excl_vat")
    why = sales["reason"] if sold is None else "no_sales" if sold < 0 else "nil_denominator"
    known = sold is not None and sold >= 0 and bought > NIL
    return _figure("dependence", sold / bought if known else None, "rate", why, "accounts")


# ---- from outside


def _external_figures(known: Facts, at: datetime) -> list[Figure]:
    founded = known.day("founded")
    age = None if founded is None else _years(founded, at)
    found = [_figure("company_age", age, "years", _why_not(known, "founded"), "external")]
    for name in ("insurer_opinion", "insolvency_proceedings", "management", "ownership", "market_position",
                 "sector_outlook", "transparency"):  # fmt: skip
        value = known.value(name)
        unknown = value == "unknown"
        why = "unknown" if unknown else _why_not(known, name)
        found.append(_figure(name, None if unknown else value, "choice", why, "external"))
    found += [
        _figure(name, known.amount(name), "money", _why_not(known, name), "external")
        for name in ("privilege", "payment_incident", "guarantee")
    ]
    amount = known.amount("insurer_opinion")
    found.append(_figure("insurer_agreed", amount, "money", _why_not(known, "insurer_opinion"), "external"))
    mark = known.value("agency_rating")
    opinion = _opinion(mark)
    why = _why_not(known, "agency_rating") if mark is None else "not_a_mark"
    return [*found, _figure("agency_opinion", opinion, "choice", why, "external")]


def _why_not(known: Facts, kind: str) -> str:
    """Why a kind of information counts for nothing: its latest fact is undated, expired, later, or there is none."""
    others = known.unused[known.unused["kind"] == kind]
    for status in ("expired", "undated", "later"):
        if (others["status"] == status).any():
            return status
    return "not_provided"


def _opinion(mark: str | None) -> str | None:
    """An agency's mark such as 7/10 as good, average or poor (CHOICE); None: no such mark."""
    found = re.fullmatch(r"\s*(\d+(?:[.,]\d+)?)\s*/\s*(\d+)\s*", mark or "", re.ASCII)
    if not found or not int(found[2]):
        return None
    share = float(found[1].replace(",", ".")) / int(found[2])
    if share > 1:
        return None
    return "good" if share >= GOOD_MARK else "average" if share >= FAIR_MARK else "poor"


# ---------------------------------------------------------------- criteria and findings


def criteria(figures: pd.DataFrame) -> pd.DataFrame:
    """Values of the criteria that the grid weighs.

    Parameters
    ----------
    figures : pandas.DataFrame
        ``CreditFile.figures``.

    Returns
    -------
    pandas.DataFrame, one row per criterion that a grid may hold and the file may know
        `criterion`, `value` (None: unknown), `unit`, `reason`, `missing`,
        `origin`; in the order of :func:`cmtools.grids.criteria`.

    Examples
    --------
    >>> import cmtools as cm
    >>> accounts = cm.read_liasse("data/liasses_clients.csv")
    >>> found = credit_file("000153", "2026-06-30", statements=accounts).criteria.set_index("criterion")
    >>> round(found.loc["autonomie_financiere", "value"], 2), found.loc["management", "reason"]
    (0.56, 'not_provided')
    """
    wanted = list(grids.criteria())
    known = figures[figures["figure"].isin(wanted)]
    order = {key: place for place, key in enumerate(wanted)}
    table = known.assign(order=known["figure"].map(order)).sort_values("order", ignore_index=True)
    return table.drop(columns="order").rename(columns={"figure": "criterion"})


def rate(found: CreditFile, grid: Grid | None = None) -> Rating:
    """Rating of a customer by the expert grid, from its file: see :func:`cmtools.rating.rate`.

    Parameters
    ----------
    found : CreditFile
    grid : Grid, optional
        As :func:`cmtools.grids.read_grid` gives it.

    Examples
    --------
    >>> import cmtools as cm
    >>> accounts = cm.read_liasse("data/liasses_clients.csv")
    >>> rate(credit_file("000153", "2026-06-30", statements=accounts)).known_weight < 1
    True
    """
    table = found.criteria
    reasons = {key: why for key, why in zip(table["criterion"], table["reason"]) if why}
    given = dict(zip(table["criterion"], table["value"]))
    for key, value in given.items():
        if not _possible(key, value):  # sales below nil, for example: nothing to rate
            given[key], reasons[key] = None, "beyond_bounds"
    return rating.rate(given, grid, reasons=reasons)


def _possible(key: str, value: Any) -> bool:
    """Whether a value lies within what its criterion can be."""
    if not isinstance(value, int | float) or value != value:
        return True
    criterion = grids.criteria()[key]
    return not (value < criterion.least or value > criterion.most)


def findings(figures: pd.DataFrame, signals: pd.DataFrame | None = None, currency: str = "EUR") -> pd.DataFrame:
    """Alerts, weaknesses and strengths of a customer, with the figure and the rule of each.

    Parameters
    ----------
    figures : pandas.DataFrame
        ``CreditFile.figures``.
    signals : pandas.DataFrame, optional
        Signals of this customer, as :func:`cmtools.warning_signals` gives them.
    currency : str
        Of the amounts.

    Returns
    -------
    pandas.DataFrame, alerts first, then weaknesses, then strengths
        What another finding or signal says better is left out. `side`,
        `key` (of ``reference/findings.csv``, or of a signal), `figure`,
        `value`, `unit`, `comparison` (below, to, above, from: without or with
        the threshold itself; in: one of; between: both ends included;
        signal), `threshold`, `status` (CHOICE, law, or that of the catalogue
        of ratios), `source`, `currency`; for signals also `second_measured`,
        `second_unit`, `second_threshold`, `detail`.

    Examples
    --------
    >>> known = pd.DataFrame([Figure("resultat_net", -5000.0, "money", origin="accounts")])
    >>> findings(known)[["side", "key", "figure"]].values.tolist()
    [['weakness', 'loss', 'resultat_net']]
    """
    rows: list[dict[str, Any]] = []
    fired = set() if signals is None else set(signals["signal"])
    for rule in reference_rows("findings.csv"):
        known = figures[figures["figure"] == rule["figure"]]
        value = None if known.empty else known["value"].iloc[0]
        if value is None or not _meets(value, rule) or rule["unless"] in fired:
            continue
        fired.add(rule["key"])
        status, source = _standing(rule)
        rows.append({
            "side": rule["side"], "key": rule["key"], "figure": rule["figure"], "value": value,
            "unit": known["unit"].iloc[0], "comparison": rule["comparison"], "threshold": threshold_of(rule),
            "status": status, "source": source, "currency": currency,
        })  # fmt: skip
    rows += [] if signals is None else [_signal_row(row) for row in signals.to_dict("records")]
    table = pd.DataFrame(rows, columns=_FINDINGS, dtype="object")
    order = table["side"].map({side: place for place, side in enumerate(SIDES)})
    return table.assign(order=order).sort_values("order", kind="stable", ignore_index=True).drop(columns="order")


_FINDINGS = [
    "side", "key", "figure", "value", "unit", "comparison", "threshold", "status", "source", "currency",
    "second_measured", "second_unit", "second_threshold", "detail",
]  # fmt: skip


def not_judged(figures: pd.DataFrame) -> pd.DataFrame:
    """Rules of the findings that could not be judged, and why: silence is not good news.

    Returns
    -------
    pandas.DataFrame, one row per figure
        `figure`, `reason`, `missing`.
    """
    wanted = dict.fromkeys(rule["figure"] for rule in reference_rows("findings.csv"))
    blank = figures[figures["figure"].isin(wanted) & figures["value"].isna()]
    return blank[["figure", "reason", "missing"]].reset_index(drop=True)


def threshold_of(rule: Mapping[str, str]) -> Any:
    """Threshold of a rule: its own number or words, or that of the catalogue of ratios."""
    if rule["bound"]:
        return getattr(catalogue()[rule["figure"]], rule["bound"])
    if rule["comparison"] in ("in", "between"):
        return rule["threshold"]
    return float(rule["threshold"])


def _standing(rule: Mapping[str, str]) -> tuple[str, str]:
    if rule["bound"] and not rule["status"]:
        ratio = catalogue()[rule["figure"]]
        return ratio.status, ratio.threshold_source
    return rule["status"], rule["source"]


def _meets(value: Any, rule: Mapping[str, str]) -> bool:
    threshold, comparison = threshold_of(rule), rule["comparison"]
    if comparison == "in":
        return str(value) in threshold.split()
    figure = round(float(value), 9)
    if comparison == "between":
        low, high = (float(bound) for bound in threshold.split())
        return low <= figure <= high
    if comparison in ("below", "to"):
        return figure < threshold or (comparison == "to" and figure == threshold)
    return figure > threshold or (comparison == "from" and figure == threshold)


def _signal_row(row: Mapping[Any, Any]) -> dict[str, Any]:
    more = {name: row.get(name) for name in ("second_measured", "second_unit", "second_threshold", "detail")}
    side = "weakness" if row["signal"] == "idle_credit" else "alert"  # housekeeping rather than risk
    return {
        "side": side, "key": row["signal"], "figure": row["signal"], "value": row["measured"], "unit": row["unit"],
        "comparison": "signal", "threshold": row["threshold"], "status": "CHOICE", "source": "SIGNALS",
        "currency": row["currency"],
    } | more  # fmt: skip


def explain(found: pd.DataFrame, language: str | None = None) -> pd.DataFrame:
    """The findings with a sentence each.

    Parameters
    ----------
    found : pandas.DataFrame
        As :func:`findings` gives it.
    language : {"fr", "en"}, optional

    Returns
    -------
    pandas.DataFrame
        The same rows with `said`. Text of the client's files may stand in it
        as written: escape it in HTML.

    Examples
    --------
    >>> known = pd.DataFrame([Figure("autonomie_financiere", 0.125, "rate", origin="accounts")])
    >>> explain(findings(known), "en")["said"].item()
    'equity is 12.5% of the balance sheet (threshold: 20.0%)'
    """
    said = [_sentence(row, language) for row in found.to_dict("records")]
    return found.assign(said=pd.Series(said, index=found.index, dtype="object"))


_VERB_SAYS_LESS = ("sooner",)  # sentences whose verb has the sign: "shorter by 16 days", not by -16


def _sentence(row: Mapping[Any, Any], language: str | None) -> str:
    if row["comparison"] == "signal":
        from cmtools.display import explain_signals  # a view: needed for the words alone

        alone = dict(row) | {"signal": row["key"], "measured": row["value"]}
        for name in ("measured", "threshold", "second_measured", "second_threshold"):
            alone[name] = float("nan") if alone[name] is None else alone[name]
        return f"{label(row['key'], language)}{message('colon', language)}" + str(
            explain_signals(pd.DataFrame([alone]), language)["said"].iloc[0]
        )
    value: Any = row["value"]
    threshold: Any = "" if row["comparison"] in ("in", "between") else row["threshold"]
    if row["key"] in _VERB_SAYS_LESS:
        value, threshold = abs(value), abs(threshold)
    figure = worded(value, row["unit"], row["currency"], language)
    bound = worded(threshold, row["unit"], row["currency"], language) if threshold != "" else ""
    n = row["value"] if row["unit"] == "count" else None  # decides the plural
    return message(f"finding_{row['key']}", language, value=figure, threshold=bound, n=n)


def worded(value: Any, unit: str, currency: str = "EUR", language: str | None = None) -> str:
    """A figure with its unit, as the reader writes it; plain text, not escaped.

    Examples
    --------
    >>> worded(-0.125, "rate", language="en"), worded("liquidation", "choice", language="en")
    ('-12.5%', 'liquidation')
    """
    if value is None or value != value:
        return "–"
    if unit == "date":
        return day(value)
    if unit in ("choice", "text"):
        return label(str(value), language) if unit == "choice" else str(value)
    if unit == "money":
        return money(value, currency, language, 0)
    if unit == "rate":
        return percent(value, 1, language)
    whole = unit in ("count", "months") or (unit in ("days", "years") and float(value).is_integer())
    text = integer(value, language) if whole else number(value, 1, language)
    if unit not in ("days", "months", "years"):
        return text
    one = abs(value) == 1 or (resolve(language) == "fr" and abs(value) < 2)
    return message(f"file_unit_{unit}", language, value=text, n=1 if one else 2)
