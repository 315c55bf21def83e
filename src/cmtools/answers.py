"""What a person answers, typed in a box or left in a cell, as a value; or one sentence that says how to write it.

Text is read as accountants write it, in French or in English: `1 234,56`, `1,234.56`, `12,5 %`, `(3)`,
`31 mars 2025`. What can be read two ways follows the language of the page, and the reading is shown.
"""

from __future__ import annotations

import ast
import re
import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from math import floor, log10
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cmtools.columns import MAX_AMOUNT, YEARS
from cmtools.files import plain
from cmtools.language import HARD, MONTHS, day, integer, message, number, resolve
from cmtools.schemas import shorten

KINDS = ("number", "money", "days", "integer", "rate", "date", "choice", "text")
MEASURED = KINDS[:5]
SMALLEST = 1e-9  # of what keeps a number from being whole
LONGEST = 200  # characters
LONGEST_TEXT = 4000  # of a text that is the answer itself


class Answer(NamedTuple):
    """An answer that was understood.

    Attributes
    ----------
    value : float, date or str
        A rate is a fraction; a choice is the key of its list.
    written : str
        As it was understood, in the reader's format.
    percent : bool
        A % sign was typed.
    """

    value: float | date | str
    written: str
    percent: bool = False


class AnswerError(ValueError):
    """The answer cannot be read: one sentence says what was found and how to write it.

    Examples
    --------
    >>> print(AnswerError("answer_bad_date", "en", value="tomorrow"))
    “tomorrow” is not a date. Write it as day/month/year, for example 31/03/2025.
    """

    def __init__(self, key: str, language: str | None = None, **values: Any):
        self.key, self.language, self.values = key, language, values
        super().__init__(key)

    def text(self, language: str | None = None) -> str:
        """The sentence."""
        return message(self.key, language or self.language, **self.values)

    def __str__(self) -> str:
        return self.text()


def read_answer(
    given: Any, kind: str, language: str | None = None, choices: Sequence[str] | Mapping[str, str] = ()
) -> Answer | None:
    """Read what a person answered.

    Parameters
    ----------
    given : object
        Text typed by a person, or a value of a cell: a number, a date, or the
        tuple that Python makes of `12,5`.
    kind : {"number", "money", "days", "integer", "rate", "date", "choice", "text"}
    language : {"fr", "en"}, optional
        Of the page: `1,234` is 1.234 in French, 1234 in English.
    choices : sequence of str, or mapping of str to str
        Keys of a "choice", or keys with the words that the reader sees.

    Returns
    -------
    Answer or None
        None: not answered (None, `...`, blank text).

    Raises
    ------
    AnswerError
        If it cannot be read. Text is never run as code.

    Notes
    -----
    A rate is a fraction. Text without a % sign is a percentage, since the box
    shows the sign: "12,5" is 0.125. A number of a cell is the fraction itself.
    Days come before months in both languages.

    Examples
    --------
    >>> read_answer("1 234,56 €", "money", "fr").value
    1234.56
    >>> read_answer("12.5%", "rate", "en")
    Answer(value=0.125, written='12.5%', percent=True)
    >>> read_answer("31 mars 2025", "date", "fr").value
    datetime.date(2025, 3, 31)
    """
    if kind not in KINDS:
        raise ValueError(f"kind: one of {KINDS} expected, found {kind!r}")
    language = resolve(language)
    if given is None or given is ...:
        return None
    if isinstance(given, str):
        text = given.strip() if kind == "text" else clean(given)
        if text in ("", "...", "…"):
            return None
        longest = LONGEST_TEXT if kind == "text" else LONGEST
        if len(text) > longest:
            raise AnswerError("answer_too_long", language, count=integer(len(text), language), most=longest)
        return _of_text(text, kind, language, choices)
    return _of_value(given, kind, language, choices)


def clean(text: str) -> str:
    """Text with plain single spaces; what has no width (marks of a copy and paste) is gone."""
    kinds = {character: unicodedata.category(character) for character in set(text)}
    shown = "".join(" " if kinds[one] in ("Zs", "Zl", "Zp", "Cc") else one for one in text if kinds[one] != "Cf")
    return " ".join(shown.split())


# ---------------------------------------------------------------- text


def _of_text(text: str, kind: str, language: str, choices: Any) -> Answer:
    if kind == "text":
        return Answer(text, text)
    if kind == "date":
        return _date(_day_of(text, language), language)
    if kind == "choice":
        return _choice(text, language, choices)
    return _number_of_text(text, kind, language)


_SHARE = r"%|pour ?cent|per ?cent"
_UNITS = {
    "number": _SHARE,
    "rate": _SHARE,
    "money": r"€|eur|euros?",
    "days": r"jours?|jrs?\.?|j\.?|days?|d\.?",
    "integer": r"(?!)",
}
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_FORMULA = re.compile(r"[0-9)%€] ?[-+*/×÷:^] ?[(0-9]|\bsomme\b|\bsum\b", re.IGNORECASE)
_MULTIPLES = {"k|milliers?|thousands?": 10**3, "m|millions?": 10**6, "mds?|milliards?|bn|billions?": 10**9}


def _number_of_text(text: str, kind: str, language: str) -> Answer:
    bare, negative, share = _without_signs(text.removeprefix("=").strip(), kind)
    found = parse_number(bare, language)
    if found is None:
        raise _unreadable(text, kind, language)
    value = -found if negative and found else found
    if _too_large(value):
        raise AnswerError("answer_too_large", language)
    if kind == "rate" or share:
        value = float(Decimal(repr(value)) / 100)
    answer = _number(value, kind, language, percent=share)
    return answer._replace(written=answer.written + _reading(bare, language))


def typed(text: str, language: str | None = None) -> float | str | None:
    """What a person means who types this as a value in code, where code would mean something else.

    Parameters
    ----------
    text : str
        What stands after `answer =`.
    language : {"fr", "en"}, optional

    Returns
    -------
    float, int, str or None
        A number written as people write it; the text itself for a date, a
        percentage, an amount or days with their unit; None: to be left as it is.

    Examples
    --------
    >>> typed("1 234,56"), typed("12,5 %"), typed("31/12/2025"), typed("3/4"), typed("12.5")
    (1234.56, '12,5 %', '31/12/2025', None, None)
    """
    language = resolve(language)
    text = clean(text)
    if len(text) > LONGEST:
        return None
    plain_code = _is_code(text)
    short = _DAY_FIRST.fullmatch(text)
    if parse_day(text) and not (plain_code and short and len(short[4]) == 2):  # 30-10-15 may be a difference
        return text
    if text.startswith("(") or (plain_code and not re.search(r"[0-9],[0-9]|[0-9] ?j$", text)):
        return None
    bare, negative, _ = _without_signs(text, "integer")
    if (value := parse_number(bare, language)) is not None:
        if _too_large(value):
            return text
        value = int(value) if value.is_integer() and _decimal_sign(bare, language) not in bare else value
        return -value if negative else value
    return text if _has_unit(text, language) else None


def _is_code(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text, mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def _has_unit(text: str, language: str) -> bool:
    parts = [_without_signs(text, kind) for kind in ("number", "money", "days")]
    return bool(_in_full(text, language)) or any(parse_number(bare, language) is not None for bare, _, _ in parts)


def parse_number(text: str, language: str | None = None) -> float | None:
    """Number without sign or unit, as a person writes it; None where the text is not one.

    Examples
    --------
    >>> parse_number("1 234,56"), parse_number("1,234.56"), parse_number("12 34")
    (1234.56, 1234.56, None)
    >>> parse_number("1,234", "fr"), parse_number("1,234", "en")
    (1.234, 1234.0)
    """
    decimal = _decimal_sign(text, language)
    other = "." if decimal == "," else ","
    grouped = rf"[0-9]{{1,3}}(?:[ '’][0-9]{{3}})+|[0-9]{{1,3}}(?:\{other}[0-9]{{3}})+"
    if not re.fullmatch(rf"(?:[0-9]+|{grouped})(?:\{decimal}[0-9]*)?|\{decimal}[0-9]+", text):
        return None
    return float(re.sub(rf"[ '’\{other}]", "", text).replace(",", "."))


def _decimal_sign(text: str, language: str | None) -> str:
    """The last of two signs; not one that is repeated; alone, either, save a comma before thousands in English."""
    commas, points = text.count(","), text.count(".")
    if commas and points:
        return "," if text.rindex(",") > text.rindex(".") else "."
    if commas > 1 or (commas and _THOUSANDS.fullmatch(text) and resolve(language) == "en"):
        return "."
    return "," if commas or points > 1 else "."


def _reading(text: str, language: str) -> str:
    """How a number that could be read two ways was read."""
    if not _THOUSANDS.fullmatch(text):
        return ""
    sign = "," if "," in text else "."
    word = "answer_sign_decimal" if sign == _decimal_sign(text, language) else "answer_sign_thousands"
    return f" ({message(word, language, sign=sign)})"


def _without_signs(text: str, kind: str) -> tuple[str, bool, bool]:
    """Number alone, whether a sign or brackets make it negative, whether a % sign was there."""
    text, unit = _without_unit(text, kind)
    negative = False
    if text.startswith("(") and text.endswith(")"):
        text, negative = text[1:-1].strip(), True
    elif sign := re.match(r"[-−–+] ?", text):
        text, negative = text[sign.end() :], text[0] != "+"
    elif re.search(r"[0-9] ?[-−]$", text):
        text, negative = text[:-1].strip(), True
    if not unit:
        text, unit = _without_unit(text, kind)
    return text, negative, unit and kind in ("number", "rate")


def _without_unit(text: str, kind: str) -> tuple[str, bool]:
    """Text without its unit, and whether it had one."""
    if kind == "money" and (ahead := re.match(r"(?:€|eur\b) ?", text, re.IGNORECASE)):
        return text[ahead.end() :], True
    found = re.search(rf"(?<=[0-9.,)\-−]) ?(?:{_UNITS[kind]})$", text, re.IGNORECASE)
    return (text[: found.start()], True) if found else (text, False)


def _unreadable(text: str, kind: str, language: str) -> AnswerError:
    """What is wrong with a number, by its usual causes."""
    if whole := _in_full(text, language):
        return AnswerError("answer_multiple", language, value=shorten(text), whole=whole)
    if _FORMULA.search(text) and not (_DAY_FIRST.fullmatch(text) or _YEAR_FIRST.fullmatch(text)):
        return AnswerError("answer_formula", language, value=shorten(text))
    return AnswerError(f"answer_bad_{kind}", language, value=shorten(text))


def _in_full(text: str, language: str) -> str:
    """`1,5 M€` written in full; blank where the text is nothing of the kind."""
    for words, factor in _MULTIPLES.items():
        found = re.fullmatch(rf"(.+?) ?(?:{words})(?: ?(?:d['’])?(?:€|eur|euros?))?", text, re.IGNORECASE)
        bare, negative, _ = _without_signs(found[1], "integer") if found else ("", False, False)
        if (value := parse_number(bare, language)) is not None:
            return _written(-value * factor if negative else value * factor, language)
    return ""


def _number(value: float, kind: str, language: str, percent: bool = False) -> Answer:
    """An answer that is a number, whatever it was typed as."""
    if kind == "integer":
        if abs(value - round(value)) > SMALLEST:
            raise AnswerError("answer_not_whole", language, value=_written(value, language))
        value = float(round(value))
    if kind == "rate" or percent:
        sign = f"{HARD}%" if language == "fr" else "%"
        return Answer(value, _written(100 * value, language) + sign, percent)
    if kind == "days":
        several = abs(value) >= 2 or (language == "en" and abs(value) != 1)
        return Answer(value, _written(value, language) + HARD + message("answer_days", language, n=1 + several))
    return Answer(value, _written(value, language, cents=kind == "money"))


def _written(value: float, language: str, cents: bool = False) -> str:
    """Number with the decimals that it needs: six, more where it is small, two or none for an amount in cents."""
    most = 6 if abs(value) >= 0.001 or not value else min(3 - floor(log10(abs(value))), 15)
    decimals = len(f"{value:.{most}f}".rstrip("0").partition(".")[2])
    return number(value, max(decimals, 2) if cents and decimals else decimals, language)


def _choice(text: str, language: str, choices: Any) -> Answer:
    shown = dict(choices) if isinstance(choices, Mapping) else {one: one for one in choices}
    wanted = plain(text)
    for place, (key, words) in enumerate(shown.items(), start=1):
        if wanted and wanted in (plain(str(key)), plain(str(words)), str(place)):
            return Answer(key, str(words))
    listed = (" ; " if language == "fr" else "; ").join(map(str, shown.values()))
    raise AnswerError("answer_bad_choice", language, value=shorten(text), choices=listed)


# ---------------------------------------------------------------- dates

_DAY_FIRST = re.compile(r"([0-9]{1,2})(?P<s>[-/. ])([0-9]{1,2})(?P=s)([0-9]{4}|[0-9]{2})")
_YEAR_FIRST = re.compile(r"([0-9]{4})(?P<s>[-/. ])([0-9]{1,2})(?P=s)([0-9]{1,2})")
_IN_WORDS = re.compile(
    r"(?:\w+\.? )?(?:le |the )?([0-9]{1,2})(?:er|st|nd|rd|th)?[ -](?:of )?([^\W\d]+)\.?,?[ -]([0-9]{4})"
)
_MONTH_AHEAD = re.compile(r"([^\W\d]+)\.? ([0-9]{1,2})(?:st|nd|rd|th)?,? ([0-9]{4})")


def parse_day(text: str) -> date | None:
    """Day as a person writes it, day before month; None where the text is not one.

    Examples
    --------
    >>> parse_day("31/03/2025"), parse_day("1er avril 2025")
    (datetime.date(2025, 3, 31), datetime.date(2025, 4, 1))
    """
    parts: tuple[str, str, str] | None = None
    if found := _DAY_FIRST.fullmatch(text):
        parts = found[4], found[3], found[1]
    elif found := _YEAR_FIRST.fullmatch(text):
        parts = found[1], found[3], found[4]
    elif found := _IN_WORDS.fullmatch(text):
        parts = found[3], _month(found[2]), found[1]
    elif found := _MONTH_AHEAD.fullmatch(text):
        parts = found[3], _month(found[1]), found[2]
    if parts is None:
        return None
    year, month, number_of_day = map(int, parts)
    if len(parts[0]) == 2:
        year += 1900 if year >= YEARS[0] % 100 else 2000
    try:
        return date(year, month, number_of_day) if YEARS[0] <= year <= YEARS[1] else None
    except ValueError:
        return None


def _month(word: str) -> str:
    """Number of a month from its name, or the first letters of it; 0 where it is none, or could be two."""
    wanted = plain(word)
    found = set()
    for place in range(12):
        names = [message(f"month_{place + 1}", language) for language in ("fr", "en")]
        names += [MONTHS[language][place] for language in ("fr", "en")]
        if len(wanted) >= 3 and any(plain(name).startswith(wanted) for name in names):
            found.add(place + 1)
    return str(found.pop()) if len(found) == 1 else "0"


def _day_of(text: str, language: str) -> date:
    found = parse_day(text)
    if found is None:
        american = _DAY_FIRST.fullmatch(text)
        key = "answer_month_first" if american and int(american[3]) > 12 >= int(american[1]) else "answer_bad_date"
        raise AnswerError(key, language, value=shorten(text))
    return found


def _date(value: date, language: str) -> Answer:
    name = message(f"month_{value.month}", language)
    first = "1er" if value.day == 1 and language == "fr" else value.day
    return Answer(value, f"{first}{HARD}{name}{HARD}{value.year}")


# ---------------------------------------------------------------- values of a cell


def _of_value(given: Any, kind: str, language: str, choices: Any) -> Answer:
    if isinstance(given, np.ndarray) and given.ndim == 0:
        given = given[()]
    if isinstance(given, np.datetime64):
        given = given.astype("datetime64[us]").item()
    if isinstance(given, bool | np.bool_):
        raise AnswerError("answer_yes_no", language)
    if given is None or given is pd.NA or (isinstance(given, date | Real | Decimal) and given != given):  # nan, NaT
        raise AnswerError("answer_not_known", language)
    if type(given) is tuple and kind in MEASURED:
        return _of_tuple(given, kind, language)
    if not isinstance(given, date | Real | Decimal):
        raise _no_value(given, language)
    if not isinstance(given, date) and _too_large(given):
        raise AnswerError("answer_too_large", language)
    if kind in ("choice", "text"):
        return _of_text(str(given), kind, language, choices)
    if kind == "date" or isinstance(given, date):
        return _of_day(given, kind, language)
    return _number(float(given), kind, language)


def _too_large(given: Any) -> bool:
    return bool(abs(given) >= MAX_AMOUNT)


def _of_tuple(given: tuple[Any, ...], kind: str, language: str) -> Answer:
    """`12,5` and `1,234.56`, which Python takes for several numbers: read as they were typed."""
    typed = all(isinstance(part, int | float) and not isinstance(part, bool) for part in given)
    text = ",".join(map(str, given)) if typed else ""
    digits = text.removeprefix("-")
    value = parse_number(digits, language)
    if value is None:
        raise AnswerError("answer_several", language)
    answer = _number(-value if text != digits else value, kind, language)
    return answer._replace(written=answer.written + _reading(digits, language))


def _of_day(given: Any, kind: str, language: str) -> Answer:
    if kind != "date" or not isinstance(given, date):
        raise AnswerError(f"answer_bad_{kind}", language, value=day(given) if isinstance(given, date) else str(given))
    return _date(given.date() if isinstance(given, datetime) else given, language)


def _no_value(given: Any, language: str) -> AnswerError:
    """What to do about a table, a function or a result of several figures."""
    if callable(given):
        return AnswerError("answer_function", language, value=shorten(getattr(given, "__name__", type(given).__name__)))
    names = getattr(given, "_fields", ()) or ([one.name for one in fields(given)] if is_dataclass(given) else [])
    if names:
        return AnswerError("answer_fields", language, names=", ".join(names), first=names[0])
    return AnswerError("answer_several", language)
