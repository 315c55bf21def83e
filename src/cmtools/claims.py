"""What may be claimed on a date: principal, interest and indemnities by item and customer, and until when.

A claim that can no longer be pursued is shown, never counted. Rules CLAIM, LIMITATION; see ``GLOSSARY.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from cmtools.costs import compensating_sales, cost_of_delay
from cmtools.doubtful import written_off
from cmtools.frames import choice, collect, in_pandas, month_ends
from cmtools.interest import late_items, late_segments
from cmtools.legal import PUBLIC, LegalValue, limitation_period
from cmtools.receivables import open_items, open_rows
from cmtools.schemas import BUYERS, GOODS, Defect, InputError, Ledger, as_day

INDEMNITY_CURRENCY = "EUR"


def limitation(
    invoices: pd.DataFrame,
    as_of: str | date,
    *,
    customers: Any = None,
    goods: str = "general",
    interruptions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Last day on which each claim can be pursued (prescription), and the days left.

    Parameters
    ----------
    invoices : pandas.DataFrame
        `item_id`, `customer_id`, `due_date`; used where present: `buyer` (else that of the
        customers), `goods`, `delivery_date`.
    as_of : date or str
    customers : frame, optional
        `customer_id`, `buyer`; blank or absent: a business.
    goods : str, default "general"
        Of the items that do not tell; `transport` has a year from delivery.
    interruptions : pandas.DataFrame, optional
        `item_id`, `date`: acknowledgements of the debt, claims in court, enforcement. Each one up to
        `as_of`, within the period then running, starts a whole new one; a claim that had already
        lapsed does not revive. A reminder or a formal notice is none.

    Returns
    -------
    pandas.DataFrame, in the order and on the index of `invoices`
        `item_id`, `claim` (business, consumer, public, transport), `limitation_date`, `days_left`
        (negative: prescribed), `reference`, `confirmation`, `reason` (no_due_date, no_delivery_date).

    Raises
    ------
    InputError
        If a kind of buyer or goods does not exist, or `interruptions` lacks a column.

    Notes
    -----
    C. com. L110-4 and C. civ. 2224, 2233 (5 years from the due date); C. conso. L218-2 (2 years);
    C. com. L133-6 (transport, 1 year from delivery); public bodies 4 years from the next 1 January
    (law 68-1250, UNCONFIRMED; taken for public undertakings too, the shorter period). Suspensions
    and periods set by contract are not known here.

    Examples
    --------
    >>> items = pd.DataFrame({"item_id": ["F1", "F2"], "customer_id": ["C1", "C2"], "buyer": ["business", "public"],
    ...     "due_date": pd.to_datetime(["2022-03-15", "2022-03-15"])})
    >>> limitation(items, "2026-06-30")["limitation_date"].dt.strftime("%d/%m/%Y").tolist()
    ['15/03/2027', '31/12/2026']
    """
    at = as_day(as_of)
    choice("goods", goods, GOODS)
    buyers = _buyers(invoices, customers)
    due = pd.to_datetime(invoices["due_date"]).astype("datetime64[s]")
    kinds = (invoices["goods"] if "goods" in invoices else pd.Series(None, index=invoices.index)).astype(object)
    kinds = kinds.where(kinds.notna(), goods)
    _check_words(buyers, kinds)
    claim = np.select(
        [kinds == "transport", buyers.isin(PUBLIC), buyers == "consumer"],
        ["transport", "public", "consumer"],
        default="business",
    )
    delivered = invoices["delivery_date"] if "delivery_date" in invoices else pd.Series(pd.NaT, index=invoices.index)
    from_day = due.where(claim != "transport", pd.to_datetime(delivered).astype("datetime64[s]"))
    law = {name: limitation_period(name) for name in ("business", "consumer", "public", "transport")}
    last = _last_days(from_day, claim, law)
    for item, told in _interruptions(invoices, at, interruptions).items():
        mine = invoices["item_id"] == item
        for day in told:  # each counts only within the period that was running then
            counts = mine & (from_day <= day) & (last >= day)
            from_day = from_day.where(~counts, day)
            last = last.where(~counts, _last_days(from_day, claim, law))
    left = (last - pd.Timestamp(at)).dt.days.astype("float64")
    reason = np.where(last.notna(), "", np.where(claim == "transport", "no_delivery_date", "no_due_date"))
    return pd.DataFrame(
        {
            "item_id": invoices["item_id"],
            "claim": claim,
            "limitation_date": last.astype("datetime64[us]"),
            "days_left": left,
            "reference": [law[name].reference for name in claim],
            "confirmation": [law[name].confirmation for name in claim],
            "reason": pd.Series([text or None for text in reason.tolist()], index=invoices.index, dtype="object"),
        },
        index=invoices.index,
    )


def _check_words(buyers: pd.Series, kinds: pd.Series) -> None:
    """Every kind of buyer or goods that does not exist, at once."""
    defects = [
        Defect("bad_choice", column=name, value=str(value), details={"expected": ", ".join(allowed)})
        for name, found, allowed in (("buyer", buyers, BUYERS), ("goods", kinds, GOODS))
        for value in found.unique()
        if value not in allowed
    ]
    if defects:
        raise InputError(defects)


def _last_days(from_day: pd.Series, claim: np.ndarray, law: Mapping[str, LegalValue]) -> pd.Series:
    """Last day of the period of each claim."""
    last = pd.Series(pd.NaT, index=from_day.index, dtype="datetime64[s]")
    for name in set(claim):
        period = law[name]
        last = last.where(claim != name, _last_day(from_day, int(period.value), name == "public"))
    return last


def _buyers(invoices: pd.DataFrame, customers: Any) -> pd.Series:
    if "buyer" in invoices:
        return invoices["buyer"].astype(object).where(invoices["buyer"].notna(), "business")
    told = pd.DataFrame(columns=["customer_id", "buyer"]) if customers is None else in_pandas(customers)
    told = told.reindex(columns=["customer_id", "buyer"]).drop_duplicates("customer_id").set_index("customer_id")
    found = invoices["customer_id"].map(told["buyer"].dropna().to_dict())
    return found.astype(object).where(found.notna(), "business")


def _interruptions(
    invoices: pd.DataFrame, at: Any, interruptions: pd.DataFrame | None
) -> dict[Any, list[pd.Timestamp]]:
    """Days up to the date that interrupted the period of an item, in order."""
    if interruptions is None or interruptions.empty:
        return {}
    absent = [name for name in ("item_id", "date") if name not in interruptions]
    if absent:
        details = {"missing": ", ".join(absent), "found": ", ".join(map(str, interruptions.columns))}
        raise InputError([Defect("missing_columns", "fatal", column="interruptions", details=details)])
    known = interruptions.assign(date=[pd.Timestamp(as_day(day, "date")) for day in interruptions["date"]])
    known = known[(known["date"] <= pd.Timestamp(at)) & known["item_id"].isin(invoices["item_id"])]
    return {item: sorted(days) for item, days in known.groupby("item_id")["date"]}


def _last_day(from_day: pd.Series, years: int, from_january: bool) -> pd.Series:
    if from_january:
        last_year = from_day.dt.year + years
        text = last_year.astype("Int64").astype("string") + "-12-31"
        return pd.to_datetime(text).astype("datetime64[s]")
    return (from_day + pd.DateOffset(years=years)).astype("datetime64[s]")


def late_claims(
    ledger: Ledger,
    as_of: str | date,
    *,
    insolvencies: pd.DataFrame | None = None,
    interruptions: pd.DataFrame | None = None,
    goods: str = "general",
    rate: float | None = None,
    imputation: str = "principal_first",
    day_count: str = "365",
    credit_notes: str = "from_start",
    unknown: str = "blank",
    frozen: str = "none",
) -> pd.DataFrame:
    """Everything that lateness gives a right to claim on a date, item by item.

    Parameters
    ----------
    ledger : Ledger
        Any engine.
    as_of : date or str
    insolvencies, rate, imputation, day_count, credit_notes, unknown
        See :func:`cmtools.late_interest`.
    frozen
        See :func:`cmtools.recovery_indemnity`.
    interruptions, goods
        See :func:`limitation`.

    Returns
    -------
    pandas.DataFrame, one row per item that was late or is owed without a due date, by customer and due date
        (retention money whose release date is not known is not payable, and has no row)
        `customer_id`, `item_id`, `document`, `kind`, `issue_date`, `due_date`, `buyer`, `currency`,
        `amount`, `principal` (still owed in the books), `overpaid` (paid beyond it), `written_off` (losses
        booked on it, which the debtor still owes), `days_late` (NaN once paid), `interest` (run up and
        computable, less what payments already paid of it; NaN: no day of it is; nil from consumers),
        `indemnity` (EUR whatever the currency, on one item of each invoice), `unknown_from` (first day
        whose interest is not computable), `reason` (why), `disputed`, `frozen_on` (judgment), `limitation_date`,
        `days_left`, `confirmation`, `claimable` (False: prescribed, or not known to be due),
        `receipt_supposed` (public buyer whose receipt of the request is not recorded).

    Raises
    ------
    LegalUnknownError, InputError
        See :func:`cmtools.late_interest`.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> found = late_claims(ledger, "2026-06-30")
    >>> bool((found["interest"] >= 0).all()), sorted(set(found["indemnity"]))
    (True, [0.0, 40.0])
    """
    options = {"rate": rate, "imputation": imputation, "day_count": day_count, "credit_notes": credit_notes}
    law = {"goods": goods, "interruptions": interruptions}
    return _claims(ledger, as_of, insolvencies, options | {"unknown": unknown, "frozen": frozen}, law)[0]


def claims_and_segments(
    ledger: Ledger, as_of: str | date, insolvencies: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Claims and the stretches of days that their interest is made of, from one computation.

    Parameters
    ----------
    ledger, as_of, insolvencies
        See :func:`late_claims`.

    Returns
    -------
    (pandas.DataFrame, pandas.DataFrame)
        See :func:`late_claims` and, with unknown rates left blank, :func:`cmtools.late_interest`.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> claims, segments = claims_and_segments(ledger, "2026-06-30")
    >>> claims.equals(late_claims(ledger, "2026-06-30"))
    True
    """
    options = {"rate": None, "imputation": "principal_first", "day_count": "365", "credit_notes": "from_start"}
    law = {"goods": "general", "interruptions": None}
    return _claims(ledger, as_of, insolvencies, options | {"unknown": "blank", "frozen": "none"}, law)


_CLAIM_COLUMNS = [
    "customer_id", "item_id", "document", "kind", "issue_date", "due_date", "buyer", "currency", "amount", "principal",
    "overpaid", "written_off", "days_late", "interest", "indemnity", "unknown_from", "reason", "disputed", "frozen_on",
    "limitation_date", "days_left", "confirmation", "claimable", "receipt_supposed",
]  # fmt: skip


def _claims(
    ledger: Ledger, as_of: str | date, insolvencies: Any, options: dict[str, Any], law: dict[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Claims, item by item, and the segments of their interest."""
    at = as_day(as_of)
    items = late_items(ledger.invoices, at, ledger.customers, insolvencies)
    segments, settled, indemnities = late_segments(items, ledger.settlements, at, **options)
    by_item = segments.groupby("item_id")
    sums = pd.DataFrame(
        {"interest": by_item["interest"].sum(min_count=1), "paid": by_item["to_interest"].sum(), "reckoned": 1.0}
    ).reset_index()
    blind = segments[segments["reason"].notna()].groupby("item_id")
    unknown = pd.DataFrame({"unknown_from": blind["start"].min(), "reason": blind["reason"].first()})
    late = items["item_id"].isin(segments["item_id"])
    known = indemnities.rename(columns={"reason": "indemnity_reason"})
    table = items.merge(sums, on="item_id", how="left").merge(unknown, on="item_id", how="left")
    table = table.merge(known, on=["customer_id", "document"], how="left")
    table["indemnity"] = table["indemnity"].fillna(0.0).where(_first_late(items, late).to_numpy(), 0.0)
    known_part = table["interest"].where(table["reckoned"].notna(), 0.0)  # no day late: nil; no known rate: unknown
    table["interest"] = (known_part - table["paid"].fillna(0.0)).round(2) + 0.0
    left = ((table["cents"] - settled) / 100 + table["paid"].fillna(0.0)).round(2) + 0.0
    table["principal"], table["overpaid"] = left.clip(lower=0.0), (-left).clip(lower=0.0) + 0.0
    table["written_off"] = table["item_id"].map(_written_off(ledger, at)).fillna(0.0)
    days = (pd.Timestamp(at) - table["runs_from"]).dt.days.astype("float64")
    table["days_late"] = days.where(table["principal"] > 0)
    table["disputed"] = table["item_id"].isin(_disputed(ledger, at))
    overdue = (table["in_time"] < pd.Timestamp(at)) & (table["principal"] > 0)
    table = table[late.to_numpy() | overdue | (table["indemnity"] > 0)].reset_index(drop=True)
    periods = limitation(table, at, **law)
    table = table.assign(**{name: periods[name] for name in ("limitation_date", "days_left", "confirmation")})
    table["claimable"] = ~(table["days_left"] < 0) & (table["reason"].isna() | (table["reason"] != "no_due_date"))
    dates = ("issue_date", "due_date", "frozen_on")
    table = table.astype(dict.fromkeys(dates, "datetime64[us]"))[_CLAIM_COLUMNS]
    return table.sort_values(["customer_id", "due_date", "item_id"], ignore_index=True), segments


def _first_late(items: pd.DataFrame, late: pd.Series) -> pd.Series:
    """The item of each invoice that was late first: it carries the invoice's indemnity."""
    order = items.assign(late=~late).sort_values(["late", "runs_from", "item_id"])
    return (~order.duplicated(["customer_id", "document"])).reindex(items.index)


def _written_off(ledger: Ledger, at: Any) -> pd.Series:
    """Losses booked on each item up to a day."""
    table = nw.from_native(ledger.settlements)
    lost = table.filter((nw.col("kind") == "write_off") & (nw.col("allocation_date") <= at))
    sums = collect(lost.group_by("item_id").agg(nw.col("amount").sum()))
    return sums.set_index("item_id")["amount"].round(2)


def _disputed(ledger: Ledger, at: Any) -> set[str]:
    return set(collect(open_rows(ledger, at).filter(nw.col("disputed")).select("item_id"))["item_id"])


def claims_by_customer(found: pd.DataFrame, ledger: Ledger, as_of: str | date) -> pd.DataFrame:
    """Claims of each customer in each currency, largest interest first.

    Parameters
    ----------
    found : pandas.DataFrame
        As :func:`late_claims` gives it; what is not `claimable` is left out.
    ledger : Ledger
    as_of : date or str
        The same.

    Returns
    -------
    pandas.DataFrame, one row per customer and currency
        `customer_id`, `customer_name`, `buyer`, `currency`, `principal`, `unallocated` (receipts and
        credit notes on no invoice, what was paid beyond a claim; negative), `interest`, `indemnity` (EUR
        rows alone), `claim_total` (their sum; negative: the customer is in credit),
        `disputed_principal` (part of the principal), `count_items`, `days_left` (fewest, of what is still
        owed), `unknown_interest` (items whose interest is not wholly computable).

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> table = claims_by_customer(late_claims(ledger, "2026-06-30"), ledger, "2026-06-30")
    >>> parts = table[["principal", "unallocated", "interest", "indemnity"]].sum(axis=1)
    >>> bool((table["claim_total"] - parts).abs().max() < 0.01)
    True
    """
    mine = found[found["claimable"]]
    owed = mine.assign(
        disputed_principal=mine["principal"].where(mine["disputed"], 0.0),
        days_left=mine["days_left"].where(mine["principal"] > 0),
        unknown_interest=mine["reason"].notna().astype("int64"),
        count_items=1,
    )
    abroad = owed[(owed["currency"] != INDEMNITY_CURRENCY) & (owed["indemnity"] > 0)]
    moved = abroad.assign(currency=INDEMNITY_CURRENCY, principal=0.0, interest=0.0, disputed_principal=0.0)
    moved = moved.assign(unknown_interest=0, count_items=0, days_left=np.nan)
    owed = owed.assign(indemnity=owed["indemnity"].where(owed["currency"] == INDEMNITY_CURRENCY, 0.0))
    groups = pd.concat([owed, moved]).groupby(["customer_id", "buyer", "currency"], sort=True)
    added = ["principal", "indemnity", "disputed_principal", "count_items", "unknown_interest"]
    sums = (
        groups[added]
        .sum()
        .assign(
            interest=groups["interest"].sum(min_count=1),  # not computable for any item: unknown
            days_left=groups["days_left"].min(),
        )
    )
    sums = sums.reset_index()
    money = ["principal", "interest", "indemnity", "disputed_principal"]
    sums[money] = sums[money].round(2) + 0.0
    keys = ["customer_id", "currency"]
    apart = _on_account(ledger, as_of, mine).groupby(keys)["open_amount"].sum().rename("unallocated").reset_index()
    sums = sums.merge(apart, on=keys, how="left")
    sums["unallocated"] = sums["unallocated"].fillna(0.0).round(2)
    sums["claim_total"] = sums[["principal", "unallocated", "interest", "indemnity"]].sum(axis=1).round(2) + 0.0
    names = in_pandas(ledger.customers)[["customer_id", "customer_name"]].drop_duplicates("customer_id")
    table = sums.merge(names, on="customer_id", how="left")
    columns = [
        "customer_id", "customer_name", "buyer", "currency", "principal", "unallocated", "interest", "indemnity",
        "claim_total", "disputed_principal", "count_items", "days_left", "unknown_interest",
    ]  # fmt: skip
    order = ["currency", "interest", "customer_id"]
    return table[columns].sort_values(order, ascending=[True, False, True], ignore_index=True)


def cost_of_lateness(
    table: pd.DataFrame,
    overdue: float | None,
    currency: str,
    *,
    financing_rate: float | None = None,
    losses: float | None = None,
    margin_rate: float | None = None,
) -> pd.DataFrame:
    """What lateness costs the company, beside what the law lets it claim.

    Parameters
    ----------
    table : pandas.DataFrame
        Claims by customer, see :func:`claims_by_customer`.
    overdue : float or None
        Overdue amount of the date, incl. VAT.
    currency : str
        The one to look at.
    financing_rate : float, optional
        Yearly cost of the company's own financing, a fraction.
    losses : float, optional
        Written off over twelve months, excl. VAT where the VAT comes back.
    margin_rate : float, optional
        Net margin on sales, a fraction.

    Returns
    -------
    pandas.DataFrame, one row
        `currency`, `overdue`, `financing_rate`, `overdue_cost` (a year's financing of the overdue, rule
        COST-FIN), `interest`, `indemnity` (claimable), `losses_excl_vat`, `margin_rate`, `compensating_sales`
        (rule COST-COMP); NaN where an input is not known, with `reason`.

    Raises
    ------
    InputError
        If a rate is out of reach.

    Examples
    --------
    >>> none = pd.DataFrame({"currency": [], "interest": [], "indemnity": []})
    >>> row = cost_of_lateness(none, 300000.0, "EUR", financing_rate=0.05, losses=5000.0, margin_rate=0.1).iloc[0]
    >>> float(row["overdue_cost"]), float(row["compensating_sales"])
    (15000.0, 50000.0)
    """
    mine = table[table["currency"] == currency]
    cost = None
    if overdue is not None and not pd.isna(overdue) and financing_rate is not None:
        cost = cost_of_delay(overdue, financing_rate, 365) if overdue > 0 else 0.0
    made_up = compensating_sales(losses, margin_rate)
    said = (
        (made_up.reason, margin_rate is not None and made_up.reason == "cost_margin_not_positive"),
        ("no_financing_rate", financing_rate is None),
        ("no_margin_rate", margin_rate is None),
        ("no_losses", losses is None),
    )
    row = {
        "currency": currency,
        "overdue": overdue,
        "financing_rate": financing_rate,
        "overdue_cost": cost,
        "interest": round(float(mine["interest"].sum()), 2),
        "indemnity": round(float(mine["indemnity"].sum()), 2),
        "losses_excl_vat": losses,
        "margin_rate": margin_rate,
        "compensating_sales": made_up.sales,
        "reason": next((key for key, holds in said if holds), None),
    }
    numbers = [name for name in row if name not in ("currency", "reason")]
    return pd.DataFrame([row]).astype(dict.fromkeys(numbers, "float64"))


def lateness(
    ledger: Ledger,
    claimed: pd.DataFrame,
    figures: Mapping[str, pd.DataFrame],
    asked: Mapping[str, str | None],
    as_of: str | date,
    financing_rate: float | None = None,
    margin_rate: float | None = None,
) -> pd.DataFrame:
    """What lateness costs in each currency of a report, beside what may be claimed.

    Parameters
    ----------
    ledger : Ledger
    claimed : pandas.DataFrame
        As :func:`claims_by_customer` gives it.
    figures, asked : mapping
        Key figures and currency argument of each currency of the report.
    as_of : date or str
    financing_rate, margin_rate : float, optional

    Returns
    -------
    pandas.DataFrame
        See :func:`cost_of_lateness`; losses are those of twelve months, excl. VAT, unknown
        where one of them is. Currencies that the report adds up at their amounts in the books have a row
        of their own for what may be claimed in them.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> table = claims_by_customer(late_claims(ledger, "2026-06-30"), ledger, "2026-06-30")
    >>> figures = {"EUR": cm.key_figures(ledger, "2026-06-30", "EUR")}
    >>> lateness(ledger, table, figures, {"EUR": None}, "2026-06-30", financing_rate=0.05)["overdue_cost"].tolist()
    [17586.64, nan]
    """
    since = month_ends(as_day(as_of), 13)[-1]
    rows = []
    for shown, currency in asked.items():
        lost = written_off(ledger, as_of, since, currency)["lost_excl_vat"] if ledger.complete_sales else None
        known = lost is not None and bool(lost.notna().all())
        overdue = figures[shown]["value"]["overdue"]
        row = cost_of_lateness(
            claimed,
            None if pd.isna(overdue) else float(overdue),
            shown,
            financing_rate=financing_rate,
            losses=float(lost.sum()) if known and lost is not None else None,
            margin_rate=margin_rate,
        )
        rows.append(row)
    others = [name for name in dict.fromkeys(claimed["currency"]) if name not in asked]
    rows += [cost_of_lateness(claimed, None, name).assign(reason="overdue_in_books") for name in others]
    return pd.concat(rows, ignore_index=True)


@dataclass(frozen=True)
class StatementOfClaim:
    """Statement of claim (décompte) of one customer on a date.

    Attributes
    ----------
    customer_id, customer_name : str
    as_of : datetime
    items : pandas.DataFrame
        See :func:`late_claims`.
    segments : pandas.DataFrame
        Detail of the interest, see :func:`cmtools.late_interest`.
    on_account : pandas.DataFrame
        Receipts and credit notes on no invoice, what was paid beyond a claim: `document`, `kind`,
        `issue_date`, `currency`, `open_amount` (negative). They come off the claim.
    totals : pandas.DataFrame, one row per line and currency
        `line` (principal, unallocated, interest, indemnity, claim_total), `currency`, `amount`.
    """

    customer_id: str
    customer_name: str
    as_of: Any
    items: pd.DataFrame
    segments: pd.DataFrame
    on_account: pd.DataFrame
    totals: pd.DataFrame


def statement_of_claim(ledger: Ledger, customer_id: str, as_of: str | date, **options: Any) -> StatementOfClaim:
    """Statement of claim of one customer: principal, interest by segment, indemnities, credits taken off.

    Parameters
    ----------
    ledger : Ledger
    customer_id : str
    as_of : date or str
    **options
        See :func:`late_claims`.

    Returns
    -------
    StatementOfClaim
        What is prescribed, not late yet or not known to be due is left out.

    Raises
    ------
    InputError
        If the ledger knows no such customer; see :func:`late_claims` too.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> statement = statement_of_claim(ledger, "000128", "2026-06-30")
    >>> statement.totals["line"].tolist()
    ['principal', 'unallocated', 'interest', 'indemnity', 'claim_total']
    """
    customers = in_pandas(ledger.customers)
    if customer_id not in set(customers["customer_id"]):
        raise InputError([Defect("claim_no_customer", "fatal", value=str(customer_id))])
    known = customers.drop_duplicates("customer_id").set_index("customer_id")["customer_name"]
    mine = _of_customer(ledger, customer_id)
    law = {name: options.pop(name, default) for name, default in (("goods", "general"), ("interruptions", None))}
    insolvencies = options.pop("insolvencies", None)
    found, segments = _claims(mine, as_of, insolvencies, {"unknown": "blank", "frozen": "none"} | options, law)
    found = found[found["claimable"]].reset_index(drop=True)
    segments = segments[segments["item_id"].isin(found["item_id"])].reset_index(drop=True)
    on_account = _on_account(mine, as_of, found).drop(columns="customer_id")
    return StatementOfClaim(
        customer_id,
        str(known[customer_id]),
        as_day(as_of),
        found,
        segments,
        on_account.reset_index(drop=True),
        _totals(found, on_account),
    )


def _on_account(ledger: Ledger, as_of: str | date, found: pd.DataFrame) -> pd.DataFrame:
    """Receipts and credit notes on no invoice, and what was paid beyond a claim and its interest."""
    items = in_pandas(open_items(ledger, as_of))
    apart = items[(items["open_amount"] < 0) & ~items["item_id"].isin(found["item_id"])]
    beyond = found[found["overpaid"] > 0].assign(open_amount=lambda rows: -rows["overpaid"])
    columns = ["customer_id", "document", "kind", "issue_date", "currency", "open_amount"]
    return pd.concat([part[columns] for part in (apart, beyond) if len(part)] or [apart[columns]], ignore_index=True)


def _of_customer(ledger: Ledger, customer_id: str) -> Ledger:
    """The ledger of one customer, in pandas."""
    tables = [in_pandas(table) for table in (ledger.invoices, ledger.settlements)]
    invoices, settlements = (table[table["customer_id"] == customer_id] for table in tables)
    return replace(ledger, invoices=invoices, settlements=settlements)


def _totals(found: pd.DataFrame, on_account: pd.DataFrame) -> pd.DataFrame:
    rows = []
    indemnity = float(found["indemnity"].sum())
    currencies = sorted({*found["currency"], *on_account["currency"], *([INDEMNITY_CURRENCY] if indemnity else [])})
    for currency in currencies:
        mine = found[found["currency"] == currency]
        amounts = {
            "principal": float(mine["principal"].sum()),
            "unallocated": float(on_account.loc[on_account["currency"] == currency, "open_amount"].sum()),
            "interest": float(mine["interest"].sum()),
            "indemnity": indemnity if currency == INDEMNITY_CURRENCY else 0.0,
        }
        amounts["claim_total"] = sum(amounts.values())
        rows += [(line, currency, round(amount, 2) + 0.0) for line, amount in amounts.items()]
    return pd.DataFrame(rows, columns=["line", "currency", "amount"])
