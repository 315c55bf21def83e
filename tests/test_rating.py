"""Rating by the expert grid: points, weights, veto rules, risk levels, and what is said of them."""

import dataclasses
import math
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_grid import GIVEN, HEAD, SMALL

import cmtools as cm
from cmtools.grids import criteria, read_grid, veto_text
from cmtools.language import HARD, label
from cmtools.rating import explain, rate, risk_level
from cmtools.schemas import InputError
from cmtools.settings import reference_rows


@pytest.fixture
def small(write):
    return read_grid(write(SMALL))


# ---------------------------------------------------------------- hand calculations


def test_a_rating_by_hand(small):
    # points: 0.25 is in 20-40 % -> 5; 0.2 in 10-30 % -> 4; poor -> 0. Weights 3, 2, 1.
    # score = (3 x 5 + 2 x 4 + 1 x 0) / 6 = 23 / 6 = 3.8333; 1 + 0.9 x 3.8333 = 4.45 -> 4
    found = rate(GIVEN, small)
    assert found.score == pytest.approx(23 / 6, abs=1e-12)
    assert (found.rating, found.uncapped, found.cap, found.known_weight) == (4, 4, 10, 1.0)
    assert (found.lowest, found.highest, found.missing, found.reason) == (4, 4, (), None)
    table = found.table.set_index("criterion")
    assert table["points"].to_dict() == {"autonomie_financiere": 5, "overdue_rate": 4, "management": 0}
    assert table["contribution"].tolist() == pytest.approx([15 / 6, 8 / 6, 0], abs=1e-12)
    assert table["weight"].tolist() == pytest.approx([3 / 6, 2 / 6, 1 / 6], abs=1e-12)
    assert math.fsum(table["contribution"]) == found.score
    assert table.loc["autonomie_financiere", ["value", "lower", "upper", "unit"]].tolist() == [0.25, 0.2, 0.4, "rate"]
    assert table.loc["management", "answer"] == "poor"
    assert table["reason"].isna().all()
    assert found.vetoes.empty
    assert found.unchecked.empty


def test_what_is_unknown_counts_for_nothing(small):
    # management unknown: (15 + 8) / 5 = 4.6, neither 23 / 6 (nil) nor (23 + 5) / 6 (average); 1 + 4.14 -> 5
    # at its worst (15 + 8 + 0) / 6 -> 4.45 -> 4; at its best (15 + 8 + 10) / 6 = 5.5 -> 5.95 -> 5
    for unknown in (None, float("nan"), "unknown", pd.NA, ""):
        found = rate({**GIVEN, "management": unknown}, small)
        assert found.score == pytest.approx(4.6, abs=1e-12)
        assert (found.rating, found.lowest, found.highest, found.missing) == (5, 4, 5, ("management",))
        assert found.known_weight == pytest.approx(5 / 6)
        row = found.table.set_index("criterion").loc["management"]
        assert row[["value", "points", "contribution", "lower", "upper"]].isna().all()
        assert row["reason"] == ("unknown" if isinstance(unknown, str) and unknown else "not_provided")
    absent = rate({key: value for key, value in GIVEN.items() if key != "management"}, small)
    assert (absent.rating, absent.missing) == (5, ("management",))


def test_too_little_known_gives_no_rating(small, write):
    found = rate({"overdue_rate": 0.05}, small, reasons={"autonomie_financiere": "unknown_line"})
    assert (found.rating, found.uncapped, found.reason) == (None, None, "too_little_known")
    assert found.known_weight == pytest.approx(2 / 6)
    assert found.missing == ("autonomie_financiere", "management")  # heaviest first
    assert found.score == pytest.approx(10)  # of what is known, which is no rating
    # worst: (0 + 20 + 0) / 6 = 3.33 -> 4.0 -> 4; best: 60 / 6 -> 10
    assert (found.lowest, found.highest) == (4, 10)
    assert found.table.set_index("criterion").loc["autonomie_financiere", "reason"] == "unknown_line"
    assert "Autonomie financière" in explain(found, "fr")[0]
    assert "33" in explain(found, "fr")[0]
    nothing = rate({}, small)
    assert nothing.rating is None
    assert math.isnan(nothing.score)
    assert (nothing.known_weight, nothing.lowest, nothing.highest) == (0, 1, 10)
    no_minimum = read_grid(write(SMALL.replace("60 %", "0 %")))
    assert rate({}, no_minimum).rating is None  # of nothing there is no mean
    assert rate({"management": "good"}, no_minimum).rating == 10


def test_the_share_asked_for_is_enough(write):
    half = read_grid(write(SMALL.replace("60 %", "50 %")))
    assert rate({"autonomie_financiere": 0.25}, half).rating == 5  # 3 / 6 known; 1 + 0.9 x 5 = 5.5
    above = read_grid(write(SMALL.replace("60 %", "50,1 %")))
    assert rate({"autonomie_financiere": 0.25}, above).rating is None
    assert read_grid(write(SMALL.replace("Part du poids connue, au moins;60 %;;;;;;\n", ""))).minimum_known == 0.5


@pytest.mark.parametrize(
    ("points", "rating"),
    # 1 + 0.9 x points, rounded down: 10 takes all points, 9 takes 8.888...
    [("0", 1), ("1,1", 1), ("1,1112", 2), ("5", 5), ("5,5555", 5), ("5,5556", 6), ("8,8888", 8), ("8,8889", 9),
     ("9,99", 9), ("10", 10)],
)  # fmt: skip
def test_a_rating_is_given_once_it_is_reached(write, points, rating):
    text = HEAD + f"Direction;1;;;bon;{points};;\nDirection;;;;moyen;0;;\nDirection;;;;mauvais;0;;\n"
    assert rate({"management": "good"}, read_grid(write(text))).rating == rating


@pytest.mark.parametrize(
    ("weights", "answers", "rating"),
    # exactly on a step: all points; and (1 x 0 + 2 x 5 + 6 x 10) / 9 = 70 / 9, so 1 + 0.9 x 70 / 9 = 8
    [((1, 2, 4), ("good", "good", "good"), 10), ((1, 2, 6), ("poor", "average", "good"), 8),
     ((1, 2, 6), ("good", "poor", "good"), 8), ((1, 4, 2), ("good", "good", "good"), 10)],
)  # fmt: skip
def test_a_step_is_reached_whatever_binary_fractions_make_of_it(write, weights, answers, rating):
    keys = ["management", "ownership", "sector_outlook"]
    rows = [f"{key};{w};;;good;10;;\n{key};;;;average;5;;\n{key};;;;poor;0;;\n" for key, w in zip(keys, weights)]
    assert rate(dict(zip(keys, answers)), read_grid(write(HEAD + "".join(rows)))).rating == rating


def test_a_value_on_a_bound_that_does_not_float(small):
    # 0.3 - 0.1 is 0.19999999999999998 to the machine and 20 % to everyone else
    assert rate({**GIVEN, "autonomie_financiere": 0.3 - 0.1}, small).table["points"].iloc[0] == 5


@pytest.mark.parametrize(
    ("key", "value", "points"),
    [
        # both sides of the bounds: a class holds from its lower bound on, and ends below its upper one
        ("autonomie_financiere", -0.01, 0), ("autonomie_financiere", 0.0, 2), ("autonomie_financiere", 0.1999, 4),
        ("autonomie_financiere", 0.2, 6), ("autonomie_financiere", 0.2999, 6), ("autonomie_financiere", 0.3, 8),
        ("autonomie_financiere", 0.5, 10), ("tn_jours", -0.1, 3), ("tn_jours", 0, 6),
        ("capacite_remboursement", 2.99, 8), ("capacite_remboursement", 3, 6), ("capacite_remboursement", 4, 3),
        ("conan_holder", 3.9, 0), ("conan_holder", 4, 5), ("conan_holder", 8.9, 5), ("conan_holder", 9, 8),
        ("conan_holder", 14.715385, 8), ("conan_holder", 16.4, 10), ("liquidite_generale", 0.99, 3),
        ("liquidite_generale", 1, 7), ("liquidite_generale", 1.5, 10), ("returned_payments", 0, 10),
        ("returned_payments", 1, 4), ("returned_payments", 2, 0), ("oldest_overdue", 0, 10), ("oldest_overdue", 60, 3),
        ("oldest_overdue", 61, 0), ("insurer_opinion", "reduced", 4), ("transparency", "partly", 5),
        ("privilege", 0, 10), ("privilege", 1, 4), ("sales_trend", 0.6, 3), ("sales_trend", 0.1, 10),
    ],
)  # fmt: skip
def test_points_of_the_default_grid(key, value, points):
    found = rate({key: value}).table.set_index("criterion")
    assert found.loc[key, "points"] == points


def test_a_ratio_without_value_may_say_something():
    """A negative CAF repays nothing: leaving the criterion out would favour who loses money."""
    found = rate({"capacite_remboursement": float("nan")}, reasons={"capacite_remboursement": "negative_denominator"})
    row = found.table.set_index("criterion").loc["capacite_remboursement"]
    assert (row["points"], row["answer"], row["reason"]) == (0, "negative_denominator", None)
    assert rate({}, reasons={"capacite_remboursement": "nil_denominator"}).known_weight == pytest.approx(0.06)
    unknown = rate({}, reasons={"capacite_remboursement": "unknown_line"})
    assert unknown.known_weight == 0
    assert rate({"marge_ebe": None}, reasons={"marge_ebe": "nil_denominator"}).known_weight == 0  # no such class


# ---------------------------------------------------------------- veto rules


def test_a_veto_caps_the_rating_and_leaves_the_score(small):
    # autonomie -5 % -> 0 points; overdue 5 % -> 10; good -> 10: (0 + 20 + 10) / 6 = 5; 1 + 4.5 = 5.5 -> 5, cap 3
    found = rate({"autonomie_financiere": -0.05, "overdue_rate": 0.05, "management": "good"}, small)
    assert (found.score, found.uncapped, found.cap, found.rating) == (pytest.approx(5), 5, 3, 3)
    assert (found.lowest, found.highest) == (3, 3)
    assert found.vetoes["remark"].tolist() == ["Fonds propres perdus"]
    assert "Fonds propres perdus" in explain(found, "en")[1]
    at_nil = rate({"autonomie_financiere": 0.0, "overdue_rate": 0.05, "management": "good"}, small)
    assert (at_nil.rating, len(at_nil.vetoes)) == (5, 0)


GOOD = {
    "autonomie_financiere": 0.6, "tn_jours": 50.0, "capacite_remboursement": 0.5, "marge_ebe": 0.2, "ebe_trend": 0.2,
    "liquidite_generale": 2.0, "conan_holder": 20.0, "sales_trend": 0.1, "chiffre_affaires": 6e7, "accounts_age": 6.0,
    "capitaux_propres_capital": 3.0, "delay_with_open": 0.0, "late_payment_rate": 0.0, "overdue_rate": 0.0,
    "oldest_overdue": 0, "returned_payments": 0, "broken_promises": 0, "disputed_share": 0.0, "company_age": 20.0,
    "relation_years": 10.0, "management": "good", "ownership": "good", "sector_outlook": "good",
    "market_position": "good", "transparency": "yes", "dependence": 0.1, "agency_opinion": "good",
    "insurer_opinion": "accepted", "privilege": 0.0, "payment_incident": 0.0,
    "insolvency_proceedings": "no_proceedings",
}  # fmt: skip


def test_a_perfect_customer():
    found = rate(GOOD)
    assert set(GOOD) == set(found.table["criterion"]) | set(read_grid().vetoes["criterion"])
    assert (found.rating, found.score, found.known_weight) == (10, pytest.approx(10), pytest.approx(1))
    assert found.vetoes.empty
    assert found.unchecked.empty
    assert explain(found, "en") == [
        "Rating 10 of 10: 10.0 points out of 10, 100% of the weight of the criteria being known."
    ]


@pytest.mark.parametrize(
    ("key", "value", "cap"),
    [
        ("insolvency_proceedings", "safeguard", 1), ("insolvency_proceedings", "receivership", 1),
        ("insolvency_proceedings", "liquidation", 1), ("autonomie_financiere", -0.01, 3),
        ("insurer_opinion", "refused", 4), ("oldest_overdue", 91, 3), ("capitaux_propres_capital", 0.49, 5),
        ("returned_payments", 2, 5), ("privilege", 5000.0, 5), ("accounts_age", 18.0, 6), ("transparency", "no", 6),
    ],
)  # fmt: skip
def test_each_default_veto_alone(key, value, cap):
    found = rate({**GOOD, key: value})
    assert found.uncapped >= 8
    assert (found.cap, found.rating) == (cap, cap)
    assert found.vetoes["criterion"].tolist() == [key]
    for language in ("fr", "en"):
        sentence = veto_text(found.vetoes.to_dict("records")[0], language)
        assert sentence in explain(found, language)[1]
    unknown = rate({**GOOD, key: None})
    assert unknown.unchecked["criterion"].tolist() == [key]
    assert unknown.rating > cap
    assert label(key, "en") in explain(unknown, "en")[-1]


@pytest.mark.parametrize(
    ("key", "value"),
    [("oldest_overdue", 90), ("capitaux_propres_capital", 0.5), ("returned_payments", 1), ("accounts_age", 17.9),
     ("insurer_opinion", "reduced"), ("transparency", "partly"), ("privilege", 0.5)],
)  # fmt: skip
def test_just_short_of_a_veto(key, value):
    assert rate({**GOOD, key: value}).vetoes.empty


def test_the_gravest_veto_decides():
    found = rate({**GOOD, "transparency": "no", "insurer_opinion": "refused", "oldest_overdue": 200})
    assert found.vetoes["cap"].tolist() == [3, 4, 6]
    assert found.rating == 3


def test_a_liquidation_is_rated_without_anything_else():
    found = rate({"insolvency_proceedings": "liquidation"})
    assert (found.rating, found.uncapped, found.known_weight, found.reason) == (1, None, 0, None)
    assert (found.lowest, found.highest) == (1, 1)
    assert risk_level(found).risk_level == "E"
    other = rate({"insurer_opinion": "refused"})  # a cap of 4 leaves 1 to 4 open
    assert (other.rating, other.lowest, other.highest) == (None, 1, 4)


# ---------------------------------------------------------------- properties


CRITERIA = list(read_grid().weights["criterion"])


VALUES = {
    key: st.sampled_from(criteria()[key].choices)
    if criteria()[key].choices
    else st.floats(
        *(
            default if math.isnan(limit) else limit
            for limit, default in ((criteria()[key].least, -100), (criteria()[key].most, 100))
        )
    )
    for key in CRITERIA
}


KNOWN = st.fixed_dictionaries({}, optional=VALUES)


GRID = read_grid()


def in_fractions(values):
    """Score of the default grid by exact arithmetic, straight from the reference tables."""
    weights = {row["key"]: Fraction(row["weight"]) for row in reference_rows("grid.csv")}
    above = below = Fraction(0)
    for key, value in values.items():
        for row in reference_rows("grid_classes.csv"):
            if row["criterion"] != key or not row["points"]:
                continue
            if isinstance(value, str):
                inside = row["answer"] == value
            else:
                figure = round(value, 9)
                inside = not row["answer"] and (not row["lower"] or figure >= float(row["lower"]))
                inside = inside and (not row["upper"] or figure < float(row["upper"]))
            if inside:
                above += weights[key] * Fraction(row["points"])
                below += weights[key]
    return above / below if below else None, below / 100


@settings(max_examples=40, deadline=None)
@given(KNOWN)
def test_contributions_add_up_to_the_score(values):
    found = rate(values, GRID)
    score, known = in_fractions(values)
    assert found.known_weight == pytest.approx(float(known), abs=1e-12)
    if score is None:
        assert math.isnan(found.score)
        return
    assert math.fsum(found.table["contribution"].dropna()) == found.score
    assert found.score == pytest.approx(float(score), abs=1e-12)
    assert set(found.table["criterion"][found.table["points"].isna()]) == set(CRITERIA) - set(values)
    assert (found.rating is None) == (known < Fraction(1, 2) and found.cap > 1)
    if found.uncapped is not None:
        assert found.uncapped == max(1, min(10, math.floor(1 + Fraction(9, 10) * score)))
        assert found.rating == min(found.uncapped, found.cap)
        assert found.lowest <= found.rating <= found.highest


@settings(max_examples=30, deadline=None)
@given(KNOWN, st.data())
def test_a_better_value_never_lowers_the_rating(values, data):
    directed = [key for key in values if criteria()[key].direction or key in ("insurer_opinion", "transparency")]
    if not directed:
        return
    key = data.draw(st.sampled_from(directed))
    other = data.draw(VALUES[key])
    if criteria()[key].choices:
        worse, better = sorted((values[key], other), key=criteria()[key].choices.index, reverse=True)
    else:
        worse, better = sorted((values[key], other), reverse=criteria()[key].direction == "lower")
    low, high = rate({**values, key: worse}, GRID), rate({**values, key: better}, GRID)
    assert low.score <= high.score + 1e-12
    assert low.cap <= high.cap
    assert low.lowest <= high.lowest
    assert low.highest <= high.highest
    assert (low.rating is None) == (high.rating is None)
    assert (low.rating or 0) <= (high.rating or 0)


# ---------------------------------------------------------------- values that cannot be


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"bonheur": 3}, "rating_unknown_criterion"),
        ({"autonomie_financiere": 30}, "rating_outside"),  # percent for a fraction
        ({"late_payment_rate": -0.1}, "rating_outside"), ({"company_age": -1}, "rating_outside"),
        ({"autonomie_financiere": "0.3"}, "rating_bad_value"), ({"marge_ebe": float("inf")}, "rating_bad_value"),
        ({"returned_payments": True}, "rating_bad_value"), ({"insurer_opinion": "peut-être"}, "rating_bad_value"),
        ({"insurer_opinion": 3}, "rating_bad_value"), ({"management": "<b>good</b>"}, "rating_bad_value"),
    ],
)  # fmt: skip
def test_values_that_are_refused(values, code):
    with pytest.raises(InputError) as caught:
        rate({**values, "tn_jours": 3.0})
    assert [defect.code for defect in caught.value.defects] == [code]
    assert caught.value.text("fr") != caught.value.text("en")


def test_all_bad_values_are_told_at_once():
    with pytest.raises(InputError) as caught:
        rate({"autonomie_financiere": 30, "insurer_opinion": "x", "tn_jours": "y"})
    assert len(caught.value.defects) == 3
    with pytest.raises(InputError):
        rate({}, reasons={"bonheur": "unknown_line"})


def test_a_criterion_that_the_grid_leaves_out_counts_for_nothing(small):
    assert rate({**GIVEN, "gearing": 9.0, "conan_holder": -50.0}, small).score == rate(GIVEN, small).score
    values = dict(GIVEN)
    rate(values, small)
    assert values == GIVEN


# ---------------------------------------------------------------- acceptable risk


@pytest.mark.parametrize(
    ("rating", "level"),
    [(10, "A"), (9, "A"), (8, "B"), (7, "B"), (6, "C"), (5, "C"), (4, "D"), (3, "D"), (2, "E"), (1, "E")],
)
def test_level_of_a_rating(rating, level):
    assert risk_level(rating).risk_level == level


def test_no_rating_no_level(small):
    assert risk_level(None) is None
    assert risk_level(rate({}, small)) is None
    assert risk_level(rate(GIVEN, small)) == risk_level(4)
    for wrong in (0, 11, 4.5, "A", True):
        with pytest.raises(InputError):
            risk_level(wrong)


def test_a_level_goes_into_the_limits(small):
    """The published case: 35 % of 80 000 and 5 % of 700 000 for a customer rated B."""
    level = risk_level(8)
    assert 80_000 * level.share_tangible_net_worth == pytest.approx(28_000)
    assert 700_000 * level.share_turnover == pytest.approx(35_000)


# ---------------------------------------------------------------- words


def test_a_rating_in_sentences(small):
    said = explain(rate({**GIVEN, "management": None}, small), "fr")
    assert [text.replace(HARD, " ") for text in said] == [
        "Cotation 5 sur 10 : 4,6 points sur 10, 83 % du poids des critères étant connu.",
        "Selon ce qui manque (Direction) : de 4 à 5.",
    ]
    # management at its worst 4 x 2 / 6 = 1.33 -> 2.2 -> 2, at its best (8 + 10) / 6 = 3 -> 3.7 -> 3; capped at 1: 1
    shut = dataclasses.replace(small, vetoes=small.vetoes.assign(cap=1))
    one = explain(rate({"autonomie_financiere": -0.05, "overdue_rate": 0.2}, shut), "fr")
    assert one[1] == "Les points de ce qui manque (Direction) n'y changeraient rien : 1 au pire comme au mieux."
    open_range = explain(rate({"autonomie_financiere": -0.05, "overdue_rate": 0.2}, small), "fr")
    assert open_range[1] == "Selon ce qui manque (Direction) : de 2 à 3."
    capped = explain(rate({"autonomie_financiere": -0.05, "overdue_rate": 0.05, "management": "good"}, small), "fr")
    assert capped[1] == "Fonds propres perdus : la cotation est de 3 au plus, au lieu de 5."
    idle = explain(rate({"autonomie_financiere": -0.05, "overdue_rate": 0.5, "management": "poor"}, small), "en")
    assert idle[1] == "Fonds propres perdus: the rating cannot exceed 3."
    many = explain(rate({"delay_with_open": 0.0, "overdue_rate": 0.0, **{k: GOOD[k] for k in CRITERIA[:8]}}), "en")
    assert "14 others" in many[1]  # of 29 criteria that weigh, 10 are known and 5 are named


def test_public_names():
    assert cm.rate is rate
    assert cm.risk_level is risk_level
