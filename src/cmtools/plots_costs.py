"""Figures of what lateness and non-payment cost: one result in, one plotly figure out; no calculation."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from html import escape

import pandas as pd
import plotly.graph_objects as go

from cmtools import language as words
from cmtools.costs import UnpaidCost
from cmtools.display import is_blank, records
from cmtools.forms_costs import part_name, rate_text, remark, working
from cmtools.language import HARD, label, message
from cmtools.plots import CREDIT, LATE, LEGEND, LINES, LOST, NOT_DUE, PALE, TOTAL, UNKNOWN, add_line, in_rows
from cmtools.plots_statements import MARK, figure_of, say_instead

COLOURS = {
    "loss": LOST, "lost_vat": LATE[3], "financing": LINES[0], "handling_time": LATE[1], "handling_other": LATE[0],
    "legal_costs": LATE[2], "vat_advance": PALE, "lost_bonus": UNKNOWN, "insurance": NOT_DUE, "guarantee": "#8bb19b",
    "late_interest": "#6fa7a0", "fixed_indemnity": CREDIT,
}  # fmt: skip
SHADES = ("#f6f1d8", "#f3dcae", "#ecb786", "#de8868", "#c05a58")
SOFT = "#eef2f6"
NARROW = 470  # pixels of the cells of a matrix on the narrowest page
WIDE = 105  # characters of a line under a figure
LOSSES, PARTS = 108, 204  # pixels for the names of rows: losses of a matrix, components


def _note(figure: go.Figure, lines: Iterable[str], left: int, shift: int = 12) -> go.Figure:
    """Small text under the plot, from the left edge of the figure, which grows by its room."""
    wrapped = [part for line in lines if line for part in textwrap.wrap(line, WIDE, break_on_hyphens=False)]
    if not wrapped:
        return figure
    figure.add_annotation(
        x=0, y=0, xref="paper", yref="paper", xanchor="left", yanchor="top", xshift=8 - left, yshift=-shift,
        align="left", text="<br>".join(escape(part, quote=False) for part in wrapped), showarrow=False,
        font={"size": 11, "color": "#4a5b6c"},
    )  # fmt: skip
    room = shift + 15 * len(wrapped) + 10
    return figure.update_layout(margin_b=room, height=(figure.layout.height or 340) + room)


def _whole(value: float | None, currency: str, language: str | None) -> str:
    return escape(words.money(value, currency, language))


# ---------------------------------------------------------------- matrix


def hidden_cost_matrix(
    matrix: pd.DataFrame,
    language: str | None = None,
    *,
    view: str = "profit",
    margin: str = "net",
    currency: str = "EUR",
    marked: tuple[float, float] | None = None,
) -> go.Figure:
    """Compensating sales by loss and margin rate, the amounts written in their cells, the largest darkest.

    Parameters
    ----------
    matrix : pandas.DataFrame
        As :func:`cmtools.hidden_cost_matrix` gives it.
    language : {"fr", "en"}, optional
    view, margin
        As given to it; they are said under the figure.
    currency : str
    marked : (loss, margin rate), optional
        A cell to frame.

    Returns
    -------
    plotly.graph_objects.Figure

    Examples
    --------
    >>> from cmtools.costs import hidden_cost_matrix as matrix_of
    >>> hidden_cost_matrix(matrix_of([5_000], [0.05, 0.10]), "en").data[0].text[0]
    ['100,000', '50,000']
    """
    losses, rates = [float(loss) for loss in matrix.index], [float(rate) for rate in matrix.columns]
    figure = figure_of(message("chart_cost_matrix", language, currency=escape(currency)), "", language, 96)
    cells = [[None if is_blank(cell) else float(cell) for cell in row] for row in matrix.to_numpy()]
    known = [cell for row in cells for cell in row if cell]
    if not known:
        return say_instead(figure, message("cost_margin_not_positive", language))
    texts = [[_cell(cell, language) for cell in row] for row in cells]
    figure.add_heatmap(
        x=list(range(len(rates))),
        y=list(range(len(losses))),
        z=[[_darkness(cell, known) for cell in row] for row in cells],
        text=texts,
        texttemplate="%{text}",
        textfont={"size": _size(texts, len(rates)), "color": MARK},
        colorscale=[[0, SOFT], [0.19, SOFT], *([0.2 + 0.2 * rank, shade] for rank, shade in enumerate(SHADES))],
        zmin=0,
        zmax=1,
        showscale=False,
        xgap=3,
        ygap=3,
        hovertext=[
            [_cell_said(loss, rate, cell, currency, language) for rate, cell in zip(rates, row)]
            for loss, row in zip(losses, cells)
        ],
        hoverinfo="text",
    )
    in_rows(figure, [f"<b>{words.number(loss, _decimals([loss]), language)}</b>" for loss in losses])
    figure.update_yaxes(range=[len(losses) - 0.5, -0.5], title={"text": message("chart_cost_loss", language)})
    figure.update_xaxes(
        tickvals=list(range(len(rates))), ticktext=[f"<b>{rate_text(rate, language)}</b>" for rate in rates],
        side="top", showgrid=False, zeroline=False,
        title={"text": message(f"chart_cost_margin_{margin}", language), "standoff": 6},
    )  # fmt: skip
    if marked and marked[0] in losses and marked[1] in rates:
        column, row = rates.index(marked[1]), losses.index(marked[0])
        figure.add_shape(type="rect", x0=column - 0.48, x1=column + 0.48, y0=row - 0.47, y1=row + 0.47,
                         line={"color": TOTAL, "width": 2.5})  # fmt: skip
    figure.update_yaxes(automargin=False)
    figure.update_layout(height=96 + 36 * max(len(losses), 2), margin={"l": LOSSES, "r": 10})
    return _note(figure, [message(f"chart_cost_{view}", language)], LOSSES)


def _decimals(values: Iterable[float]) -> int:
    return 0 if all(float(value).is_integer() for value in values) else 2


def _cell(cell: float | None, language: str | None) -> str:
    return message("chart_not_computable", language) if cell is None else words.integer(cell, language)


def _size(texts: Sequence[Sequence[str]], columns: int) -> int:
    """Size of the letters with which the longest amount fits its cell on a narrow page."""
    longest = max(len(text) for row in texts for text in row)
    return max(7, min(14, int(NARROW / columns / longest / 0.6)))


def _darkness(cell: float | None, known: Sequence[float]) -> float:
    """Place on the scale of colours, by orders of magnitude; below 0.2: no number."""
    if cell is None:
        return 0.0
    low, high = math.log(min(known)), math.log(max(known))
    return 0.2 + 0.8 * ((math.log(cell) - low) / (high - low) if cell > 0 and high > low else 0.0)


def _cell_said(loss: float, rate: float, cell: float | None, currency: str, language: str | None) -> str:
    shown = message("chart_not_computable", language) if cell is None else _whole(cell, currency, language)
    return f"{_whole(loss, currency, language)} · {rate_text(rate, language)}<br><b>{shown}</b>"


# ---------------------------------------------------------------- components


def unpaid_cost(cost: UnpaidCost, language: str | None = None) -> go.Figure:
    """Full cost of an invoice, a bar per component from where the last one ended; the total last.

    Parameters
    ----------
    cost : UnpaidCost
    language : {"fr", "en"}, optional

    Returns
    -------
    plotly.graph_objects.Figure
        Components of nil are named under the figure. One that is not known
        keeps its row, without a bar, and there is no total then.

    Examples
    --------
    >>> from cmtools.costs import UnpaidInvoice, unpaid_cost as cost_of
    >>> lost = UnpaidInvoice(6_000, 0.20, "not_recoverable", "debits", insured_share=0.9, insured_on="excl_vat")
    >>> list(unpaid_cost(cost_of(lost), "en").data[0].x)[:2]
    [5000.0, 1000.0]
    """
    rows = [row for row in records(cost.table) if is_blank(row["amount"]) or row["amount"]]
    amounts = [0.0 if is_blank(row["amount"]) else float(row["amount"]) for row in rows]
    currency = cost.invoice.currency
    figure = figure_of(message("chart_cost_parts", language, currency=escape(currency)), "", language, 60)
    if not rows:
        return say_instead(figure, message("chart_cost_nothing", language))
    starts = [sum(amounts[:place]) for place in range(len(amounts))]
    names = [part_name(str(row["component"]), language) for row in rows]
    colours = [COLOURS[str(row["component"])] for row in rows]
    hover = [_part_said(name, row, currency, language) for name, row in zip(names, rows)]
    texts = [_signed(row["amount"], language) for row in rows]
    end = sum(amounts)
    names.append(f"<b>{label('cost_total', language)}</b>")
    texts.append(f"<b>{_signed(None if cost.total is None else cost.total, language, plus=False)}</b>")
    ends = [start + amount for start, amount in zip([*starts, 0.0], [*amounts, end])]
    bars = [*amounts, end if cost.total is not None else 0.0]
    figure.add_bar(
        y=list(range(len(names))),
        x=bars,
        base=[*starts, 0.0],
        orientation="h",
        width=0.62,
        marker={
            "color": [*colours, TOTAL],
            "line": {"color": [*colours, TOTAL], "width": [1 if x else 0 for x in bars]},
        },
        hovertext=[*hover, _whole(cost.total, currency, language)],
        hoverinfo="text",
    )
    figure.add_scatter(
        x=[max(start, last, 0.0) for start, last in zip([*starts, 0.0], ends)],
        y=list(range(len(names))), mode="text", text=[HARD + text for text in texts], textposition="middle right",
        hoverinfo="skip", cliponaxis=False,
    )  # fmt: skip
    low, high = min([0.0, *starts, *ends]), max([0.0, *starts, *ends])
    span = (high - low) or 1.0
    in_rows(figure, names).update_xaxes(
        range=[low - (0.04 * span if low < 0 else 0), high + 0.22 * span], tickformat=",.0f", nticks=5, zeroline=True,
        zerolinecolor=TOTAL,
    )  # fmt: skip
    figure.update_yaxes(automargin=False)
    figure.update_layout(height=100 + 30 * len(names), margin_l=PARTS)
    return _note(figure, _under(cost, language), PARTS, shift=28)


def _signed(value: float | None, language: str | None, plus: bool = True) -> str:
    if value is None or is_blank(value):
        return message("chart_not_computable", language)
    return ("+" if plus and value > 0 else "") + words.number(value, 2, language)


def _part_said(name: str, row: Mapping[str, object], currency: str, language: str | None) -> str:
    value = row["amount"]
    amount = (
        message("chart_not_computable", language) if is_blank(value) else _whole(float(str(value)), currency, language)
    )
    lines = [name, amount, working(row, language), remark(row, language)]
    return "<br>".join(line if line == amount else escape(line, quote=False) for line in lines if line)


def _under(cost: UnpaidCost, language: str | None) -> list[str]:
    """What the bars do not say: the components of nil, what is not known, the VAT."""
    rows = records(cost.table)
    nil = [part_name(str(row["component"]), language) for row in rows if row["amount"] == 0]
    said = [message("chart_cost_nil", language, parts=", ".join(nil))] if nil else []
    for row in rows:
        if not is_blank(row["reason"]):
            name = part_name(str(row["component"]), language)
            said.append(f"{name}{message('colon', language)}{remark(row, language)}.")
    return said


def costs_side_by_side(costs: Mapping[str, UnpaidCost], language: str | None = None) -> go.Figure:
    """Several costs, one stacked bar each, with their totals.

    Parameters
    ----------
    costs : mapping of UnpaidCost
        By the key of its label, of one currency.
    language : {"fr", "en"}, optional

    Returns
    -------
    plotly.graph_objects.Figure
        What comes in stands to the left of zero. A cost whose total is not
        known says so.

    Examples
    --------
    >>> from cmtools.costs import UnpaidInvoice, vat_cases
    >>> figure = costs_side_by_side(vat_cases(UnpaidInvoice(6_000, 0.20)), "en")
    >>> [list(bar.x) for bar in figure.data[:2]]
    [[5000.0, 5000.0, 5000.0, 5000.0], [0.0, 1000.0, 1000.0, 0.0]]
    """
    tables = {name: cost.table.set_index("component")["amount"] for name, cost in costs.items()}
    currency = next((cost.invoice.currency for cost in costs.values()), "")
    figure = figure_of(message("chart_cost_compared", language, currency=escape(currency)), "", language, 60)
    if not tables:
        return say_instead(figure, message("nothing_to_show", language))
    names = [escape(label(name, language), quote=False) for name in tables]
    for key in COLOURS:
        amounts = [0.0 if is_blank(table[key]) else float(table[key]) for table in tables.values()]
        if not any(amounts):
            continue
        part = part_name(key, language)
        figure.add_bar(
            y=list(range(len(names))), x=amounts, orientation="h", width=0.6, name=part, marker_color=COLOURS[key],
            hovertext=[f"{part}<br>{_whole(amount, currency, language)}" for amount in amounts], hoverinfo="text",
        )  # fmt: skip
    tops = [sum(amount for amount in table.fillna(0.0) if amount > 0) for table in tables.values()]
    totals = [_signed(cost.total, language, plus=False) for cost in costs.values()]
    figure.add_scatter(
        x=tops, y=list(range(len(names))), mode="text", text=[f"{HARD}<b>{text}</b>" for text in totals],
        textposition="middle right", hoverinfo="skip", showlegend=False, cliponaxis=False,
    )  # fmt: skip
    low = min(sum(amount for amount in table.fillna(0.0) if amount < 0) for table in tables.values())
    span = max(tops) - low or 1.0
    in_rows(figure, names).update_xaxes(
        range=[low - (0.04 * span if low < 0 else 0), max(tops) + 0.2 * span], tickformat=",.0f", nticks=5,
        zeroline=True, zerolinecolor=TOTAL,
    )  # fmt: skip
    figure.update_yaxes(range=[len(names) - 0.4, -0.6])
    return figure.update_layout(
        barmode="relative", showlegend=True, height=190 + 40 * len(names), legend={**LEGEND, "y": -0.16}, margin_b=100
    )


# ---------------------------------------------------------------- time


def margin_after_delay(found: pd.DataFrame, language: str | None = None, currency: str = "EUR") -> go.Figure:
    """What waiting costs and what it leaves of the margin, by days.

    Parameters
    ----------
    found : pandas.DataFrame
        As :func:`cmtools.margin_after_delay` gives it.
    language : {"fr", "en"}, optional
    currency : str

    Returns
    -------
    plotly.graph_objects.Figure

    Examples
    --------
    >>> from cmtools.costs import margin_after_delay as left_of
    >>> figure = margin_after_delay(left_of(1_200, 0.10, 0.05, [0, 73], vat_rate=0.2), "en")
    >>> [list(line.y) for line in figure.data]
    [[100.0, 88.0], [0.0, 12.0]]
    """
    figure = figure_of(message("chart_cost_delay", language, currency=escape(currency)), "", language, 60)
    if found.empty:
        return say_instead(figure, message("nothing_to_show", language))
    table = found.sort_values("delay_days")
    days = table["delay_days"].tolist()
    for name, colour, dash in (("margin_left", NOT_DUE, "solid"), ("delay_cost", LOST, "dot")):
        values = table[name].tolist()
        hover = [_delay_said(day, name, value, currency, language) for day, value in zip(days, values)]
        add_line(figure, colour, dash, x=days, y=values, name=label(name, language), hovertext=hover)
        for place, anchor in ((0, "left"), (len(days) - 1, "right")):
            if not values[place]:
                continue
            figure.add_annotation(
                x=days[place], y=values[place], text=words.integer(values[place], language), showarrow=False,
                yshift=13, xanchor=anchor, font={"size": 11, "color": colour},
            )  # fmt: skip
    figure.update_xaxes(title={"text": label("delay_days", language)}, rangemode="tozero", tickformat=",.0f")
    figure.update_yaxes(tickformat=",.0f", zeroline=True, zerolinecolor=TOTAL)
    return figure.update_layout(showlegend=True, legend={**LEGEND, "y": -0.24}, margin_b=80)


def _delay_said(days: float, name: str, value: float, currency: str, language: str | None) -> str:
    when = f"{words.integer(days, language)} {message('days_short', language)}"
    return f"{when}<br>{label(name, language)}{message('colon', language)}{_whole(value, currency, language)}"
