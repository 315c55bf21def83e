"""Sums of named lines, kept as data and computed over many company-years at once.

``reference/aggregates.csv`` holds one formula a row: lines and other aggregates with
their signs. Rows that share a key are tried in order: the next one is used where the
one before cannot be computed, and its note then goes with the figure. The same rows
make the live formulas of the workbooks, so that a figure has one definition.

A line that is unknown (NaN, or no column at all) makes every sum that needs it unknown.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers: TypeAlias = npt.NDArray[np.float64]
Bits: TypeAlias = npt.NDArray[np.int64]

BLOCK = 8_192  # company-years computed together: what fits in the processor's cache
_TERM = re.compile(r"\s*([+-])?\s*(?:(\d+(?:\.\d+)?)\*)?([a-z][a-z0-9_]*)\s*")


class Formula(NamedTuple):
    """A sum of named quantities."""

    terms: tuple[tuple[float, str], ...]  # coefficient and name; empty: zero

    @property
    def names(self) -> tuple[str, ...]:
        """Quantities of the sum, in its order."""
        return tuple(name for _, name in self.terms)


class Alternative(NamedTuple):
    """One way to a figure."""

    formula: Formula
    note: str  # what must be said of a figure obtained this way; blank: nothing
    source: str


@cache
def parse(text: str) -> Formula:
    """A formula as written in the reference tables.

    Examples
    --------
    >>> parse("ebe - 0.75*impots_taxes").terms
    ((1.0, 'ebe'), (-0.75, 'impots_taxes'))
    """
    if text.strip() == "0":
        return Formula(())
    terms, place = [], 0
    while place < len(text):
        found = _TERM.match(text, place)
        if not found or (place and not found[1]):
            raise ValueError(f"formula: {text!r} cannot be read from {text[place:]!r}")
        terms.append((float(found[2] or 1) * (-1 if found[1] == "-" else 1), found[3]))
        place = found.end()
    return Formula(tuple(terms))


@cache
def reference(name: str) -> tuple[Mapping[str, str], ...]:
    """Rows of a table of ``reference/``."""
    text = (files("cmtools") / "reference" / name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@cache
def aggregates() -> Mapping[str, tuple[Alternative, ...]]:
    """Every aggregate with its formulas, the first to be tried first."""
    found: dict[str, list[Alternative]] = {}
    for row in reference("aggregates.csv"):
        found.setdefault(row["key"], []).append(Alternative(parse(row["formula"]), row["note"], row["source"]))
    return {key: tuple(ways) for key, ways in found.items()}


def names_of(group: str) -> tuple[str, ...]:
    """Aggregates of one group, in the order of the reference table."""
    return tuple(dict.fromkeys(row["key"] for row in reference("aggregates.csv") if row["group"] == group))


@cache
def _note_bits() -> Mapping[str, int]:
    notes = dict.fromkeys(way.note for ways in aggregates().values() for way in ways if way.note)
    return {note: 1 << place for place, note in enumerate(notes)}


def note_texts(bits: Bits) -> pd.Series:
    """Keys of the notes of each row, separated by spaces; blank: none."""
    places, distinct = pd.factorize(bits)
    texts = [" ".join(note for note, bit in _note_bits().items() if value & bit) for value in distinct]
    return pd.Series(texts, dtype="str").take(places).reset_index(drop=True)


@cache
def is_flow(line: str) -> bool:
    """Whether a line counts a year's movements, which a year of other than 12 months inflates or shrinks."""
    return line in _flows()


@cache
def _flows() -> frozenset[str]:
    return frozenset(row["key"] for row in reference("lines.csv") if row["nature"] == "flow")


class Block:
    """Lines and aggregates of some company-years, each computed once.

    Parameters
    ----------
    columns : mapping of str to array
        Lines by name; NaN is unknown.
    rows : int
    factor : array, optional
        12 / months in the year, to bring flows to twelve months.
    """

    def __init__(self, columns: Mapping[str, Numbers], rows: int, factor: Numbers | None = None):
        self.columns, self.rows, self.factor = columns, rows, factor
        self._values: dict[str, Numbers | None] = {}
        self._notes: dict[str, Bits | None] = {}

    def value(self, name: str) -> Numbers | None:
        """Values of a line or aggregate; None: unknown on every row."""
        if name not in self._values:
            self._values[name] = self._aggregate(name) if name in aggregates() else self._line(name)
        return self._values[name]

    def notes(self, name: str) -> Bits | None:
        """Notes of an aggregate as bits; None: none on any row."""
        self.value(name)
        return self._notes.get(name)

    def total(self, formula: Formula) -> Numbers | None:
        """Value of a formula; None: unknown on every row."""
        if not formula.terms:
            return np.zeros(self.rows)
        found: Numbers | None = None
        own = False  # whether `found` is an array of this sum, which may be changed
        for factor, name in formula.terms:
            value = self.value(name)
            if value is None:
                return None
            if found is None:
                found, own = (value, False) if factor == 1 else (factor * value, True)
                continue
            term = value if abs(factor) == 1 else abs(factor) * value
            add = np.subtract if factor < 0 else np.add
            found = add(found, term, out=found if own else None)
            own = True
        return found

    def notes_of(self, formula: Formula) -> Bits | None:
        """Notes of all parts of a formula."""
        found: Bits | None = None
        for name in formula.names:
            notes = self.notes(name)
            if notes is not None:
                found = notes if found is None else found | notes
        return found

    def _line(self, name: str) -> Numbers | None:
        value = self.columns.get(name)
        if value is not None and self.factor is not None and is_flow(name):
            value = value * self.factor
        line = base_line(name)
        if line == name or not name.endswith("_net"):
            return value
        gross, amort = self.columns.get(line), self.columns.get(f"{line}_amort")
        if line in never_written_down():
            amort = np.zeros(self.rows)
        if gross is None or amort is None:
            return value
        return gross - amort if value is None else np.where(np.isnan(value), gross - amort, value)

    def _aggregate(self, name: str) -> Numbers | None:
        found: Numbers | None = None
        marks: Bits | None = None
        for way in aggregates()[name]:
            value = self.total(way.formula)
            if value is None:
                continue
            inner = self.notes_of(way.formula)
            bit = _note_bits()[way.note] if way.note else 0
            if found is None:
                found, marks = value, _marked(inner, bit, self.rows)
            else:
                gaps = np.isnan(found)
                found = np.where(gaps, value, found)
                new = _marked(inner, bit, self.rows)
                if marks is not None or new is not None:
                    none = np.zeros(self.rows, dtype=np.int64)
                    marks = np.where(gaps, none if new is None else new, none if marks is None else marks)
            if not np.isnan(found).any():
                break
        self._notes[name] = marks
        return found


def _marked(inner: Bits | None, bit: int, rows: int) -> Bits | None:
    if not bit:
        return inner
    return np.full(rows, bit, dtype=np.int64) if inner is None else inner | bit


def blocks(table: pd.DataFrame, *, annual: bool = False) -> Iterable[tuple[slice, Block]]:
    """The company-years in blocks, with their place in the table.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per company-year, lines in columns.
    annual : bool
        Bring flows to twelve months by the column `months`; a year whose
        months are unknown has unknown flows, unless there is no such column.
    """
    lines = [name for name in map(str, table.columns) if is_line(name)]
    columns = {name: table[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in lines}
    factor = None
    if annual and "months" in table:
        months = table["months"].to_numpy(dtype=np.float64, na_value=np.nan)
        if not np.all(months == 12):
            factor = np.divide(12.0, months, out=np.full(len(table), np.nan), where=months > 0)
    for start in range(0, len(table), BLOCK):
        place = slice(start, min(start + BLOCK, len(table)))
        part = {name: column[place] for name, column in columns.items()}
        yield place, Block(part, place.stop - start, None if factor is None else factor[place])


@cache
def base_line(name: str) -> str:
    """The line itself of an asset's depreciation or net value: clients for clients_amort and clients_net."""
    if name in _line_keys():
        return name
    return name.removesuffix("_amort") if name.endswith("_amort") else name.removesuffix("_net")


def is_line(name: str) -> bool:
    """Whether a column holds a line of the accounts."""
    return base_line(name) in _line_keys()


@cache
def _line_keys() -> frozenset[str]:
    return frozenset(row["key"] for row in reference("lines.csv"))


@cache
def never_written_down() -> frozenset[str]:
    """Assets that the forms give no depreciation column."""
    assets = {row["key"] for row in reference("lines.csv") if row["statement"] == "actif"}
    return frozenset(assets - {base_line(row["line"]) for row in reference("codes.csv") if row["part"] == "amort"})


def evaluate(table: pd.DataFrame, names: Sequence[str], *, annual: bool = False) -> tuple[pd.DataFrame, Bits]:
    """Aggregates of every company-year, and the notes of each row as bits.

    Parameters
    ----------
    table : pandas.DataFrame
    names : sequence of str
        Lines or aggregates.
    annual : bool
        See :func:`blocks`.
    """
    out = np.full((len(names), len(table)), np.nan)
    bits = np.zeros(len(table), dtype=np.int64)
    for place, block in blocks(table, annual=annual):
        for rank, name in enumerate(names):
            value = block.value(name)
            if value is not None:
                out[rank, place] = value
            notes = block.notes(name)
            if notes is not None and value is not None:
                bits[place] |= np.where(np.isnan(value), 0, notes)
    return pd.DataFrame(out.T, columns=list(names), index=table.index, copy=False), bits


def unknown_lines(row: Mapping[str, Any], formula: Formula) -> list[str]:
    """Lines that a formula needs and a company-year does not give, in the order of the formula.

    Parameters
    ----------
    row : mapping
        Lines of one company-year.
    formula : Formula
    """
    found: dict[str, None] = {}
    for name in formula.names:
        if name in aggregates():
            ways = [unknown_lines(row, way.formula) for way in aggregates()[name]]
            if all(ways):
                found |= dict.fromkeys(ways[0])
        elif not _known(row, name):
            found[name] = None
    return list(found)


def _known(row: Mapping[str, Any], name: str) -> bool:
    if name in row and row[name] == row[name] and row[name] is not None:
        return True
    line = base_line(name)
    if line == name or not name.endswith("_net"):
        return False
    return _known(row, line) and (line in never_written_down() or _known(row, f"{line}_amort"))
