"""Moving a control changes what is said and drawn. There is no kernel here: what is displayed is caught."""

import ipywidgets
import pandas as pd
import pytest
from ledgers import make_ledger
from screens import screen_of

from cmtools import widgets


def invoice(name, issued, due, amount, **more):
    return {"item_id": name, "issue_date": issued, "due_date": due, "amount": amount} | more


INVOICES = [
    invoice("A", "2026-03-01", "2026-03-31", 1000.0),
    invoice("B", "2026-06-01", "2026-07-01", 3000.0),
    invoice("N", "2026-06-15", None, -100.0, kind="credit_note"),
]


@pytest.fixture
def screen(monkeypatch):
    return screen_of(monkeypatch, widgets)


def inputs(panel):
    assert isinstance(panel.children[1], ipywidgets.Output)
    return panel.children[0].children


def test_aged_balance_follows_its_controls(screen):
    back, clock, in_credit = inputs(widgets.aged_balance(make_ledger(INVOICES), "2026-06-30", "fr"))
    assert "Au 30/06/2026 : encours 3 900,00 EUR, dont 1 000,00 EUR en retard." in screen.text
    assert list(screen.figures[0].data[0].y) == [3000, 0, 0, 0, 1000, 0, -100]
    back.value = 1
    assert "Au 31/05/2026 : encours 1 000,00 EUR, dont 1 000,00 EUR en retard." in screen.text
    back.value = 3
    assert "Au 31/03/2026 : encours 1 000,00 EUR, dont 0,00 EUR en retard." in screen.text
    back.value = 0
    clock.value = "issue_date"
    assert "L'ancienneté depuis la facture ne dit pas ce qui est en retard." in screen.text
    assert list(screen.figures[0].data[0].y) == [3000, 0, 0, 0, 1000, -100]  # 29 and 121 days old
    in_credit.value = "own_date"
    assert list(screen.figures[0].data[0].y) == [2900, 0, 0, 0, 1000]


def test_aged_balance_before_the_first_invoice_says_so(screen):
    back, *_ = inputs(widgets.aged_balance(make_ledger(INVOICES), "2026-06-30", "en"))
    back.value = 24
    assert "Nothing to report." in screen.text
    assert screen.figures == []


TWO = [INVOICES[0], invoice("U", "2026-05-01", "2026-05-31", 500.0, currency="USD")]


def test_currencies_are_drawn_apart(screen):
    widgets.aged_balance(make_ledger(TWO), "2026-06-30", "en")
    assert "outstanding 1,000.00 EUR" in screen.text
    assert "outstanding 500.00 USD" in screen.text
    assert len(screen.figures) == 2
    assert "1,500" not in screen.text


def test_dso_collected_follows_the_share(screen):
    (share,) = inputs(widgets.dso_collected(make_ledger(INVOICES), "2026-06-30", "fr"))
    # 3 900 on the sales of June 2 900, May 0, April 0 and March 1 000: 30 + 31 + 30 + 31
    # half of the 1 000 overdue: 3 400, so 500 / 1 000 of March
    share.value = 50
    assert "En encaissant 50 % de l'échu (500,00 EUR)" in screen.text
    assert "passe de 122,0 à 106,5 jours" in screen.text
    assert len(screen.figures) == 1
    share.value = 100
    assert "passe de 122,0 à 30,0 jours" in screen.text
    share.value = 0
    assert "passe de 122,0 à 122,0 jours" in screen.text


def test_dso_collected_in_several_currencies(screen):
    widgets.dso_collected(make_ledger(TWO), "2026-06-30", "en")
    # EUR: 1 000 of March with nothing sold since, half collected: 91 + 15.5; USD: 500 of May, half collected
    assert "(500.00 EUR) takes the count-back DSO from 122.0 to 106.5 days." in screen.text
    assert "(250.00 USD) takes the count-back DSO from 61.0 to 45.5 days." in screen.text


@pytest.mark.parametrize(
    ("invoices", "settlements", "more", "said"),
    [
        (INVOICES, [], {"complete_sales": False}, "le fichier ne contient que les pièces non soldées"),
        ([invoice("O", None, None, 50.0, kind="opening", booking_date="2026-06-01")], [], {}, "au moins 30 jours"),
    ],
)
def test_dso_that_cannot_be_computed_says_why(invoices, settlements, more, said, screen):
    (share,) = inputs(widgets.dso_collected(make_ledger(invoices, settlements, **more), "2026-06-30", "fr"))
    assert "Le DSO n'est pas calculable" in screen.text
    assert said in screen.text
    share.value = 100
    assert said in screen.text


def test_labels_are_in_the_language(screen):
    for tongue, word in (("fr", "mois en arrière"), ("en", "months back")):
        back, clock, _ = inputs(widgets.aged_balance(make_ledger(INVOICES), pd.Timestamp("2026-06-30"), tongue))
        assert back.description == word
        assert clock.value == "due_date"
