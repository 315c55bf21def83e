"""Reports of a ledger that is not in memory: the same figures, in parts; what is left out is told."""

import datetime
from functools import cache
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from ledgers import make_ledger, write_folder

import cmtools as cm
from cmtools import cli, large
from cmtools.frames import in_pandas

DATA = Path(__file__).resolve().parents[1] / "data"
DAY = "2026-06-30"
on_engines = pytest.mark.parametrize("engine", ["duckdb", "polars"])


@cache
def sample():
    return cm.read_ledger(*(DATA / f"{name}.csv" for name in ("factures", "reglements", "clients")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folder(sample(), tmp_path_factory.mktemp("sample") / "ledger")


@pytest.fixture
def scanned(engine, folder):
    return large.ready(cm.scan_ledger(folder, engine=engine))


@pytest.fixture
def small_bounds(monkeypatch):
    """Ten rows to a sheet, five to a page, the customers of some 500 invoices at a time."""
    for name, value in {"MOST": 10, "PAGE": 5, "CHUNK": 500}.items():
        monkeypatch.setattr(large, name, value)
    monkeypatch.setattr(large.in_parts, "__defaults__", (500,))


def equal(found, expected, *keys):
    found, expected = (table.sort_values(list(keys), ignore_index=True) for table in (found, expected))
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, atol=0.005, rtol=0)


# ---- parts add up to the whole


@on_engines
@pytest.mark.usefixtures("small_bounds")
def test_parts_hold_each_row_once_and_no_part_of_a_customer(scanned):
    parts = list(large.in_parts(scanned, 500))
    assert len(parts) > 5
    for table in ("invoices", "settlements"):
        found = pd.concat(in_pandas(getattr(part, table)) for part in parts)
        assert len(found) == len(getattr(sample(), table))
        customers = [set(in_pandas(getattr(part, table))["customer_id"]) for part in parts]
        assert sum(map(len, customers)) == len(set.union(*customers))


@on_engines
@pytest.mark.usefixtures("small_bounds")
def test_claims_in_parts(scanned):
    found, whole = large.report_claims(scanned, DAY), cm.late_claims(sample(), DAY)
    equal(found.by_customer, cm.claims_by_customer(whole, sample(), DAY), "customer_id", "currency")
    assert found.items.attrs["left_out"] == large.LeftOut(len(whole), {})
    assert found.items["interest"].tolist() == whole["interest"].nlargest(10).tolist()
    near = whole[(whole["principal"] > 0) & (whole["days_left"] < 365)]
    assert found.soon["days_left"].tolist() == sorted(near["days_left"])[:10]
    assert cm.forms_claims.remarks(found.noted, "en") == cm.forms_claims.remarks(whole, "en")


@on_engines
@pytest.mark.usefixtures("small_bounds")
def test_terms_in_parts(scanned):
    summary, beyond = large.report_compliance(scanned, DAY)
    granted = cm.terms_compliance(sample(), DAY)
    whole = cm.compliance_summary(granted)
    equal(summary, whole, "ceiling", "status", "currency")
    assert summary["status"].tolist() == whole["status"].tolist()
    over = granted[granted["status"].isin(["over", "needs_clause"])]
    assert beyond["days_over"].tolist() == sorted(over["days_over"], reverse=True)[:10]


# ---- first rows, with the totals of all


@on_engines
@pytest.mark.usefixtures("small_bounds")
def test_first_items_with_the_totals_of_all(scanned):
    """1 464 352.61: accounts 411 and 416 in the sample's books on 30 June 2026 (data/README.md)."""
    items = large.report_rows(scanned, DAY)
    known = in_pandas(cm.report_items(sample(), DAY))
    first = large.some_items(items, scanned)
    assert first["open_amount"].round(2).tolist() == sorted(known["open_amount"].round(2), reverse=True)[:10]
    assert first.attrs["left_out"] == large.LeftOut(len(known), {"EUR": 1464352.61})
    assert first["customer_name"].notna().all()
    late = known[(known["days_late"] > 0) & (known["open_amount"] > 0)]
    oldest = large.some_items(items, scanned, "late")
    assert oldest["days_late"].tolist() == sorted(late["days_late"], reverse=True)[:10]
    assert oldest.attrs["left_out"] == large.LeftOut(len(late), {"EUR": round(late["open_amount"].sum(), 2)})
    credits_of = large.some_items(items, scanned, "credits")
    negative = known["open_amount"][known["open_amount"] < 0].round(2)
    assert credits_of["open_amount"].round(2).tolist() == sorted(negative)[:10]


@on_engines
def test_within_the_bounds_nothing_is_left_out(scanned):
    items = large.report_rows(scanned, DAY)
    known = large.some_items(large.report_rows(large.ready(sample()), DAY), sample(), "late")
    found = large.some_items(items, scanned, "late")
    assert "left_out" not in found.attrs
    equal(found, known, "item_id")
    claims = large.report_claims(scanned, DAY)
    equal(claims.items.drop(columns="customer_name"), cm.late_claims(sample(), DAY), "item_id", "customer_id")


# ---- the workbook


@on_engines
@pytest.mark.usefixtures("small_bounds")
def test_a_sheet_of_first_rows_has_no_total_and_says_so(scanned, tmp_path):
    tables = large.tables_of_report(scanned, "en")
    first = large.some_items(large.report_rows(scanned, DAY), scanned)
    shown = tables.show("items", first, columns=["document", "currency", "open_amount"], total=True)
    there = len(in_pandas(cm.report_items(sample(), DAY)))
    assert f"10 rows of {there}" in shown
    assert "Total of all: 1,464,352.61" in shown.replace("\N{NO-BREAK SPACE}", " ")
    assert shown.count("<tr>") == 6  # the heading and a page, no line of sums
    customers = pd.DataFrame({"customer_name": [f"C{n}" for n in range(12)], "overdue": [1.5] * 12})
    page = tables.show("aged", customers, total=True)
    assert "10 rows of 12" in page
    assert "18.00" in page  # 12 x 1.50
    book = openpyxl.load_workbook(tables.write(tmp_path / "report.xlsx"))
    assert [book["Open items"].max_row, book["Aged balance"].max_row] == [11, 11]
    told = list(book["Rows left out"].iter_rows(values_only=True))
    assert told == [("Sheet", "Rows kept", "Rows in all"), ("Open items", 10, there), ("Aged balance", 10, 12)]


def test_a_ledger_in_memory_keeps_its_tables():
    tables = large.tables_of_report(sample(), "en")
    assert type(tables) is cm.workbook.Tables
    assert large.report_claims(sample(), DAY).segments is not None


# ---- the report


def sheets(path):
    book = openpyxl.load_workbook(path, data_only=True, read_only=True)
    return {sheet.title: [row for row in sheet.iter_rows(values_only=True) if any(row)] for sheet in book.worksheets}


def rounded(rows):
    """Rows whose order is free, amounts to the cent."""
    return sorted(str([round(cell, 2) if isinstance(cell, float) else cell for cell in row]) for row in rows)


@pytest.mark.slow
def test_report_of_a_scanned_ledger_is_that_of_the_ledger_read(folder, tmp_path):
    """All sheets but one: the detail of interest is left out, and its reason told."""
    made = {}
    for engine in ("", "duckdb", "polars"):
        output = tmp_path / (engine or "read")
        arguments = [
            "--ledger",
            str(folder),
            "--as-of",
            DAY,
            "--language",
            "en",
            *(["--engine", engine] if engine else []),
        ]
        assert cli.main(["report", "monthly", *arguments, "--output", str(output)]) == 0
        made[engine] = sheets(output / "report.xlsx")
    expected = made.pop("")
    assert len(expected) > 50
    for found in made.values():
        assert list(found) == list(expected)
        assert len(found["Detail of interest"]) == 2
        differing = [name for name in expected if rounded(found[name]) != rounded(expected[name])]
        assert differing == ["Detail of interest"]


def test_commands_with_a_folder(folder, tmp_path, capsys):
    assert cli.main(["check", str(folder), "--language", "en"]) == 0
    assert "rows read: 7,139" in capsys.readouterr().out
    for more in (["--terms", "30"], ["--tolerant"], ["--settlements", str(DATA / "reglements.csv")]):
        arguments = ["--ledger", str(folder), "--as-of", DAY, "--engine", "duckdb", "--output", str(tmp_path / "out")]
        assert cli.main(["report", "monthly", *arguments, *more]) == 2
    nothing = ["--ledger", str(tmp_path / "*.parquet"), "--as-of", DAY, "--engine", "polars"]
    assert cli.main(["report", "monthly", *nothing, "--output", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()


def test_what_does_not_go_with_an_engine(folder):
    for more in ({"terms": "30 jours"}, {"tolerant": True}):
        for engine in ("", "duckdb"):
            with pytest.raises(cm.InputError) as caught:
                cm.reports.read_source(str(folder), engine=engine, **more)
            assert [defect.code for defect in caught.value.defects] == ["not_with_scan"]


def test_folder_without_an_engine_is_read(folder):
    found = cm.reports.read_source(str(folder))
    pd.testing.assert_frame_equal(found.invoices, sample().invoices, check_dtype=False)


def test_claims_of_a_customer_without_settlements(tmp_path):
    """100.00 due on 31 January 2026, one month late at 12 %: 100 x 12 % x 28 / 365 = 0.92 and EUR 40."""
    ledger = make_ledger(
        [{"item_id": "F1", "issue_date": datetime.datetime(2026, 1, 1), "due_date": "2026-01-31", "amount": 100.0}]
    )
    ledger.customers["late_rate"] = 0.12
    scanned = cm.scan_ledger(write_folder(ledger, tmp_path / "one"))
    found = large.report_claims(scanned, "2026-02-28").by_customer
    assert found[["interest", "indemnity"]].to_numpy().tolist() == [[0.92, 40.0]]
