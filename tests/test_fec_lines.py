"""Lines of a FEC taken piece by piece: nothing depends on where a piece ends.

What a line holds is tested in test_fec.py; here a piece is some bytes, so that a small file has many.
"""

from datetime import date
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from cmtools import fec_lines
from cmtools.fec import read_fec
from cmtools.fec_lines import HEADINGS, cents, dated, of_text
from cmtools.schemas import InputError

NAME = "123456789FEC20251231.txt"
HEADING = "\t".join(HEADINGS.values())


def entry(number, euros, label="Libellé", day="20250110"):
    """Two lines: a customer owes, a sale is made."""
    common = f"VE\tVentes\t{number}\t{day}\t"
    rest = f"\tF{number}\t{day}\t{label}\t"
    return [f"{common}411000\tClients\tC1\tUn{rest}{euros}\t0,00\t\t\t{day}\t\t",
            f"{common}706000\tTravaux\t\t{rest}0,00\t{euros}\t\t\t{day}\t\t"]  # fmt: skip


def entries(count):
    return [line for number in range(1, count + 1) for line in entry(number, f"{number},50")]


@pytest.fixture
def save(tmp_path):
    def _save(lines, encoding="utf-8", end="\n"):
        path = tmp_path / NAME
        path.write_bytes((end.join([HEADING, *lines]) + end).encode(encoding))
        return path

    return _save


@pytest.fixture
def small(monkeypatch):
    """Pieces of 300 bytes: two or three lines each."""
    monkeypatch.setattr(fec_lines, "PIECE", 300)


def found(path, **options):
    """What a reading gives: entries and report, or defects."""
    try:
        fec = read_fec(path, **options)
    except InputError as error:
        return error.text("en", 1000)
    return fec.entries, fec.report.text("en", 1000)


# ---------------------------------------------------------------- pieces


def test_pieces_are_whole_lines(save):
    path = save(entries(50))
    with path.open("rb") as file:
        pieces = list(fec_lines._pieces(file))
    assert b"".join(pieces) == path.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fec_lines, "PIECE", 300)
        with path.open("rb") as file:
            pieces = list(fec_lines._pieces(file))
    assert b"".join(pieces) == path.read_bytes()
    assert len(pieces) > 30
    assert all(piece.endswith(b"\n") for piece in pieces)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_line_longer_than_a_piece(size, save, monkeypatch):
    path = save(entries(5))
    expected = read_fec(path).entries
    monkeypatch.setattr(fec_lines, "PIECE", size)
    pd.testing.assert_frame_equal(read_fec(path).entries, expected)


def test_lines_are_numbered_through_all_pieces(save, small):
    fec = read_fec(save(entries(100)))
    assert fec.lines["line"].to_list() == list(range(2, 202))
    assert fec.balance("411") == 100 * 101 / 2 + 100 * 0.5


def test_lines_are_kept_in_cents_and_days(save):
    lines = read_fec(save(entry(1, "120,05"))).lines
    assert lines["debit"].to_list() == [12005, 0]
    assert lines["entry_date"].to_list() == [date(2025, 1, 10)] * 2
    assert lines["currency_amount"].to_list() == [None, None]


def test_defects_of_all_pieces_are_told_with_their_lines(save, small):
    """Blank lines at 4 and 64, an amount at 35, a date at 43, too few fields at 63; in the order of their kinds."""
    lines = entries(40)
    lines[32] = lines[32].replace("17,50", "dix")
    lines[40] = lines[40].replace("\t20250110\t411000", "\thier\t411000")
    lines[60] = "VE\tVentes"
    lines.insert(61, "\t\t")
    lines.insert(2, "")
    with pytest.raises(InputError) as refused:
        read_fec(save(lines))
    assert [(d.code, d.line, d.value) for d in refused.value.defects] == [
        ("fec_field_count", 63, "2"), ("bad_amount", 35, "dix"), ("fec_bad_date", 43, "hier"),
    ]  # fmt: skip
    fec = read_fec(save(lines), tolerant=True)
    blank = [defect for defect in fec.report.defects if defect.code == "fec_blank_lines"]
    assert [(defect.line, defect.details["count"]) for defect in blank] == [(4, 2)]
    assert (fec.report.rows_read, fec.report.rows_refused) == (80, 3)


def test_blank_lines_at_the_end_are_none(save, small):
    codes = [defect.code for defect in read_fec(save([*entries(9), "", " ", "\t\t", ""])).report.defects]
    assert "fec_blank_lines" not in codes


def test_many_defects_in_many_pieces_become_one_sentence(save, small):
    lines = [line.replace(",50", ",5x") for line in entries(30)]
    with pytest.raises(InputError) as refused:
        read_fec(save(lines))
    assert [(d.code, d.line) for d in refused.value.defects] == [
        *(("bad_amount", number) for number in range(2, 42, 2)), ("fec_more", 42),
        *(("bad_amount", number) for number in range(3, 43, 2)), ("fec_more", 43),
    ]  # fmt: skip
    assert [d.details["count"] for d in refused.value.defects if d.code == "fec_more"] == [10, 10]


DAMAGES = {
    "plain": lambda lines: lines,
    "trailing separators": lambda lines: [line + "\t" for line in lines],
    "trailing in some": lambda lines: [line + "\t" * (number % 3) for number, line in enumerate(lines)],
    "filled beyond the heading": lambda lines: [line + "\tx" for line in lines],
    "one field more and one less": lambda lines: [lines[0] + "\tx", lines[1].rpartition("\t")[0], *lines[2:]],
    "padded": lambda lines: [line.replace("\t", " \t  ") for line in lines],
    "wide blanks": lambda lines: [line.replace("\tTravaux\t", "\t\u3000Travaux\u2003\t\u00a0") for line in lines],
    "accents at the end": lambda lines: [line.replace("Libellé", "°€à") for line in lines],
    "control characters": lambda lines: [line.replace("Libellé", "a\x0bb\x7f\x00c") for line in lines],
    "a return in a label": lambda lines: [line.replace("Libellé", "a\rb") for line in lines],
    "a mark at the start of a line": lambda lines: [
        "\ufeff" + line if number == 30 else line for number, line in enumerate(lines)
    ],
    "quotes": lambda lines: [line.replace("Libellé", 'dit "le') for line in lines],
    "a hash first": lambda lines: [line.replace("VE\tVentes", "#VE\tVentes") for line in lines],
}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\r\n", "\r"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_the_place_of_the_cuts_changes_nothing(damage, end, save, monkeypatch):
    """Read as one piece by the line, in many, and in one: the same entries, the same sentences."""
    path = save(DAMAGES[damage](entries(40)), end=end)
    whole = found(path, tolerant=True)
    monkeypatch.setattr(fec_lines, "PIECE", 300)
    parts = found(path, tolerant=True)
    monkeypatch.setattr(fec_lines._Reader, "_regular", lambda *_: None)
    slow = found(path, tolerant=True)
    for other in (parts, slow):
        if isinstance(whole, str):
            assert other == whole
        else:
            pd.testing.assert_frame_equal(other[0], whole[0])
            assert other[1] == whole[1]


def test_a_regular_file_takes_the_fast_way(save, small, monkeypatch):
    def never(*_):
        raise AssertionError

    monkeypatch.setattr(fec_lines._Reader, "_line_by_line", never)
    lines = [line.replace("Libellé", "un client réglé ") for line in entries(40)]
    assert read_fec(save(lines)).lines["label"].unique().to_list() == ["un client réglé"]


# ---------------------------------------------------------------- encodings


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "utf-16", "utf-8"])
def test_an_accent_in_the_last_piece_decides_for_the_whole_file(encoding, save, small):
    lines = [line.replace("Libellé", "Libelle") for line in entries(60)] + entry(61, "61,50", "Réglé à l'été")
    fec = read_fec(save(lines, encoding))
    assert fec.lines["label"].to_list()[-1] == "Réglé à l'été"
    assert fec.balance("411") == 61 * 62 / 2 + 61 * 0.5
    said = [defect.value for defect in fec.report.defects if defect.code == "fec_encoding"]
    assert said == [{"utf-16": "UTF-16", "utf-8": "UTF-8"}.get(encoding, encoding)]


def test_a_mark_alone_is_no_ascii(save):
    path = save([line.replace("é", "e") for line in entries(3)], "utf-8-sig")
    assert "fec_encoding" in [defect.code for defect in read_fec(path).report.defects]


def test_damaged_letters_are_counted_over_all_pieces(save, small):
    path = save(entries(60))
    path.write_bytes(path.read_bytes().replace("Libellé".encode(), b"Libell\xc3", 3))
    replaced = [defect for defect in read_fec(path).report.defects if defect.code == "fec_replaced"]
    assert [defect.details["count"] for defect in replaced] == [3]


# ---------------------------------------------------------------- heading, values


def test_an_amount_without_its_side_is_one_column_too_many(save):
    """Debit and Credit stand beside it: they are read, it is named."""
    path = save([])
    heading = HEADING.replace("Idevise", "Montant")
    path.write_text("\n".join([heading, *(line + "7" for line in entry(1, "5,00"))]) + "\n", encoding="utf-8")
    fec = read_fec(path)
    assert fec.balance("411") == 5.0
    assert [d.value for d in fec.report.defects if d.code == "fec_extra_columns"] == ["Montant"]


@pytest.mark.parametrize(("text", "expected"), [
    ("0,00", 0), ("1,05", 105), ("-1,05", -105), ("99999999999,99", 9999999999999), ("-0,01", -1), (None, 0),
    ("1.05", 105), ("+3", 300), ("1 234,5", 123450), ("1.234,56", 123456), ("7", 700), (",5", 50),
    ("0.3000000000000004", 30),
])  # fmt: skip
@pytest.mark.parametrize("others", [[], ["2,00"], ["2.00"], ["x"]])
def test_cents(text, expected, others):
    """Whatever stands beside it in the column."""
    amounts, bad = cents(pl.Series([*others, text], dtype=pl.String))
    assert (amounts[-1], bad[-1]) == (expected, False)
    assert bad.to_list()[:-1] == [value == "x" for value in others]


@pytest.mark.parametrize("text", ["1,0", "x", "1e5", "999999999999999,00", "1,234", "--1,00", "１,00", "1,00 €"])
def test_what_is_no_amount(text):
    amounts, bad = cents(pl.Series(["1,00", text]))
    expected = (100, False) if text == "1,0" else (0, True)  # one decimal is one
    assert (amounts.to_list(), bad.to_list()) == ([100, expected[0]], [False, expected[1]])


def test_days():
    texts = ["20250131", "31/01/2025", "2025-01-31", "00000000", None, "20250230", "18991231", "22000101", "hier"]
    days, bad = dated(pl.Series(texts, dtype=pl.Categorical(pl.Categories.random())))
    assert days.to_list() == [date(2025, 1, 31)] * 3 + [None] * 6
    assert bad.to_list() == [False] * 5 + [True] * 4


@pytest.mark.parametrize("kind", [pl.String, pl.Categorical])
def test_of_text(kind):
    column = pl.Series(["a", None, "b", "a"], dtype=kind)
    assert of_text(column, lambda texts: texts == "a").to_list() == [True, False, False, True]
    assert of_text(column, lambda texts: texts == "a", blank=True).to_list() == [True, True, False, True]
    assert of_text(column.head(0), lambda texts: texts == "a").to_list() == []


def test_a_missing_file_is_told(tmp_path):
    for path in (tmp_path / "none.txt", tmp_path, Path("a\0b")):
        assert "does not exist or is not a file" in found(path)
