"""Figures of a credit file: one table in, one plotly figure out; no calculation.

Danger is to the left in every figure of scores. What is not known is listed in words
under the figure, never drawn as nil.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from cmtools import language as words
from cmtools.display import is_blank, records
from cmtools.forms import one_company, one_row, who
from cmtools.forms_credit import cut_text, cuts_in_words, input_text, latest_scores, score_reason, score_text
from cmtools.language import HARD, label, message
from cmtools.limits import Proposal
from cmtools.limits import explain as explain_limits
from cmtools.plots import (
    CREDIT,
    LATE,
    LEGEND,
    LINES,
    LOST,
    NOT_DUE,
    PALE,
    TOTAL,
    add_line,
    drawn_values,
    in_rows,
    rate_line,
    rates_on_the_right,
    time_axis,
)  # fmt: skip
from cmtools.plots_statements import MARK, ZONES, Scale, figure_of, say_instead, scale_of
from cmtools.rating import Rating, value_text
from cmtools.rating import explain as explain_rating
from cmtools.schemas import Defect, InputError
from cmtools.scoring import Model, all_models

LEFT = 236  # pixels for the names; texts under the plot start there
SAID = 132  # pixels for what is written beside the scales
WIDE = 124  # characters of a line under the plot
GREY, SOFT = "#6b7885", "#eef2f6"
SHADES = {"failing": ZONES["weak"], "uncertain": ZONES["average"], "sound": ZONES["good"]}


def _lines_below(figure: go.Figure, lines: Iterable[str], shift: int = 14, left: int = LEFT) -> go.Figure:
    """Texts under the plot, from the left edge of the figure, which grows by their room."""
    wrapped = [
        part for line in lines for part in textwrap.wrap(line, WIDE, subsequent_indent=HARD * 3, break_on_hyphens=False)
    ]
    if not wrapped:
        return figure
    text = "<br>".join(escape(part, quote=False) for part in wrapped)
    figure.add_annotation(
        x=0, y=0, xref="paper", yref="paper", xshift=-left + 8, yshift=-shift, xanchor="left", yanchor="top",
        align="left", text=text, showarrow=False, font={"size": 11, "color": "#4a5b6c"},
    )  # fmt: skip
    room = shift + 15 * len(wrapped) + 12
    return figure.update_layout(margin_b=room, height=(figure.layout.height or 340) + room)


def _names_to_the_left(figure: go.Figure, names: Sequence[str], row: int, top: int) -> None:
    """Names of rows in a margin of their own, the first on top; `row` pixels each."""
    in_rows(figure, names).update_yaxes(automargin=False, range=[max(len(names), 1) - 0.4, -0.6])
    figure.update_layout(margin={"l": LEFT, "t": top, "b": 20}, height=top + 20 + row * max(len(names), 1))


def _wrapped(text: str, width: int = 34) -> str:
    """A name on two lines at most; escaped."""
    lines = textwrap.wrap(text, width, max_lines=2, placeholder="…", break_on_hyphens=False)
    return "<br>".join(escape(line, quote=False) for line in lines)


# ---------------------------------------------------------------- scores


def scores(found: pd.DataFrame, language: str | None = None) -> go.Figure:
    """Every model on a scale of its own, danger to the left; the year before as a hollow mark.

    Parameters
    ----------
    found : pandas.DataFrame
        Result of :func:`cmtools.score` for one company; the latest year is
        drawn, and the year before it where the table has one.
    language : {"fr", "en"}, optional

    Returns
    -------
    plotly.graph_objects.Figure
        Scales are stretched so that cut-offs meet; beyond them they narrow,
        and a mark never leaves the figure. A model of which a lower score is
        safer is turned round. Models without a score are listed below, with
        the reason; those not estimated on French SMEs say so.

    Raises
    ------
    InputError
        If the table holds several companies.

    Examples
    --------
    A published score in its grey zone, half-way between 1.10 and 2.60:

    >>> row = {"model": "altman_other", "score": 1.85, "class": "uncertain", "probability": None,
    ...        "illustrative": True, "reason": None, "missing": "", "notes": ""}
    >>> [round(place, 2) for place in scores(pd.DataFrame([row]), "en").data[-1].x]
    [1.5]
    """
    latest, before = latest_scores(found)
    said = who(latest[0], language) if latest else ""
    other = next(iter(before.values()), {})
    if before:
        said += " " + message("chart_hollow", language, date=words.day(other["year_end"], language))
    figure = figure_of(message("chart_scores", language), said, language, 100)
    rows = [row for row in latest if not is_blank(row["score"])]
    without = _without([row for row in latest if is_blank(row["score"])], language)
    if not latest:
        return say_instead(figure, message("scores_empty", language))
    if not rows:
        figure.update_xaxes(visible=False).update_yaxes(visible=False).update_layout(height=110, margin={"l": LEFT})
        return _lines_below(figure, [message("scores_none", language), *without], shift=-4)
    known = [all_models()[str(row["model"])] for row in rows]
    for place, model in enumerate(known):
        _strip(figure, place, model, language)
    _score_marks(figure, rows, [before.get(model.key, {}).get("score") for model in known], known, language)
    names = [_model_name(row, model, language) for row, model in zip(rows, known)]
    _names_to_the_left(figure, names, 46, 100)
    figure.update_layout(margin_r=SAID)
    figure.update_xaxes(
        range=[-0.02, 3.05], tickvals=[0.5, 1.5, 2.5], ticktext=[label(name, language) for name in SHADES], side="top",
        showgrid=False, zeroline=False,
    )  # fmt: skip
    below = [message("scores_narrow", language)]
    below += [message("scores_turned", language)] if any(model.direction == "lower" for model in known) else []
    below += [message("scores_illustrative_note", language)] if any(model.illustrative for model in known) else []
    if without:
        below += [message("scores_without", language) + message("colon", language).rstrip(), *without]
    return _lines_below(figure, below)


def _without(rows: Sequence[Mapping[str, Any]], language: str | None) -> list[str]:
    """Models without a score, those with one reason together."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        reasons.setdefault(score_reason(row, language), []).append(label(str(row["model"]), language))
    return [f"{', '.join(names)}{message('colon', language)}{reason}" for reason, names in reasons.items()]


def _model_name(row: Mapping[str, Any], model: Model, language: str | None) -> str:
    turned = " ↓" if model.direction == "lower" else ""
    name = escape(label(model.key, language) + turned, quote=False)
    if not row["illustrative"]:
        return f"<b>{name}</b>"
    return f'{name}<br><span style="color:{GREY};font-size:10px">{message("scores_illustrative", language)}</span>'


def _ends(model: Model) -> tuple[float, float]:
    """Where the failing zone ends and the sound one starts on a scale of 3."""
    single = model.sound_cut != model.sound_cut or model.sound_cut == model.fail_cut
    return (1.5, 1.5) if single else (1.0, 2.0)


def _score_place(value: Any, model: Model) -> float | None:
    """Place of a score: straight between the cut-offs, ever tighter beyond them."""
    if is_blank(value):
        return None
    sign = 1.0 if model.direction == "higher" else -1.0
    cuts = [model.fail_cut, model.fail_cut if _ends(model)[0] == 1.5 else model.sound_cut]
    if model.link == "logistic":  # a cut-off on the probability, drawn where the score has it
        cuts = [math.log(cut / (1 - cut)) for cut in cuts]
    low, high = (sign * cut for cut in cuts)
    failing, sound = _ends(model)
    worth, unit = sign * float(value), (high - low) or 1.0
    if worth < low:
        return failing * unit / (unit + low - worth)
    if worth > high:
        return sound + (3 - sound) * (worth - high) / (unit + worth - high)
    return failing if high == low else failing + (sound - failing) * (worth - low) / (high - low)


def _strip(figure: go.Figure, place: int, model: Model, language: str | None) -> None:
    """Zones of one model and its cut-offs under them."""
    failing, sound = _ends(model)
    zones = [(0.0, failing, "failing"), (failing, sound, "uncertain"), (sound, 3.0, "sound")]
    for start, end, name in zones:
        if end > start:
            figure.add_shape(type="rect", x0=start, x1=end, y0=place - 0.26, y1=place + 0.26, layer="below",
                             line={"width": 0}, fillcolor=SHADES[name])  # fmt: skip
    cuts = {failing: model.fail_cut} | ({sound: model.sound_cut} if sound > failing else {})
    for at, value in cuts.items():
        figure.add_annotation(x=at, y=place + 0.41, text=cut_text(model, value, language), showarrow=False,
                              font={"size": 10, "color": "#4a5b6c"})  # fmt: skip


def _score_marks(
    figure: go.Figure,
    rows: Sequence[Mapping[str, Any]],
    earlier: Sequence[Any],
    known: Sequence[Model],
    language: str | None,
) -> None:
    """Scores in words to the right, then the hollow marks of the year before and those of the year."""
    texts = [_score_said(row, model, language) for row, model in zip(rows, known)]
    figure.add_scatter(x=[3.04] * len(rows), y=list(range(len(rows))), mode="text", textposition="middle right",
                       text=texts, hoverinfo="skip", cliponaxis=False)  # fmt: skip
    hollow = {"symbol": "circle-open", "size": 12, "color": CREDIT, "line": {"width": 2}}
    full = {"symbol": "diamond", "size": 12, "color": MARK, "line": {"color": "white", "width": 1}}
    for values, marker in ((earlier, hollow), ([row["score"] for row in rows], full)):
        places = [_score_place(value, model) for value, model in zip(values, known)]
        if all(place is None for place in places):
            continue
        hover = [
            f"{escape(label(model.key, language), quote=False)}<br>{score_text(value, language)}"
            f"<br>{escape(cuts_in_words(model, language), quote=False)}"
            for value, model in zip(values, known)
        ]
        figure.add_scatter(x=places, y=list(range(len(rows))), mode="markers", marker=marker, hovertext=hover,
                           hoverinfo="text")  # fmt: skip


def _score_said(row: Mapping[str, Any], model: Model, language: str | None) -> str:
    """Score, with its probability where the cut-off is one, over its class: narrow enough for a printed page."""
    judged = escape(label(str(row["class"]), language), quote=False)
    if model.link == "logistic" and not is_blank(row.get("probability")):
        chance = words.percent(row["probability"], 1, language)
        return f"<b>{score_text(row['score'], language)}</b>{HARD} (P = {chance})<br>{judged}"
    return f"<b>{score_text(row['score'], language)}</b><br>{judged}"


def scores_over_years(found: pd.DataFrame, language: str | None = None) -> go.Figure:
    """Class of each model at each closing date, the score written in its cell.

    Parameters
    ----------
    found : pandas.DataFrame
        Result of :func:`cmtools.score` for one company.
    language : {"fr", "en"}, optional

    Returns
    -------
    plotly.graph_objects.Figure
        A grey cell is a score that could not be computed.

    Raises
    ------
    InputError
        If the table holds several companies, or a model twice for one year.

    Examples
    --------
    >>> years = pd.DataFrame({"company_id": "A", "year_end": pd.to_datetime(["2024-12-31", "2025-12-31"]),
    ...     "model": "taffler", "score": [1.5, -0.25], "class": ["sound", "failing"], "illustrative": True})
    >>> [list(row) for row in scores_over_years(years, "en").data[0].z]
    [[3, 1]]
    """
    rows = records(one_company(found))
    first = {name: rows[0].get(name) for name in ("company_id", "company_name")} if rows else {}
    figure = figure_of(message("chart_scores_years", language), who(first, language), language, 100)
    if not any(not is_blank(row["score"]) for row in rows):
        return say_instead(figure, message("scores_none" if rows else "scores_empty", language))
    dates = sorted({row["year_end"] for row in rows if not is_blank(row.get("year_end"))}) or [None]
    cells = {(row["model"], row.get("year_end")): row for row in rows}
    if len(cells) < len(rows):
        raise InputError([Defect("one_year_expected", "fatal", value=str(len(rows)))])
    known = [model for key, model in all_models().items() if any(key == row["model"] for row in rows)]
    grades = {"failing": 1, "uncertain": 2, "sound": 3}
    table = [[cells.get((model.key, date), {}) for date in dates] for model in known]
    colours = [SOFT, *SHADES.values()]
    figure.add_heatmap(
        x=list(range(len(dates))),
        y=list(range(len(known))),
        z=[[grades.get(str(row.get("class")), 0) for row in line] for line in table],
        text=[[_cell_text(row, language) for row in line] for line in table],
        texttemplate="%{text}",
        textfont={"size": 12, "color": MARK},
        colorscale=[[edge / 4, colour] for rank, colour in enumerate(colours) for edge in (rank, rank + 1)],
        zmin=-0.5,
        zmax=3.5,
        showscale=False,
        xgap=3,
        ygap=3,
        hovertext=[[_cell_hover(row, model, language) for row in line] for model, line in zip(known, table)],
        hoverinfo="text",
    )
    names = [_model_name({"illustrative": model.illustrative}, model, language) for model in known]
    _names_to_the_left(figure, names, 36, 100)
    figure.update_yaxes(range=[len(known) - 0.5, -0.5])
    figure.update_xaxes(tickvals=list(range(len(dates))), ticktext=[words.day(date, language) for date in dates],
                        side="top", showgrid=False, zeroline=False)  # fmt: skip
    _keys(figure, {label(name, language): colour for name, colour in {**SHADES, "no_score": SOFT}.items()})
    return figure


def _cell_text(row: Mapping[str, Any], language: str | None) -> str:
    if is_blank(row.get("score")):
        return message("chart_not_computable", language)
    return score_text(row["score"], language)


def _cell_hover(row: Mapping[str, Any], model: Model, language: str | None) -> str:
    head = escape(label(model.key, language), quote=False)
    if is_blank(row.get("score")):
        return f"{head}<br>{escape(score_reason(row, language), quote=False)}" if row else head
    judged = escape(label(str(row["class"]), language), quote=False)
    return f"{head}<br>{score_text(row['score'], language)} {judged}<br>{escape(cuts_in_words(model, language))}"


def contributions(found: pd.DataFrame, language: str | None = None) -> go.Figure:
    """From the constant of one model to its score, an input at a time, with the cut-offs.

    Parameters
    ----------
    found : pandas.DataFrame
        Result of :func:`cmtools.contributions` for one company and one model;
        the latest year is drawn.
    language : {"fr", "en"}, optional

    Returns
    -------
    plotly.graph_objects.Figure
        Green bars move towards safety, red ones towards danger, whichever
        sign that is for the model. Where an input is unknown there is no
        score, and the figure says which.

    Raises
    ------
    InputError
        If the table holds several companies or several models.

    Examples
    --------
    >>> rows = pd.DataFrame({"model": "altman_other", "input": ["wc_ta", "re_ta", "ebit_ta", "bve_tl"],
    ...     "value": [0.2, 0.1, 0.05, 0.5], "coefficient": [6.56, 3.26, 6.72, 1.05],
    ...     "contribution": [1.312, 0.326, 0.336, 0.525]})
    >>> [round(value, 3) for value in contributions(rows, "en").data[0].x]
    [1.312, 0.326, 0.336, 0.525, 2.499]
    """
    rows = records(one_company(found))
    keys = list(dict.fromkeys(str(row["model"]) for row in rows))
    if len(keys) != 1:
        raise InputError([Defect("one_model_expected", "fatal", value=", ".join(keys) or "–")])
    model = all_models()[keys[0]]
    dates = [row["year_end"] for row in rows if not is_blank(row.get("year_end"))]
    rows = [row for row in rows if not dates or row["year_end"] == max(dates)]
    title = message("chart_contributions", language, model=escape(label(model.key, language), quote=False))
    figure = figure_of(title, who(rows[0], language), language, 100)
    unknown = [str(row["input"]) for row in rows if is_blank(row["contribution"])]
    if unknown:
        named = ", ".join(label(name, language) for name in unknown)
        return say_instead(figure, message("contributions_none", language, inputs=named))
    constant = model.constant * model.scale
    steps = [(message("chart_constant", language), constant)] if constant else []
    for row in rows:
        value = input_text(str(row["input"]), row["value"], language)
        steps.append((f"{label(str(row['input']), language)} ({value})", float(row["contribution"])))
    _contribution_bars(figure, steps, model, language)
    return figure


def _contribution_bars(
    figure: go.Figure, steps: Sequence[tuple[str, float]], model: Model, language: str | None
) -> None:
    level, starts = 0.0, []
    for _, amount in steps:
        starts.append(level)
        level += amount
    names = [*(name for name, _ in steps), label("score", language)]
    amounts = [*(amount for _, amount in steps), level]
    starts.append(0.0)
    safer = 1 if model.direction == "higher" else -1
    colours = [NOT_DUE if safer * amount >= 0 else LATE[2] for amount in amounts[:-1]] + [TOTAL]
    if model.constant:
        colours[0] = CREDIT
    figure.add_bar(
        y=list(range(len(amounts))), x=amounts, base=starts, orientation="h", width=0.62,
        marker={"color": colours, "line": {"color": colours, "width": 1}},
        hovertext=[f"{escape(name, quote=False)}<br>{score_text(amount, language)}"
                   for name, amount in zip(names, amounts)],
        hoverinfo="text", showlegend=False,
    )  # fmt: skip
    ends = [start + amount for start, amount in zip(starts, amounts)]
    texts = [f"{'+' if amount > 0 else ''}{score_text(amount, language)}" for amount in amounts[:-1]]
    texts.append(f"<b>{score_text(level, language)}</b>")
    for place, (text, right) in enumerate(zip(texts, map(max, starts, ends))):
        _beside(figure, right, place, text)
    cuts = [model.fail_cut] + ([] if _ends(model)[0] == 1.5 else [model.sound_cut])
    at = [math.log(cut / (1 - cut)) if model.link == "logistic" else cut for cut in cuts]
    low, high = min([0.0, *starts, *ends, *at]), max([0.0, *starts, *ends, *at])
    span = (high - low) or 1.0
    marks = [(place, f"{label(name, language)}{message('colon', language)}{cut_text(model, cut, language)}")
             for place, cut, name in zip(at, cuts, ("failing", "sound"))]  # fmt: skip
    _upright_lines(figure, marks, (low + high) / 2, (LOST, NOT_DUE))
    _names_to_the_left(figure, [_wrapped(name) for name in names[:-1]] + [f"<b>{names[-1]}</b>"], 38, 130)
    figure.update_xaxes(range=[low - 0.05 * span, high + 0.14 * span], tickformat=",.2~f", nticks=7, zeroline=True,
                        zerolinecolor=TOTAL)  # fmt: skip
    keys = {"contributions_safer": NOT_DUE, "contributions_riskier": LATE[2]}
    _keys(figure, {message(key, language): colour for key, colour in keys.items()})


def _beside(figure: go.Figure, at: float, place: float, text: str) -> None:
    """Text to the right of a bar, readable over the lines of the plot."""
    figure.add_annotation(x=at, y=place, text=text, showarrow=False, xanchor="left", xshift=3, borderpad=1,
                          bgcolor="rgba(255,255,255,0.85)", font={"size": 12})  # fmt: skip


def _keys(figure: go.Figure, colours: Mapping[str, str]) -> None:
    """A key of colours under the plot, which grows by its room."""
    for name, colour in colours.items():
        figure.add_scatter(x=[None], y=[None], mode="markers", name=name, showlegend=True,
                           marker={"symbol": "square", "size": 12, "color": colour})  # fmt: skip
    figure.update_layout(
        showlegend=True, legend=LEGEND | {"yref": "container", "y": 0.01, "yanchor": "bottom", "x": 0}, margin_b=62,
        height=figure.layout.height + 42,
    )  # fmt: skip


def _upright_lines(
    figure: go.Figure, marks: Sequence[tuple[float, str]], middle: float, colours: Sequence[str]
) -> None:
    """Dotted lines across the rows, each named above the plot on a line of its own, towards the middle."""
    for rank, ((at, text), colour) in enumerate(zip(marks, colours)):
        figure.add_shape(type="line", x0=at, x1=at, y0=0, y1=1, yref="paper", layer="below",
                         line={"color": colour, "width": 1.6, "dash": "dot"})  # fmt: skip
        figure.add_annotation(
            x=at, y=1, yref="paper", yanchor="bottom", yshift=15 * (len(marks) - 1 - rank),
            xanchor="left" if at <= middle else "right", text=escape(text, quote=False), showarrow=False,
            font={"size": 11, "color": colour},
        )  # fmt: skip


# ---------------------------------------------------------------- grid

FAMILIES = {"financial": LINES[0], "behaviour": LATE[1], "qualitative": NOT_DUE, "external": CREDIT}


def grid(found: Rating, language: str | None = None, currency: str = "EUR") -> go.Figure:
    """The rating on its scale of 1 to 10, and what each criterion brings to the score, by family.

    Parameters
    ----------
    found : Rating
        As :func:`cmtools.rate` gives it.
    language : {"fr", "en"}, optional
    currency : str, default "EUR"

    Returns
    -------
    plotly.graph_objects.Figure
        Each bar is weight x points; the pale bar behind is what ten points
        would bring. A diamond stands at the rating, a hollow one at the rating
        before the veto rules, a line over the range that what is unknown
        leaves open. Below: the rating in words, with the vetoes.

    Examples
    --------
    >>> from cmtools.rating import rate
    >>> figure = grid(rate({"insolvency_proceedings": "liquidation"}), "en")
    >>> list(figure.data[-1].x)
    [1]
    """
    rows = [row for row in records(found.table) if row["weight"] > 0]
    known = [row for row in rows if not is_blank(row["points"])]
    figure = figure_of(message("chart_grid", language), "", language, 60)
    names: list[str] = []
    places: list[int] = []
    for family in FAMILIES:
        mine = [row for row in known if row["family"] == family]
        if mine:
            names.append(f"<b>{escape(label(family, language), quote=False)}</b>")
        for row in mine:
            places.append(len(names))
            names.append(_wrapped(label(str(row["criterion"]), language), 38))
    ordered = [row for family in FAMILIES for row in known if row["family"] == family]
    whole = [10 * float(row["weight"]) / found.known_weight for row in ordered] if ordered else []
    said = [f"{value_text(row, language, currency)} → {words.number(row['points'], 0, language)}{HARD}/{HARD}10"
            for row in ordered]  # fmt: skip
    for amounts, colours in (
        (whole, [PALE] * len(ordered)),
        ([float(row["contribution"]) for row in ordered], [FAMILIES[str(row["family"])] for row in ordered]),
    ):
        figure.add_bar(
            y=places, x=amounts, orientation="h", width=0.62, marker_color=colours, hoverinfo="text",
            hovertext=[f"{escape(label(str(row['criterion']), language), quote=False)}<br>{escape(text, quote=False)}"
                       for row, text in zip(ordered, said)],
        )  # fmt: skip
    for place, amount, text in zip(places, whole, said):
        _beside(figure, amount, place, escape(text, quote=False))
    _names_to_the_left(figure, names, 25, 60)
    most = max(whole, default=1.0)
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(range=[0, 1.65 * most], tickformat=",.1~f", nticks=6,
                        title={"text": message("grid_axis", language), "font": {"size": 11}})  # fmt: skip
    _rating_strip(figure, found, len(names), language)
    return _lines_below(figure, explain_rating(found, language, currency), shift=48 if known else 8)


def _rating_strip(figure: go.Figure, found: Rating, rows: int, language: str | None) -> None:
    """Ten cells above the bars, from the worst rating to the best, with the marks of the rating."""
    bars, strip, between = 25 * rows, 58, 26
    whole = bars + strip + between
    figure.update_layout(height=60 + 20 + whole, margin={"t": 60, "b": 20})
    hidden = {"showgrid": False, "zeroline": False, "showticklabels": False, "fixedrange": True}
    figure.update_layout(
        yaxis={"domain": [0, bars / whole], "visible": bool(rows)}, xaxis={"visible": bool(rows)},
        yaxis2=hidden | {"range": [-1.1, 1], "domain": [1 - strip / whole, 1], "anchor": "x2"},
        xaxis2=hidden | {"range": [0.5, 10.5], "anchor": "y2"},
    )  # fmt: skip
    for rating in range(1, 11):
        shade = ZONES["weak"] if rating <= 4 else ZONES["average"] if rating <= 6 else ZONES["good"]
        out = rating > found.cap
        figure.add_shape(
            type="rect", x0=rating - 0.5, x1=rating + 0.5, y0=-0.3, y1=0.9, xref="x2", yref="y2", layer="below",
            line={"width": 1, "color": "white"}, fillcolor=SOFT if out else shade,
        )  # fmt: skip
        figure.add_annotation(x=rating, y=-0.35, xref="x2", yref="y2", yanchor="top", showarrow=False,
                              text=str(rating), font={"size": 11, "color": CREDIT if out else MARK})  # fmt: skip
    axes = {"xaxis": "x2", "yaxis": "y2", "hoverinfo": "skip"}
    if found.missing and found.cap > 1:
        figure.add_scatter(x=[found.lowest, found.highest], y=[0.3, 0.3], mode="lines", **axes,
                           line={"color": GREY, "width": 2})  # fmt: skip
    hollow = {"symbol": "diamond-open", "size": 15, "color": GREY, "line": {"width": 2}}
    full = {"symbol": "diamond", "size": 17, "color": MARK, "line": {"color": "white", "width": 1}}
    for given, marker in ((found.uncapped, hollow), (found.rating, full)):
        figure.add_scatter(x=[given], y=[0.3], mode="markers", marker=marker, **axes)


# ---------------------------------------------------------------- limits

ROLES = {"need": LINES[0], "cap": NOT_DUE, "ceiling": TOTAL, "reference": PALE, "cover": LATE[1]}


def limits(methods: pd.DataFrame, proposal: Proposal | None = None, language: str | None = None) -> go.Figure:
    """Every method that gives an amount, with the amount asked for and the proposal as lines.

    Parameters
    ----------
    methods : pandas.DataFrame
        Result of :func:`cmtools.limits.methods`.
    proposal : Proposal, optional
        As :func:`cmtools.limits.proposal` gives it: its amount and the request
        are drawn, and the method that bounds it is bold.
    language : {"fr", "en"}, optional

    Returns
    -------
    plotly.graph_objects.Figure
        Colours tell what a method is for: need, cap, own ceiling, reference,
        cover. Methods without an amount are listed below, with the reason.

    Examples
    --------
    >>> from cmtools.limits import Need, methods
    >>> table = methods(pd.DataFrame({"capitaux_propres": [300_000.0]}), "2026-06-30", need=Need(20_000, 45))
    >>> figure = limits(table, language="en")
    >>> [amount for bar in figure.data if bar.type == "bar" for amount in bar.x], figure.layout.xaxis.title.text
    ([30000.0, 30000.0], 'EUR')
    """
    told = {str(row["method"]): row for row in records(explain_limits(methods, language))}
    rows = [row for row in records(methods) if not is_blank(row["amount"])]
    marks = [] if proposal is None else [
        (amount, name, colour) for amount, name, colour in (
            (proposal.asked, "limit_line_asked", LATE[3]), (proposal.amount, "limit_line_proposed", MARK),
        ) if amount is not None
    ]  # fmt: skip
    first = records(methods)[0] if len(methods) else {}
    scale = scale_of([row["amount"] for row in rows] + [amount for amount, *_ in marks], first, language)
    figure = figure_of(message("chart_limits", language), "", language, 60)
    without = [f"{label(str(row['method']), language)}{message('colon', language)}{told[row['method']]['lim_remark']}"
               for row in records(methods) if is_blank(row["amount"])]  # fmt: skip
    if not rows:
        figure.update_xaxes(visible=False).update_yaxes(visible=False).update_layout(height=80, margin={"l": LEFT})
        return _lines_below(figure, [message("limits_none", language), *without], shift=-4)
    bounding = None if proposal is None else proposal.method
    top, cut = _reach(rows, [amount for amount, *_ in marks])
    lines = [
        (amount / scale.size, f"{message(name, language)}{message('colon', language)}{_whole(scale, amount, 0)}")
        for amount, name, _ in marks
    ]
    _limit_bars(figure, rows, bounding, top, scale, language)
    _upright_lines(figure, lines, top / scale.size / 2, [colour for *_, colour in marks])
    figure.update_xaxes(range=[0, 1.15 * (top or 1.0) / scale.size], tickformat=",.2~f", nticks=6,
                        title={"text": escape(scale.unit, quote=False), "font": {"size": 11}})  # fmt: skip
    _keys_at_once(figure, [str(row["role"]) for row in rows])
    if without:
        without.insert(0, message("limits_without", language) + message("colon", language).rstrip())
    if cut:
        without.insert(0, message("limits_cut", language))
    return _lines_below(figure, without, shift=102 if figure.layout.showlegend else 50)


def _reach(rows: Sequence[Mapping[str, Any]], marks: Sequence[float]) -> tuple[float, bool]:
    """Where the axis ends, and whether our own ceiling goes further: it would flatten all the others."""
    ceilings = [float(row["amount"]) for row in rows if row["role"] == "ceiling"]
    others = [*(float(row["amount"]) for row in rows if row["role"] != "ceiling"), *marks]
    top = max(others, default=0.0)
    if not ceilings or max(ceilings) <= 2 * top or not top:
        return max([top, *ceilings]), False
    return 1.1 * top, True


def _limit_bars(
    figure: go.Figure,
    rows: Sequence[Mapping[str, Any]],
    bounding: str | None,
    top: float,
    scale: Scale,
    language: str | None,
) -> None:
    for role, colour in ROLES.items():
        mine = [(place, row) for place, row in enumerate(rows) if row["role"] == role]
        if not mine:
            continue
        figure.add_bar(
            y=[place for place, _ in mine], x=[float(row["amount"]) / scale.size for _, row in mine],
            orientation="h", width=0.58, marker_color=colour, name=message(f"limit_role_{role}", language),
            hovertext=[f"{escape(label(str(row['method']), language), quote=False)}<br>{scale.whole(row['amount'])}"
                       for _, row in mine],
            hoverinfo="text",
        )  # fmt: skip
    for place, row in enumerate(rows):
        amount = float(row["amount"])
        text = scale.text(amount) if amount <= top else f"{scale.text(amount)} →"
        _beside(figure, (amount if amount <= top else 0.95 * top) / scale.size, place, text)
    names = [_wrapped(label(str(row["method"]), language)) for row in rows]
    names = [f"<b>{name}</b>" if row["method"] == bounding else name for name, row in zip(names, rows)]
    _names_to_the_left(figure, names, 34, 95)


def _keys_at_once(figure: go.Figure, names: Sequence[str]) -> None:
    """The legend of bars that have their own names, under the axis and its title."""
    plot = figure.layout.height - figure.layout.margin.t - figure.layout.margin.b
    place = {"yref": "paper", "y": -50 / plot, "yanchor": "top", "x": 0, "xanchor": "left"}
    figure.update_layout(barmode="overlay", showlegend=len(set(names)) > 1, legend=LEGEND | place)


# ---------------------------------------------------------------- exposure

OWED = {"open_invoices": LINES[0], "bills": "#5b8fc0", "to_invoice": PALE, "order_backlog": "#d6e3f0"}
RECEIVED = ("advances", "unallocated_receipts")


def exposure(row: Any, language: str | None = None) -> go.Figure:
    """What may be lost on one customer, part by part, against its limit and the insurer's.

    Parameters
    ----------
    row : pandas.DataFrame of one row, pandas.Series or mapping
        One row of :func:`cmtools.follow_up.exposure`.
    language : {"fr", "en"}, optional

    Returns
    -------
    plotly.graph_objects.Figure
        Parts owed are stacked, what was received is taken off, then come the
        exposure, what a guarantee secures (never taken off), the limit and the
        insurer's limit, each on a row of its own. Parts that are not given are
        named below: the exposure is then a minimum.

    Raises
    ------
    InputError
        If a table has not exactly one row.

    Examples
    --------
    >>> parts = {"open_invoices": 40_000.0, "order_backlog": 15_000.0, "advances": 5_000.0, "credit_limit": 45_000.0,
    ...          "exposure_amount": 50_000.0, "limit_state": "limit_over", "excess": 5_000.0, "not_given": "bills"}
    >>> figure = exposure(parts, "en")
    >>> [(bar.name, list(bar.base), list(bar.x)) for bar in figure.data][:3]
    [('Open invoices', [0.0], [40000.0]), ('Order backlog', [40000.0], [15000.0]),
     ('Advances received', [50000.0], [5000.0])]
    """
    found = one_row(row)
    said = [str(found[name]) for name in ("customer_name",) if not is_blank(found.get(name))]
    figure = figure_of(message("chart_exposure", language), "".join(said), language, 78)
    total = found.get("exposure_amount")
    if is_blank(total):
        return say_instead(figure, message("exposure_unknown", language))
    names = [*OWED, *RECEIVED, "exposure_amount", "secured", "credit_limit", "insurer_limit"]
    known = {name: float(found[name]) for name in names if not is_blank(found.get(name))}
    scale = scale_of(known.values(), found, language)
    rows: list[str] = [message("exposure_owed", language)]
    level = 0.0
    bars: list[tuple[str, int, float, float, str]] = []
    for name, colour in OWED.items():
        if known.get(name):
            bars.append((name, 0, level, known[name], colour))
            level += known[name]
    taken = [name for name in RECEIVED if known.get(name)]
    if taken:
        rows.append(message("exposure_received", language))
    for name, colour in zip(RECEIVED, ("#b9c6b0", "#9db38f")):
        if name in taken:
            level -= known[name]
            bars.append((name, 1, level, known[name], colour))
    singles = {"exposure_amount": TOTAL, "secured": CREDIT, "credit_limit": NOT_DUE, "insurer_limit": LATE[1]}
    for name, colour in singles.items():
        if name in known:
            bars.append((name, len(rows), 0.0, known[name], colour))
            rows.append(label(name, language))
    _exposure_bars(figure, bars, scale, language)
    _names_to_the_left(figure, [_wrapped(name) for name in rows], 40, 78)
    ends = [0.0, *(start for _, _, start, _, _ in bars), *(start + amount for _, _, start, amount, _ in bars)]
    low, high = min(ends) / scale.size, max(ends) / scale.size
    span = (high - low) or 1.0
    figure.update_xaxes(range=[low - (0.12 * span if low < 0 else 0), high + 0.16 * span], tickformat=",.2~f",
                        nticks=6, zeroline=True, zerolinecolor=TOTAL,
                        title={"text": escape(scale.unit, quote=False), "font": {"size": 11}})  # fmt: skip
    if known.get("credit_limit") is not None:
        figure.add_shape(
            type="line", x0=known["credit_limit"] / scale.size, x1=known["credit_limit"] / scale.size, y0=0, y1=1,
            yref="paper", layer="above", line={"color": LOST, "width": 1.6, "dash": "dot"},
        )  # fmt: skip
    _keys_at_once(figure, [name for name, *_ in bars if name in (*OWED, *RECEIVED)])
    return _lines_below(figure, _exposure_said(found, scale, language), shift=104 if figure.layout.showlegend else 50)


def _exposure_bars(
    figure: go.Figure, bars: Sequence[tuple[str, int, float, float, str]], scale: Scale, language: str | None
) -> None:
    for name, place, start, amount, colour in bars:
        figure.add_bar(
            y=[place], x=[amount / scale.size], base=[start / scale.size], orientation="h", width=0.58,
            name=label(name, language), marker={"color": colour, "line": {"color": "white", "width": 1}},
            hovertext=[f"{escape(label(name, language), quote=False)}<br>{scale.whole(amount)}"], hoverinfo="text",
            showlegend=name in (*OWED, *RECEIVED),
        )  # fmt: skip
    for place in dict.fromkeys(place for _, place, *_ in bars):
        mine = [(start, amount) for _, where, start, amount, _ in bars if where == place]
        sign = "-" if any(name in RECEIVED for name, where, *_ in bars if where == place) else ""
        whole = sum(amount for _, amount in mine)
        end = max(max(start, start + amount) for start, amount in mine)
        _beside(figure, max(end, 0.0) / scale.size, place, f"{sign}{scale.text(whole)}")


def _whole(scale: Scale, value: float, decimals: int = 2) -> str:
    """An amount that is not brought to the unit of the figure; plain text."""
    return words.money(value, scale.currency, scale.language, decimals).strip()


def _exposure_said(found: Mapping[str, Any], scale: Scale, language: str | None) -> list[str]:
    """Where the exposure stands, and what it lacks."""
    said = []
    state = found.get("limit_state")
    if not is_blank(state):
        excess = found.get("excess")
        over = "" if is_blank(excess) or not excess else _whole(scale, float(excess))
        judged = label(str(state), language)
        said.append(
            message("exposure_over", language, excess=over)
            if over
            else message("exposure_state", language, state=judged)
        )
    beyond = found.get("insurer_excess")
    if not is_blank(beyond) and beyond and beyond > 0:
        said.append(message("exposure_over_insurer", language, excess=_whole(scale, float(beyond))))
    lacking = str(found.get("not_given") or "").split()
    if lacking:
        named = ", ".join(label(name, language) for name in lacking)
        said.append(message("exposure_minimum", language, parts=named))
    return said


# ---------------------------------------------------------------- payment behaviour


def payment_history(
    history: pd.DataFrame, language: str | None = None, currency: str = "EUR", limit: float | None = None
) -> go.Figure:
    """What one customer owed at month-ends, and the part of it that was late.

    Parameters
    ----------
    history : pandas.DataFrame
        `history` of :class:`cmtools.credit_file.Behaviour`: `date`,
        `outstanding`, `overdue`, `overdue_rate` (fraction).
    language : {"fr", "en"}, optional
    currency : str, default "EUR"
    limit : float, optional
        Credit limit of today, drawn as a line.

    Returns
    -------
    plotly.graph_objects.Figure
        The rate is a line on the axis to the right, with a gap where nothing
        was outstanding.

    Examples
    --------
    >>> months = pd.DataFrame({"date": pd.to_datetime(["2026-05-31", "2026-06-30"]), "outstanding": [900.0, 1200.0],
    ...                        "overdue": [0.0, 300.0], "overdue_rate": [0.0, 0.25]})
    >>> figure = payment_history(months, "en")
    >>> list(figure.data[1].y), list(figure.data[2].y)
    ([0.0, 300.0], [0.0, 25.0])
    """
    history = history.sort_values("date")
    amounts = [*history["outstanding"], *history["overdue"], limit]
    scale = scale_of(amounts, {"currency": currency}, language)
    figure = figure_of(message("chart_payment_history", language), "", language, 60)
    if all(is_blank(value) for value in [*history["outstanding"], *history["overdue"]]):
        return say_instead(figure, message("history_none", language))
    names = time_axis(figure, history["date"], language)
    dates = [words.day(when, language) for when in history["date"]]
    for column, colour in (("outstanding", PALE), ("overdue", LATE[2])):
        values = drawn_values(history[column])
        figure.add_bar(
            x=names, y=[None if value is None else value / scale.size for value in values],
            name=label(column, language), marker_color=colour, hoverinfo="text",
            hovertext=[f"{when}<br>{label(column, language)}<br>{scale.whole(value)}"
                       for when, value in zip(dates, values)],
        )  # fmt: skip
    add_line(figure, LINES[1], "dot", **rate_line(history, "overdue_rate", names, language), yaxis="y2")
    if limit is not None and limit == limit:
        figure.add_hline(y=limit / scale.size, line={"color": LOST, "width": 1.6, "dash": "dot"})
        text = f"{label('credit_limit', language)}{message('colon', language)}{scale.text(limit)}"
        figure.add_annotation(x=0, xref="paper", xanchor="left", y=limit / scale.size, yanchor="bottom", text=text,
                              showarrow=False, font={"size": 11, "color": LOST},
                              bgcolor="rgba(255,255,255,0.85)")  # fmt: skip
    top = max(float(value) for value in amounts if not is_blank(value))
    figure.update_layout(
        barmode="overlay", bargap=0.25, showlegend=True, legend=LEGEND, height=380,
        yaxis={"tickformat": ",.2~f", "automargin": True, "zeroline": True, "zerolinecolor": TOTAL,
               "title": {"text": escape(scale.unit, quote=False), "font": {"size": 11}}},
        yaxis2=rates_on_the_right(language),
    )  # fmt: skip
    if min(float(value) for value in amounts if not is_blank(value)) >= 0:
        figure.update_layout(yaxis_range=[0, 1.1 * (top or 1.0) / scale.size])
    return figure


# ---------------------------------------------------------------- triptych

BOARDS: Mapping[str, Mapping[str, str]] = {
    "solidity": {"capitaux_propres": NOT_DUE, "dettes_financieres": LATE[1]},
    "profitability": {"ebe": LINES[0], "caf_additive": PALE, "resultat_net": TOTAL},
    "treasury": {"frng": LINES[0], "bfr": LATE[1], "tn": NOT_DUE},
}


def triptych(found: pd.DataFrame, language: str | None = None, currency: str = "EUR") -> go.Figure:
    """Solidity, profitability and treasury of one company side by side, up to three years.

    Parameters
    ----------
    found : pandas.DataFrame
        Result of :func:`cmtools.credit_file.triptych`; the main amounts are
        drawn, its other figures belong to the table.
    language : {"fr", "en"}, optional
    currency : str, default "EUR"

    Returns
    -------
    plotly.graph_objects.Figure
        The three panels have one scale, so that they can be compared. No bar
        where an amount is unknown.

    Examples
    --------
    >>> rows = pd.DataFrame({"board": "treasury", "figure": ["tn", "tn"], "value": [51.0, 1.0],
    ...                      "year_end": pd.to_datetime(["2024-12-31", "2025-12-31"])})
    >>> list(triptych(rows, "en").data[-1].y)
    [51.0, 1.0]
    """
    rows = records(found)
    drawn = {name for board in BOARDS.values() for name in board}
    known = [row for row in rows if row["figure"] in drawn and not is_blank(row["value"])]
    figure = figure_of(message("chart_triptych", language), "", language, 92)
    if not known:
        return say_instead(figure, message("triptych_none", language))
    scale = scale_of([row["value"] for row in known], {"currency": currency}, language)
    dates = sorted({row["year_end"] for row in rows if not is_blank(row["year_end"])})[-3:]
    values = {(row["figure"], row["year_end"]): float(row["value"]) for row in known}
    amounts = [value / scale.size for (_, date), value in values.items() if date in dates]
    low, high = min([0.0, *amounts]), max([0.0, *amounts])
    span = (high - low) or 1.0
    for rank, (board, names) in enumerate(BOARDS.items()):
        _panel(figure, rank, board, names, dates, values, scale)
    panels = {
        f"yaxis{'' if not rank else rank + 1}": {
            "range": [low - (0.08 * span if low < 0 else 0), high + 0.1 * span], "showticklabels": rank == 0,
            "anchor": "x" if not rank else f"x{rank + 1}", "zeroline": True, "zerolinecolor": TOTAL,
            "tickformat": ",.2~f", "automargin": rank == 0,
        }
        for rank in range(3)
    }  # fmt: skip
    figure.update_layout(**panels, barmode="group", bargap=0.22, height=400, showlegend=True, margin_b=105)
    figure.update_layout(yaxis_title={"text": escape(scale.unit, quote=False), "font": {"size": 11}})
    return figure


def _panel(
    figure: go.Figure,
    rank: int,
    board: str,
    names: Mapping[str, str],
    dates: Sequence[Any],
    values: Mapping[tuple[str, Any], float],
    scale: Scale,
) -> None:
    """One board: its bars, title and legend."""
    number = "" if not rank else str(rank + 1)
    start, end = rank * 0.345, rank * 0.345 + 0.31
    whens = [words.day(date, scale.language) for date in dates]
    told = [scale.text(values.get((name, date))) for name in names for date in dates]
    short = max(map(len, told)) <= (5 if len(names) < 3 else 4)  # longer ones would overlap; the table has them
    for name, colour in names.items():
        amounts = [values.get((name, date)) for date in dates]
        figure.add_bar(
            x=list(range(len(dates))), y=[None if amount is None else amount / scale.size for amount in amounts],
            xaxis=f"x{number}", yaxis=f"y{number}", legend=f"legend{number}",
            name=message(f"triptych_{name}", scale.language), marker_color=colour, hoverinfo="text",
            constraintext="none", cliponaxis=False, textangle=0, textposition="outside", textfont={"size": 9},
            text=["" if amount is None or not short else scale.text(amount) for amount in amounts],
            hovertext=[f"{when}<br>{escape(label(name, scale.language), quote=False)}<br>{scale.whole(amount)}"
                       for when, amount in zip(whens, amounts)],
        )  # fmt: skip
    figure.update_layout(
        {
            f"xaxis{number}": {
                "domain": [start, end], "anchor": f"y{number}", "tickvals": list(range(len(dates))),
                "ticktext": [when[3:] for when in whens], "showgrid": False, "zeroline": False,
                "range": [-0.6, max(len(dates), 2) - 0.4],
            },
            f"legend{number}": {
                "x": start, "xanchor": "left", "y": -0.1, "yanchor": "top", "font": {"size": 11},
                "traceorder": "normal",
            },
        }
    )  # fmt: skip
    figure.add_annotation(
        x=(start + end) / 2, y=1, xref="paper", yref="paper", yanchor="bottom", yshift=6, showarrow=False,
        text=f"<b>{escape(label(board, scale.language), quote=False)}</b>",
    )  # fmt: skip
