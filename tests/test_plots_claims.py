"""Figures of payment terms and late interest: what is drawn is what the table holds, in the reader's language."""

import pandas as pd
import pytest

import cmtools as cm
from cmtools import plots_claims


def _claims(**more):
    rows = {
        "customer_id": ["C1", "C2", "C3"],
        "customer_name": ["<b>Ain</b>", "Bresse", "Cher"],
        "currency": ["EUR"] * 3,
        "interest": [100.0, 250.5, 0.0],
        "indemnity": [40.0, 80.0, 0.0],
    }
    return pd.DataFrame(rows | more)


@pytest.mark.parametrize(("tongue", "name"), [("fr", "Plancher d'un contrat (3 × taux légal)"), ("en", "Floor")])
def test_rates_are_drawn_in_percent_with_a_gap_where_unknown(tongue, name):
    periods = cm.late_rate_periods()
    figure = plots_claims.late_rates(periods, tongue)
    default, floor = figure.data
    assert default.y[-1] == pytest.approx(12.4)
    assert floor.y[-1] is None
    assert floor.y[-3] == pytest.approx(7.86)
    assert name in floor.name
    assert "12,40" in default.hovertext[-1] or "12.40" in default.hovertext[-1]


def test_days_of_both_readings():
    days = pd.DataFrame(
        {
            "issue_date": pd.to_datetime(["2026-01-01", "2026-01-02"]),
            "days_then_month_end": [58, 57],
            "month_end_then_days": [75, 74],
        }
    )
    figure = plots_claims.month_end_readings(days, "fr")
    assert [trace.name for trace in figure.data] == [
        "N jours, puis fin de mois",
        "Fin de mois, puis N jours",
        "60 jours",
    ]
    assert list(figure.data[1].y) == [75, 74]
    assert figure.layout.xaxis.ticktext == ("janv.<br>2026",)


def test_claims_largest_first_names_as_text():
    figure = plots_claims.claims(_claims(), "fr")
    interest, indemnity = figure.data
    assert list(interest.x) == [250.5, 100.0]
    assert list(indemnity.x) == [80.0, 40.0]
    assert figure.layout.yaxis.ticktext == ("Bresse", "&lt;b&gt;Ain&lt;/b&gt;")
    assert "EUR" in figure.layout.title.text
    assert len(plots_claims.claims(_claims().head(0), "en").data[0].x) == 0


@pytest.mark.parametrize(("tongue", "status"), [("fr", "au-delà du plafond"), ("en", "over the ceiling")])
def test_compliance_by_ceiling(tongue, status):
    summary = pd.DataFrame(
        {
            "ceiling": ["general_60", "general_60", "public_30"],
            "status": ["over", "compliant", "compliant"],
            "count_invoices": [2, 30, 40],
        }
    )
    figure = plots_claims.compliance(summary, tongue)
    bars = {trace.name: list(trace.x) for trace in figure.data}
    assert bars[status] == [0, 2]
    assert figure.layout.yaxis.ticktext[0].startswith("30 ")
