"""Key figures computed by hand on a small ledger."""

import dataclasses
import math

import pandas as pd
import polars as pl
import pytest
from ledgers import ENGINES, make_ledger

from cmtools.dashboard import (
    asked_currencies,
    by_currency,
    currencies,
    decisions,
    figures_by,
    indicator_values,
    key_figures,
    report_items,
    retention_by_release,
    targets_met,
)
from cmtools.fec import read_fec
from cmtools.load import read_ledger
from cmtools.receivables import outstanding_by_date
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


# --- the committee's indicators -----------------------------------------------------------------------------------


def test_month_before_and_year_before():
    """Each past date with what was known then; before the ledger begins nothing is known, which is not nil."""
    rows = [invoice("A", "2025-06-10", "2025-07-10", 900.0), invoice("B", "2026-06-10", "2026-07-10", 500.0)]
    ledger = make_ledger(rows, [{"item_id": "A", "amount": 900.0, "payment_date": "2026-06-20"}])
    found = key_figures(ledger, "2026-06-30").loc["outstanding"]
    assert found[["value", "previous", "year_before"]].tolist() == [500.0, 900.0, 900.0]
    assert key_figures(ledger, "2026-05-31").loc["outstanding", "year_before"] != 0  # 31 May 2025: no ledger yet
    assert math.isnan(key_figures(ledger, "2026-05-31").loc["outstanding", "year_before"])


def test_targets_of_the_company_beside_the_indicators():
    targets = pd.DataFrame(
        {
            "indicator": ["outstanding", "overdue_rate", "recovery_30", "overdue_rate"],
            "collector": [None, None, None, "Somebody"],
            "target": [2000.0, 0.5, 0.9, 0.1],
        }
    )
    found = key_figures(make_ledger(INVOICES, SETTLEMENTS), "2026-06-30", targets=targets)
    # outstanding 1 620 <= 2 000; overdue rate 1 100 / 1 720 = 64 % > 50 %; of May 400 of 1 000 came in
    assert found.loc["outstanding", ["target", "attained"]].tolist() == [2000.0, True]
    assert found.loc["overdue_rate", ["target", "attained"]].tolist() == [0.5, False]
    assert found.loc["recovery_30", ["target", "attained"]].tolist() == [0.9, False]
    assert found.loc["over_60", "target"] != found.loc["over_60", "target"]
    assert (
        found.loc["over_60", "attained"] is None or found.loc["over_60", "attained"] != found.loc["over_60", "attained"]
    )


def test_payment_indicators_by_hand(figures):
    """A: 400 paid on 10 June, 10 days late; still open and late at 30 June: A 600 x 30, C 300 x 150, D 200 x 76."""
    assert figures.loc["delay_paid", "value"] == pytest.approx(10)
    late = 400 * 10 + 600 * 30 + 300 * 150 + 200 * 76
    assert figures.loc["delay_with_open", "value"] == pytest.approx(late / 1500)
    assert figures.loc["late_payment_rate", "value"] == 1
    # due in May: A alone, 1 000, of which 400 within 30 days; the cohort of June is too young on 30 June
    row = figures.loc["recovery_30"]
    assert (row["value"], row["inputs"]) == (pytest.approx(0.4), {"collected": 400.0, "due": 1000.0})
    assert (row["reason"], f"{row['details']['month']:%Y-%m}") == ("cohort_of", "2026-05")


def test_flows_of_a_list_of_open_items_are_not_computable():
    found = key_figures(make_ledger(INVOICES, complete_sales=False), "2026-06-30")
    flows = [
        "delay_with_open",
        "delay_paid",
        "late_payment_rate",
        "recovery_30",
        "recovery_90",
        "collection_effectiveness",
    ]
    assert found.loc[flows, "value"].isna().all()
    assert set(found.loc[flows, "reason"]) == {"open_items_only"}
    assert found[["previous", "year_before"]].isna().all(axis=None)


def with_customers(ledger, **columns):
    known = ledger.customers.assign(**columns)
    return dataclasses.replace(ledger, customers=known)


def test_figures_by_collector_add_up_to_those_of_the_company():
    ledger = with_customers(make_ledger(INVOICES, SETTLEMENTS), collector=["Ann", None])  # C1, C2
    table = figures_by(ledger, "2026-06-30", "collector")
    assert table["collector"].fillna("?").tolist() == ["Ann", "?"]
    assert table["outstanding"].tolist() == [600 + 500 + 50 - 80 + 70 - 20, 500]
    assert table["overdue"].tolist() == [600, 500]
    assert table["overdue_rate"].tolist() == pytest.approx([600 / 1220, 1])
    assert table["over_60"].tolist() == [0, 500]
    assert table["delay_paid"].fillna(-1).tolist() == [10, -1]


def test_indicator_values_of_company_and_collectors():
    ledger = with_customers(make_ledger(INVOICES, SETTLEMENTS), collector=["Ann", "Bob"])
    values = indicator_values(key_figures(ledger, "2026-06-30"), figures_by(ledger, "2026-06-30", "collector"))
    mine = values[values["indicator"] == "overdue"].set_index("collector")["value"]
    assert mine[mine.index.notna()].to_dict() == {"Ann": 600, "Bob": 500}
    assert mine[mine.index.isna()].tolist() == [1100]
    assert not values.duplicated(["indicator", "collector"]).any()


def test_targets_met_and_bonus_by_hand():
    ledger = with_customers(make_ledger(INVOICES, SETTLEMENTS), collector=["Ann", "Bob"])
    targets = pd.DataFrame(
        {
            "indicator": ["overdue", "over_60"],
            "collector": "Bob",
            "target": [450.0, 1000.0],
            "weight": 0.5,
            "bonus": 100.0,
        }
    )
    figures, by_collector = key_figures(ledger, "2026-06-30"), figures_by(ledger, "2026-06-30", "collector")
    met, bonuses = targets_met(figures, by_collector, targets)
    assert met["attainment"].tolist() == pytest.approx([450 / 500, 1000 / 500])
    assert bonuses["due_amount"].tolist() == pytest.approx([100 * (0.9 + 1.2) / 2])  # the second is capped at 1.2
    assert [len(table) for table in targets_met(figures, by_collector, None)] == [0, 0]


def test_decisions_by_hand():
    ledger = with_customers(make_ledger(INVOICES, SETTLEMENTS), credit_limit=[1000.0, None])
    late = {"item_id": "L", "issue_date": "2025-01-01", "due_date": "2025-02-01", "amount": 40.0}
    found = decisions(report_items(ledger, "2026-06-30"), ledger, "2026-06-30").set_index("decision")
    # C: disputed since 1 February; C1 owes 1 120 for a limit of 1 000; the receipt of 5 May is 56 days old: not yet
    assert found["open_amount"].to_dict() == {"decide_disputes": 300, "decide_limits": 120}
    more = with_customers(make_ledger([*INVOICES, late], SETTLEMENTS), credit_limit=[5000.0, None])
    found = decisions(report_items(more, "2026-07-31"), more, "2026-07-31").set_index("decision")
    # L is 545 days late; the receipt of 20 is 87 days old, the credit note of 20 June 41 days
    assert found["open_amount"].to_dict() == {"decide_disputes": 300, "decide_old_items": 40, "decide_credits": -20}
    assert found["count"].to_dict() == {"decide_disputes": 1, "decide_old_items": 1, "decide_credits": 1}


def test_retention_by_release():
    rows = [
        invoice("P", "2025-01-01", "2026-01-01", 30.0, retention=True),
        invoice("F", "2026-01-01", "2027-01-01", 50.0, retention=True),
        invoice("U", "2026-01-01", None, 7.0, retention=True),
        invoice("N", "2026-01-01", "2026-02-01", 1000.0),
    ]
    table = retention_by_release(report_items(make_ledger(rows), "2026-06-30"), "2026-06-30").set_index("release")
    assert table["open_amount"].to_dict() == {"release_past": 30, "release_to_come": 50, "release_unknown": 7}
    none = retention_by_release(report_items(make_ledger(rows[3:]), "2026-06-30"), "2026-06-30")
    assert none.empty


def test_one_table_for_all_currencies_of_a_report():
    rows = [
        invoice("A", "2026-05-01", "2026-05-31", 100.0),
        invoice("B", "2026-05-01", "2026-05-31", 70.0, currency="USD"),
    ]
    ledger = make_ledger(rows)  # no value in the books for the dollars
    asked = asked_currencies(ledger, "2026-06-30")
    assert asked == {"EUR": "EUR", "USD": "USD"}
    table = by_currency(asked, lambda currency: outstanding_by_date(ledger, ["2026-06-30"], currency=currency))
    assert table[["currency", "outstanding"]].to_numpy().tolist() == [["EUR", 100.0], ["USD", 70.0]]
    booked = make_ledger([rows[0], rows[1] | {"book_amount": 60.0}])
    assert asked_currencies(booked, "2026-06-30") == {"EUR": None}


def test_a_settlement_without_a_value_in_the_books_is_not_nil():
    """40 of 100 dollars paid, at a rate nobody knows: dollars are counted in dollars."""
    row = invoice("B", "2026-05-01", "2026-05-31", 100.0, currency="USD", book_amount=90.0)
    ledger = make_ledger([row], [{"item_id": "B", "amount": 40.0, "payment_date": "2026-06-01", "currency": "USD"}])
    found = key_figures(ledger, "2026-06-30").loc["outstanding"]
    assert (found["value"], found["currency"]) == (60.0, "USD")
