"""French and English for readers: sentences, labels, numbers and dates.

Sentences stand in ``reference/messages/*.csv`` (code, fr, en), labels of columns
and indicators in ``reference/labels.csv`` (key, fr, en), those of the lines of
annual accounts in ``reference/lines.csv``. Code never holds a sentence for a reader
in one language only.
"""

from __future__ import annotations

import csv
import errno
import os
import re
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

THIN = "\u202f"  # narrow no-break space: thousands in French
HARD = "\u00a0"  # no-break space: before a unit
KNOWN = 4096  # labels kept at hand


def resolve(language: str | None) -> str:
    """Language to use: "fr" or "en"; None asks the environment (``CMTOOLS_LANGUAGE``), then French."""
    chosen = language or os.environ.get("CMTOOLS_LANGUAGE") or "fr"
    if chosen not in ("fr", "en"):
        raise ValueError(f"language: 'fr' or 'en' expected, found {chosen!r}")
    return chosen


@cache
def _texts(kind: str) -> dict[tuple[str, str], str]:
    root = files("cmtools") / "reference"
    labels = [root / "labels.csv", root / "lines.csv"]
    paths = labels if kind == "labels" else sorted((root / "messages").iterdir(), key=lambda p: p.name)
    texts: dict[tuple[str, str], str] = {}
    for path in paths:
        if not path.name.endswith(".csv"):
            continue
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
            for column in ("fr", "en", "kind", "statement") if kind == "labels" else ("fr", "en"):
                if (row["key"], column) in texts:
                    raise ValueError(f"{path.name}: key {row['key']!r} is defined twice")
                texts[row["key"], column] = row.get(column, "")
    return texts


_REASONS = {
    "ENOSPC": "disk_full", "EDQUOT": "disk_full", "EACCES": "no_right", "EPERM": "no_right", "EROFS": "read_only",
    "ENOENT": "not_there", "EEXIST": "there_already", "EISDIR": "a_folder", "ENOTDIR": "no_folder",
    "ENAMETOOLONG": "long_name", "EMFILE": "many_files", "EIO": "disk_trouble", "EBUSY": "in_use", "ETXTBSY": "in_use",
}  # fmt: skip


class Reason(str):
    """Why something failed: the words of the system or a library, ours where they are known in both languages.

    Examples
    --------
    >>> reason = Reason.of(OSError(28, "No space left on device"))
    >>> reason, reason.text("fr")
    ('No space left on device', 'le disque est plein')
    """

    key = ""

    @classmethod
    def of(cls, error: BaseException) -> Reason:
        """Reason of an error."""
        reason = cls(getattr(error, "strerror", None) or str(error))
        known = _REASONS.get(errno.errorcode.get(getattr(error, "errno", None) or 0, ""))
        reason.key = f"reason_{known}" if known else ""
        return reason

    def text(self, language: str | None = None) -> str:
        """The reason in one language, if it has it."""
        return message(self.key, language) if self.key else str(self)


def message(key: str, language: str | None = None, **values: Any) -> str:
    """Sentence `key` with its values filled in; `{s}` takes the plural mark of `n`.

    Examples
    --------
    >>> message("place_line", "fr", line=3)
    'ligne 3'
    """
    n = values.pop("n", None)
    values = {name: value.text(language) if isinstance(value, Reason) else value for name, value in values.items()}
    plural = "" if n is None or (n in (0, 1) and resolve(language) == "fr") or n == 1 else "s"
    return _texts("messages")[key, resolve(language)].format(s=plural, **values)


def label(key: str, language: str | None = None) -> str:
    """Label of a column or indicator; `key` itself where it has none.

    Examples
    --------
    >>> label("overdue_rate", "fr"), label("d1_30", "en").replace(HARD, " ")
    ("Taux d'échu", '1–30 d')
    >>> label("clients_net", "en")
    'Trade receivables, net'
    """
    return _label(key, resolve(language))


@lru_cache(maxsize=KNOWN)
def _label(key: str, language: str) -> str:
    known = _texts("labels").get((key, language))
    if known is not None:
        return known
    line, part = _line_and_part(key)
    if part:
        name = label(line, language)
        return message("line_amort" if part == "amort" else "line_net", language, line=name)
    bucket = re.fullmatch(r"d(\d+)_(\d+)|over_(\d+)", key)
    if not bucket:
        return key
    low, high, over = bucket.groups()
    text = (
        message("bucket_over", language, days=over) if over else message("bucket_range", language, low=low, high=high)
    )
    return text.replace(" ", HARD)


@lru_cache(maxsize=KNOWN)
def kind_of(key: str) -> str:
    """How a column is shown: money, rate, days, integer, date, month, text, choice, figure."""
    if re.fullmatch(r"d\d+_\d+|over_\d+", key):
        return "money"
    line, part = _line_and_part(key)
    return _texts("labels").get((line if part else key, "kind"), "text")


def _line_and_part(key: str) -> tuple[str, str]:
    """Line and "amort" or "net" of a column beside its gross value; no part for any other key."""
    line, _, part = key.rpartition("_")
    texts = _texts("labels")
    known = part in ("amort", "net") and (key, "fr") not in texts and texts.get((line, "statement")) == "actif"
    return (line, part) if known else (key, "")


def number(value: float | None, decimals: int = 2, language: str | None = None) -> str:
    """Number as the reader writes it; a null is a dash.

    Examples
    --------
    >>> number(-1234.5, 2, "fr").replace(THIN, " ")
    '-1 234,50'
    >>> number(1234.5, 1, "en")
    '1,234.5'
    """
    if value is None or value != value:
        return "–"
    text = f"{round(value, decimals) + 0.0:,.{decimals}f}"
    if text.startswith("-") and not text.strip("-0.,"):
        text = text[1:]
    if resolve(language) == "fr":
        text = text.replace(",", THIN).replace(".", ",")
    return text


def integer(value: float | None, language: str | None = None) -> str:
    """Whole number as the reader writes it."""
    return number(value, 0, language)


def money(value: float | None, currency: str = "EUR", language: str | None = None, decimals: int = 2) -> str:
    """Amount with its currency after it: 1 234,56 EUR.

    Examples
    --------
    >>> money(1234.56, "EUR", "fr").replace(THIN, " ").replace(HARD, " ")
    '1 234,56 EUR'
    """
    return f"{number(value, decimals, language)}{HARD}{currency}"


def percent(value: float | None, decimals: int = 1, language: str | None = None) -> str:
    """Fraction as a percentage: 0.125 is 12,5 %."""
    if value is None or value != value:
        return "–"
    sign = f"{HARD}%" if resolve(language) == "fr" else "%"
    return f"{number(100 * value, decimals, language)}{sign}"


MONTHS = {
    "fr": ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}


def month(value: date, language: str | None = None) -> str:
    """Month and year, short: juin 2026, Jun 2026."""
    return f"{MONTHS[resolve(language)][value.month - 1]}{HARD}{value.year}"


def day(value: date | None, language: str | None = None) -> str:
    """Date as 30/06/2026 in both languages (day first).

    Examples
    --------
    >>> day(date(2026, 6, 30))
    '30/06/2026'
    """
    if value is None or value != value:
        return "–"
    return f"{value:%d/%m/%Y}"
