"""Expert grid (grille de cotation) and risk levels: criteria, weights, classes, veto rules, and the user's own files.

Each criterion has a weight, and classes that give 0 to 10 points; veto rules cap the
rating that :func:`cmtools.rate` computes. Criteria, weights and classes stand in
``reference/grid.csv`` and ``reference/grid_classes.csv``, what a rating allows in
``reference/risk_levels.csv``; all of them are a CHOICE, to be replaced by the user's own
file. Rules RATING, RISK-LEVEL: see ``GLOSSARY.md``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import pandas as pd

from cmtools.columns import Listing
from cmtools.files import plain
from cmtools.financial_ratios import catalogue
from cmtools.language import integer, label, message, money, number, percent, resolve
from cmtools.settings import EXAMPLES, Reader, Row, key_of, reference_rows

BEST = 10  # of the points as of the rating
NO_RATIO = ("negative_denominator", "nil_denominator")  # a ratio that has no value may say something all the same
MINIMUM = "minimum_known"
_PARTS = ("lower", "upper", "answer", "points", "cap")


# ---------------------------------------------------------------- criteria


class Criterion(NamedTuple):
    """What may be asked of a customer."""

    key: str
    family: str  # financial, behaviour, qualitative, external
    unit: str  # rate (fraction), days, months, years, money, count, ratio, choice
    direction: str  # higher or lower is better; blank: neither, or a choice
    choices: tuple[str, ...]  # of a choice
    least: float  # no value is below; NaN: any
    most: float


@cache
def criteria() -> Mapping[str, Criterion]:
    """Criteria that a grid may hold: those of ``reference/grid.csv``, then every ratio of the catalogue.

    Examples
    --------
    >>> criteria()["insurer_opinion"].choices
    ('accepted', 'reduced', 'refused')
    >>> criteria()["gearing"].family, criteria()["gearing"].direction
    ('financial', 'lower')
    """
    rows = [row for row in reference_rows("grid.csv") if row["key"] != MINIMUM]
    found = {row["key"]: _criterion(row) for row in rows}
    nothing = float("nan")
    for key, ratio in catalogue().items():
        found.setdefault(key, Criterion(key, "financial", ratio.unit, ratio.direction, (), nothing, nothing))
    return found


def _criterion(row: Mapping[str, str]) -> Criterion:
    least, most = (float(row[name] or "nan") for name in ("least", "most"))
    ratio = catalogue().get(row["key"])  # its unit and its better way are those of the catalogue
    unit, direction = (ratio.unit, ratio.direction) if ratio else (row["unit"], row["direction"])
    return Criterion(row["key"], row["family"], unit, direction, tuple(row["choices"].split()), least, most)


# ---------------------------------------------------------------- the grid


@dataclass(frozen=True)
class Grid:
    """Criteria, weights, classes and veto rules.

    Attributes
    ----------
    weights : pandas.DataFrame, one row per criterion that has classes
        `criterion`, `family`, `unit`, `weight` (fraction of all weights).
    classes : pandas.DataFrame, one row per class
        `criterion`, `unit`, `lower` (the class holds from it on; NaN: no
        bound), `upper` (the class ends below it; NaN: no bound), `answer`
        (null: a class of numbers), `points` (0 to 10).
    vetoes : pandas.DataFrame, one row per veto rule
        `criterion`, `unit`, `lower`, `upper`, `answer`, `cap` (highest rating
        where the rule applies), `reason` (key of its sentence; null: the
        user's own), `remark` (the user's words; blank: none).
    minimum_known : float
        Share of the weights that must be known for a rating.
    """

    weights: pd.DataFrame
    classes: pd.DataFrame
    vetoes: pd.DataFrame
    minimum_known: float


class _Entry(NamedTuple):
    """One class or veto rule, with the row it comes from."""

    criterion: str
    lower: float | None
    upper: float | None
    answer: str | None
    points: float | None
    cap: int | None
    reason: str | None
    remark: str
    row: Row | None = None


def read_grid(path: Any = None) -> Grid:
    r"""Expert grid: the default one, or that of the user's file.

    Parameters
    ----------
    path : path, optional
        CSV (`;` or `,`, decimal comma or point) or workbook, one row per class
        or veto rule, with the headings Critère, Poids, De, À moins de,
        Réponse, Points, Cotation au plus, Remarque (or Criterion, Weight,
        From, Below, Answer, Points, Highest rating, Remark). A criterion is
        named by its key, its label, or is any ratio of the catalogue; its
        weight stands on one of its rows. A row with points is a class; a row
        with a highest rating is a veto rule, its remark the sentence said. A
        rate is written 20 % or 0,2. The row "Part du poids connue, au moins"
        holds a percentage in the column of weights.

    Returns
    -------
    Grid

    Raises
    ------
    InputError
        With every defect of the file: unknown criterion or answer; a number
        that is blank, unreadable or readable in two ways, a percentage
        written without its sign; weights that are negative, missing, two for
        one criterion or all nil; classes that overlap, leave a hole or do not
        cover every value; points outside 0 to 10, or more points for a worse
        value; a rule that is given twice or holds for everyone.

    Notes
    -----
    The default is a CHOICE (rule RATING), but for the bounds that
    ``reference/grid_classes.csv`` gives a source for. Weights need not make
    100: only their proportions count.

    Examples
    --------
    What does the grid weigh most?

    >>> weights = read_grid().weights
    >>> weights.sort_values("weight", ascending=False)["criterion"].iloc[0]
    'delay_with_open'
    >>> weights.groupby("family")["weight"].sum().round(2).to_dict()
    {'behaviour': 0.32, 'external': 0.1, 'financial': 0.42, 'qualitative': 0.16}
    """
    return _default_grid() if path is None else _own_grid(path)


def _default_grid() -> Grid:
    weights = {row["key"]: float(row["weight"]) for row in reference_rows("grid.csv")}
    entries = []
    for row in reference_rows("grid_classes.csv"):
        lower, upper, points = (float(row[name]) if row[name] else None for name in ("lower", "upper", "points"))
        cap = int(row["cap"]) if row["cap"] else None
        found = (row["criterion"], lower, upper, row["answer"] or None, points, cap, row["reason"] or None, "")
        entries.append(_Entry(*found))
    return _grid(weights, entries, weights[MINIMUM])


def _grid(weights: Mapping[str, float], entries: Sequence[_Entry], minimum: float) -> Grid:
    rows = [{**entry._asdict(), "unit": criteria()[entry.criterion].unit} for entry in entries]
    table = pd.DataFrame(rows).astype(dict.fromkeys(("lower", "upper", "points", "cap"), "float64"))
    table = table.astype(dict.fromkeys(("answer", "reason"), "object"))
    table = table.assign(**{name: table[name].where(table[name].notna(), None) for name in ("answer", "reason")})
    scored = table["points"].notna()
    keys = list(dict.fromkeys(table["criterion"][scored]))
    whole = math.fsum(weights[key] for key in keys)
    shares = pd.DataFrame(
        [[key, criteria()[key].family, criteria()[key].unit, weights[key] / whole] for key in keys],
        columns=["criterion", "family", "unit", "weight"],
    )
    classes = table.loc[scored, ["criterion", "unit", "lower", "upper", "answer", "points"]]
    vetoes = table.loc[~scored, ["criterion", "unit", "lower", "upper", "answer", "cap", "reason", "remark"]]
    vetoes = vetoes.astype({"cap": "int64"})
    return Grid(shares, classes.reset_index(drop=True), vetoes.reset_index(drop=True), minimum)


# ---------------------------------------------------------------- the user's grid


_Weights = dict[str, list[tuple[Row, float | None]]]


def _own_grid(path: Any) -> Grid:
    reader = Reader(path, "grid")
    weights: _Weights = {}
    minimum: list[float] = []
    entries: list[_Entry] = []
    seen: dict[Any, int] = {}
    for row in reader.rows:
        key = _criterion_of(reader, row)
        if key == MINIMUM:
            if reader.unique(row, "criterion", key, seen):
                minimum.append(_minimum(reader, row))
        elif key:
            _read_row(reader, row, criteria()[key], weights, entries, seen)
    clean = not reader.report.defects  # a row that could not be read would look like a hole
    _check_signs(reader, weights)
    if clean:
        _check_classes(reader, entries)
        _check_weights(reader, weights, {entry.criterion: entry for entry in entries if entry.points is not None})
    reader.report.refuse()
    first = {key: next((value for _, value in found if value is not None), 0.0) for key, found in weights.items()}
    defaults = {row["key"]: row["weight"] for row in reference_rows("grid.csv")}
    return _grid(first, entries, minimum[0] if minimum else float(defaults[MINIMUM]))


def _read_row(
    reader: Reader, row: Row, criterion: Criterion, weights: _Weights, entries: list[_Entry], seen: dict[Any, int]
) -> None:
    """Take in the weight of a row, and its class or veto rule."""
    found = weights.setdefault(criterion.key, [])
    if row.text("weight"):
        found.append((row, _weight(reader, row)))
        if not any(row.text(name) for name in _PARTS):
            return  # a weight on a row of its own
    entry = _entry(reader, row, criterion)
    if entry and reader.unique(row, "criterion", (*entry[:4], entry.cap is None), seen):
        entries.append(entry)


def _criterion_of(reader: Reader, row: Row) -> str | None:
    """The criterion that a row names; None: unknown, which is noted."""
    accepted = Listing(f"{key} = {label(key, 'fr')}" for key in [*criteria()][:3])
    if not row.text("criterion"):
        reader.wrong(row, "criterion", "blank_value", expected=accepted)
        return None
    found = _named(row.text("criterion"))
    if found is None:
        reader.wrong(row, "criterion", "grid_unknown_criterion", accepted=accepted)
    return found


@lru_cache(maxsize=256)
def _named(written: str) -> str | None:
    """The criterion of a text; a file names each of its own several times."""
    return key_of(written, "grid_criterion", [*criteria(), MINIMUM])


def _minimum(reader: Reader, row: Row) -> float:
    """Share of the weights that must be known."""
    for name in _PARTS:
        if row.text(name):
            reader.wrong(row, name, "grid_parameter")
    value = _filled(reader, row, "weight", "rate")
    if value is not None and not 0 <= value <= 1:
        reader.wrong(row, "weight", "grid_minimum_range")
    return value or 0.0


def _weight(reader: Reader, row: Row) -> float | None:
    return reader.number(row, "weight", "rate" if "%" in row.text("weight") else "ratio")


def _entry(reader: Reader, row: Row, criterion: Criterion) -> _Entry | None:
    """The class or veto rule of a row; None: something is wrong, which is noted."""
    before = len(reader.report.defects)
    if bool(row.text("points")) == bool(row.text("cap")):
        reader.wrong(row, "points", "grid_points_or_cap")
    points = reader.number(row, "points", "ratio", signed=True)
    if points is not None and not 0 <= points <= BEST:
        reader.wrong(row, "points", "grid_points_range")
    cap = reader.number(row, "cap", "ratio", signed=True)
    if cap is not None and (cap != int(cap) or not 1 <= cap <= BEST):
        reader.wrong(row, "cap", "grid_cap_range")
    lower, upper, answer = _place(reader, row, criterion)
    if len(reader.report.defects) > before:
        return None
    if cap is not None and lower is upper is answer is None:
        reader.wrong(row, "cap", "grid_veto_always")
        return None
    remark, whole = row.text("remark"), None if cap is None else int(cap)
    reason = _known_sentences().get(plain(remark)) if whole else None
    return _Entry(criterion.key, lower, upper, answer, points, whole, reason, "" if reason else remark, row)


@cache
def _known_sentences() -> Mapping[str, str]:
    """Our reasons by their sentence, so that a file written in one language is read in the other."""
    reasons = {row["reason"] for row in reference_rows("grid_classes.csv") if row["reason"]}
    return {plain(message(f"veto_{reason}", tongue)): reason for reason in reasons for tongue in ("fr", "en")}


def _place(reader: Reader, row: Row, criterion: Criterion) -> tuple[float | None, float | None, str | None]:
    """Where a row holds: bounds, or an answer."""
    bounded = bool(row.text("lower") or row.text("upper"))
    if criterion.choices:
        if bounded or not row.text("answer"):
            accepted = Listing(f"{key} = {label(key, 'fr')}" for key in criterion.choices)
            reader.wrong(row, "answer", "grid_answer_expected", accepted=accepted)
            return None, None, None
        return None, None, reader.key(row, "answer", criterion.choices, "grid_answer")
    if row.text("answer"):
        if bounded:
            reader.wrong(row, "answer", "grid_answer_and_bounds")
        return None, None, reader.key(row, "answer", NO_RATIO, "grid_answer")
    lower, upper = (_bound(reader, row, name, criterion.unit) for name in ("lower", "upper"))
    if lower is not None and upper is not None and lower >= upper:
        reader.wrong(row, "lower", "grid_bounds_order", lower=row.text("lower"), upper=row.text("upper"))
    return lower, upper, None


def _bound(reader: Reader, row: Row, name: str, unit: str) -> float | None:
    value = reader.number(row, name, unit, signed=True)
    return value if value is None or _percent_is_clear(reader, row, name, unit, value) else None


def _filled(reader: Reader, row: Row, name: str, unit: str) -> float | None:
    """A number that must be there; None: something is wrong, which is noted."""
    if not row.text(name):
        reader.wrong(row, name, "blank_value", expected=EXAMPLES[unit])
        return None
    value = reader.number(row, name, unit)
    return value if value is None or _percent_is_clear(reader, row, name, unit, value) else None


def _percent_is_clear(reader: Reader, row: Row, name: str, unit: str, value: float) -> bool:
    """Whether a rate cannot be misread: a bare 1 or 1,5 is a percentage as likely as 100 % or 150 %."""
    cell = row.cells[name]
    if unit == "rate" and abs(value) >= 1 and cell.number is None and "%" not in cell.text:
        reader.wrong(row, name, "settings_bare_rate", expected=EXAMPLES["rate"])
        return False
    return True


# --- what the rows must make together


def _check_classes(reader: Reader, entries: Sequence[_Entry]) -> None:
    for key in dict.fromkeys(entry.criterion for entry in entries if entry.points is not None):
        mine = [entry for entry in entries if entry.criterion == key and entry.points is not None]
        numbers = sorted((entry for entry in mine if entry.answer is None), key=_start)
        if criteria()[key].choices:
            _check_answers(reader, mine, criteria()[key])
        elif not numbers:
            _at(reader, mine[0], "criterion", "grid_no_class")
        else:
            _check_bounds(reader, numbers)
            _check_direction(reader, numbers, criteria()[key].direction)


def _check_answers(reader: Reader, mine: Sequence[_Entry], criterion: Criterion) -> None:
    missing = [answer for answer in criterion.choices if answer not in {entry.answer for entry in mine}]
    if missing:
        told = Listing(label(answer, "fr") for answer in missing)
        _at(reader, mine[0], "criterion", "grid_answers_missing", missing=told)


def _check_bounds(reader: Reader, ordered: Sequence[_Entry]) -> None:
    """Classes stand side by side, from the lowest value to the highest."""
    last = ordered[0]
    if last.lower is not None:
        _at(reader, last, "lower", "grid_open_below")
    for entry in ordered[1:]:
        if _start(entry) < _end(last):
            _at(reader, entry, "lower", "grid_overlap", value=_span(entry), first=_line(last))
        elif _start(entry) > _end(last):
            between = {"lower": _text(last, "upper"), "upper": _text(entry, "lower")}
            _at(reader, entry, "lower", "grid_hole", first=_line(last), **between)
        last = entry if _end(entry) >= _end(last) else last
    if last.upper is not None:
        _at(reader, last, "upper", "grid_open_above")


def _check_direction(reader: Reader, ordered: Sequence[_Entry], direction: str) -> None:
    """A better value never has fewer points: a scale turned upside down would favour the worst customers."""
    if not direction:
        return
    upwards = ordered if direction == "higher" else ordered[::-1]
    for worse, better in pairwise(upwards):
        if (better.points or 0.0) < (worse.points or 0.0):
            first, least = _line(worse), _text(worse, "points")
            _at(reader, better, "points", "grid_points_direction", first=first, least=least)


def _check_signs(reader: Reader, weights: _Weights) -> None:
    """Weights all with % or all without: 10 beside 20 % would be fifty times as heavy."""
    rows = [row for found in weights.values() for row, _ in found]
    signs = {"%" in row.text("weight"): row for row in sorted(rows, key=lambda row: -row.line)}
    if len(signs) == 2:
        early, late = sorted(signs.values(), key=lambda row: row.line)
        reader.wrong(late, "weight", "grid_weights_mixed", first=early.line)


def _check_weights(reader: Reader, weights: _Weights, scored: Mapping[str, _Entry]) -> None:
    """Each criterion that has classes has one weight, and not all are nil."""
    for key, found in weights.items():
        for row, value in found[1:]:
            if value != found[0][1]:
                reader.wrong(row, "weight", "grid_two_weights", first=found[0][0].line)
        if key in scored and not found:
            _at(reader, scored[key], "criterion", "grid_weight_missing")
        if key not in scored and any(value for _, value in found):
            reader.wrong(found[0][0], "criterion", "grid_no_class")
    if not any(value for key in scored for _, value in weights[key]) and not reader.report.defects:
        reader.wrong(reader.rows[0], "weight", "grid_no_weight")


def _at(reader: Reader, entry: _Entry, name: str, code: str, value: str | None = None, **details: Any) -> None:
    if entry.row is not None:
        reader.wrong(entry.row, name, code, value, **details)


def _start(entry: _Entry) -> float:
    return -math.inf if entry.lower is None else entry.lower


def _end(entry: _Entry) -> float:
    return math.inf if entry.upper is None else entry.upper


def _line(entry: _Entry) -> int:
    return entry.row.line if entry.row else 0


def _text(entry: _Entry, name: str) -> str:
    return entry.row.text(name) if entry.row else ""


def _span(entry: _Entry) -> str:
    return f"{_text(entry, 'lower') or '…'} – {_text(entry, 'upper') or '…'}"


# ---------------------------------------------------------------- acceptable risk


class RiskLevel(NamedTuple):
    """What a rating allows; a mapping of it (`_asdict`) is the level of :func:`cmtools.limits.methods`."""

    risk_level: str
    rating_from: int
    rating_to: int
    share_tangible_net_worth: float  # of the customer's tangible net worth, as a limit
    share_turnover: float
    share_equity: float
    share_working_capital: float
    share_supplier: float  # of the customer's trade payables
    coefficient: float  # on a base limit
    behaviour_coefficient: float
    longest_terms: float  # days; 0: payment in advance
    guarantee_asked: str | None  # None: not said; no_guarantee, credit_insurance, deposit, bank_guarantee, prepayment
    review_months: float


GUARANTEES = ("no_guarantee", "credit_insurance", "deposit", "bank_guarantee", "prepayment")
_SHARES = (
    "share_tangible_net_worth", "share_turnover", "share_equity", "share_working_capital", "share_supplier",
)  # fmt: skip
_LEVEL_UNITS = {
    **dict.fromkeys(_SHARES, "rate"),
    "coefficient": "ratio",
    "behaviour_coefficient": "ratio",
    "longest_terms": "days",
    "review_months": "months",
}


def read_risk_levels(path: Any = None) -> pd.DataFrame:
    """Acceptable risk by rating: the defaults, or the user's file (rule RISK-LEVEL).

    Parameters
    ----------
    path : path, optional
        CSV (`;` or `,`, decimal comma or point) or workbook with the headings
        Niveau de risque, Cotation de, Cotation à, Part des capitaux propres
        tangibles, Part du chiffre d'affaires, Part des capitaux propres, Part
        du fonds de roulement, Part des dettes fournisseurs, Coefficient,
        Coefficient de comportement, Délai le plus long (j), Garantie demandée,
        Revue tous les (mois), Remarque, or their English names. A share is
        written 35 % or 0,35. Only the guarantee may be blank.

    Returns
    -------
    pandas.DataFrame, one row per level, best first
        `risk_level`, `rating_from`, `rating_to` (both included), the shares
        (fractions) of `share_tangible_net_worth`, `share_turnover`,
        `share_equity`, `share_working_capital`, `share_supplier`,
        `coefficient` (on a base limit), `behaviour_coefficient`,
        `longest_terms` (days), `guarantee_asked` (key; null: not said),
        `review_months`.

    Raises
    ------
    InputError
        With every defect of the file: ratings that no level holds, or two;
        a share above 100 %, a number that is blank, unreadable or readable in
        two ways, an unknown guarantee, a worse level that is allowed more.

    Notes
    -----
    35 % of tangible net worth and 5 % of turnover for B are the default of a
    vendor (https://www.mydsomanager.com/online-help.php?question=34), 10 % of
    equity and of working capital those of a guide
    (https://academy.highako.com/how-to-set-a-reasonable-and-effective-credit-limit);
    every other value is a CHOICE. Nothing is allowed to the worst level.

    Examples
    --------
    >>> levels = read_risk_levels().set_index("risk_level")
    >>> levels.loc["B", ["share_tangible_net_worth", "share_turnover"]].tolist()
    [0.35, 0.05]
    """
    if path is not None:
        return _own_levels(path)
    rows = [{name: row[name] for name in RiskLevel._fields} for row in reference_rows("risk_levels.csv")]
    return _levels(rows)


def _levels(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    kinds = {**dict.fromkeys(_LEVEL_UNITS, "float64"), "rating_from": "int64", "rating_to": "int64"}
    table = pd.DataFrame(rows, columns=list(RiskLevel._fields)).astype(kinds)
    asked = table["guarantee_asked"].astype("object")
    table = table.assign(guarantee_asked=asked.where(asked.notna(), None))
    return table.sort_values("rating_from", ascending=False, ignore_index=True)


def _own_levels(path: Any) -> pd.DataFrame:
    reader = Reader(path, "risk_levels")
    seen: dict[Any, int] = {}
    found = []
    for row in reader.rows:
        if not row.text("risk_level"):
            reader.wrong(row, "risk_level", "blank_value", expected="A")
            continue
        if reader.unique(row, "risk_level", plain(row.text("risk_level")), seen):
            found.append((row, _level(reader, row)))
    if not reader.report.defects:
        _check_levels(reader, found)
    reader.report.refuse()
    return _levels([level for _, level in found])


def _level(reader: Reader, row: Row) -> dict[str, Any]:
    ends = [_whole_rating(reader, row, name) for name in ("rating_from", "rating_to")]
    if ends[0] and ends[1] and ends[0] > ends[1]:
        reader.wrong(row, "rating_from", "levels_order", lower=ends[0], upper=ends[1])
    level: dict[str, Any] = {"risk_level": row.text("risk_level"), "rating_from": ends[0], "rating_to": ends[1]}
    for name, unit in _LEVEL_UNITS.items():
        level[name] = _filled(reader, row, name, unit)
        if name in _SHARES and (level[name] or 0) > 1:
            reader.wrong(row, name, "levels_share")
    asked = row.text("guarantee_asked")
    level["guarantee_asked"] = reader.key(row, "guarantee_asked", GUARANTEES, "risk_guarantee") if asked else None
    return level


def _whole_rating(reader: Reader, row: Row, name: str) -> int | None:
    value = _filled(reader, row, name, "count")
    if value is None:
        return None
    if not 1 <= value <= BEST:
        reader.wrong(row, name, "levels_rating_range")
        return None
    return int(value)


def _check_levels(reader: Reader, found: Sequence[tuple[Row, Mapping[str, Any]]]) -> None:
    """Each rating has one level, and a worse one is never allowed more."""
    lines: dict[int, int] = {}
    for row, level in found:
        for rating in range(level["rating_from"], level["rating_to"] + 1):
            if rating in lines:
                reader.wrong(row, "rating_from", "levels_overlap", str(rating), first=lines[rating])
            lines.setdefault(rating, row.line)
    for rating in range(1, BEST + 1):
        if rating not in lines:
            reader.wrong(found[0][0], "rating_from", "levels_hole", str(rating))
    ordered = sorted(found, key=lambda pair: -pair[1]["rating_from"])
    for name in _LEVEL_UNITS:
        for (better, more), (worse, less) in pairwise(ordered):
            if less[name] > more[name]:
                reader.wrong(worse, name, "levels_worse_has_more", first=better.line)


# ---------------------------------------------------------------- words


def class_text(row: Mapping[Any, Any], language: str | None = None, currency: str = "EUR") -> str:
    """Where a class or veto rule holds, in words; blank where the criterion is unknown.

    Parameters
    ----------
    row : mapping
        A row of `Rating.table`, `Rating.vetoes`, `Grid.classes` or `Grid.vetoes`.
    language : {"fr", "en"}, optional
    currency : str, default "EUR"

    Examples
    --------
    >>> class_text({"lower": 8.0, "upper": 15.0, "answer": None, "unit": "days"}, "en")
    'from 8 days to below 15 days'
    """
    if not blank(row["answer"]):
        return label(str(row["answer"]), language)
    bounds = {name: row[name] for name in ("lower", "upper") if not blank(row[name])}
    texts = {name: figure_text(value, str(row["unit"]), language, currency) for name, value in bounds.items()}
    if not texts:
        return ""
    key = "grid_between" if len(texts) == 2 else "grid_from" if "lower" in texts else "grid_below"
    return message(key, language, **texts)


def veto_text(row: Mapping[Any, Any], language: str | None = None, currency: str = "EUR") -> str:
    """Why a veto rule caps the rating: its sentence, the user's words, or what it says.

    Parameters
    ----------
    row : mapping
        A row of `Rating.vetoes` or `Grid.vetoes`.
    language : {"fr", "en"}, optional
    currency : str, default "EUR"

    Notes
    -----
    The user's words stand in it as written: escape them in HTML.

    Examples
    --------
    >>> veto_text(read_grid().vetoes.iloc[0], "en")
    'Negative equity'
    """
    if not blank(row["reason"]):
        return message(f"veto_{row['reason']}", language)
    if not blank(row["remark"]) and row["remark"]:
        return str(row["remark"])
    bounds = class_text(row, language, currency)
    return message("veto_words", language, criterion=label(str(row["criterion"]), language), bounds=bounds)


def figure_text(value: Any, unit: str, language: str | None = None, currency: str = "EUR") -> str:
    """A number with its unit, with no more decimals than it has; a dash where it is unknown.

    Examples
    --------
    >>> figure_text(0.35, "rate", "en"), figure_text(1.5, "years", "en"), figure_text(None, "days")
    ('35%', '1.5 years', '–')
    """
    if blank(value):
        return "–"
    if unit == "rate":
        return percent(value, 0 if round(100 * value, 6).is_integer() else 1, language)
    if unit == "money":
        return money(value, currency, language, 0)
    whole = float(value).is_integer()
    text = integer(value, language) if whole else number(value, 2 if unit == "ratio" else 1, language)
    if unit in ("count", "ratio"):
        return text
    one = abs(value) == 1 or (resolve(language) == "fr" and abs(value) < 2)
    return message("grid_years" if unit == "years" else f"signal_{unit}", language, value=text, n=1 if one else 2)


# ---------------------------------------------------------------- files to edit


def grid_sheet(grid: Grid | None = None, language: str | None = None) -> pd.DataFrame:
    """A grid as the table that :func:`read_grid` reads, to be edited in a spreadsheet.

    Parameters
    ----------
    grid : Grid, optional
        Default: the default grid.
    language : {"fr", "en"}, optional
        Of the headings, names and remarks; numbers are written as in it.

    Returns
    -------
    pandas.DataFrame of text, one row per class or veto rule

    Examples
    --------
    >>> sheet = grid_sheet(language="fr")
    >>> sheet.columns.tolist()
    ['Critère', 'Poids', 'De', 'À moins de', 'Réponse', 'Points (sur 10)', 'Cotation au plus', 'Remarque']
    >>> sheet.iloc[3, :6].tolist()
    ['Autonomie financière', '', '10 %', '20 %', '', '4']
    """
    chosen = read_grid() if grid is None else grid
    written = {row["key"]: row["weight"] for row in reference_rows("grid.csv")} if grid is None else {}
    shares = chosen.weights.set_index("criterion")["weight"]
    rows = [[MINIMUM, _written(chosen.minimum_known, "rate", language), *[""] * len(_PARTS), _hint(MINIMUM, language)]]
    for key in _in_order(chosen):
        weight = written.get(key) or (_written(shares[key], "rate", language) if key in shares else "")
        classes, vetoes = (part[part["criterion"] == key] for part in (chosen.classes, chosen.vetoes))
        for place, row in enumerate(classes.to_dict("records")):
            said = (weight, _hint(key, language)) if place == 0 else ("", "")
            rows.append([key, said[0], *_cells(row, language), said[1]])
        rows += [[key, "", *_cells(row, language), veto_text(row, language)] for row in vetoes.to_dict("records")]
    names = [label(name, language) for name in ("criterion", "weight", *_PARTS, "remark")]
    return pd.DataFrame([[label(row[0], language), *row[1:]] for row in rows], columns=names)


def risk_level_sheet(levels: pd.DataFrame | None = None, language: str | None = None) -> pd.DataFrame:
    """Risk levels as the table that :func:`read_risk_levels` reads, to be edited in a spreadsheet.

    Parameters
    ----------
    levels : pandas.DataFrame, optional
        Default: the default levels.
    language : {"fr", "en"}, optional
        Of the headings and words; numbers are written as in it.

    Returns
    -------
    pandas.DataFrame of text, one row per level

    Examples
    --------
    >>> risk_level_sheet(language="en").iloc[1, :5].tolist()
    ['B', '7', '8', '35%', '5%']
    """
    table = read_risk_levels() if levels is None else levels
    units = {"rating_from": "count", "rating_to": "count", **_LEVEL_UNITS}
    sheet = pd.DataFrame(index=table.index)
    for name in RiskLevel._fields:
        values = table[name].tolist()
        if name in units:
            texts = [_written(value, units[name], language) for value in values]
        else:
            texts = ["" if blank(value) else label(value, language) for value in values]
        sheet[label(name, language)] = values if name == "risk_level" else texts
    return sheet


def _in_order(grid: Grid) -> list[str]:
    """Criteria of a grid: those of the default grid in its order, then the user's own."""
    held = {*grid.weights["criterion"], *grid.vetoes["criterion"]}
    return [key for key in criteria() if key in held]


def _hint(key: str, language: str | None) -> str:
    """What a criterion measures."""
    ours = {row["key"] for row in reference_rows("grid.csv")}
    return message(f"criterion_{key}", language) if key in ours else ""


def _cells(row: Mapping[Any, Any], language: str | None) -> list[str]:
    """Bounds, answer, points and cap as a person would write them."""
    bounds = [_written(row[name], str(row["unit"]), language) for name in ("lower", "upper")]
    answer = "" if blank(row["answer"]) else label(str(row["answer"]), language)
    return [*bounds, answer, *(_written(row.get(name), "ratio", language) for name in ("points", "cap"))]


def _written(value: Any, unit: str, language: str | None) -> str:
    """A number as it is typed, which reads in one way only."""
    if blank(value):
        return ""
    french = resolve(language) == "fr"
    text = f"{100 * value if unit == 'rate' else value:.10f}".rstrip("0").rstrip(".")
    whole, point, part = text.partition(".")
    if len(part) == 3:  # 1,234 would be a thousand or a decimal
        part += "0"
    if french:
        whole, point = f"{int(whole):,}".replace(",", " ") if whole.lstrip("-") != "0" else whole, point and ","
    return f"{whole}{point}{part}{(' %' if french else '%') if unit == 'rate' else ''}"


def blank(value: Any) -> bool:
    """Whether there is no value: None, NaN, NaT or NA.

    Examples
    --------
    >>> blank(float("nan")), blank(0), blank("")
    (True, False, False)
    """
    return value is None or value is pd.NA or (not isinstance(value, str) and bool(value != value))
