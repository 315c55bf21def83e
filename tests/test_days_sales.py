"""DSO and what it is made of: published cases, hand calculations, properties."""

import csv
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import ENGINES, convert, make_ledger
from strategies import CENTS, DAYS, receipts

import cmtools as cm
from cmtools.days_sales import balance_dso, count_back
from cmtools.language import kind_of, message
from cmtools.schemas import InputError

EXAMPLES = yaml.safe_load((Path(__file__).parent / "examples" / "receivables.yaml").read_text(encoding="utf-8"))
PARTS = ["best_possible_dso", "overdue_dso", "unknown_age_dso", "unallocated_dso"]  # they add up to the DSO


# ---- published cases


@pytest.mark.parametrize("case", EXAMPLES["count_back"], ids=lambda case: case["id"])
def test_count_back_published(case):
    months = [(number, sales, days) for number, (sales, days) in enumerate(case["months"])]
    result = count_back(case["balance"], months)
    if case["days"] is None:
        assert result.days is None
        assert (result.at_least_days, result.balance_left) == (case["at_least"], case["left"])
        return
    assert result.days == pytest.approx(case["days"], abs=case["tolerance"])
    assert result.table["days_counted"].sum() == pytest.approx(case["days"], abs=case["tolerance"])
    if case["status"] == "published_error":
        assert result.days != pytest.approx(case["printed"], abs=5)
    elif "printed" in case:
        assert result.days == pytest.approx(case["printed"], abs=case["tolerance"])


def test_count_back_table_shows_what_oracle_missed():
    # 2500+1750+2250+2500+2000 = 11 000 of 12 000: 1 000 is left for April, 1000/2250 x 30 = 13.33 days.
    case = EXAMPLES["count_back"][2]
    last = count_back(case["balance"], [(n, *month) for n, month in enumerate(case["months"])]).table.iloc[-1]
    assert (last["balance_before"], last["balance_after"]) == (1000, 0)
    assert last["days_counted"] == pytest.approx(13.3333, abs=1e-4)


@pytest.mark.parametrize("case", EXAMPLES["balance_dso"], ids=lambda case: case["id"])
def test_balance_dso_published(case):
    result = balance_dso(case["receivables"], case["sales"], case["days"])
    assert result == pytest.approx(case["expected"], abs=0.001)
    assert result == pytest.approx(case["printed"], abs=case["tolerance"])


@pytest.mark.parametrize("case", EXAMPLES["dso_family"], ids=lambda case: case["id"])
def test_dso_family_published(case):
    sales, days = case["sales"], case["days"]
    whole, not_due = (balance_dso(case[key], sales, days) for key in ("receivables", "not_due"))
    late = balance_dso(case["receivables"] - case["not_due"], sales, days)
    assert whole == pytest.approx(case["dso"], abs=case["tolerance"])
    assert not_due == pytest.approx(case["best_possible_dso"], abs=case["tolerance"])
    assert whole - not_due == pytest.approx(case["average_days_delinquent"], abs=case["tolerance"])
    assert late == pytest.approx(whole - not_due)  # with the same sales and days


def test_dso_family_published_from_a_ledger():
    """The same case as items: 10 million sold over 365 days, 1.2 million open, of which 0.8 million not due."""
    (case,) = EXAMPLES["dso_family"]
    sold = {"issue_date": "2025-01-01", "due_date": "2025-12-30"}
    rows = [
        sold | {"item_id": "paid", "amount": case["sales"] - case["receivables"]},
        sold | {"item_id": "late", "amount": case["receivables"] - case["not_due"]},
        sold | {"item_id": "not due", "amount": case["not_due"], "due_date": "2026-01-31"},
    ]
    ledger = make_ledger(rows, [{"item_id": "paid", "amount": rows[0]["amount"], "payment_date": "2025-02-01"}])
    row = cm.dso_parts(ledger, "2025-12-31").iloc[0]
    assert row["period_days"] == case["days"]
    for name in ("dso", "best_possible_dso", "average_days_delinquent"):
        assert row[name] == pytest.approx(case[name], abs=case["tolerance"])


# ---- the DSO of the whole


def steady_sales(days_to_pay, engine="pandas", start=date(2025, 1, 1), days=400):
    """100 a day, every invoice paid in full `days_to_pay` days later."""
    dates = [start + timedelta(days=n) for n in range(days)]
    invoices = [{"item_id": f"{day}", "issue_date": day, "due_date": day, "amount": 100} for day in dates]
    paid = [{"item_id": f"{day}", "amount": 100, "payment_date": day + timedelta(days=days_to_pay)} for day in dates]
    return make_ledger(invoices, paid, engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("days_to_pay", [7, 30, 45, 100])
def test_constant_sales_paid_at_t_days_give_a_dso_of_t(days_to_pay, engine):
    ledger = steady_sales(days_to_pay, engine)
    # on 31 January 2026 the invoices of the last T days are open: 100 x T
    for method in ("balance", "count_back"):
        result = cm.dso(ledger, "2026-01-31", method=method)
        assert result.receivables == 100 * days_to_pay
        assert result.days == pytest.approx(days_to_pay, abs=1)


@settings(max_examples=15, deadline=None)
@given(days_to_pay=st.integers(1, 120), day=st.dates(date(2025, 6, 1), date(2026, 1, 31)))
def test_constant_sales_give_t_on_any_day(days_to_pay, day):
    result = cm.dso(steady_sales(days_to_pay), day, method="count_back")
    assert result.days == pytest.approx(days_to_pay, abs=1)


def test_dso_by_month_is_dso_at_each_month_end():
    ledger = steady_sales(45)
    table = cm.dso_by_month(ledger, "2026-01-31", months=6, window=3)
    assert [f"{day:%d/%m}" for day in table["date"]] == ["31/08", "30/09", "31/10", "30/11", "31/12", "31/01"]
    assert table["dso_balance"].round(6).tolist() == [45] * 6
    assert table["dso_count_back"].round(6).tolist() == [45] * 6
    assert table["sales"].tolist() == [3100, 3000, 3100, 3000, 3100, 3100]


def test_count_back_inside_a_month_starts_with_the_month_to_date():
    # February 2026 to the 10th: 300 sold in 10 days; January 310 in 31 days; 455 open: 10 + 155/310 x 31 = 25.5 days
    rows = [
        {"item_id": "J", "issue_date": "2026-01-01", "due_date": "2026-03-01", "amount": 310},
        {"item_id": "F", "issue_date": "2026-02-10", "due_date": "2026-03-01", "amount": 300},
        {"item_id": "late", "issue_date": "2026-02-11", "due_date": "2026-03-01", "amount": 999},
    ]
    ledger = make_ledger(rows, [{"item_id": "J", "amount": 155, "payment_date": "2026-02-05"}])
    result = cm.dso(ledger, "2026-02-10", method="count_back")
    assert result.days == pytest.approx(25.5)
    assert result.table["days"].tolist() == [10, 31]


def test_months_without_sales_and_of_net_credit_notes():
    # 100 to exhaust: month 0 sells nothing (30 days, 100 left), month 1 credits 20 (31 days, 120 left),
    # month 2 sells 240 in 30 days: 120/240 x 30 = 15 days; 76 in all
    result = count_back(100, [("m0", 0, 30), ("m1", -20, 31), ("m2", 240, 30)])
    assert result.days == pytest.approx(76)
    assert result.reason == "credit_month"
    assert result.table["balance_after"].tolist() == [100, 120, 0]


def test_dso_says_why_it_cannot_be_computed():
    one = {"item_id": "A", "issue_date": "2026-02-10", "due_date": "2026-03-01", "amount": 310}
    unknown_sales = make_ledger([one], complete_sales=False)
    assert cm.dso(unknown_sales, "2026-02-28").reason == "open_items_only"
    short = cm.dso(make_ledger([one]), "2026-02-28", months=3)
    assert (short.days, short.reason, short.details) == (None, "short_history", {"known": 1, "asked": 3})
    paid = make_ledger([one], [{"item_id": "A", "amount": 310, "payment_date": "2026-02-20"}])
    assert cm.dso(paid, "2026-02-28", method="count_back").reason == "no_receivables"
    opening = make_ledger(
        [one | {"kind": "opening", "issue_date": None, "due_date": None, "booking_date": "2026-02-01"}]
    )
    assert (cm.dso(opening, "2026-02-28", months=1).days, cm.dso(opening, "2026-02-28", months=1).reason) == (
        None,
        "no_sales",
    )
    assert cm.dso(opening, "2026-02-28", method="count_back").reason == "history_exhausted"


def test_doubtful_customers_can_be_left_out_of_the_dso():
    rows = [
        {"item_id": "A", "issue_date": "2026-02-01", "due_date": "2026-03-01", "amount": 100},
        {
            "item_id": "B",
            "issue_date": "2026-02-01",
            "due_date": "2026-03-01",
            "amount": 60,
            "doubtful_from": "2026-02-20",
        },
    ]
    ledger = make_ledger(rows, [{"item_id": "B", "amount": 10, "payment_date": "2026-02-10"}])
    assert cm.dso(ledger, "2026-02-28", months=1).receivables == 150
    assert cm.dso(ledger, "2026-02-28", months=1, doubtful=False).receivables == 100
    assert cm.dso(ledger, "2026-02-28", months=1, bills=25).receivables == 175


def test_rolling_dso_over_3_6_and_12_months():
    # One invoice a month, 100 in January to 1 200 in December, all paid but the last: 1 200 is open.
    rows = [
        {"item_id": f"F{n}", "issue_date": f"2025-{n:02d}-01", "due_date": "2026-01-31", "amount": 100 * n}
        for n in range(1, 13)
    ]
    paid = [{"item_id": f"F{n}", "amount": 100 * n, "payment_date": "2025-12-15"} for n in range(1, 12)]
    for engine in ENGINES:
        ledger = make_ledger(rows, paid, engine)
        # sales: 1 000 + 1 100 + 1 200; 700 + ... + 1 200; 100 + ... + 1 200
        for months, sales, days in ((3, 3300, 92), (6, 5700, 184), (12, 7800, 365)):
            result = cm.dso(ledger, "2025-12-31", months=months)
            assert (result.sales, result.period_days) == (sales, days)
            assert result.days == pytest.approx(1200 / sales * days)


def test_currencies_are_never_added():
    rows = [
        {"item_id": "E", "issue_date": "2026-02-10", "due_date": "2026-02-20", "amount": 100},
        {"item_id": "U", "issue_date": "2026-02-10", "due_date": "2026-03-09", "amount": 300, "currency": "USD"},
    ]
    for engine in ENGINES:
        ledger = make_ledger(rows, engine=engine)
        for function in (cm.dso, cm.dso_parts, cm.dso_parts_by_month, cm.sales_weighted_dso):
            with pytest.raises(InputError, match="EUR, USD"):
                function(ledger, "2026-02-28")
        assert cm.dso(ledger, "2026-02-28", method="count_back", currency="USD").receivables == 100 * 3
        # sold and owed in one month: 28 days, all late in euros, none in dollars
        for currency, late, owed in (("EUR", 28, 100), ("USD", 0, 300)):
            row = cm.dso_parts(ledger, "2026-02-28", months=1, currency=currency).iloc[0]
            found = row[["currency", "receivables", "sales", "dso", "overdue_dso"]].tolist()
            assert found == [currency, owed, owed, 28, late]
            history = cm.dso_parts_by_month(ledger, "2026-02-28", months=1, window=1, currency=currency)
            assert history[["receivables", "dso", "overdue_dso"]].to_numpy().tolist() == [[owed, 28, late]]
            result = cm.sales_weighted_dso(ledger, "2026-02-28", currency)
            assert (result.days, result.receivables, result.currency) == (28, owed, currency)


def test_book_amounts_make_one_total_of_two_currencies():
    sold = {"issue_date": "2026-02-10", "due_date": "2026-03-09"}
    rows = [
        sold | {"item_id": "E", "amount": 100},
        sold | {"item_id": "U", "amount": 110, "book_amount": 100.5, "currency": "USD"},
    ]
    ledger = make_ledger(rows)
    # all was sold in February and nothing paid: the first and only month, 1 to 28 February counts as 28 days
    for result in (cm.dso(ledger, "2026-02-28", method="count_back"), cm.sales_weighted_dso(ledger, "2026-02-28")):
        assert (result.days, result.receivables, result.currency) == (28, 200.5, "EUR")
    row = cm.dso_parts(ledger, "2026-02-28", months=1).iloc[0]
    assert row[["currency", "receivables", "best_possible_dso"]].tolist() == ["EUR", 200.5, 28]


# ---- what the DSO is made of, by hand


def family(engine="pandas", **attributes):
    """C1 bought 3 000 over January to March 2026 (90 days); C2 nothing, but owes 240 since December; C3 is new.

    Open on 31 March: 900 late and disputed, 300 late (600 less 300), 1 500 and 240 not due, 180 of unknown age,
    120 received and not allocated: 3 000 in all.
    """
    rows = [
        {"item_id": "F1", "issue_date": "2026-01-10", "due_date": "2026-02-09", "amount": 900}
        | {"dispute_from": "2026-02-20"},
        {"item_id": "F2", "issue_date": "2026-02-10", "due_date": "2026-03-12", "amount": 600},
        {"item_id": "F3", "issue_date": "2026-03-15", "due_date": "2026-05-14", "amount": 1500},
        {"item_id": "X", "kind": "opening", "booking_date": "2026-01-01", "amount": 180},
        {"item_id": "G1", "customer_id": "C2", "issue_date": "2025-12-01", "due_date": "2026-05-30", "amount": 240},
        # after the closing date: not to be seen
        {"item_id": "H1", "customer_id": "C3", "issue_date": "2026-04-02", "due_date": "2026-04-02", "amount": 5000},
    ]
    settlements = [
        {"item_id": "F2", "amount": 300, "payment_date": "2026-03-20"},
        {"amount": 120, "payment_date": "2026-03-25"},
        {"item_id": "F1", "amount": 900, "payment_date": "2026-04-10"},
    ]
    ledger = make_ledger(rows, settlements, engine, **attributes)
    ledger.customers["segment"] = ["A", "B", None]
    ledger.customers["group_id"] = ["G", "G", None]
    return ledger


@pytest.mark.parametrize("engine", ENGINES)
def test_parts_by_hand(engine):
    row = cm.dso_parts(family(engine), "2026-03-31", months=3, financing_rate=0.06).iloc[0]
    # one day of sales = 3 000 / 90 = 33.33
    expected = {
        "receivables": 3000,
        "sales": 3000,
        "period_days": 90,
        "dso": 90,  # 3 000 / 3 000 x 90
        "best_possible_dso": 52.2,  # 1 740
        "average_days_delinquent": 37.8,  # 90 - 52.2
        "overdue_dso": 36,  # 1 200
        "disputed_dso": 27,  # 900
        "unknown_age_dso": 5.4,  # 180
        "unallocated_dso": -3.6,  # -120
        "agreed_terms": 45,  # (900 x 30 + 600 x 30 + 1 500 x 60) / 3 000
        "extended_dso": 7.2,  # 52.2 - 45
        "day_value": 3000 / 90,
        "day_cost": 2,  # 33.33 x 6 %
    }
    assert row[list(expected)].astype(float).to_dict() == pytest.approx(expected)
    assert row["reason"] is None
    assert "segment" not in row


@pytest.mark.parametrize("engine", ENGINES)
def test_parts_by_count_back_by_hand(engine):
    row = cm.dso_parts(family(engine), "2026-03-31", months=3, method="count_back").iloc[0]
    # sales: March 1 500 (31 days), February 600 (28), January 900 (31), December 240 (31)
    expected = {
        "dso": 31 + 28 + 31,  # 3 000 = 1 500 + 600 + 900
        "best_possible_dso": 31 + 240 / 600 * 28,  # 1 740 = 1 500 + 240
        "average_days_delinquent": 90 - 31 - 11.2,
        "overdue_dso": 1200 / 1500 * 31,
        "disputed_dso": 900 / 1500 * 31,
        "agreed_terms": 45,
        "extended_dso": 31 + 11.2 - 45,
        "day_value": 3000 / 90,
    }
    assert row[list(expected)].astype(float).to_dict() == pytest.approx(expected)
    assert row[["unknown_age_dso", "unallocated_dso", "day_cost"]].isna().all()
    assert row["reason"] is None


def test_standard_terms_replace_the_agreed_ones():
    row = cm.dso_parts(family(), "2026-03-31", months=3, standard_terms=30).iloc[0]
    assert (row["agreed_terms"], row["extended_dso"]) == (45, pytest.approx(52.2 - 30))


def test_retention_money_and_unknown_due_dates_are_no_agreed_terms():
    sold = {"issue_date": "2026-03-10", "amount": 100}
    rows = [
        sold | {"item_id": "F", "due_date": "2026-04-09", "amount": 300},  # 30 days
        sold | {"item_id": "G", "due_date": "2026-05-09"},  # 60 days
        sold | {"item_id": "R", "due_date": "2027-03-10", "retention": True},
        sold | {"item_id": "N", "due_date": None},
        sold | {"item_id": "A", "due_date": "2026-03-10", "kind": "credit_note", "amount": -50},
        {"item_id": "late", "issue_date": "2026-02-10", "due_date": "2026-02-10", "amount": 100},  # before the window
    ]
    row = cm.dso_parts(make_ledger(rows), "2026-03-31", months=1).iloc[0]
    assert row["agreed_terms"] == pytest.approx((300 * 30 + 100 * 60) / 400)
    assert row["sales"] == 300 + 100 + 100 + 100 - 50
    none = cm.dso_parts(make_ledger(rows[3:4]), "2026-03-31", months=1).iloc[0]
    assert none[["agreed_terms", "extended_dso"]].isna().all()
    assert none["unknown_age_dso"] == 31


@pytest.mark.parametrize("engine", ENGINES)
def test_parts_by_segment_by_hand(engine):
    table = cm.dso_parts(family(engine), "2026-03-31", months=3, by="segment").set_index("segment")
    assert table.index.tolist() == ["A", "B"]  # C3 comes later
    first, second = table.loc["A"], table.loc["B"]
    # A: 2 760 over 3 000; nothing of B's 240 not due
    assert (first["receivables"], first["sales"], first["agreed_terms"]) == (2760, 3000, 45)
    assert first["dso"] == pytest.approx(2760 / 3000 * 90)
    assert first["best_possible_dso"] == pytest.approx(1500 / 3000 * 90)
    assert (second["receivables"], second["sales"], second["period_days"]) == (240, 0, 90)
    assert second[["dso", *PARTS, "disputed_dso", "agreed_terms", "extended_dso", "day_value"]].isna().all()
    assert (first["reason"], second["reason"]) == (None, "no_sales")  # not short: the history is the ledger's
    # a group holds both: again 90 days
    (group,) = cm.dso_parts(family(engine), "2026-03-31", months=3, by="group_id").to_dict("records")
    assert (group["group_id"], group["receivables"], group["dso"]) == ("G", 3000, 90)


def test_a_segment_that_the_source_does_not_tell_has_its_row():
    table = cm.dso_parts(family(), "2026-04-30", months=1, by="segment")
    assert table["segment"].isna().sum() == 1
    other = table[table["segment"].isna()].iloc[0]
    assert (other["receivables"], other["dso"], other["overdue_dso"]) == (5000, 30, 30)


def test_a_customer_in_credit_or_paid_up_keeps_its_row():
    sold = {"issue_date": "2026-03-10", "due_date": "2026-04-09", "amount": 310}
    rows = [sold | {"item_id": name, "customer_id": name} for name in ("C1", "C2", "C3")]
    paid = [
        {"item_id": "C1", "customer_id": "C1", "amount": 310, "payment_date": "2026-03-20"},
        {"item_id": "C2", "customer_id": "C2", "amount": 310, "payment_date": "2026-03-20"},
        {"customer_id": "C2", "amount": 31, "payment_date": "2026-03-20"},
        {"customer_id": "C4", "amount": 10, "payment_date": "2026-03-21"},
    ]
    ledger = make_ledger(rows, paid)
    table = cm.dso_parts(ledger, "2026-03-31", months=1, by="customer_id").set_index("customer_id")
    assert table["dso"].tolist()[:3] == pytest.approx([0, -3.1, 31])
    assert table["unallocated_dso"].tolist()[:3] == pytest.approx([0, -3.1, 0])
    assert table["reason"].tolist() == [None, None, None, "no_sales"]
    back = cm.dso_parts(ledger, "2026-03-31", months=1, by="customer_id", method="count_back")
    assert back["dso"].tolist()[:3] == [0, 0, 31]
    assert back["reason"].tolist() == ["no_receivables", "no_receivables", None, "no_sales"]


def test_parts_say_why_they_cannot_be_computed():
    short = cm.dso_parts(family(), "2026-03-31", months=12).iloc[0]
    assert (short["reason"], short["receivables"]) == ("short_history", 3000)
    computed = ["dso", *PARTS, "average_days_delinquent", "sales", "period_days", "agreed_terms", "day_value"]
    assert short[computed].isna().all()
    back = cm.dso_parts(family(), "2026-03-31", months=12, method="count_back").iloc[0]
    assert (back["dso"], back["reason"]) == (90, "short_history")  # the sales of 12 months, and a day's value
    assert back[["sales", "day_value", "agreed_terms"]].isna().all()
    unknown = cm.dso_parts(family(complete_sales=False), "2026-03-31", months=3, by="segment")
    assert unknown["reason"].tolist() == ["open_items_only"] * 2
    assert unknown["receivables"].tolist() == [2760, 240]
    assert unknown[computed].isna().all(axis=None)
    # C2 owes 240 on no sales but its own of December: 31 + 28 + 31 + 31 days; twice as much is not exhausted
    rows = [
        {"item_id": "F", "issue_date": "2026-03-10", "due_date": "2026-04-09", "amount": 310},
        {"item_id": "O", "kind": "opening", "booking_date": "2026-03-01", "amount": 100},
    ]
    lost = cm.dso_parts(make_ledger(rows), "2026-03-31", months=1, method="count_back").iloc[0]
    assert (lost["reason"], lost["best_possible_dso"]) == ("history_exhausted", 31)
    assert pd.isna(lost["dso"])
    assert pd.isna(lost["average_days_delinquent"])


def test_disputes_that_the_source_does_not_tell_are_unknown():
    silent = family(silent=("disputed",))
    for method in ("balance", "count_back"):
        assert pd.isna(cm.dso_parts(silent, "2026-03-31", months=3, method=method)["disputed_dso"].iloc[0])
        history = cm.dso_parts_by_month(silent, "2026-03-31", months=1, method=method)
        assert history["disputed_dso"].isna().all()
        assert history["overdue_dso"].notna().all()


def test_nothing_at_all():
    empty = make_ledger([])
    assert len(cm.dso_parts_by_month(empty, "2026-03-31")) == 0
    assert len(cm.dso_parts(empty, "2026-03-31", by="segment")) == 0
    row = cm.dso_parts(empty, "2026-03-31").iloc[0]
    assert (row["receivables"], row["reason"]) == (0, "short_history")
    assert cm.sales_weighted_dso(empty, "2026-03-31").reason == "no_receivables"


@pytest.mark.parametrize("method", ["balance", "count_back"])
def test_parts_by_month_are_the_parts_at_each_month_end(method):
    ledger = family("polars")
    history = cm.dso_parts_by_month(ledger, "2026-04-15", months=12, window=3, method=method)
    assert [f"{day:%d/%m}" for day in history["date"]] == ["31/12", "31/01", "28/02", "31/03", "15/04"]
    if method == "balance":
        assert history["reason"].tolist() == ["short_history", "short_history", None, None, None]
    else:  # January: 1 140 sold since December against 900 + 180 + 240 owed; February: 1 740 against 600 more
        assert history["reason"].tolist() == ["short_history", "history_exhausted", "history_exhausted", None, None]
    for row in history.to_dict("records"):
        at = cm.dso_parts(ledger, row.pop("date"), months=3, method=method).iloc[0].to_dict()
        pd.testing.assert_series_equal(pd.Series(row), pd.Series({name: at[name] for name in row}), check_names=False)
    if method == "balance":  # 31 March as in the test above
        march = history.iloc[3]
        assert march[["dso", "best_possible_dso", "overdue_dso"]].astype(float).tolist() == pytest.approx(
            [90, 52.2, 36]
        )


def test_parts_by_month_of_open_items_only_are_unknown():
    history = cm.dso_parts_by_month(family(complete_sales=False), "2026-03-31", months=2)
    assert history["reason"].tolist() == ["open_items_only"] * 2
    numbers = history.drop(columns=["date", "currency", "reason"])
    assert numbers.isna().all(axis=None)


def test_chart_of_the_parts_stacks_them_and_writes_the_total():
    history = cm.dso_parts_by_month(family(), "2026-04-15", months=2, window=3)
    figure = cm.plots.dso_parts(history, "fr")
    bars = {bar.name: list(bar.y) for bar in figure.data if bar.type == "bar"}
    # 31 March as above: 52.2 not due, 36 overdue of which 27 disputed, 5.4 of unknown age, 3.6 unallocated
    march = {"DSO contractuel": 52.2, "DSO échu hors litiges": 9, "DSO litiges": 27}
    march |= {"DSO d'âge inconnu": 5.4, "DSO non lettré": -3.6}
    assert {name: values[0] for name, values in bars.items()} == pytest.approx(march)
    assert next(iter(figure.data[-1].text)) == "90,0"
    assert figure.layout.barmode == "relative"
    assert figure.data[0].hovertext[0] == "DSO contractuel : 52,2 j"
    back = cm.plots.dso_parts(cm.dso_parts_by_month(family(), "2026-04-15", 2, 3, "count_back"), "en")
    names = [trace.name for trace in back.data if trace.type == "bar"]
    assert names == ["Best possible DSO", "Average days delinquent"]


def test_chart_of_the_parts_has_gaps_where_the_dso_is_unknown():
    history = cm.dso_parts_by_month(family(silent=("disputed",)), "2026-03-31", months=3)
    figure = cm.plots.dso_parts(history, "en")
    assert next(iter(figure.data[0].y)) is None  # January: one month of sales known before it
    assert next(iter(figure.data[-1].text)) == ""
    assert [trace.name for trace in figure.data][:2] == ["Best possible DSO", "Overdue DSO"]
    assert "NaN" not in figure.to_json()
    unknown = cm.dso_parts_by_month(family(complete_sales=False), "2026-03-31", months=3)
    assert set(cm.plots.dso_parts(unknown, "fr").data[-1].text) == {""}


# ---- sales-weighted


@pytest.mark.parametrize("engine", ENGINES)
def test_sales_weighted_by_hand(engine):
    sold = {"due_date": "2026-06-30"}
    rows = [
        sold | {"item_id": "M1", "issue_date": "2026-03-02", "amount": 900},
        sold | {"item_id": "M2", "issue_date": "2026-03-09", "amount": -90, "kind": "credit_note"},
        sold | {"item_id": "F1", "issue_date": "2026-02-10", "amount": 200},
        sold | {"item_id": "F2", "issue_date": "2026-02-20", "amount": 200},
        sold | {"item_id": "J1", "issue_date": "2026-01-10", "amount": 620},
        sold | {"item_id": "D1", "issue_date": "2025-12-10", "amount": 100},
    ]
    settlements = [
        {"item_id": "F1", "amount": 100, "payment_date": "2026-03-03"},
        {"item_id": "J1", "amount": 600, "payment_date": "2026-03-03"},
        {"item_id": "D1", "amount": 100, "payment_date": "2026-03-03"},
        {"amount": 55, "payment_date": "2026-03-04"},
    ]
    result = cm.sales_weighted_dso(make_ledger(rows, settlements, engine), "2026-03-10")
    # 10 days of March: 810 open of 810 sold; February: 300 of 400 on 28 days; January: 20 of 620 on 31 days
    assert result.table["balance"].tolist() == [810, 300, 20]
    assert result.table["sales"].tolist() == [810, 400, 620]
    assert result.table["days"].tolist() == [10, 28, 31]
    assert result.table["days_counted"].tolist() == pytest.approx([10, 21, 1])
    assert result.days == pytest.approx(32)
    assert (result.method, result.receivables, result.sales, result.period_days) == ("sales_weighted", 1130, 1830, 69)
    assert (result.reason, result.balance_left) == (None, 0)


@pytest.mark.parametrize("engine", ENGINES)
def test_sales_weighted_tells_what_comes_from_months_without_sales(engine):
    due = {"due_date": "2026-06-30"}
    rows = [
        due | {"item_id": "F", "issue_date": "2026-03-10", "amount": 310},
        due
        | {"item_id": "O", "kind": "opening", "issue_date": "2025-11-10", "booking_date": "2026-02-01", "amount": 50},
        due | {"item_id": "X", "kind": "opening", "booking_date": "2026-02-01", "amount": 7},
        due | {"item_id": "R", "kind": "returned_payment", "issue_date": "2026-02-03", "amount": 3},
    ]
    result = cm.sales_weighted_dso(make_ledger(rows, engine=engine), "2026-03-31")
    assert (result.days, result.reason) == (None, "months_without_sales")
    assert (result.at_least_days, result.balance_left, result.receivables) == (31, 60, 370)
    assert result.table["balance"].tolist() == [310, 3, 50, 7]  # no sale in February, November before the history
    assert [None if pd.isna(day) else f"{day:%Y-%m}" for day in result.table["month"]] == [
        "2026-03",
        "2026-02",
        "2025-11",
        None,
    ]
    assert result.table["sales"].fillna(-1).tolist() == [310, 0, -1, -1]
    assert result.table["days_counted"].isna().tolist() == [False, True, True, True]
    said = message(result.reason, "en", **result.details)
    assert said == "60.0 comes from months whose sales are not known; the other months make 31 days"
    credit = due | {"item_id": "A", "kind": "credit_note", "issue_date": "2025-11-12", "booking_date": "2026-02-02"}
    less = cm.sales_weighted_dso(make_ledger([*rows, credit | {"amount": -80}], engine=engine), "2026-03-31")
    assert (less.days, less.at_least_days, less.balance_left) == (None, 0, -20)


def test_sales_weighted_says_why_it_cannot_be_computed():
    one = {"item_id": "A", "issue_date": "2026-02-10", "due_date": "2026-03-01", "amount": 310}
    unknown = cm.sales_weighted_dso(make_ledger([one], complete_sales=False), "2026-02-28")
    assert (unknown.days, unknown.reason, unknown.receivables) == (None, "open_items_only", 310)
    paid = make_ledger([one], [{"item_id": "A", "amount": 310, "payment_date": "2026-02-20"}])
    nothing = cm.sales_weighted_dso(paid, "2026-02-28")
    assert (nothing.days, nothing.reason) == (0, "no_receivables")


# ---- the trap


@pytest.mark.parametrize("days_to_pay", [30, 45, 90])
def test_the_true_dso_is_a_trap(days_to_pay):
    """Days since each open invoice x amount / sales of its month: T x T / 60 where every method finds T."""
    at = date(2026, 1, 31)
    ledger = steady_sales(days_to_pay)
    open_days = [at - timedelta(days=n) for n in range(days_to_pay)]  # 100 open on each
    of_month = {key: 100.0 * 31 if key[1] in (12, 1) else 100.0 * 30 for key in {(d.year, d.month) for d in open_days}}
    true = sum((at - day).days * 100.0 / of_month[day.year, day.month] for day in open_days)
    assert true == pytest.approx(days_to_pay**2 / 60, rel=0.08)  # 15, 34, 135
    assert abs(true - days_to_pay) > 9
    found = [cm.dso(ledger, at, months=3).days, cm.dso(ledger, at, "count_back").days]
    found.append(cm.sales_weighted_dso(ledger, at).days)
    assert found == pytest.approx([days_to_pay] * 3, abs=1e-9)


def test_the_true_dso_is_in_no_name_and_no_message(root):
    assert [name for name in dir(cm) if "true" in name.casefold()] == []
    texts = [path.read_text(encoding="utf-8") for path in (root / "src/cmtools/reference/messages").glob("*.csv")]
    texts.append((root / "src/cmtools/reference/labels.csv").read_text(encoding="utf-8"))
    assert [text for text in texts if "true dso" in text.casefold() or "vrai dso" in text.casefold()] == []


# ---- misuse


@pytest.mark.parametrize(
    "call",
    [
        lambda ledger: cm.dso(ledger, "2026-06-30", method="true"),
        lambda ledger: cm.dso(ledger, "2026-06-30", method="sales_weighted"),
        lambda ledger: cm.dso(ledger, "2026-06-30", currency="XXX"),
        lambda ledger: cm.dso_parts(ledger, "2026-06-30", by="colour"),
        lambda ledger: cm.dso_parts(ledger, "2026-06-30", method="true"),
        lambda ledger: cm.dso_parts(ledger, "2026-06-30", financing_rate=5),
        lambda ledger: cm.dso_parts_by_month(ledger, "2026-06-30", method="true"),
        lambda ledger: cm.sales_weighted_dso(ledger, "31 juin"),
    ],
)
def test_misuse_is_an_input_error(call):
    ledger = make_ledger([{"item_id": "A", "issue_date": "2026-01-01", "due_date": "2026-02-01", "amount": 5}])
    with pytest.raises(InputError) as error:
        call(ledger)
    assert all(len(error.value.text(language)) > 20 for language in ("fr", "en"))


def test_every_column_has_a_label():
    columns = [*cm.dso_parts(family(), "2026-03-31", months=3), *cm.dso_parts_by_month(family(), "2026-03-31")]
    days = [name for name in columns if name.startswith("dso") or name.endswith("_dso")]
    assert {kind_of(name) for name in [*days, "agreed_terms", "average_days_delinquent"]} == {"days"}
    assert {kind_of(name) for name in ("receivables", "sales", "day_value", "day_cost")} == {"money"}


# ---- properties


@st.composite
def ledger_rows(draw):
    """Items of three customers: late, disputed, in credit, without dates; receipts allocated, or not."""
    invoices = []
    for position in range(draw(st.integers(1, 12))):
        issued = draw(DAYS)
        kind = draw(st.sampled_from(["invoice"] * 5 + ["credit_note", "opening"]))
        invoices.append(
            {
                "item_id": f"I{position}",
                "customer_id": f"C{position % 3}",
                "kind": kind,
                "issue_date": None if kind == "opening" else issued,
                "booking_date": issued,
                "due_date": None if kind == "opening" else issued + timedelta(days=draw(st.integers(0, 90))),
                "dispute_from": draw(st.none() | st.just(issued)),
                "amount": (-1 if kind == "credit_note" else 1) * draw(CENTS) / 100,
            }
        )
    return invoices, receipts(draw, invoices, "booking_date")


@settings(max_examples=15, deadline=None)
@given(rows=ledger_rows(), at=DAYS, months=st.integers(1, 4), by=st.sampled_from([None, "customer_id", "segment"]))
def test_parts_add_up(rows, at, months, by):
    ledger = make_ledger(*rows, "polars")
    ledger.customers["segment"] = "S"
    table = cm.dso_parts(ledger, at, months, by)
    known = table[table["dso"].notna()]
    assert known["dso"].tolist() == pytest.approx(known[PARTS].sum(axis=1).tolist(), abs=1e-9, rel=1e-9)
    both = known["best_possible_dso"] + known["average_days_delinquent"]
    assert known["dso"].tolist() == pytest.approx(both.tolist(), abs=1e-9, rel=1e-9)
    assert (known["disputed_dso"] <= known["overdue_dso"] + 1e-9).all()
    assert (known["unallocated_dso"] <= 0).all()
    value = known["dso"] * known["day_value"]
    assert known["receivables"].tolist() == pytest.approx(value.tolist(), abs=1e-6, rel=1e-9)
    assert table["reason"].isna().tolist() == table["dso"].notna().tolist()
    whole = cm.dso(ledger, at, months=months)
    assert round(table["receivables"].sum() - whole.receivables, 2) == 0
    if whole.sales is not None:
        assert round(table["sales"].sum() - whole.sales, 2) == 0
    if by is None:
        found = None if pd.isna(table["dso"].iloc[0]) else table["dso"].iloc[0]
        assert (found, table["reason"].iloc[0]) == (whole.days, whole.reason)


@settings(max_examples=15, deadline=None)
@given(rows=ledger_rows(), at=DAYS)
def test_rows_weighted_by_their_sales_give_the_whole(rows, at):
    invoices, settlements = rows
    sold = {"issue_date": at, "due_date": at, "amount": 2_000_000}  # more than all the credit notes: sales of each
    sales = [sold | {"item_id": name, "customer_id": name} for name in ("C0", "C1", "C2")]
    sales.append(
        {"item_id": "old", "customer_id": "C0", "kind": "opening", "amount": 1, "booking_date": "2024-10-01"}
    )  # a long history
    ledger = make_ledger([*invoices, *sales], settlements, "polars")
    table = cm.dso_parts(ledger, at, 1, "customer_id")
    assert table["customer_id"].tolist() == ["C0", "C1", "C2"]
    whole = cm.dso_parts(ledger, at, 1).iloc[0]
    for name in ["dso", "average_days_delinquent", "disputed_dso", *PARTS]:
        weighted = (table[name] * table["sales"]).sum() / table["sales"].sum()
        assert weighted == pytest.approx(whole[name], abs=1e-6, rel=1e-9)


@settings(max_examples=5, deadline=None)
@given(rows=ledger_rows(), at=DAYS, factor=st.integers(2, 50))
def test_days_do_not_depend_on_the_unit_of_money(rows, at, factor):
    larger = tuple([row | {"amount": round(row["amount"] * factor, 2)} for row in table] for table in rows)
    before, after = make_ledger(*rows, "polars"), make_ledger(*larger, "polars")
    for method in ("balance", "count_back"):
        tables = [cm.dso_parts(ledger, at, 2, "customer_id", method) for ledger in (before, after)]
        money = [name for name in tables[0] if kind_of(name) == "money"]
        scaled = tables[0].assign(**{name: tables[0][name] * factor for name in money})
        pd.testing.assert_frame_equal(scaled, tables[1], check_exact=False, rtol=1e-9, atol=1e-6)
    small, large = (cm.sales_weighted_dso(ledger, at) for ledger in (before, after))
    assert small.reason == large.reason
    assert large.days == pytest.approx(small.days, abs=1e-9)
    assert large.receivables == pytest.approx(small.receivables * factor)


@settings(max_examples=8, deadline=None)
@given(days_to_pay=st.integers(1, 120), day=st.dates(date(2025, 6, 1), date(2026, 1, 31)))
def test_constant_sales_give_t_by_every_method_on_any_day(days_to_pay, day):
    ledger = steady_sales(days_to_pay, "polars")
    assert cm.sales_weighted_dso(ledger, day).days == pytest.approx(days_to_pay, abs=1e-9)
    for method in ("balance", "count_back"):
        row = cm.dso_parts(ledger, day, 3, method=method).iloc[0]
        # due on the day of issue: that day's invoice is not late yet, the others are
        expected = [days_to_pay, 1, days_to_pay - 1]
        found = row[["dso", "best_possible_dso", "average_days_delinquent"]].astype(float).tolist()
        assert found == pytest.approx(expected, abs=1e-9)
        assert row["agreed_terms"] == 0


@settings(max_examples=8, deadline=None)
@given(rows=ledger_rows(), at=DAYS)
def test_later_events_do_not_change_the_picture(rows, at):
    invoices, settlements = rows
    kept = [row for row in invoices if row["booking_date"] <= at]
    known = []
    for row in settlements:
        if row["payment_date"] <= at:
            later = row["allocation_date"] is not None and row["allocation_date"] > at
            known.append(row | {"item_id": None, "allocation_date": None} if later else row)
    now, then = make_ledger(invoices, settlements, "polars"), make_ledger(kept, known, "polars")
    for method in ("balance", "count_back"):
        tables = [cm.dso_parts(ledger, at, 2, "customer_id", method) for ledger in (now, then)]
        pd.testing.assert_frame_equal(*tables, check_dtype=False)
        months = [cm.dso_parts_by_month(ledger, at, 3, 1, method) for ledger in (now, then)]
        pd.testing.assert_frame_equal(*months, check_dtype=False)
    left, right = (cm.sales_weighted_dso(ledger, at) for ledger in (now, then))
    assert (left.days, left.receivables, left.reason) == (right.days, right.receivables, right.reason)


@settings(max_examples=2, deadline=None)
@given(rows=ledger_rows(), at=DAYS)
def test_engines_agree(rows, at):
    pictures = []
    for engine in ENGINES:
        ledger = make_ledger(*rows, engine)
        ledger.customers = convert(
            ledger.customers.assign(segment=["S"] + [None] * (len(ledger.customers) - 1)), engine
        )
        tables = [cm.dso_by_month(ledger, at, months=2), cm.dso_parts_by_month(ledger, at, 2, 1, "count_back")]
        tables += [cm.dso_parts(ledger, at, 2), cm.dso_parts(ledger, at, 2, "segment")]
        weighted = cm.sales_weighted_dso(ledger, at)
        pictures.append((tables, weighted.table, (weighted.days, weighted.reason, weighted.receivables)))
    for tables, months, result in pictures[1:]:
        for found, expected in zip([*tables, months], [*pictures[0][0], pictures[0][1]]):
            found, expected = (table.astype(object).where(table.notna(), None) for table in (found, expected))
            pd.testing.assert_frame_equal(found, expected, check_dtype=False)
        assert result == pictures[0][2]


def test_lazy_polars_frames_work_too():
    ledger = family("polars")
    ledger.invoices, ledger.settlements = ledger.invoices.lazy(), ledger.settlements.lazy()
    assert cm.dso_parts(ledger, "2026-03-31", months=3)["dso"].tolist() == [90]
    assert cm.sales_weighted_dso(ledger, "2026-03-31").reason == "months_without_sales"  # the item without a date


# ---- the sample company


@pytest.fixture(scope="module")
def sample(root):
    data = root / "data"
    return cm.read_ledger(data / "factures.csv", data / "reglements.csv", data / "clients.csv")


def _rows(root, name):
    with open(root / "data" / name, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def _day(text):
    return datetime.strptime(text, "%d/%m/%Y")


def _euros(text):
    return Decimal(text.replace(",", "."))


def test_sample_dso_by_hand(sample, root):
    """12 months: outstanding 1 464 352.61 over the sales incl. VAT of the year, read with the csv module."""
    with open(root / "data" / "factures.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    year = [
        row
        for row in rows
        if row["Nature"] in ("Facture", "Avoir") and _day(row["Date facture"]) > datetime(2025, 6, 30)
    ]
    sales = sum(float(row["Montant TTC EUR"].replace(",", ".")) for row in year)
    result = cm.dso(sample, "2026-06-30", months=12)
    assert (result.receivables, result.period_days) == (1464352.61, 365)
    assert result.sales == pytest.approx(sales, abs=0.005)
    assert result.days == pytest.approx(1464352.61 / sales * 365)


@pytest.mark.parametrize("segment", [None, "PME", "Grand compte"])
def test_sample_parts_from_the_files(sample, root, segment):
    """At a past date, with the csv module and decimals: what is open, not due, late, and the sales of 365 days."""
    at = datetime(2026, 3, 31)
    mine = {row["N° client"] for row in _rows(root, "clients.csv") if segment in (None, row["Segment"])}
    items = [
        row for row in _rows(root, "factures.csv") if row["N° client"] in mine and _day(row["Date comptable"]) <= at
    ]
    paid, unallocated = {}, Decimal(0)
    for row in _rows(root, "reglements.csv"):
        if row["N° client"] in mine and _day(row["Date règlement"]) <= at:
            if row["Pièce"] and _day(row["Date lettrage"]) <= at:
                paid[row["Pièce"]] = paid.get(row["Pièce"], 0) + _euros(row["Montant EUR"])
            else:
                unallocated -= _euros(row["Montant EUR"])
    not_due = late = disputed = Decimal(0)
    for row in items:
        owed = _euros(row["Montant TTC EUR"]) - paid.get(row["Pièce"], 0)
        if owed < 0:
            unallocated += owed
        elif not row["Échéance"] or _day(row["Échéance"]) >= at:  # without a due date: retention money
            not_due += owed
        else:
            late += owed
            opened, closed = (row[name] and _day(row[name]) for name in ("Litige du", "Litige clos le"))
            disputed += owed if opened and opened <= at and (not closed or closed > at) else 0
    sold = [
        row
        for row in items
        if row["Nature"] in ("Facture", "Avoir") and datetime(2025, 4, 1) <= _day(row["Date facture"]) <= at
    ]
    sales = sum(_euros(row["Montant TTC EUR"]) for row in sold)
    found = cm.dso_parts(sample, at, by=segment and "segment")
    row = (found if segment is None else found[found["segment"] == segment]).iloc[0]
    assert (row["receivables"], row["sales"]) == (float(not_due + late + unallocated), float(sales))
    amounts = [not_due, late, disputed, unallocated, not_due + late + unallocated]
    names = ["best_possible_dso", "overdue_dso", "disputed_dso", "unallocated_dso", "dso"]
    assert row[names].astype(float).tolist() == pytest.approx([float(owed / sales * 365) for owed in amounts])
    invoiced = [row for row in sold if row["Nature"] == "Facture" and row["Retenue de garantie"] == "non"]
    terms = [
        (_euros(row["Montant TTC EUR"]), (_day(row["Échéance"]) - _day(row["Date facture"])).days) for row in invoiced
    ]
    assert row["agreed_terms"] == pytest.approx(float(sum(a * d for a, d in terms) / sum(a for a, _ in terms)))
    assert row["day_value"] == pytest.approx(float(sales / 365))


def test_sample_segments_are_parts_of_the_whole(sample):
    whole = cm.dso_parts(sample, "2026-06-30").iloc[0]
    for by in ("segment", "collector", "salesperson", "country"):
        table = cm.dso_parts(sample, "2026-06-30", by=by)
        assert round(table["receivables"].sum(), 2) == whole["receivables"] == 1464352.61
        for name in ["dso", "disputed_dso", *PARTS]:
            assert (table[name] * table["sales"]).sum() / table["sales"].sum() == pytest.approx(whole[name])
    customers = cm.dso_parts(sample, "2026-06-30", by="customer_id")
    assert round(customers["receivables"].sum(), 2) == 1464352.61
    assert round(customers["sales"].sum(), 2) == whole["sales"]


def test_sample_sales_weighted_from_the_files(sample, root):
    """By month of invoice, with the csv module and decimals."""
    at = datetime(2026, 6, 30)
    paid = {}
    for row in _rows(root, "reglements.csv"):
        if row["Pièce"]:
            paid[row["Pièce"]] = paid.get(row["Pièce"], 0) + _euros(row["Montant EUR"])
    rows = sorted(_rows(root, "factures.csv"), key=lambda row: _day(row["Date facture"]))
    total = Decimal(0)
    for (year, month), items in groupby(
        rows, key=lambda row: (_day(row["Date facture"]).year, _day(row["Date facture"]).month)
    ):
        of_month = list(items)
        owed = sum(_euros(row["Montant TTC EUR"]) - paid.get(row["Pièce"], 0) for row in of_month)
        sales = sum(_euros(row["Montant TTC EUR"]) for row in of_month if row["Nature"] in ("Facture", "Avoir"))
        total += owed / sales * pd.Period(year=year, month=month, freq="M").days_in_month
    result = cm.sales_weighted_dso(sample, at)
    assert result.days == pytest.approx(float(total))
    assert result.table["balance"].sum() == pytest.approx(result.receivables, abs=0.005)
