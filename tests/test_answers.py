"""Answers as people type them; expected values are written by hand, or come from whole cents split in the test."""

import ast
import warnings
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from refusals import unused_sentences

from cmtools.answers import KINDS, LONGEST, AnswerError, parse_day, parse_number, read_answer, typed
from cmtools.language import HARD, THIN

SPACES = " \u00a0\u202f\u2009\u2007\u3000"
both = pytest.mark.parametrize("language", ["fr", "en"])


def refusal(given, kind, language="fr", choices=()):
    with pytest.raises(AnswerError) as caught:
        read_answer(given, kind, language, choices)
    assert str(caught.value) == caught.value.text(language)
    assert "\n" not in str(caught.value)
    return caught.value


# ---- numbers


@both
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 234,56", 1234.56),
        ("1.234,56", 1234.56),
        ("1,234.56", 1234.56),
        ("1'234.56", 1234.56),
        ("1’234,56", 1234.56),
        ("1234.56", 1234.56),
        ("1234,56", 1234.56),
        ("1 234,56 EUR", 1234.56),
        ("1 234,56 €", 1234.56),
        ("1 234,56€", 1234.56),
        ("€1,234.56", 1234.56),
        ("1 234,56 euros", 1234.56),
        ("= 1 234,56", 1234.56),
        ("\u200b1\u202f234,56\u00a0€\ufeff", 1234.56),
        ("12 345 678", 12345678),
        ("1,234,567", 1234567),
        ("1.234.567", 1234567),
        ("1.234.567,8", 1234567.8),
        ("1 234,567", 1234.567),
        ("1234,567", 1234.567),
        ("0,123", 0.123),
        (",5", 0.5),
        ("12,", 12),
        ("007", 7),
        ("+3", 3),
        ("-3", -3),
        ("- 3", -3),
        ("−3", -3),
        ("–3", -3),
        ("3-", -3),
        ("(3)", -3),
        ("(1 234,56 €)", -1234.56),
        ("(1 234,56) €", -1234.56),
        ("-0", 0),
    ],
)
def test_amounts_as_people_write_them(text, expected, language):
    answer = read_answer(text, "money", language)
    assert answer.value == expected
    assert isinstance(answer.value, float)
    assert not answer.percent


def test_what_reads_two_ways_follows_the_page_and_says_so():
    assert read_answer("1,234", "number", "fr")[:2] == (1.234, "1,234 (lu avec « , » devant les décimales)")
    assert read_answer("1,234", "number", "en")[:2] == (1234.0, "1,234 (read with “,” between thousands)")
    # a lone point is a decimal point in both: French thousands take a space
    assert read_answer("1.234", "number", "fr")[:2] == (1.234, "1,234 (lu avec « . » devant les décimales)")
    assert read_answer("1.234", "number", "en")[:2] == (1.234, "1.234 (read with “.” before the decimals)")
    assert read_answer("12.34", "number", "fr").written == "12,34"


@both
@pytest.mark.parametrize(
    "text",
    [
        "12 34",
        "1 2345",
        "1,23,456",
        "1.2.3",
        "1,234.567,8",
        "12..5",
        "--3",
        "(3",
        "3)",
        "-(3)",
        "((3))",
        "abc",
        "1e3",
        "½",
        "²",
        "12²",
        "١٢",
        "0x10",
        "1_000",
        "inf",
        "nan",
        "True",
        "1 234,56 $",
        "12 500 HT",
        "environ 12",
        "12 %",
        "61 jours",
        "31/03/2025",
        "<b>3</b>",
        "€",
        "-",
        "()",
        "€€3",
        "3 € €",
        "__import__('os')",
    ],
)
def test_what_is_no_amount_is_refused(text, language):
    assert refusal(text, "money", language).key in ("answer_bad_money", "answer_formula")


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("1,5 M€", "1 500 000"),
        ("12 k€", "12 000"),
        ("2 millions d'euros", "2 000 000"),
        ("-3 M", "-3 000 000"),
        ("1 Md€", "1 000 000 000"),
        ("0,25 million", "250 000"),
        ("3 milliers d’euros", "3 000"),
        ("1,5 milliard", "1 500 000 000"),
        ("2 bn", "2 000 000 000"),
    ],
)
def test_multiples_are_written_in_full(text, whole):
    error = refusal(text, "money")
    assert error.key == "answer_multiple"
    assert error.values["whole"].replace("\u202f", " ") == whole


@pytest.mark.parametrize(
    "text", ["=3/4", "3/4", "500 000 / 10 %", "2*3", "12+5", "=SOMME(A1:A3)", "(3+4)*2", "12 × 30", "10-3"]
)
@pytest.mark.parametrize("kind", ["number", "money", "days", "rate"])
def test_calculations_are_not_done_here(text, kind):
    assert refusal(text, kind).key == "answer_formula"


def test_days_and_whole_numbers():
    for text in ("61,7 jours", "61.7 days", "61,7 j", "61,7 jrs", "61,7"):
        assert read_answer(text, "days", "fr")[:2] == (61.7, "61,7\u00a0jours")
    assert [read_answer(text, "days", "fr").written for text in ("0", "1,5", "2")] == [
        "0\u00a0jour",
        "1,5\u00a0jour",
        "2\u00a0jours",
    ]
    assert [read_answer(text, "days", "en").written for text in ("0", "1", "1.5")] == [
        "0\u00a0days",
        "1\u00a0day",
        "1.5\u00a0days",
    ]
    assert refusal("2 mois", "days").key == "answer_bad_days"
    assert read_answer("1 000", "integer", "fr")[:2] == (1000.0, "1\u202f000")
    assert read_answer(2.9999999999, "integer").value == 3
    assert refusal("12,5", "integer").key == refusal(2.5, "integer").key == "answer_not_whole"


# ---- rates


@both
@pytest.mark.parametrize(
    ("text", "expected", "percent"),
    [
        ("12,5 %", 0.125, True),
        ("12.5%", 0.125, True),
        ("12,5\u202f%", 0.125, True),
        ("12,5 pour cent", 0.125, True),
        ("12.5 percent", 0.125, True),
        ("12,5", 0.125, False),
        ("0,05", 0.0005, False),
        ("-2 %", -0.02, True),
        ("(2 %)", -0.02, True),
        ("(2) %", -0.02, True),
        ("100", 1.0, False),
        ("7,7 %", 0.077, True),
    ],
)
def test_a_rate_that_is_typed_is_a_percentage(text, expected, percent, language):
    answer = read_answer(text, "rate", language)
    assert (answer.value, answer.percent) == (expected, percent)


def test_a_rate_of_a_cell_is_the_fraction_itself():
    assert read_answer(0.125, "rate", "fr") == (0.125, "12,5\u00a0%", False)
    assert read_answer(12.5, "rate", "en").written == "1,250%"
    assert read_answer((0, 125), "rate", "fr").value == 0.125


def test_a_percentage_as_a_number_is_its_fraction():
    assert read_answer("12,5 %", "number", "fr") == (0.125, "12,5\u00a0%", True)


@pytest.mark.parametrize("text", ["2 %%", "(2 %) %", "%", "12 ‰", "12 € %"])
def test_odd_percentages_are_refused(text):
    assert refusal(text, "rate").key == "answer_bad_rate"


# ---- dates


@both
@pytest.mark.parametrize(
    "text",
    [
        "31/03/2025",
        "31.03.2025",
        "31-03-2025",
        "31 03 2025",
        "2025-03-31",
        "2025/03/31",
        "31/3/25",
        "31 mars 2025",
        "31 March 2025",
        "31st of March 2025",
        "March 31, 2025",
        "Mar 31 2025",
        "lundi 31 mars 2025",
        "le 31 mars 2025",
        "31 MARS 2025",
        "31\u00a0mars\u00a02025",
    ],
)
def test_dates_as_people_write_them(text, language):
    assert read_answer(text, "date", language).value == date(2025, 3, 31)


def test_a_date_is_shown_in_words():
    assert read_answer("03/04/2025", "date", "fr").written == "3\u00a0avril\u00a02025"
    assert read_answer("03/04/2025", "date", "en").written == "3\u00a0April\u00a02025"
    assert read_answer("1er août 2025", "date", "fr") == (date(2025, 8, 1), "1er\u00a0août\u00a02025", False)


@pytest.mark.parametrize(
    "name", ["janv.", "févr.", "fevrier", "avr", "Apr", "juin", "juil.", "août", "aout", "sept.", "déc."]
)
def test_short_names_of_months(name):
    months = {"j": 1, "f": 2, "av": 4, "ap": 4, "juin": 6, "juil": 7, "ao": 8, "s": 9, "d": 12}
    number = months[max((start for start in months if name.casefold().replace("é", "e").startswith(start)), key=len)]
    assert parse_day(f"2 {name} 2025") == date(2025, number, 2)


@pytest.mark.parametrize(
    "text",
    [
        "31/02/2025",
        "31/03",
        "demain",
        "1 jui 2025",
        "1 ma 2025",
        "0/0/2025",
        "31/03-2025",
        "31/12/1850",
        "31/03/20255",
        "12",
        "31 marsouin 2025",
        "2025",
    ],
)
def test_what_is_no_date_is_refused(text):
    assert refusal(text, "date").key == "answer_bad_date"


def test_days_come_before_months():
    error = refusal("03/31/2025", "date")
    assert error.key == "answer_month_first"
    assert "31/03/2025" in error.text("fr")


# ---- choices and texts


def test_choices_by_their_words_key_or_place():
    choices = {"accept": "Accepter", "limit": "Limiter", "refuse": "Refuser"}
    for text in ("Refuser", "refuser ", "REFUSE", "3", 3):
        assert read_answer(text, "choice", "fr", choices)[:2] == ("refuse", "Refuser")
    assert read_answer("relancer", "choice", "fr", ("accepter", "relancer")).value == "relancer"
    assert "Accepter ; Limiter ; Refuser" in refusal("oui", "choice", "fr", choices).text("fr")
    assert refusal("4", "choice", "fr", choices).key == refusal("!", "choice", "fr", choices).key == "answer_bad_choice"


def test_a_text_is_kept_as_it_is():
    text = "Je <b>refuse</b> :\n1 234,56 € de retard"
    assert read_answer(f"  {text} ", "text") == (text, text, False)
    assert read_answer(12.5, "text").value == "12.5"
    assert refusal("a" * 4001, "text").key == "answer_too_long"
    assert read_answer("a" * 4000, "text").value == "a" * 4000


# ---- values of a cell


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("blank", [None, ..., "", "  ", "\u00a0", "...", "…"])
def test_not_answered(blank, kind):
    assert read_answer(blank, kind) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (12, 12.0),
        (12.5, 12.5),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3.0),
        (np.array(4.0), 4.0),
        (Decimal("1.25"), 1.25),
        (Fraction(3, 4), 0.75),
        ((12, 5), 12.5),
        ((12, 50), 12.5),
        ((-12, 5), -12.5),
        ((0, 125), 0.125),
        ((1234, 56), 1234.56),
        ((1, 234.56), 1234.56),
        ((1, 234, 567), 1234567.0),
        ((12,), 12.0),
    ],
)
def test_numbers_of_a_cell(value, expected):
    assert read_answer(value, "number", "fr").value == expected


def test_a_tuple_that_reads_two_ways_follows_the_page():
    assert read_answer((1, 234), "number", "fr").value == 1.234
    assert read_answer((1, 234), "number", "en").value == 1234.0


@pytest.mark.parametrize(
    "value",
    [
        date(2025, 3, 31),
        datetime(2025, 3, 31, 10),
        pd.Timestamp("2025-03-31"),
        np.datetime64("2025-03-31"),
        np.datetime64("2025-03-31T10:00:00", "ns"),
    ],
)
def test_dates_of_a_cell(value):
    assert read_answer(value, "date").value == date(2025, 3, 31)
    assert type(read_answer(value, "date").value) is date
    assert refusal(value, "days").key == "answer_bad_days"


class Figures(NamedTuple):
    days: float
    sales: float


@dataclass
class Parts:
    margin: float


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (True, "answer_yes_no"),
        (np.bool_(False), "answer_yes_no"),
        (float("nan"), "answer_not_known"),
        (pd.NaT, "answer_not_known"),
        (pd.NA, "answer_not_known"),
        (np.datetime64("NaT"), "answer_not_known"),
        (Decimal("nan"), "answer_not_known"),
        (float("inf"), "answer_too_large"),
        pytest.param(10**5000, "answer_too_large", id="huge"),
        ("9" * 14, "answer_too_large"),
        ("9" * (LONGEST + 1), "answer_too_long"),
        (len, "answer_function"),
        (pd.Series([1, 2]), "answer_several"),
        ([1], "answer_several"),
        ({}, "answer_several"),
        ((), "answer_several"),
        ((True, 5), "answer_several"),
        ((1, 5.0, 2), "answer_several"),
        (12j, "answer_several"),
        (np.array([1.0, 2.0]), "answer_several"),
        (Figures(1, 2), "answer_fields"),
        (Parts(1), "answer_fields"),
    ],
)
def test_values_that_are_no_number(value, key):
    for language in ("fr", "en"):
        assert refusal(value, "number", language).key == key


def test_a_result_of_several_figures_names_them():
    assert "days, sales" in str(refusal(Figures(1, 2), "days"))
    assert ".days" in str(refusal(Figures(1, 2), "days"))


def test_decimals_that_are_shown():
    shown = {
        0.1 + 0.2: "0,3",
        1e-7: "0,0000001",
        0.1234567: "0,123457",
        12.0: "12",
        1234.5: "1\u202f234,5",
        0.000123456: "0,0001235",
        0.0: "0",
    }
    assert {value: read_answer(value, "number", "fr").written for value in shown} == shown
    assert [read_answer(value, "money", "en").written for value in (12, 12.5, 12.345)] == ["12", "12.50", "12.345"]


def test_an_unknown_kind_is_an_error_of_the_author():
    with pytest.raises(ValueError, match="kind"):
        read_answer("1", "percent")


# ---- any amount, any text


@given(
    st.integers(-(10**14), 10**14),
    st.sampled_from([*((",", space) for space in SPACES), (",", "."), (".", ","), (".", "'"), (",", ""), (".", "")]),
    st.sampled_from(["", " €", "€", "\u00a0EUR", " euros"]),
    st.sampled_from("-−–("),
    st.sampled_from(["fr", "en"]),
)
def test_any_amount_in_cents_comes_back(cents, signs, unit, minus, language):
    decimal, thousands = signs
    digits = f"{abs(cents):03d}"
    whole, groups = digits[:-2], []
    while len(whole) > 3:
        whole, group = whole[:-3], whole[-3:]
        groups.insert(0, group)
    text = thousands.join([whole, *groups]) + decimal + digits[-2:] + unit
    if cents < 0:
        text = f"({text})" if minus == "(" else minus + text
    answer = read_answer(text, "money", language)
    assert round(answer.value * 100) == cents
    assert read_answer(answer.written, "money", language).value == answer.value


@given(
    st.text(max_size=40) | st.text("0123456789,.-−() %€jMk/'\u00a0\u202f", max_size=15),
    st.sampled_from(KINDS),
    st.sampled_from(["fr", "en"]),
)
@example("1" * 200, "number", "fr")
@example("(" * 200, "rate", "en")
@example("1k", "number", "fr")
@example("\x00", "choice", "fr")
def test_any_text_is_read_or_refused_in_one_sentence(text, kind, language):
    try:
        answer = read_answer(text, kind, language, ("accept", "refuse"))
    except AnswerError as error:
        sentences = [error.text(tongue) for tongue in ("fr", "en")]
        answer = None
    else:
        sentences = []
    plain = [sentence.replace(THIN, " ").replace(HARD, " ") for sentence in sentences]  # those of "1 000"
    assert all(sentence.endswith(".") and sentence.isprintable() for sentence in plain)
    assert answer is None or isinstance(answer.value, float | date | str)
    assert not isinstance(getattr(answer, "value", None), float) or abs(answer.value) < 1e13


@given(st.text("0123456789,.' ", min_size=1, max_size=12), st.sampled_from(["fr", "en"]))
def test_a_number_keeps_its_digits(text, language):
    value = parse_number(text, language)
    if value is not None:
        digits = int("".join(filter(str.isdigit, text)))
        assert any(value == float(Fraction(digits, 10**places)) for places in range(len(text)))


# ---- answers in code


@pytest.mark.parametrize(
    ("text", "french", "english"),
    [
        ("1 234,56", 1234.56, 1234.56),
        ("1\u202f234,56", 1234.56, 1234.56),
        ("12,5", 12.5, 12.5),
        ("12,50", 12.5, 12.5),
        ("0,05", 0.05, 0.05),
        ("12 500", 12500, 12500),
        ("−3", -3, -3),
        ("-1 234,56", -1234.56, -1234.56),
        ("1,234", 1.234, 1234),
        ("1,234.56", 1234.56, 1234.56),
        ("12,5 %", "12,5 %", "12,5 %"),
        ("1 234,56 €", "1 234,56 €", "1 234,56 €"),
        ("1234 EUR", "1234 EUR", "1234 EUR"),
        ("61,7 jours", "61,7 jours", "61,7 jours"),
        ("61j", "61j", "61j"),
        ("1,5 M€", "1,5 M€", "1,5 M€"),
        ("31/03/2025", "31/03/2025", "31/03/2025"),
        ("31/12/2025", "31/12/2025", "31/12/2025"),
        ("2025-12-31", "2025-12-31", "2025-12-31"),
        ("31.12.2025", "31.12.2025", "31.12.2025"),
        ("31 mars 2025", "31 mars 2025", "31 mars 2025"),
        ("01/02/25", "01/02/25", "01/02/25"),
        ("10 000 000 000 000", "10 000 000 000 000", "10 000 000 000 000"),
    ],
)
def test_what_code_would_misread(text, french, english):
    assert typed(text, "fr") == french
    assert typed(text, "en") == english
    assert type(typed(text, "fr")) is type(french)


@pytest.mark.parametrize(
    "text",
    [
        "12.5",
        "1234",
        "12_500",
        "-3",
        "(3)",
        "(12,5)",
        "1e3",
        "3/4",
        "30-10-15",
        "12/10/25",
        "12 % 5",
        "dso(1,5)",
        "dso(ledger, as_of)",
        "accept",
        '"12,5"',
        "[1,5]",
        "12, 5",
        "3*1,5",
        "x[1,2]",
        "12,5 + 3",
        "€",
        "7 h",
        "",
        "12or 3",
        "1" * 201 + ",5",
        "((((" * 40,
    ],
)
def test_what_is_left_to_python(text):
    assert typed(text, "fr") is None
    assert typed(text, "en") is None


@given(st.text("0123456789.+-*/eE_ ()", min_size=1, max_size=15))
def test_a_number_that_python_reads_is_left_to_it(text):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        return
    if isinstance(tree, ast.Constant):
        assert typed(text, "fr") is typed(text, "en") is None


def test_each_sentence_is_used():
    assert unused_sentences("answers") == []
