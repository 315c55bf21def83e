"""Errors in a notebook as one plain line, in a real shell and through real kernels; answers as people write them."""

import re
import subprocess
import sys
import warnings

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from refusals import unused_sentences
from traitlets.config import Config

import cmtools as cm
from cmtools.plain_lines import plain_line, understood

BEGIN = """
import cmtools as cm
import pandas as pd
import polars as pl

table = pd.DataFrame({"customer_id": ["C1"], "amount": [1.0]})
balance = 3
nothing = None
written = "1 234,56"
pair = (12, 5)
waiting = ...
"""
JARGON = re.compile(
    r"Traceback|object|argument|attribute|operand|iterable|syntax|NoneType|kwarg|tuple|\bstr\b", re.IGNORECASE
)


@pytest.fixture(scope="module")
def running():
    """A shell of its own in this process; what it puts in its place is put back."""
    main, hook = sys.modules["__main__"], sys.excepthook
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    cm.plain_errors("fr")
    assert shell.run_cell(BEGIN).success
    yield shell
    InteractiveShell.clear_instance()
    sys.modules["__main__"], sys.excepthook = main, hook


@pytest.fixture
def shell(running):
    cm.plain_errors("fr")
    known = set(running.user_ns)
    yield running
    for name in set(running.user_ns) - known:
        del running.user_ns[name]


def said(shell, capsys, cell):
    """What the reader sees of a cell that fails, without the place; the place is that of the line."""
    capsys.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # of Python itself, when it compiles
        result = shell.run_cell(cell)
    assert not result.success
    seen = capsys.readouterr()
    assert seen.err == ""
    lines = seen.out.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


# ---- cells that cannot start

STARTS = [
    ("x = 1 234", "1234"),
    ("x = 1 234,56 + 2", "1234.56"),
    ("x = 12,5 %", "0.125"),
    ("x = cm.cost_of_delay(1000, 5 %, 30)", "0.05"),
    ("x = 1 234,56 €", "« € »"),
    ("x = cm.dso(balance, 31/03/2025)", '"2025-03-31"'),
    ("x = cm.dso(balance, 2025-03-31)", '"2025-03-31"'),
    ("x = cm.dso(balance, 0,05)", "0.05"),
    ("x = cm.dso(balance", "Ajoutez « ) »"),
    ("x = cm.dso(balance\ny = 3", "Ajoutez « ) »"),
    ("x = [1, 2", "Ajoutez « ] »"),
    ("x = balance)", "« ) » est de trop"),
    ("x = [1, 2)", "Remplacez « ) » par « ] »"),
    ('t = "bonjour', "à la fin du texte"),
    ('t = """bonjour', "à la fin du texte"),
    ("t = 'l'encours'", "apostrophe"),
    ("t = “bonjour”", "guillemet droit"),
    ("t = « bonjour »", "guillemet droit"),
    ("x = 3 × 4", "par *"),
    ("x = 5 − 2", "par -"),
    ("x = 5 §", "« § »"),
    ("x\u00a0= 3", "espace invisible"),
    ("if balance > 2\n    x = 1", "« : »"),
    ("if balance > 2:\nx = 1", "Tab"),
    ("if balance > 2:", "Tab"),
    ("x = 1\n  y = 2", "au début"),
    ("x = 12jours", "« 12jours »"),
    ("12 = x", "à gauche"),
    ("x =", "il manque une valeur"),
    ('print "a"', "print(…)"),
    ("x = [1 2]", "virgule"),
    ("x = cm.dso(as_of=3, balance)", "sans nom"),
    ('f = "C:\\Users\\a.xlsx"', "avec / au lieu de"),
    ("f = C:\\compta", "avec / au lieu de"),
    ("f = C:/compta/balance.xlsx", "entre guillemets droits"),
    ("return 3", "Effacez"),
    ("x = 3 4 5 )(", "Remplacez|Vérifiez|Effacez"),
]


@pytest.mark.parametrize(("cell", "part"), STARTS)
def test_a_cell_that_cannot_start(shell, capsys, cell, part):
    line = said(shell, capsys, cell)
    assert re.search(part if "|" in part else re.escape(part), line), line
    assert line.startswith("Ligne ")
    assert line.endswith("Puis relancez la cellule : Maj + Entrée.")
    assert not JARGON.search(line)


# ---- cells that stop on the way

STOPS = [
    ("months = trois", "écrivez-le en chiffres, 3."),
    ("months = Douze", "écrivez-le en chiffres, 12."),
    ("balence", "« balance »"),
    ("Balance", "« balance »"),
    ("Print(3)", "« print »"),
    ("dso", "cm.dso"),
    ("aged_balnce", "cm.aged_balance"),
    ("ledger", "Tout exécuter"),
    ("answer = refuser", 'answer = "refuser"'),
    ("table['montant']", "customer_id, amount"),
    ("table['Amount']", "« amount »"),
    ("table.amout", "« amount »"),
    ("table[['customer_id', 'amont']]", "« amount »"),
    ("table.groupby('amnt').sum()", "« amount »"),
    ("table.sort_values('amounts')", "« amount »"),
    ("table.loc['C9']", "« C9 » n'existe pas dans cette liste"),
    ("{'a': 1}['b']", "« b »"),
    ("pl.from_pandas(table).select('amout')", "« amount »"),
    ("cm.dos", "« dso »"),
    ("cm.aged_blance", "« aged_balance »"),
    ("balance.days", "« days »"),
    ("from cmtools import dos", "« dso »"),
    ("nothing.days", "est vide"),
    ("nothing + 1", "est vide"),
    ("waiting + 1", "Remplacez-les"),
    ("waiting > 1", "Remplacez-les"),
    ("written * 1.5", "sans guillemets"),
    ("written + 1", "Enlevez les guillemets"),
    ("1 + written", "Enlevez les guillemets"),
    ("written > 1", "Enlevez les guillemets"),
    ("pair * 2.0", "avec un point"),
    ("pair + 2", "mettez un point"),
    ("float(written)", "« 1 234,56 »"),
    ("int('12,5')", "« 12,5 »"),
    ("cm.balance_dso(3)", "sales, days"),
    ("cm.margin_on_price(1, 2, 3)", "trop de valeurs"),
    ("cm.margin_on_price(1, margin_on_cost=2)", "deux fois"),
    ("cm.margin_on_price(marge=3)", "margin_on_cost"),
    ("cm.dso(balance, as_off='2025')", "« as_of »"),
    ("print(seq=3)", "« seq »"),
    ("cm.dso['a']", "parenthèses ( )"),
    ("balance(3)", "multiplier"),
    ("written(3)", "n'est pas une fonction"),
    ("1 / 0", "diviser par zéro"),
    ("table['amount'] // 0 / (balance - 3) + 1 / (balance - 3)", "diviser par zéro"),
    ("[1][3]", "plus courte"),
    ("import pandsa", "« pandas »"),
    ("import xyzw", "formateur"),
    ("open('nofile.csv')", "« nofile.csv »"),
    ("open('nofolder/file.csv')", "« nofolder »"),
    (r"open('C:\\compta\\balance.csv')", "par /"),
    (r"open('C:\table.csv')", "par /"),
    ("open('.')", "est un dossier"),
    ("cm.read_ledger('nofile.csv')", "le fichier « nofile.csv » n'existe pas"),
    ("raise PermissionError(13, 'Permission denied', 'balance.xlsx')", "Excel"),
    ("raise KeyboardInterrupt", "a été interrompu"),
    ("raise MemoryError", "mémoire"),
    ("raise RuntimeError('boom')", "(RuntimeError)"),
    ("pd.Timestamp('31 fev')", "année-mois-jour"),
    ("pd.to_datetime('demain')", "année-mois-jour"),
    ("cm.language.resolve('de')", "'fr', 'en'"),
    ("if table['amount'] > 0 if balance else 0:\n    pass\nbool(table)", "toute une colonne"),
    ("table.query('amount >')", "entre guillemets"),
    ("eval('1 +')", "entre guillemets"),
    ("%nomagic", "commande"),
    ("import plotly.express as px\npx.bar(table, x='client', y='amount')", "customer_id, amount"),
    ("import plotly.graph_objects as go\ngo.Figure(layout={'titel': 3})", "« title »"),
    ("import plotly.graph_objects as go\ngo.Figure().update_layout(titel=3)", "« title »"),
    ("class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd()", "(Odd)"),
    ("raise ExceptionGroup('a', [ValueError(1)])", "(ExceptionGroup)"),
    ("raise cm.answers.AnswerError('answer_not_known')", "une donnée manque"),
]


@pytest.mark.parametrize(("cell", "part"), STOPS)
def test_a_cell_that_stops_on_the_way(shell, capsys, cell, part):
    shell.run_cell("import cmtools.answers; cm.answers = cmtools.answers")
    line = said(shell, capsys, cell)
    assert part in line
    assert line.startswith("Ligne ")
    assert not JARGON.search(line.partition("») : ")[2])


def test_the_near_file_of_the_folder_is_named(shell, capsys, tmp_path):
    (tmp_path / "factures.csv").write_text("a")
    assert "« factures.csv »" in said(shell, capsys, f"open({str(tmp_path / 'facture.csv')!r})")


@pytest.mark.parametrize(("cell", "part"), [*STARTS, *STOPS])
def test_each_line_is_in_english_too(shell, capsys, cell, part):
    shell.run_cell("import cmtools.answers; cm.answers = cmtools.answers")
    cm.plain_errors("en")
    line = said(shell, capsys, cell)
    rest = line.partition("”): ")[2]
    assert line.startswith("Line ")
    assert rest
    assert not re.search(r"é|(?<!\w)(le|la|les|des|une|est|pas)(?!\w)", rest)


def test_the_line_is_that_of_the_cell_as_it_is_seen(shell, capsys):
    assert said(shell, capsys, "\n\n# total\nx = 1 / 0").startswith("Ligne 4 (« x = 1 / 0 ») : ")
    assert said(shell, capsys, "\n\nx = (1").startswith("Ligne 3 (« x = (1 ») : ")
    assert said(shell, capsys, "def share():\n    return 1 / 0\n\nshare()").startswith("Ligne 2 (« return 1 / 0 ») : ")
    assert said(shell, capsys, "x = 1\n" + "y" * 90 + "()").startswith("Ligne 2 (« yyyy")


def test_all_defects_of_an_input_are_told(shell, capsys):
    defects = "Defect('bad_terms', value='x'), Defect('bad_shares', value='y')"
    shell.run_cell(f"from cmtools.schemas import Defect\nraise cm.InputError([{defects}])")
    seen = capsys.readouterr().out
    assert "2 défauts" in seen
    assert "« x » n'est pas un délai" in seen
    assert "« y »" in seen
    assert "Traceback" not in seen


def test_hostile_names_stay_on_one_line(shell, capsys):
    line = said(shell, capsys, r"raise KeyError('a\nb\x1b[31m<script>' + 'z' * 500)")
    assert "\x1b" not in line
    assert len(line) < 400


def test_the_whole_error_can_be_asked_for(shell, capsys):
    for cell, name in (("1 / 0", "ZeroDivisionError"), ("x = (1", "SyntaxError")):
        said(shell, capsys, cell)
        shell.run_cell("%tb")
        assert name in capsys.readouterr().out


def test_done_twice_changes_the_language_alone(shell, capsys):
    before = len(shell.input_transformers_cleanup)
    cm.plain_errors("en")
    cm.plain_errors("en")
    assert len(shell.input_transformers_cleanup) == before
    assert said(shell, capsys, "1 / 0").startswith("Line 1 (“1 / 0”): ")


def test_without_a_shell_nothing_happens():
    code = "import cmtools as cm, sys; cm.plain_errors('fr'); assert 'IPython' not in sys.modules; 1 / 0"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ZeroDivisionError" in done.stderr


def test_a_good_cell_is_untouched(shell, capsys):
    assert shell.run_cell("print(balance)\nbalance").result == 3
    assert capsys.readouterr().out.startswith("3\n")


@given(
    st.text(max_size=60),
    st.sampled_from([SyntaxError, KeyError, TypeError, ValueError, NameError, AttributeError, OSError, ImportError]),
)
def test_any_error_of_any_text_has_its_line(text, kind):
    for language in ("fr", "en"):
        line = plain_line(kind(text), language, cell=text)
        assert line
        assert "\n" not in line


# ---- answers in cells


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("answer = 1 234,56", "answer = 1234.56"),
        ("answer = 12,5 %", "answer = '12,5 %'"),
        ("answer = 31/03/2025", "answer = '31/03/2025'"),
        ("answer = 31/12/2025", "answer = '31/12/2025'"),
        ("answer = 0,05", "answer = 0.05"),
        ("answer = 1 234,56 €", "answer = '1 234,56 €'"),
        ("answer=12,5", "answer = 12.5"),
        ("reponse = 12,5", "reponse = 12.5"),
        ("réponse = 12,5", "réponse = 12.5"),
        ("re\u0301ponse = 12,5", "re\u0301ponse = 12.5"),
        ("answer = 12,5  # jours, l'un", "answer = 12.5  # jours, l'un"),
        ("answer\u00a0=\u00a012.5", "answer = 12.5"),
        ("answer =\u00a0balance /\u00a02", "answer = balance / 2"),
        ("answer = …", "answer = ..."),
        ("answer =", "answer = ..."),
        ("answer = # jours", "answer = ...  # jours"),
        ("answer = “refuser”", "answer = 'refuser'"),
        ("answer = « refuser »", "answer = 'refuser'"),
        ("answer = −3", "answer = -3"),
        ("answer = 3*1,5", "answer = 3*1.5"),
        ("answer = 1,5*2", "answer = 1.5*2"),
        ("answer = 3,5-1,2", "answer = 3.5-1.2"),
        ("answer = (balance + 1) * 1,2", "answer = (balance + 1) * 1.2"),
        ("answer = créances * 1,2 - max(1,5)  # TTC", "answer = créances * 1.2 - max(1,5)  # TTC"),
    ],
)
def test_answers_are_understood(line, code):
    assert understood([line + "\n"], "fr") == [code + "\n"]


@pytest.mark.parametrize(
    "line",
    [
        "answer = 12.5",
        "answer = 1234",
        "answer = dso(1, 5)",
        "answer = 3/4",
        "answer = (3)",
        "answer = (12,5)",
        "answer = 12, 5",
        "answer = dso(1, 5), 3",
        "answer = (1,5)",
        "answer = [1,5]",
        "answer = table[1,5]",
        "answer = max(1,5) * 2",
        "answer = name('a  b', 1,5)",
        "answer = ...",
        'answer = "1 234,56"',
        "answer = '12,5'",
        "answer == 12,5",
        "answers = 12,5",
        "my_answer = 12,5",
        "    answer = 12,5",
        "x = 12,5",
        "print(answer)",
        "answer = balance # 12,5",
    ],
)
def test_code_is_left(line):
    assert understood([line + "\n"], "fr") == [line + "\n"]


def test_only_lines_of_code_are_read():
    text = ['note = """\n', "answer = 12,5\n", '"""\n', "answer = 12,5\n"]
    assert understood(text) == [*text[:3], "answer = 12.5\n"]
    call = ["f(\n", "answer = 12,5\n", ")\n"]
    assert understood(call) == call
    magic = ["%%html\n", "answer = 12,5\n"]
    assert understood(magic) == magic


def test_several_answers_of_a_cell_and_the_page_language():
    assert understood(["answer = 1 2\n", "answer = 1,234\n"], "fr") == ["answer = 1 2\n", "answer = 1.234\n"]
    assert understood(["answer = 1,234"], "en") == ["answer = 1234"]
    assert understood(["answer = 2 * 1,234"], "en") == ["answer = 2 * 1234"]
    assert understood(["answer = 2 * 1,234"], "fr") == ["answer = 2 * 1.234"]
    assert understood(["answer = 2 * 12,5"], "en") == ["answer = 2 * 12.5"]
    assert understood(["# l'un\n", "answer = 12,5\r\n"], "fr") == ["# l'un\n", "answer = 12.5\r\n"]


def test_an_answer_reaches_the_cell(shell):
    for cell, value in {
        "answer = 1 234,56": 1234.56,
        "\nréponse = 12,5 %": "12,5 %",
        "answer = 1,5\nanswer": 1.5,
    }.items():
        assert shell.run_cell(cell).success
        assert shell.user_ns["réponse" if "%" in cell else "answer"] == value


@given(st.text("answer =0123456789,.-()[]{}'\"#%€/jours\u00a0\n", max_size=60))
def test_other_lines_are_never_touched(text):
    lines = text.splitlines(keepends=True)
    read = understood(lines, "fr")
    assert len(read) == len(lines)
    assert all(new == old or old.startswith("answer") for old, new in zip(lines, read))


# ---- through a kernel


def notebook(*cells):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])


def outputs(language, *cells):
    page = notebook(f"import cmtools as cm\ncm.plain_errors('{language}')", *cells)
    NotebookClient(page, timeout=120, kernel_name="python3", allow_errors=True).execute()
    return [cell.outputs for cell in page.cells[1:]], str(page.metadata.get("widgets", ""))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "starts", "zero", "stopped"),
    [
        ("fr", "Ligne 1 («", "diviser par zéro", "a été interrompu"),
        ("en", "Line 1 (“", "divided by zero", "was interrupted"),
    ],
)
def test_a_kernel_shows_one_line_and_the_cell_has_failed(language, starts, zero, stopped):
    interrupt = "import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(20)"
    widget = "import ipywidgets\ndef draw(x): return 1 / x\nipywidgets.interact(draw, x=ipywidgets.fixed(0));"
    odd = "class Odd:\n    def _repr_html_(self): return 1 / 0\n    def __repr__(self): return 'odd'\nOdd()"
    found, controls = outputs(
        language,
        "1 / 0",
        "x = (1",
        "return 3",
        "answer = 1 234,56\nprint(answer)",
        interrupt,
        odd,
        "raise SystemExit",
        widget,
    )
    errors = [[output for output in cell if output.output_type == "error"] for cell in found]
    assert [len(cell) for cell in errors][:6] == [1, 1, 1, 0, 1, 1]
    assert [cell[0].ename for cell in errors[:3]] == ["ZeroDivisionError", "SyntaxError", "SyntaxError"]
    for cell in errors:
        for output in cell:
            assert len(output.traceback) == 1
            assert "\n" not in output.traceback[0]
            assert "Traceback" not in output.traceback[0]
    assert errors[0][0].traceback[0].startswith(starts)
    assert zero in errors[0][0].traceback[0]
    assert stopped in errors[4][0].traceback[0]
    assert zero in errors[5][0].traceback[0]
    assert found[3][0].text == "1234.56\n"
    assert zero in controls
    assert "Traceback" not in str(found) + controls


@pytest.mark.slow
def test_running_all_cells_stops_at_the_one_that_failed():
    page = notebook("import cmtools as cm\ncm.plain_errors('fr')", "1 / 0", "print('after')")
    with pytest.raises(CellExecutionError) as caught:
        NotebookClient(page, timeout=120, kernel_name="python3").execute()
    assert caught.value.ename == "ZeroDivisionError"
    assert "on ne peut pas diviser par zéro" in caught.value.traceback
    assert page.cells[2].outputs == []


def test_each_sentence_is_used():
    assert unused_sentences("plain_lines") == []
