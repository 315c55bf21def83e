"""Forms as filed: codes to lines, what is noted and what is refused, the three real filings, the INPI's XML."""

import gzip
import random

import numpy as np
import pandas as pd
import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

import cmtools as cm
from cmtools.columns import amounts
from cmtools.formulas import evaluate
from cmtools.liasse import known_codes
from cmtools.lines import controls
from cmtools.schemas import InputError

BALANCED = "CO;1000\n1A;100\nDL;400\nDR;0\nEC;500\nEE;900\nHN;30\nDI;30\n"


def read(path, **given_):
    return cm.read_liasse(path, **{"year_end": "2024-12-31", "months": 12, **given_})


def first(found):
    return found.table.iloc[0]


def codes(found, *levels):
    return [defect.code for defect in found.report.of_level(*(levels or ("warning", "note")))]


def defects(path, **given_):
    """Codes and lines of what is wrong; the error also reads in both languages."""
    with pytest.raises(InputError) as caught:
        read(path, **given_)
    for language in ("fr", "en"):
        assert "{" not in caught.value.text(language)
    return [(defect.code, defect.line) for defect in caught.value.defects]


# ---- real filings


def test_a_complete_real_filing(real_data):
    found = cm.read_liasse(real_data / "comptes" / "liasse_2050_a.csv", year_end="2021-12-31")
    row = first(found)
    assert (row["form"], row["complete"], row["confirmation"]) == ("2050", True, "partial")
    unsure = next(d for d in found.report.defects if d.code == "liasse_partial_codes")
    assert list(unsure.details["found"]) == ["AQ", "AS", "AU", "BK", "CQ"]  # second codes: one source only
    checked = controls(found.table)
    assert "failed" not in set(checked["result"])  # FL is 1 euro above its parts, within the rounding
    assert row["chiffre_affaires"] - row["production_vendue_biens"] - row["production_vendue_services"] == 1
    masses = cm.functional_balance(found.table).iloc[0]
    # RS = DL + 1A + DR + (DU - EH) + DV ; ES = BJ
    stable = 1_736_958 + 1_302_306 + 215_000 + (257_674 - 2_378) + 272_730
    assert masses["ressources_stables"] == stable == 3_782_290
    assert masses["frng"] == stable - 2_040_287 == 1_742_003
    # BL + BR + BX + BZ - DX - DY - EA
    assert masses["bfr"] == 85_909 + 44_415 + 142_341 + 24_099 - 606_664 - 447_555 - 66_928 == -824_383
    assert masses["tn"] == 2_568_763 - 2_378 == 2_566_385  # CF - EH
    assert masses["ecart_tn"] == -1  # CJ is filed 1 euro above the sum of its rows
    cascade = cm.sig(found.table).iloc[0]
    # FF + FI + FM - FS - FV - FW - FX - FY - FZ
    value = 8_452_983 + 16_311 + 32_761 - 171 - 24_459 - 4_094_587
    assert cascade["valeur_ajoutee"] == value == 4_382_838
    assert cascade["ebe"] == value - 192_233 - 2_779_588 - 953_290 == 457_727


def test_a_simplified_real_filing(real_data):
    found = cm.read_liasse(real_data / "comptes" / "liasse_2033.csv", year_end="2021-12-31", months=12)
    row = first(found)
    assert (row["form"], row["complete"], row["confirmation"]) == ("2033", True, "unconfirmed")
    unsure = next(d for d in found.report.defects if d.code == "liasse_unconfirmed_codes")
    assert list(unsure.details["found"]) == ["016", "030", "048", "052", "098", "112"]
    failed = controls(found.table).query("result == 'failed'").set_index("control")
    # 142 is 621 389; 120 + 124 + 126 + 130 + 132 + 134 + 136 + 140 = 332 632 + 32 718: the rest has no box in the list
    assert failed["gap"].to_dict() == {"capitaux_propres": 621_389 - 332_632 - 32_718}
    masses = cm.functional_balance(found.table).iloc[0]
    # 142 + 112 + 154 + 156 - 044
    assert masses["frng"] == 621_389 + 1_872_629 + 24_742 + 230_529 - 2_400_364 == 348_925
    # 050 060 064 068 072 092, less 164 166 172 174
    uses = 54_091 + 5_079 + 3_091 + 68_980 + 128_468 + 5_636
    assert masses["bfr"] == uses - (15_000 + 57_307 + 62_320 + 27_198) == 103_520
    assert masses["tn"] == 3_607 + 241_798 == masses["frng"] - masses["bfr"]  # 080 + 084
    assert "overdraft_unknown" in masses["notes"]
    # 210 + 214 + 218 + 222 + 224 - 234 - 236 - 242 + 226 - 244 - 250 - 252
    value = 392_294 + 12_819 + 265_705 + 6_150 + 59_940 - 163_388 + 1_409 - 497_760
    assert cm.sig(found.table).iloc[0]["ebe"] == value + 734_239 - 30_337 - 603_466 - 122_202 == 55_403


def test_an_incomplete_real_filing(real_data):
    found = cm.read_liasse(real_data / "comptes" / "liasse_2050_b.csv", year_end="2021-12-31", months=12)
    row = first(found)
    assert not row["complete"]
    missing = [d.code for d in found.report.defects if d.code.startswith("statements_no_")]
    assert missing == ["statements_no_liabilities"]
    assert "liasse_mixed_forms" not in codes(found)  # its code 10 is no 010
    masses, cascade = cm.functional_balance(found.table).iloc[0], cm.sig(found.table).iloc[0]
    assert masses["emplois_stables"] == 139_959
    assert masses[["ressources_stables", "frng", "bfr", "pce"]].isna().all()
    assert (masses["tresorerie_active"], masses["tresorerie_passive"]) == (251_033, 29)  # CF; VG, as EH is absent
    assert row["total_actif_amort"] == 47_819 + 7_200  # BK + CK: 1A is absent
    assert cascade["ebe"] == 244_779 - 689_445 + 849_352 - 11_018 - 467_538 - 181_997 == -255_867
    failed = controls(found.table).query("result == 'failed'")
    assert failed[["control", "gap"]].values.tolist() == [["total_actif_circulant", 3.0]]


def test_a_published_filing_by_code(write):
    """A filing of 2020 as a public site shows it; its net of BX is 1 euro off."""
    gross = {
        "AF": (136_912, 136_659), "AH": (244_488, 244_488), "AT": (70_254, 57_962), "BH": (466_727, 0),
        "BJ": (918_381, 439_109), "BV": (26_087, 0), "BX": (21_233_231, 585_472), "BZ": (33_213_169, 0),
        "CH": (45_912, 0), "CJ": (54_518_399, 585_472), "CO": (55_436_780, 1_024_581),
    }  # fmt: skip
    second = {"AF": "AG", "AH": "AI", "AT": "AU", "BH": "BI", "BJ": "BK", "BV": "BW", "BX": "BY", "BZ": "CA"}
    second |= {"CH": "CI", "CJ": "CK", "CO": "1A"}
    equity = {"DA": 273_476, "DB": 451_632, "DD": 24_426, "DG": 1_343_477, "DH": -925_421, "DI": 801_232}
    rows = [f"{code},{amount}" for code, (amount, _) in gross.items()]
    rows += [f"{second[code]},{amort}" for code, (_, amort) in gross.items()]
    rows += [f"{code},{amount}" for code, amount in {**equity, "DL": 1_968_822, "DP": 323_285}.items()]
    row = first(read(write("\n".join(rows))))
    published = {"AF": 253, "AT": 12_292, "BX": 20_647_758, "BJ": 479_272, "CJ": 53_932_927, "CO": 54_412_199}
    for code, net in published.items():
        line = known_codes()[code].line
        own = row[line] - row[f"{line}_amort"]
        assert own - net == (1 if code == "BX" else 0), code
    assert sum(equity.values()) == row["capitaux_propres"] == 1_968_822


# ---- layouts of one company-year


@pytest.mark.parametrize(
    "text",
    [
        "CO,1000\n1A,100.50\nDI,-30\n",
        "CO;1000\n1A;100,50\nDI;-30\n",
        "co\t1 000\n1a\t100,50\ndi\t(30)\n",
        "code;montant\nCO;1 000,00\n\n1A;100,50\nDI;30-\n",
        'Code,Amount\r\nCO,"1,000.00"\r\n1A,100.50\r\nDI,-30\r\n',
        '"CO";"1.000,00"\n"1A";"100,50"\n"DI";"-30"\n',
        "\n\nCO|1000\n\n1A|100.5\nDI|-30",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_codes_and_amounts_as_they_come(write, text, encoding):
    row = first(read(write(text.encode(encoding))))
    assert row[["total_actif", "total_actif_amort", "resultat_bilan"]].tolist() == [1000, 100.5, -30]


def test_identity_comes_from_the_arguments_or_is_noted(write):
    row = first(read(write(BALANCED), company_id="007", company_name="Noria", currency="CHF", filing="C", form="2050"))
    assert row[["company_id", "company_name", "currency", "filing", "chart"]].tolist() == [
        "007", "Noria", "CHF", "C", "until_2024",
    ]  # fmt: skip
    assert first(read(write(BALANCED), year_end="2025-12-31"))["chart"] == "from_2025"
    found = cm.read_liasse(write(gzip.compress(BALANCED.encode()), "Noria 2024.csv.gz"))
    row = first(found)
    assert (row["company_id"], row["months"]) == ("Noria 2024", 12)
    assert pd.isna(row["year_end"])
    assert row["chart"] is None
    assert codes(found, "note")[:3] == ["liasse_company_assumed", "liasse_months_assumed", "liasse_no_date"]


def test_nil_signs_leading_zeros_and_slashed_zeros(write):
    row = first(read(write("110;500\n112;Ø\nØ10;200\n136;ø\n")))
    assert (row["form"], row["fonds_commercial"], row["total_actif_amort"], row["resultat_bilan"]) == (
        "2033",
        200,
        0,
        0,
    )
    found = read(write("10;200\n12;50\n110;500\n"))  # a spreadsheet ate the zeros
    assert first(found)[["fonds_commercial", "fonds_commercial_amort"]].tolist() == [200, 50]
    assert "liasse_zeros_lost" in codes(found)


def test_a_blank_amount_is_unknown_and_a_nil_one_is_nil(write):
    found = read(write("BX;120\nBY;\nCO;500\nDL;0\n"))
    row = first(found)
    assert np.isnan(row.get("clients_amort", np.nan))
    assert row["capitaux_propres"] == 0
    assert np.isnan(cm.functional_balance(found.table)["frng"].iloc[0])


def test_france_is_not_the_turnover(write):
    row = first(read(write("FJ;70\nFK;30\nFD;70\nFE;30\n")))
    assert row[["chiffre_affaires", "production_vendue_biens"]].tolist() == [100, 100]
    found = read(write("FJ;70\nFR;100\n"))
    assert "chiffre_affaires" not in found.table or np.isnan(first(found)["chiffre_affaires"])
    assert "liasse_share_alone" in codes(found)
    found = read(write("FJ;70\nFK;30\nFL;120\n"))
    assert first(found)["chiffre_affaires"] == 120
    gap = next(d for d in found.report.defects if d.code == "liasse_shares_differ")
    assert gap.details["gap"] == -20
    exports = first(read(write("209;10\n210;100\n")))  # within the sales, not beside them
    assert exports["ventes_marchandises"] == 100


def test_unused_codes_are_listed_once(write):
    found = read(write("CO;1000\nKG;5\nZG;7\nK4bis;3\n312;0\n402;abc\n"))
    unused = [d for d in found.report.defects if d.code == "liasse_unused_codes"]
    assert len(unused) == 1
    assert list(unused[0].details["found"]) == ["312", "402", "K4BIS", "KG", "ZG"]
    assert found.table["form"].tolist() == ["2050"]


def test_what_looks_wrong_is_told_and_kept(write):
    found = read(write("BY;30\nBX;20\nAU;8\nCO;1000\n1A;100\nBJ;-5\n"))
    assert set(codes(found, "warning")) >= {
        "liasse_amort_above", "liasse_second_alone", "liasse_totals_only", "statements_negative",
        "statements_no_liabilities",
    }  # fmt: skip
    assert first(found)["total_actif_immobilise"] == -5
    again = read(write("CO;1000\nBX;20\nCO;1000\n"))
    assert "liasse_code_again" in codes(again, "note")


def test_totals_without_their_rows_are_told(write):
    found = read(write(BALANCED))
    bare = next(d for d in found.report.defects if d.code == "liasse_totals_only")
    assert list(bare.details["found"]) == ["CO", "1A", "EC", "HN"]  # DL has DI among its rows


# ---- bad input


def test_every_defect_at_once(write):
    path = write("code;montant\nCO;1000\nBX;12a\nCapital;5\n;7\nDL;400\nDL;401\n010;5\n")
    assert sorted(defects(path)) == [
        ("bad_amount", 3), ("liasse_bad_code", 4), ("liasse_bad_code", 5), ("liasse_code_twice", 7),
        ("liasse_mixed_forms", 8),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"   \n\n", "empty_file"),
        (b"\x00\x01\x02\x03CO,1", "ledger_not_a_table"),
        (b"%PDF-1.7", "ledger_not_a_table"),
        (b"CO 1000\nDL 400\n", "ledger_no_separator"),
        (b"CO:1000\nDL:400\n", "ledger_no_separator"),
        (b"CO,1234,56\nDL,400\n", "ledger_wrong_width"),
        (b"poste;libelle\nCO;Total\n", "liasse_layout"),
        (b"code;montant\n", "liasse_no_code"),
        (b"KG;5\nZZ;7\n", "liasse_no_code"),
        (b"CO;1,000\nDL;2,500\n", "ledger_ask_decimal"),
    ],
)
def test_files_that_are_no_such_thing(write, content, code):
    assert [found for found, _ in defects(write(content))] == [code]


def test_arguments_are_checked(write):
    for given_ in ({"months": 0}, {"currency": "euros"}, {"form": "2065"}, {"filing": "B"}):
        assert [found for found, _ in defects(write(BALANCED), **given_)] == ["ledger_bad_argument"]
    assert [found for found, _ in defects(write(BALANCED), form="2033")] == ["liasse_form_differs"]
    assert [found for found, _ in defects(write(BALANCED), year_end="30/02/2025")] == ["bad_date"]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    try:
        found = cm.read_liasse(path)
    except InputError:
        return
    assert len(found.table) == 1


# ---- many company-years

LONG = "entreprise;nom;date_cloture;duree_mois;formulaire;devise;depot;code;montant\n"


def test_a_long_table_of_many(write):
    path = write(
        LONG
        + "007;Noria;31/12/2024;12;2050;EUR;C;CO;1000\n007;Noria;31/12/2024;12;2050;EUR;C;1A;100\n"
        + "007;Noria;2025-12-31;15;2050;EUR;C;CO;1200\n"
        + "008;Vialine;30/06/2025;12;2033;CHF;S;110;50\n"
    )
    found = cm.read_liasse(path)
    told = found.table[["company_id", "company_name", "year_end", "months", "form", "currency", "filing"]]
    assert told.astype(str).values.tolist() == [
        ["007", "Noria", "2024-12-31", "12.0", "2050", "EUR", "C"],
        ["007", "Noria", "2025-12-31", "15.0", "2050", "EUR", "C"],
        ["008", "Vialine", "2025-06-30", "12.0", "2033", "CHF", "S"],
    ]
    assert found.table["total_actif"].tolist() == [1000, 1200, 50]
    english = write(
        "company_id,company_name,year_end,months,form,code,amount\n007,Noria,2024-12-31,12,2050,CO,1000.5\n"
    )
    assert first(cm.read_liasse(english))["total_actif"] == 1000.5


def test_the_sample_accounts(root):
    path = root / "data" / "liasses_clients.csv"
    found = cm.read_liasse(path)
    raw = pd.read_csv(path, sep=";", dtype=str, encoding="utf-8-sig")
    years = raw[["entreprise", "date_cloture"]].drop_duplicates()
    assert len(found.table) == len(years)
    assert found.table["months"].isin([12, 15]).all()
    one = raw[(raw["code"] == "CO") & raw["montant"].notna()].iloc[0]
    day = pd.to_datetime(one["date_cloture"], dayfirst=True)
    mine = found.table[(found.table["company_id"] == one["entreprise"]) & (found.table["year_end"] == day)]
    assert mine["total_actif"].tolist() == [float(one["montant"])]
    assert not found.report.of_level("fatal", "error")


def test_defects_of_a_long_table(write):
    path = write(
        LONG
        + ";Noria;31/12/2024;12;2050;EUR;C;CO;1000\n007;Noria;31/13/2024;12;2050;EUR;C;CO;1000\n"
        + "007;Noria;;12;2050;EUR;C;CO;1000\n007;Noria;31/12/2024;long;2050;EUR;C;CO;1000\n"
        + "007;Noria;31/12/2024;12;CERFA;EUR;C;1A;10\n007;Noria;31/12/2024;12;2050;monnaie;C;DL;10\n"
        + "007;Noria;31/12/2024;12;2050;EUR;X;DR;10\n"
    )
    found = dict.fromkeys(defects(path))
    assert list(found) == [
        ("blank_value", 2), ("bad_date", 3), ("blank_value", 4), ("liasse_bad_months", 5), ("liasse_bad_form", 6),
        ("ledger_bad_currency", 7), ("liasse_bad_filing", 8),
    ]  # fmt: skip


def test_one_year_has_one_length_and_one_currency(write):
    head = LONG + "007;Noria;31/12/2024;12;2050;EUR;C;CO;1000\n"
    assert defects(write(head + "007;Noria;31/12/2024;18;2050;EUR;C;1A;10\n")) == [("liasse_differs", 3)]
    assert defects(write(head + "007;Noria;31/12/2024;12;2050;USD;C;1A;10\n")) == [("liasse_differs", 3)]
    found = cm.read_liasse(write(head + "007;NORIA SA;31/12/2024;12;2050;EUR;C;1A;10\n"))
    assert "liasse_differs" in codes(found, "note")


def test_the_complete_filing_is_kept(write):
    year = "007;Noria;31/12/2024;12;;EUR"
    path = write(LONG + f"{year};K;CO;9000\n{year};S;110;1100\n{year};C;CO;1000\n008;Assur;31/12/2024;12;;EUR;A;R1;5\n")
    found = cm.read_liasse(path)
    assert found.table[["company_id", "filing", "total_actif"]].values.tolist() == [["007", "C", 1000.0]]
    noted = [(d.code, d.details) for d in found.report.of_level("warning", "note") if "filing" in d.code]
    assert ("liasse_refused_filing", {"filing": "A"}) in noted
    assert [d["left"] for code, d in noted if code == "liasse_other_filing"] == ["S", "K"]
    group = first(cm.read_liasse(write(LONG + f"{year};K;CO;9000\n{year};K;A1;70\n")))
    assert "transferts_charges" not in group or np.isnan(group["transferts_charges"])  # goodwill on that form


def test_a_workbook_of_codes(tmp_path):
    path = tmp_path / "codes.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for at, (code, amount) in enumerate([("CO", 1000.5), (110, ""), ("1A", "100,25"), ("BX", 20)]):
            sheet.write(at, 0, code)
            sheet.write(at, 1, amount)
    row = first(read(path))
    assert row[["total_actif", "total_actif_amort", "clients"]].tolist() == [1000.5, 100.25, 20]
    path = tmp_path / "long.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Données")
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(0, 0, ["Société", "Date de clôture", "Code", "Montant"])
        sheet.write(1, 0, 7)
        sheet.write_datetime(1, 1, pd.Timestamp("2024-12-31").to_pydatetime(), day)
        sheet.write_row(1, 2, ["CO", 1000])
    found = cm.read_liasse(path)
    assert first(found)[["company_id", "total_actif"]].tolist() == ["7", 1000]
    assert str(first(found)["year_end"].date()) == "2024-12-31"
    assert "ledger_number_as_text" in codes(found)


# ---- the INPI's XML


def xml(*bilans, head='<?xml version="1.0" encoding="UTF-8"?>'):
    body = "".join(bilans)
    return f'{head}<bilans xmlns="fr:inpi:odrncs:bilansSaisisXML" version="1.1">{body}</bilans>'


def bilan(*rows, siren="904172638", closing="20241231", kind="C", **more):
    fields = {
        "siren": siren, "date_cloture_exercice": closing, "duree_exercice_n": "12", "code_type_bilan": kind,
        "code_devise": "EUR", "code_confidentialite": "0", "denomination": "NORIA &amp; CIE",
        "date_cloture_exercice_n-1": "20231231", "duree_exercice_n-1": "15", **more,
    }  # fmt: skip
    identity = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items() if value is not None)
    lines = "".join(
        f'<liasse code="{code}" ' + " ".join(f'm{n}="{padded(m)}"' for n, m in amounts_.items()) + "/>"
        for code, amounts_ in rows
    )
    return f'<bilan><identite>{identity}</identite><detail><page numero="01">{lines}</page></detail></bilan>'


def padded(amount):
    return amount if isinstance(amount, str) else f"{'-' if amount < 0 else ''}{abs(amount):015d}"


ROWS = (
    ("AF", {1: 20_264, 2: 20_264}),
    ("BX", {1: 500, 2: 40, 3: 460, 4: 300}),
    ("BF", {1: 90, 3: 75}),
    ("CF", {3: 33}),
    ("CN", {1: 7, 3: 7, 4: 2}),
    ("CO", {1: 21_000, 2: 20_304, 3: 696, 4: 650}),
    ("DI", {1: -30, 2: 25}),
    ("DL", {1: 400, 2: 430}),
    ("EE", {1: 696, 2: 650}),
    ("EH", {1: 12, 2: 9}),
    ("FJ", {1: 700, 2: 300, 3: 1000, 4: 900}),
    ("FW", {3: 600, 4: 500}),
    ("HN", {1: -30, 2: 25}),
    ("VA", {1: 60, 2: 50}),
    ("ZE", {1: 5, 2: 4}),
    ("KD", {1: 1, 2: 2}),
)


def test_amounts_of_the_xml_by_column(write):
    found = cm.read_liasse(write(xml(bilan(*ROWS)), "bilans.xml"))
    row = first(found)
    wanted = {
        "company_id": "904172638", "company_name": "NORIA & CIE", "months": 12.0, "form": "2050", "filing": "C",
        "currency": "EUR", "source": "bilans.xml", "confirmation": "confirmed",
        "concessions_brevets": 20_264, "concessions_brevets_amort": 20_264, "clients": 500, "clients_amort": 40,
        "prets": 90, "prets_amort": 15, "ecart_conversion_actif": 7, "disponibilites_net": 33,
        "total_actif": 21_000, "total_actif_amort": 20_304, "resultat_bilan": -30,
        "capitaux_propres": 400, "concours_bancaires": 12, "chiffre_affaires": 1000,
        "autres_achats_charges_externes": 600, "resultat_net": -30, "clients_douteux": 60, "dividendes": 5,
    }  # fmt: skip
    assert row[list(wanted)].to_dict() == wanted
    assert evaluate(found.table, ["clients_net", "total_actif_net"])[0].values.tolist() == [[460, 696]]
    assert str(row["year_end"].date()) == "2024-12-31"
    assert "liasse_xml_untried" in codes(found, "note")
    assert [list(d.details["found"]) for d in found.report.defects if d.code == "liasse_unused_codes"] == [["KD"]]


def test_the_year_before_on_demand(write):
    path = write(xml(bilan(*ROWS)), "bilans.xml")
    found = cm.read_liasse(path, previous_year=True).table.set_index("year_end")
    before = found.loc["2023-12-31"]
    assert before[["source", "months", "filing"]].tolist() == ["bilans.xml (N-1)", 15.0, "C"]
    wanted = {
        "clients_net": 300, "total_actif_net": 650, "resultat_bilan": 25, "capitaux_propres": 430,
        "concours_bancaires": 9, "chiffre_affaires": 900, "autres_achats_charges_externes": 500, "resultat_net": 25,
        "dividendes": 4,
    }  # fmt: skip
    assert before[list(wanted)].to_dict() == wanted
    assert before[["clients", "clients_amort", "clients_douteux"]].isna().all()  # net alone; maturities are no year
    both = write(xml(bilan(*ROWS), bilan(("CO", {1: 9, 2: 0, 3: 9}), closing="20231231")), "two.xml")
    filed = cm.read_liasse(both, previous_year=True).table
    assert sorted(filed["source"]) == ["two.xml", "two.xml"]  # the form of 2023 shows 2023 again as its own N-1
    assert filed[filed["year_end"] == "2023-12-31"]["total_actif"].tolist() == [9]


def test_the_simplified_form_in_xml(write):
    rows = [
        ("028", {1: 900, 2: 400, 3: 500, 4: 450}),
        ("110", {1: 1000, 2: 400, 3: 600, 4: 520}),
        ("088", {3: 4, 4: 3}),
        ("120", {3: 50, 4: 50}),
        ("142", {3: 200, 4: 180}),
        ("169", {2: 33}),
        ("180", {3: 600, 4: 520}),
        ("195", {3: 80, 4: 90}),
        ("210", {1: 700}),
        ("310", {1: 20, 2: -5}),
    ]
    row = first(cm.read_liasse(write(xml(bilan(*rows, kind="S")))))
    wanted = {
        "form": "2033", "immo_corp_simplifie_amort": 400, "total_actif": 1000, "caisse_net": 4, "capital": 50,
        "capitaux_propres": 200, "associes_simplifie": 33, "total_passif": 600, "dettes_plus_1an": 80,
        "ventes_marchandises": 700, "resultat_net": 20,
    }  # fmt: skip
    assert row[list(wanted)].to_dict() == wanted
    other = [(code, {1: m[3], 2: m[4]} if code in ("120", "142", "180", "195") else m) for code, m in rows]
    found = cm.read_liasse(write(xml(bilan(*other, kind="S"))), previous_year=True).table
    assert found["capitaux_propres"].tolist() == [200, 180]  # liabilities in m1 and m2, as on form 2051


def test_several_filings_of_a_year_in_xml(write):
    found = cm.read_liasse(
        write(
            xml(
                bilan(("CO", {1: 9000, 3: 9000}), ("A1", {1: 70, 3: 70}), kind="K"),
                bilan(("CO", {1: 1000, 3: 1000}), kind="C", date_depot="20250501"),
                bilan(("CO", {1: 1001, 3: 1001}), kind="C", date_depot="20250601"),
                bilan(("R1", {1: 5}), siren="111222333", kind="A"),
            )
        )
    )
    assert found.table["total_actif"].tolist() == [1001]
    assert codes(found).count("liasse_other_filing") == 2
    assert "liasse_refused_filing" in codes(found, "warning")
    group = cm.read_liasse(write(xml(bilan(("CO", {1: 9, 3: 9}), ("A1", {1: 70, 3: 70}), kind="K")))).table
    assert "transferts_charges" not in group
    same = bilan(("CO", {1: 1, 3: 1}), date_depot="20250501")
    assert [code for code, _ in defects(write(xml(same, same)))] == ["statements_twice"]


def test_what_the_xml_says_that_does_not_agree(write):
    found = cm.read_liasse(
        write(
            xml(
                bilan(
                    ("BX", {1: 500, 2: 40, 3: 400}), ("FJ", {1: 7, 2: 3, 3: 20}), code_confidentialite="1",
                    duree_exercice_n=None, code_devise=None,
                )
            )
        )
    )  # fmt: skip
    assert [d.details["gap"] for d in found.report.defects if d.code == "liasse_row_differs"] == [60, -10]
    assert {"liasse_confidential", "liasse_months_assumed"} <= set(codes(found, "note"))
    assert first(found)["chiffre_affaires"] == 20


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (xml(bilan(("BX", {1: "12a"}), ("DL", {1: "1.5"}))), ["bad_amount", "bad_amount"]),
        (xml(bilan(("Total", {1: 5}), ("CO", {1: 5}))), ["liasse_bad_code"]),
        (xml(bilan(("CO", {1: 5}), ("CO", {1: 6}))), ["liasse_row_twice"]),
        (xml(bilan(("CO", {1: 5}), closing="20241331")), ["bad_date"]),
        (xml(bilan(("CO", {1: 5}), closing=None)), ["blank_value"]),
        (xml(bilan(("CO", {1: 5}), siren=None)), ["blank_value"]),
        (xml(bilan(("CO", {1: 5}), kind="Z")), ["liasse_bad_filing"]),
        (xml(bilan(("CO", {1: 5}), code_devise="monnaie")), ["ledger_bad_currency"]),
        (xml(bilan(("CO", {1: 5}), duree_exercice_n="99")), ["liasse_bad_months"]),
        (xml(bilan(("KD", {1: 5}))), ["liasse_no_code"]),
        (xml(), ["liasse_no_code"]),
        ("<html><body>non</body></html>", ["liasse_not_inpi"]),
        (xml(bilan(*ROWS))[:-20], ["liasse_bad_xml"]),
        (xml("<a>" * 40 + "</a>" * 40), ["liasse_bad_xml"]),
        ('<!DOCTYPE bilans [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + xml(head=""), ["liasse_doctype"]),
        ('<!DOCTYPE b [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><bilans>&b;</bilans>', ["liasse_doctype"]),
    ],
)
def test_xml_that_is_refused(write, text, wanted):
    with pytest.raises(InputError) as caught:
        cm.read_liasse(write(text, "bilans.xml"))
    assert [defect.code for defect in caught.value.defects] == wanted
    for language in ("fr", "en"):
        assert "{" not in caught.value.text(language)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_xml_is_read_or_refused(write, seed):
    data = bytearray(xml(bilan(*ROWS), bilan(*ROWS, closing="20231231")).encode())
    luck = random.Random(seed)
    for _ in range(luck.randint(1, 6)):
        at = luck.randrange(len(data))
        data[at : at + luck.randint(0, 3)] = bytes(
            luck.choice(b'<>/&;"\x00\xff9-a ') for _ in range(luck.randint(0, 3))
        )
    try:
        found = cm.read_liasse(write(bytes(data), "bilans.xml"))
    except InputError:
        return
    assert len(found.table)


def test_amounts_of_a_column():
    found, unclear = amounts(pl.Series(["1 234,56", " ", "(20)", "x"]))
    assert (found.to_list(), unclear) == ([1234.56, None, -20.0, None], "")
    assert amounts(pl.Series(["1,234"]))[1] == "1,234"
    assert amounts(pl.Series(["1,234"]), decimal=",")[0].to_list() == [1.23]
