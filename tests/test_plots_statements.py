"""Figures of the accounts show the numbers of their table, and say what they cannot draw."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import plotly.io
import pytest

from cmtools import plots_statements as plots
from cmtools import statements
from cmtools.financial_ratios import catalogue, compare, ratios
from cmtools.language import HARD, THIN, label
from cmtools.live_workbook import worked_case
from cmtools.schemas import InputError

plotly.io.renderers.default = "json"  # no browser
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def case():
    return worked_case("fr")


@pytest.fixture(scope="module")
def balance(case):
    return statements.functional_balance(case, discounted_bills=False)


def written(figure):
    """All that a figure writes, as one text."""
    return json.dumps(json.loads(figure.to_json()), ensure_ascii=False).replace(THIN, " ").replace(HARD, " ")


def said(figure):
    return (
        " ".join(note.text for note in figure.layout.annotations)
        .replace("<br>", " ")
        .replace(THIN, " ")
        .replace(HARD, " ")
    )


# --- great masses -------------------------------------------------------------------------------------------------


def test_masses_are_two_blocks_of_the_same_height(balance):
    figure = plots.great_masses(balance.tail(1), "fr")
    sides = {side: {bar.name: bar.y[0] for bar in figure.data if bar.x[0] == side} for side in (0, 1)}
    assert list(sides[0].values()) == [56, 14, 537, 670]  # thousands, from the bottom
    assert list(sides[1].values()) == [55, 21, 272, 929]
    assert sum(sides[0].values()) == sum(sides[1].values()) == 1277
    assert figure.layout.yaxis.title.text == "EUR, en milliers"
    assert figure.layout.title.subtitle.text == "Société exemple · 31/12/2025"
    assert [text.replace(THIN, " ") for text in figure.layout.xaxis.ticktext] == [
        "<b>Emplois</b> 1 277",
        "<b>Ressources</b> 1 277",
    ]
    assert "FRNG <b>259</b> · BFR <b>258</b> · Trésorerie nette <b>1</b>" in said(figure)
    # a block too thin for its amount has it beside
    assert "hors exploitation <b>14</b>" in said(figure)
    assert [bar.text[0] for bar in figure.data][:4] == ["", "", "537", "670"]
    assert figure.layout.separators == f",{THIN}"


def test_names_beside_thin_blocks_do_not_overlap():
    places = plots._apart([1.0, 2.0, 3.0, 50.0], ["a", "a<br>b", "a", "a"], 100.0)
    gaps = [after - before for before, after in pairwise(places)]
    assert min(gaps) > 8
    assert 0 < places[0] < places[-1] < 100
    top = plots._apart([97.0, 98.0, 99.0, 99.5], ["a", "a<br>b", "a", "a"], 100.0)
    assert top == sorted(top)
    assert top[-1] < 100


def test_a_negative_mass_is_said_not_drawn(balance):
    figure = plots.great_masses(balance.iloc[1].to_dict() | {"ressources_stables": -112000.5}, "fr")
    assert len(figure.data) == 0
    assert "Ressources stables : -112 000,50 EUR" in said(figure)
    unknown = plots.great_masses(balance.iloc[1].to_dict() | {"pce": np.nan, "pche": None}, "en")
    assert len(unknown.data) == 0
    assert "Non-operating current liabilities, Operating current liabilities" in said(unknown)


def test_a_gap_is_said_beyond_rounding(balance):
    row = balance.iloc[1].to_dict()
    assert "Écart" not in said(plots.great_masses(row | {"ace": row["ace"] + 2}, "fr"))
    assert "Écart de 500,00 EUR entre emplois et ressources" in said(
        plots.great_masses(row | {"ace": row["ace"] + 500}, "fr")
    )


@pytest.mark.parametrize(("factor", "unit", "amount"), [
    (1e-3, "EUR", "670"), (1, "EUR, thousands", "670"), (1e3, "EUR, millions", "670"),
])  # fmt: skip
def test_the_unit_suits_the_amounts_and_is_said(balance, factor, unit, amount):
    masses = list(plots.STACKS[0] + plots.STACKS[1])
    row = balance.iloc[1].to_dict()
    figure = plots.great_masses(row | {name: row[name] * factor for name in masses}, "en")
    assert figure.layout.yaxis.title.text == unit
    assert figure.data[3].text[0] == amount


def test_text_of_a_file_is_never_markup(case, balance):
    named = {"company_name": HOSTILE, "currency": HOSTILE, "company_id": HOSTILE}
    figures = [
        plots.great_masses(balance.tail(1).assign(**named)),
        plots.great_masses(balance.tail(1).assign(**named, ace=-1.0)),
        plots.masses_over_years(balance.assign(**named)),
        plots.sig_waterfall(statements.sig(case.tail(1)).assign(**named)),
        plots.ratio_scale(ratios(case.assign(**named), ["autonomie_financiere"])),
    ]
    for figure in figures:
        assert "<img" not in written(figure)
        assert "&lt;img" in written(figure)


# --- over the years -----------------------------------------------------------------------------------------------


def test_masses_over_the_years_with_the_change_of_chart(balance):
    figure = plots.masses_over_years(balance, "1", "fr")
    assert [list(bar.y) for bar in figure.data] == [[260, 259], [209, 258], [51, 1]]
    assert [bar.name for bar in figure.data] == ["FRNG", "BFR", "Trésorerie nette"]
    assert [shape.x0 for shape in figure.layout.shapes] == [0.5]
    assert said(figure) == "nouveau plan comptable"
    same = plots.masses_over_years(balance.assign(chart="from_2025"), "1", "fr")
    assert len(same.layout.shapes) == 0
    unknown = plots.masses_over_years(balance.assign(chart=None), "1", "fr")
    assert len(unknown.layout.shapes) == 0


def test_an_unknown_year_is_a_gap(balance):
    years = balance.assign(frng=[np.nan, 259000.0], months=[15.0, 12.0])
    figure = plots.masses_over_years(years, language="en")
    assert list(figure.data[0].y) == [None, 259]
    assert list(figure.data[0].text) == ["", "259"]
    assert list(figure.layout.xaxis.ticktext) == ["31/12/2024<br>15 months", "31/12/2025"]
    nothing = plots.masses_over_years(balance.assign(frng=np.nan, bfr=np.nan, tn=np.nan))
    assert len(nothing.data) == 0
    assert said(nothing)


def test_years_are_in_order_and_of_one_company(balance):
    figure = plots.masses_over_years(balance.iloc[::-1], "1")
    assert list(figure.data[0].y) == [260, 259]
    both = pd.concat([balance, balance.assign(company_id="2", frng=1.0)])
    with pytest.raises(InputError, match="1, 2"):
        plots.masses_over_years(both)
    assert list(plots.masses_over_years(both, "1").data[0].y) == [260, 259]
    assert len(plots.masses_over_years(both, "unheard of").data) == 0


# --- SIG ----------------------------------------------------------------------------------------------------------


def test_the_cascade_ends_on_the_result(case):
    figure = plots.sig_waterfall(statements.sig(case.tail(1)), "fr")
    bar = figure.data[0]
    assert list(bar.x) == [215, 848, -530, 533, -416, 117, -50, 67, -10, 57, -13, 44]
    assert list(bar.base) == [0, 215, 1063, 0, 533, 0, 117, 0, 67, 0, 57, 0]
    assert figure.layout.yaxis.ticktext[-1] == "<b>Résultat net</b>"
    assert figure.layout.xaxis.title.text == "EUR, en milliers"
    assert [text.strip(HARD) for text in figure.data[1].text][:4] == ["+215", "+848", "-530", "533"]


def test_a_loss_is_red_and_a_deficit_has_its_name(case):
    figure = plots.sig_waterfall(statements.sig(case.tail(1).assign(salaires=600000.0)), "fr")
    bar = figure.data[0]
    place = list(figure.layout.yaxis.ticktext).index("<b>Insuffisance brute d'exploitation</b>")
    assert (bar.x[place], bar.base[place]) == (-195, 0)
    assert bar.marker.color[place] == plots.LOST
    assert figure.layout.xaxis.range[0] < -245


def test_a_balance_that_is_unknown_is_left_out(case):
    figure = plots.sig_waterfall(statements.sig(case.tail(1).assign(salaires=np.nan)), "en")
    assert "<b>EBE (gross operating surplus)</b>" not in figure.layout.yaxis.ticktext
    assert "From “Value added” to “Operating result”" in figure.layout.yaxis.ticktext
    nothing = plots.sig_waterfall({"ebe": None}, "en")
    assert len(nothing.data) == 0
    assert "unknown" in said(nothing)


# --- ratios -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "value", "place"), [
    ("autonomie_financiere", 0.20, 1.0), ("autonomie_financiere", 0.25, 1.5), ("autonomie_financiere", 0.30, 2.0),
    ("capacite_remboursement", 4.0, 1.0), ("capacite_remboursement", 3.5, 1.5), ("capacite_remboursement", 3.0, 2.0),
    ("equilibre_financier", 1.0, 1.5), ("tn_jours", 0.0, 1.5), ("marge_ebe", 0.0, 1.0),
])  # fmt: skip
def test_thresholds_stand_where_their_zones_meet(key, value, place):
    assert plots._on_scale(value, catalogue()[key]) == pytest.approx(place)


def test_marks_stay_in_the_zone_of_their_reading():
    from cmtools.financial_ratios import reading

    for key, ratio in catalogue().items():
        if ratio.alert != ratio.alert:
            continue
        weak, good = plots._bounds(ratio)
        for value in (-1e9, -5.0, -0.3, 0.0, 0.01, 0.25, 0.6, 1.2, 3.5, 4.5, 80.0, 1e9):
            place = plots._on_scale(value, ratio)
            assert 0 <= place <= 3
            name = reading(key, value)
            if name == "weak":
                assert place < weak
            elif name == "good":
                assert place >= good - 1e-12
            elif name == "average":
                assert weak <= place <= good


def test_ratios_without_a_threshold_are_not_drawn_and_those_without_a_value_have_no_mark(case):
    found = ratios(
        case.tail(1).assign(interets_charges=0.0), ["marge_nette", "couverture_interets", "autonomie_financiere"]
    )
    figure = plots.ratio_scale(found, "fr")
    assert list(figure.layout.yaxis.ticktext) == ["Couverture des intérêts par l'EBE", "Autonomie financière"]
    assert len(figure.data) == 2  # values in words, marks of the year
    assert list(figure.data[0].text) == ["n.c.", f"<b>36,9{HARD}%</b>"]
    assert figure.data[1].x[0] is None
    assert said(figure).count("20 %") == 1
    assert len(plots.ratio_scale(found.query("ratio == 'marge_nette'"), "fr").data) == 0


def test_the_year_before_is_a_hollow_mark_and_unconfirmed_thresholds_say_so(case):
    figure = plots.ratio_scale(ratios(case, ["autonomie_financiere", "charges_financieres_ca"]), "en")
    assert [trace.marker.symbol for trace in figure.data[1:]] == ["circle-open", "diamond"]
    # 317 / 860 and 341 / 925 of autonomy, both in the good zone
    assert all(place > 2 for place in (figure.data[1].x[0], figure.data[2].x[0]))
    assert figure.layout.yaxis.ticktext[1] == "Financial charges / sales¹"
    assert "¹ unconfirmed" in said(figure)
    assert "(hollow circle: 31/12/2024)" in figure.layout.title.subtitle.text


QUARTILES = pd.DataFrame(
    [
        ("", "marge_ebe", 0.04, 0.06, 0.10),
        ("", "delai_clients", 50.0, 60.0, 80.0),
        ("", "delai_fournisseurs", 40.0, 55.0, 70.0),
    ],
    columns=["sector", "ratio", "q1", "median", "q3"],
)


def test_values_stand_among_the_quartiles(case):
    keys = ["marge_ebe", "delai_clients", "delai_fournisseurs", "marge_nette"]
    figure = plots.against_quartiles(compare(ratios(case, keys), QUARTILES), "fr")
    assert list(figure.layout.yaxis.ticktext) == ["Marge d'EBE", "Délai clients", "Délai fournisseurs"]
    marks = figure.data[-1]
    # 117 / 1 460 = 8.01 %: half-way from the median to the upper quartile; best half but one
    assert marks.x[0] == pytest.approx(1.5 + 0.75 * (117 / 1460 - 0.06) / 0.04)
    # 330 / 1 722 x 360 = 69 days: between median and upper quartile, which for delays is the third quarter
    assert marks.x[1] == pytest.approx(1.5 + 0.75 * (330 / 1722 * 360 - 60) / 20)
    assert list(marks.marker.color) == [plots.QUARTERS[2], plots.QUARTERS[3], plots.MARK]
    assert "36,9" not in written(figure)


def test_values_beyond_the_quartiles_stay_on_the_figure():
    row = {"q1": 1.0, "median": 1.0, "q3": 1.0}
    places = [plots._in_quartiles(value, row) for value in (-1e12, 0.5, 1.0, 1.5, 1e12, np.nan)]
    assert places[2] == 1.5
    assert places[:5] == sorted(places[:5])
    assert 0 <= places[0] <= places[4] <= 3
    assert places[5] is None


def test_no_quartiles_is_said(case):
    figure = plots.against_quartiles(compare(ratios(case, ["marge_nette"]), QUARTILES), "en")
    assert len(figure.data) == 0
    assert said(figure) == "No reference quartiles for these ratios."


def test_tables_given_are_left_alone(case, balance):
    before = [case.copy(), balance.copy()]
    found = ratios(case)
    kept = found.copy()
    plots.great_masses(balance.tail(1))
    plots.masses_over_years(balance)
    plots.ratio_scale(found)
    for table, copy in zip([case, balance, found], [*before, kept]):
        pd.testing.assert_frame_equal(table, copy)


def test_labels_of_every_mass_are_known():
    for stack in plots.STACKS:
        for name in stack:
            assert label(name, "fr") != name
