"""One table in, one plotly figure out; no calculation.

Figures carry their language in themselves: labels, decimal sign, months.
"""

from __future__ import annotations

from html import escape

import pandas as pd
import plotly.graph_objects as go

from cmtools.language import THIN, kind_of, label, message, money, month, number, resolve
from cmtools.receivables import late_columns
from cmtools.schemas import Defect, InputError

NOT_DUE, CREDIT, UNKNOWN = "#4c8c6b", "#8a94a0", "#b8a04a"
LATE = ("#f0c36d", "#e79f4f", "#dc7440", "#c94a38", "#8f1d2c")
LINES = ("#1f5f9e", "#c05a00")


def _layout(language: str | None, title: str, **more: object) -> go.Layout:
    decimal = f",{THIN}" if resolve(language) == "fr" else ".,"
    return go.Layout(
        title={"text": title, "x": 0, "xanchor": "left", "font": {"size": 15}},
        template="plotly_white",
        separators=decimal,
        font={"family": "Helvetica, Arial, sans-serif", "size": 12, "color": "#22303c"},
        margin={"l": 60, "r": 20, "t": 50, "b": 50},
        height=340,
        showlegend=False,
        **more,
    )


def aged_balance(aged: pd.DataFrame, language: str | None = None) -> go.Figure:
    """Outstanding by bucket: one bar per bucket, amounts written on the bars.

    Parameters
    ----------
    aged : pandas.DataFrame
        Aged balance of one currency, by customer or in total.
    language : {"fr", "en"}, optional

    Examples
    --------
    >>> aged = pd.DataFrame({"currency": ["EUR"], "not_due": [10.0], "d1_30": [5.0], "over_30": [1.0]})
    >>> aged = pd.DataFrame({"currency": ["EUR"], "not_due": [10.0], "d1_30": [5.0], "over_30": [1.0]})
    >>> [name.replace(chr(160), " ") for name in aged_balance(aged, "en").data[0].x]
    ['Not due', '1–30 d', '> 30 d']
    """
    currency = _currency(aged)
    names = [
        name
        for name in aged.columns
        if kind_of(name) == "money" and name not in ("total", "disputed", "retention", "overdue")
    ]
    sums = aged[names].sum()
    names = [name for name in names if sums[name] or name not in ("unknown_age", "unallocated")]
    colours = {"not_due": NOT_DUE, "unknown_age": UNKNOWN, "unallocated": CREDIT}
    late = [name for name in names if name not in colours]
    colours |= {
        name: LATE[min(round(rank * (len(LATE) - 1) / max(len(late) - 1, 1)), 4)] for rank, name in enumerate(late)
    }
    figure = go.Figure(
        go.Bar(
            x=[label(name, language) for name in names],
            y=[float(sums[name]) for name in names],
            marker_color=[colours[name] for name in names],
            text=[number(sums[name], 0, language) for name in names],
            textposition="outside",
            cliponaxis=False,
            hovertext=[money(sums[name], currency, language) for name in names],
            hoverinfo="x+text",
        ),
        layout=_layout(language, message("chart_aged", language, currency=escape(currency))),
    )
    return figure.update_yaxes(tickformat=",.0f", rangemode="tozero", zeroline=True, zerolinecolor="#33475b")


def largest_overdue(aged: pd.DataFrame, language: str | None = None, count: int = 10) -> go.Figure:
    """Customers with the largest overdue amounts, one stacked bar each, oldest buckets darkest.

    Parameters
    ----------
    aged : pandas.DataFrame
        Aged balance of one currency by customer, with `customer_name`.
    """
    currency, late = _currency(aged), late_columns(aged.columns)
    top = aged.assign(overdue=aged[late].sum(axis=1)).query("overdue > 0").nlargest(count, "overdue").iloc[::-1]
    names = [escape(_short(str(name)), quote=False) for name in top["customer_name"]]  # plotly knows no &quot;
    figure = go.Figure(layout=_layout(language, message("chart_overdue", language, currency=escape(currency))))
    for rank, bucket in enumerate(late):
        figure.add_bar(
            y=list(range(len(top))),
            x=top[bucket].tolist(),
            orientation="h",
            name=label(bucket, language),
            marker_color=LATE[min(round(rank * (len(LATE) - 1) / max(len(late) - 1, 1)), 4)],
            hovertext=[
                f"{name}<br>{label(bucket, language)}: {number(amount, 2, language)}"
                for name, amount in zip(names, top[bucket])
            ],
            hoverinfo="text",
        )
    figure.update_yaxes(tickvals=list(range(len(top))), ticktext=names, automargin=True)
    figure.update_xaxes(tickformat=",.0f")
    return figure.update_layout(
        barmode="stack",
        showlegend=True,
        legend={"orientation": "h", "y": -0.18, "traceorder": "normal"},
        height=120 + 26 * max(len(top), 3),
    )


def _short(text: str, length: int = 32) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _currency(aged: pd.DataFrame) -> str:
    found = sorted(aged["currency"].unique())
    if len(found) > 1:  # their sum would mean nothing
        raise InputError([Defect("several_currencies", "fatal", value=", ".join(found))])
    return str(found[0]) if found else ""


def dso_by_month(history: pd.DataFrame, language: str | None = None) -> go.Figure:
    """DSO at month-ends by both methods; a gap where it cannot be computed.

    Parameters
    ----------
    history : pandas.DataFrame
        As :func:`cmtools.dso_by_month` gives it.
    """
    figure = go.Figure(layout=_layout(language, message("chart_dso", language)))
    months = [month(when, language) for when in history["date"]]
    for (name, colour), dash in zip(zip(("dso_count_back", "dso_balance"), LINES), ("solid", "dot")):
        known = history[name].notna()
        if not known.any():
            continue
        figure.add_scatter(
            x=months,
            y=history[name].where(known, None).tolist(),
            name=label(name, language),
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2.5},
            hovertext=[
                f"{when}: {number(value, 1, language)} {message('days_short', language)}"
                for when, value in zip(months, history[name])
            ],
            hoverinfo="text+name",
        )
    figure.update_yaxes(tickformat=",.0f", rangemode="tozero")
    figure.update_xaxes(type="category")
    return figure.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.18})


def count_back(steps: pd.DataFrame, language: str | None = None) -> go.Figure:
    """How the balance is used up month by month, with the days each month counts.

    Parameters
    ----------
    steps : pandas.DataFrame
        ``Dso.table`` of the count-back method.
    """
    figure = go.Figure(layout=_layout(language, message("chart_count_back", language)))
    used = steps["balance_before"] - steps["balance_after"]
    figure.add_bar(
        x=[month(when, language) for when in steps["month"]],
        y=used.tolist(),
        marker_color=LINES[0],
        text=[f"{number(days, 1, language)} {message('days_short', language)}" for days in steps["days_counted"]],
        textposition="outside",
        cliponaxis=False,
        hoverinfo="x+y",
    )
    figure.update_xaxes(type="category")
    figure.update_layout(bargap=0.6)
    return figure.update_yaxes(tickformat=",.0f", rangemode="tozero")
