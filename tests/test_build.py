"""The notebook builder of course/, on small sources written here."""

import importlib.util
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def build(root) -> ModuleType:
    spec = importlib.util.spec_from_file_location("course_build", root / "course" / "build.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


GOOD = """\
# %% [markdown] tags=["fr"]
# # Le délai
# %% [markdown] tags=["en"]
# # The delay
# %% tags=["parameters"]
language = "fr"  # fr or en
days = 45
# %% tags=["nbval-check-output"]
import os

print(language, os.environ["CMTOOLS_LANGUAGE"], days)
# %% tags=["fr"]
word = "jours"
# %% tags=["en"]
word = "days"
# %%
word
# %%
word
"""

WIDGET = """\
# %% tags=["parameters"]
language = "fr"
# %%
import ipywidgets as widgets
import plotly.graph_objects as go
from IPython.display import clear_output, display

slider = widgets.IntSlider(value=45)
shown = widgets.Output()


def redraw(change=None):
    with shown:
        clear_output(wait=True)
        display(go.Figure(go.Bar(y=[slider.value])))


slider.observe(redraw, names="value")
redraw()
slider.value = 50
widgets.VBox([slider, widgets.HTML("<b>jours</b>"), shown])
# %%
object()
"""

BAD_OUTPUTS = """\
# %% tags=["parameters"]
language = "fr"
# %%
import warnings

warnings.warn("a column is missing", UserWarning)
# %%
print("read from /tmp/ledger.csv")
# %%
"C:\\\\Users\\\\someone"
# %% tags=["nbval-check-output"]
nothing = 1
# %%
import ipywidgets as widgets

shown = widgets.Output()
with shown:
    1 / 0
shown
# %% tags=["nbval-check-output"]
widgets.IntSlider()
"""

RAISES = """\
# %% tags=["parameters"]
language = "fr"
# %%
total = 1
# %%
total / 0
"""


@pytest.fixture
def course(tmp_path) -> Path:
    return course_of(tmp_path, lessons={"01_delay": GOOD}, reports={"report_month": GOOD})


def course_of(folder: Path, **kinds: dict[str, str]) -> Path:
    for kind, texts in kinds.items():
        (folder / kind).mkdir()
        for name, text in texts.items():
            (folder / kind / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def defects_of(build, tmp_path, text) -> list[str]:
    course = course_of(tmp_path, lessons={"01_delay": text})
    with pytest.raises(build.BuildError) as caught:
        build.build_all(course)
    return caught.value.defects


PARAMETERS = '# %% tags=["parameters"]\nlanguage = "fr"\n'
FR, EN = '# %% [markdown] tags=["fr"]\n# bonjour\n', '# %% [markdown] tags=["en"]\n# hello\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PARAMETERS + FR, "lessons/01_delay.py:3: cell 2: this fr markdown cell has no en twin after it"),
        (PARAMETERS + EN, "lessons/01_delay.py:3: cell 2: this en markdown cell does not follow its fr twin"),
        (EN + FR + PARAMETERS, "lessons/01_delay.py:1: cell 1: this en markdown cell does not follow its fr twin"),
        (
            FR + PARAMETERS + EN,
            "lessons/01_delay.py:1: cell 1: this fr markdown cell is not followed by its en twin, "
            "but by the code cell at line 3",
        ),
        (
            FR + FR + EN + PARAMETERS,
            "lessons/01_delay.py:1: cell 1: this fr markdown cell is not followed by its en twin, "
            "but by the fr markdown cell at line 3",
        ),
        (
            PARAMETERS + FR + '# %% tags=["en"]\nx = 1\n',
            "lessons/01_delay.py:3: cell 2: this fr markdown cell is not followed by its en twin, "
            "but by the en code cell at line 5",
        ),
        (
            PARAMETERS + "# %% [markdown]\n# bonjour\n",
            'lessons/01_delay.py:3: cell 2: a Markdown cell needs tags=["fr"] or tags=["en"]',
        ),
        (
            PARAMETERS + '# %% [markdown] tags=["fr", "en"]\n# bonjour\n',
            "lessons/01_delay.py:3: cell 2: one language tag expected, found fr and en",
        ),
        (
            PARAMETERS + "# %% [raw]\n# text\n",
            "lessons/01_delay.py:3: cell 2: a code or Markdown cell expected, found raw",
        ),
        (
            PARAMETERS + '# %% tags=["fr", "unfold"]\nx = 1\n# %% tags=["en"]\nx = 2\n',
            "lessons/01_delay.py:5: cell 3: its fr twin has other tags or metadata",
        ),
        (
            PARAMETERS + '# %% tags=["nbval-check-outputs"]\nx = 1\n',
            "lessons/01_delay.py:3: cell 2: nbval does not know the tag nbval-check-outputs; known: "
            "nbval-check-output, nbval-ignore-output, nbval-raises-exception, nbval-skip",
        ),
        (PARAMETERS + "# %%\n\n# %%\nx = 1\n", "lessons/01_delay.py:3: cell 2: the cell is empty"),
        ("# %%\nx = 1\n", 'lessons/01_delay.py:1: one cell with tags=["parameters"] expected, found none'),
        (
            PARAMETERS + PARAMETERS,
            'lessons/01_delay.py:1: one cell with tags=["parameters"] expected, found line 1, line 3',
        ),
        (
            '# %% tags=["parameters"]\ndays = 45\n',
            "lessons/01_delay.py:1: cell 1: one line 'language = \"fr\"' expected among the parameters, found 0",
        ),
        (
            '# %% tags=["parameters"]\nlanguage = "fr"\nlanguage = "fr"\n',
            "lessons/01_delay.py:1: cell 1: one line 'language = \"fr\"' expected among the parameters, found 2",
        ),
        (
            '# %% tags=["parameters"]\nlanguage = "en"\n',
            "lessons/01_delay.py:1: cell 1: one line 'language = \"fr\"' expected among the parameters, found 0",
        ),
        (
            "x = 1\n" + PARAMETERS,
            "lessons/01_delay.py:1: 1 '# %%' line(s) but 2 cells: text before the first one, or one inside a string",
        ),
    ],
)
def test_defect_names_file_line_and_cell(build, tmp_path, text, expected):
    defects = defects_of(build, tmp_path, text)
    assert defects[0] == expected
    assert all(" twin" in other for other in defects[1:])  # a cell out of place leaves its twin alone too


def test_all_defects_of_all_sources_at_once(build, tmp_path):
    course = course_of(tmp_path, lessons={"01_a": FR, "02_b": PARAMETERS + EN}, reports={"report_c": FR + EN})
    with pytest.raises(build.BuildError) as caught:
        build.build_all(course)
    places = [defect.split(": ")[0] for defect in caught.value.defects]
    assert places == ["lessons/01_a.py:1", "lessons/01_a.py:1", "lessons/02_b.py:3", "reports/report_c.py:1"]


def test_each_language_has_its_text_and_the_same_code(build, course):
    french, english = (
        build.build(course / "lessons" / "01_delay.py", course, language, "notebooks") for language in ("fr", "en")
    )
    assert [cell.source for cell in french.notebook.cells] == [
        "# Le délai",
        'language = "fr"  # fr or en\ndays = 45',
        'import os\n\nprint(language, os.environ["CMTOOLS_LANGUAGE"], days)',
        'word = "jours"',
        "word",
        "word",
    ]
    assert [cell.source for cell in english.notebook.cells] == [
        "# The delay",
        'language = "en"  # fr or en\ndays = 45',
        'import os\n\nprint(language, os.environ["CMTOOLS_LANGUAGE"], days)',
        'word = "days"',
        "word",
        "word",
    ]
    assert [cell.metadata.get("tags") for cell in english.notebook.cells] == [
        None,
        ["parameters"],
        ["nbval-check-output"],
        None,
        None,
        None,
    ]
    assert english.notebook.metadata.cmtools == {"language": "en", "source": "lessons/01_delay.py"}
    assert english.notebook.metadata.kernelspec.name == "python3"
    ids = [cell.id for item in (french, english) for cell in item.notebook.cells]
    assert len(set(ids)) == len(ids)  # the two equal cells too


def test_second_build_is_identical_to_the_byte(build, course, tmp_path):
    outputs = [tmp_path / "one", tmp_path / "two"]
    for output in outputs:
        assert build.main(["--no-execute", "--sources", str(course), "--output", str(output)]) == 0
    names = [f"notebooks/{language}/{name}.ipynb" for language in ("en", "fr") for name in ("01_delay", "report_month")]
    for output in outputs:
        assert sorted(path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()) == names
    for name in names:
        first, second = ((output / name).read_bytes() for output in outputs)
        assert first == second
        assert first.endswith(b"}\n")
        assert b"\r" not in first
        assert first.decode() == json.dumps(json.loads(first), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def test_only_builds_what_matches(build, course, tmp_path, capsys):
    arguments = ["--no-execute", "--sources", str(course), "--output", str(tmp_path / "out")]
    assert build.main([*arguments, "--only", "report_*"]) == 0
    assert {path.name for path in (tmp_path / "out").rglob("*.ipynb")} == {"report_month.ipynb"}
    assert build.main([*arguments, "--only", "09_none"]) == 1
    assert "no source matches 09_none" in capsys.readouterr().err


def test_two_sources_of_one_name_are_refused(build, tmp_path):
    course = course_of(tmp_path, lessons={"same": GOOD}, reports={"same": GOOD})
    with pytest.raises(build.BuildError, match=r"same\.py: two sources have this name"):
        build.build_all(course)


def test_check_lists_stale_missing_and_orphan_notebooks(build, course, tmp_path, capsys):
    output = tmp_path / "out"
    arguments = ["--sources", str(course), "--output", str(output)]
    assert build.main([*arguments, "--no-execute"]) == 0
    assert build.main([*arguments, "--check"]) == 0

    ran = json.loads((output / "notebooks" / "en" / "01_delay.ipynb").read_text(encoding="utf-8"))
    ran["cells"][4] |= {"execution_count": 4, "outputs": [{"output_type": "stream", "name": "stdout", "text": ["x"]}]}
    (output / "notebooks" / "en" / "01_delay.ipynb").write_text(json.dumps(ran), encoding="utf-8")
    assert build.main([*arguments, "--check"]) == 0  # outputs and layout of the JSON are not compared

    ran["cells"][4]["source"] = ["word.upper()"]
    (output / "notebooks" / "en" / "01_delay.ipynb").write_text(json.dumps(ran), encoding="utf-8")
    (output / "notebooks" / "fr" / "report_month.ipynb").rename(output / "notebooks" / "fr" / "old.ipynb")
    capsys.readouterr()
    before = sorted(output.rglob("*"))
    assert build.main([*arguments, "--check"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "notebooks/en/01_delay.ipynb: differs from lessons/01_delay.py",
        "notebooks/fr/report_month.ipynb: missing, to be built from reports/report_month.py",
        "notebooks/fr/old.ipynb: has no source",
    ]
    assert sorted(output.rglob("*")) == before


@pytest.mark.slow
def test_lessons_are_executed_and_reports_are_not(build, course, tmp_path):
    output = tmp_path / "out"
    assert build.main(["--sources", str(course), "--output", str(output)]) == 0
    for language, word in (("fr", "jours"), ("en", "days")):
        lesson = json.loads((output / "notebooks" / language / "01_delay.ipynb").read_text(encoding="utf-8"))
        code = [cell for cell in lesson["cells"] if cell["cell_type"] == "code"]
        assert [cell["execution_count"] for cell in code] == [1, 2, 3, 4, 5]
        assert code[1]["outputs"] == [
            {"name": "stdout", "output_type": "stream", "text": [f"{language} {language} 45\n"]}
        ]
        assert code[3]["outputs"][0]["data"] == {"text/plain": [f"'{word}'"]}
        assert "version" not in lesson["metadata"]["language_info"]
        report = json.loads((output / "notebooks" / language / "report_month.ipynb").read_text(encoding="utf-8"))
        assert all(cell.get("outputs", []) == [] for cell in report["cells"])
    assert build.stale(course, output) == []


@pytest.fixture(scope="module")
def ran(build, tmp_path_factory) -> dict[str, object]:
    """What running three lessons gives: a notebook, or its defects."""
    folder = tmp_path_factory.mktemp("course")
    course = course_of(folder, lessons={"01_widget": WIDGET, "02_outputs": BAD_OUTPUTS, "03_raises": RAISES})

    def run(path: Path) -> object:
        built = build.build(path, course, "fr", "notebooks")
        try:
            return build.execute(built, folder / "out")
        except build.BuildError as error:
            return error.defects

    paths = build.sources(course)
    with ThreadPoolExecutor(build.PARALLEL) as pool:
        return dict(zip((path.stem for path in paths), pool.map(run, paths)))


@pytest.mark.slow
def test_widget_leaves_what_it_shows_and_no_state(ran):
    notebook = ran["01_widget"]
    note, html, figure = (out["data"] for out in notebook.cells[1].outputs)
    assert note["text/markdown"].startswith("*La commande interactive")
    assert html == {"text/html": "<b>jours</b>"}
    # The last value of the slider: 45 was cleared.
    assert figure["application/vnd.plotly.v1+json"]["data"][0]["y"] == [50]
    assert notebook.cells[2].outputs[0]["data"] == {"text/plain": "<object at 0x0>"}
    assert "widget" not in json.dumps([cell.outputs for cell in notebook.cells])
    assert "widgets" not in notebook.metadata


@pytest.mark.slow
def test_warning_path_missing_output_and_hidden_error_fail_the_build(ran):
    first_lines = [defect.splitlines()[0] for defect in ran["02_outputs"]]
    assert len(first_lines) == 6
    assert first_lines[0].startswith("lessons/02_outputs.py:3: cell 2 (fr): a warning or error text was printed: ")
    assert first_lines[0].endswith("UserWarning: a column is missing")
    shows = "the output shows a path of this machine"
    assert f"lessons/02_outputs.py:7: cell 3 (fr): {shows}: /tmp/ledger.csv" in first_lines
    assert any(f"02_outputs.py:9: cell 4 (fr): {shows}: C:" in line for line in first_lines)
    assert "lessons/02_outputs.py:11: cell 5 (fr): tagged nbval-check-output but it has no output" in first_lines
    assert "lessons/02_outputs.py:13: cell 6 (fr): ZeroDivisionError: division by zero" in first_lines
    assert "lessons/02_outputs.py:20: cell 7 (fr): a widget is shown: nbval cannot check this output" in first_lines


@pytest.mark.slow
def test_raising_cell_is_named(ran):
    (defect,) = ran["03_raises"]
    assert defect.startswith("lessons/03_raises.py:5: cell 3 (fr): ZeroDivisionError: division by zero\n")
    assert "----> 1 total / 0" in defect


def test_failed_build_keeps_the_former_notebook(build, course, tmp_path, monkeypatch):
    output = tmp_path / "out"
    assert build.main(["--no-execute", "--sources", str(course), "--output", str(output)]) == 0
    before = (output / "notebooks" / "fr" / "01_delay.ipynb").read_bytes()

    def fail(built, output):
        raise build.BuildError([built.defect(0, "no")])

    monkeypatch.setattr(build, "execute", fail)
    assert build.main(["--sources", str(course), "--output", str(output)]) == 1
    assert (output / "notebooks" / "fr" / "01_delay.ipynb").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("file:///home/ana/x.csv", ["/home/ana/x.csv"]),
        ("in C:\\Users\\ana\\x.csv", ["C:\\Users\\ana\\x.csv"]),
        ("/Users/ana", ["/Users/ana"]),
        ("../../data/ledger.csv", []),
        ("/".join(("https://www.example.fr", "home", "tmp", "work", "")), []),
    ],
)
def test_machine_paths(build, text, found):
    assert build.machine_paths(text) == found


def test_a_kernel_whose_port_was_taken_is_started_again(build, course, tmp_path, monkeypatch):
    begin, tries = build.NotebookClient.async_execute, []

    async def taken(client, **options):
        tries.append(client)
        if len(tries) < 3:
            raise RuntimeError("Kernel died before replying to kernel_info")
        return await begin(client, **options)

    monkeypatch.setattr(build.NotebookClient, "async_execute", taken)
    lesson = next(built for built in build.build_all(course) if str(built.place) == "notebooks/fr/01_delay.ipynb")
    made = build.execute(lesson, tmp_path)
    assert len(tries) == 3
    assert any(cell.get("outputs") for cell in made.cells)
