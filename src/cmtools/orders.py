"""An order accepted, held or asked to be prepaid, and the record of who let one through.

Rule BLOCK: see ``GLOSSARY.md``. Nothing that was not given counts as good news: the
rules that could not be checked are named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pandas as pd

from cmtools import language as words
from cmtools.frames import choice
from cmtools.language import label, message
from cmtools.limits import Checks, missing
from cmtools.schemas import as_day

STAGES = ("order", "delivery", "invoicing")
OUTCOMES = ("accept", "hold", "prepayment")  # from the mildest
PROCEEDINGS = ("safeguard", "receivership", "liquidation")


@dataclass(frozen=True)
class BlockingRules:
    """From when an order is held (rule BLOCK); every figure is a CHOICE.

    Parameters
    ----------
    tolerance : float
        Fraction by which exposure and order may exceed the limit.
    overdue_amount, overdue_days : float
        More than this amount, undisputed, late by more than these days: an
        amount and an age; a count of late invoices is a poor rule.
    residue : float
        Open amounts up to this one are rounding, and ignored.
    broken_promises : int
        So many promises to pay that were not kept.
    outcomes : mapping
        Outcome of each rule, accept switching it off: over_limit,
        overdue_too_old, no_limit, limit_expired, limit_refused, insurer_cut,
        proceedings, promises_broken, exposure_unknown.
    """

    tolerance: float = 0.0
    overdue_amount: float = 1_000.0
    overdue_days: float = 30.0
    residue: float = 10.0
    broken_promises: int = 2
    outcomes: Mapping[str, str] = field(default_factory=dict)


OUTCOME_OF = {
    "over_limit": "hold",
    "overdue_too_old": "hold",
    "no_limit": "hold",
    "limit_expired": "hold",
    "limit_refused": "prepayment",
    "insurer_cut": "hold",
    "proceedings": "prepayment",
    "promises_broken": "prepayment",
    "exposure_unknown": "hold",
}


@dataclass(frozen=True)
class Unblocking:
    """Who let an order through, on whose authority, why, and until when.

    Parameters
    ----------
    customer_id : str
    order : str
        Reference of the order; "" : every order until the last day.
    decided_by, role : str
        Name, and function in the delegation.
    reason : str
    decided_on, until : date or str

    Raises
    ------
    InputError
        If a name, function, reason or date is missing, or the last day comes first.

    Examples
    --------
    >>> kept = Unblocking("000116", "C2607", "M. Dupuy", "cfo", "paid this morning", "2026-06-30", "2026-07-15")
    >>> kept.holds("2026-07-16", "C2607")
    False
    """

    customer_id: str
    order: str
    decided_by: str
    role: str
    reason: str
    decided_on: str | date
    until: str | date

    def __post_init__(self) -> None:
        checks = Checks()
        for name in ("customer_id", "decided_by", "role", "reason"):
            if not str(getattr(self, name) or "").strip():
                checks.wrong("limit_unblocking_blank", name, "")
        begins, ends = (checks.day(name, getattr(self, name)) for name in ("decided_on", "until"))
        for name, value in (("decided_on", begins), ("until", ends)):
            if missing(getattr(self, name)):
                checks.wrong("limit_unblocking_blank", name, value or "")
        if begins and ends and ends < begins:
            checks.wrong("limit_unblocking_dates", "until", words.day(ends), begins=words.day(begins))
        checks.done()

    def holds(self, as_of: str | date, order: str = "") -> bool:
        """Whether an order passes on a day."""
        return as_day(self.decided_on) <= as_day(as_of) <= as_day(self.until) and self.order in ("", order)

    def table(self) -> pd.DataFrame:
        """The record as one row: `customer_id`, `order`, `decided_by`, `role`, `reason`, `decided_on`, `until`."""
        days = {"decided_on": pd.Timestamp(as_day(self.decided_on)), "until": pd.Timestamp(as_day(self.until))}
        return pd.DataFrame([self.__dict__ | days]).rename(columns={"reason": "unblocking_reason"})


@dataclass(frozen=True)
class OrderCheck:
    """What becomes of an order.

    Attributes
    ----------
    outcome : {"accept", "hold", "prepayment"}
    rules : pandas.DataFrame, one row per rule that was broken
        `rule`, `outcome`, `rule_measured`, `rule_threshold`, `unit`
        (money, integer or blank).
    not_checked : tuple of str
        Rules that nothing was given for: silence is not good news.
    notes : tuple of str
        prepaid, too_late (at invoicing), unblocked, order_in_exposure.
    exposure_after : float or None
        Exposure with the part of the order that is not paid in advance.
    """

    outcome: str
    rules: pd.DataFrame
    not_checked: tuple[str, ...]
    notes: tuple[str, ...]
    exposure_after: float | None


def check_order(
    amount: float,
    as_of: str | date,
    *,
    exposure: float | None = None,
    limit: float | None = None,
    limit_until: str | date | None = None,
    items: pd.DataFrame | None = None,
    insurer_limit: float | None = None,
    insurer_until: str | date | None = None,
    proceedings: str | None = None,
    broken_promises: int | None = None,
    prepaid: float = 0.0,
    stage: str = "order",
    in_exposure: bool = False,
    order: str = "",
    unblocking: Unblocking | None = None,
    rules: BlockingRules | None = None,
) -> OrderCheck:
    """Accept an order, hold it for review, or ask for prepayment (rule BLOCK).

    Parameters
    ----------
    amount : float
        Of the order, incl. VAT.
    as_of : date or str
    exposure : float, optional
        All that the customer, or its group, owes already:
        see :func:`cmtools.follow_up.exposure`.
    limit : float, optional
        0: refused; None: none was set.
    limit_until : date or str, optional
        Last day of the limit; None: no end was set.
    items : pandas.DataFrame, optional
        Its open items: `open_amount`, `days_late`, and `disputed` if known.
    insurer_limit, insurer_until : optional
        0, or a past day: the insurer covers nothing more.
    proceedings : str, optional
        safeguard, receivership, liquidation; no_proceedings: none.
    broken_promises : int, optional
    prepaid : float
        Part of the order already paid, incl. VAT. A prepaid order passes.
    stage : {"order", "delivery", "invoicing"}
        At invoicing nothing is held: the goods are gone, and an invoice held
        back only makes the exposure worse.
    in_exposure : bool
        The order is among the orders of `exposure` already.
    order : str
        Its reference.
    unblocking : Unblocking, optional
        Lets an order that is held pass; not one that needs prepayment.
    rules : BlockingRules, optional

    Returns
    -------
    OrderCheck

    Raises
    ------
    InputError
        With every number that cannot be: a negative or missing amount, more
        prepaid than ordered, an unknown outcome, stage or proceedings.

    Examples
    --------
    It owes 18 000 under a limit of 20 000 and orders 3 000:

    >>> found = check_order(3_000, "2026-06-30", exposure=18_000, limit=20_000)
    >>> found.outcome, found.rules["rule"].tolist()
    ('hold', ['over_limit'])
    >>> check_order(3_000, "2026-06-30", exposure=18_000, limit=20_000, prepaid=3_000).outcome
    'accept'
    """
    choice("stage", stage, STAGES)
    applied = rules or BlockingRules()
    checks, at = Checks(), as_day(as_of)
    given = _order_numbers(checks, amount, exposure, limit, prepaid, insurer_limit, applied)
    ends = {"limit": checks.day("limit_until", limit_until), "insurer": checks.day("insurer_until", insurer_until)}
    if not missing(proceedings):
        checks.one_of("proceedings", str(proceedings), (*PROCEEDINGS, "no_proceedings"))
    promises = checks.number("broken_promises", broken_promises, "limit_bad_amount")
    for name, outcome in applied.outcomes.items():
        checks.one_of("outcomes", name, tuple(OUTCOME_OF))
        checks.one_of("outcomes", outcome, OUTCOMES)
    late = _old_overdue(items, applied, checks)
    checks.done()
    unpaid = max(given["amount"] - given["prepaid"], 0.0)
    after = None if given["exposure"] is None else given["exposure"] + (0.0 if in_exposure else unpaid)
    after = None if after is None else round(after, 2)
    found = _broken(given, after, ends, at, late, proceedings, promises, applied)
    outcomes = OUTCOME_OF | dict(applied.outcomes)
    broken = [[name, outcomes[name], *figures] for name, *figures in found if outcomes[name] != "accept"]
    outcome = max((row[1] for row in broken), key=OUTCOMES.index, default="accept")
    notes = ["order_in_exposure"] if in_exposure else []
    if unpaid <= applied.residue and given["prepaid"] > 0:
        outcome, notes = "accept", [*notes, "prepaid"]
    if stage == "invoicing":
        outcome, notes = "accept", [*notes, "too_late"]
    if outcome == "hold" and unblocking is not None and unblocking.holds(at, order):
        outcome, notes = "accept", [*notes, "unblocked"]
    known = {"overdue_too_old": late, "insurer_cut": insurer_limit, "proceedings": proceedings}
    known |= {"promises_broken": promises}
    table = pd.DataFrame(broken, columns=["rule", "outcome", "rule_measured", "rule_threshold", "unit"])
    table = table.astype({"rule_measured": "float64", "rule_threshold": "float64"})
    return OrderCheck(outcome, table, tuple(n for n, value in known.items() if missing(value)), tuple(notes), after)


def _order_numbers(
    checks: Checks, amount: Any, owed: Any, limit: Any, prepaid: Any, insurer: Any, rules: BlockingRules
) -> dict[str, Any]:
    if missing(amount):
        checks.wrong("limit_bad_amount", "amount", amount)
    numbers: dict[str, Any] = {
        "amount": checks.amount("amount", amount) or 0.0,
        "prepaid": checks.amount("prepaid", prepaid) or 0.0,
        "limit": checks.amount("limit", limit),
        "insurer": checks.amount("insurer_limit", insurer),
        "exposure": checks.number("exposure", owed, "limit_bad_amount", low=-math.inf),
    }
    if numbers["prepaid"] > numbers["amount"] + rules.residue:
        checks.wrong("limit_prepaid_above", "prepaid", prepaid, amount=float(numbers["amount"]))
    checks.share("tolerance", rules.tolerance)
    for name in ("overdue_amount", "overdue_days", "residue"):
        checks.amount(name, getattr(rules, name))
    return numbers


def _old_overdue(items: pd.DataFrame | None, rules: BlockingRules, checks: Checks) -> float | None:
    """Undisputed amount that is too late, small residues left out."""
    if items is None:
        return None
    lacking = [name for name in ("open_amount", "days_late") if name not in items]
    for name in lacking:
        checks.wrong("limit_missing_column", "items", name)
    if lacking:
        return None
    disputed = items["disputed"].astype(bool) if "disputed" in items else pd.Series(False, index=items.index)
    old = (items["days_late"] > rules.overdue_days) & (items["open_amount"] > rules.residue) & ~disputed
    return round(float(items.loc[old, "open_amount"].sum()), 2)


def _broken(
    given: Mapping[str, Any],
    after: float | None,
    ends: Mapping[str, datetime | None],
    at: datetime,
    late: float | None,
    proceedings: str | None,
    promises: float | None,
    rules: BlockingRules,
) -> list[list[Any]]:
    """Rules that are broken, each with what was measured and its threshold."""
    nothing = float("nan")
    found: list[list[Any]] = []
    limit = given["limit"]
    if limit is None:
        found.append(["no_limit", nothing, nothing, ""])
    elif limit == 0:
        found.append(["limit_refused", nothing, 0.0, "money"])
    elif ends["limit"] is not None and ends["limit"] < at:
        found.append(["limit_expired", nothing, limit, "money"])
    if after is None:
        found.append(["exposure_unknown", nothing, nothing, ""])
    elif limit:
        bound = round(limit * (1 + rules.tolerance), 2)
        found += [["over_limit", after, bound, "money"]] if after > bound else []
    if late is not None and late > rules.overdue_amount:
        found.append(["overdue_too_old", late, rules.overdue_amount, "money"])
    if given["insurer"] == 0 or (ends["insurer"] is not None and ends["insurer"] < at):
        found.append(["insurer_cut", nothing, nothing, ""])
    if proceedings in PROCEEDINGS:
        found.append(["proceedings", nothing, nothing, ""])
    if promises is not None and promises >= rules.broken_promises:
        found.append(["promises_broken", promises, float(rules.broken_promises), "integer"])
    return found


def order_sentences(found: OrderCheck, currency: str = "EUR", language: str | None = None) -> list[str]:
    """The outcome of an order and its reasons in words.

    Examples
    --------
    >>> found = check_order(3_000, "2026-06-30", exposure=18_000, limit=20_000)
    >>> print(order_sentences(found, language="en")[1].replace(words.HARD, " "))
    Exposure with the order 21,000.00 EUR, above 20,000.00 EUR.
    """
    said = [message(f"order_{found.outcome}", language)]
    for row in found.rules.to_dict("records"):
        values = {
            name: _rule_figure(row[f"rule_{name}"], row["unit"], currency, language)
            for name in ("measured", "threshold")
        }
        said.append(message(f"order_rule_{row['rule']}", language, **values))
    said += [message(f"order_note_{name}", language) for name in found.notes]
    if found.not_checked:
        names = ", ".join(label(name, language) for name in found.not_checked)
        said.append(message("order_not_checked", language, rules=names))
    return said


def _rule_figure(value: Any, unit: str, currency: str, language: str | None) -> str:
    if missing(value):
        return "–"
    return words.money(value, currency, language) if unit == "money" else words.integer(value, language)
