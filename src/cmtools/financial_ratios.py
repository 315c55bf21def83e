"""About sixty ratios of a client's accounts, in four groups, from one catalogue.

``reference/ratios.csv`` holds each ratio: numerator and denominator as sums of lines
and aggregates, unit, which way is better, thresholds with their standing, source. A
ratio whose denominator is nil, negative or unknown has no value, and says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cmtools.formulas import (
    Block,
    Formula,
    Numbers,
    aggregates,
    blocks,
    is_flow,
    note_texts,
    parse,
    reference,
    unknown_lines,
)  # fmt: skip
from cmtools.schemas import Defect, InputError
from cmtools.statements import DAYS, annualise, with_identity

NIL = 0.005  # half a cent: sums of cents kept as floats differ from nil by less
GROUPS = ("profitability", "solidity", "treasury", "turnover")


class Ratio(NamedTuple):
    """One entry of the catalogue."""

    key: str
    ref: str  # number in the literature it comes from
    group: str
    numerator: Formula
    denominator: Formula
    others: Formula  # other ratios added or taken off
    unit: str  # rate (fraction), ratio (times), days, years, money
    direction: str  # higher or lower is better; blank: neither
    alert: float  # beyond it the reading is weak; NaN: no scale
    good: float
    status: str  # of the thresholds: rule_of_thumb, unconfirmed, law; blank: none
    threshold_source: str
    source: str  # of the formula
    needs: str  # 2050: not computed from simplified forms; detail: approximate from them

    @property
    def formula(self) -> str:
        """The formula in line and aggregate names."""
        text = f"{_text(self.numerator)} / {_text(self.denominator)}"
        if self.unit == "days":
            text = f"({_text(self.numerator)}) / ({_text(self.denominator)}) x N"
        return f"{text} {_text(self.others, lead=True)}".strip()


def _text(formula: Formula, lead: bool = False) -> str:
    parts = []
    for factor, name in formula.terms:
        sign = "-" if factor < 0 else "+"
        size = "" if abs(factor) == 1 else f"{abs(factor):g} x "
        parts.append(f"{sign} {size}{name}")
    text = " ".join(parts)
    return text if lead else text.removeprefix("+ ")


@cache
def catalogue() -> Mapping[str, Ratio]:
    """Every ratio by its key, in reading order.

    Examples
    --------
    From which value is the financial autonomy good, and who says so?

    >>> ratio = catalogue()["autonomie_financiere"]
    >>> ratio.good, ratio.status, ratio.threshold_source
    (0.3, 'rule_of_thumb', 'CESSION')
    """
    return {row["key"]: _entry(row) for row in reference("ratios.csv")}


def _entry(row: Mapping[str, str]) -> Ratio:
    others = parse(row["others"]) if row["others"] else Formula(())
    alert, good = (float(row[name] or "nan") for name in ("alert", "good"))
    return Ratio(
        row["key"], row["ref"], row["group"], parse(row["numerator"]), parse(row["denominator"]), others,
        row["unit"], row["direction"], alert, good, row["status"], row["threshold_source"], row["source"], row["needs"],
    )  # fmt: skip


def ratio_values(statements: pd.DataFrame, keys: Sequence[str] | None = None, *, days: int = DAYS) -> pd.DataFrame:
    """Ratios of every company-year, one column each; NaN where not computable.

    Parameters
    ----------
    statements : pandas.DataFrame
        One row per company-year, lines in columns. Flows of years of other
        than twelve months (`months`) are brought to twelve.
    keys : sequence of str, optional
        Ratios of the catalogue; None: all.
    days : int
        Days of a year: 360 (Banque de France, Diane) or 365; one base for all.

    Returns
    -------
    pandas.DataFrame, one row per company-year
        Identity columns, then one column per ratio. Rates are fractions.

    Raises
    ------
    InputError
        If a key is not in the catalogue.

    Examples
    --------
    >>> accounts = pd.DataFrame({"capitaux_propres": [330.0], "total_passif": [1000.0], "chiffre_affaires": [0.0]})
    >>> found = ratio_values(accounts, ["autonomie_financiere", "marge_ebe"])
    >>> float(found["autonomie_financiere"].iloc[0]), float(found["marge_ebe"].iloc[0])
    (0.33, nan)
    """
    chosen = _chosen(keys)
    out = np.full((len(chosen), len(statements)), np.nan)
    detailed = _detailed(statements)
    for place, block in blocks(statements, annual=True):
        known: dict[str, Numbers | None] = {}
        for key, column in zip(chosen, out):
            _value(block, key, known, days, column[place])
    for key, column in zip(chosen, out):
        if detailed is not None and catalogue()[key].needs == "2050":
            column[~detailed] = np.nan
    return with_identity(statements, pd.DataFrame(out.T, columns=list(chosen), index=statements.index, copy=False))


def _chosen(keys: Sequence[str] | None) -> Sequence[str]:
    if keys is None:
        return tuple(catalogue())
    unknown = [key for key in keys if key not in catalogue()]
    if unknown:
        expected = ", ".join(catalogue())
        raise InputError(
            [Defect("unknown_ratio", "fatal", value=key, details={"expected": expected}) for key in unknown]
        )
    return tuple(keys)


def _detailed(statements: pd.DataFrame) -> Any:
    return (statements["form"] != "2033").to_numpy() if "form" in statements else None


def _value(
    block: Block, key: str, known: dict[str, Numbers | None], days: int, out: Numbers | None = None
) -> Numbers | None:
    """Values of a ratio on a block, into `out` (NaN so far) if given; None: unknown on every row."""
    if key in known:
        if out is not None and known[key] is not None:
            out[:] = known[key]
        return known[key]
    ratio = catalogue()[key]
    above, below = block.total(ratio.numerator), block.total(ratio.denominator)
    parts = [(sign, _value(block, other, known, days)) for sign, other in ratio.others.terms]
    others = [(sign, other) for sign, other in parts if other is not None]
    found: Numbers | None = None
    if above is not None and below is not None and len(others) == len(parts):
        found = np.full(block.rows, np.nan) if out is None else out
        np.divide(above, below, out=found, where=below > NIL)
        if ratio.unit == "days":
            found *= days
        for sign, other in others:
            found += sign * other
    known[key] = found
    return found


def ratios(
    statements: pd.DataFrame,
    keys: Sequence[str] | None = None,
    *,
    days: int = DAYS,
    balance: str = "closing",
) -> pd.DataFrame:
    """Ratios with their reading, and the reason where one has no value.

    Parameters
    ----------
    statements : pandas.DataFrame
        One row per company-year, lines in columns.
    keys, days
        See :func:`ratio_values`.
    balance : {"closing", "average"}
        Balance-sheet items of the turnover ratios: those of the closing date
        (Banque de France, Diane) or the average with the year before
        (textbooks); never mixed.

    Returns
    -------
    pandas.DataFrame, one row per company-year and ratio
        `company_id`, `company_name` and `year_end` where given, `group`,
        `ratio`, `value`, `unit`, `reading` (good, average, weak; null: no
        general threshold), `status` of the threshold, `reason` (null,
        unknown_line, nil_denominator, negative_denominator, simplified_form,
        no_year_before), `missing` (the unknown lines, or what the denominator
        is, separated by spaces), `notes` (keys of what makes the value an
        approximation), `months` filed when they are not twelve.

    Examples
    --------
    Can this customer repay its debts out of its cash flow?

    >>> accounts = pd.DataFrame({"capitaux_propres": [100.0], "total_passif": [1000.0]})
    >>> found = ratios(accounts, ["autonomie_financiere", "capacite_remboursement"]).set_index("ratio")
    >>> found.loc["autonomie_financiere", "reading"], found.loc["capacite_remboursement", "reason"]
    ('weak', 'unknown_line')
    """
    if balance not in ("closing", "average"):
        expected = "closing, average"
        raise InputError(
            [Defect("unknown_option", "fatal", column="balance", value=str(balance), details={"expected": expected})]
        )
    chosen = _chosen(keys)
    table = annualise(statements) if "months" in statements else statements
    values = ratio_values(table, chosen, days=days)
    on_average = [key for key in chosen if balance == "average" and catalogue()[key].group == "turnover"]
    values = values.assign(**{key: _on_average(table, key, days) for key in on_average})
    identity = [name for name in ("company_id", "company_name", "year_end") if name in statements]
    parts = list(blocks(table))  # once: the columns are many
    notes = {key: _notes_of(table, parts, key) for key in chosen}
    found = []
    for place, row in enumerate(table.to_dict("records")):
        for key in chosen:
            value = float(values[key].iloc[place])
            why = ("", "") if value == value else _why(key, row, key in on_average)
            said = notes[key][place] if value == value else ""
            found.append([row[name] for name in identity] + _told(key, value, why, said, row))
    return pd.DataFrame(found, columns=[*identity, *RATIOS])


RATIOS = ("group", "ratio", "value", "unit", "reading", "status", "reason", "missing", "notes", "months")


def _notes_of(table: pd.DataFrame, parts: Sequence[tuple[slice, Block]], key: str) -> Sequence[str]:
    """Keys of the notes of all that makes a ratio, by row."""
    ratio = catalogue()[key]
    ways = [ratio, *(catalogue()[other] for other in ratio.others.names)]
    names = Formula(tuple(term for way in ways for term in way.numerator.terms + way.denominator.terms))
    bits = np.zeros(len(table), dtype=np.int64)
    for place, block in parts:
        notes = block.notes_of(names)
        bits[place] = 0 if notes is None else notes
    texts = note_texts(bits).tolist()
    if ratio.needs != "detail" or "form" not in table:
        return texts
    return [f"{text} simplified_form".strip() if form == "2033" else text for text, form in zip(texts, table["form"])]


def _on_average(table: pd.DataFrame, key: str, days: int) -> Any:
    """A ratio whose balance-sheet amounts are the average of opening and closing, its flows those of the year."""
    ratio = catalogue()[key]
    place = table[["company_id", "year_end"]].sort_values(["company_id", "year_end"])
    above, below = (_averaged(table, formula, place) for formula in (ratio.numerator, ratio.denominator))
    found = np.divide(above, below, out=np.full(len(table), np.nan), where=below > NIL)
    found = found * days if ratio.unit == "days" else found
    for sign, other in ratio.others.terms:
        found = found + sign * _on_average(table, other, days)
    return found


def _averaged(table: pd.DataFrame, formula: Formula, order: pd.DataFrame) -> Numbers:
    closing = np.full(len(table), np.nan)
    for place, block in blocks(table):
        value = block.total(formula)
        if value is not None:
            closing[place] = value
    if _holds_flow(formula):
        return closing
    figures = order.assign(figure=pd.Series(closing, index=table.index))
    opening = figures.groupby("company_id")["figure"].shift().reindex(table.index)
    return (closing + opening.to_numpy()) / 2


def _holds_flow(formula: Formula) -> bool:
    """Whether a sum counts movements of the year; of a balance sheet none does."""
    ways = [aggregates()[name][0].formula for name in formula.names if name in aggregates()]
    return any(is_flow(name) for name in formula.names) or any(map(_holds_flow, ways))


def _told(key: str, value: float, why: tuple[str, str], said: str, row: Mapping[Any, Any]) -> list[Any]:
    ratio = catalogue()[key]
    read = reading(key, value)
    months = row.get("months_filed")
    filed = None if months is None or months == 12 else months
    return [ratio.group, key, value, ratio.unit, read, ratio.status or None, why[0] or None, why[1], said, filed]


def reading(key: str, value: float) -> str | None:
    """good, average or weak by the thresholds of the catalogue; None: no general threshold, or no value.

    Examples
    --------
    >>> reading("capacite_remboursement", 5.2), reading("autonomie_financiere", 0.25), reading("marge_nette", 0.1)
    ('weak', 'average', None)
    """
    ratio = catalogue()[key]
    if value != value or (ratio.alert != ratio.alert and ratio.good != ratio.good):
        return None
    sign = -1 if ratio.direction == "lower" else 1
    if sign * value < sign * ratio.alert:
        return "weak"
    if ratio.good != ratio.good:
        return None  # only an alert is known
    return "good" if sign * value >= sign * ratio.good else "average"


def _why(key: str, row: Mapping[Any, Any], on_average: bool) -> tuple[str, str]:
    """Why a ratio has no value on a row, and what is missing."""
    ratio = catalogue()[key]
    if ratio.needs == "2050" and row.get("form") == "2033":
        return "simplified_form", " ".join(ratio.numerator.names)
    missing = dict.fromkeys(unknown_lines(row, ratio.numerator) + unknown_lines(row, ratio.denominator))
    if missing:
        months = row.get("months_filed", 12)
        return "unknown_line", " ".join(["months"] if months != months else missing)
    below = float(total_of(row, ratio.denominator))
    if not below > NIL:
        return ("negative_denominator" if below < -NIL else "nil_denominator"), " ".join(ratio.denominator.names)
    lacking = [_why(other, row, on_average) for other in ratio.others.names if _lacks(other, row)]
    return lacking[0] if lacking else ("no_year_before", "")  # the row alone would have a value


def _lacks(key: str, row: Mapping[Any, Any]) -> bool:
    return bool(np.isnan(ratio_values(pd.DataFrame([row]), [key])[key].iloc[0]))


def total_of(row: Mapping[Any, Any], formula: Formula) -> float:
    """Value of a formula on one company-year."""
    value = next(block.total(formula) for _, block in blocks(pd.DataFrame([row])))
    return float("nan") if value is None else float(value[0])


def quartiles_of(values: pd.DataFrame, by: str | None = None) -> pd.DataFrame:
    """Quartiles of each ratio over the companies of a table, latest year of each.

    Parameters
    ----------
    values : pandas.DataFrame
        Result of :func:`ratio_values`, with `company_id` and `year_end`.
    by : str, optional
        Column of `values` (sector, size) whose groups are kept apart.

    Returns
    -------
    pandas.DataFrame, one row per ratio (and group)
        `sector`, `ratio`, `companies` (with a value), `q1`, `median`, `q3`:
        as :func:`cmtools.settings.read_quartiles` gives those of a user's table.

    Examples
    --------
    >>> known = pd.DataFrame({"company_id": list("ABC"), "year_end": pd.Timestamp("2025-12-31")})
    >>> known["marge_ebe"] = [0.1, 0.2, 0.4]
    >>> quartiles_of(known)[["ratio", "companies", "q1", "median", "q3"]].round(2).values.tolist()
    [['marge_ebe', 3, 0.15, 0.2, 0.3]]
    """
    latest = values.sort_values("year_end").drop_duplicates("company_id", keep="last")
    keys = [key for key in catalogue() if key in values]
    groups = [("", latest)] if by is None else [(str(name), rows) for name, rows in latest.groupby(by)]
    rows = []
    for sector, part in groups:
        for key in keys:
            known = part[key].dropna()
            low, middle, high = known.quantile([0.25, 0.5, 0.75]) if len(known) else (float("nan"),) * 3
            rows.append([sector, key, len(known), low, middle, high])
    return pd.DataFrame(rows, columns=["sector", "ratio", "companies", "q1", "median", "q3"])


def compare(found: pd.DataFrame, quartiles: pd.DataFrame, sector: str = "") -> pd.DataFrame:
    """Ratios beside the quartiles of a sector or of the other companies.

    Parameters
    ----------
    found : pandas.DataFrame
        Result of :func:`ratios`.
    quartiles : pandas.DataFrame
        Result of :func:`quartiles_of` or of :func:`cmtools.settings.read_quartiles`.
    sector : str
        Rows of `quartiles` to take; blank: those without a sector.

    Returns
    -------
    pandas.DataFrame
        `found` with `q1`, `median`, `q3` and `quarter`: 1 (best) to 4, in the
        direction of the ratio; null where there is no value, no reference, or
        no better way.

    Examples
    --------
    >>> accounts = pd.DataFrame({"capitaux_propres": [100.0], "total_passif": [1000.0]})
    >>> sector = pd.DataFrame([["", "autonomie_financiere", 0.2, 0.3, 0.4]])
    >>> sector.columns = ["sector", "ratio", "q1", "median", "q3"]
    >>> int(compare(ratios(accounts, ["autonomie_financiere"]), sector)["quarter"].iloc[0])
    4
    """
    mine = quartiles[quartiles["sector"].fillna("") == sector][["ratio", "q1", "median", "q3"]]
    beside = found.merge(mine, on="ratio", how="left")
    quarters = [_quarter(row) for row in beside[["ratio", "value", "q1", "median", "q3"]].to_dict("records")]
    return beside.assign(quarter=pd.array(quarters, dtype="Int64"))


def _quarter(row: Mapping[Any, Any]) -> int | None:
    direction = catalogue()[row["ratio"]].direction
    bounds = [row["q1"], row["median"], row["q3"]]
    if not direction or any(value != value for value in (row["value"], *bounds)):
        return None
    if direction == "lower":
        return 1 + sum(row["value"] > bound for bound in bounds)
    return 1 + sum(row["value"] < bound for bound in bounds)
