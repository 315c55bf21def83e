"""In a notebook: an error as one plain line that says what to do, and answers as people write them.

Made for readers who do not program. The cell still counts as failed; `%tb` shows the whole error to whoever wants it.
"""

from __future__ import annotations

import ast
import re
import sys
import tokenize
import warnings
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from textwrap import dedent
from types import TracebackType
from typing import Any, NamedTuple

from cmtools.answers import clean, parse_day, parse_number, typed
from cmtools.language import message, resolve
from cmtools.schemas import InputError, shorten

MOST_NAMES = 12  # of a list of names in one sentence


def plain_errors(language: str | None = None) -> None:
    """Show errors as one plain line from now on, and read answers as people write them.

    Parameters
    ----------
    language : {"fr", "en"}, optional

    Notes
    -----
    Works in the IPython shell that runs it (a notebook); elsewhere it does nothing. Done again, it
    changes the language alone. A line `answer = 1 234,56`, `answer = 12,5 %` or `answer = 31/03/2025`
    (or `reponse`, `réponse`) is understood; what is code already, such as `answer = 3/4`, is left.

    Examples
    --------
    >>> plain_errors("fr")
    """
    language = resolve(language)
    shell = _shell()
    if shell is None:
        return
    there = getattr(shell.showtraceback, "__self__", None)
    if isinstance(there, PlainLines):
        there.language = language
    else:
        PlainLines(shell, language).install()


def _shell() -> Any:
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    return get_ipython()


class PlainLines:
    """What stands between a shell and its reader."""

    def __init__(self, shell: Any, language: str):
        self.shell = shell
        self.language = language
        self.cell = ""
        self._in_full = shell.showtraceback
        self._syntax_in_full = shell.showsyntaxerror

    def install(self) -> None:
        """Take the place of what shows errors, and see each cell first."""
        self.shell.showtraceback = self.showtraceback
        self.shell.showsyntaxerror = self.showsyntaxerror
        self.shell.events.register("pre_run_cell", self.begin)
        self.shell.input_transformers_cleanup.append(self.understood)

    def begin(self, info: Any) -> None:
        """Keep the cell as it was typed."""
        self.cell = info.raw_cell

    def showtraceback(self, exc_tuple: Any = None, *arguments: Any, **named: Any) -> None:
        """Show an error as one line; in full where `%tb` asks for the last one."""
        kind, error, trace = exc_tuple or sys.exc_info()
        if kind is None or error is None:
            self._in_full(exc_tuple, *arguments, **named)
            return
        sys.last_type, sys.last_value, sys.last_traceback = kind, error, trace
        self.shell._showtraceback(kind, error, [plain_line(error, self.language, self.cell, self.shell.user_ns)])

    def showsyntaxerror(self, *arguments: Any, **named: Any) -> None:
        """Show an error of a cell that could not start; in full for `%tb`."""
        if sys.exc_info()[1] is None:
            self._syntax_in_full(*arguments, **named)
        else:
            self.showtraceback()

    def understood(self, lines: list[str]) -> list[str]:
        """Lines of a cell, its answers turned into code."""
        return understood(lines, self.language)


# ---------------------------------------------------------------- answers

_NAMES = r"answer|r(?:e|é|e\u0301)ponse"
_ANSWER = re.compile(rf"({_NAMES})\s*=(?![=])\s*([^#\"]*?)\s*(#.*)?", re.DOTALL)


def understood(lines: list[str], language: str | None = None) -> list[str]:
    """Lines of a cell, where answers are turned into code.

    Examples
    --------
    >>> understood(["answer = 12,5  # days", "print(1,5)"], "en")
    ['answer = 12.5  # days', 'print(1,5)']
    """
    if lines and lines[0].startswith("%%"):
        return lines
    read: list[str] = []
    for line in lines:
        found = _ANSWER.fullmatch(line.rstrip("\r\n"))
        code = _as_code(found[2], re.search(r"[^\S \t]", line.strip()) is not None, language) if found else None
        if found is None or code is None or _inside("".join(read)):
            read.append(line)
            continue
        comment = f"  {found[3]}" if found[3] else ""
        read.append(f"{found[1]} = {code}{comment}{line[len(line.rstrip(chr(13) + chr(10))) :]}")
    return read


def _as_code(given: str, odd_spaces: bool, language: str | None) -> str | None:
    """Code for what was typed as an answer; None where it is to be left. Code does not take odd spaces."""
    text = clean(given)
    if text in ("", "…"):
        return "..."
    if quoted := re.fullmatch(r"[“„«‘’] ?([^“”„«»'’]*?) ?[”“»’]", text):
        return repr(quoted[1])
    value = typed(text, language)
    if value is None:
        code = with_points(text if odd_spaces and "'" not in given else given, language)
        return code if code != given or (odd_spaces and "'" not in given) else None
    return repr(value)


def with_points(code: str, language: str | None = None) -> str:
    """A calculation whose decimals come after points; Python takes `3 * 1,5` for two values.

    Examples
    --------
    >>> with_points("3 * 1,5 - round(2.25, 1)")
    '3 * 1.5 - round(2.25, 1)'
    """
    text = code.encode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = ast.parse(code, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return code
    if not isinstance(found, ast.Tuple) or not found.elts or found.elts[0].col_offset > found.col_offset:
        return code
    for end in [part.end_col_offset or 0 for part in reversed(found.elts[:-1])]:
        if re.fullmatch(rb"[0-9],[0-9]", text[end - 1 : end + 2]):
            whole = resolve(language) == "en" and re.match(rb",[0-9]{3}(?![0-9.])", text[end:])
            text = text[:end] + (b"" if whole else b".") + text[end + 1 :]
    return text.decode()


def _inside(before: str) -> bool:
    """Whether what follows is part of a text or of brackets that are still open."""
    try:
        list(tokenize.generate_tokens(StringIO(before).readline))
    except tokenize.TokenError as error:
        return "multi-line" in str(error) or "unterminated triple" in str(error)
    except (SyntaxError, ValueError):
        pass
    return False


# ---------------------------------------------------------------- errors


class Said(NamedTuple):
    """A sentence: its key and what it tells."""

    key: str
    values: Mapping[str, str] = {}


def plain_line(
    error: BaseException, language: str | None = None, cell: str = "", names: Mapping[str, Any] | None = None
) -> str:
    """What went wrong in a cell and what to do, on one line.

    Parameters
    ----------
    error : exception
    language : {"fr", "en"}, optional
    cell : str
        As it was typed.
    names : mapping, optional
        What the notebook has defined.

    Returns
    -------
    str
        Errors of the project that list defects keep their own lines.

    Examples
    --------
    >>> try:
    ...     balence
    ... except NameError as error:
    ...     print(plain_line(error, "en", names={"balance": 45.0}))
    The name “balence” does not exist. Write “balance” if that is what you mean; otherwise run the cells above first.
    """
    names = {} if names is None else names
    try:
        error = _complete(error, cell)
        place, said = _place(error, language, cell, names), _explained(error, language, cell, names)
    except Exception:  # an error may lie about itself
        place, said = "", message("plain_other", language, name=shorten(type(error).__name__))
    return place + said if place else said[:1].upper() + said[1:]


def _complete(error: BaseException, cell: str) -> BaseException:
    """The shell says "incomplete input" where Python itself says what is missing."""
    if isinstance(error, SyntaxError) and error.msg == "incomplete input":
        try:
            ast.parse(dedent(re.sub(r"\A(?:[^\S\n]*\n)+", "", cell)))
        except SyntaxError as again:
            return again
    return error


def _explained(error: BaseException, language: str | None, cell: str, names: Mapping[str, Any]) -> str:
    if isinstance(error, InputError):
        again, one = message("plain_correct", language), len(error.defects) == 1
        return f"{error.defects[0].text(language)}. {again}" if one else f"{error.text(language)}\n{again}"
    if type(error).__module__.partition(".")[0] == "cmtools":
        own = getattr(error, "text", None)
        return own(language) if callable(own) else shorten(str(error), 500)
    if isinstance(error, SyntaxError) and not _steps(error.__traceback__, names):
        said = _syntax(error, cell)
        again = message("plain_again", language)
        return f"{message(said.key, language, **said.values)} {again}"
    found = next(
        (made for kind, explain in _EXPLAIN if isinstance(error, kind) if (made := explain(error, names, cell))), None
    )
    said = found or Said("plain_other", {"name": type(error).__name__})
    return message(said.key, language, **{key: shorten(value, 200) for key, value in said.values.items()})


def _steps(trace: TracebackType | None, names: Mapping[str, Any]) -> list[tuple[Any, int]]:
    """Frames and lines of an error, from the cell's own on; none where it could not start."""
    steps: list[tuple[Any, int]] = []
    while trace:
        if steps or trace.tb_frame.f_globals is names:
            steps.append((trace.tb_frame, trace.tb_lineno))
        trace = trace.tb_next
    return steps


def _place(error: BaseException, language: str | None, cell: str, names: Mapping[str, Any]) -> str:
    """The line of the cell, with its text; blank where it is not known."""
    steps = _steps(error.__traceback__, names)
    if steps:
        file = steps[0][0].f_code.co_filename
        line = [at for frame, at in steps if frame.f_code.co_filename == file][-1]
    elif isinstance(error, SyntaxError):
        line = error.lineno or 0
    else:
        return ""
    number, text = _line(cell, line)
    return message("plain_place", language, line=number, text=shorten(text, 60)) if text else ""


def _line(cell: str, line: int) -> tuple[int, str]:
    """Number and text of a line as the reader sees the cell: the shell drops blank lines at its top."""
    lines = cell.splitlines()
    number = line + next((place for place, text in enumerate(lines) if text.strip()), 0)
    return number, lines[number - 1].strip() if 0 < number <= len(lines) else ""


# ---------------------------------------------------------------- cells that cannot start

_QUOTES = "“”„‟«»‘’‚‹›´`"
_SIGNS = {"−": "-", "–": "-", "—": "-", "×": "*", "·": "*", "÷": "/", "²": "**2", "≤": "<=", "≥": ">=", "≠": "!=",
          "…": "...", "，": ",", "；": ";", "：": ":", "（": "(", "）": ")"}  # fmt: skip
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_SYNTAX = [
    (r"was never closed", "syntax_open"),
    (r"does not match opening", "syntax_mismatch"),
    (r"unmatched", "syntax_unmatched"),
    (r"unicodeescape", "syntax_path"),
    (r"unexpected character after line continuation", "syntax_path"),
    (r"unterminated|EOL while|EOF while scanning", "syntax_quote"),
    (r"expected ':'", "syntax_colon"),
    (r"unexpected indent|unindent|inconsistent use of tabs", "syntax_indent"),
    (r"expected an indented block", "syntax_block"),
    (r"forgot a comma", "syntax_comma"),
    (r"outside|not properly in loop", "syntax_outside"),
    (r"positional argument follows", "syntax_order"),
    (r"cannot assign to|[mM]aybe you meant '=='", "syntax_assign"),
    (r"Missing parentheses in call to '(\w+)", "syntax_call"),
]


def _syntax(error: SyntaxError, cell: str) -> Said:
    """Usual cause of a line that cannot be read."""
    text, said = _line(cell, error.lineno or 0)[1], error.msg or ""
    if sign := re.search(r"invalid character '(.)'", said):
        return _of_sign(sign[1])
    if "non-printable" in said:
        return Said("syntax_space")
    bare = re.sub(r"\"[^\"]*\"|'[^']*'|#.*", '""', text)
    if re.search(r"\b[A-Za-z]:[\\/]", bare):
        return Said("syntax_path")
    if "unterminated" not in said and (figure := _figure(bare)):
        return figure
    for pattern, key in _SYNTAX:
        if found := re.search(pattern, said):
            return _of_key(key, said, text, found)
    if re.search(r"invalid (decimal|imaginary|hexadecimal) literal", said):
        word = re.search(r"[0-9][0-9.]*[^\W\d]\w*", bare)
        return Said("syntax_word", {"word": shorten(word[0] if word else text, 40)})
    return Said("syntax_value" if re.search(r"[-=+*/,(]$", bare.strip()) else "syntax_other")


def _of_sign(sign: str) -> Said:
    if sign in _QUOTES:
        return Said("syntax_curly", {"sign": sign})
    if sign in _SIGNS:
        return Said("syntax_sign", {"sign": sign, "code": _SIGNS[sign]})
    return Said("syntax_currency" if sign in "€£" else "syntax_character", {"sign": sign})


def _figure(bare: str) -> Said | None:
    """A figure or a date written as in a letter, where code wants another form."""
    if found := re.search(
        r"(?<![\w.,])((?:[0-9]{1,3}(?: [0-9]{3})+|[0-9]+)(?:[.,][0-9]+)?) ?%(?= *(?:$|[,)\]]))", bare
    ):
        value = parse_number(clean(found[1]), "fr")
        return Said("syntax_percent", {"found": found[0], "code": f"{value / 100:.10g}"}) if value is not None else None
    for found in re.finditer(r"(?<![\w.,])[0-9]{1,4}([-/.])[0-9]{1,2}\1[0-9]{2,4}(?![\w.,])", bare):
        if on := parse_day(found[0]):
            return Said("syntax_date", {"found": found[0], "code": f'"{on:%Y-%m-%d}"'})
    for found in re.finditer(r"(?<![\w.])[0-9]{1,3}(?: [0-9]{3})*(?:,[0-9]+)?(?![\w.])", bare):
        value = parse_number(found[0], "fr")
        if value is not None and (" " in found[0] or re.search(r",0[0-9]", found[0])):
            return Said("syntax_number", {"found": found[0], "code": f"{value:.15g}"})
    return None


def _of_key(key: str, said: str, text: str, found: re.Match[str]) -> Said:
    signs = re.findall(r"'([()\[\]{}])'", said)
    if key == "syntax_open":
        return Said(key, {"opened": signs[0], "closed": _BRACKETS[signs[0]]})
    if key == "syntax_mismatch":
        return Said(key, {"opened": signs[1], "closed": _BRACKETS[signs[1]], "found": signs[0]})
    if key == "syntax_unmatched":
        return Said(key, {"closed": signs[0], "opened": {end: start for start, end in _BRACKETS.items()}[signs[0]]})
    if key == "syntax_quote" and "'" in text:
        return Said("syntax_apostrophe")
    return Said(key, {"name": shorten(found[1], 40)} if found.groups() else {})


# ---------------------------------------------------------------- cells that stop on the way


def _close(name: str, names: Iterable[Any], cutoff: float = 0.65) -> str:
    """The nearest of some names; blank where none is near."""
    known = {str(one).casefold(): str(one) for one in names if not str(one).startswith("_")}
    found = get_close_matches(name.casefold(), known, n=1, cutoff=cutoff)
    return known[found[0]] if found else ""


def _listed(names: Iterable[Any]) -> str:
    shown = [str(name) for name in names]
    return ", ".join(shown[:MOST_NAMES]) + (", …" if len(shown) > MOST_NAMES else "")


_NUMBERS = dict(
    re.findall(
        r"(\w+):(\d+)",
        "zéro:0 un:1 deux:2 trois:3 quatre:4 cinq:5 six:6 sept:7 huit:8 neuf:9 dix:10 onze:11 douze:12 trente:30 "
        "quarante:40 soixante:60 cent:100 mille:1000 zero:0 one:1 two:2 three:3 four:4 five:5 seven:7 eight:8 nine:9 "
        "ten:10 eleven:11 twelve:12 thirty:30 forty:40 sixty:60 hundred:100 thousand:1000",
    )
)


def _name(error: NameError, names: Mapping[str, Any], cell: str) -> Said | None:
    import builtins

    import cmtools

    found = re.search(r"name '(\w+)' is not defined", str(error))
    if not found:
        return None
    name = found[1]
    if re.fullmatch(_NAMES, name):  # each check forgets the answer that it was given
        return Said("plain_name_answer", {"name": name})
    if name.lower() in _NUMBERS:
        return Said("plain_name_number", {"name": name, "number": _NUMBERS[name.lower()]})
    if name in cmtools.__all__:
        return Said("plain_name_cm", {"name": name})
    if re.search(rf"(?m)^\s*(?:{_NAMES})\s*=\s*{name}\s*(?:#.*)?$", cell):
        return Said("plain_name_text", {"name": name})
    functions = [one for one in cmtools.__all__ if one.islower()]
    if close := _close(name, [*names, *dir(builtins), *functions], 0.75):
        return Said("plain_name_close", {"name": name, "close": close if close not in functions else f"cm.{close}"})
    return Said("plain_name", {"name": name})


def _attribute(error: AttributeError, names: Mapping[str, Any], cell: str) -> Said | None:
    found = re.search(r"(?:object|module '[\w.]+') has no attribute '(\w+)'", str(error))
    owner, name = error.obj, error.name or (found[1] if found else "")
    if not name:
        return None
    if owner is None and "NoneType" in str(error):
        return Said("plain_empty")
    if _columns(owner):
        return _column(name, _columns(owner))
    if owner is None and "'cmtools'" in str(error):
        import cmtools as owner
    close = _close(name, dir(owner)) if owner is not None else ""
    return Said("plain_attribute_close" if close else "plain_attribute", {"name": name, "close": close})


def _columns(owner: Any) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return list(owner.columns) if hasattr(type(owner), "columns") else []
        except Exception:  # a table of any library
            return []


def _column(name: str, columns: Iterable[Any]) -> Said:
    columns = list(columns)
    close = _close(name, columns)
    key = "plain_column_close" if close else "plain_column"
    return Said(key, {"name": shorten(name, 40), "close": close, "columns": _listed(columns)})


def _key(error: KeyError, names: Mapping[str, Any], cell: str) -> Said:
    given = error.args[0] if error.args else ""
    quoted = re.findall(r"'([^']+)'", given) if isinstance(given, str) and "[" in given else []
    name = quoted[0] if quoted else str(given)
    owners = [frame.f_locals.get("self") for frame, _ in _steps(error.__traceback__, names)]
    tables = [owner for owner in owners if _columns(owner)]
    if tables and not any("Indexer" in type(owner).__name__ for owner in owners):
        return _column(name, _columns(tables[0]))
    return Said("plain_key", {"name": shorten(name, 40)})


def _column_of_engine(error: BaseException, names: Mapping[str, Any], cell: str) -> Said | None:
    """Column that Polars or Narwhals did not find."""
    if type(error).__name__ != "ColumnNotFoundError":
        return None
    said = re.findall(r"[\"'“]([^\"'”]+)[\"'”]", str(error))
    return _column(said[0], dict.fromkeys(said[1:])) if said else None


_TYPES = [
    (r"(\w+)\(\) missing \d+ required [\w-]+ arguments?: (.+)", "plain_missing", ("name", "missing")),
    (r"(\w+)\(\) takes .*\d+ positional arguments? but \d+", "plain_too_many", ("name",)),
    (r"(\w+)\(\) got multiple values for argument '(\w+)'", "plain_twice", ("name", "option")),
    (r"'(?:int|float)' object is not callable", "plain_times", ()),
    (r"can't multiply sequence by non-int", "plain_multiply", ()),
    (r"'[\w.]+' object is not callable", "plain_not_function", ()),
    (
        r"'(?:function|method|builtin_function_or_method|type|ABCMeta)' object is not subscriptable",
        "plain_brackets",
        (),
    ),
]
_OPERANDS = [("ellipsis", "plain_dots"), ("NoneType", "plain_empty"), ("tuple", "plain_tuple"), ("str", "plain_text")]


def _type(error: TypeError, names: Mapping[str, Any], cell: str) -> Said | None:
    said = str(error)
    if found := re.search(r"(\w+)\(\) got an unexpected keyword argument '(\w+)'", said):
        return _option(found[1], found[2], names)
    if found := re.search(r"'(\w+)' is an invalid keyword argument for (\w+)\(\)", said):
        return _option(found[2], found[1], names)
    for pattern, key, parts in _TYPES:
        if found := re.search(pattern, said):
            values = dict(
                zip(parts, (part.replace("'", "").replace(" and ", ", ").replace(",,", ",") for part in found.groups()))
            )
            return Said(key, values)
    if not re.search(r"operand|not supported between|concatenate|must be|not subscriptable|not iterable", said):
        return None
    kinds = re.findall(r"\b(ellipsis|NoneType|tuple|str)\b", said)
    return next((Said(key) for kind, key in _OPERANDS if kind in kinds), None)


def _option(function: str, option: str, names: Mapping[str, Any]) -> Said:
    """Name of a parameter that a function does not have."""
    import inspect

    import cmtools

    owner = names.get(function) or (getattr(cmtools, function) if function in cmtools.__all__ else None)
    known = list(inspect.signature(owner).parameters) if callable(owner) else []
    close = _close(option, known)
    key = "plain_option_close" if close else "plain_option_known" if known else "plain_option"
    return Said(key, {"name": function, "option": option, "close": close, "known": _listed(known)})


def _value(error: ValueError, names: Mapping[str, Any], cell: str) -> Said | None:
    said = str(error)
    if found := re.search(r"Expected one of \[(.*?)\] but received: (.+)", said, re.DOTALL):
        return _column(found[2].strip(), re.findall(r"'([^']*)'", found[1]))
    if found := re.search(r"Invalid propert(?:y|ies) specified .*?: '(\w+)'", said):
        near = re.search(r"Did you mean \"(\w+)\"", said)
        key = "plain_attribute_close" if near else "plain_attribute"
        return Said(key, {"name": found[1], "close": near[1] if near else ""})
    if found := re.search(r"(?:could not convert string to float|invalid literal for int.*?): '(.*)'", said):
        return Said("plain_convert", {"found": found[1]})
    if re.search(
        r"time data|[Uu]nknown datetime|day is out of range|isoformat string|DateParse|out of bounds .*date", said
    ):
        return Said("plain_date")
    if said.startswith("The truth value of"):
        return Said("plain_whole_column")
    if found := re.fullmatch(r"(\w+): (?:one of )?(.+) expected, found (.+)", said):
        return Said("plain_argument", {"name": found[1], "found": found[3], "known": found[2].replace(" or ", ", ")})
    return None


def _file(error: OSError, names: Mapping[str, Any], cell: str) -> Said | None:
    if error.filename is None:
        return None
    name = str(error.filename)
    if isinstance(error, IsADirectoryError | PermissionError) and Path(name).is_dir():
        return Said("plain_file_folder", {"name": name})
    if isinstance(error, PermissionError):
        return Said("plain_file_open", {"name": name})
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        return None
    if "\\" in name or not name.isprintable():
        return Said("plain_file_slash", {"name": name})
    path = Path(name)
    folder = path.absolute().parent
    if not folder.is_dir():
        return Said("plain_folder", {"name": path.name, "folder": str(path.parent)})
    close = _close(path.name, sorted(entry.name for entry in folder.iterdir()))
    return Said(
        "plain_file_close" if close else "plain_file", {"name": path.name, "close": close, "folder": str(folder)}
    )


def _module(error: ImportError, names: Mapping[str, Any], cell: str) -> Said:
    if found := re.search(r"cannot import name '(\w+)' from '([\w.]+)'", str(error)):
        close = _close(found[1], dir(sys.modules.get(found[2])))
        return Said("plain_attribute_close" if close else "plain_attribute", {"name": found[1], "close": close})
    name = error.name or ""
    close = _close(name, {known.partition(".")[0] for known in sys.modules})
    return Said("plain_module_close" if close and close != name else "plain_module", {"name": name, "close": close})


def _command(error: Exception, names: Mapping[str, Any], cell: str) -> Said | None:
    """A line that starts with % and is no command of the shell."""
    return Said("plain_command") if type(error).__name__ == "UsageError" else None


def _always(key: str) -> Any:
    return lambda *_: Said(key)


_EXPLAIN: list[tuple[type[BaseException], Any]] = [
    (KeyboardInterrupt, _always("plain_stopped")),
    (ZeroDivisionError, _always("plain_zero")),
    (MemoryError, _always("plain_memory")),
    (NameError, _name),
    (AttributeError, _attribute),
    (SyntaxError, _always("plain_inner")),
    (Exception, _column_of_engine),
    (Exception, _command),
    (KeyError, _key),
    (IndexError, _always("plain_index")),
    (TypeError, _type),
    (ImportError, _module),
    (OSError, _file),
    (ValueError, _value),
]
