"""Figures of doubtful claims and allowances: one table in, one plotly figure out; no calculation.

What is not computable keeps its row and says why, without a bar.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from cmtools.display import is_blank, records
from cmtools.language import HARD, day, label, message, money, number, percent
from cmtools.plots import (
    CREDIT,
    LATE,
    LEGEND,
    LINES,
    LOST,
    NOT_DUE,
    PALE,
    TOTAL,
    drawn_values,
    in_rows,
    new_figure,
)
from cmtools.plots_statements import say_instead
from cmtools.schemas import Defect, InputError

MOVES = {
    "doubtful_brought_forward": CREDIT,
    "doubtful_in": LATE[2],
    "doubtful_paid": NOT_DUE,
    "doubtful_lost": LOST,
    "doubtful_out": CREDIT,
}
ALWAYS = ("doubtful_in", "doubtful_paid", "doubtful_lost")
ROOM = 1.3  # of the longest bar, for the amount written beside it


def _title(key: str, table: pd.DataFrame, currency: str, language: str | None) -> str:
    """Title with the currency; two currencies never share an axis."""
    found = sorted(table["currency"].dropna().unique()) if "currency" in table else []
    if len(found) > 1:
        raise InputError([Defect("several_currencies", "fatal", value=", ".join(found))])
    shown = str(found[0]) if found else currency
    return message(key, language) + (f" ({escape(shown)})" if shown else "")


def _written(figure: go.Figure, places: Sequence[float], texts: Sequence[str]) -> None:
    """Texts to the right of these places, one a row."""
    rows = list(range(len(texts)))
    texts = [HARD + text for text in texts]
    figure.add_scatter(x=list(places), y=rows, text=texts, mode="text", textposition="middle right", hoverinfo="skip")


def doubtful_flows(periods: pd.DataFrame, language: str | None = None, currency: str = "") -> go.Figure:
    """From the doubtful claims at the first opening to those at the last closing, one bar per movement.

    Parameters
    ----------
    periods : pandas.DataFrame
        As :func:`cmtools.doubtful_by_period` gives it; `currency`, if there,
        is in the title.
    language : {"fr", "en"}, optional
    currency : str
        For the title, where the table does not hold it.

    Examples
    --------
    >>> row = {"period_start": pd.Timestamp("2025-06-30"), "date": pd.Timestamp("2026-06-30"), "opening_balance": 100.0,
    ...     "doubtful_brought_forward": 0.0, "doubtful_in": 50.0, "doubtful_paid": -20.0, "doubtful_lost": -30.0,
    ...     "doubtful_out": 0.0, "closing_balance": 100.0}
    >>> [float(level) for level in doubtful_flows(pd.DataFrame([row]), "en").data[0].base]
    [0.0, 100.0, 150.0, 130.0, 0.0]
    """
    bars = _flow_bars(periods, language)
    figure = new_figure(language, _title("chart_doubtful_flows", periods, currency, language))
    names = [bar["name"] for bar in bars]
    figure.add_bar(
        y=list(range(len(bars))),
        x=[bar["amount"] for bar in bars],
        base=[bar["base"] for bar in bars],
        orientation="h",
        width=0.62,
        marker_color=[bar["colour"] for bar in bars],
        hovertext=[_said(bar["name"], money(bar["amount"], escape(currency), language), language) for bar in bars],
        hoverinfo="text",
    )
    ends = [max(bar["base"], bar["base"] + bar["amount"]) for bar in bars]
    _written(figure, ends, [bar["sign"] + number(bar["amount"], 0, language) for bar in bars])
    in_rows(figure, names).update_xaxes(range=[0, ROOM * max([1.0, *ends])], tickformat=",.0f", nticks=5)
    return figure


def _flow_bars(periods: pd.DataFrame, language: str | None) -> list[dict[str, Any]]:
    """Bars of a bridge: an opening, the movements of each period, the closing of each."""
    bars: list[dict[str, Any]] = []
    for row in records(periods.sort_values("date")):
        if not bars:
            bars.append(_end(row["period_start"], row["opening_balance"], language))
        level, moved = row["opening_balance"], any(row[name] for name in MOVES)
        for name, colour in MOVES.items():
            amount = row[name]
            if amount or (moved and name in ALWAYS):
                sign = "+" if amount > 0 else ""
                told = {"name": label(name, language), "amount": amount, "base": level, "colour": colour, "sign": sign}
                bars.append(told)
                level += amount
        bars.append(_end(row["date"], row["closing_balance"], language))
    return bars


def _end(when: Any, amount: float, language: str | None) -> dict[str, Any]:
    name = message("chart_doubtful_at", language, date=day(when, language))
    return {"name": name, "amount": amount, "base": 0.0, "colour": TOTAL, "sign": ""}


def _said(name: str, value: str, language: str | None) -> str:
    return message("chart_hover", language, name=name, value=value)


def three_methods(compared: pd.DataFrame, language: str | None = None, currency: str = "") -> go.Figure:
    """The allowance by each method, side by side: on the doubtful claims, on the others.

    Parameters
    ----------
    compared : pandas.DataFrame
        As :func:`cmtools.allowances_compared` gives it.
    language : {"fr", "en"}, optional
    currency : str

    Examples
    --------
    >>> row = {"method": "method_ageing", "on_cases": None, "on_others": None, "allowance": 80.0, "reason": None}
    >>> three_methods(pd.DataFrame([row]), "en").data[-1].text[0].replace(HARD, " ")
    ' 80'
    """
    rows = records(compared)
    figure = new_figure(language, _title("chart_three_methods", compared, currency, language))
    undivided = [row["allowance"] if is_blank(row["on_cases"]) and is_blank(row["on_others"]) else None for row in rows]
    parts: dict[str, tuple[str, Iterable[Any]]] = {
        "on_cases": (LOST, compared["on_cases"]),
        "on_others": (LATE[1], compared["on_others"]),
        "on_all_claims": (PALE, undivided),
    }
    for name, (colour, amounts) in parts.items():
        drawn = drawn_values(amounts)
        figure.add_bar(
            y=list(range(len(rows))),
            x=[0.0 if is_blank(row["allowance"]) else amount for row, amount in zip(rows, drawn)],
            orientation="h",
            width=0.55,
            name=label(name, language),
            marker_color=colour,
            hovertext=[
                _said(label(name, language), money(amount, escape(currency), language), language) for amount in drawn
            ],
            hoverinfo="text",
        )
    totals = [0.0 if is_blank(row["allowance"]) else row["allowance"] for row in rows]
    _written(figure, totals, [_total(row, language) for row in rows])
    figure.data[-1].showlegend = False
    in_rows(figure, [label(row["method"], language) for row in rows])
    figure.update_xaxes(range=[0, ROOM * max([1.0, *totals])], tickformat=",.0f", nticks=5)
    legend = LEGEND | {"yref": "container", "y": 0.02, "yanchor": "bottom"}
    height = (figure.layout.height or 200) + 40
    return figure.update_layout(barmode="stack", showlegend=True, legend=legend, height=height, margin_b=80)


def _total(row: dict[str, Any], language: str | None) -> str:
    if not is_blank(row["allowance"]):
        return number(row["allowance"], 0, language)
    return message("chart_no_estimate", language, reason=label(str(row["reason"]), language))


def loss_rates(rates: pd.DataFrame, language: str | None = None, rolled: pd.DataFrame | None = None) -> go.Figure:
    """Loss rate of each bucket, with what it rests on; beside it the rate by roll rates, where given.

    Parameters
    ----------
    rates : pandas.DataFrame
        As :func:`cmtools.loss_rates` gives it.
    language : {"fr", "en"}, optional
    rolled : pandas.DataFrame, optional
        As :func:`cmtools.roll_loss_rates` gives it.

    Examples
    --------
    >>> rates = pd.DataFrame({"bucket": ["not_due"], "bucket_loss_rate": [0.0125], "reason": [None]})
    >>> loss_rates(rates, "en").data[0].text[0]
    '1.25%'
    """
    places = [label(bucket, language) for bucket in rates["bucket"]]
    figure = new_figure(language, message("chart_loss_rates", language))
    series = [("by_history", LINES[0], rates)]
    if rolled is not None:
        series.append(("by_rolls", PALE, rates[["bucket"]].merge(rolled, on="bucket", how="left").assign(reason=None)))
    for name, colour, table in series:
        texts = [_rate_text(row, language) for row in records(table)]
        figure.add_bar(
            x=places,
            y=[None if rate is None else 100 * rate for rate in drawn_values(table["bucket_loss_rate"])],
            name=label(name, language),
            marker_color=colour,
            text=texts,
            textposition="outside",
            cliponaxis=False,
            hovertext=[_said(place, text, language) for place, text in zip(places, texts)],
            hoverinfo="text",
        )
    sign = f"{HARD}%" if figure.layout.separators.startswith(",") else "%"
    known = [100 * rate for table in (row[2] for row in series) for rate in table["bucket_loss_rate"].dropna()]
    if not known:
        reasons = dict.fromkeys(label(str(reason), language) for reason in rates["reason"].dropna())
        return say_instead(figure, message("chart_no_estimate", language, reason=", ".join(reasons)))
    highest = max(known) or 1.0
    figure.update_yaxes(tickformat=",.1~f", ticksuffix=sign, range=[0, 1.2 * highest])
    figure.update_xaxes(type="category")
    return figure.update_layout(barmode="group", bargap=0.35, showlegend=rolled is not None, legend=LEGEND)


def _rate_text(row: dict[str, Any], language: str | None) -> str:
    rate = row["bucket_loss_rate"]
    if is_blank(rate):
        return label(str(row["reason"]), language) if row.get("reason") else ""
    return percent(rate, 2 if rate < 0.1 else 1, language)
