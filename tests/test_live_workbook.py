"""The workbook with live formulas, recalculated by LibreOffice from wrong cached values: its figures are cmtools'."""

import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from cmtools import live_workbook, statements
from cmtools.financial_ratios import catalogue, ratio_values, reading
from cmtools.formulas import aggregates, evaluate, names_of
from cmtools.language import label, message
from cmtools.lines import complete_lines, new_table
from cmtools.live_workbook import BILLS, FIRST, RATIO_FIRST, UNKNOWN, worked_case, write_functional_balance
from cmtools.schemas import LoadReport

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
SHOWN = [name for name in aggregates() if name not in names_of("score")]  # those of scores alone are not in it
WRONG = "987654321"  # in place of every cached value
ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">
<value>0</value></prop></item></oor:items>"""

# Balance sheet and income statement of a simplified form, balanced by hand:
# assets 150 + 40 + 90 + 12 + 30 = 322 gross, 60 written down, 262 net; equity 92 + debts 170 = 262.
SIMPLIFIED = {
    "immo_corp_simplifie": 150e3, "immo_corp_simplifie_amort": 60e3, "stock_marchandises": 40e3, "clients": 90e3,
    "autres_creances": 12e3, "disponibilites": 30e3, "capital": 50e3, "autres_reserves": 30e3, "resultat_bilan": 12e3,
    "emprunts_simplifie": 70e3, "fournisseurs": 60e3, "autres_dettes_simplifie": 40e3, "ventes_marchandises": 400e3,
    "achats_marchandises": 260e3, "variation_stock_marchandises": -5e3, "autres_achats_charges_externes": 60e3,
    "impots_taxes": 4e3, "salaires": 45e3, "charges_sociales": 11e3, "dotations_amort": 8e3,
    "total_charges_financieres": 3e3, "impot_benefices": 2e3,
}  # fmt: skip


def companies() -> pd.DataFrame:
    """Two complete years, 15 months with cents, a simplified form, a page missing, equity below nil, months unknown."""
    case = worked_case("fr")
    long = case.tail(1).assign(company_id="15", months=15.0, clients=318000.37, total_actif=1277000.37)
    long = long.assign(total_actif_circulant=607000.37, disponibilites=41000.0)
    bare = complete_lines(pd.DataFrame([SIMPLIFIED]), blanks="nil")
    identity = {
        "company_id": "S",
        "year_end": pd.Timestamp("2025-06-30"),
        "months": 12.0,
        "form": "2033",
        "currency": "EUR",
    }
    simplified = new_table(bare.assign(**identity), LoadReport())
    pages = [name for name in case.columns if name not in ("company_id", "company_name", "year_end", "months", "chart",
             "form", "filing", "currency", "source", "confirmation", "complete")]  # fmt: skip
    liabilities = [name for name in pages if name in case and _on(name, "passif")]
    incomplete = case.tail(1).assign(company_id="I", **dict.fromkeys(liabilities, np.nan))
    negative = case.tail(1).assign(
        company_id="N", capitaux_propres=-20000.0, total_passif=564000.0, chiffre_affaires=0.0
    )
    undated = case.tail(1).assign(company_id="U", months=np.nan)
    return pd.concat([case, long, simplified, incomplete, negative, undated], ignore_index=True)


def _on(name: str, statement: str) -> bool:
    from cmtools.formulas import base_line, reference

    return {row["key"]: row["statement"] for row in reference("lines.csv")}.get(base_line(name)) == statement


def recalculated(path: Path) -> openpyxl.Workbook:
    """The workbook with all its cached values made wrong, then computed again by LibreOffice."""
    if SOFFICE is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("LibreOffice Calc is not installed (soffice)")
    folder = path.parent
    spoiled, out, profile = folder / "spoiled" / path.name, folder / "out", folder / "profile"
    spoiled.parent.mkdir(exist_ok=True)
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(ALWAYS, encoding="utf-8")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(spoiled, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name.startswith("xl/worksheets/sheet"):
                text = data.decode("utf-8")
                text, count = re.subn(r"(</f>)<v>[^<]*</v>", rf"\1<v>{WRONG}</v>", text)
                assert count > 20
                data = text.encode("utf-8")
            new.writestr(name, data)
    command = [SOFFICE, "--headless", f"-env:UserInstallation={profile.as_uri()}", "--convert-to", "xlsx",
               "--outdir", str(out), str(spoiled)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return openpyxl.load_workbook(out / path.name, data_only=True)


def read(book: openpyxl.Workbook, years: int) -> tuple[dict[str, list], dict[str, list]]:
    """Values of each name, one a year, and readings of the ratios."""
    values, readings = {}, {}
    for sheet in book.worksheets:
        for row in sheet.iter_rows(values_only=True):
            key = row[0]
            if not key:
                continue
            if key in catalogue():
                values[key] = [row[RATIO_FIRST + 2 * year] for year in range(years)]
                readings[key] = [row[RATIO_FIRST + 2 * year + 1] for year in range(years)]
            else:
                values[key] = list(row[FIRST : FIRST + years])
    return values, readings


def differences(found: list, expected: pd.Series, name: str) -> list[str]:
    wrong = []
    for year, (cell, value) in enumerate(zip(found, expected, strict=True)):
        if value != value:
            if cell != UNKNOWN:
                wrong.append(f"{name} {year}: {cell!r}, n.c. expected")
        elif not isinstance(cell, int | float) or abs(cell - value) > max(1e-6, 1e-9 * abs(value)):
            wrong.append(f"{name} {year}: {cell!r}, {value!r} expected")
    return wrong


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    table = companies()
    path = write_functional_balance(tmp_path_factory.mktemp("live") / "masses.xlsx", "fr", table)
    return path, table


@pytest.fixture(scope="module")
def computed(written):
    path, table = written
    return *read(recalculated(path), len(table)), table


def test_every_figure_is_that_of_cmtools(computed):
    values, _, table = computed
    names = [
        name
        for group in ("parts", "functional", "net", "liquidity", "sig", "restated", "caf")
        for name in names_of(group)
    ]
    assert set(names) == set(SHOWN)
    expected = evaluate(table, names)[0]
    wrong = [text for name in names for text in differences(values[name], expected[name].round(6), name)]
    assert wrong == []
    assert expected.notna().any().sum() > 70  # the comparison is not of blanks


def test_every_ratio_is_that_of_cmtools_with_its_reading(computed):
    values, readings, table = computed
    expected = ratio_values(table)
    assert [text for key in catalogue() for text in differences(values[key], expected[key], key)] == []
    for key in catalogue():
        said = [reading(key, value) for value in expected[key]]
        assert [cell or None for cell in readings[key]] == [label(name, "fr") if name else None for name in said], key
    assert expected["effet_levier"].notna().sum() >= 3
    assert expected["cycle_tresorerie"].notna().sum() >= 2


def test_masses_without_bills_are_those_of_the_functional_balance_without_them(computed):
    values, _, table = computed
    balance = statements.functional_balance(table, discounted_bills=False)
    for name in BILLS:
        column = balance[name.removesuffix("_without_bills")]
        known = column.notna()
        assert differences(np.array(values[name], dtype=object)[known], column[known], name) == []


def test_the_worked_case_by_hand(computed):
    """Uses 670; resources 341 + 352 + 14 + (277 - 55); 537 + 12 of bills - 272; 14 - 21; EBE 533 + 5 - 21 - 400."""
    values, *_ = computed
    figures = {name: values[name][1] for name in ("frng", "frng_bas", "bfre", "bfrhe", "bfr", "tn", "ecart_tn", "ebe")}
    assert figures == {
        "frng": 259000, "frng_bas": 259000, "bfre": 277000, "bfrhe": -7000, "bfr": 270000, "tn": 56000 - 55000 - 12000,
        "ecart_tn": 0, "ebe": 117000,
    }  # fmt: skip
    assert (values["bfre_without_bills"][1], values["tn_without_bills"][1]) == (265000, 1000)
    # 44 + 54 - 3, and 117 + 1 - 10 - 1 - 12
    assert (values["caf_additive"][1], values["caf_soustractive"][1], values["ecart_caf"][1]) == (95000, 95000, 0)
    # 15 months: 318 000.37 + 12 000 of bills over (1 460 + 262) x 12/15 incl. VAT, in days of 360
    assert values["delai_clients"][2] == pytest.approx(330000.37 / (1722000 * 12 / 15) * 360)


def test_simplified_and_incomplete_accounts_say_what_they_lack(computed):
    values, _, table = computed
    simplified, incomplete = (table["company_id"].tolist().index(name) for name in ("S", "I"))
    assert values["poids_dettes_fiscales_sociales"][simplified] == UNKNOWN
    assert values["frng"][simplified] == 92000 + 60000 + 70000 - 150000
    assert values["tn"][simplified] == 30000
    assert values["frng"][incomplete] == values["tn_difference"][incomplete] == UNKNOWN
    assert values["ebe"][incomplete] == 117000
    assert values["rentabilite_financiere"][table["company_id"].tolist().index("N")] == UNKNOWN
    assert values["said"][incomplete] == UNKNOWN


def changed(path: Path, key: str, year: int, value: float) -> Path:
    """The same file with one cell of an input line typed over."""
    book = openpyxl.load_workbook(path)
    row = next(rank for rank, cells in enumerate(book.worksheets[0].iter_rows(values_only=True), 1) if cells[0] == key)
    spot = book.worksheets[0].cell(row, FIRST + year + 1).coordinate
    other = path.parent / f"typed_{key}" / path.name
    other.parent.mkdir()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                text, count = re.subn(rf'(<c r="{spot}"[^>]*>)<v>[^<]*</v>', rf"\g<1><v>{value}</v>", data.decode())
                assert count == 1
                data = text.encode()
            new.writestr(name, data)
    return other


def test_a_line_that_is_typed_over_moves_all_that_holds_it(written):
    """Customers of the second year from 318 to 368: ACE, BFRE and BFR +50, treasury by difference -50, the gap +50."""
    path, table = written
    values, _ = read(recalculated(changed(path, "clients", 1, 368000)), len(table))
    figures = {
        name: values[name][1] for name in ("total_actif", "frng", "ace", "bfr", "tn", "tn_difference", "ecart_tn")
    }
    assert figures == {
        "total_actif": 1327000, "frng": 259000, "ace": 599000, "bfr": 320000, "tn": -11000, "tn_difference": -61000,
        "ecart_tn": 50000,
    }  # fmt: skip
    assert values["said"][:2] == [message("live_balanced", "fr"), message("live_unbalanced", "fr")]
    assert values["check_balance"][1] == 50000
    moved = table.copy()
    for name in ("clients", "total_actif_circulant", "total_actif"):
        moved.loc[1, name] += 50000
    expected = ratio_values(moved)
    assert [text for key in catalogue() for text in differences(values[key], expected[key], key)] == []
    assert values["delai_clients"][1] == pytest.approx((368 + 12) / (1460 + 262) * 360)


def test_a_charge_that_is_typed_over_moves_the_sig_the_caf_and_the_ratios(written):
    """Salaries of the second year +10: EBE, REX, RCAI, result and both CAFs -10."""
    path, table = written
    values, _ = read(recalculated(changed(path, "salaires", 1, 298000)), len(table))
    names = ("valeur_ajoutee", "ebe", "rex", "rcai", "resultat_sig", "resultat_net", "caf_additive", "caf_soustractive")
    assert [values[name][1] for name in names] == [533000, 107000, 57000, 47000, 34000, 34000, 85000, 85000]
    assert values["marge_ebe"][1] == pytest.approx(107 / 1460)
    assert values["check_result"][1] == 10000


# ---------------------------------------------------------------- without LibreOffice


def test_cached_values_are_right_too(written):
    """A viewer that does not compute shows the same figures."""
    path, table = written
    values, readings = read(openpyxl.load_workbook(path, data_only=True), len(table))
    expected, rates = evaluate(table, SHOWN)[0], ratio_values(table)
    assert [text for name in SHOWN for text in differences(values[name], expected[name].round(6), name)] == []
    assert [text for key in catalogue() for text in differences(values[key], rates[key], key)] == []
    assert readings["autonomie_financiere"][1] == "bon"


def test_without_accounts_the_worked_case_is_written_in_each_language(tmp_path):
    for language, sheet in (("fr", "Bilan fonctionnel"), ("en", "Functional balance sheet")):
        path = write_functional_balance(tmp_path / f"{language}.xlsx", language)
        book = openpyxl.load_workbook(path)
        assert book.worksheets[1].title == sheet
        assert book.worksheets[0].column_dimensions["A"].hidden
        texts = [cell.value for row in book.worksheets[1].iter_rows() for cell in row if isinstance(cell.value, str)]
        assert label("frng", language) in texts
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["en.xlsx", "fr.xlsx"]


def test_the_worked_case_holds_together():
    from cmtools.lines import controls

    case = worked_case("fr")
    assert case["complete"].all()
    found = controls(case)
    assert set(found["result"]) == {"ok", "not_checkable"}
    assert found.set_index("control").loc[["balance", "result_carried", "income_less_charges"], "result"].eq("ok").all()
    assert statements.caf(case)["ecart_caf"].tolist() == [0, 0]
    assert statements.functional_balance(case)["ecart_tn"].tolist() == [0, 0]


def test_names_of_companies_stay_text(tmp_path):
    table = worked_case("fr").assign(company_name='=HYPERLINK("http://x")', currency="=1+1", form="<b>'")
    book = openpyxl.load_workbook(write_functional_balance(tmp_path / "x.xlsx", "fr", table))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    hostile = [cell for cell in cells if str(cell.value).startswith(("=HYPER", "=1+1"))]
    assert len(hostile) > 5
    assert {cell.data_type for cell in hostile} == {"s"}
    assert not any(cell.hyperlink for cell in cells)


def test_a_rounding_of_the_form_is_kept_and_said(tmp_path):
    table = worked_case("fr").assign(chiffre_affaires=[1355001.0, 1460000.0])
    book = openpyxl.load_workbook(write_functional_balance(tmp_path / "x.xlsx", "fr", table))
    row = next(cells for cells in book.worksheets[0].iter_rows() if cells[0].value == "chiffre_affaires")
    assert row[FIRST].value.endswith('+1,"")')
    assert "Écart de 1 " in row[FIRST].comment.text
    assert row[FIRST + 1].comment is None


def test_no_accounts_at_all_leave_a_template(tmp_path):
    blank = worked_case("fr").head(1).drop(columns=list(live_workbook._used()), errors="ignore")
    path = write_functional_balance(tmp_path / "blank.xlsx", "en", blank)
    values, _ = read(openpyxl.load_workbook(path, data_only=True), 1)
    assert values["frng"] == values["ebe"] == values["marge_ebe"] == [UNKNOWN]


def test_each_sum_is_of_flows_or_of_stocks_alone():
    """Months are brought to twelve term by term: a term that mixed both would be wrong."""
    from cmtools.formulas import is_flow

    def leaves(name):
        if name not in aggregates():
            return {is_flow(name)}
        return {kind for way in aggregates()[name] for part in way.formula.names for kind in leaves(part)}

    used = {name for ratio in catalogue().values() for name in (*ratio.numerator.names, *ratio.denominator.names)}
    assert [name for name in used if len(leaves(name)) > 1] == []


def test_nothing_is_left_when_writing_fails(tmp_path):
    with pytest.raises((TypeError, ValueError, AttributeError)):
        write_functional_balance(tmp_path / "x.xlsx", "fr", worked_case("fr").assign(clients="a"))
    assert list(tmp_path.iterdir()) == []


def test_real_accounts_give_the_same_figures(real_data, tmp_path):
    """Three filed forms, one of them incomplete, one simplified."""
    from cmtools.formulas import reference

    codes = {row["code"]: row for row in reference("codes.csv")}
    rows = []
    for name in ("liasse_2050_a", "liasse_2050_b", "liasse_2033"):
        row = {"company_id": name, "year_end": pd.Timestamp("2020-12-31"), "months": 12.0, "currency": "EUR",
               "form": "2033" if "33" in name else "2050"}  # fmt: skip
        for line in (real_data / "comptes" / f"{name}.csv").read_text().splitlines():
            code, _, amount = line.partition(",")
            if code in codes and codes[code]["part"] not in ("france", "export"):
                row[codes[code]["line"]] = float(amount)
        rows.append(row)
    table = new_table(pd.DataFrame(rows), LoadReport())
    values, _ = read(recalculated(write_functional_balance(tmp_path / "real.xlsx", "en", table)), 3)
    expected, rates = evaluate(table, SHOWN)[0], ratio_values(table)
    assert [text for name in SHOWN for text in differences(values[name], expected[name].round(6), name)] == []
    assert [text for key in catalogue() for text in differences(values[key], rates[key], key)] == []
