"""One table in, one plotly figure out; no calculation.

Figures carry their language in themselves: labels, decimal sign, months.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from html import escape
from typing import Any, Self, TypeVar

import pandas as pd
import plotly.graph_objects as go
from plotly.io import templates

from cmtools.language import HARD, MONTHS, THIN, day, kind_of, label, message, money, month, number, percent, resolve
from cmtools.receivables import late_columns
from cmtools.schemas import Defect, InputError

NOT_DUE, CREDIT, UNKNOWN = "#4c8c6b", "#8a94a0", "#b8a04a"
LATE = ("#f0c36d", "#e79f4f", "#dc7440", "#c94a38", "#8f1d2c")
LINES = ("#1f5f9e", "#c05a00")
TOTAL, PALE, LOST = "#33475b", "#a9c4de", "#8f1d2c"
LEGEND = {"orientation": "h", "y": -0.18, "traceorder": "normal"}
MONTHS_SHOWN = 13  # more names of months do not fit side by side in 600 pixels


def new_figure(language: str | None, title: str) -> go.Figure:
    """Figure with nothing drawn yet: fonts, margins and decimal sign that every figure shares."""
    return Drawing(language, title).figure()


def _layout(language: str | None, title: str) -> dict[str, Any]:
    return {
        "title": {"text": title, "x": 0, "xanchor": "left", "font": {"size": 15}},
        "template": _template(),
        "separators": f",{THIN}" if resolve(language) == "fr" else ".,",
        "font": {"family": "Helvetica, Arial, sans-serif", "size": 12, "color": "#22303c"},
        "margin": {"l": 60, "r": 20, "t": 50, "b": 50},
        "height": 340,
        "showlegend": False,
    }


@cache
def _template() -> dict[str, Any]:
    return templates["plotly_white"].to_plotly_json()


class Drawing:
    """A figure in the making: plain dicts, since plotly takes 10 ms a figure to check what it is given bit by bit.

    Its methods are those of a plotly figure, with nested dicts in place of
    names such as ``marker_color``.

    Examples
    --------
    >>> drawing = Drawing("en", "Sales").add_bar(x=["May", "June"], y=[10.0, 12.0])
    >>> drawing.update_yaxes(title={"text": "EUR"}).figure().layout.yaxis.title.text
    'EUR'
    """

    def __init__(self, language: str | None, title: str):
        self.data: list[dict[str, Any]] = []
        self.layout = _layout(language, title)

    def _add(self, kind: str, trace: dict[str, Any]) -> Self:
        self.data.append({"type": kind, **trace})
        return self

    def add_bar(self, **trace: Any) -> Self:
        """Bars of one colour or name."""
        return self._add("bar", trace)

    def add_scatter(self, **trace: Any) -> Self:
        """A line, points or texts."""
        return self._add("scatter", trace)

    def add_heatmap(self, **trace: Any) -> Self:
        """Coloured cells."""
        return self._add("heatmap", trace)

    def update_layout(self, **changes: Any) -> Self:
        """Changes of the layout; what they do not name stays."""
        _merge(self.layout, changes)
        return self

    def update_xaxes(self, **changes: Any) -> Self:
        """Changes of the horizontal axis."""
        return self.update_layout(xaxis=changes)

    def update_yaxes(self, **changes: Any) -> Self:
        """Changes of the vertical axis."""
        return self.update_layout(yaxis=changes)

    def figure(self) -> go.Figure:
        """The figure, which may still be changed as any other."""
        return go.Figure(data=self.data, layout=self.layout, _validate=False)


Canvas = TypeVar("Canvas", go.Figure, Drawing)


def _merge(into: dict[str, Any], changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        if isinstance(value, dict):
            _merge(into.setdefault(name, {}), value)
        else:
            into[name] = value


def by_currency(plot: Callable[..., go.Figure], table: pd.DataFrame, language: str | None = None) -> list[go.Figure]:
    """One figure for each currency of a table that has rows; two currencies never share an axis."""
    if table.empty:
        return []
    return [plot(part, language) for _, part in table.groupby("currency", sort=False)]


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
    colours |= {name: _late_colour(rank, len(late)) for rank, name in enumerate(late)}
    figure = Drawing(language, message("chart_aged", language, currency=escape(currency))).add_bar(
        x=[label(name, language) for name in names],
        y=[float(sums[name]) for name in names],
        marker={"color": [colours[name] for name in names]},
        text=[number(sums[name], 0, language) for name in names],
        textposition="outside",
        cliponaxis=False,
        hovertext=[money(sums[name], currency, language) for name in names],
        hoverinfo="x+text",
    )
    return figure.update_yaxes(tickformat=",.0f", rangemode="tozero", zeroline=True, zerolinecolor="#33475b").figure()


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
    figure = Drawing(language, message("chart_overdue", language, currency=escape(currency)))
    for rank, bucket in enumerate(late):
        figure.add_bar(
            y=list(range(len(top))),
            x=top[bucket].tolist(),
            orientation="h",
            name=label(bucket, language),
            marker={"color": _late_colour(rank, len(late))},
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
    ).figure()


def _short(text: str, length: int = 32) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _currency(aged: pd.DataFrame) -> str:
    found = sorted(aged["currency"].dropna().unique()) if "currency" in aged else []
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
    figure = Drawing(language, message("chart_dso", language))
    months = time_axis(figure, history["date"], language)
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
    return figure.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.18}).figure()


def count_back(steps: pd.DataFrame, language: str | None = None) -> go.Figure:
    """How the balance is used up month by month, with the days each month counts.

    Parameters
    ----------
    steps : pandas.DataFrame
        ``Dso.table`` of the count-back method.
    """
    figure = Drawing(language, message("chart_count_back", language))
    used = steps["balance_before"] - steps["balance_after"]
    figure.add_bar(
        x=[month(when, language) for when in steps["month"]],
        y=used.tolist(),
        marker={"color": LINES[0]},
        text=[f"{number(days, 1, language)} {message('days_short', language)}" for days in steps["days_counted"]],
        textposition="outside",
        cliponaxis=False,
        hoverinfo="x+y",
    )
    figure.update_xaxes(type="category")
    figure.update_layout(bargap=0.6)
    return figure.update_yaxes(tickformat=",.0f", rangemode="tozero").figure()


def dso_parts(history: pd.DataFrame, language: str | None = None) -> go.Figure:
    """Parts of the DSO at month-ends, stacked: what is not due, what is late; the total written above.

    Parameters
    ----------
    history : pandas.DataFrame
        As :func:`cmtools.dso_parts_by_month` gives it. Count-back has two
        parts, best possible and difference; the balance method more: overdue
        (disputed apart), unknown age, and unallocated credits below zero. No
        bars at a date where the DSO cannot be computed.
    """
    figure = Drawing(language, message("chart_dso_parts", language))
    months = time_axis(figure, history["date"], language)
    parts = _parts_of_dso(history)
    days = message("days_short", language)
    heights = {
        name: drawn_values(
            history[name] if name != "undisputed_dso" else history["overdue_dso"] - history["disputed_dso"]
        )
        for name in parts
    }
    for name, colour in parts.items():
        said = label(name, language)
        figure.add_bar(
            x=months,
            y=heights[name],
            name=said,
            marker={"color": colour},
            hovertext=[_said(said, f"{number(value, 1, language)} {days}", language) for value in heights[name]],
            hoverinfo="x+text",
        )
    tops = [sum(value for value in column if value and value > 0) for column in zip(*heights.values())]
    totals = drawn_values(history["dso"])
    figure.add_scatter(
        x=months,
        y=totals,
        name=label("dso", language),
        mode="markers",
        marker={"symbol": "line-ew-open", "size": 16, "color": TOTAL, "line": {"width": 3}},
        hovertext=[_said(label("dso", language), f"{number(value, 1, language)} {days}", language) for value in totals],
        hoverinfo="x+text",
    )
    figure.add_scatter(
        x=months,
        y=[None if total is None else max(top, total) + max(tops) / 50 for top, total in zip(tops, totals)],
        mode="text",
        text=["" if total is None else number(total, 1, language) for total in totals],
        textposition="top center",
        cliponaxis=False,
        showlegend=False,
        hoverinfo="skip",
    )
    figure.update_yaxes(tickformat=",.0f", rangemode="tozero", zeroline=True, zerolinecolor=TOTAL)
    return figure.update_layout(barmode="relative", bargap=0.3, showlegend=True, legend=LEGEND).figure()


def _parts_of_dso(history: pd.DataFrame) -> dict[str, str]:
    """Columns to stack, from the bottom, and their colours; those that are nil everywhere are left out."""
    if history["unallocated_dso"].isna().all():  # count-back: its other parts do not add up
        return {"best_possible_dso": NOT_DUE, "average_days_delinquent": LATE[1]}
    told = history["disputed_dso"].fillna(0).any()
    late = {"undisputed_dso": LATE[1], "disputed_dso": LATE[3]} if told else {"overdue_dso": LATE[1]}
    others = {"unknown_age_dso": UNKNOWN, "unallocated_dso": CREDIT}
    return {"best_possible_dso": NOT_DUE, **late} | {
        name: colour for name, colour in others.items() if history[name].fillna(0).any()
    }


# ---------------------------------------------------------------- what the figures below share


def _titled(text: str, table: pd.DataFrame) -> str:
    """A title with the currency of the table, where the table has one; several are refused."""
    currency = _currency(table)
    return f"{text} ({escape(currency)})" if currency else text


def drawn_values(column: Iterable[Any]) -> list[float | None]:
    """Numbers as plotly draws them: None, a gap, where the table has none."""
    return [None if value is None or value != value else float(value) for value in column]


def _amount(value: float | None, currency: str, language: str | None) -> str:
    return money(value, escape(currency), language) if currency else number(value, 2, language)


def _name(value: Any) -> str:
    """Text of a file as a label: short, and never markup."""
    return "–" if pd.isna(value) else escape(_short(str(value)), quote=False)


def _noted(figure: Canvas, text: str) -> None:
    figure.update_xaxes(title={"text": text, "font": {"size": 11}})


def _said(name: str, value: str, language: str | None) -> str:
    return message("chart_hover", language, name=name, value=value)


def time_axis(figure: go.Figure | Drawing, dates: Iterable[Any], language: str | None) -> list[str]:
    """Places of dates on a horizontal axis: months, or days if a month comes twice; the year under the first of it."""
    dates = list(dates)
    names = [month(when, language) for when in dates]
    short = [MONTHS[resolve(language)][when.month - 1] for when in dates]
    if len(set(names)) < len(names):
        names, short = [day(when) for when in dates], [f"{when:%d/%m}" for when in dates]
    step = -(-len(names) // MONTHS_SHOWN) or 1
    shown = range((len(names) - 1) % step, len(names), step)  # the last date always
    years = [dates[place].year for place in shown]
    texts = [
        f"{short[place]}<br>{year}" if year != before else short[place]
        for place, year, before in zip(shown, years, [None, *years])
    ]
    figure.update_xaxes(
        type="category", tickangle=0, tickvals=[names[place] for place in shown], ticktext=texts, automargin=True
    )
    return names


def _percents(language: str | None) -> dict[str, Any]:
    """An axis of rates: in %, from zero."""
    sign = f"{HARD}%" if resolve(language) == "fr" else "%"
    return {"tickformat": ",.1~f", "ticksuffix": sign, "rangemode": "tozero", "automargin": True, "tickmode": "auto"}


def rates_on_the_right(language: str | None, **more: Any) -> dict[str, Any]:
    """An axis of rates to the right of the plot."""
    return {**_percents(language), "overlaying": "y", "side": "right", "showgrid": False, **more}


def _hundredfold(column: Iterable[Any]) -> list[float | None]:
    return [None if value is None else 100 * value for value in drawn_values(column)]


def _hover(places: Sequence[str], name: str, values: Iterable[str], language: str | None) -> list[str]:
    return [f"{place}<br>{_said(name, value, language)}" for place, value in zip(places, values)]


def add_line(figure: Canvas, colour: str, dash: str = "solid", **more: Any) -> None:
    """A line with its points, apart from the bars behind it."""
    figure.add_scatter(
        mode="lines+markers",
        line={"color": colour, "dash": dash, "width": 2.5},
        marker={"size": 8, "line": {"color": "white", "width": 1.5}},
        hoverinfo="text",
        **more,
    )


def rate_line(table: pd.DataFrame, column: str, places: Sequence[str], language: str | None) -> dict[str, Any]:
    """A fraction as a line shows it: in %, with a gap where it is not known."""
    name, texts = label(column, language), [percent(value, 1, language) for value in table[column]]
    hover = _hover(places, name, texts, language)
    return {"x": places, "y": _hundredfold(table[column]), "name": name, "hovertext": hover}


def _late_colour(rank: int, count: int) -> str:
    return LATE[min(round(rank * (len(LATE) - 1) / max(count - 1, 1)), 4)]


def in_rows(figure: Canvas, names: Sequence[str]) -> Canvas:
    """Horizontal bars at places 0, 1, ..., the first on top."""
    count = max(len(names), 3)
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=list(names),
        range=[count - 0.4, -0.6],
        automargin=True,
        ticklabelstandoff=6,
        showgrid=False,
        zeroline=False,
    )
    return figure.update_layout(height=110 + 28 * count)


def headroom(figure: Canvas, top: float) -> None:
    """More room above the plot, the title staying where it is in every figure."""
    figure.update_layout(margin={"t": top}, title={"yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 18}})


def _written(figure: Canvas, places: Iterable[float | None], texts: Sequence[str]) -> None:
    """Texts to the right of these places, one a row."""
    figure.add_scatter(
        x=list(places),
        y=list(range(len(texts))),
        text=[HARD + text for text in texts],
        mode="text",
        textposition="middle right",
        hoverinfo="skip",
    )


def _room(low: float, high: float) -> list[float]:
    """Range of an axis with room for an amount to the right of the longest bar."""
    span = (high - low) or 10.0
    return [low - (0.03 * span if low < 0 else 0), high + 0.25 * span]


# ---------------------------------------------------------------- figures of the monthly report


def bridge(lines: pd.DataFrame, language: str | None = None) -> go.Figure:
    """From the opening to the closing outstanding: one bar per movement, each from where the last one ended.

    Parameters
    ----------
    lines : pandas.DataFrame
        Bridge of one currency: `line` (``bridge_opening``, the movements,
        ``bridge_closing``), `currency`, `balance` (signed). ``bridge_gap`` is
        left out; an amount that is not known keeps its row, without a bar.
    language : {"fr", "en"}, optional

    Notes
    -----
    The axis starts at zero, unless the movements would be too small to see:
    it is then cut, and says so.

    Examples
    --------
    >>> lines = pd.DataFrame({"line": ["bridge_opening", "bridge_cash", "bridge_closing"], "currency": "EUR",
    ...     "balance": [100.0, -30.0, 70.0]})
    >>> list(bridge(lines, "en").data[0].base)
    [0.0, 100.0, 0.0]
    """
    currency, ends = _currency(lines), ("bridge_opening", "bridge_closing")
    shown = lines[lines["line"] != "bridge_gap"]
    names, amounts = [label(key, language) for key in shown["line"]], drawn_values(shown["balance"])
    starts, levels = _steps([0.0 if key in ends else None for key in shown["line"]], amounts)
    figure = Drawing(language, _titled(message("chart_bridge", language), lines))
    colours = dict.fromkeys(ends, TOTAL) | {
        "bridge_invoiced": LINES[0],
        "bridge_cash": NOT_DUE,
        "bridge_losses": LOST,
    }
    colour = [colours.get(key, CREDIT) for key in shown["line"]]  # also the outline, for what is too small to see
    figure.add_bar(
        y=list(range(len(shown))),
        x=amounts,
        base=starts,
        orientation="h",
        width=0.62,
        marker={"color": colour, "line": {"color": colour, "width": [1 if amount else 0 for amount in amounts]}},
        hovertext=[_said(name, _amount(value, currency, language), language) for name, value in zip(names, amounts)],
        hoverinfo="text",
    )
    threads = [
        (level, place)
        for row, (level, amount) in enumerate(zip(levels[:-1], amounts))
        for place in (row - 0.31 if amount == 0 else row + 0.31, row + 0.69, None)
    ]
    figure.add_scatter(
        x=[level for level, _ in threads],
        y=[place for _, place in threads],
        mode="lines",
        line={"color": "#8a94a0", "width": 1},
        hoverinfo="skip",
    )
    signs = ["+" if amount and amount > 0 and key not in ends else "" for key, amount in zip(shown["line"], amounts)]
    texts = [sign + number(amount, 0, language) for sign, amount in zip(signs, amounts)]
    _written(figure, map(max, starts, levels), texts)
    low, high = min([0.0, *levels]), max([0.0, *levels])
    if levels and high > min(levels) > 0.75 * high:  # nothing moved: whole bars
        low = 2 * min(levels) - high
        _noted(figure, message("chart_cut", language))
    return in_rows(figure, names).update_xaxes(range=_room(low, high), tickformat=",.0f", nticks=5).figure()


def _steps(fixed: Iterable[float | None], amounts: Iterable[float | None]) -> tuple[list[float], list[float]]:
    """Where each bar of a bridge starts and ends; one with a fixed start stands on it."""
    starts, levels, level = [], [], 0.0
    for start, amount in zip(fixed, amounts):
        starts.append(level if start is None else start)
        levels.append(level := starts[-1] + (amount or 0.0))
    return starts, levels


def overdue_history(history: pd.DataFrame, language: str | None = None) -> go.Figure:
    """Overdue by bucket at several dates, stacked, and the overdue rate as a line on the axis to the right.

    Parameters
    ----------
    history : pandas.DataFrame
        One currency, as :func:`cmtools.outstanding_by_date` gives it: `date`,
        `currency`, the buckets, `overdue_rate` (fraction).
    """
    currency, late, history = _currency(history), late_columns(history.columns), history.sort_values("date")
    figure = Drawing(language, _titled(message("chart_overdue_history", language), history))
    names, dates = time_axis(figure, history["date"], language), [day(when) for when in history["date"]]
    for rank, bucket in enumerate(late):
        amounts = [_amount(amount, currency, language) for amount in history[bucket]]
        figure.add_bar(
            x=names,
            y=drawn_values(history[bucket]),
            name=label(bucket, language),
            marker={"color": _late_colour(rank, len(late))},
            hovertext=_hover(dates, label(bucket, language), amounts, language),
            hoverinfo="text",
        )
    add_line(figure, LINES[0], **rate_line(history, "overdue_rate", names, language), yaxis="y2")
    left = {"tickformat": ",.0f", "rangemode": "tozero", "automargin": True}
    return _stacked(figure, len(names)).update_layout(yaxis=left, yaxis2=rates_on_the_right(language)).figure()


def concentration(table: pd.DataFrame, language: str | None = None, count: int = 10) -> go.Figure:
    """The customers who owe most, and the share of the whole that they make up together (Pareto).

    Parameters
    ----------
    table : pandas.DataFrame
        One currency, one row per customer or group: `customer_name`,
        `currency`, `outstanding`, `cumulative_share` (fraction).
    count : int, default 10
        Bars at most.
    """
    currency, top = _currency(table), table.sort_values("outstanding", ascending=False, kind="stable").head(count)
    names, shares = [_name(name) for name in top["customer_name"]], top["cumulative_share"]
    amounts = [_amount(amount, currency, language) for amount in top["outstanding"]]
    figure = Drawing(language, _titled(message("chart_concentration", language), table))
    figure.add_bar(
        y=list(range(len(top))),
        x=drawn_values(top["outstanding"]),
        orientation="h",
        name=label("outstanding", language),
        marker={"color": PALE},
        hovertext=_hover(names, label("outstanding", language), amounts, language),
        hoverinfo="text",
    )
    figure.add_scatter(
        y=list(range(len(top))),
        x=_hundredfold(shares),
        xaxis="x2",
        name=label("cumulative_share", language),
        mode="lines+markers+text",
        line={"color": LINES[1], "width": 2.5},
        text=[percent(share, 0, language) for share in shares],
        textposition="top right",  # clear of the line, which comes from the top left and goes down
        hovertext=_hover(
            names, label("cumulative_share", language), [percent(k, 1, language) for k in shares], language
        ),
        hoverinfo="text",
    )
    in_rows(figure, names).update_xaxes(tickformat=",.0f", rangemode="tozero", nticks=5)
    top_axis = _percents(language) | {"overlaying": "x", "side": "top", "showgrid": False, "range": [0, 112]}
    top_axis |= {"tickvals": list(range(0, 101, 20)), "ticktext": [percent(k / 5, 0, language) for k in range(6)]}
    headroom(figure, 80)
    figure.update_yaxes(range=[max(len(top), 3) - 0.4, -0.9])
    return figure.update_layout(
        xaxis2=top_axis,
        showlegend=True,
        legend=LEGEND | {"yref": "container", "y": 0.01, "yanchor": "bottom"},
        height=190 + 28 * max(len(top), 3),
        margin={"b": 80},
    ).figure()


def recovery(cohorts: pd.DataFrame, language: str | None = None) -> go.Figure:
    """Share of each month's due amounts that was collected 30 and 90 days later; a gap while it is too early to tell.

    Parameters
    ----------
    cohorts : pandas.DataFrame
        As :func:`cmtools.recovery_rate` gives it: `month`, `recovery_30`,
        `recovery_90` (fractions; NaN: not known yet).
    """
    cohorts, columns = cohorts.sort_values("month"), ("recovery_30", "recovery_90")
    figure = Drawing(language, _titled(message("chart_recovery", language), cohorts))
    names = time_axis(figure, cohorts["month"], language)
    for column, colour, dash in zip(columns, LINES, ("solid", "dot")):
        add_line(figure, colour, dash, **rate_line(cohorts, column, names, language))
    high = max([100.0, *(value for column in columns for value in _hundredfold(cohorts[column]) if value)])
    figure.update_yaxes(**_percents(language), range=[0, 1.05 * high])
    return figure.update_layout(showlegend=True, legend=LEGEND).figure()


def overdue_movements(history: pd.DataFrame, language: str | None = None) -> go.Figure:
    """What became late (up), what was paid or left otherwise (down), and the overdue that remained.

    Parameters
    ----------
    history : pandas.DataFrame
        One currency, as :func:`cmtools.overdue_by_month` gives it: `date`,
        `late_new`, `late_paid`, `late_other` (signed as they move the overdue
        amount), `closing_balance` (what is overdue at the date); `currency`,
        if there, is in the title.
    """
    currency, history = _currency(history), history.sort_values("date")
    figure = Drawing(language, _titled(message("chart_movements", language), history))
    names = time_axis(figure, list(history["date"]), language)

    def drawn(column: str, name: str) -> dict[str, Any]:
        hover = _hover(names, name, [_amount(value, currency, language) for value in history[column]], language)
        return {"x": names, "y": drawn_values(history[column]), "name": name, "hovertext": hover}

    for column, colour in (("late_new", LATE[2]), ("late_paid", NOT_DUE), ("late_other", CREDIT)):
        figure.add_bar(**drawn(column, label(column, language)), marker={"color": colour}, hoverinfo="text")
    add_line(figure, TOTAL, **drawn("closing_balance", label("overdue", language)))
    figure.update_yaxes(tickformat=",.0f", zeroline=True, zerolinecolor=TOTAL, automargin=True)
    return _stacked(figure, len(names)).figure()


def _stacked(figure: Canvas, count: int) -> Canvas:
    """Bars on one another at `count` dates; few of them are not as wide as the figure."""
    figure.update_layout(barmode="relative", bargap=0.2 if count > 3 else 0.6)
    return figure.update_layout(showlegend=True, legend=LEGEND, height=380)


def migration(matrix: pd.DataFrame, language: str | None = None) -> go.Figure:
    """What the amounts of each bucket became, in % of the amount at the start; a row sums to 100 %.

    Parameters
    ----------
    matrix : pandas.DataFrame
        `from_state`, one column per state at the end (fractions), `total`
        (amount at the start, not drawn). States where nothing stands are left
        out.
    """
    aside = ("from_state", "total", "currency", "date")
    states = [name for name in matrix.columns if name not in aside and (matrix[name].fillna(0) != 0).any()]
    known = matrix[matrix[states].notna().any(axis=1)] if states else matrix.head(0)
    starts, ends = ([_state(key, language) for key in keys] for keys in (known["from_state"], states))
    shares = [drawn_values(row) for row in known[states].itertuples(index=False)]
    figure = Drawing(language, _titled(message("chart_migration", language), matrix))
    figure.add_heatmap(
        x=list(range(len(ends))),
        y=list(range(len(starts))),
        z=[[None if share is None else 100 * share for share in row] for row in shares],
        text=[[_share_text(share, language) for share in row] for row in shares],
        texttemplate="%{text}",
        textfont={"size": 11, "color": "#22303c"},
        colorscale=[[0, "#ffffff"], [0.001, "#eef4fa"], [1, "#8fb8de"]],
        zmin=0,
        zmax=100,
        showscale=False,
        xgap=2,
        ygap=2,
        hovertext=[
            [_said(f"{start} → {end}", percent(share, 1, language), language) for end, share in zip(ends, row)]
            for start, row in zip(starts, shares)
        ],
        hoverinfo="text",
    )
    in_rows(figure, starts).update_xaxes(
        tickvals=list(range(len(ends))), ticktext=ends, tickangle=-45, side="top", showgrid=False, zeroline=False
    )
    # Slanted names rise, and the last reaches right, by about 5 pixels a character.
    above, beside = 5 * max(map(len, ends), default=0), 5 * len(ends[-1]) if ends else 0
    headroom(figure, 65 + above)
    return figure.update_layout(
        margin={"r": max(20, beside - 10), "b": 20}, height=85 + above + 28 * max(len(starts), 3)
    ).figure()


def _state(key: str, language: str | None) -> str:
    """Name of a state; in other tables `disputed` is a part of a total."""
    return label("is_disputed" if key == "disputed" else key, language)


def _share_text(share: float | None, language: str | None) -> str:
    if not share:
        return ""
    return f"<{HARD}{percent(0.01, 0, language)}" if 0 < share < 0.005 else percent(share, 0, language)


def delays(history: pd.DataFrame, language: str | None = None) -> go.Figure:
    """Days between due date and payment (negative: paid early), and share paid late on the axis to the right.

    Parameters
    ----------
    history : pandas.DataFrame
        As :func:`cmtools.payments_by_month` gives it: `date`, `delay_paid`
        (days), `late_payment_rate` (fraction).
    """
    history, unit = history.sort_values("date"), HARD + message("days_short", language)
    figure = Drawing(language, _titled(message("chart_delays", language), history))
    names, name = time_axis(figure, history["date"], language), label("delay_paid", language)
    texts = [number(value, 1, language) + unit for value in history["delay_paid"]]
    hover = _hover(names, name, texts, language)
    add_line(figure, LINES[0], x=names, y=drawn_values(history["delay_paid"]), name=name, hovertext=hover)
    add_line(figure, LINES[1], "dot", **rate_line(history, "late_payment_rate", names, language), yaxis="y2")
    left = {"tickformat": ",.1~f", "ticksuffix": unit, "rangemode": "tozero", "automargin": True}
    return figure.update_layout(
        yaxis=left | {"tickfont": {"color": LINES[0]}, "zeroline": True, "zerolinecolor": LINES[0]},
        yaxis2=rates_on_the_right(language, tickfont={"color": LINES[1]}),
        showlegend=True,
        legend=LEGEND,
    ).figure()


def disputes(table: pd.DataFrame, language: str | None = None, count: int = 12) -> go.Figure:
    """Amounts in dispute by reason, the largest on top.

    Parameters
    ----------
    table : pandas.DataFrame
        One currency, one row per reason: `dispute_reason` (null: not given),
        `currency`, `open_amount`.
    count : int, default 12
        Bars at most; how many reasons are left out is written below.
    """
    currency, top = _currency(table), table.sort_values("open_amount", ascending=False, kind="stable").head(count)
    names = [
        message("chart_no_reason", language) if pd.isna(reason) else _name(reason) for reason in top["dispute_reason"]
    ]
    amounts = drawn_values(top["open_amount"])
    figure = Drawing(language, _titled(message("chart_disputes", language), table))
    figure.add_bar(
        y=list(range(len(top))),
        x=amounts,
        orientation="h",
        width=0.62,
        marker={"color": LATE[2]},
        hovertext=[_said(name, _amount(amount, currency, language), language) for name, amount in zip(names, amounts)],
        hoverinfo="text",
    )
    _written(
        figure, [max(amount or 0.0, 0.0) for amount in amounts], [number(amount, 0, language) for amount in amounts]
    )
    if len(table) > len(top):
        others = len(table) - len(top)
        _noted(figure, message("chart_left_out", language, count=others, n=others))
    known = [amount or 0.0 for amount in amounts]
    return (
        in_rows(figure, names)
        .update_xaxes(range=_room(min([0.0, *known]), max([0.0, *known])), tickformat=",.0f", nticks=5)
        .figure()
    )
