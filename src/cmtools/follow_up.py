"""The exposure of every customer against its limit, day by day; causes of an overrun and what to do.

Causes and actions stand in ``reference/limit_actions.csv``. A part of the exposure that
is not given is told and never counted as nil in silence: the exposure is then a
minimum. Rule EXPO: see ``GLOSSARY.md``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import narwhals as nw
import pandas as pd

from cmtools import language as words
from cmtools.dashboard import report_items
from cmtools.exposure import LEVELS, customer_table
from cmtools.external import External, facts
from cmtools.frames import cents_of, choice, collect
from cmtools.language import label
from cmtools.limits import Checks, missing, not_valid
from cmtools.schemas import Ledger, as_day
from cmtools.settings import reference_rows

NEAR = 0.9  # use of a limit from which it is nearly reached
FACTS = ("bills", "to_invoice", "order_backlog", "advances")  # what no customer ledger tells of an exposure
PARTS = ("open_invoices", *FACTS, "unallocated_receipts")
_SIGNS = {"advances": -1, "unallocated_receipts": -1}
_BESIDE = ("secured", "overdue", "overdue_undisputed", "disputed", "retention")


def exposure(
    parts: pd.DataFrame,
    as_of: str | date,
    *,
    by: str = "customer_id",
    deduct_unallocated: bool = True,
    deduct_secured: bool = False,
    tolerance: float = 0.0,
    near: float = NEAR,
) -> pd.DataFrame:
    """All that may be lost on each customer or group, against its limit (rule EXPO).

    Parameters
    ----------
    parts : pandas.DataFrame, one row per customer
        `customer_id`, `open_invoices` (incl. VAT, credit notes off); as far
        as known `bills` (accepted, not due), `to_invoice` (delivered),
        `order_backlog`, `advances` and `unallocated_receipts` (both received,
        positive), `secured` (by a guarantee), `credit_limit`, `limit_date`,
        `limit_until`, `insurer_limit`, `overdue`, `overdue_undisputed`, `disputed`,
        `retention`, `customer_name`, `group_id`, `collector`, `currency`. NaN: unknown.
        With a column `limit_date`, a limit without one is said and not used.
    as_of : date or str
    by : {"customer_id", "group_id"}
        A customer without a group is its own. A member in credit does not
        reduce what the others owe; the limit of a group is the sum of its
        members', unknown if one that owes has none that holds.
    deduct_unallocated : bool
        Take receipts that no invoice was found for off the exposure.
    deduct_secured : bool
        Take off what a guarantee secures; by default it is shown beside.
    tolerance : float
        Fraction by which a limit may be exceeded.
    near : float
        Use from which a limit counts as nearly reached.

    Returns
    -------
    pandas.DataFrame, largest excess first, then highest use
        `customer_id`, `customer_name`, `collector` or `group_id`,
        `customer_name`, `members`; `currency`, the parts (NaN: not given),
        `exposure_amount`, `secured`, `credit_limit`, `limit_until`,
        `headroom` (limit less exposure), `excess` (exposure less limit x (1 +
        tolerance), 0 if none), `limit_use` (NaN for a limit of 0),
        `insurer_limit`, `insurer_excess`, `overdue`, `overdue_undisputed`,
        `disputed`, `retention`, `limit_state` (limit_over, limit_near, limit_within, limit_none,
        limit_expired, limit_undated), `not_given` (parts that the exposure
        lacks, separated by spaces: it is then a minimum).

    Raises
    ------
    InputError
        If a column is missing, a customer stands twice, an amount is negative
        that cannot be, or an option is not a fraction.

    Notes
    -----
    Exposure = open invoices + bills not due + delivered not invoiced + orders
    - advances - unallocated receipts. A customer in credit has its whole limit
    left, not more. The insurer's limit has its own columns: adding it to ours
    would count the same euros twice.

    Examples
    --------
    >>> parts = pd.DataFrame({"customer_id": ["A"], "open_invoices": [40_000.0], "order_backlog": [15_000.0],
    ...     "advances": [5_000.0], "credit_limit": [45_000.0], "insurer_limit": [30_000.0]})
    >>> exposure(parts, "2026-06-30")[["exposure_amount", "headroom", "excess", "insurer_excess"]].iloc[0].tolist()
    [50000.0, -5000.0, 5000.0, 20000.0]
    """
    choice("by", by, LEVELS)
    checks, at = Checks(), as_day(as_of)
    allowed, close = checks.share("tolerance", tolerance), checks.share("near", near)
    table = _whole_parts(parts, checks)
    checks.done()
    options = (deduct_unallocated, deduct_secured)
    table["exposure_amount"] = _exposed(table, *options)
    table["limit_state"] = [_standing_of_limit(row, at, "limit_date" in parts) for row in table.to_dict("records")]
    table["usable"] = table["credit_limit"].where(table["limit_state"] == "")
    if by == "group_id":
        table = _grouped(table)
    owed = table["exposure_amount"].clip(lower=0)
    table["headroom"] = (table["usable"] - owed).round(2)
    bound = (table["usable"] * (1 + (allowed or 0.0))).round(2)
    table["excess"] = (owed - bound).round(2).clip(lower=0)
    table["limit_use"] = owed / table["usable"].where(table["usable"] > 0)
    table["insurer_excess"] = (owed - table["insurer_limit"]).round(2).clip(lower=0)
    judged = table["limit_state"] == ""
    reached = (table["limit_use"] >= (close or 0.0)).map({True: "limit_near", False: "limit_within"})
    state = reached.mask(table["excess"] > 0, "limit_over").mask(table["usable"].isna(), "limit_none")
    table["limit_state"] = table["limit_state"].where(~judged, state)
    table["not_given"] = [_not_given(row) for row in table.to_dict("records")]
    who = [by, "customer_name", "collector" if by == "customer_id" else "members", "currency"]
    amounts = [*PARTS, "exposure_amount", "secured", "credit_limit", "limit_until", "headroom", "excess", "limit_use"]
    rest = ["insurer_limit", "insurer_excess", *_BESIDE[1:], "limit_state", "not_given"]
    order = table.sort_values(
        ["excess", "limit_use", "exposure_amount", by], ascending=[False, False, False, True], ignore_index=True
    )
    return order[[*who, *amounts, *rest]]


def _whole_parts(parts: pd.DataFrame, checks: Checks) -> pd.DataFrame:
    """Every column that may be given; what is missing is unknown."""
    absent = [name for name in ("customer_id", "open_invoices") if name not in parts]
    for name in absent:
        checks.wrong("limit_missing_column", "parts", name)
    if absent:
        checks.done()
    table = parts.reset_index(drop=True).copy()
    for row in table[table.duplicated("customer_id")].to_dict("records"):
        checks.wrong("limit_customer_twice", "customer_id", row["customer_id"])
    for name in (*PARTS, *_BESIDE, "credit_limit", "insurer_limit"):
        values = table[name] if name in table else pd.Series(float("nan"), index=table.index)
        table[name] = pd.to_numeric(values, errors="coerce").astype("float64")
        unread = table[name].isna() & values.notna()
        low = (table[name] < 0) & (name not in ("open_invoices", "disputed", "retention"))
        for value in values[unread | low | table[name].abs().eq(math.inf)]:
            checks.wrong("limit_bad_amount", name, value)
    for name in ("limit_date", "limit_until"):
        dates = table[name] if name in table else pd.Series(None, index=table.index, dtype="object")
        table[name] = pd.to_datetime(pd.Series([checks.day(name, value) for value in dates], dtype="object"))
    for name in ("customer_name", "group_id", "collector", "currency"):
        texts = table[name] if name in table else pd.Series(None, index=table.index, dtype="object")
        table[name] = texts.astype("object").where(texts.notna(), None)
    for name in ("customer_name", "group_id"):
        table[name] = table[name].where(table[name].notna(), table["customer_id"])
    if len(set(table["currency"])) > 1:
        checks.wrong("several_currencies", "currency", ", ".join(map(str, table["currency"].unique())))
    return table


def _exposed(table: pd.DataFrame, deduct_unallocated: bool, deduct_secured: bool) -> pd.Series:
    """Sum of the parts that are known; unknown without the open invoices."""
    total = table["open_invoices"].copy()
    for name in PARTS[1:]:
        if name != "unallocated_receipts" or deduct_unallocated:
            total = total + _SIGNS.get(name, 1) * table[name].fillna(0)
    return (total - table["secured"].fillna(0) if deduct_secured else total).round(2)


def _standing_of_limit(row: Mapping[Any, Any], at: datetime, dated: bool) -> str:
    """Why a limit is not used; blank: it is."""
    if missing(row["credit_limit"]):
        return "limit_none"
    reason = not_valid(row["limit_date"] if dated else at, row["limit_until"], at)
    return {None: "", "expired": "limit_expired"}.get(reason, "limit_undated")


def _grouped(table: pd.DataFrame) -> pd.DataFrame:
    """Sums of the members; limits unknown where a member that owes has none that holds."""
    owes = table["exposure_amount"] > 0
    whole = table.assign(exposure_amount=table["exposure_amount"].clip(lower=0), members=owes.astype("int64"))
    names = dict(zip(table["customer_id"], table["customer_name"]))
    amounts = [*PARTS, *_BESIDE, "exposure_amount", "members"]
    by = whole.groupby("group_id", sort=True)
    sums = by[amounts].sum(min_count=1)
    for name in ("usable", "credit_limit", "insurer_limit"):
        unknown = set(whole.loc[owes & whole[name].isna(), "group_id"])
        sums[name] = by[name].sum(min_count=1).mask(sums.index.isin(list(unknown)))
    sums["limit_until"] = by["limit_until"].min()
    sums["currency"] = by["currency"].first()
    states = whole.groupby("group_id", sort=True)["limit_state"].agg(lambda found: max(found, key=_WORST.index))
    sums["limit_state"] = states.where(sums["usable"].isna(), "")
    sums["limit_state"] = sums["limit_state"].mask(sums["usable"].isna() & (sums["limit_state"] == ""), "limit_none")
    sums["members"] = sums["members"].astype("int64")
    sums = sums.reset_index()
    return sums.assign(customer_name=[names.get(group, group) for group in sums["group_id"]])


_WORST = ["", "limit_none", "limit_expired", "limit_undated"]


def _not_given(row: Mapping[Any, Any]) -> str:
    return " ".join(name for name in FACTS if missing(row[name]))


def exposure_parts(
    ledger: Ledger,
    as_of: str | date,
    external: External | None = None,
    limits: pd.DataFrame | None = None,
    currency: str | None = None,
) -> pd.DataFrame:
    """What each customer owes, from the ledger and the external information, ready for :func:`exposure`.

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
    external : External, optional
        As :func:`cmtools.external.read_external` gives it: bills, orders,
        deliveries to invoice, advances, guarantees and the insurer's opinion,
        those that hold on `as_of`. An opinion takes the place of the insurer's
        limit of the ledger.
    limits : pandas.DataFrame, optional
        Register of the limits granted: `customer_id`, `credit_limit`, `date`,
        `until`. It takes the place of the ledger's limits, which have no date.
    currency : str, optional
        Needed when the items are in several.

    Returns
    -------
    pandas.DataFrame, one row per customer that owes something or of which a part is known

    Raises
    ------
    InputError
        If the items are in several currencies and none is asked for, or the
        register names a customer twice.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> parts = exposure_parts(ledger, "2026-06-30")
    >>> owed = parts["open_invoices"] - parts["unallocated_receipts"]
    >>> round(float(owed.sum()), 2)
    1464352.61
    """
    items = report_items(ledger, as_of)
    table = customer_table(items, ledger, currency, keep_all=True)
    frame = nw.from_native(items)
    shown = currency or next(iter(collect(frame.select("currency").unique())["currency"]), ledger.book_currency)
    frame = frame.filter(nw.col("currency") == shown).with_columns(cents=cents_of("open_amount"))
    of_kind = {
        "received": nw.col("kind") == "unallocated_receipt",
        "disputed": nw.col("disputed"),
        "retention": nw.col("retention"),
        "overdue_undisputed": (nw.col("cents") > 0) & (nw.col("days_late") > 0) & ~nw.col("disputed"),
    }
    flagged = frame.with_columns(
        **{name: nw.when(flag).then(nw.col("cents")).otherwise(nw.lit(0)) for name, flag in of_kind.items()}
    )
    sums = collect(flagged.group_by("customer_id").agg(*[nw.col(name).sum() for name in of_kind]))
    sums[list(of_kind)] = sums[list(of_kind)].astype("int64")
    table = table.merge(sums, on="customer_id", how="left").fillna(dict.fromkeys(of_kind, 0))
    table["unallocated_receipts"] = (0 - table["received"]).clip(lower=0) / 100
    table["open_invoices"] = table["cents"] / 100 + table["unallocated_receipts"]
    table["overdue"] = table["late"] / 100
    table["overdue_undisputed"] = table["overdue_undisputed"] / 100
    for name in ("disputed", "retention"):
        table[name] = float("nan") if name in ledger.silent else table[name] / 100
    if shown != ledger.book_currency:  # limits are in the currency of the books
        table = table.assign(credit_limit=float("nan"), insurer_limit=float("nan"))
    table = _with_facts(table.assign(currency=shown), external, as_of)
    table = _with_register(table, limits)
    names = ["open_invoices", *FACTS, "unallocated_receipts"]
    kept = (table[names].fillna(0) != 0).any(axis=1)
    return table[kept].drop(columns=["cents", "late", "received"]).reset_index(drop=True)


def _with_facts(table: pd.DataFrame, external: External | None, as_of: str | date) -> pd.DataFrame:
    told = {name: [float("nan")] * len(table) for name in (*FACTS, "secured")}
    insurer = table["insurer_limit"].tolist()
    known = set() if external is None else set(external.table["customer_id"])
    for place, customer in enumerate(table["customer_id"]):
        if customer not in known:
            continue
        found = facts(external, customer, as_of)
        for name in (*FACTS, "secured"):
            amount = found.amount("guarantee" if name == "secured" else name)
            told[name][place] = float("nan") if amount is None else amount
        agreed = found.amount("insurer_opinion")
        ended = found.unused.loc[found.unused["kind"] == "insurer_opinion", "status"].isin(["undated", "expired"]).any()
        # an opinion that no longer holds, or has no date, is not replaced by the undated limit of the ledger
        insurer[place] = agreed if agreed is not None else float("nan") if ended else insurer[place]
    return table.assign(**told, insurer_limit=pd.Series(insurer, index=table.index, dtype="float64"))


def _with_register(table: pd.DataFrame, limits: pd.DataFrame | None) -> pd.DataFrame:
    if limits is None:
        return table
    checks = Checks()
    for name in ("customer_id", "credit_limit", "date", "until"):
        if name not in limits:
            checks.wrong("limit_missing_column", "limits", name)
    checks.done()
    for name in limits.loc[limits.duplicated("customer_id"), "customer_id"]:
        checks.wrong("limit_customer_twice", "limits", name)
    checks.done()
    own = limits[["customer_id", "credit_limit", "date", "until"]]
    own = own.rename(columns={"date": "limit_date", "until": "limit_until"})
    return table.drop(columns="credit_limit").merge(own, on="customer_id", how="left")


def daily_follow_up(
    ledger: Ledger,
    as_of: str | date,
    external: External | None = None,
    limits: pd.DataFrame | None = None,
    *,
    by: str = "customer_id",
    currency: str | None = None,
    tolerance: float = 0.0,
    near: float = NEAR,
) -> pd.DataFrame:
    """Limit, exposure, headroom and excess of every customer on a day, the worst first.

    Parameters
    ----------
    ledger, as_of, external, limits, currency
        See :func:`exposure_parts`.
    by, tolerance, near
        See :func:`exposure`.

    Returns
    -------
    pandas.DataFrame
        As :func:`exposure` gives it.

    Notes
    -----
    Without external information the exposure is the outstanding net of
    unallocated receipts, as for :func:`cmtools.limits_exceeded`: `not_given`
    names what it lacks, and the true one can only be higher.

    Examples
    --------
    How many customers are above their limit this morning?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> today = daily_follow_up(ledger, "2026-06-30")
    >>> int((today["limit_state"] == "limit_over").sum())
    15
    """
    parts = exposure_parts(ledger, as_of, external, limits, currency)
    return exposure(parts, as_of, by=by, tolerance=tolerance, near=near)


# ---------------------------------------------------------------- when a limit is exceeded


def overrun_actions(language: str | None = None) -> pd.DataFrame:
    """Causes of an exceeded limit, how each shows, and what to do about it.

    Parameters
    ----------
    language : {"fr", "en"}, optional

    Returns
    -------
    pandas.DataFrame, one row per cause
        `over_cause`, `over_sign`, `action`, `owner` (texts), `key`,
        `measure` (part of the exposure that shows it; blank: none does).

    Notes
    -----
    The list is a CHOICE, to be adapted (``reference/limit_actions.csv``).

    Examples
    --------
    >>> overrun_actions("en").set_index("key").loc["over_to_invoice", "over_cause"]
    'Delivered and not invoiced yet'
    """
    tongue = words.resolve(language)
    rows = [
        [
            *(row[f"{name}_{tongue}"] for name in ("cause", "sign", "action")),
            label(row["owner"], tongue),
            row["key"],
            row["measure"],
        ]
        for row in reference_rows("limit_actions.csv")
    ]
    return pd.DataFrame(rows, columns=["over_cause", "over_sign", "action", "owner", "key", "measure"])


def overrun_causes(followed: Mapping[str, Any] | pd.Series, language: str | None = None) -> pd.DataFrame:
    """Which causes the figures of one customer show, largest first, each with what to do.

    Parameters
    ----------
    followed : mapping or pandas.Series
        One row of :func:`exposure`.
    language : {"fr", "en"}, optional

    Returns
    -------
    pandas.DataFrame
        `over_cause`, `cause_amount` (part of the exposure, or what would come
        off it), `explains` (whether that alone is the excess or more),
        `action`, `owner`, `key`. Empty without an excess; causes that no
        figure shows are those of :func:`overrun_actions`.

    Examples
    --------
    >>> row = {"excess": 5_000.0, "overdue_undisputed": 10_000.0, "disputed": 2_000.0}
    >>> overrun_causes(row, "en")[["key", "cause_amount", "explains"]].values.tolist()
    [['over_late', 10000.0, True], ['over_disputed', 2000.0, False]]
    """
    excess = followed.get("excess")
    actions = overrun_actions(language)
    columns = ["over_cause", "cause_amount", "explains", "action", "owner", "key"]
    if _or_nil(excess) <= 0:
        return pd.DataFrame(columns=columns)
    amounts = {name: _or_nil(followed.get(name)) for name in actions["measure"] if name}
    shown = actions[[amounts.get(name, 0.0) > 0 for name in actions["measure"]]]
    shown = shown.assign(cause_amount=[round(amounts[name], 2) for name in shown["measure"]])
    shown = shown.assign(explains=shown["cause_amount"] >= _or_nil(excess))
    return shown.sort_values("cause_amount", ascending=False, kind="stable", ignore_index=True)[columns]


def _or_nil(value: Any) -> float:
    """An amount that only shows a cause: unknown, it shows none."""
    return 0.0 if missing(value) else float(value)
