"""A ledger read and checked once, then kept in a folder of Parquet files that any engine scans.

The folder holds `ledger.json`, what the :class:`~cmtools.schemas.Ledger` says of itself
with its load report, and one file per table: `invoices.parquet`, `settlements.parquet`,
`customers.parquet` and, from a FEC, `accounts.parquet`. :func:`cmtools.scan_ledger` and
``cmtools report monthly`` read it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from cmtools.files import fatal
from cmtools.frames import choice
from cmtools.language import Reason
from cmtools.load import read_ledger, sniff
from cmtools.scan import scan_ledger
from cmtools.scan_sources import DESCRIPTION, FORMAT, SCHEMAS, VERSION, read_header
from cmtools.schemas import Defect, InputError, Ledger, shorten

_ORDER = {
    "invoices": ("customer_id", "booking_date", "item_id"),
    "settlements": ("customer_id", "payment_date", "settlement_id"),
    "customers": ("customer_id",),
    "accounts": ("customer_id", "booking_date", "account"),
}
_TYPES: dict[str, Any] = {
    "text": nw.String(),
    "date": nw.Datetime("us"),
    "money": nw.Float64(),
    "number": nw.Float64(),
    "flag": nw.Boolean(),
}
_ROWS = 1 << 17  # of a row group: an engine leaves out those of other customers
_OURS = {DESCRIPTION, *SCHEMAS, *(f"{name}.parquet" for name in SCHEMAS)}


def convert(
    path: Any,
    output: Any,
    *,
    settlements: Any = None,
    customers: Any = None,
    previous: Any = None,
    terms: Any = None,
    columns: Any = None,
    tolerant: bool = False,
    engine: str = "",
) -> Path:
    r"""Read a FEC or a ledger, check it, and keep it as a folder of Parquet files.

    Parameters
    ----------
    path : path
        A FEC, or invoices in any form that :func:`cmtools.read_ledger` reads.
    output : path
        Folder to write. Its parent must exist; an earlier converted ledger is
        replaced, any other folder that is not empty is refused.
    settlements, customers, columns : path, optional
        Beside a ledger; see :func:`cmtools.read_ledger`.
    previous : path, optional
        FEC of the year before, beside a FEC.
    terms : int, str or dict, optional
        Payment terms where the source holds no due date.
    tolerant : bool, default False
        Leave out the rows in error and count them instead of refusing the file.
    engine : {"", "duckdb"}, default ""
        "duckdb": CSV or Parquet files of any size, opened by :func:`cmtools.scan_ledger`
        instead of read into memory. It takes neither `terms` nor `tolerant`; a FEC does not need it.

    Returns
    -------
    Path
        The folder. It is whole or not there: it takes its name once all is written.

    Raises
    ------
    InputError
        If the source is refused, or the folder cannot be written.

    Notes
    -----
    Each table has the columns of its schema in `schemas`, dates as days
    (``timestamp[us]``), money as floats that are exact to the cent, rows by
    customer then date. What was found while reading stays in `ledger.json`, so
    that a report on the folder still shows the quality of the data.

    Examples
    --------
    >>> import tempfile
    >>> rows = "Facture;N° client;Date facture;Échéance;Montant TTC\nF1;C1;31/01/2026;02/03/2026;1 200,00\n"
    >>> with tempfile.TemporaryDirectory() as place:
    ...     file = Path(place) / "ledger.csv"
    ...     _ = file.write_text(rows, encoding="utf-8")
    ...     folder = convert(file, Path(place) / "ledger")
    ...     names = sorted(each.name for each in folder.iterdir())
    ...     told, report = read_header(folder)
    >>> names
    ['customers.parquet', 'invoices.parquet', 'ledger.json', 'settlements.parquet']
    >>> told["book_currency"], report.files
    ('EUR', ['ledger.csv'])
    """
    folder = Path(output).absolute()
    _check_output(folder)
    choice("engine", engine, ("", "duckdb"))
    beside = {"--settlements": settlements, "--customers": customers, "--columns": columns}
    if engine:
        others = {"--previous-fec": previous is not None, "--terms": terms is not None, "--tolerant": tolerant}
        if _has_headings_of_fec(path):
            raise fatal("convert_fec_alone", value=shorten(str(path)))
        refused = [Defect("convert_not_with_engine", "fatal", value=name) for name, told in others.items() if told]
        if refused:
            raise InputError(refused)
        return write_ledger(scan_ledger(path, settlements, customers, columns=columns, engine=engine), folder)
    if _is_fec(path):
        given = [Defect("not_with_fec", "fatal", value=name) for name, other in beside.items() if other is not None]
        if given:
            raise InputError(given)
        return _write_fec_ledger(path, previous, terms, tolerant, folder)
    if previous is not None:
        raise fatal("convert_previous_alone", value=shorten(str(path)))
    ledger = read_ledger(path, settlements, customers, columns=columns, terms=terms, tolerant=tolerant)
    return write_ledger(ledger, folder)


def _is_fec(path: Any) -> bool:
    """Whether it is a FEC, which may be larger than a ledger is allowed to be."""
    return _has_headings_of_fec(path) or sniff(path) == "fec"


def _has_headings_of_fec(path: Any) -> bool:
    try:
        with Path(path).open("rb") as file:
            first = file.read(65536).lstrip(b"\xef\xbb\xbf\r\n").split(b"\n", 1)[0].lower()
    except (OSError, TypeError, ValueError):
        first = b""
    return b"journalcode" in first and b"comptenum" in first


def _write_fec_ledger(path: Any, previous: Any, terms: Any, tolerant: bool, folder: Path) -> Path:
    """The ledger of a FEC, written some customers at a time: it may hold millions of items."""
    from cmtools.fec import Fec, read_fec
    from cmtools.fec_ledger import NEEDED, draft_ledger

    def lean(file: Any) -> Fec:
        fec = read_fec(file, tolerant=tolerant)
        fec.lines = fec.lines.select(NEEDED)
        return fec

    before = lean(previous) if previous is not None else None
    draft = draft_ledger(lean(path), before, terms)
    del before
    with _folder_written_whole(folder) as partial:
        with _Table(partial, "invoices") as invoices, _Table(partial, "settlements") as settlements:
            for some_invoices, some_settlements in draft.parts():
                invoices.write(some_invoices)
                settlements.write(some_settlements)
        for name, table in (("customers", draft.customers), ("accounts", draft.accounts)):
            with _Table(partial, name) as file:
                file.write(table)
        ledger = Ledger(None, None, draft.customers, accounts=draft.accounts, **draft.told())
        (partial / DESCRIPTION).write_text(_description(ledger), encoding="utf-8")
    return folder


# --- the folder --------------------------------------------------------------------------------------------------


def write_ledger(ledger: Ledger, output: Any) -> Path:
    """Write a ledger as a folder of Parquet files.

    Parameters
    ----------
    ledger : Ledger
        Of pandas or Polars tables, or as DuckDB holds it.
    output : path
        See :func:`convert`.

    Returns
    -------
    Path
        The folder, whole or not there.

    Raises
    ------
    InputError
        If the folder holds anything but a converted ledger, or cannot be written.
    """
    folder = Path(output).absolute()
    _check_output(folder)
    with _folder_written_whole(folder) as partial:
        for name in SCHEMAS:
            table = getattr(ledger, name)
            if table is not None:
                with _Table(partial, name) as file:
                    file.write(table)
        (partial / DESCRIPTION).write_text(_description(ledger), encoding="utf-8")
    return folder


class _Table:
    """A Parquet file to which customers are added, in the order of their numbers."""

    def __init__(self, folder: Path, name: str):
        self.name, self.schema = name, SCHEMAS[name]
        types = {column.name: _TYPES[column.kind] for column in self.schema}
        empty = nw.from_dict({column: [] for column in types}, types, backend="polars").to_arrow()
        self.writer = ParquetWriter(folder / f"{name}.parquet", empty.schema, compression="zstd")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.close()

    def write(self, table: Any) -> None:
        """Add the columns of the schema with their types, by customer then date; a blank is null."""
        frame: Any = nw.from_native(pl.from_pandas(table) if isinstance(table, pd.DataFrame) else table)
        frame = frame.select(*(nw.col(column.name).cast(_TYPES[column.kind]) for column in self.schema))
        rows = frame.sort(*_ORDER[self.name], nulls_last=True).to_native()
        if hasattr(rows, "to_arrow_reader"):  # of DuckDB, which sorts on disk what its memory does not hold
            for batch in rows.to_arrow_reader(_ROWS):
                self._add(pa.Table.from_batches([batch]))
        else:
            self._add(nw.from_native(rows).to_arrow())

    def _add(self, rows: pa.Table) -> None:
        self.writer.write_table(rows.cast(self.writer.schema), row_group_size=_ROWS)


def _description(ledger: Ledger) -> str:
    report = asdict(ledger.report)
    told = {
        "format": FORMAT,
        "version": VERSION,
        "book_currency": ledger.book_currency,
        "dated_allocation": ledger.dated_allocation,
        "complete_sales": ledger.complete_sales,
        "silent": list(ledger.silent),
        "report": report,
    }
    return json.dumps(told, ensure_ascii=False, indent=1, default=_plain_number)


def _plain_number(value: Any) -> Any:
    """A number of numpy as Python's."""
    return value.item()


def _check_output(folder: Path) -> None:
    """Refuse a place where something would be lost."""
    if not folder.parent.is_dir():
        raise fatal("missing_folder", value=str(folder.parent))
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise fatal("convert_not_a_folder", value=str(folder))
    found = {each.name for each in folder.iterdir()} if folder.exists() else set()
    if not found:
        return
    try:
        read_header(folder)
        ours = found <= _OURS
    except InputError:
        ours = False
    if not ours:
        raise fatal("convert_not_ours", value=str(folder))


@contextmanager
def _folder_written_whole(folder: Path) -> Iterator[Path]:
    """A folder that takes its name, and the place of the one before, once it is complete."""
    partial, before = (folder.with_name(f".{folder.name}.{uuid4().hex}{end}") for end in (".partial", ".before"))
    try:
        partial.mkdir()
        yield partial
        if folder.exists():
            os.replace(folder, before)
        try:
            os.replace(partial, folder)
        except OSError:
            if before.exists():
                os.replace(before, folder)
            raise
    except OSError as error:
        raise fatal("convert_unwritable", value=str(folder), reason=Reason.of(error)) from None
    finally:
        for left in (partial, before):
            shutil.rmtree(left, ignore_errors=True)
