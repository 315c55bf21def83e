"""Files that the user edits: read whole and valid, or every defect with its line."""

import csv
import io

import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

import cmtools as cm
from cmtools.files import plain
from cmtools.financial_ratios import compare, ratios
from cmtools.language import label
from cmtools.schemas import InputError
from cmtools.settings import Cell, _number, indicators_table, key_of, reference_rows


def defects(read, path):
    """Codes and lines of what is wrong; the error also reads in both languages."""
    with pytest.raises(InputError) as caught:
        read(path)
    for language in ("fr", "en"):
        assert str(path.name) in caught.value.text(language)
    return [(defect.code, defect.line) for defect in caught.value.defects]


SIGNALS = "Signal;Actif;Seuil;Second seuil\n"
TARGETS = "Indicateur;Chargé de recouvrement;Objectif;Poids;Prime\n"

# ---- the tables of reference/


def test_default_signals_are_whole():
    table = cm.read_signals()
    assert table["active"].all()
    assert not table["signal"].duplicated().any()
    assert table[["threshold", "unit"]].notna().all().all()
    assert (table["second_threshold"].isna() == table["second_unit"].isna()).all()
    assert set(table["comparison"]) == {"above", "from"}
    assert set(table["unit"]) | set(table["second_unit"].dropna()) <= {"money", "rate", "days", "months", "count"}
    assert set(table["signal"]) == {
        "insurer_refused", "returned_payment", "late_amount_and_age", "silent_payer", "limit_use", "slower_payer",
        "outstanding_jump", "old_dispute", "concentration", "idle_credit",
    }  # fmt: skip


def test_words_stand_for_one_thing_each():
    for name in {row["list"] for row in reference_rows("settings_words.csv")}:
        found = {}
        for row in reference_rows("settings_words.csv"):
            if row["list"] == name:
                assert found.setdefault(plain(row["text"]), row["value"]) == row["value"], row["text"]
    signals, indicators = cm.read_signals()["signal"].tolist(), indicators_table()["key"].tolist()
    for name, keys in (("signal", signals), ("indicator", indicators)):
        for key in keys:
            assert key_of(key, name, keys) == key
            for language in ("fr", "en"):
                assert label(key, language) != key, key
                assert key_of(label(key, language), name, keys) == key
        named = {row["value"] for row in reference_rows("settings_words.csv") if row["list"] == name}
        assert named == set(keys)


def test_indicators_have_a_unit_and_a_direction():
    table = indicators_table().set_index("key")
    assert set(table["unit"]) == {"money", "rate", "days"}
    assert table.index[table["direction"].isna()].tolist() == ["unallocated"]
    assert table.index[table["direction"] == "higher"].tolist() == [
        "recovery_30",
        "recovery_90",
        "collection_effectiveness",
    ]
    assert set(table["direction"].dropna()) == {"lower", "higher"}


# ---- good files


def test_the_sample_file_of_thresholds_holds_the_defaults(root):
    pd.testing.assert_frame_equal(cm.read_signals(root / "data" / "seuils.csv"), cm.read_signals())


def test_the_sample_file_of_targets(root):
    table = cm.read_targets(root / "data" / "objectifs.csv")
    assert len(table) == 19
    company = table[table["collector"].isna()].set_index("indicator")["target"].to_dict()
    assert company == {
        "outstanding": 1_400_000, "overdue_rate": 0.2, "over_60": 100_000, "dso_count_back": 55,
        "average_days_delinquent": 10, "delay_with_open": 10, "recovery_30": 0.85, "recovery_90": 0.95,
        "collection_effectiveness": 0.8, "disputed": 60_000,
    }  # fmt: skip
    mine = table[table["collector"] == "Solvène Drapiquaz"]
    assert mine["target"].tolist() == [0.25, 50_000, 0.85]
    assert mine["weight"].tolist() == [0.4, 0.3, 0.3]
    assert mine["bonus"].tolist() == [1200, 1200, 1200]
    assert table.groupby("collector")["weight"].sum().round(9).tolist() == [1, 1, 1]


def test_a_signal_that_the_file_does_not_name_is_off(write):
    path = write(SIGNALS + "Litige ancien;oui;120;\nutilisation de la LIMITE;;0,8;\nsilent_payer;non;;\n")
    table = cm.read_signals(path).set_index("signal")
    assert table.index[table["active"]].tolist() == ["limit_use", "old_dispute"]
    assert (table.loc["old_dispute", "threshold"], table.loc["limit_use", "threshold"]) == (120, 0.8)
    assert table.index.tolist() == cm.read_signals()["signal"].tolist()  # the order says which is graver


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_both_languages_and_encodings(write, encoding, language):
    text = {
        "fr": "Indicateur;Chargé de recouvrement;Objectif\nTaux d'échu;Zoé;12,5 %\nover_60;;1 000,50\n",
        "en": 'Indicator,Collector,Target\nOverdue rate,Zoé,12.5%\nOverdue over 60 days,,"1,000.50"\n',
    }[language]
    table = cm.read_targets(write(text.encode(encoding)))
    assert table["indicator"].tolist() == ["overdue_rate", "over_60"]
    assert table["target"].tolist() == [0.125, 1000.5]
    assert table["collector"].tolist() == ["Zoé", None]
    assert table[["weight", "bonus"]].isna().all().all()


def workbook(sheets, percent=()):
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    rate = book.add_format({"num_format": "0.0%"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for line, row in enumerate(rows):
            for place, value in enumerate(row):
                sheet.write(line, place, value, rate if (line, place) in percent else None)
    book.close()
    return stream.getvalue()


def test_a_workbook_with_typed_cells(write):
    rows = [
        ["Objectifs 2026"],
        [],
        ["Indicateur", "Objectif", "Remarque"],
        ["Taux d'échu", 0.2, "à revoir"],
        ["DSO épuisement", 55, None],
    ]
    path = write(workbook({"Notes": [["rien"]], "Cibles": rows}, percent={(3, 1)}), "cibles.xlsx")
    table = cm.read_targets(path)
    assert table[["indicator", "target"]].values.tolist() == [["overdue_rate", 0.2], ["dso_count_back", 55]]


def test_a_bonus_on_one_row_is_that_of_its_collector(write):
    rows = "overdue_rate;Zoé;20 %;60 %;\nover_60;Zoé;1000;40 %;900\nover_60;;5000;;\n"
    table = cm.read_targets(write(TARGETS + rows))
    assert table["bonus"].tolist()[:2] == [900, 900]
    assert pd.isna(table["bonus"].iloc[2])


def test_text_of_the_file_stays_text(write):
    names = ["<b>Zoé</b>", '=HYPERLINK("http://x.example","y")', "@SUM(1)", "+33"]
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=";").writerows(
        [["Indicateur", "Chargé de recouvrement", "Objectif"], *[["overdue", n, "5"] for n in names]]
    )
    assert cm.read_targets(write(buffer.getvalue()))["collector"].tolist() == names


# ---- numbers, both sides of what can be read


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1 400 000", "money", 1_400_000), ("1 400 000,25 €", "money", 1_400_000.25), ("1'000.5", "money", 1000.5),
        ("1,234,567", "money", 1_234_567), ("1.234.567,8", "money", 1_234_567.8), ("1.234,50", "money", 1234.5),
        ("0,125", "money", 0.125), ("1234,567", "money", 1234.567), ("12,5", "days", 12.5), ("30 jours", "days", 30),
        ("30 j", "days", 30), ("-2", "days", -2), ("20 %", "rate", 0.2), ("20%", "rate", 0.2), ("0,2", "rate", 0.2),
        ("7,5\u00a0%", "rate", 0.075), ("1.5", "rate", 1.5), ("2", "rate", 2), ("300 %", "rate", 3),
        ("6 mois", "months", 6), ("3", "count", 3), ("0", "money", 0), ("+5", "money", 5), ("5 EUR", "money", 5),
    ],
)  # fmt: skip
def test_readable_numbers(text, unit, value):
    assert _number(Cell(text), unit) == (value, "", {})


@pytest.mark.parametrize(
    ("code", "unit", "texts"),
    [
        ("two_ways", "money", ("1,234", "1.234", "100,000")),
        ("two_ways", "days", ("1.234",)),
        ("two_ways", "rate", ("12,500 %",)),
        ("bad_number", "money", ("beaucoup", "1 2345", "1,2,3", "12 34 567", "nan", "inf", "1e5", "20 %", "9" * 400)),
        ("bad_number", "money", ("1" + "0" * 13, "=1+1", "5.", ",", "٣", "--5", "<b>5</b>", "5 5", "€")),
        ("bad_number", "rate", ("20 €", "%", "20 %%")),
        ("bad_number", "days", ("3 mois", "20 %")),
        ("bare_rate", "rate", ("2,1", "20", "-20")),
        ("bad_number", "count", ("2,5", "5 €")),
        ("bad_number", "months", ("1,5", "3 jours")),
    ],
)
def test_numbers_that_are_not_read(code, unit, texts):
    for text in texts:
        assert _number(Cell(text), unit)[:2] == (None, f"settings_{code}"), text


def test_a_typed_number_is_not_read_in_two_ways():
    assert _number(Cell("1.234", 1.234), "money")[0] == 1.234
    assert _number(Cell("20", 20.0), "rate")[1] == "settings_bare_rate"
    assert _number(Cell("nan", float("nan")), "money")[1] == "settings_bad_number"


@settings(max_examples=150, deadline=None)
@given(
    st.integers(-10_000_000_00, 10_000_000_00),
    st.sampled_from([" ", "\u00a0", "\u202f", "'", ""]),
    st.sampled_from(",."),
)
def test_an_amount_written_in_any_way_reads_back(cents, space, sign):
    whole = f"{abs(cents) // 100:,}".replace(",", space)
    text = f"{'-' if cents < 0 else ''}{whole}{sign}{abs(cents) % 100:02d}"
    assert _number(Cell(text), "money")[0] == cents / 100


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=20), st.sampled_from(["money", "rate", "days", "months", "count"]))
def test_any_text_is_a_number_or_a_named_defect(text, unit):
    value, code, _ = _number(Cell(text.strip() or "x"), unit)
    assert (value is None) == (code != "")


# ---- bad files


@pytest.mark.parametrize("read", [cm.read_signals, cm.read_targets])
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"), (b"  \r\n \n", "empty_file"), (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "ledger_not_a_table"),
        (b"<html><table><tr><td>Signal</td></tr></table></html>", "ledger_not_a_table"),
        (b'{"a": 1}', "ledger_not_a_table"),
        (b"\x89PNG\r\n\x1a\n\0\0", "ledger_not_a_table"), (b"PK\x03\x04rubbish", "ledger_unreadable"),
        (b"Signal Seuil Indicateur\n", "ledger_no_separator"), (b"a;b\0;c\n", "ledger_not_a_table"),
        (b"\xff\xfe\x00", "ledger_bad_encoding"), (b"Nom;Prenom\nA;B\n", "settings_missing_column"),
    ],
)  # fmt: skip
def test_what_is_no_settings_file(write, read, content, code):
    assert code in [found for found, _ in defects(read, write(content))]


@pytest.mark.parametrize("read", [cm.read_signals, cm.read_targets])
def test_a_file_that_is_not_there(read, tmp_path):
    with pytest.raises(InputError, match="absent"):
        read(tmp_path / "absent.csv")
    with pytest.raises(InputError):
        read(tmp_path)


def test_one_settings_file_in_place_of_the_other(root):
    with pytest.raises(InputError):
        cm.read_signals(root / "data" / "objectifs.csv")
    with pytest.raises(InputError):
        cm.read_targets(root / "data" / "seuils.csv")
    with pytest.raises(InputError):
        cm.read_targets(root / "data" / "factures.csv")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("Litige ancien;oui;90;\nold_dispute;oui;60;\n", [("settings_duplicate", 3)]),
        ("Météo;oui;90;\n", [("settings_unknown_key", 2)]),
        (";oui;90;\n", [("blank_value", 2)]),
        ("Litige ancien;peut-être;90;\n", [("ledger_bad_flag", 2)]),
        ("Litige ancien;oui;;\n", [("blank_value", 2)]),
        ("Litige ancien;oui;longtemps;\n", [("settings_bad_number", 2)]),
        ("Litige ancien;oui;-5;\n", [("settings_negative", 2)]),
        ("Litige ancien;oui;90;30\n", [("settings_no_second", 2)]),
        ("Hausse de l'encours;oui;50 %;\n", [("blank_value", 2)]),
        ("Hausse de l'encours;oui;50;10 %\n", [("settings_bare_rate", 2), ("settings_bad_number", 2)]),
        ("Litige ancien;oui;90\n", [("settings_no_rows", None), ("ledger_wrong_width", 2)]),
        ("", [("settings_no_rows", None)]),
        (";;;\n\n", [("settings_no_rows", None)]),
        ("Litige ancien;oui;x;\n\nMétéo;oui;1;\nClient silencieux;oui;60;y\n",
         [("settings_bad_number", 2), ("settings_unknown_key", 4), ("settings_bad_number", 5)]),
    ],
)  # fmt: skip
def test_every_defect_of_a_file_of_thresholds(write, rows, expected):
    assert sorted(defects(cm.read_signals, write(SIGNALS + rows)), key=str) == sorted(expected, key=str)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("overdue_rate;;20 %;;\nTaux d'échu;;25 %;;\n", [("settings_duplicate", 3)]),
        ("overdue_rate;Zoé;20 %;;\noverdue_rate;;25 %;;\n", None),  # one for Zoé, one for the company
        ("bonheur;;20 %;;\n", [("settings_unknown_key", 2)]),
        ("unallocated;;5;;\n", [("settings_no_direction", 2)]),
        ("overdue_rate;;;;\n", [("blank_value", 2)]),
        ("overdue_rate;;20;;\n", [("settings_bare_rate", 2)]),
        ("over_60;;-1;;\n", [("settings_negative", 2)]),
        ("delay_paid;;-1;;\n", None),  # paid before the due date
        ("over_60;Zoé;1;50 %;\noverdue;Zoé;1;49,9 %;\n", [("settings_weights", 2)]),
        ("over_60;Zoé;1;50 %;\noverdue;Zoé;1;0,5;\n", None),
        ("over_60;Zoé;1;33,33 %;\noverdue;Zoé;1;33,33 %;\ndisputed;Zoé;1;33,33 %;\n", [("settings_weights", 2)]),
        ("over_60;Zoé;1;100 %;10\noverdue;Zoé;1;;11\n", [("settings_two_bonuses", 3)]),
        ("over_60;Zoé;1;;10\n", [("settings_bonus_alone", 2)]),
        ("over_60;Zoé;1;x;10\noverdue;Zoé;1;50 %;\n", [("settings_bad_number", 2)]),
        ("over_60;Zoé;1;100 %;beaucoup\n", [("settings_bad_number", 2)]),
    ],
)  # fmt: skip
def test_every_defect_of_a_file_of_targets(write, rows, expected):
    path = write(TARGETS + rows)
    if expected is None:
        assert len(cm.read_targets(path)) == rows.count("\n")
    else:
        assert defects(cm.read_targets, path) == expected


@pytest.mark.parametrize(
    ("heading", "code"),
    [
        ("Signal;Actif;Seuil;Pods", "settings_unknown_heading"),  # a misspelt heading is not read past
        ("Signal;Signal;Seuil;Second seuil", "settings_heading_twice"),
        ("Signal;Actif;Remarque;Second seuil", "settings_missing_column"),
    ],
)
def test_headings_that_are_not_known(write, heading, code):
    assert code in [found for found, _ in defects(cm.read_signals, write(f"{heading}\nLitige ancien;oui;90;\n"))]


def test_two_sheets_that_would_do(write):
    rows = [["Signal", "Seuil"], ["Litige ancien", 90]]
    assert defects(cm.read_signals, write(workbook({"A": rows, "B": rows}), "deux.xlsx")) == [
        ("settings_several_sheets", None)
    ]


def test_a_damaged_workbook(write):
    whole = workbook({"A": [["Signal", "Seuil"], ["Litige ancien", 90]]})
    for length in (4, 100, len(whole) // 2, len(whole) - 10):
        with pytest.raises(InputError):
            cm.read_signals(write(whole[:length], f"cut{length}.xlsx"))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("bytes") / "file.csv"
    path.write_bytes(content)
    for read in (cm.read_signals, cm.read_targets):
        with pytest.raises(InputError):
            read(path)


# ---- quartiles of a sector

QUARTILES = "Secteur;Ratio;Q1;Médiane;Q3\n"


def test_quartiles_in_the_unit_of_each_ratio(write):
    path = write(
        QUARTILES
        + "BTP;R03;2 %;0,05;9 %\n;autonomie_financiere;20 %;30 %;40 %\nBTP;bfr_jours;-12,5;30 j;60\n"
        + "BTP;capacite_remboursement;1,5 ans;3;4,5\nBTP;S07;0,9;1,1;1,4\n"
    )
    assert cm.read_quartiles(path).values.tolist() == [
        ["BTP", "marge_ebe", 0.02, 0.05, 0.09], ["", "autonomie_financiere", 0.2, 0.3, 0.4],
        ["BTP", "bfr_jours", -12.5, 30, 60], ["BTP", "capacite_remboursement", 1.5, 3, 4.5],
        ["BTP", "equilibre_financier", 0.9, 1.1, 1.4],
    ]  # fmt: skip
    english = write("ratio,q1,median,q3\nS01,0.2,0.3,0.4\n")
    assert cm.read_quartiles(english).values.tolist() == [["", "autonomie_financiere", 0.2, 0.3, 0.4]]


def test_quartiles_serve_the_comparison(write):
    sector = cm.read_quartiles(write(QUARTILES + "BTP;S01;20 %;30 %;40 %\n"))
    accounts = pd.DataFrame({"capitaux_propres": [350.0], "total_passif": [1000.0]})
    found = compare(ratios(accounts, ["autonomie_financiere"]), sector, "BTP")
    assert found["quarter"].tolist() == [2]  # 35 % lies between the median and the best quarter


def test_defects_of_quartiles(write):
    path = write(
        QUARTILES
        + "BTP;R99;1 %;2 %;3 %\nBTP;R12;1 %;2 %;3 %\nBTP;S01;30 %;20 %;40 %\nBTP;R03;5;6;7\nBTP;R05;1 %;;3 %\n"
        + "BTP;;1 %;2 %;3 %\nBTP;R07;1 %;2 %;3 %\nbtp;rentabilite_nette;1 %;2 %;3 %\nBTP;S04;1,234;2;3\n"
    )
    assert defects(cm.read_quartiles, path) == [
        ("settings_unknown_ratio", 2), ("settings_several_ratios", 3), ("settings_quartiles_order", 4),
        ("settings_bare_rate", 5), ("settings_bare_rate", 5), ("settings_bare_rate", 5), ("blank_value", 6),
        ("blank_value", 7), ("settings_duplicate", 9), ("settings_two_ways", 10), ("settings_bare_rate", 10),
    ]  # fmt: skip
