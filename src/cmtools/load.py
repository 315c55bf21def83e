"""Customer ledgers: CSV, workbook or Parquet to the tables of a :class:`~cmtools.schemas.Ledger`.

One way through: bytes -> sheets of text (``_open``) -> recognised columns
(``_recognise``) -> typed columns (``_Table``) -> invoices, settlements, customers.
Every step notes what is wrong in one LoadReport; nothing is guessed in silence.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from cmtools.schemas import CUSTOMERS, INVOICES, SETTLEMENTS, Column, Defect, InputError, Ledger, LoadReport, shorten

TABLES = ("invoices", "settlements", "customers")
FLAT = ("paid_amount", "open_amount", "payment_date", "allocation_date", "open_flag")
SEPARATORS = (";", ",", "\t", "|")
YEARS = (1990, 2099)
MAX_BYTES = 2**30  # of a file once decompressed
MAX_CELLS = 50_000_000  # of a sheet: one value in its last cell would otherwise take all memory
MAX_AMOUNT = 1e13  # cents stay exact in a float below it
HEADING_ROWS = 20  # the headings stand among the first rows, after a title perhaps
QUOTED_LINES = 100  # longest quoted text, in lines


class _Listing(tuple[str, ...]):
    """Several values inside one sentence; each is shortened, the list is not."""

    def __str__(self) -> str:
        return " | ".join(shorten(value) for value in self) or "–"

    def __format__(self, _: str) -> str:
        return str(self)


@dataclass
class Sheet:
    """One table of a file as written: text by column, and typed cells where the file has types."""

    file: str
    name: str
    headings: list[str]
    text: list[pl.Series]
    lines: pl.Series
    numbers: dict[int, pl.Series] = field(default_factory=dict)
    dates: dict[int, pl.Series] = field(default_factory=dict)
    timed: dict[int, int] = field(default_factory=dict)
    refused: list[int] = field(default_factory=list)

    @property
    def label(self) -> str:
        """File name, with the sheet's where there are several."""
        return f"{self.file} [{self.name}]" if self.name else self.file


# --- reference tables --------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """Heading without case, accents, punctuation or spaces."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if letter.isalnum())


@cache
def _reference(name: str) -> list[dict[str, str]]:
    text = (files("cmtools") / "reference" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def _headings(table: str) -> dict[str, str]:
    """Our column for each plain heading of a table."""
    return {_plain(row["heading"]): row["column"] for row in _reference("headings.csv") if row["table"] == table}


@cache
def _accepted(table: str, column: str) -> tuple[str, ...]:
    rows = _reference("headings.csv")
    return tuple(row["heading"] for row in rows if (row["table"], row["column"]) == (table, column))


@cache
def _values(name: str) -> dict[str, str]:
    """Our value for each plain text of a list of values."""
    return {_plain(row["text"]) or row["text"]: row["value"] for row in _reference("values.csv") if row["list"] == name}


def _columns_of(table: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_headings(table).values()))


# --- files to sheets ---------------------------------------------------------------------------------------------


def _fatal(code: str, file: str = "", **values: Any) -> InputError:
    report = LoadReport()
    report.add(code, "fatal", file=file, **values)
    return InputError(report.defects)


def _content(path: Any) -> tuple[bytes, str, str]:
    """Bytes of a file (decompressed), its name, and its kind: text, workbook or parquet."""
    try:
        place = Path(path)
        name = place.name
        if not place.is_file():
            raise _fatal("missing_file", value=str(path))
        if place.stat().st_size > MAX_BYTES:
            raise _fatal("ledger_too_big", name, limit=MAX_BYTES // 2**20)
        data = place.read_bytes()
    except (OSError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise _fatal("ledger_unreadable", str(path), reason=str(error)) from None
    if data[:2] == b"\x1f\x8b":
        data = _gunzip(data, name)
    return data, name, _kind(data, name)


def _gunzip(data: bytes, name: str) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _fatal("ledger_unreadable", name, reason=str(error)) from None
    if len(data) > MAX_BYTES:
        raise _fatal("ledger_too_big", name, limit=MAX_BYTES // 2**20)
    return data


def _kind(data: bytes, name: str) -> str:
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head and not data.strip():
        raise _fatal("empty_file", name)
    if data[:4] == b"PAR1":
        return "parquet"
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return "workbook"
    if data[:4] == b"PK\x03\x04":
        _check_zip(data, name)
        return "workbook"
    for start, found in (
        (b"%PDF", "PDF"),
        (b"<", "HTML/XML"),
        (b"{", "JSON"),
        (b"[", "JSON"),
        (b"\x1f\x8b", "gzip"),
        (b"\x89PNG", "PNG"),
        (b"\xff\xd8\xff", "JPEG"),
        (b"Rar!", "RAR"),
        (b"7z\xbc\xaf", "7z"),
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ", "xz"),
        (b"PK", "zip"),
    ):
        if head.startswith(start):
            raise _fatal("ledger_not_a_table", name, value=found)
    return "text"


def _check_zip(data: bytes, name: str) -> None:
    """Refuse what is no workbook, and what would not fit in memory once read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            if not {"xl/workbook.xml", "xl/workbook.bin", "content.xml"} & names:
                raise _fatal("ledger_not_a_table", name, value="zip")
            if sum(member.file_size for member in members) > MAX_BYTES:
                raise _fatal("ledger_too_big", name, limit=MAX_BYTES // 2**20)
            for member in members:
                if re.fullmatch(r"xl/worksheets/[^/]+\.xml", member.filename):
                    _check_extent(archive.read(member), name)
    except InputError:
        raise
    except Exception as error:  # a damaged archive fails in many ways, all of them mean the same
        raise _fatal("ledger_unreadable", name, reason=str(error)) from None


def _check_extent(xml: bytes, name: str) -> None:
    columns, rows = 1, 1
    for letters, digits in set(re.findall(rb'<c [^>]*?\br="([A-Z]{1,4})(\d{1,9})"', xml)):
        width = 0
        for letter in letters:
            width = 26 * width + letter - 64
        columns, rows = max(columns, width), max(rows, int(digits))
    if columns * rows > MAX_CELLS:
        raise _fatal("ledger_too_wide", name, value=f"{rows} x {columns}")


def _open(
    path: Any, report: LoadReport, encoding: str | None, separator: str | None, known: frozenset[str]
) -> list[Sheet]:
    """Tables of a file; `known` are the plain headings by which the heading row is found."""
    data, name, kind = _content(path)
    report.files.append(name)
    if kind == "text":
        text, used = _decode(data, name, encoding)
        if used not in ("utf-8", "utf-16", encoding):
            report.add("ledger_encoding", "note", file=name, value=used)
        return [_text_sheet(text, name, report, separator, known)]
    try:
        sheets = _parquet_sheets(data, name) if kind == "parquet" else _workbook_sheets(data, name, known)
    except (InputError, KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # Rust readers panic with a BaseException on damaged files
        raise _fatal("ledger_unreadable", name, reason=str(error)) from None
    if not sheets:
        raise _fatal("empty_file", name)
    return sheets


def _decode(data: bytes, name: str, encoding: str | None) -> tuple[str, str]:
    """Text and the encoding it was read with; utf-8 first, then the French code page that gives French letters."""
    if encoding is not None:
        try:
            text = data.decode("utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding)
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise _fatal("ledger_bad_encoding", name, line=line, value=encoding) from None
        except (LookupError, TypeError, ValueError):
            raise _fatal(
                "ledger_bad_argument", value=str(encoding), argument="encoding", expected="utf-8, cp1252, cp850…"
            ) from None
        used = encoding
    else:
        text, used = _guess_decode(data, name)
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        raise _fatal("ledger_not_a_table", name, value="binary")
    if not text.strip():
        raise _fatal("empty_file", name)
    return text, used


def _guess_decode(data: bytes, name: str) -> tuple[str, str]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return data.decode("utf-16"), "utf-16"
        except UnicodeDecodeError:
            raise _fatal("ledger_bad_encoding", name, value="utf-16") from None
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError as error:
        whole = len(re.findall(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}", data))
        stray = data.decode("utf-8", "replace").count("\ufffd")
        if data[:3] == codecs.BOM_UTF8 or whole > stray:  # utf-8 with a few damaged bytes: never read as another
            line = data[: error.start].count(b"\n") + 1
            raise _fatal("ledger_bad_encoding", name, line=line, value="utf-8") from None
    readings = [(data.decode(page, "replace"), page) for page in ("cp1252", "cp850")]
    return max(readings, key=lambda reading: _plausible(reading[0]))


def _plausible(text: str) -> int:
    """Letters that French texts have, less the signs that they have not."""
    score = 0
    for sign in filter(lambda sign: ord(sign) > 127, text):
        if sign in "éèàùâêîôûëïüçÉ°":
            score += 2
        elif sign in "œæÈÀÇÊÎÔŒ€£«»’–\u00a0":
            score += 1
        else:
            score -= 2
    return score


# --- delimited text ----------------------------------------------------------------------------------------------


def _text_sheet(text: str, name: str, report: LoadReport, separator: str | None, known: frozenset[str]) -> Sheet:
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n")
    if "\n" not in text:
        text = text.replace("\r", "\n")
    skipped, sign = _heading_line(text, separator, known)
    body = text
    for _ in range(skipped):
        body = body.partition("\n")[2]
    records = list(_records(body, sign, skipped + 1, once=True))
    first, end, headings = records[0] if records else (skipped + 1, skipped + 2, None)
    if headings is None or len(headings) < 2:
        raise _fatal("ledger_no_separator", name, line=first, value=body.partition("\n")[0])
    if skipped:
        report.add("ledger_lines_before", "note", file=name, count=skipped, n=skipped)
    for _ in range(end - first):
        body = body.partition("\n")[2]
    sheet = Sheet(name, "", [heading.strip() for heading in headings], [], pl.Series(dtype=pl.Int64))
    fast = _fast_columns(body, sign, len(headings), end)
    sheet.text, sheet.lines = fast or _slow_columns(body, sign, len(headings), end, sheet, report)
    return sheet


def _heading_line(text: str, separator: str | None, known: frozenset[str]) -> tuple[int, str]:
    """Number of lines before the headings, and the separator: those that recognise most headings."""
    lines = text.split("\n", HEADING_ROWS)[:HEADING_ROWS]
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    scores: dict[tuple[int, str], tuple[int, int]] = {}
    for number, line in enumerate(lines):
        for sign in (separator,) if separator else SEPARATORS:
            parts = [part.strip().strip('"') for part in line.split(sign)]
            recognised = sum(_plain(part) in known for part in parts)
            if recognised >= 2 or number == first:  # one word alone may be a value: « Facture »
                scores[number, sign] = (recognised if recognised >= 2 else 0, len(parts))
    return max(scores, key=lambda place: scores[place]) if scores else (first, separator or ";")


def _fast_columns(body: str, sign: str, width: int, line: int) -> tuple[list[pl.Series], pl.Series] | None:
    """Columns by Polars where every record is well formed; None where the careful reader must look."""
    body = body.rstrip("\n") + "\n"
    if body == "\n" or "\r" in body:
        return None
    data = body.encode("utf-8", "surrogatepass")
    signs = np.frombuffer(data, np.uint8)
    ends, cuts = signs == 10, signs == ord(sign)
    line_ends = np.flatnonzero(ends)
    if '"' in body:
        quotes = np.flatnonzero(signs == 34)
        opening, closing = quotes[::2], quotes[1::2]
        around = np.array([10, 34, ord(sign)], np.uint8)
        before, after = signs[np.maximum(opening - 1, 0)], signs[np.minimum(closing + 1, len(signs) - 1)]
        if len(quotes) % 2 or not (np.isin(before, around) | (opening == 0)).all() or not np.isin(after, around).all():
            return None
        inside = np.bitwise_xor.accumulate((signs == 34).view(np.uint8)).astype(bool)
        ends, cuts = ends & ~inside, cuts & ~inside
    last = np.flatnonzero(ends)
    starts = np.concatenate([[0], last[:-1] + 1])
    counts = np.diff(np.searchsorted(np.flatnonzero(cuts), last), prepend=0)
    if (counts != width - 1).any():
        return None
    try:
        quote = '"' if '"' in body else None
        frame = pl.read_csv(data, separator=sign, has_header=False, infer_schema=False, quote_char=quote)
    except pl.exceptions.PolarsError:
        return None
    if frame.shape != (len(last), width):
        return None
    return frame.get_columns(), pl.Series(line + np.searchsorted(line_ends, starts), dtype=pl.Int64)


def _slow_columns(
    body: str, sign: str, width: int, line: int, sheet: Sheet, report: LoadReport
) -> tuple[list[pl.Series], pl.Series]:
    rows: list[list[str]] = []
    lines: list[int] = []
    for first, _, cells in _records(body, sign, line):
        if cells is None:
            report.add("ledger_unbalanced_quotes", file=sheet.label, line=first)
        elif len(cells) != width:
            report.add("ledger_wrong_width", file=sheet.label, line=first, found=len(cells), expected=width)
        else:
            rows.append(cells)
            lines.append(first)
            continue
        sheet.refused.append(first)
    columns = list(zip(*rows)) if rows else [()] * width
    return [pl.Series(column, dtype=pl.String) for column in columns], pl.Series(lines, dtype=pl.Int64)


def _records(body: str, sign: str, line: int, once: bool = False) -> Iterator[tuple[int, int, list[str] | None]]:
    """(first line, next line, cells) of each record; cells are None where a quote is not closed."""
    cut = re.escape(sign)
    cell = re.compile(rf'"((?:[^"]|"")*+)"(?={cut}|\Z)|([^"{cut}\n][^{cut}\n]*|)(?={cut}|\Z)')
    lines = body.split("\n")
    number = 0
    while number < len(lines):
        record, following = lines[number], number + 1
        if record.strip() or (number == 0 and once):
            cells = _cells(record, sign, cell)
            while cells is None and following < min(len(lines), number + QUOTED_LINES) and '"' in record:
                record += "\n" + lines[following]
                following += 1
                if '"' in lines[following - 1]:
                    cells = _cells(record, sign, cell)
            if cells is None:
                following = number + 1
            yield line + number, line + following, cells
            if once:
                return
        number = following


def _cells(record: str, sign: str, cell: re.Pattern[str]) -> list[str] | None:
    if '"' not in record:
        return record.split(sign)
    cells, position = [], 0
    while True:
        found = cell.match(record, position)
        if found is None:
            return None
        cells.append(found[2] if found[1] is None else found[1].replace('""', '"'))
        position = found.end() + 1
        if found.end() >= len(record):
            return cells


# --- workbooks and Parquet ---------------------------------------------------------------------------------------


def _workbook_sheets(data: bytes, name: str, known: frozenset[str]) -> list[Sheet]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum

    workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
    sheets = []
    for about in workbook.sheets_metadata:
        if about.typ != SheetTypeEnum.WorkSheet:
            continue
        rows = workbook.get_sheet_by_name(about.name).to_python(skip_empty_area=False)
        sheet = _cells_sheet(rows, name, about.name, known)
        if sheet is not None:
            sheets.append(sheet)
    return sheets


def _cells_sheet(rows: list[list[Any]], file: str, name: str, known: frozenset[str]) -> Sheet | None:
    filled = [number for number, row in enumerate(rows) if any(cell != "" for cell in row)]
    if not filled:
        return None
    scores = {number: sum(_plain(str(cell)) in known for cell in rows[number]) for number in filled[:HEADING_ROWS]}
    top = max(scores, key=lambda number: scores[number] if scores[number] >= 2 else 0)  # the first of the best
    kept = [number for number in filled if number > top]
    headings = [str(cell).strip() for cell in rows[top]]
    sheet = Sheet(file, name, headings, [], pl.Series([number + 1 for number in kept], dtype=pl.Int64))
    for column in range(len(headings)):
        _add_cells(sheet, column, [rows[number][column] for number in kept])
    return sheet


def _add_cells(sheet: Sheet, column: int, cells: Sequence[Any]) -> None:
    texts: list[str | None] = []
    numbers: list[float | None] = []
    dates: list[date | None] = []
    for cell in cells:
        number = day = None
        if isinstance(cell, bool):
            written = "true" if cell else "false"
        elif isinstance(cell, (int, float)):
            number, written = float(cell), _number_text(cell)
        elif isinstance(cell, datetime):
            day, written = cell.date(), cell.isoformat(" ")
            if cell.time() == time():
                written = day.isoformat()
            else:
                sheet.timed[column] = sheet.timed.get(column, 0) + 1
        elif isinstance(cell, date):
            day, written = cell, cell.isoformat()
        else:
            written = str(cell)
        texts.append(written)
        numbers.append(number)
        dates.append(day)
    sheet.text.append(pl.Series(texts, dtype=pl.String))
    if any(number is not None for number in numbers):
        sheet.numbers[column] = pl.Series(numbers, dtype=pl.Float64)
    if any(day is not None for day in dates):
        sheet.dates[column] = pl.Series(dates, dtype=pl.Date)


def _number_text(number: float) -> str:
    return str(int(number)) if abs(number) < 1e15 and float(number).is_integer() else repr(number)


def _parquet_sheets(data: bytes, name: str) -> list[Sheet]:
    frame = pl.read_parquet(io.BytesIO(data))
    sheet = Sheet(name, "", frame.columns, [], pl.Series(range(1, frame.height + 1), dtype=pl.Int64))
    for position, column in enumerate(frame.get_columns()):
        kind = column.dtype
        if kind.is_numeric():
            number = column.cast(pl.Float64)
            whole = number.is_finite() & (number == number.round()) & (number.abs() < 1e15)
            texts = column.cast(pl.String)
            if kind.is_float():
                plain = number.zip_with(whole.fill_null(False), pl.Series([None], dtype=pl.Float64))
                plain = plain.cast(pl.Int64, strict=False).cast(pl.String)
                texts = plain.zip_with(plain.is_not_null(), texts)
            sheet.numbers[position] = number
        elif kind == pl.Date or kind.base_type() == pl.Datetime:
            days = column.dt.date()
            texts = column.dt.strftime("%Y-%m-%d") if kind == pl.Date else column.cast(pl.String)
            if kind != pl.Date:
                timed = int((column.dt.time() != time()).sum())
                sheet.timed |= {position: timed} if timed else {}
            sheet.dates[position] = days
        elif kind in (pl.String, pl.Boolean, pl.Categorical, pl.Null) or kind.base_type() == pl.Enum:
            texts = column.cast(pl.String)
        else:  # nested or binary: no cell of a ledger; unusable if it is asked for
            texts = pl.Series([f"<{kind}>"] * frame.height, dtype=pl.String)
        sheet.text.append(texts)
    return [sheet]


# --- recognised columns ------------------------------------------------------------------------------------------

REQUIRED: dict[str, tuple[tuple[str, ...], ...]] = {
    "invoices": (("customer_id",), ("item_id", "document"), ("issue_date",), ("amount", "open_amount")),
    "settlements": (("amount",), ("payment_date",), ("customer_id", "item_id")),
    "customers": (("customer_id",), ("customer_name",)),
}
_SHEET_NAMES = {
    "invoices": ("factur", "invoice", "piece"),
    "settlements": ("regl", "paie", "paym", "settl", "encais"),
    "customers": ("client", "customer", "tiers"),
}


def _mapping(columns: Any) -> dict[str, dict[str, str]]:
    """Our column -> heading, by table ("" where the caller does not say which)."""
    if columns is None:
        return {}
    file = ""
    if not isinstance(columns, Mapping):
        columns, file = _mapping_file(columns)
    tables: dict[str, dict[str, str]] = {}
    report = LoadReport()
    for key, value in columns.items():
        inside = value if key in TABLES and isinstance(value, Mapping) else {key: value}
        table = str(key) if inside is value else ""
        allowed = _columns_of(table) if table else tuple(dict.fromkeys(c for t in TABLES for c in _columns_of(t)))
        for name, heading in inside.items():
            if name not in allowed:
                report.add("ledger_mapping_name", "fatal", file=file, value=name, accepted=_Listing(allowed))
            elif not isinstance(heading, str) or not heading.strip():
                report.add("ledger_mapping_heading", "fatal", file=file, value=heading, name=name)
            else:
                tables.setdefault(table, {})[name] = heading
    report.refuse()
    return tables


def _mapping_file(path: Any) -> tuple[Mapping[Any, Any], str]:
    import yaml

    data, name, kind = _content(path)
    try:
        found = yaml.safe_load(data.decode("utf-8-sig")) if kind == "text" and len(data) < 2**20 else None
    except Exception as error:  # PyYAML raises ValueError, RecursionError and others besides YAMLError
        raise _fatal("ledger_bad_yaml", name, reason=str(error)) from None
    if not isinstance(found, Mapping):
        raise _fatal("ledger_bad_yaml", name, reason="our_name: heading")
    return found, name


def _find(headings: Sequence[str], wanted: str) -> list[int]:
    exact = [place for place, heading in enumerate(headings) if heading == wanted.strip()]
    return exact or [place for place, heading in enumerate(headings) if heading and _plain(heading) == _plain(wanted)]


def _recognise(headings: Sequence[str], table: str, mapping: dict[str, dict[str, str]]) -> dict[str, list[int]]:
    """Places of the headings recognised for each of our columns; the caller's mapping comes first."""
    given = {name: heading for name, heading in mapping.get("", {}).items() if name in _columns_of(table)}
    given |= mapping.get(table, {})
    names = {name: _find(headings, heading) for name, heading in given.items()}
    names = {name: places for name, places in names.items() if places}
    taken = {place for places in names.values() for place in places}
    reference = _headings(table)
    for place, heading in enumerate(headings):
        name = reference.get(_plain(heading))
        if name and place not in taken and name not in given:
            names.setdefault(name, []).append(place)
    return names


def _missing(names: Iterable[str], table: str) -> list[tuple[str, ...]]:
    return [choice for choice in REQUIRED[table] if not set(choice) & set(names)]


def _roles(sheets: list[Sheet], main: str, wanted: Any, mapping: dict[str, dict[str, str]]) -> dict[str, Sheet]:
    """Which sheet holds which table; the file was given as the table `main`."""
    chosen = dict(wanted) if isinstance(wanted, Mapping) else {main: wanted} if wanted is not None else {}
    roles: dict[str, Sheet] = {}
    for table, name in chosen.items():
        found = [sheet for sheet in sheets if sheet.name == name]
        if table not in TABLES or not found:
            raise _fatal("ledger_no_sheet", sheets[0].file, value=name, found=_Listing(s.name for s in sheets))
        roles[table] = found[0]
    rest = [sheet for sheet in sheets if sheet not in roles.values()]
    if len(sheets) == 1 and rest:
        return {main: rest[0]}
    candidates: dict[str, list[Sheet]] = {}
    for sheet in rest:
        scores = {}
        for place, table in enumerate(TABLES):
            names = _recognise(sheet.headings, table, mapping)
            hint = any(_plain(sheet.name).startswith(start) for start in _SHEET_NAMES[table])
            if not _missing(names, table):
                scores[table] = (len(names), hint, -place)
        if scores:
            candidates.setdefault(max(scores, key=lambda table: scores[table]), []).append(sheet)
    for table, found in candidates.items():
        if table not in roles and len(found) > 1:
            raise _fatal("ledger_several_sheets", sheets[0].file, value=table, found=_Listing(s.name for s in found))
        roles.setdefault(table, found[0])
    if main not in roles and rest:  # none qualifies: the nearest is taken, and what it lacks will be said
        free = [sheet for sheet in rest if sheet not in roles.values()] or rest
        roles[main] = max(free, key=lambda sheet: len(_recognise(sheet.headings, main, mapping)))
    return roles


# --- typed columns -----------------------------------------------------------------------------------------------

_TIME = r"(?:[ T]+(\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*([AaPp][Mm])?(?:Z|[+-]\d{2}:?\d{2})?)?"
_ISO = rf"^(?P<y>\d{{4}})(?P<s>[-/.])(?P<m>\d{{1,2}})(?P<t>[-/.])(?P<d>\d{{1,2}}){_TIME}$"
_COMPACT = r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})$"
_SHORT = rf"^(?P<a>\d{{1,2}})(?P<s>[-/. ])(?P<b>\d{{1,2}})(?P<t>[-/. ])(?P<y>\d{{4}}|\d{{2}}){_TIME}$"
_MIDNIGHT = r"(?:[ T]+0{1,2}:00(?::00(?:\.0+)?)?\s*(?:[Aa][Mm])?|[ T]+12:00(?::00)?\s*[Aa][Mm])(?:Z|[+-]\d{2}:?\d{2})?$"
_SPACES = r"[ \u00a0\u202f\u2009'’]"
_SIGN = r"€|\$|£|[A-Z]{3}"


def _any(series: pl.Series) -> bool:
    return bool(series.fill_null(False).any())


def _true(series: pl.Series) -> pl.Series:
    return series.fill_null(False)


def _null(kind: Any, height: int) -> pl.Series:
    return pl.Series([None], dtype=kind).new_from_index(0, height) if height else pl.Series([], dtype=kind)


class _Table:
    """One recognised sheet: reads its columns into types, notes defects, marks the rows to refuse."""

    def __init__(self, sheet: Sheet, table: str, mapping: dict[str, dict[str, str]], report: LoadReport):
        self.sheet, self.table, self.report = sheet, table, report
        places = _recognise(sheet.headings, table, mapping)
        self.names = {name: found[0] for name, found in places.items()}
        self._text: dict[str, pl.Series] = {}
        self._check_headings(places)
        self._leave_blank_rows()
        self.height = len(sheet.lines)
        self.refused = pl.Series([False], dtype=pl.Boolean).new_from_index(0, self.height)
        if not self.height:
            self.refused = pl.Series([], dtype=pl.Boolean)
        self.decimals: dict[str, str] = {}
        self.order = "day"
        report.rows_read += self.height + len(sheet.refused)

    def _check_headings(self, places: dict[str, list[int]]) -> None:
        sheet = self.sheet
        for name, found in places.items():
            if len(found) > 1:
                self.report.add(
                    "ledger_heading_twice",
                    "fatal",
                    file=sheet.label,
                    name=name,
                    found=_Listing(sheet.headings[place] for place in found),
                )
        for choice in _missing(self.names, self.table):
            accepted = _Listing(heading for name in choice for heading in _accepted(self.table, name))
            self.report.add(
                "ledger_missing_column",
                "fatal",
                file=sheet.label,
                name=" / ".join(choice),
                found=_Listing(heading for heading in sheet.headings if heading),
                accepted=accepted,
            )
        used = {place for found in places.values() for place in found}
        unknown = [
            heading or f"({place + 1})"
            for place, heading in enumerate(sheet.headings)
            if place not in used and (heading or sheet.text[place].is_not_null().any())
        ]
        if unknown:
            self.report.add("ledger_unknown_headings", "note", file=sheet.label, found=_Listing(unknown))

    def _leave_blank_rows(self) -> None:
        sheet = self.sheet
        blank = [text.is_null() | (text.str.strip_chars() == "") for text in sheet.text]
        if not blank or not len(sheet.lines):
            return
        keep = (
            ~pl.DataFrame(blank, schema=[str(place) for place in range(len(blank))])
            .select(pl.all_horizontal(pl.all().fill_null(True)))
            .to_series()
        )
        if not keep.all():
            sheet.text = [text.filter(keep) for text in sheet.text]
            sheet.lines = sheet.lines.filter(keep)
            sheet.numbers = {place: numbers.filter(keep) for place, numbers in sheet.numbers.items()}
            sheet.dates = {place: dates.filter(keep) for place, dates in sheet.dates.items()}

    def has(self, name: str) -> bool:
        """Whether the sheet has this column."""
        return name in self.names

    def heading(self, name: str) -> str:
        """Heading as written in the file."""
        return self.sheet.headings[self.names[name]] if name in self.names else ""

    def note(self, code: str, level: str = "note", name: str = "", **details: Any) -> None:
        """Add one defect about the whole sheet."""
        self.report.add(code, level, file=self.sheet.label, column=self.heading(name), **details)

    def complain(
        self,
        rows: pl.Series,
        code: str,
        name: str = "",
        level: str = "error",
        details: Callable[[int], dict[str, Any]] | None = None,
    ) -> None:
        """Add one defect per row where `rows` is true; errors mark the row as refused."""
        rows = _true(rows)
        if not rows.any():
            return
        where = rows.arg_true()
        file, column = self.sheet.label, self.heading(name)
        lines, values = self.sheet.lines.gather(where), self.raw(name).gather(where).fill_null("")
        for row, line, value in zip(where.to_list(), lines.to_list(), values.to_list()):
            self.report.defects.append(Defect(code, level, file, line, column, value, details(row) if details else {}))
        if level == "error":
            self.refused = self.refused | rows

    def raw(self, name: str) -> pl.Series:
        """Trimmed text as written; null where blank or where the sheet has no such column."""
        if name not in self.names:
            return _null(pl.String, self.height)
        if name not in self._text:
            text = self.sheet.text[self.names[name]].str.strip_chars()
            self._text[name] = text.zip_with(_true(text != ""), _null(pl.String, 1))
        return self._text[name]

    def copies(self) -> pl.Series:
        """Rows written exactly as an earlier one."""
        if not self.height:
            return self.refused
        written = [text.fill_null("").alias(str(place)) for place, text in enumerate(self.sheet.text)]
        return ~pl.DataFrame(written).to_struct().is_first_distinct()

    def text(self, name: str) -> pl.Series:
        """Text; whole numbers that a spreadsheet wrote as 123.0 lose their decimals."""
        text = self.raw(name)
        if name not in self.names or not len(text):
            return text
        typed = self.sheet.numbers.get(self.names[name])
        count = int(typed.is_not_null().sum()) if typed is not None else 0
        floats = text.str.contains(r"^\d+\.0$")
        if not count and floats.any() and floats.drop_nulls().all():
            count = int(floats.sum())
            text = text.str.strip_suffix(".0")
        if count and name in ("customer_id", "item_id", "document", "settlement_id"):
            self.note("ledger_number_as_text", name=name, count=count, n=count)
        return text

    def choice(self, name: str, values: str, code: str, level: str) -> pl.Series:
        """Our value for each text of a list; null where blank or unknown (which is noted)."""
        text = self.raw(name)
        known = _values(values)
        texts = text.drop_nulls().unique().to_list()
        table = {written: known.get(_plain(written) or written) for written in texts}
        found = text.replace_strict(table, default=None, return_dtype=pl.String) if texts else text
        unknown = text.is_not_null() & found.is_null()
        if level == "error":
            self.complain(unknown, code, name)
        else:
            for written in sorted(written for written, value in table.items() if value is None):
                count = int((text == written).sum())
                self.note(code, level, name, value=written, count=count, n=count)
        return found

    def flag(self, name: str) -> pl.Series:
        """Yes or no; null where blank."""
        return self.choice(name, "flag", "ledger_bad_flag", "error") == "yes"

    def dates(self, name: str) -> pl.Series:
        """Days; unreadable ones are errors."""
        if name not in self.names:
            return _null(pl.Date, self.height)
        text, typed = self.raw(name), self.sheet.dates.get(self.names[name])
        written = text if typed is None else text.zip_with(typed.is_null(), _null(pl.String, 1))
        days, timed = _parse_dates(written, self.order)
        timed += self.sheet.timed.get(self.names[name], 0)
        if typed is not None:
            inside = typed.dt.year().is_between(*YEARS)
            days = days.zip_with(~_true(inside), typed)
        expected = "31/12/2025, 2025-12-31, 20251231" if self.order == "day" else "12/31/2025, 2025-12-31, 20251231"
        self.complain(text.is_not_null() & days.is_null(), "bad_date", name, details=lambda _: {"expected": expected})
        if timed:
            self.note("ledger_time_dropped", name=name, count=timed, n=timed)
        short = _true(written.str.contains(r"^\d{1,2}\D\d{1,2}\D\d{2}(?:\D|$)") & days.is_not_null())
        if short.any():
            first = short.arg_true()[0]
            self.note("ledger_short_year", name=name, value=written[first], read=f"{days[first]:%Y-%m-%d}")
        return days

    def money(self, name: str) -> pl.Series:
        """Amounts rounded to the cent; unreadable ones are errors."""
        if name not in self.names:
            return _null(pl.Float64, self.height)
        text, typed = self.raw(name), self.sheet.numbers.get(self.names[name])
        exact = _parse_amounts(
            text if typed is None else text.zip_with(typed.is_null(), _null(pl.String, 1)), self.decimals.get(name, ".")
        )
        if typed is not None:
            exact = exact.zip_with(typed.is_null(), typed)
        exact = exact.zip_with(_true(exact.is_finite() & (exact.abs() < MAX_AMOUNT)), _null(pl.Float64, 1))
        self.complain(text.is_not_null() & exact.is_null(), "bad_amount", name)
        amount = exact.round(2) + 0.0
        finer = int(_true((exact - amount).abs() > 1e-4).sum())
        if finer:
            self.note("ledger_below_cent", "warning", name, count=finer, n=finer)
        return amount

    def rate(self, name: str) -> pl.Series:
        """Rate as a fraction: 20 %, 20 and 0,2 are 0.2."""
        text = self.raw(name)
        number = text.str.replace(",", ".", literal=True).str.extract(r"^(\d{1,3}(?:\.\d+)?)\s*%?$").cast(pl.Float64)
        percent = text.str.ends_with("%") | (number > 0.5)
        rate = (number.zip_with(~_true(percent), number / 100)).round(6)
        rate = rate.zip_with(_true(rate <= 0.5), _null(pl.Float64, 1))
        self.complain(text.is_not_null() & rate.is_null(), "ledger_bad_rate", name)
        return rate

    def currency(self, name: str, default: str) -> pl.Series:
        """ISO codes; the default where the sheet has no such column."""
        if name not in self.names:
            self.note("ledger_currency_assumed", value=default)
            return _null(pl.String, self.height).fill_null(default)
        text = self.raw(name)
        known = _values("currency")
        texts = text.drop_nulls().unique().to_list()
        table = {written: known.get(_plain(written) or written, written.upper()) for written in texts}
        codes = text.replace_strict(table, default=None, return_dtype=pl.String) if table else text
        valid = _true(codes.str.contains(r"^[A-Z]{3}$"))
        self.complain(~valid, "ledger_bad_currency", name)
        return codes.zip_with(valid, _null(pl.String, 1))

    def check_signs(self, name: str, codes: pl.Series) -> None:
        """A currency written beside an amount must be that of the row."""
        text = self.raw(name)
        signed = _true(text.str.contains(r"€|\$|£|[A-Z]{3}"))
        if not signed.any():
            return
        sign = text.str.extract(rf"({_SIGN})")
        dollar = (sign == "$") & codes.str.ends_with("D")
        named = sign.replace({"€": "EUR", "£": "GBP"})
        self.complain(
            signed & codes.is_not_null() & ~_true(dollar | (named == codes)),
            "ledger_other_currency",
            name,
            details=lambda row: {"currency": codes[row]},
        )

    def count_refused(self, amount: pl.Series, currency: pl.Series, sign: int = 1) -> int:
        """Put the refused rows into the report; returns how many have no readable amount."""
        self.report.rows_refused += int(self.refused.sum()) + len(self.sheet.refused)
        out = pl.DataFrame({"amount": amount, "currency": currency}).filter(self.refused)
        known = out.drop_nulls().group_by("currency").agg(pl.col("amount").sum()).sort("currency")
        for code, total in known.iter_rows():
            totals = self.report.refused_amounts
            totals[code] = round(totals.get(code, 0.0) + sign * total, 2)
        return out.height - out.drop_nulls().height + len(self.sheet.refused)


def _parse_dates(texts: pl.Series, order: str) -> tuple[pl.Series, int]:
    """Days and the number of values whose time of day was cut; unreadable values are null."""
    found = texts.drop_nulls().value_counts(name="count")
    if not found.height:
        return _null(pl.Date, len(texts)), 0
    written = found.to_series(0)
    day, month = ("a", "b") if order == "day" else ("b", "a")
    iso, compact, short = (written.str.extract_groups(pattern).struct.unnest() for pattern in (_ISO, _COMPACT, _SHORT))
    years = [iso["y"], compact["y"], short["y"]]
    years[2] = pl.select(
        pl.when(years[2].str.len_chars() == 2)
        .then(pl.when(years[2] >= "90").then(pl.lit("19") + years[2]).otherwise(pl.lit("20") + years[2]))
        .otherwise(years[2])
    ).to_series()
    parts = pl.select(
        text=written,
        year=pl.coalesce(*years),
        month=pl.coalesce(iso["m"], compact["m"], short[month]).str.zfill(2),
        day=pl.coalesce(iso["d"], compact["d"], short[day]).str.zfill(2),
        same=pl.coalesce(iso["s"] == iso["t"], short["s"] == short["t"], pl.lit(True)),
        count=found["count"],
        timed=written.str.contains(r"\d:\d") & ~written.str.contains(_MIDNIGHT),
    ).with_columns(value=pl.concat_str("year", "month", "day", separator="-").str.to_date("%Y-%m-%d", strict=False))
    good = pl.col("same") & pl.col("value").dt.year().is_between(*YEARS)
    parts = parts.with_columns(value=pl.when(good).then("value"))
    days = pl.DataFrame({"text": texts}).join(parts, on="text", how="left", maintain_order="left")["value"]
    return days, int(parts.filter(pl.col("value").is_not_null() & pl.col("timed"))["count"].sum())


def _parse_amounts(texts: pl.Series, decimal: str) -> pl.Series:
    """Numbers; null where the text is not an amount written with this decimal sign."""
    plain = rf"^-?\d+(?:\{decimal}\d+)?$"
    if not texts.drop_nulls().str.contains(plain).all():
        texts = _without_signs(texts, decimal)
    numbers = texts.str.replace(",", ".", literal=True) if decimal == "," else texts
    return numbers.cast(pl.Float64, strict=False)


def _without_signs(texts: pl.Series, decimal: str) -> pl.Series:
    """Amounts as -1234.56 or -1234,56; null where the text is no amount."""
    other = "." if decimal == "," else ","
    bare = texts.str.replace(rf"^(?:{_SIGN})\s*", "").str.replace(rf"\s*(?:{_SIGN})$", "")
    bracket = _true(bare.str.contains(r"^\(.*\)$"))
    bare = bare.zip_with(~bracket, bare.str.slice(1).str.strip_suffix(")").str.strip_chars())
    minus = r"[-−–]"
    leads, trails = _true(bare.str.contains(rf"^{minus}")), _true(bare.str.contains(rf"{minus}$"))
    bare = bare.str.replace(rf"^(?:{minus}|\+)\s*", "").str.replace(rf"\s*{minus}$", "")
    bare = bare.str.replace(rf"^(?:{_SIGN})\s*", "").str.replace(rf"\s*(?:{_SIGN})$", "")
    whole = rf"(?:\d+|\d{{1,3}}(?:{_SPACES}\d{{3}})+|\d{{1,3}}(?:\{other}\d{{3}})+)"
    once = bracket.cast(pl.Int8) + leads.cast(pl.Int8) + trails.cast(pl.Int8) <= 1
    valid = _true(bare.str.contains(rf"^(?:{whole}(?:\{decimal}\d*)?|\{decimal}\d+)$")) & once
    digits = bare.str.replace_all(rf"{_SPACES}|\{other}", "").str.strip_suffix(decimal)
    signed = digits.zip_with(~(bracket | leads | trails), "-" + digits)
    return signed.zip_with(valid, _null(pl.String, 1))


def _decimal_votes(texts: pl.Series) -> tuple[int, int, str | None]:
    """Values that prove a decimal comma, a decimal point, and one that could be read both ways."""
    bare = texts.drop_nulls()
    bare = bare.filter(bare.str.contains("[.,]"))
    number = bare.str.extract(rf"(\d(?:[\d.,]|{_SPACES})*|[.,]\d+)")
    both = r"^[1-9]\d{0,2}[.,]\d{3}$"
    unclear = _true(number.str.contains(both))
    votes = []
    for sign, other in ((r",", r"\."), (r"\.", r",")):
        last = rf"^[^,.]*{sign}[^,.]*$|{other}.*{sign}[^,.]*$"  # the only sign, or the last of two kinds
        many = rf"^[^,.]*(?:{other}[^,.]*){{2,}}$"  # several of the other: it separates thousands
        proof = _true(number.str.contains(last) | number.str.contains(many)) & ~unclear
        votes.append(int(proof.sum()))
    example = bare.filter(unclear)
    return votes[0], votes[1], example[0] if len(example) else None


def _decide_decimals(table: _Table, names: Iterable[str], given: str | None) -> None:
    """Decimal sign of each amount column: given, proved by its values, or by the sheet's other columns."""
    found: dict[str, tuple[int, int, str | None]] = {}
    for name in names:
        if table.has(name):
            typed, text = table.sheet.numbers.get(table.names[name]), table.raw(name)
            found[name] = _decimal_votes(text if typed is None else text.filter(typed.is_null()))
    commas, points = sum(votes[0] for votes in found.values()), sum(votes[1] for votes in found.values())
    for name, (comma, point, example) in found.items():
        if given:
            table.decimals[name] = given
            continue
        if not comma and not point:
            comma, point = commas, points
        table.decimals[name] = "," if comma > point else "."
        if comma == point and (example or comma):
            column = table.raw(name).drop_nulls()
            value = example or column.filter(column.str.contains("[.,]"))[0]
            table.note("ledger_ask_decimal", "fatal", name, value=value)


def _decide_order(tables: list[_Table], given: str | None) -> None:
    """Day first or month first, from all the dates of one file."""
    texts = []
    for table in tables:
        for name in _names_of_kind(table.table, "date"):
            if table.has(name):
                typed = table.sheet.dates.get(table.names[name])
                texts.append(table.raw(name) if typed is None else table.raw(name).filter(typed.is_null()))
    found = pl.concat(texts).drop_nulls() if texts else pl.Series([], dtype=pl.String)
    parts = (
        found.value_counts(name="count")
        .with_columns(
            pl.col(found.name).str.extract_groups(_SHORT).struct.field("a").cast(pl.Int64).alias("first"),
            pl.col(found.name).str.extract_groups(_SHORT).struct.field("b").cast(pl.Int64).alias("second"),
        )
        .drop_nulls()
    )
    day = int(parts.filter((pl.col("first") > 12) & (pl.col("second") <= 12))["count"].sum())
    month = int(parts.filter((pl.col("second") > 12) & (pl.col("first") <= 12))["count"].sum())
    unclear = parts.filter((pl.col("first") != pl.col("second")) & (pl.col("first") <= 12) & (pl.col("second") <= 12))
    order = given or ("month" if month > day else "day")
    for table in tables:
        table.order = order
    if not given and day == month and (unclear.height or day):
        value = (unclear if unclear.height else parts).sort(parts.columns[0])[parts.columns[0]][0]
        tables[0].note("ledger_ask_date_order", "fatal", value=value)


def _names_of_kind(table: str, kind: str) -> list[str]:
    columns = {"invoices": INVOICES, "settlements": SETTLEMENTS, "customers": CUSTOMERS}[table]
    names = [column.name for column in columns if column.kind == kind]
    if table == "invoices":
        names += {"date": ["payment_date", "allocation_date"], "money": ["paid_amount", "open_amount"]}.get(kind, [])
    return names


# --- invoices ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Options:
    currency: str
    book_currency: str
    terms: Any


def _invoices(t: _Table, options: _Options) -> pl.DataFrame:
    """Typed rows of the invoice sheet, refused ones included (`t.refused`), with the flat file's columns."""
    customer, item, document = _invoice_keys(t)
    currency = t.currency("currency", options.currency)
    money = {name: t.money(name) for name in _names_of_kind("invoices", "money")}
    dates = {name: t.dates(name) for name in _names_of_kind("invoices", "date")}
    for name in money:
        t.check_signs(name, currency.zip_with(money[name].is_not_null(), _null(pl.String, 1)))
    rows = pl.DataFrame(
        {
            "item_id": item,
            "customer_id": customer,
            "document": document,
            "currency": currency,
            "customer_name": t.text("customer_name"),
            **money,
            **dates,
        }
    )
    rows = rows.with_columns(line=t.sheet.lines, position=pl.int_range(t.height), open_flag=t.flag("open_flag"))
    if not t.has("amount"):
        rows = rows.with_columns(amount=(pl.col("open_amount") + pl.col("paid_amount").fill_null(0.0)).round(2))
    amount = "amount" if t.has("amount") else "open_amount"
    t.complain(rows["amount"].is_null() & t.raw(amount).is_null(), "ledger_blank_amount", amount)
    rows = _kinds(t, rows)
    t.complain(t.raw("issue_date").is_null() & (rows["kind"] != "opening"), "ledger_blank_issue_date", "issue_date")
    rows = _instalments(t, rows)
    rows = _status(t, rows)
    rows = _due_dates(t, rows, options)
    return _book_amounts(t, rows, options)


def _invoice_keys(t: _Table) -> tuple[pl.Series, pl.Series, pl.Series]:
    customer = t.text("customer_id")
    t.complain(customer.is_null(), "ledger_blank_customer", "customer_id")
    document = t.text("document")
    item = t.text("item_id") if t.has("item_id") else document
    item = item.zip_with(item.is_not_null(), document)
    t.complain(item.is_null(), "ledger_blank_item", "item_id" if t.has("item_id") else "document")
    return customer, item, document


def _kinds(t: _Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Kind of each item; credit notes are negative here, whatever the file's habit."""
    kind = t.choice("kind", "kind", "ledger_unknown_kind", "warning")
    unknown = t.raw("kind").is_not_null() & kind.is_null()
    by_sign = pl.when(pl.col("amount") < 0).then(pl.lit("credit_note")).otherwise(pl.lit("invoice"))
    rows = (
        rows.with_columns(given=kind)
        .with_columns(kind=pl.when(unknown).then(pl.lit("other")).otherwise(pl.coalesce("given", by_sign)))
        .drop("given")
    )
    if not t.has("kind"):
        t.note("ledger_kind_assumed")
    elif t.raw("kind").null_count():
        t.note("ledger_kind_blank", name="kind", count=t.raw("kind").null_count(), n=t.raw("kind").null_count())
    notes = _true(kind == "credit_note")
    positive = notes & _true(rows["amount"] > 0)
    if positive.any() and positive.sum() == (notes & _true(rows["amount"] != 0)).sum():
        count = int(positive.sum())
        t.note("ledger_credit_notes_unsigned", "warning", "kind", count=count, n=count)
        rows = rows.with_columns(
            pl.when(positive & (pl.col(name) > 0)).then(-pl.col(name)).otherwise(pl.col(name)).alias(name)
            for name in _names_of_kind("invoices", "money")
        )
    else:
        t.complain(positive, "ledger_credit_note_positive", "amount" if t.has("amount") else "open_amount")
    negative = _true((rows["kind"] == "invoice") & (rows["amount"] < 0))
    t.complain(negative, "ledger_invoice_negative", "amount" if t.has("amount") else "open_amount", "warning")
    return rows


def _instalments(t: _Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Suffix the instalments of one document; an identifier that comes twice is an error."""
    repeated = _true(rows["item_id"].is_duplicated() & rows["item_id"].is_not_null())
    if not repeated.any():
        return rows
    name = "item_id" if t.has("item_id") else "document"
    copies = repeated & t.copies()
    t.complain(copies, "ledger_duplicate_row", name)
    if not (t.has("item_id") and t.has("document")):
        groups = (
            rows.filter(repeated & ~copies)
            .group_by("item_id")
            .agg(
                split=(pl.col("due_date").n_unique() == pl.len())
                & (pl.col("customer_id").n_unique() == 1)
                & pl.col("due_date").is_not_null().all()
                & (pl.len() > 1)
            )
        )
        split = groups.filter("split")["item_id"].to_list()
        parts = rows["item_id"].is_in(split) & ~copies & repeated
        if split:
            rows = rows.with_columns(part=parts).with_columns(
                place=pl.when("part").then("due_date").rank("ordinal").over("item_id").cast(pl.String)
            )
            rows = rows.with_columns(
                document=pl.when("part").then(pl.coalesce("document", "item_id")).otherwise("document"),
                item_id=pl.when("part").then(pl.col("item_id") + "/" + pl.col("place")).otherwise("item_id"),
            ).drop("part", "place")
            t.note("ledger_instalments", name=name, count=len(split), n=len(split))
    again = _true(rows["item_id"].is_duplicated() & rows["item_id"].is_not_null()) & ~copies
    still = rows.filter(again).group_by("item_id").len().filter(pl.col("len") > 1)["item_id"].to_list()
    t.complain(again & rows["item_id"].is_in(still), "ledger_duplicate_id", name)
    return rows


def _status(t: _Table, rows: pl.DataFrame) -> pl.DataFrame:
    regime = t.choice("vat_regime", "vat_regime", "ledger_unknown_regime", "warning")
    rows = rows.with_columns(
        vat_rate=t.rate("vat_rate"),
        vat_regime=regime,
        retention=_true(t.flag("retention")),
        account=t.text("account"),
        dispute_reason=t.text("dispute_reason"),
    )
    disputed = _true(t.flag("disputed"))
    undated = disputed & rows["dispute_from"].is_null()
    if undated.any():
        t.note("ledger_dispute_undated", name="disputed", count=int(undated.sum()), n=int(undated.sum()))
        rows = rows.with_columns(dispute_from=pl.when(undated).then("issue_date").otherwise("dispute_from"))
    late = rows["dispute_until"] < rows["dispute_from"]
    t.complain(late, "ledger_dispute_order", "dispute_until", "warning")
    t.complain(
        rows["dispute_until"].is_not_null() & rows["dispute_from"].is_null(),
        "ledger_dispute_no_start",
        "dispute_until",
        "warning",
    )
    if not t.has("booking_date"):
        t.note("ledger_booking_assumed")
    rows = rows.with_columns(booking_date=pl.coalesce("booking_date", "issue_date"))
    bad = rows["booking_date"].is_null() & (rows["kind"] == "opening") & t.raw("issue_date").is_null()
    t.complain(bad, "ledger_blank_issue_date", "issue_date")
    excl, amount = rows["amount_excl_vat"], rows["amount"]
    odd = (excl.abs() > amount.abs() + 0.01) | (excl * amount < 0)
    t.complain(odd, "ledger_excl_vat", "amount_excl_vat", "warning")
    return rows


def _due_dates(t: _Table, rows: pl.DataFrame, options: _Options) -> pl.DataFrame:
    blank = t.raw("due_date").is_null() & rows["issue_date"].is_not_null() & ~t.refused
    if options.terms is not None and blank.any():
        rows = rows.with_columns(due_date=pl.when(blank).then(_due_by_terms(rows, options.terms)).otherwise("due_date"))
        count = int((blank & rows["due_date"].is_not_null()).sum())
        shown = options.terms if not isinstance(options.terms, Mapping) else options.terms.get("default", "–")
        t.note("ledger_due_by_terms", name="due_date", count=count, n=count, terms=str(shown))
    missing = _true(rows["due_date"].is_null() & t.raw("due_date").is_null() & ~rows["retention"] & ~t.refused)
    if missing.any():
        count = int(missing.sum())
        t.note(
            "ledger_due_unknown",
            "warning",
            "due_date",
            count=count,
            n=count,
            lines=_Listing(str(line) for line in t.sheet.lines.filter(missing).head(10)),
        )
    t.complain(rows["due_date"] < rows["issue_date"], "ledger_due_before_issue", "due_date", "warning")
    return rows


def _due_by_terms(rows: pl.DataFrame, terms: Any) -> pl.Series:
    from cmtools.terms import due_date

    issued = rows["issue_date"].cast(pl.Datetime("us")).to_pandas()
    if not isinstance(terms, Mapping):
        return pl.Series(due_date(issued, terms)).cast(pl.Date)
    default = terms.get("default")
    own = rows["customer_id"].to_pandas().map(lambda customer: terms.get(customer, default))
    return pl.Series(due_date(issued, own)).cast(pl.Date)


def _book_amounts(t: _Table, rows: pl.DataFrame, options: _Options) -> pl.DataFrame:
    """Amount in book currency: as given, or the amount itself where the currency is that of the books."""
    same = _true(rows["currency"] == options.book_currency)
    given = rows["book_amount"]
    apart = same & ((given - rows["amount"]).abs() > 0.011)
    t.complain(apart, "ledger_book_differs", "book_amount")
    t.complain(~same & (given * rows["amount"] < 0), "ledger_book_sign", "book_amount")
    return rows.with_columns(book_amount=pl.when(same).then("amount").otherwise("book_amount"))


# --- settlements -------------------------------------------------------------------------------------------------

_SETTLEMENT_TYPES: dict[str, Any] = {
    "text": pl.String,
    "date": pl.Date,
    "money": pl.Float64,
    "number": pl.Float64,
    "flag": pl.Boolean,
}


def _flat_settlements(t: _Table, rows: pl.DataFrame) -> tuple[pl.DataFrame, bool]:
    """Settlements that the columns of a flat file tell, and whether its sales are complete."""
    rows = rows.with_columns(refused=t.refused)
    paid, left, amount, day = rows["paid_amount"], rows["open_amount"], rows["amount"], rows["payment_date"]
    has = {name: t.has(name) for name in (*FLAT, "amount")}
    if has["amount"]:
        t.complain(
            ((amount - paid - left).abs() > 0.011),
            "ledger_paid_plus_open",
            "paid_amount",
            details=lambda row: {"amount": f"{amount[row]:.2f}", "open": f"{left[row]:.2f}"},
        )
        unstated = paid.is_null() & left.is_null() & ~_unreadable(t, rows, "paid_amount", "open_amount")
        t.complain(unstated & _true(rows["open_flag"]) & day.is_not_null(), "ledger_open_but_paid", "payment_date")
        settled = unstated & (day.is_not_null() | _true(~rows["open_flag"]))
        part = pl.when(paid.is_not_null()).then(paid).when(left.is_not_null()).then((amount - left).round(2))
        rows = rows.with_columns(part=part.when(settled).then(amount).otherwise(0.0))
    else:
        rows = rows.with_columns(part=paid.fill_null(0.0))
    complete = (has["amount"] or has["paid_amount"]) and _any((rows["part"] != 0) & ~t.refused)
    if not complete:
        t.note("ledger_open_items_only")
    undated = _true((rows["part"] != 0) & rows["payment_date"].is_null() & ~t.refused)
    undated = undated & t.raw("payment_date").is_null()
    if undated.any():
        totals = rows.filter(undated).group_by("currency").agg(pl.col("part").sum().round(2)).sort("currency")
        t.note(
            "ledger_payment_undated",
            "warning",
            "payment_date",
            count=int(undated.sum()),
            n=int(undated.sum()),
            total=_Listing(f"{total:.2f} {code}" for code, total in totals.iter_rows()),
        )
    made = rows.with_columns(undated=undated, refused=t.refused).filter((pl.col("part") != 0) & ~pl.col("refused"))
    received = pl.coalesce("payment_date", "booking_date")
    made = made.select(
        settlement_id="R-" + pl.col("item_id"),
        item_id="item_id",
        customer_id="customer_id",
        document=pl.lit(None, pl.String),
        currency="currency",
        amount="part",
        kind=pl.when("undated").then(pl.lit("other")).otherwise(pl.lit("cash")),
        book_amount=_share("book_amount"),
        payment_date=received,
        allocation_date=pl.max_horizontal(pl.coalesce("allocation_date", received), received, "booking_date"),
        match=pl.lit("given"),
        account=pl.lit(None, pl.String),
        line="line",
        position="position",
    )
    return made, complete


def _share(book: str) -> pl.Expr:
    """Book value of a settled part: the item's own, in proportion."""
    share = (pl.col(book) * pl.col("part") / pl.col("amount")).round(2) + 0.0
    return pl.when(pl.col(book) == pl.col("amount")).then("part").when(pl.col("amount") != 0).then(share)


def _unreadable(t: _Table, rows: pl.DataFrame, *names: str) -> pl.Series:
    """Rows where one of the columns is written but could not be read (already an error)."""
    bad = pl.Series([False], dtype=pl.Boolean).new_from_index(0, t.height) if t.height else t.refused
    for name in names:
        bad = bad | (t.raw(name).is_not_null() & rows[name].is_null())
    return bad


def _settlements(t: _Table, items: pl.DataFrame, options: _Options) -> pl.DataFrame:
    """Typed rows of the settlement sheet; `items` are all invoice rows, with `refused`."""
    names = ("settlement_id", "customer_id", "document", "account", "customer_name")
    rows = pl.DataFrame({name: t.text(name) for name in names} | {"written": t.text("item_id")})
    rows = rows.with_columns(line=t.sheet.lines, position=pl.int_range(t.height))
    rows = _settled_items(t, rows, items)
    own = t.currency("currency", options.currency) if t.has("currency") else _item_currency(t, rows, options)
    amounts = {name: t.money(name) for name in ("amount", "book_amount")}
    dates = {name: t.dates(name) for name in ("payment_date", "allocation_date")}
    rows = rows.with_columns(currency=own, **amounts, **dates)
    t.check_signs("amount", own.zip_with(amounts["amount"].is_not_null(), _null(pl.String, 1)))
    t.complain(t.raw("amount").is_null(), "ledger_blank_amount", "amount")
    t.complain(t.raw("payment_date").is_null(), "ledger_blank_payment_date", "payment_date")
    t.complain(
        rows["currency"].is_not_null() & (rows["currency"] != rows["item_currency"]),
        "ledger_currency_differs",
        "currency",
        details=lambda row: {"currency": rows["item_currency"][row], "item": rows["item_id"][row]},
    )
    kind = t.choice("kind", "settlement_kind", "ledger_unknown_kind", "warning")
    if not t.has("kind"):
        t.note("ledger_settlement_kind_assumed")
    rows = rows.with_columns(kind=kind.fill_null("other" if t.has("kind") else "cash"))
    rows = _settlement_ids(t, rows)
    rows = _allocation_dates(t, rows)
    return _book_settlements(t, rows, options)


def _settled_items(t: _Table, rows: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Find the item and its customer; a document number will do where it has one item only."""
    known = items.filter(pl.col("item_id").is_not_null()).unique("item_id", keep="first", maintain_order=True)
    facts = known.select(
        "item_id",
        item_customer="customer_id",
        item_currency="currency",
        item_booked="booking_date",
        item_book="book_amount",
        item_amount="amount",
        item_refused="refused",
    )
    documents = known.filter(pl.col("document").is_not_null() & ~pl.col("document").is_in(known["item_id"].to_list()))
    documents = documents.group_by("document").agg(target=pl.col("item_id").first(), parts=pl.len())
    ids = known["item_id"].to_list()
    rows = rows.join(documents, left_on="written", right_on="document", how="left", maintain_order="left")
    direct = rows["written"].is_in(ids)
    rows = rows.with_columns(item_id=pl.when(direct).then("written").when(pl.col("parts") == 1).then("target"))
    rows = rows.join(facts, on="item_id", how="left", maintain_order="left")
    lost = rows["written"].is_not_null() & rows["item_id"].is_null()
    t.complain(lost & _true(rows["parts"] > 1), "ledger_item_in_parts", "item_id")
    t.complain(lost & ~_true(rows["parts"] > 1), "ledger_unknown_item", "item_id")
    t.complain(rows["item_refused"], "ledger_item_refused", "item_id")
    unknown = rows["customer_id"].is_null() & rows["item_id"].is_null() & ~lost
    t.complain(unknown, "ledger_blank_customer", "customer_id" if t.has("customer_id") else "item_id")
    other = rows["customer_id"] != rows["item_customer"]
    t.complain(
        other,
        "ledger_customer_differs",
        "customer_id",
        details=lambda row: {"customer": rows["item_customer"][row], "item": rows["item_id"][row]},
    )
    return rows.with_columns(customer_id=pl.coalesce("customer_id", "item_customer"))


def _item_currency(t: _Table, rows: pl.DataFrame, options: _Options) -> pl.Series:
    count = int(rows["item_currency"].null_count())
    if count:
        t.note("ledger_currency_assumed", value=options.currency)
    return rows["item_currency"].fill_null(options.currency)


def _settlement_ids(t: _Table, rows: pl.DataFrame) -> pl.DataFrame:
    t.complain(t.copies(), "ledger_duplicate_row", "settlement_id", "error" if t.has("settlement_id") else "warning")
    name = pl.coalesce("settlement_id", "document", "R-" + pl.col("line").cast(pl.String))
    if rows["settlement_id"].null_count():
        count = rows["settlement_id"].null_count()
        t.note("ledger_settlement_id_made", name="settlement_id", count=count, n=count)
    return rows.with_columns(settlement_id=name)


def _allocation_dates(t: _Table, rows: pl.DataFrame) -> pl.DataFrame:
    paid, allocated, item = rows["payment_date"], rows["allocation_date"], rows["item_id"]
    alone = allocated.is_not_null() & t.raw("item_id").is_null()
    t.complain(alone, "ledger_allocation_no_item", "allocation_date", "warning")
    t.complain(allocated < paid, "ledger_allocation_early", "allocation_date", "warning")
    early = (paid < rows["item_booked"]) & item.is_not_null()
    t.complain(early, "ledger_paid_before_invoice", "payment_date", "warning")
    blank = item.is_not_null() & t.raw("allocation_date").is_null()
    if t.has("allocation_date") and blank.any():
        t.note("ledger_allocation_blank", "warning", "allocation_date", count=int(blank.sum()), n=int(blank.sum()))
    elif not t.has("allocation_date"):
        t.note("ledger_allocation_assumed")
    when = pl.max_horizontal(pl.coalesce("allocation_date", "payment_date"), "payment_date", "item_booked")
    return rows.with_columns(
        allocation_date=pl.when(item.is_not_null()).then(when), match=pl.when(item.is_not_null()).then(pl.lit("given"))
    )


def _book_settlements(t: _Table, rows: pl.DataFrame, options: _Options) -> pl.DataFrame:
    same = _true(rows["currency"] == options.book_currency)
    t.complain(same & ((rows["book_amount"] - rows["amount"]).abs() > 0.011), "ledger_book_differs", "book_amount")
    t.complain(~same & (rows["book_amount"] * rows["amount"] < 0), "ledger_book_sign", "book_amount")
    return rows.with_columns(book_amount=pl.when(same).then("amount").otherwise("book_amount"))


def _check_balance(report: LoadReport, label: str, items: pl.DataFrame, settlements: pl.DataFrame) -> None:
    """Items settled beyond their amount, and credit notes used on one side only: kept, and named."""
    cents = (pl.col("amount") * 100).round().cast(pl.Int64)
    used = settlements.filter(pl.col("item_id").is_not_null()).group_by("item_id").agg(used=cents.sum())
    both = (
        items.select("item_id", "line", cents=cents)
        .join(used, on="item_id")
        .with_columns(left=pl.col("cents") - pl.col("used"))
    )
    credit = pl.col("cents") < 0
    over = both.filter((~credit & (pl.col("left") < -1)) | (credit & (pl.col("left") > 1)))
    for item, line, amount, total in over.sort("line").select("item_id", "line", "cents", "used").iter_rows():
        report.add(
            "ledger_over_settled",
            "warning",
            file=label,
            line=line,
            value=item,
            amount=f"{amount / 100:.2f}",
            settled=f"{total / 100:.2f}",
        )
    applied = settlements.filter(pl.col("kind") == "credit_note").group_by(
        "customer_id", "currency", maintain_order=True
    )
    for customer, code, total in applied.agg(total=cents.sum()).filter(pl.col("total").abs() > 1).iter_rows():
        report.add("ledger_credit_one_sided", "warning", value=customer, total=f"{total / 100:.2f} {code}")


# --- customers ---------------------------------------------------------------------------------------------------


def _customers(t: _Table | None, report: LoadReport, seen: pl.DataFrame) -> pl.DataFrame:
    """Customers of the file, completed with those of the items; `seen`: customer_id, customer_name per row."""
    names = _usual_names(report, seen)
    listed = pl.DataFrame(schema={column.name: _SETTLEMENT_TYPES[column.kind] for column in CUSTOMERS})
    if t is not None:
        listed = _listed_customers(t)
        unknown = names.filter(~pl.col("customer_id").is_in(listed["customer_id"].to_list()))
        if unknown.height:
            t.note(
                "ledger_customers_added",
                "warning",
                count=unknown.height,
                n=unknown.height,
                found=_Listing(unknown["customer_id"].head(10)),
            )
    usual = names.rename({"customer_name": "usual"})
    everyone = pl.concat(
        [listed, names.filter(~pl.col("customer_id").is_in(listed["customer_id"].to_list()))], how="diagonal"
    )
    everyone = everyone.join(usual, on="customer_id", how="left", maintain_order="left")
    return everyone.with_columns(customer_name=pl.coalesce("customer_name", "usual", "customer_id")).drop("usual")


def _usual_names(report: LoadReport, seen: pl.DataFrame) -> pl.DataFrame:
    counts = seen.filter(pl.col("customer_name").is_not_null()).group_by("customer_id", "customer_name").len()
    spellings = counts.group_by("customer_id").len().filter(pl.col("len") > 1).height
    if spellings:
        report.add("ledger_names_vary", "note", count=spellings, n=spellings)
    best = counts.sort("customer_id", "len", "customer_name", descending=[False, True, False])
    best = best.unique("customer_id", keep="first", maintain_order=True).select("customer_id", "customer_name")
    everyone = seen.select("customer_id").drop_nulls().unique().sort("customer_id")
    return everyone.join(best, on="customer_id", how="left", maintain_order="left")


def _listed_customers(t: _Table) -> pl.DataFrame:
    rows = pl.DataFrame(
        {column.name: t.money(column.name) if column.kind == "money" else t.text(column.name) for column in CUSTOMERS}
    )
    t.complain(rows["customer_id"].is_null(), "ledger_blank_customer", "customer_id")
    if t.height:
        copies = ~rows.to_struct().is_first_distinct() & rows["customer_id"].is_not_null()
        t.complain(copies, "ledger_customer_copied", "customer_id", "warning")
        first = rows["customer_id"].is_duplicated() & rows["customer_id"].is_not_null() & ~rows.is_duplicated()
        t.complain(first, "ledger_customer_twice", "customer_id")
        t.count_refused(_null(pl.Float64, t.height), _null(pl.String, t.height))
        rows = rows.filter(~t.refused & ~copies)
    return rows


# --- the whole ---------------------------------------------------------------------------------------------------


def read_ledger(
    path: Any,
    settlements: Any = None,
    customers: Any = None,
    *,
    columns: Any = None,
    sheet: Any = None,
    currency: str = "EUR",
    book_currency: str = "EUR",
    terms: Any = None,
    date_order: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    tolerant: bool = False,
) -> Ledger:
    r"""Read a customer ledger: CSV, XLSX, XLS, ODS or Parquet, any of the text ones gzipped.

    Parameters
    ----------
    path : path
        Invoices, one row per open item. A workbook may also hold the
        settlements and the customers in other sheets; a flat file may say in
        columns of its own what is paid, and when.
    settlements, customers : path, optional
        The other tables, where they are files of their own.
    columns : dict or path of a YAML file, optional
        Our column name -> heading in the file, for headings that are not
        recognised; optionally under `invoices`, `settlements`, `customers`.
    sheet : str or dict, optional
        Sheet of the invoices, or table name -> sheet name.
    currency : str, default "EUR"
        Currency of a file that names none.
    book_currency : str, default "EUR"
        Currency of the books.
    terms : int, str or dict, optional
        Payment terms for blank due dates (see :func:`cmtools.due_date`), or
        customer number -> terms, with a `default`.
    date_order : {"day", "month"}, optional
        Reading of 03/04/2025; by default the file's other dates tell.
    decimal : {",", "."}, optional
        Decimal sign; by default the column's other amounts tell.
    encoding, separator : str, optional
        Of a text file; recognised by default.
    tolerant : bool, default False
        True: rows in error are left out and counted in the report instead of
        raising.

    Returns
    -------
    Ledger
        pandas tables (see `schemas`), money in the currency of each item,
        credit notes negative, and the report. In
        ``report.refused_amounts`` a refused settlement counts negative, so
        that the sum is what the balance lacks.

    Raises
    ------
    InputError
        Everything that would change a total, all defects at once.

    Notes
    -----
    In a flat file, what is paid without a payment date is settled on the
    booking date with kind `other` (it is not a collection), with a warning:
    the balance is right on the day of the file, too low before.

    Examples
    --------
    What does each customer owe, whatever is due?

    >>> import tempfile
    >>> from pathlib import Path
    >>> rows = "Facture;N° client;Date facture;Échéance;Montant TTC;Montant réglé;Date de règlement"
    >>> rows += "\nF1;00042;31/01/2026;02/03/2026;1 200,00;;\nF2;00042;28/02/2026;30/03/2026;600,00;600,00;30/03/2026"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "ledger.csv"
    ...     _ = file.write_text(rows, encoding="utf-8")
    ...     ledger = read_ledger(file)
    >>> ledger.invoices[["item_id", "customer_id", "due_date", "amount"]]
      item_id customer_id   due_date  amount
    0      F1       00042 2026-03-02  1200.0
    1      F2       00042 2026-03-30   600.0
    >>> float(ledger.settlements["amount"].sum())
    600.0
    """
    report = LoadReport()
    options = _checked_options(currency, book_currency, terms, date_order, decimal, separator)
    mapping = _mapping(columns)
    roles = _gather(
        {"invoices": path, "settlements": settlements, "customers": customers},
        mapping,
        report,
        sheet,
        encoding,
        separator,
    )
    tables = {name: _Table(found, name, mapping, report) for name, found in roles.items()}
    report.refuse(tolerant=True)  # without its columns a table cannot be looked at further
    for file in dict.fromkeys(table.sheet.file for table in tables.values()):
        _decide_order([table for table in tables.values() if table.sheet.file == file], date_order)
    for name, table in tables.items():
        _decide_decimals(table, _names_of_kind(name, "money"), decimal)
    ledger = _assemble(tables, options, report)
    report.refuse(tolerant)
    if ledger.invoices.empty:
        raise InputError([*report.of_level("error"), Defect("ledger_no_rows", "fatal", tables["invoices"].sheet.label)])
    return ledger


def _checked_options(currency: Any, book: Any, terms: Any, order: Any, decimal: Any, separator: Any) -> _Options:
    report = LoadReport()
    code = re.compile(r"[A-Z]{3}")
    for argument, value, valid, expected in (
        ("currency", currency, isinstance(currency, str) and code.fullmatch(currency), "EUR, USD, GBP…"),
        ("book_currency", book, isinstance(book, str) and code.fullmatch(book), "EUR, USD, GBP…"),
        ("date_order", order, order in (None, "day", "month"), "day, month"),
        ("decimal", decimal, decimal in (None, ",", "."), "« , », « . »"),
        ("separator", separator, separator is None or _is_separator(separator), "« ; », « , », « | », tab"),
    ):
        if not valid:
            report.add("ledger_bad_argument", "fatal", value=value, argument=argument, expected=expected)
    if terms is not None:
        from cmtools.terms import parse_terms

        for term in terms.values() if isinstance(terms, Mapping) else [terms]:
            try:
                parse_terms(term)
            except InputError as error:
                report.defects += [Defect(d.code, "fatal", value=d.value, details=d.details) for d in error.defects]
    report.refuse()
    return _Options(currency, book, terms)


def _is_separator(sign: Any) -> bool:
    return isinstance(sign, str) and len(sign) == 1 and sign.isascii() and not sign.isalnum() and sign not in '"\n\r\0 '


def _gather(
    paths: dict[str, Any],
    mapping: dict[str, dict[str, str]],
    report: LoadReport,
    sheet: Any,
    encoding: str | None,
    separator: str | None,
) -> dict[str, Sheet]:
    """The sheet of each table, from all the files; what is wrong with any of them is told together."""
    known = {plain for table in TABLES for plain in _headings(table)}
    known |= {_plain(heading) for names in mapping.values() for heading in names.values()}
    roles: dict[str, Sheet] = {}
    every: list[Sheet] = []
    for table, path in reversed(paths.items()):
        if path is None and table != "invoices":
            continue
        try:
            sheets = _open(path, report, encoding, separator, frozenset(known))
            _refuse_fec(sheets[0], table)
            found = _roles(sheets, table, sheet if table == "invoices" else None, mapping)
        except InputError as error:
            report.defects += error.defects
            continue
        every += sheets
        roles[table] = found.pop(table) if table in found else sheets[0]
        for name, extra in found.items():
            if table == "invoices":
                roles.setdefault(name, extra)
    report.files.reverse()
    for extra in every:
        if extra not in roles.values():
            report.add("ledger_sheet_ignored", "note", file=extra.file, value=extra.name)
    headings = [heading for found in every for heading in found.headings]
    found_headings = _Listing(filter(None, headings))
    for names in mapping.values():
        for name, heading in names.items():
            if every and not _find(headings, heading):
                report.add("ledger_mapping_absent", "fatal", value=heading, name=name, found=found_headings)
    report.refuse(tolerant=True)
    return {table: roles[table] for table in TABLES if table in roles}


def _assemble(tables: dict[str, _Table], options: _Options, report: LoadReport) -> Ledger:
    t, paid = tables["invoices"], tables.get("settlements")
    rows = _invoices(t, options)
    complete = True
    if paid is None:
        settlements, complete = _flat_settlements(t, rows)
        dated = t.has("allocation_date") and _any(rows["allocation_date"].is_not_null())
    rows = rows.with_columns(refused=t.refused)
    unread = t.count_refused(rows["amount"], rows["currency"])
    if paid is not None:
        ignored = [t.heading(name) for name in FLAT if t.has(name)]
        if ignored:
            t.note("ledger_flat_ignored", found=_Listing(ignored))
        made = _settlements(paid, rows, options)
        unread += paid.count_refused(made["amount"], made["currency"], -1)
        settlements = made.filter(~paid.refused)
        dated = paid.has("allocation_date") and _any(made["allocation_date"].is_not_null())
    items = rows.filter(~pl.col("refused"))
    _check_balance(report, t.sheet.label, items, settlements)
    seen = [items.select("customer_id", "customer_name"), settlements.select("customer_id")]
    customers = _customers(tables.get("customers"), report, pl.concat(seen, how="diagonal"))
    if unread:
        report.add("ledger_refused_unread", "warning", count=unread, n=unread)
    if not dated and settlements.height:
        report.add("ledger_allocation_undated", "note")
    return Ledger(
        _pandas(items, INVOICES),
        _pandas(settlements, SETTLEMENTS),
        _pandas(customers, CUSTOMERS),
        options.book_currency,
        dated,
        complete,
        None,
        report,
    )


def _pandas(rows: pl.DataFrame, columns: tuple[Column, ...]) -> Any:
    """The promised columns, in order, as pandas."""
    types = {**_SETTLEMENT_TYPES, "date": pl.Datetime("us")}
    return rows.select(pl.col(column.name).cast(types[column.kind]) for column in columns).to_pandas()


# --- which kind of file ------------------------------------------------------------------------------------------

_FEC_NAME = re.compile(r"\d{9}FEC\d{8}(?:[._ -].*)?", re.IGNORECASE)


def _refuse_fec(sheet: Sheet, table: str) -> None:
    headings = {_plain(heading) for heading in sheet.headings}
    if {"journalcode", "comptenum"} <= headings:
        raise _fatal("ledger_is_fec", sheet.file, value=table)


def sniff(path: Any) -> str:
    """Which kind of file this is: "fec" or "ledger".

    A FEC is told by its headings (JournalCode and CompteNum) or by its legal
    name, SIREN + FEC + closing date.

    Raises
    ------
    InputError
        If the file is missing, empty or no table.
    """
    data, name, kind = _content(path)
    if kind != "text":
        return "ledger"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data[:65536].decode("utf-16", "replace").encode()
    elif b"\0" in data:
        raise _fatal("ledger_not_a_table", name, value="binary")
    line = data.lstrip(b"\xef\xbb\xbf\r\n ").split(b"\n", 1)[0].decode("latin-1").casefold()
    headings = {_plain(part) for part in re.split(r"[\t|;,]", line)}
    return "fec" if {"journalcode", "comptenum"} <= headings or _FEC_NAME.fullmatch(name) else "ledger"
