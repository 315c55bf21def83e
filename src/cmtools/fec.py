"""The FEC (fichier des écritures comptables): read, check, write, turn into a ledger.

Every French company must be able to hand this file to the tax office (Livre des
procédures fiscales, art. A47 A-1). It lists every line of every entry of one
financial year; customers' invoices and receipts are found again through the
counterpart accounts and the lettering.

Steps of :func:`read_fec`: decode, find the columns (`_heading`), split, type, check.
What the entries say of the customers is in :mod:`cmtools.fec_ledger`.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl

from cmtools.files import utf16, written_whole
from cmtools.language import day
from cmtools.schemas import Ledger, LoadReport, shorten

if TYPE_CHECKING:
    from cmtools.trial_balance import TrialBalance

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
_OFFICIAL = {**HEADINGS, "amount": "Montant", "side": "Sens"}
_CORE = ("journal_code", "entry_number", "entry_date", "account")
_SEPARATORS = "\t|;,"
LISTED = 20  # defects of one kind told one by one
_LONGEST_YEAR = 731  # days; a financial year never exceeds 24 months
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
        return int(net_cents(self.entries[kept]).sum()) / 100

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
        from cmtools.fec_ledger import build_ledger  # it needs this module

        return build_ledger(self, previous, terms, reading, unallocated)

    def trial_balance(self) -> TrialBalance:
        """Balance of every account at the end of the period.

        Returns
        -------
        TrialBalance
            Opening entries included; closing entries, which carry charges and
            income to account 12 or balances to account 89, are left out with a
            note. Customers and suppliers (accounts 41 and 40) stay apart where
            the file names them. ``.statements()`` gives the annual accounts.

        Notes
        -----
        A FEC is meant to hold the opening entries and not those that close
        classes 6 and 7 (Livre des procédures fiscales, art. A47 A-1; from
        memory, unconfirmed), so the result is the sum of these classes.

        Examples
        --------
        What is the result of the sample company?

        >>> accounts = read_fec("data/904172638FEC20250630.txt").trial_balance().statements().table
        >>> round(float(accounts["resultat_net"].iloc[0]))
        287039
        """
        from cmtools.trial_balance import of_fec  # it needs this module

        return of_fec(self)


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
    report = LoadReport(files=[shorten(path.name, 255)])
    text = _decode(_bytes(path, report), encoding, report)
    fields, separator, body = _heading(text, report)
    raw, ragged = _split(body, separator, fields, report)
    frame, unreadable = _typed(raw, report)
    summable = not (ragged or unreadable.any())
    dateless = frame.get_column("entry_date").is_null() | frame.get_column("account").is_null()
    frame = with_entries(frame)
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
        report.add("fec_no_entries", "fatal", file=report.files[0])
        report.refuse()
    siren, start, end = _period(report.files[0], frame, report)
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
        report.add("missing_file", "fatal", file=report.files[0], value=report.files[0])
    elif not raw.strip():
        report.add("empty_file", "fatal", file=report.files[0])
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
    wide = utf16(raw)
    if wide:
        return "UTF-16", raw.decode(wide, errors="replace")
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
    found = ", ".join(heading.strip() for heading in headings)
    for column in (*_CORE, *wanted):
        if column not in known:
            report.add("fec_missing_column", "fatal", file=name, line=1, value=_OFFICIAL[column], found=found)
    for column in doubled:
        report.add("fec_duplicate_column", "fatal", file=name, line=1, value=_OFFICIAL[column])
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
        counted = wrong.with_columns(raw=(pl.col("raw").str.count_matches(separator, literal=True) + 1).cast(pl.String))
        _each(report, "fec_field_count", "error", counted, column="raw", expected=width)
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
    debit, credit, unreadable = _sides(raw, report)
    foreign, bad = _cents(raw.get_column("currency_amount"))
    _each(report, "bad_amount", "warning", raw, bad, "currency_amount")
    known = raw.get_column("currency_amount").is_not_null() & ~bad
    dates = []
    for column in DATES:
        days, bad = _dates(raw.get_column(column))
        dates.append(days.alias(column))
        _each(report, "fec_bad_date", "error" if column == "entry_date" else "warning", raw, bad, column)
        if column == "entry_date":
            _each(report, "fec_blank", "error", raw, days.is_null() & ~bad, column)
    account = raw.get_column("account")
    _each(report, "fec_blank", "error", raw, account.is_null(), "account")
    bad = ~account.str.contains("^[0-9]").fill_null(True)  # quoted, say: it would belong to no class
    _each(report, "fec_bad_account", "error", raw, bad, "account")
    frame = raw.with_columns(*dates, debit=debit, credit=credit, currency_amount=foreign)
    frame = frame.with_columns(account=pl.when(~bad).then("account"))
    frame = frame.with_columns(currency_amount=pl.when(known).then("currency_amount")).select(ENTRIES)
    _each(report, "fec_both_sides", "warning", frame, (debit != 0) & (credit != 0))
    return frame.with_columns(net=pl.col("debit") - pl.col("credit")), unreadable


def _sides(raw: pl.DataFrame, report: LoadReport) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Debit and credit in cents, from Debit and Credit or from Montant and Sens; and which rows are unreadable."""
    if "amount" not in raw.columns:
        (debit, bad_debit), (credit, bad_credit) = (_cents(raw.get_column(side)) for side in ("debit", "credit"))
        _each(report, "bad_amount", "error", raw, bad_debit, "debit")
        _each(report, "bad_amount", "error", raw, bad_credit, "credit")
        return debit, credit, bad_debit | bad_credit
    amount, unreadable = _cents(raw.get_column("amount"))
    _each(report, "bad_amount", "error", raw, unreadable, "amount")
    side = raw.get_column("side").str.to_uppercase()
    sign = side.replace_strict(_SIDES, default=None, return_dtype=pl.Int64)
    bad = sign.is_null() & ((amount != 0) | side.is_not_null())
    _each(report, "fec_bad_side", "error", raw, bad, "side")
    zero = pl.zeros(raw.height, dtype=pl.Int64, eager=True)
    debit, credit = (amount.zip_with(sign.fill_null(0) == value, zero) for value in (1, -1))
    return debit, credit, unreadable | bad


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
    known = texts.unique()  # a year has few days
    found = pl.Series([None], dtype=pl.Date).new_from_index(0, len(known))
    for pattern, form in (("^[0-9]{8}$", "%Y%m%d"), ("^[0-9]{2}/[0-9]{2}/[0-9]{4}$", "%d/%m/%Y"),
                          ("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "%Y-%m-%d")):  # fmt: skip
        shaped = known.str.contains(pattern).fill_null(False)
        if shaped.any():
            found = known.str.to_date(form, strict=False).zip_with(shaped, found)
    possible = found.dt.year().is_between(1900, 2199).fill_null(False)
    days = pl.DataFrame({"text": known, "day": found}).with_columns(day=pl.when(possible).then("day"))
    bad = pl.col("day").is_null() & pl.col("text").is_not_null() & ~pl.col("text").str.contains("^0+$")
    table = pl.DataFrame({"text": texts}).join(
        days.with_columns(bad=bad), on="text", how="left", nulls_equal=True, maintain_order="left"
    )
    return table.get_column("day"), table.get_column("bad").fill_null(False)


def _each(
    report: LoadReport,
    code: str,
    level: str,
    frame: pl.DataFrame,
    found: pl.Series | None = None,
    column: str = "",
    **details: Any,
) -> None:
    """Report one defect per line `found` (all of `frame` if None); beyond the first ones, their number."""
    if found is not None:
        frame = frame.filter(found)
    name, heading = report.files[0], _OFFICIAL.get(column, "")
    shown = frame.head(LISTED).with_columns(value=pl.col(column) if column else pl.lit(None))
    for line, value in shown.select("line", "value").iter_rows():
        report.add(code, level, file=name, line=line, column=heading, value=value or "", **details)
    rest = frame.height - LISTED
    if rest > 0:
        line = frame.item(LISTED, "line")
        report.add("fec_more", level, file=name, line=line, column=heading, count=rest, n=rest)


def _count(report: LoadReport, code: str, level: str, found: pl.DataFrame, column: str, **details: Any) -> None:
    """Report how many lines are concerned, and the first of them; nothing if none is."""
    if found.height:
        details |= {"count": found.height, "n": found.height}
        line = found.item(0, "line")
        report.add(code, level, file=report.files[0], line=line, column=HEADINGS[column], **details)


# ---------------------------------------------------------------- checks


def with_entries(frame: pl.DataFrame) -> pl.DataFrame:
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
    return identified(frame, "entry", "journal_code", "number", "day")


def identified(frame: pl.DataFrame, name: str, *keys: str) -> pl.DataFrame:
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
    rows = frame.select("entry", "line", "net", "entry_number", "piece_ref", pl.Series("row", np.arange(frame.height)))
    rows = rows.with_columns(hash=frame.select(list(HEADINGS)).hash_rows()).join(counts, on="entry")
    rows = rows.sort("entry", "row").with_columns(place=pl.int_range(pl.len()).over("entry"))
    for times in (2, 3):
        copies = _copies(rows, times)
        for sure, code, level in ((True, "fec_duplicate_entry", "error"), (False, "fec_maybe_duplicate", "warning")):
            found = copies.filter(pl.col("documented") == sure)
            marked[found.filter(sure).get_column("row").to_numpy()] = True
            _each(report, code, level, found.group_by("entry", maintain_order=True).first(), column="entry_number")
    return pl.Series(marked, dtype=pl.Boolean)


def _copies(rows: pl.DataFrame, times: int) -> pl.DataFrame:
    """Lines of the second (and third) copy in entries that are one balanced run of lines `times` over."""
    part = rows.filter(pl.col("size") % times == 0).with_columns(block=pl.col("size") // times)
    hashes = part.get_column("hash").to_numpy()
    target = np.minimum(np.arange(part.height) + part.get_column("block").to_numpy(), max(part.height - 1, 0))
    again = pl.col("place") >= pl.col("block")
    same = (pl.col("ahead") == pl.col("hash")) | (pl.col("place") >= pl.col("size") - pl.col("block"))
    return part.with_columns(ahead=pl.Series(hashes[target], dtype=pl.UInt64)).with_columns(
        same=same.all().over("entry"),
        even=(pl.col("net") * ~again).sum().over("entry") == 0,
        documented=pl.col("piece_ref").is_not_null().any().over("entry"),
    ).filter(pl.col("same") & pl.col("even") & again & (pl.col("block") > 1))  # fmt: skip


def _check_balances(frame: pl.DataFrame, report: LoadReport) -> None:
    name, gap = report.files[0], int(frame.get_column("net").sum())
    if gap:
        debit, credit = (int(frame.get_column(side).sum()) / 100 for side in ("debit", "credit"))
        report.add("fec_file_balance", "error", file=name, debit=debit, credit=credit, gap=gap / 100)
    level = "error" if gap else "warning"
    sums = (pl.col("net").sum(), pl.col("line").min(), pl.col("line").max().alias("last"))
    journals = frame.group_by("journal_code", maintain_order=True).agg(*sums).filter(pl.col("net") != 0)
    for line, net, journal in journals.select("line", "net", "journal_code").iter_rows():
        report.add("fec_journal_balance", level, file=name, line=line, value=journal or "", gap=net / 100)
    entries = frame.group_by("entry", maintain_order=True).agg(*sums, pl.col("journal_code", "entry_number").first())
    entries = entries.filter(pl.col("net") != 0)
    for row in entries.head(LISTED).iter_rows(named=True):
        said = {"journal": row["journal_code"] or "", "last": str(row["last"]), "gap": row["net"] / 100}
        number = row["entry_number"] or ""
        report.add("fec_entry_balance", level, file=name, line=row["line"], value=number, **said)
    rest = entries.height - LISTED
    if rest > 0:
        report.add("fec_more", level, file=name, line=entries.item(LISTED, "line"), count=rest, n=rest)


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
    opening = frame.filter(opening_lines(frame) & pl.col("entry_date").is_between(first, last))
    start: Any = opening.get_column("entry_date").min() or first
    return siren, start, closing


def opening_lines(frame: pl.DataFrame) -> pl.Series:
    """Which lines stand in the journal of opening balances (à-nouveaux)."""
    codes, labels = (frame.get_column(name).unique() for name in ("journal_code", "journal_label"))  # few: read once
    codes = codes.filter(codes.str.to_uppercase().str.replace_all("[^A-Z]", "").is_in(_OPENING_CODES).fill_null(False))
    labels = labels.filter(labels.str.to_lowercase().str.contains("nouveau").fill_null(False))
    named = pl.col("journal_code").is_in(codes.implode()) | pl.col("journal_label").is_in(labels.implode())
    found = frame.select(named.fill_null(False)).to_series()
    return found & frame.get_column("entry").is_in(balance_sheet(frame, found).get_column("entry").implode())


def balance_sheet(frame: pl.DataFrame, lines: pl.Series) -> pl.DataFrame:
    """Whole entries with one of these lines and no line of income or expense (890: opening balance sheet)."""
    entries = frame.filter(lines).get_column("entry").unique()
    whole = frame.filter(pl.col("entry").is_in(entries.implode()))
    return whole.filter(pl.col("account").str.contains("^(?:[1-5]|89)").all().over("entry"))


def _check_dates(frame: pl.DataFrame, start: date, end: date, report: LoadReport) -> None:
    outside = frame.filter(~pl.col("entry_date").is_between(start, end))
    several = frame.filter(pl.col("number").is_not_null() & pl.col("day").is_null())
    unlikely = frame.filter(pl.col("piece_date").is_not_null() & ~plausible())
    for code, level, found, column in (
        ("fec_dates_outside", "warning", outside, "entry_date"), ("fec_several_dates", "note", several, "entry_date"),
        ("fec_piece_dates", "warning", unlikely, "piece_date"),
    ):  # fmt: skip
        lines = some_lines(found.get_column("line").to_list())
        _count(report, code, level, found, column, start=day(start), end=day(end), lines=lines)


def plausible() -> pl.Expr:
    """Document dates that can be the start of a claim: up to two years before the entry, a month after."""
    early, late = pl.col("entry_date").dt.offset_by("-730d"), pl.col("entry_date").dt.offset_by("31d")
    return pl.col("piece_date").is_between(early, late).fill_null(False)


def _check_customers(frame: pl.DataFrame, report: LoadReport) -> None:
    customers = frame.filter(pl.col("account").str.starts_with("41"))
    anonymous = customers.filter(pl.col("account").str.starts_with("411") & pl.col("aux").is_null())
    _count(report, "fec_no_customer", "note", anonymous, "aux")
    groups = (
        customers.filter(pl.col("lettering").is_not_null())
        .group_by("account", customer_of().alias("customer"), pl.col("lettering").alias("letter"), maintain_order=True)
        .agg(pl.col("net").sum().alias("cents"), pl.col("line").alias("lines"))
        .filter(pl.col("cents") != 0)
        .with_columns(
            file=pl.lit(report.files[0]), next_file=pl.lit(""), next_lines=pl.lit([], dtype=pl.List(pl.Int64))
        )
    )
    report_lettering(groups.to_dicts(), report)
    foreign = pl.col("currency_amount").is_not_null() | ~pl.col("currency").fill_null("EUR").is_in(["EUR"])
    _count(report, "fec_currency", "note", frame.filter(foreign), "currency")


def report_lettering(groups: list[dict[str, Any]], report: LoadReport) -> None:
    """Report unbalanced lettering groups: the first ones one by one, then the number and the sum of the others.

    Each group gives its `account`, `customer`, `letter`, `cents` (debit
    positive), the `file` where it starts and its `lines` there, and where it
    goes on in another file `next_file` and `next_lines`.
    """
    for row in groups[:LISTED]:
        details = {"customer": row["customer"], "account": row["account"], "gap": row["cents"] / 100}
        details |= {"lines": some_lines(row["lines"])}
        code = "fec_lettering"
        if row["next_file"]:
            code = "fec_lettering_years"
            details |= {"next_file": row["next_file"], "next_lines": some_lines(row["next_lines"])}
        line, column = row["lines"][0], HEADINGS["lettering"]
        report.add(code, "warning", file=row["file"], line=line, column=column, value=row["letter"], **details)
    others = groups[LISTED:]
    if others:
        first, gap = others[0], sum(abs(row["cents"]) for row in others) / 100
        details = {"count": len(others), "n": len(others), "gap": gap}
        report.add("fec_lettering_more", "warning", file=first["file"], line=first["lines"][0], **details)


def _check_numbers(frame: pl.DataFrame, report: LoadReport) -> None:
    name = report.files[0]
    _count(report, "fec_no_number", "note", frame.filter(pl.col("number").is_null()), "entry_number")
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


def some_lines(lines: list[int], shown: int = 6) -> str:
    """The first line numbers, for a sentence."""
    return ", ".join(str(line) for line in lines[:shown]) + (", …" if len(lines) > shown else "")


def customer_of() -> pl.Expr:
    """Number of the customer: the subledger account, else the account."""
    return pl.coalesce("aux", "account")


def _entries(frame: pl.DataFrame) -> pd.DataFrame:
    # Divided by numpy: Polars multiplies by 0.01, which misses the nearest float for one amount in eight.
    frame = frame.select(ENTRIES).with_columns(pl.col(DATES).cast(pl.Datetime("us")))
    table = frame.to_pandas()
    for column in ("debit", "credit", "currency_amount"):
        table[column] = table[column] / 100
    return table.astype(dict.fromkeys(TEXTS, "str") | {"currency_amount": "float64", "line": "int64"})


def net_cents(entries: pd.DataFrame) -> pd.Series:
    """Debit minus credit of each line, in cents."""
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
    with written_whole(path) as partial:
        frame.write_csv(partial, separator="\t", line_terminator="\r\n", quote_style="never", null_value="")
    return path


def _written(column: str) -> pl.Expr:
    cents = (pl.col(column).cast(pl.Float64).fill_nan(None) * 100).round().cast(pl.Int64)
    sign = pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    decimals = (cents.abs() % 100).cast(pl.String).str.zfill(2)
    return (sign + (cents.abs() // 100).cast(pl.String) + "," + decimals).alias(column)
