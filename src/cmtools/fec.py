"""The FEC (fichier des écritures comptables): read, check, write, turn into a ledger.

Every French company must be able to hand this file to the tax office (Livre des
procédures fiscales, art. A47 A-1). It lists every line of every entry of one
financial year; customers' invoices and receipts are found again through the
counterpart accounts and the lettering.

Steps: :func:`read_fec` decodes, splits, types and checks; :meth:`Fec.ledger` takes
the lines of accounts 411 and 416, classifies each by its counterpart
(`_customer_lines`), replaces the opening by the previous year's detail
(`_join_years`), matches debits and credits (`_settle`), and lays the result out
as the two tables of a :class:`~cmtools.schemas.Ledger` (`_tables`).
"""

from __future__ import annotations

import codecs
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from cmtools.language import day
from cmtools.schemas import CUSTOMERS, INVOICES, SETTLEMENTS, Column, Ledger, LoadReport
from cmtools.terms import READINGS, due_date, parse_terms

HEADINGS = {
    "journal_code": "JournalCode", "journal_label": "JournalLib", "entry_number": "EcritureNum",
    "entry_date": "EcritureDate", "account": "CompteNum", "account_label": "CompteLib", "aux": "CompAuxNum",
    "aux_label": "CompAuxLib", "piece_ref": "PieceRef", "piece_date": "PieceDate", "label": "EcritureLib",
    "debit": "Debit", "credit": "Credit", "lettering": "EcritureLet", "lettering_date": "DateLet",
    "validation_date": "ValidDate", "currency_amount": "Montantdevise", "currency": "Idevise",
}  # fmt: skip
ENTRIES = ("line", *HEADINGS)
DATES = ("entry_date", "piece_date", "lettering_date", "validation_date")
TEXTS = tuple(name for name in HEADINGS if name not in (*DATES, "debit", "credit", "currency_amount"))
_NAMES = {heading.casefold(): name for name, heading in HEADINGS.items()} | {
    "compteauxnum": "aux", "compteauxlib": "aux_label", "montant": "amount", "sens": "side",
}  # fmt: skip
_CORE = ("journal_code", "entry_number", "entry_date", "account")
_SEPARATORS = "\t|;,"
_LISTED = 20  # defects of one kind told one by one
_LONGEST_YEAR = 731  # days; a financial year never exceeds 24 months
_DEFAULT_TERMS = 30
_LARGEST = 1e12  # EUR; beyond it cents are no longer exact in a float

_GROUPED = "[0-9]+(?:[ \u00a0\u202f][0-9]{3})*"
_DECIMALS = "(?:[0-9]{0,2}0*|[0-9]*(?:0{6}|9{6})[0-9]*)"  # two decimals; or the tail of a binary fraction
_AMOUNT = rf"^[+-]?(?:{_GROUPED}(?:[.,]{_DECIMALS})?|[.,][0-9]{{1,2}}0*)$"
_POINTS = r"^[+-]?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]{1,2}0*$"
_COMMAS = r"^[+-]?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]{1,2}0*$"
_SIDES = {"D": 1, "DEBIT": 1, "+1": 1, "1": 1, "+": 1, "C": -1, "CREDIT": -1, "-1": -1, "-": -1}

# Letters that French books hold, and how much each speaks for a code page.
_LIKELY = dict.fromkeys("éèêëàâçîïôùûÉÈÀÇœ", 1.0) | dict.fromkeys("ÊÂÎÔÛËÏÙäöüÄÖÜŒ°ñ", 0.6)
_LIKELY |= dict.fromkeys("€«»’–…\u00a0", 0.3)

_OPENING_CODES = ("AN", "ANO", "RAN", "ANOUV", "ANOUVEAU", "ANOUVEAUX")
_NOT_SALES = ("758", "76", "77", "78", "79")  # class 7 that no customer is invoiced for
_RATES = (0.2, 0.1, 0.055, 0.021, 0.085)
_DEBIT_KINDS = {"sale": "invoice", "cash": "returned_payment", "bill": "returned_payment", "c411": "doubtful",
                "down_payment": "down_payment"}  # fmt: skip
_CREDIT_KINDS = {"sale": "credit_note", "cash": "cash", "bill": "bill", "c416": "to_doubtful", "loss": "write_off",
                 "set_off": "set_off"}  # fmt: skip
_PAIRED = ("credit_note", "opening")  # credits that are items of their own


@dataclass
class Fec:
    """One financial year of entries.

    Attributes
    ----------
    entries : pandas.DataFrame
        One row per line of the file, columns ENTRIES. `line` counts from the
        heading (line 1); `debit` and `credit` in euros, exact to the cent; blanks
        are null.
    start, end : date
        Period covered: from the opening entry (else the first entry) to the
        closing date in the file's name (else the last entry).
    siren : str or None
        Company number, from the file's name.
    report : LoadReport
    """

    entries: pd.DataFrame
    start: date
    end: date
    siren: str | None = None
    report: LoadReport = field(default_factory=LoadReport)

    @property
    def name(self) -> str:
        """File name, without its folder."""
        return self.report.files[0] if self.report.files else ""

    def balance(self, prefixes: str | Iterable[str], as_of: date | None = None) -> float:
        """Balance of the accounts that start with `prefixes`.

        Parameters
        ----------
        prefixes : str or several
            Beginnings of account numbers: "411", ("411", "416").
        as_of : date, optional
            Entries up to and including this day; None: all.

        Returns
        -------
        float
            Debit minus credit, in euros.
        """
        prefixes = (prefixes,) if isinstance(prefixes, str) else tuple(prefixes)
        kept = self.entries["account"].str.startswith(prefixes).fillna(False).astype(bool)
        if as_of is not None:
            kept &= self.entries["entry_date"] <= pd.Timestamp(as_of)
        return int(_net_cents(self.entries[kept]).sum()) / 100

    def ledger(
        self,
        previous: Fec | None = None,
        terms: Any = None,
        reading: str = "days_then_month_end",
        unallocated: str = "keep",
    ) -> Ledger:
        """Open items and settlements of the customers, from accounts 411 and 416.

        Parameters
        ----------
        previous : Fec, optional
            The year before: its open items replace the opening balances, and
            its sales and receipts are in the ledger too. Without it opening
            balances are items of unknown age (`issue_date` and `due_date` null).
        terms : int, str or dict, optional
            Payment terms, as a FEC holds no due date: days, a text such as
            "45 jours fin de mois", or customer number -> terms with the key
            "default". None: 30 days after the invoice.
        reading : {"days_then_month_end", "month_end_then_days"}
            See :func:`cmtools.terms.due_date`.
        unallocated : {"keep", "fifo"}
            What to do with credits that no lettering matches: keep them
            unallocated, or match them to the customer's oldest items
            (`match` is then "fifo").

        Returns
        -------
        Ledger
            In euros. On any day, items booked minus settlements received is the
            balance of accounts 411 and 416, in total and for each customer.

        Raises
        ------
        InputError
            If terms are not understood, or `previous` is not an earlier year of
            the same company.
        """
        if reading not in READINGS:
            raise ValueError(f"reading: one of {READINGS} expected, found {reading!r}")
        if unallocated not in ("keep", "fifo"):
            raise ValueError(f"unallocated: 'keep' or 'fifo' expected, found {unallocated!r}")
        granted = _granted(terms)
        report = LoadReport()
        if previous is not None:
            _check_sequence(self, previous)
            report.merge(previous.report)
        report.merge(self.report)
        lines, accounts = _join_years(self, previous, report)
        lines = _with_due_dates(lines, granted, reading)
        lines, pieces = _match_all(lines, unallocated == "fifo", previous is not None)
        dated = bool(lines.loc[lines["letter"].notna(), "letter_date"].notna().any())
        _notes(self.name, lines, pieces, dated, report)
        _terms_notes(self.name, lines, granted, report)
        invoices, settlements = _tables(lines, pieces)
        customers = _customers([fec for fec in (previous, self) if fec is not None], lines, granted)
        return Ledger(invoices, settlements, customers, dated_allocation=dated, accounts=accounts, report=report)


# ---------------------------------------------------------------- reading


def read_fec(path: str | Path, *, encoding: str | None = None, tolerant: bool = False) -> Fec:
    r"""Read a FEC and check it.

    Parameters
    ----------
    path : str or Path
        Tab, pipe, semicolon or comma; fields padded or not; UTF-8, cp1252,
        ISO 8859-15 or cp850; any line ending.
    encoding : str, optional
        Python's name of the encoding; None: told from the bytes.
    tolerant : bool, default False
        True: lines with an unreadable date or amount, a wrong number of fields
        or a repeated entry are left out and counted (`refused_amounts`: sum of
        their debits and credits) instead of stopping the reading.

    Returns
    -------
    Fec
        `report` lists everything found, with line numbers.

    Raises
    ------
    InputError
        If the file is not a FEC, or a defect would change a total. An unbalanced
        file is such a defect; its unbalanced journals and entries are then
        errors too, as they show where. In a file that balances as a whole they
        are warnings: no line is missing, the numbering is.

    Examples
    --------
    >>> import tempfile
    >>> heading = "\t".join(HEADINGS.values())
    >>> lines = ["VE\tVentes\t1\t20250110\t411000\tClients\tC1\tDupont\tF1\t20250110\tFacture\t120,00\t\t\t\t\t\t",
    ...          "VE\tVentes\t1\t20250110\t706000\tTravaux\t\t\tF1\t20250110\tFacture\t\t120,00\t\t\t\t\t"]
    >>> path = Path(tempfile.mkdtemp()) / "123456789FEC20251231.txt"
    >>> _ = path.write_text("\n".join([heading, *lines]), encoding="utf-8")
    >>> fec = read_fec(path)
    >>> fec.balance("411"), fec.end.isoformat()
    (120.0, '2025-12-31')
    """
    path = Path(path)
    report = LoadReport(files=[path.name])
    text = _decode(_bytes(path, report), encoding, report)
    fields, separator, body = _heading(text, report)
    raw, ragged = _split(body, separator, fields, report)
    frame, unreadable = _typed(raw, report)
    summable = not (ragged or unreadable.any())
    dateless = frame.get_column("entry_date").is_null() | frame.get_column("account").is_null()
    frame = _with_entries(frame)
    refused = unreadable | dateless | _repeated(frame, report)
    if refused.any() and (tolerant or not summable):
        lost = frame.filter(refused)
        report.rows_refused += lost.height
        report.refused_amounts["EUR"] = lost.select(pl.col("debit", "credit").abs().sum()).sum_horizontal().item() / 100
        frame = frame.filter(~refused)
    if summable or tolerant:
        _check_balances(frame, report)
    report.refuse(tolerant)
    if not frame.height:
        report.add("fec_no_entries", "fatal", file=path.name)
        report.refuse()
    siren, start, end = _period(path.name, frame, report)
    _check_dates(frame, start, end, report)
    _check_customers(frame, report)
    _check_numbers(frame, report)
    return Fec(_entries(frame), start, end, siren, report)


def _bytes(path: Path, report: LoadReport) -> bytes:
    try:
        raw = path.read_bytes() if path.is_file() else None
    except (OSError, ValueError):
        raw = None
    if raw is None:
        report.add("missing_file", "fatal", file=path.name, value=path.name)
    elif not raw.strip():
        report.add("empty_file", "fatal", file=path.name)
    report.refuse()
    assert raw is not None
    return raw


def _decode(raw: bytes, encoding: str | None, report: LoadReport) -> str:
    """Text with LF line endings."""
    name = report.files[0]
    if encoding is not None:
        try:
            text = raw.decode("utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding)
        except (LookupError, UnicodeError):
            report.add("fec_encoding_failed", "fatal", file=name, value=encoding)
            report.refuse()
    else:
        encoding, text = _guess(raw)
        replaced = text.count("\ufffd")
        if replaced:
            report.add("fec_replaced", "warning", file=name, count=replaced, n=replaced)
        if not raw.isascii():
            report.add("fec_encoding", "note", file=name, value=encoding)
    text = text.removeprefix("\ufeff").replace("\r\r\n", "\n").replace("\r\n", "\n")
    return text.replace("\r", "\n") if text.count("\r") > text.count("\n") else text


def _guess(raw: bytes) -> tuple[str, str]:
    """Encoding by which the accented letters read as French, and the text."""
    try:
        return "UTF-8", raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    counts = np.bincount(np.frombuffer(raw, dtype=np.uint8), minlength=256)
    high = [value for value in range(128, 256) if counts[value]]
    text = raw.decode("utf-8-sig", errors="replace")
    if text.count("\ufffd") * 10 < counts[128:].sum():  # UTF-8 with a few damaged bytes
        return "UTF-8", text

    def score(candidate: str) -> float:
        letters = [bytes([value]).decode(candidate, errors="replace") for value in high]
        if "\ufffd" in letters:
            return float("-inf")
        return sum(int(counts[value]) * _LIKELY.get(letter, -1.0) for value, letter in zip(high, letters))

    best = max(("cp1252", "iso8859-15", "cp850"), key=score)
    return best, raw.decode(best)


def _heading(text: str, report: LoadReport) -> tuple[list[str], str, str]:
    """Our name of each column ("" for one of no use), the separator, and the rest."""
    name = report.files[0]
    first, _, body = text.lstrip("\n").partition("\n")
    separator = max(_SEPARATORS, key=first.count)
    headings = first.rstrip(separator + " \r").split(separator)
    fields = [_NAMES.get(_plain(heading), "") for heading in headings]
    known = {field for field in fields if field}
    doubled = sorted({field for field in known if fields.count(field) > 1})
    wanted = ["amount", "side"] if "amount" in known and not known & {"debit", "credit"} else ["debit", "credit"]
    official = {**HEADINGS, "amount": "Montant", "side": "Sens"}
    found = ", ".join(heading.strip() for heading in headings)
    for column in (*_CORE, *wanted):
        if column not in known:
            report.add("fec_missing_column", "fatal", file=name, line=1, value=official[column], found=found)
    for column in doubled:
        report.add("fec_duplicate_column", "fatal", file=name, line=1, value=official[column])
    report.refuse()
    for column in HEADINGS:
        if column not in known and column not in ("debit", "credit"):
            report.add("fec_absent_column", "warning", file=name, line=1, value=HEADINGS[column])
    others = [heading.strip() for heading, field in zip(headings, fields) if not field]
    if others:
        report.add("fec_extra_columns", "note", file=name, line=1, value=", ".join(others), n=len(others))
    # A label may hold a tab, a carriage return or a control character: data, but not one that can be written again.
    blanks = {code: " " for code in (*range(32), 127) if chr(code) not in "\n" + separator}
    if any(chr(code) in body for code in blanks):
        body = body.translate(blanks)
    skipped = text[: len(text) - len(text.lstrip("\n"))].count("\n")
    return fields, separator, "\n" * skipped + body


def _plain(text: str) -> str:
    """Lower case letters and digits only."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text.casefold()) if letter.isalnum())


def _split(body: str, separator: str, fields: list[str], report: LoadReport) -> tuple[pl.DataFrame, bool]:
    """One text column per field, and whether some line had another number of fields."""
    name, width = report.files[0], len(fields)
    lines = body.split("\n")
    raw = pl.DataFrame({"line": np.arange(2, len(lines) + 2), "raw": pl.Series(lines, dtype=pl.String)})
    blank = raw.get_column("raw").str.strip_chars(separator + " \x1a\u00a0") == ""
    last: Any = raw.filter(~blank).get_column("line").max() or 0
    inner = raw.filter(blank & (pl.col("line") < last))
    if inner.height:
        report.add("fec_blank_lines", "note", file=name, line=inner.item(0, "line"), count=inner.height, n=inner.height)
    raw = raw.filter(~blank)
    report.rows_read = raw.height
    parts = raw.get_column("raw").str.splitn(separator, width + 1).struct.unnest()
    rest = parts.get_column(f"field_{width}").fill_null("").str.strip_chars(separator + " ")
    ragged = parts.get_column(f"field_{width - 1}").is_null() | (rest != "")
    if ragged.any():
        wrong = raw.filter(ragged)
        counted = (wrong.get_column("raw").str.count_matches(separator, literal=True) + 1).cast(pl.String)
        _each(report, "fec_field_count", "error", wrong.get_column("line"), counted, expected=width)
        report.rows_refused += wrong.height
    columns = [parts.get_column(f"field_{i}").alias(field) for i, field in enumerate(fields) if field]
    frame = pl.DataFrame([raw.get_column("line"), *columns]).filter(~ragged)
    return frame, bool(ragged.any())


def _typed(raw: pl.DataFrame, report: LoadReport) -> tuple[pl.DataFrame, pl.Series]:
    """Columns ENTRIES with their types (debit, credit in cents), and which rows have an unreadable amount."""
    absent = [pl.lit(None, dtype=pl.String).alias(column) for column in HEADINGS if column not in raw.columns]
    strings = [column for column in raw.columns if column != "line"]
    raw = raw.with_columns(pl.col(strings).str.strip_chars()).with_columns(absent)
    raw = raw.with_columns(pl.when(pl.col(strings) != "").then(pl.col(strings)))
    unreadable = pl.repeat(False, raw.height, dtype=pl.Boolean, eager=True)
    cents = {}
    for column in ("amount",) if "amount" in raw.columns else ("debit", "credit"):
        heading = HEADINGS.get(column, "Montant")
        cents[column], bad = _cents(raw.get_column(column))
        _each(
            report,
            "bad_amount",
            "error",
            raw.get_column("line").filter(bad),
            raw.get_column(column).filter(bad),
            column=heading,
        )
        unreadable |= bad
    if "amount" in raw.columns:
        side = raw.get_column("side").str.to_uppercase()
        sign = side.replace_strict(_SIDES, default=None, return_dtype=pl.Int64)
        bad = sign.is_null() & ((cents["amount"] != 0) | side.is_not_null())
        _each(
            report,
            "fec_bad_side",
            "error",
            raw.get_column("line").filter(bad),
            raw.get_column("side").filter(bad).fill_null(""),
            column="Sens",
        )
        unreadable |= bad
        zero = pl.zeros(raw.height, dtype=pl.Int64, eager=True)
        cents["debit"] = cents["amount"].zip_with(sign.fill_null(0) == 1, zero)
        cents["credit"] = cents["amount"].zip_with(sign.fill_null(0) == -1, zero)
    foreign, bad = _cents(raw.get_column("currency_amount"))
    _each(
        report,
        "bad_amount",
        "warning",
        raw.get_column("line").filter(bad),
        raw.get_column("currency_amount").filter(bad),
        column=HEADINGS["currency_amount"],
    )
    foreign = foreign.zip_with(
        raw.get_column("currency_amount").is_not_null() & ~bad,
        pl.Series([None], dtype=pl.Int64).new_from_index(0, raw.height),
    )
    dates = {}
    for column in DATES:
        dates[column], bad = _dates(raw.get_column(column))
        level = "error" if column == "entry_date" else "warning"
        _each(
            report,
            "fec_bad_date",
            level,
            raw.get_column("line").filter(bad),
            raw.get_column(column).filter(bad),
            column=HEADINGS[column],
        )
        if column == "entry_date":
            empty = dates[column].is_null() & ~bad
            _each(report, "fec_blank", "error", raw.get_column("line").filter(empty), None, column=HEADINGS[column])
    empty = raw.get_column("account").is_null()
    _each(report, "fec_blank", "error", raw.get_column("line").filter(empty), None, column=HEADINGS["account"])
    frame = raw.with_columns(
        *(dates[column].alias(column) for column in DATES),
        cents["debit"].alias("debit"),
        cents["credit"].alias("credit"),
        foreign.alias("currency_amount"),
    ).select(ENTRIES)
    both = frame.filter((pl.col("debit") != 0) & (pl.col("credit") != 0)).get_column("line")
    _each(report, "fec_both_sides", "warning", both, None)
    return frame.with_columns(net=pl.col("debit") - pl.col("credit")), unreadable


def _cents(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Amounts in cents (blank: 0), and which texts are no amount."""
    texts = texts.fill_null("0")
    fine = texts.str.contains(_AMOUNT)
    plain = texts
    if not fine.all():
        points, commas = texts.str.contains(_POINTS), texts.str.contains(_COMMAS)
        plain = texts.str.replace_all(".", "", literal=True).zip_with(points, texts)
        plain = plain.str.replace_all(",", "", literal=True).zip_with(commas, plain)
        fine |= points | commas
    plain = plain.str.replace_all("[ \u00a0\u202f]", "").str.replace(",", ".", literal=True)
    values = plain.cast(pl.Float64, strict=False)
    fine &= values.is_not_null() & (values.abs().fill_null(0.0) < _LARGEST)
    zeros = pl.zeros(len(values), dtype=pl.Float64, eager=True)
    return (values.zip_with(fine, zeros) * 100).round().cast(pl.Int64), ~fine


def _dates(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Dates (blank or zeros: null), and which texts are no date."""
    blank = texts.is_null() | texts.str.contains("^0+$").fill_null(False)
    found = pl.Series([None], dtype=pl.Date).new_from_index(0, len(texts))
    for pattern, form in (("^[0-9]{8}$", "%Y%m%d"), ("^[0-9]{2}/[0-9]{2}/[0-9]{4}$", "%d/%m/%Y"),
                          ("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "%Y-%m-%d")):  # fmt: skip
        if (found.is_null() & ~blank).any():
            shaped = texts.str.contains(pattern).fill_null(False) & ~blank
            if shaped.any():
                found = texts.str.to_date(form, strict=False).zip_with(shaped, found)
    possible = found.dt.year().is_between(1900, 2199).fill_null(False)
    found = found.zip_with(possible, pl.Series([None], dtype=pl.Date).new_from_index(0, len(texts)))
    return found, found.is_null() & ~blank


def _each(
    report: LoadReport,
    code: str,
    level: str,
    lines: pl.Series,
    values: pl.Series | None,
    column: str = "",
    **details: Any,
) -> None:
    """Report one defect per line; beyond the first ones, their number."""
    name = report.files[0]
    texts = values.to_list() if values is not None else [""] * len(lines)
    for line, value in zip(lines[:_LISTED], texts):
        report.add(code, level, file=name, line=line, column=column, value=value, **details)
    if len(lines) > _LISTED:
        rest = len(lines) - _LISTED
        report.add("fec_more", level, file=name, line=lines[_LISTED], column=column, count=rest, n=rest)


# ---------------------------------------------------------------- checks


def _with_entries(frame: pl.DataFrame) -> pl.DataFrame:
    """Add `entry`: which entry a line belongs to (position of its first line).

    Numbers may restart in each journal and each month, so journal, number and
    date make an entry; where that does not balance and journal and number do,
    the entry has several dates. Without a usable number: journal and date.
    """
    usable = pl.col("entry_number").str.contains("[^0 .-]").fill_null(False)
    frame = frame.with_columns(number=pl.when(usable).then(pl.col("entry_number")), day=pl.col("entry_date"))
    gaps = pl.col("net").sum().over("journal_code", "number", "day")
    if frame.select((gaps != 0).any()).item():
        whole = pl.col("net").sum().over("journal_code", "number") == 0
        several = (gaps != 0) & whole & pl.col("number").is_not_null()
        frame = frame.with_columns(day=pl.when(~several).then(pl.col("day")))
    return _identified(frame, "entry", "journal_code", "number", "day")


def _identified(frame: pl.DataFrame, name: str, *keys: str) -> pl.DataFrame:
    """Number the groups of equal `keys` (blanks are equal) by the position of their first row."""
    position = pl.Series(name, np.arange(frame.height))
    return frame.with_columns(position).with_columns(pl.col(name).first().over(keys))


def _repeated(frame: pl.DataFrame, report: LoadReport) -> pl.Series:
    """Lines of an entry that stands twice, in full, under the same number.

    Two equal lines in one entry are common (two identical articles on an
    invoice) and so are equal entries under two numbers; both are left alone. An
    entry is repeated when its lines, in order, are the same balanced run of
    lines twice (or three times). Without a document number two equal small
    sales cannot be told from a repetition: only a warning then.
    """
    marked = np.zeros(frame.height, dtype=bool)
    counts = frame.group_by("entry").agg(size=pl.len(), numbered=pl.col("number").is_not_null().first())
    counts = counts.filter(pl.col("numbered") & (pl.col("size") >= 4))
    if not counts.height:
        return pl.Series(marked, dtype=pl.Boolean)
    columns = list(HEADINGS)
    rows = frame.select("entry", "line", "net", "entry_number", "piece_ref", pl.Series("row", np.arange(frame.height)))
    rows = rows.with_columns(hash=frame.select(columns).hash_rows()).join(counts, on="entry").sort("entry", "row")
    place = pl.int_range(pl.len()).over("entry")
    for times in (2, 3):
        part = rows.filter(pl.col("size") % times == 0).with_columns(block=pl.col("size") // times, place=place)
        target = np.arange(part.height) + part.get_column("block").to_numpy()
        hashes = part.get_column("hash").to_numpy()
        ahead = hashes[np.minimum(target, part.height - 1)] if part.height else hashes
        part = part.with_columns(ahead=pl.Series(ahead, dtype=pl.UInt64))
        part = part.with_columns(
            same=((pl.col("ahead") == pl.col("hash")) | (pl.col("place") >= pl.col("size") - pl.col("block")))
            .all()
            .over("entry"),
            even=(pl.col("net") * (pl.col("place") < pl.col("block"))).sum().over("entry") == 0,
            documented=pl.col("piece_ref").is_not_null().any().over("entry"),
        ).filter(pl.col("same") & pl.col("even") & (pl.col("place") >= pl.col("block")) & (pl.col("block") > 1))
        for sure, code, level in ((True, "fec_duplicate_entry", "error"), (False, "fec_maybe_duplicate", "warning")):
            found = part.filter(pl.col("documented") == sure)
            marked[found.filter(sure).get_column("row").to_numpy()] = True
            first = found.group_by("entry", maintain_order=True).first()
            _each(
                report,
                code,
                level,
                first.get_column("line"),
                first.get_column("entry_number"),
                column=HEADINGS["entry_number"],
            )
    return pl.Series(marked, dtype=pl.Boolean)


def _check_balances(frame: pl.DataFrame, report: LoadReport) -> None:
    name, gap = report.files[0], int(frame.get_column("net").sum())
    if gap:
        report.add(
            "fec_file_balance",
            "error",
            file=name,
            debit=int(frame.get_column("debit").sum()) / 100,
            credit=int(frame.get_column("credit").sum()) / 100,
            gap=gap / 100,
        )
    level = "error" if gap else "warning"
    sums = (pl.col("net").sum(), pl.col("line").min(), pl.col("line").max().alias("last"))
    journals = frame.group_by("journal_code", maintain_order=True).agg(*sums).filter(pl.col("net") != 0)
    for row in journals.iter_rows(named=True):
        report.add(
            "fec_journal_balance",
            level,
            file=name,
            line=row["line"],
            value=row["journal_code"] or "",
            gap=row["net"] / 100,
        )
    entries = (
        frame.group_by("entry", maintain_order=True)
        .agg(*sums, pl.col("journal_code").first(), pl.col("entry_number").first())
        .filter(pl.col("net") != 0)
    )
    for row in entries.head(_LISTED).iter_rows(named=True):
        report.add(
            "fec_entry_balance",
            level,
            file=name,
            line=row["line"],
            value=row["entry_number"] or "",
            journal=row["journal_code"] or "",
            last=str(row["last"]),
            gap=row["net"] / 100,
        )
    if entries.height > _LISTED:
        rest = entries.height - _LISTED
        report.add("fec_more", level, file=name, line=entries.item(_LISTED, "line"), count=rest, n=rest)


def _period(name: str, frame: pl.DataFrame, report: LoadReport) -> tuple[str | None, date, date]:
    """Company number, first and last day."""
    found = re.match(r"(?i)(\d{9})?.*?FEC[^0-9]{0,3}(\d{8})(?!\d)", name)
    siren = found[1] if found else None
    closing = _dates(pl.Series([found[2] if found else None], dtype=pl.String))[0][0]
    days = frame.get_column("entry_date")
    first: Any = days.min()
    last: Any = days.max()
    inside = days
    if closing is not None:
        inside = days.filter(days.is_between(closing - timedelta(_LONGEST_YEAR - 1), closing))
    if closing is None or len(inside) < 0.95 * len(days):
        report.add("fec_period_entries", "note", file=name, value=name, first=day(first), last=day(last))
        closing = last
    else:
        first, last = inside.min(), inside.max()
        if closing - last > timedelta(31):
            report.add("fec_interim", "note", file=name, value=day(last), closing=day(closing))
    opening = frame.filter(_by_journal() & pl.col("entry_date").is_between(first, last))
    start: Any = opening.get_column("entry_date").min() or first
    return siren, start, closing


def _check_dates(frame: pl.DataFrame, start: date, end: date, report: LoadReport) -> None:
    outside = frame.filter(~pl.col("entry_date").is_between(start, end)).get_column("line")
    several = frame.filter(pl.col("number").is_not_null() & pl.col("day").is_null()).get_column("line")
    unlikely = frame.filter(pl.col("piece_date").is_not_null() & ~_plausible()).get_column("line")
    for code, level, lines, column in (
        ("fec_dates_outside", "warning", outside, "entry_date"), ("fec_several_dates", "note", several, "entry_date"),
        ("fec_piece_dates", "warning", unlikely, "piece_date"),
    ):  # fmt: skip
        if len(lines):
            report.add(
                code,
                level,
                file=report.files[0],
                line=lines[0],
                column=HEADINGS[column],
                count=len(lines),
                n=len(lines),
                start=day(start),
                end=day(end),
                lines=_some(lines.to_list()),
            )


def _plausible() -> pl.Expr:
    """Document dates that can be the start of a claim: up to two years before the entry, a month after."""
    early, late = pl.col("entry_date").dt.offset_by("-730d"), pl.col("entry_date").dt.offset_by("31d")
    return pl.col("piece_date").is_between(early, late).fill_null(False)


def _check_customers(frame: pl.DataFrame, report: LoadReport) -> None:
    name = report.files[0]
    anonymous = frame.filter(pl.col("account").str.starts_with("411") & pl.col("aux").is_null())
    if anonymous.height:
        report.add(
            "fec_no_customer",
            "note",
            file=name,
            line=anonymous.item(0, "line"),
            column=HEADINGS["aux"],
            count=anonymous.height,
            n=anonymous.height,
        )
    lettered = frame.filter(pl.col("account").str.starts_with("41") & pl.col("lettering").is_not_null())
    groups = (
        lettered.group_by("account", _customer().alias("customer"), "lettering", maintain_order=True)
        .agg(pl.col("net").sum(), pl.col("line"))
        .filter(pl.col("net") != 0)
    )
    for row in groups.head(_LISTED).iter_rows(named=True):
        report.add(
            "fec_lettering",
            "warning",
            file=name,
            line=row["line"][0],
            column=HEADINGS["lettering"],
            value=row["lettering"],
            customer=row["customer"],
            account=row["account"],
            lines=_some(row["line"]),
            gap=row["net"] / 100,
        )
    if groups.height > _LISTED:
        rest = groups.slice(_LISTED)
        report.add(
            "fec_lettering_more",
            "warning",
            file=name,
            line=rest.item(0, "line")[0],
            count=rest.height,
            n=rest.height,
            gap=int(rest.get_column("net").abs().sum()) / 100,
        )
    foreign = frame.filter(
        pl.col("currency_amount").is_not_null() | ~pl.col("currency").fill_null("EUR").is_in(["EUR"])
    )
    if foreign.height:
        report.add(
            "fec_currency",
            "note",
            file=name,
            line=foreign.item(0, "line"),
            column=HEADINGS["currency"],
            count=foreign.height,
            n=foreign.height,
        )


def _check_numbers(frame: pl.DataFrame, report: LoadReport) -> None:
    name = report.files[0]
    without = frame.filter(pl.col("number").is_null())
    if without.height:
        report.add(
            "fec_no_number",
            "note",
            file=name,
            line=without.item(0, "line"),
            column=HEADINGS["entry_number"],
            count=without.height,
            n=without.height,
        )
    numbers = frame.filter(pl.col("number").str.contains("^[0-9]{1,15}$").fill_null(False))
    numbers = numbers.group_by("entry").agg(pl.col("journal_code").first(), pl.col("number").first().cast(pl.Int64))
    if numbers.height < 2:
        return
    whole = numbers.get_column("number").n_unique() == numbers.height
    by = pl.lit(0).alias("series") if whole else pl.col("journal_code").alias("series")
    gaps = numbers.group_by(by).agg(
        gap=pl.col("number").max() - pl.col("number").min() + 1 - pl.col("number").n_unique()
    )
    missing = int(gaps.get_column("gap").sum())
    if missing:
        report.add("fec_numbering", "note", file=name, column=HEADINGS["entry_number"], count=missing, n=missing)


def _some(lines: list[int], shown: int = 6) -> str:
    return ", ".join(str(line) for line in lines[:shown]) + (", …" if len(lines) > shown else "")


def _customer() -> pl.Expr:
    return pl.coalesce("aux", "account")


def _entries(frame: pl.DataFrame) -> pd.DataFrame:
    money = [(pl.col(column) / 100).alias(column) for column in ("debit", "credit", "currency_amount")]
    frame = frame.select(ENTRIES).with_columns(*money, pl.col(DATES).cast(pl.Datetime("us")))
    table = frame.to_pandas()
    return table.astype(dict.fromkeys(TEXTS, "str") | {"currency_amount": "float64", "line": "int64"})


def _net_cents(entries: pd.DataFrame) -> pd.Series:
    return ((entries["debit"] * 100).round() - (entries["credit"] * 100).round()).astype("int64")


# ---------------------------------------------------------------- writing


def write_fec(fec: Fec, path: str | Path) -> Path:
    """Write a FEC as the law describes it: UTF-8, tab, 18 columns, decimal comma.

    Parameters
    ----------
    fec : Fec
    path : str or Path
        Written under a temporary name, then renamed: it is complete or absent.

    Returns
    -------
    Path
        Reading it gives the same entries (line numbers follow the new file).
    """
    path = Path(path)
    frame = pl.from_pandas(fec.entries[list(HEADINGS)])
    texts = [pl.col(column).cast(pl.String).str.replace_all(r"[\t\r\n]", " ") for column in TEXTS]
    money = [_written(column) for column in ("debit", "credit", "currency_amount")]
    dates = [pl.col(column).cast(pl.Date).dt.strftime("%Y%m%d") for column in DATES]
    frame = frame.with_columns(*texts, *money, *dates).select(list(HEADINGS)).rename(HEADINGS)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            frame.write_csv(file, separator="\t", line_terminator="\r\n", quote_style="never", null_value="")
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def _written(column: str) -> pl.Expr:
    cents = (pl.col(column).cast(pl.Float64).fill_nan(None) * 100).round().cast(pl.Int64)
    sign = pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    decimals = (cents.abs() % 100).cast(pl.String).str.zfill(2)
    return (sign + (cents.abs() // 100).cast(pl.String) + "," + decimals).alias(column)


# ---------------------------------------------------------------- customers' lines


def _frame(fec: Fec) -> pl.DataFrame:
    """Entries with dates as days, `net` in cents, `entry`, and whether the line opens the year."""
    frame = pl.from_pandas(fec.entries.assign(net=_net_cents(fec.entries))).with_columns(pl.col(DATES).cast(pl.Date))
    frame = _with_entries(frame.with_columns(pl.col(TEXTS).cast(pl.String)))
    first_day = (
        frame.filter((pl.col("entry_date") == fec.start) & _on_balance_sheet())
        .group_by("entry")
        .agg(equity=pl.col("account").str.starts_with("1").any(), classes=pl.col("account").str.head(1).n_unique())
    )
    whole = first_day.filter(pl.col("equity") & (pl.col("classes") >= 3)).get_column("entry")
    return frame.with_columns(opening=_by_journal() | pl.col("entry").is_in(whole.implode()))


def _on_balance_sheet() -> pl.Expr:
    """Entries without a line of income or expense (890: opening balance sheet)."""
    return pl.col("account").str.contains("^(?:[1-5]|89)").all().over("entry")


def _by_journal() -> pl.Expr:
    """Lines of the journal of opening balances (à-nouveaux)."""
    code = pl.col("journal_code").fill_null("").str.to_uppercase().str.replace_all("[^A-Z]", "").is_in(_OPENING_CODES)
    label = pl.col("journal_label").fill_null("").str.to_lowercase().str.contains("nouveau")
    return (code | label) & _on_balance_sheet()


def _categories() -> pl.Expr:
    """What a counterpart account says of the customer's line."""
    account = pl.col("account")
    starts = [("c411", "411"), ("c416", "416"), ("bill", "413"), ("down_payment", "4191"), ("set_off", "401"),
              ("loss", "654"), ("loss", "6714"), ("vat", "445"), ("cash", "5")]  # fmt: skip
    chain = pl.coalesce(*(pl.when(account.str.starts_with(prefix)).then(pl.lit(name)) for name, prefix in starts))
    other = pl.any_horizontal(*(account.str.starts_with(prefix) for prefix in _NOT_SALES))
    sale = pl.when(account.str.starts_with("7") & ~other).then(pl.lit("sale"))
    return pl.coalesce(chain, sale, pl.lit("other"))


def _units(frame: pl.DataFrame) -> pl.DataFrame:
    """Cut entries into the smallest parts that balance, so that each line meets its own counterpart.

    By document number where each document of the entry balances; otherwise by
    runs of consecutive lines.
    """
    frame = frame.sort("entry", maintain_order=True)
    entry, net = frame.get_column("entry").to_numpy(), frame.get_column("net").to_numpy()
    first = np.ones(len(entry), dtype=bool)
    first[1:] = entry[1:] != entry[:-1]
    before = np.cumsum(net) - net
    start = before[np.maximum.accumulate(np.where(first, np.arange(len(entry)), 0))] if len(entry) else before
    run = np.cumsum(first | (before == start))
    pieces = (
        frame.group_by("entry", "piece_ref")
        .agg(pl.col("net").sum())
        .group_by("entry")
        .agg(documented=(pl.len() > 1) & pl.col("piece_ref").is_not_null().all() & (pl.col("net") == 0).all())
    )
    frame = frame.with_columns(run=pl.Series(run)).join(pieces, on="entry", how="left", maintain_order="left")
    frame = frame.with_columns(
        piece=pl.when("documented").then("piece_ref"), run=pl.when(~pl.col("documented")).then("run"),
        category=_categories(),
    )  # fmt: skip
    return _identified(frame, "unit", "entry", "piece", "run")


def _customer_lines(frame: pl.DataFrame, prefix: str, period: int) -> pd.DataFrame:
    """One row per line of accounts 411 and 416, with what its counterpart says.

    `cents` debit positive; `issue_date` the document's date where plausible, else
    the entry's; `excl` cents excluding VAT; `several`: counterparts of several kinds.
    """
    own = pl.col("account").str.contains("^41[16]")
    involved = _units(frame.filter(own.any().over("entry")))
    lines = involved.filter(own & (pl.col("net") != 0)).with_row_index("row")
    sides = involved.group_by("unit", "category").agg(
        dr=pl.col("net").clip(lower_bound=0).sum(), cr=(-pl.col("net")).clip(lower_bound=0).sum()
    )
    counter = (
        lines.select("row", "unit", "net", own="category")
        .join(sides, on="unit")
        .with_columns(opposite=pl.when(pl.col("net") > 0).then("cr").otherwise("dr"))
    )
    counter = counter.filter((pl.col("category") != pl.col("own")) & (pl.col("category") != "vat"))
    counter = counter.filter(pl.col("opposite") > 0).sort(
        "row", "opposite", "category", descending=[False, True, False]
    )
    counter = counter.group_by("row", maintain_order=True).agg(counter=pl.col("category").first(), several=pl.len() > 1)
    lines = lines.join(counter, on="row", how="left").join(_taxes(involved), on="unit", how="left").sort("row")
    # Sales and credit notes booked net in one entry: the opposite side holds no sale, the entry does.
    net_sale = pl.when(pl.col("sale") != 0).then(pl.lit("sale"))
    found = pl.coalesce("counter", net_sale, pl.lit("other"))
    kind = (
        pl.when(pl.col("net") > 0)
        .then(found.replace_strict(_DEBIT_KINDS, default="other", return_dtype=pl.String))
        .otherwise(found.replace_strict(_CREDIT_KINDS, default="other", return_dtype=pl.String))
    )
    lines = lines.with_columns(kind=pl.when("opening").then(pl.lit("opening")).otherwise(kind))
    share = pl.col("sale") / (pl.col("sale") + pl.col("vat"))
    sold = pl.col("kind").is_in(["invoice", "credit_note"]) & share.is_finite() & share.is_between(0.5, 1.0)
    dated = pl.when(_plausible()).then(pl.col("piece_date")).otherwise(pl.col("entry_date"))
    return (
        lines.select(
            (pl.lit(f"{prefix}-") + pl.col("line").cast(pl.String)).alias("id"),
            pl.lit(period).alias("period"),
            "line",
            "account",
            _customer().alias("customer_id"),
            pl.col("entry_date").cast(pl.Datetime("us")),
            pl.when(~pl.col("opening")).then(dated).cast(pl.Datetime("us")).alias("issue_date"),
            pl.col("piece_ref").alias("document"),
            pl.col("net").alias("cents"),
            pl.col("lettering").alias("letter"),
            pl.col("lettering_date").cast(pl.Datetime("us")).alias("letter_date"),
            "opening",
            "kind",
            pl.when(sold).then((pl.col("net") * share).round()).alias("excl"),
            pl.when(sold).then(pl.col("rate")).alias("vat_rate"),
            pl.col("several").fill_null(False),
            "unit",
        )
        .to_pandas()
        .astype(
            {
                "id": "str",
                "account": "str",
                "customer_id": "str",
                "document": "str",
                "letter": "str",
                "kind": "str",
                "excl": "float64",
                "vat_rate": "float64",
                "opening": bool,
                "several": bool,
            }
        )
    )


def _taxes(involved: pl.DataFrame) -> pl.DataFrame:
    """Sales and VAT of each unit in cents (credit positive), and the rate if there is one."""
    sale, vat = pl.col("category") == "sale", pl.col("category") == "vat"
    units = involved.group_by("unit").agg(
        sale=-pl.col("net").filter(sale).sum(),
        vat=-pl.col("net").filter(vat).sum(),
        accounts=pl.col("account").filter(vat).n_unique(),
        lines=(sale | vat).sum(),
    )
    sales, taxes = (units.get_column(name).to_numpy().astype(float)[:, None] for name in ("sale", "vat"))
    apart = np.abs(taxes - np.array([0.0, *_RATES]) * sales)
    best = apart.argmin(axis=1)
    close = (apart.min(axis=1) <= 1 + units.get_column("lines").to_numpy()) & (
        units.get_column("accounts") <= 1
    ).to_numpy()
    rates = np.where(close, np.array([0.0, *_RATES])[best], np.nan)
    rates = np.where(taxes[:, 0] == 0, 0.0, rates)
    return units.select("unit", "sale", "vat").with_columns(rate=pl.Series(rates))


# ---------------------------------------------------------------- two years


def _check_sequence(fec: Fec, previous: Fec) -> None:
    refusal = LoadReport(files=[fec.name])
    if previous.siren and fec.siren and previous.siren != fec.siren:
        refusal.add("fec_other_company", "fatal", file=fec.name, value=previous.siren, siren=fec.siren)
    if previous.end >= fec.start:
        refusal.add("fec_overlap", "fatal", file=fec.name, value=day(previous.end), start=day(fec.start))
    refusal.refuse()


def _join_years(fec: Fec, previous: Fec | None, report: LoadReport) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Customers' lines of one or two years, oldest first, and the movements of accounts 41 and 491."""
    frame = _frame(fec)
    lines = _customer_lines(frame, f"{fec.end:%Y%m%d}", 1)
    accounts, opened = _movements(frame), bool(frame.get_column("opening").any())
    if previous is None:
        if not opened:
            report.add("fec_no_opening", "note", file=fec.name)
    else:
        past = _frame(previous)
        before = _customer_lines(past, f"{previous.end:%Y%m%d}", 0)
        if (fec.start - previous.end).days > 1:
            report.add("fec_year_gap", "warning", file=fec.name, value=day(previous.end), start=day(fec.start))
        if opened:
            gaps = _gaps(_movements(past), accounts, fec, report)
        else:
            gaps = _movements(past).head(0)
            report.add("fec_opening_not_posted", "warning", file=fec.name)
        before = _carry_letters(before, lines[lines["opening"]])
        lines = pd.concat([before, lines[~lines["opening"]], _gap_lines(gaps, fec)], ignore_index=True)
        accounts = pd.concat([_movements(past), accounts[~accounts["opening"]], gaps], ignore_index=True)
    lines["group_period"] = lines.get("group_period", lines["period"])
    lines["group_period"] = lines["group_period"].fillna(lines["period"]).astype("int64")
    if previous is not None:
        _join_groups(lines)
    accounts = accounts.assign(amount=accounts["cents"] / 100)
    return _sorted(lines), accounts[["account", "customer_id", "booking_date", "amount"]]


def _movements(frame: pl.DataFrame) -> pd.DataFrame:
    kept = frame.filter(pl.col("account").str.contains("^(?:41|491)") & (pl.col("net") != 0))
    return (
        kept.select(
            "account",
            _customer().alias("customer_id"),
            pl.col("entry_date").cast(pl.Datetime("us")).alias("booking_date"),
            pl.col("net").alias("cents"),
            "opening",
        )
        .to_pandas()
        .astype({"account": "str", "customer_id": "str", "opening": bool})
    )


def _gaps(past: pd.DataFrame, accounts: pd.DataFrame, fec: Fec, report: LoadReport) -> pd.DataFrame:
    """Opening minus previous closing, per account and customer, where they differ."""
    openings = accounts[accounts["opening"]]
    detailed = openings["customer_id"] != openings["account"]
    lumped = set(openings["account"]) - set(openings.loc[detailed, "account"])
    past = past.assign(customer_id=past["customer_id"].where(~past["account"].isin(lumped), past["account"]))
    keys = ["account", "customer_id"]
    table = pd.DataFrame(
        {"opening": openings.groupby(keys)["cents"].sum(), "closing": past.groupby(keys)["cents"].sum()}
    )
    table = table.fillna(0).astype("int64")
    table = table[table["opening"] != table["closing"]].reset_index()
    for row in table.head(_LISTED).to_dict("records"):
        report.add(
            "fec_opening_gap",
            "warning",
            file=fec.name,
            value=row["customer_id"],
            account=row["account"],
            opening=row["opening"] / 100,
            closing=row["closing"] / 100,
            gap=(row["opening"] - row["closing"]) / 100,
        )
    if len(table) > _LISTED:
        report.add("fec_more", "warning", file=fec.name, count=len(table) - _LISTED, n=len(table) - _LISTED)
    first = openings["booking_date"].min() if len(openings) else pd.Timestamp(fec.start)
    return pd.DataFrame({
        "account": table["account"].astype("str"), "customer_id": table["customer_id"].astype("str"),
        "booking_date": pd.Series(first, index=table.index, dtype="datetime64[us]"),
        "cents": table["opening"] - table["closing"], "opening": True,
    })  # fmt: skip


def _gap_lines(gaps: pd.DataFrame, fec: Fec) -> pd.DataFrame:
    """Differences between opening and previous closing, as items of unknown age."""
    gaps = gaps[gaps["account"].str.contains("^41[16]")]
    return pd.DataFrame({
        "id": (f"{fec.end:%Y%m%d}-gap-" + gaps["account"] + "-" + gaps["customer_id"]).astype("str"), "period": 1,
        "line": 0, "account": gaps["account"], "customer_id": gaps["customer_id"], "entry_date": gaps["booking_date"],
        "issue_date": pd.Series(pd.NaT, index=gaps.index, dtype="datetime64[us]"),
        "document": pd.Series(None, index=gaps.index, dtype="str"), "cents": gaps["cents"],
        "letter": pd.Series(None, index=gaps.index, dtype="str"),
        "letter_date": pd.Series(pd.NaT, index=gaps.index, dtype="datetime64[us]"), "opening": True,
        "kind": pd.Series("opening", index=gaps.index, dtype="str"), "excl": np.nan, "vat_rate": np.nan,
        "several": False, "unit": -1,
    })  # fmt: skip


def _carry_letters(before: pd.DataFrame, openings: pd.DataFrame) -> pd.DataFrame:
    """Give unlettered lines of the previous year the lettering of the opening line that carries them forward.

    Pairs by account, customer, amount and document, then without the document.
    """
    before = before.assign(group_period=0)
    waiting = before.index[before["letter"].isna()]
    left = openings
    for keys in (["account", "customer_id", "cents", "document"], ["account", "customer_id", "cents"]):
        old, new = before.loc[waiting, keys].dropna(), left[keys].dropna()
        old = old.assign(rank=old.groupby(keys).cumcount(), old=old.index)
        new = new.assign(rank=new.groupby(keys).cumcount(), new=new.index)
        pairs = old.merge(new, on=[*keys, "rank"])
        waiting, left = waiting.difference(pd.Index(pairs["old"])), left.drop(pairs["new"])
        pairs = pairs[openings.loc[pairs["new"], "letter"].notna().to_numpy()]
        for column in ("letter", "letter_date"):
            before.loc[pairs["old"], column] = openings.loc[pairs["new"], column].to_numpy()
        before.loc[pairs["old"], "group_period"] = 1
    return before


def _join_groups(lines: pd.DataFrame) -> None:
    """One group where a code left unbalanced at the closing goes on, the other way, in the new year."""
    keys = ["account", "customer_id", "letter"]
    nets = [lines[lines["group_period"] == period].groupby(keys)["cents"].sum() for period in (0, 1)]
    signs = np.sign(nets[0]).mul(np.sign(nets[1]), fill_value=0)
    joined = signs.index[signs < 0]
    if len(joined):
        continued = pd.MultiIndex.from_frame(lines[keys]).isin(joined)
        lines.loc[continued, "group_period"] = 0


def _sorted(lines: pd.DataFrame) -> pd.DataFrame:
    """Oldest first; balances of unknown age that open the first year are older than anything dated."""
    unknown = lines["opening"] & (lines["period"] == lines["period"].min())
    when = lines["issue_date"].fillna(lines["entry_date"])
    order = pd.DataFrame({"known": ~unknown, "when": when, "period": lines["period"], "line": lines["line"]})
    ranks = order.sort_values(["known", "when", "period", "line"], kind="stable").index
    return lines.loc[ranks].reset_index(drop=True)


# ---------------------------------------------------------------- matching


class _Matching:
    """Amounts still to be matched, in cents, and the matches made so far."""

    def __init__(self, lines: pd.DataFrame):
        self.debit = (lines["cents"] > 0).to_numpy()
        self.left = lines["cents"].abs().to_numpy().copy()
        self.pieces: list[pd.DataFrame] = []

    def match(self, chosen: np.ndarray, key: np.ndarray, label: str, limit: np.ndarray | None = None) -> None:
        """Match the `chosen` debits and credits of equal `key`, oldest first.

        `limit`: no more than this much of each credit.
        """
        amounts = self.left if limit is None else np.where(self.debit, self.left, np.minimum(self.left, limit))
        owed, paid = (np.flatnonzero(chosen & side & (amounts > 0)) for side in (self.debit, ~self.debit))
        owed, paid = (rows[np.argsort(key[rows], kind="stable")] for rows in (owed, paid))
        if not len(owed) or not len(paid):
            return
        size = int(key.max()) + 1
        totals = [np.zeros(size, dtype=np.int64) for _ in range(2)]
        for total, rows in zip(totals, (owed, paid)):
            np.add.at(total, key[rows], amounts[rows])
        matched = np.minimum(*totals)
        # Both sides are laid end to end on one line, key after key, each cut to what is matched: a piece of
        # that line belongs to one debit and one credit.
        base = np.cumsum(matched) - matched
        ends = []
        for total, rows in zip(totals, (owed, paid)):
            own = np.cumsum(amounts[rows]) - (np.cumsum(total) - total)[key[rows]]
            ends.append(np.minimum(own, matched[key[rows]]) + base[key[rows]])
        cuts = np.unique(np.concatenate([[0], *ends]))
        starts, cents = cuts[:-1], np.diff(cuts)
        owed = owed[np.searchsorted(ends[0], starts, side="right")]
        paid = paid[np.searchsorted(ends[1], starts, side="right")]
        np.subtract.at(self.left, owed, cents)
        np.subtract.at(self.left, paid, cents)
        self.pieces.append(pd.DataFrame({"debit": owed, "credit": paid, "cents": cents, "match": label}))


def _settle(lines: pd.DataFrame, fifo: bool, two_years: bool) -> pd.DataFrame:
    """Which credit settles which debit (positions in `lines`), for how many cents and why.

    Lettered groups first. The other half of a group with too many credits is
    before the file (or in the previous one): its oldest credits, up to the
    excess, go to the customer's opening items; what these cannot take stays
    unallocated.
    """
    work = _Matching(lines)
    groups = lines.groupby(["account", "customer_id", "letter", "group_period"], sort=False).ngroup()
    group = groups.fillna(-1).astype("int64").to_numpy()
    holder = lines.groupby(["account", "customer_id"], sort=False).ngroup().to_numpy()
    lettered = group >= 0
    excess = np.zeros(group.max(initial=-1) + 2, dtype=np.int64)  # last cell: unlettered lines, group -1
    np.subtract.at(excess, group, lines["cents"].to_numpy())
    excess[-1] = 0
    over = excess[group] > 0
    work.match(lettered & ~over, group, "lettering")

    opening, past = lines["opening"].to_numpy(), (lines["period"] == 0).to_numpy()
    recent = np.zeros(len(excess), dtype=bool)
    recent[group[~past]] = True
    old_groups = over & ~recent[group]
    rounds = [(old_groups, opening & past), (over & ~old_groups, opening | (past if two_years else opening))]
    for credited, pool in rounds:
        pool = pool & work.debit & ~over
        limit = _towards_opening(work, credited & ~work.debit, group, holder, excess, pool)
        work.match(pool | (credited & ~work.debit), holder, "opening", limit)
    work.match(lettered & over, group, "lettering")
    if fifo:
        work.match(~lines["account"].str.startswith("4117").to_numpy(dtype=bool), holder, "fifo")
    if not work.pieces:
        return pd.DataFrame({"debit": [], "credit": [], "cents": [], "match": []}).astype(
            {"debit": "int64", "credit": "int64", "cents": "int64", "match": "str"}
        )
    return pd.concat(work.pieces, ignore_index=True)


def _towards_opening(
    work: _Matching, credited: np.ndarray, group: np.ndarray, holder: np.ndarray, excess: np.ndarray, pool: np.ndarray
) -> np.ndarray:
    """How much of each credit its group may give to the opening items: the earliest groups first."""
    limit = np.zeros(len(group), dtype=np.int64)
    rows = np.flatnonzero(credited)
    if not len(rows) or not pool.any():
        return limit
    available = np.zeros(holder.max() + 1, dtype=np.int64)
    np.add.at(available, holder[pool], work.left[pool])
    lots = pd.DataFrame({"row": rows, "group": group[rows], "holder": holder[rows], "cents": work.left[rows]})
    groups = lots.groupby("group", sort=False)[["holder"]].first()  # in the order of their first credit
    groups["excess"] = excess[groups.index]
    before = groups.groupby("holder")["excess"].cumsum() - groups["excess"]
    groups["given"] = np.clip(available[groups["holder"]] - before, 0, groups["excess"])
    taken = lots.groupby("group")["cents"].cumsum() - lots["cents"]
    given = groups["given"].reindex(lots["group"]).to_numpy()
    limit[rows] = np.clip(given - taken.to_numpy(), 0, lots["cents"].to_numpy())
    return limit


def _match_all(lines: pd.DataFrame, fifo: bool, two_years: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Match 411, give the claims moved to 416 the dates of their invoices, then match 416."""
    doubtful = lines["account"].str.startswith("416").to_numpy(dtype=bool)
    claims = lines[~doubtful].reset_index(drop=True)
    pieces = _settle(claims, fifo, two_years)
    moved = _trace(lines[doubtful], claims, pieces)
    later = _settle(moved, fifo, two_years)
    later[["debit", "credit"]] += len(claims)
    return pd.concat([claims, moved], ignore_index=True), pd.concat([pieces, later], ignore_index=True)


def _trace(moved: pd.DataFrame, claims: pd.DataFrame, pieces: pd.DataFrame) -> pd.DataFrame:
    """Split each transfer to 416 into the 411 items it comes from, with their dates."""
    moved = moved.assign(source=-1)
    transfers = (moved["kind"] == "doubtful") & (moved["cents"] > 0)
    if not transfers.any():
        return moved.reset_index(drop=True)
    sources: dict[tuple[int, int], list[list[Any]]] = {}
    handed = claims[claims["kind"] == "to_doubtful"]
    settled = pieces[pieces["credit"].isin(handed.index)].sort_values(["credit", "debit"])
    for debit, credited, cents in settled[["debit", "credit", "cents"]].to_numpy(dtype=object):
        credit = claims.loc[credited]
        sources.setdefault((credit["period"], credit["unit"]), []).append([credit["customer_id"], debit, cents])
    rows = []
    for row in (dict(zip(moved.columns, values)) for values in moved[transfers].itertuples(index=False)):
        known = sources.get((row["period"], row["unit"]), [])
        same = [source for source in known if source[0] == row["customer_id"]]
        left, parts = row["cents"], []
        for source in same or known:
            cents = min(left, source[2])
            if cents:
                parts.append((source[1], cents))
                source[2] -= cents
                left -= cents
        if left:
            parts.append((-1, left))
        for number, (origin, cents) in enumerate(parts, start=1):
            part = {**row, "cents": cents, "source": origin}
            if len(parts) > 1:
                part["id"] = f"{row['id']}-{number}"
            rows.append(part | (_origin(claims.loc[origin], cents) if origin >= 0 else _unknown(row)))
    split = pd.DataFrame(rows, columns=moved.columns).astype(moved.dtypes.to_dict())
    return _sorted(pd.concat([moved[~transfers], split], ignore_index=True))


def _origin(item: pd.Series, cents: int) -> dict[str, Any]:
    """What a doubtful claim keeps of the invoice it was."""
    kept = {name: item[name] for name in ("issue_date", "due_date", "document", "vat_rate")}
    return {**kept, "excl": round(item["excl"] / item["cents"] * cents) if pd.notna(item["excl"]) else np.nan}


def _unknown(row: dict[str, Any]) -> dict[str, Any]:
    """Keep the date written on the transfer only if it is earlier, that is, the invoice's."""
    return {} if row["issue_date"] < row["entry_date"] else {"issue_date": pd.NaT, "due_date": pd.NaT}


# ---------------------------------------------------------------- terms, tables, notes


def _granted(terms: Any) -> dict[str, Any]:
    """Terms by customer, and under "default"."""
    granted = {str(key): value for key, value in terms.items()} if isinstance(terms, Mapping) else {"default": terms}
    if granted.get("default") is None:
        granted["default"] = _DEFAULT_TERMS
    for value in granted.values():
        parse_terms(value)
    return granted


def _with_due_dates(lines: pd.DataFrame, granted: dict[str, Any], reading: str) -> pd.DataFrame:
    """Add `terms` and `due_date`; a returned payment is due at once, as its invoice was."""
    terms = pd.Series(granted["default"], index=lines.index, dtype=object)
    for customer in set(granted) - {"default"}:
        terms[lines["customer_id"] == customer] = granted[customer]
    due = due_date(lines["issue_date"], terms, reading)
    due = due.where(lines["kind"] != "returned_payment", lines["issue_date"])
    return lines.assign(terms=terms, due_date=due.where(~_retained(lines)))


def _retained(lines: pd.DataFrame) -> pd.Series:
    return lines["account"].str.startswith("4117").astype(bool)


def _items(lines: pd.DataFrame) -> pd.Series:
    return (lines["cents"] > 0) | lines["kind"].isin(_PAIRED)


def _tables(lines: pd.DataFrame, pieces: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lay lines and matches out as INVOICES and SETTLEMENTS."""
    items = lines[_items(lines)]
    amount, doubtful = items["cents"] / 100, items["account"].str.startswith("416")
    invoices = _table(INVOICES, items.index, {
        "item_id": items["id"], "customer_id": items["customer_id"], "document": items["document"],
        "kind": items["kind"], "issue_date": items["issue_date"], "due_date": items["due_date"],
        "booking_date": items["entry_date"], "currency": "EUR", "amount": amount, "book_amount": amount,
        "amount_excl_vat": items["excl"] / 100, "vat_rate": items["vat_rate"],
        "vat_regime": pd.Series("standard", index=items.index, dtype="str").where(items["vat_rate"] > 0),
        "retention": _retained(items), "doubtful_from": items["entry_date"].where(doubtful),
        "account": items["account"],
    })  # fmt: skip
    return invoices, _settlements(lines, pieces)


def _settlements(lines: pd.DataFrame, pieces: pd.DataFrame) -> pd.DataFrame:
    owed = lines.loc[pieces["debit"]].reset_index(drop=True)
    paid = lines.loc[pieces["credit"]].reset_index(drop=True)
    allocated = pd.concat([owed["entry_date"], paid["entry_date"]], axis=1).max(axis=1)
    lettered = pd.concat([allocated, owed["letter_date"], paid["letter_date"]], axis=1).max(axis=1)
    carried = pd.concat([allocated, paid["letter_date"]], axis=1).max(axis=1)
    allocated = allocated.mask(pieces["match"] == "lettering", lettered).mask(pieces["match"] == "opening", carried)
    paired = paid["kind"].isin(_PAIRED)
    # A credit that is an item of its own is used up as the other item is reduced: two rows that sum to zero, on
    # one day, so that no total moves.
    matched = paid.assign(
        item=owed["id"], amount=pieces["cents"] / 100, match=pieces["match"].astype("str"), allocated=allocated,
        paid=paid["entry_date"].mask(paired, allocated), kind=paid["kind"].replace("opening", "other"),
        position=pieces["credit"],
    )  # fmt: skip
    used_up = matched[paired].assign(item=paid.loc[paired, "id"], amount=-matched.loc[paired, "amount"])
    left = lines["cents"].abs() - pieces.groupby("credit")["cents"].sum().reindex(lines.index, fill_value=0)
    free = lines[~_items(lines) & (left > 0)]
    blank = pd.Series(None, index=free.index, dtype="str")
    free = free.assign(
        amount=left[free.index] / 100,
        paid=free["entry_date"],
        allocated=pd.Series(pd.NaT, index=free.index, dtype="datetime64[us]"),
        position=free.index,
        item=blank,
        match=blank,
    )
    rows = pd.concat([part for part in (matched, used_up, free) if len(part)] or [matched], ignore_index=True)
    rows = rows.sort_values("position", kind="stable").reset_index(drop=True)
    several = rows.groupby("position")["id"].transform("size") > 1
    number = (rows.groupby("position").cumcount() + 1).astype("str")
    return _table(SETTLEMENTS, rows.index, {
        "settlement_id": rows["id"].where(~several, rows["id"] + "-" + number), "item_id": rows["item"],
        "customer_id": rows["customer_id"], "document": rows["document"], "kind": rows["kind"], "currency": "EUR",
        "amount": rows["amount"], "book_amount": rows["amount"], "payment_date": rows["paid"],
        "allocation_date": rows["allocated"], "match": rows["match"], "account": rows["account"],
    })  # fmt: skip


def _table(columns: Iterable[Column], index: pd.Index, values: dict[str, Any]) -> pd.DataFrame:
    """Every column of a schema with its type; those not given are blank."""
    types = {"text": "str", "date": "datetime64[us]", "money": "float64", "number": "float64", "flag": "bool"}
    empty = {"text": None, "date": pd.NaT, "money": np.nan, "number": np.nan, "flag": False}
    table = {
        column.name: pd.Series(values.get(column.name, empty[column.kind]), index=index).astype(types[column.kind])  # type: ignore[call-overload]
        for column in columns
    }
    return pd.DataFrame(table, index=index).reset_index(drop=True)


def _customers(fecs: list[Fec], lines: pd.DataFrame, granted: dict[str, Any]) -> pd.DataFrame:
    """Customers with the name most often written."""
    parts = []
    for fec in fecs:
        own = fec.entries[fec.entries["account"].str.contains("^41[16]")]
        named = own["aux_label"].where(own["aux"].notna(), own["account_label"])
        parts.append(pd.DataFrame({"customer_id": own["aux"].fillna(own["account"]), "name": named}))
    names = pd.concat(parts).groupby(["customer_id", "name"]).size().rename("count").reset_index()
    names = names.sort_values(["count", "name"], ascending=[False, True]).drop_duplicates("customer_id")
    ids = pd.Series(sorted(lines["customer_id"].unique()), dtype="str")
    known = names.set_index("customer_id")["name"].reindex(ids).reset_index(drop=True)
    own_terms = [str(granted[key]) if key in granted and key != "default" else None for key in ids]
    return _table(CUSTOMERS, ids.index, {
        "customer_id": ids, "customer_name": known.where(known.notna(), ids),
        "terms": pd.Series(own_terms, dtype="str"),
    })  # fmt: skip


def _notes(name: str, lines: pd.DataFrame, pieces: pd.DataFrame, dated: bool, report: LoadReport) -> None:
    """Say what was assumed, and for how much."""

    def say(code: str, level: str, cents: pd.Series) -> None:
        if len(cents):
            report.add(code, level, file=name, count=len(cents), n=len(cents), amount=int(cents.sum()) / 100)

    left = lines["cents"].abs() - pieces.groupby("credit")["cents"].sum().reindex(lines.index, fill_value=0)
    excess = (lines["cents"] < 0) & lines["letter"].notna() & (left > 0)
    untraced = (lines["source"] < 0) & (lines["kind"] == "doubtful") & (lines["cents"] > 0)
    say("fec_opening_unknown", "warning", lines.loc[lines["kind"] == "opening", "cents"])
    say("fec_opening_matched", "note", pieces.loc[pieces["match"] == "opening", "cents"])
    say("fec_excess_left", "warning", left[excess])
    say("fec_doubtful_unknown", "warning", lines.loc[untraced, "cents"])
    say("fec_retention", "note", lines.loc[_retained(lines) & _items(lines), "cents"])
    say("fec_mixed", "note", lines.loc[lines["several"] & ~lines["opening"], "cents"].abs())
    say("fec_fifo", "note", pieces.loc[pieces["match"] == "fifo", "cents"])
    if not dated and lines["letter"].notna().any():
        report.add("fec_undated_lettering", "note", file=name)


def _terms_notes(name: str, lines: pd.DataFrame, granted: dict[str, Any], report: LoadReport) -> None:
    due = lines[_items(lines) & lines["due_date"].notna()]
    returned = due["kind"] == "returned_payment"
    for terms, count in due.loc[~returned, "terms"].value_counts().items():
        report.add("fec_terms", "note", file=name, value=str(terms), count=count, n=count)
    if returned.any():
        report.add("fec_returned", "note", file=name, count=int(returned.sum()), n=int(returned.sum()))
