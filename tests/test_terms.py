"""Due dates; expected days are worked out by hand on a calendar."""

import calendar
from datetime import date, datetime, timedelta

import pandas as pd
import pytest

from cmtools.schemas import InputError
from cmtools.terms import READINGS, Term, due_date, instalments, parse_instalments, parse_terms, summary_date

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
    assert parse_terms(text) == Term(days, month_end)


@pytest.mark.parametrize(
    "text", ["", "bientôt", "45 jours fin de mois le 32", -1, 30.5, True, None, "9999", "30/60", "1e2", float("inf")]
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


# ---- dates within a month, instalments, summary invoices


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("fin de mois le 15", Term(0, True, 15)),
        ("45 jours fin de mois le 10", Term(45, True, 10)),
        ("30 days end of month the 15th", Term(30, True, 15)),
        ("le 10 du mois suivant", Term(0, True, 10)),
        ("30 jours fin de décade", Term(30, False, None, True)),
        ("à la commande", Term(0, False)),
    ],
)
def test_terms_that_name_a_day_or_a_period(text, term):
    assert parse_terms(text) == term


@pytest.mark.parametrize(
    ("issued", "terms", "reading", "due"),
    [
        # 20 January -> 31 January -> the next 15th.
        (date(2026, 1, 20), "fin de mois le 15", "days_then_month_end", date(2026, 2, 15)),
        # 20 January + 45 days = 6 March -> 31 March -> 10 April.
        (date(2026, 1, 20), "45 jours fin de mois le 10", "days_then_month_end", date(2026, 4, 10)),
        # 31 January + 45 days = 17 March (28 days of February, then 17) -> the next 10th is 10 April.
        (date(2026, 1, 20), "45 jours fin de mois le 10", "month_end_then_days", date(2026, 4, 10)),
        # 31 January + 10 days = 10 February: the 10th itself is not after it -> 10 March.
        (date(2026, 1, 20), "10 jours fin de mois le 10", "month_end_then_days", date(2026, 3, 10)),
        # No 31 April: the last day of that month.
        (date(2026, 3, 2), "fin de mois le 31", "days_then_month_end", date(2026, 4, 30)),
        # Ten-day periods: 10 ends the first; 11 belongs to the second, which ends on 20; 21 to the last.
        (date(2026, 2, 10), "30 jours fin de décade", "days_then_month_end", date(2026, 3, 12)),
        (date(2026, 2, 11), "30 jours fin de décade", "days_then_month_end", date(2026, 3, 22)),
        (date(2024, 2, 21), "30 jours fin de décade", "days_then_month_end", date(2024, 3, 30)),
    ],
)
def test_due_dates_worked_on_a_calendar(issued, terms, reading, due):
    assert due_date(issued, terms, reading) == due


# The table of the two readings of 45 days end of month, worked out by hand on a calendar: invoice, 60 days,
# end of month then 45 days, 45 days then end of month. The two of January 2025 are also published (service-public.fr
# F23211 for 2 January: 17 March or end of February; solon.law for 15 January: 17 or 31 March).
BOTH_READINGS = [
    ("2025-01-02", "2025-03-03", "2025-03-17", "2025-02-28"),
    ("2024-01-02", "2024-03-02", "2024-03-16", "2024-02-29"),
    ("2025-01-15", "2025-03-16", "2025-03-17", "2025-03-31"),
    ("2024-01-15", "2024-03-15", "2024-03-16", "2024-02-29"),
    ("2026-03-16", "2026-05-15", "2026-05-15", "2026-04-30"),
    ("2026-03-17", "2026-05-16", "2026-05-15", "2026-05-31"),
    ("2026-04-02", "2026-06-01", "2026-06-14", "2026-05-31"),
    ("2026-05-01", "2026-06-30", "2026-07-15", "2026-06-30"),
    ("2026-07-31", "2026-09-29", "2026-09-14", "2026-09-30"),
    ("2026-12-31", "2027-03-01", "2027-02-14", "2027-02-28"),
]


@pytest.mark.parametrize(("issued", "sixty", "end_first", "days_first"), BOTH_READINGS)
def test_the_table_of_both_readings(issued, sixty, end_first, days_first):
    day = date.fromisoformat(issued)
    assert due_date(day, 60) == date.fromisoformat(sixty)
    assert due_date(day, "45 jours fin de mois", "month_end_then_days") == date.fromisoformat(end_first)
    assert due_date(day, "45 jours fin de mois", "days_then_month_end") == date.fromisoformat(days_first)


def _month_end_by_hand(day):
    return date(day.year, day.month, calendar.monthrange(day.year, day.month)[1])


def test_both_readings_on_every_day_of_2023_to_2028():
    days = pd.Series(pd.date_range("2023-01-01", "2028-12-31"))
    end_first = due_date(days, "45 jours fin de mois", "month_end_then_days")
    days_first = due_date(days, "45 jours fin de mois", "days_then_month_end")
    for issued, a, b in zip(days.dt.date, end_first.dt.date, days_first.dt.date):
        assert a == _month_end_by_hand(issued) + timedelta(days=45)
        assert b == _month_end_by_hand(issued + timedelta(days=45))
        assert 45 <= (a - issued).days <= 75
        assert 45 <= (b - issued).days <= 75
        assert a != b


def test_published_counts_that_count_the_invoice_day_are_a_day_short():
    # https://www.lecoindesentrepreneurs.fr/les-delais-de-paiement/ prints 16 May and 13 June.
    assert due_date(date(2026, 4, 2), 45) == date(2026, 5, 17)
    assert due_date(date(2026, 4, 15), 60) == date(2026, 6, 14)


@pytest.mark.parametrize(
    ("text", "shares", "days"),
    [
        ("30 jours", [1.0], [30]),
        ("30/60/90 jours", [1 / 3] * 3, [30, 60, 90]),
        ("30 j / 60 j", [0.5, 0.5], [30, 60]),
        ("30 % comptant, 70 % à 45 jours fin de mois", [0.3, 0.7], [0, 45]),
        ("40% à la commande ; 33,5% à 30 jours et 26,5 % à 60 jours", [0.4, 0.335, 0.265], [0, 30, 60]),
        ("50% with order and 50% net 30", [0.5, 0.5], [0, 30]),
    ],
)
def test_instalments_as_companies_write_them(text, shares, days):
    found = parse_instalments(text)
    assert [share for share, _ in found] == pytest.approx(shares)
    assert [term.days for _, term in found] == days


def test_month_end_of_a_ladder_holds_for_each_step():
    assert [term for _, term in parse_instalments("30/60 jours fin de mois")] == [Term(30, True), Term(60, True)]


@pytest.mark.parametrize("text", ["30 % comptant, 60 % à 30 jours", "50 % bientôt, 50 % à 30 jours", "en 3 fois", ""])
def test_instalments_that_are_not_understood_are_refused(text):
    with pytest.raises(InputError):
        parse_instalments(text)


def test_instalments_add_up_to_the_invoice():
    issued = pd.Series(pd.to_datetime(["2026-01-31", "2026-02-28"]), index=["F1", "F2"])
    found = instalments(issued, pd.Series([100.0, 0.05], index=issued.index), "30/60/90 jours")
    assert found.index.tolist() == ["F1"] * 3 + ["F2"] * 3
    assert found.loc["F1", "amount"].tolist() == [33.33, 33.33, 33.34]
    assert found.loc["F2", "amount"].tolist() == [0.02, 0.02, 0.01]  # 1.67 cents each: two rounded up, the rest last
    # 31 January + 30 days: 2 March (28 days of February); + 60: 1 April; + 90: 1 May.
    assert found.loc["F1", "due_date"].dt.date.tolist() == [date(2026, 3, 2), date(2026, 4, 1), date(2026, 5, 1)]


def test_date_of_a_summary_invoice():
    assert summary_date(date(2026, 2, 3)) == date(2026, 2, 28)
    assert summary_date(date(2026, 2, 15), "half_month") == date(2026, 2, 15)
    assert summary_date(date(2026, 2, 16), "half_month") == date(2026, 2, 28)
    assert summary_date(pd.Series(pd.to_datetime(["2026-03-20", "2026-03-21"])), "decade").dt.day.tolist() == [20, 31]
    with pytest.raises(ValueError, match="period"):
        summary_date(date(2026, 2, 3), "week")


def test_every_text_that_is_not_understood_is_listed():
    issued = pd.Series(pd.to_datetime(["2026-01-01"] * 4))
    with pytest.raises(InputError) as refused:
        due_date(issued, pd.Series(["30 jours", "bientôt", "plus tard", "bientôt"]))
    assert [defect.value for defect in refused.value.defects] == ["bientôt", "plus tard"]


@pytest.mark.parametrize("day", [20260115, "2026-01-15", 1.5])
def test_a_number_or_a_text_is_no_date(day):
    for ask in (lambda: due_date(day, 30), lambda: summary_date(day)):
        with pytest.raises(InputError) as refused:
            ask()
        assert str(day) in refused.value.text("en")
