"""The steps of the course, and where a trainee is in it."""

import re

import pandas as pd
import pytest

from cmtools.course import board, kit, next_step, plan
from cmtools.progress import Progress, new_attempt
from cmtools.schemas import InputError

HEAD = "key,kind,name,minutes,fr,en\n"
STEPS = (
    HEAD
    + """lesson_07,lesson,07_dso,45,DSO,DSO
exercises_07,exercises,07_dso,75,DSO,DSO
quiz_stakes,quiz,stakes,20,Enjeux,Stakes
"""
)


@pytest.fixture
def file_name():
    return "plan.csv"


def defects(path):
    with pytest.raises(InputError) as caught:
        plan(path)
    for language in ("fr", "en"):
        assert caught.value.text(language)
    return [(found.code, found.line, found.column) for found in caught.value.defects]


def answered(*verdicts, activity="exercise", topic="07_dso"):
    """Attempts from (item, verdict, score)."""
    return [new_attempt(activity, topic, item, verdict, score=score) for item, verdict, score in verdicts]


# --- the plan -----------------------------------------------------------------------------------------------------


def test_the_course_is_found_from_below(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert kit() is None
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "plan.csv").write_text(STEPS)
    deep = tmp_path / "notebooks" / "fr"
    deep.mkdir(parents=True)
    for folder in (tmp_path, deep, tmp_path / "course"):
        monkeypatch.chdir(folder)
        assert kit() == tmp_path
    assert plan()["key"].tolist() == ["lesson_07", "exercises_07", "quiz_stakes"]


def test_no_course_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert defects(None) == [("course_no_kit", None, "")]


def test_the_plan_of_the_project_names_every_lesson_and_no_other(root):
    steps = plan(root / "course" / "plan.csv")
    lessons = [path.stem for path in sorted((root / "course" / "lessons").glob("[0-9]*.py"))]
    assert steps.loc[steps["kind"] == "lesson", "name"].tolist() == lessons
    assert set(steps.loc[steps["kind"] == "exercises", "name"]) <= set(lessons)
    assert steps["minutes"].sum() <= 14 * 60  # two days
    # an exercise follows its lesson
    places = {(kind, name): place for place, (kind, name) in enumerate(zip(steps["kind"], steps["name"]))}
    for name in steps.loc[steps["kind"] == "exercises", "name"]:
        assert places["exercises", name] == places["lesson", name] + 1


def test_titles_are_those_of_the_lessons(root):
    steps = plan(root / "course" / "plan.csv")
    start = (root / "course" / "lessons" / "00_start.py").read_text(encoding="utf-8")
    for step in steps[(steps["kind"] == "lesson") & (steps["name"] != "00_start")].itertuples():
        number = step.name[:2]
        for title in (step.fr, step.en):
            assert f"[{number} {title}]({step.name}.ipynb)" in start


def test_every_defect_of_a_plan_at_once_with_its_line(write):
    path = write(
        HEAD
        + """lesson_07,lesson,07_dso,45,DSO,DSO
lesson_07,lecture,../07,0,,DSO
again,lesson,07_dso,45.5,DSO,DSO
Quiz,quiz,stakes,601,Enjeux, du crédit,Stakes
short,quiz,other,²
"""
    )
    assert defects(path) == [
        ("course_blank", 3, "fr"), ("course_kind", 3, "kind"), ("course_word", 3, "name"),
        ("course_minutes", 3, "minutes"), ("course_twice", 3, "key"),
        ("course_minutes", 4, "minutes"), ("course_twice", 4, "name"),
        ("course_beyond", 5, ""), ("course_word", 5, "key"), ("course_minutes", 5, "minutes"),
        ("course_blank", 6, "fr"), ("course_blank", 6, "en"), ("course_minutes", 6, "minutes"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "missing_columns"), ("key,kind\na,b\n", "missing_columns"), (HEAD, "empty_file"),
        (STEPS.encode("utf-16"), "ledger_unreadable"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_plan(write, content, code):
    assert [found[0] for found in defects(write(content))] == [code]


def test_a_plan_that_is_not_there(tmp_path):
    assert [found[0] for found in defects(tmp_path / "plan.csv")] == ["missing_file"]


# --- where one is -------------------------------------------------------------------------------------------------


@pytest.fixture
def steps(write):
    return plan(write(STEPS))


def state(steps, attempts, totals=None):
    return {row.pop("key"): row for row in board(attempts, totals, steps).to_dict("records")}


def test_nothing_is_done_at_the_start(steps):
    found = board([], {"07_dso": 8}, steps)
    assert not found["done"].any()
    assert not found["started"].any()
    assert found["right"].tolist()[1] == 0
    assert found["total"].tolist()[1] == 8
    assert pd.isna(found["score"]).all()
    assert found["passed"].tolist() == [None, None, False]
    assert next_step(found)["key"] == "lesson_07"


def test_a_lesson_is_done_while_it_is_marked_as_read(steps):
    read, unread = (answered(("", verdict, None), activity="lesson") for verdict in ("read", "unread"))
    assert state(steps, read)["lesson_07"]["done"] is True
    assert state(steps, read + unread)["lesson_07"]["done"] is False
    assert state(steps, read + unread + read)["lesson_07"]["done"] is True
    assert state(steps, read)["exercises_07"]["started"] is False


def test_an_exercise_counts_once_and_stays(steps):
    attempts = answered(
        ("a", "wrong", 0), ("a", "right", 1), ("a", "right", 1),  # twice right is one
        ("b", "partly", 0.5), ("c", "wrong", 0),
        ("d", "written", None), ("d", "assessed", 0.5),  # a text is done once it is assessed
        ("e", "wrong", 0), ("e", "assessed", 1),  # a wrong choice whose reasons were assessed is not right
        ("", "reset", None), ("a", "wrong", 0),  # starting again takes nothing away
    )  # fmt: skip
    found = state(steps, attempts, {"07_dso": 5})["exercises_07"]
    assert (found["right"], found["total"], found["started"], found["done"]) == (2, 5, True, False)
    assert state(steps, attempts, {"07_dso": 2})["exercises_07"]["done"] is True
    assert state(steps, attempts, {"07_dso": 1})["exercises_07"]["right"] == 1  # one was taken out of the course


def test_exercises_whose_number_is_not_told_are_not_done(steps):
    found = state(steps, answered(("a", "right", 1)))["exercises_07"]
    assert (found["right"], found["done"]) == (1, False)
    assert pd.isna(found["total"])
    assert state(steps, [], {"07_dso": 0})["exercises_07"]["done"] is False


def test_the_best_paper_of_a_quiz_counts(steps):
    questions = answered(("q1", "right", 1.0), ("q2", "wrong", 0.0), activity="quiz", topic="stakes")
    papers = answered(
        ("", "failed", 8 / 12), ("", "passed", 10 / 12), ("", "failed", 0.5), activity="quiz", topic="stakes"
    )
    found = state(steps, questions)["quiz_stakes"]
    assert (found["started"], found["done"], found["passed"]) == (True, False, False)
    assert pd.isna(found["score"])  # a paper not ended has no score
    found = state(steps, questions + papers[:1])["quiz_stakes"]
    assert (found["score"], found["passed"], found["done"]) == (pytest.approx(0.667, abs=0.001), False, False)
    found = state(steps, questions + papers)["quiz_stakes"]
    assert (found["score"], found["passed"], found["done"]) == (pytest.approx(0.833, abs=0.001), True, True)


def test_what_is_next_is_the_first_that_is_not_done(steps):
    later = answered(("", "passed", 1.0), activity="quiz", topic="stakes")
    found = board(later + answered(("", "read", None), activity="lesson"), {"07_dso": 1}, steps)
    assert next_step(found)["key"] == "exercises_07"
    everything = board(
        later + answered(("", "read", None), activity="lesson") + answered(("a", "right", 1)), {"07_dso": 1}, steps
    )
    assert next_step(everything) is None


def test_the_board_reads_the_file(steps, tmp_path):
    progress = Progress(tmp_path / "progress.sqlite")
    progress.add(new_attempt("lesson", "07_dso", "", "read"))
    assert board(progress, steps=steps)["done"].tolist() == [True, False, False]


def test_names_of_steps_are_safe_in_an_address(root):
    steps = plan(root / "course" / "plan.csv")
    assert all(re.fullmatch(r"[0-9a-z_]+", name) for name in [*steps["key"], *steps["name"]])
