"""Open the lessons: install what they need the first time, then start JupyterLab in French.

The files to double-click, beside this one, and ``make lab`` call it; its options are
JupyterLab's. It needs Python 3.11 or later and nothing else, and a network the first time only.
"""

from __future__ import annotations

import csv
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
LOCK = ROOT / "requirements" / "lab.lock"
DONE = VENV / "lab.done"  # as in the Makefile
LOG = ROOT / "start" / "install.log"
PORTS = range(8888, 8938)
DOT_SECONDS = 5
NO_NETWORK = (
    "connection", "name or service", "name resolution", "getaddrinfo", "dns error", "timed out", "proxy", "certificate",
    "unreachable", "no matching distribution",
)  # fmt: skip


class CannotOpenError(Exception):
    """What keeps the lessons from opening, with what to do about it: a key of messages.csv."""

    def __init__(self, key: str, **values: object) -> None:
        self.key, self.values = key, values
        super().__init__(key)


def say(key: str, **values: object) -> None:
    """Print a sentence in French, then in English."""
    with (ROOT / "start" / "messages.csv").open(encoding="utf-8", newline="") as file:
        sentences = next(row for row in csv.DictReader(file) if row["key"] == key)
    print(sentences["fr"].format(**values), sentences["en"].format(**values), sep="\n", end="\n\n", flush=True)


def installed() -> bool:
    """Whether .venv is newer than the list of what it must hold, and finds the package in this folder."""
    wanted = max(path.stat().st_mtime for path in (LOCK, ROOT / "pyproject.toml"))
    same = "import os, sys, cmtools; sys.exit(not os.path.samefile(os.path.dirname(cmtools.__file__), sys.argv[1]))"
    return DONE.exists() and DONE.stat().st_mtime >= wanted and runs("-c", same, str(ROOT / "src" / "cmtools"))


def runs(*arguments: str) -> bool:
    """Whether .venv's own Python carries this out."""
    try:
        return subprocess.run([PYTHON, *arguments], cwd=ROOT, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def install() -> None:
    """Make .venv, and install what the lock names, each file checked by its hash, then the package itself.

    Raises
    ------
    CannotOpenError
        If it does not succeed; the next start goes on from there.
    """
    say("again" if DONE.exists() else "first")
    try:
        VENV.mkdir(exist_ok=True)
        DONE.unlink(missing_ok=True)
        LOG.write_bytes(b"")
    except OSError as error:
        raise CannotOpenError("read_only", folder=ROOT) from error
    if not runs("-m", "pip", "--version") and not logged(sys.executable, "-m", "venv", "--clear", VENV):
        raise CannotOpenError("no_venv", log=LOG)
    (VENV / "python.done").touch()
    packages(["--require-hashes", "-r", LOCK], ["--compile-bytecode", "--build-constraints", LOCK])
    packages(["--no-deps", "--no-build-isolation", "-e", ROOT], [])
    DONE.touch()


def packages(asked: Sequence[str | Path], for_uv: Sequence[str | Path]) -> None:
    """Install by uv where there is one, else by pip; by pip too where uv did not succeed."""
    uv = next(filter(None, (shutil.which("uv", path=SCRIPTS), shutil.which("uv"))), None)
    if uv and logged(uv, "pip", "install", "--python", PYTHON, *asked, *for_uv):
        return
    if not logged(PYTHON, "-m", "pip", "install", *asked):
        told = LOG.read_text(encoding="utf-8", errors="replace").lower()
        raise CannotOpenError("network" if any(words in told for words in NO_NETWORK) else "failed", log=LOG)


def logged(*command: str | Path) -> bool:
    """Run a command, its output in the log and a dot on the screen from time to time; whether it succeeded."""
    own = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "UV_PYTHON_DOWNLOADS": "never", "PYTHONUTF8": "1"}
    with LOG.open("ab") as log:
        running = subprocess.Popen(command, cwd=ROOT, env=os.environ | own, stdout=log, stderr=subprocess.STDOUT)
        while running.poll() is None:
            try:
                running.wait(DOT_SECONDS)
            except subprocess.TimeoutExpired:
                print(".", end="", flush=True)
    print(flush=True)
    return running.returncode == 0


def free_port() -> int:
    """Return the first port that nothing listens on.

    Raises
    ------
    CannotOpenError
        If all of `PORTS` are taken.
    """
    for port in PORTS:
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        if port != PORTS[0]:
            say("port", taken=PORTS[0], port=port)
        return port
    raise CannotOpenError("no_port", first=PORTS[0], last=PORTS[-1])


def open_lab(options: Sequence[str]) -> int:
    """Start JupyterLab on the first page, with settings of its own, not the reader's, and wait for its end."""
    command: list[str | Path] = [PYTHON, "-m", "jupyterlab", f"--LabApp.app_settings_dir={ROOT / 'jupyter'}"]
    command += ["--LabApp.default_url=/lab/tree/notebooks/fr/00_start.ipynb", "--log-level=ERROR"]
    if not any(option.startswith(("--port", "--ServerApp.port")) for option in options):
        command += [f"--port={free_port()}", "--ServerApp.port_retries=0"]
    say("open")
    settings, workspaces = VENV / "lab" / "settings", VENV / "lab" / "workspaces"
    own = {"JUPYTERLAB_SETTINGS_DIR": str(settings), "JUPYTERLAB_WORKSPACES_DIR": str(workspaces)}
    running = subprocess.Popen([*command, *options], cwd=ROOT, env=os.environ | own)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is JupyterLab's to answer: it asks before it stops
    return running.wait()


def main(options: Sequence[str]) -> int:
    """Return what JupyterLab returned, or 1 after saying why it could not be opened."""
    try:
        if not installed():
            install()
        return open_lab(options)
    except CannotOpenError as stopped:
        say(stopped.key, **stopped.values)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
