"""French tax forms as filed: codes and amounts of forms 2050 to 2053 (2057, 2058-C) or 2033, to the table of accounts.

The kind of a file is told by its content: one company-year (code and amount), a long
table of many, the INPI's XML, or the workbook that ``cmtools template statements``
writes. Which code is which line stands in ``reference/codes.csv``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from xml.parsers import expat

import pandas as pd
import polars as pl

from cmtools.columns import YEARS, Listing, amounts
from cmtools.files import Sheet, content, decode, fatal, open_sheets, plain
from cmtools.formulas import base_line, never_written_down, reference
from cmtools.language import message
from cmtools.lines import TOLERANCE, Statements, chart_of, line_code, new_table, place_of, totals
from cmtools.schemas import InputError, LoadReport, as_day, shorten

MONTHS = 12.0  # of a year whose length the file does not say
MOST_MONTHS = 36.0
LEVELS = ("confirmed", "partial", "unconfirmed")
PREFERRED = ("C", "S", "K", "")  # filings of one company-year; for trade credit the company comes before its group
REFUSED = ("A", "B")  # insurers and banks: other codes
IDENTITY_ROWS = ("company_id", "company_name", "currency", "year_end", "months")  # top rows of the template
_SHAPE = re.compile(r"[0-9A-Z]{2}(?:BIS|TER)?|[0-9]{2}[0-9A-Z]")
_HEADLESS = re.compile(r'\s*"?([0-9A-Za-zØø]{1,3})"?[ ]*([;,\t|])\s*"?([^;,\t|]*)')
_GROUP_ONLY = ("A1", "A2", "A3", "A4")  # other lines on the consolidated form
_XML_DEPTH = 16
_XML_TEXT = 1000  # characters of one identity field


class Code(NamedTuple):
    """One code of a form."""

    code: str
    form: str  # 2050, 2051, 2052, 2053, 2057, 2058-C, 2033-A, 2033-B
    line: str
    part: str  # gross, amort, net, memo, france, export
    confirmation: str

    @property
    def family(self) -> str:
        """The set of forms it belongs to: 2050 or 2033."""
        return "2033" if self.form.startswith("2033") else "2050"


class Found(NamedTuple):
    """An amount and where it stands."""

    amount: float
    line: int | None
    column: str


@dataclass
class Filing:
    """One company-year as filed: amounts by code, or by line where the file tells gross from net itself."""

    company_id: str
    company_name: str | None = None
    year_end: date | None = None
    months: float | None = None
    form: str | None = None
    filing: str | None = None
    currency: str | None = None
    source: str = ""
    deposit: str = ""
    codes: dict[str, list[Found]] = field(default_factory=dict)
    lines: dict[str, float] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)  # codes with an amount other than nil
    family: str = ""
    before: Filing | None = None  # the year before, where the form shows it

    @property
    def place(self) -> str:
        """Company and closing date as messages name them."""
        return place_of({"company_id": self.company_id, "year_end": self.year_end})

    def add(self, code: str, found: Found) -> None:
        """Note one amount under its code."""
        self.codes.setdefault(code, []).append(found)


@cache
def known_codes() -> Mapping[str, Code]:
    """Every code that is read, with its line."""
    return {
        row["code"]: Code(row["code"], row["form"], row["line"], row["part"], row["confirmation"])
        for row in reference("codes.csv")
    }


@cache
def _asset_lines() -> frozenset[str]:
    return frozenset(row["key"] for row in reference("lines.csv") if row["statement"] == "actif")


@cache
def _headings() -> dict[str, str]:
    rows = reference("settings_words.csv")
    return {plain(row["text"]): row["value"] for row in rows if row["list"] == "liasse_heading"}


def read_liasse(
    path: Any,
    *,
    company_id: str | None = None,
    company_name: str | None = None,
    year_end: str | date | None = None,
    months: float | None = None,
    currency: str = "EUR",
    form: str | None = None,
    filing: str | None = None,
    previous_year: bool = False,
    encoding: str | None = None,
    decimal: str | None = None,
) -> Statements:
    """Annual accounts from French tax forms (liasse fiscale), by their codes.

    Parameters
    ----------
    path : path
        Told apart by its content: codes and amounts of one company-year, with
        headings or without; a long table of many (entreprise, nom,
        date_cloture, duree_mois, formulaire, depot, devise, code, montant, or
        the English names), as CSV or workbook; the INPI's XML of accounts
        (schema bilans saisis 1.1); the workbook that
        ``cmtools template statements`` writes.
    company_id, company_name, year_end, months, currency, form, filing
        Used where the file does not say. `company_id` is then the file's name
        without its ending, `months` 12, both noted; an unknown `year_end`
        stays blank. `form` is "2050" or "2033", `filing` C (complete), S
        (simplified) or K (consolidated).
    previous_year : bool
        INPI's XML only: add the year before as each form shows it (assets net
        only), its `source` marked (N-1), unless the file holds its own filing.
    encoding, decimal : str, optional
        Of a text file; None: found out.

    Returns
    -------
    Statements
        `table`: one row per company and year, assets gross with `_amort` and
        `_net` beside them. `confirmation` is the weakest level among the codes
        used with an amount other than nil. A blank is unknown, not nil, unless
        a total proves it. `report` names unused codes, incomplete pages, and
        controls that fail.

    Raises
    ------
    InputError
        With every defect and its line: an amount that is text, what cannot be
        a code, a code twice with different amounts, codes of both sets of
        forms in one year, a year twice, a file of no known layout.

    Notes
    -----
    The second code of an asset row is its depreciation; the net has no code.
    FJ is sales in France, FL the turnover. Several filings of one year: the
    complete one is kept, else the simplified, else the consolidated, the
    others are noted. In the XML the four amounts of a row mean gross,
    depreciation, net, net of the year before on assets; year, year before on
    liabilities and form 2053; France, export, total, total before (or third
    and fourth alone) on 2052. No complete real file of that kind could be had:
    the reader follows the schema. Sources: INPI, FORM-2025, LIST-AMORT.

    Examples
    --------
    Does the customer own more than it owes?

    >>> found = read_liasse("data/liasses_clients.csv")
    >>> last = found.table.sort_values("year_end").groupby("company_id").last()
    >>> bool((last["capitaux_propres"] < 0).any())
    True
    """
    report = LoadReport()
    default = _default(path, company_id, company_name, year_end, months, currency, form, filing)
    filings = _read(path, default, report, encoding, decimal)
    tally = _Tally()
    for one in filings:
        _close(one, report, tally)
    chosen = _choose(filings, report)
    if previous_year:
        own = {(one.company_id, one.year_end) for one in chosen}
        older = [one.before for one in chosen if one.before is not None]
        chosen += _choose([one for one in older if (one.company_id, one.year_end) not in own], report)
    tally.tell(report)
    if not chosen and not report.of_level("fatal", "error"):
        report.add("liasse_no_code", "fatal", file=report.files[0])
    report.refuse()
    return Statements(new_table(pd.DataFrame([_row(one) for one in chosen]), report), report)


def _default(
    path: Any,
    company_id: str | None,
    company_name: str | None,
    year_end: str | date | None,
    months: float | None,
    currency: str,
    form: str | None,
    filing: str | None,
) -> Filing:
    """What the caller says of the accounts, checked."""
    checks = (
        ("months", months, "12", months is None or 0 < months <= MOST_MONTHS),
        ("currency", currency, "EUR", bool(re.fullmatch("[A-Z]{3}", str(currency)))),
        ("form", form, "2050, 2033", form in (None, "2050", "2033")),
        ("filing", filing, "C, S, K", filing in (None, "C", "S", "K")),
    )
    for argument, value, expected, good in checks:
        if not good:
            raise fatal("ledger_bad_argument", value=str(value), argument=argument, expected=expected)
    closing = None if year_end is None else as_day(year_end, "year_end").date()
    name = shorten(str(company_id).strip(), 255) if company_id else shorten(Path(path).name.split(".")[0], 255)
    given = Filing(name, company_name, closing, months, form, filing, currency)
    given.source = "" if company_id else "stem"
    return given


def _row(one: Filing) -> dict[str, Any]:
    used = [known_codes()[code].confirmation for code in one.used]
    return {
        "company_id": one.company_id,
        "company_name": one.company_name,
        "year_end": one.year_end,
        "months": one.months,
        "chart": chart_of(one.year_end, one.months),
        "form": one.family,
        "filing": one.filing or None,
        "currency": one.currency,
        "source": one.source,
        "confirmation": max(used, key=LEVELS.index, default=LEVELS[0]),
        **one.lines,
    }


# ---------------------------------------------------------------- what kind of file


def _read(path: Any, default: Filing, report: LoadReport, encoding: str | None, decimal: str | None) -> list[Filing]:
    data, name, kind = content(path, xml=True)
    if kind == "xml":
        report.files.append(name)
        return _Xml(name, default, report).read(data)
    reader = _Reader(default, report, decimal)
    if kind == "text":
        separator = _headless(decode(data, name, encoding)[0])
        if separator:
            names = ("code", "amount")
            return reader.long(open_sheets(path, report, encoding, separator, frozenset(), names), recognised=names)
    if kind == "workbook":
        raw = open_sheets(path, LoadReport(), None, None, frozenset(), ())
        filled = [sheet for sheet in raw if _frame(sheet)]
        if filled:
            report.files.append(name)
            return reader.template(filled)
        if len(raw) == 1 and len(raw[0].headings) == 2 and _code_of(raw[0].text[0][0] or ""):
            report.files.append(name)
            return reader.long(raw, recognised=("code", "amount"))
    return reader.long(open_sheets(path, report, encoding, None, frozenset(_headings())))


def _headless(text: str) -> str | None:
    """Separator of a file of codes and amounts without headings; None: it has headings."""
    first = next(line for line in text.splitlines() if line.strip())
    found = _HEADLESS.match(first)
    if found and _code_of(found[1]) and plain(found[1]) not in _headings() and plain(found[3]) not in _headings():
        return found[2]
    return None


def _code_of(written: str) -> str | None:
    """A code as the forms print it; None: it cannot be one."""
    code = written.strip().upper().replace("Ø", "0")
    return code if _SHAPE.fullmatch(code) else None


# ---------------------------------------------------------------- tables


class _Reader:
    """Reads sheets of codes and amounts into filings, and notes every defect with its line."""

    def __init__(self, default: Filing, report: LoadReport, decimal: str | None):
        self.default, self.report, self.decimal = default, report, decimal
        self.filings: dict[Any, Filing] = {}
        self._seen: dict[Any, Filing] = {}

    def long(self, sheets: Sequence[Sheet], recognised: Sequence[str] = ()) -> list[Filing]:
        """Filings of tables with one amount a row."""
        places = [_places(sheet, recognised) for sheet in sheets]
        if not any({"code", "amount"} <= set(found) for found in places):
            found = Listing(filter(None, sheets[0].headings))
            accepted = Listing(
                row["text"] for row in reference("settings_words.csv") if row["list"] == "liasse_heading"
            )
            raise fatal("liasse_layout", sheets[0].label, found=found, accepted=accepted)
        for sheet, place in zip(sheets, places):
            if {"code", "amount"} <= set(place):
                self._sheet(sheet, place)
            else:
                self.report.add("ledger_sheet_ignored", "note", file=sheet.file, value=sheet.name)
        self._fill_in()
        return list(self.filings.values())

    def _sheet(self, sheet: Sheet, place: dict[str, int]) -> None:
        self._check_headings(sheet, place)
        self.report.rows_read += len(sheet.lines) + len(sheet.refused)
        blank = [""] * len(sheet.lines)
        cells = {
            name: _texts(sheet, place[name]) if name in place else blank for name in dict.fromkeys(_headings().values())
        }
        found = self._amounts(sheet, place["amount"])
        days = sheet.dates[place["year_end"]].to_list() if place.get("year_end") in sheet.dates else None
        heading = sheet.headings[place["amount"]]
        about = [name for name in cells if name not in ("code", "amount")]
        for row, line in enumerate(sheet.lines.to_list()):
            if any(values[row] for values in cells.values()):
                written = {name: cells[name][row] for name in about}
                one = self._filing(sheet, place, line, written, days[row] if days else None)
                self._cell(one, sheet, line, heading, cells["code"][row], cells["amount"][row], found[row])

    def _check_headings(self, sheet: Sheet, place: dict[str, int]) -> None:
        known = [_headings().get(plain(heading)) for heading in sheet.headings]
        for name in place:
            if known.count(name) > 1:
                twice = Listing(heading for heading, other in zip(sheet.headings, known) if other == name)
                self.report.add("ledger_heading_twice", "fatal", file=sheet.label, name=name, found=twice)
        unknown = [
            heading
            for at, (heading, name) in enumerate(zip(sheet.headings, known))
            if heading and name is None and at not in place.values()
        ]
        if unknown:
            self.report.add("ledger_unknown_headings", "note", file=sheet.label, found=Listing(unknown))
        at = place.get("company_id", -1)
        count = int(sheet.numbers[at].count()) if at in sheet.numbers else 0
        if count:
            self._number_as_text(sheet, sheet.headings[at], count)

    def _number_as_text(self, sheet: Sheet, heading: str, count: int) -> None:
        self.report.add("ledger_number_as_text", "note", file=sheet.label, column=heading, count=count, n=count)

    def _amounts(self, sheet: Sheet, at: int, start: int = 0) -> list[float | None]:
        """Amounts of a column from a row on; a nil sign is nil."""
        text = pl.Series(["0" if cell in ("Ø", "ø") else cell for cell in _texts(sheet, at)[start:]], dtype=pl.String)
        typed = sheet.numbers[at].slice(start) if at in sheet.numbers else None
        found, unclear = amounts(text, typed, self.decimal)
        if unclear:
            raise fatal("ledger_ask_decimal", sheet.label, column=sheet.headings[at], value=unclear)
        return found.to_list()

    def _cell(
        self, one: Filing, sheet: Sheet, line: int, heading: str, written: str, text: str, amount: float | None
    ) -> None:
        """One code and its amount."""
        code = _code_of(written)
        if code is None:
            self.report.add("liasse_bad_code", file=sheet.label, line=line, value=written)
        elif text and amount is None and _restored(code) in known_codes():
            self.report.add("bad_amount", file=sheet.label, line=line, column=heading, value=text)
        elif text:
            one.add(code, Found(float("nan") if amount is None else amount, line, heading))

    # -- whose accounts

    def _filing(self, sheet: Sheet, place: dict[str, int], line: int, cells: dict[str, str], day: Any) -> Filing:
        """The company-year of a row; what differs from the rows before is an error."""
        written = (*cells.values(), day)
        if written in self._seen:
            return self._seen[written]

        def wrong(name: str, code: str, level: str = "error", **details: Any) -> None:
            heading = sheet.headings[place[name]] if name in place else ""
            self.report.add(code, level, file=sheet.label, line=line, column=heading, value=cells[name], **details)

        company = cells["company_id"] or ("" if "company_id" in place else self.default.company_id)
        if not company:
            wrong("company_id", "blank_value", expected=message("liasse_company_id"))
        closing = _closing(cells["year_end"], day)
        if closing is None and "year_end" in place:
            wrong("year_end", "bad_date" if cells["year_end"] else "blank_value", expected="31/12/2025, 2025-12-31")
        filing = _word("liasse_filing", cells["filing"])
        if cells["filing"] and filing is None:
            wrong("filing", "liasse_bad_filing")
        filing = filing or self.default.filing or ""
        closing = closing or self.default.year_end
        known = self.filings.setdefault((company, closing, filing), Filing(company, year_end=closing, filing=filing))
        known.source = sheet.file
        for name, value in _about(cells, wrong).items():
            before = getattr(known, name)
            if value is not None and before is None:
                setattr(known, name, value)
            elif value is not None and value != before:
                level = "note" if name == "company_name" else "error"
                wrong(name, "liasse_differs", level, place=known.place, before=str(before))
        self._seen[written] = known
        return known

    def _fill_in(self) -> None:
        """What the file does not say: from the caller, or assumed and told."""
        file, default = self.report.files[0], self.default
        filings = list(self.filings.values())
        if default.source and any(one.company_id == default.company_id for one in filings):
            self.report.add("liasse_company_assumed", "note", file=file, value=default.company_id)
        short = sum(one.months is None for one in filings)
        if short and default.months is None:
            self.report.add("liasse_months_assumed", "note", file=file, count=short, n=short)
        if any(one.year_end is None for one in filings):
            self.report.add("liasse_no_date", "note", file=file)
        for one in filings:
            one.company_name = one.company_name or default.company_name
            one.months = one.months or default.months or MONTHS
            one.currency = one.currency or default.currency
            one.form = one.form or default.form

    # -- the template

    def template(self, sheets: Sequence[Sheet]) -> list[Filing]:
        """Filings of the workbook that a person filled, one column per year."""
        head = _frame(sheets[0])
        if head is None:
            raise fatal("empty_file", sheets[0].label)
        for sheet in sheets:
            frame = _frame(sheet)
            if frame is not None:
                self._page(sheet, frame)
        for column in head.years:
            self._identity(sheets[0], head, column)
        self._fill_in()
        return list(self.filings.values())

    def _page(self, sheet: Sheet, frame: _Frame) -> None:
        lines, codes = sheet.lines.to_list(), _texts(sheet, 0)
        self.report.rows_read += len(lines) - frame.heading - 1
        for column in frame.years:
            start = frame.heading + 1
            found, written = self._amounts(sheet, column, start), _texts(sheet, column)[start:]
            heading = _texts(sheet, column)[frame.heading]
            for row, (text, amount) in enumerate(zip(written, found), start):
                if text:
                    one = self.filings.setdefault(column, Filing("", source=sheet.file))
                    self._cell(one, sheet, lines[row], heading, codes[row], text, amount)

    def _identity(self, sheet: Sheet, frame: _Frame, column: int) -> None:
        """Company and year of one column, from the rows above the headings."""
        rows, lines = frame.identity, sheet.lines.to_list()
        heading = _texts(sheet, column)[frame.heading]

        def written(name: str, at: int) -> str:
            return _texts(sheet, at)[rows[name]] if name in rows else ""

        def wrong(name: str, code: str, level: str = "error", **details: Any) -> None:
            line = lines[rows[name]] if name in rows else None
            self.report.add(code, level, file=sheet.label, line=line, column=heading, value=cells[name], **details)

        first = frame.years[0]
        cells = {name: written(name, first) for name in ("company_id", "company_name", "currency")}
        cells |= {name: written(name, column) for name in ("year_end", "months")} | {"form": ""}
        days = sheet.dates[column].to_list() if column in sheet.dates else None
        closing = _closing(cells["year_end"], days[rows["year_end"]] if days and "year_end" in rows else None)
        if column not in self.filings:
            if cells["year_end"]:
                self.report.add("liasse_year_empty", "note", file=sheet.label, column=heading, value=cells["year_end"])
            return
        one = self.filings[column]
        if closing is None:
            wrong("year_end", "bad_date" if cells["year_end"] else "blank_value", expected="31/12/2025, 2025-12-31")
        one.company_id, one.year_end = cells["company_id"] or self.default.company_id, closing
        one.filing = self.default.filing
        for name, value in _about(cells, wrong).items():
            setattr(one, name, value)


class _Frame(NamedTuple):
    """Where the template holds what, as places within the rows of its sheet that are filled."""

    heading: int
    years: tuple[int, ...]
    identity: dict[str, int]


def _frame(sheet: Sheet) -> _Frame | None:
    """Rows and columns of a sheet of the template; None: it is no such sheet."""
    if len(sheet.text) < 3:
        return None
    codes, labels = _texts(sheet, 0)[:30], _texts(sheet, 1)[:30]
    names = {plain(message(f"template_{name}", tongue)): name for name in IDENTITY_ROWS for tongue in ("fr", "en")}
    identity = {
        names[plain(label)]: row for row, label in enumerate(labels) if plain(label) in names and not codes[row]
    }
    heading = next((row for row, code in enumerate(codes) if plain(code) == "code"), None)
    if heading is None or "year_end" not in identity:
        return None
    years = []
    for column in range(2, len(sheet.text)):
        if not _texts(sheet, column)[heading]:
            break
        years.append(column)
    return _Frame(heading, tuple(years), identity) if years else None


def _texts(sheet: Sheet, at: int) -> list[str]:
    return sheet.text[at].fill_null("").str.strip_chars().to_list()


def _places(sheet: Sheet, recognised: Sequence[str]) -> dict[str, int]:
    """Place of each column of ours, the first where there are several."""
    if recognised:
        return {name: at for at, name in enumerate(recognised)}
    places: dict[str, int] = {}
    for at, heading in enumerate(sheet.headings):
        name = _headings().get(plain(heading))
        if name:
            places.setdefault(name, at)
    return places


def _closing(written: str, typed: date | None) -> date | None:
    """A closing date; None: blank, unreadable or out of reach."""
    if typed is None and written:
        try:
            typed = as_day(written).date()
        except InputError:
            return None
    return typed if typed is not None and YEARS[0] <= typed.year <= YEARS[1] else None


def _about(cells: Mapping[str, str], wrong: Callable[..., None]) -> dict[str, Any]:
    """Name, months, form and currency of a company-year; None: not said, or unreadable, which is noted."""
    months = _months(cells["months"])
    if cells["months"] and months is None:
        wrong("months", "liasse_bad_months", expected="12")
    form = _family_of(cells["form"])
    if cells["form"] and form is None:
        wrong("form", "liasse_bad_form", expected="2050, 2033")
    currency = _currency(cells["currency"])
    if cells["currency"] and currency is None:
        wrong("currency", "ledger_bad_currency")
    return {"company_name": cells["company_name"] or None, "months": months, "form": form, "currency": currency}


def _months(written: str) -> float | None:
    found = re.fullmatch(r"([0-9]{1,2}(?:[.,][0-9]+)?)\s*(?:mois|months?)?", written)
    value = float(found[1].replace(",", ".")) if found else 0.0
    return value if 0 < value <= MOST_MONTHS else None


def _family_of(written: str) -> str | None:
    """2050 for any page of the complete forms, 2033 for the simplified ones."""
    found = re.match(r"20(?:33|5[0-9])", written)
    return None if not found else "2033" if found[0] == "2033" else "2050"


def _word(name: str, written: str) -> str | None:
    rows = reference("settings_words.csv")
    known = {plain(row["text"]): row["value"] for row in rows if row["list"] == name}
    return known.get(plain(written)) if written else None


def _currency(written: str) -> str | None:
    known = {
        plain(row["text"]) or row["text"]: row["value"] for row in reference("values.csv") if row["list"] == "currency"
    }
    code = known.get(plain(written) or written, written.upper())
    return code if re.fullmatch("[A-Z]{3}", code) else None


# ---------------------------------------------------------------- from codes to lines


@dataclass
class _Tally:
    """Codes to be named once for the whole file."""

    unused: dict[str, None] = field(default_factory=dict)
    restored: dict[str, None] = field(default_factory=dict)
    levels: dict[str, set[str]] = field(default_factory=lambda: {level: set() for level in LEVELS[1:]})

    def tell(self, report: LoadReport) -> None:
        """Note the codes that are not used, and those whose reading is not confirmed."""
        file = report.files[0] if report.files else ""
        if self.unused:
            found = Listing(sorted(self.unused))
            report.add("liasse_unused_codes", "note", file=file, count=len(found), n=len(found), found=found)
        if self.restored:
            found = Listing(sorted(self.restored))
            report.add("liasse_zeros_lost", "note", file=file, count=len(found), n=len(found), found=found)
        for level, codes in self.levels.items():
            if codes:
                found = Listing(sorted(codes))
                report.add(f"liasse_{level}_codes", "note", file=file, count=len(found), n=len(found), found=found)


def _close(one: Filing, report: LoadReport, tally: _Tally) -> None:
    """The lines of one filing from its codes, with everything in it that cannot be right."""
    if one.filing in REFUSED:
        return
    if one.codes:
        _place(one, report, tally)
    if one.form and one.family and one.form != one.family:
        report.add("liasse_form_differs", file=one.source, value=one.place, found=one.family, expected=one.form)
    for code in one.used:
        level = known_codes()[code].confirmation
        if level in tally.levels:
            tally.levels[level].add(code)
    _check_assets(one, report)
    _check_totals(one, report)


def _place(one: Filing, report: LoadReport, tally: _Tally) -> None:
    one.family = _family(one, report)
    known: dict[str, Found] = {}
    for written, cells in one.codes.items():
        code = _restored(written) if one.family == "2033" and _restored(written) not in one.codes else written
        about = known_codes().get(code)
        if about is None or about.family != one.family or (one.filing == "K" and code in _GROUP_ONLY):
            tally.unused[written] = None
            continue
        known[code] = _only(one, code, cells, report)
        if code != written:
            tally.restored[written] = None
    shares: dict[str, dict[str, Found]] = {}
    for code, found in known.items():
        about = known_codes()[code]
        if about.part in ("france", "export"):
            shares.setdefault(about.line, {})[about.part] = found
            continue
        one.lines[about.line] = found.amount
        if found.amount:
            one.used.add(code)
    for line, parts in shares.items():
        _add_shares(one, line, parts, report)


def _restored(written: str) -> str:
    """A code of the simplified forms whose leading zero a spreadsheet ate."""
    return written.zfill(3) if re.fullmatch("[0-9]{2}", written) and written.zfill(3) in known_codes() else written


def _family(one: Filing, report: LoadReport) -> str:
    """The forms that the amounts other than nil stand on; both at once is an error."""
    filled: dict[str, dict[str, Found]] = {"2050": {}, "2033": {}}
    for code, cells in one.codes.items():
        about = known_codes().get(code)
        if about is not None:
            for found in [found for found in cells if found.amount][:1]:
                filled[about.family][code] = found
    rare, main = sorted(filled, key=lambda family: len(filled[family]))
    for code, found in list(filled[rare].items())[:10] if filled[main] else ():
        report.add("liasse_mixed_forms", file=one.source, line=found.line, value=code, place=one.place)
    given = [about.family for about in map(known_codes().get, one.codes) if about is not None]
    return main if filled[main] else max(given, key=given.count, default="2050")


def _only(one: Filing, code: str, cells: Sequence[Found], report: LoadReport) -> Found:
    """The amount of a code; given twice it must be the same."""
    for again in cells[1:]:
        same = again.amount == cells[0].amount
        report.add(
            "liasse_code_again" if same else "liasse_code_twice",
            "note" if same else "error",
            file=one.source,
            line=again.line,
            column=again.column,
            value=code,
            place=one.place,
            first=cells[0].amount,
            second=again.amount,
            at=cells[0].line or 0,
        )
    return cells[0]


def _add_shares(one: Filing, line: str, parts: Mapping[str, Found], report: LoadReport) -> None:
    """France and export: they make the line where it is not given, and must agree with it where it is."""
    if one.family == "2033":
        return  # the simplified form prints the whole and, beside it, the exports within
    total = one.lines.get(line)
    if len(parts) < 2:
        if total is None and next(iter(parts.values())).amount:
            report.add("liasse_share_alone", "warning", file=one.source, value=one.place, row=line_code(line))
        return
    made = sum(found.amount for found in parts.values())
    if total is None:
        one.lines[line] = made
    elif abs(made - total) > TOLERANCE:
        report.add(
            "liasse_shares_differ", "warning", file=one.source, value=one.place, row=line_code(line), gap=made - total
        )


def _check_assets(one: Filing, report: LoadReport) -> None:
    """Depreciation without the asset it belongs to, or above it."""
    for name, amort in one.lines.items():
        if not name.endswith("_amort") or not amort:
            continue
        line = base_line(name)
        gross, net = one.lines.get(line), one.lines.get(f"{line}_net")
        about: dict[str, Any] = {"file": one.source, "value": one.place, "row": line_code(line), "amount": amort}
        if gross is None and net is None:
            report.add("liasse_second_alone", "warning", **about)
        elif gross is not None and amort > gross + TOLERANCE:
            report.add("liasse_amort_above", "warning", **about, gross=gross)


def _check_totals(one: Filing, report: LoadReport) -> None:
    """Totals of which the form gives no row at all."""
    printed = {about.line for about in known_codes().values() if about.family == one.family}
    bare = []
    memo = {row["key"] for row in reference("totals.csv") if row["scope"] == "memo"}
    for total in totals():
        rows = [name for name in total.parts.names if name in printed]
        if (
            one.lines.get(total.name)
            and total.name not in memo
            and rows
            and not any(name in one.lines for name in rows)
        ):
            bare.append(line_code(total.name))
    bare = [code for code in bare if code and known_codes()[code].family == one.family] or bare
    if bare:
        report.add(
            "liasse_totals_only", "warning", file=one.source, value=one.place, found=Listing(dict.fromkeys(bare))
        )


def _choose(filings: Iterable[Filing], report: LoadReport) -> list[Filing]:
    """One filing for each company and year: complete, else simplified, else consolidated; of equals the latest."""
    years: dict[Any, list[Filing]] = {}
    for one in filings:
        if one.filing in REFUSED:
            report.add("liasse_refused_filing", "warning", file=one.source, value=one.place, filing=one.filing)
        elif one.lines:
            years.setdefault((one.company_id, one.year_end), []).append(one)
        else:
            report.add("liasse_no_amount", "warning", file=one.source, value=one.place)
    chosen = []
    for same in years.values():
        latest = sorted(same, key=lambda one: one.deposit, reverse=True)
        best, *others = sorted(latest, key=lambda one: PREFERRED.index(one.filing or ""))
        chosen.append(best)
        for other in others:
            if (other.filing, other.deposit) == (best.filing, best.deposit):
                if other.year_end is not None or not report.of_level("error"):  # else its date is the defect
                    report.add("statements_twice", file=other.source, value=other.place)
            else:
                kept, left = best.filing or "–", other.filing or "–"
                report.add("liasse_other_filing", "note", file=other.source, value=other.place, kept=kept, left=left)
    return chosen


# ---------------------------------------------------------------- XML of the INPI


@dataclass
class _Bilan:
    """One filing of the XML as it is read."""

    identity: dict[str, str] = field(default_factory=dict)
    rows: dict[str, tuple[dict[str, float], int]] = field(default_factory=dict)  # m1..m4 and line, by code
    line: int = 0


class _Xml:
    """Streams the INPI's XML; no entity, no document type, no depth beyond the schema's."""

    def __init__(self, name: str, default: Filing, report: LoadReport):
        self.name, self.default, self.report = name, default, report
        self.filings: list[Filing] = []
        self._path: list[str] = []
        self._bilan = _Bilan()
        self._text = ""
        self._foreign: dict[str, None] = {}
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def read(self, data: bytes) -> list[Filing]:
        """Every filing of the file."""
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            raise fatal("liasse_bad_xml", self.name, line=error.lineno, reason=reason) from None
        self.report.add("liasse_xml_untried", "note", file=self.name)
        if self._foreign:
            self.report.add("liasse_xml_foreign", "note", file=self.name, found=Listing(self._foreign))
        return self.filings

    def _doctype(self, *_: Any) -> None:
        raise fatal("liasse_doctype", self.name, line=self._parser.CurrentLineNumber)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        if not self._path and name != "bilans":
            raise fatal("liasse_not_inpi", self.name, line=self._parser.CurrentLineNumber, value=name)
        if len(self._path) >= _XML_DEPTH:
            raise fatal("liasse_bad_xml", self.name, line=self._parser.CurrentLineNumber, reason=shorten(name))
        self._path.append(name)
        self._text = ""
        if self._path == ["bilans", "bilan"]:
            self._bilan = _Bilan(line=self._parser.CurrentLineNumber)
        elif self._path == ["bilans", "bilan", "detail", "page", "liasse"]:
            self._row(attributes)
        elif name not in ("bilans", "identite", "detail", "page") and self._path[-2] != "identite":
            self._foreign[shorten(name)] = None

    def _characters(self, text: str) -> None:
        if len(self._text) < _XML_TEXT:
            self._text += text

    def _end(self, _: str) -> None:
        if self._path[-2:-1] == ["identite"]:
            self._bilan.identity[self._path[-1]] = self._text.strip()
        elif self._path == ["bilans", "bilan"]:
            self._finish(self._bilan)
        self._path.pop()

    def _row(self, attributes: dict[str, str]) -> None:
        """One code with its amounts."""
        line, self.report.rows_read = self._parser.CurrentLineNumber, self.report.rows_read + 1
        written = attributes.get("code", "")
        code = _code_of(written)
        if code is None:
            self.report.add("liasse_bad_code", file=self.name, line=line, value=written)
            return
        found: dict[str, float] = {}
        for column in ("m1", "m2", "m3", "m4"):
            text = attributes.get(column, "").strip()
            if re.fullmatch("[+-]?[0-9]{1,18}", text, re.ASCII):
                found[column] = float(int(text))
            elif text and code in known_codes():
                self.report.add("bad_amount", file=self.name, line=line, column=f"{code} {column}", value=text)
        rows = self._bilan.rows
        if code in rows and rows[code][0] != found:
            self.report.add(
                "liasse_row_twice", file=self.name, line=line, value=code, at=rows[code][1], place=self._bilan_place()
            )
        elif code in rows:
            self.report.add("liasse_row_again", "note", file=self.name, line=line, value=code, at=rows[code][1])
        else:
            rows[code] = (found, line)

    def _bilan_place(self) -> str:
        about = self._bilan.identity
        return f"{about.get('siren', '')} {about.get('date_cloture_exercice', '')}".strip()

    def _finish(self, bilan: _Bilan) -> None:
        """One filing, and the year before as it shows it."""
        about = {name: shorten(text, 255) for name, text in bilan.identity.items()}

        def wrong(name: str, code: str, **details: Any) -> None:
            self.report.add(code, file=self.name, line=bilan.line, column=name, value=about.get(name, ""), **details)

        company = about.get("siren") or self.default.company_id
        if not about.get("siren") and self.default.source:
            wrong("siren", "blank_value", expected="siren")
        kind = about.get("code_type_bilan", "").upper() or (self.default.filing or "")
        if kind not in (*PREFERRED, *REFUSED):
            wrong("code_type_bilan", "liasse_bad_filing")
            kind = ""
        one = Filing(company, about.get("denomination") or self.default.company_name, filing=kind, source=self.name)
        one.deposit = about.get("date_depot", "")
        one.currency = _currency(about.get("code_devise", "")) or self.default.currency
        if about.get("code_devise") and _currency(about["code_devise"]) is None:
            wrong("code_devise", "ledger_bad_currency")
        one.year_end, one.months = self._year(about, "", wrong)
        if about.get("code_confidentialite", "0").strip("0"):
            self.report.add(
                "liasse_confidential", "note", file=self.name, value=one.place, row=about["code_confidentialite"]
            )
        self.filings.append(one)
        if kind in REFUSED:
            return
        before = Filing(company, one.company_name, filing=kind, source=f"{self.name} (N-1)", currency=one.currency)
        self._amounts(bilan, one, before)
        if about.get("date_cloture_exercice_n-1") and before.lines:
            before.year_end, before.months = self._year(about, "_n-1", wrong)
            before.family, one.before = one.family, before

    def _year(self, about: Mapping[str, str], suffix: str, wrong: Callable[..., None]) -> tuple[date | None, float]:
        name, length = f"date_cloture_exercice{suffix}", "duree_exercice_n" + suffix.removeprefix("_n")
        closing = _closing(about.get(name, ""), None)
        if closing is None and (about.get(name) or self.default.year_end is None):
            wrong(name, "bad_date" if about.get(name) else "blank_value", expected="20251231")
        months = _months(about.get(length, "").lstrip("0"))
        if months is None and about.get(length, "").strip("0"):
            wrong(length, "liasse_bad_months", expected="12")
        if months is None and self.default.months is None:
            self.report.add("liasse_months_assumed", "note", file=self.name, count=1, n=1)
        return closing or self.default.year_end, months or self.default.months or MONTHS

    def _amounts(self, bilan: _Bilan, one: Filing, before: Filing) -> None:
        """Lines of the year and of the year before, by what each column of the forms means."""
        families = [known_codes()[code].family for code in bilan.rows if code in known_codes()]
        one.family = "2033" if families.count("2033") > len(families) / 2 else "2050"
        third = any("m3" in found for code, (found, _) in bilan.rows.items() if _is_simplified_liability(code))
        for code, (found, line) in bilan.rows.items():
            about = known_codes().get(code)
            group = one.filing == "K" and code in _GROUP_ONLY
            if about is None or about.family != one.family or group or about.part in ("amort", "export"):
                one.codes.setdefault(code, [])
                continue
            now, then = _columns(about, found, third)
            self._check_row(about, found, one, line)
            one.lines |= now
            before.lines |= then
            for filing, values in ((one, now), (before, then)):
                if any(values.values()):
                    filing.used.add(code)

    def _check_row(self, about: Code, found: Mapping[str, float], one: Filing, line: int) -> None:
        """Amounts of a row that must agree: gross less depreciation is net, France and export are the total."""
        sign = -1 if about.part == "gross" and about.line in _asset_lines() else 1 if about.part == "france" else 0
        if sign and {"m1", "m2", "m3"} <= set(found):
            gap = found["m1"] + sign * found["m2"] - found["m3"]
            if abs(gap) > TOLERANCE:
                self.report.add(
                    "liasse_row_differs",
                    "warning",
                    file=self.name,
                    line=line,
                    value=about.code,
                    place=one.place,
                    gap=gap,
                )


def _is_simplified_liability(code: str) -> bool:
    about = known_codes().get(code)
    if about is None or about.form != "2033-A" or about.part == "memo":
        return False
    return base_line(about.line) not in _asset_lines()


def _columns(about: Code, found: Mapping[str, float], third: bool) -> tuple[dict[str, float], dict[str, float]]:
    """Lines of the year and of the year before that one row of the XML gives.

    `third`: the liabilities of form 2033-A stand in m3 and m4, as the INPI's own
    reader has them, not in m1 and m2 as on form 2051.
    """
    line, now, then = about.line, "m1", "m2"
    if about.part == "gross" and line in _asset_lines():
        return _asset(line, found)
    if base_line(line) != line:
        now, then = "m3", "m4"
    elif about.form == "2052":
        if about.part == "france" and "m3" not in found and {"m1", "m2"} <= set(found):
            found = {**found, "m3": found["m1"] + found["m2"]}
        now, then = "m3", "m4"
    elif about.form == "2033-A" and third:
        now, then = "m3", "m4"
    elif about.form == "2057":
        then = ""  # m2 to m4 are maturities
    if about.part == "memo" and about.form in ("2050", "2033-A") and now not in found and len(set(found.values())) == 1:
        return {line: next(iter(found.values()))}, {}  # one figure, in the cell that the form leaves for it
    return _kept(line, found, now), _kept(line, found, then)


def _kept(line: str, found: Mapping[str, float], column: str) -> dict[str, float]:
    return {line: found[column]} if column in found else {}


def _asset(line: str, found: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Gross and depreciation, where need be from the net; the net alone where they are not to be had."""
    gross, amort, net = (found.get(column) for column in ("m1", "m2", "m3"))
    if amort is None and gross is not None and net is not None:
        amort = gross - net
    elif gross is None and amort is not None and net is not None:
        gross = net + amort
    if line in never_written_down() and not amort:
        amort = None
    whole = gross is not None and (amort is not None or line in never_written_down())
    values = {line: gross, f"{line}_amort": amort, f"{line}_net": None if whole else net}
    return {name: value for name, value in values.items() if value is not None}, _kept(f"{line}_net", found, "m4")
