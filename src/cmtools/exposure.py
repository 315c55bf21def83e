"""Who owes most, who owes more than agreed, who is late most, and what is disputed.

Every function takes open items of one currency, as :func:`cmtools.report_items`
gives them (any engine), and the ledger for what is known of the customers; the
results are small, hence pandas. Rules PARETO, HHI, EXPO: see ``GLOSSARY.md``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import narwhals as nw
import pandas as pd
from narwhals.typing import IntoFrame

from cmtools.frames import DATE, cents_of, choice, collect, lazily, names_of, remembered
from cmtools.schemas import OPEN_ITEMS, Column, Defect, InputError, Ledger, as_day, require
from cmtools.settings import reference_rows

CLASSES = (0.80, 0.95)
LEVELS = ("customer_id", "group_id")
NO_CAUSE = "no_known_cause"
_CAUSES = ("cause_doubtful", "cause_disputed", "cause_returned", "cause_retention", NO_CAUSE)


# ---------------------------------------------------------------- concentration


def concentration(
    items: IntoFrame,
    ledger: Ledger,
    by: str = "group_id",
    currency: str | None = None,
    classes: Sequence[float] = CLASSES,
) -> pd.DataFrame:
    """Who owes the outstanding, largest first, with its cumulative share (rule PARETO).

    Parameters
    ----------
    items : frame, one row per open item
        As :func:`cmtools.report_items` gives it.
    ledger : Ledger
    by : {"group_id", "customer_id"}
        A customer without a group is its own group; a group named by the
        number of a customer holds that customer too.
    currency : str, optional
        Needed when the items are in several.
    classes : sequence of float, default (0.80, 0.95)
        Upper bounds of classes A, B, ...; the last class goes to 100 %.

    Returns
    -------
    pandas.DataFrame, one row per group or customer that owes something
        `rank`, `group_id` or `customer_id`, `customer_name` (by group: that of
        the customer whose number names it, else the group's), `members` (by group: its customers
        that owe something), `currency`, `outstanding` (net of the customer's
        unallocated credits), `share` (fraction of the sum of the rows),
        `cumulative_share`, `abc_class`, `overdue`. Equal amounts are in the
        order of their identifiers.

    Raises
    ------
    InputError
        If the items are in several currencies and none is asked for, or a
        class bound is not between 0 and 1, increasing.

    Notes
    -----
    Customers in credit are left out first: shares cannot be negative, and the
    credit of one company does not pay the debt of another. The sum of the
    rows is therefore the outstanding plus what customers in credit are owed.
    The row that crosses a bound belongs to the class that it completes: class
    A is the shortest list that holds at least 80 %, so it is never empty.

    Examples
    --------
    How much of the outstanding do the largest three groups owe?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> table = concentration(cm.report_items(ledger, "2026-06-30"), ledger)
    >>> table["abc_class"].iloc[0], bool(table["share"].sum().round(9) == 1)
    ('A', True)
    """
    choice("by", by, LEVELS)
    _check_classes(classes)
    owed, shown = _owed(items, currency, ledger)
    if by == "group_id":
        owed = by_group(owed)
    table = owed[owed["cents"] > 0].sort_values(["cents", by], ascending=[False, True], ignore_index=True)
    total, cumulated = int(table["cents"].sum()), table["cents"].cumsum()
    table["rank"] = range(1, len(table) + 1)
    table["share"] = table["cents"] / max(total, 1)
    table["cumulative_share"] = cumulated / max(total, 1)
    table["abc_class"] = [_class_of(int(before), total, classes) for before in cumulated - table["cents"]]
    table["currency"] = shown
    names = ["rank", by, "customer_name", *(["members"] if by == "group_id" else []), "currency", "outstanding"]
    return _in_money(table)[[*names, "share", "cumulative_share", "abc_class", "overdue"]]


def _check_classes(classes: Sequence[float]) -> None:
    inside = all(0 < low < high for low, high in zip(classes, (*classes[1:], 1.0)))
    if not classes or not inside:
        raise InputError([_bad_argument("classes", tuple(classes), "(0.8, 0.95)")])


def _class_of(before: int, total: int, classes: Sequence[float]) -> str:
    """Class of a row by what the larger ones owe; exact, so that 80 % is 80 %."""
    passed = sum(before >= Decimal(str(bound)) * total for bound in classes)
    return chr(ord("A") + passed)


def hhi(shares: Iterable[float]) -> float:
    """Herfindahl-Hirschman index of concentration: the sum of the squared shares (rule HHI).

    Parameters
    ----------
    shares : iterable of float
        Fractions, not negative, that sum to 1.

    Returns
    -------
    float
        From 1/n (n equal customers) to 1 (one customer); NaN without shares.

    Raises
    ------
    InputError
        If a share is missing or negative, or they do not sum to 1.

    Notes
    -----
    Thresholds of competition law (0.15, 0.25) do not carry over to credit
    risk (https://www.openriskmanual.org/wiki/Herfindahl-Hirschman_Index).

    Examples
    --------
    >>> round(hhi([0.3, 0.3, 0.2, 0.2]), 4)
    0.26
    """
    values = [float(share) for share in shares]
    if not values:
        return float("nan")
    if any(not 0 <= value <= 1 + 1e-9 for value in values) or abs(math.fsum(values) - 1) > 1e-6:
        raise InputError([_bad_argument("shares", [round(value, 6) for value in values[:5]], "0.6, 0.3, 0.1")])
    return math.fsum(value * value for value in values)


def concentration_measures(table: pd.DataFrame, equity: float | None = None) -> pd.DataFrame:
    """How concentrated the outstanding is, in a few numbers (rules PARETO and HHI).

    Parameters
    ----------
    table : pandas.DataFrame
        As :func:`concentration` gives it.
    equity : float, optional
        Own equity of the company, in the currency of the table.

    Returns
    -------
    pandas.DataFrame, one row
        `count` (rows of the table), `currency`, `outstanding`, `hhi` (0 to 1),
        `hhi_points` (x 10 000), `effective_number` (1 / HHI: so many equal
        customers would be as concentrated), `top_1`, `top_5`, `top_10`
        (fractions), `largest_to_equity` (largest outstanding / equity; NaN
        without a positive equity), `reason` (message key: why a number is
        missing; null: none is).

    Examples
    --------
    >>> table = pd.DataFrame({"currency": "EUR", "outstanding": [60.0, 40.0], "share": [0.6, 0.4]})
    >>> measures = concentration_measures(table, equity=240).iloc[0]
    >>> round(float(measures["hhi"]), 4), round(float(measures["largest_to_equity"]), 4)
    (0.52, 0.25)
    """
    index, any_owed = hhi(table["share"]), len(table) > 0
    tops = {f"top_{count}": math.fsum(table["share"].head(count)) if any_owed else float("nan") for count in (1, 5, 10)}
    judged = equity is not None and equity > 0
    reason = "equity_not_given" if equity is None else None if judged else "equity_not_positive"
    row = {
        "count": len(table),
        "currency": table["currency"].iloc[0] if any_owed else None,
        "outstanding": round(float(table["outstanding"].sum()), 2),
        "hhi": index,
        "hhi_points": 10_000 * index,
        "effective_number": 1 / index,
        **tops,
        "largest_to_equity": float(table["outstanding"].max()) / float(equity or 1) if judged else float("nan"),
        "reason": reason if any_owed else "no_outstanding",
    }
    return pd.DataFrame([row])


# ---------------------------------------------------------------- limits


def limits_exceeded(
    items: IntoFrame,
    ledger: Ledger,
    tolerance: float = 0.0,
    by: str = "customer_id",
    currency: str | None = None,
) -> pd.DataFrame:
    """Customers, or groups, that owe more than their own credit limit (rule EXPO).

    Parameters
    ----------
    items : frame, one row per open item
        As :func:`cmtools.report_items` gives it.
    ledger : Ledger
        Limits are in the currency of its books.
    tolerance : float, default 0.0
        Fraction of the limit by which it may be exceeded.
    by : {"customer_id", "group_id"}
    currency : str, optional
        Needed when the items are in several.

    Returns
    -------
    pandas.DataFrame, largest excess first
        `customer_id`, `customer_name`, `collector` (null: unknown), or
        `group_id`, `customer_name`, `members`; then `currency`,
        `outstanding`, `credit_limit`, `excess` (outstanding - limit x (1 +
        tolerance), positive), `limit_use` (outstanding / limit; NaN where the
        limit is 0), `insurer_limit`, `insurer_excess` (what is above the
        insurer's limit, 0 if nothing; NaN without one), `overdue`. Empty
        where no limit can be judged: see :func:`limits_coverage`.

    Raises
    ------
    InputError
        If the items are in several currencies and none is asked for, or the
        tolerance is negative.

    Notes
    -----
    The exposure judged here is the outstanding net of unallocated credits.
    Orders, deliveries to invoice and bills not yet due are not in a customer
    ledger: the true exposure can only be higher. A blank limit: none was set,
    so it cannot be exceeded; 0.00: credit was refused, so anything owed
    exceeds it. The insurer's limit is never added to the own one. The limit
    of a group is the sum of its members' limits; it is unknown, and the group
    not judged, as soon as a member that owes something has none. A member in
    credit does not reduce what the others owe.

    Examples
    --------
    Who owes more than agreed, and is it late?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> over = limits_exceeded(cm.report_items(ledger, "2026-06-30"), ledger, tolerance=0.1)
    >>> bool((over["outstanding"] > 1.1 * over["credit_limit"]).all())
    True
    """
    choice("by", by, LEVELS)
    if not 0 <= tolerance < math.inf:
        raise InputError([_bad_argument("tolerance", tolerance, "0.1")])
    owed, _ = _with_limits(items, currency, ledger, by)
    owed["excess_cents"] = owed["cents"] - (owed["limit_cents"] * (1 + tolerance)).round()
    over = owed[owed["excess_cents"] > 0].sort_values(["excess_cents", by], ascending=[False, True], ignore_index=True)
    over["excess"] = over["excess_cents"] / 100
    over["limit_use"] = over["outstanding"] / over["credit_limit"].where(over["credit_limit"] > 0)
    over["insurer_excess"] = (over["outstanding"] - over["insurer_limit"]).round(2).clip(lower=0)
    who = [by, "customer_name", "collector" if by == "customer_id" else "members"]
    amounts = ["outstanding", "credit_limit", "excess", "limit_use", "insurer_limit", "insurer_excess", "overdue"]
    return over[[*who, "currency", *amounts]]


def limits_coverage(
    items: IntoFrame, ledger: Ledger, by: str = "customer_id", currency: str | None = None
) -> pd.DataFrame:
    """How many customers, or groups, owe something and could be judged against a limit.

    Parameters
    ----------
    items, ledger, by, currency
        As for :func:`limits_exceeded`.

    Returns
    -------
    pandas.DataFrame, one row
        `currency`, `count_judged`, `outstanding_judged`,
        `count_without_limit`, `outstanding_without_limit`, `count_refused`
        (judged, with a limit of 0), `count_partial` (judged on this currency
        alone while they owe in others too), `reason` (message key where none
        can be judged: "no_limits", "limits_other_currency"; null: some are).

    Examples
    --------
    For how much of the outstanding was no limit ever set?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> coverage = limits_coverage(cm.report_items(ledger, "2026-06-30"), ledger).iloc[0]
    >>> int(coverage["count_judged"] + coverage["count_without_limit"])
    92
    """
    choice("by", by, LEVELS)
    owed, shown = _with_limits(items, currency, ledger, by)
    judged = owed["limit_cents"].notna()
    others = _owing_elsewhere(items, shown, ledger, by)
    unset = not _known_customers(ledger)["credit_limit"].notna().any()
    other = "limits_other_currency" if shown != ledger.book_currency else "no_limits"
    reason = None if judged.any() else "no_limits" if unset else other
    row = {
        "currency": shown,
        "count_judged": int(judged.sum()),
        "outstanding_judged": float(owed.loc[judged, "cents"].sum()) / 100,
        "count_without_limit": int((~judged).sum()),
        "outstanding_without_limit": float(owed.loc[~judged, "cents"].sum()) / 100,
        "count_refused": int((owed["limit_cents"] == 0).sum()),
        "count_partial": int((judged & owed[by].isin(others)).sum()),
        "reason": reason,
    }
    return pd.DataFrame([row])


def _with_limits(items: IntoFrame, currency: str | None, ledger: Ledger, by: str) -> tuple[pd.DataFrame, str]:
    """Who owes something, with limits in cents (NaN: none, or in another currency), and the currency."""
    owed, shown = _owed(items, currency, ledger, keep_all=by == "group_id")
    known = 1.0 if shown == ledger.book_currency else float("nan")
    owed[list(_LIMITS.values())] = (100 * owed[list(_LIMITS)].to_numpy() * known).round()
    if by == "group_id":
        owed = by_group(owed, limits=list(_LIMITS.values()))
    owed = owed[owed["cents"] > 0].reset_index(drop=True)
    limits = {name: owed[cents] / 100 for name, cents in _LIMITS.items()}
    return _in_money(owed).assign(currency=shown, **limits), shown


_LIMITS = {"credit_limit": "limit_cents", "insurer_limit": "insurer_cents"}


def _owing_elsewhere(items: IntoFrame, shown: str, ledger: Ledger, by: str) -> set[str]:
    """Customers or groups with open items in other currencies than the one shown."""
    foreign = nw.from_native(items).filter(nw.col("currency") != shown).select("customer_id").unique()
    who = set(collect(foreign)["customer_id"])
    if by == "customer_id":
        return who
    groups = _known_customers(ledger).set_index("customer_id")["group_id"].to_dict()
    return {groups.get(customer, customer) for customer in who}


# ---------------------------------------------------------------- the largest overdue


def largest_overdue(
    items: IntoFrame,
    ledger: Ledger,
    as_of: str | date,
    count: int = 10,
    currency: str | None = None,
) -> pd.DataFrame:
    """The customers that owe most past due: since when, why, who follows it, what to do next.

    Parameters
    ----------
    items : frame, one row per open item
        As :func:`cmtools.report_items` gives it on the same date.
    ledger : Ledger
    as_of : date or str
        Closing date.
    count : int, default 10
        Customers to show.
    currency : str, optional
        Needed when the items are in several.

    Returns
    -------
    pandas.DataFrame, largest overdue first
        `customer_id`, `customer_name`, `currency`, `overdue`, `outstanding`
        (net of unallocated credits), `oldest_item` (number of the document
        due first, or of the item), `oldest_due_date`, `oldest_days_late`,
        `cause` (choice: the largest part of the overdue amount is doubtful,
        disputed, a returned payment, retention money not released, or has no
        known cause), `cause_amount` (that part), `dispute_reason` (all the
        reasons of its overdue disputes, largest first; null: none given),
        `collector` (null: unknown), `next_action` (choice).

    Raises
    ------
    InputError
        If the items are in several currencies and none is asked for, or
        `count` is not positive.

    Notes
    -----
    An item has one cause: doubtful before disputed before returned payment
    before retention. The next action is a suggestion, a CHOICE held in
    ``reference/next_actions.csv``: a doubtful customer has a file, not
    reminders; otherwise the days late of the oldest item that is neither
    disputed nor retention money give the step (from 3, 10, 20, 30, 45 days);
    where all is disputed, the dispute must be settled first; where all is
    retention money, its release must be asked for.

    Examples
    --------
    Whom must the committee talk about?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> late = largest_overdue(cm.report_items(ledger, "2026-06-30"), ledger, "2026-06-30", count=3)
    >>> late[["customer_id", "cause", "next_action"]]
      customer_id           cause      next_action
    0      000186  no_known_cause  give_formal_notice
    1      000128  cause_doubtful     follow_the_file
    2      000114  cause_disputed     remind_friendly
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InputError([_bad_argument("count", count, "10")])
    at = pd.Timestamp(as_day(as_of))
    frame, shown = _one_currency(items, currency, ledger)
    owed = _with_customers(collect(_sums(frame)), ledger)
    top = owed[owed["late"] > 0].sort_values(["late", "customer_id"], ascending=[False, True]).head(count)
    names = ["item_id", "customer_id", "kind", "document", "due_date", "late", *_STATES, "dispute_reason"]
    absent = {name: _ABSENT[name] for name in _ABSENT if name not in frame.collect_schema().names()}
    frame = frame.with_columns(**absent) if absent else frame
    late = frame.filter((nw.col("late") > 0) & nw.col("customer_id").is_in(top["customer_id"].tolist()))
    details = collect(late.select(names))
    details["days_late"] = (at - pd.to_datetime(details["due_date"])).dt.days
    items_of: dict[Any, list[dict[Any, Any]]] = {who: [] for who in top["customer_id"]}
    for row in details.to_dict("records"):
        items_of[row["customer_id"]].append(row)
    found = [_overdue_of(mine) for mine in items_of.values()]
    table = _in_money(top.reset_index(drop=True)).assign(currency=shown)
    table = table.join(pd.DataFrame(found, columns=_OVERDUE_COLUMNS))
    names = ["customer_id", "customer_name", "currency", "overdue", "outstanding", *_OVERDUE_COLUMNS[:-1]]
    return table[[*names, "collector", "next_action"]]


_STATES = ("disputed", "doubtful", "retention")
_ABSENT = dict.fromkeys(_STATES, nw.lit(False)) | dict.fromkeys(
    ("document", "dispute_reason"), nw.lit(None).cast(nw.String)
)
_OVERDUE_COLUMNS = [
    "oldest_item",
    "oldest_due_date",
    "oldest_days_late",
    "cause",
    "cause_amount",
    "dispute_reason",
    "next_action",
]


def _cause(row: dict[Any, Any]) -> str:
    """Why one item is late, as far as the source tells."""
    stated = (
        bool(row["doubtful"]),
        bool(row["disputed"]),
        row["kind"] == "returned_payment",
        bool(row["retention"]),
        True,
    )
    return next(cause for cause, holds in zip(_CAUSES, stated) if holds)


def _overdue_of(mine: list[dict[Any, Any]]) -> tuple[Any, ...]:
    """What is late of one customer."""
    oldest = min(mine, key=lambda row: (row["due_date"], -row["late"], row["item_id"]))
    parts, reasons = defaultdict[str, int](int), defaultdict[str, int](int)
    for row in mine:
        parts[_cause(row)] += row["late"]
        if row["disputed"] and isinstance(row["dispute_reason"], str):
            reasons[row["dispute_reason"]] += row["late"]
    cause = max(parts, key=lambda name: (parts[name], -_CAUSES.index(name)))
    document = oldest["document"]
    return (
        document if isinstance(document, str) and document else oldest["item_id"],
        oldest["due_date"],
        int(oldest["days_late"]),
        cause,
        float(parts[cause]) / 100,
        " ; ".join(sorted(reasons, key=lambda reason: (-reasons[reason], reason))) or None,
        _next_action(mine),
    )


def next_action(late: pd.DataFrame) -> str:
    """Suggested next step for the overdue items of one customer (key of ``reference/next_actions.csv``).

    Parameters
    ----------
    late : pandas.DataFrame, one row per overdue item
        `days_late`, flags `disputed`, `doubtful`, `retention`.

    Examples
    --------
    An invoice 12 days late, another 40 days late but disputed: remind the customer of the first.

    >>> next_action(pd.DataFrame({"days_late": [12, 40], "disputed": [False, True], "doubtful": False,
    ...     "retention": False}))
    'remind_firmly'
    """
    return _next_action(late.to_dict("records"))


def _next_action(late: Sequence[Mapping[Any, Any]]) -> str:
    usual = [row for row in late if not row["disputed"] and not row["retention"]]
    if any(row["doubtful"] for row in late):
        state = "doubtful"
    elif usual:
        state, late = "normal", usual
    else:
        state = "disputed" if any(row["disputed"] for row in late) else "retention"
    days = max(row["days_late"] for row in late)
    steps = [row for row in reference_rows("next_actions.csv") if row["state"] == state]
    return max((row for row in steps if int(row["late_from"]) <= max(days, 1)), key=lambda row: int(row["late_from"]))[
        "key"
    ]


# ---------------------------------------------------------------- disputes


def disputes_by_cause(items: IntoFrame, ledger: Ledger, as_of: str | date, currency: str | None = None) -> pd.DataFrame:
    """Open disputes by their cause: how many, how much, how old (rule AGE-DISPUTE).

    Parameters
    ----------
    items : frame, one row per open item
        As :func:`cmtools.report_items` gives it on the same date.
    ledger : Ledger
    as_of : date or str
        Closing date.
    currency : str, optional
        Needed when the items are in several.

    Returns
    -------
    pandas.DataFrame, one row per cause, largest amount first
        `dispute_reason` (as the company words it; null: not given),
        `currency`, `count` (open items), `open_amount` (credits negative: the
        sum is the disputed part of the outstanding), `overdue`, `oldest_days`
        (days since the first day of the oldest dispute; NaN: no date),
        `average_days` (weighted by the positive open amounts that have a
        date; NaN: none). Empty where nothing is disputed, and where the
        source does not tell (``"disputed" in ledger.silent``).

    Examples
    --------
    Which cause blocks most money, and since when?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> disputes = disputes_by_cause(cm.report_items(ledger, "2026-06-30"), ledger, "2026-06-30")
    >>> int(disputes["count"].sum())
    9
    """
    at = pd.Timestamp(as_day(as_of))
    frame, shown = _one_currency(items, currency, ledger)
    names = ["item_id", "cents", "late", "dispute_reason"]
    if "disputed" in ledger.silent or not {"disputed", "dispute_reason"} <= set(frame.collect_schema().names()):
        open_disputes = pd.DataFrame(columns=names)
    else:
        open_disputes = collect(frame.filter(nw.col("disputed")).select(names))
    dated = nw.from_native(ledger.invoices).filter(~nw.col("dispute_from").is_null())
    starts = collect(dated.select("item_id", nw.col("dispute_from").cast(DATE)))
    disputes = open_disputes.merge(starts, on="item_id", how="left")
    disputes["days"] = (at - pd.to_datetime(disputes["dispute_from"])).dt.days
    rows = [_dispute_row(cause, mine) for cause, mine in disputes.groupby("dispute_reason", dropna=False)]
    columns = ["dispute_reason", "count", "open_amount", "overdue", "oldest_days", "average_days"]
    table = pd.DataFrame(rows, columns=columns).sort_values(
        ["open_amount", "dispute_reason"], ascending=[False, True], ignore_index=True
    )
    table.insert(1, "currency", shown)
    return table


def _dispute_row(cause: Any, mine: pd.DataFrame) -> tuple[Any, ...]:
    weighed = mine[(mine["cents"] > 0) & mine["days"].notna()]
    weight = weighed["cents"].sum()
    return (
        cause if isinstance(cause, str) else None,
        len(mine),
        float(mine["cents"].sum()) / 100,
        float(mine["late"].sum()) / 100,
        float(mine["days"].max()),
        float((weighed["cents"] * weighed["days"]).sum() / weight) if weight else float("nan"),
    )


# ---------------------------------------------------------------- shared by the above


def _one_currency(items: IntoFrame, currency: str | None, ledger: Ledger) -> tuple[Any, str]:
    """Items of one currency with `cents` and `late` (the cents past due), and that currency."""
    frame = nw.from_native(items)
    _check_items(items)
    if currency is None:
        currency = _only(collect(frame.select("currency").unique())["currency"], ledger)
    else:
        frame = frame.filter(nw.col("currency") == currency)
    return _with_cents(frame), currency


def _check_items(items: IntoFrame) -> None:
    require(names_of(items), [*OPEN_ITEMS, _DAYS_LATE], "open_items")


def _only(currencies: Iterable[str], ledger: Ledger) -> str:
    """The one currency of items, or that of the books where there are none."""
    present = sorted(set(currencies))
    if len(present) > 1:
        raise InputError([Defect("several_currencies", "fatal", value=", ".join(present))])
    return present[0] if present else ledger.book_currency


def _with_cents(frame: Any) -> Any:
    frame = frame.with_columns(cents=cents_of("open_amount"))
    is_late = (nw.col("cents") > 0) & (nw.col("days_late") > 0)
    return frame.with_columns(late=nw.when(is_late).then(nw.col("cents")).otherwise(nw.lit(0)))


_DAYS_LATE = Column("days_late", "number", True, "days since the due date")


def customer_table(
    items: IntoFrame, ledger: Ledger, currency: str | None = None, keep_all: bool = False
) -> pd.DataFrame:
    """What each customer owes in one currency, beside what is known of it.

    Parameters
    ----------
    items : frame, one row per open item
    ledger : Ledger
    currency : str, optional
        Needed when the items are in several.
    keep_all : bool, default False
        True: the customers without an open item too.

    Returns
    -------
    pandas.DataFrame, one row per customer
        `customer_id`, `cents` (net of unallocated credits), `late` (cents past
        due), `customer_name`, `group_id` (its own number without a group),
        `collector`, `credit_limit`, `insurer_limit` (null and NaN: unknown).
    """
    return _owed(items, currency, ledger, keep_all)[0]


_OWED = ("customer_id", "currency", "open_amount", "days_late")


def _owed(items: IntoFrame, currency: str | None, ledger: Ledger, keep_all: bool = False) -> tuple[pd.DataFrame, str]:
    """The table of :func:`customer_table`, and its currency."""
    _check_items(items)
    sums = collect(_sums(_with_cents(lazily(items, _OWED).select(*_OWED)), "currency"))
    currency = _only(sums["currency"], ledger) if currency is None else currency
    own = sums[sums["currency"] == currency].drop(columns="currency")
    return _with_customers(own, ledger, keep_all), currency


def _sums(frame: Any, *keys: str) -> Any:
    return frame.group_by("customer_id", *keys).agg(nw.col("cents").sum(), nw.col("late").sum())


def _with_customers(sums: pd.DataFrame, ledger: Ledger, keep_all: bool = False) -> pd.DataFrame:
    """Sums by customer beside what is known of each; `keep_all`: those that have none too, at 0."""
    known = _known_customers(ledger)
    table = sums.merge(known, on="customer_id", how="outer" if keep_all else "left", sort=True)
    table[["cents", "late"]] = table[["cents", "late"]].fillna(0).astype("int64")
    if not table["customer_id"].isin(known["customer_id"]).all():
        table[_KNOWN_TEXTS] = table[_KNOWN_TEXTS].where(table[_KNOWN_TEXTS].notna(), None)
        for name in ("customer_name", "group_id"):
            table[name] = table[name].fillna(table["customer_id"])
    return table


_KNOWN_TEXTS, _KNOWN_LIMITS = ["customer_name", "group_id", "collector"], ["credit_limit", "insurer_limit"]


@remembered
def _known_customers(ledger: Ledger) -> pd.DataFrame:
    """What is known of each customer, its number for want of a name or a group; null and NaN where it is not."""
    frame = nw.from_native(ledger.customers)
    there = frame.collect_schema().names()
    names = [*_KNOWN_TEXTS, *_KNOWN_LIMITS]
    known = collect(frame.select("customer_id", *[name for name in names if name in there]))
    known = known.reindex(columns=["customer_id", *names])
    texts = known[_KNOWN_TEXTS].astype("object")
    known[_KNOWN_TEXTS] = texts.where(texts.notna(), None)
    for name in ("customer_name", "group_id"):
        known[name] = known[name].fillna(known["customer_id"])
    known[_KNOWN_LIMITS] = known[_KNOWN_LIMITS].apply(pd.to_numeric)
    return known


def by_group(owed: pd.DataFrame, limits: Sequence[str] = ()) -> pd.DataFrame:
    """Sums of the members that owe something; limits of all members, unknown if one that owes has none."""
    owes = owed["cents"] > 0
    cents, late = (owed[name].where(owes, 0) for name in ("cents", "late"))
    table = owed.assign(cents=cents, late=late, members=owes.astype("int64"))
    sums = table.groupby("group_id", as_index=False)[["cents", "late", "members", *limits]].sum()
    for name in limits:
        unknown = owed.loc[owes & owed[name].isna(), "group_id"]
        sums[name] = sums[name].mask(sums["group_id"].isin(unknown))
    names = dict(zip(owed["customer_id"], owed["customer_name"]))
    sums["customer_name"] = [names.get(group, group) for group in sums["group_id"]]
    return sums


def _in_money(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(outstanding=table["cents"] / 100, overdue=table["late"] / 100)


def _bad_argument(name: str, value: Any, expected: str) -> Defect:
    return Defect("ledger_bad_argument", "fatal", value=str(value), details={"argument": name, "expected": expected})
