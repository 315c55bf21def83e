"""Workbooks that a person fills and the package reads back: the accounts of a company, one column per year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from cmtools.columns import YEARS
from cmtools.files import written_whole
from cmtools.formulas import Formula, base_line, parse, reference
from cmtools.language import Reason, message, resolve
from cmtools.liasse import IDENTITY_ROWS, Code, known_codes
from cmtools.lines import totals
from cmtools.schemas import Defect, InputError

MOST_YEARS = 10
PAGES = {  # sheet: forms on it
    "assets": ("2050",),
    "liabilities": ("2051",),
    "income": ("2052", "2053"),
    "annexes": ("2057", "2058-C"),
    "simplified_balance": ("2033-A",),
    "simplified_income": ("2033-B",),
}
HEADING = 7  # row of the column headings, from nil: the identity stands above
FIRST = 2  # first column of a year: code and label stand before it
_SINGLE = ("company_id", "company_name", "currency")  # said once for all years
_LARGEST = 1e13


class Row(NamedTuple):
    """One row of a page."""

    code: Code
    label: str
    total: bool


class Place(NamedTuple):
    """Where a line stands: sheet and row (from nil)."""

    sheet: str
    row: int


def write_statements_template(
    path: str | Path, language: str | None = None, years: int = 3, *, overwrite: bool = False
) -> Path:
    """Write the workbook in which a person types accounts as the forms print them.

    Parameters
    ----------
    path : str or Path
    language : {"fr", "en"}, optional
        Of labels and headings; the codes are the same.
    years : int, default 3
        Columns for years, 1 to 10.
    overwrite : bool
        False: a file that exists is refused, since it may hold what someone typed.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If `path` exists, or `years` is out of reach.

    Notes
    -----
    One sheet per page: assets (gross, then depreciation), liabilities, income
    statement, annexes, and the simplified forms; fill the complete forms or
    the simplified ones. Leave blank what is unknown, write 0 where it is nil;
    totals are typed too, and the column « écart » beside them shows by how much
    their rows miss them. :func:`cmtools.read_liasse` reads the file back.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_statements_template(Path(folder) / "client.xlsx", "en", years=2).name
    'client.xlsx'
    """
    path, tongue = Path(path), resolve(language)
    if isinstance(years, bool) or not isinstance(years, int) or not 1 <= years <= MOST_YEARS:
        details = {"argument": "years", "expected": f"1–{MOST_YEARS}"}
        raise InputError([Defect("ledger_bad_argument", "fatal", value=str(years), details=details)])
    if path.exists() and not overwrite:
        raise InputError([Defect("template_exists", "fatal", value=str(path))])
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    try:
        with written_whole(path) as partial, xlsxwriter.Workbook(partial, options) as book:
            _Template(book, tongue, years).write()
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        details = {"reason": Reason.of(error)}
        raise InputError([Defect("template_not_written", "fatal", value=str(path), details=details)]) from None
    return path


@cache
def _labels(language: str) -> Mapping[str, str]:
    return {row["key"]: row[language] for row in reference("lines.csv")}


def page_rows(page: str, language: str) -> list[Row]:
    """Rows of one page in the order of the forms, gross before depreciation."""
    sums = {total.name for total in totals()}
    order = {row["key"]: rank for rank, row in enumerate(reference("lines.csv"))}
    found = [
        code for code in known_codes().values() if code.form in PAGES[page] and code.part not in ("france", "export")
    ]
    if page in ("assets", "simplified_balance"):
        found.sort(key=lambda code: (code.part in ("memo", "net") and page == "assets", order[base_line(code.line)]))
    if page == "simplified_balance":  # assets first, as printed, then what the form prints below
        assets = {row["key"] for row in reference("lines.csv") if row["statement"] == "actif"}
        found.sort(key=lambda code: (base_line(code.line) not in assets, code.code))
    if page == "income":
        found.sort(key=lambda code: code.part == "memo")
    rows = []
    for code in found:
        text = _labels(language)[base_line(code.line)]
        if code.part in ("gross", "amort") and page in ("assets", "simplified_balance"):
            text = message(f"template_{code.part}", language, label=text)
        rows.append(Row(code, text, code.line in sums))
    return rows


class _Template:
    """Writes the sheets of one workbook."""

    def __init__(self, book: Any, language: str, years: int):
        self.book, self.language, self.years = book, language, years
        self.pages = {page: page_rows(page, language) for page in PAGES}
        self.names = {page: message(f"template_{page}", language) for page in PAGES}
        money = "#,##0;[Red]-#,##0"
        typed = {"locked": False, "bg_color": "#fff8e1", "border": 1, "border_color": "#d9cfa8"}
        self.formats = {
            "title": book.add_format({"bold": True, "font_size": 14}),
            "hint": book.add_format({"italic": True, "font_color": "#5f6b76"}),
            "heading": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
            "text": book.add_format({**typed, "num_format": "@"}),
            "date": book.add_format({**typed, "num_format": "dd/mm/yyyy"}),
            "months": book.add_format(typed),
            "money": book.add_format({**typed, "num_format": money}),
            "total": book.add_format({**typed, "num_format": money, "bg_color": "#ffecb3", "bold": True}),
            "bold": book.add_format({"bold": True}),
            "code": book.add_format({"num_format": "@", "font_color": "#5f6b76"}),
            "gap": book.add_format({"num_format": '#,##0;[Red]-#,##0;"✓"', "italic": True}),
            "copied": book.add_format({"italic": True}),
            "copied_date": book.add_format({"num_format": "dd/mm/yyyy", "italic": True}),
        }

    def write(self) -> None:
        """Every page, then the controls."""
        for page in PAGES:
            self._page(page)
        self._controls()

    def text(self, key: str, **values: Any) -> str:
        """A sentence in the language of the workbook."""
        return message(key, self.language, **values)

    def _page(self, page: str) -> None:
        sheet = self.book.add_worksheet(self.names[page])
        self._top(sheet, page)
        gaps = FIRST + self.years + 1
        places = self._places("2033" if page.startswith("simplified") else "2050")
        for at, row in enumerate(self.pages[page], HEADING + 1):
            style = self.formats["total"] if row.total else self.formats["money"]
            sheet.write_string(at, 0, row.code.code, self.formats["code"])
            sheet.write_string(at, 1, row.label, self.formats["bold"] if row.total else None)
            for year in range(self.years):
                sheet.write_blank(at, FIRST + year, None, style)
                if row.total:
                    formula = self._gap(row.code.line, places, self.names[page], FIRST + year)
                    if formula:
                        sheet.write_formula(at, gaps + year, formula, self.formats["gap"], "")
        last = HEADING + len(self.pages[page])
        self._accept_numbers(sheet, HEADING + 1, last)
        sheet.set_column(0, 0, 7)
        sheet.set_column(1, 1, 76)
        sheet.set_column(FIRST, FIRST + self.years - 1, 16)
        sheet.set_column(FIRST + self.years, FIRST + self.years, 2)
        sheet.set_column(gaps, gaps + self.years - 1, 12)
        sheet.freeze_panes(HEADING + 1, FIRST)
        sheet.protect("", {"format_columns": True, "format_rows": True, "format_cells": True})
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(HEADING)

    def _top(self, sheet: Any, page: str) -> None:
        """Whose accounts, said on the first page and repeated on the others; then the headings of the columns."""
        first = page == next(iter(PAGES))
        sheet.write_string(0, 0, self.names[page], self.formats["title"])
        sheet.write_string(1, 0, self.text("template_hint"), self.formats["hint"])
        for at, name in enumerate(IDENTITY_ROWS, 2):
            sheet.write_string(at, 1, self.text(f"template_{name}"), self.formats["bold"])
            for year in range(1 if name in _SINGLE else self.years):
                column = FIRST + year
                style = {"year_end": "date", "months": "months"}.get(name, "text")
                if first:
                    sheet.write_blank(at, column, None, self.formats[style])
                else:
                    cell = f"'{self.names[next(iter(PAGES))]}'!{xl_rowcol_to_cell(at, column)}"
                    copied = self.formats["copied_date" if style == "date" else "copied"]
                    sheet.write_formula(at, column, f'=IF({cell}="","",{cell})', copied, "")
        if first:
            self._accept_identity(sheet)
        sheet.write_string(HEADING, 0, self.text("template_code"), self.formats["heading"])
        sheet.write_string(HEADING, 1, self.text("template_label"), self.formats["heading"])
        for year in range(self.years):
            number = year + 1
            sheet.write_string(
                HEADING, FIRST + year, self.text("template_year", number=number), self.formats["heading"]
            )
            column = FIRST + self.years + 1 + year
            sheet.write_string(HEADING, column, self.text("template_gap", number=number), self.formats["heading"])

    def _accept_identity(self, sheet: Any) -> None:
        rows = {name: at for at, name in enumerate(IDENTITY_ROWS, 2)}
        last = FIRST + self.years - 1
        error = {"error_title": self.text("template_refused"), "ignore_blank": True}
        sheet.data_validation(
            rows["year_end"],
            FIRST,
            rows["year_end"],
            last,
            {
                "validate": "date",
                "criteria": "between",
                "minimum": date(YEARS[0], 1, 1),
                "maximum": date(YEARS[1], 12, 31),
                "error_message": self.text("template_date_only"),
                **error,
            },
        )
        sheet.data_validation(
            rows["months"],
            FIRST,
            rows["months"],
            last,
            {
                "validate": "decimal",
                "criteria": "between",
                "minimum": 0.1,
                "maximum": 36,
                "error_message": self.text("template_months_only"),
                **error,
            },
        )

    def _accept_numbers(self, sheet: Any, first: int, last: int) -> None:
        sheet.data_validation(
            first,
            FIRST,
            last,
            FIRST + self.years - 1,
            {
                "validate": "decimal",
                "criteria": "between",
                "minimum": -_LARGEST,
                "maximum": _LARGEST,
                "ignore_blank": True,
                "error_title": self.text("template_refused"),
                "error_message": self.text("template_number_only"),
            },
        )

    # -- gaps

    def _places(self, family: str) -> dict[str, Place]:
        """Where each line of one set of forms stands."""
        return {
            row.code.line: Place(self.names[page], at)
            for page, rows in self.pages.items()
            if page.startswith("simplified") == (family == "2033")
            for at, row in enumerate(rows, HEADING + 1)
        }

    def _gap(self, name: str, places: Mapping[str, Place], sheet: str, column: int) -> str:
        """A total less its rows; blank while one side is. Several totals of one name: the first with rows here."""
        for total in totals():
            parts = [(sign, part) for sign, part in total.parts.terms if part in places]
            if total.name == name and parts:
                whole = _cell(places[name], sheet, column)
                rows = [_cell(places[part], sheet, column) for _, part in parts]
                made = _sum(parts, places, sheet, column)
                return f'=IF(OR({whole}="",COUNT({",".join(rows)})=0),"",ROUND({whole}-({made}),2))'
        return ""

    def _controls(self) -> None:
        """The equalities between pages, with their gap."""
        sheet = self.book.add_worksheet(self.text("template_controls"))
        sheet.write_string(0, 0, self.text("template_controls"), self.formats["title"])
        sheet.write_string(1, 0, self.text("template_controls_hint"), self.formats["hint"])
        heads = ("template_equality", "template_label")
        for column, key in enumerate(heads):
            sheet.write_string(2, column, self.text(key), self.formats["heading"])
        for year in range(self.years):
            text = self.text("template_gap", number=year + 1)
            sheet.write_string(2, FIRST + year, text, self.formats["heading"])
        at = 3
        for family in ("2050", "2033"):
            places = self._places(family)
            for row in reference("controls.csv"):
                left, right = (_spread(parse(row[side]), places) for side in ("left", "right"))
                if left is None or right is None:
                    continue
                codes = f"{_in_codes(left, family)} = {_in_codes(right, family)}"
                sheet.write_string(at, 0, codes, self.formats["code"])
                sheet.write_string(at, 1, row[self.language])
                for year in range(self.years):
                    column = FIRST + year
                    blank = ",".join(f'{_cell(places[name], "", column)}=""' for _, name in left + right)
                    sides = [_sum(side, places, "", column) for side in (left, right)]
                    formula = f'=IF(OR({blank}),"",ROUND(({sides[0]})-({sides[1]}),2))'
                    sheet.write_formula(at, column, formula, self.formats["gap"], "")
                at += 1
        sheet.set_column(0, 0, 22)
        sheet.set_column(1, 1, 62)
        sheet.set_column(FIRST, FIRST + self.years - 1, 14)
        sheet.freeze_panes(3, FIRST)
        sheet.protect("", {"format_columns": True})
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)


def _spread(formula: Formula, places: Mapping[str, Place]) -> list[tuple[float, str]] | None:
    """Terms that stand in the workbook; a net is gross less depreciation. None: one is nowhere."""
    terms: list[tuple[float, str]] = []
    for sign, name in formula.terms:
        line = base_line(name)
        if name in places:
            terms.append((sign, name))
        elif name.endswith("_net") and line in places and f"{line}_amort" in places:
            terms += [(sign, line), (-sign, f"{line}_amort")]
        else:
            return None
    return terms


def _in_codes(terms: Iterable[tuple[float, str]], family: str) -> str:
    codes = {code.line: code.code for code in known_codes().values() if code.family == family}
    return "".join(f" {'-' if sign < 0 else '+'} {codes[name]}" for sign, name in terms).removeprefix(" + ")


def _sum(terms: Iterable[tuple[float, str]], places: Mapping[str, Place], sheet: str, column: int) -> str:
    plus = [_cell(places[name], sheet, column) for sign, name in terms if sign > 0]
    minus = [_cell(places[name], sheet, column) for sign, name in terms if sign < 0]
    return f"SUM({','.join(plus)})" + (f"-SUM({','.join(minus)})" if minus else "")


def _cell(place: Place, sheet: str, column: int) -> str:
    cell = xl_rowcol_to_cell(place.row, column)
    return cell if place.sheet == sheet else f"'{place.sheet}'!{cell}"
