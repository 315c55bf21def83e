"""The tables that travel through cmtools, and the defects found on the way in.

A loader turns files into a :class:`Ledger` (two tables and a report); every
calculation takes these tables. Money is in the unit of the item's currency
(euros, dollars), including VAT unless the name says otherwise; dates are naive
days; a blank is null, never zero and never an empty text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from cmtools.language import Reason, integer, label, message, money, number


class Column(NamedTuple):
    """What a table promises about one column."""

    name: str
    kind: str  # "text", "date", "money", "number", "flag"
    required: bool
    meaning: str


INVOICE_KINDS = ("invoice", "credit_note", "down_payment", "opening", "doubtful", "returned_payment", "other")
SETTLEMENT_KINDS = ("cash", "credit_note", "bill", "write_off", "set_off", "to_doubtful", "other")
SALES_KINDS = ("invoice", "credit_note")
BUYERS = ("business", "public", "public_health", "public_undertaking", "consumer")
GOODS = ("general", "perishable", "livestock", "spirits", "wine", "transport", "integration", "export_free_of_vat")

INVOICES = (
    Column("item_id", "text", True, "identifier of the open item, unique; one row per instalment"),
    Column("customer_id", "text", True, "customer number, text, leading zeros kept"),
    Column("document", "text", False, "number printed on the document"),
    Column("kind", "text", True, "one of INVOICE_KINDS"),
    Column("issue_date", "date", False, "date of the document; blank: unknown age (opening balance without detail)"),
    Column("due_date", "date", False, "day by which it must be paid; blank: unknown"),
    Column("booking_date", "date", True, "day from which the item stands in the accounts"),
    Column("currency", "text", True, "ISO code of `amount`"),
    Column("amount", "money", True, "incl. VAT, item currency; credit notes negative"),
    Column("book_amount", "money", False, "the same in the currency of the books; blank: unknown"),
    Column("amount_excl_vat", "money", False, "excl. VAT, item currency; blank: unknown"),
    Column("vat_rate", "number", False, "fraction (0.2); blank: unknown or several"),
    Column("vat_regime", "text", False, "standard, reverse_charge, export; blank: unknown"),
    Column("retention", "flag", True, "retention money: due_date is its release date"),
    Column("dispute_from", "date", False, "first day of the dispute"),
    Column("dispute_until", "date", False, "day the dispute was settled; blank: still open"),
    Column("dispute_reason", "text", False, "cause of the dispute, as the company words it"),
    Column("doubtful_from", "date", False, "day from which the claim is doubtful (account 416)"),
    Column("account", "text", False, "account that carries the item, where known"),
    Column("delivery_date", "date", False, "day the goods were received or the service was performed; blank: unknown"),
    Column("receipt_date", "date", False, "day a public buyer received the request for payment; blank: unknown"),
    Column("periodic", "flag", False, "periodic summary invoice"),
    Column("goods", "text", False, "one of GOODS, which decides the legal ceiling of the term; blank: not told"),
)

SETTLEMENTS = (
    Column("settlement_id", "text", True, "identifier of the settlement; one row per item it settles"),
    Column("item_id", "text", False, "item it settles; blank: not allocated"),
    Column("customer_id", "text", True, "customer number"),
    Column("document", "text", False, "reference of the receipt"),
    Column("kind", "text", True, "one of SETTLEMENT_KINDS; only cash counts as collected"),
    Column("currency", "text", True, "ISO code of `amount`"),
    Column("amount", "money", True, "incl. VAT; positive reduces an invoice, negative uses up a credit note"),
    Column("book_amount", "money", False, "the same in the currency of the books"),
    Column("payment_date", "date", True, "day received (or booked)"),
    Column("allocation_date", "date", False, "day allocated to the item (lettrage); blank: not allocated"),
    Column("match", "text", False, "how the item was found: given, lettering, opening, fifo; blank: not allocated"),
    Column("account", "text", False, "account that carries it, where known"),
)

CUSTOMERS = (
    Column("customer_id", "text", True, "customer number"),
    Column("customer_name", "text", True, "name as most often written"),
    Column("group_id", "text", False, "group on which exposure is judged"),
    Column("segment", "text", False, "segment, as the company words it"),
    Column("collector", "text", False, "person in charge of collection"),
    Column("salesperson", "text", False, "person in charge of sales"),
    Column("credit_limit", "money", False, "own limit, book currency"),
    Column("insurer_limit", "money", False, "limit agreed by the credit insurer, book currency"),
    Column("terms", "text", False, "payment terms, as written"),
    Column("contact", "text", False, "payment contact"),
    Column("country", "text", False, "ISO code"),
    Column("siren", "text", False, "company number, text"),
    Column("buyer", "text", False, "one of BUYERS, which decides the legal terms and rates; blank: unknown"),
    Column("late_rate", "number", False, "late-payment rate of the contract, a year, fraction (0.12); blank: unknown"),
    Column("terms_reading", "text", False, "one of READINGS of the end of month; blank: not told"),
)

STATEMENTS = (
    Column("company_id", "text", True, "company number or name, unique with year_end"),
    Column("company_name", "text", False, "name"),
    Column("year_end", "date", False, "last day of the financial year; blank: unknown"),
    Column("months", "number", False, "months in the financial year; blank: unknown"),
    Column("chart", "text", False, "chart of accounts: until_2024, from_2025 (ANC 2022-06); blank: unknown or none"),
    Column("form", "text", True, "2050, 2033, trial_balance, lines"),
    Column("filing", "text", False, "C complete, S simplified, K consolidated; blank: unknown"),
    Column("currency", "text", True, "ISO code of all amounts"),
    Column("source", "text", False, "file, without its folder"),
    Column(
        "confirmation", "text", True, "weakest level of the codes or accounts used: confirmed, partial, unconfirmed"
    ),
    Column("complete", "flag", True, "assets, liabilities and result are all known"),
)

TRIAL_BALANCE = (
    Column("account", "text", True, "account number, text"),
    Column("label", "text", False, "name of the account"),
    Column("third_party", "text", False, "customer or supplier of accounts 40 and 41; blank: not detailed"),
    Column("debit", "money", True, "sum of debits, or the balance where it is a debit"),
    Column("credit", "money", True, "sum of credits, or the balance where it is a credit"),
    Column("balance", "money", True, "debit less credit"),
)

OPEN_ITEMS = (
    Column("item_id", "text", True, "item or, for an unallocated receipt, its settlement"),
    Column("customer_id", "text", True, "customer number"),
    Column("kind", "text", True, "kind of the item, or unallocated_receipt"),
    Column("issue_date", "date", False, "date of the document"),
    Column("due_date", "date", False, "due date"),
    Column("currency", "text", True, "ISO code"),
    Column("open_amount", "money", True, "still owed, incl. VAT; credits negative"),
)


@dataclass(frozen=True)
class Defect:
    """Something wrong, or worth knowing, in a file.

    Parameters
    ----------
    code : str
        Key of the sentence in ``reference/messages/*.csv``.
    level : {"fatal", "error", "warning", "note"}
        fatal: the file cannot be read at all; error: would change a total;
        warning: kept, but look at it; note: an assumption that was made.
    file : str
        File name, without its folder.
    line : int, optional
        Line in the file (the heading is line 1), or row of the sheet.
    column : str
        Heading as written in the file.
    value : str
        What was found.
    details : dict
        Other values that the sentence names.
    """

    code: str
    level: str = "error"
    file: str = ""
    line: int | None = None
    column: str = ""
    value: str = ""
    details: dict[str, Any] = field(default_factory=dict, hash=False)

    def text(self, language: str | None = None) -> str:
        """One sentence: place, what was found, what was expected."""
        place = [self.file] if self.file else []
        if self.line is not None:
            place.append(message("place_line", language, line=integer(self.line, language)))
        if self.column:
            place.append(message("place_column", language, column=shorten(self.column)))
        values = {key: _worded(key, value, language) for key, value in self.details.items()}
        said = message(self.code, language, value=shorten(self.value), **values)
        return f"{', '.join(place)}{message('colon', language)}{said}" if place else said


def _worded(key: str, value: Any, language: str | None) -> Any:
    """A detail as the reader writes it; `n` stays a number, since it decides the plural."""
    if key == "line_name":
        return label(value, language)
    if isinstance(value, str):
        return shorten(value.text(language) if isinstance(value, Reason) else value)
    if isinstance(value, float):
        return number(value, 2, language)
    return integer(value, language) if isinstance(value, int) and key != "n" else value


def shorten(text: str, length: int = 80) -> str:
    """Text on one line, control characters shown as a space, its middle left out beyond `length`.

    Examples
    --------
    >>> shorten("a long name.csv", 9)
    'a lo….csv'
    """
    flat = " ".join("".join(character if character.isprintable() else " " for character in str(text)).split())
    if len(flat) <= length:
        return flat
    head = length // 2
    return f"{flat[:head]}…{flat[head + 1 - length :]}"


class InputError(ValueError):
    """The input cannot be trusted; lists every defect found.

    Examples
    --------
    >>> error = InputError([Defect("bad_amount", file="ledger.csv", line=12, column="Montant", value="12,a0")])
    >>> print(error.text("en"))
    Unusable input, 1 defect:
    - ledger.csv, line 12, column Montant: “12,a0” is not an amount; expected a number such as 1 234,56 or 1,234.56
    """

    def __init__(self, defects: Iterable[Defect]):
        self.defects = list(defects)
        super().__init__(self.defects)

    def text(self, language: str | None = None, limit: int = 50) -> str:
        """All defects, the first `limit` of them in full."""
        head = message("input_error", language, count=integer(len(self.defects), language), n=len(self.defects))
        lines = [f"- {defect.text(language)}" for defect in self.defects[:limit]]
        if len(self.defects) > limit:
            lines.append(message("and_more", language, count=integer(len(self.defects) - limit, language)))
        return "\n".join([head, *lines])

    def __str__(self) -> str:
        return self.text()


@dataclass
class LoadReport:
    """What was read, what was refused, what was assumed.

    Attributes
    ----------
    files : list of str
        File names, without their folders.
    rows_read, rows_refused : int
        Data rows; a refused row is in no table.
    refused_amounts : dict of str to float
        Sum of the readable amounts of the refused rows, by currency.
    defects : list of Defect
    """

    files: list[str] = field(default_factory=list)
    rows_read: int = 0
    rows_refused: int = 0
    refused_amounts: dict[str, float] = field(default_factory=dict)
    defects: list[Defect] = field(default_factory=list)

    def add(
        self,
        code: str,
        level: str = "error",
        *,
        file: str = "",
        line: int | None = None,
        column: str = "",
        value: Any = "",
        **details: Any,
    ) -> None:
        """Note one more defect."""
        self.defects.append(Defect(code, level, file, line, column, str(value), details))

    def of_level(self, *levels: str) -> list[Defect]:
        """Defects of the given levels, in the order found."""
        return [defect for defect in self.defects if defect.level in levels]

    def refuse(self, tolerant: bool = False) -> None:
        """Raise InputError if the input cannot be trusted.

        Parameters
        ----------
        tolerant : bool
            True: only fatal defects raise; the rows with errors must already be out.
        """
        blocking = self.of_level("fatal") if tolerant else self.of_level("fatal", "error")
        if blocking:
            raise InputError(blocking)

    def merge(self, other: LoadReport) -> None:
        """Take in the report of another file of the same ledger."""
        self.files += [name for name in other.files if name not in self.files]
        self.rows_read += other.rows_read
        self.rows_refused += other.rows_refused
        for currency, amount in other.refused_amounts.items():
            self.refused_amounts[currency] = round(self.refused_amounts.get(currency, 0.0) + amount, 2)
        self.defects += other.defects

    def text(self, language: str | None = None, limit: int = 50) -> str:
        """The report for a terminal: counts, then defects by severity."""
        lines = [
            message(
                "load_counts",
                language,
                files=", ".join(self.files),
                read=integer(self.rows_read, language),
                refused=integer(self.rows_refused, language),
            )
        ]
        lines += [
            message("refused_amount", language, amount=money(amount, currency, language))
            for currency, amount in sorted(self.refused_amounts.items())
        ]
        for level in ("fatal", "error", "warning", "note"):
            found = self.of_level(level)
            if found:
                lines.append(message(f"level_{level}", language, count=integer(len(found), language), n=len(found)))
                lines += [f"- {defect.text(language)}" for defect in found[:limit]]
                if len(found) > limit:
                    lines.append(message("and_more", language, count=integer(len(found) - limit, language)))
        return "\n".join(lines)


@dataclass
class Ledger:
    """Invoices and settlements of one company, with what is known of its customers.

    Attributes
    ----------
    invoices, settlements, customers : frame
        See INVOICES, SETTLEMENTS, CUSTOMERS; any kind of frame Narwhals reads.
    book_currency : str
        Currency of `book_amount` and of the limits.
    dated_allocation : bool
        False: no allocation date in the source; payment dates stand in for it.
    complete_sales : bool
        False: the source lists open items only, so sales, and with them the
        DSO, cannot be computed.
    silent : tuple of str
        What the source says nothing about: any of "disputed", "retention",
        "doubtful". Such an amount is unknown, not nil.
    accounts : frame, optional
        Movements of the customer accounts (41 and 491): `account`,
        `customer_id`, `booking_date`, `amount` (debit positive). Only a FEC
        gives them.
    report : LoadReport
    prepared : frames.Prepared, optional
        What :func:`cmtools.frames.prepare` worked out of the tables; a ledger
        with other tables has none.
    """

    invoices: Any
    settlements: Any
    customers: Any
    book_currency: str = "EUR"
    dated_allocation: bool = True
    complete_sales: bool = True
    silent: tuple[str, ...] = ()
    accounts: Any = None
    report: LoadReport = field(default_factory=LoadReport)
    prepared: Any = field(default=None, init=False, repr=False, compare=False)


def as_day(value: str | date, name: str = "as_of") -> datetime:
    """Midnight of a day given as a date, "2026-06-30" or "30/06/2026".

    Examples
    --------
    >>> as_day("30/06/2026")
    datetime.datetime(2026, 6, 30, 0, 0)
    """
    if isinstance(value, str):
        for layout in ("%Y-%m-%d", "%d/%m/%Y", "%Y%m%d"):
            try:
                return datetime.strptime(value.strip(), layout)
            except ValueError:
                continue
    elif isinstance(value, date) and value == value:  # NaT is not equal to itself
        return datetime(value.year, value.month, value.day)
    raise InputError([Defect("bad_date", "fatal", column=name, value=str(value), details={"expected": "2026-06-30"})])


def require(columns: Iterable[str], schema: Iterable[Column], table: str) -> None:
    """Raise InputError unless every required column of `schema` is there."""
    found = list(columns)
    missing = [column.name for column in schema if column.required and column.name not in found]
    if missing:
        details = {"missing": ", ".join(missing), "found": ", ".join(map(str, found))}
        raise InputError([Defect("missing_columns", "fatal", file=table, details=details)])
