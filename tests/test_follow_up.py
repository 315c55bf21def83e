"""Exposure against the limit: by hand, by group, from a ledger; causes of an overrun."""

import pandas as pd
import pytest
from ledgers import ENGINES, make_ledger, table
from refusals import codes, unused_sentences

import cmtools as cm
from cmtools import follow_up
from cmtools.external import external_table
from cmtools.follow_up import exposure
from cmtools.language import label
from cmtools.schemas import CUSTOMERS
from cmtools.settings import reference_rows

AT = "2026-06-30"


def parts(**columns):
    base = {"customer_id": ["A"], "open_invoices": [40_000.0]}
    return pd.DataFrame(base | {name: [value] for name, value in columns.items()})


def exposed(as_of=AT, by="customer_id", options=None, **columns):
    return exposure(parts(**columns), as_of, by=by, **(options or {})).iloc[0]


def test_exposure_by_hand():
    given = {"bills": 8_000.0, "to_invoice": 3_000.0, "order_backlog": 12_000.0, "advances": 5_000.0,
             "unallocated_receipts": 2_000.0, "secured": 10_000.0, "credit_limit": 50_000.0,
             "insurer_limit": 30_000.0}  # fmt: skip
    row = exposed(**given)
    assert row["exposure_amount"] == 56_000  # 40 + 8 + 3 + 12 - 5 - 2
    assert (row["headroom"], row["excess"], row["limit_use"]) == (-6_000, 6_000, 1.12)
    assert (row["insurer_excess"], row["secured"], row["not_given"]) == (26_000, 10_000, "")
    assert row["limit_state"] == "limit_over"
    assert exposed(options={"deduct_unallocated": False}, **given)["exposure_amount"] == 58_000
    assert exposed(options={"deduct_secured": True}, **given)["exposure_amount"] == 46_000
    wide = exposed(options={"tolerance": 0.12}, **given)  # 50 000 x 1.12 = 56 000: not above
    assert (wide["excess"], wide["limit_state"], wide["headroom"]) == (0, "limit_near", -6_000)
    assert exposed(options={"tolerance": 0.1199}, **given)["excess"] == 5.0


def test_insurers_limit_does_not_make_room():
    """Own limit 30 000, insurer 25 000, 40 000 owed: 10 000 too many, though the two limits add up to 55 000."""
    row = exposed(credit_limit=30_000.0, insurer_limit=25_000.0)
    assert (row["excess"], row["headroom"], row["insurer_excess"]) == (10_000, -10_000, 15_000)


def test_missing_parts_are_told_and_the_exposure_is_then_a_minimum():
    row = exposed(order_backlog=float("nan"), bills=1_000.0)
    assert (row["exposure_amount"], row["not_given"]) == (41_000, "to_invoice order_backlog advances")
    assert pd.isna(row["order_backlog"])
    unknown = exposure(pd.DataFrame({"customer_id": ["A"], "open_invoices": [float("nan")], "bills": [5.0],
                                     "credit_limit": [10.0]}), AT).iloc[0]  # fmt: skip
    assert pd.isna(unknown["exposure_amount"])
    assert pd.isna(unknown["headroom"])


@pytest.mark.parametrize(
    ("limit", "state", "headroom"),
    [(40_000.0, "limit_near", 0.0), (44_444.0, "limit_near", 4_444.0), (44_445.0, "limit_within", 4_445.0),
     (39_999.99, "limit_over", -0.01), (0.0, "limit_over", -40_000.0), (float("nan"), "limit_none", None)],
)  # fmt: skip
def test_state_of_the_limit(limit, state, headroom):
    row = exposed(credit_limit=limit)
    assert row["limit_state"] == state
    assert pd.isna(row["headroom"]) if headroom is None else row["headroom"] == headroom
    if limit == 0:
        assert pd.isna(row["limit_use"])


def test_a_customer_in_credit_has_its_limit_and_no_more():
    row = exposure(pd.DataFrame({"customer_id": ["A"], "open_invoices": [-500.0], "credit_limit": [1_000.0]}), AT).iloc[
        0
    ]
    assert (row["exposure_amount"], row["headroom"], row["excess"], row["limit_use"]) == (-500, 1_000, 0, 0)


def test_dates_of_the_limits():
    last = exposed(credit_limit=10_000.0, limit_until=AT)  # its last day still counts
    assert (last["limit_state"], last["excess"]) == ("limit_over", 30_000)
    gone = exposed(credit_limit=10_000.0, limit_until="2026-06-29")
    assert (gone["limit_state"], gone["credit_limit"], pd.isna(gone["headroom"])) == ("limit_expired", 10_000, True)
    undated = exposed(credit_limit=10_000.0, limit_date=None)
    assert (undated["limit_state"], pd.isna(undated["excess"])) == ("limit_undated", True)
    to_come = exposed(credit_limit=10_000.0, limit_date="2026-07-01")
    assert to_come["limit_state"] == "limit_undated"
    assert exposed(credit_limit=10_000.0, limit_date=AT)["limit_state"] == "limit_over"


def test_groups():
    members = pd.DataFrame(
        {
            "customer_id": ["A", "B", "C", "D", "E"], "group_id": ["G", "G", "G", None, "D"],
            "open_invoices": [30_000.0, 20_000.0, -7_000.0, 1_000.0, 500.0], "bills": [5_000.0, None, None, None, None],
            "credit_limit": [40_000.0, 10_000.0, None, 1_000.0, None],
            "insurer_limit": [10_000.0, 5_000.0, 0, None, None],
        }
    )  # fmt: skip
    by = exposure(members, AT, by="group_id").set_index("group_id")
    # C is in credit: it owes nothing, takes nothing off, and its missing limit does not matter
    assert by.loc["G", ["exposure_amount", "credit_limit", "excess", "members"]].tolist() == [55_000, 50_000, 5_000, 2]
    assert by.loc["G", "insurer_excess"] == 40_000
    assert by.loc["D", "limit_state"] == "limit_none"  # E owes and has no limit
    alone = exposure(members, AT).set_index("customer_id")
    assert alone.loc[["A", "B"], "excess"].tolist() == [0, 10_000]
    assert exposure(members, AT)["customer_id"].tolist()[0] == "B"  # largest excess first


def test_exposure_refuses_what_it_cannot_add_up():
    assert codes(exposure, pd.DataFrame({"customer": ["A"]}), AT) == [
        ("limit_missing_column", "parts"), ("limit_missing_column", "parts")
    ]  # fmt: skip
    bad = pd.DataFrame({"customer_id": ["A", "A", "B"], "open_invoices": [1.0, 2.0, 3.0], "bills": [-1.0, 0, 0],
                        "advances": ["x", 0, 0], "credit_limit": [1.0, float("inf"), -3],
                        "limit_until": ["2026-13-45", None, None], "currency": ["EUR", "EUR", "USD"]})  # fmt: skip
    assert codes(exposure, bad, AT, tolerance=10) == [
        ("limit_bad_share", "tolerance"), ("limit_customer_twice", "customer_id"), ("limit_bad_amount", "bills"),
        ("limit_bad_amount", "advances"), ("limit_bad_amount", "credit_limit"), ("limit_bad_amount", "credit_limit"),
        ("bad_date", "limit_until"), ("several_currencies", "currency"),
    ]  # fmt: skip


# ---------------------------------------------------------------- from a ledger


def ledger(engine="pandas"):
    items = [
        {"item_id": "F1", "amount": 1_000.0, "issue_date": "2026-05-01", "due_date": "2026-05-31"},
        {"item_id": "F2", "amount": 400.0, "issue_date": "2026-06-01", "due_date": "2026-07-31",
         "dispute_from": "2026-06-10"},
        {"item_id": "F5", "amount": 100.0, "issue_date": "2026-05-01", "due_date": "2026-06-01",
         "dispute_from": "2026-06-10"},
        {"item_id": "F3", "amount": 50.0, "issue_date": "2026-06-01", "due_date": "2027-06-01", "retention": True},
        {"item_id": "A1", "amount": -100.0, "issue_date": "2026-06-01", "due_date": "2026-06-01",
         "kind": "credit_note"},
        {"item_id": "F4", "customer_id": "C2", "amount": 300.0, "issue_date": "2026-06-01", "due_date": "2026-07-01"},
    ]  # fmt: skip
    receipt = [{"item_id": None, "amount": 200.0, "payment_date": "2026-06-15"}]
    made = make_ledger(items, receipt, engine)
    rows = [{"customer_id": "C1", "customer_name": "Un", "credit_limit": 1_200.0, "insurer_limit": 900.0},
            {"customer_id": "C2", "customer_name": "Deux", "credit_limit": 1_000.0}]  # fmt: skip
    made.customers = table(rows, CUSTOMERS)
    return made


@pytest.mark.parametrize("engine", ENGINES)
def test_parts_from_a_ledger(engine):
    row = follow_up.exposure_parts(ledger(engine), AT).set_index("customer_id").loc["C1"]
    # 1 000 + 400 + 100 + 50 - 100 open, 200 received and not allocated; 1 000 and 100 are late
    assert (row["open_invoices"], row["unallocated_receipts"]) == (1_450, 200)
    assert (row["overdue"], row["overdue_undisputed"], row["disputed"], row["retention"]) == (1_100, 1_000, 500, 50)
    today = follow_up.daily_follow_up(ledger(engine), AT).set_index("customer_id")
    assert today.loc["C1", ["exposure_amount", "headroom", "excess"]].tolist() == [1_250, -50, 50]
    assert today.loc["C1", "insurer_excess"] == 350
    assert today.loc["C2", ["exposure_amount", "headroom", "limit_state"]].tolist() == [300, 700, "limit_within"]


def test_external_information_completes_the_exposure():
    facts = [
        {"customer_id": "C2", "kind": "bills", "date": "2026-06-01", "amount": 400.0},
        {"customer_id": "C2", "kind": "order_backlog", "date": "2026-06-20", "amount": 350.0},
        {"customer_id": "C2", "kind": "order_backlog", "date": "2026-06-01", "amount": 9_000.0},  # replaced
        {"customer_id": "C2", "kind": "to_invoice", "date": None, "amount": 9_000.0},  # undated: not used
        {"customer_id": "C2", "kind": "advances", "date": "2026-06-20", "amount": 9_000.0, "until": "2026-06-29"},
        {"customer_id": "C2", "kind": "guarantee", "date": "2026-01-01", "value": "caution", "amount": 100.0},
        {"customer_id": "C1", "kind": "insurer_opinion", "date": "2026-06-25", "value": "refused", "amount": 0.0},
    ]
    today = follow_up.daily_follow_up(ledger(), AT, external_table(facts)).set_index("customer_id")
    row = today.loc["C2"]
    assert (row["exposure_amount"], row["excess"], row["secured"]) == (1_050, 50, 100)  # 300 + 400 + 350
    assert row["not_given"] == "to_invoice advances"
    assert today.loc["C1", ["insurer_limit", "insurer_excess"]].tolist() == [0, 1_250]


def test_register_of_dated_limits_takes_the_place_of_the_ledgers():
    register = pd.DataFrame({"customer_id": ["C1", "C2"], "credit_limit": [2_000.0, 500.0],
                             "date": ["2026-01-01", None], "until": ["2026-12-31", None]})  # fmt: skip
    today = follow_up.daily_follow_up(ledger(), AT, limits=register).set_index("customer_id")
    assert today.loc["C1", ["credit_limit", "headroom", "limit_state"]].tolist() == [2_000, 750, "limit_within"]
    assert today.loc["C2", "limit_state"] == "limit_undated"
    twice = pd.concat([register, register.head(1)])
    assert codes(follow_up.daily_follow_up, ledger(), AT, limits=twice) == [("limit_customer_twice", "limits")]
    assert codes(follow_up.daily_follow_up, ledger(), AT, limits=register.drop(columns=["date", "until"])) == [
        ("limit_missing_column", "limits"), ("limit_missing_column", "limits")
    ]  # fmt: skip


@pytest.fixture(scope="module")
def sample(root):
    return cm.read_ledger(root / "data" / "grand_livre.xlsx")


@pytest.mark.parametrize("by", ["customer_id", "group_id"])
def test_follow_up_agrees_with_limits_exceeded(sample, by):
    """The same customers, amounts and excesses as the function that was there before, computed on its own."""
    today = follow_up.daily_follow_up(sample, AT, by=by, tolerance=0.1)
    over = cm.limits_exceeded(cm.report_items(sample, AT), sample, tolerance=0.1, by=by)
    mine = today[today["limit_state"] == "limit_over"]
    assert len(mine) > 5
    names = [by, "excess", "credit_limit", "overdue"]
    assert mine[names].values.tolist() == over[names].values.tolist()
    assert mine["exposure_amount"].tolist() == over["outstanding"].tolist()
    coverage = cm.limits_coverage(cm.report_items(sample, AT), sample, by=by).iloc[0]
    owing = today[today["exposure_amount"] > 0]
    assert int((owing["limit_state"] == "limit_none").sum()) == coverage["count_without_limit"]


# ---------------------------------------------------------------- when a limit is exceeded


@pytest.mark.parametrize("language", ["fr", "en"])
def test_causes_and_actions(language):
    actions = follow_up.overrun_actions(language)
    assert not actions["key"].duplicated().any()
    assert (actions[["over_cause", "over_sign", "action", "owner"]] != "").all(axis=None)
    assert set(actions["measure"]) - {""} <= {*follow_up.PARTS, "overdue_undisputed", "disputed", "retention"}
    assert label("over_cause", language) in cm.display.table(
        actions, language, columns=["over_cause", "action", "owner"]
    )


def test_causes_that_the_figures_show():
    row = pd.Series({"excess": 5_000.0, "overdue_undisputed": 10_000.0, "disputed": 2_000.0,
                     "unallocated_receipts": 5_000.0, "retention": float("nan"), "order_backlog": 0.0})  # fmt: skip
    shown = follow_up.overrun_causes(row, "en")
    assert shown[["key", "cause_amount", "explains"]].values.tolist() == [
        ["over_late", 10_000, True], ["over_unallocated", 5_000, True], ["over_disputed", 2_000, False]
    ]  # fmt: skip
    assert follow_up.overrun_causes(row.to_dict() | {"excess": 0.0}).empty
    assert follow_up.overrun_causes({"excess": None}).empty


def test_every_sentence_is_used():
    assert unused_sentences("follow_up") == []


def test_labels_of_what_is_shown():
    named = {row["key"] for row in reference_rows("labels.csv")}
    keys = {row["owner"] for row in reference_rows("limit_actions.csv")} | {*follow_up.PARTS}
    keys |= {"limit_over", "limit_near", "limit_within", "limit_none", "limit_expired", "limit_undated"}
    assert keys - named == set()
