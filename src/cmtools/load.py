"""A customer ledger, whole: the invoices, settlements and customers of a :class:`~cmtools.schemas.Ledger`.

:func:`read_ledger` finds which sheet holds which table, reads the invoices, then the
settlements against them, then the customers of both. Rows that contradict one another
are told together in one report; what would change a total stops the reading.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from cmtools.columns import (
    MOST_SHOWN,
    TABLES,
    Listing,
    Mappings,
    Table,
    decide_decimals,
    decide_order,
    find,
    is_true,
    known_headings,
    missing,
    names_of_kind,
    nulls,
    only,
    read_mapping,
    recognise,
)
from cmtools.files import Sheet, content, fatal, open_sheets, plain, utf16
from cmtools.language import day
from cmtools.schemas import CUSTOMERS, INVOICES, SETTLEMENTS, Column, Defect, InputError, Ledger, LoadReport
from cmtools.terms import due_date, parse_terms

FLAT = ("paid_amount", "open_amount", "payment_date", "allocation_date", "open_flag")  # settlements in invoice rows
_TYPES: dict[str, Any] = {
    "text": pl.String,
    "date": pl.Date,
    "money": pl.Float64,
    "number": pl.Float64,
    "flag": pl.Boolean,
}
_SHEET_NAMES = {
    "invoices": ("factur", "invoice", "piece"),
    "settlements": ("regl", "paie", "paym", "settl", "encais"),
    "customers": ("client", "customer", "tiers"),
}
_CHOICES = {"buyer": "ledger_unknown_buyer", "terms_reading": "ledger_unknown_terms_reading"}
_FEC_NAME = re.compile(r"\d{9}FEC\d{8}(?:[._ -].*)?", re.IGNORECASE)


@dataclass(frozen=True)
class _Options:
    currency: str
    book_currency: str
    terms: Any


def read_ledger(
    path: Any,
    settlements: Any = None,
    customers: Any = None,
    *,
    columns: Any = None,
    sheet: Any = None,
    currency: str = "EUR",
    book_currency: str = "EUR",
    terms: Any = None,
    date_order: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    tolerant: bool = False,
) -> Ledger:
    r"""Read a customer ledger: CSV, XLSX, XLS, ODS or Parquet, any of the text ones gzipped.

    Parameters
    ----------
    path : path
        Invoices, one row per open item. A workbook may also hold the
        settlements and the customers in other sheets; a flat file may say in
        columns of its own what is paid, and when.
    settlements, customers : path, optional
        The other tables, where they are files of their own.
    columns : dict or path of a YAML file, optional
        Our column name -> heading in the file, for headings that are not
        recognised; optionally under `invoices`, `settlements`, `customers`.
    sheet : str or dict, optional
        Sheet of the invoices, or table name -> sheet name.
    currency : str, default "EUR"
        Currency of a file that names none.
    book_currency : str, default "EUR"
        Currency of the books.
    terms : int, str or dict, optional
        Payment terms for blank due dates (see :func:`cmtools.due_date`), or
        customer number -> terms, with a `default`.
    date_order : {"day", "month"}, optional
        Reading of 03/04/2025; by default the file's other dates tell.
    decimal : {",", "."}, optional
        Decimal sign; by default the column's other amounts tell.
    encoding, separator : str, optional
        Of a text file; recognised by default.
    tolerant : bool, default False
        True: rows in error are left out and counted in the report instead of
        raising.

    Returns
    -------
    Ledger
        pandas tables (see `schemas`), money in the currency of each item,
        credit notes negative, and the report. In
        ``report.refused_amounts`` a refused settlement counts negative, so
        that the sum is what the balance lacks.

    Raises
    ------
    InputError
        Everything that would change a total, all defects at once.

    Notes
    -----
    In a flat file, what is paid without a payment date is settled on the
    booking date with kind `other` (it is not a collection), with a warning:
    the balance is right on the day of the file, too low before.

    Examples
    --------
    What does each customer owe, whatever is due?

    >>> import tempfile
    >>> from pathlib import Path
    >>> rows = "Facture;N° client;Date facture;Échéance;Montant TTC;Montant réglé;Date de règlement"
    >>> rows += "\nF1;00042;31/01/2026;02/03/2026;1 200,00;;\nF2;00042;28/02/2026;30/03/2026;600,00;600,00;30/03/2026"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "ledger.csv"
    ...     _ = file.write_text(rows, encoding="utf-8")
    ...     ledger = read_ledger(file)
    >>> ledger.invoices[["item_id", "customer_id", "due_date", "amount"]]
      item_id customer_id   due_date  amount
    0      F1       00042 2026-03-02  1200.0
    1      F2       00042 2026-03-30   600.0
    >>> float(ledger.settlements["amount"].sum())
    600.0
    """
    report = LoadReport()
    options = checked_options(currency, book_currency, terms, date_order, decimal, separator)
    mapping = read_mapping(columns)
    paths = {"invoices": path, "settlements": settlements, "customers": customers}
    sheets = _gather(paths, mapping, report, sheet, encoding, separator)
    tables = {name: Table(found, name, mapping, report) for name, found in sheets.items()}
    report.refuse(tolerant=True)  # without its columns a table cannot be looked at further
    for file in dict.fromkeys(table.sheet.file for table in tables.values()):
        decide_order([table for table in tables.values() if table.sheet.file == file], date_order)
    for table in tables.values():
        decide_decimals(table, decimal)
    ledger = _assemble(tables, options, report)
    report.refuse(tolerant)
    if ledger.invoices.empty:
        raise InputError([*report.of_level("error"), Defect("ledger_no_rows", "fatal", tables["invoices"].sheet.label)])
    return ledger


def sniff(path: Any) -> str:
    """Which kind of file this is: "fec" or "ledger".

    A FEC is told by its headings (JournalCode and CompteNum) or by its legal
    name, SIREN + FEC + closing date.

    Raises
    ------
    InputError
        If the file is missing, empty or no table.
    """
    data, name, kind = content(path)
    if kind != "text":
        return "ledger"
    wide = utf16(data)
    if wide:
        data = data[:65536].decode(wide, "replace").removeprefix("\ufeff").encode()
    line = data.lstrip(b"\xef\xbb\xbf\r\n ").split(b"\n", 1)[0].decode("latin-1").casefold()
    if _is_fec(re.split(r"[\t|;,]", line)):
        return "fec"  # whatever a label holds
    if b"\0" in data:
        raise fatal("ledger_not_a_table", name, value="binary")
    return "fec" if _FEC_NAME.fullmatch(name) else "ledger"


def _is_fec(headings: list[str]) -> bool:
    return {"journalcode", "comptenum"} <= {plain(heading) for heading in headings}


def checked_options(currency: Any, book: Any, terms: Any, order: Any, decimal: Any, separator: Any) -> _Options:
    """What the caller asks of a reading, every option that is none of those expected told at once."""
    report = LoadReport()
    code = re.compile(r"[A-Z]{3}")
    for argument, value, valid, expected in (
        ("currency", currency, isinstance(currency, str) and code.fullmatch(currency), "EUR, USD, GBP…"),
        ("book_currency", book, isinstance(book, str) and code.fullmatch(book), "EUR, USD, GBP…"),
        ("date_order", order, order in (None, "day", "month"), "day, month"),
        ("decimal", decimal, decimal in (None, ",", "."), "« , », « . »"),
        ("separator", separator, separator is None or _is_separator(separator), "« ; », « , », « | », tab"),
    ):
        if not valid:
            report.add("ledger_bad_argument", "fatal", value=value, argument=argument, expected=expected)
    for term in terms.values() if isinstance(terms, Mapping) else (terms,):
        try:
            if terms is not None:
                parse_terms(term)
        except InputError as error:
            report.defects += [Defect(d.code, "fatal", value=d.value, details=d.details) for d in error.defects]
    report.refuse()
    return _Options(currency, book, terms)


def _is_separator(sign: Any) -> bool:
    return isinstance(sign, str) and len(sign) == 1 and sign.isascii() and not sign.isalnum() and sign not in '"\n\r\0 '


# --- which sheet holds which table -------------------------------------------------------------------------------


def _gather(
    paths: dict[str, Any],
    mapping: Mappings,
    report: LoadReport,
    wanted: Any,
    encoding: str | None,
    separator: str | None,
) -> dict[str, Sheet]:
    """The sheet of each table, from all the files; what is wrong with any of them is told together."""
    known = known_headings(mapping)
    roles: dict[str, Sheet] = {}
    every: list[Sheet] = []
    for table, path in reversed(paths.items()):  # a file of settlements goes before such a sheet among the invoices
        if path is None and table != "invoices":
            continue
        try:
            sheets = open_sheets(path, report, encoding, separator, known)
            if _is_fec(sheets[0].headings):
                raise fatal("ledger_is_fec", sheets[0].file, value=table)
            found = _roles(sheets, table, wanted if table == "invoices" else None, mapping)
        except InputError as error:
            report.defects += error.defects
            continue
        every += sheets
        roles[table] = found.pop(table) if table in found else sheets[0]
        if table == "invoices":
            roles = found | roles
    report.files.reverse()
    for extra in every:
        if extra not in roles.values():
            report.add("ledger_sheet_ignored", "note", file=extra.file, value=extra.name)
    headings = [heading for sheet in every for heading in sheet.headings]
    for names in mapping.values() if every else ():
        for name, heading in names.items():
            if not find(headings, heading):
                absent = Listing(filter(None, headings))
                report.add("ledger_mapping_absent", "fatal", value=heading, name=name, found=absent)
    report.refuse(tolerant=True)
    return {table: roles[table] for table in TABLES if table in roles}


def _roles(sheets: list[Sheet], main: str, wanted: Any, mapping: Mappings) -> dict[str, Sheet]:
    """Which sheet holds which table; the file was given as the table `main`."""
    roles = _wanted_sheets(sheets, main, wanted)
    rest = [sheet for sheet in sheets if sheet not in roles.values()]
    if len(sheets) == 1 and rest:
        return {main: rest[0]}
    candidates: dict[str, list[Sheet]] = {}
    for sheet in rest:
        table = _likely_table(sheet, mapping)
        if table is not None:
            candidates.setdefault(table, []).append(sheet)
    for table, found in candidates.items():
        if table not in roles and len(found) > 1:
            raise fatal("ledger_several_sheets", sheets[0].file, value=table, found=Listing(s.name for s in found))
        roles.setdefault(table, found[0])
    if main not in roles and rest:  # none qualifies: the nearest is taken, and what it lacks will be said
        free = [sheet for sheet in rest if sheet not in roles.values()] or rest
        roles[main] = max(free, key=lambda sheet: len(recognise(sheet.headings, main, mapping)))
    return roles


def _wanted_sheets(sheets: list[Sheet], main: str, wanted: Any) -> dict[str, Sheet]:
    """The sheets that the caller names: one, or one by table."""
    chosen = dict(wanted) if isinstance(wanted, Mapping) else {main: wanted} if wanted is not None else {}
    roles = {}
    for table, name in chosen.items():
        found = [sheet for sheet in sheets if sheet.name == name]
        if table not in TABLES or not found:
            raise fatal("ledger_no_sheet", sheets[0].file, value=name, found=Listing(s.name for s in sheets))
        roles[table] = found[0]
    return roles


def _likely_table(sheet: Sheet, mapping: Mappings) -> str | None:
    """The table of which a sheet has the required columns, and most columns; its name decides between equals."""
    scores = {}
    for place, table in enumerate(TABLES):
        names = recognise(sheet.headings, table, mapping)
        if not missing(names, table):
            scores[table] = (len(names), plain(sheet.name).startswith(_SHEET_NAMES[table]), -place)
    return max(scores, key=lambda table: scores[table]) if scores else None


# --- the three tables together -----------------------------------------------------------------------------------


# What an amount of the report needs in the file, else it is unknown.
TOLD_BY = {
    "disputed": ("disputed", "dispute_from", "dispute_until"),
    "retention": ("retention",),
    "doubtful": ("doubtful_from",),
}


def _assemble(tables: dict[str, Table], options: _Options, report: LoadReport) -> Ledger:
    t, paid = tables["invoices"], tables.get("settlements")
    rows = _invoices(t, options)
    if paid is None:
        settlements, complete = _flat_settlements(t, rows)
        dated = t.has("allocation_date") and rows["allocation_date"].count() > 0
    rows = rows.with_columns(refused=t.refused)
    unread = t.count_refused(rows["amount"], rows["currency"])
    if paid is not None:
        ignored = [t.heading(name) for name in FLAT if t.has(name)]
        if ignored:
            t.note("ledger_flat_ignored", found=Listing(ignored))
        made = _settlements(paid, rows, options)
        unread += paid.count_refused(made["amount"], made["currency"], -1)
        settlements, complete = made.filter(~paid.refused), True
        dated = paid.has("allocation_date") and paid.raw("allocation_date").count() > 0
    items = rows.filter(~pl.col("refused"))
    _check_balance(report, t.sheet.label, items, settlements)
    seen = [items.select("customer_id", "customer_name"), settlements.select("customer_id")]
    customers = _customers(tables.get("customers"), report, pl.concat(seen, how="diagonal"))
    if unread:
        report.add("ledger_refused_unread", "warning", count=unread, n=unread)
    if not dated and settlements.height:
        report.add("ledger_allocation_undated", "note")
    return Ledger(
        _pandas(items, INVOICES),
        _pandas(settlements, SETTLEMENTS),
        _pandas(customers, CUSTOMERS),
        options.book_currency,
        dated,
        complete,
        silent=tuple(name for name, told in TOLD_BY.items() if not any(map(t.has, told))),
        report=report,
    )


def _pandas(rows: pl.DataFrame, columns: tuple[Column, ...]) -> Any:
    """The promised columns, in order, as pandas."""
    types = {**_TYPES, "date": pl.Datetime("us")}
    return rows.select(pl.col(column.name).cast(types[column.kind]) for column in columns).to_pandas()


def _check_balance(report: LoadReport, label: str, items: pl.DataFrame, settlements: pl.DataFrame) -> None:
    """Items settled beyond their amount, and credit notes used on one side only: kept, and named."""
    cents = (pl.col("amount") * 100).round().cast(pl.Int64)
    used = settlements.filter(pl.col("item_id").is_not_null()).group_by("item_id").agg(used=cents.sum())
    both = items.select("item_id", "line", cents=cents).join(used, on="item_id")
    left, credit = pl.col("cents") - pl.col("used"), pl.col("cents") < 0
    over = both.filter((~credit & (left < -1)) | (credit & (left > 1))).sort("line")
    for item, line, amount, total in over.select("item_id", "line", "cents", "used").iter_rows():
        sums = {"amount": f"{amount / 100:.2f}", "settled": f"{total / 100:.2f}"}
        report.add("ledger_over_settled", "warning", file=label, line=line, value=item, **sums)
    applied = settlements.filter(pl.col("kind") == "credit_note")
    applied = applied.group_by("customer_id", "currency", maintain_order=True).agg(total=cents.sum())
    for customer, code, total in applied.filter(pl.col("total").abs() > 1).iter_rows():
        report.add("ledger_credit_one_sided", "warning", value=customer, total=f"{total / 100:.2f} {code}")


# --- invoices ----------------------------------------------------------------------------------------------------


def _invoices(t: Table, options: _Options) -> pl.DataFrame:
    """Typed rows of the invoice sheet, refused ones included (`t.refused`), with the flat file's columns."""
    customer, item, document = _invoice_keys(t)
    currency = t.currency("currency", options.currency)
    money = {name: t.money(name) for name in names_of_kind("invoices", "money")}
    dates = {name: t.dates(name) for name in names_of_kind("invoices", "date")}
    for name in money:
        t.check_signs(name, only(currency, money[name].is_not_null()))
    rows = pl.DataFrame(
        {
            "item_id": item,
            "customer_id": customer,
            "document": document,
            "currency": currency,
            "customer_name": t.text("customer_name"),
            **money,
            **dates,
        }
    )
    rows = rows.with_columns(line=t.sheet.lines, open_flag=t.flag("open_flag"))
    if not t.has("amount"):
        rows = rows.with_columns(amount=(pl.col("open_amount") + pl.col("paid_amount").fill_null(0.0)).round(2))
    t.complain(rows["amount"].is_null() & t.raw(_amount(t)).is_null(), "ledger_blank_amount", _amount(t))
    rows = _kinds(t, rows)
    t.complain(t.raw("issue_date").is_null() & (rows["kind"] != "opening"), "ledger_blank_issue_date", "issue_date")
    rows = _instalments(t, rows)
    rows = _status(t, rows)
    rows = _due_dates(t, rows, options)
    return _book_amounts(t, rows, options)


def _invoice_keys(t: Table) -> tuple[pl.Series, pl.Series, pl.Series]:
    customer = t.text("customer_id")
    t.complain(customer.is_null(), "ledger_blank_customer", "customer_id")
    document = t.text("document")
    item = t.text("item_id") if t.has("item_id") else document
    item = item.zip_with(item.is_not_null(), document)
    t.complain(item.is_null(), "ledger_blank_item", _key(t))
    return customer, item, document


def _key(t: Table) -> str:
    return "item_id" if t.has("item_id") else "document"


def _amount(t: Table) -> str:
    return "amount" if t.has("amount") else "open_amount"


def _kinds(t: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Kind of each item; credit notes are negative here, whatever the file's habit."""
    kind = t.choice("kind", "kind", "ledger_unknown_kind", "warning")
    blank = t.raw("kind").is_null()
    by_sign = pl.when(pl.col("amount") < 0).then(pl.lit("credit_note")).otherwise(pl.lit("invoice"))
    rows = rows.with_columns(kind=pl.when(blank).then(by_sign).otherwise(kind.fill_null("other")))
    if t.has("kind"):
        t.count(blank, "ledger_kind_blank", "kind")
    else:
        t.note("ledger_kind_assumed")
    notes = is_true(kind == "credit_note")
    positive = notes & is_true(rows["amount"] > 0)
    if positive.any() and positive.sum() == (notes & is_true(rows["amount"] != 0)).sum():
        t.count(positive, "ledger_credit_notes_unsigned", "kind", "warning")
        rows = rows.with_columns(
            pl.when(positive & (pl.col(name) > 0)).then(-pl.col(name)).otherwise(pl.col(name)).alias(name)
            for name in names_of_kind("invoices", "money")
        )
    else:
        t.complain(positive, "ledger_credit_note_positive", _amount(t))
    invoices = rows["kind"] == "invoice"
    t.complain(invoices & (rows["amount"] < 0), "ledger_invoice_negative", _amount(t), "warning")
    if t.has("amount"):  # nothing left of a settled item is no defect
        zero = is_true(invoices & (rows["amount"] == 0))
        t.count(zero, "ledger_invoice_zero", "amount", "warning", lines=_lines(t.sheet.lines.filter(zero).to_list()))
    return rows


def _instalments(t: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Suffix the instalments of one document; an identifier that comes twice is an error."""
    repeated = _repeated(rows)
    if not repeated.any():
        return rows
    copies = repeated & t.copies()
    t.complain(copies, "ledger_duplicate_row", _key(t))
    if not (t.has("item_id") and t.has("document")):
        rows = _split_documents(t, rows, repeated & ~copies)
    again = _repeated(rows) & ~copies
    still = rows.filter(again).group_by("item_id").len().filter(pl.col("len") > 1)["item_id"].to_list()
    t.complain(again & rows["item_id"].is_in(still), "ledger_duplicate_id", _key(t))
    return rows


def _repeated(rows: pl.DataFrame) -> pl.Series:
    return rows["item_id"].is_duplicated() & rows["item_id"].is_not_null()


def _split_documents(t: Table, rows: pl.DataFrame, repeated: pl.Series) -> pl.DataFrame:
    """One item per due date of a document, where its rows differ by it and have one customer."""
    apart = (
        (pl.len() > 1)
        & (pl.col("due_date").n_unique() == pl.len())
        & pl.col("due_date").is_not_null().all()
        & (pl.col("customer_id").n_unique() == 1)
    )
    split = rows.filter(repeated).group_by("item_id").agg(apart=apart).filter("apart")["item_id"].to_list()
    t.count(len(split), "ledger_instalments", _key(t))
    place = pl.when("part").then("due_date").rank("ordinal").over("item_id").cast(pl.String)
    return (
        rows.with_columns(part=rows["item_id"].is_in(split) & repeated)
        .with_columns(
            document=pl.when("part").then(pl.coalesce("document", "item_id")).otherwise("document"),
            item_id=pl.when("part").then(pl.col("item_id") + "/" + place).otherwise("item_id"),
        )
        .drop("part")
    )


def _status(t: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """What else the sheet says of an item: VAT, retention, dispute, account, booking."""
    rows = rows.with_columns(
        vat_regime=t.choice("vat_regime", "vat_regime", "ledger_unknown_regime", "warning"),
        vat_rate=t.rate("vat_rate"),
        retention=is_true(t.flag("retention")),
        account=t.text("account"),
        dispute_reason=t.text("dispute_reason"),
        periodic=is_true(t.flag("periodic")),
        goods=t.choice("goods", "goods", "ledger_unknown_goods", "warning"),
    )
    rows = _disputes(t, rows)
    if not t.has("booking_date"):
        t.note("ledger_booking_assumed")
    rows = rows.with_columns(booking_date=pl.coalesce("booking_date", "issue_date"))
    unbooked = rows["booking_date"].is_null() & (rows["kind"] == "opening") & t.raw("issue_date").is_null()
    t.complain(unbooked, "ledger_blank_issue_date", "issue_date")
    excl, amount = rows["amount_excl_vat"], rows["amount"]
    odd = (excl.abs() > amount.abs() + 0.01) | (excl * amount < 0)
    t.complain(odd, "ledger_excl_vat", "amount_excl_vat", "warning")
    issued = rows["issue_date"]
    t.complain(
        rows["receipt_date"] < issued,
        "ledger_received_before_issue",
        "receipt_date",
        "warning",
        details=lambda row: {"issued": day(issued[row])},
    )
    return rows


def _disputes(t: Table, rows: pl.DataFrame) -> pl.DataFrame:
    undated = is_true(t.flag("disputed")) & rows["dispute_from"].is_null()
    t.count(undated, "ledger_dispute_undated", "disputed")
    rows = rows.with_columns(dispute_from=pl.when(undated).then("issue_date").otherwise("dispute_from"))
    start, end = rows["dispute_from"], rows["dispute_until"]
    t.complain(end < start, "ledger_dispute_order", "dispute_until", "warning")
    t.complain(end.is_not_null() & start.is_null(), "ledger_dispute_no_start", "dispute_until", "warning")
    return rows


def _due_dates(t: Table, rows: pl.DataFrame, options: _Options) -> pl.DataFrame:
    blank = t.raw("due_date").is_null() & ~t.refused
    if options.terms is not None and (blank & rows["issue_date"].is_not_null()).any():
        due = pl.when(blank).then(_due_by_terms(rows, options.terms)).otherwise("due_date")
        rows = rows.with_columns(due_date=due)
        shown = options.terms if not isinstance(options.terms, Mapping) else options.terms.get("default", "–")
        count = int((blank & rows["due_date"].is_not_null()).sum())
        t.note("ledger_due_by_terms", name="due_date", count=count, n=count, terms=str(shown))
    unknown = blank & rows["due_date"].is_null() & ~rows["retention"]
    lines = Listing(str(line) for line in t.sheet.lines.filter(unknown).head(10))
    t.count(unknown, "ledger_due_unknown", "due_date", "warning", lines=lines)
    early = is_true(rows["due_date"] < rows["issue_date"])
    if early.sum() > max(2, int((rows["due_date"] > rows["issue_date"]).sum())):  # no date can be trusted then
        count = int(early.sum())
        t.note("ledger_dates_exchanged", "fatal", "due_date", count=count, n=count, issue=t.heading("issue_date"))
    else:
        t.complain(early, "ledger_due_before_issue", "due_date", "warning")
    return rows


def _due_by_terms(rows: pl.DataFrame, terms: Any) -> pl.Series:
    issued = rows["issue_date"].cast(pl.Datetime("us")).to_pandas()
    if isinstance(terms, Mapping):
        default = terms.get("default")
        terms = rows["customer_id"].to_pandas().map(lambda customer: terms.get(customer, default))
    return pl.Series(due_date(issued, terms)).cast(pl.Date)


def _book_amounts(t: Table, rows: pl.DataFrame, options: _Options) -> pl.DataFrame:
    """Amount in book currency: as given, or the amount itself where the currency is that of the books."""
    same = is_true(rows["currency"] == options.book_currency)
    amount, given = rows["amount"], rows["book_amount"]
    t.complain(same & ((given - amount).abs() > 0.011), "ledger_book_differs", "book_amount")
    t.complain(~same & (given * amount < 0), "ledger_book_sign", "book_amount")
    return rows.with_columns(book_amount=pl.when(same).then("amount").otherwise("book_amount"))


# --- settlements in the columns of a flat file -------------------------------------------------------------------


def _flat_settlements(t: Table, rows: pl.DataFrame) -> tuple[pl.DataFrame, bool]:
    """Settlements that the columns of a flat file tell, and whether its sales are complete."""
    rows = rows.with_columns(part=_settled_part(t, rows))
    settled = is_true(rows["part"] != 0) & ~t.refused
    complete = (t.has("amount") or t.has("paid_amount")) and settled.any()
    if not complete:
        t.note("ledger_open_items_only")
    _check_paid_before_issue(t, rows, settled)
    undated = settled & t.raw("payment_date").is_null()
    totals = rows.filter(undated).group_by("currency").agg(pl.col("part").sum().round(2)).sort("currency")
    total = Listing(f"{total:.2f} {code}" for code, total in totals.iter_rows())
    t.count(undated, "ledger_payment_undated", "payment_date", "warning", total=total)
    received = pl.coalesce("payment_date", "booking_date")
    made = rows.with_columns(undated=undated).filter(settled)
    made = made.select(
        "item_id",
        "customer_id",
        "currency",
        settlement_id="R-" + pl.col("item_id"),
        document=pl.lit(None, pl.String),
        amount="part",
        kind=pl.when("undated").then(pl.lit("other")).otherwise(pl.lit("cash")),
        book_amount=_share("book_amount"),
        payment_date=received,
        allocation_date=pl.max_horizontal(pl.coalesce("allocation_date", received), received, "booking_date"),
        match=pl.lit("given"),
        account=pl.lit(None, pl.String),
    )
    return made, complete


def _check_paid_before_issue(t: Table, rows: pl.DataFrame, where: pl.Series) -> None:
    paid, issued = rows["payment_date"], rows["issue_date"]
    t.complain(
        where & (paid < issued),
        "ledger_paid_before_issue",
        "payment_date",
        "warning",
        details=lambda row: {"item": rows["item_id"][row], "issued": day(issued[row])},
    )


def _settled_part(t: Table, rows: pl.DataFrame) -> pl.Series:
    """What of each item is paid: as written, or the amount less what is open, or all of it if it is said to be paid."""
    paid, left, amount, day = rows["paid_amount"], rows["open_amount"], rows["amount"], rows["payment_date"]
    if not t.has("amount"):
        return paid.fill_null(0.0)
    t.complain(
        (amount - paid - left).abs() > 0.011,
        "ledger_paid_plus_open",
        "paid_amount",
        details=lambda row: {"amount": f"{amount[row]:.2f}", "open": f"{left[row]:.2f}"},
    )
    unstated = t.raw("paid_amount").is_null() & t.raw("open_amount").is_null()  # an unreadable one is stated
    t.complain(unstated & rows["open_flag"] & day.is_not_null(), "ledger_open_but_paid", "payment_date")
    settled = unstated & (day.is_not_null() | is_true(~rows["open_flag"]))
    return pl.select(
        pl.when(paid.is_not_null())
        .then(paid)
        .when(left.is_not_null())
        .then((amount - left).round(2))
        .when(settled)
        .then(amount)
        .otherwise(0.0)
    ).to_series()


def _share(book: str) -> pl.Expr:
    """Book value of a settled part: the item's own, in proportion."""
    share = (pl.col(book) * pl.col("part") / pl.col("amount")).round(2) + 0.0
    return pl.when(pl.col(book) == pl.col("amount")).then("part").when(pl.col("amount") != 0).then(share)


# --- settlements of their own ------------------------------------------------------------------------------------


def _settlements(t: Table, items: pl.DataFrame, options: _Options) -> pl.DataFrame:
    """Typed rows of the settlement sheet; `items` are all invoice rows, with `refused`."""
    names = ("settlement_id", "customer_id", "document", "account")
    texts = {name: t.text(name) for name in names}
    rows = pl.DataFrame({**texts, "written": t.text("item_id"), "line": t.sheet.lines})
    rows = _settled_items(t, rows, items)
    own = t.currency("currency", options.currency) if t.has("currency") else _item_currency(t, rows, options)
    amounts = {name: t.money(name) for name in ("amount", "book_amount")}
    dates = {name: t.dates(name) for name in ("payment_date", "allocation_date")}
    rows = rows.with_columns(currency=own, **amounts, **dates)
    t.check_signs("amount", only(own, amounts["amount"].is_not_null()))
    t.complain(t.raw("amount").is_null(), "ledger_blank_amount", "amount")
    t.complain(t.raw("payment_date").is_null(), "ledger_blank_payment_date", "payment_date")
    t.complain(
        rows["currency"] != rows["item_currency"],
        "ledger_currency_differs",
        "currency",
        details=lambda row: {"currency": rows["item_currency"][row], "item": rows["item_id"][row]},
    )
    kind = t.choice("kind", "settlement_kind", "ledger_unknown_kind", "warning")
    if not t.has("kind"):
        t.note("ledger_settlement_kind_assumed")
    rows = rows.with_columns(kind=kind.fill_null("other" if t.has("kind") else "cash"))
    rows = _settlement_ids(t, rows)
    rows = _allocation_dates(t, rows)
    rows = _book_amounts(t, rows, options)
    # An item whose value in the books is unknown cannot lose a known part of it.
    unknown = rows["item_id"].is_not_null() & rows["item_book"].is_null()
    return rows.with_columns(book_amount=pl.when(~unknown).then("book_amount"))


def _settled_items(t: Table, rows: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Find the item and its customer; a document number will do where it has one item only."""
    known = items.filter(pl.col("item_id").is_not_null()).unique("item_id", keep="first", maintain_order=True)
    ids = known["item_id"].to_list()
    documents = known.filter(pl.col("document").is_not_null() & ~pl.col("document").is_in(ids))
    documents = documents.group_by("document").agg(target=pl.col("item_id").first(), parts=pl.len())
    rows = rows.join(documents, left_on="written", right_on="document", how="left", maintain_order="left")
    direct = rows["written"].is_in(ids)
    rows = rows.with_columns(item_id=pl.when(direct).then("written").when(pl.col("parts") == 1).then("target"))
    facts = known.select(
        "item_id",
        item_customer="customer_id",
        item_currency="currency",
        item_booked="booking_date",
        issue_date="issue_date",
        item_book="book_amount",
        item_refused="refused",
    )
    rows = rows.join(facts, on="item_id", how="left", maintain_order="left")
    lost, split = rows["written"].is_not_null() & rows["item_id"].is_null(), is_true(rows["parts"] > 1)
    t.complain(lost & split, "ledger_item_in_parts", "item_id")
    t.complain(lost & ~split, "ledger_unknown_item", "item_id")
    t.complain(rows["item_refused"], "ledger_item_refused", "item_id")
    unknown = rows["customer_id"].is_null() & rows["item_id"].is_null() & ~lost
    t.complain(unknown, "ledger_blank_customer", "customer_id" if t.has("customer_id") else "item_id")
    t.complain(
        rows["customer_id"] != rows["item_customer"],
        "ledger_customer_differs",
        "customer_id",
        details=lambda row: {"customer": rows["item_customer"][row], "item": rows["item_id"][row]},
    )
    return rows.with_columns(customer_id=pl.coalesce("customer_id", "item_customer"))


def _item_currency(t: Table, rows: pl.DataFrame, options: _Options) -> pl.Series:
    if rows["item_currency"].has_nulls():
        t.note("ledger_currency_assumed", value=options.currency)
    return rows["item_currency"].fill_null(options.currency)


def _settlement_ids(t: Table, rows: pl.DataFrame) -> pl.DataFrame:
    t.complain(t.copies(), "ledger_duplicate_row", "settlement_id", "error" if t.has("settlement_id") else "warning")
    t.count(rows["settlement_id"].is_null(), "ledger_settlement_id_made", "settlement_id")
    name = pl.coalesce("settlement_id", "document", "R-" + pl.col("line").cast(pl.String))
    return rows.with_columns(settlement_id=name)


def _allocation_dates(t: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Day from which a settlement reduces its item: never before it was paid, nor before the item is booked."""
    paid, allocated, linked = rows["payment_date"], rows["allocation_date"], rows["item_id"].is_not_null()
    alone = allocated.is_not_null() & t.raw("item_id").is_null()
    t.complain(alone, "ledger_allocation_no_item", "allocation_date", "warning")
    t.complain(allocated < paid, "ledger_allocation_early", "allocation_date", "warning")
    unbooked = is_true(linked & (paid < rows["item_booked"]))
    t.complain(
        unbooked,
        "ledger_paid_before_invoice",
        "payment_date",
        "warning",
        details=lambda row: {
            "item": rows["item_id"][row],
            "issued": day(rows["issue_date"][row]),
            "booked": day(rows["item_booked"][row]),
        },
    )
    _check_paid_before_issue(t, rows, linked & ~unbooked)
    if t.has("allocation_date"):
        blank = linked & t.raw("allocation_date").is_null()
        t.count(blank, "ledger_allocation_blank", "allocation_date", "warning")
    else:
        t.note("ledger_allocation_assumed")
    when = pl.max_horizontal(pl.coalesce("allocation_date", "payment_date"), "payment_date", "item_booked")
    return rows.with_columns(allocation_date=pl.when(linked).then(when), match=pl.when(linked).then(pl.lit("given")))


# --- customers ---------------------------------------------------------------------------------------------------


def _customers(t: Table | None, report: LoadReport, seen: pl.DataFrame) -> pl.DataFrame:
    """Customers of the file, completed with those of the items; `seen`: customer_id, customer_name per row."""
    names = _usual_names(report, seen)
    listed = pl.DataFrame(schema={column.name: _TYPES[column.kind] for column in CUSTOMERS})
    if t is not None:
        listed = listed_customers(t)
    others = names.join(listed, on="customer_id", how="anti", maintain_order="left")
    if t is not None:
        found = Listing(others["customer_id"].head(10))
        t.count(others.height, "ledger_customers_added", level="warning", found=found)
    usual = names.rename({"customer_name": "usual"})
    everyone = pl.concat([listed, others], how="diagonal")
    everyone = everyone.join(usual, on="customer_id", how="left", maintain_order="left")
    return everyone.with_columns(customer_name=pl.coalesce("customer_name", "usual", "customer_id")).drop("usual")


def _usual_names(report: LoadReport, seen: pl.DataFrame) -> pl.DataFrame:
    """Each customer with the name most often written."""
    counts = seen.filter(pl.col("customer_name").is_not_null()).group_by("customer_id", "customer_name").len()
    varied = counts.group_by("customer_id").len().filter(pl.col("len") > 1).height
    if varied:
        report.add("ledger_names_vary", "note", count=varied, n=varied)
    best = counts.sort("customer_id", "len", "customer_name", descending=[False, True, False])
    best = best.unique("customer_id", keep="first", maintain_order=True).select("customer_id", "customer_name")
    everyone = seen.select("customer_id").drop_nulls().unique().sort("customer_id")
    return everyone.join(best, on="customer_id", how="left", maintain_order="left")


def listed_customers(t: Table) -> pl.DataFrame:
    """Customers of a table of customers, one row each; what is wrong with them is noted."""
    rows = pl.DataFrame({column.name: _customer_column(t, column) for column in CUSTOMERS})
    named = rows["customer_id"].is_not_null()
    t.complain(~named, "ledger_blank_customer", "customer_id")
    _check_terms(t, rows["terms"])
    copies = ~rows.to_struct().is_first_distinct() & named
    t.complain(copies, "ledger_customer_copied", "customer_id", "warning")
    twice = rows["customer_id"].is_duplicated() & named & ~rows.is_duplicated()
    t.complain(twice, "ledger_customer_twice", "customer_id")
    t.count_refused(nulls(pl.Float64, t.height), nulls(pl.String, t.height))
    return rows.filter(~t.refused & ~copies)


def _customer_column(t: Table, column: Column) -> pl.Series:
    if column.name in _CHOICES:
        return t.choice(column.name, column.name, _CHOICES[column.name], "error")
    if column.name == "late_rate":
        return t.rate(column.name, "ledger_bad_late_rate")
    return t.money(column.name) if column.kind == "money" else t.text(column.name)


def _check_terms(t: Table, terms: pl.Series) -> None:
    """Name the payment terms that no due date can be computed with."""
    for text in terms.drop_nulls().unique(maintain_order=True):
        try:
            parse_terms(text)
        except InputError:
            where = t.sheet.lines.filter(is_true(terms == text)).to_list()
            count = len(where)
            t.note("ledger_terms_unread", "warning", "terms", value=text, count=count, n=count, lines=_lines(where))


def _lines(numbers: list[int]) -> Listing:
    """The first lines of many."""
    return Listing([*map(str, numbers[:MOST_SHOWN]), *(["…"] if len(numbers) > MOST_SHOWN else [])])
