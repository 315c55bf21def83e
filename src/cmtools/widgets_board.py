"""Where a trainee is in the course: each step with its link, what is next, boxes for the lessons she has read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import ipywidgets as controls
import pandas as pd
from IPython.display import HTML, display

from cmtools.course import board, next_step, plan
from cmtools.display import CSS, Html, records
from cmtools.language import HARD, label, message, percent, resolve
from cmtools.progress import Attempt, Progress, ProgressError, new_attempt, when
from cmtools.schemas import InputError

PAGE = "00_start"  # the lesson that shows the board
PLACES = {  # from a lesson, where the notebook of a step is
    "lesson": "{name}.ipynb",
    "exercises": "../../exercises/{language}/{name}.ipynb",
    "quiz": "../../exercises/{language}/quiz_{name}.ipynb",
}
STYLE = """<style>
table.cm.cm tr.done td{color:#2f6b4a}
table.cm.cm tr.next td{background:#eef4fa}
table.cm.cm td a{color:#1f5f9e;text-decoration:underline}
p.cm-next{font:600 15px Helvetica,Arial,sans-serif}
</style>"""


def course_board(language: str | None = None, progress: Progress | None = None) -> None:
    """Show where the trainee is: every step with a link to it, what is next, a box to tick for each lesson read.

    Parameters
    ----------
    language : {"fr", "en"}, optional
    progress : Progress, optional
        Default: her own file.

    Notes
    -----
    For a notebook of ``notebooks/{fr,en}``, from which its links start. Where the course or her
    answers cannot be read, a sentence says so, and nothing stops. A ticked box is kept as an
    attempt at the lesson: "read", or "unread" once it is unticked.
    """
    tongue = resolve(language)
    try:
        steps = plan()
    except InputError as error:
        display(HTML("".join(_warning(defect.text(tongue)) for defect in error.defects)))
        return
    _Board(steps, tongue, progress).show()


class _Board:
    """Board of one page: its table is drawn again each time a box is ticked."""

    def __init__(self, steps: pd.DataFrame, language: str, progress: Progress | None):
        self.steps, self.language, self.progress = steps, language, progress
        self.totals = exercise_counts(steps)
        self.unkept: list[Attempt] = []  # what could not be written counts on this page all the same
        self.warnings: dict[str, str] = {}
        self.told = controls.HTML()

    def show(self) -> None:
        """Show the table, then the boxes."""
        state, attempts = self._state()
        table = display(HTML(str(board_table(state, attempts, self.language))), display_id=True)

        def redraw() -> None:
            if table is not None:  # a script shows nothing that could change
                table.update(HTML(str(board_table(*self._state(), self.language))))

        boxes = [self._box(step, redraw) for step in records(state[state["kind"] == "lesson"])]
        row = controls.HBox(boxes, layout={"flex_flow": "row wrap"})
        display(controls.VBox([controls.Label(message("board_read", self.language)), row, self.told]))

    def _box(self, lesson: Mapping[str, Any], redraw: Callable[[], None]) -> controls.Checkbox:
        box = controls.Checkbox(
            value=bool(lesson["done"]), description=title(lesson, self.language), indent=False,
            layout={"width": "auto", "margin": "0 1.2em 0 0"},
        )  # fmt: skip

        def ticked(change: Mapping[str, Any]) -> None:
            self._keep(new_attempt("lesson", lesson["name"], "", "read" if change["new"] else "unread"))
            redraw()

        box.observe(ticked, "value")
        return box

    def _state(self) -> tuple[pd.DataFrame, list[Attempt]]:
        try:
            kept = self._file().attempts()
        except ProgressError as error:
            kept = []
            self._tell("board_not_read", error)
        attempts = [*kept, *self.unkept]
        return board(attempts, self.totals, self.steps), attempts

    def _keep(self, attempt: Attempt) -> None:
        try:
            self._file().add(attempt)
        except ProgressError as error:
            self.unkept.append(attempt)
            self._tell("board_not_kept", error)

    def _file(self) -> Progress:
        return self.progress or Progress()

    def _tell(self, key: str, error: ProgressError) -> None:
        """Say what is wrong, each thing once."""
        self.warnings[key] = _warning(message(key, self.language, reason=error.text(self.language)))
        self.told.value = "".join(self.warnings.values())


def exercise_counts(steps: pd.DataFrame) -> dict[str, int]:
    """Number of exercises of each notebook of exercises that the course holds, by name.

    Parameters
    ----------
    steps : pandas.DataFrame
        See :func:`cmtools.course.plan`.

    Returns
    -------
    dict
        Exercises that are not there, which the plan names all the same, have no entry.
    """
    from cmtools.exercises import open_topic

    counts = {}
    for name in steps.loc[steps["kind"] == "exercises", "name"]:
        try:
            counts[name] = len(open_topic(name).exercises)
        except FileNotFoundError:
            continue
    return counts


# ---------------------------------------------------------------- the table


def board_table(state: pd.DataFrame, attempts: Sequence[Attempt], language: str | None = None) -> Html:
    """The board as HTML: what is done in all, what is next, then every step with a link to it.

    Parameters
    ----------
    state : pandas.DataFrame
        See :func:`cmtools.course.board`.
    attempts : sequence of Attempt
        In order of time: the last one is told.
    language : {"fr", "en"}, optional

    Returns
    -------
    Html
    """
    tongue = resolve(language)
    steps, following = records(state), next_step(state)
    key = following["key"] if following else None
    heads = "".join(
        f'<th class="{css}">{escape(label(name, tongue))}</th>'
        for name, css in (("board_step", ""), ("board_minutes", "r"), ("board_state", ""))
    )
    rows = "".join(_row(step, tongue, step["key"] == key) for step in steps)
    said = f"<p>{escape(_summary(steps, attempts, tongue))}</p>" + _next(following, tongue)
    table = f'<table class="cm"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    return Html(f"{CSS}{STYLE}{said}{table}")


def _summary(steps: Sequence[Mapping[str, Any]], attempts: Sequence[Attempt], language: str) -> str:
    done = [step for step in steps if step["done"]]
    spent, time = (_hours(sum(step["minutes"] for step in some)) for some in (done, steps))
    said = message("board_done", language, done=len(done), all=len(steps), spent=spent, time=time, n=len(done))
    if not attempts:
        return f"{said} {message('board_nothing', language)}"
    return f"{said} {message('board_last', language, when=when(attempts[-1]))}"


def _hours(minutes: int) -> str:
    return f"{minutes // 60}{HARD}h{HARD}{minutes % 60:02}"


def _next(step: Mapping[str, Any] | None, language: str) -> str:
    if step is None:
        said = escape(message("board_end", language))
    elif (step["kind"], step["name"]) == ("lesson", PAGE):
        said = escape(message("board_next_here", language, minutes=step["minutes"]))
    else:
        named = message(f"board_{step['kind']}", language, title=title(step, language))
        said = escape(message("board_next", language, step="\0", minutes=step["minutes"]))
        said = said.replace("\0", _link(step, named, language))
    return f'<p class="cm-next">{said}</p>'


def _row(step: Mapping[str, Any], language: str, following: bool) -> str:
    css = "done" if step["done"] else "next" if following else ""
    named = title(step, language) if (step["kind"], step["name"]) != ("lesson", PAGE) else ""
    shown = _link(step, named, language) if named else escape(title(step, language))
    kind = escape(label(f"step_{step['kind']}", language))
    return (
        f'<tr class="{css}"><td>{kind} {shown}</td><td class="r">{step["minutes"]}</td>'
        f"<td>{escape(_where(step, language))}</td></tr>"
    )


def title(step: Mapping[str, Any], language: str) -> str:
    """Title of a step, after the number of its lesson.

    Examples
    --------
    >>> title({"name": "07_dso", "fr": "DSO", "en": "DSO"}, "fr").replace(HARD, " ")
    '07 DSO'
    """
    found = re.match(r"\d+(?=_)", step["name"])
    return f"{found[0]}{HARD}{step[language]}" if found else str(step[language])


def _link(step: Mapping[str, Any], named: str, language: str) -> str:
    place = PLACES[step["kind"]].format(name=step["name"], language=language)
    return f'<a href="{escape(place)}">{escape(named)}</a>'


def _where(step: Mapping[str, Any], language: str) -> str:
    """What is done of a step, in a few words."""
    if not (step["done"] or step["started"]):
        return label("board_todo", language)
    said = [label("board_done" if step["done"] else "board_started", language)]
    right, total, score = step["right"], step["total"], step["score"]
    if total == total:
        said.append(message("board_right", language, right=int(right), total=int(total)))
    elif right == right:
        said.append(message("board_right_alone", language, right=int(right), n=int(right)))
    if score == score:
        said.append(message("board_score", language, score=percent(score, 0, language)))
    return f"{said[0]}{message('colon', language)}{', '.join(said[1:])}" if said[1:] else said[0]


def _warning(text: str) -> str:
    return f'<p class="cm-warning">{escape(text)}</p>'
