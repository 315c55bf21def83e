"""Legal values on a date; the expected rates are those that the sources publish, or sums of them written out."""

import csv
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

import cmtools
from cmtools import legal
from cmtools.forms_claims import legal_lines
from cmtools.legal import LegalUnknownError
from cmtools.schemas import InputError

REFERENCE = Path(cmtools.__file__).parent / "reference"

# half-year: ECB + 10, ECB + 8, 3 x legal rate, in percent. Published: 12.5 % from January 2009 (chemouli-dauzier),
# public 8 % from 2016 S2 to 2022 S2 (helians-avocats), public 12 % for 2023 S2 (gestionnaires.actifforum), 14.25 and
# 12.25 for 2024 S2 (lemoniteur, bpifrance-creation), 12.15 then 12.40 for 2026; the others are the ECB rate of the
# first day plus 10 or 8, and three times the published legal rate.
HALF_YEARS = [
    ("2013-01-01", 10.75, 8.75, 0.12),
    ("2013-07-01", 10.50, 8.50, 0.12),
    ("2014-01-01", 10.25, 8.25, 0.12),
    ("2014-07-01", 10.15, 8.15, 0.12),
    ("2015-01-01", 10.05, 8.05, 2.79),
    ("2015-07-01", 10.05, 8.05, 2.97),
    ("2016-01-01", 10.05, 8.05, 3.03),
    ("2016-07-01", 10.00, 8.00, 2.79),
    ("2022-07-01", 10.00, 8.00, 2.31),
    ("2023-01-01", 12.50, 10.50, 6.18),
    ("2023-07-01", 14.00, 12.00, 12.66),
    ("2024-01-01", 14.50, 12.50, 15.21),
    ("2024-07-01", 14.25, 12.25, 14.76),
    ("2025-01-01", 13.15, 11.15, 11.13),
    ("2025-07-01", 12.15, 10.15, 8.28),
    ("2026-01-01", 12.15, 10.15, 7.86),
]


@pytest.mark.parametrize(("first", "business", "public", "floor"), HALF_YEARS)
def test_rates_of_a_half_year_hold_from_its_first_to_its_last_day(first, business, public, floor):
    begin, end = legal.half_year(first)
    for day in (begin, begin + timedelta(days=60), end):
        assert legal.default_late_rate(day).value == pytest.approx(business / 100, abs=1e-9)
        assert legal.default_late_rate(day, "public_health").value == pytest.approx(public / 100, abs=1e-9)
        assert legal.late_rate_floor(day).value == pytest.approx(floor / 100, abs=1e-9)
    assert (legal.default_late_rate(begin).start, legal.default_late_rate(begin).end) == (begin, end)


def test_second_half_of_2026_is_known_but_for_the_legal_rate():
    assert legal.default_late_rate("2026-12-31").value == 0.124
    assert legal.default_late_rate("2026-07-01", "public").value == 0.104
    with pytest.raises(LegalUnknownError) as refused:
        legal.late_rate_floor("2026-07-01")
    assert "reference/legal_rates.csv" in refused.value.text("fr")
    assert "30/06/2026" in refused.value.text("en")


def test_wrong_tables_that_circulate_are_not_ours():
    # Legal rate + 10 presented as ECB + 10 (exeoffice.eu); 10.50 and 14.75 of another program for 2022 S2 and 2024 S1;
    # 11 % of public interest after the ECB's move of February 2023 (blog.achatsolutions.fr).
    assert legal.default_late_rate("2022-03-01").value != 0.1077
    assert legal.default_late_rate("2022-08-01").value == 0.10
    assert legal.default_late_rate("2024-02-01").value == 0.145
    assert legal.default_late_rate("2023-03-01", "public").value == 0.105


def test_before_2013_each_move_of_the_central_bank_counts():
    # 7 April 2009: 1.50 %, from 8 April: 1.25 %.
    assert legal.default_late_rate("2009-04-07").value == pytest.approx(0.115)
    assert legal.default_late_rate("2009-04-08").value == pytest.approx(0.1125)
    assert legal.default_late_rate("2012-12-31").end == datetime(2012, 12, 31)


@pytest.mark.parametrize(
    ("ask", "first", "last"),
    [
        (lambda day: legal.ecb_rate(day), "2007-06-13", "2026-07-01"),
        (lambda day: legal.default_late_rate(day), "2009-01-01", "2026-12-31"),
        (lambda day: legal.default_late_rate(day, "public"), "2013-01-01", "2026-12-31"),
        (lambda day: legal.legal_rate(day), "2008-01-01", "2026-06-30"),
        (lambda day: legal.late_rate_floor(day), "2009-01-01", "2026-06-30"),
    ],
)
def test_outside_the_known_dates_the_file_to_extend_is_named(ask, first, last):
    begin, end = (datetime.fromisoformat(day) for day in (first, last))
    assert ask(begin).value >= 0
    assert ask(end).value >= 0
    for day in (begin - timedelta(days=1), end + timedelta(days=1)):
        with pytest.raises(LegalUnknownError) as refused:
            ask(day)
        assert "reference/" in refused.value.text("en")


def test_indemnity_since_2013():
    assert legal.recovery_indemnity("2013-01-01").value == 40
    with pytest.raises(LegalUnknownError):
        legal.recovery_indemnity("2012-12-31")


def test_fines():
    # L441-16: 75 000 and 2 000 000 EUR, doubled if repeated within two years; L441-9: 75 000 and 375 000.
    amounts = [legal.fact(f"fine_terms_{who}", "2026-06-30").value for who in ("person", "company")]
    again = [legal.fact(f"fine_terms_{who}_repeated", "2026-06-30").value for who in ("person", "company")]
    assert amounts == [75_000, 2_000_000]
    assert again == [150_000, 4_000_000]
    assert [legal.fact(f"fine_invoice_{who}", "2026-06-30").value for who in ("person", "company")] == [75_000, 375_000]


@pytest.mark.parametrize(
    ("ask", "shown"),
    [
        (lambda: legal.default_late_rate("2026-01-01", "consumer"), "business"),
        (lambda: legal.legal_rate("2026-01-01", "state"), "consumer"),
        (lambda: legal.fact("fine", "2026-01-01"), "late_rate_points"),
        (lambda: legal.limitation_period("bakery"), "transport"),
        (lambda: legal.ecb_rate("soon"), "2026-06-30"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(ask, shown):
    with pytest.raises(InputError) as refused:
        ask()
    assert shown in refused.value.text("en")


def test_periods_follow_one_another_and_agree_with_the_day():
    for buyer in ("business", "public"):
        periods = legal.late_rate_periods(buyer)
        gaps = periods["start"].iloc[1:].reset_index(drop=True) - periods["end"].iloc[:-1].reset_index(drop=True)
        assert (gaps == pd.Timedelta(days=1)).all()
        for row in periods.itertuples():
            for day in (row.start, row.end):
                assert legal.default_late_rate(day, buyer).value == row.rate
    assert legal.late_rate_periods("business", "2013-03-01")["end"].iloc[-1] == pd.Timestamp("2013-06-30")


def test_tables_of_rates_have_no_gap_and_each_row_a_source():
    with (REFERENCE / "legal_rates.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for before, after in pairwise(rows):
        assert datetime.fromisoformat(after["start"]) - datetime.fromisoformat(before["end"]) == timedelta(days=1)
    for name in ("legal_rates", "ecb_rates", "legal_values", "payment_ceilings", "limitation_periods"):
        with (REFERENCE / f"{name}.csv").open(encoding="utf-8") as file:
            found = list(csv.DictReader(file))
        assert {row["confirmation"] for row in found} <= set(legal.CONFIRMATIONS)
        assert [row for row in found if not row["source"]] == []


def test_unconfirmed_values_say_so_to_the_reader():
    lines = "\n".join(legal_lines(legal.known(language="fr"), None, "fr"))
    assert "NON CONFIRMÉ" in lines
    assert "série connue jusqu'au 31/12/2026" in lines
    later = "\n".join(legal_lines(legal.known("2027-01-31", "en"), datetime(2027, 1, 31), "en"))
    assert "unknown on 31/01/2027 (known until 31/12/2026; extend reference/ecb_rates.csv)" in later


def test_a_day_before_what_is_known_is_told_line_by_line():
    lines = "\n".join(legal_lines(legal.known("2010-05-05", "en"), datetime(2010, 5, 5), "en"))
    assert "11.00% (since 13/05/2009, until 12/04/2011" in lines
    assert "Late rate of public buyers (ECB + 8 points): unknown on 05/05/2010 (earlier than" in lines
    assert "summary invoice: no value known on 05/05/2010 (known since 18/03/2014)" in lines


def test_the_end_of_a_half_year_is_not_that_of_the_series():
    lines = "\n".join(legal_lines(legal.known("2024-08-01", "fr"), datetime(2024, 8, 1), "fr"))
    assert "4,92\u00a0% (depuis le 01/07/2024, jusqu'au 31/12/2024, série connue jusqu'au 30/06/2026)" in lines
