"""What a credit committee steers by: indicators on a date, a month and a year before, against their targets."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from cmtools.collection import collection_effectiveness, late_payment_rate, payment_delays, recovery_rate
from cmtools.days_sales import dso, dso_parts, exhausted_days
from cmtools.exposure import limits_exceeded
from cmtools.frames import collect, in_books, month_ends, year_before
from cmtools.receivables import (
    BUCKETS,
    bucket_names,
    in_book_currency,
    is_known,
    late_columns,
    open_items,
    open_rows,
    outstanding_by_date,
)
from cmtools.schemas import Ledger, as_day
from cmtools.targets import attainment, incentives

COMMITTEE = (
    "outstanding",
    "overdue_rate",
    "over_60",
    "dso_count_back",
    "average_days_delinquent",
    "delay_with_open",
    "recovery_30",
    "disputed",
)
PAYMENT_MONTHS = 6  # rolling window of the payment delays, as usual in receivables software
HORIZONS = (30, 90)  # days of the recovery rates at one and at three months
COHORTS = 5  # months back among which one is 90 days old
OLD_DISPUTE = 60  # days after which a dispute is brought before the committee
OLD_CREDIT = 60  # days after which an unallocated credit is
OLD_ITEM = 90  # days late after which an item that is neither disputed nor doubtful is


# ---------------------------------------------------------------- items and currencies


def report_items(ledger: Ledger, as_of: str | date, basis: str = "allocated") -> Any:
    """Open items in the books' currency where every amount is known in it, else in their own currencies."""
    items = open_items(ledger, as_of, basis)
    return in_book_currency(items, ledger.book_currency) if in_books(ledger) else items


def currencies(items: Any, ledger: Ledger | None = None) -> list[str]:
    """Currencies of the open items, largest outstanding first.

    With nothing open, the one currency to say so in, if `ledger` tells it.
    """
    found = _by_amount(nw.from_native(items).select("currency", amount=nw.col("open_amount")))
    if found or ledger is None:
        return found
    invoices = nw.from_native(ledger.invoices)
    unknown = invoices.filter(nw.col("book_amount").is_null()).select("currency", "amount")
    return _by_amount(unknown)[:1] or [ledger.book_currency]


def _by_amount(amounts: Any) -> list[str]:
    sums = collect(amounts.group_by("currency").agg(nw.col("amount").sum()))
    return sums.sort_values("amount", ascending=False, key=abs)["currency"].tolist()


def asked_currencies(ledger: Ledger, as_of: str | date) -> dict[str, str | None]:
    """Currencies of a report, largest first, each with the `currency` argument that a calculation takes for it.

    Returns
    -------
    dict of str to (str or None)
        One entry, the currency of the books with None, where every amount is
        known in it; else one per currency of the open items.
    """
    if in_books(ledger):
        return {ledger.book_currency: None}
    return {currency: currency for currency in currencies(open_items(ledger, as_of), ledger)}


def by_currency(asked: Mapping[str, str | None], calculate: Callable[[str | None], pd.DataFrame]) -> pd.DataFrame:
    """One table of what a calculation gives for each currency of a report; never two currencies in one sum."""
    tables = [_said_in(shown, calculate(currency)) for shown, currency in asked.items()]
    kept = [table for table in tables if len(table)] or tables[:1]
    return kept[0].reset_index(drop=True) if len(kept) == 1 else pd.concat(kept, ignore_index=True)


def _said_in(currency: str, table: pd.DataFrame) -> pd.DataFrame:
    """The table with its currency where it stood, or after the first column."""
    table = table.copy(deep=False)
    if "currency" in table.columns:
        table["currency"] = currency
    else:
        table.insert(min(1, len(table.columns)), "currency", currency)
    return table


# ---------------------------------------------------------------- key figures


def key_figures(
    ledger: Ledger,
    as_of: str | date,
    currency: str | None = None,
    window: int = 3,
    targets: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Indicators of the receivables on a date, a month before, a year before, and their targets.

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        Closing date.
    currency : str, optional
        Default: the currency of the books if every amount is known in it,
        else the largest. Another one than that of the books: its items alone.
    window : int, default 3
        Months of sales of the DSO by the balance method; shortened to the
        history when that is shorter, and said so in `inputs`.
    targets : pandas.DataFrame, optional
        As :func:`cmtools.read_targets` gives it; those of the whole company
        are used.

    Returns
    -------
    pandas.DataFrame, one row per indicator, index `key`
        `value`, `previous` (month-end before), `year_before` (the same day a
        year before) and `target`, NaN where not known: a list of open items
        tells nothing of the past, nor does a ledger that begins later;
        `attained` (whether the target is; None: not judged), `unit`
        ("money", "rate" or "days"), `currency`, `reason` (message key,
        why there is no value, or what to know about it; or ""), `details`,
        and `inputs`: the named numbers the value was made from. Label,
        formula and exclusions of an indicator are texts under its key.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> figures = cm.key_figures(ledger, "2026-06-30")
    >>> parts = figures.loc[["not_due", "overdue", "unknown_age", "unallocated"], "value"].sum()
    >>> bool(abs(parts - figures.loc["outstanding", "value"]) < 0.005)
    True
    """
    at = as_day(as_of)
    shown, asked = _currency(ledger, at, currency)
    before = {"previous": month_ends(at, 2)[1], "year_before": year_before(at)}
    known = {name: day for name, day in before.items() if is_known(ledger, day)}
    dates = _Dates(ledger, at, tuple(known.values()), asked, shown)
    now = _figures(dates, at, window)
    for name in before:
        now[name] = _figures(dates, known[name], window)["value"] if name in known else float("nan")
    now["target"], now["attained"] = float("nan"), None
    if targets is not None:
        met = attainment(indicator_values(now), targets[targets["collector"].isna()]).set_index("indicator")
        now["target"] = met["target"].reindex(now.index)
        now["attained"] = met["attained"].astype(object).reindex(now.index)
    return now


def _currency(ledger: Ledger, at: datetime, currency: str | None) -> tuple[str, str | None]:
    """Currency shown, and what calculations take for it."""
    if currency in (None, ledger.book_currency) and in_books(ledger):
        return ledger.book_currency, None
    shown = currency or next(iter(asked_currencies(ledger, at)))
    return shown, shown


@dataclass
class _Dates:
    """A closing date and the dates that it is compared with: what is worked out once for all of them."""

    ledger: Ledger
    at: datetime
    before: tuple[datetime, ...]
    asked: str | None
    shown: str

    @cached_property
    def effectiveness(self) -> dict[datetime, dict[Any, Any]]:
        """Rows of the collection effectiveness index, a year back."""
        table = collection_effectiveness(self.ledger, self.at, 13, currency=self.asked)
        return {row["date"].to_pydatetime(): row for row in table.to_dict("records")}

    @cached_property
    def standing(self) -> dict[datetime, dict[Any, Any]]:
        """Rows of the outstanding."""
        days = [self.at, *self.before]
        table = outstanding_by_date(self.ledger, days, currency=self.asked)
        return dict(zip(days, table.to_dict("records"), strict=True))

    @cached_property
    def cohorts(self) -> pd.DataFrame:
        """Recovery rates; those of a cohort that is old enough were the same on an earlier date."""
        return recovery_rate(self.ledger, self.at, COHORTS + 12, HORIZONS, currency=self.asked)


def _figures(dates: _Dates, at: datetime, window: int) -> pd.DataFrame:
    """Every indicator on one date."""
    rows = [*_balances(dates, at), *_dso_rows(dates, at, window), *_payment_rows(dates, at)]
    return pd.DataFrame(rows).set_index("key")


def _balances(dates: _Dates, at: datetime) -> list[dict[str, Any]]:
    """Amounts and the overdue rate, with the counts of items behind those that no other figure explains."""
    ledger, shown, sums = dates.ledger, dates.shown, dates.standing[at]
    counts = _counts(ledger, at, dates.asked) if at == dates.at else defaultdict(int)
    late = {name: float(sums[name]) for name in late_columns(bucket_names())}
    old = {name: late[name] for name in list(late)[2:]}
    parts = {name: float(sums[name]) for name in ("not_due", "unknown_age", "unallocated")}
    overdue, gross = float(sums["overdue"]), float(sums["outstanding_gross"])
    rate = float(sums["overdue_rate"])
    rows = [
        _money("outstanding", sums["outstanding"], shown, **parts, overdue=overdue),
        _money("not_due", parts["not_due"], shown, count=counts["not_due"]),
        _money("overdue", overdue, shown, **late),
        _row(
            "overdue_rate", "rate", rate, shown, "no_outstanding" if rate != rate else None,
            overdue=overdue, outstanding_gross=gross,
        ),
        _money("over_60", sum(old.values()), shown, **old),
    ]  # fmt: skip
    rows += [_money(name, parts[name], shown, count=counts[name]) for name in ("unknown_age", "unallocated")]
    for name in ("disputed", "retention", "doubtful"):
        if name in ledger.silent:
            rows.append(_row(name, "money", None, shown, "not_in_source"))
        else:
            rows.append(_money(name, sums[name], shown, count=counts[name]))
    return rows


def _counts(ledger: Ledger, at: datetime, asked: str | None) -> dict[str, int]:
    """How many open items stand behind the amounts that no other figure explains."""
    items = open_rows(ledger, at)
    if asked:
        items = items.filter(nw.col("currency") == asked)
    credit, undated = nw.col("open_amount") < 0, nw.col("due_date").is_null()
    retention = nw.col("retention")
    flags = {
        "not_due": ((nw.col("due_date") >= at) | (undated & retention)) & ~credit,
        "unknown_age": undated & ~retention & ~credit,
        "unallocated": credit,
        "retention": retention,
        "disputed": nw.col("disputed"),
        "doubtful": nw.col("doubtful"),
    }
    ones = {name: nw.when(flag).then(nw.lit(1)).otherwise(nw.lit(0)) for name, flag in flags.items()}
    sums = collect(items.with_columns(**ones).select(*[nw.col(name).sum() for name in flags])).fillna(0).iloc[0]
    return {name: int(sums[name]) for name in flags}


def _dso_rows(dates: _Dates, at: datetime, window: int) -> list[dict[str, Any]]:
    ledger, asked, shown = dates.ledger, dates.asked, dates.shown
    exhausted = dso(ledger, at, "count_back", currency=asked)
    by_balance = dso(ledger, at, "balance", window, currency=asked)
    if by_balance.reason == "short_history" and by_balance.details["known"] > 0:
        window = by_balance.details["known"] - (by_balance.details["asked"] - window)
        if window > 0:
            by_balance = dso(ledger, at, "balance", window, currency=asked)
    best = exhausted_days(ledger, at, dates.standing[at]["not_due"], currency=asked)
    late = None if exhausted.days is None or best is None else exhausted.days - best
    return [
        _row(
            "dso_count_back", "days", exhausted.days, shown, exhausted.reason, exhausted.details,
            receivables=exhausted.receivables, sales_used=exhausted.sales,
        ),
        _row(
            "dso_balance", "days", by_balance.days, shown, by_balance.reason, by_balance.details,
            receivables=by_balance.receivables, sales_window=by_balance.sales, period_days=by_balance.period_days,
        ),
        _row(
            "average_days_delinquent", "days", late, shown, exhausted.reason, exhausted.details,
            dso_count_back=exhausted.days, best_possible_dso=best,
        ),
    ]  # fmt: skip


def _payment_rows(dates: _Dates, at: datetime) -> list[dict[str, Any]]:
    """How customers pay, and how much of what falls due comes in."""
    ledger, asked, shown = dates.ledger, dates.asked, dates.shown
    keys = ("delay_with_open", "delay_paid", "late_payment_rate", "recovery_30", "recovery_90")
    units = dict.fromkeys(keys, "rate") | {"delay_with_open": "days", "delay_paid": "days"}
    if not ledger.complete_sales:
        names = (*keys, "collection_effectiveness")
        return [_row(name, units.get(name, "rate"), None, shown, "open_items_only") for name in names]
    delays = payment_delays(ledger, at, PAYMENT_MONTHS, currency=asked).to_dict("records")[0]
    paid = {name: delays[name] for name in ("n_paid", "amount_paid", "delay_paid")}
    still = {name: delays[name] for name in ("n_open", "amount_open")}
    late = late_payment_rate(ledger, at, PAYMENT_MONTHS, currency=asked).to_dict("records")[0]
    index = _effectiveness(dates, at)
    made = {name: index.get(name) for name in ("receivables_begin", "receivables_end", "not_due_end", "write_offs")}
    made["invoiced_net"] = index.get("sales")
    return [
        _row(
            "delay_with_open", "days", delays["delay_with_open"], shown, _none(delays["delay_with_open"]),
            **paid, **still,
        ),
        _row("delay_paid", "days", delays["delay_paid"], shown, _none(delays["delay_paid"]), **paid),
        _row(
            "late_payment_rate", "rate", late["late_payment_rate"], shown, _none(late["late_payment_rate"]),
            amount_late=late["amount_late"], amount_paid=late["amount_paid"],
        ),
        *_recovery_rows(dates, at),
        _row(
            "collection_effectiveness", "rate", index["collection_effectiveness"], shown,
            "nothing_due" if pd.isna(index["collection_effectiveness"]) else None, **made,
        ),
    ]  # fmt: skip


def _effectiveness(dates: _Dates, at: datetime) -> dict[Any, Any]:
    """The row of one date; a day inside a month a year ago is no month-end."""
    if at in dates.effectiveness:
        return dates.effectiveness[at]
    found = collection_effectiveness(dates.ledger, at, 1, currency=dates.asked).tail(1).to_dict("records")
    return found[0] if found else {"collection_effectiveness": None}


def _none(value: float) -> str | None:
    return "nothing_paid" if pd.isna(value) else None


def _recovery_rows(dates: _Dates, at: datetime) -> list[dict[str, Any]]:
    """For each horizon the youngest cohort that is old enough."""
    months = {f"{end:%Y-%m}": _last_day(end) for end in month_ends(at, COHORTS)}
    cohorts = [row for row in dates.cohorts.to_dict("records") if f"{row['month']:%Y-%m}" in months]
    rows = []
    for days in HORIZONS:
        key = f"recovery_{days}"
        old = [row for row in cohorts if row[key] == row[key] and (at - months[f"{row['month']:%Y-%m}"]).days >= days]
        if not old:
            rows.append(_row(key, "rate", None, dates.shown, "no_cohort", {"days": days}))
            continue
        last = old[-1]
        inputs = {name: last[f"{name}_{days}"] for name in ("collected", "due")}
        rows.append(_row(key, "rate", last[key], dates.shown, "cohort_of", {"month": last["month"]}, **inputs))
    return rows


def _last_day(day: datetime) -> datetime:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _money(key: str, value: float, currency: str, **inputs: float | None) -> dict[str, Any]:
    return _row(key, "money", round(float(value), 2) + 0.0, currency, None, None, **inputs)


def _row(
    key: str,
    unit: str,
    value: float | None,
    currency: str,
    reason: str | None,
    details: dict[str, Any] | None = None,
    **inputs: float | None,
) -> dict[str, Any]:
    known = {name: float(number) for name, number in inputs.items() if number is not None and number == number}
    return {
        "key": key,
        "value": float("nan") if value is None else float(value),
        "unit": unit,
        "currency": currency,
        "reason": reason if isinstance(reason, str) else "",
        "details": details or {},
        "inputs": known,
    }


# ---------------------------------------------------------------- by segment, collector, salesperson


def figures_by(ledger: Ledger, as_of: str | date, by: str, currency: str | None = None) -> pd.DataFrame:
    """The steering indicators of each segment, collector, salesperson, group or customer.

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
    by : str
        A column of the customers: see ``frames.CUTS``.
    currency : str, optional
        As in :func:`cmtools.dso`.

    Returns
    -------
    pandas.DataFrame, one row per value of `by`, largest outstanding first
        `by` (null: not given), `currency`, `outstanding`, `overdue`,
        `overdue_rate`, `over_60`, `disputed`, `dso_balance` (12 months),
        `best_possible_dso`, `average_days_delinquent`, `delay_paid`,
        `delay_with_open`, `late_payment_rate` (six months), `recovery_30`,
        `recovery_90` (youngest cohort that is old enough). A DSO is the sum
        of balances over the sum of sales, never an average. NaN: not known.
    """
    at = as_day(as_of)
    table = outstanding_by_date(ledger, [at], by=by, currency=currency)
    table["over_60"] = table[late_columns(bucket_names(BUCKETS))[2:]].sum(axis=1)
    if "disputed" in ledger.silent:
        table["disputed"] = float("nan")
    table = table[[by, "currency", "outstanding", "overdue", "overdue_rate", "over_60", "disputed"]]
    if ledger.complete_sales:
        delays = payment_delays(ledger, at, PAYMENT_MONTHS, by=by, currency=currency)
        late = late_payment_rate(ledger, at, PAYMENT_MONTHS, by=by, currency=currency)
        parts = dso_parts(ledger, at, by=by, currency=currency).rename(columns={"dso": "dso_balance"})
        cohorts = recovery_rate(ledger, at, COHORTS, HORIZONS, by=by, currency=currency)
        joined = (
            (parts, ["dso_balance", "best_possible_dso", "average_days_delinquent"]),
            (delays, ["delay_paid", "delay_with_open"]),
            (late, ["late_payment_rate"]),
            *((_youngest(cohorts, days), [f"recovery_{days}"]) for days in HORIZONS),
        )
        for other, names in joined:
            place = pd.Index(other[by]).get_indexer(table[by])
            values = other[names].to_numpy("float64")
            table[names] = np.where((place >= 0)[:, None], values[place], np.nan) if len(other) else np.nan
    return table.sort_values("outstanding", ascending=False, ignore_index=True)


def _youngest(cohorts: pd.DataFrame, days: int) -> pd.DataFrame:
    """The youngest cohort that is old enough for a horizon."""
    old = cohorts[cohorts[f"due_{days}"].notna()]
    return old[old["month"] == old["month"].max()]


def indicator_values(figures: pd.DataFrame, by_collector: pd.DataFrame | None = None) -> pd.DataFrame:
    """Indicators of the company, and of each collector, one row per value, as :func:`cmtools.attainment` takes them.

    Parameters
    ----------
    figures : pandas.DataFrame
        As :func:`key_figures` gives it.
    by_collector : pandas.DataFrame, optional
        As :func:`figures_by` gives it for "collector".

    Returns
    -------
    pandas.DataFrame
        `indicator`, `collector` (null: the company), `value`.
    """
    company = figures["value"].rename_axis("indicator").reset_index().assign(collector=None)
    tables = [company[["indicator", "collector", "value"]]]
    if by_collector is not None and len(by_collector):
        values = by_collector.drop(columns="currency").dropna(subset="collector")
        tables.append(values.melt("collector", var_name="indicator", value_name="value")[list(tables[0].columns)])
    return pd.concat(tables, ignore_index=True).astype({"value": float})


def targets_met(
    figures: pd.DataFrame, by_collector: pd.DataFrame | None, targets: pd.DataFrame | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every target of the company and its collectors with its attainment, and the bonus that follows.

    Parameters
    ----------
    figures : pandas.DataFrame
        As :func:`key_figures` gives it.
    by_collector : pandas.DataFrame or None
        As :func:`figures_by` gives it for "collector"; None: the source does
        not name collectors.
    targets : pandas.DataFrame or None
        As :func:`cmtools.read_targets` gives it; None: both tables are empty.

    Returns
    -------
    (pandas.DataFrame, pandas.DataFrame)
        See :func:`cmtools.attainment` and :func:`cmtools.incentives`.
    """
    if targets is None:
        return pd.DataFrame(), pd.DataFrame()
    met = attainment(indicator_values(figures, by_collector), targets)
    return met, incentives(met)


def retention_by_release(items: Any, as_of: str | date) -> pd.DataFrame:
    """Retention money by whether its release date is past, to come or unknown (rule AGE-RG).

    Returns
    -------
    pandas.DataFrame
        `release` (label key: release_past, release_to_come, release_unknown),
        `currency`, `count`, `open_amount`; no row without retention money.
    """
    held = collect(nw.from_native(items).filter(nw.col("retention") & (nw.col("open_amount") > 0)))
    past = held["due_date"] < pd.Timestamp(as_day(as_of))
    names = past.map({True: "release_past", False: "release_to_come"}).where(
        held["due_date"].notna(), "release_unknown"
    )
    amounts = held.assign(release=names).groupby(["currency", "release"])["open_amount"]
    table = pd.DataFrame({"count": amounts.count(), "open_amount": amounts.sum().round(2)}).reset_index()
    return table[["release", "currency", "count", "open_amount"]]


# ---------------------------------------------------------------- decisions


def decisions(items: Any, ledger: Ledger, as_of: str | date, currency: str | None = None) -> pd.DataFrame:
    """What the figures ask the committee to decide.

    Parameters
    ----------
    items : frame
        As :func:`report_items` gives it.
    ledger : Ledger
    as_of : date or str
    currency : str, optional
        Rows of `items` to look at.

    Returns
    -------
    pandas.DataFrame, one row per decision, largest amount first
        `decision` (label key), `currency`, `count` (customers for limits,
        else items), `open_amount`: over the limit, or concerned. Nothing to
        decide, no row.

    Notes
    -----
    CHOICE: disputes older than 60 days, items over 90 days late that are
    neither disputed nor doubtful, credits unallocated for 60 days, retention
    money past its release date, limits exceeded.
    """
    at = as_day(as_of)
    table = collect(nw.from_native(items))
    if currency:
        table = table[table["currency"] == currency]
    shown = currency or (table["currency"].iloc[0] if len(table) else ledger.book_currency)
    invoices = (
        nw.from_native(ledger.invoices).select("item_id", "dispute_from").filter(~nw.col("dispute_from").is_null())
    )
    table = table.merge(collect(invoices), on="item_id", how="left")
    flags = {name: table[name].astype(bool) for name in ("disputed", "doubtful", "retention")}
    since = pd.Timestamp(at) - table["dispute_from"]
    old = table["issue_date"] < pd.Timestamp(at - timedelta(days=OLD_CREDIT))
    late = table["days_late"]
    asked = {
        "decide_disputes": flags["disputed"] & (since > pd.Timedelta(days=OLD_DISPUTE)),
        "decide_old_items": (late > OLD_ITEM)
        & (table["open_amount"] > 0)
        & ~flags["disputed"]
        & ~flags["doubtful"]
        & ~flags["retention"],
        "decide_retention": flags["retention"] & (late > 0),
        "decide_credits": (table["open_amount"] < 0) & old,
    }
    rows = [(name, shown, int(flag.sum()), table.loc[flag, "open_amount"].sum()) for name, flag in asked.items()]
    over = limits_exceeded(items, ledger, currency=currency)
    rows.append(("decide_limits", shown, len(over), over["excess"].sum()))
    found = pd.DataFrame(rows, columns=["decision", "currency", "count", "open_amount"]).round({"open_amount": 2})
    found = found[found["count"] > 0]
    return found.sort_values("open_amount", key=abs, ascending=False, ignore_index=True)
