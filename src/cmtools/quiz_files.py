"""Reading a quiz file: each node is checked where it stands, and every defect names its line and its question."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from cmtools.course import kit
from cmtools.language import label
from cmtools.quizzes import (
    KINDS,
    MOST_CHOICES,
    PLACEHOLDER,
    UNITS,
    Both,
    Choice,
    Figure,
    Formula,
    Mistake,
    Question,
    Quiz,
    Working,
    all_values,
)
from cmtools.schemas import Defect, InputError

LARGEST = 1_000_000  # bytes
DEEPEST = 20  # lists and mappings within each other
MOST_DECIMALS = 4
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COMMON = ("id", "kind", "competence", "covers", "reference", "text", "explanation")
_OWN = {
    "single": (("choices",), ()),
    "multiple": (("choices",), ()),
    "true_false": (("answer", "why"), ()),
    "numeric": (("figures", "answer", "unit", "decimals", "mistakes"), ("workings",)),
}
_ANY = tuple(dict.fromkeys(name for two in _OWN.values() for part in two for name in part))
_WORD = r"[a-z][a-z0-9_]*"
Entry = tuple[Any, Any]  # node of a key, node of its value


def quiz_folder() -> Path | None:
    """Folder of the quizzes of the kit; None outside a kit."""
    folder = kit()
    return folder / "course" / "quizzes" if folder else None


def read(source: str | Path) -> Quiz:
    """Read a quiz; see :func:`cmtools.quizzes.read_quiz`."""
    path = _path(source)
    nodes = _Nodes(path.name)
    root = nodes.root(path)
    quiz = _quiz(nodes, root, path) if root is not None else None
    if nodes.defects or quiz is None:
        raise InputError(sorted(nodes.defects, key=lambda defect: defect.line or 0))
    return quiz


def _path(source: str | Path) -> Path:
    """File of a quiz, given by itself or by its name in the kit."""
    if isinstance(source, Path) or str(source).endswith((".yaml", ".yml")):
        if not Path(source).is_file():
            raise InputError([Defect("missing_file", "fatal", value=Path(source).name)])
        return Path(source)
    folder = quiz_folder()
    known = {path.stem: path for path in sorted(folder.glob("*.yaml"))} if folder else {}
    if source not in known:
        raise InputError(
            [Defect("quiz_not_found", "fatal", value=str(source), details={"known": ", ".join(known) or "–"})]
        )
    return known[source]


# ---------------------------------------------------------------- nodes


def _line(part: Any) -> int:
    """Line where a node or an event begins."""
    return int(part.start_mark.line) + 1


def _too_deep(content: bytes) -> int | None:
    """Line where lists in lists go deeper than any quiz: the quick reader of YAML would end the kernel with them."""
    depth = 0
    for event in yaml.parse(content, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                return _line(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


class _Nodes:
    """Nodes of one file, and the defects found in them. What is defective comes back as None."""

    def __init__(self, file: str):
        self.file = file
        self.defects: list[Defect] = []

    def wrong(self, code: str, node: Any, where: str = "", value: str = "", **details: Any) -> Any:
        """Note a defect where a node begins; the None that comes back stands for what is defective."""
        line = node if isinstance(node, int) else _line(node)
        self.defects.append(Defect(code, "error", self.file, line, value=value, details={"where": where, **details}))
        return None

    def root(self, path: Path) -> Any:
        """Root node of a file."""
        content = path.read_bytes()
        if len(content) > LARGEST:
            return self.wrong("quiz_too_large", 1)
        try:
            deep = _too_deep(content)
            if deep is not None:
                return self.wrong("quiz_unreadable", deep)
            root = yaml.compose(content, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            return self.wrong("quiz_unreadable", mark.line + 1 if mark else 1)
        except (yaml.YAMLError, UnicodeError):
            return self.wrong("quiz_unreadable", 1)
        return root if root is not None else self.wrong("empty_file", 1)

    def mapping(self, node: Any, where: str, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Any]:
        """Values of a mapping by key."""
        found = self.entries(node, where)
        return {} if found is None else self.keys(found, node, where, required, optional)

    def entries(self, node: Any, where: str) -> dict[str, Entry] | None:
        """Key to its node and the node of its value; a key that is there twice is noted."""
        if not isinstance(node, yaml.MappingNode):
            return self.wrong("quiz_expected_mapping", node, where)
        found: dict[str, Entry] = {}
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            if name in found:
                self.wrong("quiz_key_twice", key, where, name)
            found[name] = (key, value)
        return found

    def keys(
        self, found: dict[str, Entry], node: Any, where: str, required: Sequence[str], optional: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Values by key; every key that is missing or unknown is noted."""
        accepted = (*required, *optional)
        for key, (named, _) in found.items():
            if key not in accepted:
                self.wrong("quiz_unknown_key", named, where, key, accepted=", ".join(accepted))
        missing = [key for key in required if key not in found]
        if missing:
            self.wrong("quiz_missing_key", node, where, missing=", ".join(missing))
        return {key: value for key, (_, value) in found.items() if key in accepted}

    def items(self, node: Any, where: str) -> list[Any]:
        """Nodes of a list that has at least one."""
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self.wrong("quiz_expected_list", node, where)
            return []
        return list(node.value)

    def text(self, node: Any, where: str) -> str | None:
        """Text that is not blank."""
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip() or node.tag.endswith(":null"):
            return self.wrong("quiz_expected_text", node, where)
        return node.value.strip()

    def both(self, node: Any, where: str) -> Both | None:
        """Return one text in both languages."""
        parts = self.mapping(node, where, ("fr", "en"))
        read = {str(tongue): self.text(part, f"{where} › {tongue}") for tongue, part in parts.items()}
        texts = {tongue: text for tongue, text in read.items() if text is not None}
        return texts if len(texts) == 2 else None

    def word(self, node: Any, where: str, accepted: Sequence[str] = ()) -> str | None:
        """Short word, or one of a list."""
        text = self.text(node, where)
        if text is None:
            return None
        if accepted and text not in accepted:
            return self.wrong("quiz_not_one_of", node, where, text, accepted=", ".join(accepted))
        return text if re.fullmatch(_WORD, text) else self.wrong("quiz_bad_word", node, where, text)

    def number(self, node: Any, where: str) -> Fraction | None:
        """Number, exact as written."""
        written = getattr(node, "value", "")
        if isinstance(node, yaml.ScalarNode) and node.tag.endswith((":int", ":float")):
            try:
                return Fraction(node.value)
            except ValueError:
                pass
        return self.wrong("quiz_expected_number", node, where, written if isinstance(written, str) else "")

    def flag(self, node: Any, where: str) -> bool | None:
        """`true` or `false`, written so: YAML would take « yes » and « on » too."""
        if isinstance(node, yaml.ScalarNode) and node.tag.endswith(":bool") and node.value in ("true", "false"):
            return bool(node.value == "true")
        return self.wrong("quiz_expected_flag", node, where)

    def formula(self, node: Any, where: str, known: Iterable[str]) -> Formula | None:
        """Formula on known names."""
        text = self.text(node, where)
        if text is None:
            return None
        try:
            found = Formula(text)
        except ValueError:
            return self.wrong("quiz_bad_formula", node, where, text)
        unknown = sorted(found.names - set(known))
        if unknown:
            return self.wrong("quiz_unknown_name", node, where, ", ".join(unknown), known=", ".join(known))
        return found


# ---------------------------------------------------------------- a quiz


def _quiz(nodes: _Nodes, root: Any, path: Path) -> Quiz | None:
    parts = nodes.mapping(root, path.stem, ("quiz", "title", "pass_mark", "questions"))
    name = nodes.word(parts["quiz"], "quiz") if "quiz" in parts else None
    if name is not None and name != path.stem:
        nodes.wrong("quiz_other_name", parts["quiz"], "quiz", name, expected=path.stem)
    title = nodes.both(parts["title"], "title") if "title" in parts else None
    share = nodes.number(parts["pass_mark"], "pass_mark") if "pass_mark" in parts else None
    if share is not None and not 0 < share <= 1:
        nodes.wrong("quiz_bad_share", parts["pass_mark"], "pass_mark", parts["pass_mark"].value)
    listed = nodes.items(parts["questions"], "questions") if "questions" in parts else []
    inventory = _inventory(path)
    questions, ids = [], set()
    for place, node in enumerate(listed, 1):
        question = _question(nodes, node, place, inventory)
        if question is None:
            continue
        if question.id in ids:
            nodes.wrong("quiz_question_twice", node, question.id)
        ids.add(question.id)
        questions.append(question)
    if None in (name, title, share):
        return None
    return Quiz(str(name), title or {}, share or Fraction(1), tuple(questions))


def _inventory(path: Path) -> set[str]:
    """Rows of the inventory beside the folder of quizzes; empty where there is none."""
    table = path.parent.parent / "inventory.csv"
    if not table.is_file():
        return set()
    with table.open(encoding="utf-8", newline="") as file:
        return {row["id"] for row in csv.DictReader(file)}


def _question(nodes: _Nodes, node: Any, place: int, inventory: set[str]) -> Question | None:
    """One question; None if its defects leave nothing to make of it."""
    before = len(nodes.defects)
    found = nodes.entries(node, f"question {place}") or {}
    where = _name_of(found, place)
    kind = nodes.word(found["kind"][1], f"{where} › kind", KINDS) if "kind" in found else None
    own, optional = _OWN[kind] if kind else ((), _ANY)
    parts = nodes.keys(found, node, where, (*_COMMON, *own), optional)
    common: dict[str, Any] = {}
    checks: dict[str, Callable[[Any, str], Any]] = {
        "id": nodes.word, "reference": nodes.both, "text": nodes.both, "explanation": nodes.both,
        "competence": lambda part, at: _competence(nodes, part, at),
        "covers": lambda part, at: _covers(nodes, part, at, inventory),
    }  # fmt: skip
    for name, check in checks.items():
        if name in parts:
            common[name] = check(parts[name], f"{where} › {name}")
    rest = _RESTS[kind](nodes, parts, where, common) if kind else {}
    if len(nodes.defects) > before or kind is None:
        return None
    return Question(kind=kind, **common, **rest)


def _name_of(found: dict[str, Entry], place: int) -> str:
    """How defects name a question: by its id, else by its place."""
    written = getattr(found["id"][1], "value", "") if "id" in found else ""
    return written if isinstance(written, str) and re.fullmatch(_WORD, written) else f"question {place}"


def _competence(nodes: _Nodes, node: Any, where: str) -> str | None:
    word = nodes.word(node, where)
    if word and label(f"competence_{word}", "fr") == f"competence_{word}":
        return nodes.wrong("quiz_no_competence", node, where, word)
    return word


def _covers(nodes: _Nodes, node: Any, where: str, inventory: set[str]) -> tuple[str, ...]:
    rows = []
    for part in nodes.items(node, where):
        row = nodes.text(part, where) or ""
        if row and (not re.fullmatch(r"\d{3}-\d{2}", row) or (inventory and row not in inventory)):
            nodes.wrong("quiz_bad_row", part, where, row)
        rows.append(row)
    return tuple(rows)


# ---------------------------------------------------------------- what each kind has of its own


def _with_choices(
    nodes: _Nodes, parts: dict[str, Any], where: str, common: dict[str, Any], *, one: bool
) -> dict[str, Any]:
    if "choices" not in parts:
        return {}
    choices = []
    for place, node in enumerate(nodes.items(parts["choices"], f"{where} › choices"), 1):
        choices.append(_choice(nodes, node, f"{where} › choices {place}"))
    if None in choices:
        return {}
    rights = sum(choice.right for choice in choices)
    if len(choices) > MOST_CHOICES:
        nodes.wrong("quiz_many_choices", parts["choices"], where, value=str(len(choices)), most=MOST_CHOICES)
    if choices and one and (rights != 1 or len(choices) < 2):
        nodes.wrong("quiz_one_right", parts["choices"], where, value=str(rights))
    if choices and not one and not 0 < rights < len(choices):
        nodes.wrong("quiz_some_right", parts["choices"], where, value=str(rights))
    for tongue in ("fr", "en"):
        texts = [choice.text.get(tongue) for choice in choices]
        for text in {text for text in texts if text and texts.count(text) > 1}:
            nodes.wrong("quiz_choice_twice", parts["choices"], where, text)
    for place, choice in enumerate(choices, 1):
        for said in (choice.text, choice.why or {}):
            _placeholders(nodes, parts["choices"], f"{where} › choices {place}", said, ())
    for name in ("text", "explanation"):
        _placeholders(nodes, parts.get(name), f"{where} › {name}", common.get(name) or {}, ())
    return {"choices": tuple(choices)}


def _choice(nodes: _Nodes, node: Any, where: str) -> Any:
    """One choice; None if it cannot be told whether it is right."""
    found = nodes.entries(node, where)
    right = nodes.flag(found["right"][1], f"{where} › right") if found and "right" in found else False
    if found is None or right is None:
        return None
    required = ("fr", "en") if right else ("fr", "en", "why")
    parts = nodes.keys(found, node, where, required, ("right", "why"))
    names = [str(name) for name in ("fr", "en") if name in parts]
    text = {name: nodes.text(parts[name], f"{where} › {name}") or "" for name in names}
    return Choice(text, right, nodes.both(parts["why"], f"{where} › why") if "why" in parts else None)


def _true_false(nodes: _Nodes, parts: dict[str, Any], where: str, common: dict[str, Any]) -> dict[str, Any]:
    answer = nodes.flag(parts["answer"], f"{where} › answer") if "answer" in parts else None
    why = nodes.both(parts["why"], f"{where} › why") if "why" in parts else None
    for name, text in (("text", common.get("text")), ("explanation", common.get("explanation")), ("why", why)):
        _placeholders(nodes, parts.get(name), f"{where} › {name}", text or {}, ())
    return {"answer": answer, "why": why}


def _numeric(nodes: _Nodes, parts: dict[str, Any], where: str, common: dict[str, Any]) -> dict[str, Any]:
    unit = nodes.word(parts["unit"], f"{where} › unit", UNITS) if "unit" in parts else None
    decimals = _decimals(nodes, parts["decimals"], f"{where} › decimals") if "decimals" in parts else None
    figures = _figures(nodes, parts["figures"], f"{where} › figures") if "figures" in parts else {}
    workings = _workings(nodes, parts["workings"], f"{where} › workings", figures) if "workings" in parts else {}
    known = (*figures, *workings)
    answer = nodes.formula(parts["answer"], f"{where} › answer", known) if "answer" in parts else None
    mistakes = _mistakes(nodes, parts["mistakes"], f"{where} › mistakes", known) if "mistakes" in parts else ()
    for name, text, allowed in (
        ("text", common.get("text"), figures), ("explanation", common.get("explanation"), (*known, "answer")),
    ):  # fmt: skip
        _placeholders(nodes, parts.get(name), f"{where} › {name}", text or {}, allowed)
    for mistake in mistakes:
        _placeholders(nodes, parts["mistakes"], f"{where} › mistakes", mistake.why, (*known, "answer", "value"))
    for tongue, said in (common.get("text") or {}).items():
        unseen = [name for name in figures if name not in PLACEHOLDER.findall(said)]
        if unseen:
            nodes.wrong("quiz_figure_unseen", parts["text"], f"{where} › text › {tongue}", ", ".join(unseen))
    made: dict[str, Any] = {
        "unit": unit,
        "decimals": decimals,
        "figures": figures,
        "workings": workings,
        "answer": answer,
        "mistakes": mistakes,
    }
    if not any(part is None for part in (*made.values(), *figures.values(), *workings.values(), *common.values())):
        _printed_figures(nodes, parts, where, Question(kind="numeric", **common, **made))
    return made


def _decimals(nodes: _Nodes, node: Any, where: str) -> int | None:
    found = nodes.number(node, where)
    if found is not None and (found.denominator != 1 or not 0 <= found <= MOST_DECIMALS):
        return nodes.wrong("quiz_bad_decimals", node, where, node.value, most=MOST_DECIMALS)
    return None if found is None else int(found)


def _figures(nodes: _Nodes, node: Any, where: str) -> dict[str, Any]:
    found = nodes.entries(node, where) or {}
    return {name: _figure(nodes, named, value, f"{where} › {name}") for name, (named, value) in found.items()}


def _figure(nodes: _Nodes, named: Any, node: Any, where: str) -> Figure | None:
    nodes.word(named, where)
    found = nodes.entries(node, where)
    if found is None:
        return None
    ranged = ("low", "high", "step") if {"low", "high", "step"} & set(found) else ()
    parts = nodes.keys(found, node, where, ("printed", "unit", *ranged))
    unit = nodes.word(parts["unit"], f"{where} › unit", UNITS) if "unit" in parts else None
    numbers: dict[str, Any] = {
        name: nodes.number(parts[name], f"{where} › {name}") for name in ("printed", *ranged) if name in parts
    }
    if unit is None or None in numbers.values() or len(numbers) < 1 + len(ranged):
        return None
    printed = numbers["printed"]
    if not ranged:
        return Figure(unit, printed, printed, printed, Fraction(0))
    low, high, step = (numbers[name] for name in ranged)
    if not low <= printed <= high or step <= 0 or (printed - low) % step or (high - low) % step:
        return nodes.wrong("quiz_bad_range", node, where)
    return Figure(unit, printed, low, high, step)


def _workings(nodes: _Nodes, node: Any, where: str, figures: dict[str, Any]) -> dict[str, Any]:
    """What is worked out, each from the figures and what stands above it."""
    workings: dict[str, Any] = {}
    for name, (named, value) in (nodes.entries(node, where) or {}).items():
        at = f"{where} › {name}"
        nodes.word(named, at)
        if name in figures:
            nodes.wrong("quiz_key_twice", named, at, name)
        parts = nodes.mapping(value, at, ("value", "unit"), ("decimals",))
        formula = nodes.formula(parts["value"], f"{at} › value", (*figures, *workings)) if "value" in parts else None
        unit = nodes.word(parts["unit"], f"{at} › unit", UNITS) if "unit" in parts else None
        decimals = _decimals(nodes, parts["decimals"], f"{at} › decimals") if "decimals" in parts else None
        workings[name] = Working(unit, formula, decimals) if unit and formula else None
    return workings


def _mistakes(nodes: _Nodes, node: Any, where: str, known: Sequence[str]) -> tuple[Mistake, ...]:
    found = []
    for place, part in enumerate(nodes.items(node, where), 1):
        parts = nodes.mapping(part, f"{where} {place}", ("value", "why"))
        formula = nodes.formula(parts["value"], f"{where} {place} › value", known) if "value" in parts else None
        why = nodes.both(parts["why"], f"{where} {place} › why") if "why" in parts else None
        if formula and why:
            found.append(Mistake(formula, why))
    return tuple(found)


def _placeholders(nodes: _Nodes, node: Any, where: str, text: Both, allowed: Iterable[str]) -> None:
    """Every brace holds the name of a figure."""
    for tongue, said in text.items():
        unknown = [name for name in PLACEHOLDER.findall(said) if name not in allowed]
        rest = PLACEHOLDER.sub("", said)
        if unknown or "{" in rest or "}" in rest:
            written = ", ".join(f"{{{name}}}" for name in unknown) or "{"
            nodes.wrong("quiz_unknown_name", node, f"{where} › {tongue}", written, known=", ".join(allowed) or "–")


def _printed_figures(nodes: _Nodes, parts: dict[str, Any], where: str, question: Question) -> None:
    """With the printed figures all can be computed, and each mistake gives a number of its own."""
    try:
        values = all_values(question, question.printed)
        found = [mistake.formula.value(values) for mistake in question.mistakes]
    except ZeroDivisionError:
        nodes.wrong("quiz_divided_by_nil", parts["answer"], where)
        return
    for place, wrong in enumerate(found):
        if abs(wrong - values["answer"]) <= 2 * question.within:
            nodes.wrong("quiz_mistake_right", parts["mistakes"], f"{where} › mistakes {place + 1}")
        if any(abs(wrong - other) <= 2 * question.within for other in found[:place]):
            nodes.wrong("quiz_mistake_twice", parts["mistakes"], f"{where} › mistakes {place + 1}")


def _one_right(nodes: _Nodes, parts: dict[str, Any], where: str, common: dict[str, Any]) -> dict[str, Any]:
    return _with_choices(nodes, parts, where, common, one=True)


def _some_right(nodes: _Nodes, parts: dict[str, Any], where: str, common: dict[str, Any]) -> dict[str, Any]:
    return _with_choices(nodes, parts, where, common, one=False)


_RESTS = {"single": _one_right, "multiple": _some_right, "true_false": _true_false, "numeric": _numeric}
