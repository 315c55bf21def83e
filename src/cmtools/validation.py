"""Whether a score or a grid ranks the companies that failed below those that did not.

The measure is the area under the ROC curve: the share of all pairs of a failed and a
sound company in which the failed one has the worse score. It looks at ranks alone, so
that scores of any scale compare; how a model does with its own cut-offs is another
question.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cmtools.formulas import Numbers
from cmtools.frames import choice
from cmtools.schemas import Defect, InputError

DIRECTIONS = ("higher", "lower")
Flags = npt.NDArray[np.bool_]


class Auc(NamedTuple):
    """Area under the ROC curve, with what it rests on.

    Attributes
    ----------
    auc : float
        Fraction: 0.5 ranks no better than a draw, 1 ranks every failed company
        below every sound one, below 0.5 ranks the wrong way round.
    low, high : float
        Confidence interval, within 0 to 1; NaN where the two groups overlap
        nowhere or one of them is a single company: no spread can be estimated.
    rows, failed : int
        Companies used, and those of them that failed.
    without_score : int
        Companies left out because they have no score.
    """

    auc: float
    low: float
    high: float
    rows: int
    failed: int
    without_score: int


class Difference(NamedTuple):
    """Difference of two areas on the same companies; fields as those of :class:`Auc`."""

    difference: float
    low: float
    high: float
    rows: int
    failed: int
    without_score: int


def roc_auc(scores: Any, failed: Any, *, direction: str = "higher", level: float = 0.95) -> Auc:
    """Area under the ROC curve of a score, with its confidence interval.

    Parameters
    ----------
    scores : array-like of numbers, one for each company
        NaN: no score; left out and counted.
    failed : array-like, same length
        True or 1: failed; False or 0: did not.
    direction : {"higher", "lower"}
        What is safer.
    level : float
        Of the confidence interval, fraction.

    Returns
    -------
    Auc

    Raises
    ------
    InputError
        If the lengths differ, `failed` holds anything else, or the companies
        that have a score are all failed or all sound.

    Notes
    -----
    Ties count for half (midranks). The interval is that of DeLong, DeLong and
    Clarke-Pearson (1988), with a normal law. Scores given after the failure was
    known, or fitted on the same companies, flatter the result.

    Examples
    --------
    Did last year's ratings rank this year's two failures below the others?

    >>> ratings = [8, 7, 3, 6, 5, 2, 9, 4]
    >>> failed = [0, 0, 1, 0, 1, 0, 0, 0]
    >>> found = roc_auc(ratings, failed)
    >>> round(found.auc, 2), found.failed  # 9 of the 12 pairs are in the right order
    (0.75, 2)
    """
    choice("direction", direction, DIRECTIONS)
    margin = _margin(level)
    values, flags, without = _usable([scores], failed)
    bad, good = _shares(_risk(values[0], direction), flags)
    low, high = _interval(float(bad.mean()), _variance(bad, good), margin, 0.0)
    return Auc(float(bad.mean()), low, high, flags.size, int(flags.sum()), without)


def auc_difference(
    first: Any, second: Any, failed: Any, *, directions: tuple[str, str] = ("higher", "higher"), level: float = 0.95
) -> Difference:
    """Area of a score less that of another on the same companies, with its confidence interval.

    Parameters
    ----------
    first, second : array-like of numbers, one for each company
        NaN: no score; a company without both scores is left out and counted.
    failed, level
        See :func:`roc_auc`.
    directions : pair of {"higher", "lower"}
        What is safer in each.

    Returns
    -------
    Difference
        Positive: the first ranks better. An interval that holds zero: these
        companies do not tell the two apart.

    Raises
    ------
    InputError
        See :func:`roc_auc`.

    Examples
    --------
    Is the grid better than the published score on our own files?

    >>> grid, score = [8, 7, 3, 6, 5, 2, 9, 4], [4.0, 9.5, 3.0, 2.5, 8.0, 9.0, 7.0, 1.0]
    >>> found = auc_difference(grid, score, [0, 0, 1, 0, 1, 0, 0, 0])
    >>> round(found.difference, 2), found.low < 0 < found.high  # two failures prove nothing
    (0.25, True)
    """
    for direction in directions:
        choice("directions", direction, DIRECTIONS)
    margin = _margin(level)
    values, flags, without = _usable([first, second], failed)
    sides = [_shares(_risk(value, direction), flags) for value, direction in zip(values, directions)]
    bad, good = (one - other for one, other in zip(*sides))
    low, high = _interval(float(bad.mean()), _variance(bad, good), margin, -1.0)
    return Difference(float(bad.mean()), low, high, flags.size, int(flags.sum()), without)


def _margin(level: float) -> float:
    """Standard deviations on each side of an interval."""
    if not (isinstance(level, int | float) and 0 < level < 1):
        raise InputError([Defect("validation_level", "fatal", column="level", value=str(level))])
    return NormalDist().inv_cdf((1 + level) / 2)


def _usable(scores: list[Any], failed: Any) -> tuple[list[Numbers], Flags, int]:
    """Scores and flags of the companies that have all scores, and how many have not."""
    values = [_numbers(score, "scores") for score in scores]
    known = _numbers(failed, "failed")
    for value in values:
        if value.shape != known.shape or known.ndim != 1:
            found = " / ".join(str(np.size(given)) for given in (*values, known))
            raise InputError([Defect("validation_lengths", "fatal", value=found)])
    odd = known[~np.isin(known, (0, 1))]
    if odd.size:
        details = {"count": int(odd.size)}
        raise InputError([Defect("validation_outcome", "fatal", column="failed", value=f"{odd[0]:g}", details=details)])
    used = ~np.logical_or.reduce([np.isnan(value) for value in values])
    flags = known[used] == 1
    if not 0 < flags.sum() < flags.size:
        details = {"failed": int(flags.sum()), "rows": int(flags.size)}
        raise InputError([Defect("validation_one_group", "fatal", column="failed", details=details)])
    return [value[used] for value in values], flags, int((~used).sum())


def _numbers(given: Any, column: str) -> Numbers:
    try:
        return np.asarray(given, dtype="float64")
    except (TypeError, ValueError) as error:
        raise InputError([Defect("validation_numbers", "fatal", column=column, value=str(error))]) from None


def _risk(scores: Numbers, direction: str) -> Numbers:
    return -scores if direction == "higher" else scores


def _midranks(values: Numbers) -> Numbers:
    """Ranks from 1; equal values share the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]


def _shares(risk: Numbers, failed: Flags) -> tuple[Numbers, Numbers]:
    """For each failed company the share of sound ones that look safer; for each sound one, of failed that look worse.

    The mean of either is the area; DeLong's variance is the sum of those of the two means.
    """
    together = _midranks(risk)
    bad, good = risk[failed], risk[~failed]
    below = (together[failed] - _midranks(bad)) / good.size
    above = 1 - (together[~failed] - _midranks(good)) / bad.size
    return below, above


def _variance(bad: Numbers, good: Numbers) -> float:
    if min(bad.size, good.size) < 2:
        return math.nan
    return float(bad.var(ddof=1) / bad.size + good.var(ddof=1) / good.size)


def _interval(middle: float, variance: float, margin: float, lowest: float) -> tuple[float, float]:
    if not variance > 0:
        return math.nan, math.nan
    reach = margin * math.sqrt(variance)
    return max(lowest, middle - reach), min(1.0, middle + reach)
