"""Open items, aged balance, overdue rate: published cases, hand calculations, properties."""

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import ENGINES, make_ledger, to_pandas
from strategies import CENTS, DAYS, receipts

import cmtools as cm
from cmtools import frames
from cmtools.receivables import bucket_names
from cmtools.schemas import InputError

EXAMPLES = yaml.safe_load((Path(__file__).parent / "examples" / "receivables.yaml").read_text(encoding="utf-8"))


def aged_of(items, as_of, **options):
    """The only row of an aged balance by currency, as a dict."""
    rows = to_pandas(cm.aged_balance(items, as_of, by=None, **options))
    assert len(rows) == 1
    return rows.iloc[0].to_dict()


# ---- published cases


@pytest.mark.parametrize("engine", ENGINES)
def test_retro_dated_picture_keeps_the_unallocated_receipt(engine):
    # A receipt of February on no invoice, five invoices of March, one of April; in May the March ones are paid.
    case = EXAMPLES["ageing"]["unallocated"]
    march = {"issue_date": "2019-03-15", "due_date": "2019-03-15", "amount": 10000}
    invoices = [march | {"item_id": f"M{n}"} for n in range(5)]
    invoices.append({"item_id": "A", "issue_date": "2019-04-10", "due_date": "2019-04-10", "amount": 100000})
    before = [{"amount": 1000, "payment_date": "2019-02-20"}]
    later = [{"amount": 9800, "payment_date": "2019-05-06", "item_id": f"M{n}"} for n in range(5)]
    expected = case["expected"]
    for settlements in (before, before + later):
        items = cm.open_items(make_ledger(invoices, settlements, engine), case["as_of"])
        aged = aged_of(items, case["as_of"], buckets=(30, 60, 90), clock="issue_date", in_credit="own_date")
        # 10 April is 20 days old, 15 March 46 days, 20 February 69 days
        assert (aged["d0_30"], aged["d31_60"], aged["d61_90"]) == (
            expected["one_month"],
            expected["two_months"],
            expected["three_months"],
        )
        assert aged["total"] == expected["total"]
        apart = aged_of(items, case["as_of"])
        assert (apart["unallocated"], apart["total"]) == (-1000, 149000)


@pytest.mark.parametrize("engine", ENGINES)
def test_paid_after_the_date_is_open_on_the_date(engine):
    case = EXAMPLES["ageing"]["paid_later"]
    ledger = make_ledger(
        [{"item_id": "A", "issue_date": case["issued"], "due_date": case["issued"], "amount": 100}],
        [{"item_id": "A", "amount": 100, "payment_date": case["paid"]}],
        engine,
    )
    assert to_pandas(cm.open_items(ledger, case["as_of"]))["open_amount"].tolist() == [100]
    assert len(to_pandas(cm.open_items(ledger, case["paid"]))) == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_instalments_are_items_of_their_own(engine):
    case = EXAMPLES["ageing"]["instalments"]
    rows = [
        {"item_id": f"A/{n}", "document": "A", "issue_date": "2018-10-27", "due_date": due, "amount": amount}
        for n, (due, amount) in enumerate(case["instalments"])
    ]
    aged = aged_of(cm.open_items(make_ledger(rows, engine=engine), case["as_of"]), case["as_of"])
    assert {name: aged[name] for name in case["expected"]} == case["expected"]


@pytest.mark.parametrize("engine", ENGINES)
def test_no_row_vanishes_as_in_the_naive_cut(engine):
    case = EXAMPLES["ageing"]["pd_cut"]
    at = datetime(2025, 6, 30)
    rows = [
        {"item_id": f"I{n}", "issue_date": "2025-01-01", "due_date": at - timedelta(days=late), "amount": amount}
        for n, (late, amount) in enumerate(case["items"])
    ]
    naive = pd.cut([late for late, _ in case["items"]], [0, 30, 60, 90, 120, 9999], right=True)
    assert sum(amount for (_, amount), kept in zip(case["items"], naive.codes >= 0) if kept) == case["naive_total"]
    aged = aged_of(cm.open_items(make_ledger(rows, engine=engine), at), at)
    assert {name: aged[name] for name in case["expected"]} == case["expected"]


# ---- hand calculations


@pytest.mark.parametrize("engine", ENGINES)
def test_both_sides_of_every_bound(engine):
    at = datetime(2026, 6, 30)
    lates = (-1, 0, 1, 30, 31, 60, 61, 90, 91, 120, 121, 4000)
    rows = [
        {"item_id": f"I{late}", "issue_date": "2015-01-01", "due_date": at - timedelta(days=late), "amount": 10.0 + n}
        for n, late in enumerate(lates)
    ]
    items = cm.open_items(make_ledger(rows, engine=engine), at)
    # amounts 10..21 in the order of `lates`: -1 and 0 not due (10+11), then two per bucket
    expected = dict(zip(bucket_names(), (21.0, 25.0, 29.0, 33.0, 37.0, 41.0, 0.0, 0.0)))
    aged = aged_of(items, at)
    assert {name: aged[name] for name in expected} == expected
    assert aged["total"] == sum(range(10, 22))
    by_item = to_pandas(items).set_index("item_id")["days_late"].to_dict()
    assert by_item == {f"I{late}": late for late in lates}


@pytest.mark.parametrize("engine", ENGINES)
def test_item_type_comes_back_as_it_went_in(engine):
    ledger = make_ledger(
        [{"item_id": "A", "issue_date": "2026-01-01", "due_date": "2026-02-01", "amount": 5}], engine=engine
    )
    items = cm.open_items(ledger, "2026-06-30")
    assert type(items) is type(ledger.invoices)
    assert type(cm.aged_balance(items, "2026-06-30")) is type(ledger.invoices)


@pytest.mark.parametrize("engine", ENGINES)
def test_linked_credit_note_reduces_its_invoice_and_a_stand_alone_one_is_unallocated(engine):
    invoices = [
        {"item_id": "F1", "issue_date": "2026-01-10", "due_date": "2026-02-09", "amount": 1000},
        {"item_id": "A1", "kind": "credit_note", "issue_date": "2026-02-01", "due_date": "2026-02-01", "amount": -200},
        {"item_id": "A2", "kind": "credit_note", "issue_date": "2026-02-01", "due_date": "2026-02-01", "amount": -50},
    ]
    pair = {"kind": "credit_note", "payment_date": "2026-02-01", "allocation_date": "2026-02-15", "document": "A1"}
    settlements = [pair | {"item_id": "F1", "amount": 200}, pair | {"item_id": "A1", "amount": -200}]
    ledger = make_ledger(invoices, settlements, engine)
    before, after = (to_pandas(cm.open_items(ledger, day)) for day in ("2026-02-10", "2026-02-15"))
    assert before.set_index("item_id")["open_amount"].to_dict() == {"F1": 1000, "A1": -200, "A2": -50}
    assert after.set_index("item_id")["open_amount"].to_dict() == {"F1": 800, "A2": -50}
    aged = aged_of(cm.open_items(ledger, "2026-02-15"), "2026-02-15")
    assert (aged["d1_30"], aged["unallocated"], aged["total"]) == (800, -50, 750)
    # the allocation of a credit note is not brought forward by the basis "paid"
    assert to_pandas(cm.open_items(ledger, "2026-02-10", basis="paid"))["open_amount"].sum() == 750


@pytest.mark.parametrize("engine", ENGINES)
def test_between_payment_and_allocation_a_receipt_is_unallocated(engine):
    ledger = make_ledger(
        [{"item_id": "F1", "issue_date": "2026-01-10", "due_date": "2026-02-09", "amount": 300}],
        [{"item_id": "F1", "amount": 120, "payment_date": "2026-02-20", "allocation_date": "2026-03-05"}],
        engine,
    )
    allocated, paid = (
        aged_of(cm.open_items(ledger, "2026-02-28", basis), "2026-02-28") for basis in ("allocated", "paid")
    )
    assert (allocated["d1_30"], allocated["unallocated"], allocated["total"]) == (300, -120, 180)
    assert (paid["d1_30"], paid["unallocated"], paid["total"]) == (180, 0, 180)


def test_a_receipt_that_settles_several_items_is_one_unallocated_receipt():
    ledger = make_ledger(
        [{"item_id": f"F{n}", "issue_date": "2026-01-10", "due_date": "2026-02-09", "amount": 100} for n in (1, 2)],
        [
            {
                "item_id": f"F{n}",
                "amount": 100,
                "payment_date": "2026-02-20",
                "allocation_date": "2026-03-05",
                "document": "VIR 1",
            }
            for n in (1, 2)
        ],
    )
    items = cm.open_items(ledger, "2026-02-28")
    assert items.loc[items["kind"] == "unallocated_receipt", "open_amount"].tolist() == [-200]


@pytest.mark.parametrize("engine", ENGINES)
def test_retention_is_not_late_before_its_release(engine):
    base = {"issue_date": "2025-01-10", "retention": True, "amount": 50}
    rows = [
        base | {"item_id": "R1", "due_date": "2026-03-01"},  # released: 30 days late on 31 March
        base | {"item_id": "R2", "due_date": "2026-12-01"},
        base | {"item_id": "R3", "due_date": None},  # works not accepted yet
        {"item_id": "X", "issue_date": "2025-01-10", "due_date": None, "amount": 7},
    ]
    aged = aged_of(cm.open_items(make_ledger(rows, engine=engine), "2026-03-31"), "2026-03-31")
    assert (aged["not_due"], aged["d1_30"], aged["unknown_age"], aged["retention"]) == (100, 50, 7, 150)


@pytest.mark.parametrize("engine", ENGINES)
def test_disputes_stay_in_their_bucket_and_are_subtotalled(engine):
    base = {"issue_date": "2026-01-10", "due_date": "2026-02-09", "amount": 100}
    rows = [
        base | {"item_id": "open", "dispute_from": "2026-02-20"},
        base | {"item_id": "closed", "dispute_from": "2026-02-20", "dispute_until": "2026-02-25"},
        base | {"item_id": "ends today", "dispute_from": "2026-02-20", "dispute_until": "2026-02-28"},
        base | {"item_id": "later", "dispute_from": "2026-03-02"},
    ]
    aged = aged_of(cm.open_items(make_ledger(rows, engine=engine), "2026-02-28"), "2026-02-28")
    assert (aged["d1_30"], aged["disputed"], aged["total"]) == (400, 100, 400)


@pytest.mark.parametrize("engine", ENGINES)
def test_currencies_are_never_added(engine):
    rows = [
        {"item_id": "E", "issue_date": "2026-01-10", "due_date": "2026-02-09", "amount": 100},
        {"item_id": "U", "issue_date": "2026-01-10", "due_date": "2026-02-09", "amount": 100, "currency": "USD"},
    ]
    ledger = make_ledger(rows, engine=engine)
    items = cm.open_items(ledger, "2026-02-28")
    aged = to_pandas(cm.aged_balance(items, "2026-02-28", by=None))
    assert aged[["currency", "total"]].to_numpy().tolist() == [["EUR", 100], ["USD", 100]]
    with pytest.raises(InputError, match="USD"):
        cm.in_book_currency(items, "EUR")


def test_book_amounts_make_one_total_of_two_currencies():
    rows = [
        {"item_id": "E", "issue_date": "2026-02-10", "due_date": "2026-03-09", "amount": 100},
        {
            "item_id": "U",
            "issue_date": "2026-02-10",
            "due_date": "2026-03-09",
            "amount": 110,
            "book_amount": 100.5,
            "currency": "USD",
        },
    ]
    ledger = make_ledger(rows)
    aged = aged_of(cm.in_book_currency(cm.open_items(ledger, "2026-02-28"), "EUR"), "2026-02-28")
    assert (aged["total"], aged["currency"]) == (200.5, "EUR")


@pytest.mark.parametrize("engine", ENGINES)
def test_an_item_paid_in_full_is_closed_though_its_value_in_the_books_is_unknown(engine):
    rows = [
        {"item_id": "A", "issue_date": "2026-05-01", "due_date": "2026-05-31", "amount": 100, "currency": "USD",
         "book_amount": 90},
    ]  # fmt: skip
    paid = [{"item_id": "A", "amount": 100, "payment_date": "2026-06-01", "currency": "USD"}]
    assert len(to_pandas(cm.open_items(make_ledger(rows, paid, engine), "2026-06-30"))) == 0


def test_overdue_rate_gross_and_net():
    ledger = make_ledger(
        [
            {"item_id": "late", "issue_date": "2026-01-10", "due_date": "2026-02-09", "amount": 300},
            {"item_id": "due today", "issue_date": "2026-01-10", "due_date": "2026-02-28", "amount": 700},
        ],
        [{"amount": 100, "payment_date": "2026-02-20"}],
    )
    items = cm.open_items(ledger, "2026-02-28")
    gross = cm.overdue_rate(items, "2026-02-28").loc["EUR"]
    net = cm.overdue_rate(items, "2026-02-28", variant="net").loc["EUR"]
    assert (gross["overdue"], gross["outstanding"], gross["rate"]) == (300, 1000, 0.3)
    assert (net["overdue"], net["outstanding"]) == (200, 900)
    assert net["rate"] == pytest.approx(2 / 9)


def test_nothing_outstanding_is_undefined_not_zero():
    ledger = make_ledger([], [{"amount": 100, "payment_date": "2026-02-20"}])
    rate = cm.overdue_rate(cm.open_items(ledger, "2026-02-28"), "2026-02-28").loc["EUR"]
    assert pd.isna(rate["rate"])
    assert rate["reason"] == "no_outstanding"


def test_month_ends_go_back_from_any_day():
    at = datetime(2026, 3, 31)
    dates = frames.month_ends(at, 14)
    assert [dates[back] for back in (0, 1, 13)] == [at, datetime(2026, 2, 28), datetime(2025, 2, 28)]


@pytest.mark.parametrize(
    "call",
    [
        lambda ledger: cm.open_items(ledger, "31 juin"),
        lambda ledger: cm.open_items(ledger, "2026-06-30", basis="both"),
        lambda ledger: cm.aged_balance(cm.open_items(ledger, "2026-06-30"), "2026-06-30", buckets=(60, 30)),
        lambda ledger: cm.aged_balance(cm.open_items(ledger, "2026-06-30"), "2026-06-30", buckets=()),
        lambda ledger: cm.aged_balance(pd.DataFrame({"echeance": []}), "2026-06-30"),
    ],
)
def test_misuse_is_an_input_error(call):
    ledger = make_ledger([{"item_id": "A", "issue_date": "2026-01-01", "due_date": "2026-02-01", "amount": 5}])
    with pytest.raises(InputError):
        call(ledger)


# ---- properties


@st.composite
def ledger_rows(draw):
    """Invoices of three customers, some in credit, with settlements allocated at once, later or never."""
    invoices = []
    for position in range(draw(st.integers(1, 12))):
        issued, sign = draw(DAYS), draw(st.sampled_from([1, 1, 1, -1]))
        invoices.append(
            {
                "item_id": f"I{position}",
                "customer_id": f"C{position % 3}",
                "kind": "invoice" if sign > 0 else "credit_note",
                "issue_date": issued,
                "due_date": draw(st.none() | st.just(issued + timedelta(days=draw(st.integers(0, 90))))),
                "retention": draw(st.booleans()),
                "amount": sign * draw(CENTS) / 100,
            }
        )
    return invoices, receipts(draw, invoices, "issue_date")


@settings(max_examples=60, deadline=None)
@given(
    rows=ledger_rows(),
    at=DAYS,
    clock=st.sampled_from(["due_date", "issue_date"]),
    in_credit=st.sampled_from(["column", "own_date"]),
    basis=st.sampled_from(["allocated", "paid"]),
)
def test_buckets_sum_to_open_items_and_to_the_accounts(rows, at, clock, in_credit, basis):
    invoices, settlements = rows
    items = to_pandas(cm.open_items(make_ledger(invoices, settlements, "polars"), at, basis))
    owed = sum(round(row["amount"] * 100) for row in invoices if row["issue_date"] <= at)
    received = sum(round(row["amount"] * 100) for row in settlements if row["payment_date"] <= at)
    assert round(items["open_amount"].sum() * 100) == owed - received
    aged = cm.aged_balance(items, at, clock=clock, in_credit=in_credit)
    names = bucket_names(clock=clock)
    assert (aged[names].sum(axis=1) - aged["total"]).abs().max() < 0.005 if len(aged) else owed == received
    assert round(aged["total"].sum() * 100) == owed - received


@settings(max_examples=40, deadline=None)
@given(rows=ledger_rows(), at=DAYS)
def test_later_events_do_not_change_the_picture(rows, at):
    invoices, settlements = rows
    whole = to_pandas(cm.open_items(make_ledger(invoices, settlements, "polars"), at))
    kept = [row for row in invoices if row["issue_date"] <= at]
    known = []
    for row in settlements:
        if row["payment_date"] <= at:
            later = row["allocation_date"] is not None and row["allocation_date"] > at
            known.append(row | {"item_id": None, "allocation_date": None} if later else row)
    then = to_pandas(cm.open_items(make_ledger(kept, known, "polars"), at))
    columns = ["customer_id", "kind", "due_date", "open_amount"]
    pd.testing.assert_frame_equal(
        whole[columns].sort_values(columns, ignore_index=True),
        then[columns].sort_values(columns, ignore_index=True),
        check_dtype=False,
    )


@settings(max_examples=40, deadline=None)
@given(rows=ledger_rows(), at=DAYS, amount=CENTS)
def test_a_settlement_never_increases_what_is_open(rows, at, amount):
    invoices, settlements = rows
    first = invoices[0]
    more = {
        "settlement_id": "new",
        "item_id": first["item_id"],
        "customer_id": first["customer_id"],
        "amount": amount / 100,
        "payment_date": first["issue_date"],
        "allocation_date": first["issue_date"],
    }
    before, after = (
        to_pandas(cm.open_items(make_ledger(invoices, rows, "polars"), at))["open_amount"].sum()
        for rows in (settlements, [*settlements, more])
    )
    assert round(after, 2) <= round(before, 2)


@settings(max_examples=15, deadline=None)
@given(rows=ledger_rows(), at=DAYS)
def test_engines_agree(rows, at):
    pictures = []
    for engine in ENGINES:
        ledger = make_ledger(*rows, engine)
        items = cm.open_items(ledger, at)
        aged = to_pandas(cm.aged_balance(items, at)).sort_values(["currency", "customer_id"], ignore_index=True)
        pictures.append(aged)
    for aged in pictures[1:]:
        pd.testing.assert_frame_equal(aged, pictures[0], check_dtype=False)


# ---- lazy frames


def test_lazy_polars_frames_work_too():
    ledger = make_ledger(
        [{"item_id": "A", "issue_date": "2026-01-01", "due_date": "2026-02-01", "amount": 5}], engine="polars"
    )
    ledger.invoices, ledger.settlements = ledger.invoices.lazy(), ledger.settlements.lazy()
    items = cm.open_items(ledger, "2026-06-30")
    assert isinstance(items, pl.LazyFrame)
    assert items.collect()["open_amount"].to_list() == [5]


# ---- reconciliation


def test_reconciliation_by_hand():
    # 1 000 owed by C1, of which 300 in 416; C2 is 50 in credit; 413 holds 70, 418 holds 20, 491 a credit of 100.
    ledger = make_ledger(
        [
            {"item_id": "A", "issue_date": "2026-01-01", "due_date": "2026-02-01", "amount": 700},
            {"item_id": "B", "issue_date": "2026-01-01", "due_date": "2026-02-01", "amount": 300, "kind": "doubtful"},
        ],
        [{"amount": 50, "payment_date": "2026-01-20", "customer_id": "C2"}],
    )
    moves = [
        ("411000", "C1", 700),
        ("416000", "C1", 300),
        ("411000", "C2", -50),
        ("413000", "C1", 70),
        ("418100", "C1", 20),
    ]
    moves += [("491000", None, -100)]
    ledger.accounts = pd.DataFrame(moves, columns=["account", "customer_id", "amount"])
    ledger.accounts["booking_date"] = pd.Timestamp("2026-01-20")
    later = pd.DataFrame([("411000", "C1", 999.0, pd.Timestamp("2026-03-01"))])
    later.columns = ["account", "customer_id", "amount", "booking_date"]
    ledger.accounts = pd.concat([ledger.accounts, later])
    lines = cm.reconciliation(ledger, "2026-02-28").set_index("line")["balance"].to_dict()
    assert lines == {
        "open_items": 950,
        "account_411": 650,
        "account_416": 300,
        "gap_items_accounts": 0,
        "account_413": 70,
        "account_418": 20,
        "customers_in_credit": 50,
        "customers_gross": 950 + 70 + 20 + 50,
        "account_491": -100,
        "customers_net": 990,
    }
    ledger.accounts["amount"] = ledger.accounts["amount"].where(ledger.accounts["account"] != "416000", 299.0)
    assert cm.reconciliation(ledger, "2026-02-28").set_index("line").loc["gap_items_accounts", "balance"] == 1


def test_reconciliation_without_accounts_keeps_currencies_apart():
    rows = [
        {"item_id": "E", "issue_date": "2026-01-10", "due_date": "2026-02-09", "amount": 100},
        {"item_id": "U", "issue_date": "2026-01-10", "due_date": "2026-02-09", "amount": 70, "currency": "USD"},
    ]
    table = cm.reconciliation(
        make_ledger(rows, [{"amount": 5, "payment_date": "2026-01-11", "customer_id": "C9"}]), "2026-02-28"
    )
    assert table.to_numpy().tolist() == [
        ["open_items", "EUR", 95],
        ["customers_in_credit", "EUR", 5],
        ["open_items", "USD", 70],
        ["customers_in_credit", "USD", 0],
    ]


# ---- the sample company: the ledger and the FECs tell the same story


@pytest.fixture(scope="module")
def sample(root):
    data = root / "data"
    ledger = cm.read_ledger(data / "factures.csv", data / "reglements.csv", data / "clients.csv")
    current, previous = (cm.read_fec(next(data.glob(f"*FEC{year}0630.txt"))) for year in (2026, 2025))
    return ledger, current.ledger(previous=previous, terms=30)


@pytest.mark.parametrize("day", ["2025-06-30", "2025-09-30", "2025-12-31", "2026-02-28", "2026-06-30"])
def test_sample_ledger_and_fecs_agree_customer_by_customer(sample, day):
    by_customer = []
    for ledger in sample:
        items = cm.in_book_currency(cm.open_items(ledger, day), "EUR")
        sums = items.groupby("customer_id")["open_amount"].sum().round(2)
        by_customer.append(sums[sums != 0])
    pd.testing.assert_series_equal(*by_customer, check_dtype=False)
    lines = cm.reconciliation(sample[1], day).set_index("line")["balance"]
    assert lines["gap_items_accounts"] == 0
    assert lines["open_items"] == pytest.approx(by_customer[0].sum(), abs=0.005)


def _day(text):
    return datetime.strptime(text, "%d/%m/%Y")
