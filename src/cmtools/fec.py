"""The FEC (fichier des écritures comptables): read, check, write, turn into a ledger.

Every French company must be able to hand this file to the tax office (Livre des
procédures fiscales, art. A47 A-1). It lists every line of every entry of one
financial year; customers' invoices and receipts are found again through the
counterpart accounts and the lettering.

:func:`read_fec` has the lines decoded, split and typed by :mod:`cmtools.fec_lines`, then
checks them together. What the entries say of the customers is in :mod:`cmtools.fec_ledger`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl

from cmtools.fec_lines import DATES, ENTRIES, HEADINGS, LISTED, REPEATED, TEXTS, dated, each, of_text, read_lines
from cmtools.files import written_whole
from cmtools.language import day
from cmtools.schemas import Ledger, LoadReport, shorten

if TYPE_CHECKING:
    from cmtools.trial_balance import TrialBalance

__all__ = ["DATES", "ENTRIES", "HEADINGS", "LISTED", "REPEATED", "TEXTS", "Fec", "read_fec", "write_fec"]

_LONGEST_YEAR = 731  # days; a financial year never exceeds 24 months
_MONEY = ("debit", "credit", "currency_amount")
_OPENING_CODES = ("AN", "ANO", "RAN", "ANOUV", "ANOUVEAU", "ANOUVEAUX")


class Fec:
    """One financial year of entries.

    Attributes
    ----------
    entries : pandas.DataFrame
        One row per line of the file, columns ENTRIES. `line` counts from the
        heading (line 1); `debit` and `credit` in euros, exact to the cent; blanks
        are null. Made on first use from `lines`; a change there changes no
        figure of this object.
    lines : polars.DataFrame
        The same, more compact: amounts in whole cents, days as dates, texts
        that come again and again as categories.
    start, end : date
        Period covered: from the opening entry (else the first entry) to the
        closing date in the file's name (else the last entry).
    siren : str or None
        Company number, from the file's name.
    report : LoadReport
    """

    def __init__(
        self, lines: pl.DataFrame, start: date, end: date, siren: str | None = None, report: LoadReport | None = None
    ):
        self.lines, self.start, self.end, self.siren = lines, start, end, siren
        self.report = report or LoadReport()

    def __repr__(self) -> str:
        return f"Fec({self.name!r}, {self.start} to {self.end}, {self.lines.height} lines)"

    @cached_property
    def entries(self) -> pd.DataFrame:
        """The lines as pandas, amounts in euros."""
        # Divided by numpy: Polars multiplies by 0.01, which misses the nearest float for one amount in eight.
        return pd.DataFrame({name: _in_pandas(self.lines.get_column(name)) for name in ENTRIES})

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
        kept = of_text(self.lines.get_column("account"), lambda texts: _begin_with(texts, prefixes))
        if as_of is not None:
            kept &= self.lines.get_column("entry_date") <= date(as_of.year, as_of.month, as_of.day)
        return int(self.lines.filter(kept).select((pl.col("debit") - pl.col("credit")).sum()).item()) / 100

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
    frame, unreadable, ragged = read_lines(path, encoding, report)
    summable = not (ragged or unreadable.any())
    dateless = frame.get_column("entry_date").is_null() | frame.get_column("account").is_null()
    frame = with_entries(frame.with_columns(net=pl.col("debit") - pl.col("credit")))
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
    return Fec(frame.select(ENTRIES), start, end, siren, report)


def _count(report: LoadReport, code: str, level: str, found: pl.DataFrame, column: str, **details: Any) -> None:
    """Report how many lines are concerned, and the first of them; nothing if none is."""
    if found.height:
        details |= {"count": found.height, "n": found.height}
        line = found.item(0, "line")
        report.add(code, level, file=report.files[0], line=line, column=HEADINGS[column], **details)


# ---------------------------------------------------------------- checks


def with_entries(frame: pl.DataFrame) -> pl.DataFrame:
    """Add `entry`: which entry a line belongs to (position of its first line); `number` and `day`, its keys.

    Numbers may restart in each journal and each month, so journal, number and
    date make an entry; where that does not balance and journal and number do,
    the entry has several dates. Without a usable number: journal and date.
    """
    if not frame.height:
        return frame.with_columns(number="entry_number", day="entry_date", entry=pl.lit(0, dtype=pl.Int64))
    keys = ["journal_code", "entry_number", "entry_date"]
    # Lines of one entry mostly follow one another: a run of them is looked at once.
    changes = frame.select(pl.any_horizontal(pl.col(key).ne_missing(pl.col(key).shift()) for key in keys))
    changed = changes.to_series().to_numpy().copy()
    changed[0] = True
    first = np.flatnonzero(changed)
    sizes = np.diff(np.append(first, frame.height))
    usable = pl.col("entry_number").str.contains("[^0 .-]").fill_null(False)
    runs = frame.select(keys)[first].with_columns(usable=usable).with_columns(
        number=pl.when("usable").then("entry_number"), day="entry_date"
    )  # fmt: skip
    number, day = pl.col("entry_number"), pl.col("entry_date")
    if not runs.get_column("usable").all():
        number = pl.when(pl.Series(np.repeat(runs.get_column("usable").to_numpy(), sizes))).then(number)
    net = np.add.reduceat(frame.get_column("net").to_numpy(), first)
    group = _first_of(runs, "journal_code", "number", "day")
    gaps = _sums(net, group)
    if gaps.any():
        whole = _sums(net, _first_of(runs, "journal_code", "number")) == 0
        several = (gaps != 0) & whole & runs.get_column("number").is_not_null().to_numpy()
        day = pl.when(pl.Series(np.repeat(~several, sizes))).then(day)
        runs = runs.with_columns(day=pl.when(pl.Series(~several)).then("day"))
        group = _first_of(runs, "journal_code", "number", "day")
    return frame.with_columns(number=number, day=day, entry=pl.Series(np.repeat(first[group], sizes)))


def _first_of(frame: pl.DataFrame, *keys: str) -> np.ndarray:
    """Position of the first row with the same `keys` (blanks are equal)."""
    if frame.select(keys).hash_rows().n_unique() == frame.height:
        return np.arange(frame.height)
    return identified(frame.select(keys), "first", *keys).get_column("first").to_numpy()


def _sums(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Sum of each row's group (a group: the position of one of its rows)."""
    totals = np.zeros(len(values), dtype=np.int64)
    np.add.at(totals, group, values)
    return totals[group]


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
    where = _maybe_repeated(frame)
    if not len(where):
        return pl.Series(marked, dtype=pl.Boolean)
    part = frame[where]
    rows = part.select("entry", "line", "net", "entry_number", "piece_ref", row=pl.Series(where))
    rows = rows.with_columns(hash=part.select(list(HEADINGS)).hash_rows(), size=pl.len().over("entry"))
    rows = rows.sort("entry", "row").with_columns(place=pl.int_range(pl.len()).over("entry"))
    for times in (2, 3):
        copies = _copies(rows, times)
        for sure, code, level in ((True, "fec_duplicate_entry", "error"), (False, "fec_maybe_duplicate", "warning")):
            found = copies.filter(pl.col("documented") == sure)
            marked[found.filter(sure).get_column("row").to_numpy()] = True
            found = found.group_by("entry", maintain_order=True).first().with_columns(value="entry_number")
            each(report, code, level, found, HEADINGS["entry_number"])
    return pl.Series(marked, dtype=pl.Boolean)


def _maybe_repeated(frame: pl.DataFrame) -> np.ndarray:
    """Positions of the lines of the numbered entries whose amounts are one balanced run twice or three times over."""
    entry, net = frame.get_column("entry").to_numpy(), frame.get_column("net").to_numpy()
    order = np.arange(len(entry)) if (np.diff(entry) >= 0).all() else np.argsort(entry, kind="stable")
    entry, net = entry[order], net[order]
    start = np.flatnonzero(np.append(True, np.diff(entry) != 0)[: len(entry)])
    size = np.diff(np.append(start, len(entry)))
    numbered = frame.get_column("number").is_not_null().to_numpy()[order[start]]
    found = [np.zeros(0, dtype=np.int64)]
    for times in (2, 3):
        chosen = np.flatnonzero(numbered & (size >= 2 * times) & (size % times == 0))
        length = size[chosen]
        rows = np.repeat(start[chosen], length) + _places(length)
        block = np.repeat(length // times, length)
        compared = _places(length) < np.repeat(length, length) - block
        differs = np.zeros(len(rows), dtype=bool)
        differs[compared] = net[rows[compared]] != net[rows[compared] + block[compared]]
        owner = np.repeat(np.arange(len(chosen)), length)
        same = np.bincount(owner[differs], minlength=len(chosen)) == 0
        found.append(rows[same[owner]])
    return np.sort(order[np.unique(np.concatenate(found))])


def _places(sizes: np.ndarray) -> np.ndarray:
    """0, 1, 2… within each group of these sizes."""
    return np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)


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
    journals = journals.select("line", "net", pl.col("journal_code").cast(pl.String))
    for line, net, journal in journals.iter_rows():
        report.add("fec_journal_balance", level, file=name, line=line, value=journal or "", gap=net / 100)
    entries = frame.filter(_entry_gaps(frame) != 0)
    entries = entries.group_by("entry", maintain_order=True).agg(
        *sums, pl.col("journal_code").first().cast(pl.String), pl.col("entry_number").first()
    )
    for row in entries.head(LISTED).iter_rows(named=True):
        said = {"journal": row["journal_code"] or "", "last": str(row["last"]), "gap": row["net"] / 100}
        number = row["entry_number"] or ""
        report.add("fec_entry_balance", level, file=name, line=row["line"], value=number, **said)
    rest = entries.height - LISTED
    if rest > 0:
        report.add("fec_more", level, file=name, line=entries.item(LISTED, "line"), count=rest, n=rest)


def _entry_gaps(frame: pl.DataFrame) -> pl.Series:
    """Debit minus credit of each line's entry, in cents."""
    entry, net = frame.get_column("entry").to_numpy(), frame.get_column("net").to_numpy()
    totals = np.zeros(int(entry.max(initial=0)) + 1, dtype=np.int64)
    np.add.at(totals, entry, net)
    return pl.Series(totals[entry])


def _period(name: str, frame: pl.DataFrame, report: LoadReport) -> tuple[str | None, date, date]:
    """Company number, first and last day."""
    found = re.match(r"(?i)(\d{9})?.*?FEC[^0-9]{0,3}(\d{8})(?!\d)", name)
    siren = found[1] if found else None
    closing = dated(pl.Series([found[2] if found else None], dtype=pl.Categorical))[0][0]
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
    named = pl.Series([False]).new_from_index(0, frame.height)
    for column, told in (("journal_code", _opening_code), ("journal_label", _opening_label)):
        named |= of_text(frame.get_column(column), told)
    if not named.any():
        return named
    return named & frame.get_column("entry").is_in(balance_sheet(frame, named).get_column("entry").implode())


def _opening_code(codes: pl.Series) -> pl.Series:
    return codes.str.to_uppercase().str.replace_all("[^A-Z]", "").is_in(_OPENING_CODES)


def _opening_label(labels: pl.Series) -> pl.Series:
    return labels.str.to_lowercase().str.contains("nouveau")


def balance_sheet(frame: pl.DataFrame, lines: pl.Series) -> pl.DataFrame:
    """Whole entries with one of these lines and no line of income or expense (890: opening balance sheet)."""
    entries = frame.filter(lines).get_column("entry").unique()
    whole = frame.filter(pl.col("entry").is_in(entries.implode()))
    return whole.filter(pl.col("account").cast(pl.String).str.contains("^(?:[1-5]|89)").all().over("entry"))


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
    apart = pl.col("piece_date").to_physical() - pl.col("entry_date").to_physical()
    return apart.is_between(-730, 31).fill_null(False)


def _check_customers(frame: pl.DataFrame, report: LoadReport) -> None:
    own = of_text(frame.get_column("account"), lambda texts: texts.str.starts_with("41"))
    customers = frame.filter(own).select("line", "net", "lettering", pl.col("account", "aux").cast(pl.String))
    anonymous = customers.filter(pl.col("account").str.starts_with("411") & pl.col("aux").is_null())
    _count(report, "fec_no_customer", "note", anonymous, "aux")
    report_lettering(_unbalanced_letters(customers, report.files[0]), report)
    euros = of_text(frame.get_column("currency"), lambda texts: texts == "EUR", blank=True)
    foreign = frame.get_column("currency_amount").is_not_null() | ~euros
    _count(report, "fec_currency", "note", frame.filter(foreign), "currency")


def _unbalanced_letters(customers: pl.DataFrame, name: str) -> list[dict[str, Any]]:
    """Lettering groups that do not balance, in the order of their first lines."""
    keys = ["account", "customer", "letter"]
    lettered = customers.filter(pl.col("lettering").is_not_null())
    lettered = lettered.select("line", "net", "account", customer=customer_of(), letter="lettering")
    gaps = lettered.group_by(keys).agg(pl.col("net").sum()).filter(pl.col("net") != 0)
    wrong = lettered.join(gaps, on=keys, how="semi", maintain_order="left")
    groups = wrong.group_by(keys, maintain_order=True).agg(cents=pl.col("net").sum(), lines=pl.col("line"))
    return groups.with_columns(
        file=pl.lit(name), next_file=pl.lit(""), next_lines=pl.lit([], dtype=pl.List(pl.Int64))
    ).to_dicts()


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
    numbers = frame.select("entry", "number", "journal_code").filter(pl.col("entry").is_first_distinct())
    numbers = numbers.filter(pl.col("number").str.contains("^[0-9]{1,15}$").fill_null(False))
    numbers = numbers.with_columns(pl.col("number").cast(pl.Int64))
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


def _begin_with(texts: pl.Series, prefixes: tuple[str, ...]) -> pl.Series:
    return pl.Series([text.startswith(prefixes) for text in texts], dtype=pl.Boolean)


def _in_pandas(column: pl.Series) -> pd.Series:
    if column.name in DATES:
        return column.cast(pl.Datetime("us")).to_pandas()
    if column.name in TEXTS:
        return column.cast(pl.String).to_pandas().astype("str")
    if column.name in _MONEY:
        return column.to_pandas().astype("float64") / 100
    return column.to_pandas()


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
    texts = [pl.col(column).cast(pl.String).str.replace_all(r"[\t\r\n]", " ") for column in TEXTS]
    money = [_written(column) for column in _MONEY]
    dates = [pl.col(column).dt.strftime("%Y%m%d") for column in DATES]
    frame = fec.lines.with_columns(*texts, *money, *dates).select(list(HEADINGS)).rename(HEADINGS)
    with written_whole(path) as partial:
        frame.write_csv(partial, separator="\t", line_terminator="\r\n", quote_style="never", null_value="")
    return path


def _written(column: str) -> pl.Expr:
    cents = pl.col(column)
    sign = pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    decimals = (cents.abs() % 100).cast(pl.String).str.zfill(2)
    return (sign + (cents.abs() // 100).cast(pl.String) + "," + decimals).alias(column)
