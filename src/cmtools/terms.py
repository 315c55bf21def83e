"""Payment terms: from the date of an invoice and its terms to its due date."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cmtools.schemas import Defect, InputError

READINGS = ("days_then_month_end", "month_end_then_days")
PERIODS = ("decade", "half_month", "month")
LONGEST = 1000  # days; beyond it is a typing error, not a payment term

_DAYS = r"(?:j|jrs?|jours?|d|days?)?\.?"
_NET = r"(?:nets?|(?:apres |de |a )?(?:la )?(?:date )?(?:de |d')?(?:la )?factur(?:e|ation)|after invoice(?: date)?)?"
_NUMBER = re.compile(rf"(?:net |a )?(\d{{1,4}})(?:[.,]0+)? ?{_DAYS} ?{_NET}")
_ON_DAY = r"(?: (?:le|the|on the) (\d{1,2})(?:er|st|nd|rd|th)?)?"
_MONTH_END = re.compile(
    rf"(?:a )?(?:(\d{{1,4}})(?:[.,]0+)? ?{_DAYS} ?)?(?:fin de mois|fdm|end of (?:the )?month|eom){_ON_DAY}"
)
_DECADE_END = re.compile(
    rf"(?:a )?(?:(\d{{1,4}})(?:[.,]0+)? ?{_DAYS} ?)?(?:fin de decade|end of (?:the )?ten-day period)"
)
_NEXT_MONTH = re.compile(
    r"(?:le |the |on the )?(\d{1,2})(?:er|st|nd|rd|th)? (?:du mois suivant|of (?:the )?next month)"
)
_AT_ONCE = re.compile(
    r"(?:(?:paiement |payable )?(?:au )?comptant|(?:a )?reception(?: de (?:la )?facture)?|immediat"
    r"|(?:a )?la commande|cash|(?:due )?(?:up)?on receipt|immediate|with order)"
)
_SHARE = re.compile(r"(\d{1,3}(?:[.,]\d+)?) ?% ?(?:a |au |in |at )?(.+)")
_BREAKS = re.compile(r"\s*(?:;|\+|, |/| et | puis | and | then )\s*")
_STEP = r"\d{1,4}(?: ?(?:jours?|jrs?|j|days?|d)\b)?"
_LADDER = re.compile(rf"(?:a )?({_STEP}(?: ?/ ?{_STEP})+)(.*)")


class Term(NamedTuple):
    """What payment terms grant.

    Attributes
    ----------
    days : int
    month_end : bool
        The end of a month comes in, before or after the days: see the reading of :func:`due_date`.
    on_day : int or None
        Then the first such day of a month ("le 15").
    decade_end : bool
        The days run from the end of the invoice's ten-day period (1-10, 11-20, 21 to the end).
    """

    days: int
    month_end: bool
    on_day: int | None = None
    decade_end: bool = False


def parse_terms(terms: Any) -> Term:
    """Read payment terms as companies write them.

    Parameters
    ----------
    terms : int or str
        Days, or a text in French or English: "30 jours", "45 jours FDM", "fin de mois le 15",
        "le 10 du mois suivant", "30 jours fin de décade", "comptant".

    Returns
    -------
    Term

    Raises
    ------
    InputError
        If the text is not understood; terms are never guessed. Several due
        dates are read by :func:`parse_instalments`.

    Examples
    --------
    >>> parse_terms("45 jours fin de mois")
    Term(days=45, month_end=True, on_day=None, decade_end=False)
    """
    if isinstance(terms, (int, float, np.integer)) and not isinstance(terms, bool) and float(terms).is_integer():
        term = Term(int(terms), False)
    else:
        term = _read(_plain(terms)) or Term(-1, False)
    wrong = isinstance(terms, bool) or not 0 <= term.days <= LONGEST
    if wrong or not (term.on_day is None or 1 <= term.on_day <= 31):
        raise InputError([Defect("bad_terms", value=str(terms))])
    return term


def _plain(terms: Any) -> str:
    """Text without accents, capitals or double spaces."""
    text = unicodedata.normalize("NFKD", str(terms)).replace("’", "'").casefold()
    return " ".join("".join(letter for letter in text if not unicodedata.combining(letter)).split())


def _read(text: str) -> Term | None:
    if _AT_ONCE.fullmatch(text):
        return Term(0, False)
    if found := _NUMBER.fullmatch(text):
        return Term(int(found[1]), False)
    if found := _MONTH_END.fullmatch(text):
        return Term(int(found[1] or 0), True, int(found[2]) if found[2] else None)
    if found := _DECADE_END.fullmatch(text):
        return Term(int(found[1] or 0), False, None, True)
    if found := _NEXT_MONTH.fullmatch(text):
        return Term(0, True, int(found[1]))
    return None


def parse_instalments(terms: Any) -> list[tuple[float, Term]]:
    """Read terms with one or several due dates.

    Parameters
    ----------
    terms : int or str
        Any terms that :func:`parse_terms` reads (one instalment), "30/60/90 jours" (equal shares), or
        shares: "30 % comptant, 70 % à 45 jours fin de mois".

    Returns
    -------
    list of (float, Term)
        Share of the amount (fractions that add up to 1) and its terms.

    Raises
    ------
    InputError
        If the text is not understood, or the shares do not make 100 %.

    Examples
    --------
    >>> [(share, term.days) for share, term in parse_instalments("30 % à la commande, 70 % à 60 jours")]
    [(0.3, 0), (0.7, 60)]
    >>> [term.days for _, term in parse_instalments("30/60/90 jours")]
    [30, 60, 90]
    """
    try:
        return [(1.0, parse_terms(terms))]
    except InputError as error:
        text = _plain(terms)
        ladder = _LADDER.fullmatch(text)
        if ladder:
            steps = [re.sub(r"\D", "", step) + ladder[2] for step in ladder[1].split("/")]
            return [(1 / len(steps), parse_terms(step)) for step in steps]
        parts = [_SHARE.fullmatch(part) for part in _BREAKS.split(text)]
        if not all(parts):
            raise error
        found = [(float(part[1].replace(",", ".")) / 100, parse_terms(part[2])) for part in parts if part]
        if abs(sum(share for share, _ in found) - 1) > 1e-9:
            raise InputError([Defect("bad_shares", value=str(terms))]) from None
        return found


def instalments(issue_date: Any, amount: Any, terms: Any, reading: str = "days_then_month_end") -> pd.DataFrame:
    """Due dates and amounts of invoices that are paid in several times.

    Parameters
    ----------
    issue_date : date, or pandas Series of datetimes
    amount : float, or pandas Series on the same index
        Incl. VAT.
    terms : int or str
        See :func:`parse_instalments`.
    reading : {"days_then_month_end", "month_end_then_days"}
        See :func:`due_date`.

    Returns
    -------
    pandas.DataFrame, one row per instalment, on the index of `issue_date`
        `instalment` (1, 2, …), `due_date`, `amount`: whole cents; the last one takes what rounding
        left, so that they add up to the invoice.

    Raises
    ------
    InputError
        If the terms are not understood.

    Examples
    --------
    >>> from datetime import date
    >>> instalments(date(2026, 1, 31), 1000.0, "30/60/90 jours")["amount"].tolist()
    [333.33, 333.33, 333.34]
    """
    steps = parse_instalments(terms)
    issued = issue_date if isinstance(issue_date, pd.Series) else pd.Series(pd.to_datetime([issue_date]))
    cents = (pd.Series(amount, index=issued.index, dtype="float64") * 100).round()
    rows, left = [], cents.copy()
    for number, (share, term) in enumerate(steps, start=1):
        part = left if number == len(steps) else (cents * share).round()
        left = left - part
        due = pd.Series(_shift(_days_of(issued), term, reading), index=issued.index).astype("datetime64[us]")
        rows.append(pd.DataFrame({"instalment": number, "due_date": due, "amount": part / 100}))
    return pd.concat(rows).sort_index(kind="stable")


def summary_date(delivery_date: Any, period: str = "month") -> Any:
    """Date of the periodic summary invoice that takes in a delivery: the last day of its period.

    Parameters
    ----------
    delivery_date : date, datetime or pandas Series of datetimes
    period : {"decade", "half_month", "month"}
        Ten days (1-10, 11-20, 21 to the end), half a month (1-15, 16 to the end), or a month.

    Returns
    -------
    same kind as `delivery_date`

    Notes
    -----
    CGI art. 289, I, 3; its payment is due 45 days after its date at the latest (C. com. L441-10, I).

    Examples
    --------
    >>> from datetime import date
    >>> due_date(summary_date(date(2026, 3, 4), "decade"), "45 jours")
    datetime.date(2026, 4, 24)
    """
    if period not in PERIODS:
        raise ValueError(f"period: one of {PERIODS} expected, found {period!r}")
    if isinstance(delivery_date, pd.Series):
        found = _period_end(_days_of(delivery_date), period)
        return pd.Series(found, index=delivery_date.index, name="summary_date").astype(delivery_date.dtype)
    if delivery_date is None or delivery_date is pd.NaT:
        return delivery_date
    _check_day(delivery_date)
    return _like(delivery_date, _period_end(np.array([np.datetime64(delivery_date, "D")]), period)[0].item())


def due_date(issue_date: Any, terms: Any, reading: str = "days_then_month_end") -> Any:
    """Day by which an invoice must be paid.

    Parameters
    ----------
    issue_date : date, datetime or pandas Series of datetimes
        Date of the invoice; a null stays null.
    terms : int, str, or (with a Series) a Series of them on the same index
        Days, or a text: "30 jours", "30 days", "45 jours fin de mois", "fin de mois le 15",
        "comptant" (0); see :func:`parse_terms`.
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
        If terms are not understood, all such terms at once.

    Notes
    -----
    The invoice's day is day 0; days are calendar days, and a due date on a Sunday or a holiday does
    not move. "le 15" is the first 15th after the day so reached (a 31st in a shorter month: its last
    day). Rule DUE.

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
    _check_day(issue_date)
    day = _shift(np.array([np.datetime64(issue_date, "D")]), parse_terms(terms), reading)[0].item()
    return _like(issue_date, day)


def _check_day(given: Any) -> None:
    """Refuse what is no date: a number would be read as days since 1970."""
    if not isinstance(given, date | np.datetime64):
        details = {"expected": "date(2026, 6, 30)"}
        raise InputError([Defect("bad_date", "fatal", column="issue_date", value=str(given), details=details)])


def _like(given: Any, day: Any) -> Any:
    """A day of the kind that was given."""
    if isinstance(given, pd.Timestamp):
        return pd.Timestamp(day)
    return datetime(day.year, day.month, day.day) if isinstance(given, datetime) else day


def _days_of(dates: pd.Series) -> np.ndarray:
    return dates.to_numpy().astype("datetime64[D]")


def _due_dates(issue_dates: pd.Series, terms: Any, reading: str) -> pd.Series:
    days = _days_of(issue_dates)
    if isinstance(terms, pd.Series):
        result = np.full(len(days), "NaT", dtype="datetime64[D]")
        codes, texts = pd.factorize(terms.reindex(issue_dates.index).astype(object))
        for code, term in enumerate(_all_terms(texts)):
            result[codes == code] = _shift(days[codes == code], term, reading)
    else:
        result = _shift(days, parse_terms(terms), reading)
    return pd.Series(result, index=issue_dates.index, name="due_date").astype(issue_dates.dtype)


def _all_terms(texts: Iterable[Any]) -> list[Term]:
    """Every text read, or every text that cannot be."""
    found, defects = [], []
    for text in texts:
        try:
            found.append(parse_terms(text))
        except InputError as error:
            defects += error.defects
    if defects:
        raise InputError(defects)
    return found


def _shift(days: np.ndarray, term: Term, reading: str) -> np.ndarray:
    if term.decade_end:
        reached = _period_end(days, "decade") + term.days
    elif not term.month_end:
        reached = days + term.days
    elif reading == "days_then_month_end":
        reached = _period_end(days + term.days, "month")
    else:
        reached = _period_end(days, "month") + term.days
    return reached if term.on_day is None else _next_day(reached, term.on_day)


def _period_end(days: np.ndarray, period: str) -> np.ndarray:
    month = days.astype("datetime64[M]")
    end = (month + 1).astype("datetime64[D]") - 1
    if period == "month":
        return end
    for last in (20, 10) if period == "decade" else (15,):
        bound = month.astype("datetime64[D]") + (last - 1)
        end = np.where(days <= bound, bound, end)
    return end


def _next_day(days: np.ndarray, on_day: int) -> np.ndarray:
    """First such day of a month after each day."""
    month = days.astype("datetime64[M]")
    here, after = (
        np.minimum(start.astype("datetime64[D]") + (on_day - 1), _period_end(start.astype("datetime64[D]"), "month"))
        for start in (month, month + 1)
    )
    return np.where(here > days, here, after)
