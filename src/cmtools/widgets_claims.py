"""What-if control of late interest: move amount, dates, buyer and rate, and the statement follows."""

from __future__ import annotations

from datetime import date, timedelta

import ipywidgets as controls
import pandas as pd
from IPython.display import display

from cmtools import language as words
from cmtools.display import table
from cmtools.forms_claims import segments
from cmtools.interest import IMPUTATIONS, late_interest, recovery_indemnity
from cmtools.language import label, message
from cmtools.schemas import BUYERS
from cmtools.widgets import LONG, WIDE, panel, say


def interest(
    amount: float = 12_000.0,
    due: date = date(2026, 5, 15),
    days: int = 97,
    language: str | None = None,
) -> controls.Widget:
    """Late interest of one invoice, with a part payment on the way.

    Parameters
    ----------
    amount : float
        Incl. VAT, where the control starts.
    due : date
        Due date.
    days : int
        Days late on the day of payment.
    language : {"fr", "en"}, optional

    Returns
    -------
    ipywidgets.Widget

    Notes
    -----
    A part payment is made halfway through the delay. A contractual rate of nil means that the contract
    sets none.
    """
    how_much = controls.FloatSlider(
        amount, min=500, max=max(50_000.0, 2 * amount), step=500, readout_format=",.0f", **_named("amount", language)
    )
    until = controls.DatePicker(value=due, **_named("due", language))
    late = controls.IntSlider(days, 0, 730, 1, **_named("days", language))
    buyers = [(label(name, language), name) for name in BUYERS]
    who = controls.Dropdown(options=buyers, value="business", **_named("buyer", language))
    rate = controls.FloatSlider(0.0, min=0.0, max=0.2, step=0.005, readout_format=".1%", **_named("rate", language))
    part = controls.FloatSlider(0.0, min=0.0, max=1.0, step=0.05, readout_format=".0%", **_named("part", language))
    orders = [(message(f"widget_{name}", language), name) for name in IMPUTATIONS]
    order = controls.Dropdown(options=orders, value=IMPUTATIONS[0], **_named("order", language))

    def draw() -> None:
        if until.value is None:
            say(message("widget_no_date", language))
            return
        paid = until.value + timedelta(days=late.value)
        invoices, settlements, customers = _one(how_much.value, until.value, paid, part.value, who.value, rate.value)
        options = {"customers": customers, "imputation": order.value}
        found = late_interest(invoices, settlements, paid, unknown="blank", **options)
        indemnity = recovery_indemnity(invoices, settlements, paid, customers=customers)["indemnity"].sum()
        say(_sentence(found, float(indemnity), paid, who.value, language))
        if len(found):
            display(table(segments(found).drop(columns="document"), language))

    return panel([how_much, until, late, who, rate, part, order], draw)


def _named(name: str, language: str | None) -> dict[str, object]:
    more = {"continuous_update": False} if name in ("amount", "days", "rate", "part") else {}
    return {"description": message(f"widget_interest_{name}", language), "style": WIDE, "layout": LONG, **more}


def _one(
    amount: float, due: date, paid: date, part: float, buyer: str, rate: float
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Tables of one invoice, received by its buyer on its date, paid in two times."""
    issued, end = (pd.Timestamp(day) for day in (due - timedelta(days=30), due))
    invoices = pd.DataFrame(
        {
            "item_id": ["F1"],
            "customer_id": ["C1"],
            "issue_date": [issued],
            "receipt_date": [issued],
            "due_date": [end],
            "amount": [amount],
        }
    )
    first = round(amount * part, 2)
    halfway = due + (paid - due) // 2
    settlements = pd.DataFrame(
        {
            "item_id": ["F1", "F1"],
            "amount": [first, round(amount - first, 2)],
            "payment_date": pd.to_datetime([halfway, paid]),
        }
    )
    customers = pd.DataFrame({"customer_id": ["C1"], "buyer": [buyer], "late_rate": [rate or None]})
    return invoices, settlements, customers.astype({"late_rate": "float64"})


def _sentence(found: pd.DataFrame, indemnity: float, paid: date, buyer: str, language: str | None) -> str:
    if buyer == "consumer":
        return message("widget_interest_consumer", language)
    if found.empty:
        return message("widget_interest_none", language)
    known = found["interest"].sum()
    values = {
        "date": words.day(paid),
        "interest": words.money(known, "EUR", language),
        "indemnity": words.money(indemnity, "EUR", language),
        "total": words.money(known + indemnity, "EUR", language),
    }
    said = message("widget_interest_total", language, **values)
    unknown = found[found["reason"].notna()]
    if len(unknown):
        said += " " + message("widget_interest_unknown", language, date=words.day(unknown["start"].min()))
    return said
