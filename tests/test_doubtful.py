"""Doubtful claims and losses as the ledger says them: a ledger by hand, the sample read another way, real files."""

import csv
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import B2B, ENGINES, make_ledger, to_pandas
from strategies import any_ledger, as_known_on

import cmtools as cm
from cmtools.doubtful import (
    balances_by_bucket,
    doubtful_by_period,
    doubtful_claims,
    existing_allowances,
    loss_history,
    written_off,
)
from cmtools.receivables import BUCKETS
from cmtools.schemas import InputError

AT = "2026-06-30"
VAT20 = {"vat_rate": 0.2, "vat_regime": "standard"}
EXEMPT = {"vat_rate": None, "vat_regime": "reverse_charge"}


def invoice(item, issued, due, amount, **more):
    return {"item_id": item, "issue_date": issued, "due_date": due, "amount": amount} | more


def paid(item, day, amount, kind="cash", **more):
    return {"item_id": item, "payment_date": day, "amount": amount, "kind": kind} | more


def codes(caught):
    return [defect.code for defect in caught.value.defects]


# ---- claims and losses

CLAIMS = [
    invoice("A", "2025-09-10", "2025-10-10", 1200, amount_excl_vat=1000, doubtful_from="2026-01-15", **VAT20),
    invoice("B", "2025-09-11", "2025-10-11", 2761.16, amount_excl_vat=2300.97, doubtful_from="2026-01-15", **VAT20),
    invoice("C", "2025-10-01", "2025-10-31", 500, doubtful_from="2026-01-15", customer_id="C2", **EXEMPT),
    invoice("D", "2025-10-02", "2025-11-01", 300, doubtful_from="2026-01-15", customer_id="C2"),  # VAT unknown
    invoice("E", "2025-10-03", "2025-11-02", 120, vat_rate=0.2, doubtful_from="2026-01-15"),  # by its rate
    invoice("F", "2025-10-04", "2025-11-03", 990, amount_excl_vat=900, doubtful_from="2026-01-15"),  # several rates
    invoice("G", "2025-10-05", "2025-11-04", 600, amount_excl_vat=500, doubtful_from="2026-07-01", **VAT20),  # later
    invoice("H", "2025-10-06", "2025-11-05", 600, amount_excl_vat=500, **VAT20),  # sound
    invoice(
        "I", "2025-10-07", "2025-11-06", 1100, amount_excl_vat=900, doubtful_from="2026-01-15", **VAT20
    ),  # not 20 %
]
ON_CLAIMS = [
    paid("B", "2026-04-17", 1104.46),
    paid("A", "2026-05-29", 300, "write_off"),
    paid("D", "2026-05-29", 100, "write_off"),
    paid("F", "2026-06-10", 495),
    paid("H", "2026-06-11", 60, "write_off"),
    paid("I", "2026-06-12", 550),
    paid("C", "2026-07-02", 500),  # later
]


@pytest.fixture(scope="module", params=ENGINES)
def claims_ledger(request):
    return make_ledger(CLAIMS, ON_CLAIMS, request.param)


def test_claims_excl_vat_by_hand(claims_ledger):
    found = doubtful_claims(claims_ledger, AT).set_index("item_id")
    assert found["open_amount"].to_dict() == {"A": 900, "B": 1656.70, "C": 500, "D": 300 - 100, "E": 120, "F": 495,
                                              "I": 550}  # fmt: skip
    excl = found["open_excl_vat"]
    assert excl["A"] == 750  # 900 / 1.2
    assert excl["B"] == 1380.58  # 1656.70 / 1.2 = 1380.5833; not 2300.97 x 1656.70 / 2761.16 = 1380.5853
    assert excl["C"] == 500  # reverse charge: no VAT in it
    assert pd.isna(excl["D"])
    assert excl["E"] == 100
    assert excl["F"] == 450  # half of 900
    assert excl["I"] == 450  # its own amounts, 900 for 1100, not the rate that they contradict
    assert found["vat_amount"].dropna().to_dict() == {"A": 150, "B": 276.12, "C": 0, "E": 20, "F": 45, "I": 100}
    assert set(found["currency"]) == {"EUR"}


def test_a_whole_claim_keeps_its_own_amount_excl_vat():
    """33.33 excl. VAT printed with 40.01 incl. VAT (lines rounded apart): 40.01 / 1.2 would make 33.34."""
    ledger = make_ledger([invoice("A", "2026-01-01", "2026-02-01", 40.01, amount_excl_vat=33.33,
                                  doubtful_from="2026-03-01", **VAT20)])  # fmt: skip
    assert doubtful_claims(ledger, AT)["open_excl_vat"].tolist() == [33.33]


def test_losses_by_hand(claims_ledger):
    found = written_off(claims_ledger, AT)
    assert found["item_id"].tolist() == ["A", "D", "H"]
    assert found["lost_amount"].tolist() == [300, 100, 60]
    assert found["lost_excl_vat"].fillna(-1).tolist() == [250, -1, 50]
    assert found["vat_amount"].fillna(-1).tolist() == [50, -1, 10]
    assert [f"{when:%Y-%m-%d}" for when in found["lost_on"]] == ["2026-05-29", "2026-05-29", "2026-06-11"]
    assert written_off(claims_ledger, AT, since="2026-05-29")["item_id"].tolist() == ["H"]
    assert written_off(claims_ledger, "2026-05-28").empty


def test_a_claim_lost_in_two_parts_on_one_day_keeps_its_own_amount():
    sold = [invoice("A", "2024-08-27", "2024-09-26", 9643.05, amount_excl_vat=8035.88, **VAT20)]
    parts = [paid("A", "2026-05-29", amount, "write_off") for amount in (9365.51, 277.54)]
    found = written_off(make_ledger(sold, parts), AT)
    assert found[["lost_amount", "lost_excl_vat"]].values.tolist() == [[9643.05, 8035.88]]


def test_a_source_that_says_nothing_gives_no_row():
    ledger = make_ledger(CLAIMS, ON_CLAIMS, silent=("doubtful",))
    assert doubtful_claims(ledger, AT).empty
    assert doubtful_by_period(ledger, AT).empty
    assert len(written_off(ledger, AT)) == 3  # a loss is told by the settlement, not by the flag
    open_only = make_ledger(CLAIMS, complete_sales=False)
    assert written_off(open_only, AT).empty
    assert loss_history(open_only, AT).empty
    assert doubtful_by_period(open_only, AT).empty


def test_existing_allowances_by_customer(claims_ledger):
    assert existing_allowances(claims_ledger, AT) is None
    rows = [
        ("491000", "C1", "2025-12-31", -100.10),
        ("491000", "C1", "2026-06-30", 40.0),
        ("491100", None, "2026-01-01", -5.0),
        ("416000", "C1", "2026-01-01", 999.0),
        ("491000", "C2", "2025-12-31", -7.0),
        ("491000", "C2", "2026-01-31", 7.0),
    ]
    accounts = pd.DataFrame(rows, columns=["account", "customer_id", "booking_date", "amount"])
    accounts["booking_date"] = pd.to_datetime(accounts["booking_date"])
    ledger = make_ledger(CLAIMS, accounts=accounts)
    assert existing_allowances(ledger, AT).to_dict() == {"": 5.0, "C1": 60.10}
    assert existing_allowances(ledger, "2025-12-31").to_dict() == {"C1": 100.10, "C2": 7.0}
    assert existing_allowances(ledger, "2025-12-30") is None  # the accounts had not begun: unknown, not nil


# ---- balances by bucket

OPEN = [
    invoice("A", "2026-05-01", "2026-06-30", 1200, amount_excl_vat=1000, **VAT20),  # due on the day: not due
    invoice("B", "2026-05-01", "2026-06-29", 240, amount_excl_vat=200, **VAT20),  # 1 day
    invoice("C", "2026-04-01", "2026-05-31", 360, amount_excl_vat=300, **VAT20),  # 30 days
    invoice("D", "2026-04-01", "2026-05-30", 480, amount_excl_vat=400, dispute_from="2026-06-01", **VAT20),  # 31 days
    invoice("E", "2026-01-01", "2026-02-28", 600, amount_excl_vat=500, doubtful_from="2026-06-01",
            dispute_from="2026-06-01", **VAT20),  # 122 days; doubtful before disputed
    invoice("F", "2026-01-01", "2026-03-02", 720, amount_excl_vat=600, customer_id="C2", **VAT20),  # 120; insolvent
    invoice("G", "2026-01-01", None, 60, retention=True, amount_excl_vat=50, **VAT20),  # not released
    invoice("H", "2026-01-01", None, 84, amount_excl_vat=70, **VAT20),  # unknown age
    invoice("I", "2026-05-01", "2026-06-15", 96),  # VAT unknown
    invoice("J", "2026-05-01", "2026-06-15", -240, kind="credit_note", amount_excl_vat=-200, **VAT20),
]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_balances_by_hand(engine):
    ledger = make_ledger(OPEN, [paid(None, "2026-06-20", 55)], engine)
    table = balances_by_bucket(ledger, AT, insolvent=["C2"], insured={"C1": 775}).set_index("bucket")
    assert table.index.tolist() == ["not_due", "d1_30", "d31_60", "d61_90", "d91_120", "over_120", "unknown_age"]
    assert table["gross"].tolist() == [1050, 500, 400, 0, 600, 500, 70]
    assert table["case_doubtful"].tolist() == [0, 0, 0, 0, 0, 500, 0]
    assert table["case_insolvent"].tolist() == [0, 0, 0, 0, 600, 0, 0]
    assert table["case_disputed"].tolist() == [0, 0, 400, 0, 0, 0, 0]
    # C1 owes 1050 + 500 + 70 = 1620 otherwise, of which 775 is covered: the same share of each
    share = Decimal(775) / Decimal(1620)
    parts = [(Decimal(owed) * share).quantize(Decimal("0.01"), ROUND_HALF_UP) for owed in (1050, 500, 70)]
    covered = table["case_insured"]
    assert [covered["not_due"], covered["d1_30"], covered["unknown_age"]] == pytest.approx(list(map(float, parts)))
    assert table["rest_exposure"].sum() == pytest.approx(1620 - 775, abs=0.02)
    assert table["not_converted"].tolist() == [0, 96, 0, 0, 0, 0, 0]
    assert table["gross_incl_vat"].tolist() == [1260, 696, 480, 0, 720, 600, 84]
    whole = balances_by_bucket(ledger, AT, basis="incl_vat").set_index("bucket")
    assert whole["gross"].tolist() == whole["gross_incl_vat"].tolist() == [1260, 696, 480, 0, 720, 600, 84]
    assert not whole["not_converted"].any()


def test_a_case_of_which_the_source_says_nothing_is_unknown():
    bare = [{key: value for key, value in row.items() if key != "dispute_from"} for row in OPEN]
    table = balances_by_bucket(make_ledger(bare, silent=("disputed",)), AT, insolvent=["C2"]).set_index("bucket")
    assert table["case_disputed"].isna().all()
    assert table["case_doubtful"].sum() == 500
    assert table.loc["d31_60", "rest_exposure"] == 400


def test_a_small_unknown_part_may_be_taken_incl_vat():
    ledger = make_ledger(OPEN)
    total = 1260 + 696 + 480 + 720 + 600 + 84
    for allowed, counted in ((96 / total + 1e-9, 96), (96 / total - 1e-9, 0)):
        table = balances_by_bucket(ledger, AT, incl_vat_up_to=allowed).set_index("bucket")
        assert table.loc["d1_30", ["counted_incl_vat", "not_converted", "gross"]].tolist() == [
            counted,
            96 - counted,
            500 + counted,
        ]


def test_a_cover_beyond_what_is_owed_stops_there_and_a_wrong_one_is_refused():
    ledger = make_ledger(OPEN[:2])
    assert balances_by_bucket(ledger, AT, insured={"C1": 9999})["rest_exposure"].sum() == 0
    with pytest.raises(InputError) as caught:
        balances_by_bucket(ledger, AT, insured={"C1": -1, "C2": float("nan")})
    assert codes(caught) == ["bad_cover", "bad_cover"]
    assert "« -1 » n'est pas un montant garanti" in caught.value.text("fr")


# ---- what became of past sales

SALES = [
    invoice("A", "2024-12-05", "2025-01-10", 1200, amount_excl_vat=1000, **VAT20),  # paid on its due date
    invoice("B", "2024-12-06", "2025-01-10", 600, amount_excl_vat=500, **VAT20),  # 1 day late
    invoice("C", "2024-12-07", "2025-01-10", 600, amount_excl_vat=500, **VAT20),  # half paid at 30 days, rest at 31
    invoice("D", "2024-12-08", "2025-01-20", 2400, amount_excl_vat=2000, **VAT20),  # 1200 lost at 200 days, rest open
    invoice("E", "2024-12-09", "2025-01-31", 360, amount_excl_vat=300, **VAT20),  # cancelled by a credit note
    invoice("F", "2024-12-10", "2025-01-31", 120, amount_excl_vat=100, **VAT20),  # lost at 20 days
    invoice("G", "2025-01-10", "2025-02-10", 480, amount_excl_vat=400, doubtful_from="2025-06-01", **VAT20),  # open
    invoice("H", "2025-05-01", "2025-07-15", 960, amount_excl_vat=800, **VAT20),  # too young
    invoice("I", "2026-05-01", "2026-06-20", 1200, amount_excl_vat=1000, **VAT20),  # too young, in its first bucket
    invoice("J", "2026-05-01", "2026-07-20", 1200, amount_excl_vat=1000, **VAT20),  # not due yet
    invoice("K", "2024-12-11", None, 1200, amount_excl_vat=1000, **VAT20),  # no due date
    invoice("AV", "2025-02-01", "2025-02-01", -360, kind="credit_note", amount_excl_vat=-300, **VAT20),
    invoice("O", "2024-12-01", "2025-01-15", 777, kind="opening", booking_date="2024-12-31"),
]  # fmt: skip
OUTCOMES = [
    paid("A", "2025-01-10", 1200),
    paid("B", "2025-01-11", 600),
    paid("C", "2025-02-09", 300),
    paid("C", "2025-02-10", 300),
    paid("D", "2025-08-08", 1200, "write_off"),
    paid("E", "2025-02-05", 360, "credit_note", document="AV"),
    paid("AV", "2025-02-05", -360, "credit_note", document="AV"),
    paid("F", "2025-02-20", 120, "write_off"),
    paid("H", "2025-08-01", 960),
    paid("D", "2026-07-15", 1200),  # later
]


@pytest.mark.parametrize("engine", ENGINES)
def test_history_by_hand(engine):
    history = loss_history(make_ledger(SALES, OUTCOMES, engine), AT, months=24).set_index("month")
    january = history.loc["2025-01-31"]
    assert january["cohort"] == "used"
    assert january["sold"] == 1000 + 500 + 500 + 2000 + 100  # E was cancelled
    names = ["not_due", "d1_30", "d31_60", "d61_90", "d91_120", "over_120"]
    reached = [january[f"reached_{name}"] for name in names]
    # d1_30: B C D F were open at the end of their due date; d31_60: half of C, open 30 days after, and D
    assert reached == [4100, 500 + 500 + 2000 + 100, 250 + 2000, 2000, 2000, 2000]
    assert [january[f"lost_{name}"] for name in names] == [1100, 1100, 1000, 1000, 1000, 1000]  # F was lost in d1_30
    assert january[["lost_items", "still_open", "open_doubtful"]].tolist() == [2, 1000, 0]
    february = history.loc["2025-02-28"]
    assert february[["sold", "reached_over_120", "still_open", "open_doubtful"]].tolist() == [400, 400, 400, 400]
    assert history.loc["2025-06-30", "cohort"] == "used"  # 365 days before
    assert history.loc["2025-07-31", ["cohort", "sold", "reached_d1_30"]].tolist() == ["too_young", 800, 800]
    june = history.loc["2026-06-30"]
    assert june["sold"] == 1000
    assert pd.isna(june["reached_d1_30"])  # the bucket has not begun for the whole month
    assert history.index[0] == pd.Timestamp("2024-12-31")  # nothing is known of the time before
    assert not history["unknown_items"].any()


def test_history_incl_vat_is_a_fifth_more_and_unknown_amounts_are_told():
    excl, incl = (loss_history(make_ledger(SALES, OUTCOMES), AT, basis=basis) for basis in ("excl_vat", "incl_vat"))
    for name in ("sold", "reached_d1_30", "lost_over_120", "still_open"):
        assert incl[name].tolist() == pytest.approx((1.2 * excl[name]).tolist(), nan_ok=True)
    bare = [{key: value for key, value in row.items() if key not in ("amount_excl_vat", *VAT20)} for row in SALES]
    blank = loss_history(make_ledger(bare, OUTCOMES), AT)
    assert blank["unknown_items"].sum() == 9  # A to I
    assert blank["sold"].sum() == 0
    whole = loss_history(make_ledger(bare, OUTCOMES), AT, basis="incl_vat")
    assert whole["unknown_items"].sum() == 0


def test_a_claim_moved_to_416_goes_on():
    """As a FEC books it: the invoice is settled by the transfer, the doubtful item is written off."""
    moved = [
        invoice("A", "2024-12-05", "2025-01-10", 1200),
        invoice("A2", "2024-12-05", "2025-01-10", 1200, kind="doubtful", booking_date="2025-04-01",
                doubtful_from="2025-04-01"),
    ]  # fmt: skip
    outcomes = [paid("A", "2025-04-01", 1200, "to_doubtful"), paid("A2", "2025-09-01", 1200, "write_off")]
    history = loss_history(make_ledger(moved, outcomes), AT, basis="incl_vat").set_index("month")
    kept = history.loc["2025-01-31"]
    assert kept[["sold", "reached_d61_90", "reached_over_120", "lost_over_120", "lost_items"]].tolist() == [
        1200
    ] * 4 + [1]


def test_more_written_off_than_was_open_counts_as_what_was_open():
    sold = [invoice("A", "2024-12-05", "2025-01-10", 1200)]
    outcomes = [paid("A", "2025-02-01", 1000), paid("A", "2025-09-01", 300, "write_off")]
    history = loss_history(make_ledger(sold, outcomes), AT, basis="incl_vat").set_index("month")
    assert history.loc["2025-01-31", ["reached_over_120", "lost_over_120", "still_open"]].tolist() == [200, 200, 0]


def test_history_refuses_too_short_a_time():
    ledger = make_ledger(SALES, OUTCOMES)
    for wrong, code in (({"settled_after": 120}, "bad_settled_after"), ({"months": 0}, "months_too_few"),
                        ({"basis": "net"}, "bad_choice"), ({"buckets": (30, 30)}, "bad_buckets")):  # fmt: skip
        with pytest.raises(InputError) as caught:
            loss_history(ledger, AT, **wrong)
        assert codes(caught) == [code]
        assert all(caught.value.text(language).count("\n- ") == 1 for language in ("fr", "en"))


# ---- periods

FLOWS = [
    invoice("A", "2024-08-01", "2024-09-01", 1200, amount_excl_vat=1000, doubtful_from="2025-02-10", **VAT20),
    invoice("B", "2025-07-10", "2025-08-10", 600, amount_excl_vat=500, doubtful_from="2025-12-01", **VAT20),
    invoice("C", "2025-09-01", "2025-10-01", 2400, amount_excl_vat=2000, **VAT20),
    invoice("N", "2025-10-01", "2025-10-01", -240, kind="credit_note", amount_excl_vat=-200, **VAT20),
    invoice("L", "2025-06-20", "2025-07-20", 120, amount_excl_vat=100, booking_date="2025-07-03", **VAT20),  # late
    invoice("Z", "2024-07-02", "2024-08-02", 12, amount_excl_vat=10, **VAT20),
]  # fmt: skip
FLOWED = [
    paid("A", "2024-12-01", 200),  # before it was doubtful
    paid("A", "2025-08-01", 400),
    paid("B", "2026-03-01", 240, "write_off"),
    paid("C", "2026-04-01", 120, "write_off"),  # never doubtful
    paid("Z", "2024-08-02", 12),
]


@pytest.mark.parametrize("engine", ENGINES)
def test_periods_by_hand(engine):
    ledger = make_ledger(FLOWS, FLOWED, engine)
    table = doubtful_by_period(ledger, AT, allowances={"2026-06-30": 340.0})
    assert [f"{end:%Y-%m-%d}" for end in table["date"]] == [
        "2025-06-30",
        "2026-06-30",
    ]  # nothing known before July 2024
    first, last = table.iloc[0], table.iloc[1]
    assert first[["opening_balance", "doubtful_in", "doubtful_paid", "closing_balance"]].tolist() == [0, 1000, 0, 1000]
    assert last[["opening_balance", "doubtful_in", "doubtful_paid", "doubtful_lost", "doubtful_out"]].tolist() == [
        1000, 600, -400, -240, 0,
    ]  # fmt: skip
    assert last["closing_balance"] == 1000 + 600 - 400 - 240
    assert last["period_sales"] == 600 + 2400 - 240  # L was booked after its own period
    assert last["loss_event_rate"] == pytest.approx(600 / 2760)
    assert last["doubtful_recovery"] == pytest.approx(400 / 1600)
    assert (last["losses_excl_vat"], last["period_sales_excl_vat"]) == (200 + 100, 500 + 2000 - 200)
    assert last["irrecoverable_rate"] == pytest.approx(300 / 2300)
    assert last["doubtful_excl_vat"] == pytest.approx(600 / 1.2 + 360 / 1.2)
    assert last["provision_rate"] == pytest.approx(340 / 800)
    assert pd.isna(last["reason"])
    assert first["reason"] == "no_491"
    assert pd.isna(first["provision_rate"])


def test_periods_agree_with_the_monthly_movements():
    ledger = cm.read_ledger("data/grand_livre.xlsx")
    months, year = cm.doubtful_movements(ledger, AT), doubtful_by_period(ledger, AT, periods=1).iloc[0]
    for name in ("doubtful_in", "doubtful_paid", "doubtful_lost", "doubtful_out"):
        assert year[name] == pytest.approx(months[name].sum(), abs=0.005)
    assert year["opening_balance"] == months["opening_balance"].iloc[0]
    assert year["closing_balance"] == months["closing_balance"].iloc[-1]
    assert year["period_sales"] == pytest.approx(cm.dso(ledger, AT, months=12).sales, abs=0.005)


def test_periods_need_one():
    with pytest.raises(InputError) as caught:
        doubtful_by_period(make_ledger(FLOWS), AT, periods=0)
    assert codes(caught) == ["periods_too_few"]
    assert "“0”: at least one period" in caught.value.text("en")


# ---- the sample, read another way


def rows_of(root, name):
    with (root / "data" / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def cents(text):
    return round(100 * float(text.replace(",", "."))) if text else 0


def on(text):
    return datetime.strptime(text, "%d/%m/%Y").date() if text else None


def test_the_sample_agrees_with_the_books(root):
    """The sample's FEC holds the account 491 that its script booked at each closing: half, then all of 000116."""
    ledger = cm.reports.read_source(
        fec=str(root / "data/904172638FEC20260630.txt"), previous_fec=str(root / "data/904172638FEC20250630.txt")
    )
    assert existing_allowances(ledger, "2025-06-30").to_dict() == {"000116": 14987.18}
    assert existing_allowances(ledger, AT).to_dict() == {"000116": 14800.70, "000128": 11030.76}
    claims = doubtful_claims(cm.read_ledger(root / "data/grand_livre.xlsx"), AT)
    owed = claims.groupby("customer_id")[["open_amount", "open_excl_vat"]].sum().round(2)
    assert owed.loc["000116"].tolist() == [16093.12, 14800.70]  # wholly written down in the books
    assert owed.loc["000128"].tolist() == [26473.82, 22061.51]  # 11 030.76 is half of it
    table = doubtful_by_period(ledger, AT, periods=3)
    assert table["allowance_balance"].tolist() == [14987.18, 25831.46]
    assert table["reason"].tolist() == ["excl_vat_unknown"] * 2  # brought forward without its VAT: said, not guessed


def test_the_samples_old_sales_are_counted_again_by_hand(root):
    """Reached and lost, incl. VAT, for the months of 2024, from the CSV files with plain Python."""
    invoices = {row["Pièce"]: row for row in rows_of(root, "factures.csv") if row["Nature"] == "Facture"}
    settled: dict[str, list] = {}
    for row in rows_of(root, "reglements.csv"):
        if row["Pièce"] in invoices and on(row["Date lettrage"]) and on(row["Date lettrage"]) <= date(2026, 6, 30):
            when = max(on(row["Date lettrage"]), on(row["Date règlement"]))
            settled.setdefault(row["Pièce"], []).append((when, row["Nature"], cents(row["Montant EUR"])))
    history = loss_history(cm.read_ledger(root / "data/grand_livre.xlsx"), AT, basis="incl_vat").set_index("month")
    for month in range(1, 13):
        expected = dict.fromkeys(["sold", "reached_d1_30", "reached_over_120", "lost_over_120", "still_open"], 0)
        for number, row in invoices.items():
            due = on(row["Échéance"])
            if due is None or (due.year, due.month) != (2024, month) or cents(row["Montant TTC EUR"]) <= 0:
                continue
            moves = settled.get(number, [])
            net = cents(row["Montant TTC EUR"]) - sum(amount for _, kind, amount in moves if kind == "Avoir")
            others = [((when - due).days, kind, amount) for when, kind, amount in moves if kind != "Avoir"]
            expected["sold"] += max(net, 0)
            expected["reached_d1_30"] += max(net - sum(amount for late, _, amount in others if late <= 0), 0)
            expected["reached_over_120"] += max(net - sum(amount for late, _, amount in others if late <= 120), 0)
            expected["lost_over_120"] += sum(amount for late, kind, amount in others if kind == "Perte" and late > 120)
            expected["still_open"] += max(net - sum(amount for _, _, amount in others), 0)
        found = history.loc[f"2024-{month:02d}"].iloc[0]
        assert {name: round(100 * found[name]) for name in expected} == expected, month


# ---- any ledger

LATER = st.dates(date(2025, 6, 1), date(2026, 12, 31))


def with_vat(rows):
    """The rows with 20 % of VAT on two items in three; nothing is known of the third."""
    invoices, payments = rows
    told = [
        row | ({} if place % 3 == 2 else VAT20 | {"amount_excl_vat": round(row["amount"] / 1.2, 2)})
        for place, row in enumerate(invoices)
    ]
    return told, payments


@settings(max_examples=10, deadline=None)
@given(rows=any_ledger(), at=LATER)
def test_no_more_is_lost_than_reached_a_bucket(rows, at):
    history = loss_history(make_ledger(*rows, "polars"), at, basis="incl_vat")
    names = ["not_due", "d1_30", "d31_60", "d61_90", "d91_120", "over_120"]
    for row in history.to_dict("records"):
        reached = [row[f"reached_{name}"] for name in names if row[f"reached_{name}"] == row[f"reached_{name}"]]
        losses = [row[f"lost_{name}"] for name in names if row[f"lost_{name}"] == row[f"lost_{name}"]]
        assert all(0 <= lost <= there + 0.005 for lost, there in zip(losses, reached))
        assert 0 <= row["open_doubtful"] <= row["still_open"]
    rates = cm.loss_rates(history)["bucket_loss_rate"].dropna()
    assert rates.between(0, 1 + 1e-12).all()


@settings(max_examples=10, deadline=None)
@given(rows=any_ledger(), at=LATER)
def test_history_uses_nothing_later(rows, at):
    whole, known = (
        loss_history(make_ledger(*told, "polars"), at, basis="incl_vat") for told in (rows, as_known_on(rows, at))
    )
    order = ["sold", "reached_d1_30", "reached_over_120", "lost_over_120", "still_open", "open_doubtful"]
    assert whole[order].sum().round(2).to_dict() == known[order].sum().round(2).to_dict()


def test_nothing_open_is_nil_in_every_bucket():
    ledger = make_ledger([invoice("A", "2026-01-01", "2026-02-01", 120, **VAT20)], [paid("A", "2026-02-01", 120)])
    assert (balances_by_bucket(ledger, AT).drop(columns="bucket") == 0).all(axis=None)
    assert doubtful_claims(ledger, AT).empty


@settings(max_examples=10, deadline=None)
@given(rows=any_ledger(), at=LATER)
def test_buckets_hold_the_open_claims_once(rows, at):
    ledger = make_ledger(*with_vat(rows), "polars")
    table = balances_by_bucket(ledger, at, insolvent=["C1"], insured={"C0": 5000.0})
    items = to_pandas(cm.open_items(ledger, at))
    owed = items.loc[items["open_amount"] > 0, "open_amount"].sum()
    assert table["gross_incl_vat"].sum() == pytest.approx(owed, abs=0.005)
    cases = ["case_doubtful", "case_insolvent", "case_disputed", "case_insured", "rest_exposure"]
    assert table[cases].sum(axis=1).tolist() == pytest.approx(table["gross"].tolist(), abs=0.005)
    aged = cm.aged_balance(items, at, by=None)
    whole = balances_by_bucket(ledger, at, basis="incl_vat").set_index("bucket")["gross"]
    for name, amount in whole.items():
        assert amount == pytest.approx(aged[name].sum() if len(aged) else 0, abs=0.005), name
    claims = doubtful_claims(ledger, at)
    assert claims["open_amount"].sum() == pytest.approx(items.loc[items["doubtful"], "open_amount"].sum(), abs=0.005)


@settings(max_examples=10, deadline=None)
@given(rows=any_ledger(), at=LATER, periods=st.integers(1, 3), months=st.integers(1, 12))
def test_periods_close_on_what_is_open_and_doubtful(rows, at, periods, months):
    ledger = make_ledger(*rows, "polars")
    table = doubtful_by_period(ledger, at, periods, months)
    moves = ["doubtful_brought_forward", "doubtful_in", "doubtful_paid", "doubtful_lost", "doubtful_out"]
    closed = table["opening_balance"] + table[moves].sum(axis=1)
    assert closed.tolist() == pytest.approx(table["closing_balance"].tolist(), abs=0.005)
    for row in table.to_dict("records"):
        held = doubtful_claims(ledger, row["date"])["open_amount"].sum()
        assert row["closing_balance"] == pytest.approx(held, abs=0.005)


# ---- real files


def test_real_open_items_cannot_tell(real_data):
    ledger = cm.read_ledger(real_data / "ar" / "b2b_open_invoices.csv.gz", columns=B2B)
    for currency in ("USD", "CAD"):
        assert doubtful_claims(ledger, "2020-05-22", currency=currency).empty
        assert loss_history(ledger, "2020-05-22", currency=currency).empty
        assert doubtful_by_period(ledger, "2020-05-22", currency=currency).empty
        table = balances_by_bucket(ledger, "2020-05-22", currency=currency)
        assert table["gross"].sum() == 0
        assert table["not_converted"].sum() == table["gross_incl_vat"].sum() > 1e6
    with pytest.raises(InputError):
        doubtful_claims(
            make_ledger([invoice("A", "2026-01-01", "2026-02-01", 1, currency=name) for name in ("USD", "CAD")]), AT
        )


def test_real_paid_invoices_show_no_loss(real_data):
    ledger = cm.read_ledger(real_data / "ar" / "ibm_accounts_receivable.csv")
    assert written_off(ledger, "2013-12-31").empty
    history = loss_history(ledger, "2013-12-31", basis="incl_vat")
    assert history["sold"].sum() > 0
    assert history["lost_items"].sum() == 0
    rates = cm.loss_rates(history)
    assert set(rates["reason"]) <= {"no_loss_observed", "no_reached"}
    assert set(cm.loss_rates(loss_history(ledger, "2013-12-31"))["reason"]) == {"excl_vat_unknown"}


def test_bounds_of_the_default():
    assert BUCKETS == (30, 60, 90, 120)


def test_losses_of_a_fec_are_those_of_account_654(root):
    """Each loss goes to the claim of its amount, so that the amounts excl. VAT add up to what 654 holds."""
    year, before = (root / "data" / f"904172638FEC{end}.txt" for end in ("20260630", "20250630"))
    ledger = cm.read_fec(year).ledger(terms=45, previous=cm.read_fec(before))
    found = cm.written_off(ledger, "2026-06-30", "2025-06-30")
    booked = [
        line.split("\t")
        for line in year.read_text(encoding="utf-8").splitlines()
        if line.split("\t")[4].startswith("654")
    ]
    debit = sum(round(float(row[11].replace(",", ".")) * 100) for row in booked)
    assert round(found["lost_excl_vat"].sum() * 100) == debit
    assert sorted(found["lost_excl_vat"]) == sorted(float(row[11].replace(",", ".")) for row in booked)
