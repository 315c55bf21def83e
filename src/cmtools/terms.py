"""Payment terms: from the date of an invoice and its terms to its due date."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cmtools.schemas import Defect, InputError

READINGS = ("days_then_month_end", "month_end_then_days")
LONGEST = 1000  # days; beyond it is a typing error, not a payment term

_DAYS = r"(?:j|jrs?|jours?|d|days?)?\.?"
_NET = r"(?:nets?|(?:apres |de |a )?(?:la )?(?:date )?(?:de |d')?(?:la )?factur(?:e|ation)|after invoice(?: date)?)?"
_NUMBER = re.compile(rf"(?:net |a )?(\d{{1,4}})(?:[.,]0+)? ?{_DAYS} ?{_NET}")
_MONTH_END = re.compile(rf"(?:a )?(?:(\d{{1,4}})(?:[.,]0+)? ?{_DAYS} ?)?(?:fin de mois|fdm|end of month|eom)")
_AT_ONCE = re.compile(
    r"(?:(?:paiement |payable )?(?:au )?comptant|(?:a )?reception(?: de (?:la )?facture)?|immediat"
    r"|cash|(?:due )?(?:up)?on receipt|immediate)"
)


class Term(NamedTuple):
    """Days granted, and whether the end of a month comes in."""

    days: int
    month_end: bool


def parse_terms(terms: Any) -> Term:
    """Read payment terms as companies write them.

    Parameters
    ----------
    terms : int or str
        Days, or a text in French or English: "30 jours", "45 jours FDM", "comptant".

    Returns
    -------
    Term

    Raises
    ------
    InputError
        If the text is not understood; terms are never guessed.

    Examples
    --------
    >>> parse_terms("45 jours fin de mois")
    Term(days=45, month_end=True)
    """
    if isinstance(terms, (int, float, np.integer)) and not isinstance(terms, bool) and float(terms).is_integer():
        term = Term(int(terms), False)
    else:
        text = unicodedata.normalize("NFKD", str(terms)).replace("’", "'").casefold()
        text = " ".join("".join(letter for letter in text if not unicodedata.combining(letter)).split())
        if _AT_ONCE.fullmatch(text):
            term = Term(0, False)
        elif found := _NUMBER.fullmatch(text):
            term = Term(int(found[1]), False)
        elif found := _MONTH_END.fullmatch(text):
            term = Term(int(found[1] or 0), True)
        else:
            term = Term(-1, False)
    if isinstance(terms, bool) or not 0 <= term.days <= LONGEST:
        raise InputError([Defect("bad_terms", value=str(terms))])
    return term


def due_date(issue_date: Any, terms: Any, reading: str = "days_then_month_end") -> Any:
    """Day by which an invoice must be paid.

    Parameters
    ----------
    issue_date : date, datetime or pandas Series of datetimes
        Date of the invoice; a null stays null.
    terms : int, str, or (with a Series) a Series of them on the same index
        Days, or a text: "30 jours", "30 days", "45 jours fin de mois", "comptant" (0).
    reading : {"days_then_month_end", "month_end_then_days"}
        What "N jours fin de mois" means: N days, then the end of that month;
        or the end of the invoice's month, then N days. Other terms ignore it.

    Returns
    -------
    same kind as `issue_date`
        At midnight.

    Raises
    ------
    InputError
        If terms are not understood.

    Examples
    --------
    >>> from datetime import date
    >>> due_date(date(2025, 1, 15), "45 jours fin de mois")
    datetime.date(2025, 3, 31)
    >>> due_date(date(2025, 1, 15), "45 jours fin de mois", reading="month_end_then_days")
    datetime.date(2025, 3, 17)
    """
    if reading not in READINGS:
        raise ValueError(f"reading: one of {READINGS} expected, found {reading!r}")
    if isinstance(issue_date, pd.Series):
        return _due_dates(issue_date, terms, reading)
    if issue_date is None or issue_date is pd.NaT:
        return issue_date
    day = _shift(np.array([np.datetime64(issue_date, "D")]), parse_terms(terms), reading)[0].item()
    if isinstance(issue_date, pd.Timestamp):
        return pd.Timestamp(day)
    return datetime(day.year, day.month, day.day) if isinstance(issue_date, datetime) else day


def _due_dates(issue_dates: pd.Series, terms: Any, reading: str) -> pd.Series:
    days = issue_dates.to_numpy().astype("datetime64[D]")
    if isinstance(terms, pd.Series):
        result = np.full(len(days), "NaT", dtype="datetime64[D]")
        codes, texts = pd.factorize(terms.reindex(issue_dates.index).astype(object))
        for code, text in enumerate(texts):
            result[codes == code] = _shift(days[codes == code], parse_terms(text), reading)
    else:
        result = _shift(days, parse_terms(terms), reading)
    return pd.Series(result, index=issue_dates.index, name="due_date").astype(issue_dates.dtype)


def _shift(days: np.ndarray, term: Term, reading: str) -> np.ndarray:
    if not term.month_end:
        return days + term.days
    if reading == "days_then_month_end":
        return _month_end(days + term.days)
    return _month_end(days) + term.days


def _month_end(days: np.ndarray) -> np.ndarray:
    return (days.astype("datetime64[M]") + 1).astype("datetime64[D]") - 1
