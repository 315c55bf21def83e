"""What moved between two closing dates: a ledger by hand, properties, the sample read another way."""

import csv
from datetime import date, datetime
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import ENGINES, make_ledger, to_pandas
from strategies import DAYS, any_ledger, as_known_on

import cmtools as cm
from cmtools.movements import (
    bridge_by_month,
    doubtful_movements,
    migration_matrix,
    outstanding_bridge,
    overdue_by_month,
    overdue_movements,
    roll_rates,
)
from cmtools.receivables import late_columns
from cmtools.schemas import InputError

AT, BEFORE = "2026-06-30", "2026-05-31"


def invoice(item, issued, due, amount, **more):
    return {"item_id": item, "issue_date": issued, "due_date": due, "amount": amount} | more


def paid(item, day, amount, kind="cash", **more):
    return {"item_id": item, "payment_date": day, "amount": amount, "kind": kind} | more


INVOICES = [
    invoice("A", "2026-03-10", "2026-04-30", 1000),  # 31 days late in May, 61 in June; part paid
    invoice("B", "2026-04-15", "2026-05-15", 500),  # part credited, rest paid
    invoice("BC", "2026-06-05", "2026-06-05", -200, kind="credit_note"),
    invoice("C", "2026-01-10", "2026-02-10", 400),  # 110 then 140 days late; part lost
    invoice("D", "2026-05-01", "2026-06-10", 600),  # a bill before it is due
    invoice("E", "2026-04-30", "2026-05-30", 250),  # 1 then 31 days late; part set off
    invoice("F", "2026-04-20", "2026-05-20", 800),  # paid in time, but the bank returns it
    invoice("FR", "2026-06-03", "2026-06-03", 800, kind="returned_payment"),
    invoice("G", "2026-03-01", "2026-04-01", 120, kind="opening", booking_date="2026-06-01"),  # 60, 90 days
    invoice("H", "2026-04-11", "2026-05-11", 900, doubtful_from="2026-06-09"),  # 20, 50 days
    invoice("I", "2026-02-01", "2026-03-31", 700),  # 61, 91 days; moved to 416, part paid there
    invoice("I2", "2026-02-01", "2026-03-31", 700, kind="doubtful", booking_date="2026-06-12", account="416000",
            doubtful_from="2026-06-12"),
    invoice("J", "2026-05-20", "2026-06-20", 350, dispute_from="2026-06-22"),
    invoice("K", "2026-04-25", "2026-05-25", 330, dispute_from="2026-05-28", dispute_until="2026-06-15"),  # 6, 36 days
    invoice("L", "2026-04-05", "2026-05-05", 200),  # paid 260
    invoice("M", "2026-05-28", "2026-06-15", 150, booking_date="2026-06-02"),  # booked late
    invoice("N", "2026-04-21", "2026-05-21", 500),  # paid in May, allocated in June
    invoice("O", "2026-06-11", "2026-06-11", -80, kind="credit_note"),  # on no invoice
    invoice("P", "2026-06-20", "2026-07-20", 1000),
    invoice("R", "2026-05-15", "2026-07-31", 2200),
    invoice("S", "2026-06-05", "2026-06-25", 90, kind="down_payment"),
    invoice("T", "2026-05-01", None, 60, retention=True),
    invoice("U", "2026-05-02", None, 45),
    invoice("V", "2026-05-10", "2026-06-12", 210),  # fell due and was paid late, both in June
    invoice("W", "2026-07-01", "2026-07-31", 9999),  # later
]  # fmt: skip
SETTLEMENTS = [
    paid("A", "2026-06-10", 300),
    paid("B", "2026-06-12", 200, "credit_note", document="BC"),
    paid("BC", "2026-06-12", -200, "credit_note", document="BC"),
    paid("B", "2026-06-20", 300),
    paid("C", "2026-06-15", 150, "write_off"),
    paid("D", "2026-06-05", 600, "bill"),
    paid("E", "2026-06-18", 100, "set_off"),
    paid("F", "2026-05-18", 800),
    paid("H", "2026-06-04", 100),
    paid("H", "2026-06-25", 50),
    paid("I", "2026-06-12", 700, "to_doubtful"),
    paid("I2", "2026-06-28", 40),
    paid("L", "2026-06-08", 260),
    paid("N", "2026-05-29", 500, allocation_date="2026-06-05"),
    paid("P", "2026-06-29", 400),
    paid(None, "2026-06-30", 70),
    paid("U", "2026-06-02", 5),
    paid("V", "2026-06-18", 210),
    paid("A", "2026-07-02", 700),  # later
]


@pytest.fixture(scope="module", params=ENGINES)
def ledger(request):
    return make_ledger(INVOICES, SETTLEMENTS, request.param)


def lines_of(table):
    """{line: (balance, count or None)}"""
    rows = table[["line", "balance", "count"]].itertuples(index=False)
    return {line: (balance, None if pd.isna(count) else count) for line, balance, count in rows}


# ---- by hand


def test_bridge_by_hand(ledger):
    # owed in May: A B C D E H I J K L R T U V, in that order; F and N were paid in May
    opening = 1000 + 500 + 400 + 600 + 250 + 900 + 700 + 350 + 330 + 200 + 2200 + 60 + 45 + 210
    cash = 300 + 300 + 100 + 50 + 40 + 260 + 400 + 70 + 5 + 210  # A B H H I2 L P, one on no item, U V
    closing = opening + 1240 - 280 - cash + 800 - 600 - 100 - 150 + 120
    table = outstanding_bridge(ledger, AT)
    assert lines_of(table) == {
        "bridge_opening": (opening, None),
        "bridge_invoiced": (150 + 1000 + 90, 3),  # M P S
        "bridge_credit_notes": (-200 - 80, 2),  # BC and O; the use of BC moves nothing
        "bridge_cash": (-cash, 10),
        "bridge_returned": (800, 1),
        "bridge_bills": (-600, 1),
        "bridge_set_offs": (-100, 1),
        "bridge_losses": (-150, 1),
        "bridge_brought_forward": (120, 1),
        "bridge_closing": (closing, None),  # the transfer of 700 to 416 is whole: no line
        "bridge_gap": (0, None),
    }
    assert table["line"].tolist()[0::10] == ["bridge_opening", "bridge_gap"]
    assert closing == 7250 - 60 - 80 - 70  # claims (see the matrix), less what L paid too much, O, the receipt
    assert set(table["currency"]) == {"EUR"}


def test_a_transfer_that_is_not_whole_shows_in_the_bridge(ledger):
    rows = [row | {"amount": 650} if row["item_id"] == "I2" else row for row in INVOICES]
    lines = lines_of(outstanding_bridge(make_ledger(rows, SETTLEMENTS), AT))
    assert lines["bridge_doubtful"] == (-50, 1)
    assert lines["bridge_gap"] == (0, None)


def test_bridge_by_month_by_hand(ledger):
    table = bridge_by_month(ledger, AT, months=24)
    # the first entry is of January 2026: the months before are unknown
    assert [f"{day:%m/%Y}" for day in table["date"]] == [f"0{n}/2026" for n in range(1, 7)]
    june = table.iloc[-1].to_dict()
    assert june == {
        "date": pd.Timestamp(AT),
        "opening_balance": 7745,
        "invoiced": 1240,
        "credit_notes": -280,
        "cash": -1735,
        "losses": -150,
        "other_movements": 800 - 600 - 100 + 120,
        "closing_balance": 7040,
    }
    assert table["opening_balance"].tolist()[1:] == table["closing_balance"].tolist()[:-1]
    assert table["opening_balance"].iloc[0] == 0


def row(total, **columns):
    return {"total": total} | columns


MATRIX = {
    # D J R T V
    "not_due": row(600 + 350 + 2200 + 60 + 210, paid=210, settled_otherwise=600, not_due=2260, disputed=350),
    "d1_30": row(  # B E H L N
        500 + 250 + 900 + 200 + 500, paid=300 + 150 + 200 + 500, credited=200, settled_otherwise=100, d31_60=150,
        doubtful=750,
    ),
    "d31_60": row(1000 + 120, paid=300, d61_90=700 + 120),  # A, and G that was brought forward
    "d61_90": row(700, paid=40, doubtful=660),  # I, then I2
    "d91_120": row(400, lost=150, over_120=250),  # C
    "over_120": row(0),
    "unknown_age": row(45, paid=5, unknown_age=40),  # U
    "disputed": row(330, d31_60=330),  # K
    "doubtful": row(0),
    "new": row(800 + 150 + 1000 + 90, paid=400, not_due=600, d1_30=800 + 150 + 90),  # FR M P S
}  # fmt: skip


def test_migration_by_hand(ledger):
    table = migration_matrix(ledger, AT, rates=False).set_index("from_state")
    assert list(table.index) == list(MATRIX)
    for state, expected in MATRIX.items():
        found = table.loc[state]
        assert found[found != 0].to_dict() == {name: value for name, value in expected.items() if value}, state
    rates = migration_matrix(ledger, AT).set_index("from_state")
    assert rates.loc["d1_30", "paid"] == pytest.approx(1150 / 2350)
    assert rates.loc["doubtful"].drop("total").isna().all()
    assert rates["total"].tolist() == table["total"].tolist()


def test_other_buckets_and_several_months(ledger):
    wide = migration_matrix(ledger, AT, buckets=(60,), rates=False).set_index("from_state")
    assert wide.loc["d1_60", ["d1_60", "over_60", "doubtful"]].tolist() == [150, 820, 750]  # E; A G; H
    steps = [migration_matrix(ledger, day, rates=False).set_index("from_state") for day in (AT, BEFORE, "2026-04-30")]
    quarter = migration_matrix(ledger, AT, months=3, rates=False).set_index("from_state")
    pd.testing.assert_frame_equal(quarter, sum(steps[1:], steps[0]))


def test_roll_rates_by_hand(ledger):
    table = roll_rates(ledger, AT, months=1).set_index("from_state")
    assert table["to_state"].tolist() == ["d1_30", "d31_60", "d61_90", "d91_120", "over_120"]
    # disputed and doubtful stay in their bucket: J in d1_30; H, K in d31_60; I2 in d91_120
    expected = [(800 + 350 + 150 + 90) / 3420, (150 + 750 + 330) / 2680, 820 / 1000, 660 / 700]
    assert table["roll_rate"].tolist()[:4] == pytest.approx(expected)
    assert table["roll_lowest"].tolist()[:4] == table["roll_highest"].tolist()[:4] == table["roll_rate"].tolist()[:4]
    assert pd.isna(table.loc["d91_120", "roll_rate"])
    assert table.loc["d91_120", "reason"] == "roll_open_ended"
    assert table["steps"].tolist() == [1] * 5


def test_roll_rates_average_by_amount_and_count_what_exceeds():
    # three month-ends, all 15 days late at the first: 100 -> 40 late in February, 300 -> 330 in March (30 booked late)
    rows = [invoice("A", "2025-11-16", "2026-01-16", 100), invoice("B", "2025-12-14", "2026-02-13", 300)]
    rows.append(invoice("X", "2025-12-14", "2026-02-13", 30, booking_date="2026-03-20"))
    table = roll_rates(make_ledger(rows, [paid("A", "2026-02-20", 60)]), "2026-03-31", months=2).set_index("from_state")
    found = table.loc["d1_30"]
    # 40 / 100 then 330 / 300, which counts as 300 / 300
    assert found["roll_rate"] == pytest.approx((40 + 300) / (100 + 300))
    assert found[["roll_lowest", "roll_highest", "steps", "capped"]].tolist() == [0.4, 1, 2, 1]
    assert table.loc["d61_90", ["steps", "reason"]].tolist() == [0, "no_outstanding"]


def test_overdue_by_hand(ledger):
    opening = 500 + 250 + 900 + 330 + 200 + 500 + 1000 + 700 + 400  # B E H K L N A I C
    table = overdue_movements(ledger, AT)
    assert lines_of(table) == {
        "late_opening": (opening, 9),
        "late_new": (800 + 350 + 150 + 90, 4),  # FR J M S; V fell due and was paid
        "late_brought_forward": (120, 1),  # G
        "late_paid": (-(300 + 300 + 150 + 40 + 200 + 500), 6),  # A B H I2 L N
        "late_credited": (-200, 1),
        "late_settled_otherwise": (-100, 1),
        "late_lost": (-150, 1),
        "late_doubtful_transfer": (0, 1),
        "late_closing": (4350, 11),  # A C E FR G H I2 J K M S
        "late_cured": (500 + 200 + 500, 3),  # B L N; I was moved, not cured
        "late_aged_further": (700 + 250 + 150 + 120 + 750 + 660 + 330, 7),  # A C E G H I2 K
    }
    assert table["balance"].iloc[:8].sum() == 4350


def test_overdue_by_month_by_hand(ledger):
    june = overdue_by_month(ledger, AT, months=2).iloc[-1].to_dict()
    assert june == {
        "date": pd.Timestamp(AT),
        "opening_balance": 4780,
        "late_new": 1390,
        "late_paid": -1490,
        "late_other": 120 - 200 - 100 - 150,
        "closing_balance": 4350,
        "late_aged_further": 2960,
        "collected_share": pytest.approx(1490 / 4780),
    }


def test_nothing_late_has_no_collected_share():
    table = overdue_by_month(make_ledger([invoice("A", "2026-06-01", "2026-07-01", 10)]), AT, months=1)
    assert table["opening_balance"].tolist() == [0]
    assert table["collected_share"].isna().all()


def test_doubtful_by_hand(ledger):
    june = doubtful_movements(ledger, AT, months=2).iloc[-1].to_dict()
    sales = 1000 - 200 - 80  # P BC O; M, issued in May and booked in June, was known at the end of neither
    assert june == {
        "date": pd.Timestamp(AT),
        "opening_balance": 0,
        "doubtful_brought_forward": 0,
        "doubtful_in": 800 + 700,  # H after its first 100, and the item of 416
        "doubtful_paid": -50 - 40,
        "doubtful_lost": 0,
        "doubtful_out": 0,
        "closing_balance": 750 + 660,
        "sales": sales,
        "loss_event_rate": pytest.approx(1500 / sales),
        "loss_rate": pytest.approx(150 / sales),
    }


def test_doubtful_claims_leave_by_every_door():
    late = {"doubtful_from": "2026-04-10"}
    rows = [invoice(name, "2026-01-10", "2026-02-09", 1000, **late) for name in ("paid", "lost", "credited", "back")]
    rows.append(
        invoice("brought", None, None, 77, kind="opening", booking_date="2026-01-01", doubtful_from="2026-01-01")
    )
    rows.append(invoice("later", "2026-06-29", "2026-07-29", 5))  # makes the sales of June positive
    moves = [
        paid("paid", "2026-04-10", 250),  # on the day itself: it enters with 750
        paid("paid", "2026-05-10", 750),
        paid("lost", "2026-05-12", 600, "write_off"),
        paid("credited", "2026-06-12", 300, "credit_note"),
        paid("back", "2026-06-13", 1000, "other"),  # from 416 back to 411
        paid(None, "2026-06-14", 40, "write_off"),
    ]
    table = doubtful_movements(make_ledger(rows, moves), AT, months=12)
    table["month"] = table["date"].dt.month
    table = table.set_index("month")
    assert table.index.tolist() == [1, 2, 3, 4, 5, 6]
    columns = ["opening_balance", *[name for name in table.columns if name.startswith("doubtful_")], "closing_balance"]
    assert table.loc[1, columns].tolist() == [0, 77, 0, 0, 0, 0, 77]
    assert table.loc[4, columns].tolist() == [77, 0, 3750, 0, 0, 0, 3827]
    assert table.loc[5, columns].tolist() == [3827, 0, 0, -750, -600, 0, 2477]
    assert table.loc[6, columns].tolist() == [2477, 0, 0, 0, 0, -1300, 1177]
    assert table.loc[1, "loss_event_rate"] == 0  # what is brought forward is no event of the month
    assert pd.isna(table.loc[4, "loss_event_rate"])  # nothing was sold in April: undefined, not zero
    assert table.loc[6, "loss_rate"] == pytest.approx(40 / 5)


def test_an_amount_taken_back_makes_a_claim_again():
    # A is paid in May and the receipt cancelled in June; B is credited twice over in June
    rows = [invoice("A", "2026-03-01", "2026-04-01", 100), invoice("B", "2026-03-01", "2026-04-01", 80)]
    moves = [paid("A", "2026-05-01", 100), paid("A", "2026-06-05", -100)]
    moves += [paid("B", "2026-06-10", 80, "credit_note"), paid("B", "2026-06-11", 80, "credit_note")]
    table = migration_matrix(make_ledger(rows, moves), AT, rates=False).set_index("from_state")
    assert table.loc["new", ["d61_90", "paid", "total"]].tolist() == [100, 0, 100]
    assert table.loc["d31_60", ["credited", "paid", "total"]].tolist() == [80, 0, 80]
    lines = lines_of(overdue_movements(make_ledger(rows, moves), AT))
    assert (lines["late_new"], lines["late_cured"], lines["late_closing"]) == ((100, 1), (80, 1), (100, 1))


# ---- what the source does not tell, misuse

ALL = (
    outstanding_bridge,
    bridge_by_month,
    migration_matrix,
    roll_rates,
    overdue_movements,
    overdue_by_month,
    doubtful_movements,
)


MONTHLY = (bridge_by_month, migration_matrix, roll_rates, overdue_by_month, doubtful_movements)


def table_of(function, ledger, at=AT, **options):
    """One of the tables, over two months where it has months."""
    return function(ledger, at, **({"months": 2} if function in MONTHLY else {}), **options)


@pytest.mark.parametrize("function", ALL)
def test_a_list_of_open_items_gives_the_columns_and_no_row(function):
    whole = table_of(function, make_ledger(INVOICES, SETTLEMENTS))
    empty = table_of(function, make_ledger(INVOICES, (), complete_sales=False))
    assert len(whole)
    assert len(empty) == 0
    assert list(empty.columns) == list(whole.columns)


@pytest.mark.parametrize("function", ALL)
def test_an_empty_ledger_is_no_error(function):
    found = table_of(function, make_ledger([], []))
    assert list(found.columns) == list(table_of(function, make_ledger(INVOICES, SETTLEMENTS)).columns)
    if function in (outstanding_bridge, overdue_movements):
        assert (found["balance"] == 0).all()


def test_what_the_source_is_silent_about_is_no_state():
    silent = make_ledger(INVOICES, SETTLEMENTS, silent=("disputed", "doubtful", "retention"))
    table = migration_matrix(silent, AT, rates=False).set_index("from_state")
    assert not {"disputed", "doubtful"} & {*table.index, *table.columns}
    assert len(doubtful_movements(silent, AT)) == 0
    half = migration_matrix(make_ledger(INVOICES, SETTLEMENTS, silent=("disputed",)), AT)
    assert "doubtful" in half.columns
    assert "disputed" not in half.columns


def test_currencies_are_never_added():
    rows = [invoice("E", "2026-06-01", "2026-07-01", 100), invoice("U", "2026-06-01", "2026-07-01", 70, currency="USD")]
    moves = [paid("U", "2026-06-20", 30, currency="USD")]
    apart = make_ledger(rows, moves)
    for function in ALL:
        with pytest.raises(InputError, match="EUR, USD"):
            table_of(function, apart)
    lines = outstanding_bridge(apart, AT, currency="USD").set_index("line")["balance"]
    assert (lines["bridge_invoiced"], lines["bridge_cash"], lines["bridge_closing"]) == (70, -30, 40)
    assert migration_matrix(apart, AT, currency="EUR", rates=False)["total"].sum() == 100
    # every invoice has an amount in the books, a receipt has none: it is not taken for nil
    rows[1]["book_amount"] = 65
    with pytest.raises(InputError, match="USD"):
        outstanding_bridge(make_ledger(rows, moves), AT)


@pytest.mark.parametrize(
    "call",
    [
        lambda ledger: outstanding_bridge(ledger, AT, since=AT),
        lambda ledger: overdue_movements(ledger, AT, since="2026-07-31"),
        lambda ledger: outstanding_bridge(ledger, AT, since="31 mai"),
        lambda ledger: bridge_by_month(ledger, AT, months=0),
        lambda ledger: migration_matrix(ledger, AT, buckets=(60, 30)),
        lambda ledger: roll_rates(ledger, AT, buckets=(60, 90)),
        lambda ledger: roll_rates(ledger, AT, buckets=(30, 45)),
        lambda ledger: doubtful_movements(ledger, AT, currency="XXX"),
    ],
)
def test_misuse_is_an_input_error(call):
    with pytest.raises(InputError):
        call(make_ledger(INVOICES, SETTLEMENTS))


# ---- properties


@settings(max_examples=40, deadline=None)
@given(rows=any_ledger(), days=st.lists(DAYS, min_size=2, max_size=2, unique=True))
def test_the_bridge_closes_for_any_ledger_and_any_dates(rows, days):
    since, at = sorted(days)
    ledger = make_ledger(*rows, "polars")
    lines = outstanding_bridge(ledger, at, since).set_index("line")["balance"]
    assert lines["bridge_gap"] == 0
    for line, day in (("bridge_opening", since), ("bridge_closing", at)):
        assert round(100 * lines[line]) == round(100 * to_pandas(cm.open_items(ledger, day))["open_amount"].sum())
    assert round(lines.drop(["bridge_closing", "bridge_gap"]).sum() - lines["bridge_closing"], 2) == 0


@settings(max_examples=12, deadline=None)
@given(rows=any_ledger(), at=DAYS)
def test_every_month_closes(rows, at):
    ledger = make_ledger(*rows, "polars")
    for table in (bridge_by_month(ledger, at, 4), overdue_by_month(ledger, at, 4), doubtful_movements(ledger, at, 4)):
        ends = table.columns.get_loc("closing_balance")
        assert (table.iloc[:, 1:ends].sum(axis=1) - table["closing_balance"]).abs().max() < 0.005 or not len(table)
        assert table["opening_balance"].tolist()[1:] == table["closing_balance"].tolist()[:-1]
    dates = doubtful_movements(ledger, at, 4)
    if len(dates):
        known = cm.outstanding_by_date(ledger, [day.to_pydatetime() for day in dates["date"]])
        assert dates["closing_balance"].tolist() == pytest.approx(known["doubtful"].tolist(), abs=0.001)


@settings(max_examples=25, deadline=None)
@given(rows=any_ledger(), at=DAYS, silent=st.sampled_from([(), ("disputed",), ("disputed", "doubtful", "retention")]))
def test_migration_rows_add_up_to_one_and_its_columns_to_the_open_claims(rows, at, silent):
    ledger = make_ledger(*rows, "polars", silent=silent)
    amounts = migration_matrix(ledger, at, rates=False).set_index("from_state")
    rates = migration_matrix(ledger, at).set_index("from_state")
    total = amounts.pop("total")
    assert (amounts.sum(axis=1) - total).abs().max() < 0.005
    some = total > 0
    assert rates.drop(columns="total").sum(axis=1)[some].tolist() == pytest.approx([1] * some.sum())
    assert rates.drop(columns="total")[~some].isna().all(axis=None)
    items = to_pandas(cm.open_items(ledger, at))
    items = items[(items["open_amount"] > 0) & (items["kind"] != "unallocated_receipt")]  # a refund may stand alone
    settled = ["paid", "credited", "settled_otherwise", "lost"]
    assert round(amounts.drop(columns=settled).sum().sum(), 2) == round(items["open_amount"].sum(), 2)
    if not silent:  # and state by state
        state = items["disputed"].map({True: "disputed", False: None}).astype(object)
        state = state.mask(items["doubtful"].astype(bool), "doubtful")
        for name in ("doubtful", "disputed"):
            assert amounts[name].sum() == pytest.approx(items.loc[state == name, "open_amount"].sum(), abs=0.001)
        aged = cm.aged_balance(items[state.isna()], at, by=None)
        for name in ("not_due", "d1_30", "d31_60", "d61_90", "d91_120", "over_120", "unknown_age"):
            assert amounts[name].sum() == pytest.approx(aged[name].sum(), abs=0.001)


@settings(max_examples=30, deadline=None)
@given(rows=any_ledger(), days=st.lists(DAYS, min_size=2, max_size=2, unique=True))
def test_overdue_movements_start_and_end_at_the_overdue_amount(rows, days):
    since, at = sorted(days)
    ledger = make_ledger(*rows, "polars")
    lines = overdue_movements(ledger, at, since).set_index("line")["balance"]
    known = cm.outstanding_by_date(ledger, [since, at])["overdue"]
    assert [lines["late_opening"], lines["late_closing"]] == pytest.approx(known.tolist(), abs=0.001)
    moves = lines[: list(lines.index).index("late_closing")]
    assert moves.sum() == pytest.approx(lines["late_closing"], abs=0.001)


@settings(max_examples=25, deadline=None)
@given(rows=any_ledger(), at=DAYS)
def test_snapshot_balances_are_those_of_the_aged_balance(rows, at):
    ledger = make_ledger(*rows, "polars")
    rolls = roll_rates(ledger, at, months=1)
    before, after = (row for _, row in cm.outstanding_by_date(ledger, [at.replace(day=1) - one_day(), at]).iterrows())
    for roll in rolls.iloc[:-1].itertuples():
        start, end = round(before[roll.from_state], 2), round(after[roll.to_state], 2)
        if start == 0:
            assert (pd.isna(roll.roll_rate), roll.steps) == (True, 0)
        else:
            assert roll.roll_rate == pytest.approx(min(end / start, 1))
            assert roll.capped == (end > start)


def one_day():
    return date(2025, 1, 2) - date(2025, 1, 1)


def tables_of(ledger, at):
    return [table_of(function, ledger, at) for function in ALL]


@settings(max_examples=8, deadline=None)
@given(rows=any_ledger(), at=DAYS)
def test_later_events_change_nothing(rows, at):
    whole, then = (tables_of(make_ledger(*each, "polars"), at) for each in (rows, as_known_on(rows, at)))
    for one, other in zip(whole, then):
        pd.testing.assert_frame_equal(one, other)


@settings(max_examples=3, deadline=None)
@given(rows=any_ledger(), at=DAYS)
def test_engines_agree(rows, at):
    first, *others = (tables_of(make_ledger(*rows, engine), at) for engine in ENGINES)
    for tables in others:
        for one, other in zip(first, tables):
            pd.testing.assert_frame_equal(one, other)


# ---- the sample company, read with the csv module


@pytest.fixture(scope="module")
def sample(root):
    data = root / "data"
    return cm.read_ledger(data / "factures.csv", data / "reglements.csv", data / "clients.csv")


@pytest.fixture(scope="module")
def fecs(root):
    current, previous = (cm.read_fec(next((root / "data").glob(f"*FEC{year}0630.txt"))) for year in (2026, 2025))
    return current.ledger(previous=previous, terms=30)


@pytest.fixture(scope="module")
def files(root):
    """Rows of both files, as written."""
    tables = []
    for name in ("factures", "reglements"):
        with open(root / "data" / f"{name}.csv", encoding="utf-8-sig", newline="") as file:
            tables.append(list(csv.DictReader(file, delimiter=";")))
    return tables


def day(text):
    return datetime.strptime(text, "%d/%m/%Y") if text else None


def euros(text):
    return Decimal(text.replace(",", "."))


def is_june(text):
    return day(text) is not None and (day(text).year, day(text).month) == (2026, 6)


def test_sample_bridge_of_june(sample, files):
    invoices, receipts = files
    booked, moved = {}, {}
    for row in invoices:
        if is_june(row["Date comptable"]):
            booked[row["Nature"]] = booked.get(row["Nature"], 0) + euros(row["Montant TTC EUR"])
    for row in receipts:
        if is_june(row["Date règlement"]):
            moved[row["Nature"]] = moved.get(row["Nature"], 0) - euros(row["Montant EUR"])
    lines = outstanding_bridge(sample, AT).set_index("line")["balance"]
    closing = sum(euros(row["Montant TTC EUR"]) for row in invoices) - sum(
        euros(row["Montant EUR"]) for row in receipts
    )
    expected = {
        "bridge_opening": closing - sum(booked.values()) - sum(moved.values()),
        "bridge_invoiced": booked["Facture"] + booked["Acompte"],
        "bridge_credit_notes": booked["Avoir"] + moved.get("Avoir", 0),
        "bridge_cash": moved["Encaissement"],
        "bridge_bills": moved["Effet"],
        "bridge_set_offs": moved["Compensation"],
        "bridge_losses": Decimal(0),
        "bridge_closing": closing,
        "bridge_gap": Decimal(0),
    }
    assert set(moved) <= {"Encaissement", "Effet", "Compensation", "Avoir"}
    assert "Impayé" not in booked
    assert lines.to_dict() == {line: float(amount) for line, amount in expected.items()}
    assert lines["bridge_closing"] == 1464352.61


def test_sample_migration_of_what_was_1_to_30_days_late(sample, files):
    invoices, receipts = files
    may, june = datetime(2026, 5, 31), datetime(2026, 6, 30)
    columns = {"Encaissement": "paid", "Avoir": "credited", "Perte": "lost"}
    expected = {}
    for row in invoices:
        due, disputed, closed = (day(row[name]) for name in ("Échéance", "Litige du", "Litige clos le"))
        in_dispute = [bool(disputed and disputed <= at and not (closed and closed <= at)) for at in (may, june)]
        doubtful = day(row["Douteux depuis le"])
        if not due or not 1 <= (may - due).days <= 30 or in_dispute[0] or (doubtful and doubtful <= may):
            continue
        mine = [part for part in receipts if part["Pièce"] == row["Pièce"] and day(part["Date lettrage"])]
        before = sum(euros(part["Montant EUR"]) for part in mine if day(part["Date lettrage"]) <= may)
        left = euros(row["Montant TTC EUR"]) - before if day(row["Date comptable"]) <= may else Decimal(0)
        if left <= 0:
            continue
        for part in mine:
            if is_june(part["Date lettrage"]):
                name = columns.get(part["Nature"], "settled_otherwise")
                expected[name] = expected.get(name, 0) + euros(part["Montant EUR"])
                left -= euros(part["Montant EUR"])
        assert left >= 0
        late = (june - due).days
        name = "doubtful" if doubtful else "disputed" if in_dispute[1] else "d1_30" if late <= 30 else "d31_60"
        expected[name] = expected.get(name, 0) + left
    table = migration_matrix(sample, AT, rates=False).set_index("from_state")
    found = table.loc["d1_30"].drop("total")
    assert found[found != 0].to_dict() == {name: float(amount) for name, amount in expected.items() if amount}
    assert table.loc["d1_30", "total"] == float(sum(expected.values()))


def test_sample_doubtful_claims(sample, files):
    """000116 enters on 31 March 2025 and loses three invoices on 29 May 2026; 000128 enters on 30 January 2026 and
    pays a part on 17 April 2026."""
    invoices, receipts = files
    table = doubtful_movements(sample, AT, months=24).set_index("date")
    entered, customers = {}, {}
    for row in invoices:
        since = day(row["Douteux depuis le"])
        if since:
            settled = [part for part in receipts if part["Pièce"] == row["Pièce"] and day(part["Date lettrage"])]
            left = euros(row["Montant TTC EUR"])
            left -= sum(euros(part["Montant EUR"]) for part in settled if day(part["Date lettrage"]) <= since)
            entered[since] = entered.get(since, 0) + left
            customers[row["Pièce"]] = row["N° client"]
    assert set(entered) == {datetime(2025, 3, 31), datetime(2026, 1, 30)}
    assert set(customers.values()) == {"000116", "000128"}
    later = [
        part for part in receipts if part["Pièce"] in customers and day(part["Date lettrage"]) > datetime(2026, 1, 30)
    ]
    lost = [euros(part["Montant EUR"]) for part in later if part["Nature"] == "Perte"]
    received = [euros(part["Montant EUR"]) for part in later if part["Nature"] == "Encaissement"]
    assert (len(lost), len(received), len(later)) == (3, 1, 4)
    first, second = (float(entered[when]) for when in sorted(entered))
    nonzero = table[["doubtful_in", "doubtful_paid", "doubtful_lost", "doubtful_out"]]
    nonzero = nonzero[(nonzero != 0).any(axis=1)]
    assert [f"{when:%m/%Y}" for when in nonzero.index] == ["03/2025", "01/2026", "04/2026", "05/2026"]
    assert nonzero.to_numpy().tolist() == [
        [first, 0, 0, 0],
        [second, 0, 0, 0],
        [0, -float(received[0]), 0, 0],
        [0, 0, -float(sum(lost)), 0],
    ]
    assert table["closing_balance"].iloc[-1] == round(first + second - float(received[0]) - float(sum(lost)), 2)
    sold = cm.dso_by_month(sample, AT, months=24)["sales"]
    assert table["sales"].tolist() == sold.tolist()
    assert table.loc["2026-01-31", "loss_event_rate"] == pytest.approx(second / table.loc["2026-01-31", "sales"])
    assert table.loc["2026-05-31", "loss_rate"] == pytest.approx(float(sum(lost)) / table.loc["2026-05-31", "sales"])


def test_sample_every_month_closes(sample):
    months = bridge_by_month(sample, AT, months=36)
    assert len(months) == 36
    assert (months.iloc[:, 1:7].sum(axis=1) - months["closing_balance"]).abs().max() < 0.005
    known = cm.outstanding_by_date(sample, [when.to_pydatetime() for when in months["date"].iloc[-3:]])
    assert months["closing_balance"].tolist()[-3:] == known["outstanding"].round(2).tolist()
    late = overdue_by_month(sample, AT, months=3)
    assert late["closing_balance"].tolist() == known["overdue"].round(2).tolist()
    assert (late.iloc[:, 1:5].sum(axis=1) - late["closing_balance"]).abs().max() < 0.005
    assert late_columns(migration_matrix(sample, AT).columns) == ["d1_30", "d31_60", "d61_90", "d91_120", "over_120"]


def test_the_fecs_of_the_sample_tell_the_same_story(sample, fecs):
    ours, theirs = (bridge_by_month(each, AT, months=23) for each in (sample, fecs))
    for column in ("opening_balance", "closing_balance"):
        assert theirs[column].tolist() == ours[column].tolist()
    columns = ["opening_balance", "doubtful_in", "doubtful_paid", "doubtful_lost", "doubtful_out", "closing_balance"]
    ours, theirs = (doubtful_movements(each, AT, months=23)[columns] for each in (sample, fecs))
    pd.testing.assert_frame_equal(ours, theirs)
    lines = [overdue_movements(fecs, when).set_index("line")["balance"] for when in ("2025-03-31", "2026-01-31")]
    assert [line["late_doubtful_transfer"] for line in lines] == [0, 0]


# ---- real files


@pytest.mark.parametrize(("name", "months"), [("111111111FEC20220831.txt", 12), ("222222222FEC20230731.TXT", 7)])
def test_real_fecs_close_every_month(real_data, name, months):
    fec = cm.read_fec(real_data / "fec" / name)
    ledger = fec.ledger(terms=30)
    for table in (
        bridge_by_month(ledger, fec.end),
        overdue_by_month(ledger, fec.end),
        doubtful_movements(ledger, fec.end),
    ):
        ends = table.columns.get_loc("closing_balance")
        assert len(table) == months  # those of the year: what was before is unknown
        assert (table.iloc[:, 1:ends].sum(axis=1) - table["closing_balance"]).abs().max() < 0.005
        assert table["opening_balance"].tolist()[1:] == table["closing_balance"].tolist()[:-1]
    assert lines_of(outstanding_bridge(ledger, fec.end, since=fec.start))["bridge_gap"] == (0, None)
    totals = migration_matrix(ledger, fec.end, months=12, rates=False)
    assert (totals.drop(columns=["from_state", "total"]).sum(axis=1) - totals["total"]).abs().max() < 0.005
