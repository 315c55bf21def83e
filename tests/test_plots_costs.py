"""Figures of costs show the numbers of their result, and say in words what they cannot draw."""

import dataclasses
import json

import pandas as pd
import plotly.io
import pytest

from cmtools import costs
from cmtools import plots_costs as plots
from cmtools.costs import UnpaidInvoice, unpaid_cost
from cmtools.language import HARD, THIN

plotly.io.renderers.default = "json"  # no browser
HOSTILE = "<img src=x onerror=alert(1)>"
LOST = UnpaidInvoice(
    6_000, vat_rate=0.20, vat="recoverable", vat_regime="debits", insured_share=0.9, insured_on="excl_vat", guarantee=0,
    financing_rate=0.05, days=180, hours=10, hourly_cost=40, other_handling=60, legal_costs=350, vat_days=30,
    lost_bonus=0, late_interest=0, fixed_indemnity=40, margin_rate=0.10,
)  # fmt: skip


def plain(text):
    return text.replace("<br>", " ").replace(THIN, " ").replace(HARD, " ")


def written(figure):
    return plain(json.dumps(json.loads(figure.to_json()), ensure_ascii=False))


def said(figure):
    return plain(" ".join(note.text for note in figure.layout.annotations))


def test_amounts_of_the_matrix_stand_in_their_cells():
    matrix = costs.hidden_cost_matrix([1_000, 5_000], [-0.1, 0.05, 0.10, 0.125])
    figure = plots.hidden_cost_matrix(matrix, "fr", marked=(5_000, 0.10))
    heat = figure.data[0]
    assert [[plain(cell) for cell in row] for row in heat.text] == [
        ["n.c.", "20 000", "10 000", "8 000"], ["n.c.", "100 000", "50 000", "40 000"],
    ]  # fmt: skip
    assert [plain(tick) for tick in figure.layout.xaxis.ticktext] == [
        "<b>-10 %</b>", "<b>5 %</b>", "<b>10 %</b>", "<b>12,5 %</b>",
    ]  # fmt: skip
    assert [row[0] for row in heat.z] == [0, 0]  # grey
    # the least and the largest amount at the ends of the scale, 20 000 between them by orders of magnitude
    assert heat.z[0][3] == pytest.approx(0.2)
    assert heat.z[1][1] == pytest.approx(1.0)
    assert 0.2 < heat.z[0][2] < heat.z[0][1] < 1
    frame = figure.layout.shapes[0]
    assert ((frame.x0 + frame.x1) / 2, (frame.y0 + frame.y1) / 2) == (pytest.approx(2), pytest.approx(1))
    assert "Marge nette" in written(figure)
    assert "aussi le bénéfice attendu" in said(figure)


def test_the_matrix_says_its_view_and_its_margin():
    matrix = costs.hidden_cost_matrix([5_000], [0.10], view="outlay")
    figure = plots.hidden_cost_matrix(matrix, "en", view="outlay", margin="contribution", currency="USD")
    assert list(figure.data[0].text[0]) == ["45,000"]
    assert "Contribution margin" in written(figure)
    assert "without the profit" in said(figure)
    assert "(USD)" in figure.layout.title.text
    assert HOSTILE not in written(plots.hidden_cost_matrix(matrix, "en", currency=HOSTILE))


def test_a_matrix_without_any_number_says_so():
    figure = plots.hidden_cost_matrix(costs.hidden_cost_matrix([5_000], [0, -0.1]), "en")
    assert len(figure.data) == 0
    assert "makes up no loss" in said(figure)


def test_letters_shrink_where_cells_are_narrow():
    few = plots.hidden_cost_matrix(costs.hidden_cost_matrix([100], [0.1, 0.2]))
    many = plots.hidden_cost_matrix(costs.hidden_cost_matrix([1_000_000], [rate / 100 for rate in range(1, 13)]))
    assert few.data[0].textfont.size == 14
    assert many.data[0].textfont.size == 7


def test_each_component_begins_where_the_last_one_ended():
    figure = plots.unpaid_cost(unpaid_cost(LOST), "fr")
    bars, texts = figure.data
    # 5 000, then 147.95 financing, 400, 60, 350, 4.11 of VAT advance, less 4 500 and 40: 1 422.06
    assert list(bars.x) == pytest.approx([5_000, 147.95, 400, 60, 350, 4.11, -4_500, -40, 1_422.06])
    assert list(bars.base) == pytest.approx([0, 5_000, 5_147.95, 5_547.95, 5_607.95, 5_957.95, 5_962.06, 1_462.06, 0])
    assert plain(texts.text[-1]) == " <b>1 422,06</b>"
    assert plain(texts.text[1]) == " +147,95"
    names = list(figure.layout.yaxis.ticktext)
    assert names[1] == "Financement"
    assert names[-1] == "<b>Coût complet</b>"
    assert "Nuls : TVA perdue, Bonus d'assurance perdu, Garantie encaissée, Pénalités de retard encaissées." in said(
        figure
    )
    assert "duplicata" in said(figure)
    assert "6 000,00 × 5 % × 180 / 365" in written(figure)


def test_what_is_not_known_has_a_row_and_no_bar_and_no_total():
    figure = plots.unpaid_cost(unpaid_cost(dataclasses.replace(LOST, hours=None)), "en")
    names = list(figure.layout.yaxis.ticktext)
    place = names.index("Time spent")
    assert figure.data[0].x[place] == 0
    assert plain(figure.data[1].text[place]) == " n.c."
    assert plain(figure.data[1].text[-1]) == " <b>n.c.</b>"
    assert figure.data[0].x[-1] == 0
    assert "Time spent: not known: hours." in said(figure)


def test_an_invoice_that_cost_nothing():
    free = UnpaidInvoice(100, 0.0, lost_share=0, days=0, hours=0, other_handling=0, legal_costs=0, late_interest=0,
                         fixed_indemnity=0, insured_share=0)  # fmt: skip
    figure = plots.unpaid_cost(unpaid_cost(free), "fr")
    assert len(figure.data) == 0
    assert "n'a rien coûté" in said(figure)


def test_costs_side_by_side_are_stacked_with_their_totals():
    cases = costs.vat_cases(LOST)
    figure = plots.costs_side_by_side(cases, "fr")
    bars = {bar.name: list(bar.x) for bar in figure.data[:-1]}
    assert bars["TVA perdue"] == [0, 1_000, 1_000, 0]
    assert bars["Indemnité d'assurance"] == [-4_500] * 4
    totals = [plain(text) for text in figure.data[-1].text]
    # without VAT advance and with the VAT: 1 422.06 - 4.11 + 1 000; on receipts 1 422.06 - 4.11 - (147.95 - 123.29)
    assert totals == [" <b>1 422,06</b>", " <b>2 417,95</b>", " <b>2 417,95</b>", " <b>1 393,29</b>"]
    assert list(figure.data[-1].x) == pytest.approx([5_962.06, 6_957.95, 6_957.95, 5_933.29])
    assert len(plots.costs_side_by_side({}, "fr").data) == 0
    unknown = plots.costs_side_by_side({HOSTILE: unpaid_cost(UnpaidInvoice(100))}, "en")
    assert "n.c." in unknown.data[-1].text[0]
    assert HOSTILE not in list(unknown.layout.yaxis.ticktext)


def test_what_waiting_leaves_of_the_margin():
    # 12 000 x 5 % x 73 / 365 = 120 on a margin of 10 000 x 5 % = 500
    table = costs.margin_after_delay(12_000, 0.05, 0.05, [73, 0], vat_rate=0.2)
    figure = plots.margin_after_delay(table, "fr")
    assert [(list(line.x), list(line.y)) for line in figure.data] == [([0, 73], [500, 380]), ([0, 73], [0, 120])]
    assert said(figure).split() == ["500", "380", "120"]
    assert "73 j Coût de financement : 120,00 EUR" in written(figure)
    assert len(plots.margin_after_delay(pd.DataFrame(columns=["delay_days"])).data) == 0
