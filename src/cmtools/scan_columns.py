"""Columns of a table too big to be read whole: from text to types, and what is wrong with them, counted by the engine.

The same Narwhals expressions run on DuckDB, Polars and Spark. A problem is one flag a row: the engine adds the
flags up, and only the rows of a flag that is not nil are looked for.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, NamedTuple

import narwhals as nw
import polars as pl

from cmtools.columns import MAX_AMOUNT, YEARS, Listing, translated
from cmtools.files import fatal
from cmtools.frames import DATE, collect
from cmtools.scan_sources import SCHEMAS, Source
from cmtools.schemas import (
    BUYERS,
    GOODS,
    INVOICE_KINDS,
    SETTLEMENT_KINDS,
    Column,
    LoadReport,
)

MOST_WORDS = 300  # different values of a column that is a choice
SPACES = " \t\r\n\u00a0\u202f"
_GAPS = "[ \u00a0\u202f\u2009'’]"
_TYPES: dict[str, Any] = {
    "text": nw.String,
    "date": DATE,
    "money": nw.Float64,
    "number": nw.Float64,
    "flag": nw.Boolean,
}
# Columns whose values come from a list, or are few: read once by distinct value. The list of values.csv, and the level
# of a value that it does not hold.
WORDS: dict[str, dict[str, tuple[str, str, str]]] = {
    "invoices": {
        "kind": ("kind", "ledger_unknown_kind", "warning"),
        "currency": ("currency", "ledger_bad_currency", "error"),
        "vat_rate": ("rate", "ledger_bad_rate", "error"),
        "vat_regime": ("vat_regime", "ledger_unknown_regime", "warning"),
        "retention": ("flag", "ledger_bad_flag", "error"),
        "periodic": ("flag", "ledger_bad_flag", "error"),
        "disputed": ("flag", "ledger_bad_flag", "error"),
        "goods": ("goods", "ledger_unknown_goods", "warning"),
    },
    "settlements": {
        "kind": ("settlement_kind", "ledger_unknown_kind", "warning"),
        "currency": ("currency", "ledger_bad_currency", "error"),
    },
}
_CHOICES: dict[tuple[str, str], tuple[str, ...]] = {
    ("invoices", "kind"): INVOICE_KINDS,
    ("invoices", "vat_regime"): ("standard", "reverse_charge", "export"),
    ("invoices", "goods"): GOODS,
    ("settlements", "kind"): SETTLEMENT_KINDS,
    ("customers", "buyer"): BUYERS,
}


class Problem(NamedTuple):
    """One thing that may be wrong with rows."""

    code: str
    column: str  # ours
    flag: nw.Expr
    level: str = "error"
    details: Mapping[str, Any] = {}  # a value that begins with "=" is that of a column of the row


@dataclass
class Reading:
    """How the text of one CSV reads, decided from all of it.

    Attributes
    ----------
    order : {"day", "month"}
        What comes first in 03/04/2025.
    decimals : dict of str to str
        Decimal sign by column.
    forms : dict of str to set of str
        Those of _FORMS that the dates of a column have.
    words : dict of str to dict
        What each text means, by column of WORDS; None: nothing known.
    """

    order: str = "day"
    decimals: dict[str, str] = field(default_factory=dict)
    forms: dict[str, set[str]] = field(default_factory=dict)
    words: dict[str, dict[str, Any]] = field(default_factory=dict)


def columns_of(table: str) -> list[Column]:
    """Columns of a table, with those that a CSV of invoices may have besides."""
    more = [Column(name, kind, False, "") for name, kind in (("customer_name", "text"), ("disputed", "flag"))]
    return [*SCHEMAS[table], *(more if table == "invoices" else [])]


def as_written(frame: Any, source: Source, beside: Iterable[str] = ()) -> Any:
    """Rows of a CSV that are not blank: the trimmed text of our columns as `raw_` and their name, blanks null."""
    cells = {f"c{place}": _tidy(f"c{place}") for place in range(len(source.headings))}
    filled = nw.any_horizontal(*(~nw.col(name).is_null() for name in cells), ignore_nulls=True)
    names = {f"raw_{name}": nw.col(f"c{place}") for name, place in source.places.items()}
    return frame.with_columns(**cells).filter(filled).select(*beside, **names)


def _tidy(name: str) -> nw.Expr:
    text = nw.col(name).str.strip_chars(SPACES)
    return nw.when(text != "").then(text)


# --- how a CSV reads ---------------------------------------------------------------------------------------------

_SIGNS = {
    ",": r"^[^,.]*,[^,.]*$|\..*,[^,.]*$|^[^,.]*(?:\.[^,.]*){2,}$",
    ".": r"^[^,.]*\.[^,.]*$|,.*\.[^,.]*$|^[^,.]*(?:,[^,.]*){2,}$",
}
_TWO_WAYS = r"^-?[1-9][0-9]{0,2}[.,][0-9]{3}$"
_S = "[-/. ]"  # between the parts of a date
_TIME = r"(?:[ T]00:00(?::00(?:\.0+)?)?)?$"
_UP_TO_12 = "(?:0?[1-9]|1[0-2])"
_ABOVE_12 = "(?:1[3-9]|2[0-9]|3[01])"
_SAME = "|".join(f"0?{number}{_S}0?{number}" for number in range(1, 13))
_FORMS = {  # of the dates of a column; the others are refused
    "iso": rf"^[0-9]{{4}}{_S}[0-9]{{2}}{_S}[0-9]{{2}}{_TIME}",
    "compact": "^[0-9]{8}$",
    "short": rf"^[0-9]{{1,2}}{_S}[0-9]{{1,2}}{_S}[0-9]{{4}}{_TIME}",
    "bare": rf"^(?:[0-9]{_S}|[0-9]{{2}}{_S}[0-9]{_S})",  # a day or month of one digit, to be padded
    "timed": r"[ T]00:00(?::00(?:\.0+)?)?$",
}


def votes(raw: Any, source: Source) -> dict[str, int]:
    """How many dates and amounts prove a reading, or have two, in one pass."""
    flags: dict[str, nw.Expr] = {}
    known = WORDS.get(source.table, {})
    read = [column for column in columns_of(source.table) if source.has(column.name) and column.name not in known]
    for name in [column.name for column in read if column.kind in ("money", "number")]:
        text = nw.col(f"raw_{name}")
        unclear = text.str.contains(_TWO_WAYS)
        flags[f"{name} ?"] = unclear
        flags |= {f"{name} {sign}": text.str.contains(proof) & ~unclear for sign, proof in _SIGNS.items()}
    for name in [column.name for column in read if column.kind == "date"]:
        text = nw.col(f"raw_{name}")
        either = text.str.contains(rf"^{_UP_TO_12}{_S}{_UP_TO_12}{_S}") & ~text.str.contains(rf"^(?:{_SAME}){_S}")
        flags[f"{name} day"] = text.str.contains(rf"^{_ABOVE_12}{_S}{_UP_TO_12}{_S}")
        flags[f"{name} month"] = text.str.contains(rf"^{_UP_TO_12}{_S}{_ABOVE_12}{_S}")
        flags[f"{name} either"] = either
        flags |= {f"{name} {form}": text.str.contains(pattern) for form, pattern in _FORMS.items()}
    return count(raw, flags)


def count(frame: Any, flags: Mapping[str, nw.Expr]) -> dict[str, int]:
    """Rows on which each flag is true; `rows`: all of them."""
    ones = {
        f"n{place}": nw.when(flag).then(nw.lit(1)).otherwise(nw.lit(0)) for place, flag in enumerate(flags.values())
    }
    table = frame.with_columns(**ones, every=nw.lit(1)).select(*(nw.col(name).sum() for name in [*ones, "every"]))
    found = [int(value) for value in collect(table).fillna(0).iloc[0]]
    return dict(zip([*flags, "rows"], found, strict=True))


def decide(
    source: Source, found: dict[str, int], order: str | None, decimal: str | None, report: LoadReport
) -> Reading:
    """The reading of a CSV from the votes of its dates and amounts; what they leave open is noted: never guessed."""
    day, month, either = (_total(found, which) for which in ("day", "month", "either"))
    reading = Reading(order or ("month" if month > day else "day"))
    if not order and day == month and (either or day):
        report.add("scan_ask_date_order", "fatal", file=source.label, count=either or day, n=either or day)
    for name in [key[:-4] for key in found if key.endswith(" iso")]:
        reading.forms[name] = {form for form in _FORMS if found[f"{name} {form}"]}
    commas, points = _total(found, ","), _total(found, ".")
    for name in [key[:-2] for key in found if key.endswith(" ?")]:
        comma, point, unclear = (found[f"{name} {sign}"] for sign in (",", ".", "?"))
        if not comma and not point:
            comma, point = commas, points
        reading.decimals[name] = decimal or ("," if comma > point else ".")
        if not decimal and comma == point and (unclear or comma):
            number = unclear or comma
            column = source.heading(name)
            report.add("scan_ask_decimal", "fatal", file=source.label, column=column, count=number, n=number)
    return reading


def _total(found: dict[str, int], which: str) -> int:
    return sum(number for key, number in found.items() if key.endswith(f" {which}"))


def read_words(raw: Any, source: Source, reading: Reading, report: LoadReport) -> None:
    """What the values of each choice mean, from the distinct ones, in one pass; unknown ones are noted.

    Raises
    ------
    InputError
        If a column that is a choice holds more values than a choice has.
    """
    names = [name for name in WORDS.get(source.table, {}) if source.has(name)]
    if not names:
        return
    keys = [f"raw_{name}" for name in names]
    groups = raw.with_columns(n=nw.lit(1)).group_by(*keys).agg(nw.col("n").sum()).head(MOST_WORDS * 100 + 1)
    table = collect(groups)
    for name, key in zip(names, keys, strict=True):
        counts = table.groupby(key)["n"].sum()
        if len(table) > MOST_WORDS * 100 or len(counts) > MOST_WORDS:
            details = {"found": Listing(map(str, counts.index[:10])), "limit": MOST_WORDS}
            raise fatal("scan_too_many_words", source.label, value=source.heading(name), **details)
        kind, code, level = WORDS[source.table][name]
        reading.words[name] = meanings([str(text) for text in counts.index], kind)
        for text, number in counts.items():
            if level == "warning" and reading.words[name][str(text)] is None:
                heading, total = source.heading(name), int(number)
                report.add(code, level, file=source.label, column=heading, value=text, count=total, n=total)


def meanings(texts: list[str], kind: str) -> dict[str, Any]:
    """Our value of each text of a column; None where it has none."""
    if kind == "rate":
        return {text: _rate(text) for text in texts}
    found = dict(zip(texts, translated(pl.Series(texts, dtype=pl.String), kind).to_list(), strict=True))
    if kind == "flag":
        return {text: None if value is None else value == "yes" for text, value in found.items()}
    if kind == "currency":
        codes = {text: value or text.upper() for text, value in found.items()}
        return {text: code if re.fullmatch("[A-Z]{3}", code) else None for text, code in codes.items()}
    return found


def _rate(text: str) -> float | None:
    """Rate as a fraction, at most a half: 20 %, 20 and 0,2 are 0.2."""
    found = re.fullmatch(r"([0-9]{1,3}(?:[.,][0-9]+)?)\s*(%?)", text)
    if not found:
        return None
    number = float(found[1].replace(",", "."))
    rate = round(number / 100 if found[2] or number > 0.5 else number, 6)
    return rate if rate <= 0.5 else None


# --- typed columns -----------------------------------------------------------------------------------------------


def typed(raw: Any, source: Source, reading: Reading) -> Any:
    """Columns of a CSV beside their text; what cannot be read is null.

    Steps that use one another are columns of their own: written into one another they would grow without bound.
    """
    kept = raw.collect_schema().names()
    columns = columns_of(source.table)
    words = reading.words
    read = [column for column in columns if source.has(column.name) and column.name not in words]
    dates = [column.name for column in read if column.kind == "date"]
    amounts = [column.name for column in read if column.kind in ("money", "number")]
    raw = _with_days(raw, {name: reading.forms[name] for name in dates}, reading.order)
    raw = raw.with_columns(
        **{f"exact_{name}": _exact(nw.col(f"raw_{name}"), reading.decimals[name]) for name in amounts}
    )
    below = {name: nw.col(f"exact_{name}") for name in amounts}
    final: dict[str, Any] = {
        name: nw.when(exact.abs() < MAX_AMOUNT).then(exact.round(2)) for name, exact in below.items()
    }
    final |= {column.name: nw.col(f"raw_{column.name}") for column in read if column.kind == "text"}
    for column in columns:
        if column.name in words:
            text, dtype = nw.col(f"raw_{column.name}"), _TYPES[column.kind]
            final[column.name] = _chosen(text, words[column.name], dtype)
        elif not source.has(column.name):
            final[column.name] = nw.lit(None, _TYPES[column.kind])
    return raw.with_columns(**final).select(*kept, *(column.name for column in columns))


def _chosen(text: nw.Expr, words: Mapping[str, Any], dtype: Any) -> nw.Expr:
    known = [(written, meant) for written, meant in words.items() if meant is not None]
    nothing = nw.lit(None, dtype)
    return reduce(lambda rest, pair: nw.when(text == pair[0]).then(nw.lit(pair[1])).otherwise(rest), known, nothing)


def _exact(text: nw.Expr, decimal: str) -> nw.Expr:
    """Number of an amount; null where the text is none with this decimal sign."""
    other = "." if decimal == "," else ","
    whole = rf"(?:[0-9]+|[0-9]{{1,3}}(?:{_GAPS}[0-9]{{3}})+|[0-9]{{1,3}}(?:[{other}][0-9]{{3}})+)"
    valid = text.str.contains(rf"^-?{whole}(?:[{decimal}][0-9]*)?$")
    digits = text.str.replace_all(rf"{_GAPS}|[{other}]", "").str.replace_all(decimal, ".", literal=True)
    return nw.when(valid).then(digits).cast(nw.Float64)


def _with_days(raw: Any, forms: Mapping[str, set[str]], order: str) -> Any:
    """Days of 2025-12-31, 20251231 and 31/12/2025, or 12/31/2025: each column by the forms that it has."""
    timed = [f"raw_{name}" for name in forms if "timed" in forms[name]]
    texts = {f"day_{name}": nw.col(f"raw_{name}") for name in forms}
    texts |= {f"day_{name[4:]}": nw.col(name).str.replace_all(_FORMS["timed"], "") for name in timed}
    raw = raw.with_columns(**texts)
    bare = [f"day_{name}" for name in forms if "bare" in forms[name]]
    for place in (0, 3) if bare else ():
        raw = raw.with_columns(**{name: _padded(nw.col(name), place) for name in bare})
    return raw.with_columns(**{name: _day(nw.col(f"day_{name}"), found, order) for name, found in forms.items()})


def _padded(text: nw.Expr, place: int) -> nw.Expr:
    """Text with a zero before the lone digit that stands at a place."""
    alone = text.str.contains(f"^{'' if not place else f'[0-9]{{2}}{_S}'}[0-9]{_S}")
    longer = nw.concat_str(text.str.slice(0, place), nw.lit("0"), text.str.slice(place))
    return nw.when(alone).then(longer).otherwise(text)


_YEARS = range(YEARS[0], YEARS[1] + 1)
_YEAR = f"(?:{'|'.join(map(str, _YEARS))})"
_LEAP = f"(?:{'|'.join(str(year) for year in _YEARS if calendar.isleap(year))})"
_MONTH_DAYS = (  # months that have the days: any has 28
    ("(?:0[1-9]|1[0-2])", "(?:0[1-9]|1[0-9]|2[0-8])"),
    ("(?:0[13-9]|1[0-2])", "(?:29|30)"),
    ("(?:0[13578]|1[02])", "31"),
)
# Pattern of the days that exist, and the places of year, month and day.
_PLACES = {"iso": (0, 5, 8), "compact": (0, 4, 6), "day": (6, 3, 0), "month": (6, 0, 3)}


def _existing(form: str) -> str:
    between = "" if form == "compact" else _S

    def written(year: str, month: str, day: str) -> str:
        places = dict(zip(_PLACES[form], (year, month, day), strict=True))
        return between.join(places[place] for place in sorted(places))

    days = [written(_YEAR, month, day) for month, day in _MONTH_DAYS]
    return f"^(?:{'|'.join([*days, written(_LEAP, '02', '29')])})$"


def _day(text: nw.Expr, found: set[str], order: str) -> nw.Expr:
    value = nw.lit(None, DATE)
    for form in ("iso", "compact", "short"):
        if form in found:
            form = order if form == "short" else form
            cut = [text.str.slice(place, 2 if part else 4) for part, place in enumerate(_PLACES[form])]
            day = nw.when(text.str.contains(_existing(form))).then(nw.concat_str(*cut, separator="-"))
            read = day.str.to_datetime(format="%Y-%m-%d").cast(DATE)
            value = nw.coalesce(read, value)
    return value


def unread(source: Source) -> list[Problem]:
    """Cells of a CSV that are not what their column holds."""
    codes = {"date": "bad_date", "money": "bad_amount", "number": "bad_amount"}
    problems = []
    for column in columns_of(source.table):
        name = column.name
        if not source.has(name):
            continue
        code, level = WORDS.get(source.table, {}).get(name, ("", codes.get(column.kind, ""), "error"))[1:]
        if code and level == "error":
            details = {"expected": "31/12/2025, 2025-12-31, 20251231"} if code == "bad_date" else {}
            problems.append(
                Problem(code, name, ~nw.col(f"raw_{name}").is_null() & nw.col(name).is_null(), details=details)
            )
    return problems


# --- typed already -----------------------------------------------------------------------------------------------


def promised(frame: Any, source: Source) -> Any:
    """Columns of a Parquet table as `schemas` promises them; those that it lacks are blank."""
    return frame.with_columns(**{column.name: _as_promised(column, source) for column in SCHEMAS[source.table]})


def _as_promised(column: Column, source: Source) -> nw.Expr:
    wanted = _TYPES[column.kind]
    if not source.has(column.name):
        return nw.lit(None, wanted)
    value = nw.col(column.name)
    return value if source.types[column.name] == wanted else value.cast(wanted)


def broken(source: Source) -> list[Problem]:
    """Cells of a Parquet table that do not keep the promise of `schemas`."""
    problems = []
    for column in filter(lambda column: source.has(column.name), SCHEMAS[source.table]):
        name, value = column.name, nw.col(column.name)
        if column.required:
            problems.append(Problem("scan_blank", name, value.is_null()))
        problems += [Problem(code, name, flag, details=details) for code, flag, details in _breaches(source, column)]
    return problems


def _breaches(source: Source, column: Column) -> list[tuple[str, nw.Expr, dict[str, Any]]]:
    value, name = nw.col(column.name), column.name
    if column.kind == "text":
        found: list[tuple[str, nw.Expr, dict[str, Any]]] = [("scan_blank", value.str.strip_chars(SPACES) == "", {})]
        allowed = _CHOICES.get((source.table, name))
        if allowed:
            found.append(("scan_bad_word", ~value.is_in(allowed), {"expected": Listing(allowed)}))
        if name == "currency":
            found.append(("ledger_bad_currency", ~value.str.contains("^[A-Z]{3}$"), {}))
        return found
    if column.kind == "date":
        year = value.dt.year()
        out = (year < YEARS[0]) | (year > YEARS[1])
        flags = [("bad_date", out, {"expected": f"{YEARS[0]}-01-01 … {YEARS[1]}-12-31"})]
        if source.types[name] != nw.Date:
            flags.append(("scan_timed", value != value.cast(nw.Date).cast(DATE), {}))
        return flags
    if column.kind in ("money", "number") and source.types[name].is_numeric():
        amount = value.cast(nw.Float64)
        # Said apart: the statistics of a file, by which DuckDB answers for a whole of it, leave out what is no number.
        bad = ~(amount.abs() < MAX_AMOUNT) | amount.is_nan()
        flags = [("bad_amount", bad, {})]
        if column.kind == "money":
            flags.append(("scan_below_cent", (amount * 100 - (amount * 100).round()).abs() > 0.01, {}))
        return flags
    return []
