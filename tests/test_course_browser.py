"""What a trainee does in JupyterLab in French: where she is, an exercise with its hints, a quiz, a page to print."""

import sqlite3

import pytest
from browsing import foreign, start_all
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]
RUN, ALL = "Exécution", "Exécuter toutes les cellules"


def kept(lab):
    with sqlite3.connect(lab.work / "progress.sqlite") as base:
        return base.execute("select activity, topic, item, answer, verdict from attempts order by made_at").fetchall()


def panel(opened, name):
    """Notebook of this name, once it is in front."""
    opened.page.locator(".lm-TabBar-tab.lm-mod-current", has_text=f"{name}.ipynb").first.wait_for()
    found = opened.page.locator(".jp-NotebookPanel:visible")
    found.locator(".jp-Cell").first.wait_for()
    return found


def test_from_the_welcome_to_a_mistake_its_hint_its_correction_and_a_quiz(lab, opened):
    page = opened.page
    page.goto(f"{lab.address}/lab/workspaces/test/tree/notebooks/fr/00_start.ipynb?reset&token={lab.token}")
    welcome = panel(opened, "00_start")
    link = welcome.locator('a[href*="exercises/fr/07_dso"]').first
    link.scroll_into_view_if_needed()
    link.click()

    notebook = panel(opened, "07_dso")
    start_all(opened, notebook, RUN, ALL)
    notebook.locator("button", has_text="Recommencer").wait_for(state="attached")
    box = notebook.locator(".widget-text input").first
    line = notebook.locator(".cmtools-verdict").first
    box.scroll_into_view_if_needed()
    expect(line).to_contain_text("À faire")
    box.fill("72,8")  # 1,200,000 / 1,500,000 x 91: incl. VAT over excl. VAT
    box.press("Enter")
    expect(line).to_have_attribute("data-state", "wrong")
    expect(line).to_contain_text("encours TTC par des ventes HT")
    page.screenshot(path=lab.work / "wrong.png")
    box.fill("60,7")
    box.press("Enter")
    expect(line).to_have_attribute("data-state", "right")

    printing = notebook.locator("button", has_text="Imprimer")
    printing.scroll_into_view_if_needed()
    expect(notebook.locator("td", has_text="juste à l'essai n° 2")).to_be_visible()
    page.screenshot(path=lab.work / "summary.png")
    printing.click()
    frame = page.frame_locator("#cmtools-print")
    expect(frame.locator("section").first).to_contain_text("60,7")
    expect(frame.locator("section").first).to_contain_text("Le DSO comptable")
    assert not page.frame_locator("#cmtools-print").locator("script").count()

    page.goto(f"{lab.address}/lab/workspaces/test/tree/exercises/fr/quiz_stakes.ipynb?reset&token={lab.token}")
    quiz = panel(opened, "quiz_stakes")
    start_all(opened, quiz, RUN, ALL)
    asked = quiz.locator(".cmtools-quiz")
    asked.wait_for()
    asked.locator(".widget-text input").first.fill("50 000")  # 6,000 incl. VAT = 5,000 excl.; at 10 % of the price
    asked.locator(".cmtools-check").click()
    expect(asked).to_contain_text("272-1")  # explained, with its reference
    page.screenshot(path=lab.work / "quiz.png")
    assert [row for row in kept(lab) if row[0] != "lesson"] == [
        ("exercise", "07_dso", "balance", "72,8", "wrong"),
        ("exercise", "07_dso", "balance", "60,7", "right"),
        ("quiz", "stakes", "sales_for_a_loss", "50 000", "right"),
    ]
    assert foreign(opened, lab) == []
    assert opened.problems == []
