"""From an allowance or a loss to journal entries, and the VAT that a bad debt gives back.

Accounts stand in ``reference/allowance_entries.csv``, in the chart that holds for the
financial year: the new one for years that begin on 1 January 2025 or later (ANC
2022-06). Rules PROV-IND and VAT-BAD: see ``GLOSSARY.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

import pandas as pd

from cmtools.language import resolve
from cmtools.schemas import Defect, InputError, as_day
from cmtools.settings import reference_rows

NEW_CHART = "2025-01-01"  # years that begin on this day or later (ANC 2022-06)
TAXED_ON = ("invoice", "receipts")
_PARTS = ("incl_vat", "excl_vat", "vat")


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


# ---------------------------------------------------------------- entries


@cache
def entry_lines() -> dict[str, list[dict[str, str]]]:
    """Lines of each kind of entry, by event, from ``reference/allowance_entries.csv``.

    Examples
    --------
    >>> [line["from_2025"] for line in entry_lines()["allowance_booked"]]
    ['68174', '491']
    """
    events: dict[str, list[dict[str, str]]] = {}
    for row in reference_rows("allowance_entries.csv"):
        events.setdefault(row["event"], []).append(row)
    return events


def chart_of(year_start: str | date) -> str:
    """Chart of accounts of a financial year: "until_2024" or "from_2025", by the day on which it begins.

    Examples
    --------
    A year from 1 July 2024 to 30 June 2025 keeps the old chart to its end:

    >>> chart_of("2024-07-01"), chart_of("2025-07-01")
    ('until_2024', 'from_2025')
    """
    return "from_2025" if as_day(year_start, "year_start") >= as_day(NEW_CHART) else "until_2024"


def allowance_entries(events: pd.DataFrame, year_start: str | date, language: str | None = None) -> pd.DataFrame:
    """Journal entries of doubtful claims, allowances and losses (rule PROV-IND).

    Parameters
    ----------
    events : pandas.DataFrame, one row per entry
        `event` (a key of :func:`entry_lines`: move_to_doubtful,
        back_to_healthy, allowance_booked, allowance_reversed, loss,
        loss_of_healthy, loss_vat_kept, exceptional_loss, paid_after_loss),
        `amount_incl_vat` and `amount_excl_vat` (positive; NaN where the event
        does not need it); `customer_id`, and `issue_date` of the claim, where
        known.
    year_start : date or str
        First day of the financial year, which decides the chart.
    language : {"fr", "en"}, optional
        Of the names of accounts.

    Returns
    -------
    pandas.DataFrame, one row per line
        `entry` (1 for the first), `event`, `customer_id`, `account`,
        `account_name`, `debit`, `credit` (NaN on the other side),
        `confirmation` (unconfirmed: no source read says so). A nil line, such
        as the VAT of a claim without VAT, is left out.

    Raises
    ------
    InputError
        With every defect: an unknown event, an amount that is missing,
        negative or larger excl. VAT than incl. VAT, an event that the chart
        of the year no longer has (6714 since 2025).

    Notes
    -----
    Each entry balances to the cent: VAT is the difference of the other two.
    A loss goes to 6541 if the claim was issued in the year, to 6544 if
    earlier, to 654 where its date is unknown. The VAT of a claim that is
    collected after all is due again: general rule, UNCONFIRMED by a source
    read. An allowance and a loss are never added: when the loss is booked,
    the allowance is reversed.

    Examples
    --------
    >>> events = pd.DataFrame([{"event": "loss", "amount_incl_vat": 300.0, "amount_excl_vat": 250.0}])
    >>> allowance_entries(events, "2025-07-01", "en")[["account", "debit", "credit"]].fillna(0).values.tolist()
    [['654', 250.0, 0.0], ['44571', 50.0, 0.0], ['416', 0.0, 300.0]]
    """
    chart, begins = chart_of(year_start), pd.Timestamp(as_day(year_start, "year_start"))
    defects: list[Defect] = []
    rows = []
    for place, event in enumerate(_rows(events), start=1):
        found = _wrong(event, place, chart)
        defects += found
        rows += [] if found else _entry(event, place, chart, begins, language)
    if defects:
        raise InputError(defects)
    columns = ["entry", "event", "customer_id", "account", "account_name", "debit", "credit", "confirmation"]
    return pd.DataFrame(rows, columns=columns).astype({"debit": "float64", "credit": "float64"})


def _wrong(event: Mapping[str, Any], place: int, chart: str) -> list[Defect]:
    """What makes one event impossible to book."""
    name, lines = str(event.get("event")), entry_lines().get(str(event.get("event")))
    if lines is None:
        details = {"expected": ", ".join(entry_lines())}
        return [Defect("unknown_entry", "fatal", line=place, column="event", value=name, details=details)]
    found = []
    if not all(line[chart] for line in lines):
        gone = next(line["until_2024"] for line in lines)
        found.append(Defect("account_gone", "fatal", line=place, column="event", value=name, details={"account": gone}))
    parts = {line["part"] for line in lines}
    needed = _PARTS[:2] if "vat" in parts else [part for part in _PARTS[:2] if part in parts]
    amounts = {part: event.get(f"amount_{part}", float("nan")) for part in needed}
    for part, amount in amounts.items():
        if not (isinstance(amount, int | float) and 0 <= amount < float("inf")):
            column = f"amount_{part}"
            found.append(Defect("bad_entry_amount", "fatal", line=place, column=column, value=str(amount)))
    if not found and len(amounts) == 2 and amounts["excl_vat"] > amounts["incl_vat"]:
        told: dict[str, Any] = {"column": "amount_excl_vat", "value": str(amounts["excl_vat"])}
        told["details"] = {"incl": float(amounts["incl_vat"])}
        found.append(Defect("excl_above_incl", "fatal", line=place, **told))
    return found


def _entry(
    event: Mapping[str, Any], place: int, chart: str, begins: pd.Timestamp, language: str | None
) -> list[dict[str, Any]]:
    cents = {part: event.get(f"amount_{part}", float("nan")) for part in _PARTS[:2]}
    whole = {part: round(100 * amount) for part, amount in cents.items() if amount == amount and amount is not None}
    whole["vat"] = whole.get("incl_vat", 0) - whole.get("excl_vat", 0)
    customer = event.get("customer_id")
    rows = []
    for line in entry_lines()[str(event["event"])]:
        amount = whole[line["part"]] / 100
        if not amount:
            continue
        account = _detailed(line[chart], event.get("issue_date"), begins)
        sides = {"debit": float("nan"), "credit": float("nan"), line["side"]: amount}
        told = {"entry": place, "event": event["event"], "customer_id": customer, "account": account}
        name = line[resolve(language)]
        rows.append(told | {"account_name": name, **sides, "confirmation": line["confirmation"]})
    return rows


def _detailed(account: str, issued: Any, begins: pd.Timestamp) -> str:
    """Account of a loss by the year of the claim: 6541 of the year, 6544 of earlier ones."""
    if account != "654" or issued is None or pd.isna(issued):
        return account
    return "6541" if pd.Timestamp(issued) >= begins else "6544"


def closing_events(allowances: pd.DataFrame) -> pd.DataFrame:
    """Movements of individual allowances as events to book.

    Parameters
    ----------
    allowances : pandas.DataFrame
        As ``provisions.individual_allowances`` gives it.

    Returns
    -------
    pandas.DataFrame
        `event` (allowance_booked, allowance_reversed), `customer_id`,
        `amount_excl_vat`; nil movements are left out.

    Raises
    ------
    InputError
        If a movement is not known: an entry is never made of a part.

    Examples
    --------
    >>> found = pd.DataFrame({"customer_id": ["A", "B"], "dotation": [50.0, 0.0], "reversal": [0.0, 20.0]})
    >>> closing_events(found)["event"].tolist()
    ['allowance_booked', 'allowance_reversed']
    """
    unknown = allowances[allowances["dotation"].isna() | allowances["reversal"].isna()]
    if len(unknown):
        raise InputError([Defect("movement_unknown", "fatal", value=str(key)) for key in unknown["customer_id"]])
    rows = [
        {"event": event, "customer_id": row["customer_id"], "amount_excl_vat": row[column]}
        for row in _rows(allowances)
        for event, column in (("allowance_booked", "dotation"), ("allowance_reversed", "reversal"))
        if row[column]
    ]
    return pd.DataFrame(rows, columns=["event", "customer_id", "amount_excl_vat"])


# ---------------------------------------------------------------- VAT of bad debts


def vat_recovery(
    claims: pd.DataFrame,
    insolvent: pd.DataFrame,
    as_of: str | date,
    taxed_on: str | Mapping[str, str] | None = None,
    irrecoverable: Mapping[str, str | date] | None = None,
    duplicates: Mapping[str, str | date] | None = None,
) -> pd.DataFrame:
    """VAT of unpaid claims: how much, whether it can be had back yet, and what must be sent (rule VAT-BAD).

    Parameters
    ----------
    claims : pandas.DataFrame
        `item_id`, `customer_id`, `currency`, `vat_amount` (NaN: unknown), as
        ``doubtful.doubtful_claims`` or ``doubtful.written_off`` gives it.
    insolvent : pandas.DataFrame
        As ``external.insolvencies`` gives it on the same date.
    as_of : date or str
        No proof and no duplicate later than it counts.
    taxed_on : {"invoice", "receipts"} or mapping of item to one of them, optional
        When VAT became due: on the goods or the invoice (option for debits),
        or when paid (services). None or not in the mapping: unknown.
    irrecoverable : mapping of item to date, optional
        Claims proved definitively irrecoverable otherwise (part waived under
        a plan, debtor vanished, pursuit in vain), and the day of the proof.
    duplicates : mapping of item to date, optional
        Corrected invoices sent to the debtor, and the day.

    Returns
    -------
    pandas.DataFrame, one row per claim
        `item_id`, `customer_id`, `currency`, `vat_amount`, `procedure`,
        `vat_status` (label key), `vat_from` (day from which it can be had
        back), `duplicate_sent`, `vat_claimable` (amount that can be had back
        on that date, its formality done; NaN: unknown).

    Raises
    ------
    InputError
        If a column is missing or `taxed_on` holds anything else.

    Notes
    -----
    CGI 272-1; BOI-TVA-DED-40-10-20 (https://bofip.impots.gouv.fr/bofip/1100-PGP.html).
    From the judgment that opens or pronounces the liquidation, without any
    certificate; never on the opening of a safeguard or receivership. VAT of a
    service taxed when paid was never due: nothing to have back. Nothing is had
    back before a corrected duplicate of the invoice is sent to the debtor.

    Examples
    --------
    >>> claims = pd.DataFrame({"item_id": ["F1"], "customer_id": ["A"], "currency": "EUR", "vat_amount": [200.0]})
    >>> insolvent = pd.DataFrame({"customer_id": ["A"], "procedure": ["receivership"],
    ...     "since": pd.to_datetime(["2026-03-02"])})
    >>> vat_recovery(claims, insolvent, "2026-06-30", "invoice")["vat_status"].tolist()
    ['vat_not_by_procedure']
    """
    needed = ("item_id", "customer_id", "currency", "vat_amount")
    missing = [name for name in needed if name not in claims.columns]
    if missing:
        details = {"missing": ", ".join(missing), "found": ", ".join(map(str, claims.columns))}
        raise InputError([Defect("missing_columns", "fatal", file="claims", details=details)])
    told = _by_item(claims, taxed_on)
    at = as_day(as_of)
    proofs, sent = (
        {item: pd.Timestamp(as_day(day, name)) for item, day in (given or {}).items() if as_day(day, name) <= at}
        for name, given in (("irrecoverable", irrecoverable), ("duplicates", duplicates))
    )
    under = insolvent.set_index("customer_id") if len(insolvent) else pd.DataFrame(columns=["procedure", "since"])
    rows = []
    for claim in _rows(claims):
        item, customer, amount = claim["item_id"], claim["customer_id"], claim["vat_amount"]
        procedure = under["procedure"].get(customer)
        liquidated = under["since"].get(customer) if procedure == "liquidation" else None
        opens = min((day for day in (liquidated, proofs.get(item)) if day is not None), default=None)
        status = _vat_status(amount, told.get(item), procedure, opens, sent.get(item))
        claimable = {"vat_claimable": amount, "vat_unknown": float("nan"), "vat_basis_unknown": float("nan")}
        opens = opens if status in ("vat_claimable", "vat_duplicate_missing") else None
        row = (item, customer, claim["currency"], amount, procedure, status, opens, sent.get(item))
        rows.append((*row, claimable.get(status, 0.0)))
    columns = ["item_id", "customer_id", "currency", "vat_amount", "procedure", "vat_status", "vat_from",
               "duplicate_sent", "vat_claimable"]  # fmt: skip
    dates = dict.fromkeys(("vat_from", "duplicate_sent"), "datetime64[us]")
    return pd.DataFrame(rows, columns=columns).astype(dates | {"vat_amount": "float64", "vat_claimable": "float64"})


def _by_item(claims: pd.DataFrame, taxed_on: str | Mapping[str, str] | None) -> dict[str, str]:
    """When VAT became due, by item, as far as told."""
    given = [taxed_on] if isinstance(taxed_on, str) else list((taxed_on or {}).values())
    wrong = dict.fromkeys(value for value in given if value not in TAXED_ON)
    if wrong:
        details = {"expected": ", ".join(TAXED_ON)}
        raise InputError(
            [Defect("bad_choice", "fatal", column="taxed_on", value=str(v), details=details) for v in wrong]
        )
    return dict.fromkeys(claims["item_id"], taxed_on) if isinstance(taxed_on, str) else dict(taxed_on or {})


def _vat_status(
    amount: float, basis: str | None, procedure: str | None, opens: pd.Timestamp | None, sent: pd.Timestamp | None
) -> str:
    if amount != amount:
        return "vat_unknown"
    if amount == 0:
        return "vat_none"
    if basis == "receipts":
        return "vat_never_due"
    if opens is None:
        return "vat_not_by_procedure" if procedure else "vat_not_irrecoverable"
    if basis is None:
        return "vat_basis_unknown"
    return "vat_duplicate_missing" if sent is None else "vat_claimable"
