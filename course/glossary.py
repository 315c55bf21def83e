"""GLOSSARY.md, written from the terms and rules of the package.

``python course/glossary.py`` rewrites the file; a test holds it equal to its sources.
"""

from __future__ import annotations

import csv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "src" / "cmtools" / "reference"

HEAD = """\
# Glossaire · Glossary

Written from `src/cmtools/reference/terms.csv` and `rules.csv` by `make glossary`; change those, not this page.

A. One French and one English label per term, its short form and the name it has in code.
Unit: EUR TTC includes VAT, EUR HT does not; *jours* are calendar days; a *fraction* is shown as a percentage.

B. The rules that the calculations follow. **CHOICE**: sources differ, this is the default taken here, and the variant
is an argument. **UNCONFIRMED**: no public source that we could read states it in full.

*usage*: a word of the trade, without one text that defines it. A code that part B does not have belongs to a topic that
the calculations do not cover yet.
"""


def read(name: str) -> list[dict[str, str]]:
    """Rows of one reference table."""
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def glossary() -> str:
    """The whole page."""
    terms = sorted(read("terms.csv"), key=lambda row: row["en"].casefold())
    parts = [HEAD, "## A. Termes · Terms\n", *map(term, terms), "## B. Règles de calcul · Rules\n"]
    return "\n".join([*parts, *map(rule, read("rules.csv"))])


def term(row: dict[str, str]) -> str:
    """One entry: labels, definitions, unit, source."""
    short = "" if row["fr_short"] == row["fr"] else f" ({row['fr_short']})"
    source = " ".join(linked(word) for word in row["source"].split(" "))
    return (
        f"### {row['en']} · {row['fr']}{short}\n\n{row['definition_en']}\n\n{row['definition_fr']}\n\n"
        f"`{row['key']}` · {row['unit']} · {source}\n"
    )


def rule(row: dict[str, str]) -> str:
    """One rule: code, what it says in both languages, status, source."""
    status = f" **{row['status']}.**" if row["status"] else ""
    source = f" {linked(row['source'])}" if row["source"] else ""
    return f"### {row['code']} · {row['en']} · {row['fr']}\n\n{row['text_en']}{status}{source}\n\n{row['text_fr']}\n"


def linked(word: str) -> str:
    """A web address as a link, any other word as it is."""
    return f"<{word}>" if word.startswith("http") else word


if __name__ == "__main__":
    (ROOT / "GLOSSARY.md").write_text(glossary(), encoding="utf-8")
