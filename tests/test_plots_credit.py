"""Figures of a credit file show the numbers of their table, and say in words what they cannot draw."""

import json

import numpy as np
import pandas as pd
import plotly.io
import pytest

from cmtools import grids, limits, rating
from cmtools import plots_credit as plots
from cmtools.language import HARD, THIN
from cmtools.schemas import InputError
from cmtools.scoring import all_models, models

plotly.io.renderers.default = "json"  # no browser
HOSTILE = "<img src=x onerror=alert(1)>"
NAN = float("nan")


def written(figure):
    """All that a figure writes, as one text."""
    return json.dumps(json.loads(figure.to_json()), ensure_ascii=False).replace(THIN, " ").replace(HARD, " ")


def said(figure):
    notes = " ".join(note.text for note in figure.layout.annotations)
    return notes.replace("<br>", " ").replace(THIN, " ").replace(HARD, " ")


def score_row(model, score, judged, **more):
    row = {"company_id": "1", "company_name": "Menuiserie", "year_end": pd.Timestamp("2025-12-31"), "model": model}
    row |= {"score": score, "class": judged, "fail_cut": NAN, "sound_cut": NAN, "direction": "", "probability": NAN}
    row |= {"illustrative": model != "conan_holder", "reason": None, "missing": "", "notes": ""}
    return row | more


@pytest.fixture
def found():
    return pd.DataFrame(
        [
            score_row("altman_private", 2.07, "uncertain"),
            score_row("conan_holder", 14.72, "sound", probability=0.15),
            score_row("ohlson", -2.17, "failing", probability=0.102),
            score_row("zmijewski", -0.884, "sound", probability=0.188),
            score_row("altman_1968", NAN, None, reason="unknown_line", missing="capitalisation_boursiere"),
        ]
    )


# --- scores -------------------------------------------------------------------------------------------------------


def test_scores_stand_in_the_zone_of_their_class_danger_to_the_left(found):
    figure = plots.scores(found, "fr")
    names = [text.replace("<b>", "").split("<")[0] for text in figure.layout.yaxis.ticktext]
    assert names[0] == "Altman Z' (1983, industrie non cotée)"
    assert names[2:] == ["Ohlson O (1980) ↓", "Zmijewski X (1984) ↓"]  # a lower score is safer: turned round
    places = figure.data[-1].x
    assert places[0] == pytest.approx(1 + (2.07 - 1.23) / (2.90 - 1.23))  # between the cut-offs of Z', 1.23 and 2.90
    assert places[1] > 2  # sound: right of 9
    assert places[2] < 1.5  # P = 10.2 % is beyond 3.8 %
    assert places[3] > 1.5
    assert [text.replace(HARD, " ").split("</b>")[0] for text in figure.data[0].text] == [
        "<b>2,07",
        "<b>14,72",
        "<b>-2,17",
        "<b>-0,88",
    ]
    assert "(P = 10,2 %)<br>Défaillance probable" in figure.data[0].text[2].replace(HARD, " ")
    assert list(figure.layout.xaxis.ticktext) == ["Défaillance probable", "Incertain", "Sain"]
    # what is said beside the scales has a margin of its own, wide enough for the longest class (6.3 px a letter)
    assert figure.layout.margin.r > 6.3 * len("Défaillance probable")
    assert max(figure.data[0].x) < figure.layout.xaxis.range[1]
    assert figure.data[0].cliponaxis is False
    assert all(text.count("<br>") == 1 for text in figure.data[0].text)


def test_models_without_score_are_named_with_their_reason(found):
    text = said(plots.scores(found, "fr"))
    assert "Altman Z (1968, sociétés cotées) : non calculable : inconnu : Valeur boursière" in text
    assert "Altman Z (1968, listed companies): not computable: unknown: Market value" in said(plots.scores(found, "en"))
    # two models with one reason stand together
    both = pd.concat([found, pd.DataFrame([score_row("taffler", NAN, None, reason="no_year_before")])])
    both = pd.concat([both, pd.DataFrame([score_row("springate", NAN, None, reason="no_year_before")])])
    assert "Springate S (1978), Taffler z (1983): not computable: two years in a row" in said(plots.scores(both, "en"))


def test_illustrative_models_say_so_and_the_french_one_is_bold(found):
    ticks = plots.scores(found, "fr").layout.yaxis.ticktext
    assert ["illustratif" in text for text in ticks] == [True, False, True, True]
    assert ticks[1] == "<b>Conan et Holder (1979)</b>"


def test_the_year_before_is_a_hollow_mark(found):
    before = found.assign(year_end=pd.Timestamp("2024-12-31"), score=[2.90, 4.0, NAN, 0.0, NAN])
    figure = plots.scores(pd.concat([found, before]), "en")
    assert [trace.marker.symbol for trace in figure.data[1:]] == ["circle-open", "diamond"]
    assert list(figure.data[1].x) == [2.0, 1.0, None, 1.5]  # on the cut-offs themselves
    assert "hollow circle: 31/12/2024" in written(figure)


def test_every_score_stays_on_the_figure_in_the_zone_of_its_class():
    for model in models().values():
        failing, sound = plots._ends(model)
        for score in (-1e9, -50.0, -3.0, -0.26, 0.0, 0.13, 0.9, 2.0, 3.0, 8.0, 50.0, 1e9):
            place = plots._score_place(score, model)
            assert 0 <= place <= 3
            judged = model.class_of(score)
            if judged == "failing":
                assert place <= failing
            elif judged == "sound":
                assert place >= sound
            else:
                assert failing <= place <= sound
    assert plots._score_place(NAN, models()["taffler"]) is None


def test_no_score_at_all_is_said(found):
    nothing = found.assign(score=NAN, reason="unbalanced", missing="", **{"class": None})
    figure = plots.scores(nothing, "fr")
    assert len(figure.data) == 0
    assert "Aucun score ne peut être calculé." in said(figure)
    assert "ne s'équilibrent pas" in said(figure)
    assert said(plots.scores_over_years(nothing, "en")) == "No score can be computed."
    for plot in (plots.scores, plots.scores_over_years):
        assert said(plot(pd.DataFrame(), "fr")) == "Aucun modèle dans cette table."


def test_several_companies_are_refused(found):
    both = pd.concat([found, found.assign(company_id="2")])
    for plot in (plots.scores, plots.scores_over_years):
        with pytest.raises(InputError, match="1, 2"):
            plot(both)
    with pytest.raises(InputError):
        plots.scores(pd.concat([found, found]))


def test_classes_over_the_years(found):
    before = found.assign(
        year_end=pd.Timestamp("2024-12-31"), score=[3.1, 3.0, -4.0, NAN, NAN],
        **{"class": ["sound", "failing", "sound", None, None]},
    )  # fmt: skip
    figure = plots.scores_over_years(pd.concat([found, before]), "en")
    heat = figure.data[0]
    assert list(figure.layout.xaxis.ticktext) == ["31/12/2024", "31/12/2025"]
    # altman_1968, altman_private, conan_holder, ohlson, zmijewski: 0 none, 1 failing, 2 uncertain, 3 sound
    assert [list(line) for line in heat.z] == [[0, 0], [3, 2], [1, 3], [3, 1], [0, 3]]
    assert [list(line) for line in heat.text] == [
        ["n.c.", "n.c."], ["3.10", "2.07"], ["3.00", "14.72"], ["-4.00", "-2.17"], ["n.c.", "-0.88"],
    ]  # fmt: skip
    assert [trace.name for trace in figure.data[1:]] == ["Failure likely", "Uncertain", "Sound", "No score"]


@pytest.fixture
def parts():
    values = {"ebe_debts": 0.2125, "permanent_ta": 0.56, "quick_ta": 0.34, "interest_sales": 0.02, "staff_va": 0.65}
    weights = dict(zip(values, (24, 22, 16, -87, -10)))
    rows = [{"model": "conan_holder", "input": key, "value": value, "coefficient": weights[key],
             "contribution": value * weights[key]} for key, value in values.items()]  # fmt: skip
    return pd.DataFrame(rows).assign(company_id="1", company_name="Menuiserie", year_end=pd.Timestamp("2025-12-31"))


def test_contributions_lead_to_the_score(parts):
    bar = plots.contributions(parts, "fr").data[0]
    # 5.1 + 12.32 + 5.44 - 1.74 - 6.5 = 14.62
    assert list(bar.x) == pytest.approx([5.1, 12.32, 5.44, -1.74, -6.5, 14.62])
    assert list(bar.base) == pytest.approx([0, 5.1, 17.42, 22.86, 21.12, 0])
    assert [colour == plots.NOT_DUE for colour in bar.marker.color] == [True, True, True, False, False, False]
    figure = plots.contributions(parts, "fr")
    assert "EBE / dettes (21,2 %)" in written(figure).replace("<br>", " ")
    assert [shape.x0 for shape in figure.layout.shapes] == [4, 9]
    assert "Défaillance probable : 4,00" in said(figure)
    assert "Sain : 9,00" in said(figure)
    assert "+12,32" in said(figure)
    assert "14,62" in said(figure)


def test_a_constant_comes_first_and_lower_scores_are_safer():
    model = all_models()["zmijewski"]
    values = dict(zip(model.inputs, (0.042, 0.64, 1.7333)))
    rows = [{"model": "zmijewski", "input": term.input.key, "value": values[term.input.key],
             "coefficient": term.coefficient, "contribution": term.coefficient * values[term.input.key]}
            for term in model.terms]  # fmt: skip
    figure = plots.contributions(pd.DataFrame(rows), "en")
    bar = figure.data[0]
    # -4.336 - 4.513 x 0.042 + 5.679 x 0.64 + 0.004 x 1.7333
    assert list(bar.x) == pytest.approx([-4.336, -0.189546, 3.63456, 0.0069332, -0.8840528])
    assert list(bar.marker.color)[:4] == [plots.CREDIT, plots.NOT_DUE, plots.LATE[2], plots.LATE[2]]
    assert [shape.x0 for shape in figure.layout.shapes] == [0]


def test_a_cut_off_on_a_probability_is_drawn_on_the_score():
    model = models()["ohlson"]
    rows = [{"model": "ohlson", "input": key, "value": 0.1, "coefficient": 1.0, "contribution": 0.1}
            for key in model.inputs]  # fmt: skip
    figure = plots.contributions(pd.DataFrame(rows), "en")
    assert figure.layout.shapes[0].x0 == pytest.approx(-3.2314, abs=1e-4)  # ln(0.038 / 0.962)
    assert "Failure likely: P = 3.8%" in said(figure)


def test_unknown_inputs_are_named_and_nothing_is_drawn(parts):
    figure = plots.contributions(parts.assign(value=[0.2, NAN, 0.3, NAN, 0.6], contribution=[1, NAN, 1, NAN, 1]), "en")
    assert len(figure.data) == 0
    assert "unknown: Long-term funds / assets, Financial charges / sales." in said(figure)
    assert len(plots.contributions(parts.assign(value=NAN, contribution=NAN)).data) == 0
    with pytest.raises(InputError, match="conan_holder, taffler"):
        plots.contributions(pd.concat([parts, parts.assign(model="taffler")]))


# --- grid ---------------------------------------------------------------------------------------------------------

KNOWN = {
    "autonomie_financiere": 0.45, "tn_jours": 20.0, "capacite_remboursement": 2.0, "marge_ebe": 0.07,
    "liquidite_generale": 1.6, "conan_holder": 12.0, "delay_with_open": 12.0, "overdue_rate": 0.2,
    "oldest_overdue": 120.0, "returned_payments": 0, "management": "good", "insurer_opinion": "accepted",
}  # fmt: skip


def test_the_grid_draws_every_known_criterion_by_family_and_the_rating():
    found = rating.rate(KNOWN)
    figure = plots.grid(found, "fr")
    whole, mine = figure.data[:2]
    known = found.table[found.table["points"].notna()].set_index("criterion")
    assert len(mine.x) == len(KNOWN)
    assert sum(mine.x) == pytest.approx(found.score)
    first = known.loc["autonomie_financiere"]  # 8 points of 10
    assert (mine.x[0], whole.x[0]) == (pytest.approx(first["contribution"]), pytest.approx(first["contribution"] / 0.8))
    heads = [text for text in figure.layout.yaxis.ticktext if text.startswith("<b>")]
    assert heads == [
        "<b>Finances</b>", "<b>Comportement de paiement</b>", "<b>Critères qualitatifs</b>",
        "<b>Informations externes</b>",
    ]  # fmt: skip
    hollow, full = figure.data[-2:]
    assert (list(hollow.x), list(full.x)) == ([found.uncapped], [found.rating])
    assert found.rating == 3  # an item more than 90 days late caps it
    assert list(figure.data[-3].x) == [found.lowest, found.highest]
    greyed = [shape for shape in figure.layout.shapes if shape.fillcolor == plots.SOFT]
    assert len(greyed) == 7  # 4 to 10
    assert "Un impayé de plus de 90 jours" in said(figure)
    assert "45 % → 8 / 10" in said(figure)


def test_a_grid_of_which_nothing_is_known():
    figure = plots.grid(rating.rate({}), "en")
    assert list(figure.data[-1].x) == [None]
    assert not figure.layout.yaxis.visible
    assert "No rating: 0% of the weight" in said(figure)


def test_a_veto_in_the_words_of_a_user_is_never_markup(tmp_path):
    path = tmp_path / "grille.csv"
    path.write_text(
        "Critère;Poids;De;À moins de;Réponse;Points;Cotation au plus;Remarque\n"
        "overdue_rate;1;;10 %;;10;;\noverdue_rate;;10 %;;;0;;\n"
        f"overdue_rate;;50 %;;;;2;{HOSTILE}\n",
        encoding="utf-8",
    )
    figure = plots.grid(rating.rate({"overdue_rate": 0.9}, grids.read_grid(path)), "fr")
    assert "<img" not in written(figure)
    assert "&lt;img" in written(figure)


# --- limits -------------------------------------------------------------------------------------------------------


@pytest.fixture
def table():
    accounts = pd.DataFrame({"capitaux_propres": [300_000.0], "chiffre_affaires": [1_200_000.0]})
    insured = limits.Insured(25_000.0, 0.9, "2026-01-15")
    return limits.methods(accounts, "2026-06-30", need=limits.Need(20_000, 45), seller_sales=7_500_000, insured=insured)


def test_methods_are_bars_and_the_proposal_and_the_request_are_lines(table):
    proposal = limits.proposal(table, "2026-06-30", 45_000)
    figure = plots.limits(table, proposal, "fr")
    bars = {bar.name: list(bar.x) for bar in figure.data}
    # 20 000 x 45 / 30; 10 % of 300 000; 5 % of 1 200 000; 5 % of 7 500 000; agreed
    assert bars == {
        "besoin": [30_000 / 1e3], "plafond financier": [30, 60], "notre plafond": [375],
        "couverture de l'assureur": [25],
    }  # fmt: skip
    assert figure.layout.xaxis.title.text == "EUR, en milliers"
    assert sorted(shape.x0 for shape in figure.layout.shapes) == [30, 45]
    assert "Demande : 45 000 EUR" in said(figure)
    assert "Proposition : 30 000 EUR" in said(figure)
    assert figure.layout.xaxis.range[1] < 100  # our ceiling would flatten all the others: cut, and said
    assert "375 →" in said(figure)
    assert "sa barre est coupée" in said(figure)
    assert "Part du fonds de roulement (LIM-FR) : Non calculable, lignes inconnues" in said(figure)
    bold = [text for text in figure.layout.yaxis.ticktext if text.startswith("<b>")]
    assert bold == ["<b>Besoin</b>"]


def test_a_ceiling_near_the_others_is_drawn_whole(table):
    near = table.assign(amount=table["amount"].where(table["method"] != "lim_seller_sales", 70_000.0))
    figure = plots.limits(near, None, "en")
    assert figure.layout.xaxis.range[1] == pytest.approx(1.15 * 70_000)  # below 100 000: in units
    assert "→" not in said(figure)


def test_no_amount_at_all_is_said():
    figure = plots.limits(limits.methods(None, "2026-06-30"), None, "fr")
    assert len(figure.data) == 0
    assert "Aucune méthode ne donne de montant." in said(figure)
    assert "Agrément de l'assureur (LIM-INS) : Non calculable" in said(figure)


# --- exposure -----------------------------------------------------------------------------------------------------

EXPOSED = {
    "customer_name": "Menuiserie", "currency": "EUR", "open_invoices": 40_000.0, "bills": 5_000.0,
    "to_invoice": NAN, "order_backlog": 15_000.0, "advances": 4_000.0, "unallocated_receipts": 1_000.0,
    "exposure_amount": 55_000.0, "secured": 10_000.0, "credit_limit": 45_000.0, "insurer_limit": 30_000.0,
    "excess": 10_000.0, "insurer_excess": 25_000.0, "limit_state": "limit_over", "not_given": "to_invoice",
}  # fmt: skip


def test_parts_of_the_exposure_are_stacked_and_what_was_received_is_taken_off():
    figure = plots.exposure(EXPOSED, "fr")
    bars = [(bar.name, bar.y[0], bar.base[0], bar.x[0]) for bar in figure.data]
    assert bars == [
        ("Factures ouvertes", 0, 0, 40_000), ("Effets non échus", 0, 40_000, 5_000),
        ("Carnet de commandes", 0, 45_000, 15_000), ("Acomptes reçus", 1, 56_000, 4_000),
        ("Règlements non lettrés", 1, 55_000, 1_000), ("Encours à risque", 2, 0, 55_000),
        ("Dont garanti", 3, 0, 10_000), ("Limite de crédit", 4, 0, 45_000), ("Limite de l'assureur", 5, 0, 30_000),
    ]  # fmt: skip
    assert [shape.x0 for shape in figure.layout.shapes] == [45_000]
    assert "Limite dépassée de 10 000,00 EUR." in said(figure)
    assert "Au-delà de la limite de l'assureur de 25 000,00 EUR" in said(figure)
    assert "Non fourni : Livré à facturer. L'engagement est un minimum." in said(figure)
    assert "-5 000" in said(figure)


def test_an_expired_limit_and_an_exposure_that_is_unknown_are_said():
    expired = EXPOSED | {"limit_state": "limit_expired", "excess": 0.0, "insurer_excess": 0.0, "not_given": ""}
    assert "limite périmée" in said(plots.exposure(expired, "fr"))
    blank = {name: NAN for name in EXPOSED if name not in ("customer_name", "currency", "limit_state", "not_given")}
    nothing = plots.exposure(EXPOSED | blank, "en")
    assert len(nothing.data) == 0
    assert "open invoices are not given" in said(nothing)


# --- behaviour and accounts ---------------------------------------------------------------------------------------


@pytest.fixture
def history():
    dates = pd.to_datetime(["2026-06-30", "2026-04-30", "2026-05-31"])
    return pd.DataFrame(
        {"date": dates, "outstanding": [1200.0, 900.0, 0.0], "overdue": [300.0, 0.0, 0.0],
         "overdue_rate": [0.25, 0.0, NAN]}
    )  # fmt: skip


def test_history_is_in_order_with_a_gap_where_nothing_was_owed(history):
    figure = plots.payment_history(history, "fr", "USD", limit=1000.0)
    assert [list(trace.y) for trace in figure.data] == [[900, 0, 1200], [0, 0, 300], [0, None, 25]]
    assert figure.layout.yaxis.title.text == "USD"
    assert figure.layout.shapes[0].y0 == 1000
    assert "Limite de crédit : 1 000" in said(figure)
    nothing = plots.payment_history(history.assign(outstanding=NAN, overdue=NAN, overdue_rate=NAN), "en")
    assert len(nothing.data) == 0
    assert said(nothing) == "No outstanding known for this customer."


@pytest.fixture
def boards():
    ends = pd.to_datetime(["2022-12-31", "2023-12-31", "2024-12-31", "2025-12-31"])
    rows = []
    for board, names in plots.BOARDS.items():
        for rank, name in enumerate(names):
            rows += [{"board": board, "figure": name, "year_end": end, "value": 1000.0 * (rank + 1) * (place - 1)}
                     for place, end in enumerate(ends)]  # fmt: skip
    return pd.DataFrame([*rows, {"board": "treasury", "figure": "tn_jours", "year_end": ends[3], "value": 9e9}])


def test_the_triptych_has_three_panels_on_one_scale_and_three_years(boards):
    figure = plots.triptych(boards, "fr")
    assert len(figure.data) == sum(map(len, plots.BOARDS.values()))
    assert {bar.xaxis for bar in figure.data} == {"x", "x2", "x3"}
    assert list(figure.data[0].y) == [0, 1000, 2000]  # 2022 left out
    assert list(figure.data[-1].y) == [0, 3000, 6000]  # net treasury, third of its panel
    assert list(figure.layout.xaxis2.ticktext) == ["12/2023", "12/2024", "12/2025"]
    assert figure.layout.yaxis.range == figure.layout.yaxis2.range == figure.layout.yaxis3.range
    assert figure.layout.yaxis.range[1] < 10_000  # days are no amount
    assert "Trésorerie et liquidité" in said(figure)


def test_unknown_amounts_of_the_triptych_are_gaps(boards):
    blank = boards.assign(value=boards["value"].where(boards["figure"] != "ebe"))
    ebe = next(bar for bar in plots.triptych(blank, "en").data if bar.name == "EBE")
    assert list(ebe.y) == [None, None, None]
    assert list(ebe.text) == ["", "", ""]
    nothing = plots.triptych(boards.assign(value=NAN), "en")
    assert len(nothing.data) == 0
    assert said(nothing) == "No amount known for these years."
    assert len(plots.triptych(boards.head(0)).data) == 0


# --- all ----------------------------------------------------------------------------------------------------------


def test_text_of_a_file_is_never_markup(found, parts, table, history):
    named = {"company_name": HOSTILE, "company_id": HOSTILE}
    figures = [
        plots.scores(found.assign(**named)),
        plots.scores(found.assign(**named, score=NAN)),
        plots.scores_over_years(found.assign(**named)),
        plots.contributions(parts.assign(**named)),
        plots.exposure(EXPOSED | {"customer_name": HOSTILE, "currency": HOSTILE}),
        plots.limits(table.assign(currency=HOSTILE)),
        plots.payment_history(history, currency=HOSTILE),
    ]
    for figure in figures:
        assert "<img" not in written(figure)
        assert "&lt;img" in written(figure)


def test_tables_given_are_left_alone(found, parts, table, history, boards):
    given = [found, parts, table, history, boards]
    kept = [part.copy() for part in given]
    plots.scores(found)
    plots.scores_over_years(found)
    plots.contributions(parts)
    plots.limits(table)
    plots.payment_history(history)
    plots.triptych(boards)
    for part, copy in zip(given, kept):
        pd.testing.assert_frame_equal(part, copy)


def test_no_figure_writes_many_decimals(found, parts, table, history, boards):
    import re

    figures = [
        plots.scores(found, "en"), plots.contributions(parts, "en"), plots.limits(table, None, "en"),
        plots.exposure(EXPOSED | {"open_invoices": 1 / 3}, "en"), plots.grid(rating.rate(KNOWN), "en"),
        plots.triptych(boards.assign(value=np.pi), "en"),
    ]  # fmt: skip
    for figure in figures:
        texts = [note.text for note in figure.layout.annotations]
        texts += [str(text) for trace in figure.data if trace.text is not None for text in np.ravel(trace.text)]
        assert not [text for text in texts if re.search(r"\d[.,]\d{4,}", text.replace(",000", ""))]
