"""What the working workbooks share: cells to fill in, formulas, checks on typing, protection, print set-up."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from types import SimpleNamespace
from typing import Any, NamedTuple

from xlsxwriter.utility import xl_rowcol_to_cell

from cmtools.language import HARD, message

UNKNOWN = "n.c."
DATES = (date(1990, 1, 1), date(2099, 12, 31))  # those that a ledger may hold
_EPOCH = date(1899, 12, 30)
FIRST_DAY, LAST_DAY = ((day - _EPOCH).days for day in DATES)  # as numbers of a spreadsheet
LARGEST = 1e12
MONEY = "#,##0.00;[Red]-#,##0.00"
FORMATS = {
    "text": "@",
    "money": MONEY,
    "total": MONEY,
    "integer": "#,##0",
    "number": "0.00",
    "days": "0.0",
    "rate": "0.00%",
    "share": "0.0%",
    "date": "dd/mm/yyyy",
    "month": "mm/yyyy",
    "words": "General",
    "small": "General",
    "hidden": "General",
    "hidden_text": "General",
}
WIDEST_A4 = 215  # characters that can still be read on one A4 page, landscape
_YELLOW, _GREY = "#fff7df", "#4a5b6c"  # yellow: cells to fill in


class Column(NamedTuple):
    """One column of a table to fill in or to read."""

    key: str  # of its heading: message tool_<key>
    width: float
    kind: str
    given: bool = False


def hidden(*keys: str) -> tuple[Column, ...]:
    """Columns of intermediate results."""
    return tuple(Column(key, 0, "hidden") for key in keys)


class Table:
    """Where the columns of a table stand: a column is a name, a cell is that name in a row.

    Examples
    --------
    >>> table = Table((Column("amount", 12, "money", given=True), Column("paid", 12, "money")), heading=7, rows=3)
    >>> table.area("paid"), table.row(8).amount
    ('$B$9:$B$11', 'A9')
    """

    def __init__(self, columns: Sequence[Column], heading: int, rows: int):
        self.columns, self.heading = tuple(columns), heading
        self.first, self.last = heading + 1, heading + rows
        self.position = {column.key: place for place, column in enumerate(columns)}

    def row(self, row: int) -> SimpleNamespace:
        """References to the cells of a row, by the name of their column."""
        return SimpleNamespace(**{key: cell(row, place) for key, place in self.position.items() if key.isidentifier()})

    def area(self, key: str, *, first: int | None = None) -> str:
        """All cells of a column; with `first`, from that row on."""
        return area(self.first if first is None else first, self.last, self.position[key])


def quoted(text: str) -> str:
    """Text as a formula writes it.

    Examples
    --------
    >>> quoted("n.c.")
    '"n.c."'
    """
    return '"' + text.replace('"', '""') + '"'


def is_date(cell: str) -> str:
    """Condition that a cell holds a day, not a text that looks like one.

    Examples
    --------
    >>> is_date("B2")
    'AND(ISNUMBER(B2),N(B2)>=32874,N(B2)<=73050)'
    """
    return f"AND(ISNUMBER({cell}),N({cell})>={FIRST_DAY},N({cell})<={LAST_DAY})"


def cell(row: int, column: int) -> str:
    """Reference to a cell of the same sheet, row and column from nil.

    Examples
    --------
    >>> cell(7, 0)
    'A8'
    """
    return str(xl_rowcol_to_cell(row, column))


def fixed(row: int, column: int) -> str:
    """Reference that does not move when it is copied.

    Examples
    --------
    >>> fixed(7, 0)
    '$A$8'
    """
    return str(xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True))


def area(first: int, last: int, column: int) -> str:
    """Cells of one column, both ends fixed.

    Examples
    --------
    >>> area(7, 9, 1)
    '$B$8:$B$10'
    """
    return f"{fixed(first, column)}:{fixed(last, column)}"


def said(key: str, language: str, **values: Any) -> str:
    """Sentence ``tool_<key>``; in French its signs stay on the line of their word.

    Examples
    --------
    >>> said("control", "fr").replace(HARD, "_")
    'Contrôle (attendu_: 0)'
    """
    text = message(f"tool_{key}", language, **values)
    return re.sub(r" (?=[;:?!»%€])|(?<=«) ", HARD, text) if language == "fr" else text


@cache
def example_values(tool: str, language: str) -> Mapping[tuple[int, str], str]:
    """What the formulas of a tool give on its example, by sheet and cell, as a spreadsheet computed it."""
    text = (files("cmtools") / "reference" / "tool_values.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {(int(row["sheet"]), row["cell"]): row[language] for row in rows if row["tool"] == tool}


class ToolBook:
    """One workbook: its language, its formats, the values shown before anything is typed."""

    def __init__(self, book: Any, tool: str, language: str):
        self.book, self.tool, self.language = book, tool, language
        self.shown = example_values(tool, language)
        self.formats = _formats(book, language)
        self.pages: list[Page] = []

    def text(self, key: str, **values: Any) -> str:
        """A sentence of the tools in the language of the workbook."""
        return said(key, self.language, **values)

    def page(self, key: str) -> Page:
        """A new sheet, called ``tool_sheet_<key>``."""
        found = Page(self, key, len(self.pages))
        self.pages.append(found)
        return found


class Page:
    """One sheet: rows and columns from nil."""

    def __init__(self, book: ToolBook, key: str, number: int):
        self.book, self.key, self.number = book, key, number
        self.title = book.text(f"sheet_{key}")
        self.sheet = book.book.add_worksheet(self.title)
        self.text, self.formats = book.text, book.formats

    def reference(self, spot: str) -> str:
        """A cell or area of this sheet, as another sheet writes it."""
        return f"'{self.title.replace(chr(39), 2 * chr(39))}'!{spot}"

    # ------------------------------------------------ cells

    def write(self, row: int, column: int, text: str, style: str = "words") -> None:
        """Fixed text, never a formula."""
        self.sheet.write_string(row, column, text, self.formats[style])

    def given(self, row: int, column: int, value: Any, kind: str) -> None:
        """A cell to fill in, with what the example has in it."""
        style = self.formats[f"given_{kind}"]
        if value is None:
            self.sheet.write_blank(row, column, None, style)
        elif isinstance(value, str):
            self.sheet.write_string(row, column, value, style)
        elif isinstance(value, date):
            self.sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), style)
        else:
            self.sheet.write_number(row, column, value, style)

    def formula(self, row: int, column: int, text: str, kind: str) -> None:
        """A formula; until a spreadsheet computes, it shows the value of the example."""
        shown = self.book.shown.get((self.number, cell(row, column)), "0" if kind == "hidden" else "")
        self.sheet.write_formula(row, column, f"={text}", self.formats[kind], _as_number(shown))

    def examples(self, table: Table, examples: Sequence[Sequence[Any]]) -> None:
        """Cells to fill in of a table, those of the example first; what may be typed in them."""
        places = [(at, column) for at, column in enumerate(table.columns) if column.given]
        for row in range(table.first, table.last + 1):
            rank = row - table.first
            values = examples[rank] if rank < len(examples) else [None] * len(places)
            for (at, column), value in zip(places, values, strict=True):
                self.given(row, at, value, column.kind)
        for at, column in places:
            if column.kind in ("date", "money", "rate"):
                self.accept(column.kind, table.first, table.last, at)

    def formulas(self, table: Table, row: int, texts: Mapping[str, str]) -> None:
        """Formulas of a row, by the name of their column."""
        for key, text in texts.items():
            self.formula(row, table.position[key], text, table.columns[table.position[key]].kind)

    # ------------------------------------------------ around the table

    def head(self, table: Table, *, frozen: int = 1, source: str = "", legend: bool = True) -> None:
        """Title, how to use it, what the colour means, sources; headings of the columns, frozen."""
        heading = table.heading
        columns = [column for column in table.columns if not column.kind.startswith("hidden")]
        wide = sum(column.width for column in columns)
        if len(columns) < len(table.columns):
            self.sheet.set_column(len(columns), len(table.columns) - 1, None, None, {"hidden": True})
        for at, column in enumerate(columns):
            self.sheet.set_column(at, at, column.width)
            if column.key.isidentifier():
                style = {"text": "heading_left", "small": "heading_small"}.get(column.kind, "heading")
                self.write(heading, at, self.text(column.key), style)
        self.write(0, 0, self.title, "title")
        lines = {1: (f"how_{self.key}", "how"), 3: (f"source_{source or self.key}", "small_line")}
        lines |= {2: ("legend", "legend")} if legend else {}
        for row, (key, style) in lines.items():
            self.line(row, self.text(key), len(columns), wide, style)
        self.sheet.set_row(heading, 46)
        self.sheet.freeze_panes(heading + 1, frozen)
        self.sheet.repeat_rows(heading)
        self.finish(wide)

    def line(self, row: int, text: str, columns: int, wide: float, style: str = "small_line") -> None:
        """A sentence over several columns, as high as it needs."""
        self.sheet.merge_range(row, 0, row, columns - 1, "", self.formats[style])
        self.write(row, 0, text, style)
        self.sheet.set_row(row, 13 * max(1, -(-len(text) // int(wide * 1.02))) + 4)

    def finish(self, wide: float) -> None:
        """Everything locked but the cells to fill in; one page wide, landscape, A4 or A3."""
        self.sheet.protect("", {"format_columns": True, "format_rows": True, "format_cells": True})
        self.sheet.set_landscape()
        self.sheet.set_paper(9 if wide <= WIDEST_A4 else 8)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        self.sheet.set_footer(f"&L{self.title.replace('&', '&&')}&R&P / &N")

    # ------------------------------------------------ what may be typed

    def accept(self, kind: str, first: int, last: int, column: int, **limits: Any) -> None:
        """Refuse what is typed in a column and is no date, amount, whole number, rate or word of a list."""
        rule: dict[str, Any] = {"criteria": "between", "ignore_blank": True, "error_title": self.text("refused")}
        if kind == "date":
            rule |= {"validate": "date", "minimum": DATES[0], "maximum": DATES[1]}
        elif kind == "list":
            rule = {"validate": "list", "error_title": self.text("refused"), **limits}
        else:
            whole = kind == "integer"
            low, high = (0.0, 1.0) if kind in ("rate", "share") else (-LARGEST, LARGEST)
            rule |= {"validate": "integer" if whole else "decimal"}
            rule |= {"minimum": limits.get("minimum", low), "maximum": limits.get("maximum", high)}
        name = {"share": "rate", "days": "number"}.get(kind, kind)
        bounds = {key: f"{rule[key]:g}" for key in ("minimum", "maximum") if key in rule and kind != "date"}
        if name == "number" and rule["maximum"] >= LARGEST:
            name = "positive"
        rule["error_message"] = self.text(f"only_{name}", **bounds)
        self.sheet.data_validation(first, column, last, column, rule)

    def alert(self, first: int, last: int, column: int, condition: str, style: str = "alert") -> None:
        """Show cells in red where a condition holds."""
        rule = {"type": "formula", "criteria": f"={condition}", "format": self.formats[style]}
        self.sheet.conditional_format(first, column, last, column, rule)


def _as_number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _formats(book: Any, language: str) -> dict[str, Any]:
    typed = {"locked": False, "bg_color": _YELLOW, "border": 1, "border_color": "#d9cfa8"}
    small = {"font_size": 9, "font_color": _GREY}
    heading = {"bold": True, "align": "left", "text_wrap": True, "bottom": 1, "valign": "bottom"}
    styles: dict[str, dict[str, Any]] = {}
    for kind, code in FORMATS.items():
        side = {} if kind in ("text", "words", "small", "hidden_text") else {"align": "right"}
        styles[kind] = {"num_format": code, "bottom": 4, "bottom_color": "#c9d1d9", **side}
        styles[f"given_{kind}"] = {"num_format": code, **typed, **side}
    styles["given_text"]["indent"] = 1
    styles["total"] |= {"bold": True, "bottom": 1, "bg_color": "#eef2f6"}
    styles["words"] = {"num_format": "General"}
    styles["small"] |= {**small, "text_wrap": True, "indent": 1}
    for name, extra in {"total_text": {"align": "left"}, "total_share": {"num_format": "0.0%", "align": "right"},
                        "total_integer": {"num_format": "#,##0", "align": "right"}}.items():  # fmt: skip
        styles[name] = {"bold": True, "bottom": 1, "bg_color": "#eef2f6", **extra}
    styles |= {
        "title": {"bold": True, "font_size": 14},
        "how": {"text_wrap": True},
        "legend": {**small, "bg_color": _YELLOW, "text_wrap": True},
        "small_line": {**small, "text_wrap": True},
        "bold": {"bold": True},
        "note": {**small},
        "label_left": {"bold": True},
        "label": {"bold": True, "align": "right"},
        "heading": heading | {"align": "right"},
        "heading_left": heading | {"indent": 1},  # a right-aligned heading may stand before it
        "heading_small": heading | {"indent": 1},
        "alert": {"font_color": "#a61b1b", "bg_color": "#fde8e8"},
        "quiet": {"font_color": "#8a6d1a", "bg_color": "#fff3cd"},
    }
    if language == "fr":
        for style in styles.values():
            if "num_format" in style:
                style["num_format"] = style["num_format"].replace("%", f"{HARD}%")
    return {name: book.add_format({"valign": "vcenter"} | style) for name, style in styles.items()}
