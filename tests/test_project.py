"""What the project says about itself: lists, locks, documents, start-up."""

import ast
import csv
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import cmtools

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("run", "lab", "test", "uv")
CONDA_NAMES = {"duckdb": "python-duckdb", "playwright": "playwright-python"}
READMES = ("README.md", "README.fr.md")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def project() -> dict:
    return tomllib.loads(text("pyproject.toml"))


def requirement(line: str) -> tuple[str, frozenset[str]]:
    """("pandas", {">=3.0", "<4"}) from "pandas>=3.0,<4", as pip or conda writes it."""
    name, bounds = re.fullmatch(r"([A-Za-z0-9._-]+)\s*(.*)", line).groups()
    return name.lower(), frozenset(bound.strip() for bound in bounds.split(",") if bound)


def asked_for() -> dict[str, frozenset[str]]:
    table = project()
    lines = table["project"]["dependencies"] + table["project"]["optional-dependencies"]["lab"]
    lines += table["dependency-groups"]["build"] + table["dependency-groups"]["test"]
    return dict(map(requirement, lines))


def locked(name: str) -> dict[str, tuple[list[str], int]]:
    """Versions and number of hashes of each package of a lock."""
    found: dict[str, tuple[list[str], int]] = {}
    for entry in re.split(r"\n(?=[a-z0-9])", "\n" + text(f"requirements/{name}.lock")):
        if pin := re.match(r"([a-z0-9._-]+)==(\S+)", entry.strip()):
            versions, hashes = found.get(pin[1], ([], 0))
            found[pin[1]] = ([*versions, pin[2]], hashes + entry.count("--hash=sha256:"))
    return found


def tracked() -> list[Path]:
    """Files that git holds or would hold."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("not a git clone")
    paths = [ROOT / name for name in done.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def loaded_by(*arguments: str) -> set[str]:
    """Top-level modules in memory after a fresh interpreter ran these lines."""
    code = "; ".join([*arguments, "import sys; print(sorted({name.split('.')[0] for name in sys.modules}))"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ast.literal_eval(done.stdout.splitlines()[-1]))


# ---------------------------------------------------------------- dependencies


def test_conda_environment_lists_what_pyproject_lists():
    lines = [line for line in yaml.safe_load(text("environment.yml"))["dependencies"] if isinstance(line, str)]
    conda = dict(map(requirement, lines))
    python = conda.pop("python")
    assert conda.pop("pip") == frozenset()
    assert python == frozenset([project()["project"]["requires-python"]])
    assert conda == {CONDA_NAMES.get(name, name): bounds for name, bounds in asked_for().items()}


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_a_hash_and_none_names_a_place(name):
    lock = text(f"requirements/{name}.lock")
    assert not re.search(r"://|@ |\.(org|com|net|io)\b|--index|--find-links|--extra", lock)
    pinned = locked(name)
    assert len(re.findall(r"(?m)^[^\s#]", lock)) == sum(len(versions) for versions, _ in pinned.values())
    assert [package for package, (versions, hashes) in pinned.items() if hashes < len(versions)] == []


def test_locks_hold_every_dependency_and_agree():
    run, lab, test = (locked(name) for name in ("run", "lab", "test"))
    table = project()
    running = {requirement(line)[0] for line in table["project"]["dependencies"] + table["dependency-groups"]["build"]}
    assert running <= set(run)
    assert "jupyterlab" not in run  # what the report does not need stays out
    assert set(asked_for()) <= set(test)
    assert {package: lab[package][0] for package in run} == {package: pins for package, (pins, _) in run.items()}
    assert {package: test[package][0] for package in lab} == {package: pins for package, (pins, _) in lab.items()}


# ---------------------------------------------------------------- what is said


def test_no_machine_or_registry_is_named():
    # underlined, so that this file does not match itself
    words = "/ro_ot/ /tm_p/venv /wo_rk/main /wo_rk/shared pypi_.org python_hosted /opt/py_pi".replace("_", "").split()
    named = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})")
    found = []
    for path in tracked():
        try:
            content = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # pictures, workbooks, files in older encodings
        found += [f"{path.relative_to(ROOT)}: {match}" for match in set(named.findall(content))]
    assert found == []


def test_changes_name_this_version():
    assert re.search(rf"(?m)^## {re.escape(cmtools.__version__)} \(\d{{4}}-\d\d-\d\d\)$", text("CHANGELOG.md"))


def test_the_two_readmes_have_the_same_parts():
    english, french = (re.sub(r"\(en anglais\)", "", text(name)) for name in READMES)
    for part in (r"(?m)^#+ ", r"(?m)^- ", r"```", r"\]\("):
        assert len(re.findall(part, english)) == len(re.findall(part, french)), part


@pytest.mark.parametrize("name", [*READMES, "CONTRIBUTING.md"])
def test_commands_and_files_that_are_named_exist(name):
    page, targets = text(name), set(re.findall(r"(?m)^([a-z]+):(?!=)", text("Makefile")))
    named = set(re.findall(r"\bmake ([a-z]+)\b", re.sub(r"[^`]*(```.*?```|`[^`]*`)", r"\1 ", page, flags=re.S)))
    assert named <= targets
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", page) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("name", READMES)
def test_first_screen_is_python(name):
    code = re.search(r"```python\n(.*?)```", text(name), flags=re.S)[1]
    called = {node.attr for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Attribute)} - {"days", "ledger"}
    assert called <= set(dir(cmtools))


# ---------------------------------------------------------------- glossary


def test_glossary_is_what_its_sources_say():
    done = subprocess.run(
        [sys.executable, "-c", "import glossary; import sys; sys.stdout.buffer.write(glossary.glossary().encode())"],
        cwd=ROOT / "course",
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode() == text("GLOSSARY.md"), "run `make glossary`"


@pytest.mark.parametrize(("name", "key"), [("terms", "key"), ("rules", "code")])
def test_terms_and_rules_are_complete(name, key):
    with (ROOT / f"src/cmtools/reference/{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row[key] for row in rows}) == len(rows)
    may_be_blank = {"status", "source"} if name == "rules" else set()
    assert [row[key] for row in rows for column, value in row.items() if not value and column not in may_be_blank] == []


# ---------------------------------------------------------------- start-up

HEAVY = {"pandas", "polars", "numpy", "plotly", "pyarrow", "narwhals", "papermill", "IPython"}


def test_import_loads_no_heavy_library():
    assert not HEAVY & loaded_by("import cmtools")


def test_help_loads_no_heavy_library():
    run = "import cmtools.cli\ntry: cmtools.cli.main(['--help'])\nexcept SystemExit as end: assert not end.code\n"
    assert not HEAVY & loaded_by(f"exec({run!r})")


def test_import_loads_the_standard_library_alone():
    """Beside what any interpreter here loads at its start: this is what keeps it at some hundredths of a second."""
    assert loaded_by("import cmtools") - loaded_by("pass") - set(sys.stdlib_module_names) == {"cmtools"}


def test_who_builds_the_grammar_of_addresses():
    start = "from cmtools.warm_preload import preload, quick_start"
    assert {"nbformat", "jsonschema"} <= loaded_by(start, "preload()")  # else each kernel builds it for a figure
    kept_out = "import nbformat; assert sys.modules['rfc3987_syntax'] is None"
    assert "lark" not in loaded_by(f"import sys; {start}", "quick_start()", kept_out)
    checked = "nbformat.validate(nbformat.v4.new_notebook())"
    assert "jsonschema" in loaded_by(f"import sys; {start}", "quick_start()", kept_out, checked)
