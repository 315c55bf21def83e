"""Tables and cards for the reader: formats, escaping, totals that agree with what is shown."""

import re
from html import unescape

import numpy as np
import pandas as pd
import polars as pl
import pytest
from ledgers import make_ledger

from cmtools import dashboard, display, receivables
from cmtools.display import cell, table
from cmtools.language import HARD, THIN
from cmtools.schemas import LoadReport

HOSTILE = ["<script>alert(1)</script>", '=HYPERLINK("http://x")', "{{7*7}}", "</table></script>", "שלום عالم", "a & b"]


def rows(shown):
    """Cells of each line of a shown table, as a reader sees them."""
    lines = re.findall(r"<tr[^>]*>(.*?)</tr>", shown, re.DOTALL)
    return [[unescape(text) for text in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line, re.DOTALL)] for line in lines]


def amount(text):
    """Amount written in French."""
    return float(text.replace(THIN, "").replace(",", "."))


# --- one value ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kind", "fr", "en"),
    [
        (1234.5, "money", f"1{THIN}234,50", "1,234.50"),
        (-0.001, "money", "0,00", "0.00"),
        (np.float64(2.5), "money", "2,50", "2.50"),
        (0.125, "rate", f"12,5{HARD}%", "12.5%"),
        (41.26, "days", "41,3", "41.3"),
        (1000, "integer", f"1{THIN}000", "1,000"),
        (pd.Timestamp("2026-06-30"), "date", "30/06/2026", "30/06/2026"),
        (pd.Timestamp("2026-06-30"), "month", f"juin{HARD}2026", f"Jun{HARD}2026"),
        ("credit_note", "choice", "Avoir", "Credit note"),
        ("", "choice", "", ""),
        ("00042", "text", "00042", "00042"),
    ],
)
def test_cell(value, kind, fr, en):
    assert (cell(value, kind, "fr"), cell(value, kind, "en")) == (fr, en)


@pytest.mark.parametrize("blank", [None, float("nan"), pd.NaT, pd.NA, np.nan])
def test_a_blank_is_a_dash_for_numbers_and_nothing_for_text(blank):
    for kind in ("money", "rate", "days", "integer", "date", "month"):
        assert cell(blank, kind, "fr") == "–"
    assert cell(blank, "text", "fr") == cell(blank, "choice", "fr") == ""


def test_a_figure_takes_the_format_of_its_unit():
    assert cell(41.26, "figure", "fr", "days") == f"41,3{HARD}j"
    assert cell(0.5, "figure", "en", "rate") == "50.0%"


# --- tables -------------------------------------------------------------------------------------------------------


def test_labels_and_numbers_follow_the_language():
    frame = pd.DataFrame({"customer_id": ["00042"], "due_date": pd.to_datetime(["2026-03-01"]), "overdue": [-1234.5]})
    assert rows(table(frame, "fr")) == [["N° client", "Échéance", "Échu"], ["00042", "01/03/2026", f"-1{THIN}234,50"]]
    assert rows(table(frame, "en")) == [["Customer no.", "Due date", "Overdue"], ["00042", "01/03/2026", "-1,234.50"]]
    assert 'class="r neg"' in table(frame, "fr")


def test_text_from_a_file_is_never_markup():
    frame = pd.DataFrame({"customer_name": HOSTILE, "<b>heading</b>": HOSTILE, "total": range(len(HOSTILE))})
    shown = table(frame, "fr", total=True, limit=4)
    body = shown.removeprefix(display.CSS)
    assert [line[:2] for line in rows(body)[1:5]] == [[name, name] for name in HOSTILE[:4]]
    assert rows(body)[0][1] == "<b>heading</b>"
    assert set(re.findall(r"</?(\w+)", body)) == {"table", "thead", "tbody", "tr", "th", "td"}
    hostile = pd.DataFrame({"currency": ["<i>A", "<i>B"], "total": [1.0, 2.0]})
    assert "<i>" not in table(hostile, "fr", total=True, limit=1)


def test_others_and_total_add_up():
    frame = pd.DataFrame({"customer_name": list("ABCDE"), "total": [0.1, 0.2, 0.3, -100.0, 1000.0]})
    found = rows(table(frame, "fr", total=True, limit=2))
    assert [line[0] for line in found] == ["Client", "A", "B", "3 autres", "Total"]
    assert [amount(line[1]) for line in found[1:]] == [0.1, 0.2, 900.3, 900.6]
    assert [line[0] for line in rows(table(frame.head(3), "en", total=True, limit=2))][-2:] == ["1 other", "Total"]
    assert [line[0] for line in rows(table(frame, "en", limit=5))][-1] == "E"


def test_others_are_complete_when_the_row_labels_repeat():
    part = pd.DataFrame({"customer_name": ["A", "B"], "total": [1.0, 2.0]})
    found = rows(table(pd.concat([part, part]), "en", total=True, limit=1))
    assert [line[1] for line in found[1:]] == ["1.00", "5.00", "6.00"]


def test_each_currency_has_its_own_lines():
    frame = pd.DataFrame(
        {"customer_name": list("ABCD"), "currency": ["EUR", "USD", "USD", "EUR"], "total": [1.0, 20.0, 300.0, 4000.0]}
    )
    found = rows(table(frame, "en", total=True, limit=1))
    assert found[2:] == [
        ["1 other EUR", "EUR", "4,000.00"],
        ["Total EUR", "EUR", "4,001.00"],
        ["2 others USD", "USD", "320.00"],
        ["Total USD", "USD", "320.00"],
    ]
    hidden = rows(table(frame, "en", columns=["customer_name", "total"], total=True))
    assert [line for line in hidden if line[0].startswith("Total")] == [
        ["Total EUR", "4,001.00"],
        ["Total USD", "320.00"],
    ]
    assert "4,321.00" not in table(frame, "en", total=True)


def test_a_single_currency_needs_no_column():
    frame = pd.DataFrame({"customer_name": ["A", "B"], "currency": "EUR", "total": [1.0, 2.0]})
    assert rows(table(frame, "en", total=True)) == [
        ["Customer", "Outstanding"], ["A", "1.00"], ["B", "2.00"], ["Total", "3.00"],
    ]  # fmt: skip


def test_a_column_of_which_nothing_is_known_has_no_total():
    """Limits of the insurer: none known in dollars, one of two in euros."""
    frame = pd.DataFrame(
        {
            "customer_name": list("ABCD"),
            "currency": ["EUR", "EUR", "USD", "USD"],
            "insurer_limit": [None, 5.0, None, None],
        }
    )
    found = rows(table(frame, "en", total=True))
    assert [line[-1] for line in found[-2:]] == ["5.00", "–"]
    alone = rows(table(frame.tail(2), "en", total=True, limit=1))
    assert [line[-1] for line in alone[-3:]] == ["–", "–", "–"]


def test_amounts_in_several_currencies_are_not_summed():
    """The items' own amounts stand beside those of the books: only the latter add up."""
    frame = pd.DataFrame(
        {"document": ["A", "B"], "currency": "EUR", "open_amount": [10.0, 9.0], "item_currency": ["EUR", "USD"],
         "item_amount": [10.0, 11.0]}
    )  # fmt: skip
    assert rows(table(frame, "en", total=True))[-1] == ["Total", "19.00", "", ""]


def test_nothing_to_show_is_said():
    empty = pd.DataFrame({"customer_name": [], "total": []})
    assert "<p>Rien à signaler.</p>" in table(empty, "fr", total=True)
    assert "<p>Nothing to report.</p>" in table(empty, "en")
    assert "Rien à signaler." in display.said(None, "fr")
    assert display.said("no_sales", "fr") == "<p>Aucun chiffre d'affaires sur la période.</p>".replace("'", "&#x27;")


def test_missing_values():
    frame = pd.DataFrame(
        {"customer_name": ["A", None], "due_date": [pd.NaT, pd.Timestamp("2026-01-31")], "days_late": [np.nan, 3.0],
         "overdue": [None, 5.0], "collector": [None, None], "at_least_days": [np.nan, np.nan]}
    )  # fmt: skip
    found = rows(table(frame, "fr", total=True))
    assert found[0] == ["Client", "Échéance", "Retard (j)", "Échu"]  # a column without any value is left out
    assert found[1:] == [["A", "–", "–", "–"], ["", "31/01/2026", "3", "5,00"], ["Total", "", "", "5,00"]]


def test_a_balance_nobody_knows_is_shown_as_unknown():
    frame = pd.DataFrame({"line": ["open_items"], "balance": [np.nan]})
    assert rows(table(frame, "fr")) == [["Ligne", "Solde"], ["Pièces ouvertes et crédits non lettrés", "–"]]


def test_whole_numbers_with_blanks():
    frame = pd.DataFrame({"customer_name": ["A", "B"], "days_late": pd.array([None, 12], dtype="Int64")})
    assert rows(table(frame, "fr"))[1:] == [["A", "–"], ["B", "12"]]


def test_flags_are_said_in_words():
    frame = pd.DataFrame({"document": ["A", "B"], "disputed": [True, False], "total": [1.0, 2.0]})
    assert rows(table(frame, "fr", total=True)) == [
        ["Facture ou règlement", "dont litiges", "Encours"], ["A", "oui", "1,00"], ["B", "non", "2,00"],
        ["Total", "", "3,00"],
    ]  # fmt: skip


def test_columns_are_chosen_and_absent_ones_left_out():
    frame = pd.DataFrame({"total": [1.0], "customer_name": ["A"]})
    assert rows(table(frame, "en", columns=["customer_name", "nowhere", "total"]))[0] == ["Customer", "Outstanding"]


def test_the_table_given_is_left_as_it_was():
    frame = pd.DataFrame({"customer_name": ["A", "B"], "currency": ["EUR", "USD"], "total": [1.0, 2.0]}, index=[5, 5])
    before = frame.copy()
    table(frame, "fr", total=True, limit=1)
    pd.testing.assert_frame_equal(frame, before)


# --- aged balance -------------------------------------------------------------------------------------------------

INVOICES = [
    {"item_id": "A", "customer_id": "C1", "issue_date": "2026-04-01", "due_date": "2026-05-01", "amount": 100.0},
    {"item_id": "B", "customer_id": "C2", "issue_date": "2026-05-01", "due_date": "2026-07-01", "amount": 1000.0},
    {"item_id": "C", "customer_id": "C3", "issue_date": "2026-01-01", "due_date": "2026-01-31", "amount": 300.0},
    {"item_id": "D", "customer_id": "C4", "issue_date": "2026-06-01", "due_date": "2026-06-30", "amount": 50.0},
]


def test_largest_overdue_first_with_names_and_a_total():
    ledger = make_ledger(INVOICES)
    aged = receivables.aged_balance(receivables.open_items(ledger, "2026-06-30"), "2026-06-30")
    found = rows(display.aged_balance(aged, ledger, "en", limit=2))
    assert found[0][:4] == ["Customer no.", "Customer", "Outstanding", "Not due"]
    assert [line[0] for line in found[1:]] == ["C3", "C1", "2 others", "Total"]
    # C: 150 days late, over 120; A: 60 days late; B and D are not late on 30 June
    assert found[-1][2:] == ["1,450.00", "1,050.00", "0.00", "100.00", "0.00", "0.00", "300.00", "0.00"]


def test_names_come_from_any_engine():
    ledger = make_ledger(INVOICES)
    ledger.customers = pl.from_pandas(ledger.customers)
    frame = pd.DataFrame({"customer_id": ["C2", "C9", "C1"]})
    assert display.with_names(frame, ledger)["customer_name"].tolist()[::2] == ["C2", "C1"]


# --- key figures and headline -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def figures():
    return dashboard.key_figures(make_ledger(INVOICES), "2026-06-30")


def plain(shown):
    text = re.sub(r"<style>.*?</style>|<[^>]+>", " ", shown, flags=re.DOTALL)
    return " ".join(unescape(text).replace(HARD, " ").replace(THIN, " ").split())


def test_cards_show_value_formula_and_inputs(figures):
    shown = plain(display.key_figures(figures, "fr"))
    assert "Encours client 1 450,00 EUR" in shown
    assert "Taux d'échu 27,6 %" in shown  # 400 / 1 450
    assert "Formule : échu / encours brut" in shown
    assert "Données : Échu 400,00 EUR, Encours brut (hors crédits non lettrés) 1 450,00 EUR" in shown
    assert "nan" not in shown.lower()
    assert len(re.findall('class="cm-card"', display.key_figures(figures, "fr"))) == len(figures)
    assert "Formula : overdue / gross outstanding" in plain(display.key_figures(figures, "en"))


def test_what_cannot_be_computed_says_why():
    ledger = make_ledger(INVOICES, complete_sales=False)
    shown = plain(display.key_figures(dashboard.key_figures(ledger, "2026-06-30"), "fr"))
    assert "DSO épuisement non calculable : le fichier ne contient que les pièces non soldées" in shown
    said = display.headline(
        dashboard.key_figures(ledger, "2026-06-30"), 4, pd.Timestamp("2026-06-30"), LoadReport(), "en"
    )
    assert "The DSO is not computable: the file lists open items only: sales are not known." in plain(said)


def test_headline(figures):
    report = LoadReport(files=["f.csv"], rows_read=10, rows_refused=2, refused_amounts={"USD": 5.0, "EUR": 1234.5})
    said = plain(display.headline(figures, 4, pd.Timestamp("2026-06-30"), report, "fr"))
    assert said.startswith("Au 30/06/2026,")
    for part in ("1 450,00 EUR", "400,00 EUR", "27,6 %", "2 ligne(s) refusée(s)", "1 234,50 EUR, 5,00 USD"):
        assert part in said
    assert "4 clients" in said
    one = plain(display.headline(figures, 1, pd.Timestamp("2026-06-30"), LoadReport(), "fr"))
    assert "1 client " in one
    assert "refusée" not in one


def test_headline_with_refused_rows_nobody_can_add_up(figures):
    report = LoadReport(files=["f.csv"], rows_read=10, rows_refused=2)
    report.add("ledger_refused_unread", "warning", count=2, n=2)
    said = plain(display.headline(figures, 4, pd.Timestamp("2026-06-30"), report, "fr"))
    assert "2 ligne(s) refusée(s) à la lecture, pour un montant illisible" in said
    assert "2 lignes refusées sans montant ni devise lisibles" in said


def test_headline_gives_the_change_since_the_month_before(figures):
    # on 31 May: A and C late, 400 of 1 400 (D is of June): 28.57 %; on 30 June 27.59 %: down 1.0 point
    said = plain(display.headline(figures, 4, pd.Timestamp("2026-06-30"), LoadReport(), "en"))
    assert "The overdue rate fell by 1.0 point in a month." in said


def test_headline_names_the_unknown_age():
    ledger = make_ledger([*INVOICES, {"item_id": "Z", "kind": "opening", "booking_date": "2026-01-01", "amount": 77.0}])
    figures = dashboard.key_figures(ledger, "2026-06-30")
    said = plain(display.headline(figures, 4, pd.Timestamp("2026-06-30"), LoadReport(), "fr"))
    assert "Attention : 77,00 EUR sont d'âge inconnu" in said


# --- quality of the data ------------------------------------------------------------------------------------------


def test_defects_gravest_first_and_escaped():
    report = LoadReport(files=["f.csv"], rows_read=3)
    report.add("empty_file", "note", file="f.csv")
    report.add("bad_amount", "error", file="<b>f</b>.csv", line=3, value="<script>")
    report.add("empty_file", "warning", file="f.csv")
    found = display.defects(report, "fr")
    assert found["level"].tolist() == ["erreur", "à vérifier", "hypothèse"]
    assert "<script>" not in table(found, "fr").removeprefix(display.CSS)
    assert list(display.defects(LoadReport(), "fr").columns) == ["level", "said"]
    counts = plain(display.counts(LoadReport(["f.csv"], 3, 1, {"EUR": 2.0}), "fr"))
    assert counts == "Lu : f.csv ; lignes lues : 3 ; lignes refusées : 1 Montant des lignes refusées : 2,00 EUR"


def test_html_is_shown_by_a_notebook_and_short_in_a_terminal():
    shown = table(pd.DataFrame({"total": [1.0]}), "fr")
    assert shown._repr_html_() == str(shown)
    assert repr(shown) == f"Html({len(shown)} characters)"


def test_signals_stand_a_customer_a_row():
    """Amounts once, though the customer has two signals; its text stays as written."""
    row = {"customer_id": "C1", "customer_name": "<b>A", "collector": None, "currency": "EUR", "outstanding": 50.0,
           "overdue": 20.0, "signals": 2, "unit": "days", "second_measured": None, "second_unit": None,
           "second_threshold": None, "detail": None}  # fmt: skip
    found = pd.DataFrame(
        [
            row | {"signal": "old_dispute", "measured": 120.0, "threshold": 90.0},
            row | {"signal": "slower_payer", "measured": 12.0, "threshold": 10.0},
        ]
    )
    for language, between in (("fr", " ; "), ("en", "; ")):
        (shown,) = display.signals(found, language).to_dict("records")
        assert shown["outstanding"] == 50.0
        assert shown["said"].count(between) == 1
        assert shown["customer_name"] == "<b>A"


def test_states_of_a_matrix_are_worded_as_states():
    matrix = pd.DataFrame({"from_state": ["d1_30", "disputed"], "paid": [1.0, 0.0], "disputed": [0.0, 1.0]})
    page = display.table(display.migration(matrix), "fr", kind="rate")
    assert "dont litiges" not in page
    assert page.count("Litige") == 2
