"""The key figures of the receivables on a date, each with the numbers that made it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import narwhals as nw
import pandas as pd

from cmtools.days_sales import dso
from cmtools.frames import collect, month_ends
from cmtools.receivables import (
    aged_balance,
    bucket_names,
    in_book_currency,
    late_columns,
    open_items,
    overdue_rate,
)
from cmtools.schemas import Ledger, as_day


def report_items(ledger: Ledger, as_of: str | date, basis: str = "allocated") -> Any:
    """Open items in the books' currency where every amount is known in it, else in their own currencies."""
    items = open_items(ledger, as_of, basis)
    book = nw.from_native(ledger.invoices).select(unknown=nw.col("book_amount").is_null())
    return items if collect(book)["unknown"].any() else in_book_currency(items, ledger.book_currency)


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
    sums = amounts.group_by("currency").agg(nw.col("amount").sum())
    return collect(sums).sort_values("amount", ascending=False, key=abs)["currency"].tolist()


def key_figures(ledger: Ledger, as_of: str | date, currency: str | None = None, window: int = 3) -> pd.DataFrame:
    """Outstanding, overdue, disputes, DSO: on a date and at the month-end before.

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

    Returns
    -------
    pandas.DataFrame, one row per indicator, index `key`
        `value`, `previous` (month-end before; NaN: not computable, as from
        a list of open items only), `unit` ("money", "rate" or "days"),
        `currency`, `reason` (message key, why there is no value, or ""),
        `details`, and `inputs`: the named numbers the value was made from.
        Label, formula and exclusions of an indicator are texts under its key.

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
    now = _figures(ledger, at, currency, window)
    now["previous"] = float("nan")
    if ledger.complete_sales:  # a list of open items does not hold what was open then and has been paid since
        same = now["currency"].iloc[0]  # the largest currency may have been another one
        now["previous"] = _figures(ledger, month_ends(at, 2)[1], same, window)["value"]
    return now


def _figures(ledger: Ledger, at: datetime, currency: str | None, window: int) -> pd.DataFrame:
    own = currency is not None and currency != ledger.book_currency
    items = open_items(ledger, at) if own else report_items(ledger, at)
    local = collect(nw.from_native(items))
    shown = currency or currencies(items, ledger)[0]
    local = local[local["currency"] == shown]
    aged = aged_balance(local, at, by=None)
    sums = (
        aged.iloc[0].drop("currency")
        if len(aged)
        else pd.Series(0.0, index=[*bucket_names(), "total", "disputed", "retention"])
    )
    late = {name: float(sums[name]) for name in late_columns(bucket_names())}
    overdue = sum(late.values())
    old = {name: late[name] for name in list(late)[2:]}
    parts = {name: float(sums[name]) for name in ("not_due", "unknown_age", "unallocated")}
    counts = _counts(local, at)
    rows = [
        _money("outstanding", sums["total"], shown, **parts, overdue=overdue),
        _money("not_due", parts["not_due"], shown, count=counts["not_due"]),
        _money("overdue", overdue, shown, **late),
        _overdue_rate(local, at, shown, overdue, float(sums["total"] - sums["unallocated"])),
        _money("over_60", sum(old.values()), shown, **old),
    ]
    rows += [_money(name, parts[name], shown, count=counts[name]) for name in ("unknown_age", "unallocated")]
    amounts = {"disputed": sums["disputed"], "retention": sums["retention"]}
    amounts["doubtful"] = local.loc[local["doubtful"].astype(bool), "open_amount"].sum()
    for name, amount in amounts.items():
        if name in ledger.silent:
            rows.append(_row(name, "money", None, shown, "not_in_source"))
        else:
            rows.append(_money(name, amount, shown, count=counts[name]))
    asked = shown if shown != ledger.book_currency or not _one_book(items) else None
    rows += _dso_rows(ledger, at, asked, shown, window)
    return pd.DataFrame(rows).set_index("key")


def _counts(items: pd.DataFrame, at: datetime) -> dict[str, int]:
    """How many open items stand behind the amounts that no other figure explains."""
    credit, undated = items["open_amount"] < 0, items["due_date"].isna()
    retention = items["retention"].astype(bool)
    waiting = (items["due_date"] >= pd.Timestamp(at)) | (undated & retention)
    flags = {
        "not_due": waiting & ~credit,
        "unknown_age": undated & ~retention & ~credit,
        "unallocated": credit,
        "retention": retention,
        "disputed": items["disputed"].astype(bool),
        "doubtful": items["doubtful"].astype(bool),
    }
    return {name: int(flag.sum()) for name, flag in flags.items()}


def _overdue_rate(items: pd.DataFrame, at: datetime, shown: str, overdue: float, gross: float) -> dict[str, Any]:
    rate = overdue_rate(items, at)
    reason = "no_outstanding" if rate.empty else rate["reason"].iloc[0]
    value = float("nan") if rate.empty else rate["rate"].iloc[0]
    return _row("overdue_rate", "rate", value, shown, reason, overdue=overdue, outstanding_gross=gross)


def _one_book(items: Any) -> bool:
    """Whether the items were put in the currency of the books."""
    return "item_currency" in nw.from_native(items).collect_schema().names()


def _dso_rows(ledger: Ledger, at: datetime, asked: str | None, shown: str, window: int) -> list[dict[str, Any]]:
    exhausted = dso(ledger, at, "count_back", currency=asked)
    rows = [
        _row(
            "dso_count_back",
            "days",
            exhausted.days,
            shown,
            exhausted.reason,
            exhausted.details,
            receivables=exhausted.receivables,
            sales_used=exhausted.sales,
        )
    ]
    by_balance = dso(ledger, at, "balance", window, currency=asked)
    if by_balance.reason == "short_history" and by_balance.details["known"] > 0:
        window = by_balance.details["known"] - (by_balance.details["asked"] - window)
        if window > 0:
            by_balance = dso(ledger, at, "balance", window, currency=asked)
    rows.append(
        _row(
            "dso_balance",
            "days",
            by_balance.days,
            shown,
            by_balance.reason,
            by_balance.details,
            receivables=by_balance.receivables,
            sales_window=by_balance.sales,
            period_days=by_balance.period_days,
        )
    )
    return rows


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
    known = {name: float(number) for name, number in inputs.items() if number is not None}
    return {
        "key": key,
        "value": float("nan") if value is None else float(value),
        "unit": unit,
        "currency": currency,
        "reason": reason if isinstance(reason, str) else "",
        "details": details or {},
        "inputs": known,
    }
