"""Legal values on a date, each with its article, its source and how well it is confirmed.

Rates, amounts, ceilings and periods are dated rows of ``reference/`` (`ecb_rates`, `legal_rates`,
`legal_values`, `payment_ceilings`, `limitation_periods`). Outside the dates they hold nothing is
guessed: :class:`LegalUnknownError` names the file to extend.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from typing import NamedTuple

import pandas as pd

from cmtools.frames import choice
from cmtools.language import day, label, message, resolve
from cmtools.schemas import BUYERS, Defect, InputError, as_day
from cmtools.settings import reference_rows

PUBLIC = ("public", "public_health", "public_undertaking")
CREDITORS = ("business", "consumer")
FROZEN_BY_HALF_YEAR = datetime(2013, 1, 1)  # before, each move of the ECB changed the rate (law of 22 March 2012)
CONFIRMATIONS = ("confirmed", "day_unconfirmed", "old_text", "unconfirmed")


class LegalValue(NamedTuple):
    """What the law says on a date.

    Attributes
    ----------
    value : float
        A rate is a fraction, an amount is in euros, a period in days or years.
    unit : str
        rate, points, times, EUR, days, years.
    start, end : datetime or None
        First and last day of this value; None: no end known.
    reference : str
        Article.
    confirmation : str
        confirmed; day_unconfirmed (the first day is inferred); old_text (read in an older text
        of the article); unconfirmed (no source read states it).
    source : str
    """

    value: float
    unit: str
    start: datetime | None
    end: datetime | None
    reference: str
    confirmation: str
    source: str


class LegalUnknownError(InputError):
    """No value is known on that date; says until when it is, and which file to extend."""


def _unknown(key: str, on: datetime, first: datetime | None, last: datetime | None, file: str) -> LegalUnknownError:
    details = {"line_name": key, "first": day(first), "last": day(last), "file": f"reference/{file}"}
    return LegalUnknownError([Defect("legal_unknown", "fatal", value=day(on), details=details)])


# ---------------------------------------------------------------- rates


def ecb_rate(on: str | date) -> LegalValue:
    """Main refinancing rate of the European Central Bank in force on a day.

    Parameters
    ----------
    on : date or str

    Returns
    -------
    LegalValue
        A fraction.

    Raises
    ------
    LegalUnknownError
        Before the first day of ``reference/ecb_rates.csv``, or after the last day for which later
        moves are known (``reference/legal_series.csv``).

    Examples
    --------
    >>> ecb_rate("2024-01-01").value
    0.045
    """
    at = as_day(on, "on")
    rows = _ecb_rows()
    last = _series()["ecb_rate"]
    found = [row for row in rows if row[0] <= at]
    if not found or at > last:
        raise _unknown("ecb_rate", at, rows[0][0], last, "ecb_rates.csv")
    begin, rate, confirmation, source = found[-1]
    after = next((row[0] for row in rows if row[0] > at), None)
    return LegalValue(rate, "rate", begin, _eve(after), "BCE", confirmation, source)


def legal_rate(on: str | date, creditor: str = "business") -> LegalValue:
    """Legal interest rate (taux de l'intérêt légal) on a day.

    Parameters
    ----------
    on : date or str
    creditor : {"business", "consumer"}
        Who is owed: a natural person acting outside business, or anyone else. One rate for both
        until the end of 2014.

    Returns
    -------
    LegalValue
        A fraction.

    Raises
    ------
    LegalUnknownError
        Outside ``reference/legal_rates.csv``.

    Notes
    -----
    C. mon. fin. L313-2 and D313-1-A: fixed by half-year since 2015, by year before.

    Examples
    --------
    >>> legal_rate("2026-06-30").value, legal_rate("2026-06-30", "consumer").value
    (0.0262, 0.0667)
    """
    at = as_day(on, "on")
    choice("creditor", creditor, CREDITORS)
    rows = _legal_rows()
    for begin, end, rates, confirmation, source in rows:
        if begin <= at <= end:
            return LegalValue(rates[creditor], "rate", begin, end, "CMF D313-1-A", confirmation, source)
    key = "legal_rate" if creditor == "business" else "legal_rate_consumer"
    raise _unknown(key, at, rows[0][0], rows[-1][1], "legal_rates.csv")


def late_rate_floor(on: str | date) -> LegalValue:
    """Lowest late-payment rate that a contract between businesses may set: three times the legal rate.

    Parameters
    ----------
    on : date or str

    Returns
    -------
    LegalValue
        A fraction. It binds stipulated rates; the default rate is ECB + 10 as written.

    Raises
    ------
    LegalUnknownError
        Where the legal rate or the multiple is not known.

    Examples
    --------
    In 2024 the floor was above the default rate:

    >>> round(late_rate_floor("2024-03-01").value, 4), default_late_rate("2024-03-01").value
    (0.1521, 0.145)
    """
    times, legal = fact("floor_multiple", on), legal_rate(on)
    value = round(times.value * legal.value, 6)
    return legal._replace(value=value, reference=times.reference, source=f"{times.source}; {legal.source}")


def default_late_rate(on: str | date, buyer: str = "business") -> LegalValue:
    """Late-payment rate that applies where a contract sets none.

    Parameters
    ----------
    on : date or str
        A day of lateness. For a public buyer, the first one: the rate of that half-year holds for
        the whole delay.
    buyer : {"business", "public", "public_health", "public_undertaking"}

    Returns
    -------
    LegalValue
        A fraction: ECB rate + 10 points, or + 8 for public buyers, as it stood on 1 January for the
        first half-year and on 1 July for the second; from 2009 to 2012 the ECB rate of the day.

    Raises
    ------
    LegalUnknownError
        Before 2009 (public buyers: 2013), or in a half-year whose first day's ECB rate is not known.
    InputError
        For a consumer: no default rate exists.

    Notes
    -----
    C. com. L441-10, II; Code de la commande publique, R2192-31.

    Examples
    --------
    >>> default_late_rate("2026-05-16").value, default_late_rate("2026-05-16", "public").value
    (0.1215, 0.1015)
    """
    at = as_day(on, "on")
    choice("buyer", buyer, tuple(name for name in BUYERS if name != "consumer"))
    points = fact("late_rate_points_public" if buyer in PUBLIC else "late_rate_points", at)
    by_half = at >= FROZEN_BY_HALF_YEAR
    try:
        base = ecb_rate(half_year(at)[0] if by_half else at)
    except LegalUnknownError:
        key = "default_late_rate" if buyer == "business" else "default_late_rate_public"
        raise _unknown(key, at, points.start, half_year(_series()["ecb_rate"])[1], "ecb_rates.csv") from None
    begin, end = half_year(at) if by_half else (base.start, base.end)
    if not by_half and end is not None:
        end = min(end, _eve(FROZEN_BY_HALF_YEAR) or end)
    sure = "confirmed" if by_half and base.confirmation == "day_unconfirmed" else base.confirmation
    value = round(base.value + points.value / 100, 6)
    return LegalValue(value, "rate", begin, end, points.reference, sure, f"{points.source}; {base.source}")


def late_rate_periods(buyer: str = "business", until: str | date | None = None) -> pd.DataFrame:
    """Every period of the default late rate that is known.

    Parameters
    ----------
    buyer : {"business", "public", "public_health", "public_undertaking"}
    until : date or str, optional
        Leave out the periods that begin later.

    Returns
    -------
    pandas.DataFrame, one row per period, oldest first
        `start`, `end` (both included), `ecb_rate`, `rate`, `floor` (three times the legal rate;
        NaN where the legal rate is unknown): fractions; `confirmation`. A period ends where either
        rate may change.

    Examples
    --------
    >>> late_rate_periods("business", "2026-12-31")["rate"].tolist()[-2:]
    [0.1215, 0.124]
    """
    choice("buyer", buyer, tuple(name for name in BUYERS if name != "consumer"))
    known_ones = _periods("public" if buyer in PUBLIC else "business")
    begun = known_ones["start"] <= (pd.Timestamp(as_day(until, "until")) if until is not None else pd.Timestamp.max)
    return known_ones[begun].reset_index(drop=True)


@cache
def _periods(buyer: str) -> pd.DataFrame:
    key = "late_rate_points_public" if buyer == "public" else "late_rate_points"
    at: datetime | None = fact(key, _series()["ecb_rate"]).start
    rows = []
    while at is not None:
        try:
            found = default_late_rate(at, buyer)
        except LegalUnknownError:
            break
        end = min(edge for edge in (found.end, _legal_end(at)) if edge)
        rows.append((at, end, ecb_rate(at).value, found.value, _floor_or_nan(at), found.confirmation))
        at = end + timedelta(days=1)
    columns = ["start", "end", "ecb_rate", "rate", "floor", "confirmation"]
    return pd.DataFrame(rows, columns=columns).astype({"start": "datetime64[us]", "end": "datetime64[us]"})


def _legal_end(at: datetime) -> datetime | None:
    try:
        return legal_rate(at).end
    except LegalUnknownError:
        return None


def _floor_or_nan(at: datetime) -> float:
    try:
        return late_rate_floor(at).value
    except LegalUnknownError:
        return float("nan")


def half_year(on: str | date) -> tuple[datetime, datetime]:
    """First and last day of the half-year of a day.

    Examples
    --------
    >>> [f"{edge:%d/%m/%Y}" for edge in half_year("2026-05-15")]
    ['01/01/2026', '30/06/2026']
    """
    at = as_day(on, "on")
    return (
        (datetime(at.year, 1, 1), datetime(at.year, 6, 30))
        if at.month < 7
        else (
            datetime(at.year, 7, 1),
            datetime(at.year, 12, 31),
        )
    )


# ---------------------------------------------------------------- amounts and other facts


def fact(key: str, on: str | date) -> LegalValue:
    """A value of ``reference/legal_values.csv`` on a day.

    Parameters
    ----------
    key : str
        recovery_indemnity, late_rate_points, floor_multiple, fine_terms_company…
    on : date or str

    Returns
    -------
    LegalValue

    Raises
    ------
    LegalUnknownError
        Before its first day.
    InputError
        If no such value exists.

    Examples
    --------
    >>> fact("fine_terms_company", "2026-06-30").value
    2000000.0
    """
    at = as_day(on, "on")
    rows = [row for row in reference_rows("legal_values.csv") if row["key"] == key]
    choice("key", key, tuple(dict.fromkeys(row["key"] for row in reference_rows("legal_values.csv"))))
    for row in rows:
        begin, end = as_day(row["start"]), as_day(row["end"]) if row["end"] else None
        if begin <= at and (end is None or at <= end):
            reference, sure, source = row["reference"], row["confirmation"], row["source"]
            return LegalValue(float(row["value"]), row["unit"], begin, end, reference, sure, source)
    raise _unknown(key, at, as_day(rows[0]["start"]), None, "legal_values.csv")


def recovery_indemnity(on: str | date) -> LegalValue:
    """Fixed indemnity for recovery costs, per late invoice (C. com. L441-10, II and D441-5).

    Parameters
    ----------
    on : date or str
        First day of lateness.

    Returns
    -------
    LegalValue
        Euros.

    Raises
    ------
    LegalUnknownError
        Before 2013: there was none.

    Examples
    --------
    >>> recovery_indemnity("2026-05-16").value
    40.0
    """
    return fact("recovery_indemnity", on)


def payment_ceilings() -> pd.DataFrame:
    """Longest payment terms that the law allows, by goods and buyer.

    Returns
    -------
    pandas.DataFrame, one row per rule
        `key`, `start` (blank: not known), `goods`, `buyer` (blank: a default rule, no ceiling), `periodic`
        (for summary invoices only, never for them, blank: both), `days`, `counted_from` (issue, delivery,
        receipt), `then` (month_end: the end of a month comes in, by either reading; decade_end_first,
        month_end_first: counted from the end of that period), `clause` (yes: only if the contract says
        so), `reference`, `confirmation`, `source`, `fr`, `en`.

    Examples
    --------
    >>> int(payment_ceilings().set_index("key").loc["transport_30", "days"])
    30
    """
    return pd.DataFrame(list(reference_rows("payment_ceilings.csv"))).astype({"days": "int64"})


def limitation_period(claim: str) -> LegalValue:
    """Years after which a claim can no longer be pursued (prescription).

    Parameters
    ----------
    claim : str
        business, consumer, transport, public, bill_acceptor, bill_endorser, judgment.

    Returns
    -------
    LegalValue
        Years; from which day they run: ``reference/limitation_periods.csv``.

    Examples
    --------
    >>> limitation_period("business").value, limitation_period("public").confirmation
    (5.0, 'unconfirmed')
    """
    rows = {row["key"]: row for row in reference_rows("limitation_periods.csv")}
    choice("claim", claim, tuple(rows))
    row = rows[claim]
    return LegalValue(float(row["years"]), "years", None, None, row["reference"], row["confirmation"], row["source"])


# ---------------------------------------------------------------- what is known


def known(on: str | date | None = None, language: str | None = None) -> pd.DataFrame:
    """What the package knows of the law: each value, since when, until when, from which source.

    Parameters
    ----------
    on : date or str, optional
        The values on that day; None: the latest known of each.
    language : {"fr", "en"}, optional

    Returns
    -------
    pandas.DataFrame, one row per value
        `key`, `name`, `value` (NaN: unknown on that day), `unit`, `start`, `end` (of this value; NaT: none
        known), `known_until` (of the series), `reference`, `confirmation`, `source`, `file` (where it
        stands).

    Examples
    --------
    >>> round(float(known("2026-06-30").set_index("key").loc["late_rate_floor", "value"]), 4)
    0.0786
    """
    tongue = resolve(language)
    at = None if on is None else as_day(on, "on")
    rows: list[tuple[object, ...]] = []
    for row in reference_rows("legal_series.csv"):
        last = _known_until(row["key"])
        try:
            found = _series_value(row["key"], last if at is None else at)
        except LegalUnknownError:
            found = _series_value(row["key"], last)._replace(value=float("nan"), start=None, end=None)
        rows.append(
            (
                row["key"],
                label(row["key"], tongue),
                found.value,
                "rate",
                found.start,
                found.end,
                last,
                *found[4:],
                row["file"],
            )
        )
    for row in reference_rows("legal_values.csv"):
        begin, value = as_day(row["start"]), float(row["value"])
        value = value if at is None or begin <= at else float("nan")
        rest = (row["reference"], row["confirmation"], row["source"], "legal_values.csv")
        rows.append((row["key"], label(row["key"], tongue), value, row["unit"], begin, None, None, *rest))
    for row in reference_rows("payment_ceilings.csv"):
        begun = as_day(row["start"]) if row["start"] else None
        value = float(row["days"]) if at is None or begun is None or begun <= at else float("nan")
        rest = (row["reference"], row["confirmation"], row["source"], "payment_ceilings.csv")
        rows.append((row["key"], row[tongue], value, "days", begun, None, None, *rest))
    for row in reference_rows("limitation_periods.csv"):
        rest = (row["reference"], row["confirmation"], row["source"], "limitation_periods.csv")
        rows.append((f"limitation_{row['key']}", row[tongue], float(row["years"]), "years", None, None, None, *rest))
    columns = [
        "key",
        "name",
        "value",
        "unit",
        "start",
        "end",
        "known_until",
        "reference",
        "confirmation",
        "source",
        "file",
    ]
    dates = dict.fromkeys(("start", "end", "known_until"), "datetime64[us]")
    return pd.DataFrame(rows, columns=columns).astype(dates)


def _known_until(key: str) -> datetime:
    if key == "ecb_rate":
        return _series()["ecb_rate"]
    if key.startswith("default_late_rate"):
        return half_year(_series()["ecb_rate"])[1]
    return _legal_rows()[-1][1]


def _series_value(key: str, at: datetime) -> LegalValue:
    if key == "ecb_rate":
        return ecb_rate(at)
    if key.startswith("default_late_rate"):
        return default_late_rate(at, "public" if key.endswith("public") else "business")
    return late_rate_floor(at) if key == "late_rate_floor" else legal_rate(at, _creditor(key))


def _creditor(key: str) -> str:
    return "consumer" if key.endswith("consumer") else "business"


def confirmation_in_words(confirmation: str, language: str | None = None) -> str:
    """How well a value is confirmed, in words; nothing for a confirmed one."""
    return "" if confirmation == "confirmed" else message(f"legal_{confirmation}", language)


@cache
def _ecb_rows() -> tuple[tuple[datetime, float, str, str], ...]:
    return tuple(
        (as_day(row["start"]), _fraction(row["rate_pct"]), row["confirmation"], row["source"])
        for row in reference_rows("ecb_rates.csv")
    )


@cache
def _legal_rows() -> tuple[tuple[datetime, datetime, dict[str, float], str, str], ...]:
    return tuple(
        (
            as_day(row["start"]),
            as_day(row["end"]),
            {creditor: _fraction(row[f"{creditor}_pct"]) for creditor in CREDITORS},
            row["confirmation"],
            row["source"],
        )
        for row in reference_rows("legal_rates.csv")
    )


@cache
def _series() -> dict[str, datetime]:
    rows = reference_rows("legal_series.csv")
    return {row["key"]: as_day(row["known_until"]) for row in rows if row["known_until"]}


def _fraction(percent: str) -> float:
    return round(float(percent) / 100, 6)


def _eve(at: datetime | None) -> datetime | None:
    return None if at is None else at - timedelta(days=1)
