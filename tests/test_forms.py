"""Accounts as forms and tables: every amount at its place, unknown is not nil, text of a file stays text."""

import re
from html import unescape

import numpy as np
import pandas as pd
import pytest

from cmtools import forms, statements
from cmtools.financial_ratios import catalogue, ratios
from cmtools.formulas import aggregates, reference
from cmtools.language import HARD, THIN, label
from cmtools.lines import controls
from cmtools.live_workbook import worked_case
from cmtools.schemas import InputError

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def case():
    return worked_case("fr").assign(company_name=HOSTILE)


OTHER_LOANS = ("emprunts_oblig_convertibles", "autres_emprunts_oblig", "emprunts_divers", "emprunts_simplifie")


def rows(page):
    """Texts of the cells, a list a row."""
    lines = re.findall(r"<tr[^>]*>(.*?)</tr>", page, flags=re.S)
    found = [[unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", line)]
             for line in lines]  # fmt: skip
    return [[cell.replace(THIN, " ").replace(HARD, " ") for cell in line] for line in found]


def line(page, start):
    return next(row for row in rows(page) if any(cell.startswith(start) for cell in row[:2]))


# --- the accounts -------------------------------------------------------------------------------------------------


def test_balance_sheet_has_three_columns_of_assets_and_one_of_liabilities(case):
    page = forms.balance_sheet(case.tail(1), "fr")
    assert line(page, "Clients et comptes")[:5] == [
        "BX / BY°",
        "Clients et comptes rattachés",
        "318 000",
        "12 000",
        "306 000",
    ]
    assert line(page, "TOTAL GÉNÉRAL actif") == ["CO / 1A", "TOTAL GÉNÉRAL actif", "1 277 000", "352 000", "925 000"]
    assert line(page, "TOTAL GÉNÉRAL passif") == ["EE", "TOTAL GÉNÉRAL passif", "925 000"]
    assert line(page, "Dont concours bancaires")[-1] == "55 000"
    assert line(page, "Terrains")[2:] == ["–", "–", "–"]  # nil, not blank
    assert "code confirmé par une seule source" in page
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


def test_totals_are_bold_and_sections_head_their_lines(case):
    page = forms.balance_sheet(case.iloc[1], "fr")
    bold = [row[1] for row in rows("".join(re.findall(r'<tr class="b">.*?</tr>', page)))]
    assert bold == [
        "TOTAL actif immobilisé", "TOTAL actif circulant", "TOTAL GÉNÉRAL actif", "TOTAL capitaux propres",
        "TOTAL autres fonds propres", "TOTAL provisions", "TOTAL dettes", "TOTAL GÉNÉRAL passif",
    ]  # fmt: skip
    titles = [row[0] for row in rows("".join(re.findall(r'<tr class="section">.*?</tr>', page)))]
    assert titles[:3] == ["Immobilisations incorporelles", "Immobilisations corporelles", "Immobilisations financières"]
    assert len(titles) == len(set(titles)) + 1  # memo items below both sides


def test_unknown_is_blank_nil_is_a_dash_and_cents_are_shown_where_there_are_any():
    page = forms.balance_sheet({"form": "2050", "clients": 10.5, "vmp": 0.0}, "en")
    assert line(page, "Trade receivables")[2:] == ["10.50", "", ""]
    assert line(page, "Marketable")[2:] == ["–", "", ""]
    assert line(page, "Land")[2:] == ["", "", ""]


def test_simplified_form_has_its_own_codes_in_its_own_order():
    row = {"form": "2033", "immo_corp_simplifie": 150.0, "immo_corp_simplifie_amort": 60.0, "clients": 90.0,
           "emprunts_simplifie": 70.0, "fournisseurs": 60.0, "associes_simplifie": 5.0}  # fmt: skip
    page = forms.balance_sheet(row, "fr")
    assert line(page, "Immobilisations corporelles (")[0] == "028 / 030*"
    assert line(page, "Immobilisations corporelles (")[2:] == ["150", "60", "90"]
    assert "code non confirmé" in page
    codes = [int(row[0][:3]) for row in rows(page) if len(row) > 1 and row[0][:3].isdigit()]
    assets, liabilities = [code for code in codes if code <= 112], [code for code in codes if 120 <= code <= 180]
    assert assets == sorted(assets)
    main = [code for code in liabilities if code != 169]
    assert main == sorted(main)
    assert "Valeurs mobilières" in page
    assert "Terrains" not in page


def test_a_line_that_is_not_on_the_form_is_shown_where_it_holds_something():
    assert line(forms.balance_sheet({"form": "2033", "terrains": 40.0}, "fr"), "Terrains")[2] == "40"


def test_income_statement_follows_the_form(case):
    page = forms.income_statement(case.tail(1), "en")
    assert line(page, "NET SALES") == ["FL", "NET SALES", "1,460,000"]
    assert line(page, "Change in stock of goods") == ["FT", "Change in stock of goods for resale", "-7,000"]
    assert line(page, "NET PROFIT") == ["HN", "NET PROFIT OR LOSS", "44,000"]
    assert 'class="r neg">-7,000' in page
    assert line(page, "Lease payments: equipment") == ["HP", "Lease payments: equipment", "9,000"]


def test_appendix_lists_what_is_known(case):
    page = forms.appendix(case.tail(1), "fr")
    assert line(page, "Clients douteux") == ["VA", "Clients douteux ou litigieux", "15 000"]
    assert "Honoraires" not in page
    assert "Rémunérations d'intermédiaires" not in page


def test_several_years_where_one_is_expected_are_refused(case):
    for view in (forms.balance_sheet, forms.income_statement, forms.functional):
        with pytest.raises(InputError, match="2 ont été donnés"):
            view(case, "fr")


# --- masses and SIG -----------------------------------------------------------------------------------------------


def test_functional_balance_in_two_columns(case):
    balance = statements.functional_balance(case.tail(1), discounted_bills=False)
    page = forms.functional(balance, "fr")
    found = rows(page)
    assert ["Emplois stables", "670 000", "", "Ressources stables", "929 000"] in found
    assert ["Trésorerie active", "56 000", "", "Trésorerie passive", "55 000"] in found
    assert ["Total", "1 277 000", "", "Total", "1 277 000"] in found
    # 259 000 / 1 460 000 x 360
    assert line(page, "Fonds de roulement")[2:] == ["259 000", "63,9 j"]
    assert line(page, "Trésorerie nette")[0] == "Trésorerie nette"
    assert "concorde" in page
    assert "Écart de" not in page


def test_functional_balance_says_a_gap_and_leaves_blanks(case):
    odd = statements.functional_balance(case.tail(1).assign(clients=318500.0))
    assert "Écart de 500,00" in unescape(forms.functional(odd, "fr"))
    unknown = statements.functional_balance(case.tail(1).assign(clients=np.nan))
    page = forms.functional(unknown, "en")
    assert line(page, "Operating current assets")[:2] == ["Operating current assets", ""]
    assert line(page, "Total")[1] == ""


def test_sig_years_stand_side_by_side_with_their_change(case):
    found = statements.sig(case)
    page = forms.sig_table(found, statements.changes(found), "fr")
    assert rows(page)[0] == ["Poste", "31/12/2024", "% du CA", "31/12/2025", "% du CA", "Variation", "Variation en %"]
    # 92 / 1 355, 117 / 1 460, 25 / 92
    assert line(page, "Excédent brut") == [
        "Excédent brut d'exploitation", "92 000", "6,8 %", "117 000", "8,0 %", "+25 000 *", "+27,2 %",
    ]  # fmt: skip
    assert line(page, "Valeur ajoutée")[5] == "+46 000 *"  # 791 is credited to the charges it refunds
    assert line(page, "Chiffre d'affaires net")[5] == "+105 000"  # 1 460 - 1 355, not broken by the reform
    assert "Rupture de série" in page
    assert HOSTILE not in page
    plain = forms.sig_table(statements.sig(case).drop(columns="chiffre_affaires"), language="en")
    assert rows(plain)[0] == ["Line", "31/12/2024", "31/12/2025"]
    assert "Break of series" not in plain


def test_a_deficit_has_its_name_and_a_year_of_fifteen_months_says_so(case):
    found = statements.sig(case.tail(1).assign(salaires=600000.0, months=15.0))
    page = forms.sig_table(found, language="fr")
    assert line(page, "Insuffisance brute")[1] == "-195 000"
    assert rows(page)[0][1] == "31/12/2025 (15 mois)"


def test_two_companies_side_by_side_are_refused(case):
    both = pd.concat([case, case.assign(company_id="2")])
    with pytest.raises(InputError, match="1, 2"):
        forms.sig_table(statements.sig(both))
    with pytest.raises(InputError, match="1, 2"):
        forms.ratio_table(ratios(both, ["marge_ebe"]))


# --- ratios -------------------------------------------------------------------------------------------------------


def test_ratios_stand_by_group_with_formula_reading_threshold_and_standing(case):
    page = forms.ratio_table(ratios(case), "fr")
    assert line(page, "Autonomie financière") == [
        "Autonomie financière", "TOTAL capitaux propres (DL) / TOTAL GÉNÉRAL passif (EE) [BDF-DIANE]", "36,9 %",
        "36,9 %", "bon", "faible sous 20 %, bon à partir de 30 % (règle pratique) [CESSION]", "",
    ]  # fmt: skip
    assert (
        line(page, "Charges financières / chiffre")[5]
        == "faible au-delà de 5 %, bon jusqu'à 3 % (non confirmé) [memory]"
    )
    assert line(page, "Capitaux propres / capital")[5] == "bon à partir de 50 % (seuil légal) [LAW-CAPITAL]"
    assert line(page, "Marge d'EBE")[4:6] == ["", "faible sous 0 % (règle pratique) [TEXTBOOK]"]
    assert line(page, "Délai clients")[1].endswith("/ Chiffre d'affaires TTC × N jours [BDF-DIANE]")
    shown = {row[0] for row in rows(page)}
    assert {label(key, "fr") for key in catalogue()} <= shown
    only = forms.ratio_table(ratios(case), "fr", groups=["treasury"])
    assert "Liquidité générale" in only
    assert "Autonomie" not in only


def test_reasons_name_what_is_missing():
    table = pd.DataFrame(
        {"capitaux_propres": [-10.0], "resultat_net": [-5.0], "chiffre_affaires": [0.0], "form": "2033",
         "dettes_fiscales_sociales": [1.0]}
    )  # fmt: skip
    page = unescape(forms.ratio_table(
        ratios(table, ["rentabilite_financiere", "marge_nette", "poids_dettes_fiscales_sociales", "frng_jours"]), "fr"
    ))  # fmt: skip
    assert "dénominateur négatif (TOTAL capitaux propres (DL)), le ratio n'a plus de sens" in page
    assert "Chiffre d'affaires net (FL) nul" in page
    assert "le régime simplifié ne donne pas à part : Dettes fiscales et sociales (DY)" in page
    assert "inconnu : " in page
    years = pd.DataFrame({"company_id": "A", "year_end": pd.to_datetime(["2025-12-31"]), "clients": [1.0],
                          "chiffre_affaires": [9.0], "tva_collectee": [1.0]})  # fmt: skip
    page = unescape(forms.ratio_table(ratios(years, ["delai_clients"], balance="average"), "fr"))
    assert "pas d'exercice précédent" in page


def test_flows_brought_to_twelve_months_are_told(case):
    page = forms.ratio_table(ratios(case.tail(1).assign(months=15.0), ["marge_ebe"]), "en")
    assert line(page, "EBE margin")[-1] == "flows of 15 months brought to 12 months"


@pytest.mark.parametrize(("value", "unit", "fr", "en"), [
    (0.125, "rate", "12,5 %", "12.5%"), (3.0, "years", "3,0 ans", "3.0 years"), (1.0, "years", "1,0 an", "1.0 year"),
    (45.25, "days", "45,2 j", "45.2 d"), (np.nan, "days", "–", "–"), (1234.0, "money", "1 234", "1,234"),
    (2.5, "ratio", "2,50", "2.50"),
])  # fmt: skip
def test_values_with_their_units(value, unit, fr, en):
    texts = [forms.in_unit(value, unit, tongue).replace(THIN, " ").replace(HARD, " ") for tongue in ("fr", "en")]
    assert texts == [fr, en]


def test_every_formula_and_threshold_is_in_words():
    for ratio in catalogue().values():
        for tongue in ("fr", "en"):
            said = forms.formula_in_words(ratio, tongue)
            assert "_" not in said, ratio.key
            text = forms.threshold(ratio, tongue)
            assert bool(text) == (ratio.alert == ratio.alert), ratio.key
            assert ratio.status != "unconfirmed" or not text or label("unconfirmed", tongue) in text


# --- notes and controls -------------------------------------------------------------------------------------------


def test_every_note_has_its_sentence():
    keys = {way.note for ways in aggregates().values() for way in ways if way.note} | {"simplified_form", "annualised"}
    keys |= {row["note"] for row in reference("score_inputs.csv") if row["note"]}
    assert keys == set(forms.NOTES)
    for tongue in ("fr", "en"):
        said = forms.notes(" ".join(keys), tongue)
        assert said.count("<li>") == len(keys)
        assert not re.search(r"<li>[a-z_]+</li>", said)
    assert forms.notes("", "fr") == ""
    assert "unheard_of" in forms.notes("unheard_of", "fr")
    assert forms.notes(pd.Series(["split_unknown", "split_unknown term_unknown"]), "en").count("<li>") == 2


def test_failing_controls_come_first_with_their_gap(case):
    found = controls(case.tail(1).assign(resultat_bilan=50000.0))
    page = forms.controls_table(found, "fr")
    body = rows(page)[1:]
    assert body[0][0] == "Résultat du bilan = résultat du compte de résultat"
    assert body[0][1:] == ["DI = HN", "50 000", "44 000", "6 000", "en écart"]
    assert [row[-1] for row in body].index("vérifié") == sum(row[-1] == "en écart" for row in body)
    assert "non vérifiable" in page
    assert "Total de l'actif net = total du passif" in unescape(page)
    two = forms.controls_table(controls(pd.concat([case, case.assign(company_id=HOSTILE)], ignore_index=True)), "en")
    assert rows(two)[0][0] == "Company"
    assert HOSTILE not in two


def test_every_line_has_both_labels():
    for row in reference("lines.csv"):
        assert (label(row["key"], "fr"), label(row["key"], "en")) == (row["fr"], row["en"])


def test_approximate_ratios_say_so_and_why():
    lines = {"vmp": 0.0, "disponibilites": 50.0, "emprunts_etab_credit": 90.0, "chiffre_affaires": 720.0}
    lines |= dict.fromkeys(OTHER_LOANS, 0.0)
    page = forms.ratio_table(ratios(pd.DataFrame([lines]), ["tn_jours", "marge_nette"]), "fr")
    assert "valeur approchée" in page
    assert "Les découverts ne sont pas connus" in page
