"""Command line: parse, call, print. Exit code 0: done; 1: the report failed; 2: the input cannot be used."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from cmtools import __version__
from cmtools.language import Reason, message
from cmtools.schemas import Defect, InputError, as_day
from cmtools.warm_preload import quick_start

YEARS = (1990, 2099)  # those of the dates that a ledger may hold
_REACH = {"first": f"{YEARS[0]}-01-01", "last": f"{YEARS[1]}-12-31"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    if arguments is None:  # a process of its own
        quick_start()
    given = list(sys.argv[1:] if arguments is None else arguments)
    language = _language(given)
    parsed = _parser(language).parse_args(given)
    try:
        return int(parsed.run(parsed))
    except InputError as error:
        print(error.text(parsed.language), file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _language(given: Sequence[str]) -> str:
    """Language of the help itself, known before parsing."""
    asked = [value for flag, value in pairwise(given) if flag == "--language"]
    asked += [value.partition("=")[2] for value in given if value.startswith("--language=")]
    default = os.environ.get("CMTOOLS_LANGUAGE", "fr")
    return next((name for name in (*asked, default) if name in ("fr", "en")), "fr")


def _parser(language: str) -> argparse.ArgumentParser:
    def text(key: str) -> str:
        return message(key, language).replace("%", "%%")

    def add(commands: argparse._SubParsersAction, name: str, key: str) -> argparse.ArgumentParser:
        parser = commands.add_parser(name, help=text(key), description=text(key), add_help=False)
        parser.add_argument("-h", "--help", action="help", help=text("cli_help"))
        return parser

    parser = argparse.ArgumentParser(prog="cmtools", description=text("cli_description"), add_help=False)
    parser.add_argument("-h", "--help", action="help", help=text("cli_help"))
    parser.add_argument("--version", action="version", version=f"cmtools {__version__}", help=text("cli_version"))
    commands = parser.add_subparsers(
        required=True, metavar="report | batch | check | convert | template | legal | course"
    )
    reports = add(commands, "report", "cli_report").add_subparsers(
        required=True, metavar="monthly | customer | customers"
    )
    monthly = add(reports, "monthly", "cli_monthly")
    monthly.add_argument("--ledger", default="", metavar="F", help=text("cli_ledger"))
    monthly.add_argument("--settlements", default="", metavar="F", help=text("cli_settlements"))
    monthly.add_argument("--customers", default="", metavar="F", help=text("cli_customers"))
    monthly.add_argument("--fec", action="append", default=[], metavar="F", nargs="+", help=text("cli_fec"))
    monthly.add_argument("--as-of", required=True, metavar="DATE", help=text("cli_as_of"))
    monthly.add_argument("--company", default="", metavar="NAME", help=text("cli_company"))
    monthly.add_argument("--output", default="reports", metavar="DIR", help=text("cli_output"))
    monthly.add_argument("--targets", default="", metavar="F", help=text("cli_targets"))
    monthly.add_argument("--signals", default="", metavar="F", help=text("cli_signals"))
    monthly.add_argument("--external", default="", metavar="F", help=text("cli_external"))
    monthly.add_argument("--decisions", default="", metavar="F", help=text("cli_decisions"))
    monthly.add_argument("--actions", default="", metavar="F", help=text("cli_actions"))
    monthly.add_argument("--financing-rate", default=None, metavar="R", help=text("cli_financing_rate"))
    monthly.add_argument("--margin-rate", default=None, metavar="R", help=text("cli_margin_rate"))
    monthly.add_argument("--equity", default=None, metavar="M", help=text("cli_equity"))
    monthly.add_argument("--engine", choices=("duckdb", "polars"), default="", help=text("cli_engine"))
    monthly.set_defaults(run=_monthly)
    customer = add(reports, "customer", "cli_customer")
    customer.add_argument("--customer", default="", metavar="ID", help=text("cli_customer_id"))
    customer.set_defaults(run=_customer)
    many = add(reports, "customers", "cli_many")
    many.add_argument("--above", required=True, metavar="M", help=text("cli_above"))
    many.set_defaults(run=_customers)
    for command in (customer, many):
        _credit_arguments(command, text)
    portfolio = add(commands, "batch", "cli_batch")
    portfolio.add_argument("portfolio", metavar="PORTFOLIO.yaml", help=text("cli_portfolio"))
    portfolio.add_argument("--as-of", default="", metavar="DATE", help=text("cli_as_of"))
    portfolio.add_argument("--output", default="", metavar="DIR", help=text("cli_batch_output"))
    portfolio.add_argument("--language", choices=("fr", "en"), default=language, help=text("cli_language"))
    portfolio.set_defaults(run=_batch)
    for command in (portfolio, many):
        command.add_argument("--workers", default="", metavar="N", help=text("cli_workers"))
        command.add_argument("--resume", action="store_true", help=text("cli_resume"))
        command.add_argument("--dask", default="", metavar="ADDRESS", help=text("cli_dask"))
        command.add_argument("--self-contained", action="store_true", help=text("cli_self_contained"))
        command.add_argument("--pdf", action="store_true", help=text("cli_pdf"))
        command.add_argument("--time-limit", default="", metavar="S", help=text("cli_time_limit"))
    check = add(commands, "check", "cli_check")
    check.add_argument("file", metavar="FILE", help=text("cli_file"))
    check.add_argument("--settlements", default="", metavar="F", help=text("cli_settlements"))
    check.add_argument("--customers", default="", metavar="F", help=text("cli_customers"))
    check.set_defaults(run=_check)
    conversion = add(commands, "convert", "cli_convert")
    conversion.add_argument("file", metavar="FILE", help=text("cli_convert_file"))
    conversion.add_argument("--settlements", default="", metavar="F", help=text("cli_settlements"))
    conversion.add_argument("--customers", default="", metavar="F", help=text("cli_customers"))
    conversion.add_argument("--previous-fec", default="", metavar="F", help=text("cli_previous_fec"))
    conversion.add_argument("--engine", choices=("duckdb",), default="", help=text("cli_convert_engine"))
    conversion.add_argument("--output", required=True, metavar="DIR", help=text("cli_convert_output"))
    conversion.set_defaults(run=_convert)
    templates = add(commands, "template", "cli_template").add_subparsers(
        required=True, metavar=" | ".join(("statements", "functional_balance", *_TOOLS))
    )
    statements = add(templates, "statements", "cli_template_statements")
    statements.add_argument("--output", default="", metavar="F", help=text("cli_template_output"))
    statements.add_argument("--years", default="3", metavar="N", help=text("cli_template_years"))
    statements.set_defaults(run=_statements_template)
    balance = add(templates, "functional_balance", "cli_template_balance")
    balance.add_argument("--output", default="", metavar="F", help=text("cli_template_output"))
    balance.set_defaults(run=_balance_template)
    tools = [add(templates, name, f"cli_template_{name}") for name in _TOOLS]
    for name, command in zip(_TOOLS, tools, strict=True):
        command.add_argument("--output", default="", metavar="F", help=text("cli_template_output"))
        command.set_defaults(run=_tool, tool=name)
    for command in (statements, balance, *tools):
        command.add_argument("--language", choices=("fr", "en"), default=language, help=text("cli_language"))
    legal = add(commands, "legal", "cli_legal")
    legal.add_argument("--on", default="", metavar="DATE", help=text("cli_legal_on"))
    legal.add_argument("--language", choices=("fr", "en"), default=language, help=text("cli_language"))
    legal.set_defaults(run=_legal)
    course = add(commands, "course", "cli_course").add_subparsers(required=True, metavar="where | export | erase")
    where = add(course, "where", "cli_course_where")
    where.set_defaults(run=_where)
    copy = add(course, "export", "cli_course_export")
    copy.add_argument("--output", default="", metavar="FILE", help=text("cli_course_output"))
    copy.add_argument("--force", action="store_true", help=text("cli_course_force"))
    copy.set_defaults(run=_export)
    erase = add(course, "erase", "cli_course_erase")
    erase.add_argument("--yes", action="store_true", help=text("cli_course_yes"))
    erase.set_defaults(run=_erase)
    for command in (where, copy, erase):
        command.add_argument("--language", choices=("fr", "en"), default=language, help=text("cli_language"))
    for command in (monthly, check, conversion, customer, many):
        command.add_argument("--terms", default="", metavar="T", help=text("cli_terms"))
        command.add_argument("--columns", default="", metavar="M.yaml", help=text("cli_columns"))
        command.add_argument("--tolerant", action="store_true", help=text("cli_tolerant"))
        command.add_argument("--language", choices=("fr", "en"), default=language, help=text("cli_language"))
    return parser


_TOOLS = ("hidden_cost", "dso", "aged_balance", "late_interest", "collection")
_ACCOUNTS = ("liasse", "trial_balance", "fec", "statements")
_BOOKS = ("ledger", "settlements", "customers", "columns")
_SETTINGS = ("external", "grid", "levels", "delegation", "signals")
_NUMBERS = {"request": "money", "monthly_purchases": "money", "seller_sales": "money", "insured_share": "rate"}


def _credit_arguments(command: argparse.ArgumentParser, text: Callable[[str], str]) -> None:
    """What a credit file is made from, and what the committee is asked."""

    def option(name: str, metavar: str, key: str = "", **more: Any) -> None:
        command.add_argument(f"--{name}", metavar=metavar, help=text(key or f"cli_{name.replace('-', '_')}"), **more)

    for name in ("liasse", "trial-balance", "statements", "ledger", "settlements", "customers"):
        option(name, "F", default="")
    option("fec", "F", "cli_customer_fec", default="")
    option("year-end", "DATE", default="")
    option("as-of", "DATE", "cli_credit_day", required=True)
    for name in ("external", "grid", "levels", "delegation", "signals", "comments"):
        option(name, "F", default="")
    for name, unit in _NUMBERS.items():
        option(name.replace("_", "-"), "R" if unit == "rate" else "M", default=None)
    option("terms-asked", "T", default="")
    command.add_argument("--combine", choices=("min", "mean"), default="min", help=text("cli_combine"))
    for name in ("owner", "company"):
        option(name, "NAME", default="")
    option("output", "DIR", default="reports")


def _why(error: Exception, language: str) -> str:
    """Why a report was not made; the file that the system refused first."""
    said = Reason.of(error).text(language)
    return f"{error.filename}: {said}" if isinstance(error, OSError) and error.filename else said


def _customer(parsed: argparse.Namespace) -> int:
    from cmtools.reports import ReportError, customer_and_company, notebook_path, run

    parameters, (accounts, ledger, _) = _credit_parameters(parsed)
    customer, _ = customer_and_company(parsed.customer, accounts, ledger)
    notebook = notebook_path("report_customer", parsed.language)
    try:
        made = run(notebook, parameters | {"customer": customer}, parsed.output, language=parsed.language)
    except (ReportError, OSError) as error:
        print(message("cli_failed", parsed.language, value=_why(error, parsed.language)), file=sys.stderr)
        return 1
    print(message("cli_written", parsed.language))
    for kind in ("html", "xlsx", "ipynb"):
        print(f"  {made[kind].resolve()}")
    return 0


def _customers(parsed: argparse.Namespace) -> int:
    from cmtools.portfolio import customer_jobs
    from cmtools.reports import customers_above

    above = _amount(parsed.above, "above", "money") or 0.0
    parameters, (_, ledger, told) = _credit_parameters(parsed)
    if ledger is None:
        raise InputError([Defect("ledger_needed", "fatal")])
    chosen = customers_above(ledger, parameters["as_of"], above, told)
    if chosen.empty:
        raise InputError([Defect("cli_none_above", "fatal", value=parsed.above)])
    return _run_jobs(customer_jobs(chosen, parameters, parsed.language), parsed.output, parsed)


def _credit_parameters(parsed: argparse.Namespace) -> tuple[dict[str, Any], tuple[Any, Any, Any]]:
    """Parameters of a credit file, and the tables behind it: all that cannot be used is refused here, at once."""
    from cmtools.reports import read_accounts, read_books, read_credit_settings
    from cmtools.settings import read_words
    from cmtools.terms import parse_terms

    options = vars(parsed)
    files = {name: options[name] for name in (*_ACCOUNTS, *_BOOKS, *_SETTINGS)}
    given = [path for path in (*files.values(), parsed.comments) if path]
    absent = [Defect("missing_file", "fatal", value=path) for path in given if not Path(path).is_file()]
    if absent:
        raise InputError(absent)
    if not any(files[name] for name in (*_ACCOUNTS, "ledger")):
        raise InputError([Defect("accounts_or_ledger", "fatal")])
    day = _report_day(parsed.as_of)
    if parsed.year_end:
        as_day(parsed.year_end, "--year-end")
    if parsed.terms_asked:
        parse_terms(parsed.terms_asked)
    numbers = {name: _amount(options[name], name, unit) for name, unit in _NUMBERS.items()}
    accounts = read_accounts(**{name: files[name] for name in _ACCOUNTS}, year_end=parsed.year_end)
    books = {name: files[name] for name in _BOOKS}
    ledger = read_books(**books, terms=parsed.terms, tolerant=parsed.tolerant)
    told = read_credit_settings(**{name: files[name] for name in _SETTINGS})
    parameters = {name: str(Path(path).resolve()) if path else "" for name, path in files.items()}
    parameters |= numbers | {name: options[name] for name in ("terms", "tolerant", "year_end", "combine", "owner")}
    parameters |= {"terms_asked": parsed.terms_asked, "company_name": parsed.company, "language": parsed.language}
    parameters |= {"as_of": day, "comments": read_words(parsed.comments) if parsed.comments else ""}
    return parameters, (accounts, ledger, told)


def _amount(written: str | None, name: str, unit: str) -> float | None:
    """A number of the committee's; none of them can be negative, nor a share above 1."""
    from cmtools.settings import read_number

    if written is None:
        return None
    option = f"--{name.replace('_', '-')}"
    value = read_number(written, unit, option)
    if value < 0 or (unit == "rate" and value > 1):
        code = "limit_bad_share" if unit == "rate" else "limit_bad_amount"
        raise InputError([Defect(code, "fatal", column=option, value=written)])
    return value


def _report_day(written: str) -> str:
    day = as_day(written, "--as-of")
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise InputError([Defect("date_out_of_reach", "fatal", column="--as-of", value=written, details=_REACH)])
    return f"{day:%Y-%m-%d}"


def _monthly(parsed: argparse.Namespace) -> int:
    from cmtools.external import read_external
    from cmtools.reports import ReportError, notebook_path, read_source, run
    from cmtools.settings import read_signals, read_targets, read_words

    fecs = [path for group in parsed.fec for path in group]
    if len(fecs) > 2 or bool(fecs) == bool(parsed.ledger):
        raise InputError([Defect("ledger_or_fec", "fatal")])
    sources = {
        "ledger": parsed.ledger,
        "settlements": parsed.settlements,
        "customers": parsed.customers,
        "fec": fecs[0] if fecs else "",
        "previous_fec": fecs[1] if len(fecs) == 2 else "",
        "columns": parsed.columns,
    }
    settings = {"targets": parsed.targets, "signals": parsed.signals, "external": parsed.external}
    texts = {"decisions": parsed.decisions, "actions": parsed.actions}
    given = [path for path in (*sources.values(), *settings.values(), *texts.values()) if path]
    books = [sources[name] for name in ("ledger", "settlements", "customers")] if parsed.engine else []
    there = [path for path in given if path not in books and not (path == parsed.ledger and Path(path).is_dir())]
    absent = [Defect("missing_file", "fatal", value=path) for path in there if not Path(path).is_file()]
    if absent:
        raise InputError(absent)
    day = _report_day(parsed.as_of)
    # What cannot be used is refused here: at once, and before there is an output folder. The notebook reads it again.
    read_source(**sources, terms=parsed.terms, tolerant=parsed.tolerant, engine=parsed.engine, check=False)
    readers: dict[str, Callable[[str], Any]] = {"targets": read_targets, "signals": read_signals}
    for name, read in (readers | {"external": read_external}).items():
        if settings[name]:
            read(settings[name])
    numbers = {
        "financing_rate": (parsed.financing_rate, "rate"),
        "margin_rate": (parsed.margin_rate, "rate"),
        "equity": (parsed.equity, "money"),
    }
    parameters: dict[str, Any] = {
        name: str(Path(path).resolve()) if path else "" for name, path in (sources | settings).items()
    }
    parameters |= {name: read_words(path) if path else "" for name, path in texts.items()}
    parameters |= _numbers(numbers)
    parameters |= {
        "as_of": day,
        "company_name": parsed.company,
        "terms": parsed.terms,
        "engine": parsed.engine,
        "language": parsed.language,
    }
    notebook = notebook_path("report_monthly", parsed.language)
    try:
        made = run(notebook, parameters | {"tolerant": parsed.tolerant}, parsed.output, language=parsed.language)
    except (ReportError, OSError) as error:
        print(message("cli_failed", parsed.language, value=_why(error, parsed.language)), file=sys.stderr)
        return 1
    print(message("cli_written", parsed.language))
    for kind in ("html", "xlsx", "ipynb"):
        print(f"  {made[kind].resolve()}")
    return 0


def _batch(parsed: argparse.Namespace) -> int:
    from cmtools.portfolio import read_portfolio

    day = _report_day(parsed.as_of) if parsed.as_of else None
    jobs = read_portfolio(parsed.portfolio, day, parsed.language)
    return _run_jobs(jobs, parsed.output or str(Path("reports") / Path(parsed.portfolio).stem), parsed)


def _run_jobs(jobs: Sequence[Any], output: str, parsed: argparse.Namespace) -> int:
    """Make many reports; exit code 130: interrupted."""
    from cmtools.batch import TIME_LIMIT, run_batch
    from cmtools.forms_batch import Progress

    workers, limit = _count(parsed.workers, "--workers"), _count(parsed.time_limit, "--time-limit")
    with Progress(len(jobs), parsed.language) as progress:
        batch = run_batch(
            jobs,
            output,
            workers=workers,
            time_limit=limit or TIME_LIMIT,
            resume=parsed.resume,
            cluster=parsed.dask,
            self_contained=parsed.self_contained,
            pdf=parsed.pdf,
            language=parsed.language,
            told=progress.told,
        )
    if batch.interrupted:
        left = batch.count("not_run")
        print(message("batch_interrupted", parsed.language, count=left), file=sys.stderr)
    counted = {status: batch.count(status) for status in ("made", "kept", "failed")}
    print(message("batch_ended", parsed.language, asked=len(jobs), **counted))
    print(f"  {batch.store.link('index.html')}")
    if batch.untold:
        print(message("batch_untold", parsed.language, reason=batch.untold), file=sys.stderr)
    return 130 if batch.interrupted else 1 if counted["failed"] or batch.untold else 0


def _count(written: str, option: str) -> int | None:
    """A whole number of at least 1; blank: None."""
    if written and not (written.isdecimal() and int(written)):
        raise InputError([Defect("cli_bad_count", "fatal", column=option, value=written)])
    return int(written) if written else None


def _numbers(given: dict[str, tuple[str | None, str]]) -> dict[str, float | None]:
    """Numbers of the options by name; every one that cannot be is told at once. A rate is below 100 %."""
    from cmtools.settings import read_number

    found: dict[str, float | None] = dict.fromkeys(given)
    defects = []
    for name, (text, unit) in given.items():
        option = f"--{name.replace('_', '-')}"
        try:
            found[name] = read_number(text, unit, option) if text else None
        except InputError as error:
            defects += error.defects
        if unit == "rate" and abs(found[name] or 0.0) >= 1:
            defects.append(Defect("cli_bad_rate", "fatal", column=option, value=str(text)))
    if defects:
        raise InputError(defects)
    return found


def _check(parsed: argparse.Namespace) -> int:
    from cmtools.load import sniff
    from cmtools.reports import read_source

    source = {
        "ledger" if Path(parsed.file).is_dir() else sniff(parsed.file): parsed.file,
        "settlements": parsed.settlements,
        "customers": parsed.customers,
        "columns": parsed.columns,
    }
    ledger = read_source(**source, terms=parsed.terms or None, tolerant=parsed.tolerant)
    print(ledger.report.text(parsed.language))
    print(message("cli_ok", parsed.language))
    return 0


def _convert(parsed: argparse.Namespace) -> int:
    from cmtools.conversion import convert, read_header

    beside = {name: getattr(parsed, name) or None for name in ("settlements", "customers", "columns")}
    folder = convert(
        parsed.file, parsed.output, previous=parsed.previous_fec or None, terms=parsed.terms or None,
        tolerant=parsed.tolerant, engine=parsed.engine, **beside,
    )  # fmt: skip
    _, report = read_header(folder)
    print(report.text(parsed.language))
    print(message("cli_converted", parsed.language))
    print(f"  {folder}")
    return 0


def _legal(parsed: argparse.Namespace) -> int:
    from cmtools.forms_claims import legal_lines
    from cmtools.legal import known

    on = as_day(parsed.on, "--on") if parsed.on else None
    print("\n".join(legal_lines(known(on, parsed.language), on, parsed.language)))
    return 0


def _statements_template(parsed: argparse.Namespace) -> int:
    from cmtools.settings import read_number
    from cmtools.templates import write_statements_template

    years = int(read_number(parsed.years, "count", "--years"))
    path = parsed.output or message("cli_template_name", parsed.language)
    return _written(write_statements_template(path, parsed.language, years), parsed.language)


def _balance_template(parsed: argparse.Namespace) -> int:
    from cmtools.live_workbook import write_functional_balance

    path = Path(parsed.output or message("cli_balance_name", parsed.language))
    if path.exists():
        raise InputError([Defect("template_exists", "fatal", value=str(path))])
    return _written(write_functional_balance(path, parsed.language), parsed.language)


def _tool(parsed: argparse.Namespace) -> int:
    from cmtools.tools import default_name, write_tool

    path = parsed.output or default_name(parsed.tool, parsed.language)
    return _written(write_tool(parsed.tool, path, parsed.language), parsed.language)


def _where(parsed: argparse.Namespace) -> int:
    from cmtools.progress import Progress, ProgressError, when

    try:
        progress = Progress()
        kept = progress.attempts()
    except ProgressError as error:
        return _refused(error.text(parsed.language))
    if kept:
        print(message("cli_course_kept", parsed.language, count=len(kept), when=when(kept[-1])))
    else:
        print(message("cli_course_none", parsed.language))
    print(f"  {progress.path}")
    return 0


def _export(parsed: argparse.Namespace) -> int:
    from cmtools.progress import Progress, ProgressError

    path = Path(parsed.output or message("cli_course_name", parsed.language))
    try:
        count = Progress().export(path, parsed.language, parsed.force)
    except ProgressError as error:
        return _refused(error.text(parsed.language))
    print(message("cli_course_exported", parsed.language, count=count))
    print(f"  {path.resolve()}")
    return 0


def _erase(parsed: argparse.Namespace) -> int:
    from cmtools.progress import Progress, ProgressError

    try:
        progress = Progress()
        if progress.exists() and not (parsed.yes or _agreed(str(progress.path), parsed.language)):
            print(message("cli_course_stays", parsed.language))
            return 1
        erased = progress.erase()
    except ProgressError as error:
        return _refused(error.text(parsed.language))
    print(message("cli_course_erased" if erased else "cli_course_none", parsed.language))
    if not erased:
        print(f"  {progress.path}")
    return 0


def _agreed(path: str, language: str) -> bool:
    try:
        return input(message("cli_course_ask", language, value=path)).strip().lower() in ("oui", "o", "yes", "y")
    except EOFError:  # nobody is there to answer
        print()
        return False


def _refused(text: str) -> int:
    print(text, file=sys.stderr)
    return 2


def _written(path: Path, language: str) -> int:
    print(message("cli_workbook_written", language))
    print(f"  {path.resolve()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
