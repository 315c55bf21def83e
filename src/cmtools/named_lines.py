"""Accounts that stand on no form: a plain table of named lines, French or foreign, to the table of accounts.

Names are recognised by the labels of ``reference/lines.csv``, by
``reference/line_headings.csv``, or by the caller's mapping. A foreign line that means
something else than the French one is left aside, and said to be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import polars as pl

from cmtools.columns import YEARS, Listing, amounts, mapping_file
from cmtools.files import Sheet, fatal, open_sheets, plain
from cmtools.formulas import reference
from cmtools.lines import TOLERANCE, Statements, complete_lines, line_names, new_table, place_of, totals
from cmtools.schemas import InputError, LoadReport, as_day, shorten

ASSETS = ("net", "gross")
WHOLES = {  # lines that hold a whole: what is itemised beside it is taken off, the rest of the items is nil
    "emprunts_simplifie": (
        ("emprunts_oblig_convertibles", "autres_emprunts_oblig", "emprunts_etab_credit", "emprunts_divers"),
        ("",),
    ),
    "immo_corp_simplifie": (
        (
            *("terrains", "constructions", "installations_techniques"),
            *("autres_immo_corp", "immo_en_cours", "avances_immo_corp"),
        ),
        ("", "_amort", "_net"),
    ),
    "immo_fin_simplifie": (
        (
            *("participations_mee", "autres_participations", "creances_participations"),
            *("autres_titres_immo", "prets", "autres_immo_fin"),
        ),
        ("", "_amort", "_net"),
    ),
}
STOCKS = ("stock_matieres", "encours_biens", "encours_services", "stock_produits", "stock_marchandises")
_BLANK = frozenset(("-", "–", "—", "na", "n/a", "n.a.", "nc", "n.c.", "nd", "n.d."))
_SUFFIXES = {"": ("brut", "bruts", "brute", "gross"), "_net": ("net", "nets", "nette", "nettes")}
_WRITTEN_DOWN = ("amortissements", "amort", "depreciations", "depreciation")


class Name(NamedTuple):
    """What a heading means."""

    line: str  # blank: known, and no line of the accounts
    sign: int = 1
    rank: int = 1  # 2: only where no name of the first rank is given
    confirmation: str = "partial"


@dataclass
class Year:
    """One company-year: the figures found for each line."""

    company_id: str
    year_end: date | None
    sources: dict[str, None] = field(default_factory=dict)
    company_name: str | None = None
    months: float | None = None
    currency: str | None = None
    found: dict[str, list[tuple[float, Name, str, int | None, str]]] = field(default_factory=dict)

    @property
    def sheets(self) -> frozenset[str]:
        """Where its figures stand."""
        return frozenset(item[-1] for items in self.found.values() for item in items)


@cache
def _asset_lines() -> frozenset[str]:
    assets = {row["key"] for row in reference("lines.csv") if row["statement"] == "actif"}
    return frozenset(assets | {"stocks_ensemble"})


@cache
def _names(assets: str) -> Mapping[str, Name]:
    """What each plain heading means; an asset that is said neither gross nor net is `assets`."""
    found: dict[str, Name] = {}
    for row in reference("line_headings.csv"):
        about = Name(row["line"], int(row["sign"]), int(row["rank"]))
        _add(found, row["text"], about, assets)
    for row in reference("lines.csv"):
        for text in (row["fr"], row["en"]):
            _add(found, text, Name(row["key"], confirmation="confirmed"), assets)
    return found


def _add(found: dict[str, Name], text: str, about: Name, assets: str) -> None:
    if about.line not in _asset_lines():
        found.setdefault(plain(text), about)
        return
    for suffix, words in _SUFFIXES.items():
        for word in words:
            found.setdefault(plain(f"{text} {word}"), about._replace(line=about.line + suffix))
    if about.line != "stocks_ensemble":
        for word in _WRITTEN_DOWN:
            found.setdefault(plain(f"{text} {word}"), about._replace(line=f"{about.line}_amort"))
    found.setdefault(plain(text), about._replace(line=f"{about.line}_net" if assets == "net" else about.line))


@cache
def _words() -> Mapping[str, str]:
    rows = reference("settings_words.csv")
    return {plain(row["text"]): row["value"] for row in rows if row["list"] == "liasse_heading"}


@cache
def _charges() -> frozenset[str]:
    """Lines that count charges, written positive here."""
    sums = {"total_charges", "total_charges_exploitation", "total_charges_financieres", "total_charges_exceptionnelles"}
    parts = {name for total in totals() if total.name in sums for name in total.parts.names}
    return frozenset(sums | parts | {"cout_des_ventes"})


def read_statements(
    path: Any,
    *,
    complete: bool = False,
    columns: Any = None,
    assets: str = "net",
    company_id: str | None = None,
    currency: str | None = None,
    months: float | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
) -> Statements:
    r"""Annual accounts from a plain table of named lines, French or foreign.

    Parameters
    ----------
    path : path or list of paths
        CSV or workbook, lines in rows and years in columns (headings 2024,
        31/12/2024…; a column of companies may stand first), or one row per
        company-year with lines in columns. Several files complete each other
        for the same company-year.
    complete : bool
        True: the tables list every line that is not nil. Lines they leave out
        are then nil in each part of the accounts that they give, and a zero is
        nil.
    columns : dict or path of a YAML file, optional
        Our line: its heading in the file, as written (or several), for names
        that are not recognised: ``{"clients_net": "Debtors"}``.
    assets : {"net", "gross"}
        What an asset that is said neither gross nor net is; published
        accounts print it net.
    company_id, currency, months
        Used where the file does not say: the file's name, EUR and 12 are then
        assumed, and noted.
    encoding, decimal : str, optional
        Of a text file; None: found out.

    Returns
    -------
    Statements
        `form` is "lines"; `chart` blank. `report` warns of every name that is
        not recognised, and lists those that are known to be no line of these
        accounts (subtotals, shares per head).

    Raises
    ------
    InputError
        With every defect: an amount that is text, a line given twice with
        different amounts, no column of years and no heading that names a line.

    Notes
    -----
    EBITDA is kept as published and is never the EBE; operating income and EBIT
    are `resultat_exploitation`, the first where both are given. A zero in
    every year of a company may mean "not reported": it is unknown unless
    `complete`. Where all charges are negative their sign is turned. A heading
    of a year alone is read as its 31 December, and noted.

    Examples
    --------
    Can the debts due within a year be paid?

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "client.csv"
    >>> _ = path.write_text("Item;2024;2025\nTotal current assets;140;150\nTotal current liabilities;100;120\n")
    >>> from cmtools.statements import liquidity_balance
    >>> liquidity_balance(read_statements(path, currency="GBP").table)["fr_liquidite"].tolist()
    [40.0, 30.0]
    """
    if assets not in ASSETS:
        raise fatal("unknown_option", column="assets", value=str(assets), expected=", ".join(ASSETS))
    _check(company_id, currency, months)
    report = LoadReport()
    reader = _Reader(report, _mapping(columns), assets, decimal)
    paths = list(path) if isinstance(path, (list, tuple)) else [path]
    for one in paths:
        reader.read(one, encoding, company_id)
    reader.tell_absent()
    report.refuse()
    rows = [_row(year, report) for year in reader.years.values()]
    _turn_charges(rows, report)
    if not complete:
        _leave_zeros(rows, report)
    for row in rows:
        _divide(row, report)
        _close(row)
    _fill_in(rows, report, currency, months)
    report.refuse()
    table = pd.DataFrame(rows)
    if complete:
        table = _complete(table)
    return Statements(_within_wholes(new_table(table, report), rows), report)


def _check(company_id: Any, currency: Any, months: Any) -> None:
    checks = (
        ("company_id", company_id, "904172638", company_id is None or bool(str(company_id).strip())),
        ("currency", currency, "EUR", currency is None or bool(re.fullmatch("[A-Z]{3}", str(currency)))),
        ("months", months, "12", months is None or 0 < months <= 36),
    )
    for argument, value, expected, good in checks:
        if not good:
            raise fatal("ledger_bad_argument", value=str(value), argument=argument, expected=expected)


def _mapping(columns: Any) -> dict[str, str]:
    """Our line for each plain heading of the caller's."""
    if columns is None:
        return {}
    file = ""
    if not isinstance(columns, Mapping):
        columns, file = mapping_file(columns)
    report = LoadReport()
    found: dict[str, str] = {}
    for name, written in columns.items():
        headings = written if isinstance(written, (list, tuple)) else [written]
        if name not in line_names():
            report.add("named_mapping_name", "fatal", file=file, value=name)
        for heading in headings:
            if not isinstance(heading, str) or not heading.strip():
                report.add("ledger_mapping_heading", "fatal", file=file, value=heading, name=name)
            else:
                found[plain(heading)] = str(name)
    report.refuse()
    return found


class _Reader:
    """Reads tables of named lines into years."""

    def __init__(self, report: LoadReport, mapping: dict[str, str], assets: str, decimal: str | None):
        self.report, self.decimal = report, decimal
        self.mapping = mapping
        self.names = dict(_names(assets))
        self.names |= {heading: Name(line, confirmation="confirmed") for heading, line in mapping.items()}
        self.years: dict[Any, Year] = {}
        self._met: set[str] = set()
        self._own = False  # the table bears our own names, as one written by this package does

    def read(self, path: Any, encoding: str | None, company_id: str | None) -> None:
        """One file, each of its sheets that is such a table."""
        calendar = range(YEARS[0], YEARS[1] + 1)
        headings = {f"{start}{year}" for year in calendar for start in ("", "fy")}
        known = frozenset({*self.names, *_words(), *headings})
        sheets = open_sheets(path, self.report, encoding, None, known)
        stem = shorten(Path(path).name.split(".")[0], 255)
        used = 0
        for sheet in sheets:
            texts = [*sheet.headings, *(text for at in range(min(2, len(sheet.text))) for text in _texts(sheet, at))]
            self._own = any("_" in text and text in line_names() for text in texts)
            years = {at: closing for at, heading in enumerate(sheet.headings) if (closing := _year_of(heading))}
            lines = {at: name for at, heading in enumerate(sheet.headings) if (name := self._name(heading))}
            if years:
                self._by_year(sheet, years, company_id, stem)
            elif any(name.line for name in lines.values()):
                self._by_row(sheet, lines, company_id, stem)
            else:
                continue
            used += 1
        if not used:
            found = Listing(filter(None, sheets[0].headings))
            self.report.add("named_layout", "fatal", file=sheets[0].file, found=found)

    def _name(self, heading: str) -> Name | None:
        key = plain(heading)
        if self._own and heading in line_names():
            return Name(heading, confirmation="confirmed")
        if key in self.names:
            self._met.add(key)
        return self.names.get(key)

    def tell_absent(self) -> None:
        """Headings of the caller's mapping that no file has."""
        for heading, line in self.mapping.items():
            if heading not in self._met:
                self.report.add("named_mapping_absent", "fatal", value=heading, name=line)

    # -- lines in rows, years in columns

    def _by_year(self, sheet: Sheet, years: dict[int, date], company_id: str | None, stem: str) -> None:
        company, label = self._text_columns(sheet, years)
        found = {at: self._amounts(sheet, at) for at in years}
        self._tell_years(sheet, years)
        unknown: dict[str, None] = {}
        aside: dict[str, None] = {}
        labels = _texts(sheet, label)
        companies = _texts(sheet, company) if company is not None else None
        cells = {at: _texts(sheet, at) for at in years}
        self.report.rows_read += len(labels) + len(sheet.refused)
        if companies is None and company_id is None:
            self.report.add("liasse_company_assumed", "note", file=sheet.label, value=stem)
        for row, line in enumerate(sheet.lines.to_list()):
            written = {at: cells[at][row] for at in years}
            name = self._name(labels[row])
            if name is None or not name.line:
                if any(written.values()):
                    (unknown if name is None else aside)[labels[row]] = None
                continue
            who = (companies[row] if companies is not None else "") or company_id or stem
            for at, closing in years.items():
                place = (sheet, line, sheet.headings[at])
                self._put(who, closing, name, labels[row], written[at], found[at][row], place)
        self._tell_unknown(sheet, unknown, aside)

    def _text_columns(self, sheet: Sheet, years: dict[int, date]) -> tuple[int | None, int]:
        """Columns of the companies, if any, and of the lines."""
        others = [at for at in range(len(sheet.headings)) if at not in years and any(_texts(sheet, at))]
        words = {at: _words().get(plain(sheet.headings[at])) for at in others}
        company = next((at for at in others if words[at] in ("company_id", "company_name")), None)
        label = next((at for at in others if words[at] in ("label", "code")), None)
        if label is None and others:  # the column with the most names that are known
            label = max(others, key=lambda at: sum(plain(text) in self.names for text in _texts(sheet, at)))
        if label is None:
            raise fatal("named_layout", sheet.label, found=Listing(filter(None, sheet.headings)))
        before = [at for at in others if at < label and at != company]
        company = before[0] if company is None and before else company
        rest = [at for at in others if at not in (company, label)]
        if rest:
            self.report.add(
                "ledger_unknown_headings", "note", file=sheet.label, found=Listing(sheet.headings[at] for at in rest)
            )
        return company, label

    def _tell_years(self, sheet: Sheet, years: dict[int, date]) -> None:
        bare = [sheet.headings[at] for at in years if not re.search(r"\d\D\d", sheet.headings[at].removesuffix(".0"))]
        if bare:
            self.report.add("named_year_alone", "note", file=sheet.label, found=Listing(bare))
        repeated = [sheet.headings[at] for at, closing in years.items() if list(years.values()).count(closing) > 1]
        for heading in dict.fromkeys(repeated):
            self.report.add("named_year_twice", file=sheet.label, value=heading)

    # -- one row per company-year

    def _by_row(self, sheet: Sheet, lines: dict[int, Name], company_id: str | None, stem: str) -> None:
        words = {at: _words().get(plain(heading)) for at, heading in enumerate(sheet.headings) if at not in lines}
        places = {name: at for at, name in reversed(words.items()) if name}
        aside = dict.fromkeys(sheet.headings[at] for at, name in lines.items() if not name.line)
        unknown = dict.fromkeys(
            sheet.headings[at]
            for at, name in words.items()
            if not name and sheet.headings[at] and any(_texts(sheet, at))
        )
        self._tell_unknown(sheet, unknown, aside)
        found = {at: self._amounts(sheet, at) for at, name in lines.items() if name.line}
        cells = {name: _texts(sheet, at) for name, at in places.items()}
        texts = {at: _texts(sheet, at) for at in found}
        days = sheet.dates.get(places.get("year_end", -1))
        self.report.rows_read += len(sheet.lines) + len(sheet.refused)
        if "company_id" not in cells and company_id is None:
            self.report.add("liasse_company_assumed", "note", file=sheet.label, value=stem)
        for row, line in enumerate(sheet.lines.to_list()):
            if not any(values[row] for values in texts.values()):
                continue
            about = {name: values[row] for name, values in cells.items()}
            closing = days[row] if days is not None else None
            closing = closing or _year_of(about.get("year_end", ""))
            if closing is None and "year_end" in cells:
                self._wrong_date(sheet, line, places["year_end"], about["year_end"])
            who = about.get("company_id") or company_id or stem
            before = self.years.get((who, closing))
            if before is not None and sheet.label in before.sheets:
                self.report.add("statements_twice", file=sheet.label, line=line, value=place_of(vars(before)))
                continue
            for at, values in found.items():
                heading = sheet.headings[at]
                self._put(who, closing, lines[at], heading, texts[at][row], values[row], (sheet, line, heading))
            self._describe(sheet, line, places, about, who, closing)

    def _wrong_date(self, sheet: Sheet, line: int, at: int, written: str) -> None:
        code = "bad_date" if written else "blank_value"
        expected = "31/12/2025, 2025-12-31, 2025"
        self.report.add(code, file=sheet.label, line=line, column=sheet.headings[at], value=written, expected=expected)

    def _describe(
        self, sheet: Sheet, line: int, places: dict[str, int], about: dict[str, str], who: str, closing: date | None
    ) -> None:
        year = self.years.get((who, closing))
        if year is None:
            return
        year.company_name = about.get("company_name") or None
        checks = {
            "months": (r"[0-9]{1,2}([.,][0-9]+)?", "liasse_bad_months", "12"),
            "currency": ("[A-Z]{3}", "ledger_bad_currency", "EUR"),
        }
        for name, (pattern, code, expected) in checks.items():
            written = about.get(name, "")
            if written and not re.fullmatch(pattern, written):
                self.report.add(
                    code,
                    file=sheet.label,
                    line=line,
                    column=sheet.headings[places[name]],
                    value=written,
                    expected=expected,
                )
            elif written:
                setattr(year, name, float(written.replace(",", ".")) if name == "months" else written)

    # -- both

    def _amounts(self, sheet: Sheet, at: int) -> list[float | None]:
        text = pl.Series(["" if cell.casefold() in _BLANK else cell for cell in _texts(sheet, at)], dtype=pl.String)
        found, unclear = amounts(text, sheet.numbers.get(at), self.decimal)
        if unclear:
            raise fatal("ledger_ask_decimal", sheet.label, column=sheet.headings[at], value=unclear)
        return found.to_list()

    def _put(
        self,
        who: str,
        closing: date | None,
        name: Name,
        heading: str,
        written: str,
        amount: float | None,
        place: tuple[Sheet, int, str],
    ) -> None:
        sheet, line, column = place
        if not written or written.casefold() in _BLANK:
            return
        if amount is None:
            self.report.add("bad_amount", file=sheet.label, line=line, column=column, value=written)
            return
        year = self.years.setdefault((who, closing), Year(who, closing))
        year.sources[sheet.file] = None
        year.found.setdefault(name.line, []).append((name.sign * amount, name, heading, line, sheet.label))

    def _tell_unknown(self, sheet: Sheet, unknown: Iterable[str], aside: Iterable[str]) -> None:
        for code, level, names in (("named_unknown", "warning", unknown), ("named_aside", "note", aside)):
            found = Listing(names)
            if found:
                self.report.add(code, level, file=sheet.label, count=len(found), n=len(found), found=found)


def _texts(sheet: Sheet, at: int) -> list[str]:
    return sheet.text[at].fill_null("").str.strip_chars().to_list()


def _year_of(heading: str) -> date | None:
    """Closing date that a heading names: a date, or the 31 December of a year; None: it names none."""
    text = re.sub(r"^(?:FY|Exercice|Year|Année|31/12)\s*", "", heading.strip(), flags=re.IGNORECASE)
    if re.fullmatch(r"(?:19|20)\d\d(?:\.0)?", text):
        return date(int(text[:4]), 12, 31)
    try:
        found = as_day(re.sub(r"[ T]00:00(?::00)?$", "", heading.strip())).date()
    except InputError:
        return None
    return found if YEARS[0] <= found.year <= YEARS[1] and not heading.strip().isdigit() else None


# ---------------------------------------------------------------- from names to lines


def _row(year: Year, report: LoadReport) -> dict[str, Any]:
    """The lines of one year; a line given twice must say the same."""
    lines: dict[str, float] = {}
    levels = []
    place = place_of({"company_id": year.company_id, "year_end": year.year_end})
    for line, found in year.found.items():
        best = min(name.rank for _, name, *_ in found)
        first = next(item for item in found if item[1].rank == best)
        lines[line] = first[0]
        levels.append(first[1].confirmation)
        for amount, name, heading, at, file in found:
            if amount != first[0]:
                level = "error" if name.rank == best else "note"
                code = "named_twice" if level == "error" else "named_second"
                report.add(code, level, file=file, line=at, column=heading, value=place, line_name=line, kept=first[2])
    return {
        "company_id": year.company_id,
        "company_name": year.company_name,
        "year_end": year.year_end,
        "months": year.months,
        "chart": None,
        "form": "lines",
        "filing": None,
        "currency": year.currency,
        "source": " + ".join(year.sources),
        "confirmation": "partial" if "partial" in levels else "confirmed",
        **lines,
    }


def _close(row: dict[str, Any]) -> None:
    """Totals of a balance sheet classed by maturity: debts are the short and the long; with equity they make the whole.

    The whole is that of the net assets, within the rounding: then nothing stands between equity and debts.
    """
    short, long = row.get("dettes_moins_1an"), row.get("dettes_plus_1an")
    if row.get("total_dettes") is None and short is not None and long is not None:
        row["total_dettes"] = short + long
    equity, debts, assets = (row.get(name) for name in ("capitaux_propres", "total_dettes", "total_actif_net"))
    if row.get("total_passif") is not None or equity is None or debts is None or assets is None:
        return
    if abs(equity + debts - assets) <= TOLERANCE:
        row["total_passif"] = equity + debts


def _turn_charges(rows: Sequence[dict[str, Any]], report: LoadReport) -> None:
    """Charges are positive here; where a table writes all of them negative, their sign is turned."""
    sure = _charges() - {"impot_benefices", "variation_stock_marchandises", "variation_stock_matieres"}
    for file in dict.fromkeys(row["source"] for row in rows):
        mine = [row for row in rows if row["source"] == file]
        given = {name: [row[name] for row in mine if row.get(name)] for name in sure}
        signs = {value < 0 for values in given.values() for value in values}
        if signs == {True}:
            for row in mine:
                row.update({name: -row[name] for name in _charges() if row.get(name)})
            report.add("named_charges_turned", "note", file=file)
        elif True in signs:
            for name in sorted(name for name, values in given.items() if any(value < 0 for value in values)):
                report.add("named_charge_negative", "warning", file=file, line_name=name)


def _leave_zeros(rows: Sequence[dict[str, Any]], report: LoadReport) -> None:
    """A line that is zero in every year of a company may not be reported: unknown."""
    left: dict[str, dict[str, None]] = {}
    for company in dict.fromkeys(row["company_id"] for row in rows):
        mine = [row for row in rows if row["company_id"] == company]
        for name in dict.fromkeys(name for row in mine for name in row if name in line_names()):
            if not any(row.get(name) for row in mine):
                left.setdefault(mine[0]["source"], {})[name] = None
                for row in mine:
                    row.pop(name, None)
    for file, names in left.items():
        report.add("named_zeros", "note", file=file, found=Listing(names))


def _divide(row: dict[str, Any], report: LoadReport) -> None:
    """A whole beside some of its items: the line of the whole keeps what the items leave."""
    for whole, (items, suffixes) in WHOLES.items():
        for suffix in suffixes:
            total = row.get(whole + suffix)
            if total is None:
                continue
            given = {name + suffix: row[name + suffix] for name in items if row.get(name + suffix) is not None}
            rest = round(total - sum(given.values()), 2)
            if given and rest < -TOLERANCE:
                place = place_of(row)
                report.add(
                    "named_parts_above",
                    file=row["source"],
                    value=place,
                    line_name=whole + suffix,
                    gap=-rest,
                    total=total,
                )
            row.update({name + suffix: 0.0 for name in items if name + suffix not in given})
            row[whole + suffix] = rest


def _fill_in(rows: Sequence[dict[str, Any]], report: LoadReport, currency: str | None, months: float | None) -> None:
    file = report.files[0]
    if currency is None and any(row["currency"] is None for row in rows):
        report.add("ledger_currency_assumed", "note", file=file, value="EUR")
    short = sum(row["months"] is None for row in rows)
    if short and months is None:
        report.add("liasse_months_assumed", "note", file=file, count=short, n=short)
    if any(row["year_end"] is None for row in rows):
        report.add("liasse_no_date", "note", file=file)
    for row in rows:
        row["currency"] = row["currency"] or currency or "EUR"
        row["months"] = row["months"] or months or 12.0
    if not rows:
        unknown = [
            name for defect in report.defects if defect.code == "named_unknown" for name in defect.details["found"]
        ]
        report.add("named_no_amount", "fatal", file=file, found=Listing(unknown))


def _complete(table: pd.DataFrame) -> pd.DataFrame:
    """Lines left out as nil, except where a total that is given shows that they are not."""
    names = [name for name in table.columns if name in line_names()]
    given = table[names].astype("float64")
    mixed = _net_where_mixed(given)
    names = list(given.columns)
    whole = complete_lines(given, blanks="nil").copy()
    for name in [column for key in _asset_lines() for column in (key, f"{key}_amort") if column in whole]:
        whole[name] = whole[name].where(~mixed | _known(given, name))
    for suffix in ("", "_net"):
        total = f"stocks_ensemble{suffix}"
        if total in table:
            kinds = [name + suffix for name in STOCKS if name + suffix in whole and name + suffix not in names]
            whole.loc[given[total].notna(), kinds] = float("nan")
    known = given.notna()
    while _undo(whole, known):
        pass
    return pd.concat([table.drop(columns=[name for name in names if name in table]), whole], axis=1).copy()


def _known(given: pd.DataFrame, name: str) -> pd.Series:
    return given[name].notna() if name in given else pd.Series(False, index=given.index)


def _net_where_mixed(given: pd.DataFrame) -> pd.Series:
    """Years with assets net of a depreciation that is not told; their other assets get their net too, in place."""
    keys = sorted(_asset_lines())
    bare = [_known(given, f"{key}_net") & ~_known(given, key) for key in keys]
    mixed = pd.concat(bare, axis=1).any(axis=1)
    for key in [key for key in keys if key in given]:
        net = given[key] - given.get(f"{key}_amort", pd.Series(0.0, index=given.index)).fillna(0.0)
        known = given.get(f"{key}_net", pd.Series(float("nan"), index=given.index))
        given[f"{key}_net"] = known.where(known.notna() | ~mixed, net)
    return mixed


def _undo(whole: pd.DataFrame, given: pd.DataFrame) -> bool:
    """Take back what was filled in and contradicts a total, and totals of what is now unknown; whether any was."""
    before = int(whole.isna().sum().sum())
    for total in totals():
        if total.name in whole:
            parts = [name for name in total.parts.names if name in whole]
            lacking = whole[parts].isna().any(axis=1) | (len(parts) < len(total.parts.names))
            own = given.get(total.name, pd.Series(False, index=whole.index))
            whole.loc[lacking & ~own, total.name] = float("nan")
            made = pd.Series(0.0, index=whole.index)
            for sign, name in total.parts.terms:
                made += sign * whole[name].fillna(0.0) if name in whole else 0.0
            wrong = own & ((whole[total.name] - made).abs() > TOLERANCE)
            for name in parts:
                _distrust(whole, given, name, wrong)
    return int(whole.isna().sum().sum()) > before


def _distrust(whole: pd.DataFrame, given: pd.DataFrame, name: str, rows: pd.Series) -> None:
    """Make a line unknown where it was not given, and with it what it was made of."""
    rows = rows & ~given.get(name, pd.Series(False, index=whole.index))
    if name in whole and rows.any():
        whole.loc[rows, name] = float("nan")
        for total in totals():
            for part in total.parts.names if total.name == name else ():
                _distrust(whole, given, part, rows)


def _within_wholes(table: pd.DataFrame, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """What details the loans stays unknown where these stand within one whole: a nil beside it proves nothing."""
    inside = [row.get("emprunts_simplifie") not in (None, 0.0) for row in rows]
    for name in [part for item in WHOLES["emprunts_simplifie"][0] for part in _details(item) if part in table]:
        own = [row.get(name) is not None for row in rows]
        kept = pd.Series([mine or not within for mine, within in zip(own, inside)], index=table.index)
        table[name] = table[name].where(kept)
    return table


def _details(name: str) -> list[str]:
    """Every line that details a line, at any depth."""
    parts = [part for total in totals() if total.name == name for part in total.parts.names]
    return parts + [detail for part in parts for detail in _details(part)]
