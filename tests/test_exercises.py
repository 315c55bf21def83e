"""Exercises: figures by variant, what each usual mistake is told, solutions that pass, nothing given away."""

from __future__ import annotations

import ast
import json
import re
import string
from pathlib import Path

import nbformat
import pytest

from cmtools.exercises import Both, Draw, Exercise, Mistake, Task, Topic, exercise, mark, shown
from cmtools.language import HARD, THIN, label

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "course" / "exercises").glob("*.py"))
TOPICS = {path.stem: Topic(path) for path in SOURCES}
ALL = [(name, key) for name, topic in TOPICS.items() for key in topic.exercises]
LANGUAGES = ("fr", "en")
SIDES = ("exercises", "solutions")
NOTEBOOKS = [ROOT / side / language / f"{name}.ipynb" for side in SIDES for language in LANGUAGES for name in TOPICS]


def plain(text: str) -> str:
    return text.replace(THIN, " ").replace(HARD, " ")


# ---------------------------------------------------------------- how marks are given


def asked(**changes) -> Exercise:
    def compared(draw: Draw) -> Task:
        return Task({}, 60.0, [Mistake("excl_vat", 72.0, "HT pour TTC.", "Without VAT.")])

    given = {
        "level": "compute", "kind": "days", "minutes": 1, "covers": ["003-25"], "competence": "dso", "decimals": 1,
        "title": ("Essai", "Try"), "statement": ("Combien ?", "How many?"), "worked": ("60", "60"),
        "hint": ("Indice.", "Hint."), "closer": ("Plus près.", "Closer."), "method": ("Méthode.", "Method."),
    }  # fmt: skip
    return exercise(**given | changes)(compared)


TRY = asked()
TASK = TRY.task("try", 0)
RATE = asked(kind="rate", decimals=1)


@pytest.mark.parametrize(
    ("given", "state", "mistake"),
    [
        ("60", "right", ""),
        ("60,1", "right", ""),  # within one unit of the last decimal asked
        ("59,9 jours", "right", ""),
        ("60,2", "wrong", "near"),
        ("72", "wrong", "excl_vat"),
        ("-60", "wrong", "sign"),
        ("60 000", "wrong", "thousands"),
        ("31", "wrong", ""),
        ("", "todo", ""),
        (..., "todo", ""),
        (None, "todo", ""),
        ("soixante", "unread", ""),
        (60.0, "right", ""),
        ((72, 0), "wrong", "excl_vat"),
        ((60, 2), "wrong", "near"),
        ("60,5", "wrong", ""),
    ],
)
def test_an_answer_is_right_or_shows_its_mistake(given, state, mistake):
    verdict = mark(TRY, TASK, given, 0, "fr")
    assert (verdict.state, verdict.mistake) == (state, mistake)
    assert "\n" not in verdict.line


@pytest.mark.parametrize(
    ("given", "mistake"), [("12,5 %", ""), ("12,5", ""), (0.125, ""), ("0,125", "decimal"), (12.5, "percent")]
)
def test_percent_for_decimal_and_decimal_for_percent(given, mistake):
    assert mark(RATE, Task({}, 0.125), given, 0, "fr").mistake == mistake


def test_a_second_wrong_answer_brings_a_closer_hint_a_third_the_method():
    lines = [plain(mark(TRY, TASK, "31", wrong, "fr").line) for wrong in range(4)]
    assert lines[0].endswith("Indice.")
    assert lines[1].endswith("Indice. Plus près.")
    assert lines[2].endswith("Indice. Méthode.")
    assert lines[3] == lines[2]
    assert plain(mark(TRY, TASK, "72", 1, "fr").line).endswith("HT pour TTC. Plus près.")


def test_variants_draw_other_figures_and_always_the_same():
    draws = [Draw("topic", "key", variant) for variant in range(40)]
    found = [(draw.number(500, 100, 900, 50), draw.one_of("a", "b", "c")) for draw in draws]
    assert found[0] == (500, "a")
    assert len(set(found)) > 10
    assert {number % 50 for number, _ in found} == {0}
    assert {word for _, word in found} == {"a", "b", "c"}
    assert all(100 <= number <= 900 for number, _ in found)
    again = [Draw("topic", "key", variant) for variant in range(40)]
    assert found == [(draw.number(500, 100, 900, 50), draw.one_of("a", "b", "c")) for draw in again]
    assert Draw("topic", "other", 3).number(0, 0, 10**9, 1) != Draw("topic", "key", 3).number(0, 0, 10**9, 1)


@pytest.mark.parametrize(
    ("value", "kind", "language", "text"),
    [
        (1234.5, "money", "fr", "1 234,50 EUR"),
        (1200000, "money", "en", "1,200,000 EUR"),
        (0.125, "rate", "fr", "12,5 %"),
        (0.2, "rate", "en", "20%"),
        (61.66, "1", "fr", "61,7"),
        (91, "", "fr", "91"),
    ],
)
def test_figures_are_shown_as_the_reader_writes_them(value, kind, language, text):
    assert plain(shown(value, kind, language)) == text


def test_a_text_of_one_language_only_or_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match="texts missing"):
        asked(hint=("Indice.", " "))
    with pytest.raises(ValueError, match="level"):
        asked(level="guess")


def test_errors_of_a_check_name_its_line(tmp_path):
    path = tmp_path / "90_wrong.py"
    path.write_text('# %% [markdown] tags=["fr"]\n# text\n# %%\n1 / 0\n# %% tags=["check"]\n\nunknown_name\n')
    with pytest.raises(NameError) as caught:
        list(Topic(path).exercises)
    assert caught.traceback[-1].lineno == 6  # counted from 0


# ---------------------------------------------------------------- the exercises of the course


@pytest.mark.parametrize(("topic", "key"), ALL)
def test_every_usual_mistake_has_its_own_hint_and_none_is_right(topic, key):
    found = TOPICS[topic].exercises[key]
    for variant in range(51):
        task = found.task(topic, variant)
        if found.kind == "text":
            continue
        assert mark(found, task, task.answer, 0, "fr").state == "right"
        for language in LANGUAGES:
            told = [mark(found, task, made.value, 0, language) for made in task.mistakes]
            assert [verdict.state for verdict in told] == ["wrong"] * len(told), (variant, told)
            assert [verdict.mistake for verdict in told] == [made.key for made in task.mistakes], variant
            assert len({verdict.line for verdict in told}) == len(told), variant


@pytest.mark.parametrize(("topic", "key"), ALL)
def test_texts_are_complete_in_both_languages_and_name_only_figures_of_the_task(topic, key):
    found = TOPICS[topic].exercises[key]
    task = found.task(topic, 0)
    pairs = [found.title, found.statement, found.worked, *found.grid, *found.choices.values()]
    pairs += [found.model] if found.model else []
    pairs += [found.hint, found.closer, found.method] if found.kind != "text" else []
    pairs += [Both(made.fr, made.en) for made in task.mistakes]
    for pair in pairs:
        assert all(text.strip() for text in pair)
        fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in pair]
        assert fields[0] == fields[1], pair
        assert fields[0] <= set(task.figures), pair
        for language in LANGUAGES:
            assert "{" not in pair.text(language, task.figures)
    assert found.title == found.title._make(found.title.text(language, {}) for language in LANGUAGES)


@pytest.mark.parametrize(("topic", "key"), ALL)
def test_levels_labels_and_times_are_known(topic, key):
    found = TOPICS[topic].exercises[key]
    assert 1 <= found.minutes <= 30
    assert all(re.fullmatch(r"00\d-\d\d", row) for row in found.covers)
    assert found.covers
    assert all(
        label(f"competence_{found.competence}", language) != f"competence_{found.competence}" for language in LANGUAGES
    )
    assert found.kind != "text" or found.model
    assert not found.model or 3 <= len(found.grid) <= 6


@pytest.mark.parametrize("topic", [name for name in TOPICS if TOPICS[name].exercises])
def test_a_topic_has_eight_exercises_of_three_levels_and_other_figures_for_each_variant(topic):
    exercises = TOPICS[topic].exercises
    assert len(exercises) >= 8
    assert {found.level for found in exercises.values()} == {"compute", "use", "decide"}
    drawn = {key: [found.task(topic, variant).figures for variant in range(8)] for key, found in exercises.items()}
    fixed = [key for key, found in drawn.items() if all(figures == found[0] for figures in found)]
    assert len(fixed) <= 2, fixed  # a published error has the figures of its source


# ---------------------------------------------------------------- their notebooks


def cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


@pytest.mark.parametrize("name", TOPICS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_solution_is_left_in_an_exercise(name, language):
    (path,) = [path for path in NOTEBOOKS if path.parts[-3:] == ("exercises", language, f"{name}.ipynb")]
    solved = {cell.source for cell in cells(ROOT / "solutions" / language / path.name)}
    text = path.read_text(encoding="utf-8")
    assert "# solution" not in text
    for cell in cells(path):
        assert not {"check", "solution"} & set(cell.metadata.get("tags", []))
        for statement in ast.walk(ast.parse(cell.source)):
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "answer":
                assert ast.unparse(statement.value) == "..."
    outputs = plain(json.dumps([cell.outputs for cell in cells(path)], ensure_ascii=False))
    for key, found in TOPICS[name].exercises.items():
        task = found.task(name, 0)
        assert plain(found.worked.text(language, task.figures)) not in outputs, key
        if found.model:
            assert plain(found.model.text(language, task.figures)) not in outputs, key
    assert len(solved) > len(cells(path)) or not TOPICS[name].exercises


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: "/".join(path.parts[-3:]))
def test_notebooks_were_run_and_every_solution_is_right(path):
    name, side = path.stem, path.parts[-3]
    text = json.dumps([cell.outputs for cell in cells(path)])
    states = re.findall(r'data-state=\\+"(\w+)\\+"', text)
    exercises = TOPICS[name].exercises
    if side == "solutions":
        texts = sum(found.kind == "text" for found in exercises.values())
        assert sorted(states) == ["right"] * (len(exercises) - texts) + ["written"] * texts
    else:
        assert set(states) <= {"todo"}
    assert [cell.execution_count for cell in cells(path)] == list(range(1, len(cells(path)) + 1))


@pytest.mark.parametrize("variant", [0, 1, 2])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", [name for name in TOPICS if TOPICS[name].exercises])
@pytest.mark.parametrize("side", SIDES)
def test_solutions_are_right_and_exercises_run_for_other_variants(side, name, language, variant, monkeypatch, tmp_path):
    from cmtools import widgets_exercises

    shown: list = []
    monkeypatch.setattr(widgets_exercises, "display", shown.append)
    monkeypatch.setattr("IPython.display.display", lambda *given, **_: shown.extend(given))
    monkeypatch.setenv("CMTOOLS_PROGRESS", str(tmp_path / "progress.sqlite"))
    monkeypatch.chdir(ROOT / side / language)
    space: dict = {"__name__": "notebook", "display": shown.append}
    for cell in cells(ROOT / side / language / f"{name}.ipynb"):
        exec(re.sub(r"^variant = 0$", f"variant = {variant}", cell.source, flags=re.MULTILINE), space)
    assert space["exercises"].variant == variant
    said = [getattr(one, "data", None) for one in shown]
    states = [state for text in said if isinstance(text, str) for state in re.findall(r'data-state="(\w+)"', text)]
    exercises = TOPICS[name].exercises
    if side == "solutions":
        assert states == ["right"] * len(exercises)
    else:
        assert states == ["todo"] * sum(found.in_cell for found in exercises.values())
        assert not (tmp_path / "progress.sqlite").exists()
