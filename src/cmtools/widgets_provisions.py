"""What-if control of the lesson on allowances: it calls the calculations and draws their figure."""

from __future__ import annotations

from collections.abc import Mapping

import ipywidgets as controls
import pandas as pd
from IPython.display import display

from cmtools import language as words
from cmtools import plots_provisions, provisions
from cmtools.language import label, message
from cmtools.widgets import LONG, WIDE, panel, say


def allowances(
    claims: pd.DataFrame,
    insolvent: pd.DataFrame,
    balances: pd.DataFrame,
    rates: pd.DataFrame,
    ageing: Mapping[str, float],
    language: str | None = None,
    currency: str = "EUR",
) -> controls.Widget:
    """The three methods, with other shares of loss and another forward-looking factor.

    Parameters
    ----------
    claims : pandas.DataFrame
        As :func:`cmtools.doubtful_claims` gives it.
    insolvent : pandas.DataFrame
        As :func:`cmtools.insolvencies` gives it.
    balances : pandas.DataFrame
        As :func:`cmtools.balances_by_bucket` gives it.
    rates : pandas.DataFrame
        As :func:`cmtools.loss_rates` gives it.
    ageing : mapping of bucket to float
        Shares of the ageing table.
    language : {"fr", "en"}, optional
    currency : str

    Returns
    -------
    ipywidgets.Widget
    """
    table = provisions.default_loss_shares()
    alone = _percent(label("doubtful_alone", language), table["none"])
    liquidated = _percent(label("liquidation", language), table["liquidation"])
    forward = controls.FloatSlider(
        value=1.0, min=0.0, max=3.0, step=0.1, description=label("forward_factor", language), style=WIDE, layout=LONG,
        continuous_update=False, readout_format=".1f",
    )  # fmt: skip

    def draw() -> None:
        shares = table | {"none": alone.value / 100, "liquidation": liquidated.value / 100}
        found = compared(claims, insolvent, balances, rates, ageing, shares, forward.value)
        amounts = [words.money(amount, currency, language) for amount in found["allowance"]]
        say(message("widget_allowances", language, individual=amounts[0], ageing=amounts[1], ifrs=amounts[2]))
        display(plots_provisions.three_methods(found, language, currency))

    return panel([alone, liquidated, forward], draw)


def compared(
    claims: pd.DataFrame,
    insolvent: pd.DataFrame,
    balances: pd.DataFrame,
    rates: pd.DataFrame,
    ageing: Mapping[str, float],
    shares: Mapping[str, float],
    forward: float,
) -> pd.DataFrame:
    """The three methods for one set of assumptions.

    Examples
    --------
    >>> claims = pd.DataFrame([{"customer_id": "A", "currency": "EUR", "open_amount": 120.0, "open_excl_vat": 100.0}])
    >>> nobody = pd.DataFrame({"customer_id": [], "procedure": []})
    >>> balances = pd.DataFrame({"bucket": ["d1_30"], "gross": [300.0], "rest_exposure": [200.0]})
    >>> rates = pd.DataFrame({"bucket": ["d1_30"], "bucket_loss_rate": [0.1]})
    >>> compared(claims, nobody, balances, rates, {"d1_30": 0.2}, {"none": 0.5}, 1.5)["allowance"].tolist()
    [50.0, 60.0, 80.0]
    """
    individual = provisions.individual_allowances(claims, provisions.shares_by_procedure(claims, insolvent, shares))
    matrix = provisions.provision_matrix(balances, rates, forward)
    return provisions.allowances_compared(individual, provisions.ageing_allowances(balances, ageing), matrix)


def _percent(name: str, share: float) -> controls.IntSlider:
    return controls.IntSlider(
        value=round(100 * share), min=0, max=100, step=5, description=f"{name} (%)", style=WIDE, layout=LONG,
        continuous_update=False,
    )  # fmt: skip
