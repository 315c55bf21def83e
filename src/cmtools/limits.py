"""Credit limits: every method side by side, a proposal with its reason, the exposure against the limit, who decides.

Methods stand in ``reference/limit_methods.csv``, causes and actions of an overrun in
``limit_actions.csv``, the delegation in ``delegation.csv``. A method whose input is
missing has no amount and says why; nothing is counted as nil because it is unknown.
The insurer's limit is shown beside the others and never added to them. Rules LIM-*,
EXPO and BLOCK: see ``GLOSSARY.md``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

import narwhals as nw
import pandas as pd

from cmtools import language as words
from cmtools.dashboard import report_items
from cmtools.exposure import LEVELS, customer_table
from cmtools.external import External, facts
from cmtools.formulas import Formula, blocks, evaluate, note_texts, parse, unknown_lines
from cmtools.frames import cents_of, choice, collect
from cmtools.language import label, message
from cmtools.rating import RiskLevel
from cmtools.schemas import Defect, InputError, Ledger, as_day
from cmtools.settings import Reader, key_of, reference_rows

OLD_ACCOUNTS = 18  # months after which accounts are flagged
MONTH_END_DAYS = 15  # what "end of month" adds on average
VALIDITY = 12  # months a limit holds, unless said otherwise
ROUNDING = 500.0  # proposals are rounded down to a multiple of it
SELLER_SHARE = 0.05  # of our own budgeted sales excl. VAT on one customer
NEAR = 0.9  # use of a limit from which it is nearly reached
HIGHEST_COEFFICIENT = 5.0
COMBINE = ("min", "mean")
SUPPLIER_BASES = ("trade_payables", "purchases")
STAGES = ("order", "delivery", "invoicing")
OUTCOMES = ("accept", "hold", "prepayment")  # from the mildest
DECISIONS = ("set_limit", "refuse_limit", "unblock_order")
ROLES = ("credit_analyst", "credit_manager", "cfo", "credit_committee", "general_management")
RISK_LEVELS = ("A", "B", "C", "D", "E")
PROCEEDINGS = ("safeguard", "receivership", "liquidation")
FACTS = ("bills", "to_invoice", "order_backlog", "advances")  # what no customer ledger tells of an exposure

# ---------------------------------------------------------------- what is given


@dataclass(frozen=True)
class Need:
    """What the customer will owe if it buys as planned and pays as it does (rule LIM-NEED).

    Parameters
    ----------
    monthly_purchases : float, optional
        Incl. VAT, what it will buy from us in a month.
    term_days : float, optional
        Term granted.
    usual_delay_days : float, optional
        How late it usually pays; negative: before the due date.
    invoicing_lag_days : float, optional
        From delivery to invoice.
    end_of_month : bool
        The term runs to the end of a month: 15 days more on average.
    amount : float, optional
        The need itself, incl. VAT, where it is known otherwise; nothing else
        is then looked at.
    """

    monthly_purchases: float | None = None
    term_days: float | None = None
    usual_delay_days: float | None = None
    invoicing_lag_days: float | None = None
    end_of_month: bool = False
    amount: float | None = None


@dataclass(frozen=True)
class Activity:
    """What the AFDCC's base is made of (rule LIM-AFDCC), incl. VAT.

    Parameters
    ----------
    orders, to_invoice, open_invoices : float, optional
        Orders not invoiced, delivered and to be invoiced, invoices not paid.
    terms_coefficient, behaviour_coefficient : float, optional
        For the payment terms, and for how the customer pays: above 1 good,
        below 1 bad.
    """

    orders: float | None = None
    to_invoice: float | None = None
    open_invoices: float | None = None
    terms_coefficient: float | None = None
    behaviour_coefficient: float | None = None


@dataclass(frozen=True)
class Insured:
    """What the credit insurer agreed.

    Parameters
    ----------
    amount : float, optional
        Limit agreed; 0: refused; None: none was asked for, or unknown.
    insured_share : float, optional
        Fraction of a loss that is paid.
    dated, until : date or str, optional
        Day of the agreement and its last day. Without a date it is shown and
        not used.
    """

    amount: float | None = None
    insured_share: float | None = None
    dated: str | date | None = None
    until: str | date | None = None


@dataclass
class _Checks:
    """Numbers given by the caller; what is wrong with them is told at once, together."""

    defects: list[Defect] = field(default_factory=list)

    def wrong(self, code: str, name: str, value: Any, **details: Any) -> None:
        self.defects.append(Defect(code, "fatal", column=name, value=str(value), details=details))

    def number(self, name: str, value: Any, code: str, low: float = 0.0, high: float = math.inf) -> float | None:
        """The number, None where it is missing; noted where it cannot be."""
        if _missing(value):
            return None
        try:
            number = float("nan") if isinstance(value, (bool, str)) else float(value)
        except (TypeError, ValueError):
            number = float("nan")
        if not low <= number <= high or math.isinf(number):
            self.wrong(code, name, value)
            return None
        return number

    def amount(self, name: str, value: Any) -> float | None:
        return self.number(name, value, "limit_bad_amount")

    def share(self, name: str, value: Any) -> float | None:
        return self.number(name, value, "limit_bad_share", high=1.0)

    def coefficient(self, name: str, value: Any) -> float | None:
        return self.number(name, value, "limit_bad_coefficient", high=HIGHEST_COEFFICIENT)

    def days(self, name: str, value: Any, low: float = 0.0) -> float | None:
        return self.number(name, value, "limit_bad_days", low=low, high=1000.0)

    def day(self, name: str, value: Any) -> datetime | None:
        if _missing(value):
            return None
        try:
            return as_day(value, name)
        except InputError as error:
            self.defects += error.defects
            return None

    def done(self) -> None:
        if self.defects:
            raise InputError(self.defects)


def _missing(value: Any) -> bool:
    return value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value)


# ---------------------------------------------------------------- the methods


class _Found(NamedTuple):
    """What one method gives."""

    amount: float = float("nan")
    inputs: Mapping[str, Any] = {}
    reason: str | None = None
    missing: Sequence[str] = ()
    notes: Sequence[str] = ()
    status: str = ""  # standing of the share; blank: that of the table
    account_notes: str = ""
    vat: str = ""  # blank: as the table has it


COLUMNS = ("method", "code", "kind", "role", "amount", "currency", "vat", "inputs", "reason", "missing", "notes",
           "account_notes", "status", "source")  # fmt: skip


def methods(
    accounts: pd.DataFrame | pd.Series | None,
    as_of: str | date,
    *,
    need: Need | None = None,
    level: Mapping[str, Any] | RiskLevel | None = None,
    seller_sales: float | None = None,
    seller_share: float = SELLER_SHARE,
    supplier_limits: Sequence[float] | pd.DataFrame = (),
    supplier_basis: str = "trade_payables",
    activity: Activity | None = None,
    insured: Insured | None = None,
    capital_share: float | None = None,
    currency: str = "EUR",
) -> pd.DataFrame:
    """Every method of setting a credit limit, side by side (rules LIM-*).

    Parameters
    ----------
    accounts : pandas.DataFrame of one row, pandas.Series or None
        Accounts of the customer for one year, lines in columns; None: not
        known. Flows of a year of other than twelve months are brought to
        twelve.
    as_of : date or str
        Day of the decision: accounts closed more than 18 months before it are
        flagged, a limit of the insurer or of a supplier that is not dated, or
        no more valid then, is shown and not used.
    need : Need, optional
    level : mapping, or RiskLevel of cmtools.rating, optional
        Shares for the customer's risk level, as fractions:
        `share_equity`, `share_tangible_net_worth`, `share_turnover`,
        `share_working_capital`, `share_supplier`, and `coefficient`. A share
        that is missing is the default of the method, and the row says so;
        `coefficient` has none. Other names that do not begin with share_ are
        left aside.
    seller_sales : float, optional
        Our own budgeted sales excl. VAT of the year, of which one customer
        may make `seller_share`.
    supplier_limits : sequence of float, or pandas.DataFrame
        Limits given by other suppliers: amounts that hold on `as_of`, or a
        table with `amount`, `date` and `until`, of which those that are
        undated or do not hold are left out and told.
    supplier_basis : {"trade_payables", "purchases"}
        What the supplier's share is taken of: the trade payables, or purchases
        and external charges of a year excl. VAT x term / 365.
    activity : Activity, optional
    insured : Insured, optional
    capital_share : float, optional
        Cap of the score method as a fraction of the share capital (0.4 in the
        example of one bureau); None: no such cap.
    currency : str
        That of the limits; accounts in another one are not used.

    Returns
    -------
    pandas.DataFrame, one row per method
        `method` (key), `code` (of the rule), `kind` (need, financial,
        commercial, external, score), `role` (need, cap, ceiling, reference,
        cover), `amount` (NaN: not computable), `currency`, `vat` (what the
        amounts that went in are: incl, excl, none where VAT has no meaning,
        policy where the contract tells), `inputs` (named numbers, enough to
        compute the amount by hand), `reason` (null, or why there is no amount,
        or why it is nil), `missing` (inputs, separated by spaces), `notes` and
        `account_notes` (what must be said of the amount, of the accounts),
        `status` (of the share, or of the method: published, CHOICE,
        UNCONFIRMED, risk_level), `source`.

    Raises
    ------
    InputError
        With every number that cannot be: a negative amount, a share above 1
        (35 for 0.35), a coefficient above 5, several years of accounts.

    Notes
    -----
    - LIM-NEED: monthly purchases x (term + usual delay + invoicing lag, + 15
      days for an end of month) / 30. Delay and lag count where they are given.
    - LIM-NW, LIM-TNW, LIM-CA, LIM-FR: a share of the equity (10 %), of the
      equity less intangible assets (35 %), of sales excl. VAT (5 %), of the
      working capital FRNG (10 %). Equity, tangible equity or working capital
      of nil or less: 0 (CHOICE for the first two).
    - LIM-FOURN: a share of the trade payables; 10 % is a CHOICE, the sources
      give the idea without a share (UNCONFIRMED).
    - LIM-SCORE: need x coefficient of the risk level (CHOICE); coefficient 0:
      no credit, prepayment.
    - LIM-SELLER: what one customer may weigh in our own sales.
    - LIM-REF: median of other suppliers' limits. LIM-AFDCC: (orders + to
      invoice + open) x both coefficients.
    - LIM-INS: the agreed amount; with the insured share it bounds the cover,
      not the judgement. It is never added to another limit: both are about
      the same first euros.

    Examples
    --------
    A customer buys 20 000 a month at 45 days, its equity is 300 000: how much credit?

    >>> accounts = pd.DataFrame({"capitaux_propres": [300_000.0], "chiffre_affaires": [1_200_000.0]})
    >>> found = methods(accounts, "2026-06-30", need=Need(20_000, 45)).set_index("method")
    >>> found["amount"].dropna().to_dict()
    {'lim_need': 30000.0, 'lim_net_worth': 30000.0, 'lim_turnover': 60000.0}
    >>> found.loc["lim_working_capital", "reason"]
    'unknown_line'
    """
    choice("supplier_basis", supplier_basis, SUPPLIER_BASES)
    checks, at = _Checks(), as_day(as_of)
    year = _one_year(accounts, checks)
    shares = _shares(level._asdict() if isinstance(level, RiskLevel) else level or {}, checks)
    asked = _checked_need(need, checks)
    found = {"lim_need": _need(asked)}
    known = _Accounts(year, at, currency)
    for row in _methods():
        if row["kind"] == "financial":
            found[row["key"]] = known.share_of(row, shares)
    if supplier_basis == "purchases":
        found["lim_supplier_share"] = known.purchases(_method("lim_supplier_share"), shares, asked)
    capital = checks.share("capital_share", capital_share)
    found["lim_score"] = _score(found["lim_need"], shares["coefficient"], known, capital)
    found["lim_seller_sales"] = _seller(
        checks.amount("seller_sales", seller_sales), checks.share("seller_share", seller_share)
    )
    found["lim_trade_references"] = _references(supplier_limits, at, checks)
    found["lim_afdcc"] = _afdcc(activity or Activity(), checks)
    found["lim_insurer"] = _insurer(insured or Insured(), at, checks)
    checks.done()
    table = pd.DataFrame([_method_row(row, found[row["key"]], currency) for row in _methods()], columns=list(COLUMNS))
    return table.astype({"amount": "float64"})


def _methods() -> tuple[dict[str, str], ...]:
    return reference_rows("limit_methods.csv")


def _method(key: str) -> dict[str, str]:
    return next(row for row in _methods() if row["key"] == key)


def _method_row(row: Mapping[str, str], found: _Found, currency: str) -> list[Any]:
    place = [row["key"], row["code"], row["kind"], row["role"], round(found.amount + 0.0, 2), currency]
    told = [found.reason, " ".join(found.missing), " ".join(found.notes), found.account_notes]
    return [*place, found.vat or row["vat"], dict(found.inputs), *told, found.status or row["standing"], row["source"]]


def _one_year(accounts: pd.DataFrame | pd.Series | None, checks: _Checks) -> pd.DataFrame | None:
    if accounts is None:
        return None
    table = accounts.to_frame().T if isinstance(accounts, pd.Series) else accounts
    if len(table) != 1:
        checks.wrong("limit_not_one_year", "accounts", len(table))
        return None
    return table.reset_index(drop=True)


def _shares(level: Mapping[str, Any], checks: _Checks) -> dict[str, float | None]:
    names = {row["share"] for row in _methods() if row["share"]}
    for name in level:
        if str(name).startswith("share_") and name not in names:
            checks.wrong("unknown_option", "level", name, expected=", ".join(sorted(names)))
    shares = {name: checks.share(name, level.get(name)) for name in names - {"coefficient"}}
    return shares | {"coefficient": checks.coefficient("coefficient", level.get("coefficient"))}


def _checked_need(need: Need | None, checks: _Checks) -> Need:
    given = need or Need()
    return Need(
        checks.amount("monthly_purchases", given.monthly_purchases),
        checks.days("term_days", given.term_days),
        checks.days("usual_delay_days", given.usual_delay_days, low=-1000.0),
        checks.days("invoicing_lag_days", given.invoicing_lag_days),
        bool(given.end_of_month),
        checks.amount("amount", given.amount),
    )


def _total_days(need: Need) -> float:
    """Days of purchases that stand open, of what is given."""
    extra = MONTH_END_DAYS if need.end_of_month else 0
    return (need.term_days or 0) + (need.usual_delay_days or 0) + (need.invoicing_lag_days or 0) + extra


def _need(need: Need) -> _Found:
    if need.amount is not None:
        return _Found(need.amount, {"need_given": need.amount})
    inputs = {
        "monthly_purchases": need.monthly_purchases,
        "term_days": need.term_days,
        "usual_delay_days": need.usual_delay_days,
        "invoicing_lag_days": need.invoicing_lag_days,
        "month_end_days": float(MONTH_END_DAYS) if need.end_of_month else None,
    }
    missing = [name for name in ("monthly_purchases", "term_days") if inputs[name] is None]
    inputs = {name: value for name, value in inputs.items() if value is not None}
    if missing:
        return _Found(inputs=inputs, reason="not_given", missing=missing)
    days = _total_days(need)
    inputs["total_days"] = days
    if days < 0:
        return _Found(inputs=inputs, reason="days_negative")
    uncounted = [f"{name}_unknown" for name in ("usual_delay_days", "invoicing_lag_days") if name not in inputs]
    return _Found((need.monthly_purchases or 0.0) * days / 30, inputs, notes=uncounted)


class _Accounts:
    """One year of accounts, and what the methods take from it."""

    def __init__(self, year: pd.DataFrame | None, at: datetime, currency: str):
        self.year, self.at, self.currency = year, at, currency
        self.row: dict[Any, Any] = {} if year is None else year.to_dict("records")[0]

    def unusable(self) -> str | None:
        """Why the accounts as a whole cannot be used."""
        if self.year is None:
            return "no_accounts"
        own = self.row.get("currency")
        return "other_currency" if isinstance(own, str) and own and own != self.currency else None

    def notes(self) -> list[str]:
        """What must be said of their date and length."""
        closed, months = self.row.get("year_end"), self.row.get("months")
        found = []
        if closed is None or _missing(closed):
            found.append("undated_accounts")
        else:
            day = pd.Timestamp(as_day(closed))
            if day > pd.Timestamp(self.at):
                found.append("later_accounts")
            elif day + pd.DateOffset(months=OLD_ACCOUNTS) < pd.Timestamp(self.at):
                found.append("old_accounts")
        return found + ([] if months is None or _missing(months) or months == 12 else ["other_months"])

    def value(self, formula: Formula) -> tuple[float, list[str]]:
        """Value of a formula over twelve months, and the lines that it lacks."""
        assert self.year is not None
        total = next(block.total(formula) for _, block in blocks(self.year, annual=True))
        value = float("nan") if total is None else float(total[0])
        if value == value:
            return value, []
        return value, unknown_lines(self.row, formula) or ["months"]

    def parts(self, formula: Formula) -> dict[str, float]:
        """The lines of a formula that are not nil, by name."""
        assert self.year is not None
        values = evaluate(self.year, list(formula.names), annual=True)[0].iloc[0]
        known = {name: float(values[name]) for name in formula.names}
        return {name: value for name, value in known.items() if abs(value) > 0}

    def share_of(self, row: Mapping[str, str], shares: Mapping[str, float | None]) -> _Found:
        """A share of a sum of the accounts; 0 where that is nil or negative."""
        base = parse(row["base"])
        lacking = self._lacking(base)
        if lacking:
            return lacking
        value = self.value(base)[0]
        share, notes, status = _share(row, shares)
        inputs = self.parts(base) | ({"lim_base": value} if len(base.terms) > 1 else {base.names[0]: value})
        inputs["lim_share"] = share
        told = note_texts(evaluate(self.year, list(base.names), annual=True)[1]).iloc[0]  # type: ignore[arg-type]
        known = _Found(share * value, inputs, None, (), [*notes, *self.notes()], status, str(told))
        if value > 0:
            return known._replace(reason=None if share else "withheld")
        if row["key"] in ("lim_turnover", "lim_supplier_share") and value < 0:
            return known._replace(amount=float("nan"), reason="negative_base")
        return known._replace(amount=0.0, reason=f"nil_{row['key']}")

    def _lacking(self, base: Formula) -> _Found | None:
        if self.unusable():
            return _Found(reason=self.unusable(), missing=["accounts"])
        value, missing = self.value(base)
        return _Found(reason="unknown_line", missing=missing, notes=self.notes()) if value != value else None

    def purchases(self, row: Mapping[str, str], shares: Mapping[str, float | None], need: Need) -> _Found:
        """A share of a year's purchases excl. VAT, for the days of the term."""
        base = parse("achats")
        lacking = self._lacking(base)
        if lacking:
            return lacking
        value = self.value(base)[0]
        share, notes, status = _share(row, shares)
        inputs: dict[str, Any] = {"achats": value, "lim_share": share}
        known = _Found(inputs=inputs, notes=[*notes, *self.notes()], status=status, vat="excl")
        if need.term_days is None:
            return known._replace(reason="not_given", missing=["term_days"])
        inputs["term_days"] = need.term_days
        if value < 0:
            return known._replace(reason="negative_base")
        reason = "withheld" if share == 0 else "nil_lim_supplier_share" if value == 0 else None
        return known._replace(amount=share * value * need.term_days / 365, reason=reason)


def _share(row: Mapping[str, str], shares: Mapping[str, float | None]) -> tuple[float, list[str], str]:
    """Share of a method, what to say of it, and its standing."""
    share = shares[row["share"]]
    if share is not None:
        return share, [], "risk_level"
    return float(row["default_share"]), ["default_share"], row["standing"]


def _score(need: _Found, coefficient: float | None, accounts: _Accounts, capital_share: float | None) -> _Found:
    inputs: dict[str, Any] = {} if coefficient is None else {"coefficient": coefficient}
    if coefficient is None:
        return _Found(reason="no_level", missing=["coefficient"])
    if coefficient == 0:
        return _Found(0.0, inputs, "withheld", status="risk_level")
    if need.amount != need.amount:
        return _Found(inputs=inputs, reason="no_need", missing=need.missing)
    amount, notes = coefficient * need.amount, []
    inputs = {"lim_need": round(need.amount, 2)} | inputs
    if capital_share is not None:
        capital = float("nan") if accounts.unusable() else accounts.value(parse("capital"))[0]
        if capital == capital:
            inputs |= {"capital": capital, "capital_share": capital_share}
            amount = min(amount, capital_share * max(capital, 0.0))
        else:
            notes.append("capital_unknown")
    return _Found(amount, inputs, None, (), notes, "risk_level")


def _seller(sales: float | None, share: float | None) -> _Found:
    if sales is None or share is None:
        return _Found(reason="not_given", missing=["seller_sales" if sales is None else "seller_share"])
    status = "" if share in (SELLER_SHARE, 0.10) else "CHOICE"  # the two shares that the sources print
    return _Found(sales * share, {"seller_sales": sales, "lim_share": share}, status=status)


def _references(given: Sequence[float] | pd.DataFrame, at: datetime, checks: _Checks) -> _Found:
    left: list[str] = []
    if isinstance(given, pd.DataFrame):
        kept, rows = [], given.to_dict("records")
        for row in rows:
            begins, ends = (checks.day(f"supplier_limits.{name}", row.get(name)) for name in ("date", "until"))
            reason = _not_valid(begins, ends, at)
            kept += [] if reason else [row.get("amount")]
            left += [f"references_{reason}"] if reason else []
    else:
        kept = list(given)
    numbers = [checks.amount("supplier_limits", value) for value in kept]
    amounts = sorted(number for number in numbers if number is not None)
    notes = list(dict.fromkeys(left))
    if not amounts:
        return _Found(reason="not_given", missing=["supplier_limits"], notes=notes)
    inputs = {f"reference_{place}": amount for place, amount in enumerate(amounts, 1)}
    middle = len(amounts) // 2
    median = amounts[middle] if len(amounts) % 2 else (amounts[middle - 1] + amounts[middle]) / 2
    return _Found(median, inputs, notes=notes)


def _not_valid(begins: datetime | None, ends: datetime | None, at: datetime) -> str | None:
    """Why a dated amount does not hold on a day."""
    if begins is None or _missing(begins):
        return "undated"
    if begins > at:
        return "later"
    return "expired" if ends is not None and not _missing(ends) and ends < at else None


def _afdcc(activity: Activity, checks: _Checks) -> _Found:
    amounts = {name: checks.amount(name, getattr(activity, name)) for name in ("orders", "to_invoice", "open_invoices")}
    names = ("terms_coefficient", "behaviour_coefficient")
    factors = {name: checks.coefficient(name, getattr(activity, name)) for name in names}
    inputs = {name: value for name, value in (amounts | factors).items() if value is not None}
    missing = [name for name, value in (amounts | factors).items() if value is None]
    if missing:
        return _Found(inputs=inputs, reason="not_given", missing=missing)
    base = sum(value or 0.0 for value in amounts.values())
    return _Found(base * math.prod(value or 0.0 for value in factors.values()), inputs)


def _insurer(insured: Insured, at: datetime, checks: _Checks) -> _Found:
    amount, share = (
        checks.amount("insured.amount", insured.amount),
        checks.share("insured_share", insured.insured_share),
    )
    begins, ends = checks.day("insured.dated", insured.dated), checks.day("insured.until", insured.until)
    dates = {"limit_dated": begins, "until": ends}
    inputs: dict[str, Any] = {"insured_share": share} | dates
    inputs = {name: value for name, value in inputs.items() if value is not None}
    if amount is None:
        return _Found(inputs=inputs, reason="not_given", missing=["insurer_limit"])
    inputs = {"insurer_limit": amount} | inputs
    reason = _not_valid(begins, ends, at)
    if reason:
        return _Found(inputs=inputs, reason=f"insurer_{reason}", notes=["never_added"])
    if share is not None:
        inputs["insured_part"] = round(amount * share, 2)
    return _Found(amount, inputs, "insurer_refused" if amount == 0 else None, notes=["never_added"])


# ---------------------------------------------------------------- the proposal


@dataclass(frozen=True)
class Proposal:
    """A proposed limit and all that must stand beside it.

    Attributes
    ----------
    amount : float or None
        Incl. VAT, rounded down; None: no proposal, `reason` says why.
    reason : str
        bound_by (the method in `method`), mean, bound_by_request, withheld;
        without a proposal need_unknown, no_cap, too_few.
    method : str or None
        Method that bounds the amount.
    combine : {"min", "mean"}
    before_rounding : float or None
    most_prudent, most_prudent_method, mean
        Lowest and average of the methods that have an amount: the insurer's
        limit is in neither, our own ceiling not in the mean.
    counted : tuple of str
        Methods that made the proposal.
    left_out : dict of str to str
        Methods that should have counted and have no amount, with the reason.
    need, asked : float or None
    gap : float or None
        Need (or else the request) less the proposal; never negative.
    insurer_limit : float or None
        Beside the proposal, never added to it.
    currency : str
    owner : str or None
    date, expiry : datetime
    justification : str
        The analyst's own words.
    notes : tuple of str
        old_accounts, caps_missing, need_is_request, no_owner, no_justification, not_rounded ...
    """

    amount: float | None
    reason: str
    method: str | None
    combine: str
    before_rounding: float | None
    most_prudent: float | None
    most_prudent_method: str | None
    mean: float | None
    counted: tuple[str, ...]
    left_out: dict[str, str]
    need: float | None
    asked: float | None
    gap: float | None
    insurer_limit: float | None
    currency: str
    owner: str | None
    date: datetime
    expiry: datetime
    justification: str
    notes: tuple[str, ...]

    @property
    def double_count(self) -> float | None:
        """What adding the insurer's limit would wrongly give; None: nothing to add."""
        both = self.amount is not None and self.insurer_limit is not None
        return round((self.amount or 0.0) + (self.insurer_limit or 0.0), 2) if both else None


def proposal(
    table: pd.DataFrame,
    as_of: str | date,
    asked: float | None = None,
    *,
    combine: str = "min",
    leave_out: Sequence[str] = (),
    rounding: float = ROUNDING,
    owner: str | None = None,
    justification: str = "",
    validity_months: int = VALIDITY,
) -> Proposal:
    """One limit out of the methods, with the reason for it (rule LIM-COMB).

    Parameters
    ----------
    table : pandas.DataFrame
        As :func:`methods` gives it.
    as_of : date or str
        Day from which the limit runs.
    asked : float, optional
        Credit asked for, incl. VAT; stands in for the need where that is not
        known, and is never exceeded.
    combine : {"min", "mean"}
        min: the lowest of the need and of the caps (accounts and score), a
        CHOICE; mean: the average of need, caps and references.
    leave_out : sequence of str
        Methods not to count: the working capital of a shop that is paid cash,
        for example.
    rounding : float
        The proposal is rounded down to a multiple of it (CHOICE: 500); an
        amount below it is rounded down to a whole unit of currency.
    owner : str, optional
        Who answers for the limit; without one `notes` says no_owner.
    justification : str
        The analyst's own words.
    validity_months : int
        CHOICE: 12. The AFDCC gives 3 as an example for terms of 60 days.

    Returns
    -------
    Proposal

    Raises
    ------
    InputError
        If `combine` or a method of `leave_out` is not known, the request is
        negative, or the rounding or validity is not positive.

    Notes
    -----
    The result never exceeds our own ceiling (LIM-SELLER), nor the need, nor
    the request. A coefficient of 0 withholds credit whatever the other methods
    say. No proposal without a need (or request), or without one cap from the
    accounts or the score. References and the AFDCC's base count in the mean
    alone; the insurer's limit counts in neither.

    Examples
    --------
    A need of 50 000, tangible net worth of 80 000, sales of 700 000, rating B: the published case.

    >>> accounts = pd.DataFrame({"capitaux_propres": [80_000.0], "chiffre_affaires": [700_000.0],
    ...     "frais_etablissement_net": [0.0], "frais_developpement_net": [0.0], "concessions_brevets_net": [0.0],
    ...     "fonds_commercial_net": [0.0], "autres_immo_incorp_net": [0.0], "avances_immo_incorp_net": [0.0]})
    >>> table = methods(accounts, "2026-06-30", need=Need(amount=50_000))
    >>> found = proposal(table, "2026-06-30", leave_out=["lim_net_worth"])
    >>> found.amount, found.method, found.gap
    (28000.0, 'lim_tangible_net_worth', 22000.0)
    """
    choice("combine", combine, COMBINE)
    checks = _Checks()
    request = checks.amount("asked", asked)
    step = checks.number("rounding", rounding, "limit_bad_amount", low=0.01)
    if isinstance(validity_months, bool) or not isinstance(validity_months, int) or not 0 < validity_months <= 60:
        checks.wrong("limit_bad_validity", "validity_months", validity_months)
    for name in leave_out:
        if name not in set(table["method"]):
            checks.wrong("unknown_option", "leave_out", name, expected=", ".join(table["method"]))
    checks.done()
    at = as_day(as_of)
    rows = {str(row["method"]): row for row in table.to_dict("records") if row["method"] not in leave_out}
    known = {name: float(row["amount"]) for name, row in rows.items() if row["amount"] == row["amount"]}
    need = known.get("lim_need")
    notes = _proposal_notes(rows, known, need, request, owner, justification)
    wanted = need if need is not None else request
    decided = _combined(rows, known, wanted, request, combine)
    amount = None if decided.amount is None else _rounded_down(decided.amount, float(step or ROUNDING))
    if amount and decided.amount and amount != decided.amount and decided.amount < float(step or ROUNDING):
        notes.append("not_rounded")
    judged = {name: value for name, value in known.items() if rows[name]["role"] != "cover"}
    averaged = [value for name, value in judged.items() if rows[name]["role"] != "ceiling"]
    lowest = min(judged, key=lambda name: judged[name]) if judged else None
    gap = None if amount is None or wanted is None else round(max(wanted - amount, 0.0), 2)
    return Proposal(
        amount=amount,
        reason=decided.reason,
        method=decided.method,
        combine=combine,
        before_rounding=None if decided.amount is None else round(decided.amount, 2),
        most_prudent=None if lowest is None else judged[lowest],
        most_prudent_method=lowest,
        mean=round(math.fsum(averaged) / len(averaged), 2) if averaged else None,
        counted=decided.counted,
        left_out={
            name: str(row["reason"])
            for name, row in rows.items()
            if name not in known and row["role"] in ("need", "cap", "ceiling")
        },
        need=need,
        asked=request,
        gap=gap,
        insurer_limit=known.get("lim_insurer"),
        currency=str(table["currency"].iloc[0]),
        owner=owner or None,
        date=at,
        expiry=(pd.Timestamp(at) + pd.DateOffset(months=validity_months)).to_pydatetime(),
        justification=justification,
        notes=tuple(notes),
    )


class _Decided(NamedTuple):
    amount: float | None
    reason: str
    method: str | None = None
    counted: tuple[str, ...] = ()


def _combined(
    rows: Mapping[str, Any], known: Mapping[str, float], wanted: float | None, asked: float | None, combine: str
) -> _Decided:
    """The amount before rounding, and what bounds it."""
    if rows.get("lim_score", {}).get("reason") == "withheld":
        return _Decided(0.0, "withheld", "lim_score", ("lim_score",))
    roles = ("need", "cap") if combine == "min" else ("need", "cap", "reference")
    counted = {name: known[name] for name in known if rows[name]["role"] in roles}
    if wanted is None:
        return _Decided(None, "need_unknown")
    if not any(rows[name]["role"] == "cap" for name in counted):
        return _Decided(None, "no_cap")
    if combine == "mean" and len(counted) < 2:
        return _Decided(None, "too_few")
    ceiling = {name: known[name] for name in known if rows[name]["role"] == "ceiling"}
    bounds = {**counted, **ceiling} if combine == "min" else ceiling
    if combine == "mean" and "lim_need" in known:
        bounds = {"lim_need": known["lim_need"], **ceiling}
    start = math.fsum(counted.values()) / len(counted) if combine == "mean" else math.inf
    method = min(bounds, key=lambda name: bounds[name], default=None)
    amount, reason = start, "mean"
    if method is not None and bounds[method] < start:
        amount, reason = bounds[method], "bound_by"
    else:
        method = None
    if asked is not None and asked < amount:
        amount, reason, method = asked, "bound_by_request", None
    return _Decided(amount, reason, method, tuple({**counted, **ceiling}))


def _rounded_down(amount: float, step: float) -> float:
    """In whole cents, so that 28 000 stays 28 000."""
    cents, size = round(amount * 100), round(step * 100)
    size = size if cents >= size else 100
    return cents // size * size / 100


def _proposal_notes(
    rows: Mapping[str, Any], known: Mapping[str, float], need: float | None, asked: float | None, owner: Any, said: str
) -> list[str]:
    used = [row for name, row in rows.items() if name in known]
    notes = [name for name in ("old_accounts", "undated_accounts", "later_accounts") if _any_note(used, name)]
    if any(row["role"] == "cap" and name not in known for name, row in rows.items()):
        notes.append("caps_missing")
    if need is None and asked is not None:
        notes.append("need_is_request")
    return notes + ([] if owner else ["no_owner"]) + ([] if said.strip() else ["no_justification"])


def _any_note(rows: Iterable[Mapping[Any, Any]], name: str) -> bool:
    return any(name in str(row["notes"]).split() for row in rows)


def cover_gap(found: Proposal, need: Need | None = None, insured: Insured | None = None) -> pd.DataFrame:
    """What could make the proposed limit enough for the need.

    Parameters
    ----------
    found : Proposal
    need : Need, optional
        As given to :func:`methods`: tells by how much the term must be shorter.
    insured : Insured, optional
        As given to :func:`methods`.

    Returns
    -------
    pandas.DataFrame, one row per way; empty without a gap
        `cover` (shorter_terms, deposit, guarantee, insurance), `cover_amount`
        (what must be paid in advance or secured; with insurance, what would
        stay at our own risk if the whole need were owed), `new_term_days`
        (term with which the need is the limit; NaN: not computable),
        `enough` (whether that way alone covers the gap; null: not known).

    Notes
    -----
    The limit is the one proposed: it is not computed again for the shorter term.
    With insurance the risk we keep is need - insured share x min(need, agreed
    limit). It is compared with our limit: the two limits are not added.

    Examples
    --------
    >>> accounts = pd.DataFrame({"capitaux_propres": [200_000.0]})
    >>> need = Need(20_000, 60)
    >>> found = proposal(methods(accounts, "2026-06-30", need=need), "2026-06-30")
    >>> ways = cover_gap(found, need).set_index("cover")
    >>> found.gap, float(ways.loc["shorter_terms", "new_term_days"])
    (20000.0, 30.0)
    """
    columns = ["cover", "cover_amount", "new_term_days", "enough"]
    if not found.gap or found.amount is None:
        return pd.DataFrame(columns=columns)
    wanted = found.amount + found.gap
    term, fits = _shorter_term(need, found.amount)
    kept = _kept_risk(wanted, found.insurer_limit, None if insured is None else insured.insured_share)
    rows = [
        ("shorter_terms", float("nan"), term, fits),
        ("deposit", found.gap, float("nan"), True),
        ("guarantee", found.gap, float("nan"), True),
        ("insurance", kept, float("nan"), None if kept != kept else kept <= found.amount + 0.005),
    ]
    return pd.DataFrame(rows, columns=columns)


def _shorter_term(need: Need | None, limit: float) -> tuple[float, bool | None]:
    """Term with which the need is the limit, in whole days; whether there is one."""
    if need is None or not need.monthly_purchases or need.term_days is None or need.amount is not None:
        return float("nan"), None
    spared = _total_days(need) - limit / need.monthly_purchases * 30
    term = math.floor(round(need.term_days - spared, 6))
    return (float(term), True) if term >= 0 else (float("nan"), False)


def _kept_risk(wanted: float, agreed: float | None, share: float | None) -> float:
    if agreed is None or _missing(share):
        return float("nan")
    return round(wanted - float(share or 0.0) * min(wanted, agreed), 2)


# ---------------------------------------------------------------- in words


def explain(table: pd.DataFrame, language: str | None = None) -> pd.DataFrame:
    """The methods for a reader: how each amount is made, from which numbers, and what to know of it.

    Parameters
    ----------
    table : pandas.DataFrame
        As :func:`methods` gives it.
    language : {"fr", "en"}, optional

    Returns
    -------
    pandas.DataFrame, one row per method
        `method`, `limit_amount`, `currency`, `lim_formula`, `lim_inputs`,
        `lim_vat`, `lim_remark` (reason and notes in sentences), `lim_status`.

    Examples
    --------
    >>> told = explain(methods(None, "2026-06-30", need=Need(20_000, 45)), "en").iloc[0]
    >>> told["lim_inputs"]
    'Monthly purchases expected: 20,000.00; Agreed term (days): 45; Days in all: 45'
    """
    rows = table.to_dict("records")
    between = " ; " if words.resolve(language) == "fr" else "; "
    return pd.DataFrame(
        {
            "method": table["method"].to_list(),
            "limit_amount": table["amount"].to_list(),
            "currency": table["currency"].to_list(),
            "lim_formula": [message(f"limit_formula_{row['method']}", language) for row in rows],
            "lim_inputs": [
                between.join(_input(name, value, language) for name, value in row["inputs"].items()) for row in rows
            ],
            "lim_vat": [message(f"limit_vat_{row['vat']}", language) for row in rows],
            "lim_remark": [" ".join(_remarks(row, language)) for row in rows],
            "lim_status": [_standing(str(row["status"]), language) for row in rows],
        }
    )


def _input(name: str, value: Any, language: str | None) -> str:
    if name.startswith("reference_"):
        named = message("limit_reference", language, n=1, place=name.removeprefix("reference_"))
    else:
        named = label(name, language)
    kind = "money" if name.startswith("reference_") or name == "lim_need" else words.kind_of(name)
    return f"{named}{message('colon', language)}{_shown(value, kind, language)}"


def _shown(value: Any, kind: str, language: str | None) -> str:
    if isinstance(value, date):
        return words.day(value, language)
    if kind == "rate":
        return words.percent(value, 1, language)
    whole = kind != "money" and float(value).is_integer()
    return words.number(value, 0 if whole else 2, language)


def _remarks(row: Mapping[Any, Any], language: str | None) -> list[str]:
    said = []
    if isinstance(row["reason"], str):
        missing = ", ".join(label(name, language) for name in str(row["missing"]).split())
        said.append(message(f"limit_reason_{row['reason']}", language, missing=missing or "–"))
    return said + [message(f"limit_note_{name}", language) for name in str(row["notes"]).split()]


def _standing(status: str, language: str | None) -> str:
    return message(f"limit_status_{status.lower()}", language) if status else ""


def sentences(found: Proposal, language: str | None = None) -> list[str]:
    """The proposal in words: amount, reason, gap, insurer, dates, and what it does not rest on.

    Parameters
    ----------
    found : Proposal
    language : {"fr", "en"}, optional

    Examples
    --------
    >>> accounts = pd.DataFrame({"capitaux_propres": [200_000.0]})
    >>> found = proposal(methods(accounts, "2026-06-30", need=Need(20_000, 60)), "2026-06-30", owner="M. Dupuy")
    >>> print(sentences(found, "en")[0].replace(words.HARD, " "))
    Proposed limit: 20,000.00 EUR, from 30/06/2026 to 30/06/2027, owner: M. Dupuy.
    """
    if found.amount is None:
        return [message("limit_no_proposal", language), message(f"limit_because_{found.reason}", language)]

    def money(value: float | None) -> str:
        return words.money(value, found.currency, language)

    owner = found.owner or message("limit_to_be_named", language)
    dates = {"date": words.day(found.date, language), "expiry": words.day(found.expiry, language)}
    said = [message("limit_proposed", language, amount=money(found.amount), owner=owner, **dates)]
    method = label(found.method, language) if found.method else "–"
    said.append(message(f"limit_because_{found.reason}", language, method=method))
    if found.gap:
        said.append(message("limit_gap", language, gap=money(found.gap)))
    if found.insurer_limit is not None:
        wrong = money(found.double_count)
        said.append(message("limit_beside_insurer", language, insurer=money(found.insurer_limit), wrong=wrong))
    said += [message(f"limit_proposal_{name}", language, **_left_out(found, language)) for name in found.notes]
    return [*said, found.justification.strip()] if found.justification.strip() else said


def _left_out(found: Proposal, language: str | None) -> dict[str, str]:
    names = [label(name, language) for name in found.left_out if name not in ("lim_need", "lim_seller_sales")]
    return {"methods": ", ".join(names) or "–"}


# ---------------------------------------------------------------- exposure

PARTS = ("open_invoices", *FACTS, "unallocated_receipts")
_SIGNS = {"advances": -1, "unallocated_receipts": -1}
_BESIDE = ("secured", "overdue", "overdue_undisputed", "disputed", "retention")


def exposure(
    parts: pd.DataFrame,
    as_of: str | date,
    *,
    by: str = "customer_id",
    deduct_unallocated: bool = True,
    deduct_secured: bool = False,
    tolerance: float = 0.0,
    near: float = NEAR,
) -> pd.DataFrame:
    """All that may be lost on each customer or group, against its limit (rule EXPO).

    Parameters
    ----------
    parts : pandas.DataFrame, one row per customer
        `customer_id`, `open_invoices` (incl. VAT, credit notes off); as far
        as known `bills` (accepted, not due), `to_invoice` (delivered),
        `order_backlog`, `advances` and `unallocated_receipts` (both received,
        positive), `secured` (by a guarantee), `credit_limit`, `limit_date`,
        `limit_until`, `insurer_limit`, `overdue`, `overdue_undisputed`, `disputed`,
        `retention`, `customer_name`, `group_id`, `collector`, `currency`. NaN: unknown.
        With a column `limit_date`, a limit without one is said and not used.
    as_of : date or str
    by : {"customer_id", "group_id"}
        A customer without a group is its own. A member in credit does not
        reduce what the others owe; the limit of a group is the sum of its
        members', unknown if one that owes has none that holds.
    deduct_unallocated : bool
        Take receipts that no invoice was found for off the exposure.
    deduct_secured : bool
        Take off what a guarantee secures; by default it is shown beside.
    tolerance : float
        Fraction by which a limit may be exceeded.
    near : float
        Use from which a limit counts as nearly reached.

    Returns
    -------
    pandas.DataFrame, largest excess first, then highest use
        `customer_id`, `customer_name`, `collector` or `group_id`,
        `customer_name`, `members`; `currency`, the parts (NaN: not given),
        `exposure_amount`, `secured`, `credit_limit`, `limit_until`,
        `headroom` (limit less exposure), `excess` (exposure less limit x (1 +
        tolerance), 0 if none), `limit_use` (NaN for a limit of 0),
        `insurer_limit`, `insurer_excess`, `overdue`, `overdue_undisputed`,
        `disputed`, `retention`, `limit_state` (limit_over, limit_near, limit_within, limit_none,
        limit_expired, limit_undated), `not_given` (parts that the exposure
        lacks, separated by spaces: it is then a minimum).

    Raises
    ------
    InputError
        If a column is missing, a customer stands twice, an amount is negative
        that cannot be, or an option is not a fraction.

    Notes
    -----
    Exposure = open invoices + bills not due + delivered not invoiced + orders
    - advances - unallocated receipts. A customer in credit has its whole limit
    left, not more. The insurer's limit has its own columns: adding it to ours
    would count the same euros twice.

    Examples
    --------
    >>> parts = pd.DataFrame({"customer_id": ["A"], "open_invoices": [40_000.0], "order_backlog": [15_000.0],
    ...     "advances": [5_000.0], "credit_limit": [45_000.0], "insurer_limit": [30_000.0]})
    >>> exposure(parts, "2026-06-30")[["exposure_amount", "headroom", "excess", "insurer_excess"]].iloc[0].tolist()
    [50000.0, -5000.0, 5000.0, 20000.0]
    """
    choice("by", by, LEVELS)
    checks, at = _Checks(), as_day(as_of)
    allowed, close = checks.share("tolerance", tolerance), checks.share("near", near)
    table = _whole_parts(parts, checks)
    checks.done()
    options = (deduct_unallocated, deduct_secured)
    table["exposure_amount"] = _exposed(table, *options)
    table["limit_state"] = [_standing_of_limit(row, at, "limit_date" in parts) for row in table.to_dict("records")]
    table["usable"] = table["credit_limit"].where(table["limit_state"] == "")
    if by == "group_id":
        table = _grouped(table)
    owed = table["exposure_amount"].clip(lower=0)
    table["headroom"] = (table["usable"] - owed).round(2)
    bound = (table["usable"] * (1 + (allowed or 0.0))).round(2)
    table["excess"] = (owed - bound).round(2).clip(lower=0)
    table["limit_use"] = owed / table["usable"].where(table["usable"] > 0)
    table["insurer_excess"] = (owed - table["insurer_limit"]).round(2).clip(lower=0)
    judged = table["limit_state"] == ""
    reached = (table["limit_use"] >= (close or 0.0)).map({True: "limit_near", False: "limit_within"})
    state = reached.mask(table["excess"] > 0, "limit_over").mask(table["usable"].isna(), "limit_none")
    table["limit_state"] = table["limit_state"].where(~judged, state)
    table["not_given"] = [_not_given(row) for row in table.to_dict("records")]
    who = [by, "customer_name", "collector" if by == "customer_id" else "members", "currency"]
    amounts = [*PARTS, "exposure_amount", "secured", "credit_limit", "limit_until", "headroom", "excess", "limit_use"]
    rest = ["insurer_limit", "insurer_excess", *_BESIDE[1:], "limit_state", "not_given"]
    order = table.sort_values(
        ["excess", "limit_use", "exposure_amount", by], ascending=[False, False, False, True], ignore_index=True
    )
    return order[[*who, *amounts, *rest]]


def _whole_parts(parts: pd.DataFrame, checks: _Checks) -> pd.DataFrame:
    """Every column that may be given; what is missing is unknown."""
    absent = [name for name in ("customer_id", "open_invoices") if name not in parts]
    for name in absent:
        checks.wrong("limit_missing_column", "parts", name)
    if absent:
        checks.done()
    table = parts.reset_index(drop=True).copy()
    for row in table[table.duplicated("customer_id")].to_dict("records"):
        checks.wrong("limit_customer_twice", "customer_id", row["customer_id"])
    for name in (*PARTS, *_BESIDE, "credit_limit", "insurer_limit"):
        values = table[name] if name in table else pd.Series(float("nan"), index=table.index)
        table[name] = pd.to_numeric(values, errors="coerce").astype("float64")
        unread = table[name].isna() & values.notna()
        low = (table[name] < 0) & (name not in ("open_invoices", "disputed", "retention"))
        for value in values[unread | low | table[name].abs().eq(math.inf)]:
            checks.wrong("limit_bad_amount", name, value)
    for name in ("limit_date", "limit_until"):
        dates = table[name] if name in table else pd.Series(None, index=table.index, dtype="object")
        table[name] = pd.to_datetime(pd.Series([checks.day(name, value) for value in dates], dtype="object"))
    for name in ("customer_name", "group_id", "collector", "currency"):
        texts = table[name] if name in table else pd.Series(None, index=table.index, dtype="object")
        table[name] = texts.astype("object").where(texts.notna(), None)
    for name in ("customer_name", "group_id"):
        table[name] = table[name].where(table[name].notna(), table["customer_id"])
    if len(set(table["currency"])) > 1:
        checks.wrong("several_currencies", "currency", ", ".join(map(str, table["currency"].unique())))
    return table


def _exposed(table: pd.DataFrame, deduct_unallocated: bool, deduct_secured: bool) -> pd.Series:
    """Sum of the parts that are known; unknown without the open invoices."""
    total = table["open_invoices"].copy()
    for name in PARTS[1:]:
        if name != "unallocated_receipts" or deduct_unallocated:
            total = total + _SIGNS.get(name, 1) * table[name].fillna(0)
    return (total - table["secured"].fillna(0) if deduct_secured else total).round(2)


def _standing_of_limit(row: Mapping[Any, Any], at: datetime, dated: bool) -> str:
    """Why a limit is not used; blank: it is."""
    if _missing(row["credit_limit"]):
        return "limit_none"
    reason = _not_valid(row["limit_date"] if dated else at, row["limit_until"], at)
    return {None: "", "expired": "limit_expired"}.get(reason, "limit_undated")


def _grouped(table: pd.DataFrame) -> pd.DataFrame:
    """Sums of the members; limits unknown where a member that owes has none that holds."""
    owes = table["exposure_amount"] > 0
    whole = table.assign(exposure_amount=table["exposure_amount"].clip(lower=0), members=owes.astype("int64"))
    names = dict(zip(table["customer_id"], table["customer_name"]))
    amounts = [*PARTS, *_BESIDE, "exposure_amount", "members"]
    by = whole.groupby("group_id", sort=True)
    sums = by[amounts].sum(min_count=1)
    for name in ("usable", "credit_limit", "insurer_limit"):
        unknown = set(whole.loc[owes & whole[name].isna(), "group_id"])
        sums[name] = by[name].sum(min_count=1).mask(sums.index.isin(list(unknown)))
    sums["limit_until"] = by["limit_until"].min()
    sums["currency"] = by["currency"].first()
    states = by["limit_state"].agg(lambda found: max(found, key=_WORST.index))
    sums["limit_state"] = states.where(sums["usable"].isna(), "")
    sums["limit_state"] = sums["limit_state"].mask(sums["usable"].isna() & (sums["limit_state"] == ""), "limit_none")
    sums["members"] = sums["members"].astype("int64")
    sums = sums.reset_index()
    return sums.assign(customer_name=[names.get(group, group) for group in sums["group_id"]])


_WORST = ["", "limit_none", "limit_expired", "limit_undated"]


def _not_given(row: Mapping[Any, Any]) -> str:
    return " ".join(name for name in FACTS if _missing(row[name]))


def exposure_parts(
    ledger: Ledger,
    as_of: str | date,
    external: External | None = None,
    limits: pd.DataFrame | None = None,
    currency: str | None = None,
) -> pd.DataFrame:
    """What each customer owes, from the ledger and the external information, ready for :func:`exposure`.

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
    external : External, optional
        As :func:`cmtools.external.read_external` gives it: bills, orders,
        deliveries to invoice, advances, guarantees and the insurer's opinion,
        those that hold on `as_of`. An opinion takes the place of the insurer's
        limit of the ledger.
    limits : pandas.DataFrame, optional
        Register of the limits granted: `customer_id`, `credit_limit`, `date`,
        `until`. It takes the place of the ledger's limits, which have no date.
    currency : str, optional
        Needed when the items are in several.

    Returns
    -------
    pandas.DataFrame, one row per customer that owes something or of which a part is known

    Raises
    ------
    InputError
        If the items are in several currencies and none is asked for, or the
        register names a customer twice.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> parts = exposure_parts(ledger, "2026-06-30")
    >>> owed = parts["open_invoices"] - parts["unallocated_receipts"]
    >>> round(float(owed.sum()), 2)
    1464352.61
    """
    items = report_items(ledger, as_of)
    table = customer_table(items, ledger, currency, keep_all=True)
    frame = nw.from_native(items)
    shown = currency or next(iter(collect(frame.select("currency").unique())["currency"]), ledger.book_currency)
    frame = frame.filter(nw.col("currency") == shown).with_columns(cents=cents_of("open_amount"))
    of_kind = {
        "received": nw.col("kind") == "unallocated_receipt",
        "disputed": nw.col("disputed"),
        "retention": nw.col("retention"),
        "overdue_undisputed": (nw.col("cents") > 0) & (nw.col("days_late") > 0) & ~nw.col("disputed"),
    }
    flagged = frame.with_columns(
        **{name: nw.when(flag).then(nw.col("cents")).otherwise(nw.lit(0)) for name, flag in of_kind.items()}
    )
    sums = collect(flagged.group_by("customer_id").agg(*[nw.col(name).sum() for name in of_kind]))
    sums[list(of_kind)] = sums[list(of_kind)].astype("int64")
    table = table.merge(sums, on="customer_id", how="left").fillna(dict.fromkeys(of_kind, 0))
    table["unallocated_receipts"] = (0 - table["received"]).clip(lower=0) / 100
    table["open_invoices"] = table["cents"] / 100 + table["unallocated_receipts"]
    table["overdue"] = table["late"] / 100
    table["overdue_undisputed"] = table["overdue_undisputed"] / 100
    for name in ("disputed", "retention"):
        table[name] = float("nan") if name in ledger.silent else table[name] / 100
    if shown != ledger.book_currency:  # limits are in the currency of the books
        table = table.assign(credit_limit=float("nan"), insurer_limit=float("nan"))
    table = _with_facts(table.assign(currency=shown), external, as_of)
    table = _with_register(table, limits)
    names = ["open_invoices", *FACTS, "unallocated_receipts"]
    kept = (table[names].fillna(0) != 0).any(axis=1)
    return table[kept].drop(columns=["cents", "late", "received"]).reset_index(drop=True)


def _with_facts(table: pd.DataFrame, external: External | None, as_of: str | date) -> pd.DataFrame:
    told = {name: [float("nan")] * len(table) for name in (*FACTS, "secured")}
    insurer = table["insurer_limit"].tolist()
    known = set() if external is None else set(external.table["customer_id"])
    for place, customer in enumerate(table["customer_id"]):
        if customer not in known:
            continue
        found = facts(external, customer, as_of)
        for name in (*FACTS, "secured"):
            amount = found.amount("guarantee" if name == "secured" else name)
            told[name][place] = float("nan") if amount is None else amount
        agreed = found.amount("insurer_opinion")
        insurer[place] = insurer[place] if agreed is None else agreed
    return table.assign(**told, insurer_limit=pd.Series(insurer, index=table.index, dtype="float64"))


def _with_register(table: pd.DataFrame, limits: pd.DataFrame | None) -> pd.DataFrame:
    if limits is None:
        return table
    checks = _Checks()
    for name in ("customer_id", "credit_limit", "date", "until"):
        if name not in limits:
            checks.wrong("limit_missing_column", "limits", name)
    checks.done()
    for name in limits.loc[limits.duplicated("customer_id"), "customer_id"]:
        checks.wrong("limit_customer_twice", "limits", name)
    checks.done()
    own = limits[["customer_id", "credit_limit", "date", "until"]]
    own = own.rename(columns={"date": "limit_date", "until": "limit_until"})
    return table.drop(columns="credit_limit").merge(own, on="customer_id", how="left")


def daily_follow_up(
    ledger: Ledger,
    as_of: str | date,
    external: External | None = None,
    limits: pd.DataFrame | None = None,
    *,
    by: str = "customer_id",
    currency: str | None = None,
    tolerance: float = 0.0,
    near: float = NEAR,
) -> pd.DataFrame:
    """Limit, exposure, headroom and excess of every customer on a day, the worst first.

    Parameters
    ----------
    ledger, as_of, external, limits, currency
        See :func:`exposure_parts`.
    by, tolerance, near
        See :func:`exposure`.

    Returns
    -------
    pandas.DataFrame
        As :func:`exposure` gives it.

    Notes
    -----
    Without external information the exposure is the outstanding net of
    unallocated receipts, as for :func:`cmtools.limits_exceeded`: `not_given`
    names what it lacks, and the true one can only be higher.

    Examples
    --------
    How many customers are above their limit this morning?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> today = daily_follow_up(ledger, "2026-06-30")
    >>> int((today["limit_state"] == "limit_over").sum())
    15
    """
    parts = exposure_parts(ledger, as_of, external, limits, currency)
    return exposure(parts, as_of, by=by, tolerance=tolerance, near=near)


# ---------------------------------------------------------------- when a limit is exceeded


def overrun_actions(language: str | None = None) -> pd.DataFrame:
    """Causes of an exceeded limit, how each shows, and what to do about it.

    Parameters
    ----------
    language : {"fr", "en"}, optional

    Returns
    -------
    pandas.DataFrame, one row per cause
        `over_cause`, `over_sign`, `action`, `owner` (texts), `key`,
        `measure` (part of the exposure that shows it; blank: none does).

    Notes
    -----
    The list is a CHOICE, to be adapted (``reference/limit_actions.csv``).

    Examples
    --------
    >>> overrun_actions("en").set_index("key").loc["over_to_invoice", "over_cause"]
    'Delivered and not invoiced yet'
    """
    tongue = words.resolve(language)
    rows = [
        [
            *(row[f"{name}_{tongue}"] for name in ("cause", "sign", "action")),
            label(row["owner"], tongue),
            row["key"],
            row["measure"],
        ]
        for row in reference_rows("limit_actions.csv")
    ]
    return pd.DataFrame(rows, columns=["over_cause", "over_sign", "action", "owner", "key", "measure"])


def overrun_causes(followed: Mapping[str, Any] | pd.Series, language: str | None = None) -> pd.DataFrame:
    """Which causes the figures of one customer show, largest first, each with what to do.

    Parameters
    ----------
    followed : mapping or pandas.Series
        One row of :func:`exposure`.
    language : {"fr", "en"}, optional

    Returns
    -------
    pandas.DataFrame
        `over_cause`, `cause_amount` (part of the exposure, or what would come
        off it), `explains` (whether that alone is the excess or more),
        `action`, `owner`, `key`. Empty without an excess; causes that no
        figure shows are those of :func:`overrun_actions`.

    Examples
    --------
    >>> row = {"excess": 5_000.0, "overdue_undisputed": 10_000.0, "disputed": 2_000.0}
    >>> overrun_causes(row, "en")[["key", "cause_amount", "explains"]].values.tolist()
    [['over_late', 10000.0, True], ['over_disputed', 2000.0, False]]
    """
    excess = followed.get("excess")
    actions = overrun_actions(language)
    columns = ["over_cause", "cause_amount", "explains", "action", "owner", "key"]
    if _or_nil(excess) <= 0:
        return pd.DataFrame(columns=columns)
    amounts = {name: _or_nil(followed.get(name)) for name in actions["measure"] if name}
    shown = actions[[amounts.get(name, 0.0) > 0 for name in actions["measure"]]]
    shown = shown.assign(cause_amount=[round(amounts[name], 2) for name in shown["measure"]])
    shown = shown.assign(explains=shown["cause_amount"] >= _or_nil(excess))
    return shown.sort_values("cause_amount", ascending=False, kind="stable", ignore_index=True)[columns]


def _or_nil(value: Any) -> float:
    """An amount that only shows a cause: unknown, it shows none."""
    return 0.0 if _missing(value) else float(value)


# ---------------------------------------------------------------- orders


@dataclass(frozen=True)
class BlockingRules:
    """From when an order is held (rule BLOCK); every figure is a CHOICE.

    Parameters
    ----------
    tolerance : float
        Fraction by which exposure and order may exceed the limit.
    overdue_amount, overdue_days : float
        More than this amount, undisputed, late by more than these days: an
        amount and an age; a count of late invoices is a poor rule.
    residue : float
        Open amounts up to this one are rounding, and ignored.
    broken_promises : int
        So many promises to pay that were not kept.
    outcomes : mapping
        Outcome of each rule, accept switching it off: over_limit,
        overdue_too_old, no_limit, limit_expired, limit_refused, insurer_cut,
        proceedings, promises_broken, exposure_unknown.
    """

    tolerance: float = 0.0
    overdue_amount: float = 1_000.0
    overdue_days: float = 30.0
    residue: float = 10.0
    broken_promises: int = 2
    outcomes: Mapping[str, str] = field(default_factory=dict)


OUTCOME_OF = {
    "over_limit": "hold",
    "overdue_too_old": "hold",
    "no_limit": "hold",
    "limit_expired": "hold",
    "limit_refused": "prepayment",
    "insurer_cut": "hold",
    "proceedings": "prepayment",
    "promises_broken": "prepayment",
    "exposure_unknown": "hold",
}


@dataclass(frozen=True)
class Unblocking:
    """Who let an order through, on whose authority, why, and until when.

    Parameters
    ----------
    customer_id : str
    order : str
        Reference of the order; "" : every order until the last day.
    decided_by, role : str
        Name, and function in the delegation.
    reason : str
    decided_on, until : date or str

    Raises
    ------
    InputError
        If a name, function, reason or date is missing, or the last day comes first.

    Examples
    --------
    >>> kept = Unblocking("000116", "C2607", "M. Dupuy", "cfo", "paid this morning", "2026-06-30", "2026-07-15")
    >>> kept.holds("2026-07-16", "C2607")
    False
    """

    customer_id: str
    order: str
    decided_by: str
    role: str
    reason: str
    decided_on: str | date
    until: str | date

    def __post_init__(self) -> None:
        checks = _Checks()
        for name in ("customer_id", "decided_by", "role", "reason"):
            if not str(getattr(self, name) or "").strip():
                checks.wrong("limit_unblocking_blank", name, "")
        begins, ends = (checks.day(name, getattr(self, name)) for name in ("decided_on", "until"))
        for name, value in (("decided_on", begins), ("until", ends)):
            if _missing(getattr(self, name)):
                checks.wrong("limit_unblocking_blank", name, value or "")
        if begins and ends and ends < begins:
            checks.wrong("limit_unblocking_dates", "until", words.day(ends), begins=words.day(begins))
        checks.done()

    def holds(self, as_of: str | date, order: str = "") -> bool:
        """Whether an order passes on a day."""
        return as_day(self.decided_on) <= as_day(as_of) <= as_day(self.until) and self.order in ("", order)

    def table(self) -> pd.DataFrame:
        """The record as one row: `customer_id`, `order`, `decided_by`, `role`, `reason`, `decided_on`, `until`."""
        days = {"decided_on": pd.Timestamp(as_day(self.decided_on)), "until": pd.Timestamp(as_day(self.until))}
        return pd.DataFrame([self.__dict__ | days]).rename(columns={"reason": "unblocking_reason"})


@dataclass(frozen=True)
class OrderCheck:
    """What becomes of an order.

    Attributes
    ----------
    outcome : {"accept", "hold", "prepayment"}
    rules : pandas.DataFrame, one row per rule that was broken
        `rule`, `outcome`, `rule_measured`, `rule_threshold`, `unit`
        (money, integer or blank).
    not_checked : tuple of str
        Rules that nothing was given for: silence is not good news.
    notes : tuple of str
        prepaid, too_late (at invoicing), unblocked, order_in_exposure.
    exposure_after : float or None
        Exposure with the part of the order that is not paid in advance.
    """

    outcome: str
    rules: pd.DataFrame
    not_checked: tuple[str, ...]
    notes: tuple[str, ...]
    exposure_after: float | None


def check_order(
    amount: float,
    as_of: str | date,
    *,
    exposure: float | None = None,
    limit: float | None = None,
    limit_until: str | date | None = None,
    items: pd.DataFrame | None = None,
    insurer_limit: float | None = None,
    insurer_until: str | date | None = None,
    proceedings: str | None = None,
    broken_promises: int | None = None,
    prepaid: float = 0.0,
    stage: str = "order",
    in_exposure: bool = False,
    order: str = "",
    unblocking: Unblocking | None = None,
    rules: BlockingRules | None = None,
) -> OrderCheck:
    """Accept an order, hold it for review, or ask for prepayment (rule BLOCK).

    Parameters
    ----------
    amount : float
        Of the order, incl. VAT.
    as_of : date or str
    exposure : float, optional
        All that the customer, or its group, owes already: see :func:`exposure`.
    limit : float, optional
        0: refused; None: none was set.
    limit_until : date or str, optional
        Last day of the limit; None: no end was set.
    items : pandas.DataFrame, optional
        Its open items: `open_amount`, `days_late`, and `disputed` if known.
    insurer_limit, insurer_until : optional
        0, or a past day: the insurer covers nothing more.
    proceedings : str, optional
        safeguard, receivership, liquidation; no_proceedings: none.
    broken_promises : int, optional
    prepaid : float
        Part of the order already paid, incl. VAT. A prepaid order passes.
    stage : {"order", "delivery", "invoicing"}
        At invoicing nothing is held: the goods are gone, and an invoice held
        back only makes the exposure worse.
    in_exposure : bool
        The order is among the orders of `exposure` already.
    order : str
        Its reference.
    unblocking : Unblocking, optional
        Lets an order that is held pass; not one that needs prepayment.
    rules : BlockingRules, optional

    Returns
    -------
    OrderCheck

    Raises
    ------
    InputError
        With every number that cannot be: a negative or missing amount, more
        prepaid than ordered, an unknown outcome, stage or proceedings.

    Examples
    --------
    It owes 18 000 under a limit of 20 000 and orders 3 000:

    >>> found = check_order(3_000, "2026-06-30", exposure=18_000, limit=20_000)
    >>> found.outcome, found.rules["rule"].tolist()
    ('hold', ['over_limit'])
    >>> check_order(3_000, "2026-06-30", exposure=18_000, limit=20_000, prepaid=3_000).outcome
    'accept'
    """
    choice("stage", stage, STAGES)
    applied = rules or BlockingRules()
    checks, at = _Checks(), as_day(as_of)
    given = _order_numbers(checks, amount, exposure, limit, prepaid, insurer_limit, applied)
    ends = {"limit": checks.day("limit_until", limit_until), "insurer": checks.day("insurer_until", insurer_until)}
    if not _missing(proceedings):
        _one_of(checks, "proceedings", str(proceedings), (*PROCEEDINGS, "no_proceedings"))
    promises = checks.number("broken_promises", broken_promises, "limit_bad_amount")
    for name, outcome in applied.outcomes.items():
        _one_of(checks, "outcomes", name, tuple(OUTCOME_OF))
        _one_of(checks, "outcomes", outcome, OUTCOMES)
    late = _old_overdue(items, applied, checks)
    checks.done()
    unpaid = max(given["amount"] - given["prepaid"], 0.0)
    after = None if given["exposure"] is None else given["exposure"] + (0.0 if in_exposure else unpaid)
    after = None if after is None else round(after, 2)
    found = _broken(given, after, ends, at, late, proceedings, promises, applied)
    outcomes = OUTCOME_OF | dict(applied.outcomes)
    broken = [[name, outcomes[name], *figures] for name, *figures in found if outcomes[name] != "accept"]
    outcome = max((row[1] for row in broken), key=OUTCOMES.index, default="accept")
    notes = ["order_in_exposure"] if in_exposure else []
    if unpaid <= applied.residue and given["prepaid"] > 0:
        outcome, notes = "accept", [*notes, "prepaid"]
    if stage == "invoicing":
        outcome, notes = "accept", [*notes, "too_late"]
    if outcome == "hold" and unblocking is not None and unblocking.holds(at, order):
        outcome, notes = "accept", [*notes, "unblocked"]
    known = {"overdue_too_old": late, "insurer_cut": insurer_limit, "proceedings": proceedings}
    known |= {"promises_broken": promises}
    table = pd.DataFrame(broken, columns=["rule", "outcome", "rule_measured", "rule_threshold", "unit"])
    table = table.astype({"rule_measured": "float64", "rule_threshold": "float64"})
    return OrderCheck(outcome, table, tuple(n for n, value in known.items() if _missing(value)), tuple(notes), after)


def _order_numbers(
    checks: _Checks, amount: Any, owed: Any, limit: Any, prepaid: Any, insurer: Any, rules: BlockingRules
) -> dict[str, Any]:
    if _missing(amount):
        checks.wrong("limit_bad_amount", "amount", amount)
    numbers = {"amount": checks.amount("amount", amount) or 0.0, "prepaid": checks.amount("prepaid", prepaid) or 0.0}
    numbers |= {"limit": checks.amount("limit", limit), "insurer": checks.amount("insurer_limit", insurer)}  # type: ignore[dict-item]
    numbers["exposure"] = checks.number("exposure", owed, "limit_bad_amount", low=-math.inf)  # type: ignore[assignment]
    if numbers["prepaid"] > numbers["amount"] + rules.residue:
        checks.wrong("limit_prepaid_above", "prepaid", prepaid, amount=float(numbers["amount"]))
    checks.share("tolerance", rules.tolerance)
    for name in ("overdue_amount", "overdue_days", "residue"):
        checks.amount(name, getattr(rules, name))
    return numbers


def _one_of(checks: _Checks, name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        checks.wrong("bad_choice", name, value, expected=", ".join(allowed))


def _old_overdue(items: pd.DataFrame | None, rules: BlockingRules, checks: _Checks) -> float | None:
    """Undisputed amount that is too late, small residues left out."""
    if items is None:
        return None
    lacking = [name for name in ("open_amount", "days_late") if name not in items]
    for name in lacking:
        checks.wrong("limit_missing_column", "items", name)
    if lacking:
        return None
    disputed = items["disputed"].astype(bool) if "disputed" in items else pd.Series(False, index=items.index)
    old = (items["days_late"] > rules.overdue_days) & (items["open_amount"] > rules.residue) & ~disputed
    return round(float(items.loc[old, "open_amount"].sum()), 2)


def _broken(
    given: Mapping[str, Any],
    after: float | None,
    ends: Mapping[str, datetime | None],
    at: datetime,
    late: float | None,
    proceedings: str | None,
    promises: float | None,
    rules: BlockingRules,
) -> list[list[Any]]:
    """Rules that are broken, each with what was measured and its threshold."""
    nothing = float("nan")
    found: list[list[Any]] = []
    limit = given["limit"]
    if limit is None:
        found.append(["no_limit", nothing, nothing, ""])
    elif limit == 0:
        found.append(["limit_refused", nothing, 0.0, "money"])
    elif ends["limit"] is not None and ends["limit"] < at:
        found.append(["limit_expired", nothing, limit, "money"])
    if after is None:
        found.append(["exposure_unknown", nothing, nothing, ""])
    elif limit:
        bound = round(limit * (1 + rules.tolerance), 2)
        found += [["over_limit", after, bound, "money"]] if after > bound else []
    if late is not None and late > rules.overdue_amount:
        found.append(["overdue_too_old", late, rules.overdue_amount, "money"])
    if given["insurer"] == 0 or (ends["insurer"] is not None and ends["insurer"] < at):
        found.append(["insurer_cut", nothing, nothing, ""])
    if proceedings in PROCEEDINGS:
        found.append(["proceedings", nothing, nothing, ""])
    if promises is not None and promises >= rules.broken_promises:
        found.append(["promises_broken", promises, float(rules.broken_promises), "integer"])
    return found


def order_sentences(found: OrderCheck, currency: str = "EUR", language: str | None = None) -> list[str]:
    """The outcome of an order and its reasons in words.

    Examples
    --------
    >>> found = check_order(3_000, "2026-06-30", exposure=18_000, limit=20_000)
    >>> print(order_sentences(found, language="en")[1].replace(words.HARD, " "))
    Exposure with the order 21,000.00 EUR, above 20,000.00 EUR.
    """
    said = [message(f"order_{found.outcome}", language)]
    for row in found.rules.to_dict("records"):
        values = {
            name: _rule_figure(row[f"rule_{name}"], row["unit"], currency, language)
            for name in ("measured", "threshold")
        }
        said.append(message(f"order_rule_{row['rule']}", language, **values))
    said += [message(f"order_note_{name}", language) for name in found.notes]
    if found.not_checked:
        names = ", ".join(label(name, language) for name in found.not_checked)
        said.append(message("order_not_checked", language, rules=names))
    return said


def _rule_figure(value: Any, unit: str, currency: str, language: str | None) -> str:
    if _missing(value):
        return "–"
    return words.money(value, currency, language) if unit == "money" else words.integer(value, language)


# ---------------------------------------------------------------- who decides


def read_delegation(path: Any = None, levels: Sequence[str] = RISK_LEVELS) -> pd.DataFrame:
    r"""Who may decide how much: the defaults, or the user's file.

    Parameters
    ----------
    path : path, optional
        CSV (`;` or `,`, decimal comma or point) or workbook with the headings
        Décision (fixer une limite, refuser, débloquer une commande; blank:
        all three), Fonction, Niveau de risque (blank: all), Jusqu'à,
        Remarque, or Decision, Role, Risk level, Up to, Remark. « sans limite »
        is written in words; a blank amount is refused.
    levels : sequence of str
        Risk levels that exist, from the best.

    Returns
    -------
    pandas.DataFrame, one row per decision, risk level and function
        `decision` (set_limit, refuse_limit, unblock_order), `risk_level`,
        `role` (key of a usual function, or the company's own word), `up_to`
        (incl. VAT; infinite: without limit), smallest first.

    Raises
    ------
    InputError
        With every defect of the file: an unknown decision or level, a blank
        function, an amount that is blank, negative or readable in two ways, a
        function twice, two functions with one ceiling (who decides?).

    Notes
    -----
    The defaults are a CHOICE: every company sets its own. A row that names a
    level, or a decision, goes before one that names none.

    Examples
    --------
    Up to what limit may the credit manager decide for a customer of level C?

    >>> table = read_delegation()
    >>> mine = (table["role"] == "credit_manager") & (table["risk_level"] == "C") & (table["decision"] == "set_limit")
    >>> float(table.loc[mine, "up_to"].iloc[0])
    25000.0
    """
    rows = _default_delegation(levels) if path is None else _own_delegation(path, levels)
    table = pd.DataFrame(rows, columns=["decision", "risk_level", "role", "up_to"])
    ranks = table.assign(
        first=table["decision"].map(DECISIONS.index), second=table["risk_level"].map(list(levels).index)
    )
    return ranks.sort_values(["first", "second", "up_to"], kind="stable", ignore_index=True)[list(table.columns)]


def _default_delegation(levels: Sequence[str]) -> list[tuple[str, str, str, float]]:
    found = []
    for row in reference_rows("delegation.csv"):
        ceiling = float(row["up_to"]) if row["up_to"] else math.inf
        for level in [row["risk_level"]] if row["risk_level"] else levels:
            found += [(row["decision"], level, row["role"], ceiling)] if level in levels else []
    return found


def _own_delegation(path: Any, levels: Sequence[str]) -> list[tuple[str, str, str, float]]:
    reader = Reader(path, "delegation")
    seen: dict[Any, int] = {}
    given: list[tuple[Any, tuple[str, ...], tuple[str, ...], str, float]] = []
    for row in reader.rows:
        decisions = _decisions(reader, row)
        chosen = _levels(reader, row, levels)
        role, ceiling = _role(reader, row), _ceiling(reader, row)
        place = (decisions, chosen, role)
        if role and decisions and chosen and reader.unique(row, "role", place, seen) and ceiling is not None:
            given.append((row, decisions, chosen, role, ceiling))
    # the more a row names, the later it is laid down, and the one that names more then stays
    found: dict[tuple[str, str, str], tuple[float, Any]] = {}
    for row, decisions, chosen, role, ceiling in sorted(given, key=lambda one: -len(one[1]) * len(one[2])):
        found |= {(decision, level, role): (ceiling, row) for decision in decisions for level in chosen}
    _refuse_ties(reader, found)
    reader.report.refuse()
    return [(decision, level, role, ceiling) for (decision, level, role), (ceiling, _) in found.items()]


def _refuse_ties(reader: Reader, found: Mapping[tuple[str, str, str], tuple[float, Any]]) -> None:
    """Two functions with one ceiling leave open which of them decides."""
    first: dict[tuple[str, str, float], Any] = {}
    told: set[int] = set()
    for (decision, level, _), (ceiling, row) in found.items():
        other = first.setdefault((decision, level, ceiling), row)
        if other is not row and row.line not in told:
            told.add(row.line)
            reader.wrong(row, "up_to", "delegation_tie", first=other.line)


def _decisions(reader: Reader, row: Any) -> tuple[str, ...]:
    if not row.text("decision"):
        return DECISIONS
    found = reader.key(row, "decision", list(DECISIONS))
    return (found,) if found else ()


def _levels(reader: Reader, row: Any, levels: Sequence[str]) -> tuple[str, ...]:
    written = row.text("risk_level")
    if not written:
        return tuple(levels)
    found = [level for level in levels if level.casefold() == written.casefold()]
    if not found:
        reader.wrong(row, "risk_level", "bad_choice", expected=", ".join(levels))
    return tuple(found)


def _role(reader: Reader, row: Any) -> str:
    """Key of a usual function, or the company's own word for one."""
    written = str(row.text("role"))
    if not written:
        reader.wrong(row, "role", "blank_value", expected=label("credit_manager"))
        return ""
    return key_of(written, "delegation_role", ROLES) or written


def _ceiling(reader: Reader, row: Any) -> float | None:
    written = row.text("up_to")
    if key_of(written, "delegation_amount", ("unlimited",)):
        return math.inf
    if not written:
        reader.wrong(row, "up_to", "blank_value", expected=message("delegation_expected"))
        return None
    return reader.number(row, "up_to", "money")


def decider(
    amount: float, risk_level: str | None, delegation: pd.DataFrame | None = None, decision: str = "set_limit"
) -> str | None:
    """Who may decide on an amount for a customer of a risk level.

    Parameters
    ----------
    amount : float
        Limit to set, request to refuse, or order to unblock, incl. VAT.
    risk_level : str or None
        None: not rated, judged as the worst level there is (CHOICE).
    delegation : pandas.DataFrame, optional
        As :func:`read_delegation` gives it.
    decision : {"set_limit", "refuse_limit", "unblock_order"}

    Returns
    -------
    str or None
        Function with the lowest ceiling that is enough (`role`); None: the
        amount is above every ceiling.

    Raises
    ------
    InputError
        If the amount is missing or negative, or the level or decision unknown.

    Examples
    --------
    >>> decider(45_000, "B"), decider(45_000, "D"), decider(45_000, None)
    ('credit_manager', 'credit_committee', 'credit_committee')
    """
    choice("decision", decision, DECISIONS)
    checks = _Checks()
    if _missing(amount):
        checks.wrong("limit_bad_amount", "amount", amount)
    number = checks.amount("amount", amount) or 0.0
    table = read_delegation() if delegation is None else delegation
    mine = table[table["decision"] == decision]
    known = list(dict.fromkeys(mine["risk_level"]))
    chosen = known[-1] if _missing(risk_level) and known else str(risk_level)
    if chosen not in known:
        _one_of(checks, "risk_level", chosen, known)
    checks.done()
    able = mine[(mine["risk_level"] == chosen) & (mine["up_to"] >= number)].sort_values("up_to", kind="stable")
    return None if able.empty else str(able["role"].iloc[0])


def delegation_table(
    delegation: pd.DataFrame | None = None, decision: str = "set_limit", language: str | None = None
) -> pd.DataFrame:
    """The delegation of one decision for a reader: a function a row, a risk level a column.

    Examples
    --------
    >>> delegation_table(decision="refuse_limit", language="en")["A"].tolist()[-1]
    'without limit'
    """
    choice("decision", decision, DECISIONS)
    table = read_delegation() if delegation is None else delegation
    mine = table[table["decision"] == decision]
    roles = mine.groupby("role", sort=False)["up_to"].max().sort_values(kind="stable").index
    without = message("delegation_unlimited", language)
    cells = {(row["role"], row["risk_level"]): row["up_to"] for row in mine.to_dict("records")}
    rows = []
    for role in roles:
        ceilings = [cells.get((role, level)) for level in dict.fromkeys(mine["risk_level"])]
        shown = ["–" if c is None else without if c == math.inf else words.integer(c, language) for c in ceilings]
        rows.append([label(role, language), *shown])
    return pd.DataFrame(rows, columns=["role", *dict.fromkeys(mine["risk_level"])])


def delegation_sheet(language: str | None = None) -> pd.DataFrame:
    """The default delegation as the table that :func:`read_delegation` reads, to be edited in a spreadsheet.

    Parameters
    ----------
    language : {"fr", "en"}, optional
        Of the headings and words.

    Returns
    -------
    pandas.DataFrame of text, one row per decision, function and risk level

    Examples
    --------
    >>> delegation_sheet("fr").iloc[0].tolist()
    ['Fixer une limite', 'Analyste crédit', 'A', '20 000', 'CHOICE']
    """
    tongue = words.resolve(language)
    columns = ["decision", "role", "risk_level", "up_to", "remark"]
    headings = ["Décision", "Fonction", "Niveau de risque", "Jusqu'à", "Remarque"]
    without = message("delegation_unlimited", tongue)
    rows = []
    for row in reference_rows("delegation.csv"):
        named = [label(row[name], tongue) for name in ("decision", "role")]
        ceiling = words.integer(float(row["up_to"]), "en").replace(",", " ") if row["up_to"] else without
        rows.append([named[0][:1].upper() + named[0][1:], named[1], row["risk_level"], ceiling, "CHOICE"])
    return pd.DataFrame(rows, columns=headings if tongue == "fr" else [label(name, "en") for name in columns])
