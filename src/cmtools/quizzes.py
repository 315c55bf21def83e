"""Quizzes: questions read from ``course/quizzes``, a paper drawn from them, answers marked.

A file is read whole and valid, or refused with every defect and its line
(:mod:`cmtools.quiz_files`). The figures of a numeric question and the order of a
paper follow from its seed; seed 0 gives the printed paper.
"""

from __future__ import annotations

import ast
import math
import operator
import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from cmtools import language as words
from cmtools.language import message, resolve
from cmtools.schemas import Defect, InputError

KINDS = ("single", "multiple", "true_false", "numeric")
UNITS = ("money", "rate", "days", "number")
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
MOST_CHOICES = 8
DRAWS = 200  # of figures, before the printed ones are taken
_OPERATIONS: dict[type, Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}

Both = Mapping[str, str]  # one text in each language


class Formula:
    """Arithmetic on named figures: numbers, names, + - * / and brackets. Exact, and never evaluated as code.

    Parameters
    ----------
    text : str

    Raises
    ------
    ValueError
        If the text holds anything else.

    Examples
    --------
    >>> formula = Formula("loss / 1.2 / margin")
    >>> sorted(formula.names)
    ['loss', 'margin']
    >>> float(formula.value({"loss": Fraction(6_000), "margin": Fraction("0.1")}))
    50000.0
    """

    LONGEST = 300

    def __init__(self, text: str):
        if len(text) > self.LONGEST or not re.fullmatch(r"[A-Za-z0-9_ .+*/()-]+", text):
            raise ValueError(f"formula: {text!r}")
        try:
            self._tree = ast.parse(text.strip(), mode="eval").body
        except SyntaxError as error:
            raise ValueError(f"formula: {text!r}") from error
        self.text = text
        self.names = frozenset(_names(self._tree))

    def value(self, figures: Mapping[str, Fraction]) -> Fraction:
        """Result, exact; a division by nil raises ZeroDivisionError."""
        return _value(self._tree, figures)


def _names(node: ast.expr) -> Iterable[str]:
    """Names of a formula; refuses what is not arithmetic."""
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        yield from _names(node.left)
        yield from _names(node.right)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield from _names(node.operand)
    elif isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        if not math.isfinite(node.value):
            raise ValueError(f"formula: {node.value}")
    else:
        raise ValueError(f"formula: {ast.unparse(node)}")


def _value(node: ast.expr, figures: Mapping[str, Fraction]) -> Fraction:
    if isinstance(node, ast.BinOp):
        return _OPERATIONS[type(node.op)](_value(node.left, figures), _value(node.right, figures))
    if isinstance(node, ast.UnaryOp):
        return -_value(node.operand, figures)
    if isinstance(node, ast.Name):
        return figures[node.id]
    assert isinstance(node, ast.Constant)
    return Fraction(str(node.value))


# ---------------------------------------------------------------- a quiz


class Choice(NamedTuple):
    """One choice; `why` is what is said to who chose it, or wrongly left it."""

    text: Both
    right: bool
    why: Both | None


class Figure(NamedTuple):
    """A figure of the text: printed, and drawn from `low` to `high` by `step`; without a step always the same."""

    unit: str
    printed: Fraction
    low: Fraction
    high: Fraction
    step: Fraction

    def drawn(self, chance: random.Random) -> Fraction:
        """One figure of the range."""
        return (
            self.low + self.step * chance.randint(0, int((self.high - self.low) / self.step)) if self.step else self.low
        )


class Working(NamedTuple):
    """A figure worked out from the others, which explanations show."""

    unit: str
    formula: Formula
    decimals: int | None


class Mistake(NamedTuple):
    """What a usual mistake gives, and what is said to who made it."""

    formula: Formula
    why: Both


@dataclass(frozen=True)
class Question:
    """A question as its file has it; `answer` is a bool (true_false) or a formula (numeric)."""

    id: str
    kind: str
    competence: str
    covers: tuple[str, ...]
    reference: Both
    text: Both
    explanation: Both
    choices: tuple[Choice, ...] = ()
    answer: bool | Formula | None = None
    why: Both | None = None
    figures: Mapping[str, Figure] = field(default_factory=dict)
    workings: Mapping[str, Working] = field(default_factory=dict)
    unit: str = "number"
    decimals: int = 0
    mistakes: tuple[Mistake, ...] = ()

    @property
    def within(self) -> Fraction:
        """How far a number may be from the right one: one unit of the last decimal asked."""
        return Fraction(1, 10**self.decimals) / (100 if self.unit == "rate" else 1)

    @property
    def printed(self) -> dict[str, Fraction]:
        """Printed figures."""
        return {name: figure.printed for name, figure in self.figures.items()}

    def drawn(self, chance: random.Random) -> dict[str, Fraction]:
        """Figures other than the printed ones, for which no mistake gives the right answer."""
        for _ in range(DRAWS):
            figures = {name: figure.drawn(chance) for name, figure in self.figures.items()}
            if figures != self.printed and self.tells_apart(figures):
                return figures
        return self.printed

    def tells_apart(self, figures: Mapping[str, Fraction]) -> bool:
        """Whether all can be computed and every mistake gives another number than the right one."""
        if not isinstance(self.answer, Formula):
            return True
        try:
            values = all_values(self, figures)
            found = [mistake.formula.value(values) for mistake in self.mistakes]
        except ZeroDivisionError:
            return False
        return all(abs(wrong - values["answer"]) > 2 * self.within for wrong in found)


def all_values(question: Question, figures: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """Figures, what is worked out from them, and `answer`."""
    values = dict(figures)
    for name, working in question.workings.items():
        values[name] = working.formula.value(values)
    if isinstance(question.answer, Formula):
        values["answer"] = question.answer.value(values)
    return values


@dataclass(frozen=True)
class Quiz:
    """Questions of one file; see :func:`read_quiz`."""

    name: str
    title: Both
    pass_mark: Fraction
    questions: tuple[Question, ...]

    def paper(self, seed: int = 0, count: int | None = None) -> Paper:
        """Draw a paper.

        Parameters
        ----------
        seed : int
            Same seed, same paper: order of the questions and of their choices, figures.
            0 is the printed paper.
        count : int, optional
            Number of questions; default: all.

        Returns
        -------
        Paper

        Raises
        ------
        InputError
            If the seed is negative or no whole number, or the quiz has not so many questions.
        """
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise InputError([Defect("quiz_bad_seed", "fatal", value=str(seed))])
        total = len(self.questions) if count is None else count
        if isinstance(total, bool) or not isinstance(total, int) or not 1 <= total <= len(self.questions):
            most = {"most": len(self.questions)}
            raise InputError([Defect("quiz_bad_count", "fatal", value=str(count), details=most)])
        order = list(self.questions)
        if seed:
            random.Random(f"{self.name}/{seed}").shuffle(order)
        asked = [_asked(self.name, question, place, seed) for place, question in enumerate(order[:total], 1)]
        return Paper(self, seed, tuple(asked))


def _asked(quiz: str, question: Question, place: int, seed: int) -> Asked:
    order = list(range(len(question.choices)))
    if seed == 0:
        return Asked(question, place, tuple(order), question.printed)
    random.Random(f"{quiz}/{question.id}/{seed}/choices").shuffle(order)
    figures = question.drawn(random.Random(f"{quiz}/{question.id}/{seed}"))
    return Asked(question, place, tuple(order), figures)


def read_quiz(source: str | Path) -> Quiz:
    """Read a quiz, whole and valid, or refuse it.

    Parameters
    ----------
    source : str or Path
        File; or the name of a quiz of the kit, such as "stakes".

    Returns
    -------
    Quiz

    Raises
    ------
    InputError
        With every defect, its line and its question.
    """
    from cmtools.quiz_files import read

    return read(source)


# ---------------------------------------------------------------- a paper


@dataclass(frozen=True)
class Asked:
    """A question on a paper.

    Attributes
    ----------
    question : Question
    number : int
        Its place on the paper, from 1.
    order : tuple of int
        Places in the file of the choices, in the order shown.
    figures : mapping of str to Fraction
    """

    question: Question
    number: int
    order: tuple[int, ...]
    figures: Mapping[str, Fraction]

    @cached_property
    def values(self) -> dict[str, Fraction]:
        """Figures, what is worked out from them, and `answer`; exact."""
        return all_values(self.question, self.figures)

    def text(self, language: str | None = None) -> str:
        """What is asked, figures as the reader writes them."""
        return self._filled(self.question.text, language)

    def explanation(self, language: str | None = None) -> str:
        """Why the right answer is right."""
        return self._filled(self.question.explanation, language)

    def reference(self, language: str | None = None) -> str:
        """Article, source or lesson."""
        return self.question.reference[resolve(language)]

    def choices(self, language: str | None = None) -> list[tuple[str, int | bool]]:
        """Text of each choice in the order shown, and what is given when it is chosen; none for a number."""
        if self.question.kind == "true_false":
            return [(message(f"quiz_{value}", language), value == "true") for value in ("true", "false")]
        return [(self.question.choices[place].text[resolve(language)], place) for place in self.order]

    def right_answer(self, language: str | None = None) -> str:
        """The right answer in words; several choices are parted by semicolons."""
        question = self.question
        if question.kind == "numeric":
            return shown(self.values["answer"], question.unit, language, question.decimals)
        if question.kind == "true_false":
            return message(f"quiz_{str(question.answer).lower()}", language)
        right = [
            question.choices[place].text[resolve(language)] for place in self.order if question.choices[place].right
        ]
        return message("quiz_list_mark", language).join(right)

    def _filled(self, text: Both, language: str | None, **more: Fraction) -> str:
        """Text with its figures; `value` and `answer` are written as the answer is."""
        question = self.question

        def figure(found: re.Match[str]) -> str:
            name = found[1]
            if name in question.figures:
                return shown(self.figures[name], question.figures[name].unit, language)
            if name in question.workings:
                working = question.workings[name]
                return shown(self.values[name], working.unit, language, working.decimals)
            return shown((self.values | more)[name], question.unit, language, question.decimals)

        return PLACEHOLDER.sub(figure, text[resolve(language)])


def shown(value: Fraction, unit: str, language: str | None = None, decimals: int | None = None) -> str:
    """Value as the reader writes it; without `decimals` those that it needs, four at most.

    Examples
    --------
    >>> shown(Fraction("0.125"), "rate", "fr").replace(words.HARD, " ")
    '12,5 %'
    >>> shown(Fraction(1), "days", "en").replace(words.HARD, " "), shown(Fraction("2.5"), "days", "fr")[:3]
    ('1 day', '2,5')
    """
    scaled = value * 100 if unit == "rate" else value
    exact = next((places for places in range(4) if (scaled * 10**places).denominator == 1), 4)
    places = exact if decimals is None else decimals
    if unit == "money":
        cents = 0 if value.denominator == 1 else 2
        return words.money(float(value), "EUR", language, cents if decimals is None else min(decimals, cents))
    if unit == "rate":
        return words.percent(float(value), places, language)
    text = words.number(float(value), places, language)
    return message("quiz_days", language, value=text, n=1 if abs(value) < 2 else 2) if unit == "days" else text


class Mark(NamedTuple):
    """What an answer is worth, and what is said of it.

    Attributes
    ----------
    right : bool
        Exactly right; this alone counts for the pass mark.
    score : float
        0 to 1; of several choices (right ticked - wrong ticked) / rights, at least 0.
    why : tuple of str
        What was wrong, one sentence for each choice or mistake; empty if right.
    explanation, answer : str
        Why the right answer is right; the right answer in words.
    written : str
        The answer as it was understood; "" if there is none.
    detail : str
        Wrong choices or mistake by their places in the file, as "choice 2, 3" or "mistake 1".
    """

    right: bool
    score: float
    why: tuple[str, ...]
    explanation: str
    answer: str
    written: str
    detail: str


class Result(NamedTuple):
    """Right answers of a paper, how many it takes to pass, and whether they are there."""

    right: int
    total: int
    needed: int
    passed: bool

    @property
    def share(self) -> float:
        """Share of right answers."""
        return self.right / self.total


@dataclass(frozen=True)
class Paper:
    """Questions in their order, with their figures; see :meth:`Quiz.paper`."""

    quiz: Quiz
    seed: int
    asked: tuple[Asked, ...]

    def mark(self, question: Asked | str, given: Any, language: str | None = None) -> Mark:
        """Mark one answer.

        Parameters
        ----------
        question : Asked or str
            Of this paper; or its id.
        given : int, collection of int, bool, str or number
            Place in the file of the choice (single), places of those ticked
            (multiple), True or False, what was typed or a number (numeric: a rate
            as a fraction). None, "" or nothing ticked: not answered, which is wrong.
        language : {"fr", "en"}, optional

        Returns
        -------
        Mark

        Raises
        ------
        AnswerError
            If what was typed is no number.
        """
        asked = next(one for one in self.asked if question in (one, one.question.id))
        kind = asked.question.kind
        return (_numeric if kind == "numeric" else _multiple if kind == "multiple" else _one)(asked, given, language)

    def result(self, marks: Iterable[Mark]) -> Result:
        """Count the right answers; a question without a mark is not right.

        Examples
        --------
        >>> from cmtools.quizzes import Paper, Quiz
        >>> quiz = Quiz("none", {}, Fraction(3, 4), ())
        >>> Paper(quiz, 0, (None,) * 12).result([]).needed
        9
        """
        total = len(self.asked)
        right = sum(mark.right for mark in marks)
        needed = math.ceil(self.quiz.pass_mark * total)
        return Result(right, total, needed, right >= needed)


def _made(asked: Asked, language: str | None, *, score: float, why: Sequence[str], written: str, detail: str) -> Mark:
    right = score == 1 and not why
    return Mark(right, score, tuple(why), asked.explanation(language), asked.right_answer(language), written, detail)


def _unanswered(asked: Asked, language: str | None) -> Mark:
    return _made(asked, language, score=0.0, why=[message("quiz_unanswered", language)], written="", detail="")


def _one(asked: Asked, given: Any, language: str | None) -> Mark:
    """Mark of one choice among several, or of true or false."""
    if given is None:
        return _unanswered(asked, language)
    question = asked.question
    written = next(text for text, value in asked.choices(language) if value == given)
    if question.kind == "true_false":
        right, why = given == question.answer, question.why
    else:
        right, why = question.choices[given].right, question.choices[given].why
    if right:
        return _made(asked, language, score=1.0, why=[], written=written, detail="")
    said = [why[resolve(language)]] if why else []
    detail = str(given).lower() if question.kind == "true_false" else f"choice {given + 1}"
    return _made(asked, language, score=0.0, why=said or [""], written=written, detail=detail)


def _multiple(asked: Asked, given: Iterable[int] | None, language: str | None) -> Mark:
    ticked = set(given or ())
    if not ticked:
        return _unanswered(asked, language)
    choices = asked.question.choices
    rights = {place for place, choice in enumerate(choices) if choice.right}
    written = message("quiz_list_mark", language).join(
        text for text, place in asked.choices(language) if place in ticked
    )
    score = max(0.0, (len(ticked & rights) - len(ticked - rights)) / len(rights))
    wrong = [place for place in asked.order if (place in ticked) != choices[place].right]
    said = [_missed(choices[place], place in ticked, language) for place in wrong]
    detail = f"choice {', '.join(str(place + 1) for place in sorted(wrong))}" if wrong else ""
    return _made(asked, language, score=score, why=said, written=written, detail=detail)


def _missed(choice: Choice, ticked: bool, language: str | None) -> str:
    """What is said of a choice wrongly ticked, or wrongly left."""
    tongue = resolve(language)
    why = choice.why[tongue] if choice.why else ""
    key = "quiz_wrongly_ticked" if ticked else "quiz_wrongly_left"
    return message(key, language, choice=choice.text[tongue].rstrip("."), why=why).strip()


def _numeric(asked: Asked, given: Any, language: str | None) -> Mark:
    from cmtools.answers import read_answer

    question = asked.question
    read = read_answer(given, question.unit, language)
    if read is None:
        return _unanswered(asked, language)
    value, right = Fraction(str(read.value)), asked.values["answer"]
    if _near(value, right, question):
        return _made(asked, language, score=1.0, why=[], written=read.written, detail="")
    found = [mistake.formula.value(asked.values) for mistake in question.mistakes]
    place = min(range(len(found)), key=lambda place: abs(found[place] - value))
    if _near(value, found[place], question):
        said, detail = asked._filled(question.mistakes[place].why, language, value=value), f"mistake {place + 1}"
    else:
        detail = _general(question, value, right)
        said = message(f"quiz_{detail or 'other_number'}", language)
    return _made(asked, language, score=0.0, why=[said], written=read.written, detail=detail)


def _near(value: Fraction, expected: Fraction, question: Question) -> bool:
    """Whether two numbers are the same as far as the decimals asked tell; 16.4 % is no exact binary number."""
    return abs(value - expected) <= question.within * (1 + Fraction(1, 10**6))


def _general(question: Question, value: Fraction, right: Fraction) -> str:
    """A mistake that any figure may show: the sign, or a percentage and a decimal taken for each other."""
    if _near(-value, right, question):
        return "sign"
    if question.unit == "rate" and right and any(abs(value / right - by) <= by / 100 for by in (100, Fraction(1, 100))):
        return "percent"
    return ""
