"""Kernels forked from one warmed process: the same results, nothing shared, nothing left alive."""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import nbformat
import papermill
import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError

import cmtools
from cmtools import warm

pytestmark = pytest.mark.slow
needs_fork = pytest.mark.skipif(not warm.can_fork(), reason="this system cannot fork")
needs_proc = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc on this system")


@pytest.fixture(scope="module", autouse=True)
def warmed():
    yield warm.start()
    warm.stop()


def run(*cells, engine="cmtools", parameters=None, folder=None, **options):
    """Executed notebook of some cells; the first is that of the parameters."""
    sources = [nbformat.v4.new_code_cell(textwrap.dedent(cell).strip()) for cell in cells]
    first = nbformat.v4.new_code_cell("n = 1", metadata={"tags": ["parameters"]})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=[first, *sources], metadata={"kernelspec": kernel})
    options = {"progress_bar": False, "extra_arguments": ["--IPKernelApp.log_level=CRITICAL"]} | options
    return papermill.execute_notebook(
        notebook, None, parameters=parameters, engine_name=engine, cwd=folder and str(folder), **options
    )


def said(notebook, cell=-1):
    """Text that a cell printed."""
    return "".join(output["text"] for output in notebook.cells[cell].outputs if output.output_type == "stream")


def value(expression, imports="os, sys", **options):
    """Value of an expression in a fresh kernel."""
    return json.loads(said(run(f"import json, {imports}\nprint(json.dumps({expression}))", **options)))


def alive(pid):
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def gone(pids, seconds=10.0):
    """Whether all these processes end in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not any(alive(pid) for pid in pids):
            return True
        time.sleep(0.02)
    return False


def wait_for(path, seconds=30.0):
    """Content of a file that another process writes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if path.is_file() and path.read_text().endswith("\n"):
            return path.read_text()
        time.sleep(0.02)
    raise AssertionError(f"{path} was not written")


# ---------------------------------------------------------------- the warmed process


@needs_fork
@needs_proc
def test_no_thread_lives_in_the_warmed_process():
    assert warm.start()
    pid = warm._process.process.pid
    assert len(os.listdir(f"/proc/{pid}/task")) == 1
    run("import polars as pl\npl.DataFrame({'a': [1]}).lazy().collect()")
    assert len(os.listdir(f"/proc/{pid}/task")) == 1


@needs_fork
def test_a_kernel_does_not_wait_for_clients_that_do_not_need_it():
    assert value("[get_ipython().kernel._execute_sleep, get_ipython().history_manager.enabled]") == [0, False]


@needs_fork
def test_kernels_are_forked_with_everything_imported():
    loaded, parent = value("[sorted(sys.modules), os.getppid()]")
    assert parent == warm._process.process.pid
    homes = {f"cmtools.{name}" for home, names in cmtools._HOME.items() for name in (names if not home else [home])}
    assert homes <= set(loaded)
    assert {"pandas", "polars", "plotly.express", "narwhals", "xlsxwriter", "ipykernel.debugger"} <= set(loaded)
    assert "matplotlib" not in loaded


@needs_fork
def test_each_kernel_is_a_process_of_its_own_and_shares_nothing():
    run("import builtins, cmtools, os\nbuiltins.left = cmtools.left = 1\nos.environ['LEFT'] = '1'")
    expression = "[hasattr(__builtins__, 'left'), hasattr(cmtools, 'left'), 'LEFT' in os.environ, os.getpid()]"
    *shared, first = value(expression, "os, cmtools")
    assert shared == [False, False, False]
    assert value(expression, "os, cmtools")[-1] != first
    assert gone([first])


@needs_fork
def test_chance_is_new_in_each_kernel():
    drawn = "[random.random(), numpy.random.rand(), str(uuid.uuid4()), tempfile.mktemp()]"
    first, second = (value(drawn, "random, numpy, uuid, tempfile") for _ in range(2))
    assert [one for one, other in zip(first, second) if one == other] == []


@needs_fork
def test_another_interpreter_setting_needs_another_warmed_process(monkeypatch):
    first = warm._process.process.pid
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    assert value("[os.environ['PYTHONHASHSEED'], sys.flags.hash_randomization]") == ["7", 1]
    assert warm._process.process.pid != first
    assert gone([first])


@needs_fork
def test_threads_of_polars_are_those_that_each_kernel_asks(monkeypatch):
    for asked in ("1", "3"):
        monkeypatch.setenv("POLARS_MAX_THREADS", asked)
        assert value("polars.thread_pool_size()", "polars") == int(asked)


@needs_fork
def test_libraries_that_compute_in_threads_work_in_a_kernel(tmp_path):
    notebook = run(f"""
        import duckdb, numpy as np, pandas as pd, polars as pl
        table = pd.DataFrame({{"k": ["a", "b"] * 50_000, "v": range(100_000)}})
        table.to_parquet({str(tmp_path / "t.parquet")!r})
        lazy = pl.scan_parquet({str(tmp_path / "t.parquet")!r}).group_by("k").agg(pl.col("v").sum()).sort("k")
        print(lazy.collect()["v"].to_list(), pd.read_parquet({str(tmp_path / "t.parquet")!r})["v"].sum())
        print(duckdb.from_df(table).aggregate("sum(v)").fetchall()[0][0], np.ones((300, 300)).dot(np.ones(300)).sum())
    """)
    # 0 + 2 + ... + 99998 = 2 x (0 + ... + 49999) = 49999 x 50000, and 50000 more for the odd numbers; 300 x 300 ones
    assert said(notebook) == "[2499950000, 2500000000] 4999950000\n4999950000 90000.0\n"


def test_the_provisioner_of_others_stays_the_local_one():
    from jupyter_client.provisioning import KernelProvisionerFactory

    factory = KernelProvisionerFactory()
    assert factory.default_provisioner_name == "local-provisioner"
    assert factory.get_provisioner_entries()["cmtools-fork"] == "cmtools.warm:ForkProvisioner"


@needs_fork
def test_provisioner_serves_any_client_of_jupyter(monkeypatch):
    from jupyter_client.manager import start_new_kernel
    from jupyter_client.provisioning import KernelProvisionerFactory

    monkeypatch.setattr(KernelProvisionerFactory.instance(), "default_provisioner_name", "cmtools-fork")
    warm.start()
    manager, client = start_new_kernel(extra_arguments=["--IPKernelApp.log_level=CRITICAL"])
    try:
        printed = []
        client.execute_interactive("import os; print(os.getppid())", output_hook=printed.append, timeout=20)
        texts = [message["content"]["text"] for message in printed if message["msg_type"] == "stream"]
        assert int("".join(texts)) == warm._process.process.pid
        pid = manager.provisioner.pid
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    assert gone([pid])


# ---------------------------------------------------------------- the same results as an ordinary kernel

STATE = """
import json, locale, os, signal, sys, tempfile, threading, warnings
mask = os.umask(0o022)
os.umask(mask)
print(json.dumps({
    "name": __name__,
    "names": sorted(name for name in vars(sys.modules["__main__"]) if not name.startswith("_i")),
    "path": sys.path,
    "folder": os.getcwd(),
    "environment": {key: value for key, value in os.environ.items() if key != "JPY_PARENT_PID"},
    "stdin": sys.stdin.read(),
    "mask": mask,
    "signals": [str(signal.getsignal(number)).split(" at ")[0] for number in (2, 13, 17)],
    "locale": locale.setlocale(locale.LC_ALL),
    "temporary": tempfile.gettempdir(),
    "encodings": [sys.stdout.encoding, sys.getfilesystemencoding(), sys.getdefaultencoding()],
    "flags": str(sys.flags),
    "recursion": sys.getrecursionlimit(),
    "main_thread": threading.current_thread() is threading.main_thread(),
    "collector": __import__("gc").isenabled(),
    "leader": [os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid()],
}))
"""
SHOWN = (
    "n, n + 1",
    "print('é', n)\nimport sys\nprint('to stderr', file=sys.stderr)\nNone",
    "import pandas as pd\npd.DataFrame({'a': [1.5, None], 'b': ['x', 'y']})",
    "from IPython.display import HTML, Markdown, display\ndisplay(HTML('<b>b</b>'), Markdown('*m*'))",
    "import plotly.express as px\nfigure = px.bar(x=['a'], y=[1])\nfigure",
    "figure.show()",
    "import ipywidgets\nipywidgets.IntSlider(value=3, description='n')",
    "import warnings\nwarnings.warn('old', DeprecationWarning)\nwarnings.warn('new', UserWarning)",
    "!echo from the shell",
    "import os\n_ = os.write(1, b'to the file\\n')",
    "get_ipython().run_line_magic('precision', '2')",
    "display('first', display_id='d'); display('second', display_id='d', update=True)",
    "from IPython.display import clear_output\nprint('cleared'); clear_output(); print('kept')",
)


def comparable(notebook):
    """Cells with what they show, without times and addresses."""
    cells = []
    for cell in notebook.cells:
        outputs = json.loads(_without_numbers(json.dumps(cell.get("outputs", []))))
        merged = []
        for output in outputs:
            name = output.get("name")  # of a stream; its parts come as the kernel happened to send them
            if name and merged and merged[-1].get("name") == name:
                merged[-1]["text"] += output["text"]
                continue
            if "application/vnd.jupyter.widget-view+json" in output.get("data", {}):
                output["data"]["application/vnd.jupyter.widget-view+json"]["model_id"] = ""
            merged.append(output)
        cells.append((cell.source, cell.get("execution_count"), merged, cell.metadata.papermill.status))
    return cells


def test_state_of_the_interpreter_is_that_of_an_ordinary_kernel(tmp_path, monkeypatch):
    monkeypatch.setenv("CMTOOLS_LANGUAGE", "en")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    states = [json.loads(said(run(STATE, engine=engine, folder=tmp_path))) for engine in ("cmtools", None)]
    environments = [state.pop("environment") for state in states]
    assert states[0] == states[1]
    assert environments[0] == environments[1]
    assert environments[0]["CMTOOLS_LANGUAGE"] == "en"
    assert states[0]["folder"] == str(tmp_path)
    assert value("time.tzname[0]", "time") == "JST"


def test_what_cells_show_is_what_an_ordinary_kernel_shows():
    warmed, ordinary = (run(*SHOWN, engine=engine, parameters={"n": 41}) for engine in ("cmtools", None))
    for one, other in zip(comparable(warmed), comparable(ordinary)):
        assert one == other
    assert warmed.metadata.language_info == ordinary.metadata.language_info
    widgets = [
        len(nb.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]) for nb in (warmed, ordinary)
    ]
    assert widgets[0] == widgets[1] > 0
    assert "41, 42" in str(warmed.cells[2].outputs)
    for cell in warmed.cells:
        assert set(cell.metadata.get("execution", {})) in (
            set(),
            {"iopub.status.busy", "iopub.execute_input", "iopub.status.idle", "shell.execute_reply"},
        )


@pytest.mark.parametrize(
    "cell",
    [
        "def share(part, whole):\n    return part / whole\nshare(1, 0)",
        "import cmtools as cm\ncm.read_ledger('absent.csv')",
        "raise SystemExit(3)",
        "x = = 1",
        "raise KeyboardInterrupt",
    ],
)
def test_errors_are_those_of_an_ordinary_kernel(cell, tmp_path):
    found = []
    for engine in ("cmtools", None):
        with pytest.raises(PapermillExecutionError) as caught:
            run(cell, "print('not reached')", engine=engine, folder=tmp_path)
        error = caught.value
        traceback = [line.replace(str(os.getpid()), "") for line in error.traceback]
        found.append((error.ename, error.evalue, error.exec_count, error.source, traceback))
    names = [(*rest, [_without_numbers(line) for line in traceback]) for *rest, traceback in found]
    assert names[0] == names[1]


def _without_numbers(line):
    """A traceback names the temporary file of a cell by the number of its process."""
    return re.sub(r"ipykernel_\d+|0x[0-9a-f]+", "", line)


def test_tags_that_change_how_a_cell_runs_hold():
    source = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]}),
            nbformat.v4.new_code_cell("print('skipped')", metadata={"tags": ["skip-execution"]}),
            nbformat.v4.new_markdown_cell("text"),
            nbformat.v4.new_code_cell(" "),
            nbformat.v4.new_code_cell("print('run')"),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
    )
    client = _client(source)
    client.execute()
    kinds = [[output.output_type for output in cell.get("outputs", [])] for cell in source.cells]
    assert kinds == [["error"], [], [], [], ["stream"]]


def _client(notebook):
    from papermill.engines import NotebookExecutionManager

    from cmtools.warm_engine import WarmNotebookClient

    for cell in notebook.cells:
        cell.metadata["papermill"] = {"status": "pending"}
    notebook.metadata["papermill"] = {}
    manager = NotebookExecutionManager(notebook, progress_bar=False)
    return WarmNotebookClient(manager, kernel_name="python3", extra_arguments=["--IPKernelApp.log_level=CRITICAL"])


def test_command_of_papermill_takes_the_engine(tmp_path):
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("n = 1", metadata={"tags": ["parameters"]}),
            nbformat.v4.new_code_cell("import os, sys\nprint(n, 'cmtools.warm_preload' in sys.modules)"),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
    )
    nbformat.write(notebook, tmp_path / "in.ipynb")
    command = [sys.executable, "-m", "papermill", "--engine", "cmtools", "in.ipynb", "out.ipynb", "-p", "n", "5"]
    subprocess.run([*command, "--no-progress-bar"], cwd=tmp_path, check=True, capture_output=True, timeout=120)
    made = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert said(made) == f"5 {warm.can_fork()}\n"


@needs_fork
def test_what_is_left_to_do_at_exit_is_done(tmp_path):
    kept = tmp_path / "kept.txt"
    run(f"""
        import atexit, tempfile
        folder = tempfile.TemporaryDirectory(dir={str(tmp_path)!r})
        atexit.register(lambda: open({str(kept)!r}, 'w').write('done'))
    """)
    assert kept.read_text() == "done"
    assert list(tmp_path.iterdir()) == [kept]


# ---------------------------------------------------------------- where no kernel can be forked


def test_without_fork_an_ordinary_kernel_gives_the_same(monkeypatch):
    monkeypatch.setattr(warm, "can_fork", lambda: False)
    ordinary = run("import sys\nn, 'cmtools.warm_preload' in sys.modules", parameters={"n": 2})
    assert ordinary.cells[-1].outputs[0]["data"]["text/plain"] == "(2, False)"
    with pytest.raises(CellTimeoutError):
        run("while True: pass", report_timeout=3)


@needs_fork
def test_a_warmed_process_that_fails_leaves_ordinary_kernels(monkeypatch):
    warm.stop()
    monkeypatch.setattr(warm, "_failed", False)
    monkeypatch.setattr(warm, "WITHOUT_THREADS", {"PYTHONHOME": "/absent"})
    assert not warm.start()
    assert said(run("print(1 + 1)")) == "2\n"
    monkeypatch.undo()
    assert warm.start()


@needs_fork
def test_only_the_ipython_kernel_of_this_python_is_forked():
    ours = [sys.executable, "-m", "ipykernel_launcher", "-f", "a.json"]
    assert warm.kernel_arguments(ours) == ["-f", "a.json"]
    assert warm.kernel_arguments(["python", "-Xfrozen_modules=off", *ours[1:]]) == ["-f", "a.json"]
    others = (["/usr/bin/other", *ours[1:]], ["R", "--slave"], [sys.executable, "-O", *ours[1:]], [])
    assert [warm.kernel_arguments(list(command)) for command in others] == [None] * 4


@needs_fork
def test_a_temporary_folder_with_a_long_name_is_no_obstacle(tmp_path, monkeypatch):
    folder = tmp_path / ("long" * 25)
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    warm.stop()
    assert value("os.getppid()") == warm._process.process.pid
    warm.stop()
    assert list(folder.iterdir()) == []
    monkeypatch.undo()
    assert warm.start()


@needs_fork
def test_folders_of_processes_that_were_killed_are_removed_and_others_are_not(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    abandoned, young, held, other = (
        tmp_path / name for name in ("cmtools-warm-a", "cmtools-warm-y", "cmtools-warm-h", "b")
    )
    for folder in (abandoned, young, held, other):
        folder.mkdir()
        (folder / "k.json").write_text("{}")
        if folder != young:
            os.utime(folder, (1, 1))
    lock = warm.hold(str(held))
    warm.remove_abandoned()
    os.close(lock)
    assert sorted(tmp_path.iterdir()) == sorted([young, held, other])


# ---------------------------------------------------------------- where it is called from


def _report(number):
    return value("[n, os.getppid(), os.getpid()]", parameters={"n": number})


@needs_fork
def test_in_threads():
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(_report, range(4)))
    assert [number for number, _, _ in made] == [0, 1, 2, 3]
    assert {parent for _, parent, _ in made} == {warm._process.process.pid}
    assert len({pid for _, _, pid in made}) == 4


def _in_worker(results, number):
    results.put((_report(number), warm._process.process.pid))
    warm.stop()


@needs_fork
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
@pytest.mark.parametrize("daemon", [False, True])
def test_in_a_worker_process(method, daemon):
    context = get_context(method)
    results = context.Queue()
    worker = context.Process(target=_in_worker, args=(results, 3), daemon=daemon)
    worker.start()
    (number, parent, pid), own = results.get(timeout=120)
    worker.join(30)
    results.close()
    results.join_thread()
    assert number == 3
    assert parent == own != warm._process.process.pid
    assert gone([own, pid])


# ---------------------------------------------------------------- death

WORKER = """
import sys, nbformat, papermill
from cmtools import warm
warm.start()
print(warm._process.process.pid, warm._process.folder, flush=True)
cell = '''
import os, subprocess, time
child = subprocess.Popen(["sleep", "600"])
open({path!r}, "w").write(f"{{os.getpid()}} {{child.pid}}\\\\n")
time.sleep(600)
'''
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
try:
    papermill.execute_notebook(notebook, None, engine_name="cmtools", kernel_name="python3", progress_bar=False)
except Exception as error:
    print(type(error).__name__, flush=True)
"""


@needs_fork
@needs_proc
@pytest.mark.parametrize("killed", ["worker", "warmed", "kernel"])
def test_nothing_outlives_what_is_killed(killed, tmp_path):
    path = tmp_path / "pids.txt"
    worker = subprocess.Popen([sys.executable, "-c", WORKER.format(path=str(path))], stdout=subprocess.PIPE, text=True)
    with worker:
        server, folder = worker.stdout.readline().split()
        kernel, child = map(int, wait_for(path, 60).split())
        pids = {"worker": worker.pid, "warmed": int(server), "kernel": kernel}
        os.kill(pids[killed], signal.SIGKILL)
        start = time.monotonic()
        if killed == "worker":
            assert gone([*pids.values(), child])
        else:
            assert worker.stdout.readline() == "DeadKernelError\n"
            assert time.monotonic() - start < 10
            assert gone([kernel, child])
        worker.wait(30)
    assert gone([*pids.values(), child])
    assert not Path(folder).exists()


@needs_fork
def test_a_kernel_that_dies_is_said_at_once_and_the_next_report_runs():
    with pytest.raises(DeadKernelError, match="9"):
        run("print('before', flush=True)", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    assert said(run("print('after')")) == "after\n"


@needs_fork
def test_a_warmed_process_that_was_killed_is_started_again():
    first = warm._process.process.pid
    os.kill(first, signal.SIGKILL)
    assert gone([first])
    assert value("os.getppid()") == warm._process.process.pid != first


@needs_fork
@needs_proc
@pytest.mark.parametrize(
    "cell",
    [
        "while True: pass",
        "import signal, time\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\nwhile True: time.sleep(1)",
        "import subprocess\nsubprocess.run(['sleep', '600'])",
        "while True: print('x' * 1000)",
        "import re\nre.match('(a*)*b', 'a' * 40)",
    ],
)
def test_a_cell_without_end_is_stopped_with_all_it_started(cell, tmp_path):
    note = f"import os\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))"
    start = time.monotonic()
    with pytest.raises(CellTimeoutError):
        run(note, cell, execution_timeout=1)
    assert time.monotonic() - start < 20
    kernel = int((tmp_path / "pid").read_text())
    assert gone([kernel])
    members = [int(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat") if _group(stat) == kernel]
    assert gone(members)


def _group(stat):
    try:
        return int(stat.read_text().rsplit(")", 1)[1].split()[2])
    except (OSError, IndexError):
        return None


@needs_fork
def test_a_report_has_a_limit_of_its_own(monkeypatch):
    monkeypatch.setenv("CMTOOLS_LANGUAGE", "en")
    sleeps = ["import time"] + ["time.sleep(0.4)"] * 20
    with pytest.raises(CellTimeoutError, match=r"longer than its limit of 1.5 s"):
        run(*sleeps, report_timeout=1.5, execution_timeout=60)
    assert said(run("print('in time')", report_timeout=60)) == "in time\n"


@needs_fork
def test_output_without_end_is_stopped(monkeypatch):
    from cmtools import warm_engine

    monkeypatch.setenv("CMTOOLS_LANGUAGE", "en")
    monkeypatch.setattr(warm_engine.WarmNotebookClient, "output_limit", 3_000_000)
    with pytest.raises(warm_engine.OutputLimitError, match="more than 3 MB"):
        run("while True: print('x' * 10_000)", execution_timeout=120)


@needs_fork
@needs_proc
def test_nothing_is_left_of_a_report():
    run("1")
    pid, folder = warm._process.process.pid, Path(warm._process.folder)
    assert list(folder.iterdir()) == []
    assert folder.stat().st_mode & 0o777 == 0o700
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert children == []
    files = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        run("1")
    assert len(os.listdir("/proc/self/fd")) <= files
    warm.stop()
    assert gone([pid])
    assert not folder.exists()
    assert warm.start()
