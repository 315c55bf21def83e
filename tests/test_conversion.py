"""A ledger converted to a folder: the same figures, the same report, whole or not there."""

import csv
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

import pandas as pd
import polars as pl
import pyarrow.parquet
import pytest
from ledgers import to_pandas
from polars.testing import assert_frame_equal
from refusals import codes, unused_sentences

import cmtools as cm
from cmtools import cli, conversion, files
from cmtools.conversion import convert, read_header, write_ledger
from cmtools.fec_ledger import _parts_of, draft_ledger
from cmtools.schemas import CUSTOMERS, INVOICES, SETTLEMENTS, Ledger

DAY = datetime(2026, 6, 30)
THIS, BEFORE = "904172638FEC20260630.txt", "904172638FEC20250630.txt"
ROWS = "Facture;N° client;Client;Date facture;Échéance;Montant TTC\n"
TYPES = {"date": "timestamp[us]", "money": "double", "number": "double", "flag": "bool"}


@pytest.fixture(scope="module")
def books(root, tmp_path_factory):
    """The sample company from its two FECs, and its folder."""
    folder = tmp_path_factory.mktemp("fec") / "ledger"
    ledger = cm.read_fec(root / "data" / THIS).ledger(cm.read_fec(root / "data" / BEFORE))
    return ledger, convert(root / "data" / THIS, folder, previous=root / "data" / BEFORE)


@pytest.fixture(scope="module")
def listed(root, tmp_path_factory):
    """The sample company from its three lists, and its folder."""
    names = [root / "data" / name for name in ("factures.csv", "reglements.csv", "clients.csv")]
    folder = convert(names[0], tmp_path_factory.mktemp("csv") / "ledger", settlements=names[1], customers=names[2])
    return cm.read_ledger(*names), folder


def tables(folder):
    return {name: pl.read_parquet(folder / f"{name}.parquet") for name in ("invoices", "settlements", "customers")}


def in_pandas(folder):
    """The folder read by plain Polars."""
    told, report = read_header(folder)
    return Ledger(**{name: frame.to_pandas() for name, frame in tables(folder).items()}, **told, report=report)


def figures(ledger, day=DAY):
    """The ageing of each customer and the DSO of each month, in cents and in days."""
    aged = to_pandas(cm.aged_balance(cm.open_items(ledger, day), day)).set_index("customer_id").sort_index()
    months = cm.dso_by_month(ledger, day, months=6)
    return (aged.select_dtypes("number") * 100).round().astype("int64"), months


def assert_same_figures(one, other, day=DAY):
    for left, right in zip(figures(one, day), figures(other, day), strict=True):
        pd.testing.assert_frame_equal(left, right)


# ---------------------------------------------------------------- the same ledger


@pytest.mark.parametrize("source", ["books", "listed"])
def test_figures_on_the_folder_are_those_on_the_file(source, request):
    ledger, folder = request.getfixturevalue(source)
    assert_same_figures(ledger, in_pandas(folder))
    assert_same_figures(ledger, cm.scan_ledger(folder))
    assert_same_figures(ledger, cm.scan_ledger(folder, engine="polars"))


def test_what_is_owed_is_the_balance_of_the_entries(root, books):
    """Debits less credits of accounts 411 and 416 of the year, opening included, by the csv module."""
    with (root / "data" / THIS).open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["CompteNum"][:3] in ("411", "416")]
    owed = sum(Decimal((row[side] or "0").replace(",", ".")) * sign for row in rows for side, sign in
               (("Debit", 1), ("Credit", -1)))  # fmt: skip
    found = tables(books[1])
    left = found["invoices"]["book_amount"].sum() - found["settlements"]["book_amount"].sum()
    assert round(left * 100) == owed * 100


@pytest.mark.parametrize("name", ["111111111FEC20220831.txt", "222222222FEC20230731.TXT"])
def test_a_real_fec(name, real_data, tmp_path):
    ledger = cm.read_fec(real_data / "fec" / name).ledger()
    day = datetime.strptime(name[12:20], "%Y%m%d")
    folder = convert(real_data / "fec" / name, tmp_path / "ledger")
    assert_same_figures(ledger, in_pandas(folder), day)
    assert_same_figures(ledger, cm.scan_ledger(folder), day)


@pytest.mark.parametrize("source", ["books", "listed"])
def test_each_row_is_there_with_the_types_that_schemas_promise(source, request):
    ledger, folder = request.getfixturevalue(source)
    keys = {"invoices": ["item_id"], "settlements": ["settlement_id"], "customers": ["customer_id"]}
    for name, schema in (("invoices", INVOICES), ("settlements", SETTLEMENTS), ("customers", CUSTOMERS)):
        file = pyarrow.parquet.ParquetFile(folder / f"{name}.parquet")
        found = {field.name: str(field.type).removeprefix("large_") for field in file.schema_arrow}
        assert found == {column.name: TYPES.get(column.kind, "string") for column in schema}
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"
        kept = file.read().to_pandas().sort_values(keys[name], ignore_index=True)
        expected = getattr(ledger, name).sort_values(keys[name], ignore_index=True)
        pd.testing.assert_frame_equal(kept, expected, check_dtype=False)


def test_rows_stand_by_customer_then_date(books):
    found = tables(books[1])
    for name, when in (("invoices", "booking_date"), ("settlements", "payment_date")):
        keys = found[name].select("customer_id", when).rows()
        assert keys == sorted(keys)


def test_movements_of_the_accounts_are_kept(books, listed):
    ledger, folder = books
    kept = pl.read_parquet(folder / "accounts.parquet")
    assert kept.height == len(ledger.accounts)
    assert kept["amount"].sum() == pytest.approx(ledger.accounts["amount"].sum(), abs=0.001)
    assert not (listed[1] / "accounts.parquet").exists()


@pytest.mark.parametrize("source", ["books", "listed"])
def test_the_load_report_travels(source, request):
    ledger, folder = request.getfixturevalue(source)
    told, report = read_header(folder)
    for language in ("fr", "en"):
        assert report.text(language, 1000) == ledger.report.text(language, 1000)
    assert told == {
        "book_currency": ledger.book_currency,
        "dated_allocation": ledger.dated_allocation,
        "complete_sales": ledger.complete_sales,
        "silent": ledger.silent,
    }


def test_refused_rows_are_told_on_the_folder_too(write, tmp_path):
    rows = "F1;C1;Un;31/01/2026;02/03/2026;1 200,00\nF2;C1;Un;hier;02/03/2026;300,00\n"
    folder = convert(write(ROWS + rows), tmp_path / "ledger", tolerant=True)
    report = read_header(folder)[1]
    assert (report.rows_read, report.rows_refused, report.refused_amounts) == (2, 1, {"EUR": 300.0})
    assert tables(folder)["invoices"]["amount"].to_list() == [1200.0]


def test_terms_give_the_due_dates(root, tmp_path):
    folder = convert(root / "data" / THIS, tmp_path / "ledger", terms=45)
    sales = tables(folder)["invoices"].filter(pl.col("kind") == "invoice", ~pl.col("retention"))
    assert ((sales["due_date"] - sales["issue_date"]).dt.total_days() == 45).all()


def test_texts_are_data(write, tmp_path):
    rows = '=1+1;../x;<b>Dupont</b>;31/01/2026;02/03/2026;10,00\n\';O\'Neil;"Un;""deux""";31/01/2026;02/03/2026;5,00\n'
    found = tables(convert(write(ROWS + rows), tmp_path / "l'été -- x;y"))
    assert found["invoices"]["item_id"].to_list() == ["=1+1", "'"]
    assert found["customers"]["customer_name"].to_list() == ["<b>Dupont</b>", 'Un;"deux"']


def test_a_fec_may_be_larger_than_a_ledger_may(root, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    assert len(tables(convert(root / "data" / THIS, tmp_path / "ledger"))["invoices"])
    assert codes(convert, root / "data" / "factures.csv", tmp_path / "other") == [("ledger_too_big", "")]


@pytest.mark.parametrize("rows", [1, 50, 700])
def test_customers_by_parts_are_those_of_the_whole(rows, root, books):
    """Every row of the two tables, and every note, however few customers are matched at a time."""
    fec, before = cm.read_fec(root / "data" / THIS), cm.read_fec(root / "data" / BEFORE)
    draft = draft_ledger(fec, before)
    parts = list(draft.parts(rows))
    assert len(parts) > 2 if rows < 700 else len(parts) > 1
    for place, (name, key) in enumerate((("invoices", "item_id"), ("settlements", "settlement_id"))):
        table = pd.concat([part[place] for part in parts]).sort_values(key, ignore_index=True)
        pd.testing.assert_frame_equal(table, getattr(books[0], name).sort_values(key, ignore_index=True))
        numbers = [part[place]["customer_id"] for part in parts if len(part[place])]
        assert all(one.max() < next_one.min() for one, next_one in pairwise(numbers))
    assert draft.report.text("en", 1000) == books[0].report.text("en", 1000)


def test_customers_whose_claims_one_entry_moves_stay_together():
    """C1 and C9 are moved to 416 by one entry, which names only one of them; C5 stands between them."""
    lines = pd.DataFrame({
        "customer_id": ["C1", "C5", "C9", "C9", "C9x"], "account": ["411", "411", "411", "416", "411"], "period": 1,
        "unit": [7, 8, 7, 7, 9], "kind": ["to_doubtful", "invoice", "to_doubtful", "doubtful", "invoice"],
        "cents": [-5, 3, -5, 10, 4],
    })  # fmt: skip
    assert _parts_of(lines, 1).tolist() == [0, 0, 0, 0, 1]
    assert _parts_of(lines[lines["account"] == "411"], 1).tolist() == [0, 1, 2, 3]


# ---------------------------------------------------------------- the folder


@pytest.fixture
def ledger_file(write):
    return write(ROWS + "F1;C1;Un;31/01/2026;02/03/2026;1 200,00\n")


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def test_an_earlier_conversion_is_replaced(ledger_file, root, tmp_path):
    folder = tmp_path / "out" / "ledger"
    folder.parent.mkdir()
    convert(root / "data" / THIS, folder)
    assert "accounts.parquet" in names(folder)
    assert convert(ledger_file, folder) == folder
    assert names(folder) == ["customers.parquet", "invoices.parquet", "ledger.json", "settlements.parquet"]
    assert tables(folder)["invoices"]["item_id"].to_list() == ["F1"]
    assert names(folder.parent) == ["ledger"]


def test_an_empty_folder_is_filled(ledger_file, tmp_path):
    (tmp_path / "ledger").mkdir()
    assert "ledger.json" in names(convert(ledger_file, tmp_path / "ledger"))


@pytest.mark.parametrize("name", ["notes.txt", "ledger.json"])
def test_another_folder_is_never_touched(name, ledger_file, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / name).write_text("{}", encoding="utf-8")
    assert codes(convert, ledger_file, folder) == [("convert_not_ours", "")]
    assert names(folder) == [name]


def test_a_file_of_somebody_else_in_a_converted_folder_is_kept(ledger_file, tmp_path):
    folder = convert(ledger_file, tmp_path / "ledger")
    (folder / "notes.txt").write_text("x", encoding="utf-8")
    assert codes(convert, ledger_file, folder) == [("convert_not_ours", "")]
    assert "notes.txt" in names(folder)


def test_a_place_that_is_no_folder(ledger_file, tmp_path):
    assert codes(convert, ledger_file, ledger_file) == [("convert_not_a_folder", "")]
    assert codes(convert, ledger_file, tmp_path / "no" / "where") == [("missing_folder", "")]
    (tmp_path / "link").symlink_to(tmp_path)
    assert codes(convert, ledger_file, tmp_path / "link") == [("convert_not_a_folder", "")]


def test_nothing_is_left_of_a_source_that_is_refused(write, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    bad = write(ROWS + "F1;C1;Un;hier;28/03/2026;x\n")
    assert {code for code, _ in codes(convert, bad, out / "ledger")} == {"bad_amount", "bad_date"}
    assert codes(convert, tmp_path / "none.csv", out / "ledger") == [("missing_file", "")]
    assert names(out) == []


def test_nothing_is_left_of_a_folder_that_cannot_be_written(ledger_file, books, tmp_path, monkeypatch):
    folder = convert(ledger_file, tmp_path / "ledger")
    before = (folder / "ledger.json").read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pyarrow.parquet.ParquetWriter, "write_table", full)
    assert codes(write_ledger, books[0], folder) == [("convert_unwritable", "")]
    assert codes(write_ledger, books[0], tmp_path / "other") == [("convert_unwritable", "")]
    assert names(tmp_path) == ["file.csv", "ledger"]
    assert (folder / "ledger.json").read_bytes() == before


def test_options_that_do_not_go_together(root, ledger_file, tmp_path):
    fec, out = root / "data" / THIS, tmp_path / "ledger"
    beside = {"settlements": ledger_file, "customers": ledger_file, "columns": ledger_file}
    assert codes(convert, fec, out, **beside) == [("not_with_fec", "")] * 3
    assert codes(convert, ledger_file, out, previous=fec) == [("convert_previous_alone", "")]
    assert codes(convert, fec, out, previous=fec) == [("fec_overlap", "")]
    assert not out.exists()


def test_a_folder_that_is_no_ledger_has_no_header(tmp_path):
    assert codes(read_header, tmp_path) == [("scan_no_description", "")]
    (tmp_path / "ledger.json").write_bytes(b"\xff")
    assert codes(read_header, tmp_path) == [("scan_bad_description", "")]


# ---------------------------------------------------------------- opened by an engine


def test_an_engine_writes_the_same_folder(root, listed, tmp_path, monkeypatch):
    """Of files larger than may be read into memory."""
    monkeypatch.setattr(files, "MAX_BYTES", 100_000)
    names = [root / "data" / name for name in ("factures.csv", "reglements.csv", "clients.csv")]
    beside = {"settlements": names[1], "customers": names[2]}
    assert codes(convert, names[0], tmp_path / "read", **beside)[0] == ("ledger_too_big", "")
    monkeypatch.setattr(conversion, "_ROWS", 2_048)  # several groups of rows, still in one order
    folder = convert(names[0], tmp_path / "opened", **beside, engine="duckdb")
    read, opened = tables(listed[1]), tables(folder)
    for name, frame in read.items():
        assert opened[name].schema == frame.schema
        assert_frame_equal(opened[name], frame)
    assert pyarrow.parquet.ParquetFile(folder / "invoices.parquet").metadata.num_row_groups > 1
    assert read_header(folder)[0] == read_header(listed[1])[0]
    assert_same_figures(cm.scan_ledger(folder), listed[0])


def test_an_engine_refuses_what_a_reader_refuses(write, tmp_path):
    bad = write(ROWS + "F1;C1;Un;31/01/2026;31/02/2026;1,00\n;C1;Un;31/01/2026;;2,00\n")
    found = {code for code, _ in codes(convert, bad, tmp_path / "out", engine="duckdb")}
    assert found == {"bad_date", "ledger_blank_item"}
    assert not (tmp_path / "out").exists()


def test_what_does_not_go_with_an_engine(ledger_file, root, tmp_path):
    assert codes(convert, root / "data" / THIS, tmp_path / "out", engine="duckdb") == [("convert_fec_alone", "")]
    given = {"previous": ledger_file, "terms": 0, "tolerant": True}
    said = codes(convert, ledger_file, tmp_path / "out", engine="duckdb", **given)
    assert said == [("convert_not_with_engine", "")] * 3
    assert codes(convert, root / "data" / "grand_livre.xlsx", tmp_path / "out", engine="duckdb") == [
        ("scan_not_scannable", "")
    ]
    with pytest.raises(ValueError, match="engine"):
        convert(ledger_file, tmp_path / "out", engine="spark")


def test_module_and_function_do_not_share_a_name():
    """`cm.convert` stays a function, whatever was imported before."""
    assert cm.convert is convert


# ---------------------------------------------------------------- the command


def test_command(root, tmp_path, capsys):
    out = tmp_path / "ledger"
    given = ["convert", str(root / "data" / THIS), "--previous-fec", str(root / "data" / BEFORE), "--terms", "45"]
    assert cli.main([*given, "--output", str(out), "--language", "en"]) == 0
    said = capsys.readouterr().out
    assert all(words in said for words in ("Ledger converted:", str(out), "rows read: 15,732"))
    assert len(tables(out)["invoices"])


def test_command_refuses_in_the_language_asked(root, ledger_file, capsys):
    given = ["convert", str(root / "data" / THIS), "--output", str(ledger_file), "--language", "fr"]
    assert cli.main(given) == 2
    assert "n'est pas un dossier" in capsys.readouterr().err


def test_every_sentence_is_used():
    told = (
        "cli_convert",
        "cli_convert_engine",
        "cli_converted",
        "cli_convert_file",
        "cli_convert_output",
        "cli_previous_fec",
    )
    assert sorted(unused_sentences("conversion")) == sorted(told)
