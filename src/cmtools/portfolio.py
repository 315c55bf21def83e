"""Which reports to make: a portfolio in YAML, its companies inline or in a table, checked whole before anything runs.

A company is a row of parameters of the report's notebook. Files are searched
beside the file that names them; a pattern (``clients/*/factures.csv``) stands
for one company per file found.
"""

from __future__ import annotations

import glob
import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from cmtools.files import content, fatal, open_sheets, plain
from cmtools.schemas import Defect, InputError, LoadReport, as_day, shorten
from cmtools.settings import read_number, read_words, reference_rows

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("report", "language", "parameters", "companies", "files")
REPORTS = {"monthly": "report_monthly", "customer": "report_customer"}
LANGUAGES = ("fr", "en")
UNITS = {
    "financing_rate": "rate", "margin_rate": "rate", "insured_share": "rate",
    "equity": "money", "request": "money", "monthly_purchases": "money", "seller_sales": "money",
}  # fmt: skip
WORDS = ("decisions", "actions", "comments")  # files of the committee's own words
LONGEST_NAME = 100  # characters of a folder's name
_OURS = ("workbook", "language")  # set by the report itself
_TAKEN = ("index", "manifest", "portfolio", "partial")  # stand beside the folders of the companies
_DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{digit}" for name in ("com", "lpt") for digit in range(10))}
_TRUTH = {"true": True, "yes": True, "oui": True, "vrai": True, "1": True, "x": True,
          "false": False, "no": False, "non": False, "faux": False, "0": False}  # fmt: skip


class Job(NamedTuple):
    """One report to make."""

    name: str  # its folder
    company: str  # as the index shows it
    notebook: str
    language: str
    parameters: dict[str, Any]


class _Entry(NamedTuple):
    """One company as written."""

    file: str
    line: int
    folder: Path  # where its files are searched
    values: dict[str, Any]


@dataclass
class _Reading:
    """What is known while a portfolio is read."""

    defaults: dict[str, Any]  # parameters of the notebook
    files: tuple[str, ...]  # those that name a file
    defects: list[Defect] = field(default_factory=list)
    looked: dict[str, bool] = field(default_factory=dict)

    def wrong(self, code: str, entry: _Entry, column: str = "", value: Any = "", **details: Any) -> None:
        """Note one more defect."""
        self.defects.append(Defect(code, "fatal", entry.file, entry.line, column, str(value), details))


def read_portfolio(path: str | Path, as_of: str | date | None = None, language: str | None = None) -> list[Job]:
    """Reports that a portfolio asks for.

    Parameters
    ----------
    path : str or Path
        YAML with `report` ("monthly", "customer" or a notebook of yours),
        `language`, `parameters` (common to all) and `companies`: a list of
        mappings, or the path of a table (CSV, XLSX) with one row per company
        and one column per parameter. A company may name its folder with
        `output`, and its `language`. `files` lists the parameters of your own
        notebook that name files.
    as_of : date or str, optional
        Closing date where neither the portfolio nor the company gives one.
    language : {"fr", "en"}, optional
        Where the portfolio gives none.

    Returns
    -------
    list of Job
        In the order of the portfolio; the files found by a pattern in the order of their names.

    Raises
    ------
    InputError
        With every defect of every company: unknown parameter, missing file,
        number or date that cannot be read, two companies in one folder, a
        folder's name that would leave the output folder.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.csv").write_text("Facture;N° client;Client;Date facture;Montant TTC")
    >>> _ = (folder / "portfolio.yaml").write_text("companies: [{company_name: Bois & Cie, ledger: a.csv}]")
    >>> [(job.name, job.parameters["as_of"]) for job in read_portfolio(folder / "portfolio.yaml", "2026-06-30")]
    [('Bois_Cie', '2026-06-30')]
    """
    document, lines = _document(Path(path))
    name = shorten(Path(path).name, 255)
    top = _Entry(name, 1, Path(path).resolve().parent, document)
    spoken = document.get("language") or language or "fr"
    _check_top(top, spoken)
    notebook = _notebook(top, spoken)
    from cmtools.reports import PATHS, parameters_of

    defaults = {key: value for key, value in parameters_of(notebook).items() if key not in _OURS}
    reading = _Reading(defaults, tuple(dict.fromkeys((*PATHS, *document.get("files", [])))))
    common = _Entry(name, lines.get("parameters", 1), top.folder, dict(document.get("parameters") or {}))
    shared = _typed(common, reading)
    if as_of is not None and "as_of" in defaults:
        shared = {"as_of": f"{as_day(as_of):%Y-%m-%d}"} | shared
    jobs, places = [], []
    for entry in _entries(top, lines, reading):
        for one in _matches(entry, reading):
            own = dict(one.values)
            output, tongue = (str(own.pop(key, "") or "") for key in ("output", "language"))
            parameters = shared | _typed(one._replace(values=own), reading)
            jobs.append(_job(one, output, tongue or spoken, top, parameters, reading))
            places.append(one)
    _check_apart(jobs, places, reading)
    if not jobs and not reading.defects:
        reading.wrong("portfolio_empty", top)
    if reading.defects:
        raise InputError(reading.defects)
    return jobs


# ---------------------------------------------------------------- the YAML


class _Loader(yaml.SafeLoader):
    """Values as written: a company called NO is no truth value, and 012 no number; what they are, the notebook says."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, shape) for tag, shape in known if tag.endswith((":null", ":merge"))]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _document(path: Path) -> tuple[dict[str, Any], dict[Any, int]]:
    """Mapping of the file; line of each key, and of each company by its place."""
    data, name, kind = content(path)
    if kind != "text":
        raise fatal("portfolio_no_yaml", name, reason=kind)
    try:
        loader = _Loader(data.decode("utf-8-sig"))
        root = loader.get_single_node()
        document = loader.construct_document(root) if root else None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise fatal("portfolio_no_yaml", name, reason=shorten(str(error), 200)) from None
    if not isinstance(document, dict):
        raise fatal("portfolio_no_mapping", name)
    doubled = [node for part in _mappings(root) for node in _doubled(part)]
    if doubled:
        said = [Defect("portfolio_twice", "fatal", name, at.start_mark.line + 1, str(at.value)) for at in doubled]
        raise InputError(said)
    assert root is not None
    lines: dict[Any, int] = {key.value: value.start_mark.line + 1 for key, value in root.value}
    for key, value in root.value:
        if key.value == "companies" and isinstance(value, yaml.SequenceNode):
            lines |= {place: node.start_mark.line + 1 for place, node in enumerate(value.value)}
    return document, lines


def _mappings(node: Any) -> Iterator[yaml.MappingNode]:
    """Mappings of the first three levels: all that a portfolio has."""
    level = [node]
    for _ in range(3):
        yield from (each for each in level if isinstance(each, yaml.MappingNode))
        level = [
            child
            for each in level
            for child in ([value for _, value in each.value] if isinstance(each, yaml.MappingNode) else
                          each.value if isinstance(each, yaml.SequenceNode) else [])
        ]  # fmt: skip


def _doubled(mapping: yaml.MappingNode) -> list[Any]:
    seen: set[str] = set()
    found = []
    for key, _ in mapping.value:
        if str(key.value) in seen:
            found.append(key)
        seen.add(str(key.value))
    return found


def _check_top(top: _Entry, language: Any) -> None:
    defects = []

    def wrong(code: str, column: str, value: Any, **details: Any) -> None:
        defects.append(Defect(code, "fatal", top.file, None, column, shorten(str(value)), details))

    for key in top.values:
        if key not in KEYS:
            wrong("portfolio_key", str(key), key, expected=", ".join(KEYS))
    for key, kinds in (("parameters", dict), ("companies", (list, str)), ("report", str), ("files", list)):
        value = top.values.get(key)
        if value is not None and not isinstance(value, kinds):
            wrong(f"portfolio_{key}_kind", key, value)
    if not top.values.get("companies"):
        wrong("portfolio_empty", "companies", "")
    if language not in LANGUAGES:
        wrong("portfolio_language", "language", language, expected=", ".join(LANGUAGES))
    if defects:
        raise InputError(defects)


def _notebook(top: _Entry, language: str) -> str:
    """Path of the notebook in a language."""
    from cmtools.reports import notebook_path

    report = top.values.get("report") or "monthly"
    if report in REPORTS:
        return str(notebook_path(REPORTS[report], language))
    path = top.folder / report
    if path.suffix != ".ipynb" or not path.is_file():
        raise fatal("portfolio_report", top.file, value=report, expected=", ".join(REPORTS))
    return str(path)


# ---------------------------------------------------------------- the companies


def _entries(top: _Entry, lines: Mapping[Any, int], reading: _Reading) -> Iterator[_Entry]:
    companies = top.values["companies"]
    if isinstance(companies, str):
        yield from _rows(top, companies, reading)
        return
    for place, values in enumerate(companies):
        entry = _Entry(top.file, lines[place], top.folder, {})
        if isinstance(values, dict):
            yield entry._replace(values={str(key): value for key, value in values.items()})
        else:
            reading.wrong("portfolio_company_kind", entry, value=shorten(str(values)))


def _rows(top: _Entry, written: str, reading: _Reading) -> Iterator[_Entry]:
    """Companies of a table: a row each, a column per parameter; a blank cell is not given."""
    path = top.folder / written
    report = LoadReport()
    known = _headings((*reading.defaults, "output", "language"))
    sheet = open_sheets(path, report, None, None, frozenset(known))[0]
    report.refuse()
    names = [known.get(plain(heading), heading) for heading in sheet.headings]
    head = _Entry(report.files[0], 1, path.resolve().parent, {})
    for doubled in sorted({name for name in names if names.count(name) > 1}):
        reading.wrong("portfolio_twice", head, doubled)
    for line in sheet.refused:
        reading.wrong("portfolio_row", head._replace(line=line))
    for line, *cells in zip(sheet.lines, *sheet.text):
        values = {name: cell.strip() for name, cell in zip(names, cells) if cell and cell.strip()}
        if values:
            yield head._replace(line=int(line), values=values)


@cache
def _words() -> tuple[tuple[str, str], ...]:
    return tuple((plain(row["heading"]), row["key"]) for row in reference_rows("portfolio_words.csv"))


def _headings(names: Iterable[str]) -> dict[str, str]:
    """Parameter by plain heading."""
    own = {plain(name): name for name in names}
    return {heading: key for heading, key in _words() if key in own.values()} | own


def _matches(entry: _Entry, reading: _Reading) -> list[_Entry]:
    """The company itself; or, if a file is named by a pattern, a company for each file found."""
    patterns = [
        key
        for key, value in entry.values.items()
        if key in reading.files and isinstance(value, str) and glob.has_magic(value)
        and not (entry.folder / value).exists() and not (key == "ledger" and entry.values.get("engine"))
    ]  # fmt: skip
    if not patterns:
        return [entry]
    if len(patterns) > 1:
        reading.wrong("portfolio_patterns", entry, value=", ".join(patterns))
        return []
    (key,) = patterns
    found = sorted(path for path in glob.glob(str(entry.folder / entry.values[key]), recursive=True))
    if not found:
        reading.wrong("portfolio_no_match", entry, key, entry.values[key])
    return [entry._replace(values=_filled(entry.values, key, Path(path))) for path in found]


def _filled(values: Mapping[str, Any], key: str, found: Path) -> dict[str, Any]:
    """Values of one company: `{folder}`, `{name}` (of the folder) and `{stem}` (of the file) stand for its own."""
    own = {"{folder}": str(found.parent), "{name}": found.parent.name, "{stem}": found.stem}

    def fill(text: str) -> str:
        for mark, value in own.items():
            text = text.replace(mark, value)
        return text

    filled = {name: fill(value) if isinstance(value, str) else value for name, value in values.items()}
    return {"company_name": found.parent.name} | filled | {key: str(found)}


# ---------------------------------------------------------------- values


def _typed(entry: _Entry, reading: _Reading) -> dict[str, Any]:
    """Parameters with the types that the notebook expects; what cannot be is noted."""
    found: dict[str, Any] = {}
    for key, value in entry.values.items():
        if key not in reading.defaults:
            reading.wrong("unknown_parameter", entry, value=key, expected=", ".join(reading.defaults))
        elif value is not None and value != "":
            try:
                found[key] = _value(key, value, entry, reading)
            except InputError as error:
                reading.defects += [
                    Defect(d.code, "fatal", entry.file, entry.line, key, d.value or str(value), d.details)
                    for d in error.defects
                ]
    return found


def _value(key: str, value: Any, entry: _Entry, reading: _Reading) -> Any:
    if key in reading.files or key in WORDS:
        path = os.path.abspath(entry.folder / str(value))
        if key == "ledger" and entry.values.get("engine"):
            return path  # a folder or a pattern of a big ledger
        if not reading.looked.setdefault(path, os.path.isfile(path)):
            raise fatal("missing_file", value=str(value))
        return read_words(path) if key in WORDS else path
    if isinstance(value, (dict, list)):
        raise fatal("portfolio_text", value=shorten(str(value)))
    if key == "as_of":
        return f"{as_day(value, key):%Y-%m-%d}"
    default = reading.defaults[key]
    if key in UNITS:
        number = read_number(value, UNITS[key], key)
        if UNITS[key] == "rate" and abs(number) >= 1:
            raise fatal("cli_bad_rate", value=str(value))
        return number
    if isinstance(default, bool):
        if value.strip().casefold() not in _TRUTH:
            raise fatal("portfolio_flag", value=value)
        return _TRUTH[value.strip().casefold()]
    if isinstance(default, (int, float)):
        return read_number(value, "count" if isinstance(default, int) else "money", key)
    return value


# ---------------------------------------------------------------- folders


def folder_name(text: str) -> str:
    """Name of a folder made from a client's text: letters, digits, "-" and "_"; never a path, never hidden.

    Examples
    --------
    >>> folder_name("../Étoile & fils / SARL"), folder_name("=1+1"), folder_name("con"), folder_name("…")
    ('Étoile_fils_SARL', '1_1', '_con', '_')
    """
    kept = "".join(sign if sign.isalnum() or sign == "-" else " " for sign in unicodedata.normalize("NFKC", text))
    name = "_".join(kept.split())[: LONGEST_NAME * 2 // 3]
    while len(name.encode()) > 2 * LONGEST_NAME:
        name = name[:-1]
    name = name.lstrip("-") or "_"
    return f"_{name}" if name.casefold() in _DEVICES or name.casefold() in _TAKEN else name


def _is_folder_name(text: str) -> bool:
    """Whether a name given by the user can be a folder of its own inside the output folder."""
    fine = all(sign.isalnum() or sign in "-_. " for sign in text) and len(text.encode()) <= 2 * LONGEST_NAME
    stem = text.partition(".")[0].strip().casefold()
    return fine and text == text.strip(" .") and bool(text) and stem not in _DEVICES and stem not in _TAKEN


def _job(entry: _Entry, output: str, language: str, top: _Entry, parameters: dict[str, Any], reading: _Reading) -> Job:
    if output and not _is_folder_name(output):
        reading.wrong("portfolio_output", entry, "output", output)
    if language not in LANGUAGES:
        reading.wrong("portfolio_language", entry, "language", language, expected=", ".join(LANGUAGES))
        language = LANGUAGES[0]
    named = dict(top.values.get("parameters") or {}) | entry.values  # as written: a file that is not there was given
    if top.values.get("report") in (None, "monthly") and bool(named.get("ledger")) == bool(named.get("fec")):
        reading.wrong("ledger_or_fec", entry)
    source = next((str(parameters[key]) for key in reading.files if parameters.get(key)), "")
    company = str(parameters.get("company_name") or parameters.get("customer") or Path(source).stem)
    name = output or folder_name(company)
    return Job(name, company, _notebook(top, language), language, parameters)


def customer_jobs(chosen: pd.DataFrame, parameters: Mapping[str, Any], language: str = "fr") -> list[Job]:
    """Credit files of several customers of one ledger, each a report.

    Parameters
    ----------
    chosen : pandas.DataFrame
        `customer_id`, `customer_name`, as :func:`cmtools.reports.customers_above` gives them.
    parameters : mapping
        Those of the notebook, but for the customer.
    language : {"fr", "en"}

    Returns
    -------
    list of Job
        Two numbers that make the same folder get one each.
    """
    from cmtools.reports import notebook_path

    notebook = str(notebook_path(REPORTS["customer"], language))
    jobs: dict[str, Job] = {}
    for customer, name in zip(chosen["customer_id"].astype(str), chosen["customer_name"].astype(str)):
        folder = stem = folder_name(customer)
        number = 1
        while folder.casefold() in jobs:
            number += 1
            folder = f"{stem}-{number}"
        own = {**parameters, "customer": customer}
        jobs[folder.casefold()] = Job(folder, f"{customer} {name}", notebook, language, own)
    return list(jobs.values())


def _check_apart(jobs: list[Job], places: list[_Entry], reading: _Reading) -> None:
    """No two companies in one folder on any file system, whatever it does of case and accents."""
    seen: dict[str, _Entry] = {}
    for job, entry in zip(jobs, places):
        key = unicodedata.normalize("NFC", job.name.casefold())
        first = seen.setdefault(key, entry)
        if first is not entry:
            reading.wrong("portfolio_same_folder", entry, value=job.name, other=first.line, company=job.company)
