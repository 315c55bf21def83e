"""Tables into one XLSX: real numbers and dates, frozen headings, totals as live formulas.

Text from a client's file is written as text, never as a formula or a link.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from cmtools.days_sales import Dso
from cmtools.display import UNSUMMED, cell, is_blank, reason, records
from cmtools.language import kind_of, label, message, resolve
from cmtools.receivables import late_columns

FORMATS = {
    "money": "#,##0.00",
    "rate": "0.0%",
    "days": "0.0",
    "integer": "#,##0",
    "date": "dd/mm/yyyy",
    "month": "mm/yyyy",
}
LARGEST = 1_048_575  # rows of a sheet less its heading


class Sheet(NamedTuple):
    """One table of the workbook."""

    title: str
    frame: pd.DataFrame
    total: bool = False


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
    partial = path.with_name(f".{path.name}.partial")
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
    }
    try:
        with xlsxwriter.Workbook(partial, options) as book:
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
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def monthly(
    figures: dict[str, pd.DataFrame],
    by_customer: pd.DataFrame,
    items: pd.DataFrame,
    history: dict[str, pd.DataFrame],
    steps: dict[str, Dso],
    unallocated: pd.DataFrame,
    in_credit: pd.DataFrame,
    reconciliation: pd.DataFrame,
    quality: pd.DataFrame,
    language: str | None = None,
) -> list[Sheet]:
    """Sheets of the monthly report, one per table; currencies of `figures`, `history` and `steps` are put together."""

    def title(key: str) -> str:
        return message(f"sheet_{key}", language)

    indicators = _stack([_indicators(frame, language) for frame in figures.values()])
    months = _stack([frame.assign(currency=currency) for currency, frame in history.items()])
    used = [step.table.assign(currency=currency) for currency, step in steps.items() if step.table is not None]
    open_columns = [
        "customer_id", "customer_name", "kind", "document", "item_id", "issue_date", "due_date", "days_late",
        "currency", "open_amount", "item_currency", "item_amount", "is_disputed", "dispute_reason",
        "is_doubtful", "is_retention",
    ]  # fmt: skip
    flags = {
        f"is_{name}": items[name].map({True: "yes", False: None}) for name in ("disputed", "doubtful", "retention")
    }
    flagged = items.assign(**flags).sort_values(["customer_id", "due_date"])
    flagged = flagged[[name for name in open_columns if name in flagged.columns]]
    credit_columns = ["customer_id", "customer_name", "kind", "document", "issue_date", "currency", "open_amount"]
    return [
        Sheet(title("figures"), indicators),
        Sheet(title("aged"), by_customer, total=True),
        Sheet(title("items"), flagged, total=True),
        Sheet(title("dso"), months),
        *([Sheet(title("count_back"), _stack(used))] if used else []),
        Sheet(title("unallocated"), unallocated[credit_columns], total=True),
        Sheet(title("in_credit"), in_credit, total=True),
        Sheet(title("reconciliation"), reconciliation),
        Sheet(title("quality"), quality),
    ]


def _stack(frames: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _indicators(figures: pd.DataFrame, language: str | None) -> pd.DataFrame:
    """Key figures as plain numbers with their unit and formula."""
    rows = [
        {
            "indicator": label(str(key), language),
            "currency": row["currency"],
            "unit": message(f"unit_{row['unit']}", language),
            "value": row["value"],
            "previous": row["previous"],
            "remark": reason(row, language) if row["reason"] else None,
            "formula": message(f"formula_{key}", language),
        }
        for key, row in zip(figures.index, records(figures))
    ]
    return pd.DataFrame(rows)


def _title(text: str, used: set[str]) -> str:
    """Sheet name that a spreadsheet accepts, not used yet."""
    base = re.sub(r"[\[\]:*?/\\]", " ", text).strip("' ")[:31] or "1"
    name, number = base, 1
    while name.lower() in used:
        number += 1
        name = f"{base[:28]} {number}"
    used.add(name.lower())
    return name


def _write_sheet(book: Any, sheet: Sheet, formats: dict[str, Any], language: str) -> None:
    frame, names = sheet.frame, list(sheet.frame.columns)
    if len(frame) > LARGEST:
        raise ValueError(f"{sheet.title}: {len(frame)} rows, more than the {LARGEST} of a sheet")
    target = book.add_worksheet(sheet.title)
    target.freeze_panes(1, 0)
    for position, name in enumerate(names):
        target.write_string(0, position, label(name, language), formats["heading"])
        target.set_column(position, position, _width(frame[name], name, language))
    for line, row in enumerate(records(frame), start=1):
        for position, name in enumerate(names):
            _write_cell(target, line, position, row[name], kind_of(name), formats, language)
        _write_row_total(target, line, row, names, formats)
    if len(frame):
        target.autofilter(0, 0, len(frame), len(names) - 1)
    if sheet.total and len(frame):
        _write_totals(target, frame, names, formats, language)


def _width(column: pd.Series, name: str, language: str) -> float:
    if kind_of(name) in FORMATS:
        return 15
    longest = max((len(str(value)) for value in column.head(500) if value is not None), default=0)
    return float(min(max(longest, len(label(name, language)), 8) + 2, 60))


def _write_cell(
    target: Any, line: int, position: int, value: Any, kind: str, formats: dict[str, Any], language: str
) -> None:
    if is_blank(value):
        return  # a blank stays a blank: missing is not zero
    if kind in ("date", "month"):
        target.write_datetime(line, position, pd.Timestamp(value).to_pydatetime(), formats[kind])
    elif kind in FORMATS and isinstance(value, int | float):
        target.write_number(line, position, value, formats[kind])
    elif isinstance(value, bool):
        target.write_boolean(line, position, value)
    elif isinstance(value, int | float):
        target.write_number(line, position, value)
    else:
        target.write_string(line, position, cell(value, kind, language))


def _write_row_total(target: Any, line: int, row: dict[str, Any], names: list[str], formats: dict[str, Any]) -> None:
    """Total of an aged balance's line: the sum of its buckets, as a formula."""
    parts = [name for name in names if name in ("not_due", "unknown_age", "unallocated", *late_columns(names))]
    if "total" in names and "not_due" in parts:
        terms = "+".join(f"{xl_col_to_name(names.index(name))}{line + 1}" for name in parts)
        target.write_formula(line, names.index("total"), f"={terms}", formats["money"], row["total"])


def _write_totals(target: Any, frame: pd.DataFrame, names: list[str], formats: dict[str, Any], language: str) -> None:
    last = len(frame) + 1
    several = "currency" in names and len(frame["currency"].unique()) > 1
    groups = [(str(key), rows) for key, rows in frame.groupby("currency", sort=False)] if several else [("", frame)]
    for offset, (currency, rows) in enumerate(groups):
        line = last + offset
        target.write_string(line, 0, f"{label('sum', language)} {currency}".strip(), formats["text_sum"])
        for position, name in enumerate(names):
            if position and kind_of(name) == "money" and name not in UNSUMMED:
                column = xl_col_to_name(position)
                area = f"{column}2:{column}{last}"
                if several:
                    key = xl_col_to_name(names.index("currency"))
                    formula = f'=SUMIF({key}2:{key}{last},"{currency}",{area})'
                else:
                    formula = f"=SUM({area})"
                target.write_formula(line, position, formula, formats["money_sum"], round(float(rows[name].sum()), 2))
