"""External information: every defect of a file at once, what holds on a date, the sample's own file."""

import csv
import importlib.util
import sys
from datetime import date, datetime

import pandas as pd
import pytest
import xlsxwriter

import cmtools as cm
from cmtools.external import EXTERNAL, STATUSES, external_table, facts, insolvencies, kinds, read_external, shown
from cmtools.language import label
from cmtools.schemas import InputError
from cmtools.settings import reference_rows
from cmtools.terms import parse_terms

HEAD = "N° client;Nature;Date;Valeur;Montant;Valable jusqu'au;Source;Remarque\n"
AT = "2026-06-30"


def codes(path):
    """Codes, lines and columns of what is wrong; the error reads in both languages."""
    with pytest.raises(InputError) as caught:
        read_external(path)
    for language in ("fr", "en"):
        assert path.name in caught.value.text(language)
    return [(defect.code, defect.line, defect.column) for defect in caught.value.defects]


# ---- kinds


def test_kinds_are_whole_and_have_labels():
    assert len(kinds()) == 21
    for kind in kinds().values():
        assert kind.value in ("choice", "text", "terms", "any")
        assert (kind.value == "choice") == bool(kind.choices)
        assert kind.amount in ("required", "optional", "none")
        assert kind.keeps in ("latest", "latest_by_source", "all")
        assert kind.family in ("external", "qualitative", "exposure", "request")
        for key in (kind.key, kind.family, *kind.choices):
            assert label(key, "fr") != key
    assert {key for key, kind in kinds().items() if not kind.dated} == {"request", "terms_asked"}


def test_words_name_known_kinds_choices_and_columns():
    allowed = {
        "external_heading": {column.name for column in EXTERNAL},
        "external_kind": set(kinds()),
        "external_value": {choice for kind in kinds().values() for choice in kind.choices},
    }
    for name, values in allowed.items():
        named = {row["value"] for row in reference_rows("settings_words.csv") if row["list"] == name}
        assert named
        assert named <= values
    assert {row["value"] for row in reference_rows("settings_words.csv") if row["list"] == "external_heading"} == (
        allowed["external_heading"]
    )


# ---- reading


def test_a_file_in_french_and_the_same_in_english(write):
    french = read_external(
        write(
            HEAD + "007;Avis de l'assureur-crédit;12/02/2026;réduit;10 000,50;31/12/2026;Assureur;note\n"
            "007;Création de l'entreprise;02/07/1904;;;;;\n"
            "007;Délai demandé;;45 jours fin de mois;;;Commercial;\n"
        )
    )
    english = read_external(
        write(
            "Customer no.,Kind,Date,Value,Amount,Valid until,Source,Remark\n"
            "007,Credit insurer's opinion,2026-02-12,reduced,10000.50,2026-12-31,Assureur,note\n"
            "007,founded,1904-07-02,,,,,\n"
            "007,terms_asked,,45 jours fin de mois,,,Commercial,\n",
            "english.csv",
        )
    )
    pd.testing.assert_frame_equal(french.table, english.table)
    assert french.report.defects == []
    assert french.report.rows_read == 3
    first = french.table.iloc[0]
    assert first.tolist() == [
        "007", "insurer_opinion", pd.Timestamp("2026-02-12"), "reduced", 10000.5, pd.Timestamp("2026-12-31"),
        "Assureur", "note",
    ]  # fmt: skip
    assert french.table["date"].iloc[1] == pd.Timestamp("1904-07-02")


def test_a_workbook_with_typed_dates_and_numbers(tmp_path):
    path = tmp_path / "infos.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet, days = book.add_worksheet(), book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(0, 0, ["N° client", "Nature", "Date", "Montant"])
        sheet.write_row(1, 0, ["000116", "Livré à facturer"])
        sheet.write_datetime(1, 2, datetime(2026, 6, 30), days)
        sheet.write_number(1, 3, 12400.25)
    found = read_external(path).table.iloc[0]
    assert (found["customer_id"], found["date"], found["amount"]) == ("000116", pd.Timestamp("2026-06-30"), 12400.25)
    assert found["source"] is None


def test_every_defect_of_a_file_at_once(write):
    path = write(
        HEAD
        + "\n".join(
            [
                ";Direction;01/01/2026;bon;;;;",  # 2: no customer
                "1;Rumeur;01/01/2026;;;;;",  # 3: no such kind
                "1;;01/01/2026;;;;;",  # 4: no kind
                "1;Direction;01/01/2026;excellente;;;;",  # 5: no such choice
                "1;Direction;02/01/2026;;;;;",  # 6: a choice without value
                "1;Encours demandé;01/01/2026;;beaucoup;;;",  # 7: no amount
                "1;Encours demandé;02/01/2026;;1,234;;;",  # 8: readable in two ways
                "1;Encours demandé;03/01/2026;;-5;;;",  # 9: negative
                "1;Encours demandé;04/01/2026;;;;;",  # 10: needed and absent
                "1;Direction;31/02/2026;bon;;;;",  # 11: no such day
                "1;Direction;12/31/2025;bon;;;;",  # 12: month first
                "1;Direction;03/01/2026;bon;12;;;",  # 13: a kind without amount
                "1;Garantie;01/06/2026;caution;5000;01/05/2026;;",  # 14: ends before it begins
                "1;Avis de l'assureur-crédit;01/01/2026;refusé;8000;;;",  # 15: refused with an amount
                "1;Délai demandé;01/01/2026;bientôt;;;;",  # 16: no terms
                "1;Privilège;01/01/2026;Urssaf;100;;Greffe;",
                "1;Privilège;01/01/2026;Urssaf;100;;Greffe;",  # 18: written twice
                "1;Actionnariat;01/01/2026;bon;;;;",
                "1;Actionnariat;01/01/2026;mauvais;;;;",  # 20: two of one day
            ]
        )
        + "\n"
    )
    assert codes(path) == [
        ("blank_value", 2, "N° client"),
        ("settings_unknown_key", 3, "Nature"),
        ("blank_value", 4, "Nature"),
        ("settings_unknown_key", 5, "Valeur"),
        ("blank_value", 6, "Valeur"),
        ("settings_bad_number", 7, "Montant"),
        ("settings_two_ways", 8, "Montant"),
        ("settings_negative", 9, "Montant"),
        ("blank_value", 10, "Montant"),
        ("bad_date", 11, "Date"),
        ("bad_date", 12, "Date"),
        ("external_no_amount", 13, "Montant"),
        ("external_until_before", 14, "Valable jusqu'au"),
        ("external_refused_amount", 15, "Montant"),
        ("bad_terms", 16, "Valeur"),
        ("settings_duplicate", 18, "Nature"),
        ("external_same_day", 20, "Date"),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("N° client;Nature;Valable jusq\n1;Direction;x\n", "settings_unknown_heading"),
        ("N° client;Nature;Kind\n1;Direction;\n", "settings_heading_twice"),
        ("N° client;Date\n1;01/01/2026\n", "settings_missing_column"),
        (HEAD, "settings_no_rows"),
    ],
)
def test_headings(write, text, code):
    assert code in [found for found, _, _ in codes(write(text))]


def test_undated_facts_and_unknown_customers_are_kept_and_told(write):
    path = write(HEAD + "116;Avis de l'assureur-crédit;;accordé;10000;;;\n000116;Direction;;bon;;;;\n")
    found = read_external(path, customers=["000116"])
    told = [(defect.code, defect.level, defect.line) for defect in found.report.defects]
    assert told == [
        ("external_unknown_customer", "warning", 2),
        ("external_undated", "warning", 2),
        ("external_undated", "warning", 3),
    ]
    assert len(found.table) == 2
    assert "Avis de l'assureur-crédit" in found.report.text("fr")
    assert "Credit insurer's opinion" in found.report.text("en")


def test_client_text_is_data(write):
    hostile = "=HYPERLINK(1) <b>../etc</b>"
    found = read_external(write(HEAD + f"1;Annonce légale;01/01/2026;{hostile};;;{hostile};{hostile}\n"))
    assert found.table[["value", "source", "remark"]].iloc[0].tolist() == [hostile] * 3


# ---- what holds on a date


def fact(kind, day=None, value=None, amount=None, until=None, source=None):
    row = {"customer_id": "A", "kind": kind, "date": day, "value": value, "amount": amount}
    return row | {"until": until, "source": source}


def test_the_latest_of_a_kind_holds_and_nothing_later():
    external = external_table(
        [
            fact("insurer_opinion", "2025-01-10", "accepted", 30000),
            fact("insurer_opinion", "2026-02-12", "reduced", 10000),
            fact("insurer_opinion", "2026-07-01", "refused", 0),
        ]
    )
    assert facts(external, "A", AT).amount("insurer_opinion") == 10000
    assert facts(external, "A", "2026-07-01").value("insurer_opinion") == "refused"
    assert facts(external, "A", "2026-02-11").value("insurer_opinion") == "accepted"
    assert facts(external, "A", "2025-01-09").value("insurer_opinion") is None
    assert facts(external, "A", AT).unused["status"].tolist() == ["superseded", "later"]
    assert facts(external, "B", AT).used.empty


def test_a_fact_holds_through_its_last_day_and_an_expired_one_brings_nothing_back():
    external = external_table(
        [
            fact("insurer_opinion", "2025-01-10", "accepted", 30000),
            fact("insurer_opinion", "2026-01-10", "reduced", 10000, "2026-03-31"),
        ]
    )
    assert facts(external, "A", "2026-03-31").amount("insurer_opinion") == 10000
    after = facts(external, "A", "2026-04-01")
    assert after.amount("insurer_opinion") is None  # not the 30 000 of the year before
    assert after.unused["status"].tolist() == ["superseded", "expired"]


def test_an_undated_fact_is_used_nowhere_but_a_request_needs_no_date():
    external = external_table([fact("supplier_limit", None, None, 9000), fact("request", None, None, 20000)])
    found = facts(external, "A", AT)
    assert found.amount("supplier_limit") is None
    assert found.amount("request") == 20000
    assert found.unused[["kind", "status"]].values.tolist() == [["supplier_limit", "undated"]]
    dated = external_table([fact("request", None, None, 20000), fact("request", "2026-06-01", None, 5000)])
    assert facts(dated, "A", AT).amount("request") == 5000


def test_liens_add_up_and_limits_of_suppliers_are_one_each():
    external = external_table(
        [
            fact("privilege", "2026-03-27", "Urssaf", 42300),
            fact("privilege", "2026-05-11", "Trésor", 18600),
            fact("privilege", "2024-05-11", "Trésor", 700, "2025-12-31"),  # struck off since
            fact("supplier_limit", "2025-05-01", None, 50000, source="S1"),
            fact("supplier_limit", "2026-05-01", None, 60000, source="S1"),
            fact("supplier_limit", "2026-04-01", None, 10000, source="S2"),
        ]
    )
    found = facts(external, "A", AT)
    assert found.amount("privilege") == 42300 + 18600
    assert sorted(found.of("supplier_limit")["amount"]) == [10000, 60000]
    assert found.day("privilege") == date(2026, 5, 11)
    assert found.amount("bills") is None  # unknown, which is not nil


def test_a_kind_that_is_not_known_is_refused():
    with pytest.raises(InputError) as caught:
        external_table([{"customer_id": "A", "kind": "rumour"}])
    assert [defect.code for defect in caught.value.defects] == ["external_unknown_kind"]
    with pytest.raises(InputError):
        facts(None, "A", AT).amount("rumour")


def test_what_is_shown_has_every_kind_in_order():
    external = external_table(
        [
            fact("management", None, "good"),
            fact("guarantee", "2025-03-31", "caution", 25000, "2026-03-31"),
            fact("bills", "2026-07-02", None, 10),
            fact("insurer_opinion", "2025-01-10", "accepted", 30000),
            fact("insurer_opinion", "2026-02-12", "reduced", 10000),
        ]
    )
    found = shown(external, "A", AT)
    assert found["kind"].tolist() == list(kinds())  # the superseded opinion is left out
    said = found.set_index("kind")["status"]
    assert said[["management", "guarantee", "bills", "insurer_opinion", "request"]].tolist() == [
        "undated", "expired", "later", "given", "not_provided",
    ]  # fmt: skip
    assert set(found["status"]) == set(STATUSES)
    assert found[found["status"] == "not_provided"][["value", "amount", "date"]].isna().all().all()
    assert shown(None, "A", AT)["status"].unique().tolist() == ["not_provided"]


# ---- the sample


@pytest.fixture(scope="module")
def sample(root):
    return read_external(root / "data" / "informations.csv")


@pytest.fixture(scope="module")
def clients(root):
    with (root / "data" / "clients.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["N° client"]: row for row in csv.DictReader(file, delimiter=";")}


def test_the_sample_is_what_its_script_writes(root, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(root / "data"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    spec = importlib.util.spec_from_file_location("make_information", root / "data" / "make_information.py")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    finally:
        sys.modules.pop("make_sample", None)
    module.main(tmp_path)
    assert (tmp_path / "informations.csv").read_bytes() == (root / "data" / "informations.csv").read_bytes()


def test_the_sample_agrees_with_the_customers(sample, clients):
    assert len(sample.table) == 261
    assert sample.table["customer_id"].nunique() == 39
    assert set(sample.table["customer_id"]) <= set(clients)
    assert (sample.table["date"].dropna() <= pd.Timestamp(AT)).all()
    limits = {number: row["Limite assureur"].replace(",", ".") for number, row in clients.items()}
    opinions = sample.table[sample.table["kind"] == "insurer_opinion"]
    for row in opinions.to_dict("records"):
        assert row["amount"] == float(limits[row["customer_id"]]), row["customer_id"]
        assert (row["value"] == "refused") == (row["amount"] == 0)
    asked = sample.table[sample.table["kind"] == "terms_asked"]["value"]
    assert all(parse_terms(text).days > 0 for text in asked)


def test_the_sample_agrees_with_the_sales(root, sample):
    bought = {}
    with (root / "data" / "factures.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            day = datetime.strptime(row["Date facture"], "%d/%m/%Y")
            if row["Nature"] in ("Facture", "Avoir") and day > datetime(2025, 6, 30):
                amount = float(row["Montant TTC EUR"].replace(",", "."))
                bought[row["N° client"]] = bought.get(row["N° client"], 0.0) + amount
    expected = sample.table[sample.table["kind"] == "monthly_purchases"]
    assert len(expected) == 37
    for row in expected.to_dict("records"):
        assert row["amount"] == pytest.approx(bought[row["customer_id"]] / 12, rel=0.06), row["customer_id"]


def test_the_sample_holds_undated_and_expired_facts_on_purpose(sample):
    undated = sample.table[sample.table["date"].isna()]
    assert undated[["customer_id", "kind"]].values.tolist() == [
        ["000138", "agency_rating"], ["000164", "insurer_opinion"], ["000231", "management"],
    ]  # fmt: skip
    expired = sample.table[sample.table["until"] < pd.Timestamp(AT)]
    assert expired[["customer_id", "kind"]].values.tolist() == [
        ["000116", "insurer_opinion"], ["000186", "guarantee"], ["000203", "agency_rating"],
    ]  # fmt: skip
    assert facts(sample, "000116", AT).value("insolvency_proceedings") == "liquidation"
    assert facts(sample, "000116", "2025-06-30").value("insolvency_proceedings") == "receivership"


def test_names_of_the_package():
    assert cm.read_external is read_external


# ---- insolvency proceedings on a date


def proceedings(*rows):
    names = ("customer_id", "date", "value", "until")
    return external_table([{"kind": "insolvency_proceedings", **dict(zip(names, row))} for row in rows])


def under(external, day):
    found = insolvencies(external, day)
    return {
        row["customer_id"]: (row["procedure"], f"{row['opened']:%Y-%m-%d}", f"{row['since']:%Y-%m-%d}")
        for row in found.to_dict("records")
    }


def test_proceedings_of_the_sample(sample):
    assert under(sample, AT) == {"000116": ("liquidation", "2025-03-25", "2025-10-14")}
    assert under(sample, "2025-10-13") == {"000116": ("receivership", "2025-03-25", "2025-03-25")}
    assert under(sample, "2025-03-24") == {}


def test_proceedings_without_a_break_have_one_opening():
    told = proceedings(
        ("A", "2025-01-10", "safeguard"),
        ("A", "2025-06-01", "safeguard"),  # told again: the same procedure
        ("A", "2025-09-01", "receivership", "2025-11-30"),
        ("A", "2025-12-01", "liquidation"),
        ("B", "2019-03-01", "receivership"),
        ("B", "2021-03-01", "no_proceedings"),
        ("B", "2026-02-01", "safeguard"),
        ("C", "2018-01-01", "safeguard", "2019-01-01"),
        ("C", "2026-03-01", "liquidation"),
        ("D", "2025-01-01", "receivership", "2026-01-01"),  # over since
        ("E", None, "liquidation"),  # undated: used in no computation
        ("F", "2026-07-01", "liquidation"),  # later
    )
    assert under(told, AT) == {
        "A": ("liquidation", "2025-01-10", "2025-12-01"),
        "B": ("safeguard", "2026-02-01", "2026-02-01"),
        "C": ("liquidation", "2026-03-01", "2026-03-01"),
    }
    assert under(told, "2025-07-31")["A"] == ("safeguard", "2025-01-10", "2025-01-10")


def test_without_information_nobody_is_known_to_be_insolvent():
    found = insolvencies(None, AT)
    assert found.empty
    assert found.columns.tolist() == ["customer_id", "procedure", "opened", "since"]
    assert str(found["opened"].dtype) == "datetime64[us]"
