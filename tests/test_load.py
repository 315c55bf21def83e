"""Loading ledgers: every rule on a small hand-written file, and two real ledgers counted another way."""

import csv
import datetime as dt
import gzip
import io
import random
import re
import zipfile
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledgers import B2B

from cmtools import columns, files, load
from cmtools.language import _texts, label
from cmtools.load import read_ledger, sniff
from cmtools.receivables import open_items
from cmtools.schemas import (
    BUYERS,
    CUSTOMERS,
    GOODS,
    INVOICE_KINDS,
    INVOICES,
    SETTLEMENT_KINDS,
    SETTLEMENTS,
    TRIAL_BALANCE,
    InputError,
    Ledger,
)
from cmtools.terms import READINGS

HEAD = "Facture;N° client;Client;Date facture;Échéance;Montant TTC"
INVOICE_HEAD = (
    "Pièce;Facture;Nature;N° client;Client;Date facture;Échéance;Date comptable;Devise;Montant TTC;Montant TTC EUR;"
    "Montant HT;Taux TVA;Régime TVA;Retenue de garantie;Litige du;Litige clos le;Motif du litige;"
    "Douteux depuis le;Compte"
)
SETTLEMENT_HEAD = (
    "N° règlement;Pièce;N° client;Référence;Nature;Devise;Montant;Montant EUR;Date règlement;Date lettrage;Compte"
)
CUSTOMER_HEAD = (
    "N° client;Client;Groupe;Segment;Chargé de recouvrement;Commercial;Limite de crédit;Limite assureur;"
    "Conditions de règlement;Contact règlement;Pays;SIREN"
)


@pytest.fixture
def file_name():
    return "ledger.csv"


def defects(error, *fields):
    return [tuple(getattr(defect, name) for name in fields or ("code", "line")) for defect in error.value.defects]


def codes(ledger, level=None):
    return {defect.code for defect in ledger.report.defects if level in (None, defect.level)}


def rows(*lines, head=HEAD):
    return "\n".join([head, *lines]) + "\n"


# --- the ordinary ledger -----------------------------------------------------------------------------------------


def sample(write):
    invoices = write(
        rows(
            "P1;F1;Facture;00042;Alpha & Fils;31/01/2026;02/03/2026;31/01/2026;EUR;1 200,00;1 200,00;1 000,00;20 %;"
            "Normal;"
            "non;15/03/2026;;Quantité;;411000",
            "P2;F2;Facture;00043;Bêta;15/02/2026;17/03/2026;16/02/2026;USD;550,00;500,00;550,00;0;Export;non;;;;;411000",
            "P3;F3;Avoir;00042;Alpha & Fils;20/02/2026;20/02/2026;20/02/2026;EUR;-120,00;-120,00;-100,00;0,2;"
            "Normal;non;;;;;",
            "P4;F1;Facture;00042;Alpha;31/01/2026;;31/01/2026;EUR;60,00;60,00;50,00;20;Autoliquidation;oui;;;;;",
            head=INVOICE_HEAD,
        ),
        "factures.csv",
    )
    settlements = write(
        rows(
            "R1;P1;00042;VIR 1;Encaissement;EUR;700,00;700,00;10/03/2026;12/03/2026;512000",
            "R2;P1;00042;;Avoir;EUR;120,00;120,00;20/02/2026;25/02/2026;",
            "R2;P3;00042;;Avoir;EUR;-120,00;-120,00;20/02/2026;25/02/2026;",
            "R3;;00043;VIR 2;Encaissement;USD;50,00;45,00;20/03/2026;;512000",
            head=SETTLEMENT_HEAD,
        ),
        "reglements.csv",
    )
    customers = write(
        rows(
            "00042;Alpha & Fils;G1;PME;Anne;Luc;10 000,00;5 000,00;45 jours fin de mois;"
            "compta@alpha.example;FR;123456789",
            "00043;Bêta;;Export;;;;;;;US;",
            head=CUSTOMER_HEAD,
        ),
        "clients.csv",
    )
    return invoices, settlements, customers


def test_three_files_with_french_headings(write):
    ledger = read_ledger(*sample(write))
    invoices, settlements, customers = ledger.invoices, ledger.settlements, ledger.customers
    assert list(invoices.columns) == [column.name for column in INVOICES]
    assert list(settlements.columns) == [column.name for column in SETTLEMENTS]
    assert list(customers.columns) == [column.name for column in CUSTOMERS]
    assert invoices["item_id"].tolist() == ["P1", "P2", "P3", "P4"]
    assert invoices["customer_id"].tolist() == ["00042", "00043", "00042", "00042"]
    assert invoices["kind"].tolist() == ["invoice", "invoice", "credit_note", "invoice"]
    assert invoices["amount"].tolist() == [1200.0, 550.0, -120.0, 60.0]
    assert invoices["book_amount"].tolist() == [1200.0, 500.0, -120.0, 60.0]
    assert invoices["vat_rate"].tolist() == [0.2, 0.0, 0.2, 0.2]
    assert invoices["vat_regime"].tolist() == ["standard", "export", "standard", "reverse_charge"]
    assert invoices["retention"].tolist() == [False, False, False, True]
    assert invoices["booking_date"].iloc[1] == pd.Timestamp("2026-02-16")
    assert invoices["due_date"].isna().tolist() == [False, False, False, True]
    assert invoices["dispute_from"].iloc[0] == pd.Timestamp("2026-03-15")
    assert invoices["dispute_reason"].iloc[0] == "Quantité"
    assert settlements["kind"].tolist() == ["cash", "credit_note", "credit_note", "cash"]
    assert settlements["amount"].tolist() == [700.0, 120.0, -120.0, 50.0]
    assert settlements["match"].isna().tolist() == [False, False, False, True]
    assert settlements["allocation_date"].iloc[0] == pd.Timestamp("2026-03-12")
    assert customers["credit_limit"].iloc[0] == 10000.0
    assert customers["siren"].iloc[0] == "123456789"
    assert customers["customer_name"].tolist() == ["Alpha & Fils", "Bêta"]
    assert ledger.dated_allocation
    assert ledger.complete_sales
    assert ledger.report.rows_read == 4 + 4 + 2
    assert not ledger.report.of_level("fatal", "error", "warning")
    assert str(invoices["issue_date"].dtype).startswith("datetime64")
    assert invoices["retention"].dtype == bool


def as_workbook(path, tables, dates=True):
    """Write CSV texts as sheets with real numbers and dates."""
    book = xlsxwriter.Workbook(str(path))
    style = book.add_format({"num_format": "dd/mm/yyyy"})
    for name, file in tables.items():
        sheet = book.add_worksheet(name)
        table = list(csv.reader(file.read_text(encoding="utf-8").splitlines(), delimiter=";"))
        for row, cells in enumerate(table):
            for column, cell in enumerate(cells):
                heading = table[0][column]
                if row and cell and heading.startswith(("Montant", "Limite")):
                    sheet.write_number(row, column, float(cell.replace(" ", "").replace(",", ".")))
                elif row and cell.count("/") == 2 and dates:
                    sheet.write_datetime(row, column, dt.datetime.strptime(cell, "%d/%m/%Y"), style)
                else:
                    sheet.write_string(row, column, cell)
    book.close()
    return path


def equal(left: Ledger, right: Ledger):
    for table in ("invoices", "settlements", "customers"):
        pd.testing.assert_frame_equal(getattr(left, table), getattr(right, table))
    assert left.complete_sales == right.complete_sales
    assert left.dated_allocation == right.dated_allocation


def test_workbook_of_three_sheets_equals_the_three_files(write, tmp_path):
    paths = sample(write)
    book = as_workbook(tmp_path / "grand_livre.xlsx", dict(zip(("Factures", "Règlements", "Clients"), paths)))
    equal(read_ledger(book), read_ledger(*paths))
    shuffled = as_workbook(tmp_path / "x.bin", dict(zip(("A", "B", "C"), reversed(paths))))
    equal(read_ledger(shuffled), read_ledger(*paths))


# --- every way of writing the same content ------------------------------------------------------------------------

PLAIN = [
    ["Facture", "N° client", "Client", "Date facture", "Échéance", "Montant TTC", "Reste dû"],
    ["F1", "007", "Société Générique", "2026-01-31", "2026-03-02", "1234.50", "1234.50"],
    ["F2", "008", "Café; «Bon» | thé", "2026-02-13", "2026-03-15", "-12.00", "-12.00"],
    ["F3", "008", "Café; «Bon» | thé", "2026-03-01", "2026-03-31", "1000000.05", "1000000.05"],
]


def styled(
    separator=";", decimal=",", thousands="", order="%d/%m/%Y", quoting=csv.QUOTE_MINIMAL, minus="-{}", end="\n"
):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, quoting=quoting, lineterminator=end)
    writer.writerow(PLAIN[0])
    for row in PLAIN[1:]:
        cells = row[:3]
        cells += [dt.date.fromisoformat(day).strftime(order) for day in row[3:5]]
        for amount in row[5:]:
            number = f"{abs(Decimal(amount)):,.2f}".replace(",", "§").replace(".", decimal).replace("§", thousands)
            cells.append(minus.format(number) if amount.startswith("-") else number)
        writer.writerow(cells)
    return out.getvalue()


VARIANTS = {
    "comma, point": styled(",", ".", "", "%Y-%m-%d"),
    "tab": styled("\t"),
    "pipe, quoted all": styled("|", quoting=csv.QUOTE_ALL),
    "crlf": styled(end="\r\n"),
    "cr": styled(end="\r"),
    "compact dates": styled(order="%Y%m%d"),
    "month first": styled(order="%m/%d/%Y"),
    "two-digit year": styled(order="%d-%m-%y"),
    "dots": styled(order="%d.%m.%Y"),
    "midnight": styled(order="%d/%m/%Y 00:00:00"),
    "iso time": styled(order="%Y-%m-%dT00:00:00"),
    "space": styled(thousands=" "),
    "no-break space": styled(thousands="\u00a0"),
    "narrow space": styled(thousands="\u202f"),
    "apostrophe": styled(thousands="'"),
    "point thousands": styled(thousands="."),
    "comma thousands": styled(decimal=".", thousands=","),
    "trailing minus": styled(minus="{}-"),
    "brackets": styled(minus="({})"),
    "unicode minus": styled(minus="−{}"),
    "euro": styled().replace("1234,50", "1234,50 €").replace("-12,00", "€-12,00"),
    "title first": "Balance clients\n\n" + styled(),
    "excel hint": "sep=;\n" + styled(),
    "blank lines": styled().replace("\n", "\n\n") + ";;;;;;\n",
    "padded": styled().replace("F1;007;", " F1 ; 007 ;"),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_of_one_content_load_equal(variant, write):
    expected = read_ledger(write(styled(), "base.csv"))
    assert expected.invoices["amount"].tolist() == [1234.5, -12.0, 1000000.05]
    assert expected.invoices["customer_id"].tolist() == ["007", "008", "008"]
    assert expected.invoices["issue_date"].tolist() == [pd.Timestamp(row[3]) for row in PLAIN[1:]]
    equal(read_ledger(write(VARIANTS[variant])), expected)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "cp850", "mac_roman"])
def test_encodings_told_apart(encoding, write):
    text = styled().replace("«Bon»", "élève à Noël, ça ira")
    expected = read_ledger(write(text, "base.csv"))
    ledger = read_ledger(write(text, encoding=encoding))
    equal(ledger, expected)
    assert ("ledger_encoding" in codes(ledger)) == encoding.startswith(("cp", "mac"))
    equal(read_ledger(write(text, encoding=encoding), encoding=encoding), expected)


def test_damaged_utf8_is_not_read_as_another_code_page(write):
    data = rows("F1;1;Élève é;31/01/2026;;10,00", "F2;1;Noël;31/01/2026;;10,00").encode().replace("ë".encode(), b"\xc3")
    with pytest.raises(InputError) as error:
        read_ledger(write(data))
    assert defects(error) == [("ledger_bad_encoding", 3)]


PAID_HEAD = "Facture;N° client;Date facture;Échéance;Montant TTC;Montant réglé;Date de règlement"


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.encode("ascii", "replace"),  # r?gl?
        lambda text: text.encode("ascii", "replace").replace(b"?", b"\xef\xbf\xbd"),  # the replacement character
        lambda text: text.encode().decode("cp1252").encode(),  # rÃ©glÃ©
    ],
)
def test_headings_that_lost_their_accents_are_refused(damage, write):
    """Else what is paid would be read as open: 100 instead of 40."""
    text = rows("F1;C1;31/01/2026;02/03/2026;100,00;60,00;10/02/2026", head=PAID_HEAD)
    text = text.replace("N° client", "Code client")
    ledger = read_ledger(write(text))
    assert ledger.invoices["amount"].sum() - ledger.settlements["amount"].sum() == 40.0
    with pytest.raises(InputError) as error:
        read_ledger(write(damage(text)))
    (defect,) = error.value.defects
    assert defect.code == "ledger_damaged_headings"
    assert len(defect.details["found"]) == 3  # Échéance, Montant réglé, Date de règlement
    # A heading that asks a question, or has a sign of its own, is only unknown.
    odd = read_ledger(write(text.replace("Échéance", "Relancé ?")))
    assert "ledger_unknown_headings" in codes(odd)


def test_gzip_workbook_kinds_and_parquet(write, tmp_path):
    base = read_ledger(write(styled(), "base.csv"))
    equal(read_ledger(write(gzip.compress(styled().encode()), "l.csv.gz")), base)
    frame = pl.DataFrame(PLAIN[1:], schema=PLAIN[0], orient="row").with_columns(
        pl.col("Date facture", "Échéance").str.to_date(), pl.col("Montant TTC", "Reste dû").cast(pl.Float64)
    )
    frame.write_parquet(tmp_path / "l.parquet")
    equal(read_ledger(tmp_path / "l.parquet"), base)
    frame.with_columns(
        pl.col("Montant TTC").cast(pl.Decimal(12, 2)), pl.col("Échéance").cast(pl.Datetime)
    ).write_parquet(tmp_path / "renamed.csv")
    equal(read_ledger(tmp_path / "renamed.csv"), base)
    book = xlsxwriter.Workbook(str(tmp_path / "l.xlsx"))
    sheet = book.add_worksheet("Feuil1")
    for row, cells in enumerate(PLAIN):
        for column, cell in enumerate(cells):
            sheet.write(row + 2, column + 1, float(cell) if row and column > 4 else cell)
    book.close()
    equal(read_ledger(tmp_path / "l.xlsx"), base)
    equal(read_ledger(write(ods(PLAIN), "l.ods")), base)


def ods(table):
    """Smallest OpenDocument sheet of texts."""
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell.replace("&", "&amp;")}</text:p>'
            "</table:table-cell>"
            for cell in row
        )
        + "</table:table-row>"
        for row in table
    )
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    xml = (
        f"<?xml version='1.0'?><office:document-content {names}><office:body><office:spreadsheet>"
        f'<table:table table:name="T">{cells}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", xml)
        archive.writestr(
            "META-INF/manifest.xml",
            "<?xml version='1.0'?><manifest:manifest "
            "xmlns:manifest='urn:oasis:names:tc:opendocument:xmlns:manifest:1.0'/>",
        )
    return out.getvalue()


def test_fast_and_careful_readers_agree(write, monkeypatch):
    text = rows(
        '"F1";1;"say ""hi""\nand more";31/01/2026;;10,00', "F2;2;plain;13/02/2026;;20,00", 'F3;3;x;14/02/2026;;"oops"'
    )
    with pytest.raises(InputError) as fast:
        read_ledger(write(text))
    monkeypatch.setattr(files, "_fast_columns", lambda *_: None)
    with pytest.raises(InputError) as slow:
        read_ledger(write(text))
    assert fast.value.defects == slow.value.defects
    assert defects(fast) == [("bad_amount", 5)]  # the quoted text of F1 takes lines 2 and 3


@pytest.mark.parametrize("quoted", [False, True])
def test_two_stray_quotes_do_not_swallow_the_rows_between(quoted, write):
    """« "Alpha » and « Bêta" » would make one name of all that stands between; 20 and 30 euros would be lost."""
    text = rows(
        'F1;1;"Alpha;31/01/2026;;10,00', "F2;2;Plain;31/01/2026;;20,00", 'F3;3;Bêta";31/01/2026;;30,00',
        '"F4";4;"a;b\nc";31/01/2026;;40,00' if quoted else "F4;4;c;31/01/2026;;40,00",
    )  # fmt: skip
    with pytest.raises(InputError) as error:
        read_ledger(write(text))
    assert defects(error) == [("ledger_unbalanced_quotes", 2)]
    ledger = read_ledger(write(rows('F1;1;"Al;pha\nBê;ta\n;;";31/01/2026;;10,00')))  # an address, not rows
    assert ledger.invoices["customer_id"].tolist() == ["1"]


# --- what a file may be -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b" \n\n", "empty_file"),
        (b"%PDF-1.7 ...", "ledger_not_a_table"),
        (b"PK\x03\x04junk", "ledger_unreadable"),
        (b"PK\x05\x06" + bytes(18), "ledger_not_a_table"),
        (b"\x00\x01\x02\x03" * 50, "ledger_not_a_table"),
        (b"PAR1junkPAR1", "ledger_unreadable"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "ledger_unreadable"),
        (b"<html><table>", "ledger_not_a_table"),
        (b"\x1f\x8bjunk", "ledger_unreadable"),
        (b"one column\n1\n2\n", "ledger_no_separator"),
        (b"\xff\xfea", "ledger_bad_encoding"),
    ],
)
def test_unusable_files(content, code, write):
    with pytest.raises(InputError) as error:
        read_ledger(write(content))
    assert defects(error, "code", "level") == [(code, "fatal")]


def test_missing_files_and_folders_are_told_together(tmp_path):
    with pytest.raises(InputError) as error:
        read_ledger(tmp_path / "absent.csv", settlements=tmp_path, customers=None)
    assert defects(error, "code") == [("missing_file",), ("missing_file",)]
    for odd in (None, 3, "a\0b", "x" * 5000):
        with pytest.raises(InputError):
            read_ledger(odd)


def test_zip_and_stray_cell(write, tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(InputError) as error:
        read_ledger(write(out.getvalue(), "l.xlsx"))
    assert defects(error, "code") == [("ledger_not_a_table",)]
    book = xlsxwriter.Workbook(str(tmp_path / "far.xlsx"))
    sheet = book.add_worksheet()
    sheet.write(0, 0, "Facture")
    sheet.write(1048575, 16383, 1)
    book.close()
    with pytest.raises(InputError) as error:
        read_ledger(tmp_path / "far.xlsx")
    assert defects(error, "code") == [("ledger_too_wide",)]


def test_decompression_is_bounded(write, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 10_000)
    with pytest.raises(InputError) as error:
        read_ledger(write(gzip.compress(b"a;b\n" * 100_000), "bomb.gz"))
    assert defects(error, "code") == [("ledger_too_big",)]


def test_sniff(write, real_data):
    assert sniff(write(styled())) == "ledger"
    assert sniff(write("JournalCode|JournalLib|EcritureNum|EcritureDate|CompteNum\n", "x.txt")) == "fec"
    assert {sniff(path) for path in (real_data / "fec").iterdir()} == {"fec"}
    assert sniff(real_data / "ar" / "b2b_open_invoices.csv.gz") == "ledger"
    for content in (b"", b"\0\1", b"%PDF"):
        with pytest.raises(InputError):
            sniff(write(content))
    with pytest.raises(InputError) as error:
        read_ledger(next((real_data / "fec").iterdir()))
    assert defects(error, "code") == [("ledger_is_fec",)]


# --- headings and mappings ----------------------------------------------------------------------------------------


def test_headings_are_unique_and_name_our_columns():
    allowed = {
        "invoices": {c.name for c in INVOICES} | {"customer_name", "disputed", *load.FLAT},
        "settlements": {c.name for c in SETTLEMENTS} - {"match"} | {"customer_name"},
        "customers": {c.name for c in CUSTOMERS},
        "trial_balance": {c.name for c in TRIAL_BALANCE}
        | {"closing_debit", "closing_credit", "side", "opening_debit", "opening_credit", "opening_balance"}
        | {"movement_debit", "movement_credit"},
    }
    seen = Counter()
    for row in columns._reference("headings.csv"):
        assert row["column"] in allowed[row["table"]]
        seen[row["table"], files.plain(row["heading"])] += 1
    assert max(seen.values()) == 1
    for table, names in allowed.items():
        assert set(columns._columns_of(table)) == names
    kinds = {
        "kind": INVOICE_KINDS,
        "settlement_kind": SETTLEMENT_KINDS,
        "vat_regime": ("standard", "reverse_charge", "export"),
        "buyer": BUYERS,
        "goods": GOODS,
        "terms_reading": READINGS,
    }
    for name, values in kinds.items():
        assert set(columns._values(name).values()) == set(values)


def test_words_are_known_once_and_our_own_labels_are_among_them():
    seen = Counter((row["list"], files.plain(row["text"]) or row["text"]) for row in columns._reference("values.csv"))
    assert max(seen.values()) == 1
    for name, values in (("buyer", BUYERS), ("goods", GOODS), ("terms_reading", READINGS)):
        for value in values:
            for word in (value, label(value, "fr"), label(value, "en")):
                assert columns._values(name)[files.plain(word)] == value


def test_missing_and_doubled_headings_list_what_was_found(write):
    with pytest.raises(InputError) as error:
        read_ledger(write("Facture;Montant;Montant TTC;Couleur\nF1;1,00;1,00;bleu\n"))
    assert defects(error, "code") == [("ledger_heading_twice",), ("ledger_missing_column",), ("ledger_missing_column",)]
    text = error.value.text("en")
    for expected in ("Montant | Montant TTC", "Couleur", "N° client | ", "columns="):
        assert expected in text


def test_columns_by_dict_and_yaml(write):
    text = "réf;qui;quand;avant;combien;Client\nF1;007;31/01/2026;02/03/2026;10,00;Alpha\n"
    names = {"document": "réf", "customer_id": "qui", "issue_date": "quand", "due_date": "avant", "amount": "Combien"}
    ledger = read_ledger(write(text), columns=names)
    assert ledger.invoices["amount"].tolist() == [10.0]
    yaml = write("invoices:\n" + "".join(f"  {name}: {heading}\n" for name, heading in names.items()), "m.yaml")
    equal(read_ledger(write(text), columns=yaml), ledger)
    equal(read_ledger(write(text), columns=str(yaml)), ledger)


def test_mapping_wins_over_a_recognised_heading(write):
    text = rows("F1;1;A;31/01/2026;;10,00;99,00", head=HEAD + ";Montant")
    ledger = read_ledger(write(text), columns={"amount": "Montant"})
    assert ledger.invoices["amount"].tolist() == [99.0]
    assert "non utilisés : Montant TTC" in ledger.report.text("fr")


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"colour": "x"}, "ledger_mapping_name"),
        ({"amount": 3}, "ledger_mapping_heading"),
        ({"amount": "Absent"}, "ledger_mapping_absent"),
        ({"invoices": {"credit_limit": "x"}}, "ledger_mapping_name"),
    ],
)
def test_bad_mappings(columns, code, write):
    with pytest.raises(InputError) as error:
        read_ledger(write(styled()), columns=columns)
    assert code in {found for (found,) in defects(error, "code")}


@pytest.mark.parametrize(
    "content",
    [b"a: [", b"- 1", b"text", b"\xff\xfe\x00", b"a: 2025-99-99", b"!!python/object:x {}", b"a: " * 3000, b"[" * 5000],
)
def test_bad_yaml(content, write):
    with pytest.raises(InputError):
        read_ledger(write(styled()), columns=write(content, "m.yaml"))


@pytest.mark.parametrize(
    "argument",
    [
        {"currency": "euro"},
        {"book_currency": None},
        {"date_order": "year"},
        {"decimal": ";"},
        {"separator": "ab"},
        {"encoding": "klingon"},
        {"terms": "jadis"},
    ],
)
def test_bad_arguments(argument, write):
    with pytest.raises(InputError) as error:
        read_ledger(write(styled()), **argument)
    assert {level for (level,) in defects(error, "level")} == {"fatal"}


# --- dates and amounts --------------------------------------------------------------------------------------------


def dated(*pairs):
    return rows(*(f"F{n};1;A;{issue};{due};10,00" for n, (issue, due) in enumerate(pairs, 1)))


def test_date_order_decided_by_any_column(write):
    ledger = read_ledger(write(dated(("03/04/2026", "05/06/2026"), ("01/02/2026", "28/03/2026"))))
    assert ledger.invoices["issue_date"].tolist() == [pd.Timestamp("2026-04-03"), pd.Timestamp("2026-02-01")]
    ledger = read_ledger(write(dated(("3/4/2026", "5/16/2026"))))
    assert ledger.invoices["issue_date"].tolist() == [pd.Timestamp("2026-03-04")]


def test_date_order_asked_when_nothing_decides(write):
    text = dated(("03/04/2026", "05/06/2026"))
    with pytest.raises(InputError) as error:
        read_ledger(write(text), tolerant=True)
    assert defects(error, "code", "value") == [("ledger_ask_date_order", "03/04/2026")]
    for order, day in (("day", "2026-04-03"), ("month", "2026-03-04")):
        ledger = read_ledger(write(text), date_order=order)
        assert ledger.invoices["issue_date"].tolist() == [pd.Timestamp(day)]
    assert read_ledger(write(dated(("03/03/2026", "05/05/2026")))).invoices["due_date"].tolist() == [
        pd.Timestamp("2026-05-05")
    ]


def test_contradictory_impossible_and_far_dates_are_errors(write):
    text = dated(
        ("13/01/2026", "14/02/2026"),
        ("01/31/2026", ""),
        ("31/02/2026", ""),
        ("15/03/1989", "16/03/2100"),
        ("2026-13-01", "demain"),
        ("15/03-2026", "20261301"),
    )
    with pytest.raises(InputError) as error:
        read_ledger(write(text))
    assert sorted(defects(error, "code", "line", "column", "value")) == sorted(
        [
            ("bad_date", 3, "Date facture", "01/31/2026"),
            ("bad_date", 4, "Date facture", "31/02/2026"),
            ("bad_date", 5, "Date facture", "15/03/1989"),
            ("bad_date", 5, "Échéance", "16/03/2100"),
            ("bad_date", 6, "Date facture", "2026-13-01"),
            ("bad_date", 6, "Échéance", "demain"),
            ("bad_date", 7, "Date facture", "15/03-2026"),
            ("bad_date", 7, "Échéance", "20261301"),
        ]
    )


def test_times_are_cut_with_a_note(write):
    ledger = read_ledger(write(dated(("13/01/2026 10:30", "2026-02-14T23:59:59"), ("1/1/2026 12:00:00 AM", ""))))
    assert ledger.invoices["issue_date"].tolist() == [pd.Timestamp("2026-01-13"), pd.Timestamp("2026-01-01")]
    assert [(d.column, d.details["count"]) for d in ledger.report.defects if d.code == "ledger_time_dropped"] == [
        ("Date facture", 1),
        ("Échéance", 1),
    ]


def amounts(*texts):
    return rows(*(f'F{n};1;A;31/01/2026;;"{text}"' for n, text in enumerate(texts, 1)))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1,234", "10,50"], [1.23, 10.5]),
        (["1,234", "10.50"], [1234.0, 10.5]),
        (["1.234", "10,50"], [1234.0, 10.5]),
        (["1.234.567", "1.234"], [1234567.0, 1234.0]),
        (["0,500", "1,234"], [0.5, 1.23]),
        (["1234,567"], [1234.57]),
        (["1 234,567"], [1234.57]),
        (["1.234,5"], [1234.5]),
        (["12", "-0"], [12.0, 0.0]),
        (["USD 5", "5 $"], None),
        (["+5,1", ",5", "5,"], [5.1, 0.5, 5.0]),
        (["(1 000)", "1 000-"], [-1000.0, -1000.0]),
    ],
)
def test_amounts(texts, expected, write):
    if expected is None:
        with pytest.raises(InputError) as error:
            read_ledger(write(amounts(*texts)))
        assert defects(error) == [("ledger_other_currency", 2), ("ledger_other_currency", 3)]
        return
    assert read_ledger(write(amounts(*texts))).invoices["amount"].tolist() == expected


def test_unreadable_amounts(write):
    bad = ["12a", "1,2,3", "1 23,00", "--5", "(-5)", "-", "nan", "inf", "1E5", "=1+1", "99999999999999", "12;5", "1'2"]
    with pytest.raises(InputError) as error:
        read_ledger(write(amounts("10,50", *bad)))
    assert defects(error) == [("bad_amount", line) for line in range(3, 3 + len(bad))]


def test_decimal_sign_asked_or_contradictory(write):
    with pytest.raises(InputError) as error:
        read_ledger(write(amounts("1,234", "12")))
    assert defects(error, "code", "value") == [("ledger_ask_decimal", "1,234")]
    assert read_ledger(write(amounts("1,234", "12")), decimal=".").invoices["amount"].tolist() == [1234.0, 12.0]
    assert read_ledger(write(amounts("1,234", "12")), decimal=",").invoices["amount"].tolist() == [1.23, 12.0]
    with pytest.raises(InputError) as error:
        read_ledger(write(amounts("1,50", "2,50", "3.50")))
    assert defects(error, "code", "line", "value") == [("bad_amount", 4, "3.50")]
    with pytest.raises(InputError) as error:
        read_ledger(write(amounts("1,50", "3.50")))
    assert ("ledger_ask_decimal",) in defects(error, "code")


def test_another_amount_column_decides_the_decimal_sign(write):
    text = rows("F1;1;A;31/01/2026;;1,234;1,028.50", head=HEAD + ";Montant HT")
    assert read_ledger(write(text.replace("1,028.50", "1,028.50"))).invoices["amount"].tolist() == [1234.0]


def test_currency_column(write):
    text = rows(
        "F1;1;A;31/01/2026;;10,00;eur",
        "F2;1;A;31/01/2026;;10,00;€",
        "F3;1;A;31/01/2026;;10,00 $;CAD",
        head=HEAD + ";Devise",
    )
    assert read_ledger(write(text)).invoices["currency"].tolist() == ["EUR", "EUR", "CAD"]
    ledger = read_ledger(write(text), book_currency="CAD")
    assert ledger.invoices["book_amount"].isna().tolist() == [True, True, False]
    with pytest.raises(InputError) as error:
        read_ledger(write(text.replace("eur", "E1").replace("€\n", "\n")))
    assert defects(error) == [("ledger_bad_currency", 2), ("ledger_bad_currency", 3)]
    assert "ledger_currency_assumed" in codes(read_ledger(write(styled()), currency="CHF"))


# --- defects of rows ----------------------------------------------------------------------------------------------


def test_all_defects_together_and_the_tolerant_reading(write):
    text = rows(
        "F1;1;A;31/01/2026;;10,00",
        ";1;A;31/01/2026;;20,00",
        "F3;;A;31/01/2026;;30,00",
        "F4;1;A;;;40,00",
        "F5;1;A;31/01/2026;;",
        "F6;1;A;31/01/2026;;x",
        "F7;1;A;31/01/2026",
        "F8;1;A;31/01/2026;;5,00;",
        'F9;1;"A;31/01/2026;;7,00',
    )
    with pytest.raises(InputError) as error:
        read_ledger(write(text))
    assert sorted(defects(error)) == sorted(
        [
            ("ledger_blank_item", 3),
            ("ledger_blank_customer", 4),
            ("ledger_blank_issue_date", 5),
            ("ledger_blank_amount", 6),
            ("bad_amount", 7),
            ("ledger_wrong_width", 8),
            ("ledger_wrong_width", 9),
            ("ledger_unbalanced_quotes", 10),
        ]
    )
    ledger = read_ledger(write(text), tolerant=True)
    assert ledger.invoices["item_id"].tolist() == ["F1"]
    assert (ledger.report.rows_read, ledger.report.rows_refused) == (9, 8)
    assert ledger.report.refused_amounts == {"EUR": 90.0}  # 20 + 30 + 40; five amounts cannot be read
    assert [d.details["count"] for d in ledger.report.defects if d.code == "ledger_refused_unread"] == [5]


def test_identifiers(write):
    one = "F1;1;A;31/01/2026;28/02/2026;10,00"
    ledger = read_ledger(write(rows(one, one.replace("28/02", "31/03"), "F2;1;A;31/01/2026;28/02/2026;5,00")))
    assert ledger.invoices["item_id"].tolist() == ["F1/1", "F1/2", "F2"]
    assert ledger.invoices["document"].tolist() == ["F1", "F1", "F2"]
    with pytest.raises(InputError) as error:
        read_ledger(write(rows(one, one)))
    assert defects(error) == [("ledger_duplicate_row", 3)]
    for other in (one.replace("10,00", "11,00"), one.replace(";1;", ";2;").replace("28/02", "31/03")):
        with pytest.raises(InputError) as error:
            read_ledger(write(rows(one, other)))
        assert defects(error) == [("ledger_duplicate_id", 2), ("ledger_duplicate_id", 3)]
    text = rows("P1;" + one, "P1;" + one.replace("28/02", "31/03"), head="Pièce;" + HEAD)
    with pytest.raises(InputError) as error:
        read_ledger(write(text))
    assert defects(error) == [("ledger_duplicate_id", 2), ("ledger_duplicate_id", 3)]


def test_due_dates(write):
    text = rows("F1;1;A;15/01/2025;;10,00", "F2;2;A;15/01/2025;10/01/2025;10,00", "F3;2;A;31/01/2025;;10,00")
    ledger = read_ledger(write(text))
    assert ledger.invoices["due_date"].isna().tolist() == [True, False, True]
    assert codes(ledger, "warning") == {"ledger_due_unknown", "ledger_due_before_issue"}
    ledger = read_ledger(write(text), terms="45 jours fin de mois")
    # 15 January + 45 days = 1 March, end of month 31 March; 31 January + 45 days = 17 March, end of month 31 March
    assert ledger.invoices["due_date"].tolist()[::2] == [pd.Timestamp("2025-03-31")] * 2
    ledger = read_ledger(write(text), terms={"1": 30, "default": 60})
    assert ledger.invoices["due_date"].tolist()[::2] == [pd.Timestamp("2025-02-14"), pd.Timestamp("2025-04-01")]
    ledger = read_ledger(write(text), terms={"1": 30})
    assert ledger.invoices["due_date"].isna().tolist() == [False, False, True]


def test_kinds_and_signs(write):
    head = HEAD + ";Nature"
    text = rows("F1;1;A;31/01/2026;;10,00;Facture", "F2;1;A;31/01/2026;;4,00;Avoir", head=head)
    ledger = read_ledger(write(text))
    assert ledger.invoices["amount"].tolist() == [10.0, -4.0]
    assert codes(ledger, "warning") >= {"ledger_credit_notes_unsigned"}
    with pytest.raises(InputError) as error:
        read_ledger(write(text + "F3;1;A;31/01/2026;;-1,00;AVOIR\n"))
    assert defects(error) == [("ledger_credit_note_positive", 3)]
    ledger = read_ledger(write(rows("F1;1;A;31/01/2026;;10,00;Wibble", "F2;1;A;31/01/2026;;-4,00;", head=head)))
    assert ledger.invoices["kind"].tolist() == ["other", "credit_note"]
    assert codes(ledger, "warning") >= {"ledger_unknown_kind"}


def test_disputes_rates_and_flags(write):
    head = HEAD + ";Disputed;Taux TVA;RG"
    text = rows(
        "F1;1;A;31/01/2026;;10,00;Yes;5,5 %;Oui",
        "F2;1;A;31/01/2026;;10,00;No;5.5;",
        "F3;1;A;31/01/2026;;10,00;;0,055;N",
        head=head,
    )
    ledger = read_ledger(write(text))
    assert ledger.invoices["dispute_from"].tolist()[0] == pd.Timestamp("2026-01-31")
    assert ledger.invoices["dispute_from"].isna().tolist() == [False, True, True]
    assert ledger.invoices["vat_rate"].tolist() == [0.055] * 3
    assert ledger.invoices["retention"].tolist() == [True, False, False]
    with pytest.raises(InputError) as error:
        read_ledger(write(text.replace("Yes;5,5 %;Oui", "Perhaps;abc;99")))
    assert sorted(defects(error)) == [("ledger_bad_flag", 2), ("ledger_bad_flag", 2), ("ledger_bad_rate", 2)]


def loaded(write, invoice_rows=(), customer_rows=(), invoice_head="", customer_head=""):
    """A ledger of one customer, with more columns in the invoices or in the customers."""
    invoices = [f"F{n};C1;Alpha;01/03/2026;31/03/2026;10,00;{row}" for n, row in enumerate(invoice_rows or [""], 1)]
    customers = [f"C{n};Alpha {n};{row}" for n, row in enumerate(customer_rows or [""], 1)]
    return read_ledger(
        write(rows(*invoices, head=f"{HEAD};{invoice_head or 'Autre'}")),
        customers=write(rows(*customers, head=f"N° client;Nom;{customer_head}"), "clients.csv"),
    )


@pytest.mark.parametrize(
    ("head", "written", "expected"),
    [
        ("Type d'acheteur", "Entreprise", "business"),
        ("Nature de l'acheteur", "acheteur public", "public"),
        ("Buyer category", "public", "public"),
        ("Buyer type", "public_health", "public_health"),
        ("Catégorie d'acheteur", "Établissement public de santé", "public_health"),
        ("Type of buyer", "Public undertaking", "public_undertaking"),
        ("Nature de l'acheteur", "ENTREPRISE PUBLIQUE", "public_undertaking"),
        ("Statut de l'acheteur", "Particulier", "consumer"),
        ("Buyer category", "consumer", "consumer"),
        ("Type d'acheteur", "", None),
    ],
)
def test_buyers(head, written, expected, write):
    table = loaded(write, customer_rows=[written, "Entreprise"], customer_head=head).customers
    assert [None if pd.isna(value) else value for value in table["buyer"]] == [expected, "business"]


@pytest.mark.parametrize(
    ("head", "written", "expected"),
    [
        ("Lecture fin de mois", "45 jours puis fin de mois", "days_then_month_end"),
        ("Terms reading", "days_then_month_end", "days_then_month_end"),
        ("Month-end reading", "Days then end of month", "days_then_month_end"),
        ("Calcul fin de mois", "Fin de mois puis 45 jours", "month_end_then_days"),
        ("End-of-month method", "month_end_then_days", "month_end_then_days"),
        ("Lecture de fin de mois", "Fin de mois + 60 jours", "month_end_then_days"),
        ("Lecture fin de mois", "", None),
    ],
)
def test_readings_of_the_end_of_month(head, written, expected, write):
    value = loaded(write, customer_rows=[written], customer_head=head).customers["terms_reading"].iloc[0]
    assert (None if pd.isna(value) else value) == expected


@pytest.mark.parametrize(
    "head", ["Taux de pénalités", "Taux des pénalités de retard", "Late-payment rate", "Late rate"]
)
def test_contractual_late_rates(head, write):
    written = ["12 %", "12,5 %", "0,12", "12", "0 %", "0", "12\u00a0%", "0.125", ""]
    table = loaded(write, customer_rows=written, customer_head=head).customers
    assert table["late_rate"].tolist()[:-1] == [0.12, 0.125, 0.12, 0.12, 0.0, 0.0, 0.12, 0.125]
    assert table["late_rate"].isna().tolist() == [False] * 8 + [True]


def test_unknown_buyers_rates_and_readings_are_told_together(write):
    lines = [
        "Marie Dupuis;12 %;",
        "Public;3 fois le taux légal;45 jours fin de mois",  # which of the two readings, it does not say
        "Public;60 %;",
        "Public;-5 %;plus tard",
        "Public;1,5 % par mois;",
    ]
    with pytest.raises(InputError) as error:
        loaded(write, customer_rows=lines, customer_head="Type d'acheteur;Taux de pénalités;Lecture fin de mois")
    assert sorted(defects(error, "line", "code", "column", "value")) == [
        (2, "ledger_unknown_buyer", "Type d'acheteur", "Marie Dupuis"),
        (3, "ledger_bad_late_rate", "Taux de pénalités", "3 fois le taux légal"),
        (3, "ledger_unknown_terms_reading", "Lecture fin de mois", "45 jours fin de mois"),
        (4, "ledger_bad_late_rate", "Taux de pénalités", "60 %"),
        (5, "ledger_bad_late_rate", "Taux de pénalités", "-5 %"),
        (5, "ledger_unknown_terms_reading", "Lecture fin de mois", "plus tard"),
        (6, "ledger_bad_late_rate", "Taux de pénalités", "1,5 % par mois"),
    ]
    assert "établissement public de santé, entreprise publique, particulier" in error.value.text("fr")
    assert "end of month then days" in error.value.text("en")


def test_tables_without_the_columns_of_payment_terms(write):
    ledger = loaded(write)
    for table, names in (
        (ledger.invoices, ["delivery_date", "receipt_date", "goods"]),
        (ledger.customers, ["buyer", "late_rate", "terms_reading"]),
    ):
        assert table[names].isna().all(axis=None)
    assert ledger.invoices["periodic"].dtype == bool
    assert not ledger.invoices["periodic"].any()
    new = ["delivery_date", "receipt_date", "periodic", "goods"]
    older = Ledger(ledger.invoices.drop(columns=new), ledger.settlements, ledger.customers)
    pd.testing.assert_frame_equal(open_items(older, "2026-06-30"), open_items(ledger, "2026-06-30"))


@pytest.mark.parametrize(
    "head",
    [
        "Date de livraison;Date de réception;Facture récapitulative;Nature des biens",
        "Livrée le;Reçue le;Récapitulative;Nature des marchandises",
        "Delivery date;Invoice received on;Periodic invoice;Kind of goods",
        "Date de prestation;Facture reçue le;Facture périodique;Type de biens",
        "Service date;Request received on;Summary invoice;Goods",
    ],
)
def test_delivery_receipt_summary_and_goods(head, write):
    lines = ["27/02/2026;03/03/2026;oui;Denrées périssables", ";;;", "2026-02-28;20260302;N;transport", ";;no;wine"]
    table = loaded(write, lines, invoice_head=head).invoices
    assert table["delivery_date"].tolist()[::2] == [pd.Timestamp("2026-02-27"), pd.Timestamp("2026-02-28")]
    assert table["receipt_date"].tolist()[::2] == [pd.Timestamp("2026-03-03"), pd.Timestamp("2026-03-02")]
    assert table[["delivery_date", "receipt_date"]].iloc[1::2].isna().all(axis=None)
    assert table["periodic"].tolist() == [True, False, False, False]
    assert [None if pd.isna(value) else value for value in table["goods"]] == ["perishable", None, "transport", "wine"]


def test_unreadable_delivery_receipt_and_summary(write):
    head = "Date de livraison;Date de réception;Facture récapitulative"
    with pytest.raises(InputError) as error:
        loaded(write, ["31/02/2026;bientôt;parfois"], invoice_head=head)
    assert sorted(defects(error, "line", "code", "column")) == [
        (2, "bad_date", "Date de livraison"),
        (2, "bad_date", "Date de réception"),
        (2, "ledger_bad_flag", "Facture récapitulative"),
    ]


def test_unknown_goods_are_left_blank_and_many_of_them_are_told_once(write):
    named = [f"Porte modèle {n:02d}" for n in range(1, 31)]
    ledger = loaded(write, [*named, "Vins"], invoice_head="Nature des biens")
    assert ledger.invoices["goods"].tolist()[-1] == "wine"
    assert ledger.invoices["goods"].isna().sum() == 30
    said = [(d.code, d.value) for d in ledger.report.of_level("warning")]
    assert said == [("ledger_unknown_goods", word) for word in named[:10]] + [("ledger_unknown_others", "")]
    assert ledger.report.of_level("warning")[-1].details == {"count": 20, "n": 20, "words": 20}


def test_received_before_it_was_issued(write):
    ledger = loaded(write, ["28/02/2026", "01/03/2026", "02/03/2026", ""], invoice_head="Date de réception")
    (defect,) = ledger.report.of_level("warning")
    assert (defect.code, defect.line, defect.value) == ("ledger_received_before_issue", 2, "28/02/2026")
    assert "(01/03/2026)" in defect.text("fr")


def test_terms_that_are_not_understood_are_named_with_their_lines(write):
    terms = ["30 jours", "à la saint-glinglin", "45 jours fin de mois", "", "virement", "à la saint-glinglin"]
    ledger = loaded(write, customer_rows=terms, customer_head="Conditions de paiement")
    assert ledger.customers["terms"].fillna("").tolist() == terms
    said = [(d.value, d.column, d.file, d.details["count"], d.details["lines"]) for d in ledger.report.defects
            if d.code == "ledger_terms_unread"]  # fmt: skip
    assert said == [
        ("à la saint-glinglin", "Conditions de paiement", "clients.csv", 2, ("3", "7")),
        ("virement", "Conditions de paiement", "clients.csv", 1, ("6",)),
    ]
    assert "for 2 customers: kept as text, without a known delay (lines 3 | 7)" in ledger.report.text("en")
    ledger = loaded(write, customer_rows=["au mieux"] * 40, customer_head="Terms")
    (defect,) = [d for d in ledger.report.defects if d.code == "ledger_terms_unread"]
    assert defect.details["count"] == 40
    assert "lignes 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | …" in defect.text("fr")


def test_invoices_of_nothing_are_told_once(write):
    lines = [f"F{n};C1;A;01/03/2026;31/03/2026;0,00" for n in range(12)]
    ledger = read_ledger(write(rows(*lines, "A1;C1;A;01/03/2026;31/03/2026;5,00")))
    (defect,) = [d for d in ledger.report.defects if d.code == "ledger_invoice_zero"]
    assert (defect.level, defect.details["count"]) == ("warning", 12)
    assert "(lignes 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | …)" in defect.text("fr")
    left = read_ledger(write("Facture;N° client;Date facture;Reste dû\nF1;1;31/01/2026;0\nF2;1;31/01/2026;7\n"))
    assert "ledger_invoice_zero" not in codes(left)  # settled: its amount is not told


def test_text_is_data(write):
    name = "<script>alert(1)</script> =1+1 @x \x07bell"
    ledger = read_ledger(write(rows(f"=F1;+1;  {name} ;31/01/2026;;10,00")))
    assert ledger.customers["customer_name"].tolist() == [name]
    assert ledger.invoices["item_id"].tolist() == ["=F1"]
    assert ledger.invoices["customer_id"].tolist() == ["+1"]


def test_customer_numbers_from_a_spreadsheet(tmp_path):
    book = xlsxwriter.Workbook(str(tmp_path / "l.xlsx"))
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["Facture", "N° client", "Date facture", "Montant"])
    sheet.write_row(1, 0, [17.0, 123.0, 20260131, 10.5])
    sheet.write_row(2, 0, ["18", "0123", "31/01/2026", "1 010,50"])
    book.close()
    ledger = read_ledger(tmp_path / "l.xlsx")
    assert ledger.invoices["customer_id"].tolist() == ["123", "0123"]
    assert ledger.invoices["item_id"].tolist() == ["17", "18"]
    assert ledger.invoices["amount"].tolist() == [10.5, 1010.5]
    assert [d.column for d in ledger.report.defects if d.code == "ledger_number_as_text"] == ["N° client", "Facture"]


def test_names_and_customers(write):
    text = rows(
        "F1;1;Alpha;31/01/2026;;1,00",
        "F2;1;ALPHA;31/01/2026;;1,00",
        "F3;1;Alpha;31/01/2026;;1,00",
        "F4;2;;31/01/2026;;1,00",
    )
    ledger = read_ledger(write(text))
    assert ledger.customers[["customer_id", "customer_name"]].values.tolist() == [["1", "Alpha"], ["2", "2"]]
    assert [d.details["count"] for d in ledger.report.defects if d.code == "ledger_names_vary"] == [1]
    customers = write(
        "N° client;Client;Limite de crédit\n1;Alpha SA;1 000\n1;Alpha SA;1 000\n3;Gamma;\n", "clients.csv"
    )
    ledger = read_ledger(write(text), customers=customers)
    assert ledger.customers["customer_id"].tolist() == ["1", "3", "2"]
    assert ledger.customers["customer_name"].tolist() == ["Alpha SA", "Gamma", "2"]
    assert codes(ledger, "warning") >= {"ledger_customers_added", "ledger_customer_copied"}
    customers = write("N° client;Client;Limite de crédit\n1;Alpha SA;1 000\n1;Alpha SA;2 000\n;X;\n", "clients.csv")
    with pytest.raises(InputError) as error:
        read_ledger(write(text), customers=customers)
    assert sorted(defects(error)) == [
        ("ledger_blank_customer", 4),
        ("ledger_customer_twice", 2),
        ("ledger_customer_twice", 3),
    ]


# --- settlements --------------------------------------------------------------------------------------------------

PAID = "N° règlement;Pièce;N° client;Devise;Montant;Date règlement;Date lettrage"


def with_settlements(write, *lines, invoices=None, head=PAID, **options):
    invoices = invoices or rows("F1;1;A;31/01/2026;;100,00", "F2;2;B;31/01/2026;;50,00")
    return read_ledger(write(invoices), write(rows(*lines, head=head), "paid.csv"), **options)


def test_settlement_errors(write):
    with pytest.raises(InputError) as error:
        with_settlements(
            write,
            "R1;F9;1;EUR;10,00;28/02/2026;",
            "R2;F1;2;EUR;10,00;28/02/2026;",
            "R3;F1;1;USD;10,00;28/02/2026;",
            "R4;F1;1;EUR;;28/02/2026;",
            "R5;F1;1;EUR;1,00;;",
            "R6;;;EUR;1,00;28/02/2026;",
            "R7;F1;1;EUR;1,00;28/02/2026;",
            "R7;F1;1;EUR;1,00;28/02/2026;",
        )
    assert sorted(defects(error)) == sorted(
        [
            ("ledger_unknown_item", 2),
            ("ledger_customer_differs", 3),
            ("ledger_currency_differs", 4),
            ("ledger_blank_amount", 5),
            ("ledger_blank_payment_date", 6),
            ("ledger_blank_customer", 7),
            ("ledger_duplicate_row", 9),
        ]
    )


def test_settlement_warnings_and_dates(write):
    ledger = with_settlements(
        write,
        "R1;F1;1;EUR;110,00;28/02/2026;15/02/2026",
        "R2;F2;;EUR;10,00;15/01/2026;16/01/2026",
        "R3;;2;EUR;5,00;28/02/2026;01/03/2026",
        "R4;F2;2;EUR;5,00;28/02/2026;",
    )
    assert codes(ledger, "warning") == {
        "ledger_over_settled",
        "ledger_allocation_early",
        "ledger_paid_before_invoice",
        "ledger_allocation_no_item",
        "ledger_allocation_blank",
        "ledger_due_unknown",
    }
    dates = ledger.settlements["allocation_date"]
    assert dates.iloc[0] == pd.Timestamp("2026-02-28")  # never before the payment
    assert dates.iloc[1] == pd.Timestamp("2026-01-31")  # nor before the item
    assert pd.isna(dates.iloc[2])
    assert dates.iloc[3] == pd.Timestamp("2026-02-28")
    assert ledger.settlements["customer_id"].tolist() == ["1", "2", "2", "2"]
    over = next(d for d in ledger.report.defects if d.code == "ledger_over_settled")
    assert (over.value, over.line) == ("F1", 2)


def test_paid_before_the_invoice_is_told_once_with_both_dates(write):
    head = "Facture;N° client;Date facture;Date comptable;Montant TTC"
    invoices = rows(
        "F1;1;31/01/2026;31/01/2026;100,00", "F2;1;31/01/2026;15/01/2026;50,00", "F3;1;31/01/2026;03/02/2026;50,00",
        head=head,
    )  # fmt: skip
    ledger = with_settlements(
        write,
        "R1;F1;1;EUR;10,00;30/01/2026;31/01/2026",
        "R2;F2;1;EUR;10,00;20/01/2026;20/01/2026",  # booked before it is dated
        "R3;F3;1;EUR;10,00;01/02/2026;03/02/2026",
        "R4;F1;1;EUR;10,00;31/01/2026;31/01/2026",
        "R5;;1;EUR;10,00;01/01/2026;",
        invoices=invoices,
    )
    early = [d for d in ledger.report.of_level("warning") if d.code.startswith("ledger_paid_before")]
    assert [(d.code, d.line, d.value, d.details) for d in early] == [
        ("ledger_paid_before_invoice", 2, "30/01/2026", {"item": "F1", "issued": "31/01/2026", "booked": "31/01/2026"}),
        ("ledger_paid_before_invoice", 4, "01/02/2026", {"item": "F3", "issued": "31/01/2026", "booked": "03/02/2026"}),
        ("ledger_paid_before_issue", 3, "20/01/2026", {"item": "F2", "issued": "31/01/2026"}),
    ]
    assert "avant" not in early[2].text("en")
    assert "date de facture de la pièce F2 (31/01/2026)" in early[2].text("fr")


def test_paid_before_the_invoice_in_a_flat_file(write):
    ledger = flat(write, "F1;1;A;31/01/2026;;10,00;10,00;;30/01/2026", "F2;1;A;31/01/2026;;10,00;10,00;;31/01/2026")
    (defect,) = [d for d in ledger.report.defects if d.code == "ledger_paid_before_issue"]
    assert (defect.line, defect.value, defect.details) == (2, "30/01/2026", {"item": "F1", "issued": "31/01/2026"})


def test_settlement_by_document_number(write):
    invoices = rows(
        "P1;F1;1;A;31/01/2026;28/02/2026;60,00",
        "P2;F2;1;A;31/01/2026;28/02/2026;40,00",
        "P3;F2;1;A;31/01/2026;31/03/2026;40,00",
        head="Pièce;" + HEAD,
    )
    ledger = with_settlements(write, "R1;F1;1;EUR;60,00;28/02/2026;", invoices=invoices)
    assert ledger.settlements["item_id"].tolist() == ["P1"]
    with pytest.raises(InputError) as error:
        with_settlements(write, "R1;F2;1;EUR;60,00;28/02/2026;", invoices=invoices)
    assert defects(error) == [("ledger_item_in_parts", 2)]


def test_settlements_of_a_refused_item_are_refused(write):
    invoices = rows("F1;1;A;31/01/2026;;100,00", "F2;2;B;31/02/2026;;50,00")
    ledger = with_settlements(
        write, "R1;F1;1;EUR;30,00;28/02/2026;", "R2;F2;2;EUR;20,00;28/02/2026;", invoices=invoices, tolerant=True
    )
    assert ledger.settlements["settlement_id"].tolist() == ["R1"]
    assert ledger.report.rows_refused == 2
    assert ledger.report.refused_amounts == {"EUR": 30.0}  # 50 invoiced less 20 received
    assert [(d.code, d.line) for d in ledger.report.of_level("error")] == [("bad_date", 3), ("ledger_item_refused", 3)]


def test_one_sided_credit_note_is_named(write):
    ledger = with_settlements(write, "R1;F1;1;EUR;30,00;28/02/2026;;Avoir", head=PAID + ";Nature")
    assert "ledger_credit_one_sided" in codes(ledger, "warning")


def test_sheets_by_name(write, tmp_path):
    paths = sample(write)
    book = as_workbook(tmp_path / "two.xlsx", {"Mai": paths[0], "Juin": paths[0], "Clients": paths[2]})
    with pytest.raises(InputError) as error:
        read_ledger(book)
    assert defects(error, "code") == [("ledger_several_sheets",)]
    ledger = read_ledger(book, sheet="Juin")
    assert len(ledger.invoices) == 4
    assert "ledger_sheet_ignored" in codes(ledger)
    with pytest.raises(InputError) as error:
        read_ledger(book, sheet="Août")
    assert defects(error, "code") == [("ledger_no_sheet",)]
    assert len(read_ledger(book, sheet={"invoices": "Mai", "customers": "Clients"}).customers) == 2


def test_one_file_given_for_two_tables(write):
    path = write(rows("F1;1;Alpha;31/01/2026;;10,00", "F2;2;Bêta;31/01/2026;;20,00"))
    ledger = read_ledger(path, customers=path)
    assert ledger.customers["customer_name"].tolist() == ["Alpha", "Bêta"]
    assert ledger.invoices["amount"].tolist() == [10.0, 20.0]


def test_malformed_customer_rows_are_counted(write):
    invoices = write(rows("F1;1;A;31/01/2026;;10,00"))
    customers = write("N° client;Client\n1;A;too many\n", "c.csv")
    report = read_ledger(invoices, customers=customers, tolerant=True).report
    assert (report.rows_read, report.rows_refused) == (2, 1)


def test_headings_that_are_words_of_ours(tmp_path):
    frame = pl.DataFrame({"text": ["F1"], "count": ["31/01/2026"], "literal": ["1"], "value": ["10,00"]})
    frame.write_parquet(tmp_path / "l.parquet")
    names = {"document": "text", "issue_date": "count", "customer_id": "literal", "amount": "value"}
    ledger = read_ledger(tmp_path / "l.parquet", columns=names)
    assert ledger.invoices["issue_date"].tolist() == [pd.Timestamp("2026-01-31")]


# --- one flat file ------------------------------------------------------------------------------------------------


def flat(write, *lines, head=";Montant réglé;Reste dû;Date de règlement", **options):
    return read_ledger(write(rows(*lines, head=HEAD + head)), **options)


def test_flat_paid_amounts(write):
    ledger = flat(
        write,
        "F1;1;A;31/01/2026;;100,00;100,00;0,00;28/02/2026",
        "F2;1;A;31/01/2026;;100,00;30,00;70,00;15/02/2026",
        "F3;1;A;31/01/2026;;100,00;0,00;100,00;",
        "F4;1;A;31/01/2026;;100,00;;60,00;15/03/2026",
        "F5;1;A;31/01/2026;;100,00;;;16/03/2026",
        "F6;1;A;31/01/2026;;100,00;;;",
    )
    assert ledger.settlements["item_id"].tolist() == ["F1", "F2", "F4", "F5"]
    assert ledger.settlements["amount"].tolist() == [100.0, 30.0, 40.0, 100.0]
    assert set(ledger.settlements["kind"]) == {"cash"}
    assert ledger.complete_sales
    assert not ledger.dated_allocation
    with pytest.raises(InputError) as error:
        flat(
            write, "F1;1;A;31/01/2026;;100,00;90,00;0,00;28/02/2026", "F2;1;A;31/01/2026;;100,00;99,99;0,00;28/02/2026"
        )
    assert defects(error) == [("ledger_paid_plus_open", 2)]


def test_flat_payment_without_a_date_is_no_collection(write):
    ledger = flat(write, "F1;1;A;31/01/2026;;100,00;30,00;70,00;", "F2;1;A;31/01/2026;;10,00;10,00;;31/03/2026")
    assert ledger.settlements["kind"].tolist() == ["other", "cash"]
    assert ledger.settlements["payment_date"].iloc[0] == pd.Timestamp("2026-01-31")
    assert ledger.complete_sales
    assert "30.00 EUR" in next(d for d in ledger.report.defects if d.code == "ledger_payment_undated").text("en")


def test_flat_open_items_only(write):
    text = "Facture;N° client;Date facture;Reste dû\nF1;1;31/01/2026;10,50\n"
    ledger = read_ledger(write(text))
    assert not ledger.complete_sales
    assert ledger.invoices["amount"].tolist() == [10.5]
    assert ledger.settlements.empty
    assert list(ledger.settlements.columns) == [column.name for column in SETTLEMENTS]
    assert not read_ledger(write(rows("F1;1;A;31/01/2026;;10,00"))).complete_sales
    ledger = flat(write, "F1;1;A;31/01/2026;;10,00;Oui", "F2;1;A;31/01/2026;;20,00;Non", head=";Ouvert")
    assert ledger.complete_sales
    assert ledger.settlements["item_id"].tolist() == ["F2"]


# --- real ledgers -------------------------------------------------------------------------------------------------


def test_ibm_ledger(real_data):
    path = real_data / "ar" / "ibm_accounts_receivable.csv"
    with path.open(newline="") as file:
        source = list(csv.DictReader(file))
    ledger = read_ledger(path, currency="USD")
    assert len(ledger.invoices) == len(source) == 2466
    assert round(ledger.invoices["amount"].sum() * 100) == sum(
        round(float(row["InvoiceAmount"]) * 100) for row in source
    )
    assert ledger.settlements["amount"].sum() == pytest.approx(ledger.invoices["amount"].sum(), abs=0.001)
    first = {
        row["invoiceNumber"]: tuple(dt.datetime.strptime(row[name], "%m/%d/%Y") for name in ("InvoiceDate", "DueDate"))
        for row in source
    }
    read = {row.item_id: (row.issue_date, row.due_date) for row in ledger.invoices.itertuples()}
    assert read == first
    assert ledger.settlements["payment_date"].tolist() == [
        dt.datetime.strptime(row["SettledDate"], "%m/%d/%Y") for row in source
    ]
    assert int(ledger.invoices["dispute_from"].notna().sum()) == sum(row["Disputed"] == "Yes" for row in source)
    assert len(ledger.customers) == 100
    assert ledger.complete_sales


def test_b2b_ledger(real_data):
    path = real_data / "ar" / "b2b_open_invoices.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        source = list(csv.DictReader(file))
    ledger = read_ledger(path, columns=B2B)
    totals, names = defaultdict(int), defaultdict(set)
    for row in source:
        totals[row["invoice_currency"]] += round(Decimal(row["total_open_amount"]) * 100)
        names[row["cust_number"]].add(row["name_customer"].strip())
    read = ledger.invoices.assign(cents=(ledger.invoices["amount"] * 100).round().astype(int))
    assert read.groupby("currency")["cents"].sum().to_dict() == dict(totals)
    assert read["currency"].value_counts().to_dict() == {"USD": 8953, "CAD": 747}
    assert set(ledger.customers["customer_id"]) == set(names)
    assert len(names) == 664
    assert ledger.customers["customer_id"].str.startswith("0").any()
    vary = sum(len(found) > 1 for found in names.values())
    assert [d.details["count"] for d in ledger.report.defects if d.code == "ledger_names_vary"] == [vary]
    assert not ledger.complete_sales
    assert ledger.invoices["item_id"].iloc[0] == source[0]["invoice_id"].removesuffix(".0")
    assert ledger.invoices["book_amount"].isna().all()


def test_sample_company_files_and_workbook_hold_the_same(root):
    files = [root / "data" / name for name in ("factures.csv", "reglements.csv", "clients.csv")]
    ledger = read_ledger(*files)
    equal(read_ledger(root / "data" / "grand_livre.xlsx"), ledger)
    for path, table, column in ((files[0], ledger.invoices, "Montant TTC"), (files[1], ledger.settlements, "Montant")):
        totals = defaultdict(int)
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file, delimiter=";"):
                totals[row["Devise"]] += round(Decimal(row[column].replace(",", ".")) * 100)
        cents = (table["amount"] * 100).round().astype(int)
        assert cents.groupby(table["currency"]).sum().to_dict() == dict(totals)
    assert not ledger.report.of_level("fatal", "error")


def test_two_digit_years_are_said(write):
    ledger = read_ledger(write(dated(("25-01-31", "13/02/98"))))
    said = [(d.value, d.details["read"]) for d in ledger.report.defects if d.code == "ledger_short_year"]
    assert said == [("25-01-31", "2031-01-25"), ("13/02/98", "1998-02-13")]


# --- anything at all ----------------------------------------------------------------------------------------------

SMALL = styled().replace("F3;008", "F3;009").encode()
TRUE_TOTAL = 123450 - 1200 + 100000005


def try_ledger(data, tmp_path_factory, name="m.csv", **options):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(data)
    try:
        ledger = read_ledger(path, **options)
    except InputError as error:
        found = error
    else:
        found = ledger.report
    for language in ("fr", "en"):
        assert found.text(language)
    return None if isinstance(found, InputError) else ledger


MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "insert", "repeat"]),
        st.integers(0, len(SMALL)),
        st.integers(1, 40),
        st.binary(min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(MUTATIONS, st.booleans())
def test_mutilated_bytes_never_crash(tmp_path_factory, mutations, tolerant):
    data = SMALL
    for what, place, length, new in mutations:
        piece = {
            "flip": new,
            "cut": b"",
            "insert": new + data[place : place + length],
            "repeat": data[place : place + length] * 2,
        }[what]
        data = data[:place] + piece + data[place + length :]
    ledger = try_ledger(data, tmp_path_factory, tolerant=tolerant)
    if ledger is None:
        return
    invoices = ledger.invoices
    assert invoices["item_id"].is_unique
    assert invoices[["item_id", "customer_id", "kind", "booking_date", "currency", "amount"]].notna().all().all()
    counted = plain_total(data)
    if counted is not None and not tolerant:
        assert round(invoices["amount"].sum() * 100) == counted


def plain_total(data):
    """Cents of the amount column by the csv module, where the file is still an ordinary one; else None."""
    try:
        text = data.decode("utf-8")
        table = [
            row
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True)
            if any(map(str.strip, row))
        ]
    except (UnicodeDecodeError, csv.Error):
        return None
    if not text.startswith(";".join(PLAIN[0]) + "\n") or any(len(row) != 7 for row in table):
        return None
    written = [row[5].strip() for row in table[1:]]
    if not all(re.fullmatch(r"-?[0-9]+(,[0-9]{2})?", amount) for amount in written):
        return None
    return sum(round(Decimal(amount.replace(",", ".")) * 100) for amount in written)


HOSTILE = [
    "",
    " ",
    "0",
    "-1",
    "1,5",
    "1.5",
    "1,234",
    "31/02/2026",
    "02/13/2026",
    "13/02/2026",
    "2026-02-13",
    "F1",
    "F2",
    "007",
    "=1+1",
    '"',
    "é",
    "x" * 500,
    "1e9",
    "NaN",
    "9" * 30,
    "00/00/0000",
    "2026-02-13 10:00",
    "\t",
    "1;2",
]


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 6), st.sampled_from(HOSTILE)), min_size=1, max_size=3))
def test_replaced_cells_give_a_defect_or_the_right_total(tmp_path_factory, changes):
    table = list(csv.reader(io.StringIO(SMALL.decode()), delimiter=";"))
    for row, column, value in changes:
        table[row][column] = value
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\n").writerows(table)
    data = out.getvalue().encode()
    ledger = try_ledger(data, tmp_path_factory, "r.csv")
    counted = plain_total(data)
    if ledger is not None and counted is not None:
        assert round(ledger.invoices["amount"].sum() * 100) == counted


HEADINGS = st.permutations(range(7))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(HEADINGS, st.lists(st.sampled_from(["", "Total", "Date", "Solde", "x\n", '"', "Montant"]), max_size=2))
def test_swapped_and_renamed_columns(tmp_path_factory, order, extra):
    table = list(csv.reader(io.StringIO(SMALL.decode()), delimiter=";"))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    for number, row in enumerate(table):
        writer.writerow([row[place] for place in order] + (extra if number == 0 else ["7"] * len(extra)))
    ledger = try_ledger(out.getvalue().encode(), tmp_path_factory, "s.csv")
    if ledger is not None:
        assert round(ledger.invoices["amount"].sum() * 100) == TRUE_TOTAL
    elif not extra:
        pytest.fail("the order of the columns does not matter")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**31), st.sampled_from(["zip", "parquet", "gzip"]))
def test_mutilated_containers(tmp_path_factory, seed, kind):
    chance = random.Random(seed)
    if kind == "gzip":
        data = bytearray(gzip.compress(SMALL, mtime=0))
    elif kind == "parquet":
        out = io.BytesIO()
        pl.DataFrame(PLAIN[1:], schema=PLAIN[0], orient="row").write_parquet(out)
        data = bytearray(out.getvalue())
    else:
        data = bytearray(ods(PLAIN))
    for _ in range(chance.randrange(1, 4)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try_ledger(bytes(data[: chance.choice([len(data), len(data) - 5])]), tmp_path_factory, "c.bin")


@settings(max_examples=60, deadline=None)
@given(
    st.integers(-(10**11), 10**11),
    st.sampled_from([("", ","), (" ", ","), (".", ","), (",", "."), ("\u202f", ","), ("'", ".")]),
)
def test_any_amount_is_read_back(cents, style):
    thousands, decimal = style
    text = f"{abs(cents) // 100:,}".replace(",", thousands) + decimal + f"{abs(cents) % 100:02d}"
    read = columns._parse_amounts(pl.Series(["-" + text if cents < 0 else text]), decimal)
    assert round(read[0] * 100) == cents


@pytest.mark.parametrize(
    ("heading", "value"), [("Date facture", "٣٠/٠٦/٢٠٢٦"), ("Taux TVA", "٢٠ %"), ("Montant TTC", "١٢,٠٠")]
)
def test_digits_of_other_scripts_are_refused_with_their_line(heading, value, write):
    cells = {"Date facture": "31/01/2026", "Montant TTC": "10,00", "Taux TVA": "20 %"} | {heading: value}
    good = "F1;C1;15/01/2026;10,00;20 %"
    text = rows(good, "F2;C1;" + ";".join(cells.values()), head="Facture;N° client;" + ";".join(cells))
    with pytest.raises(InputError) as error:
        read_ledger(write(text))
    assert defects(error, "line", "column", "value") == [(3, heading, value)]


def test_exchanged_dates_are_refused_once_and_single_ones_only_noted(write):
    """Issued on the due date and due on the issue date: items would count a month too late."""
    lines = [f"F{number};C1;Alpha;{28 - number:02d}/02/2026;{number:02d}/01/2026;10,00" for number in range(1, 6)]
    with pytest.raises(InputError) as error:
        read_ledger(write(rows(*lines)))
    (defect,) = error.value.defects
    assert (defect.code, defect.column, defect.details["count"]) == ("ledger_dates_exchanged", "Échéance", 5)
    assert "Date facture" in defect.text("fr")
    fine = [f"G{number};C1;Alpha;01/01/2026;31/01/2026;10,00" for number in range(5)]
    ledger = read_ledger(write(rows(*lines, *fine)))  # as many late ones: told one by one
    assert [defect.code for defect in ledger.report.defects].count("ledger_due_before_issue") == 5


def test_a_settled_item_of_unknown_value_is_not_open(write):
    """The dollars are paid; what they were worth in the books is known of the receipt alone."""
    invoices = write(
        rows("P1;C1;31/01/2026;USD;110,00", head="Pièce;N° client;Date facture;Devise;Montant TTC"), "i.csv"
    )
    paid = write(
        rows("R1;P1;C1;USD;110,00;100,00;28/02/2026", "R2;;C1;USD;22,00;20,00;28/02/2026",
             head="N° règlement;Pièce;N° client;Devise;Montant;Montant EUR;Date règlement"), "p.csv",
    )  # fmt: skip
    ledger = read_ledger(invoices, paid)
    assert ledger.settlements["book_amount"].isna().tolist() == [True, False]
    assert open_items(ledger, "2026-06-30")["item_id"].tolist() == ["R2"]


def test_messages_hold_no_control_character_of_a_file_name(write):
    with pytest.raises(InputError) as error:
        read_ledger(write("x", "a\x1b[31m\u202eb.csv"))
    assert error.value.defects[0].file == "a [31m b.csv"


def test_a_fec_with_a_nul_is_still_a_fec(write):
    assert sniff(write(b"JournalCode\tCompteNum\nVE\t41\x001\n", "x.txt")) == "fec"
    assert sniff(write("JournalCode\tCompteNum\nVE\t411\n", "y.txt", encoding="utf-16-le")) == "fec"
    with pytest.raises(InputError):
        sniff(write(b"Facture;Montant\nF1;\x00\n", "123456789FEC20251231.txt"))


# --- sentences ---------------------------------------------------------------------------------------------------


def test_every_code_has_a_sentence_in_both_languages():
    source = "".join(Path(module.__file__).read_text(encoding="utf-8") for module in (files, columns, load))
    with (Path(load.__file__).parent / "reference" / "messages" / "load.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        known = {row["key"] for row in csv.DictReader(file)}
    used = set(re.findall(r'"(ledger_[a-z0-9_]+)"', source))
    assert used == known
    assert {(key, language) for key in known for language in ("fr", "en")} <= set(_texts("messages"))


def test_cells_in_error_are_refused_with_their_place(tmp_path):
    path = tmp_path / "ledger.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["N° client", "Facture", "Date facture", "Montant TTC"])
        sheet.write_row(1, 0, ["C1", "F1", "01/02/2026", 100])
        sheet.write_formula(2, 3, "=NA()", None, "#N/A")
        sheet.write_row(2, 0, ["C1", "F2", "01/02/2026"])
    with pytest.raises(InputError, match="1!D3"):
        read_ledger(path)
