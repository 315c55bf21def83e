"""Expert grid and risk levels: the defaults, and the files that a user edits, good and bad."""

import csv
import importlib.util
import io

import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from small_grid import GIVEN, HEAD, SMALL

import cmtools as cm
from cmtools import grids
from cmtools.files import plain
from cmtools.financial_ratios import catalogue
from cmtools.grids import criteria, grid_sheet, read_grid, read_risk_levels
from cmtools.language import HARD, THIN, label, message
from cmtools.rating import rate, risk_level
from cmtools.schemas import InputError
from cmtools.settings import reference_rows


def defects(read, path):
    """Codes and lines of what is wrong; the error also reads in both languages."""
    with pytest.raises(InputError) as caught:
        read(path)
    for language in ("fr", "en"):
        assert str(path.name) in caught.value.text(language)
    return [(defect.code, defect.line) for defect in caught.value.defects]


def same(one, other):
    """Two grids hold the same figures and rules."""
    for name in ("weights", "classes", "vetoes"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), rtol=1e-12)
    assert one.minimum_known == other.minimum_known


# ---------------------------------------------------------------- reference tables


def test_default_grid_is_whole():
    table = reference_rows("grid.csv")
    assert sum(float(row["weight"]) for row in table if row["key"] != "minimum_known") == 100
    assert (
        {row["status"] for row in table} == {row["status"] for row in reference_rows("grid_classes.csv")} == {"CHOICE"}
    )
    known = {row["key"] for row in reference_rows("sources.csv")} | {""}
    assert {row["source"] for name in ("grid.csv", "grid_classes.csv") for row in reference_rows(name)} <= known
    grid = read_grid()
    assert set(grid.weights["family"]) == {"financial", "behaviour", "qualitative", "external"}
    ends = grid.classes.groupby("criterion")["points"].agg(["min", "max"])
    assert (ends["min"] == 0).all()  # so that unknown criteria at their worst and best enclose any rating
    assert (ends["max"] == 10).all()
    assert grid.minimum_known == 0.5


def test_criteria_have_words_and_units():
    units = {"rate", "days", "months", "years", "money", "count", "ratio", "choice"}
    assert {criterion.unit for criterion in criteria().values()} == units
    names = {}
    for key in [*criteria(), "minimum_known"]:
        for language in ("fr", "en"):
            assert label(key, language) != key
            assert names.setdefault(plain(label(key, language)), key) == key  # a label stands for one criterion
    for row in reference_rows("grid.csv"):
        assert message(f"criterion_{row['key']}", "fr")
        assert (row["unit"] == "") == (row["key"] in catalogue())  # a ratio keeps the unit of the catalogue
    for criterion in criteria().values():
        assert (criterion.unit == "choice") == bool(criterion.choices)
        assert all(label(choice, "fr") != choice for choice in criterion.choices)
    assert all(message(f"unit_{unit}", "en") for unit in units)


def test_ratios_of_the_catalogue_are_criteria():
    assert set(catalogue()) <= set(criteria())
    assert criteria()["capacite_remboursement"].direction == "lower"
    assert criteria()["tn_jours"].unit == "days"


def test_the_files_to_edit_are_the_defaults(root, tmp_path):
    spec = importlib.util.spec_from_file_location("make_credit", root / "data" / "make_credit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(tmp_path)
    for name in ("grille.csv", "niveaux_risque.csv"):
        assert (tmp_path / name).read_bytes() == (root / "data" / name).read_bytes(), name
    same(read_grid(root / "data" / "grille.csv"), read_grid())
    pd.testing.assert_frame_equal(read_risk_levels(root / "data" / "niveaux_risque.csv"), read_risk_levels())


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_sheet_reads_back(write, language):
    for grid in (None, read_grid(write(SMALL))):
        sheet = grid_sheet(grid, language).to_csv(sep=";", index=False)
        same(read_grid(write(sheet, "sheet.csv")), grid or read_grid())
    levels = grids.risk_level_sheet(language=language).to_csv(sep=";", index=False)
    pd.testing.assert_frame_equal(read_risk_levels(write(levels, "levels.csv")), read_risk_levels())


# ---------------------------------------------------------------- good files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_both_languages_and_encodings(write, encoding):
    english = (
        "Criterion,Weight,From,Below,Answer,Points,Highest rating,Remark\n"
        '"Least share of the weight known",60%,,,,,,\n'
        "autonomie_financiere,3,,20%,,0,,\nFinancial autonomy,,20%,0.4,,5,,\nautonomie,,40%,,,10,,\n"
        "autonomie_financiere,,,0,,,3,Fonds propres perdus\n"
        "Overdue rate,2,,10%,,10,,\noverdue_rate,,0.1,0.3,,4,,\nOverdue rate,,30%,,,0,,\n"
        "Management,1,,,good,10,,\nMANAGEMENT,,,,average,5,,\nManagement,,,,poor,0,,\n"
    )
    same(read_grid(write(SMALL.encode(encoding), "fr.csv")), read_grid(write(english.encode(encoding), "en.csv")))


def test_weights_may_be_percentages_or_stand_alone(write):
    other = SMALL.replace("financière;3;", "financière;50 %;").replace("échu;2;", "échu;30,0 %;")
    other = other.replace("Direction;1;;;bon", "Direction;20 %;;;;;;\nDirection;;;;bon")
    grid = read_grid(write(other))
    assert grid.weights["weight"].tolist() == pytest.approx([0.5, 0.3, 0.2])
    twice = SMALL.replace("Taux d'échu;;10 %", "Taux d'échu;2;10 %")  # the same weight again
    same(read_grid(write(twice)), read_grid(write(SMALL)))


def test_a_workbook_with_typed_cells(write):
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet, percent = book.add_worksheet("Grille"), book.add_format({"num_format": "0%"})
    for line, row in enumerate(csv.reader(SMALL.splitlines(), delimiter=";")):
        for place, text in enumerate(row):
            if text.endswith("%"):
                sheet.write_number(line, place, float(text[:-2]) / 100, percent)
            elif text.isdigit():
                sheet.write_number(line, place, int(text))
            else:
                sheet.write_string(line, place, text)
    book.close()
    same(read_grid(write(stream.getvalue(), "grille.xlsx")), read_grid(write(SMALL)))


def test_a_ratio_and_a_criterion_of_ones_own(write):
    rows = ";1;;100 %;;10;;\ngearing;;100 %;;;0;;\ngearing;;;;dénominateur négatif;0;;\n"
    grid = read_grid(write(HEAD + label("gearing", "fr") + rows))
    assert rate({"gearing": 0.999}, grid).rating == 10
    assert rate({"gearing": 1.0}, grid).rating == 1
    assert rate({}, grid, reasons={"gearing": "negative_denominator"}).rating == 1


def test_the_users_words_stay_text(write):
    remark = '=HYPERLINK("x") <b>perdu</b>'
    found = rate(
        {**GIVEN, "autonomie_financiere": -1},
        read_grid(write(SMALL.replace("Fonds propres perdus", f'"{remark.replace(chr(34), chr(34) * 2)}"'))),
    )
    assert grids.veto_text(found.vetoes.to_dict("records")[0], "fr") == remark
    plainly = rate({**GIVEN, "autonomie_financiere": -1}, read_grid(write(SMALL.replace("Fonds propres perdus", ""))))
    said = grids.veto_text(plainly.vetoes.to_dict("records")[0], "fr").replace(HARD, " ")
    assert said == "Autonomie financière, moins de 0 %"


# ---------------------------------------------------------------- bad files


def swap(old, new):
    assert SMALL.count(old) == 1, old
    return SMALL.replace(old, new)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # line 2 is the share asked for; 3 to 6 autonomie; 7 to 9 overdue; 10 to 12 management
        (swap("Direction;;;;moyen;5;;", "Météo;;;;moyen;5;;"), [("grid_unknown_criterion", 11)]),
        (swap("Direction;;;;moyen;5;;", ";;;;moyen;5;;"), [("blank_value", 11)]),
        (swap("financière;3;", "financière;lourd;"), [("settings_bad_number", 3)]),
        (swap("financière;3;", "financière;-3;"), [("settings_negative", 3)]),
        (swap("financière;3;", "financière;1,234;"), [("settings_two_ways", 3)]),
        (swap("financière;3;", "financière;;"), [("grid_weight_missing", 5)]),
        (swap("financière;3;", "financière;30 %;"), [("grid_weights_mixed", 7)]),
        (swap("échu;;30 %;", "échu;5;30 %;"), [("grid_two_weights", 9)]),
        (SMALL.replace("ière;3;", "ière;0;").replace("échu;2;", "échu;0;").replace("tion;1;", "tion;0;"),
         [("grid_no_weight", 2)]),
        (swap("20 %;40 %;;5", "15 %;40 %;;5"), [("grid_overlap", 4)]),
        (swap("20 %;40 %;;5", "20 %;45 %;;5"), [("grid_overlap", 5)]),
        (swap("20 %;40 %;;5", "25 %;40 %;;5"), [("grid_hole", 4)]),
        (swap(";;20 %;;0;;", ";0 %;20 %;;0;;"), [("grid_open_below", 3)]),
        (swap("30 %;;;0;;", "30 %;90 %;;0;;"), [("grid_open_above", 9)]),
        (swap("20 %;40 %;;5", "40 %;20 %;;5"), [("grid_bounds_order", 4)]),
        (swap("20 %;40 %;;5", "20 %;20 %;;5"), [("grid_bounds_order", 4)]),
        (swap("20 %;40 %;;5", "20;40;;5"), [("settings_bare_rate", 4), ("settings_bare_rate", 4)]),
        (swap("20 %;40 %;;5", "0,2;1;;5"), [("settings_bare_rate", 4)]),  # 1 % or 100 %
        (swap("20 %;40 %;;5", "-20;40 %;;5"), [("settings_bare_rate", 4)]),
        (swap("20 %;40 %;;5", "20 %;beaucoup;;5"), [("settings_bad_number", 4)]),
        (swap("20 %;40 %;;5", "20 %;40 %;;10,5"), [("grid_points_range", 4)]),
        (swap("20 %;40 %;;5", "20 %;40 %;;-1"), [("grid_points_range", 4)]),
        (swap("20 %;40 %;;5", "20 %;40 %;;x"), [("settings_bad_number", 4)]),
        (swap("20 %;40 %;;5", "20 %;40 %;;"), [("grid_points_or_cap", 4)]),
        (swap("20 %;40 %;;5;;", "20 %;40 %;;5;5;"), [("grid_points_or_cap", 4)]),
        (swap("20 %;;0;;", "20 %;;6;;"), [("grid_points_direction", 4)]),  # upside down
        (swap("10 %;;10;;", "10 %;;3;;"), [("grid_points_direction", 7)]),
        (swap(";;;0 %;;;3;", ";;;0 %;;;0;"), [("grid_cap_range", 6)]),
        (swap(";;;0 %;;;3;", ";;;0 %;;;11;"), [("grid_cap_range", 6)]),
        (swap(";;;0 %;;;3;", ";;;0 %;;;2,5;"), [("grid_cap_range", 6)]),
        (swap(";;;0 %;;;3;", ";;;;;;3;"), [("grid_veto_always", 6)]),
        (swap("Autonomie financière;;;0 %;;;3;", "Météo;;;0 %;;;3;"), [("grid_unknown_criterion", 6)]),
        (swap("moyen;5", "bof;5"), [("settings_unknown_key", 11)]),
        (swap("Direction;;;;moyen;5;;\n", ""), [("grid_answers_missing", 10)]),
        (swap("Direction;;;;moyen;5;;", "Direction;;1;;moyen;5;;"), [("grid_answer_expected", 11)]),
        (swap("Direction;;;;moyen;5;;", "Direction;;;;;5;;"), [("grid_answer_expected", 11)]),
        (swap("Direction;;;;moyen;5;;", "Direction;;;;mauvais;5;;"), [("settings_duplicate", 12)]),
        (swap("échu;;10 %;30 %;;4", "échu;;10 %;30 %;bon;4"),
         [("grid_answer_and_bounds", 8), ("settings_unknown_key", 8)]),
        (swap("échu;;30 %;;;0;;", "échu;;30 %;;;0;;\nTaux d'échu;;30 %;;;2;;"), [("settings_duplicate", 10)]),
        (swap("au moins;60 %;", "au moins;160 %;"), [("grid_minimum_range", 2)]),
        (swap("au moins;60 %;", "au moins;60;"), [("settings_bare_rate", 2)]),
        (swap("au moins;60 %;", "au moins;;"), [("blank_value", 2)]),
        (swap("au moins;60 %;;;;;;", "au moins;60 %;;;;5;;"), [("grid_parameter", 2)]),
        (SMALL + "Part du poids connue, au moins;50 %;;;;;;\n", [("settings_duplicate", 13)]),
        (SMALL + "gearing;2;;;;;;\n", [("grid_no_class", 13)]),
        (SMALL + "gearing;2;;;dénominateur négatif;0;;\n", [("grid_no_class", 13)]),
        (HEAD, [("settings_no_rows", None)]),
        (HEAD.replace("Poids", "Pois") + "Direction;1;;;bon;10;;\n",
         [("settings_unknown_heading", None), ("settings_missing_column", None)]),
    ],
)  # fmt: skip
def test_every_defect_of_a_grid(write, text, expected):
    assert sorted(defects(read_grid, write(text)), key=str) == sorted(expected, key=str)


def test_several_defects_are_told_at_once(write):
    text = swap("20 %;40 %;;5", "20;40 %;;12").replace("Direction;;;;moyen", "Météo;;;;moyen")
    assert defects(read_grid, write(text)) == [
        ("grid_points_range", 4), ("settings_bare_rate", 4), ("grid_unknown_criterion", 11)
    ]  # fmt: skip
    holes = swap("20 %;40 %;;5", "25 %;40 %;;5").replace("10 %;30 %;;4", "10 %;35 %;;4")
    assert defects(read_grid, write(holes)) == [("grid_hole", 4), ("grid_overlap", 9)]


RUBBISH = [
    b"", b"  \r\n \n", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", b"<html><table></table></html>", b'{"a": 1}',
    b"\x89PNG\r\n\x1a\n\0\0", b"PK\x03\x04rubbish", b"Nom;Prenom\nA;B\n", b"\xff\xfe\x00", b"Critere Poids Points\n",
]  # fmt: skip


@pytest.mark.parametrize("read", [read_grid, read_risk_levels])
def test_what_is_no_such_file(read, write, root, tmp_path):
    for content in RUBBISH:
        with pytest.raises(InputError):
            read(write(content))
    for name in ("seuils.csv", "objectifs.csv", "secteur.csv"):
        with pytest.raises(InputError):
            read(root / "data" / name)
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(InputError):
            read(path)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_mutilated_grid_is_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "mutilated.csv"
    cells = [line.split(";") for line in SMALL.splitlines()]
    line = data.draw(st.integers(1, len(cells) - 1))
    place = data.draw(st.integers(0, 7))
    cells[line][place] = data.draw(
        st.sampled_from(["", "x", "0", "-1", "1e3", "20 %", "bon", "nan", "'", "=1+1", "٣", "11"])
    )
    path.write_text("\n".join(map(";".join, cells)) + "\n", encoding="utf-8")
    try:
        grid = read_grid(path)
    except InputError:
        return
    assert grid.weights["weight"].sum() == pytest.approx(1)
    assert grid.classes["points"].between(0, 10).all()
    for value in (-5.0, 0.0, 0.15, 0.35, 1.0):  # the classes still cover every value
        assert rate({"overdue_rate": value}, grid).table.set_index("criterion")["points"].notna()["overdue_rate"]


# ---------------------------------------------------------------- acceptable risk


def test_default_levels():
    table = read_risk_levels().set_index("risk_level")
    assert table.index.tolist() == ["A", "B", "C", "D", "E"]
    # published: 35 % of tangible net worth, 5 % of turnover (S36); 10 % of equity and of working capital (S34, S35)
    shares = ["share_tangible_net_worth", "share_turnover", "share_equity", "share_working_capital"]
    assert table.loc["B", shares].tolist() == [0.35, 0.05, 0.10, 0.10]
    assert table.loc["E"].drop(["rating_from", "rating_to", "guarantee_asked", "review_months"]).eq(0).all()
    assert table.loc["E", "guarantee_asked"] == "prepayment"
    rows = reference_rows("risk_levels.csv")
    assert [row["risk_level"] for row in rows if not row["status"].startswith("CHOICE")] == []
    assert all(label(row["guarantee_asked"], "fr") != row["guarantee_asked"] for row in rows)


LEVELS = grids.risk_level_sheet(language="fr").to_csv(sep=";", index=False)


def level_swap(old, new):
    assert LEVELS.count(old) == 1, old
    return LEVELS.replace(old, new)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (level_swap("B;7;8;", "B;6;8;"), [("levels_overlap", 4)]),
        (level_swap("B;7;8;", "B;8;8;"), [("levels_hole", 2)]),
        (level_swap("B;7;8;", "B;8;7;"), [("levels_order", 3)]),
        (level_swap("B;7;8;", "B;7;11;"), [("levels_rating_range", 3)]),
        (level_swap("B;7;8;", "B;7,5;8;"), [("settings_bad_number", 3)]),
        (level_swap("B;7;8;", "B;;8;"), [("blank_value", 3)]),
        (level_swap("B;7;8;", "A;7;8;"), [("settings_duplicate", 3)]),
        (level_swap("B;7;8;", ";7;8;"), [("blank_value", 3)]),
        (level_swap("B;7;8;35 %;", "B;7;8;35;"), [("settings_bare_rate", 3)]),
        (level_swap("B;7;8;35 %;", "B;7;8;1;"), [("settings_bare_rate", 3)]),
        (level_swap("B;7;8;35 %;", "B;7;8;135 %;"), [("levels_share", 3)]),
        (level_swap("B;7;8;35 %;", "B;7;8;-35 %;"), [("settings_negative", 3)]),
        (level_swap("B;7;8;35 %;", "B;7;8;;"), [("blank_value", 3)]),
        (level_swap("B;7;8;35 %;", "B;7;8;46 %;"), [("levels_worse_has_more", 3)]),
        (level_swap("garantie bancaire", "une poignée de main"), [("settings_unknown_key", 5)]),
    ],
)
def test_every_defect_of_a_file_of_levels(write, text, expected):
    assert defects(read_risk_levels, write(text)) == expected


def test_a_guarantee_may_be_blank(write):
    table = read_risk_levels(write(level_swap("garantie bancaire", ""))).set_index("risk_level")
    assert table.loc["D", "guarantee_asked"] is None
    assert risk_level(4, table.reset_index()).guarantee_asked is None


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("row", "fr", "en"),
    [
        (("rate", None, 0.1, None), "moins de 10 %", "below 10%"),
        (("rate", 0.125, None, None), "12,5 % ou plus", "12.5% or more"),
        (("days", 8.0, 15.0, None), "de 8 jours à moins de 15 jours", "from 8 days to below 15 days"),
        (("days", None, 1.0, None), "moins de 1 jour", "below 1 day"),
        (("years", 1.5, 3.0, None), "de 1,5 an à moins de 3 ans", "from 1.5 years to below 3 years"),
        (("months", 18.0, None, None), "18 mois ou plus", "18 months or more"),
        (("money", 5e6, None, None), "5 000 000 EUR ou plus", "5,000,000 EUR or more"),
        (("ratio", 0.8, 1.0, None), "de 0,80 à moins de 1", "from 0.80 to below 1"),
        (("count", None, 1.0, None), "moins de 1", "below 1"),
        (("choice", None, None, "refused"), "refusé", "refused"),
        (("years", None, None, "negative_denominator"), "dénominateur négatif", "denominator is negative"),
        (("rate", None, None, None), "", ""),
    ],
)
def test_classes_in_words(row, fr, en):
    unit, lower, upper, answer = row
    values = {"unit": unit, "lower": lower, "upper": upper, "answer": answer}
    said = [grids.class_text(values, language).replace(HARD, " ").replace(THIN, " ") for language in ("fr", "en")]
    assert said == [fr, en]


def test_public_names():
    assert cm.read_grid is read_grid
    assert cm.read_risk_levels is read_risk_levels
