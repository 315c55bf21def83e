"""The workbook in which a person types accounts: what it holds, and that it is read back as typed."""

import os
import shutil
import subprocess
from datetime import datetime

import openpyxl
import pytest

import cmtools as cm
from cmtools.liasse import known_codes
from cmtools.live_workbook import write_functional_balance
from cmtools.schemas import InputError
from cmtools.templates import FIRST, HEADING, PAGES, page_rows, write_statements_template

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
IDENTITY = {"company_id": 3, "company_name": 4, "currency": 5, "year_end": 6, "months": 7}  # rows, from 1


@pytest.fixture
def template(tmp_path):
    """A template, filled by code: amounts of each year, and its identity."""

    def filled(years, language="fr", identity=None, name="noria.xlsx"):
        path = write_statements_template(tmp_path / name, language, max(2, len(years)))
        book = openpyxl.load_workbook(path)
        top = book.worksheets[0]
        about = {"company_id": "007", "company_name": "Noria", "currency": "EUR"} | (identity or {})
        for key, value in about.items():
            if key in ("company_id", "company_name", "currency"):
                top.cell(IDENTITY[key], FIRST + 1, value)
        for year, (closing, months, amounts) in enumerate(years):
            top.cell(IDENTITY["year_end"], FIRST + 1 + year, closing)
            top.cell(IDENTITY["months"], FIRST + 1 + year, months)
            left = dict(amounts)
            for sheet in book.worksheets[: len(PAGES)]:
                for row in range(HEADING + 2, sheet.max_row + 1):
                    code = sheet.cell(row, 1).value
                    if code in left:
                        sheet.cell(row, FIRST + 1 + year, left.pop(code))
            assert not left, left
        book.save(path)
        return path

    return filled


def codes(path, **given):
    with pytest.raises(InputError) as caught:
        cm.read_liasse(path, **given)
    return [(defect.code, defect.line, defect.column) for defect in caught.value.defects]


AMOUNTS = {"CO": 1000, "1A": 100.25, "BX": 300, "BY": 10, "DL": 400, "EE": 899.75, "FL": 5000, "HN": -30, "YS": 12}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_is_typed_is_read_back(template, language):
    path = template(
        [(datetime(2025, 12, 31), 12, AMOUNTS), (datetime(2024, 12, 31), 15, {"CO": 900, "DL": 0})], language
    )
    table = cm.read_liasse(path).table.set_index("year_end")
    row = table.loc["2025-12-31"]
    for code, amount in AMOUNTS.items():
        assert row[known_codes()[code].line] == amount
    told = table[["company_id", "company_name", "months", "form", "currency", "chart", "source"]]
    assert told.values.tolist() == [
        ["007", "Noria", 12, "2050", "EUR", "from_2025", "noria.xlsx"],
        ["007", "Noria", 15, "2050", "EUR", "until_2024", "noria.xlsx"],
    ]
    assert table.loc["2024-12-31"][["total_actif", "capitaux_propres"]].tolist() == [900, 0]
    assert table.loc["2024-12-31"][["clients", "resultat_net"]].isna().all()


def test_the_simplified_forms_too(template):
    path = template([(datetime(2025, 12, 31), 12, {"110": 1000, "112": 100, "142": 300, "210": 50, "24A": 2})])
    row = cm.read_liasse(path).table.iloc[0]
    assert row[["form", "total_actif_amort", "ventes_marchandises", "redevances_cb_immobilier"]].tolist() == [
        "2033", 100, 50, 2,
    ]  # fmt: skip


def test_every_code_has_one_row(tmp_path):
    found = [row.code.code for page in PAGES for row in page_rows(page, "fr")]
    assert len(found) == len(set(found))
    shares = {code.code for code in known_codes().values() if code.part in ("france", "export")}
    assert set(found) == set(known_codes()) - shares
    assets = [row.code.code for row in page_rows("assets", "en")]
    assert assets[assets.index("BX") + 1] == "BY"  # gross, then depreciation


def test_gaps_and_controls_are_formulas(template):
    path = template([(datetime(2025, 12, 31), 12, AMOUNTS)])
    book = openpyxl.load_workbook(path)
    sheet = book["Bilan actif"]
    rows = {sheet.cell(row, 1).value: row for row in range(1, sheet.max_row + 1)}
    formula = sheet.cell(rows["BJ"], FIRST + 2 + 2).value
    assert formula.startswith(f'=IF(OR(C{rows["BJ"]}=""')
    assert f"C{rows['AB']}" in formula
    assert f"C{rows['AC']}" not in formula  # gross with gross
    balance = book["Contrôles"]
    assert (balance["A4"].value, balance["B4"].value) == ("CO - 1A = EE", "Total de l'actif net = total du passif")
    assert f"'Bilan actif'!C{rows['1A']}" in balance["C4"].value
    assert sheet.freeze_panes == "C9"
    assert sheet.protection.sheet
    assert not sheet.cell(rows["BX"], FIRST + 1).protection.locked
    assert sheet.cell(rows["BX"], 1).protection.locked
    assert sheet.cell(rows["BX"], 1).data_type == "s"


def test_what_a_person_mistypes(template):
    amounts = AMOUNTS | {"BX": "12a", "FL": "beaucoup"}
    path = template([("bientôt", "un an", amounts), (None, 12, {"CO": 5})], identity={"currency": "monnaie"})
    found = codes(path)
    assert [code for code, _, _ in found] == [
        *("bad_amount", "bad_amount", "bad_date", "liasse_bad_months", "ledger_bad_currency"),
        *("blank_value", "ledger_bad_currency"),
    ]
    assert ("bad_date", IDENTITY["year_end"], "Exercice 1") in found
    assert ("blank_value", IDENTITY["year_end"], "Exercice 2") in found


def test_a_year_twice_and_a_year_without_amounts(template):
    day = datetime(2025, 12, 31)
    twice = template([(day, 12, {"CO": 5}), (day, 12, {"CO": 6})])
    assert [code for code, _, _ in codes(twice)] == ["statements_twice"]
    found = cm.read_liasse(template([(day, 12, {"CO": 5}), (datetime(2024, 12, 31), 12, {})], name="two.xlsx"))
    assert len(found.table) == 1
    assert "liasse_year_empty" in [defect.code for defect in found.report.defects]


def test_an_empty_template_has_nothing_to_read(template):
    assert [code for code, _, _ in codes(template([]))] == ["liasse_no_code"]


def test_an_existing_file_is_never_replaced(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_text("typed by someone")
    with pytest.raises(InputError):
        write_statements_template(path)
    assert path.read_text() == "typed by someone"
    for years in (0, 11, 2.5, True):
        with pytest.raises(InputError):
            write_statements_template(tmp_path / "b.xlsx", years=years)
    with pytest.raises(InputError):
        write_statements_template(tmp_path / "no" / "such" / "folder.xlsx")
    assert sorted(found.name for found in tmp_path.iterdir()) == ["a.xlsx"]


def test_text_of_a_person_is_no_formula(template):
    path = template([(datetime(2025, 12, 31), 12, {"CO": 5})], identity={"company_name": "'=1+1 <b>"})
    assert cm.read_liasse(path).table["company_name"].tolist() == ["'=1+1 <b>"]


@pytest.mark.slow
def test_libreoffice_shows_the_gaps(template, tmp_path):
    """An independent reader computes the formulas (openpyxl keeps none of their values)."""
    if SOFFICE is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("LibreOffice Calc is not installed (soffice)")
    amounts = {"CO": 1000, "1A": 100.25, "EE": 890, "BJ": 50, "AB": 20, "AC": 9, "CJ": 950, "HN": 5, "DI": 5}
    path = template([(datetime(2025, 12, 31), 12, amounts), (datetime(2024, 12, 31), 12, {"CO": 7})])
    command = [
        SOFFICE,
        "--headless",
        f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
        "--convert-to",
        "xlsx",
    ]
    subprocess.run(
        [*command, "--outdir", str(tmp_path / "out"), str(path)], check=True, capture_output=True, timeout=120
    )
    book = openpyxl.load_workbook(tmp_path / "out" / path.name, data_only=True)
    sheet = book["Bilan actif"]
    gaps = {row[0].value: row[FIRST + 3].value for row in sheet.iter_rows(min_row=HEADING + 2)}
    # 50 - AB 20 ; 1000 - BJ 50 - CJ 950 ; the rows of CJ are blank, so is its gap
    assert (gaps["BJ"], gaps["CO"], gaps["CJ"] or None) == (30, 0, None)
    controls = {row[0].value: [cell.value for cell in row[FIRST : FIRST + 2]] for row in book["Contrôles"].iter_rows()}
    assert controls["CO - 1A = EE"][0] == 9.75  # 1000 - 100.25 - 890
    assert not controls["CO - 1A = EE"][1]
    assert controls["DI = HN"][0] == 0
    top = book["Compte de résultat"]
    assert (top.cell(3, FIRST + 1).value, top.cell(6, FIRST + 1).value) == ("007", datetime(2025, 12, 31))


def test_a_folder_that_does_not_exist_is_said(tmp_path):
    for write in (write_statements_template, write_functional_balance):
        with pytest.raises(InputError, match="nulle-part"):
            write(tmp_path / "nulle-part" / "x.xlsx", "fr")
