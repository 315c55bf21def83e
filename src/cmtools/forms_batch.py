"""What came of a batch: an index that leads to each report, failures first, and the same as a workbook."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pandas as pd

from cmtools import workbook as books
from cmtools.display import CSS, cell, indicator_name
from cmtools.language import label, message, number
from cmtools.pages import page
from cmtools.schemas import shorten

if TYPE_CHECKING:
    from cmtools.batch import Outcome

_FILES = ("html", "xlsx", "pdf")
_STYLE = """<style>
table.cm.sortable th button{all:unset;cursor:pointer;font-weight:600}
table.cm.sortable th button:focus-visible{outline:2px solid #1f5f9e}
table.cm.sortable th[aria-sort] button::after{content:" \\25B2"}
table.cm.sortable th[aria-sort=descending] button::after{content:" \\25BC"}
table.cm td{overflow-wrap:anywhere}
</style>"""
_ORDER = {"failed": 0, "not_run": 1, "made": 2, "kept": 2}


def companies(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """One row per company and currency, failures first.

    Parameters
    ----------
    outcomes : sequence of Outcome

    Returns
    -------
    pandas.DataFrame
        `company_name`, `report_status`, `currency`, a column per published
        indicator (NaN: not computable), `report_seconds`, `report_folder`, `report_error`.
    """
    rows = []
    for outcome in sorted(outcomes, key=lambda outcome: _ORDER[outcome.status]):
        said = {"report_seconds": outcome.seconds, "report_folder": outcome.job.name, "report_error": outcome.error}
        head = {"company_name": outcome.job.company, "report_status": f"report_{outcome.status}"}
        for figures in (outcome.record or {}).get("figures") or [{"currency": "", "indicators": []}]:
            found = {shown["key"]: shown["value"] for shown in figures["indicators"]}
            rows.append(head | {"currency": figures["currency"]} | found | said)
    frame = pd.DataFrame(rows)
    last = ["report_seconds", "report_folder", "report_error"]
    return frame[[name for name in frame.columns if name not in last] + last] if rows else frame


def workbook(outcomes: Sequence[Outcome], language: str | None = None) -> bytes:
    """The companies as an XLSX; text is written as text."""
    frame = companies(outcomes)
    numbers = [shown["key"] for shown in _indicators(outcomes)]
    frame[numbers] = frame[numbers].astype("float64")
    with tempfile.TemporaryDirectory() as folder:
        path = books.write(
            Path(folder) / "portfolio.xlsx", [books.Sheet(message("batch_sheet", language), frame)], language
        )
        return path.read_bytes()


def _indicators(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Every published indicator once, in the order of the reports."""
    found: dict[str, dict[str, Any]] = {}
    for outcome in outcomes:
        for figures in (outcome.record or {}).get("figures") or []:
            for shown in figures["indicators"]:
                found.setdefault(shown["key"], shown)
    return list(found.values())


def index(outcomes: Sequence[Outcome], language: str | None = None) -> str:
    """The page that leads to the reports.

    Parameters
    ----------
    outcomes : sequence of Outcome
    language : {"fr", "en"}, optional

    Returns
    -------
    str
        HTML: counts, the failures with their reasons, then a table to sort by any column.
    """
    counts = {status: sum(outcome.status == status for outcome in outcomes) for status in _ORDER}
    done = counts["made"] + counts["kept"]
    said = message("batch_counts", language, done=done, asked=len(outcomes), kept=counts["kept"], n=done)
    days = {str(outcome.job.parameters.get("as_of", "")) for outcome in outcomes}
    day = days.pop() if len(days) == 1 else ""
    title = message("batch_title", language, date=cell(pd.Timestamp(day), "date", language)) if day else message(
        "batch_title_undated", language
    )  # fmt: skip
    parts = [CSS, _STYLE, f"<p>{escape(said)}</p>"]
    for status in ("failed", "not_run"):
        there = [outcome for outcome in outcomes if outcome.status == status]
        if there:
            head = message(f"batch_{status}", language, count=len(there), n=len(there))
            parts.append(f"<h2>{escape(head)}</h2>" + _reasons(there, language))
    made = [outcome for outcome in outcomes if outcome.status in ("made", "kept")]
    if made:
        parts.append(f"<h2>{escape(message('batch_made', language))}</h2>" + _table(made, language or "fr"))
        parts.append(f"<script>{(files('cmtools') / 'reference' / 'sort.js').read_text(encoding='utf-8')}</script>")
    return page(f"# {title}", "".join(parts), language or "fr")


def _reasons(outcomes: Sequence[Outcome], language: str | None) -> str:
    heads = "".join(f"<th>{escape(label(name, language))}</th>" for name in ("company_name", "report_error"))
    rows = "".join(
        f"<tr><td>{_text(outcome.job.company)}</td><td>{_text(outcome.error).replace(chr(10), '<br>')}</td></tr>"
        for outcome in outcomes
    )
    return f'<table class="cm"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def _table(outcomes: Sequence[Outcome], language: str) -> str:
    shown = _indicators(outcomes)
    heads = [(label("company_name", language), ""), (label("currency", language), "")]
    heads += [(_name(indicator, language), "r") for indicator in shown]
    heads += [(label("report_seconds", language), "r")]
    head = "".join(f'<th class="{css}"><button type="button">{escape(name)}</button></th>' for name, css in heads)
    body = []
    for outcome in outcomes:
        for figures in (outcome.record or {}).get("figures") or [{"currency": "", "indicators": []}]:
            values = {indicator["key"]: indicator for indicator in figures["indicators"]}
            cells = [f"<td>{_text(outcome.job.company)}</td><td>{_text(figures['currency'])}</td>"]
            cells += [_number(values.get(indicator["key"]), indicator["unit"], language) for indicator in shown]
            seconds = number(outcome.seconds, 1, language)
            cells.append(f'<td class="r" data-v="{outcome.seconds}">{seconds}</td>')
            cells.append(f"<td>{_links(outcome)}</td>")
            body.append(f"<tr>{''.join(cells)}</tr>")
    columns = f"{head}<th>{escape(label('report', language))}</th>"
    return f'<table class="cm sortable"><thead><tr>{columns}</tr></thead><tbody>{"".join(body)}</tbody></table>'


def _name(indicator: dict[str, Any], language: str) -> str:
    """Indicator in the language of the index, whatever that of the report; one that is not ours as it was published."""
    known = indicator_name(str(indicator["key"]), language)
    return str(indicator["label"]) if known == indicator["key"] else known


def _text(text: str) -> str:
    return escape(cell(text, "text"))


def _number(indicator: dict[str, Any] | None, unit: str, language: str) -> str:
    value = None if indicator is None else indicator["value"]
    reason = f' title="{escape(indicator["reason"])}"' if indicator and indicator["reason"] else ""
    shown = escape(cell(value, "figure", language, unit))
    return f'<td class="r" data-v="{"" if value is None else value}"{reason}>{shown}</td>'


def _links(outcome: Outcome) -> str:
    """Links to the files of a report."""
    there = (outcome.record or {}).get("files", {})
    names = [f"report.{kind}" for kind in _FILES if f"report.{kind}" in there]
    return " ".join(
        f'<a href="{quote(outcome.job.name)}/{name}">{name.partition(".")[2].upper()}</a>' for name in names
    )


# ---------------------------------------------------------------- while it runs


class Progress:
    """Reports done, pace and time left: a bar on a terminal, a line per report elsewhere; failures are named on both.

    Parameters
    ----------
    asked : int
        Reports in all.
    language : {"fr", "en"}, optional
    """

    def __init__(self, asked: int, language: str | None = None):
        self.asked, self.language = asked, language
        self.done, self.made, self.start = 0, 0, time.monotonic()
        self.bar: Any = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from tqdm import tqdm

            self.bar = tqdm(total=self.asked, unit=message("batch_unit", self.language), smoothing=0.05)
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def told(self, outcome: Outcome) -> None:
        """One more report is done."""
        self.done += 1
        self.made += outcome.status != "kept"
        if self.bar is None:
            print(self._line(outcome), file=sys.stderr, flush=True)
        else:
            if outcome.status == "failed":
                self.bar.write(f"{self._company(outcome)}: {shorten(outcome.error, 300)}", file=sys.stderr)
            self.bar.update()

    def _company(self, outcome: Outcome) -> str:
        return shorten(cell(outcome.job.company, "text"), 60)

    def _line(self, outcome: Outcome) -> str:
        status = label(f"report_{outcome.status}", self.language)
        values = {"done": self.done, "asked": self.asked, "company": self._company(outcome), "status": status}
        line = message("batch_line", self.language, seconds=number(outcome.seconds, 1, self.language), **values)
        pace = self.made / max(time.monotonic() - self.start, 0.001)
        if self.made and self.done < self.asked:
            left = timedelta(seconds=round((self.asked - self.done) / pace))
            line += message("batch_pace", self.language, rate=number(60 * pace, 1, self.language), left=left)
        return line + (f" : {shorten(outcome.error, 300)}" if outcome.error else "")
