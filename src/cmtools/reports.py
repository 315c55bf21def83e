"""A notebook and its parameters into a report: HTML to read, XLSX to work on, the executed notebook to audit.

Papermill runs the notebook; the files appear under their final names only once
all of them are complete.
"""

from __future__ import annotations

import ast
import json
import os
import platform
import tempfile
import time
from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cmtools.language import message
from cmtools.pages import INDICATORS, to_html, to_pdf
from cmtools.schemas import Defect, InputError, Ledger, LoadReport
from cmtools.store import digest

if TYPE_CHECKING:
    import pandas as pd

    from cmtools.external import External
    from cmtools.lines import Statements

CELL_TIMEOUT = 900  # seconds one cell may take before the report is given up
LARGE_CELL_TIMEOUT = 4 * 3600  # with an engine, on a ledger that does not fit in memory
# Parameters that name a file; any other text is only text, whatever it looks like.
PATHS = (
    "ledger", "settlements", "customers", "columns", "fec", "previous_fec", "targets", "signals",
    "liasse", "trial_balance", "statements", "external", "grid", "levels", "delegation",
)  # fmt: skip
START_TIMEOUT = 120  # seconds for the kernel to answer


class ReportError(RuntimeError):
    """The notebook stopped: which cell, and why."""


class NotebookInputError(InputError):
    """The input was refused inside the notebook, which said why in the language of the report."""

    def __init__(self, said: str):
        super().__init__([Defect("as_said", "fatal", value=line) for line in said.splitlines() if line])
        self.said = said

    def text(self, language: str | None = None, limit: int = 50) -> str:
        """What the notebook said, whole: it listed the first 50 defects itself."""
        return self.said


def read_source(
    ledger: str = "",
    settlements: str = "",
    customers: str = "",
    fec: str = "",
    previous_fec: str = "",
    terms: str | int | None = None,
    columns: str | None = None,
    tolerant: bool = False,
    engine: str = "",
    check: bool = True,
) -> Ledger:
    """Ledger behind a report: from ledger files, a converted folder, or one or two FECs.

    Parameters
    ----------
    ledger, settlements, customers : str
        Paths; see :func:`cmtools.read_ledger`, or :func:`cmtools.scan_ledger`
        with an `engine`. A folder is a converted ledger.
    fec, previous_fec : str
        Paths; see :func:`cmtools.read_fec`. Exactly one of `ledger` and `fec`.
    terms : str or int, optional
        Payment terms where the source holds no due date.
    columns : str, optional
        YAML file that names the headings of the ledger.
    tolerant : bool
        Leave out the rows in error instead of refusing the file.
    engine : {"", "duckdb", "polars"}
        Opens a ledger that does not fit in memory; blank: it is read.
    check : bool
        False: the content of a converted folder that an engine opens is not
        checked again.

    Returns
    -------
    Ledger
    """
    terms = None if terms == "" else terms  # 0 is a term: cash
    if bool(ledger) == bool(fec):
        raise InputError([Defect("ledger_or_fec", "fatal")])
    folder = os.path.isdir(ledger)
    if engine or folder:
        from cmtools.scan import read_folder, scan_ledger

        reader = "--engine" if engine else "--ledger"
        unread = {"--fec": fec, "--terms": terms is not None, "--tolerant": tolerant}
        if any(unread.values()):
            details = {"option": reader}
            found = [name for name, given in unread.items() if given]
            raise InputError([Defect("not_with_scan", "fatal", value=name, details=details) for name in found])
        paths = (ledger, settlements or None, customers or None)
        if not engine:
            return read_folder(*paths, columns or None)
        return scan_ledger(*paths, columns=columns or None, engine=engine, check=check or not folder)
    if fec:
        beside = {"--settlements": settlements, "--customers": customers, "--columns": columns}
        if any(beside.values()):
            raise InputError([Defect("not_with_fec", "fatal", value=name) for name, path in beside.items() if path])
        from cmtools.fec import read_fec

        previous = read_fec(previous_fec, tolerant=tolerant) if previous_fec else None
        return read_fec(fec, tolerant=tolerant).ledger(previous=previous, terms=terms)
    from cmtools.load import read_ledger

    return read_ledger(
        ledger, settlements or None, customers or None, columns=columns or None, terms=terms, tolerant=tolerant
    )


def read_accounts(
    liasse: str = "", trial_balance: str = "", fec: str = "", statements: str = "", year_end: str = ""
) -> Statements:
    """Annual accounts behind a credit file; none given: an empty table.

    Parameters
    ----------
    liasse : str
        Path; see :func:`cmtools.read_liasse`.
    trial_balance : str
        Path; see :func:`cmtools.read_trial_balance`.
    fec : str
        Path of the customer's own FEC, read as a trial balance.
    statements : str
        Path; see :func:`cmtools.read_statements`.
    year_end : str
        Closing date of a form or trial balance that does not hold it.

    Returns
    -------
    Statements

    Raises
    ------
    InputError
        If more than one is given, or the file cannot be used.
    """
    given = {"--liasse": liasse, "--trial-balance": trial_balance, "--fec": fec, "--statements": statements}
    named = [name for name, path in given.items() if path]
    if len(named) > 1:
        raise InputError([Defect("one_source_of_accounts", "fatal", value=", ".join(named))])
    if liasse:
        from cmtools.liasse import read_liasse

        return read_liasse(liasse, year_end=year_end or None)
    if trial_balance:
        from cmtools.trial_balance import read_trial_balance

        return read_trial_balance(trial_balance, year_end=year_end or None).statements()
    if fec:
        from cmtools.fec import read_fec

        return read_fec(fec).trial_balance().statements()
    from cmtools.lines import Statements, new_table
    from cmtools.named_lines import read_statements

    if statements:
        return read_statements(statements)
    import pandas as pd

    report = LoadReport()
    return Statements(new_table(pd.DataFrame({"company_id": []}), report), report)


def read_books(
    ledger: str = "",
    settlements: str = "",
    customers: str = "",
    terms: str | int | None = None,
    columns: str | None = None,
    tolerant: bool = False,
) -> Ledger | None:
    """Our own ledger behind a credit file, in Polars; None: not given.

    Parameters
    ----------
    ledger, settlements, customers, terms, columns, tolerant
        See :func:`read_source`.
    """
    if not ledger:
        beside = {"--settlements": settlements, "--customers": customers, "--columns": columns}
        if any(beside.values()):
            raise InputError([Defect("ledger_needed", "fatal", value=name) for name, path in beside.items() if path])
        return None
    from cmtools.frames import in_polars

    return in_polars(read_source(ledger, settlements, customers, terms=terms, columns=columns, tolerant=tolerant))


def read_credit_settings(
    external: str = "", grid: str = "", levels: str = "", delegation: str = "", signals: str = ""
) -> External | None:
    """External information behind a credit file, once the files that the user edits have all been read.

    Raises
    ------
    InputError
        With every defect of every one of these files.
    """
    from cmtools.delegation import read_delegation
    from cmtools.external import read_external
    from cmtools.grids import read_grid, read_risk_levels
    from cmtools.settings import read_signals

    readers = {grid: read_grid, levels: read_risk_levels, delegation: read_delegation, signals: read_signals}
    defects: list[Defect] = []
    for path, read in readers.items():
        try:
            read(path or None)
        except InputError as error:
            defects += error.defects
    try:
        told = read_external(external) if external else None
    except InputError as error:
        defects += error.defects
    if defects:
        raise InputError(defects)
    return told


def customer_and_company(customer: str, accounts: Statements, ledger: Ledger | None) -> tuple[str, str]:
    """Number of the customer in the ledger, and of its company in the accounts.

    Parameters
    ----------
    customer : str
        As asked; blank: that of the only company of the accounts.
    accounts : Statements
    ledger : Ledger or None

    Returns
    -------
    tuple of str
        A file of accounts of one company alone is that of the customer,
        whatever number it bears, unless a ledger does not know the customer.

    Raises
    ------
    InputError
        If the customer is not named and cannot be told, or is known to neither.
    """
    companies = list(dict.fromkeys(accounts.table["company_id"].astype(str)))
    if not customer:
        if len(companies) != 1:
            raise InputError([Defect("customer_not_named", "fatal", value=", ".join(companies[:10]))])
        return companies[0], companies[0]
    if customer in companies:
        return customer, customer
    if len(companies) == 1 and (ledger is None or _in_ledger(ledger, customer)):
        return customer, companies[0]
    if not _in_ledger(ledger, customer):
        raise InputError([Defect("customer_unknown", "fatal", value=customer)])
    return customer, customer


def _in_ledger(ledger: Ledger | None, customer: str) -> bool:
    from cmtools.credit_file import has_customer

    return has_customer(ledger, customer)


def notebook_path(name: str, language: str) -> Path:
    """Report notebook in a language: in the project, or in the installed package."""
    here = Path(__file__).resolve().parent
    for folder in (here.parents[1] / "notebooks", here / "notebooks"):
        path = folder / language / f"{name}.ipynb"
        if path.is_file():
            return path
    raise FileNotFoundError(f"no notebook {name!r} in {language!r}")


def run(
    notebook: str | Path,
    parameters: Mapping[str, Any],
    output: str | Path,
    *,
    name: str = "report",
    language: str = "fr",
) -> dict[str, Path]:
    """Run a report notebook and write ``report.html``, ``report.xlsx``, ``report.ipynb`` and ``report.json``.

    Parameters
    ----------
    notebook : str or Path
        Notebook with a cell tagged `parameters`.
    parameters : mapping
        Values for that cell; an unknown name is an error. `workbook` is
        filled in here.
    output : str or Path
        Folder; created if absent.
    name : str
        Stem of the files.
    language : {"fr", "en"}

    Returns
    -------
    dict of str to Path
        `html`, `xlsx`, `ipynb`, `json`.

    Raises
    ------
    InputError
        If the input cannot be trusted, or a parameter is unknown.
    ReportError
        If a cell fails or takes too long, or no workbook was written.
    """
    check_parameters(notebook, parameters)
    folder = Path(output).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".partial-") as partial:
        make(notebook, parameters, partial, name=name, language=language)
        final = {kind: folder / f"{name}.{kind}" for kind in ("ipynb", "xlsx", "html", "json")}
        for path in final.values():
            os.replace(Path(partial) / path.name, path)
    return final


class Making(NamedTuple):
    """How a report is made, apart from what it says."""

    engine: str | None = None  # of papermill; "cmtools": warm kernels
    script: str | None = None  # where the page finds plotly's own script; None: inside the page
    pdf: bool = False
    time_limit: float | None = None  # seconds for the whole notebook


def make(
    notebook: str | Path,
    parameters: Mapping[str, Any],
    folder: str | Path,
    *,
    name: str = "report",
    language: str = "fr",
    making: Making | None = None,
) -> dict[str, Any]:
    """Run a report notebook in an empty folder, and write its files there.

    Parameters
    ----------
    notebook, parameters, name, language
        As for :func:`run`, once :func:`check_parameters` has seen them.
    folder : str or Path
        The notebook runs in it: a path means what it meant to the caller.
    making : Making

    Returns
    -------
    dict
        The record, as ``report.json`` holds it: `notebook`, `parameters`,
        `sha256` of each input, `versions`, `files` with the SHA-256 of each,
        `seconds`, `figures` (what the notebook published).

    Raises
    ------
    InputError, ReportError
        As for :func:`run`. A file that changes while it is read makes no report.
    """
    folder, making = Path(folder).resolve(), making or Making()
    start = time.perf_counter()
    given = _absolute(parameters)
    record = made_from(notebook, given, language, making)
    book = f"{name}.xlsx" if "workbook" in parameters_of(notebook) else ""
    document = _execute(notebook, given | ({"workbook": book} if book else {}), folder, language, making)
    if book and not (folder / book).is_file():  # the notebook ran, and did not write its workbook
        raise ReportError(message("not_written", language, value=book))
    whole = json.dumps(document, ensure_ascii=False)  # nbformat copies it twice and indents it in Python
    (folder / f"{name}.ipynb").write_text(whole + "\n", encoding="utf-8")
    (folder / f"{name}.html").write_text(to_html(document, language, making.script), encoding="utf-8")
    if making.pdf:
        to_pdf(to_html(document, language), folder / f"{name}.pdf", language)
    if made_from(notebook, given, language, making) != record:
        raise ReportError(message("input_changed", language))
    files = {path.relative_to(folder).as_posix(): digest(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    record |= {"files": files, "figures": published(document)}
    record |= {"made_on": f"{datetime.now():%Y-%m-%dT%H:%M:%S}", "seconds": round(time.perf_counter() - start, 3)}
    text = json.dumps(record, indent=1, ensure_ascii=False, default=str)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    return record


def _absolute(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: os.path.abspath(value) if key in PATHS and isinstance(value, str) and os.path.exists(value) else value
        for key, value in parameters.items()
    }


def made_from(notebook: str | Path, parameters: Mapping[str, Any], language: str, making: Making) -> dict[str, Any]:
    """What decides the content of a report: two equal ones need not both be made.

    Returns
    -------
    dict
        `notebook`, `parameters`, `language`, `making`, `sha256` (of the
        notebook and of every file among the parameters), `versions`.
    """
    inputs = {key: str(value) for key, value in _absolute(parameters).items() if key in PATHS and value}
    there = {key: path for key, path in inputs.items() if os.path.exists(path)}
    return {
        "notebook": Path(notebook).name,
        "parameters": json.loads(json.dumps(dict(parameters), default=str)),
        "language": language,
        "making": {"script": making.script, "pdf": making.pdf},
        "sha256": {key: digest(path) for key, path in {"notebook": str(notebook), **there}.items()},
        "versions": versions(),
    }


@cache
def versions() -> dict[str, str]:
    """Versions that a figure may depend on."""
    names = ("cmtools", "narwhals", "numpy", "pandas", "plotly", "polars")
    return {"python": platform.python_version()} | {name: version(name) for name in names}


def published(document: Any) -> list[dict[str, Any]]:
    """Key indicators that an executed notebook shows to programs, one dict per currency.

    See :func:`cmtools.display.published`.
    """
    found: list[dict[str, Any]] = []
    for cell in document.cells:
        for output in cell.get("outputs", []):
            found += output.get("data", {}).get(INDICATORS, [])
    return found


@lru_cache(maxsize=16)
def _notebook(path: str, changed: float) -> Any:
    from papermill.iorw import load_notebook_node

    return load_notebook_node(path)


def _read(notebook: str | Path) -> Any:
    """The notebook, read once as long as its file does not change; not to be changed itself."""
    return _notebook(str(notebook), os.stat(notebook).st_mtime)


def parameters_of(notebook: str | Path) -> dict[str, Any]:
    """Parameters of a notebook with their defaults.

    Raises
    ------
    InputError
        If no cell is tagged `parameters`.

    Examples
    --------
    >>> parameters_of(notebook_path("report_monthly", "fr"))["tolerant"]
    False
    """
    return dict(_parameters(str(notebook), os.stat(notebook).st_mtime))


@lru_cache(maxsize=16)
def _parameters(path: str, changed: float) -> dict[str, Any]:
    from papermill.inspection import _infer_parameters

    document = _notebook(path, changed)
    if not any("parameters" in cell.metadata.get("tags", []) for cell in document.cells):
        raise InputError([Defect("no_parameters_cell", "fatal", file=Path(path).name)])
    return {
        parameter.name: _literal(parameter.default) for parameter in _infer_parameters(document, "python3", "python")
    }


def _literal(written: str) -> Any:
    """Default of a parameter; what is no literal stays text."""
    try:
        return ast.literal_eval(written)
    except (ValueError, SyntaxError):
        return written


def check_parameters(notebook: str | Path, parameters: Mapping[str, Any]) -> None:
    """Raise InputError if the notebook does not know a parameter, or has none."""
    known = parameters_of(notebook)
    details = {"expected": ", ".join(known)}
    unknown = [key for key in parameters if key not in known]
    if unknown:
        raise InputError([Defect("unknown_parameter", "fatal", value=key, details=details) for key in unknown])


def _execute(
    notebook: str | Path, parameters: dict[str, Any], folder: Path, language: str, making: Making, starts: int = 3
) -> Any:
    """The executed notebook.

    The steps are those of ``papermill.execute_notebook``, which also writes the notebook out
    twice and keeps a second copy of it in its metadata when it is given one already read.
    """
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.engines import papermill_engines
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import raise_for_execution_errors
    from papermill.parameterize import parameterize_notebook
    from papermill.utils import chdir

    options: dict[str, Any] = {"report_timeout": making.time_limit} if making.engine and making.time_limit else {}
    cell_timeout = LARGE_CELL_TIMEOUT if parameters.get("engine") else CELL_TIMEOUT
    previous = os.environ.get("CMTOOLS_LANGUAGE")
    os.environ["CMTOOLS_LANGUAGE"] = language
    try:
        document = parameterize_notebook(deepcopy(_read(notebook)), parameters, kernel_name="python3")
        with chdir(str(folder)):
            document = papermill_engines.execute_notebook_with_engine(
                making.engine,
                document,
                "python3",
                progress_bar=False,
                start_timeout=START_TIMEOUT,
                execution_timeout=min(cell_timeout, making.time_limit or cell_timeout),
                # no warning at every start about loopback traffic, no error when the kernel is told to stop
                extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
                **options,
            )
        raise_for_execution_errors(document, None)
        return document
    except PapermillExecutionError as error:
        if error.ename == "InputError":
            raise NotebookInputError(str(error.evalue)) from None
        values = {"cell": error.exec_count, "name": error.ename, "value": error.evalue}
        raise ReportError(message("cell_failed", language, **values)) from error
    except (CellTimeoutError, DeadKernelError) as error:
        raise ReportError(str(error).strip().splitlines()[0]) from error
    except RuntimeError as error:  # another program took one of the kernel's ports between its choice and its use
        if "before replying" not in str(error) or starts == 1:
            raise ReportError(str(error).strip().splitlines()[0]) from error
        return _execute(notebook, parameters, folder, language, making, starts - 1)
    finally:
        if previous is None:
            del os.environ["CMTOOLS_LANGUAGE"]
        else:
            os.environ["CMTOOLS_LANGUAGE"] = previous


# ---------------------------------------------------------------- the files of many customers


def customers_above(ledger: Ledger, as_of: str, above: float, external: External | None = None) -> pd.DataFrame:
    """Customers whose exposure reaches an amount, largest first.

    Parameters
    ----------
    ledger : Ledger
    as_of : str
    above : float
        In the currency of the books.
    external : External, optional
        Orders, deliveries to invoice, bills and advances count as far as known.

    Returns
    -------
    pandas.DataFrame
        `customer_id`, `customer_name`, `exposure_amount`, `credit_limit`, `excess`, `currency`.
    """
    from cmtools.follow_up import daily_follow_up

    table = daily_follow_up(ledger, as_of, external)
    kept = table[table["exposure_amount"] >= above].sort_values("exposure_amount", ascending=False)
    names = ["customer_id", "customer_name", "exposure_amount", "credit_limit", "excess", "currency"]
    return kept[names].reset_index(drop=True)
