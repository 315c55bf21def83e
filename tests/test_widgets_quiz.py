"""A quiz is answered through its controls, from the first question to the result. There is no kernel here."""

import sqlite3
from html import unescape

import ipywidgets
import pytest

import cmtools as cm
from cmtools.language import HARD, THIN
from cmtools.progress import Progress, ProgressError
from cmtools.quizzes import read_quiz

NAMES = ("stakes", "dashboard")


class Sat:
    """What is on the screen of a quiz, found as a reader finds it: by what is shown."""

    def __init__(self, panel):
        self.panel = panel

    def there(self, widget=None):
        """Every control that is displayed."""
        widget = self.panel if widget is None else widget
        if widget.layout.display == "none":
            return
        yield widget
        for child in getattr(widget, "children", ()):
            yield from self.there(child)

    def all(self, kind):
        return [one for one in self.there() if isinstance(one, kind)]

    @property
    def text(self):
        html = " ".join(one.value for one in self.all(ipywidgets.HTML) if "<style>" not in one.value)
        return unescape(html).replace(HARD, " ").replace(THIN, " ")

    def press(self, name):
        next(one for one in self.all(ipywidgets.Button) if one.description == name).click()

    @property
    def buttons(self):
        return [one.description for one in self.all(ipywidgets.Button)]

    @property
    def radio(self):
        return next(one for one in self.all(ipywidgets.RadioButtons))

    @property
    def ticks(self):
        return self.all(ipywidgets.Checkbox)

    @property
    def box(self):
        return next(one for one in self.all(ipywidgets.Text))


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv("CMTOOLS_PROGRESS", str(tmp_path / "progress.sqlite"))
    return Progress(tmp_path / "progress.sqlite")


@pytest.fixture
def file(root):
    return lambda name="stakes": root / "course" / "quizzes" / f"{name}.yaml"


def fill_in(sat, asked, language, wrong=False):
    """Give the right answer, or a wrong one."""
    question = asked.question
    if question.kind == "numeric":
        value = float(question.mistakes[0].formula.value(asked.values) if wrong else asked.values["answer"])
        text = f"{100 * value:.1f} %" if question.unit == "rate" else f"{value:.{question.decimals}f}"
        sat.box.value = text.replace(".", ",") if language == "fr" else text
    elif question.kind == "multiple":
        for tick, (_, place) in zip(sat.ticks, asked.choices(language), strict=True):
            tick.value = question.choices[place].right != wrong
    else:
        right = (
            question.answer
            if question.kind == "true_false"
            else next(p for p, c in enumerate(question.choices) if c.right)
        )
        others = [value for _, value in asked.choices(language) if value != right]
        sat.radio.value = others[0] if wrong else right


WORDS = {
    "fr": ("Valider", "Je ne sais pas", "Question suivante", "Voir le résultat", "Recommencer avec d'autres chiffres"),
    "en": ("Check", "I do not know", "Next question", "See the result", "Again with other figures"),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrong", [True, False])
def test_run_again_the_quiz_goes_on_where_it_was_left(kept, file, name, wrong):
    """Whatever the questions answered and the answers, as after *run all*; one question is left unanswered."""
    check, skip, *_ = WORDS["fr"]
    paper = read_quiz(file(name)).paper(3)
    whole = Sat(cm.quiz(file(name), "fr", 3))
    for asked in paper.asked:
        fill_in(whole, asked, "fr", wrong)
        whole.press(skip if asked.number == 2 else check)
        again = Sat(cm.quiz(file(name), "fr", 3))
        if asked.number < 12:
            assert f"Question {asked.number + 1} " in again.text
            assert f"reprend où vous l'aviez laissé : question {asked.number + 1}." in again.text
        whole.press(whole.buttons[0])
    assert len(kept.attempts("quiz", name)) == 14  # the result was shown by both
    assert again.text == whole.text
    fresh = Sat(cm.quiz(file(name), "fr", 3))
    assert "Question 1 " in fresh.text
    assert "reprend" not in fresh.text


def test_what_cannot_go_on_starts_again(kept, file):
    """Another paper, another language, another number of questions, answers that no longer read."""
    paper = read_quiz(file()).paper(0)
    sat = Sat(cm.quiz(file(), "fr"))
    assert {asked.question.kind for asked in paper.asked[:4]} & {"single", "multiple"}
    for asked in paper.asked[:4]:
        fill_in(sat, asked, "fr")
        sat.press("Valider")
        sat.press(sat.buttons[0])
    assert "Question 5 " in Sat(cm.quiz(file(), "fr")).text
    for other in ({"language": "fr", "seed": 1}, {"language": "en"}, {"language": "fr", "count": 3}):
        assert "Question 1 " in Sat(cm.quiz(file(), **other)).text
    with sqlite3.connect(kept.path) as file_of_progress:
        file_of_progress.execute("UPDATE attempts SET answer = 'autre chose'")
    assert "Question 1 " in Sat(cm.quiz(file(), "fr")).text
    file_of_progress.close()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("language", "seed", "wrong"), [("fr", 0, 3), ("en", 5, 4), ("fr", 2, 0)])
def test_from_the_first_question_to_the_result(kept, file, name, language, seed, wrong):
    check, skip, following, finish, again = WORDS[language]
    paper = read_quiz(file(name)).paper(seed)
    sat = Sat(cm.quiz(file(name), language, seed))
    for asked in paper.asked:
        assert sat.buttons == [check, skip]
        assert f"Question {asked.number} " in sat.text
        fill_in(sat, asked, language, asked.number <= wrong)
        sat.press(check)
        assert sat.buttons == [finish if asked.number == 12 else following]
        for tongue in {"fr", "en"} - {language}:
            assert asked.explanation(tongue).replace(HARD, " ").replace(THIN, " ") not in sat.text
        assert asked.explanation(language).replace(HARD, " ").replace(THIN, " ") in sat.text
        assert asked.reference(language) in sat.text
        sat.press(sat.buttons[0])
    assert sat.buttons == [again]
    assert f"{12 - wrong} " in sat.text
    assert ("réussi" if language == "fr" else "passed (") in sat.text or wrong > 3
    assert ("pas encore" if language == "fr" else "not yet") in sat.text or wrong < 4
    attempts = kept.attempts("quiz", name)
    assert [one.item for one in attempts] == [*(asked.question.id for asked in paper.asked), ""]
    assert [one.verdict in ("wrong", "partly") for one in attempts[:12]] == [
        asked.number <= wrong for asked in paper.asked
    ]
    assert {one.variant for one in attempts} == {seed}
    assert (attempts[12].verdict, attempts[12].score) == ("passed" if wrong < 4 else "failed", (12 - wrong) / 12)
    assert len({one.detail.split()[0] for one in attempts}) == 1, "all of one sitting"
    assert len({one.id for one in attempts}) == 13
    assert all(one.answer for one in attempts[:12])


def test_again_draws_other_figures(kept, file):
    sat = Sat(cm.quiz(file(), "en", 3))
    for _ in range(12):
        sat.press("I do not know")
        sat.press(sat.buttons[0])
    assert "0 right answers out of 12" in sat.text
    sat.press("Again with other figures")
    assert "Variant 4." in sat.text
    assert "Question 1 out of 12" in sat.text
    first = read_quiz(file()).paper(4).asked[0]
    assert first.text("en").split("\n")[0].replace(HARD, " ").replace(THIN, " ")[:40] in sat.text
    fill_in(sat, first, "en")
    sat.press("Check")
    attempts = kept.attempts("quiz", "stakes")
    assert [one.variant for one in attempts] == [3] * 13 + [4]
    assert attempts[-1].detail.split()[0] != attempts[0].detail.split()[0]


def test_feedback_at_the_end_tells_nothing_before(kept, file):
    paper = read_quiz(file()).paper(0)
    sat = Sat(cm.quiz(file(), "fr", feedback="end"))
    for asked in paper.asked:
        assert "cmtools-told" not in sat.text
        assert asked.explanation("fr") not in sat.text
        fill_in(sat, asked, "fr", asked.number == 1)
        sat.press("Valider")
    assert "11 bonnes réponses sur 12" in sat.text
    assert sat.text.count("cmtools-review") == 12
    assert len(kept.attempts("quiz")) == 13


def test_a_repeated_click_counts_once(kept, file):
    sat = Sat(cm.quiz(file(), "fr"))
    check = next(one for one in sat.all(ipywidgets.Button) if one.description == "Valider")
    skip = next(one for one in sat.all(ipywidgets.Button) if one.description == "Je ne sais pas")
    sat.box.value = "50000"
    for button in (check, check, skip, check):
        button.click()
    assert [one.verdict for one in kept.attempts("quiz")] == ["right"]
    following = next(one for one in sat.all(ipywidgets.Button) if one.description == "Question suivante")
    following.click()
    following.click()
    following.click()
    assert "Question 2 sur 12" in sat.text


def test_a_repeated_click_on_the_result_counts_once(kept, file):
    sat = Sat(cm.quiz(file(), "fr", count=1))
    sat.press("Je ne sais pas")
    finish = next(one for one in sat.all(ipywidgets.Button))
    finish.click()
    finish.click()
    assert [one.verdict for one in kept.attempts("quiz")] == ["wrong", "failed"]


def test_nothing_answered_or_nothing_readable_may_be_tried_again(kept, file):
    sat = Sat(cm.quiz(file(), "fr"))
    sat.press("Valider")
    assert "Écrivez d'abord un nombre" in sat.text
    assert kept.attempts("quiz") == []
    for typed in ("cinquante mille", "<b>50</b>"):
        sat.box.value = typed
        sat.press("Valider")
        assert sat.buttons == ["Valider", "Je ne sais pas"]
        assert "<b>50" not in next(one.value for one in sat.all(ipywidgets.HTML) if "cmtools-notice" in one.value)
    sat.box.value = "60 000"
    sat.press("Valider")
    assert "la TVA revient, la perte n'est que de 5 000 EUR HT" in sat.text
    attempts = kept.attempts("quiz")
    assert [(one.verdict, one.answer) for one in attempts] == [
        ("unread", "cinquante mille"), ("unread", "<b>50</b>"), ("wrong", "60 000"),
    ]  # fmt: skip
    assert attempts[2].detail.split(" ", 1)[1] == "mistake 1"
    sat.press("Question suivante")
    sat.press("Je ne sais pas")
    sat.press("Question suivante")
    sat.press("Valider")
    assert "Choisissez d'abord une réponse" in sat.text


def test_controls_start_blank_at_each_question(kept, file):
    paper = read_quiz(file()).paper(0)
    sat = Sat(cm.quiz(file(), "en"))
    for asked in paper.asked:
        if asked.question.kind == "numeric":
            assert (sat.box.value, sat.box.disabled) == ("", False)
        elif asked.question.kind == "multiple":
            assert [tick.value for tick in sat.ticks] == [False] * len(asked.question.choices)
            assert [tick.description for tick in sat.ticks] == [text for text, _ in asked.choices("en")]
        else:
            assert (sat.radio.value, sat.radio.disabled) == (None, False)
            assert list(sat.radio.options) == asked.choices("en")
        fill_in(sat, asked, "en")
        sat.press("Check")
        answered = [*sat.all(ipywidgets.RadioButtons), *sat.ticks, *sat.all(ipywidgets.Text)]
        assert all(control.disabled for control in answered)
        sat.press(sat.buttons[0])


class Refuses:
    """Keeps nothing, and says why."""

    def __init__(self):
        self.asked = 0

    def attempts(self, *_):
        raise ProgressError("progress_busy", value="<progress>.sqlite")

    def add(self, attempt):
        self.asked += 1
        raise ProgressError("progress_busy", value="<progress>.sqlite")


def test_what_cannot_be_kept_is_said_once_and_the_quiz_goes_on(file):
    refuses = Refuses()
    sat = Sat(cm.quiz(file(), "en", progress=refuses, count=3))
    for _ in range(3):
        sat.press("I do not know")
        sat.press(sat.buttons[0])
    assert refuses.asked == 4
    assert sat.text.count("Your answers are not kept: “<progress>.sqlite” is in use") == 1
    assert "0 right answers out of 3" in sat.text
    assert "<progress>" not in next(one.value for one in sat.all(ipywidgets.HTML) if "not kept" in one.value)


class Breaks:
    def add(self, attempt):
        raise sqlite3.InterfaceError("never seen")

    attempts = add


def test_the_unforeseen_is_said_in_one_line(file):
    sat = Sat(cm.quiz(file(), "en", progress=Breaks()))
    sat.press("I do not know")
    assert "This did not work (InterfaceError)" in sat.text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": "nothing"}, "no quiz “nothing” in course/quizzes; there are: dashboard, stakes"),
        ({"name": "stakes", "seed": "a"}, "“a” is no number of a draw"),
        ({"name": "stakes", "count": 50}, "this quiz has 12 questions"),
        ({"name": "stakes", "feedback": "never"}, "“each” (after each answer) or “end” expected, found “never”"),
        ({"name": "<b>"}, "no quiz “<b>”"),
    ],
)
def test_a_quiz_that_cannot_be_asked_says_why(root, monkeypatch, kept, arguments, said):
    monkeypatch.chdir(root / "course")
    panel = cm.quiz(language="en", **arguments)
    assert said in unescape(panel.value)
    assert "<b>" not in panel.value


def test_language_of_the_environment(monkeypatch, kept, file):
    monkeypatch.setenv("CMTOOLS_LANGUAGE", "en")
    assert "What is at stake" in Sat(cm.quiz(file())).text


def test_what_the_screen_shows_as_chosen_goes_before_what_is_still_on_its_way(kept, file):
    paper = read_quiz(file()).paper(0)
    panel = cm.quiz(file(), "en")
    sat = Sat(panel)
    carrier = next(one for one in panel.children if "cmtools-chosen" in one._dom_classes)
    for asked in paper.asked[:5]:
        if asked.question.kind == "single":  # the kernel knows of the first choice only
            sat.radio.value = asked.choices("en")[0][1]
            carrier.value = "=1"
            sat.press("Check")
            assert kept.attempts("quiz")[-1].answer == asked.choices("en")[1][0]
        else:
            sat.press("I do not know")
        sat.press(sat.buttons[0])
        assert carrier.value == ""
    carrier.value = "=0,2,3"
    sat.press("Check")
    assert kept.attempts("quiz", item="full_cost")[0].verdict == "right"


def test_a_screen_with_nothing_chosen(kept, file):
    panel = cm.quiz(file(), "en")
    sat = Sat(panel)
    carrier = next(one for one in panel.children if "cmtools-chosen" in one._dom_classes)
    for _ in range(2):
        sat.press("I do not know")
        sat.press(sat.buttons[0])
    for odd in ("=", "=99", "=x"):
        carrier.value = odd
        sat.press("Check")
        assert sat.buttons == ["Check", "I do not know"]
