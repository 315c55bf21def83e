"""The course: where it stands, its steps in order, and where a trainee is in it.

The steps are the rows of ``course/plan.csv``; the folder that holds it is the folder of the
course. What is done comes from :mod:`cmtools.progress`, and stays done: a lesson that she
marked as read, an exercise once answered rightly, her best score at a quiz.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cmtools.display import records
from cmtools.progress import Attempt, Progress
from cmtools.schemas import Defect, InputError

PLAN = "course/plan.csv"
FIELDS = ("key", "kind", "name", "minutes", "fr", "en")
KINDS = ("lesson", "exercises", "quiz")
_BEYOND = ""  # name of what stands beyond the last heading
_LONGEST = 600  # minutes of a step
_WORD = re.compile(r"[0-9a-z_]+")  # a key or a name: it stands in the address of a page


def kit() -> Path | None:
    """Folder of the course: the first one, from the current folder upwards, that holds ``course/plan.csv``.

    Returns
    -------
    Path or None
    """
    try:
        here = Path.cwd()
    except OSError:  # deleted meanwhile
        return None
    return next((folder for folder in (here, *here.parents) if (folder / PLAN).is_file()), None)


def plan(path: str | Path | None = None) -> pd.DataFrame:
    """Read the steps of the course, in order.

    Parameters
    ----------
    path : str or Path, optional
        Default: the plan of the course around the current folder.

    Returns
    -------
    pandas.DataFrame
        `key`, unique; `kind` (lesson, exercises, quiz); `name` of the notebook of that kind;
        `minutes`, expected; `fr` and `en`, titles.

    Raises
    ------
    InputError
        With every defect of the file: its line and what was expected.
    """
    place = _plan_path(path)
    rows, found = _rows(place)
    if missing := [name for name in FIELDS if name not in found]:
        details = {"missing": ", ".join(missing), "found": ", ".join(map(str, found))}
        raise InputError([Defect("missing_columns", "fatal", place.name, details=details)])
    seen: dict[tuple[str, str], int] = {}
    defects = [defect for line, row in rows for defect in _defects(place.name, line, row, seen)]
    if not rows:
        defects.append(Defect("empty_file", "fatal", place.name))
    if defects:
        raise InputError(defects)
    return pd.DataFrame([row | {"minutes": int(row["minutes"])} for _, row in rows], columns=list(FIELDS))


def _plan_path(path: str | Path | None) -> Path:
    if path is not None:
        return Path(path)
    folder = kit()
    if folder is None:
        raise InputError([Defect("course_no_kit", "fatal", value=PLAN)])
    return folder / PLAN


def _rows(path: Path) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    """Rows with their line, and the headings."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            rows = [
                (reader.line_num, {name or _BEYOND: str(value).strip() for name, value in row.items()})
                for row in reader
            ]
            return rows, list(reader.fieldnames or ())
    except OSError:
        raise InputError([Defect("missing_file", "fatal", value=str(path))]) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError([Defect("ledger_unreadable", "fatal", path.name, details={"reason": str(error)})]) from None


def _defects(file: str, line: int, row: Mapping[str, str], seen: dict[tuple[str, str], int]) -> Iterable[Defect]:
    """Say what is wrong with a step; `seen` remembers on which line each key and each notebook stood."""

    def wrong(code: str, column: str, **details: Any) -> Defect:
        return Defect(code, "error", file, line, column, row.get(column, ""), details)

    if _BEYOND in row:
        yield Defect("course_beyond", "error", file, line, value=row[_BEYOND])
    for name in FIELDS:
        if not row[name]:
            yield wrong("course_blank", name)
    if row["kind"] and row["kind"] not in KINDS:
        yield wrong("course_kind", "kind", expected=", ".join(KINDS))
    for name in ("key", "name"):
        if row[name] and not _WORD.fullmatch(row[name]):
            yield wrong("course_word", name)
    minutes = row["minutes"]
    if minutes and not (minutes.isascii() and minutes.isdigit() and 1 <= int(minutes[:9]) <= _LONGEST):
        yield wrong("course_minutes", "minutes", most=_LONGEST)
    for column, known in (("key", ("key", row["key"])), ("name", (row["kind"], row["name"]))):
        if row[column] and seen.setdefault(known, line) != line:
            yield wrong("course_twice", column, other=seen[known])


# ---------------------------------------------------------------- where one is


def board(
    progress: Progress | Iterable[Attempt], totals: Mapping[str, int] | None = None, steps: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Where a trainee is: one row per step of the course.

    Parameters
    ----------
    progress : Progress, or her attempts in order of time
    totals : mapping, optional
        Name of the exercises to their number. Exercises whose number is not told are never done.
    steps : pandas.DataFrame, optional
        Default: :func:`plan`.

    Returns
    -------
    pandas.DataFrame
        The columns of :func:`plan`, then `started` and `done`; of exercises `right` (answered rightly
        once, or assessed where a text is asked) and `total`; of a quiz `score`, the best one as a
        fraction, and `passed`. NaN or None: not of this kind, or not known.

    Raises
    ------
    InputError
        If the plan cannot be read.
    ProgressError
        If the answers cannot be read.

    Notes
    -----
    Starting again takes nothing away: an exercise once right stays right, with whatever figures.

    Examples
    --------
    Which steps are done, once the lesson on the DSO is read and two of its three exercises are right?

    >>> from cmtools.progress import new_attempt
    >>> steps = pd.DataFrame({"key": ["lesson_07", "exercises_07"], "kind": ["lesson", "exercises"], "name": "07_dso"})
    >>> attempts = [new_attempt("lesson", "07_dso", "", "read")]
    >>> attempts += [new_attempt("exercise", "07_dso", item, "right") for item in ("a", "b")]
    >>> board(attempts, {"07_dso": 3}, steps)[["key", "started", "done", "right", "total"]]
                key  started   done  right  total
    0     lesson_07     True   True    NaN    NaN
    1  exercises_07     True  False    2.0    3.0
    """
    steps = plan() if steps is None else steps
    attempts = progress.attempts() if isinstance(progress, Progress) else list(progress)
    rows = [step | _state(step, attempts, totals or {}) for step in records(steps)]
    columns = [*steps.columns, "started", "done", "right", "total", "score", "passed"]
    return pd.DataFrame(rows, columns=columns).astype({"right": "float64", "total": "float64", "score": "float64"})


def _state(step: Mapping[str, Any], attempts: Iterable[Attempt], totals: Mapping[str, int]) -> dict[str, Any]:
    activity = "exercise" if step["kind"] == "exercises" else step["kind"]
    mine = [one for one in attempts if (one.activity, one.topic) == (activity, step["name"])]
    if step["kind"] == "lesson":
        said = [one.verdict for one in mine if one.verdict in ("read", "unread")]
        return {"started": bool(said), "done": said[-1:] == ["read"], "passed": None}
    if step["kind"] == "quiz":
        papers = [one for one in mine if one.verdict in ("passed", "failed")]
        passed = any(one.verdict == "passed" for one in papers)
        scores = [one.score for one in papers if one.score is not None]
        return {"started": bool(mine), "done": passed, "passed": passed, "score": max(scores, default=None)}
    right, total = _rightly_answered(mine), totals.get(step["name"])
    answered = any(one.item for one in mine)
    if total is None:
        return {"started": answered, "done": False, "right": right, "passed": None}
    right = min(right, total)  # an exercise taken out of the course counts no more
    return {"started": answered, "done": 0 < total == right, "right": right, "total": total, "passed": None}


def _rightly_answered(attempts: Iterable[Attempt]) -> int:
    """Exercises answered rightly once; a text, which has no wrong answer, counts once it is assessed."""
    verdicts: dict[str, set[str]] = {}
    for one in attempts:
        verdicts.setdefault(one.item, set()).add(one.verdict)
    return sum("right" in found or ("assessed" in found and "wrong" not in found) for found in verdicts.values())


def next_step(board: pd.DataFrame) -> dict[str, Any] | None:
    """First step that is not done, as a mapping of the columns of :func:`board`; None: all are done.

    Examples
    --------
    >>> next_step(pd.DataFrame({"key": ["lesson_07", "quiz_stakes"], "done": [True, False]}))["key"]
    'quiz_stakes'
    """
    return next((step for step in records(board) if not step["done"]), None)
