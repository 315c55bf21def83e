"""From sheets of text to typed columns: which heading is which column, and what its cells say.

Headings and words come from ``reference/headings.csv`` and ``reference/values.csv``,
or from the caller's mapping. Dates, amounts and flags are read by the column, and
whatever cannot be read, or could be read two ways, is noted with its line: never guessed.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import polars as pl
import yaml

from cmtools.files import Sheet, content, fatal, plain
from cmtools.schemas import CUSTOMERS, INVOICES, SETTLEMENTS, TRIAL_BALANCE, Column, Defect, LoadReport, shorten

TABLES = {"invoices": INVOICES, "settlements": SETTLEMENTS, "customers": CUSTOMERS}  # of a ledger
LONE: dict[str, tuple[Column, ...]] = {"trial_balance": TRIAL_BALANCE}  # tables that come alone in their file
REQUIRED: dict[str, tuple[tuple[str, ...], ...]] = {
    "invoices": (("customer_id",), ("item_id", "document"), ("issue_date",), ("amount", "open_amount")),
    "settlements": (("amount",), ("payment_date",), ("customer_id", "item_id")),
    "customers": (("customer_id",), ("customer_name",)),
    "trial_balance": (("account",), ("closing_debit", "balance", "debit"), ("closing_credit", "balance", "credit")),
}
YEARS = (1990, 2099)
MOST_SHOWN = 10  # of what comes many times: lines in one sentence, unknown words told one by one
MAX_AMOUNT = 1e13  # cents stay exact in a float below it

Mappings = dict[str, dict[str, str]]  # table ("": whichever has the column) -> our column -> heading


class Listing(tuple[str, ...]):
    """Several values inside one sentence; each is shortened, the list is not."""

    def __str__(self) -> str:
        return " | ".join(shorten(value) for value in self) or "–"

    def __format__(self, _: str) -> str:
        return str(self)


# --- reference tables --------------------------------------------------------------------------------------------


@cache
def _reference(name: str) -> list[dict[str, str]]:
    text = (resources.files("cmtools") / "reference" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def _headings_of(table: str) -> dict[str, str]:
    """Our column for each plain heading of a table."""
    return {plain(row["heading"]): row["column"] for row in _reference("headings.csv") if row["table"] == table}


@cache
def _accepted(table: str, column: str) -> tuple[str, ...]:
    rows = _reference("headings.csv")
    return tuple(row["heading"] for row in rows if (row["table"], row["column"]) == (table, column))


@cache
def _values(name: str) -> dict[str, str]:
    """Our value for each plain text of a list of values."""
    return {plain(row["text"]) or row["text"]: row["value"] for row in _reference("values.csv") if row["list"] == name}


def _columns_of(*tables: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(column for table in tables for column in _headings_of(table).values()))


def known_headings(mapping: Mappings, tables: Iterable[str] = TABLES) -> frozenset[str]:
    """Plain headings of these tables, those of the caller's mapping included."""
    own = {plain(heading) for names in mapping.values() for heading in names.values()}
    return frozenset(own.union(*map(_headings_of, tables)))


def names_of_kind(table: str, kind: str) -> list[str]:
    """Our columns of one kind, those of a flat file included."""
    names = [column.name for column in (TABLES | LONE)[table] if column.kind == kind]
    if table == "invoices":
        names += {"date": ["payment_date", "allocation_date"], "money": ["paid_amount", "open_amount"]}.get(kind, [])
    if table == "trial_balance" and kind == "money":
        names += ["closing_debit", "closing_credit"]
    return names


# --- recognised headings -----------------------------------------------------------------------------------------


def read_mapping(columns: Any, known: Iterable[str] = TABLES) -> Mappings:
    """The caller's mapping, a dict or a YAML file, by table; `known` are the tables it may name."""
    known = tuple(known)
    if columns is None:
        return {}
    file = ""
    if not isinstance(columns, Mapping):
        columns, file = mapping_file(columns)
    tables: Mappings = {}
    report = LoadReport()
    for key, value in columns.items():
        inside = value if key in known and isinstance(value, Mapping) else {key: value}
        table = str(key) if inside is value else ""
        allowed = _columns_of(table) if table else _columns_of(*known)
        for name, heading in inside.items():
            if name not in allowed:
                report.add("ledger_mapping_name", "fatal", file=file, value=name, accepted=Listing(allowed))
            elif not isinstance(heading, str) or not heading.strip():
                report.add("ledger_mapping_heading", "fatal", file=file, value=heading, name=name)
            else:
                tables.setdefault(table, {})[name] = heading
    report.refuse()
    return tables


def mapping_file(path: Any) -> tuple[Mapping[Any, Any], str]:
    """A YAML mapping as written, and the name of its file."""
    data, name, kind = content(path)
    try:
        found = yaml.safe_load(data.decode("utf-8-sig")) if kind == "text" and len(data) < 2**20 else None
    except Exception as error:  # PyYAML raises ValueError, RecursionError and others besides YAMLError
        raise fatal("ledger_bad_yaml", name, reason=str(error)) from None
    if not isinstance(found, Mapping):
        raise fatal("ledger_bad_yaml", name, reason="our_name: heading")
    return found, name


def find(headings: Sequence[str], wanted: str) -> list[int]:
    """Places of a heading: as written, or else but for case, accents and punctuation."""
    exact = [place for place, heading in enumerate(headings) if heading == wanted.strip()]
    return exact or [place for place, heading in enumerate(headings) if heading and plain(heading) == plain(wanted)]


def recognise(headings: Sequence[str], table: str, mapping: Mappings) -> dict[str, list[int]]:
    """Places of the headings recognised for each of our columns; the caller's mapping comes first."""
    given = {name: heading for name, heading in mapping.get("", {}).items() if name in _columns_of(table)}
    given |= mapping.get(table, {})
    names = {name: places for name, heading in given.items() if (places := find(headings, heading))}
    taken = {place for places in names.values() for place in places}
    reference = _headings_of(table)
    for place, heading in enumerate(headings):
        name = reference.get(plain(heading))
        if name and place not in taken and name not in given:
            names.setdefault(name, []).append(place)
    return names


def _damaged(heading: str) -> bool:
    """Whether a heading would be known but for its accents, lost on the way: « Montant r?gl? », « Montant rÃ©glÃ© »."""
    known = known_headings({})
    try:
        meant = heading.encode("cp1252").decode()
    except UnicodeError:  # never was UTF-8 read as cp1252
        meant = heading
    if meant != heading and plain(meant) in known:
        return True
    parts = re.split("[?\ufffd]", heading)
    pattern = re.compile(".?".join(map(plain, parts)))
    return len(parts) > 1 and any(map(pattern.fullmatch, known))


def missing(names: Iterable[str], table: str) -> list[tuple[str, ...]]:
    """Columns without which the table cannot be read, with their stand-ins."""
    return [choice for choice in REQUIRED[table] if not set(choice) & set(names)]


# --- typed columns -----------------------------------------------------------------------------------------------


def is_true(rows: pl.Series) -> pl.Series:
    """True or false: what is not known is not true."""
    return rows.fill_null(False) if rows.null_count() else rows


def nulls(kind: Any, height: int) -> pl.Series:
    """A blank column."""
    return pl.Series("literal", [None], dtype=kind).new_from_index(0, height)


def only(series: pl.Series, rows: pl.Series) -> pl.Series:
    """Values where `rows` is true, null elsewhere."""
    return series.zip_with(is_true(rows), nulls(series.dtype, 1))


class Table:
    """One recognised sheet: reads its columns into types, notes defects, marks the rows to refuse.

    Attributes
    ----------
    sheet : Sheet
    height : int
        Rows that are not blank.
    refused : Series of bool
        Rows with an error so far.
    order : {"day", "month"}
        What comes first in 03/04/2025; set by :func:`decide_order`.
    decimals : dict of str to str
        Decimal sign by column; set by :func:`decide_decimals`.
    """

    def __init__(self, sheet: Sheet, table: str, mapping: Mappings, report: LoadReport):
        self.sheet, self.table, self.report = sheet, table, report
        places = recognise(sheet.headings, table, mapping)
        self._places = {name: found[0] for name, found in places.items()}
        self._trimmed: dict[str, pl.Series] = {}
        self._check_headings(places)
        self._leave_blank_rows()
        self.height = len(sheet.lines)
        self.refused = pl.repeat(False, self.height, dtype=pl.Boolean, eager=True)
        self.decimals: dict[str, str] = {}
        self.order = "day"
        report.rows_read += self.height + len(sheet.refused)

    def _check_headings(self, places: dict[str, list[int]]) -> None:
        headings, file = self.sheet.headings, self.sheet.label
        for name, found in places.items():
            if len(found) > 1:
                twice = Listing(headings[place] for place in found)
                self.report.add("ledger_heading_twice", "fatal", file=file, name=name, found=twice)
        for choice in missing(places, self.table):
            self.report.add(
                "ledger_missing_column",
                "fatal",
                file=file,
                name=" / ".join(choice),
                found=Listing(filter(None, headings)),
                accepted=Listing(heading for name in choice for heading in _accepted(self.table, name)),
            )
        used = {place for found in places.values() for place in found}
        unknown = [
            heading or f"({place + 1})"
            for place, heading in enumerate(headings)
            if place not in used and (heading or self.sheet.text[place].is_not_null().any())
        ]
        if unknown:
            self.report.add("ledger_unknown_headings", "note", file=file, found=Listing(unknown))
        damaged = Listing(filter(_damaged, unknown))
        if damaged:
            self.report.add("ledger_damaged_headings", "fatal", file=file, found=damaged)

    def _leave_blank_rows(self) -> None:
        sheet = self.sheet
        blank = pl.repeat(True, len(sheet.lines), dtype=pl.Boolean, eager=True)
        for text in sheet.text:
            blank &= (text.str.strip_chars() == "").fill_null(True)
            if not blank.any():
                return
        keep = ~blank
        sheet.text = [text.filter(keep) for text in sheet.text]
        sheet.lines = sheet.lines.filter(keep)
        sheet.numbers = {place: numbers.filter(keep) for place, numbers in sheet.numbers.items()}
        sheet.dates = {place: dates.filter(keep) for place, dates in sheet.dates.items()}

    # -- defects

    def note(self, code: str, level: str = "note", name: str = "", **details: Any) -> None:
        """Add one defect about the whole sheet."""
        self.report.add(code, level, file=self.sheet.label, column=self.heading(name), **details)

    def count(self, rows: pl.Series | int, code: str, name: str = "", level: str = "note", **details: Any) -> None:
        """Add one defect with the number of `rows`, if there are any."""
        count = rows if isinstance(rows, int) else int(rows.sum())
        if count:
            self.note(code, level, name, count=count, n=count, **details)

    def complain(
        self,
        rows: pl.Series,
        code: str,
        name: str = "",
        level: str = "error",
        details: Callable[[int], dict[str, Any]] | None = None,
    ) -> None:
        """Add one defect per row where `rows` is true; errors mark the row as refused."""
        rows = is_true(rows)
        if not rows.any():
            return
        where = rows.arg_true()
        file, column = self.sheet.label, self.heading(name)
        lines, values = self.sheet.lines.gather(where), self.raw(name).gather(where).fill_null("")
        for row, line, value in zip(where.to_list(), lines.to_list(), values.to_list()):
            self.report.defects.append(Defect(code, level, file, line, column, value, details(row) if details else {}))
        if level == "error":
            self.refused = self.refused | rows

    def count_refused(self, amount: pl.Series, currency: pl.Series, sign: int = 1) -> int:
        """Put the refused rows into the report; returns how many have no readable amount."""
        self.report.rows_refused += int(self.refused.sum()) + len(self.sheet.refused)
        out = pl.DataFrame({"amount": amount, "currency": currency}).filter(self.refused)
        known = out.drop_nulls()
        totals = self.report.refused_amounts
        for code, total in known.group_by("currency").agg(pl.col("amount").sum()).sort("currency").iter_rows():
            totals[code] = round(totals.get(code, 0.0) + sign * total, 2)
        return out.height - known.height + len(self.sheet.refused)

    # -- cells as written

    def has(self, name: str) -> bool:
        """Whether the sheet has this column."""
        return name in self._places

    def heading(self, name: str) -> str:
        """Heading as written in the file."""
        return self.sheet.headings[self._places[name]] if name in self._places else ""

    def raw(self, name: str) -> pl.Series:
        """Trimmed text as written; null where blank or where the sheet has no such column."""
        if name not in self._trimmed:
            text = nulls(pl.String, self.height)
            if name in self._places:
                text = self.sheet.text[self._places[name]].str.strip_chars()
            self._trimmed[name] = only(text, text != "").alias("text")
        return self._trimmed[name]

    def number_cells(self, name: str) -> pl.Series:
        """Cells that the file itself holds as numbers; null elsewhere."""
        return self.sheet.numbers.get(self._places.get(name, -1), nulls(pl.Float64, self.height))

    def date_cells(self, name: str) -> pl.Series:
        """Cells that the file itself holds as dates; null elsewhere."""
        return self.sheet.dates.get(self._places.get(name, -1), nulls(pl.Date, self.height))

    def copies(self) -> pl.Series:
        """Rows written exactly as an earlier one."""
        written = [text.fill_null("").alias(str(place)) for place, text in enumerate(self.sheet.text)]
        return ~pl.DataFrame(written).to_struct().is_first_distinct()

    # -- cells as types

    def text(self, name: str) -> pl.Series:
        """Text; whole numbers that a spreadsheet wrote as 123.0 lose their decimals."""
        text = self.raw(name)
        count = self.number_cells(name).count()
        if not count:
            floats = text.str.contains(r"^\d+\.0$")
            if floats.any() and floats.all():
                count = int(floats.sum())
                text = text.str.strip_suffix(".0")
        if name in ("customer_id", "item_id", "document", "settlement_id"):
            self.count(count, "ledger_number_as_text", name)
        return text

    def choice(self, name: str, values: str, code: str, level: str) -> pl.Series:
        """Our value for each text of a list; null where blank or unknown (which is noted)."""
        text = self.raw(name)
        found = translated(text, values)
        unknown = text.is_not_null() & found.is_null()
        if level == "error":
            self.complain(unknown, code, name)
        else:
            words = text.filter(unknown).value_counts().sort("text")
            for written, count in words.head(MOST_SHOWN).iter_rows():
                self.count(count, code, name, level, value=written)
            others = words.slice(MOST_SHOWN)
            self.count(int(others["count"].sum()), "ledger_unknown_others", name, level, words=others.height)
        return found

    def flag(self, name: str) -> pl.Series:
        """Yes or no; null where blank."""
        return self.choice(name, "flag", "ledger_bad_flag", "error") == "yes"

    def dates(self, name: str) -> pl.Series:
        """Days; unreadable ones are errors."""
        if not self.has(name):
            return nulls(pl.Date, self.height)
        text, typed = self.raw(name), self.date_cells(name)
        written = only(text, typed.is_null())
        days, timed = _parse_dates(written, self.order)
        days = days.zip_with(~is_true(typed.dt.year().is_between(*YEARS)), typed)
        expected = "31/12/2025, 2025-12-31, 20251231" if self.order == "day" else "12/31/2025, 2025-12-31, 20251231"
        self.complain(text.is_not_null() & days.is_null(), "bad_date", name, details=lambda _: {"expected": expected})
        self.count(timed + self.sheet.timed.get(self._places[name], 0), "ledger_time_dropped", name)
        short = is_true(written.str.contains(r"^\d{1,2}\D\d{1,2}\D\d{2}(?:\D|$)") & days.is_not_null())
        if short.any():
            first = short.arg_true()[0]
            self.note("ledger_short_year", name=name, value=written[first], read=f"{days[first]:%Y-%m-%d}")
        return days

    def money(self, name: str) -> pl.Series:
        """Amounts rounded to the cent; unreadable ones are errors."""
        if not self.has(name):
            return nulls(pl.Float64, self.height)
        text, typed = self.raw(name), self.number_cells(name)
        exact = _parse_amounts(only(text, typed.is_null()), self.decimals.get(name, "."))
        exact = exact.zip_with(typed.is_null(), typed)
        exact = only(exact, exact.is_finite() & (exact.abs() < MAX_AMOUNT))
        self.complain(text.is_not_null() & exact.is_null(), "bad_amount", name)
        amount = exact.round(2) + 0.0
        self.count((exact - amount).abs() > 1e-4, "ledger_below_cent", name, "warning")
        return amount

    def rate(self, name: str, code: str = "ledger_bad_rate") -> pl.Series:
        """Rate as a fraction, at most a half: 20 %, 20 and 0,2 are 0.2."""
        text = self.raw(name)
        number = (
            text.str.replace(",", ".", literal=True)
            .str.extract(r"^(\d{1,3}(?:\.\d+)?)\s*%?$")
            .cast(pl.Float64, strict=False)
        )
        percent = text.str.ends_with("%") | (number > 0.5)
        rate = number.zip_with(~is_true(percent), number / 100).round(6)
        rate = only(rate, rate <= 0.5)
        self.complain(text.is_not_null() & rate.is_null(), code, name)
        return rate

    def currency(self, name: str, default: str) -> pl.Series:
        """ISO codes; the default where the sheet has no such column."""
        if not self.has(name):
            self.note("ledger_currency_assumed", value=default)
            return pl.repeat(default, self.height, dtype=pl.String, eager=True)
        text = self.raw(name)
        codes = translated(text, "currency").fill_null(text.str.to_uppercase())
        valid = is_true(codes.str.contains(r"^[A-Z]{3}$"))
        self.complain(~valid, "ledger_bad_currency", name)
        return only(codes, valid)

    def check_signs(self, name: str, codes: pl.Series) -> None:
        """A currency written beside an amount must be that of the row."""
        sign = self.raw(name).str.extract(rf"({_CURRENCY})")
        if not sign.count():
            return
        dollar = (sign == "$") & codes.str.ends_with("D")
        same = sign.replace({"€": "EUR", "£": "GBP"}) == codes
        self.complain(
            sign.is_not_null() & codes.is_not_null() & ~is_true(dollar | same),
            "ledger_other_currency",
            name,
            details=lambda row: {"currency": codes[row]},
        )


def translated(text: pl.Series, values: str) -> pl.Series:
    """Our value for each text of a list, null where it has none."""
    known = _values(values)
    texts = text.drop_nulls().unique().to_list()
    table = {written: known.get(plain(written) or written) for written in texts}
    return text.replace_strict(table, default=None, return_dtype=pl.String) if table else text


# --- dates -------------------------------------------------------------------------------------------------------

_TIME = r"(?:[ T]+(\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*([AaPp][Mm])?(?:Z|[+-]\d{2}:?\d{2})?)?"
_ISO = rf"^(?P<y>\d{{4}})(?P<s>[-/.])(?P<m>\d{{1,2}})(?P<t>[-/.])(?P<d>\d{{1,2}}){_TIME}$"
_COMPACT = r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})$"
_SHORT = rf"^(?P<a>\d{{1,2}})(?P<s>[-/. ])(?P<b>\d{{1,2}})(?P<t>[-/. ])(?P<y>\d{{4}}|\d{{2}}){_TIME}$"
_MIDNIGHT = r"(?:[ T]+0{1,2}:00(?::00(?:\.0+)?)?\s*(?:[Aa][Mm])?|[ T]+12:00(?::00)?\s*[Aa][Mm])(?:Z|[+-]\d{2}:?\d{2})?$"


def decide_order(tables: list[Table], given: str | None) -> None:
    """Day first or month first, from all the dates of one file."""
    texts = [
        only(table.raw(name), table.date_cells(name).is_null())
        for table in tables
        for name in names_of_kind(table.table, "date")
        if table.has(name)
    ]
    written = pl.concat([pl.Series([], dtype=pl.String), *texts]).drop_nulls().value_counts(name="count")
    groups = written.to_series(0).str.extract_groups(_SHORT).struct
    first, second = (groups.field(name).cast(pl.Int64, strict=False) for name in ("a", "b"))  # \d is any digit
    parts = written.with_columns(first=first <= 12, second=second <= 12, differ=first != second).drop_nulls()
    day = int(parts.filter(~pl.col("first") & pl.col("second"))["count"].sum())
    month = int(parts.filter(pl.col("first") & ~pl.col("second"))["count"].sum())
    unclear = parts.filter("first", "second", "differ")
    order = given or ("month" if month > day else "day")
    for table in tables:
        table.order = order
    if not given and day == month and (unclear.height or day):
        values = (unclear if unclear.height else parts).to_series(0)
        tables[0].note("ledger_ask_date_order", "fatal", value=values.min())


def _parse_dates(texts: pl.Series, order: str) -> tuple[pl.Series, int]:
    """Days and the number of values whose time of day was cut; unreadable values are null."""
    found = texts.drop_nulls().value_counts(name="count")  # a ledger has far fewer days than rows
    if not found.height:
        return nulls(pl.Date, len(texts)), 0
    written = found.to_series(0)
    day, month = ("a", "b") if order == "day" else ("b", "a")
    iso, compact, short = (written.str.extract_groups(pattern).struct.unnest() for pattern in (_ISO, _COMPACT, _SHORT))
    whole, late = short["y"].str.len_chars() == 4, short["y"] >= "90"
    century = pl.when(whole).then(pl.lit("")).when(late).then(pl.lit("19")).otherwise(pl.lit("20"))
    parts = pl.select(
        text=written,
        year=pl.coalesce(iso["y"], compact["y"], century + short["y"]),
        month=pl.coalesce(iso["m"], compact["m"], short[month]).str.zfill(2),
        day=pl.coalesce(iso["d"], compact["d"], short[day]).str.zfill(2),
        same=pl.coalesce(iso["s"] == iso["t"], short["s"] == short["t"], pl.lit(True)),
        count=found["count"],
        timed=written.str.contains(r"\d:\d") & ~written.str.contains(_MIDNIGHT),
    ).with_columns(value=pl.concat_str("year", "month", "day", separator="-").str.to_date("%Y-%m-%d", strict=False))
    good = pl.col("same") & pl.col("value").dt.year().is_between(*YEARS)
    parts = parts.with_columns(value=pl.when(good).then("value"))
    days = pl.DataFrame({"text": texts}).join(parts, on="text", how="left", maintain_order="left")["value"]
    return days, int(parts.filter(pl.col("value").is_not_null() & pl.col("timed"))["count"].sum())


# --- amounts -----------------------------------------------------------------------------------------------------

_SPACES = r"[ \u00a0\u202f\u2009'’]"
_CURRENCY = r"€|\$|£|[A-Z]{3}"


def decide_decimals(table: Table, given: str | None) -> None:
    """Decimal sign of each amount column: given, proved by its values, or by the sheet's other columns."""
    names = [name for name in names_of_kind(table.table, "money") if table.has(name)]
    if given:
        table.decimals = dict.fromkeys(names, given)
        return
    found = {name: _decimal_votes(only(table.raw(name), table.number_cells(name).is_null())) for name in names}
    commas, points = sum(votes[0] for votes in found.values()), sum(votes[1] for votes in found.values())
    for name, (comma, point, example) in found.items():
        if not comma and not point:
            comma, point = commas, points
        table.decimals[name] = "," if comma > point else "."
        if comma == point and (example or comma):
            column = table.raw(name).drop_nulls()
            value = example or column.filter(column.str.contains("[.,]"))[0]
            table.note("ledger_ask_decimal", "fatal", name, value=value)


def amounts(text: pl.Series, typed: pl.Series | None = None, decimal: str | None = None) -> tuple[pl.Series, str]:
    """Numbers of a column, to the cent, and a value that reads two ways where no other one decides.

    A cell that is no amount is null. The value is blank where the decimal sign is given, or proved.
    """
    text = text.str.strip_chars()
    text = only(text, text != "")
    written = text if typed is None else only(text, typed.is_null())
    if decimal is None:
        comma, point, example = _decimal_votes(written)
        if comma == point and (example or comma):
            signed = written.drop_nulls()
            return nulls(pl.Float64, len(text)), str(example or signed.filter(signed.str.contains("[.,]"))[0])
        decimal = "," if comma > point else "."
    exact = _parse_amounts(written, decimal)
    exact = exact if typed is None else exact.zip_with(typed.is_null(), typed)
    return only(exact, exact.is_finite() & (exact.abs() < MAX_AMOUNT)).round(2) + 0.0, ""


def _decimal_votes(texts: pl.Series) -> tuple[int, int, str | None]:
    """Values that prove a decimal comma, a decimal point, and one that could be read both ways."""
    bare = texts.drop_nulls()
    commas, points = (bare.str.contains(rf"^-?\d+{sign}\d\d?$") for sign in (",", r"\."))
    votes = [int(commas.sum()), int(points.sum())]
    bare = bare.filter(~(commas | points))  # most ledgers end here: the patterns below are slow
    bare = bare.filter(bare.str.contains("[.,]"))
    number = bare.str.extract(rf"(\d(?:[\d.,]|{_SPACES})*|[.,]\d+)")
    unclear = is_true(number.str.contains(r"^[1-9]\d{0,2}[.,]\d{3}$"))
    for place, (sign, other) in enumerate(((",", r"\."), (r"\.", ","))):
        last = rf"^[^,.]*{sign}[^,.]*$|{other}.*{sign}[^,.]*$"  # the only sign, or the last of two kinds
        many = rf"^[^,.]*(?:{other}[^,.]*){{2,}}$"  # several of the other: it separates thousands
        proof = is_true(number.str.contains(last) | number.str.contains(many)) & ~unclear
        votes[place] += int(proof.sum())
    example = bare.filter(unclear)
    return votes[0], votes[1], example[0] if len(example) else None


def _parse_amounts(texts: pl.Series, decimal: str) -> pl.Series:
    """Numbers; null where the text is not an amount written with this decimal sign."""
    if not texts.str.contains(rf"^-?\d+(?:\{decimal}\d+)?$").all():
        texts = _without_signs(texts, decimal)
    numbers = texts.str.replace(",", ".", literal=True) if decimal == "," else texts
    return numbers.cast(pl.Float64, strict=False)


def _without_signs(texts: pl.Series, decimal: str) -> pl.Series:
    """Amounts as -1234.56 or -1234,56; null where the text is no amount."""
    other = "." if decimal == "," else ","
    minus = r"[-−–]"
    bare = _without_currency(texts)
    bracket = is_true(bare.str.contains(r"^\(.*\)$"))
    bare = bare.zip_with(~bracket, bare.str.slice(1).str.strip_suffix(")").str.strip_chars())
    leads, trails = is_true(bare.str.contains(rf"^{minus}")), is_true(bare.str.contains(rf"{minus}$"))
    bare = _without_currency(bare.str.replace(rf"^(?:{minus}|\+)\s*", "").str.replace(rf"\s*{minus}$", ""))
    whole = rf"(?:\d+|\d{{1,3}}(?:{_SPACES}\d{{3}})+|\d{{1,3}}(?:\{other}\d{{3}})+)"
    once = bracket.cast(pl.Int8) + leads.cast(pl.Int8) + trails.cast(pl.Int8) <= 1
    valid = bare.str.contains(rf"^(?:{whole}(?:\{decimal}\d*)?|\{decimal}\d+)$") & once
    digits = bare.str.replace_all(rf"{_SPACES}|\{other}", "").str.strip_suffix(decimal)
    return only(digits.zip_with(~(bracket | leads | trails), "-" + digits), valid)


def _without_currency(texts: pl.Series) -> pl.Series:
    return texts.str.replace(rf"^(?:{_CURRENCY})\s*", "").str.replace(rf"\s*(?:{_CURRENCY})$", "")
