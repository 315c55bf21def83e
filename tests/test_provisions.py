"""Allowances: published cases, arithmetic by hand, the sample's own books, and what is not computable."""

from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import cmtools as cm
from cmtools.language import message
from cmtools.provisions import (
    ageing_allowances,
    allowances_compared,
    cohort_loss_rates,
    default_loss_shares,
    explain_compared,
    individual_allowances,
    loss_rates,
    provision_matrix,
    roll_loss_rates,
    shares_by_procedure,
)
from cmtools.schemas import InputError

EXAMPLES = yaml.safe_load((Path(__file__).parent / "examples" / "provisions.yaml").read_text(encoding="utf-8"))
NAN = float("nan")


def claim(customer, incl, **more):
    return {"customer_id": customer, "currency": "EUR", "open_amount": incl, "vat_rate": 0.2} | more


def codes(caught):
    return [defect.code for defect in caught.value.defects]


def numbers(series):
    return [None if value != value else float(value) for value in series]


# ---- claim by claim


@pytest.mark.parametrize("case", EXAMPLES["individual"], ids=lambda case: case["id"])
def test_published_individual_allowances(case):
    claims = pd.DataFrame([claim(row["customer"], float(row["incl_vat"])) for row in case["claims"]])
    shares = {row["customer"]: row["loss_share"] for row in case["claims"]}
    found = individual_allowances(claims, shares, existing={})
    assert found["open_excl_vat"].tolist() == pytest.approx(case["excl_vat"], abs=case["tolerance"])
    assert found["needed"].tolist() == pytest.approx(case["needed"], abs=case["tolerance"])
    assert found["dotation"].tolist() == pytest.approx(case["needed"], abs=case["tolerance"])
    on_incl_vat = [shares[row["customer"]] * row["incl_vat"] for row in case["claims"]]
    assert sum(on_incl_vat) == pytest.approx(1.2 * found["needed"].sum())  # the trap: a fifth too much


def test_published_settlement_of_the_first_customer():
    """H pays 900 of 1 200: 300 lost incl. VAT, 250 excl. VAT, 50 of VAT; the allowance of 300 is taken back whole."""
    case = EXAMPLES["individual"][0]["settlement"]
    assert case["incl_vat"] - case["paid"] == case["lost_incl_vat"]
    events = pd.DataFrame([{"event": "loss", "amount_incl_vat": 300.0, "amount_excl_vat": 300 / 1.2}])
    lines = cm.allowance_entries(events, "2025-01-01").set_index("account")
    assert lines.loc["654", "debit"] == case["lost_excl_vat"]
    assert lines.loc["44571", "debit"] == case["vat"]
    none_left = pd.DataFrame([claim("P", 10800.0)])
    after = individual_allowances(none_left, {"P": 0.6}, existing={"H": 300.0, "P": 5400.0}).set_index("customer_id")
    assert after.loc["H", ["open_amount", "needed", "dotation", "reversal"]].tolist() == [0, 0, 0, 300]
    assert after.loc["P", ["dotation", "reversal"]].tolist() == [0, 0]


def test_movements_and_cover_by_hand():
    claims = pd.DataFrame([claim("A", 1200.0), claim("A", 600.0), claim("B", 2400.0), claim("C", 120.0)])
    found = individual_allowances(
        claims, {"A": 0.5, "B": 0.25, "C": 1.0}, existing={"A": 1000.0, "B": 100.0}, insured={"B": 1200.0, "C": 500.0}
    ).set_index("customer_id")
    assert found["open_excl_vat"].to_dict() == {"A": 1500, "B": 2000, "C": 100}
    assert found["insured_off"].to_dict() == {"A": 0, "B": 1200, "C": 100}  # no more than the claim
    assert found["needed"].to_dict() == {"A": 750, "B": 200, "C": 0}
    assert found["dotation"].to_dict() == {"A": 0, "B": 100, "C": 0}
    assert found["reversal"].to_dict() == {"A": 250, "B": 0, "C": 0}
    assert found["reason"].isna().all()


def test_halves_of_a_cent_go_up():
    """232.05 x 50 % = 116.025 and 2.675 x 100: what binary floats would round down."""
    claims = pd.DataFrame([claim("A", 232.05, open_excl_vat=232.05), claim("B", 5.35, open_excl_vat=5.35)])
    assert individual_allowances(claims, {"A": 0.5, "B": 0.5})["needed"].tolist() == [116.03, 2.68]


@pytest.mark.parametrize(
    ("shares", "existing", "row", "reason", "needed"),
    [
        ({"A": 0.5}, {}, {"vat_rate": NAN}, "excl_vat_unknown", None),
        ({}, {}, {}, "no_loss_share", None),
        ({"A": 0.5}, None, {}, "existing_unknown", 500.0),
        ({"A": 0.5}, {"": 3.0}, {}, "existing_unattributed", 500.0),
    ],
)
def test_what_is_not_computable_says_why(shares, existing, row, reason, needed):
    found = individual_allowances(pd.DataFrame([claim("A", 1200.0) | row]), shares, existing=existing)
    assert found["reason"].tolist() == [reason]
    assert numbers(found["needed"]) == [needed]
    assert numbers(found["dotation"]) == numbers(found["reversal"]) == [None]


def test_one_claim_without_vat_makes_its_customer_unknown_not_smaller():
    claims = pd.DataFrame([claim("A", 1200.0), claim("A", 600.0, vat_rate=NAN), claim("B", 120.0)])
    assert numbers(individual_allowances(claims, {"A": 0.5, "B": 0.5})["needed"]) == [None, 50.0]
    by_item = individual_allowances(
        claims.assign(item_id=["1", "2", "3"]), dict.fromkeys("123", 0.5), existing={}, by="item_id"
    )
    assert numbers(by_item["needed"]) == [500.0, None, 50.0]


def test_all_that_is_wrong_is_told_at_once():
    claims = pd.DataFrame([claim("A", 1200.0)])
    with pytest.raises(InputError) as caught:
        individual_allowances(claims, {"A": 1.2, "B": -0.1, "C": NAN, "D": "half", "E": True})
    assert codes(caught) == ["bad_loss_share"] * 5
    assert "« 1.2 » pour A n'est pas une part de perte" in caught.value.text("fr")
    assert "“half” for D is no share of loss" in caught.value.text("en")
    for wrong in ({"existing": {"A": -5.0}}, {"insured": {"A": NAN}}):
        with pytest.raises(InputError) as caught:
            individual_allowances(claims, {"A": 0.5}, **wrong)
        assert codes(caught) == ["bad_allowance_amount"]
        assert all("A" in caught.value.text(language) for language in ("fr", "en"))
    with pytest.raises(InputError) as caught:
        individual_allowances(claims.drop(columns="vat_rate"), {"A": 0.5})
    assert codes(caught) == ["missing_columns"]
    with pytest.raises(InputError) as caught:
        individual_allowances(pd.DataFrame([claim("A", 1.0), claim("A", 1.0, currency="USD")]), {"A": 0.5})
    assert codes(caught) == ["several_currencies"]
    with pytest.raises(InputError) as caught:
        individual_allowances(claims, {"A": 0.5}, by="country")
    assert codes(caught) == ["bad_choice"]


def test_arguments_are_left_as_they_were():
    claims, shares = pd.DataFrame([claim("A", 1200.0)]), {"A": 0.5}
    before = claims.copy()
    individual_allowances(claims, shares, existing={"B": 3.0})
    pd.testing.assert_frame_equal(claims, before)


@given(st.lists(st.tuples(st.integers(1, 10**8), st.integers(0, 100), st.integers(0, 10**8)), min_size=1, max_size=6))
def test_needed_less_existing_is_booked(rows):
    claims = pd.DataFrame([claim(str(k), cents / 100) for k, (cents, _, _) in enumerate(rows)])
    shares = {str(k): share / 100 for k, (_, share, _) in enumerate(rows)}
    existing = {str(k): cents / 100 for k, (_, _, cents) in enumerate(rows)}
    found = individual_allowances(claims, shares, existing=existing)
    booked = found["existing"] + found["dotation"] - found["reversal"]
    assert booked.tolist() == pytest.approx(found["needed"].tolist(), abs=0.005)
    assert (found["dotation"] * found["reversal"] == 0).all()
    assert (found["needed"] <= found["open_excl_vat"] + 0.005).all()


def test_shares_by_procedure():
    claims = pd.DataFrame({"customer_id": ["A", "B", "C", "A"]})
    insolvent = pd.DataFrame({"customer_id": ["B", "C"], "procedure": ["liquidation", "safeguard"]})
    assert shares_by_procedure(claims, insolvent, {"none": 0.3, "liquidation": 0.9}) == {"A": 0.3, "B": 0.9}
    with pytest.raises(InputError) as caught:
        shares_by_procedure(claims, insolvent, {"none": 30, "liquidation": 90})
    assert codes(caught) == ["bad_loss_share"] * 2
    assert set(default_loss_shares()) == {"none", "safeguard", "receivership", "liquidation"}


# ---- the sample's own books


@pytest.fixture(scope="module")
def ledger(root):
    return cm.read_ledger(root / "data" / "grand_livre.xlsx")


@pytest.fixture(scope="module")
def external(root):
    return cm.read_external(root / "data" / "informations.csv")


def booked_at(root, year):
    """What the sample's books hold on 491, by customer and amount (credit positive), at a closing."""
    path = root / "data" / f"904172638FEC{year}0630.txt"
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    mine = [line for line in lines if line[4].startswith("491") and line[3] == f"{year}0630"]
    return sorted(
        (line[6], round(float(line[12].replace(",", ".")) - float(line[11].replace(",", ".")), 2)) for line in mine
    )


def test_the_allowances_are_those_of_the_samples_books(ledger, external, root):
    """Closing of June 2025: half; of June 2026: all for 000116 in liquidation, half for 000128 (make_sample.py)."""
    before = cm.doubtful_claims(ledger, "2025-06-30")
    first = individual_allowances(before, dict.fromkeys(before["item_id"], 0.5), existing={}, by="item_id")
    assert sorted(zip(first["customer_id"], first["dotation"])) == booked_at(root, 2025)
    claims = cm.doubtful_claims(ledger, "2026-06-30")
    shares = shares_by_procedure(claims, cm.insolvencies(external, "2026-06-30"))
    assert shares == {"000116": 1.0, "000128": 0.5}
    by_item = {item: shares[customer] for item, customer in zip(claims["item_id"], claims["customer_id"])}
    existing = dict(zip(first["item_id"], first["needed"]))
    second = individual_allowances(claims, by_item, existing=existing, by="item_id")
    moved = second["dotation"] - second["reversal"]
    assert sorted(round(amount, 2) for amount in moved) == sorted(amount for _, amount in booked_at(root, 2026))
    assert round(second["needed"].sum(), 2) == 25831.46  # account 491 of the books
    by_customer = individual_allowances(claims, shares, existing={"000116": 14987.18}).set_index("customer_id")
    assert by_customer.loc["000116", ["needed", "reversal"]].tolist() == [14800.70, 186.48]
    assert by_customer.loc["000128", ["needed", "dotation"]].tolist() == [11030.76, 11030.76]


def test_the_sample_side_by_side(ledger, external):
    claims, insolvent = cm.doubtful_claims(ledger, "2026-06-30"), cm.insolvencies(external, "2026-06-30")
    individual = individual_allowances(claims, shares_by_procedure(claims, insolvent))
    balances = cm.balances_by_bucket(
        ledger, "2026-06-30", insolvent=insolvent["customer_id"].tolist(), incl_vat_up_to=0.01
    )
    rates = loss_rates(cm.loss_history(ledger, "2026-06-30"))
    assert rates["lost"].tolist() == [8035.88 + 4635.04 + 2502.66] * 6  # the three write-offs of 29 May 2026
    assert rates[["lost_items", "cohorts_used", "cohorts_young"]].values.tolist() == [[3, 24, 12]] * 6
    assert rates["bucket_loss_rate"].is_monotonic_increasing
    matrix = provision_matrix(balances, rates)
    expected = [
        round(owed * 15173.58 / reached, 2) for owed, reached in zip(balances["rest_exposure"], rates["reached"])
    ]
    assert matrix["expected_loss"].tolist() == pytest.approx([*expected, 0], abs=0.011)
    ageing = ageing_allowances(balances, dict.fromkeys(balances["bucket"], 0.1))
    assert ageing["ageing_allowance"].sum() == pytest.approx(balances["gross"].sum() / 10, abs=0.05)
    table = allowances_compared(individual, ageing, matrix).set_index("method")
    assert table.loc["method_individual", "allowance"] == 25831.46
    assert table.loc["method_ifrs9", "allowance"] == pytest.approx(25831.46 + matrix["expected_loss"].sum())
    strict = cm.balances_by_bucket(ledger, "2026-06-30")
    aged = ageing_allowances(strict, dict.fromkeys(strict["bucket"], 0.1))
    blank = allowances_compared(individual, aged, provision_matrix(strict, rates))
    assert blank["reason"].tolist()[1:] == ["part_not_computable"] * 2


# ---- by age


def test_ageing_by_hand_and_what_is_missing():
    balances = pd.DataFrame(
        {"bucket": ["not_due", "d1_30", "over_30", "unknown_age"], "gross": [1000.0, 200.0, 50.55, 10.0],
         "rest_exposure": [900.0, 100.0, 0.0, 10.0], "not_converted": [0.0, 12.0, 0.0, 0.0]}
    )  # fmt: skip
    found = ageing_allowances(balances, {"not_due": 0.01, "d1_30": 0.1, "over_30": 0.5})
    assert numbers(found["ageing_allowance"]) == [10.0, None, 25.28, None]
    assert found["reason"].fillna("").tolist() == ["", "excl_vat_unknown", "", "no_share_of_bucket"]
    rest = ageing_allowances(balances, {"not_due": 0.01}, of="rest_exposure")
    assert numbers(rest["ageing_allowance"])[2] == 0.0  # nothing stands there: nil, whatever the percentage
    with pytest.raises(InputError) as caught:
        ageing_allowances(balances, {"not_due": 1, "d1_30": 50})  # 50 is not 50 %
    assert codes(caught) == ["bad_loss_share"]


# ---- IFRS 9


@pytest.mark.parametrize("case", EXAMPLES["matrix"], ids=lambda case: case["id"])
def test_published_matrix(case):
    rates = cohort_loss_rates(case["reached"], case["lost"])
    assert (100 * rates["bucket_loss_rate"]).tolist() == pytest.approx(case["rates_pct"], abs=5e-5)
    assert (100 * rates["bucket_loss_rate"]).tolist() == pytest.approx(case["printed_rates_pct"], abs=0.05)
    found = provision_matrix(case["balances"], rates)
    assert found["expected_loss"].tolist() == pytest.approx(case["expected"], abs=0.005)
    assert found["expected_loss"].tolist() == pytest.approx(case["printed"], abs=case["tolerance"])
    assert found["expected_loss"].sum() == pytest.approx(case["total"], abs=0.005)
    assert found["forward_factor"].unique().tolist() == [1.0]
    # the printed 8.7 %, rounded, would make 5 220 instead of 5 217.39
    rounded = provision_matrix(case["balances"], {"d31_60": 0.087}).set_index("bucket")
    assert rounded.loc["d31_60", "expected_loss"] == 5220


def history(**columns):
    base = {"cohort": ["used", "used", "too_young"], "lost_items": [1, 0, 2], "still_open": [10.0, 5.0, 99.0],
            "open_doubtful": [0.0, 4.0, 50.0], "unknown_items": [0, 0, 7]}  # fmt: skip
    return pd.DataFrame(base | columns)


def test_rates_leave_out_what_is_too_young():
    found = loss_rates(history(reached_not_due=[600.0, 400.0, 5000.0], lost_not_due=[20.0, 0.0, 900.0],
                               reached_d1_30=[60.0, 20.0, 4000.0], lost_d1_30=[20.0, 0.0, 900.0]))  # fmt: skip
    assert found["bucket_loss_rate"].tolist() == [20 / 1000, 20 / 80]
    told = found.iloc[0][["lost_items", "cohorts_used", "cohorts_young", "still_open", "open_doubtful"]]
    assert told.tolist() == [1, 2, 1, 15.0, 4.0]
    worse = loss_rates(history(reached_not_due=[600.0, 400.0, 0.0], lost_not_due=[20.0, 0.0, 0.0]), "doubtful_lost")
    assert worse["bucket_loss_rate"].tolist() == [24 / 1000]


def test_rates_that_cannot_be_told():
    nothing = loss_rates(history(reached_not_due=[600.0, 400.0, 0.0], lost_not_due=[0.0, 0.0, 0.0],
                                 reached_d1_30=[0.0, 0.0, 0.0], lost_d1_30=[0.0, 0.0, 0.0]))  # fmt: skip
    assert numbers(nothing["bucket_loss_rate"]) == [0.0, None]
    assert nothing["reason"].tolist() == ["no_loss_observed", "no_reached"]
    young = history(reached_not_due=[1.0, 1.0, 1.0], lost_not_due=[0.0, 0.0, 0.0]).assign(cohort="too_young")
    assert loss_rates(young)["reason"].tolist() == ["no_cohort"]
    blank = history(reached_not_due=[1.0, 1.0, 1.0], lost_not_due=[0.5, 0.0, 0.0], unknown_items=[0, 3, 0])
    assert loss_rates(blank)["reason"].tolist() == ["excl_vat_unknown"]
    assert numbers(loss_rates(blank)["bucket_loss_rate"]) == [None]
    found = provision_matrix({"not_due": 100.0}, loss_rates(blank))
    assert found["reason"].tolist() == ["no_rate_of_bucket"]
    with pytest.raises(InputError) as caught:
        loss_rates(young, "all_lost")
    assert codes(caught) == ["bad_choice"]


def test_a_cohort_cannot_lose_more_than_reached():
    with pytest.raises(InputError) as caught:
        cohort_loss_rates({"not_due": 100, "d1_30": 5, "d31_60": 4}, lost=10)
    assert codes(caught) == ["reached_below_lost"] * 2
    assert "(10)" in caught.value.text("fr")
    with pytest.raises(InputError) as caught:
        cohort_loss_rates({"not_due": -1}, lost=NAN)
    assert codes(caught) == ["bad_allowance_amount"] * 2
    assert cohort_loss_rates({"not_due": 100, "over_90": 0}, lost=0)["reason"].tolist() == [
        "no_loss_observed",
        "no_reached",
    ]


def test_forward_factor_is_shown_and_capped():
    found = provision_matrix({"not_due": 1000.0, "over_90": 100.0}, {"not_due": 0.02, "over_90": 0.9}, forward=1.25)
    assert found["applied_rate"].tolist() == [pytest.approx(0.025), 1.0]
    assert found["expected_loss"].tolist() == [25.0, 100.0]
    assert found["forward_factor"].tolist() == [1.25, 1.25]
    for wrong in (-0.1, NAN, float("inf")):
        with pytest.raises(InputError) as caught:
            provision_matrix({"not_due": 1.0}, {"not_due": 0.1}, forward=wrong)
        assert codes(caught) == ["bad_forward_factor"]
    with pytest.raises(InputError) as caught:
        provision_matrix({"not_due": 1.0}, {"not_due": 2.0})
    assert codes(caught) == ["bad_loss_share"]


def test_roll_rates_by_hand():
    rolls = pd.DataFrame(
        {"from_state": ["not_due", "d1_30", "d31_60", "d61_90"], "to_state": ["d1_30", "d31_60", "d61_90", "over_90"],
         "roll_rate": [0.2, 0.5, 0.4, NAN], "reason": [None, None, None, "roll_open_ended"]}
    )  # fmt: skip
    found = roll_loss_rates(rolls, 0.25)
    assert found["bucket"].tolist() == ["not_due", "d1_30", "d31_60", "d61_90", "over_90"]
    assert found["rolled_share"].tolist() == pytest.approx([0.04, 0.2, 0.4, 1, 1])
    assert found["bucket_loss_rate"].tolist() == pytest.approx([0.01, 0.05, 0.1, 0.25, 0.25])
    broken = rolls.assign(roll_rate=[0.2, NAN, 0.4, NAN], reason=[None, "no_outstanding", None, "roll_open_ended"])
    assert numbers(roll_loss_rates(broken, 0.25)["bucket_loss_rate"]) == [None, None, pytest.approx(0.1), 0.25, 0.25]
    assert roll_loss_rates(rolls.head(0), 0.25).empty
    with pytest.raises(InputError) as caught:
        roll_loss_rates(rolls, 25)
    assert codes(caught) == ["bad_loss_share"]


# ---- side by side


def test_compared_says_what_may_be_done():
    table = allowances_compared(
        pd.DataFrame({"needed": [100.0, 50.0]}), pd.DataFrame({"ageing_allowance": [80.0]}),
        pd.DataFrame({"expected_loss": [30.0, 1.0]}),
    ).set_index("method")  # fmt: skip
    assert table["allowance"].to_dict() == {"method_individual": 150, "method_ageing": 80, "method_ifrs9": 181}
    assert table["may_book"].tolist() == ["yes", "not_as_such", "ifrs_accounts_only"]
    assert table["may_deduct"].tolist() == ["on_conditions", "not_as_such", "no"]
    assert numbers(table["not_estimated"]) == [None, 0.0, None]
    for language in ("fr", "en"):
        said = explain_compared(table.reset_index(), language)
        assert said["deduct_why"].tolist() == [message(key, language) for key in table["deduct_why"]]


def test_what_the_matrix_leaves_out_is_told():
    balances = pd.DataFrame({"case_disputed": [40.0, 5.0], "case_insolvent": [0.0, 3.0], "rest_exposure": [1.0, 2.0]})
    table = allowances_compared(
        pd.DataFrame({"needed": [100.0]}), pd.DataFrame({"ageing_allowance": [80.0]}),
        pd.DataFrame({"expected_loss": [30.0]}), balances,
    )  # fmt: skip
    assert numbers(table["not_estimated"]) == [None, 0.0, 48.0]


def test_compared_keeps_unknown_unknown():
    ageing, matrix = pd.DataFrame({"ageing_allowance": [80.0, NAN]}), pd.DataFrame({"expected_loss": [30.0]})
    table = allowances_compared(None, ageing, matrix)
    assert numbers(table["allowance"]) == [None, None, None]  # doubtful claims not told: unknown, not nil
    assert table["reason"].tolist() == ["part_not_computable"] * 3
    assert numbers(table["on_others"]) == [None, None, 30.0]
    with pytest.raises(InputError):
        allowances_compared(pd.DataFrame({"amount": [1.0]}), ageing, matrix)


@pytest.mark.parametrize("amount", [float("inf"), "5000", None, True, -1.0])
def test_an_existing_allowance_is_a_finite_amount(amount):
    claims = pd.DataFrame(
        {
            "item_id": ["F1"],
            "customer_id": ["A"],
            "currency": ["EUR"],
            "open_amount": [1200.0],
            "open_excl_vat": [1000.0],
        }
    )
    with pytest.raises(InputError) as refused:
        individual_allowances(claims, {"A": 0.5}, existing={"A": amount})
    assert str(amount) in refused.value.text("en")


@pytest.mark.parametrize("forward", ["1.2", None, float("nan"), -0.1])
def test_a_forward_looking_factor_is_a_number(forward):
    with pytest.raises(InputError):
        provision_matrix({"not_due": 100.0}, {"not_due": 0.1}, forward=forward)
