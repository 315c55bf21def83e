"""Lessons, exercises and reports: one source, a notebook in French and one in English.

``python course/build.py [--check] [--no-execute] [--only PATTERN] [--output FOLDER]``

A source (``lessons/NN_topic.py``, ``exercises/NN_topic.py``, ``reports/report_name.py``)
is a jupytext py:percent file. Its code stands once; its Markdown cells come in pairs, the first
tagged ``fr``, the next ``en``. A code cell may be such a pair too, where a value
depends on the language. The cell tagged ``parameters`` holds the line
``language = "fr"``, which becomes ``language = "en"`` in the English notebook.

Exercises give two notebooks in each language, with the solutions and without. Cells
tagged ``exercise`` or ``solution`` go to one of them alone; those tagged ``check``,
which :mod:`cmtools.exercises` reads from the source, go to neither. In a cell tagged
``answer`` a statement that ends in ``# solution`` becomes ``name = ...`` in the exercise.

Without its outputs a notebook depends on its source alone, to the byte. Lessons and
exercises are then run and committed with their outputs; a report is a template that
papermill fills, and is committed without.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import hashlib
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbclient.output_widget import OutputWidget
from nbformat import NotebookNode

COURSE = Path(__file__).resolve().parent
LANGUAGES = ("fr", "en")
SIDES = {"lessons": ("notebooks",), "exercises": ("exercises", "solutions"), "reports": ("notebooks",)}
BARE = {"reports"}  # folders of sources whose notebooks are committed without outputs
ONE_SIDE = {"exercise": "exercises", "solution": "solutions"}  # tag: the only side that shows the cell
CELL_SECONDS = 120
FOLDED = {"jupyter": {"source_hidden": True}}
PARALLEL = 2

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    # No version: it is the builder's, not the reader's.
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}
NBVAL_TAGS = {"nbval-check-output", "nbval-ignore-output", "nbval-raises-exception", "nbval-skip"}
MARKER = re.compile(r"^# ?%%(?!%)")
LANGUAGE_LINE = re.compile(r'^language = "fr"(?=\s*(#.*)?$)', re.MULTILINE)
MACHINE_PATH = re.compile(r"(?<![\w+.])/(?:home|root|work|tmp|Users|var/folders)/|\b[A-Za-z]:[\\/]+Users\b")
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,16}\b")
RECORD_LINE = re.compile(r"^record = True(?=\s*(#.*)?$)", re.MULTILINE)
SOLUTION = re.compile(r"[ \t]*# solution[ \t]*$")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
WIDGET = "application/vnd.jupyter.widget-view+json"
CONTROL_NOTE = {
    "fr": "*La commande interactive apparaît quand on exécute la cellule (Maj\u00a0+\u00a0Entrée).*",
    "en": "*The interactive control appears when the cell is run (Shift\u00a0+\u00a0Enter).*",
}


class BuildError(Exception):
    """Everything that is wrong with the sources or their execution, one line each."""

    def __init__(self, defects: Sequence[str]) -> None:
        self.defects = list(defects)
        super().__init__("\n".join(self.defects))


@dataclass(frozen=True)
class Cell:
    """One cell of a source; `language` is None where both notebooks share it."""

    number: int  # from 1, in the source
    line: int
    kind: str  # "code" or "markdown"
    language: str | None
    metadata: dict[str, Any]
    source: str

    @property
    def tags(self) -> list[str]:
        """Tags of the cell, its language apart."""
        return self.metadata.get("tags", [])


@dataclass(frozen=True)
class Built:
    """A notebook without outputs, and where each of its cells comes from."""

    notebook: NotebookNode
    language: str
    side: str  # folder of the notebook: notebooks, exercises, solutions
    source: str  # name of the source inside the course folder, for messages
    cells: tuple[Cell, ...]
    executed: bool

    @property
    def place(self) -> Path:
        """Where the notebook is written, inside the output folder."""
        return Path(self.side) / self.language / Path(self.source).with_suffix(".ipynb").name

    def defect(self, index: int, text: str) -> str:
        """Message about the cell at `index` of the notebook."""
        cell = self.cells[index]
        return f"{self.source}:{cell.line}: cell {cell.number} ({self.language}): {text}"


def sources(course: Path, only: str | None = None) -> list[Path]:
    """Return the source files, in order; `only` is a shell pattern or a part of folder/name."""
    found = [path for folder in SIDES for path in sorted((course / folder).glob("*.py"))]
    names = Counter((side, path.stem) for path in found for side in SIDES[path.parent.name])
    if twice := [name for (_, name), n in names.items() if n > 1]:
        raise BuildError([f"{name}.py: two sources have this name" for name in twice])
    if only is None:
        return found
    names = {path: f"{path.parent.name}/{path.stem}" for path in found}
    return [path for path, name in names.items() if fnmatch(path.stem, only) or fnmatch(name, only) or only in name]


def read_source(path: Path, course: Path) -> list[Cell]:
    """Cells of a source, checked: pairs, tags, parameters.

    Raises
    ------
    BuildError
        With every defect of the file: its line, the number of the cell and what was expected.
    """
    name = path.relative_to(course).as_posix()
    text = path.read_text(encoding="utf-8")
    parsed = jupytext.reads(text, fmt="py:percent").cells
    lines = [number for number, line in enumerate(text.splitlines(), start=1) if MARKER.match(line)]
    if len(lines) != len(parsed):
        raise BuildError(
            [
                f"{name}:1: {len(lines)} '# %%' line(s) but {len(parsed)} cells: text before the first one, "
                "or one inside a string"
            ]
        )
    cells, defects = [], []
    for number, (line, node) in enumerate(zip(lines, parsed), start=1):
        tags = list(node.metadata.get("tags", []))
        languages = [tag for tag in tags if tag in LANGUAGES]
        metadata = {key: value for key, value in node.metadata.items() if not key.startswith("lines_to_")}
        metadata.pop("tags", None)
        if kept := [tag for tag in tags if tag not in LANGUAGES]:
            metadata["tags"] = kept
        place = f"{name}:{line}: cell {number}"
        if node.cell_type not in ("code", "markdown"):
            defects.append(f"{place}: a code or Markdown cell expected, found {node.cell_type}")
        elif len(languages) > 1:
            defects.append(f"{place}: one language tag expected, found {' and '.join(languages)}")
        elif node.cell_type == "markdown" and not languages:
            defects.append(f'{place}: a Markdown cell needs tags=["fr"] or tags=["en"]')
        if unknown := [tag for tag in kept if tag.startswith("nbval") and tag not in NBVAL_TAGS]:
            defects.append(f"{place}: nbval does not know the tag {unknown[0]}; known: {', '.join(sorted(NBVAL_TAGS))}")
        if not node.source.strip():
            defects.append(f"{place}: the cell is empty")
        language = languages[0] if len(languages) == 1 else None
        cells.append(Cell(number, line, node.cell_type, language, metadata, node.source))
    defects += _pair_defects(name, cells) if not defects else []
    defects += _parameter_defects(name, cells)
    if path.parent.name == "exercises":
        defects += _exercise_defects(name, cells)
    if defects:
        raise BuildError(defects)
    return cells


def _exercise_defects(name: str, cells: Sequence[Cell]) -> Iterator[str]:
    """Say what would leave a solution in an exercise, or an answer that is recorded in a solution."""
    for cell in cells:
        place = f"{name}:{cell.line}: cell {cell.number}"
        marks = [number for number, line in enumerate(cell.source.splitlines(), start=1) if SOLUTION.search(line)]
        if cell.kind == "code" and "parameters" in cell.tags and not RECORD_LINE.search(cell.source):
            yield f"{place}: one line 'record = True' expected among the parameters"
        if marks and "answer" not in cell.tags:
            yield f'{place}: a line ends in "# solution", but the cell is not tagged answer'
        elif "answer" in cell.tags and not marks:
            yield f'{place}: a cell tagged answer needs a line that ends in "# solution"'
        elif marks and any(SOLUTION.search(line) for line in without_solution(cell).splitlines()):
            yield f'{place}: "# solution" may only follow a statement "name = ..."'


def _pair_defects(name: str, cells: Sequence[Cell]) -> Iterator[str]:
    """Say which cells are not a `fr` cell followed by its `en` twin."""
    waiting: Cell | None = None
    for cell in cells:
        if waiting is not None and cell.language == "en" and cell.kind == waiting.kind:
            if cell.metadata != waiting.metadata:
                yield f"{name}:{cell.line}: cell {cell.number}: its fr twin has other tags or metadata"
            waiting = None
            continue
        if waiting is not None:
            yield (
                f"{name}:{waiting.line}: cell {waiting.number}: this fr {waiting.kind} cell is not followed by its "
                f"en twin, but by {_described(cell)} at line {cell.line}"
            )
            waiting = None
        if cell.language == "en":
            yield f"{name}:{cell.line}: cell {cell.number}: this en {cell.kind} cell does not follow its fr twin"
        elif cell.language == "fr":
            waiting = cell
    if waiting is not None:
        yield f"{name}:{waiting.line}: cell {waiting.number}: this fr {waiting.kind} cell has no en twin after it"


def _described(cell: Cell) -> str:
    return " ".join(filter(None, ["the", cell.language, cell.kind, "cell"]))


def _parameter_defects(name: str, cells: Sequence[Cell]) -> Iterator[str]:
    """Say what keeps the parameters cell from being found and translated."""
    found = [cell for cell in cells if "parameters" in cell.tags]
    if len(found) != 1:
        at = ", ".join(f"line {cell.line}" for cell in found) or "none"
        yield f'{name}:1: one cell with tags=["parameters"] expected, found {at}'
        return
    cell = found[0]
    place = f"{name}:{cell.line}: cell {cell.number}"
    if cell.kind != "code" or cell.language:
        yield f"{place}: the parameters cell is one code cell, without a language tag"
    if (n := len(LANGUAGE_LINE.findall(cell.source))) != 1:
        yield f"{place}: one line 'language = \"fr\"' expected among the parameters, found {n}"


def without_solution(cell: Cell) -> str:
    """Text of an ``answer`` cell with ``...`` in the place of its solutions."""
    lines = cell.source.splitlines()
    for statement in reversed(ast.parse(cell.source).body):
        last = lines[(statement.end_lineno or 1) - 1]
        if SOLUTION.search(last) and isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            lines[statement.lineno - 1 : statement.end_lineno] = [f"{statement.targets[0].id} = ..."]
    return "\n".join(lines)


def shown_on(cell: Cell, side: str) -> bool:
    """Whether a notebook of this side holds the cell."""
    tags = set(cell.tags)
    return "check" not in tags and all(ONE_SIDE[tag] == side for tag in tags & set(ONE_SIDE))


def build(path: Path, course: Path, language: str, side: str) -> Built:
    """Build the notebook of a source in one language, for one side, without outputs."""
    cells = tuple(
        cell for cell in read_source(path, course) if cell.language in (None, language) and shown_on(cell, side)
    )
    name = path.relative_to(course).as_posix()
    seen: Counter[tuple[str, str]] = Counter()
    nodes = []
    for cell in cells:
        source = cell.source
        if "parameters" in cell.tags:
            source = LANGUAGE_LINE.sub(f'language = "{language}"', source)
            source = RECORD_LINE.sub("record = False", source) if side == "solutions" else source
        if "answer" in cell.tags and side == "exercises":
            source = without_solution(cell)
        seen[cell.kind, source] += 1
        key = f"{language}\n{cell.kind}\n{seen[cell.kind, source]}\n{source}"
        node = {
            "cell_type": cell.kind,
            "id": hashlib.sha256(key.encode()).hexdigest()[:16],
            "metadata": _metadata(cell, side),
            "source": source,
        }
        nodes.append(node | ({"execution_count": None, "outputs": []} if cell.kind == "code" else {}))
    metadata = deepcopy(METADATA) | {"cmtools": {"language": language, "source": name}}
    notebook = nbformat.from_dict({"cells": nodes, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
    nbformat.validate(notebook)
    return Built(notebook, language, side, name, cells, path.parent.name not in BARE)


def _metadata(cell: Cell, side: str) -> dict[str, Any]:
    """Metadata of a cell in a notebook of this side: folded code, outputs that nbval checks."""
    metadata = deepcopy(cell.metadata)
    if cell.kind != "code" or side == "notebooks":
        return metadata
    if not {"answer", "parameters", "solution"} & set(cell.tags):
        metadata |= FOLDED
    if side == "solutions" and {"answer", "solution"} & set(cell.tags):
        metadata["tags"] = [*cell.tags, "nbval-check-output"]
    return metadata


def build_all(course: Path = COURSE, only: str | None = None) -> list[Built]:
    """Notebooks of all sources in both languages, without outputs; every defect at once."""
    built, defects = [], []
    for path in sources(course, only):
        try:
            sides = SIDES[path.parent.name]
            built += [build(path, course, language, side) for side in sides for language in LANGUAGES]
        except BuildError as error:
            defects += error.defects
    if defects:
        raise BuildError(defects)
    return built


def dumps(notebook: NotebookNode) -> str:
    """Text of a notebook file: keys sorted, indent 1, newline at the end (as JupyterLab saves it)."""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT).rstrip("\n") + "\n"


def without_outputs(notebook: NotebookNode) -> NotebookNode:
    """Copy of a notebook as it was before it ran."""
    bare = deepcopy(notebook)
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return bare


def stale(course: Path, output: Path, only: str | None = None) -> list[str]:
    """Notebooks in `output` that are not what their source gives, outputs apart: one line each."""
    found = []
    built = build_all(course, only)
    for item in built:
        path = output / item.place
        if not path.exists():
            found.append(f"{item.place.as_posix()}: missing, to be built from {item.source}")
            continue
        committed = nbformat.read(path, as_version=nbformat.NO_CONVERT)
        if dumps(without_outputs(committed)) != dumps(item.notebook):
            found.append(f"{item.place.as_posix()}: differs from {item.source}")
    if only is None:
        known = {item.place for item in built}
        folders = [output / side / language for side in {*sum(SIDES.values(), ())} for language in LANGUAGES]
        present = (path.relative_to(output) for folder in folders for path in folder.glob("*.ipynb"))
        found += [f"{place.as_posix()}: has no source" for place in sorted(present) if place not in known]
    return found


class SilentOutput(OutputWidget):
    """Output widget as nbclient imitates it, but that does not answer the kernel.

    The answer goes out on the socket on which nbclient waits for the end of the cell; the wake-up
    for that end is then sometimes lost and the cell lasts until its time limit.
    """

    def sync_state(self) -> None:
        """Keep the outputs here only; nothing in a lesson reads them back."""


def execute(built: Built, output: Path, starts: int = 3) -> NotebookNode:
    """Run a notebook and keep the outputs that every run gives again.

    Raises
    ------
    BuildError
        If a cell raises, warns, takes longer than `CELL_SECONDS` or shows a path of this machine.
    """
    folder = (output / built.place).parent
    folder.mkdir(parents=True, exist_ok=True)
    notebook = deepcopy(built.notebook)
    running = [0]
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        # The state is read below and thrown away: without it, nbclient fails on an Output widget.
        store_widget_state=True,
        # Else each kernel warns that its messages, which do not leave this machine, are not encrypted.
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=lambda cell, cell_index: running.__setitem__(0, cell_index),
    )
    client.widget_registry = {"@jupyter-widgets/output": {"OutputModel": SilentOutput}}
    # A renderer chosen by the editor this runs from (VS Code) would put another mimetype in the outputs.
    env = os.environ | {"CMTOOLS_LANGUAGE": built.language, "PLOTLY_RENDERER": "plotly_mimetype"}
    try:
        with tempfile.TemporaryDirectory() as own:  # a trainee's answers are not those of the committed notebook
            asyncio.run(client.async_execute(env=env | {"CMTOOLS_PROGRESS": str(Path(own) / "progress.sqlite")}))
    except CellExecutionError as error:
        trace = COLOUR.sub("", error.traceback).strip()
        raise BuildError([built.defect(running[0], f"{error.ename}: {error.evalue}\n{trace}")]) from error
    except CellTimeoutError as error:
        raise BuildError([built.defect(running[0], f"longer than {CELL_SECONDS} s")]) from error
    except DeadKernelError as error:
        raise BuildError([built.defect(running[0], "the kernel died")]) from error
    except RuntimeError as error:  # another program took one of the kernel's ports between its choice and its use
        if "before replying" not in str(error) or starts == 1:
            raise
        return execute(built, output, starts - 1)
    defects = []
    done = deepcopy(built.notebook)
    for index, (cell, ran) in enumerate(zip(done.cells, notebook.cells)):
        if cell.cell_type != "code":
            continue
        cell.execution_count = ran.execution_count
        controls = any(WIDGET in out.get("data", {}) for out in ran.outputs)
        if controls and "nbval-check-output" in built.cells[index].tags:
            defects.append(built.defect(index, "a widget is shown: nbval cannot check this output"))
        cell.outputs = [kept for out in ran.outputs for kept in _reproducible(out, client.widget_state, built.language)]
        defects += [built.defect(index, text) for text in output_defects(cell)]
    if defects:
        raise BuildError(defects)
    nbformat.validate(done)
    return done


def _reproducible(out: NotebookNode, widgets: Mapping[str, Any], language: str) -> Iterator[NotebookNode]:
    """Replace a view on a widget by what it shows, and an address in memory by a constant."""
    view = out.get("data", {}).get(WIDGET)
    if view is None:
        yield _without_addresses(out)
        return
    note = {"text/markdown": CONTROL_NOTE[language], "text/plain": CONTROL_NOTE[language].strip("*")}
    yield nbformat.v4.new_output("display_data", note)
    for shown in _shown(view["model_id"], widgets):
        yield from _reproducible(shown, widgets, language)


def _shown(model: str, widgets: Mapping[str, Any]) -> Iterator[NotebookNode]:
    """Return what stands in the Output and HTML widgets under a widget, from top to bottom."""
    state = widgets.get(model.removeprefix("IPY_MODEL_"), {})
    if state.get("_model_name") == "OutputModel":
        yield from (nbformat.from_dict(deepcopy(dict(out))) for out in state.get("outputs", ()))
    elif state.get("_model_name") in ("HTMLModel", "HTMLMathModel") and state.get("value"):
        yield nbformat.v4.new_output("display_data", {"text/html": state["value"]})
    for child in state.get("children", ()):
        yield from _shown(child, widgets)


def _without_addresses(out: NotebookNode) -> NotebookNode:
    for holder in (out, out.get("data", {})):
        for key in ("text", "text/plain", "text/html"):
            if isinstance(holder.get(key), str):
                holder[key] = ADDRESS.sub("0x0", holder[key])
    return out


def output_defects(cell: NotebookNode) -> Iterator[str]:
    """Say what a committed output must not hold, and the output that is not there though nbval is to check it."""
    for out in cell.outputs:
        if out.output_type == "error":
            yield f"{out.ename}: {out.evalue}"
        elif out.output_type == "stream" and out.name == "stderr":
            yield f"a warning or error text was printed: {out.text.strip()}"
        elif WIDGET in out.get("data", {}):
            yield "a widget without its state: it would show as an error"
    shown = [out for out in cell.outputs if out.output_type != "error" and out.get("name") != "stderr"]
    if paths := sorted({found for text in _texts(shown) for found in machine_paths(text)}):
        yield f"the output shows a path of this machine: {', '.join(paths)}"
    if "nbval-check-output" in cell.metadata.get("tags", []) and not cell.outputs:
        yield "tagged nbval-check-output but it has no output"


def machine_paths(text: str) -> list[str]:
    """Paths of a machine named in a text, with what follows up to the next space."""
    found = [text[match.start() :].split()[0][:80] for match in MACHINE_PATH.finditer(text)]
    return found + [own for own in (f"{COURSE.parent}{os.sep}",) if own in text]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook in one step: the former one stays until this one is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_text(dumps(notebook), encoding="utf-8", newline="\n")
    unfinished.replace(path)


def make(built: Built, output: Path, run: bool) -> list[str]:
    """Build one notebook file; return its defects, in which case the former file stays."""
    start = time.monotonic()
    try:
        notebook = execute(built, output) if run and built.executed else built.notebook
    except BuildError as error:
        return error.defects
    write(notebook, output / built.place)
    print(f"{built.place.as_posix()}  {time.monotonic() - start:.1f} s", flush=True)
    return []


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns 1 if a source, its execution or (with --check) a committed notebook is wrong."""
    parser = argparse.ArgumentParser(prog="course/build.py", description="Build notebooks/, exercises/ and solutions/.")
    parser.add_argument("--check", action="store_true", help="build nothing: list the notebooks that are out of date")
    parser.add_argument("--no-execute", action="store_true", help="write the lessons without their outputs")
    parser.add_argument("--only", metavar="PATTERN", help="sources that match (06_*, exercises/07_dso, a part of it)")
    parser.add_argument("--output", metavar="FOLDER", type=Path, default=COURSE.parent)
    parser.add_argument("--sources", metavar="FOLDER", type=Path, default=COURSE, help="holds the folders of sources")
    options = parser.parse_args(arguments)
    course, output = options.sources.resolve(), options.output.resolve()
    try:
        if options.check:
            defects = stale(course, output, options.only)
        else:
            built = build_all(course, options.only)
            if options.only and not built:
                raise BuildError([f"no source matches {options.only}"])
            # Threads are enough to keep that many kernels busy: each is a process of its own.
            with ThreadPoolExecutor(PARALLEL) as pool:
                done = pool.map(partial(make, output=output, run=not options.no_execute), built)
                defects = [defect for defects in done for defect in defects]
    except BuildError as error:
        defects = error.defects
    for defect in defects:
        print(defect, file=sys.stderr)
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main())
