"""Warning signals: which customers to look at before they stop paying, and what could not be judged.

Each signal compares one figure of a customer with a threshold that the user sets
(:func:`cmtools.read_signals`). The sums are made on the ledger's own engine; what
is left is one row per customer. Rule SIGNALS: see ``GLOSSARY.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import narwhals as nw
import pandas as pd

from cmtools.collection import paid_by_customer
from cmtools.exposure import by_group, customer_table
from cmtools.frames import (
    cents_of,
    collect,
    first_booking,
    in_books,
    in_unit,
    month_ends,
    remembered,
    tables_of,
    unit_of,
)
from cmtools.receivables import in_book_currency, open_items
from cmtools.schemas import Ledger, as_day
from cmtools.settings import read_signals

RECENT_MONTHS = 3  # a slower payer: the last 3 months against the 9 before them
EARLIER_MONTHS = 9
PAYMENTS = ("cash", "bill")  # an accepted bill is an answer, though not cash

_COLUMNS = [
    "customer_id",
    "customer_name",
    "collector",
    "signal",
    "measured",
    "unit",
    "threshold",
    "second_measured",
    "second_unit",
    "second_threshold",
    "detail",
    "currency",
    "outstanding",
    "overdue",
    "signals",
]


# ---------------------------------------------------------------- the signals of a ledger


def warning_signals(
    ledger: Ledger, as_of: str | date, signals: pd.DataFrame | None = None, currency: str | None = None
) -> pd.DataFrame:
    """Customers that call for attention, and what of them does (rule SIGNALS).

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        Closing date; nothing later is used.
    signals : pandas.DataFrame, optional
        Thresholds as :func:`cmtools.read_signals` gives them; default: its own.
    currency : str, optional
        Default: the currency of the books where every amount is known in it,
        else the only one. Another one: its items alone.

    Returns
    -------
    pandas.DataFrame, one row per customer and signal, worst customer first
        `customer_id`, `customer_name`, `collector` (null: unknown), `signal`
        (choice), `measured` in `unit` (NaN: not computable, the signal stands
        on the other figure), `threshold`, `second_measured`, `second_unit`,
        `second_threshold` (NaN: none), `detail` (cause of the dispute, name
        of the group; null: none), `currency`, `outstanding` (net of
        unallocated credits), `overdue`, `signals` (number of the customer's
        signals of risk). Order: more signals of risk, then larger overdue,
        then larger outstanding; within a customer, the order of the
        thresholds. Signals that could not be judged: :func:`signals_not_evaluated`.

    Raises
    ------
    InputError
        If the amounts are in several currencies without a value in the books
        and none is asked for.

    Notes
    -----
    A customer raises a signal when:

    - insurer_refused: it owes more than the insurer's limit, by more than the
      threshold; a limit of 0 is a refusal.
    - returned_payment: as many payments as the threshold were returned by the
      bank during the months of the second threshold.
    - late_amount_and_age: more than the threshold, not disputed, is late by
      more days than the second one. Amount and age: a count of late invoices
      is a poor rule
      (https://github.com/frappe/erpnext/pull/37326).
    - silent_payer: something undisputed is late by more days than the second
      threshold, and nothing was paid (in cash or by bill) for the days of the
      first; where nothing ever was, since the first item.
    - limit_use: outstanding / own limit reaches the threshold; anything owed
      under a limit of 0 does.
    - slower_payer: the average delay of what was paid in the last 3 months
      (:func:`cmtools.collection.payment_delays`) exceeds that of the 9 months
      before by more than the threshold, with at least as many items paid as
      the second one on each side.
    - outstanding_jump: the outstanding rose in 3 months by more than both
      thresholds, rate and amount; where nothing was owed then, by the amount.
    - old_dispute: the oldest open dispute is older than the threshold.
    - concentration: the customer's group holds at least the threshold of the
      outstanding; said on its member that owes most.
    - idle_credit: credits older than the second threshold and not allocated
      exceed the first. Housekeeping rather than risk.

    The months of a window are those of the closing date: on 30 June, the last
    three are April, May and June.

    Examples
    --------
    Which customers have four signals or more?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> found = warning_signals(ledger, "2026-06-30")
    >>> found[found["signals"] >= 4]["customer_id"].unique().tolist()
    ['000219', '000128', '000102']
    """
    picture = _Picture(ledger, as_day(as_of), currency)
    rules = _in_force(picture, signals)[0]
    found = [row for rule in rules for row in _judged(rule, _JUDGES[rule["signal"]](picture, rule))]
    rows = pd.DataFrame(found, columns=[*_FOUND, *_RULE])
    known = picture.customers[["customer_id", "customer_name", "collector", "cents", "late"]]
    table = rows.merge(known, on="customer_id", how="left")
    table = table.assign(currency=picture.currency, outstanding=table["cents"] / 100, overdue=table["late"] / 100)
    risks = table[table["signal"] != "idle_credit"].groupby("customer_id").size()
    table["signals"] = table["customer_id"].map(risks).fillna(0).astype("int64")
    table["order"] = table["signal"].map({rule["signal"]: place for place, rule in enumerate(rules)})
    worst = ["signals", "overdue", "outstanding", "customer_id", "order"]
    table = table.sort_values(worst, ascending=[False, False, False, True, True], ignore_index=True)
    numbers = ["measured", "threshold", "second_measured", "second_threshold", "outstanding", "overdue"]
    return table[_COLUMNS].astype(dict.fromkeys(numbers, "float64"))


def signals_not_evaluated(
    ledger: Ledger, as_of: str | date, signals: pd.DataFrame | None = None, currency: str | None = None
) -> pd.DataFrame:
    """Signals that were not judged, and why: silence is not good news.

    Parameters
    ----------
    ledger, as_of, signals, currency
        As for :func:`warning_signals`.

    Returns
    -------
    pandas.DataFrame, one row per signal not judged
        `signal`, `reason` (message key): "signal_off" (switched off, or not
        in the user's file), "no_limits", "no_insurer_limits",
        "limits_other_currency" (limits are in the currency of the books),
        "not_in_source" (disputes), "open_items_only" (payments unknown),
        "short_history", "no_returned_kind" (no returned payment in the whole
        source: none took place, or it does not tell), "no_outstanding".

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> signals_not_evaluated(ledger, "2026-06-30").empty
    True
    """
    left_out = _in_force(_Picture(ledger, as_day(as_of), currency), signals)[1]
    return pd.DataFrame(left_out, columns=["signal", "reason"])


def _in_force(picture: _Picture, signals: pd.DataFrame | None) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """Thresholds of the signals to judge, and the others with their reason."""
    rules, left_out = [], []
    table = read_signals() if signals is None else signals
    for row in table.to_dict("records"):
        reason = "signal_off" if not row["active"] else picture.reason(str(row["signal"]))
        if reason:
            left_out.append((str(row["signal"]), reason))
        else:
            rules.append({str(name): value for name, value in row.items()})
    return rules, left_out


_FOUND = ["customer_id", "measured", "second_measured", "detail"]
_RULE = ["signal", "unit", "threshold", "second_unit", "second_threshold"]
_BESIDE = {"insurer_refused": "money", "limit_use": "money"}  # the limit is shown beside the figure


def _judged(rule: Mapping[str, Any], found: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of one signal with its thresholds."""
    known = {name: rule[name] for name in _RULE}
    known["second_unit"] = _BESIDE.get(rule["signal"], rule["second_unit"])
    there = found[[name for name in _FOUND if name in found]].to_dict("records")
    return [known | {name: row.get(name) for name in _FOUND} for row in there]


def _passes(values: pd.Series, rule: Mapping[str, Any], scale: float = 1.0) -> pd.Series:
    """Whether a figure exceeds its threshold, or reaches it: the table of thresholds tells which."""
    threshold = round(rule["threshold"] * scale, 9)
    return values >= threshold if rule["comparison"] == "from" else values > threshold


# ---------------------------------------------------------------- what a ledger tells on a date


@dataclass
class _Picture:
    """What the signals are judged on; each table is made when first asked for."""

    ledger: Ledger
    at: datetime
    asked: str | None

    @cached_property
    def unit(self) -> tuple[str, str]:
        """Column and currency; the books' currency takes in every item that has an amount in it."""
        own = self.asked != self.ledger.book_currency or not in_books(self.ledger)
        return unit_of(self.ledger, self.asked if own else None)

    @property
    def currency(self) -> str:
        return self.unit[1]

    @property
    def start(self) -> datetime:
        """The month-end three months back."""
        return month_ends(self.at, RECENT_MONTHS + 1)[-1]

    @cached_property
    def tables(self) -> tuple[Any, Any]:
        return tables_of(self.ledger)

    def items(self, at: datetime) -> Any:
        """Open items on a date in the one currency, with their `cents`, in pandas."""
        return nw.from_native(_items(self.ledger, at, self.unit))

    @cached_property
    def now(self) -> Any:
        """Open items on the closing date."""
        return self.items(self.at)

    @cached_property
    def customers(self) -> pd.DataFrame:
        """Customers with something open or known: `cents` and `late` owed, limits, names."""
        return _customers(self.ledger, self.at, self.unit)

    def by_customer(self, rows: Any, **columns: Any) -> pd.DataFrame:
        """Whole numbers added up by customer."""
        sums = rows.with_columns(**columns).group_by("customer_id").agg(*[nw.col(name).sum() for name in columns])
        return collect(sums).fillna(0).astype(dict.fromkeys(columns, "int64"))

    def reason(self, signal: str) -> str | None:
        """Why a signal cannot be judged; None: it can."""
        complete, history = self.ledger.complete_sales, first_booking(self.ledger)
        if history is None:
            return "no_outstanding"
        if signal in ("limit_use", "insurer_refused"):
            name = "credit_limit" if signal == "limit_use" else "insurer_limit"
            if not self.customers[name].notna().any():
                return "no_limits" if signal == "limit_use" else "no_insurer_limits"
            if self.currency != self.ledger.book_currency:
                return "limits_other_currency"
        if signal == "old_dispute" and "disputed" in self.ledger.silent:
            return "not_in_source"
        if signal in ("slower_payer", "silent_payer", "outstanding_jump", "returned_payment") and not complete:
            return "open_items_only"
        if signal in ("slower_payer", "outstanding_jump") and history > self.start:
            return "short_history"
        if signal == "returned_payment" and not self.has_returned:
            return "no_returned_kind"
        return None

    def delays(self, months: int) -> pd.DataFrame:
        """What was paid in a window by customer: `n_paid`, `amount_paid`, and amount x days late."""
        paid = paid_by_customer(self.ledger, self.at, months, self.unit, ("cash",), False).set_index("customer_id")
        return paid[["n_paid"]].assign(amount_paid=paid["paid"] / 100, days=paid["delay"] / 100)

    @cached_property
    def has_returned(self) -> bool:
        return _has_returned(self.ledger, self.at)


@remembered
def _has_returned(ledger: Ledger, at: datetime) -> bool:
    kinds = tables_of(ledger)[0].filter(nw.col("booking_date") <= at).select("kind").unique()
    return "returned_payment" in set(collect(kinds)["kind"])


@remembered
def _customers(ledger: Ledger, at: datetime, unit: tuple[str, str]) -> pd.DataFrame:
    """Customers with something open or known."""
    return customer_table(_items(ledger, at, unit), ledger, unit[1], keep_all=True)


@remembered
def _items(ledger: Ledger, at: datetime, unit: tuple[str, str]) -> pd.DataFrame:
    """Open items on a date in one currency: what is open is a small part."""
    native = open_items(ledger, at)
    if unit[0] == "book_cents":
        native = in_book_currency(native, unit[1])
    items = nw.from_native(native).filter(nw.col("currency") == unit[1])
    names = ["item_id", "customer_id", "kind", "issue_date", "due_date", "currency", "open_amount", "days_late"]
    return collect(items.select(*names, "disputed", "dispute_reason", cents=cents_of("open_amount")))


def _late_by(days: float) -> nw.Expr:
    """Not disputed, and late by more than so many days."""
    return (nw.col("cents") > 0) & (nw.col("days_late") > days) & ~nw.col("disputed")


# ---------------------------------------------------------------- one function per signal


def _insurer_refused(picture: _Picture, rule: Mapping[str, Any]) -> pd.DataFrame:
    owed = picture.customers[picture.customers["insurer_limit"].notna()]
    excess = owed["cents"] - (100 * owed["insurer_limit"]).round()
    table = owed.assign(measured=excess / 100, second_measured=owed["insurer_limit"])
    return table[(owed["cents"] > 0) & _passes(excess, rule, 100)]


def _limit_use(picture: _Picture, rule: Mapping[str, Any]) -> pd.DataFrame:
    owed = picture.customers[picture.customers["credit_limit"].notna() & (picture.customers["cents"] > 0)]
    limit = (100 * owed["credit_limit"]).round()
    use = owed["cents"] / limit.where(limit > 0)
    return owed.assign(measured=use, second_measured=owed["credit_limit"])[(limit == 0) | _passes(use, rule)]


def _late_amount_and_age(picture: _Picture, rule: Mapping[str, Any]) -> pd.DataFrame:
    late = picture.now.filter(_late_by(rule["second_threshold"]))
    old = collect(late.group_by("customer_id").agg(nw.col("cents").sum(), nw.col("days_late").max()))
    old = old[_passes(old["cents"], rule, 100)]
    return old.assign(measured=old["cents"] / 100, second_measured=old["days_late"])


def _silent_payer(picture: _Picture, rule: Mapping[str, Any]) -> pd.DataFrame:
    late = collect(
        picture.now.filter(_late_by(rule["second_threshold"])).group_by("customer_id").agg(nw.col("days_late").max())
    )
    invoices, settlements = picture.tables
    paid = settlements.filter(
        (nw.col("payment_date") <= picture.at) & (nw.col("cents") > 0) & nw.col("kind").is_in(PAYMENTS)
    )
    last = collect(paid.group_by("customer_id").agg(last=nw.col("payment_date").max()))
    booked = invoices.filter(nw.col("booking_date") <= picture.at)
    first = collect(booked.group_by("customer_id").agg(first=nw.col("booking_date").min()))
    table = late.merge(last, on="customer_id", how="left").merge(first, on="customer_id", how="left")
    since = pd.to_datetime(table["last"]).fillna(pd.to_datetime(table["first"]))
    table = table.assign(measured=(pd.Timestamp(picture.at) - since).dt.days, second_measured=table["days_late"])
    return table[_passes(table["measured"], rule)]


def _slower_payer(picture: _Picture, rule: Mapping[str, Any]) -> pd.DataFrame:
    recent, year = (picture.delays(months) for months in (RECENT_MONTHS, RECENT_MONTHS + EARLIER_MONTHS))
    both = year.add_suffix("_year").join(recent, how="inner")
    days = both["days_year"] - both["days"]
    amount = both["amount_paid_year"] - both["amount_paid"]
    earlier = days / amount.where(amount > 0.005)
    slower = (both["days"] / both["amount_paid"] - earlier).round(6)
    fewest = both["n_paid"].clip(upper=both["n_paid_year"] - both["n_paid"])
    table = both.reset_index().assign(measured=slower.to_numpy(), second_measured=fewest.to_numpy())
    enough = table["second_measured"] >= max(rule["second_threshold"], 1)
    return table[enough & _passes(table["measured"], rule)]


def _outstanding_jump(picture: _Picture, rule: Mapping[str, Any]) -> pd.DataFrame:
    before = picture.by_customer(picture.items(picture.start), before=nw.col("cents"))
    table = picture.customers.merge(before, on="customer_id", how="left").fillna({"before": 0})
    rise = table["cents"] - table["before"].clip(lower=0)
    rate = rise / table["before"].where(table["before"] > 0)
    table = table.assign(measured=rate, second_measured=rise / 100)
    large = rise > round(100 * rule["second_threshold"])
    return table[large & (rate.isna() | _passes(rate, rule))]


def _old_dispute(picture: _Picture, rule: Mapping[str, Any]) -> pd.DataFrame:
    disputed = collect(picture.now.filter(nw.col("disputed")).select("item_id", "customer_id", "dispute_reason"))
    dated = picture.tables[0].filter(~nw.col("dispute_from").is_null()).select("item_id", "dispute_from")
    table = disputed.merge(collect(dated), on="item_id")
    table["measured"] = (pd.Timestamp(picture.at) - pd.to_datetime(table["dispute_from"])).dt.days
    table = table.sort_values(["measured", "item_id"], ascending=[False, True]).drop_duplicates("customer_id")
    return table[_passes(table["measured"], rule)].rename(columns={"dispute_reason": "detail"})


def _returned_payment(picture: _Picture, rule: Mapping[str, Any]) -> pd.DataFrame:
    months = int(rule["second_threshold"])
    begin = month_ends(picture.at, months + 1)[-1]
    returned = in_unit(picture.tables[0], picture.unit).filter(
        (nw.col("kind") == "returned_payment") & (nw.col("booking_date") > begin)
    )
    returned = returned.filter(nw.col("booking_date") <= picture.at)
    counts = picture.by_customer(returned, count=nw.lit(1))
    counts = counts[_passes(counts["count"], rule)]
    return counts.assign(measured=counts["count"], second_measured=months)


def _concentration(picture: _Picture, rule: Mapping[str, Any]) -> pd.DataFrame:
    groups = by_group(picture.customers)
    groups = groups[groups["cents"] > 0]
    groups = groups.assign(share=groups["cents"] / groups["cents"].sum())
    groups = groups[_passes(groups["share"], rule)]
    members = picture.customers.sort_values(["cents", "customer_id"], ascending=[False, True])
    largest = members.drop_duplicates("group_id").merge(groups[["group_id", "share", "members"]], on="group_id")
    detail = largest["group_id"].where(largest["members"] > 1, None)
    return largest.assign(measured=largest["share"], detail=detail)


def _idle_credit(picture: _Picture, rule: Mapping[str, Any]) -> pd.DataFrame:
    credit = picture.now.filter(nw.col("cents") < 0).to_native()
    days = (pd.Timestamp(picture.at) - pd.to_datetime(credit["issue_date"])).dt.days
    old = credit.assign(days=days)[days > rule["second_threshold"]]
    table = old.groupby("customer_id", as_index=False).agg({"cents": "sum", "days": "max"})
    table = table.assign(measured=-table["cents"] / 100, second_measured=table["days"])
    return table[_passes(-table["cents"], rule, 100)]


_JUDGES: dict[str, Callable[[_Picture, Mapping[str, Any]], pd.DataFrame]] = {
    "insurer_refused": _insurer_refused,
    "returned_payment": _returned_payment,
    "late_amount_and_age": _late_amount_and_age,
    "silent_payer": _silent_payer,
    "limit_use": _limit_use,
    "slower_payer": _slower_payer,
    "outstanding_jump": _outstanding_jump,
    "old_dispute": _old_dispute,
    "concentration": _concentration,
    "idle_credit": _idle_credit,
}
