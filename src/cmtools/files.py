"""From the bytes of a file to sheets of text cells: delimited text, workbooks, Parquet, gzipped or not.

The kind of a file is told by its content, never by its name, and every cell keeps
its line. What no reader can make a table of is refused here; nothing is typed yet.
"""

from __future__ import annotations

import codecs
import gzip
import io
import os
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from python_calamine import CalamineWorkbook, SheetTypeEnum

from cmtools.language import Reason
from cmtools.schemas import InputError, LoadReport, shorten

MAX_BYTES = 2**30  # of a file once decompressed
MAX_CELLS = 50_000_000  # of a sheet: one value in its last cell would otherwise take all memory
HEADING_ROWS = 20  # the headings stand among the first rows, after a title perhaps
PLAUSIBLE = 200_000  # characters by which a code page is told
QUOTED_LINES = 100  # longest quoted text, in lines
SEPARATORS = (";", ",", "\t", "|")
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_FOREIGN = {
    b"%PDF": "PDF",
    b"<": "HTML/XML",
    b"{": "JSON",
    b"[": "JSON",
    b"\x1f\x8b": "gzip",  # gzipped twice
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"PK": "zip",
}


@dataclass(eq=False)
class Sheet:
    """One table of a file as written: text by column, and typed cells where the file has types.

    Attributes
    ----------
    file, name : str
        File name; name of the sheet, blank outside workbooks.
    headings : list of str
    text : list of Series
        Cells as written, one series per heading; a blank is null or an empty text.
    lines : Series
        Line of each row in the file, or row of the sheet; the first is 1.
    numbers, dates : dict of int to Series
        Typed cells of the columns (by place) that have any, null elsewhere.
    timed : dict of int to int
        Number of dates with a time of day, by place of the column.
    refused : list of int
        Lines that could not be cut into the cells of the headings.
    """

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
        return f"{self.file} [{shorten(self.name)}]" if self.name else self.file


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Text without case, accents, punctuation or spaces: the form in which headings are compared."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if letter.isalnum())


def fatal(code: str, file: str = "", **values: Any) -> InputError:
    """Error to raise where nothing more can be read."""
    report = LoadReport()
    report.add(code, "fatal", file=file, **values)
    return InputError(report.defects)


def open_sheets(
    path: Any,
    report: LoadReport,
    encoding: str | None,
    separator: str | None,
    known: frozenset[str],
    headings: Sequence[str] | None = None,
) -> list[Sheet]:
    """Tables of a file; `known` are the plain headings by which the heading row is found.

    `headings` are the names to give where the file has no such row: every row is then data.
    """
    data, name, kind = content(path)
    report.files.append(name)
    if kind == "text":
        text, used = decode(data, name, encoding)
        if used not in ("utf-8", "utf-16", encoding):
            report.add("ledger_encoding", "note", file=name, value=used)
        return [_text_sheet(text, name, report, separator, known, headings)]
    if kind == "workbook" and (wrong := _error_cells(data)):
        report.add("workbook_error_cells", file=name, count=len(wrong), n=len(wrong), found=" | ".join(wrong[:20]))
    try:
        sheets = _parquet_sheets(data, name) if kind == "parquet" else _workbook_sheets(data, name, known, headings)
    except (InputError, KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # Rust readers panic with a BaseException on damaged files
        raise fatal("ledger_unreadable", name, reason=str(error)) from None
    if not sheets:
        raise fatal("empty_file", name)
    return sheets


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Place to write a file that takes its name only once it is complete; nothing is left of one that is not."""
    if not path.parent.is_dir():
        raise fatal("missing_folder", value=str(path.parent))
    if path.exists() and not path.is_file():  # a folder; a device, which a rename would replace
        raise fatal("no_file_to_replace", value=str(path))
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


# --- bytes and their kind ----------------------------------------------------------------------------------------


def content(path: Any, *, xml: bool = False) -> tuple[bytes, str, str]:
    """Bytes of a file (decompressed), its name, and its kind: text, workbook, parquet, or xml where that is read."""
    try:
        place = Path(path)
        name = shorten(place.name, 255)  # said in messages: no line break, no control character
        if not place.is_file():
            raise fatal("missing_file", value=str(path))
        if place.stat().st_size > MAX_BYTES:
            raise _too_big(name)
        data = place.read_bytes()
    except InputError:
        raise
    except (OSError, TypeError, ValueError) as error:
        raise fatal("ledger_unreadable", str(path), reason=Reason.of(error)) from None
    if data[:2] == b"\x1f\x8b":
        data = _gunzip(data, name)
    return data, name, _kind(data, name, xml)


def _too_big(name: str) -> InputError:
    return fatal("ledger_too_big", name, limit=MAX_BYTES // 2**20)


def _gunzip(data: bytes, name: str) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise fatal("ledger_unreadable", name, reason=str(error)) from None
    if len(data) > MAX_BYTES:
        raise _too_big(name)
    return data


def _kind(data: bytes, name: str, xml: bool = False) -> str:
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head and not data.strip():
        raise fatal("empty_file", name)
    if xml and (head.startswith(b"<") or data[:4] in (b"\xff\xfe<\0", b"\xfe\xff\0<")):
        return "xml"
    if data[:4] == b"PAR1":
        return "parquet"
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return "workbook"
    if data[:4] == b"PK\x03\x04":
        _check_zip(data, name)
        return "workbook"
    for start, found in _FOREIGN.items():
        if head.startswith(start):
            raise fatal("ledger_not_a_table", name, value=found)
    return "text"


def _check_zip(data: bytes, name: str) -> None:
    """Refuse what is no workbook, and what would not fit in memory once read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            if not {"xl/workbook.xml", "xl/workbook.bin", "content.xml"} & names:
                raise fatal("ledger_not_a_table", name, value="zip")
            if sum(member.file_size for member in members) > MAX_BYTES:
                raise _too_big(name)
            for member in members:
                if re.fullmatch(r"xl/worksheets/[^/]+\.xml", member.filename):
                    _check_extent(archive.read(member), name)
    except InputError:
        raise
    except Exception as error:  # a damaged archive fails in many ways, all of them mean the same
        raise fatal("ledger_unreadable", name, reason=str(error)) from None


def _check_extent(xml: bytes, name: str) -> None:
    columns, rows = 1, 1
    for letters, digits in set(re.findall(rb'<c [^>]*?\br="([A-Z]{1,4})(\d{1,9})"', xml)):
        width = 0
        for letter in letters:
            width = 26 * width + letter - 64
        columns, rows = max(columns, width), max(rows, int(digits))
    if columns * rows > MAX_CELLS:
        raise fatal("ledger_too_wide", name, value=f"{rows} x {columns}")


def _error_cells(data: bytes) -> list[str]:
    """Cells of an XLSX that hold an error, which readers take for blank: their sheet's number and place."""
    if data[:2] != b"PK":
        return []
    found = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.namelist():
            if number := re.fullmatch(r"xl/worksheets/sheet(\d+)\.xml", member):
                cells = re.findall(rb'<c [^>]*?\br="([A-Z]+\d+)"[^>]*\bt="e"', archive.read(member))
                found += [f"{number[1]}!{cell.decode()}" for cell in cells]
    return found


# --- bytes to text -----------------------------------------------------------------------------------------------


def decode(data: bytes, name: str, encoding: str | None = None) -> tuple[str, str]:
    """Text and the encoding it was read with: the one given, or the one that fits."""
    text, used = _guess_decode(data, name) if encoding is None else (_given_decode(data, name, encoding), encoding)
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        raise fatal("ledger_not_a_table", name, value="binary")
    if not text or text.isspace():
        raise fatal("empty_file", name)
    return text, used


def _given_decode(data: bytes, name: str, encoding: str) -> str:
    try:
        return data.decode("utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        raise _bad_encoding(name, encoding, data, error) from None
    except (LookupError, TypeError, ValueError):
        raise fatal(
            "ledger_bad_argument", value=str(encoding), argument="encoding", expected="utf-8, cp1252, cp850…"
        ) from None


def utf16(data: bytes) -> str:
    """UTF-16 as Python names it, by the mark or by the NULs of the first two letters; blank if it is none."""
    if data[:2] in UTF16_MARKS:
        return "utf-16"
    nuls = [place for place, sign in enumerate(data[:4]) if not sign]
    return "utf-16-le" if nuls == [1, 3] else "utf-16-be" if nuls == [0, 2] else ""


def _guess_decode(data: bytes, name: str) -> tuple[str, str]:
    """UTF-16 by its mark or its NULs, then UTF-8, then the code page that gives French letters."""
    wide = utf16(data)
    if wide:
        try:
            return data.decode(wide), "utf-16"
        except UnicodeDecodeError:
            raise fatal("ledger_bad_encoding", name, value="utf-16") from None
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError as error:
        whole = len(re.findall(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}", data))
        stray = data.decode("utf-8", "replace").count("\ufffd")
        if data[:3] == codecs.BOM_UTF8 or whole > stray:  # utf-8 with a few damaged bytes: never read as another
            raise _bad_encoding(name, "utf-8", data, error) from None
    readings = [(data.decode(page, "replace"), page) for page in ("cp1252", "cp850", "mac_roman")]
    return max(readings, key=lambda reading: _plausible(reading[0]))


def _bad_encoding(name: str, encoding: str, data: bytes, error: UnicodeDecodeError) -> InputError:
    return fatal("ledger_bad_encoding", name, line=data[: error.start].count(b"\n") + 1, value=encoding)


def _plausible(text: str) -> int:
    """Letters that French texts have, less the signs that they have not; of a long text the beginning."""
    score = 0
    for sign in filter(lambda sign: ord(sign) > 127, text[:PLAUSIBLE]):
        if sign in "éèàùâêîôûëïüçÉ°":
            score += 2
        elif sign in "œæÈÀÇÊÎÔŒ€£«»’–\u00a0":
            score += 1
        else:
            score -= 2
    return score


# --- delimited text ----------------------------------------------------------------------------------------------


def _text_sheet(
    text: str,
    name: str,
    report: LoadReport,
    separator: str | None,
    known: frozenset[str],
    given: Sequence[str] | None = None,
) -> Sheet:
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n")
    if "\n" not in text:
        text = text.replace("\r", "\n")
    if given is not None:
        sign = separator or _heading_line(text, None, known)[1]
        sheet = Sheet(name, "", list(given), [], pl.Series(dtype=pl.Int64))
        fast = _fast_columns(text, sign, len(given), 1)
        sheet.text, sheet.lines = fast or _careful_columns(text, sign, sheet, 1, report)
        return sheet
    skipped, sign = _heading_line(text, separator, known)
    top = text.split("\n", skipped + QUOTED_LINES)[skipped : skipped + QUOTED_LINES]
    taken, headings = _record(top, 0, sign)
    if headings is None or len(headings) < 2:
        raise fatal("ledger_no_separator", name, line=skipped + 1, value=top[0])
    if skipped:
        report.add("ledger_lines_before", "note", file=name, count=skipped, n=skipped)
    above = skipped + taken
    body = "".join(text.split("\n", above)[above:])
    sheet = Sheet(name, "", [heading.strip() for heading in headings], [], pl.Series(dtype=pl.Int64))
    fast = _fast_columns(body, sign, len(headings), above + 1)
    sheet.text, sheet.lines = fast or _careful_columns(body, sign, sheet, above + 1, report)
    return sheet


def _heading_line(text: str, separator: str | None, known: frozenset[str]) -> tuple[int, str]:
    """Number of lines before the headings, and the separator: those that recognise most headings."""
    lines = text.split("\n", HEADING_ROWS)[:HEADING_ROWS]
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    scores: dict[tuple[int, str], tuple[int, int]] = {}
    for number, line in enumerate(lines):
        for sign in (separator,) if separator else SEPARATORS:
            parts = [part.strip().strip('"') for part in line.split(sign)]
            recognised = sum(plain(part) in known for part in parts)
            if recognised >= 2 or number == first:  # one word alone may be a value: « Facture »
                scores[number, sign] = (recognised if recognised >= 2 else 0, len(parts))
    return max(scores, key=lambda place: scores[place])


def _fast_columns(body: str, sign: str, width: int, line: int) -> tuple[list[pl.Series], pl.Series] | None:
    """Columns by Polars where every record is well formed; None where the careful reader must look.

    Polars pads short records and cuts odd quotes without a word, so the cells are counted here first.
    """
    body = body.rstrip("\n") + "\n"
    if body == "\n" or "\r" in body:
        return None
    data = body.encode("utf-8", "surrogatepass")
    signs = np.frombuffer(data, np.uint8)
    line_ends = np.flatnonzero(signs == ord("\n"))
    ends, cuts = line_ends, np.flatnonzero(signs == ord(sign))
    quoted = '"' in body
    if quoted:
        inside = _quoted(signs, sign)
        if inside is None:
            return None
        ends, cuts = ends[~inside[ends]], cuts[~inside[cuts]]
    counts = np.diff(np.searchsorted(cuts, ends), prepend=0)
    if (counts != width - 1).any():
        return None
    try:
        quote = '"' if quoted else None
        frame = pl.read_csv(data, separator=sign, has_header=False, infer_schema=False, quote_char=quote)
    except pl.exceptions.PolarsError:
        return None
    if frame.shape != (len(ends), width):
        return None
    if len(ends) < len(line_ends) and any(_some_hold_rows(column, sign, width) for column in frame.get_columns()):
        return None
    starts = np.concatenate([[0], ends[:-1] + 1])
    return frame.get_columns(), pl.Series(line + np.searchsorted(line_ends, starts), dtype=pl.Int64)


def _some_hold_rows(column: pl.Series, sign: str, width: int) -> bool:
    broken = column.drop_nulls()
    broken = broken.filter(broken.str.contains("\n", literal=True))
    return any(_holds_rows(cell, sign, width) for cell in broken)


def _quoted(signs: np.ndarray, sign: str) -> np.ndarray | None:
    """Which bytes stand within quotes; None where a quote neither opens nor closes a cell."""
    marks = signs == ord('"')
    quotes = np.flatnonzero(marks)
    opening, closing = quotes[::2], quotes[1::2]
    around = np.frombuffer(f'\n"{sign}'.encode(), np.uint8)
    before, after = signs[np.maximum(opening - 1, 0)], signs[np.minimum(closing + 1, len(signs) - 1)]
    if len(quotes) % 2 or not (np.isin(before, around) | (opening == 0)).all() or not np.isin(after, around).all():
        return None
    return np.bitwise_xor.accumulate(marks.view(np.uint8)).astype(bool)


def _careful_columns(
    body: str, sign: str, sheet: Sheet, line: int, report: LoadReport
) -> tuple[list[pl.Series], pl.Series]:
    """Columns record by record; the malformed ones are noted, and refused in `sheet`."""
    width = len(sheet.headings)
    rows: list[list[str]] = []
    lines: list[int] = []
    for first, cells in _records(body, sign, line):
        if cells is None or any(_holds_rows(cell, sign, width) for cell in cells):
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


def _holds_rows(cell: str, sign: str, width: int) -> bool:
    """Whether a cell is the end of a row, whole rows perhaps, and the start of one: two stray quotes made one text."""
    ends = cell.count("\n")
    return ends > 0 and width > 2 and cell.count(sign) == ends * (width - 1)


def _records(body: str, sign: str, line: int) -> Iterator[tuple[int, list[str] | None]]:
    """First line and cells of each record that is not blank."""
    lines = body.split("\n")
    number = 0
    while number < len(lines):
        taken, cells = _record(lines, number, sign)
        if lines[number].strip():
            yield line + number, cells
        number += taken


def _record(lines: Sequence[str], number: int, sign: str) -> tuple[int, list[str] | None]:
    """How many lines the record that starts here takes, and its cells; None where a quote is not closed."""
    record, taken = lines[number], 1
    cells = _cells(record, sign)
    for following in lines[number + 1 : number + QUOTED_LINES] if cells is None else ():
        record += "\n" + following
        taken += 1
        cells = _cells(record, sign) if '"' in following else None
        if cells is not None:
            return taken, cells
    return 1, cells


def _cells(record: str, sign: str) -> list[str] | None:
    if '"' not in record:
        return record.split(sign)
    cells, position, pattern = [], 0, _cell_pattern(sign)
    while True:
        found = pattern.match(record, position)
        if found is None:
            return None
        cells.append(found[2] if found[1] is None else found[1].replace('""', '"'))
        position = found.end() + 1
        if found.end() >= len(record):
            return cells


@cache
def _cell_pattern(sign: str) -> re.Pattern[str]:
    cut = re.escape(sign)
    return re.compile(rf'"((?:[^"]|"")*+)"(?={cut}|\Z)|([^"{cut}\n][^{cut}\n]*|)(?={cut}|\Z)')


# --- workbooks and Parquet ---------------------------------------------------------------------------------------


def _workbook_sheets(
    data: bytes, name: str, known: frozenset[str], headings: Sequence[str] | None = None
) -> list[Sheet]:
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
    sheets = []
    for about in workbook.sheets_metadata:
        if about.typ != SheetTypeEnum.WorkSheet:
            continue
        rows = workbook.get_sheet_by_name(about.name).to_python(skip_empty_area=False)
        sheet = _cells_sheet(rows, name, about.name, known, headings)
        if sheet is not None:
            sheets.append(sheet)
    return sheets


def _cells_sheet(
    rows: list[list[Any]], file: str, name: str, known: frozenset[str], given: Sequence[str] | None = None
) -> Sheet | None:
    filled = [number for number, row in enumerate(rows) if any(cell != "" for cell in row)]
    if not filled:
        return None
    scores = {number: sum(plain(str(cell)) in known for cell in rows[number]) for number in filled[:HEADING_ROWS]}
    top = max(scores, key=lambda number: scores[number] if scores[number] >= 2 else 0)  # the first of the best
    kept = [number for number in filled if number > top]
    headings = [str(cell).strip() for cell in rows[top]]
    if given is not None:
        kept = filled
        headings = [*given, *[""] * (len(headings) - len(given))]
    sheet = Sheet(file, name, headings, [], pl.Series([number + 1 for number in kept], dtype=pl.Int64))
    for column in range(len(headings)):
        _add_cells(sheet, column, [rows[number][column] for number in kept])
    return sheet


def _add_cells(sheet: Sheet, column: int, cells: Sequence[Any]) -> None:
    read = [_cell(cell) for cell in cells]
    sheet.text.append(pl.Series([text for text, _, _ in read], dtype=pl.String))
    numbers = pl.Series([number for _, number, _ in read], dtype=pl.Float64)
    if numbers.count():
        sheet.numbers[column] = numbers
    days = pl.Series([day for _, _, day in read], dtype=pl.Date)
    if days.count():
        sheet.dates[column] = days
    timed = sum(isinstance(cell, datetime) and cell.time() != time() for cell in cells)
    if timed:
        sheet.timed[column] = timed


def _cell(cell: Any) -> tuple[str, float | None, date | None]:
    """Text of a cell, with its number or its day where it is typed as one."""
    if isinstance(cell, bool):
        return "true" if cell else "false", None, None
    if isinstance(cell, (int, float)):
        return _number_text(cell), float(cell), None
    if isinstance(cell, datetime):
        day = cell.date()
        return day.isoformat() if cell.time() == time() else cell.isoformat(" "), None, day
    if isinstance(cell, date):
        return cell.isoformat(), None, cell
    return str(cell), None, None


def _number_text(number: float) -> str:
    return str(int(number)) if abs(number) < 1e15 and float(number).is_integer() else repr(number)


def _parquet_sheets(data: bytes, name: str) -> list[Sheet]:
    frame = pl.read_parquet(io.BytesIO(data))
    sheet = Sheet(name, "", frame.columns, [], pl.Series(range(1, frame.height + 1), dtype=pl.Int64))
    for place, column in enumerate(frame.get_columns()):
        kind = column.dtype
        if kind.is_numeric():
            sheet.numbers[place] = column.cast(pl.Float64)
            text = _float_texts(column) if kind.is_float() else column.cast(pl.String)
        elif kind == pl.Date or kind.base_type() == pl.Datetime:
            sheet.dates[place] = column.dt.date()
            text = column.dt.strftime("%Y-%m-%d") if kind == pl.Date else column.cast(pl.String)
            timed = 0 if kind == pl.Date else int((column.dt.time() != time()).sum())
            if timed:
                sheet.timed[place] = timed
        elif kind in (pl.String, pl.Boolean, pl.Categorical, pl.Null) or kind.base_type() == pl.Enum:
            text = column.cast(pl.String)
        else:  # nested or binary: no cell of a ledger; unusable if it is asked for
            text = pl.Series([f"<{kind}>"] * frame.height, dtype=pl.String)
        sheet.text.append(text)
    return [sheet]


def _float_texts(column: pl.Series) -> pl.Series:
    """Numbers as written; 123.0 is 123."""
    number = column.cast(pl.Float64)
    whole = number.is_finite() & (number == number.round()) & (number.abs() < 1e15)
    digits = number.zip_with(whole.fill_null(False), pl.Series([None], dtype=pl.Float64))
    digits = digits.cast(pl.Int64, strict=False).cast(pl.String)
    return digits.zip_with(digits.is_not_null(), column.cast(pl.String))
