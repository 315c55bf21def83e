"""What is kept with a prepared ledger, and what is not."""

from dataclasses import replace

import pandas as pd
import pytest

import cmtools as cm
from cmtools.frames import in_polars, prepare, remembered


@pytest.fixture
def asked():
    """A function of a ledger that counts how often it was worked out."""
    times = []

    @remembered
    def work(ledger, factor):
        times.append(factor)
        return pd.DataFrame({"amount": [float(factor * len(ledger.invoices))]})

    return work, times


@pytest.fixture(scope="module")
def ledger(root):
    return cm.read_ledger(
        root / "data" / "factures.csv", root / "data" / "reglements.csv", root / "data" / "clients.csv"
    )


def test_a_prepared_ledger_is_not_asked_twice(ledger, asked):
    work, times = asked
    ready = prepare(ledger)
    assert [work(ready, factor)["amount"].iloc[0] for factor in (1, 2, 1)] == [3602.0, 7204.0, 3602.0]
    assert times == [1, 2]


def test_another_ledger_is_asked_each_time(ledger, asked):
    work, times = asked
    for _ in range(2):
        assert work(ledger, 1)["amount"].iloc[0] == 3602.0
    assert times == [1, 1]


def test_a_table_that_was_remembered_is_the_callers_own(ledger, asked):
    work, _ = asked
    ready = prepare(ledger)
    first = work(ready, 1)
    first["amount"] = 0.0
    first.loc[0, "amount"] = -1.0
    assert work(ready, 1)["amount"].tolist() == [3602.0]


@pytest.mark.parametrize("name", ["invoices", "settlements", "customers"])
def test_other_tables_are_asked_again(ledger, asked, name):
    work, times = asked
    ready = prepare(ledger)
    work(ready, 1)
    fewer = getattr(ledger, name).head(10)
    for other in (replace(ready, **{name: fewer}), ready):
        setattr(other, name, fewer)
        assert work(other, 1)["amount"].iloc[0] == (10.0 if name == "invoices" else 3602.0)
    assert times == [1, 1, 1]


@pytest.mark.parametrize("by", [None, "customer_id", "segment"])
def test_balances_of_a_prepared_ledger_are_those_of_the_other(ledger, by):
    ready, dates = in_polars(ledger), ["2026-06-30", "2025-12-31", "2026-05-31"]
    cm.outstanding_by_date(ready, dates[:1])  # one of the dates is known already
    told = cm.outstanding_by_date(ready, dates, by=by)
    pd.testing.assert_frame_equal(told, cm.outstanding_by_date(ledger, dates, by=by), check_dtype=False)
