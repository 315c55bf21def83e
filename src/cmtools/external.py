"""What is known of a customer beyond its accounts and the ledger: dated facts, all optional, never guessed.

One row per fact: the insurer's opinion, a lien, the founding date, the credit asked
for. A fact counts from its date to the end of its validity; what is undated, expired
or later than the file is shown as such and used in no computation. Kinds stand in
``reference/external_kinds.csv``, headings and words in ``reference/settings_words.csv``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

import pandas as pd

from cmtools.columns import YEARS, Listing
from cmtools.language import day, label
from cmtools.schemas import Column, Defect, InputError, LoadReport, as_day, require
from cmtools.settings import Reader, Row, key_of, reference_rows
from cmtools.terms import parse_terms

EXTERNAL = (
    Column("customer_id", "text", True, "customer number, text, leading zeros kept"),
    Column("kind", "text", True, "one of the kinds of reference/external_kinds.csv"),
    Column("date", "date", True, "day of the fact; blank: unknown"),
    Column("value", "text", True, "key of a choice, or text as written; blank: none"),
    Column("amount", "money", True, "book currency, incl. VAT, never negative; blank: none"),
    Column("until", "date", True, "last day on which it holds; blank: no end known"),
    Column("source", "text", True, "who says so"),
    Column("remark", "text", True, "the company's own words"),
)
STATUSES = ("given", "not_provided", "undated", "expired", "later")
_DATE = re.compile(
    r"(?:(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})|(?P<D>\d{1,2})(?P<s>[/.-])(?P<M>\d{1,2})(?P=s)(?P<Y>\d{4})"
    r"|(?P<yy>\d{4})(?P<mm>\d{2})(?P<dd>\d{2}))(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?",
    re.ASCII,
)
_DATES = "30/06/2026 | 2026-06-30"


class Kind(NamedTuple):
    """What a kind of fact holds."""

    key: str
    family: str  # external, qualitative, exposure, request
    value: str  # choice, text, terms, any (text or nothing)
    choices: tuple[str, ...]
    amount: str  # required, optional, none
    dated: bool  # without a date it is used nowhere
    keeps: str  # latest; latest_by_source: one of each source; all: none replaces another


@cache
def kinds() -> dict[str, Kind]:
    """Every kind by its key, in reading order.

    Examples
    --------
    What may an insurer's opinion say?

    >>> kinds()["insurer_opinion"].choices
    ('accepted', 'reduced', 'refused')
    """
    return {row["key"]: _kind(row) for row in reference_rows("external_kinds.csv")}


def _kind(row: dict[str, str]) -> Kind:
    choices = tuple(row["choices"].split())
    return Kind(row["key"], row["family"], row["value"], choices, row["amount"], row["dated"] == "yes", row["keeps"])


@dataclass
class External:
    """External and qualitative information on customers, and what was found while reading it.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per fact, in the order of the file: see ``EXTERNAL``.
    report : LoadReport
    """

    table: pd.DataFrame
    report: LoadReport = field(default_factory=LoadReport)


@dataclass(frozen=True)
class Facts:
    """What is known of one customer on a date.

    Attributes
    ----------
    used : pandas.DataFrame
        Facts that hold on that date: `kind`, `date`, `value`, `amount`,
        `until`, `source`, `remark`.
    unused : pandas.DataFrame
        The others, with `status`: undated, expired, later, superseded.
    """

    used: pd.DataFrame
    unused: pd.DataFrame

    def of(self, kind: str) -> pd.DataFrame:
        """Facts of one kind that hold."""
        return self.used[self.used["kind"] == _known(kind).key]

    def value(self, kind: str) -> str | None:
        """Value of a kind, the latest where several hold; None: unknown."""
        found = self.of(kind).sort_values("date", kind="stable")["value"].dropna()
        return None if found.empty else str(found.iloc[-1])

    def amount(self, kind: str) -> float | None:
        """Sum of the amounts of a kind that hold; None: unknown, which is not nil."""
        found = self.of(kind)["amount"].dropna()
        return None if found.empty else round(float(found.sum()), 2)

    def day(self, kind: str) -> date | None:
        """Day of the latest fact of a kind that holds; None: unknown."""
        found = self.of(kind)["date"].dropna()
        return None if found.empty else found.max().date()


def _known(kind: str) -> Kind:
    if kind not in kinds():
        expected = ", ".join(kinds())
        raise InputError([Defect("external_unknown_kind", "fatal", value=str(kind), details={"expected": expected})])
    return kinds()[kind]


# ---------------------------------------------------------------- reading


def read_external(path: Any, customers: Iterable[str] | None = None) -> External:
    r"""Read dated external and qualitative information on customers.

    Parameters
    ----------
    path : path
        CSV (`;` or `,`) or workbook, one row per fact, with the headings
        N° client, Nature, Date, Valeur, Montant, Valable jusqu'au, Source,
        Remarque (or Customer no., Kind, Date, Value, Amount, Valid until,
        Source, Remark). Dates are written 30/06/2026 (day first) or
        2026-06-30. Only the first two headings are required.
    customers : iterable of str, optional
        Known customer numbers; any other one is told as a warning.

    Returns
    -------
    External

    Raises
    ------
    InputError
        With every defect of the file: an unknown heading, kind or choice, a
        blank customer number, a value or an amount that a kind needs and
        lacks, or has and cannot mean, a date or a number that is unreadable
        or readable in two ways, an end before its beginning, a row written
        twice, two facts of one day of which only one can hold.

    Notes
    -----
    A fact without a date is kept and told as a warning: it is shown, and
    used in no computation. An unknown heading is refused, since a misspelt
    « Valable jusqu'au » would make expired facts hold.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "informations.csv"
    >>> _ = path.write_text("N° client;Nature;Date;Valeur;Montant\n000116;Procédure collective;;Liquidation;\n")
    >>> external = read_external(path)
    >>> external.table["value"].tolist(), [defect.code for defect in external.report.defects]
    (['liquidation'], ['external_undated'])
    """
    reader = Reader(path, "external")
    known = None if customers is None else frozenset(map(str, customers))
    seen: dict[Any, tuple[int, dict[str, Any]]] = {}
    found = []
    for row in reader.rows:
        fact = _fact(reader, row, known)
        if fact and _is_new(reader, row, fact, seen):
            found.append(fact)
    reader.report.rows_read = len(reader.rows)
    reader.report.refuse()
    return External(_table(found), reader.report)


def _table(found: Sequence[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(found, columns=[column.name for column in EXTERNAL])
    for column in EXTERNAL:
        if column.kind == "date":
            table[column.name] = pd.to_datetime(table[column.name]).astype("datetime64[us]")
        elif column.kind == "money":
            table[column.name] = table[column.name].astype("float64")
        else:
            table[column.name] = table[column.name].astype("object").where(table[column.name].notna(), None)
    return table


def _fact(reader: Reader, row: Row, known: frozenset[str] | None) -> dict[str, Any] | None:
    """One row as a fact; None where its customer or kind is unknown, which is noted."""
    customer, written = row.text("customer_id"), row.text("kind")
    if not customer:
        reader.wrong(row, "customer_id", "blank_value", expected=label("customer_id"))
    elif known is not None and customer not in known:
        _warn(reader, row, "customer_id", "external_unknown_customer")
    name = key_of(written, "external_kind", kinds())
    if name is None:
        if written:
            reader.wrong(row, "kind", "settings_unknown_key", accepted=_accepted(kinds()))
        else:
            reader.wrong(row, "kind", "blank_value", expected=_accepted(kinds()))
        return None
    if not customer:
        return None
    kind = kinds()[name]
    fact: dict[str, Any] = {"customer_id": customer, "kind": name, "value": _value(reader, row, kind)}
    fact["amount"] = _amount(reader, row, kind, fact["value"])
    fact |= {"date": _day(reader, row, "date"), "until": _day(reader, row, "until")}
    fact |= {name: row.text(name) or None for name in ("source", "remark")}
    if fact["date"] and fact["until"] and fact["until"] < fact["date"]:
        reader.wrong(row, "until", "external_until_before", begins=day(fact["date"]))
    if kind.dated and not row.text("date"):
        _warn(reader, row, "date", "external_undated", line_name=name)
    return fact


def _warn(reader: Reader, row: Row, name: str, code: str, **details: Any) -> None:
    """Note something worth knowing of a row that is kept."""
    reader.wrong(row, name, code, **details)
    reader.report.defects[-1] = replace(reader.report.defects[-1], level="warning")


def _accepted(keys: Iterable[str]) -> Listing:
    return Listing(f"{key} = {label(key, 'fr')}" for key in keys)


def _named(kind: str) -> str:
    return f"{kind} = {label(kind, 'fr')}"


def _value(reader: Reader, row: Row, kind: Kind) -> str | None:
    """Value of a fact: the key of a choice, terms that can be read, or text as written."""
    written = row.text("value")
    if not written:
        if kind.value != "any":
            expected = _accepted(kind.choices) if kind.choices else _named(kind.key)
            reader.wrong(row, "value", "blank_value", expected=expected)
        return None
    if kind.value == "choice":
        found = key_of(written, "external_value", kind.choices)
        if found is None:
            reader.wrong(row, "value", "settings_unknown_key", accepted=_accepted(kind.choices))
        return found
    if kind.value == "terms":
        try:
            parse_terms(written)
        except InputError:
            reader.wrong(row, "value", "bad_terms")
    return written


def _amount(reader: Reader, row: Row, kind: Kind, value: str | None) -> float | None:
    """Amount of a fact; a refusal is a limit of nil, whether written or not."""
    amount = reader.number(row, "amount", "money")
    if kind.key == "insurer_opinion" and value == "refused":
        if amount:
            reader.wrong(row, "amount", "external_refused_amount")
        return 0.0
    if kind.amount == "none" and row.text("amount"):
        reader.wrong(row, "amount", "external_no_amount", line_name=kind.key)
    if kind.amount == "required" and not row.text("amount"):
        reader.wrong(row, "amount", "blank_value", expected=f"{_named(kind.key)} : 25 000 | 0")
    return None if amount is None else round(amount, 2)


def _day(reader: Reader, row: Row, name: str) -> datetime | None:
    """Day of a cell, day first; None where blank or unreadable, which is noted."""
    written = row.text(name)
    if not written:
        return None
    found = _DATE.fullmatch(written)
    parts = found.groupdict() if found else {}
    order = (("y", "m", "d"), ("Y", "M", "D"), ("yy", "mm", "dd"))
    numbers = next(([int(parts[part]) for part in names] for names in order if parts.get(names[0])), None)
    try:
        value = datetime(numbers[0], numbers[1], numbers[2]) if numbers else None
    except ValueError:
        value = None
    if value is None or not YEARS[0] - 190 <= value.year <= YEARS[1]:  # companies are older than ledgers
        reader.wrong(row, name, "bad_date", expected=_DATES)
        return None
    return value


def _is_new(reader: Reader, row: Row, fact: dict[str, Any], seen: dict[Any, tuple[int, dict[str, Any]]]) -> bool:
    """Whether no earlier row says the same, nor something else of which only one can hold."""
    if any(row.text(name) and fact[name] is None for name in ("date", "value", "amount", "until")):
        return True  # a cell that could not be read makes no two rows alike
    kind = kinds()[fact["kind"]]
    said = tuple(fact[name] for name in ("customer_id", "kind", "date", "value", "amount", "until", "source"))
    if said in seen:
        reader.wrong(row, "kind", "settings_duplicate", value=_named(kind.key), first=seen[said][0])
        return False
    seen[said] = (row.line, fact)
    by_source = (fact["source"],) if kind.keeps == "latest_by_source" else ()
    place = (fact["customer_id"], kind.key, fact["date"], *by_source)
    if kind.keeps != "all" and (fact["date"] or not kind.dated) and place in seen:
        reader.wrong(row, "date", "external_same_day", line_name=kind.key, first=seen[place][0])
        return False
    seen[place] = (row.line, fact)
    return True


# ---------------------------------------------------------------- what holds on a date


def facts(external: External | None, customer_id: str, as_of: str | date) -> Facts:
    """Facts on one customer that hold on a date, and the others with the reason why they do not.

    Parameters
    ----------
    external : External or None
        None: no such information was given.
    customer_id : str
    as_of : date or str
        Nothing later is used.

    Returns
    -------
    Facts

    Notes
    -----
    Of most kinds the latest fact alone holds; of a rating and of another
    supplier's limit the latest of each source; liens, incidents, notices
    and guarantees add up. An expired fact still replaces the earlier ones:
    a limit that ran out does not bring back the limit before it.

    Examples
    --------
    What did the insurer agree for this customer, as of the end of March?

    >>> external = external_table([
    ...     {"customer_id": "A", "kind": "insurer_opinion", "date": "2026-01-15", "value": "accepted", "amount": 30000},
    ...     {"customer_id": "A", "kind": "insurer_opinion", "date": "2026-05-02", "value": "refused", "amount": 0},
    ... ])
    >>> facts(external, "A", "2026-03-31").amount("insurer_opinion")
    30000.0
    >>> facts(external, "A", "2026-06-30").amount("insurer_opinion")
    0.0
    """
    at = pd.Timestamp(as_day(as_of))
    table = _table([]) if external is None else external.table
    require(table.columns, EXTERNAL, "external")
    mine = table[table["customer_id"] == customer_id].drop(columns="customer_id")
    statuses = pd.Series("given", index=mine.index, dtype="object")
    for name in mine["kind"].unique():
        of_kind = mine[mine["kind"] == name]
        statuses.loc[of_kind.index] = _statuses(of_kind, kinds()[name], at)
    used = statuses == "given"
    return Facts(mine[used].reset_index(drop=True), mine[~used].assign(status=statuses[~used]).reset_index(drop=True))


def _statuses(mine: pd.DataFrame, kind: Kind, at: pd.Timestamp) -> pd.Series:
    """Whether each fact of one kind holds, or why it does not."""
    later = mine["date"] > at
    undated = mine["date"].isna() & kind.dated
    found = pd.Series("given", index=mine.index, dtype="object").mask(mine["until"] < at, "expired")
    found = found.mask(undated, "undated").mask(later, "later")
    if kind.keeps != "all":
        by = mine["source"].fillna("") if kind.keeps == "latest_by_source" else pd.Series("", index=mine.index)
        past = mine["date"].where(~later & ~undated)
        latest = past.groupby(by).transform("max")
        # a request without a date stands beside none that has one
        found = found.mask(~later & ~undated & latest.notna() & ~(past == latest), "superseded")
    return found


def external_table(rows: Sequence[dict[str, Any]]) -> External:
    """Facts given in Python rather than in a file.

    Parameters
    ----------
    rows : sequence of dict
        Columns of ``EXTERNAL``; what is missing is blank.

    Raises
    ------
    InputError
        If a kind is not known.

    Examples
    --------
    >>> external_table([{"customer_id": "A", "kind": "founded", "date": "1998-04-01"}]).table["date"].dt.year.item()
    1998
    """
    for row in rows:
        _known(str(row.get("kind")))
    names = [column.name for column in EXTERNAL]
    return External(_table([{name: row.get(name) for name in names} for row in rows]))


def shown(external: External | None, customer_id: str, as_of: str | date) -> pd.DataFrame:
    """What is known of one customer, kind by kind, with what is missing, undated or out of date.

    Parameters
    ----------
    external : External or None
    customer_id : str
    as_of : date or str

    Returns
    -------
    pandas.DataFrame, in a fixed order of kinds
        `family`, `kind`, `value` (key of a choice or text), `amount`, `date`,
        `until`, `source`, `remark`, `status`: given, not_provided (a kind of
        which nothing is known), undated, expired, later. Facts that a later
        one replaces are left out.

    Examples
    --------
    >>> found = shown(None, "000116", "2026-06-30")
    >>> found["status"].unique().tolist()
    ['not_provided']
    """
    known = facts(external, customer_id, as_of)
    rows = pd.concat([known.used.assign(status="given"), known.unused], ignore_index=True)
    rows = rows[rows["status"] != "superseded"]
    absent = [name for name in kinds() if name not in set(rows["kind"])]
    blank = _table([{"kind": name} for name in absent]).drop(columns="customer_id").assign(status="not_provided")
    whole = pd.concat([part for part in (rows, blank) if len(part)], ignore_index=True)
    order = {name: place for place, name in enumerate(kinds())}
    rank = {status: place for place, status in enumerate(STATUSES)}
    whole = whole.assign(
        family=[kinds()[name].family for name in whole["kind"]],
        order=whole["kind"].map(order),
        rank=whole["status"].map(rank),
    ).sort_values(["order", "rank", "date"], kind="stable", ignore_index=True)
    return whole[["family", "kind", "value", "amount", "date", "until", "source", "remark", "status"]]


def insolvencies(external: External | None, as_of: str | date) -> pd.DataFrame:
    """Customers under insolvency proceedings on a date, with the judgments that count.

    Parameters
    ----------
    external : External or None
        None: no such information was given, so no customer is known to be.
    as_of : date or str
        Nothing later is used.

    Returns
    -------
    pandas.DataFrame, one row per customer, by number
        `customer_id`, `procedure` (safeguard, receivership, liquidation),
        `opened` (judgment that opened the proceedings: interest stops then,
        earlier debts are frozen; C. com. L622-7, L622-28), `since` (judgment
        of the present procedure: that of the liquidation, where a
        receivership was turned into one). Undated facts are left out: they
        are used in no computation.

    Notes
    -----
    Proceedings that follow one another without a break have one opening.
    They are broken by « no proceedings », or by an end of validity more than
    a day before the next fact. The same procedure told again later keeps its
    first day.

    Examples
    --------
    From which day are the debts of this customer frozen, and since when is it in liquidation?

    >>> found = insolvencies(read_external("data/informations.csv"), "2026-06-30")
    >>> found[["procedure", "opened", "since"]].astype(str).values.tolist()
    [['liquidation', '2025-03-25', '2025-10-14']]
    """
    at = pd.Timestamp(as_day(as_of))
    table = _table([]) if external is None else external.table
    require(table.columns, EXTERNAL, "external")
    told = table[(table["kind"] == "insolvency_proceedings") & (table["date"] <= at)]
    rows = []
    for customer, mine in told.sort_values("date", kind="stable").groupby("customer_id", sort=True):
        opened = since = procedure = until = None
        for fact in mine.to_dict("records"):
            ended = until is not None and until + pd.Timedelta(days=1) < fact["date"]
            if fact["value"] == "no_proceedings" or ended:
                opened = since = procedure = None
            if fact["value"] != "no_proceedings":
                since = since if fact["value"] == procedure else fact["date"]
                opened, procedure = opened or fact["date"], fact["value"]
            until = None if pd.isna(fact["until"]) else fact["until"]
        if procedure and (until is None or until >= at):
            rows.append((customer, procedure, opened, since))
    found = pd.DataFrame(rows, columns=["customer_id", "procedure", "opened", "since"])
    return found.astype({"opened": "datetime64[us]", "since": "datetime64[us]"})
