"""Boxes of an exercise notebook, driven without a browser: what is said, what is kept, what a new start does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

import ipywidgets as controls
import pytest

from cmtools import forms_exercises as forms
from cmtools import widgets_exercises
from cmtools.answers import MEASURED
from cmtools.exercises import Topic, Verdict, mark, topic_names
from cmtools.language import message
from cmtools.progress import Progress
from cmtools.widgets_exercises import open_exercises

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def shown(monkeypatch, tmp_path):
    """What is displayed, in order; answers go to a file of the test."""
    found: list = []
    monkeypatch.setattr(widgets_exercises, "display", found.append)
    monkeypatch.setenv("CMTOOLS_PROGRESS", str(tmp_path / "progress.sqlite"))
    monkeypatch.chdir(ROOT)
    return found


def inside(widget, kind):
    """Controls of a kind under a widget, from top to bottom."""
    if isinstance(widget, kind):
        return [widget]
    return [found for child in getattr(widget, "children", ()) for found in inside(child, kind)]


def state(widget):
    said = next(box.value for box in inside(widget, controls.HTML) if box.value)
    return said.split('data-state="')[1].split('"')[0]


def asked(shown, key, topic="07_dso", **options):
    exercises = open_exercises(topic, language="fr", **options)
    shown.clear()
    exercises.ask(key)
    return exercises, shown[-1]


def kept():
    return [(one.item, one.answer, one.verdict, one.detail) for one in Progress().attempts("exercise")]


def test_a_wrong_answer_is_named_then_corrected_and_each_is_kept_once(shown):
    exercises, panel = asked(shown, "balance")
    (box,), (button,) = inside(panel, controls.Text), inside(panel, controls.Button)
    assert state(panel) == "todo"
    assert kept() == []
    box.value = "72,8"  # 1,200,000 / 1,500,000 x 91
    button.click()  # Enter, then the button: one answer
    assert state(panel) == "wrong"
    box.value = "soixante"
    assert state(panel) == "unread"
    box.value = "60,7"
    assert state(panel) == "right"
    assert kept() == [("balance", "72,8", "wrong", "excl_vat"), ("balance", "60,7", "right", "")]
    assert exercises.state("balance") == ("right", 2)


def test_a_box_finds_its_answer_again_and_a_new_start_empties_it(shown):
    exercises, panel = asked(shown, "balance")
    inside(panel, controls.Text)[0].value = "72,8"
    again, panel = asked(shown, "balance")  # another kernel, another day
    box = inside(panel, controls.Text)[0]
    assert (box.value, state(panel)) == ("72,8", "wrong")
    assert len(kept()) == 1  # running the page again is no new answer
    again.summary()
    restart, _ = inside(shown[-1], controls.Button)
    restart.click()
    assert box.value == "72,8"  # a second press is asked for
    restart.click()
    assert (box.value, state(panel)) == ("", "todo")
    assert again.state("balance") == ("todo", 0)
    assert exercises.state("balance") == ("todo", 0)
    assert [one[2] for one in kept()] == ["wrong", "reset"]  # nothing is deleted


@pytest.mark.parametrize(("language", "back"), [("fr", "sont revenues"), ("en", "is back")])
def test_the_page_says_that_answers_are_back_when_some_are(shown, language, back):
    _, panel = asked(shown, "balance")
    open_exercises("07_dso", language=language)
    assert back not in shown[-1].data
    inside(panel, controls.Text)[0].value = "72,8"
    open_exercises("07_dso", language=language)
    assert back in shown[-1].data
    open_exercises("07_dso", 1, language)  # other figures, not answered yet
    assert back not in shown[-1].data


@pytest.mark.parametrize("topic", topic_names())
def test_the_example_in_an_empty_box_is_no_answer(shown, topic):
    for variant in range(20):
        exercises = open_exercises(topic, variant, "fr", record=False)
        for key, found in exercises.topic.exercises.items():
            if found.kind in (*MEASURED, "date"):
                example = message(f"exercise_example_{found.kind}", "fr").removeprefix("comme ")
                assert mark(found, exercises.task(key), example, 0, "fr").state == "wrong", (topic, variant, key)


def test_other_variants_have_their_own_answers(shown):
    first, panel = asked(shown, "balance")
    inside(panel, controls.Text)[0].value = "60,7"
    other, panel = asked(shown, "balance", variant=1)
    assert inside(panel, controls.Text)[0].value == ""
    assert first.figures("balance") != other.figures("balance")
    assert (first.state("balance")[0], other.state("balance")[0]) == ("right", "todo")


def test_third_wrong_answer_brings_the_method_and_repeating_one_does_not(shown):
    exercises, panel = asked(shown, "balance")
    box = inside(panel, controls.Text)[0]
    texts = []
    for value in ("1", "1", "2", "1", "3"):
        box.value = value
        texts.append(inside(panel, controls.HTML)[0].value)
    found = exercises.exercise("balance")
    figures = exercises.task("balance").figures
    closer, method = (forms.escape(both.text("fr", figures)) for both in (found.closer, found.method))
    assert [(closer in text, method in text) for text in texts] == [
        (False, False), (False, False), (True, False), (True, False), (False, True),
    ]  # fmt: skip


def test_an_answer_in_a_cell_is_checked_and_three_dots_are_still_to_do(shown):
    exercises = open_exercises("07_dso", language="fr")
    key = next(key for key, found in exercises.topic.exercises.items() if found.in_cell)
    shown.clear()
    exercises.check(key, ...)
    assert 'data-state="todo"' in shown[-1].data
    exercises.check(key, exercises.task(key).answer)
    assert 'data-state="right"' in shown[-1].data
    assert [one[2] for one in kept()] == ["right"]


def test_a_solution_shows_the_calculation_and_keeps_nothing(shown):
    exercises = open_exercises("07_dso", language="fr", record=False)
    assert "cases" not in shown[-1].data  # nothing to fill in
    shown.clear()
    exercises.ask("balance")
    assert len(shown) == 1  # no box
    exercises.check("balance", exercises.task("balance").answer)
    assert exercises.exercise("balance").worked.text("fr", exercises.task("balance").figures) in shown[-1].data
    assert not Progress().exists()


def test_a_decision_is_chosen_then_written_compared_and_assessed(shown):
    exercises = open_exercises("07_dso", language="fr")
    key = next(key for key, found in exercises.topic.exercises.items() if found.kind == "choice" and found.model)
    found, task = exercises.exercise(key), exercises.task(key)
    exercises.ask(key)
    panel = shown[-1]
    (radio,), (area,) = inside(panel, controls.RadioButtons), inside(panel, controls.Textarea)
    check, compare = inside(panel, controls.Button)
    radio.value = task.mistakes[0].value
    check.click()
    assert state(panel) == "wrong"
    radio.value = task.answer
    check.click()
    assert state(panel) == "right"
    ticks = inside(panel, controls.Checkbox)
    model = found.model.text("fr", task.figures)[:40]
    compare.click()
    assert not any(model in box.value for box in inside(panel, controls.HTML))  # write first
    area.value = "<b>Je limite</b> à 10 000 EUR."
    compare.click()
    assert any(forms.escape(model) in box.value or model in box.value for box in inside(panel, controls.HTML))
    ticks[0].value = True
    ticks[2].value = True
    assert [one[2] for one in kept()] == ["wrong", "right", "written", "assessed", "assessed"]
    assert kept()[-1][3] == "0,2"
    page = exercises._page()
    assert "<b>Je limite" not in page
    assert "&lt;b&gt;Je limite" in page
    assert "¶" not in page
    again, panel = asked(shown, key)  # another day: choice, text and ticks are back
    assert inside(panel, controls.RadioButtons)[0].value == task.answer
    assert inside(panel, controls.Textarea)[0].value == "<b>Je limite</b> à 10 000 EUR."
    assert [tick.value for tick in inside(panel, controls.Checkbox)][:4] == [True, False, True, False]
    assert again.state(key) == ("right", 2)
    again.summary()
    restart, _ = inside(shown[-1], controls.Button)
    restart.click()
    restart.click()
    assert inside(panel, controls.Textarea)[0].value == ""
    assert not any(tick.value for tick in inside(panel, controls.Checkbox))
    assert [one[2] for one in kept()][-1] == "reset"


def test_the_page_to_print_shows_the_right_answer_and_numbers_as_the_reader_writes_them(shown):
    exercises, panel = asked(shown, "balance")
    for value in ("60,7", "28"):  # right, then something else
        inside(panel, controls.Text)[0].value = value
    key = next(key for key, found in exercises.topic.exercises.items() if found.in_cell and found.kind == "days")
    exercises.check(key, 56.4401)
    page = exercises._page()
    first = page.partition("</section>")[0]
    assert "60,7" in first
    assert "</b> 28" not in first
    assert "56,4" in page
    assert "56.4401" not in page


def test_an_answer_left_in_a_cell_is_not_taken_for_another_variant(shown):
    first = open_exercises("07_dso", language="fr")
    key = next(key for key, found in first.topic.exercises.items() if found.in_cell)
    answer = first.task(key).answer
    first.check(key, answer)
    other = open_exercises("07_dso", 1, "fr")
    shown.clear()
    other.check(key, answer)
    assert 'data-state="todo"' in shown[-1].data
    other.check(key, answer + 50)
    assert 'data-state="wrong"' in shown[-1].data
    assert len(kept()) == 2


def test_a_checked_answer_is_forgotten(shown, monkeypatch):
    class Shell:
        user_ns: ClassVar[dict] = {"answer": 60.7, "other": 1}

    exercises = open_exercises("07_dso", language="fr")
    monkeypatch.setattr("IPython.core.getipython.get_ipython", Shell)
    exercises.check("balance", 60.7)
    assert Shell.user_ns == {"other": 1}


def test_answers_that_cannot_be_kept_are_said_once_and_the_lesson_goes_on(shown, monkeypatch, tmp_path):
    bad = tmp_path / "bad.sqlite"
    bad.write_text("this is no database, and never was one" * 40)
    monkeypatch.setenv("CMTOOLS_PROGRESS", str(bad))
    exercises = open_exercises("07_dso", language="fr")
    exercises.ask("balance")
    panel = shown[-1]
    box = inside(panel, controls.Text)[0]
    for value in ("72,8", "60,7"):
        box.value = value
    assert state(panel) == "right"
    assert sum("ne sont pas gardées" in getattr(one, "data", "") for one in shown) == 1
    assert bad.read_text().startswith("this is no database")


def test_an_unknown_exercise_or_variant_is_refused(shown):
    exercises = open_exercises("07_dso", language="fr")
    with pytest.raises(KeyError, match="balance"):
        exercises.check("ballance", 1)
    for variant in (-1, 1.5, "2", True):
        with pytest.raises(ValueError, match="variant"):
            open_exercises("07_dso", variant)
    with pytest.raises(FileNotFoundError):
        open_exercises("../../etc/passwd")


def test_summary_and_page_to_print_show_every_exercise(shown):
    exercises, panel = asked(shown, "balance")
    inside(panel, controls.Text)[0].value = "60,7"
    exercises.summary()
    table = inside(shown[-1], controls.HTML)[0].value
    titles = [found.title.text("fr", {}) for found in exercises.topic.exercises.values()]
    assert [forms.escape(title) in table for title in titles] == [True] * len(titles)
    assert "1 sur" in table
    page = exercises._page()
    assert page.count("<section>") == len(titles)
    script = forms.print_script('<p>"</script>\u2028')
    assert "</script>" not in script


def test_text_is_never_markup():
    line = forms.verdict(Verdict("wrong", "<img src=x onerror=alert(1)>"), "fr")
    assert "<img" not in line


def test_opening_needs_a_kit(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    if any((folder / "course" / "plan.csv").is_file() for folder in (Path(os.getcwd()), *Path(os.getcwd()).parents)):
        pytest.fail("the temporary folder lies inside a kit")
    with pytest.raises(FileNotFoundError, match="course"):
        open_exercises("07_dso", language="en")
    assert Topic(ROOT / "course" / "exercises" / "07_dso.py").exercises
