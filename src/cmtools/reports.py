"""A notebook and its parameters into a report: HTML to read, XLSX to work on, the executed notebook to audit.

Papermill runs the notebook; the files appear under their final names only once
all of them are complete.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cmtools.files import written_whole
from cmtools.language import day, message
from cmtools.schemas import Defect, InputError, Ledger, LoadReport

if TYPE_CHECKING:
    import pandas as pd

    from cmtools.external import External
    from cmtools.lines import Statements

CELL_TIMEOUT = 900  # seconds one cell may take before the report is given up
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
) -> Ledger:
    """Ledger behind a report: from ledger files or from one or two FECs.

    Parameters
    ----------
    ledger, settlements, customers : str
        Paths; see :func:`cmtools.read_ledger`.
    fec, previous_fec : str
        Paths; see :func:`cmtools.read_fec`. Exactly one of `ledger` and `fec`.
    terms : str or int, optional
        Payment terms where the source holds no due date.
    columns : str, optional
        YAML file that names the headings of the ledger.
    tolerant : bool
        Leave out the rows in error instead of refusing the file.

    Returns
    -------
    Ledger
    """
    terms = None if terms == "" else terms  # 0 is a term: cash
    if bool(ledger) == bool(fec):
        raise InputError([Defect("ledger_or_fec", "fatal")])
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
    _check_parameters(notebook, parameters)
    folder = Path(output).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    # The notebook runs in the output folder: a path means what it meant to the caller.
    paths = {key: value for key, value in parameters.items() if key in PATHS and os.path.isfile(value)}
    parameters = {**parameters, **{key: os.path.abspath(path) for key, path in paths.items()}}
    hashes = {key: _sha256(path) for key, path in paths.items()}
    with tempfile.TemporaryDirectory(dir=folder, prefix=".partial-") as partial:
        made = {kind: Path(partial) / f"{name}.{kind}" for kind in ("ipynb", "xlsx", "html", "json")}
        _execute(notebook, made["ipynb"], {**parameters, "workbook": str(made["xlsx"])}, folder, language)
        made["html"].write_text(to_html(made["ipynb"], language), encoding="utf-8")
        kept = {"notebook": Path(notebook).name, "parameters": dict(parameters), "sha256": hashes}
        made["json"].write_text(json.dumps(kept, indent=1, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
        absent = [path.name for path in made.values() if not path.is_file()]
        if absent:  # the notebook ran, and did not write its workbook
            raise ReportError(message("not_written", language, value=", ".join(absent)))
        final = {kind: folder / path.name for kind, path in made.items()}
        for kind, path in made.items():
            os.replace(path, final[kind])
    return final


def _check_parameters(notebook: str | Path, parameters: Mapping[str, Any]) -> None:
    import nbformat
    from papermill.inspection import inspect_notebook

    if not any("parameters" in cell.metadata.get("tags", []) for cell in nbformat.read(notebook, as_version=4).cells):
        raise InputError([Defect("no_parameters_cell", "fatal", file=Path(notebook).name)])
    known = inspect_notebook(str(notebook))
    unknown = [key for key in parameters if key not in known]
    if unknown:
        details = {"expected": ", ".join(known)}
        raise InputError([Defect("unknown_parameter", "fatal", value=key, details=details) for key in unknown])


def _execute(
    notebook: str | Path, output: Path, parameters: dict[str, Any], folder: Path, language: str, starts: int = 3
) -> None:
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    previous = os.environ.get("CMTOOLS_LANGUAGE")
    os.environ["CMTOOLS_LANGUAGE"] = language
    try:
        papermill.execute_notebook(
            str(notebook),
            str(output),
            parameters=parameters,
            cwd=str(folder),
            kernel_name="python3",
            progress_bar=False,
            request_save_on_cell_execute=False,  # written twice a cell otherwise, for a file that is kept only if whole
            log_output=False,
            start_timeout=START_TIMEOUT,
            execution_timeout=CELL_TIMEOUT,
            # no warning at every start about loopback traffic, no error when the kernel is told to stop
            extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
        )
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
        _execute(notebook, output, parameters, folder, language, starts - 1)
    finally:
        if previous is None:
            del os.environ["CMTOOLS_LANGUAGE"]
        else:
            os.environ["CMTOOLS_LANGUAGE"] = previous


def _sha256(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# ---------------------------------------------------------------- the files of many customers


class ManyRuns(NamedTuple):
    """What came of many reports."""

    page: Path  # leads to each
    failed: list[dict[str, str]]  # customer, value (why)


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


def run_customers(
    chosen: pd.DataFrame, parameters: Mapping[str, Any], output: str | Path, *, language: str = "fr"
) -> ManyRuns:
    """Credit file of each customer in a folder of its own, and a page that leads to them.

    Parameters
    ----------
    chosen : pandas.DataFrame
        As :func:`customers_above` gives it.
    parameters : mapping
        Those of the notebook, but for the customer.
    output : str or Path
    language : {"fr", "en"}

    Returns
    -------
    ManyRuns
        A file that fails does not stop the others; the page says why.
    """
    notebook = notebook_path("report_customer", language)
    root = Path(output)
    failed: list[dict[str, str]] = []
    links: list[str | None] = []
    used: set[str] = set()
    for customer in chosen["customer_id"].astype(str):
        folder = _folder(customer, used)
        try:
            run(notebook, dict(parameters) | {"customer": customer}, root / folder, language=language)
        except (InputError, ReportError, OSError) as error:
            said = error.text(language) if isinstance(error, InputError) else str(error)
            failed.append({"customer": customer, "value": said})
            links.append(None)
        else:
            links.append(f"{folder}/report.html")
    index = root / "index.html"
    with written_whole(index) as partial:
        page = _index(chosen, links, {row["customer"]: row["value"] for row in failed}, parameters["as_of"], language)
        Path(partial).write_text(page, encoding="utf-8")
    return ManyRuns(index, failed)


def _folder(customer: str, used: set[str]) -> str:
    """Folder of a customer: its number is text, never a path."""
    base = re.sub(r"[^A-Za-z0-9_-]", "_", customer)[:60] or "_"
    name, number = base, 1
    while name.casefold() in used:
        number += 1
        name = f"{base}-{number}"
    used.add(name.casefold())
    return name


def _index(
    chosen: pd.DataFrame, links: list[str | None], failures: Mapping[str, str], as_of: str, language: str
) -> str:
    from cmtools.display import CSS, cell
    from cmtools.language import label
    from cmtools.schemas import as_day

    amounts = ("exposure_amount", "credit_limit", "excess")
    heads = [
        ("customer_id", ""),
        ("customer_name", ""),
        *((name, ' class="r"') for name in amounts),
        ("credit_file", ""),
    ]
    head = "".join(f"<th{css}>{escape(label(name, language))}</th>" for name, css in heads)
    rows = []
    for row, link in zip(chosen.to_dict("records"), links):
        money = "".join(f'<td class="r">{escape(cell(row[name], "money", language))}</td>' for name in amounts)
        said = escape(failures.get(str(row["customer_id"]), ""))
        opened = f'<a href="{link}">{escape(message("index_open", language))}</a>' if link else said
        name = escape(str(row["customer_name"]))
        rows.append(f"<tr><td>{escape(str(row['customer_id']))}</td><td>{name}</td>{money}<td>{opened}</td></tr>")
    table = f'{CSS}<table class="cm"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    title = message("index_title", language, date=day(as_day(as_of), language))
    return _page(f"# {title}", table, language)


def _page(title: str, html: str, language: str) -> str:
    """One page of the reports' look, without a notebook behind it."""
    import nbformat

    shown = nbformat.v4.new_output("display_data", {"text/html": html})
    cells = [nbformat.v4.new_markdown_cell(title), nbformat.v4.new_code_cell("", outputs=[shown])]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        return to_html(path, language)


# ---------------------------------------------------------------- notebook to HTML


def to_html(notebook: str | Path, language: str = "fr") -> str:
    """Executed notebook as one HTML page: code hidden, charts live, no network request.

    Parameters
    ----------
    notebook : str or Path
        Executed notebook.
    language : {"fr", "en"}

    Returns
    -------
    str
        Plotly's own script stands in the page, so that the file travels
        alone. Widgets need a kernel: they are left out.
    """
    import nbformat
    from nbconvert.exporters import TemplateExporter
    from plotly.offline import get_plotlyjs

    document = nbformat.read(notebook, as_version=4)
    charts = 0
    for cell in document.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "application/vnd.jupyter.widget-view+json" in data:
                data.clear()
            figure = data.pop("application/vnd.plotly.v1+json", None)
            if figure is not None:
                charts += 1
                data.clear()
                data["text/html"] = _chart(figure, f"chart-{charts}")
    title = next(
        (
            line[2:]
            for cell in document.cells
            if cell.cell_type == "markdown"
            for line in cell.source.splitlines()
            if line.startswith("# ")
        ),
        "cmtools",
    )
    exporter = TemplateExporter(
        raw_template=(files("cmtools") / "reference" / "report.html.j2").read_text(encoding="utf-8"),
        filters={"plain": escape},
    )
    script = get_plotlyjs() if charts else ""
    resources = {"language": language, "title": title, "plotly": script.replace("</script", "<\\/script")}
    return exporter.from_notebook_node(document, resources=resources)[0]


def _chart(figure: dict[str, Any], name: str) -> str:
    """Plotly figure as a block that draws itself; `<` is escaped so that no text can close the script."""
    config = {
        "displaylogo": False,
        "responsive": True,
        "modeBarButtonsToRemove": ["sendDataToCloud", "lasso2d", "select2d"],
    }
    data, layout, options = (
        json.dumps(part).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
        for part in (figure.get("data", []), figure.get("layout", {}), config)
    )
    return f'<div class="chart" id="{name}"></div><script>Plotly.newPlot("{name}",{data},{layout},{options});</script>'
