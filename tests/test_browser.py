"""What the reader sees: the report in a browser, and the lessons in JupyterLab. Nothing leaves the machine."""

import csv
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from browsing import WIDTHS, Opened, foreign, open_page, run_all, stop, until, window
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from cmtools.language import THIN, label

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[1]
PAGE_WIDTH = 703  # pixels at 96 dpi between the margins of an A4 page: 210 - 2 x 12 mm
CHARTS = (
    "bridge", "aged", "overdue_history", "overdue", "concentration", "dso", "dso_parts", "count_back", "delays",
    "recovery", "overdue_movements", "migration", "disputes", "claims", "claims_abroad", "doubtful_flows", "loss_rates",
)  # fmt: skip

SAMPLE = {"--ledger": "factures.csv", "--settlements": "reglements.csv", "--customers": "clients.csv"}
HOSTILE = (
    "<img src=x onerror=window.hacked=1>",
    "</script><script>window.hacked=1</script>",
    "<a href=javascript:window.hacked=1>x</a>",
    "<b>L'Établi & Fils</b> &lt;i&gt; ${7*7}",
)


def amount(text: str, language: str) -> float:
    """Number at the head of a text, written the French or the English way."""
    plain = text.replace(THIN, "").replace(",", ".") if language == "fr" else text.replace(",", "")
    return float(plain.split()[0])


# ---------------------------------------------------------------- the report


@pytest.fixture(scope="module")
def reports(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Reports of the sample in both languages and of a hostile ledger, made side by side by the command."""
    folder = tmp_path_factory.mktemp("reports")
    ledger = folder / "hostile.csv"
    with ledger.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(("N° client", "Client", "Facture", "Date facture", "Échéance", "Montant TTC"))
        for number, name in enumerate(HOSTILE, 1):
            for month in (4, 5, 6):
                issued = f"{month:02}/2026"
                rows.writerow((f"C{number}", name, f"<i>{number}{month}", f"01/{issued}", f"15/{issued}", "1000,00"))
    sample = [part for flag, name in SAMPLE.items() for part in (flag, str(ROOT / "data" / name))]
    asked = {"fr": [*sample, "--language", "fr"], "en": [*sample, "--language", "en"], "hostile": ["--ledger", ledger]}
    command = [sys.executable, "-m", "cmtools.cli", "report", "monthly", "--as-of", "2026-06-30"]
    running = {
        name: subprocess.Popen(
            [*command, *options, "--output", folder / name], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        for name, options in asked.items()
    }
    try:
        for made in running.values():
            _, said = made.communicate(timeout=300)
            assert made.returncode == 0, said.decode()
        yield {name: folder / name / "report.html" for name in asked}
    finally:
        for made in running.values():
            stop(made)


def open_report(context: BrowserContext, path: Path) -> Opened:
    """Open the file without a network; whatever it asks for beside itself is noted, and refused."""
    context.set_offline(True)
    context.route(lambda url: url != path.as_uri(), lambda route: route.abort())
    opened = Opened(context)
    opened.page.goto(path.as_uri())
    until(opened.page, "() => [...document.querySelectorAll('.chart')].every(c => c.querySelector('.main-svg'))")
    return opened


@pytest.fixture(scope="module", params=["fr", "en"])
def report(request: pytest.FixtureRequest, browser: Browser, reports: dict[str, Path]) -> Iterator[Opened]:
    """The sample's report, opened once; whatever the tests do with it, it asks for nothing and reports no error."""
    path = reports[request.param]
    with window(browser) as context:
        opened = open_report(context, path)
        opened.language = request.param
        yield opened
        assert opened.requests == [path.as_uri()]
        assert opened.problems == []


def resize(page: Page, width: int) -> None:
    """Set the width of the window and wait for the charts to follow."""
    page.set_viewport_size({"width": width, "height": 900})
    until(
        page,
        """() => [...document.querySelectorAll('.chart')].every(chart => {
            const drawn = chart.querySelector('.main-svg').getBoundingClientRect().width;
            return Math.abs(chart.getBoundingClientRect().width - drawn) < 1;
        })""",
    )


def test_report_draws_its_charts_and_asks_for_nothing_but_itself(report):
    for width in WIDTHS:
        resize(report.page, width)
        charts = report.page.locator(".chart")
        assert charts.count() == len(CHARTS)
        for chart in charts.all():
            box = chart.locator(".main-svg").first.bounding_box()
            assert 500 < box["width"] <= width
            assert 150 < box["height"] < 700
            assert chart.locator(".bars .point path, .scatterlayer .point, .heatmaplayer image").count() > 0
        # Both DSO methods, twelve months each.
        assert charts.nth(CHARTS.index("dso")).locator(".scatterlayer .point").count() == 24
    assert len(report.requests) == 1
    assert report.problems == []


def test_report_fits_the_window_and_no_label_covers_another(report):
    for width in WIDTHS:
        resize(report.page, width)
        wide, room = report.page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= room, width
        for chart in report.page.locator(".chart").all():
            assert overlaps(chart) == [], width


def test_tables_fit_a_window_of_1200_pixels(report):
    resize(report.page, WIDTHS[0])
    cut = "boxes => boxes.filter(box => box.scrollWidth > box.clientWidth).map(box => box.innerText.slice(0, 40))"
    assert report.page.locator(".wide").evaluate_all(cut) == []


def overlaps(chart: Locator) -> list[tuple[str, str]]:
    """Pairs of texts of a chart that cover each other, rotated ones compared as they stand."""
    texts = chart.evaluate(
        """chart => ['.xtick text', '.ytick text', '.bartext', '.gtitle', '.legendtext'].flatMap(
            kind => [...chart.querySelectorAll(kind)]
        ).map(text => {
            const box = text.getBBox(), matrix = text.getScreenCTM();
            const corners = [[0, 0], [1, 0], [1, 1], [0, 1]].map(([x, y]) =>
                new DOMPoint(box.x + x * box.width, box.y + y * box.height).matrixTransform(matrix));
            return [text.textContent, corners.map(corner => [corner.x, corner.y])];
        })"""
    )
    assert len(texts) > 5
    return [(one, other) for (one, here), (other, there) in combinations(texts, 2) if not apart(here, there)]


def apart(here: list, there: list, play: float = 1.0) -> bool:
    """Whether a line along a side of one of two rectangles, given by their corners, separates them."""
    for (x, y), (next_x, next_y) in (pair for box in (here, there) for pair in ((box[0], box[1]), (box[1], box[2]))):
        length = ((next_x - x) ** 2 + (next_y - y) ** 2) ** 0.5
        along = ((next_x - x) / length, (next_y - y) / length)
        spans = [[a * along[0] + b * along[1] for a, b in box] for box in (here, there)]
        if max(spans[0]) - play <= min(spans[1]) or max(spans[1]) - play <= min(spans[0]):
            return True
    return False


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ([(11, 0), (20, 0), (20, 5), (11, 5)], True),  # beside
        ([(5, 3), (20, 3), (20, 9), (5, 9)], False),  # across a corner
        ([(9, 9), (16, 2), (19, 5), (12, 12)], True),  # slanted: the upright boxes around both would touch
    ],
)
def test_overlap_itself(there, expected):
    here = [(0, 0), (10, 0), (10, 5), (0, 5)]
    assert apart(here, there) is expected
    assert apart(there, here) is expected


def test_amounts_on_axes_are_written_as_the_reader_writes_them(report):
    separator = {"fr": THIN, "en": ","}[report.language]
    for name, axis in (("bridge", ".xtick"), ("aged", ".ytick"), ("overdue", ".xtick"), ("count_back", ".ytick")):
        ticks = report.page.locator(".chart").nth(CHARTS.index(name)).locator(f"{axis} text").all_text_contents()
        assert [tick for tick in ticks if not re.fullmatch(rf"[-−]?\d{{1,3}}({separator}\d{{3}})*", tick)] == []
        assert any(separator in tick for tick in ticks)


def test_every_key_figure_unfolds(report):
    language = report.language
    cards = report.page.locator(".cm-card")
    assert cards.count() == 8
    formula, inputs, excluded = (label(key, language) for key in ("formula", "inputs", "excluded"))
    unfolded = {}
    for card in cards.all():
        name, lines = card.locator(".k").inner_text(), card.locator("details > div")
        assert not lines.first.is_visible()
        card.locator("summary").click()
        assert lines.first.is_visible()
        unfolded[name.lower()] = card.locator("details b").all_inner_texts()
    assert [name for name, heads in unfolded.items() if not {formula, inputs, excluded} <= set(heads)] == []
    # What the first card shows adds up: not due + overdue + unknown age + unallocated = outstanding.
    total = amount(cards.first.locator(".v").inner_text(), language)
    (line,) = [text for text in cards.first.locator("details > div").all_inner_texts() if text.startswith(inputs)]
    parts = re.findall(r"(-?[\d., \u202f]*\d)\u00a0EUR", line)
    assert len(parts) == 4
    assert sum(amount(part, language) for part in parts) == pytest.approx(total, abs=0.005)


def test_report_prints_on_a_few_pages_and_nothing_is_wider_than_the_page(report):
    page = report.page
    pdf = page.pdf(format="A4", prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    pages = max(int(count) for count in re.findall(rb"/Type /Pages\s*/Count (\d+)", pdf))  # the root of their tree
    assert 8 <= pages <= 24  # eleven sections and six annexes
    page.emulate_media(media="print")
    resize(page, PAGE_WIDTH)
    assert page.evaluate("document.documentElement.scrollWidth") <= PAGE_WIDTH
    parts = page.locator("table, .chart, .chart .main-svg, .cm-card")
    assert max(parts.evaluate_all("parts => parts.map(part => part.getBoundingClientRect().right)")) <= PAGE_WIDTH
    # Six points is the smallest print that is read without effort.
    sizes = page.locator("td").evaluate_all("cells => cells.map(cell => parseFloat(getComputedStyle(cell).fontSize))")
    assert min(sizes) >= 6 * 96 / 72
    page.emulate_media(media="screen")


def test_names_from_a_file_are_text_everywhere(reports, context):
    opened = open_report(context, reports["hostile"])
    page = opened.page
    shown = page.locator("table[data-sheet='Balance âgée']").inner_text()
    assert [name for name in HOSTILE if name not in shown] == []
    overdue = page.locator(".chart").nth(CHARTS.index("overdue"))
    ticks = [text.rstrip("…") for text in overdue.locator(".ytick text").all_text_contents()]
    assert sorted(ticks) == sorted(name if len(name) <= 32 else name[:31] for name in HOSTILE)
    overdue.scroll_into_view_if_needed()
    hovered = set()
    for bar in overdue.locator(".bars .point path").all():
        box = bar.bounding_box()
        if not box or box["width"] < 5:
            continue
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(200)
        hovered |= {name for name in ticks for text in page.locator(".hovertext").all_text_contents() if name in text}
    assert hovered == set(ticks)
    assert page.locator("table img, .chart a[href], .chart img, table script, table b, table i").count() == 0
    assert page.evaluate("typeof window.hacked") == "undefined"
    assert opened.requests == [reports["hostile"].as_uri()]
    assert opened.problems == []


# ---------------------------------------------------------------- the lessons in JupyterLab


def move_slider(notebook: Locator) -> tuple[tuple[str, list[str]], tuple[str, list[str]]]:
    """Sentence and amounts on the bars of the lesson's control, before and after one step of its slider."""
    control = notebook.locator(".jupyter-widgets.widget-vbox")
    control.locator(".bartext").first.wait_for()
    control.scroll_into_view_if_needed()  # what is out of sight is not laid out, and its text is blank
    sentence, bars = control.locator(".jp-OutputArea p").first, control.locator(".bartext")
    said = "control => (control.querySelector('.jp-OutputArea p') || {textContent: ''}).textContent.trim() !== ''"
    until(notebook.page, said, control.element_handle())  # cleared, then written: not between the two
    before = spoken(sentence), bars.all_text_contents()
    assert control.locator(".noUi-target").bounding_box()["width"] > 120  # room to drag it
    control.locator(".noUi-handle").focus()
    notebook.page.keyboard.press("ArrowRight")
    until(
        notebook.page,
        """([control, text, bars]) => {
            const said = control.querySelector('.jp-OutputArea p');
            const changed = said && said.textContent.trim() && said.textContent.trim() !== text;
            const drawn = [...control.querySelectorAll('.bartext')].map(bar => bar.textContent);
            return changed && drawn.length && drawn.join() !== bars.join();
        }""",
        [control.element_handle(), *before],
    )
    return before, (spoken(sentence), bars.all_text_contents())


def spoken(sentence: Locator) -> str:
    """Text of a sentence, laid out or not: what is scrolled out of sight has no inner text."""
    return (sentence.text_content() or "").strip()


LESSONS = {
    # lesson: figures committed with it; of a control with bars, its sentence before and after one step; the group,
    # if any, is the amount that the labels of the bars add up to
    "fr/02_financial_statements": (
        6,
        r"Clients \(.*\) : de 6.673.240 EUR à 6.673.240 EUR\. Contrepartie.* de 3.162 EUR à 3.162 EUR\.",
        r"Clients \(.*\) : de 6.673.240 EUR à 6.683.240 EUR\. Contrepartie.* de 684.364 EUR à 691.202 EUR\.",
    ),
    "en/03_solvency_scoring": (5,),  # and a table of colours
    "fr/06_aged_balance": (
        5,
        r"Au 30/06/2026 : encours (.*) EUR, dont .*",
        r"Au 31/05/2026 : encours (.*) EUR, dont .*",
    ),
    "fr/07_dso": (4, r"En encaissant 50 % .* passe de .* à (.*) jours\.", r"En encaissant 60 % .* à (.*) jours\."),
    "en/06_aged_balance": (5, r"On 30/06/2026: outstanding (.*) EUR, .*", r"On 31/05/2026: outstanding (.*) EUR, .*"),
}


def answers(notebook, language, lesson, sentences):
    """The control says and draws something else after one step, and the bars add up to what it says."""
    shown = move_slider(notebook)
    assert shown[0][1] != shown[1][1]
    for (said, bars), sentence in zip(shown, sentences):
        found = re.fullmatch(sentence, said.replace("\u00a0", " "))
        assert found, said
        if found.groups():
            rounding = 0.5 if "aged" in lesson else 0.05
            total = sum(amount(bar, language) for bar in bars)
            assert total == pytest.approx(amount(found[1], language), abs=rounding * (len(bars) + 1))


@pytest.mark.parametrize("lesson", LESSONS)
def test_lesson_opens_drawn_runs_and_answers_its_control(lab, opened, lesson):
    language, (figures, *sentences) = lesson[:2], LESSONS[lesson]
    notebook = open_page(opened, lab, f"notebooks/{lesson}")
    menus = opened.page.locator(".lm-MenuBar-itemLabel").all_inner_texts()
    assert menus[0] == "Fichier"  # the interface is French whatever the lesson's language
    until(
        opened.page,
        """count => [...document.querySelectorAll('.js-plotly-plot')].filter(
            plot => plot.querySelector('.bars .point path, .scatterlayer .point')
        ).length === count""",
        figures,
    )
    run_all(opened, notebook, "Exécution", "Exécuter toutes les cellules")
    outputs = notebook.locator(".jp-OutputArea-output")
    assert outputs.and_(notebook.locator('[data-mime-type*="error"], [data-mime-type*="stderr"]')).count() == 0
    if sentences:
        answers(notebook, language, lesson, sentences)
    assert foreign(opened, lab) == []
    assert opened.problems == []


@pytest.mark.parametrize("lesson", ["fr/08_hidden_cost", "en/05_payment_terms"])
def test_lesson_with_several_sliders_runs_and_answers_the_first(lab, opened, lesson):
    notebook = open_page(opened, lab, f"notebooks/{lesson}")
    run_all(opened, notebook, "Exécution", "Exécuter toutes les cellules")
    outputs = notebook.locator(".jp-OutputArea-output")
    assert outputs.and_(notebook.locator('[data-mime-type*="error"], [data-mime-type*="stderr"]')).count() == 0
    control = notebook.locator(".jupyter-widgets.widget-vbox")
    control.scroll_into_view_if_needed()
    said = "control => (control.querySelector('.jp-OutputArea p') || {textContent: ''}).textContent.trim() !== ''"
    until(opened.page, said, control.element_handle())
    before = spoken(control.locator(".jp-OutputArea p").first)
    assert re.search(r"\d", before)
    widths = control.locator(".noUi-target").evaluate_all(
        "sliders => sliders.map(s => s.getBoundingClientRect().width)"
    )
    assert len(widths) > 2
    assert min(widths) > 120  # room to drag each
    control.locator(".noUi-handle").first.focus()
    opened.page.keyboard.press("ArrowRight")
    until(
        opened.page,
        """([control, text]) => {
            const said = control.querySelector('.jp-OutputArea p');
            const drawn = control.querySelector('svg.main-svg, table.cm');
            return drawn && said && said.textContent.trim() && said.textContent.trim() !== text;
        }""",
        [control.element_handle(), before],
    )
    assert foreign(opened, lab) == []
    assert opened.problems == []
