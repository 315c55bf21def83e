"""What-if control of a client's balance sheet: change a line, see the masses move."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

import ipywidgets as controls
import pandas as pd
from IPython.display import display

from cmtools import language as words
from cmtools import plots_statements as plots
from cmtools.display import is_blank
from cmtools.forms import one_row
from cmtools.formulas import base_line
from cmtools.language import label, message
from cmtools.lines import line_names, totals
from cmtools.statements import functional_balance as masses_of
from cmtools.widgets import panel, say

WIDE = {"description_width": "initial"}
LONG = {"width": "34em", "flex": "0 0 auto"}  # beside its name the default leaves a slider no room
# What the reader may change, and the lines that may carry it: the first known, or the largest known of a group.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "customers": ("clients",),
    "stocks": ("stock_marchandises", "stock_matieres", "stock_produits", "encours_biens", "encours_services"),
    "suppliers": ("fournisseurs",),
    "fixed_assets": (
        "installations_techniques", "constructions", "autres_immo_corp", "immo_corp_simplifie",
        "total_actif_immobilise",
    ),
    "equity": ("capital", "capitaux_propres"),
    "loans": ("emprunts_etab_credit", "emprunts_simplifie"),
    "overdraft": ("concours_bancaires", "emprunts_ct_origine"),
}  # fmt: skip
# Lines of the appendix that explain a line moved: customers that are sound, bank debts of more than a year.
DETAILS = {"clients": "autres_creances_clients", "emprunts_etab_credit": "emprunts_lt_origine"}
USES = ("customers", "stocks", "fixed_assets")
SHOWN = ("frng", "bfr", "tn")


def functional_balance(statements_row: Any, language: str | None = None, **options: Any) -> controls.Widget:
    """Change a line of the balance sheet by a slider; cash moves against it, and the masses follow.

    Parameters
    ----------
    statements_row : pandas.DataFrame of one row, pandas.Series or mapping
        One company-year of :class:`cmtools.Statements`.
    language : {"fr", "en"}, optional
    options
        Restatements of :func:`cmtools.functional_balance`.

    Returns
    -------
    ipywidgets.Widget
        Lines that the accounts do not give are not offered.

    Notes
    -----
    A balance sheet stays balanced, so that each change has a counterpart, which
    is cash; once cash is used up, the bank overdraft. Where the accounts do not
    tell overdrafts apart, the slider stops when cash is nil.
    """
    row = one_row(statements_row)
    currency = "" if is_blank(row.get("currency")) else str(row["currency"])
    offered = {key: line for key in CHOICES if (line := carrier(row, key))}
    if not offered or is_blank(row.get("disponibilites")):
        return controls.HTML(f"<p>{escape(message('widget_no_balance', language))}</p>")
    names = {key: message(f"widget_{key}", language) for key in offered}
    which = controls.Dropdown(
        options=[(text, key) for key, text in names.items()], description=message("widget_line", language), style=WIDE
    )
    change = controls.FloatSlider(
        value=0,
        min=-1,
        max=1,
        description=message("widget_change", language),
        style=WIDE,
        layout=LONG,
        continuous_update=False,
        readout_format=".0f",  # d3 knows no French thousands; the sentence below has them
    )
    before = masses_of(pd.DataFrame([row]), **options)

    def fit(_: object = None) -> None:
        """The slider to the line that is chosen, back at nil."""
        low, high, step = bounds(row, which.value)
        with change.hold_trait_notifications():
            change.value = 0.0
            change.min, change.max, change.step = min(low, 0.0), max(high, 0.0), step

    def draw() -> None:
        moved = with_change(row, which.value, change.value)
        after = masses_of(pd.DataFrame([moved]), **options)
        line = offered[which.value]
        say(_told(row, moved, line, names[which.value], currency, language))
        say(" ".join(_figure_moved(name, before, after, currency, language) for name in SHOWN))
        display(plots.great_masses(after, language))

    fit()
    which.observe(fit, names="value")  # before the drawing, which reads the bounds
    return panel([which, change], draw)


def carrier(row: Mapping[str, Any], key: str) -> str:
    """Line that carries a change: the largest known of its group, or the first known of the others; blank: none."""
    known = [name for name in CHOICES[key] if not is_blank(row.get(name))]
    if key == "fixed_assets":
        known = known[:-1] or known  # their total only where no line is known
    if not known:
        return ""
    return max(known, key=lambda name: float(row[name])) if key in ("stocks", "fixed_assets") else known[0]


def bounds(row: Mapping[str, Any], key: str) -> tuple[float, float, float]:
    """Least and largest change of a line, and a round step."""
    amount = max(float(row[carrier(row, key)]), 0.0)
    if key == "loans":  # what is an overdraft stays one
        amount = max(amount - float(row.get(carrier(row, "overdraft") or "", 0.0) or 0.0), 0.0)
    whole = [abs(float(row[name])) for name in ("total_actif", "total_passif") if not is_blank(row.get(name))]
    reach = max(amount, 0.1 * max(whole, default=0.0), 1.0)
    low, high = -amount, reach
    if not carrier(row, "overdraft"):
        cash = max(float(row["disponibilites"]), 0.0)
        low, high = (low, min(high, cash)) if key in USES else (max(low, -cash), high)
    step = 10.0 ** max(len(str(int(reach))) - 3, 0)
    return step * math.ceil(low / step), step * math.floor(high / step), step  # so that nil is a step


def with_change(row: Mapping[str, Any], key: str, change: float) -> dict[str, Any]:
    """Accounts after a change of one line and of its counterpart, cash first, then the overdraft.

    Parameters
    ----------
    row : mapping
        One company-year.
    key : str
        Of ``CHOICES``.
    change : float

    Returns
    -------
    dict
        Totals that hold the lines moved have moved with them.

    Examples
    --------
    A customer pays 100 later than planned:

    >>> after = with_change({"clients": 300.0, "disponibilites": 40.0, "concours_bancaires": 0.0,
    ...                      "emprunts_etab_credit": 200.0}, "customers", 100.0)
    >>> after["clients"], after["disponibilites"], after["concours_bancaires"], after["emprunts_etab_credit"]
    (400.0, 0.0, 60.0, 260.0)
    """
    line = carrier(row, key)
    moves: dict[str, float] = {line: change}
    if key == "overdraft":
        moves["emprunts_etab_credit"] = change  # bank debt holds its overdrafts
    if line in DETAILS:
        moves[DETAILS[line]] = change
    return paid_in_cash(row, moves, -change if key in USES else change)


def paid_in_cash(row: Mapping[str, Any], moves: Mapping[str, float], owed: float) -> dict[str, Any]:
    """Accounts after some lines have moved, cash taking what comes in (below nil: what goes out), then the overdraft.

    Parameters
    ----------
    row : mapping
        One company-year, with its cash.
    moves : mapping
        Change of each line; the totals that hold it follow.
    owed : float

    Returns
    -------
    dict
        Lines that the accounts do not give stay unknown.
    """
    moves, overdraft, cash = dict(moves), carrier(row, "overdraft"), float(row["disponibilites"])
    short = min(cash + owed, 0.0) - min(cash, 0.0) if overdraft else 0.0
    moves["disponibilites"] = owed - short
    if short:
        moves[overdraft] = moves.get(overdraft, 0.0) - short
        moves["emprunts_etab_credit"] = moves.get("emprunts_etab_credit", 0.0) - short
    short_term = moves.get(overdraft, 0.0)
    if overdraft == "concours_bancaires" and short_term:
        moves["emprunts_ct_origine"] = short_term  # where it is known, it holds the overdraft
    after = dict(row)
    for name, amount in _spread(moves).items():
        if name in after and not is_blank(after[name]):
            after[name] = float(after[name]) + amount
    return after


def _spread(moves: Mapping[str, float]) -> dict[str, float]:
    """Changes of lines with those of the totals and net values that hold them."""
    found = {name: amount for name, amount in moves.items() if amount}
    nets = {f"{name}_net": amount for name, amount in found.items() if f"{name}_net" in line_names()}
    found |= nets
    changed = True
    done: set[str] = set()
    while changed:
        changed = False
        for total in totals():
            parts = {name for name in total.parts.names if name in found}
            if total.name in found or total.name in done or not parts:
                continue
            if base_line(total.name) in DETAILS:
                continue  # moved by itself, its details beside it
            done.add(total.name)
            found[total.name] = sum(sign * found[name] for sign, name in total.parts.terms if name in found)
            changed = True
    return found


def _told(
    row: Mapping[str, Any], after: Mapping[str, Any], line: str, name: str, currency: str, language: str | None
) -> str:
    """The change in a sentence, with its counterpart."""

    def moved(key: str) -> dict[str, str]:
        return {
            "before": words.money(float(row[key]), currency, language, 0).strip(),
            "after": words.money(float(after[key]), currency, language, 0).strip(),
        }

    own = label(line, language)
    shown = name if name == own else f"{name} ({own})"
    text = message("widget_moved", language, line=shown, **moved(line))
    text += " " + message("widget_counterpart", language, **moved("disponibilites"))
    overdraft = carrier(row, "overdraft")
    if overdraft and overdraft != line and moved(overdraft)["before"] != moved(overdraft)["after"]:
        text += " " + message("widget_overdraft_moved", language, **moved(overdraft))
    return text


def _figure_moved(name: str, before: pd.DataFrame, after: pd.DataFrame, currency: str, language: str | None) -> str:
    old, new = (float(table[name].iloc[0]) for table in (before, after))
    amounts = {key: words.money(value, currency, language, 0).strip() for key, value in
               (("before", old), ("after", new))}  # fmt: skip
    short = label(f"short_{name}", language)
    if old != old:
        return message("widget_mass_unknown", language, name=short)
    key = "widget_mass_same" if round(new - old, 2) == 0 else "widget_mass_moved"
    return message(key, language, name=short, **amounts)
