"""Payment terms against the law: the latest due date of each invoice, and by how many days it is exceeded.

Ceilings are rows of ``reference/payment_ceilings.csv``. Rules TERMS, TERMS-PUBLIC; see ``GLOSSARY.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from cmtools.frames import check_months, choice, collect, in_pandas
from cmtools.legal import PUBLIC
from cmtools.schemas import GOODS, InputError, Ledger, as_day
from cmtools.settings import reference_rows
from cmtools.terms import due_date, parse_instalments, summary_date

MONTH_END_DAYS = 45
RECEIPT_DAYS = 2  # days from the request to its receipt where no receipt is recorded (R2192-14)
STATUSES = ("over", "needs_clause", "depends_on_reading", "unknown", "compliant", "not_limited")  # as a summary tells
MONTH_END = {"general": "month_end_45", "wine": "wine_month_end_45"}  # goods with a choice of two ceilings
PLAIN = {"general": "general_60", "wine": "wine_60"}


def public_deadline(invoices: pd.DataFrame) -> pd.Series:
    """Day by which a public buyer must pay; interest runs from the day after.

    Parameters
    ----------
    invoices : pandas.DataFrame
        `buyer` (public, public_health, public_undertaking; others get null), `issue_date`,
        `due_date`; used where present: `receipt_date`, `delivery_date`, `retention`, `kind`.

    Returns
    -------
    pandas.Series of datetimes
        Receipt of the request (or performance, if later) + the days that the invoice grants, at most
        30, 50 or 60. Retention money, and items without an issue date: the due date itself.

    Notes
    -----
    Code de la commande publique, R2192-10 to R2192-14; a contract may only shorten (L2192-10). A
    receipt that is not recorded is taken to be two days after the issue date: an assumption.

    Examples
    --------
    >>> invoices = pd.DataFrame({"buyer": ["public"], "issue_date": pd.to_datetime(["2026-03-02"]),
    ...     "due_date": pd.to_datetime(["2026-04-16"])})
    >>> public_deadline(invoices).dt.strftime("%d/%m/%Y").tolist()
    ['03/04/2026']
    """
    days = _ceilings().loc[lambda rows: rows["buyer"].isin(PUBLIC)].set_index("buyer")["days"]
    most = invoices["buyer"].map(days).astype("float64")
    issued, due = (invoices[name].astype("datetime64[s]") for name in ("issue_date", "due_date"))
    granted = (due - issued).dt.days.clip(lower=0).fillna(np.inf)
    begun = _received(invoices)
    deadline = begun + pd.to_timedelta(np.minimum(granted, most), unit="D").astype("timedelta64[s]")
    as_written = issued.isna() | _flag(invoices, "retention")
    if "kind" in invoices:
        as_written |= ~invoices["kind"].isin(["invoice", "down_payment", "doubtful"]) & invoices["kind"].notna()
    return deadline.where(~as_written, due).where(most.notna()).astype("datetime64[s]")


def _received(invoices: pd.DataFrame) -> pd.Series:
    """Day on which the term of a public buyer begins."""
    day = pd.Timedelta(days=RECEIPT_DAYS)
    received = (invoices["issue_date"] + day).astype("datetime64[s]")
    if "receipt_date" in invoices:
        told = pd.to_datetime(invoices["receipt_date"]).astype("datetime64[s]")
        received = told.where(told.notna(), received)
    if "delivery_date" in invoices:
        performed = pd.to_datetime(invoices["delivery_date"]).astype("datetime64[s]")
        received = received.where(~(performed > received), performed)
    return received


def _flag(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table:
        return pd.Series(False, index=table.index)
    return table[name].map({True: True}).fillna(False).astype(bool)


def terms_compliance(
    ledger: Ledger, as_of: str | date, months: int = 12, goods: str = "general", reading: str | None = None
) -> pd.DataFrame:
    """Each invoice's due date against the longest term that the law allows.

    Parameters
    ----------
    ledger : Ledger
        Any engine. Used where present: `buyer`, `terms`, `terms_reading` of the customers;
        `goods`, `periodic`, `receipt_date`, `delivery_date` of the invoices.
    as_of : date or str
    months : int, default 12
        Invoices issued in so many months up to the date.
    goods : str, default "general"
        Kind of goods of the invoices that do not tell (``schemas.GOODS``).
    reading : {"days_then_month_end", "month_end_then_days"}, optional
        Of "45 jours fin de mois" for customers whose record does not tell; None: both are tried.

    Returns
    -------
    pandas.DataFrame, one row per due date of an invoice (retention money, credit notes and down payments left out)
        `item_id`, `customer_id`, `document`, `issue_date`, `due_date`, `currency`, `amount`, `buyer`
        (blank told as business), `ceiling` (row of the ceilings), `reference` (article), `granted_days`
        (issue to due date), `latest_date`, `days_over` (0: none), `status`, `reason`.
        status: compliant; over; needs_clause (beyond 60 days, within 45 days end of month, which only
        an express clause allows); depends_on_reading (over by one reading of the end of month);
        unknown (with `reason`); not_limited (consumers).

    Raises
    ------
    InputError
        If `goods` or `reading` is none of those listed.

    Notes
    -----
    C. com. L441-10 to L441-12; Code de la commande publique, R2192-10 and R2192-11 (from receipt of
    the request: two days after the invoice where it is not recorded). Customers whose terms say "fin
    de mois" are taken to have the clause. An invoice older than its ceiling is `unknown`.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> found = terms_compliance(ledger, "2026-06-30")
    >>> set(found["status"]) <= set(STATUSES)
    True
    """
    choice("goods", goods, GOODS)
    check_months(months)
    if reading is not None:
        choice("reading", reading, ("days_then_month_end", "month_end_then_days"))
    table = _invoices(ledger, as_day(as_of), months, goods, reading)
    found = table.assign(
        ceiling=None, latest_date=table["due_date"].mask(table.index >= 0), status="unknown", reason=None
    )
    for rule in reference_rows("payment_ceilings.csv"):
        mine = _concerned(found, rule)
        if mine.any():
            _apply(found, mine, rule)
    found.loc[found["ceiling"].isna(), "reason"] = "no_ceiling_known"
    found.loc[found["buyer"] == "consumer", ["status", "reason"]] = ["not_limited", "consumer"]
    over = (found["due_date"].astype("datetime64[s]") - found["latest_date"]).dt.days
    found["days_over"] = over.clip(lower=0).where(found["status"].isin(["compliant", "over", "needs_clause"]))
    found["granted_days"] = (found["due_date"] - found["issue_date"]).dt.days.astype("float64")
    articles = {row["key"]: row["reference"] for row in reference_rows("payment_ceilings.csv")}
    found["reference"] = found["ceiling"].map(articles)
    columns = [
        "item_id", "customer_id", "document", "issue_date", "due_date", "currency", "amount", "buyer", "ceiling",
        "reference", "granted_days", "latest_date", "days_over", "status", "reason",
    ]  # fmt: skip
    return found[columns].sort_values(["customer_id", "issue_date", "item_id"], ignore_index=True)


def compliance_summary(found: pd.DataFrame) -> pd.DataFrame:
    """Invoices by rule and status: how many, how much, by how many days at most.

    Parameters
    ----------
    found : pandas.DataFrame
        As :func:`terms_compliance` gives it.

    Returns
    -------
    pandas.DataFrame
        `ceiling`, `reference`, `status`, `currency`, `count_invoices`, `amount` (incl. VAT), `days_over`
        (largest); what is over first.

    Examples
    --------
    >>> table = pd.DataFrame({"ceiling": ["general_60"], "reference": ["C. com. L441-10, I"], "status": ["over"],
    ...     "currency": ["EUR"], "amount": [1200.0], "days_over": [15.0]})
    >>> compliance_summary(table)["count_invoices"].tolist()
    [1]
    """
    keys = ["ceiling", "reference", "status", "currency"]
    groups = found.groupby(keys, dropna=False, sort=False)
    sums = pd.DataFrame(
        {"count_invoices": groups.size(), "amount": groups["amount"].sum(), "days_over": groups["days_over"].max()}
    )
    order = {status: place for place, status in enumerate(STATUSES)}
    table = sums.reset_index().assign(amount=lambda rows: rows["amount"].round(2))
    table = table.assign(order=table["status"].map(order)).sort_values(["order", "amount"], ascending=[True, False])
    return table.drop(columns="order").reset_index(drop=True)


def _ceilings() -> pd.DataFrame:
    return pd.DataFrame(list(reference_rows("payment_ceilings.csv"))).astype({"days": "int64"})


_USED = (
    "item_id",
    "customer_id",
    "document",
    "kind",
    "issue_date",
    "due_date",
    "currency",
    "amount",
    "retention",
    "receipt_date",
    "delivery_date",
    "periodic",
    "goods",
)


def _invoices(ledger: Ledger, at: Any, months: int, goods: str, reading: str | None) -> pd.DataFrame:
    """The invoices looked at, with what their customers' records say."""
    source = nw.from_native(ledger.invoices)
    names = source.collect_schema().names()
    begin = (pd.Timestamp(at) - pd.DateOffset(months=months)).to_pydatetime()
    chosen = source.select([name for name in _USED if name in names]).filter(
        (nw.col("kind") == "invoice")
        & (nw.col("amount") > 0)
        & (nw.col("issue_date").is_null() | ((nw.col("issue_date") > begin) & (nw.col("issue_date") <= at)))
    )
    table = collect(chosen).reindex(columns=list(_USED))
    table = table[~_flag(table, "retention")].reset_index(drop=True)
    customers = in_pandas(ledger.customers).reindex(columns=["customer_id", "buyer", "terms", "terms_reading"])
    table = table.merge(customers.drop_duplicates("customer_id"), on="customer_id", how="left")
    for name in ("issue_date", "due_date", "receipt_date", "delivery_date"):
        table[name] = pd.to_datetime(table[name]).astype("datetime64[s]")
    table["buyer"] = table["buyer"].astype(object).where(table["buyer"].notna(), "business")
    table["goods"] = table["goods"].astype(object).where(table["goods"].notna(), goods)
    table["periodic"] = _flag(table, "periodic")
    table["terms_reading"] = table["terms_reading"].astype(object).where(table["terms_reading"].notna(), reading)
    read = {terms: _by_month_end(terms) for terms in table["terms"].unique()}
    table["by_month_end"] = table["terms"].map(read).fillna(False).astype(bool)
    return table


def _by_month_end(terms: Any) -> bool:
    try:
        return any(term.month_end for _, term in parse_instalments(terms))
    except InputError:
        return False


def _concerned(table: pd.DataFrame, rule: Mapping[str, str]) -> pd.Series:
    """Invoices under a rule; where two ceilings may apply, that of the customer's terms."""
    mine = table["buyer"] == rule["buyer"]
    if rule["start"]:
        mine &= table["issue_date"].isna() | (table["issue_date"] >= pd.Timestamp(rule["start"]))
    if rule["goods"]:
        mine &= table["goods"] == rule["goods"]
    if rule["periodic"]:
        mine &= table["periodic"] == (rule["periodic"] == "yes")
    if rule["key"] in MONTH_END.values():
        mine &= table["by_month_end"]
    if rule["key"] in PLAIN.values():
        mine &= ~table["by_month_end"]
    return mine


def _apply(table: pd.DataFrame, mine: pd.Series, rule: Mapping[str, str]) -> None:
    """Fill in rule, latest date, status and reason of the invoices under a rule."""
    rows = table[mine]
    latest, other = _latest(rows, rule)
    due = rows["due_date"]
    status = np.where(due > latest, "over", "compliant")
    if rule["then"] == "month_end":
        untold = rows["terms_reading"].isna()
        between = untold & (due > np.minimum(latest, other)) & (due <= np.maximum(latest, other))
        latest = latest.where(~untold, np.maximum(latest, other))
        status = np.where(between, "depends_on_reading", np.where(due > latest, "over", "compliant"))
    if rule["key"] in PLAIN.values():
        clause = (due > latest) & (due <= np.maximum(*_month_end_dates(rows, MONTH_END_DAYS)))
        status = np.where(clause, "needs_clause", status)
    counted = _counted_from(rows, rule)
    status = np.where(due.isna() | latest.isna(), "unknown", status)
    missing = {"issue": "no_issue_date", "receipt": "no_issue_date", "delivery": "no_delivery_date"}
    reason = np.where(counted.isna(), missing[rule["counted_from"]], np.where(due.isna(), "no_due_date", ""))
    table.loc[mine, "ceiling"] = rule["key"]
    table.loc[mine, "latest_date"] = latest.to_numpy()
    table.loc[mine, "status"] = status
    table.loc[mine, "reason"] = [text or None for text in reason.tolist()]


def _counted_from(rows: pd.DataFrame, rule: Mapping[str, str]) -> pd.Series:
    if rule["counted_from"] == "receipt":
        return _received(rows)
    return rows["delivery_date" if rule["counted_from"] == "delivery" else "issue_date"]


def _latest(rows: pd.DataFrame, rule: Mapping[str, str]) -> tuple[pd.Series, pd.Series]:
    """Latest due date by the customer's reading of the end of month, and by the other one."""
    counted, days = _counted_from(rows, rule), int(rule["days"])
    if rule["then"] == "month_end":
        days_first, end_first = _month_end_dates(rows, days)
        by_end = rows["terms_reading"] == "month_end_then_days"
        return days_first.where(~by_end, end_first), end_first.where(~by_end, days_first)
    if rule["then"]:
        counted = summary_date(counted, "decade" if rule["then"].startswith("decade") else "month")
    latest = due_date(counted, days)
    return latest, latest


def _month_end_dates(rows: pd.DataFrame, days: int) -> tuple[pd.Series, pd.Series]:
    issued = rows["issue_date"]
    readings = ("days_then_month_end", "month_end_then_days")
    days_first, end_first = (due_date(issued, f"{days} jours fin de mois", reading) for reading in readings)
    return days_first, end_first
