"""Figures show the numbers of their table, in the reader's language; text from a file stays text."""

import json

import numpy as np
import pandas as pd
import plotly.io
import pytest

from cmtools import plots
from cmtools.days_sales import count_back
from cmtools.language import HARD, THIN
from cmtools.schemas import InputError

plotly.io.renderers.default = "json"  # no browser

AGED = pd.DataFrame(
    {
        "currency": "EUR",
        "customer_id": ["1", "2", "3"],
        "customer_name": ["<b>Alpha</b>", "Béta & Fils", "R" * 300],
        "total": [1310.0, 250.0, -40.0],
        "not_due": [1000.0, 200.0, 0.0],
        "d1_30": [10.0, 50.0, 0.0],
        "d31_60": [300.0, 0.0, 0.0],
        "d61_90": [0.0, 0.0, 0.0],
        "d91_120": [0.0, 0.0, 0.0],
        "over_120": [0.0, 0.0, 0.0],
        "unknown_age": [0.0, 0.0, 0.0],
        "unallocated": [0.0, 0.0, -40.0],
        "disputed": [300.0, 0.0, 0.0],
        "retention": [0.0, 200.0, 0.0],
    }
)


def test_aged_balance_bars_are_the_buckets():
    figure = plots.aged_balance(AGED, "fr")
    bar = figure.data[0]
    names = [name.replace(HARD, " ") for name in bar.x]
    assert names == ["Non échu", "1–30 j", "31–60 j", "61–90 j", "91–120 j", "> 120 j", "Non lettré"]
    assert list(bar.y) == [1200, 60, 300, 0, 0, 0, -40]
    assert sum(bar.y) == AGED["total"].sum()
    assert bar.text[0] == f"1{THIN}200"
    assert bar.hovertext[-1] == f"-40,00{HARD}EUR"
    assert figure.layout.title.text == "Encours par tranche de retard (EUR)"
    assert figure.layout.separators == f",{THIN}"
    assert len(bar.marker.color) == len(names)
    assert bar.marker.color[5] == plots.LATE[-1]
    assert bar.marker.color[0] == plots.NOT_DUE


def test_aged_balance_in_english_with_other_buckets():
    aged = pd.DataFrame(
        {"currency": ["USD"], "not_due": [10.0], "d1_45": [5.0], "over_45": [1.0], "unknown_age": [2.0]}
    )
    figure = plots.aged_balance(aged, "en")
    assert [name.replace(HARD, " ") for name in figure.data[0].x] == ["Not due", "1–45 d", "> 45 d", "Unknown age"]
    assert list(figure.data[0].y) == [10, 5, 1, 2]
    assert figure.layout.title.text == "Outstanding by overdue bucket (USD)"
    assert figure.layout.separators == ".,"


def test_aged_balance_of_nothing():
    assert sum(plots.aged_balance(AGED.head(0), "fr").data[0].y) == 0
    assert len(plots.largest_overdue(AGED.head(0), "fr").layout.yaxis.tickvals) == 0


@pytest.mark.parametrize("plot", [plots.aged_balance, plots.largest_overdue])
def test_two_currencies_are_refused(plot):
    mixed = pd.concat([AGED, AGED.assign(currency="USD")])
    with pytest.raises(InputError) as error:
        plot(mixed, "fr")
    assert error.value.defects[0].value == "EUR, USD"


def test_largest_overdue_stacks_the_late_buckets():
    figure = plots.largest_overdue(AGED, "fr")
    assert [bar.name.replace(HARD, " ") for bar in figure.data] == [
        "1–30 j",
        "31–60 j",
        "61–90 j",
        "91–120 j",
        "> 120 j",
    ]
    assert [list(bar.x) for bar in figure.data[:2]] == [[50, 10], [0, 300]]  # the largest on top, so last
    assert list(figure.layout.yaxis.ticktext) == ["Béta &amp; Fils", "&lt;b&gt;Alpha&lt;/b&gt;"]
    assert figure.layout.barmode == "stack"
    assert "31–60" in figure.data[1].hovertext[1]
    assert "<b>" not in json.dumps(figure.to_plotly_json(), default=list)
    assert len({bar.marker.color for bar in figure.data}) == 5


def test_largest_overdue_keeps_the_first_and_cuts_long_names():
    many = pd.concat([AGED.assign(d1_30=float(rank), customer_name=f"{rank:02d}" * 50) for rank in range(30)])
    figure = plots.largest_overdue(many, "en", count=5)
    shown = figure.layout.yaxis.ticktext
    assert len(shown) == 5
    assert max(map(len, shown)) == 32
    assert shown[0].endswith("…")


def test_dso_by_month_has_gaps_where_it_is_unknown():
    history = pd.DataFrame(
        {
            "date": pd.to_datetime(["2026-04-30", "2026-05-31", "2026-06-30"]),
            "dso_count_back": [np.nan, 41.25, 40.0],
            "dso_balance": [np.nan, np.nan, np.nan],
        }
    )
    figure = plots.dso_by_month(history, "fr")
    assert [line.name for line in figure.data] == ["DSO épuisement"]
    assert list(figure.data[0].x) == [f"avr.{HARD}2026", f"mai{HARD}2026", f"juin{HARD}2026"]
    assert [None if value is None or value != value else value for value in figure.data[0].y] == [None, 41.25, 40.0]
    assert figure.data[0].hovertext[1] == f"mai{HARD}2026: 41,3 j".replace("41,3", "41,2")
    assert "NaN" not in figure.to_json()
    both = plots.dso_by_month(history.assign(dso_balance=30.0), "en")
    assert [line.name for line in both.data] == ["Count-back DSO", "Balance DSO"]
    assert len({line.line.dash for line in both.data}) == 2  # told apart without colours


def test_count_back_bars_are_what_each_month_uses_up():
    months = [(pd.Timestamp("2026-06-01"), 100.0, 30), (pd.Timestamp("2026-05-01"), 200.0, 31)]
    steps = count_back(150.0, months)
    figure = plots.count_back(steps.table, "fr")
    assert list(figure.data[0].y) == [100.0, 50.0]
    # 30 days of June, then 50 / 200 of the 31 days of May
    assert list(figure.data[0].text) == ["30,0 j", "7,8 j"]
    assert list(figure.data[0].x) == [f"juin{HARD}2026", f"mai{HARD}2026"]
    assert plots.count_back(steps.table, "en").layout.title.text == "Using up the balance on past months' sales"


def test_tables_are_left_as_they_were():
    before = AGED.copy()
    plots.aged_balance(AGED, "fr")
    plots.largest_overdue(AGED, "fr")
    pd.testing.assert_frame_equal(AGED, before)
