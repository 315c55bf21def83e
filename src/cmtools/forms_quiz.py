"""What a quiz shows: head, question, verdict, result and review, in HTML.

Texts of a quiz and answers of a trainee are text, never markup.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

from cmtools import language as words
from cmtools.language import HARD, label, message, resolve
from cmtools.quizzes import Asked, Mark, Paper, shown

STYLE = """<style>
.cmtools-quiz {max-width: 54em; line-height: 1.5; font-size: 14px;}
.cmtools-quiz .widget-html-content {line-height: 1.5;}
.cmtools-quiz p {margin: 0 0 .6em;}
.cmtools-quiz .widget-radio {width: auto;}
.cmtools-quiz .widget-radio-box {max-width: none;}
.cmtools-quiz .widget-radio-box label {
  display: flex; flex-direction: row-reverse; justify-content: flex-end; gap: .6em; align-items: flex-start;
  height: auto; white-space: normal; line-height: 1.45; margin: 0 0 .5em; padding: .1em .3em;
}
.cmtools-quiz .widget-radio-box input {flex: none; height: auto; margin: .28em 0 0;}
.cmtools-quiz .widget-checkbox {width: auto; height: auto; margin: 0 0 .35em;}
.cmtools-quiz .widget-checkbox .widget-label-basic {
  display: flex; gap: .6em; align-items: flex-start; height: auto; white-space: normal; line-height: 1.45;
  padding: .1em .3em;
}
.cmtools-quiz .widget-checkbox input {flex: none; height: auto; margin: .15em 0 0;}
.cmtools-quiz .widget-checkbox, .cmtools-quiz .widget-checkbox .widget-label-basic {overflow: visible;}
.cmtools-quiz input:focus-visible, .cmtools-quiz button:focus-visible {outline: 2px solid #0969da; outline-offset: 2px;}
.cmtools-quiz label:focus-within {background: rgba(9, 105, 218, .08);}
.cmtools-told {border-left: 4px solid #57606a; padding: .3em 0 .1em 1em; margin: .4em 0;}
.cmtools-told[data-state=right] {border-color: #1a7f37;}
.cmtools-told[data-state=wrong], .cmtools-told[data-state=partly] {border-color: #b35900;}
.cmtools-quiz table {border-collapse: collapse; margin: .4em 0 1em;}
.cmtools-quiz td {padding: .15em 1em .15em 0; text-align: left;}
.cmtools-review {border-top: 1px solid #bbb; padding-top: .8em; margin-top: .8em;}
.cmtools-soft {opacity: .75;}
</style>"""

# What controls of ipywidgets lack on the keyboard. Their radio buttons are no group: arrows do not move among them, and
# nothing can lead the focus there; and JupyterLab takes arrows for itself. Enter in a box, or a click on a button, may
# reach the kernel before what was typed or chosen just before, for a control sends its next value only when the kernel
# is done with the last: so Enter first hands over the text, and a click what is chosen on the screen, in a control of
# its own. Without this script Tab and Space do.
SCRIPT = """
const dress = root => {
  root.querySelectorAll('input, button').forEach(part => part.setAttribute('data-lm-suppress-shortcuts', 'true'));
  const stage = root.querySelector('.cmtools-asked');
  if (stage) stage.setAttribute('aria-live', 'polite');
  root.querySelectorAll('.widget-radio-box').forEach(box => {
    box.setAttribute('role', 'radiogroup');
    const name = box.dataset.group || (box.dataset.group = 'cmtools-' + Math.random().toString(36).slice(2));
    box.querySelectorAll('label').forEach(label => {
      const input = label.querySelector('input');
      if (!input || input.name) return;
      input.name = name;
      label.tabIndex = -1;
      label.addEventListener('focus', () => input.focus());
    });
  });
};
const listen = root => {
  root.addEventListener('click', event => {
    if (!event.target.closest('.cmtools-check')) return;
    const there = [...root.querySelectorAll('[type=radio], [type=checkbox]')].filter(part => part.offsetParent);
    const chosen = there.flatMap((part, place) => part.checked ? [place] : []);
    const carrier = root.querySelector('.cmtools-chosen input');
    carrier.value = '=' + chosen.join(',');
    carrier.dispatchEvent(new Event('change', {bubbles: true}));
  }, true);
  root.addEventListener('keydown', event => {
    if (event.key !== 'Enter' || event.target.type !== 'text') return;
    event.preventDefault();
    event.target.dispatchEvent(new Event('change', {bubbles: true}));
    root.querySelector('.cmtools-check').click();
  }, true);
};
const find = tries => {
  const found = [...document.querySelectorAll('.cmtools-quiz')].filter(root => !root.dataset.dressed);
  found.forEach(root => {
    root.dataset.dressed = 'true';
    dress(root);
    listen(root);
    new MutationObserver(() => dress(root)).observe(root, {childList: true, subtree: true});
  });
  if (!found.length && tries) setTimeout(() => find(tries - 1), 100);
};
find(100);
"""

SIGNS = {"right": "✓", "partly": "✗", "wrong": "✗"}


def state_of(mark: Mark) -> str:
    """right, partly or wrong."""
    return "right" if mark.right else "partly" if mark.score > 0 else "wrong"


def typeset(text: str, language: str | None = None) -> str:
    """Escaped text; French signs keep the space before them on their line.

    Examples
    --------
    >>> typeset("Combien < 5 % ?", "fr").replace(HARD, "_")
    'Combien &lt; 5_%_?'
    """
    if resolve(language) == "fr":
        text = re.sub(r" ([;:?!%»€])", rf"{HARD}\1", text).replace("« ", f"«{HARD}")
    return escape(text)


def paragraphs(text: str, language: str | None = None) -> str:
    """HTML of a text whose paragraphs are parted by blank lines."""
    parts = [part.strip() for part in re.split(r"\n\s*\n|\n", text)]
    return "".join(f"<p>{typeset(part, language)}</p>" for part in parts if part)


def head(paper: Paper, language: str | None = None) -> str:
    """Title, number of questions, what it takes to pass, number of the draw."""
    needed = paper.result([]).needed
    said = message(
        "quiz_head", language, count=len(paper.asked), needed=needed, seed=paper.seed,
        share=words.percent(float(paper.quiz.pass_mark), 0, language),
    )  # fmt: skip
    return f"<h3>{typeset(paper.quiz.title[resolve(language)], language)}</h3>{_soft(said, language)}"


def _soft(text: str, language: str | None) -> str:
    return f'<p class="cmtools-soft">{typeset(text, language)}</p>'


def question(asked: Asked, total: int, language: str | None = None) -> str:
    """Place, what is asked, and how to answer."""
    place = message("quiz_place", language, number=asked.number, total=total)
    text, hint = paragraphs(asked.text(language), language), _soft(how(asked, language), language)
    return f"<p><b>{typeset(place, language)}</b></p>{text}{hint}"


def how(asked: Asked, language: str | None = None) -> str:
    """How to answer: one choice, several, or a number and its precision."""
    question = asked.question
    if question.kind != "numeric":
        return message(f"quiz_how_{question.kind}", language)
    if question.unit == "rate":
        return message("quiz_how_rate", language, within=shown(question.within * 100, "number", language))
    return message(f"quiz_how_{question.unit}", language, within=shown(question.within, question.unit, language))


def unit(asked: Asked, language: str | None = None) -> str:
    """Unit beside the box."""
    units = {"money": "EUR", "rate": "%", "days": message("quiz_unit_days", language)}
    return units.get(asked.question.unit, "")


def told(asked: Asked, mark: Mark, language: str | None = None) -> str:
    """Verdict on an answer: right or not, what was wrong, why, and where it is written."""
    state = state_of(mark)
    lines = [f"<p><b>{SIGNS[state]}{HARD}{typeset(_verdict(mark, language), language)}</b></p>"]
    lines += [paragraphs(why, language) for why in mark.why if why and mark.written]
    if not mark.right:
        lines.append(_named("quiz_right_answer", mark.answer, language))
    lines.append(paragraphs(mark.explanation, language))
    lines.append(_soft(message("quiz_reference", language, reference=asked.reference(language)), language))
    return f'<div role="status" class="cmtools-told" data-state="{state}">{"".join(lines)}</div>'


def _verdict(mark: Mark, language: str | None) -> str:
    key = f"quiz_told_{state_of(mark)}" if mark.written else "quiz_told_none"
    return message(key, language, written=mark.written, score=words.percent(mark.score, 0, language))


def _named(key: str, text: str, language: str | None) -> str:
    return f"<p>{typeset(message(key, language), language)} <b>{typeset(text, language)}</b></p>"


def notice(text: str, language: str | None = None) -> str:
    """A plain line, such as what to do first."""
    return f'<div role="status" class="cmtools-notice">{paragraphs(text, language)}</div>'


def result(paper: Paper, marks: Mapping[str, Mark], language: str | None = None) -> str:
    """Right answers of all, passed or not, and by competence."""
    found = paper.result(marks.values())
    key = "quiz_passed" if found.passed else "quiz_failed"
    said = message(
        key, language, n=found.right, right=found.right, total=found.total, needed=found.needed,
        share=words.percent(found.share, 0, language),
    )  # fmt: skip
    state = "right" if found.passed else "wrong"
    rows = "".join(
        f"<tr><td>{typeset(label(f'competence_{name}', language), language)}</td><td>{right} / {total}</td></tr>"
        for name, right, total in by_competence(paper, marks)
    )
    line = f"<p><b>{typeset(said, language)}</b></p>"
    return f'<div role="status" class="cmtools-told" data-state="{state}">{line}<table>{rows}</table></div>'


def by_competence(paper: Paper, marks: Mapping[str, Mark]) -> Sequence[tuple[str, int, int]]:
    """Competence, right answers and questions, in the order of the file."""
    names = dict.fromkeys(question.competence for question in paper.quiz.questions)
    counted = []
    for name in names:
        ids = [asked.question.id for asked in paper.asked if asked.question.competence == name]
        if ids:
            counted.append((name, sum(marks[one].right for one in ids if one in marks), len(ids)))
    return counted


def review(paper: Paper, marks: Mapping[str, Mark], language: str | None = None) -> str:
    """Every question again with the answer given, the right one, the explanation and the reference."""
    parts = [f"<h4>{typeset(message('quiz_review', language), language)}</h4>"]
    for asked in paper.asked:
        place = message("quiz_place", language, number=asked.number, total=len(paper.asked))
        mark = marks.get(asked.question.id) or paper.mark(asked, None, language)
        parts.append(
            f'<section class="cmtools-review"><p><b>{typeset(place, language)}</b></p>'
            f"{paragraphs(asked.text(language), language)}{told(asked, mark, language)}</section>"
        )
    return "".join(parts)


def answers(paper: Paper, language: str | None = None) -> str:
    """Every question with its right answer, the explanation and the reference, for who teaches."""
    parts = []
    for asked in paper.asked:
        place = message("quiz_place", language, number=asked.number, total=len(paper.asked))
        items = "".join(f"<li>{typeset(text, language)}</li>" for text, _ in asked.choices(language))
        choices = f"<ul>{items}</ul>" if asked.question.kind in ("single", "multiple") else ""
        parts.append(
            f'<section class="cmtools-review"><p><b>{typeset(place, language)}</b></p>'
            f"{paragraphs(asked.text(language), language)}{choices}"
            f"{_named('quiz_right_answer', asked.right_answer(language), language)}"
            f"{paragraphs(asked.explanation(language), language)}"
            f"{_soft(message('quiz_reference', language, reference=asked.reference(language)), language)}</section>"
        )
    return "".join(parts)
