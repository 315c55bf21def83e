"""What an exercise shows: statement, verdict, solution, summary, page to print.

What a trainee types is text, never markup.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from html import escape

from cmtools.exercises import Exercise, Task, Topic, Verdict, shown
from cmtools.language import HARD, label, message

_COLOURS = {"right": "#1a7f37", "wrong": "#b35900", "unread": "#b35900", "todo": "#57606a"}
_CELL = "text-align:left;padding:.2em 1.2em .2em 0"
_SIGNS = {"right": "✓", "wrong": "✗", "unread": "?", "todo": "…", "chosen": "✎", "written": "✎", "assessed": "✎"}


def statement(exercise: Exercise, task: Task, number: int, language: str) -> str:
    """Markdown of an exercise: number, title, level, minutes, what is asked."""
    level = label(f"level_{exercise.level}", language)
    title = exercise.title.text(language, task.figures)
    parts = [
        f"### {message('exercise_head', language, number=number, title=title)}",
        f"*{message('exercise_under', language, level=level, minutes=exercise.minutes)}*",
        exercise.statement.text(language, task.figures).strip(),
        message(f"exercise_asked_{exercise.kind}", language, within=_within(exercise, language)),
    ]
    return "\n\n".join(parts)


def _within(exercise: Exercise, language: str) -> str:
    if exercise.kind not in ("number", "money", "days", "integer", "rate"):
        return ""
    step = 10.0**-exercise.decimals / (100 if exercise.kind == "rate" else 1)
    if exercise.kind == "rate":
        return message("exercise_points", language, value=shown(step * 100, str(exercise.decimals), language))
    return shown(step, exercise.kind, language, exercise.decimals)


def unit(exercise: Exercise, language: str) -> str:
    """Unit beside the box."""
    units = {"money": "EUR", "rate": "%", "days": message("exercise_unit_days", language)}
    return units.get(exercise.kind, "")


def verdict(verdict: Verdict, language: str) -> str:
    """HTML of one line on an answer."""
    colour = _COLOURS.get(verdict.state, "inherit")
    return (
        f'<div role="status" class="cmtools-verdict" data-state="{verdict.state}" '
        f'style="color:{colour};line-height:1.5;max-width:52em">'
        f"<b>{_SIGNS[verdict.state]}</b>{HARD}{escape(verdict.line)}</div>"
    )


def notice(text: str) -> str:
    """HTML of a plain line."""
    return f'<div class="cmtools-notice" style="color:#57606a">{escape(text)}</div>'


def model(text: str, language: str) -> str:
    """HTML of a model answer."""
    return (
        f'<div style="border-left:3px solid #57606a;padding:.2em 1em;max-width:52em;line-height:1.5">'
        f"<b>{escape(message('exercise_model', language))}</b>{_html(text)}</div>"
        f"<p>{escape(message('exercise_grid', language))}</p>"
    )


def solution(exercise: Exercise, task: Task, language: str) -> str:
    """Markdown of the calculation, and of the model and its points where a text is asked."""
    parts = [f"**{message('exercise_solution', language)}** {exercise.worked.text(language, task.figures).strip()}"]
    if exercise.model:
        parts.append(f"**{message('exercise_model', language)}** {exercise.model.text(language, task.figures).strip()}")
        parts.append("\n".join(f"- {point.text(language, task.figures)}" for point in exercise.grid))
    return "\n\n".join(parts)


def summary(topic: Topic, states: Mapping[str, tuple[str, int]], variant: int, language: str) -> str:
    """HTML table: each exercise, its level and time, where it stands."""
    head = "".join(
        f"<th style='{_CELL}'>{escape(label(f'exercise_{key}', language))}</th>"
        for key in ("number", "title", "level", "minutes", "state")
    )
    rows = []
    for number, (key, exercise) in enumerate(topic.exercises.items(), start=1):
        state, tries = states[key]
        said = message(f"exercise_state_{state}", language, tries=tries, n=tries)
        task = exercise.title.text(language, {})
        cells = (
            str(number),
            task,
            label(f"level_{exercise.level}", language),
            str(exercise.minutes),
            f"{_SIGNS[state]} {said}",
        )
        rows.append("<tr>" + "".join(f"<td style='{_CELL}'>{escape(cell)}</td>" for cell in cells) + "</tr>")
    done = sum(state in ("right", "assessed") for state, _ in states.values())
    said = message("exercise_done", language, done=done, all=len(states), variant=variant)
    other = notice(message("exercise_other_figures", language))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f"<p><b>{escape(said)}</b></p>{other}{table}"


def printed(exercise: Exercise, task: Task, number: int, answer: str, text: str, found: Verdict, language: str) -> str:
    """HTML of one exercise of the page to print: what was asked, answered and written."""
    choice = exercise.choices.get(answer)
    if choice:
        answer = choice.text(language, task.figures)
    elif exercise.in_cell and answer:
        with suppress(ValueError):  # a number that the cell computed
            answer = shown(float(answer), exercise.kind, language, exercise.decimals)
    given = [f"<b>{escape(message('exercise_answer', language))}</b> {escape(answer) or '…' * 20}"]
    given = [] if exercise.kind == "text" else given
    given += [escape(text).replace("\n", "<br>") or "…" * 60] if exercise.model else []
    asked = _html(statement(exercise, task, number, language))
    said = "".join(f"<p>{part}</p>" for part in given)
    return f"<section>{asked}{said}{verdict(found, language)}</section>"


def page(title: str, parts: Sequence[str], language: str) -> str:
    """HTML page of exercises to print."""
    style = (
        "body{font:11pt/1.45 sans-serif;max-width:46em;margin:2em auto}"
        "section{break-inside:avoid;margin-bottom:2em}td,th{padding:.15em .8em;border-bottom:1px solid #bbb}"
    )
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{style}</style></head><body>{''.join(parts)}</body></html>"
    )


def print_script(page: str) -> str:
    """Script that prints a page from a frame of its own, without leaving the notebook."""
    text = json.dumps(page).replace("<", "\\u003c")
    return (
        "const old = document.getElementById('cmtools-print'); if (old) old.remove();"
        "const frame = document.createElement('iframe'); frame.id = 'cmtools-print';"
        "frame.style.cssText = 'position:fixed;width:0;height:0;border:0';"
        f"frame.onload = () => frame.contentWindow.print(); frame.srcdoc = {text}; document.body.append(frame);"
    )


def _html(markdown: str) -> str:
    """HTML of a text of the course in Markdown; tags in it are shown as text."""
    from nbconvert.filters.markdown_mistune import markdown2html_mistune

    return re.sub(r'<a class="anchor-link"[^>]*>.*?</a>', "", markdown2html_mistune(escape(markdown, quote=False)))
