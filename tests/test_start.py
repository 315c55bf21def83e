"""The files to double-click: they find Python, install once, open JupyterLab, and say what to do where they cannot."""

import csv
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from browsing import open_page, ready

POSIX = pytest.mark.skipif(os.name != "posix", reason="a POSIX shell runs it")


@pytest.fixture
def start(root, tmp_path, monkeypatch):
    """The script, its folder a copy that has a space and an accent in its name, without .venv."""
    kit = tmp_path / "Leçons d'été"
    shutil.copytree(root / "start", kit / "start", ignore=shutil.ignore_patterns("__pycache__", "install.log"))
    (kit / "requirements").mkdir()
    for name in ("requirements/lab.lock", "pyproject.toml"):
        shutil.copy(root / name, kit / name)
    spec = importlib.util.spec_from_file_location("start_script", kit / "start" / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "DOT_SECONDS", 0.05)
    return module


def sentences(start) -> dict[str, dict[str, str]]:
    with (start.ROOT / "start" / "messages.csv").open(encoding="utf-8", newline="") as file:
        return {row["key"]: row for row in csv.DictReader(file)}


def says(start, out: str, key: str, **values: object) -> bool:
    return all(sentences(start)[key][language].format(**values) in out for language in ("fr", "en"))


# ---------------------------------------------------------------- the files


def test_windows_file_has_its_line_ends_and_quotes_every_path(root):
    text = (root / "start" / "windows.bat").read_bytes().decode("utf-8")
    assert text.endswith("\r\n")
    assert text.count("\n") == text.count("\r\n")
    assert re.findall(r'(?<!")%~dp0', text) == []
    assert "goto" not in text  # labels are sought by bytes, accents mislead the search
    assert text.index("chcp 65001") < text.index("é")
    blocks = re.findall(r"\(\r\n(.*?)\r\n\)", text, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:  # a bracket in a sentence would end the block
        assert not re.search(r"[()]", block)
        assert block.splitlines()[-2:] == ["  pause", "  exit /b 1"]
    assert "*.bat text eol=crlf" in (root / ".gitattributes").read_text(encoding="utf-8")


@POSIX
def test_files_for_macos_and_linux_can_be_run(root):
    for name in ("macos.command", "linux.sh"):
        path = root / "start" / name
        assert path.stat().st_mode & 0o111 == 0o111
        assert b"\r" not in path.read_bytes()
        subprocess.run(["sh", "-n", path], check=True)


def test_every_sentence_is_used_and_has_both_languages_with_the_same_figures(start):
    code = (start.ROOT / "start" / "start.py").read_text(encoding="utf-8")
    rows = sentences(start)
    for key, row in rows.items():
        assert f'"{key}"' in code
        assert row["fr"] != row["en"]
        assert re.findall(r"{\w+}", row["fr"]) == re.findall(r"{\w+}", row["en"])
    assert set(re.findall(r'(?:say|Error)\("(\w+)"', code)) <= set(rows)


# ---------------------------------------------------------------- finding Python


def run_in_shell(kit: Path, programs: Path, *options: str) -> subprocess.CompletedProcess:
    """Double-click with nothing on the path but what a shell needs and these programs, from another folder."""
    (programs / "dirname").symlink_to(shutil.which("dirname"))
    (programs / "sh").symlink_to(shutil.which("sh"))
    return subprocess.run(
        ["/bin/sh", kit / "start" / "macos.command", *options],
        env={"PATH": str(programs)}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd="/",
    )  # fmt: skip


def program(folder: Path, name: str, lines: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


@POSIX
@pytest.mark.parametrize("old", [True, False])
def test_shell_says_what_to_do_where_python_is_missing_or_too_old(start, tmp_path, old):
    programs = tmp_path / "bin"
    programs.mkdir()
    if old:
        program(programs, "python3", "exit 1")  # what the version test gives on 3.9
    done = run_in_shell(start.ROOT, programs)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "Il faut Python 3.11 ou plus récent : installez-le depuis www.python.org/downloads, puis recommencez.",
        "Python 3.11 or later is needed: install it from www.python.org/downloads, then start again.",
    ]
    assert done.stderr == ""


@POSIX
def test_shell_passes_over_an_old_python_and_hands_over_folder_options_and_result(start, tmp_path):
    programs = tmp_path / "bin"
    program(programs, "python3.13", "exit 1")
    program(programs, "python3", '[ "$1" = -c ] && exit 0\nprintf "%s\\n" "$@"\nexit 7')
    done = run_in_shell(start.ROOT, programs, "--no-browser", "a b")
    assert done.returncode == 7
    assert done.stdout.splitlines() == [str(start.ROOT / "start" / "start.py"), "--no-browser", "a b"]


# ---------------------------------------------------------------- installing


def pretend(start, monkeypatch, *results: tuple[int, str]) -> list[list[str]]:
    """Let each program that would be run end with this code after writing that to the log; what was asked."""
    asked, left = [], list(results)

    class Program:
        def __init__(self, command, stdout, **_):
            asked.append([str(part) for part in command])
            self.returncode, said = left.pop(0)
            stdout.write(said.encode())

        def poll(self):
            return self.returncode

    monkeypatch.setattr(start.subprocess, "Popen", Program)
    monkeypatch.setattr(start, "runs", lambda *arguments: False)
    monkeypatch.setattr(start.shutil, "which", lambda name, path=None: None)
    return asked


def test_first_start_makes_the_environment_and_checks_every_file_by_its_hash(start, monkeypatch, capsys):
    asked = pretend(start, monkeypatch, (0, ""), (0, ""), (0, ""))
    assert not start.installed()
    start.install()
    assert says(start, capsys.readouterr().out, "first")
    venv, python = str(start.ROOT / ".venv"), str(start.PYTHON)
    assert asked == [
        [sys.executable, "-m", "venv", "--clear", venv],
        [python, "-m", "pip", "install", "--require-hashes", "-r", str(start.ROOT / "requirements" / "lab.lock")],
        [python, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "-e", str(start.ROOT)],
    ]
    assert (start.VENV / "lab.done").exists()
    assert (start.VENV / "python.done").exists()  # or make would begin anew


def test_uv_is_taken_where_there_is_one_and_pip_where_it_fails(start, monkeypatch):
    asked = pretend(start, monkeypatch, (0, ""), (2, "no wheel"), (0, ""), (0, ""))
    monkeypatch.setattr(start.shutil, "which", lambda name, path=None: None if path else "/opt/uv")
    start.install()
    assert [command[:3] for command in asked[1:]] == [
        ["/opt/uv", "pip", "install"], [str(start.PYTHON), "-m", "pip"], ["/opt/uv", "pip", "install"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("results", "key"),
    [
        ([(1, "ensurepip is not available")], "no_venv"),
        ([(0, ""), (1, "[Errno -3] Temporary failure in name resolution")], "network"),
        ([(0, ""), (1, "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES")], "failed"),
        ([(0, ""), (0, ""), (1, "no space left on device")], "failed"),
    ],
)
def test_installation_that_fails_says_what_to_do_and_is_not_taken_for_done(start, monkeypatch, capsys, results, key):
    pretend(start, monkeypatch, *results)
    assert start.main([]) == 1
    log = start.ROOT / "start" / "install.log"
    assert says(start, capsys.readouterr().out, key, log=log)
    assert results[-1][1] in log.read_text(encoding="utf-8")
    assert not start.DONE.exists()
    assert not start.installed()


def test_folder_that_cannot_be_written_is_told(start, monkeypatch, capsys):
    (start.ROOT / ".venv").write_text("a file in its place", encoding="utf-8")
    assert start.main([]) == 1
    assert says(start, capsys.readouterr().out, "read_only", folder=start.ROOT)


def test_environment_is_renewed_after_a_newer_list_or_a_move(start, monkeypatch):
    start.VENV.mkdir()
    start.DONE.touch()
    monkeypatch.setattr(start, "runs", lambda *arguments: True)
    assert start.installed()
    later = time.time() + 10
    os.utime(start.LOCK, (later, later))
    assert not start.installed()
    os.utime(start.DONE, (later, later))
    assert start.installed()
    monkeypatch.setattr(start, "runs", lambda *arguments: False)  # it finds the package elsewhere
    assert not start.installed()


def test_package_of_another_folder_is_not_that_of_this_one(start, root, monkeypatch):
    start.VENV.mkdir()
    later = time.time() + 10
    start.DONE.touch()
    os.utime(start.DONE, (later, later))
    monkeypatch.setattr(start, "PYTHON", Path(sys.executable))
    assert not start.installed()  # the package of these tests stands in `root`
    monkeypatch.setattr(start, "ROOT", root)
    assert start.installed()


def test_program_that_lasts_shows_dots_and_its_output_goes_to_the_log(start, capsys):
    assert start.logged(sys.executable, "-c", "import time; time.sleep(0.4); print('made')")
    assert "." in capsys.readouterr().out
    assert not start.logged(sys.executable, "-c", "raise SystemExit(3)")
    assert start.LOG.read_text(encoding="utf-8").split() == ["made"]


# ---------------------------------------------------------------- opening


def test_port_that_is_taken_is_told_and_the_next_one_is_used(start, monkeypatch, capsys):
    with socket.create_server(("127.0.0.1", 0)) as first:
        taken = first.getsockname()[1]
        monkeypatch.setattr(start, "PORTS", range(taken, taken + 40))
        port = start.free_port()
        assert taken < port < taken + 40
        assert says(start, capsys.readouterr().out, "port", taken=taken, port=port)
        monkeypatch.setattr(start, "PORTS", range(taken, taken + 1))
        monkeypatch.setattr(start, "installed", lambda: True)
        assert start.main([]) == 1
        assert says(start, capsys.readouterr().out, "no_port", first=taken, last=taken)
    assert start.free_port() == taken
    assert capsys.readouterr().out == ""


def answer(address: str, seconds: float) -> str:
    """Wait for the server's answer; the address to which it led."""
    asked = urllib.request.Request(address, headers={"Authorization": "token word"})
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(asked, timeout=20) as reply:
                return reply.url
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.2)


@pytest.mark.slow
def test_jupyterlab_answers_in_a_folder_with_a_space_and_an_accent(start, root, tmp_path):
    for part in ("jupyter", "notebooks"):
        shutil.copytree(root / part, start.ROOT / part)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = "import pathlib, sys, start; start.PYTHON = pathlib.Path(sys.executable); start.open_lab(sys.argv[1:])"
    own = {"HOME": str(tmp_path), "PYTHONPATH": str(start.ROOT / "start"), "JUPYTER_TOKEN": "word"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON"))}
    options = ["--no-browser", "--allow-root", f"--port={port}"]
    with (tmp_path / "lab.log").open("wb") as log:
        opened = subprocess.Popen(
            [sys.executable, "-c", code, *options], env=kept | own, stdout=log, stderr=log, start_new_session=True
        )
    try:
        page = f"http://127.0.0.1:{port}/lab/tree/notebooks/fr/00_start.ipynb"
        assert answer(f"http://127.0.0.1:{port}/", 120) == page
        answer(f"http://127.0.0.1:{port}/api/contents/notebooks/fr/00_start.ipynb?content=0", 20)
    finally:
        if os.name == "posix":
            os.killpg(opened.pid, 15)
        else:
            opened.terminate()
        opened.wait(30)
    said = (tmp_path / "lab.log").read_text(encoding="utf-8", errors="replace")
    assert says(start, said, "open")


@pytest.mark.browser
@pytest.mark.slow
def test_first_button_of_a_notebook_runs_all_and_code_of_exercises_is_folded(lab, opened):
    notebook = open_page(opened, lab, "exercises/fr/07_dso")
    button = notebook.locator(".jp-NotebookPanel-toolbar > *").first
    assert button.get_attribute("data-jp-item-name") == "run-all"
    assert button.inner_text().strip() == "Tout exécuter"
    for line in ("import cmtools as cm", "exercises.ask("):
        cell = notebook.locator(".jp-CodeCell").filter(has_text=line).first
        cell.locator(".jp-InputPlaceholder").wait_for()
        assert cell.locator(".cm-editor").count() == 0
    ready(notebook)
    assert notebook.locator(".jupyter-widgets").count() == 0
    button.locator("jp-button, button").first.click()
    notebook.locator(".jupyter-widgets").first.wait_for()
    assert opened.problems == []
