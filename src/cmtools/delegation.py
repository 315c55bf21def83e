"""Who may set a limit, refuse one or unblock an order, and up to what amount.

The defaults stand in ``reference/delegation.csv``, a CHOICE that every company replaces
with its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cmtools import language as words
from cmtools.frames import choice
from cmtools.language import label, message
from cmtools.limits import Checks, missing
from cmtools.settings import Reader, key_of, reference_rows

DECISIONS = ("set_limit", "refuse_limit", "unblock_order")
ROLES = ("credit_analyst", "credit_manager", "cfo", "credit_committee", "general_management")
RISK_LEVELS = ("A", "B", "C", "D", "E")


def read_delegation(path: Any = None, levels: Sequence[str] = RISK_LEVELS) -> pd.DataFrame:
    r"""Who may decide how much: the defaults, or the user's file.

    Parameters
    ----------
    path : path, optional
        CSV (`;` or `,`, decimal comma or point) or workbook with the headings
        Décision (fixer une limite, refuser, débloquer une commande; blank:
        all three), Fonction, Niveau de risque (blank: all), Jusqu'à,
        Remarque, or Decision, Role, Risk level, Up to, Remark. « sans limite »
        is written in words; a blank amount is refused.
    levels : sequence of str
        Risk levels that exist, from the best.

    Returns
    -------
    pandas.DataFrame, one row per decision, risk level and function
        `decision` (set_limit, refuse_limit, unblock_order), `risk_level`,
        `role` (key of a usual function, or the company's own word), `up_to`
        (incl. VAT; infinite: without limit), smallest first.

    Raises
    ------
    InputError
        With every defect of the file: an unknown decision or level, a blank
        function, an amount that is blank, negative or readable in two ways, a
        function twice, two functions with one ceiling (who decides?).

    Notes
    -----
    The defaults are a CHOICE: every company sets its own. A row that names a
    level, or a decision, goes before one that names none.

    Examples
    --------
    Up to what limit may the credit manager decide for a customer of level C?

    >>> table = read_delegation()
    >>> mine = (table["role"] == "credit_manager") & (table["risk_level"] == "C") & (table["decision"] == "set_limit")
    >>> float(table.loc[mine, "up_to"].iloc[0])
    25000.0
    """
    rows = _default_delegation(levels) if path is None else _own_delegation(path, levels)
    table = pd.DataFrame(rows, columns=["decision", "risk_level", "role", "up_to"])
    ranks = table.assign(
        first=table["decision"].map(DECISIONS.index), second=table["risk_level"].map(list(levels).index)
    )
    return ranks.sort_values(["first", "second", "up_to"], kind="stable", ignore_index=True)[list(table.columns)]


def _default_delegation(levels: Sequence[str]) -> list[tuple[str, str, str, float]]:
    found = []
    for row in reference_rows("delegation.csv"):
        ceiling = float(row["up_to"]) if row["up_to"] else math.inf
        for level in [row["risk_level"]] if row["risk_level"] else levels:
            found += [(row["decision"], level, row["role"], ceiling)] if level in levels else []
    return found


def _own_delegation(path: Any, levels: Sequence[str]) -> list[tuple[str, str, str, float]]:
    reader = Reader(path, "delegation")
    seen: dict[Any, int] = {}
    given: list[tuple[Any, tuple[str, ...], tuple[str, ...], str, float]] = []
    for row in reader.rows:
        decisions = _decisions(reader, row)
        chosen = _levels(reader, row, levels)
        role, ceiling = _role(reader, row), _ceiling(reader, row)
        place = (decisions, chosen, role)
        if role and decisions and chosen and reader.unique(row, "role", place, seen) and ceiling is not None:
            given.append((row, decisions, chosen, role, ceiling))
    # the more a row names, the later it is laid down, and the one that names more then stays
    found: dict[tuple[str, str, str], tuple[float, Any]] = {}
    for row, decisions, chosen, role, ceiling in sorted(given, key=lambda one: -len(one[1]) * len(one[2])):
        found |= {(decision, level, role): (ceiling, row) for decision in decisions for level in chosen}
    _refuse_ties(reader, found)
    reader.report.refuse()
    return [(decision, level, role, ceiling) for (decision, level, role), (ceiling, _) in found.items()]


def _refuse_ties(reader: Reader, found: Mapping[tuple[str, str, str], tuple[float, Any]]) -> None:
    """Two functions with one ceiling leave open which of them decides."""
    first: dict[tuple[str, str, float], Any] = {}
    told: set[int] = set()
    for (decision, level, _), (ceiling, row) in found.items():
        other = first.setdefault((decision, level, ceiling), row)
        if other is not row and row.line not in told:
            told.add(row.line)
            reader.wrong(row, "up_to", "delegation_tie", first=other.line)


def _decisions(reader: Reader, row: Any) -> tuple[str, ...]:
    if not row.text("decision"):
        return DECISIONS
    found = reader.key(row, "decision", list(DECISIONS))
    return (found,) if found else ()


def _levels(reader: Reader, row: Any, levels: Sequence[str]) -> tuple[str, ...]:
    written = row.text("risk_level")
    if not written:
        return tuple(levels)
    found = [level for level in levels if level.casefold() == written.casefold()]
    if not found:
        reader.wrong(row, "risk_level", "bad_choice", expected=", ".join(levels))
    return tuple(found)


def _role(reader: Reader, row: Any) -> str:
    """Key of a usual function, or the company's own word for one."""
    written = str(row.text("role"))
    if not written:
        reader.wrong(row, "role", "blank_value", expected=label("credit_manager"))
        return ""
    return key_of(written, "delegation_role", ROLES) or written


def _ceiling(reader: Reader, row: Any) -> float | None:
    written = row.text("up_to")
    if key_of(written, "delegation_amount", ("unlimited",)):
        return math.inf
    if not written:
        reader.wrong(row, "up_to", "blank_value", expected=message("delegation_expected"))
        return None
    return reader.number(row, "up_to", "money")


def decider(
    amount: float, risk_level: str | None, delegation: pd.DataFrame | None = None, decision: str = "set_limit"
) -> str | None:
    """Who may decide on an amount for a customer of a risk level.

    Parameters
    ----------
    amount : float
        Limit to set, request to refuse, or order to unblock, incl. VAT.
    risk_level : str or None
        None: not rated, judged as the worst level there is (CHOICE).
    delegation : pandas.DataFrame, optional
        As :func:`read_delegation` gives it.
    decision : {"set_limit", "refuse_limit", "unblock_order"}

    Returns
    -------
    str or None
        Function with the lowest ceiling that is enough (`role`); None: the
        amount is above every ceiling.

    Raises
    ------
    InputError
        If the amount is missing or negative, or the level or decision unknown.

    Examples
    --------
    >>> decider(45_000, "B"), decider(45_000, "D"), decider(45_000, None)
    ('credit_manager', 'credit_committee', 'credit_committee')
    """
    choice("decision", decision, DECISIONS)
    checks = Checks()
    if missing(amount):
        checks.wrong("limit_bad_amount", "amount", amount)
    number = checks.amount("amount", amount) or 0.0
    table = read_delegation() if delegation is None else delegation
    mine = table[table["decision"] == decision]
    known = list(dict.fromkeys(mine["risk_level"]))
    chosen = known[-1] if missing(risk_level) and known else str(risk_level)
    if chosen not in known:
        checks.one_of("risk_level", chosen, known)
    checks.done()
    able = mine[(mine["risk_level"] == chosen) & (mine["up_to"] >= number)].sort_values("up_to", kind="stable")
    return None if able.empty else str(able["role"].iloc[0])


def delegation_table(
    delegation: pd.DataFrame | None = None, decision: str = "set_limit", language: str | None = None
) -> pd.DataFrame:
    """The delegation of one decision for a reader: a function a row, a risk level a column.

    Examples
    --------
    >>> delegation_table(decision="refuse_limit", language="en")["A"].tolist()[-1]
    'without limit'
    """
    choice("decision", decision, DECISIONS)
    table = read_delegation() if delegation is None else delegation
    mine = table[table["decision"] == decision]
    roles = mine.groupby("role", sort=False)["up_to"].max().sort_values(kind="stable").index
    without = message("delegation_unlimited", language)
    cells = {(row["role"], row["risk_level"]): row["up_to"] for row in mine.to_dict("records")}
    rows = []
    for role in roles:
        ceilings = [cells.get((role, level)) for level in dict.fromkeys(mine["risk_level"])]
        shown = ["–" if c is None else without if c == math.inf else words.integer(c, language) for c in ceilings]
        rows.append([label(role, language), *shown])
    return pd.DataFrame(rows, columns=["role", *dict.fromkeys(mine["risk_level"])])


def delegation_sheet(language: str | None = None) -> pd.DataFrame:
    """The default delegation as the table that :func:`read_delegation` reads, to be edited in a spreadsheet.

    Parameters
    ----------
    language : {"fr", "en"}, optional
        Of the headings and words.

    Returns
    -------
    pandas.DataFrame of text, one row per decision, function and risk level

    Examples
    --------
    >>> delegation_sheet("fr").iloc[0].tolist()
    ['Fixer une limite', 'Analyste crédit', 'A', '20 000', 'CHOICE']
    """
    tongue = words.resolve(language)
    columns = ["decision", "role", "risk_level", "up_to", "remark"]
    headings = ["Décision", "Fonction", "Niveau de risque", "Jusqu'à", "Remarque"]
    without = message("delegation_unlimited", tongue)
    rows = []
    for row in reference_rows("delegation.csv"):
        named = [label(row[name], tongue) for name in ("decision", "role")]
        ceiling = words.integer(float(row["up_to"]), "en").replace(",", " ") if row["up_to"] else without
        rows.append([named[0][:1].upper() + named[0][1:], named[1], row["risk_level"], ceiling, "CHOICE"])
    return pd.DataFrame(rows, columns=headings if tongue == "fr" else [label(name, "en") for name in columns])
