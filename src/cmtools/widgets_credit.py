"""What-if controls of scores, limits and grid for the lessons; each calls one calculation and draws its figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from html import escape
from typing import Any

import ipywidgets as controls
import pandas as pd
from IPython.display import display

from cmtools import grids, rating
from cmtools import language as words
from cmtools import limits as limit_methods
from cmtools import plots_credit as plots
from cmtools.display import is_blank, records
from cmtools.forms import one_company
from cmtools.forms_credit import score_text
from cmtools.language import label, message
from cmtools.scoring import score
from cmtools.widgets import panel, say
from cmtools.widgets_statements import CHOICES, LONG, WIDE, bounds, carrier, paid_in_cash, with_change

# Lines of the income statement that may be moved; what they do to the result, before tax, they do to equity and cash.
FLOWS: Mapping[str, tuple[str, ...]] = {
    "sales": ("production_vendue_services", "production_vendue_biens", "ventes_marchandises"),
    "purchases": ("autres_achats_charges_externes",),
    "staff": ("salaires",),
    "interest": ("interets_charges",),
}
REACH = 0.5  # share of a line by which it may be moved, up or down


def scores(statements: pd.DataFrame, language: str | None = None, **options: Any) -> controls.Widget:
    """Move a line of the latest accounts by some percent and see which models change their class.

    Parameters
    ----------
    statements : pandas.DataFrame
        Accounts of one company; the latest year is moved, the years before
        serve the models that need them.
    language : {"fr", "en"}, optional
    options
        Parameters of :func:`cmtools.score`.

    Returns
    -------
    ipywidgets.Widget
        Lines that the accounts do not give are not offered.

    Raises
    ------
    InputError
        If the table holds several companies.

    Notes
    -----
    Cash moves against every change, then the overdraft: the balance sheet
    stays balanced, without which there would be no score. A line of the income
    statement goes to the result and to equity whole, as if no tax were due.
    """
    table = one_company(statements).reset_index(drop=True)
    row = records(table)[-1] if len(table) else {}
    offered = {key: line for key in (*FLOWS, *CHOICES) if (line := line_of(row, key))}
    if not offered or is_blank(row.get("disponibilites")):
        return controls.HTML(f"<p>{escape(message('widget_no_balance', language))}</p>")
    names = {key: message(f"widget_{key}", language) for key in offered}
    which = controls.Dropdown(
        options=[(text, key) for key, text in names.items()], description=message("widget_line", language), style=WIDE
    )
    change = controls.FloatSlider(
        value=0, min=-REACH, max=REACH, step=0.01, description=message("widget_change", language), style=WIDE,
        layout=LONG, continuous_update=False, readout_format="+.0%",
    )  # fmt: skip
    before = score(table, **options)

    def fit(_: object = None) -> None:
        low, high = reach(row, which.value)
        with change.hold_trait_notifications():
            change.value, change.min, change.max = 0.0, min(low, 0.0), max(high, 0.0)

    def draw() -> None:
        moved = with_share(row, which.value, change.value)
        after = score(_with_last(table, moved), **options)
        line = offered[which.value]
        say(_moved(names[which.value], line, row, moved, language))
        say(_classes(before, after, language))
        display(plots.scores(_latest(after), language))

    fit()
    which.observe(fit, names="value")
    return panel([which, change], draw)


def line_of(row: Mapping[str, Any], key: str) -> str:
    """Line that carries a change: of the income statement the largest known one; blank: none."""
    if key not in FLOWS:
        return carrier(row, key)
    if any(is_blank(row.get(name)) for name in ("resultat_net", "resultat_bilan", "disponibilites")):
        return ""
    known = [name for name in FLOWS[key] if not is_blank(row.get(name)) and row[name]]
    return max(known, key=lambda name: float(row[name]), default="")


def reach(row: Mapping[str, Any], key: str) -> tuple[float, float]:
    """Least and largest change of a line, as shares of it, in whole percent."""
    amount = abs(float(row[line_of(row, key)]))
    if key in FLOWS:
        return -REACH, REACH
    if not amount:
        return 0.0, 0.0
    low, high, _ = bounds(row, key)
    return max(-REACH, int(100 * low / amount) / 100), min(REACH, int(100 * high / amount) / 100)


def with_share(row: Mapping[str, Any], key: str, share: float) -> dict[str, Any]:
    """Accounts after a line has moved by a share of itself, its counterpart in cash.

    Parameters
    ----------
    row : mapping
        One company-year.
    key : str
        Of ``FLOWS``, or of the lines of the balance sheet.
    share : float
        0.1: ten percent more.

    Examples
    --------
    Wages rise by a tenth:

    >>> row = {"salaires": 300.0, "resultat_net": 50.0, "resultat_bilan": 50.0, "disponibilites": 80.0,
    ...        "total_charges_exploitation": 900.0, "resultat_exploitation": 60.0, "capitaux_propres": 400.0}
    >>> after = with_share(row, "staff", 0.1)
    >>> [after[name] for name in ("salaires", "resultat_exploitation", "resultat_net", "capitaux_propres")]
    [330.0, 30.0, 20.0, 370.0]
    >>> after["disponibilites"]
    50.0
    """
    line = line_of(row, key)
    change = round(share * float(row[line]), 2)
    if key not in FLOWS:
        return with_change(row, key, change)
    gain = change if key == "sales" else -change
    return paid_in_cash(row, {line: change, "resultat_bilan": gain}, gain)


def _with_last(table: pd.DataFrame, row: Mapping[str, Any]) -> pd.DataFrame:
    """The accounts with their latest year replaced."""
    last = pd.DataFrame([{name: row.get(name) for name in table.columns}], index=table.index[-1:])
    return pd.concat([table.iloc[:-1], last.astype(table.dtypes.to_dict())])


def _latest(found: pd.DataFrame) -> pd.DataFrame:
    if "year_end" not in found or found["year_end"].isna().all():
        return found
    return found[found["year_end"] == found["year_end"].max()]


def _moved(name: str, line: str, row: Mapping[str, Any], after: Mapping[str, Any], language: str | None) -> str:
    currency = "" if is_blank(row.get("currency")) else str(row["currency"])
    own = label(line, language)
    amounts = {key: words.money(float(given[line]), currency, language, 0).strip() for key, given in
               (("before", row), ("after", after))}  # fmt: skip
    return message("widget_moved", language, line=name if name == own else f"{name} ({own})", **amounts)


def _classes(before: pd.DataFrame, after: pd.DataFrame, language: str | None) -> str:
    """Models whose class changed, with both scores; or that none did."""
    earlier = {str(row["model"]): row for row in records(_latest(before))}
    said = []
    for row in records(_latest(after)):
        old = earlier[str(row["model"])]
        if row["class"] == old["class"] or (is_blank(row["class"]) and is_blank(old["class"])):
            continue
        texts = {
            f"{when}_{name}": text
            for when, given in (("before", old), ("after", row))
            for name, text in (("score", score_text(given["score"], language)), ("class", _class(given, language)))
        }
        said.append(message("widget_class_changed", language, model=label(str(row["model"]), language), **texts))
    return " ".join(said) or message("widget_no_class_changed", language)


def _class(row: Mapping[str, Any], language: str | None) -> str:
    return message("chart_not_computable", language) if is_blank(row["class"]) else label(str(row["class"]), language)


def limit(
    accounts: pd.DataFrame,
    as_of: str | date,
    need: limit_methods.Need | None = None,
    language: str | None = None,
    *,
    risk_level: str = "B",
    levels: pd.DataFrame | None = None,
    seller_sales: float | None = None,
    asked: float | None = None,
) -> controls.Widget:
    """Move what makes the need, or the risk level, and see the methods and the proposal follow.

    Parameters
    ----------
    accounts : pandas.DataFrame of one row
        Accounts of the customer for one year.
    as_of : date or str
    need : Need, optional
        Where the controls start; default: 10 000 a month at 30 days.
    language : {"fr", "en"}, optional
    risk_level : str, default "B"
        Where the control starts.
    levels : pandas.DataFrame, optional
        As :func:`cmtools.grids.read_risk_levels` gives them.
    seller_sales, asked : float, optional
        See :func:`cmtools.limits.methods` and :func:`cmtools.limits.proposal`.

    Returns
    -------
    ipywidgets.Widget
    """
    start = need or limit_methods.Need(10_000.0, 30.0)
    known = records(grids.read_risk_levels() if levels is None else levels)
    monthly = start.monthly_purchases or 0.0
    step = 10.0 ** max(len(str(int(monthly))) - 2, 2)
    purchases = _slider("widget_monthly", monthly, max(3 * monthly, 10 * step), step, language)
    term = _slider("widget_term", start.term_days or 0.0, 90.0, 5.0, language)
    delay = _slider("widget_delay", start.usual_delay_days or 0.0, 90.0, 1.0, language, low=-30.0)
    level = controls.Dropdown(
        options=[str(row["risk_level"]) for row in known], value=risk_level, description=label("risk_level", language),
        style=WIDE,
    )  # fmt: skip

    def draw() -> None:
        chosen = next(row for row in known if row["risk_level"] == level.value)
        wanted = replace(
            start, monthly_purchases=purchases.value, term_days=term.value, usual_delay_days=delay.value, amount=None
        )
        shares = {name: None if is_blank(value) else value for name, value in chosen.items()}
        table = limit_methods.methods(accounts, as_of, need=wanted, level=shares, seller_sales=seller_sales)
        found = limit_methods.proposal(table, as_of, asked)
        say(_proposed(found, language))
        display(plots.limits(table, found, language))

    return panel([purchases, term, delay, level], draw)


def _proposed(found: limit_methods.Proposal, language: str | None) -> str:
    """Need and proposal in a sentence, with what bounds it."""
    method = label(found.method, language) if found.method else "–"
    why = message(f"limit_because_{found.reason}", language, method=method)
    if found.amount is None:
        return f"{message('limit_no_proposal', language)} {why}"
    given = {"need": found.need, "limit": found.amount}
    amounts = {name: words.money(value, found.currency, language, 0) for name, value in given.items()}
    return f"{message('widget_proposed', language, **amounts)} {why}"


def grid(
    values: Mapping[str, Any],
    language: str | None = None,
    *,
    reasons: Mapping[str, str] | None = None,
    given: grids.Grid | None = None,
    currency: str = "EUR",
) -> controls.Widget:
    """Move the weight of each family of criteria and see the rating follow.

    Parameters
    ----------
    values : mapping
        Value by criterion: see :func:`cmtools.rate`.
    language : {"fr", "en"}, optional
    reasons : mapping, optional
        See :func:`cmtools.rate`.
    given : Grid, optional
        As :func:`cmtools.read_grid` gives it; default: its own.
    currency : str, default "EUR"

    Returns
    -------
    ipywidgets.Widget
        Only the proportions of the weights count; within a family they stay.
    """
    chosen = grids.read_grid() if given is None else given
    shares = chosen.weights.groupby("family", sort=False)["weight"].sum()
    sliders = {
        str(family): controls.IntSlider(
            value=round(100 * share), min=0, max=100, step=5, description=label(str(family), language), style=WIDE,
            layout=LONG, continuous_update=False,
        )
        for family, share in shares.items()
    }  # fmt: skip
    before = rating.rate(values, chosen, reasons=reasons)

    def draw() -> None:
        asked = {family: slider.value for family, slider in sliders.items()}
        if not any(asked.values()):
            say(message("widget_no_weight", language))
            return
        found = rating.rate(values, reweighted(chosen, asked), reasons=reasons)
        say(_rated(before, found, language))
        display(plots.grid(found, language, currency))

    return panel(list(sliders.values()), draw)


def reweighted(grid: grids.Grid, shares: Mapping[str, float]) -> grids.Grid:
    """A grid whose families weigh these shares of the whole; within a family proportions stay.

    Examples
    --------
    >>> moved = reweighted(grids.read_grid(), {"financial": 1, "behaviour": 1, "qualitative": 0, "external": 0})
    >>> moved.weights.groupby("family")["weight"].sum().round(6).to_dict()
    {'behaviour': 0.5, 'external': 0.0, 'financial': 0.5, 'qualitative': 0.0}
    """
    weights = grid.weights
    own = weights.groupby("family")["weight"].transform("sum")
    part = weights["family"].map(dict(shares)).fillna(0.0) / sum(shares.values())
    return replace(grid, weights=weights.assign(weight=(weights["weight"] / own.where(own > 0) * part).fillna(0.0)))


def _rated(before: rating.Rating, after: rating.Rating, language: str | None) -> str:
    """Rating before and after, with the share of the weights that is known."""
    texts = {
        name: message("widget_not_rated", language) if found.rating is None else f"{found.rating} / 10"
        for name, found in (("before", before), ("after", after))
    }
    known = words.percent(after.known_weight, 0, language)
    return message("widget_rating_moved", language, known=known, **texts)


def _slider(
    key: str, value: float, high: float, step: float, language: str | None, low: float = 0.0
) -> controls.FloatSlider:
    return controls.FloatSlider(
        value=value, min=min(low, value), max=max(high, value), step=step, description=message(key, language),
        style=WIDE, layout=LONG, continuous_update=False, readout_format=".0f",
    )  # fmt: skip
