"""Accounts, need, level and weights are moved, and scores, limit and rating follow. There is no kernel here."""

import ipywidgets
import numpy as np
import pandas as pd
import pytest
from screens import screen_of

from cmtools import grids, limits, rating, widgets_credit
from cmtools.lines import controls
from cmtools.live_workbook import worked_case
from cmtools.widgets_credit import FLOWS, line_of, reach, reweighted, with_share


@pytest.fixture
def screen(monkeypatch):
    return screen_of(monkeypatch, widgets_credit)


@pytest.fixture(scope="module")
def case():
    return worked_case("fr")


def inputs(panel):
    assert isinstance(panel.children[1], ipywidgets.Output)
    return panel.children[0].children


# --- scores -------------------------------------------------------------------------------------------------------


def test_models_change_their_class_when_a_line_moves(case, screen):
    which, change = inputs(widgets_credit.scores(case, "fr"))
    assert which.value == "sales"
    assert "Aucun modèle ne change de classe." in screen.text
    which.value = "staff"
    change.value = 0.1  # wages of 288 000: 28 800 more, out of the result, of equity and of cash
    assert "Salaires (Salaires et traitements) : de 288 000 EUR à 316 800 EUR." in screen.text
    # equity 341 000, assets 925 000, pre-tax result RCAI + exceptional, charges of the case
    last = case.iloc[-1]
    assets, equity = 925_000 - 28_800, 341_000 - 28_800
    earned = last["resultat_courant"] + last["resultat_exceptionnel"] + last["total_charges_financieres"] - 28_800
    expected = 4.5913 * equity / assets + 4.5080 * earned / assets + 0.3936 * 1_460_000 / assets - 2.7616
    assert f"à {expected:.2f} (Défaillance probable)".replace(".", ",", 1) in screen.text
    assert screen.text.count("Legault CA-Score (1987) : de -0,12 (Sain)") == 1
    assert len(screen.figures) == 1
    assert "<b>-0,33</b>" in screen.figures[0].data[0].text[-1]


@pytest.mark.parametrize("key", [*FLOWS, "customers", "stocks", "suppliers", "equity", "loans"])
@pytest.mark.parametrize("share", [-0.2, 0.1])
def test_accounts_stay_balanced_whatever_moves(case, key, share):
    row = case.iloc[-1].to_dict()
    assert line_of(row, key)
    assert reach(row, key)[0] <= share <= reach(row, key)[1]
    moved = with_share(row, key, share)
    table = case.tail(1).assign(**{name: value for name, value in moved.items() if name in case})
    assert (controls(table)["result"] != "failed").all()
    if key != "loans" or share > 0:  # paid back beyond cash, a loan leaves an overdraft, which is bank debt too
        assert moved[line_of(row, key)] == pytest.approx((1 + share) * row[line_of(row, key)])


def test_a_cost_goes_to_the_result_to_equity_and_to_cash(case):
    row = case.iloc[-1].to_dict()
    moved = with_share(row, "interest", 0.5)
    extra = 0.5 * row["interets_charges"]
    for name in ("resultat_net", "resultat_bilan", "capitaux_propres", "resultat_financier"):
        assert moved[name] == pytest.approx(row[name] - extra), name
    assert moved["disponibilites"] == pytest.approx(row["disponibilites"] - extra)
    more = with_share(row, "sales", 0.1)
    assert more["resultat_net"] == pytest.approx(row["resultat_net"] + 0.1 * row[line_of(row, "sales")])


def test_the_slider_starts_anew_and_stops_where_a_line_does(case, screen):
    which, change = inputs(widgets_credit.scores(case.tail(1), "en"))
    assert (change.min, change.max) == (-0.5, 0.5)
    change.value = 0.1
    which.value = "customers"
    assert change.value == 0
    assert "No model changes its class." in screen.text


def test_accounts_that_offer_nothing(screen):
    blank = pd.DataFrame({"company_id": ["1"], "year_end": pd.to_datetime(["2025-12-31"]), "clients": [np.nan]})
    assert "disponibilités" in widgets_credit.scores(blank, "fr").value
    assert "cash" in widgets_credit.scores(blank.head(0), "en").value


def test_a_class_that_changes_is_told_with_both_scores(screen):
    before = pd.DataFrame({"model": ["taffler", "ohlson"], "score": [0.5, np.nan], "class": ["sound", None]})
    after = before.assign(score=[-0.25, np.nan], **{"class": ["failing", None]})
    assert (
        widgets_credit._classes(before, after, "en") == "Taffler z (1983): from 0.50 (Sound) to -0.25 (Failure likely)."
    )


# --- limit --------------------------------------------------------------------------------------------------------


def test_the_limit_follows_the_need_and_the_risk_level(screen):
    accounts = pd.DataFrame({"capitaux_propres": [300_000.0]})
    panel = widgets_credit.limit(accounts, "2026-06-30", limits.Need(12_000.0, 45.0), "fr", risk_level="B")
    purchases, term, delay, level = inputs(panel)
    assert "Besoin : 18 000 EUR. Limite proposée : 18 000 EUR." in screen.text  # 12 000 x 45 / 30
    delay.value = 15
    assert "Besoin : 24 000 EUR." in screen.text  # 12 000 x 60 / 30
    level.value = "E"  # nothing is allowed to the worst level
    assert "Limite proposée : 0 EUR." in screen.text
    assert "paiement d'avance" in screen.text
    level.value = "C"  # 6 % of the equity, and 0.6 of the need: 14 400, rounded down
    assert "Limite proposée : 14 000 EUR." in screen.text
    purchases.value, term.value = 6_000, 30
    assert "Besoin : 9 000 EUR." in screen.text
    assert len(screen.figures) == 1


def test_a_limit_without_accounts_is_bounded_by_the_score_alone(screen):
    widgets_credit.limit(pd.DataFrame({"capitaux_propres": [np.nan]}), "2026-06-30", None, "en")
    assert "Need: 10,000 EUR. Proposed limit: 10,000 EUR." in screen.text  # B: coefficient of 1


# --- grid ---------------------------------------------------------------------------------------------------------

KNOWN = {"autonomie_financiere": 0.6, "tn_jours": 50.0, "capacite_remboursement": 0.5, "marge_ebe": 0.2,
         "delay_with_open": 90.0, "overdue_rate": 0.9, "late_payment_rate": 0.9}  # fmt: skip


def test_the_rating_follows_the_weights_of_the_families(screen):
    sliders = inputs(widgets_credit.grid(KNOWN, "fr", given=grids.read_grid()))
    assert [slider.value for slider in sliders] == [42, 32, 16, 10]
    for slider, value in zip(sliders, (100, 0, 0, 0)):
        slider.value = value
    accounts_alone = rating.rate(KNOWN, reweighted(grids.read_grid(), {"financial": 1}))
    assert accounts_alone.score == pytest.approx(10)  # the best class of each
    assert f"à {accounts_alone.rating} / 10" in screen.text
    for slider in sliders:
        slider.value = 0
    assert "il n'y a plus de grille" in screen.text


def test_nothing_known_is_not_rated(screen):
    widgets_credit.grid({}, "en")
    assert "Rating: from not rated to not rated, 0% of the weights being known." in screen.text
