"""Exercises: figures drawn by variant, and what an answer shows of the way it was found.

A topic is a source of ``course/exercises``. Its cells tagged ``check`` hold one
function for each exercise, under :func:`exercise`: it draws figures and returns a
:class:`Task`, the right answer with the figures that the usual mistakes give.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from cmtools import language as words
from cmtools.answers import KINDS, MEASURED, Answer, AnswerError, read_answer
from cmtools.course import kit
from cmtools.language import message
from cmtools.schemas import Ledger

LEVELS = ("compute", "use", "decide")
_CELL = re.compile(r"^# ?%%(?!%).*$", re.MULTILINE)
_CHECK = re.compile(r'tags=\[[^\]]*"check"')


class Both(NamedTuple):
    """One text in French and in English; `{name:kind}` in it stands for a figure of the task."""

    fr: str
    en: str

    def text(self, language: str, figures: Mapping[str, Any]) -> str:
        """Text in one language, its figures as the reader writes them."""
        return (self.fr if language == "fr" else self.en).format_map(
            {name: _Figure(value, language) for name, value in figures.items()}
        )


class _Figure:
    """A figure that a text shows: `{owed:money}`, `{rate:rate}`, `{day:date}`, `{dso:1}` (decimals), `{months}`."""

    def __init__(self, value: Any, language: str):
        self.value, self.language = value, language

    def __format__(self, kind: str) -> str:
        return shown(self.value, kind, self.language)


def shown(value: Any, kind: str, language: str, decimals: int | None = None) -> str:
    """Value as the reader writes it.

    Examples
    --------
    >>> shown(0.125, "rate", "fr").replace(words.HARD, " "), shown(61.66, "days", "en", 1).replace(words.HARD, " ")
    ('12,5 %', '61.7 days')
    """
    if isinstance(value, date):
        return words.day(value, language)
    if isinstance(value, str):
        return value
    if kind == "money":
        places = decimals if decimals is not None else 0 if float(value).is_integer() else 2
        return words.money(value, "EUR", language, places)
    if kind == "rate":
        places = (
            decimals if decimals is not None else next(n for n in range(5) if n == 4 or _whole(value * 10 ** (n + 2)))
        )
        return words.percent(value, places, language)
    if kind.isdigit():
        return words.number(value, int(kind), language)
    places = decimals if decimals is not None else 0 if float(value).is_integer() else 2
    text = words.number(value, places, language)
    if kind == "days":
        one = abs(value) < 2 if language == "fr" else abs(value) == 1
        return message("exercise_days", language, value=text, n=1 if one else 2)
    return text


def _whole(value: float) -> bool:
    return abs(value - round(value)) < 1e-6


class Draw:
    """Figures of one exercise for one variant; variant 0 gives the printed ones.

    Parameters
    ----------
    topic, key : str
        Of the exercise: each draws by itself.
    variant : int
        Same variant, same figures.
    """

    def __init__(self, topic: str, key: str, variant: int):
        self.variant = variant
        self._random = random.Random(f"{topic}/{key}/{variant}")

    def number(self, printed: float, low: float, high: float, step: float) -> float:
        """Return a figure between two bounds, a whole number of steps above the lower one."""
        if self.variant == 0:
            return printed
        drawn = low + step * self._random.randint(0, round((high - low) / step))
        return round(drawn, 10) if isinstance(drawn, float) else drawn

    def one_of(self, printed: Any, *others: Any) -> Any:
        """Return one of these."""
        return printed if self.variant == 0 else self._random.choice([printed, *others])

    @property
    def ledger(self) -> Ledger:
        """Sample company's ledger."""
        return _sample()


_kept: dict[Path, Ledger] = {}


def _sample() -> Ledger:
    from cmtools.load import read_ledger

    folder = kit()
    if folder is None:
        raise FileNotFoundError(message("exercise_no_kit"))
    if folder not in _kept:
        data = folder / "data"
        _kept[folder] = read_ledger(
            data / "factures.csv", settlements=data / "reglements.csv", customers=data / "clients.csv"
        )
    return _kept[folder]


class Mistake(NamedTuple):
    """A usual mistake: the answer that it gives, and what is said to who made it."""

    key: str
    value: Any
    fr: str
    en: str


class Task(NamedTuple):
    """An exercise with its figures.

    Attributes
    ----------
    figures : mapping
        Shown in the texts by their names, and used by the cells of the notebook.
    answer : number, date or str
        Money in euros, a rate as a fraction, a choice by its key; "" where a text is asked.
    mistakes : sequence of Mistake
    """

    figures: Mapping[str, Any]
    answer: Any
    mistakes: Sequence[Mistake] = ()


class Exercise(NamedTuple):
    """What does not depend on the variant; see :func:`exercise`."""

    key: str
    level: str
    kind: str
    minutes: int
    decimals: int
    in_cell: bool
    competence: str
    covers: tuple[str, ...]
    title: Both
    statement: Both
    hint: Both
    closer: Both
    method: Both
    worked: Both
    choices: Mapping[str, Both]
    model: Both | None
    grid: tuple[Both, ...]
    make: Callable[[Draw], Task]

    def task(self, topic: str, variant: int) -> Task:
        """Draw the exercise."""
        return self.make(Draw(topic, self.key, variant))

    @property
    def within(self) -> float:
        """How far an answer may be from the right one: one unit of the last decimal asked."""
        return 10.0**-self.decimals / (100 if self.kind == "rate" else 1) * (1 + 1e-9)


def exercise(
    *,
    level: str,
    kind: str,
    minutes: int,
    covers: Sequence[str],
    competence: str,
    title: tuple[str, str],
    statement: tuple[str, str],
    hint: tuple[str, str] = ("", ""),
    closer: tuple[str, str] = ("", ""),
    method: tuple[str, str] = ("", ""),
    worked: tuple[str, str],
    decimals: int = 0,
    in_cell: bool = False,
    choices: Mapping[str, tuple[str, str]] | None = None,
    model: tuple[str, str] | None = None,
    grid: Sequence[tuple[str, str]] = (),
) -> Callable[[Callable[[Draw], Task]], Exercise]:
    """Turn a function that draws a task into an exercise; its name is the key.

    Parameters
    ----------
    level : {"compute", "use", "decide"}
    kind : str
        What is answered: number, money, days, integer, rate, date, choice or text.
    minutes : int
        Expected time.
    covers : sequence of str
        Rows of ``course/inventory.csv``.
    competence : str
        Key of ``reference/labels.csv``.
    title, statement, hint, closer, method, worked : (French, English)
        Markdown; `{figure:kind}` shows a figure of the task. `hint`, `closer`, `method`
        are told after a first, second, third wrong answer. `worked` shows the calculation.
    decimals : int
        Of the answer (of the percentage, for a rate): it may be one unit of the last one away.
    in_cell : bool
        Answered in a code cell that ends in a check; False: in a box.
    choices : mapping, optional
        Key to its two texts, in the order shown.
    model : (French, English), optional
        Model of the short text that a decision asks for; `grid` its points, for self-assessment.

    Returns
    -------
    callable
        Decorator.

    Raises
    ------
    ValueError
        If level or kind is unknown, or a text lacks one language.
    """
    texts = {"title": title, "statement": statement, "worked": worked}
    if kind != "text":
        texts |= {"hint": hint, "closer": closer, "method": method}
    empty = [name for name, pair in texts.items() if not all(part.strip() for part in pair)]
    if level not in LEVELS or kind not in KINDS or empty:
        raise ValueError(f"exercise {title[1]!r}: level {level!r}, kind {kind!r}, texts missing: {empty}")

    def made(make: Callable[[Draw], Task]) -> Exercise:
        return Exercise(
            key=make.__name__,
            level=level,
            kind=kind,
            minutes=minutes,
            decimals=decimals,
            in_cell=in_cell,
            competence=competence,
            covers=tuple(covers),
            title=Both(*title),
            statement=Both(*statement),
            hint=Both(*hint),
            closer=Both(*closer),
            method=Both(*method),
            worked=Both(*worked),
            choices={name: Both(*pair) for name, pair in (choices or {}).items()},
            model=Both(*model) if model else None,
            grid=tuple(Both(*pair) for pair in grid),
            make=make,
        )

    return made


class Topic:
    """Exercises of one source, by key, in their order."""

    def __init__(self, path: Path):
        self.name = path.stem
        self.path = path

    @cached_property
    def exercises(self) -> dict[str, Exercise]:
        """Key to exercise."""
        text = self.path.read_text(encoding="utf-8")
        space: dict[str, Any] = {"__name__": f"exercises_{self.name}"}
        exec(compile(_checks(text), str(self.path), "exec"), space)
        return {value.key: value for value in space.values() if isinstance(value, Exercise)}


def _checks(text: str) -> str:
    """Return the cells tagged ``check``; the other lines are blank, so that errors name the right one."""
    starts = [match.start() for match in _CELL.finditer(text)]
    kept = []
    for start, end in zip(starts, [*starts[1:], len(text)]):
        cell = text[start:end]
        kept.append(cell if _CHECK.search(cell.partition("\n")[0]) else "\n" * cell.count("\n"))
    return "\n" * text[: starts[0] if starts else 0].count("\n") + "".join(kept)


def topic_names() -> list[str]:
    """Names of the topics of the kit, in order."""
    folder = kit()
    paths = sorted((folder / "course" / "exercises").glob("*.py")) if folder else []
    return [path.stem for path in paths if Topic(path).exercises]


def open_topic(name: str) -> Topic:
    """Topic of the kit under the current folder.

    Raises
    ------
    FileNotFoundError
        If there is none of that name.
    """
    folder = kit()
    path = folder / "course" / "exercises" / f"{name}.py" if folder else None
    if path is None or not re.fullmatch(r"\w+", name) or not path.is_file():
        raise FileNotFoundError(message("exercise_no_kit"))
    return Topic(path)


# ---------------------------------------------------------------- marks


class Verdict(NamedTuple):
    """What is said of an answer: `state` is todo, unread, right, wrong or written (a text, to be assessed)."""

    state: str
    line: str
    mistake: str = ""
    written: str = ""  # the answer as it was understood


def mark(exercise: Exercise, task: Task, given: Any, wrong_before: int, language: str) -> Verdict:
    """Say in one line whether an answer is right, or which mistake it shows.

    Parameters
    ----------
    exercise : Exercise
    task : Task
    given : object
        Text of a box, or value of a cell; see :func:`cmtools.answers.read_answer`.
    wrong_before : int
        Wrong answers given before this one: the second brings a closer hint, the third the method.
    language : {"fr", "en"}

    Returns
    -------
    Verdict
    """
    try:
        answer = read_answer(given, exercise.kind, language, choices=tuple(exercise.choices))
    except AnswerError as error:
        return Verdict("unread", str(error))
    if answer is None:
        return Verdict("todo", message("exercise_todo", language))
    if exercise.kind == "text":
        return Verdict("written", message("exercise_written", language), written=answer.written)
    written = _written(exercise, task, answer, given, language)
    if _same(exercise, answer.value, task.answer):
        return Verdict("right", message("exercise_right", language, value=written), written=written)
    mistake = next((made for made in task.mistakes if _same(exercise, answer.value, made.value)), None)
    if mistake:
        key, said = mistake.key, Both(mistake.fr, mistake.en).text(language, task.figures)
    else:
        key = _general(exercise, answer, task)
        said = message(f"exercise_{key}", language) if key else exercise.hint.text(language, task.figures)
    more = (exercise.closer, exercise.method)[: max(wrong_before, 0)][-1:]
    said = " ".join([said, *(Both(*text).text(language, task.figures) for text in more)])
    return Verdict("wrong", message("exercise_wrong", language, value=written, said=said), key, written)


def _written(exercise: Exercise, task: Task, answer: Answer, given: Any, language: str) -> str:
    """Return the answer as it was understood; what a cell computed is shown with the decimals asked."""
    chosen = exercise.choices.get(str(answer.value))
    if chosen:
        return chosen.text(language, task.figures)
    if exercise.kind in MEASURED and not isinstance(given, str | tuple):
        return shown(answer.value, exercise.kind, language, exercise.decimals)
    unit = f"{words.HARD}EUR" if exercise.kind == "money" and "EUR" not in answer.written else ""
    return re.sub(r"^[^(]*[^( ]", rf"\g<0>{unit}", answer.written, count=1)


def _same(exercise: Exercise, given: Any, expected: Any) -> bool:
    if exercise.kind in MEASURED:
        return abs(float(given) - float(expected)) <= exercise.within
    return bool(given == expected)


def _general(exercise: Exercise, answer: Answer, task: Task) -> str:
    """Key of a mistake that any figure may show: sign, percent for decimal, thousands, rounding."""
    if exercise.kind not in MEASURED or not task.answer or isinstance(answer.value, str | date):
        return ""
    given, right = answer.value, float(task.answer)
    checks: Iterator[tuple[str, bool]] = iter(
        [
            ("near", abs(given - right) <= max(2.5 * exercise.within, abs(right) * 0.002)),
            ("sign", _same(exercise, -given, right)),
            ("percent", exercise.kind == "rate" and _near(given, right * 100)),
            ("decimal", exercise.kind == "rate" and _near(given, right / 100)),
            ("thousands", _near(given, right * 1000) or _near(given, right / 1000)),
        ]
    )
    return next((key for key, found in checks if found), "")


def _near(given: float, expected: float) -> bool:
    return abs(given - expected) <= abs(expected) * 0.01
