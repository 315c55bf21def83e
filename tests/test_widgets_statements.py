"""A line of the balance sheet is moved, cash moves against it, and the masses follow. There is no kernel here."""

import ipywidgets
import numpy as np
import pytest
from screens import screen_of

from cmtools import statements, widgets_statements
from cmtools.lines import controls
from cmtools.live_workbook import worked_case
from cmtools.widgets_statements import CHOICES, bounds, carrier, functional_balance, with_change


@pytest.fixture
def screen(monkeypatch):
    return screen_of(monkeypatch, widgets_statements)


@pytest.fixture(scope="module")
def case():
    return worked_case("fr").tail(1)


def inputs(panel):
    assert isinstance(panel.children[1], ipywidgets.Output)
    return panel.children[0].children


def test_customers_who_pay_later_eat_up_cash_then_the_overdraft(case, screen):
    which, change = inputs(functional_balance(case, "fr", discounted_bills=False))
    assert which.value == "customers"
    assert "Clients (Clients et comptes rattachés) : de 318 000 EUR à 318 000 EUR." in screen.text
    assert "FRNG : 259 000 EUR, inchangé. BFR : 258 000 EUR, inchangé." in screen.text
    change.value = 30000
    assert "de 318 000 EUR à 348 000 EUR" in screen.text
    assert "disponibilités de 41 000 EUR à 11 000 EUR" in screen.text
    assert "BFR : de 258 000 EUR à 288 000 EUR. Trésorerie nette : de 1 000 EUR à -29 000 EUR." in screen.text
    assert "FRNG : 259 000 EUR, inchangé." in screen.text
    change.value = 100000  # 41 of cash, then 59 of overdraft above the 55 there
    assert "disponibilités de 41 000 EUR à 0 EUR" in screen.text
    assert "découvert prend le relais : de 55 000 EUR à 114 000 EUR" in screen.text
    assert "Trésorerie nette : de 1 000 EUR à -99 000 EUR" in screen.text
    assert len(screen.figures) == 1
    assert "TN" not in screen.text


@pytest.mark.parametrize(("key", "frng", "bfr", "tn"), [
    ("customers", 0, 10, -10), ("stocks", 0, 10, -10), ("suppliers", 0, -10, 10), ("fixed_assets", -10, 0, -10),
    ("equity", 10, 0, 10), ("loans", 10, 0, 10), ("overdraft", 0, 0, 0),
])  # fmt: skip
def test_each_line_moves_the_masses_as_taught_and_the_accounts_stay_balanced(case, key, frng, bfr, tn):
    row = case.iloc[0].to_dict()
    after = case.assign(**{name: value for name, value in with_change(row, key, 10000.0).items() if name in case})
    old, new = (statements.functional_balance(table).iloc[0] for table in (case, after))
    moved = {name: new[name] - old[name] for name in ("frng", "bfr", "tn", "ecart_tn")}
    assert moved == {"frng": 1e3 * frng, "bfr": 1e3 * bfr, "tn": 1e3 * tn, "ecart_tn": 0}
    assert (controls(after)["result"] != "failed").all()


def test_the_slider_starts_anew_with_each_line(case, screen):
    which, change = inputs(functional_balance(case, "en"))
    change.value = 50000
    which.value = "overdraft"
    assert (change.value, change.min) == (0, -55000)
    change.value = 20000
    assert "from 55,000 EUR to 75,000 EUR" in screen.text
    assert "Net treasury: -11,000 EUR, unchanged." in screen.text
    which.value = "loans"
    assert change.min == -(247000 - 55000)  # what is an overdraft stays one


def test_without_a_known_overdraft_the_slider_stops_where_cash_does(screen):
    row = {"form": "2033", "clients": 90e3, "disponibilites": 30e3, "emprunts_simplifie": 70e3, "total_actif": 322e3}
    which, change = inputs(functional_balance(row, "fr"))
    assert [key for _, key in which.options] == ["customers", "loans"]
    assert (change.min, change.max) == (-90000, 30000)
    which.value = "loans"
    assert change.min == -30000
    assert "non calculable" in screen.text


def test_accounts_without_cash_offer_nothing():
    assert "disponibilités" in functional_balance({"clients": 10.0}, "fr").value
    assert "cash" in functional_balance({"clients": np.nan, "disponibilites": 5.0}, "en").value


def test_lines_that_carry_a_change():
    assert carrier({"stock_matieres": 5.0, "stock_marchandises": 9.0}, "stocks") == "stock_marchandises"
    assert carrier({"total_actif_immobilise": 5.0}, "fixed_assets") == "total_actif_immobilise"
    assert carrier({"total_actif_immobilise": 5.0, "constructions": 1.0}, "fixed_assets") == "constructions"
    assert carrier({}, "equity") == ""
    assert bounds({"clients": 0.0, "disponibilites": 9.0, "concours_bancaires": 0.0}, "customers") == (0.0, 1.0, 1.0)
    assert set(CHOICES) == {"customers", "stocks", "suppliers", "fixed_assets", "equity", "loans", "overdraft"}
