"""Payment delays, effectiveness, recovery, late invoices: published cases, hand calculations, properties."""

import csv
from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import B2B, ENGINES, make_ledger, to_pandas

import cmtools as cm
from cmtools.collection import (
    cei,
    collection_effectiveness,
    late_invoices,
    late_payment_rate,
    payment_delays,
    payments_by_month,
    receivables_turnover,
    recovery_rate,
)
from cmtools.schemas import InputError

EXAMPLES = yaml.safe_load((Path(__file__).parent / "examples" / "receivables.yaml").read_text(encoding="utf-8"))
NAN = pytest.approx(float("nan"), nan_ok=True)


def row_of(table):
    """The only row, as a dict."""
    assert len(table) == 1
    return table.iloc[0].to_dict()


def invoice(item, issued, due, amount, **more):
    return {"item_id": item, "document": item, "issue_date": issued, "due_date": due, "amount": amount} | more


def paid(item, day, amount, **more):
    return {"item_id": item, "payment_date": day, "amount": amount} | more


# ---- published cases


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", EXAMPLES["weighted_days"], ids=lambda case: case["id"])
def test_weighted_days_published(case, engine):
    due = date(2026, 1, 1)
    rows = [invoice(f"F{n}", due, due, amount) for n, (amount, _) in enumerate(case["invoices"])]
    receipts = [paid(f"F{n}", due + timedelta(days=days), amount) for n, (amount, days) in enumerate(case["invoices"])]
    result = row_of(payment_delays(make_ledger(rows, receipts, engine), "2026-03-31"))
    assert result["delay_paid"] == pytest.approx(case["weighted"], abs=case["tolerance"])
    assert result["delay_paid"] == pytest.approx(case["printed"], abs=case["tolerance"])
    assert (result["days_to_pay"], result["agreed_terms"]) == (result["delay_paid"], 0)
    days = [days for _, days in case["invoices"]]
    assert sum(days) / len(days) == case["simple"] != pytest.approx(result["delay_paid"], abs=0.5)


@pytest.mark.parametrize("case", EXAMPLES["cei"], ids=lambda case: case["id"])
def test_cei_published(case):
    result = cei(case["begin"], case["sales"], case["end"], case["end_not_due"])
    assert result == pytest.approx(case["expected"], abs=case["tolerance"])
    assert result != pytest.approx(case["printed"], abs=0.04)  # none of the printed figures follows
    if case["status"] == "definition_variant":  # sales of the quarter divided by its months, balances not
        variant = cei(case["begin"], case["sales"] / case["months"], case["end"], case["end_not_due"])
        assert variant == pytest.approx(case["with_sales_over_months"], abs=case["tolerance"])
        assert variant == pytest.approx(case["printed"], abs=case["tolerance"])


def test_cei_edges():
    assert cei(100, 50, 30, 30) == 1  # all that fell due was collected
    assert cei(100, 50, 150, 30) == 0
    assert cei(100, 50, 20, 30, written_off=10) == 1  # a loss is no cash: 20 + 10 left of what could be collected
    assert cei(0, 100, 100, 100) is None
    assert cei(0, 100, 100, 130) is None


@pytest.mark.parametrize("case", EXAMPLES["turnover"], ids=lambda case: case["id"])
def test_turnover_published(case):
    if "begin" in case:
        assert (case["begin"] + case["end"]) / 2 == case["average"]
    turns = receivables_turnover(case["credit_sales"], case["average"])
    assert turns == pytest.approx(case["expected"], abs=case["tolerance"])
    assert 365 / turns == pytest.approx(case["days"], abs=case["tolerance"])
    assert turns > 1  # not the inverse
    if "printed" in case:
        assert turns == pytest.approx(case["printed"], abs=case["tolerance"])


def test_turnover_is_undefined_where_nothing_was_owed():
    assert receivables_turnover(1000, 0) is None
    assert receivables_turnover(1000, -5) is None
    assert receivables_turnover(0, 50) == 0


# ---- delays by hand

# One of each: F1 paid in two parts, F2 received but not allocated, F3 part credited, F4 a bill, F5 a set-off, F6 lost
FEBRUARY = [
    invoice("F1", "2026-01-10", "2026-02-09", 1000),
    invoice("F2", "2026-01-15", "2026-02-14", 500),
    invoice("F3", "2026-01-01", "2026-01-31", 300),
    invoice("F4", "2026-01-21", "2026-02-20", 250),
    invoice("F5", "2026-01-11", "2026-02-10", 80),
    invoice("F6", "2025-09-01", "2025-10-01", 90),
    invoice("F7", "2026-02-01", "2026-02-28", 70),  # due on the day: not late
    invoice("F8", "2026-02-01", None, 60),  # no due date, paid
    invoice("A3", "2026-02-01", "2026-02-01", -100, kind="credit_note"),
]
SETTLED = [
    paid("F1", "2026-02-04", 400),
    paid("F1", "2026-02-19", 600),
    paid("F2", "2026-02-14", 500, allocation_date="2026-03-05"),
    paid("F3", "2026-02-01", 100, kind="credit_note", document="A3"),
    paid("A3", "2026-02-01", -100, kind="credit_note", document="A3"),
    paid("F3", "2026-02-25", 200),
    paid("F4", "2026-02-10", 250, kind="bill"),
    paid("F5", "2026-02-12", 80, kind="set_off"),
    paid("F6", "2026-02-15", 90, kind="write_off"),
    paid("F8", "2026-02-16", 60),
    paid(None, "2026-02-17", 33),
]


@pytest.mark.parametrize("engine", ENGINES)
def test_delays_by_hand(engine):
    ledger = make_ledger(FEBRUARY, SETTLED, engine)
    result = row_of(payment_delays(ledger, "2026-02-28", months=1))
    # F1: 400 five days early, 600 ten days late; F3: 200 twenty-five days late
    assert (result["n_paid"], result["amount_paid"], result["few"]) == (2, 1200, True)
    assert result["delay_paid"] == pytest.approx((400 * -5 + 600 * 10 + 200 * 25) / 1200)
    # from the issue date: 25, 40 and 55 days; agreed: 30 days for both
    assert result["days_to_pay"] == pytest.approx((400 * 25 + 600 * 40 + 200 * 55) / 1200)
    assert result["agreed_terms"] == 30
    assert result["days_to_pay"] == pytest.approx(result["agreed_terms"] + result["delay_paid"])
    # open and past due: F2 alone, its receipt being allocated in March; 14 days
    assert (result["n_open"], result["amount_open"]) == (1, 500)
    assert result["delay_with_open"] == pytest.approx((9000 + 500 * 14) / 1700)
    floored = row_of(payment_delays(ledger, "2026-02-28", months=1, floor=True))
    assert floored["delay_paid"] == pytest.approx((0 + 600 * 10 + 200 * 25) / 1200)
    assert (floored["days_to_pay"], floored["agreed_terms"]) == (37.5, 30)
    # bills and set-offs if asked: 250 ten days early, 80 two days late
    more = row_of(payment_delays(ledger, "2026-02-28", months=1, kinds=("cash", "bill", "set_off")))
    assert (more["n_paid"], more["amount_paid"]) == (4, 1530)
    assert more["delay_paid"] == pytest.approx((9000 - 2500 + 160) / 1530)
    # in March the receipt of 14 February is known on F2, in the window of February to March
    known = row_of(payment_delays(ledger, "2026-03-05", months=2))
    assert (known["n_paid"], known["amount_paid"]) == (3, 1700)
    assert known["delay_paid"] == pytest.approx((9000 + 500 * 0) / 1700)


@pytest.mark.parametrize("engine", ENGINES)
def test_late_payment_rate_by_hand(engine):
    rows = [*FEBRUARY, invoice("F9", "2026-01-01", "2026-02-10", 400)]
    result = row_of(
        late_payment_rate(make_ledger(rows, [*SETTLED, paid("F9", "2026-02-10", 400)], engine), "2026-02-28", 1)
    )
    # F1 is late by its second part, F3 is late, F9 paid on the day is not
    assert (result["n_paid"], result["n_late"]) == (3, 2)
    assert result["late_rate_by_number"] == pytest.approx(2 / 3)
    assert (result["amount_paid"], result["amount_late"], result["late_payment_rate"]) == (1600, 800, 0.5)


@pytest.mark.parametrize("engine", ENGINES)
def test_payments_by_month_by_hand(engine):
    rows = [*FEBRUARY, invoice("F0", "2025-12-01", "2025-12-31", 50)]
    ledger = make_ledger(rows, [*SETTLED, paid("F0", "2025-12-31", 20), paid("F0", "2026-02-10", 30)], engine)
    table = payments_by_month(ledger, "2026-02-20", months=12)
    # the history begins in September with F6; F0: 20 on the day, then 30 after 41 days with F1's two parts
    assert [f"{day:%d/%m}" for day in table["date"]] == ["30/09", "31/10", "30/11", "31/12", "31/01", "20/02"]
    assert table["n_paid"].tolist() == [0, 0, 0, 1, 0, 2]
    assert table["amount_paid"].tolist() == [0, 0, 0, 20, 0, 1030]
    assert table["delay_paid"].tolist() == [NAN, NAN, NAN, 0, NAN, pytest.approx((-2000 + 6000 + 30 * 41) / 1030)]
    assert table["late_payment_rate"].tolist() == [NAN, NAN, NAN, 0, NAN, pytest.approx(630 / 1030)]


@pytest.mark.parametrize(("as_of", "amount"), [("2026-02-15", 2 + 4), ("2026-01-31", 2), ("2026-02-28", 2 + 4 + 8)])
def test_the_window_starts_after_a_month_end(as_of, amount):
    # two months to 15 February are January and February to date: after 31 December
    days = {"2025-12-31": 1, "2026-01-01": 2, "2026-02-15": 4, "2026-02-16": 8}
    rows = [invoice(f"F{day}", "2025-11-01", "2025-12-01", amount) for day, amount in days.items()]
    ledger = make_ledger(rows, [paid(f"F{day}", day, amount) for day, amount in days.items()])
    before = 1 if as_of == "2026-01-31" else 0  # two months to 31 January begin after 30 November
    assert row_of(payment_delays(ledger, as_of, months=2))["amount_paid"] == amount + before
    assert payments_by_month(ledger, as_of, months=2)["amount_paid"].sum() == amount + before


def test_an_item_without_issue_date_is_left_out_of_the_terms_only():
    rows = [
        invoice("F1", "2026-01-01", "2026-01-31", 100),
        invoice("O1", None, "2026-01-31", 300, kind="opening", booking_date="2026-01-01"),
    ]
    receipts = [paid("F1", "2026-02-10", 100), paid("O1", "2026-02-20", 300)]
    result = row_of(payment_delays(make_ledger(rows, receipts), "2026-02-28"))
    assert result["delay_paid"] == (100 * 10 + 300 * 20) / 400
    assert (result["days_to_pay"], result["agreed_terms"]) == (40, 30)  # F1 alone


def test_receipts_taken_back():
    rows = [invoice(f"F{n}", "2026-01-01", "2026-01-31", 100) for n in (1, 2)]
    receipts = [
        paid("F1", "2026-01-30", 100),  # a receipt by mistake, taken back
        paid("F1", "2026-02-02", -100),
        paid("F2", "2026-01-31", 100),  # rejected after ten days, paid after forty
        paid("F2", "2026-02-10", -100),
        paid("F2", "2026-03-12", 100),
    ]
    ledger = make_ledger(rows, receipts)
    result = row_of(payment_delays(ledger, "2026-03-31"))
    assert (result["n_paid"], result["amount_paid"]) == (1, 100)
    assert result["delay_paid"] == (100 * 0 - 100 * 10 + 100 * 40) / 100
    assert (result["n_open"], result["amount_open"]) == (1, 100)
    late = row_of(late_payment_rate(ledger, "2026-03-31"))
    assert (late["n_paid"], late["n_late"], late["amount_paid"], late["amount_late"]) == (1, 1, 100, 100)


def test_returned_payment_and_doubtful_item_count_from_their_own_due_date():
    rows = [
        invoice("F1", "2026-01-01", "2026-01-31", 100),
        invoice("R1", "2026-02-10", "2026-02-10", 100, kind="returned_payment"),
        invoice("F2", "2026-01-01", "2026-01-31", 100),
        invoice("D2", "2026-01-01", "2026-01-31", 100, kind="doubtful", booking_date="2026-03-01"),
    ]
    receipts = [
        paid("F1", "2026-01-31", 100),
        paid("R1", "2026-02-15", 100),
        paid("F2", "2026-03-01", 100, kind="to_doubtful"),
        paid("D2", "2026-03-12", 50),
    ]
    result = row_of(payment_delays(make_ledger(rows, receipts), "2026-03-31"))
    assert (result["n_paid"], result["amount_paid"]) == (3, 250)
    assert result["delay_paid"] == (100 * 0 + 100 * 5 + 50 * 40) / 250
    assert (result["n_open"], result["amount_open"]) == (1, 50)  # D2, 59 days
    assert result["delay_with_open"] == pytest.approx((2500 + 50 * 59) / 300)


def test_nothing_paid_is_not_a_delay_of_zero():
    ledger = make_ledger([invoice("F1", "2026-01-01", "2026-01-31", 100)])
    result = row_of(payment_delays(ledger, "2026-02-10"))
    assert (result["n_paid"], result["amount_paid"], result["few"]) == (0, 0, True)
    assert [result[name] for name in ("delay_paid", "days_to_pay", "agreed_terms")] == [NAN] * 3
    assert (result["n_open"], result["delay_with_open"]) == (1, 10)
    late = row_of(late_payment_rate(ledger, "2026-02-10"))
    assert (late["late_payment_rate"], late["late_rate_by_number"]) == (NAN, NAN)
    nobody = make_ledger([])
    assert row_of(payment_delays(nobody, "2026-02-10"))["delay_with_open"] == NAN
    assert len(payment_delays(nobody, "2026-02-10", by="customer_id")) == 0
    assert len(payments_by_month(nobody, "2026-02-10")) == 0


def test_few_is_below_five_items():
    rows = [invoice(f"F{n}", "2026-01-01", "2026-01-31", 10) for n in range(5)]
    receipts = [paid(f"F{n}", "2026-02-01", 10) for n in range(5)]
    assert not row_of(payment_delays(make_ledger(rows, receipts), "2026-02-28"))["few"]
    assert row_of(payment_delays(make_ledger(rows, receipts[:4]), "2026-02-28"))["few"]


def test_cuts_keep_payers_and_debtors_apart():
    rows = [
        invoice("F1", "2026-01-01", "2026-01-31", 100, customer_id="C1"),
        invoice("F2", "2026-01-01", "2026-01-31", 200, customer_id="C2"),
        invoice("F3", "2026-01-01", "2026-01-31", 300, customer_id="C3"),
    ]
    receipts = [
        paid("F1", "2026-02-05", 100, customer_id="C9"),  # a third party pays for C1
        paid("F2", "2026-02-10", 200, customer_id="C2"),
    ]
    ledger = make_ledger(rows, receipts)
    ledger.customers["segment"] = ["a", "a", None, "b"]  # C1, C2, C3, C9
    table = payment_delays(ledger, "2026-02-28", by="segment")
    assert table["segment"].tolist()[:1] == ["a"]
    assert table["segment"].isna().tolist() == [False, True]
    assert table[["n_paid", "n_open"]].to_numpy().tolist() == [[2, 0], [0, 1]]
    assert table["delay_paid"].tolist() == [pytest.approx((500 + 2000) / 300), NAN]
    assert table["delay_with_open"].tolist() == [pytest.approx(2500 / 300), 28]
    by_customer = payment_delays(ledger, "2026-02-28", by="customer_id")
    assert by_customer["customer_id"].tolist() == ["C1", "C2", "C3"]


# ---- effectiveness by hand

CEI_ROWS = [
    invoice("F1", "2026-01-05", "2026-02-15", 1000),
    invoice("F2", "2026-01-05", "2026-01-25", 600),
    invoice("F3", "2026-02-05", "2026-03-31", 500),
    invoice("A2", "2026-02-10", "2026-02-10", -100, kind="credit_note"),
    invoice("R2", "2026-02-18", "2026-02-18", 200, kind="returned_payment"),
    invoice("D2", "2026-01-05", "2026-01-25", 250, kind="doubtful", booking_date="2026-02-25"),
]
CEI_SETTLED = [
    paid("F2", "2026-01-20", 200),  # comes back in February
    paid("F2", "2026-02-10", 100, kind="credit_note", document="A2"),
    paid("A2", "2026-02-10", -100, kind="credit_note", document="A2"),
    paid("F1", "2026-02-15", 1000),
    paid("F2", "2026-02-20", 50, kind="write_off"),
    paid("F2", "2026-02-25", 250, kind="to_doubtful"),
]


@pytest.mark.parametrize("engine", ENGINES)
def test_collection_effectiveness_by_hand(engine):
    table = collection_effectiveness(make_ledger(CEI_ROWS, CEI_SETTLED, engine), "2026-02-28")
    assert [f"{day:%d/%m}" for day in table["date"]] == ["31/01", "28/02"]
    january, february = table.to_dict("records")
    # January: sold 1600, cash 200, 1400 left of which 1000 is not due
    names = ("receivables_begin", "sales", "receivables_end", "not_due_end", "write_offs")
    assert [january[name] for name in names] == [0, 1600, 1400, 1000, 0]
    assert january["collection_effectiveness"] == pytest.approx(200 / 600)
    # February: sold 500 - 100, left F3 500 + R2 200 + D2 250; cash 1000 - 200 returned = 1400 + 400 - 950 - 50
    assert [february[name] for name in names] == [1400, 400, 950, 500, 50]
    assert february["collection_effectiveness"] == pytest.approx((1000 - 200) / (1400 + 400 - 500))
    assert table["reason"].isna().all()


def test_opening_items_were_owed_before():
    rows = [invoice("O1", None, "2026-01-10", 300, kind="opening", booking_date="2026-01-01")]
    rows.append(invoice("O2", None, None, -40, kind="opening", booking_date="2026-01-01"))
    result = row_of(collection_effectiveness(make_ledger(rows, [paid("O1", "2026-01-12", 130)]), "2026-01-31"))
    assert (result["receivables_begin"], result["sales"], result["receivables_end"]) == (260, 0, 130)
    assert result["collection_effectiveness"] == pytest.approx(130 / 260)


def test_effectiveness_where_nothing_could_be_collected():
    ledger = make_ledger([invoice("F1", "2026-01-05", "2026-03-31", 1000)])
    result = row_of(collection_effectiveness(ledger, "2026-01-20"))
    assert (result["collection_effectiveness"], result["reason"]) == (NAN, "nothing_due")
    assert (result["date"], result["not_due_end"]) == (pd.Timestamp("2026-01-20"), 1000)


# ---- recovery by hand

JANUARY = [
    invoice("F1", "2025-12-10", "2026-01-10", 1000),
    invoice("F2", "2025-12-31", "2026-01-31", 500),
    invoice("F3", "2025-12-20", "2026-01-20", 200),
    invoice("F4", "2025-12-05", "2026-01-05", 300),
    invoice("F5", "2025-12-15", "2026-01-15", 150),
    invoice("A2", "2026-01-05", "2026-01-05", -100, kind="credit_note"),
    invoice("N1", "2025-12-05", None, 999),
]
RECOVERED = [
    paid("F1", "2026-02-09", 600),  # 30 days
    paid("F1", "2026-02-10", 400),  # 31 days
    paid("F2", "2026-01-05", 100, kind="credit_note", document="A2", allocation_date="2026-02-15"),
    paid("A2", "2026-01-05", -100, kind="credit_note", document="A2", allocation_date="2026-02-15"),
    paid("F2", "2026-03-02", 400, allocation_date="2026-03-05"),  # received after 30 days, allocated after 33
    paid("F3", "2026-01-15", 200, kind="bill"),
    paid("F4", "2026-04-01", 300, kind="write_off"),
    paid("F5", "2026-02-20", 50, kind="set_off"),  # 36 days
    paid("N1", "2026-01-20", 999),
]


@pytest.mark.parametrize("engine", ENGINES)
def test_recovery_by_hand(engine):
    ledger = make_ledger(JANUARY, RECOVERED, engine)
    table = recovery_rate(ledger, "2026-05-01").set_index("month")
    assert [f"{day:%m/%Y}" for day in table.index] == ["12/2025", "01/2026", "02/2026", "03/2026", "04/2026", "05/2026"]
    january = table.loc["2026-01-01"]
    assert (january["n_due"], january["amount_due"]) == (5, 2150)
    # the bill is out of both; within 30 days so are 100 credited, within 90 also 50 set off; the loss stays due
    assert (january["due_30"], january["collected_30"]) == (1000 + 400 + 300 + 150, 600)
    assert (january["due_90"], january["collected_90"]) == (1000 + 400 + 300 + 100, 1000 + 400)
    assert january["recovery_30"] == pytest.approx(600 / 1850)
    assert january["recovery_90"] == pytest.approx(1400 / 1800)
    on_receipt = recovery_rate(ledger, "2026-05-01", basis="paid").set_index("month").loc["2026-01-01"]
    assert (on_receipt["due_30"], on_receipt["collected_30"]) == (1850, 600 + 400)
    empty = table.loc["2025-12-01"]
    assert (empty["n_due"], empty["due_30"], empty["collected_30"], empty["recovery_30"]) == (0, 0, 0, NAN)


@pytest.mark.parametrize(
    ("as_of", "shown"),
    [("2026-03-01", ()), ("2026-03-02", (30,)), ("2026-04-30", (30,)), ("2026-05-01", (30, 90))],
)
def test_a_month_too_young_has_no_rate(as_of, shown):
    # 31 January + 30 days is 2 March, + 90 days 1 May
    table = recovery_rate(make_ledger(JANUARY, RECOVERED), as_of).set_index("month")
    for h in (30, 90):
        known = table.loc["2026-01-01", [f"due_{h}", f"collected_{h}", f"recovery_{h}"]].notna()
        assert known.tolist() == [h in shown] * 3


def test_recovery_of_a_doubtful_claim_counts_it_once():
    claim = invoice("F1", "2025-12-10", "2026-01-10", 100)
    moved = claim | {"item_id": "D1", "kind": "doubtful"}
    early = make_ledger(
        [claim, moved | {"booking_date": "2026-02-01"}],
        [paid("F1", "2026-02-01", 100, kind="to_doubtful"), paid("D1", "2026-02-05", 40)],
    )
    late = make_ledger(
        [claim, moved | {"booking_date": "2026-02-20"}],
        [paid("F1", "2026-02-20", 100, kind="to_doubtful"), paid("D1", "2026-02-25", 40)],
    )
    for ledger, collected in ((early, 40), (late, 0)):
        result = recovery_rate(ledger, "2026-06-30").set_index("month").loc["2026-01-01"]
        assert (result["n_due"], result["amount_due"]) == (1, 100)
        assert (result["due_30"], result["collected_30"], result["due_90"], result["collected_90"]) == (
            100, collected, 100, 40,
        )  # fmt: skip


def test_recovery_is_not_capped_and_ignores_items_booked_too_late():
    rows = [
        invoice("F1", "2025-12-10", "2026-01-10", 100),
        invoice("L1", "2025-12-10", "2026-01-10", 70, booking_date="2026-02-20"),  # 41 days after
        invoice("L2", "2025-12-10", "2026-01-10", 30, booking_date="2026-05-20"),  # 130 days after
    ]
    ledger = make_ledger(rows, [paid("F1", "2026-01-10", 100), paid("F1", "2026-01-12", 100)])
    result = recovery_rate(ledger, "2026-06-30").set_index("month").loc["2026-01-01"]
    assert (result["n_due"], result["amount_due"], result["due_30"], result["due_90"]) == (2, 170, 100, 170)
    assert (result["recovery_30"], result["recovery_90"]) == (2, pytest.approx(200 / 170))


def test_other_horizons_name_their_columns():
    table = recovery_rate(make_ledger(JANUARY, RECOVERED), "2026-05-01", horizons=(31,))
    assert list(table.columns) == ["month", "currency", "n_due", "amount_due", "due_31", "collected_31", "recovery_31"]
    assert table.set_index("month").loc["2026-01-01", "collected_31"] == 1000


# ---- the yearly publication by hand


def late_rows():
    base = {"amount_excl_vat": None}
    return [
        invoice("F1", "2026-01-01", "2026-06-29", 120, amount_excl_vat=100),  # 1 day
        invoice("F2", "2026-01-01", "2026-05-31", 240, amount_excl_vat=200),  # 30 days, 60 paid
        invoice("F3/1", "2026-01-01", "2026-05-30", 10, amount_excl_vat=10, document="F3"),  # 31 days
        invoice("F3/2", "2026-01-01", "2026-04-01", 20, amount_excl_vat=20, document="F3"),  # 90 days
        invoice("F3/3", "2026-01-01", "2026-07-01", 40, amount_excl_vat=40, document="F3"),  # not due
        invoice("F4", "2026-01-01", "2026-03-31", 60, amount_excl_vat=50),  # 91 days
        invoice(
            "F5", "2026-01-01", "2026-05-01", 36, amount_excl_vat=30, dispute_from="2026-02-01"
        ),  # 60 days, disputed
        invoice("F6", "2026-01-01", "2026-06-30", 99, amount_excl_vat=82.5),  # due on the day
        invoice("N1", "2026-01-01", None, 7, amount_excl_vat=7),
        invoice("A1", "2026-02-01", "2026-02-01", -12, kind="credit_note", amount_excl_vat=-10),  # not allocated
        invoice("R1", "2026-04-15", "2026-04-15", 5, kind="returned_payment") | base,  # 76 days
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_late_invoices_by_hand(engine):
    ledger = make_ledger(late_rows(), [paid("F2", "2026-06-10", 60)], engine)
    table = late_invoices(ledger, "2026-06-30", months=6)
    assert table["band"].tolist() == ["d1_30", "d31_60", "d61_90", "over_90", "sum"]
    # F1 and F2; F3's first part; F3's second part and R1; F4: F3 is one invoice of the sum
    assert table["count"].tolist() == [2, 1, 2, 1, 5]
    assert table["amount"].tolist() == [120 + 180, 10, 20 + 5, 60, 395]
    assert table["count_disputed"].tolist() == [0, 1, 0, 0, 1]
    assert table["amount_disputed"].tolist() == [0, 36, 0, 0, 36]
    sales = 120 + 240 + 10 + 20 + 40 + 60 + 36 + 99 + 7 - 12
    assert table["share_of_sales"].tolist() == pytest.approx(
        [300 / sales, 10 / sales, 25 / sales, 60 / sales, 395 / sales]
    )
    assert table["reason"].isna().all()


@pytest.mark.parametrize("engine", ENGINES)
def test_late_invoices_excluding_vat(engine):
    ledger = make_ledger(late_rows(), [paid("F2", "2026-06-10", 60)], engine)
    table = late_invoices(ledger, "2026-06-30", months=6, vat="excl")
    sales = 100 + 200 + 10 + 20 + 40 + 50 + 30 + 82.5 + 7 - 10
    # what is left of F2: 180 x 200 / 240; R1 has no amount excluding VAT, so neither have its band and the sum
    assert table["amount"].tolist() == [100 + 150, 10, NAN, 50, NAN]
    assert table["share_of_sales"].tolist() == [
        pytest.approx(250 / sales),
        pytest.approx(10 / sales),
        NAN,
        pytest.approx(50 / sales),
        NAN,
    ]
    assert table["amount_disputed"].tolist() == [0, 30, 0, 0, 30]
    assert table["reason"].fillna("").tolist() == ["", "", "unknown_excl_vat", "", "unknown_excl_vat"]
    assert table["count"].tolist() == [2, 1, 2, 1, 5]


def test_late_invoices_say_what_they_do_not_know():
    rows, receipts = late_rows(), [paid("F2", "2026-06-10", 60)]
    silent = late_invoices(make_ledger(rows, receipts, silent=("disputed",)), "2026-06-30", months=6)
    assert silent["count"].tolist() == [2, 2, 2, 1, 6]
    assert silent["count_disputed"].isna().all()
    assert silent["amount_disputed"].isna().all()
    assert silent["reason"].isna().all()
    listed = late_invoices(make_ledger(rows, receipts, complete_sales=False), "2026-06-30", months=6)
    assert listed["amount"].tolist() == [300, 10, 25, 60, 395]
    assert listed["share_of_sales"].isna().all()
    assert set(listed["reason"]) == {"open_items_only"}
    short = late_invoices(make_ledger(rows, receipts), "2026-06-30", months=7)  # the history begins in January
    assert set(short["reason"]) == {"short_history"}
    assert short["share_of_sales"].isna().all()
    unsold = [row for row in rows if row["item_id"] == "R1"]
    assert set(late_invoices(make_ledger(unsold), "2026-06-30", months=1)["reason"]) == {"no_sales"}
    none = late_invoices(make_ledger([]), "2026-06-30")
    assert (none["count"].tolist(), none["amount"].tolist()) == ([0] * 5, [0] * 5)


def test_a_receipt_not_allocated_leaves_the_invoice_late_unless_asked():
    rows = [invoice("F1", "2026-01-01", "2026-05-31", 100)]
    ledger = make_ledger(rows, [paid("F1", "2026-06-20", 100, allocation_date="2026-07-02")])
    by_basis = [late_invoices(ledger, "2026-06-30", basis=basis)["count"].iloc[-1] for basis in ("allocated", "paid")]
    assert by_basis == [1, 0]


def test_one_number_used_by_two_customers_or_on_two_days_is_two_invoices():
    base = {"due_date": "2026-05-31", "amount": 10, "document": "0000000"}
    rows = [
        base | {"item_id": "a", "issue_date": "2026-01-01", "customer_id": "C1"},
        base | {"item_id": "b", "issue_date": "2026-01-01", "customer_id": "C2"},
        base | {"item_id": "c", "issue_date": "2026-01-02", "customer_id": "C2"},
        base | {"item_id": "d", "issue_date": "2026-01-02", "customer_id": "C2"},
        base | {"item_id": "e", "issue_date": "2026-01-02", "customer_id": "C2", "document": None},
    ]
    assert late_invoices(make_ledger(rows), "2026-06-30")["count"].iloc[-1] == 4


# ---- all functions: refusals, currencies, engines

FLOWS = {
    "payment_delays": payment_delays,
    "late_payment_rate": late_payment_rate,
    "payments_by_month": payments_by_month,
    "collection_effectiveness": collection_effectiveness,
    "recovery_rate": recovery_rate,
}
ALL = FLOWS | {"late_invoices": late_invoices}


@pytest.mark.parametrize("name", FLOWS)
def test_a_list_of_open_items_tells_nothing_of_flows(name):
    whole, listed = (make_ledger(FEBRUARY, SETTLED, complete_sales=known) for known in (True, False))
    table = FLOWS[name](listed, "2026-02-28")
    assert len(table) == 0
    assert list(table.columns) == list(FLOWS[name](whole, "2026-02-28").columns)


def test_a_cut_of_a_list_of_open_items_keeps_its_column():
    listed = make_ledger(FEBRUARY, SETTLED, complete_sales=False)
    for function in (payment_delays, late_payment_rate, recovery_rate):
        assert "segment" in function(listed, "2026-02-28", by="segment").columns


@pytest.mark.parametrize(
    "call",
    [
        lambda ledger: payment_delays(ledger, "2026-02-28", kinds=("cheque",)),
        lambda ledger: payment_delays(ledger, "2026-02-28", by="colour"),
        lambda ledger: payment_delays(ledger, "2026-02-28", months=0),
        lambda ledger: late_payment_rate(ledger, "31 juin"),
        lambda ledger: payments_by_month(ledger, "2026-02-28", currency="XXX"),
        lambda ledger: collection_effectiveness(ledger, "2026-02-28", months=-1),
        lambda ledger: recovery_rate(ledger, "2026-02-28", basis="both"),
        lambda ledger: late_invoices(ledger, "2026-02-28", vat="HT"),
        lambda ledger: late_invoices(ledger, "2026-02-28", bands=(60, 30)),
        lambda ledger: late_invoices(ledger, "2026-02-28", basis="both"),
    ],
)
def test_misuse_is_an_input_error(call):
    with pytest.raises(InputError):
        call(make_ledger(FEBRUARY, SETTLED))


@pytest.mark.parametrize("name", ALL)
def test_currencies_are_never_added(name):
    rows = [*FEBRUARY, invoice("U1", "2026-01-10", "2026-02-09", 100, currency="USD")]
    receipts = [*SETTLED, paid("U1", "2026-02-19", 100, currency="USD")]
    ledger = make_ledger(rows, receipts)
    with pytest.raises(InputError, match="EUR, USD"):
        ALL[name](ledger, "2026-02-28")
    pd.testing.assert_frame_equal(
        ALL[name](ledger, "2026-02-28", currency="EUR"), ALL[name](make_ledger(FEBRUARY, SETTLED), "2026-02-28")
    )
    if name == "payment_delays":
        dollars = row_of(payment_delays(ledger, "2026-02-28", currency="USD"))
        assert (dollars["currency"], dollars["amount_paid"], dollars["delay_paid"]) == ("USD", 100, 10)


def test_book_amounts_weigh_several_currencies():
    rows = [
        invoice("E1", "2026-01-10", "2026-02-09", 100),
        invoice("U1", "2026-01-10", "2026-02-09", 110, currency="USD", book_amount=100),
    ]
    receipts = [paid("E1", "2026-02-09", 100), paid("U1", "2026-02-19", 110, currency="USD", book_amount=100)]
    result = row_of(payment_delays(make_ledger(rows, receipts), "2026-02-28"))
    assert (result["currency"], result["amount_paid"], result["delay_paid"]) == ("EUR", 200, 5)
    receipts[1]["book_amount"] = None  # what the receipt is worth in the books is unknown: it is not nothing
    with pytest.raises(InputError, match="USD"):
        payment_delays(make_ledger(rows, receipts), "2026-02-28")


KINDS = ("cash", "cash", "cash", "credit_note", "bill", "write_off", "set_off", "to_doubtful", "other")
DAYS = st.dates(date(2025, 1, 1), date(2025, 12, 31))
CENTS = st.integers(1, 5_000_000)


@st.composite
def ledger_rows(draw):
    """Items of three customers of every kind, with settlements of every kind, allocated at once, later or never."""
    invoices, settlements = [], []
    for position in range(draw(st.integers(1, 10))):
        issued = draw(DAYS)
        kind = draw(st.sampled_from(("invoice",) * 4 + ("credit_note", "opening", "returned_payment", "doubtful")))
        invoices.append(
            {
                "item_id": f"I{position}",
                "document": f"D{position // 2}",
                "customer_id": f"C{position % 3}",
                "kind": kind,
                "issue_date": issued,
                "booking_date": issued + timedelta(days=draw(st.sampled_from([0, 0, 0, 3, 100]))),
                "due_date": draw(st.none() | st.just(issued + timedelta(days=draw(st.integers(0, 90))))),
                "dispute_from": draw(st.none() | st.just(issued)),
                "amount": (-1 if kind == "credit_note" else 1) * draw(CENTS) / 100,
                "amount_excl_vat": None,
            }
        )
    for position in range(draw(st.integers(0, 12))):
        item, allocated = draw(st.sampled_from(invoices)), draw(st.sampled_from([True, True, True, False]))
        day = max(item["booking_date"], draw(DAYS))
        settlements.append(
            {
                "settlement_id": f"S{position}",
                "item_id": item["item_id"] if allocated else None,
                "customer_id": item["customer_id"],
                "kind": draw(st.sampled_from(KINDS)),
                "amount": draw(st.sampled_from([1, 1, 1, -1])) * draw(CENTS) / 100,
                "payment_date": day,
                "allocation_date": day + timedelta(days=draw(st.integers(0, 40))) if allocated else None,
            }
        )
    return invoices, settlements


def tables_at(ledger, at):
    """Every table of this module."""
    tables = {name: function(ledger, at) for name, function in ALL.items()}
    tables["by customer"] = payment_delays(ledger, at, by="customer_id", months=6)
    tables["recovery by customer"] = recovery_rate(ledger, at, by="customer_id", months=18)
    tables["recovery when paid"] = recovery_rate(ledger, at, basis="paid", horizons=(0, 45))
    return tables


def test_engines_agree():
    rows, receipts = [], []
    for number, (items, settled) in enumerate(((FEBRUARY, SETTLED), (CEI_ROWS, CEI_SETTLED), (JANUARY, RECOVERED))):
        own = {"customer_id": f"C{number}"}
        rows += [row | own | {"item_id": f"{number}-{row['item_id']}"} for row in items]
        receipts += [row | own | {"item_id": row["item_id"] and f"{number}-{row['item_id']}"} for row in settled]
    ledgers = [make_ledger(rows, receipts, engine) for engine in ENGINES]
    for name, function in ALL.items():
        expected, *others = (function(ledger, "2026-05-01", months=4) for ledger in ledgers)
        for table in others:
            pd.testing.assert_frame_equal(table, expected, check_dtype=False, obj=name)


@settings(max_examples=5, deadline=None)
@given(rows=ledger_rows(), at=DAYS)
def test_later_events_do_not_change_the_picture(rows, at):
    invoices, settlements = rows
    known = []
    for row in settlements:
        if row["payment_date"] <= at:
            later = row["allocation_date"] is not None and row["allocation_date"] > at
            known.append(row | {"item_id": None, "allocation_date": None} if later else row)
    kept = [row for row in invoices if row["booking_date"] <= at]
    # customers are the same, whatever they bought since
    whole, then = make_ledger(invoices, settlements, "polars"), make_ledger(kept, known, "polars")
    then.customers = whole.customers
    expected = tables_at(then, at)
    for name, table in tables_at(whole, at).items():
        pd.testing.assert_frame_equal(table, expected[name], check_dtype=False, obj=name)


@settings(max_examples=15, deadline=None)
@given(rows=ledger_rows(), at=DAYS, days=st.integers(1, 400), by=st.sampled_from([None, "customer_id"]))
def test_a_recovery_rate_once_shown_never_changes(rows, at, days, by):
    ledger = make_ledger(*rows, "polars")
    keys = ["month", by] if by else ["month"]
    shown, later = (
        recovery_rate(ledger, day, months=40, by=by).set_index(keys) for day in (at, at + timedelta(days=days))
    )
    for horizon, columns in ((90, list(shown.columns)), (30, ["due_30", "collected_30", "recovery_30"])):
        mature = shown.loc[shown[f"due_{horizon}"].notna(), columns]
        if len(mature):
            pd.testing.assert_frame_equal(later.loc[mature.index, columns], mature)


@settings(max_examples=8, deadline=None)
@given(rows=ledger_rows(), at=DAYS)
def test_identities(rows, at):
    ledger = make_ledger(*rows, "polars")
    for result in payment_delays(ledger, at, by="customer_id").to_dict("records"):
        if result["n_paid"]:
            assert result["days_to_pay"] == pytest.approx(result["agreed_terms"] + result["delay_paid"])
    for result in late_payment_rate(ledger, at).to_dict("records"):
        assert 0 <= result["n_late"] <= result["n_paid"]
        assert 0 <= result["amount_late"] <= result["amount_paid"]
    invoices, settlements = rows
    for month in collection_effectiveness(ledger, at).to_dict("records"):
        end = month["date"].date()
        moved = [
            row for row in settlements if (row["payment_date"].year, row["payment_date"].month) == (end.year, end.month)
        ]
        settled = sum(
            row["amount"]
            for row in moved
            if row["kind"] in ("cash", "bill", "set_off", "other") and row["payment_date"] <= at
        )
        returned = sum(
            row["amount"]
            for row in invoices
            if row["kind"] == "returned_payment"
            and (row["booking_date"].year, row["booking_date"].month) == (end.year, end.month)
            and row["booking_date"] <= at
        )
        collected = month["receivables_begin"] + month["sales"] - month["receivables_end"] - month["write_offs"]
        assert collected == pytest.approx(settled - returned, abs=0.006)


@settings(max_examples=8, deadline=None)
@given(rows=ledger_rows(), at=DAYS)
def test_not_due_is_that_of_the_aged_balance(rows, at):
    ledger = make_ledger(*rows, "polars")
    table = collection_effectiveness(ledger, at, months=4)
    if len(table):
        owed = cm.outstanding_by_date(ledger, table["date"].tolist())
        assert table["not_due_end"].tolist() == pytest.approx(owed["not_due"].tolist(), abs=0.001)
        assert table["receivables_end"].tolist() == pytest.approx(owed["outstanding"].tolist(), abs=0.001)


@settings(max_examples=10, deadline=None)
@given(rows=ledger_rows(), at=DAYS)
def test_late_invoices_add_up_to_what_is_past_due(rows, at):
    ledger = make_ledger(*rows, "polars")
    table = late_invoices(ledger, at).set_index("band")
    bands = table.drop(index="sum")
    for name in ("amount", "amount_disputed"):
        assert bands[name].sum() == pytest.approx(table.loc["sum", name], abs=0.001)
    owed = cm.outstanding_by_date(ledger, [at], buckets=(30, 60, 90)).iloc[0]
    # a credit note settled beyond its amount owes something: it is no invoice
    negative = {row["item_id"] for row in rows[0] if row["amount"] < 0}
    items = to_pandas(cm.open_items(ledger, at))
    wrong = items[items["item_id"].isin(negative) & (items["open_amount"] > 0) & (items["days_late"] > 0)]
    whole = table.loc["sum", "amount"] + table.loc["sum", "amount_disputed"] + wrong["open_amount"].sum()
    assert whole == pytest.approx(owed["overdue"], abs=0.001)


# ---- the sample company, counted another way


@pytest.fixture(scope="module")
def sample(root):
    data = root / "data"
    return cm.read_ledger(data / "factures.csv", data / "reglements.csv", data / "clients.csv")


@pytest.fixture(scope="module")
def books(root):
    """The sample's files as the csv module reads them: items by number, settlements."""

    def rows(name):
        with open(root / "data" / name, encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file, delimiter=";"))

    return {row["Pièce"]: row for row in rows("factures.csv")}, rows("reglements.csv"), rows("clients.csv")


def euros(text):
    return Decimal(text.replace(",", "."))


def day(text):
    return datetime.strptime(text, "%d/%m/%Y") if text else None


END = datetime(2026, 6, 30)


def test_sample_delays_by_another_computation(sample, books):
    items, settlements, customers = books
    segments = {row["N° client"]: row["Segment"] for row in customers}
    weighted, amounts, late, to_pay = (defaultdict(Decimal) for _ in range(4))
    numbers = defaultdict(set)
    for row in settlements:
        item = items.get(row["Pièce"])
        if row["Nature"] != "Encaissement" or item is None or not item["Échéance"] or euros(item["Montant TTC"]) <= 0:
            continue
        received = day(row["Date règlement"])
        if not (datetime(2025, 6, 30) < received <= END and day(row["Date lettrage"]) <= END):
            continue
        amount, after = euros(row["Montant EUR"]), (received - day(item["Échéance"])).days
        for key in ("all", segments[item["N° client"]]):
            weighted[key] += amount * after
            amounts[key] += amount
            late[key] += amount if after > 0 else 0
            to_pay[key] += amount * (received - day(item["Date facture"])).days
            numbers[key].add(row["Pièce"])
    tables = {"all": row_of(payment_delays(sample, "2026-06-30"))}
    tables |= {row["segment"]: row for row in payment_delays(sample, "2026-06-30", by="segment").to_dict("records")}
    assert set(tables) == set(amounts)
    for key, result in tables.items():
        assert result["n_paid"] == len(numbers[key])
        assert result["amount_paid"] == float(amounts[key])
        assert result["delay_paid"] == pytest.approx(float(weighted[key] / amounts[key]), abs=1e-9)
        assert result["days_to_pay"] == pytest.approx(float(to_pay[key] / amounts[key]), abs=1e-9)
        assert result["days_to_pay"] == pytest.approx(result["agreed_terms"] + result["delay_paid"], abs=1e-9)
    for row in late_payment_rate(sample, "2026-06-30", by="segment").to_dict("records"):
        assert row["late_payment_rate"] == pytest.approx(float(late[row["segment"]] / amounts[row["segment"]]))
    assert payments_by_month(sample, "2026-06-30")["amount_paid"].sum() == pytest.approx(float(amounts["all"]))


@pytest.mark.parametrize("cohort", ["11/2025", "02/2026"])
def test_sample_recovery_by_another_computation(sample, books, cohort):
    items, settlements, _ = books
    own = {key: row for key, row in items.items() if row["Échéance"].endswith(cohort) and euros(row["Montant TTC"]) > 0}
    table = recovery_rate(sample, "2026-06-30").set_index("month")
    result = table.loc[datetime.strptime(cohort, "%m/%Y")]
    for h in (30, 90):
        limits = {key: day(row["Échéance"]) + timedelta(days=h) for key, row in own.items()}
        due = sum(
            euros(row["Montant TTC EUR"]) for key, row in own.items() if day(row["Date comptable"]) <= limits[key]
        )
        collected = Decimal(0)
        for row in settlements:
            limit = limits.get(row["Pièce"])
            if limit is None or day(row["Date règlement"]) > limit or day(row["Date lettrage"]) > limit:
                continue
            if row["Nature"] == "Encaissement":
                collected += euros(row["Montant EUR"])
            elif row["Nature"] != "Perte":
                due -= euros(row["Montant EUR"])
        assert (result[f"due_{h}"], result[f"collected_{h}"]) == (float(due), float(collected))
        assert result[f"recovery_{h}"] == pytest.approx(float(collected / due))
        assert 0 < collected < due


def test_sample_recovery_by_segment_by_another_computation(sample, books):
    items, settlements, customers = books
    segments = {row["N° client"]: row["Segment"] for row in customers}
    own = {
        key: row for key, row in items.items() if row["Échéance"].endswith("02/2026") and euros(row["Montant TTC"]) > 0
    }
    collected = defaultdict(Decimal)
    for row in settlements:
        item = own.get(row["Pièce"])
        if item is None or row["Nature"] != "Encaissement":
            continue
        limit = day(item["Échéance"]) + timedelta(days=30)
        if max(day(row["Date règlement"]), day(row["Date lettrage"])) <= limit and day(item["Date comptable"]) <= limit:
            collected[segments[item["N° client"]]] += euros(row["Montant EUR"])
    prepared = cm.frames.in_polars(sample)
    for ledger in (sample, prepared, prepared):  # the second time from what is remembered
        table = recovery_rate(ledger, "2026-06-30", by="segment")
        mine = table[table["month"] == "2026-02-01"].set_index("segment")["collected_30"]
        assert {name: float(amount) for name, amount in collected.items()} == mine[mine > 0].to_dict()


def test_sample_effectiveness_by_another_computation(sample, books):
    items, settlements, _ = books
    collected = defaultdict(Decimal)
    for row in settlements:
        if row["Nature"] in ("Encaissement", "Effet", "Compensation"):
            collected[row["Date règlement"][3:]] += euros(row["Montant EUR"])
    for row in items.values():
        if row["Nature"] == "Impayé":
            collected[row["Date comptable"][3:]] -= euros(row["Montant TTC EUR"])
    table = collection_effectiveness(sample, "2026-06-30", months=40)
    assert len(table) == 36  # the history begins in July 2023
    for row in table.to_dict("records"):
        top = float(collected[f"{row['date']:%m/%Y}"])
        bottom = row["receivables_begin"] + row["sales"] - row["not_due_end"]
        assert row["collection_effectiveness"] == pytest.approx(top / bottom, abs=1e-9)
    assert table["receivables_begin"].tolist()[1:] == table["receivables_end"].tolist()[:-1]
    assert table["receivables_end"].iloc[-1] == 1464352.61
    assert table["write_offs"].sum() == pytest.approx(16780.75)
    owed = cm.outstanding_by_date(sample, table["date"].tolist()[-2:])
    assert table["not_due_end"].tolist()[-2:] == owed["not_due"].tolist()


def test_sample_ledger_and_fecs_tell_the_same(sample, root):
    """The accounts know neither due dates nor releases; receipts, losses and sales are the same."""
    current, previous = (cm.read_fec(next((root / "data").glob(f"*FEC{year}0630.txt"))) for year in (2026, 2025))
    fecs = current.ledger(previous=previous, terms=30)
    names = ["date", "receivables_begin", "sales", "receivables_end", "write_offs"]
    by_ledger, by_fecs = (collection_effectiveness(ledger, "2026-06-30", months=20)[names] for ledger in (sample, fecs))
    pd.testing.assert_frame_equal(by_fecs, by_ledger)
    plain = ~sample.invoices["retention"]  # without a release date nothing is said of it in the accounts
    kept = sample.settlements["item_id"].isin(sample.invoices.loc[plain, "item_id"])
    unretained = replace(sample, invoices=sample.invoices[plain], settlements=sample.settlements[kept])
    mine, theirs = (row_of(payment_delays(ledger, "2026-06-30")) for ledger in (unretained, fecs))
    for name in ("n_paid", "amount_paid", "days_to_pay"):
        assert theirs[name] == pytest.approx(mine[name], abs=1e-9)


def test_sample_late_invoices_by_another_computation(sample, books):
    items, settlements, _ = books
    settled = defaultdict(Decimal)
    for row in settlements:
        if row["Pièce"] and day(row["Date lettrage"]) <= END:
            settled[row["Pièce"]] += euros(row["Montant EUR"])
    invoices, amounts = defaultdict(set), defaultdict(Decimal)
    for key, row in items.items():
        left = euros(row["Montant TTC EUR"]) - settled[key]
        if left <= 0 or euros(row["Montant TTC"]) <= 0 or not row["Échéance"] or day(row["Échéance"]) >= END:
            continue
        after = (END - day(row["Échéance"])).days
        band = next(
            (name for name, bound in (("d1_30", 30), ("d31_60", 60), ("d61_90", 90)) if after <= bound), "over_90"
        )
        open_dispute = row["Litige du"] and (not row["Litige clos le"] or day(row["Litige clos le"]) > END)
        for name in (band, "sum"):
            invoices[name, bool(open_dispute)].add(row["Facture"])
            amounts[name, bool(open_dispute)] += left
    sales = sum(
        euros(row["Montant TTC EUR"])
        for row in items.values()
        if row["Nature"] in ("Facture", "Avoir") and datetime(2025, 6, 30) < day(row["Date facture"]) <= END
    )
    for row in late_invoices(sample, "2026-06-30").to_dict("records"):
        assert (row["count"], row["count_disputed"]) == tuple(
            len(invoices[row["band"], flag]) for flag in (False, True)
        )
        assert (row["amount"], row["amount_disputed"]) == tuple(
            float(amounts[row["band"], flag]) for flag in (False, True)
        )
        assert row["share_of_sales"] == pytest.approx(float(amounts[row["band"], False] / sales))


def test_sample_cuts_add_up_to_the_whole(sample):
    for by in ("segment", "group_id", "customer_id"):
        whole, parts = (payment_delays(sample, "2026-06-30", by=cut) for cut in (None, by))
        for name in ("n_paid", "amount_paid", "n_open", "amount_open"):
            assert parts[name].sum() == pytest.approx(whole[name].iloc[0])
        weighted = (parts["delay_paid"] * parts["amount_paid"]).sum() / parts["amount_paid"].sum()
        assert weighted == pytest.approx(whole["delay_paid"].iloc[0])
    whole, parts = (recovery_rate(sample, "2026-06-30", by=by) for by in (None, "segment"))
    names = ["n_due", "amount_due", "due_30", "collected_30", "due_90", "collected_90"]
    added = parts.groupby("month")[names].sum(min_count=1)
    pd.testing.assert_frame_equal(added, whole.set_index("month")[names], check_dtype=False)


# ---- real files


def test_real_days_late_of_its_own_publisher(real_data):
    """A public file that holds the days late of each invoice, floored at 0."""
    path = real_data / "ar" / "ibm_accounts_receivable.csv"
    ledger = cm.read_ledger(path)
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    weighted, amounts, late = (defaultdict(Decimal) for _ in range(3))
    for row in rows:
        amount, days = Decimal(row["InvoiceAmount"]), int(row["DaysLate"])
        for key in ("all", row["customerID"]):
            weighted[key] += amount * days
            amounts[key] += amount
            late[key] += days > 0
    result = row_of(payment_delays(ledger, "2014-12-31", months=48, floor=True))
    assert (result["n_paid"], result["amount_paid"]) == (2466, float(amounts["all"]))
    assert result["delay_paid"] == pytest.approx(float(weighted["all"] / amounts["all"]), abs=1e-9)
    assert result["agreed_terms"] == 30
    by_customer = payment_delays(ledger, "2014-12-31", months=48, by="customer_id", floor=True).set_index("customer_id")
    assert len(by_customer) == 100
    for customer, delay in by_customer["delay_paid"].items():
        assert delay == pytest.approx(float(weighted[customer] / amounts[customer]), abs=1e-9)
    rate = row_of(late_payment_rate(ledger, "2014-12-31", months=48))
    assert rate["n_late"] == late["all"]
    assert row_of(payment_delays(ledger, "2014-12-31", months=48))["delay_paid"] < result["delay_paid"]


def test_real_open_items_tell_no_flows(real_data):
    ledger = cm.read_ledger(real_data / "ar" / "b2b_open_invoices.csv.gz", columns=B2B)
    for function in FLOWS.values():
        assert len(function(ledger, "2020-05-31", currency="USD")) == 0
    table = late_invoices(ledger, "2020-05-31", currency="USD").set_index("band")
    owed = cm.outstanding_by_date(ledger, ["2020-05-31"], currency="USD").iloc[0]
    assert table.loc["sum", "amount"] == pytest.approx(owed["overdue"])
    assert set(table["reason"]) == {"open_items_only"}


@pytest.mark.parametrize(
    ("name", "as_of"), [("111111111FEC20220831.txt", "2022-08-31"), ("222222222FEC20230731.TXT", "2023-07-31")]
)
def test_real_fecs(real_data, name, as_of):
    ledger = cm.read_fec(real_data / "fec" / name).ledger()
    for table in payment_delays(ledger, as_of, by="customer_id").to_dict("records"):
        if table["n_paid"] and table["agreed_terms"] == table["agreed_terms"]:
            assert table["agreed_terms"] >= 0
    moves = ledger.settlements.assign(month=ledger.settlements["payment_date"].dt.strftime("%Y-%m"))
    settled = moves[moves["kind"].isin(["cash", "bill", "set_off", "other"])].groupby("month")["amount"].sum()
    returned = ledger.invoices[ledger.invoices["kind"] == "returned_payment"]
    returned = returned.groupby(returned["booking_date"].dt.strftime("%Y-%m"))["amount"].sum()
    for row in collection_effectiveness(ledger, as_of).to_dict("records"):
        collected = row["receivables_begin"] + row["sales"] - row["receivables_end"] - row["write_offs"]
        month = f"{row['date']:%Y-%m}"
        assert collected == pytest.approx(settled.get(month, 0) - returned.get(month, 0), abs=0.006)
    rates = recovery_rate(ledger, as_of)
    assert rates["recovery_90"].isna().tolist()[-3:] == [True] * 3
    assert late_invoices(ledger, as_of)["count_disputed"].isna().all()
