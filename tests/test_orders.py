"""Orders: each rule on both sides of its threshold, prepayment, unblocking, and their words."""

import pandas as pd
import pytest
from refusals import codes, unused_sentences

import cmtools as cm
from cmtools import orders
from cmtools.language import THIN, label
from cmtools.orders import BlockingRules, Unblocking, check_order
from cmtools.settings import reference_rows

AT = "2026-06-30"
SOUND = {"exposure": 15_000, "limit": 20_000, "broken_promises": 0, "insurer_limit": 20_000,
         "proceedings": "no_proceedings",
         "items": pd.DataFrame({"open_amount": [100.0], "days_late": [0]})}  # fmt: skip


def order(amount=5_000, **given):
    return check_order(amount, AT, **(SOUND | given))


def broken(checked):
    return dict(zip(checked.rules["rule"], checked.rules["outcome"]))


def test_an_order_within_the_limit_passes():
    checked = order()
    assert (checked.outcome, broken(checked), checked.not_checked, checked.exposure_after) == ("accept", {}, (), 20_000)
    assert broken(order(5_000.01)) == {"over_limit": "hold"}
    assert order(7_000, rules=BlockingRules(tolerance=0.1)).outcome == "accept"  # 22 000 = 20 000 x 1.1
    assert order(7_000.01, rules=BlockingRules(tolerance=0.1)).outcome == "hold"
    assert order(6_000, in_exposure=True).outcome == "accept"  # at delivery the order is in the exposure already


def test_old_overdue_is_an_amount_and_an_age():
    def late(*rows, **rules):
        items = pd.DataFrame(rows, columns=["open_amount", "days_late", "disputed"])
        return broken(order(items=items, rules=BlockingRules(**rules)))

    assert late((1_000.01, 31, False)) == {"overdue_too_old": "hold"}
    assert late((1_000, 31, False)) == {}  # the amount is not above
    assert late((5_000, 30, False)) == {}  # nor is the age
    assert late((5_000, 90, True)) == {}  # disputed
    assert late((600, 40, False), (500, 40, False)) == {"overdue_too_old": "hold"}
    assert late(*[(10, 90, False)] * 200) == {}  # two hundred residues are rounding
    assert late(*[(10.01, 90, False)] * 200) == {"overdue_too_old": "hold"}
    assert late((5_000, 90, False), overdue_amount=5_000) == {}
    assert late((-5_000, 90, False)) == {}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"limit": None}, {"no_limit": "hold"}),
        ({"limit": 0}, {"limit_refused": "prepayment"}),
        ({"limit_until": "2026-06-29"}, {"limit_expired": "hold"}),
        ({"limit_until": AT}, {}),
        ({"insurer_limit": 0}, {"insurer_cut": "hold"}),
        ({"insurer_until": "2026-06-29"}, {"insurer_cut": "hold"}),
        ({"proceedings": "receivership"}, {"proceedings": "prepayment"}),
        ({"broken_promises": 2}, {"promises_broken": "prepayment"}),
        ({"broken_promises": 1}, {}),
        ({"exposure": None}, {"exposure_unknown": "hold"}),
        ({"exposure": -4_000}, {}),
    ],
)
def test_the_other_rules(given, expected):
    checked = order(**given)
    assert broken(checked) == expected
    assert checked.outcome == next(iter(expected.values()), "accept")


def test_the_gravest_rule_decides_and_all_are_told():
    checked = order(50_000, proceedings="liquidation", limit_until="2026-01-01")
    assert checked.outcome == "prepayment"
    assert broken(checked) == {"limit_expired": "hold", "over_limit": "hold", "proceedings": "prepayment"}
    milder = order(50_000, rules=BlockingRules(outcomes={"over_limit": "prepayment"}))
    assert milder.outcome == "prepayment"
    assert order(50_000, rules=BlockingRules(outcomes={"over_limit": "accept"})).outcome == "accept"


def test_prepaid_orders_pass():
    grave = {"proceedings": "liquidation", "limit": 0}
    assert order(5_000, prepaid=5_000, **grave).outcome == "accept"
    assert order(5_000, prepaid=4_000, **grave).outcome == "prepayment"
    assert order(9_000, prepaid=4_000).outcome == "accept"  # 15 000 + 5 000 unpaid
    assert "prepaid" in order(5_000, prepaid=5_000, **grave).notes


def test_nothing_is_held_at_invoicing():
    checked = order(50_000, stage="invoicing")
    assert (checked.outcome, checked.notes) == ("accept", ("too_late",))
    assert broken(checked) == {"over_limit": "hold"}  # told nevertheless
    assert order(50_000, stage="delivery").outcome == "hold"


def test_rules_without_data_are_told():
    checked = check_order(1_000, AT, exposure=0, limit=5_000)
    assert checked.outcome == "accept"
    assert checked.not_checked == ("overdue_too_old", "insurer_cut", "proceedings", "promises_broken")


def test_unblocking():
    kept = Unblocking("C1", "CMD7", "M. Dupuy", "cfo", "réglé ce matin", "2026-06-30", "2026-07-15")
    assert order(50_000, unblocking=kept, order="CMD7").outcome == "accept"
    assert order(50_000, unblocking=kept, order="CMD8").outcome == "hold"
    late = check_order(50_000, "2026-07-16", **SOUND | {"unblocking": kept, "order": "CMD7"})
    assert late.outcome == "hold"
    assert order(50_000, limit=0, unblocking=kept, order="CMD7").outcome == "prepayment"
    row = kept.table().iloc[0]
    assert (row["decided_by"], row["role"], row["unblocking_reason"]) == ("M. Dupuy", "cfo", "réglé ce matin")
    assert (row["decided_on"], row["until"]) == (pd.Timestamp("2026-06-30"), pd.Timestamp("2026-07-15"))
    assert codes(Unblocking, "C1", "", " ", "cfo", "", "2026-06-30", "2026-06-29") == [
        ("limit_unblocking_blank", "decided_by"), ("limit_unblocking_blank", "reason"),
        ("limit_unblocking_dates", "until"),
    ]  # fmt: skip
    assert ("limit_unblocking_blank", "until") in codes(Unblocking, "C1", "", "M", "cfo", "r", "2026-06-30", None)


def test_orders_that_cannot_be():
    assert codes(check_order, -1, AT, exposure=float("inf"), limit=-5, prepaid=20, proceedings="sick",
                 rules=BlockingRules(tolerance=10, outcomes={"over": "stop"}),
                 items=pd.DataFrame({"open_amount": [1.0]})) == [
        ("limit_bad_amount", "amount"), ("limit_bad_amount", "limit"), ("limit_bad_amount", "exposure"),
        ("limit_prepaid_above", "prepaid"), ("limit_bad_share", "tolerance"), ("bad_choice", "proceedings"),
        ("bad_choice", "outcomes"), ("bad_choice", "outcomes"), ("limit_missing_column", "items"),
    ]  # fmt: skip
    assert codes(check_order, float("nan"), AT) == [("limit_bad_amount", "amount")]
    assert codes(check_order, 1, AT, stage="payment") == [("bad_choice", "stage")]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_orders_in_words(language):
    grave = order(50_000, limit=None, limit_until=None, proceedings="liquidation", broken_promises=3,
                  insurer_limit=0, exposure=None,
                  items=pd.DataFrame({"open_amount": [9_000.0], "days_late": [90]}))  # fmt: skip
    said = orders.order_sentences(grave, "EUR", language)
    assert len(said) == 1 + len(grave.rules) == 7
    assert any(("9 000,00" if language == "fr" else "9,000.00") in text.replace(THIN, " ") for text in said)
    for other in (order(5_000, prepaid=5_000), order(9e9, stage="invoicing", in_exposure=True), check_order(1, AT),
                  order(limit=0), order(limit_until="2020-01-01")):  # fmt: skip
        assert orders.order_sentences(other, "EUR", language)
    assert label("over_limit", language) in cm.display.table(order(50_000).rules, language)


def test_every_sentence_is_used():
    assert unused_sentences("orders") == []


def test_labels_of_what_is_shown():
    named = {row["key"] for row in reference_rows("labels.csv")}
    assert {*orders.OUTCOMES, *orders.OUTCOME_OF} - named == set()
