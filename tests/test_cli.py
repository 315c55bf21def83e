"""The command: exit codes, messages in the language asked for, and never half a report."""

import html
import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import openpyxl
import pytest

from cmtools import pages, reports
from cmtools.cli import main
from cmtools.schemas import InputError

GOOD = """Facture;N° client;Client;Date facture;Échéance;Montant TTC
F1;C1;Alpha;01/05/2026;31/05/2026;1000,00
F2;C2;Béta;15/06/2026;15/07/2026;500,00
"""
BROKEN = (
    GOOD
    + """F3;C1;Alpha;01/06/2026;30/06/2026;12,a0
F4;C1;Alpha;01/06/2026;30/06/2026;xx
F5;C2;Béta;01/06/2026;30/06/2026;1..2
"""
)


@pytest.fixture
def write(tmp_path):
    def made(content, name="ledger.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return made


@pytest.fixture
def monthly(tmp_path):
    """Run `report monthly` into a folder of the test; the folder is returned with the exit code."""
    folder = tmp_path / "out"

    def run(*arguments):
        return main(["report", "monthly", *arguments, "--output", str(folder)]), folder

    return run


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# --- help ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "said", "unsaid"),
    [("fr", "rapport mensuel du poste clients", "closing date"), ("en", "monthly receivables report", "date d'arrêté")],
)
@pytest.mark.parametrize("form", ["two words", "one word", "environment"])
def test_help_in_both_languages(language, said, unsaid, form, capsys, monkeypatch):
    asked = {"two words": ["--language", language], "one word": [f"--language={language}"], "environment": []}[form]
    monkeypatch.setenv("CMTOOLS_LANGUAGE", language if form == "environment" else "fr")
    with pytest.raises(SystemExit) as stop:
        main(["report", "monthly", "--help", *asked])
    assert stop.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert said in text
    assert unsaid not in text
    for flag in ("--ledger", "--fec", "--as-of", "--output", "--terms", "--columns", "--tolerant", "--language"):
        assert flag in text


@pytest.mark.parametrize(
    "command",
    [[], ["report"], ["report", "monthly"], ["check"], ["template"], ["template", "statements"]],
)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*command, "--help"])
    assert stop.value.code == 0
    said = capsys.readouterr().out
    assert "%%" not in said
    assert "%(" not in said


@pytest.mark.parametrize("arguments", [[], ["report"], ["report", "monthly"], ["nothing"], ["check"]])
def test_incomplete_commands(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert capsys.readouterr().err


def test_help_loads_no_heavy_library():
    """Neither pandas nor papermill is needed to print the help."""
    code = (
        "import sys, cmtools.cli\n"
        "try: cmtools.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('pandas', 'polars', 'plotly', 'papermill', 'narwhals') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_version(capsys):
    from cmtools import __version__

    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"cmtools {__version__}\n"


# --- input refused before anything runs ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "said"),
    [("fr", "le fichier « absent.csv » n'existe pas"), ("en", "the file “absent.csv” does not exist")],
)
def test_unknown_files_are_all_named(language, said, monthly, capsys):
    code, folder = monthly(
        "--ledger", "absent.csv", "--customers", "autre.csv", "--as-of", "2026-06-30", "--language", language
    )
    assert code == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert "autre.csv" in shown.err
    assert shown.out == ""
    assert names(folder) == []


@pytest.mark.parametrize("as_of", ["30 juin", "2026-06-31", "31/06/2026", "2026", ""])
def test_bad_dates(as_of, monthly, write, capsys):
    code, folder = monthly("--ledger", write(GOOD), "--as-of", as_of, "--language", "fr")
    assert code == 2
    assert f"« {as_of} » n'est pas une date" in capsys.readouterr().err
    assert names(folder) == []


@pytest.mark.parametrize("as_of", ["0001-01-01", "1989-12-31", "2100-01-01", "9999-12-31"])
def test_dates_that_no_ledger_can_hold(as_of, monthly, write, capsys):
    code, folder = monthly("--ledger", write(GOOD), "--as-of", as_of, "--language", "en")
    assert code == 2
    assert f"“{as_of}” is out of reach; expected a date from 1990-01-01 to 2099-12-31" in capsys.readouterr().err
    assert names(folder) == []


@pytest.mark.parametrize("command", ["report", "check"])
def test_what_goes_with_a_ledger_alone_is_not_ignored_beside_a_fec(command, root, write, tmp_path, capsys):
    fec, other = str(root / "data" / "904172638FEC20260630.txt"), write(GOOD)
    source = ["check", fec] if command == "check" else ["report", "monthly", "--fec", fec, "--as-of", "2026-06-30"]
    output = [] if command == "check" else ["--output", str(tmp_path / "out")]
    assert main([*source, *output, "--settlements", other, "--columns", other, "--language", "en"]) == 2
    said = capsys.readouterr().err
    assert "the option --settlements goes with a ledger" in said
    assert "--columns" in said
    assert names(tmp_path / "out") == []


def test_a_refused_file_is_told_before_any_kernel_starts(monthly, write, capsys, monkeypatch):
    def never(*_, **__):
        raise AssertionError("the notebook must not run")

    monkeypatch.setattr(reports, "run", never)
    code, folder = monthly("--ledger", write(BROKEN), "--as-of", "2026-06-30", "--language", "fr")
    assert code == 2
    assert "ligne 4, colonne Montant TTC" in capsys.readouterr().err
    assert not folder.exists()


def test_external_information_is_read_before_any_kernel_starts(monthly, write, capsys, monkeypatch):
    def never(*_, **__):
        raise AssertionError("the notebook must not run")

    monkeypatch.setattr(reports, "run", never)
    facts = "N° client;Nature;Date;Valeur\n000116;Procédure collective;14/10/2025;faillite\n"
    wrong = write(facts, "informations.csv")
    code, folder = monthly("--ledger", write(GOOD), "--external", wrong, "--as-of", "2026-06-30", "--language", "fr")
    assert code == 2
    assert "faillite" in capsys.readouterr().err
    assert not folder.exists()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_ledger_or_a_fec(count, monthly, write, capsys):
    """Both, neither, or three FECs."""
    path = write(GOOD)
    sources = [] if count == 0 else ["--fec", path] * count + (["--ledger", path] if count == 1 else [])
    code, folder = monthly(*sources, "--as-of", "2026-06-30", "--language", "en")
    assert code == 2
    assert "give either a ledger (--ledger) or a FEC (--fec)" in capsys.readouterr().err
    assert names(folder) == []


def test_terms_of_nought_are_cash(write):
    path = write(GOOD.replace("31/05/2026", ""))
    for terms, due in ((0, "2026-05-01"), ("0", "2026-05-01"), (10, "2026-05-11")):
        ledger = reports.read_source(path, terms=terms)
        assert str(ledger.invoices["due_date"].min().date()) == due


# --- check --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["904172638FEC20250630.txt", "904172638FEC20260630.txt", "grand_livre.xlsx", "factures.csv"]
)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_check_of_the_sample_company(name, language, root, capsys):
    assert main(["check", str(root / "data" / name), "--language", language]) == 0
    said = capsys.readouterr().out
    assert {"fr": "Le fichier peut être utilisé.", "en": "The file can be used."}[language] in said
    assert name in said


def test_check_of_three_files(root, capsys):
    data = root / "data"
    files = ["--settlements", str(data / "reglements.csv"), "--customers", str(data / "clients.csv")]
    assert main(["check", str(data / "factures.csv"), *files]) == 0
    assert "reglements.csv" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n", "ledger.csv"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n", "904172638FEC20260630.txt"),
        (b"", "empty.csv"),
        (b"", "904172638FEC20260630.txt"),
        (b"PK\x03\x04rubbish", "ledger.xlsx"),
        (b"\x00\x01\x02\x03" * 100, "ledger.csv"),
        (b"a;b;c\n1;2;3\n", "ledger.csv"),
        (b"\x1f\x8brubbish", "ledger.csv.gz"),
    ],
)
def test_check_of_rubbish(content, name, write, capsys):
    assert main(["check", write(content, name), "--language", "fr"]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("Entrée inutilisable")
    assert shown.out == ""


def test_check_of_a_file_that_is_not_there_or_a_folder(tmp_path, capsys):
    assert main(["check", str(tmp_path / "absent.csv")]) == 2
    assert main(["check", str(tmp_path)]) == 2
    assert "absent.csv" in capsys.readouterr().err


def test_check_lists_every_defect_and_tolerant_counts_them(write, capsys):
    path = write(BROKEN)
    assert main(["check", path, "--language", "en"]) == 2
    said = capsys.readouterr().err
    assert [line for line in (4, 5, 6) if f"line {line}, column Montant TTC" in said] == [4, 5, 6]
    assert main(["check", path, "--language", "en", "--tolerant"]) == 0
    assert "rows read: 5; rows refused: 3" in capsys.readouterr().out


# --- whole runs ---------------------------------------------------------------------------------------------------


def old_report(folder):
    """A report of an earlier run."""
    folder.mkdir()
    for kind in ("html", "xlsx", "ipynb", "json"):
        (folder / f"report.{kind}").write_text(f"old {kind}")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "place"), [("fr", "ligne {}, colonne Montant TTC"), ("en", "line {}, column Montant TTC")]
)
def test_broken_ledger_lists_every_line_and_leaves_the_last_report(language, place, monthly, write, tmp_path, capsys):
    before = old_report(tmp_path / "out")
    code, folder = monthly("--ledger", write(BROKEN), "--as-of", "2026-06-30", "--language", language)
    assert code == 2
    shown = capsys.readouterr()
    assert [line for line in (4, 5, 6) if place.format(line) in shown.err] == [4, 5, 6]
    assert "1..2" in shown.err
    assert shown.err.count("\n") == 4  # how many, then one line each
    assert shown.out == ""
    assert contents(folder) == before


@pytest.mark.slow
def test_tolerant_says_on_the_first_page_what_was_left_out(monthly, write, capsys):
    rows = BROKEN + "F6;C2;Béta;31/31/2026;30/06/2026;77,25\n"
    code, folder = monthly("--ledger", write(rows), "--as-of", "2026-06-30", "--language", "fr", "--tolerant")
    assert code == 0
    assert names(folder) == ["report.html", "report.ipynb", "report.json", "report.xlsx"]
    page = (folder / "report.html").read_text(encoding="utf-8").replace("\u00a0", " ").replace("\u202f", " ")
    first = page[page.index("<body>") : page.index('<div class="cm-cards">')]
    assert "4 ligne(s) refusée(s) à la lecture, pour 77,25 EUR" in first
    assert "3 lignes refusées sans montant ni devise lisibles" in first
    assert "1 500,00 EUR" in first
    assert str(folder / "report.html") in capsys.readouterr().out
    kept = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert kept["parameters"]["tolerant"] is True


@pytest.mark.slow
def test_nothing_open_is_a_report_too(monthly, write):
    code, folder = monthly("--ledger", write(GOOD), "--as-of", "2020-01-31", "--language", "fr")
    assert code == 0
    page = html.unescape((folder / "report.html").read_text(encoding="utf-8")).replace("\u00a0", " ")
    assert "Rien à signaler." in page
    assert "Au 31/01/2020, l'encours est de 0,00 EUR sur 0 client débiteur" in page
    assert "non calculable : aucun encours" in page


@pytest.mark.slow
def test_paths_are_those_of_the_folder_the_command_runs_in(write, tmp_path, monkeypatch):
    path = Path(write(GOOD))
    monkeypatch.chdir(path.parent)
    arguments = ["--ledger", path.name, "--as-of", "2026-06-30", "--output", "some/where", "--company", "R&D <b>"]
    assert main(["report", "monthly", *arguments]) == 0
    folder = path.parent / "some" / "where"
    assert names(folder) == ["report.html", "report.ipynb", "report.json", "report.xlsx"]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<b>R&amp;D &lt;b&gt;</b> · arrêté au 30/06/2026 · source : ledger.csv" in page


def test_output_that_is_a_file(monthly, write, tmp_path, capsys):
    (tmp_path / "out").write_text("mine")
    code, folder = monthly("--ledger", write(GOOD), "--as-of", "2026-06-30", "--language", "fr")
    assert code == 1
    assert capsys.readouterr().err.startswith("Le rapport a échoué")
    assert folder.read_text() == "mine"


# --- the machinery under it ---------------------------------------------------------------------------------------


@pytest.fixture
def notebook(tmp_path):
    """Write a small report notebook: a parameters cell, then the code given (run third, after the values given)."""

    def made(code, parameters='language = "fr"\nworkbook = ""'):
        book = nbformat.v4.new_notebook()
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        book.cells = [nbformat.v4.new_markdown_cell("# Essai"), nbformat.v4.new_code_cell(parameters)]
        book.cells[1].metadata["tags"] = ["parameters"] if parameters else []
        book.cells.append(nbformat.v4.new_code_cell(code))
        path = tmp_path / "n.ipynb"
        nbformat.write(book, path)
        return path

    return made


def test_unknown_parameters_are_refused_together(notebook, tmp_path):
    with pytest.raises(InputError) as error:
        reports.run(notebook("pass"), {"langage": "fr", "asof": "x"}, tmp_path / "out")
    assert {(defect.code, defect.value) for defect in error.value.defects} == {
        ("unknown_parameter", "langage"), ("unknown_parameter", "asof"),
    }  # fmt: skip
    assert "language, workbook" in error.value.text("fr")
    assert names(tmp_path / "out") == []


def test_a_notebook_without_parameters_is_refused(notebook, tmp_path):
    with pytest.raises(InputError) as error:
        reports.run(notebook("pass", parameters=""), {}, tmp_path / "out")
    assert error.value.defects[0].code == "no_parameters_cell"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ('open(workbook, "w").write("half")\nraise RuntimeError("stopped")', "cellule 3 : RuntimeError : stopped"),
        ('open(workbook, "w").write("half")\nimport os\nos._exit(1)', ""),
        ("pass", "report.xlsx"),
    ],
    ids=["a cell raises", "the kernel dies", "no workbook"],
)
def test_a_report_that_fails_leaves_nothing(code, said, notebook, tmp_path):
    before = old_report(tmp_path / "out")
    with pytest.raises(reports.ReportError) as error:
        reports.run(notebook(code), {"language": "fr"}, tmp_path / "out")
    assert said in str(error.value)
    assert contents(tmp_path / "out") == before


@pytest.mark.slow
def test_a_cell_that_takes_too_long(notebook, tmp_path, monkeypatch):
    monkeypatch.setattr(reports, "CELL_TIMEOUT", 3)
    with pytest.raises(reports.ReportError):
        reports.run(notebook("import time\ntime.sleep(60)"), {}, tmp_path / "out")
    assert names(tmp_path / "out") == []


@pytest.mark.slow
def test_the_command_says_that_the_report_failed(notebook, monthly, write, monkeypatch, capsys):
    monkeypatch.setattr(reports, "check_parameters", lambda *_: None)
    monkeypatch.setattr(reports, "notebook_path", lambda *_: notebook("1 / 0"))
    code, folder = monthly("--ledger", write(GOOD), "--as-of", "2026-06-30", "--language", "en")
    assert code == 1
    assert "The report failed: cell 3: ZeroDivisionError: division by zero" in capsys.readouterr().err
    assert names(folder) == []


@pytest.mark.slow
def test_a_report_replaces_the_last_one_whole(notebook, tmp_path):
    old_report(tmp_path / "out")
    code = 'open(workbook, "w").write("whole")\nprint("<b>shown</b>")\nlanguage'
    made = reports.run(notebook(code), {"language": "en"}, tmp_path / "out", language="en")
    assert {kind: path.name for kind, path in made.items()} == {
        kind: f"report.{kind}" for kind in ("ipynb", "xlsx", "html", "json")
    }
    assert made["xlsx"].read_text() == "whole"
    page = made["html"].read_text(encoding="utf-8")
    assert "&lt;b&gt;shown&lt;/b&gt;" in page
    assert '<html lang="en">' in page
    assert "<title>Essai</title>" in page
    assert names(tmp_path / "out") == ["report.html", "report.ipynb", "report.json", "report.xlsx"]


def test_text_in_a_chart_cannot_close_its_script():
    chart = pages._chart({"data": [{"x": ["</script><script>alert(1)</script>", "&lt;"]}], "layout": {}}, "chart-1")
    assert chart.count("<script>") == chart.count("</script>") == 1
    assert json.loads('"\\u003c/script\\u003e"') == "</script>"


def test_reports_are_found_in_both_languages():
    assert reports.notebook_path("report_monthly", "fr") != reports.notebook_path("report_monthly", "en")
    with pytest.raises(FileNotFoundError):
        reports.notebook_path("no_such_report", "fr")


def test_the_command_is_installed():
    assert shutil.which("cmtools", path=str(sys.prefix) + "/bin") or shutil.which("cmtools")


# --- template ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "sheet"), [("fr", "Bilan actif"), ("en", "Assets")])
def test_template_statements(tmp_path, capsys, language, sheet):
    path = tmp_path / "accounts.xlsx"
    asked = ["template", "statements", "--output", str(path), "--language", language, "--years", "4"]
    assert main(asked) == 0
    assert str(path.resolve()) in capsys.readouterr().out
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[0] == sheet
    assert len({cell.value for cell in book[sheet][8][2:6]}) == 4  # a heading for each of four years
    assert main(asked) == 2  # what someone typed is never replaced
    assert "accounts.xlsx" in capsys.readouterr().err


@pytest.mark.parametrize(("years", "said"), [("0", "1–10"), ("many", "many"), ("2,5", "2,5"), ("-1", "-1")])
def test_template_statements_asks_for_some_years(tmp_path, capsys, monkeypatch, years, said):
    monkeypatch.chdir(tmp_path)
    assert main(["template", "statements", f"--years={years}"]) == 2
    assert said in capsys.readouterr().err
    assert names(tmp_path) == []


def test_template_statements_has_a_name_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["template", "statements", "--language", "en"]) == 0
    assert names(tmp_path) == ["accounts_to_fill.xlsx"]


# --- what the law is known to say, and numbers of the options ------------------------------------------------------


def test_legal_prints_values_articles_sources_and_how_far_they_are_known(capsys):
    assert main(["legal", "--on", "2026-06-30", "--language", "fr"]) == 0
    said = capsys.readouterr().out
    for part in ("12,15\u00a0%", "C. com. L441-10, II", "série connue jusqu'au 31/12/2026", "NON CONFIRMÉ", "https://"):
        assert part in said
    assert main(["legal", "--language", "en"]) == 0
    assert "Ceilings of payment terms" in capsys.readouterr().out


def test_legal_refuses_what_is_no_date(capsys):
    assert main(["legal", "--on", "soon", "--language", "en"]) == 2
    assert "--on" in capsys.readouterr().err


def test_every_wrong_number_of_the_options_is_told_at_once(monthly, write, capsys):
    wrong = ["--financing-rate", "abc", "--margin-rate", "120 %", "--equity", "much"]
    code, folder = monthly("--ledger", write(GOOD), "--as-of", "2026-06-30", *wrong, "--language", "fr")
    told = capsys.readouterr().err
    assert code == 2
    assert names(folder) == []
    for option, value in zip(wrong[::2], wrong[1::2]):
        assert f"colonne {option} : « {value} »" in told
