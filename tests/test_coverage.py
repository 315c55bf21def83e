"""coverage.csv: every row of the inventory, and what the tags of the sources say of it."""

import importlib.util
import shutil
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

# From the inventory's own table, counted by hand: calculation, table, tool, deliverable, case, quiz, assessment, topic.
KINDS = ("calculation", "table", "tool", "deliverable", "case", "quiz", "assessment", "topic")
COUNTS = {
    "000": (6, 7, 1, 3, 3, 0, 2, 8),
    "001": (3, 3, 1, 2, 2, 2, 2, 10),
    "002": (2, 3, 3, 2, 0, 0, 0, 11),
    "003": (12, 8, 2, 4, 1, 0, 4, 5),
    "004": (31, 18, 1, 7, 1, 8, 0, 20),
}

FOLDERS = ("lessons", "reports", "exercises", "quizzes")

LESSON = """\
# %% [markdown] tags=["fr", "covers:003-02"]
# # Le délai
# %% [markdown] tags=["en", "covers:003-02"]
# # The delay
# %% tags=["parameters"]
language = "fr"
# %% [markdown] tags=["fr", "covers:003-25 §1"]
# ## 1. Un
#
# Lire.
#
# ## 2. Deux
# %% [markdown] tags=["en", "covers:003-25 §1"]
# ## 1. One
#
# Read.
#
# ## 2. Two
# %% tags=["covers:003-25", "covers:004-04"]
1
# %% [markdown] tags=["fr", "covers:003-26"]
# **Lecture.** Fin.
#
# ## Annexe B. Trois
# %% [markdown] tags=["en", "covers:003-26"]
# **Reading.** End.
#
# ## Annex B. Three
"""

EXERCISES = """\
# %% [markdown] tags=["fr"]
# # Exercices
# %% [markdown] tags=["en"]
# # Exercises
# %% tags=["parameters"]
language = "fr"
record = True
# %% tags=["check"]
from cmtools.exercises import Task, exercise

TEXT = ("texte", "text")


@exercise(
    level="compute", kind="days", minutes=1, competence="dso", covers=["003-25"],
    title=TEXT, statement=TEXT, hint=TEXT, closer=TEXT, method=TEXT, worked=TEXT,
)
def balance(draw):
    return Task({}, 1)
"""

QUIZ = """\
quiz: stakes
questions:
  - id: early
    covers: [004-04]
  - id: late
    covers: [000-04, 003-25]
"""


@pytest.fixture(scope="module")
def coverage(root) -> ModuleType:
    sys.path.insert(0, str(root / "course"))
    try:
        spec = importlib.util.spec_from_file_location("course_coverage", root / "course" / "coverage.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(root / "course"))
    return module


@pytest.fixture
def course(root, tmp_path) -> Path:
    """Folder of sources with the real inventory, a lesson, a topic of exercises and a quiz."""
    for name in ("inventory.csv", "briefs.csv"):
        shutil.copy2(root / "course" / name, tmp_path)
    for place, text in {"lessons/01_a.py": LESSON, "exercises/01_a.py": EXERCISES, "quizzes/stakes.yaml": QUIZ}.items():
        (tmp_path / place).parent.mkdir()
        (tmp_path / place).write_text(text, encoding="utf-8")
    return tmp_path


def covered(coverage, course: Path) -> dict[str, str]:
    rows = coverage.read_rows(course / "coverage.csv")
    return {row["id"]: row["covered_by"] for row in rows if row["covered_by"] != "not yet"}


def test_inventory_has_every_row_once_and_the_counts_of_each_kind(coverage, root):
    rows = coverage.read_rows(root / "course" / "inventory.csv")
    assert len(rows) == len({row["id"] for row in rows}) == 198
    assert all(row["id"].startswith(row["brief"] + "-") and row["item"] for row in rows)
    assert Counter((row["brief"], row["kind"]) for row in rows) == Counter(
        {(brief, kind): n for brief, counts in COUNTS.items() for kind, n in zip(KINDS, counts) if n}
    )
    assert [sum(counts) for counts in COUNTS.values()] == [30, 25, 21, 36, 86]
    for brief, counts in COUNTS.items():  # numbered without a hole
        numbers = [int(row["id"][4:]) for row in rows if row["brief"] == brief]
        assert numbers == list(range(1, sum(counts) + 1))
    briefs = coverage.read_rows(root / "course" / "briefs.csv")
    assert [row["brief"] for row in briefs] == list(COUNTS)


def test_committed_coverage_has_every_row_and_says_not_yet_where_nothing_covers_it(coverage, root):
    assert coverage.main(["--check"]) == 0
    rows = coverage.read_rows(root / "course" / "coverage.csv")
    inventory = coverage.read_rows(root / "course" / "inventory.csv")
    assert [{name: row[name] for name in ("id", "brief", "kind", "item")} for row in rows] == inventory
    paths = [path for folder in FOLDERS for path in sorted((root / "course" / folder).glob("*.*"))]
    everything = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    said = {row["id"]: row["covered_by"] for row in rows}
    assert {row for row, by in said.items() if by != "not yet"} == {row for row in said if row in everything}
    assert "lesson 07_dso §3" in said["003-02"]


def test_tags_exercises_and_questions_cover_their_rows_in_their_parts(coverage, course, capsys):
    assert coverage.main(["--sources", str(course)]) == 0
    assert covered(coverage, course) == {
        "000-04": "question stakes/late",
        "003-02": "lesson 01_a",
        "003-25": "lesson 01_a §1, §2; exercise 01_a/balance; question stakes/late",
        "003-26": "lesson 01_a annex B",
        "004-04": "lesson 01_a §2; question stakes/early",
    }
    said = capsys.readouterr().out.splitlines()
    assert [line.rpartition(": ")[2] for line in said] == [
        "1 of 30 rows", "0 of 25 rows", "0 of 21 rows", "3 of 36 rows", "1 of 86 rows",
    ]  # fmt: skip


def test_check_sees_a_file_that_is_missing_or_out_of_date_and_writes_nothing(coverage, course, capsys):
    assert coverage.main(["--check", "--sources", str(course)]) == 1
    assert not (course / "coverage.csv").exists()
    assert coverage.main(["--sources", str(course)]) == 0
    first = (course / "coverage.csv").read_bytes()
    assert coverage.main(["--sources", str(course)]) == 0
    assert (course / "coverage.csv").read_bytes() == first
    assert coverage.main(["--check", "--sources", str(course)]) == 0
    lesson = course / "lessons" / "01_a.py"
    lesson.write_text(LESSON.replace("004-04", "004-05"), encoding="utf-8")
    capsys.readouterr()
    assert coverage.main(["--check", "--sources", str(course)]) == 1
    assert "out of date" in capsys.readouterr().err
    assert (course / "coverage.csv").read_bytes() == first


def test_every_tag_that_names_no_row_or_a_part_elsewhere_is_told_with_its_line(coverage, course, capsys):
    wrong = LESSON.replace("covers:003-02", "cover:003-02").replace('"covers:004-04"', '"covers:004-99"')
    wrong = wrong.replace("covers:003-25 §1", "covers:003-25 §3")
    (course / "lessons" / "01_a.py").write_text(wrong, encoding="utf-8")
    (course / "exercises" / "01_a.py").write_text(EXERCISES.replace("003-25", "003-37"), encoding="utf-8")
    (course / "quizzes" / "stakes.yaml").write_text(QUIZ.replace("000-04", "005-01"), encoding="utf-8")
    assert coverage.main(["--sources", str(course)]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "lessons/01_a.py:1: cover:003-02: inventory.csv has no such row",
        "lessons/01_a.py:3: cover:003-02: inventory.csv has no such row",
        "lessons/01_a.py:7: 003-25 §3: the cell holds no such part",
        "lessons/01_a.py:13: 003-25 §3: the cell holds no such part",
        "lessons/01_a.py:19: 004-99: inventory.csv has no such row",
        "exercises/01_a.py:18: 003-37: inventory.csv has no such row",
        "quizzes/stakes.yaml:5: 005-01: inventory.csv has no such row",
    ]
    assert not (course / "coverage.csv").exists()


@pytest.mark.parametrize(
    ("place", "text", "said"),
    [
        ("lessons/01_a.py", LESSON.replace('["en", "covers:003-02"]', '["en"]'), "twin has other tags"),
        ("exercises/01_a.py", EXERCISES.replace('"compute"', '"think"'), "exercises/01_a.py:1: ValueError"),
        ("quizzes/stakes.yaml", "questions: [", "quizzes/stakes.yaml:1: "),
    ],
)
def test_source_that_cannot_be_read_is_told(coverage, course, capsys, place, text, said):
    (course / place).write_text(text, encoding="utf-8")
    assert coverage.main(["--sources", str(course)]) == 1
    assert said in capsys.readouterr().err
