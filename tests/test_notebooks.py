"""The committed notebooks: built from their sources, executed, complete in both languages."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
SIDES = ("notebooks", "exercises", "solutions")
PATHS = sorted(path for side in SIDES for path in (ROOT / side).glob("*/*.ipynb"))
COMPARED = [path for path in PATHS if path.parts[-3] != "exercises" and not path.stem.startswith("report_")]
FRENCH = [path for path in PATHS if path.parent.name == "fr"]

# Words that a sentence of the other language hardly avoids. Code, quotations and titles in italics are left out.
FOREIGN = {"fr": re.compile(r"(?<!\S)(the|and|with)(?!\S)"), "en": re.compile(r"(?<!\S)(le|les|avec)(?!\S)")}
QUOTED = re.compile(r"```.*?```|`[^`]*`|«[^»]*»|“[^”]*”|\"[^\"\n]*\"|\*[^*\n]+\*|\]\([^)]*\)", re.DOTALL)


def name(path: Path) -> str:
    return "/".join([*path.parts[-3:-1], path.stem])


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("course_build", ROOT / "course" / "build.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_notebooks_are_what_their_sources_give(build):
    assert build.stale(build.COURSE, ROOT) == []


@pytest.mark.parametrize("path", PATHS, ids=name)
def test_outputs_hold_no_path_warning_or_widget_and_are_there_where_nbval_checks(build, path):
    report = path.stem.startswith("report_")
    # A report is a template: its outputs come when it is run.
    cells = [] if report else code_cells(path)
    assert [text for cell in cells for text in build.output_defects(cell)] == []


@pytest.mark.parametrize("path", PATHS, ids=name)
def test_lessons_are_executed_in_order_and_reports_are_not(path):
    counts = [cell.execution_count for cell in code_cells(path)]
    report = path.stem.startswith("report_")
    assert counts == ([None] * len(counts) if report else list(range(1, len(counts) + 1)))
    assert not report or all(not cell.outputs for cell in code_cells(path))


def test_each_lesson_and_solution_has_an_output_that_nbval_checks():
    tags = {path: [tag for cell in code_cells(path) for tag in cell.metadata.get("tags", [])] for path in COMPARED}
    assert [name(path) for path, found in tags.items() if "nbval-check-output" not in found] == []


@pytest.mark.parametrize("path", PATHS, ids=name)
def test_parameters_cell_names_the_language(path):
    (cell,) = [cell for cell in code_cells(path) if "parameters" in cell.metadata.get("tags", [])]
    assert re.findall(r'^language = "(\w+)"', cell.source, re.MULTILINE) == [path.parent.name]


@pytest.mark.parametrize("path", FRENCH, ids=name)
def test_both_languages_have_the_same_cells(path):
    kinds = [
        [cell.cell_type for cell in nbformat.read(path.parents[1] / lang / path.name, 4).cells] for lang in ("fr", "en")
    ]
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize("path", PATHS, ids=name)
def test_text_is_in_its_language(path):
    texts = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown"]
    foreign = FOREIGN[path.parent.name]
    assert [line for text in texts for line in QUOTED.sub(" ", text).splitlines() if foreign.search(line)] == []
