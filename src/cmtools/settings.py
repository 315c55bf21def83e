"""Small tables that the user edits: thresholds, targets, quartiles of a sector. Read whole and valid, or refused.

A wrong threshold would hide a customer, and a wrong weight pay a wrong bonus: so
nothing is guessed here. Headings and words come from ``reference/settings_words.csv``.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import pandas as pd

from cmtools.columns import MAX_AMOUNT, Listing
from cmtools.files import Sheet, content, decode, fatal, open_sheets, plain
from cmtools.language import label
from cmtools.schemas import Defect, InputError, LoadReport

_REQUIRED = {
    "signals": ("signal", "threshold"),
    "targets": ("indicator", "target"),
    "quartiles": ("ratio", "q1", "median", "q3"),
    "external": ("customer_id", "kind"),
    "delegation": ("role", "up_to"),
    "grid": ("criterion", "weight", "points"),
    "risk_levels": ("risk_level", "rating_from", "rating_to"),
}
MAX_WORDS = 20_000  # bytes of decisions or actions: some pages
_WEIGHTS_AGREE = 1e-6  # 33,33 % three times is not 100 %; 0,1 ten times is


class Cell(NamedTuple):
    """One cell as written, with its number where the file types it."""

    text: str
    number: float | None = None


class Row(NamedTuple):
    """One row of a settings file: its line and its cells by column."""

    line: int
    cells: dict[str, Cell]

    def text(self, name: str) -> str:
        """Trimmed text of a column; blank where the file has no such column."""
        return self.cells[name].text if name in self.cells else ""


# ---------------------------------------------------------------- reference tables


@cache
def reference_rows(name: str) -> tuple[dict[str, str], ...]:
    """Rows of a table of ``reference/``."""
    text = (resources.files("cmtools") / "reference" / name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@cache
def _words(name: str) -> dict[str, str]:
    """Our word for each plain text of a list."""
    table = "values.csv" if name == "flag" else "settings_words.csv"
    return {plain(row["text"]): row["value"] for row in reference_rows(table) if row["list"] == name}


def _accepted(name: str, keys: Iterable[str]) -> Listing:
    """What a list takes of these keys, each with its French name."""
    texts: dict[str, str] = {}
    for row in reference_rows("settings_words.csv"):
        if row["list"] == name:
            texts.setdefault(row["value"], row["text"])
    return Listing(f"{key} = {texts.get(key, label(key, 'fr'))}" for key in keys)


def key_of(written: str, name: str, keys: Iterable[str]) -> str | None:
    """The key a user wrote: itself, a name of the list, or its label."""
    return _keys(name, tuple(keys)).get(plain(written))


@cache
def _keys(name: str, keys: tuple[str, ...]) -> dict[str, str]:
    """Key of each plain text that stands for one."""
    labels = {plain(label(key, tongue)): key for key in keys for tongue in ("fr", "en")}
    named = labels | _words(name) | {plain(key): key for key in keys}
    return {text: key for text, key in named.items() if key in keys}


def indicators_table() -> pd.DataFrame:
    """Indicators that may have a target: `key`, `unit` (money, rate, days), `direction`.

    `direction` tells which way is better, "lower" or "higher"; null: neither.
    """
    table = pd.DataFrame(reference_rows("indicators.csv"))
    return table.assign(direction=table["direction"].where(table["direction"] != "", None))


# ---------------------------------------------------------------- reading


def _read(path: Any, table: str) -> tuple[list[Row], dict[str, str], LoadReport, Sheet]:
    """Rows of the one sheet that has the columns, and its headings by column."""
    report = LoadReport()
    known = _words(f"{table}_heading")
    sheets = open_sheets(path, report, None, None, frozenset(known))
    chosen = [sheet for sheet in sheets if _names(sheet, known) >= set(_REQUIRED[table])]
    if len(chosen) > 1:
        raise InputError(
            [Defect("settings_several_sheets", "fatal", report.files[0], value=" | ".join(s.name for s in chosen))]
        )
    sheet = chosen[0] if chosen else sheets[0]
    headings = _headings(sheet, table, known, report)
    report.refuse(tolerant=True)
    rows = list(_rows(sheet, headings))
    if not rows:
        report.add("settings_no_rows", "fatal", file=sheet.label)
    return rows, {name: sheet.headings[place] for name, place in headings.items()}, report, sheet


def _names(sheet: Sheet, known: dict[str, str]) -> set[str]:
    return {known[plain(heading)] for heading in sheet.headings if plain(heading) in known}


def _headings(sheet: Sheet, table: str, known: dict[str, str], report: LoadReport) -> dict[str, int]:
    """Place of each column. An unknown heading is refused: read past, a misspelt « Poids » would lose the weights."""
    places: dict[str, int] = {}
    accepted = Listing(row["text"] for row in reference_rows("settings_words.csv") if row["list"] == f"{table}_heading")
    for place, heading in enumerate(sheet.headings):
        name = known.get(plain(heading))
        filled = heading or (sheet.text[place].fill_null("").str.strip_chars() != "").any()
        if name in places:
            report.add("settings_heading_twice", "fatal", file=sheet.label, column=heading, value=name)
        elif name:
            places[name] = place
        elif filled:
            report.add("settings_unknown_heading", "fatal", file=sheet.label, value=heading, accepted=accepted)
    for name in _REQUIRED[table]:
        if name not in places:
            found = Listing(filter(None, sheet.headings))
            report.add("settings_missing_column", "fatal", file=sheet.label, value=name, found=found, accepted=accepted)
    return places


def _rows(sheet: Sheet, headings: dict[str, int]) -> Iterable[Row]:
    lines = sheet.lines.to_list()
    texts = {name: sheet.text[place].fill_null("").str.strip_chars().to_list() for name, place in headings.items()}
    typed = {
        name: sheet.numbers[place].to_list() if place in sheet.numbers else [None] * len(lines)
        for name, place in headings.items()
    }
    for row, line in enumerate(lines):
        cells = {name: Cell(texts[name][row], typed[name][row]) for name in headings}
        if any(cell.text for cell in cells.values()):
            yield Row(line, cells)


class Reader:
    """Reads the cells of one settings file and notes what is wrong with its line and heading."""

    def __init__(self, path: Any, table: str):
        self.rows, self._headings, self.report, self._sheet = _read(path, table)

    def wrong(self, row: Row, name: str, code: str, value: str | None = None, **details: Any) -> None:
        """Note one defect."""
        self.report.add(
            code,
            file=self._sheet.label,
            line=row.line,
            column=self._headings.get(name, ""),
            value=row.text(name) if value is None else value,
            **details,
        )

    def key(self, row: Row, name: str, keys: Sequence[str], words: str | None = None) -> str | None:
        """The key written in a cell; None where it is blank or unknown, which is noted.

        `words` is the list of ``settings_words.csv`` with other names of the keys; default: that of the column.
        """
        if not row.text(name):
            self.wrong(row, name, "blank_value", expected=_accepted(words or name, keys))
            return None
        found = key_of(row.text(name), words or name, keys)
        if found is None:
            self.wrong(row, name, "settings_unknown_key", accepted=_accepted(words or name, keys))
        return found

    def number(self, row: Row, name: str, unit: str, signed: bool = False) -> float | None:
        """The number of a cell in this unit; None where blank or unreadable, which is noted."""
        cell = row.cells.get(name, Cell(""))
        if not cell.text:
            return None
        value, code, details = _number(cell, unit)
        if value is not None and value < 0 and not signed:
            value, code = None, "settings_negative"
        if value is None:
            self.wrong(row, name, code, **details)
        return value

    def unique(self, row: Row, name: str, key: Any, seen: dict[Any, int]) -> bool:
        """Whether no earlier row has this key."""
        if key in seen:
            self.wrong(row, name, "settings_duplicate", first=seen[key])
            return False
        seen[key] = row.line
        return True


# ---------------------------------------------------------------- numbers

_SPACE = r"[ \u00a0\u202f\u2009'’]"
_SIGNS = ("-", "−", "–", "+")
_SUFFIXES = {
    "money": rf"{_SPACE}*(?:€|\$|£|[A-Z]{{3}})?",
    "rate": rf"({_SPACE}*%)?",
    "days": rf"{_SPACE}*(?:j|jours?|d|days?)?",
    "months": rf"{_SPACE}*(?:mois|months?)?",
    "count": "",
    "ratio": "",
    "years": rf"{_SPACE}*(?:ans?|années?|y|years?)?",
}
_DIGITS = re.compile(
    rf"(?P<plain>[0-9]+|[0-9]{{1,3}}(?:{_SPACE}[0-9]{{3}})+)(?:[.,](?P<part>[0-9]+))?"
    r"|(?P<comma>[0-9]{1,3}(?:,[0-9]{3})+)(?:\.(?P<comma_part>[0-9]+))?"
    r"|(?P<point>[0-9]{1,3}(?:\.[0-9]{3})+)(?:,(?P<point_part>[0-9]+))?"
)
_TWO_WAYS = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
EXAMPLES = {
    "money": "100 000 | 1234,56",
    "rate": "20 % | 0,2",
    "days": "30 | 12,5",
    "months": "6",
    "count": "3",
    "ratio": "1,5",
    "years": "3,5",
}
_WHOLE = ("months", "count")
_HIGHEST_BARE_RATE = 2.0  # « 20 » for a rate is far more often 20 % than 2 000 %


def _number(cell: Cell, unit: str) -> tuple[float | None, str, dict[str, Any]]:
    """Number of a cell in its unit, or the code and details of what is wrong."""
    expected = {"expected": EXAMPLES[unit]}
    value, percent = cell.number, False
    if value is None:
        sign = cell.text[:1] if cell.text.startswith(_SIGNS) else ""
        rest = cell.text[len(sign) :].lstrip()
        suffix = re.search(rf"(?<=[0-9])(?:{_SUFFIXES[unit]})$", rest)
        digits = rest[: suffix.start()] if suffix else rest
        percent = bool(suffix and "%" in suffix[0])
        if _TWO_WAYS.fullmatch(digits):
            return None, "settings_two_ways", {"whole": re.sub(r"[.,]", "", digits), "decimal": f"{digits}0"}
        found = _DIGITS.fullmatch(digits)
        if not found:
            return None, "settings_bad_number", expected
        value = _value(found) * (-1 if sign in tuple("-−–") else 1)
    if not math.isfinite(value) or abs(value) >= MAX_AMOUNT:
        return None, "settings_bad_number", expected
    if percent:
        value = round(value / 100, 12)
    elif unit == "rate" and abs(value) > _HIGHEST_BARE_RATE:
        return None, "settings_bare_rate", expected
    if unit in _WHOLE and value != int(value):
        return None, "settings_bad_number", expected
    return float(value), "", {}


def _value(found: re.Match[str]) -> float:
    parts = found.groupdict()
    whole = parts["plain"] or parts["comma"] or parts["point"]
    part = parts["part"] or parts["comma_part"] or parts["point_part"] or "0"
    return float(f"{re.sub(r'[^0-9]', '', whole)}.{part}")


# ---------------------------------------------------------------- thresholds of the signals


def read_signals(path: Any = None) -> pd.DataFrame:
    """Thresholds of the warning signals: the defaults, or those of the user's file.

    Parameters
    ----------
    path : path, optional
        CSV (`;` or `,`, decimal comma or point) or workbook with the headings
        Signal, Actif, Seuil, Second seuil, Remarque (or Signal, Active,
        Threshold, Second threshold, Remark). A rate is written 20 % or 0,2.
        A signal that the file does not name is off.

    Returns
    -------
    pandas.DataFrame, one row per signal, gravest first
        `signal`, `active`, `threshold`, `unit` (money, rate, days, count),
        `comparison` ("above": the figure must exceed the threshold; "from":
        reach it), `second_threshold`, `second_unit` (NaN and null: none).

    Raises
    ------
    InputError
        With every defect of the file: unknown or repeated signal, a threshold
        that is blank, unreadable, negative or readable in two ways, a heading
        that is missing, repeated or unknown.

    Notes
    -----
    The defaults are a CHOICE (rule SIGNALS): no published scale.

    Examples
    --------
    From what overdue amount does an old debt raise a signal?

    >>> signals = read_signals().set_index("signal")
    >>> float(signals.loc["late_amount_and_age", "threshold"])
    5000.0
    """
    table = _default_signals()
    return table if path is None else _own_signals(path, table)


def _default_signals() -> pd.DataFrame:
    table = pd.DataFrame(reference_rows("signals.csv"))
    numbers = {name: pd.to_numeric(table[name].where(table[name] != "")) for name in ("threshold", "second_threshold")}
    units = table["second_unit"].where(table["second_unit"] != "", None)
    return table.assign(active=table["active"] == "yes", second_unit=units, **numbers).astype(
        dict.fromkeys(numbers, "float64")
    )


def _own_signals(path: Any, defaults: pd.DataFrame) -> pd.DataFrame:
    reader = Reader(path, "signals")
    table = defaults.set_index("signal").assign(active=False)
    seen: dict[Any, int] = {}
    for row in reader.rows:
        signal = reader.key(row, "signal", list(table.index))
        if signal is None or not reader.unique(row, "signal", signal, seen):
            continue
        active = _flag(reader, row)
        for name, unit in (("threshold", "unit"), ("second_threshold", "second_unit")):
            value = _threshold(reader, row, name, table.loc[signal, unit], bool(active))
            if value is not None:
                table.loc[signal, name] = value
        table.loc[signal, "active"] = bool(active)
    reader.report.refuse()
    return table.reset_index()[list(defaults.columns)]


def _flag(reader: Reader, row: Row) -> bool | None:
    """Whether a signal is on; a signal that is named without a word is."""
    written = row.text("active")
    found = _words("flag").get(plain(written)) if written else "yes"
    if found is None:
        reader.wrong(row, "active", "ledger_bad_flag")
        return None
    return found == "yes"


def _threshold(reader: Reader, row: Row, name: str, unit: Any, active: bool) -> float | None:
    """One threshold; a signal that is on needs each of its own, and none that it has not."""
    if not isinstance(unit, str):
        if row.text(name):
            reader.wrong(row, name, "settings_no_second")
        return None
    if not row.text(name) and active:
        reader.wrong(row, name, "blank_value", expected=EXAMPLES[unit])
    return reader.number(row, name, unit)


# ---------------------------------------------------------------- targets


def read_targets(path: Any) -> pd.DataFrame:
    """Targets of the indicators, for the company and for each collector.

    Parameters
    ----------
    path : path
        CSV (`;` or `,`, decimal comma or point) or workbook with the headings
        Indicateur, Chargé de recouvrement (blank: the whole company),
        Objectif, Poids, Prime, Remarque (or Indicator, Collector, Target,
        Weight, Bonus, Remark). A rate is written 85 % or 0,85. The weights of
        a collector make 100 %; a blank weight: the indicator is followed and
        counts for nothing. The bonus is that of a full score; it stands on
        one row of the collector, or on several and then the same.

    Returns
    -------
    pandas.DataFrame, one row per target, in the order of the file
        `indicator`, `collector` (null: the company), `target` (in the unit of
        the indicator: EUR or other currency, fraction, days), `weight`
        (fraction; NaN: none), `bonus` (money at a full score, on every row of
        its collector; NaN: none).

    Raises
    ------
    InputError
        With every defect of the file: unknown indicator, an indicator of
        which neither more nor less is better, two targets for one, a number
        that is blank, unreadable or readable in two ways, weights that do not
        make 100 %, two bonuses, a bonus without weights.

    Examples
    --------
    What does the company ask of its collectors?

    >>> targets = read_targets("data/objectifs.csv")
    >>> asked = targets[targets["collector"].isna()].set_index("indicator")["target"]
    >>> float(asked["overdue_rate"]), float(asked["dso_count_back"])
    (0.2, 55.0)
    """
    reader = Reader(path, "targets")
    known = indicators_table().set_index("key")
    seen: dict[Any, int] = {}
    rows: list[tuple[Row, dict[str, Any]]] = []
    for row in reader.rows:
        found = _target(reader, row, known)
        if found and reader.unique(row, "indicator", (found["indicator"], found["collector"]), seen):
            rows.append((row, found))
    _check_shares(reader, rows)
    reader.report.refuse()
    table = pd.DataFrame([found for _, found in rows])
    table["collector"] = table["collector"].astype("object").where(table["collector"].notna(), None)
    table = table.astype(dict.fromkeys(("target", "weight", "bonus"), "float64"))
    return table.assign(bonus=table.groupby("collector", dropna=False)["bonus"].transform("max"))


def _target(reader: Reader, row: Row, known: pd.DataFrame) -> dict[str, Any] | None:
    indicator = reader.key(row, "indicator", list(known.index))
    if indicator is None:
        return None
    unit, direction = str(known.loc[indicator, "unit"]), known.loc[indicator, "direction"]
    if not isinstance(direction, str):
        reader.wrong(row, "indicator", "settings_no_direction")
    if not row.text("target"):
        reader.wrong(row, "target", "blank_value", expected=EXAMPLES[unit])
    return {
        "indicator": indicator,
        "collector": row.text("collector") or None,
        "target": reader.number(row, "target", unit, signed=unit == "days"),
        "weight": reader.number(row, "weight", "rate"),
        "bonus": reader.number(row, "bonus", "money"),
    }


def _check_shares(reader: Reader, rows: list[tuple[Row, dict[str, Any]]]) -> None:
    """Weights of a collector make 100 %, and its bonus is one: money is paid by them."""
    collectors = dict.fromkeys(found["collector"] for _, found in rows)
    for collector in collectors:
        mine = [(row, found) for row, found in rows if found["collector"] == collector]
        weights = [found["weight"] for _, found in mine if found["weight"] is not None]
        bonuses = [(row, found["bonus"]) for row, found in mine if found["bonus"] is not None]
        read = all(found["weight"] is not None or not row.text("weight") for row, found in mine)
        if weights and read and abs(sum(weights) - 1) > _WEIGHTS_AGREE:
            total = float(round(100 * sum(weights), 4))
            reader.wrong(mine[0][0], "weight", "settings_weights", value=collector or "–", total=total)
        if bonuses and not weights:
            reader.wrong(bonuses[0][0], "bonus", "settings_bonus_alone")
        for row, bonus in bonuses[1:]:
            if bonus != bonuses[0][1]:
                reader.wrong(row, "bonus", "settings_two_bonuses", first=bonuses[0][0].line)


# ---------------------------------------------------------------- quartiles of a sector


def read_quartiles(path: Any) -> pd.DataFrame:
    r"""Quartiles of ratios in the user's sectors, to compare a client with.

    Parameters
    ----------
    path : path
        CSV (`;` or `,`, decimal comma or point) or workbook with the headings
        Secteur, Ratio, Q1, Médiane, Q3 (or Sector, Ratio, Q1, Median, Q3). A
        ratio is named by its key (marge_ebe), its label, or its number in the
        catalogue (R03) where that stands for one ratio. A rate is written 30 %
        or 0,3. A blank sector: the row holds for all.

    Returns
    -------
    pandas.DataFrame, one row per sector and ratio
        `sector` (blank: all), `ratio`, `q1`, `median`, `q3` in the unit of the
        ratio: fraction, times, days, years or money.

    Raises
    ------
    InputError
        With every defect of the file: an unknown or repeated ratio, a number
        that is blank, unreadable or readable in two ways, quartiles that do
        not rise.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "quartiles.csv"
    >>> _ = path.write_text("Secteur;Ratio;Q1;Mediane;Q3\nBTP;R03;2 %;5 %;9 %\n")
    >>> read_quartiles(path).values.tolist()
    [['BTP', 'marge_ebe', 0.02, 0.05, 0.09]]
    """
    reader = Reader(path, "quartiles")
    seen: dict[Any, int] = {}
    found = []
    for row in reader.rows:
        ratio = _ratio(reader, row)
        if ratio is None:
            continue
        sector = row.text("sector")
        values = [_quartile(reader, row, name, ratio["unit"]) for name in ("q1", "median", "q3")]
        if reader.unique(row, "ratio", (plain(sector), ratio["key"]), seen) and None not in values:
            low, middle, high = (float(value or 0.0) for value in values)
            if not low <= middle <= high:
                reader.wrong(row, "median", "settings_quartiles_order", low=low, high=high)
            found.append([sector, ratio["key"], low, middle, high])
    reader.report.refuse()
    return pd.DataFrame(found, columns=["sector", "ratio", "q1", "median", "q3"])


def _quartile(reader: Reader, row: Row, name: str, unit: str) -> float | None:
    if not row.text(name):
        reader.wrong(row, name, "blank_value", expected=EXAMPLES[unit])
    return reader.number(row, name, unit, signed=True)


def _ratio(reader: Reader, row: Row) -> dict[str, str] | None:
    """The ratio of the catalogue that a row names; None: unknown or several, which is noted."""
    rows = reference_rows("ratios.csv")
    if not row.text("ratio"):
        reader.wrong(row, "ratio", "blank_value", expected="marge_ebe, R03")
        return None
    named = [other for other in rows if plain(other["ref"]) == plain(row.text("ratio"))]
    if len(named) > 1:
        reader.wrong(row, "ratio", "settings_several_ratios", found=Listing(other["key"] for other in named))
        return None
    key = key_of(row.text("ratio"), "ratio", [other["key"] for other in rows])
    found = named or [other for other in rows if other["key"] == key]
    if not found:
        reader.wrong(row, "ratio", "settings_unknown_ratio")
        return None
    return found[0]


# ---------------------------------------------------------------- single values


def read_number(text: str, unit: str, name: str) -> float:
    """A number as a person types it: "4,5 %" or 0.045 for a rate, 1 200 000 for money.

    Parameters
    ----------
    text : str
    unit : {"money", "rate", "days", "months", "count"}
    name : str
        What the message calls it.

    Raises
    ------
    InputError
        If the text is no such number.

    Examples
    --------
    >>> read_number("4,5 %", "rate", "--financing-rate")
    0.045
    """
    value, code, details = _number(Cell(text.strip()), unit)
    if value is None:
        raise InputError([Defect(code, "fatal", column=name, value=text, details=details)])
    return value


def read_words(path: Any) -> str:
    """Text of a file of the committee's own words, whole.

    Raises
    ------
    InputError
        If the file is no text, or longer than a report can show.
    """
    data, name, kind = content(path)
    if kind != "text" or len(data) > MAX_WORDS:
        raise fatal("settings_no_words", name, limit=MAX_WORDS // 1000)
    return decode(data, name)[0]
