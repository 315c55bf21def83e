"""Tables into one XLSX: real numbers and dates, frozen headings, totals as live formulas.

Text from a client's file is written as text, never as a formula or a link.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import inf, isfinite
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xlsxwriter
from pandas.api.types import is_datetime64_dtype
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from cmtools.display import UNSUMMED, Html, cell, cells_of, is_blank, kinds_in, said, table
from cmtools.files import written_whole
from cmtools.language import kind_of, label, message, resolve
from cmtools.receivables import late_columns

FORMATS = {
    "money": "#,##0.00",
    "rate": "0.0%",
    "precise_rate": "0.00%",
    "days": "0.0",
    "integer": "#,##0",
    "index": "0.0000",
    "date": "dd/mm/yyyy",
    "month": "mm/yyyy",
}
LARGEST = 1_048_575  # rows of a sheet less its heading
LONGEST = 32_767  # UTF-16 units of a text in a cell


class Sheet(NamedTuple):
    """One table of the workbook."""

    title: str
    frame: pd.DataFrame
    total: bool = False
    kind: str | None = None  # of all number columns, where their names alone mislead
    otherwise: str | None = None  # message key: why there is nothing


def write(path: str | Path, sheets: Sequence[Sheet], language: str | None = None) -> Path:
    """Write the tables to an XLSX; the file appears only once complete.

    Parameters
    ----------
    path : str or Path
    sheets : sequence of Sheet
        Columns known to ``reference/labels.csv`` are written by their kind;
        `total` adds a line of SUM formulas (SUMIF per currency where there
        are several) above which the line total of an aged balance is itself
        a formula.
    language : {"fr", "en"}, optional

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If a table has more rows than a sheet can hold.
    """
    path = Path(path)
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
        "in_memory": sum(len(sheet.frame) for sheet in sheets) < LARGEST,
    }
    with written_whole(path) as partial, xlsxwriter.Workbook(partial, options) as book:
        formats = {kind: book.add_format({"num_format": code}) for kind, code in FORMATS.items()}
        formats |= {
            f"{kind}_sum": book.add_format({"num_format": code, "bold": True, "top": 1})
            for kind, code in FORMATS.items()
        }
        formats["heading"] = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        formats["text_sum"] = book.add_format({"bold": True, "top": 1})
        used: set[str] = set()
        for sheet in sheets:
            _write_sheet(book, sheet._replace(title=_title(sheet.title, used)), formats, resolve(language))
    return path


class Tables:
    """The tables of a report: each is shown on the page and kept whole for the workbook.

    Examples
    --------
    >>> tables = Tables("en")
    >>> shown = tables.show("aged", pd.DataFrame({"customer_name": ["A", "B"], "overdue": [10.0, 5.0]}), limit=1)
    >>> "1 other" in shown, len(tables.sheets[0].frame)
    (True, 2)
    """

    def __init__(self, language: str | None = None):
        self.language = resolve(language)
        self.sheets: list[Sheet] = []

    def show(
        self,
        key: str,
        frame: pd.DataFrame,
        *,
        columns: Sequence[str] | None = None,
        total: bool = False,
        limit: int | None = None,
        kind: str | None = None,
        otherwise: str | None = None,
    ) -> Html:
        """Keep a table for the workbook and show it.

        Parameters
        ----------
        key : str
            Name of the sheet: message ``sheet_<key>``.
        frame : pandas.DataFrame
        columns : sequence of str, optional
            Columns to keep, in this order; those the frame lacks are left out.
        total, limit
            See :func:`cmtools.display.table`; the workbook holds all rows.
        kind : str, optional
            How all number columns are shown, where their names alone mislead
            (a bucket holds money, but in a matrix a share).
        otherwise : str, optional
            Message key: what is said in place of an empty table.

        Returns
        -------
        Html
        """
        self.keep(key, frame, columns=columns, total=total, kind=kind, otherwise=otherwise)
        kept = self.sheets[-1]
        if kept.frame.empty:
            return said(otherwise, self.language)
        return table(kept.frame, self.language, total=total, limit=limit, kind=kind, name=kept.title)

    def keep(
        self,
        key: str,
        frame: pd.DataFrame,
        *,
        columns: Sequence[str] | None = None,
        total: bool = False,
        kind: str | None = None,
        otherwise: str | None = None,
    ) -> None:
        """Keep a table for the workbook alone."""
        if columns:
            frame = frame[[name for name in columns if name in frame.columns]]
        self.sheets.append(Sheet(message(f"sheet_{key}", self.language), frame, total, kind, otherwise))

    def write(self, path: str | Path) -> Path:
        """Write the workbook of all tables kept so far."""
        return write(path, self.sheets, self.language)


def _title(text: str, used: set[str]) -> str:
    """Sheet name that a spreadsheet accepts, not used yet."""
    base = re.sub(r"[\[\]:*?/\\]", " ", text).strip("' ")[:31] or "1"
    name, number = base, 1
    while name.lower() in used:
        number += 1
        name = f"{base[:28]} {number}"
    used.add(name.lower())
    return name


class _Rows(Worksheet):
    """A worksheet whose rows of data are written as text, column by column: ten times as fast as cell by cell."""

    columns: Sequence[Sequence[str]] = ()
    dim_rowmin: int
    dim_rowmax: int

    def write_columns(self, columns: Sequence[Sequence[str]]) -> None:
        """Rows below the heading: the cells of each column as :func:`_cells` gives them."""
        self.columns = columns
        self._check_dimensions(len(columns[0]), len(columns) - 1)  # the sheet reaches that far

    def _write_rows(self) -> None:
        top, bottom = self.dim_rowmin, self.dim_rowmax
        if self.columns:
            self.dim_rowmax = 0
            super()._write_rows()  # the heading
            rows = enumerate(zip(*self.columns), start=2)
            self.fh.writelines(f'<row r="{line}">{"".join(cells)}</row>' for line, cells in rows)
            self.dim_rowmin, self.dim_rowmax = len(self.columns[0]) + 1, bottom
        super()._write_rows()  # the totals, or all of an empty table
        self.dim_rowmin = top


def _write_sheet(book: Any, sheet: Sheet, formats: dict[str, Any], language: str) -> None:
    frame, names = sheet.frame, list(sheet.frame.columns)
    if len(frame) > LARGEST:
        raise ValueError(f"{sheet.title}: {len(frame)} rows, more than the {LARGEST} of a sheet")
    target = book.add_worksheet(sheet.title, worksheet_class=_Rows)
    target.freeze_panes(1, 0)
    kinds = kinds_in(frame, sheet.kind).values()
    values = [_values(column, kind) for (_, column), kind in zip(frame.items(), kinds)]
    for position, name in enumerate(names):
        target.write_string(0, position, label(name, language), formats["heading"])
        target.set_column(position, position, _width(values[position], name, language))
    if frame.empty:
        target.write_string(1, 0, message(sheet.otherwise or "nothing_to_show", language))
        return
    lines = [f'{line}"' for line in range(2, len(frame) + 2)]
    cells = [_cells(target, place, lines, values[place], kind, formats, language) for place, kind in enumerate(kinds)]
    if parts := _terms_of_total(names):
        total = names.index("total")
        cells[total] = _row_totals(names, parts, values[total], formats)
    target.write_columns(cells)
    target.autofilter(0, 0, len(frame), len(names) - 1)
    if sheet.total:
        _write_totals(target, frame, names, formats, language)


_DAY_0 = np.datetime64("1899-12-30")


def _values(column: pd.Series, kind: str) -> list[Any]:
    """Values of a column as a sheet holds them: dates are numbers of days."""
    if kind not in ("date", "month") or not is_datetime64_dtype(column):
        return cells_of(column)
    days = (column.to_numpy("datetime64[us]") - _DAY_0) / np.timedelta64(1, "D")
    return (days - (days < 61)).tolist()  # spreadsheets count a 29 February 1900 that never was


def _width(values: Sequence[Any], name: str, language: str) -> float:
    if kind_of(name) in FORMATS:
        return 15
    longest = max((len(str(value)) for value in values[:500] if value is not None), default=0)
    return float(min(max(longest, len(label(name, language)), 8) + 2, 60))


def _cells(
    target: Any,
    position: int,
    lines: Sequence[str],
    values: Sequence[Any],
    kind: str,
    formats: dict[str, Any],
    language: str,
) -> list[str]:
    """Cells of a column; a blank stays a blank: missing is not zero. `lines`: their numbers, with the closing quote."""
    start = f'<c r="{xl_col_to_name(position)}'
    style = f' s="{formats[kind]._get_xf_index()}"' if kind in FORMATS else ""

    def content(value: Any) -> str:
        if type(value) is not str and is_blank(value):
            return ""
        if kind in ("date", "month"):
            return f"{style}><v>{target._convert_date_time(pd.Timestamp(value).to_pydatetime()):.16G}</v></c>"
        if isinstance(value, int | float) and not isinstance(value, bool):
            if not isfinite(value):
                raise ValueError(f"a sheet holds no {value}")
            return f"{style}><v>{value:.16G}</v></c>"
        text = value if kind == "text" and type(value) is str and value.isascii() else cell(value, kind, language)
        return f' t="s"><v>{_text_index(target, text)}</v></c>'

    known: dict[Any, str] = {}
    types = set(map(type, values))
    if types <= {float, int}:
        for endless in {inf, -inf}.intersection(values):
            raise ValueError(f"a sheet holds no {endless}")
        known = {value: f"{style}><v>{value:.16G}</v></c>" for value in set(values) if value == value}
    elif types <= _COMING_BACK:
        known = {value: content(value) for value in dict.fromkeys(values)}
    ends = map(known.get if known else content, values)
    return [f"{start}{line}{end}" if end else "" for line, end in zip(lines, ends)]


_COMING_BACK = {str, type(None), pd.Timestamp, type(pd.NaT)}  # what a column of texts or dates holds


def _text_index(target: Any, text: str) -> int:
    """Place of a text among those that the sheets share, cut where a cell ends."""
    if len(text) > LONGEST // 2:
        text = text.encode("utf-16-le")[: 2 * LONGEST].decode("utf-16-le", "ignore")
    return target.str_table._get_shared_string_index(text)


def _terms_of_total(names: list[str]) -> list[str]:
    """Columns that the total of a line of an aged balance adds up; none in another table."""
    added = {"not_due", "unknown_age", "unallocated", *late_columns(names)}
    return [name for name in names if name in added] if {"total", "not_due", "unallocated"} <= set(names) else []


def _row_totals(names: list[str], parts: list[str], values: Sequence[Any], formats: dict[str, Any]) -> list[str]:
    """Total of an aged balance's line: the sum of its buckets, as a formula."""
    place, style = xl_col_to_name(names.index("total")), formats["money"]._get_xf_index()
    letters = [xl_col_to_name(names.index(name)) for name in parts]
    return [
        f'<c r="{place}{line}" s="{style}"><f>{"+".join(f"{letter}{line}" for letter in letters)}</f><v>{value}</v></c>'
        for line, value in enumerate(values, start=2)
    ]


def _write_totals(target: Any, frame: pd.DataFrame, names: list[str], formats: dict[str, Any], language: str) -> None:
    last = len(frame) + 1
    several = "currency" in names and len(frame["currency"].unique()) > 1
    groups = [(str(key), rows) for key, rows in frame.groupby("currency", sort=False)] if several else [("", frame)]
    for offset, (currency, rows) in enumerate(groups):
        line = last + offset
        target.write_string(line, 0, f"{label('sum', language)} {currency}".strip(), formats["text_sum"])
        for position, name in enumerate(names):
            if not (position and kind_of(name) == "money" and name not in UNSUMMED):
                continue
            if rows[name].isna().all():  # of nothing known the sum is not nil
                target.write_blank(line, position, None, formats["money_sum"])
            else:
                column = xl_col_to_name(position)
                area = f"{column}2:{column}{last}"
                if several:
                    key = xl_col_to_name(names.index("currency"))
                    formula = f'=SUMIF({key}2:{key}{last},"{currency}",{area})'
                else:
                    formula = f"=SUM({area})"
                target.write_formula(line, position, formula, formats["money_sum"], round(float(rows[name].sum()), 2))
