"""What-if controls for the lessons: each calls one calculation and draws its figure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from html import escape
from typing import Any

import ipywidgets as controls
from IPython.display import HTML, clear_output, display

from cmtools import language as words
from cmtools import plots
from cmtools.dashboard import currencies, key_figures, report_items
from cmtools.days_sales import count_back, dso
from cmtools.display import reason
from cmtools.frames import month_ends
from cmtools.language import message
from cmtools.receivables import aged_balance as age
from cmtools.receivables import late_columns
from cmtools.schemas import Ledger, as_day

WIDE = {"description_width": "initial"}
LONG = {"width": "32em", "flex": "0 0 auto"}  # beside its name the default leaves a slider no room


def aged_balance(ledger: Ledger, as_of: str | date, language: str | None = None) -> controls.Widget:
    """Aged balance at past month-ends, by either clock, with credits apart or aged.

    Parameters
    ----------
    ledger : Ledger
        Pandas tables. Currencies without amounts in the books are drawn apart.
    as_of : date or str
        Latest date.
    language : {"fr", "en"}, optional

    Returns
    -------
    ipywidgets.Widget
    """
    at = as_day(as_of)
    back = controls.IntSlider(
        0, 0, 24, description=message("widget_months_back", language), style=WIDE, layout=LONG, continuous_update=False
    )
    clock = _choice("widget_clock", ("due_date", "issue_date"), language)
    in_credit = _choice("widget_in_credit", ("column", "own_date"), language)

    def draw() -> None:
        when = month_ends(at, back.value + 1)[-1]
        items = report_items(ledger, when)
        table = age(items, when, clock=clock.value, in_credit=in_credit.value, by=None)
        for currency in currencies(items):
            mine = table[table["currency"] == currency]
            late = float(mine[late_columns(mine.columns)].sum(axis=1).sum())
            say(
                message(
                    "widget_aged" if clock.value == "due_date" else "widget_aged_issue",
                    language,
                    date=words.day(when),
                    total=words.money(mine["total"].sum(), currency, language),
                    late=words.money(late, currency, language),
                )
            )
            display(plots.aged_balance(mine, language))
        if table.empty:
            say(message("nothing_to_show", language))

    return panel([back, clock, in_credit], draw)


def dso_collected(ledger: Ledger, as_of: str | date, language: str | None = None) -> controls.Widget:
    """Count-back DSO if a share of the overdue were collected today.

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
    language : {"fr", "en"}, optional

    Returns
    -------
    ipywidgets.Widget
    """
    at = as_day(as_of)
    items = report_items(ledger, at)
    found = currencies(items) or [ledger.book_currency]
    apart = "item_currency" not in items  # no amounts in the books: each currency has its own sales
    overdue = {name: key_figures(ledger, at, name)["value"].to_dict()["overdue"] for name in found}
    before = {name: dso(ledger, at, "count_back", currency=name if apart else None) for name in found}
    share = controls.IntSlider(
        50,
        0,
        100,
        10,
        description=f"{message('widget_share', language)} (%)",
        style=WIDE,
        layout=LONG,
        continuous_update=False,
    )

    def draw() -> None:
        for currency, whole in before.items():
            if whole.days is None or whole.table is None:
                why = reason({"reason": whole.reason, "details": whole.details}, language)
                say(message("headline_no_dso", language, reason=why))
                continue
            cash = round(overdue[currency] * share.value / 100, 2)
            months = whole.table[["month", "sales", "days"]].itertuples(index=False, name=None)
            after = count_back(whole.receivables - cash, months)
            say(
                message(
                    "widget_dso",
                    language,
                    share=words.percent(share.value / 100, 0, language),
                    cash=words.money(cash, currency, language),
                    before=words.number(whole.days, 1, language),
                    after=words.number(after.days, 1, language),
                )
            )
            if after.table is not None and len(after.table):
                display(plots.count_back(after.table, language))

    return panel([share], draw)


def say(text: str) -> None:
    """A sentence above the figure of a control; escaped."""
    display(HTML(f"<p>{escape(text)}</p>"))


def _choice(key: str, values: tuple[str, ...], language: str | None) -> controls.Dropdown:
    options = [(message(f"widget_{value}", language), value) for value in values]
    return controls.Dropdown(options=options, description=message(key, language), style=WIDE)


def panel(inputs: list[Any], draw: Callable[[], None]) -> controls.Widget:
    """Controls above an area that is drawn again at each change."""
    area = controls.Output()

    def redraw(_: object = None) -> None:
        with area:
            clear_output(wait=True)
            draw()

    for control in inputs:
        control.observe(redraw, names="value")
    redraw()
    return controls.VBox([controls.HBox(inputs, layout={"flex_flow": "row wrap"}), area])
