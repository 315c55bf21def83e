"""Small portfolios for tests: a notebook that reads one file, and companies that go right or wrong in it."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import yaml

CODE = """
import json, os, sys, time
from pathlib import Path
from IPython.display import display, HTML
from html import escape
text = Path(ledger).read_text(encoding="utf-8")
said = json.loads(text)
exec(said.get("do", ""))
"""
SHOWN = """
import cmtools as cm
import pandas as pd
found = pd.DataFrame({"value": [said["amount"]], "unit": "money", "reason": "", "details": [{}]}, index=["outstanding"])
display(cm.display.published({"EUR": found}, language=language))
display(HTML(f"<p>{escape(company_name)}</p>"))
cm.workbook.write(workbook, [cm.workbook.Sheet("a", pd.DataFrame({"company_name": [company_name]}))], language)
"""


def write_notebook(path: Path) -> Path:
    """Write the notebook of a report that shows one amount of a file in JSON, and runs its code if it has any."""
    book = nbformat.v4.new_notebook()
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    parameters = 'language = "fr"\nas_of = ""\ncompany_name = ""\nledger = ""\nworkbook = ""'
    book.cells = [nbformat.v4.new_markdown_cell("# Essai")]
    book.cells += [nbformat.v4.new_code_cell(code) for code in (parameters, CODE, SHOWN)]
    book.cells[1].metadata["tags"] = ["parameters"]
    nbformat.write(book, path)
    return path


def write_portfolio(folder: Path, companies: dict[str, dict]) -> Path:
    """Write a portfolio of companies: name -> content of its file."""
    write_notebook(folder / "mine.ipynb")
    (folder / "in").mkdir(exist_ok=True)
    listed = []
    for number, (name, content) in enumerate(companies.items()):
        path = folder / "in" / f"{number}.json"
        path.write_text(json.dumps({"amount": 100.0 + number} | content), encoding="utf-8")
        listed.append({"company_name": name, "ledger": f"in/{number}.json", "output": f"c{number}"})
    path = folder / "portfolio.yaml"
    path.write_text(yaml.safe_dump({"report": "mine.ipynb", "companies": listed}), encoding="utf-8")
    return path
