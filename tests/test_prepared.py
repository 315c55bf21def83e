"""A prepared ledger gives the same figures, and nothing of tables that are no longer its own."""

from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from ledgers import make_ledger, to_pandas

import cmtools as cm
from cmtools.frames import in_polars, prepare, tables_of

AT = "2026-03-31"


def ledger(engine="pandas"):
    """1,000 invoiced, 400 of it paid; 70 received for an item booked later, 30 for an item that is nowhere."""
    return make_ledger(
        [
            {"item_id": "A", "issue_date": "2026-01-10", "due_date": "2026-02-09", "amount": 1000.0},
            {"item_id": "B", "issue_date": "2026-04-02", "due_date": "2026-05-02", "amount": 70.0},
        ],
        [
            {"item_id": "A", "payment_date": "2026-02-20", "amount": 400.0},
            {"item_id": "B", "payment_date": "2026-03-15", "amount": 70.0},
            {"item_id": "Z", "payment_date": "2026-03-20", "amount": 30.0},
        ],
        engine,
    )


def owed(ledger):
    """Open amounts by item or receipt."""
    items = to_pandas(cm.open_items(ledger, AT))
    return dict(zip(items["item_id"], items["open_amount"]))


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
@pytest.mark.parametrize("prepared", [False, True])
def test_a_receipt_without_its_item_is_still_a_receipt(engine, prepared):
    whole = prepare(ledger(engine)) if prepared else ledger(engine)
    assert owed(whole) == {"A": 600.0, "S1": -70.0, "S2": -30.0}
    assert cm.outstanding_by_date(whole, [AT])["outstanding"].tolist() == [500.0]  # 1,000 - 400 - 70 - 30


def test_items_known_to_exist_are_not_searched_but_those_booked_later_are():
    first = ledger("duckdb")
    known = replace(first, settlements=first.settlements.filter("item_id <> 'Z'"))
    assert owed(prepare(known, items_known=True)) == {"A": 600.0, "S1": -70.0}


def test_other_tables_are_not_served_what_was_prepared():
    first = in_polars(ledger())
    assert owed(first)["A"] == 600.0
    assert cm.dso(first, AT, months=1).receivables == 500.0
    doubled = first.invoices.with_columns(pl.col("amount", "book_amount") * 2)
    assert owed(replace(first, invoices=doubled))["A"] == 1600.0
    first.invoices = doubled
    assert owed(first)["A"] == 1600.0
    assert cm.dso(first, AT, months=1).receivables == 1500.0


def test_pandas_tables_changed_in_place_are_seen():
    first = ledger()
    assert owed(first)["A"] == 600.0
    first.invoices.loc[0, "amount"] = 900.0
    assert owed(first)["A"] == 500.0


def test_pandas_tables_that_arrow_cannot_hold_stay_in_pandas():
    first = ledger()
    mixed = first.invoices.assign(document=np.array([7, "F 8"], dtype=object))
    strange = replace(first, invoices=mixed)
    assert not tables_of(strange)[0].implementation.is_polars()


def test_types_of_open_items_in_pandas():
    items = cm.open_items(ledger(), AT)
    assert isinstance(items, pd.DataFrame)
    assert items.index.tolist() == [0, 1, 2]
    assert items["open_amount"].dtype == "float64"
    assert str(items["due_date"].dtype) == "datetime64[us]"
    assert items["retention"].dtype == bool


def test_a_relation_is_prepared_without_being_read():
    connection = duckdb.connect()
    frames = ledger()
    for name in ("invoices", "settlements"):
        connection.register(name, getattr(frames, name))
    scanned = replace(frames, invoices=connection.sql("FROM invoices"), settlements=connection.sql("FROM settlements"))
    prepared = prepare(scanned)
    assert "book" not in vars(prepared.prepared)
    assert cm.dso(prepared, AT, months=1).receivables == 500.0
    assert "book" in vars(prepared.prepared)
