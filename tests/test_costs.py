"""Costs of lateness and non-payment; expected numbers are published, or worked out by hand beside each test."""

import dataclasses
import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import cmtools as cm
from cmtools import costs
from cmtools.costs import UnpaidInvoice, unpaid_cost
from cmtools.schemas import InputError

EXAMPLES = yaml.safe_load((Path(__file__).parent / "examples" / "costs.yaml").read_text(encoding="utf-8"))
NAN = float("nan")
# Everything known: 6 000 incl. 20 % of VAT lost in a liquidation.
LOST = UnpaidInvoice(
    6_000, vat_rate=0.20, vat="recoverable", vat_regime="debits", lost_share=1, insured_share=0, guarantee=0,
    financing_rate=0.05, days=180, hours=10, hourly_cost=40, other_handling=60, legal_costs=350, vat_days=30,
    lost_bonus=200, late_interest=0, fixed_indemnity=40, margin_rate=0.10,
)  # fmt: skip


def changed(**values):
    return dataclasses.replace(LOST, **values)


def parts(invoice):
    return unpaid_cost(invoice).table.set_index("component")["amount"].to_dict()


def codes(refused):
    return [(defect.code, defect.column) for defect in refused.value.defects]


# --- compensating sales -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", EXAMPLES["compensating_sales"], ids=lambda case: case["id"])
def test_published_matrices(case):
    found = cm.compensating_sales(case["losses"], case["margin_rate"])
    assert found["sales"].tolist() == pytest.approx(case["sales"], abs=0.005)
    assert found["sales"].tolist() == pytest.approx(case["printed"], abs=case["tolerance"])
    assert found["reason"].isna().all()
    one = [cm.compensating_sales(loss, case["margin_rate"]).sales for loss in case["losses"]]
    assert one == found["sales"].tolist()


@pytest.mark.parametrize("case", EXAMPLES["markup_trap"], ids=lambda case: case["id"])
def test_margin_on_cost_is_not_margin_on_price(case):
    on_cost = (case["unit_price"] - case["unit_cost"]) / case["unit_cost"]
    assert on_cost == pytest.approx(case["markup_on_cost"])
    on_price = cm.margin_on_price(on_cost)
    assert on_price == pytest.approx(case["margin_on_price"], abs=case["tolerance"])
    assert cm.margin_on_cost(on_price) == pytest.approx(on_cost)
    assert cm.compensating_sales(case["loss"], on_price).sales == pytest.approx(case["sales"])
    assert cm.compensating_sales(case["loss"], on_cost).sales == case["sales_if_markup_used"]


def test_the_two_views_of_a_loss():
    # 5 000 excl. VAT at 20 %: it had cost 4 000. Sales of 20 000 leave 4 000; sales of 25 000 leave 5 000.
    assert cm.compensating_sales(5_000, 0.20).sales == 25_000
    assert cm.compensating_sales(5_000, 0.20, view="outlay").sales == 20_000
    assert cm.compensating_sales(5_000, 1.0, view="outlay").sales == 0


def test_half_a_cent_goes_up():
    # 0.01 / 0.8 = 0.0125, 0.03 / 0.8 = 0.0375; 0.1 / 0.8 = 0.125, which rounding to the even cent would make 0.12
    assert [cm.compensating_sales(loss, 0.8).sales for loss in (0.01, 0.03, 0.10)] == [0.01, 0.04, 0.13]


def test_a_margin_that_makes_up_nothing_is_said():
    for rate in (0, -0.05, -15, 1e-9):
        found = cm.compensating_sales(5_000, rate)
        assert (found.sales, found.reason) == (None, "cost_margin_not_positive")
    whole = cm.compensating_sales(5_000, 1, margin="contribution")
    assert (whole.sales, whole.reason, whole.margin) == (5_000, "cost_margin_whole", "contribution")
    assert cm.compensating_sales(0, 0.1)[0::5] == (0.0, "cost_no_loss")
    for blank in (None, NAN, pd.NA, pd.NaT):
        assert cm.compensating_sales(blank, 0.1).reason == "cost_loss_unknown"
        assert cm.compensating_sales(100, blank).reason == "cost_margin_unknown"
        assert cm.compensating_sales(blank, 0.1).sales is None


def test_sequences_give_a_row_each():
    found = cm.compensating_sales(pd.Series([100.0, None, 300.0]), np.array([0.1, 0.1, 0.0]))
    assert found["sales"].tolist()[0] == 1_000
    assert found["sales"].isna().tolist() == [False, True, True]
    assert found["reason"].tolist()[1:] == ["cost_loss_unknown", "cost_margin_not_positive"]
    assert cm.compensating_sales(500, (0.1, 0.2))["sales"].tolist() == [5_000, 2_500]
    assert len(cm.compensating_sales([], 0.1)) == 0


def test_every_value_that_cannot_be_is_told_at_once():
    with pytest.raises(InputError) as refused:
        cm.compensating_sales([-1, "cinq mille", math.inf], [10, 0.1, True], view="both", margin="brute")
    assert codes(refused) == [
        ("bad_choice", "view"), ("bad_choice", "margin"), ("cost_bad_loss", "loss"), ("cost_bad_margin", "margin_rate"),
        ("cost_bad_loss", "loss"), ("cost_bad_loss", "loss"), ("cost_bad_margin", "margin_rate"),
    ]  # fmt: skip
    assert "10 % s'écrit 0.10" in refused.value.text("fr")
    assert "10% is written 0.10" in refused.value.text("en")
    with pytest.raises(InputError, match="2, 3"):
        cm.compensating_sales([1, 2], [0.1, 0.2, 0.3])


def test_a_percentage_for_a_fraction_is_refused():
    for call in (cm.margin_on_cost, lambda rate: cm.compensating_sales(1, rate)):
        with pytest.raises(InputError):
            call(1.2)
    for rate in (20, 120, -1.5, "0.2", True, math.inf):
        with pytest.raises(InputError, match="taux de marge sur le coût"):
            cm.margin_on_price(rate)
    assert (cm.margin_on_price(2.5), cm.margin_on_price(None), cm.margin_on_price(-1)) == (
        pytest.approx(Fraction(5, 7)), None, None,
    )  # fmt: skip
    assert cm.margin_on_cost(1) is None


@given(st.integers(1, 10**9), st.integers(1, 100))
def test_the_margin_on_the_sales_found_is_the_loss(cents, percent):
    loss, rate = cents / 100, percent / 100
    sales = Fraction(str(cm.compensating_sales(loss, rate).sales))
    assert abs(sales * percent / 100 - Fraction(cents, 100)) <= Fraction(percent, 100) * Fraction(1, 200)


# --- matrix -------------------------------------------------------------------------------------------------------


def test_matrix_holds_the_case_of_the_course():
    matrix = cm.hidden_cost_matrix([1_000, 5_000, 20_000], [0.05, 0.10, 0.15, 0.25])
    assert matrix.loc[5_000, 0.10] == 50_000
    assert matrix.loc[20_000].tolist() == [400_000, 200_000, 133_333.33, 80_000]
    assert (matrix.index.name, matrix.columns.name) == ("loss", "margin_rate")
    outlay = cm.hidden_cost_matrix([5_000], [0.10], view="outlay")
    assert outlay.iloc[0, 0] == 45_000  # 5 000 x 0.9 / 0.1


def test_matrix_has_no_number_under_a_margin_of_nil():
    matrix = cm.hidden_cost_matrix([100], [-0.1, 0, 0.5])
    assert matrix.isna().iloc[0].tolist() == [True, True, False]


def test_matrix_refuses_what_has_no_place_in_it():
    with pytest.raises(InputError) as refused:
        cm.hidden_cost_matrix([0, -5, NAN, 10, 10, "x"], [5, None, 0.1, 0.1])
    assert codes(refused) == [
        ("cost_bad_amount", "amounts"), ("cost_bad_amount", "amounts"), ("cost_bad_amount", "amounts"),
        ("cost_twice", "amounts"), ("cost_bad_amount", "amounts"), ("cost_bad_margin", "margin_rates"),
        ("cost_bad_margin", "margin_rates"), ("cost_twice", "margin_rates"),
    ]  # fmt: skip
    with pytest.raises(InputError) as empty:
        cm.hidden_cost_matrix([], [])
    assert codes(empty) == [("cost_empty", "amounts"), ("cost_empty", "margin_rates")]


# --- one unpaid invoice -------------------------------------------------------------------------------------------


def test_each_component_by_hand():
    # 6 000 / 1.2 = 5 000; 6 000 x 5 % x 180 / 365 = 147.945; 10 x 40; 1 000 x 5 % x 30 / 365 = 4.1096
    assert parts(LOST) == {
        "loss": 5_000, "lost_vat": 0, "financing": 147.95, "handling_time": 400, "handling_other": 60,
        "legal_costs": 350, "vat_advance": 4.11, "lost_bonus": 200, "insurance": 0, "guarantee": 0, "late_interest": 0,
        "fixed_indemnity": -40,
    }  # fmt: skip
    cost = unpaid_cost(LOST)
    assert cost.total == cost.known == 6_122.06
    assert cost.compensation.sales == 61_220.60
    assert cost.unknown == ()


def test_components_add_up_to_the_cent():
    cost = unpaid_cost(changed(amount_incl_vat=3_333.33, vat_rate=0.055, insured_share=0.9, insured_on="excl_vat"))
    assert sum(Decimal(str(amount)) for amount in cost.table["amount"]) == Decimal(str(cost.total))


@given(
    st.integers(1, 10**9), st.sampled_from([0.0, 0.021, 0.055, 0.1, 0.2]), st.sampled_from(costs.VAT_CASES),
    st.sampled_from(costs.VAT_REGIMES), st.integers(0, 100), st.integers(0, 100), st.integers(0, 2000),
)  # fmt: skip
def test_components_always_add_up_and_vat_is_counted_once(cents, vat_rate, vat, regime, lost, insured, days):
    invoice = changed(amount_incl_vat=cents / 100, vat_rate=vat_rate, vat=vat, vat_regime=regime, lost_share=lost / 100,
                      insured_share=insured / 100, insured_on="incl_vat", days=days)  # fmt: skip
    cost = unpaid_cost(invoice)
    amounts = parts(invoice)
    assert sum(Decimal(str(amount)) for amount in amounts.values()) == Decimal(str(cost.total))
    assert not (amounts["lost_vat"] and amounts["vat_advance"])
    assert amounts["loss"] + amounts["lost_vat"] <= cents / 100 + 0.01


@given(
    st.integers(100, 10**8), st.sampled_from(["0", "0.055", "0.2"]), st.sampled_from(costs.VAT_CASES),
    st.sampled_from(costs.VAT_REGIMES), st.sampled_from(costs.UNTIL_PROOF), st.sampled_from(costs.VAT_BASES),
    *[st.integers(0, 100)] * 5,
)  # fmt: skip
def test_total_computed_another_way(cents, vat_rate, vat, regime, proof, base, lost, insured, rate, days, costs_given):
    """The rule COST-TOTAL as one expression, in exact fractions, each component being rounded by less than a cent."""
    gross, tax = Fraction(cents, 100), Fraction(vat_rate)
    net, share, yearly = gross / (1 + tax), Fraction(lost, 100), Fraction(rate, 200)
    comes_back = vat == "recoverable" or (vat == "not_yet" and proof == "awaited")
    debits = regime == "debits"
    expected = (
        share * net
        + (share * (gross - net) if debits and not comes_back else 0)
        + (gross if debits else net) * yearly * days / 360
        + Fraction(costs_given * 41) + costs_given + 2 * costs_given
        + (share * (gross - net) * yearly * 2 * days / 360 if debits and comes_back else 0)
        + 3 * costs_given
        - Fraction(insured, 100) * share * (net if base == "excl_vat" else gross)
        - costs_given - 40
    )  # fmt: skip
    invoice = UnpaidInvoice(
        cents / 100, float(vat_rate), vat, regime, lost / 100, insured / 100, base, 0, rate / 200, days, 360,
        costs_given, 41, costs_given, 2 * costs_given, 2 * days, 3 * costs_given, costs_given, 40,
        vat_until_proof=proof,
    )  # fmt: skip
    assert abs(Fraction(str(unpaid_cost(invoice).total)) - expected) <= Fraction(4, 100)


@pytest.mark.parametrize(
    ("case", "lost_vat", "advance", "financing"),
    [
        ({"vat": "recoverable"}, 0, 4.11, 147.95),
        ({"vat": "not_yet"}, 1_000, 0, 147.95),
        ({"vat": "not_yet", "vat_until_proof": "awaited"}, 0, 4.11, 147.95),
        ({"vat": "not_recoverable"}, 1_000, 0, 147.95),
        ({"vat_regime": "receipts"}, 0, 0, 123.29),  # 5 000 x 5 % x 180 / 365 = 123.288
        ({"vat_rate": 0, "vat": None, "vat_regime": None}, 0, 0, 147.95),
    ],
)
def test_vat_is_lost_or_financed_never_both(case, lost_vat, advance, financing):
    found = parts(changed(**case))
    assert (found["lost_vat"], found["vat_advance"], found["financing"]) == (lost_vat, advance, financing)
    assert found["loss"] == (6_000 if case.get("vat_rate") == 0 else 5_000)


def test_the_four_cases_side_by_side():
    found = cm.costs.vat_cases(LOST)
    # the rest: 147.95 + 400 + 60 + 350 + 200 - 40 = 1 117.95; on receipts 123.29 instead of 147.95
    assert {name: cost.total for name, cost in found.items()} == {
        "vat_recoverable": 6_122.06, "vat_not_yet": 7_117.95, "vat_not_recoverable": 7_117.95, "vat_receipts": 6_093.29,
    }  # fmt: skip
    table = cm.costs.costs_compared(found)
    assert table["component"].tolist()[-2:] == ["cost_total", "compensating_sales"]
    assert table["vat_receipts"].tolist()[-2:] == [6_093.29, 60_932.90]
    assert cm.costs.costs_compared({}).empty


def test_a_late_invoice_that_is_paid_loses_financing_and_handling_only():
    late = UnpaidInvoice(
        6_000, lost_share=False, vat_rate=0.2, vat_regime="debits", financing_rate=0.05, days=73, hours=2,
        hourly_cost=40, other_handling=10, legal_costs=0, late_interest=12.5, fixed_indemnity=40, margin_rate=0.10,
        insured_share=0.9, insured_on="excl_vat",
    )  # fmt: skip
    cost = unpaid_cost(late)
    # 6 000 x 5 % x 73 / 365 = 60; 60 + 80 + 10 - 12.5 - 40
    assert cost.total == 97.5
    assert cost.compensation.sales == 975
    zero = {name for name, amount in parts(late).items() if not amount}
    assert zero == {"loss", "lost_vat", "legal_costs", "vat_advance", "lost_bonus", "insurance", "guarantee"}


def test_half_of_it_lost():
    found = parts(changed(lost_share=0.5, vat="not_recoverable", insured_share=0.9, insured_on="excl_vat"))
    assert (found["loss"], found["lost_vat"], found["insurance"]) == (2_500, 500, -2_250)
    assert found["financing"] == 147.95  # all of it was waited for


@pytest.mark.parametrize(("base", "indemnity"), [("excl_vat", -4_500), ("incl_vat", -5_400)])
def test_the_insured_part_is_taken_off_once_on_its_own_base(base, indemnity):
    cost = unpaid_cost(changed(insured_share=0.9, insured_on=base))
    assert parts(cost.invoice)["insurance"] == indemnity
    assert cost.total == round(6_122.06 + indemnity, 2)
    remark = cost.table.set_index("component").loc["insurance", "reason"]
    assert remark == ("cost_over_covered" if base == "incl_vat" else None)  # 5 400 for a loss of 5 000


def test_more_received_than_lost_leaves_nothing_to_make_up():
    cost = unpaid_cost(changed(guarantee=7_000))
    assert cost.total == -877.94
    assert (cost.compensation.sales, cost.compensation.reason) == (0.0, "cost_no_loss")


def test_what_is_not_given_is_unknown_and_named():
    cost = unpaid_cost(UnpaidInvoice(6_000))
    assert cost.total is None
    assert cost.known == 0
    assert cost.unknown == tuple(cost.table["component"])
    assert cost.compensation.reason == "cost_loss_unknown"
    missing = cost.table.set_index("component")["missing"].to_dict()
    assert missing == {
        "loss": "vat_rate", "lost_vat": "vat_rate, vat, vat_regime", "financing": "vat_regime, financing_rate, days",
        "handling_time": "hours, hourly_cost", "handling_other": "other_handling", "legal_costs": "legal_costs",
        "vat_advance": "vat_rate, financing_rate, vat_days, vat, vat_regime", "lost_bonus": "lost_bonus",
        "insurance": "insured_share, insured_on", "guarantee": "guarantee", "late_interest": "late_interest",
        "fixed_indemnity": "fixed_indemnity",
    }  # fmt: skip
    assert set(cost.table["reason"]) == {"cost_missing"}


@pytest.mark.parametrize("name", ["hours", "legal_costs", "days", "financing_rate", "vat", "vat_rate", "vat_regime",
                                  "late_interest", "guarantee", "vat_days", "insured_share"])  # fmt: skip
def test_one_missing_input_takes_the_total_away(name):
    for blank in (None, NAN, pd.NA):
        cost = unpaid_cost(changed(**{name: blank}))
        assert cost.total is None
        assert name in ", ".join(cost.table["missing"])
        assert cost.compensation.sales is None


def test_nothing_times_what_is_unknown_is_nothing():
    found = parts(changed(hours=0, hourly_cost=None, financing_rate=0, days=None, vat_days=None))
    assert (found["handling_time"], found["financing"], found["vat_advance"]) == (0, 0, 0)


def test_an_allowance_is_no_component():
    assert not [name for name in unpaid_cost(LOST).table["component"] if "provision" in name or "allowance" in name]
    assert "provision" not in {field.name for field in dataclasses.fields(UnpaidInvoice)}


def test_margin_that_makes_up_nothing():
    assert unpaid_cost(changed(margin_rate=0)).compensation.reason == "cost_margin_not_positive"
    assert unpaid_cost(changed(margin_rate=None)).compensation.reason == "cost_margin_unknown"
    whole = unpaid_cost(changed(margin_rate=1, margin="contribution")).compensation
    assert (whole.sales, whole.reason, whole.margin) == (6_122.06, "cost_margin_whole", "contribution")


def test_a_leap_year_and_a_bank_year():
    # 6 000 x 5 % x 180 = 54 000: / 360 = 150; / 366 = 147.541
    assert [parts(changed(day_base=base))["financing"] for base in (360, 366)] == [150, 147.54]


def test_all_defects_of_an_invoice_at_once():
    with pytest.raises(InputError) as refused:
        UnpaidInvoice(
            0, vat_rate=20, vat="lost", vat_regime="cash", lost_share=2, insured_share=90, insured_on="ttc",
            guarantee=-1, financing_rate=5, days=-3, day_base=364, hours="dix", hourly_cost=math.inf,
            other_handling=True, legal_costs=-0.01, vat_days=1e6, lost_bonus=[], late_interest=-5, fixed_indemnity="40",
            margin_rate=10, margin="gross", vat_until_proof=None,
        )  # fmt: skip
    assert {column for _, column in codes(refused)} == {
        field.name for field in dataclasses.fields(UnpaidInvoice) if field.name != "currency"
    }
    assert all(defect.text("fr") and defect.text("en") for defect in refused.value.defects)


@pytest.mark.parametrize("amount", [0, -100, None, NAN, "6 000", True, math.inf, 1e13])
def test_an_invoice_needs_an_amount(amount):
    with pytest.raises(InputError):
        UnpaidInvoice(amount)
    with pytest.raises(InputError):
        UnpaidInvoice(100, lost_share=None)


def test_nulls_and_numbers_of_other_libraries():
    for blank in (None, NAN, pd.NA, pd.NaT):
        with pytest.raises(InputError) as refused:
            UnpaidInvoice(blank, lost_share=blank, day_base=blank, margin=blank)
        assert {column for _, column in codes(refused)} == {"amount_incl_vat", "lost_share", "day_base", "margin"}
    found = parts(
        changed(amount_incl_vat=Decimal("6000"), days=np.int64(180), lost_share=np.float64(1), day_base=360.0)
    )
    assert found["financing"] == 150
    assert cm.day_of_dso(np.float64(3_600_000), Decimal("0.05"), np.int64(1), np.int64(360)) == (10_000, 500, 1)
    assert cm.compensating_sales(np.array(5_000), Decimal("0.1")).sales == 50_000
    with pytest.raises(InputError):
        cm.compensating_sales(5_000, 0.1, view=pd.NA, margin=None)


def test_a_guarantee_without_a_loss_contradicts_itself():
    with pytest.raises(InputError, match="rien n'est perdu"):
        changed(lost_share=0, guarantee=100)
    assert parts(changed(lost_share=0, guarantee=0))["guarantee"] == 0


# --- time ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", EXAMPLES["financing_cost"], ids=lambda case: case["id"])
def test_published_cost_of_a_delay(case):
    costs_found = [cm.cost_of_delay(case["amount"], case["rate"], days, case["day_base"]) for days in case["days"]]
    assert costs_found == case["cost"]
    assert costs_found == pytest.approx(case["printed_cost"], abs=case["tolerance"])
    options = {"vat_rate": 0.2, "day_base": case["day_base"]}
    found = cm.margin_after_delay(
        case["amount"], case["margin_rate"], case["rate"], case["days"], margin_on="incl_vat", **options
    )
    assert found["margin_left"].tolist() == case["margin_left"]
    assert found["margin_left"].tolist() == pytest.approx(case["printed_margin_left"], abs=case["tolerance"])
    assert (100 * found["margin_rate_left"]).tolist() == pytest.approx(case["margin_left_percent"], abs=5e-5)
    assert (100 * found["margin_rate_left"]).tolist() == pytest.approx(case["printed_percent"], abs=case["tolerance"])
    # the margin is earned on 12 500 excl. VAT: 1 250 - 141.67
    right = cm.margin_after_delay(case["amount"], case["margin_rate"], case["rate"], case["days"], **options)
    assert right["margin_left"].tolist() == [1_175, 1_108.33]
    assert right["margin_eaten"].tolist() == pytest.approx([75 / 1_250, 15_000 * 0.04 * 85 / 360 / 1_250])


def test_cost_of_a_delay_needs_everything():
    assert cm.cost_of_delay(1_000, 0.05, 0) == 0
    assert cm.cost_of_delay(1_000, 0.05, 73) == 10  # a fifth of a year
    for blank in ((None, 0.05, 30), (1_000, NAN, 30), (1_000, 0.05, None)):
        assert cm.cost_of_delay(*blank) is None
    with pytest.raises(InputError) as refused:
        cm.cost_of_delay(-1, 5, "x", 364)
    assert codes(refused) == [
        ("cost_bad_amount", "amount"), ("cost_bad_rate", "rate"), ("cost_bad_days", "days"), ("bad_choice", "day_base"),
    ]  # fmt: skip


def test_a_delay_may_take_more_than_the_margin():
    # 1 200 x 10 % x 365 / 365 = 120 on a margin of 1 000 x 5 % = 50
    found = cm.margin_after_delay(1_200, 0.05, 0.10, 365, vat_rate=0.2).iloc[0]
    assert found["margin_left"] == -70
    assert found["margin_eaten"] == pytest.approx(2.4)
    assert found["margin_rate_left"] == pytest.approx(-0.07)
    with pytest.raises(InputError) as refused:
        cm.margin_after_delay(0, 0, None, [None, -1], vat_rate=20, margin_on="ht")
    assert len(refused.value.defects) == 7


def test_a_day_of_dso():
    # 3 650 000 / 365 = 10 000 a day
    assert cm.day_of_dso(3_650_000) == (10_000, None, 1)
    assert cm.day_of_dso(3_650_000, 0.05, 5) == (50_000, 2_500, 5)
    assert cm.day_of_dso(3_600_000, 0.05, year_days=360) == (10_000, 500, 1)
    with pytest.raises(InputError) as refused:
        cm.day_of_dso(0, 5, 0, 12)
    assert [column for _, column in codes(refused)] == ["annual_sales_incl_vat", "days", "rate", "year_days"]


def test_a_payment_term_in_the_price():
    # 73 days at 5 %: 1 % of the invoice, 1.2 % of the price excl. VAT; 0.012 / 0.988 = 0.0121457
    found = cm.cost_of_payment_term(73, 0.05, vat_rate=0.2, margin_rate=0.10)
    assert found.share_of_invoice == pytest.approx(0.01)
    assert found.share_of_price == pytest.approx(0.012)
    assert found.price_increase == pytest.approx(0.0121457, abs=1e-7)
    assert (found.margin_left, found.margin_eaten) == (pytest.approx(0.088), pytest.approx(0.12))
    # checked another way: at the higher price p, p - 1.2 % of p is the price asked for cash
    assert (1 + found.price_increase) * (1 - 0.012) == pytest.approx(1)
    without = cm.cost_of_payment_term(73, 0.05, vat_rate=0.2, financed="excl_vat")
    assert (without.share_of_price, without.share_of_invoice) == (pytest.approx(0.01), pytest.approx(0.01 / 1.2))


def test_a_payment_term_that_cannot_be_computed_says_why():
    unknown = cm.cost_of_payment_term(60, 0.05)
    assert (unknown.share_of_price, unknown.reason) == (None, "cost_vat_rate_unknown")
    assert unknown.share_of_invoice == pytest.approx(0.05 * 60 / 365)
    endless = cm.cost_of_payment_term(1_000, 0.5, vat_rate=0)
    assert (endless.price_increase, endless.reason) == (None, "cost_more_than_price")
    assert cm.cost_of_payment_term(60, 0.05, vat_rate=0, margin_rate=0).margin_eaten is None
    with pytest.raises(InputError) as refused:
        cm.cost_of_payment_term(None, 5, vat_rate=20, margin_rate=10, financed="ttc", day_base=0)
    assert len(refused.value.defects) == 6
