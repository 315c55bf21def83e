"""Credit limits: every method side by side, and a proposal with its reason.

Methods stand in ``reference/limit_methods.csv``. A method whose input is missing has
no amount and says why; nothing is counted as nil because it is unknown. The insurer's
limit is shown beside the others and never added to them. Rules LIM-*: see
``GLOSSARY.md``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

import pandas as pd

from cmtools import language as words
from cmtools.formulas import Formula, blocks, evaluate, note_texts, parse, unknown_lines
from cmtools.frames import choice
from cmtools.grids import RiskLevel
from cmtools.language import label, message
from cmtools.schemas import Defect, InputError, as_day
from cmtools.settings import reference_rows

OLD_ACCOUNTS = 18  # months after which accounts are flagged
MONTH_END_DAYS = 15  # what "end of month" adds on average
VALIDITY = 12  # months a limit holds, unless said otherwise
ROUNDING = 500.0  # proposals are rounded down to a multiple of it
SELLER_SHARE = 0.05  # of our own budgeted sales excl. VAT on one customer
HIGHEST_COEFFICIENT = 5.0
COMBINE = ("min", "mean")
SUPPLIER_BASES = ("trade_payables", "purchases")

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
class Checks:
    """Values given by the caller; what is wrong with them is told at once, together."""

    defects: list[Defect] = field(default_factory=list)

    def wrong(self, code: str, name: str, value: Any, **details: Any) -> None:
        """Note what is wrong with a value."""
        self.defects.append(Defect(code, "fatal", column=name, value=str(value), details=details))

    def number(self, name: str, value: Any, code: str, low: float = 0.0, high: float = math.inf) -> float | None:
        """The number, None where it is missing; noted where it cannot be."""
        if missing(value):
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
        """An amount of nil or more."""
        return self.number(name, value, "limit_bad_amount")

    def share(self, name: str, value: Any) -> float | None:
        """A fraction."""
        return self.number(name, value, "limit_bad_share", high=1.0)

    def coefficient(self, name: str, value: Any) -> float | None:
        """A factor, 1 being neutral."""
        return self.number(name, value, "limit_bad_coefficient", high=HIGHEST_COEFFICIENT)

    def days(self, name: str, value: Any, low: float = 0.0) -> float | None:
        """A number of days."""
        return self.number(name, value, "limit_bad_days", low=low, high=1000.0)

    def day(self, name: str, value: Any) -> datetime | None:
        """A date."""
        if missing(value):
            return None
        try:
            return as_day(value, name)
        except InputError as error:
            self.defects += error.defects
            return None

    def one_of(self, name: str, value: str, allowed: Sequence[str]) -> None:
        """Note a value that is not among those allowed."""
        if value not in allowed:
            self.wrong("bad_choice", name, value, expected=", ".join(allowed))

    def done(self) -> None:
        """Raise InputError with all that was noted."""
        if self.defects:
            raise InputError(self.defects)


def missing(value: Any) -> bool:
    """Whether a value is None or any of the nulls of pandas."""
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
    level : mapping, or RiskLevel of cmtools.grids, optional
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
    checks, at = Checks(), as_day(as_of)
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


def _one_year(accounts: pd.DataFrame | pd.Series | None, checks: Checks) -> pd.DataFrame | None:
    if accounts is None:
        return None
    table = accounts.to_frame().T if isinstance(accounts, pd.Series) else accounts
    if len(table) != 1:
        checks.wrong("limit_not_one_year", "accounts", len(table))
        return None
    return table.reset_index(drop=True)


def _shares(level: Mapping[str, Any], checks: Checks) -> dict[str, float | None]:
    names = {row["share"] for row in _methods() if row["share"]}
    for name in level:
        if str(name).startswith("share_") and name not in names:
            checks.wrong("unknown_option", "level", name, expected=", ".join(sorted(names)))
    shares = {name: checks.share(name, level.get(name)) for name in names - {"coefficient"}}
    return shares | {"coefficient": checks.coefficient("coefficient", level.get("coefficient"))}


def _checked_need(need: Need | None, checks: Checks) -> Need:
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
    lacking = [name for name in ("monthly_purchases", "term_days") if inputs[name] is None]
    inputs = {name: value for name, value in inputs.items() if value is not None}
    if lacking:
        return _Found(inputs=inputs, reason="not_given", missing=lacking)
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
        if closed is None or missing(closed):
            found.append("undated_accounts")
        else:
            day = pd.Timestamp(as_day(closed))
            if day > pd.Timestamp(self.at):
                found.append("later_accounts")
            elif day + pd.DateOffset(months=OLD_ACCOUNTS) < pd.Timestamp(self.at):
                found.append("old_accounts")
        return found + ([] if months is None or missing(months) or months == 12 else ["other_months"])

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
        assert self.year is not None
        value = self.value(base)[0]
        share, notes, status = _share(row, shares)
        inputs = self.parts(base) | ({"lim_base": value} if len(base.terms) > 1 else {base.names[0]: value})
        inputs["lim_share"] = share
        told = note_texts(evaluate(self.year, list(base.names), annual=True)[1]).iloc[0]
        known = _Found(share * value, inputs, None, (), [*notes, *self.notes()], status, str(told))
        if value > 0:
            return known._replace(reason=None if share else "withheld")
        if row["key"] in ("lim_turnover", "lim_supplier_share") and value < 0:
            return known._replace(amount=float("nan"), reason="negative_base")
        return known._replace(amount=0.0, reason=f"nil_{row['key']}")

    def _lacking(self, base: Formula) -> _Found | None:
        if self.unusable():
            return _Found(reason=self.unusable(), missing=["accounts"])
        value, lines = self.value(base)
        return _Found(reason="unknown_line", missing=lines, notes=self.notes()) if value != value else None

    def purchases(self, row: Mapping[str, str], shares: Mapping[str, float | None], need: Need) -> _Found:
        """A share of a year's purchases excl. VAT, for the days of the term."""
        base = parse("achats")
        lacking = self._lacking(base)
        if lacking:
            return lacking
        assert self.year is not None
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
        return share, [], "UNCONFIRMED" if row["standing"] == "UNCONFIRMED" else "risk_level"
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


def _references(given: Sequence[float] | pd.DataFrame, at: datetime, checks: Checks) -> _Found:
    left: list[str] = []
    if isinstance(given, pd.DataFrame):
        kept, rows = [], given.to_dict("records")
        for row in rows:
            begins, ends = (checks.day(f"supplier_limits.{name}", row.get(name)) for name in ("date", "until"))
            reason = not_valid(begins, ends, at)
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


def not_valid(begins: datetime | None, ends: datetime | None, at: datetime) -> str | None:
    """Why a dated amount does not hold on a day."""
    if begins is None or missing(begins):
        return "undated"
    if begins > at:
        return "later"
    return "expired" if ends is not None and not missing(ends) and ends < at else None


def _afdcc(activity: Activity, checks: Checks) -> _Found:
    amounts = {name: checks.amount(name, getattr(activity, name)) for name in ("orders", "to_invoice", "open_invoices")}
    names = ("terms_coefficient", "behaviour_coefficient")
    factors = {name: checks.coefficient(name, getattr(activity, name)) for name in names}
    inputs = {name: value for name, value in (amounts | factors).items() if value is not None}
    lacking = [name for name, value in (amounts | factors).items() if value is None]
    if lacking:
        return _Found(inputs=inputs, reason="not_given", missing=lacking)
    base = sum(value or 0.0 for value in amounts.values())
    return _Found(base * math.prod(value or 0.0 for value in factors.values()), inputs)


def _insurer(insured: Insured, at: datetime, checks: Checks) -> _Found:
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
    reason = not_valid(begins, ends, at)
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
        Need (or else the request) less the proposal; never negative, and nil
        where only the rounding separates them.
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
    checks = Checks()
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
    if gap and decided.amount is not None and wanted is not None and decided.amount >= wanted - 0.005:
        gap = 0.0  # the need itself, but for the rounding
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
    if agreed is None or missing(share):
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
        lacking = ", ".join(label(name, language) for name in str(row["missing"]).split())
        said.append(message(f"limit_reason_{row['reason']}", language, missing=lacking or "–"))
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
    if found.insurer_limit == 0:
        said.append(message("limit_insurer_refuses", language))
    elif found.insurer_limit is not None:
        told = {"insurer": money(found.insurer_limit), "wrong": money(found.double_count)}
        said.append(message("limit_beside_insurer" if found.amount else "limit_insurer_alone", language, **told))
    said += [message(f"limit_proposal_{name}", language, **_left_out(found, language)) for name in found.notes]
    return [*said, found.justification.strip()] if found.justification.strip() else said


def _left_out(found: Proposal, language: str | None) -> dict[str, str]:
    names = [label(name, language) for name in found.left_out if name not in ("lim_need", "lim_seller_sales")]
    return {"methods": ", ".join(names) or "–"}
