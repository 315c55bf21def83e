"""Credit files: sources, refusals, whole reports of sample customers and of real forms, the files of many customers."""

import csv
import json
import re
from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from html import unescape
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import cmtools as cm
from cmtools import reports
from cmtools.cli import main
from cmtools.language import HARD, THIN
from cmtools.portfolio import customer_jobs
from cmtools.schemas import InputError

LIASSES, LEDGER, FACTS = "data/liasses_clients.csv", "data/grand_livre.xlsx", "data/informations.csv"
DAY = date(2026, 6, 30)
SOURCES = ["--liasse", LIASSES, "--ledger", LEDGER, "--external", FACTS, "--as-of", "2026-06-30"]
# Words of the other language that no name, remark or file heading of these data holds.
FOREIGN = {
    "fr": r"the|and|with|which|are|overdue|outstanding|receipts?|unknown|months|rating|failing|proposal|provided",
    "en": r"avec|est|sont|une|dont|lettrés?|règlements|échu|inconnu|aucune?|défaillance|proposition|fourni",
}


# ---------------------------------------------------------------- sources


def test_one_source_of_accounts_at_a_time():
    with pytest.raises(InputError) as refused:
        reports.read_accounts(liasse=LIASSES, statements="accounts.csv")
    assert "--liasse, --statements" in refused.value.text("en")


def test_no_accounts_is_an_empty_table():
    assert len(reports.read_accounts().table) == 0


def test_each_kind_of_accounts_is_read(real_data):
    trial = reports.read_accounts(trial_balance="data/balance_client.csv", year_end="2025-12-31").table
    fec = reports.read_accounts(fec=str(real_data / "fec" / "222222222FEC20230731.TXT")).table
    assert (trial["form"].item(), fec["form"].item()) == ("trial_balance", "trial_balance")


@pytest.mark.parametrize(
    ("asked", "companies", "found"),
    [
        ("000186", ["000186", "000102"], ("000186", "000186")),
        ("", ["000186"], ("000186", "000186")),
        ("C12", ["my_accounts"], ("C12", "my_accounts")),  # a file of one company is that of the customer
    ],
)
def test_customer_and_its_company(asked, companies, found):
    accounts = cm.Statements(pd.DataFrame({"company_id": companies}))
    assert reports.customer_and_company(asked, accounts, None) == found


def test_accounts_of_one_company_are_not_those_of_a_customer_that_the_ledger_does_not_know():
    accounts = cm.Statements(pd.DataFrame({"company_id": ["000186"]}))
    ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    with pytest.raises(InputError) as refused:
        reports.customer_and_company("999", accounts, ledger)
    assert [defect.code for defect in refused.value.defects] == ["customer_unknown"]
    assert reports.customer_and_company("000102", accounts, ledger) == ("000102", "000186")


@pytest.mark.parametrize(("asked", "code"), [("", "customer_not_named"), ("000999", "customer_unknown")])
def test_customer_that_cannot_be_told(asked, code):
    accounts = cm.Statements(pd.DataFrame({"company_id": ["000186", "000102"]}))
    with pytest.raises(InputError) as refused:
        reports.customer_and_company(asked, accounts, None)
    assert [defect.code for defect in refused.value.defects] == [code]


# ---------------------------------------------------------------- refusals, before anything is written


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--as-of", "2026-06-30"], "--liasse, --trial-balance, --fec ou --statements"),
        (["--liasse", LIASSES, "--as-of", "2026-06-30"], "--customer"),
        ([*SOURCES, "--customer", "999999"], "999999"),
        ([*SOURCES, "--customer", "000186", "--request=-5"], "--request"),
        ([*SOURCES, "--customer", "000186", "--insured-share", "90"], "--insured-share"),
        ([*SOURCES, "--customer", "000186", "--terms-asked", "bientôt"], "bientôt"),
        ([*SOURCES, "--customer", "000186", "--grid", "absent.csv"], "absent.csv"),
        (["--liasse", LIASSES, "--customers", "data/clients.csv", "--as-of", "2026-06-30"], "--ledger"),
        ([*SOURCES[:-1], "30/06/1890", "--customer", "000186"], "1890"),
    ],
)
def test_what_cannot_be_used_is_refused_at_once(arguments, said, tmp_path, capsys):
    assert main(["report", "customer", *arguments, "--output", str(tmp_path / "out")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_defects_of_all_edited_files_are_told_together(write, tmp_path, capsys):
    grid = write("Critère;Poids\ninconnu;5\n".encode(), "grid.csv")
    facts = write("N° client;Nature;Date;Montant\n000186;lubie;30/06/2026;1\n".encode(), "facts.csv")
    arguments = ["--liasse", LIASSES, "--customer", "000186", "--as-of", "2026-06-30", "--grid", str(grid)]
    arguments += ["--external", str(facts), "--output", str(tmp_path / "out")]
    assert main(["report", "customer", *arguments]) == 2
    said = capsys.readouterr().err
    assert "grid.csv" in said
    assert "lubie" in said


# ---------------------------------------------------------------- many customers


def chosen(*customers: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": customers, "customer_name": "A <b>& Co</b>", "exposure_amount": 30_000.0,
            "credit_limit": float("nan"), "excess": float("nan"), "currency": "EUR",
        }
    )  # fmt: skip


def test_the_folder_of_a_customer_is_its_own_and_inside_the_output():
    jobs = customer_jobs(chosen("../up", "..:up", "C1", "c1"), {"as_of": "2026-06-30"}, "en")
    assert [job.name for job in jobs] == ["up", "up-2", "C1", "c1-2"]
    assert [job.parameters["customer"] for job in jobs] == ["../up", "..:up", "C1", "c1"]
    assert jobs[0].company == "../up A <b>& Co</b>"


def test_customers_above_an_exposure(ledger_exposures):
    everyone, ledger, told = ledger_exposures
    found = reports.customers_above(ledger, "2026-06-30", 50_000, told)
    assert found["exposure_amount"].is_monotonic_decreasing
    assert set(found["customer_id"]) == {name for name, amount in everyone.items() if amount >= 50_000}


@pytest.fixture(scope="module")
def ledger_exposures():
    """Exposure of every customer by csv and Decimal: items less settlements, orders, deliveries, bills, advances."""
    owed: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows_of("data/factures.csv"):
        owed[row["N° client"]] += number(row["Montant TTC EUR"])
    for row in rows_of("data/reglements.csv"):
        owed[row["N° client"]] -= number(row["Montant EUR"])
    signs = {"Carnet de commandes": 1, "Livré à facturer": 1, "Effets non échus": 1, "Acomptes reçus": -1}
    for row in rows_of(FACTS):
        until = row["Valable jusqu'au"]
        holds = row["Date"] and (not until or datetime.strptime(until, "%d/%m/%Y").date() >= DAY)
        if row["Nature"] in signs and holds:
            owed[row["N° client"]] += signs[row["Nature"]] * number(row["Montant"])
    ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    return owed, ledger, cm.read_external(FACTS)


def rows_of(path: str) -> list[dict[str, str]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


# ---------------------------------------------------------------- whole reports


class File:
    """What a credit file says, read from its own files."""

    def __init__(self, folder: Path, language: str):
        self.language = language
        self.html = (folder / "report.html").read_text(encoding="utf-8")
        self.markup = re.sub(r"<(script|style)\b.*?</\1\s*>", "", self.html, flags=re.DOTALL | re.IGNORECASE)
        self.text = " ".join(
            unescape(re.sub(r"<[^>]+>", " ", self.markup)).replace(HARD, " ").replace(THIN, " ").split()
        )
        self.book = openpyxl.load_workbook(folder / "report.xlsx")
        self.kept = json.loads((folder / "report.json").read_text(encoding="utf-8"))


def made(folder: Path, language: str, *arguments: str) -> File:
    assert main(["report", "customer", *arguments, "--language", language, "--output", str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "report.html",
        "report.ipynb",
        "report.json",
        "report.xlsx",
    ]
    return File(folder, language)


@pytest.fixture(scope="module", params=["fr", "en"])
def squeezed(request, tmp_path_factory):
    """000186, growing while its cash melts, with everything known of it."""
    folder = tmp_path_factory.mktemp(request.param) / "out"
    own = ["--customer", "000186", "--company", "Voltruzac Menuiseries", "--owner", "A. Testeur"]
    return made(folder, request.param, *SOURCES, *own)


PARTS = {
    "fr": ["1. La décision demandée", "2. Identité", "3. Engagement", "4. Comportement", "5. Informations externes",
           "6. Les comptes", "7. Scores", "8. Les méthodes", "9. Forces", "Annexe A", "Annexe B"],
    "en": ["1. The decision asked", "2. Identity", "3. Exposure", "4. Payment behaviour", "5. External",
           "6. The accounts", "7. Scores", "8. Limit methods", "9. Strengths", "Annex A", "Annex B"],
}  # fmt: skip


@pytest.mark.slow
def test_parts_stand_in_the_order_of_a_committee(squeezed):
    places = [squeezed.text.index(part) for part in PARTS[squeezed.language]]
    assert places == sorted(places)


@pytest.mark.slow
def test_a_customer_alone_is_no_group(squeezed):
    alone = {
        "fr": "Aucun autre client du même groupe n'est connu.",
        "en": "No other customer of the same group is known.",
    }
    assert {row["Groupe"] for row in rows_of("data/clients.csv") if row["N° client"] == "000186"} == {""}
    assert alone[squeezed.language] in squeezed.text


@pytest.mark.slow
def test_figures_of_the_file_are_those_of_the_sources(squeezed, ledger_exposures):
    owed, _, _ = ledger_exposures
    exposed = f"{owed['000186']:,.2f}"
    shown = exposed.replace(",", " ").replace(".", ",") if squeezed.language == "fr" else exposed
    assert f"{shown} EUR" in squeezed.text
    forms = {
        (row["code"], row["date_cloture"]): row["montant"] for row in rows_of(LIASSES) if row["entreprise"] == "000186"
    }
    equity = f"{int(forms['DL', '31/12/2025']):,}"
    assert (equity.replace(",", " ") if squeezed.language == "fr" else equity) in squeezed.text


@pytest.mark.slow
def test_every_model_is_there_with_a_score_or_a_reason(squeezed):
    sheet = squeezed.book["Scores"]
    rows = [row for row in sheet.iter_rows(min_row=2, values_only=True) if row[2] == datetime(2025, 12, 31)]
    assert len(rows) == len(cm.scoring.models())
    heads = [cell.value for cell in sheet[1]]
    score, reason = heads.index("Score"), heads.index("Remarque" if squeezed.language == "fr" else "Remark")
    assert [row for row in rows if (row[score] is None) == (row[reason] is None)] == []


@pytest.mark.slow
def test_words_are_of_one_language(squeezed):
    own = re.sub(
        r"Scores publiés|Chart of accounts.*?\)|jusqu'en 2024|60 jours|caution bancaire|non renouvelée",
        " ",
        squeezed.text,
    )
    own = re.sub(r"(Source et remarque|Source and remark).*?(6\. )", r"\2", own)  # remarks of the file are as written
    found = re.findall(rf"\b(?:{FOREIGN[squeezed.language]})\b", own, re.IGNORECASE)
    assert found == []


@pytest.mark.slow
def test_nothing_long_or_empty_is_shown(squeezed):
    typo = r"4[.,]59313"  # a wrong coefficient as it circulates, named on the card of its model
    assert re.findall(rf"(?!{typo})\d[.,]\d{{5,}}", squeezed.text) == []
    assert re.findall(r"\bnan\b|\bNone\b|\bNaT\b|Timestamp|\{\w+\}", squeezed.text) == []


@pytest.mark.slow
def test_page_asks_the_network_for_nothing(squeezed):
    assert re.findall(r'(?:src|href)="(?!data:)[^"#]*"', squeezed.markup) == []
    assert "A. Testeur" in squeezed.text
    assert len(squeezed.kept["sha256"]["ledger"]) == 64


@pytest.mark.slow
@pytest.mark.parametrize(("name", "known"), [("liasse_2050_a", True), ("liasse_2050_b", False), ("liasse_2033", True)])
def test_credit_files_of_real_forms(real_data, tmp_path, name, known):
    source = str(real_data / "comptes" / f"{name}.csv")
    asked = ["--year-end", "2025-12-31", "--as-of", "2026-06-30", "--request", "50 000"]
    file = made(tmp_path / "out", "fr", "--liasse", source, *asked)
    sheet = file.book["Scores"]
    heads = [cell.value for cell in sheet[1]]
    scores = [row[heads.index("Score")] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert any(value is not None for value in scores) == known
    assert "non coté" in file.text
    assert "Sans grand livre" in file.text
    assert "50 000,00 EUR" in file.text
    if not known:  # its page of liabilities is missing: said, and the income statement is still read
        assert "capitaux propres" in file.text
        assert "Excédent brut d'exploitation" in file.text


@pytest.mark.slow
def test_credit_file_of_a_ledger_alone(tmp_path):
    own = ["--ledger", LEDGER, "--as-of", "2026-06-30", "--customer", "000151"]
    file = made(tmp_path / "out", "en", *own)
    assert "Without accounts" in file.text
    assert "No limit proposed" in file.text


@pytest.mark.slow
def test_credit_file_of_a_trial_balance(tmp_path):
    own = ["--trial-balance", "data/balance_client.csv", "--year-end", "2025-12-31", "--as-of", "2026-06-30"]
    file = made(tmp_path / "out", "fr", *own, "--ledger", LEDGER, "--customer", "000146")
    assert "Conan et Holder" in file.text
    assert "000146" in file.text
