"""The decision that a credit file asks of the committee: rating, limit, terms, guarantee, who decides, until when.

It only puts together what :mod:`cmtools.rating`, :mod:`cmtools.limits`
and :mod:`cmtools.delegation` compute from a
:class:`cmtools.credit_file.CreditFile`. Nothing is decided here: the figures are
those of the methods, the signature is a person's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pandas as pd

from cmtools.credit_file import CreditFile, rate
from cmtools.delegation import decider
from cmtools.frames import in_pandas
from cmtools.grids import Grid, RiskLevel
from cmtools.limits import MONTH_END_DAYS, VALIDITY, Activity, Insured, Need, Proposal, cover_gap, methods, proposal
from cmtools.rating import Rating, risk_level
from cmtools.schemas import InputError, Ledger
from cmtools.terms import Term, parse_terms

UNRATED_REVIEW = 3  # months after which a customer without a rating is looked at again; CHOICE
MONTHS_IN_A_YEAR = 12


@dataclass(frozen=True)
class Decision:
    """What is put before the committee for one customer.

    Attributes
    ----------
    file : CreditFile
    rating : Rating
    level : RiskLevel
        Of the rating; without one, of the worst rating that the points of the
        unknown criteria leave possible (prudent, CHOICE; veto rules that could
        not be checked may still lower it). Where that one allows no credit
        there is no proposal: what is unknown refuses nobody.
    need : Need
    need_origin : str or None
        Where the monthly purchases come from: given, external,
        sales_of_the_year; None: unknown.
    methods : pandas.DataFrame
        See :func:`cmtools.limits.methods`.
    proposal : Proposal
    cover : pandas.DataFrame
        See :func:`cmtools.limits.cover_gap`.
    terms_asked : str or None
        Asked, or else those of the customer's record; as written.
    terms_are_asked : bool
        False: they are those agreed so far.
    term : Term or None
        Proposed, and the one that the need is computed with: that asked, at
        most what the level allows; 0 days: payment in advance; None: no
        limit is proposed.
    decided_by : str or None
        Function of the delegation; None: above every ceiling.
    review : datetime
        Day by which the file is looked at again.
    guarantees : pandas.DataFrame
        Guarantees that hold: `value`, `amount`, `until`.
    """

    file: CreditFile
    rating: Rating
    level: RiskLevel
    need: Need
    need_origin: str | None
    methods: pd.DataFrame
    proposal: Proposal
    cover: pd.DataFrame
    terms_asked: str | None
    terms_are_asked: bool
    term: Term | None
    decided_by: str | None
    review: datetime
    guarantees: pd.DataFrame


def decide(
    file: CreditFile,
    accounts: pd.DataFrame | None = None,
    *,
    ledger: Ledger | None = None,
    request: float | None = None,
    terms: str | None = None,
    monthly_purchases: float | None = None,
    seller_sales: float | None = None,
    insured_share: float | None = None,
    grid: Grid | None = None,
    levels: pd.DataFrame | None = None,
    delegation: pd.DataFrame | None = None,
    combine: str = "min",
    owner: str = "",
    justification: str = "",
) -> Decision:
    """Put together the decision for one customer.

    Parameters
    ----------
    file : CreditFile
        As :func:`cmtools.credit_file.credit_file` gives it.
    accounts : pandas.DataFrame, optional
        Accounts of one or many companies; the last year of the customer's
        that is not later than the file is used.
    ledger : Ledger, optional
        That of the file: holds the insurer's limit where no fact gives it.
    request, terms, monthly_purchases : optional
        Credit and terms asked, purchases incl. VAT expected in a month; else
        those of the external information, and for the purchases a twelfth of
        the sales of the last twelve months.
    seller_sales : float, optional
        Our own budgeted sales excl. VAT.
    insured_share : float, optional
        Fraction of a loss that the insurer pays.
    grid, levels, delegation : optional
        As read by :func:`cmtools.grids.read_grid`,
        :func:`cmtools.grids.read_risk_levels` and
        :func:`cmtools.delegation.read_delegation`; default: their own.
    combine : {"min", "mean"}
        See :func:`cmtools.limits.proposal`.
    owner, justification : str
        Who answers for the limit, and the analyst's own words.

    Returns
    -------
    Decision

    Raises
    ------
    InputError
        If a number cannot be, or the terms are not understood.

    Examples
    --------
    How much credit for this customer, and who may decide it?

    >>> import cmtools as cm
    >>> accounts = cm.read_liasse("data/liasses_clients.csv")
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> file = cm.credit_file.credit_file("000102", "2026-06-30", ledger=ledger, statements=accounts)
    >>> found = decide(file, accounts.table, ledger=ledger, request=60_000)
    >>> found.need_origin, found.proposal.amount is not None
    ('sales_of_the_year', True)
    """
    rated = rate(file, grid)
    level = risk_level(rated.lowest if rated.rating is None else rated.rating, levels)
    assert level is not None  # `lowest` is always a rating
    unjudged = rated.rating is None and not level.coefficient
    wanted_terms = terms or file.facts.value("terms_asked")
    asked_terms = wanted_terms or _agreed_terms(file)
    asked_term = _term(asked_terms, given=bool(terms))
    term = asked_term if unjudged else _proposed_term(asked_term, level)
    purchases, origin = _purchases(file, monthly_purchases)
    need = Need(
        monthly_purchases=purchases,
        term_days=None if term is None else float(term.days),
        usual_delay_days=None if file.behaviour is None else file.behaviour.value("delay_with_open"),
        end_of_month=term is not None and term.month_end,
    )
    insured = replace(_insured(file, ledger), insured_share=insured_share)
    suppliers = file.facts.of("supplier_limit")[["amount", "date", "until"]]
    table = methods(
        _last_year(file, accounts),
        file.as_of,
        need=need,
        level=None if unjudged else level._asdict(),
        seller_sales=seller_sales,
        supplier_limits=suppliers,
        activity=_activity(file, level),
        insured=insured,
        currency=file.currency,
    )
    asked = file.facts.amount("request") if request is None else request
    found = proposal(
        table, file.as_of, asked, combine=combine, owner=owner or None, justification=justification,
        validity_months=VALIDITY,
    )  # fmt: skip
    if unjudged:
        found = replace(found, amount=None, reason="not_rated", method=None, before_rounding=None, gap=None)
    refused = found.amount == 0
    months = int(level.review_months) if rated.rating is not None else min(UNRATED_REVIEW, int(level.review_months))
    return Decision(
        file=file,
        rating=rated,
        level=level,
        need=need,
        need_origin=origin,
        methods=table,
        proposal=found,
        cover=cover_gap(found, need, insured),
        terms_asked=asked_terms,
        terms_are_asked=bool(wanted_terms),
        term=None if found.amount is None else Term(0, False) if refused else term,
        decided_by=_decided_by(found, file.exposure, None if rated.rating is None else level.risk_level, delegation),
        review=(pd.Timestamp(file.as_of) + pd.DateOffset(months=months)).to_pydatetime(),
        guarantees=file.facts.of("guarantee")[["value", "amount", "until", "source"]].reset_index(drop=True),
    )


def _agreed_terms(file: CreditFile) -> str | None:
    """Terms of the customer's record, as written."""
    return None if file.relationship is None else file.relationship.value("terms")


def _term(written: str | None, *, given: bool) -> Term | None:
    """Terms in days; None: unknown. Those that the caller gave must be understood."""
    if not written:
        return None
    try:
        return parse_terms(written)
    except InputError:
        if given:
            raise
        return None


def _purchases(file: CreditFile, given: float | None) -> tuple[float | None, str | None]:
    """Purchases expected in a month, incl. VAT, and where they come from."""
    if given is not None:
        return given, "given"
    told = file.facts.amount("monthly_purchases")
    if told is not None:
        return told, "external"
    sold = None if file.relationship is None else file.relationship.value("sales_incl_vat")
    if sold is None or sold <= 0:
        return None, None
    return round(float(sold) / MONTHS_IN_A_YEAR, 2), "sales_of_the_year"


def _last_year(file: CreditFile, accounts: pd.DataFrame | None) -> pd.DataFrame | None:
    if accounts is None or file.quality.years.empty:
        return None
    last = file.quality.years["year_end"].iloc[-1]
    mine = accounts[accounts["company_id"].astype(str) == file.company_id]
    dated = mine[mine["year_end"] == last] if last == last else mine.tail(1)
    return dated if len(dated) == 1 else None


def _insured(file: CreditFile, ledger: Ledger | None) -> Insured:
    """The insurer's opinion that holds; else the latest that does not, which is said; else the ledger's, undated."""
    for table in (file.facts.used, file.facts.unused):
        mine = table[(table["kind"] == "insurer_opinion") & table["amount"].notna()]
        if "status" in mine:
            mine = mine[mine["status"].isin(["undated", "expired"])]
        if len(mine):
            row = mine.iloc[-1]
            return Insured(float(row["amount"]), None, _day(row["date"]), _day(row["until"]))
    found = None if ledger is None else _record(ledger, file.customer_id, "insurer_limit")
    return Insured(found)


def _day(value: Any) -> datetime | None:
    return None if pd.isna(value) else pd.Timestamp(value).to_pydatetime()


def _record(ledger: Ledger, customer_id: str, name: str) -> float | None:
    """An amount of the customer's record; None: blank, or no such customer."""
    table = in_pandas(ledger.customers)
    mine = table.loc[table["customer_id"].astype(str) == customer_id, name]
    return None if mine.empty or pd.isna(mine.iloc[0]) else float(mine.iloc[0])


def _activity(file: CreditFile, level: RiskLevel) -> Activity:
    return Activity(
        orders=file.facts.amount("order_backlog"),
        to_invoice=file.facts.amount("to_invoice"),
        open_invoices=_owed(file),
        behaviour_coefficient=level.behaviour_coefficient,
    )


def _owed(file: CreditFile) -> float | None:
    """Outstanding of the customer; one in credit owes nothing."""
    found = None if file.behaviour is None else file.behaviour.value("outstanding")
    return None if found is None else max(found, 0.0)


def _proposed_term(term: Term | None, level: RiskLevel) -> Term:
    """The terms asked where the level allows them, else its longest; an end of month counts 15 days."""
    longest = int(level.longest_terms)
    if term is None:
        return Term(longest, False)
    if term.days + (MONTH_END_DAYS if term.month_end else 0) <= longest:
        return term
    return Term(min(term.days, longest), False)


def _decided_by(found: Proposal, own: pd.DataFrame, level: str | None, delegation: pd.DataFrame | None) -> str | None:
    """Who may set the limit proposed; without one, who may refuse all that is asked, needed or owed."""
    if found.amount:
        return decider(found.amount, level, delegation)
    owed = float(own["exposure_amount"].iloc[0]) if len(own) else 0.0
    return decider(max(found.asked or 0.0, found.need or 0.0, owed, 0.0), level, delegation, "refuse_limit")
