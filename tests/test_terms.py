"""Due dates; expected days are worked out by hand on a calendar."""

from datetime import date, datetime

import pandas as pd
import pytest

from cmtools.schemas import InputError
from cmtools.terms import READINGS, due_date, parse_terms

# https://dougs.fr/outils-simulation/delais-paiement prints 15 March 2025 for an invoice of
# 15 January 2025 at 45 days "fin de mois". 15 January + 45 days is 1 March, whose month ends on 31 March;
# 31 January + 45 days is 17 March (28 days of February, then 17).
PUBLISHED_IN_ERROR = date(2025, 3, 15)
EOM_TRAP = {"days_then_month_end": date(2025, 3, 31), "month_end_then_days": date(2025, 3, 17)}


@pytest.mark.parametrize("reading", READINGS)
def test_both_readings_of_45_days_end_of_month(reading):
    found = due_date(date(2025, 1, 15), "45 jours fin de mois", reading=reading)
    assert found == EOM_TRAP[reading]
    assert found != PUBLISHED_IN_ERROR


@pytest.mark.parametrize(
    ("text", "days", "month_end"),
    [
        (30, 30, False),
        (30.0, 30, False),
        (0, 0, False),
        ("30", 30, False),
        (" 30 jours ", 30, False),
        ("30 jours nets", 30, False),
        ("30 jours date de facture", 30, False),
        ("30j", 30, False),
        ("30 days", 30, False),
        ("net 30", 30, False),
        ("À 60 JOURS", 60, False),
        ("45 jours fin de mois", 45, True),
        ("45 jours FDM", 45, True),
        ("45 j\u00a0fdm", 45, True),
        ("30 days end of month", 30, True),
        ("fin de mois", 0, True),
        ("comptant", 0, False),
        ("à réception", 0, False),
        ("À réception de facture", 0, False),
        ("cash", 0, False),
    ],
)
def test_terms_as_companies_write_them(text, days, month_end):
    assert parse_terms(text) == (days, month_end)


@pytest.mark.parametrize(
    "text", ["", "bientôt", "45 jours fin de mois le 15", -1, 30.5, True, None, "9999", "30/60", "1e2", float("inf")]
)
def test_terms_that_are_not_understood_are_refused(text):
    with pytest.raises(InputError) as refused:
        due_date(date(2025, 1, 15), text)
    assert "comptant" in refused.value.text("fr")


def test_unknown_reading():
    with pytest.raises(ValueError, match="reading"):
        due_date(date(2025, 1, 15), 30, reading="A")


def test_a_series_keeps_its_index_its_kind_and_its_blanks():
    issued = pd.Series(pd.to_datetime(["2024-01-31", None, "2023-12-15"]), index=[7, 8, 9])
    # 31 January 2024 + 30 days = 1 March (leap year: 29 days of February, then 1); 15 December 2023 + 30 = 14 January.
    assert due_date(issued, 30).to_list() == [pd.Timestamp("2024-03-01"), pd.NaT, pd.Timestamp("2024-01-14")]
    found = due_date(issued, "30 jours fin de mois")
    assert found.index.to_list() == [7, 8, 9]
    assert found.dtype == issued.dtype
    assert found.to_list() == [pd.Timestamp("2024-03-31"), pd.NaT, pd.Timestamp("2024-01-31")]


def test_a_series_of_terms():
    issued = pd.Series(pd.to_datetime(["2025-01-15", "2025-01-15", "2025-01-15"]))
    terms = pd.Series(["comptant", "45 jours FDM", None])
    found = due_date(issued, terms)
    assert found.to_list() == [pd.Timestamp("2025-01-15"), pd.Timestamp("2025-03-31"), pd.NaT]


def test_the_answer_is_of_the_kind_asked_with():
    assert due_date(datetime(2025, 1, 15, 9), 1) == datetime(2025, 1, 16)
    assert due_date(pd.Timestamp("2025-01-15"), 1) == pd.Timestamp("2025-01-16")
    assert due_date(None, 30) is None
