"""What cmtools does with the mutilated inputs of ``mutilate.py``: an explained refusal, a right report, or a defect.

    python benchmarks/mutilated_inputs.py [--report [N]] [--only WORDS] [--jobs 2] [--table FILE]

Each case goes through ``cmtools check`` and ``cmtools report monthly``, in a folder of its own. Without ``--report``
the kernel is not started: the same source is read and the same open items are computed here. The table goes to
``mutilated_inputs.csv`` beside this script. Outcomes:

- *refused*: exit code 2, and sentences that name what the case expects (file, line, value); nothing written;
- *right report*: exit code 0; outstanding, open items and customer accounts are those of the rows; four files written;
- everything else is a defect, in capitals, with what was seen.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import multiprocessing
import os
import re
import signal
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))
from mutilate import Case, Truth, cases

LIMIT = 180  # seconds for one case
WRITTEN = ["report.html", "report.ipynb", "report.json", "report.xlsx"]
COLUMNS = ("kind", "case", "expected", "check_exit", "report_exit", "outcome", "said", "seconds")


class TooSlow(BaseException):
    """The time of a case is over."""


@dataclass
class Run:
    """One command: exit code, what it said, the traceback if it had one, and what the report showed."""

    code: Any = ""
    out: str = ""
    err: str = ""
    trace: str = ""
    shown: Truth | None = None
    page: str = ""
    left: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    """One row of the table."""

    kind: str
    case: str
    expected: str
    check_exit: Any
    report_exit: Any
    outcome: str
    said: str
    seconds: float

    @property
    def fine(self) -> bool:
        """Whether this is no defect."""
        return self.outcome in ("refused", "right report")


# --- one case -----------------------------------------------------------------------------------------------------


def examine(case: Case, folder: Path, whole: bool = False) -> Result:
    """Run both commands on a case and judge them."""
    start = time.perf_counter()
    for name, data in case.files.items():
        (folder / name).mkdir() if name.endswith("/") else (folder / name).write_bytes(data)
    before = _names(folder)
    with _in_folder(folder), _limit(LIMIT):
        said = ("--language", case.language)
        checked = _command(["check", *case.check, *said]) if case.check else Run()
        checked.left = sorted(_names(folder) - before)
        reported = _report(["report", "monthly", *case.report, *said, "--output", "out"], case.language, whole)
        reported.left = sorted(_names(folder) - before)
    defect = _judged(case, checked, reported, whole)
    outcome = defect or ("refused" if reported.code == 2 else "right report")
    first = _sentence(reported) or _figures_of(reported.shown)
    seconds = round(time.perf_counter() - start, 1)
    return Result(case.kind, case.name, case.expected.outcome, checked.code, reported.code, outcome, first, seconds)


def _names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@contextlib.contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _limit(seconds: int) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _command(arguments: Sequence[str]) -> Run:
    """Run the command in this process; whatever it raises is caught."""
    from cmtools.cli import main

    run, out, err = Run(), io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            run.code = main(list(arguments))
        except SystemExit as stop:  # the command line itself is wrong
            run.code = stop.code
        except BaseException as error:
            run.code, run.trace = type(error).__name__, traceback.format_exc(limit=-3)
    run.out, run.err = out.getvalue(), err.getvalue()
    return run


def _report(arguments: Sequence[str], language: str, whole: bool) -> Run:
    """Run `report monthly`; its figures come from its files, or from the same functions in this process."""
    if whole:
        run = _command(arguments)
        if run.code == 0:
            run.shown, run.page = _read_report(Path("out"), language)
            run.page += "".join(f"<f>{formula}</f>" for formula in sorted(_formulas(Path("out/report.xlsx"))))
        return run
    from cmtools import reports

    shown: list[Truth] = []

    def compute(_: Any, parameters: dict[str, Any], *__: Any, **___: Any) -> dict[str, Path]:
        shown.append(_computed(parameters))
        return dict.fromkeys(("html", "xlsx", "ipynb", "json"), Path("."))

    with mock.patch.object(reports, "run", compute):
        run = _command(arguments)
    run.shown = shown[0] if shown else None
    return run


def _computed(parameters: dict[str, Any]) -> Truth:
    """Outstanding and open items of the source, as the report computes them."""
    import cmtools as cm

    names = ("ledger", "settlements", "customers", "fec", "previous_fec", "terms", "columns", "tolerant")
    ledger = cm.reports.read_source(**{name: parameters[name] for name in names})
    day = cm.as_day(parameters["as_of"])
    items = cm.report_items(ledger, day)
    aged = cm.aged_balance(items, day, by=None)  # of which the key figures are made
    owed = {currency: cents(total) for currency, total in zip(aged["currency"], aged["total"])}
    sums = items.groupby(["customer_id", "currency"])["open_amount"].sum().round(2)
    return Truth(owed, len(items), int((sums != 0).sum()))


def _read_report(folder: Path, language: str) -> tuple[Truth, str]:
    """Outstanding and open items as they stand in the workbook; and the page."""
    from python_calamine import CalamineWorkbook

    from cmtools.language import label, message

    book = CalamineWorkbook.from_path(str(folder / "report.xlsx"))

    def rows(key: str) -> list[dict[str, Any]]:
        table = book.get_sheet_by_name(message(f"sheet_{key}", language)).to_python()
        return [dict(zip(table[0], row)) for row in table[1:]]

    def cell(row: dict[str, Any], key: str) -> Any:
        return row.get(label(key, language), "")

    asked = label("outstanding", language)
    figures = [row for row in rows("figures") if cell(row, "indicator") == asked]
    owed = {cell(row, "currency"): cents(cell(row, "value")) for row in figures}
    items = [row for row in rows("items") if cell(row, "item_id")]  # without the totals
    balances: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in items:
        balances[cell(row, "customer_id"), cell(row, "currency")] += cents(cell(row, "open_amount"))
    for currency in owed:
        listed = sum((amount for (_, of), amount in balances.items() if of == currency), Decimal(0))
        if listed != owed[currency]:
            owed[f"{currency} in its items"] = listed
    page = (folder / "report.html").read_text(encoding="utf-8")
    return Truth(owed, len(items), sum(amount != 0 for amount in balances.values())), page


def _formulas(path: Path) -> set[str]:
    """Formulas of a workbook that are no sum of ours."""
    with zipfile.ZipFile(path) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/")]
    found = {formula for sheet in sheets for formula in re.findall(r"<f>(.*?)</f>", sheet)}
    return {text for text in found if not re.fullmatch(r"(SUM|SUMIF)\([^()]*\)|[A-Z]+\d+(\+[A-Z]+\d+)*", text)}


def cents(amount: float) -> Decimal:
    """Amount to the cent."""
    return Decimal(repr(round(float(amount), 2))).quantize(Decimal("0.01"))


# --- the judgement ------------------------------------------------------------------------------------------------


def _judged(case: Case, checked: Run, reported: Run, whole: bool) -> str:
    """The defect, in capitals; a blank if there is none."""
    for name, run in (("check", checked), ("report", reported)):
        if run.code == "TooSlow":
            return f"TOO SLOW: {name}"
        if run.trace or "Traceback" in run.err:
            return f"TRACEBACK: {name}: {run.trace.strip().splitlines()[-1] if run.trace else run.err[-300:]}"
    expected = case.expected
    for name, run, wanted in (
        ("check", checked, expected.check or expected.outcome),
        ("report", reported, expected.outcome),
    ):
        if run.code == "":
            continue
        if run.code not in (0, 2) or (wanted != "either" and run.code != {"refused": 2, "report": 0}[wanted]):
            return (
                f"{'ACCEPTED' if run.code == 0 else 'NOT ACCEPTED'}: {name}: {_sentence(run) or _figures_of(run.shown)}"
            )
        words = expected.words if wanted == expected.outcome else ()
        defect = _unexplained(run, words, expected.lines if run.code == 2 else (), name)
        if defect:
            return f"NOT EXPLAINED: {name}: {defect}"
        if run.left and not (whole and name == "report" and run.code == 0):
            return f"LEFT BEHIND: {name}: {run.left}"
    if expected.outcome == "either" and checked.code != "" and checked.code != reported.code:
        return f"NOT AGREED: check {checked.code}, report {reported.code}"
    if reported.code == 0:
        return _wrong(expected.truth, reported, whole, case.forbidden)
    return ""


def _unexplained(run: Run, words: tuple[str, ...], lines: tuple[int, ...], name: str) -> str:
    """What a refusal, or the words of `check`, do not say."""
    said = (run.err if run.code == 2 else run.out).replace("\u00a0", " ").replace("\u202f", " ")
    odd = sorted({sign for sign in run.out + run.err if not sign.isprintable() and sign not in "\n\u00a0\u202f"})
    if odd:
        return f"raw characters {odd}"
    if run.code == 2 and not said.startswith("usage:"):
        if not re.match(r"(Entrée inutilisable|Unusable input).*:\n- \S", said):
            return f"no sentence: {said[:200]}"
        if run.out:
            return f"refused, and yet said {run.out[:200]}"
    if run.code == 2 or name == "check":
        absent = [word for word in words if not any(" ".join(form.split()) in said for form in _forms(word))]
        absent += [f"line {number}" for number in lines if not _names_line(said, number)]
        return f"{absent} not in: {said[:300]}" if absent else ""
    return ""


def _forms(word: str) -> tuple[str, ...]:
    """A word; an amount of the sample as messages write it, in English and in French."""
    if not re.fullmatch(r"-?\d+,\d\d", word):
        return (word,)
    shown = f"{Decimal(word.replace(',', '.')):,.2f}"
    return word, shown, shown.translate({ord(","): " ", ord("."): ","})


def _names_line(said: str, number: int) -> bool:
    places = re.findall(r"\b(?:ligne|line) (\d[\d ,]*)", said)
    return number in {int(re.sub(r"\D", "", place)) for place in places}


def _wrong(truth: Truth | None, run: Run, whole: bool, forbidden: tuple[str, ...]) -> str:
    """What in a report is not as it should be."""
    if truth is None or run.shown is None:
        return "NO FIGURES"
    owed = {currency: amount for currency, amount in run.shown.owed.items() if amount}
    right = {currency: amount for currency, amount in truth.owed.items() if amount}
    if owed != right:
        return f"WRONG TOTAL: {_figures_of(run.shown)}, not {_figures_of(truth)}"
    for name, seen, counted in zip(("items", "accounts"), run.shown[1:], truth[1:]):
        if counted is not None and seen != counted:
            return f"WRONG NUMBER of {name}: {seen}, not {counted}"
    if whole:
        if sorted(name for name in run.left) != ["out", *(f"out/{name}" for name in WRITTEN)]:
            return f"LEFT BEHIND: report: {run.left}"
        found = [text for text in (*forbidden, "<f>") if text in run.page]
        if found:
            return f"NOT ESCAPED: {found}"
    return ""


def _sentence(run: Run) -> str:
    """The first defect that a refusal names."""
    lines = [line for line in run.err.splitlines() if line.strip()]
    first = next((line[2:] for line in lines if line.startswith("- ")), lines[-1] if lines else "")
    return first if len(first) <= 200 else first[:199] + "…"


def _figures_of(truth: Truth | None) -> str:
    if truth is None:
        return ""
    return ", ".join([f"{amount} {currency}" for currency, amount in truth.owed.items()] + [f"{truth.items} items"])


# --- all of them --------------------------------------------------------------------------------------------------


def _in_own_folder(case: Case, whole: bool) -> Result:
    with tempfile.TemporaryDirectory(prefix="mutilated-", ignore_cleanup_errors=True) as folder:
        return examine(case, Path(folder).resolve(), whole)


def summary(results: Sequence[Result]) -> str:
    """Counts by kind and outcome."""
    names = ("refused", "right report", "defect")
    counts = Counter((result.kind, result.outcome if result.fine else "defect") for result in results)
    kinds = list(dict.fromkeys(result.kind for result in results))
    lines = [f"{'kind':<20}{'cases':>7}" + "".join(f"{name:>14}" for name in names)]
    for kind in (*kinds, "all"):
        found = [
            sum(count for (of, name), count in counts.items() if kind in (of, "all") and name == each) for each in names
        ]
        lines.append(f"{kind:<20}{sum(found):>7}" + "".join(f"{count:>14}" for count in found))
    return "\n".join(lines)


def write(results: Sequence[Result], path: Path) -> None:
    """Write the table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows([getattr(result, name) for name in COLUMNS] for result in results)


def main() -> int:
    """Run the cases and print the table; 1 if there is a defect."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--report", type=int, nargs="?", const=1, default=0, metavar="N",
                        help="make the report of every case, or of every Nth, with a kernel")  # fmt: skip
    parser.add_argument("--only", default="", help="cases whose kind or name holds this")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--table", default=str(Path(__file__).with_suffix(".csv")))
    asked = parser.parse_args()
    chosen = [case for case in cases() if asked.only in f"{case.kind}: {case.name}"]
    start = time.perf_counter()
    with ProcessPoolExecutor(asked.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        whole = [bool(asked.report) and number % asked.report == 0 for number in range(len(chosen))]
        runs = [pool.submit(_in_own_folder, *each) for each in zip(chosen, whole)]
        results = []
        for run in runs:
            results.append(run.result())
            if not results[-1].fine:
                print(f"{results[-1].kind}: {results[-1].case}: {results[-1].outcome}", flush=True)
    if not asked.only:
        write(results, Path(asked.table))
    print(summary(results))
    print(f"{time.perf_counter() - start:.0f} s")
    return 0 if all(result.fine for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
