"""The what-if control of the lesson on allowances computes what the calculations do."""

import ipywidgets
import pandas as pd
import pytest

from cmtools import widgets_provisions as widgets

CLAIMS = pd.DataFrame({"customer_id": ["A", "B"], "currency": "EUR", "open_amount": [1200.0, 600.0],
                       "open_excl_vat": [1000.0, 500.0]})  # fmt: skip
INSOLVENT = pd.DataFrame({"customer_id": ["B"], "procedure": ["liquidation"]})
BALANCES = pd.DataFrame({"bucket": ["not_due", "d1_30"], "gross": [9000.0, 1000.0], "rest_exposure": [8000.0, 500.0]})
RATES = pd.DataFrame({"bucket": ["not_due", "d1_30"], "bucket_loss_rate": [0.01, 0.8]})
AGEING = {"not_due": 0.0, "d1_30": 0.5}


def test_what_the_control_computes_by_hand():
    shares = {"none": 0.5, "liquidation": 1.0}
    table = widgets.compared(CLAIMS, INSOLVENT, BALANCES, RATES, {"not_due": 0.0, "d1_30": 0.5}, shares, 1.5)
    # 1000 x 50 % + 500; 1000 x 50 %; the same 1000 + 8000 x 1.5 % + 500 x 100 % (0.8 x 1.5 is cut)
    assert table["allowance"].tolist() == [1000, 500, 1000 + 120 + 500]


@pytest.fixture
def drawn(monkeypatch):
    """Tables drawn and sentences said, in order."""
    found = {"tables": [], "said": []}
    monkeypatch.setattr(widgets.plots_provisions, "three_methods", lambda table, *_: found["tables"].append(table))
    monkeypatch.setattr(widgets, "say", found["said"].append)
    monkeypatch.setattr(widgets, "display", lambda *_: None)
    return found


@pytest.mark.parametrize("language", ["fr", "en"])
def test_each_slider_moves_its_figure(language, drawn):
    panel = widgets.allowances(CLAIMS, INSOLVENT, BALANCES, RATES, AGEING, language)
    assert isinstance(panel.children[1], ipywidgets.Output)
    alone, liquidated, forward = panel.children[0].children
    assert [alone.value, liquidated.value, forward.value] == [
        50,
        100,
        1.0,
    ]  # the default table, and the future as the past
    alone.value = 20
    liquidated.value = 60
    forward.value = 0.5
    allowances = [table["allowance"].tolist() for table in drawn["tables"]]
    assert allowances[0] == [1000, 500, 1000 + 80 + 400]
    assert allowances[1][0] == 1000 * 0.2 + 500
    assert allowances[2][0] == 1000 * 0.2 + 500 * 0.6
    assert allowances[3] == [500, 500, 500 + 40 + 200]
    assert len(drawn["said"]) == 4
