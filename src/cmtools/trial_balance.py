"""Trial balances: from accounts to the lines of annual accounts.

A trial balance comes from a file (:func:`read_trial_balance`) or from the entries of a
FEC (:meth:`cmtools.fec.Fec.trial_balance`). Which account feeds which line stands in
``reference/accounts.csv``, one rule a row; the longest prefix wins, and the side of
the balance decides where one account may feed an asset or a debt. Every account is
placed or listed, so that what is lost shows.

Sums run on whole cents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, lru_cache
from numbers import Real
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl

from cmtools.columns import (
    Listing,
    Table,
    decide_decimals,
    find,
    is_true,
    known_headings,
    missing,
    read_mapping,
    recognise,
)
from cmtools.fec import TEXTS, Fec, balance_sheet, net_cents, some_lines, with_entries
from cmtools.files import Sheet, fatal, open_sheets, plain
from cmtools.formulas import never_written_down, parse, reference
from cmtools.language import day
from cmtools.lines import (
    REFORM,
    Statements,
    chart_of,
    line_names,
    months_between,
    new_table,
    place_of,
    year_start,
)
from cmtools.schemas import TRIAL_BALANCE, InputError, LoadReport, as_day

CHARTS = ("until_2024", "from_2025")
LEVELS = ("confirmed", "partial", "unconfirmed")
PLACED = (
    "account", "label", "side", "balance", "line", "amount", "memo", "note", "confirmation", "rule", "source",
)  # fmt: skip
_THIRD_PARTIES = ("40", "41")  # accounts whose suppliers and customers are not netted with each other
_RESULT = "12"  # result of a closed year, and where closing entries carry charges and income
_SUMMARY = "89"  # opening and closing balance sheets (890, 891)
_CHARGES_INCOME = ("6", "7")
_TOLERANCE = 1  # cents
_SLACK = 10  # days; a first entry on 3 January does not make a year of 11.9 months
_SHOWN = 10  # accounts named in a sentence
_TOTAL = r"\b(?:sous-?\s?tota(?:l|ux)|tota(?:l|ux)|subtotals?|totals)\b|^report$|^[aà] reporter$|^classe \d"
_NOTES = {  # what a rule of accounts.csv may ask to be told, and how loudly
    "trial_balance_old_account": "warning",
    "trial_balance_new_account": "warning",
    "trial_balance_disposals": "note",
    "trial_balance_other_side": "note",
}


class Rule(NamedTuple):
    """One row of ``reference/accounts.csv``."""

    prefix: str
    side: str  # debit or credit: of that balance only; blank: both
    line: str  # line fed; blank: outside the accounts
    sign: int  # 1: fed with debit less credit; -1: with credit less debit
    memo: str  # memo lines fed besides, with their signs
    charts: str  # until_2024, from_2025, both
    note: str  # sentence to tell where such an account has a balance
    party: str  # accounts of one third party are netted within such a group
    confirmation: str
    source: str


@cache
def rules(chart: str) -> Mapping[tuple[str, str], Rule]:
    """Rules of a chart of accounts, by prefix and side.

    Examples
    --------
    Where does the price of a machine sold stand, before and after the reform of 2025?

    >>> [rules(chart)["775", ""].line for chart in CHARTS], rules("from_2025")["757", ""].line
    (['pe_capital', 'autres_produits'], 'autres_produits')
    """
    found = map(_entry, reference("accounts.csv"))
    return {(rule.prefix, rule.side): rule for rule in found if rule.charts in ("both", chart)}


def _entry(row: Mapping[str, str]) -> Rule:
    sign = -1 if row["sign"] == "-" else 1
    return Rule(
        row["prefix"], row["side"], row["line"], sign, row["memo"], row["charts"], row["note"], row["party"],
        row["confirmation"], row["source"],
    )  # fmt: skip


@lru_cache(maxsize=10_000)
def _rule(start: str, side: str, chart: str) -> Rule | None:
    """Rule of an account that starts so: the longest prefix that has one for this side."""
    known = rules(chart)
    for length in range(len(start), 0, -1):
        for wanted in (side, ""):
            found = known.get((start[:length], wanted))
            if found is not None:
                return found
    return None


@cache
def _longest() -> int:
    return max(len(row["prefix"]) for row in reference("accounts.csv"))


def rule_of(account: str, balance: float, chart: str) -> Rule | None:
    """Rule that places an account with this balance (debit positive); None: no rule.

    Examples
    --------
    >>> rule_of("512000", -50.0, "from_2025").line, rule_of("512000", 50.0, "from_2025").line
    ('emprunts_etab_credit', 'disponibilites')
    """
    return _rule(account[: _longest()], "credit" if balance < 0 else "debit", chart)


@dataclass
class TrialBalance:
    """Balances of all accounts of a company at the end of a year.

    Attributes
    ----------
    accounts : pandas.DataFrame
        One row per account, and per third party of accounts 40 and 41 where
        known; columns of ``schemas.TRIAL_BALANCE``, balance = debit - credit.
    company_id : str
    company_name : str or None
    start, end : date or None
        First and last day of the year.
    months : float or None
        Months in the year.
    currency : str
    chart : str or None
        Chart of accounts asked for at reading; None: by the first day.
    report : LoadReport
    """

    accounts: pd.DataFrame
    company_id: str
    company_name: str | None = None
    start: date | None = None
    end: date | None = None
    months: float | None = None
    currency: str = "EUR"
    chart: str | None = None
    report: LoadReport = field(default_factory=LoadReport)

    @property
    def name(self) -> str:
        """File name, without its folder."""
        return self.report.files[0] if self.report.files else ""

    def placed(self, chart: str = "auto", *, by_third_party: bool = True) -> pd.DataFrame:
        """Every account with the line that it feeds.

        Parameters
        ----------
        chart : {"auto", "until_2024", "from_2025"}
            auto: by the first day of the year.
        by_third_party : bool
            False: customers and suppliers of an account are netted.

        Returns
        -------
        pandas.DataFrame, one row per account and side
            `account`, `label`, `side` (debit, credit: of the third party's
            balance, else of the account's), `balance` (debit positive),
            `line` (null: no rule; blank: outside the accounts), `amount` (in
            the sign of the line), `memo` (memo lines fed besides), `note` (key
            of a sentence), `confirmation`, `rule` (prefix), `source`.

        Raises
        ------
        InputError
            If the chart is unknown.

        Examples
        --------
        >>> balance = _example()
        >>> balance.placed()[["account", "side", "line", "amount"]].values.tolist()[:2]
        [['101000', 'credit', 'capital', 50.0], ['411000', 'debit', 'clients', 120.0]]
        """
        return _placed(self.accounts, self._chart(chart), by_third_party)

    def statements(self, chart: str = "auto", *, by_third_party: bool = True) -> Statements:
        """Annual accounts of the year.

        Parameters
        ----------
        chart, by_third_party
            See :meth:`placed`.

        Returns
        -------
        Statements
            One row, form "trial_balance". A line that no account feeds is nil,
            as a trial balance is complete; a memo line that no account can tell
            (discounted bills, headcount, terms of the debts) stays unknown.
            Accounts that no rule places are in `unplaced`.

        Raises
        ------
        InputError
            If the chart is unknown.

        Notes
        -----
        The result is -(classes 6 and 7). Last year's result where it still
        stands on account 12 is added to the retained earnings. After closing
        (classes 6 and 7 at nil) account 12 is the result, and the income
        statement is unknown.

        Examples
        --------
        What is the result of the year, and the net treasury?

        >>> import cmtools as cm
        >>> found = _example().statements()
        >>> float(found.table["resultat_net"].iloc[0]), float(cm.functional_balance(found.table)["tn"].iloc[0])
        (30.0, -40.0)
        """
        return _statements(self, self._chart(chart), by_third_party)

    def _chart(self, chart: str) -> str:
        if chart not in ("auto", *CHARTS):
            expected = ", ".join(("auto", *CHARTS))
            raise fatal("unknown_option", column="chart", value=str(chart), expected=expected)
        known = self.chart
        if known is None and self.start is not None:
            known = "from_2025" if self.start >= REFORM else "until_2024"
        if known is None:
            known = chart_of(self.end, self.months)
        if chart == "auto" and known is None:
            raise fatal("trial_balance_no_year_end", self.name, value=self.company_id)
        return str(known) if chart == "auto" else chart


def _example() -> TrialBalance:
    """A trial balance of four accounts for the examples above."""
    balances = {"101000": -50.0, "411000": 120.0, "512000": -40.0, "706000": -30.0}
    accounts = pd.DataFrame({"account": list(balances), "balance": list(balances.values())})
    accounts = accounts.assign(label=None, third_party=None)
    accounts = accounts.assign(debit=accounts["balance"].clip(lower=0), credit=-accounts["balance"].clip(upper=0))
    return TrialBalance(accounts, "A", start=date(2025, 1, 1), end=date(2025, 12, 31), months=12.0)


# ---------------------------------------------------------------- accounts to lines


def _cents(amounts: pd.Series) -> pd.Series:
    return (amounts.astype("float64") * 100).round().astype("int64")


def _placed(accounts: pd.DataFrame, chart: str, by_third_party: bool) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "account": accounts["account"].astype("object"),
            "label": accounts["label"].astype("object"),
            "cents": _cents(accounts["balance"]),
        }
    )
    net = rows.groupby("account")["cents"].transform("sum")
    if by_third_party and accounts["third_party"].notna().any():
        party = rows["account"].map({account: _party(account, chart) for account in rows["account"].unique()})
        third = accounts["third_party"].astype("object")
        known = third.notna()
        group = party.where(party != "", rows["account"])  # customers owe on 411 and 416 together
        net = net.where(~known, rows["cents"].groupby([group, third], dropna=False).transform("sum"))
    rows["side"] = np.where(net < 0, "credit", "debit")
    rows = rows.groupby(["account", "side"], sort=True, as_index=False).agg(
        label=("label", "first"), cents=("cents", "sum")
    )
    found = [_rule(account[: _longest()], side, chart) for account, side in zip(rows["account"], rows["side"])]
    rows["rule"] = pd.Series([None if rule is None else rule.prefix for rule in found], dtype="object")
    for name in ("line", "memo", "note", "confirmation", "source"):
        rows[name] = pd.Series([None if rule is None else getattr(rule, name) for rule in found], dtype="object")
    rows["balance"] = rows["cents"] / 100
    signs = np.array([0 if rule is None or not rule.line else rule.sign for rule in found], dtype="int64")
    if not _closed(rows):  # the result of the year is then made by classes 6 and 7
        rows["line"] = rows["line"].replace({"resultat_bilan": "report_a_nouveau"})
    return rows.assign(amount=signs * rows["cents"] / 100 + 0.0)[list(PLACED)]


@cache
def _party(account: str, chart: str) -> str:
    found = [_rule(account[: _longest()], side, chart) for side in ("debit", "credit")]
    return next((rule.party for rule in found if rule is not None and rule.party), "")


def _closed(rows: pd.DataFrame) -> bool:
    """Whether no charge and no income has a balance."""
    return not (rows["account"].str.startswith(_CHARGES_INCOME) & (rows["balance"] != 0)).any()


def _statements(balance: TrialBalance, chart: str, by_third_party: bool) -> Statements:
    placed = _placed(balance.accounts, chart, by_third_party)
    report = LoadReport()
    report.merge(balance.report)
    row = _row(balance, placed, chart)
    unplaced = _tell(balance, placed, report, place_of(row))
    table = new_table(pd.DataFrame([row]), report, nil=_nil_lines(_closed(placed)))
    told = unplaced[["account", "label", "balance"]].reset_index(drop=True)
    told.insert(0, "company_id", balance.company_id)
    told.insert(1, "year_end", table["year_end"].iloc[0])
    return Statements(table, report, told)


def _row(balance: TrialBalance, placed: pd.DataFrame, chart: str) -> dict[str, Any]:
    """Identity and lines of the year, before totals."""
    flows = placed["account"].str.startswith(_CHARGES_INCOME)
    if _closed(placed):  # charges and income are then unknown, not nil
        lines = _line_sums(placed[~flows])
    else:
        lines = _line_sums(placed) | {"resultat_bilan": -int(_cents(placed.loc[flows, "balance"]).sum())}
    alive = placed[(placed["balance"] != 0) & placed["line"].notna() & (placed["line"] != "")]
    identity = {
        "company_id": balance.company_id,
        "company_name": balance.company_name,
        "year_end": None if balance.end is None else pd.Timestamp(balance.end),
        "months": balance.months,
        "chart": chart,
        "form": "trial_balance",
        "currency": balance.currency,
        "source": balance.name or None,
        "confirmation": max(set(alive["confirmation"]), key=LEVELS.index, default="confirmed"),
    }
    return {**identity, **{name: cents / 100 + 0.0 for name, cents in lines.items()}}


def _line_sums(placed: pd.DataFrame) -> dict[str, int]:
    """Sum of each line and memo line, in cents."""
    sums: dict[str, int] = {}
    rows = placed[placed["line"].notna() & (placed["line"] != "")]
    for line, memo, amount in zip(rows["line"], rows["memo"], _cents(rows["amount"]).tolist()):
        sums[line] = sums.get(line, 0) + amount
        for sign, name in parse(memo).terms if memo else ():
            sums[name] = sums.get(name, 0) + int(sign) * amount
    return sums


@cache
def _nil_lines(closed: bool) -> tuple[str, ...]:
    """Lines that are nil where no account feeds them: all that accounts can tell."""
    sums = {row["key"] for row in reference("totals.csv") if row["scope"] != "memo"}  # a memo total is a line itself
    statement = {row["key"]: row["statement"] for row in reference("lines.csv")}
    nature = {row["key"]: row["nature"] for row in reference("lines.csv")}
    memo = {name for row in reference("accounts.csv") if row["memo"] for name in parse(row["memo"]).names}
    pages = ("actif", "passif") if closed else ("actif", "passif", "resultat")
    keys = [key for key, page in statement.items() if page in pages and key not in sums and key != "caisse"]
    keys += [key for key in memo if not closed or nature[key] == "stock"]
    written = [f"{key}_amort" for key in keys if statement[key] == "actif" and key not in never_written_down()]
    wanted = {*keys, *written}
    return tuple(name for name in line_names() if name in wanted)


# ---------------------------------------------------------------- what is told


def _named(accounts: Iterable[str]) -> Listing:
    names = list(dict.fromkeys(accounts))
    return Listing(names[:_SHOWN] + ["…"] * (len(names) > _SHOWN))


def _tell(balance: TrialBalance, placed: pd.DataFrame, report: LoadReport, place: str) -> pd.DataFrame:
    """Put into the report what the placing assumed; returns the accounts that are in no line."""
    alive = placed[placed["balance"] != 0]

    def add(code: str, level: str, rows: pd.DataFrame, **details: Any) -> None:
        if len(rows):
            count = rows["account"].nunique()
            found = _named(rows["account"])
            report.add(code, level, file=balance.name, value=place, count=count, n=count, found=found, **details)

    lost = alive["line"].isna()
    outside = alive["line"] == ""
    if _total(alive[outside]):
        lost |= outside
    else:
        add("trial_balance_off_balance", "note", alive[outside])
    unplaced = alive[lost]
    add("trial_balance_unplaced", "warning", unplaced, gap=_total(unplaced))
    for code, level in _NOTES.items():
        rows = alive[alive["note"] == code]
        add(code, level, rows, amount=round(float(rows["balance"].abs().sum()), 2))
    last = alive[alive["account"].str.startswith(_RESULT)]
    if _closed(placed):
        report.add("trial_balance_closed", "warning", file=balance.name, value=place)
    elif _total(last):
        add("trial_balance_last_result", "note", last, amount=-_total(last))
    return unplaced


def _total(rows: pd.DataFrame) -> float:
    return int(_cents(rows["balance"]).sum()) / 100


# ---------------------------------------------------------------- from a FEC


def of_fec(fec: Fec) -> TrialBalance:
    """Trial balance of the entries: see :meth:`cmtools.fec.Fec.trial_balance`."""
    report = LoadReport()
    report.merge(fec.report)
    report.defects = [defect for defect in report.defects if "lettering" not in defect.code]  # says nothing of balances
    entries = pl.from_pandas(fec.entries[["account", "account_label", "aux", "debit", "credit"]])
    entries = entries.with_columns(pl.col("account", "account_label", "aux").cast(pl.String))
    entries = entries.with_columns((pl.col("debit", "credit") * 100).round().cast(pl.Int64))
    closing = _closing_rows(fec, entries, report)
    if closing is not None:
        entries = entries.filter(~closing)
    if not _has_opening(fec):
        report.add("trial_balance_no_opening", "warning", file=fec.name, value=day(fec.start))
    detailed = pl.col("account").str.slice(0, 2).is_in(list(_THIRD_PARTIES))
    sums = (
        entries.group_by("account", third_party=pl.when(detailed).then("aux"))
        .agg(
            label=pl.col("account_label").drop_nulls().first(),
            debit=pl.col("debit").sum(),
            credit=pl.col("credit").sum(),
        )
        .sort("account", "third_party", nulls_last=False)
    )
    return TrialBalance(
        _accounts(sums),
        fec.siren or fec.name,
        start=fec.start,
        end=fec.end,
        months=_months(fec, report),
        report=report,
    )


def _accounts(sums: pl.DataFrame) -> pd.DataFrame:
    """Columns of a trial balance, from debits and credits in cents."""
    table = sums.with_columns(balance=pl.col("debit") - pl.col("credit")).to_pandas()
    for name in ("debit", "credit", "balance"):
        table[name] = table[name].to_numpy() / 100  # Polars multiplies by 0.01, which gives 100.10000000000001
    texts = dict.fromkeys(("account", "label", "third_party"), "str")
    return table[[column.name for column in TRIAL_BALANCE]].astype(texts)


def _closing_rows(fec: Fec, entries: pl.DataFrame, report: LoadReport) -> pl.Series | None:
    """Which lines close the accounts: charges and income carried to account 12, or balances to account 89.

    A FEC should not hold them, and some do; then every charge and income would be nil.
    """
    late = (fec.entries["entry_date"] >= pd.Timestamp(fec.end)).to_numpy()
    if fec.start >= fec.end or not late.any():
        return None
    last = fec.entries[late]
    frame = pl.from_pandas(last.assign(net=net_cents(last), row=np.flatnonzero(late)))
    frame = with_entries(frame.with_columns(pl.col(TEXTS).cast(pl.String)))
    account = pl.col("account")
    flow, result = account.str.contains("^[67]"), account.str.starts_with(_RESULT)
    whole = entries.group_by("account").agg(left=(pl.col("debit") - pl.col("credit")).sum())
    frame = frame.join(whole, on="account", how="left", maintain_order="left")
    found = frame.group_by("entry").agg(
        closes=(flow | result).all() & flow.any() & result.any() & ((pl.col("left") == 0) | ~flow).all(),
        sums_up=account.str.starts_with(_SUMMARY).any(),
    )
    closing = frame.join(found.filter(pl.col("closes") | pl.col("sums_up")), on="entry", how="semi")
    if not closing.height:
        return None
    count = closing["entry"].n_unique()
    lines = some_lines(sorted(closing["line"].to_list()))
    report.add("trial_balance_closing", "note", file=fec.name, date=day(fec.end), lines=lines, count=count, n=count)
    rows = np.zeros(len(fec.entries), dtype=bool)
    rows[closing["row"].to_numpy()] = True
    return pl.Series(rows)


def _has_opening(fec: Fec) -> bool:
    """Whether an entry of the first day brings equity forward."""
    first = fec.entries[fec.entries["entry_date"] == pd.Timestamp(fec.start)]
    frame = pl.from_pandas(first.assign(net=net_cents(first))).with_columns(pl.col(TEXTS).cast(pl.String))
    whole = balance_sheet(with_entries(frame), pl.repeat(True, frame.height, dtype=pl.Boolean, eager=True))
    return bool(whole["account"].str.starts_with("1").any())


def _months(fec: Fec, report: LoadReport) -> float:
    """Months of the period; a first or last entry within some days of a month's bound stands for the bound."""
    start = fec.start.replace(day=1) if fec.start.day <= _SLACK else fec.start
    after = fec.end + timedelta(_SLACK)
    end = after.replace(day=1) - timedelta(1) if after.month != fec.end.month else fec.end
    months = months_between(start, end)
    if (start, end) != (fec.start, fec.end):
        bounds: dict[str, Any] = {"start": day(fec.start), "end": day(fec.end)}
        report.add("trial_balance_period", "note", file=fec.name, months=months, **bounds)
    return months


# ---------------------------------------------------------------- from a file


def read_trial_balance(
    path: str | Path,
    *,
    company_id: str | None = None,
    company_name: str | None = None,
    year_end: str | date | None = None,
    months: float = 12.0,
    start: str | date | None = None,
    chart: str = "auto",
    currency: str = "EUR",
    sheet: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    columns: Any = None,
) -> TrialBalance:
    r"""Read the trial balance (balance générale) of a company and check it.

    Parameters
    ----------
    path : str or Path
        CSV, XLSX, XLS, ODS or Parquet with a row per account: account, label,
        and its balance in one column (debit positive, or with a column D/C) or
        in two; French or English headings. Where the file has movements and
        closing balances, the closing ones count. Rows of totals are left out.
    company_id : str, optional
        None: name of the file.
    company_name : str, optional
    year_end : date or str, optional
        Last day of the year.
    months : float
        Months in the year; not used where `start` is given.
    start : date or str, optional
        First day of the year.
    chart : {"auto", "until_2024", "from_2025"}
        Chart of accounts; auto: by the first day of the year.
    currency : str
    sheet : str, optional
        Sheet of a workbook that has several trial balances.
    encoding : str, optional
        Of a text file; None: told from the bytes.
    decimal : {",", "."}, optional
        Decimal sign; None: told from the amounts.
    columns : dict or path of a YAML file, optional
        Our name -> heading, where a heading is not recognised: account, label,
        third_party, closing_debit, closing_credit, balance, side, debit, credit.

    Returns
    -------
    TrialBalance
        Its :meth:`~TrialBalance.statements` are the annual accounts.

    Raises
    ------
    InputError
        With every defect of the file; a trial balance that does not balance to
        the cent is refused with its gap.

    Examples
    --------
    What does the company owe its bank?

    >>> import tempfile
    >>> text = "Compte;Intitulé;Débit;Crédit\n101000;Capital;;50,00\n411000;Clients;120,00;\n"
    >>> text += "512000;Banque;;40,00\n706000;Prestations;;30,00\nTotal;;120,00;120,00\n"
    >>> path = Path(tempfile.mkdtemp()) / "balance.csv"
    >>> _ = path.write_text(text, encoding="utf-8")
    >>> found = read_trial_balance(path, company_id="A", year_end="2025-12-31").statements()
    >>> float(found.table["concours_bancaires"].iloc[0])
    40.0
    """
    end, first, months_known, asked = _year(year_end, start, months, chart, decimal)
    report = LoadReport()
    tables = ("trial_balance",)
    mapping = read_mapping(columns, tables)
    found = _chosen_sheet(
        open_sheets(path, report, encoding, None, known_headings(mapping, tables)), sheet, mapping, report
    )
    guessed = _with_last_pair(found, mapping, report)
    mapping = guessed or mapping
    table = Table(found, "trial_balance", mapping, report)
    _check_columns(table)
    report.refuse(tolerant=True)
    decide_decimals(table, decimal)
    rows = _rows(table)
    if guessed and ((rows["debit"] != 0) & (rows["credit"] != 0)).any():  # a balance stands on one side
        table.note("trial_balance_opening_only", "fatal")
    report.refuse()
    sums = _summed(table, rows)
    report.refuse()
    return TrialBalance(
        _accounts(sums),
        company_id or Path(path).stem,
        company_name,
        first,
        end,
        months_known,
        currency,
        asked,
        report,
    )


def _year(
    year_end: Any, start: Any, months: Any, chart: Any, decimal: Any
) -> tuple[date | None, date | None, float | None, str | None]:
    """Last day, first day, months and chart asked for; all that is wrong with them at once."""
    report = LoadReport()
    days: dict[str, date | None] = {"year_end": None, "start": None}
    for name, value in (("year_end", year_end), ("start", start)):
        try:
            days[name] = None if value is None else as_day(value, name).date()
        except InputError as error:
            report.defects += error.defects
    end, first = days["year_end"], days["start"]
    if not isinstance(months, Real) or not 0 < float(months) <= 24:
        report.add("ledger_bad_argument", "fatal", argument="months", value=months, expected="1–24")
    if end is not None and first is not None and not timedelta(0) <= end - first < timedelta(731):
        report.add("ledger_bad_argument", "fatal", argument="start", value=day(first), expected=f"< {day(end)}")
    if decimal not in (None, ",", "."):
        report.add("ledger_bad_argument", "fatal", argument="decimal", value=decimal, expected="« , », « . »")
    if chart not in ("auto", *CHARTS):
        report.add("unknown_option", "fatal", column="chart", value=chart, expected=", ".join(("auto", *CHARTS)))
    elif chart == "auto" and end is None and first is None and year_end is None and start is None:
        report.add("trial_balance_no_year_end", "fatal")
    report.refuse()
    known = float(months)
    if end is not None and first is not None:
        known = months_between(first, end)
    return end, first or year_start(end, known), known, None if chart == "auto" else chart


def _chosen_sheet(sheets: list[Sheet], wanted: str | None, mapping: Any, report: LoadReport) -> Sheet:
    """The sheet asked for, or the only one that is a trial balance."""
    for each in sheets:
        if {"journalcode", "comptenum"} <= {plain(heading) for heading in each.headings}:
            raise fatal("ledger_is_fec", each.file)
    if wanted is not None:
        named = [each for each in sheets if each.name == wanted]
        if not named:
            found = Listing(each.name for each in sheets)
            raise fatal("ledger_no_sheet", sheets[0].file, value=wanted, found=found)
        return named[0]
    fit = [each for each in sheets if not missing(recognise(each.headings, "trial_balance", mapping), "trial_balance")]
    if len(fit) > 1:
        raise fatal("trial_balance_no_sheet", sheets[0].file, found=Listing(each.name for each in fit))
    chosen = fit[0] if fit else sheets[0]
    for each in sheets:
        if each is not chosen:
            report.add("ledger_sheet_ignored", "note", file=each.file, value=each.name)
    for names in mapping.values():
        for name, heading in names.items():
            if not find(chosen.headings, heading):
                absent = Listing(filter(None, chosen.headings))
                report.add("ledger_mapping_absent", "fatal", file=chosen.label, value=heading, name=name, found=absent)
    return chosen


def _with_last_pair(sheet: Sheet, mapping: Any, report: LoadReport) -> Any:
    """Mapping by which, of several Débit and Crédit (movements, balances), the last are the balance; None: one pair."""
    places = recognise(sheet.headings, "trial_balance", mapping)
    pairs = [places.get("debit", []), places.get("credit", [])]
    if len(pairs[0]) < 2 or len(pairs[0]) != len(pairs[1]) or {"closing_debit", "closing_credit"} & set(places):
        return None
    given = dict(mapping.get("trial_balance", {}))
    for name, same in zip(("closing_debit", "closing_credit"), pairs):
        report.add("trial_balance_last_pair", "note", file=sheet.label, value=sheet.headings[same[0]])
        for rank, place in enumerate(same, start=1):
            sheet.headings[place] = f"{sheet.headings[place]} ({rank})"
        given[name] = sheet.headings[same[-1]]
    return {**mapping, "trial_balance": given}


def _check_columns(table: Table) -> None:
    """The balance must be told: half of a pair, or movements alone, do not tell it."""
    if table.report.of_level("fatal"):
        return
    pairs = (("closing_debit", "closing_credit"), ("debit", "credit"))
    for names in pairs:
        have = [name for name in names if table.has(name)]
        if len(have) == 1 and not table.has("balance"):
            absent = next(name for name in names if name not in have)
            heading = table.heading(have[0])
            table.report.add("trial_balance_half", "fatal", file=table.sheet.label, value=heading, absent=absent)
    parts = [
        name for name in ("opening", "movement") for name in (f"{name}_debit", f"{name}_credit", f"{name}_balance")
    ]
    if not any(map(table.has, ("closing_debit", "closing_credit", "balance"))) and any(map(table.has, parts)):
        table.note("trial_balance_opening_only", "fatal")


def _rows(table: Table) -> pl.DataFrame:
    """One row per account as written, in cents; rows of titles and totals are left out."""
    account, third = table.text("account"), table.text("third_party")
    spaced = is_true(account.str.contains(r"^\d[\d\s\u00a0\u202f]*$"))
    account = account.str.replace_all(r"[\s\u00a0\u202f]", "").zip_with(spaced, account)
    debit, credit = _debit_credit(table)
    rows = pl.DataFrame(
        {
            "line": table.sheet.lines, "account": account, "label": table.raw("label"),
            "third_party": third, "debit": debit, "credit": credit, "copy": table.copies(),
        }
    )  # fmt: skip
    numbered, empty = is_true(account.str.contains("^[0-9]")), (debit == 0) & (credit == 0)
    words = rows.select(pl.concat_str(pl.col("account", "label").fill_null(""), separator=" ")).to_series()
    words = words.str.strip_chars()
    total = is_true(words.str.to_lowercase().str.contains(_TOTAL))
    total &= ~numbered | (account.str.len_chars() <= 2).fill_null(False)  # « 40 ; Total fournisseurs »
    titles = ~numbered & empty
    total &= ~titles
    table.count(titles, "trial_balance_titles")
    table.complain(account.is_null() & ~titles & ~total, "trial_balance_blank_account", "account")
    rows = rows.with_columns(net=pl.col("debit") - pl.col("credit")).filter(~(titles | total))
    if not rows.height and not table.report.of_level("fatal", "error"):
        table.note("trial_balance_no_rows", "fatal")
    sums = _subtotals(rows)
    left_out = [*words.filter(total), *rows.filter(sums)["account"]]
    if left_out:
        table.note("trial_balance_subtotals", count=len(left_out), n=len(left_out), found=_named(left_out))
    return rows.filter(~sums)


def _debit_credit(table: Table) -> tuple[pl.Series, pl.Series]:
    """Debit and credit of each row in cents; a blank is nil, since the whole must balance."""
    if table.has("closing_debit") and table.has("closing_credit"):
        return _whole_cents(table, "closing_debit"), _whole_cents(table, "closing_credit")
    debit, credit = (_whole_cents(table, name) for name in ("debit", "credit"))
    if not table.has("balance"):
        return debit, credit
    balance = _whole_cents(table, "balance")
    if table.has("side"):
        side = table.choice("side", "side", "fec_bad_side", "error")
        balance = balance.abs().zip_with(is_true(side != "credit"), -balance.abs())
        table.complain((balance != 0) & side.is_null(), "fec_bad_side", "side")
    elif table.has("debit") and table.has("credit"):
        net = debit - credit
        if (balance >= 0).all() and (balance == net.abs()).all() and (net < 0).any():
            table.note("trial_balance_unsigned", value=table.heading("balance"))
            return debit, credit
        table.count(net != balance, "trial_balance_movements")
    zero = pl.zeros(table.height, dtype=pl.Int64, eager=True)
    return balance.zip_with(balance > 0, zero), (-balance).zip_with(balance < 0, zero)


def _whole_cents(table: Table, name: str) -> pl.Series:
    return (table.money(name).fill_null(0.0) * 100).round().cast(pl.Int64)


def _subtotals(rows: pl.DataFrame) -> pl.Series:
    """Rows that add up those of longer numbers (4, 40, 401) or of the third parties of their account.

    Where the whole balances with them and not without, they are accounts.
    """
    found = np.zeros(rows.height, dtype=bool)
    accounts = rows["account"].fill_null("").to_list()
    nets, detailed = rows["net"].to_list(), rows["third_party"].is_not_null().to_list()
    under: dict[str, int] = {}  # sum of the rows of longer numbers, once per prefix
    order = sorted(range(rows.height), key=lambda row: (-len(accounts[row]), not detailed[row]))
    for row in order:
        account = accounts[row]
        if account and nets[row] and not detailed[row] and under.get(account) == nets[row]:
            found[row] = True
            continue
        for length in range(1, len(account) + detailed[row]):
            under[account[:length]] = under.get(account[:length], 0) + nets[row]
    without = sum(net for net, out in zip(nets, found) if not out)
    if without and abs(without) > _TOLERANCE and abs(sum(nets)) <= _TOLERANCE:
        found[:] = False
    return pl.Series(found, dtype=pl.Boolean)


def _summed(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Debit and credit of each account (and third party), once the whole balances."""
    again = ~rows.select(key=pl.struct("account", "third_party"))["key"].is_first_distinct()
    copied = again & rows["copy"] & (rows["net"] != 0)
    file, heading = table.sheet.label, table.heading("account")
    for line, account in rows.filter(copied).select("line", "account").iter_rows():
        table.report.add("ledger_duplicate_row", file=file, line=line, column=heading, value=account)
    repeated = rows.filter(again & ~copied)
    if repeated.height:
        table.note(
            "trial_balance_repeated", count=repeated.height, n=repeated.height, found=_named(repeated["account"])
        )
    _check_balance(table, rows.filter(~copied))
    detailed = pl.col("account").str.slice(0, 2).is_in(list(_THIRD_PARTIES))
    return (
        rows.group_by("account", third_party=pl.when(detailed).then("third_party"))
        .agg(pl.col("label").drop_nulls().first(), pl.col("debit", "credit").sum())
        .sort("account", "third_party")
    )


def _check_balance(table: Table, rows: pl.DataFrame) -> None:
    """Balances sum to nil: all of them, or those of classes 1 to 7 where the others are kept apart."""
    own = rows.filter(~is_true(rows["account"].str.contains("^[89]")))
    gaps = [int(part["net"].sum()) for part in (rows, own)]
    if min(map(abs, gaps)) <= _TOLERANCE:
        return
    sides = {"debit": pl.col("net") > 0, "credit": pl.col("net") < 0}
    sums: dict[str, Any] = {name: abs(int(rows.filter(side)["net"].sum())) / 100 for name, side in sides.items()}
    table.note("trial_balance_unbalanced", "fatal", gap=gaps[0] / 100, **sums)
