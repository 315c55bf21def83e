"""Reading, checking, writing a FEC, and turning it into a ledger.

The small files are written by hand; expected figures are worked out in the
comments. The two real files are compared with plain Python on the csv module.
"""

import csv
import tempfile
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmtools.fec import ENTRIES, HEADINGS, read_fec, write_fec
from cmtools.schemas import CUSTOMERS, INVOICES, SETTLEMENTS, InputError

OFFICIAL = [
    *("JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum", "CompAuxLib"),
    *("PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet", "ValidDate"),
    *("Montantdevise", "Idevise"),
]
JOURNALS = {"VE": "Ventes", "BQ": "Banque", "OD": "Opérations diverses", "AN": "A nouveaux"}


def line(journal, number, day, account, aux="", piece="", debit="", credit="", letter="", letter_date="", **others):
    """One line of a FEC as a dict of its 18 fields."""
    values = [journal, JOURNALS.get(journal, journal), number, day, account, f"Compte {account}", aux,
              f"Société {aux}" if aux else "", piece, others.pop("piece_date", day), "Libellé", debit, credit, letter,
              letter_date, day, "", ""]  # fmt: skip
    return dict(zip(OFFICIAL, values, strict=True)) | others


def invoice(number, day, customer, net, vat, letter="", letter_date="", **others):
    """A sale: customer, sales at 20 %, VAT."""
    total = f"{Decimal(net) + Decimal(vat)}"
    piece = others.pop("piece", f"F{number}")
    return [
        line("VE", number, day, "411000", customer, piece, total, "", letter, letter_date, **others),
        line("VE", number, day, "706000", "", piece, "", net, **others),
        line("VE", number, day, "445710", "", piece, "", vat, **others),
    ]


def receipt(number, day, customer, amount, letter="", letter_date=""):
    """Money from a customer."""
    return [
        line("BQ", number, day, "512000", "", "", amount, ""),
        line("BQ", number, day, "411000", customer, f"R{number}", "", amount, letter, letter_date),
    ]


def opening(day, lines):
    """An opening entry: (account, customer, signed amount, letter); capital takes the difference."""
    rows, total = [], Decimal(0)
    for account, customer, amount, letter in lines:
        value = Decimal(amount)
        total += value
        rows.append(line("AN", "1", day, account, customer, "RAN", f"{value}" if value > 0 else "",
                         f"{-value}" if value < 0 else "", letter))  # fmt: skip
    return [*rows, line("AN", "1", day, "101000", "", "RAN", f"{max(-total, 0)}", f"{max(total, 0)}")]


def text_of(rows, separator="\t", headings=OFFICIAL, end="\n"):
    return end.join([separator.join(headings), *(separator.join(row[h] for h in headings) for row in rows)]) + end


@pytest.fixture
def write(tmp_path):
    """Write rows as a FEC and give its path."""

    def _write(rows, name="123456789FEC20251231.txt", **options):
        path = tmp_path / name
        path.write_bytes(text_of(rows, **options).encode("utf-8"))
        return path

    return _write


def codes(report, *levels):
    return [defect.code for defect in (report.of_level(*levels) if levels else report.defects)]


def open_at(ledger, day, by=None):
    """Outstanding at a date, as decision 2 of the table's description defines it, in cents."""
    day = pd.Timestamp(day)
    booked = ledger.invoices[ledger.invoices["booking_date"] <= day]
    paid = ledger.settlements[ledger.settlements["payment_date"] <= day]
    if by is None:
        return round(booked["amount"].sum() * 100) - round(paid["amount"].sum() * 100)
    table = booked.groupby(by)["amount"].sum().sub(paid.groupby(by)["amount"].sum(), fill_value=0)
    return {key: round(value * 100) for key, value in table.items() if round(value * 100)}


def left_on(ledger, item_id, day="2099-12-31"):
    """Open amount of one item."""
    row = ledger.invoices.set_index("item_id").loc[item_id]
    mine = ledger.settlements[ledger.settlements["item_id"] == item_id]
    return round(row["amount"] - mine.loc[mine["allocation_date"] <= pd.Timestamp(day), "amount"].sum(), 2)


def by_document(ledger):
    return ledger.invoices.set_index("document")


def check_invariants(ledger, fec):
    """What every ledger of a FEC holds, whatever the file."""
    invoices, settlements = ledger.invoices, ledger.settlements
    assert invoices["item_id"].is_unique
    assert settlements["settlement_id"].is_unique
    assert list(invoices.columns) == [column.name for column in INVOICES]
    assert list(settlements.columns) == [column.name for column in SETTLEMENTS]
    assert list(ledger.customers.columns) == [column.name for column in CUSTOMERS]
    allocated = settlements[settlements["item_id"].notna()]
    assert (allocated["allocation_date"] >= allocated["payment_date"]).all()
    settled = allocated.merge(invoices, on="item_id", suffixes=("", "_item"))
    assert len(settled) == len(allocated)
    assert (settled["allocation_date"] >= settled["booking_date"]).all()
    assert settlements.loc[settlements["item_id"].isna(), "allocation_date"].isna().all()
    for day in sorted(set(fec.entries["entry_date"]))[::7]:
        assert open_at(ledger, day) == round(fec.balance(("411", "416"), day) * 100)


# ---------------------------------------------------------------- reading


BASIC = [*invoice("1", "20250110", "C1", "100.00", "20.00", "A", "20250301"),
         *receipt("1", "20250215", "C1", "120.00", "A", "20250301")]  # fmt: skip


def test_columns_types_and_period(write):
    fec = read_fec(write(BASIC))
    assert tuple(fec.entries.columns) == ENTRIES
    assert fec.entries["line"].to_list() == [2, 3, 4, 5, 6]
    assert (fec.start, fec.end, fec.siren) == (date(2025, 1, 10), date(2025, 12, 31), "123456789")
    first = fec.entries.iloc[0]
    assert (first["debit"], first["credit"], first["aux"]) == (120.0, 0.0, "C1")
    assert first["lettering_date"] == pd.Timestamp("2025-03-01")
    assert fec.entries.iloc[1]["aux"] is None or pd.isna(fec.entries.iloc[1]["aux"])
    assert fec.balance("411", date(2025, 2, 14)) == 120.0
    assert fec.balance("411") == 0.0
    assert fec.balance(["512", "445"]) == 100.0  # 120 in the bank less 20 of VAT owed


VARIANTS = {
    "pipe": lambda t: t.replace("\t", "|"),
    "semicolon": lambda t: t.replace("\t", ";"),
    "comma": lambda t: t.replace("\t", ","),
    "crlf": lambda t: t.replace("\n", "\r\n"),
    "cr cr lf": lambda t: t.replace("\n", "\r\r\n"),
    "cr": lambda t: t.replace("\n", "\r"),
    "bom": lambda t: "\ufeff" + t,
    "upper case heading": lambda t: t.replace(t.partition("\n")[0], t.partition("\n")[0].upper()),
    "trailing separators": lambda t: t.replace("\n", "\t\n"),
    "trailing in lines only": lambda t: t.partition("\n")[0] + "\n" + t.partition("\n")[2].replace("\n", "\t\t\n"),
    "padded": lambda t: "\n".join("\t".join(f"{value:<14}" for value in row.split("\t")) for row in t.split("\n")[:-1]),
    "decimal comma": lambda t: t.replace(".00", ",00"),
    "zero padded": lambda t: t.replace("100.00", "0000000100,00").replace("\t20.00", "\t0000000020,00"),
    "no end of line": lambda t: t.rstrip("\n"),
    "empty last lines": lambda t: t + "\n\n\x1a",
    "dates with slashes": lambda t: t.replace("20250110", "10/01/2025").replace("20250215", "15/02/2025"),
    "ISO dates": lambda t: t.replace("20250110", "2025-01-10").replace("20250215", "2025-02-15"),
    "cp1252": lambda t: t.encode("cp1252"),
    "iso8859-15": lambda t: t.encode("iso8859-15"),
    "cp850": lambda t: t.encode("cp850"),
}  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_of_one_file_are_read_alike(variant, tmp_path):
    rows = [
        row | {"EcritureLib": "Réglé à Noël, « n° 5 »" if variant == "bom" else "Réglé à l'été n° 5"} for row in BASIC
    ]
    plain = text_of(rows)
    expected, path = tmp_path / "plain" / "123456789FEC20251231.txt", tmp_path / "123456789FEC20251231.txt"
    expected.parent.mkdir()
    expected.write_bytes(plain.encode())
    changed = VARIANTS[variant](plain)
    path.write_bytes(changed if isinstance(changed, bytes) else changed.encode())
    fec = read_fec(path)
    pd.testing.assert_frame_equal(fec.entries, read_fec(expected).entries)
    assert not fec.report.of_level("fatal", "error", "warning")


def test_the_encoding_used_is_said(tmp_path):
    path = tmp_path / "123456789FEC20251231.txt"
    rows = [row | {"EcritureLib": "FACTURE N° 12"} for row in BASIC]
    path.write_bytes(text_of(rows).encode("cp850").replace("Soci\u00e9t\u00e9".encode("cp850"), b"Societe"))
    fec = read_fec(path)  # the degree sign is byte 0xF8, which the other code pages read as ø
    assert fec.entries["label"].iloc[0] == "FACTURE N° 12"
    assert [d.value for d in fec.report.defects if d.code == "fec_encoding"] == ["cp850"]
    with pytest.raises(InputError):
        read_fec(path, encoding="utf-8")
    with pytest.raises(InputError):
        read_fec(path, encoding="no-such-code")
    assert read_fec(path, encoding="cp1252").entries["label"].iloc[0] == "FACTURE Nø 12"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_with_or_without_its_mark(encoding, tmp_path):
    path = tmp_path / "123456789FEC20251231.txt"
    path.write_bytes(text_of(BASIC).encode(encoding))
    fec = read_fec(path)
    assert fec.balance("706") == -100.0
    assert fec.entries["aux_label"].iloc[0] == "Société C1"


@pytest.mark.parametrize("account", ['"411000"', "'411000", "C411000"])
def test_accounts_that_belong_to_no_class_are_refused(account, write):
    """Read as they are, no customer would owe anything."""
    rows = [row | {"CompteNum": row["CompteNum"].replace("411000", account)} for row in BASIC]
    with pytest.raises(InputError) as refused:
        read_fec(write(rows))
    found = [(d.code, d.line, d.column, d.value) for d in refused.value.defects]
    assert found == [("fec_bad_account", line, "CompteNum", account) for line in (2, 6)]
    fec = read_fec(write(rows), tolerant=True)
    assert fec.report.rows_refused == 2
    assert fec.balance("7") == -100.0


def test_a_file_without_customers_says_so(write):
    rows = [row | {"CompteNum": row["CompteNum"].replace("411", "467")} for row in BASIC]
    ledger = read_fec(write(rows)).ledger()
    assert ledger.invoices.empty
    assert codes(ledger.report, "warning") == ["fec_no_claims"]


def test_quotes_and_control_characters_are_data(write):
    rows = [dict(row) for row in BASIC]
    rows[0]["EcritureLib"], rows[1]["EcritureLib"] = 'Chaise 12" et "table', "L'\"ami"
    fec = read_fec(write(rows))
    assert fec.entries["label"].to_list()[:2] == ['Chaise 12" et "table', "L'\"ami"]


@pytest.mark.parametrize("signs", [("D", "C"), ("+1", "-1"), ("1", "-1"), ("d", "c")])
def test_montant_and_sens(signs, write):
    rows = []
    for row in BASIC:
        debit = row["Debit"] != ""
        rows.append(row | {"Montant": row["Debit"] or row["Credit"], "Sens": signs[0] if debit else signs[1]})
    headings = [h for h in OFFICIAL if h not in ("Debit", "Credit")]
    headings[11:11] = ["Montant", "Sens"]
    fec = read_fec(write(rows, headings=headings))
    assert fec.entries["debit"].to_list() == [120.0, 0.0, 0.0, 120.0, 0.0]
    assert fec.entries["credit"].to_list() == [0.0, 100.0, 20.0, 0.0, 120.0]
    rows[0]["Sens"] = "X"
    with pytest.raises(InputError) as refused:
        read_fec(write(rows, headings=headings))
    assert [(d.code, d.line, d.value) for d in refused.value.defects] == [("fec_bad_side", 2, "X")]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1 234,56", 1234.56), ("1\u202f234.56", 1234.56), ("1.234,56", 1234.56), ("1,234.56", 1234.56), ("-5", -5.0),
     ("0000012,5", 12.5), (",50", 0.5), ("12,340000", 12.34), ("12.340000000000002", 12.34), ("", 0.0)],
)  # fmt: skip
def test_amounts(text, value, write):
    rows = [line("OD", "1", "20250110", "471000", debit=text), line("OD", "1", "20250110", "472000", credit=text)]
    fec = read_fec(write(rows))
    assert fec.entries["debit"].iloc[0] == value
    assert fec.entries["credit"].iloc[1] == value


@pytest.mark.parametrize("text", ["abc", "1,234", "12,a", "1 23", "1e5", "inf", "nan", "--5", "9" * 40, "١٢"])
def test_amounts_that_are_refused(text, write):
    rows = [line("OD", "1", "20250110", "471000", debit=text), line("OD", "1", "20250110", "472000", credit="1")]
    with pytest.raises(InputError) as refused:
        read_fec(write(rows))
    assert ("bad_amount", 2, "Debit", text) in [(d.code, d.line, d.column, d.value) for d in refused.value.defects]


# ---------------------------------------------------------------- defects


def test_files_that_are_no_fec(tmp_path, write):
    for path in (tmp_path / "absent.txt", tmp_path):
        with pytest.raises(InputError) as refused:
            read_fec(path)
        assert codes_of(refused) == ["missing_file"]
    empty = tmp_path / "empty.txt"
    empty.write_bytes(b" \n")
    with pytest.raises(InputError) as refused:
        read_fec(empty)
    assert codes_of(refused) == ["empty_file"]
    with pytest.raises(InputError) as refused:
        read_fec(write([]))
    assert codes_of(refused) == ["fec_no_entries"]
    with pytest.raises(InputError) as refused:
        read_fec(write(BASIC, headings=[h for h in OFFICIAL if h not in ("CompteNum", "Credit")]))
    assert [d.value for d in refused.value.defects] == ["CompteNum", "Credit"]


def codes_of(refused):
    return [defect.code for defect in refused.value.defects]


def test_every_row_defect_at_once_with_its_line(write):
    rows = [dict(row) for row in BASIC]
    rows[0]["EcritureDate"] = "20251301"
    rows[1]["Credit"] = "cent"
    rows[2]["CompteNum"] = ""
    rows[3]["EcritureDate"] = ""
    path = write(rows)
    path.write_text(path.read_text() + "VE\tVentes\t9\n")
    with pytest.raises(InputError) as refused:
        read_fec(path)
    found = {(d.code, d.line, d.column) for d in refused.value.defects}
    assert found == {
        ("fec_bad_date", 2, "EcritureDate"), ("bad_amount", 3, "Credit"), ("fec_blank", 4, "CompteNum"),
        ("fec_blank", 5, "EcritureDate"), ("fec_field_count", 7, ""),
    }  # fmt: skip
    for language in ("fr", "en"):
        assert "123456789FEC20251231.txt" in refused.value.text(language)


def test_tolerant_leaves_the_bad_lines_out_and_counts_them(write):
    rows = [dict(row) for row in [*BASIC, *invoice("2", "20250401", "C2", "50.00", "10.00")]]
    rows[5]["EcritureDate"] = "hier"
    fec = read_fec(write(rows), tolerant=True)
    assert len(fec.entries) == 7
    assert (fec.report.rows_read, fec.report.rows_refused) == (8, 1)
    assert fec.report.refused_amounts == {"EUR": 60.0}
    assert "fec_file_balance" in codes(fec.report, "error")  # 60 are missing on the debit side


def test_many_defects_of_a_kind_become_one(write):
    rows = [line("OD", str(n), "x", "471000", debit="0") for n in range(50)]
    with pytest.raises(InputError) as refused:
        read_fec(write(rows))
    assert codes_of(refused) == ["fec_bad_date"] * 20 + ["fec_more"]
    assert refused.value.defects[-1].details["count"] == 30


def test_balances(write):
    good = BASIC
    gap = invoice("2", "20250401", "C2", "50.00", "10.00")
    gap[1]["Credit"] = "45.00"
    with pytest.raises(InputError) as refused:
        read_fec(write([*good, *gap]))
    assert codes_of(refused) == ["fec_file_balance", "fec_journal_balance", "fec_entry_balance"]
    assert [d.details["gap"] for d in refused.value.defects] == [5.0, 5.0, 5.0]  # 60 against 45 + 10
    # The same 5.00 missing in one entry and in excess in the next: the file balances, the entries do not.
    other = invoice("3", "20250402", "C2", "50.00", "10.00")
    other[1]["Credit"] = "55.00"
    fec = read_fec(write([*good, *gap, *other]))
    found = [(d.code, d.line, d.details["gap"]) for d in fec.report.of_level("warning")]
    assert found == [("fec_entry_balance", 7, 5.0), ("fec_entry_balance", 10, -5.0)]


def test_an_entry_with_two_dates_is_one_entry(write):
    rows = invoice("1", "20250110", "C1", "100.00", "20.00")
    rows[0]["EcritureDate"] = "20250111"
    fec = read_fec(write(rows))
    assert "fec_several_dates" in codes(fec.report, "note")
    assert not fec.report.of_level("warning")
    assert fec.ledger().invoices["kind"].to_list() == ["invoice"]


def test_both_sides_on_a_line(write):
    rows = [line("OD", "1", "20250110", "471000", debit="30", credit="10"),
            line("OD", "1", "20250110", "472000", credit="20")]  # fmt: skip
    fec = read_fec(write(rows))
    assert [(d.code, d.line) for d in fec.report.of_level("warning")] == [("fec_both_sides", 2)]
    assert fec.balance("471") == 20.0


def test_repeated_entries_but_not_repeated_lines(write):
    with pytest.raises(InputError) as refused:
        read_fec(write([*BASIC, *BASIC[:3]]))
    assert [(d.code, d.line) for d in refused.value.defects] == [("fec_duplicate_entry", 7)]
    tolerant = read_fec(write([*BASIC, *BASIC[:3]]), tolerant=True)
    assert tolerant.balance("411") == 0.0
    assert tolerant.report.rows_refused == 3
    # Two identical articles in one entry, and an identical sale under another number, are legitimate.
    twice = invoice("5", "20250501", "C1", "100.00", "20.00")
    twice = [twice[0] | {"Debit": "240.00"}, twice[1], twice[1], twice[2], twice[2]]
    fec = read_fec(write([*BASIC, *twice, *invoice("6", "20250501", "C1", "1.00", "0.20", piece="X"),
                          *invoice("7", "20250501", "C1", "1.00", "0.20", piece="X")]))  # fmt: skip
    assert not fec.report.of_level("warning", "error")
    # Without a document number nothing tells two equal till sales from a repetition.
    till = [line("VE", "8", "20250502", "411000", "C1", debit="5"), line("VE", "8", "20250502", "706000", credit="5")]
    fec = read_fec(write([*BASIC, *till, *till]))
    assert codes(fec.report, "warning") == ["fec_maybe_duplicate"]
    assert fec.balance("411") == 10.0


def test_period_dates_and_notes(write):
    rows = [dict(row) for row in [*BASIC, *invoice("3", "20260105", "", "10.00", "2.00")]]
    rows[0]["PieceDate"] = "19000101"
    rows[5]["Montantdevise"], rows[5]["Idevise"] = "15,00", "USD"
    # 3 of 8 lines are after the closing of the name: the name does not fit, the entries decide.
    fec = read_fec(write(rows))
    assert (fec.start, fec.end) == (date(2025, 1, 10), date(2026, 1, 5))
    assert {"fec_period_entries", "fec_no_customer", "fec_currency", "fec_numbering"} <= set(codes(fec.report, "note"))
    assert codes(fec.report, "warning") == ["fec_piece_dates"]
    # Beside 60 more lines within the year, 3 of 68 lines (4 %) are the exception.
    many = [row for n in range(30) for row in receipt(str(10 + n), "20251215", "C1", "1.00")]
    fec = read_fec(write([*rows, *many]))
    assert (fec.start, fec.end) == (date(2025, 1, 10), date(2025, 12, 31))
    outside = [d for d in fec.report.of_level("warning") if d.code == "fec_dates_outside"]
    assert [(d.line, d.details["count"]) for d in outside] == [(7, 3)]


def test_lettering_that_does_not_balance(write):
    rows = [
        *invoice("1", "20250110", "C1", "100.00", "20.00", "A"),
        *receipt("1", "20250215", "C1", "50.00", "A"),
        *invoice("2", "20250110", "C2", "100.00", "20.00", "A"),
        *receipt("2", "20250215", "C2", "120.00", "A"),
    ]
    found = read_fec(write(rows)).report.of_level("warning")
    assert [(d.code, d.details["customer"], d.details["gap"], d.details["lines"]) for d in found] == [
        ("fec_lettering", "C1", 70.0, "2, 6")
    ]


# ---------------------------------------------------------------- writing


def test_write_then_read(write, tmp_path):
    rows = [dict(row) for row in BASIC]
    rows[0]["Debit"], rows[1]["Credit"] = "-120,00", "-100,00"
    rows[2]["Credit"], rows[3]["Montantdevise"], rows[3]["Idevise"] = "-20", "-0,05", "USD"
    fec = read_fec(write(rows, separator="|"))
    path = write_fec(fec, tmp_path / "123456789FEC20251231.copy.txt")
    pd.testing.assert_frame_equal(read_fec(path).entries, fec.entries)
    written = path.read_bytes().decode("utf-8").split("\r\n")
    assert written[0].split("\t") == OFFICIAL == list(HEADINGS.values())
    assert written[1].split("\t")[11:13] == ["-120,00", "0,00"]
    assert written[4].split("\t")[16] == "-0,05"
    assert [p.name for p in path.parent.iterdir() if p.name.startswith(".")] == []


TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)
CENTS = st.integers(-(10**9), 10**9)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXT, TEXT, CENTS, st.dates(date(1901, 1, 1), date(2199, 12, 31))), min_size=1, max_size=5))
def test_round_trip_of_any_entries(tmp_path, entries):
    rows = []
    for number, (label, aux, cents, day) in enumerate(entries, start=1):
        for account, side in (("411000", "Debit"), ("706000", "Credit")):
            row = line("VE", str(number), f"{day:%Y%m%d}", account, piece=f"P{number}")
            clean = label.replace("\t", " ").replace("\n", " ").replace("\r", " ")
            row |= {"EcritureLib": clean, "CompAuxNum": aux.replace("\t", "").replace("\n", "").replace("\r", "")}
            rows.append(row | {side: f"{Decimal(cents) / 100:.2f}"})
    source = tmp_path / "source.txt"
    source.write_bytes(text_of(rows).encode("utf-8"))
    first = read_fec(source)
    second = read_fec(write_fec(first, tmp_path / "first.txt"))
    pd.testing.assert_frame_equal(second.entries, first.entries)
    assert write_fec(second, tmp_path / "second.txt").read_bytes() == (tmp_path / "first.txt").read_bytes()


LONG = text_of([*opening("20250101", [("411000", "C1", "50", "B"), ("411000", "C9", "-7", "")]), *BASIC,
                *receipt("7", "20250301", "C1", "50.00", "B")]).encode()  # fmt: skip


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(LONG)), st.integers(0, 60), st.binary(max_size=12), st.booleans())
def test_a_mutilated_file_is_refused_or_read(tmp_path, where, removed, inserted, tolerant):
    path = tmp_path / "123456789FEC20251231.txt"
    path.write_bytes(LONG[:where] + inserted + LONG[where + removed :])
    try:
        fec = read_fec(path, tolerant=tolerant)
    except InputError as refusal:
        refusal.text("fr")
        return
    assert len(fec.entries) + fec.report.rows_refused == fec.report.rows_read
    assert fec.report.text("fr")
    check_invariants(fec.ledger(), fec)


# ---------------------------------------------------------------- ledger, one year


def test_a_paid_invoice(write):
    fec = read_fec(write(BASIC))
    ledger = fec.ledger()
    item = ledger.invoices.iloc[0]
    assert item[["item_id", "customer_id", "document", "kind", "account"]].to_list() == [
        "20251231-2", "C1", "F1", "invoice", "411000"]  # fmt: skip
    assert item[["amount", "book_amount", "amount_excl_vat", "vat_rate"]].to_list() == [120.0, 120.0, 100.0, 0.2]
    assert item["due_date"] == pd.Timestamp("2025-02-09")  # 10 January + 30 days
    paid = ledger.settlements.iloc[0]
    assert paid[["item_id", "kind", "amount", "match"]].to_list() == ["20251231-2", "cash", 120.0, "lettering"]
    assert paid["payment_date"] == pd.Timestamp("2025-02-15")
    assert paid["allocation_date"] == pd.Timestamp("2025-03-01")
    assert ledger.dated_allocation
    assert ledger.customers[["customer_id", "customer_name"]].to_numpy().tolist() == [["C1", "Société C1"]]
    check_invariants(ledger, fec)


def test_terms(write):
    rows = [*invoice("1", "20250115", "C1", "100", "20"), *invoice("2", "20250115", "C2", "100", "20")]
    fec = read_fec(write(rows))

    def due(**options):
        return by_document(fec.ledger(**options))["due_date"].dt.strftime("%d/%m").to_list()

    assert due() == ["14/02", "14/02"]
    assert due(terms=60) == ["16/03", "16/03"]  # 16 days left in January, 28 in February, 16 in March
    assert due(terms="45 jours fin de mois") == ["31/03", "31/03"]
    assert due(terms="45 jours fin de mois", reading="month_end_then_days") == ["17/03", "17/03"]
    assert due(terms={"C2": "comptant"}) == ["14/02", "15/01"]
    assert due(terms={"C2": "comptant", "default": 10}) == ["25/01", "15/01"]
    noted = [(d.value, d.details["count"]) for d in fec.ledger(terms={"C2": 0}).report.defects if d.code == "fec_terms"]
    assert sorted(noted) == [("0", 1), ("30", 1)]
    with pytest.raises(InputError):
        fec.ledger(terms={"C7": "un jour"})
    with pytest.raises(ValueError, match="unallocated"):
        fec.ledger(unallocated="guess")


def entry(number, *lines):
    """An entry from (account, customer, signed amount)."""
    return [line("OD", number, "20250301", account, customer, f"P{number}", f"{amount}" if amount > 0 else "",
                 f"{-amount}" if amount < 0 else "") for account, customer, amount in lines]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        ([("411000", "C1", 120), ("706000", "", -100), ("445710", "", -20)], "invoice"),
        ([("411000", "C1", 120), ("512000", "", -120)], "returned_payment"),
        ([("411000", "C1", 120), ("413000", "C1", -120)], "returned_payment"),
        ([("411000", "C1", 120), ("419100", "C1", -100), ("445710", "", -20)], "down_payment"),
        ([("411000", "C1", 120), ("768000", "", -120)], "other"),
        ([("411000", "C1", 120), ("411000", "C2", -120)], "other"),
        ([("512000", "", 120), ("411000", "C1", -120)], "cash"),
        ([("706000", "", 100), ("445710", "", 20), ("411000", "C1", -120)], "credit_note"),
        ([("413000", "C1", 120), ("411000", "C1", -120)], "bill"),
        ([("416000", "C1", 120), ("411000", "C1", -120)], "to_doubtful"),
        ([("654000", "", 100), ("445710", "", 20), ("416000", "C1", -120)], "write_off"),
        ([("401000", "F1", 120), ("411000", "C1", -120)], "set_off"),
        ([("658000", "", 120), ("411000", "C1", -120)], "other"),
        ([("512000", "", 115), ("627000", "", 5), ("411000", "C1", -120)], "cash"),
    ],
)
def test_kinds_by_counterpart(lines, kind, write):
    fec = read_fec(write(entry("1", *lines)))
    ledger = fec.ledger()
    found = [*ledger.invoices.query("customer_id == 'C1' and account != '413000'")["kind"],
             *ledger.settlements.query("customer_id == 'C1'")["kind"]]  # fmt: skip
    assert kind in found
    check_invariants(ledger, fec)
    assert ("fec_mixed" in codes(ledger.report)) == (len(lines) == 3 and lines[1][0] == "627000")


def test_negative_debit_is_a_credit_note(write):
    rows = invoice("1", "20250110", "C1", "-100.00", "-20.00")
    ledger = read_fec(write(rows)).ledger()
    assert ledger.invoices[["kind", "amount", "amount_excl_vat"]].to_numpy().tolist() == [
        ["credit_note", -120.0, -100.0]
    ]
    assert ledger.settlements.empty


def test_a_batch_of_sales_in_one_entry_is_told_apart(write):
    # One entry, two invoices: 20 % on 100 and 5.5 % on 200; the documents balance one by one.
    rows = invoice("1", "20250110", "C1", "100.00", "20.00", piece="F1")
    rows += invoice("1", "20250110", "C2", "200.00", "11.00", piece="F2")
    rows = [rows[i] for i in (0, 3, 1, 4, 2, 5)]
    items = by_document(read_fec(write(rows)).ledger())
    assert items.loc["F1", ["amount_excl_vat", "vat_rate"]].to_list() == [100.0, 0.2]
    assert items.loc["F2", ["amount_excl_vat", "vat_rate"]].to_list() == [200.0, 0.055]


@pytest.mark.parametrize("number", ["", "0000"])
def test_entries_without_a_number_are_rebuilt(number, write):
    rows = [row | {"EcritureNum": number, "PieceRef": "", "JournalCode": "OD"} for row in BASIC]
    rows = [row | {"EcritureDate": "20250110"} for row in rows]  # one journal, one day: only the balance separates
    fec = read_fec(write(rows))
    ledger = fec.ledger()
    assert ledger.invoices["kind"].to_list() == ["invoice"]
    assert ledger.settlements["kind"].to_list() == ["cash"]
    assert "fec_no_number" in codes(fec.report, "note")


def test_lettering_is_matched_oldest_first(write):
    # Invoices 120 (10 Jan) and 60 (10 Feb), receipts 100 (1 Mar) and 50 (1 Apr), all lettered A:
    # 100 and then 20 pay the first; the other 30 pay the second, which keeps 30.
    rows = [*invoice("1", "20250110", "C1", "100", "20", "A"), *invoice("2", "20250210", "C1", "50", "10", "A"),
            *receipt("1", "20250301", "C1", "100", "A"), *receipt("2", "20250401", "C1", "50", "A")]  # fmt: skip
    fec = read_fec(write(rows))
    ledger = fec.ledger()
    first, second = by_document(ledger).loc[["F1", "F2"], "item_id"]
    assert ledger.settlements[["item_id", "amount"]].to_numpy().tolist() == [
        [first, 100.0], [first, 20.0], [second, 30.0]]  # fmt: skip
    assert left_on(ledger, second) == 30.0
    assert by_document(ledger).loc["F2", "due_date"] == pd.Timestamp("2025-03-12")
    assert not ledger.dated_allocation
    assert ledger.settlements["allocation_date"].equals(ledger.settlements["payment_date"])


def test_a_receipt_before_its_invoice_is_allocated_when_both_stand(write):
    rows = [*receipt("1", "20250105", "C1", "120", "A"), *invoice("1", "20250110", "C1", "100", "20", "A")]
    fec = read_fec(write(rows))
    ledger = fec.ledger()
    assert ledger.settlements["allocation_date"].to_list() == [pd.Timestamp("2025-01-10")]
    assert open_at(ledger, "2025-01-07") == -12000
    check_invariants(ledger, fec)


def test_a_lettered_credit_note_is_two_rows_that_sum_to_zero(write):
    # Invoice 120, credit note 48 (40 + 8), receipt 72: all lettered.
    note = [line("VE", "2", "20250120", "706000", "", "A2", "40", ""),
            line("VE", "2", "20250120", "445710", "", "A2", "8", ""),
            line("VE", "2", "20250120", "411000", "C1", "A2", "", "48", "A", "20250205")]  # fmt: skip
    rows = [*invoice("1", "20250110", "C1", "100", "20", "A", "20250205"), *note,
            *receipt("1", "20250201", "C1", "72", "A", "20250205")]  # fmt: skip
    fec = read_fec(write(rows))
    ledger = fec.ledger()
    pair = ledger.settlements[ledger.settlements["kind"] == "credit_note"]
    assert pair["amount"].to_list() == [48.0, -48.0]
    assert pair["item_id"].to_list() == by_document(ledger).loc[["F1", "A2"], "item_id"].to_list()
    assert pair["allocation_date"].nunique() == pair["payment_date"].nunique() == 1
    assert [left_on(ledger, item) for item in ledger.invoices["item_id"]] == [0.0, 0.0]
    assert ledger.invoices["amount_excl_vat"].to_list() == [100.0, -40.0]
    check_invariants(ledger, fec)


def test_opening_without_the_previous_year(write):
    # C1 opens with 300 and C2 with -40 (unlettered); C1 pays 250, lettered alone: its other half is before the file.
    rows = [*opening("20250101", [("411000", "C1", "300", ""), ("411000", "C2", "-40", "")]),
            *receipt("1", "20250120", "C1", "250", "A"), *invoice("1", "20250110", "C1", "100", "20")]  # fmt: skip
    fec = read_fec(write(rows))
    ledger = fec.ledger()
    items = ledger.invoices.set_index(["customer_id", "kind"])
    assert items.loc[("C1", "opening"), "amount"] == 300.0
    assert items.loc[("C2", "opening"), "amount"] == -40.0
    assert ledger.invoices.loc[ledger.invoices["kind"] == "opening", ["issue_date", "due_date"]].isna().all(axis=None)
    assert ledger.settlements[["amount", "match"]].to_numpy().tolist() == [[250.0, "opening"]]
    assert left_on(ledger, items.loc[("C1", "opening"), "item_id"]) == 50.0
    assert {"fec_opening_unknown", "fec_opening_matched"} <= set(codes(ledger.report))
    check_invariants(ledger, fec)


def test_more_lettered_than_the_opening_stays_unallocated(write):
    # Opening 100; lettered alone: 80, then 70. 80 + 20 settle the opening, 50 stay.
    rows = [*opening("20250101", [("411000", "C1", "100", "")]), *receipt("1", "20250120", "C1", "80", "A"),
            *receipt("2", "20250220", "C1", "70", "B")]  # fmt: skip
    fec = read_fec(write(rows))
    ledger = fec.ledger()
    assert ledger.settlements["amount"].to_list() == [80.0, 20.0, 50.0]
    assert ledger.settlements["item_id"].isna().to_list() == [False, False, True]
    assert "fec_excess_left" in codes(ledger.report, "warning")
    check_invariants(ledger, fec)


def test_unlettered_credits_are_kept_or_matched_on_demand(write):
    rows = [*invoice("1", "20250110", "C1", "100", "20"), *invoice("2", "20250210", "C1", "50", "10"),
            *receipt("1", "20250301", "C1", "150")]  # fmt: skip
    fec = read_fec(write(rows))
    kept = fec.ledger().settlements
    assert kept["amount"].to_list() == [150.0]
    assert kept["item_id"].isna().all()
    ledger = fec.ledger(unallocated="fifo")
    assert ledger.settlements[["amount", "match"]].to_numpy().tolist() == [[120.0, "fifo"], [30.0, "fifo"]]
    assert "fec_fifo" in codes(ledger.report, "note")
    check_invariants(ledger, fec)


def test_doubtful_claims_keep_the_dates_of_their_invoices(write):
    # Invoices 120 and 60 of C1 moved to 416 on 1 June (lettered D); 50 received on 416 in July.
    rows = [*invoice("1", "20250110", "C1", "100", "20", "D"), *invoice("2", "20250210", "C1", "50", "10", "D"),
            line("OD", "1", "20250601", "416000", "C1", "T1", "180", "", "E"),
            line("OD", "1", "20250601", "411000", "C1", "T1", "", "180", "D"),
            line("BQ", "9", "20250701", "512000", "", "R9", "50", ""),
            line("BQ", "9", "20250701", "416000", "C1", "R9", "", "50", "E")]  # fmt: skip
    fec = read_fec(write(rows))
    ledger = fec.ledger()
    doubtful = ledger.invoices[ledger.invoices["kind"] == "doubtful"]
    assert doubtful["document"].to_list() == ["F1", "F2"]
    assert doubtful["amount"].to_list() == [120.0, 60.0]
    assert doubtful["amount_excl_vat"].to_list() == [100.0, 50.0]
    assert doubtful["issue_date"].to_list() == [pd.Timestamp("2025-01-10"), pd.Timestamp("2025-02-10")]
    assert doubtful["due_date"].to_list() == [pd.Timestamp("2025-02-09"), pd.Timestamp("2025-03-12")]
    assert (doubtful["doubtful_from"] == pd.Timestamp("2025-06-01")).all()
    assert [left_on(ledger, item) for item in doubtful["item_id"]] == [70.0, 60.0]
    assert sorted(ledger.settlements["kind"]) == ["cash", "to_doubtful", "to_doubtful"]
    check_invariants(ledger, fec)


def test_doubtful_claim_of_unknown_origin(write):
    rows = [*invoice("1", "20250110", "C1", "100", "20"), *entry("1", ("416000", "C1", 120), ("411000", "C1", -120))]
    fec = read_fec(write(rows))
    ledger = fec.ledger()
    doubtful = ledger.invoices[ledger.invoices["kind"] == "doubtful"]
    assert doubtful[["issue_date", "due_date"]].isna().all(axis=None)
    assert "fec_doubtful_unknown" in codes(ledger.report, "warning")
    assert open_at(ledger, "2025-12-31") == 12000
    check_invariants(ledger, fec)


def test_retention_money_has_no_due_date(write):
    # 5 % of 1,200 held back: 1,140 + 60.
    rows = entry("1", ("411000", "C1", 1140), ("411700", "C1", 60), ("704000", "", -1000), ("445710", "", -200))
    fec = read_fec(write(rows))
    ledger = fec.ledger()
    items = ledger.invoices.set_index("account")
    assert items["retention"].to_dict() == {"411000": False, "411700": True}
    assert items["amount_excl_vat"].to_dict() == {"411000": 950.0, "411700": 50.0}
    assert items["due_date"].isna().to_dict() == {"411000": False, "411700": True}
    assert "fec_retention" in codes(ledger.report, "note")


def test_accounts_hold_the_movements_of_41_and_491(write):
    rows = [
        *BASIC,
        *entry("5", ("681700", "", 30), ("491000", "", -30)),
        *entry("6", ("418100", "", 12), ("706000", "", -12)),
    ]
    accounts = read_fec(write(rows)).ledger().accounts
    assert accounts.groupby("account")["amount"].sum().to_dict() == {"411000": 0.0, "418100": 12.0, "491000": -30.0}


# ---------------------------------------------------------------- two years


def two_years(tmp_path, second, name="123456789FEC20251231.txt", first=None):
    """2024: C1 owes F1 120 (Nov) and F2 60 (Dec, 40 of it paid, lettered P); C2 has paid 25 in advance."""
    first = first or [
        *invoice("1", "20241105", "C1", "100", "20"),
        *invoice("2", "20241210", "C1", "50", "10", "P"),
        *receipt("1", "20241220", "C1", "40", "P", "20241220"),
        *receipt("2", "20241228", "C2", "25", "V"),
        *invoice("3", "20240210", "C3", "10", "2", "Z"),
        *receipt("3", "20240301", "C3", "12", "Z"),
    ]
    paths = [tmp_path / "123456789FEC20241231.txt", tmp_path / name]
    for path, rows in zip(paths, (first, second)):
        path.write_text(text_of(rows), encoding="utf-8")
    return [read_fec(path) for path in paths]


LUMP = [("411000", "C1", "140", ""), ("411000", "C2", "-25", "")]  # 120 + 60 - 40; -25


def test_the_previous_year_replaces_the_opening(tmp_path):
    second = [*opening("20250101", LUMP),
              *receipt("1", "20250115", "C1", "20", "P", "20250116"),  # ends the lettering P begun in 2024
              *receipt("2", "20250220", "C1", "100", "Q", "20260110"),  # other half before the file; lettered after it
              *invoice("1", "20250301", "C2", "50", "10", "V", "20250305"),  # the advance V of 2024 counts towards it
              *invoice("2", "20250310", "C3", "10", "2", "Z")]  # fmt: skip  # Z was finished in 2024: another group
    previous, fec = two_years(tmp_path, second)
    ledger = fec.ledger(previous)
    items = ledger.invoices.set_index(["booking_date", "document"])
    assert not (ledger.invoices["kind"] == "opening").any()
    f1, f2 = (items.loc[pd.Timestamp(d)].iloc[0] for d in ("2024-11-05", "2024-12-10"))
    assert f1["due_date"] == pd.Timestamp("2024-12-05")
    # F2: 60 - 40 in December - 20 on 16 January. F1: 120 - 100 from 10 January 2026, the day of the lettering.
    assert [left_on(ledger, f2["item_id"], d) for d in ("2024-12-19", "2024-12-31", "2025-01-15", "2025-01-16")] == [
        60.0, 20.0, 20.0, 0.0]  # fmt: skip
    assert [left_on(ledger, f1["item_id"], d) for d in ("2025-12-31", "2026-01-10")] == [120.0, 20.0]
    settled = ledger.settlements.set_index("payment_date")
    assert settled.loc[pd.Timestamp("2025-02-20"), "match"] == "opening"
    # V: 60 less the 25 paid in advance.
    advance = settled.loc[pd.Timestamp("2024-12-28")]
    assert advance["item_id"] == items.loc[(pd.Timestamp("2025-03-01"), "F1"), "item_id"]
    assert advance["allocation_date"] == pd.Timestamp("2025-03-05")
    third = items.loc[(pd.Timestamp("2025-03-10"), "F2"), "item_id"]
    assert left_on(ledger, third) == 12.0
    check_years(ledger, previous, fec)
    # Balances worked out by hand: 120+60-40-25 = 115; then -20 -100 +60 +12 = 67.
    assert open_at(ledger, "2024-12-31") == 11500
    assert open_at(ledger, "2025-12-31") == 6700
    assert open_at(ledger, "2025-12-31", "customer_id") == {"C1": 2000, "C2": 3500, "C3": 1200}
    assert ledger.invoices.query("kind == 'invoice'")["amount_excl_vat"].sum() == 220.0  # both years' sales
    accounts = ledger.accounts
    for day in ("2024-11-30", "2024-12-31"):
        total = accounts.loc[accounts["booking_date"] <= day, "amount"].sum()
        assert round(total, 2) == previous.balance("411", date.fromisoformat(day))
    assert round(accounts["amount"].sum(), 2) == fec.balance("411") == 67.0


def told(report, code):
    """File, count and amount of each note of a kind."""
    return [(d.file[12:16], d.details["count"], d.details.get("amount")) for d in report.defects if d.code == code]


def test_lettering_is_judged_over_both_years(tmp_path):
    second = [*opening("20250101", LUMP),  # lines 2 to 4
              *receipt("1", "20250115", "C1", "20", "P"),  # 60 - 40 in 2024, - 20 here: balanced
              *receipt("2", "20250220", "C1", "100", "Q"),  # line 8: -100 alone, applied to F1 of 2024
              *receipt("3", "20250221", "C2", "7", "R"),  # line 10: -7 alone, and C2 owes nothing
              *invoice("1", "20250301", "C2", "50", "10", "V"),  # line 11: 60 - 25 paid in 2024
              *invoice("2", "20250310", "C3", "10", "2", "Z")]  # fmt: skip  # line 14: 12; Z was finished in 2024
    previous, fec = two_years(tmp_path, second)
    report = fec.ledger(previous).report
    found = [(d.code, d.file[12:16], d.line, d.value, *map(d.details.get, ("gap", "lines", "next_lines")))
             for d in report.defects if d.code in ("fec_lettering", "fec_lettering_years")]  # fmt: skip
    assert found == [
        ("fec_lettering_years", "2024", 11, "V", 35.0, "11", "11"),  # two invoices, a receipt, then the advance
        ("fec_lettering", "2025", 8, "Q", -100.0, "8", None),
        ("fec_lettering", "2025", 10, "R", -7.0, "10", None),
        ("fec_lettering", "2025", 14, "Z", 12.0, "14", None),
    ]
    assert told(report, "fec_lettering_joined") == [("2025", 1, None)]
    assert told(report, "fec_excess_open") == [("2025", 2, 47.0)]  # V 35, Z 12
    assert told(report, "fec_opening_matched") == [("2025", 1, 100.0)]
    assert told(report, "fec_excess_left") == [("2025", 1, 7.0)]
    assert told(report, "fec_opening_replaced") == [("2025", 2, 115.0)]  # 140 - 25
    assert [d.details["gap"] for d in report.defects if d.code == "fec_opening_replaced"] == [0.0]
    assert codes(fec.report, "warning").count("fec_lettering") == 5  # the file alone: P, Q, R, V, Z
    assert report.text("fr")


def test_a_lettered_opening_counts_towards_its_group(tmp_path):
    # The opening is one sum, lettered with the receipt that pays it: nothing is wrong, though two items stand for it.
    first = [*invoice("1", "20241105", "C1", "100", "20"), *invoice("2", "20241210", "C1", "50", "10")]
    second = [*opening("20250101", [("411000", "C1", "180", "A")]), *receipt("1", "20250115", "C1", "180", "A")]
    previous, fec = two_years(tmp_path, second, first=first)
    ledger = fec.ledger(previous)
    assert not ledger.report.of_level("warning")
    assert [left_on(ledger, item) for item in ledger.invoices["item_id"]] == [0.0, 0.0]


def test_unknown_age_is_said_of_the_file_that_has_it(tmp_path):
    first = [*opening("20240101", [("411000", "C1", "30", "")]), *invoice("1", "20241105", "C1", "100", "20")]
    second = opening("20250101", [("411000", "C1", "160", "")])  # 30 + 120, and 10 from nowhere
    previous, fec = two_years(tmp_path, second, first=first)
    report = fec.ledger(previous).report
    assert told(report, "fec_opening_unknown") == [("2024", 1, 30.0)]
    assert told(report, "fec_opening_replaced") == [("2025", 1, 160.0)]
    assert [d.details["gap"] for d in report.defects if d.code in ("fec_opening_replaced", "fec_opening_gap")] == [
        10,
        10,
    ]
    assert told(fec.ledger().report, "fec_opening_unknown") == [("2025", 1, 160.0)]


SAMPLE = [Path(__file__).parents[1] / "data" / f"904172638FEC{year}0630.txt" for year in (2025, 2026)]


def test_lettering_of_the_sample_against_plain_python():
    nets = [defaultdict(Decimal) for _ in range(3)]  # 2025; 2026 without and with its opening lines
    for path, kinds in zip(SAMPLE, ((0,), (1, 2))):
        for _, row in plain_rows(path, "utf-8-sig", "\t"):
            if row["CompteNum"].startswith("41") and row["EcritureLet"]:
                for kind in kinds:
                    if kind != 1 or row["JournalCode"] != "AN":
                        nets[kind][row["CompteNum"], row["CompAuxNum"], row["EcritureLet"]] += signed(row)
    before, after, whole = nets
    joined = {key for key in before if before[key] * after.get(key, 0) < 0}
    gaps = [before[key] + after[key] for key in joined]
    balanced = gaps.count(0)
    gaps += [value for key, value in (*before.items(), *whole.items()) if key not in joined]
    gaps = [gap for gap in gaps if gap]
    previous, fec = map(read_fec, SAMPLE)
    report = fec.ledger(previous).report
    assert told(report, "fec_lettering_joined") == [("2026", balanced, None)]
    listed = [d.details["gap"] for d in report.defects if d.code in ("fec_lettering", "fec_lettering_years")]
    others = [d for d in report.defects if d.code == "fec_lettering_more"]
    assert len(listed) == 20
    assert [d.details["count"] for d in others] == [len(gaps) - 20]
    assert round(sum(map(abs, listed)) + others[0].details["gap"], 2) == float(sum(map(abs, gaps)))
    explained = [amount for code in ("fec_opening_matched", "fec_excess_left") for _, _, amount in told(report, code)]
    assert round(sum(explained), 2) == float(-sum(gap for gap in gaps if gap < 0))
    assert [amount for _, _, amount in told(report, "fec_excess_open")] == [float(sum(gap for gap in gaps if gap > 0))]


def check_years(ledger, previous, fec):
    """The ledger's total is the balance of each file at its own dates."""
    for day in pd.date_range("2024-03-31", "2025-12-31", freq="QE"):
        own = previous if day.year == 2024 else fec
        assert open_at(ledger, day) == round(own.balance(("411", "416"), day) * 100), day
        entries = own.entries[own.entries["account"].str.match("41[16]") & (own.entries["entry_date"] <= day)]
        expected = ((entries["debit"] - entries["credit"]).groupby(entries["aux"]).sum() * 100).round()
        assert open_at(ledger, day, "customer_id") == {key: value for key, value in expected.items() if value}
    allocated = ledger.settlements[ledger.settlements["item_id"].notna()]
    assert (allocated["allocation_date"] >= allocated["payment_date"]).all()
    assert ledger.invoices["item_id"].is_unique


def test_a_gap_between_closing_and_opening_is_an_item_of_unknown_age(tmp_path):
    second = opening("20250101", [("411000", "C1", "150", ""), ("411000", "C2", "-25", ""), ("411000", "C4", "-3", "")])
    previous, fec = two_years(tmp_path, second)
    ledger = fec.ledger(previous)
    gaps = ledger.invoices[ledger.invoices["kind"] == "opening"]
    assert gaps[["customer_id", "amount"]].to_numpy().tolist() == [["C1", 10.0], ["C4", -3.0]]  # 150 - 140; -3 - 0
    assert gaps["issue_date"].isna().all()
    found = [(d.value, d.details["gap"]) for d in ledger.report.defects if d.code == "fec_opening_gap"]
    assert found == [("C1", 10.0), ("C4", -3.0)]
    check_years(ledger, previous, fec)


def test_a_detailed_opening_hands_its_lettering_to_the_items(tmp_path):
    # Both invoices stand in the opening; the receipt is lettered with the younger one.
    first = [*invoice("1", "20241105", "C1", "100", "20"), *invoice("2", "20241210", "C1", "50", "10")]
    second = [*opening("20250101", [("411000", "C1", "120", ""), ("411000", "C1", "60", "A")]),
              *receipt("1", "20250115", "C1", "60", "A")]  # fmt: skip
    previous, fec = two_years(tmp_path, second, first=first)
    ledger = fec.ledger(previous)
    left = {row.document: left_on(ledger, row.item_id) for row in ledger.invoices.itertuples()}
    assert left == {"F1": 120.0, "F2": 0.0}
    assert ledger.settlements["match"].to_list() == ["lettering"]
    check_years(ledger, previous, fec)


def test_an_opening_in_one_sum_without_customers(tmp_path):
    previous, fec = two_years(tmp_path, opening("20250101", [("411000", "", "115", "")]))
    ledger = fec.ledger(previous)
    assert "fec_opening_gap" not in codes(ledger.report)
    assert open_at(ledger, "2025-01-31") == 11500


def test_doubtful_in_the_second_year_keeps_the_age_of_the_first(tmp_path):
    second = [*opening("20250101", LUMP),
              line("OD", "1", "20250601", "416000", "C1", "T1", "120", ""),
              line("OD", "1", "20250601", "411000", "C1", "T1", "", "120", "D")]  # fmt: skip
    previous, fec = two_years(tmp_path, second)
    ledger = fec.ledger(previous)
    doubtful = ledger.invoices[ledger.invoices["kind"] == "doubtful"]
    assert doubtful[["document", "amount"]].to_numpy().tolist() == [["F1", 120.0]]
    assert doubtful["issue_date"].to_list() == [pd.Timestamp("2024-11-05")]
    check_years(ledger, previous, fec)


def test_an_opening_not_posted_yet(tmp_path):
    previous, fec = two_years(tmp_path, receipt("1", "20250115", "C1", "20", "P", "20250116"))
    ledger = fec.ledger(previous)
    assert "fec_opening_not_posted" in codes(ledger.report, "warning")
    assert open_at(ledger, "2025-01-31") == 9500  # 115 - 20


def test_the_previous_file_must_be_the_year_before_of_the_same_company(tmp_path):
    previous, fec = two_years(tmp_path, opening("20250101", LUMP))
    with pytest.raises(InputError) as refused:
        previous.ledger(fec)
    assert codes_of(refused) == ["fec_overlap"]
    _, stranger = two_years(tmp_path, opening("20250101", LUMP), name="987654321FEC20251231.txt")
    with pytest.raises(InputError) as refused:
        stranger.ledger(previous)
    assert codes_of(refused) == ["fec_other_company"]


CUSTOMER_NUMBERS = [f"C{number}" for number in range(1, 7)]
EVENT = st.tuples(st.sampled_from("is"), st.sampled_from(CUSTOMER_NUMBERS), st.integers(1, 500), st.integers(1, 28),
                  st.integers(1, 12), st.sampled_from(["", "A", "B", "P"]))  # fmt: skip
EVENTS = st.lists(EVENT, min_size=15, max_size=40)


def events_of(events, year):
    """Invoices ("i") and receipts ("s") of a year; C9 overpays by 1 in each."""
    rows = receipt("900", f"{year}0101", "C9", "1")
    for number, (what, customer, amount, day, month, letter) in enumerate(events, start=1):
        write_one = invoice if what == "i" else receipt
        amounts = (f"{amount}", "0") if what == "i" else (f"{amount}",)
        rows += write_one(str(number), f"{year}{month:02}{day:02}", customer, *amounts, letter)
    return rows


# Customers are matched apart: six of them with many lines in few files try as much as many small files.
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=EVENTS, second=EVENTS, detailed=st.sets(st.sampled_from(CUSTOMER_NUMBERS)))
def test_totals_follow_the_accounts_whatever_the_lettering(tmp_path, first, second, detailed):
    balances = defaultdict(int, C9=-1)
    for what, customer, amount, *_ in first:
        balances[customer] += amount if what == "i" else -amount
    lump = [("411000", customer, f"{amount}", "P" if customer in detailed else "")
            for customer, amount in sorted(balances.items()) if amount]  # fmt: skip
    opened = [*opening("20250101", lump), *events_of(second, 2025)]
    previous, fec = two_years(tmp_path, opened, first=events_of(first, 2024))
    alone, kept, matched = fec.ledger(), fec.ledger(previous), fec.ledger(previous, unallocated="fifo")
    check_invariants(alone, fec)
    assert "fec_opening_gap" not in codes(kept.report)
    for ledger in (kept, matched):
        check_years(ledger, previous, fec)
    for ledger in (alone, kept, matched):
        settled = ledger.settlements.groupby("item_id")["amount"].sum()
        amount = ledger.invoices.set_index("item_id")["amount"]
        left = (amount - settled.reindex(amount.index, fill_value=0.0)).round(2)
        assert (left * amount >= 0).all()
        assert (left.abs() <= amount.abs()).all()


# ---------------------------------------------------------------- real files


def plain_rows(path, encoding, separator):
    """Lines of a FEC with the csv module: (line, fields)."""
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=separator, quoting=csv.QUOTE_NONE)
        headings = [heading.strip() for heading in next(reader)]
        for number, row in enumerate(reader, start=2):
            yield number, {heading: value.strip() for heading, value in zip(headings, row)}


def signed(row):
    return Decimal(row["Debit"].replace(",", ".") or "0") - Decimal(row["Credit"].replace(",", ".") or "0")


REAL = [("111111111FEC20220831.txt", "utf-8-sig", "\t", Decimal("52517.24")),
        ("222222222FEC20230731.TXT", "cp850", "|", Decimal("14416.52"))]  # fmt: skip


@pytest.mark.parametrize(("name", "encoding", "separator", "closing"), REAL)
def test_real_files_against_plain_python(real_data, name, encoding, separator, closing):
    path = real_data / "fec" / name
    rows = [row for _, row in plain_rows(path, encoding, separator)]
    fec = read_fec(path)
    assert len(fec.entries) == len(rows)
    assert fec.entries["label"].fillna("").to_list() == [row["EcritureLib"] for row in rows]
    assert not fec.report.of_level("fatal", "error")
    ledger = fec.ledger()
    check_invariants(ledger, fec)
    customers = [row for row in rows if row["CompteNum"].startswith(("411", "416"))]
    assert sum(map(signed, customers)) == closing
    months = sorted({row["EcritureDate"][:6] for row in rows})
    for month in (*months[::3], months[-1]):
        expected = defaultdict(Decimal)
        for row in customers:
            if row["EcritureDate"][:6] <= month:
                expected[row["CompAuxNum"]] += signed(row)
        last = pd.Timestamp(f"{month}01") + pd.offsets.MonthEnd(0)
        assert open_at(ledger, last) == int(sum(expected.values()) * 100)
        assert open_at(ledger, last, "customer_id") == {k: int(v * 100) for k, v in expected.items() if v}
    fec2 = write_then_read(fec, path)
    pd.testing.assert_frame_equal(fec2.entries, fec.entries)


def write_then_read(fec, path):
    with tempfile.TemporaryDirectory() as own:
        return read_fec(write_fec(fec, f"{own}/{path.name}"))


def test_real_openings_and_unbalanced_groups(real_data):
    path = real_data / "fec" / REAL[0][0]
    groups, openings = defaultdict(Decimal), Decimal(0)
    for _, row in plain_rows(path, "utf-8-sig", "\t"):
        if row["CompteNum"].startswith("41"):
            if row["EcritureLet"]:
                groups[row["CompAuxNum"], row["EcritureLet"]] += signed(row)
            if row["JournalCode"] == "ANO":
                openings += signed(row)
    fec = read_fec(path)
    found = {
        (d.details["customer"], d.value): d.details["gap"] for d in fec.report.defects if d.code == "fec_lettering"
    }
    expected = {key: float(gap) for key, gap in groups.items() if gap}
    assert found == expected
    assert (len(groups), len(expected)) == (134, 15)
    ledger = fec.ledger()
    items = ledger.invoices[ledger.invoices["kind"] == "opening"]
    assert openings == Decimal("59146.90")
    assert (len(items), round(items["amount"].sum(), 2)) == (7, 59146.90)
    assert items[["issue_date", "due_date"]].isna().all(axis=None)
    assert open_at(ledger, fec.start) >= 0
    # Six customers' excess lettered credits are exactly their opening balances; C00003's 94.95 stays open.
    left = {row.customer_id: left_on(ledger, row.item_id) for row in items.itertuples()}
    assert {customer for customer, amount in left.items() if amount} == {"C00003"}
    assert left["C00003"] == 94.95
    assert not ledger.dated_allocation


def test_lines_of_a_piped_real_file(real_data):
    fec = read_fec(real_data / "fec" / REAL[1][0])
    assert (fec.start, fec.end, fec.siren) == (date(2023, 1, 1), date(2023, 7, 31), "222222222")
    assert [d.value for d in fec.report.defects if d.code == "fec_encoding"] == ["cp850"]
    ledger = fec.ledger()
    assert ledger.dated_allocation
    assert (ledger.invoices["kind"] == "opening").sum() == 14


def test_amounts_are_the_nearest_floats_to_their_cents(real_data):
    entries = read_fec(real_data / "fec" / "111111111FEC20220831.txt").entries
    for side in ("debit", "credit"):
        assert [value for value in entries[side] if value != float(f"{value:.2f}")] == []
