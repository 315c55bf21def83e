"""What lateness and non-payment cost: compensating sales, the full cost of an unpaid invoice, a day, a payment term.

Amounts are rounded to the cent, half a cent upwards; rates are fractions. What was not
given is unknown, never nil: the figure that needs it is not computable and says what
it lacks. Rules COST-*: see ``GLOSSARY.md``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

import pandas as pd

from cmtools.limits import Checks, missing

VIEWS = ("profit", "outlay")
MARGINS = ("net", "operating", "contribution")
VAT_CASES = ("recoverable", "not_yet", "not_recoverable")
VAT_REGIMES = ("debits", "receipts")
VAT_BASES = ("excl_vat", "incl_vat")
UNTIL_PROOF = ("counted", "awaited")
DAY_BASES = (360, 365, 366)
LEAST, MOST = 0.01, 1e12  # a cent; beyond a thousand billion it is a typing error
LEAST_MARGIN = 1e-6  # below, nothing can be made up by sales
HIGHEST_MARKUP = 10.0  # margin on cost: ten times the cost; above, a percentage was given for a fraction
LONGEST = 10_000.0  # days
BELOW_ONE = math.nextafter(1.0, 0.0)

# ---------------------------------------------------------------- margin and compensating sales


class CompensatingSales(NamedTuple):
    """Extra sales that make up a loss.

    Attributes
    ----------
    sales : float or None
        Excl. VAT, like the margin; None where it cannot be computed.
    loss, margin_rate : float or None
        As given; the rate is on sales.
    view : {"profit", "outlay"}
    margin : {"net", "operating", "contribution"}
        Which margin the rate is.
    reason : str or None
        Message key: why there is no number, or what to know about it.
    """

    sales: float | None
    loss: float | None
    margin_rate: float | None
    view: str = "profit"
    margin: str = "net"
    reason: str | None = None


def compensating_sales(loss: Any, margin_rate: Any, view: str = "profit", margin: str = "net") -> Any:
    """Extra sales needed to make up a loss (chiffre d'affaires compensatoire, rule COST-COMP).

    Parameters
    ----------
    loss : float, or sequence of float
        What is lost, nil or more: excl. VAT where the VAT comes back, incl.
        VAT otherwise.
    margin_rate : float, or sequence of float of the same length
        Margin on the selling price excl. VAT (taux de marque), a fraction. A
        rate on cost is another number: see :func:`margin_on_price`.
    view : {"profit", "outlay"}
        profit (default, a CHOICE): loss / margin rate, which also brings the
        profit that was expected; outlay: loss x (1 - rate) / rate, which only
        brings back the money spent on what was sold.
    margin : {"net", "operating", "contribution"}
        Name of the rate, shown beside the figure; net by default (a CHOICE).
        The contribution margin is right where fixed costs do not move, and
        gives a smaller number.

    Returns
    -------
    CompensatingSales, or pandas.DataFrame if one of the two is a sequence
        The table has one row per pair, its columns are the attributes of
        :class:`CompensatingSales`. `sales` is None (NaN) with a `reason`
        where the rate is nil or below ("cost_margin_not_positive"), or one
        of the two is not known; a rate of 1 is remarked upon
        ("cost_margin_whole").

    Raises
    ------
    InputError
        With every value that cannot be: a loss below zero, a rate above 1
        (10 given for 10 %), text.

    Notes
    -----
    Sources: https://studylibfr.com/doc/10064460/la-criticit%C3%A9-du-risque-cr%C3%A9dit-client
    (matrix), https://www.cabinetphenix.fr/quest-le-chiffre-daffaires-compensatoire/
    (operating result over sales).

    Examples
    --------
    How much must be sold to make up 5 000 lost, at a margin of 10 % of the price?

    >>> compensating_sales(5_000, 0.10).sales
    50000.0
    >>> compensating_sales(5_000, 0).reason
    'cost_margin_not_positive'
    """
    checks = Checks()
    _one_of(checks, "view", view, VIEWS)
    _one_of(checks, "margin", margin, MARGINS)
    if not (_is_many(loss) or _is_many(margin_rate)):
        pair = _loss(checks, loss), _margin(checks, "margin_rate", margin_rate)
        checks.done()
        return _compensating(*pair, view, margin)
    losses, rates = _paired(checks, loss, margin_rate)
    pairs = [(_loss(checks, one), _margin(checks, "margin_rate", rate)) for one, rate in zip(losses, rates)]
    checks.done()
    table = pd.DataFrame([_compensating(*pair, view, margin) for pair in pairs], columns=CompensatingSales._fields)
    return table.astype(dict.fromkeys(("sales", "loss", "margin_rate"), "float64"))


def _is_many(value: Any) -> bool:
    return pd.api.types.is_list_like(value)


def _as_list(value: Any) -> list[Any]:
    return list(value) if _is_many(value) else [value]


def _paired(checks: Checks, loss: Any, rate: Any) -> tuple[list[Any], list[Any]]:
    losses, rates = (list(value) if _is_many(value) else None for value in (loss, rate))
    if losses is None:
        return [loss] * len(rates or []), rates or []
    if rates is None:
        return losses, [rate] * len(losses)
    if len(losses) != len(rates):
        checks.wrong("cost_lengths", "loss, margin_rate", f"{len(losses)}, {len(rates)}")
    return losses, rates


def _loss(checks: Checks, value: Any) -> float | None:
    return checks.number("loss", value, "cost_bad_loss", high=MOST)


def _margin(checks: Checks, name: str, value: Any) -> float | None:
    return checks.number(name, value, "cost_bad_margin", low=-MOST, high=1.0)


def _compensating(loss: float | None, rate: float | None, view: str, margin: str) -> CompensatingSales:
    whole = CompensatingSales(None, loss, rate, view, margin)
    if loss is None or rate is None:
        return whole._replace(reason="cost_loss_unknown" if loss is None else "cost_margin_unknown")
    if rate < LEAST_MARGIN:
        return whole._replace(reason="cost_margin_not_positive")
    if not loss:
        return whole._replace(sales=0.0, reason="cost_no_loss")
    share = _exact(rate)
    sales = _exact(loss) * (1 if view == "profit" else 1 - share) / share
    return whole._replace(sales=_to_the_cent(sales), reason="cost_margin_whole" if rate == 1 else None)


def _exact(value: float) -> Decimal:
    """The number as it is written, so that half a cent is half a cent."""
    return Decimal(repr(float(value)))


def _to_the_cent(value: Decimal) -> float:
    return float(value.quantize(Decimal("0.01"), ROUND_HALF_UP)) + 0.0


def margin_on_price(margin_on_cost: float | None) -> float | None:
    """Margin on the selling price (taux de marque) from the margin on cost (taux de marge du commerce).

    Parameters
    ----------
    margin_on_cost : float or None
        (price - cost) / cost, a fraction from -1 to 10: 2.5 is a price of
        3.5 times the cost.

    Returns
    -------
    float or None
        (price - cost) / price = c / (1 + c) (rule COST-COMP); None where the
        margin is not known, or the price is nil.

    Raises
    ------
    InputError
        If it is no number from -1 to 10: 20 for 20 % is refused.

    Examples
    --------
    Bought at 10, sold at 12: 20 % of the cost, but

    >>> round(margin_on_price(0.20), 4)
    0.1667
    """
    checks = Checks()
    rate = checks.number("margin_on_cost", margin_on_cost, "cost_bad_markup", low=-1.0, high=HIGHEST_MARKUP)
    checks.done()
    return None if rate is None or rate == -1 else rate / (1 + rate)


def margin_on_cost(margin_on_price: float | None) -> float | None:
    """Margin on cost (taux de marge du commerce) from the margin on the selling price (taux de marque).

    Parameters
    ----------
    margin_on_price : float or None
        (price - cost) / price, a fraction, 1 at most.

    Returns
    -------
    float or None
        (price - cost) / cost = p / (1 - p) (rule COST-COMP); None where the
        margin is not known, or the cost is nil (a margin of 1).

    Raises
    ------
    InputError
        If it is no number up to 1: 20 for 20 % is refused.

    Examples
    --------
    A margin of a quarter of the price is a third of the cost:

    >>> round(margin_on_cost(0.25), 4)
    0.3333
    """
    checks = Checks()
    rate = _margin(checks, "margin_on_price", margin_on_price)
    checks.done()
    return None if rate is None or rate == 1 else rate / (1 - rate)


def hidden_cost_matrix(
    amounts: Sequence[float], margin_rates: Sequence[float], view: str = "profit", margin: str = "net"
) -> pd.DataFrame:
    """Compensating sales for each amount lost and each margin rate (rule COST-COMP).

    Parameters
    ----------
    amounts : sequence of float
        Losses, above zero, each once.
    margin_rates : sequence of float
        Margins on the selling price, fractions, each once.
    view, margin
        See :func:`compensating_sales`.

    Returns
    -------
    pandas.DataFrame, one row per amount, one column per margin rate
        Index `loss`, columns `margin_rate`, in the order given; sales excl.
        VAT. NaN under a rate that is nil or below.

    Raises
    ------
    InputError
        With every value that is refused: none given, given twice, an amount
        of nil or below, a rate above 1, a blank, text.

    Examples
    --------
    >>> hidden_cost_matrix([1_000, 5_000], [0.05, 0.10, 0.25])
    margin_rate      0.05     0.10     0.25
    loss
    1000.0        20000.0  10000.0   4000.0
    5000.0       100000.0  50000.0  20000.0
    """
    checks = Checks()
    _one_of(checks, "view", view, VIEWS)
    _one_of(checks, "margin", margin, MARGINS)
    losses = _axis(checks, "amounts", amounts, "cost_bad_amount", LEAST, MOST)
    rates = _axis(checks, "margin_rates", margin_rates, "cost_bad_margin", -MOST, 1.0)
    checks.done()
    cells = [[_compensating(loss, rate, view, margin).sales for rate in rates] for loss in losses]
    return pd.DataFrame(
        cells, index=pd.Index(losses, name="loss"), columns=pd.Index(rates, name="margin_rate"), dtype="float64"
    )


def _axis(checks: Checks, name: str, values: Any, code: str, low: float, high: float) -> list[float]:
    """Numbers of one side of the matrix: none missing, none twice."""
    given = _as_list(values)
    if not given:
        checks.wrong("cost_empty", name, "–")
    found: list[float] = []
    for value in given:
        if missing(value):
            checks.wrong(code, name, value)
            continue
        number = checks.number(name, value, code, low, high)
        if number is not None and number in found:
            checks.wrong("cost_twice", name, value)
        found += [] if number is None else [number]
    return found


# ---------------------------------------------------------------- one unpaid or late invoice


@dataclass(frozen=True)
class UnpaidInvoice:
    """What is known of an invoice that was not paid, or was paid late.

    Parameters
    ----------
    amount_incl_vat : float
        Unpaid amount incl. VAT, above zero.
    vat_rate : float, optional
        A fraction; 0: no VAT on it.
    vat : {"recoverable", "not_yet", "not_recoverable"}, optional
        Whether the VAT on what is lost comes back: recoverable (the claim is
        definitively lost, or a judgment opened the liquidation of the
        customer), not_yet (no such proof until now), not_recoverable.
        Articles 272-1 of the CGI and BOI-TVA-DED-40-10-20.
    vat_regime : {"debits", "receipts"}, optional
        debits: the VAT was due on delivery or invoicing, and paid before the
        customer did; receipts: services taxed when paid, whose VAT was never
        due.
    lost_share : float or bool
        Fraction of the claim that is lost; 1 (default): all; 0: paid in the
        end.
    insured_share : float, optional
        Fraction of the loss that the insurer pays; 0: not insured.
    insured_on : {"excl_vat", "incl_vat"}, optional
        What that fraction applies to; the policy says.
    guarantee : float, optional
        Received from a guarantor, or from goods taken back.
    financing_rate : float, optional
        Yearly cost of money, a fraction.
    days : float, optional
        From the due date to the payment, or to the write-off.
    day_base : {365, 360, 366}
        Days of the year in the interest (a CHOICE: 365).
    hours, hourly_cost : float, optional
        Time spent on the claim, and what an hour costs.
    other_handling : float, optional
        Letters, calls, fees.
    legal_costs : float, optional
        Not recovered from the debtor.
    vat_days : float, optional
        From the write-off to the day on which the VAT comes back.
    lost_bonus : float, optional
        Bonus of the credit insurance that the claim made lose.
    late_interest, fixed_indemnity : float, optional
        Actually received; what was only claimed is not counted.
    margin_rate : float, optional
        Margin on the selling price excl. VAT, a fraction.
    margin : {"net", "operating", "contribution"}
        Which margin it is.
    vat_until_proof : {"counted", "awaited"}
        VAT that is not yet recoverable: counted as lost until the proof is
        there (default, a CHOICE, the prudent one), or awaited: not lost, and
        its financing counted for `vat_days`.
    currency : str

    Raises
    ------
    InputError
        With every value that cannot be.

    Examples
    --------
    An invoice of 6 000, paid 90 days late:

    >>> late = UnpaidInvoice(6_000, vat_rate=0.20, lost_share=0, financing_rate=0.05, days=90)
    >>> late.amount_excl_vat, late.vat_amount
    (5000.0, 1000.0)
    """

    amount_incl_vat: float
    vat_rate: float | None = None
    vat: str | None = None
    vat_regime: str | None = None
    lost_share: float = 1.0
    insured_share: float | None = None
    insured_on: str | None = None
    guarantee: float | None = None
    financing_rate: float | None = None
    days: float | None = None
    day_base: int = 365
    hours: float | None = None
    hourly_cost: float | None = None
    other_handling: float | None = None
    legal_costs: float | None = None
    vat_days: float | None = None
    lost_bonus: float | None = None
    late_interest: float | None = None
    fixed_indemnity: float | None = None
    margin_rate: float | None = None
    margin: str = "net"
    vat_until_proof: str = "counted"
    currency: str = "EUR"

    def __post_init__(self) -> None:
        checks = Checks()
        _invoice_numbers(checks, self)
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if name in _NEEDED or not missing(value):
                _one_of(checks, name, value, allowed)
        base_days = _base(checks, self.day_base)
        if not checks.defects and self.lost_share == 0 and not missing(self.guarantee) and self.guarantee:
            checks.wrong("cost_guarantee_without_loss", "guarantee", self.guarantee)
        checks.done()
        for one in fields(self):  # what pandas writes as a blank is a blank
            if missing(getattr(self, one.name)):
                object.__setattr__(self, one.name, None)
        object.__setattr__(self, "lost_share", float(self.lost_share))
        object.__setattr__(self, "day_base", base_days)
        object.__setattr__(self, "currency", str(self.currency or ""))

    @property
    def amount_excl_vat(self) -> float | None:
        """Amount excl. VAT; None if the rate is not known."""
        if self.vat_rate is None:
            return None
        return _to_the_cent(_exact(self.amount_incl_vat) / (1 + _exact(self.vat_rate)))

    @property
    def vat_amount(self) -> float | None:
        """VAT; None if its rate is not known."""
        net = self.amount_excl_vat
        return None if net is None else _to_the_cent(_exact(self.amount_incl_vat) - _exact(net))


_CHOICES: Mapping[str, Sequence[Any]] = {
    "vat": VAT_CASES, "vat_regime": VAT_REGIMES, "insured_on": VAT_BASES, "margin": MARGINS,
    "vat_until_proof": UNTIL_PROOF,
}  # fmt: skip
_NEEDED = ("margin", "vat_until_proof")
_AMOUNTS = ("guarantee", "hours", "hourly_cost", "other_handling", "legal_costs", "lost_bonus", "late_interest",
            "fixed_indemnity")  # fmt: skip


def _invoice_numbers(checks: Checks, given: UnpaidInvoice) -> None:
    if missing(given.amount_incl_vat):
        checks.wrong("cost_bad_amount", "amount_incl_vat", given.amount_incl_vat)
    checks.number("amount_incl_vat", given.amount_incl_vat, "cost_bad_amount", LEAST, MOST)
    lost = float(given.lost_share) if isinstance(given.lost_share, bool) else given.lost_share
    if missing(lost):
        checks.wrong("cost_bad_share", "lost_share", lost)
    checks.number("lost_share", lost, "cost_bad_share", high=1.0)
    for name in ("vat_rate", "insured_share"):
        checks.number(name, getattr(given, name), "cost_bad_share", high=1.0)
    checks.number("financing_rate", given.financing_rate, "cost_bad_rate", high=BELOW_ONE)
    _margin(checks, "margin_rate", given.margin_rate)
    for name in ("days", "vat_days"):
        checks.number(name, getattr(given, name), "cost_bad_days", high=LONGEST)
    for name in _AMOUNTS:
        checks.number(name, getattr(given, name), "cost_bad_cost", high=MOST)


class _Part(NamedTuple):
    """One component: its amount, how it is made, from what, and why it is not known."""

    amount: float | None
    formula: str
    inputs: Mapping[str, Any] = {}
    reason: str | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class UnpaidCost:
    """What an unpaid or late invoice costs, component by component.

    Attributes
    ----------
    total : float or None
        Sum of the components; None where one of them is not known.
    known : float
        Sum of those that are known: neither a least nor a most, since what
        is not known may be a cost or an indemnity.
    table : pandas.DataFrame, one row per component
        `component` (key), `amount` (costs positive, what comes in negative;
        NaN: not known), `formula` and `reason` (message keys), `inputs`
        (values of the formula by name), `missing` (names of the inputs not
        given, with commas).
    unknown : tuple of str
        Components that are not known.
    compensation : CompensatingSales
        Sales that make up the total.
    invoice : UnpaidInvoice
    """

    total: float | None
    known: float
    table: pd.DataFrame
    unknown: tuple[str, ...]
    compensation: CompensatingSales
    invoice: UnpaidInvoice


def unpaid_cost(invoice: UnpaidInvoice) -> UnpaidCost:
    """Full cost of an unpaid or late invoice, component by component (rule COST-TOTAL).

    Parameters
    ----------
    invoice : UnpaidInvoice

    Returns
    -------
    UnpaidCost
        Components, in order: `loss` (excl. VAT), `lost_vat`, `financing`
        (rule COST-FIN), `handling_time`, `handling_other`, `legal_costs`,
        `vat_advance`, `lost_bonus`; then, negative, `insurance`, `guarantee`,
        `late_interest`, `fixed_indemnity`. Each is rounded to the cent, and
        the total is their sum.

    Notes
    -----
    The VAT is counted once. It is lost (`lost_vat`) where it does not come
    back; where it does, only its financing until then is a cost
    (`vat_advance`), and that begins where `financing`, on the amount incl.
    VAT, ends. VAT due on receipts was never paid: it is neither lost nor
    financed. The insured part is taken off once, from the claim as given,
    before any guarantee; an indemnity and a guarantee that together exceed
    the loss are remarked upon ("cost_over_covered"), for then the policy
    decides.

    An allowance (provision) is the same loss seen earlier, reversed when the
    loss is booked: it is no component.

    Sources: https://bofip.impots.gouv.fr/bofip/1100-PGP.html (VAT),
    https://leanpay.fr/blog/les-vrais-couts-des-retards-de-paiement (financing).

    Examples
    --------
    6 000 incl. VAT lost in a liquidation, 180 days at 5 %, ten hours at 40, 60 of letters, no insurance:

    >>> lost = UnpaidInvoice(6_000, 0.20, "recoverable", "debits", insured_share=0, guarantee=0, financing_rate=0.05,
    ...     days=180, hours=10, hourly_cost=40, other_handling=60, legal_costs=0, vat_days=30, lost_bonus=0,
    ...     late_interest=0, fixed_indemnity=0, margin_rate=0.10)
    >>> cost = unpaid_cost(lost)
    >>> cost.total, cost.compensation.sales
    (5612.06, 56120.6)

    Of the others nothing is known, so that there is no total:

    >>> unpaid_cost(UnpaidInvoice(6_000, 0.20, "recoverable", "debits")).total is None
    True
    """
    parts = _parts(invoice)
    cents = [round(100 * part.amount) for part in parts.values() if part.amount is not None]
    known = sum(cents) / 100
    unknown = tuple(name for name, part in parts.items() if part.amount is None)
    total = None if unknown else known
    rows = [[name, part.amount, part.formula, part.reason, dict(part.inputs), ", ".join(part.missing)]
            for name, part in parts.items()]  # fmt: skip
    table = pd.DataFrame(
        rows, columns=["component", "amount", "formula", "reason", "inputs", "missing"], dtype="object"
    )
    loss = None if total is None else max(total, 0.0)
    made_up = _compensating(loss, invoice.margin_rate, "profit", invoice.margin)
    return UnpaidCost(total, known, table.astype({"amount": "float64"}), unknown, made_up, invoice)


def _parts(given: UnpaidInvoice) -> dict[str, _Part]:
    parts = {
        "loss": _lost_amount(given),
        "lost_vat": _lost_vat(given),
        "financing": _financing(given),
        "handling_time": _times("cost_formula_time", hours=given.hours, hourly_cost=given.hourly_cost),
        "handling_other": _as_given(given, "other_handling"),
        "legal_costs": _as_given(given, "legal_costs"),
        "vat_advance": _vat_advance(given),
        "lost_bonus": _of_a_loss(given, "lost_bonus"),
        "insurance": _insurance(given),
        "guarantee": _negative(_of_a_loss(given, "guarantee")),
        "late_interest": _negative(_as_given(given, "late_interest")),
        "fixed_indemnity": _negative(_as_given(given, "fixed_indemnity")),
    }
    covered = [parts[name].amount for name in ("loss", "lost_vat", "insurance", "guarantee")]
    known = [amount for amount in covered if amount is not None]
    if parts["insurance"].amount and len(known) == len(covered) and round(sum(known), 2) < 0:
        parts["insurance"] = parts["insurance"]._replace(reason="cost_over_covered")
    return parts


def _times(formula: str, lacking: Mapping[str, str] | None = None, **factors: float | None) -> _Part:
    """Product of the factors, `day_base` dividing; nil as soon as one is nil; `lacking` names what would give one."""
    inputs = dict(factors)
    if any(value == 0 for name, value in factors.items() if name != "day_base"):
        return _Part(0.0, formula, inputs)
    unknown = [(lacking or {}).get(name, name) for name, value in factors.items() if value is None]
    if unknown:
        return _Part(None, formula, inputs, "cost_missing", tuple(dict.fromkeys(unknown)))
    product = Decimal(1)
    for name, value in factors.items():
        product = product / _exact(value or 1) if name == "day_base" else product * _exact(value or 0)
    return _Part(_to_the_cent(product), formula, inputs)


def _negative(part: _Part) -> _Part:
    return part._replace(amount=None if part.amount is None else 0.0 - part.amount)


def _as_given(given: UnpaidInvoice, name: str) -> _Part:
    return _times("cost_formula_given", **{name: getattr(given, name)})


def _of_a_loss(given: UnpaidInvoice, name: str) -> _Part:
    """An amount that only a loss brings about: nothing is asked for where nothing is lost."""
    if given.lost_share == 0 and getattr(given, name) is None:
        return _Part(0.0, "cost_formula_nothing_lost")
    return _as_given(given, name)


def _lost_amount(given: UnpaidInvoice) -> _Part:
    return _times("cost_formula_loss", _FROM_RATE, lost_share=given.lost_share, amount_excl_vat=given.amount_excl_vat)


_FROM_RATE = {"amount_excl_vat": "vat_rate", "vat_amount": "vat_rate"}


def _lost_vat(given: UnpaidInvoice) -> _Part:
    formula = "cost_formula_lost_vat"
    whole = _times(formula, _FROM_RATE, lost_share=given.lost_share, vat_amount=given.vat_amount)
    if whole.amount == 0:
        return whole
    if given.vat_regime == "receipts":
        return _Part(0.0, "cost_formula_no_vat", reason="cost_vat_receipts")
    if given.vat == "recoverable":
        return _Part(0.0, "cost_formula_no_vat", reason="cost_vat_recoverable")
    if given.vat == "not_yet" and given.vat_until_proof == "awaited":
        return _Part(0.0, "cost_formula_no_vat", reason="cost_vat_awaited")
    unknown = [name for name in ("vat", "vat_regime") if getattr(given, name) is None]
    if unknown:
        return _Part(None, formula, whole.inputs, "cost_missing", (*whole.missing, *unknown))
    return whole._replace(reason="cost_vat_not_yet" if given.vat == "not_yet" and not whole.missing else whole.reason)


def _financed(given: UnpaidInvoice) -> tuple[float | None, str]:
    """What was paid out while waiting: incl. VAT, unless the VAT waits too; and the name of what is not known."""
    if given.vat_rate == 0 or given.vat_regime == "debits":
        return given.amount_incl_vat, ""
    if given.vat_regime is None:
        return None, "vat_regime"
    return given.amount_excl_vat, "vat_rate"


def _financing(given: UnpaidInvoice) -> _Part:
    amount, lacking = _financed(given)
    return _times("cost_formula_financing", {"financed_amount": lacking}, financed_amount=amount,
                  financing_rate=given.financing_rate, days=given.days, day_base=float(given.day_base))  # fmt: skip


def _vat_advance(given: UnpaidInvoice) -> _Part:
    """Financing of the VAT that comes back, from the write-off to that day."""
    formula = "cost_formula_vat_advance"
    advance = _times(formula, _FROM_RATE, lost_share=given.lost_share, vat_amount=given.vat_amount,
                     financing_rate=given.financing_rate, vat_days=given.vat_days,
                     day_base=float(given.day_base))  # fmt: skip
    stays = given.vat == "not_recoverable" or (given.vat == "not_yet" and given.vat_until_proof == "counted")
    if given.vat_regime == "receipts" or stays:
        return _Part(0.0, "cost_formula_no_advance")
    unknown = [name for name in ("vat", "vat_regime") if getattr(given, name) is None]
    if advance.amount == 0 or not unknown:
        return advance
    return advance._replace(amount=None, reason="cost_missing", missing=(*advance.missing, *unknown))


def _insurance(given: UnpaidInvoice) -> _Part:
    base = {"excl_vat": given.amount_excl_vat, "incl_vat": given.amount_incl_vat}.get(given.insured_on or "")
    lacking = {"insured_base": "vat_rate" if given.insured_on else "insured_on"}
    return _negative(_times("cost_formula_insurance", lacking, insured_share=given.insured_share,
                            lost_share=given.lost_share, insured_base=base))  # fmt: skip


def vat_cases(invoice: UnpaidInvoice) -> dict[str, UnpaidCost]:
    """The same invoice under the four cases of VAT: three that turn on the proof, and VAT due on receipts.

    Parameters
    ----------
    invoice : UnpaidInvoice
        Its `vat` and `vat_regime` are replaced.

    Returns
    -------
    dict of UnpaidCost
        `vat_recoverable`, `vat_not_yet`, `vat_not_recoverable` (VAT due on
        invoicing), `vat_receipts`.

    Examples
    --------
    >>> found = vat_cases(UnpaidInvoice(6_000, vat_rate=0.20))
    >>> [float(cost.table["amount"].iloc[:2].sum()) for cost in found.values()]
    [5000.0, 6000.0, 6000.0, 5000.0]
    """
    cases = {f"vat_{case}": replace(invoice, vat=case, vat_regime="debits") for case in VAT_CASES}
    cases["vat_receipts"] = replace(invoice, vat="not_recoverable", vat_regime="receipts")
    return {name: unpaid_cost(case) for name, case in cases.items()}


def costs_compared(costs: Mapping[str, UnpaidCost]) -> pd.DataFrame:
    """Costs of several invoices side by side, with their totals and the sales that make them up.

    Parameters
    ----------
    costs : mapping of UnpaidCost
        By the name of its column.

    Returns
    -------
    pandas.DataFrame, one row per component, then `cost_total` and `compensating_sales`
        `component`, and one column per cost; NaN: not known.

    Examples
    --------
    >>> compared = costs_compared(vat_cases(UnpaidInvoice(6_000, 0.20, financing_rate=0.05, days=73)))
    >>> compared.loc[compared["component"] == "financing"].iloc[0, 1:].astype(float).tolist()
    [60.0, 60.0, 60.0, 50.0]
    """
    if not costs:
        return pd.DataFrame(columns=["component"])
    nothing = float("nan")
    columns: dict[str, Any] = {"component": [*_component_names(costs), "cost_total", "compensating_sales"]}
    for name, cost in costs.items():
        ends = [nothing if value is None else value for value in (cost.total, cost.compensation.sales)]
        columns[name] = [*cost.table["amount"], *ends]
    return pd.DataFrame(columns)


def _component_names(costs: Mapping[str, UnpaidCost]) -> list[str]:
    return next(iter(costs.values())).table["component"].tolist()


# ---------------------------------------------------------------- time


def cost_of_delay(amount: float | None, rate: float | None, days: float | None, day_base: int = 365) -> float | None:
    """Cost of financing an amount while the customer is late (rule COST-FIN).

    Parameters
    ----------
    amount : float
        Incl. VAT where the VAT was due on delivery or invoicing, for it is
        financed too; above zero.
    rate : float
        Yearly cost of money, a fraction.
    days : float
        Nil or more.
    day_base : {365, 360, 366}
        Days of the year (a CHOICE: 365; banks often count 360).

    Returns
    -------
    float or None
        amount x rate x days / day_base, to the cent; None if one of them is
        not known.

    Raises
    ------
    InputError
        With every value that cannot be.

    Examples
    --------
    15 000 paid after 85 days at 4 %, in a year of 360 days:

    >>> cost_of_delay(15_000, 0.04, 85, day_base=360)
    141.67
    """
    checks = Checks()
    financed = checks.number("amount", amount, "cost_bad_amount", LEAST, MOST)
    yearly = checks.number("rate", rate, "cost_bad_rate", high=BELOW_ONE)
    wait = checks.number("days", days, "cost_bad_days", high=LONGEST)
    base_days = _base(checks, day_base)
    checks.done()
    factors = {"financed_amount": financed, "financing_rate": yearly, "days": wait, "day_base": float(base_days)}
    return _times("cost_formula_financing", None, **factors).amount


def _base(checks: Checks, day_base: Any, name: str = "day_base") -> int:
    """Days of the year; 365 where they are noted as wrong."""
    number = Checks().number(name, day_base, "bad_choice")
    if number in DAY_BASES:
        return int(number or 0)
    checks.wrong("bad_choice", name, day_base, expected=", ".join(map(str, DAY_BASES)))
    return 365


def _one_of(checks: Checks, name: str, value: Any, allowed: Sequence[str]) -> None:
    checks.one_of(name, str(value), allowed)  # the nulls of pandas do not compare


def margin_after_delay(
    amount_incl_vat: float,
    margin_rate: float,
    rate: float,
    days: float | Sequence[float],
    *,
    vat_rate: float,
    margin_on: str = "excl_vat",
    day_base: int = 365,
) -> pd.DataFrame:
    """What waiting for the payment leaves of the margin of an invoice (rule COST-FIN).

    Parameters
    ----------
    amount_incl_vat : float
        What is financed, incl. VAT.
    margin_rate : float
        Margin on the selling price, a fraction above 0.
    rate : float
        Yearly cost of money, a fraction.
    days : float or sequence of float
        From the invoice, or from the due date, to the payment: counted
        from where the margin is to be judged.
    vat_rate : float
        A fraction.
    margin_on : {"excl_vat", "incl_vat"}
        What the margin rate applies to: the price excl. VAT (default), or
        incl. VAT as a published example does, which is too much by the VAT.
    day_base : {365, 360, 366}

    Returns
    -------
    pandas.DataFrame, one row per number of days
        `delay_days`, `delay_cost`, `margin_amount`, `margin_left` (amounts),
        `margin_rate_left` (over the same base as the margin rate),
        `margin_eaten` (fraction of the margin; above 1: more than all); the
        two fractions are not rounded.

    Raises
    ------
    InputError
        With every value that cannot be, or is missing.

    Notes
    -----
    Source: https://leanpay.fr/blog/les-vrais-couts-des-retards-de-paiement.

    Examples
    --------
    The published example: 15 000, margin 10 % of it, 4 % a year; 45 days on time, 85 late.

    >>> found = margin_after_delay(15_000, 0.10, 0.04, [45, 85], vat_rate=0.2, margin_on="incl_vat", day_base=360)
    >>> found[["delay_cost", "margin_left"]].values.tolist()
    [[75.0, 1425.0], [141.67, 1358.33]]
    """
    checks = Checks()
    _one_of(checks, "margin_on", margin_on, VAT_BASES)
    base_days = _base(checks, day_base)
    numbers = {"amount_incl_vat": (amount_incl_vat, "cost_bad_amount", LEAST, MOST),
               "margin_rate": (margin_rate, "cost_bad_margin", LEAST_MARGIN, 1.0),
               "rate": (rate, "cost_bad_rate", 0.0, BELOW_ONE),
               "vat_rate": (vat_rate, "cost_bad_share", 0.0, 1.0)}  # fmt: skip
    amount, margin, yearly, vat = (_needed(checks, name, *one) for name, one in numbers.items())
    waits = [_needed(checks, "days", one, "cost_bad_days", 0.0, LONGEST) for one in _as_list(days)]
    checks.done()
    base = _exact(amount) / (1 if margin_on == "incl_vat" else 1 + _exact(vat))
    exact = base * _exact(margin)
    earned, rows = _to_the_cent(exact), []
    for wait in waits:
        financing = _exact(amount) * _exact(yearly) * _exact(wait) / base_days
        cost, rate_left = _to_the_cent(financing), (exact - financing) / (base or 1)
        left = _to_the_cent(_exact(earned) - _exact(cost))
        rows.append([wait, cost, earned, left, float(rate_left), float(financing / (exact or 1))])
    columns = ["delay_days", "delay_cost", "margin_amount", "margin_left", "margin_rate_left", "margin_eaten"]
    return pd.DataFrame(rows, columns=columns, dtype="float64")


def _needed(checks: Checks, name: str, value: Any, code: str, low: float, high: float) -> float:
    """A number that must be there; 0 where it is noted as wrong."""
    if missing(value):
        checks.wrong(code, name, value)
    return checks.number(name, value, code, low, high) or 0.0


class DayOfDso(NamedTuple):
    """What some days of DSO are worth.

    Attributes
    ----------
    cash : float
        Set free once, incl. VAT.
    yearly_saving : float or None
        Financing saved each year; None without a rate.
    days : float
    """

    cash: float
    yearly_saving: float | None
    days: float


def day_of_dso(
    annual_sales_incl_vat: float, rate: float | None = None, days: float = 1, year_days: int = 365
) -> DayOfDso:
    """Cash that `days` days of DSO less set free, and what it saves a year (rule COST-DAY).

    Parameters
    ----------
    annual_sales_incl_vat : float
        Sales of twelve months, incl. VAT as receivables are.
    rate : float, optional
        Yearly cost of money, a fraction.
    days : float, default 1
        Days gained, above zero.
    year_days : {365, 360, 366}

    Returns
    -------
    DayOfDso
        cash = sales / year_days x days; yearly_saving = cash x rate, before
        rounding.

    Raises
    ------
    InputError
        With every value that cannot be.

    Examples
    --------
    Three days less on sales of 7.3 million, money at 5 %:

    >>> day_of_dso(7_300_000, 0.05, 3)
    DayOfDso(cash=60000.0, yearly_saving=3000.0, days=3.0)
    """
    checks = Checks()
    sales = _needed(checks, "annual_sales_incl_vat", annual_sales_incl_vat, "cost_bad_amount", LEAST, MOST)
    gained = _needed(checks, "days", days, "cost_bad_days_gained", 0.01, LONGEST)
    yearly = checks.number("rate", rate, "cost_bad_rate", high=BELOW_ONE)
    base_days = _base(checks, year_days, "year_days")
    checks.done()
    cash = _exact(sales) * _exact(gained) / base_days
    return DayOfDso(_to_the_cent(cash), None if yearly is None else _to_the_cent(cash * _exact(yearly)), gained)


class PaymentTermCost(NamedTuple):
    """What a payment term costs the seller.

    Attributes
    ----------
    share_of_price : float or None
        Cost over the price excl. VAT, a fraction.
    share_of_invoice : float or None
        Cost over the amount of the invoice, incl. VAT.
    price_increase : float or None
        Fraction by which the price excl. VAT must rise to pay for it.
    margin_left, margin_eaten : float or None
        Margin rate less the cost; fraction of the margin that the cost takes.
    reason : str or None
        Message key: why there is no number.
    """

    share_of_price: float | None
    share_of_invoice: float | None
    price_increase: float | None
    margin_left: float | None = None
    margin_eaten: float | None = None
    reason: str | None = None


def cost_of_payment_term(
    days: float,
    rate: float,
    *,
    vat_rate: float | None = None,
    financed: str = "incl_vat",
    margin_rate: float | None = None,
    day_base: int = 365,
) -> PaymentTermCost:
    """What a payment term of so many days costs, in the price (rule COST-FIN).

    Parameters
    ----------
    days : float
        From delivery to payment.
    rate : float
        Yearly cost of money, a fraction.
    vat_rate : float, optional
        A fraction.
    financed : {"incl_vat", "excl_vat"}
        What the seller finances: the VAT too (default), or not (VAT due on
        receipts, or none).
    margin_rate : float, optional
        Margin on the price excl. VAT, a fraction.
    day_base : {365, 360, 366}

    Returns
    -------
    PaymentTermCost
        Of one unit of price p: cost c = rate x days / day_base x (1 +
        vat_rate), or without VAT; the increase that pays for it is c / (1 -
        c), since the higher price is financed too. Not rounded.

    Raises
    ------
    InputError
        With every value that cannot be.

    Notes
    -----
    The increase is arithmetic on COST-FIN: no published formula.

    Examples
    --------
    60 days at 5 %, VAT of 20 % financed too:

    >>> term = cost_of_payment_term(60, 0.05, vat_rate=0.20, margin_rate=0.10)
    >>> round(term.share_of_price, 5), round(term.price_increase, 5), round(term.margin_eaten, 4)
    (0.00986, 0.00996, 0.0986)
    """
    checks = Checks()
    wait = _needed(checks, "days", days, "cost_bad_days", 0.0, LONGEST)
    yearly = _needed(checks, "rate", rate, "cost_bad_rate", 0.0, BELOW_ONE)
    vat = checks.number("vat_rate", vat_rate, "cost_bad_share", high=1.0)
    margin = _margin(checks, "margin_rate", margin_rate)
    _one_of(checks, "financed", financed, VAT_BASES)
    base_days = _base(checks, day_base)
    checks.done()
    waited = yearly * wait / base_days
    gross = None if vat is None else 1 + vat
    of_price = waited if financed == "excl_vat" else None if gross is None else waited * gross
    of_invoice = waited if financed == "incl_vat" else None if gross is None else waited / gross
    if of_price is None:
        return PaymentTermCost(None, of_invoice, None, reason="cost_vat_rate_unknown")
    increase = of_price / (1 - of_price) if of_price < 1 else None
    reason = None if increase is not None else "cost_more_than_price"
    left = None if margin is None else margin - of_price
    eaten = None if margin is None or margin < LEAST_MARGIN else of_price / margin
    return PaymentTermCost(of_price, of_invoice, increase, left, eaten, reason)
