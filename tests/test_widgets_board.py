"""The board of the course: what it shows, where its links lead, and that it never stops a lesson."""

import re
from html import unescape
from types import SimpleNamespace

import nbformat
import pytest
from IPython.display import HTML
from nbclient import NotebookClient

from cmtools import widgets_board
from cmtools.course import board, plan
from cmtools.language import HARD
from cmtools.progress import Progress, new_attempt
from cmtools.widgets_board import board_table, course_board, exercise_counts

PLAN = """key,kind,name,minutes,fr,en
lesson_00,lesson,00_start,20,Bienvenue,Welcome
lesson_07,lesson,07_dso,45,DSO & co,DSO & co
exercises_07,exercises,07_dso,75,DSO,DSO
quiz_stakes,quiz,stakes,20,Enjeux,Stakes
"""


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of four steps, and its trainee who sits in notebooks/fr."""
    here = tmp_path / "notebooks" / "fr"
    here.mkdir(parents=True)
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "plan.csv").write_text(PLAN)
    monkeypatch.chdir(here)
    monkeypatch.delenv("CMTOOLS_PROGRESS", raising=False)
    monkeypatch.setattr(widgets_board, "exercise_counts", lambda steps: {"07_dso": 8})
    return tmp_path


@pytest.fixture
def page(monkeypatch):
    """What the page shows: its table, as it is now, and the controls under it."""
    shown = SimpleNamespace(html="", controls=None, text=lambda: words(shown.html))

    def show(thing, display_id=False):
        if isinstance(thing, HTML):
            shown.html = thing.data
            return SimpleNamespace(update=lambda new: setattr(shown, "html", new.data))
        shown.controls = thing
        return None

    monkeypatch.setattr(widgets_board, "display", show)
    return shown


def words(html):
    bare = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", bare)).replace(HARD, " ").split())


def boxes(page):
    _, row, _ = page.controls.children
    return {box.description.replace(HARD, " "): box for box in row.children}


def told(page):
    return words(page.controls.children[2].value)


def test_a_first_visit(course, page):
    course_board("fr")
    assert page.text() == (
        "0 étape faite sur 4, soit 0 h 00 sur 2 h 40. Aucune réponse gardée pour l'instant. "
        "La suite : cette page (20 min). Cochez-la ci-dessous une fois lue. "
        "Étape Minutes Où vous en êtes "
        "Leçon 00 Bienvenue 20 À faire Leçon 07 DSO & co 45 À faire Exercices 07 DSO 75 À faire "
        "Quiz Enjeux 20 À faire"
    )
    assert list(boxes(page)) == ["00 Bienvenue", "07 DSO & co"]
    assert not any(box.value for box in boxes(page).values())
    assert told(page) == ""
    assert not (course / "progress.sqlite").exists()  # looking keeps nothing


def test_links_start_from_the_folder_of_the_lessons(course, page):
    course_board("en")
    assert re.findall(r'<td>\w+ <a href="([^"]*)">([^<]*)</a>', page.html) == [
        ("07_dso.ipynb", f"07{HARD}DSO &amp; co"),
        ("../../exercises/en/07_dso.ipynb", f"07{HARD}DSO"),
        ("../../exercises/en/quiz_stakes.ipynb", "Stakes"),
    ]


def test_a_ticked_box_is_kept_and_the_table_follows(course, page):
    course_board("fr")
    boxes(page)["00 Bienvenue"].value = True
    kept = Progress(course / "progress.sqlite").attempts()
    assert [(one.activity, one.topic, one.item, one.verdict) for one in kept] == [("lesson", "00_start", "", "read")]
    assert page.text().startswith("1 étape faite sur 4, soit 0 h 20 sur 2 h 40. Dernière réponse gardée : ")
    assert "La suite : leçon « 07 DSO & co » (45 min)." in page.text()
    assert 'La suite : <a href="07_dso.ipynb">leçon «' in page.html
    boxes(page)["00 Bienvenue"].value = False
    assert [one.verdict for one in Progress().attempts()] == ["read", "unread"]
    assert page.text().startswith("0 étape faite")
    boxes(page)["00 Bienvenue"].value = True
    course_board("en")  # the page is opened again
    assert {name: box.value for name, box in boxes(page).items()} == {"00 Welcome": True, "07 DSO & co": False}
    assert page.text().startswith("1 step done of 4, that is 0 h 20 of 2 h 40. Last answer kept: ")


def test_all_that_is_done_is_told(course):
    attempts = [new_attempt("lesson", name, "", "read") for name in ("00_start", "07_dso")]
    attempts += [new_attempt("exercise", "07_dso", item, "right") for item in "abc"]
    quiz = [
        new_attempt("quiz", "stakes", "", "failed", score=0.5),
        new_attempt("quiz", "stakes", "", "passed", score=0.75),
    ]
    steps = plan()
    text = words(board_table(board(attempts + quiz[:1], {"07_dso": 8}, steps), attempts, "en"))
    assert "Next: exercises “07 DSO” (75 min)." in text
    assert "Exercises 07 DSO 75 Started: 3 of 8 Quiz Stakes 20 Started: best score 50%" in text
    text = words(board_table(board(attempts + quiz, {"07_dso": 3}, steps), attempts, "en"))
    assert text.startswith("4 steps done of 4, that is 2 h 40 of 2 h 40.")
    assert "All is done." in text
    assert "Exercises 07 DSO 75 Done: 3 of 3 Quiz Stakes 20 Done: best score 75%" in text
    text = words(board_table(board(attempts, None, steps), attempts, "fr"))
    assert "Exercices 07 DSO 75 Commencé : 3 justes" in text


def test_titles_and_answers_are_text(course):
    steps = plan()
    steps.loc[1, "fr"] = "<script>alert(1)</script>"
    attempts = [new_attempt("lesson", "07_dso", "", "<b>read</b>", answer="<img src=x>")]
    html = board_table(board(attempts, {}, steps), attempts, "fr")
    assert "<script>" not in html
    assert "<img" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_a_lesson_goes_on_without_its_file(course, page):
    (course / "progress.sqlite").mkdir()
    course_board("fr")
    assert page.text().startswith("0 étape faite sur 4")
    assert told(page).startswith("Vos réponses passées ne peuvent pas être montrées : « ")
    assert told(page).count("est un dossier") == 1
    boxes(page)["00 Bienvenue"].value = True
    boxes(page)["07 DSO & co"].value = True
    assert page.text().startswith("2 étapes faites sur 4")  # on this page it counts
    assert told(page).count("Ce qui suit ne sera pas gardé") == 1


def test_a_name_that_no_file_can_have_is_told(course, page, monkeypatch):
    monkeypatch.setenv("CMTOOLS_PROGRESS", "~no-such-user-here/x")
    course_board("en")
    assert "cannot be the name of a file" in told(page)


def test_no_course_and_a_broken_plan_are_told(course, page, tmp_path, monkeypatch):
    (course / "course" / "plan.csv").write_text(PLAN.replace(",20,", ",0,"))
    course_board("fr")
    assert page.text().count("attendu un nombre entier de minutes") == 2
    assert page.controls is None
    (course / "course" / "plan.csv").unlink()
    course_board("en")
    assert page.text().startswith("the course is not here")


def test_exercises_that_are_not_there_have_no_number(course):
    steps = plan()
    assert exercise_counts(steps) == {}


def test_a_script_shows_it_too(course, capsys):
    course_board("fr")
    assert "HTML" in capsys.readouterr().out


@pytest.mark.slow
def test_in_a_kernel_the_table_is_html_and_the_boxes_are_widgets(course, monkeypatch):
    cell = nbformat.v4.new_code_cell("import cmtools as cm\ncm.course_board('fr')")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(course / "notebooks" / "fr")}}
    ).execute()
    table, controls = notebook.cells[0].outputs
    assert 'href="07_dso.ipynb"' in table.data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in controls.data


@pytest.mark.slow
@pytest.mark.browser
def test_in_jupyterlab_the_links_open_the_steps_and_a_tick_is_kept(lab, opened):
    from browsing import foreign, open_page, start_all

    notebook = open_page(opened, lab, "notebooks/fr/00_start")
    table = notebook.locator("table.cm").first
    table.get_by_role("link", name=re.compile("07")).nth(1).click()  # of the committed page: nothing has run yet
    opened.page.locator(".jp-NotebookPanel h1", has_text="Exercices 07").wait_for()
    assert opened.page.url.endswith("/tree/exercises/fr/07_dso.ipynb")
    notebook = open_page(opened, lab, "notebooks/fr/00_start")
    start_all(opened, notebook, "Exécution", "Exécuter toutes les cellules")
    notebook.locator(".jp-WindowedPanel-outer").evaluate("panel => panel.scrollTop = 0")
    box = notebook.locator(".widget-checkbox input").first
    box.wait_for(state="attached")
    box.check()
    following = notebook.locator("p.cm-next a")
    following.wait_for()
    assert notebook.get_by_text("1 étape faite sur").count() == 1
    assert [(one.topic, one.verdict) for one in Progress(lab.work / "progress.sqlite").attempts("lesson")] == [
        ("00_start", "read")
    ]
    following.click()
    opened.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) h1", has_text="02").wait_for()
    assert opened.page.url.endswith("/tree/notebooks/fr/02_financial_statements.ipynb")
    assert foreign(opened, lab) == []
    assert opened.problems == []
