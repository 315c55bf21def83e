"""A quiz on the screen: one question at a time, marked, kept, then the result and its review.

The same controls serve every question, so that the keyboard's focus can be led from one to the next.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as controls
from IPython.display import HTML

from cmtools import forms_quiz as forms
from cmtools.language import message, resolve
from cmtools.quizzes import MOST_CHOICES, Asked, Mark, Paper, read_quiz
from cmtools.schemas import Defect, InputError

if TYPE_CHECKING:
    from cmtools.progress import Progress

FEEDBACK = ("each", "end")
_HIDDEN, _THERE = "none", ""


def quiz(
    name: str | Path,
    language: str | None = None,
    seed: int | None = None,
    feedback: str = "each",
    progress: Progress | None = None,
    count: int | None = None,
) -> controls.Widget:
    """Ask the questions of a quiz, mark the answers, keep them.

    A paper left before its end goes on at the next question, once the notebook is run again.

    Parameters
    ----------
    name : str or Path
        Quiz of the kit, such as "stakes"; or a file.
    language : {"fr", "en"}, optional
    seed : int, optional
        Order and figures; 0, the default, is the printed paper. "Again" draws the next one.
    feedback : {"each", "end"}
        Whether an answer is judged and explained at once, or with the result.
    progress : Progress, optional
        Where answers are kept; default: the file of the trainee.
    count : int, optional
        Number of questions; default: all.

    Returns
    -------
    ipywidgets.Widget
        What keeps the quiz from being asked is told in it, never raised.
    """
    language = resolve(language)
    try:
        if feedback not in FEEDBACK:
            raise InputError([Defect("quiz_feedback", "fatal", value=str(feedback))])
        paper = read_quiz(name).paper(0 if seed is None else seed, count)
        return _Sitting(paper, language, feedback, progress).panel
    except InputError as error:
        return controls.HTML(forms.notice(error.text(language), language))


def quiz_answers(name: str | Path, language: str | None = None, seed: int = 0) -> HTML:
    """Every question of a quiz with its answer, for who teaches.

    Parameters
    ----------
    name : str or Path
        Quiz of the kit, such as "stakes"; or a file.
    language : {"fr", "en"}, optional
    seed : int
        Order and figures; 0 is the printed paper.

    Returns
    -------
    IPython.display.HTML

    Raises
    ------
    InputError
        If the file of the quiz is wrong or absent.
    """
    language = resolve(language)
    return HTML(forms.answers(read_quiz(name).paper(seed), language))


class _Sitting:
    """A quiz being answered: which question, what was answered, and the controls."""

    def __init__(self, paper: Paper, language: str, feedback: str, progress: Progress | None):
        self.language, self.feedback, self._progress = language, feedback, progress
        self._not_kept = False  # said once
        self._make_controls()
        self._start(paper, self._unfinished(paper))

    # ------------------------------------------------------------ controls

    def _make_controls(self) -> None:
        self.head, self.question, self.told, self.notice = (controls.HTML() for _ in range(4))
        self.radio = controls.RadioButtons(layout={"width": "auto"})
        self.ticks = [controls.Checkbox(indent=False, layout={"width": "auto"}) for _ in range(MOST_CHOICES)]
        self.box = controls.Text(layout={"width": "14em"}, continuous_update=False)
        self.chosen = controls.Text(layout={"display": _HIDDEN}, continuous_update=False)  # filled in by forms.SCRIPT
        self.chosen.add_class("cmtools-chosen")
        self.unit = controls.Label()
        self.number = controls.HBox([self.box, self.unit])
        self.check, self.skip = (self._button(f"quiz_{key}") for key in ("check", "skip"))
        self.check.button_style = "primary"
        self.check.add_class("cmtools-check")
        self.next, self.again = self._button("quiz_next"), self._button("quiz_again")
        self.buttons = controls.HBox([self.check, self.skip])
        self.question.add_class("cmtools-asked")
        self.stage = controls.VBox([self.question, self.radio, *self.ticks, self.number])
        self.result = controls.VBox([controls.HTML(), self.again, controls.HTML()])
        shown = [self.head, self.stage, self.notice, self.buttons, self.told, self.next, self.result]
        script = {"output_type": "display_data", "metadata": {}, "data": {"application/javascript": forms.SCRIPT}}
        hidden = [self.chosen, controls.Output(outputs=(script,))]
        self.panel = controls.VBox([controls.HTML(forms.STYLE), *shown, *hidden])
        self.panel.add_class("cmtools-quiz")
        self.check.on_click(self._safely(self._checked))
        self.skip.on_click(self._safely(lambda: self._answered(None, "")))
        self.next.on_click(self._safely(self._advanced))
        self.again.on_click(self._safely(self._started_again))

    def _button(self, key: str) -> controls.Button:
        fitted = {"width": "auto", "align_self": "flex-start"}
        return controls.Button(description=message(key, self.language), layout=fitted)

    def _safely(self, act: Callable[[], None]) -> Callable[..., None]:
        """Return the action with its failure said in one line: a control has nowhere to show an error."""

        def acted(*_: Any) -> None:
            try:
                act()
            except Exception as error:
                said = message("quiz_trouble", self.language, reason=type(error).__name__)
                self.notice.value = forms.notice(said, self.language)

        return acted

    # ------------------------------------------------------------ the course of a quiz

    def _start(self, paper: Paper, before: tuple[str, dict[str, Mark]] | None = None) -> None:
        """Put the paper on the screen, where it stood before if its answers were kept."""
        self.sitting, self.marks = before or (uuid.uuid4().hex, {})
        self.paper, self.place = paper, min(len(self.marks), len(paper.asked) - 1)
        self.head.value = forms.head(paper, self.language)
        _show(self.result, False)
        self._ask()
        if len(self.marks) == len(paper.asked):
            self._finish()
        elif self.marks:
            said = message("quiz_resumed", self.language, number=self.place + 1)
            self.notice.value = forms.notice(said, self.language)

    def _started_again(self) -> None:
        paper = self.paper.quiz.paper(self.paper.seed + 1, len(self.paper.asked))
        self._start(paper)
        self._lead()

    @property
    def asked(self) -> Asked:
        """The question on the screen."""
        return self.paper.asked[self.place]

    def _ask(self) -> None:
        """Put a question on the screen."""
        kind = self.asked.question.kind
        self._attempt = uuid.uuid4().hex
        self._open = True
        self.told.value = self.notice.value = self.chosen.value = ""
        self.question.value = forms.question(self.asked, len(self.paper.asked), self.language)
        choices = self.asked.choices(self.language) if kind != "numeric" else []
        one = kind in ("single", "true_false")
        self.radio.options = choices if one else []
        self.radio.value = None
        for place, tick in enumerate(self.ticks):
            there = kind == "multiple" and place < len(choices)
            tick.description, tick.value = (choices[place][0], False) if there else ("", False)
            _show(tick, there)
        self.box.value, self.unit.value = "", forms.unit(self.asked, self.language)
        for control, there in ((self.radio, one), (self.number, kind == "numeric"), (self.buttons, True)):
            _show(control, there)
        _show(self.stage, True)
        _show(self.next, False)
        self._able(True)

    def _lead(self) -> None:
        """Lead the focus to where the answer is given."""
        kind = self.asked.question.kind
        (self.box if kind == "numeric" else self.ticks[0] if kind == "multiple" else self.radio).focus()

    def _able(self, able: bool) -> None:
        for control in (self.radio, *self.ticks, self.box, self.check, self.skip):
            control.disabled = not able

    def _checked(self) -> None:
        """The answer on the screen, if there is one."""
        if not self._open:
            return
        if self.asked.question.kind == "numeric":
            given, text, missing = self.box.value, self.box.value, "quiz_type_first"
        else:
            given, text, missing = *self._chosen(), "quiz_choose_first"
        if not text.strip():
            self.notice.value = forms.notice(message(missing, self.language), self.language)
            return
        self._answered(given, text)

    def _chosen(self) -> tuple[Any, str]:
        """What is chosen, and its text."""
        choices = self.asked.choices(self.language)
        several = self.asked.question.kind == "multiple"
        if self.chosen.value.startswith("="):
            places = {int(place) for place in self.chosen.value[1:].split(",") if place}
        elif several:
            places = {place for place, tick in enumerate(self.ticks) if tick.value}
        else:
            places = set() if self.radio.index is None else {self.radio.index}
        found = [pair for place, pair in enumerate(choices) if place in places]
        values = [value for _, value in found]
        return (set(values) if several else values[0] if values else None), "; ".join(name for name, _ in found)

    def _answered(self, given: Any, text: str) -> None:
        from cmtools.answers import AnswerError

        if not self._open:
            return
        try:
            mark = self.paper.mark(self.asked, given, self.language)
        except AnswerError as error:
            self._keep(self.asked.question.id, text, "unread", None)
            self._attempt = uuid.uuid4().hex
            self.notice.value = forms.notice(error.text(self.language), self.language)
            return
        self._open = False
        self.notice.value = ""
        self.marks[self.asked.question.id] = mark
        self._keep(self.asked.question.id, text, forms.state_of(mark), mark.score, mark.detail)
        last = self.place + 1 == len(self.paper.asked)
        if self.feedback == "end":
            self._advanced()
            return
        self._able(False)
        self.told.value = forms.told(self.asked, mark, self.language)
        self.next.description = message("quiz_finish" if last else "quiz_next", self.language)
        _show(self.buttons, False)
        _show(self.next, True)
        self.next.focus()

    def _advanced(self) -> None:
        if self._open:
            return
        if self.place + 1 < len(self.paper.asked):
            self.place += 1
            self._ask()
            self._lead()
        elif self.result.layout.display != _THERE:
            self._finish()

    def _finish(self) -> None:
        found = self.paper.result(self.marks.values())
        self._attempt = uuid.uuid4().hex
        self._keep("", "", "passed" if found.passed else "failed", found.share)
        for control in (self.stage, self.buttons, self.next):
            _show(control, False)
        self.told.value = ""
        self.result.children[0].value = forms.result(self.paper, self.marks, self.language)
        self.result.children[2].value = forms.review(self.paper, self.marks, self.language)
        _show(self.result, True)
        self.again.focus()

    # ------------------------------------------------------------ what is kept

    def _unfinished(self, paper: Paper) -> tuple[str, dict[str, Mark]] | None:
        """The last sitting of this paper and its marks, if it was left before its end and its answers still read."""
        from cmtools.progress import Progress

        try:
            kept = (self._progress or Progress()).attempts("quiz", paper.quiz.name)
        except Exception:  # whatever it is, the first answer that cannot be kept says so
            return None
        mine = [one for one in kept if one.variant == paper.seed]
        if not mine or not mine[-1].item:
            return None
        sitting = mine[-1].detail.split()[0]
        texts = {one.item: one.answer for one in mine if one.detail.startswith(sitting) and one.verdict != "unread"}
        asked = paper.asked[: len(texts)]
        if not texts or [one.question.id for one in asked] != list(texts):
            return None
        try:
            marks = [self._marked_again(paper, one, text) for one, text in zip(asked, texts.values(), strict=True)]
        except ValueError:
            return None
        return sitting, dict(zip(texts, marks, strict=True))

    def _marked_again(self, paper: Paper, asked: Asked, text: str) -> Mark:
        """Mark of an answer from its text as kept; ValueError: it is none of the choices, in this language."""
        if asked.question.kind == "numeric":
            return paper.mark(asked, text or None, self.language)
        found = [pair for pair in asked.choices(self.language) if pair[0] in text]
        if "; ".join(name for name, _ in found) != text:
            raise ValueError(text)
        values = [value for _, value in found]
        given = set(values) if asked.question.kind == "multiple" else values[0] if values else None
        return paper.mark(asked, given, self.language)

    def _keep(self, item: str, answer: str, verdict: str, score: float | None, detail: str = "") -> None:
        """Keep one answer; if that fails, say so once and go on."""
        from cmtools.progress import Progress, ProgressError, new_attempt

        kept = new_attempt(
            "quiz", self.paper.quiz.name, item, verdict, id=self._attempt, variant=self.paper.seed,
            answer=answer[:4000], score=score, detail=f"{self.sitting} {detail}".strip(),
        )  # fmt: skip
        try:
            (self._progress or Progress()).add(kept)
        except ProgressError as error:
            if not self._not_kept:
                self._not_kept = True
                said = message("quiz_not_kept", self.language, reason=error.text(self.language))
                self.head.value += forms.notice(said, self.language)


def _show(control: controls.Widget, there: bool) -> None:
    control.layout.display = _THERE if there else _HIDDEN
