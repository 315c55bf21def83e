"""Working workbooks, one a question of the trade: cells to fill in, live formulas, a made-up example.

:func:`write_tool` writes one; ``cmtools template`` does it from the command line.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import xlsxwriter

from cmtools.files import written_whole
from cmtools.language import Reason, message, resolve
from cmtools.schemas import Defect, InputError
from cmtools.tool_sheets import ToolBook
from cmtools.tools_collection import write_collection
from cmtools.tools_costs import write_hidden_cost
from cmtools.tools_interest import write_late_interest
from cmtools.tools_receivables import write_aged_balance, write_dso

TOOLS: dict[str, Callable[[ToolBook], None]] = {
    "hidden_cost": write_hidden_cost,
    "dso": write_dso,
    "aged_balance": write_aged_balance,
    "late_interest": write_late_interest,
    "collection": write_collection,
}


def write_tool(name: str, path: str | Path, language: str | None = None, *, overwrite: bool = False) -> Path:
    """Write a working workbook: coloured cells to fill in, the rest formulas, locked without a password.

    Parameters
    ----------
    name : {"hidden_cost", "dso", "aged_balance", "late_interest", "collection"}
        - hidden_cost: sales that make up for a loss, amount by margin (rule
          COST-COMP), and the full cost of one unpaid invoice (COST-TOTAL);
        - dso: DSO of each month by both methods, with its chart (DSO-S, DSO-CB);
        - aged_balance: invoices pasted in, the aged balance of the customers,
          its control (AGE-*);
        - late_interest: late interest by half-year and the 40 EUR indemnity of
          each invoice (Code de commerce, art. L441-10, II);
        - collection: follow-up of each invoice, its next action, promises,
          priority (PTP).
    path : str or Path
        XLSX; it appears only once complete.
    language : {"fr", "en"}, optional
    overwrite : bool
        False: a file that exists is refused, since it may hold what someone typed.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If `name` is none of these, `path` exists or cannot be written.

    Notes
    -----
    Amounts include VAT unless a heading says otherwise, rates are shown in
    percent. A blank is unknown, never nil: what cannot be computed shows
    « n.c. » with its reason. The names and figures of the example are made up.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_tool("dso", Path(folder) / "dso.xlsx", "en").name
    'dso.xlsx'
    """
    path, tongue = Path(path), resolve(language)
    defects = []
    if name not in TOOLS:
        details = {"argument": "name", "expected": ", ".join(TOOLS)}
        defects.append(Defect("ledger_bad_argument", "fatal", value=str(name), details=details))
    if path.exists() and not overwrite:
        defects.append(Defect("template_exists", "fatal", value=str(path)))
    if defects:
        raise InputError(defects)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    try:
        with written_whole(path) as partial, xlsxwriter.Workbook(partial, options) as book:
            TOOLS[name](ToolBook(book, name, tongue))
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        details = {"reason": Reason.of(error)}
        raise InputError([Defect("template_not_written", "fatal", value=str(path), details=details)]) from None
    return path


def default_name(name: str, language: str | None = None) -> str:
    """Name of the file in the reader's language, where none is given.

    Examples
    --------
    >>> default_name("aged_balance", "fr")
    'balance_agee.xlsx'
    """
    return message(f"tool_file_{name}", language)
