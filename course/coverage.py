"""coverage.csv: what covers each row of the inventory of course programmes, or "not yet".

``python course/coverage.py [--check]``

``inventory.csv`` holds the rows, ``briefs.csv`` the programmes that name them. A cell of a
lesson or report says what a trainee learns or does there by tags, ``covers:003-25``, equal
on both twins of a pair; an exercise and a question of a quiz by their `covers`. What the
package holds counts where a lesson shows it. A cell belongs to the last part that it opens,
else to the one above; where it holds several, a tag may say which: ``covers:003-11 §3``.
"""

from __future__ import annotations

import argparse
import csv
import io
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from build import COURSE, BuildError, Cell, read_source, sources
from cmtools.exercises import Topic

COLUMNS = ("id", "brief", "kind", "item", "covered_by")
KINDS = {"lessons": "lesson", "exercises": "exercise", "reports": "report"}  # folder of sources: its word
NOT_YET = "not yet"
TAG = "covers:"
HEADING = re.compile(r"^## (?:(?P<part>\d+)|Annexe? (?P<annex>[A-Z]))\.", re.MULTILINE)


class Cover(NamedTuple):
    """One row said to be covered: by what, in which part of it, and where that is written."""

    row: str
    by: str
    part: str
    place: str  # file:line
    held: bool = True  # the part is one that the cell holds


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def covers(course: Path) -> Iterator[Cover]:
    """All that the sources of lessons, reports, exercises and quizzes say they cover, in that order.

    Raises
    ------
    BuildError
        If a source cannot be read.
    """
    paths = sources(course)
    for folder in ("lessons", "reports", "exercises"):
        for path in paths:
            if path.parent.name == folder:
                yield from of_cells(path, course)
                if folder == "exercises":
                    yield from of_exercises(path, course)
    for path in sorted((course / "quizzes").glob("*.yaml")):
        yield from of_questions(path, course)


def of_cells(path: Path, course: Path) -> Iterator[Cover]:
    """Rows in the tags of the cells of one source."""
    by, name = f"{KINDS[path.parent.name]} {path.stem}", path.relative_to(course).as_posix()
    for cell, held in parts(read_source(path, course)):
        for tag in cell.tags:
            if tag.startswith("cover"):
                row, _, part = tag.removeprefix(TAG).partition(" ")
                yield Cover(row, by, part or held[-1], f"{name}:{cell.line}", not part or part in held)


def parts(cells: Sequence[Cell]) -> Iterator[tuple[Cell, list[str]]]:
    """Each cell with the parts of the source that it holds: "§3", "annex B", or "" before the first."""
    above = ""
    for cell in cells:
        opened = HEADING.finditer(cell.source) if cell.kind == "markdown" else ()
        held = [f"§{found['part']}" if found["part"] else f"annex {found['annex']}" for found in opened]
        yield cell, [above, *held]
        above = held[-1] if held else above


def of_exercises(path: Path, course: Path) -> Iterator[Cover]:
    """Rows of the exercises of one topic."""
    name, text = path.relative_to(course).as_posix(), path.read_text(encoding="utf-8")
    try:
        exercises = Topic(path).exercises
    except Exception as error:  # the source is code: whatever it raises, the others are still told
        raise BuildError([f"{name}:1: {type(error).__name__}: {error}"]) from error
    for key, exercise in exercises.items():
        line = line_of(rf"^def {key}\(", text)
        for row in exercise.covers:
            yield Cover(row, f"exercise {path.stem}/{key}", "", f"{name}:{line}")


def of_questions(path: Path, course: Path) -> Iterator[Cover]:
    """Rows of the questions of one quiz; what else the file must hold, its reader checks."""
    name, text = path.relative_to(course).as_posix(), path.read_text(encoding="utf-8")
    try:
        quiz = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildError([f"{name}:1: {error}"]) from error
    for question in quiz["questions"]:
        line = line_of(rf"^\s*-?\s*id:\s*[\"']?{re.escape(str(question['id']))}\b", text)
        for row in question.get("covers") or ():
            yield Cover(str(row), f"question {path.stem}/{question['id']}", "", f"{name}:{line}")


def line_of(pattern: str, text: str) -> int:
    """Line of the first match, from 1; 1 if there is none."""
    found = re.search(pattern, text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def table(course: Path) -> list[dict[str, str]]:
    """Every row of the inventory with `covered_by`.

    Raises
    ------
    BuildError
        If a source cannot be read, or names rows that the inventory does not have: all of them.
    """
    rows = read_rows(course / "inventory.csv")
    found: dict[str, dict[str, list[str]]] = {row["id"]: {} for row in rows}
    defects = []
    for cover in covers(course):
        if cover.row not in found:
            defects.append(f"{cover.place}: {cover.row}: inventory.csv has no such row")
            continue
        if not cover.held:
            defects.append(f"{cover.place}: {cover.row} {cover.part}: the cell holds no such part")
        known = found[cover.row].setdefault(cover.by, [])
        if cover.part and cover.part not in known:
            known.append(cover.part)
    if defects:
        raise BuildError(list(dict.fromkeys(defects)))
    return [row | {"covered_by": said(found[row["id"]])} for row in rows]


def said(by: dict[str, list[str]]) -> str:
    """What covers one row, in words."""
    return "; ".join(f"{name} {', '.join(within)}".strip() for name, within in by.items()) or NOT_YET


def text_of(rows: Sequence[dict[str, str]]) -> str:
    """Text of coverage.csv."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns 1 if a source names an unknown row or (with --check) coverage.csv is out of date."""
    parser = argparse.ArgumentParser(prog="course/coverage.py", description="Write course/coverage.csv.")
    parser.add_argument("--check", action="store_true", help="write nothing: say whether the file is up to date")
    parser.add_argument("--sources", metavar="FOLDER", type=Path, default=COURSE, help="holds the inventory")
    options = parser.parse_args(arguments)
    course = options.sources.resolve()
    written = course / "coverage.csv"
    try:
        rows = table(course)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    if options.check:
        if written.is_file() and written.read_bytes() == text_of(rows).encode():
            return 0
        print("coverage.csv: out of date, to be written by course/coverage.py", file=sys.stderr)
        return 1
    written.write_text(text_of(rows), encoding="utf-8", newline="\n")
    for brief in read_rows(course / "briefs.csv"):
        named = [row["covered_by"] != NOT_YET for row in rows if row["brief"] == brief["brief"]]
        print(f"{brief['brief']} {brief['title']}: {sum(named)} of {len(named)} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
