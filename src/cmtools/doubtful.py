"""What the ledger says of doubtful claims and losses: claims excl. VAT, flows over periods, the history of losses.

Nothing here is an estimate: amounts of the ledger, on a date or over a period. What
must be set aside for them is in ``provisions.py``. Rules PROV-IND, ECL-MATRIX and
SIN: see ``GLOSSARY.md``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import narwhals as nw
import pandas as pd

from cmtools.frames import (
    cents_of,
    check_months,
    choice,
    collect,
    day_number,
    first_day,
    held,
    in_unit,
    month_ends,
    tables_of,
    unit_of,
)
from cmtools.movements import doubtful_moves, item_moves, month_number
from cmtools.receivables import BUCKETS, bucket_names, open_rows
from cmtools.schemas import SALES_KINDS, Defect, InputError, Ledger, as_day

BASES = ("excl_vat", "incl_vat")
SETTLED_AFTER = 365  # days after its month of due dates when a cohort's outcome counts as known (CHOICE)
_NO_VAT = ("reverse_charge", "export")
_ROUNDED = 0.02  # euros between an amount excl. VAT and its rate that rounding explains
_HALF_UP = 1e-6  # of a cent: a half rounds the same way on every engine
_CLAIM = ["item_id", "customer_id", "document", "issue_date", "due_date", "doubtful_from", "vat_rate", "vat_regime"]


# ---------------------------------------------------------------- amounts excluding VAT


def _vat_of(unit: tuple[str, str]) -> dict[str, nw.Expr]:
    """What converts a part of an item: its cents, its own share excl. VAT, the share by its rate; null: unknown."""
    amount = nw.when(nw.col("amount") != 0).then(nw.col("amount"))
    own = nw.col("amount_excl_vat") / amount
    rate = 1 / (1 + nw.col("vat_rate"))
    agrees = (nw.col("amount") * rate - nw.col("amount_excl_vat")).abs() <= _ROUNDED
    no_vat = nw.when(nw.col("vat_regime").is_in(_NO_VAT)).then(nw.lit(1.0))
    by_rate = nw.when(~nw.col("vat_rate").is_null()).then(rate).otherwise(no_vat)
    own_known = ~nw.col("amount_excl_vat").is_null() & (nw.col("amount") != 0)
    return {
        "whole": nw.col(unit[0]),
        "own_share": nw.when(own_known).then(own).otherwise(by_rate),
        "rate_share": nw.when(own_known & ~agrees.fill_null(False)).then(own).otherwise(by_rate),
    }


def _excl(column: str) -> nw.Expr:
    """Whole cents excl. VAT of a column of cents; nil where unknown: see `own_share`."""
    share = nw.when(nw.col(column) == nw.col("whole")).then(nw.col("own_share")).otherwise(nw.col("rate_share"))
    return (nw.col(column) * share.fill_null(0.0) + _HALF_UP).round().cast(nw.Int64)


def _with_excl(table: Any, column: str) -> Any:
    """Add `excl` (whole cents excl. VAT of `column`) and `unknown` (its cents where they are not known)."""
    unknown = nw.col("own_share").is_null()
    return table.with_columns(
        excl=_excl(column),
        unknown=nw.when(unknown).then(nw.col(column)).otherwise(nw.lit(0)),
        n_unknown=nw.when(unknown).then(nw.lit(1)).otherwise(nw.lit(0)),
    )


def _open(ledger: Ledger, at: datetime, unit: tuple[str, str]) -> Any:
    """Open items in one currency: `cents`, `excl`, `unknown`, with what the ledger says of their VAT."""
    items = open_rows(ledger, at)
    if unit[0] == "cents":
        items = items.filter(nw.col("currency") == unit[1])
    items = items.with_columns(cents=cents_of("open_book_amount" if unit[0] == "book_cents" else "open_amount"))
    invoices, _ = tables_of(ledger)
    told = invoices.select("item_id", "vat_rate", "vat_regime", "doubtful_from", **_vat_of(unit))
    return _with_excl(items.join(told, on="item_id", how="left"), "cents")


# ---------------------------------------------------------------- claims and losses, one by one


def doubtful_claims(ledger: Ledger, as_of: str | date, currency: str | None = None) -> pd.DataFrame:
    """Doubtful claims open on a date, with and without VAT (rule PROV-IND).

    Parameters
    ----------
    ledger : Ledger
        Doubtful: from `doubtful_from`; in a FEC, what stands on account 416.
    as_of : date or str
    currency : str, optional
        Needed when several currencies have no amount in the books' currency.

    Returns
    -------
    pandas.DataFrame, one row per claim
        `item_id`, `customer_id`, `document`, `issue_date`, `due_date`,
        `doubtful_from`, `vat_rate`, `vat_regime`, `currency`, `open_amount`
        (incl. VAT), `open_excl_vat` (at the rate of the invoice, or in
        the share that it has in the whole; NaN: unknown), `vat_amount` (the difference). No row where
        the source says nothing of doubtful claims.

    Notes
    -----
    Excl. VAT comes from the amount excl. VAT of the invoice, else from its
    rate, else from a regime without VAT (reverse charge, export); it is never
    guessed. A receipt not allocated to a claim reduces none.

    Examples
    --------
    What is the doubtful portfolio worth at closing, with and without VAT?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> claims = doubtful_claims(ledger, "2026-06-30")
    >>> [round(float(claims[name].sum()), 2) for name in ("open_amount", "open_excl_vat")]
    [42566.94, 36862.21]
    """
    at = as_day(as_of)
    columns = [*_CLAIM, "currency", "open_amount", "open_excl_vat", "vat_amount"]
    if "doubtful" in ledger.silent:
        return _empty_claims(columns)
    unit = unit_of(ledger, currency)
    claims = _open(ledger, at, unit).filter(nw.col("doubtful")).sort("customer_id", "item_id")
    table = collect(claims.select(*_CLAIM, "cents", "excl", "n_unknown"))
    return _in_units(table, unit, "open_amount", "open_excl_vat")[columns]


def written_off(
    ledger: Ledger, as_of: str | date, since: str | date | None = None, currency: str | None = None
) -> pd.DataFrame:
    """What was written off between two dates, claim by claim, with and without VAT.

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        Last day.
    since : date or str, optional
        The day before the first; default: all that the ledger holds.
    currency : str, optional
        See :func:`doubtful_claims`.

    Returns
    -------
    pandas.DataFrame, one row per claim and day, oldest first
        `item_id`, `customer_id`, `document`, `issue_date`, `due_date`,
        `doubtful_from`, `vat_rate`, `vat_regime`, `currency`, `lost_on` (booked),
        `lost_amount` (incl. VAT), `lost_excl_vat` (NaN: unknown),
        `vat_amount`.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> lost = written_off(ledger, "2026-06-30")
    >>> lost[["customer_id", "lost_amount", "lost_excl_vat"]].values.tolist()[0]
    ['000116', 9643.05, 8035.88]
    """
    at = as_day(as_of)
    columns = [*_CLAIM, "currency", "lost_on", "lost_amount", "lost_excl_vat", "vat_amount"]
    if not ledger.complete_sales:
        return _empty_claims(columns)
    unit = unit_of(ledger, currency)
    lost = _losses(ledger, unit).filter(nw.col("payment_date") <= at)
    if since is not None:
        lost = lost.filter(nw.col("payment_date") > as_day(since, "since"))
    table = _in_units(collect(lost), unit, "lost_amount", "lost_excl_vat").rename(columns={"payment_date": "lost_on"})
    return table.sort_values(["lost_on", "item_id"], ignore_index=True)[columns]


@held
def _losses(ledger: Ledger, unit: tuple[str, str]) -> Any:
    """Write-offs in one currency by item and day, with what the ledger says of the item; unallocated ones have none."""
    invoices, settlements = tables_of(ledger)
    told = invoices.select(*[name for name in _CLAIM if name != "customer_id"], **_vat_of(unit))
    lost = in_unit(settlements, unit).filter(nw.col("kind") == "write_off")
    lost = lost.group_by("item_id", "customer_id", "payment_date").agg(cents=nw.col(unit[0]).sum())
    return _with_excl(lost.join(told, on="item_id", how="left"), "cents")


def _in_units(table: pd.DataFrame, unit: tuple[str, str], incl: str, excl: str) -> pd.DataFrame:
    """Cents as amounts, excl. VAT blank where unknown."""
    whole = table["cents"].astype("float64") / 100
    known = (table["excl"].astype("float64") / 100).where(table["n_unknown"] == 0)
    table = table.assign(currency=unit[1], **{incl: whole, excl: known}, vat_amount=(whole - known).round(2))
    return table.sort_values(["customer_id", "item_id"], ignore_index=True)


def _empty_claims(columns: Sequence[str]) -> pd.DataFrame:
    dates = ("issue_date", "due_date", "doubtful_from", "lost_on")
    numbers = ("vat_rate", "open_amount", "open_excl_vat", "vat_amount", "lost_amount", "lost_excl_vat")
    kinds = dict.fromkeys(dates, "datetime64[us]") | dict.fromkeys(numbers, "float64")
    return pd.DataFrame({name: pd.Series(dtype=kinds.get(name, "str")) for name in columns})


def existing_allowances(ledger: Ledger, as_of: str | date) -> pd.Series | None:
    """Balance of account 491 by customer at the end of a day.

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        For what a closing must change: the closing before it.

    Returns
    -------
    pandas.Series indexed by customer number, or None
        Positive; under the index "" what the accounts attribute to no
        customer. None: the source holds no accounts (only a FEC does), or
        none up to that day, which is not nil.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> existing_allowances(ledger, "2026-06-30") is None
    True
    """
    if ledger.accounts is None:
        return None
    at = as_day(as_of)
    accounts = nw.from_native(ledger.accounts).filter(nw.col("booking_date") <= at)
    if not len(collect(accounts.select("account").head(1))):
        return None
    rows = accounts.filter(nw.col("account").str.starts_with("491")).with_columns(cents=cents_of("amount"))
    sums = collect(rows.group_by("customer_id").agg(cents=nw.col("cents").sum())).fillna({"customer_id": ""})
    found = (-sums.groupby("customer_id")["cents"].sum().astype("float64") / 100).round(2) + 0.0
    return found[found != 0].rename("existing")


# ---------------------------------------------------------------- doubtful claims period by period


def doubtful_by_period(
    ledger: Ledger,
    as_of: str | date,
    periods: int = 3,
    months: int = 12,
    allowances: Mapping[str, float] | None = None,
    currency: str | None = None,
) -> pd.DataFrame:
    """Flows of doubtful claims and the rates that go with them, over several periods (rule SIN).

    Parameters
    ----------
    ledger : Ledger
        Doubtful: from `doubtful_from`; in a FEC, what stands on account 416.
    as_of : date or str
        End of the last period; the others end on month-ends before it.
    periods : int, default 3
    months : int, default 12
        Length of a period.
    allowances : mapping of date as text ("2026-06-30") to float, optional
        Balance of account 491 at the end of each period, where the source
        holds no accounts.
    currency : str, optional
        See :func:`doubtful_claims`.

    Returns
    -------
    pandas.DataFrame, one row per period, oldest first
        `period_start` (the day before it begins), `date` (its end),
        `opening_balance`, `doubtful_brought_forward`, `doubtful_in`,
        `doubtful_paid`, `doubtful_lost`, `doubtful_out`, `closing_balance`:
        incl. VAT, signed as they move the doubtful claims. `period_sales`
        (incl. VAT, issued in the period and booked by its end),
        `loss_event_rate` (doubtful_in / period_sales), `doubtful_recovery` (paid /
        (opening + brought forward + in)), `losses_excl_vat`, `period_sales_excl_vat`,
        `irrecoverable_rate` (their ratio; formula UNCONFIRMED),
        `doubtful_excl_vat` (at the end), `allowance_balance` (account 491 at
        the end), `provision_rate` (their ratio), `reason` (label key: why the
        rates that are blank are). No row where the source lists open items
        only or says nothing of doubtful claims.

    Raises
    ------
    InputError
        If there is no period or no month to look at, or amounts are unknown
        in the currency asked for.

    Notes
    -----
    Opening + brought forward + in + paid + lost + out = closing. A period of
    which the ledger does not hold the first month is left out: its opening is
    unknown, not nil. Losses count on the day booked, doubtful before or not.
    The loss event rate has the same VAT basis on both sides
    (https://formation-compta-tpe.fr/mesure-sinistralite-clients/). A claim
    whose VAT is unknown makes the rates excl. VAT blank.

    Examples
    --------
    Of what was doubtful in the year, how much came in?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> table = doubtful_by_period(ledger, "2026-06-30", periods=2)
    >>> table["doubtful_in"].tolist(), table["doubtful_recovery"].round(4).tolist()
    ([32873.87, 27578.28], [0.0, 0.0183])
    """
    moves = ["doubtful_brought_forward", "doubtful_in", "doubtful_paid", "doubtful_lost", "doubtful_out"]
    columns = [
        "period_start", "date", "opening_balance", *moves, "closing_balance", "period_sales", "loss_event_rate",
        "doubtful_recovery", "losses_excl_vat", "period_sales_excl_vat", "irrecoverable_rate", "doubtful_excl_vat",
        "allowance_balance", "provision_rate", "reason",
    ]  # fmt: skip
    check_months(months)
    if periods < 1:
        raise InputError([Defect("periods_too_few", "fatal", column="periods", value=str(periods))])
    ends = month_ends(as_day(as_of), months * periods + 1)[::months][::-1]
    if not ledger.complete_sales or "doubtful" in ledger.silent:
        return _empty_periods(columns)
    begins = first_day(ledger, ends[-1])
    ends = [end for position, end in enumerate(ends) if position and begins and _holds(begins, ends[position - 1])]
    if not ends:
        return _empty_periods(columns)
    starts = [month_ends(ends[0], months + 1)[-1], *ends[:-1]]
    unit = unit_of(ledger, currency)
    table = pd.DataFrame({"period_start": starts, "date": ends}).astype("datetime64[us]")
    flows = doubtful_moves(ledger, ends[-1], unit)
    flows["period"] = pd.cut(flows["month"], [_number(day) for day in (starts[0], *ends)], labels=False)
    sums = flows.pivot_table(index="period", columns="column", values="cents", aggfunc="sum", fill_value=0)
    sums = sums.reindex(index=range(len(ends)), columns=moves, fill_value=0).astype("int64")
    before = int(flows.loc[flows["month"] <= _number(starts[0]), "cents"].sum())
    closing = before + sums.sum(axis=1).cumsum()
    table[moves] = sums / 100
    table["opening_balance"] = [before / 100, *(closing.iloc[:-1] / 100)]
    table["closing_balance"] = closing / 100
    table = _with_sales_and_losses(table, ledger, unit)
    table = _with_balances(table, ledger, unit, allowances)
    return _with_rates(table)[columns]


def _holds(begins: datetime, start: datetime) -> bool:
    """Whether books that begin on a day hold a period that starts the day after `start`."""
    return 12 * begins.year + begins.month <= _number(start) + 1


def _number(day: datetime) -> int:
    return 12 * day.year + day.month


def _with_sales_and_losses(table: pd.DataFrame, ledger: Ledger, unit: tuple[str, str]) -> pd.DataFrame:
    """Add what was sold and what was lost in each period; blank excl. VAT where part of it is not known."""
    ends = list(zip(table["period_start"], table["date"]))
    issued = in_unit(tables_of(ledger)[0], unit).filter(nw.col("kind").is_in(SALES_KINDS))
    sold = _with_excl(issued.with_columns(value=nw.col(unit[0]), **_vat_of(unit)), "value")
    lost = _losses(ledger, unit)
    issue, booked, paid = (nw.col(name) for name in ("issue_date", "booking_date", "payment_date"))
    days = [(as_day(start), as_day(end)) for start, end in ends]
    sales = _sums(sold, "value", [(issue > first) & (issue <= last) & (booked <= last) for first, last in days])
    losses = _sums(lost, "cents", [(paid > first) & (paid <= last) for first, last in days])
    rows = [(incl, excl, gone) for (incl, excl), (_, gone) in zip(sales, losses)]
    names = ["period_sales", "period_sales_excl_vat", "losses_excl_vat"]
    return table.join(pd.DataFrame(rows, columns=names, index=table.index).astype("float64"))


def _sums(rows: Any, column: str, periods: Sequence[nw.Expr]) -> list[tuple[float, float]]:
    """Of the rows of each period, which no two share, the cents and the same excl. VAT: NaN where a part is unknown."""
    place: nw.Expr = nw.lit(len(periods))
    for position, inside in enumerate(periods):
        place = nw.when(inside).then(nw.lit(position)).otherwise(place)
    names = [column, "excl", "n_unknown"]
    sums = rows.with_columns(period=place).group_by("period").agg(*[nw.col(name).sum() for name in names])
    found = collect(sums).set_index("period").reindex(range(len(periods))).fillna(0).astype("int64")
    return [
        (row[column] / 100, float("nan") if row["n_unknown"] else row["excl"] / 100) for row in found.to_dict("records")
    ]


def _with_balances(
    table: pd.DataFrame, ledger: Ledger, unit: tuple[str, str], allowances: Mapping[str, float] | None
) -> pd.DataFrame:
    """Add the doubtful claims excl. VAT and account 491 at the end of each period; blank: unknown."""
    given = {as_day(day): float(amount) for day, amount in (allowances or {}).items()}
    open_then, existing = [], []
    for end in table["date"]:
        at = as_day(end)
        open_then.append(_sums(_open(ledger, at, unit), "cents", [nw.col("doubtful")])[0][1])
        booked = existing_allowances(ledger, at)
        known = given.get(at, float("nan")) if booked is None else round(float(booked.sum()), 2)
        existing.append(known)
    return table.assign(doubtful_excl_vat=open_then, allowance_balance=existing)


def _with_rates(table: pd.DataFrame) -> pd.DataFrame:
    """Add the rates and, in words, why one is blank."""

    def over(column: pd.Series, base: pd.Series) -> pd.Series:
        return column / base.where(base > 0)

    base = table["opening_balance"] + table["doubtful_brought_forward"] + table["doubtful_in"]
    table = table.assign(
        loss_event_rate=over(table["doubtful_in"], table["period_sales"]),
        doubtful_recovery=over(-table["doubtful_paid"], base) + 0.0,
        irrecoverable_rate=over(table["losses_excl_vat"], table["period_sales_excl_vat"]),
        provision_rate=over(table["allowance_balance"], table["doubtful_excl_vat"]),
    )
    excl = table[["losses_excl_vat", "period_sales_excl_vat", "doubtful_excl_vat"]].isna().any(axis=1)
    reason = pd.Series(None, index=table.index, dtype="object").mask(table["allowance_balance"].isna(), "no_491")
    reason = reason.mask(excl, "excl_vat_unknown").mask(excl & table["allowance_balance"].isna(), "no_491_no_excl_vat")
    nothing = reason.isna() & (table["doubtful_excl_vat"] == 0)
    return table.assign(reason=reason.mask(nothing, "nothing_doubtful"))


def _empty_periods(columns: Sequence[str]) -> pd.DataFrame:
    kinds = {"period_start": "datetime64[us]", "date": "datetime64[us]", "reason": "str"}
    return pd.DataFrame({name: pd.Series(dtype=kinds.get(name, "float64")) for name in columns})


# ---------------------------------------------------------------- what stands in each bucket


def balances_by_bucket(
    ledger: Ledger,
    as_of: str | date,
    buckets: Sequence[int] = BUCKETS,
    basis: str = "excl_vat",
    insolvent: Sequence[str] = (),
    insured: Mapping[str, float] | None = None,
    incl_vat_up_to: float = 0.0,
    currency: str | None = None,
) -> pd.DataFrame:
    """Open claims by bucket, the specific cases apart: what an ageing table or a matrix applies to.

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
    buckets : sequence of int, default (30, 60, 90, 120)
        Upper bounds, in days overdue.
    basis : {"excl_vat", "incl_vat"}
        The allowance stands on amounts excl. VAT, since VAT comes back.
    insolvent : sequence of str
        Customers under proceedings: see ``external.insolvencies``.
    insured : mapping of customer number to float, optional
        What the credit insurer would pay for each, on the same basis; None:
        nothing is taken off.
    incl_vat_up_to : float, default 0
        Where claims without a known amount excl. VAT are at most this share
        of all, they are taken incl. VAT, which is prudent; else they stand
        apart (CHOICE).
    currency : str, optional
        See :func:`doubtful_claims`.

    Returns
    -------
    pandas.DataFrame, one row per bucket
        `bucket` (`not_due`, the buckets, `unknown_age`), `gross` =
        `case_doubtful` + `case_insolvent` + `case_disputed` + `case_insured`
        + `rest_exposure` (a case of which the source says nothing is NaN, and
        stays in the rest); `gross_incl_vat`; `not_converted`: incl. VAT, what
        has no known amount excl. VAT and stands in no other column but
        `gross_incl_vat`; `counted_incl_vat`: what was taken incl. VAT.

    Raises
    ------
    InputError
        If a bound, the basis or a cover cannot be, or amounts are unknown in
        the currency asked for.

    Notes
    -----
    Claims alone: credits and unallocated receipts reduce no bucket. A claim
    is one case only: doubtful before insolvent, insolvent before disputed,
    and what the insurer covers comes off the rest, each bucket in proportion
    (rule ECL-MATRIX: specific cases first).

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> found = balances_by_bucket(ledger, "2026-06-30").set_index("bucket")
    >>> float(found["case_doubtful"].sum().round(2))
    36862.21
    """
    choice("basis", basis, BASES)
    names, at = bucket_names(buckets)[:-1], as_day(as_of)
    bad = {name: amount for name, amount in (insured or {}).items() if not amount >= 0}
    if bad:
        raise InputError([Defect("bad_cover", "fatal", column=name, value=str(value)) for name, value in bad.items()])
    unit = unit_of(ledger, currency)
    claims = _open(ledger, at, unit).filter(nw.col("cents") > 0).with_columns(code=_bucket_code(buckets))
    keys = ["customer_id", "code", "doubtful", "disputed"]
    columns = ["cents", "excl", "unknown"]
    sums = collect(claims.group_by(*keys).agg(*[nw.col(name).sum() for name in columns]))
    sums[columns] = sums[columns].fillna(0).astype("int64")
    tolerated = sums["unknown"].sum() <= incl_vat_up_to * sums["cents"].sum()
    sums["counted"] = sums["unknown"] if tolerated and basis == "excl_vat" else 0
    sums["unknown"] = sums["unknown"] - sums["counted"] if basis == "excl_vat" else 0
    value = sums["cents"] if basis == "incl_vat" else sums["excl"] + sums["counted"]
    case = pd.Series("rest_exposure", index=sums.index).mask(sums["disputed"].astype(bool), "case_disputed")
    case = case.mask(sums["customer_id"].isin([*map(str, insolvent)]), "case_insolvent")
    sums = sums.assign(value=value, case=case.mask(sums["doubtful"].astype(bool), "case_doubtful"))
    sums["covered"] = _covered(sums, insured or {})
    table = _bucket_table(sums, names)
    untold = {f"case_{name}": float("nan") for name in ("disputed", "doubtful") if name in ledger.silent}
    return table.assign(**untold)


def _bucket_code(buckets: Sequence[int]) -> nw.Expr:
    """Position of an open claim in ``bucket_names``; unknown age, the last, meets no condition."""
    late = nw.col("days_late")
    code = nw.when(nw.col("retention")).then(nw.lit(0)).otherwise(nw.lit(len(buckets) + 2))
    code = nw.when(late > buckets[-1]).then(nw.lit(len(buckets) + 1)).otherwise(code)
    for position, bound in reversed(list(enumerate((0, *buckets)))):
        code = nw.when(late <= bound).then(nw.lit(position)).otherwise(code)
    return code


def _covered(sums: pd.DataFrame, insured: Mapping[str, float]) -> pd.Series:
    """Cents of each row that the insurer covers: a customer's cover over its rows in proportion."""
    mine = sums["value"].where(sums["case"] == "rest_exposure", 0)
    owed = mine.groupby(sums["customer_id"]).transform("sum")
    amounts = {name: 100 * amount for name, amount in insured.items()}
    cover = pd.Series([amounts.get(name, 0.0) for name in sums["customer_id"]], index=sums.index, dtype="float64")
    share = (cover / owed.where(owed > 0)).clip(upper=1.0).fillna(0.0)
    return (mine * share).round().astype("int64")


def _bucket_table(sums: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    cases = ["case_doubtful", "case_insolvent", "case_disputed", "rest_exposure"]
    index = range(len(names))
    table = sums.pivot_table(index="code", columns="case", values="value", aggfunc="sum", fill_value=0)
    table = table.reindex(index=index, columns=cases, fill_value=0).astype("int64")
    by_code = sums.groupby("code")[["covered", "cents", "unknown", "counted"]].sum()
    by_code = by_code.reindex(index, fill_value=0).astype("int64")
    table["case_insured"] = by_code["covered"]
    table["rest_exposure"] -= by_code["covered"]
    table["gross"] = table[[*cases, "case_insured"]].sum(axis=1)
    table["gross_incl_vat"] = by_code["cents"]
    table["not_converted"], table["counted_incl_vat"] = by_code["unknown"], by_code["counted"]
    table = (table / 100).assign(bucket=list(names)).rename_axis(index=None, columns=None)
    order = ["bucket", "gross", *cases[:3], "case_insured", "rest_exposure", "gross_incl_vat"]
    order += ["not_converted", "counted_incl_vat"]
    return table[order]


# ---------------------------------------------------------------- what became of past sales


def loss_history(
    ledger: Ledger,
    as_of: str | date,
    months: int = 36,
    settled_after: int = SETTLED_AFTER,
    buckets: Sequence[int] = BUCKETS,
    basis: str = "excl_vat",
    currency: str | None = None,
) -> pd.DataFrame:
    """What each month's sales became: how much reached each bucket, how much was lost (rule ECL-MATRIX).

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
        Nothing later is used.
    months : int, default 36
        Months of due dates looked at, up to `as_of`.
    settled_after : int, default 365
        Days after the end of its month when a cohort's outcome counts as
        known, beyond the last bound; a younger one is `too_young` and makes
        no rate (CHOICE).
    buckets : sequence of int, default (30, 60, 90, 120)
        Upper bounds, in days overdue.
    basis : {"excl_vat", "incl_vat"}
        Of all amounts.
    currency : str, optional
        See :func:`doubtful_claims`.

    Returns
    -------
    pandas.DataFrame, one row per month of due dates, oldest first
        `month` (its last day), `cohort` (used, too_young), `sold` (what fell
        due in it), `reached_<bucket>` (still open when the bucket begins),
        `lost_<bucket>` (written off since; NaN both while the bucket has not
        begun for the whole month), `lost_items` (claims),
        `still_open` (neither paid nor lost on `as_of`), `open_doubtful` (of
        which doubtful), `unknown_items` (claims without a known amount on
        this basis, in no column). No row where the source lists open items
        only.

    Raises
    ------
    InputError
        If an argument cannot be, or amounts are unknown in the currency
        asked for.

    Notes
    -----
    The cohort is the month of the due date, so that retention money has the
    same clock as the rest (CHOICE). Credit notes come off what was sold, from
    the beginning: a dispute settled by a credit note is no credit loss. A
    claim moved from 411 to 416 goes on as the doubtful item, which has its
    own due date; without that date it cannot be followed and is in no row.
    Items brought forward, returned payments and down payments are no sales,
    and what is lost of them is in no row: compare with :func:`written_off`.
    More written off than was open counts as what was open.
    Claims are settled on their allocation date (rule AGE-ALLOC).

    Examples
    --------
    On how many losses would a rate rest?

    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> history = loss_history(ledger, "2026-06-30")
    >>> int(history["lost_items"].sum())
    3
    """
    choice("basis", basis, BASES)
    check_months(months)
    names, at = bucket_names(buckets)[:-2], as_day(as_of)
    if settled_after <= buckets[-1]:
        column, last = "settled_after", {"last": buckets[-1]}
        raise InputError([Defect("bad_settled_after", "fatal", column=column, value=str(settled_after), details=last)])
    sums = [f"{what}_{name}" for name in names for what in ("reached", "lost")]
    sums += ["lost_items", "still_open", "open_doubtful", "unknown_items"]
    columns = ["month", "cohort", "sold", *sums]
    ends = month_ends(at, months + 1)[::-1]
    if not ledger.complete_sales:
        kinds = {"month": "datetime64[us]", "cohort": "str"}
        return pd.DataFrame({name: pd.Series(dtype=kinds.get(name, "float64")) for name in columns})
    unit = unit_of(ledger, currency)
    items = _followed(ledger, at, unit, basis, (0, *buckets), names)
    items = items.filter((nw.col("due_month") > _number(ends[0])) & (nw.col("due_date") <= at))
    table = collect(items.group_by("due_month").agg(*[nw.col(name).sum() for name in sums]))
    table = table.set_index("due_month").reindex([_number(end) for end in ends[1:]]).fillna(0).astype("int64")
    money = [name for name in sums if not name.endswith("_items")]
    table[money] = table[money] / 100
    table["month"] = pd.Series(ends[1:], index=table.index).astype("datetime64[us]")
    old = table["month"] + pd.Timedelta(days=settled_after) <= pd.Timestamp(at)
    table = table.assign(cohort=old.map({True: "used", False: "too_young"}), sold=table["reached_not_due"])
    for name, low in zip(names[1:], (0, *buckets)):
        begun = table["month"] + pd.Timedelta(days=low + 1) <= pd.Timestamp(at)
        pair = [f"reached_{name}", f"lost_{name}"]
        table[pair] = table[pair].where(begun)
    begins = first_day(ledger, at)
    known = [end for end in ends[1:] if begins and end >= begins]
    return table[table["month"].isin(known)].reset_index(drop=True)[columns]


def _followed(
    ledger: Ledger, at: datetime, unit: tuple[str, str], basis: str, lows: Sequence[int], names: Sequence[str]
) -> Any:
    """Sales with a due date, one row each: what was open when each bucket began, what was lost since, what is open."""
    invoices, _ = tables_of(ledger)
    sold = in_unit(invoices, unit).filter(
        nw.col("kind").is_in(["invoice", "doubtful"]) & (nw.col("booking_date") <= at) & ~nw.col("due_date").is_null()
    )
    sold = sold.with_columns(value=nw.col(unit[0]), **_vat_of(unit)).filter(nw.col("value") > 0)
    sold = sold.with_columns(due=day_number("due_date"), due_month=month_number("due_date"))
    moves = item_moves(ledger, unit).filter(nw.col("on") <= at)
    moves = moves.join(sold.select("item_id", "due"), on="item_id", how="inner")
    moves = moves.with_columns(late_by=nw.col("on_day") - nw.col("due"))
    aside = nw.col("way").is_in(["credited", "transferred"])  # as if it had never been sold as this item
    lost, value, nil = nw.col("way") == "lost", nw.col("value"), nw.lit(0)
    found = {"aside": nw.when(aside).then(value).otherwise(nil), "gone": nw.when(aside).then(nil).otherwise(value)}
    found["lost_not_due"] = nw.when(lost).then(value).otherwise(nil)
    for name, low in zip(names[1:], lows):
        found[f"gone_{name}"] = nw.when(~aside & (nw.col("late_by") <= low)).then(value).otherwise(nil)
        found[f"lost_{name}"] = nw.when(lost & (nw.col("late_by") > low)).then(value).otherwise(nil)
    settled = moves.with_columns(**found).group_by("item_id").agg(*[nw.col(name).sum() for name in found])
    sold = sold.join(settled, on="item_id", how="left")
    sold = sold.with_columns(*[nw.col(name).fill_null(0).cast(nw.Int64) for name in found])
    net, is_doubtful = nw.col("value") - nw.col("aside"), nw.col("doubtful_from") <= at
    sold = sold.with_columns(
        reached_not_due=_positive(net),
        still_open=_positive(net - nw.col("gone")),
        lost_items=nw.when(nw.col("lost_not_due") > 0).then(nw.lit(1)).otherwise(nil),
        **{f"reached_{name}": _positive(net - nw.col(f"gone_{name}")) for name in names[1:]},
    )
    sold = sold.with_columns(**{f"lost_{name}": _at_most(f"lost_{name}", f"reached_{name}") for name in names})
    sold = sold.with_columns(open_doubtful=nw.when(is_doubtful).then(nw.col("still_open")).otherwise(nil))
    unknown = nw.when(nw.col("own_share").is_null()).then(nw.lit(1)).otherwise(nil)
    if basis == "incl_vat":
        return sold.with_columns(unknown_items=nil)
    sums = [f"{what}_{name}" for name in names for what in ("reached", "lost")] + ["still_open", "open_doubtful"]
    return sold.with_columns(unknown_items=unknown, **{name: _excl(name) for name in sums})


def _positive(amount: nw.Expr) -> nw.Expr:
    return nw.when(amount > 0).then(amount).otherwise(nw.lit(0))


def _at_most(column: str, limit: str) -> nw.Expr:
    return nw.when(nw.col(column) > nw.col(limit)).then(nw.col(limit)).otherwise(nw.col(column))
