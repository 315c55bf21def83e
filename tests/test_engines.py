"""Every ledger-sized calculation on every engine: the same figures, and no conditional inside `agg`.

Spark runs here alone: with one more file, pytest would start one more Java.
"""

import ast
import dataclasses
import importlib
import inspect
import tempfile
from datetime import datetime
from functools import cache
from pathlib import Path

import dask
import narwhals as nw
import numpy as np
import pandas as pd
import pytest
from ledgers import ALL_ENGINES, convert, make_ledger, to_pandas, write_folder

import cmtools as cm
from cmtools.receivables import bucket_names

ROOMS = (
    "receivables",
    "days_sales",
    "collection",
    "movements",
    "doubtful",
    "exposure",
    "follow_up",
    "signals",
    "dashboard",
    "compliance",
    "interest",
    "claims",
)
AT = "2026-04-30"
SOURCES = Path(cm.__file__).parent
PER_ITEM = ("open_items", "aged_balance", "in_book_currency", "report_items")


@pytest.fixture
def engine(request):
    """The engine's name; PySpark with its session, Dask without threads, which tables this small do not pay for."""
    if request.param == "pyspark":
        request.getfixturevalue("spark")
    with dask.config.set(scheduler="synchronous"):
        yield request.param


on_every_engine = pytest.mark.parametrize("engine", ALL_ENGINES, indirect=True)
on_the_others = pytest.mark.parametrize("engine", [name for name in ALL_ENGINES if name != "pandas"], indirect=True)


# ---- one ledger with every kind of document


def _invoice(item, customer, issued, due, amount, **more):
    row = {"item_id": item, "document": f"No {item}", "customer_id": customer, "issue_date": issued, "due_date": due}
    return row | {"amount": amount, "account": "411000"} | more


def _paid(item, customer, day, amount, **more):
    return {"item_id": item, "customer_id": customer, "payment_date": day, "amount": amount} | more


VAT = {"amount_excl_vat": 1000.0, "vat_rate": 0.2, "vat_regime": "standard"}
INVOICES = [
    _invoice("F01", "C1", "2026-01-10", "2026-02-09", 1200.00, **VAT),  # part paid, part credited
    _invoice("F02", "C1", "2026-01-20", "2026-02-19", 333.33),  # paid late
    _invoice("F03", "C2", "2026-01-31", "2026-03-31", 900.10, currency="USD", book_amount=820.55),  # part paid
    _invoice("F04", "C2", "2026-02-28", "2026-04-30", 100.00, currency="USD", book_amount=91.07),  # due on the day
    _invoice("F05", "C3", "2026-02-10", "2026-03-12", 640.00, dispute_from="2026-03-20", dispute_reason="casse"),
    _invoice("F06", "C3", "2026-02-11", "2026-03-13", 70.07, dispute_from="2026-03-01", dispute_until="2026-03-15"),
    _invoice("F07", "C3", "2025-10-05", "2025-11-04", 210.00, doubtful_from="2026-02-01"),  # part written off
    _invoice("F08", "C4", "2026-01-15", "2026-03-01", 480.00),  # a bill was drawn
    _invoice("F09", "C4", "2026-03-03", "2026-04-02", 55.55),  # part set off
    _invoice("F10", "C4", "2026-03-10", "2026-05-09", 1000.01),  # not due
    _invoice("F11", "C5", "2025-12-01", "2026-01-15", 5000.00),  # moved to doubtful
    _invoice("F12", "C5", "2026-04-02", None, 12.34),  # no due date
    _invoice("F13", "C1", "2026-05-04", "2026-06-03", 777.77),  # booked after the day
    _invoice("F14", "C6", "2026-02-14", "2026-03-16", 260.00),  # paid in full on time
    _invoice("G01", "C3", "2026-02-10", None, 32.00, retention=True),  # release unknown
    _invoice("G02", "C3", "2025-02-10", "2026-02-10", 18.00, retention=True),  # released
    _invoice("A01", "C1", "2026-02-15", "2026-02-15", -200.00, kind="credit_note"),  # linked to F01
    _invoice("A02", "C2", "2026-03-05", "2026-03-05", -50.05, kind="credit_note"),  # stands alone
    _invoice("D01", "C6", "2026-03-20", "2026-03-20", 150.00, kind="down_payment"),
    _invoice("R01", "C1", "2026-03-10", "2026-03-10", 333.33, kind="returned_payment", account=None),
    _invoice("B01", "C5", "2025-12-01", "2026-01-15", 5000.00, kind="doubtful", booking_date="2026-04-10"),
    _invoice("X01", "C6", "2026-01-05", "2026-02-04", 9.99, kind="other", document=None),
    _invoice("O01", "C6", None, None, 408.00, kind="opening", booking_date="2026-01-01", document=None, account=None),
]
SETTLEMENTS = [
    _paid("F01", "C1", "2026-02-20", 500.00, allocation_date="2026-03-05", match="given", account="411000"),
    _paid("F02", "C1", "2026-03-01", 333.33),
    _paid("F01", "C1", "2026-02-15", 200.00, kind="credit_note", document="No A01", allocation_date="2026-02-25"),
    _paid("A01", "C1", "2026-02-15", -200.00, kind="credit_note", document="No A01", allocation_date="2026-02-25"),
    _paid("F03", "C2", "2026-04-03", 300.00, currency="USD", book_amount=273.49),
    _paid("F07", "C3", "2026-04-15", 110.00, kind="write_off"),
    _paid("F08", "C4", "2026-02-01", 480.00, kind="bill"),
    _paid("F09", "C4", "2026-04-04", 20.00, kind="set_off"),
    _paid("F11", "C5", "2026-04-10", 5000.00, kind="to_doubtful"),
    _paid("F14", "C6", "2026-03-14", 260.00, document=None),
    _paid("X01", "C6", "2026-03-15", 4.44, kind="other"),
    _paid("F10", "C4", "2026-04-28", 100.00, allocation_date="2026-05-06", document=None),  # allocated after the day
    _paid(None, "C4", "2026-04-29", 75.25, document="VIR 7", account="411000"),  # never allocated, in two halves
    _paid(None, "C4", "2026-04-29", 24.75, document="VIR 7"),
    _paid(None, "C7", "2026-03-30", 60.00, document=None),  # of a customer without invoices
    _paid(None, "C2", "2026-04-20", 40.00, currency="USD", book_amount=36.60),
    _paid("F10", "C4", "2026-05-20", 900.01),  # paid after the day
]
CUSTOMERS = {
    "customer_name": ["Ain", "Bresse", "Cher", "Dore", "Eure", "Forez", "Gers"],
    "group_id": ["G1", "G1", None, None, "G2", "G2", None],
    "segment": ["PME", "Export", "PME", None, "TPE", "TPE", None],
    "collector": ["Léa", "Tom", "Léa", "Tom", None, "Léa", None],
    "salesperson": ["Max", None, "Max", "Zoé", "Zoé", None, None],
    "credit_limit": [1000.0, 500.0, None, 600.0, 0.0, 2000.0, None],
    "insurer_limit": [800.0, None, 900.0, None, 0.0, 1500.0, None],
    "terms": ["30 jours", None, "30 jours", "60 jours", None, "30 jours", None],
    "contact": ["compta@ain.example", None, None, None, None, None, None],
    "country": ["FR", "US", "FR", "FR", None, "FR", None],
    "siren": ["904172638", None, None, None, None, None, None],
}
ACCOUNTS = [
    ("411000", "C1", "2026-01-10", 1200.0),
    ("416000", "C5", "2026-04-10", 5000.0),
    ("413000", "C4", "2026-02-01", 480.0),
    ("491000", None, "2026-04-30", -2500.0),
    ("411000", "C1", "2026-05-04", 777.77),
]


@cache
def every_kind(engine, known=True, begins="2025-01-01"):
    """The ledger above on an engine, with all its tables.

    Not `known`: without the book amount of some rows in USD; `begins`: what
    is older is booked on that day, so that nothing is known of the time before.
    """
    unknown = {} if known else {"book_amount": None}
    invoices = [
        row
        | {"booking_date": max(row.get("booking_date") or row["issue_date"], begins)}
        | (unknown if row["item_id"] == "F03" else {})
        for row in INVOICES
    ]
    settlements = [row | unknown if row["amount"] == 40 else row for row in SETTLEMENTS]
    ledger = make_ledger(invoices, settlements)
    accounts = pd.DataFrame(ACCOUNTS, columns=["account", "customer_id", "booking_date", "amount"])
    accounts["booking_date"] = pd.to_datetime(accounts["booking_date"])
    tables = {
        "invoices": ledger.invoices,
        "settlements": ledger.settlements,
        "customers": ledger.customers.assign(**CUSTOMERS),
        "accounts": accounts if known else None,
    }
    if engine == "pyspark":
        return scanned_by_spark(dataclasses.replace(ledger, **tables))
    native = {name: None if table is None else convert(table, engine) for name, table in tables.items()}
    return dataclasses.replace(ledger, **native)


def scanned_by_spark(ledger):
    """The ledger as `scan_ledger` opens it, from a converted folder; kept in memory, as many queries read it."""
    from pyspark.sql import SparkSession

    with tempfile.TemporaryDirectory() as folder:
        found = cm.scan_ledger(write_folder(ledger, Path(folder)), engine="pyspark", session=SparkSession.active())
        for name in ("invoices", "settlements", "customers", "accounts"):
            table = getattr(found, name)
            if table is not None:
                table.cache().count()
    return found


# ---- every public function that takes a ledger or open items

USD = {"currency": "USD"}  # with a currency, the ledger is the one whose book amounts are partly unknown
CALLS = {  # arguments beside the ledger, its open items and the day; few months, as Spark plans each query anew
    "aged_balance": [{}, {"buckets": (15, 45), "clock": "issue_date", "by": None, "in_credit": "own_date"}],
    "asked_currencies": [{}],
    "balances": [{"dates": [datetime(2026, 4, 30)], "unit": ("book_cents", "EUR"), "doubtful": False}],
    "balances_by_bucket": [{"insolvent": ("C2",), "insured": {"C1": 500.0}}, {"basis": "incl_vat"} | USD],
    "bridge_by_month": [{"months": 2}],
    "collection_effectiveness": [{"months": 2}],
    "concentration": [{}],
    "currencies": [{}],
    "customer_table": [{"keep_all": True}],
    "daily_follow_up": [{"by": "group_id"}],
    "decisions": [{}],
    "disputes_by_cause": [{}],
    "doubtful_by_period": [{"periods": 2, "months": 2}],
    "doubtful_claims": [{}],
    "doubtful_movements": [{"months": 2}],
    "dso": [{"months": 3}, {"method": "count_back"} | USD],
    "dso_by_month": [{"months": 2}],
    "dso_parts": [{"months": 3, "by": "segment"}],
    "dso_parts_by_month": [{"months": 1}],
    "existing_allowances": [{}],
    "exposure_parts": [{}, USD],
    "figures_by": [{"by": "collector", "begins": "2026-04-01"}],
    "in_book_currency": [{"currency": "EUR"}],
    "is_known": [{"day": AT}],
    "key_figures": [{"begins": "2026-04-01"}],  # one date: nothing is known a month or a year before
    "known_month_ends": [{"count": 2}],
    "largest_overdue": [{}],
    "late_claims": [{}, {"imputation": "interest_first", "day_count": "actual"}],
    "late_invoices": [{"months": 4}],
    "lateness": [
        {
            "claimed": pd.DataFrame({"currency": ["EUR"], "interest": [10.0], "indemnity": [40.0]}),
            "figures": {"EUR": pd.DataFrame({"value": {"overdue": 900.0}})},
            "asked": {"EUR": None},
            "financing_rate": 0.05,
            "margin_rate": 0.1,
        }
    ],
    "late_payment_rate": [{"months": 2, "by": "customer_id"}],
    "limits_coverage": [{"by": "group_id"}],
    "limits_exceeded": [{}],
    "loss_history": [{"months": 6}, {"months": 6, "basis": "incl_vat"}],
    "migration_matrix": [{"months": 2}],
    "open_items": [{}, {"basis": "paid"}],
    "outstanding_bridge": [{"since": "2026-02-28"}],
    "outstanding_by_date": [{"dates": ["2026-03-31"], "by": "segment"}, {"dates": [AT], "basis": "paid"} | USD],
    "overdue_by_month": [{"months": 1}],
    "overdue_movements": [{"since": "2026-02-28"}],
    "overdue_rate": [{"variant": "net"}],
    "payment_delays": [{"months": 4, "by": "segment"}],
    "payments_by_month": [{"months": 2}],
    "reconciliation": [{}],
    "recovery_rate": [{"months": 4, "horizons": (30,)}],
    "report_items": [{}],
    "retention_by_release": [{}],
    "roll_rates": [{"months": 1}],
    "sales_by_month": [{}],
    "sales_weighted_dso": [{}],
    "signals_not_evaluated": [{}],
    "statement_of_claim": [{"customer_id": "C1"}],
    "terms_compliance": [{}],
    "warning_signals": [{}],
    "written_off": [{}],
}
CASES = [(name, position) for name, options in CALLS.items() for position in range(len(options))]
GATHERED = (
    "daily_follow_up",
    "figures_by",
    "key_figures",
    "warning_signals",
)  # they call the others: minutes of planning on Dask


STEPS = (  # of other calculations: compared through them
    "claims_and_segments",
    "doubtful_moves",
    "exhausted_days",
    "item_moves",
    "items_left",
    "open_rows",
    "paid_by_customer",
)


def calculations():
    """Names of the functions of the rooms whose first argument is a ledger or its open items."""
    found = {}
    for room in ROOMS:
        module = importlib.import_module(f"cmtools.{room}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                first = next(iter(inspect.signature(function).parameters), None)
                if first in ("ledger", "items") and name not in STEPS:
                    found[name] = function
    return found


def plain(value):
    """A result as Python values, so that engines compare: row by row, numbers to a millionth, blanks None."""
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, pd.Series):
        return plain(value.to_frame())
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if value is None or isinstance(value, str):
        return value
    if not hasattr(value, "columns"):
        value = None if pd.isna(value) else value.item() if isinstance(value, np.generic) else value
        return round(value, 6) if isinstance(value, float) else value  # Polars divides by 100 as times 0.01
    frame = to_pandas(value)
    if frame.index.name is not None:
        frame = frame.reset_index()
    return {"columns": list(frame.columns)} | {
        f"row {position}": [plain(cell) for cell in row]
        for position, row in enumerate(frame.itertuples(index=False, name=None))
    }


def sorts_of(frame):
    """What each column holds: number, text, date or flag."""
    schema = nw.from_native(frame).collect_schema()
    return {name: "number" if dtype.is_numeric() else str(dtype.base_type()) for name, dtype in schema.items()}


@cache
def items_of(engine, known, books=False):
    """Open items (`books`: in the currency of the books), calculated once for all that take them."""
    ledger = every_kind(engine, known)
    items = cm.report_items(ledger, AT) if books else cm.open_items(ledger, AT)
    if engine == "pyspark":
        return items.cache()
    return items.persist(fuse=False) if engine == "dask" else items  # fusing takes minutes


def call(name, options, engine):
    """Result of one of CALLS; `begins` chooses the ledger."""
    function, options = calculations()[name], dict(options)
    asked = inspect.signature(function).parameters
    known = "currency" not in options or name == "in_book_currency"
    given = {"as_of": AT} if "as_of" in asked else {}
    if "ledger" in asked:
        given["ledger"] = every_kind(engine, known, options.pop("begins", "2025-01-01"))
    if "items" in asked:  # with a ledger they are those of a report
        books = "ledger" in asked and asked["ledger"].default is inspect.Parameter.empty
        given["items"] = items_of(engine, known, books)
    return function(**given | options)


@cache
def reference(name, position):
    return call(name, CALLS[name][position], "pandas")


def test_every_calculation_is_called_here():
    assert sorted(CALLS) == sorted(calculations()), "CALLS holds the arguments of every function of the rooms"
    narwhals = {path.stem for path in SOURCES.glob("*.py") if "import narwhals" in path.read_text(encoding="utf-8")}
    scans = {"scan", "scan_columns", "scan_sources", "conversion", "large"}  # test_large.py compares whole reports
    assert narwhals <= {*ROOMS, *scans, "frames", "display", "credit_file"}, (
        "a module with ledger-sized calculations is a room; credit_file is about one customer: "
        "its own test compares pandas, Polars and DuckDB; test_scan.py compares what is scanned with what is read"
    )


@pytest.mark.slow
@on_the_others
@pytest.mark.parametrize(("name", "position"), CASES)
def test_same_result_as_with_pandas(engine, name, position):
    if engine == "dask" and name in GATHERED:
        pytest.skip("each calculation that it gathers is compared on Dask by itself")
    expected, found = reference(name, position), call(name, CALLS[name][position], engine)
    assert plain(found) == plain(expected)
    if name in PER_ITEM:
        assert type(found) is type(every_kind(engine).invoices)
        assert sorts_of(found) == sorts_of(expected)
    else:
        assert type(found) is type(expected)


# ---- what Spark opens besides folders of this machine


@pytest.mark.slow
def test_spark_opens_text(spark, tmp_path):
    """A name that Spark would take for a pattern is a name; amounts and days written out by hand."""
    heads = "Pièce;N° client;Date facture;Échéance;Montant TTC", "N° règlement;Pièce;N° client;Montant;Date règlement"
    invoices, paid = tmp_path / "a[1]{b}.csv", tmp_path / "paid.csv"
    invoices.write_text(f'{heads[0]}\nF1;C1;31/01/2026;02/03/2026;"1 200,50"\nF2;C2;29/02/2024;;-3\n', encoding="utf-8")
    paid.write_text(f"{heads[1]}\nS1;F1;C1;200,50;15/02/2026\n", encoding="utf-8")
    ledger = cm.scan_ledger(invoices, paid, engine="pyspark", session=spark)
    items = to_pandas(cm.open_items(ledger, "2026-03-03"))
    assert items[["item_id", "kind", "open_amount"]].to_numpy().tolist() == [
        ["F1", "invoice", 1000.0],
        ["F2", "credit_note", -3.0],
    ]
    assert items["days_late"].tolist()[0] == 1
    paid.write_text(f"{heads[1]}\nS1;F9;C1;200,a0;30/02/2026\n", encoding="utf-8")
    with pytest.raises(cm.InputError) as caught:
        cm.scan_ledger(invoices, paid, engine="pyspark", session=spark)
    assert [(defect.code, defect.line) for defect in caught.value.defects] == [
        ("bad_amount", 2),
        ("bad_date", 2),
        ("ledger_unknown_item", 2),
    ]


@pytest.mark.slow
def test_spark_opens_an_address(spark, tmp_path):
    """A place that only Spark reaches: no line is told, the value is."""
    folder = write_folder(every_kind("pandas"), tmp_path / "ledger")
    ledger = cm.scan_ledger(folder.as_uri(), engine="pyspark", session=spark)
    assert ledger.invoices.count() == len(INVOICES)
    alone = cm.scan_ledger(f"{folder.as_uri()}/invoices.parquet", engine="pyspark", session=spark)
    assert not alone.complete_sales
    path = folder / "invoices.parquet"
    table = pd.read_parquet(path)
    table.assign(currency=table["currency"].mask(table["item_id"] == "F05", "euro")).to_parquet(path)
    with pytest.raises(cm.InputError) as caught:
        cm.scan_ledger(folder.as_uri(), engine="pyspark", session=spark)
    assert ("ledger_bad_currency", None, "euro") in [(d.code, d.line, d.value) for d in caught.value.defects]


@pytest.mark.slow
def test_spark_keeps_the_days_of_utc_alone(spark, tmp_path):
    folder = write_folder(every_kind("pandas"), tmp_path / "ledger")
    other = spark.newSession()
    other.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    with pytest.raises(cm.InputError) as caught:
        cm.scan_ledger(folder, engine="pyspark", session=other)
    assert [defect.code for defect in caught.value.defects] == ["scan_session_zone"]


# ---- the sample company


@cache
def sample():
    folder = Path(__file__).resolve().parents[1] / "data"
    return cm.read_ledger(*(folder / f"{name}.csv" for name in ("factures", "reglements", "clients")))


@pytest.mark.slow
@on_every_engine
def test_sample_total_on_every_engine(engine):
    """1 464 352.61: accounts 411 and 416 in the sample's books on 30 June 2026 (data/README.md)."""
    tables = {name: convert(getattr(sample(), name), engine) for name in ("invoices", "settlements")}
    ledger = dataclasses.replace(sample(), **tables)
    items = cm.in_book_currency(cm.open_items(ledger, "2026-06-30"), "EUR")
    aged = to_pandas(cm.aged_balance(items, "2026-06-30"))
    assert round(aged["total"].sum(), 2) == 1464352.61
    assert round(aged[bucket_names()].sum().sum(), 2) == 1464352.61
    assert cm.dso(ledger, "2026-06-30").receivables == 1464352.61


# ---- inside `agg`, plain aggregations of existing columns alone

PLAIN = ("sum", "min", "max", "len", "count")  # anything else: first a column, by with_columns


def conditionals(source):
    """Arguments of `agg` that are not `nw.col(...).sum()` or the like, written where `agg` is called.

    A condition or arithmetic inside `agg` is ignored without an error on some
    engines. A name is refused too, since it may hold anything.
    """
    refused = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "agg":
            if "groupby" in {part.attr for part in ast.walk(node.func) if isinstance(part, ast.Attribute)}:
                continue  # of pandas, where a small table is in hand
            refused += [argument for argument in [*node.args, *node.keywords] if not is_plain(argument)]
    return [ast.unparse(argument) for argument in refused]


def is_plain(node):
    match node:
        case ast.Starred(value=inner) | ast.keyword(value=inner):
            return is_plain(inner)
        case ast.ListComp(elt=inner) | ast.GeneratorExp(elt=inner) | ast.DictComp(value=inner):
            return is_plain(inner)
        case ast.List(elts=inner) | ast.Tuple(elts=inner) | ast.Dict(values=inner):
            return all(map(is_plain, inner))
        case ast.Call(func=ast.Attribute(value=ast.Name(id="nw"), attr="len"), args=[]):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Call(func=column), attr=aggregation), args=[], keywords=[]):
            return aggregation in PLAIN and ast.unparse(column) == "nw.col"
    return False


@pytest.mark.parametrize(
    "written",
    [
        "nw.when(nw.col('a') > 0).then(nw.col('b')).otherwise(nw.lit(0)).sum()",
        "b=nw.when(nw.col('a') > 0).then('b').sum()",
        "*[nw.col('b').filter(nw.col('a') > 0).sum()]",
        "**{'b': nw.col('b').sum() / 100}",
        "**sums",
        "*sums",
        "late",
        "(nw.col('a') * 2).sum()",
        "nw.col('a').mean()",
    ],
)
def test_what_agg_must_not_hold_is_found(written):
    assert len(conditionals(f"table.group_by('c').agg({written})")) == 1


def test_no_conditional_inside_agg():
    sources = {path.stem: path.read_text(encoding="utf-8") for path in sorted(SOURCES.glob("*.py"))}
    checked = {name: source for name, source in sources.items() if name in ROOMS or "narwhals" in source}
    assert sum(source.count(".agg(") for source in checked.values()) > 5
    assert {name: found for name, source in checked.items() if (found := conditionals(source))} == {}
