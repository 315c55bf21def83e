"""What-if control of the hidden cost: move what makes it, and the matrix and the components follow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ipywidgets as controls
import pandas as pd
from IPython.display import display

from cmtools import plots_costs as plots
from cmtools.costs import VAT_CASES, UnpaidCost, UnpaidInvoice, hidden_cost_matrix, unpaid_cost
from cmtools.forms_costs import cost_sentence
from cmtools.language import label, message
from cmtools.widgets import LONG, WIDE, panel, say

LOSSES = (1_000.0, 5_000.0, 10_000.0, 20_000.0, 50_000.0)
RATES = (0.05, 0.10, 0.15, 0.20, 0.25)
CASES = (*VAT_CASES, "receipts")


def hidden_cost(
    invoice: UnpaidInvoice | None = None,
    language: str | None = None,
    *,
    losses: tuple[float, ...] = LOSSES,
    rates: tuple[float, ...] = RATES,
) -> controls.Widget:
    """Move amount, margin, VAT, rate, days, hours and insured share; see the matrix and the components follow.

    Parameters
    ----------
    invoice : UnpaidInvoice, optional
        Where the controls start, and what they do not move; default: 6 000
        incl. VAT of 20 %, nothing else being known. What it does not tell
        starts at nil; an insured share applies to the amount excl. VAT unless
        it says otherwise.
    language : {"fr", "en"}, optional
    losses, rates : tuple of float
        Of the matrix, to which the full cost and the margin are added; their
        cell is framed.

    Returns
    -------
    ipywidgets.Widget

    Notes
    -----
    What the controls do not move and the invoice does not tell stays unknown,
    and takes the total away.
    """
    start = invoice or UnpaidInvoice(6_000, vat_rate=0.20)
    case = "receipts" if start.vat_regime == "receipts" else start.vat or "recoverable"
    top = 2 * 10.0 ** len(str(int(start.amount_incl_vat)))
    amount = _slider("cost_amount", start.amount_incl_vat, top / 400, top, top / 400, language)
    margin = _slider("cost_margin", start.margin_rate, 0.0, 1.0, 0.01, language, ".0%")
    vat = controls.Dropdown(
        options=[(label(f"vat_{one}", language), one) for one in CASES], value=case, style=WIDE,
        description=message("widget_cost_vat", language),
    )  # fmt: skip
    rate = _slider("cost_rate", start.financing_rate, 0.0, 0.25, 0.005, language, ".1%")
    days = _slider("cost_days", start.days, 0.0, 720.0, 10.0, language)
    hours = _slider("cost_hours", start.hours, 0.0, 60.0, 1.0, language)
    insured = _slider("cost_insured", start.insured_share, 0.0, 1.0, 0.05, language, ".0%")

    def draw() -> None:
        moved = replace(
            start, amount_incl_vat=amount.value, margin_rate=margin.value, financing_rate=rate.value, days=days.value,
            hours=hours.value, insured_share=insured.value, insured_on=start.insured_on or "excl_vat",
            vat="not_recoverable" if vat.value == "receipts" else vat.value,
            vat_regime="receipts" if vat.value == "receipts" else "debits",
        )  # fmt: skip
        cost = unpaid_cost(moved)
        say(cost_sentence(cost, language))
        matrix, marked = _around(cost, losses, rates)
        display(plots.hidden_cost_matrix(matrix, language, margin=moved.margin, currency=moved.currency, marked=marked))
        display(plots.unpaid_cost(cost, language))

    return panel([amount, margin, vat, rate, days, hours, insured], draw)


def _around(
    cost: UnpaidCost, losses: tuple[float, ...], rates: tuple[float, ...]
) -> tuple[pd.DataFrame, tuple[float, float] | None]:
    """The matrix with the full cost among its losses and the margin among its rates, and their cell."""
    margin, mine = float(cost.invoice.margin_rate or 0.0), cost.total or 0.0
    columns = sorted({*rates, margin})
    if mine <= 0:
        return hidden_cost_matrix(sorted(losses), columns), None
    return hidden_cost_matrix(sorted({*losses, mine}), columns), (mine, margin)


def _slider(
    key: str, value: float | None, low: float, high: float, step: float, language: str | None, written: str = ".0f"
) -> Any:
    """A slider from `low` to `high`, or beyond if it starts there."""
    start = float(value or 0.0)
    return controls.FloatSlider(
        value=start, min=min(low, start), max=max(high, start), step=step, style=WIDE, layout=LONG,
        description=message(f"widget_{key}", language), continuous_update=False, readout_format=written,
    )  # fmt: skip
