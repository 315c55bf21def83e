"""Figures of a client's accounts: one table in, one plotly figure out; no calculation.

Amounts are drawn in the unit that suits them (units, thousands, millions), which the
axis names. What is unknown is a gap, and what a picture would tell wrong is said instead.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from cmtools import language as words
from cmtools.display import is_blank, records
from cmtools.financial_ratios import Ratio, catalogue
from cmtools.forms import bound, in_unit, one_company, one_row, who, years_of
from cmtools.language import label, message
from cmtools.lines import TOLERANCE
from cmtools.plots import CREDIT, LATE, LEGEND, LINES, LOST, NOT_DUE, TOTAL, drawn_values, headroom, in_rows, new_figure

# Masses from the bottom of the picture, with the colour of their block and that of the text on it.
STACKS = (
    ("tresorerie_active", "ache", "ace", "emplois_stables"),
    ("tresorerie_passive", "pche", "pce", "ressources_stables"),
)
COLOURS = ((NOT_DUE, "white"), ("#c9d1d9", "#22303c"), (LATE[0], "#22303c"), (LINES[0], "white"))
LEVELS = ("valeur_ajoutee", "ebe", "rex", "rcai", "resultat_sig")
ZONES = {"weak": "#f3d3cf", "average": "#f7ebcf", "good": "#d6e8dc", "": "#eef2f6"}
QUARTERS = {1: NOT_DUE, 2: "#8bb19b", 3: LATE[1], 4: LATE[3]}
MARK = "#22303c"


class Scale(NamedTuple):
    """Unit in which a figure writes its amounts."""

    size: float
    unit: str  # as the axis names it, currency included; plain text
    currency: str
    language: str | None

    def text(self, value: float | None, sign: bool = False) -> str:
        """An amount in the unit, with a decimal where it would hide what is there."""
        if value is None or value != value:
            return "–"
        small = abs(value / self.size) < 10 and not float(value / self.size).is_integer()
        plus = "+" if sign and value > 0 else ""
        return plus + words.number(value / self.size, 1 if small else 0, self.language)

    def whole(self, value: float | None) -> str:
        """An amount to the cent, with its currency; escaped."""
        if value is None or value != value:
            return "–"
        return escape(words.money(value, self.currency, self.language).strip())


def scale_of(amounts: Iterable[Any], row: Mapping[str, Any], language: str | None) -> Scale:
    """Unit that suits these amounts; `row` tells their currency."""
    known = [abs(float(value)) for value in amounts if not is_blank(value)]
    top, currency = max(known, default=0.0), "" if is_blank(row.get("currency")) else str(row["currency"])
    if top >= 1e8:
        return Scale(1e6, message("chart_in_millions", language, currency=currency).strip(" ,"), currency, language)
    if top >= 1e5:
        return Scale(1e3, message("chart_in_thousands", language, currency=currency).strip(" ,"), currency, language)
    return Scale(1.0, currency, currency, language)


def figure_of(title: str, below: str, language: str | None, top: int = 78) -> go.Figure:
    """An empty figure with its title, and whose figures they are under it."""
    figure = new_figure(language, title)
    headroom(figure, top)
    said = {"text": escape(below, quote=False), "font": {"size": 12, "color": "#4a5b6c"}}
    return figure.update_layout(title_subtitle=said) if below else figure


def say_instead(figure: go.Figure, text: str) -> go.Figure:
    """A figure that says why it draws nothing."""
    said = "<br>".join(escape(line, quote=False) for line in textwrap.wrap(text, 80))
    figure.add_annotation(x=0, y=1, xref="paper", yref="paper", text=said, showarrow=False, align="left",
                          xanchor="left", yanchor="top", font={"size": 13})  # fmt: skip
    return figure.update_layout(
        height=150 + 18 * said.count("<br>"), xaxis={"visible": False}, yaxis={"visible": False}
    )


def labels_of(keys: Iterable[str], language: str | None) -> str:
    """Labels with commas between them."""
    return ", ".join(label(key, language) for key in keys)


# ---------------------------------------------------------------- functional balance sheet


def great_masses(balance_row: Any, language: str | None = None) -> go.Figure:
    """Functional balance sheet as two blocks of the same height: uses on the left, resources on the right.

    Parameters
    ----------
    balance_row : pandas.DataFrame of one row, pandas.Series or mapping
        One row of :func:`cmtools.functional_balance`: the eight masses, and
        `frng`, `bfr`, `tn` to be written below.
    language : {"fr", "en"}, optional

    Returns
    -------
    plotly.graph_objects.Figure
        A mass that is unknown or negative cannot be drawn: the figure then
        says which, and draws nothing.

    Raises
    ------
    InputError
        If a table has not exactly one row.

    Examples
    --------
    >>> masses = dict(emplois_stables=670.0, ace=537.0, ache=14.0, tresorerie_active=56.0, ressources_stables=929.0,
    ...     pce=272.0, pche=21.0, tresorerie_passive=55.0)
    >>> figure = great_masses(masses, "en")
    >>> sum(bar.y[0] for bar in figure.data if bar.x[0] == 0), sum(bar.y[0] for bar in figure.data if bar.x[0] == 1)
    (1277.0, 1277.0)
    """
    row = one_row(balance_row)
    names = [name for stack in STACKS for name in stack]
    scale = scale_of([row.get(name) for name in names], row, language)
    figure = figure_of(message("chart_masses", language), who(row, language), language)
    unknown = [name for name in names if is_blank(row.get(name))]
    negative = [name for name in names if name not in unknown and float(row[name]) < 0]
    if unknown:
        return say_instead(figure, message("masses_unknown", language, masses=labels_of(unknown, language)))
    if negative:
        said = ", ".join(
            f"{label(name, language)}{message('colon', language)}{words.money(row[name], scale.currency, language)}"
            for name in negative
        )
        return say_instead(figure, message("masses_negative", language, masses=said))
    heights = [sum(float(row[name]) for name in stack) for stack in STACKS]
    top = max(*heights, 1e-9)
    for side, stack in enumerate(STACKS):
        _stack(figure, side, [(name, float(row[name])) for name in stack], top, scale)
    heads = [f"<b>{escape(message(key, language))}</b> {scale.text(height)}" for key, height in
             zip(("form_uses", "form_resources"), heights)]  # fmt: skip
    below = _below(row, heights, scale)
    figure.update_xaxes(
        range=[-1.3, 2.3], tickvals=[0, 1], ticktext=heads, side="top", showgrid=False, zeroline=False,
        tickfont={"size": 13},
    )  # fmt: skip
    figure.add_annotation(x=0.5, y=0, xref="x", yref="paper", yshift=-14, yanchor="top", text=below, showarrow=False)
    figure.update_yaxes(
        range=[0, 1.01 * top / scale.size],
        showgrid=False,
        showticklabels=False,
        zeroline=False,
        title=escape(scale.unit, quote=False),
    )
    return figure.update_layout(barmode="stack", bargap=0, height=470, margin={"l": 40, "t": 100, "b": 70})


def _below(row: Mapping[str, Any], heights: Sequence[float], scale: Scale) -> str:
    """FRNG, BFR and treasury in a line, and the gap of accounts that do not balance."""
    shown = [
        f"{label(f'short_{name}', scale.language)} <b>{scale.text(row[name])}</b>"
        for name in ("frng", "bfr", "tn")
        if not is_blank(row.get(name))
    ]
    text = " · ".join(shown)
    gap = round(heights[0] - heights[1], 2)
    if abs(gap) > TOLERANCE:  # each line of a form is rounded
        amount = words.money(gap, scale.currency, scale.language).strip()
        text += "<br>" + escape(message("masses_gap", scale.language, gap=amount), quote=False)
    return text


def _stack(figure: go.Figure, side: int, blocks: Sequence[tuple[str, float]], top: float, scale: Scale) -> None:
    """Blocks from the bottom, their names beside them, each amount in its block if there is room."""
    base, middles, texts = 0.0, [], []
    for (name, amount), (colour, ink) in zip(blocks, COLOURS):
        inside = amount >= 0.06 * top
        share = words.percent(amount / top, 0, scale.language)
        figure.add_bar(
            x=[side],
            y=[amount / scale.size],
            width=0.98,
            marker={"color": colour, "line": {"color": "white", "width": 1}},
            text=[scale.text(amount) if inside else ""],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"color": ink, "size": 14},
            hovertext=[f"{label(name, scale.language)}<br>{scale.whole(amount)} ({share})"],
            hoverinfo="text",
            name=label(name, scale.language),
        )
        lines = textwrap.wrap(label(name, scale.language), 20)
        texts.append("<br>".join([*lines, *([] if inside else [f"<b>{scale.text(amount)}</b>"])]))
        middles.append(base + amount / 2)
        base += amount
    for place, middle, text in zip(_apart(middles, texts, top), middles, texts):
        left = side == 0
        figure.add_annotation(
            x=-0.5 if left else 1.5,
            y=middle / scale.size,
            ax=-28 if left else 28,
            ay=(middle - place) / top * 300,
            text=text,
            showarrow=True,
            arrowhead=0,
            arrowwidth=1,
            arrowcolor=CREDIT,
            xanchor="right" if left else "left",
            align="right" if left else "left",
            font={"size": 12},
        )


def _apart(middles: Sequence[float], texts: Sequence[str], top: float) -> list[float]:
    """Places of texts beside their blocks, from the bottom, far enough from one another to be read."""
    room = [(0.035 + 0.05 * (1 + text.count("<br>"))) * top for text in texts]
    places = [max(middles[0], room[0] / 2)]
    for rank in range(1, len(middles)):
        places.append(max(middles[rank], places[-1] + (room[rank - 1] + room[rank]) / 2))
    ceiling = top - room[-1] / 2
    for rank in range(len(places) - 1, -1, -1):
        places[rank] = min(places[rank], ceiling)
        ceiling = places[rank] - (room[rank] + (room[rank - 1] if rank else 0)) / 2
    return places


def masses_over_years(balance: pd.DataFrame, company: str | None = None, language: str | None = None) -> go.Figure:
    """FRNG, BFR and net treasury of one company over the years; no bar where a figure is unknown.

    Parameters
    ----------
    balance : pandas.DataFrame
        Result of :func:`cmtools.functional_balance`.
    company : str, optional
        `company_id` to draw; None: the only one of the table.
    language : {"fr", "en"}, optional

    Returns
    -------
    plotly.graph_objects.Figure
        A dotted line stands where the chart of accounts changes (ANC 2022-06).

    Raises
    ------
    InputError
        If the table holds several companies and none is named.

    Examples
    --------
    >>> years = pd.DataFrame({"company_id": "A", "year_end": pd.to_datetime(["2024-12-31", "2025-12-31"]),
    ...                       "frng": [260.0, 259.0], "bfr": [209.0, 258.0], "tn": [51.0, 1.0]})
    >>> [bar.name for bar in masses_over_years(years, "A", "en").data], list(masses_over_years(years).data[2].y)
    (['FRNG', 'BFR', 'Net treasury'], [51.0, 1.0])
    """
    mine = balance if company is None else balance[balance["company_id"] == company]
    rows = records(one_company(mine))
    names = ("frng", "bfr", "tn")
    first = {name: value for name, value in (rows[-1] if rows else {}).items() if name not in ("year_end", "months")}
    scale = scale_of([row.get(name) for row in rows for name in names], first, language)
    figure = figure_of(message("chart_masses_years", language), who(first, language), language)
    known = [row for row in rows if any(not is_blank(row.get(name)) for name in names)]
    if not known:
        return say_instead(figure, message("masses_unknown", language, masses=labels_of(names, language)))
    for name, colour in zip(names, (LINES[0], LATE[1], NOT_DUE)):
        amounts = drawn_values(row.get(name) for row in rows)
        figure.add_bar(
            x=list(range(len(rows))),
            y=[None if amount is None else amount / scale.size for amount in amounts],
            name=label(f"short_{name}", language),
            marker_color=colour,
            text=["" if amount is None or len(rows) > 6 else scale.text(amount) for amount in amounts],
            textposition="outside",
            textangle=0,
            cliponaxis=False,
            constraintext="none",
            hovertext=[
                f"{_when(row, language)}<br>{label(name, language)}<br>{scale.whole(row.get(name))}" for row in rows
            ],
            hoverinfo="text",
        )
    _breaks(figure, rows, language)
    figure.update_xaxes(
        tickvals=list(range(len(rows))),
        ticktext=[_when(row, language) for row in rows],
        range=[-0.6, max(len(rows), 2) - 0.4],
        showgrid=False,
        zeroline=False,
    )
    figure.update_yaxes(
        tickformat=",.2~f", zeroline=True, zerolinecolor=TOTAL, title=escape(scale.unit, quote=False), automargin=True
    )
    return figure.update_layout(barmode="group", bargap=0.25, showlegend=True, legend=LEGEND, height=400)


def _when(row: Mapping[str, Any], language: str | None) -> str:
    """Closing date, and the months of a year that has not twelve."""
    when, months = words.day(row.get("year_end"), language), row.get("months")
    if is_blank(months) or months == 12:
        return when
    count = words.number(float(str(months)), 0 if float(str(months)).is_integer() else 1, language)
    return f"{when}<br>{message('months_count', language, months=count)}"


def _breaks(figure: go.Figure, rows: Sequence[Mapping[str, Any]], language: str | None) -> None:
    """A line between two years that were kept under different charts of accounts."""
    for place, (before, after) in enumerate(pairwise(rows)):
        charts = {str(row.get("chart")) for row in (before, after) if not is_blank(row.get("chart"))}
        if len(charts) == 2:
            figure.add_vline(x=place + 0.5, line={"color": MARK, "width": 1.2, "dash": "dot"})
            figure.add_annotation(x=place + 0.5, y=1, yref="paper", yanchor="bottom", showarrow=False,
                                  text=message("chart_break", language), font={"size": 11})  # fmt: skip


# ---------------------------------------------------------------- SIG


def sig_waterfall(sig_row: Any, language: str | None = None) -> go.Figure:
    """From the trade margin and the production to the net result, each balance standing on zero.

    Parameters
    ----------
    sig_row : pandas.DataFrame of one row, pandas.Series or mapping
        One row of :func:`cmtools.sig`.
    language : {"fr", "en"}, optional

    Returns
    -------
    plotly.graph_objects.Figure
        Balances are dark (red below nil); between two of them, one bar for
        all that leads from one to the next. A balance that is unknown is left
        out, and the bar then leads from the one before to the one after.

    Examples
    --------
    >>> row = dict(marge_commerciale=215.0, production_exercice=848.0, consommations_tiers=530.0, valeur_ajoutee=533.0,
    ...     ebe=117.0, rex=67.0, rcai=57.0, resultat_sig=44.0)
    >>> figure = sig_waterfall(row, "en")
    >>> list(figure.data[0].x), list(figure.data[0].base)[:4]
    ([215.0, 848.0, -530.0, 533.0, -416.0, 117.0, -50.0, 67.0, -10.0, 57.0, -13.0, 44.0], [0.0, 215.0, 1063.0, 0.0])
    """
    row = one_row(sig_row)
    steps = _cascade(row, language)
    scale = scale_of([step[1] for step in steps], row, language)
    figure = figure_of(message("chart_sig", language), who(row, language), language)
    if not any(total for _, _, _, total in steps):
        return say_instead(figure, message("masses_unknown", language, masses=labels_of(LEVELS, language)))
    names, amounts, starts, totals = zip(*steps)
    ends = [start + amount for start, amount in zip(starts, amounts)]
    colours = [
        (TOTAL if amount >= 0 else LOST) if total else (NOT_DUE if amount >= 0 else LATE[2])
        for amount, total in zip(amounts, totals)
    ]
    figure.add_bar(
        y=list(range(len(steps))),
        x=[amount / scale.size for amount in amounts],
        base=[start / scale.size for start in starts],
        orientation="h",
        width=0.66,
        marker={"color": colours, "line": {"color": colours, "width": 1}},
        hovertext=[f"{name}<br>{scale.whole(amount)}" for name, amount in zip(names, amounts)],
        hoverinfo="text",
    )
    figure.add_scatter(
        x=[max(start, end, 0.0) / scale.size for start, end in zip(starts, ends)],
        y=list(range(len(steps))),
        mode="text",
        text=[f"\u00a0{scale.text(amount, sign=not total)}" for amount, total in zip(amounts, totals)],
        textposition="middle right",
        hoverinfo="skip",
    )
    low, high = min([0.0, *starts, *ends]) / scale.size, max([0.0, *starts, *ends]) / scale.size
    span = (high - low) or 1.0
    shown = [f"<b>{name}</b>" if total else name for name, total in zip(names, totals)]
    in_rows(figure, shown).update_xaxes(
        range=[low - (0.04 * span if low < 0 else 0), high + 0.16 * span], tickformat=",.2~f", nticks=6,
        zeroline=True, zerolinecolor=TOTAL, title=escape(scale.unit, quote=False),
    )  # fmt: skip
    return figure.update_layout(height=150 + 28 * len(steps), margin_b=55)


def _cascade(row: Mapping[str, Any], language: str | None) -> list[tuple[str, float, float, bool]]:
    """Bars of the cascade: name, amount, where it starts, whether it is a balance."""
    steps: list[tuple[str, float, float, bool]] = []
    level: tuple[str, float] | None = None
    parts = [("marge_commerciale", 1.0), ("production_exercice", 1.0), ("consommations_tiers", -1.0)]
    if all(not is_blank(row.get(name)) for name in (*(part for part, _ in parts), "valeur_ajoutee")):
        start = 0.0
        for name, sign in parts:
            steps.append((label(name, language), sign * float(row[name]), start, False))
            start += sign * float(row[name])
    for name in LEVELS:
        if is_blank(row.get(name)):
            continue
        value = float(row[name])
        if level is not None:
            steps.append((_lead(level[0], name, language), value - level[1], level[1], False))
        deficit = name == "ebe" and value < 0
        steps.append((message("form_ibe", language) if deficit else _level(name, language), value, 0.0, True))
        level = (name, value)
    return steps


def _level(name: str, language: str | None) -> str:
    return message("chart_net_result", language) if name == "resultat_sig" else label(name, language)


def _lead(before: str, after: str, language: str | None) -> str:
    """What leads from one balance to the next."""
    if LEVELS.index(after) == LEVELS.index(before) + 1:
        return message(f"chart_to_{after}", language)
    return message("chart_from_to", language, before=_level(before, language), after=_level(after, language))


# ---------------------------------------------------------------- ratios


def ratio_scale(found: pd.DataFrame, language: str | None = None) -> go.Figure:
    """Ratios on the scale of their thresholds, weak to the left; the year before as a hollow mark.

    Parameters
    ----------
    found : pandas.DataFrame
        Result of :func:`cmtools.financial_ratios` for one company; the latest year is
        drawn, and the year before it where the table has one. Ratios without
        a threshold are left out.
    language : {"fr", "en"}, optional

    Returns
    -------
    plotly.graph_objects.Figure
        Every ratio has its own scale; beyond the thresholds it narrows, so
        that a mark never leaves the figure. A ratio that is not computable
        keeps its row, without a mark.

    Raises
    ------
    InputError
        If the table holds several companies.

    Examples
    --------
    >>> from cmtools.financial_ratios import ratios
    >>> accounts = pd.DataFrame({"capitaux_propres": [250.0], "total_passif": [1000.0]})
    >>> figure = ratio_scale(ratios(accounts, ["autonomie_financiere", "marge_nette"]), "en")
    >>> [text for text in figure.layout.yaxis.ticktext], list(figure.data[-1].x)  # 25%, between 20% and 30%
    (['Financial autonomy'], [1.5])
    """
    latest, before = years_of(found)
    rows = [row for key, row in latest.items() if _has_scale(catalogue()[key])]
    figure = figure_of(message("chart_ratios", language), _ratio_years(latest, before, language), language, 100)
    if not rows:
        return say_instead(figure, message("ratios_none", language))
    for place, row in enumerate(rows):
        _zones(figure, place, catalogue()[row["ratio"]], language)
    earlier = [before.get(row["ratio"], {}).get("value") for row in rows]
    places = [[_on_scale(value, catalogue()[row["ratio"]]) for value, row in zip(values, rows)]
              for values in (earlier, [row["value"] for row in rows])]  # fmt: skip
    _marks(figure, rows, earlier, places, [MARK] * len(rows), language)
    marks = {"unconfirmed": "¹", "law": "²"}
    names = [label(row["ratio"], language) + marks.get(catalogue()[row["ratio"]].status, "") for row in rows]
    present = {catalogue()[row["ratio"]].status for row in rows}
    said = [message("ratios_narrow", language)]
    said += [f"{mark} {label(status, language)}" for status, mark in marks.items() if status in present]
    in_rows(figure, names).update_xaxes(
        range=[-0.02, 3.75], tickvals=[0.5, 1.5, 2.5], ticktext=[label(name, language) for name in list(ZONES)[:3]],
        side="top", showgrid=False, zeroline=False,
    )  # fmt: skip
    note_below(figure, " · ".join(said))
    return figure.update_layout(height=170 + 30 * max(len(rows), 3), margin_b=50)


def _has_scale(ratio: Ratio) -> bool:
    return ratio.alert == ratio.alert


def _ratio_years(
    latest: Mapping[str, Mapping[str, Any]], before: Mapping[str, Mapping[str, Any]], language: str | None
) -> str:
    """Company and dates of the marks."""
    row = next(iter(latest.values()), {})
    text = who({name: value for name, value in row.items() if name != "months"}, language)
    other = next(iter(before.values()), {})
    if is_blank(other.get("year_end")):
        return text
    return f"{text} {message('chart_hollow', language, date=words.day(other['year_end'], language))}"


def _bounds(ratio: Ratio) -> tuple[float, float]:
    """Where the weak zone ends and the good one starts on a scale of 3."""
    if ratio.good != ratio.good:
        return 1.0, 3.0
    return (1.5, 1.5) if ratio.good == ratio.alert else (1.0, 2.0)


def _on_scale(value: Any, ratio: Ratio) -> float | None:
    """Place of a value: straight between the thresholds, ever tighter beyond them."""
    if is_blank(value):
        return None
    sign = -1.0 if ratio.direction == "lower" else 1.0
    weak, good = _bounds(ratio)
    worth, alert = sign * float(value), sign * ratio.alert
    top = sign * ratio.good if ratio.good == ratio.good else alert
    unit = max(top - alert, 0.5 * abs(alert), 0.5 * abs(top)) or {"days": 30.0, "rate": 0.1}.get(ratio.unit, 1.0)
    if worth < alert:
        return weak * unit / (unit + alert - worth)
    if ratio.good != ratio.good or worth >= top:
        start = good if ratio.good == ratio.good else weak
        return start + (3 - start) * (worth - top) / (unit + worth - top)
    return weak + (good - weak) * (worth - alert) / (top - alert)


def _zones(figure: go.Figure, place: int, ratio: Ratio, language: str | None) -> None:
    weak, good = _bounds(ratio)
    zones = [(0.0, weak, "weak"), (weak, good, "average"), (good, 3.0, "good")]
    if ratio.good != ratio.good:
        zones = [(0.0, weak, "weak"), (weak, 3.0, "")]
    for start, end, name in zones:
        if end > start:
            figure.add_shape(type="rect", x0=start, x1=end, y0=place - 0.3, y1=place + 0.3, layer="below",
                             line={"width": 0}, fillcolor=ZONES[name])  # fmt: skip
    bounds = [(weak, ratio.alert)] + ([(good, ratio.good)] if good > weak and ratio.good == ratio.good else [])
    for at, value in bounds:
        _small(figure, at, place, bound(value, ratio.unit, language))


def _small(figure: go.Figure, at: float, place: float, text: str) -> None:
    """A bound of a scale, written under it."""
    figure.add_annotation(x=at, y=place + 0.46, text=text, showarrow=False, font={"size": 9, "color": "#4a5b6c"})


def _marks(
    figure: go.Figure,
    rows: Sequence[Mapping[str, Any]],
    earlier: Sequence[Any],
    places: Sequence[Sequence[float | None]],
    colours: Sequence[str],
    language: str | None,
) -> None:
    """Values in words to the right, then the hollow marks of the year before and those of the year."""
    units = [catalogue()[row["ratio"]].unit for row in rows]
    nothing = message("chart_not_computable", language)
    figure.add_scatter(
        x=[3.08] * len(rows),
        y=list(range(len(rows))),
        mode="text",
        textposition="middle right",
        text=[nothing if is_blank(row["value"]) else f"<b>{in_unit(row['value'], unit, language)}</b>"
              for row, unit in zip(rows, units)],
        hoverinfo="skip",
    )  # fmt: skip
    hollow = {"symbol": "circle-open", "size": 12, "color": CREDIT, "line": {"width": 2}}
    full = {"symbol": "diamond", "size": 12, "color": list(colours), "line": {"color": "white", "width": 1}}
    layers = [(earlier, places[0], hollow), ([row["value"] for row in rows], places[1], full)]
    for values, at, marker in layers if any(place is not None for place in places[0]) else layers[1:]:
        figure.add_scatter(
            x=list(at),
            y=list(range(len(rows))),
            mode="markers",
            marker=marker,
            hovertext=[f"{label(row['ratio'], language)}<br>{in_unit(value, unit, language)}"
                       for row, value, unit in zip(rows, values, units)],
            hoverinfo="text",
        )  # fmt: skip


def note_below(figure: go.Figure, text: str) -> None:
    """Small text under the plot."""
    said, font = "<br>".join(textwrap.wrap(text, 105)), {"size": 11, "color": "#4a5b6c"}
    figure.add_annotation(x=0, y=0, xref="paper", yref="paper", yshift=-16, xanchor="left", yanchor="top",
                          align="left", text=escape(said, quote=False).replace("&lt;br&gt;", "<br>"),
                          showarrow=False, font=font)  # fmt: skip


def against_quartiles(compared: pd.DataFrame, language: str | None = None) -> go.Figure:
    """Ratios beside the quartiles of the sector or of the other companies, low values to the left.

    Parameters
    ----------
    compared : pandas.DataFrame
        Result of :func:`cmtools.compare` for one company; the latest year is
        drawn, and the year before it where the table has one. Ratios without
        quartiles are left out.
    language : {"fr", "en"}, optional

    Returns
    -------
    plotly.graph_objects.Figure
        The middle half of the companies lies in the band, cut at the median;
        the colour of the mark tells the quarter, 1 being the best way for the
        ratio.

    Raises
    ------
    InputError
        If the table holds several companies.

    Examples
    --------
    >>> row = {"ratio": "marge_ebe", "value": 0.08, "q1": 0.04, "median": 0.06, "q3": 0.10, "quarter": 2}
    >>> figure = against_quartiles(pd.DataFrame([row]), "en")
    >>> [round(place, 2) for place in figure.data[-1].x]  # half-way from the median to the upper quartile
    [1.88]
    """
    latest, before = years_of(compared)
    rows = [row for row in latest.values() if not any(is_blank(row.get(name)) for name in ("q1", "median", "q3"))]
    figure = figure_of(message("chart_quartiles", language), _ratio_years(latest, before, language), language, 100)
    if not rows:
        return say_instead(figure, message("quartiles_none", language))
    for place, row in enumerate(rows):
        for start, end, colour in ((0.0, 3.0, "#eef2f6"), (0.75, 2.25, "#c5d6e8")):
            figure.add_shape(type="rect", x0=start, x1=end, y0=place - 0.3, y1=place + 0.3, layer="below",
                             line={"width": 0}, fillcolor=colour)  # fmt: skip
        figure.add_shape(type="line", x0=1.5, x1=1.5, y0=place - 0.3, y1=place + 0.3, layer="below",
                         line={"width": 2, "color": LINES[0]})  # fmt: skip
        for at, name in ((0.75, "q1"), (1.5, "median"), (2.25, "q3")):
            _small(figure, at, place, in_unit(row[name], catalogue()[row["ratio"]].unit, language))
    earlier = [before.get(row["ratio"], {}).get("value") for row in rows]
    places = [[_in_quartiles(value, row) for value, row in zip(values, rows)]
              for values in (earlier, [row["value"] for row in rows])]  # fmt: skip
    colours = [MARK if is_blank(row.get("quarter")) else QUARTERS[int(row["quarter"])] for row in rows]
    _marks(figure, rows, earlier, places, colours, language)
    in_rows(figure, [label(row["ratio"], language) for row in rows]).update_xaxes(
        range=[-0.02, 3.75], tickvals=[0.75, 1.5, 2.25],
        ticktext=[label(name, language) for name in ("q1", "median", "q3")], side="top", showgrid=False, zeroline=False,
    )  # fmt: skip
    note_below(figure, message("quartiles_note", language))
    return figure.update_layout(height=170 + 30 * max(len(rows), 3), margin_b=50)


def _in_quartiles(value: Any, row: Mapping[str, Any]) -> float | None:
    """Place of a value among the quartiles: straight between them, ever tighter beyond."""
    if is_blank(value):
        return None
    low, middle, high = (float(row[name]) for name in ("q1", "median", "q3"))
    unit = (high - low) or abs(middle) or 1.0
    worth = float(value)
    if worth < low:
        return 0.75 * unit / (unit + low - worth)
    if worth > high:
        return 2.25 + 0.75 * (worth - high) / (unit + worth - high)
    if worth == middle:
        return 1.5
    if worth < middle:
        return 0.75 + 0.75 * (worth - low) / (middle - low)
    return 1.5 + 0.75 * (worth - middle) / (high - middle)
