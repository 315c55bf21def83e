"""Exercises on the hidden cost: answers and mistakes by hand, those on the ledger from its CSV files alone."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from cmtools.exercises import Topic, mark

ROOT = Path(__file__).resolve().parents[1]
TOPIC = Topic(ROOT / "course" / "exercises" / "08_hidden_cost.py")

# Variant 0, by hand: the right answer, then what each mistake gives.
BY_HAND = {
    # 9 600 incl. 20 % of VAT is 8 000; 10 %
    "loss": (
        8_000 / 0.10,
        {
            "incl_vat": 9_600 / 0.10,
            "vat_of_the_whole": 7_680 / 0.10,
            "outlay": 7_200 / 0.10,
            "multiplied": 800,
            "same_again": 8_000,
        },
    ),
    # bought 60, sold 75: 15 of 75 is 20 % of the price, 15 of 60 is 25 % of the cost
    "price_margin": (
        30_000,
        {
            "on_cost": 6_000 / 0.25,
            "cost_share": 6_000 / 0.80,
            "articles": 6_000 / 15,
            "multiplied": 6_000 * 0.20,
            "same_again": 6_000,
        },
    ),
    # 42 000 x 6 % = 2 520 a year; x 75 / 365 = 517.81; 4 hours at 45 = 180; 35 000 excl. VAT bears 2 100 a year
    "delay": (
        517.8082 + 180,
        {
            "excl_vat": 2_100 * 75 / 365 + 180,
            "bank_year": 525 + 180,
            "no_time": 517.8082,
            "indemnity": 517.8082 + 140,
            "whole_year": 2_700,
        },
    ),
    # of 100 excl. VAT, 120 x 5 % x 30 / 365 = 0.49315; of a margin of 3
    "term": (
        0.49315 / 3,
        {
            "excl_vat": 0.41096 / 3,
            "whole_term": 0.98630 / 3,
            "of_the_price": 0.0049315,
            "bank_year": 0.5 / 3,
            "no_days": 6 / 3,
        },
    ),
    # 36 000 incl. VAT is 30 000; allowance 18 000; 31 800 of it lost is 26 500
    "allowance": (
        26_500,
        {
            "added": 18_000 + 26_500,
            "incl_vat": 31_800,
            "first_year": 18_000,
            "second_year": 8_500,
            "nothing_paid": 30_000,
            "paid_excl_vat": 25_800,
        },
    ),
    # 12 500 x 10 % = 1 250;
    # 15 000 x 4 % x 85 / 360 = 141.6667, on 12 500: 118.0556, over 365: 139.7260; 40 days: 66.6667
    "published": (
        1_250 - 141.6667,
        {
            "as_published": 1_500 - 141.6667,
            "both_excl_vat": 1_250 - 118.0556,
            "wrong_line": 1_500 - 118.0556,
            "year_of_365": 1_250 - 139.7260,
            "vat_of_the_whole": 1_200 - 141.6667,
            "delay_only": 1_250 - 66.6667,
        },
    ),
    # sales of 8 656 812.18 (see below): a day is 23 717.29
    "day_gained": (
        23_717.2936 * 4 * 0.05,
        {
            "cash": 23_717.2936 * 4,
            "one_day": 23_717.2936 * 0.05,
            "one_day_cash": 23_717.2936,
            "bank_year": 8_656_812.18 / 360 * 4 * 0.05,
            "percent": 23_717.2936 * 4 * 5,
        },
    ),
    # 9 297.11 incl. VAT is 7 747.59 and 1 549.52; 55 days at 5 %: 70.05, on 7 747.59: 58.37; 8 x 40 + 60 = 380;
    # 90 days on the VAT: 19.10
    "vat_case": (
        9_297.11 + 70.05 + 380,
        {
            "recoverable": 7_747.59 + 70.05 + 380 + 19.10,
            "receipts": 7_747.59 + 58.37 + 380,
            "loss_alone": 9_297.11,
            "sales": 97_471.60,
            "excl_vat": 7_747.59,
        },
    ),
    "order": ("deposit", {"as_asked": "as_asked", "refuse": "refuse"}),
    "recovery": ("agency", {"give_up": "give_up", "ourselves": "ourselves", "court": "court"}),
}


def near(value):
    return value if isinstance(value, str) else pytest.approx(value, rel=5e-5)


@pytest.mark.parametrize("key", BY_HAND)
def test_the_printed_figures_by_hand(key):
    right, mistakes = BY_HAND[key]
    task = TOPIC.exercises[key].task(TOPIC.name, 0)
    assert task.answer == near(right)
    assert {made.key: made.value for made in task.mistakes} == {name: near(value) for name, value in mistakes.items()}


def test_every_exercise_is_worked_out_here():
    assert [*TOPIC.exercises] == [
        *("loss", "price_margin", "delay", "term", "allowance", "published", "day_gained", "waiting", "vat_case"),
        *("order", "recovery"),
    ]
    assert set(TOPIC.exercises) - set(BY_HAND) == {"waiting"}  # from the files, below


# ---------------------------------------------------------------- the ledger, read again from its files


def day(text: str) -> date:
    return datetime.strptime(text, "%d/%m/%Y").date()


def number(text: str) -> float:
    return float(text.replace(",", "."))


@cache
def rows(name: str) -> list[dict[str, str]]:
    with (ROOT / "data" / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def sales_of_a_year(as_of: date) -> float:
    """Invoices less credit notes of the twelve months to a month's end, booked by then; down payments are no sales."""
    after = (as_of + timedelta(days=1)).replace(year=as_of.year - (as_of.month < 12))
    return sum(
        number(row["Montant TTC EUR"])
        for row in rows("factures.csv")
        if row["Nature"] in ("Facture", "Avoir")
        and after <= day(row["Date facture"]) <= as_of
        and day(row["Date comptable"]) <= as_of
    )


@cache
def open_on(as_of: date) -> list[tuple[str, str, float, int | None]]:
    """Item, customer, what is left of it in euros (credits negative), days late; receipts without an item too."""
    settled: dict[str, float] = defaultdict(float)
    left = []
    for row in rows("reglements.csv"):
        allocated = bool(row["Pièce"] and row["Date lettrage"] and day(row["Date lettrage"]) <= as_of)
        if allocated:
            settled[row["Pièce"]] += number(row["Montant EUR"])
        elif day(row["Date règlement"]) <= as_of:
            left.append(("", row["N° client"], -number(row["Montant EUR"]), None))
    for row in rows("factures.csv"):
        if day(row["Date comptable"]) > as_of:
            continue
        amount = round(number(row["Montant TTC EUR"]) - settled[row["Pièce"]], 2)
        late = (as_of - day(row["Échéance"])).days if row["Échéance"] else None
        left.append((row["Pièce"], row["N° client"], amount, late))
    return [row for row in left if row[2]]


def of_segment(as_of: date, segment: str) -> list[tuple[str, str, float, int | None]]:
    customers = {row["N° client"] for row in rows("clients.csv") if row["Segment"] == segment}
    return [row for row in open_on(as_of) if row[1] in customers]


@pytest.mark.parametrize("variant", range(9))
def test_days_of_dso_gained_from_the_files(variant):
    task = TOPIC.exercises["day_gained"].task(TOPIC.name, variant)
    f = task.figures
    sales = sales_of_a_year(f["as_of"])
    assert f["sales"] == pytest.approx(sales, abs=0.005)
    assert task.answer == pytest.approx(sales / 365 * f["days"] * f["rate"], abs=0.01)
    if variant == 0:
        assert (round(sales, 2), f["days"], f["rate"]) == (8_656_812.18, 4, 0.05)


@pytest.mark.parametrize("variant", range(9))
def test_what_waiting_has_cost_from_the_files(variant):
    task = TOPIC.exercises["waiting"].task(TOPIC.name, variant)
    f = task.figures
    found = of_segment(f["as_of"], f["segment"])
    late = [(amount, days) for _, _, amount, days in found if days is not None and days > 0 and amount > 0]
    a_day = sum(amount * days for amount, days in late) * f["rate"] / 365  # invoice by invoice
    overdue = sum(amount for amount, _ in late)
    simple = sum(days for _, days in late) / len(late)
    assert task.answer == pytest.approx(a_day, abs=0.005)
    assert f["overdue"] == pytest.approx(overdue, abs=0.005)
    expected = {
        "simple_average": overdue * simple * f["rate"] / 365,
        "outstanding": a_day / overdue * sum(amount for _, _, amount, _ in found),
        "bank_year": a_day * 365 / 360,
        "percent": 100 * a_day,
        "whole_year": overdue * f["rate"],
        "excl_vat": a_day / 1.2,
    }
    assert {made.key: made.value for made in task.mistakes} == {
        key: pytest.approx(value, abs=0.01) for key, value in expected.items()
    }
    if variant == 0:
        assert (len(late), round(overdue, 2), round(simple, 2)) == (29, 72_517.31, 161.97)


@pytest.mark.parametrize("variant", range(9))
def test_the_column_of_the_vat_from_the_files(variant):
    task = TOPIC.exercises["vat_case"].task(TOPIC.name, variant)
    f = task.figures
    ((_, customer, amount, days),) = [row for row in open_on(f["as_of"]) if row[0] == f["item"]]
    (billed,) = [row for row in rows("factures.csv") if row["Pièce"] == f["item"]]
    assert (billed["Taux TVA"], billed["Régime TVA"], billed["Devise"]) == ("20 %", "normal", "EUR")
    assert amount == number(billed["Montant TTC EUR"])  # nothing of it is paid
    (name,) = [row["Client"] for row in rows("clients.csv") if row["N° client"] == customer]
    assert (f["customer"], f["amount"], f["days"]) == (name, amount, days)
    spent = f["hours"] * f["hourly"] + 60
    waited = amount * f["rate"] * days / 365
    assert task.answer == pytest.approx(amount + waited + spent, abs=0.01)
    values = {made.key: made.value for made in task.mistakes}
    net = amount / 1.2
    assert values["recoverable"] == pytest.approx(
        net + waited + spent + (amount - net) * f["rate"] * 90 / 365, abs=0.02
    )
    assert values["receipts"] == pytest.approx(net + net * f["rate"] * days / 365 + spent, abs=0.02)
    assert values["sales"] == pytest.approx(task.answer / 0.10, abs=0.02)


# ---------------------------------------------------------------- decisions


@pytest.mark.parametrize("variant", range(51))
def test_the_deposit_alone_turns_the_order_into_a_gain(variant):
    f = TOPIC.exercises["order"].task(TOPIC.name, variant).figures
    paid, price = f["one_in"] - 1, f["order"]
    gains, spent = paid * price * f["margin"], price * (1 - f["margin"])
    assert f["alone"] == pytest.approx(gains - spent)
    assert f["result"] == pytest.approx(gains - (spent - price / 2))
    assert f["alone"] < 0 < f["result"]
    if variant == 0:  # 4 x 6 000 against 34 000, then against 14 000
        assert (f["alone"], f["result"]) == (-10_000, 10_000)


@pytest.mark.parametrize("variant", range(51))
def test_the_agency_leaves_the_most_of_a_small_claim(variant):
    f = TOPIC.exercises["recovery"].task(TOPIC.name, variant).figures
    claim, hour = f["claim"], f["hourly"]
    nets = {
        "own": 0.30 * claim - 5 * hour,
        "agency": 0.50 * 0.80 * claim - hour,
        "court": 0.60 * claim - 300 - f["court_hours"] * hour,
    }
    assert {name: f[name] for name in nets} == {name: pytest.approx(net) for name, net in nets.items()}
    assert min(nets.values()) > 0
    assert nets["agency"] > max(nets["own"], nets["court"]) + 100
    # where the court would leave as much: 0.60 c - 300 - h hours = 0.40 c - 1 hour
    assert 0.60 * f["threshold"] - 300 - f["court_hours"] * hour == pytest.approx(0.40 * f["threshold"] - hour)
    if variant == 0:
        assert nets == {"own": 315, "agency": 675, "court": 420}
        assert f["threshold"] == pytest.approx(3_075)


def test_the_published_page_is_wrong_by_the_margin_on_its_vat():
    """https://leanpay.fr/blog/les-vrais-couts-des-retards-de-paiement prints 1 358.34, with 10 % of 2 500 of VAT."""
    found = TOPIC.exercises["published"]
    task = found.task(TOPIC.name, 0)
    assert task.figures["page_left"] - task.answer == pytest.approx(250, abs=0.01)
    verdict = mark(found, task, "1 358,34", 0, "fr")
    assert (verdict.state, verdict.mistake) == ("wrong", "as_published")
    assert mark(found, task, "1 108,33 €", 0, "fr").state == "right"
