"""Figures of doubtful claims and allowances show the numbers of their table, and say what they cannot draw."""

import json

import pandas as pd
import plotly.io
import pytest

from cmtools import plots_provisions as plots
from cmtools.language import HARD, THIN
from cmtools.schemas import InputError

plotly.io.renderers.default = "json"  # no browser
HOSTILE = "<img src=x onerror=alert(1)>"
NAN = float("nan")


def written(figure):
    """All that a figure writes, as one text."""
    return json.dumps(json.loads(figure.to_json()), ensure_ascii=False).replace(THIN, " ").replace(HARD, " ")


def period(start, end, opening, moved, lost, closing, **more):
    moves = {"doubtful_brought_forward": 0.0, "doubtful_in": moved, "doubtful_paid": -5.0, "doubtful_lost": lost}
    dates = {"period_start": pd.Timestamp(start), "date": pd.Timestamp(end)}
    return dates | moves | {"opening_balance": opening, "doubtful_out": 0.0, "closing_balance": closing} | more


@pytest.fixture
def periods():
    return pd.DataFrame(
        [
            period("2024-06-30", "2025-06-30", 0.0, 1005.0, 0.0, 1000.0),
            period("2025-06-30", "2026-06-30", 1000.0, 505.0, -700.0, 800.0),
        ]
    )


def test_flows_go_from_the_first_opening_to_the_last_closing(periods):
    figure = plots.doubtful_flows(periods, "fr", "EUR")
    names = list(figure.layout.yaxis.ticktext)
    assert names[0] == "Douteux au 30/06/2024"
    assert names[4] == "Douteux au 30/06/2025"
    assert names[-1] == "Douteux au 30/06/2026"
    assert len(names) == 9
    bars = figure.data[0]
    assert list(bars.x) == [0, 1005, -5, 0, 1000, 505, -5, -700, 800]
    assert list(bars.base) == [0, 0, 1005, 1000, 0, 1000, 1505, 1500, 0]
    ends = [base + amount for base, amount in zip(bars.base, bars.x)]
    assert ends[3] == ends[4]  # the movements lead to the closing
    assert ends[7] == ends[8]
    assert [text.replace(HARD, "").replace(THIN, " ") for text in figure.data[1].text][4:6] == ["1 000", "+505"]
    assert figure.layout.title.text == "Flux de douteux TTC (EUR)"
    assert figure.layout.xaxis.range[1] > 1505


def test_a_period_without_movement_is_one_bar(periods):
    still = periods.assign(doubtful_in=0.0, doubtful_paid=0.0, doubtful_lost=0.0)
    assert len(plots.doubtful_flows(still, "en").layout.yaxis.ticktext) == 3


def test_two_currencies_never_share_an_axis(periods):
    with pytest.raises(InputError):
        plots.doubtful_flows(periods.assign(currency=["EUR", "USD"]), "en")
    assert "EUR" in plots.doubtful_flows(periods.assign(currency="EUR"), "en").layout.title.text


def compared(**more):
    rows = {
        "method": ["method_individual", "method_ageing", "method_ifrs9"],
        "on_cases": [100.0, NAN, 100.0],
        "on_others": [NAN, NAN, 20.0],
        "allowance": [100.0, 80.0, 120.0],
        "reason": [None, None, None],
    }
    return pd.DataFrame(rows | more)


def test_methods_stand_side_by_side():
    figure = plots.three_methods(compared(), "en", "EUR")
    assert list(figure.layout.yaxis.ticktext) == ["Claim by claim", "By age (management)", "IFRS 9, matrix"]
    cases, others, undivided = figure.data[:3]
    assert list(cases.x) == [100, None, 100]
    assert list(others.x) == [None, None, 20]
    assert list(undivided.x) == [None, 80, None]
    assert [text.replace(HARD, "") for text in figure.data[3].text] == ["100", "80", "120"]
    assert figure.layout.barmode == "stack"


def test_what_is_not_computable_has_no_bar_and_says_why():
    table = compared(allowance=[100.0, NAN, NAN], reason=[None, "part_not_computable", "part_not_computable"])
    figure = plots.three_methods(table, "fr")
    assert [text.replace(HARD, " ").strip() for text in figure.data[3].text] == [
        "100", "non calculable : une partie n'est pas calculable", "non calculable : une partie n'est pas calculable",
    ]  # fmt: skip
    assert [bar.x[2] for bar in figure.data[:3]] == [0, 0, 0]


def rates(values, reasons=(None, None)):
    return pd.DataFrame({"bucket": ["not_due", "over_30"], "bucket_loss_rate": values, "reason": list(reasons)})


def test_rates_are_written_on_their_bars():
    figure = plots.loss_rates(rates([0.00113, 0.1059]), "fr")
    assert [text.replace(HARD, " ") for text in figure.data[0].text] == ["0,11 %", "10,6 %"]
    assert list(figure.data[0].y) == pytest.approx([0.113, 10.59])
    assert [place.replace(HARD, " ") for place in figure.data[0].x] == ["Non échu", "> 30 j"]
    assert not figure.layout.showlegend


def test_rates_by_rolls_stand_beside():
    rolled = pd.DataFrame(
        {"bucket": ["not_due", "over_30"], "rolled_share": [0.1, 1.0], "bucket_loss_rate": [0.02, 0.2]}
    )
    figure = plots.loss_rates(rates([0.01, 0.1]), "en", rolled)
    assert [list(bar.y) for bar in figure.data] == [[1, 10], [2, 20]]
    assert figure.layout.yaxis.range[1] > 20
    assert figure.layout.showlegend


def test_rates_that_are_nil_or_unknown():
    nil = plots.loss_rates(rates([0.0, NAN], ["no_loss_observed", "no_reached"]), "en")
    assert list(nil.data[0].text) == ["0.00%", "nothing reached the bucket"]
    unknown = plots.loss_rates(rates([NAN, NAN], ["no_cohort", "no_cohort"]), "en")
    assert "not computable: no cohort old enough" in written(unknown)


def test_texts_of_a_file_are_never_markup(periods):
    figure = plots.doubtful_flows(periods, "en", HOSTILE)
    assert "<img" not in figure.layout.title.text
    assert "<img" not in written(figure)
    assert "<img" not in written(plots.three_methods(compared(), "en", HOSTILE))
