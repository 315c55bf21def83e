"""Five hundred mutilated inputs, each with what must come of it.

    python benchmarks/mutilate.py FOLDER      writes every case into a folder of its own, to look at

A case is made of files, the arguments of ``cmtools check`` and ``cmtools report monthly``, and an expectation:

- *refused*: exit code 2 and a message that names the given lines and words;
- *report*: exit code 0, and the outstanding by currency, the number of open items and that of customer accounts that
  are not at zero. They are added up here from the rows of the case, with csv and Decimal, without cmtools;
- *either*: both can be defended; a report must then have these totals.

The files are those of the sample company, cut to eleven customers who between them show what a ledger can hold:
dollars, credit notes, down payments, bills, returned payments, doubtful claims, receipts on no invoice. Every choice is
drawn from the name of its case, so that the same cases come out every time.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import random
import re
import sys
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

DATA = Path(__file__).resolve().parents[1] / "data"
SEED = 20260813
AS_OF = "2026-06-30"
CUSTOMERS = (
    "000101",
    "000103",
    "000106",
    "000109",
    "000112",
    "000116",
    "000128",
    "000139",
    "000151",
    "000197",
    "000224",
)
FEC_NAME, PREVIOUS_NAME = "904172638FEC20260630.txt", "904172638FEC20250630.txt"
COUNT = 500

Row = dict[str, str]
Grid = list[list[str]]

DATES = ("Date facture", "Échéance", "Date comptable", "Litige du", "Litige clos le", "Douteux depuis le")
DATES += ("Date règlement", "Date lettrage", "Date de règlement")
MONEY = ("Montant TTC", "Montant TTC EUR", "Montant HT", "Montant", "Montant EUR", "Montant réglé")
MONEY += ("Limite de crédit", "Limite assureur")


class Truth(NamedTuple):
    """What a report must show: outstanding by currency, open items, customer accounts (by currency) not at zero."""

    owed: dict[str, Decimal]
    items: int | None = None
    customers: int | None = None


@dataclass(frozen=True)
class Expected:
    """What must come of a case.

    Attributes
    ----------
    outcome : {"refused", "report", "either"}
    truth : Truth, optional
        Of the report, where there may be one.
    lines : tuple of int
        Lines that a refusal must name.
    words : tuple of str
        Words that must be in what is said: in the refusal, or in the output of `check`.
    check : str
        Outcome of `check` where it is another one: it knows no date, and only one FEC.
    """

    outcome: str
    truth: Truth | None = None
    lines: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    check: str = ""


@dataclass(frozen=True)
class Case:
    """Files and arguments, and what must come of them; a file whose name ends with / is a folder.

    `forbidden`: texts that must not stand in the page of the report as they are.
    """

    name: str
    expected: Expected
    files: dict[str, bytes]
    check: tuple[str, ...]
    report: tuple[str, ...]
    forbidden: tuple[str, ...] = ()
    kind: str = ""
    language: str = "fr"


# --- the sample, cut ----------------------------------------------------------------------------------------------


class Sample(NamedTuple):
    """Rows of the cut sample as text, by heading."""

    factures: list[Row]
    reglements: list[Row]
    clients: list[Row]
    flat: list[Row]
    fec: list[Row]
    previous: list[Row]


@cache
def sample() -> Sample:
    """The sample company's rows of the customers kept."""
    factures, reglements, clients = (
        [row for row in _rows(f"{name}.csv", ";") if row["N° client"] in CUSTOMERS]
        for name in ("factures", "reglements", "clients")
    )
    entries = [_entries(_rows(name, "\t")) for name in (FEC_NAME, PREVIOUS_NAME)]
    return Sample(factures, reglements, clients, _flat(factures, reglements), *entries)


def _rows(file: str, separator: str) -> list[Row]:
    text = (DATA / file).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=separator))


def _flat(factures: list[Row], reglements: list[Row]) -> list[Row]:
    """One file with what is paid beside each item, in euros."""
    paid: dict[str, list[Row]] = defaultdict(list)
    for row in reglements:
        paid[row["Pièce"]].append(row)
    flat = []
    for row in factures:
        settled = paid.get(row["Pièce"], [])
        amount = sum((decimal(each["Montant"]) for each in settled), Decimal(0))
        last = max((day_of(each["Date règlement"]) for each in settled), default=None)
        if row["Devise"] == "EUR":
            flat.append(
                {
                    "Facture": row["Pièce"],
                    "N° client": row["N° client"],
                    "Client": row["Client"],
                    "Date facture": row["Date facture"],
                    "Échéance": row["Échéance"],
                    "Montant TTC": row["Montant TTC"],
                    "Montant réglé": french(amount) if settled else "",
                    "Date de règlement": f"{last:%d/%m/%Y}" if last else "",
                }
            )
    return flat


def _entries(lines: list[Row]) -> list[Row]:
    """Whole entries of the customers kept; the opening entry loses the other customers, share capital takes them up."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for line in lines:
        groups[line["JournalCode"], line["EcritureNum"]].append(line)
    kept = []
    for (journal, _), entry in groups.items():
        if journal == "AN":
            own = [line for line in entry if line["CompAuxNum"] in ("", *CUSTOMERS)]
            gap = net(own)
            capital = next(line for line in own if line["CompteNum"].startswith("101"))
            capital["Credit"] = french(decimal(capital["Credit"]) + gap)
            kept += own
        elif any(line["CompAuxNum"] in CUSTOMERS and line["CompteNum"].startswith("41") for line in entry):
            kept += entry
    assert net(kept) == 0
    return kept


def decimal(text: str) -> Decimal:
    """Amount of a cell of the sample; a blank is nothing."""
    return Decimal(text.replace(",", ".") or "0")


def french(amount: Decimal) -> str:
    """Amount as the sample writes it."""
    return f"{amount:.2f}".replace(".", ",")


@cache
def day_of(text: str) -> date:
    """Day of a cell of the sample."""
    return datetime.strptime(text, "%d/%m/%Y").date()


def net(lines: Iterable[Row]) -> Decimal:
    """Debit less credit."""
    return sum((decimal(line["Debit"]) - decimal(line["Credit"]) for line in lines), Decimal(0))


# --- the truth ----------------------------------------------------------------------------------------------------


def truth(factures: Iterable[Row], reglements: Iterable[Row], day: str = AS_OF, book: bool = True) -> Truth:
    """What is open on a day, item by item; in euros of the books, or (`book` False) by currency."""
    at = date.fromisoformat(day)
    suffix = " EUR" if book else ""
    booked: dict[str, tuple[date, str, str]] = {}
    open_: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for row in factures:
        when = day_of(row.get("Date comptable") or row["Date facture"])
        if when <= at:
            currency = "EUR" if book else row["Devise"]
            booked[row["Pièce"]] = (when, row["N° client"], currency)
            open_["item", row["Pièce"], row["N° client"], currency] += decimal(row["Montant TTC" + suffix])
    for row in reglements:
        paid = day_of(row["Date règlement"])
        if paid > at:
            continue
        amount = decimal(row["Montant" + suffix])
        item = booked.get(row["Pièce"])
        allocated = day_of(row["Date lettrage"]) if row.get("Date lettrage") else paid
        if item and max(allocated, paid, item[0]) <= at:
            open_["item", row["Pièce"], item[1], item[2]] -= amount
        else:
            customer = row["N° client"] or (item[1] if item else "")
            receipt = (row["Référence"], row["Nature"], row["Devise"], row["Date règlement"])
            open_["receipt", *receipt, customer, "EUR" if book else row["Devise"]] -= amount
    totals: dict[str, Decimal] = defaultdict(Decimal)
    balances: dict[str, Decimal] = defaultdict(Decimal)
    for (*_, customer, currency), amount in open_.items():
        totals[currency] += amount
        balances[customer + currency] += amount
    items = sum(amount != 0 for amount in open_.values())
    return Truth(dict(totals) or {"EUR": Decimal(0)}, items, sum(amount != 0 for amount in balances.values()))


def flat_truth(rows: Iterable[Row], day: str = AS_OF) -> Truth:
    """What is open on a day of a file that says what is paid."""
    rows = list(rows)
    items = [{**row, "Pièce": row["Facture"], "Devise": "EUR", "Montant TTC EUR": row["Montant TTC"]} for row in rows]
    paid = [
        {"Pièce": row["Facture"], "N° client": row["N° client"], "Référence": "", "Nature": "", "Devise": "EUR",
         "Montant EUR": row["Montant réglé"], "Date règlement": row["Date de règlement"]}
        for row in rows if decimal(row.get("Montant réglé", ""))
    ]  # fmt: skip
    return truth(items, paid, day)


def fec_truth(*years: list[Row], day: str = AS_OF) -> Truth:
    """Balance of accounts 411 and 416; the opening entry of a second year sums up the first: it is not added."""
    at = day.replace("-", "")
    lines = years[0] + [line for year in years[1:] for line in year if line["JournalCode"] != "AN"]
    own = [line for line in lines if line["CompteNum"].startswith(("411", "416")) and line["EcritureDate"] <= at]
    balances: dict[str, Decimal] = defaultdict(Decimal)
    for line in own:
        balances[line["CompAuxNum"] or line["CompteNum"]] += decimal(line["Debit"]) - decimal(line["Credit"])
    return Truth({"EUR": net(own)}, None, sum(amount != 0 for amount in balances.values()))


# --- rows to bytes ------------------------------------------------------------------------------------------------


def grid(rows: Sequence[Row]) -> Grid:
    """Headings, then the cells."""
    return [list(rows[0]), *(list(row.values()) for row in rows)]


def text(table: Any, separator: str = ";", end: str = "\r\n", quoted: bool = False) -> str:
    """Delimited text; cells that need it are quoted."""
    table = grid(table) if table and isinstance(table[0], dict) else table

    def cell(value: str) -> str:
        risky = separator in value or '"' in value or "\n" in value
        return '"' + value.replace('"', '""') + '"' if quoted or risky else value

    return "".join(separator.join(map(cell, row)) + end for row in table)


def raw(table: Any, separator: str = ";", end: str = "\r\n") -> str:
    """Delimited text without any quoting, right or wrong."""
    table = grid(table) if table and isinstance(table[0], dict) else table
    return "".join(separator.join(row) + end for row in table)


def encoded(content: Any) -> bytes:
    """Bytes of a file: as they are, or those of a text or of rows, in UTF-8."""
    if isinstance(content, bytes):
        return content
    if isinstance(content, list) and any(content is rows for rows in sample()):
        return _whole(next(number for number, rows in enumerate(sample()) if content is rows))
    return (content if isinstance(content, str) else text(content)).encode("utf-8", "surrogatepass")


@cache
def _whole(place: int) -> bytes:
    """Bytes of one table of the sample as it is."""
    return text(sample()[place]).encode()


def changed(rows: Sequence[Row], index: int, values: dict[str, str]) -> list[Row]:
    """The rows with some cells of one replaced."""
    return [{**row, **values} if number == index else row for number, row in enumerate(rows)]


def mapped(rows: Sequence[Row], headings: Iterable[str], change: Callable[[str], str]) -> list[Row]:
    """The rows with every filled cell of some columns rewritten."""
    wanted = set(headings)
    return [{name: change(value) if name in wanted and value else value for name, value in row.items()} for row in rows]


def without(rows: Sequence[Row], *names: str) -> list[Row]:
    """The rows without some columns."""
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def renamed(rows: Sequence[Row], names: dict[str, str]) -> list[Row]:
    """The rows with other headings."""
    return [{names.get(name, name): value for name, value in row.items()} for row in rows]


def draw(name: str) -> random.Random:
    """Random choices that depend on the name alone."""
    return random.Random(f"{SEED}:{name}")


def line(index: int) -> int:
    """Line of the file on which a row stands."""
    return index + 2


def workbook(sheets: dict[str, Sequence[Row] | Grid], typed: bool = True, **properties: Any) -> bytes:
    """XLSX with real dates and numbers (`typed`), or all text."""
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_urls": False, **properties})
    book.set_properties({"created": datetime(2026, 7, 1)})
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        table = grid(rows) if rows and isinstance(rows[0], dict) else rows
        for number, cells in enumerate(table):
            for column, value in enumerate(cells):
                heading = table[0][column] if column < len(table[0]) else ""
                if number and typed and heading in DATES and re.fullmatch(r"\d\d/\d\d/\d{4}", value):
                    sheet.write_datetime(number, column, datetime.strptime(value, "%d/%m/%Y"), day)
                elif number and typed and heading in MONEY and re.fullmatch(r"-?\d+,\d\d", value):
                    sheet.write_number(number, column, float(decimal(value)))
                elif value:
                    sheet.write_string(number, column, value)
    book.close()
    return buffer.getvalue()


def three_sheets() -> dict[str, Sequence[Row]]:
    """The three tables as sheets."""
    books = sample()
    return {"Factures": books.factures, "Règlements": books.reglements, "Clients": books.clients}


@cache
def _three_workbook() -> bytes:
    return workbook(three_sheets())


def rezipped(data: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """A zip with its members rewritten; None leaves one out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            content = change(member.filename, old.read(member))
            if content is not None:
                new.writestr(zipfile.ZipInfo(member.filename, (2026, 7, 1, 0, 0, 0)), content)
    return buffer.getvalue()


def gzipped(data: bytes) -> bytes:
    """Gzip without the time of day."""
    return gzip.compress(data, mtime=0)


# --- cases --------------------------------------------------------------------------------------------------------


def refused(*words: str, lines: Sequence[int] = (), check: str = "") -> Expected:
    """A refusal that names these words and lines."""
    return Expected("refused", None, tuple(lines), words, check)


def report(right: Truth | None = None, *words: str, check: str = "") -> Expected:
    """A report with the totals of these rows; by default those of the three files."""
    return Expected("report", right or whole(), (), words, check)


def either(right: Truth | None = None, *words: str, lines: Sequence[int] = ()) -> Expected:
    """A refusal, or a report with these totals."""
    return Expected("either", right or whole(), tuple(lines), words)


@cache
def whole() -> Truth:
    """Totals of the three files as they are."""
    return truth(sample().factures, sample().reglements)


@cache
def flat_whole() -> Truth:
    """Totals of the flat file as it is."""
    return flat_truth(sample().flat)


@cache
def fec_whole() -> Truth:
    """Totals of the FEC as it is."""
    return fec_truth(sample().fec)


def three(
    name: str,
    expected: Expected,
    factures: Any = None,
    reglements: Any = None,
    clients: Any = None,
    *options: str,
    as_of: str = AS_OF,
    extra: dict[str, bytes] | None = None,
    forbidden: tuple[str, ...] = (),
) -> Case:
    """Invoices, settlements and customers in three files."""
    books = sample()
    given = {"factures.csv": factures, "reglements.csv": reglements, "clients.csv": clients}
    whole_ = {"factures.csv": books.factures, "reglements.csv": books.reglements, "clients.csv": books.clients}
    files = {file: encoded(whole_[file] if content is None else content) for file, content in given.items()}
    others = ("--settlements", "reglements.csv", "--customers", "clients.csv", *options)
    reported = ("--ledger", "factures.csv", *others, "--as-of", as_of)
    return Case(name, expected, files | (extra or {}), ("factures.csv", *others), reported, forbidden)


def flat(
    name: str,
    expected: Expected,
    content: Any = None,
    *options: str,
    file: str = "balance.csv",
    as_of: str = AS_OF,
    extra: dict[str, bytes] | None = None,
    forbidden: tuple[str, ...] = (),
) -> Case:
    """One file: a flat ledger, a workbook, or something else that is given as one."""
    files = {file: encoded(sample().flat if content is None else content)} | (extra or {})
    reported = ("--ledger", file, *options, "--as-of", as_of)
    return Case(name, expected, files, (file, *options), reported, forbidden)


def fec(
    name: str,
    expected: Expected,
    content: Any = None,
    *options: str,
    previous: Any = None,
    file: str = FEC_NAME,
    as_of: str = AS_OF,
    forbidden: tuple[str, ...] = (),
) -> Case:
    """A FEC, perhaps with the one of the year before."""
    files = {file: _fec_bytes() if content is None else encoded(_by_tab(content))}
    sources = ["--fec", file]
    if previous is not None:
        files[PREVIOUS_NAME] = encoded(_by_tab(previous))
        sources += ["--fec", PREVIOUS_NAME]
    return Case(name, expected, files, (file, *options), (*sources, *options, "--as-of", as_of), forbidden)


def _by_tab(content: Any) -> Any:
    return raw(content, "\t") if isinstance(content, list) else content


@cache
def _fec_bytes() -> bytes:
    return raw(sample().fec, "\t").encode()


KINDS: dict[str, Callable[[], Iterator[Case]]] = {}


def kind(name: str) -> Callable[[Callable[[], Iterator[Case]]], Callable[[], Iterator[Case]]]:
    """Enter a function that yields cases under the name of their kind."""

    def entered(made: Callable[[], Iterator[Case]]) -> Callable[[], Iterator[Case]]:
        KINDS[name] = made
        return made

    return entered


@cache
def cases() -> tuple[Case, ...]:
    """All cases, French and English by turns."""
    made = [replace(each, kind=name) for name, function in KINDS.items() for each in function()]
    names = [each.name for each in made]
    twice = sorted({name for name in names if names.count(name) > 1})
    assert not twice, twice
    assert len(made) == COUNT, len(made)
    return tuple(replace(each, language=("fr", "en")[number % 2]) for number, each in enumerate(made))


# --- cut ----------------------------------------------------------------------------------------------------------


def _cut_inside(content: str, index: int, chance: random.Random) -> bytes:
    """The text up to somewhere between the first and the last separator of a row."""
    lines = content.split("\r\n")
    row = lines[index + 1]
    place = chance.randrange(row.index(";") + 1, row.rindex(";")) if ";" in row else len(row) // 2
    return "\r\n".join([*lines[: index + 1], row[:place]]).encode()


@kind("cut")
def _cut() -> Iterator[Case]:
    books = sample()
    for file, rows, count in (("factures.csv", books.factures, 3), ("reglements.csv", books.reglements, 2),
                              ("clients.csv", books.clients, 2)):  # fmt: skip
        for number in range(count):
            name = f"{file} cut inside a line, {number + 1}"
            chance = draw(name)
            index = chance.randrange(2, len(rows))
            content = _cut_inside(text(rows), index, chance)
            yield three(name, refused(file, lines=[line(index)]), **{file.removesuffix(".csv"): content})
    for number in range(2):
        name = f"flat file cut inside a line, {number + 1}"
        chance = draw(name)
        index = chance.randrange(20, len(books.flat))
        content = _cut_inside(text(books.flat), index, chance)
        yield flat(name, refused(lines=[line(index)]), content)
    for count in (30, 111):
        yield flat(f"flat file cut after {count} rows", report(flat_truth(books.flat[:count])), books.flat[:count])
        content = text(books.flat[:count]).removesuffix("\r\n")
        yield flat(f"flat file cut after {count} rows, no line end", report(flat_truth(books.flat[:count])), content)
        kept = books.reglements[:count]
        yield three(f"settlements cut after {count} rows", report(truth(books.factures, kept)), reglements=kept)
    lost = books.factures[200:]
    settled = {row["Pièce"] for row in books.reglements}
    missed = next(row["Pièce"] for row in books.reglements if row["Pièce"] in {each["Pièce"] for each in lost})
    assert missed in settled
    yield three("invoices cut after 200 rows", refused("reglements.csv", missed), factures=books.factures[:200])
    for file, rows, heading in (("factures.csv", books.factures, "Client"), ("clients.csv", books.clients, "Client"),
                                ("reglements.csv", mapped(books.reglements, ["Référence"], lambda ref: ref + "é"),
                                 "Référence")):  # fmt: skip
        index = max(number for number, row in enumerate(rows) if "é" in row[heading])
        data = text(rows[: index + 1]).encode()
        content = data[: data.rindex("é".encode()) + 1]
        expected = refused(file, lines=[line(index)])
        yield three(f"{file} cut inside a character", expected, **{file.removesuffix(".csv"): content})
    for number in (40, 150):
        content = text(books.flat[: number + 1], quoted=True)
        cut = content[: content.rindex('";"') - 2].encode()
        yield flat(f"flat file cut inside quotes at row {number}", refused(lines=[line(number)]), cut)
    data = _three_workbook()
    for share in (0.1, 0.9, 0.999):
        cut = data[: int(len(data) * share)]
        yield flat(f"workbook cut at {share:.1%}", refused("livre.xlsx"), cut, file="livre.xlsx")
    content = raw(books.fec, "\t")
    lines = content.split("\r\n")
    for number in range(2):
        name = f"FEC cut inside a line, {number + 1}"
        chance = draw(name)
        index = chance.randrange(100, len(books.fec))
        cut = "\r\n".join([*lines[: index + 1], lines[index + 1][: chance.randrange(10, 60)]])
        yield fec(name, refused(lines=[line(index)]), cut)
    starts = [n for n in range(1, len(books.fec)) if books.fec[n]["EcritureNum"] != books.fec[n - 1]["EcritureNum"]]
    for number in (40, 90):
        kept = books.fec[: starts[number]]
        yield fec(f"FEC cut between two entries, {number}", report(fec_truth(kept)), kept)
        inside = books.fec[: starts[number] + 1]
        gap = french(abs(net(inside)))
        yield fec(f"FEC cut inside an entry, {number}", refused(inside[-1]["EcritureNum"], gap), inside)
    yield three("invoices without their first 300 bytes", refused("factures.csv"), encoded(text(books.factures))[300:])
    content = text(books.flat)
    here, there = (content.index(f"{books.flat[index]['Facture']};") for index in (50, 60))
    yield flat("a hole in the flat file", refused(lines=[line(50)]), content[: here + 20] + content[there:])
    last = text(books.factures)
    yield three("invoices without their last three bytes", report(), factures=last[:-3])


# --- encoding -----------------------------------------------------------------------------------------------------


@kind("encoding")
def _encoding() -> Iterator[Case]:
    books = sample()
    kept = ("cp1252", "iso8859-15", "cp850", "utf-8", "utf-16")
    for page in kept:
        files = [text(rows).encode(page) for rows in (books.factures, books.reglements, books.clients)]
        yield three(f"three files in {page}", report(), *files)
        yield flat(f"flat file in {page}", report(flat_whole()), text(books.flat).encode(page))
    for page in ("cp1252", "cp850", "utf-8-sig", "utf-16"):
        yield fec(f"FEC in {page}", report(fec_whole()), raw(books.fec, "\t").encode(page))
    marked = codecs.BOM_UTF16_BE + text(books.flat).encode("utf-16-be")
    yield flat("flat file in utf-16 BE with its mark", report(flat_whole()), marked)
    for page in ("utf-16-le", "utf-16-be"):
        yield flat(f"flat file in {page} without mark", report(flat_whole()), text(books.flat).encode(page))
    yield fec("FEC in utf-16-le without mark", report(fec_whole()), raw(books.fec, "\t").encode("utf-16-le"))
    yield flat("flat file in utf-16 cut at an odd byte", refused("utf-16"), text(books.flat).encode("utf-16")[:-1])
    yield flat("flat file in utf-32", either(flat_whole()), text(books.flat).encode("utf-32"))
    for page in ("cp500",):
        yield flat(f"flat file in {page}", refused("balance.csv"), text(books.flat).encode(page))
    for page in ("mac_roman",):
        yield flat(f"flat file in {page}", report(flat_whole()), text(books.flat).encode(page))
    yield three("invoices in mac_roman", report(), factures=text(books.factures).encode("mac_roman"))
    asked = text(books.flat).encode("ascii", "replace")
    yield flat("flat file with ? for every accent", refused("Montant r?gl?"), asked)
    twice = text(books.flat).encode().decode("cp1252").encode()
    yield flat("flat file in UTF-8 twice", refused("Montant rÃ©glÃ©"), twice)
    yield three("settlements alone in cp1252", report(), reglements=text(books.reglements).encode("cp1252"))
    lines = text(books.flat).splitlines(keepends=True)
    accents = [number for number, each in enumerate(lines) if "é" in each]
    for half in (("utf-8", "cp1252"), ("cp1252", "utf-8")):
        middle = len(lines) // 2
        mixed = "".join(lines[:middle]).encode(half[0]) + "".join(lines[middle:]).encode(half[1])
        yield flat(f"flat file half {half[0]}, half {half[1]}", either(flat_whole()), mixed)
    one = accents[len(accents) // 2]
    mixed = b"".join(each.encode("cp1252" if number == one else "utf-8") for number, each in enumerate(lines))
    yield flat("one line in cp1252 in a UTF-8 file", refused("utf-8", lines=[one + 1]), mixed)
    mixed = b"".join(each.encode("utf-8" if number == one else "cp1252") for number, each in enumerate(lines))
    yield flat("one line in UTF-8 in a cp1252 file", either(flat_whole()), mixed)


# --- separators and line ends -------------------------------------------------------------------------------------


@kind("separators")
def _separators() -> Iterator[Case]:
    books, right = sample(), flat_whole()
    for sign, word in ((",", "comma"), ("\t", "tab")):
        files = [text(rows, sign) for rows in (books.factures, books.reglements, books.clients)]
        yield three(f"three files by {word}", report(), *files)
        yield flat(f"flat file by {word}", report(right), text(books.flat, sign))
    for sign in (":", " "):
        yield flat(f"flat file by {sign!r}", refused("balance.csv", lines=[1]), text(books.flat, sign))
    yield flat("decimal commas between commas", refused(lines=[2, 3]), raw(books.flat, ","))
    lines = text(books.flat).split("\r\n")
    yield flat("headings by ; and rows by tab", refused(lines=[2]), "\r\n".join([lines[0], text(books.flat, "\t")]))
    one = [*lines[:70], lines[70].replace(";", ","), *lines[71:]]
    yield flat("one row by comma", refused(lines=[71]), "\r\n".join(one))
    yield flat("sep=; on the first line", report(right), "sep=;\r\n" + text(books.flat))
    yield flat("a separator after every line", report(right), text(books.flat, end=";\r\n"))
    body = "\r\n".join([lines[0], *(each + ";" for each in lines[1:-1])])
    yield flat("a separator after every row", either(right, lines=[2]), body)
    for change, word in (
        (lambda row: row.replace(";", "", 1), "less"),
        (lambda row: row.replace(";", ";;", 1), "more"),
    ):
        some = [change(each) if number == 90 else each for number, each in enumerate(lines)]
        yield flat(f"one separator {word} in a row", refused(lines=[91]), "\r\n".join(some))
    yield flat("spaces around separators", report(right), text(books.flat).replace(";", " ; "))
    yield flat("an empty first column", report(right), "".join(";" + each + "\r\n" for each in lines[:-1]))
    for end, word in (("\n", "LF"), ("\r", "CR"), ("\r\r\n", "CR CR LF"), ("\n\n", "an empty line")):
        yield flat(f"lines ended by {word}", report(right), text(books.flat, end=end))
    mixed = "".join(each + ("\n", "\r\n")[number % 2] for number, each in enumerate(lines[:-1]))
    yield flat("line ends mixed", report(right), mixed)
    yield flat("rows of separators alone", report(right), text(books.flat) + (";" * 7 + "\r\n") * 50)
    title = "Balance clients au 30/06/2026\r\nSociété : Essai\r\n\r\n"
    yield flat("three lines of title", report(right), title + text(books.flat))
    yield flat("thirty lines of title", refused("balance.csv"), "Balance clients\r\n" * 30 + text(books.flat))
    again = "\r\n".join([*lines[:60], lines[0], *lines[60:]])
    yield flat("headings again in the middle", refused(lines=[61]), again)
    for sign, word in (("\x0c", "form feed"), ("\u2028", "U+2028")):
        rows = changed(books.flat, 33, {"Client": f"Alpha{sign}Bêta"})
        yield flat(f"a {word} in a name", report(right), rows)


# --- headings -----------------------------------------------------------------------------------------------------

ENGLISH = {
    "Facture": "Invoice", "N° client": "Customer number", "Client": "Customer name", "Date facture": "Invoice date",
    "Échéance": "Due date", "Montant TTC": "Amount", "Montant réglé": "Amount paid",
    "Date de règlement": "Payment date",
}  # fmt: skip


@kind("headings")
def _headings() -> Iterator[Case]:
    books, right = sample(), flat_whole()
    for heading in ("N° client", "Date facture", "Montant TTC", "Facture"):
        yield flat(
            f"flat file: {heading} renamed", refused("balance.csv", "Zzz"), renamed(books.flat, {heading: "Zzz"})
        )
        yield flat(f"flat file: {heading} removed", refused("balance.csv"), without(books.flat, heading))
    for heading in ("Montant",):
        yield three(
            f"settlements: {heading} removed", refused("reglements.csv"), None, without(books.reglements, heading)
        )
    for heading in ("N° client",):
        yield three(
            f"customers: {heading} removed", refused("clients.csv"), None, None, without(books.clients, heading)
        )
    yield flat("headings in English", report(right), renamed(books.flat, ENGLISH))
    yield flat("headings half in English", report(right), renamed(books.flat, dict(list(ENGLISH.items())[::2])))
    for word, change in (
        ("capitals", str.upper),
        ("spaces", lambda name: f"  {name}\u00a0"),
        ("stars", lambda name: f"*{name}*"),
    ):
        yield flat(f"headings in {word}", report(right), renamed(books.flat, {name: change(name) for name in ENGLISH}))
    broken = text(books.flat).replace("Date de règlement", '"Date\nde\nrèglement"', 1)
    yield flat("a heading over three lines", report(right), broken)
    for heading, expected in (
        ("Date comptable", report(truth(without(books.factures, "Date comptable"), books.reglements))),
        ("Échéance", report()),
        ("Nature", report()),
        ("Devise", refused("factures.csv")),
    ):
        yield three(f"invoices: {heading} removed", expected, without(books.factures, heading))
    by_currency = report(truth(books.factures, books.reglements, book=False))
    yield three(
        "amounts in euros removed", by_currency, without(books.factures, "Montant TTC EUR"),
        without(books.reglements, "Montant EUR"),
    )  # fmt: skip
    yield three("invoices: amounts in euros removed", by_currency, without(books.factures, "Montant TTC EUR"))
    table = grid(books.flat)
    for place, heading in ((5, "Montant TTC"),):
        doubled = [[*row, row[place]] for row in table]
        yield flat(f"{heading} twice", refused("balance.csv", heading), doubled)
    reverse = [row[::-1] for row in table]
    yield flat("columns in reverse order", report(right), reverse)
    for place, expected in ((1, refused("balance.csv")), (4, report(right)), (2, report(right))):
        empty = [["" if not number and column == place else cell for column, cell in enumerate(row)]
                 for number, row in enumerate(table)]  # fmt: skip
        yield flat(f"heading {place + 1} empty", expected, empty)
    yield flat("no heading at all", refused("balance.csv"), text(table[1:]))
    swapped = renamed(books.flat, {"Date facture": "Échéance", "Échéance": "Date facture"})
    yield flat("invoice date and due date exchanged", refused("Échéance", "Date facture"), swapped)
    names = {"N° client": "Client", "Client": "N° client"}
    yield three("number and name of the customer exchanged", refused("reglements.csv"), renamed(books.factures, names))
    names = {"Montant TTC": "Montant HT", "Montant HT": "Montant TTC"}
    yield three("amounts with and without VAT exchanged", refused("factures.csv"), renamed(books.factures, names))
    names = {"Facture": "Montant TTC", "Montant TTC": "Facture"}
    yield flat("number and amount exchanged", refused("balance.csv", lines=[2]), renamed(books.flat, names))


# --- the option --columns -----------------------------------------------------------------------------------------


@kind("columns option")
def _columns() -> Iterator[Case]:
    books, right = sample(), flat_whole()
    odd = {"Facture": "Zeta", "N° client": "Qui", "Montant TTC": "Combien ?", "Date facture": "Quand"}
    rows = renamed(books.flat, odd)
    good = "document: Zeta\ncustomer_id: Qui\namount: Combien ?\nissue_date: Quand\n"

    def mapping(name: str, expected: Expected, content: Any, rows: Any = rows) -> Case:
        return flat(name, expected, rows, "--columns", "m.yaml", extra={"m.yaml": encoded(content)})

    yield mapping("a mapping that fits", report(right), good)
    yield mapping(
        "a mapping with a mark and CRLF", report(right), codecs.BOM_UTF8 + good.replace("\n", "\r\n").encode()
    )
    yield mapping("a mapping by table", report(right), "invoices:\n  " + good.strip().replace("\n", "\n  "))
    yield mapping("a mapping that is not YAML", refused("m.yaml"), "amount: [\n  {")
    yield mapping("a mapping that is a list", refused("m.yaml"), "- amount\n- document\n")
    yield mapping("an empty mapping", refused("m.yaml"), "")
    yield mapping("a mapping of an unknown column", refused("m.yaml", "montant"), "montant: Combien ?\n")
    yield mapping("a mapping to no heading", refused("Solde dû"), good.replace("Combien ?", "Solde dû"))
    yield mapping("a mapping to a number", refused("m.yaml", "12"), "amount: 12\n")
    yield mapping("a mapping that runs code", refused("m.yaml"), "amount: !!python/object/apply:os.system ['true']\n")
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
    yield mapping("a mapping that swells", refused("m.yaml"), bomb + "d: [*c,*c,*c,*c,*c,*c,*c,*c]\n")
    yield mapping("two columns from one heading", either(right), good + "open_amount: Combien ?\n")
    exchanged = "issue_date: Échéance\ndue_date: Date facture\n"
    yield mapping("a mapping that exchanges two dates", refused("Échéance", "Date facture"), exchanged, books.flat)
    yield flat("a mapping that is not there", refused("absent.yaml"), None, "--columns", "absent.yaml")


# --- dates --------------------------------------------------------------------------------------------------------


def _day(form: str) -> Callable[[str], str]:
    return lambda value: f"{day_of(value):{form}}"


@kind("dates")
def _dates() -> Iterator[Case]:
    books, right = sample(), flat_whole()
    for form in ("%Y-%m-%d", "%Y%m%d", "%d/%m/%y", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y 08:30", "%Y-%m-%dT00:00:00Z"):
        yield flat(f"dates as {form}", report(right), mapped(books.flat, DATES, _day(form)))
    for form in ("%Y-%m-%d", "%m/%d/%Y"):
        files = [mapped(rows, DATES, _day(form)) for rows in (books.factures, books.reglements)]
        yield three(f"three files with dates as {form}", report(), *files)
    serial = [str((day_of(row["Date facture"]) - date(1899, 12, 30)).days) for row in books.flat]
    rows = [{**row, "Date facture": number} for row, number in zip(books.flat, serial)]
    yield flat("dates as Excel numbers", refused(serial[0], lines=[2]), rows)
    mixed = [mapped([row], DATES, _day("%Y-%m-%d"))[0] if number % 3 else row for number, row in enumerate(books.flat)]
    yield flat("dates in two forms", report(right), mixed)
    index = next(number for number, row in enumerate(books.flat) if day_of(row["Date facture"]).day > 12)
    american = mapped([books.flat[index]], ["Date facture"], _day("%m/%d/%Y"))[0]
    expected = refused(american["Date facture"], lines=[line(index)])
    yield flat("one date month first", expected, changed(books.flat, index, american))
    young = [row for row in books.flat if day_of(row["Date facture"]).day <= 12][:30]
    young = [{**row, "Échéance": "", "Montant réglé": "", "Date de règlement": ""} for row in young]
    yield flat("every day could be a month", refused("balance.csv"), young)
    bad = ("31/02/2026", "00/00/0000", "29/02/2025", "2025-02-30", "hier", "30 juin 2026", "45000,5",
           "15/06/0206", "15/06/2206", "30/06-2026", "#REF!", "٣٠/٠٦/٢٠٢٦", "15/06/2026x", "1/1", "-")  # fmt: skip
    for number, value in enumerate(bad):
        heading = ("Date facture", "Échéance")[number % 2]
        index = draw(value).randrange(len(books.flat))
        shown = value if len(value) < 30 else ""
        expected = refused(shown, heading, lines=[line(index)])
        yield flat(f"{heading} {value}", expected, changed(books.flat, index, {heading: value}))
    rows = changed(books.factures, 8, {"Taux TVA": "٢٠ %"})
    yield three("a rate in Arabic digits", refused("Taux TVA", lines=[10]), rows)
    for heading in ("Date règlement", "Date lettrage"):
        index = draw(heading).randrange(len(books.reglements))
        rows = changed(books.reglements, index, {heading: "31/04/2026"})
        yield three(f"{heading} 31/04/2026", refused("31/04/2026", heading, lines=[line(index)]), None, rows)
    for heading, factures, reglements in (("Date facture", True, False), ("Date règlement", False, True)):
        rows = books.factures if factures else books.reglements
        index = draw("blank " + heading).randrange(len(rows))
        rows = changed(rows, index, {heading: ""})
        expected = refused(heading, lines=[line(index)])
        yield three(f"{heading} blank", expected, rows if factures else None, rows if reglements else None)
    yield flat("due dates all blank", report(right), [{**row, "Échéance": ""} for row in books.flat])
    late = [{**row, "Date facture": "15/08/2026"} if number % 4 == 0 else row for number, row in enumerate(books.flat)]
    yield flat("many invoices of the future", report(flat_truth(late)), late)
    early = changed(books.flat, 40, {"Échéance": "01/01/2020"})
    yield flat("due before it was issued", report(right, "01/01/2020"), early)
    paid = next(number for number, row in enumerate(books.reglements) if row["Pièce"])
    rows = changed(books.reglements, paid, {"Date règlement": "01/01/2020"})
    yield three("paid before it was invoiced", report(truth(books.factures, rows), "01/01/2020"), None, rows)
    rows = changed(books.reglements, paid, {"Date lettrage": "01/01/2020"})
    yield three("allocated before it was paid", report(None, "01/01/2020"), None, rows)
    rows = [{**row, "Date lettrage": ""} for row in books.reglements]
    yield three("no allocation date", report(truth(books.factures, rows)), None, rows)
    yield three("the picture of 31 December 2025", report(truth(books.factures, books.reglements, "2025-12-31")),
                as_of="2025-12-31")  # fmt: skip


# --- amounts ------------------------------------------------------------------------------------------------------


def _amount(group: str, point: str, wrap: str = "{}", negative: str = "-{}") -> Callable[[str], str]:
    """Another way to write an amount of the sample."""

    def written(value: str) -> str:
        number = decimal(value)
        shown = wrap.format(f"{abs(number):,.2f}".replace(",", "_").replace(".", point).replace("_", group))
        return negative.format(shown) if number < 0 else shown

    return written


@kind("amounts")
def _amounts() -> Iterator[Case]:
    books, right = sample(), flat_whole()
    forms = {
        "with spaces": _amount(" ", ","),
        "with thin spaces": _amount("\u202f", ","), "with points and a comma": _amount(".", ","),
        "with commas and a point": _amount(",", "."), "with apostrophes": _amount("'", "."),
        "with a point": _amount("", "."), "with €": _amount(" ", ",", "{} €"),
        "with brackets": _amount("", ",", negative="({})"),
        "with a long minus": _amount("", ",", negative="−{}"), "with $": None,
    }  # fmt: skip
    for name, form in forms.items():
        if form is None:
            expected = refused("$", lines=[2])
            rows = mapped(books.flat, MONEY, lambda value: "$" + value)
        else:
            expected, rows = report(right), mapped(books.flat, MONEY, form)
        yield flat(f"amounts {name}", expected, rows)
    for name in ("with commas and a point", "with brackets"):
        files = [mapped(rows, MONEY, forms[name]) for rows in (books.factures, books.reglements, books.clients)]
        yield three(f"three files with amounts {name}", report(), *files)
    bad = ("12,a0", "1e5", "NaN", "inf", "-", "1,2,3", "1,234.56", "1234.56", "-(5,00)", "5 USD", "=1+1",
           "1 23,00", "½", "１２,00", "99999999999999999999,00", "#N/A", "9" * 400)  # fmt: skip
    for value in bad:
        index = draw(value).randrange(len(books.flat))
        shown = value if len(value) < 30 else ""
        expected = refused(shown, lines=[line(index)])
        yield flat(f"amount {value[:30]}", expected, changed(books.flat, index, {"Montant TTC": value}))
    settled = next(number for number, row in enumerate(books.flat) if row["Montant réglé"])
    for value in ("12,a0", "NaN"):
        rows = changed(books.flat, settled, {"Montant réglé": value})
        yield flat(f"paid {value}", refused(value, "Montant réglé", lines=[line(settled)]), rows)
    for value in ("", "abc"):
        index = draw("paid" + value).randrange(len(books.reglements))
        rows = changed(books.reglements, index, {"Montant": value})
        yield three(f"settlement of {value or 'nothing'}", refused("Montant", lines=[line(index)]), None, rows)
    index = draw("blank").randrange(len(books.flat))
    rows = changed(books.flat, index, {"Montant TTC": ""})
    yield flat("amount blank", refused("Montant TTC", lines=[line(index)]), rows)
    free = next(number for number, row in enumerate(books.flat) if not row["Montant réglé"])
    for value, meant in (("0,00", "0,00"), ("-250,00", "-250,00"), ("1.234", "1234,00"), (",5", "0,50"),
                         ("999999999999,99", "999999999999,99")):  # fmt: skip
        rows, meaning = (changed(books.flat, free, {"Montant TTC": each}) for each in (value, meant))
        yield flat(f"amount {value} of an open item", report(flat_truth(meaning)), rows)
    rows = changed(books.flat, free, {"Montant TTC": "12,3449"})
    meaning = changed(books.flat, free, {"Montant TTC": "12,34"})
    yield flat("amount of four decimals", either(flat_truth(meaning)), rows)
    half = [mapped([row], MONEY, _amount("", "."))[0] if number % 2 else row for number, row in enumerate(books.flat)]
    yield flat("comma and point by turns", refused("balance.csv"), half)
    third = [mapped([row], MONEY, _amount(",", "."))[0] if number % 3 == 0 else row
             for number, row in enumerate(books.flat)]  # fmt: skip
    yield flat("a third of the amounts with a point", refused("balance.csv"), third)
    thousands = [{**row, "Montant TTC": f"{1 + number},{number:03d}", "Montant réglé": ""}
                 for number, row in enumerate(books.flat[:50])]  # fmt: skip
    yield flat("every comma could part thousands", refused("balance.csv"), thousands)
    rows = mapped(books.factures, ["Montant TTC EUR"], _amount(",", "."))
    yield three("one column with a point", report(), rows)
    index = next(number for number, row in enumerate(books.factures) if row["Devise"] == "EUR")
    rows = changed(books.factures, index, {"Montant TTC EUR": "1,00"})
    yield three("another amount in euros", refused("Montant TTC EUR", lines=[line(index)]), rows)
    index = next(number for number, row in enumerate(books.factures) if row["Devise"] == "USD")
    foreign = books.factures[index]
    rows = changed(books.factures, index, {"Montant TTC EUR": "-" + foreign["Montant TTC EUR"]})
    yield three("an amount in euros of another sign", refused("Montant TTC EUR", lines=[line(index)]), rows)
    rows = changed(books.factures, index, {"Devise": "EUR"})
    yield three("a wrong currency", refused("factures.csv", lines=[line(index)]), rows)


# --- rows ---------------------------------------------------------------------------------------------------------


@kind("rows")
def _more_rows() -> Iterator[Case]:
    books = sample()
    for file, rows in (("factures.csv", books.factures), ("reglements.csv", books.reglements)):
        key = file.removesuffix(".csv")
        index = draw(file).randrange(len(rows))
        doubled = [*rows[: index + 1], rows[index], *rows[index + 1 :]]
        yield three(f"{file}: a row twice", refused(file, lines=[line(index) + 1]), **{key: doubled})
        yield three(f"{file}: every row twice", refused(file, lines=[line(len(rows))]), **{key: [*rows, *rows]})
        shuffled = list(rows)
        draw(file).shuffle(shuffled)
        yield three(f"{file}: rows shuffled", report(), **{key: shuffled})
    again = {**books.flat[10], "Montant TTC": "77,00"}
    yield flat("flat file: a number twice", refused(again["Facture"], lines=[12, 14]),
               [*books.flat[:12], again, *books.flat[12:]])  # fmt: skip
    again = {**books.factures[10], "Montant TTC": "77,00", "Montant TTC EUR": "77,00"}
    yield three("invoices: a number twice", refused(again["Pièce"], lines=[12, 14]),
                [*books.factures[:12], again, *books.factures[12:]])  # fmt: skip
    alone = {row["Pièce"] for row in books.factures if row["Pièce"] == row["Facture"]}
    alone -= {row["Facture"] for row in books.factures if row["Pièce"] != row["Facture"]}  # a document of one item
    paid = next(number for number, row in enumerate(books.reglements) if row["Pièce"] in alone and number > 20)
    row = books.reglements[paid]

    def settled(name: str, values: Row, expected: Expected | None = None) -> Case:
        rows = changed(books.reglements, paid, values)
        return three(name, expected or report(truth(books.factures, rows)), None, rows)

    at = [line(paid)]
    yield settled("a settlement of no known item", {"Pièce": "FA9999999"}, refused("FA9999999", lines=at))
    yield settled(
        "a settlement in small letters", {"Pièce": row["Pièce"].lower()}, refused(row["Pièce"].lower(), lines=at)
    )
    yield settled(
        "a settlement of another customer", {"N° client": "000999"}, refused("000999", row["Pièce"], lines=at)
    )
    yield settled("a settlement in another currency", {"Devise": "CHF"}, refused("CHF", row["Pièce"], lines=at))
    yield settled("a settlement of no customer", {"N° client": ""})
    yield settled("a settlement of nobody", {"N° client": "", "Pièce": ""}, refused("reglements.csv", lines=at))
    yield settled("a settlement with spaces around its item", {"Pièce": f"  {row['Pièce']} "},
                  report(truth(books.factures, books.reglements)))  # fmt: skip
    yield settled("a settlement below nought", {"Montant": "-50,00", "Montant EUR": "-50,00"})
    much = {"Montant": "900000,00", "Montant EUR": "900000,00"}
    expected = report(truth(books.factures, changed(books.reglements, paid, much)), row["Pièce"])
    yield settled("a settlement far beyond its item", much, expected)
    other = {**row, "Montant": "1,00", "Montant EUR": "1,00"}
    rows = [*books.reglements, other]
    yield three("two settlements of one number", report(truth(books.factures, rows)), None, rows)
    gone = [each for each in books.factures if each["Pièce"] != row["Pièce"]]
    yield three("an invoice left out", refused(row["Pièce"], lines=at), gone)
    few = [each for number, each in enumerate(books.reglements) if number % 3]
    yield three("every third settlement left out", report(truth(books.factures, few)), None, few)
    yield three("settlements without a row", report(truth(books.factures, [])), None, [list(books.reglements[0])])
    missing = books.clients[:-3]
    yield three("customers left out", report(None, books.clients[-1]["N° client"]), None, None, missing)
    twice = [*books.clients, {**books.clients[0], "Segment": "Autre"}]
    yield three("a customer twice, differently", refused("clients.csv", lines=[line(0), line(len(books.clients))]),
                None, None, twice)  # fmt: skip
    yield three("a customer twice", report(None, "clients.csv"), None, None, [*books.clients, books.clients[0]])
    short = [{**each, "N° client": each["N° client"].lstrip("0")} for each in books.clients]
    yield three("customers without their leading zeros", report(), None, None, short)
    short = [{**each, "N° client": each["N° client"].lstrip("0")} for each in books.reglements]
    yield three("settlements without leading zeros", refused("000112", lines=[line(0)]), None, short)
    blank = changed(books.flat, 77, {"N° client": "  "})
    yield flat("an invoice of nobody", refused("N° client", lines=[79]), blank)
    yield flat("an invoice without a number", refused("Facture", lines=[79]), changed(books.flat, 77, {"Facture": ""}))
    total = {"Facture": "TOTAL", "Montant TTC": french(sum(decimal(each["Montant TTC"]) for each in books.flat))}
    total = {**dict.fromkeys(books.flat[0], ""), **total}
    yield flat("a total below", refused("balance.csv", lines=[line(len(books.flat))]), [*books.flat, total])
    negative = [each for each in books.factures if each["Nature"] == "Avoir"]
    rows = [{**each, "Montant TTC": each["Montant TTC"].lstrip("-")} if each is negative[0] else each
            for each in books.factures]  # fmt: skip
    index = books.factures.index(negative[0])
    yield three("one credit note above nought", refused("factures.csv", lines=[line(index)]), rows)
    unsigned = [
        {**each, **{name: each[name].lstrip("-") for name in ("Montant TTC", "Montant TTC EUR", "Montant HT")}}
        if each["Nature"] == "Avoir" else each for each in books.factures
    ]  # fmt: skip
    yield three("every credit note above nought", report(), unsigned)
    yield three(
        "invoices of unknown kinds", report(None, "Troc"), [{**each, "Nature": "Troc"} for each in books.factures]
    )


# --- quotes -------------------------------------------------------------------------------------------------------


@kind("quotes")
def _quotes() -> Iterator[Case]:
    books, right = sample(), flat_whole()
    yield flat("every cell in quotes", report(right), text(books.flat, quoted=True))
    files = [text(rows, quoted=True) for rows in (books.factures, books.reglements, books.clients)]
    yield three("three files, every cell in quotes", report(), *files)
    for word, value in (("quotes within", 'A "B"'), ("a separator", "Alpha; Bêta"), ("a line break", "Alpha\nBêta"),
                        ("a CRLF", "Alpha\r\nBêta")):  # fmt: skip
        yield flat(f"a name with {word}", report(right), changed(books.flat, 30, {"Client": value}))
    for index in (100,):
        content = raw(changed(books.flat, index, {"Client": '"Alpha'}))
        yield flat(f"a quote opened at row {index}", refused(lines=[line(index)]), content)
    yield flat("a quote within a cell", either(right), raw(changed(books.flat, 30, {"Client": 'Al"pha'})))
    yield flat("a quote after a cell", either(right), raw(changed(books.flat, 30, {"Client": 'Alpha"'})))
    yield flat(
        "text after a quote", either(right, lines=[32]), raw(changed(books.flat, 30, {"Client": '"Alpha" SARL'}))
    )
    for first, last in ((40, 44), (60, 61), (80, 150)):
        rows = changed(changed(books.flat, first, {"Client": '"Alpha'}), last, {"Client": 'Bêta"'})
        yield flat(f"quotes that swallow rows {first} to {last}", refused(lines=[line(first)]), raw(rows))
    rows = changed(books.flat, 50, {"Client": "Alpha\r\nBêta"})
    yield flat("a line break outside quotes", refused(lines=[52, 53]), raw(rows))
    yield flat("a quote in the headings", refused("balance.csv"), text(books.flat).replace("Client;", '"Client;', 1))
    single = text(books.flat).replace(";", "';'").replace("\r\n", "'\r\n'")
    yield flat("cells in single quotes", refused("balance.csv"), "'" + single[:-1])


# --- control characters -------------------------------------------------------------------------------------------


@kind("control characters")
def _control() -> Iterator[Case]:
    books, right = sample(), flat_whole()
    yield flat("a NUL in a name", refused("balance.csv"), changed(books.flat, 30, {"Client": "Al\0pha"}))
    yield flat("a tail of NULs", either(right), text(books.flat) + "\0" * 4096)
    yield fec("a NUL in a label", either(fec_whole()), changed(books.fec, 30, {"EcritureLib": "Fac\0ture"}))
    for code in (1, 8, 27):
        rows = changed(books.flat, 30, {"Client": f"Al{chr(code)}[31mpha"})
        yield flat(f"character {code} in a name", report(right), rows)
    yield flat("character 27 in an amount", refused(lines=[32]), changed(books.flat, 30, {"Montant TTC": "\x1b[2J12"}))
    yield fec(
        "character 27 in a label", report(fec_whole()), changed(books.fec, 30, {"EcritureLib": "\x1b[31mFacture"})
    )
    yield flat("a DOS end of file", either(right, lines=[line(len(books.flat))]), text(books.flat) + "\x1a")
    yield fec("FEC with a DOS end of file", report(fec_whole()), raw(books.fec, "\t") + "\x1a")
    hidden = changed(books.reglements, 5, {"Pièce": books.reglements[5]["Pièce"] + "\u200b"})
    yield three("a zero-width space in a number", either(lines=[7]), None, hidden)
    rows = mapped(books.flat, MONEY, lambda value: f"\u00a0{value}\u2009")
    yield flat("no-break spaces around amounts", report(right), rows)
    zero = changed(books.flat, 30, {"Montant TTC": "12\u200b3,00"})
    yield flat("a zero-width space in an amount", refused(lines=[32]), zero)
    for length in (40_000, 2_000_000):
        rows = changed(books.flat, 30, {"Client": "Alpha " * (length // 6)})
        yield flat(f"a name of {length} characters", report(right), rows)
    rows = changed(books.factures, 30, {"Motif du litige": "retard " * 6000, "Litige du": "01/06/2026"})
    yield three("a cause of 42000 characters", report(truth(rows, books.reglements)), rows)


# --- hostile text -------------------------------------------------------------------------------------------------

HOSTILE = {
    "a script": "<script>alert(1)</script>",
    "a closed table": "</td></tr></table><h1>Payé</h1>",
    "a formula": "=cmd|' /C calc'!A0",
    "a link formula": '=HYPERLINK("http://127.0.0.1/","payer")',
    "an at sign": "@SUM(1+1)*cmd|' /C calc'!A0",
    "SQL": "Robert'); DROP TABLE clients;--",
    "Markdown": "**gras** [ici](javascript:alert(1)) `code` | a | b |",
    "LaTeX": r"\input{/etc/passwd} $x^2$ 100 % & co # _ {}",
    "a template": "{{ 7*7 }} {% raw %} ${7*7} %s {0}",
    "a path": "../../../../etc/passwd",
    "emoji": "👩‍🔧 Menuiserie 🪚 ÀÉ",
    "right to left": "شركة الألمنيوم \u202e123\u202c",
    "a shell": "$(touch owned) `touch owned` ; rm x",
    "Python": '"""\nraise SystemExit\n"""',
}


@kind("hostile text")
def _hostile() -> Iterator[Case]:
    books, right = sample(), flat_whole()
    for word, value in HOSTILE.items():
        raw_html = (value,) if value.startswith(("<", "</")) else ()
        rows = [{**row, "Client": value, "Motif du litige": value} for row in books.factures]
        clients = [{**row, "Client": value, "Chargé de recouvrement": value, "Segment": value, "Groupe": value,
                    "Contact règlement": value} for row in books.clients]  # fmt: skip
        settled = [{**row, "Référence": f"{value} {number}"} for number, row in enumerate(books.reglements)]
        yield three(f"names that are {word}", report(truth(rows, settled)), rows, settled, clients, forbidden=raw_html)
    for word in ("a script", "a formula", "right to left"):
        value = HOSTILE[word]
        forbidden = (value,) if value.startswith("<") else ()
        rows = [{**row, "Facture": f"{value}{number}", "N° client": value + row["N° client"]}
                for number, row in enumerate(books.flat)]  # fmt: skip
        yield flat(f"numbers that are {word}", report(flat_truth(rows)), rows, forbidden=forbidden)
    for word in ("a script", "right to left"):
        value = HOSTILE[word]
        company = flat(f"a company named by {word}", report(right), forbidden=(value,) if "<" in value else ())
        yield replace(company, report=(*company.report, "--company", value))
    for word, value in (("several lines", "Alpha\n# Bêta\n'''"),):
        company = flat(f"a company named by {word}", report(right))
        yield replace(company, report=(*company.report, "--company", value))
    for word, file in (("a tag", "<img src=x onerror=alert(1)>.csv"), ("a formula", "=1+1.csv"), ("signs", "a;b,c.csv"),
                       ("a shell", "$(touch owned).csv"), ("a line break", "a\nb.csv"), ("colours", "a\x1b[31mb.csv"),
                       ("right to left", "a\u202evsc.csv"), ("no end", "n" * 240),
                       ("an option", "--ledger.csv")):  # fmt: skip
        named = flat(f"a file named by {word}", report(right), file=file,
                     forbidden=(file,) if file.startswith("<") else ())  # fmt: skip
        if file.startswith("--"):
            named = replace(named, check=(f"./{file}",), report=("--ledger", f"./{file}", "--as-of", AS_OF))
        yield named
    for word in ("a script", "right to left"):
        value = HOSTILE[word]
        rows = changed(books.flat, 9, {"Montant TTC": value})
        yield flat(f"an amount that is {word}", refused(lines=[11]), rows)
        yield flat(f"headings with {word}", report(right), [[*row, value] for row in grid(books.flat)])
    rows = [{**row, "CompAuxLib": row["CompAuxLib"] and HOSTILE["a script"], "PieceRef": "=1+1" + row["PieceRef"],
             "EcritureLib": HOSTILE["a closed table"]} for row in books.fec]  # fmt: skip
    yield fec("FEC of hostile texts", report(fec_truth(rows)), rows, forbidden=(HOSTILE["a script"],))


# --- the wrong file -----------------------------------------------------------------------------------------------

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\6\0\0\0\x1f\x15\xc4\x89"


def _zip(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 7, 1, 0, 0, 0)), content)
    return buffer.getvalue()


@kind("wrong file")
def _wrong_file() -> Iterator[Case]:
    books, right = sample(), flat_whole()
    book, content = _three_workbook(), encoded(books.flat)
    contents = {
        "no byte": b"", "a mark alone": codecs.BOM_UTF8, "spaces alone": b"  \n\t\n ",
        "headings alone": encoded([list(books.flat[0])]), "a PDF": PDF, "a PNG": PNG,
        "a zip of a CSV": _zip(**{"balance.csv": content}),
        "JSON": b'{"Facture": ["F1"], "Montant TTC": [12]}', "HTML": b"<!DOCTYPE html><table><tr><td>Facture</td></tr>",
        "an email": b"Bonjour,\r\n\r\nVoici la balance.\r\n\r\nCordialement\r\n",
        "random bytes": random.Random(SEED).randbytes(5000), "a gzip cut": gzipped(content)[:-40],
        "a gzip of a gzip": gzipped(gzipped(content)), "NUL bytes": bytes(4096),
    }  # fmt: skip
    for word, data in contents.items():
        yield flat(f"{word} named .csv", refused("balance.csv"), data)
    for word in ("a PDF", "no byte", "random bytes"):
        yield fec(f"{word} as FEC", refused(FEC_NAME), contents[word])
    yield flat("a CSV named .xlsx", report(right), content, file="balance.xlsx")
    yield flat("a workbook named .csv", report(), book, file="balance.csv")
    yield flat("a gzip named .csv", report(right), gzipped(content))
    yield flat("a gzip of a workbook", report(), gzipped(book), file="livre.xlsx.gz")
    settled = encoded(books.reglements)
    yield flat("settlements as ledger", refused("reglements.csv"), settled, file="reglements.csv")
    yield flat("customers as ledger", refused("clients.csv"), encoded(books.clients), file="clients.csv")
    yield three("invoices and settlements exchanged", refused("factures.csv", "reglements.csv"), books.reglements,
                books.factures)  # fmt: skip
    yield three("settlements as customers", refused("clients.csv"), None, None, books.reglements)
    yield three("a FEC as settlements", refused("reglements.csv", "FEC"), None, raw(books.fec, "\t"))
    year = {FEC_NAME: _fec_bytes()}
    files = year | {"balance.csv": content, "factures.csv": encoded(books.factures), "dossier/": b""}

    def given(name: str, expected: Expected, check: Sequence[str], reported: Sequence[str]) -> Case:
        return Case(name, expected, files, tuple(check), (*reported, "--as-of", AS_OF))

    yield given("a FEC as ledger", refused(FEC_NAME, "FEC", check="report"), [FEC_NAME], ["--ledger", FEC_NAME])
    yield given("a ledger as FEC", refused("balance.csv", check="report"), ["balance.csv"], ["--fec", "balance.csv"])
    both = ["factures.csv", "--settlements", "factures.csv"]
    yield given("invoices as settlements too", refused("factures.csv"), both, ["--ledger", *both])
    for word, path in (
        ("a folder", "dossier"),
        ("a file that is not there", "absent.csv"),
        ("a device", "/dev/zero"),
        ("an address", "http://127.0.0.1/balance.csv"),
    ):
        yield given(f"{word} as ledger", refused(path.removeprefix("./")), [path], ["--ledger", path])
    here = ["factures.csv", "--settlements", "absent.csv", "--customers", "dossier"]
    yield given("settlements that are not there", refused("absent.csv", "dossier"), here, ["--ledger", *here])


# --- workbooks ----------------------------------------------------------------------------------------------------


def _cells(change: Callable[[str], str], member: str = "xl/worksheets/sheet1.xml") -> bytes:
    """The workbook with the XML of a sheet rewritten."""
    return rezipped(_three_workbook(), lambda name, data: change(data.decode()).encode() if name == member else data)


def _special(build: Callable[[Any, Any], None]) -> bytes:
    """Workbook of one sheet of the flat rows, then whatever `build` does to book and sheet."""
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": datetime(2026, 7, 1)})
    sheet = book.add_worksheet("Factures")
    for number, row in enumerate(grid(sample().flat)):
        for column, value in enumerate(row):
            sheet.write_string(number, column, value)
    build(book, sheet)
    book.close()
    return buffer.getvalue()


def _chart_sheet(book: Any, _: Any) -> None:
    chart = book.add_chart({"type": "line"})
    chart.add_series({"values": "=Factures!$F$2:$F$9"})
    book.add_chartsheet("Graphe").set_chart(chart)


@kind("workbook")
def _workbooks() -> Iterator[Case]:
    books, right, sheets = sample(), flat_whole(), three_sheets()

    def book(name: str, expected: Expected, data: bytes, *options: str) -> Case:
        return flat(name, expected, data, *options, file="livre.xlsx")

    yield book("three sheets", report(), _three_workbook())
    yield book("sheets in another order", report(), workbook(dict(reversed(sheets.items()))))
    yield book("two empty sheets first", report(), workbook({"Feuil1": [], "Feuil2": [], **sheets}))
    yield book("a cover sheet first", report(), workbook({"Garde": [["Balance au 30/06/2026"]], **sheets}))
    yield book("dates from 1904", report(), workbook(sheets, date_1904=True))
    odd = {"=1+1 'x": sheets["Factures"], "<b>&amp;": sheets["Règlements"], "🪚": sheets["Clients"]}
    yield book("sheets of odd names", report(), workbook(odd))
    items = report(truth(books.factures, []))
    yield book("invoices alone", items, workbook({"Factures": books.factures}))
    yield book("the flat file as a workbook", report(right), workbook({"Feuil1": books.flat}))
    twice = {"Factures": books.factures, "Factures 2025": books.factures[:50], "Règlements": books.reglements}
    yield book("two sheets of invoices", refused("Factures 2025"), workbook(twice))
    yield book("settlements alone", refused("livre.xlsx"), workbook({"Règlements": books.reglements}))
    title: Grid = [["Balance clients"], [], ["Au", "30/06/2026"], *grid(books.flat)]
    yield book("a title above", report(right), workbook({"Feuil1": title}))
    empty = [row for each in grid(books.flat) for row in (each, [])]
    yield book("an empty row after each", report(right), workbook({"Feuil1": empty}))
    for word, build in (("hidden", lambda b, s: (b.add_worksheet("x").activate(), s.hide())),
                        ("of hidden rows", lambda _, s: s.set_row(9, None, None, {"hidden": True})),
                        ("of hidden columns", lambda _, s: s.set_column(1, 3, None, None, {"hidden": True})),
                        ("with a comment", lambda _, s: s.write_comment("A2", "à vérifier")),
                        ("beside a chart sheet", _chart_sheet),
                        ("with a filter", lambda _, s: s.autofilter("A1:H50"))):  # fmt: skip
        yield book(f"a sheet {word}", report(right), _special(build))
    merged = _special(lambda b, s: s.merge_range("B5:B6", "000103", b.add_format({"bold": True})))
    yield book("merged customers", refused("livre.xlsx", lines=[6]), merged)
    merged = _special(lambda _, s: s.merge_range("D1:E1", "Date facture"))
    yield book("merged headings", either(right), merged)
    amount = decimal(books.flat[4]["Montant TTC"])
    formula = _special(lambda _, s: s.write_formula("F6", "=SUM(1,2)", None, float(amount)))
    yield book("a formula", report(right), formula)
    formula = _special(lambda _, s: s.write_formula("F6", "=SUM(1,2)", None, ""))
    yield book("a formula never computed", refused("livre.xlsx", lines=[6]), formula)
    for value in ("#N/A",):
        formula = _special(lambda _, s, value=value: s.write_formula("F6", "=NA()", None, value))
        yield book(f"a formula that gives {value}", refused("livre.xlsx", lines=[6]), formula)
    flag = _special(lambda _, s: s.write_boolean("F6", True))
    yield book("true for an amount", refused("livre.xlsx", lines=[6]), flag)
    number = _special(lambda _, s: s.write_number("D6", 46000))
    yield book("a day as a number", refused("46000", lines=[6]), number)
    blank = _special(lambda b, s: s.write_blank("F6", None, b.add_format({"bold": True})))
    yield book("a blank amount", refused("Montant TTC", lines=[6]), blank)
    noise = _special(lambda _, s: s.write_number("F6", float(amount) + 1e-9))
    yield book("an amount with noise", report(right), noise)
    far = _special(lambda _, s: s.write_string(1_048_575, 16_383, "x"))
    yield book("a cell at the far end", refused("livre.xlsx"), far)
    numbers = _special(
        lambda _, s: [s.write_number(row + 1, 1, int(each["N° client"])) for row, each in enumerate(books.flat)]
    )
    yield book("customer numbers as numbers", report(right), numbers)
    flags = re.compile(b"(PK\3\4..)..|(PK\1\2....)..", re.DOTALL)
    locked = flags.sub(lambda found: (found[1] or found[2]) + b"\1\0", _three_workbook())
    yield book("a zip with a password", refused("livre.xlsx"), locked)
    compound = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(4096)
    yield book("a workbook with a password", refused("livre.xlsx"), compound)
    yield book("a sheet of broken XML", refused("livre.xlsx"), _cells(lambda xml: xml[: len(xml) // 2]))
    yield book("a sheet of no XML", refused("livre.xlsx"), _cells(lambda xml: "rien"))
    gone = rezipped(_three_workbook(), lambda name, data: None if name == "xl/sharedStrings.xml" else data)
    yield book("texts left out", refused("livre.xlsx"), gone)
    gone = rezipped(_three_workbook(), lambda name, data: None if name == "xl/worksheets/sheet1.xml" else data)
    yield book("a sheet left out", refused("livre.xlsx"), gone)
    bits = bytearray(_three_workbook())
    bits[len(bits) // 3] ^= 0xFF
    yield book("one byte changed", either(), bytes(bits))


# --- FEC ----------------------------------------------------------------------------------------------------------


def _sided(rows: Sequence[Row], debit: str, credit: str) -> list[Row]:
    """Montant and Sens in the place of Debit and Credit."""
    made = []
    for row in rows:
        side = debit if decimal(row["Debit"]) else credit
        amount = row["Debit"] if decimal(row["Debit"]) else row["Credit"]
        names = {"Debit": "Montant", "Credit": "Sens"}
        values = {**row, "Debit": amount, "Credit": side}
        made.append({names.get(name, name): value for name, value in values.items()})
    return made


@kind("FEC")
def _fec() -> Iterator[Case]:
    books, right = sample(), fec_whole()
    both = fec_truth(books.previous, books.fec)
    assert both.owed == right.owed
    yield fec("one FEC", report(right))
    yield fec("two FECs", report(both), previous=books.previous)
    middle = fec_truth(books.previous, books.fec, day="2025-09-30")
    yield fec("two FECs on 30 September", report(middle), previous=books.previous, as_of="2025-09-30")
    for heading in ("JournalCode", "EcritureDate", "CompteNum", "Debit"):
        yield fec(f"{heading} removed", refused(heading, lines=[1]), without(books.fec, heading))
    for heading in ("CompAuxNum", "PieceRef", "PieceDate", "EcritureLet"):
        rows = without(books.fec, heading)
        expected = fec_truth([{"CompAuxNum": "", **row} for row in rows])
        yield fec(f"{heading} removed", report(expected, heading), rows)
    table = grid(books.fec)
    yield fec("Debit twice", refused("Debit", lines=[1]), [[*row, row[11]] for row in table])
    yield fec("FEC columns in reverse order", report(right), [row[::-1] for row in table])
    yield fec("no headings", refused(FEC_NAME), table[1:])
    for sign, word in (("|", "pipe"), (";", "semicolon")):
        plain = [[cell.replace(sign, ".") for cell in row] for row in table]
        yield fec(f"FEC by {word}", report(right), raw(plain, sign))
    for end, word in (("\n", "LF"), ("\r", "CR")):
        yield fec(f"FEC lines ended by {word}", report(right), raw(table, "\t", end))
    yield fec("a tab after every row", report(right), raw(table[:1], "\t") + raw(table[1:], "\t", "\t\t\r\n"))
    padded = [[f"{cell:<20}" for cell in row] for row in table]
    yield fec("padded fields", report(right), padded)
    for form, word in (("{0}/{1}/{2}", "days first"),):
        rows = mapped(books.fec, [name for name in books.fec[0] if "Date" in name],
                      lambda value, form=form: form.format(value[6:], value[4:6], value[:4]))  # fmt: skip
        yield fec(f"FEC dates {word}", report(right), rows)
    forms = {"with a point": _amount("", "."), "with points and a comma": _amount(".", ","),
             "with commas and a point": _amount(",", ".")}  # fmt: skip
    for word, form in forms.items():
        yield fec(f"FEC amounts {word}", report(right), mapped(books.fec, ["Debit", "Credit"], form))
    claims = [
        number
        for number, row in enumerate(books.fec)
        if row["CompteNum"].startswith("411") and row["JournalCode"] != "AN"
    ]
    index = claims[30]
    at = [line(index)]
    side = "Debit" if decimal(books.fec[index]["Debit"]) else "Credit"
    for value in ("12,a0", "1e5", "NaN", "12,345", "9" * 30):
        rows = changed(books.fec, index, {side: value})
        yield fec(f"FEC amount {value}", refused(value, side, lines=at), rows)
    rows = changed(books.fec, index, {side: "77,77"})
    gap = french(abs(net(rows)))
    yield fec("an entry out of balance", refused(gap, books.fec[index]["EcritureNum"]), rows)
    for value in ("20250230", "hier", "00000000", ""):
        rows = changed(books.fec, index, {"EcritureDate": value})
        yield fec(f"EcritureDate {value or 'blank'}", refused("EcritureDate", lines=at), rows)
    for heading in ("PieceDate", "DateLet"):
        rows = changed(books.fec, index, {heading: "20259999"})
        yield fec(f"{heading} 20259999", report(right, "20259999"), rows)
    entry = [
        number
        for number, row in enumerate(books.fec)
        if (row["JournalCode"], row["EcritureNum"])
        == (books.fec[index]["JournalCode"], books.fec[index]["EcritureNum"])
    ]
    late = [{**row, "EcritureDate": "20270115"} if number in entry else row for number, row in enumerate(books.fec)]
    yield fec("an entry after the year", report(fec_truth(late)), late)
    for change, word in ((lambda row: row[:-3], "less"), (lambda row: [*row, "x", "y"], "more")):
        rows = [change(row) if number == index + 1 else row for number, row in enumerate(table)]
        yield fec(f"fields {word} in a line", refused(lines=at), rows)
    yield fec("an account left out", refused("CompteNum", lines=at), changed(books.fec, index, {"CompteNum": ""}))
    yield fec("one line twice", refused(FEC_NAME), [*books.fec[: index + 1], *books.fec[index:]])
    run = books.fec[entry[0] : entry[-1] + 1]
    assert len(run) == len(entry)
    again = [*books.fec[: entry[-1] + 1], *run, *books.fec[entry[-1] + 1 :]]
    yield fec("one entry twice", refused(books.fec[index]["EcritureNum"], lines=[line(entry[-1] + 1)]), again)
    yield fec("every entry twice", refused(FEC_NAME), [*books.fec, *books.fec])
    gone = [row for number, row in enumerate(books.fec) if number not in entry]
    yield fec("one entry left out", report(fec_truth(gone)), gone)
    name = "FEC lines shuffled"
    shuffled = list(books.fec)
    draw(name).shuffle(shuffled)
    yield fec(name, report(right), shuffled)
    blank = [{**row, "EcritureLet": "", "DateLet": ""} for row in books.fec]
    yield fec("no lettering", report(right), blank)
    same = [{**row, "EcritureLet": "A", "DateLet": "20251231"} for row in books.fec]
    yield fec("one letter for all", report(right), same)
    turned = [{**row, "Debit": french(net([row])), "Credit": "0,00"} for row in books.fec]
    yield fec("debits below nought for credits", report(right), turned)
    for debit, credit in (("D", "C"), ("+1", "-1")):
        yield fec(f"Montant and Sens {debit} {credit}", report(right), _sided(books.fec, debit, credit))
    sided = _sided(books.fec, "D", "C")
    for value in ("X", ""):
        yield fec(f"Sens {value or 'blank'}", refused("Sens", lines=at), changed(sided, index, {"Sens": value}))
    yield fec(
        "quotes in labels", report(right), mapped(books.fec, ["EcritureLib", "CompAuxLib"], lambda value: f'"{value}')
    )
    yield fec("every field in quotes", refused(lines=[2]), text(table, "\t", quoted=True))
    bare = (3, 9, 11, 12, 14, 15, 16)
    texts = [[cell if column in bare else f'"{cell}"' for column, cell in enumerate(row)] for row in table[1:]]
    texts.insert(0, table[0])
    yield fec("text fields in quotes", refused("CompteNum", lines=[2]), raw(texts, "\t"))
    prefixed = mapped(books.fec, ["CompteNum"], lambda value: "'" + value)
    yield fec("an apostrophe before accounts", refused("CompteNum", lines=[2]), prefixed)
    yield fec("a name that is not the legal one", report(right), file="export.txt")
    yield fec("a name of another year", report(right), file="904172638FEC20240630.txt")
    yield fec("the same year twice", refused(FEC_NAME, check="report"), previous=books.fec)
    files = {FEC_NAME: _fec_bytes(), "111111118FEC20250630.txt": encoded(raw(books.previous, "\t"))}
    sources = ("--fec", FEC_NAME, "--fec", "111111118FEC20250630.txt", "--as-of", AS_OF)
    expected = refused("904172638", "111111118", check="report")
    yield Case("the year before of another company", expected, files, (FEC_NAME,), sources)
    yield fec("a year before out of balance", refused(PREVIOUS_NAME, check="report"), previous=books.previous[:-1])
    nobody = mapped(books.fec, ["CompteNum"], lambda value: "401" + value[3:] if value.startswith("41") else value)
    yield fec("no customer account", report(Truth({"EUR": Decimal(0)}, 0, 0), "411"), nobody)


# --- options ------------------------------------------------------------------------------------------------------


@kind("options")
def _options() -> Iterator[Case]:
    books = sample()
    for value in ("hier", "", "2026", "2026-06-31", "31/06/2026", "20260631", "-1", "2026-06-30T00:00"):  # fmt: skip
        bad = three(f"the date {value or 'blank'}", refused(value, "--as-of", check="report"))
        yield replace(bad, report=(*bad.report[:-2], f"--as-of={value}"))
    for value in ("30/06/2026",):
        yield three(f"the date {value}", report(), as_of=value)
    for value in ("2020-01-31", "2024-02-29", "2099-12-31"):
        yield three(f"the date {value}", report(truth(books.factures, books.reglements, value)), as_of=value)
    for value in ("9999-12-31", "0001-01-01", "2100-01-01"):
        yield three(f"the date {value}", refused(value, "--as-of", check="report"), as_of=value)
    yield fec("a FEC before its first entry", report(fec_truth(books.fec, day="2025-01-31")), as_of="2025-01-31")
    yield fec("a FEC far after its last entry", report(fec_truth(books.fec, day="2031-05-31")), as_of="2031-05-31")
    blank = [{**row, "Échéance": ""} for row in books.flat]
    for value in ("45", "45 jours fin de mois", "0"):
        yield flat(f"terms {value}", report(flat_truth(blank)), blank, "--terms", value)
    for value in ("banane", "1001", "1e3"):
        yield flat(f"terms {value}", refused(value), blank, "--terms", value)
    yield flat("terms below nought", refused("-5"), blank, "--terms=-5")
    yield fec("FEC terms 45", report(fec_whole()), None, "--terms", "45")
    bad = fec("FEC terms banane", refused("banane", check="refused"), None, "--terms", "banane")
    yield bad
    plain = three("", report())
    for name, check, reported in (
        ("an option that is not there", ("factures.csv", "--pdf", "x"), ("--ledger", "factures.csv", "--pdf", "x")),
        ("no date at all", (), ("--ledger", "factures.csv")),
        ("a language that is not there", ("factures.csv", "--language", "de"),
         ("--ledger", "factures.csv", "--as-of", AS_OF, "--language", "de")),
    ):  # fmt: skip
        yield Case(name, Expected("refused"), plain.files, check, reported)
    fecs = {FEC_NAME: _fec_bytes()}
    for name, sources in (
        ("a ledger and a FEC", ("--ledger", "factures.csv", "--fec", FEC_NAME)),
        ("neither ledger nor FEC", ()),
        ("three FECs", ("--fec", FEC_NAME, FEC_NAME, FEC_NAME)),
    ):
        expected = refused("--ledger", "--fec", check="report")
        yield Case(name, expected, plain.files | fecs, (FEC_NAME,), (*sources, "--as-of", AS_OF))
    beside = (FEC_NAME, "--settlements", "reglements.csv")
    yield Case("settlements beside a FEC", refused("--settlements"), plain.files | fecs, beside,
               ("--fec", *beside, "--as-of", AS_OF))  # fmt: skip


# --- tolerant -----------------------------------------------------------------------------------------------------


@kind("tolerant")
def _tolerant() -> Iterator[Case]:
    books = sample()

    def kept(name: str, rows: Any, right: Truth, *words: str) -> Case:
        return flat(name, report(right, *words), rows, "--tolerant")

    free = [number for number, row in enumerate(books.flat) if not row["Montant réglé"]]
    paid = [number for number, row in enumerate(books.flat) if row["Montant réglé"]]
    damages = (
        ("amount", free[0], {"Montant TTC": "12,a0"}),
        ("date", free[1], {"Date facture": "hier"}),
        ("due date", free[2], {"Échéance": "31/02/2026"}),
        ("customer", free[0], {"N° client": ""}),
        ("paid amount", paid[3], {"Montant réglé": "x"}),
        ("payment date", paid[9], {"Date de règlement": "x"}),
    )
    for word, index, values in damages:
        others = [row for number, row in enumerate(books.flat) if number != index]
        yield kept(f"a bad {word} left out", changed(books.flat, index, values), flat_truth(others))
    content = raw([row[:-2] if number == free[0] + 1 else row for number, row in enumerate(grid(books.flat))])
    others = [row for number, row in enumerate(books.flat) if number != free[0]]
    yield kept("a short row left out", content, flat_truth(others))
    doubled = [*books.flat, books.flat[3]]
    yield kept("a double left out", doubled, flat_whole())
    index = draw("tolerant").randrange(len(books.factures))
    item = books.factures[index]["Pièce"]
    rows = changed(books.factures, index, {"Montant TTC": "?"})
    left = truth([row for row in books.factures if row["Pièce"] != item],
                 [row for row in books.reglements if row["Pièce"] != item])  # fmt: skip
    yield three("an invoice and its settlements left out", report(left), rows, None, None, "--tolerant")
    rows = changed(books.reglements, 8, {"Pièce": "FA9999999"})
    left = truth(books.factures, [row for number, row in enumerate(books.reglements) if number != 8])
    yield three("a settlement left out", report(left, "FA9999999"), None, rows, None, "--tolerant")
    yield flat(
        "every row left out", refused("balance.csv"), mapped(books.flat, ["Montant TTC"], lambda _: "x"), "--tolerant"
    )
    yield flat("a PDF is still refused", refused("PDF"), PDF, "--tolerant")
    claims = [
        number
        for number, row in enumerate(books.fec)
        if row["CompteNum"].startswith("411") and row["JournalCode"] != "AN"
    ]
    bad = changed(books.fec, claims[8], {"EcritureDate": "hier"})
    left = fec_truth([row for number, row in enumerate(books.fec) if number != claims[8]])
    yield fec("a line of a FEC left out", report(left, "hier"), bad, "--tolerant")
    yield fec("a FEC without its last line", report(fec_truth(books.fec[:-1])), books.fec[:-1], "--tolerant")


if __name__ == "__main__":
    place = Path(sys.argv[1])
    for each in cases():
        folder = place / re.sub(r"[^\w-]+", "_", f"{each.kind}-{each.name}")[:80]
        folder.mkdir(parents=True, exist_ok=True)
        for file, data in each.files.items():
            (folder / file).mkdir() if file.endswith("/") else (folder / file).write_bytes(data)
