"""Where reports go: a folder of this machine or a place that fsspec knows; a report is there whole, or not at all.

A report is written in a draft of its own, then takes its place in one move.
`report.json`, which tells what it was made from, proves that it is complete.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from cmtools.files import fatal, written_whole
from cmtools.language import Reason
from cmtools.schemas import InputError, shorten

DRAFTS = ".partial"  # reports being made
RECORD = "report.json"


def digest(path: str | Path) -> str:
    """SHA-256 of a file, or of all files of a folder with their names."""
    place = Path(path)
    if place.is_dir():
        parts = sorted(found for found in place.rglob("*") if found.is_file())
        text = "\n".join(f"{part.relative_to(place).as_posix()} {digest(part)}" for part in parts)
        return hashlib.sha256(text.encode()).hexdigest()
    with open(place, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def store_of(place: str) -> Folder | Remote:
    """Store of a path or of an URL (``s3://...``, ``memory://...``).

    Examples
    --------
    >>> type(store_of("reports")).__name__, type(store_of("memory://reports")).__name__
    ('Folder', 'Remote')
    """
    return Remote(place) if "://" in place else Folder(place)


def unwritable(place: str, error: Exception) -> InputError:
    """Error to raise where nothing can be written."""
    return fatal("store_unwritable", value=shorten(place), reason=Reason.of(error))


def _locked(lock: IO[str], path: Path) -> bool:
    """Whether the lock is ours, and still the one that others will see."""
    try:
        import fcntl
    except ImportError:  # Windows: no lock
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(lock.fileno()).st_ino == path.stat().st_ino
    except OSError:
        return False


class Folder:
    """Reports in folders of this machine, or of a file system shared by several.

    Parameters
    ----------
    root : str
    """

    def __init__(self, root: str):
        self.root = Path(root).resolve()

    def __str__(self) -> str:
        return str(self.root)

    def prepare(self) -> None:
        """Make the folder and try to write in it.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise unwritable(str(self.root), error) from None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other batches of this machine out of the folder, and clear what an interrupted one left.

        The lock goes with the process that holds it.
        """
        path = self.root / ".lock"
        with open(path, "w") as lock:
            if not _locked(lock, path):
                raise fatal("store_in_use", value=shorten(str(self.root)))
            shutil.rmtree(self.root / DRAFTS, ignore_errors=True)
            try:
                yield
            finally:
                shutil.rmtree(self.root / DRAFTS, ignore_errors=True)
                path.unlink(missing_ok=True)

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """Empty folder of the same file system; nothing is left of it."""
        folder = self.root / DRAFTS / uuid.uuid4().hex
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, draft: Path, name: str) -> None:
        """Give a draft its place; the report that was there before goes."""
        final, old = self.root / name, draft.with_name(f"{draft.name}.old")
        if final.exists():
            os.replace(final, old)
        os.replace(draft, final)
        shutil.rmtree(old, ignore_errors=True)

    def withdraw(self, name: str) -> None:
        """Take an outdated report away, if it is one of ours."""
        if (self.root / name / RECORD).is_file():
            (self.root / DRAFTS).mkdir(exist_ok=True)
            old = self.root / DRAFTS / f"{uuid.uuid4().hex}.old"
            os.replace(self.root / name, old)
            shutil.rmtree(old, ignore_errors=True)

    def record(self, name: str) -> dict[str, Any] | None:
        """What a complete report was made from; None: absent, or a file of it is missing or changed."""
        folder = self.root / name
        try:
            found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
            whole = all(digest(folder / file) == known for file, known in found["files"].items())
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            return None
        return found if whole else None

    def write(self, name: str, data: bytes) -> None:
        """Write one file beside the reports, whole."""
        with written_whole(self.root / name) as partial:
            partial.write_bytes(data)

    def has(self, name: str) -> bool:
        """Whether a file stands beside the reports."""
        return (self.root / name).is_file()

    def link(self, name: str) -> str:
        """Where a person finds a file."""
        return str(self.root / name)


class Remote:
    """Reports in a place that fsspec knows. `report.json` is sent last: until it is there, there is no report.

    Parameters
    ----------
    url : str
    """

    def __init__(self, url: str):
        try:
            import fsspec
        except ImportError:
            raise fatal("store_no_fsspec", value=shorten(url)) from None
        try:
            self.files, self.root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise unwritable(url, error) from None
        self.url = url.rstrip("/")
        self.root = self.root.rstrip("/")

    def __str__(self) -> str:
        return self.url

    def prepare(self) -> None:
        """Make the place and try to write in it."""
        trial = f"{self.root}/.trial-{uuid.uuid4().hex}"
        try:
            self.files.makedirs(self.root, exist_ok=True)
            self.files.pipe_file(trial, b"")
            self.files.rm_file(trial)
        except OSError as error:
            raise unwritable(self.url, error) from None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nothing: such places have no locks."""
        yield

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """Empty folder of this machine; nothing is left of it."""
        with tempfile.TemporaryDirectory(prefix="cmtools-") as folder:
            yield Path(folder)

    def publish(self, draft: Path, name: str) -> None:
        """Send the files of a draft, its record last."""
        self.withdraw(name)
        target = f"{self.root}/{name}"
        self.files.makedirs(target, exist_ok=True)
        files = sorted((path for path in draft.rglob("*") if path.is_file()), key=lambda path: path.name == RECORD)
        for path in files:
            self.files.put_file(str(path), f"{target}/{path.relative_to(draft).as_posix()}")

    def withdraw(self, name: str) -> None:
        """Take an outdated report away, its record first."""
        target = f"{self.root}/{name}"
        if self.files.exists(f"{target}/{RECORD}"):
            self.files.rm_file(f"{target}/{RECORD}")
            self.files.rm(target, recursive=True)

    def record(self, name: str) -> dict[str, Any] | None:
        """What a complete report was made from; None: absent, or a file of it is missing or changed."""
        target = f"{self.root}/{name}"
        try:
            found = json.loads(self.files.cat_file(f"{target}/{RECORD}"))
            whole = all(
                hashlib.sha256(self.files.cat_file(f"{target}/{file}")).hexdigest() == known
                for file, known in found["files"].items()
            )
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            return None
        return found if whole else None

    def write(self, name: str, data: bytes) -> None:
        """Write one file beside the reports."""
        self.files.pipe_file(f"{self.root}/{name}", data)

    def has(self, name: str) -> bool:
        """Whether a file stands beside the reports."""
        return bool(self.files.exists(f"{self.root}/{name}"))

    def link(self, name: str) -> str:
        """Where a person finds a file."""
        return f"{self.url}/{name}"
