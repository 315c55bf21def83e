"""Ledgers opened where they are: the figures of a ledger read whole, and hostile files refused with their place."""

import dataclasses
import inspect
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest
import test_engines as engines
from ledgers import make_ledger, to_pandas, write_folder

import cmtools as cm
from cmtools.columns import Listing
from cmtools.frames import in_pandas
from cmtools.scan_sources import spark_path

LAZY = ("duckdb", "polars")
KINDS = {"duckdb": duckdb.DuckDBPyRelation, "polars": pl.LazyFrame}
KEYS = {
    "invoices": ["item_id"],
    "settlements": ["settlement_id", "item_id", "payment_date", "amount"],
    "customers": ["customer_id"],
}
DATA = Path(__file__).resolve().parents[1] / "data"
SAMPLE = [DATA / f"{name}.csv" for name in ("factures", "reglements", "clients")]
DAY = "2026-06-30"
HEAD = "Facture;N° client;Date facture;Échéance;Montant TTC;Nature;Devise;Montant TTC EUR"
PAID = "N° règlement;Pièce;N° client;Montant;Date règlement;Date lettrage"

on_lazy = pytest.mark.parametrize("engine", LAZY)


def refused(*arguments, **options):
    """Defects of a ledger that cannot be scanned: code, line and value."""
    with pytest.raises(cm.InputError) as caught:
        cm.scan_ledger(*arguments, **options)
    assert all(defect.text("fr") and defect.text("en") for defect in caught.value.defects)
    return [(defect.code, defect.line, defect.value) for defect in caught.value.defects]


def same(ledger, expected):
    for table, keys in KEYS.items():
        found = in_pandas(getattr(ledger, table)).sort_values(keys, ignore_index=True)
        wanted = getattr(expected, table).sort_values(keys, ignore_index=True)
        pd.testing.assert_frame_equal(found, wanted, check_dtype=False)


@pytest.fixture
def write(tmp_path):
    def written(name, *lines, encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return path

    return written


@pytest.fixture
def folder(tmp_path):
    """A small converted ledger, changed by hand before it is scanned."""
    invoices = [
        {"item_id": "F1", "issue_date": "2026-01-10", "due_date": "2026-02-09", "amount": 1200.0},
        {"item_id": "F2", "issue_date": "2026-01-20", "due_date": "2026-02-19", "amount": 300.0},
    ]
    paid = [{"settlement_id": "S1", "item_id": "F1", "payment_date": "2026-02-20", "amount": 500.0}]
    return write_folder(make_ledger(invoices, paid), tmp_path / "ledger")


def change(folder, table, **columns):
    path = folder / f"{table}.parquet"
    pl.read_parquet(path).with_columns(**columns).write_parquet(path)


# ---- the figures of a ledger read whole


@cache
def sample_folder(root):
    return write_folder(engines.sample(), Path(root))


@cache
def scanned_kinds(engine, root, known, begins):
    """The ledger of test_engines.py, from a converted folder."""
    place = Path(root) / f"{known} {begins}"
    if not place.exists():
        write_folder(engines.every_kind("pandas", known, begins), place)
    return cm.scan_ledger(place, engine=engine)


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    return str(tmp_path_factory.mktemp("folders"))


@pytest.mark.slow
@on_lazy
@pytest.mark.parametrize(("name", "position"), engines.CASES)
def test_every_calculation_takes_a_scanned_ledger(engine, name, position, root):
    function, options = engines.calculations()[name], dict(engines.CALLS[name][position])
    asked = inspect.signature(function).parameters
    known = "currency" not in options or name == "in_book_currency"
    ledger = scanned_kinds(engine, root, known, options.pop("begins", "2025-01-01"))
    given = {"as_of": engines.AT} if "as_of" in asked else {}
    if "ledger" in asked:
        given["ledger"] = ledger
    if "items" in asked:
        books = "ledger" in asked and asked["ledger"].default is inspect.Parameter.empty
        known_ledger = scanned_kinds(engine, root, known, "2025-01-01")
        given["items"] = (cm.report_items if books else cm.open_items)(known_ledger, engines.AT)
    found, expected = function(**given | options), engines.reference(name, position)
    shown = found.collect() if isinstance(found, pl.LazyFrame) else found
    assert engines.plain(shown) == engines.plain(expected)
    assert type(found) is (KINDS[engine] if name in engines.PER_ITEM else type(expected))


@on_lazy
def test_csv_of_the_sample_is_what_read_ledger_reads(engine):
    ledger = cm.scan_ledger(*SAMPLE, engine=engine)
    same(ledger, engines.sample())
    for told in ("book_currency", "dated_allocation", "complete_sales", "silent"):
        assert getattr(ledger, told) == getattr(engines.sample(), told)
    assert isinstance(ledger.invoices, KINDS[engine])


@on_lazy
@pytest.mark.parametrize("check", [True, False])
def test_folder_of_the_sample(engine, check, tmp_path):
    """1 464 352.61: accounts 411 and 416 in the sample's books on 30 June 2026 (data/README.md)."""
    ledger = cm.scan_ledger(sample_folder(str(tmp_path)), engine=engine, check=check)
    same(ledger, engines.sample())
    aged = to_pandas(cm.aged_balance(cm.report_items(ledger, DAY), DAY))
    assert round(aged["total"].sum(), 2) == 1464352.61
    assert cm.dso(ledger, DAY).receivables == 1464352.61
    unchecked = [defect.code for defect in ledger.report.defects if defect.code == "scan_unchecked"]
    assert unchecked == ([] if check else ["scan_unchecked"])


@on_lazy
def test_a_table_in_parts_is_one_table(engine, folder):
    whole = pl.read_parquet(folder / "invoices.parquet")
    (folder / "invoices.parquet").unlink()
    (folder / "invoices").mkdir()
    for place in range(2):
        whole[place : place + 1].write_parquet(folder / "invoices" / f"part-{place}.parquet")
    ledger = cm.scan_ledger(folder, engine=engine)
    assert sorted(in_pandas(ledger.invoices)["item_id"]) == ["F1", "F2"]


@on_lazy
def test_optional_columns_may_be_absent(engine, folder):
    path = folder / "invoices.parquet"
    pl.read_parquet(path).drop("delivery_date", "goods", "vat_rate", "document").write_parquet(path)
    table = in_pandas(cm.scan_ledger(folder, engine=engine).invoices)
    assert table[["delivery_date", "goods", "vat_rate", "document"]].isna().all(axis=None)
    assert table["delivery_date"].dtype.kind == "M"


@on_lazy
def test_files_in_parquet(engine, folder):
    """Days may be dates, amounts may be decimals; customers that no file lists come from the items."""
    change(
        folder, "invoices", due_date=pl.col("due_date").cast(pl.Date), amount=pl.col("amount").cast(pl.Decimal(12, 2))
    )
    paths = folder / "invoi*.parquet", folder / "settlements.parquet"
    ledger = cm.scan_ledger(*paths, engine=engine)
    items = to_pandas(cm.open_items(ledger, "2026-03-31"))
    assert items[["item_id", "open_amount", "days_late"]].to_numpy().tolist() == [["F1", 700.0, 50], ["F2", 300.0, 40]]
    assert to_pandas(ledger.customers)["customer_name"].tolist() == ["C1"]


@on_lazy
def test_readings_of_a_csv(engine, write):
    """Amounts and dates of several forms; expected values written out by hand."""
    invoices = write(
        "invoices.csv",
        HEAD,
        '0001;007;3/2/2026;05/03/2026;"1 234,50";Facture;EUR;',
        "0002;007;2026-02-28;29/02/2028;-1.234,5;Avoir;€;",
        "",
        ";;;;;;;",
        "0003;C2;31/01/2026 00:00;20260302;12;Facture;USD;10,91",
        "0004;C2;01/02/2026;;,5;truc;EUR;".replace(",5", "0,5"),
    )
    settlements = write(
        "settlements.csv",
        PAID,
        "S1;0001;;1000,00;01/03/2026;15/02/2026",
        "S2;0003;C2;2,00;30/01/2026;",
        "S3;;C9;5,00;13/02/2026;",
    )
    ledger = cm.scan_ledger(invoices, settlements, engine=engine)
    table = in_pandas(ledger.invoices).set_index("item_id").sort_index()
    assert table["amount"].tolist() == [1234.5, -1234.5, 12.0, 0.5]
    assert table["book_amount"].tolist() == [1234.5, -1234.5, 10.91, 0.5]
    assert table["kind"].tolist() == ["invoice", "credit_note", "invoice", "other"]
    assert table["currency"].tolist() == ["EUR", "EUR", "USD", "EUR"]
    days = ["2026-02-03", "2026-02-28", "2026-01-31", "2026-02-01"]
    assert table["issue_date"].dt.strftime("%Y-%m-%d").tolist() == days
    assert table["booking_date"].equals(table["issue_date"])
    assert table["due_date"].dt.strftime("%Y-%m-%d").tolist()[:3] == ["2026-03-05", "2028-02-29", "2026-03-02"]
    paid = in_pandas(ledger.settlements).set_index("settlement_id").sort_index()
    assert paid["customer_id"].tolist() == ["007", "C2", "C9"]
    assert paid["currency"].tolist() == ["EUR", "USD", "EUR"]
    assert paid["allocation_date"].dt.strftime("%Y-%m-%d").tolist()[:2] == ["2026-03-01", "2026-01-31"]
    assert pd.isna(paid.loc["S3", "allocation_date"])
    assert paid["match"].tolist()[:2] == ["given", "given"]
    assert pd.isna(paid.loc["S2", "book_amount"])
    assert sorted(in_pandas(ledger.customers)["customer_id"]) == ["007", "C2", "C9"]
    codes = {defect.code: (defect.line, defect.value) for defect in ledger.report.defects}
    assert codes["ledger_unknown_kind"] == (None, "truc")
    assert codes["scan_due_unknown"] == (7, "")
    assert codes["ledger_allocation_early"] == (2, "15/02/2026")
    assert ledger.silent == ("disputed", "retention", "doubtful")


@on_lazy
def test_read_ledger_reads_such_a_csv_alike(engine, write):
    invoices = write(
        "invoices.csv",
        HEAD,
        "1;C1;05/13/2026;06/13/2026;1,234.50;Facture;EUR;",
        "2;C1;05/02/2026;06/30/2026;10.00;Avoir;EUR;",
        "3;C1;05/02/2026;06/30/2026;7;Avoir;EUR;",
    )
    settlements = write("settlements.csv", PAID, "S1;1;C1;12.50;12/31/2026;", "S2;2;C1;-3;01/13/2027;")
    expected = cm.read_ledger(invoices, settlements)
    assert expected.invoices["amount"].tolist() == [1234.5, -10.0, -7.0]
    same(cm.scan_ledger(invoices, settlements, engine=engine), expected)


@on_lazy
def test_invoices_alone_are_open_items(engine, write):
    ledger = cm.scan_ledger(write("items.csv", HEAD, "1;C1;31/01/2026;28/02/2026;10,00;Facture;EUR;"), engine=engine)
    assert not ledger.complete_sales
    assert to_pandas(cm.open_items(ledger, "2026-03-31"))["open_amount"].tolist() == [10.0]
    assert "ledger_open_items_only" in [defect.code for defect in ledger.report.defects]


def test_names_of_files_are_data(tmp_path, write):
    """A name that DuckDB would take for a pattern, or for the end of a text, is a name."""
    row = "{};C1;31/01/2026;28/02/2026;10,00;Facture;EUR;"
    folder = tmp_path / "a[1]'; DROP"
    folder.mkdir()
    for name, item in (("x[1]*?'.csv", "1"), ("x1aa'.csv", "2")):
        (folder / name).write_text(f"{HEAD}\n{row.format(item)}\n", encoding="utf-8")
    for engine in LAZY:
        ledger = cm.scan_ledger(folder / "x[1]*?'.csv", engine=engine)
        assert in_pandas(ledger.invoices)["item_id"].tolist() == ["1"]


def test_values_are_data(write):
    hostile = "'); DROP TABLE invoices; --"
    path = write("items.csv", HEAD, f'"{hostile}";"=1+1";31/01/2026;28/02/2026;10,00;Facture;EUR;')
    table = in_pandas(cm.scan_ledger(path).invoices)
    assert table[["item_id", "customer_id"]].to_numpy().tolist() == [[hostile, "=1+1"]]


def test_our_connection_reads_the_folder_of_the_ledger_alone(tmp_path, folder):
    other = tmp_path / "other.parquet"
    pl.DataFrame({"a": [1]}).write_parquet(other)
    ledger = cm.scan_ledger(folder)
    with pytest.raises(duckdb.PermissionException):
        ledger.invoices.query("invoices", f"SELECT * FROM read_parquet('{other}')").fetchall()


def test_connection_of_the_caller(folder):
    connection = duckdb.connect()
    ledger = cm.scan_ledger(folder, connection=connection)
    mine = connection.sql("SELECT 1 AS one")
    assert ledger.invoices.set_alias("a").join(mine.set_alias("b"), "1 = 1").shape == (2, 24)


def test_only_the_engine_asked_for_is_loaded(folder):
    code = (
        f"import sys, cmtools as cm; cm.scan_ledger({str(folder)!r}, engine='polars'); "
        "print([name for name in ('duckdb', 'pyspark') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_engine_that_is_not_installed(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert refused(folder) == [("scan_engine_missing", None, "duckdb")]
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    assert refused(folder, engine="pyspark") == [("scan_engine_missing", None, "pyspark")]


# ---- what is refused


def test_arguments(folder, tmp_path):
    assert refused(folder, engine="excel")[0][0] == "bad_choice"
    assert refused(tmp_path / "none*.csv")[0][0] == "missing_file"
    assert refused(tmp_path)[0][0] == "scan_no_description"
    assert refused(folder, folder / "settlements.parquet")[0][0] == "scan_folder_alone"
    assert refused(folder / "invoices.parquet", check=False)[0][0] == "scan_check_needed"
    assert refused(folder, memory="3GB'; --")[0][0] == "ledger_bad_argument"
    assert refused("https://example.com/a.parquet")[0][0] == "missing_file"
    assert refused(folder, engine="pyspark")[0][0] == "scan_session_needed"


def test_spark_leaves_out_some_names():
    with pytest.raises(cm.InputError):
        spark_path("/data/_invoices.parquet")
    assert spark_path("/data/a[1].parquet") == r"file:///data/a\[1\].parquet"


@pytest.mark.parametrize(
    "told",
    [
        "",
        "[]",
        "[" * 100000,
        '{"format": "other", "version": 1}',
        '{"format": "cmtools-ledger", "version": 2}',
        '{"format": "cmtools-ledger", "version": 1}',
    ],
)
def test_description_that_is_none(folder, told):
    (folder / "ledger.json").write_text(told, encoding="utf-8")
    assert [code for code, *_ in refused(folder)] == ["scan_bad_description"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("book_currency", "euro"),
        ("silent", ["all"]),
        ("complete_sales", "no"),
        ("report", {"defects": [{"code": "no such sentence"}]}),
        ("report", []),
    ],
)
def test_description_with_a_wrong_value(folder, name, value):
    path = folder / "ledger.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {name: value}), encoding="utf-8")
    assert [code for code, *_ in refused(folder)] == ["scan_bad_description"]


def test_report_of_a_folder_is_that_of_its_conversion(folder):
    ledger = make_ledger([{"item_id": "F1", "issue_date": "2026-01-10", "amount": 1.0}])
    ledger.report.add("ledger_unknown_headings", "note", file="a.csv", found=Listing(("b", "c")))
    ledger.report.refused_amounts["EUR"] = 12.5
    found = cm.scan_ledger(write_folder(ledger, folder)).report
    assert dataclasses.asdict(found) == dataclasses.asdict(ledger.report)


def test_table_that_is_missing(folder):
    (folder / "settlements.parquet").unlink()
    assert [code for code, *_ in refused(folder)] == ["missing_file"]


@on_lazy
def test_missing_columns_and_wrong_types_are_told_at_once(engine, folder):
    change(folder, "invoices", amount=pl.lit("12,00"), due_date=pl.lit(1))
    path = folder / "settlements.parquet"
    pl.read_parquet(path).drop("kind", "currency").write_parquet(path)
    assert refused(folder, engine=engine) == [
        ("scan_wrong_type", None, "Int32"),
        ("scan_wrong_type", None, "String"),
        ("missing_columns", None, ""),
    ]


@on_lazy
def test_parts_must_be_alike(engine, tmp_path, folder):
    other = pl.read_parquet(folder / "invoices.parquet").with_columns(amount=pl.col("amount").cast(pl.Float32))
    other.write_parquet(folder / "invoices2.parquet")
    found = refused(folder / "invoices*.parquet", engine=engine)
    assert [code for code, *_ in found] == ["scan_files_differ"]


@on_lazy
def test_damaged_parquet(engine, folder):
    path = folder / "invoices.parquet"
    path.write_bytes(path.read_bytes()[:-200])
    assert [code for code, *_ in refused(folder, engine=engine)] == ["ledger_unreadable"]


@on_lazy
def test_pages_that_are_damaged(engine, folder):
    path = folder / "invoices.parquet"
    data = bytearray(path.read_bytes())
    data[4:400] = b"\xff" * 396
    path.write_bytes(data)
    assert "ledger_unreadable" in [code for code, *_ in refused(folder, engine=engine)]


F2 = pl.col("item_id") == "F2"


@on_lazy
@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("item_id", None, ("scan_blank", 2, "")),
        ("customer_id", "  ", ("scan_blank", 2, "  ")),
        ("item_id", "F1", ("scan_duplicate", 2, "F1")),
        ("kind", "Facture", ("scan_bad_word", 2, "Facture")),
        ("currency", "euro", ("ledger_bad_currency", 2, "euro")),
        ("amount", float("nan"), ("bad_amount", 2, "nan")),
        ("amount", float("inf"), ("bad_amount", 2, "inf")),
        ("amount", 2e13, ("bad_amount", 2, "20000000000000.0")),
        ("amount", None, ("scan_blank", 2, "")),
        ("amount", 300.004, ("scan_below_cent", 2, "300.004")),
        ("book_amount", 310.0, ("ledger_book_differs", 2, "310.0")),
        ("booking_date", None, ("scan_blank", 2, "")),
        ("issue_date", pd.Timestamp("1026-01-20").to_pydatetime(), ("bad_date", 2, "1026-01-20")),
        ("due_date", pd.Timestamp("2026-01-20 13:05").to_pydatetime(), ("scan_timed", 2, "2026-01-20 13:05:00")),
        ("retention", None, ("scan_blank", 2, "")),
    ],
)
def test_row_of_a_folder(engine, folder, column, value, expected):
    kind = pl.read_parquet_schema(folder / "invoices.parquet")[column]
    change(folder, "invoices", **{column: pl.when(F2).then(pl.lit(value, kind)).otherwise(column)})
    assert expected in refused(folder, engine=engine)


@on_lazy
@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("item_id", "F9", ("ledger_unknown_item", 1, "F9")),
        ("customer_id", "C2", ("ledger_customer_differs", 1, "C2")),
        ("currency", "USD", ("ledger_currency_differs", 1, "USD")),
        ("payment_date", None, ("scan_blank", 1, "")),
        ("allocation_date", None, ("scan_unallocated", 1, "")),
        ("kind", "invoice", ("scan_bad_word", 1, "invoice")),
    ],
)
def test_row_of_the_settlements(engine, folder, column, value, expected):
    kind = pl.read_parquet_schema(folder / "settlements.parquet")[column]
    change(folder, "settlements", **{column: pl.lit(value, kind)})
    assert expected in refused(folder, engine=engine)


def test_customer_described_twice(folder):
    path = folder / "customers.parquet"
    found = pl.read_parquet(path)
    pl.concat([found, found.with_columns(customer_name=pl.lit("other"))]).write_parquet(path)
    assert refused(folder) == [("ledger_customer_twice", 2, "C1")]


@on_lazy
def test_rows_of_a_csv_are_told_with_their_line(engine, write):
    invoices = write(
        "invoices.csv",
        HEAD,
        "1;C1;31/01/2026;28/02/2026;10,00;Facture;EUR;",
        "2;C1;31/02/2026;28/02/2026;12,a0;Facture;EUR;",
        "",
        "3;;30/01/2026;29/02/2026;10,00;Facture;EURO1;",
        "1;C1;;28/02/2026;;Facture;EUR;",
        *(f"{number};C1;29/02/2026;;1,00;Facture;EUR;" for number in range(10, 20)),
    )
    settlements = write("settlements.csv", PAID, "S1;99;C1;5,00;30/01/2026;", "S2;1;C2;5,00;30/01/2026;")
    found = refused(invoices, settlements, engine=engine)
    assert ("bad_date", 3, "31/02/2026") in found
    assert ("bad_amount", 3, "12,a0") in found
    assert ("bad_date", 5, "29/02/2026") in found
    assert ("ledger_blank_customer", 5, "") in found
    assert ("ledger_bad_currency", 5, "EURO1") in found
    assert ("ledger_blank_issue_date", 6, "") in found
    assert ("ledger_blank_amount", 6, "") in found
    assert ("scan_duplicate", 6, "1") in found
    assert ("ledger_unknown_item", 2, "99") in found
    assert ("ledger_customer_differs", 3, "C2") in found
    assert len(found) == 13
    with pytest.raises(cm.InputError, match="8 autres lignes"):  # eleven dates of issue, three of them told
        cm.scan_ledger(invoices, settlements, engine=engine)


@on_lazy
@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("1;C1;31/01/2026;28/02/2026;10,00;Facture;EUR", ("ledger_wrong_width", 3, "")),
        ("1;C1;31/01/2026;28/02/2026;10,00;Facture;EUR;;", ("ledger_wrong_width", 3, "")),
        ('1;"C1;31/01/2026;28/02/2026;10,00;Facture;EUR;', ("ledger_unbalanced_quotes", 3, "")),
    ],
)
def test_lines_that_cannot_be_cut(engine, write, row, expected):
    path = write("items.csv", HEAD, "2;C1;31/01/2026;28/02/2026;10,00;Facture;EUR;", row)
    assert refused(path, engine=engine) == [expected]


@on_lazy
def test_text_that_is_not_utf8(engine, write):
    path = write("items.csv", HEAD, "1;Léa;31/01/2026;28/02/2026;10,00;Facture;EUR;", encoding="cp1252")
    assert refused(path, engine=engine) == [("scan_not_utf8", 1, "")]
    plain = HEAD.replace("N°", "No").replace("É", "E").replace("é", "e")
    path = write("items.csv", plain, "1;Léa;31/01/2026;28/02/2026;10,00;Facture;EUR;", encoding="cp1252")
    assert refused(path, engine=engine) == [("scan_not_utf8", 2, "")]


@on_lazy
def test_what_reads_two_ways_is_asked(engine, write):
    rows = [f"{day};C1;0{day}/02/2026;0{day}/03/2026;1,234;Facture;EUR;" for day in range(3, 6)]
    path = write("items.csv", HEAD, *rows)
    found = refused(path, engine=engine)
    assert [code for code, *_ in found] == ["scan_ask_date_order", "scan_ask_decimal"]
    ledger = cm.scan_ledger(path, engine=engine, date_order="month", decimal=".")
    table = in_pandas(ledger.invoices).sort_values("item_id")
    assert table["amount"].tolist() == [1234.0] * 3
    assert table["issue_date"].dt.strftime("%Y-%m-%d").tolist() == ["2026-03-02", "2026-04-02", "2026-05-02"]


@on_lazy
def test_credit_note_that_is_positive_among_negative_ones(engine, write):
    row = "{};C1;31/01/2026;28/02/2026;{};Avoir;EUR;"
    path = write("items.csv", HEAD, row.format(1, "-10,00"), row.format(2, "10,00"))
    assert refused(path, engine=engine) == [("ledger_credit_note_positive", 3, "10,00")]


@on_lazy
def test_dates_exchanged(engine, write):
    path = write("items.csv", HEAD, *(f"{n};C1;28/02/2026;31/01/2026;1,00;Facture;EUR;" for n in range(4)))
    assert [code for code, *_ in refused(path, engine=engine)] == ["ledger_dates_exchanged"]


@on_lazy
def test_a_choice_with_too_many_values(engine, write):
    path = write("items.csv", HEAD, *(f"{n};C1;31/01/2026;28/02/2026;1,00;kind {n};EUR;" for n in range(400)))
    assert [code for code, *_ in refused(path, engine=engine)] == ["scan_too_many_words"]


def test_files_for_convert(write, tmp_path):
    flat = write("flat.csv", "Facture;N° client;Date facture;Montant TTC;Montant réglé", "1;C1;31/01/2026;5,00;5,00")
    assert [code for code, *_ in refused(flat)] == ["scan_flat"]
    assert [code for code, *_ in refused(DATA / "grand_livre.xlsx")] == ["scan_not_scannable"]
    empty = write("empty.csv", "")
    assert [code for code, *_ in refused(empty)] == ["empty_file"]
    headings = write("headings.csv", HEAD)
    assert [code for code, *_ in refused(headings)] == ["ledger_no_rows"]
    nothing = write("nothing.csv", "a;b;c", "1;2;3")
    assert [code for code, *_ in refused(nothing)] == ["missing_columns"]
