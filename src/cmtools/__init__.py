"""Credit management in Python: receivables, from the ledger or the FEC to the monthly report.

Names are resolved on first use (PEP 562), so that ``import cmtools`` loads neither
pandas nor plotly.

Examples
--------
>>> import cmtools as cm
>>> sorted(name for name in dir(cm) if name == "aged_balance")
['aged_balance']
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "schemas": ("Defect", "InputError", "Ledger", "LoadReport", "as_day"),
    "load": ("read_ledger",),
    "fec": ("Fec", "read_fec", "write_fec"),
    "terms": ("due_date",),
    "receivables": (
        "aged_balance",
        "in_book_currency",
        "open_items",
        "outstanding_by_date",
        "overdue_rate",
        "reconciliation",
    ),
    "days_sales": ("balance_dso", "count_back", "dso", "dso_by_month", "sales_by_month"),
    "dashboard": ("currencies", "key_figures", "report_items"),
    "": ("display", "language", "plots", "receivables", "reports", "widgets", "workbook"),
}
_NAMES = {name: home for home, names in _HOME.items() for name in names}
__all__ = sorted(_NAMES)


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'cmtools' has no attribute {name!r}")
    home = _NAMES[name]
    value = getattr(import_module(f"cmtools.{home}"), name) if home else import_module(f"cmtools.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})
