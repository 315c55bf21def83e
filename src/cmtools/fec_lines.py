"""From the bytes of a FEC to its typed lines, some mebibytes at a time.

A file of ten million lines never stands in memory as text: :func:`read_lines` takes
it piece by piece, and keeps of each piece columns of the smallest type. A piece whose
lines all have as many fields as the heading goes through the CSV reader of Polars;
another one is split line by line. Both ways find the same defects, and these are
told together, in the order of the whole file.
"""

from __future__ import annotations

import codecs
import io
import unicodedata
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import numpy as np
import polars as pl

from cmtools.files import utf16
from cmtools.schemas import LoadReport

_T = TypeVar("_T")

HEADINGS = {
    "journal_code": "JournalCode", "journal_label": "JournalLib", "entry_number": "EcritureNum",
    "entry_date": "EcritureDate", "account": "CompteNum", "account_label": "CompteLib", "aux": "CompAuxNum",
    "aux_label": "CompAuxLib", "piece_ref": "PieceRef", "piece_date": "PieceDate", "label": "EcritureLib",
    "debit": "Debit", "credit": "Credit", "lettering": "EcritureLet", "lettering_date": "DateLet",
    "validation_date": "ValidDate", "currency_amount": "Montantdevise", "currency": "Idevise",
}  # fmt: skip
ENTRIES = ("line", *HEADINGS)
DATES = ("entry_date", "piece_date", "lettering_date", "validation_date")
TEXTS = tuple(name for name in HEADINGS if name not in (*DATES, "debit", "credit", "currency_amount"))
REPEATED = ("journal_code", "journal_label", "account", "account_label", "aux", "aux_label", "currency")  # few values
LISTED = 20  # defects of one kind told one by one
_NAMES = {heading.casefold(): name for name, heading in HEADINGS.items()} | {
    "compteauxnum": "aux", "compteauxlib": "aux_label", "montant": "amount", "sens": "side",
}  # fmt: skip
_OFFICIAL = {**HEADINGS, "amount": "Montant", "side": "Sens"}
_CORE = ("journal_code", "entry_number", "entry_date", "account")
_SEPARATORS = "\t|;,"
_LARGEST = 1e12  # EUR; beyond it cents are no longer exact in a float

PIECE = 1 << 24  # bytes read at a time
_WORKERS = 2  # pieces at a time; each uses all processors for the greater part of its work
_BLOCK = 1 << 17  # bytes counted at a time: they stay in the cache of the processor
_MORE_COLUMNS = 8  # empty fields that lines may have beyond those of the heading, in the fast way
_BOM = codecs.BOM_UTF8
_REPLACED = "\ufffd".encode()

_GROUPED = "[0-9]+(?:[ \u00a0\u202f][0-9]{3})*"
_DECIMALS = "(?:[0-9]{0,2}0*|[0-9]*(?:0{6}|9{6})[0-9]*)"  # two decimals; or the tail of a binary fraction
_AMOUNT = rf"^[+-]?(?:{_GROUPED}(?:[.,]{_DECIMALS})?|[.,][0-9]{{1,2}}0*)$"
_POINTS = r"^[+-]?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]{1,2}0*$"
_COMMAS = r"^[+-]?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]{1,2}0*$"
_SIDES = {"D": 1, "DEBIT": 1, "+1": 1, "1": 1, "+": 1, "C": -1, "CREDIT": -1, "-1": -1, "-": -1}

# Letters that French books hold, and how much each speaks for a code page.
_LIKELY = dict.fromkeys("éèêëàâçîïôùûÉÈÀÇœ", 1.0) | dict.fromkeys("ÊÂÎÔÛËÏÙäöüÄÖÜŒ°ñ", 0.6)
_LIKELY |= dict.fromkeys("€«»’–…\u00a0", 0.3)


def read_lines(path: Path, encoding: str | None, report: LoadReport) -> tuple[pl.DataFrame, pl.Series, bool]:
    """Typed lines of a FEC.

    Parameters
    ----------
    path : Path
    encoding : str or None
        Python's name of the encoding; None: told from the bytes.
    report : LoadReport
        What is found is noted there.

    Returns
    -------
    frame : polars.DataFrame
        Columns ENTRIES: `debit`, `credit` and `currency_amount` in cents, days, a blank is
        null; the texts of REPEATED as categories.
    unreadable : Series of bool
        Which lines have an amount, or a side, that cannot be read; it counts as nil.
    ragged : bool
        Whether some line had another number of fields; such lines are left out.

    Raises
    ------
    InputError
        If the file is missing, empty, or its heading is not that of a FEC.
    """
    if encoding is None:
        plain = _Plain(path)
        trial = LoadReport(files=list(report.files))
        found = plain.read(trial)
        if found is not None:
            _note_encoding(report, "UTF-8", plain.replaced, plain.ascii)
            report.merge(trial)
            return found
    return _read(_texts(path, encoding, report), report)


def _read(pieces: Iterator[bytes], report: LoadReport) -> tuple[pl.DataFrame, pl.Series, bool]:
    first, skipped, rest = _first_line(pieces)
    reader = _Reader(*_heading(first, report))
    found = _Found()
    start = b"\n" * skipped + rest
    for part in in_order(reader.part, chain([start] if start else [], pieces)):
        found.take(part)
    if not found.columns:
        found.take(reader.part(b"\n"))
    found.tell(report, reader.width)
    return found.whole()


def in_order(work: Callable[[bytes], _T], pieces: Iterable[bytes]) -> Iterator[_T]:
    """What `work` makes of each piece, two pieces at a time."""
    waiting: deque[Future[_T]] = deque()
    with ThreadPoolExecutor(_WORKERS) as pool:
        for piece in pieces:
            waiting.append(pool.submit(work, piece))
            if len(waiting) > _WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


# ---------------------------------------------------------------- bytes


class _Plain:
    """A file in UTF-8 whose lines end with LF or CR LF, as far as it has been read: one reading is enough then."""

    def __init__(self, path: Path):
        self.path = path
        self.ascii, self.replaced, self.feeds, self.returns = True, 0, 0, 0

    def read(self, report: LoadReport) -> tuple[pl.DataFrame, pl.Series, bool] | None:
        """Its lines; None if it is not such a file, or cannot be used."""
        try:
            with self.path.open("rb") as file:
                start = file.read(_BLOCK)
                if not start.strip() or utf16(start) or start.count(b"\r") > start.count(b"\n"):
                    return None
                file.seek(0)
                found = _read(self._told(file), report)
        except (OSError, ValueError):  # InputError and UnicodeDecodeError among them
            return None
        return found if self.returns <= self.feeds else None

    def _told(self, file: BinaryIO) -> Iterator[bytes]:
        for number, piece in enumerate(_pieces(file)):
            if not piece.isascii():
                self.ascii = False
                self.replaced += piece.count(_REPLACED) if b"\xef" in piece else 0
            if number == 0:
                piece = piece.removeprefix(_BOM).removeprefix(_BOM)
            if b"\r" in piece:
                self.returns += piece.count(b"\r")
                self.feeds += piece.count(b"\n")
                piece = piece.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n")
            yield piece


@dataclass
class _Survey:
    """What the bytes of a file say of its encoding and of its line ends."""

    start: bytes = b""
    blank: bool = True
    ascii: bool = True
    valid: bool = True  # in UTF-8
    replaced: int = 0
    feeds: int = 0
    returns: int = 0


def _texts(path: Path, encoding: str | None, report: LoadReport) -> Iterator[bytes]:
    """The file as UTF-8 without mark, its lines ended by LF, some whole lines at a time."""
    survey = _surveyed(path, report)
    if encoding is not None or utf16(survey.start) or survey.returns > survey.feeds:
        return _pieces(io.BytesIO(_decode(path.read_bytes(), encoding, report).encode("utf-8", "replace")))
    page, errors, replaced = "UTF-8", "strict", survey.replaced
    if not survey.valid:
        page, errors, replaced = _guess_page(path)
    _note_encoding(report, page, replaced, survey.ascii)
    return _recoded(path, page, errors, survey.returns > 0)


def _recoded(path: Path, page: str, errors: str, returns: bool) -> Iterator[bytes]:
    with path.open("rb") as file:
        for number, piece in enumerate(_pieces(file)):
            if number == 0 and page == "UTF-8":
                piece = piece.removeprefix(_BOM).removeprefix(_BOM)
            if page != "UTF-8" or errors != "strict":
                piece = piece.decode(page, errors).encode()
            yield piece.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n") if returns else piece


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """Some whole lines at a time."""
    rest = b""
    while block := rest + file.read(PIECE):
        cut = block.rfind(b"\n") + 1
        if len(block) == len(rest):
            yield block
            return
        if cut:
            file.seek(cut - len(block), io.SEEK_CUR)
            yield block[:cut] if cut < len(block) else block
        rest = b"" if cut else block


def _surveyed(path: Path, report: LoadReport) -> _Survey:
    survey, name = _Survey(), report.files[0]
    try:
        found = path.is_file()
        if found:
            with path.open("rb") as file:
                for piece in _pieces(file):
                    _survey_piece(survey, piece)
    except (OSError, ValueError):
        found = False
    if not found:
        report.add("missing_file", "fatal", file=name, value=name)
    elif survey.blank:
        report.add("empty_file", "fatal", file=name)
    report.refuse()
    return survey


def _survey_piece(survey: _Survey, piece: bytes) -> None:
    survey.start = survey.start or piece[:4]
    survey.blank = survey.blank and not piece.strip()
    for block in _blocks(piece):
        survey.feeds += int(np.count_nonzero(block == 10))
        survey.returns += int(np.count_nonzero(block == 13))
    if not piece.isascii():
        survey.ascii = False
        survey.replaced += piece.count(_REPLACED)
        survey.valid = survey.valid and _is_utf8(piece)


def _is_utf8(piece: bytes) -> bool:
    try:
        piece.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _blocks(data: bytes) -> Iterator[np.ndarray]:
    signs = np.frombuffer(data, dtype=np.uint8)
    for start in range(0, len(signs), _BLOCK):
        yield signs[start : start + _BLOCK]


def _guess_page(path: Path) -> tuple[str, str, int]:
    """Encoding by which the accented letters read as French, what to do with errors, and letters replaced."""
    counts, damaged = np.zeros(256, dtype=np.int64), 0
    with path.open("rb") as file:
        for piece in _pieces(file):
            for block in _blocks(piece):
                counts += np.bincount(block, minlength=256)
            damaged += piece.decode("utf-8", "replace").count("\ufffd")
    if damaged * 10 < counts[128:].sum():  # UTF-8 with a few damaged bytes
        return "UTF-8", "replace", damaged
    return _likely_page(counts), "strict", 0


def _likely_page(counts: np.ndarray) -> str:
    high = [value for value in range(128, 256) if counts[value]]

    def score(candidate: str) -> float:
        letters = [bytes([value]).decode(candidate, errors="replace") for value in high]
        if "\ufffd" in letters:
            return float("-inf")
        return sum(int(counts[value]) * _LIKELY.get(letter, -1.0) for value, letter in zip(high, letters))

    return max(("cp1252", "iso8859-15", "cp850"), key=score)


def _decode(raw: bytes, encoding: str | None, report: LoadReport) -> str:
    """Text with LF line endings of a file that cannot be read by pieces: its ends are CR, or it is UTF-16, say."""
    if encoding is not None:
        try:
            text = raw.decode("utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding)
        except (LookupError, UnicodeError):
            report.add("fec_encoding_failed", "fatal", file=report.files[0], value=encoding)
            report.refuse()
    else:
        encoding, text = _guess(raw)
        _note_encoding(report, encoding, text.count("\ufffd"), raw.isascii())
    text = text.removeprefix("\ufeff").replace("\r\r\n", "\n").replace("\r\n", "\n")
    return text.replace("\r", "\n") if text.count("\r") > text.count("\n") else text


def _guess(raw: bytes) -> tuple[str, str]:
    wide = utf16(raw)
    if wide:
        return "UTF-16", raw.decode(wide, errors="replace")
    if _is_utf8(raw):
        return "UTF-8", raw.decode("utf-8-sig")
    counts = np.bincount(np.frombuffer(raw, dtype=np.uint8), minlength=256)
    text = raw.decode("utf-8-sig", errors="replace")
    if text.count("\ufffd") * 10 < counts[128:].sum():
        return "UTF-8", text
    page = _likely_page(counts)
    return page, raw.decode(page)


def _note_encoding(report: LoadReport, page: str, replaced: int, ascii_only: bool) -> None:
    name = report.files[0]
    if replaced:
        report.add("fec_replaced", "warning", file=name, count=replaced, n=replaced)
    if not ascii_only:
        report.add("fec_encoding", "note", file=name, value=page)


# ---------------------------------------------------------------- heading


def _first_line(pieces: Iterator[bytes]) -> tuple[str, int, bytes]:
    """The heading, how many empty lines stand before it, and what follows it in its piece."""
    skipped = 0
    for piece in pieces:
        found = piece.lstrip(b"\n")
        skipped += len(piece) - len(found)
        if found:
            first, _, rest = found.partition(b"\n")
            return first.decode(), skipped, rest
    return "", skipped, b""


def _heading(first: str, report: LoadReport) -> tuple[list[str], str]:
    """Our name of each column ("" for one of no use), and the separator."""
    name = report.files[0]
    separator = max(_SEPARATORS, key=first.count)
    headings = first.rstrip(separator + " \r").split(separator)
    fields = [_NAMES.get(_plain(heading), "") for heading in headings]
    known = {field for field in fields if field}
    doubled = sorted({field for field in known if fields.count(field) > 1})
    wanted = ["amount", "side"] if "amount" in known and not known & {"debit", "credit"} else ["debit", "credit"]
    found = ", ".join(heading.strip() for heading in headings)
    for column in (*_CORE, *wanted):
        if column not in known:
            report.add("fec_missing_column", "fatal", file=name, line=1, value=_OFFICIAL[column], found=found)
    for column in doubled:
        report.add("fec_duplicate_column", "fatal", file=name, line=1, value=_OFFICIAL[column])
    report.refuse()
    for column in HEADINGS:
        if column not in known and column not in ("debit", "credit"):
            report.add("fec_absent_column", "warning", file=name, line=1, value=HEADINGS[column])
    if not {"amount", "side"} <= known:  # one of them says nothing beside Debit and Credit
        fields = ["" if field in ("amount", "side") else field for field in fields]
    others = [heading.strip() for heading, field in zip(headings, fields) if not field]
    if others:
        report.add("fec_extra_columns", "note", file=name, line=1, value=", ".join(others), n=len(others))
    return fields, separator


def _plain(text: str) -> str:
    """Lower case letters and digits only."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text.casefold()) if letter.isalnum())


# ---------------------------------------------------------------- fields


_Finding = tuple[str, str, str]  # code, level, column


@dataclass
class _Part:
    """Lines of one piece, numbered from 0, and what was found wrong with them by kind, in the order of telling."""

    size: int
    lines: pl.DataFrame = field(default_factory=pl.DataFrame)
    blank: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    ragged: pl.DataFrame | None = None
    findings: dict[_Finding, pl.DataFrame | None] = field(default_factory=dict)
    last: int = -1  # the last line that is not blank

    def add(self, code: str, level: str, found: pl.Series, column: str = "") -> None:
        """Keep the number of the lines `found`, with what stands in `column`."""
        value = pl.col(column).cast(pl.String) if column else pl.lit(None, dtype=pl.String)
        wrong = self.lines.filter(found).select("line", value=value) if found.any() else None
        self.findings[code, level, column] = wrong


class _Found:
    """The parts read so far, column by column."""

    def __init__(self) -> None:
        self.next = 2  # number of the first line of the next part
        self.last = self.rows = 0
        self.blank: list[np.ndarray] = []
        self.ragged: list[pl.DataFrame] = []
        self.findings: dict[_Finding, list[pl.DataFrame]] = {}
        self.columns: dict[str, list[pl.Series]] = {}

    def take(self, part: _Part) -> None:
        """Append a part, its lines numbered as in the file."""
        numbered = pl.col("line") + self.next
        self.blank.append(part.blank + self.next)
        self.last = self.next + part.last if part.last >= 0 else self.last
        self.rows += part.lines.height
        if part.ragged is not None:
            self.ragged.append(part.ragged.with_columns(numbered))
            self.rows += part.ragged.height
        for kind, wrong in part.findings.items():
            known = self.findings.setdefault(kind, [])
            if wrong is not None:
                known.append(wrong.with_columns(numbered))
        for column in part.lines.with_columns(numbered).iter_columns():
            self.columns.setdefault(column.name, []).append(column)
        self.next += part.size

    def tell(self, report: LoadReport, width: int) -> None:
        """Report everything that was found."""
        blank = np.concatenate(self.blank)
        inner = blank[blank < self.last]
        if len(inner):
            where, count = int(inner[0]), len(inner)
            report.add("fec_blank_lines", "note", file=report.files[0], line=where, count=count, n=count)
        report.rows_read = self.rows
        if self.ragged:
            wrong = pl.concat(self.ragged)
            each(report, "fec_field_count", "error", wrong, expected=width)
            report.rows_refused += wrong.height
        for (code, level, column), frames in self.findings.items():
            if frames:
                each(report, code, level, pl.concat(frames), _OFFICIAL.get(column, ""))

    def whole(self) -> tuple[pl.DataFrame, pl.Series, bool]:
        """All the lines; which are unreadable; whether some were left out."""
        columns = {name: pl.concat(self.columns.pop(name), rechunk=True) for name in list(self.columns)}
        unreadable = columns.pop("unreadable")
        return pl.DataFrame(columns), unreadable, bool(self.ragged)


class _Reader:
    """How the lines of one file are read."""

    def __init__(self, fields: list[str], separator: str):
        self.fields, self.separator, self.width = fields, separator, len(fields)
        self.given = [name for name in fields if name]
        self.types: dict[str, Any] = {name: pl.Categorical(pl.Categories.random()) for name in REPEATED}
        self.types |= dict.fromkeys(DATES, pl.Categorical(pl.Categories.random()))

    def part(self, data: bytes) -> _Part:
        """Read some whole lines."""
        # A label may hold a carriage return or a control character: data, but not one that can be written again.
        signs = _counted(data, self.separator)
        if signs.controls:
            data = data.translate(_without_controls(self.separator))
        if not data.endswith(b"\n"):
            data += b"\n"
            signs.lines += 1
        part = _Part(signs.lines)
        raw = self._regular(data, signs)
        if raw is None:
            raw = self._line_by_line(data, part)
        else:
            part.last = raw.height - 1
        absent = [name for name in HEADINGS if name not in raw.columns]
        part.lines = raw.with_columns(pl.lit(None, self.types.get(name, pl.String)).alias(name) for name in absent)
        part.lines = _typed(part)
        return part

    def _regular(self, data: bytes, signs: _Signs) -> pl.DataFrame | None:
        """One text column per field; None if lines must be looked at one by one."""
        extra = signs.separators - signs.lines * (self.width - 1)
        if extra < 0 or extra % signs.lines or extra > _MORE_COLUMNS * signs.lines or data.startswith(_BOM):
            return None
        names = [name or f"_{place}" for place, name in enumerate(self.fields)]
        names += [f"_{self.width + place}" for place in range(extra // signs.lines)]
        schema = {name: pl.String if signs.padded else self.types.get(name, pl.String) for name in names}
        try:
            raw = pl.read_csv(data, separator=self.separator, quote_char=None, has_header=False, schema=schema)
        except pl.exceptions.PolarsError:  # a line with more fields than the others
            return None
        if raw.height != signs.lines:
            return None
        if signs.padded:
            raw = raw.with_columns(pl.all().str.strip_chars()).select(
                pl.when(pl.col(name) != "").then(pl.col(name)).cast(self.types.get(name, pl.String)) for name in names
            )
        if raw["account"].has_nulls() and raw.select(pl.all_horizontal(pl.all().is_null()).any()).item():
            return None
        if any(raw[name].null_count() < raw.height for name in names[self.width :]):
            return None
        return raw.select(self.given).insert_column(0, pl.Series("line", np.arange(raw.height)))

    def _line_by_line(self, data: bytes, part: _Part) -> pl.DataFrame:
        separator, width = self.separator, self.width
        lines = data.decode().removesuffix("\n").split("\n")
        numbers = np.arange(len(lines))
        raw = pl.DataFrame({"line": numbers, "raw": pl.Series(lines, dtype=pl.String)})
        blank = raw.get_column("raw").str.strip_chars(separator + " \x1a\u00a0") == ""
        part.blank = numbers[blank.to_numpy()]
        raw = raw.filter(~blank)
        part.last = raw.item(-1, "line") if raw.height else -1
        parts = raw.get_column("raw").str.splitn(separator, width + 1).struct.unnest()
        rest = parts.get_column(f"field_{width}").fill_null("").str.strip_chars(separator + " ")
        ragged = parts.get_column(f"field_{width - 1}").is_null() | (rest != "")
        if ragged.any():
            count = (pl.col("raw").str.count_matches(separator, literal=True) + 1).cast(pl.String)
            part.ragged = raw.filter(ragged).select("line", value=count)
        columns = [parts.get_column(f"field_{i}").alias(name) for i, name in enumerate(self.fields) if name]
        frame = pl.DataFrame([raw.get_column("line"), *columns]).filter(~ragged)
        frame = frame.with_columns(pl.col(self.given).str.strip_chars())
        return frame.select(
            "line",
            *(pl.when(pl.col(name) != "").then(pl.col(name)).cast(self.types.get(name, pl.String)).alias(name)
              for name in self.given),
        )  # fmt: skip


@dataclass
class _Signs:
    """Signs counted in some lines; `padded`: a blank may stand beside a separator."""

    separators: int = 0
    lines: int = 0
    controls: bool = False
    padded: bool = False


def _counted(data: bytes, separator: str) -> _Signs:
    signs, sign, plain = _Signs(), ord(separator), data.isascii()
    edge = np.array([10, 10], dtype=np.uint8)  # the two signs before a block
    for block in _blocks(data):
        lines = int(np.count_nonzero(block == 10))
        separators = int(np.count_nonzero(block == sign))
        low = np.count_nonzero(block < 32) - lines - (separators if sign == 9 else 0)
        signs.lines += lines
        signs.separators += separators
        signs.controls = signs.controls or bool(low) or bool((block == 127).any())
        if not signs.padded:
            block = np.concatenate([edge, block])
            signs.padded = _padded(block, sign, plain)
            edge = block[-2:]
    signs.padded = signs.padded or signs.controls or data[-1] == 32 or data[-1] >= 0x80
    return signs


def _padded(block: np.ndarray, sign: int, plain: bool) -> bool:
    """Whether a space, or what may be the last or first byte of a blank beyond ASCII, stands beside a separator."""
    limit = (block == sign) | (block == 10)
    space = block == 32
    if (limit[:-1] & space[1:]).any() or (space[:-1] & limit[1:]).any():
        return True
    if plain:
        return False
    beyond = block >= 0x80
    first = block[1:][limit[:-1] & beyond[1:]]
    if ((first == 0xC2) | ((first >= 0xE1) & (first <= 0xE3))).any():
        return True
    ends = np.flatnonzero(beyond[1:-1] & limit[2:]) + 1
    last, before = block[ends], block[ends - 1]
    letter = (before == 0xC3) | ((before == 0xC2) & (last != 0x85) & (last != 0xA0))
    return not letter.all()


def _without_controls(separator: str) -> bytes:
    blanks = [code for code in (*range(32), 127) if chr(code) not in "\n" + separator]
    return bytes.maketrans(bytes(blanks), b" " * len(blanks))


# ---------------------------------------------------------------- types


def _typed(part: _Part) -> pl.DataFrame:
    """Columns ENTRIES with their types (amounts in cents), and `unreadable`."""
    raw = part.lines
    debit, credit, unreadable = _sides(part)
    written = raw.get_column("currency_amount")
    foreign, bad = cents(written)
    part.add("bad_amount", "warning", bad, "currency_amount")
    foreign = pl.select(pl.when(written.is_not_null() & ~bad).then(foreign)).to_series()
    dates = []
    for column in DATES:
        days, bad = dated(raw.get_column(column))
        dates.append(days.alias(column))
        part.add("fec_bad_date", "error" if column == "entry_date" else "warning", bad, column)
        if column == "entry_date":
            part.add("fec_blank", "error", days.is_null() & ~bad, column)
    account = raw.get_column("account")
    part.add("fec_blank", "error", account.is_null(), "account")
    bad = ~of_text(account, lambda texts: texts.str.contains("^[0-9]"), blank=True)  # quoted, say: of no class
    part.add("fec_bad_account", "error", bad, "account")
    part.add("fec_both_sides", "warning", (debit != 0) & (credit != 0))
    frame = raw.with_columns(*dates, debit=debit, credit=credit, currency_amount=foreign, unreadable=unreadable)
    if bad.any():
        frame = frame.with_columns(account=pl.when(~bad).then("account"))
    return frame.select(*ENTRIES, "unreadable")


def of_text(column: pl.Series, told: Callable[[pl.Series], pl.Series], blank: bool = False) -> pl.Series:
    """What `told` says of each text of a column, asked once for each distinct one; `blank` for a null."""
    known = column.unique().drop_nulls()
    if column.dtype == pl.String:
        column = column.cast(pl.Categorical(pl.Categories.random()))
        known = column.unique().drop_nulls()
    codes = known.to_physical().to_numpy()
    table = np.full(int(codes.max(initial=0)) + 2, blank)
    table[codes] = told(known.cast(pl.String)).to_numpy()
    return pl.Series(table[column.to_physical().fill_null(len(table) - 1).to_numpy()], dtype=pl.Boolean)


def _sides(part: _Part) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Debit and credit in cents, from Debit and Credit or from Montant and Sens; and which rows are unreadable."""
    raw = part.lines
    if "amount" not in raw.columns:
        (debit, bad_debit), (credit, bad_credit) = (cents(raw.get_column(side)) for side in ("debit", "credit"))
        part.add("bad_amount", "error", bad_debit, "debit")
        part.add("bad_amount", "error", bad_credit, "credit")
        return debit, credit, bad_debit | bad_credit
    amount, unreadable = cents(raw.get_column("amount"))
    part.add("bad_amount", "error", unreadable, "amount")
    side = raw.get_column("side").str.to_uppercase()
    sign = side.replace_strict(_SIDES, default=None, return_dtype=pl.Int64)
    bad = sign.is_null() & ((amount != 0) | side.is_not_null())
    part.add("fec_bad_side", "error", bad, "side")
    zero = pl.zeros(raw.height, dtype=pl.Int64, eager=True)
    debit, credit = (amount.zip_with(sign.fill_null(0) == value, zero) for value in (1, -1))
    return debit, credit, unreadable | bad


def cents(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Amounts in cents (blank: 0), and which texts are no amount."""
    if texts.null_count() == len(texts):
        return pl.zeros(len(texts), dtype=pl.Int64, eager=True), pl.Series([False]).new_from_index(0, len(texts))
    first = texts.drop_nulls().head(1)
    sign = "." if len(first) and "." in first[0] else ","
    plain = texts.str.contains(rf"^-?[0-9]{{1,11}}[{sign}][0-9]{{2}}$") | texts.is_null()
    values = texts.str.replace(sign, "", literal=True).cast(pl.Int64, strict=False).fill_null(0)
    if plain.all():
        return values, ~plain
    others = ~plain
    found, bad = _any_cents(texts.filter(others))
    rows = np.flatnonzero(others.to_numpy())
    unread = np.zeros(len(texts), dtype=bool)
    unread[rows] = bad.to_numpy()
    amounts = values.to_numpy().copy()
    amounts[rows] = found.to_numpy()
    return pl.Series(texts.name, amounts), pl.Series(unread)


def _any_cents(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The same for amounts written in any way."""
    fine = texts.str.contains(_AMOUNT)
    plain = texts
    if not fine.all():
        points, commas = texts.str.contains(_POINTS), texts.str.contains(_COMMAS)
        plain = texts.str.replace_all(".", "", literal=True).zip_with(points, texts)
        plain = plain.str.replace_all(",", "", literal=True).zip_with(commas, plain)
        fine |= points | commas
    plain = plain.str.replace_all("[ \u00a0\u202f]", "").str.replace(",", ".", literal=True)
    values = plain.cast(pl.Float64, strict=False)
    fine &= values.is_not_null() & (values.abs().fill_null(0.0) < _LARGEST)
    zeros = pl.zeros(len(values), dtype=pl.Float64, eager=True)
    return (values.zip_with(fine, zeros) * 100).round().cast(pl.Int64), ~fine


_BLANK_DAY, _NO_DAY = np.iinfo(np.int32).min, np.iinfo(np.int32).min + 1


def dated(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Dates (blank or zeros: null), and which texts are no date; `texts`: categories, as a year has few days."""
    known = texts.unique().drop_nulls()
    codes = known.to_physical().to_numpy()
    table = np.full(int(codes.max(initial=0)) + 2, _BLANK_DAY, dtype=np.int32)
    table[codes] = _days(known.cast(pl.String))
    found = table[texts.to_physical().fill_null(len(table) - 1).to_numpy()]
    days = pl.Series(texts.name, found)
    if found.min(initial=0) <= _NO_DAY:
        days = days.set(pl.Series(found <= _NO_DAY), cast(Any, None))
    return days.cast(pl.Date), pl.Series(found == _NO_DAY)


def _days(texts: pl.Series) -> np.ndarray:
    """Days since 1970, _BLANK_DAY for zeros, _NO_DAY for what is no date."""
    found = pl.Series([None], dtype=pl.Date).new_from_index(0, len(texts))
    for pattern, form in (("^[0-9]{8}$", "%Y%m%d"), ("^[0-9]{2}/[0-9]{2}/[0-9]{4}$", "%d/%m/%Y"),
                          ("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "%Y-%m-%d")):  # fmt: skip
        shaped = texts.str.contains(pattern)
        if shaped.any():
            found = texts.str.to_date(form, strict=False).zip_with(shaped, found)
    possible = found.dt.year().is_between(1900, 2199).fill_null(False)
    days = found.to_physical().fill_null(0).to_numpy()
    zeros = texts.str.contains("^0+$").to_numpy()
    return np.where(possible.to_numpy(), days, np.where(zeros, _BLANK_DAY, _NO_DAY))


def each(report: LoadReport, code: str, level: str, found: pl.DataFrame, heading: str = "", **details: Any) -> None:
    """Report one defect per line (`line`, `value`); beyond the first ones, their number."""
    name = report.files[0]
    for line, value in found.head(LISTED).select("line", "value").iter_rows():
        report.add(code, level, file=name, line=line, column=heading, value=value or "", **details)
    rest = found.height - LISTED
    if rest > 0:
        report.add("fec_more", level, file=name, line=found.item(LISTED, "line"), column=heading, count=rest, n=rest)
