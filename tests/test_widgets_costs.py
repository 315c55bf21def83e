"""The controls of the hidden cost are moved, and matrix and components follow. There is no kernel here."""

import dataclasses

import ipywidgets
import pytest
from screens import screen_of

from cmtools import widgets_costs
from cmtools.costs import UnpaidInvoice
from cmtools.language import number

LOST = UnpaidInvoice(
    6_000, vat_rate=0.20, vat="recoverable", vat_regime="debits", insured_share=0, guarantee=0, financing_rate=0.05,
    days=180, hours=10, hourly_cost=40, other_handling=60, legal_costs=350, vat_days=0, lost_bonus=0, late_interest=0,
    fixed_indemnity=0, margin_rate=0.10,
)  # fmt: skip


@pytest.fixture
def screen(monkeypatch):
    return screen_of(monkeypatch, widgets_costs)


def inputs(panel):
    assert isinstance(panel.children[1], ipywidgets.Output)
    return panel.children[0].children


def test_every_control_moves_the_matrix_and_the_components(screen):
    amount, margin, vat, rate, days, hours, insured = inputs(widgets_costs.hidden_cost(LOST, "fr"))
    # 5 000 + 147.95 + 400 + 60 + 350
    expected = 5_957.95
    assert "Coût complet : 5 957,95 EUR. Pour l'effacer : 59 579,50 EUR HT de ventes" in screen.text
    moves = [
        (hours, 0, -400), (vat, "not_recoverable", 1_000), (days, 360, 147.94),  # 295.89 - 147.95
        (insured, 0.5, -2_500), (rate, 0.0, -295.89), (amount, 12_000, 3_500),  # 5 000 + 1 000 - 2 500 once more
    ]  # fmt: skip
    for control, value, change in moves:
        control.value = value
        expected = round(expected + change, 2)
        matrix, parts = screen.figures
        assert parts.data[0].x[-1] == pytest.approx(expected)
        assert f"<b>{number(expected, 0 if expected.is_integer() else 2, 'fr')}</b>" in matrix.layout.yaxis.ticktext
        assert len(matrix.layout.shapes) == 1
    margin.value = 0.2
    assert "avec une marge nette de 20 % du prix" in screen.text
    margin.value = 0
    assert "une marge nulle ou négative ne compense aucune perte" in screen.text


def test_vat_due_on_receipts_is_neither_lost_nor_financed(screen):
    vat = inputs(widgets_costs.hidden_cost(LOST, "en"))[2]
    assert [name for name, _ in vat.options] == [
        "VAT recoverable", "Not yet recoverable", "Not recoverable", "VAT due on receipts",
    ]  # fmt: skip
    vat.value = "receipts"
    assert "Full cost: 5,933.29 EUR." in screen.text  # 5 000 x 5 % x 180 / 365 = 123.29
    receipts = dataclasses.replace(LOST, vat="not_recoverable", vat_regime="receipts")
    assert inputs(widgets_costs.hidden_cost(receipts))[2].value == "receipts"


def test_what_the_invoice_does_not_tell_takes_the_total_away(screen):
    sliders = inputs(widgets_costs.hidden_cost(language="fr"))
    assert "n'est pas calculable" in screen.text
    assert sliders[0].value == 6_000
    assert len(screen.figures) == 2
    assert len(screen.figures[0].layout.shapes) == 0  # no cell to frame


def test_a_control_reaches_as_far_as_the_invoice(screen):
    sliders = inputs(widgets_costs.hidden_cost(dataclasses.replace(LOST, days=1_500, margin_rate=-0.1)))
    assert (sliders[4].max, sliders[1].min) == (1_500, -0.1)
    assert "ne compense aucune perte" in screen.text
