"""What is said beside the figures of doubtful claims, and the what-if control, in both languages."""

import pandas as pd
import pytest

import cmtools as cm
from cmtools import forms_provisions as forms
from cmtools import widgets_provisions as widgets
from cmtools.language import HARD, THIN

NAN = float("nan")


def plain(shown):
    return str(shown).replace(HARD, " ").replace(THIN, " ").replace("&#x27;", "'")


def rates(rate, reason=None, **more):
    row = {"bucket": "not_due", "bucket_loss_rate": rate, "lost_items": 3, "cohorts_used": 24, "cohorts_young": 12}
    return pd.DataFrame([row | {"still_open": 43222.23, "open_doubtful": 13031.35, "reason": reason} | more])


def test_history_says_on_what_the_rates_rest():
    said = plain(forms.history_said(rates(0.1), "EUR", "fr"))
    assert said.startswith("<p>Taux fondés sur 3 créances perdues et 24 mois d'échéances ; 12 mois trop récents")
    assert "43 222,23 EUR encore ouverts" in said
    assert "Aucune perte" not in said
    one = plain(forms.history_said(rates(0.1, lost_items=1), "EUR", "en"))
    assert one.startswith("<p>Rates resting on 1 lost claim and 24 months of due dates")


def test_no_loss_is_said_to_be_an_estimate():
    for language, words in (("fr", "estimation tirée des données"), ("en", "an estimate from the data")):
        assert words in plain(forms.history_said(rates(0.0, "no_loss_observed", lost_items=0), "EUR", language))


def test_no_rate_says_why():
    said = plain(forms.history_said(rates(NAN, "no_cohort", cohorts_used=0), "EUR", "fr"))
    assert said == "<p>L'historique ne permet pas d'estimer un taux : aucune cohorte assez ancienne.</p>"


def test_choices_are_said_aloud():
    said = plain(forms.shares_said(cm.provisions.default_loss_shares(), "fr"))
    assert "douteux sans procédure 50 %" in said
    assert "liquidation judiciaire 100 %" in said
    assert "C'est un choix" in said
    assert "1,25" in plain(forms.forward_said(pd.DataFrame({"forward_factor": [1.25]}), "fr"))
    assert plain(forms.taken_incl_vat_said(pd.DataFrame({"counted_incl_vat": [0.0]}), "EUR", "fr")) == ""
    assert "3 039,79 EUR" in plain(
        forms.taken_incl_vat_said(pd.DataFrame({"counted_incl_vat": [3039.79]}), "EUR", "fr")
    )


def test_entries_mark_what_is_unconfirmed_and_drop_an_empty_customer():
    rows = pd.DataFrame([{"event": "paid_after_loss", "amount_incl_vat": 120.0, "amount_excl_vat": 100.0}])
    shown = forms.events(cm.allowance_entries(rows, "2025-07-01", "fr"), "fr")
    assert shown["account_name"].tolist() == [
        "Banque",
        "Rentrées sur créances amorties",
        "TVA collectée (non confirmé)",
    ]
    assert "customer_id" not in shown
    assert "customer_id" in forms.events(cm.allowance_entries(rows.assign(customer_id="A"), "2025-07-01", "fr"), "fr")


CLAIMS = pd.DataFrame({"customer_id": ["A", "B"], "currency": "EUR", "open_amount": [1200.0, 600.0],
                       "open_excl_vat": [1000.0, 500.0]})  # fmt: skip
INSOLVENT = pd.DataFrame({"customer_id": ["B"], "procedure": ["liquidation"]})
BALANCES = pd.DataFrame({"bucket": ["not_due", "d1_30"], "gross": [9000.0, 1000.0], "rest_exposure": [8000.0, 500.0]})
RATES = pd.DataFrame({"bucket": ["not_due", "d1_30"], "bucket_loss_rate": [0.01, 0.8]})


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_control_moves_the_three_figures(language):
    box = widgets.allowances(CLAIMS, INSOLVENT, BALANCES, RATES, {"not_due": 0.0, "d1_30": 0.5}, language)
    sliders = [child for child in box.children[0].children if hasattr(child, "min")] if box.children else []
    assert len(sliders) == 3 or len([child for child in box.children if hasattr(child, "min")]) == 3


def test_what_the_control_computes_by_hand():
    shares = {"none": 0.5, "liquidation": 1.0}
    table = widgets.compared(CLAIMS, INSOLVENT, BALANCES, RATES, {"not_due": 0.0, "d1_30": 0.5}, shares, 1.5)
    # 1000 x 50 % + 500; 1000 x 50 %; the same 1000 + 8000 x 1.5 % + 500 x 100 % (0.8 x 1.5 is cut)
    assert table["allowance"].tolist() == [1000, 500, 1000 + 120 + 500]
