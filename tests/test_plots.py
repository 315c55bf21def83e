"""Figures show the numbers of their table, in the reader's language; text from a file stays text."""

import json

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io
import pytest

from cmtools import plots
from cmtools.days_sales import count_back
from cmtools.language import HARD, THIN, label
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


# --- figures of the monthly report --------------------------------------------------------------------------------

ENDS = pd.to_datetime(["2026-06-30", "2026-04-30", "2026-05-31"])  # not in order
BRIDGE = pd.DataFrame(
    {
        "line": ["bridge_opening", "bridge_invoiced", "bridge_cash", "bridge_losses", "bridge_closing", "bridge_gap"],
        "currency": "EUR",
        "balance": [1000.0, 500.25, -700.0, np.nan, 800.25, 0.0],
    }
)
OVERDUE = pd.DataFrame(
    {
        "date": ENDS,
        "currency": "EUR",
        "not_due": [900.0, 800.0, 700.0],
        "d1_30": [30.0, 10.0, 20.0],
        "over_30": [3.0, 1.0, np.nan],
        "overdue_rate": [0.035, 0.0136, np.nan],
    }
)
LARGEST = pd.DataFrame(
    {
        "customer_name": ["<i>Gros</i> & Cie", None, "Troisième", "Quatrième"],
        "currency": "EUR",
        "outstanding": [500.0, 300.0, 150.0, 50.0],
        "cumulative_share": [0.5, 0.8, 0.95, 1.0],
    }
)
COHORTS = pd.DataFrame(
    {
        "month": pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01"]),
        "currency": "EUR",
        "recovery_30": [0.7, 0.805, np.nan],
        "recovery_90": [0.95, np.nan, np.nan],
    }
)
LATE_MOVES = pd.DataFrame(
    {
        "date": ENDS,
        "late_new": [50.0, 40.0, 30.0],
        "late_paid": [-20.0, -10.0, -15.0],
        "late_other": [-5.0, 0.0, 2.0],
        "closing_balance": [172.0, 130.0, 147.0],
    }
)
MATRIX = pd.DataFrame(
    {
        "from_state": ["not_due", "d1_30", "disputed", "new"],
        "paid": [0.6, 0.996, np.nan, 0.0],
        "lost": [0.0, 0.0, np.nan, 0.0],
        "not_due": [0.3, 0.0, np.nan, 1.0],
        "d1_30": [0.1, 0.0, np.nan, 0.0],
        "disputed": [0.0, 0.004, np.nan, 0.0],
        "total": [1000.0, 500.0, 0.0, 700.0],
    }
)
DELAYS = pd.DataFrame({"date": ENDS, "delay_paid": [4.25, -3.0, np.nan], "late_payment_rate": [0.5, 0.25, np.nan]})
DISPUTES = pd.DataFrame(
    {"dispute_reason": ["Prix", None, "<b>Qualité</b>"], "currency": "EUR", "open_amount": [1200.4, 80.0, 5000.0]}
)
REPORT = [
    (plots.bridge, BRIDGE),
    (plots.overdue_history, OVERDUE),
    (plots.concentration, LARGEST),
    (plots.recovery, COHORTS),
    (plots.overdue_movements, LATE_MOVES),
    (plots.migration, MATRIX),
    (plots.delays, DELAYS),
    (plots.disputes, DISPUTES),
]
each_figure = pytest.mark.parametrize(("plot", "table"), REPORT, ids=[plot.__name__ for plot, _ in REPORT])


def drawn(values):
    return [None if value is None or value != value else value for value in values]


@each_figure
@pytest.mark.parametrize("language", ["fr", "en"])
def test_report_figures_speak_the_readers_language(plot, table, language):
    before = table.copy()
    figure = plot(table, language)
    pd.testing.assert_frame_equal(table, before)
    assert figure.layout.separators == (f",{THIN}" if language == "fr" else ".,")
    assert figure.layout.title.text != plot(table, "en" if language == "fr" else "fr").layout.title.text
    assert figure.layout.title.text.endswith(" (EUR)") == ("currency" in table)
    shown = [trace for trace in figure.data if figure.layout.showlegend and trace.showlegend is not False]
    assert all(trace.name for trace in shown)
    assert all(trace.hoverinfo in ("skip", "text") for trace in figure.data)
    text = figure.to_json()
    assert "NaN" not in text
    assert not any(f"{letter}>" in text for letter in ("<b", "<i", "\\u003cb", "\\u003ci"))


@each_figure
def test_report_figures_of_nothing(plot, table):
    """No row, a table without types, and columns where nothing is known: still a figure with its title."""
    nothing = pd.DataFrame(columns=table.columns)
    numbers = table.select_dtypes("number").columns
    for empty in (table.head(0), nothing, table.assign(**dict.fromkeys(numbers, np.nan))):
        figure = plot(empty, "fr")
        assert figure.layout.title.text
        for trace in figure.data:
            values = trace.z if trace.type == "heatmap" else trace.y if trace.type == "scatter" else trace.x
            assert values is None or len(values) in (0, len(empty), *range(4 * len(empty)))
        figure.to_json()


@each_figure
def test_report_figures_refuse_two_currencies(plot, table):
    mixed = pd.concat([table.assign(currency="EUR"), table.assign(currency="USD")])
    with pytest.raises(InputError) as error:
        plot(mixed, "fr")
    assert error.value.defects[0].value == "EUR, USD"


@each_figure
def test_a_currency_from_a_file_is_text(plot, table):
    figure = plot(table.assign(currency="<b>X</b>"), "fr")
    assert figure.layout.title.text.endswith(" (&lt;b&gt;X&lt;/b&gt;)")
    assert "<b>" not in json.dumps(figure.to_plotly_json(), default=list)


def test_bridge_goes_from_opening_to_closing():
    figure = plots.bridge(BRIDGE, "fr")
    bar, texts = figure.data[0], figure.data[-1]
    assert list(figure.layout.yaxis.ticktext) == [label(key, "fr") for key in BRIDGE["line"][:-1]]  # no gap line
    assert drawn(bar.x) == [1000, 500.25, -700, None, 800.25]
    # 1000 + 500.25 = 1500.25; - 700 = 800.25, where the loss that is not known and the closing balance stand
    assert list(bar.base) == [0, 1000, 1500.25, 800.25, 0]
    assert list(texts.x) == [1000, 1500.25, 1500.25, 800.25, 800.25]  # to the right of each bar
    assert [text.strip(HARD) for text in texts.text] == [f"1{THIN}000", "+500", "-700", "–", "800"]
    assert bar.hovertext[1].endswith(f": 500,25{HARD}EUR")
    assert bar.marker.color[0] == bar.marker.color[4] != bar.marker.color[1]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]  # the first line on top
    assert figure.layout.xaxis.range[0] == 0
    assert figure.layout.xaxis.range[1] > 1500.25
    assert figure.layout.xaxis.title.text is None


def test_bridge_with_small_movements_says_that_its_axis_is_cut():
    small = BRIDGE.assign(balance=[100_000.0, 3000.0, -2000.0, 0.0, 101_000.0, 0.0])
    figure = plots.bridge(small, "en")
    assert 90_000 < figure.layout.xaxis.range[0] < 100_000
    assert figure.layout.xaxis.title.text == "The axis does not start at zero."
    assert [text.strip(HARD) for text in figure.data[-1].text] == ["100,000", "+3,000", "-2,000", "0", "101,000"]


def test_bridge_below_zero_keeps_its_zero():
    figure = plots.bridge(BRIDGE.assign(balance=[200.0, 0.0, -900.0, 0.0, -700.0, 0.0]), "fr")
    assert list(figure.data[0].base) == [0, 200, 200, -700, 0]
    low, high = figure.layout.xaxis.range
    assert low < -700
    assert high > 200


def test_overdue_history_stacks_the_late_buckets_oldest_date_first():
    figure = plots.overdue_history(OVERDUE, "fr")
    first, last, rate = figure.data
    assert list(first.x) == [f"avr.{HARD}2026", f"mai{HARD}2026", f"juin{HARD}2026"]
    assert (list(first.y), drawn(last.y)) == ([10, 20, 30], [1, None, 3])
    assert drawn(rate.y) == pytest.approx([1.36, None, 3.5])
    assert (rate.yaxis, figure.layout.yaxis2.side) == ("y2", "right")
    assert figure.layout.yaxis2.ticksuffix == f"{HARD}%"
    assert (first.marker.color, last.marker.color) == (plots.LATE[0], plots.LATE[-1])
    assert figure.layout.barmode == "relative"
    assert first.hovertext[0].startswith("30/04/2026<br>")
    assert rate.hovertext[0].endswith(f"1,4{HARD}%")
    assert plots.overdue_history(OVERDUE, "en").data[2].hovertext[0].endswith(" 1.4%")


def test_months_carry_their_year_once_and_thin_out():
    twelve = pd.date_range("2025-08-31", periods=12, freq="ME")
    table = pd.DataFrame({"date": twelve, "delay_paid": 1.0, "late_payment_rate": 0.1})
    axis = plots.delays(table, "fr").layout.xaxis
    assert list(axis.ticktext)[:6] == ["août<br>2025", "sept.", "oct.", "nov.", "déc.", "janv.<br>2026"]
    assert len(axis.tickvals) == 12
    longer = pd.DataFrame(
        {"date": pd.date_range("2024-07-31", periods=24, freq="ME"), "delay_paid": 1.0, "late_payment_rate": 0.1}
    )
    axis = plots.delays(longer, "en").layout.xaxis
    assert len(axis.tickvals) == 12
    assert (axis.tickvals[-1], axis.ticktext[-1]) == (f"Jun{HARD}2026", "Jun")  # the last month is always named
    assert axis.ticktext[0] == "Aug<br>2024"


def test_two_dates_of_one_month_have_two_places():
    figure = plots.delays(DELAYS.assign(date=pd.to_datetime(["2026-06-30", "2026-06-15", "2026-05-31"])), "fr")
    assert list(figure.data[0].x) == ["31/05/2026", "15/06/2026", "30/06/2026"]
    assert list(figure.layout.xaxis.ticktext) == ["31/05<br>2026", "15/06", "30/06"]


def test_concentration_shows_the_largest_and_their_share():
    figure = plots.concentration(LARGEST.iloc[::-1], "fr", count=3)
    bar, line = figure.data
    assert list(bar.x) == [500, 300, 150]
    assert list(line.x) == pytest.approx([50, 80, 95])
    assert line.xaxis == "x2"
    assert list(line.text) == [f"50{HARD}%", f"80{HARD}%", f"95{HARD}%"]
    assert list(figure.layout.yaxis.ticktext) == ["&lt;i&gt;Gros&lt;/i&gt; &amp; Cie", "–", "Troisième"]
    assert bar.hovertext[0].endswith(f": 500,00{HARD}EUR")
    assert figure.layout.xaxis2.range[0] == 0
    assert figure.layout.xaxis2.range[1] >= 100
    long = plots.concentration(LARGEST.assign(customer_name="N" * 80), "en").layout.yaxis.ticktext
    assert {len(name) for name in long} == {32}


def test_recovery_leaves_young_months_blank():
    figure = plots.recovery(COHORTS, "en")
    assert [line.name for line in figure.data] == [label(key, "en") for key in ("recovery_30", "recovery_90")]
    assert drawn(figure.data[0].y) == pytest.approx([70, 80.5, None])
    assert drawn(figure.data[1].y) == pytest.approx([95, None, None])
    assert not any(line.connectgaps for line in figure.data)
    assert list(figure.data[1].x) == [f"Jan{HARD}2026", f"Feb{HARD}2026", f"Mar{HARD}2026"]  # the month has its place
    assert figure.layout.yaxis.range[0] == 0
    assert figure.layout.yaxis.range[1] >= 100
    assert plots.recovery(COHORTS.assign(recovery_30=1.3), "en").layout.yaxis.range[1] > 130
    assert len({line.line.dash for line in figure.data}) == 2  # told apart without colours


def test_overdue_movements_go_up_and_down_as_they_are_signed():
    figure = plots.overdue_movements(LATE_MOVES, "fr")
    new, paid, other, balance = figure.data
    assert [list(trace.y) for trace in (new, paid, other)] == [[40, 30, 50], [-10, -15, -20], [0, 2, -5]]
    assert list(balance.y) == [130, 147, 172]
    assert (balance.type, balance.name) == ("scatter", label("overdue", "fr"))
    assert figure.layout.barmode == "relative"
    assert paid.hovertext[0].endswith(": -10,00")
    with_currency = plots.overdue_movements(LATE_MOVES.assign(currency="USD"), "en")
    assert with_currency.layout.title.text.endswith(" (USD)")
    assert with_currency.data[1].hovertext[0].endswith(f": -10.00{HARD}USD")


def test_migration_writes_the_shares_that_are_there():
    figure = plots.migration(MATRIX, "fr")
    (cells,) = figure.data
    # nothing was lost: no column; nothing was disputed at the start: no row
    assert list(figure.layout.xaxis.ticktext) == [label(key, "fr") for key in ("paid", "not_due", "d1_30")] + [
        label("is_disputed", "fr")
    ]
    assert list(figure.layout.yaxis.ticktext) == [label(key, "fr") for key in ("not_due", "d1_30", "new")]
    assert [list(row) for row in cells.z] == [pytest.approx(row) for row in ([60, 30, 10, 0], [99.6, 0, 0, 0.4])] + [
        [0, 100, 0, 0]
    ]
    assert [list(row) for row in cells.text] == [
        [f"60{HARD}%", f"30{HARD}%", f"10{HARD}%", ""],
        [f"100{HARD}%", "", "", f"<{HARD}1{HARD}%"],
        ["", f"100{HARD}%", "", ""],
    ]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]  # the first row on top
    assert cells.showscale is False
    assert cells.hovertext[1][3].endswith(f": 0,4{HARD}%")


def test_delays_may_be_negative_and_have_gaps():
    figure = plots.delays(DELAYS, "fr")
    days, rate = figure.data
    assert drawn(days.y) == [-3, None, 4.25]
    assert drawn(rate.y) == [25, None, 50]
    assert rate.yaxis == "y2"
    assert days.hovertext[0].endswith(f": -3,0{HARD}j")
    assert days.hovertext[1].endswith(f": –{HARD}j")


def test_disputes_by_reason_the_largest_on_top():
    figure = plots.disputes(DISPUTES, "fr")
    bar, texts = figure.data
    assert list(bar.x) == [5000, 1200.4, 80]
    assert list(figure.layout.yaxis.ticktext) == ["&lt;b&gt;Qualité&lt;/b&gt;", "Prix", "Motif non indiqué"]
    assert [text.strip(HARD) for text in texts.text] == [f"5{THIN}000", f"1{THIN}200", "80"]
    assert figure.layout.xaxis.title.text is None
    assert plots.disputes(DISPUTES, "en").layout.yaxis.ticktext[2] == "Reason not given"
    one = plots.disputes(DISPUTES, "fr", count=2)
    assert len(one.data[0].x) == 2
    assert one.layout.xaxis.title.text == "1 autre motif non représenté"
    assert plots.disputes(DISPUTES, "en", count=1).layout.xaxis.title.text == "2 other reasons not shown"


def test_bridge_without_movements_shows_its_balances_whole():
    lines = pd.DataFrame(
        {"line": ["bridge_opening", "bridge_cash", "bridge_closing"], "currency": "EUR", "balance": [100.0, 0.0, 100.0]}
    )
    axis = plots.bridge(lines, "fr").layout.xaxis
    assert axis.range[0] <= 0 < 100 <= axis.range[1]
    assert axis.title.text is None


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_every_figure_shares_is_known_to_plotly(language):
    figure = plots.new_figure(language, "Title")
    assert go.Figure(figure.to_dict()) == figure  # plotly checks a figure made in the usual way
    assert figure.layout.template == go.layout.Template(plotly.io.templates["plotly_white"])
