"""What a trainee answered: every attempt, in one SQLite file of her own.

The file stands in the folder of the course, or where ``CMTOOLS_PROGRESS`` says. Nothing of
it leaves the machine. It holds what she typed, and is hers: ``cmtools course where`` says
where it is and how much it holds, ``cmtools course export`` gives her a copy to read,
``cmtools course erase`` deletes it. Neither reaches the notebooks that she saved, whose cells
show her last answers, nor the copies that she made.

Each call opens the file, does one transaction and closes it: a kernel may die at any moment,
and two notebooks may write at once. The rollback journal, unlike a write-ahead log, also works
on a network drive.
"""

from __future__ import annotations

import csv
import json
import math
import operator
import os
import re
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from cmtools.language import Reason, label, message, number
from cmtools.schemas import shorten

NAME = "progress.sqlite"
ACTIVITIES = ("exercise", "quiz", "lesson")
LONGEST = 4_000  # characters of an answer or a detail
WAIT = 30  # seconds for another notebook to end its writing
SCHEMA = 1  # of the file: its user_version
MARK = 0x636D7470  # "cmtp": application_id of the file, that no other program's database is taken for ours
BESIDE = ("-journal", "-wal", "-shm")  # what SQLite may leave beside the file
EXPORTS = (".csv", ".json")

_TABLE = """CREATE TABLE attempts (
    id TEXT PRIMARY KEY, made_at TEXT NOT NULL, activity TEXT NOT NULL, topic TEXT NOT NULL, item TEXT NOT NULL,
    variant INTEGER NOT NULL, answer TEXT NOT NULL, verdict TEXT NOT NULL, score REAL, detail TEXT NOT NULL
)"""
_SAID = {
    sqlite3.SQLITE_FULL: "progress_full",
    sqlite3.SQLITE_IOERR: "progress_full",
    sqlite3.SQLITE_TOOBIG: "progress_full",
    sqlite3.SQLITE_READONLY: "progress_no_right",
    sqlite3.SQLITE_CANTOPEN: "progress_no_right",
    sqlite3.SQLITE_PERM: "progress_no_right",
    sqlite3.SQLITE_BUSY: "progress_busy",
    sqlite3.SQLITE_LOCKED: "progress_busy",
}
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?[\d\s.,]+%?")


class ProgressError(Exception):
    """Answers cannot be kept or read; one plain sentence says why and what to do.

    Whoever keeps answers tells it once and goes on: a lesson never stops for it.

    Examples
    --------
    >>> print(ProgressError("progress_busy", value="progress.sqlite").text("en"))
    “progress.sqlite” is in use: close the other notebooks of the course, then try again
    """

    def __init__(self, key: str, **values: Any):
        self.key, self.values = key, values
        super().__init__(key)

    def text(self, language: str | None = None) -> str:
        """The sentence in one language."""
        return message(self.key, language, **self.values)

    def __str__(self) -> str:
        return self.text()


class Attempt(NamedTuple):
    """One answer, as it is kept.

    Attributes
    ----------
    id : str
        32 hexadecimal digits, made when the question is shown or answered: the same id again is the same answer.
    made_at : str
        ISO date and time with its offset; kept in UTC, to the millisecond.
    activity : {"exercise", "quiz", "lesson"}
    topic : str
        Name of the lesson, of the exercises or of the quiz: "07_dso".
    item : str
        Exercise or question; "" for the topic as a whole.
    variant : int
        Of the figures; the seed of a quiz.
    answer : str
        As typed; its first 4,000 characters are kept.
    verdict : str
        "right", "wrong", "partly", "written", "assessed", "unread" (of an answer: not understood), "reset"; of a
        lesson "read" or "unread"; of a whole quiz "passed" or "failed".
    score : float or None
        Fraction of what could be had, 0 to 1.
    detail : str
        Key of the mistake that was made, paper of a quiz.
    """

    id: str
    made_at: str
    activity: str
    topic: str
    item: str
    variant: int
    answer: str
    verdict: str
    score: float | None = None
    detail: str = ""


def new_attempt(activity: str, topic: str, item: str, verdict: str, **more: Any) -> Attempt:
    """Attempt made now, with an id of its own.

    Parameters
    ----------
    activity, topic, item, verdict : str
        See :class:`Attempt`.
    **more
        Its other fields; default: variant 0, no answer, no score, no detail.

    Examples
    --------
    >>> made = new_attempt("lesson", "07_dso", "", "read")
    >>> len(made.id), made.topic, made.variant
    (32, '07_dso', 0)
    """
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return Attempt(uuid.uuid4().hex, now, activity, topic, item, 0, "", verdict)._replace(**more)


def when(attempt: Attempt) -> str:
    """Date and time of an attempt, by the clock of this machine.

    Examples
    --------
    >>> len(when(new_attempt("lesson", "07_dso", "", "read")))
    16
    """
    return f"{datetime.fromisoformat(attempt.made_at).astimezone():%d/%m/%Y %H:%M}"


def default_path() -> Path:
    """Where answers are kept: ``CMTOOLS_PROGRESS``, else the folder of the course, else the current folder."""
    from cmtools.course import kit  # it loads pandas, which writing an answer does not need

    given = os.environ.get("CMTOOLS_PROGRESS", "").strip()
    return Path(given) if given else (kit() or Path()) / NAME


class Progress:
    """Every attempt of one trainee.

    Parameters
    ----------
    path : str or Path, optional
        Default: :func:`default_path`. `~` is her home.

    Raises
    ------
    ProgressError
        If there can be no file of that name. Each method raises it where the file cannot
        be used: it is no progress file, damaged, newer than this version of cmtools, in
        use for more than 30 seconds, may not be written, or the disk is full.

    Examples
    --------
    What did she answer last?

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     progress = Progress(f"{folder}/progress.sqlite")
    ...     made = new_attempt("exercise", "07_dso", "balance", "right", answer="61,7 jours", score=1.0)
    ...     kept, again = progress.add(made), progress.add(made)
    ...     last = progress.attempts()[-1]
    >>> kept, again, last.answer
    (True, False, '61,7 jours')
    """

    def __init__(self, path: str | Path | None = None):
        given = default_path() if path is None else Path(path)
        try:
            self.path = given.expanduser().resolve()
        except (OSError, RuntimeError, ValueError):  # no such home, links in a ring, a character no name can hold
            raise ProgressError("progress_bad_path", value=shorten(str(given))) from None

    def exists(self) -> bool:
        """Whether anything was kept yet.

        Raises
        ------
        ProgressError
            If the folder is not there, or may not be looked into.
        """
        try:
            there, folder = self.path.exists(), self.path.parent.is_dir()
        except OSError:
            raise ProgressError("progress_no_right", value=str(self.path)) from None
        if not folder:
            raise ProgressError("progress_no_folder", value=str(self.path.parent))
        return there

    def add(self, attempt: Attempt) -> bool:
        """Keep an attempt; once this returns, no crash of the program or of the machine takes it away.

        Parameters
        ----------
        attempt : Attempt

        Returns
        -------
        bool
            False: an attempt with this id was there already, and stays as it was.

        Raises
        ------
        ValueError
            If the attempt is not what :class:`Attempt` says.
        """
        row = _row(attempt)
        while True:
            with self._opened() as base:
                opened = _identity(self.path)
                base.execute("PRAGMA synchronous = EXTRA")  # the journal's end is on the disk too
                base.execute("BEGIN IMMEDIATE")
                # Erased while we waited for our turn: what we hold is a file without a name.
                if opened is None or opened != _identity(self.path):
                    continue
                if self._schema(base) == 0:
                    base.execute(_TABLE)
                    base.execute(f"PRAGMA application_id = {MARK}")
                    base.execute(f"PRAGMA user_version = {SCHEMA}")
                marks = ", ".join("?" * len(row))
                added = base.execute(f"INSERT INTO attempts VALUES ({marks}) ON CONFLICT (id) DO NOTHING", row)
                kept = added.rowcount == 1
                base.execute("COMMIT")
                return kept

    def attempts(self, activity: str | None = None, topic: str | None = None, item: str | None = None) -> list[Attempt]:
        """Attempts in order of time; none where nothing was kept yet.

        Parameters
        ----------
        activity, topic, item : str, optional
            Only those.

        Returns
        -------
        list of Attempt
        """
        if not self.exists():
            return []
        asked = {"activity": activity, "topic": topic, "item": item}
        given = {name: value for name, value in asked.items() if value is not None}
        where = " AND ".join(["1", *(f"{name} = :{name}" for name in given)])
        with self._opened() as base:
            if self._schema(base) == 0:
                return []
            fields = ", ".join(Attempt._fields)
            rows = base.execute(f"SELECT {fields} FROM attempts WHERE {where} ORDER BY made_at, rowid", given)
            return [Attempt(*row) for row in rows.fetchall()]

    def export(self, path: str | Path, language: str | None = None, force: bool = False) -> int:
        """Write all attempts to a file that a person or a program reads.

        Parameters
        ----------
        path : str or Path
            Ends in ``.csv`` (headings and numbers of the language, `;` between columns; a text that a
            spreadsheet would run as a formula gets an apostrophe before it) or in ``.json`` (as kept).
        language : {"fr", "en"}, optional
            Of the CSV.
        force : bool
            Replace a file that is there.

        Returns
        -------
        int
            Attempts written.

        Raises
        ------
        ProgressError
            Also if the file is there, is neither CSV nor JSON, or cannot be written.
        """
        target, told = Path(path), {"value": shorten(str(path))}
        if target.suffix.lower() not in EXPORTS:
            raise ProgressError("progress_export_kind", **told)
        found = self.attempts()
        unfinished = target.with_name(f".{target.name}.{uuid.uuid4().hex}.partial")
        try:
            if target.exists() and (not force or (self.path.exists() and target.samefile(self.path))):
                raise ProgressError("progress_export_exists", **told)
            write = _write_csv if target.suffix.lower() == ".csv" else _write_json
            try:
                write(unfinished, found, language)
                os.replace(unfinished, target)
            finally:
                unfinished.unlink(missing_ok=True)
        except (OSError, ValueError) as error:
            raise ProgressError("progress_export_failed", **told, reason=Reason.of(error)) from None
        return len(found)

    def erase(self) -> bool:
        """Delete the file and what SQLite left beside it, even where it is damaged or newer.

        Returns
        -------
        bool
            False: there was none.

        Raises
        ------
        ProgressError
            If the file is not one that :class:`Progress` made, or cannot be deleted.
        """
        if not self.exists():
            return False
        try:
            self._refuse_others()
            try:
                with self._opened() as base:
                    base.execute(
                        "BEGIN EXCLUSIVE"
                    )  # nobody is writing: what waits for its turn will see that we were here
                    deleted = os.name != "nt"  # Windows deletes no file that is open, by us or by a notebook
                    if deleted:
                        self._unlink()
            except ProgressError as error:
                if error.key != "progress_unreadable":
                    raise
                deleted = False
            if not deleted:
                self._unlink()
        except OSError:
            raise ProgressError("progress_no_right", value=str(self.path)) from None
        return True

    def _unlink(self) -> None:
        for place in (self.path, *(Path(f"{self.path}{end}") for end in BESIDE)):
            place.unlink(missing_ok=True)

    def _refuse_others(self) -> None:
        """Refuse a file that is not ours to delete; an empty one holds nothing."""
        if self.path.is_dir():
            raise ProgressError("progress_is_folder", value=str(self.path))
        with open(self.path, "rb") as file:
            head = file.read(72)
        if head and not (head.startswith(b"SQLite format 3\0") and head[68:] == MARK.to_bytes(4, "big")):
            raise ProgressError("progress_not_ours", value=str(self.path))

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """Connection for one call; what SQLite cannot do is said plainly."""
        told = {"value": str(self.path)}
        if self.exists() and self.path.is_dir():
            raise ProgressError("progress_is_folder", **told)
        try:
            with closing(sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)) as base:
                base.text_factory = lambda text: text.decode("utf-8", "replace")
                yield base
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the rest tells which kind of it
            raise ProgressError(_SAID.get(code, "progress_unreadable"), **told) from None
        except OSError:
            raise ProgressError("progress_no_right", **told) from None

    def _schema(self, base: sqlite3.Connection) -> int:
        """Schema of the file, 0 where it is still empty."""
        ((mark,),) = base.execute("PRAGMA application_id").fetchall()
        ((version,),) = base.execute("PRAGMA user_version").fetchall()
        ((tables,),) = base.execute("SELECT count(*) FROM sqlite_master").fetchall()
        told = {"value": str(self.path)}
        if (mark, version, tables) == (0, 0, 0):
            return 0
        if mark != MARK:
            raise ProgressError("progress_not_ours", **told)
        if version > SCHEMA:
            raise ProgressError("progress_newer", **told)
        return int(version)


def _row(attempt: Attempt) -> tuple[Any, ...]:
    """Values to keep, each of the kind that its column holds."""
    if not re.fullmatch(r"[0-9a-f]{32}", attempt.id):
        raise ValueError(f"id: 32 hexadecimal digits expected, found {attempt.id!r}")
    if attempt.activity not in ACTIVITIES:
        raise ValueError(f"activity: one of {', '.join(ACTIVITIES)} expected, found {attempt.activity!r}")
    made_at = datetime.fromisoformat(attempt.made_at)
    if made_at.tzinfo is None:
        raise ValueError(f"made_at: a time with its offset expected, found {attempt.made_at!r}")
    score = None if attempt.score is None else float(attempt.score)
    if score is not None and not math.isfinite(score):
        raise ValueError(f"score: a finite number expected, found {attempt.score!r}")
    variant = operator.index(attempt.variant)
    if not -(2**63) <= variant < 2**63:
        raise ValueError(f"variant: at most 63 bits expected, found {variant}")
    return (
        attempt.id, made_at.astimezone(UTC).isoformat(timespec="milliseconds"), attempt.activity,
        _text(attempt.topic), _text(attempt.item), variant, _text(attempt.answer), _text(attempt.verdict), score,
        _text(attempt.detail),
    )  # fmt: skip


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file stands under a name; None: there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _text(value: str) -> str:
    """Text that a file can hold: half a character pasted from elsewhere becomes a question mark."""
    return str(value)[:LONGEST].encode("utf-8", "replace").decode("utf-8")


# ---------------------------------------------------------------- export


def _write_csv(path: Path, attempts: list[Attempt], language: str | None) -> None:
    with path.open("x", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow([label(f"attempt_{name}", language) for name in Attempt._fields])
        writer.writerows(_readable(attempt, language) for attempt in attempts)


def _readable(attempt: Attempt, language: str | None) -> list[str]:
    words = {"activity": f"activity_{attempt.activity}", "verdict": f"verdict_{attempt.verdict}"}
    said = attempt._asdict() | {
        "score": "" if attempt.score is None else number(attempt.score, 4, language),
        "variant": str(attempt.variant),
    }
    for name, key in words.items():
        shown = label(key, language)
        said[name] = said[name] if shown == key else shown
    return [harmless(said[name]) for name in Attempt._fields]


def harmless(text: str) -> str:
    """Text that no spreadsheet runs: an apostrophe stands before what would be a formula.

    Examples
    --------
    >>> harmless("=1+1"), harmless("-1 234,56"), harmless("61,7 jours")
    ("'=1+1", '-1 234,56', '61,7 jours')
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def _write_json(path: Path, attempts: list[Attempt], language: str | None) -> None:
    rows = [attempt._asdict() for attempt in attempts]
    with path.open("x", encoding="utf-8") as file:
        file.write(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
