"""An executed notebook into a page to read: HTML that makes no network request, PDF through an installed Chromium."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from cmtools.files import fatal
from cmtools.language import message

INDICATORS = "application/vnd.cmtools.indicators+json"  # what a notebook publishes for programs
_PLOTLY = "application/vnd.plotly.v1+json"
_WIDGET = "application/vnd.jupyter.widget-view+json"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PRINT_TIMEOUT = 120  # seconds for one PDF


class PrintError(RuntimeError):
    """The browser printed no PDF."""


def to_html(notebook: Any, language: str = "fr", script: str | None = None) -> str:
    """Executed notebook as one HTML page: code hidden, charts live, no network request.

    Parameters
    ----------
    notebook : str, Path or notebook
        Executed notebook, or its file.
    language : {"fr", "en"}
    script : str, optional
        Where the page finds plotly's own script (see :func:`plotly_name`);
        None: inside the page, so that the file travels alone.

    Returns
    -------
    str
        Widgets need a kernel: they are left out.
    """
    cells = [_shown(cell) for cell in _cells(notebook)]
    charts = 0
    for cell in cells:
        for output in cell.get("outputs", []):
            figure = output.get("data", {}).get(_PLOTLY)
            if figure is not None:
                charts += 1
                output["data"] = {"text/html": _chart(figure, f"chart-{charts}")}
    headings = (line[2:] for cell in cells if cell["cell_type"] == "markdown" for line in cell["source"].splitlines()
                if line.startswith("# "))  # fmt: skip
    resources = {
        "language": language,
        "title": next(headings, "cmtools"),
        "plotly": _script() if charts and script is None else "",
        "plotly_file": script if charts and script is not None else "",
    }
    return str(_template().render(cells=cells, resources=resources)).lstrip()


def _cells(notebook: Any) -> list[Any]:
    if isinstance(notebook, (str, Path)):
        import nbformat

        notebook = nbformat.read(notebook, as_version=4)
    return list(notebook["cells"])


def _shown(cell: Any) -> Any:
    """The cell without what a page does not show; the notebook itself is left as it is."""
    if cell["cell_type"] != "code":
        return cell
    shown = dict(cell)
    shown["outputs"] = [
        dict(output) for output in cell.get("outputs", []) if not {_WIDGET, INDICATORS} & output.get("data", {}).keys()
    ]
    return shown


@cache
def _template() -> Any:
    """One for all pages. An exporter would copy and check the notebook twice more for each of them."""
    from nbconvert.exporters import TemplateExporter

    text = (files("cmtools") / "reference" / "report.html.j2").read_text(encoding="utf-8")
    return TemplateExporter(raw_template=text, filters={"plain": escape, "prose": _prose}).template


@cache
def _prose(markdown: str) -> str:
    """Prose of a notebook as HTML: the same in every report."""
    from nbconvert.filters import markdown2html, strip_files_prefix

    return strip_files_prefix(markdown2html(markdown))


@cache
def _script() -> str:
    return plotly_script().replace("</script", "<\\/script")


def plotly_script() -> str:
    """Plotly's own script, which draws the charts."""
    from plotly.offline import get_plotlyjs

    return get_plotlyjs()


def plotly_name() -> str:
    """Name of the script where it stands beside the reports; another version has another name."""
    from importlib.metadata import version

    return f"plotly-{version('plotly')}.min.js"


def _chart(figure: dict[str, Any], name: str) -> str:
    """Plotly figure as a block that draws itself; `<` is escaped so that no text can close the script."""
    config = {
        "displaylogo": False,
        "responsive": True,
        "modeBarButtonsToRemove": ["sendDataToCloud", "lasso2d", "select2d"],
    }
    data, layout, options = (
        json.dumps(part).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
        for part in (figure.get("data", []), figure.get("layout", {}), config)
    )
    return f'<div class="chart" id="{name}"></div><script>Plotly.newPlot("{name}",{data},{layout},{options});</script>'


def page(title: str, html: str, language: str) -> str:
    """One page of the reports' look, without a notebook behind it."""
    outputs = [{"output_type": "display_data", "data": {"text/html": html}}]
    cells = [{"cell_type": "markdown", "source": title}, {"cell_type": "code", "outputs": outputs}]
    return to_html({"cells": cells}, language)


# ---------------------------------------------------------------- PDF


def browser() -> str:
    """Path of the Chromium that prints; that of the environment variable CMTOOLS_CHROMIUM first.

    Raises
    ------
    InputError
        If none is installed.
    """
    wanted = os.environ.get("CMTOOLS_CHROMIUM")
    found = next(filter(None, map(shutil.which, [wanted] if wanted else _BROWSERS)), None)
    if found is None:
        raise fatal("no_browser", value=wanted or ", ".join(_BROWSERS))
    return found


def to_pdf(page: str, pdf: str | Path, language: str | None = None) -> Path:
    """Print a page of ours as an A4 PDF.

    Parameters
    ----------
    page : str
        Text of the page, with plotly's script inside: it is printed where nothing stands beside it.
    pdf : str or Path
    language : {"fr", "en"}, optional
        Of the error.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If no Chromium is installed.
    PrintError
        If it fails, or takes more than PRINT_TIMEOUT seconds.
    """
    target = Path(pdf).resolve()
    with tempfile.TemporaryDirectory(prefix="cmtools-print-", ignore_cleanup_errors=True) as place:
        source = Path(place) / "page.html"
        source.write_text(page, encoding="utf-8")
        command = [
            browser(), "--headless", "--disable-gpu", "--disable-extensions", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--no-first-run", "--hide-scrollbars",
            f"--user-data-dir={Path(place) / 'profile'}", "--no-pdf-header-footer",
            f"--print-to-pdf={target}", source.as_uri(),
        ]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # Chromium refuses its sandbox to root
        try:
            done = subprocess.run(command, capture_output=True, timeout=PRINT_TIMEOUT, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            raise PrintError(message("print_slow", language, seconds=PRINT_TIMEOUT)) from None
    if done.returncode or not target.is_file() or target.read_bytes()[:5] != b"%PDF-":
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise PrintError(message("print_failed", language, value=said[-1] if said else str(done.returncode)))
    return target
