"""Papers drawn by seed, marks of every question, the pass mark. Right answers are worked out here by hand."""

import random
from fractions import Fraction

import pytest

from cmtools.answers import AnswerError
from cmtools.quizzes import Formula, Mark, Paper, Quiz, read_quiz, shown
from cmtools.schemas import InputError

NAMES = ("stakes", "dashboard")


@pytest.fixture(scope="module")
def quizzes(root):
    return {name: read_quiz(root / "course" / "quizzes" / f"{name}.yaml") for name in NAMES}


def find(paper, name):
    return next(asked for asked in paper.asked if asked.question.id == name)


def mark_of(right):
    return Mark(right, float(right), (), "", "", "", "")


# ---------------------------------------------------------------- formulas


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * 2", Fraction(7)), ("(a + b) * 2", Fraction(8)), ("-a / b", Fraction(-1, 3)),
        ("1.2 * b", Fraction(18, 5)), ("b - 0.1 - 0.2", Fraction(27, 10)), ("90", Fraction(90)),
    ],
)  # fmt: skip
def test_arithmetic_is_exact(text, expected):
    assert Formula(text).value({"a": Fraction(1), "b": Fraction(3)}) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a ** 9", "a // 2", "a % 2", "a if b else 1", "f(a)", "a.b", "a[0]", "'x'", "a, b", "lambda: 1", "a == b",
        "1e999", "", "a +", "True", "a or b", "__import__('os')", "a" * 400, "(" * 150, "a; b", "a := 1", "1j", "+a",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="formula"):
        Formula(text)


def test_nothing_is_divided_by_nil():
    with pytest.raises(ZeroDivisionError):
        Formula("a / b").value({"a": Fraction(1), "b": Fraction(0)})


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "fr", "en"),
    [
        ("6000", "money", None, "6 000 EUR", "6,000 EUR"),
        ("147.946", "money", None, "147,95 EUR", "147.95 EUR"),
        ("5000", "money", 2, "5 000 EUR", "5,000 EUR"),
        ("0.125", "rate", None, "12,5 %", "12.5%"),
        ("0.1643835", "rate", 1, "16,4 %", "16.4%"),
        ("1", "days", None, "1 jour", "1 day"),
        ("73.714", "days", 1, "73,7 jours", "73.7 days"),
        ("0.5", "number", None, "0,5", "0.5"),
    ],
)
def test_figures_as_the_reader_writes_them(value, unit, decimals, fr, en):
    spaces = str.maketrans({"\u202f": " ", "\u00a0": " "})
    found = [shown(Fraction(value), unit, tongue, decimals).translate(spaces) for tongue in ("fr", "en")]
    assert found == [fr, en]


# ---------------------------------------------------------------- papers


@pytest.mark.parametrize("name", NAMES)
def test_twelve_questions_of_all_four_kinds(quizzes, name):
    kinds = [question.kind for question in quizzes[name].questions]
    assert len(kinds) == 12
    assert {kind: kinds.count(kind) for kind in kinds} == {"single": 3, "multiple": 2, "true_false": 2, "numeric": 5}
    assert {question.answer for question in quizzes[name].questions if question.kind == "true_false"} == {True, False}


def test_seed_nought_is_the_printed_paper(quizzes):
    for quiz in quizzes.values():
        paper = quiz.paper(0)
        assert [asked.question.id for asked in paper.asked] == [question.id for question in quiz.questions]
        assert [asked.number for asked in paper.asked] == list(range(1, 13))
        for asked in paper.asked:
            assert asked.order == tuple(range(len(asked.question.choices)))
            assert asked.figures == {name: figure.printed for name, figure in asked.question.figures.items()}


def test_same_seed_same_paper_another_seed_another(quizzes):
    def laid_out(paper):
        return [(asked.question.id, asked.order, dict(asked.figures)) for asked in paper.asked]

    for quiz in quizzes.values():
        papers = [laid_out(quiz.paper(seed)) for seed in range(20)]
        random.seed(1)  # the draw does not depend on what else draws
        assert papers == [laid_out(quiz.paper(seed)) for seed in range(20)]
        assert all(papers[a] != papers[b] for a in range(20) for b in range(a))


def test_a_shorter_paper_asks_so_many_of_them(quizzes):
    quiz = quizzes["stakes"]
    assert [asked.question.id for asked in quiz.paper(0, 3).asked] == [question.id for question in quiz.questions[:3]]
    assert len({asked.question.id for asked in quiz.paper(5, 7).asked}) == 7


@pytest.mark.parametrize(
    ("seed", "count"), [(-1, None), (1.5, None), (True, None), ("1", None), (0, 0), (0, 13), (0, True)]
)
def test_a_seed_or_a_count_that_cannot_be(quizzes, seed, count):
    with pytest.raises(ValueError, match=r"« .+ »"):
        quizzes["stakes"].paper(seed, count)


@pytest.mark.parametrize("name", NAMES)
def test_no_mistake_gives_the_right_answer_whatever_is_drawn(quizzes, name):
    numeric = [question for question in quizzes[name].questions if question.kind == "numeric"]
    for seed in range(201):
        paper = quizzes[name].paper(seed)
        for question in numeric:
            asked = find(paper, question.id)
            assert (asked.figures == question.printed) is (seed == 0)
            for figure, value in asked.figures.items():
                drawn = question.figures[figure]
                assert drawn.low <= value <= drawn.high
                assert not drawn.step or (value - drawn.low) % drawn.step == 0
            right = asked.values["answer"]
            for mistake in question.mistakes:
                wrong = mistake.formula.value(asked.values)
                assert abs(wrong - right) > 2 * question.within, (seed, question.id)
                if question.unit == "rate" and abs(wrong) > 9_999_999:
                    continue
                marked = paper.mark(asked, float(wrong), "fr")
                assert not marked.right
                assert marked.detail.startswith("mistake ")


@pytest.mark.parametrize("name", NAMES)
def test_figures_vary_and_are_all_shown_in_both_languages(quizzes, name):
    for question in quizzes[name].questions:
        if question.kind != "numeric":
            continue
        drawn = {tuple(find(quizzes[name].paper(seed), question.id).figures.items()) for seed in range(40)}
        assert len(drawn) >= 5
        asked = find(quizzes[name].paper(7), question.id)
        for tongue in ("fr", "en"):
            assert "{" not in asked.text(tongue) + asked.explanation(tongue)
            for figure, value in asked.figures.items():
                assert shown(value, question.figures[figure].unit, tongue) in asked.text(tongue)
            assert asked.right_answer(tongue) in asked.explanation(tongue)


# ---------------------------------------------------------------- marks

A, B = 36_500, 365  # rates in percent over a year of 365 days
NUMERIC = {
    ("stakes", "sales_for_a_loss"): [
        ({"owed": 6_000, "margin": 0.10}, 50_000),
        ({"owed": 9_600, "margin": 0.22}, 8_000 * 100 / 22),
        ({"owed": 22_800, "margin": 0.25}, 19_000 * 4),
    ],
    ("stakes", "margin_on_price"): [
        ({"cost": 100, "price": 120, "loss": 5_000}, 30_000),
        ({"cost": 85, "price": 130, "loss": 5_000}, 5_000 * 130 / 45),
        ({"cost": 100, "price": 120, "loss": 3_000}, 18_000),
    ],
    ("stakes", "price_of_thirty_days"): [
        ({"days": 30, "margin": 0.03, "rate": 0.05}, 120 * 5 * 30 / A / 3),
        ({"days": 60, "margin": 0.025, "rate": 0.07}, 120 * 7 * 60 / A / 2.5),
        ({"days": 30, "margin": 0.08, "rate": 0.03}, 120 * 3 * 30 / A / 8),
    ],
    ("stakes", "late_interest"): [
        ({"owed": 12_000}, 198.87 + 203.72 + 40),
        ({"owed": 6_000}, 99.44 + 101.86 + 40),
        ({"owed": 30_000}, 497.18 + 509.30 + 40),
    ],
    ("stakes", "late_sixty_days"): [
        ({"owed": 60_000, "days": 60, "rate": 0.05}, 493.15),
        ({"owed": 60_000, "days": 40, "rate": 0.05}, 3_000 * 40 / B),
        ({"owed": 60_000, "days": 80, "rate": 0.06}, 3_600 * 80 / B),
    ],
    ("dashboard", "overdue_rate"): [
        ({"late_30": 120_000, "late_60": 50_000, "late_more": 30_000, "not_due": 600_000}, 200 / 800),
        ({"late_30": 95_000, "late_60": 35_000, "late_more": 25_000, "not_due": 860_000}, 155 / 1_015),
        ({"late_30": 95_000, "late_60": 50_000, "late_more": 30_000, "not_due": 640_000}, 175 / 815),
    ],
    ("dashboard", "dso_incl_vat"): [
        ({"owed": 1_500_000, "sales": 7_500_000}, 1.5 / 9 * B),
        ({"owed": 1_250_000, "sales": 6_000_000}, 1.25 / 7.2 * B),
        ({"owed": 1_900_000, "sales": 7_750_000}, 1.9 / 9.3 * B),
    ],
    ("dashboard", "count_back"): [
        ({"owed": 212_000, "march": 100_000, "february": 80_000, "january": 70_000}, 73.7),  # as published
        ({"owed": 214_000, "march": 102_000, "february": 82_000, "january": 72_000}, 60 + 30 * 30 / 72),
        ({"owed": 220_000, "march": 96_000, "february": 84_000, "january": 76_000}, 60 + 40 * 30 / 76),
    ],
    ("dashboard", "allowance_needed"): [
        ({"owed": 18_000, "share": 0.60, "existing": 4_000}, 9_000 - 4_000),
        ({"owed": 19_200, "share": 0.80, "existing": 3_000}, 12_800 - 3_000),
        ({"owed": 20_400, "share": 0.90, "existing": 3_500}, 15_300 - 3_500),
    ],
    ("dashboard", "whole_of_two_segments"): [
        ({"owed_a": 600_000, "owed_b": 200_000, "sales_a": 4_800_000, "sales_b": 600_000}, 8 / 54 * B),
        ({"owed_a": 475_000, "owed_b": 230_000, "sales_a": 4_400_000, "sales_b": 500_000}, 70.5 / 490 * B),
        ({"owed_a": 600_000, "owed_b": 160_000, "sales_a": 4_400_000, "sales_b": 550_000}, 76 / 495 * B),
    ],
}


@pytest.mark.parametrize(("name", "question"), NUMERIC)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_right_number_is_right_in_both_languages(quizzes, name, question, seed):
    figures, expected = NUMERIC[name, question][seed]
    asked = find(quizzes[name].paper(seed), question)
    assert {key: float(asked.figures[key]) for key in figures} == figures
    places = asked.question.decimals
    for tongue in ("fr", "en"):
        typed = f"{100 * expected:.{places}f} %" if asked.question.unit == "rate" else f"{expected:.{places}f}"
        typed = typed.replace(".", ",") if tongue == "fr" else typed
        marked = quizzes[name].paper(seed).mark(question, typed, tongue)
        assert (marked.right, marked.score, marked.why, marked.detail) == (True, 1.0, (), ""), typed
        assert marked.explanation
        digits = marked.answer.replace("\u202f", "").replace("\u00a0", " ").replace(",", "" if tongue == "en" else ".")
        shown_value = float(digits.split()[0].rstrip("%"))
        assert shown_value == pytest.approx(
            expected * (100 if asked.question.unit == "rate" else 1), abs=0.6 * 10.0**-places
        )


def test_every_other_numeric_question_is_in_the_table(quizzes):
    asked = {(name, one.id) for name, quiz in quizzes.items() for one in quiz.questions if one.kind == "numeric"}
    assert asked == set(NUMERIC)


RIGHT = {  # places of the right choices in the file, and what is true
    "stakes": {
        "hold_the_invoice": 1, "seventy_five_days": 3, "end_of_month": 3, "full_cost": {0, 2, 3},
        "what_may_be_claimed": {0, 2, 4}, "vat_in_receivership": False, "five_days_of_dso": True,
    },
    "dashboard": {
        "last_month_again": 1, "late_payers_average": 2, "which_signal": 3, "cosmetic_dso": {0, 1, 4},
        "controls_before_the_committee": {0, 2, 4}, "dso_goes_up": False, "to_doubtful": True,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_marks_of_the_other_questions(quizzes, name, seed):
    paper = quizzes[name].paper(seed)
    others = [asked for asked in paper.asked if asked.question.kind != "numeric"]
    assert {asked.question.id for asked in others} == set(RIGHT[name])
    for asked in others:
        right = RIGHT[name][asked.question.id]
        for tongue in ("fr", "en"):
            marked = paper.mark(asked, right, tongue)
            assert (marked.right, marked.score, marked.why, marked.written) == (True, 1, (), marked.answer)
            for given in wrong_answers(asked, right):
                marked = paper.mark(asked, given, tongue)
                assert not marked.right
                assert marked.score < 1
                assert all(marked.why), "each mistake is told"
                assert marked.why
                assert marked.detail
                assert marked.explanation == asked.explanation(tongue)


def wrong_answers(asked, right):
    if asked.question.kind == "true_false":
        return [not right]
    places = range(len(asked.question.choices))
    if asked.question.kind == "single":
        return [place for place in places if place != right]
    return [right ^ {place} for place in places] + [set(places) - right, set(places)]


def test_several_choices_are_right_only_all_together(quizzes):
    paper = quizzes["stakes"].paper(0)
    cases = [
        ({0, 2}, 2 / 3),
        ({0, 1, 2, 3}, 2 / 3),
        ({0, 1}, 0.0),
        ({1, 4}, 0.0),
        ({0}, 1 / 3),
        ({0, 1, 2, 3, 4}, 1 / 3),
    ]
    for given, score in cases:
        marked = paper.mark("full_cost", given, "en")
        assert (marked.right, marked.score) == (False, pytest.approx(score))
    marked = paper.mark("full_cost", {0, 1, 3}, "en")
    assert [why.split(":")[0] for why in marked.why] == ["Wrongly ticked", "To be ticked too"]
    assert marked.detail == "choice 2, 3"


@pytest.mark.parametrize("name", NAMES)
def test_no_answer_is_wrong_and_explained(quizzes, name):
    paper = quizzes[name].paper(3)
    for asked in paper.asked:
        for given in (None, "") if asked.question.kind == "numeric" else (None,):
            marked = paper.mark(asked, given, "fr")
            assert (marked.right, marked.score, marked.written, marked.why) == (False, 0, "", ("Sans réponse.",))
            assert marked.explanation
    assert not quizzes["stakes"].paper(0).mark("full_cost", set()).right


@pytest.mark.parametrize(
    ("question", "typed", "said"),
    [
        (
            "sales_for_a_loss",
            "60 000",
            "Vous avez divisé le montant TTC : la TVA revient, la perte n'est que de 5 000 EUR HT.",
        ),
        ("sales_for_a_loss", "-50 000", "Le nombre est bon, pas son signe."),
        ("sales_for_a_loss", "123", "Ce nombre ne vient d'aucune des erreurs habituelles"),
        ("price_of_thirty_days", "0,164", "Un facteur cent"),
        ("price_of_thirty_days", "13,7", "Vous avez financé le prix HT"),
        ("late_interest", "402,59", "Il manque l'indemnité forfaitaire de 40 €"),
    ],
)
def test_a_usual_mistake_is_named(quizzes, question, typed, said):
    marked = quizzes["stakes"].paper(0).mark(question, typed, "fr")
    assert not marked.right
    assert marked.why[0].replace("\u202f", " ").replace("\u00a0", " ").startswith(said)


@pytest.mark.parametrize("typed", ["50 001", "49 999", "50000", "50 000,00 €", "50.000,00"])
def test_one_unit_of_the_last_decimal_is_near_enough(quizzes, typed):
    assert quizzes["stakes"].paper(0).mark("sales_for_a_loss", typed, "fr").right


def test_two_units_are_not(quizzes):
    assert not quizzes["stakes"].paper(0).mark("sales_for_a_loss", "50 002", "fr").right
    assert not quizzes["stakes"].paper(0).mark("late_interest", "442,62", "fr").right
    assert quizzes["stakes"].paper(0).mark("price_of_thirty_days", "16,5", "fr").right
    assert not quizzes["stakes"].paper(0).mark("price_of_thirty_days", "16,6", "fr").right


def test_what_is_no_number_is_not_marked(quizzes):
    with pytest.raises(AnswerError):
        quizzes["stakes"].paper(0).mark("sales_for_a_loss", "cinquante mille", "fr")


@pytest.mark.parametrize(("right", "passed"), [(12, True), (9, True), (8, False), (0, False)])
def test_nine_of_twelve_pass(quizzes, right, passed):
    found = quizzes["stakes"].paper(0).result([mark_of(True)] * right + [mark_of(False)] * (12 - right))
    assert (found.right, found.total, found.needed, found.passed) == (right, 12, 9, passed)
    assert found.share == right / 12


@pytest.mark.parametrize(("total", "needed"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (8, 6), (10, 8), (40, 30)])
def test_three_quarters_round_up(total, needed):
    assert Paper(Quiz("q", {}, Fraction("0.75"), ()), 0, (None,) * total).result([]).needed == needed


def test_a_score_of_parts_does_not_pass():
    paper = Paper(Quiz("q", {}, Fraction("0.75"), ()), 0, (None,) * 12)
    almost = Mark(False, 0.9, ("",), "", "", "", "")
    assert not paper.result([mark_of(True)] * 8 + [almost] * 4).passed


def test_figures_of_the_legal_question_are_those_of_the_law():
    """The rates that the text gives are the ECB's on the first day of each half-year, and ten points more."""
    import cmtools as cm

    assert cm.default_late_rate("2025-05-16").value == pytest.approx(0.0315 + 0.10)
    assert cm.default_late_rate("2025-08-20").value == pytest.approx(0.0215 + 0.10)


def test_a_quiz_is_found_by_name_in_the_kit(root, monkeypatch, tmp_path):
    monkeypatch.chdir(root / "course")
    assert read_quiz("stakes").name == "stakes"
    for name in ("../quizzes/stakes", "nothing", "STAKES"):
        with pytest.raises(InputError) as error:
            read_quiz(name)
        assert "dashboard, stakes" in error.value.text("en")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="–"):
        read_quiz("stakes")
