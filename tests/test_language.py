"""Sentences, labels and formats: both languages, the same placeholders, nothing used that is not there."""

import ast
import csv
import errno
import pickle
import re
import string
from datetime import date, datetime

import pandas as pd
import pytest

from cmtools import language
from cmtools.language import (
    HARD,
    THIN,
    Reason,
    day,
    integer,
    kind_of,
    label,
    message,
    money,
    month,
    number,
    percent,
    resolve,
)
from cmtools.schemas import Defect

KINDS = {
    "unit",
    "index",
    "money",
    "rate",
    "precise_rate",
    "days",
    "integer",
    "date",
    "month",
    "text",
    "choice",
    "figure",
}


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def source(root):
    return root / "src" / "cmtools"


@pytest.fixture(scope="module")
def sentences(source):
    return [row for path in sorted((source / "reference" / "messages").glob("*.csv")) for row in read(path)]


@pytest.fixture(scope="module")
def labels(source):
    return read(source / "reference" / "labels.csv")


def placeholders(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


# --- the tables ---------------------------------------------------------------------------------------------------


def test_each_sentence_is_in_both_languages_with_the_same_placeholders(sentences):
    assert len(sentences) > 100
    assert [row["key"] for row in sentences if not (row["fr"] or "").strip() or not (row["en"] or "").strip()] == []
    # the plural mark is free: a language may need none
    apart = [row["key"] for row in sentences if (placeholders(row["fr"]) ^ placeholders(row["en"])) - {"s"}]
    assert apart == []
    positional = [row["key"] for row in sentences if "" in placeholders(row["fr"] + row["en"])]
    assert positional == []


def test_keys_are_unique_over_all_files(sentences, labels):
    for table in (sentences, labels):
        keys = [row["key"] for row in table]
        assert len(keys) == len(set(keys))


def test_each_label_has_both_languages_and_a_known_kind(labels):
    assert [row["key"] for row in labels if not (row["fr"] and row["en"]) or row["kind"] not in KINDS] == []
    for row in labels:
        assert (label(row["key"], "fr"), label(row["key"], "en")) == (row["fr"], row["en"])
        assert kind_of(row["key"]) == row["kind"]


def test_french_uses_its_own_signs_and_english_its_own(sentences, labels):
    english = re.compile(r"(?<!\w)(the|and|with|is|are|of)(?!\w)")
    french = re.compile(r"(?<!\w)(le|les|des|une|est|avec|sont)(?!\w)")
    quoted = re.compile(r"[«“][^»”]*[»”]|\{\w+\}")
    wrong = [row["key"] for row in [*sentences, *labels] if english.search(quoted.sub("", row["fr"]))]
    wrong += [row["key"] for row in [*sentences, *labels] if french.search(quoted.sub("", row["en"]))]
    assert wrong == []
    assert [row["key"] for row in sentences if "“" in row["fr"] or "«" in row["en"]] == []


def test_every_sentence_can_be_filled_in(sentences):
    for row in sentences:
        for tongue in ("fr", "en"):
            names = placeholders(row[tongue]) - {"s"}
            filled = message(row["key"], tongue, n=2, **dict.fromkeys(names, "§"))
            assert "{" not in filled
            assert filled.count("§") >= len(names)


# --- keys in the code ---------------------------------------------------------------------------------------------


def called(tree, *names):
    """First arguments, where they are plain text, of the calls of these functions."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in names:
            first = node.args[0]
            options = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
            yield from (o.value for o in options if isinstance(o, ast.Constant) and isinstance(o.value, str))


def test_keys_that_the_code_uses_exist(source, sentences, labels):
    known, named = {row["key"] for row in sentences}, {row["key"] for row in labels}
    used = {"message": set(), "label": set()}
    for path in source.glob("*.py"):
        if path.name != "language.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            used["message"] |= set(called(tree, "message", "Defect"))
            if path.name in ("display.py", "workbook.py", "plots.py"):  # elsewhere `label` may be something else
                used["label"] |= set(called(tree, "label"))
    assert used["message"] - known == set()
    assert used["label"] - named == set()
    assert len(used["message"]) > 30


def test_keys_made_from_parts_exist(sentences, labels):
    from cmtools.schemas import INVOICE_KINDS

    known, named = {row["key"] for row in sentences}, {row["key"] for row in labels}
    keys = ["outstanding", "not_due", "overdue", "overdue_rate", "over_60", "disputed", "doubtful", "retention"]
    keys += ["unknown_age", "unallocated", "dso_count_back", "dso_balance"]
    assert {f"{part}_{key}" for part in ("formula", "excluded") for key in keys} <= known
    levels = ("fatal", "error", "warning", "note")
    assert {f"{part}_{level}" for part in ("word", "level") for level in levels} <= known
    assert {f"unit_{unit}" for unit in ("money", "rate", "days")} <= known
    assert {*keys, *INVOICE_KINDS, "unallocated_receipt"} <= named


# --- sentences ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "fr", "en"), [(0, "0 autre", "0 others"), (1, "1 autre", "1 other"), (2, "2 autres", "2 others")]
)
def test_plural_marks(n, fr, en):
    assert message("and_others", "fr", count=n, n=n) == fr
    assert message("and_others", "en", count=n, n=n) == en


def test_unknown_keys_and_languages():
    with pytest.raises(KeyError):
        message("no_such_sentence", "fr")
    assert label("no_such_column", "fr") == "no_such_column"
    assert kind_of("no_such_column") == "text"
    with pytest.raises(ValueError, match="'fr' or 'en'"):
        resolve("de")


def test_language_comes_from_the_environment_then_is_french(monkeypatch):
    monkeypatch.delenv("CMTOOLS_LANGUAGE", raising=False)
    assert resolve(None) == "fr"
    monkeypatch.setenv("CMTOOLS_LANGUAGE", "en")
    assert (resolve(None), resolve("fr")) == ("en", "fr")
    assert number(1234.5) == "1,234.50"


@pytest.mark.parametrize(
    ("key", "fr", "en"),
    [("d1_30", "1–30 j", "1–30 d"), ("d0_45", "0–45 j", "0–45 d"), ("over_120", "> 120 j", "> 120 d")],
)
def test_buckets_have_labels_and_are_money(key, fr, en):
    assert label(key, "fr").replace(HARD, " ") == fr
    assert label(key, "en").replace(HARD, " ") == en
    assert " " not in label(key, "fr")
    assert kind_of(key) == "money"


def test_over_60_as_an_indicator_is_not_a_bucket():
    assert label("over_60", "fr") == "Échu de plus de 60 jours"


# --- formats ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "decimals", "fr", "en"),
    [
        (0, 2, "0,00", "0.00"),
        (-0.0, 2, "0,00", "0.00"),
        (-0.004, 2, "0,00", "0.00"),
        (-0.006, 2, "-0,01", "-0.01"),
        (1e-9, 2, "0,00", "0.00"),
        (999.995, 1, "1_000,0", "1,000.0"),
        (1234567.891, 2, "1_234_567,89", "1,234,567.89"),
        (-1234567.891, 0, "-1_234_568", "-1,234,568"),
        (9_999_999_999_999.99, 2, "9_999_999_999_999,99", "9,999,999,999,999.99"),
        (None, 2, "–", "–"),
        (float("nan"), 2, "–", "–"),
        (12, 2, "12,00", "12.00"),
    ],
)
def test_numbers(value, decimals, fr, en):
    assert number(value, decimals, "fr") == fr.replace("_", THIN)
    assert number(value, decimals, "en") == en


def test_money_percent_integer():
    assert money(-1234.5, "EUR", "fr") == f"-1{THIN}234,50{HARD}EUR"
    assert money(0.1 + 0.2, "USD", "en") == f"0.30{HARD}USD"
    assert money(None, "EUR", "fr") == f"–{HARD}EUR"
    assert percent(0.1234, 1, "fr") == f"12,3{HARD}%"
    assert percent(1.0, 0, "en") == "100%"
    assert percent(-0.00001, 1, "en") == "0.0%"
    assert percent(None) == percent(float("nan")) == "–"
    assert integer(1234.0, "fr") == f"1{THIN}234"


@pytest.mark.parametrize("value", [date(2026, 6, 3), datetime(2026, 6, 3, 12), pd.Timestamp("2026-06-03")])
def test_days_and_months(value):
    assert day(value) == day(value, "en") == "03/06/2026"
    assert (month(value, "fr"), month(value, "en")) == (f"juin{HARD}2026", f"Jun{HARD}2026")


def test_a_missing_day_is_a_dash():
    assert day(None) == day(pd.NaT) == "–"


def test_twelve_months_in_each_language():
    assert {name: len(set(months)) for name, months in language.MONTHS.items()} == {"fr": 12, "en": 12}


# --- lines of annual accounts -------------------------------------------------------------------------------------


def test_lines_of_accounts_have_labels_and_their_parts_too(source):
    rows = read(source / "reference" / "lines.csv")
    for row in rows:
        assert (label(row["key"], "fr"), label(row["key"], "en")) == (row["fr"], row["en"])
        assert kind_of(row["key"]) == row["kind"]
    assert label("clients_amort", "fr") == "Clients et comptes rattachés, amortissements et dépréciations"
    assert label("clients_net", "en") == "Trade receivables, net"
    assert kind_of("clients_amort") == kind_of("clients_net") == "money"
    # a line of its own that ends as a part does, a liability that has no parts, and another table's column
    assert label("dotations_amort", "en") == "Depreciation of fixed assets"
    assert label("capital_net", "fr") == "capital_net"
    assert label("sales_net", "fr") == "sales_net"
    assert kind_of("capital_net") == "text"


def test_lines_and_labels_do_not_clash(source, labels):
    assert {row["key"] for row in read(source / "reference" / "lines.csv")} & {row["key"] for row in labels} == set()


def test_aggregates_and_ratios_have_labels_of_their_unit(source, labels):
    named = {row["key"]: row for row in labels} | {row["key"]: row for row in read(source / "reference" / "lines.csv")}
    aggregates = {row["key"] for row in read(source / "reference" / "aggregates.csv")}
    assert [key for key in aggregates if named.get(key, {}).get("kind") != "money"] == []
    kinds = {"rate": "rate", "days": "days", "money": "money", "ratio": "figure", "years": "figure"}
    ratios = read(source / "reference" / "ratios.csv")
    assert [row["key"] for row in ratios if named.get(row["key"], {}).get("kind") != kinds[row["unit"]]] == []
    words = {row[name] for row in ratios for name in ("group", "status") if row[name]}
    words |= {"good", "average", "weak", "unknown_line", "nil_denominator", "negative_denominator", "simplified_form"}
    assert {*words, "no_year_before", "ok", "failed", "not_checkable"} <= set(named)


def test_terms_of_the_trade_are_those_of_the_glossary(source):
    """One French name for a term: that of terms.csv."""
    terms = {row["key"]: row for row in read(source / "reference" / "terms.csv")}
    pairs = {"frng": "frng", "bfr": "bfr", "bfre": "bfre", "bfrhe": "bfrhe", "tn": "tn", "ebe": "ebe",
             "valeur_ajoutee": "value_added", "rex": "operating_result", "eene_connus": "discounted_bills"}  # fmt: skip
    for key, term in pairs.items():
        assert label(key, "fr") == terms[term]["fr"]
        assert label(key, "en") == terms[term]["en"]


@pytest.mark.parametrize(
    ("error", "fr", "en"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "le disque est plein", "the disk is full"),
        (PermissionError(errno.EACCES, "Permission denied"), "vous n'en avez pas le droit", "you are not allowed to"),
        (OSError(errno.ELOOP, "Too many levels"), "Too many levels", "Too many levels"),  # we have no words for it
        (ValueError("bad <b>"), "bad <b>", "bad <b>"),
    ],
)
def test_reasons_of_the_system_are_said_in_the_language_of_the_reader(error, fr, en):
    reason = pickle.loads(pickle.dumps(Reason.of(error)))  # a worker of a batch sends it
    assert (reason.text("fr"), reason.text("en")) == (fr, en)
    assert message("convert_unwritable", "fr", value="x", reason=reason) == f"impossible d'écrire « x » ({fr})"
    defect = Defect("convert_unwritable", "fatal", value="x", details={"reason": reason})
    assert defect.text("en") == f"“x” cannot be written ({en})"


def test_every_reason_has_its_sentence():
    for name, key in language._REASONS.items():
        if code := getattr(errno, name, None):
            assert Reason.of(OSError(code, "said by the system")).text("fr") == message(f"reason_{key}", "fr")
