"""The lines of annual accounts: what totals prove of blanks, controls, and the one table that every reader gives.

A blank on a form is nil only where the total of its rows proves it; elsewhere it
stays unknown. Lines stand in ``reference/lines.csv``, the totals they make in
``reference/totals.csv``, the codes of the forms in ``reference/codes.csv``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cmtools.formulas import Block, Formula, base_line, blocks, evaluate, never_written_down, parse, reference
from cmtools.language import day
from cmtools.schemas import STATEMENTS, Defect, InputError, LoadReport

TOLERANCE = 2.0  # money; each cell of a form is rounded to the euro
REFORM = date(2025, 1, 1)  # ANC 2022-06 applies to years opened from this day
GONE = ("transferts_charges", "cessions_en_exceptionnel")  # what no longer exists from then on
IDENTITY = tuple(column.name for column in STATEMENTS)
PAGES = {  # what is said where a page is missing, and the line that tells
    "statements_no_assets": "total_actif_net",
    "statements_no_liabilities": "total_passif",
    "statements_no_income": "resultat_net",
}


@dataclass
class Statements:
    """Annual accounts of some companies, and what was found while reading them.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per company and year: the columns of ``schemas.STATEMENTS``,
        then one column per known line of ``reference/lines.csv``; assets gross,
        with `_amort` (depreciation and write-downs) beside them, or `_net` where
        the source gives nothing else. Money in the currency of the accounts; NaN
        is unknown, never nil.
    report : LoadReport
    unplaced : pandas.DataFrame
        Accounts that no rule places: `company_id`, `year_end`, `account`,
        `label`, `balance` (debit positive). Empty when the source is a form.
    """

    table: pd.DataFrame
    report: LoadReport = field(default_factory=LoadReport)
    unplaced: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["company_id", "year_end", "account", "label", "balance"])
    )

    def of(self, company_id: str) -> Statements:
        """Accounts of one company, with what was found in them or in the file as a whole.

        Examples
        --------
        >>> import cmtools as cm
        >>> accounts = cm.read_liasse("data/liasses_clients.csv")
        >>> mine = accounts.of("000225")
        >>> len(mine.table), sum(defect.code == "statements_no_liabilities" for defect in mine.report.defects)
        (3, 1)
        """
        companies = self.table["company_id"].astype(str)
        others = {name for name in companies.unique() if name != company_id}
        kept = [defect for defect in self.report.defects if not _concerns(defect, others)]
        return Statements(
            self.table[companies == company_id].reset_index(drop=True),
            replace(self.report, defects=kept),
            self.unplaced[self.unplaced["company_id"].astype(str) == company_id].reset_index(drop=True),
        )


def _concerns(defect: Defect, companies: set[str]) -> bool:
    """Whether a defect is that of one of these companies, or of one of its years."""
    return defect.value in companies or defect.value.rpartition(" ")[0] in companies


class Total(NamedTuple):
    """A total and what makes it."""

    name: str
    parts: Formula
    memo: bool  # its parts stand on another page of the forms, which may be missing


@cache
def line_names() -> tuple[str, ...]:
    """Every column that a line may have, in the order of the forms."""
    names: list[str] = []
    for row in reference("lines.csv"):
        names.append(row["key"])
        if row["statement"] == "actif":
            names += [f"{row['key']}_amort", f"{row['key']}_net"]
    return tuple(names)


@cache
def totals() -> tuple[Total, ...]:
    """Totals of the forms, the whole before its parts; totals of assets for the gross, amortised and net columns."""
    found = []
    for row in reference("totals.csv"):
        suffixes = ("", "_amort", "_net") if row["scope"] == "asset" else ("",)
        for suffix in suffixes:
            terms = tuple(
                (sign, name + suffix)
                for sign, name in parse(row["formula"]).terms
                if suffix != "_amort" or name not in never_written_down()
            )
            found.append(Total(row["key"] + suffix, Formula(terms), row["scope"] == "memo"))
    return tuple(found)


def new_table(rows: pd.DataFrame, report: LoadReport, *, nil: Iterable[str] = ()) -> pd.DataFrame:
    """The table of accounts from what a reader found.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per company and year, columns of STATEMENTS and lines; what is
        missing is unknown.
    report : LoadReport
        Takes an error for a company and year that come twice, a warning for
        each page that is missing, for each control that fails, and for each
        figure that cannot be (an asset below nil).
    nil : iterable of str
        Lines whose blanks the source means as nil.

    Returns
    -------
    pandas.DataFrame
        See :class:`Statements`.

    Raises
    ------
    InputError
        If a company and year come twice, or `rows` has a column of no known name.
    """
    table = rows.reset_index(drop=True)
    unknown = [str(name) for name in table.columns if name not in IDENTITY and name not in line_names()]
    if unknown:
        raise InputError([Defect("statements_unknown_line", "fatal", value=name) for name in unknown])
    table = table.assign(**{name: None for name in IDENTITY if name not in table})
    _refuse_repeated(table)
    given = set(nil)
    names = [name for name in line_names() if name in table or name in given]
    lines = pd.DataFrame({name: table.get(name, np.nan) for name in names}, index=table.index, dtype="float64")
    lines = lines.fillna(dict.fromkeys(given, 0.0))
    lines = _without_detail(complete_lines(_reformed(lines, table)), table["form"])
    pages = evaluate(lines, list(PAGES.values()))[0].notna()
    table["complete"] = pages.all(axis=1)
    table["year_end"] = pd.to_datetime(table["year_end"]).astype("datetime64[s]")
    table["months"] = table["months"].astype("float64")
    whole = pd.concat([table[list(IDENTITY)], lines], axis=1)
    for page, name in PAGES.items():
        for row in whole[~pages[name]].to_dict("records"):
            report.add(page, "warning", file=_file(row), value=place_of(row))
    _note_failures(whole, report)
    _note_impossible(whole, report)
    return whole


def _reformed(lines: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Charges transferred and exceptional disposals are nil from 2025, where the accounts give an income statement."""
    new = (table["chart"] == "from_2025").to_numpy() & table["form"].isin(["2050", "2033"]).to_numpy()
    if not new.any() or "resultat_net" not in lines:
        return lines
    named = {name: lines.get(name, pd.Series(np.nan, index=lines.index)) for name in GONE}
    known = new & lines["resultat_net"].notna().to_numpy()
    return lines.assign(**{name: values.mask(known & values.isna(), 0.0) for name, values in named.items()})


def _without_detail(lines: pd.DataFrame, form: pd.Series) -> pd.DataFrame:
    """Memo lines that the simplified form lacks stay unknown: a nil total beside them proves nothing there."""
    on_form = {row["line"] for row in reference("codes.csv") if row["form"].startswith("2033")}
    memo = [row["key"] for row in reference("lines.csv") if row["statement"] == "memo" and row["key"] not in on_form]
    absent = [name for name in memo if name in lines]
    lines.loc[form == "2033", absent] = np.nan
    return lines


def _file(row: dict[Any, Any]) -> str:
    return str(row["source"] or "")


def place_of(row: dict[Any, Any]) -> str:
    """Company and closing date as messages name them."""
    when = row.get("year_end")
    return str(row["company_id"]) if when is None or when != when else f"{row['company_id']} {day(when)}"


def _refuse_repeated(table: pd.DataFrame) -> None:
    twice = table[table.duplicated(["company_id", "year_end"], keep="first")]
    if len(twice):
        raise InputError(
            [
                Defect("statements_twice", "error", file=_file(row), value=place_of(row))
                for row in twice.to_dict("records")
            ]
        )


def _note_failures(table: pd.DataFrame, report: LoadReport) -> None:
    failed = controls(table).query("result == 'failed'")
    sources = table.drop_duplicates(["company_id", "year_end"]).set_index(["company_id", "year_end"])["source"]
    for row in failed.to_dict("records"):
        report.add(
            "statements_control_failed",
            "warning",
            file=str(sources.get((row["company_id"], row["year_end"])) or ""),
            value=place_of(row),
            control=row["control"],
            codes=row["codes"],
            gap=row["gap"],
        )


def _note_impossible(table: pd.DataFrame, report: LoadReport) -> None:
    """Figures that no accounts can hold: an asset or its depreciation below nil."""
    assets = [row["key"] for row in reference("lines.csv") if row["statement"] == "actif"]
    for name in [name for key in assets for name in (key, f"{key}_amort", f"{key}_net") if name in table]:
        impossible = table[name] < -TOLERANCE
        for row in table[impossible].to_dict("records") if impossible.any() else ():
            report.add(
                "statements_negative", "warning", file=_file(row), value=place_of(row), line_name=name, amount=row[name]
            )


def complete_lines(table: pd.DataFrame, *, tolerance: float = TOLERANCE, blanks: str = "unknown") -> pd.DataFrame:
    """Lines that follow from others: blanks that a total proves nil, totals of which every part is known.

    Parameters
    ----------
    table : pandas.DataFrame
        Lines in columns; NaN is unknown.
    tolerance : float
        In money; a total and its parts that differ by no more agree (each cell
        of a form is rounded).
    blanks : {"unknown", "nil"}
        "nil": the source lists every line that is not nil, so that the parts
        it leaves out are nil, in each part of the accounts that it gives.

    Returns
    -------
    pandas.DataFrame
        A copy with the columns that could be filled added; nothing that was
        given is changed.

    Examples
    --------
    Does a blank line of loans mean that there is none?

    >>> accounts = pd.DataFrame({"total_produits_financiers": [120.0], "pf_interets": [120.0]})
    >>> float(complete_lines(accounts)["gains_change"].iloc[0])
    0.0
    """
    if blanks not in ("unknown", "nil"):
        raise ValueError(f"blanks: 'unknown' or 'nil' expected, found {blanks!r}")
    columns = {str(name): table[name].to_numpy(dtype="float64", na_value=np.nan).copy() for name in table.columns}
    _prove(columns, len(table), tolerance)
    if blanks == "nil":
        _fill(columns, len(table))
        _prove(columns, len(table), tolerance)
    order = {name: rank for rank, name in enumerate(line_names())}
    names = sorted(
        (name for name, values in columns.items() if not _all_unknown(values)), key=lambda n: order.get(n, 0)
    )
    return pd.DataFrame({name: columns[name] for name in names}, index=table.index)


def _all_unknown(values: np.ndarray) -> bool:
    return len(values) > 0 and bool(np.isnan(values).all())


def _prove(columns: dict[str, np.ndarray], rows: int, tolerance: float) -> None:
    """Fill what totals prove, until nothing more follows.

    A part that is itself a total and is not given counts for its own known parts: the
    simplified form has no code for sales, nor for the financial and exceptional results.
    """
    made = {total.name: total.parts.terms for total in totals()}

    def column(name: str) -> np.ndarray:
        return columns.setdefault(name, np.full(rows, np.nan))

    def held(name: str) -> np.ndarray:
        value = column(name)
        if name not in made or not np.isnan(value).any():
            return np.nan_to_num(value)
        return np.where(np.isnan(value), sum(sign * held(part) for sign, part in made[name]), value)

    def settle(name: str, where: np.ndarray) -> None:
        blank = where & np.isnan(column(name))
        if blank.any():
            value = held(name)
            for _, part in made.get(name, ()):
                settle(part, blank)
            column(name)[blank] = value[blank]

    changed = True
    while changed:
        changed = False
        for total in totals():
            whole = column(total.name)
            blank = np.logical_or.reduce([np.isnan(column(name)) for name in total.parts.names])
            known = np.asarray(sum(sign * held(name) for sign, name in total.parts.terms))
            computed = np.isnan(whole) & ~blank
            whole[computed] = known[computed]
            proved = blank & (np.abs(whole - known) <= tolerance)
            for name in total.parts.names:
                settle(name, proved)
            changed |= bool(computed.any() or proved.any())


def _fill(columns: dict[str, np.ndarray], rows: int) -> None:
    """Blanks as nil, in the statements (assets, liabilities, income) of which a line is known.

    Assets that are given net only stay so: their gross value and depreciation are not nil.
    """
    for statement in ("actif", "passif", "resultat"):
        keys = [row["key"] for row in reference("lines.csv") if row["statement"] == statement]
        suffixes = ("", "_amort", "_net") if statement == "actif" else ("",)
        sums = {total.name for total in totals() if not total.memo}
        for suffix in suffixes:
            names = [key + suffix for key in keys]
            some = np.logical_or.reduce(
                [~np.isnan(columns[name]) for name in names if name in columns] or [[False] * rows]
            )
            if suffix == "_amort":  # beside gross values, depreciation that is not listed is nil
                gross = [columns[key] for key in keys if key in columns]
                some = np.logical_or.reduce([~np.isnan(values) for values in gross] or [[False] * rows])
            for name in names:
                if name not in sums:
                    values = columns.setdefault(name, np.full(rows, np.nan))
                    values[some & np.isnan(values)] = 0.0


def controls(statements: pd.DataFrame, *, tolerance: float = TOLERANCE) -> pd.DataFrame:
    """What must agree within annual accounts, and by how much it does not.

    Parameters
    ----------
    statements : pandas.DataFrame
        One row per company-year, as :class:`Statements` holds them.
    tolerance : float
        In money; each cell of a form is rounded to the euro.

    Returns
    -------
    pandas.DataFrame, one row per company-year and control
        `company_id`, `year_end`, `control` (key), `codes` (of the forms),
        `left`, `right`, `gap` (left less right), `result`: ok, failed, or
        not_checkable where a line is unknown.

    Notes
    -----
    Totals of the forms, and the equalities between forms listed in
    ``reference/controls.csv``. A control that fails is shown, never mended.

    Examples
    --------
    >>> accounts = pd.DataFrame({"company_id": ["A"], "total_actif": [900.0], "total_actif_amort": [100.0],
    ...                          "total_passif": [850.0]})
    >>> found = controls(accounts).set_index("control")
    >>> float(found.loc["balance", "gap"]), found.loc["balance", "result"], found.loc["taxes", "result"]
    (-50.0, 'failed', 'not_checkable')
    """
    identity = {name: statements.get(name) for name in ("company_id", "year_end")}
    found = []
    parts = list(blocks(_as_on_form(statements)))  # once: the columns are many
    for rank, (key, codes, left, right) in enumerate(_equalities()):
        sides = [_total_of(parts, len(statements), side) for side in (left, right)]
        gap = np.round(sides[0] - sides[1], 2)
        result = np.where(np.isnan(gap), "not_checkable", np.where(np.abs(gap) <= tolerance, "ok", "failed"))
        columns = {"left": sides[0], "right": sides[1], "gap": gap, "result": result}
        found.append(pd.DataFrame({**identity, "control": key, "codes": codes, **columns, "rank": rank}))
    whole = pd.concat(found)
    return (
        whole.reset_index(names="row").sort_values(["row", "rank"]).drop(columns=["row", "rank"]).reset_index(drop=True)
    )


@cache
def _equalities() -> tuple[tuple[str, str, Formula, Formula], ...]:
    own = [(row["key"], row["codes"], parse(row["left"]), parse(row["right"])) for row in reference("controls.csv")]
    coded = {row["line"] for row in reference("codes.csv")}
    made = [
        (total.name, codes_of(total), Formula(((1.0, total.name),)), total.parts)
        for total in totals()
        if not total.memo or set(total.parts.names) <= coded  # what has no box on a form is no control of it
    ]
    return tuple(own + [row for row in made if row[0].endswith("_amort") or base_line(row[0]) == row[0]])


def _as_on_form(statements: pd.DataFrame) -> pd.DataFrame:
    """Accounts whose simplified forms count nothing for the lines that have no box there."""
    if "form" not in statements or not (simplified := statements["form"] == "2033").any():
        return statements
    unknown = pd.Series(np.nan, index=statements.index)
    columns = {name: statements.get(name, unknown) for name in not_on_simplified()}
    filled = {name: values.mask(simplified & values.isna(), 0.0) for name, values in columns.items()}
    return pd.concat(
        [statements.drop(columns=[name for name in filled if name in statements]), pd.DataFrame(filled)], axis=1
    )


@cache
def not_on_simplified() -> tuple[str, ...]:
    """Parts that the simplified forms have no box for, of the totals of which they itemise others."""
    on_form = {row["line"] for row in reference("codes.csv") if row["form"].startswith("2033")}
    made = {total.name for total in totals() if not total.memo}
    itemised = [total.parts.names for total in totals() if not total.memo and on_form & set(total.parts.names)]
    parts = dict.fromkeys(name for names in itemised for name in names)
    return tuple(name for name in parts if name not in on_form | made and (base_line(name) == name or "_amort" in name))


@cache
def line_code(line: str) -> str:
    """Code of a line on the complete forms, else on the simplified one; blank: none."""
    found = [
        row["code"] for row in reference("codes.csv") if row["line"] == line and row["part"] not in ("france", "export")
    ]
    return found[0] if found else ""


def codes_of(total: Total) -> str:
    """A total in the codes of the forms: FL = FC + FF + FI."""
    terms = [(sign, line_code(name)) for sign, name in total.parts.terms if line_code(name)]
    text = "".join(f" {'-' if sign < 0 else '+'} {code}" for sign, code in terms).removeprefix(" + ")
    return f"{line_code(total.name)} = {text}"


def _total_of(parts: Iterable[tuple[slice, Block]], rows: int, formula: Formula) -> np.ndarray:
    found = np.full(rows, np.nan)
    for place, block in parts:
        value = block.total(formula)
        if value is not None:
            found[place] = value
    return found


def year_start(year_end: date | None, months: float | None) -> date | None:
    """First day of a financial year that ends on `year_end` after `months` months; None: unknown."""
    if year_end is None or months is None or year_end != year_end or months != months:
        return None
    return ((pd.Timestamp(year_end) + pd.Timedelta(days=1)) - pd.DateOffset(months=round(months))).date()


def chart_of(year_end: date | None, months: float | None) -> str | None:
    """Chart of accounts of a year, by its first day: "until_2024", "from_2025" (ANC 2022-06), None: unknown.

    Examples
    --------
    >>> chart_of(date(2025, 6, 30), 12), chart_of(date(2025, 12, 31), 12)
    ('until_2024', 'from_2025')
    """
    start = year_start(year_end, months)
    return None if start is None else ("from_2025" if start >= REFORM else "until_2024")


def months_between(start: date, end: date) -> float:
    """Months in a financial year, the fraction by days where it does not run over whole months.

    Examples
    --------
    >>> months_between(date(2023, 1, 1), date(2023, 7, 31)), months_between(date(2024, 1, 16), date(2024, 12, 31))
    (7.0, 11.5)
    """
    after = end + timedelta(days=1)
    whole = (after.year - start.year) * 12 + after.month - start.month
    return round(whole + (after.day - start.day) / 30, 1) if after.day != start.day else float(whole)


def join_statements(*found: Statements | pd.DataFrame) -> pd.DataFrame:
    """Several tables of accounts as one.

    Raises
    ------
    InputError
        If a company and year are in two of them.
    """
    tables = [item.table if isinstance(item, Statements) else item for item in found]
    whole = pd.concat(tables, ignore_index=True)
    _refuse_repeated(whole)
    order = {name: rank for rank, name in enumerate((*IDENTITY, *line_names()))}
    return whole[sorted(whole.columns, key=lambda name: order.get(str(name), len(order)))]
