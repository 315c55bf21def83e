"""A ledger that does not fit in memory: lazy tables of DuckDB, Polars or Spark, which every calculation takes.

:func:`scan_ledger` opens the files where they are. The engine counts in a few passes all that
may be wrong with them; what would change a total is refused with its place, as :func:`cmtools.read_ledger` does.

Examples
--------
On a cluster, the session is the one that ``spark-submit`` starts; a script such as ``benchmarks/spark_report.py``:

.. code-block:: text

    spark-submit --master local[2] --conf spark.sql.session.timeZone=UTC benchmarks/spark_report.py FOLDER 2026-06-30
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from cmtools.columns import Listing, Mappings, Table, decide_decimals, decide_order, known_headings, read_mapping
from cmtools.files import fatal, open_sheets
from cmtools.frames import choice, collect, in_pandas
from cmtools.load import TOLD_BY, checked_options, listed_customers
from cmtools.scan_columns import (
    Problem,
    Reading,
    as_written,
    broken,
    count,
    decide,
    promised,
    read_words,
    typed,
    unread,
    votes,
)
from cmtools.scan_sources import (
    DESCRIPTION,
    ENGINES,
    MEMORY,
    SCHEMAS,
    Duckdb,
    Polars,
    Source,
    Spark,
    describe,
    find_files,
    folder_paths,
    is_folder,
    line_defects,
    read_description,
    read_header,
)
from cmtools.schemas import CUSTOMERS, SETTLEMENTS, InputError, Ledger, LoadReport, shorten

MOST_PLACES = 3  # rows told one by one of each kind of defect; the others are counted

Engine = Duckdb | Polars | Spark


@dataclass(frozen=True)
class _Options:
    currency: str
    book_currency: str
    date_order: str | None
    decimal: str | None


@dataclass
class _Opened:
    """One table: on its engine, and how to make it again on another, where rows are looked for.

    Attributes
    ----------
    frame : Narwhals frame
        With the columns of its schema, and for a CSV their text.
    build : callable
        From opened files to such a frame; the second argument is the frame of the invoices, for settlements.
    """

    source: Source
    frame: Any
    build: Callable[[Any, Any], Any]
    problems: list[Problem]

    def result(self) -> Any:
        """Columns of the schema alone, in order, as the engine's own."""
        return self.frame.select(*(column.name for column in SCHEMAS[self.source.table]))


def scan_ledger(
    path: Any,
    settlements: Any = None,
    customers: Any = None,
    *,
    engine: str = "duckdb",
    connection: Any = None,
    session: Any = None,
    columns: Any = None,
    currency: str = "EUR",
    book_currency: str = "EUR",
    date_order: str | None = None,
    decimal: str | None = None,
    memory: str = MEMORY,
    check: bool = True,
) -> Ledger:
    """Open a ledger without reading it into memory: a converted folder, or Parquet or CSV files.

    Parameters
    ----------
    path : path or pattern
        Folder written by ``cmtools convert``; or the invoices, one row per
        open item: a file, or a pattern such as ``invoices/*.parquet``.
    settlements, customers : path or pattern, optional
        The other tables, where `path` is not a folder.
    engine : {"duckdb", "polars", "pyspark"}
    connection : duckdb connection, optional
        By default one of ours, which reads the folders of these files and
        nothing else.
    session : SparkSession, optional
        Needed by "pyspark"; its time zone must be UTC.
    columns : dict or path of a YAML file, optional
        Our column name -> heading in the file (see :func:`cmtools.read_ledger`).
    currency, book_currency : str, default "EUR"
        Of files that name none; of the books. A folder tells both.
    date_order : {"day", "month"}, optional
    decimal : {",", "."}, optional
        Reading of the dates and amounts of a CSV; by default all of them tell.
    memory : str, default "3GiB"
        What DuckDB may take before it writes to its temporary folder.
    check : bool, default True
        False: the content of a converted folder, which was checked when it
        was written, is not checked again; the report says so.

    Returns
    -------
    Ledger
        Tables of the engine (DuckDB relations, Polars lazy frames, Spark
        frames) with the columns of `schemas`; money in the currency of each
        item, credit notes negative, days without a time. What comes of a
        calculation per item or customer is of the same kind.

    Raises
    ------
    InputError
        All that would change a total, at once: of each kind of defect the
        first rows with their place, and the number of the others. Also if the
        engine is not installed.

    Notes
    -----
    A Parquet file keeps the names and types of `schemas`. A CSV is UTF-8, its
    headings on line 1, its settlements in a file of their own; any other file
    goes through ``cmtools convert`` first. Each calculation reads the files
    again: convert a CSV that is used more than once.

    Examples
    --------
    What did customers owe at the end of June, item by item, on DuckDB?

    >>> import cmtools as cm
    >>> ledger = cm.scan_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> items = cm.open_items(ledger, "2026-06-30")
    >>> type(items).__name__
    'DuckDBPyRelation'
    >>> float(cm.overdue_rate(items, "2026-06-30").loc["EUR", "outstanding"]) > 0
    True
    """
    choice("engine", engine, ENGINES)
    checked_options(currency, book_currency, None, date_order, decimal, None)
    report = LoadReport()
    options = _Options(currency, book_currency, date_order, decimal)
    remote = engine == "pyspark" and "://" in str(path)
    if remote or not is_folder(path):
        if not check:
            raise fatal("scan_check_needed", value=shorten(str(path)))
        if remote and "." not in str(path).rstrip("/").rsplit("/", 1)[-1]:
            return _folder_ledger(str(path), engine, connection, session, memory, check)
        given = {"invoices": path, "settlements": settlements, "customers": customers}
        return _files_ledger(given, engine, connection, session, memory, read_mapping(columns), options, report)
    beside = [name for name, other in (("settlements", settlements), ("customers", customers)) if other is not None]
    if beside or columns is not None:
        raise fatal("scan_folder_alone", value=", ".join([*beside, *(["columns"] if columns is not None else [])]))
    return _folder_ledger(path, engine, connection, session, memory, check)


def read_folder(path: Any, settlements: Any = None, customers: Any = None, columns: Any = None) -> Ledger:
    """A converted folder, whole, in pandas.

    Parameters
    ----------
    path : path
    settlements, customers, columns
        None: a folder holds the whole ledger.

    Returns
    -------
    Ledger

    Raises
    ------
    InputError
        See :func:`scan_ledger`.
    """
    found = scan_ledger(path, settlements, customers, engine="polars", columns=columns)
    tables = {name: getattr(found, name) for name in SCHEMAS}
    read: dict[str, Any] = {name: in_pandas(table) for name, table in tables.items() if table is not None}
    return replace(found, **read)


# --- a converted folder ------------------------------------------------------------------------------------------


def _folder_ledger(path: Any, name: str, connection: Any, session: Any, memory: str, check: bool) -> Ledger:
    report = LoadReport()
    engine: Engine
    if "://" in str(path):
        engine = spark = Spark(session)
        told, old = read_description(spark.text(f"{path}/{DESCRIPTION}"), DESCRIPTION)
        sources = {
            table: spark.describe(table, f"{path}/{table}.parquet", {}, report, owned=True)
            for table in ("invoices", "settlements", "customers")
        }
    else:
        folder = Path(path).absolute()
        told, old = read_header(folder)
        sources = {
            table: describe(table, files, {}, report, owned=True) for table, files in folder_paths(folder).items()
        }
        engine = _engine(name, connection, session, memory, sources)
    report.refuse()
    opened = _open(engine, sources, _Options("EUR", told["book_currency"], None, None), report)
    if check:
        _check(opened, engine, report)
        report.refuse()
    else:
        report.add("scan_unchecked", "note", file=shorten(str(path)))
    old.defects += report.defects
    tables = {table: one.result().to_native() for table, one in opened.items()}
    return Ledger(**tables, **told, report=old)


def _engine(name: str, connection: Any, session: Any, memory: str, sources: Mapping[str, Source]) -> Engine:
    if name == "duckdb":
        folders = {str(Path(file).parent) for source in sources.values() for file in source.files}
        return Duckdb(connection, folders, memory)
    return Polars() if name == "polars" else Spark(session)


def _open(engine: Engine, sources: Mapping[str, Source], options: _Options, report: LoadReport) -> dict[str, _Opened]:
    """Each table on the engine, with what may be wrong with it."""
    found: dict[str, _Opened] = {}
    for table, source in sources.items():
        if source.kind == "parquet":
            found[table] = _kept(source, options)
        else:
            found[table] = _from_text(engine, source, options, report)
        items = found["invoices"].frame if table == "settlements" else None
        try:
            found[table].frame = found[table].build(engine.open(source), items)
            found[table].frame.collect_schema()
        except InputError:
            raise
        except Exception as error:  # each engine has its own
            raise fatal("ledger_unreadable", source.label, reason=shorten(str(error))) from None
    return found


# --- files -------------------------------------------------------------------------------------------------------


def _files_ledger(
    given: dict[str, Any],
    name: str,
    connection: Any,
    session: Any,
    memory: str,
    mapping: Mappings,
    options: _Options,
    report: LoadReport,
) -> Ledger:
    spark = Spark(session) if name == "pyspark" else None
    sources: dict[str, Source] = {}
    for table in ("invoices", "settlements"):
        if given[table] is not None:
            try:
                sources[table] = _source(table, given[table], mapping, report, spark)
            except InputError as error:
                report.defects += error.defects
    listed, customer_report = _listed(given["customers"], mapping, report)
    report.refuse()
    for source in sources.values():
        if source.kind == "csv" and not source.is_remote:
            line_defects(source, report)
    report.refuse()
    engine = spark or _engine(name, connection, session, memory, sources)
    opened = _open(engine, sources, options, report)
    rows = _check(opened, engine, report)
    seen = _seen(opened)
    report.refuse()
    if not rows["invoices"]:
        raise fatal("ledger_no_rows", sources["invoices"].label)
    report.files = [*report.files, *customer_report.files]
    report.defects += customer_report.defects
    everyone = _everyone(listed, seen, report)
    return _assembled(engine, opened, everyone, rows, options, report)


def _source(table: str, path: Any, mapping: Mappings, report: LoadReport, spark: Spark | None) -> Source:
    if spark is not None and "://" in str(path):
        source = spark.describe(table, str(path), mapping, report, owned=False)
    else:
        source = describe(table, find_files(path), mapping, report)
    report.files.append(source.label)
    return source


def _assembled(
    engine: Engine,
    opened: Mapping[str, _Opened],
    everyone: pl.DataFrame,
    rows: Mapping[str, int],
    options: _Options,
    report: LoadReport,
) -> Ledger:
    invoices, paid = opened["invoices"], opened.get("settlements")
    if paid is None:
        report.add("ledger_open_items_only", "note", file=invoices.source.label)
        empty = pl.DataFrame(schema={column.name: _POLARS[column.kind] for column in SETTLEMENTS})
        settlements, dated = engine.of(empty), False
    else:
        settlements, dated = paid.result().to_native(), rows["allocated"] > 0
        if not dated and rows["settlements"]:
            report.add("ledger_allocation_undated", "note")
    has = invoices.source.has
    return Ledger(
        invoices.result().to_native(),
        settlements,
        engine.of(everyone),
        options.book_currency,
        dated,
        paid is not None,
        silent=tuple(name for name, told in TOLD_BY.items() if not any(map(has, told))),
        report=report,
    )


_POLARS: dict[str, Any] = {
    "text": pl.String,
    "date": pl.Datetime("us"),
    "money": pl.Float64,
    "number": pl.Float64,
    "flag": pl.Boolean,
}


# --- from files to the tables of schemas -------------------------------------------------------------------------


def _kept(source: Source, options: _Options) -> _Opened:
    """A Parquet table, which must be as `schemas` says."""

    def build(frame: Any, items: Any) -> Any:
        frame = promised(frame, source)
        return frame if items is None else _beside_items(frame, items)

    problems = broken(source)
    if source.table in ("invoices", "settlements"):
        problems += _book_problems("book_amount", options)
    if source.table == "settlements":
        unplaced = nw.col("allocation_date").is_null() & ~nw.col("item_id").is_null()
        problems += [*_item_problems("item_id"), Problem("scan_unallocated", "allocation_date", unplaced)]
    return _Opened(source, None, build, problems)


def _from_text(engine: Engine, source: Source, options: _Options, report: LoadReport) -> _Opened:
    """A CSV: how it reads is decided first."""
    raw = as_written(engine.open(source), source)
    try:
        reading = decide(source, votes(raw, source), options.date_order, options.decimal, report)
    except InputError:
        raise
    except Exception as error:  # each engine has its own
        raise fatal("ledger_unreadable", source.label, reason=shorten(str(error))) from None
    report.refuse()
    read_words(raw, source, reading, report)
    unsigned = source.table == "invoices" and _is_unsigned(raw, source, reading, report)

    def build(frame: Any, items: Any) -> Any:
        beside = [name for name in ("row", "file") if name in frame.collect_schema().names()]
        frame = typed(as_written(frame, source, beside), source, reading)
        if items is None:
            return _invoices(frame, source, options, unsigned)
        return _settlements(_beside_items(frame, items), source, options)

    _note_assumptions(source, options, report)
    problems = _invoice_problems(source) if source.table == "invoices" else _settlement_problems(source)
    return _Opened(source, None, build, [*unread(source), *problems, *_book_problems("given_book", options)])


def _note_assumptions(source: Source, options: _Options, report: LoadReport) -> None:
    assumed = {
        "invoices": (("kind", "ledger_kind_assumed"), ("booking_date", "ledger_booking_assumed")),
        "settlements": (
            ("kind", "ledger_settlement_kind_assumed"),
            ("allocation_date", "ledger_allocation_assumed"),
        ),
    }
    for name, code in assumed[source.table]:
        if not source.has(name):
            report.add(code, "note", file=source.label)
    if not source.has("currency"):
        report.add("ledger_currency_assumed", "note", file=source.label, value=options.currency)


def _is_unsigned(raw: Any, source: Source, reading: Reading, report: LoadReport) -> bool:
    """Whether all credit notes bear a positive amount, and so are to be read as negative."""
    if "credit_note" not in reading.words.get("kind", {}).values():
        return False
    note, amount = nw.col("kind") == "credit_note", nw.col("amount")
    found = count(typed(raw, source, reading), {"positive": note & (amount > 0), "any": note & (amount != 0)})
    unsigned = found["positive"] > 0 and found["positive"] == found["any"]
    if unsigned:
        number = found["positive"]
        heading = source.heading("kind")
        report.add("ledger_credit_notes_unsigned", "warning", file=source.label, column=heading, count=number, n=number)
    return unsigned


def _invoices(frame: Any, source: Source, options: _Options, unsigned: bool) -> Any:
    """Invoices of a CSV as `schemas` says."""
    by_sign = nw.when(nw.col("amount") < 0).then(nw.lit("credit_note")).otherwise(nw.lit("invoice"))
    kind = nw.col("kind").fill_null("other")
    if source.has("kind"):
        kind = nw.when(nw.col("raw_kind").is_null()).then(by_sign).otherwise(kind)
    frame = frame.with_columns(
        kind=kind if source.has("kind") else by_sign,
        item_id=nw.coalesce("item_id", "document"),
        booking_date=nw.coalesce("booking_date", "issue_date"),
        currency=nw.col("currency") if source.has("currency") else nw.lit(options.currency),
        retention=nw.col("retention").fill_null(False),
        periodic=nw.col("periodic").fill_null(False),
        dispute_from=nw.when(nw.col("disputed") & nw.col("dispute_from").is_null())
        .then(nw.col("issue_date"))
        .otherwise(nw.col("dispute_from")),
    )
    if unsigned:
        positive = {name: nw.col(name) for name in ("amount", "book_amount", "amount_excl_vat")}
        frame = frame.with_columns(
            **{
                name: nw.when((nw.col("kind") == "credit_note") & (value > 0)).then(-value).otherwise(value)
                for name, value in positive.items()
            }
        )
    return _in_books(frame, options)


def _in_books(frame: Any, options: _Options) -> Any:
    """Amount in book currency: as given, or the amount itself where the currency is that of the books."""
    same = nw.col("currency") == options.book_currency
    book = nw.when(same).then(nw.col("amount")).otherwise(nw.col("book_amount"))
    return frame.with_columns(given_book=nw.col("book_amount"), book_amount=book)


def _beside_items(settlements: Any, items: Any) -> Any:
    """Settlements with what their item says."""
    facts = items.select(
        "item_id",
        item_customer=nw.col("customer_id"),
        item_currency=nw.col("currency"),
        item_booked=nw.col("booking_date"),
        item_book=nw.col("book_amount"),
        item_known=nw.lit(1),
    )
    return settlements.join(facts, on="item_id", how="left")


def _settlements(frame: Any, source: Source, options: _Options) -> Any:
    """Settlements of a CSV as `schemas` says; allocated never before they were paid, nor before the item is booked."""
    linked = nw.col("item_known") == 1
    paid, given = nw.col("payment_date"), nw.coalesce("allocation_date", "payment_date")
    placed = nw.max_horizontal(given, paid, nw.col("item_booked"))
    own = nw.col("currency") if source.has("currency") else nw.col("item_currency").fill_null(options.currency)
    frame = frame.with_columns(
        settlement_id=nw.coalesce("settlement_id", "document"),
        customer_id=nw.coalesce("customer_id", "item_customer"),
        given_allocation=nw.col("allocation_date"),
        allocation_date=nw.when(linked).then(placed),
        match=nw.when(linked).then(nw.lit("given")),
        kind=nw.col("kind").fill_null("other") if source.has("kind") else nw.lit("cash"),
        currency=own,
    )
    frame = _in_books(frame, options)
    # An item whose value in the books is unknown cannot lose a known part of it.
    unknown = linked & nw.col("item_book").is_null()
    return frame.with_columns(
        book_amount=nw.when(unknown).then(nw.lit(None, nw.Float64)).otherwise(nw.col("book_amount"))
    )


# --- what may be wrong -------------------------------------------------------------------------------------------


def _invoice_problems(source: Source) -> list[Problem]:
    amount, kind = nw.col("amount"), nw.col("kind")
    issued, due, excl = nw.col("issue_date"), nw.col("due_date"), nw.col("amount_excl_vat")
    start, end = nw.col("dispute_from"), nw.col("dispute_until")
    unissued = nw.col("raw_issue_date").is_null()
    problems = [
        Problem("ledger_blank_customer", "customer_id", nw.col("customer_id").is_null()),
        Problem("ledger_blank_item", "item_id" if source.has("item_id") else "document", nw.col("item_id").is_null()),
        Problem("ledger_blank_amount", "amount", nw.col("raw_amount").is_null()),
        Problem(
            "ledger_blank_issue_date",
            "issue_date",
            unissued & ((kind != "opening") | nw.col("booking_date").is_null()),
        ),
        Problem("ledger_credit_note_positive", "amount", (kind == "credit_note") & (amount > 0)),
        Problem("ledger_invoice_negative", "amount", (kind == "invoice") & (amount < 0), "warning"),
        Problem("ledger_due_before_issue", "due_date", due < issued, "warning"),
        Problem("scan_due_unknown", "due_date", due.is_null() & ~nw.col("retention"), "warning"),
        Problem(
            "ledger_excl_vat",
            "amount_excl_vat",
            (excl.abs() > amount.abs() + 0.01) | (excl * amount < 0),
            "warning",
        ),
        Problem("ledger_dispute_order", "dispute_until", end < start, "warning"),
        Problem("ledger_dispute_no_start", "dispute_until", ~end.is_null() & start.is_null(), "warning"),
    ]
    return [*problems, *_blank_currency(source)]


def _blank_currency(source: Source) -> list[Problem]:
    flag = nw.col("raw_currency").is_null() if source.has("currency") else None
    return [Problem("ledger_bad_currency", "currency", flag)] if flag is not None else []


def _settlement_problems(source: Source) -> list[Problem]:
    lost = nw.col("item_known").is_null() & ~nw.col("item_id").is_null()
    early = nw.col("given_allocation") < nw.col("payment_date")
    problems = [
        *_item_problems("item_id"),
        Problem("ledger_blank_customer", "customer_id", nw.col("customer_id").is_null() & ~lost),
        Problem("ledger_blank_amount", "amount", nw.col("raw_amount").is_null()),
        Problem("ledger_blank_payment_date", "payment_date", nw.col("raw_payment_date").is_null()),
        Problem("scan_blank", "settlement_id", nw.col("settlement_id").is_null()),
        Problem("ledger_allocation_early", "allocation_date", early, "warning"),
        Problem(
            "ledger_allocation_no_item",
            "allocation_date",
            ~nw.col("given_allocation").is_null() & nw.col("item_id").is_null(),
            "warning",
        ),
    ]
    return [*problems, *_blank_currency(source)]


def _item_problems(name: str) -> list[Problem]:
    """Settlements against their item; read_ledger tells the same."""
    lost = nw.col("item_known").is_null() & ~nw.col(name).is_null()
    other = nw.col("customer_id") != nw.col("item_customer")
    foreign = nw.col("currency") != nw.col("item_currency")
    return [
        Problem("ledger_unknown_item", name, lost),
        Problem(
            "ledger_customer_differs", "customer_id", other, details={"customer": "=item_customer", "item": "=item_id"}
        ),
        Problem(
            "ledger_currency_differs", "currency", foreign, details={"currency": "=item_currency", "item": "=item_id"}
        ),
    ]


def _book_problems(given: str, options: _Options) -> list[Problem]:
    amount, book, same = nw.col("amount"), nw.col(given), nw.col("currency") == options.book_currency
    return [
        Problem("ledger_book_differs", "book_amount", same & ((book - amount).abs() > 0.011)),
        Problem("ledger_book_sign", "book_amount", ~same & (book * amount < 0)),
    ]


def _check(opened: dict[str, _Opened], engine: Engine, report: LoadReport) -> dict[str, int]:
    """Note all that is wrong with the tables; gives the rows of each, and of the settlements that are allocated."""
    rows: dict[str, int] = {}
    for table, one in opened.items():
        try:
            rows |= _check_table(one, opened, report)
            if table in _UNIQUE and _tell_repeated(one, *_UNIQUE[table], report) and "settlements" in opened:
                paid = opened["settlements"]  # against one item of each number, so that no settlement is told twice
                paid.frame = paid.build(engine.open(paid.source), _one_each(opened["invoices"].frame))
        except InputError:
            raise
        except Exception as error:  # each engine has its own
            raise fatal("ledger_unreadable", one.source.label, reason=shorten(str(error))) from None
    return rows


def _one_each(items: Any) -> Any:
    names = ("customer_id", "currency", "booking_date", "book_amount")
    return items.group_by("item_id").agg(*(nw.col(name).min() for name in names))


def _check_table(one: _Opened, opened: Mapping[str, _Opened], report: LoadReport) -> dict[str, int]:
    table = one.source.table
    flags = {str(place): problem.flag for place, problem in enumerate(one.problems)}
    if table == "settlements":
        given = "given_allocation" if one.source.kind == "csv" else "allocation_date"
        flags["allocated"] = ~nw.col(given).is_null()
    if table == "invoices":
        flags["late"] = nw.col("due_date") > nw.col("issue_date")
    found = count(one.frame, flags)
    report.rows_read += found["rows"]
    wrong = [(problem, found[str(place)]) for place, problem in enumerate(one.problems) if found[str(place)]]
    if table == "invoices":
        wrong = _exchanged(one, wrong, found["late"], report)
    for problem, number in wrong:
        _tell(one, opened, problem, number, report)
    return {table: found["rows"]} | ({"allocated": found["allocated"]} if table == "settlements" else {})


_UNIQUE = {
    "invoices": ("item_id", "scan_duplicate"),
    "customers": ("customer_id", "ledger_customer_twice"),
}


def _exchanged(
    one: _Opened, wrong: list[tuple[Problem, int]], late: int, report: LoadReport
) -> list[tuple[Problem, int]]:
    """Told once where due dates mostly stand before the invoice dates: no date can be trusted then."""
    early = sum(number for problem, number in wrong if problem.code == "ledger_due_before_issue")
    if early <= max(2, late):
        return wrong
    due, issue = one.source.heading("due_date"), one.source.heading("issue_date")
    label = one.source.label
    report.add("ledger_dates_exchanged", "fatal", file=label, column=due, count=early, n=early, issue=issue)
    return [(problem, number) for problem, number in wrong if problem.code != "ledger_due_before_issue"]


def _tell(one: _Opened, opened: Mapping[str, _Opened], problem: Problem, number: int, report: LoadReport) -> None:
    """Note the first rows that have a problem, and the number of the others."""
    source = one.source
    heading = source.heading(problem.column) or problem.column
    shown = {key: text[1:] for key, text in problem.details.items() if str(text).startswith("=")}
    fixed = {key: text for key, text in problem.details.items() if key not in shown}
    for row in _rows(one, opened, problem, list(shown.values())):
        details = fixed | {key: _written(row[name]) for key, name in shown.items()}
        line = None if row["row"] is None else row["row"] + (source.kind == "csv")
        value = _written(row["value"])
        report.add(problem.code, problem.level, file=row["file"], line=line, column=heading, value=value, **details)
    if number > MOST_PLACES:
        more = number - MOST_PLACES
        report.add("scan_more", problem.level, file=source.label, column=heading, count=more, n=more)


def _written(value: Any) -> str:
    if isinstance(value, date):
        return f"{value:%Y-%m-%d %H:%M:%S}".removesuffix(" 00:00:00")
    return "" if value is None else str(value)


def _rows(one: _Opened, opened: Mapping[str, _Opened], problem: Problem, others: list[str]) -> list[dict[str, Any]]:
    """First rows of a table that have a problem: `file`, `row`, `value` and other columns."""
    source = one.source
    text = f"raw_{problem.column}" if source.kind == "csv" else problem.column
    name = text if source.has(problem.column) else None
    if source.is_remote:
        found = one.frame.filter(problem.flag).head(MOST_PLACES)
        file, row = nw.lit(source.label), nw.lit(None, nw.Int64)
    else:
        again, items = Polars(), None
        if source.table == "settlements":
            items = _one_each(opened["invoices"].build(again.open(opened["invoices"].source), None))
        found = one.build(again.open(source, numbered=True), items).filter(problem.flag)
        found = found.sort("file", "row").head(MOST_PLACES)
        file, row = nw.col("file"), nw.col("row")
    value = nw.col(name) if name else nw.lit(None, nw.String)
    table = found.select(*others, problem_file=file, problem_row=row, problem_value=value).collect().to_polars()
    names = {"problem_file": "file", "problem_row": "row", "problem_value": "value"}
    return table.rename(names).to_dicts()


def _tell_repeated(one: _Opened, key: str, code: str, report: LoadReport) -> bool:
    """Note identifiers that come twice, the first of them with the place where they come again."""
    source, table = one.source, one.frame
    repeated = table.with_columns(n=nw.lit(1)).group_by(key).agg(nw.col("n").sum()).filter(nw.col("n") > 1)
    repeated = repeated.filter(~nw.col(key).is_null())
    total = count(repeated, {})["rows"]
    if not total:
        return False
    found = list(collect(repeated.sort(key).head(MOST_PLACES))[key])
    heading = source.heading(key) or source.heading("document") or key
    for identifier in found:
        place: dict[str, Any] = {"file": source.label, "line": None}
        if not source.is_remote:
            again = one.build(Polars().open(source, numbered=True), None).filter(nw.col(key) == identifier)
            second = again.sort("file", "row").select("file", "row").collect().to_polars().row(1)
            place = {"file": second[0], "line": second[1] + (source.kind == "csv")}
        report.add(code, **place, column=heading, value=identifier)
    if total > MOST_PLACES:
        more = total - MOST_PLACES
        report.add("scan_more", file=source.label, column=heading, count=more, n=more)
    return True


# --- customers ---------------------------------------------------------------------------------------------------


def _listed(path: Any, mapping: Mappings, report: LoadReport) -> tuple[pl.DataFrame, LoadReport]:
    """Customers of a file, whole: there is one row for each; what is wrong is noted in `report`."""
    own = LoadReport()
    none = pl.DataFrame(schema={column.name: _POLARS[column.kind] for column in CUSTOMERS})
    if path is None:
        return none, own
    found = none
    try:
        file = find_files(path)[0]
        sheet = open_sheets(file, own, None, None, known_headings(mapping))[0]
        table = Table(sheet, "customers", mapping, own)
        own.refuse()
        decide_order([table], None)
        decide_decimals(table, None)
        found = listed_customers(table)
        own.refuse()
    except InputError as error:
        report.defects += error.defects
    return found, own


def _seen(opened: Mapping[str, _Opened]) -> pl.DataFrame:
    """Customers of the items and settlements, with the names that they bear and how often."""
    tables = []
    for table, one in opened.items():
        if table not in ("invoices", "settlements"):
            continue
        named = one.source.kind == "csv" and one.source.has("customer_name") and table == "invoices"
        name = nw.col("customer_name") if named else nw.lit(None, nw.String)
        rows = one.frame.select("customer_id", customer_name=name, n=nw.lit(1))
        grouped = rows.group_by("customer_id", "customer_name").agg(nw.col("n").sum()).collect().to_polars()
        tables.append(
            grouped.select(pl.col("customer_id", "customer_name").cast(pl.String), pl.col("n").cast(pl.Int64))
        )
    return pl.concat(tables).group_by("customer_id", "customer_name").sum()


def _everyone(listed: pl.DataFrame, seen: pl.DataFrame, report: LoadReport) -> pl.DataFrame:
    """Customers listed, completed with those of the items, each under the name most often written."""
    best = seen.sort("customer_id", "n", "customer_name", descending=[False, True, False], nulls_last=True)
    best = best.drop_nulls("customer_id").unique("customer_id", keep="first", maintain_order=True).drop("n")
    others = best.join(listed, on="customer_id", how="anti", maintain_order="left")
    if listed.height and others.height:
        number = others.height
        shown = Listing(others["customer_id"].head(10))
        report.add("ledger_customers_added", "warning", count=number, n=number, found=shown)
    everyone = pl.concat([listed, others], how="diagonal")
    usual = best.rename({"customer_name": "usual"})
    everyone = everyone.join(usual, on="customer_id", how="left", maintain_order="left")
    named = everyone.with_columns(customer_name=pl.coalesce("customer_name", "usual", "customer_id"))
    return named.select(pl.col(column.name).cast(_POLARS[column.kind]) for column in CUSTOMERS)
