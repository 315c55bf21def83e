"""Expert grid: points, weights, classes, veto rules, risk levels; the files that a user edits."""

import csv
import importlib.util
import io
import math
from fractions import Fraction

import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

import cmtools as cm
from cmtools import rating as rates
from cmtools.files import plain
from cmtools.financial_ratios import catalogue
from cmtools.language import HARD, THIN, label, message
from cmtools.rating import criteria, explain, grid_sheet, rate, read_grid, read_risk_levels, risk_level
from cmtools.schemas import InputError
from cmtools.settings import reference_rows

HEAD = "Critère;Poids;De;À moins de;Réponse;Points;Cotation au plus;Remarque\n"
SMALL = (
    HEAD
    + """Part du poids connue, au moins;60 %;;;;;;
Autonomie financière;3;;20 %;;0;;
Autonomie financière;;20 %;40 %;;5;;
Autonomie financière;;40 %;;;10;;
Autonomie financière;;;0 %;;;3;Fonds propres perdus
Taux d'échu;2;;10 %;;10;;
Taux d'échu;;10 %;30 %;;4;;
Taux d'échu;;30 %;;;0;;
Direction;1;;;bon;10;;
Direction;;;;moyen;5;;
Direction;;;;mauvais;0;;
"""
)
GIVEN = {"autonomie_financiere": 0.25, "overdue_rate": 0.2, "management": "poor"}


@pytest.fixture
def small(write):
    return read_grid(write(SMALL))


def defects(read, path):
    """Codes and lines of what is wrong; the error also reads in both languages."""
    with pytest.raises(InputError) as caught:
        read(path)
    for language in ("fr", "en"):
        assert str(path.name) in caught.value.text(language)
    return [(defect.code, defect.line) for defect in caught.value.defects]


def same(one, other):
    """Two grids hold the same figures and rules."""
    for name in ("weights", "classes", "vetoes"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), rtol=1e-12)
    assert one.minimum_known == other.minimum_known


# ---------------------------------------------------------------- reference tables


def test_default_grid_is_whole():
    table = reference_rows("grid.csv")
    assert sum(float(row["weight"]) for row in table if row["key"] != "minimum_known") == 100
    assert (
        {row["status"] for row in table} == {row["status"] for row in reference_rows("grid_classes.csv")} == {"CHOICE"}
    )
    known = {row["key"] for row in reference_rows("sources.csv")} | {""}
    assert {row["source"] for name in ("grid.csv", "grid_classes.csv") for row in reference_rows(name)} <= known
    grid = read_grid()
    assert set(grid.weights["family"]) == {"financial", "behaviour", "qualitative", "external"}
    ends = grid.classes.groupby("criterion")["points"].agg(["min", "max"])
    assert (ends["min"] == 0).all()  # so that unknown criteria at their worst and best enclose any rating
    assert (ends["max"] == 10).all()
    assert grid.minimum_known == 0.5


def test_criteria_have_words_and_units():
    units = {"rate", "days", "months", "years", "money", "count", "ratio", "choice"}
    assert {criterion.unit for criterion in criteria().values()} == units
    names = {}
    for key in [*criteria(), "minimum_known"]:
        for language in ("fr", "en"):
            assert label(key, language) != key
            assert names.setdefault(plain(label(key, language)), key) == key  # a label stands for one criterion
    for row in reference_rows("grid.csv"):
        assert message(f"criterion_{row['key']}", "fr")
        assert (row["unit"] == "") == (row["key"] in catalogue())  # a ratio keeps the unit of the catalogue
    for criterion in criteria().values():
        assert (criterion.unit == "choice") == bool(criterion.choices)
        assert all(label(choice, "fr") != choice for choice in criterion.choices)
    assert all(message(f"unit_{unit}", "en") for unit in units)


def test_ratios_of_the_catalogue_are_criteria():
    assert set(catalogue()) <= set(criteria())
    assert criteria()["capacite_remboursement"].direction == "lower"
    assert criteria()["tn_jours"].unit == "days"


def test_the_files_to_edit_are_the_defaults(root, tmp_path):
    spec = importlib.util.spec_from_file_location("make_credit", root / "data" / "make_credit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(tmp_path)
    for name in ("grille.csv", "niveaux_risque.csv"):
        assert (tmp_path / name).read_bytes() == (root / "data" / name).read_bytes(), name
    same(read_grid(root / "data" / "grille.csv"), read_grid())
    pd.testing.assert_frame_equal(read_risk_levels(root / "data" / "niveaux_risque.csv"), read_risk_levels())


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_sheet_reads_back(write, language):
    for grid in (None, read_grid(write(SMALL))):
        sheet = grid_sheet(grid, language).to_csv(sep=";", index=False)
        same(read_grid(write(sheet, "sheet.csv")), grid or read_grid())
    levels = rates.risk_level_sheet(language=language).to_csv(sep=";", index=False)
    pd.testing.assert_frame_equal(read_risk_levels(write(levels, "levels.csv")), read_risk_levels())


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
        sentence = rates.veto_text(found.vetoes.to_dict("records")[0], language)
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


# ---------------------------------------------------------------- good files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_both_languages_and_encodings(write, encoding):
    english = (
        "Criterion,Weight,From,Below,Answer,Points,Highest rating,Remark\n"
        '"Least share of the weight known",60%,,,,,,\n'
        "autonomie_financiere,3,,20%,,0,,\nFinancial autonomy,,20%,0.4,,5,,\nautonomie,,40%,,,10,,\n"
        "autonomie_financiere,,,0,,,3,Fonds propres perdus\n"
        "Overdue rate,2,,10%,,10,,\noverdue_rate,,0.1,0.3,,4,,\nOverdue rate,,30%,,,0,,\n"
        "Management,1,,,good,10,,\nMANAGEMENT,,,,average,5,,\nManagement,,,,poor,0,,\n"
    )
    same(read_grid(write(SMALL.encode(encoding), "fr.csv")), read_grid(write(english.encode(encoding), "en.csv")))


def test_weights_may_be_percentages_or_stand_alone(write):
    other = SMALL.replace("financière;3;", "financière;50 %;").replace("échu;2;", "échu;30,0 %;")
    other = other.replace("Direction;1;;;bon", "Direction;20 %;;;;;;\nDirection;;;;bon")
    grid = read_grid(write(other))
    assert grid.weights["weight"].tolist() == pytest.approx([0.5, 0.3, 0.2])
    twice = SMALL.replace("Taux d'échu;;10 %", "Taux d'échu;2;10 %")  # the same weight again
    same(read_grid(write(twice)), read_grid(write(SMALL)))


def test_a_workbook_with_typed_cells(write):
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet, percent = book.add_worksheet("Grille"), book.add_format({"num_format": "0%"})
    for line, row in enumerate(csv.reader(SMALL.splitlines(), delimiter=";")):
        for place, text in enumerate(row):
            if text.endswith("%"):
                sheet.write_number(line, place, float(text[:-2]) / 100, percent)
            elif text.isdigit():
                sheet.write_number(line, place, int(text))
            else:
                sheet.write_string(line, place, text)
    book.close()
    same(read_grid(write(stream.getvalue(), "grille.xlsx")), read_grid(write(SMALL)))


def test_a_ratio_and_a_criterion_of_ones_own(write):
    rows = ";1;;100 %;;10;;\ngearing;;100 %;;;0;;\ngearing;;;;dénominateur négatif;0;;\n"
    grid = read_grid(write(HEAD + label("gearing", "fr") + rows))
    assert rate({"gearing": 0.999}, grid).rating == 10
    assert rate({"gearing": 1.0}, grid).rating == 1
    assert rate({}, grid, reasons={"gearing": "negative_denominator"}).rating == 1


def test_the_users_words_stay_text(write):
    remark = '=HYPERLINK("x") <b>perdu</b>'
    found = rate(
        {**GIVEN, "autonomie_financiere": -1},
        read_grid(write(SMALL.replace("Fonds propres perdus", f'"{remark.replace(chr(34), chr(34) * 2)}"'))),
    )
    assert rates.veto_text(found.vetoes.to_dict("records")[0], "fr") == remark
    plainly = rate({**GIVEN, "autonomie_financiere": -1}, read_grid(write(SMALL.replace("Fonds propres perdus", ""))))
    said = rates.veto_text(plainly.vetoes.to_dict("records")[0], "fr").replace(HARD, " ")
    assert said == "Autonomie financière, moins de 0 %"


# ---------------------------------------------------------------- bad files


def swap(old, new):
    assert SMALL.count(old) == 1, old
    return SMALL.replace(old, new)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # line 2 is the share asked for; 3 to 6 autonomie; 7 to 9 overdue; 10 to 12 management
        (swap("Direction;;;;moyen;5;;", "Météo;;;;moyen;5;;"), [("grid_unknown_criterion", 11)]),
        (swap("Direction;;;;moyen;5;;", ";;;;moyen;5;;"), [("blank_value", 11)]),
        (swap("financière;3;", "financière;lourd;"), [("settings_bad_number", 3)]),
        (swap("financière;3;", "financière;-3;"), [("settings_negative", 3)]),
        (swap("financière;3;", "financière;1,234;"), [("settings_two_ways", 3)]),
        (swap("financière;3;", "financière;;"), [("grid_weight_missing", 5)]),
        (swap("financière;3;", "financière;30 %;"), [("grid_weights_mixed", 7)]),
        (swap("échu;;30 %;", "échu;5;30 %;"), [("grid_two_weights", 9)]),
        (SMALL.replace("ière;3;", "ière;0;").replace("échu;2;", "échu;0;").replace("tion;1;", "tion;0;"),
         [("grid_no_weight", 2)]),
        (swap("20 %;40 %;;5", "15 %;40 %;;5"), [("grid_overlap", 4)]),
        (swap("20 %;40 %;;5", "20 %;45 %;;5"), [("grid_overlap", 5)]),
        (swap("20 %;40 %;;5", "25 %;40 %;;5"), [("grid_hole", 4)]),
        (swap(";;20 %;;0;;", ";0 %;20 %;;0;;"), [("grid_open_below", 3)]),
        (swap("30 %;;;0;;", "30 %;90 %;;0;;"), [("grid_open_above", 9)]),
        (swap("20 %;40 %;;5", "40 %;20 %;;5"), [("grid_bounds_order", 4)]),
        (swap("20 %;40 %;;5", "20 %;20 %;;5"), [("grid_bounds_order", 4)]),
        (swap("20 %;40 %;;5", "20;40;;5"), [("settings_bare_rate", 4), ("settings_bare_rate", 4)]),
        (swap("20 %;40 %;;5", "0,2;1;;5"), [("settings_bare_rate", 4)]),  # 1 % or 100 %
        (swap("20 %;40 %;;5", "-20;40 %;;5"), [("settings_bare_rate", 4)]),
        (swap("20 %;40 %;;5", "20 %;beaucoup;;5"), [("settings_bad_number", 4)]),
        (swap("20 %;40 %;;5", "20 %;40 %;;10,5"), [("grid_points_range", 4)]),
        (swap("20 %;40 %;;5", "20 %;40 %;;-1"), [("grid_points_range", 4)]),
        (swap("20 %;40 %;;5", "20 %;40 %;;x"), [("settings_bad_number", 4)]),
        (swap("20 %;40 %;;5", "20 %;40 %;;"), [("grid_points_or_cap", 4)]),
        (swap("20 %;40 %;;5;;", "20 %;40 %;;5;5;"), [("grid_points_or_cap", 4)]),
        (swap("20 %;;0;;", "20 %;;6;;"), [("grid_points_direction", 4)]),  # upside down
        (swap("10 %;;10;;", "10 %;;3;;"), [("grid_points_direction", 7)]),
        (swap(";;;0 %;;;3;", ";;;0 %;;;0;"), [("grid_cap_range", 6)]),
        (swap(";;;0 %;;;3;", ";;;0 %;;;11;"), [("grid_cap_range", 6)]),
        (swap(";;;0 %;;;3;", ";;;0 %;;;2,5;"), [("grid_cap_range", 6)]),
        (swap(";;;0 %;;;3;", ";;;;;;3;"), [("grid_veto_always", 6)]),
        (swap("Autonomie financière;;;0 %;;;3;", "Météo;;;0 %;;;3;"), [("grid_unknown_criterion", 6)]),
        (swap("moyen;5", "bof;5"), [("settings_unknown_key", 11)]),
        (swap("Direction;;;;moyen;5;;\n", ""), [("grid_answers_missing", 10)]),
        (swap("Direction;;;;moyen;5;;", "Direction;;1;;moyen;5;;"), [("grid_answer_expected", 11)]),
        (swap("Direction;;;;moyen;5;;", "Direction;;;;;5;;"), [("grid_answer_expected", 11)]),
        (swap("Direction;;;;moyen;5;;", "Direction;;;;mauvais;5;;"), [("settings_duplicate", 12)]),
        (swap("échu;;10 %;30 %;;4", "échu;;10 %;30 %;bon;4"),
         [("grid_answer_and_bounds", 8), ("settings_unknown_key", 8)]),
        (swap("échu;;30 %;;;0;;", "échu;;30 %;;;0;;\nTaux d'échu;;30 %;;;2;;"), [("settings_duplicate", 10)]),
        (swap("au moins;60 %;", "au moins;160 %;"), [("grid_minimum_range", 2)]),
        (swap("au moins;60 %;", "au moins;60;"), [("settings_bare_rate", 2)]),
        (swap("au moins;60 %;", "au moins;;"), [("blank_value", 2)]),
        (swap("au moins;60 %;;;;;;", "au moins;60 %;;;;5;;"), [("grid_parameter", 2)]),
        (SMALL + "Part du poids connue, au moins;50 %;;;;;;\n", [("settings_duplicate", 13)]),
        (SMALL + "gearing;2;;;;;;\n", [("grid_no_class", 13)]),
        (SMALL + "gearing;2;;;dénominateur négatif;0;;\n", [("grid_no_class", 13)]),
        (HEAD, [("settings_no_rows", None)]),
        (HEAD.replace("Poids", "Pois") + "Direction;1;;;bon;10;;\n",
         [("settings_unknown_heading", None), ("settings_missing_column", None)]),
    ],
)  # fmt: skip
def test_every_defect_of_a_grid(write, text, expected):
    assert sorted(defects(read_grid, write(text)), key=str) == sorted(expected, key=str)


def test_several_defects_are_told_at_once(write):
    text = swap("20 %;40 %;;5", "20;40 %;;12").replace("Direction;;;;moyen", "Météo;;;;moyen")
    assert defects(read_grid, write(text)) == [
        ("grid_points_range", 4), ("settings_bare_rate", 4), ("grid_unknown_criterion", 11)
    ]  # fmt: skip
    holes = swap("20 %;40 %;;5", "25 %;40 %;;5").replace("10 %;30 %;;4", "10 %;35 %;;4")
    assert defects(read_grid, write(holes)) == [("grid_hole", 4), ("grid_overlap", 9)]


RUBBISH = [
    b"", b"  \r\n \n", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", b"<html><table></table></html>", b'{"a": 1}',
    b"\x89PNG\r\n\x1a\n\0\0", b"PK\x03\x04rubbish", b"Nom;Prenom\nA;B\n", b"\xff\xfe\x00", b"Critere Poids Points\n",
]  # fmt: skip


@pytest.mark.parametrize("read", [read_grid, read_risk_levels])
def test_what_is_no_such_file(read, write, root, tmp_path):
    for content in RUBBISH:
        with pytest.raises(InputError):
            read(write(content))
    for name in ("seuils.csv", "objectifs.csv", "secteur.csv"):
        with pytest.raises(InputError):
            read(root / "data" / name)
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(InputError):
            read(path)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_mutilated_grid_is_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "mutilated.csv"
    cells = [line.split(";") for line in SMALL.splitlines()]
    line = data.draw(st.integers(1, len(cells) - 1))
    place = data.draw(st.integers(0, 7))
    cells[line][place] = data.draw(
        st.sampled_from(["", "x", "0", "-1", "1e3", "20 %", "bon", "nan", "'", "=1+1", "٣", "11"])
    )
    path.write_text("\n".join(map(";".join, cells)) + "\n", encoding="utf-8")
    try:
        grid = read_grid(path)
    except InputError:
        return
    assert grid.weights["weight"].sum() == pytest.approx(1)
    assert grid.classes["points"].between(0, 10).all()
    for value in (-5.0, 0.0, 0.15, 0.35, 1.0):  # the classes still cover every value
        assert rate({"overdue_rate": value}, grid).table.set_index("criterion")["points"].notna()["overdue_rate"]


# ---------------------------------------------------------------- acceptable risk


def test_default_levels():
    table = read_risk_levels().set_index("risk_level")
    assert table.index.tolist() == ["A", "B", "C", "D", "E"]
    # published: 35 % of tangible net worth, 5 % of turnover (S36); 10 % of equity and of working capital (S34, S35)
    shares = ["share_tangible_net_worth", "share_turnover", "share_equity", "share_working_capital"]
    assert table.loc["B", shares].tolist() == [0.35, 0.05, 0.10, 0.10]
    assert table.loc["E"].drop(["rating_from", "rating_to", "guarantee_asked", "review_months"]).eq(0).all()
    assert table.loc["E", "guarantee_asked"] == "prepayment"
    rows = reference_rows("risk_levels.csv")
    assert [row["risk_level"] for row in rows if not row["status"].startswith("CHOICE")] == []
    assert all(label(row["guarantee_asked"], "fr") != row["guarantee_asked"] for row in rows)


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


LEVELS = rates.risk_level_sheet(language="fr").to_csv(sep=";", index=False)


def level_swap(old, new):
    assert LEVELS.count(old) == 1, old
    return LEVELS.replace(old, new)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (level_swap("B;7;8;", "B;6;8;"), [("levels_overlap", 4)]),
        (level_swap("B;7;8;", "B;8;8;"), [("levels_hole", 2)]),
        (level_swap("B;7;8;", "B;8;7;"), [("levels_order", 3)]),
        (level_swap("B;7;8;", "B;7;11;"), [("levels_rating_range", 3)]),
        (level_swap("B;7;8;", "B;7,5;8;"), [("settings_bad_number", 3)]),
        (level_swap("B;7;8;", "B;;8;"), [("blank_value", 3)]),
        (level_swap("B;7;8;", "A;7;8;"), [("settings_duplicate", 3)]),
        (level_swap("B;7;8;", ";7;8;"), [("blank_value", 3)]),
        (level_swap("B;7;8;35 %;", "B;7;8;35;"), [("settings_bare_rate", 3)]),
        (level_swap("B;7;8;35 %;", "B;7;8;1;"), [("settings_bare_rate", 3)]),
        (level_swap("B;7;8;35 %;", "B;7;8;135 %;"), [("levels_share", 3)]),
        (level_swap("B;7;8;35 %;", "B;7;8;-35 %;"), [("settings_negative", 3)]),
        (level_swap("B;7;8;35 %;", "B;7;8;;"), [("blank_value", 3)]),
        (level_swap("B;7;8;35 %;", "B;7;8;46 %;"), [("levels_worse_has_more", 3)]),
        (level_swap("garantie bancaire", "une poignée de main"), [("settings_unknown_key", 5)]),
    ],
)
def test_every_defect_of_a_file_of_levels(write, text, expected):
    assert defects(read_risk_levels, write(text)) == expected


def test_a_guarantee_may_be_blank(write):
    table = read_risk_levels(write(level_swap("garantie bancaire", ""))).set_index("risk_level")
    assert table.loc["D", "guarantee_asked"] is None
    assert risk_level(4, table.reset_index()).guarantee_asked is None


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("row", "fr", "en"),
    [
        (("rate", None, 0.1, None), "moins de 10 %", "below 10%"),
        (("rate", 0.125, None, None), "12,5 % ou plus", "12.5% or more"),
        (("days", 8.0, 15.0, None), "de 8 jours à moins de 15 jours", "from 8 days to below 15 days"),
        (("days", None, 1.0, None), "moins de 1 jour", "below 1 day"),
        (("years", 1.5, 3.0, None), "de 1,5 an à moins de 3 ans", "from 1.5 years to below 3 years"),
        (("months", 18.0, None, None), "18 mois ou plus", "18 months or more"),
        (("money", 5e6, None, None), "5 000 000 EUR ou plus", "5,000,000 EUR or more"),
        (("ratio", 0.8, 1.0, None), "de 0,80 à moins de 1", "from 0.80 to below 1"),
        (("count", None, 1.0, None), "moins de 1", "below 1"),
        (("choice", None, None, "refused"), "refusé", "refused"),
        (("years", None, None, "negative_denominator"), "dénominateur négatif", "denominator is negative"),
        (("rate", None, None, None), "", ""),
    ],
)
def test_classes_in_words(row, fr, en):
    unit, lower, upper, answer = row
    values = {"unit": unit, "lower": lower, "upper": upper, "answer": answer}
    said = [rates.class_text(values, language).replace(HARD, " ").replace(THIN, " ") for language in ("fr", "en")]
    assert said == [fr, en]


def test_a_rating_in_sentences(small):
    said = explain(rate({**GIVEN, "management": None}, small), "fr")
    assert [text.replace(HARD, " ") for text in said] == [
        "Cotation 5 sur 10 : 4,6 points sur 10, 83 % du poids des critères étant connu.",
        "Selon ce qui manque (Direction) : de 4 à 5.",
    ]
    capped = explain(rate({"autonomie_financiere": -0.05, "overdue_rate": 0.05, "management": "good"}, small), "fr")
    assert capped[1] == "Fonds propres perdus : la cotation est de 3 au plus, au lieu de 5."
    idle = explain(rate({"autonomie_financiere": -0.05, "overdue_rate": 0.5, "management": "poor"}, small), "en")
    assert idle[1] == "Fonds propres perdus: the rating cannot exceed 3."
    many = explain(rate({"delay_with_open": 0.0, "overdue_rate": 0.0, **{k: GOOD[k] for k in CRITERIA[:8]}}), "en")
    assert "14 others" in many[1]  # of 29 criteria that weigh, 10 are known and 5 are named


def test_public_names():
    assert cm.rate is rate
    assert cm.risk_level is risk_level
    assert cm.read_grid is read_grid
    assert cm.read_risk_levels is read_risk_levels
