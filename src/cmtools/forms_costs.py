"""Costs of lateness and non-payment in words: one result in, one table or sentence out; no calculation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cmtools import language as words
from cmtools.costs import CompensatingSales, PaymentTermCost, UnpaidCost, costs_compared
from cmtools.display import is_blank, records
from cmtools.language import HARD, THIN, label, message, resolve

MONEY = ("amount_excl_vat", "vat_amount", "financed_amount", "hourly_cost", "insured_base")
RATES = ("lost_share", "financing_rate", "insured_share")
ENDS = ("cost_total", "compensating_sales")


def part_name(key: str, language: str | None = None) -> str:
    """Name of a component.

    Examples
    --------
    >>> part_name("lost_vat", "fr"), part_name("insurance", "en")
    ('TVA perdue', 'Insurance indemnity')
    """
    return label(key, language) if key in ENDS else message(f"cost_part_{key}", language)


def rate_text(value: float | None, language: str | None = None) -> str:
    """A rate with the decimals it needs, four at most.

    Examples
    --------
    >>> rate_text(0.1, "en"), rate_text(0.125, "en"), rate_text(1 / 6, "en")
    ('10%', '12.5%', '16.6667%')
    """
    if is_blank(value) or value is None:
        return "–"
    decimals = next((count for count in range(4) if abs(round(100 * value, count) - 100 * value) < 1e-9), 4)
    return words.percent(value, decimals, language)


def unpaid_cost(cost: UnpaidCost, language: str | None = None) -> pd.DataFrame:
    """Components of a cost with their formula, their figures and what must be known about them; the total last.

    Parameters
    ----------
    cost : UnpaidCost
    language : {"fr", "en"}, optional

    Returns
    -------
    pandas.DataFrame, one row per component, then the total
        `cost_part`, `formula`, `working`, `remark` (text, None where there is
        nothing to say), `cost_amount` (NaN: not known).

    Examples
    --------
    >>> from cmtools.costs import UnpaidInvoice, unpaid_cost as cost_of
    >>> cost = cost_of(UnpaidInvoice(6_000, 0.20, "recoverable", "debits", financing_rate=0.05, days=73))
    >>> shown = unpaid_cost(cost, "en").set_index("cost_part")
    >>> shown.loc["Financing", "working"].replace(HARD, " ")
    '6,000.00 × 5% × 73 / 365'
    >>> shown.loc["Time spent", "remark"]
    'not known: hours, cost of an hour'
    """
    rows = [[part_name(row["component"], language), message(row["formula"], language), working(row, language),
             row["amount"], remark(row, language) or None] for row in records(cost.table)]  # fmt: skip
    total = float("nan") if cost.total is None else cost.total
    rows.append([part_name("cost_total", language), "", "", total, _total_remark(cost, language) or None])
    table = pd.DataFrame(rows, columns=["cost_part", "formula", "working", "cost_amount", "remark"])
    return table.astype({"cost_amount": "float64", "remark": "object"})


def working(row: Mapping[str, Any], language: str | None = None) -> str:
    """Figures of a formula of several factors; blank where one is not known."""
    inputs = row["inputs"]
    if len(inputs) < 2 or any(is_blank(value) for value in inputs.values()):
        return ""
    factors = [_factor(name, value, language) for name, value in inputs.items() if name != "day_base"]
    base = f"{HARD}/ {words.integer(inputs['day_base'], language)}" if "day_base" in inputs else ""
    return f"{HARD}× ".join(factors) + base


def _factor(name: str, value: float, language: str | None) -> str:
    if name in RATES:
        return rate_text(value, language)
    decimals = 2 if name in MONEY or not float(value).is_integer() else 0
    return words.number(value, decimals, language)


def remark(row: Mapping[str, Any], language: str | None = None) -> str:
    """Why a component is not known, or what to know about it; blank: nothing."""
    if is_blank(row["reason"]):
        return ""
    names = [message(f"cost_input_{name}", language) for name in str(row["missing"]).split(", ") if name]
    return message(row["reason"], language, **({"missing": ", ".join(names)} if names else {}))


def _total_remark(cost: UnpaidCost, language: str | None) -> str:
    if cost.total is not None:
        return ""
    known = words.money(cost.known, cost.invoice.currency, language)
    return message("cost_partial", language, known=known)


def costs_side_by_side(costs: Mapping[str, UnpaidCost], language: str | None = None) -> pd.DataFrame:
    """Several costs as :func:`cmtools.costs.costs_compared` gives them, components in words.

    Examples
    --------
    >>> from cmtools.costs import UnpaidInvoice, vat_cases
    >>> costs_side_by_side(vat_cases(UnpaidInvoice(6_000, 0.20)), "en")["cost_part"].tolist()[:2]
    ['Loss excl. VAT', 'VAT lost']
    """
    table = costs_compared(costs)
    names = [part_name(key, language) for key in table["component"]]
    return table.rename(columns={"component": "cost_part"}).assign(cost_part=names)


def matrix(found: pd.DataFrame, language: str | None = None) -> pd.DataFrame:
    """The matrix of compensating sales with its rates as headings.

    Parameters
    ----------
    found : pandas.DataFrame
        As :func:`cmtools.hidden_cost_matrix` gives it.

    Returns
    -------
    pandas.DataFrame, one row per loss
        `loss_amount`, and a column named by each rate as the reader writes it.

    Examples
    --------
    >>> from cmtools.costs import hidden_cost_matrix
    >>> matrix(hidden_cost_matrix([5_000], [0.10, 0.125]), "en").columns.tolist()
    ['loss_amount', '10%', '12.5%']
    """
    table = found.reset_index().rename(columns={"loss": "loss_amount"})
    return table.set_axis(["loss_amount", *(rate_text(float(rate), language) for rate in found.columns)], axis=1)


def compensation_sentence(found: CompensatingSales, currency: str = "EUR", language: str | None = None) -> str:
    """Sales that make up a loss, with the name of the margin; or why there are none.

    Examples
    --------
    >>> from cmtools.costs import compensating_sales
    >>> compensation_sentence(compensating_sales(5_000, 0.10), "EUR", "en").replace(HARD, " ")
    'A loss of 5,000.00 EUR at a net margin of 10% on the price is made up by sales of 50,000.00 EUR excl. VAT.'
    """
    if found.sales is None or not found.loss:
        return message("cost_no_sales", language, reason=message(found.reason or "cost_loss_unknown", language))
    return message(
        f"cost_sales_{found.view}", language,
        loss=words.money(found.loss, currency, language), rate=rate_text(found.margin_rate, language),
        margin=message(f"cost_margin_{found.margin}", language), sales=words.money(found.sales, currency, language),
    )  # fmt: skip


def cost_sentence(cost: UnpaidCost, language: str | None = None) -> str:
    """Total of a cost and the sales that make it up, or what it lacks.

    Examples
    --------
    >>> from cmtools.costs import UnpaidInvoice, unpaid_cost as cost_of
    >>> cost_sentence(cost_of(UnpaidInvoice(6_000)), "en").split(":")[0]
    'The full cost is not computable; not known'
    """
    if cost.total is None:
        parts = "; " if resolve(language) == "en" else f"{THIN}; "
        return message(
            "cost_not_computable", language, parts=parts.join(_inside(name, language) for name in cost.unknown)
        )
    total = words.money(cost.total, cost.invoice.currency, language)
    return f"{message('cost_is', language, total=total)} {_made_up(cost, language)}"


def _inside(key: str, language: str | None) -> str:
    """Name of a component inside a sentence: a small first letter, unless it begins with initials."""
    name = part_name(key, language)
    return name if name[:2].isupper() else name[0].lower() + name[1:]


def _made_up(cost: UnpaidCost, language: str | None) -> str:
    found = cost.compensation
    if not found.sales:
        return message("cost_no_sales", language, reason=message(found.reason or "cost_no_loss", language))
    return message(
        "cost_made_up", language, sales=words.money(found.sales, cost.invoice.currency, language),
        rate=rate_text(found.margin_rate, language), margin=message(f"cost_margin_{found.margin}", language),
    )  # fmt: skip


def term_sentence(found: PaymentTermCost, days: float, language: str | None = None) -> str:
    """What a payment term costs, in percent of the price, of the margin, and what pays for it.

    Examples
    --------
    >>> from cmtools.costs import cost_of_payment_term
    >>> term_sentence(cost_of_payment_term(73, 0.05, vat_rate=0.2, margin_rate=0.1), 73, "en")
    '73 days cost 1.20% of the price excl. VAT, that is 12.0% of the margin; a price higher by 1.21% pays for them.'
    """
    if found.price_increase is None:
        return message("cost_no_term", language, reason=message(found.reason or "cost_vat_rate_unknown", language))
    key = "cost_term" if found.margin_eaten is None else "cost_term_margin"
    return message(
        key, language, days=words.integer(days, language), share=words.percent(found.share_of_price, 2, language),
        eaten=words.percent(found.margin_eaten, 1, language), increase=words.percent(found.price_increase, 2, language),
    )  # fmt: skip
