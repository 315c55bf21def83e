"""Values that the working workbooks show before anything is typed: ``reference/tool_values.csv``.

LibreOffice computes them from the formulas (`python data/make_tool_values.py`, again after any change of a workbook),
so that a program that only shows a workbook shows the right figures; a test recalculates them.
"""

import csv
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl

from cmtools.tools import TOOLS, write_tool

VALUES = Path(__file__).resolve().parents[1] / "src" / "cmtools" / "reference" / "tool_values.csv"
TONGUES = ("fr", "en")
SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
WRONG = "987654321"  # in place of every cached value, so that nothing passes that was not computed
ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">
<value>0</value></prop></item></oor:items>"""


def recalculated(paths: Sequence[Path], folder: Path) -> dict[str, openpyxl.Workbook]:
    """Workbooks by name, their cached values made wrong, then computed again by LibreOffice in one run."""
    spoiled, out, profile = folder / "spoiled", folder / "out", folder / "profile"
    for place in (spoiled, out, profile / "user"):
        place.mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(ALWAYS, encoding="utf-8")
    for path in paths:
        _spoil(path, spoiled / path.name)
    command = [str(SOFFICE), "--headless", f"-env:UserInstallation={profile.as_uri()}", "--convert-to", "xlsx",
               "--outdir", str(out), *(str(spoiled / path.name) for path in paths)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=280)
    return {path.name: openpyxl.load_workbook(out / path.name, data_only=True) for path in paths}


def _spoil(path: Path, other: Path) -> None:
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name.startswith("xl/worksheets/sheet"):
                cached = r"(</f>)<v(?:/>| />|>[^<]*</v>)"
                data = re.sub(cached, rf"\1<v>{WRONG}</v>", data.decode("utf-8")).encode("utf-8")
            new.writestr(name, data)


def formula_cells(path: Path) -> list[tuple[int, str]]:
    """Sheet and cell of every formula."""
    book = openpyxl.load_workbook(path)
    return [
        (number, cell.coordinate)
        for number, sheet in enumerate(book.worksheets)
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]


def as_shown(value: Any) -> str:
    """A value as the table keeps it; a day is its number in a spreadsheet."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, datetime):
        return str((value.date() - date(1899, 12, 30)).days)
    if isinstance(value, int | float):
        return f"{value:.15g}"
    return str(value)


def main() -> None:
    """Write the table: the cells whose value is not the blank or nil that is written without it."""
    if SOFFICE is None:
        sys.exit("LibreOffice Calc (soffice) is needed")
    _write([])
    rows: list[dict[str, str | int]] = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        paths = {(tool, tongue): folder / f"{tool}_{tongue}.xlsx" for tool in TOOLS for tongue in TONGUES}
        for (tool, tongue), path in paths.items():
            write_tool(tool, path, tongue)
        computed = recalculated(list(paths.values()), folder)
        written = {path.name: openpyxl.load_workbook(path, data_only=True) for path in paths.values()}
        for tool in TOOLS:
            for number, spot in formula_cells(paths[tool, "fr"]):
                found, before = (
                    {
                        tongue: as_shown(books[paths[tool, tongue].name].worksheets[number][spot].value)
                        for tongue in TONGUES
                    }
                    for books in (computed, written)
                )
                if found != before:
                    rows.append({"tool": tool, "sheet": number, "cell": spot} | found)
    _write(rows)


def _write(rows: list[dict[str, str | int]]) -> None:
    with VALUES.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["tool", "sheet", "cell", *TONGUES], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
