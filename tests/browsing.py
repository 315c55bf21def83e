"""A browser and a JupyterLab of our own, for the tests that look at what a reader sees."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

ROOT = Path(__file__).resolve().parents[1]
WIDTHS = (1200, 800)
PATIENCE = 120_000  # milliseconds: on a busy machine a server or a kernel takes its time
expect.set_options(timeout=PATIENCE)


def window(browser: Browser) -> BrowserContext:
    made = browser.new_context(viewport={"width": WIDTHS[0], "height": 900})
    made.set_default_timeout(PATIENCE)
    return made


def until(page: Page, condition: str, argument: object = None) -> None:
    """Wait for a JavaScript function to be true: the page's security policy forbids Playwright to poll by itself."""
    end = time.monotonic() + PATIENCE / 1000
    while not page.evaluate(condition, argument):
        assert time.monotonic() < end, f"not in {PATIENCE / 1000:.0f} s: {condition}"
        page.wait_for_timeout(50)


class Opened:
    """A page with all it asked for and complained about since it was opened."""

    def __init__(self, context: BrowserContext) -> None:
        self.language = ""
        self.requests: list[str] = []
        self.problems: list[str] = []
        context.on("request", lambda request: self.requests.append(request.url))
        self.page = context.new_page()
        self.page.on("websocket", lambda socket: self.requests.append(socket.url))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda said: self.problems.append(said.text) if said.type == "error" else None)


def stop(process: subprocess.Popen) -> None:
    """End a process that this file started, and wait for it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()


class Lab:
    """A JupyterLab of our own: its folder, settings and home are temporary."""

    def __init__(self, folder: Path) -> None:
        self.work = folder / "work"
        for part in ("notebooks", "exercises", "solutions", "course", "data", "jupyter"):
            shutil.copytree(ROOT / part, self.work / part, ignore=shutil.ignore_patterns("__pycache__"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address, self.token, self.log = f"http://127.0.0.1:{port}", secrets.token_hex(16), folder / "lab.log"
        home = folder / "home"
        home.mkdir()
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON", "CMTOOLS"))
        }
        own = {"HOME": home, "JUPYTER_RUNTIME_DIR": folder / "runtime", "JUPYTERLAB_SETTINGS_DIR": folder / "settings"}
        own |= {"JUPYTERLAB_WORKSPACES_DIR": folder / "workspaces", "JUPYTER_TOKEN": self.token}
        options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
        options += ["--LabApp.app_settings_dir=jupyter"]  # as `make lab`
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyter", "lab", *options],
                cwd=self.work,
                env=kept | {name: str(value) for name, value in own.items()},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def ask(self, path: str, method: str = "GET") -> list | dict | None:
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.address}/api/{path}", headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or "null")

    def wait(self) -> None:
        until = time.monotonic() + PATIENCE / 1000
        while True:
            try:
                self.ask("status")
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    pytest.fail(f"JupyterLab does not answer:\n{self.log.read_text()}")
                time.sleep(0.3)

    def close(self) -> None:
        try:
            for kernel in self.ask("kernels"):
                self.ask(f"kernels/{kernel['id']}", "DELETE")
        except OSError:
            pass  # not up, or already gone: its end takes the kernels along
        finally:
            stop(self.process)


def foreign(opened: Opened, lab: Lab) -> list[str]:
    """Requests that went anywhere but to the server on this machine."""
    ours = (f"{lab.address}/", f"ws{lab.address.removeprefix('http')}/", "data:", "blob:")
    return [url for url in opened.requests if not url.startswith(ours)]


def open_page(opened: Opened, lab: Lab, place: str) -> Locator:
    """Open a notebook in JupyterLab by its place in the kit, without its ending."""
    opened.page.goto(f"{lab.address}/lab/workspaces/test/tree/{place}.ipynb?reset&token={lab.token}")
    notebook = opened.page.locator(".jp-NotebookPanel")
    notebook.locator(".jp-Cell").first.wait_for()
    return notebook


def ready(notebook: Locator) -> None:
    """Wait for the kernel: asked to run without one, JupyterLab would only empty the cells."""
    notebook.locator(".jp-KernelName", has_text="Python 3").wait_for()
    notebook.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()


def start_all(opened: Opened, notebook: Locator, menu: str, command: str) -> None:
    """Run every cell by the menu; where folded cells have no number to wait for, wait for what they show."""
    ready(notebook)
    # Numbers of the committed run must not pass for those of this one.
    notebook.locator(".jp-WindowedPanel-outer").evaluate("panel => panel.scrollTop = panel.scrollHeight")
    opened.page.locator(".lm-MenuBar-itemLabel", has_text=menu).click()
    opened.page.locator(".lm-Menu-itemLabel").get_by_text(command, exact=True).click()


def run_all(opened: Opened, notebook: Locator, menu: str, command: str) -> None:
    """Run every cell by the menu and wait until the last one has its number and the kernel is idle."""
    start_all(opened, notebook, menu, command)
    prompt = notebook.locator(".jp-CodeCell .jp-InputPrompt").last
    until(opened.page, "prompt => prompt.textContent.includes('*')", prompt.element_handle())
    until(opened.page, "prompt => /\\d/.test(prompt.textContent)", prompt.element_handle())
    notebook.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()
