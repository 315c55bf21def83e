"""Claims and legal terms as the reader sees them: statement of claim, ceilings, what the law is known to say."""

from __future__ import annotations

from datetime import date, datetime
from html import escape
from typing import Any

import pandas as pd

from cmtools import language as words
from cmtools.claims import StatementOfClaim
from cmtools.display import Html, is_blank, records, table
from cmtools.frames import in_pandas
from cmtools.language import label, message
from cmtools.legal import confirmation_in_words, late_rate_periods
from cmtools.schemas import Ledger
from cmtools.settings import reference_rows

SUPPOSED = ("fec_terms", "fec_undated_lettering", "fec_fifo", "ledger_due_by_terms", "ledger_allocation_undated")
UNITS = {"rate": "rate", "points": "points", "times": "times", "EUR": "EUR", "days": "days", "years": "years"}


def legal_lines(known: pd.DataFrame, on: datetime | None = None, language: str | None = None) -> list[str]:
    """What is known of the law, a paragraph per value, for a terminal.

    Parameters
    ----------
    known : pandas.DataFrame
        As :func:`cmtools.legal.known` gives it.
    on : datetime, optional
        The day asked for; None: the latest known values.
    language : {"fr", "en"}, optional

    Returns
    -------
    list of str

    Examples
    --------
    >>> import cmtools as cm
    >>> lines = legal_lines(cm.legal.known("2026-06-30", "en"), cm.as_day("2026-06-30"), "en")
    >>> lines[2][:50]
    'ECB main refinancing rate: 2.40% (since 17/06/2026'
    """
    head = message("legal_on", language, date=words.day(on)) if on else message("legal_latest", language)
    lines, before = [head], ""
    for row in records(known):
        part = message(f"legal_part_{str(row['file']).removesuffix('.csv')}", language)
        lines += [part] if part != before else []
        before = part
        lines.append(_named(row, on, language))
        place = message("legal_from", language, reference=row["reference"], file=f"reference/{row['file']}")
        lines.append(f"  {place}")
        lines.append(f"  {message('legal_source', language, source=row['source'])}")
    return lines


def _named(row: dict[str, Any], on: datetime | None, language: str | None) -> str:
    """A value with its name; the names of ceilings and periods say theirs."""
    if is_blank(row["value"]):
        return f"{row['name']}{message('colon', language)}{_unknown(row, on, language)}"
    if row["unit"] in ("days", "years"):
        unsure = confirmation_in_words(row["confirmation"], language)
        return f"{row['name']} ({unsure})" if unsure else str(row["name"])
    return f"{row['name']}{message('colon', language)}{_known_value(row, language)}"


def _unknown(row: dict[str, Any], on: datetime | None, language: str | None) -> str:
    until, start = row["known_until"], row["start"]
    if not is_blank(until) and on is not None and pd.Timestamp(on) > until:
        file = f"reference/{row['file']}"
        return message("legal_not_known", language, date=words.day(on), until=words.day(until), file=file)
    if is_blank(start):
        return message("legal_not_yet", language, date=words.day(on))
    return message("legal_begins", language, date=words.day(on), start=words.day(start))


def _known_value(row: dict[str, Any], language: str | None) -> str:
    text = legal_amount(row["value"], row["unit"], language)
    said = []
    if not is_blank(row["start"]):
        said.append(message("legal_since", language, date=words.day(row["start"])))
    if not is_blank(row["end"]):
        said.append(message("legal_ends", language, date=words.day(row["end"])))
    if not is_blank(row["known_until"]):
        said.append(message("legal_until", language, date=words.day(row["known_until"])))
    unsure = confirmation_in_words(row["confirmation"], language)
    between = " ; " if words.resolve(language) == "fr" else "; "
    both = between.join(part for part in (", ".join(said), unsure) if part)
    return f"{text} ({both})" if both else text


def legal_amount(value: float, unit: str, language: str | None = None) -> str:
    """A legal value with its unit.

    Examples
    --------
    >>> legal_amount(0.1215, "rate", "en"), legal_amount(5.0, "years", "en").replace(words.HARD, " ")
    ('12.15%', '5 years')
    """
    if unit == "rate":
        return words.percent(value, 2, language)
    if unit == "EUR":
        return words.money(value, "EUR", language, decimals=0)
    n = 2 if value >= 2 else 1
    return message(f"legal_unit_{UNITS[unit]}", language, value=words.integer(value, language), n=n)


def ceiling_name(rule: Any, language: str | None = None) -> str:
    """A ceiling of ``reference/payment_ceilings.csv`` in words; a dash where no rule applies."""
    if is_blank(rule):
        return "–"
    rows = {row["key"]: row for row in reference_rows("payment_ceilings.csv")}
    return rows[rule][words.resolve(language)] if rule in rows else str(rule)


def compliance(found: pd.DataFrame, language: str | None = None) -> pd.DataFrame:
    """Compliance of terms with ceilings and statuses in words.

    Parameters
    ----------
    found : pandas.DataFrame
        As :func:`cmtools.terms_compliance` or :func:`cmtools.compliance_summary` gives it.
    language : {"fr", "en"}, optional

    Returns
    -------
    pandas.DataFrame
        The same rows and columns.

    Examples
    --------
    >>> compliance(pd.DataFrame({"ceiling": ["transport_30"], "status": ["over"]}), "en")["status"].tolist()
    ['over the ceiling']
    """
    words_of = {
        "ceiling": [ceiling_name(ceiling, language) for ceiling in found["ceiling"]],
        "status": [label(f"terms_{status}", language) for status in found["status"]],
    }
    if "reference" in found:
        words_of["reference"] = [article(reference) for reference in found["reference"]]
    return found.assign(**words_of)


def article(reference: Any) -> str:
    """An article on one line: no break after a space or a hyphen."""
    return "" if is_blank(reference) else str(reference).replace(" ", words.HARD).replace("-", "\u2011")


def segments(found: pd.DataFrame, *more: str) -> pd.DataFrame:
    """Segments of interest, with the columns that a statement shows.

    Parameters
    ----------
    found : pandas.DataFrame
        As :func:`cmtools.late_interest` gives it.
    *more : str
        Columns to show before them.

    Returns
    -------
    pandas.DataFrame
        `document`, `start`, `end`, `interest_days`, `yearly_rate`, `regime`, `base`, `interest`, `reason`.
    """
    told = found.rename(columns={"days": "interest_days", "rate": "yearly_rate"})
    columns = [
        *more,
        "document",
        "start",
        "end",
        "interest_days",
        "yearly_rate",
        "regime",
        "base",
        "interest",
        "reason",
    ]
    return told[columns]


def rates(as_of: str | date) -> pd.DataFrame:
    """Late-payment rates by half-year up to a date: default rate, public buyers', floor of contracts.

    Parameters
    ----------
    as_of : date or str

    Returns
    -------
    pandas.DataFrame
        `start`, `end`, `rate_business`, `rate_public`, `rate_floor`: fractions, NaN where not known.

    Examples
    --------
    >>> rates("2026-06-30").tail(1)[["rate_business", "rate_public", "rate_floor"]].values.tolist()
    [[0.1215, 0.1015, 0.0786]]
    """
    periods = late_rate_periods("business", as_of)
    public = late_rate_periods("public", as_of).set_index("start")["rate"]
    told = periods.assign(rate_public=periods["start"].map(public))
    told = told.rename(columns={"rate": "rate_business", "floor": "rate_floor"})
    return told[["start", "end", "rate_business", "rate_public", "rate_floor"]]


def assumptions(ledger: Ledger, claimed: pd.DataFrame, language: str | None = None) -> list[str]:
    """What the claims of a ledger rest on, a sentence each: dates supposed, buyers not told, then :func:`remarks`."""
    customers = in_pandas(ledger.customers).reindex(columns=["buyer"])
    untold = int(customers["buyer"].isna().sum())
    said = [message("claim_buyers_untold", language, count=words.integer(untold, language), n=untold)] if untold else []
    supposed = [message("claim_dates_supposed", language)] if _supposed(ledger) else []
    return supposed + said + remarks(claimed, language)


def _supposed(ledger: Ledger) -> bool:
    """Whether due dates or allocations were not in the source but worked out by the loader."""
    return any(defect.code in SUPPOSED for defect in ledger.report.defects)


def statement_of_claim(statement: StatementOfClaim, language: str | None = None) -> Html:
    """The statement of claim of one customer: totals, items, detail of the interest, what was assumed.

    Parameters
    ----------
    statement : StatementOfClaim
    language : {"fr", "en"}, optional

    Returns
    -------
    Html
        Text of the client's files is escaped.
    """
    title = message(
        "statement_title",
        language,
        name=statement.customer_name,
        customer=statement.customer_id,
        date=words.day(statement.as_of),
    )
    totals = statement.totals.assign(line=[label(f"claim_{line}", language) for line in statement.totals["line"]])
    totals = totals.rename(columns={"line": "claim_line", "amount": "claim_amount"})
    shown = ["document", "issue_date", "due_date", "currency", "amount", "principal", "days_late", "interest"]
    shown += ["indemnity", "limitation_date", "limitation_note"]
    tables = [
        ("statement_totals", totals, False),
        ("statement_items", limitation_marked(statement.items, language)[shown], True),
        ("statement_segments", segments(statement.segments), False),
        ("statement_credits", statement.on_account, True),
    ]
    parts = [f"<h4>{escape(title)}</h4>"]
    for key, frame, summed in tables:
        if len(frame):
            head = message(key, language)
            parts.append(f"<p><b>{escape(head)}</b></p>{table(frame, language, total=summed, name=head)}")
    parts += [f"<p>{escape(text)}</p>" for text in remarks(statement.items, language)]
    return Html("".join(parts))


def limitation_marked(items: pd.DataFrame, language: str | None = None) -> pd.DataFrame:
    """Claims with `limitation_note`: how far the period of limitation is confirmed; blank where it is."""
    notes = [confirmation_in_words(level, language) or None for level in items["confirmation"]]
    return items.assign(limitation_note=pd.Series(notes, index=items.index, dtype="object"))


def remarks(items: pd.DataFrame, language: str | None = None) -> list[str]:
    """What a reader must know before sending claims: frozen debts, disputes, unknown rates, unconfirmed facts."""
    said = []
    unknown, lost = items["reason"] == "rate_unknown", items.loc[items["written_off"] > 0, ["currency", "written_off"]]

    def counted(key: str, flag: pd.Series, **values: str) -> None:
        count = int(flag.sum())
        if count:
            said.append(message(key, language, count=count, n=count, **values))

    counted("claim_frozen", items["frozen_on"].notna() & (items["principal"] > 0))
    for currency, amount in lost.groupby("currency")["written_off"].sum().items():
        said.append(message("claim_written_off", language, amount=words.money(amount, str(currency), language)))
    counted("claim_disputed", items["disputed"].astype(bool))
    counted("claim_rate_unknown", unknown, date=words.day(items.loc[unknown, "unknown_from"].min()))
    counted("claim_no_due_date", items["reason"] == "no_due_date")
    counted("claim_receipt_supposed", items["receipt_supposed"].astype(bool))
    if (items["buyer"] == "consumer").any():
        said.append(message("claim_consumers", language))
    if (items["confirmation"] == "unconfirmed").any():
        said.append(message("claim_public_limitation", language))
    return said
