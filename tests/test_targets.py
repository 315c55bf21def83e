"""Targets and bonus: hand calculations, what cannot be computed, properties."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cmtools as cm
from cmtools.schemas import InputError


def values(*rows):
    return pd.DataFrame(rows, columns=["indicator", "collector", "value"])


def targets(*rows):
    return pd.DataFrame(rows, columns=["indicator", "collector", "target"])


def met(indicator, value, target):
    return cm.attainment(values((indicator, None, value)), targets((indicator, None, target))).iloc[0]


# ---- attainment


@pytest.mark.parametrize(
    ("indicator", "value", "target", "attained", "attainment", "gap"),
    [
        ("overdue_rate", 0.25, 0.2, False, 0.8, 0.05),  # less is better: 0.20 / 0.25
        ("overdue_rate", 0.16, 0.2, True, 1.25, -0.04),  # 0.20 / 0.16
        ("overdue_rate", 0.2, 0.2, True, 1.0, 0.0),
        ("recovery_30", 0.68, 0.85, False, 0.8, -0.17),  # more is better: 0.68 / 0.85
        ("recovery_30", 0.935, 0.85, True, 1.1, 0.085),
        ("recovery_30", 0.0, 0.85, False, 0.0, -0.85),  # nothing collected is a value, not a gap in the data
        ("over_60", 150_000, 100_000, False, 2 / 3, 50_000),
        ("over_60", 5, 0, False, 0.0, 5),  # target of nothing, something left
        ("over_60", 0, 0, True, 1.0, 0),
        ("delay_paid", -2, -2, True, 1.0, 0),
    ],
)
def test_attainment_by_hand(indicator, value, target, attained, attainment, gap):
    row = met(indicator, value, target)
    assert row["attained"] is attained
    assert row["attainment"] == pytest.approx(attainment)
    assert row["gap"] == pytest.approx(gap)
    assert row["reason"] is None


@pytest.mark.parametrize(
    ("indicator", "value", "target", "attained", "reason"),
    [
        ("overdue_rate", float("nan"), 0.2, None, "no_value"),
        ("unallocated", -5, 0, None, "no_direction"),
        ("over_60", 0, 100, True, "at_best"),
        ("delay_paid", -3, 5, True, "at_best"),
        ("delay_paid", -3, -5, False, "not_a_ratio"),
        ("delay_paid", 3, -5, False, "not_a_ratio"),
        ("recovery_30", 0.5, 0, True, "not_a_ratio"),
    ],
)
def test_what_has_no_ratio_says_why(indicator, value, target, attained, reason):
    row = met(indicator, value, target)
    assert pd.isna(row["attainment"])
    assert (row["attained"], row["reason"]) == (attained, reason)


def test_a_target_without_its_value_is_not_judged():
    found = cm.attainment(
        values(("overdue", None, 10), ("overdue", "Zoé", 4), ("dso_balance", None, 50)),
        targets(("overdue", "Zoé", 5), ("overdue", "Max", 5), ("overdue", None, 8)),
    )
    assert found["collector"].tolist() == ["Zoé", "Max", None]  # as the file has them
    assert found["attained"].tolist() == [True, None, False]
    assert found["reason"].tolist() == [None, "no_value", None]
    assert found["unit"].tolist() == ["money"] * 3
    assert list(found.columns) == [
        "indicator", "collector", "unit", "value", "target", "gap", "attained", "attainment", "weight", "bonus",
        "reason",
    ]  # fmt: skip


def test_values_without_collectors_and_arguments_left_alone():
    asked, known = targets(("overdue", None, 8)), pd.DataFrame({"indicator": ["overdue"], "value": [4]})
    before = asked.copy(), known.copy()
    assert cm.attainment(known, asked)["attainment"].tolist() == [2]
    pd.testing.assert_frame_equal(asked, before[0])
    pd.testing.assert_frame_equal(known, before[1])


def test_two_values_or_an_unknown_indicator_are_refused():
    with pytest.raises(InputError) as caught:
        cm.attainment(values(("overdue", None, 1), ("overdue", None, 2)), targets(("overdue", None, 8)))
    assert [defect.code for defect in caught.value.defects] == ["targets_value_twice"]
    with pytest.raises(InputError, match="bonheur"):
        cm.attainment(values(("overdue", None, 1)), targets(("bonheur", None, 8)))
    for language in ("fr", "en"):
        assert "overdue" in caught.value.text(language)


def test_indicators_of_ones_own():
    own = pd.DataFrame({"key": ["calls"], "unit": ["days"], "direction": ["higher"]})
    found = cm.attainment(values(("calls", None, 90)), targets(("calls", None, 100)), own)
    assert found["attainment"].tolist() == [0.9]


def test_no_target_no_row():
    assert cm.attainment(values(("overdue", None, 1)), targets()).empty
    assert cm.incentives(cm.attainment(values(), targets())).empty


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["overdue_rate", "over_60", "recovery_30", "delay_paid"]),
    st.floats(0.01, 1e6),
    st.floats(0.01, 1e6),
)
def test_more_than_one_is_better_than_asked(indicator, value, target):
    row = met(indicator, value, target)
    assert row["attained"] == (row["attainment"] >= 1)


# ---- bonus


def scored(*rows, bonus=1000.0, collector="Zoé"):
    table = pd.DataFrame(rows, columns=["attainment", "weight"]).assign(reason=None)
    return table.assign(collector=collector, bonus=bonus)


@pytest.mark.parametrize(
    ("attainment", "score"),
    [(0.79999, 0.0), (0.8, 0.8), (1.0, 1.0), (1.2, 1.2), (1.20001, 1.2), (9.0, 1.2), (0.0, 0.0)],
)
def test_both_sides_of_the_floor_and_the_cap(attainment, score):
    row = cm.incentives(scored((attainment, 1.0))).iloc[0]
    assert (row["score"], row["due_amount"]) == (score, 1000 * score)


def test_bonus_by_hand():
    # 0.4 x 0.9 + 0.3 x 0 (0.5 is below the floor) + 0.3 x 1.2 (capped) = 0.72
    row = cm.incentives(scored((0.9, 0.4), (0.5, 0.3), (1.5, 0.3), bonus=1200.0)).iloc[0]
    assert row["score"] == pytest.approx(0.72)
    assert (row["due_amount"], row["not_computable"], row["bonus"]) == (864.0, 0, 1200)
    # another scale: nothing below 100 %, no more than 100 %: 0.3 x 1
    assert cm.incentives(scored((0.9, 0.4), (0.5, 0.3), (1.5, 0.3)), 1, 1)["due_amount"].tolist() == [300]


def test_what_cannot_be_computed_leaves_both_sums():
    # 0.4 x 0.9 over 0.4: 0.9, neither 0.36 (a missing figure does not cost) nor 0.96 (it does not pay)
    row = cm.incentives(scored((0.9, 0.4), (float("nan"), 0.6))).iloc[0]
    assert (row["score"], row["due_amount"], row["not_computable"]) == (pytest.approx(0.9), 900, 1)
    row = cm.incentives(scored((float("nan"), 1.0))).iloc[0]
    assert row[["score", "due_amount"]].isna().all()
    assert row["not_computable"] == 1


def test_the_best_possible_value_earns_the_cap():
    table = scored((float("nan"), 0.5), (1.0, 0.5))
    table.loc[0, "reason"] = "at_best"
    row = cm.incentives(table).iloc[0]
    assert (row["score"], row["not_computable"]) == (pytest.approx(1.1), 0)  # 0.5 x 1.2 + 0.5 x 1


def test_only_who_has_a_bonus_and_weights_is_paid():
    table = pd.concat(
        [
            scored((1.0, 1.0), collector="Zoé"),
            scored((1.0, float("nan")), collector="Max"),
            scored((1.0, 1.0), collector="Ana", bonus=float("nan")),
            scored((1.1, 1.0), collector=None),  # the team's
            scored((1.0, 0.0), collector="Bob"),
        ],
        ignore_index=True,
    )
    found = cm.incentives(table)
    assert found["collector"].tolist() == ["Zoé", None]
    assert found["due_amount"].tolist() == [1000, 1100]


@pytest.mark.parametrize(
    ("floor", "cap"), [(-0.1, 1.2), (1.1, 1.2), (0.8, 0.9), (float("nan"), 1.2), (0.8, float("inf"))]
)
def test_bounds_of_the_scale(floor, cap):
    with pytest.raises(InputError):
        cm.incentives(scored((1.0, 1.0)), floor, cap)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.one_of(st.just(float("nan")), st.floats(0, 5)), st.floats(0.01, 1)), min_size=1, max_size=6)
)
def test_the_score_is_zero_or_within_floor_and_cap_of_its_parts(rows):
    row = cm.incentives(scored(*rows)).iloc[0]
    known = [attainment for attainment, _ in rows if attainment == attainment]
    assert row["not_computable"] == len(rows) - len(known)
    if known:
        assert 0 <= row["score"] <= 1.2 + 1e-9
        assert row["score"] <= max(min(value, 1.2) for value in known) + 1e-9
    else:
        assert pd.isna(row["score"])


# ---- the sample


def test_from_the_file_to_the_bonus(root):
    asked = cm.read_targets(root / "data" / "objectifs.csv")
    # overdue rate 25 % for 20 %: 0.8; over 60 days at target: 1; recovery 0.9 for 0.9: 1
    known = values(
        ("overdue_rate", "Maëlo Quirvaudel", 0.25),
        ("over_60", "Maëlo Quirvaudel", 25_000),
        ("recovery_30", "Maëlo Quirvaudel", 0.9),
        ("over_60", "Solvène Drapiquaz", 25_000),  # 50 000 / 25 000 = 2, capped at 1.2; the others are unknown
    )
    found = cm.incentives(cm.attainment(known, asked)).set_index("collector")
    # 1 200 x (0.4 x 0.8 + 0.3 + 0.3) = 1 200 x 0.92 = 1 104
    assert found.loc["Maëlo Quirvaudel", "due_amount"] == 1104
    assert found.loc["Solvène Drapiquaz", ["due_amount", "not_computable"]].tolist() == [1440, 2]
    assert found.loc["Ysoline Brantoxe", ["score", "due_amount"]].isna().all()
