"""Exercises on the DSO: right answers and usual mistakes by hand, the figures of the ledger from its files alone."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cmtools.exercises import Task, Topic

ROOT = Path(__file__).resolve().parents[1]
NAME = "07_dso"
TOPIC = Topic(ROOT / "course" / "exercises" / f"{NAME}.py")
VARIANTS = range(8)


def task(key: str, variant: int = 0) -> Task:
    return TOPIC.exercises[key].task(NAME, variant)


def values(found: Task) -> dict[str, float]:
    return {mistake.key: mistake.value for mistake in found.mistakes}


# ---------------------------------------------------------------- by hand, as printed


def test_balance():
    """1.2 million owed, 1.5 million sold without VAT, 1.8 million with it, 91 days."""
    found = task("balance")
    assert found.figures["sold_incl"] == 1_800_000
    assert found.answer == pytest.approx(2 / 3 * 91)  # 1.2 / 1.8
    assert values(found) == pytest.approx(
        {
            "excl_vat": 0.8 * 91,  # 1.2 / 1.5
            "year": 2 / 3 * 365,
            "thirty_days": 60,  # 2/3 of 90
            "vat_taken_off": 1.2 / 1.25 * 91,  # 1.5 / 1.2 = 1.25
            "upside_down": 136.5,  # 1.8 / 1.2 = 1.5, x 91
        }
    )


def test_count_back():
    """1,160 owed; June 560 leaves 600, May 480 leaves 120, April 360 is a third used up: 10 of its 30 days."""
    found = task("count_back")
    sold = (found.figures["march"], found.figures["april"], found.figures["may"], found.figures["june"])
    assert (found.figures["owed"], sold) == (1_160_000, (280_000, 360_000, 480_000, 560_000))
    assert found.answer == 71
    assert values(found) == pytest.approx(
        {
            "forward": 92 + 40 / 560 * 30,  # 280 + 360 + 480 = 1,120 of 1,160: 31 + 30 + 31 days and 40 on June
            "whole_month": 91,
            "rest_not_computed_again": 111,  # 600 / 360 x 30 = 50
            "other_month": 68.75,  # 120 / 480 x 31 = 7.75
            "thirty_days": 70,
            "balance_method": 75.4,  # 1,160 / 1,400 x 91
        }
    )


def test_published_error():
    """The page prints 179.7; 12,000 less 11,000 leaves 1,000 for April, not 2,000."""
    found = task("published")
    assert found.figures["used"] == 2500 + 1750 + 2250 + 2500 + 2000 == 11_000
    assert found.figures["rest"] == 1000
    assert found.answer == pytest.approx(166.3333, abs=1e-4)
    assert round(found.figures["wrong_part"], 1) == 26.7
    assert round(found.figures["printed"], 1) == 179.7
    assert values(found) == pytest.approx(
        {
            "printed": 179.6667,  # 2,000 / 2,250 x 30 = 26.67
            "april_left_out": 153,
            "whole_month": 183,
            "forward": 168,  # 2,250 + 2,000 + 2,500 + 2,250 + 1,750 = 10,750; 1,250 / 2,500 x 30 = 15
            "thirty_days": 163.3333,  # 5 x 30 + 13.33
            "balance_method": 165.7358,  # 12,000 / 13,250 x 183
        },
        abs=1e-4,
    )
    assert task("published", 7).figures == found.figures  # those of its source


def test_late_days():
    """20,000 a day: 880,000 is 44 days not due, 320,000 is 16 days overdue, 40,000 not allocated is 2 days less."""
    found = task("late_days")
    names = ("not_due", "overdue", "unallocated", "owed", "sales", "terms")
    assert [found.figures[name] for name in names] == [880_000, 320_000, -40_000, 1_160_000, 7_300_000, 30]
    assert found.answer == pytest.approx(1_160_000 / 7_300_000 * 365 - 880_000 / 7_300_000 * 365) == 14
    assert values(found) == pytest.approx(
        {"terms": 28, "gross": 16, "credits_added": 18, "best_possible": 44, "whole": 58, "base_360": 13.8082}, abs=1e-4
    )


def test_gain():
    """6.0 million x 1.2 + 0.8 = 8.0 million a year, 7 days, 5 %."""
    found = task("gain")
    assert (found.figures["before"], found.figures["after"], found.figures["sales"]) == (62, 55, 8_000_000)
    assert found.answer == pytest.approx(2_800_000 / 365)  # 8 million x 7 x 5 %
    assert values(found) == pytest.approx(
        {
            "cash": 56_000_000 / 365,
            "excl_vat": 2_380_000 / 365,  # 6.8 million x 7 x 5 %
            "vat_on_all": 2_856_000 / 365,  # 8.16 million x 7 x 5 %
            "whole_dso": 24_800_000 / 365,  # 8 million x 62 x 5 %
            "base_360": 2_800_000 / 360,
            "per_day": 2_800_000 / 365 / 365,
        }
    )


def test_first():
    """Overdue that nobody disputes: 72,000, 196,000 - 30,000, 60,000 - 45,000."""
    found = task("first")
    assert found.answer == "sme"
    clear = [found.figures[f"{name}_clear"] for name in ("key", "sme", "public")]
    assert clear == [72_000, 166_000, 15_000]
    owed = [found.figures[f"{name}_owed"] for name in ("key", "sme", "public")]
    assert owed == [576_000, 544_000, 275_000]  # 72 x 8,000, 64 x 8,500, 55 x 5,000
    assert {mistake.key: mistake.value for mistake in found.mistakes} == {
        "highest_dso": "key_accounts", "disputes": "public", "equal_parts": "all",
    }  # fmt: skip


def test_first_has_one_right_answer_whatever_the_figures():
    for variant in range(200):
        figures = task("first", variant).figures
        assert figures["sme_clear"] > figures["key_clear"] > figures["public_clear"]
        assert figures["key_dso"] > figures["sme_dso"] > figures["public_dso"]
        assert figures["public_disputed"] > figures["public_late"] / 2


def test_why_up():
    """1,240 / 1,870 x 92, then 1,300 / 1,750 x 92; overdue 250 of 1,240, then 230 of 1,300."""
    found = task("why_up")
    assert found.answer == "explain"
    assert {key: found.figures[key] for key in ("owed_before", "owed_after", "sold_before", "sold_after")} == {
        "owed_before": 1_240_000, "owed_after": 1_300_000, "sold_before": 1_870_000, "sold_after": 1_750_000,
    }  # fmt: skip
    assert found.figures["dso_before"] == pytest.approx(114_080 / 1870)
    assert found.figures["dso_after"] == pytest.approx(119_600 / 1750)
    assert (found.figures["rate_before"], found.figures["rate_after"]) == (0.202, 0.177)  # 25 / 124, 23 / 130
    assert found.figures["back_before"] == pytest.approx(31 + 60 / 62 * 30)  # 1,240 - 640 = 600 of 620
    assert found.figures["back_after"] == pytest.approx(31 + 50 / 70 * 30)  # 1,300 - 800 = 500 of 700
    assert found.figures["not_due_after"] == 1_070_000
    assert {mistake.key: mistake.value for mistake in found.mistakes} == {
        "later": "firmer", "risk": "limits", "hidden": "other_measure",
    }  # fmt: skip


def test_why_up_nobody_pays_later_whatever_the_figures():
    for variant in range(200):
        figures = task("why_up", variant).figures
        assert figures["dso_after"] > figures["dso_before"] + 3
        assert figures["late_after"] < figures["late_before"]
        assert figures["rate_after"] < figures["rate_before"]
        assert figures["back_after"] < figures["back_before"]
        assert 0 < figures["rest_before"] <= figures["june"]
        assert 0 < figures["rest_after"] <= figures["september"]


def test_words_that_the_figures_must_bear_out():
    """What hints and models say of the sizes holds for every variant."""
    for variant in range(200):
        back = task("count_back", variant).figures
        assert 0 < back["rest"] < back["april"]  # April counts in part
        late = task("late_days", variant).figures
        assert late["terms"] < late["best"]
    for variant in range(30):
        assert task("rolling", variant).figures["above"] > 0
        year = task("year_on_year", variant).figures
        assert year["rise"] > 0
        now, before, rise = (round(year[name], 1) for name in ("now", "before", "rise"))
        assert round(now - before, 1) == rise  # the subtraction as it is printed
    for key in ("rolling", "year_on_year", "segment"):
        drawn = [task(key, variant).figures for variant in range(30)]
        assert drawn[0] not in drawn[1:]
        assert len({str(figures) for figures in drawn}) > 5


# ---------------------------------------------------------------- from the files of the sample company


def read(name: str) -> list[dict[str, str]]:
    with (ROOT / "data" / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def euros(text: str) -> Decimal:
    return Decimal(text.replace(",", ".") or "0")


def day(text: str) -> date | None:
    return date(*map(int, reversed(text.split("/")))) if text else None


@pytest.fixture(scope="module")
def items() -> list[tuple]:
    """Piece, customer, kind, date, due date, booking date, euros incl. VAT."""
    return [
        (
            row["Pièce"], row["N° client"], row["Nature"], day(row["Date facture"]), day(row["Échéance"]),
            day(row["Date comptable"]), euros(row["Montant TTC EUR"]),
        )
        for row in read("factures.csv")
    ]  # fmt: skip


@pytest.fixture(scope="module")
def receipts() -> list[tuple]:
    """Piece, day paid, day allocated, euros."""
    return [
        (row["Pièce"], day(row["Date règlement"]), day(row["Date lettrage"]), euros(row["Montant EUR"]))
        for row in read("reglements.csv")
    ]


def owed(items, receipts, at: date) -> Decimal:
    booked = sum((amount for *_, booking, amount in items if booking <= at), Decimal(0))
    return booked - sum((amount for _, paid, _, amount in receipts if paid <= at), Decimal(0))


def sold(items, at: date) -> dict[tuple[int, int], Decimal]:
    """Invoices less credit notes by month, as known on a day."""
    months: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for _, _, kind, issued, _, booking, amount in items:
        if kind in ("Facture", "Avoir") and issued <= at and booking <= at:
            months[issued.year, issued.month] += amount
    return months


def months_back(at: date):
    """Year, month and days of a month-end and of the months before."""
    end = at
    while True:
        yield end.year, end.month, end.day
        end = end.replace(day=1) - timedelta(days=1)


def balance_dso(items, receipts, at: date, months: int) -> float:
    window = [month for _, month in zip(range(months), months_back(at))]
    sales = sum(sold(items, at)[year, month] for year, month, _ in window)
    return float(owed(items, receipts, at) / sales * sum(days for *_, days in window))


def exhausted(items, receipts, at: date) -> float:
    left, counted, sales = owed(items, receipts, at), Decimal(0), sold(items, at)
    for year, month, days in months_back(at):
        if sales[year, month] >= left:
            return float(counted + days * left / sales[year, month])
        counted += days
        left -= sales[year, month]
    raise AssertionError


def test_the_files_agree_with_the_key_figures_of_their_sheet(items, receipts):
    sheet = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    printed = re.search(r"encours \(411 \+ 416\) \| ([\d\s,]+?)\s€", sheet)
    assert printed
    assert owed(items, receipts, date(2026, 6, 30)) == euros("".join(printed[1].split())) == Decimal("1464352.61")
    assert round(balance_dso(items, receipts, date(2026, 6, 30), 12), 1) == 61.7


@pytest.mark.parametrize("variant", VARIANTS)
def test_rolling(items, receipts, variant):
    found = task("rolling", variant)
    at = found.figures["as_of"]
    assert found.answer == pytest.approx(balance_dso(items, receipts, at, 3))
    assert values(found) == pytest.approx(
        {
            "year": balance_dso(items, receipts, at, 12),
            "month": balance_dso(items, receipts, at, 1),
            "half_year": balance_dso(items, receipts, at, 6),
            "count_back": exhausted(items, receipts, at),
        }
    )
    window = [month for _, month in zip(range(3), months_back(at))]
    sales = float(sum(sold(items, at)[year, month] for year, month, _ in window))
    days = sum(days for *_, days in window)
    assert found.figures["owed"] == pytest.approx(float(owed(items, receipts, at)))
    assert (found.figures["sales"], found.figures["days"]) == (pytest.approx(sales), days)
    assert found.figures["day_value"] == pytest.approx(sales / days, abs=0.5)
    above = found.answer - found.figures["target"]
    assert found.figures["cash"] == pytest.approx(above * sales / days, abs=500)


@pytest.mark.parametrize("variant", VARIANTS)
def test_year_on_year(items, receipts, variant):
    found = task("year_on_year", variant)
    at = found.figures["as_of"]
    before = (at.replace(year=at.year - 1, day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    assert found.figures["year_before"] == before
    previous = at.replace(day=1) - timedelta(days=1)
    now, then, earlier = (exhausted(items, receipts, when) for when in (at, previous, before))
    assert found.answer == pytest.approx(now - earlier)
    assert values(found) == pytest.approx(
        {
            "balance_method": balance_dso(items, receipts, at, 3) - balance_dso(items, receipts, before, 3),
            "month_before": now - then,
            "level": now,
            "relative": (now - earlier) / earlier * 100,
        }
    )
    year = [month for _, month in zip(range(12), months_back(at))]
    day_value = float(sum(sold(items, at)[y, m] for y, m, _ in year)) / sum(days for *_, days in year)
    assert found.figures["day_value"] == pytest.approx(day_value, abs=0.5)
    assert found.figures["cash"] == pytest.approx(day_value * found.answer, abs=500)


@pytest.mark.parametrize("variant", VARIANTS)
def test_segment(items, receipts, variant):
    found = task("segment", variant)
    at = found.figures["as_of"]
    segments = {row["N° client"]: row["Segment"] for row in read("clients.csv")}
    mine = {customer for customer, name in segments.items() if name == found.figures["segment"]}
    assert mine
    piece_of = {piece: customer for piece, customer, *_ in items}
    customer_of = {row["N° règlement"]: row["N° client"] for row in read("reglements.csv")}
    numbers = [row["N° règlement"] for row in read("reglements.csv")]
    settled: dict[str, Decimal] = defaultdict(Decimal)
    for piece, _, allocated, amount in receipts:
        if piece and allocated and allocated <= at:
            settled[piece] += amount
    assert set(settled) <= set(piece_of)

    after = at + timedelta(days=1)
    first = after.replace(year=after.year - 1)
    late, sales, total = Decimal(0), Decimal(0), Decimal(0)
    for piece, customer, kind, issued, due, booking, amount in items:
        if booking > at:
            continue
        left = amount - settled[piece]
        if customer in mine and amount > 0 and due is not None and due < at:
            late += left
        if kind in ("Facture", "Avoir") and first <= issued <= at:
            total += amount
            sales += amount if customer in mine else 0
    own_owed = sum((a for _, c, *_, booking, a in items if booking <= at and c in mine), Decimal(0))
    own_owed -= sum(
        (
            amount
            for number, (_, paid, _, amount) in zip(numbers, receipts)
            if paid <= at and customer_of[number] in mine
        ),
        Decimal(0),
    )
    year = (at - first).days + 1
    assert year == 365
    assert found.answer == pytest.approx(float(late / total * year))
    assert values(found) == pytest.approx(
        {
            "own_sales": float(late / sales * year),
            "fifth": float(late / sales * year / 5),
            "whole_segment": float(own_owed / total * year),
            "share_of_receivables": float(late / sales * year * own_owed / owed(items, receipts, at)),
        }
    )
    assert found.figures["overdue"] == pytest.approx(float(late), abs=0.01)
    assert (found.figures["sales"], found.figures["total"]) == (
        pytest.approx(float(sales)),
        pytest.approx(float(total)),
    )
