"""Rating of a customer from 1 to 10 by the expert grid, from figures and from judgement.

The grid and what a rating allows are those of :mod:`cmtools.grids`. Rules RATING,
RATING-KNOWN, RATING-VETO, RISK-LEVEL: see ``GLOSSARY.md``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, NamedTuple

import pandas as pd

from cmtools.columns import Listing
from cmtools.grids import (
    BEST,
    Criterion,
    Grid,
    RiskLevel,
    blank,
    criteria,
    figure_text,
    read_grid,
    read_risk_levels,
    veto_text,
)
from cmtools.language import integer, label, message, number, percent, resolve
from cmtools.schemas import Defect, InputError
from cmtools.settings import EXAMPLES

UNKNOWN = "unknown"  # an answer that is none
SHOWN = 5  # missing criteria named beside a rating
_DIGITS = 9  # 0.3 - 0.1 is 20 % in a grid, though not in floating point


# ---------------------------------------------------------------- the rating


@dataclass(frozen=True)
class Rating:
    """Rating of one customer, with all that made it.

    Attributes
    ----------
    rating : int or None
        1 (worst) to 10 (best), after the veto rules; None: too little known.
    score : float
        Points out of 10 before the veto rules, over the known criteria; NaN:
        none is known.
    known_weight : float
        Share of the weights whose criterion is known.
    uncapped : int or None
        Rating before the veto rules.
    cap : int
        Highest rating that the veto rules leave; 10: none applies.
    lowest, highest : int
        Rating if all that is unknown were at its worst, at its best: a range
        to show, which makes no rating.
    table : pandas.DataFrame, one row per criterion of the grid
        `criterion`, `family`, `weight` (fraction of all weights), `value` (in
        `unit`; NaN: unknown or an answer), `answer` (key; null: none),
        `unit`, `points` (0 to 10; NaN: unknown), `contribution` (points of
        the score; they add up to it; NaN: unknown), `lower` and `upper` of the
        class, `reason` (why it is unknown; null: known).
    vetoes : pandas.DataFrame, one row per veto rule that applies
        `criterion`, `value`, `answer`, `unit`, `lower`, `upper`, `cap`,
        `reason`, `remark`: gravest first.
    unchecked : pandas.DataFrame, one row per veto rule that could not be checked
        `criterion`, `cap`, `reason` (why the value is unknown).
    missing : tuple of str
        Unknown criteria that weigh, heaviest first.
    minimum_known : float
        Share that the grid asks for.
    reason : str or None
        "too_little_known" where there is no rating.
    """

    rating: int | None
    score: float
    known_weight: float
    uncapped: int | None
    cap: int
    lowest: int
    highest: int
    table: pd.DataFrame
    vetoes: pd.DataFrame
    unchecked: pd.DataFrame
    missing: tuple[str, ...]
    minimum_known: float
    reason: str | None


def rate(values: Mapping[str, Any], grid: Grid | None = None, *, reasons: Mapping[str, str] | None = None) -> Rating:
    """Rate one customer from 1 to 10 by the grid (rules RATING, RATING-KNOWN, RATING-VETO).

    Parameters
    ----------
    values : mapping
        Value by criterion: a number in the unit of the criterion (a rate is a
        fraction), the key of an answer, or None, NaN or "unknown". Criteria
        that the grid does not hold are left out.
    grid : Grid, optional
        As :func:`read_grid` gives it; default: its own.
    reasons : mapping, optional
        Why a criterion has no value, as the ratios say it (``unknown_line``,
        ``negative_denominator`` ...); default: ``not_provided``. A ratio
        without a value whose denominator is negative or nil may have a class
        of its own: a negative CAF repays nothing.

    Returns
    -------
    Rating

    Raises
    ------
    InputError
        With every value that is for no criterion, of the wrong kind, or
        outside what the criterion can be (30 for a rate of at most 100 %).

    Notes
    -----
    score = sum(weight x points) / sum(weight), both over the known criteria:
    what is unknown counts neither as nil nor as average. The rating lies on
    the straight line from 1 (no point) to 10 (all points), rounded down: 1 +
    0.9 x score, whole part. CHOICE, prudent: a rating is given once it is
    reached, and 10 takes all points. Veto rules then cap it. Below the share
    of known weights that the grid asks for, there is no rating, unless a veto
    caps it at 1: nothing that is missing could change that (CHOICE). Values
    are rounded to nine decimals before they are put in a class.

    Examples
    --------
    A good balance sheet, but an item four months overdue: how is the customer rated?

    >>> known = {"autonomie_financiere": 0.45, "tn_jours": 20.0, "capacite_remboursement": 2.0, "marge_ebe": 0.07,
    ...          "liquidite_generale": 1.6, "conan_holder": 12.0, "delay_with_open": 12.0, "overdue_rate": 0.2,
    ...          "oldest_overdue": 120.0, "returned_payments": 0}
    >>> found = rate(known)
    >>> round(found.known_weight, 2), found.uncapped, found.rating
    (0.58, 7, 3)
    >>> found.vetoes[["criterion", "cap"]].values.tolist()
    [['oldest_overdue', 3]]
    """
    chosen = read_grid() if grid is None else grid
    given = _given(values, reasons or {})
    table = _points(chosen, given)
    known = table["points"].notna()
    known_weight = min(math.fsum(table["weight"][known]), 1.0)
    enough = known_weight > 0 and round(known_weight - chosen.minimum_known, _DIGITS) >= 0
    table["contribution"] = table["weight"] * table["points"] / known_weight if known_weight else float("nan")
    score = math.fsum(table["contribution"][known]) if known_weight else float("nan")
    vetoes, unchecked = _vetoes(chosen, given)
    cap = int(vetoes["cap"].min()) if len(vetoes) else BEST
    uncapped = _to_rating(score) if enough else None
    lowest, highest = (min(_to_rating(_extreme(chosen, table, worst)), cap) for worst in (True, False))
    rating = min(uncapped, cap) if uncapped is not None else 1 if cap == 1 else None
    weighing = table[~known & (table["weight"] > 0)].sort_values("weight", ascending=False, kind="stable")
    return Rating(
        rating, score, known_weight, uncapped, cap, lowest, highest, table[list(_TABLE)], vetoes, unchecked,
        tuple(weighing["criterion"]), chosen.minimum_known, None if rating is not None else "too_little_known",
    )  # fmt: skip


_TABLE = (
    "criterion", "family", "weight", "value", "answer", "unit", "points", "contribution", "lower", "upper", "reason",
)  # fmt: skip


class _Given(NamedTuple):
    """What is known of one criterion."""

    value: float
    answer: str | None
    reason: str | None  # why it is unknown

    def fits(self, row: Mapping[Any, Any]) -> bool:
        """Whether a class or veto rule is that of the value."""
        if row["answer"] is not None:
            return row["answer"] in (self.answer, self.reason)
        below, above = row["lower"] == row["lower"], row["upper"] == row["upper"]  # not equal to itself: no bound
        if self.value != self.value:
            return False
        return not (below and self.value < row["lower"]) and not (above and self.value >= row["upper"])


def _given(values: Mapping[str, Any], reasons: Mapping[str, str]) -> dict[str, _Given]:
    """Every value checked against its criterion."""
    defects: list[Defect] = []
    for key in dict.fromkeys([*values, *reasons]):
        if key not in criteria():
            details = {"accepted": Listing(criteria())}
            defects.append(Defect("rating_unknown_criterion", "fatal", value=str(key), details=details))
    if defects:
        raise InputError(defects)
    found = {key: _read_value(criteria()[key], value, reasons.get(key), defects) for key, value in values.items()}
    if defects:
        raise InputError(defects)
    for key in reasons:
        found.setdefault(key, _Given(float("nan"), None, reasons[key]))
    return found


def _read_value(criterion: Criterion, value: Any, reason: str | None, defects: list[Defect]) -> _Given:
    if blank(value) or (isinstance(value, str) and value in ("", UNKNOWN)):
        said = UNKNOWN if isinstance(value, str) and value else "not_provided"
        return _Given(float("nan"), None, reason or said)
    name = label(criterion.key)
    if criterion.choices:
        if value not in criterion.choices:
            details = {"criterion": name, "expected": Listing(criterion.choices)}
            defects.append(Defect("rating_bad_value", "fatal", value=str(value), details=details))
        return _Given(float("nan"), str(value), None)
    if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value):
        details = {"criterion": name, "expected": EXAMPLES[criterion.unit].split(" | ")[-1]}
        defects.append(Defect("rating_bad_value", "fatal", value=str(value), details=details))
        return _Given(float("nan"), None, None)
    figure = round(float(value), _DIGITS)
    if figure < criterion.least or figure > criterion.most:
        least, most = (_limit(limit) for limit in (criterion.least, criterion.most))
        details = {"criterion": name, "least": least, "most": most}
        defects.append(Defect("rating_outside", "fatal", value=f"{figure:g}", details=details))
    return _Given(figure, None, None)


def _limit(value: float) -> str:
    return "…" if value != value else f"{value:g}"


def _points(grid: Grid, given: Mapping[str, _Given]) -> pd.DataFrame:
    """Points of every criterion of the grid."""
    classes: dict[str, list[Mapping[Any, Any]]] = {}
    for row in grid.classes.to_dict("records"):
        classes.setdefault(row["criterion"], []).append(row)
    rows = []
    for line in grid.weights.to_dict("records"):
        mine = given.get(line["criterion"], _Given(float("nan"), None, "not_provided"))
        fits = next((row for row in classes[line["criterion"]] if mine.fits(row)), None)
        place = fits or {"points": float("nan"), "lower": float("nan"), "upper": float("nan"), "answer": None}
        rows.append(
            {
                **line,
                "value": mine.value,
                "answer": place["answer"],
                "points": place["points"],
                "lower": place["lower"],
                "upper": place["upper"],
                "reason": None if fits else mine.reason,
            }
        )
    table = pd.DataFrame(rows).astype(dict.fromkeys(("value", "points", "lower", "upper"), "float64"))
    texts = {name: pd.Series([row[name] for row in rows], dtype="object") for name in ("answer", "reason")}
    return table.assign(**texts)


def _vetoes(grid: Grid, given: Mapping[str, _Given]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Veto rules that apply, and those that cannot be checked."""
    applied, unchecked = [], []
    for row in grid.vetoes.to_dict("records"):
        mine = given.get(str(row["criterion"]), _Given(float("nan"), None, "not_provided"))
        if mine.fits(row):
            applied.append({**row, "value": mine.value})
        elif mine.reason is not None:
            unchecked.append({"criterion": row["criterion"], "cap": row["cap"], "reason": mine.reason})
    columns = ["criterion", "value", "answer", "unit", "lower", "upper", "cap", "reason", "remark"]
    found = pd.DataFrame(applied, columns=columns)
    texts = {name: pd.Series([row[name] for row in applied], dtype="object") for name in ("answer", "reason")}
    found = found.assign(**texts).astype({**dict.fromkeys(("value", "lower", "upper"), "float64"), "cap": "int64"})
    gravest = found.sort_values("cap", kind="stable", ignore_index=True)
    left = pd.DataFrame(unchecked, columns=["criterion", "cap", "reason"]).astype({"cap": "int64"})
    left = left.sort_values("cap", kind="stable").drop_duplicates("criterion").reset_index(drop=True)
    return gravest, left


def _extreme(grid: Grid, table: pd.DataFrame, worst: bool) -> float:
    """Score if every unknown criterion were in its worst class, or its best."""
    points = grid.classes.groupby("criterion")["points"]
    ends = points.min() if worst else points.max()
    return math.fsum(table["weight"] * table["points"].fillna(table["criterion"].map(ends)))


def _to_rating(score: float) -> int:
    """1 to 10 on a straight line, rounded down."""
    return max(1, min(BEST, math.floor(round(1 + 0.9 * score, _DIGITS))))


# ---------------------------------------------------------------- acceptable risk


def risk_level(rating: int | Rating | None, levels: pd.DataFrame | None = None) -> RiskLevel | None:
    """Acceptable risk that a rating stands for (niveau de risque acceptable, rule RISK-LEVEL).

    Parameters
    ----------
    rating : int, Rating or None
        1 (worst) to 10 (best).
    levels : pandas.DataFrame, optional
        As :func:`read_risk_levels` gives them; default: its own.

    Returns
    -------
    RiskLevel or None
        None: there is no rating, so no level.

    Raises
    ------
    InputError
        If the rating is not a whole number from 1 to 10.

    Examples
    --------
    Which terms at most for a customer rated 4, and against what?

    >>> level = risk_level(4)
    >>> level.risk_level, level.longest_terms, level.guarantee_asked
    ('D', 30.0, 'bank_guarantee')
    """
    value = rating.rating if isinstance(rating, Rating) else rating
    if blank(value):
        return None
    if isinstance(value, bool) or not isinstance(value, Real) or value != int(value) or not 1 <= value <= BEST:
        raise InputError([Defect("rating_bad_rating", "fatal", value=str(value))])
    table = read_risk_levels() if levels is None else levels
    row = table[(table["rating_from"] <= value) & (table["rating_to"] >= value)].to_dict("records")[0]
    return RiskLevel(**{str(name): found for name, found in row.items()})


# ---------------------------------------------------------------- words


def value_text(row: Mapping[Any, Any], language: str | None = None, currency: str = "EUR") -> str:
    """What a customer has for a criterion, in words; a dash where it is unknown.

    Parameters
    ----------
    row : mapping
        A row of `Rating.table` or `Rating.vetoes`.
    language : {"fr", "en"}, optional
    currency : str, default "EUR"

    Examples
    --------
    >>> value_text({"value": 0.125, "answer": None, "unit": "rate"}, "en")
    '12.5%'
    """
    if not blank(row["answer"]):
        return label(str(row["answer"]), language)
    return figure_text(row["value"], str(row["unit"]), language, currency)


def explain(found: Rating, language: str | None = None, currency: str = "EUR") -> list[str]:
    """A rating in sentences: what it is, what is missing, which veto rules count, which could not be checked.

    Parameters
    ----------
    found : Rating
    language : {"fr", "en"}, optional
    currency : str, default "EUR"

    Examples
    --------
    >>> explain(rate({"insolvency_proceedings": "liquidation"}), "en")[0]
    'Rating 1 by veto: whatever is missing, nothing could change it.'
    """
    missing = _listed([label(key, language) for key in found.missing], language)
    known = percent(found.known_weight, 0, language)
    said = []
    if found.uncapped is not None:
        score = number(found.score, 1, language)
        n = 1 if (found.score < 2 if resolve(language) == "fr" else score == "1.0") else 2
        said.append(message("rating_given", language, rating=found.rating, score=score, known=known, n=n))
    elif found.rating is not None:
        said.append(message("rating_by_veto", language))
    else:
        least = percent(found.minimum_known, 0, language)
        said.append(message("rating_too_little_known", language, known=known, least=least, missing=missing))
    if found.uncapped is not None and missing:
        heaviest = _listed([label(key, language) for key in found.missing], language, SHOWN)
        key = "rating_range" if found.lowest < found.highest else "rating_one_end"
        said.append(message(key, language, missing=heaviest, lowest=found.lowest, highest=found.highest))
    for row in found.vetoes.to_dict("records"):
        sentence = veto_text(row, language, currency)
        counts = found.uncapped is not None and row["cap"] < found.uncapped
        key = "rating_capped" if counts else "rating_cap_idle"
        values = {"uncapped": found.uncapped} if counts else {}
        said.append(message(key, language, sentence=sentence, cap=row["cap"], **values))
    if len(found.unchecked):
        items = [
            message("rating_unchecked_item", language, criterion=label(row["criterion"], language), cap=row["cap"])
            for row in found.unchecked.to_dict("records")
        ]
        said.append(message("rating_unchecked", language, vetoes=_listed(items, language)))
    return said


def _listed(names: Sequence[str], language: str | None, limit: int | None = None) -> str:
    """Names one after the other, the first ones where a limit is given; labels may hold commas."""
    left = 0 if limit is None else max(len(names) - limit, 0)
    shown = list(names[:limit]) + (
        [message("and_others", language, count=integer(left, language), n=left)] if left else []
    )
    return (" ; " if resolve(language) == "fr" else "; ").join(shown)
