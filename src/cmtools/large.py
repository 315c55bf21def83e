"""The parts of a monthly report that are as long as the ledger, within bounds where the ledger is not in memory.

Per-item tables keep their first rows and say how many there are; what the law makes of each item (interest,
limitation, ceilings) is worked out for some customers at a time. A ledger in memory keeps all its rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from html import escape
from typing import Any, NamedTuple

import narwhals as nw
import pandas as pd

from cmtools.claims import claims_and_segments, claims_by_customer, late_claims
from cmtools.compliance import STATUSES, compliance_summary, terms_compliance
from cmtools.dashboard import report_items
from cmtools.display import Html, said, table, with_names
from cmtools.frames import collect, in_pandas, in_polars, is_scanned, kept, prepare
from cmtools.language import integer, message, money
from cmtools.schemas import Ledger
from cmtools.workbook import Sheet, Tables

MOST = 100_000  # rows of a sheet
PAGE = 200  # rows of a table on the page
CHUNK = 200_000  # invoices in memory at a time


def ready(ledger: Ledger) -> Ledger:
    """The ledger as a report works on it, prepared: in Polars, or as the engine holds it."""
    return prepare(ledger, items_known=True) if is_scanned(ledger) else in_polars(ledger)


def report_rows(ledger: Ledger, as_of: str | date) -> Any:
    """Open items of a report: in pandas, or kept by the engine where the ledger is scanned.

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str

    Returns
    -------
    frame
        As :func:`cmtools.report_items` gives it.
    """
    items = report_items(ledger, as_of)
    return kept(nw.from_native(items)).to_native() if is_scanned(ledger) else in_pandas(items)


# ---------------------------------------------------------------- open items

_ORDERS: dict[str, tuple[list[str], bool]] = {
    "credits": (["open_amount"], False),
    "late": (["days_late"], True),
    "all": (["open_amount"], True),
}


def some_items(items: Any, ledger: Ledger, which: str = "all") -> pd.DataFrame:
    """Open items with the names of their customers; the first of them where there are more than a sheet is to hold.

    Parameters
    ----------
    items : frame
        As :func:`report_rows` gives it.
    ledger : Ledger
    which : {"all", "credits", "late"}
        All; unallocated receipts and credit notes, the largest first; late
        items, the oldest first.

    Returns
    -------
    pandas.DataFrame
        Where rows are left out, ``attrs["left_out"]`` is a :class:`LeftOut`,
        and those kept of "all" are the largest.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> late = some_items(report_rows(ledger, "2026-06-30"), ledger, "late")
    >>> bool((late["days_late"] > 0).all())
    True
    """
    names, descending = _ORDERS[which]
    if isinstance(items, pd.DataFrame):
        chosen = _chosen(items, which)
        rows = chosen if which == "all" else chosen.sort_values(names, ascending=not descending)
        return with_names(rows, ledger)
    frame = nw.from_native(items)
    if which == "credits":
        frame = frame.filter(nw.col("open_amount") < 0)
    elif which == "late":
        frame = frame.filter((nw.col("days_late") > 0) & (nw.col("open_amount") > 0))
    order = [*names, "item_id"]
    first = collect(frame.sort(*order, descending=[descending, False], nulls_last=True).head(MOST))
    sums = frame.with_columns(n=nw.lit(1), cents=(nw.col("open_amount") * 100).round().cast(nw.Int64))
    totals = collect(sums.group_by("currency").agg(nw.col("n").sum(), nw.col("cents").sum()))
    there = int(totals["n"].sum())
    rows = with_names(first, ledger)
    if there > len(rows):
        by_currency = dict(zip(totals["currency"].astype(str), totals["cents"].astype("int64") / 100, strict=True))
        rows.attrs["left_out"] = LeftOut(there, by_currency)
    return rows


def _chosen(items: pd.DataFrame, which: str) -> pd.DataFrame:
    if which == "credits":
        return items[items["open_amount"] < 0]
    return items[(items["days_late"] > 0) & (items["open_amount"] > 0)] if which == "late" else items


class LeftOut(NamedTuple):
    """Of a table that holds the first rows alone: how many there are, and the sum of all by currency, where told."""

    rows: int
    totals: dict[str, float]


# ---------------------------------------------------------------- some customers at a time


def in_parts(ledger: Ledger, rows: int = CHUNK) -> Iterator[Ledger]:
    """The ledger of some customers at a time, in memory: about `rows` invoices, and never a part of a customer."""
    if not is_scanned(ledger):
        yield ledger
        return
    tables = [nw.from_native(table) for table in (ledger.invoices, ledger.settlements)]
    for low, high in _ranges(tables[0], rows):
        mine = (nw.col("customer_id") >= low) & (nw.col("customer_id") <= high)
        some = [table.filter(mine).collect(backend="polars").to_native() for table in tables]
        known = in_pandas(nw.from_native(ledger.customers).filter(mine).to_native())
        yield replace(ledger, invoices=some[0], settlements=some[1], customers=known, accounts=None)


def _ranges(invoices: Any, rows: int) -> list[tuple[str, str]]:
    """First and last customer of each part; customers without invoices have nothing to claim."""
    numbers = invoices.with_columns(n=nw.lit(1)).group_by("customer_id").agg(nw.col("n").sum())
    table = collect(numbers).astype({"customer_id": "object", "n": "int64"}).sort_values("customer_id")
    part = (table["n"].cumsum() - 1) // rows
    ends = table.groupby(part.to_numpy())["customer_id"]
    return list(zip(ends.first(), ends.last(), strict=True))


class Claims(NamedTuple):
    """What lateness gives a right to, for a report.

    Attributes
    ----------
    by_customer : pandas.DataFrame
        As :func:`cmtools.claims_by_customer` gives it.
    items : pandas.DataFrame
        As :func:`cmtools.late_claims` gives them, with names; of a scanned
        ledger those of the largest interest.
    soon : pandas.DataFrame
        Those still owed within a year of limitation, the nearest first.
    noted : pandas.DataFrame
        Columns of the claims that the remarks read.
    segments : pandas.DataFrame or None
        As :func:`cmtools.late_interest` gives them; None of a scanned ledger: several for each item.
    """

    by_customer: pd.DataFrame
    items: pd.DataFrame
    soon: pd.DataFrame
    noted: pd.DataFrame
    segments: pd.DataFrame | None


_NOTED = [
    "currency", "principal", "written_off", "disputed", "reason", "unknown_from", "frozen_on", "receipt_supposed",
    "buyer", "confirmation",
]  # fmt: skip


def report_claims(ledger: Ledger, as_of: str | date, insolvencies: pd.DataFrame | None = None) -> Claims:
    """Claims of a report; those of a scanned ledger are worked out for some customers at a time.

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str
    insolvencies : pandas.DataFrame, optional
        See :func:`cmtools.late_claims`.

    Returns
    -------
    Claims

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> found = report_claims(ledger, "2026-06-30")
    >>> len(found.items) == len(cm.late_claims(ledger, "2026-06-30"))
    True
    """
    if not is_scanned(ledger):
        claimed, segments = claims_and_segments(ledger, as_of, insolvencies)
        items = with_names(claimed, ledger)
        return Claims(claims_by_customer(claimed, ledger, as_of), items, _soon(items), claimed[_NOTED], segments)
    by_customer, items_of, noted = [], _First("interest", ascending=False), []
    soon = _First("days_left", ascending=True)
    for part in in_parts(ledger):
        claimed = late_claims(part, as_of, insolvencies=insolvencies)
        by_customer.append(claims_by_customer(claimed, part, as_of))
        noted.append(_remarkable(claimed))
        named = with_names(claimed, part)
        items_of.add(named)
        soon.add(_soon(named))
    order = ["currency", "interest", "customer_id"]
    whole = pd.concat(by_customer, ignore_index=True).sort_values(order, ascending=[True, False, True])
    near = soon.table().sort_values("days_left", kind="stable")
    return Claims(whole.reset_index(drop=True), items_of.table(), near, pd.concat(noted), None)


def _soon(items: pd.DataFrame) -> pd.DataFrame:
    return items[(items["principal"] > 0) & (items["days_left"] < 365)].sort_values("days_left")


def _remarkable(claimed: pd.DataFrame) -> pd.DataFrame:
    """Rows that a remark is about, and one at least of each buyer and each level of confirmation."""
    told = claimed["reason"].notna() | claimed["frozen_on"].notna() | claimed["receipt_supposed"]
    told |= claimed["disputed"] | (claimed["written_off"] > 0)
    one = ~claimed.duplicated(["buyer", "confirmation"])
    return claimed.loc[told | one, _NOTED]


class _First:
    """The first rows of a table that comes in parts, by a column, and the number of all."""

    def __init__(self, column: str, ascending: bool):
        self._column, self._ascending = column, ascending
        self._parts: list[pd.DataFrame] = []
        self._rows = 0

    def add(self, part: pd.DataFrame) -> None:
        """Take in the rows of one part."""
        self._rows += len(part)
        self._parts.append(part)
        if sum(map(len, self._parts)) > 4 * MOST:
            self._parts = [self._kept()]

    def _kept(self) -> pd.DataFrame:
        rows = pd.concat(self._parts, ignore_index=True)
        return rows.sort_values(self._column, ascending=self._ascending, kind="stable").head(MOST)

    def table(self) -> pd.DataFrame:
        """The first rows; those left out are told in `attrs`."""
        whole = self._rows <= MOST
        rows = pd.concat(self._parts, ignore_index=True) if whole else self._kept().reset_index(drop=True)
        if not whole:
            rows.attrs["left_out"] = LeftOut(self._rows, {})
        return rows


def report_compliance(ledger: Ledger, as_of: str | date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Terms granted against the legal ceilings: the summary, and the invoices beyond them, longest first.

    Parameters
    ----------
    ledger : Ledger
    as_of : date or str

    Returns
    -------
    tuple of pandas.DataFrame
        See :func:`cmtools.compliance_summary` and :func:`cmtools.terms_compliance`.

    Examples
    --------
    >>> import cmtools as cm
    >>> ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    >>> summary, beyond = report_compliance(ledger, "2026-06-30")
    >>> set(beyond["status"]) <= {"over", "needs_clause"}
    True
    """
    if not is_scanned(ledger):
        granted = terms_compliance(ledger, as_of)
        return compliance_summary(granted), with_names(_beyond(granted), ledger)
    beyond, summaries = _First("days_over", ascending=False), []
    for part in in_parts(ledger):
        granted = terms_compliance(part, as_of)
        summaries.append(compliance_summary(granted))
        beyond.add(with_names(_beyond(granted), part))
    return _added(summaries), beyond.table().sort_values("days_over", ascending=False, kind="stable")


def _beyond(granted: pd.DataFrame) -> pd.DataFrame:
    return granted[granted["status"].isin(["over", "needs_clause"])].sort_values("days_over", ascending=False)


def _added(summaries: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One summary from those of some customers each."""
    every = pd.concat(summaries, ignore_index=True)
    groups = every.groupby(["ceiling", "reference", "status", "currency"], dropna=False, sort=False)
    sums = pd.DataFrame(
        {
            "count_invoices": groups["count_invoices"].sum(),
            "amount": groups["amount"].sum().round(2),
            "days_over": groups["days_over"].max(),
        }
    ).reset_index()
    order = {status: place for place, status in enumerate(STATUSES)}
    ranked = sums.assign(order=sums["status"].map(order)).sort_values(["order", "amount"], ascending=[True, False])
    return ranked.drop(columns="order").reset_index(drop=True)


# ---------------------------------------------------------------- the workbook


def tables_of_report(ledger: Ledger, language: str | None = None) -> Tables:
    """Tables of a report: all rows of each, or the first of each where the ledger is scanned."""
    return FirstRows(language) if is_scanned(ledger) else Tables(language)


class FirstRows(Tables):
    """Tables of a ledger that is not in memory: a sheet holds at most MOST rows, and says how many there are."""

    def __init__(self, language: str | None = None):
        super().__init__(language)
        self._cut: list[tuple[str, int, int]] = []

    def show(self, key: str, frame: pd.DataFrame, **options: Any) -> Html:
        """See :meth:`cmtools.workbook.Tables.show`; a page shows at most PAGE rows."""
        limit = options.pop("limit", None) or PAGE
        super().keep(key, frame, **options)
        sheet = self.sheets[-1]
        if sheet.frame.empty:
            return said(sheet.otherwise, self.language)
        in_part = "left_out" in sheet.frame.attrs  # a sum of its rows would pass for the whole
        rows, total = (sheet.frame.head(limit), False) if in_part else (sheet.frame, sheet.total)
        shown = table(rows, self.language, total=total, limit=limit, kind=sheet.kind, name=sheet.title)
        self.sheets[-1] = self._within(sheet)
        return Html(f"{shown}{self._told(sheet)}")

    def keep(self, key: str, frame: pd.DataFrame, **options: Any) -> None:
        """See :meth:`cmtools.workbook.Tables.keep`."""
        super().keep(key, frame, **options)
        self.sheets[-1] = self._within(self.sheets[-1])

    def write(self, path: Any) -> Any:
        """Write the workbook; a last sheet tells which sheets hold the first rows alone."""
        if self._cut:
            columns = ["sheet_name", "rows_kept", "rows_there"]
            told = pd.DataFrame(self._cut, columns=columns)
            self.sheets.append(Sheet(message("sheet_left_out", self.language), told))
        return super().write(path)

    def _within(self, sheet: Sheet) -> Sheet:
        left_out = _left_out(sheet)
        if left_out is None:
            return sheet
        kept_rows = sheet.frame.head(MOST)
        self._cut.append((sheet.title, len(kept_rows), left_out.rows))
        return sheet._replace(frame=kept_rows, total=False)  # a sum of a part would pass for the whole

    def _told(self, sheet: Sheet) -> str:
        left_out = _left_out(sheet)
        if left_out is None:
            return ""
        there, here = integer(left_out.rows, self.language), integer(min(len(sheet.frame), MOST), self.language)
        text = message("large_left_out", self.language, sheet=sheet.title, here=here, there=there)
        if left_out.totals:
            amounts = ", ".join(money(total, code, self.language) for code, total in sorted(left_out.totals.items()))
            text = f"{text} {message('large_total', self.language, amounts=amounts)}"
        return f"<p>{escape(text)}</p>"


def _left_out(sheet: Sheet) -> LeftOut | None:
    told = sheet.frame.attrs.get("left_out")
    if told is None and len(sheet.frame) > MOST:
        return LeftOut(len(sheet.frame), {})
    return told


def segments_of(claims: Claims) -> pd.DataFrame:
    """Segments of interest for the workbook; none of a scanned ledger, for the reason of :func:`segments_reason`."""
    from cmtools.forms_claims import segments

    if claims.segments is None:
        return pd.DataFrame({"customer_id": []})
    return segments(claims.segments, "customer_id", "currency")


def segments_reason(claims: Claims) -> str:
    """Message key: why there are no segments."""
    return "large_no_segments" if claims.segments is None else "no_claim"
