"""A quiz in JupyterLab, answered with the keyboard alone, faster than the kernel follows."""

from pathlib import Path

import nbformat
import pytest
from browsing import Lab, foreign, open_page, ready, until
from playwright.sync_api import Page

from cmtools.progress import Progress
from cmtools.quizzes import Asked, read_quiz

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[1]
PLACES = {"fr": "Question {} sur 12", "en": "Question {} out of 12"}
RESULTS = {"fr": "9 bonnes réponses sur 12, soit 75 % : réussi", "en": "9 right answers out of 12, that is 75%: passed"}
WRONG = (1, 3, 5)  # a number, a choice, true or false
PLAIN = "text => document.querySelector('{}')?.innerText.replace(/\\u00a0/g, ' ').includes(text)"


def write_notebook(lab: Lab, language: str) -> None:
    cell = nbformat.v4.new_code_cell(f'import cmtools as cm\ncm.quiz("stakes", "{language}")', id="quiz")
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    made = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    nbformat.write(made, lab.work / "notebooks" / f"quiz_{language}.ipynb")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def answer(page: Page, asked: Asked, language: str, wrong: bool) -> None:
    """Give an answer from the box that has the focus, without waiting for anything."""
    question = asked.question
    if question.kind == "numeric":
        value = float(question.mistakes[0].formula.value(asked.values) if wrong else asked.values["answer"])
        text = f"{100 * value:.1f} %" if question.unit == "rate" else f"{value:.{question.decimals}f}"
        page.keyboard.type(text.replace(".", ",") if language == "fr" else text)
        press(page, "Enter")
    elif question.kind == "multiple":
        for choice in question.choices:
            press(page, *(["Space"] if choice.right else []), "Tab")
        press(page, "Enter")
    else:
        rights = [question.answer == value if question.kind == "true_false" else question.choices[value].right
                  for _, value in asked.choices(language)]  # fmt: skip
        place = rights.index(not wrong)
        press(page, "Space", *["ArrowDown"] * place, "Tab", "Enter")


@pytest.mark.parametrize("language", PLACES)
def test_keyboard_alone_from_the_first_question_to_the_next_paper(lab, opened, language):
    write_notebook(lab, language)
    page, progress = opened.page, Progress(lab.work / "progress.sqlite")
    notebook = open_page(opened, lab, f"notebooks/quiz_{language}")
    ready(notebook)
    notebook.locator(".cm-content").first.click()
    press(page, "Control+Enter")
    until(page, PLAIN.format(".cmtools-asked p"), PLACES[language].format(1))
    until(page, "() => document.querySelector('.cmtools-quiz').dataset.dressed")
    for _ in range(10):
        if page.evaluate("document.activeElement.matches('.cmtools-quiz input')"):
            break
        press(page, "Tab")
    before = len(progress.attempts())
    paper = read_quiz(ROOT / "course" / "quizzes" / "stakes.yaml").paper(0)
    for asked in paper.asked:
        until(page, PLAIN.format(".cmtools-asked p"), PLACES[language].format(asked.number))
        until(page, "() => document.activeElement.matches('.cmtools-quiz input')")
        wrong = asked.number in WRONG
        answer(page, asked, language, wrong)
        told = page.locator(".cmtools-told").first
        told.wait_for()
        assert (told.get_attribute("data-state") == "right") is not wrong, told.inner_text()
        until(page, "() => document.activeElement.matches('.cmtools-quiz button')")
        press(page, "Enter")
    until(page, PLAIN.format(".cmtools-told"), RESULTS[language])
    assert page.locator(".cmtools-review").count() == 12
    attempts = progress.attempts("quiz", "stakes")[before:]
    assert [one.item for one in attempts] == [*(asked.question.id for asked in paper.asked), ""]
    assert attempts[-1].verdict == "passed"
    until(page, "() => document.activeElement.matches('.cmtools-quiz button')")
    press(page, "Enter")
    until(page, PLAIN.format(".cmtools-asked p"), PLACES[language].format(1))
    assert "1." in page.locator(".cmtools-soft").first.inner_text()
    assert foreign(opened, lab) == []
    assert opened.problems == []
