"""Files of a ledger too big to be read whole: which files hold which table, and each engine's own way to open them.

A name or a pattern is data: it reaches an engine as a value, never as a piece of a query,
and what another engine would take for a pattern in the name of a file is escaped.
"""

from __future__ import annotations

import csv
import glob
import json
import re
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from cmtools.columns import TABLES, Listing, Mappings, recognise
from cmtools.files import SEPARATORS, fatal
from cmtools.language import Reason
from cmtools.schemas import Column, Defect, InputError, LoadReport, shorten

ENGINES = ("duckdb", "polars", "pyspark")
DESCRIPTION = "ledger.json"
FORMAT, VERSION = "cmtools-ledger", 1
MEMORY = "3GiB"  # that DuckDB takes before it writes to its temporary folder
ACCOUNTS = (
    Column("account", "text", True, "account number"),
    Column("customer_id", "text", False, "customer; blank: not detailed"),
    Column("booking_date", "date", True, "day of the movement"),
    Column("amount", "money", True, "debit positive"),
)
SCHEMAS = TABLES | {"accounts": ACCOUNTS}
_HEAD = 2**20  # bytes in which a heading line must end
_SIZE = re.compile(r"\d{1,6}(?:\.\d+)? ?[KMGT]i?B", re.IGNORECASE)


@dataclass(frozen=True)
class Source:
    """The files of one table, all with the same columns.

    Attributes
    ----------
    table : str
    files : tuple of str
        Paths; a single address for a place that only Spark reaches.
    kind : {"csv", "parquet"}
    headings : tuple of str
        Of a CSV, as written; of a Parquet file, its columns.
    places : dict of str to int
        Place in `headings` of each of our columns.
    types : dict of str to Narwhals type
        Of our columns; empty for a CSV, which is text.
    separator : str
        Of a CSV.
    """

    table: str
    files: tuple[str, ...]
    kind: str
    headings: tuple[str, ...]
    places: dict[str, int]
    types: dict[str, Any]
    separator: str = ""

    @property
    def label(self) -> str:
        """Name of the first file, and how many others there are."""
        first = shorten(_name(self.files[0]))
        return first if len(self.files) == 1 else f"{first} (+{len(self.files) - 1})"

    @property
    def is_remote(self) -> bool:
        """Whether only Spark can open it."""
        return "://" in self.files[0]

    def heading(self, name: str) -> str:
        """Heading as written in the file; blank where there is none."""
        return self.headings[self.places[name]] if name in self.places else ""

    def has(self, name: str) -> bool:
        """Whether the files have this column."""
        return name in self.places


def _name(path: str) -> str:
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]


# --- which files -------------------------------------------------------------------------------------------------


def find_files(path: Any) -> list[str]:
    """Files of a path or a pattern, in the order of their names.

    Raises
    ------
    InputError
        If there is none.
    """
    try:
        text = str(Path(path).absolute())
        if Path(text).is_file():
            return [text]
        found = sorted(name for name in glob.glob(text, recursive=True) if Path(name).is_file())
    except (OSError, TypeError, ValueError):
        found = []
    if not found:
        raise fatal("missing_file", value=shorten(str(path)))
    return found


def is_folder(path: Any) -> bool:
    """Whether this is a folder, which must then be a converted ledger."""
    try:
        return Path(path).is_dir()
    except (OSError, TypeError, ValueError):
        return False


def folder_paths(folder: Path) -> dict[str, list[str]]:
    """Files of each table of a converted ledger: `invoices.parquet`, or those of a folder `invoices`."""
    report = LoadReport()
    found = {}
    for table in SCHEMAS:
        parts = sorted(str(part) for part in (folder / table).glob("*.parquet"))
        whole = folder / f"{table}.parquet"
        if whole.is_file() or parts:
            found[table] = [str(whole)] if whole.is_file() else parts
        elif table != "accounts":
            report.add("missing_file", "fatal", file=folder.name, value=str(whole))
    report.refuse()
    return found


def read_header(folder: Any) -> tuple[dict[str, Any], LoadReport]:
    """What a converted ledger says of itself, and its load report.

    Parameters
    ----------
    folder : path

    Returns
    -------
    told : dict
        `book_currency`, `dated_allocation`, `complete_sales`, `silent`: see :class:`~cmtools.schemas.Ledger`.
    report : LoadReport

    Raises
    ------
    InputError
        If it is no converted ledger.
    """
    place = Path(folder) / DESCRIPTION
    try:
        text = place.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise fatal("scan_no_description", value=shorten(str(folder))) from None
    except (OSError, ValueError) as error:
        raise fatal("scan_bad_description", DESCRIPTION, value=shorten(str(error))) from None
    return read_description(text, DESCRIPTION)


def read_description(text: str, file: str) -> tuple[dict[str, Any], LoadReport]:
    """What `ledger.json` tells of a converted ledger: the attributes of the ledger, and its report.

    Raises
    ------
    InputError
        If it is no such description.
    """
    try:
        told = json.loads(text)
        if (told["format"], told["version"]) != (FORMAT, VERSION):
            raise fatal("scan_bad_description", file, value=f"{told['format']} {told['version']}")
        flags = {name: told[name] for name in ("dated_allocation", "complete_sales")}
        silent = tuple(told["silent"])
        valid = all(isinstance(flag, bool) for flag in flags.values()) and re.fullmatch(
            "[A-Z]{3}", told["book_currency"]
        )
        if not valid or not set(silent) <= {"disputed", "retention", "doubtful"}:
            raise ValueError("silent, dated_allocation, complete_sales, book_currency")
        report = _report(told["report"])
    except InputError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise fatal("scan_bad_description", file, value=shorten(str(error))) from None
    return flags | {"silent": silent, "book_currency": told["book_currency"]}, report


def _report(told: dict[str, Any]) -> LoadReport:
    defects = []
    for row in told.get("defects", []):
        details = {key: Listing(map(str, one)) if isinstance(one, list) else one for key, one in row["details"].items()}
        defect = Defect(row["code"], row["level"], row["file"], row["line"], row["column"], row["value"], details)
        defect.text("en")  # a sentence that is not known, or lacks a value, must not fail later
        defects.append(defect)
    amounts = {str(code): float(amount) for code, amount in told.get("refused_amounts", {}).items()}
    counts = {name: int(told.get(name, 0)) for name in ("rows_read", "rows_refused")}
    return LoadReport([str(name) for name in told.get("files", [])], **counts, refused_amounts=amounts, defects=defects)


# --- what they hold ----------------------------------------------------------------------------------------------


def describe(table: str, files: Sequence[str], mapping: Mappings, report: LoadReport, owned: bool = False) -> Source:
    """Columns of the files of a table; what they lack is noted in `report`.

    Parameters
    ----------
    table : str
    files : sequence of str
    mapping : Mappings
        The caller's headings.
    report : LoadReport
    owned : bool
        Of a converted ledger: our own names only.
    """
    first = _describe_one(table, files[0], files, mapping, owned)
    for other in files[1:]:
        found = _describe_one(table, other, files, mapping, owned)
        if (found.kind, found.headings, found.types, found.separator) != (
            first.kind,
            first.headings,
            first.types,
            first.separator,
        ):
            report.add("scan_files_differ", "fatal", file=_name(other), value=_name(files[0]))
    check_columns(first, report)
    return first


def _describe_one(table: str, file: str, files: Sequence[str], mapping: Mappings, owned: bool) -> Source:
    try:
        with open(file, "rb") as opened:
            head = opened.read(_HEAD)
    except OSError as error:
        raise fatal("ledger_unreadable", _name(file), reason=Reason.of(error)) from None
    if head[:4] == b"PAR1":
        try:
            schema = nw.from_native(pl.scan_parquet(file, glob=False, hive_partitioning=False)).collect_schema()
        except (KeyboardInterrupt, SystemExit, MemoryError):
            raise
        except BaseException as error:  # Rust readers panic with a BaseException on damaged files
            raise fatal("ledger_unreadable", _name(file), reason=shorten(str(error))) from None
        return of_schema(table, files, schema, {} if owned else mapping, owned)
    if not head.strip():
        raise fatal("empty_file", _name(file))
    if owned or head[:2] in (b"PK", b"\x1f\x8b", b"\xd0\xcf") or b"\0" in head:
        raise fatal("scan_not_scannable", _name(file))
    return of_headings(table, files, head, mapping, _name(file))


def of_schema(table: str, files: Sequence[str], schema: Any, mapping: Mappings, owned: bool) -> Source:
    """Source of Parquet files."""
    headings = tuple(schema.names())
    names = {column.name for column in SCHEMAS[table]}
    places = {heading: place for place, heading in enumerate(headings) if heading in names}
    if not owned:
        known = recognise(headings, table, mapping)
        places = {name: found[0] for name, found in known.items() if name in names} | places
    types = {name: schema[headings[place]] for name, place in places.items()}
    return Source(table, tuple(files), "parquet", headings, places, types)


def of_headings(table: str, files: Sequence[str], head: bytes, mapping: Mappings, file: str) -> Source:
    """Source of CSV files, of which `head` is the beginning: the separator is the one that gives most columns."""
    try:
        line = re.split(r"[\r\n]", head.split(b"\n", 1)[0].decode("utf-8-sig"))[0]
    except UnicodeDecodeError:
        raise fatal("scan_not_utf8", file, line=1) from None
    readings: list[tuple[int, int, int, str, list[str]]] = []
    for separator in SEPARATORS:
        headings = [heading.strip() for heading in next(csv.reader([line], delimiter=separator), [])]
        readings.append((len(recognise(headings, table, mapping)), len(headings), -len(readings), separator, headings))
    *_, separator, headings = max(readings)
    places = recognise(headings, table, mapping)
    twice = {name: found for name, found in places.items() if len(found) > 1}
    if twice:
        raise InputError(
            Defect(
                "ledger_heading_twice",
                "fatal",
                file,
                details={"name": name, "found": Listing(headings[place] for place in found)},
            )
            for name, found in twice.items()
        )
    single = {name: found[0] for name, found in places.items()}
    return Source(table, tuple(files), "csv", tuple(headings), single, {}, separator)


_STAND_INS: dict[str, tuple[tuple[str, ...], ...]] = {  # what a CSV must have
    "invoices": (("customer_id",), ("item_id", "document"), ("issue_date",), ("amount",)),
    "settlements": (("amount",), ("payment_date",), ("customer_id", "item_id")),
    "customers": (("customer_id",), ("customer_name",)),
}
_FLAT = ("paid_amount", "open_amount", "payment_date", "open_flag")
_ACCEPTED: dict[str, tuple[str, ...]] = {
    "text": ("String", "Categorical", "Enum"),
    "date": ("Date", "Datetime"),
    "flag": ("Boolean",),
}


def check_columns(source: Source, report: LoadReport) -> None:
    """Note the columns that are missing, and those of another type."""
    needed = _STAND_INS.get(source.table, ())
    if source.kind == "parquet":
        needed = tuple((column.name,) for column in SCHEMAS[source.table] if column.required)
    absent = [" / ".join(names) for names in needed if not any(map(source.has, names))]
    if absent:
        found = ", ".join(filter(None, source.headings))
        report.add("missing_columns", "fatal", file=source.label, missing=", ".join(absent), found=found)
    flat = [source.heading(name) for name in _FLAT if source.has(name)] if source.table == "invoices" else []
    if flat:
        report.add("scan_flat", "fatal", file=source.label, found=Listing(flat))
    for column in SCHEMAS[source.table] if source.kind == "parquet" else ():
        kind = source.types.get(column.name)
        if kind is not None and not _fits(kind, column.kind):
            report.add(
                "scan_wrong_type",
                "fatal",
                file=source.label,
                column=source.heading(column.name),
                value=str(kind),
                expected=", ".join(_ACCEPTED.get(column.kind, ("Float64", "Int64", "Decimal"))),
            )


def _fits(kind: Any, wanted: str) -> bool:
    if kind == nw.Unknown or str(kind) == "Null":  # a column of blanks
        return True
    if wanted in ("money", "number"):
        return bool(kind.is_numeric())
    zone = getattr(kind, "time_zone", None)
    return str(kind.base_type()) in _ACCEPTED[wanted] and zone is None


def line_defects(source: Source, report: LoadReport) -> None:
    """Lines of a CSV that cannot be cut into the cells of its headings, or whose quotes do not close."""
    width = len(source.headings)
    mark = source.separator
    for file in source.files:
        lines = pl.scan_lines(file, name="line", row_index_name="row", glob=False).filter(
            pl.col("line").str.strip_chars() != ""
        )
        quoted = pl.col("line").str.contains('"', literal=True)
        bare = pl.col("line").str.replace_all('"(?:[^"]|"")*"', "")
        rest = lines.with_columns(bare=pl.when(quoted).then(bare).otherwise("line"))
        cells = pl.col("bare").str.count_matches(mark, literal=True) + 1
        stray = pl.col("bare").str.contains('"', literal=True)
        try:
            wrong = rest.with_columns(cells=cells, stray=stray).filter((pl.col("cells") != width) | pl.col("stray"))
            found = wrong.select("row", "cells", "stray").head(10).collect(engine="streaming")
        except pl.exceptions.PolarsError:  # not UTF-8
            report.add("scan_not_utf8", "fatal", file=_name(file), line=_first_undecodable(file))
            continue
        for row, count, open_quote in found.iter_rows():
            if open_quote:
                report.add("ledger_unbalanced_quotes", "fatal", file=_name(file), line=row + 1)
            else:
                details = {"found": count, "expected": width}
                report.add("ledger_wrong_width", "fatal", file=_name(file), line=row + 1, **details)


def _first_undecodable(file: str) -> int | None:
    with open(file, "rb") as opened:
        for number, line in enumerate(opened, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return None


# --- engines -----------------------------------------------------------------------------------------------------


class Duckdb:
    """DuckDB: on the caller's connection, or on one of ours that reads the folders of the ledger and nothing else."""

    def __init__(self, connection: Any, folders: Iterable[str], memory: str):
        try:
            import duckdb
        except ImportError:
            raise fatal("scan_engine_missing", value="duckdb", install="pip install 'cmtools[big]'") from None
        self._duckdb = duckdb
        self._connection = connection
        if connection is None:
            self._connection = self._own(set(folders), memory)

    def _own(self, folders: set[str], memory: str) -> Any:
        if not _SIZE.fullmatch(memory):
            raise fatal("ledger_bad_argument", value=memory, argument="memory", expected="3GiB, 500MiB")
        temporary = tempfile.mkdtemp(prefix="cmtools-duckdb-")
        settings: dict[str, Any] = {
            "temp_directory": temporary,
            "memory_limit": memory,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "preserve_insertion_order": "false",
        }
        connection = self._duckdb.connect(":memory:", config=settings)
        weakref.finalize(connection, shutil.rmtree, temporary, ignore_errors=True)
        allowed = sorted({*folders, *map(glob.escape, folders)})  # a name is compared as it is given
        connection.execute("SET allowed_directories = $1", [allowed])
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return connection

    def open(self, source: Source) -> Any:
        """Files of a table: the columns of a CSV by place, c0, c1..."""
        files = [glob.escape(file) for file in source.files]
        if source.kind == "csv":
            relation = self._connection.read_csv(
                files,
                header=True,
                sep=source.separator,
                quotechar='"',
                escapechar='"',
                columns={f"c{place}": "VARCHAR" for place in range(len(source.headings))},
                auto_detect=False,
                null_padding=False,
                strict_mode=True,
                hive_partitioning=False,
            )
            return nw.from_native(relation)
        relation = self._connection.read_parquet(files, hive_partitioning=False)
        columns = [self._duckdb.ColumnExpression(source.heading(name)).alias(name) for name in source.places]
        return nw.from_native(relation.select(*columns))

    def of(self, frame: pl.DataFrame) -> Any:
        """A small table, on this engine."""
        return self._connection.from_arrow(frame.to_arrow())


class Polars:
    """Polars lazy frames."""

    def open(self, source: Source, numbered: bool = False) -> Any:
        """Files of a table: the columns of a CSV by place, c0, c1...; with `row` (from 1) and `file` if `numbered`."""
        more: dict[str, Any] = {"row_index_name": "row", "row_index_offset": 1} if numbered else {}
        frames = [self._open(source, file, more) for file in source.files]
        if numbered:
            named = zip(frames, source.files, strict=True)
            frames = [frame.with_columns(file=pl.lit(_name(file))) for frame, file in named]
        return nw.from_native(frames[0] if len(frames) == 1 else pl.concat(frames))

    def _open(self, source: Source, file: str, more: dict[str, Any]) -> pl.LazyFrame:
        if source.kind == "csv":
            schema = {f"c{place}": pl.String() for place in range(len(source.headings))}
            return pl.scan_csv(
                file, glob=False, separator=source.separator, schema=schema, has_header=False, skip_lines=1, **more
            )
        table = pl.scan_parquet(file, glob=False, hive_partitioning=False, **more)
        names = {name: source.heading(name) for name in source.places}
        kept = table.select(*(["row"] if more else []), pl.selectors.by_name(*names.values()))
        return kept.rename({heading: name for name, heading in names.items()})

    def of(self, frame: pl.DataFrame) -> Any:
        """A small table, on this engine."""
        return frame.lazy()


class Spark:
    """The caller's Spark session, whose days must be those of UTC."""

    def __init__(self, session: Any):
        try:
            import_module("pyspark.sql")
        except ImportError:
            raise fatal("scan_engine_missing", value="pyspark", install="pip install 'pyspark>=4.3,<5'") from None
        if session is None:
            raise fatal("scan_session_needed")
        zone = session.conf.get("spark.sql.session.timeZone")
        if zone not in ("UTC", "Etc/UTC", "GMT", "Z", "+00:00"):
            raise fatal("scan_session_zone", value=zone)
        self._session = session

    def open(self, source: Source) -> Any:
        """Files of a table: the columns of a CSV by place, c0, c1..."""
        from pyspark.sql import functions

        files = [spark_path(file) for file in source.files]
        if source.kind == "csv":
            schema = ", ".join(f"c{place} STRING" for place in range(len(source.headings)))
            options = {"header": True, "sep": source.separator, "quote": '"', "escape": '"', "encoding": "UTF-8"}
            table = self._session.read.schema(schema).options(mode="FAILFAST", **options).csv(files)
            return nw.from_native(table)
        table = self._session.read.parquet(*files)
        quoted = {name: source.heading(name).replace("`", "``") for name in source.places}
        return nw.from_native(table.select(*(functions.col(f"`{text}`").alias(name) for name, text in quoted.items())))

    def of(self, frame: pl.DataFrame) -> Any:
        """A small table, on this engine."""
        return self._session.createDataFrame(frame.to_arrow())

    def describe(self, table: str, path: str, mapping: Mappings, report: LoadReport, owned: bool) -> Source:
        """Columns of files that only Spark reaches."""
        try:
            if owned or path.split("?")[0].endswith(".parquet"):
                schema = nw.from_native(self._session.read.parquet(path)).collect_schema()
                source = of_schema(table, [path], schema, mapping, owned)
            else:
                head = self._session.read.text(path).first()[0].encode()
                source = of_headings(table, [path], head, mapping, _name(path))
        except InputError:
            raise
        except Exception as error:  # whatever the JVM raises
            raise fatal("ledger_unreadable", _name(path), reason=shorten(str(error))) from None
        check_columns(source, report)
        return source

    def text(self, path: str) -> str:
        """A small text file that only Spark reaches."""
        return str(self._session.read.text(path, wholetext=True).first()[0])


def spark_path(file: str) -> str:
    """Path of a local file as Spark takes it: its signs for patterns escaped.

    Raises
    ------
    InputError
        If Spark would leave the file out without a word, as it does where a name begins with "_" or ".".

    Examples
    --------
    >>> spark_path("s3a://bucket/invoices/*.parquet")
    's3a://bucket/invoices/*.parquet'
    """
    if "://" in file:
        return file
    if _name(file)[:1] in ("_", "."):
        raise fatal("scan_hidden_file", _name(file))
    path = Path(file).resolve().as_posix()
    escaped = re.sub(r"([\[\]{}*?\\])", r"\\\1", path)
    return f"file://{'' if escaped.startswith('/') else '/'}{escaped}"
