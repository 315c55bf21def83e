"""What was reached of what was asked: indicators against their targets, and a simple bonus.

Which way is better, and in which unit an indicator is, are data
(``reference/indicators.csv``). Rule TARGETS: see ``GLOSSARY.md``.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from cmtools.schemas import Defect, InputError
from cmtools.settings import indicators_table

AT_BEST = "at_best"
_KEY = ["indicator", "collector"]


def attainment(values: pd.DataFrame, targets: pd.DataFrame, indicators: pd.DataFrame | None = None) -> pd.DataFrame:
    """Each target beside the value it was set for (rule TARGETS).

    Parameters
    ----------
    values : pandas.DataFrame
        `indicator` (key), `collector` (null: the company), `value` (money,
        fraction or days as the indicator has it; NaN: not computable). Values
        without a target are left aside.
    targets : pandas.DataFrame
        As :func:`cmtools.read_targets` gives them; `weight` and `bonus` may
        be absent.
    indicators : pandas.DataFrame, optional
        `key`, `unit`, `direction`; default: ``reference/indicators.csv``.

    Returns
    -------
    pandas.DataFrame, one row per target, in the order of `targets`
        `indicator`, `collector`, `unit`, `value`, `target`, `gap` (value -
        target), `attained` (True, False, None: not judged), `attainment`
        (fraction, 1 = on target; NaN: not computable), `weight`, `bonus`,
        `reason` (message key where `attainment` is NaN; null elsewhere).

    Raises
    ------
    InputError
        If an indicator is unknown, or one has two values for a collector.

    Notes
    -----
    Attainment is value / target where more is better and target / value where
    less is, so that more than 1 is always better than asked; exactly on
    target is 1, whatever the target. There is no such fraction without a
    value ("no_value"), where neither more nor less is better
    ("no_direction"), and with a target or a value that is not positive
    ("not_a_ratio"); where less is better and the value is 0 or below a
    positive target, nothing better can be asked ("at_best").

    Examples
    --------
    Overdue rate 23.5 % for a target of 20 %; recovery 88 % for 85 %:

    >>> values = pd.DataFrame({"indicator": ["overdue_rate", "recovery_30"], "collector": None,
    ...     "value": [0.235, 0.88]})
    >>> targets = pd.DataFrame({"indicator": ["overdue_rate", "recovery_30"], "collector": None,
    ...     "target": [0.2, 0.85]})
    >>> attainment(values, targets)[["indicator", "attained", "attainment"]].round(3)
          indicator attained  attainment
    0  overdue_rate    False       0.851
    1   recovery_30     True       1.035
    """
    known = (indicators_table() if indicators is None else indicators).set_index("key")
    unknown = sorted(set(targets["indicator"]) - set(known.index))
    if unknown:
        details = {"accepted": ", ".join(map(str, known.index))}
        raise InputError([Defect("settings_unknown_key", "fatal", value=", ".join(unknown), details=details)])
    table = targets.reindex(columns=[*_KEY, "target", "weight", "bonus"]).assign(collector=_collectors(targets))
    table = table.assign(place=range(len(table))).merge(_values(values), on=_KEY, how="left").sort_values("place")
    table["unit"] = table["indicator"].map(known["unit"])
    table["gap"] = table["value"] - table["target"]
    ways = [known.loc[indicator, "direction"] for indicator in table["indicator"]]
    judged = [_judge(value, target, way) for value, target, way in zip(table["value"], table["target"], ways)]
    found = pd.DataFrame(judged, columns=["attained", "attainment", "reason"], index=table.index)
    table = table.assign(
        attained=found["attained"].astype("object").where(found["attained"].notna(), None),
        attainment=found["attainment"].astype("float64"),
        reason=found["reason"].astype("object").where(found["reason"].notna(), None),
        collector=_named(table["collector"]),
    ).reset_index(drop=True)
    names = [*_KEY, "unit", "value", "target", "gap", "attained", "attainment", "weight", "bonus", "reason"]
    return table[names].astype(dict.fromkeys(("value", "target", "gap", "weight", "bonus"), "float64"))


def _collectors(table: pd.DataFrame) -> pd.Series:
    """Collectors as text; blank: the company (a merge would not match two nulls on every version)."""
    if "collector" not in table.columns:
        return pd.Series("", index=table.index, dtype="object")
    return table["collector"].astype("object").where(table["collector"].notna(), "")


def _named(collectors: pd.Series) -> pd.Series:
    return collectors.astype("object").where(collectors != "", None)


def _values(values: pd.DataFrame) -> pd.DataFrame:
    """One value per indicator and collector."""
    table = values[["indicator", "value"]].assign(collector=_collectors(values))
    table["value"] = table["value"].astype("float64")
    twice = table[table.duplicated(_KEY)]
    if len(twice):
        raise InputError(
            [
                Defect("targets_value_twice", "fatal", value=str(row["indicator"]), details={"collector": who or "–"})
                for row in twice.to_dict("records")
                for who in [str(row["collector"])]
            ]
        )
    return table


def _judge(value: float, target: float, way: Any) -> tuple[bool | None, float, str | None]:
    """Attained or not, by how much, and why there is no fraction."""
    missing = float("nan")
    if not isinstance(way, str):
        return None, missing, "no_direction"
    if value is None or target is None or math.isnan(value) or math.isnan(target):
        return None, missing, "no_value"
    lower = way == "lower"
    attained = bool(value <= target if lower else value >= target)
    if value == target:
        return attained, 1.0, None
    if lower and value <= 0 < target:
        return attained, missing, AT_BEST
    if (lower and (value <= 0 or target < 0)) or (not lower and target <= 0):
        return attained, missing, "not_a_ratio"
    return attained, float(target / value if lower else value / target), None


def incentives(attained: pd.DataFrame, floor: float = 0.8, cap: float = 1.2) -> pd.DataFrame:
    """A bonus by collector from what was attained (rule TARGETS).

    Parameters
    ----------
    attained : pandas.DataFrame
        As :func:`attainment` gives it; the weights and the bonus stand in the
        file of targets.
    floor : float, default 0.8
        Attainment below which an indicator earns nothing.
    cap : float, default 1.2
        Attainment above which it earns no more.

    Returns
    -------
    pandas.DataFrame, one row per collector (or team: null) that has a bonus
        `collector`, `bonus` (money at a score of 1), `score` (weighted
        average of the attainments so bounded; NaN: nothing computable),
        `due_amount` (bonus x score, to the cent; NaN likewise),
        `not_computable` (weighted indicators without an attainment).

    Raises
    ------
    InputError
        If the bounds are not 0 <= floor <= 1 <= cap.

    Notes
    -----
    score = sum(weight x bounded attainment) / sum(weight). The scale is a
    CHOICE: none is published. An indicator that cannot be computed is left
    out of both sums, and counted: its weight is shared by the others, so a
    missing figure neither pays nor costs. "at_best" earns the cap.

    Examples
    --------
    Two indicators at half the weight each, 90 % and 130 % attained, bonus 1 000:

    >>> attained = pd.DataFrame({"collector": "A. Martin", "attainment": [0.9, 1.3], "weight": 0.5,
    ...     "bonus": 1000.0, "reason": None})
    >>> float(incentives(attained)["due_amount"].iloc[0])
    1050.0
    """
    if not 0 <= floor <= 1 <= cap < math.inf:
        details = {"argument": "floor, cap", "expected": "0 <= floor <= 1 <= cap"}
        raise InputError([Defect("ledger_bad_argument", "fatal", value=f"{floor}, {cap}", details=details)])
    table = attained[attained["weight"].notna() & (attained["weight"] > 0) & attained["bonus"].notna()]
    table = table.assign(collector=_collectors(table))
    earned = table["attainment"].clip(upper=cap)
    earned = earned.where(~(earned < floor), 0.0).mask(table["reason"] == AT_BEST, cap)
    table = table.assign(earned=earned)
    rows = [_earned_by(str(collector), mine) for collector, mine in table.groupby("collector", sort=False)]
    columns = ["collector", "bonus", "score", "due_amount", "not_computable"]
    result = pd.DataFrame(rows, columns=columns)
    return result.assign(collector=_named(result["collector"]))


def _earned_by(collector: str, mine: pd.DataFrame) -> tuple[str, float, float, float, int]:
    counted = mine[mine["earned"].notna()]
    bonus, weights = float(mine["bonus"].iloc[0]), counted["weight"].sum()
    score = float((counted["weight"] * counted["earned"]).sum() / weights) if len(counted) else float("nan")
    due = round(bonus * score, 2) if len(counted) else float("nan")
    return collector, bonus, score, due, len(mine) - len(counted)
