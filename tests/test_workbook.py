"""The workbook: real numbers and dates, formulas that hold what they show, text that stays text."""

import datetime as dt
import os
import stat

import numpy as np
import openpyxl
import pandas as pd
import pytest

from cmtools import workbook
from cmtools.files import written_whole
from cmtools.schemas import InputError
from cmtools.workbook import Sheet, write

AGED = pd.DataFrame(
    {
        "customer_id": ["00042", "C2", "C3"],
        "customer_name": ["Alpha", "Béta", "Gamma"],
        "currency": ["EUR", "USD", "EUR"],
        "total": [130.1, 20.2, -5.05],
        "not_due": [100.0, 20.2, 0.0],
        "d1_30": [30.1, 0.0, 0.0],
        "over_30": [0.0, 0.0, 0.0],
        "unallocated": [0.0, 0.0, -5.05],
    }
)
HOSTILE = [
    "<script>alert(1)</script>", '=HYPERLINK("http://x")', "+1+1", "-2", "@SUM(A1)", "http://example.org/", "00042",
    "1234", "internal:Sheet1!A1", "mailto:a@b.example", "{=1+1}", "x" * 300, "שלום", "a\nb", "_x0041_", "\x07bell",
    "TRUE",
]  # fmt: skip


def load(path, values=False):
    return openpyxl.load_workbook(path, data_only=values)


@pytest.fixture
def made(tmp_path):
    """Write sheets and read them back: formulas, then cached values."""

    def make(*sheets, language="fr"):
        path = write(tmp_path / "t.xlsx", sheets, language)
        return load(path), load(path, values=True)

    return make


def test_types_formats_and_frozen_headings(made):
    frame = pd.DataFrame(
        {
            "customer_id": ["00042"],
            "due_date": pd.to_datetime(["2026-06-30"]),
            "month": pd.to_datetime(["2026-06-01"]),
            "open_amount": [1234.5],
            "overdue_rate": [0.125],
            "dso_balance": [41.25],
            "days_late": [12],
            "kind": ["credit_note"],
        }
    )
    formulas, _ = made(Sheet("Pièces", frame))
    sheet = formulas["Pièces"]
    assert [cell.value for cell in sheet[1]] == [
        "N° client", "Échéance", "Mois", "Reste dû", "Taux d'échu", "DSO comptable", "Retard (j)", "Nature",
    ]  # fmt: skip
    assert [cell.data_type for cell in sheet[2]] == ["s", "d", "d", "n", "n", "n", "n", "s"]
    assert [cell.value for cell in sheet[2]] == [
        "00042", dt.datetime(2026, 6, 30), dt.datetime(2026, 6, 1), 1234.5, 0.125, 41.25, 12, "Avoir",
    ]  # fmt: skip
    assert [cell.number_format for cell in sheet[2]][1:7] == [
        "dd/mm/yyyy", "mm/yyyy", "#,##0.00", "0.0%", "0.0", "#,##0",
    ]  # fmt: skip
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:H2"
    english, _ = made(Sheet("Items", frame), language="en")
    assert [cell.value for cell in english["Items"][1]][:2] == ["Customer no.", "Due date"]
    assert english["Items"]["H2"].value == "Credit note"


def test_totals_are_formulas_with_the_value_they_give(made):
    frame = AGED[AGED["currency"] == "EUR"].drop(columns="currency")
    formulas, values = made(Sheet("Balance", frame, total=True))
    sheet, cached = formulas["Balance"], values["Balance"]
    assert [cell.value for cell in sheet[4]] == [
        "Total", None, "=SUM(C2:C3)", "=SUM(D2:D3)", "=SUM(E2:E3)", "=SUM(F2:F3)", "=SUM(G2:G3)",
    ]  # fmt: skip
    assert [cell.value for cell in cached[4]][2:] == [125.05, 100.0, 30.1, 0.0, -5.05]
    # the total of a line is the sum of its own buckets
    assert [sheet["C2"].value, sheet["C3"].value] == ["=D2+E2+F2+G2", "=D3+E3+F3+G3"]
    for line in (2, 3):
        assert cached[f"C{line}"].value == pytest.approx(sum(cached.cell(line, column).value for column in range(4, 8)))
    assert sheet["C4"].number_format == "#,##0.00"
    assert sheet["C4"].font.bold


def test_each_currency_has_its_own_total(made):
    formulas, values = made(Sheet("Balance", AGED, total=True), language="en")
    sheet, cached = formulas["Balance"], values["Balance"]
    assert [sheet.cell(line, 1).value for line in (5, 6)] == ["Total EUR", "Total USD"]
    assert [sheet.cell(line, 4).value for line in (5, 6)] == [
        '=SUMIF(C2:C4,"EUR",D2:D4)', '=SUMIF(C2:C4,"USD",D2:D4)',
    ]  # fmt: skip
    by_hand = {"EUR": [125.05, 100.0, 30.1, 0.0, -5.05], "USD": [20.2, 20.2, 0.0, 0.0, 0.0]}
    assert [cell.value for cell in cached[5]][3:] == by_hand["EUR"]
    assert [cell.value for cell in cached[6]][3:] == by_hand["USD"]
    assert sheet.max_row == 6


def test_a_column_of_which_nothing_is_known_has_no_total(made):
    """A SUM of blank cells would say nil."""
    frame = pd.DataFrame(
        {"document": ["A", "B"], "currency": ["EUR", "USD"], "open_amount": [10.0, 9.0], "insurer_limit": [None, 5.0]}
    )
    formulas, _ = made(Sheet("x", frame, total=True))
    assert [[cell.value for cell in formulas["x"][line]][2:] for line in (4, 5)] == [
        ['=SUMIF(B2:B3,"EUR",C2:C3)', None],
        ['=SUMIF(B2:B3,"USD",C2:C3)', '=SUMIF(B2:B3,"USD",D2:D3)'],
    ]
    assert formulas["x"]["D4"].number_format == "#,##0.00"


def test_amounts_in_the_items_own_currencies_have_no_total(made):
    frame = pd.DataFrame(
        {"document": ["A", "B"], "currency": "EUR", "open_amount": [10.0, 9.0], "item_currency": ["EUR", "USD"],
         "item_amount": [10.0, 11.0]}
    )  # fmt: skip
    formulas, _ = made(Sheet("x", frame, total=True))
    assert [cell.value for cell in formulas["x"][4]] == ["Total", None, "=SUM(C2:C3)", None, None]


def test_text_stays_text(made):
    frame = pd.DataFrame({"customer_name": HOSTILE, "document": HOSTILE[::-1], "kind": HOSTILE})
    formulas, _ = made(Sheet("Clients", frame, total=True))
    sheet = formulas["Clients"]
    for line, name in enumerate(HOSTILE, start=2):
        for column in (1, 3):
            found = sheet.cell(line, column)
            assert found.data_type == "s", name
            assert found.hyperlink is None
            text = openpyxl.utils.escape.unescape(found.value)
            assert text == openpyxl.utils.escape.unescape(name)
    assert [cell.data_type for cell in sheet["B"]] == ["s"] * (len(HOSTILE) + 1) + ["n"]


def test_blanks_stay_blank_and_zero_stays_zero(made):
    frame = pd.DataFrame(
        {
            "customer_name": ["A", None, np.nan],
            "due_date": pd.to_datetime(["2026-06-30", None, None]),
            "overdue": [0.0, np.nan, 5.0],
            "days_late": pd.array([None, 0, 3], dtype="Int64"),
            "is_disputed": ["yes", None, None],
        }
    )
    formulas, values = made(Sheet("x", frame, total=True))
    found = [[cell.value for cell in line] for line in formulas["x"].iter_rows(min_row=2, max_row=4)]
    assert found == [
        ["A", dt.datetime(2026, 6, 30), 0, None, "oui"], [None, None, None, 0, None], [None, None, 5, 3, None],
    ]  # fmt: skip
    assert [cell.value for cell in values["x"][5]][2] == 5


def test_an_empty_table_is_its_headings_and_the_reason(made):
    formulas, _ = made(Sheet("vide", AGED.head(0), total=True), Sheet("sans", AGED.head(0), otherwise="no_accounts"))
    assert formulas["vide"]["D1"].value == "Encours"
    assert [cell.value for cell in formulas["vide"][2]] == ["Rien à signaler.", *[None] * 7]
    assert formulas["sans"]["A2"].value == "la source ne contient pas les comptes de la balance générale"
    assert formulas["sans"].max_row == 2


def test_tables_of_a_report_are_kept_whole_and_named_on_the_page(tmp_path):
    tables = workbook.Tables("en")
    page = tables.show("aged", AGED, columns=["customer_id", "nothing", "currency", "total"], limit=1, total=True)
    assert 'data-sheet="Aged balance"' in page
    assert page.count("<tr") == 1 + 1 + 2 + 2  # headings, a row, the others and the total of each currency
    tables.keep("items", AGED)
    said = tables.show("disputes", AGED.head(0), otherwise="not_in_source")
    assert said == "<p>The source does not tell.</p>"
    book = load(tables.write(tmp_path / "t.xlsx"))
    assert book.sheetnames == ["Aged balance", "Open items", "Disputes by cause"]
    assert [cell.value for cell in book["Aged balance"][1]] == ["Customer no.", "Currency", "Outstanding"]
    assert book["Aged balance"].max_row == 1 + 3 + 2


def test_a_matrix_of_shares_is_written_as_shares(made):
    """Its columns are named like the buckets of an aged balance, and hold no money; its total is no formula."""
    frame = pd.DataFrame({"from_state": ["d1_30"], "paid": [0.75], "not_due": [0.25], "total": [1.0]})
    formulas, _ = made(Sheet("x", frame, kind="rate"))
    assert [cell.value for cell in formulas["x"][2]] == ["1–30\u00a0j", 0.75, 0.25, 1.0]
    assert [cell.number_format for cell in formulas["x"][2]][1:] == ["0.0%"] * 3


def test_titles_that_a_spreadsheet_accepts(made):
    titles = ["a/b:c*d?e[f]g\\h", "a" * 40, "A" * 40, "'quoted'", "", "Épuisement", "épuisement"]
    formulas, _ = made(*(Sheet(title, AGED.head(1)) for title in titles))
    names = formulas.sheetnames
    assert names == ["a b c d e f g h", "a" * 31, "A" * 28 + " 2", "quoted", "1", "Épuisement", "épuisement 2"]
    assert len({name.lower() for name in names}) == len(titles)


def test_custom_buckets_are_in_the_line_total(made):
    """`over_30` of this table is no default bucket: its amounts are in the formula all the same."""
    formulas, _ = made(Sheet("x", AGED))
    assert formulas["x"]["D2"].value == "=E2+F2+G2+H2"


def test_nothing_is_left_when_writing_fails(tmp_path):
    path = tmp_path / "report.xlsx"
    with pytest.raises((TypeError, ValueError)):
        write(path, [Sheet("good", AGED), Sheet("bad", pd.DataFrame({"overdue": [float("inf")]}))])
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_stays_when_writing_fails(tmp_path):
    path = write(tmp_path / "report.xlsx", [Sheet("good", AGED)])
    before = path.read_bytes()
    with pytest.raises((TypeError, ValueError)):
        write(path, [Sheet("bad", pd.DataFrame({"overdue": [float("inf")]}))])
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["report.xlsx"]


def test_too_many_rows_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "LARGEST", 2)
    with pytest.raises(ValueError, match="3 rows"):
        write(tmp_path / "t.xlsx", [Sheet("x", AGED)])
    assert list(tmp_path.iterdir()) == []


def test_table_given_is_left_alone(made):
    before = AGED.copy()
    made(Sheet("x", AGED, total=True))
    pd.testing.assert_frame_equal(AGED, before)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipe on this system")
def test_what_is_no_file_is_not_replaced(tmp_path):
    place = tmp_path / "pipe.xlsx"
    os.mkfifo(place)
    with pytest.raises(InputError, match="pipe"), written_whole(place):
        pytest.fail("nothing may be written")
    assert stat.S_ISFIFO(place.stat().st_mode)
    assert list(tmp_path.iterdir()) == [place]
