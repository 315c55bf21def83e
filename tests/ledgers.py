"""Small ledgers for tests, written by hand, on any engine."""

import duckdb
import pandas as pd
import polars as pl

from cmtools.schemas import CUSTOMERS, INVOICES, SETTLEMENTS, Ledger

ENGINES = ("pandas", "polars", "duckdb")
DEFAULTS = {
    "kind": "invoice",
    "currency": "EUR",
    "retention": False,
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
    """A pandas table as the engine's own."""
    if engine == "pandas":
        return frame
    polars = pl.from_pandas(frame)
    return polars if engine == "polars" else duckdb.from_arrow(polars.to_arrow())


def to_pandas(native):
    """Any engine's table as pandas, nulls as None or NaN."""
    if isinstance(native, pd.DataFrame):
        return native
    return native.df() if isinstance(native, duckdb.DuckDBPyRelation) else native.to_pandas()
