"""What a quiz shows: its texts and the answers of a trainee are text, never markup."""

from fractions import Fraction
from html.parser import HTMLParser

import pytest

from cmtools import forms_quiz as forms
from cmtools.language import HARD
from cmtools.quizzes import Asked, Choice, Mark, Paper, Question, Quiz, read_quiz

HOSTILE = "<img src=x onerror=alert(1)> & </div><script>1</script> \"'"
BOTH = {"fr": HOSTILE, "en": HOSTILE}


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def paper():
    asked = Question(
        "q", "single", "cost", ("000-04",), BOTH, BOTH, BOTH, (Choice(BOTH, True, None), Choice(BOTH, False, BOTH))
    )
    quiz = Quiz("q", BOTH, Fraction(1), (asked,))
    return Paper(quiz, 0, (Asked(asked, 1, (0, 1), {}),))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_nothing_of_a_file_or_an_answer_is_markup(paper, language):
    asked = paper.asked[0]
    mark = Mark(False, 0.0, (HOSTILE,), HOSTILE, HOSTILE, HOSTILE, "")
    marks = {"q": mark}
    shown = [
        forms.head(paper, language), forms.question(asked, 1, language), forms.told(asked, mark, language),
        forms.notice(HOSTILE, language), forms.result(paper, marks, language), forms.review(paper, marks, language),
    ]  # fmt: skip
    for html in shown:
        found = Tags(html)
        assert set(found.tags) <= {"p", "b", "h3", "h4", "div", "section", "table", "tr", "td"}
    assert sum("<script>" in Tags(html).text for html in shown) == 5


def test_paragraphs_are_kept_and_french_signs_stay_on_their_line():
    assert forms.paragraphs("a\n\nb\nc", "en") == "<p>a</p><p>b</p><p>c</p>"
    assert forms.typeset("« Non » : 5 € ; 3 % ?", "fr") == f"«{HARD}Non{HARD}»{HARD}: 5{HARD}€{HARD}; 3{HARD}%{HARD}?"
    assert forms.typeset("5 % ?", "en") == "5 % ?"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", "9 bonnes réponses sur 12, soit 75 % : réussi (9 demandées)."),
        ("en", "9 right answers out of 12, that is 75%: passed (9 asked for)."),
    ],
)
def test_result_by_competence(root, language, said):
    paper = read_quiz(root / "course" / "quizzes" / "stakes.yaml").paper(0)
    marks = {
        asked.question.id: Mark(asked.number > 3, float(asked.number > 3), (), "", "", "x", "") for asked in paper.asked
    }
    assert said in Tags(forms.result(paper, marks, language)).text.replace(HARD, " ")
    # the first three are two of cost and the one of decision
    assert list(forms.by_competence(paper, marks)) == [("cost", 4, 6), ("decision", 0, 1), ("law", 5, 5)]
    assert "1 bonne réponse sur" in Tags(forms.result(paper, {"a": marks["late_interest"]}, "fr")).text


def test_review_shows_every_question_answered_or_not(root):
    paper = read_quiz(root / "course" / "quizzes" / "dashboard.yaml").paper(4)
    text = Tags(forms.review(paper, {}, "fr")).text
    assert text.count("Sans réponse.") == 12
    for asked in paper.asked:
        assert asked.explanation("fr")[-30:].replace(" ", "") in text.replace(HARD, "").replace(" ", "")
