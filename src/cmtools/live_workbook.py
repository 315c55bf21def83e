"""Accounts in a workbook with live formulas: change a line, and masses, SIG, CAF and ratios follow.

The formulas of the cells are made from the same rows of ``reference/`` as those of
:mod:`cmtools.statements` and :mod:`cmtools.financial_ratios`, so that a figure has one definition.
A blank cell is unknown, never nil: what needs it shows « n.c. ».
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from cmtools import language as words
from cmtools.display import is_blank, records
from cmtools.files import written_whole
from cmtools.financial_ratios import Ratio, catalogue, ratio_values, reading
from cmtools.forms import NOTES, formula_in_words, in_words
from cmtools.formulas import (
    Alternative,
    Block,
    Formula,
    aggregates,
    base_line,
    is_flow,
    is_line,
    names_of,
    never_written_down,
    parse,
    reference,
)
from cmtools.language import label, message, resolve
from cmtools.lines import Total, chart_of, complete_lines, line_code, line_names, new_table, totals
from cmtools.schemas import LoadReport
from cmtools.statements import BALANCES, DAYS, MASSES, SIG

UNKNOWN = "n.c."
HEAD = 4  # rows above the first line of a sheet: title, advice, company, closing date
FIRST = 3  # column of the first company-year; key (hidden), label and code or formula stand before it
NAME_WIDTH, FORMULA_WIDTH = 54, 56  # characters on one line of the second and third columns
RATIO_FIRST = 7  # on the sheet of ratios unit, two thresholds and their standing stand before it too
MONEY, CENTS = "#,##0;[Red]-#,##0;0", "#,##0.00;[Red]-#,##0.00;0.00"
FORMATS = {"money": MONEY, "rate": "0.0%", "ratio": "0.00", "days": "0.0", "years": "0.0"}
# The same without the bills discounted and not yet due, as the balance sheet itself has them.
BILLS = {
    "ace_without_bills": "ace - eene_connus",
    "tresorerie_passive_without_bills": "tresorerie_passive - eene_connus",
    "bfre_without_bills": "bfre - eene_connus",
    "bfr_without_bills": "bfr - eene_connus",
    "tn_without_bills": "tn + eene_connus",
}
CHECKS = {"check_balance": "total_actif_net - total_passif", "check_result": "resultat_bilan - resultat_net"}
STATEMENT_ORDER = ("actif", "passif", "resultat", "memo")
BOLD = frozenset({"frng", "bfr", "tn", "valeur_ajoutee", "ebe", "rex", "rcai", "resultat_sig", "caf_additive"})


def write_functional_balance(
    path: str | Path, language: str | None = None, statements: pd.DataFrame | None = None
) -> Path:
    """Write a workbook whose masses, SIG, CAF and ratios are formulas on the lines of the accounts.

    Parameters
    ----------
    path : str or Path
        XLSX; it appears only once complete.
    language : {"fr", "en"}, optional
    statements : pandas.DataFrame, optional
        Rows of :class:`cmtools.Statements`, one column of the workbook each;
        None: two years of a made-up company.

    Returns
    -------
    Path

    Notes
    -----
    Lines are cells to type in; a total of which every line is known is a
    formula (with the rounding that the form shows between the two, if any).
    Where a line is unknown its cell is blank, and what cannot be computed
    without it shows « n.c. ». Flows of years of other than twelve months are
    brought to twelve in the ratios alone.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_functional_balance(Path(folder) / "masses.xlsx", "en").name
    'masses.xlsx'
    """
    path, tongue = Path(path), resolve(language)
    table = worked_case(tongue) if statements is None else statements.reset_index(drop=True)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with written_whole(path) as partial, xlsxwriter.Workbook(partial, options) as book:
        _Book(book, table, tongue).write()
    return path


def worked_case(language: str | None = None) -> pd.DataFrame:
    """Two years of a made-up company, complete and balanced (``reference/worked_case.csv``).

    Examples
    --------
    >>> worked_case("en")[["months", "chiffre_affaires", "total_passif"]].values.tolist()
    [[12.0, 1355000.0, 860000.0], [12.0, 1460000.0, 925000.0]]
    """
    rows = reference("worked_case.csv")
    given = pd.DataFrame({row["line"]: [float(row["previous"]), float(row["latest"])] for row in rows})
    ends = pd.to_datetime(["2024-12-31", "2025-12-31"])
    identity: dict[str, Any] = {
        "company_id": "1",
        "company_name": message("worked_case", language),
        "year_end": ends,
        "months": 12.0,
        "chart": [chart_of(end.date(), 12) for end in ends],
        "form": "2050",
        "currency": "EUR",
        "source": "worked_case.csv",
        "confirmation": "confirmed",
    }
    return new_table(complete_lines(given, blanks="nil").assign(**identity), LoadReport())


# ---------------------------------------------------------------- what stands where


class Entry(NamedTuple):
    """One row of a sheet."""

    kind: str  # section, identity, line, aggregate, note, check, ratio
    key: str  # of a name; text of a section


@cache
def _ways() -> Mapping[str, tuple[Alternative, ...]]:
    """Every figure of the workbook that is no line and no ratio, with its formulas."""
    own = {key: (Alternative(parse(text), "", ""),) for key, text in (BILLS | CHECKS).items()}
    return {**aggregates(), **own}


@cache
def _used() -> tuple[str, ...]:
    """Lines that the figures need, with what makes them, in the order of the forms."""
    formulas = [way.formula for ways in _ways().values() for way in ways]
    formulas += [part for ratio in catalogue().values() for part in (ratio.numerator, ratio.denominator)]
    waiting = [name for formula in formulas for name in formula.names if is_line(name)]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _maker(name).names
    statements = {row["key"]: STATEMENT_ORDER.index(row["statement"]) for row in reference("lines.csv")}
    order = {name: (statements[base_line(name)], rank) for rank, name in enumerate(line_names())}
    return tuple(sorted(found, key=lambda name: order[name]))


@cache
def _maker(name: str) -> Formula:
    """What makes a line from others: the parts of a total, the gross value less the depreciation of a net one.

    Details of the appendix do not make the lines that they explain, which are
    filed apart.
    """
    line = base_line(name)
    if line != name and name.endswith("_net"):
        written = () if line in never_written_down() else ((-1.0, f"{line}_amort"),)
        return Formula(((1.0, line), *written))
    found = _totals().get(name)
    return found.parts if found else Formula(())


@cache
def _totals() -> Mapping[str, Total]:
    memo = {row["key"] for row in reference("totals.csv") if row["scope"] == "memo"}
    return {total.name: total for total in totals() if base_line(total.name) not in memo}


@cache
def _counts_movements(name: str) -> bool:
    """Whether a line or aggregate counts a year's movements, which months other than twelve inflate."""
    if name not in _ways():
        return is_flow(name)
    return any(_counts_movements(part) for way in _ways()[name] for part in way.formula.names)


@cache
def _plan() -> Mapping[str, tuple[Entry, ...]]:
    """Rows of each sheet."""
    accounts = [Entry("identity", name) for name in ("form", "months", "currency")]
    statement = {row["key"]: row["statement"] for row in reference("lines.csv")}
    before = ""
    for name in _used():
        own = statement[base_line(name)]
        accounts += [Entry("section", f"live_{own}")] if own != before else []
        accounts.append(Entry("line", name))
        before = own
    masses = [Entry("section", "live_uses"), *_figures(MASSES[:4]), Entry("section", "live_resources")]
    masses += [*_figures(MASSES[4:]), Entry("section", "live_balances"), *_figures(BALANCES)]
    masses += [Entry("section", "live_checks"), *(Entry("check", name) for name in CHECKS), Entry("check", "said")]
    masses += [Entry("section", "live_bills"), *_figures(BILLS)]
    sig = [Entry("section", "live_sig"), *_figures(name for name in SIG if name in aggregates())]
    sig += [Entry("section", "live_restated"), *_figures(names_of("restated"))]
    sig += [Entry("section", "live_caf"), *_figures(names_of("caf"))]
    parts = []
    for group in ("parts", "net", "liquidity"):
        parts += [Entry("section", f"live_{group}"), *_figures(names_of(group))]
    ratios: list[Entry] = [Entry("identity", "days_base")]
    for key, ratio in catalogue().items():
        heading = Entry("group", ratio.group)
        ratios += [heading, Entry("ratio", key)] if heading not in ratios else [Entry("ratio", key)]
    plan = {"accounts": accounts, "masses": masses, "sig": sig, "ratios": ratios, "parts": parts}
    return {sheet: tuple(entries) for sheet, entries in plan.items()}


def _figures(names: Iterable[str]) -> list[Entry]:
    """Aggregates, each with a row for the note of the formula used, where it may have one."""
    found = []
    for name in names:
        found.append(Entry("aggregate", name))
        if any(way.note for way in _ways()[name]):
            found.append(Entry("note", name))
    return found


@cache
def _places() -> Mapping[str, tuple[str, int]]:
    """Sheet and row (from nil) of each name."""
    return {
        entry.key: (sheet, HEAD + rank)
        for sheet, entries in _plan().items()
        for rank, entry in enumerate(entries)
        if entry.kind in ("identity", "line", "aggregate", "check", "ratio")
    }


def _letter(note: str) -> str:
    return f"({chr(ord('a') + NOTES.index(note))})"


# ---------------------------------------------------------------- the workbook


class _Book:
    """One workbook: its sheets, and formulas that refer to the places of names."""

    def __init__(self, book: Any, table: pd.DataFrame, language: str):
        self.language, self.rows = language, records(table)
        self.titles = {sheet: message(f"live_sheet_{sheet}", language) for sheet in _plan()}
        self.sheets = {sheet: book.add_worksheet(title) for sheet, title in self.titles.items()}
        columns = {name: table[name].to_numpy(dtype="float64", na_value=np.nan) for name in map(str, table.columns)
                   if is_line(name)}  # fmt: skip
        self.block = Block(columns, len(table))
        self.ratios = ratio_values(table)
        self.formats = _formats(book)

    # ------------------------------------------------ cells

    def cell(self, name: str, year: int, sheet: str) -> str:
        """Reference to a name in a year, as a cell of `sheet` writes it."""
        home, row = _places()[name]
        column = FIRST if name == "days_base" else _column(home, year)
        spot = f"{xl_col_to_name(column)}{row + 1}"
        quoted = self.titles[home].replace("'", "''")
        return spot if home == sheet else f"'{quoted}'!{spot}"

    def sum(self, formula: Formula, year: int, sheet: str, *, annual: bool = False) -> str:
        """A formula in cells; with `annual`, movements brought to twelve months."""
        text = ""
        for factor, name in formula.terms:
            size = "" if abs(factor) == 1 else f"{abs(factor):.12g}*"
            text += f"{'-' if factor < 0 else '+'}{size}{self.cell(name, year, sheet)}"
            if annual and _counts_movements(name):
                text += f"*12/{self.cell('months', year, sheet)}"
        return text.removeprefix("+") or "0"

    def known(self, names: Iterable[str], year: int, sheet: str, *, annual: bool = False) -> str:
        """Condition that all these cells hold numbers; blank: nothing to check."""
        distinct = list(dict.fromkeys(names))
        moving = annual and any(_counts_movements(name) for name in distinct)
        cells = [self.cell(name, year, sheet) for name in [*distinct, *(["months"] if moving else [])]]
        text = f"COUNT({','.join(cells)})={len(cells)}" if cells else ""
        return f"AND({text},{cells[-1]}>0)" if moving else text

    def aggregate(self, ways: Sequence[Alternative], year: int, sheet: str) -> str:
        """The first of the formulas of a figure that has all its cells."""
        text = f'"{UNKNOWN}"'
        for way in reversed(ways):
            known, value = self.known(way.formula.names, year, sheet), self.sum(way.formula, year, sheet)
            text = f"IF({known},{value},{text})" if known else value
        return f"={text}"

    def note(self, ways: Sequence[Alternative], year: int, sheet: str) -> str:
        """Letter of the note of the formula that was used."""
        text = '""'
        for way in reversed(ways):
            known, letter = self.known(way.formula.names, year, sheet), _quoted(_letter(way.note) if way.note else "")
            text = f"IF({known},{letter},{text})" if known else letter
        return f"={text}"

    def ratio(self, ratio: Ratio, year: int) -> str:
        """A ratio, where its lines are known and its denominator is above nil."""
        upper, lower = (self.sum(part, year, "ratios", annual=True) for part in (ratio.numerator, ratio.denominator))
        value = f"({upper})/({lower})"
        if ratio.unit == "days":
            value += f"*{self.cell('days_base', year, 'ratios')}"
        if ratio.others.names:
            more = self.sum(ratio.others, year, "ratios")
            more = more if more.startswith("-") else f"+{more}"
            value = f'IF({self.known(ratio.others.names, year, "ratios")},{value}{more},"{UNKNOWN}")'
        known = self.known((*ratio.numerator.names, *ratio.denominator.names), year, "ratios", annual=True)
        text = f'IF({known},IF({lower}>0,{value},"{UNKNOWN}"),"{UNKNOWN}")'
        if ratio.needs == "2050":
            text = f'IF({self.cell("form", year, "ratios")}="2033","{UNKNOWN}",{text})'
        return f"={text}"

    def reading(self, ratio: Ratio, year: int) -> str:
        """Reading by the thresholds that stand beside the ratio, which the reader may change."""
        row, value = _places()[ratio.key][1] + 1, self.cell(ratio.key, year, "ratios")
        worse, better = (">", "<=") if ratio.direction == "lower" else ("<", ">=")
        weak, average, good = (_quoted(label(name, self.language)) for name in ("weak", "average", "good"))
        rest = '""' if ratio.good != ratio.good else f"IF({value}{better}$F{row},{good},{average})"
        return f'=IF(ISNUMBER({value}),IF({value}{worse}$E{row},{weak},{rest}),"")'

    # ------------------------------------------------ sheets

    def write(self) -> None:
        for sheet, entries in _plan().items():
            self._head(sheet)
            for rank, entry in enumerate(entries):
                getattr(self, f"_write_{entry.kind}")(sheet, HEAD + rank, entry.key)
            self._legend(sheet, HEAD + len(entries) + 1)

    def _head(self, sheet: str) -> None:
        target, bold = self.sheets[sheet], self.formats["head"]
        target.set_column(0, 0, None, None, {"hidden": True})  # keys: for formulas to be checked, not for reading
        target.set_column(1, 1, 52)
        target.set_column(2, 2, 12 if sheet == "accounts" else 48)
        target.set_landscape()
        target.set_paper(9)  # A4
        target.fit_to_pages(1, 0)
        target.repeat_rows(HEAD - 2, HEAD - 1)
        target.set_column(FIRST, FIRST + 100, 15)
        target.freeze_panes(HEAD, FIRST)
        target.write_string(0, 1, self.titles[sheet], self.formats["title"])
        target.write_string(1, 1, message(f"live_about_{sheet}", self.language), self.formats["small_line"])
        heads = {1: label("line", self.language), 2: message("form_codes", self.language)}
        if sheet != "accounts":
            heads[2] = label("formula", self.language)
        if sheet == "ratios":
            names = ("unit", "live_weak", "live_good", "live_standing")
            heads |= {3: label("unit", self.language)} | {
                4 + rank: message(name, self.language) for rank, name in enumerate(names[1:])
            }
        for column, text in heads.items():
            target.write_string(HEAD - 1, column, text, self.formats["head_left"])
        for year, row in enumerate(self.rows):
            column = _column(sheet, year)
            name = row.get("company_name") if not is_blank(row.get("company_name")) else row.get("company_id")
            target.write_string(HEAD - 2, column, "" if is_blank(name) else str(name), bold)
            when = row.get("year_end")
            target.write_string(HEAD - 1, column, "" if is_blank(when) else words.day(when), bold)
            if sheet == "ratios":
                target.write_string(HEAD - 1, column + 1, label("reading", self.language), self.formats["head_left"])

    def _name(self, sheet: str, row: int, key: str, text: str, beside: str = "", bold: bool = False) -> None:
        target = self.sheets[sheet]
        target.write_string(row, 0, key)
        target.write_string(row, 1, text, self.formats["bold" if bold else "plain"])
        if beside:
            target.write_string(row, 2, beside, self.formats["small"])
        lines = max(-(-len(text) // NAME_WIDTH), -(-len(beside) // FORMULA_WIDTH))
        if lines > 1:  # not every program fits the height of a row to its text
            target.set_row(row, 11.5 * lines + 4)

    def _formula(self, sheet: str, row: int, column: int, text: str, style: str, value: Any) -> None:
        known = isinstance(value, str) or value == value
        shown = value if known else UNKNOWN
        self.sheets[sheet].write_formula(row, column, text, self.formats[style], shown)

    def _write_section(self, sheet: str, row: int, key: str) -> None:
        last = _column(sheet, max(len(self.rows), 1)) - 1
        for column in range(1, last + 1):
            text = message(key, self.language) if column == 1 else ""
            self.sheets[sheet].write_string(row, column, text, self.formats["section"])

    def _write_group(self, sheet: str, row: int, key: str) -> None:
        self.sheets[sheet].write_string(row, 1, label(key, self.language), self.formats["section"])

    def _write_identity(self, sheet: str, row: int, key: str) -> None:
        self._name(sheet, row, key, message(f"live_{key}", self.language))
        if key == "days_base":
            self.sheets[sheet].write_number(row, FIRST, DAYS, self.formats["input"])
            return
        for year, found in enumerate(self.rows):
            value = found.get(key, 12.0 if key == "months" else None)
            if is_blank(value):
                self.sheets[sheet].write_blank(row, FIRST + year, None, self.formats["input"])
            elif key == "months":
                self.sheets[sheet].write_number(row, FIRST + year, float(str(value)), self.formats["input_plain"])
            else:
                self.sheets[sheet].write_string(row, FIRST + year, str(value), self.formats["input_plain"])

    def _write_line(self, sheet: str, row: int, key: str) -> None:
        made = _maker(key)
        self._name(sheet, row, key, label(key, self.language), line_code(key), bold=key in _totals())
        for year, found in enumerate(self.rows):
            value = float("nan") if is_blank(found.get(key)) else float(found[key])
            parts = [float("nan") if is_blank(found.get(name)) else float(found[name]) for name in made.names]
            whole = all(part == part for part in parts)
            if made.names and (whole or value != value):
                self._write_made(sheet, row, year, key, value, parts if whole else None)
            elif value != value:
                self.sheets[sheet].write_blank(row, FIRST + year, None, self.formats["input"])
            else:
                style = "input" if value.is_integer() else "input_cents"
                self.sheets[sheet].write_number(row, FIRST + year, value, self.formats[style])

    def _write_made(
        self, sheet: str, row: int, year: int, key: str, value: float, parts: Sequence[float] | None
    ) -> None:
        """A line that others make, with the rounding that the form shows between them."""
        made = _maker(key)
        total = sum(sign * part for (sign, _), part in zip(made.terms, parts)) if parts else float("nan")
        gap = round(value - total, 2) if parts and value == value else 0.0
        more = "" if gap == 0 else f"{gap:+.12g}"
        known, text = self.known(made.names, year, sheet), self.sum(made, year, sheet)
        shown = value if value == value else total
        style = "made_bold" if key in _totals() else "made"
        self._formula(sheet, row, FIRST + year, f'=IF({known},{text}{more},"")', style, shown if shown == shown else "")
        if gap:
            amount = words.number(gap, 0 if gap.is_integer() else 2, self.language)
            self.sheets[sheet].write_comment(row, FIRST + year, message("live_rounding", self.language, gap=amount))

    def _write_aggregate(self, sheet: str, row: int, key: str) -> None:
        ways = _ways()[key]
        self._name(sheet, row, key, label(key, self.language), in_words(ways[0].formula, self.language), key in BOLD)
        for year in range(len(self.rows)):
            style = "gap" if key.startswith("ecart_") else ("money_bold" if key in BOLD else "money")
            found = self._value(key)
            text = self.aggregate(ways, year, sheet)
            text = f"=IFERROR(ROUND({text[1:]},2),{text[1:]})" if style == "gap" else text
            self._formula(sheet, row, FIRST + year, text, style, float(found[year]))

    def _value(self, key: str) -> Any:
        """Values of a figure, one a year."""
        value = self.block.value(key) if key in aggregates() else self.block.total(_ways()[key][0].formula)
        return np.full(len(self.rows), np.nan) if value is None else value

    def _write_note(self, sheet: str, row: int, key: str) -> None:
        ways = _ways()[key]
        self.sheets[sheet].write_string(row, 1, message("live_note", self.language), self.formats["mark_left"])
        for year in range(len(self.rows)):
            used = next((way for way in ways if self._is_known(way.formula, year)), None)
            shown = _letter(used.note) if used and used.note else ""
            self._formula(sheet, row, FIRST + year, self.note(ways, year, sheet), "mark", shown)

    def _is_known(self, formula: Formula, year: int) -> bool:
        value = self.block.total(formula)
        return value is not None and bool(value[year] == value[year])

    def _write_check(self, sheet: str, row: int, key: str) -> None:
        if key == "said":
            self._name(sheet, row, key, message("live_said", self.language))
            for year in range(len(self.rows)):
                gap = self.cell("ecart_tn", year, sheet)
                fine, wrong = (_quoted(message(f"live_{name}", self.language)) for name in ("balanced", "unbalanced"))
                text = f'=IF(ISNUMBER({gap}),IF(ABS({gap})<=2,{fine},{wrong}),"{UNKNOWN}")'
                value = float(np.nan_to_num(self._value("ecart_tn")[year], nan=np.nan))
                shown = UNKNOWN if value != value else message(
                    "live_balanced" if abs(value) <= 2 else "live_unbalanced", self.language
                )  # fmt: skip
                self._formula(sheet, row, FIRST + year, text, "mark", shown)
            return
        self._name(sheet, row, key, label(key, self.language), in_words(_ways()[key][0].formula, self.language))
        for year in range(len(self.rows)):
            value = float(self._value(key)[year])
            self._formula(sheet, row, FIRST + year, self.aggregate(_ways()[key], year, sheet), "gap", value)

    def _write_ratio(self, sheet: str, row: int, key: str) -> None:
        ratio, target = catalogue()[key], self.sheets[sheet]
        words_of = f"{formula_in_words(ratio, self.language)} [{ratio.source}]"
        self._name(sheet, row, key, label(key, self.language), words_of)
        target.write_string(row, 3, message(f"unit_{ratio.unit}", self.language), self.formats["small"])
        for column, value in ((4, ratio.alert), (5, ratio.good)):
            if value == value:
                target.write_number(row, column, value, self.formats[f"bound_{ratio.unit}"])
        if ratio.status:
            target.write_string(row, 6, label(ratio.status, self.language), self.formats["small"])
        for year in range(len(self.rows)):
            column, value = _column(sheet, year), float(self.ratios[key].iloc[year])
            self._formula(sheet, row, column, self.ratio(ratio, year), ratio.unit, value)
            if ratio.alert == ratio.alert:
                read = reading(key, value)
                shown = label(read, self.language) if read else ""
                self._formula(sheet, row, column + 1, self.reading(ratio, year), "plain", shown)

    def _legend(self, sheet: str, row: int) -> None:
        """What n.c. and the letters of the notes mean."""
        target = self.sheets[sheet]
        lines = [message("live_unknown", self.language)]
        given = {way.note for entry in _plan()[sheet] if entry.kind == "note" for way in _ways()[entry.key]}
        lines += [f"{_letter(note)} {message(f'note_{note}', self.language)}" for note in NOTES if note in given]
        for rank, text in enumerate(lines):
            target.write_string(row + rank, 1, text, self.formats["small_line"])


def _column(sheet: str, year: int) -> int:
    return RATIO_FIRST + 2 * year if sheet == "ratios" else FIRST + year


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _formats(book: Any) -> dict[str, Any]:
    grey, yellow = "#4a5b6c", "#fff7df"  # yellow: cells to type in
    plain: dict[str, dict[str, Any]] = {
        **{name: {"num_format": code} for name, code in FORMATS.items()},
        **{f"bound_{name}": {"num_format": code, "bg_color": yellow} for name, code in FORMATS.items()},
        "money_bold": {"num_format": MONEY, "bold": True},
        "made": {"num_format": MONEY},
        "made_bold": {"num_format": MONEY, "bold": True, "top": 1},
        "gap": {"num_format": CENTS, "italic": True},
        "input": {"num_format": MONEY, "bg_color": yellow},
        "input_cents": {"num_format": CENTS, "bg_color": yellow},
        "input_plain": {"bg_color": yellow, "align": "right"},
        "plain": {"text_wrap": True},
        "bold": {"bold": True, "text_wrap": True},
        "title": {"bold": True, "font_size": 14},
        "section": {"bold": True, "bg_color": "#eef2f6"},
        "head": {"bold": True, "align": "right", "text_wrap": True},
        "head_left": {"bold": True, "text_wrap": True},
        "small": {"font_size": 9, "font_color": grey, "text_wrap": True},
        "small_line": {"font_size": 9, "font_color": grey},
        "mark": {"font_size": 9, "font_color": grey, "align": "right"},
        "mark_left": {"font_size": 9, "font_color": grey, "indent": 1},
    }
    figures = {*FORMATS, "money_bold", "made", "made_bold", "gap"}  # n.c. stands where the number would
    right = {name: {"align": "right"} if name in figures else {} for name in plain}
    return {name: book.add_format({"valign": "vcenter"} | right[name] | style) for name, style in plain.items()}
