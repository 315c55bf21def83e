"""Moving the control of late interest; expected amounts are worked out in the comments."""

from datetime import date

import pytest
from screens import screen_of

from cmtools import widgets_claims


@pytest.fixture
def screen(monkeypatch):
    return screen_of(monkeypatch, widgets_claims)


def test_interest_follows_its_controls(screen):
    amount, due, days, buyer, rate, part, order = widgets_claims.interest(language="fr").children[0].children
    # 46 days at 12.15 % and 51 at 12.40 % of 12 000: 183.75 + 207.91.
    assert "391,66 EUR d'intérêts + 40,00 EUR d'indemnité = 431,66 EUR." in screen.text
    buyer.value = "public"  # 97 days at 10.15 %: 323.69
    assert "323,69 EUR" in screen.text
    buyer.value = "consumer"
    assert "ni pénalités ni indemnité" in screen.text
    buyer.value = "business"
    rate.value = 0.1  # to 30 June 151.23 (46 days at 10 %); the floor of the second half-year is not known
    assert "151,23 EUR d'intérêts" in screen.text
    assert "non calculables à partir du 01/07/2026" in screen.text
    rate.value = 0.0
    days.value = 46
    part.value = 0.5  # 23 days on 12 000, 23 on 6 000 at 12.15 %: 91.87 + 45.94 = 137.81 (137.81095 exactly)
    assert "137,81 EUR d'intérêts" in screen.text
    order.value = "interest_first"  # 91.87 of the 6 000 pay interest: 6 091.87 bear 23 days more: 46.64; 138.51 in all
    assert "138,51 EUR d'intérêts" in screen.text
    days.value = 0
    assert "Payée à l'heure" in screen.text
    due.value = date(2026, 6, 1)
    amount.value = 1000.0
    days.value = 29  # 1 000 x 12.15 % x 14 / 365 = 4.66; half is then paid less 4.66: 504.66 for 15 days: 2.52
    assert "7,18 EUR d'intérêts" in screen.text
    due.value = None
    assert "Choisissez une échéance." in screen.text
