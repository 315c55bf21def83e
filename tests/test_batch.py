"""Many reports: complete or absent, each by itself, whatever becomes of the others."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
import zlib
from contextlib import suppress
from pathlib import Path

import openpyxl
import pytest
import yaml
from portfolios import write_portfolio

import cmtools as cm
from cmtools import pages
from cmtools.batch import Outcome
from cmtools.cli import main
from cmtools.forms_batch import index
from cmtools.portfolio import Job, read_portfolio
from cmtools.schemas import InputError

BESIDE = ["index.html", "manifest.json", pages.plotly_name(), "portfolio.xlsx"]
FILES = ["report.html", "report.ipynb", "report.json", "report.xlsx"]
HOSTILE = [
    "<script>alert(1)</script>", "=1+1", "+33 1", "-2", "@SUM(A1)", "a/b\\..\\c", "x" * 1_200, "a\u202egpj.exe",
    "شركة الأمل", "'; drop table", "{as_of}", "R&D", "\ttab\x07",
]  # fmt: skip


def batch(path: Path, out: Path, *more: str) -> int:
    return main(["batch", str(path), "--as-of", "2026-06-30", "--output", str(out), "--workers", "1", *more])


def reports(out: Path) -> dict[str, list[str]]:
    """Files of each report that stands there, hidden ones too."""
    return {folder.name: sorted(path.name for path in folder.iterdir()) for folder in out.iterdir() if folder.is_dir()}


def figures(out: Path) -> dict[str, float]:
    found = {}
    for folder in reports(out):
        record = json.loads((out / folder / "report.json").read_text(encoding="utf-8"))
        found[folder] = record["figures"][0]["indicators"][0]["value"]
    return found


def statuses(out: Path) -> dict[str, str]:
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    return {company["folder"]: company["status"] for company in manifest["companies"]}


def times(out: Path) -> dict[str, int]:
    return {folder: (out / folder / "report.html").stat().st_mtime_ns for folder in reports(out)}


def processes(running: subprocess.Popen) -> set[int]:
    """Living processes that come from a command started here, those that lost their parent too."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"CMTOOLS_STARTED={running.mark}".encode() in path.read_bytes():
                found.add(int(path.parent.name))
    return found


def start(path: Path, out: Path, *more: str, **options) -> subprocess.Popen:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "cmtools.cli", "batch", str(path), "--as-of", "2026-06-30", "--output", str(out)]
    mark = uuid.uuid4().hex
    running = subprocess.Popen(
        [*command, "--workers", "2", *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True, env=os.environ | {"CMTOOLS_STARTED": mark}, **options,
    )  # fmt: skip
    running.mark = mark
    return running


def wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


# ---------------------------------------------------------------- what comes out


@pytest.mark.slow
def test_every_company_gets_its_report_and_the_index_leads_to_them(tmp_path, capsys):
    path = write_portfolio(tmp_path, {"Alpha": {}, "Beta": {"amount": None}, "Gamma": {}})
    out = tmp_path / "out"
    assert batch(path, out) == 0
    assert reports(out) == dict.fromkeys(("c0", "c1", "c2"), FILES)
    assert sorted(each.name for each in out.iterdir() if each.is_file()) == sorted(BESIDE)
    assert figures(out) == {"c0": 100.0, "c1": None, "c2": 102.0}
    page = (out / "index.html").read_text(encoding="utf-8").replace("\u202f", " ").replace("\u00a0", " ")
    assert 'href="c1/report.html"' in page
    assert "100,00" in page
    assert "3 rapports sur 3" in page
    shown = (out / "c0" / "report.html").read_text(encoding="utf-8")
    assert pages.plotly_name() not in shown  # no chart in this notebook, no script
    sheet = openpyxl.load_workbook(out / "portfolio.xlsx").active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert [row[:4] for row in rows[1:]] == [
        ["Alpha", "fait", "EUR", 100],
        ["Beta", "fait", "EUR", None],
        ["Gamma", "fait", "EUR", 102],
    ]
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["versions"]["cmtools"] == cm.__version__
    assert [set(company["sha256"]) for company in manifest["companies"]] == [{"notebook", "ledger"}] * 3
    assert "Sur 3 : faits 3, inchangés 0, échecs 0" in capsys.readouterr().out


@pytest.mark.slow
def test_a_company_that_fails_stops_no_other(tmp_path, capsys):
    wrong = {
        "Raises": {"do": "1 / 0"},
        "Exits": {"do": "os._exit(3)"},
        "Killed": {"do": "os.kill(os.getpid(), 9)"},
        "Refused": {"do": "from cmtools.schemas import *; raise InputError([Defect('empty_file', 'fatal', 'x.csv')])"},
        "No workbook": {"do": "workbook = 'elsewhere.xlsx'"},
        "Changes its input": {"do": "Path(ledger).write_text(text + ' ')"},
        "Fine": {},
    }
    out = tmp_path / "out"
    assert batch(write_portfolio(tmp_path, wrong), out) == 1
    assert reports(out) == {"c6": FILES}
    assert list(statuses(out).values()) == ["failed"] * 6 + ["made"]
    told = capsys.readouterr().err
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    errors = {company["company"]: company["error"] for company in manifest["companies"]}
    assert errors["Raises"] == "cellule 3 : ZeroDivisionError : division by zero"
    assert "x.csv" in errors["Refused"]
    assert "report.xlsx" in errors["No workbook"]
    assert "a changé" in errors["Changes its input"]
    assert all(errors[name] for name in list(wrong)[:6])
    assert "ZeroDivisionError" in told
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.index("ZeroDivisionError") < page.index("c6/report.html")  # failures on top


@pytest.mark.slow
def test_a_failure_takes_the_report_of_the_month_before_away(tmp_path):
    path = write_portfolio(tmp_path, {"A": {}, "B": {}})
    out = tmp_path / "out"
    assert batch(path, out) == 0
    (tmp_path / "in" / "0.json").write_text('{"amount": 1, "do": "1 / 0"}')
    assert batch(path, out) == 1
    assert set(reports(out)) == {"c1"}


@pytest.mark.slow
def test_text_of_a_client_is_never_markup_formula_or_path(tmp_path):
    path = write_portfolio(tmp_path, {name: {} for name in HOSTILE})
    listed = yaml.safe_load(path.read_text(encoding="utf-8"))
    for company in listed["companies"]:
        del company["output"]  # the folder comes from the name
    path.write_text(yaml.safe_dump(listed), encoding="utf-8")
    out = tmp_path / "out"
    assert batch(path, out) == 0
    names = set(reports(out))
    assert len(names) == len(HOSTILE)
    assert all(re.fullmatch(r"[\w-]{1,200}", name) and not name.startswith("-") for name in names)
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "\u202e" not in page
    sheet = openpyxl.load_workbook(out / "portfolio.xlsx").active
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} == {"s"}
    for folder in names:
        assert "<script>alert" not in (out / folder / "report.html").read_text(encoding="utf-8")


def test_the_index_is_in_one_language_whatever_those_of_the_reports():
    figures = [{"currency": "EUR", "indicators": [
        {"key": "overdue_rate", "label": "Overdue rate", "unit": "rate", "value": 0.235, "reason": ""},
        {"key": "of_our_own", "label": "Of our own", "unit": "money", "value": 1.0, "reason": ""},
    ]}]  # fmt: skip
    job = Job("a", "Alpha", "report_monthly.ipynb", "en", {})
    page = index([Outcome(job, "made", 1.0, record={"figures": figures})], "fr")
    assert "Taux d&#x27;échu" in page
    assert "Overdue rate" not in page
    assert "Of our own" in page  # a notebook of the reader's: its own words


# ---------------------------------------------------------------- resumed


@pytest.mark.slow
def test_resume_makes_again_only_what_changed(tmp_path):
    path = write_portfolio(tmp_path, {name: {} for name in "ABCDE"})
    out = tmp_path / "out"
    assert batch(path, out) == 0
    before = times(out)
    (tmp_path / "in" / "0.json").write_text('{"amount": 7.0}')  # its input
    (out / "c1" / "report.html").write_text("cut")  # a file of the report
    (out / "c2" / "report.xlsx").unlink()
    listed = yaml.safe_load(path.read_text(encoding="utf-8"))
    listed["companies"][3]["company_name"] = "D2"  # a parameter
    path.write_text(yaml.safe_dump(listed), encoding="utf-8")
    assert batch(path, out, "--resume") == 0
    assert statuses(out) == {"c0": "made", "c1": "made", "c2": "made", "c3": "made", "c4": "kept"}
    after = times(out)
    assert [folder for folder in before if before[folder] == after[folder]] == ["c4"]
    assert figures(out)["c0"] == 7.0
    assert reports(out) == dict.fromkeys(("c0", "c1", "c2", "c3", "c4"), FILES)
    assert batch(path, out, "--resume", "--self-contained") == 0  # another kind of page
    assert set(statuses(out).values()) == {"made"}
    assert batch(path, out, "--resume", "--self-contained") == 0
    assert set(statuses(out).values()) == {"kept"}


# ---------------------------------------------------------------- interrupted, killed


@pytest.mark.slow
def test_ctrl_c_ends_cleanly_and_resume_goes_on(tmp_path):
    path = write_portfolio(tmp_path, {f"{n}": {"do": "time.sleep(0.5)"} for n in range(12)})
    out = tmp_path / "out"
    running = start(path, out)
    wait_for(lambda: out.is_dir() and len([name for name in reports(out) if name.startswith("c")]) >= 2)
    assert running.pid in processes(running)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "reprendre avec --resume" in errors
    assert "Traceback" not in errors
    wait_for(lambda: not processes(running), 10)
    there = reports(out)
    assert set(there) < {f"c{n}" for n in range(12)}
    assert set(map(tuple, there.values())) == {tuple(FILES)}
    assert {name for name, status in statuses(out).items() if status == "made"} == set(there)
    assert batch(path, out, "--resume") == 0
    assert [status for name, status in statuses(out).items() if name in there] == ["kept"] * len(there)
    assert set(reports(out)) == {f"c{n}" for n in range(12)}


@pytest.mark.slow
def test_a_report_that_took_its_place_just_before_an_interruption_is_told(tmp_path, monkeypatch):
    path = write_portfolio(tmp_path, {"A": {}, "B": {}, "C": {}})
    out = tmp_path / "out"
    assert batch(path, out) == 0
    (out / "c1" / "report.json").write_text("{}")  # B is not what it was
    old = json.loads((out / "c2" / "report.json").read_text()) | {"made_on": "2020-01-01T00:00:00"}
    (out / "c2" / "report.json").write_text(json.dumps(old))  # C was made long before

    def interrupted_late(waiting, order, pools, language):
        assert len(waiting) == 3
        for path in (out / "c0").glob("report.json"):  # A is made, and the worker's word is lost
            record = json.loads(path.read_text()) | {"made_on": "2999-01-01T00:00:00"}
            path.write_text(json.dumps(record))
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr("cmtools.batch._made", interrupted_late)
    assert batch(path, out) == 130
    assert statuses(out) == {"c0": "made", "c1": "not_run", "c2": "not_run"}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="processes are found in /proc")
def test_killed_at_random_and_resumed_the_reports_are_those_of_an_undisturbed_run(tmp_path):
    path = write_portfolio(tmp_path, {f"{n}": {"do": "time.sleep(0.1)"} for n in range(10)})
    undisturbed = tmp_path / "undisturbed"
    assert batch(path, undisturbed) == 0
    draw = random.Random(7)
    out = tmp_path / "out"
    for victim in ("batch", "worker", "kernel"):
        for file in (tmp_path / "in").iterdir():  # all to be made again
            file.write_text(file.read_text(encoding="utf-8") + " ", encoding="utf-8")
        running = start(path, out, "--resume")
        wait_for(lambda running=running: len(processes(running)) >= 4)
        time.sleep(draw.uniform(0.5, 3.0))
        if victim == "batch":
            running.kill()
        else:
            others = sorted(processes(running) - {running.pid})
            with suppress(ProcessLookupError):
                os.kill(others[-1] if victim == "kernel" else others[0], signal.SIGKILL)
        running.communicate(timeout=60)
        wait_for(lambda running=running: not processes(running), 10)  # nobody outlives the batch
        there = {name: files for name, files in reports(out).items() if name.startswith("c")}
        assert all(files == FILES for files in there.values())
    assert batch(path, out, "--resume") == 0
    assert figures(out) == figures(undisturbed)
    assert reports(out) == reports(undisturbed)
    assert sorted(each.name for each in out.iterdir()) == sorted([*BESIDE, *reports(out)])


@pytest.mark.slow
def test_a_report_that_takes_too_long_is_given_up(tmp_path, capsys):
    path = write_portfolio(
        tmp_path, {"Slow": {"do": "time.sleep(600)"}, "Endless": {"do": "while True: pass"}, "Fine": {}}
    )
    out = tmp_path / "out"
    assert batch(path, out, "--time-limit", "4") == 1
    assert statuses(out) == {"c0": "failed", "c1": "failed", "c2": "made"}


@pytest.mark.slow
def test_a_full_disk_is_said_and_nothing_is_corrupted(tmp_path):
    resource = pytest.importorskip("resource")
    path = write_portfolio(tmp_path, {"A": {}, "B": {"do": "print('x' * 5_000_000)"}, "C": {}})
    out = tmp_path / "out"
    assert batch(path, out, "--self-contained") == 0
    good = {name: (out / "c0" / name).read_bytes() for name in FILES}

    def limited():  # a file of more than 3 MB cannot be written, as on a disk that is full
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))

    running = start(path, out, "--self-contained", preexec_fn=limited)
    _, errors = running.communicate(timeout=120)
    assert running.returncode == 1
    assert "File too large" in errors
    assert statuses(out) == {"c0": "made", "c1": "failed", "c2": "made"}
    assert set(reports(out)) == {"c0", "c2"}
    assert set(good) == set(reports(out)["c0"])
    running = start(path, tmp_path / "new", preexec_fn=limited)  # not even the charts' script
    _, errors = running.communicate(timeout=120)
    assert running.returncode == 2
    assert "impossible d'écrire" in errors
    assert list((tmp_path / "new").iterdir()) == []


# ---------------------------------------------------------------- refused before anything runs


def test_what_cannot_be_is_refused_before_anything_runs(tmp_path, capsys):
    path = write_portfolio(tmp_path, {"A": {}})
    out = tmp_path / "out"
    (tmp_path / "file").write_text("mine")
    assert batch(path, tmp_path / "file") == 2
    assert main(["batch", str(tmp_path / "absent.yaml"), "--output", str(out)]) == 2
    assert batch(path, out, "--time-limit", "soon") == 2
    assert batch(path, out, "--dask", "tcp://127.0.0.1:9") == 2
    listed = yaml.safe_load(path.read_text(encoding="utf-8"))
    listed["companies"] *= 2
    path.write_text(yaml.safe_dump(listed), encoding="utf-8")
    assert batch(path, out) == 2
    assert not [name for name in reports(out) if name.startswith("c")] if out.exists() else True
    assert "Traceback" not in capsys.readouterr().err


def test_a_pdf_without_a_browser_is_refused(tmp_path, monkeypatch, capsys):
    path = write_portfolio(tmp_path, {"A": {}})
    monkeypatch.setenv("CMTOOLS_CHROMIUM", str(tmp_path / "no-such-browser"))
    assert batch(path, tmp_path / "out", "--pdf", "--language", "en") == 2
    assert "a PDF needs Chromium or Chrome" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# ---------------------------------------------------------------- elsewhere


@pytest.mark.slow
def test_output_to_an_address(tmp_path):
    path = write_portfolio(tmp_path, {"A": {}, "B": {}})
    out = tmp_path / "out"
    assert batch(path, f"file://{out}") == 0
    assert reports(out) == dict.fromkeys(("c0", "c1"), FILES)
    assert batch(path, f"file://{out}", "--resume") == 0
    assert set(statuses(out).values()) == {"kept"}


@pytest.fixture
def cluster(tmp_path):
    """A Dask scheduler and two workers, each a process of its own, on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    environment = os.environ | {"DASK_DISTRIBUTED__WORKER__DAEMON": "false"}
    dask = [sys.executable, "-m", "dask"]
    commands = [[*dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]]
    worker = [*dask, "worker", address, "--nthreads", "1", "--no-dashboard", "--local-directory"]
    commands += [[*worker, str(tmp_path / f"w{n}")] for n in range(2)]
    started = [
        subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for command in commands
    ]
    from distributed import Client

    with Client(address, timeout=60, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    yield address
    for process in reversed(started):
        process.terminate()
    for process in started:
        process.wait(30)


@pytest.mark.slow
def test_the_same_reports_on_a_cluster(tmp_path, cluster):
    path = write_portfolio(tmp_path, {"A": {}, "B": {"do": "1 / 0"}, "C": {}, "D": {}})
    here, there = tmp_path / "here", tmp_path / "there"
    assert batch(path, here) == 1
    assert batch(path, there, "--dask", cluster) == 1
    assert figures(there) == figures(here)
    assert statuses(there) == statuses(here)
    assert reports(there) == reports(here)


@pytest.mark.slow
def test_a_job_of_the_python_interface_with_an_unknown_parameter(tmp_path):
    (job,) = read_portfolio(write_portfolio(tmp_path, {"A": {}}), "2026-06-30")
    with pytest.raises(InputError) as error:
        cm.run_batch([job._replace(parameters=job.parameters | {"asof": 1})], tmp_path / "out")
    assert error.value.defects[0].value == "asof"


def drawn_in_red(pdf: Path) -> bool:
    """Whether anything on the pages is filled with pure red."""
    data = pdf.read_bytes()
    assert data.startswith(b"%PDF-")
    packed = re.findall(rb"/FlateDecode.*?stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL)
    return any(b"1 0 0 rg" in zlib.decompressobj().decompress(part) for part in packed)


@pytest.mark.slow
@pytest.mark.browser
def test_pdfs_of_a_batch(tmp_path):
    bars = "import plotly.express as px; display(px.bar(x=['a'], y=[1]).update_traces(marker_color='#ff0000'))"
    path = write_portfolio(tmp_path, {"A": {}, "B": {"do": bars}})
    out = tmp_path / "out"
    assert batch(path, out, "--pdf") == 0
    assert [drawn_in_red(out / folder / "report.pdf") for folder in ("c0", "c1")] == [False, True]
    assert 'href="c0/report.pdf"' in (out / "index.html").read_text(encoding="utf-8")
