"""Small ledgers for tests, written by hand, on any engine."""

import dataclasses
import json

import duckdb
import pandas as pd
import polars as pl

from cmtools.schemas import CUSTOMERS, INVOICES, SETTLEMENTS, Ledger

ENGINES = ("pandas", "polars", "duckdb")  # the quick ones; test_engines.py runs every calculation on all
ALL_ENGINES = (*ENGINES, "pyspark", "dask")
B2B = {  # headings of the real list of open items
    "document": "invoice_id",
    "customer_id": "cust_number",
    "customer_name": "name_customer",
    "issue_date": "document_create_date.1",
    "due_date": "due_in_date",
    "open_amount": "total_open_amount",
}
DEFAULTS = {
    "kind": "invoice",
    "currency": "EUR",
    "retention": False,
    "periodic": False,
    "customer_id": "C1",
}


def table(rows, schema, **defaults):
    """Rows as dicts, completed to a whole table in pandas."""
    frame = pd.DataFrame([defaults | row for row in rows], columns=[column.name for column in schema])
    for column in schema:
        if column.kind == "date":
            frame[column.name] = pd.to_datetime(frame[column.name])
        elif column.kind in ("money", "number"):
            frame[column.name] = frame[column.name].astype("float64")
        elif column.kind == "flag":
            frame[column.name] = frame[column.name].astype(bool)
        else:
            frame[column.name] = frame[column.name].astype("str").where(frame[column.name].notna(), None)
    return frame


def make_ledger(invoices, settlements=(), engine="pandas", **attributes):
    """Ledger of one customer C1 in EUR unless the rows say otherwise; booking = issue, book amount = amount in EUR."""
    invoices = [{"booking_date": row.get("issue_date")} | row for row in invoices]
    settlements = [
        {"settlement_id": f"S{position}", "document": f"S{position}", "allocation_date": row["payment_date"]} | row
        for position, row in enumerate(settlements)
    ]
    for row in settlements:
        if row.get("item_id") is None:
            row["allocation_date"] = None
    for row in [*invoices, *settlements]:
        if row.get("currency", "EUR") == "EUR":
            row.setdefault("book_amount", row["amount"])
    tables = [table(invoices, INVOICES, **DEFAULTS), table(settlements, SETTLEMENTS, **DEFAULTS | {"kind": "cash"})]
    customers = sorted({row.get("customer_id", "C1") for row in [*invoices, *settlements]})
    known = table([{"customer_id": name, "customer_name": name} for name in customers], CUSTOMERS)
    return Ledger(*[convert(frame, engine) for frame in tables], known, **attributes)


def convert(frame, engine):
    """A pandas table as the engine's own; for PySpark the session of conftest.py must run."""
    if engine == "pandas":
        return frame
    if engine == "dask":
        import dask.dataframe

        return dask.dataframe.from_pandas(frame, npartitions=2)
    arrow = pl.from_pandas(frame).to_arrow()
    if engine == "pyspark":
        from pyspark.sql import SparkSession

        return SparkSession.active().createDataFrame(arrow).cache()
    return pl.from_arrow(arrow) if engine == "polars" else duckdb.from_arrow(arrow)


def to_pandas(native):
    """Any engine's table as pandas, nulls as None or NaN."""
    if isinstance(native, pd.DataFrame):
        return native
    if isinstance(native, pl.LazyFrame):
        return native.collect().to_pandas()
    for method in ("df", "compute", "to_pandas"):  # DuckDB, Dask, Polars
        if hasattr(native, method):
            return getattr(native, method)()
    return native.toArrow().to_pandas()  # Spark: its own toPandas warns that pandas 3 is new to it


def write_folder(ledger, folder):
    """A ledger of pandas tables as `cmtools convert` writes it, by other means."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("invoices", "settlements", "customers", "accounts"):
        frame = getattr(ledger, name)
        if frame is not None:
            pl.from_pandas(frame).write_parquet(folder / f"{name}.parquet")
    told = {name: getattr(ledger, name) for name in ("book_currency", "dated_allocation", "complete_sales", "silent")}
    report = dataclasses.asdict(ledger.report)
    text = json.dumps({"format": "cmtools-ledger", "version": 1} | told | {"report": report}, default=str)
    (folder / "ledger.json").write_text(text, encoding="utf-8")
    return folder
