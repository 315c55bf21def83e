"""Tables of a credit file: every figure at its place, what is unknown says why, text of a file stays text."""

import re
from html import unescape

import numpy as np
import pandas as pd
import pytest

from cmtools import credit_file, display, external, follow_up, limits, rating, read_delegation, read_liasse, scoring
from cmtools import forms_credit as forms
from cmtools.language import HARD, THIN, label, message
from cmtools.schemas import InputError

HOSTILE = "<script>alert(1)</script>"
NAN = float("nan")


def plain(text):
    return unescape(re.sub(r"<style>.*?</style>", "", text, flags=re.S)).replace(THIN, " ").replace(HARD, " ")


def rows(page):
    """Texts of the cells, a list a row."""
    lines = re.findall(r"<tr[^>]*>(.*?)</tr>", page, flags=re.S)
    cells = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", line, flags=re.S) for line in lines]
    return [[plain(re.sub(r"<[^>]+>", " ", cell)).strip() for cell in line] for line in cells]


def line(page, start):
    return next(row for row in rows(page) if row and row[0].startswith(start))


def score_row(model, score, judged, **more):
    row = {"company_id": "1", "company_name": "Menuiserie", "year_end": pd.Timestamp("2025-12-31"), "model": model}
    row |= {"score": score, "class": judged, "probability": NAN, "illustrative": model != "conan_holder"}
    return row | {"reason": None, "missing": "", "notes": ""} | more


@pytest.fixture
def found():
    return pd.DataFrame(
        [
            score_row("altman_private", 2.07, "uncertain", notes="ebit_operating_only"),
            score_row("conan_holder", 14.72, "sound", probability=0.152),
            score_row("ohlson", -2.17, "failing", probability=0.102),
            score_row("zmijewski", NAN, None, reason="unbalanced"),
            score_row("altman_1968", NAN, None, reason="unknown_line", missing="capitalisation_boursiere"),
        ]
    )


# --- scores -------------------------------------------------------------------------------------------------------


def test_scores_stand_with_class_cut_offs_probability_and_reason(found):
    page = forms.score_table(found, "fr")
    assert rows(page)[0] == [
        "Modèle", "31/12/2025", "Classe", "Bornes", "Probabilité de défaillance", "Remarque",
    ]  # fmt: skip
    assert line(page, "Conan") == [
        "Conan et Holder (1979)", "14,72", "Sain", "défaillance sous 4,00, sain au-dessus de 9,00", "15,2 % *", "",
    ]  # fmt: skip
    private = line(page, "Altman Z'")
    assert private[0].endswith("illustratif")
    assert private[1:3] == ["2,07", "Incertain"]
    assert private[-1] == "valeur approchée, voir sous le tableau"
    # its probability is a formula, that of Conan and Holder a table that no source gives whole
    assert line(page, "Ohlson")[4:] == ["10,2 %", ""]
    assert line(page, "Ohlson")[3] == "défaillance au-dessus de P = 3,8 %"
    assert line(page, "Zmijewski")[1:] == [
        "–", "", "défaillance au-dessus de 0,00", "",
        "non calculable : l'actif et le passif ne s'équilibrent pas, aucun score n'est fiable",
    ]  # fmt: skip
    assert "Valeur boursière des capitaux propres" in line(page, "Altman Z (1968")[-1]
    assert "non confirmée" in plain(page)
    assert "pris égal au résultat d'exploitation" in plain(page)  # the note
    assert "ne mesure pas" in plain(page)


def test_the_year_before_stands_beside(found):
    before = found.assign(year_end=pd.Timestamp("2024-12-31"), score=[1.0, NAN, 3.0, NAN, NAN])
    page = forms.score_table(pd.concat([found, before]), "en")
    assert rows(page)[0][1:3] == ["31/12/2024", "31/12/2025"]
    assert line(page, "Altman Z'")[1:3] == ["1.00", "2.07"]
    assert line(page, "Conan")[1:3] == ["–", "14.72"]


def test_nothing_but_blanks_and_several_companies(found):
    nothing = found.assign(score=NAN, probability=NAN, reason="no_year_before", **{"class": None})
    assert plain(forms.score_table(nothing, "fr")).count("il faut deux exercices de suite") == len(found)
    assert "*" not in plain(forms.score_table(nothing, "fr"))
    assert forms.score_table(pd.DataFrame(), "fr")
    with pytest.raises(InputError, match="1, 2"):
        forms.score_table(pd.concat([found, found.assign(company_id="2")]))


@pytest.mark.parametrize(("reason", "missing", "fr", "en"), [
    ("no_parameter", "price_index dollars_per_unit",
     "non calculable : à fournir : Indice des prix (base 100 en 1968), Dollars pour une unité de monnaie",
     "not computable: to be given: Price index (base 100 in 1968), Dollars per unit of currency"),
    ("nil_denominator", "chiffre_affaires", "non calculable : Chiffre d'affaires net (FL) nul",
     "not computable: NET SALES (FL) nil"),
    ("unknown_line", "salaires charges_sociales impots_taxes clients vmp capital",
     "non calculable : inconnu : Salaires et traitements (FY), Charges sociales (FZ), Impôts, taxes et versements "
     "assimilés (FX), Clients et comptes rattachés (BX) et 2 autres",
     "not computable: unknown: Wages and salaries (FY), Social charges (FZ), Taxes other than on income (FX), "
     "Trade receivables (BX) and 2 more"),
    (None, "", "", ""),
])  # fmt: skip
def test_reasons_in_words(reason, missing, fr, en):
    row = {"reason": reason, "missing": missing}
    assert plain(forms.score_reason(row, "fr")).split(" : ")[0] == fr.split(" : ")[0]
    if reason == "unknown_line":  # labels of the lines are those of their table
        names = [label(key, "fr") for key in missing.split()[:4]]
        assert [name in forms.score_reason(row, "fr") for name in names] == [True] * 4
        assert forms.score_reason(row, "fr").endswith("et 2 autres")
        assert forms.score_reason(row, "en").endswith("and 2 more")
    else:
        assert (plain(forms.score_reason(row, "fr")), plain(forms.score_reason(row, "en"))) == (fr, en)


def test_every_reason_and_note_of_the_models_has_its_words():
    from cmtools.formulas import reference

    for tongue in ("fr", "en"):
        for reason in ("unbalanced", "unknown_line", "no_parameter", "no_year_before", "nil_denominator",
                       "negative_denominator"):  # fmt: skip
            assert "_" not in forms.score_reason({"reason": reason, "missing": "ebe"}, tongue)
        for model in scoring.all_models().values():
            assert "_" not in forms.cuts_in_words(model, tongue)
        keys = {row["note"] for row in reference("score_inputs.csv") if row["note"]} | {"annualised"}
        said = forms.notes(" ".join(keys), tongue)
        assert said.count("<li>") == len(keys)
        assert not re.search(r"<li>[a-z_]+</li>", said)


def test_a_disagreement_says_who_what_and_why():
    row = {"company_id": "1", "sound": 1, "uncertain": 0, "failing": 1, "not_computable": 2, "verdict": "opposed",
           "sound_models": "springate", "failing_models": "taffler"}  # fmt: skip
    parts = pd.DataFrame(
        [
            {"model": "springate", "input": "wc_ta", "value": 0.4, "contribution": 0.412},
            {"model": "springate", "input": "sales_ta", "value": 2.0, "contribution": 0.8},
            {"model": "taffler", "input": "ca_tl", "value": 0.5, "contribution": 1.25},
            {"model": "taffler", "input": "cl_ta", "value": 0.7, "contribution": -7.476},
        ]
    )
    text = plain(forms.disagreement(row, parts, "fr"))
    assert "Disent « sain » : Springate S (1978). Disent « défaillance probable » : Taffler z (1983)." in text
    assert "Seuls les premiers pèsent « Fonds de roulement / actif »" in text
    assert "Seuls les seconds pèsent « Actif à court terme / dettes et provisions »" in text
    assert "Résultat avant impôt / dettes à court terme" not in text  # both look at it
    assert "Springate S (1978) doit le plus à « Chiffre d'affaires / actif » (2,00, soit +0,80 dans le score)" in text
    assert "Taffler z (1983) doit le plus à « Dettes à court terme / actif » (70,0 %, soit -7,48" in text
    assert "est un renseignement" in text
    assert "2 modèles sans score." in text
    assert "information" in plain(forms.disagreement(pd.DataFrame([row]), None, "en"))


@pytest.mark.parametrize("verdict", ["all_sound", "all_uncertain", "all_failing", "close", "single", "no_score"])
def test_every_other_verdict_is_one_paragraph(verdict):
    row = {"sound": 2, "uncertain": 0, "failing": 0, "not_computable": 0, "verdict": verdict, "sound_models": "",
           "failing_models": ""}  # fmt: skip
    for tongue in ("fr", "en"):
        page = forms.disagreement(row, language=tongue)
        assert page.count("<p>") == 1
        assert "_" not in plain(page)


def test_verdicts_are_those_of_the_calculation():
    scores = pd.DataFrame({"model": ["altman_other", "ohlson", "taffler"], "class": ["sound", "failing", None]})
    for part, word in ((scores, "contredisent"), (scores.head(1), "seul modèle"), (scores.tail(1), "sans score")):
        assert word in plain(forms.disagreement(scoring.disagreements(part), language="fr"))


def test_a_model_card_tells_where_the_model_comes_from_and_its_errors():
    page = forms.model_card("conan_holder", "fr")
    assert line(page, "Auteur")[1] == "Conan, Holder (1979)"
    assert line(page, "Formule")[1].startswith("24 × EBE / dettes + 22 × Capitaux permanents / actif + 16 ×")
    assert "- 87 × Frais financiers / chiffre d'affaires - 10 ×" in line(page, "Formule")[1]
    assert "190 PME" in line(page, "Entreprises")[1]
    assert "39 %" in line(page, "À savoir")[1]
    assert "Seuils de 9 et 16." in line(page, "Variantes")[1]
    assert "illustratif" not in page
    percent = forms.model_card("banque_de_france_1983", "en")
    assert line(percent, "Formula")[1].startswith("(-85.544 - 1.255 ×")
    assert line(percent, "Formula")[1].endswith("× 0.01")
    assert "percent" in line(percent, "Unit")[1]
    assert "illustrative" in percent
    assert "one source only" in line(percent, "Confirmation")[1]
    with pytest.raises(InputError, match="unheard"):
        forms.model_card("unheard of")
    for key in scoring.models():
        for tongue in ("fr", "en"):
            said = plain(forms.model_card(key, tongue))
            assert not re.search(r"[a-z]_[a-z]", said)


@pytest.mark.parametrize(("key", "value", "fr", "en"), [
    ("ebe_debts", 0.2125, "21,2 %", "21.2%"), ("cl_ca", 0.77, "0,77", "0.77"),
    ("no_credit_days", 12.29, "12,3 j", "12.3 d"), ("negative_equity", 0.0, "non", "no"),
    ("two_losses", 1.0, "oui", "yes"), ("ni_change", 1.0, "1,00", "1.00"), ("wc_ta", NAN, "–", "–"),
])  # fmt: skip
def test_inputs_with_their_units(key, value, fr, en):
    assert [plain(forms.input_text(key, value, tongue)) for tongue in ("fr", "en")] == [fr, en]


# --- grid ---------------------------------------------------------------------------------------------------------


def test_the_grid_shows_value_class_points_weight_and_what_is_unknown():
    known = {"autonomie_financiere": 0.45, "delay_with_open": 12.0, "insolvency_proceedings": "liquidation"}
    found = rating.rate(known, reasons={"tn_jours": "unknown_line"})
    page = forms.grid_table(found, "fr")
    weights = found.table.set_index("criterion")["weight"]
    share = weights["autonomie_financiere"] / (weights["autonomie_financiere"] + weights["delay_with_open"])
    assert line(page, "Autonomie financière")[1:4] == ["45 %", "de 30 % à moins de 50 %", "8"]
    assert float(line(page, "Autonomie financière")[5].replace(",", ".")) == pytest.approx(8 * share, abs=0.006)
    assert line(page, "Trésorerie nette")[1:4] == ["– (ligne inconnue)", "", "–"]
    assert line(page, "Direction")[1] == "– (non fourni)"
    assert "Liquidation judiciaire ouverte" in plain(page)
    sections = [row[0] for row in rows(page) if len(row) == 1]
    assert sections == ["Finances", "Comportement de paiement", "Critères qualitatifs", "Informations externes"]


def test_a_grid_of_which_nothing_is_known():
    page = forms.grid_table(rating.rate({}), "en")
    assert line(page, "Score")[3:] == ["–", "0%", "–"]
    assert "No rating" in plain(page)


# --- limits -------------------------------------------------------------------------------------------------------


@pytest.fixture
def table():
    accounts = pd.DataFrame({"capitaux_propres": [300_000.0], "chiffre_affaires": [1_200_000.0]})
    return limits.methods(accounts, "2026-06-30", need=limits.Need(20_000, 45), seller_sales=7_500_000)


def test_methods_show_what_went_in_or_why_there_is_no_amount(table):
    proposal = limits.proposal(table, "2026-06-30", 25_000, owner=HOSTILE)
    page = forms.limit_table(table, proposal, "fr")
    need = line(page, "Besoin")
    assert need[1] == "30 000"  # 20 000 x 45 / 30
    assert "Achats mensuels prévus : 20 000,00" in need[3]
    worth = line(page, "Part des capitaux propres (LIM-NW)")
    assert worth[1] == "30 000"
    assert worth[5] == "valeur publiée"
    assert "sans objet" in worth[0]
    tangible = line(page, "Part des capitaux propres tangibles")
    assert tangible[1] == "n.c."
    assert "Non calculable" in tangible[4]
    assert line(page, "La plus prudente")[1] == "30 000"
    assert line(page, "Proposition")[1] == "25 000"
    assert "bornée par la demande" in plain(page)
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    # the mean of need and caps: (30 000 + 30 000 + 60 000) / 3, our own ceiling apart
    assert line(page, "Moyenne")[1] == "40 000"


def test_methods_without_any_amount():
    table = limits.methods(None, "2026-06-30")
    page = forms.limit_table(table, limits.proposal(table, "2026-06-30"), "en")
    assert line(page, "Proposal")[1] == "n/c"
    assert "No limit is proposed." in plain(page)


# --- exposure -----------------------------------------------------------------------------------------------------


def exposed(**more):
    parts = {"customer_id": "1", "customer_name": HOSTILE, "open_invoices": 40_000.0, "order_backlog": 15_000.0,
             "advances": 4_000.0, "credit_limit": 45_000.0, "insurer_limit": 0.0}  # fmt: skip
    return parts | more


def test_one_exposure_is_an_account_of_its_parts():
    page = forms.exposure_table(follow_up.exposure(pd.DataFrame([exposed()]), "2026-06-30"), "fr")
    assert line(page, "+ Factures ouvertes")[1] == "40 000,00"
    assert line(page, "+ Effets")[1] == "non fourni"
    assert line(page, "− Acomptes")[1] == "4 000,00"
    assert line(page, "Encours à risque")[1] == "51 000,00"
    assert line(page, "Disponible")[1] == "-6 000,00"
    assert line(page, "Limite de l'assureur")[1] == "0,00"  # a refusal, not a dash
    assert line(page, "Au-delà de la limite de l'assureur")[1] == "51 000,00"
    assert line(page, "État")[1] == "dépassée · 113 %"
    assert "est un minimum" in plain(page)
    assert HOSTILE not in page


def test_several_exposures_are_a_list():
    both = pd.DataFrame([exposed(), exposed(customer_id="2", credit_limit=NAN, insurer_limit=NAN, customer_name="B")])
    page = forms.exposure_table(follow_up.exposure(both, "2026-06-30"), "en")
    assert rows(page)[0][0] == "Customer"
    assert line(page, "B")[2:4] == ["", ""]
    assert line(page, "B")[-1] == "no limit set"
    assert HOSTILE not in page
    assert forms.exposure_table(pd.DataFrame(), "fr")


def test_an_exposure_of_which_nothing_is_known():
    blank = exposed(open_invoices=NAN, order_backlog=NAN, advances=NAN, credit_limit=NAN, insurer_limit=NAN)
    page = forms.exposure_table(follow_up.exposure(pd.DataFrame([blank]), "2026-06-30"), "en")
    assert {row[1] for row in rows(page)} <= {"not provided", "no limit set"}


def test_what_open_invoices_hold_already_does_not_read_as_a_part_to_add():
    held = {"overdue": 9_000.0, "overdue_undisputed": 7_000.0, "disputed": 2_000.0, "retention": 500.0}
    found = follow_up.exposure(pd.DataFrame([exposed()]), "2026-06-30").assign(**held)
    page = forms.exposure_table(found, "fr")
    for name, amount in (("Échu", "9 000,00"), ("Échu non contesté", "7 000,00"), ("Litiges", "2 000,00"),
                         ("Retenues de garantie", "500,00")):  # fmt: skip
        assert line(page, f"{name} (dans les factures ouvertes)")[1] == amount
    assert "dont" not in plain(page)
    assert line(forms.exposure_table(found, "en"), "Disputes (within open invoices)")[1] == "2,000.00"


def test_small_cells_follow_the_font_of_their_table():
    page = forms.exposure_table(follow_up.exposure(pd.DataFrame([exposed()]), "2026-06-30"))
    sizes = re.findall(r"table\.cm\.cm td\.(small|c)\{[^}]*font-size:([.\d]+)(\w+)", page)
    assert {name for name, *_ in sizes} == {"small", "c"}
    assert all(unit == "em" and float(size) < 1 for _, size, unit in sizes)  # pixels would exceed the 9 px of print


# --- lines, external information ----------------------------------------------------------------------------------


def test_lines_of_many_kinds_become_text():
    found = pd.DataFrame(
        [
            ("terms", HOSTILE, "text", "ledger", "given"),
            ("founded", pd.Timestamp("1998-06-06"), "date", "external", "given"),
            ("management", "good", "choice", "external", "given"),
            ("siren", None, "text", None, "not_provided"),
        ],
        columns=["line", "value", "unit", "origin", "status"],
    )
    told = forms.worded_lines(found, "fr")
    assert told["text"].tolist() == [HOSTILE, "06/06/1998", label("good", "fr"), "non fourni"]
    assert told["origin"].tolist() == ["ledger", "external", "external", None]
    shown = display.table(told, "fr")
    assert HOSTILE not in shown
    assert "&lt;script&gt;" in shown


def test_behaviour_and_relationship_show_the_year_before_and_why_a_value_lacks():
    lines = pd.DataFrame(
        [
            ("delay_paid", 30.5, "days", 39.2, -8.7, None), ("amount_paid", 51_923.4, "money", NAN, NAN, None),
            ("late_payment_rate", NAN, "rate", NAN, NAN, "no_cash_payments"), ("n_paid", 7.0, "count", 8.0, -1.0, None),
        ],
        columns=["line", "value", "unit", "before", "change", "reason"],
    )  # fmt: skip
    empty = pd.DataFrame()
    told = forms.behaviour(credit_file.Behaviour(lines, empty, empty, empty, empty, "USD"), "fr")
    assert [plain(text) for text in told["text"]] == ["30,5 j", "51 923 USD", "–", "7"]
    assert [plain(text) for text in told["before"]] == ["39,2 j", "", "", "8"]
    assert told["remark"].tolist() == ["", "", "aucun encaissement", ""]
    assert forms.behaviour(None).empty
    assert forms.relationship(None).empty
    related = credit_file.Relationship(lines.drop(columns="change"), pd.DataFrame({"currency": ["GBP"]}))
    assert plain(forms.relationship(related, "en")["text"].iloc[1]) == "51,923 GBP"


def test_external_facts_stand_with_their_date_or_say_why_they_do_not_count():
    given = external.external_table(
        [
            {"customer_id": "1", "kind": "insurer_opinion", "date": "2026-01-15", "value": "accepted",
             "amount": 30_000.0, "until": "2026-12-31", "source": HOSTILE},
            {"customer_id": "1", "kind": "privilege", "amount": 7_500.0},
            {"customer_id": "1", "kind": "guarantee", "date": "2024-01-01", "until": "2025-01-01", "value": "caution",
             "amount": 5_000.0},
        ]
    )  # fmt: skip
    page = forms.external_table(external.shown(given, "1", "2026-06-30"), "fr")
    assert line(page, "Avis de l'assureur")[1:5] == ["accordé", "30 000,00", "15/01/2026", "31/12/2026"]
    assert line(page, "Privilège")[1:] == ["", "7 500,00", "non daté", "", "Non utilisé, non daté."]
    assert line(page, "Garantie")[-1] == "Non utilisé, périmé."
    assert line(page, "Procédure")[1] == "non fourni"
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


# --- accounts -----------------------------------------------------------------------------------------------------


def board_row(figure, year, value, **more):
    row = {"board": "profitability", "figure": figure, "year_end": pd.Timestamp(f"{year}-12-31"), "value": value}
    row |= {"unit": "money", "reading": None, "change": NAN, "change_rate": NAN, "break_of_series": False}
    return row | {"reason": None, "missing": "", "notes": "", "months": NAN} | more


def test_the_triptych_shows_three_years_the_change_and_its_reading():
    found = pd.DataFrame(
        [
            board_row("ebe", 2024, 100_000.0),
            board_row("ebe", 2025, 115_000.0, change=15_000.0, change_rate=0.15, break_of_series=True),
            board_row("tn", 2025, -681_000.0, change=-688_000.0, change_rate=-104.6),  # of a treasury of 7 000
            board_row("marge_ebe", 2024, 0.05, unit="rate"),
            board_row("marge_ebe", 2025, 0.04, unit="rate", change=-0.01, reading="average"),
            board_row("resultat_net", 2024, -5_000.0),
            board_row("resultat_net", 2025, NAN, reason="unknown_line", missing="resultat_net", months=15.0),
        ]
    )
    page = forms.triptych_table(found, "fr")
    assert rows(page)[0] == [
        "Montants en EUR", "31/12/2024", "31/12/2025 (15 mois)", "Dernière variation", "Lecture", "Remarque",
    ]  # fmt: skip
    assert rows(page)[1] == ["Rentabilité"]
    assert line(page, "Excédent brut")[1:4] == ["100 000", "115 000", "+15,0 % *"]
    assert line(page, "Trésorerie nette")[1:4] == ["–", "-681 000", "-688 000"]
    assert line(page, "Marge d'EBE")[1:5] == ["5,0 %", "4,0 %", "-1,0 pt", "moyen"]
    assert line(page, "BÉNÉFICE")[1:4] == ["-5 000", "–", ""]
    assert "non calculable" in line(page, "BÉNÉFICE")[-1]
    assert "Rupture de série" in plain(page)
    nothing = forms.triptych_table(found.assign(value=NAN, change=NAN, change_rate=NAN), "en")
    assert set(line(nothing, "EBE (gross")[1:4]) == {"–", ""}
    assert "No annual accounts" in forms.triptych_table(found.head(0), "en")


def test_quality_counts_the_controls_and_names_what_was_left_out():
    years = pd.DataFrame(
        {"year_end": pd.to_datetime(["2023-12-31", "2024-12-31"]), "months": [12.0, NAN], "form": ["2050", "2033"],
         "filing": [None, None], "chart": ["until_2024", "from_2025"], "confirmation": [None, None],
         "complete": [True, False], "ok": [37, 30], "failed": [0, 2], "not_checkable": [1, 6],
         "follows": [None, True], "chart_changed": [False, True], "source": [HOSTILE, HOSTILE]}
    )  # fmt: skip
    left = pd.DataFrame({"company_id": ["1"], "year_end": [pd.Timestamp("2026-12-31")], "reason": ["later"]})
    page = forms.quality_table(credit_file.Quality(years, left, 20.0, True), "fr")
    assert line(page, "31/12/2023")[1:] == ["12", "2050", "jusqu'en 2024", "oui", "", "37", "0", "1"]
    assert line(page, "31/12/2024")[1:] == ["–", "2033", "à partir de 2025 (ANC 2022-06)", "non", "oui", "30", "2", "6"]
    text = plain(page)
    assert "clos depuis 20 mois" in text
    assert "Plus de 18 mois" in text
    assert "Comptes écartés : 31/12/2026 (postérieur à la date du dossier)." in text
    assert HOSTILE not in page
    nothing = credit_file.Quality(
        years.head(0), left.assign(year_end=pd.NaT, reason="undated"), NAN, False, "no_accounts"
    )
    assert "Accounts left out: undated (undated)." in plain(forms.quality_table(nothing, "en"))


def test_lines_of_the_accounts_for_the_workbook():
    years = pd.DataFrame(
        {"company_id": "1", "year_end": pd.to_datetime(["2025-12-31", "2024-12-31"]), "clients": [318.0, NAN],
         "clients_amort": [12.0, 10.0], "terrains": [NAN, NAN]}
    )  # fmt: skip
    found = forms.lines_table(years, "fr")
    assert found.columns.tolist() == ["form_line", "31/12/2024", "31/12/2025"]
    assert found["31/12/2025"].tolist() == [318, 12]
    assert np.isnan(found["31/12/2024"].iloc[0])
    assert found["form_line"].tolist() == [
        "Clients et comptes rattachés (BX)",
        "Clients et comptes rattachés, amortissements et dépréciations (BY)",
    ]
    assert forms.lines_table(years.head(0)).empty


# --- findings, delegation, overruns -------------------------------------------------------------------------------


def test_findings_stand_on_three_lists_with_what_could_not_be_judged():
    figures = pd.DataFrame(
        [credit_file.Figure("resultat_net", -5_000.0, "money", origin="accounts"),
         credit_file.Figure("autonomie_financiere", 0.45, "rate", origin="accounts"),
         credit_file.Figure("insolvency_proceedings", None, "choice", "not_provided", origin="external"),
         credit_file.Figure("privilege", None, "money", "undated", origin="external")]
    )  # fmt: skip

    class File:
        pass

    file = File()
    file.figures = figures
    signal = {"customer_id": "1", "signal": "old_dispute", "measured": 120.0, "unit": "days", "threshold": 90.0,
              "detail": HOSTILE, "second_measured": None, "second_unit": None, "second_threshold": None,
              "currency": "EUR"}  # fmt: skip
    file.findings = credit_file.findings(figures, pd.DataFrame([signal]))
    page = forms.findings(file, "fr")
    alerts, weak, strong = re.findall(r"<ul>(.*?)</ul>", page, flags=re.S)
    assert "litige ouvert depuis 120" in plain(alerts)
    assert "dernier exercice en perte : -5 000 EUR" in plain(weak)
    assert "capitaux propres à 45,0 % du bilan (seuil : 30,0 %)" in plain(strong)
    assert "Procédure collective (non fourni)" in plain(page)
    assert "(non daté)" in plain(page)
    assert HOSTILE not in page
    file.findings = file.findings.head(0)
    assert plain(forms.findings(file, "en")).count("Nothing found.") == 3


def test_delegation_and_overruns():
    page = forms.delegation_table(language="fr")
    assert line(page, "Analyste crédit") == ["Analyste crédit", "20 000", "15 000", "5 000", "–", "–"]
    own = read_delegation().assign(role=HOSTILE)
    assert HOSTILE not in forms.delegation_table(own, "fr")
    assert len(rows(forms.overrun_table(language="en"))) == 1 + len(follow_up.overrun_actions())
    causes = follow_up.overrun_causes({"excess": 5_000.0, "overdue_undisputed": 10_000.0, "disputed": 2_000.0}, "fr")
    page = forms.overrun_table(causes, "fr")
    assert line(page, "Le client paie en retard")[1] == "10 000,00"
    assert page.count('<tr class="b">') == 1  # 10 000 explains an excess of 5 000, 2 000 does not
    assert "Aucun dépassement" in forms.overrun_table(causes.head(0), "fr")


def test_every_reason_of_a_credit_file_has_its_words():
    accounts = read_liasse("data/liasses_clients.csv")
    found = credit_file.credit_file("000153", "2026-06-30", statements=accounts)
    reasons = set(found.figures["reason"].dropna()) | set(credit_file.rate(found).table["reason"].dropna())
    for tongue in ("fr", "en"):
        assert [reason for reason in reasons if "_" in forms.reason_text(reason, tongue)] == []
    assert forms.reason_text(None) == ""


def test_lists_of_keys_are_in_words_in_the_workbook():
    scores = pd.DataFrame({"missing": ["price_index dollars_per_unit", ""], "notes": ["annualised", None]})
    found = forms.keys_in_words(scores, "en")
    assert found["missing"].tolist() == ["Price index (base 100 in 1968), Dollars per unit of currency", ""]
    assert found["notes"].tolist() == [message("note_annualised", "en"), ""]
    facts = pd.DataFrame({"kind": ["management", "legal_notice"], "value": ["good", "good"]})
    told = forms.keys_in_words(facts, "fr")["value"].tolist()
    assert told == ["bon", "good"]  # the text of a notice stays as written
    control = forms.keys_in_words(pd.DataFrame({"control": ["balance"]}), "fr")["control"].item()
    assert control.startswith("Total de l'actif")


def test_veto_rules_are_in_words_in_the_workbook():
    rated = rating.rate({"insolvency_proceedings": "liquidation"})
    assert not forms.keys_in_words(rated.vetoes, "fr")["reason"].str.contains("_").any()
