"""What is said beside the figures of doubtful claims, in both languages."""

import pandas as pd

import cmtools as cm
from cmtools import forms_provisions as forms
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


def test_losses_outside_the_history_are_told():
    assert "2 autres créances passées en perte hors de cet historique" in plain(
        forms.history_said(rates(0.1), "EUR", "fr", others=2)
    )
    assert "1 other claim written off" in plain(forms.history_said(rates(0.1), "EUR", "en", others=1))
    assert "other claim" not in plain(forms.history_said(rates(0.1), "EUR", "en"))


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


def test_what_the_matrix_leaves_out_is_said():
    cases = pd.DataFrame({"case_disputed": [40.0, NAN], "case_insolvent": [0.0, 8.0]})
    assert plain(forms.cases_said(cases, "EUR", "fr")).startswith("<p>48,00 EUR HT contestés")
    assert plain(forms.cases_said(cases * 0, "EUR", "en")) == ""


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
