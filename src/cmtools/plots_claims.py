"""Figures of payment terms and late interest: one table in, one plotly figure out; no calculation."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd
import plotly.graph_objects as go

from cmtools import language as words
from cmtools.display import cell
from cmtools.language import label, message
from cmtools.plots import LATE, LEGEND, LINES, NOT_DUE, TOTAL, Drawing, drawn_values, in_rows, new_figure

LABELS = {"rate": "default_late_rate", "public_rate": "late_public_rate", "floor": "late_floor"}
ONE_DAY = pd.Timedelta(days=1)
RATES = {"rate": (LINES[1], "solid"), "public_rate": (LINES[0], "solid"), "floor": (LATE[4], "dot")}
BARS = {"interest": LATE[2], "indemnity": LATE[0]}
STATUS_COLOURS = {
    "over": LATE[3], "needs_clause": LATE[1], "depends_on_reading": LATE[0], "unknown": "#8a94a0",
    "compliant": NOT_DUE, "not_limited": "#a9c4de",
}  # fmt: skip


def late_rates(periods: pd.DataFrame, language: str | None = None) -> go.Figure:
    """Late-payment rates over time: default rate, public buyers', floor of contracts; a step at each half-year.

    Parameters
    ----------
    periods : pandas.DataFrame
        `start`, `end` and any of `rate`, `public_rate`, `floor`: fractions, NaN where not known.
    language : {"fr", "en"}, optional

    Examples
    --------
    >>> import cmtools as cm
    >>> len(late_rates(cm.late_rate_periods(), "en").data)
    2
    """
    sign = f"{words.HARD}%" if words.resolve(language) == "fr" else "%"
    figure = new_figure(language, message("chart_late_rates", language))
    for name, (colour, dash) in RATES.items():
        if name not in periods:
            continue
        edges = [edge for start, end in zip(periods["start"], periods["end"]) for edge in (start, end + ONE_DAY)]
        heights = [None if value is None else 100 * value for value in drawn_values(periods[name]) for _ in range(2)]
        texts = [
            message(
                "chart_late_rate_hover",
                language,
                name=label(LABELS[name], language),
                rate=words.percent(value, 2, language),
                start=words.day(start),
                end=words.day(end),
            )
            for value, start, end in zip(periods[name], periods["start"], periods["end"])
        ]
        figure.add_scatter(
            x=edges,
            y=heights,
            name=label(LABELS[name], language),
            mode="lines",
            line={"color": colour, "dash": dash, "width": 2.5},
            hovertext=[text for text in texts for _ in range(2)],
            hoverinfo="text",
        )
    figure.update_yaxes(ticksuffix=sign, rangemode="tozero", tickformat=",.1~f")
    figure.update_xaxes(tickformat="%Y", dtick="M12", tickangle=0)
    return figure.update_layout(showlegend=True, legend=LEGEND)


def month_end_readings(days: pd.DataFrame, language: str | None = None) -> go.Figure:
    """Days granted by the two readings of "45 days end of month", for each day on which an invoice may be dated.

    Parameters
    ----------
    days : pandas.DataFrame
        `issue_date`, `days_then_month_end`, `month_end_then_days`: days from the invoice to its due date.
    language : {"fr", "en"}, optional
    """
    figure = new_figure(language, message("chart_month_end", language))
    for name, colour in zip(("days_then_month_end", "month_end_then_days"), LINES):
        hover = [
            message("chart_month_end_hover", language, date=words.day(when), days=words.integer(value, language))
            for when, value in zip(days["issue_date"], days[name])
        ]
        figure.add_scatter(
            x=days["issue_date"].tolist(),
            y=days[name].tolist(),
            name=label(name, language),
            mode="lines",
            line={"shape": "hv", "color": colour, "width": 2.2},
            hovertext=hover,
            hoverinfo="text",
        )
    ends = [days["issue_date"].min(), days["issue_date"].max()] if len(days) else []
    figure.add_scatter(
        x=ends, y=[60] * len(ends), name=message("ceiling_general_60", language), mode="lines", hoverinfo="skip",
        line={"color": TOTAL, "dash": "dot", "width": 1.5},
    )  # fmt: skip
    first = [when for when in days["issue_date"] if when.day == 1]
    names = [words.MONTHS[words.resolve(language)][when.month - 1] for when in first]
    ticks = [f"{name}<br>{when.year}" if when.month == 1 else name for name, when in zip(names, first)]
    figure.update_xaxes(tickvals=first, ticktext=ticks)
    figure.update_yaxes(range=[40, 80])
    return figure.update_layout(showlegend=True, legend=LEGEND)


def claims(table: pd.DataFrame, language: str | None = None, count: int = 10) -> go.Figure:
    """Customers from whom most interest and indemnities may be claimed, one stacked bar each.

    Parameters
    ----------
    table : pandas.DataFrame
        One currency of :func:`cmtools.claims_by_customer`.
    language : {"fr", "en"}, optional
    count : int, default 10
    """
    currency = escape(str(table["currency"].iloc[0])) if len(table) else ""
    claimed = table.assign(claimed=table["interest"] + table["indemnity"]).query("claimed > 0")
    top = claimed.nlargest(count, "claimed", keep="first")
    figure = Drawing(language, message("chart_claims", language, currency=currency))
    names = [escape(_short(cell(name, "text")), quote=False) for name in top["customer_name"]]
    for name, colour in BARS.items():
        figure.add_bar(
            y=list(range(len(top))),
            x=top[name].tolist(),
            orientation="h",
            name=label(name, language),
            marker={"color": colour},
            hovertext=[
                f"{who}<br>{label(name, language)}{message('colon', language)}{words.money(value, currency, language)}"
                for who, value in zip(names, top[name])
            ],
            hoverinfo="text",
        )
    figure.update_xaxes(tickformat=",.0f")
    in_rows(figure, names)
    return figure.update_layout(barmode="stack", showlegend=True, legend=LEGEND).figure()


def _short(text: str, length: int = 32) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def compliance(summary: pd.DataFrame, language: str | None = None) -> go.Figure:
    """Invoices within and beyond the legal ceilings: one stacked bar per ceiling, by number.

    Parameters
    ----------
    summary : pandas.DataFrame
        As :func:`cmtools.compliance_summary` gives it.
    language : {"fr", "en"}, optional
    """
    counts = summary.pivot_table(index="ceiling", columns="status", values="count_invoices", aggfunc="sum", sort=False)
    counts = counts.fillna(0).loc[lambda rows: rows.sum(axis=1).sort_values(ascending=False).index]
    figure = new_figure(language, message("chart_compliance", language))
    names = [message(f"ceiling_{key}", language) for key in counts.index]
    for status, colour in STATUS_COLOURS.items():
        if status not in counts:
            continue
        figure.add_bar(
            y=list(range(len(counts))),
            x=counts[status].tolist(),
            orientation="h",
            name=label(f"terms_{status}", language),
            marker_color=colour,
            hovertext=_counted(names, status, counts[status].tolist(), language),
            hoverinfo="text",
        )
    figure.update_xaxes(tickformat=",.0f")
    in_rows(figure, names)
    return figure.update_layout(barmode="stack", showlegend=True, legend=LEGEND)


def _counted(names: Sequence[str], status: str, values: Sequence[float], language: str | None) -> list[str]:
    return [
        f"{name}<br>{label(f'terms_{status}', language)}{message('colon', language)}{words.integer(value, language)}"
        for name, value in zip(names, values)
    ]
