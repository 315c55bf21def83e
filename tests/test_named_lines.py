"""Plain tables of named lines: layouts, names, wholes and details, zeros, and two foreign groups."""

import csv

import numpy as np
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

import cmtools as cm
from cmtools.files import plain
from cmtools.financial_ratios import ratio_values, ratios
from cmtools.formulas import reference
from cmtools.lines import line_names
from cmtools.named_lines import _names
from cmtools.schemas import InputError


@pytest.fixture
def file_name():
    return "table.csv"


def codes(found, *levels):
    return [defect.code for defect in found.report.of_level(*(levels or ("warning", "note")))]


def details(found, code):
    return [defect.details for defect in found.report.defects if defect.code == code]


def refused(path, **given_):
    with pytest.raises(InputError) as caught:
        cm.read_statements(path, **given_)
    for language in ("fr", "en"):
        assert "{" not in caught.value.text(language)
    return [(defect.code, defect.line) for defect in caught.value.defects]


# ---- the names


def test_names_stand_for_lines_that_exist():
    rows = reference("line_headings.csv")
    keys = set(line_names()) | {"stocks_ensemble", "stocks_ensemble_net"}
    assert {row["line"] for row in rows} - keys == {""}
    assert {(row["sign"], row["rank"]) for row in rows} <= {("1", "1"), ("1", "2"), ("-1", "1")}
    texts = [plain(row["text"]) for row in rows]
    assert sorted(texts) == sorted(set(texts))


def test_french_labels_are_recognised():
    names = _names("net")
    for row in reference("lines.csv"):
        found = names[plain(row["fr"])].line.removesuffix("_net")
        twins = [other["key"] for other in reference("lines.csv") if plain(other["fr"]) == plain(row["fr"])]
        assert found in {key.removesuffix("_net") for key in twins}, row["fr"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Clients", "clients_net"), ("Créances clients brutes", None), ("Clients bruts", "clients"),
        ("CLIENTS - dépréciations", "clients_amort"), ("clients_amort", "clients_amort"),
        ("Inventories", "stocks_ensemble_net"), ("Total bilan", "total_actif_net"),
        ("Total Liabilities", "total_dettes"), ("Shareholders’ equity", "capitaux_propres"), ("EBITDA", "ebitda"),
        ("Operating profit", "resultat_exploitation"), ("Excédent brut d'exploitation", ""), ("Working capital", ""),
        ("Chiffre d'affaires HT", "chiffre_affaires"),
        ("Dettes à plus d'un an", "dettes_plus_1an"), ("Cost of sales", "cout_des_ventes"),
    ],
)  # fmt: skip
def test_what_a_name_means(name, line):
    found = _names("net").get(plain(name))
    assert (found.line if found else None) == (None if line is None else line)


def test_ebitda_is_never_the_ebe():
    assert {row["line"] for row in reference("line_headings.csv") if "EBITDA" in row["text"]} == {"ebitda"}
    found = {name.line for name in _names("net").values()}
    assert "ebe" not in found


# ---- layouts

ROWS = "Poste;31/12/2024;31/12/2025\nCapitaux propres;150;160\nTotal bilan;400,5;430\nRésultat net;10;(12)\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_lines_in_rows_and_years_in_columns(write, encoding):
    found = cm.read_statements(write(ROWS.encode(encoding)), company_id="007", currency="CHF", months=18)
    told = found.table[["company_id", "year_end", "months", "currency", "form", "confirmation", "complete"]]
    assert told.astype(str).values.tolist() == [
        ["007", f"{year}-12-31", "18.0", "CHF", "lines", "partial", "False"] for year in (2024, 2025)
    ]
    assert found.table["chart"].isna().all()
    assert found.table["capitaux_propres"].tolist() == [150, 160]
    assert found.table["total_actif_net"].tolist() == [400.5, 430]
    assert found.table["resultat_net"].tolist() == [10, -12]
    assert "named_year_alone" not in codes(found)


def test_companies_in_a_column(write):
    found = cm.read_statements(write("Société;Libellé;2024\nA;Clients;5\nB;Clients;7\nA;Fournisseurs;3\n"))
    assert found.table[["company_id", "clients_net"]].values.tolist() == [["A", 5.0], ["B", 7.0]]
    assert found.table["fournisseurs"].iloc[0] == 3
    assert np.isnan(found.table["fournisseurs"].iloc[1])
    assert details(found, "named_year_alone")[0]["found"] == ("2024",)


def test_one_row_per_company_year(write):
    path = write(
        "Company,Name,Year end,Months,Currency,Revenue,Net income,Total equity,Horses\n"
        "007,Noria,2024-12-31,12,GBP,1000,50,400,3\n007,Noria,30/06/2025,6,GBP,600,20,420,4\n"
    )
    found = cm.read_statements(path)
    told = found.table[["company_id", "company_name", "months", "currency", "chiffre_affaires", "capitaux_propres"]]
    assert told.values.tolist() == [["007", "Noria", 12, "GBP", 1000, 400], ["007", "Noria", 6, "GBP", 600, 420]]
    assert found.table["year_end"].dt.strftime("%Y-%m-%d").tolist() == ["2024-12-31", "2025-06-30"]
    assert details(found, "named_unknown")[0]["found"] == ("Horses",)


def test_a_workbook_with_typed_years(tmp_path):
    path = tmp_path / "table.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(0, 0, ["Item", 2024])
        sheet.write_datetime(0, 2, pd.Timestamp("2025-06-30").to_pydatetime(), day)
        sheet.write_row(1, 0, ["Total assets", 100.5, 110])
        sheet.write_row(2, 0, ["Cash", 10, 20])
    found = cm.read_statements(path, currency="USD")
    assert found.table["year_end"].dt.strftime("%Y-%m-%d").tolist() == ["2024-12-31", "2025-06-30"]
    assert found.table["disponibilites_net"].tolist() == [10, 20]


def test_files_complete_each_other(write):
    balance = write("Item;2024\nTotal assets;100\nTotal equity;40\n", "balance.csv")
    income = write("Item;2024\nRevenue;500\nTotal equity;40\n", "income.csv")
    found = cm.read_statements([balance, income], company_id="A", currency="USD")
    row = found.table.iloc[0]
    assert row[["total_actif_net", "capitaux_propres", "chiffre_affaires", "source"]].tolist() == [
        100, 40, 500, "balance.csv + income.csv",
    ]  # fmt: skip
    other = write("Item;2024\nTotal equity;41\n", "other.csv")
    assert refused([balance, other], company_id="A") == [("named_twice", 2)]


def test_the_callers_names_come_first(write, tmp_path):
    path = write("Item;2024\nDebtors;5\nSales;90\nTotal assets;7\n")
    found = cm.read_statements(path, columns={"clients_net": "debtors", "production_vendue_services": ["Sales"]})
    row = found.table.iloc[0]
    assert row[["clients_net", "production_vendue_services"]].tolist() == [5, 90]
    assert "named_unknown" not in codes(found)
    mapping = tmp_path / "names.yaml"
    mapping.write_text("clients_net: Debtors\n")
    assert cm.read_statements(path, columns=mapping).table["clients_net"].tolist() == [5]
    assert refused(path, columns={"clientele": "Debtors"}) == [("named_mapping_name", None)]
    assert refused(path, columns={"clients_net": "Creditors"}) == [("named_mapping_absent", None)]
    assert refused(path, columns={"clients_net": 7}) == [("ledger_mapping_heading", None)]


def test_a_table_written_by_the_package_is_read_back(tmp_path):
    accounts = pd.DataFrame(
        {"company_id": ["A"], "year_end": ["2024-12-31"], "clients": [100.0], "clients_amort": [10.0]}
    )
    accounts.to_csv(tmp_path / "table.csv", index=False)
    row = cm.read_statements(tmp_path / "table.csv").table.iloc[0]
    assert row[["clients", "clients_amort"]].tolist() == [100, 10]


# ---- what is unknown stays so


def test_names_not_recognised_are_never_lost(write):
    found = cm.read_statements(write("Item;2024\nTotal assets;7\nUnicorns;3\nEBITDA margin;5\nNet debt;2\nNotes;\n"))
    assert details(found, "named_unknown")[0]["found"] == ("Unicorns", "EBITDA margin")
    assert details(found, "named_aside")[0]["found"] == ("Net debt",)


def test_zeros_of_every_year_may_be_not_reported(write):
    path = write("Item;2024;2025\nTotal assets;7;8\nInterest expense;0;0\nPrepaids;0;4\n")
    found = cm.read_statements(path)
    assert "interets_charges" not in found.table or found.table["interets_charges"].isna().all()
    assert found.table["cca_net"].tolist() == [0, 4]
    assert details(found, "named_zeros")[0]["found"] == ("interets_charges",)
    assert cm.read_statements(path, complete=True).table["interets_charges"].tolist() == [0, 0]


def test_assets_are_net_unless_said_gross(write):
    path = write("Poste;2024\nClients;100\nStocks bruts;50\nTotal actif;400\n")
    row = cm.read_statements(path).table.iloc[0]
    assert row[["clients_net", "stocks_ensemble", "total_actif_net"]].tolist() == [100, 50, 400]
    row = cm.read_statements(path, assets="gross").table.iloc[0]
    assert row[["clients", "stocks_ensemble", "total_actif"]].tolist() == [100, 50, 400]
    assert refused(path, assets="book") == [("unknown_option", None)]


def test_a_whole_and_its_items_are_not_counted_twice(write):
    found = cm.read_statements(
        write("Poste;2024\nDettes financières;100\nEmprunts bancaires;80\nCapitaux propres;50\n")
    )
    row = found.table.iloc[0]
    assert row[["emprunts_etab_credit", "emprunts_simplifie", "autres_emprunts_oblig"]].tolist() == [80, 20, 0]
    assert np.isnan(row.get("emprunts_ct_origine", np.nan))  # the overdraft stays unknown
    path = write("Poste;2024\nDettes financières;100\nEmprunts bancaires;180\n")
    assert refused(path) == [("named_parts_above", None)]


def test_complete_makes_nil_only_what_no_total_contradicts(write):
    text = "Poste;2024\nVentes de marchandises;900\nChiffre d'affaires;{sales}\nAchats de marchandises;600\n"
    text += "Autres achats et charges externes;100\nSalaires;80\nCharges sociales;20\nImpôts et taxes;5\n"
    names = {"impots_taxes": "Impôts et taxes"}
    whole = cm.read_statements(write(text.format(sales=900)), complete=True, columns=names)
    assert cm.sig(whole.table)["ebe"].tolist() == [900 - 600 - 100 - 80 - 20 - 5]
    partial = cm.read_statements(write(text.format(sales=950)), complete=True, columns=names)  # 50 are not itemised
    assert np.isnan(cm.sig(partial.table)["valeur_ajoutee"].iloc[0])
    blank = cm.read_statements(write(text.format(sales=900)), columns=names)
    assert np.isnan(cm.sig(blank.table)["ebe"].iloc[0])


def test_complete_keeps_stocks_as_a_whole(write):
    text = "Poste;2024\nStocks;50\nDisponibilités;30\nCapitaux propres;80\n"
    row = cm.read_statements(write(text), complete=True).table.iloc[0]
    assert np.isnan(row.get("stock_marchandises_net", np.nan))
    assert row["stocks_ensemble_net"] == 50
    liquid = ratio_values(
        pd.DataFrame([{**row.to_dict(), "total_actif_circulant_net": 80.0, "dettes_moins_1an": 20.0}])
    )
    assert liquid["liquidite_reduite"].iloc[0] == (80 - 50) / 20


def test_net_beside_gross_is_not_mixed_up(write):
    text = "Poste;2024\nClients bruts;110\nClients dépréciations;10\nDisponibilités;20\n"
    text += "Total actif;120\nCapitaux propres;120\n"
    row = cm.read_statements(write(text), complete=True).table.iloc[0]
    assert row[["clients", "clients_amort", "clients_net", "total_actif_net"]].tolist() == [110, 10, 100, 120]
    assert np.isnan(row.get("total_actif", np.nan))  # cash is known net alone


def test_charges_written_negative_are_turned(write):
    text = (
        "Item;2024\nRevenue;1000\nCost of sales;-600\nInterest expense;(30)\nIncome tax expense;-20\nNet income;350\n"
    )
    found = cm.read_statements(write(text))
    row = found.table.iloc[0]
    assert row[["cout_des_ventes", "interets_charges", "impot_benefices", "resultat_net"]].tolist() == [
        600,
        30,
        20,
        350,
    ]
    assert "named_charges_turned" in codes(found)
    mixed = cm.read_statements(write("Item;2024\nCost of sales;600\nInterest expense;-30\nTotal assets;5\n"))
    assert mixed.table["interets_charges"].tolist() == [-30]
    assert "named_charge_negative" in codes(mixed, "warning")


def test_operating_income_comes_before_ebit(write):
    found = cm.read_statements(write("Item;2024\nEBIT;110\nOperating income;100\n"))
    assert found.table["resultat_exploitation"].tolist() == [100]
    assert "named_second" in codes(found, "note")
    assert cm.read_statements(write("Item;2024\nEBIT;110\n")).table["resultat_exploitation"].tolist() == [110]
    turned = cm.read_statements(write("Poste;2024\nCharges financières nettes;30\n"))
    assert turned.table["resultat_financier"].tolist() == [-30]


# ---- bad input


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", [("empty_file", None)]),
        ("a;b\n1;2\n", [("named_layout", None)]),
        ("Item;2024\nUnicorns;5\n", [("named_no_amount", None)]),
        ("Item;2024;2025\nTotal assets;12a;beaucoup\nCash;1;x\n", [("bad_amount", line) for line in (2, 2, 3)]),
        ("Item;2024\nTotal assets;5\nTotal bilan;6\n", [("named_twice", 3)]),
        ("Item;2024;31/12/2024\nTotal assets;5;6\n", [("named_year_twice", None), ("named_year_twice", None)]),
        ("Company;Year end;Revenue\nA;2024-12-31;5\nA;2024-12-31;5\n", [("statements_twice", 3)]),
        ("Company;Year end;Months;Currency;Revenue\nA;soon;12;EUR;5\nA;2024;long;euro;5\n",
         [("bad_date", 2), ("liasse_bad_months", 3), ("ledger_bad_currency", 3)]),
        ("Item;2024\nTotal assets;1,234\n", [("ledger_ask_decimal", None)]),
    ],
)  # fmt: skip
def test_defects(write, text, wanted):
    assert refused(write(text)) == wanted


def test_arguments_are_checked(write):
    for given_ in ({"currency": "dollars"}, {"months": -1}, {"company_id": " "}):
        assert refused(write(ROWS), **given_) == [("ledger_bad_argument", None)]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet="Total assets;,\n2024 31/-(5)\"'EBIT", max_size=120).map(str.encode))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    for complete in (False, True):
        try:
            found = cm.read_statements(path, complete=complete)
        except InputError:
            continue
        assert len(found.table)


# ---- two foreign groups


@pytest.fixture(scope="module")
def groups(real_data):
    paths = sorted((real_data / "comptes").glob("us_*.csv"))
    found = cm.read_statements(paths, currency="USD")
    raw = {}
    for path in paths:
        for company, item, *values in list(csv.reader(path.read_text(encoding="utf-8").splitlines()))[1:]:
            for year, value in zip((2020, 2021, 2022, 2023), values):
                raw[company, year, item.strip()] = float(value)
    return found, raw


def test_foreign_groups_are_read_whole(groups):
    found, raw = groups
    table = found.table
    assert len(table) == 8
    assert table["complete"].all()
    assert set(table["confirmation"]) == {"partial"}
    assert "named_unknown" not in codes(found)
    wanted = {
        "total_actif_net": "Total Assets", "stocks_ensemble_net": "Inventory", "clients_net": "Accounts Receivable",
        "dettes_moins_1an": "Total Current Liabilities", "total_dettes": "Total Liabilities",
        "capitaux_propres": "Total Shareholder Equity", "resultat_exploitation": "Operating Income",
        "ebitda": "EBITDA", "cout_des_ventes": "Cost of Goods Sold", "resultat_net": "Net Income",
    }  # fmt: skip
    for row in table.to_dict("records"):
        for line, item in wanted.items():
            assert row[line] == raw[row["company_id"], row["year_end"].year, item], item


def test_what_can_be_computed_of_foreign_groups(groups):
    found, raw = groups
    values = ratio_values(found.table)
    short = cm.liquidity_balance(found.table)
    for place, row in enumerate(found.table.to_dict("records")):
        item = {
            name: value
            for (who, year, name), value in raw.items()
            if (who, year) == (row["company_id"], row["year_end"].year)
        }
        one = values.iloc[place]
        assert one["autonomie_financiere"] == pytest.approx(item["Total Equity"] / item["Total Liabilities and Equity"])
        assert one["rentabilite_financiere"] == pytest.approx(item["Net Income"] / item["Total Equity"])
        assert one["marge_exploitation"] == pytest.approx(item["Operating Income"] / item["Revenue"])
        assert one["gearing"] == pytest.approx(item["Total Debt"] / item["Total Equity"])
        quick = item["Total Current Assets"] - item["Inventory"]
        assert one["liquidite_reduite"] == pytest.approx(quick / item["Total Current Liabilities"])
        assert short["fr_liquidite"].iloc[place] == item["Total Current Assets"] - item["Total Current Liabilities"]


def test_what_cannot_be_computed_of_foreign_groups(groups):
    found, _ = groups
    told = ratios(found.table)
    unknown = told[told["value"].isna()].groupby("ratio")["missing"].first()
    assert "ventes_marchandises" in unknown["marge_ebe"]
    assert "total_actif_immobilise" in unknown["poids_frng"] or "capitaux" not in unknown["poids_frng"]
    assert unknown["poids_decouverts"] == "concours_bancaires"
    assert {"delai_clients", "delai_fournisseurs", "vetuste", "caf_ca"} <= set(unknown.index)
    assert (told[told["value"].isna()]["reason"].isin(["unknown_line"])).all()
    assert cm.functional_balance(found.table)[["frng", "bfr", "tn"]].isna().all().all()
    assert cm.sig(found.table)[["valeur_ajoutee", "ebe"]].isna().all().all()
    assert (cm.sig(found.table)["rex"] == found.table["resultat_exploitation"]).all()


def test_debts_by_term_and_equity_make_the_whole(write):
    """420 + 200 + 380 = 1 000, the total of the assets: nothing stands between equity and debts."""
    lines = "Total assets;1000\nEquity;420\nNon-current liabilities;200\nCurrent liabilities;380\nTrade payables;170\n"
    for complete in (False, True):
        found = cm.read_statements(write("Item;2024\n" + lines), complete=complete).table.iloc[0]
        assert (found["total_dettes"], found["total_passif"], found["autres_fonds_propres"]) == (580, 1000, 0)
    off = cm.read_statements(write("Item;2024\n" + lines.replace("1000", "1010"))).table
    assert "total_passif" not in off


@pytest.mark.parametrize("heading", ["Line;Note;2024;2025", "Line;2024;2025;Change %", "Line;FY2024;FY2025"])
def test_columns_beside_the_years_are_told_and_left_out(write, heading):
    width = heading.count(";")
    rows = {"Sales": (100, 120), "Net profit": (5, 7)}
    text = heading + "\n"
    for name, (first, second) in rows.items():
        cells = [name, str(first), str(second)]
        if "Note" in heading:
            cells.insert(1, "3")
        cells += ["20"] * (width + 1 - len(cells))
        text += ";".join(cells) + "\n"
    found = cm.read_statements(write(text))
    assert found.table["chiffre_affaires"].tolist() == [100, 120]
    assert found.table["resultat_net"].tolist() == [5, 7]


def test_when_no_line_is_known_the_names_are_listed(write):
    with pytest.raises(InputError, match="Widgets"):
        cm.read_statements(write("Item;2024\nWidgets;5\n"))
