"""What a warmed process imports and does once, so that no kernel forked from it does it again.

No thread may be alive afterwards: a fork copies only the thread that asks for it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any, cast

import cmtools

# Read by the libraries when they are loaded: no pool of NumPy, no thread of the allocators of Arrow and of Polars.
WITHOUT_THREADS = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "_RJEM_MALLOC_CONF": "background_thread:false",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else the debugger, when imported, prints four lines of advice
}
MODULES = (
    "numpy", "pyarrow", "pandas", "narwhals", "plotly.express", "plotly.graph_objects", "xlsxwriter",
    "python_calamine", "yaml", "jinja2", "ipywidgets", "nbformat",  # Plotly looks for it when it shows a figure
    "IPython", "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.debugger", "ipykernel.zmqshell",
    "ipykernel.heartbeat", "ipykernel.iostream", "IPython.core.completerlib", "IPython.core.debugger",
    "IPython.core.oinspect", "IPython.extensions.storemagic", "tornado.platform.asyncio", "faulthandler", "pdb",
)  # fmt: skip
STARTUP = "__register_startup_deps"  # of the compiled part of Polars: it starts a thread


def quick_start() -> None:
    """Keep jsonschema, which checks notebooks, from building a grammar of addresses: a second at each start.

    For a process that is ours alone: no notebook holds an international address to be checked.
    """
    sys.modules.setdefault("rfc3987_syntax", cast(Any, None))  # importing it fails, which jsonschema foresees


def preload() -> list[Callable[[], object]]:
    """Import, read the tables of words, draw a first figure and format a first table.

    Returns
    -------
    list of callables
        What each forked process must call first: what was put off because it starts a thread.
    """
    for name in MODULES:
        import_module(name)
    put_off = _polars_later()
    if put_off:  # else Polars, which most modules import, is left to each kernel
        for name in dir(cmtools):
            with suppress(Exception):  # a notebook that needs it will say why it cannot be had
                getattr(cmtools, name)
    _first_use()
    return put_off


def _polars_later() -> list[Callable[[], object]]:
    """Import Polars, but leave its own thread for each forked process to start; no Polars where that cannot be done."""
    with suppress(ImportError):
        native = import_module("_polars_runtime_32._polars_runtime")
        start = getattr(native, STARTUP, None)
        if callable(start):
            asked: list[tuple[Any, ...]] = []
            setattr(native, STARTUP, lambda *arguments: asked.append(arguments))
            import_module("polars")
            setattr(native, STARTUP, start)
            return [partial(start, *arguments) for arguments in asked]
    return []


def _first_use() -> None:
    import pandas as pd
    import plotly.express as px

    from cmtools.language import label, message

    message("place_line", "fr", line=1)
    label("total", "fr")
    table = pd.DataFrame({"kind": ["a", "b"], "amount": [1.0, 2.0]})
    table.groupby("kind").sum().style.format("{:.1f}").to_html()
    for draw in (px.bar, px.line):  # made but not shown: Plotly chooses how to show when a kernel first does
        draw(table, x="kind", y="amount").to_json()


def threads() -> int:
    """Threads of this process, those of compiled libraries among them."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        import threading

        return threading.active_count()
