"""An exercise notebook: statements, boxes to answer in, one line on each answer, what is still to do.

``exercises = cm.open_exercises("07_dso", variant, language)``, then ``exercises.ask(key)``
or, where the answer comes from a code cell, ``exercises.check(key, answer)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as controls
from IPython.display import HTML, Javascript, Markdown, clear_output, display

from cmtools import forms_exercises as forms
from cmtools.exercises import Exercise, Task, Topic, Verdict, mark, open_topic
from cmtools.language import message, resolve
from cmtools.plain_lines import plain_errors
from cmtools.progress import Attempt, Progress, ProgressError, new_attempt

RESET = "reset"
FITTED = {"width": "auto", "align_self": "flex-start"}  # a button as wide as its words


def open_exercises(topic: str, variant: int = 0, language: str | None = None, record: bool = True) -> Exercises:
    """Open the exercises of a topic in this notebook.

    Parameters
    ----------
    topic : str
        Name of a source of ``course/exercises``, as "07_dso".
    variant : int
        Other figures for each trainee; 0 is the printed one.
    language : {"fr", "en"}, optional
    record : bool
        Keep the answers (:mod:`cmtools.progress`). False, in a solution: answers
        are shown instead of boxes and nothing is kept.

    Returns
    -------
    Exercises
        Errors of the notebook then show as one plain line.

    Raises
    ------
    FileNotFoundError
        If the kit holds no such topic.
    """
    found = Exercises(open_topic(topic), variant, resolve(language), record)
    plain_errors(language)
    found.greet()
    return found


class Exercises:
    """Exercises of one topic, for one variant and language; see :func:`open_exercises`."""

    def __init__(self, topic: Topic, variant: int, language: str, record: bool):
        if isinstance(variant, bool) or not isinstance(variant, int) or variant < 0:
            raise ValueError(message("exercise_variant", language, value=variant))
        self.topic, self.variant, self.language, self.record = topic, variant, language, record
        self._tasks: dict[str, Task] = {}
        self._kept: list[Attempt] = []  # what could not be written, and what is not to be
        self._told = False
        self._parts: dict[str, Callable[[], None]] = {}  # redraws the boxes of an exercise
        self._drawn: Callable[[], None] = lambda: None  # redraws the summary

    # ------------------------------------------------------------ what is asked

    def exercise(self, key: str) -> Exercise:
        """Return an exercise by its key."""
        if key not in self.topic.exercises:
            raise KeyError(message("exercise_unknown", self.language, value=key, known=", ".join(self.topic.exercises)))
        return self.topic.exercises[key]

    def task(self, key: str) -> Task:
        """Return an exercise with its figures."""
        if key not in self._tasks:
            self._tasks[key] = self.exercise(key).task(self.topic.name, self.variant)
        return self._tasks[key]

    def figures(self, key: str) -> dict[str, Any]:
        """Return the figures of the statement, by name."""
        return dict(self.task(key).figures)

    def ask(self, key: str) -> None:
        """Show the statement and, unless it is answered in a code cell, the box for the answer."""
        exercise = self.exercise(key)
        display(Markdown(forms.statement(exercise, self.task(key), self._number(key), self.language)))
        if self.record and not exercise.in_cell:
            display(self._box(exercise))

    def check(self, key: str, answer: Any) -> None:
        """Say in one line whether an answer is right; in a solution, show the calculation too."""
        exercise = self.exercise(key)
        if self._of_another_variant(key, answer):
            verdict = Verdict("todo", message("exercise_other_variant", self.language))
        else:
            verdict = self._answered(exercise, answer)
        display(HTML(forms.verdict(verdict, self.language)))
        if self.record:
            _forget_answer()
        else:
            display(Markdown(forms.solution(exercise, self.task(key), self.language)))

    def _of_another_variant(self, key: str, answer: Any) -> bool:
        """Whether a cell still holds what was answered to another variant, and nothing else was given for this one."""
        mine = self.attempts(key)
        others = [kept for kept in self._all() if kept.item == key and kept.variant != self.variant]
        return not mine and any(kept.answer == str(answer) for kept in others)

    def _number(self, key: str) -> int:
        return list(self.topic.exercises).index(key) + 1

    # ------------------------------------------------------------ answers

    def _answered(self, exercise: Exercise, given: Any) -> Verdict:
        before = self.attempts(exercise.key)
        wrong = [kept.answer for kept in before if kept.verdict == "wrong"]
        text = "" if given is None or given is ... else str(given)
        tries = len(dict.fromkeys(answer for answer in wrong if answer != text))
        verdict = mark(exercise, self.task(exercise.key), given, tries, self.language)
        same = before and before[-1].answer == text and before[-1].verdict == verdict.state
        if verdict.state not in ("todo", "unread") and not same:
            self._keep(exercise.key, text, verdict.state, float(verdict.state == "right"), verdict.mistake)
        return verdict

    def attempts(self, key: str) -> list[Attempt]:
        """Answers given to an exercise for this variant since the last new start, in order."""
        mine = [kept for kept in self._all() if kept.variant == self.variant and kept.item in (key, "")]
        last = max((place for place, kept in enumerate(mine) if kept.verdict == RESET), default=-1)
        return [kept for kept in mine[last + 1 :] if kept.item == key]

    def _all(self) -> list[Attempt]:
        """Return every answer to the topic, whatever its variant."""
        if not self.record:
            return []
        try:
            return Progress().attempts("exercise", self.topic.name) + self._kept
        except ProgressError as error:
            self._tell(error)
            return list(self._kept)

    def _keep(self, key: str, answer: str, verdict: str, score: float | None, detail: str = "") -> None:
        kept = new_attempt(
            "exercise", self.topic.name, key, verdict, variant=self.variant, answer=answer, score=score, detail=detail
        )
        if not self.record:
            return
        try:
            Progress().add(kept)
        except ProgressError as error:
            self._kept.append(kept)
            self._tell(error)
        self._drawn()

    def _tell(self, error: ProgressError) -> None:
        if not self._told:
            self._told = True
            display(HTML(forms.notice(message("exercise_not_kept", self.language, reason=error.text(self.language)))))

    def state(self, key: str) -> tuple[str, int]:
        """Where an exercise stands (todo, wrong, chosen, right, written, assessed) and how many answers it took."""
        exercise = self.exercise(key)
        answers = [kept for kept in self.attempts(key) if kept.verdict in ("right", "wrong", "written", "assessed")]
        if not answers:
            return "todo", 0
        right = next((place for place, kept in enumerate(answers) if kept.verdict == "right"), None)
        if right is not None:
            unwritten = exercise.model and not any(kept.verdict == "assessed" for kept in answers)
            return "chosen" if unwritten else "right", right + 1
        return answers[-1].verdict, len(answers)

    # ------------------------------------------------------------ boxes

    def _box(self, exercise: Exercise) -> controls.Widget:
        if exercise.kind == "choice":
            return self._choice(exercise)
        if exercise.kind == "text":
            panel, self._parts[exercise.key] = self._text(exercise)
            return panel
        line = controls.HTML()
        box = controls.Text(
            placeholder=message(f"exercise_example_{exercise.kind}", self.language),
            continuous_update=False,  # read when Enter is pressed or the box is left
            layout={"width": "14em"},
        )
        unit = controls.Label(forms.unit(exercise, self.language))
        button = controls.Button(description=message("exercise_check", self.language), layout=FITTED)

        def answered(*_: Any) -> None:
            line.value = forms.verdict(self._answered(exercise, box.value), self.language)

        def redrawn() -> None:
            before = self.attempts(exercise.key)
            box.value = before[-1].answer if before else ""
            answered()

        redrawn()
        button.on_click(answered)
        box.observe(answered, "value")
        self._parts[exercise.key] = redrawn
        label = controls.Label(message("exercise_answer", self.language))
        return controls.VBox([controls.HBox([label, box, unit, button]), line])

    def _choice(self, exercise: Exercise) -> controls.Widget:
        line = controls.HTML()
        names = [
            (both.text(self.language, self.task(exercise.key).figures), key) for key, both in exercise.choices.items()
        ]
        box = controls.RadioButtons(options=names, value=None, layout={"width": "auto"})
        button = controls.Button(description=message("exercise_check", self.language), layout=FITTED)
        after, rewritten = self._text(exercise) if exercise.model else (controls.VBox(), lambda: None)

        def answered(*_: Any) -> None:
            line.value = forms.verdict(self._answered(exercise, box.value), self.language)

        def redrawn() -> None:
            before = [kept for kept in self.attempts(exercise.key) if kept.verdict in ("right", "wrong")]
            box.value = before[-1].answer if before and before[-1].answer in exercise.choices else None
            answered()  # after the choice: its own line
            rewritten()

        def chosen(*_: Any) -> None:
            line.value = forms.verdict(Verdict("todo", message("exercise_then_check", self.language)), self.language)

        redrawn()
        button.on_click(answered)
        box.observe(chosen, "value")  # what was said before is no longer about this choice
        self._parts[exercise.key] = redrawn
        return controls.VBox([box, button, line, after])

    def _text(self, exercise: Exercise) -> tuple[controls.Widget, Callable[[], None]]:
        """Short text, then the model and a grid that the trainee ticks; and what brings them back."""
        assert exercise.model is not None
        figures = self.task(exercise.key).figures
        box = controls.Textarea(
            placeholder=message("exercise_example_text", self.language), layout={"width": "40em", "height": "6em"}
        )
        compare = controls.Button(description=message("exercise_compare", self.language), layout=FITTED)
        line, model = controls.HTML(), controls.HTML()
        ticks = [
            controls.Checkbox(description=point.text(self.language, figures), indent=False, layout={"width": "auto"})
            for point in exercise.grid
        ]
        grid = controls.VBox(ticks, layout={"display": "none"})

        def shown(*_: Any) -> None:
            text = box.value.strip()
            if not text:
                line.value = forms.verdict(
                    Verdict("todo", message("exercise_write_first", self.language)), self.language
                )
                return
            if not [kept for kept in self.attempts(exercise.key) if kept.answer == text]:
                self._keep(exercise.key, text, "written", None)
            assert exercise.model is not None
            model.value = forms.model(exercise.model.text(self.language, figures), self.language)
            grid.layout.display = ""
            line.value = ""

        def assessed(*_: Any) -> None:
            share = sum(tick.value for tick in ticks) / len(ticks)
            points = ",".join(str(n) for n, tick in enumerate(ticks) if tick.value)
            self._keep(exercise.key, box.value.strip(), "assessed", share, points)
            line.value = forms.verdict(
                Verdict(
                    "assessed",
                    message(
                        "exercise_assessed",
                        self.language,
                        found=sum(t.value for t in ticks),
                        all=len(ticks),
                        n=sum(t.value for t in ticks),
                    ),
                ),
                self.language,
            )

        def redrawn() -> None:
            before = self.attempts(exercise.key)
            written = [kept.answer for kept in before if kept.verdict == "written"]
            ticked = [kept.detail.split(",") for kept in before if kept.verdict == "assessed"]
            box.value, model.value, line.value, grid.layout.display = "", "", "", "none"
            for place, tick in enumerate(ticks):
                tick.unobserve_all("value")
                tick.value = bool(ticked) and str(place) in ticked[-1]
                tick.observe(assessed, "value")
            if written:
                box.value = written[-1]
                shown()

        redrawn()
        compare.on_click(shown)
        return controls.VBox([box, compare, line, model, grid]), redrawn

    # ------------------------------------------------------------ the whole notebook

    def greet(self) -> None:
        """Say how many exercises there are, how long they take, and whether earlier answers are back."""
        minutes = sum(exercise.minutes for exercise in self.topic.exercises.values())
        key = "exercise_greeting" if self.record else "exercise_solutions"
        said = message(key, self.language, count=len(self.topic.exercises), minutes=minutes)
        if any(self.attempts(asked) for asked in self.topic.exercises):
            said += " " + message("exercise_back", self.language)
        display(HTML(forms.notice(said)))

    def summary(self) -> None:
        """Show what is done and what is still to do, with buttons to start again and to print."""
        table, notice, out = controls.HTML(), controls.HTML(), controls.Output()

        def draw() -> None:
            states = {key: self.state(key) for key in self.topic.exercises}
            table.value = forms.summary(self.topic, states, self.variant, self.language)

        draw()
        if not self.record:
            display(HTML(table.value))
            return
        self._drawn = draw
        restart, printing = (
            controls.Button(description=message(f"exercise_{key}", self.language), layout=FITTED)
            for key in ("restart", "print")
        )

        def restarted(*_: Any) -> None:
            asked = message("exercise_sure", self.language)
            if restart.description != asked:  # a second press, so that none is lost by accident
                restart.description = asked
                notice.value = forms.notice(message("exercise_what_goes", self.language))
                return
            restart.description = message("exercise_restart", self.language)
            notice.value = ""
            self._keep("", "", RESET, None)
            for redrawn in self._parts.values():
                redrawn()

        def printed(*_: Any) -> None:
            with out:
                clear_output()
                display(Javascript(forms.print_script(self._page())))

        restart.on_click(restarted)
        printing.on_click(printed)
        display(controls.VBox([table, controls.HBox([restart, printing]), notice, out]))

    def _page(self) -> str:
        """Page to print: statements, the answers given, what was said of them."""
        parts = []
        for key, exercise in self.topic.exercises.items():
            before = self.attempts(key)
            state, tries = self.state(key)
            said = Verdict(state, message(f"exercise_state_{state}", self.language, tries=tries, n=tries))
            chosen = [kept for kept in before if kept.verdict in ("right", "wrong")]
            right = [kept for kept in chosen if kept.verdict == "right"]
            answer = (right or chosen)[-1].answer if chosen else ""
            text = next((kept.answer for kept in reversed(before) if kept.verdict == "written"), "")
            task = self.task(key)
            parts.append(forms.printed(exercise, task, self._number(key), answer, text, said, self.language))
        return forms.page(self.topic.name, parts, self.language)


def _forget_answer() -> None:
    """Forget the answer of the cell that was checked: misspelt in the next one, it would pass for its answer."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is not None:
        for name in ("answer", "reponse", "réponse"):
            shell.user_ns.pop(name, None)
