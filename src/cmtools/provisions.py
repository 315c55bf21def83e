"""What must be set aside for claims that may not be paid: claim by claim, by age, by IFRS 9, side by side.

Allowances stand on amounts excl. VAT. The shares of loss are the company's own: they
are given, or read from a table that says it is a choice. Rules PROV-IND, PROV-AGE,
ECL-MATRIX and ECL-ROLL: see ``GLOSSARY.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import accumulate
from math import isfinite
from operator import mul
from typing import Any, NamedTuple

import pandas as pd

from cmtools.frames import choice
from cmtools.language import message
from cmtools.schemas import Defect, InputError
from cmtools.settings import reference_rows

KEYS = ("customer_id", "item_id")
OPEN_CLAIMS = ("not_lost", "doubtful_lost")
BALANCES = ("gross", "rest_exposure")
NOT_AGED = "unknown_age"


def _cents(amount: float) -> float:
    """An amount to the cent, a half away from zero."""
    return float(Decimal(repr(float(amount))).quantize(Decimal("0.01"), ROUND_HALF_UP))


def _times(amount: float, share: float) -> float:
    """A share of an amount of whole cents, to the cent: 116.025 makes 116.03."""
    product = Decimal(repr(round(float(amount), 2))) * Decimal(repr(float(share)))
    return float(product.quantize(Decimal("0.01"), ROUND_HALF_UP))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _check_shares(shares: Mapping[str, float], column: str) -> None:
    """Raise InputError, all defects at once, unless every share is a fraction."""
    wrong = {key: share for key, share in shares.items() if not _is_share(share)}
    if wrong:
        details = [{"whose": str(key)} for key in wrong]
        raise InputError(
            [
                Defect("bad_loss_share", "fatal", column=column, value=str(share), details=detail)
                for share, detail in zip(wrong.values(), details)
            ]
        )


def _check_amounts(amounts: Mapping[str, float], column: str) -> None:
    wrong = {key: amount for key, amount in amounts.items() if not (_is_number(amount) and amount >= 0)}
    if wrong:
        raise InputError(
            [
                Defect("bad_allowance_amount", "fatal", column=column, value=str(amount), details={"whose": str(key)})
                for key, amount in wrong.items()
            ]
        )


def _require(table: pd.DataFrame, columns: tuple[str, ...], name: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        details = {"missing": ", ".join(missing), "found": ", ".join(map(str, table.columns))}
        raise InputError([Defect("missing_columns", "fatal", file=name, details=details)])


# ---------------------------------------------------------------- claim by claim


@cache
def default_loss_shares() -> dict[str, float]:
    """Probable share of loss by procedure, from ``reference/loss_shares.csv`` (CHOICE).

    Returns
    -------
    dict of str to float
        `none` (doubtful, no proceedings), `safeguard`, `receivership`,
        `liquidation`. No source gives such shares: they are the sample
        company's own, written down so that they can be seen and changed.

    Examples
    --------
    >>> default_loss_shares()["liquidation"]
    1.0
    """
    return {row["procedure"]: float(row["share"]) for row in reference_rows("loss_shares.csv")}


def shares_by_procedure(
    claims: pd.DataFrame, insolvent: pd.DataFrame, shares: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Probable share of loss of each customer, by the proceedings it is under.

    Parameters
    ----------
    claims : pandas.DataFrame
        `customer_id`, as ``doubtful.doubtful_claims`` gives it.
    insolvent : pandas.DataFrame
        As ``external.insolvencies`` gives it; a customer that is not in it
        counts as `none`.
    shares : mapping of str to float, optional
        A share for each of `none`, `safeguard`, `receivership`,
        `liquidation`; default: :func:`default_loss_shares` (CHOICE).

    Returns
    -------
    dict of customer number to float

    Raises
    ------
    InputError
        If a share is no fraction; a procedure without a share leaves its
        customers out.

    Examples
    --------
    >>> claims = pd.DataFrame({"customer_id": ["A", "B"]})
    >>> shares_by_procedure(claims, pd.DataFrame({"customer_id": ["B"], "procedure": ["liquidation"]}))
    {'A': 0.5, 'B': 1.0}
    """
    table = default_loss_shares() if shares is None else shares
    _check_shares(table, "shares")
    under = dict(zip(insolvent["customer_id"], insolvent["procedure"]))
    found = {str(customer): under.get(customer, "none") for customer in claims["customer_id"].unique()}
    return {customer: float(table[procedure]) for customer, procedure in found.items() if procedure in table}


def individual_allowances(
    claims: pd.DataFrame,
    shares: Mapping[str, float],
    existing: Mapping[str, float] | pd.Series | None = None,
    insured: Mapping[str, float] | None = None,
    by: str = "customer_id",
) -> pd.DataFrame:
    """Allowance needed for each doubtful customer or claim, and what the closing must book (rule PROV-IND).

    Parameters
    ----------
    claims : pandas.DataFrame
        `customer_id`, `currency`, `open_amount` (incl. VAT), and
        `open_excl_vat` (NaN: unknown) or else `vat_rate` (fraction); `item_id`
        where asked for. See ``doubtful.doubtful_claims``.
    shares : mapping of str to float
        Probable loss as a fraction of what is not insured, for each customer
        (or claim). One that is missing is not guessed.
    existing : mapping of str to float, or Series, optional
        Allowance in the accounts before this closing, positive: the whole
        list, so that one that is not in it has none. None: unknown. An amount
        under "" belongs to no customer, and leaves the movements unknown.
    insured : mapping of str to float, optional
        What the credit insurer would pay, excl. VAT; None: nothing comes off.
    by : {"customer_id", "item_id"}
        What the keys above name, and what a row is.

    Returns
    -------
    pandas.DataFrame, one row per customer or claim
        `customer_id` (and `item_id`), `currency`, `open_amount`,
        `open_excl_vat`, `insured_off`, `allowance_base`, `loss_share`,
        `needed`, `existing`, `dotation` (to book more), `reversal` (to take
        back), `reason` (label key where something is not computable). What
        has an allowance and no claim any more is a row too: needed 0.

    Raises
    ------
    InputError
        If a column is missing, a share is no fraction, or an amount is
        negative or not a number: all of them at once.

    Notes
    -----
    Needed = (excl. VAT - insured) x probable share of loss; needed - existing
    = dotation or reversal. The claim moves to 416 incl. VAT, its allowance
    stands on the amount excl. VAT, since VAT comes back
    (https://doczz.fr/doc/6673446/provisions-pour-depreciation-des-creances-clients-1).
    Amounts are rounded to the cent, halves up, on each row.

    Examples
    --------
    12 000 incl. VAT at 20 %, 70 % of which will probably be lost
    (https://comptapprend.fr/les-provisions-pour-creances-douteuses/):

    >>> claims = pd.DataFrame({"customer_id": ["A"], "currency": "EUR", "open_amount": [12000.0], "vat_rate": [0.2]})
    >>> individual_allowances(claims, {"A": 0.7}, existing={"A": 5000})[["needed", "dotation"]].values.tolist()
    [[7000.0, 2000.0]]
    """
    choice("by", by, KEYS)
    names = ("customer_id", "item_id") if by == "item_id" else ("customer_id",)
    _require(claims, (*names, "currency", "open_amount"), "claims")
    if "open_excl_vat" not in claims.columns:
        _require(claims, ("vat_rate",), "claims")
    _check_shares(shares, "shares")
    for column, amounts in (("existing", existing), ("insured", insured)):
        if amounts is not None:
            _check_amounts(dict(amounts), column)
    excl = claims["open_excl_vat"] if "open_excl_vat" in claims else claims["open_amount"] / (1 + claims["vat_rate"])
    told = claims.assign(open_excl_vat=[value if value != value else _cents(value) for value in excl.astype("float64")])
    currencies = sorted(told["currency"].dropna().unique())
    if len(currencies) > 1:
        raise InputError([Defect("several_currencies", "fatal", value=", ".join(currencies))])
    told["unknown"] = told["open_excl_vat"].isna()
    table = told.groupby([*names, "currency"])[["open_amount", "open_excl_vat", "unknown"]].sum().round(2).reset_index()
    table["open_excl_vat"] = table["open_excl_vat"].where(table["unknown"] == 0)
    table = table.drop(columns="unknown")
    if existing is not None:
        table = _with_settled(table, dict(existing), by)
    return _movements(table, dict(shares), None if existing is None else dict(existing), insured, by)


def _with_settled(table: pd.DataFrame, existing: Mapping[str, float], by: str) -> pd.DataFrame:
    """Add what has an allowance and no claim any more."""
    gone = [key for key, amount in existing.items() if key and amount and key not in set(table[by])]
    currency = table["currency"].iloc[0] if len(table) else ""
    rows = pd.DataFrame({by: gone, "currency": currency, "open_amount": 0.0, "open_excl_vat": 0.0})
    return pd.concat([part for part in (table, rows) if len(part)] or [table], ignore_index=True)


def _movements(
    table: pd.DataFrame,
    shares: Mapping[str, float],
    existing: Mapping[str, float] | None,
    insured: Mapping[str, float] | None,
    by: str,
) -> pd.DataFrame:
    nan = float("nan")
    unattributed = bool(existing and existing.get(""))
    rows = []
    for key, excl in zip(table[by], table["open_excl_vat"]):
        base = max(excl, 0.0) if excl == excl else nan
        off = nan if insured is None else min(insured.get(key, 0.0), base)
        base -= 0.0 if insured is None else off
        share = shares.get(key, nan)
        needed = 0.0 if base == 0 else _times(base, share) if base == base and share == share else nan
        booked = nan if existing is None or unattributed else round(float(existing.get(key, 0.0)), 2)
        change = round(needed - booked, 2)
        reasons = {
            "excl_vat_unknown": base != base,
            "no_loss_share": needed != needed,
            "existing_unattributed": unattributed,
            "existing_unknown": booked != booked,
        }
        reason = next((name for name, holds in reasons.items() if holds), None)
        dotation, reversal = (change, 0.0) if change > 0 else (0.0, 0.0 - change)
        blank = change != change
        rows.append((off, base, share, needed, booked, nan if blank else dotation, nan if blank else reversal, reason))
    columns = ["insured_off", "allowance_base", "loss_share", "needed", "existing", "dotation", "reversal", "reason"]
    found = pd.DataFrame(rows, columns=columns, index=table.index)
    numbers = dict.fromkeys(columns[:-1], "float64")
    return pd.concat([table, found.astype(numbers)], axis=1)


# ---------------------------------------------------------------- by age


def ageing_allowances(balances: pd.DataFrame, shares: Mapping[str, float], of: str = "gross") -> pd.DataFrame:
    """Allowance by a percentage of each bucket: a management figure (rule PROV-AGE).

    Parameters
    ----------
    balances : pandas.DataFrame
        `bucket`, the balance `of` (excl. VAT) and `not_converted`, as
        ``doubtful.balances_by_bucket`` gives it.
    shares : mapping of bucket to float
        The company's own percentages, as fractions. A bucket that holds
        something and has none is not computable.
    of : {"gross", "rest_exposure"}
        All claims, or what is left once the specific cases are out.

    Returns
    -------
    pandas.DataFrame, one row per bucket
        `bucket`, `balance_excl_vat`, `not_converted` (incl. VAT: excl. VAT
        unknown), `loss_share`, `ageing_allowance` (NaN: not computable),
        `reason` (label key).

    Raises
    ------
    InputError
        If a column is missing or a share is no fraction.

    Notes
    -----
    Labelled management ("gestion"): a general percentage on all customers is
    not deductible, and a statistical method is only where a real risk of
    non-payment is shown otherwise (CGI 39-1-5;
    https://bofip.impots.gouv.fr/bofip/6409-PGP.html).

    Examples
    --------
    >>> balances = pd.DataFrame({"bucket": ["not_due", "d1_30"], "gross": [9000.0, 1000.0], "not_converted": 0.0})
    >>> ageing_allowances(balances, {"not_due": 0.0, "d1_30": 0.1})["ageing_allowance"].tolist()
    [0.0, 100.0]
    """
    choice("of", of, BALANCES)
    _require(balances, ("bucket", of), "balances")
    _check_shares(shares, "shares")
    unknown = balances["not_converted"] if "not_converted" in balances else pd.Series(0.0, index=balances.index)
    rows = []
    for bucket, balance, left in zip(balances["bucket"], balances[of].astype("float64"), unknown):
        share = float(shares.get(bucket, float("nan")))
        amount = 0.0 if balance == 0 else _times(balance, share) if share == share else float("nan")
        reason = "excl_vat_unknown" if left else "no_share_of_bucket" if amount != amount else None
        rows.append((bucket, balance, float(left), share, float("nan") if left else amount, reason))
    columns = ["bucket", "balance_excl_vat", "not_converted", "loss_share", "ageing_allowance", "reason"]
    return pd.DataFrame(rows, columns=columns)


# ---------------------------------------------------------------- IFRS 9, simplified


def loss_rates(history: pd.DataFrame, open_claims: str = "not_lost") -> pd.DataFrame:
    """Loss rate of each bucket from the ledger's own history (rule ECL-MATRIX).

    Parameters
    ----------
    history : pandas.DataFrame
        As ``doubtful.loss_history`` gives it; cohorts too young are left out.
    open_claims : {"not_lost", "doubtful_lost"}
        Of old claims neither paid nor lost: none counts as lost, or those
        that are doubtful do. The truth is between the two (CHOICE).

    Returns
    -------
    pandas.DataFrame, one row per bucket
        `bucket`, `reached`, `lost` (NaN: not known), `bucket_loss_rate`
        (lost / reached, unrounded; NaN: nothing reached it), `lost_items` (claims that the
        rates rest on, of all buckets), `cohorts_used`, `cohorts_young`,
        `still_open` (of the cohorts used), `open_doubtful`, `reason` (label
        key: no_cohort, no_reached, no_loss_observed, excl_vat_unknown: an
        item of the history has no amount on its basis).

    Raises
    ------
    InputError
        If a column is missing or `open_claims` is no option.

    Notes
    -----
    Loss rate of a bucket = amount finally lost / amount that REACHED the
    bucket. Without a loss the rate is 0: an estimate from the data, which
    says nothing of a loss that has not happened yet.

    Examples
    --------
    >>> history = pd.DataFrame({"cohort": ["used"], "reached_not_due": [1000.0], "lost_not_due": [20.0],
    ...     "reached_d1_30": [100.0], "lost_d1_30": [20.0], "lost_items": [1], "still_open": [0.0],
    ...     "open_doubtful": [0.0], "unknown_items": [0]})
    >>> loss_rates(history)["bucket_loss_rate"].tolist()
    [0.02, 0.2]
    """
    choice("open_claims", open_claims, OPEN_CLAIMS)
    _require(history, ("cohort", "lost_items", "still_open", "open_doubtful", "unknown_items"), "history")
    used = history[history["cohort"] == "used"]
    unknown = int(used["unknown_items"].sum())
    buckets = [str(name).removeprefix("reached_") for name in history.columns if str(name).startswith("reached_")]
    beside = round(float(used["open_doubtful"].sum()), 2) if open_claims == "doubtful_lost" else 0.0
    rows = []
    for bucket in buckets:
        reached = round(float(used[f"reached_{bucket}"].sum()), 2)
        lost = round(float(used[f"lost_{bucket}"].sum()) + beside, 2)
        found = _rate(reached, lost, len(used))
        if unknown:
            found = {"bucket_loss_rate": float("nan"), "reason": "excl_vat_unknown"}
        if unknown or not len(used):
            reached = lost = float("nan")
        rows.append({"bucket": bucket, "reached": reached, "lost": lost, **found})
    told: dict[str, float] = {"lost_items": int(used["lost_items"].sum()), "cohorts_used": len(used)}
    told["cohorts_young"] = len(history) - len(used)
    for name in ("still_open", "open_doubtful"):
        told[name] = float("nan") if unknown else round(float(used[name].sum()), 2)
    names = ["bucket", "reached", "lost", "bucket_loss_rate", *told, "reason"]
    table = pd.DataFrame(rows).assign(**told)
    return table[names].astype({"reached": "float64", "lost": "float64", "bucket_loss_rate": "float64"})


def cohort_loss_rates(reached: Mapping[str, float], lost: float) -> pd.DataFrame:
    """Loss rate of each bucket from one cohort whose amounts are given (rule ECL-MATRIX).

    Parameters
    ----------
    reached : mapping of bucket to float
        Amount that reached each bucket, from the whole sale to the oldest.
    lost : float
        Amount of the cohort that was never paid.

    Returns
    -------
    pandas.DataFrame, one row per bucket
        `bucket`, `reached`, `lost`, `bucket_loss_rate`, `reason`.

    Raises
    ------
    InputError
        If an amount is negative, or less reached a bucket than was lost.

    Examples
    --------
    100 000 sold, 50 000 not paid when due, 2 000 never paid:

    >>> cohort_loss_rates({"not_due": 100_000, "d1_30": 50_000}, lost=2_000)["bucket_loss_rate"].tolist()
    [0.02, 0.04]
    """
    _check_amounts({**reached, "lost": lost}, "reached")
    less = {bucket: amount for bucket, amount in reached.items() if amount < lost}
    if less:
        raise InputError(
            [
                Defect("reached_below_lost", "fatal", column=bucket, value=str(amount), details={"lost": str(lost)})
                for bucket, amount in less.items()
            ]
        )
    rows = [
        {"bucket": bucket, "reached": float(amount), "lost": float(lost), **_rate(amount, lost, 1)}
        for bucket, amount in reached.items()
    ]
    return pd.DataFrame(rows, columns=["bucket", "reached", "lost", "bucket_loss_rate", "reason"])


def _rate(reached: float, lost: float, cohorts: int) -> dict[str, Any]:
    if not cohorts or not reached:
        return {"bucket_loss_rate": float("nan"), "reason": "no_reached" if cohorts else "no_cohort"}
    return {"bucket_loss_rate": lost / reached, "reason": None if lost else "no_loss_observed"}


def roll_loss_rates(rolls: pd.DataFrame, lost_of_last: float) -> pd.DataFrame:
    """Loss rate of each bucket from its roll rates, to compare with the matrix (rule ECL-ROLL).

    Parameters
    ----------
    rolls : pandas.DataFrame
        As :func:`cmtools.roll_rates` gives it.
    lost_of_last : float
        Share finally lost of what reaches the last bucket that a rate leads
        to (91 to 120 days by default): given, never guessed.

    Returns
    -------
    pandas.DataFrame, one row per bucket
        `bucket`, `rolled_share` (product of the roll rates from it to the
        last), `bucket_loss_rate` (times `lost_of_last`; NaN: a rate on the way
        is unknown). The bucket beyond the last has `lost_of_last` too.

    Raises
    ------
    InputError
        If `lost_of_last` is no fraction.

    Examples
    --------
    >>> rolls = pd.DataFrame({"from_state": ["not_due", "d1_30", "d31_60"], "to_state": ["d1_30", "d31_60", "over_60"],
    ...     "roll_rate": [0.5, 0.2, float("nan")], "reason": [None, None, "roll_open_ended"]})
    >>> roll_loss_rates(rolls, 0.3)["bucket_loss_rate"].round(4).tolist()
    [0.03, 0.06, 0.3, 0.3]
    """
    _require(rolls, ("from_state", "to_state", "roll_rate", "reason"), "rolls")
    _check_shares({"lost_of_last": lost_of_last}, "lost_of_last")
    chained = rolls[rolls["reason"] != "roll_open_ended"]
    shares = [1.0, *accumulate(chained["roll_rate"].astype("float64").tolist()[::-1], mul, initial=1.0)]
    last = list(rolls["to_state"])[-1:] if len(rolls) else []
    buckets = [*rolls["from_state"], *last]
    table = pd.DataFrame({"bucket": buckets, "rolled_share": shares[::-1][: len(buckets)] if buckets else []})
    table = table.astype({"rolled_share": "float64"})
    return table.assign(bucket_loss_rate=table["rolled_share"] * lost_of_last)


def provision_matrix(
    balances: pd.DataFrame | Mapping[str, float], rates: pd.DataFrame | Mapping[str, float], forward: float = 1.0
) -> pd.DataFrame:
    """Expected credit loss by bucket, IFRS 9 simplified approach (rule ECL-MATRIX).

    Parameters
    ----------
    balances : pandas.DataFrame or mapping of bucket to float
        What the matrix applies to: `bucket` and `rest_exposure`, the specific
        cases out, as ``doubtful.balances_by_bucket`` gives it.
    rates : pandas.DataFrame or mapping of bucket to float
        `bucket` and `bucket_loss_rate`, as :func:`loss_rates` gives it.
    forward : float, default 1.0
        Factor for current and expected conditions. 1.0 says that the future
        will be as the past: a judgement, shown in the table, not an omission.

    Returns
    -------
    pandas.DataFrame, one row per bucket
        `bucket`, `rest_exposure`, `not_converted`, `bucket_loss_rate`,
        `forward_factor`, `applied_rate` (at most 1), `expected_loss` (NaN:
        not computable), `reason` (label key).

    Raises
    ------
    InputError
        If a column is missing, a rate is no fraction, or the factor is
        negative.

    Notes
    -----
    IFRS 9, 5.5.15 and B5.5.35. Rates are not rounded; amounts are, to the
    cent. French annual accounts do not book expected losses this way.

    Examples
    --------
    >>> provision_matrix({"not_due": 300_000.0, "over_90": 5_000.0}, {"not_due": 0.02, "over_90": 0.5}, forward=3)[
    ...     ["applied_rate", "expected_loss"]].values.tolist()
    [[0.06, 18000.0], [1.0, 5000.0]]
    """
    if isinstance(balances, Mapping):
        balances = pd.DataFrame({"bucket": list(balances), "rest_exposure": list(balances.values())})
    if isinstance(rates, Mapping):
        rates = pd.DataFrame({"bucket": list(rates), "bucket_loss_rate": list(rates.values())})
    _require(balances, ("bucket", "rest_exposure"), "balances")
    _require(rates, ("bucket", "bucket_loss_rate"), "rates")
    by_bucket = dict(zip(rates["bucket"], rates["bucket_loss_rate"].astype("float64")))
    _check_shares({bucket: rate for bucket, rate in by_bucket.items() if rate == rate}, "bucket_loss_rate")
    if not (_is_number(forward) and forward >= 0):
        raise InputError([Defect("bad_forward_factor", "fatal", column="forward", value=str(forward))])
    unknown = balances["not_converted"] if "not_converted" in balances else pd.Series(0.0, index=balances.index)
    rows = []
    for bucket, exposure, left in zip(balances["bucket"], balances["rest_exposure"].astype("float64"), unknown):
        rate = by_bucket.get(bucket, float("nan"))
        applied = min(1.0, rate * forward) if rate == rate else rate
        amount = 0.0 if exposure == 0 else _cents(exposure * applied) if applied == applied else applied
        reason = "excl_vat_unknown" if left else "no_rate_of_bucket" if amount != amount else None
        rows.append((bucket, exposure, float(left), rate, forward, applied, float("nan") if left else amount, reason))
    columns = ["bucket", "rest_exposure", "not_converted", "bucket_loss_rate", "forward_factor", "applied_rate",
               "expected_loss", "reason"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).astype({"forward_factor": "float64"})


# ---------------------------------------------------------------- side by side


class _Standing(NamedTuple):
    """What may be done with the figure of a method (message keys)."""

    may_book: str
    book_why: str
    may_deduct: str
    deduct_why: str


_STANDINGS = {
    "method_individual": _Standing("yes", "book_individual", "on_conditions", "deduct_individual"),
    "method_ageing": _Standing("not_as_such", "book_ageing", "not_as_such", "deduct_ageing"),
    "method_ifrs9": _Standing("ifrs_accounts_only", "book_ifrs9", "no", "deduct_ifrs9"),
}


def allowances_compared(
    individual: pd.DataFrame | None,
    ageing: pd.DataFrame,
    matrix: pd.DataFrame,
    balances: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The three methods side by side, with what may be booked and what deducted.

    Parameters
    ----------
    individual : pandas.DataFrame or None
        As :func:`individual_allowances` gives it; None: the source says
        nothing of doubtful claims, which is not nil.
    ageing : pandas.DataFrame
        As :func:`ageing_allowances` gives it.
    matrix : pandas.DataFrame
        As :func:`provision_matrix` gives it, for what is no specific case.
    balances : pandas.DataFrame, optional
        As ``doubtful.balances_by_bucket`` gives it: what the matrix leaves
        out and nobody has estimated is then told.

    Returns
    -------
    pandas.DataFrame, one row per method
        `method` (label key), `on_cases` (allowance on the doubtful claims),
        `on_others`, `allowance` (their sum; NaN where a part is not
        computable), `not_estimated` (claims excl. VAT that the method leaves
        out without an estimate: under IFRS 9 those disputed, or insolvent and
        not doubtful, each to be judged by itself; NaN: not told), `may_book`
        (French annual accounts), `may_deduct` (label keys), `book_why`,
        `deduct_why` (message keys: see :func:`explain_compared`), `reason`.

    Notes
    -----
    They are three answers to one question, never parts of a sum. IFRS 9 takes
    the specific cases one by one, then the matrix for the rest; the ageing
    table stands on all claims and does not tell them apart.

    Examples
    --------
    >>> one = pd.DataFrame({"needed": [100.0]}), pd.DataFrame({"ageing_allowance": [80.0]})
    >>> allowances_compared(*one, pd.DataFrame({"expected_loss": [30.0]}))["allowance"].tolist()
    [100.0, 80.0, 130.0]
    """
    told = pd.DataFrame({"needed": [float("nan")]}) if individual is None else individual
    _require(told, ("needed",), "individual")
    _require(ageing, ("ageing_allowance",), "ageing")
    _require(matrix, ("expected_loss",), "matrix")
    cases, aged, others = (
        round(float(column.sum(skipna=False)), 2)
        for column in (told["needed"], ageing["ageing_allowance"], matrix["expected_loss"])
    )
    nan = float("nan")
    parts = {
        "method_individual": (cases, nan, cases),
        "method_ageing": (nan, nan, aged),
        "method_ifrs9": (cases, others, round(cases + others, 2)),
    }
    left = nan
    if balances is not None:
        left = round(float((balances["case_disputed"] + balances["case_insolvent"]).sum(skipna=False)), 2)
    beside = {"method_individual": nan, "method_ageing": 0.0, "method_ifrs9": left}
    rows = [
        (
            method,
            *parts[method],
            beside[method],
            *standing,
            None if parts[method][2] == parts[method][2] else "part_not_computable",
        )
        for method, standing in _STANDINGS.items()
    ]
    columns = ["method", "on_cases", "on_others", "allowance", "not_estimated", *_Standing._fields, "reason"]
    return pd.DataFrame(rows, columns=columns)


def explain_compared(compared: pd.DataFrame, language: str | None = None) -> pd.DataFrame:
    """The comparison with its reasons in words.

    Examples
    --------
    >>> one = pd.DataFrame({"needed": [100.0]}), pd.DataFrame({"ageing_allowance": [80.0]})
    >>> table = allowances_compared(*one, pd.DataFrame({"expected_loss": [30.0]}))
    >>> explain_compared(table, "en")["deduct_why"].iloc[2]
    'an expected loss without an event of the year does not make a loss probable (CGI 39-1-5)'
    """
    names = ("book_why", "deduct_why")
    return compared.assign(**{name: [message(key, language) for key in compared[name]] for name in names})
