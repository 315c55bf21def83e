"""From the entries of a FEC to the customers' ledger.

Steps of :func:`draft_ledger`: take the lines of accounts 411 and 416 and classify
each by its counterpart (`_customer_lines`), replace the opening by the previous
year's detail (`_with_previous`), match debits and credits (`_match_all`), and lay
the result out as the two tables of a :class:`~cmtools.schemas.Ledger` (`_tables`).

`lines` has one row per line of these accounts throughout; `period` is 0 for the
previous file and 1 for the file itself, `group_period` tells apart two lettering
groups of one code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from cmtools.fec import (
    LISTED,
    Fec,
    balance_sheet,
    customer_of,
    identified,
    opening_lines,
    plausible,
    report_lettering,
    with_entries,
)
from cmtools.fec_lines import of_text
from cmtools.language import day
from cmtools.schemas import CUSTOMERS, INVOICES, SETTLEMENTS, Column, Defect, Ledger, LoadReport
from cmtools.terms import READINGS, due_date, parse_terms

_DEFAULT_TERMS = 30
_NOT_SALES = ("758", "76", "77", "78", "79")  # class 7 that no customer is invoiced for
_RATES = (0.0, 0.2, 0.1, 0.055, 0.021, 0.085)
_DEBIT_KINDS = {"sale": "invoice", "cash": "returned_payment", "bill": "returned_payment", "c411": "doubtful",
                "down_payment": "down_payment"}  # fmt: skip
_CREDIT_KINDS = {"sale": "credit_note", "cash": "cash", "bill": "bill", "c416": "to_doubtful", "loss": "write_off",
                 "set_off": "set_off"}  # fmt: skip
_PAIRED = ("credit_note", "opening")  # credits that are items of their own
_LINES = 1 << 20  # classified at a time
_NOTES = (
    *("fec_opening_unknown", "fec_excess_open", "fec_opening_matched", "fec_excess_left", "fec_doubtful_unknown"),
    *("fec_retention", "fec_mixed", "fec_fifo", "fec_undated_lettering", "fec_terms", "fec_returned"),
)
# Columns of a Fec that a ledger needs.
NEEDED = ("line", "journal_code", "journal_label", "entry_number", "entry_date", "account", "account_label", "aux",
          "aux_label", "piece_ref", "piece_date", "debit", "credit", "lettering", "lettering_date")  # fmt: skip
_USED = ("line", "journal_code", "journal_label", "entry_number", "entry_date", "account", "aux", "piece_ref",
         "piece_date", "lettering", "lettering_date")  # fmt: skip
_CODE = ["account", "customer_id", "letter"]
_GROUP = [*_CODE, "group_period"]


def build_ledger(fec: Fec, previous: Fec | None, terms: Any, reading: str, unallocated: str) -> Ledger:
    """Ledger of one or two years: see :meth:`cmtools.fec.Fec.ledger`."""
    draft = draft_ledger(fec, previous, terms, reading, unallocated)
    invoices, settlements = draft.matched(draft.lines, draft.report)
    return Ledger(invoices, settlements, draft.customers, accounts=draft.accounts, **draft.told())


@dataclass
class Draft:
    """A ledger before debits and credits are matched.

    Attributes
    ----------
    lines : pandas.DataFrame
        Lines of accounts 411 and 416, oldest first, with their due dates.
    accounts, customers : pandas.DataFrame
        As in the ledger.
    names : dict of int to str
        File of each period.
    report : LoadReport
        What is known before matching; :meth:`matched` and :meth:`parts` add to it.
    fifo, two_years, dated, retention : bool
        Options, and what the ledger will say of itself.
    first_doubtful : int
        First period with a line of account 416.
    """

    lines: pd.DataFrame
    accounts: pd.DataFrame
    customers: pd.DataFrame
    names: dict[int, str]
    report: LoadReport
    fifo: bool
    two_years: bool
    dated: bool
    first_doubtful: int
    retention: bool

    def told(self) -> dict[str, Any]:
        """Attributes of the ledger beside its tables."""
        silent = ("disputed",) if self.retention else ("disputed", "retention")  # no account holds disputes
        return {"dated_allocation": self.dated, "silent": silent, "report": self.report}

    def matched(self, lines: pd.DataFrame, report: LoadReport) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Invoices and settlements of all the `lines` of some customers; what was assumed is noted in `report`."""
        lines, pieces = _match_all(lines, self.fifo, self.two_years, self.first_doubtful)
        _notes(self.names, lines, pieces, self.dated, report)
        return _tables(lines, pieces)

    def parts(self, rows: int = 1 << 19) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """Invoices and settlements of some customers at a time, in the order of their numbers.

        `rows`: lines of a part, about. The report is complete after the last one.
        """
        reports = []
        part = _parts_of(self.lines, rows)
        for number in range(int(part.max(initial=0)) + 1):
            report = LoadReport()
            yield self.matched(self.lines[part == number].reset_index(drop=True), report)
            reports.append(report)
        self.report.defects += _added_up(reports, list(self.names.values()))


def draft_ledger(
    fec: Fec,
    previous: Fec | None = None,
    terms: Any = None,
    reading: str = "days_then_month_end",
    unallocated: str = "keep",
) -> Draft:
    """All that comes before matching: see :meth:`cmtools.fec.Fec.ledger`."""
    if reading not in READINGS:
        raise ValueError(f"reading: one of {READINGS} expected, found {reading!r}")
    if unallocated not in ("keep", "fifo"):
        raise ValueError(f"unallocated: 'keep' or 'fifo' expected, found {unallocated!r}")
    granted = _granted(terms)
    report = LoadReport()
    if previous is not None:
        _check_sequence(fec, previous)
        report.merge(previous.report)
    report.merge(fec.report)
    frame = _frame(fec)
    lines, movements = _customer_lines(frame, fec, 1), _movements(frame)
    del frame
    if previous is not None:
        lines, movements = _with_previous(fec, previous, lines, movements, report)
    elif not movements["opening"].any():
        report.add("fec_no_opening", "note", file=fec.name)
    if lines.empty:
        report.add("fec_no_claims", "warning", file=fec.name)
    fecs = {0: previous, 1: fec} if previous is not None else {1: fec}
    customers = _customers(fecs.values(), lines, granted)
    lines = _with_due_dates(_sorted(lines, lines["period"].min()), granted, reading)
    accounts = movements.assign(amount=movements["cents"] / 100)
    return Draft(
        lines,
        accounts[["account", "customer_id", "booking_date", "amount"]],
        customers,
        {period: each.name for period, each in fecs.items()},
        report,
        fifo=unallocated == "fifo",
        two_years=previous is not None,
        dated=bool(lines.loc[lines["letter"].notna(), "letter_date"].notna().any()),
        first_doubtful=lines.loc[_doubtful(lines), "period"].min(),
        retention=bool((_retained(lines) & _items(lines)).any()),
    )


def _parts_of(lines: pd.DataFrame, rows: int) -> np.ndarray:
    """Part of each line: whole customers, by number; those that one transfer to 416 brings together stay together."""
    rank, customers = pd.factorize(lines["customer_id"], sort=True)
    if not len(customers):
        return np.zeros(0, dtype=np.int64)
    joined = np.zeros(len(customers) + 1, dtype=np.int64)
    transfers = _doubtful(lines) & (lines["kind"] == "doubtful").to_numpy() & (lines["cents"] > 0).to_numpy()
    if transfers.any():
        units = pd.MultiIndex.from_frame(lines[["period", "unit"]])
        brought = units.isin(units[transfers])
        spans = pd.Series(rank[brought]).groupby([units[brought].get_level_values(level) for level in (0, 1)])
        np.add.at(joined, spans.min().to_numpy(dtype=np.int64), 1)
        np.add.at(joined, spans.max().to_numpy(dtype=np.int64), -1)
    free = np.cumsum(joined)[:-1] == 0  # nothing joins this customer to the next one
    counts = np.bincount(rank, minlength=len(customers))
    part, filled, number = np.zeros(len(customers), dtype=np.int64), 0, 0
    for place, count in enumerate(counts.tolist()):
        part[place] = number
        filled += count
        if filled >= rows and free[place]:
            number, filled = number + 1, 0
    return part[rank]


def _added_up(reports: list[LoadReport], names: list[str]) -> list[Defect]:
    """One note for those of the same kind on parts of one ledger."""
    found: dict[tuple[str, str, str], list[Defect]] = {}
    for defect in (defect for report in reports for defect in report.defects):
        found.setdefault((defect.code, defect.file, defect.value), []).append(defect)
    notes = [replace(same[0], details=_summed(same)) for same in found.values()]

    def place(note: Defect) -> tuple[Any, ...]:
        order = _NOTES.index(note.code)
        last = order >= _NOTES.index("fec_terms")  # these two are told file by file
        return (_NOTES.index("fec_terms") if last else order, names.index(note.file), order, -note.details.get("n", 0))

    return sorted(notes, key=place)


def _summed(notes: list[Defect]) -> dict[str, Any]:
    details = dict(notes[0].details)
    for name in details:
        details[name] = sum(note.details[name] for note in notes)
    return details | ({"amount": round(details["amount"], 2)} if "amount" in details else {})


# ---------------------------------------------------------------- customers' lines


def _frame(fec: Fec) -> pl.DataFrame:
    """Entries with dates as days, `net` in cents, `entry`, and whether the line opens the year."""
    frame = with_entries(fec.lines.select(_USED, net=pl.col("debit") - pl.col("credit")))
    first_day = balance_sheet(frame, frame.get_column("entry_date") == fec.start).filter(entry_date=fec.start)
    first_day = first_day.with_columns(pl.col("account").cast(pl.String))
    equity, classes = pl.col("account").str.starts_with("1").any(), pl.col("account").str.head(1).n_unique()
    whole = first_day.group_by("entry").agg(balanced=equity & (classes >= 3)).filter("balanced").get_column("entry")
    return frame.with_columns(opening=opening_lines(frame) | pl.col("entry").is_in(whole.implode()))


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
    return identified(frame, "unit", "entry", "piece", "run")


def _customer_lines(frame: pl.DataFrame, fec: Fec, period: int) -> pd.DataFrame:
    """One row per line of accounts 411 and 416, with what its counterpart says.

    `cents` debit positive; `issue_date` the document's date where plausible, else
    the entry's; `excl` cents excluding VAT; `several`: counterparts of several kinds.
    """
    lines = pl.concat(_lines_of(part, fec, period) for part in _some_entries(frame))
    texts = dict.fromkeys(("id", "account", "customer_id", "document", "letter", "kind"), "str")
    types = texts | {"excl": "float64", "vat_rate": "float64", "opening": "bool", "several": "bool"}
    return lines.to_pandas().astype(types)


def _some_entries(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Whole entries, in order, about _LINES lines of them at a time; `start`: place of the first of these lines."""
    if not frame.get_column("entry").is_sorted():
        frame = frame.sort("entry", maintain_order=True)
    entry = frame.get_column("entry").to_numpy()
    cuts = np.searchsorted(entry, entry[_LINES::_LINES], side="left")
    for start, end in pairwise(np.unique([0, *cuts, frame.height])):
        part = frame[start:end].with_columns(pl.col("account", "aux").cast(pl.String))
        yield part.with_columns(start=pl.lit(start, dtype=pl.Int64))


def _lines_of(frame: pl.DataFrame, fec: Fec, period: int) -> pl.DataFrame:
    own = pl.col("account").str.contains("^41[16]")
    involved = _units(frame.filter(own.any().over("entry")))
    lines = involved.filter(own & (pl.col("net") != 0)).with_row_index("row")
    lines = lines.join(_counterparts(lines, involved), on="row", how="left")
    lines = lines.join(_taxes(involved), on="unit", how="left").sort("row").with_columns(kind=_kind())
    share = pl.col("sale") / (pl.col("sale") + pl.col("vat"))
    sold = pl.col("kind").is_in(["invoice", "credit_note"]) & share.is_finite() & share.is_between(0.5, 1.0)
    issued = pl.when(plausible()).then(pl.col("piece_date")).otherwise(pl.col("entry_date"))
    columns: dict[str, Any] = {
        "id": pl.lit(f"{fec.end:%Y%m%d}-") + pl.col("line").cast(pl.String),
        "period": pl.lit(period), "line": "line", "account": "account", "customer_id": customer_of(),
        "entry_date": pl.col("entry_date").cast(pl.Datetime("us")),
        "issue_date": pl.when(~pl.col("opening")).then(issued).cast(pl.Datetime("us")), "document": "piece_ref",
        "cents": "net", "letter": "lettering", "letter_date": pl.col("lettering_date").cast(pl.Datetime("us")),
        "opening": "opening", "kind": "kind", "excl": pl.when(sold).then((pl.col("net") * share).round()),
        "vat_rate": pl.when(sold).then(pl.col("rate")), "several": pl.col("several").fill_null(False),
        "unit": pl.col("unit") + pl.col("start"),
        "group_period": pl.lit(period),
    }  # fmt: skip
    return lines.select(**columns)


def _counterparts(lines: pl.DataFrame, involved: pl.DataFrame) -> pl.DataFrame:
    """Category of the largest amount opposite each line (VAT apart), and whether there are several."""
    sides = involved.group_by("unit", "category").agg(
        dr=pl.col("net").clip(lower_bound=0).sum(), cr=(-pl.col("net")).clip(lower_bound=0).sum()
    )
    found = lines.select("row", "unit", "net", own="category").join(sides, on="unit")
    found = found.with_columns(opposite=pl.when(pl.col("net") > 0).then("cr").otherwise("dr"))
    found = found.filter((pl.col("category") != pl.col("own")) & (pl.col("category") != "vat"))
    found = found.filter(pl.col("opposite") > 0)
    found = found.sort("row", "opposite", "category", descending=[False, True, False])
    return found.group_by("row", maintain_order=True).agg(counter=pl.col("category").first(), several=pl.len() > 1)


def _kind() -> pl.Expr:
    # Sales and credit notes booked net in one entry: the opposite side holds no sale, the entry does.
    net_sale = pl.when(pl.col("sale") != 0).then(pl.lit("sale"))
    found = pl.coalesce("counter", net_sale, pl.lit("other"))
    debit, credit = (
        found.replace_strict(kinds, default="other", return_dtype=pl.String) for kinds in (_DEBIT_KINDS, _CREDIT_KINDS)
    )
    return pl.when("opening").then(pl.lit("opening")).when(pl.col("net") > 0).then(debit).otherwise(credit)


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
    apart = np.abs(taxes - np.array(_RATES) * sales)
    tolerance = 1 + units.get_column("lines").to_numpy()  # cents: one of rounding per line
    close = (apart.min(axis=1) <= tolerance) & (units.get_column("accounts") <= 1).to_numpy()
    rates = np.where(close, np.array(_RATES)[apart.argmin(axis=1)], np.nan)
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


def _with_previous(
    fec: Fec, previous: Fec, lines: pd.DataFrame, movements: pd.DataFrame, report: LoadReport
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Customers' lines and movements of two years; the opening gives way to the detail it sums up."""
    frame = _frame(previous)
    before, past = _customer_lines(frame, previous, 0), _movements(frame)
    openings = lines[lines["opening"]]
    if (fec.start - previous.end).days > 1:
        report.add("fec_year_gap", "warning", file=fec.name, value=day(previous.end), start=day(fec.start))
    if movements["opening"].any():
        gaps = _gaps(past, movements, fec, report)
        _replaced_note(openings, gaps, fec.name, report)
    else:
        gaps = past.head(0)
        report.add("fec_opening_not_posted", "warning", file=fec.name)
    carried = _carry_letters(before, openings)
    joined = pd.concat([carried, lines[~lines["opening"]], _gap_lines(gaps, fec)], ignore_index=True)
    _join_groups(joined)
    _lettering_of_both(joined, past, movements, {0: previous.name, 1: fec.name}, report)
    return joined, pd.concat([past, movements[~movements["opening"]], gaps], ignore_index=True)


def _movements(frame: pl.DataFrame) -> pd.DataFrame:
    """Lines of accounts 41 and 491."""
    own = of_text(frame.get_column("account"), lambda texts: texts.str.contains("^(?:41|491)"))
    kept = frame.filter(own & (pl.col("net") != 0)).with_columns(pl.col("account", "aux").cast(pl.String))
    columns: dict[str, Any] = {"account": "account", "customer_id": customer_of(), "cents": "net", "opening": "opening",
               "booking_date": pl.col("entry_date").cast(pl.Datetime("us")), "letter": "lettering",
               "line": "line"}  # fmt: skip
    types = dict.fromkeys(_CODE, "str") | {"opening": "bool"}
    return kept.select(**columns).to_pandas().astype(types)


def _gaps(past: pd.DataFrame, movements: pd.DataFrame, fec: Fec, report: LoadReport) -> pd.DataFrame:
    """Opening minus previous closing, per account and customer, where they differ."""
    openings = movements[movements["opening"]]
    detailed = openings["customer_id"] != openings["account"]
    lumped = set(openings["account"]) - set(openings.loc[detailed, "account"])
    past = past.assign(customer_id=past["customer_id"].where(~past["account"].isin(lumped), past["account"]))
    keys = ["account", "customer_id"]
    sums = {"opening": openings.groupby(keys)["cents"].sum(), "closing": past.groupby(keys)["cents"].sum()}
    table = pd.DataFrame(sums).fillna(0).astype("int64")
    table = table[table["opening"] != table["closing"]].reset_index()
    table["gap"] = table["opening"] - table["closing"]
    for row in table.head(LISTED).to_dict("records"):
        euros = {name: row[name] / 100 for name in ("opening", "closing", "gap")}
        value, account = row["customer_id"], row["account"]
        report.add("fec_opening_gap", "warning", file=fec.name, value=value, account=account, **euros)
    rest = len(table) - LISTED
    if rest > 0:
        report.add("fec_more", "warning", file=fec.name, count=rest, n=rest)
    return pd.DataFrame({
        "account": table["account"].astype("str"), "customer_id": table["customer_id"].astype("str"),
        "booking_date": pd.Series(openings["booking_date"].min(), index=table.index, dtype="datetime64[us]"),
        "cents": table["gap"], "opening": True,
    })  # fmt: skip


def _replaced_note(openings: pd.DataFrame, gaps: pd.DataFrame, name: str, report: LoadReport) -> None:
    gap = int(gaps.loc[gaps["account"].str.contains("^41[16]"), "cents"].abs().sum()) / 100
    count, amount = len(openings), int(openings["cents"].sum()) / 100
    if count:
        report.add("fec_opening_replaced", "note", file=name, count=count, n=count, amount=amount, gap=gap)


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
        "several": False, "unit": -1, "group_period": 1,
    })  # fmt: skip


def _carry_letters(before: pd.DataFrame, openings: pd.DataFrame) -> pd.DataFrame:
    """Give unlettered lines of the previous year the lettering of the opening line that carries them forward.

    Pairs by account, customer, amount and document, then without the document.
    """
    before = before.copy()
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
    nets = [lines[lines["group_period"] == period].groupby(_CODE)["cents"].sum() for period in (0, 1)]
    signs = np.sign(nets[0]).mul(np.sign(nets[1]), fill_value=0)
    joined = signs.index[signs < 0]
    if len(joined):
        continued = pd.MultiIndex.from_frame(lines[_CODE]).isin(joined)
        lines.loc[continued, "group_period"] = 0


def _lettering_of_both(
    lines: pd.DataFrame, past: pd.DataFrame, movements: pd.DataFrame, names: dict[int, str], report: LoadReport
) -> None:
    """Put the lettering that does not balance over both years in the place of what each file reported alone.

    A group of the new year alone is judged with the opening lines that bear its code.
    """
    report.defects = [each for each in report.defects if each.code not in ("fec_lettering", "fec_lettering_more")]
    files = pd.concat([past.assign(period=0, group_period=0), movements.assign(period=1, group_period=1)])
    files = files[files["letter"].notna() & files["account"].str.startswith("41")]
    receivable = files["account"].str.contains("^41[16]")
    others = files[~receivable & ~((files["period"] == 1) & files["opening"])].reset_index(drop=True)
    _join_groups(others)
    columns = [*_GROUP, "period", "line", "cents"]
    judged = pd.concat([lines.loc[lines["letter"].notna(), columns], others[columns]])
    recent = judged["group_period"] == 1
    alone = pd.MultiIndex.from_frame(files[_GROUP]).isin(pd.MultiIndex.from_frame(judged.loc[recent, _GROUP]))
    judged = pd.concat([judged[~recent], files.loc[alone & (files["period"] == 1), columns]])
    groups = judged.groupby(_GROUP)
    gap = groups["cents"].transform("sum")
    both = (gap == 0) & (groups["period"].transform("nunique") == 2)
    count = len(judged.loc[both, _GROUP].drop_duplicates())
    if count:
        report.add("fec_lettering_joined", "note", file=names[1], count=count, n=count)
    report_lettering(_unbalanced(judged[gap != 0], names), report)


def _unbalanced(judged: pd.DataFrame, names: dict[int, str]) -> list[dict[str, Any]]:
    """Describe each group for the report, in the order of the files."""
    parts = judged.sort_values(["period", "line"]).groupby([*_GROUP, "period"], sort=False)
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for part in parts.agg(cents=("cents", "sum"), lines=("line", list)).reset_index().to_dict("records"):
        key, file = tuple(part[name] for name in _GROUP), names[part["period"]]
        if key not in found:
            start = {"account": key[0], "customer": key[1], "letter": key[2], "file": file, "next_file": ""}
            found[key] = {**start, "cents": part["cents"], "lines": part["lines"], "next_lines": []}
        else:
            found[key] |= {"next_file": file, "next_lines": part["lines"]}
            found[key]["cents"] += part["cents"]
    return list(found.values())


def _sorted(lines: pd.DataFrame, first: int) -> pd.DataFrame:
    """Oldest first; balances of unknown age that open the `first` year are older than anything dated."""
    unknown = lines["opening"] & (lines["period"] == first)
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
    excess, go to the customer's opening items, first to one of the very amount,
    then to the oldest; what these cannot take stays unallocated.
    """
    work = _Matching(lines)
    groups = lines.groupby(_GROUP, sort=False).ngroup()
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
        chosen = pool | (credited & ~work.debit)
        work.match(chosen, _same_amount(work, holder, limit), "opening", limit)
        work.match(chosen, holder, "opening", limit)
    work.match(lettered & over, group, "lettering")
    if fifo:
        work.match(~lines["account"].str.startswith("4117").to_numpy(dtype=bool), holder, "fifo")
    if not work.pieces:
        return pd.DataFrame({"debit": [], "credit": [], "cents": [], "match": []}).astype(
            {"debit": "int64", "credit": "int64", "cents": "int64", "match": "str"}
        )
    return pd.concat(work.pieces, ignore_index=True)


def _same_amount(work: _Matching, holder: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """A number for each customer's account and amount still to be matched."""
    amounts = np.where(work.debit, work.left, np.minimum(work.left, limit))
    return (
        pd.DataFrame({"holder": holder, "cents": amounts}).groupby(["holder", "cents"], sort=False).ngroup().to_numpy()
    )


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


def _doubtful(lines: pd.DataFrame) -> np.ndarray:
    return lines["account"].str.startswith("416").to_numpy(dtype=bool)


def _match_all(lines: pd.DataFrame, fifo: bool, two_years: bool, first: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Match 411, give the claims moved to 416 the dates of their invoices, then match 416."""
    doubtful = _doubtful(lines)
    claims = lines[~doubtful].reset_index(drop=True)
    pieces = _settle(claims, fifo, two_years)
    moved = _trace(lines[doubtful], claims, pieces, first)
    later = _settle(moved, fifo, two_years)
    later[["debit", "credit"]] += len(claims)
    return pd.concat([claims, moved], ignore_index=True), pd.concat([pieces, later], ignore_index=True)


def _trace(moved: pd.DataFrame, claims: pd.DataFrame, pieces: pd.DataFrame, first: int) -> pd.DataFrame:
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
    return _sorted(pd.concat([moved[~transfers], split], ignore_index=True), first)


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
    types: dict[str, Any] = {
        "text": "str",
        "date": "datetime64[us]",
        "money": "float64",
        "number": "float64",
        "flag": "bool",
    }
    empty = {"text": None, "date": pd.NaT, "money": np.nan, "number": np.nan, "flag": False}
    table = {
        column.name: pd.Series(values.get(column.name, empty[column.kind]), index=index).astype(types[column.kind])
        for column in columns
    }
    return pd.DataFrame(table, index=index).reset_index(drop=True)


def _customers(fecs: Iterable[Fec], lines: pd.DataFrame, granted: dict[str, Any]) -> pd.DataFrame:
    """Customers with the name most often written."""
    parts = []
    for fec in fecs:
        own = fec.lines.filter(of_text(fec.lines.get_column("account"), lambda texts: texts.str.contains("^41[16]")))
        own = own.select(pl.col("account", "aux", "account_label", "aux_label").cast(pl.String))
        named = pl.when(pl.col("aux").is_not_null()).then("aux_label").otherwise("account_label")
        parts.append(own.group_by(customer_id=customer_of(), name=named).len("count"))
    names = pl.concat(parts).drop_nulls().group_by("customer_id", "name").agg(pl.col("count").sum())
    names = names.sort("count", "name", descending=[True, False]).unique("customer_id", keep="first")
    ids = pd.Series(sorted(lines["customer_id"].unique()), dtype="str")
    usual = dict(names.select("customer_id", "name").iter_rows())
    known = pd.Series([usual.get(key) for key in ids], dtype="str")
    own_terms = [str(granted[key]) if key in granted and key != "default" else None for key in ids]
    return _table(CUSTOMERS, ids.index, {
        "customer_id": ids, "customer_name": known.where(known.notna(), ids),
        "terms": pd.Series(own_terms, dtype="str"),
    })  # fmt: skip


def _notes(names: dict[int, str], lines: pd.DataFrame, pieces: pd.DataFrame, dated: bool, report: LoadReport) -> None:
    """Say what was assumed, and for how much, of each file."""

    def say(code: str, level: str, cents: pd.Series, period: pd.Series = lines["period"]) -> None:
        for number, name in names.items():
            part = cents[(period.loc[cents.index] == number).to_numpy()]
            if len(part):
                report.add(code, level, file=name, count=len(part), n=len(part), amount=int(part.sum()) / 100)

    cents, kind = lines["cents"], lines["kind"]
    in_file = lines["unit"] >= 0  # gaps between the years are told one by one
    untraced = (lines["source"] < 0) & (kind == "doubtful") & (cents > 0)
    say("fec_opening_unknown", "warning", cents[(kind == "opening") & in_file])
    open_ended = _open_ended(lines, pieces)
    for code, level in (
        ("fec_excess_open", "note"), ("fec_opening_matched", "note"), ("fec_excess_left", "warning"),
    ):  # fmt: skip
        say(code, level, open_ended.loc[open_ended[code] > 0, code], open_ended["period"])
    say("fec_doubtful_unknown", "warning", cents[untraced])
    say("fec_retention", "note", cents[_retained(lines) & _items(lines)])
    say("fec_mixed", "note", cents[lines["several"] & ~lines["opening"]].abs())
    say("fec_fifo", "note", pieces[pieces["match"] == "fifo"].set_index("credit")["cents"])
    if not dated and lines["letter"].notna().any():
        report.add("fec_undated_lettering", "note", file=names[1])
    _terms_notes(names, lines, report)


def _open_ended(lines: pd.DataFrame, pieces: pd.DataFrame) -> pd.DataFrame:
    """What became of the excess of each lettering group, in cents; `period`: that of its last line."""
    lettered = lines[lines["letter"].notna()]
    carried = pieces[pieces["match"] == "opening"]
    settled, given, taken = (
        part.groupby(side)["cents"].sum().reindex(lettered.index, fill_value=0)
        for part, side in ((pieces, "debit"), (carried, "credit"), (pieces, "credit"))
    )
    owed = lettered["cents"] > 0
    table = lettered[[*_GROUP, "period"]].assign(
        fec_excess_open=(lettered["cents"] - settled).where(owed, 0), fec_opening_matched=given.where(~owed, 0),
        fec_excess_left=(-lettered["cents"] - taken).where(~owed, 0),
    )  # fmt: skip
    sums = dict.fromkeys(("fec_excess_open", "fec_opening_matched", "fec_excess_left"), "sum")
    return table.groupby(_GROUP, sort=False).agg({**sums, "period": "max"}).reset_index(drop=True)


def _terms_notes(names: dict[int, str], lines: pd.DataFrame, report: LoadReport) -> None:
    due = lines[_items(lines) & lines["due_date"].notna()]
    returned = due["kind"] == "returned_payment"
    for period, name in names.items():
        own = due["period"] == period
        for terms, count in due.loc[own & ~returned, "terms"].value_counts().items():
            report.add("fec_terms", "note", file=name, value=str(terms), count=count, n=count)
        count = int((own & returned).sum())
        if count:
            report.add("fec_returned", "note", file=name, count=count, n=count)
