"""A portfolio is read whole and valid, or refused with every defect and its place."""

import json
from pathlib import Path

import nbformat
import pytest

import cmtools as cm
from cmtools.portfolio import folder_name
from cmtools.schemas import InputError

LEDGER = "Facture;N° client;Client;Date facture;Échéance;Montant TTC\nF1;C1;A;01/06/2026;30/06/2026;100,00\n"


@pytest.fixture
def folder(tmp_path):
    """Three companies' folders, each with its ledger."""
    for name in ("alpha", "beta", "gamma"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "factures.csv").write_text(LEDGER, encoding="utf-8")
    return tmp_path


def read(folder: Path, text: str, as_of="2026-06-30", **more):
    path = folder / "portfolio.yaml"
    path.write_text(text, encoding="utf-8")
    return cm.read_portfolio(path, as_of, **more)


def refused(folder: Path, text: str, **more):
    with pytest.raises(InputError) as error:
        read(folder, text, **more)
    assert error.value.text("fr") != error.value.text("en")
    return [(defect.code, defect.line, defect.column, defect.value) for defect in error.value.defects]


def test_companies_inline_take_the_common_parameters(folder):
    jobs = read(
        folder,
        """
language: en
parameters:
  terms: 45 jours
  financing_rate: 4,5 %
companies:
  - company_name: Alpha & Co
    ledger: alpha/factures.csv
  - company_name: Beta
    ledger: beta/factures.csv
    terms: 30
    language: fr
    as_of: 2026-05-31
    output: B. (2)
""".replace("B. (2)", "B-2"),
    )
    assert [(job.name, job.company, job.language) for job in jobs] == [
        ("Alpha_Co", "Alpha & Co", "en"),
        ("B-2", "Beta", "fr"),
    ]
    assert [Path(job.notebook).parent.name for job in jobs] == ["en", "fr"]
    assert jobs[0].parameters == {
        "as_of": "2026-06-30", "terms": "45 jours", "financing_rate": 0.045, "company_name": "Alpha & Co",
        "ledger": str(folder / "alpha" / "factures.csv"),
    }  # fmt: skip
    assert (jobs[1].parameters["terms"], jobs[1].parameters["as_of"]) == ("30", "2026-05-31")


def test_companies_in_a_table_with_french_headings(folder):
    table = "Société;Grand livre;Tolerant;Taux de financement;Dossier\n"
    table += '"Bois; fils";alpha/factures.csv;oui;4,5 %;\n;beta/factures.csv;;;b\n'
    (folder / "tables").mkdir()
    (folder / "tables" / "societes.csv").write_text(table.replace("alpha/", "../alpha/").replace("beta/", "../beta/"))
    first, second = read(folder, "companies: tables/societes.csv")
    assert (first.name, first.parameters["tolerant"], first.parameters["financing_rate"]) == ("Bois_fils", True, 0.045)
    assert second.name == "b"
    assert second.company == "factures"
    assert "tolerant" not in second.parameters
    assert Path(second.parameters["ledger"]).resolve() == (folder / "beta" / "factures.csv").resolve()


def test_a_pattern_is_a_company_for_each_file(folder):
    (folder / "beta" / "clients.csv").write_text("x")
    for name in ("alpha", "gamma"):
        (folder / name / "clients.csv").write_text("x")
    text = (
        "companies:\n  - ledger: '*/factures.csv'\n    customers: '{folder}/clients.csv'\n    output: '{name}-{stem}'\n"
    )
    jobs = read(folder, text)
    assert [job.name for job in jobs] == ["alpha-factures", "beta-factures", "gamma-factures"]
    assert [job.company for job in jobs] == ["alpha", "beta", "gamma"]
    assert [Path(job.parameters["customers"]).parent.name for job in jobs] == ["alpha", "beta", "gamma"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(folder):
    (folder / "x[1].csv").write_text(LEDGER, encoding="utf-8")
    (job,) = read(folder, "companies: [{ledger: 'x[1].csv'}]")
    assert job.parameters["ledger"].endswith("x[1].csv")


def test_all_defects_of_all_companies_are_told_at_once(folder):
    found = refused(
        folder,
        """parameters: {margin_rate: 120 %, asof: x}
companies:
  - ledger: alpha/factures.csv
    settlements: nowhere.csv
    equity: beaucoup
  - {company_name: Beta, ledger: beta/factures.csv, as_of: 2026-02-30}
  - {company_name: bêta, ledger: beta/factures.csv, output: ../beta}
  - {company_name: BETA, ledger: gamma/factures.csv, tolerant: peut-être, terms: [1]}
  - nothing
  - {company_name: Neither}
  - {ledger: 'no*/factures.csv'}
  - {ledger: '*/factures.csv', customers: '*/c.csv'}
  - {ledger: gamma/factures.csv, language: de}
""",
    )
    assert found == [
        ("cli_bad_rate", 1, "margin_rate", "120 %"), ("unknown_parameter", 1, "", "asof"),
        ("missing_file", 3, "settlements", "nowhere.csv"), ("settings_bad_number", 3, "equity", "beaucoup"),
        ("bad_date", 6, "as_of", "2026-02-30"), ("portfolio_output", 7, "output", "../beta"),
        ("portfolio_flag", 8, "tolerant", "peut-être"), ("portfolio_text", 8, "terms", "['1']"),
        ("portfolio_company_kind", 9, "", "nothing"), ("ledger_or_fec", 10, "", ""),
        ("portfolio_no_match", 11, "ledger", "no*/factures.csv"), ("portfolio_patterns", 12, "", "ledger, customers"),
        ("portfolio_language", 13, "language", "de"),
        ("portfolio_same_folder", 8, "", "BETA"), ("portfolio_same_folder", 13, "", "factures"),
    ]  # fmt: skip


def test_a_company_whose_only_file_is_not_there_is_told_that_alone(folder):
    found = refused(folder, "companies: [{ledger: nowhere.csv}, {fec: no.txt, output: b}]")
    assert [defect[0] for defect in found] == ["missing_file", "missing_file"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty_file"),
        ("~", "portfolio_no_mapping"),
        ("- a\n- b", "portfolio_no_mapping"),
        ("companies: [", "portfolio_no_yaml"),
        ("companies: !!python/object/apply:os.system ['true']", "portfolio_no_yaml"),
        ("companies: []", "portfolio_empty"),
        ("companies: {a: 1}", "portfolio_companies_kind"),
        ("companies: 3", "missing_file"),
        ("compagnies: [{ledger: a}]", "portfolio_key"),
        ("report: weekly\ncompanies: [{ledger: a}]", "portfolio_report"),
        ("report: ../../x.ipynb\ncompanies: [{ledger: a}]", "portfolio_report"),
        ("companies: [{ledger: a, ledger: b}]", "portfolio_twice"),
        ("companies: []\ncompanies: [{ledger: a}]", "portfolio_twice"),
        ("companies: absent.csv", "missing_file"),
        ("language: de\ncompanies: [{ledger: a}]", "portfolio_language"),
    ],
)
def test_a_portfolio_that_cannot_be_read(folder, text, code):
    assert refused(folder, text)[0][0] in (code, "portfolio_empty")
    assert code in [each[0] for each in refused(folder, text)]


def test_two_names_that_one_disk_takes_for_the_same(folder):
    text = "companies:\n- {company_name: Étoile, ledger: alpha/factures.csv}\n"
    text += "- {company_name: E\u0301TOILE, ledger: beta/factures.csv}"
    assert [code for code, *_ in refused(folder, text)] == ["portfolio_same_folder"]


@pytest.mark.parametrize(
    "output",
    ["..", ".", "a/b", "a\\b", "/tmp/x", "C:x", "CON", "nul.txt", "index", "manifest.json", "a ", ".a", "x" * 300,
     "a\u202eb", "portfolio.xlsx", "a\nb", "~", "$HOME", "%x%"],
)  # fmt: skip
def test_a_folder_that_would_leave_the_output_or_harm_it(folder, output):
    text = f"companies: [{{ledger: alpha/factures.csv, output: {json.dumps(output)}}}]"
    assert [code for code, *_ in refused(folder, text)] == ["portfolio_output"]


@pytest.mark.parametrize(
    ("company", "name"),
    [
        ("../../etc/passwd", "etc_passwd"), ("<script>alert(1)</script>", "script_alert_1_script"),
        ('=HYPERLINK("x")', "HYPERLINK_x"), ("+33", "33"), ("-rf", "rf"), ("@sum", "sum"),
        ("a\u202egpj.exe", "a_gpj_exe"),
        ("شركة الأمل", "شركة_الأمل"), ("...", "_"), ("", "_"), ("AUX", "_AUX"), ("Index", "_Index"), ("a\x00b", "a_b"),
        ("株式会社" * 100, ("株式会社" * 100)[:66]), ("{as_of}", "as_of"),
    ],
)  # fmt: skip
def test_the_folder_of_a_client_s_name_is_harmless(company, name):
    assert folder_name(company) == name
    assert len(name.encode()) <= 200


def test_a_notebook_of_one_s_own(folder):
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell('as_of = ""\nbudget = ""\nshare = 0.5\nyears = 3')]
    )
    book.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(book, folder / "mine.ipynb")
    (folder / "b.csv").write_text("x")
    text = "report: mine.ipynb\nfiles: [budget]\ncompanies:\n- {budget: b.csv, share: '0,25', years: '4'}\n"
    (job,) = read(folder, text)
    assert job.notebook == str(folder / "mine.ipynb")
    assert job.parameters == {"as_of": "2026-06-30", "budget": str(folder / "b.csv"), "share": 0.25, "years": 4}
    assert refused(folder, text.replace("b.csv", "c.csv")) == [("missing_file", 4, "budget", "c.csv")]


def test_the_committee_s_words_are_files(folder):
    (folder / "words.txt").write_text("Bloquer C1\n", encoding="utf-8")
    (job,) = read(folder, "companies: [{ledger: alpha/factures.csv, decisions: words.txt}]")
    assert job.parameters["decisions"] == "Bloquer C1\n"
