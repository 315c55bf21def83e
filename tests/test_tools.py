"""Working workbooks, recalculated by LibreOffice from wrong cached values: their figures are cmtools'."""

import importlib.util
import os
import random
import re
from datetime import datetime, timedelta
from itertools import pairwise

import openpyxl
import pandas as pd
import pytest

import cmtools as cm
from cmtools import costs, interest, legal, tools_collection, tools_interest, tools_receivables
from cmtools.cli import _TOOLS, main
from cmtools.schemas import InputError
from cmtools.tool_sheets import MONEY, UNKNOWN
from cmtools.tool_sheets import said as text
from cmtools.tools import TOOLS, default_name, write_tool
from cmtools.tools_collection import FOLLOW, PROMISES, STATUSES, SUMMARY
from cmtools.tools_costs import AMOUNTS, COMPONENTS, INPUTS, MATRIX, RATES, TOTAL, UNPAID
from cmtools.tools_interest import INTEREST, rates_table
from cmtools.tools_receivables import BALANCE, CUSTOMERS, DSO, INVOICE_DEFECTS, INVOICES, PLACES

LANGUAGES = ("fr", "en")
# Functions that Excel 2013 and LibreOffice 7.4 both have; none of the dynamic ones.
FUNCTIONS = {
    "ABS", "AND", "CHOOSE", "COUNT", "COUNTIF", "COUNTIFS", "DATE", "DAY", "EDATE", "EOMONTH", "EXACT", "IF",
    "IFERROR", "INDEX", "INT", "ISERROR", "ISNUMBER", "ISTEXT", "LOOKUP", "MATCH", "MAX", "MID", "MIN", "MONTH", "N",
    "NA", "NOT", "OR", "ROUND", "SUM", "SUMIFS", "SUMPRODUCT", "YEAR",
}  # fmt: skip
BUCKETS = (30, 60, 90, 120)
D = datetime


@pytest.fixture(scope="module")
def values(root):
    """The script that computes the values shown before anything is typed."""
    spec = importlib.util.spec_from_file_location("make_tool_values", root / "data" / "make_tool_values.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def typed(path, changes, table=None, rows=None, sheet=0):
    """Type in a workbook: cells by their place, and rows of a table in place of the example."""
    book = openpyxl.load_workbook(path)
    page = book.worksheets[sheet]
    if table is not None:
        given = [at + 1 for at, column in enumerate(table.columns) if column.given]
        for row in range(table.first, table.last + 1):
            found = rows[row - table.first] if row - table.first < len(rows) else [None] * len(given)
            for column, value in zip(given, found, strict=True):
                put(page.cell(row + 1, column), value)
    for place, value in changes.items():
        put(page[place] if isinstance(place, str) else page.cell(place[0] + 1, place[1] + 1), value)
    book.save(path)
    return path


def put(cell, value):
    cell.value = value
    if isinstance(value, str) and value.startswith("="):
        cell.data_type = "s"  # text that looks like a formula stays text


def read(book, sheet, table, row, key):
    return book.worksheets[sheet].cell(row + 1, table.position[key] + 1).value


# ---------------------------------------------------------------- what is typed

# Sales and receivables of 24 months from January 2024 (a leap year): nil, credit notes, unknown, text.
DSO_ROWS = [
    (100.0, 150.0), (80.0, 120.0), (0.0, 90.0), (70.0, 212.0), (-20.0, 60.0), (90.5, 1000.0), (60.0, 0.0),
    (60.0, -5.0), (None, 40.0), (50.0, 40.0), (50.0, 120.0), (40.0, None), (45.0, 80.0), ("55", 80.0), (65.0, 60.0),
    (-90.0, 10.0), (0.0, 5.0), (0.01, 0.02), (30.0, 30.01), (30.0, 60.01), (30.0, "90"), (30.0, 75.55),
    (None, None), (33.33, 33.33),
]  # fmt: skip


def random_invoices(count):
    """Readable invoices of customers whose names a spreadsheet may misread."""
    dice = random.Random(20260630)
    names = ["C1", "c1", "C*", "C?", "<5", ">5", "=1+1", "007", "7", "Été & Fils", "x" * 60, "'q", '"q"', " C1"]
    rows = []
    for number in range(count):
        issue = D(2025, 1, 1) + timedelta(days=dice.randrange(560))
        due = None if dice.random() < 0.04 else issue + timedelta(days=dice.randrange(0, 95))
        cents = dice.randrange(-200_000, 2_000_000)
        paid = dice.choice([None, None, 0.0, cents / 100, round(cents * dice.random()) / 100])
        rows.append((dice.choice(names), f"F{number}", issue, due, cents / 100, paid))
    at = D(2026, 6, 30)
    exact = [(f"edge {days}", "E", at - timedelta(days=200), at - timedelta(days=days), 10.01, None)
             for days in (-1, 0, 1, 30, 31, 60, 61, 90, 91, 120, 121)]  # fmt: skip
    return rows[: count - len(exact)] + exact


HOSTILE = [
    ("A", "1", D(2026, 1, 1), D(2026, 3, 1), "1 234,56", None),  # amount as text
    ("A", "2", D(2026, 1, 1), "31/03/2026", 100.0, None),  # due date as text
    (None,) * 6,
    ("A", "3", "2026-01-01", D(2026, 3, 1), 50.0, None),  # issue date as text
    ("A", "4", D(2026, 1, 1), D(2026, 3, 1), 70.0, "20"),  # paid as text
    ("A", "5", D(2026, 1, 1), D(2026, 3, 1), None, 5.0),  # no amount
    (None, "6", D(2026, 1, 1), D(2026, 6, 30), 80.0, None),  # no customer
    ("B", "7", D(2026, 7, 1), D(2026, 8, 1), 900.0, None),  # issued after the closing date
    ("B", "8", D(2026, 6, 30), D(2026, 7, 31), 30.0, None),
    ("B", "9", D(2026, 3, 1), D(2026, 2, 1), 40.0, None),  # due before it was issued
    ("B", "10", D(2026, 1, 1), 12, 25.0, None),  # a number that is no day
    ("B", "11", None, D(2026, 2, 1), -60.0, None),
    ("B", "12", D(2026, 6, 30, 14, 5), D(2026, 6, 30, 9, 0), 11.0, None),  # with a time of day
    ("#N/A", "13", D(2026, 1, 1), D(2026, 3, 1), 7.0, None),
]
HOSTILE_DEFECTS = ("no_amount", "due_text", None, "issue_text", "paid_text", "no_amount", "no_customer", "after", None,
                   "dates_swapped", "due_text", None, None, None)  # fmt: skip

# Customer, document, amount, due, paid, buyer, contractual rate.
LATE_ROWS = [
    ("Z", "1", 12000.0, D(2026, 5, 15), D(2026, 8, 20), "business", None),
    ("Z", "2", 12000.0, D(2026, 5, 15), D(2026, 8, 20), "public", None),
    ("Z", "3", 12000.0, D(2024, 5, 15), D(2024, 8, 20), "business", None),
    ("Z", "4", 1000.0, D(2024, 2, 28), D(2024, 3, 1), "business", None),  # two days, one of them 29 February
    ("Z", "5", 1000.0, D(2026, 5, 15), D(2026, 5, 15), "business", None),  # paid on the due date
    ("Z", "6", 1000.0, D(2026, 5, 15), D(2026, 5, 1), "business", None),  # paid before
    ("Z", "7", 1000.0, D(2026, 5, 15), D(2026, 5, 16), None, None),  # one day; buyer not said
    (None,) * 7,
    ("Z", "8", -500.0, D(2026, 1, 15), D(2026, 5, 16), "business", None),
    ("Z", "9", 1000.0, D(2012, 12, 1), D(2013, 2, 1), "business", None),  # begins before the table
    ("Z", "10", 1000.0, D(2026, 12, 1), D(2027, 2, 1), "business", None),  # ends after what is known
    ("Z", "11", 1000.0, D(2026, 6, 1), D(2026, 7, 15), "business", 0.09),  # floor unknown from July 2026
    ("Z", "12", 7777.77, D(2023, 11, 30), D(2025, 9, 3), "business", 0.10),  # raised to the floor, then not
    ("Z", "13", 1000.0, D(2025, 12, 31), D(2026, 1, 1), "public", 0.5),
    ("Z", "14", 3000.0, D(2026, 3, 31), D(2026, 4, 20), "business", None),
    ("Z", "14", 1500.0, D(2026, 3, 31), None, "business", None),  # second part of the same invoice, not paid
    ("Z", "15", 450.0, D(2026, 2, 28), D(2026, 5, 4), "consumer", None),
    ("Z", "16", "12 000", D(2026, 5, 15), D(2026, 8, 20), "business", None),
    ("Z", "17", 100.0, "15/05/2026", D(2026, 8, 20), "business", None),
    ("Z", "18", 100.0, D(2026, 5, 15), "20/08/2026", "business", None),
    ("Z", "19", 100.0, D(2026, 5, 15), D(2026, 8, 20), "someone", None),
    ("Z", "20", 100.0, D(2026, 5, 15), D(2026, 8, 20), "business", 10.0),  # 10 for 10 %
    ("Z", "21", 100.0, None, D(2026, 8, 20), "business", None),
    ("Z", "22", 250.0, D(2021, 3, 14), D(2026, 6, 30), "business", None),  # over eleven half-years
    ("Z", "23", 1000.0, D(2026, 8, 30), D(2027, 1, 5), "business", None),  # stopped at the closing date
    ("Z", "24", 1000.0, D(2012, 12, 31), D(2013, 1, 31), "public", None),  # first day late: the first of the table
    ("Z", "25", 1000.0, D(2012, 12, 30), D(2013, 1, 31), "public", None),
    ("Z", "26", "#N/A", D(2026, 5, 15), D(2026, 8, 20), "business", None),
]
LATE_DAY = D(2026, 9, 30)
_UNREADABLE = {
    "16": "no_amount",
    "17": "due_text",
    "18": "payment_text",
    "19": "bad_buyer",
    "20": "bad_rate",
    "21": "no_due",
    "26": "cell_error",
}

_PAID = {"insured_share": 0.0, "guarantee": 0.0, "financing_rate": 0.05, "days": 180, "hours": 10.0,
         "hourly_cost": 40.0, "other_handling": 60.0, "legal_costs": 0.0, "vat_days": 30, "lost_bonus": 0.0,
         "late_interest": 0.0, "fixed_indemnity": 0.0, "margin_rate": 0.10}  # fmt: skip
_BASE = {"amount_incl_vat": 6000.0, "vat_rate": 0.20, "vat": "recoverable", "vat_regime": "debits", **_PAID}
UNPAID_CASES = (
    _BASE,
    _BASE | {"vat": "not_yet", "insured_share": 0.9, "insured_on": "incl_vat"},
    _BASE | {"vat": "not_yet", "vat_until_proof": "awaited", "vat_days": 400},
    _BASE | {"vat": "not_recoverable", "insured_share": 0.9, "insured_on": "excl_vat", "lost_bonus": 125.5},
    _BASE | {"vat": "not_recoverable", "vat_regime": "receipts", "day_base": 360},
    _BASE
    | {"lost_share": 0.0, "guarantee": None, "lost_bonus": None, "late_interest": 388.13, "fixed_indemnity": 40.0},
    _BASE | {"lost_share": 0.35, "amount_incl_vat": 1234.57, "vat_rate": 0.055, "legal_costs": 310.0},
    _BASE | {"vat": None, "vat_regime": None},
    _BASE | {"vat_rate": None, "hours": None},
    _BASE | {"vat_rate": 0.0, "vat": None, "vat_regime": None, "margin_rate": 0.0},
    _BASE | {"insured_share": 0.95, "insured_on": None, "financing_rate": None},
    _BASE | {"insured_share": 1.0, "insured_on": "incl_vat", "guarantee": 2000.0, "margin_rate": 1.0},
    _BASE | {"financing_rate": 0.0, "vat_days": None, "days": None, "margin_rate": None},
    {"amount_incl_vat": 100.0},
)
_INPUT_OF = {"cost_days": "days", "interest_received": "late_interest", "indemnity_received": "fixed_indemnity"}
_COMPONENT_OF = {
    "legal": "legal_costs", "bonus": "lost_bonus", "received_guarantee": "guarantee",
    "received_interest": "late_interest", "received_indemnity": "fixed_indemnity",
}  # fmt: skip

# Follow-up on 30 June 2026, tolerance of two days; worked out by hand: open amount, days late, status, promise, step
# to take, its day, priority.
F = D
FOLLOW_CASES = [
    (("A", "1", F(2026, 6, 30), 100.0, None, None, "A", None, None, None, None, None),
     (100, 0, "not_due", "", "preventive", F(2026, 6, 30), None)),  # due today: the step at -7 is still in force
    (("A", "2", F(2026, 7, 31), 100.0, None, None, "A", None, None, None, None, None),
     (100, -31, "not_due", "", "preventive", F(2026, 7, 24), None)),
    (("A", "3", F(2026, 6, 29), 100.0, None, None, "A", 1, None, None, None, None),
     (100, 1, "to_remind", "", "level_1", F(2026, 7, 2), 100)),  # 100 x 1 x 1
    (("A", "4", F(2026, 6, 20), 200.0, 50.0, None, "B", 2, None, None, None, None),
     (150, 10, "to_remind", "", "level_2", F(2026, 6, 30), 180)),  # 150 x 1.2 x 1
    (("A", "5", F(2026, 5, 30), 200.0, None, None, "C", 2, None, None, None, None),
     (200, 31, "to_remind", "", "formal_notice", F(2026, 6, 30), 450)),  # 200 x 1.5 x 1.5; steps at 10 and 20 not fired
    (("A", "6", F(2026, 3, 31), 200.0, None, None, "D", 6, None, None, None, None),
     (200, 91, "to_remind", "", "", None, 1200)),  # 200 x 2 x 3; the scenario has ended
    (("A", "7", F(2026, 3, 31), 200.0, None, "disputed", "D", 2, None, None, None, None),
     (200, 91, "disputed", "", "suspended", None, None)),
    (("A", "8", F(2026, 6, 1), 200.0, None, None, "D", 2, F(2026, 6, 28), 200.0, None, None),
     (200, 29, "promise", "pending", "promise_check", F(2026, 7, 1), None)),  # 28 + 2 days: still in time on the 30th
    (("A", "9", F(2026, 6, 1), 200.0, None, None, "D", 2, F(2026, 6, 27), 200.0, None, None),
     (200, 29, "to_remind", "broken", "promise_broken", F(2026, 6, 30), 400)),
    (("A", "10", F(2026, 6, 1), 200.0, 80.0, None, "B", 2, F(2026, 6, 27), 200.0, 80.0, None),
     (120, 29, "to_remind", "partial", "promise_broken", F(2026, 6, 30), 144)),  # 120 x 1.2
    (("A", "11", F(2026, 6, 1), 200.0, 80.0, None, "B", 2, F(2026, 6, 27), 80.0, 80.0, None),
     (120, 29, "to_remind", "kept", "level_3", F(2026, 6, 30), 144)),
    (("A", "12", F(2026, 6, 1), 200.0, 200.0, None, "B", 2, F(2026, 6, 27), 200.0, 200.0, None),
     (0, 29, "settled", "kept", None, None, None)),
    (("A", "13", F(2026, 6, 1), -50.0, None, None, "B", None, None, None, None, None),
     (-50, 29, "in_credit", "", None, None, None)),
    (("A", "14", F(2026, 6, 1), 70.0, None, "insolvency", "B", None, None, None, None, None),
     (70, 29, "insolvency", "", "suspended", None, None)),
    (("A", "15", F(2026, 6, 1), 70.0, None, None, None, 2, None, None, None, None),
     (70, 29, "to_remind", "", "level_3", F(2026, 6, 30), UNKNOWN)),
    ((None,) * 12, None),
    (("A", "16", "01/06/2026", 70.0, None, None, "A", None, None, None, None, None),
     (70, None, "to_correct", "", None, None, None)),
    (("A", "17", F(2026, 6, 1), "70", None, None, "A", None, None, None, None, None),
     (UNKNOWN, None, "to_correct", "", None, None, None)),
    (("A", "18", F(2026, 6, 1), 70.0, None, "elsewhere", "A", None, None, None, None, None),
     (70, None, "to_correct", "", None, None, None)),
    (("A", "19", F(2026, 6, 1), 70.0, None, None, "A", 11, None, None, None, None),
     (70, None, "to_correct", "", None, None, None)),
    (("A", "20", F(2026, 6, 1), 70.0, None, None, "A", 2, F(2026, 6, 27), None, None, None),
     (70, None, "to_correct", "", None, None, None)),
    (("A", "21", F(2026, 6, 1), 70.0, None, None, "E", 2, None, None, None, None),
     (70, 29, "to_remind", "", "level_3", F(2026, 6, 30), UNKNOWN)),
    (("A", "22", F(2026, 6, 1), "#N/A", None, None, "A", 2, None, None, None, None),
     (UNKNOWN, None, "to_correct", "", None, None, None)),
]  # fmt: skip
FOLLOW_SAID = {"15": "no_class", "16": "due_text", "17": "no_amount", "18": "bad_situation", "19": "bad_step",
               "20": "bad_promise", "21": "no_class", "22": "cell_error"}  # fmt: skip


def in_words(rows, column, language, words):
    """Words that stand for choices, in the language of the workbook."""
    return [
        tuple(text(value, language) if at == column and value in words else value for at, value in enumerate(row))
        for row in rows
    ]


def unpaid_cells(case, language):
    """Cells of one case of an unpaid invoice."""
    words = {"lost_share": 1.0, "vat_until_proof": "counted", "day_base": 365} | case
    cells = {}
    for row, one in enumerate(INPUTS, UNPAID.first):
        value = words.get(_INPUT_OF.get(one.key, one.key))
        if one.words:
            value = f"base_{value}" if one.key == "day_base" else value
            value = None if value is None else text(value, language)
        cells[row, 1] = value
    return cells


@pytest.fixture(scope="module")
def pages(values, tmp_path_factory):
    """Every workbook, as written and with edge rows typed in, recalculated in one run; and the paths as written."""
    if values.SOFFICE is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("LibreOffice Calc is not installed (soffice)")
    folder = tmp_path_factory.mktemp("tools")
    paths = {}

    def edge(tool, kind, tongue):
        paths[tool, tongue, kind] = write_tool(tool, folder / f"{tool}_{tongue}_{kind}.xlsx", tongue)
        return paths[tool, tongue, kind]

    for tongue in LANGUAGES:
        for tool in TOOLS:
            paths[tool, tongue, ""] = write_tool(tool, folder / f"{tool}_{tongue}.xlsx", tongue)

        typed(edge("dso", "edge", tongue), {}, DSO, DSO_ROWS)
        follow = in_words([row for row, _ in FOLLOW_CASES], 5, tongue, tools_collection.SITUATIONS)
        typed(edge("collection", "edge", tongue), {}, FOLLOW, follow)
        late = in_words(LATE_ROWS, 5, tongue, tools_interest.BUYERS)
        typed(
            edge("late_interest", "edge", tongue),
            {"B5": LATE_DAY, "B6": 360 if tongue == "en" else 365},
            INTEREST,
            late,
        )
        typed(edge("aged_balance", "hostile", tongue), {}, INVOICES, HOSTILE)
    for number, case in enumerate(UNPAID_CASES):
        tongue = LANGUAGES[number % 2]
        typed(edge("hidden_cost", f"case{number}", tongue), unpaid_cells(case, tongue), sheet=1)
    late = [("Z", "1", 1000.0, D(2026, 12, 1), D(2027, 2, 1), None, None),
            ("Z", "2", 1000.0, D(2027, 2, 1), D(2027, 3, 1), "public", None),
            ("Z", "3", 1000.0, D(2027, 1, 1), D(2027, 1, 11), "entreprise", 0.09)]  # fmt: skip
    filled = rates_table().last - tools_interest.LATER + 2  # the first half-year to fill in
    rates = {f"C{filled}": 0.025, f"D{filled}": 0.032}
    path = typed(edge("late_interest", "rates", "fr"), {"B5": D(2027, 6, 30), "B6": "365"}, INTEREST, late)
    typed(path, rates, sheet=1)
    many = [(f"C{number}", "F", D(2026, 1, 1), D(2026, 3, 1), 10.0 + number, None) for number in range(CUSTOMERS + 1)]
    typed(edge("aged_balance", "many", "en"), {}, INVOICES, many)
    typed(edge("aged_balance", "full", "fr"), {}, INVOICES, random_invoices(500))
    typed(edge("aged_balance", "bounds", "en"), {"H5": 50})
    typed(edge("dso", "thirty", "en"), {"B6": 4, "F5": text("thirty", "en"), "B9": "#N/A"})
    typed(edge("dso", "blank", "fr"), {"B5": None})
    rates = {(MATRIX.first, 1): 0.0, (MATRIX.first, 2): -0.05, (MATRIX.first, 3): 1.0, (MATRIX.first, 4): 10.0,
             (MATRIX.first, 5): "5 %", (MATRIX.first, 6): None, (MATRIX.first + 1, 0): 0.0, (MATRIX.first + 2, 0): None,
             (MATRIX.first + 3, 0): "x", (4, 1): text("outlay", "en")}  # fmt: skip
    wrong = {"B7": 20, "B26": 10, "B15": "0,05"}  # percents for fractions, a text
    typed(typed(edge("hidden_cost", "matrix", "en"), rates), wrong, sheet=1)
    books = values.recalculated(list(paths.values()), folder / "work")
    return {key: (books[path.name], path) for key, path in paths.items()}


# ---------------------------------------------------------------- every workbook


def test_what_is_shown_before_typing_is_what_a_spreadsheet_computes(pages, values):
    wrong, count = [], 0
    for tongue in LANGUAGES:
        for tool in TOOLS:
            book, path = pages[tool, tongue, ""]
            shown = openpyxl.load_workbook(path, data_only=True)
            for sheet, spot in values.formula_cells(path):
                one, two = (values.as_shown(found.worksheets[sheet][spot].value) for found in (shown, book))
                count += 1
                if one != two and not _close(one, two):
                    wrong.append(f"{tool} {tongue} {sheet}!{spot}: {one!r} shown, {two!r} computed")
    assert wrong == [], "run `python data/make_tool_values.py`"
    assert count > 20000


def _close(one, two):
    try:
        return float(one) == pytest.approx(float(two), rel=1e-12, abs=1e-9)
    except ValueError:
        return False


def test_no_cell_is_in_error(pages):
    """But those drawn by the chart, which are #N/A where there is nothing to draw, and those that were typed."""
    drawn = {DSO.position["drawn_balance"] + 1, DSO.position["drawn_count_back"] + 1}
    found = [
        f"{key} {sheet.title}!{cell.coordinate} {cell.value}"
        for key, (book, _) in pages.items()
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and re.match(r"#\w+[/!?]|Err:", cell.value)
        and not (key[0] == "dso" and cell.column in drawn)
and cell.protection.locked
    ]  # fmt: skip
    assert found == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("tool", TOOLS)
def test_only_cells_to_fill_in_are_unlocked(tool, language, tmp_path):
    book = openpyxl.load_workbook(write_tool(tool, tmp_path / "x.xlsx", language))
    unlocked = 0
    for sheet in book:
        assert sheet.protection.sheet
        assert not sheet.protection.password
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToHeight == 0
        assert sheet.freeze_panes is not None
        validated = {spot for rule in sheet.data_validations.dataValidation for spot in cells_of(rule.sqref)}
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    assert cell.protection.locked, cell.coordinate
                    names = set(re.findall(r"([A-Z]+)\(", re.sub(r'"[^"]*"', "", cell.value)))
                    assert names <= FUNCTIONS, names - FUNCTIONS
                    assert len(cell.value) < 8192  # the limits of Excel
                    assert max(map(len, re.findall(r'"[^"]*"', cell.value)), default=0) < 255
                if not cell.protection.locked:
                    unlocked += 1
                    assert cell.fill.fgColor.rgb == "FFFFF7DF"
                    if cell.number_format != "@":
                        assert cell.coordinate in validated or cell.column == 1, (sheet.title, cell.coordinate)
    assert unlocked > 20
    assert book.worksheets[0]["A1"].value == text(f"sheet_{first_page(tool)}", language)


def cells_of(area):
    return {f"{openpyxl.utils.get_column_letter(column)}{row}" for piece in area.ranges for row, column in piece.cells}


def first_page(tool):
    return {"hidden_cost": "matrix", "aged_balance": "invoices"}.get(tool, tool)


def test_numbers_and_rates_are_written_as_the_reader_writes_them(tmp_path):
    formats = {}
    for tongue in LANGUAGES:
        sheet = openpyxl.load_workbook(write_tool("hidden_cost", tmp_path / f"{tongue}.xlsx", tongue)).worksheets[0]
        formats[tongue] = sheet.cell(MATRIX.first + 1, 2).number_format
        assert sheet.cell(MATRIX.first + 2, 2).number_format == MONEY
    assert formats == {"fr": "0.00\u00a0%", "en": "0.00%"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_of_the_other_language_is_shown(pages, language):
    """Words of the shown texts: French ones in no English workbook, English ones in no French one."""
    other = (
        r"\b(the|and|of|is|are|with|late|days)\b" if language == "fr" else r"\b(le|les|des|une|est|avec|sont|jours)\b"
    )
    wrong = []
    for (tool, tongue, kind), (book, _) in pages.items():
        if tongue == language and not kind:
            for sheet in book:
                texts = [cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
                wrong += [(tool, found) for found in {*texts, sheet.title} if re.search(other, found)]
    assert wrong == []


# ---------------------------------------------------------------- DSO


def dso_expected(rows, row, window, days):
    """By cm.balance_dso and cm.count_back on the months known without a gap up to this one."""
    owed = rows[row][1]
    known = []
    for at in range(row, -1, -1):
        if not isinstance(rows[at][0], float):
            break
        known.append((at, rows[at][0], days[at]))
    if not isinstance(owed, float) or not known:
        return UNKNOWN, UNKNOWN, None
    balance = UNKNOWN
    if len(known) >= window:
        found = cm.balance_dso(owed, round(sum(sales for _, sales, _ in known[:window]), 2),
                               sum(days for *_, days in known[:window]))  # fmt: skip
        balance = UNKNOWN if found is None else found
    return balance, cm.count_back(owed, known), known


def month_days(thirty=False):
    starts = [D(2024 + month // 12, month % 12 + 1, 1) for month in range(25)]
    return [30 if thirty else (after - start).days for start, after in pairwise(starts)]


@pytest.mark.parametrize(
    ("language", "kind", "window"),
    [("fr", "", 3), ("en", "", 3), ("fr", "edge", 3), ("en", "edge", 3), ("en", "thirty", 4)],
)
def test_dso_of_each_month_is_that_of_cmtools(pages, language, kind, window):
    book, _ = pages["dso", language, kind]
    rows = DSO_ROWS if kind == "edge" else list(tools_receivables.DSO_EXAMPLE)
    if kind == "thirty":
        rows[0] = ("#N/A", rows[0][1])
    days = month_days(kind == "thirty")
    counted = 0
    for at, given in enumerate(rows):
        row = DSO.first + at
        found = {key: read(book, 0, DSO, row, key) for key in DSO.position}
        assert found["month"] == D(2024 + at // 12, at % 12 + 1, 1)
        if given == (None, None):
            assert not found["dso_balance"]
            assert not found["dso_count_back"]
            assert not found["remark"]
            continue
        balance, back, _ = dso_expected(rows, at, window, days)
        same(found["dso_balance"], balance)
        if back == UNKNOWN:
            same(found["dso_count_back"], UNKNOWN)
            continue
        same(found["dso_count_back"], UNKNOWN if back.days is None else back.days)
        same(found["at_least"], back.at_least_days if back.days is None else None)
        same(found["left"], back.balance_left if back.days is None else None)
        reason = {"history_exhausted": "exhausted"}.get(back.reason, back.reason)
        assert (text(f"dso_{reason}", language) if reason else "") in (found["remark"] or "")
        assert bool(reason) == (text("dso_exhausted", language).split(" ")[0].rstrip(":") in (found["remark"] or ""))
        counted += back.days is not None
    assert counted >= 10


def same(found, expected):
    if expected is None or expected == "":
        assert found in (None, "")
    elif isinstance(expected, str):
        assert found == expected
    else:
        assert isinstance(found, int | float)
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_dso_by_hand(pages):
    """February 2024: 588 of receivables on 285 then 310 of sales: 29 days, and 303/310 of 31. March: 640 / 937 x 91."""
    book, _ = pages["dso", "fr", ""]
    assert read(book, 0, DSO, DSO.first + 1, "dso_count_back") == pytest.approx(29 + 303 / 310 * 31)
    assert read(book, 0, DSO, DSO.first + 2, "dso_balance") == pytest.approx(640 / 937 * 91)
    assert read(book, 0, DSO, DSO.first, "at_least") == 31
    assert read(book, 0, DSO, DSO.first, "left") == 302000


def test_months_unknown_are_said(pages):
    book, _ = pages["dso", "fr", "blank"]
    assert [read(book, 0, DSO, DSO.first, key) for key in ("month", "dso_balance", "dso_count_back", "remark")] == [
        UNKNOWN, UNKNOWN, UNKNOWN, text("dso_no_month", "fr"),
    ]  # fmt: skip
    edge, _ = pages["dso", "en", "edge"]
    said = [read(edge, 0, DSO, DSO.first + at, "remark") for at in (8, 11, 13, 20)]
    assert said == [text(f"dso_{key}", "en") for key in ("missing", "missing", "text", "text")]


def test_the_chart_shows_both_methods(tmp_path):
    book = openpyxl.load_workbook(write_tool("dso", tmp_path / "x.xlsx", "fr"))
    (chart,) = book.worksheets[0]._charts
    assert len(chart.series) == 2


# ---------------------------------------------------------------- aged balance


def aged(rows, buckets=BUCKETS):
    """cm.aged_balance of the rows that can be read and count at the closing date."""
    items = pd.DataFrame(rows, columns=["customer_id", "item_id", "issue_date", "due_date", "amount", "paid"])
    items["customer_id"] = items["customer_id"].fillna("?")
    items["open_amount"] = (items["amount"] - items["paid"].astype("float64").fillna(0)).round(2)
    items = items.assign(currency="EUR", kind="invoice", issue_date=pd.to_datetime(items["issue_date"]),
                         due_date=pd.to_datetime(items["due_date"]))  # fmt: skip
    late = items["issue_date"] > pd.Timestamp("2026-06-30")
    items = items[(items["open_amount"] != 0) & ~late]
    return cm.aged_balance(items, "2026-06-30", buckets).set_index("customer_id"), items


def balance_of(book):
    """Aged balance of the second sheet, one list of eight columns and a total per customer."""
    found = {}
    for row in range(BALANCE.first + 2, BALANCE.last + 1):
        cells = [cell.value for cell in book.worksheets[1][row + 1]][: PLACES + 3]
        if cells[0]:
            found[cells[0]] = cells[1:]
    return found


COLUMNS = ["not_due", "d1_30", "d31_60", "d61_90", "d91_120", "over_120", "unknown_age", "unallocated", "total"]


@pytest.mark.parametrize(("language", "kind"), [("fr", ""), ("en", ""), ("fr", "full")])
def test_aged_balance_is_that_of_cmtools(pages, language, kind):
    book, _ = pages["aged_balance", language, kind]
    expected, items = aged(random_invoices(500) if kind else list(tools_receivables.AGED_EXAMPLE))
    found = balance_of(book)
    assert {name: cells[:-1] for name, cells in found.items()} == {
        name: pytest.approx(row.tolist(), abs=1e-9) for name, row in expected[COLUMNS].iterrows()
    }
    page = book.worksheets[1]
    assert [page.cell(BALANCE.first + 1, 2 + at).value for at in range(9)] == pytest.approx(
        expected[COLUMNS].sum().round(2).tolist()
    )
    assert page["B6"].value == 0  # the control
    rate = cm.overdue_rate(items, "2026-06-30").loc["EUR", "rate"]
    assert page.cell(BALANCE.first + 1, 11).value == pytest.approx(rate, abs=1e-12)
    for name, cells in found.items():
        share = cm.overdue_rate(items[items["customer_id"] == name], "2026-06-30").loc["EUR", "rate"]
        same(cells[-1], UNKNOWN if share != share else float(share))
    if kind:
        assert len(found) == 25
        assert page["F5"].value == sum(
            round(row[4] - (row[5] or 0), 2) for row in random_invoices(500) if row[2] > D(2026, 6, 30)
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_read_is_flagged_and_never_ignored(pages, language):
    book, _ = pages["aged_balance", language, "hostile"]
    said = [read(book, 0, INVOICES, INVOICES.first + at, "check") or None for at in range(len(HOSTILE))]
    expected = [text(f"row_{name}", language) if name else None for name in HOSTILE_DEFECTS]
    expected[-1] = text("row_cell_error", language)
    assert said == expected
    opened = [read(book, 0, INVOICES, INVOICES.first + at, "open") for at in range(len(HOSTILE))]
    assert opened == [UNKNOWN, 100, None, 50, UNKNOWN, UNKNOWN, 80, 900, 30, 40, 25, -60, 11, UNKNOWN]
    found = {name: cells[:-1] for name, cells in balance_of(book).items()}
    # A: 100 of unknown age, 50 late by 121 days; B: 30 and 11 not due, 40 late by 149, 25 of unknown age, 60 in credit
    assert found == {
        "A": [0, 0, 0, 0, 0, 50, 100, 0, 150],
        "?": [80, 0, 0, 0, 0, 0, 0, 0, 80],
        "B": [41, 0, 0, 0, 0, 40, 25, -60, 46],
    }
    page = book.worksheets[1]
    assert (page["B6"].value, page["F6"].value, page["F5"].value) == (UNKNOWN, 10, 900)


def test_bounds_that_do_not_rise_give_nothing(pages):
    book, _ = pages["aged_balance", "en", "bounds"]
    assert book.worksheets[0]["A6"].value == text("bad_parameters", "en")
    assert balance_of(book) == {}
    page = book.worksheets[1]
    assert [page.cell(BALANCE.first + 1, 2 + at).value for at in range(9)] == [UNKNOWN] * 9
    assert page["B6"].value == UNKNOWN


def test_headings_follow_the_bounds(pages):
    page = pages["aged_balance", "fr", ""][0].worksheets[1]
    assert [page.cell(BALANCE.heading + 1, column).value for column in range(3, 8)] == [
        "1–30 j", "31–60 j", "61–90 j", "91–120 j", "> 120 j",
    ]  # fmt: skip
    assert CUSTOMERS == 100
    assert len(INVOICE_DEFECTS) == 9


def test_more_customers_than_rows_show_in_the_control(pages):
    page = pages["aged_balance", "en", "many"][0].worksheets[1]
    assert (page["B6"].value, page["J6"].value) == (10 + CUSTOMERS, CUSTOMERS + 1)  # the last customer's amount


# ---------------------------------------------------------------- late interest


def day_by_day(amount, due, end, buyer, contract, base):
    """Interest one day after the other, each at the rate of its own day; None: a rate is not known."""
    total = 0.0
    for number in range(1, (end - due).days + 1):
        day = due + timedelta(days=number)
        try:
            if buyer == "public":
                rate = legal.default_late_rate(due + timedelta(days=1), "public").value
            elif contract is not None:
                rate = max(contract, legal.late_rate_floor(day).value)
            else:
                rate = legal.default_late_rate(day).value
        except legal.LegalUnknownError:
            return None
        total += rate
    return round(amount * total / base + 1e-9, 2)


READABLE = [row for row in LATE_ROWS if row[0] and row[1] not in _UNREADABLE]


def of_cmtools(base):
    """Interest of each readable row (None: a rate is not known), and indemnity of each document, by cmtools."""
    columns = ["customer_id", "document", "amount", "due_date", "payment_date", "buyer", "late_rate"]
    rows = pd.DataFrame(READABLE, columns=columns).assign(item_id=[f"{number}" for number in range(len(READABLE))])
    rows["customer_id"] = rows["document"]  # buyer and rate are those of a customer
    rows = rows.astype({"due_date": "datetime64[us]", "payment_date": "datetime64[us]", "late_rate": "float64"})
    owed = rows[["item_id", "document", "customer_id", "amount", "due_date"]]
    paid = rows[["item_id", "amount", "payment_date"]].dropna()
    about = rows[["customer_id", "buyer", "late_rate"]].drop_duplicates("customer_id")
    found = interest.late_interest(owed, paid, LATE_DAY, customers=about, day_count=str(base), unknown="blank")
    parts = [found.loc[found["item_id"] == name, "interest"] for name in rows["item_id"]]
    indemnity = interest.recovery_indemnity(owed, paid, LATE_DAY, customers=about).set_index("document")["indemnity"]
    return [None if part.isna().any() else float(part.sum()) for part in parts], indemnity


@pytest.mark.parametrize("language", LANGUAGES)
def test_interest_is_that_of_cmtools_and_of_each_day(pages, language):
    book, _ = pages["late_interest", language, "edge"]
    base = 360 if language == "en" else 365
    expected, indemnity = of_cmtools(base)
    seen, compared = set(), 0
    for row, whole in zip(READABLE, expected, strict=True):
        place = INTEREST.first + LATE_ROWS.index(row)
        _, document, amount, due, paid, buyer, rate = row
        found = {key: read(book, 0, INTEREST, place, key) for key in ("interest", "indemnity", "days_late", "remark")}
        if buyer == "consumer":
            assert (found["interest"], found["indemnity"]) == (UNKNOWN, 0)
            continue
        end = min(paid or LATE_DAY, LATE_DAY)
        assert found["days_late"] == max((end - due).days, 0)
        same(found["indemnity"], 0 if document in seen else float(indemnity.get(document, 0)))
        seen.add(document)
        if document == "9":  # cmtools knows the rates from 2009, the sheet those from 2013
            assert (found["interest"], found["remark"]) == (UNKNOWN, text("interest_rate_unknown", language))
            continue
        each = day_by_day(max(amount, 0), due, end, buyer, rate, base)
        for value in (whole, each):
            same(found["interest"], UNKNOWN if value is None else value)
        compared += 1
    assert compared == 18


def test_a_half_year_that_is_filled_in_counts(pages):
    """1 000 from 1 December 2026 to 1 February 2027: 30 days at 12.40 %, 32 at 2.50 + 10 %."""
    book, _ = pages["late_interest", "fr", "rates"]
    found = read(book, 0, INTEREST, INTEREST.first, "interest")
    assert found == round(1000 * (30 * 12.40 + 32 * 12.50) / 36500, 2) == 21.15
    # 1 000 of a public buyer from 1 February to 1 March 2027: 28 days at 2.50 + 8 %
    assert read(book, 0, INTEREST, INTEREST.first + 1, "interest") == round(1000 * 28 * 10.5 / 36500, 2)
    # 1 000 at a contractual 9 % over the first of January 2027: three times 3.20 % is more
    assert read(book, 0, INTEREST, INTEREST.first + 2, "interest") == round(1000 * 10 * 9.6 / 36500, 2)


def test_interest_of_the_worked_cases(pages):
    """97 days on 12 000: 46 at 12.15 %, 51 at 12.40 %; public, all at 10.15 %; 2024, 46 at 14.50 %, 51 at 14.25 %."""
    book, _ = pages["late_interest", "fr", "edge"]
    found = [read(book, 0, INTEREST, INTEREST.first + at, "interest") for at in range(7)]
    points = [12 * (46 * 12.15 + 51 * 12.40), 12 * 97 * 10.15, 12 * (46 * 14.50 + 51 * 14.25), 2 * 14.50, 0, 0, 12.15]
    assert found == [round(10 * value / 365, 2) for value in points]
    assert found[:3] == [391.66, 323.69, 458.22]
    page = pages["late_interest", "en", ""][0].worksheets[0]
    # 391.66 + 323.69 + 334.26 + 124.27 + 19.97 + 77.03 (paid in time: nil; consumer: not computed); five indemnities
    assert [page.cell(6, column).value for column in (10, 11, 12)] == [1270.88, 200, 1470.88]
    assert page.cell(5, 10).value == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_rows_of_interest_that_cannot_be_read_are_said(pages, language):
    book, _ = pages["late_interest", language, "edge"]
    for at, row in enumerate(LATE_ROWS):
        if row[1] in _UNREADABLE:
            place = INTEREST.first + at
            assert read(book, 0, INTEREST, place, "remark") == text(f"row_{_UNREADABLE[row[1]]}", language), row
            assert [read(book, 0, INTEREST, place, key) for key in ("interest", "indemnity", "interest_total")] == (
                [UNKNOWN] * 3
            )
        elif row[0] is None:
            assert not any(read(book, 0, INTEREST, INTEREST.first + at, key) for key in ("interest", "remark"))


def test_the_table_of_rates_is_that_of_the_law(pages):
    book, _ = pages["late_interest", "fr", ""]
    table, page = rates_table(), book.worksheets[1]
    business, public = (legal.late_rate_periods(name) for name in ("business", "public"))
    business = business[business["start"] >= "2013-01-01"].reset_index(drop=True)
    assert len(public) == len(business) == table.last - table.heading - tools_interest.LATER
    for at in range(len(business)):
        row = [page.cell(table.first + at + 1, column).value for column in range(1, 8)]
        assert row[:2] == [business.loc[at, "start"], business.loc[at, "end"]]
        same(row[4], float(business.loc[at, "rate"]))
        same(row[5], float(public.loc[at, "rate"]))
        floor = float(business.loc[at, "floor"])
        same(row[6], UNKNOWN if floor != floor else floor)
    assert page.cell(table.last + 1, 5).value == UNKNOWN


def test_the_detail_of_a_row_adds_up(pages):
    """First row of the example: 46 days, 183.75, then 51 days, 207.91."""
    book, _ = pages["late_interest", "en", ""]
    table, page = rates_table(), book.worksheets[1]
    keys = ("detail_days", "detail_rate", "detail_interest")
    rows = [[read(book, 1, table, row, key) for key in keys] for row in range(table.first, table.last + 1)]
    assert [row for row in rows if row[0]] == [
        [46, pytest.approx(0.1215), pytest.approx(183.75)], [51, pytest.approx(0.124), pytest.approx(207.91)],
    ]  # fmt: skip
    last = [page.cell(table.last + 2, table.position[key] + 1).value for key in ("detail_days", "detail_interest")]
    assert last == [97, 391.66]


# ---------------------------------------------------------------- hidden cost


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_matrix_is_that_of_cmtools(pages, language):
    page = pages["hidden_cost", language, ""][0].worksheets[0]
    expected = cm.costs.hidden_cost_matrix(AMOUNTS, RATES)
    for at in range(len(AMOUNTS)):
        row = [page.cell(MATRIX.first + at + 2, column).value for column in range(2, 2 + len(RATES))]
        assert row == pytest.approx(expected.iloc[at].tolist(), abs=1e-9)
    assert page.cell(MATRIX.first + 5, 7).value == 50000  # 5 000 lost at 10 %


def test_margins_that_make_up_nothing_are_said(pages):
    page = pages["hidden_cost", "en", "matrix"][0].worksheets[0]
    rows = [[page.cell(MATRIX.first + at + 2, column).value for column in range(2, 9)] for at in range(4)]
    nothing = [UNKNOWN] * 5 + [None]
    assert rows[0] == [*nothing, UNKNOWN]  # an amount of nil
    assert rows[1] == [None] * 7
    assert rows[2] == [*nothing, UNKNOWN]
    # 5 000: nil, -5 %, 100 % (an outlay of nil), 1000 %, text, blank, 15 % of which 85 % was spent
    assert rows[3] == [UNKNOWN, UNKNOWN, 0, UNKNOWN, UNKNOWN, None, pytest.approx(28333.33)]


@pytest.mark.parametrize("number", range(len(UNPAID_CASES)))
def test_the_cost_of_an_unpaid_invoice_is_that_of_cmtools(pages, number):
    page = pages["hidden_cost", LANGUAGES[number % 2], f"case{number}"][0].worksheets[1]
    expected = costs.unpaid_cost(costs.UnpaidInvoice(**UNPAID_CASES[number]))
    amounts = expected.table.set_index("component")["amount"]
    assert [_COMPONENT_OF.get(name, name) for name in COMPONENTS] == amounts.index.tolist()
    column = UNPAID.position["cost_amount"] + 1
    for row, name in enumerate(COMPONENTS, UNPAID.first + 1):
        amount = amounts[_COMPONENT_OF.get(name, name)]
        same(page.cell(row, column).value, UNKNOWN if amount != amount else float(amount))
        assert bool(page.cell(row, UNPAID.position["missing"] + 1).value) == (amount != amount)
    ends = [
        UNKNOWN if value is None else value for value in (expected.total, expected.known, expected.compensation.sales)
    ]
    for row, value in enumerate(ends, TOTAL + 1):
        same(page.cell(row, column).value, value)


def test_percents_for_fractions_are_refused(pages):
    page = pages["hidden_cost", "en", "matrix"][0].worksheets[1]
    assert [page[place].value for place in ("A7", "A26", "A15")] == [
        text(key, "en") for key in ("vat_rate", "margin_rate", "financing_rate")
    ]  # fmt: skip
    assert [page[place].value for place in ("C7", "C26", "C15")] == [text("not_accepted", "en")] * 3
    column = UNPAID.position["cost_amount"] + 1
    assert [page.cell(row, column).value for row in (UNPAID.first + 1, TOTAL + 1, TOTAL + 3)] == [UNKNOWN] * 3


def test_the_cost_of_the_example_by_hand(pages):
    """5 000 lost + 6 000 x 5 % x 180 / 365 + 10 hours at 40 + 60 + 1 000 of VAT x 5 % x 30 / 365."""
    page = pages["hidden_cost", "fr", ""][0].worksheets[1]
    column = UNPAID.position["cost_amount"] + 1
    hand = 5000 + round(6000 * 0.05 * 180 / 365, 2) + 400 + 60 + round(1000 * 0.05 * 30 / 365, 2)
    assert page.cell(TOTAL + 1, column).value == pytest.approx(hand)
    assert page.cell(TOTAL + 3, column).value == pytest.approx(hand * 10)


# ---------------------------------------------------------------- collection


@pytest.mark.parametrize("language", LANGUAGES)
def test_follow_up_is_as_worked_out_by_hand(pages, language):
    book, _ = pages["collection", language, "edge"]
    for at, (row, expected) in enumerate(FOLLOW_CASES):
        keys = ("open", "days_late", "status", "promise_state", "next_action", "next_date", "priority")
        found = [read(book, 0, FOLLOW, FOLLOW.first + at, key) for key in keys]
        if expected is None:
            assert not any(found)
            continue
        remains, late, status, promise, action, day, priority = expected
        said = (
            text("action_no_step", language) if action == "" else text(f"action_{action}", language) if action else None
        )
        hand = [
            remains,
            late,
            text(status, language),
            text(promise, language) if promise else None,
            said,
            day,
            priority,
        ]
        assert [value if value != "" else None for value in found] == hand, row
        check = FOLLOW_SAID.get(row[1])
        assert (read(book, 0, FOLLOW, FOLLOW.first + at, "check") or None) == (
            text(f"row_{check}", language) if check else None
        )


def test_subtotals_by_status(pages):
    book, _ = pages["collection", "fr", "edge"]
    page = book.worksheets[2]
    found = {page.cell(row + 1, 1).value: (page.cell(row + 1, 2).value, page.cell(row + 1, 3).value)
             for row in range(SUMMARY.first, SUMMARY.last + 1)}  # fmt: skip
    expected = {text(name, "fr"): [0, 0] for name in STATUSES}
    for _, hand in FOLLOW_CASES:
        if hand:
            expected[text(hand[2], "fr")][0] += 1
            expected[text(hand[2], "fr")][1] += 0 if hand[0] == UNKNOWN else hand[0]
    assert found == {name: tuple(pair) for name, pair in expected.items()}
    assert page.cell(SUMMARY.last + 3, 3).value == UNKNOWN  # an amount cannot be read
    counts = [page.cell(SUMMARY.last + 6 + rank, 2).value for rank in range(len(PROMISES))]
    assert counts == [1, 2, 1, 1]
    assert page.cell(SUMMARY.last + 10, 2).value == pytest.approx(2 / 4)
    example = pages["collection", "en", ""][0].worksheets[2]
    assert example.cell(SUMMARY.last + 3, 3).value == 0
    # 8 650 + 5 120.50 + 5 800 + 6 240 - 780 + 15 300 + 11 875.25 + 2 460.80 + 1 980 + 0 + 1 310
    assert example.cell(SUMMARY.last + 2, 3).value == pytest.approx(57956.55)


# ---------------------------------------------------------------- files and the command


def test_a_file_that_exists_is_refused_unless_asked(tmp_path):
    path = tmp_path / "x.xlsx"
    path.write_text("typed by someone")
    with pytest.raises(InputError) as caught:
        write_tool("dso", path)
    assert [defect.code for defect in caught.value.defects] == ["template_exists"]
    with pytest.raises(InputError) as caught:
        write_tool("dsi", path)
    assert [defect.code for defect in caught.value.defects] == ["ledger_bad_argument", "template_exists"]
    assert path.read_text() == "typed by someone"
    assert write_tool("dso", path, "en", overwrite=True) == path
    assert openpyxl.load_workbook(path).worksheets[0].title == "DSO"
    assert [found.name for found in tmp_path.iterdir()] == ["x.xlsx"]


def test_a_folder_that_does_not_exist_is_said(tmp_path):
    with pytest.raises(InputError, match="no"):
        write_tool("dso", tmp_path / "no" / "x.xlsx")


def test_nothing_is_left_when_writing_fails(tmp_path, monkeypatch):
    def fails(book):
        raise OSError("disk full")

    monkeypatch.setitem(TOOLS, "dso", fails)
    with pytest.raises(InputError, match="disk full"):
        write_tool("dso", tmp_path / "x.xlsx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_command_writes_each_under_its_own_name(tmp_path, monkeypatch, capsys, language):
    monkeypatch.chdir(tmp_path)
    for tool in TOOLS:
        assert main(["template", tool, "--language", language]) == 0
        assert str(tmp_path / default_name(tool, language)) in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(default_name(tool, language) for tool in TOOLS)
    assert main(["template", "collection", "--language", language]) == 2
    assert default_name("collection", language) in capsys.readouterr().err
    assert main(["template", "dso", "--output", "other.xlsx"]) == 0
    assert (tmp_path / "other.xlsx").is_file()


def test_the_command_knows_every_tool():
    assert tuple(TOOLS) == _TOOLS


def test_the_same_workbook_twice_is_the_same(tmp_path):
    """But for the time at which it was made."""
    books = [openpyxl.load_workbook(write_tool("collection", tmp_path / f"{name}.xlsx", "fr")) for name in "ab"]
    contents = [[[cell.value for cell in row] for sheet in book for row in sheet.iter_rows()] for book in books]
    assert contents[0] == contents[1]
