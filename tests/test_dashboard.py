"""Key figures computed by hand on a small ledger."""

import math

import pandas as pd
import polars as pl
import pytest
from ledgers import ENGINES, make_ledger

from cmtools.dashboard import currencies, key_figures, report_items
from cmtools.fec import read_fec
from cmtools.load import read_ledger
from cmtools.schemas import InputError


def invoice(name, issued, due, amount, **more):
    return {"item_id": name, "issue_date": issued, "due_date": due, "amount": amount} | more


# At 30 June 2026 (and at 31 May):
# A 1 000, due 31 May: 30 days late, 600 left after 400 paid on 10 June (31 May: not due, 1 000)
# B   500, due 30 June: not late                                         (31 May: not due, 500)
# C   300, due 31 January: 150 days late, disputed                       (31 May: 120 days late)
# D   200, due 15 April: 76 days late, doubtful from 1 June               (31 May: 46 days late)
# R    50, retention, release unknown: not due                           (31 May: the same)
# N   -80, credit note of June, not used                                 (31 May: not there)
# O    70, opening of unknown age                                        (31 May: the same)
# P   -20, receipt of 5 May, not allocated                               (31 May: the same)
INVOICES = [
    invoice("A", "2026-05-01", "2026-05-31", 1000.0),
    invoice("B", "2026-05-31", "2026-06-30", 500.0),
    invoice("C", "2026-01-01", "2026-01-31", 300.0, dispute_from="2026-02-01", customer_id="C2"),
    invoice("D", "2026-03-16", "2026-04-15", 200.0, doubtful_from="2026-06-01", customer_id="C2"),
    invoice("R", "2026-05-10", None, 50.0, retention=True),
    invoice("N", "2026-06-20", None, -80.0, kind="credit_note"),
    {"item_id": "O", "kind": "opening", "booking_date": "2026-01-01", "amount": 70.0},
]
SETTLEMENTS = [
    {"item_id": "A", "amount": 400.0, "payment_date": "2026-06-10"},
    {"amount": 20.0, "payment_date": "2026-05-05"},
]


@pytest.fixture(scope="module")
def figures():
    return key_figures(make_ledger(INVOICES, SETTLEMENTS), "2026-06-30")


@pytest.mark.parametrize(
    ("key", "value", "previous"),
    [
        ("outstanding", 600 + 500 + 300 + 200 + 50 - 80 + 70 - 20, 1000 + 500 + 300 + 200 + 50 + 70 - 20),
        ("not_due", 500 + 50, 1000 + 500 + 50),
        ("overdue", 600 + 300 + 200, 300 + 200),
        ("overdue_rate", 1100 / 1720, 500 / 2120),
        ("over_60", 300 + 200, 300),
        ("disputed", 300, 300),
        ("doubtful", 200, 0),
        ("retention", 50, 50),
        ("unknown_age", 70, 70),
        ("unallocated", -80 - 20, -20),
        # sales: Jan 300, Feb 0, March 200, April 0, May 1 550, June -80
        # June: 1 620 + 80 = 1 700 after June (30 days), 150 after May (31), April 0 (30), March 150 / 200 x 31
        ("dso_count_back", 30 + 31 + 30 + 31 * 150 / 200, 31 + 30 + 31 + 28 + 31),
        # June: 1 620 / (1 550 - 80) x 91 days of April to June; May: 2 100 / 1 750 x 92 days
        ("dso_balance", 1620 / 1470 * 91, 2100 / 1750 * 92),
    ],
)
def test_by_hand(figures, key, value, previous):
    row = figures.loc[key]
    assert row["value"] == pytest.approx(value, abs=1e-9)
    if key == "dso_count_back":  # 2 100 is more than all the sales known at the end of May (2 050): not exhausted
        assert math.isnan(row["previous"])
        assert row["reason"] == "credit_month"
    else:
        assert row["previous"] == pytest.approx(previous, abs=1e-9)


def test_inputs_are_the_numbers_that_made_the_value(figures):
    inputs = figures["inputs"]
    assert sum(inputs["outstanding"].values()) == pytest.approx(1620)
    assert inputs["overdue"] == {"d1_30": 600.0, "d31_60": 0.0, "d61_90": 200.0, "d91_120": 0.0, "over_120": 300.0}
    assert inputs["over_60"] == {"d61_90": 200.0, "d91_120": 0.0, "over_120": 300.0}
    assert inputs["overdue_rate"] == {"overdue": 1100.0, "outstanding_gross": 1720.0}
    assert inputs["dso_balance"] == {"receivables": 1620.0, "sales_window": 1470.0, "period_days": 91.0}
    assert inputs["dso_count_back"]["receivables"] == 1620.0
    assert set(figures["unit"]) == {"money", "rate", "days"}
    assert set(figures["currency"]) == {"EUR"}


def test_counts_of_items_behind_the_amounts_without_other_inputs(figures):
    # not due: B and R; unallocated: the credit note N and the receipt P; one item each for the others
    expected = {"not_due": 2, "unallocated": 2, "unknown_age": 1, "disputed": 1, "doubtful": 1, "retention": 1}
    assert {key: figures.loc[key, "inputs"] for key in expected} == {key: {"count": n} for key, n in expected.items()}


def test_the_same_by_customer():
    """A ledger cut in two has figures that add up."""
    parts = []
    for customer in ("C1", "C2"):
        mine = [row for row in INVOICES if row.get("customer_id", "C1") == customer]
        parts.append(key_figures(make_ledger(mine, SETTLEMENTS if customer == "C1" else []), "2026-06-30")["value"])
    whole = key_figures(make_ledger(INVOICES, SETTLEMENTS), "2026-06-30")["value"]
    money = ["outstanding", "not_due", "overdue", "over_60", "disputed", "doubtful", "unknown_age", "unallocated"]
    assert (parts[0] + parts[1])[money].to_dict() == pytest.approx(whole[money].to_dict())


@pytest.mark.parametrize("engine", ENGINES)
def test_any_engine(engine, figures):
    found = key_figures(make_ledger(INVOICES, SETTLEMENTS, engine), "2026-06-30")
    assert found["value"].to_dict() == pytest.approx(figures["value"].to_dict(), nan_ok=True)


def test_later_events_change_nothing(figures):
    later = [*INVOICES, invoice("Z", "2026-07-01", "2026-07-31", 9999.0)]
    paid = [*SETTLEMENTS, {"item_id": "B", "amount": 500.0, "payment_date": "2026-07-02"}]
    found = key_figures(make_ledger(later, paid), "2026-06-30")
    assert found["value"].to_dict() == pytest.approx(figures["value"].to_dict(), nan_ok=True)
    assert found["previous"].to_dict() == pytest.approx(figures["previous"].to_dict(), nan_ok=True)


# --- DSO with a short history -------------------------------------------------------------------------------------


def test_window_shortens_with_the_history():
    """Two months of history for three asked: 1 500 / 2 000 x 61 days, and the window is in the inputs."""
    rows = [invoice("A", "2026-05-05", "2026-06-04", 500.0), invoice("B", "2026-06-05", "2026-07-05", 1500.0)]
    ledger = make_ledger(rows, [{"item_id": "A", "amount": 500.0, "payment_date": "2026-06-04"}])
    row = key_figures(ledger, "2026-06-30").loc["dso_balance"]
    assert row["value"] == pytest.approx(1500 / 2000 * 61)
    assert row["inputs"]["period_days"] == 61
    assert row["previous"] == pytest.approx(500 / 500 * 31)


def test_window_inside_a_month():
    """Up to 15 June: whole past months of the window and the month to date (rule of the balance method)."""
    rows = [invoice("A", "2026-05-05", "2026-06-04", 500.0), invoice("B", "2026-06-05", "2026-07-05", 1500.0)]
    row = key_figures(make_ledger(rows), "2026-06-15").loc["dso_balance"]
    assert row["value"] == pytest.approx(2000 / 2000 * 46)
    assert row["inputs"]["period_days"] == 46


def test_open_items_only():
    ledger = make_ledger(INVOICES, SETTLEMENTS, complete_sales=False)
    found = key_figures(ledger, "2026-06-30")
    for key in ("dso_balance", "dso_count_back"):
        assert math.isnan(found.loc[key, "value"])
        assert found.loc[key, "reason"] == "open_items_only"
    assert found["previous"].isna().all()  # what was open a month ago and paid since is not in the file
    assert found.loc["outstanding", "value"] == 1620


# --- nothing, or less than nothing --------------------------------------------------------------------------------


def test_nothing_outstanding():
    rows = [invoice("A", "2026-05-05", "2026-06-04", 500.0)]
    ledger = make_ledger(rows, [{"item_id": "A", "amount": 500.0, "payment_date": "2026-06-04"}])
    found = key_figures(ledger, "2026-06-30")
    assert found.loc["outstanding", "value"] == 0
    assert math.isnan(found.loc["overdue_rate", "value"])
    assert found.loc["overdue_rate", "reason"] == "no_outstanding"
    assert found.loc["dso_count_back", "reason"] == "no_receivables"
    assert found.loc["overdue", "previous"] == 0
    assert found.loc["outstanding", "previous"] == 500
    assert currencies(report_items(ledger, "2026-06-30")) == []


def test_before_the_first_invoice():
    found = key_figures(make_ledger(INVOICES, SETTLEMENTS), "2020-01-31")
    assert found.loc["outstanding", "value"] == 0
    assert found.loc[["overdue_rate", "dso_balance"], "value"].isna().all()


def test_credits_only():
    ledger = make_ledger([], [{"amount": 20.0, "payment_date": "2026-05-05"}])
    found = key_figures(ledger, "2026-06-30")
    assert found.loc["outstanding", "value"] == -20
    assert math.isnan(found.loc["overdue_rate", "value"])
    assert found.loc["overdue_rate", "reason"] == "no_outstanding"


# --- currencies ---------------------------------------------------------------------------------------------------

TWO = [
    invoice("A", "2026-05-01", "2026-05-31", 1000.0),
    invoice("U", "2026-05-01", "2026-07-31", 3000.0, currency="USD", book_amount=2700.0),
]


def test_one_currency_where_the_books_know_every_amount():
    ledger = make_ledger(TWO)
    items = report_items(ledger, "2026-06-30")
    assert currencies(items) == ["EUR"]
    found = key_figures(ledger, "2026-06-30")
    assert found.loc["outstanding", "value"] == 3700
    assert found.loc["overdue_rate", "value"] == pytest.approx(1000 / 3700)
    assert key_figures(ledger, "2026-06-30", "EUR")["value"].equals(found["value"])


def test_another_currency_than_that_of_the_books_is_its_items_alone():
    found = key_figures(make_ledger(TWO), "2026-06-30", "USD")
    assert found.loc["outstanding", ["value", "currency"]].tolist() == [3000, "USD"]
    assert found.loc["not_due", "value"] == 3000
    assert found.loc["dso_count_back", "inputs"]["receivables"] == 3000
    assert set(found["currency"]) == {"USD"}


def test_apart_where_an_amount_in_the_books_is_unknown():
    rows = [TWO[0], TWO[1] | {"book_amount": None}]
    ledger = make_ledger(rows)
    items = report_items(ledger, "2026-06-30")
    assert currencies(items) == ["USD", "EUR"]  # largest first
    assert {name: key_figures(ledger, "2026-06-30", name).loc["outstanding", "value"] for name in ("EUR", "USD")} == {
        "EUR": 1000, "USD": 3000,
    }  # fmt: skip
    assert key_figures(ledger, "2026-06-30").loc["outstanding", "currency"] == "USD"


def test_the_month_before_is_in_the_same_currency():
    """In May the euros were the larger part; the dollars of June are compared with the dollars of May."""
    rows = [
        invoice("A", "2026-04-01", "2026-05-01", 9000.0),
        invoice("U", "2026-05-01", "2026-07-31", 3000.0, currency="USD"),
    ]
    ledger = make_ledger(rows, [{"item_id": "A", "amount": 8500.0, "payment_date": "2026-06-10"}])
    row = key_figures(ledger, "2026-06-30").loc["outstanding"]
    assert row[["value", "previous", "currency"]].tolist() == [3000, 3000, "USD"]


def test_unknown_currency_is_refused():
    with pytest.raises(InputError) as error:
        key_figures(make_ledger(TWO), "2026-06-30", "JPY")
    assert error.value.defects[0].code == "unknown_currency"


def test_currencies_are_ranked_by_size_even_in_credit():
    frame = pl.DataFrame(
        {"item_id": ["A", "B"], "customer_id": ["1", "1"], "kind": ["invoice", "credit_note"],
         "currency": ["EUR", "USD"], "issue_date": [None, None], "due_date": [None, None],
         "open_amount": [10.0, -50.0]},
        schema_overrides={"issue_date": pl.Datetime("us"), "due_date": pl.Datetime("us")},
    )  # fmt: skip
    assert currencies(frame) == ["USD", "EUR"]
    assert currencies(frame.to_pandas()) == ["USD", "EUR"]


def test_argument_is_left_alone():
    ledger = make_ledger(INVOICES, SETTLEMENTS)
    before = ledger.invoices.copy()
    key_figures(ledger, pd.Timestamp("2026-06-30"))
    pd.testing.assert_frame_equal(ledger.invoices, before)


def test_what_the_source_does_not_tell_is_unknown_not_nil():
    figures = key_figures(make_ledger(INVOICES, SETTLEMENTS, silent=("disputed", "retention")), "2026-06-30")
    for name in ("disputed", "retention"):
        assert math.isnan(figures.loc[name, "value"])
        assert math.isnan(figures.loc[name, "previous"])
        assert figures.loc[name, "reason"] == "not_in_source"
    assert figures.loc["doubtful", "value"] == 200


def test_what_each_source_tells(root, tmp_path):
    assert read_ledger(root / "data" / "grand_livre.xlsx").silent == ()
    fec = read_fec(next((root / "data").glob("*FEC20260630.txt"))).ledger()
    assert fec.silent == ("disputed",)  # 4117 stands for retention money, 416 for doubtful customers
    path = tmp_path / "flat.csv"
    path.write_text(
        "Facture;N° client;Date facture;Échéance;Montant TTC\nF1;C1;01/05/2026;31/05/2026;1000,00\n", "utf-8"
    )
    assert read_ledger(path, date_order="day").silent == ("disputed", "retention", "doubtful")
