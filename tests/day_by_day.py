"""Late interest reckoned day by day: slow, plain, sharing nothing with the package but its CSV files.

Sources: C. com. L441-10, II and L622-28; Code de la commande publique, R2192-10 to R2192-14 and R2192-31 to R2192-33;
C. civ. 1343-1 and 1343-2. Days are ordinals, money is in cents, rates are in millionths a year.
"""

import csv
from bisect import bisect_right
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import NamedTuple

REFERENCE = Path(__file__).parents[1] / "src/cmtools/reference"
MILLION = 1_000_000
LONGEST = {"public": 30, "public_health": 50, "public_undertaking": 60}
CANCELS = ("credit_note", "write_off", "to_doubtful")  # pay no interest
ECB_KNOWN = date(2026, 12, 31).toordinal()  # rate of 1 July 2026
SINCE_2013 = date(2013, 1, 1).toordinal()


class Claim(NamedTuple):
    cents: int
    due: int
    issued: int
    received: int | None = None
    delivered: int | None = None
    retention: bool = False
    buyer: str = "business"
    contract: int | None = None  # millionths
    judgment: int | None = None
    moves: tuple[tuple[int, int, str], ...] = ()  # day, cents (positive: reduces), kind


class Found(NamedTuple):
    exact: Fraction  # cents
    cents: int  # rounded half up
    to_interest: int
    stretches: list[tuple[int, int, int, int]]  # first and last day, cents owed, rate; owed and rate unchanged
    unknown: int | None  # first day without a known rate


@cache
def _ecb() -> tuple[list[int], list[int]]:
    with (REFERENCE / "ecb_rates.csv").open(encoding="utf-8", newline="") as file:
        rows = [(date.fromisoformat(row["start"]).toordinal(), row["rate_pct"]) for row in csv.DictReader(file)]
    return [day for day, _ in rows], [int(Fraction(pct) * 10_000) for _, pct in rows]


@cache
def _legal() -> list[tuple[int, int, int]]:
    with (REFERENCE / "legal_rates.csv").open(encoding="utf-8", newline="") as file:
        return [
            (
                date.fromisoformat(row["start"]).toordinal(),
                date.fromisoformat(row["end"]).toordinal(),
                int(Fraction(row["business_pct"]) * 10_000),
            )
            for row in csv.DictReader(file)
        ]


def ecb(day: int) -> int:
    starts, rates = _ecb()
    return rates[bisect_right(starts, day) - 1]


def half_year_start(day: int) -> int:
    at = date.fromordinal(day)
    return date(at.year, 1 if at.month < 7 else 7, 1).toordinal()


@cache
def by_law(day: int, points: int) -> int | None:
    """The ECB rate of the day until 2012, that of 1 January or 1 July since, and the points."""
    if day > ECB_KNOWN:
        return None
    frozen = date.fromordinal(day).year >= 2013
    return ecb(half_year_start(day) if frozen else day) + points * 10_000


@cache
def floor(day: int) -> int | None:
    return next((3 * rate for first, last, rate in _legal() if first <= day <= last), None)


def rate_on(claim: Claim, day: int, first_late: int) -> int | None:
    if claim.buyer in LONGEST:
        return by_law(first_late, 8) if first_late >= SINCE_2013 else None
    if claim.contract is None:
        return by_law(day, 10)
    least = floor(day)
    return None if least is None else max(least, claim.contract)


def last_day_in_time(claim: Claim) -> int:
    if claim.buyer not in LONGEST or claim.retention:
        return claim.due
    begins = claim.issued + 2 if claim.received is None else claim.received
    if claim.delivered is not None and claim.delivered > begins:
        begins = claim.delivered
    granted = claim.due - claim.issued
    return begins + min(max(granted, 0), LONGEST[claim.buyer])


def last_day_reckoned(claim: Claim, as_of: int) -> int:
    if claim.judgment is not None and claim.issued < claim.judgment:
        return min(as_of, claim.judgment - 1)
    return as_of


def half_up(value: Fraction) -> int:
    return int((2 * value + 1) // 2)


def reckon(
    claim: Claim,
    as_of: int,
    imputation: str = "principal_first",
    day_count: str = "365",
    credit_notes: str = "from_start",
) -> Found:
    """Go through the days one by one."""
    if claim.buyer == "consumer":
        return Found(Fraction(0), 0, 0, [], None)
    first_late, last = last_day_in_time(claim) + 1, last_day_reckoned(claim, as_of)
    amount, moves = claim.cents, {}
    for day, cents, kind in claim.moves:
        if day > as_of:
            continue
        if kind == "credit_note" and credit_notes == "from_start":
            amount -= cents
        else:
            both = moves.setdefault(day, [0, 0])
            both[kind in CANCELS] += cents
    paid = sum(sum(both) for day, both in moves.items() if day < first_late)  # nothing has run up yet
    taken = sum(both[0] for day, both in moves.items() if day < first_late)  # from the principal, by payments
    common = leap = 0  # cents x millionths, by the kind of year of the day
    imputed, stretches, unknown = 0, [], None
    for day in range(first_late, last + 1):
        owed = max(amount - paid, 0)
        if owed:
            rate = rate_on(claim, day, first_late)
            if rate is None:
                unknown = day
                break
            if is_leap(day) and day_count == "actual":
                leap += owed * rate
            else:
                common += owed * rate
            if stretches and stretches[-1][1] == day - 1 and stretches[-1][2:] == (owed, rate):
                stretches[-1] = (stretches[-1][0], day, owed, rate)
            else:
                stretches.append((day, day, owed, rate))
        if day in moves:
            cash, cancelled = moves[day]
            interest = 0
            if imputation == "interest_first" and cash > 0:
                interest = min(cash, half_up(exact(common, leap, day_count)) - imputed)
            if imputation == "interest_first" and cash < 0:  # paid back: first what had reduced the principal
                interest = -min(imputed, max(0, -cash - max(taken, 0)))
            imputed += interest
            taken += cash - interest
            paid += cash - interest + cancelled
    total = exact(common, leap, day_count)
    return Found(total, half_up(total), imputed, stretches, unknown)


@cache
def is_leap(day: int) -> bool:
    year = date.fromordinal(day).year
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def exact(common: int, leap: int, day_count: str) -> Fraction:
    return Fraction(common, MILLION * (360 if day_count == "360" else 365)) + Fraction(leap, MILLION * 366)
