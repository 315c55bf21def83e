"""One table in, one table for the reader out: French or English labels, numbers and dates.

Whatever comes from a client's file is text: it is escaped, never read as markup.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from cmtools import language as words
from cmtools.frames import collect
from cmtools.language import HARD, label, message
from cmtools.pages import INDICATORS
from cmtools.receivables import late_columns
from cmtools.schemas import Ledger, LoadReport

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
RIGHT = ("money", "rate", "precise_rate", "days", "integer", "index", "figure")
UNSUMMED = ("item_amount", "base")  # each in the currency of its own item; the same money, stretch after stretch
# Assumptions that move what is late, and what no sum of refused amounts can tell: said before any figure.
FIRST_PAGE = ("fec_terms", "fec_undated_lettering", "fec_fifo", "ledger_refused_unread")
# The class written twice weighs more than JupyterLab's own rules for tables, which align text right.
CSS = """
<style>
table.cm{border-collapse:collapse;font:13px Helvetica,Arial,sans-serif;margin:.4em 0;font-variant-numeric:tabular-nums}
table.cm.cm th{border-bottom:1.5px solid #33475b;padding:.3em .5em;vertical-align:bottom}
table.cm.cm th,table.cm.cm td{text-align:left;background:none}
table.cm.cm td{border-bottom:1px solid #e3e8ee;padding:.25em .5em}
table.cm.cm th.r,table.cm.cm td.r{text-align:right}
table.cm.cm th.r{min-width:4.3em}
table.cm td.r,table.cm tr.sum td{white-space:nowrap}
table.cm.cm tr.sum td{font-weight:600;border-top:1.5px solid #33475b}
table.cm td.neg{color:#a4262c}
table.cm td.nil{color:#9aa7b4}
.cm-cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(210px,1fr));gap:10px;margin:.8em 0}
.cm-card{border:1px solid #d5dde5;border-radius:6px;padding:.6em .8em}
.cm-card .k{font-size:12px;color:#4a5b6c}
.cm-card .v{font-size:21px;font-weight:600;font-variant-numeric:tabular-nums;white-space:nowrap}
.cm-card .p{font-size:12px;color:#4a5b6c}
.cm-card .target_reached{color:#2f6b4a}.cm-card .target_missed{color:#a4262c}
.cm-card details,.cm-more{font-size:12px;color:#33475b;margin-top:.3em}
.cm-card summary,.cm-more summary{cursor:pointer;color:#1f5f9e}
p.cm-headline{font-size:17px;line-height:1.45}
p.cm-warning{border-left:4px solid #c05a00;padding-left:.7em}
</style>
"""


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dicts by column name; a blank is None in text and NaN in numbers."""
    names = [str(name) for name in frame.columns]
    return [dict(zip(names, row)) for row in zip(*(cells_of(column) for _, column in frame.items()))]


def cells_of(column: pd.Series) -> list[Any]:
    """Values of a column, each of Python's own kind; a blank is None in text and NaN in numbers."""
    values = column.tolist()
    if column.dtype.kind in "biufc" or set(map(type, values)) <= _PLAIN:
        return values
    values = [value.item() if isinstance(value, np.generic) else value for value in values]
    return [None if is_blank(value) else value for value in values]


_PLAIN = {str, bool, int, type(None), pd.Timestamp}  # never a blank other than None


def is_blank(value: Any) -> bool:
    """Whether a cell holds nothing."""
    return value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value)


class Html(str):
    """Text that a notebook shows as HTML."""

    def __repr__(self) -> str:
        return f"Html({len(self)} characters)"

    def _repr_html_(self) -> str:
        return str(self)


def cell(value: Any, kind: str, language: str | None = None, unit: str = "") -> str:
    """One value as the reader writes it; plain text, not escaped.

    Examples
    --------
    >>> cell(0.125, "rate", "en"), cell(None, "money", "en"), cell("invoice", "choice", "fr")
    ('12.5%', '–', 'Facture')
    """
    if is_blank(value):
        return "" if kind in ("text", "choice") else "–"
    if isinstance(value, bool):
        return label("yes" if value else "no", language)
    if kind in _WORDED:
        return _WORDED[kind](value, language)
    if kind == "figure":
        return f"{cell(value, unit, language)}{HARD + message('days_short', language) if unit == 'days' else ''}"
    text = str(value)
    if text.isascii():
        return text
    # marks that turn the direction of writing would make a page say another figure
    return "".join(sign for sign in text if sign not in BIDI)


_WORDED: dict[str, Callable[[Any, str | None], str]] = {
    "money": lambda value, language: words.number(value, 2, language),
    "rate": lambda value, language: words.percent(value, 1, language),
    "precise_rate": lambda value, language: words.percent(value, 2, language),
    "days": lambda value, language: words.number(value, 1, language),
    "integer": words.integer,
    "index": lambda value, language: words.number(value, 4, language),
    "date": words.day,
    "month": words.month,
    "choice": lambda value, language: label(str(value), language) if value else "",
    "unit": lambda value, language: message(f"unit_{value}", language),
}


def table(
    frame: pd.DataFrame,
    language: str | None = None,
    *,
    columns: Sequence[str] | None = None,
    total: bool = False,
    limit: int | None = None,
    kind: str | None = None,
    name: str = "",
) -> Html:
    """Show a table with the reader's labels and formats.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns known to ``reference/labels.csv`` are shown by their kind.
    language : {"fr", "en"}, optional
    columns : sequence of str, optional
        Columns to show, in this order; those the frame lacks are left out.
    total : bool
        Add a line with the sum of the money columns (per currency where
        there are several); a column of which nothing is known has none.
    limit : int, optional
        Show the first rows only; the others are added up in one line, so
        that the total still agrees.
    kind : str, optional
        How all number columns are shown, where their names alone mislead.
    name : str
        Sheet of the workbook that holds the table.

    Returns
    -------
    Html

    Examples
    --------
    >>> shown = table(pd.DataFrame({"customer_name": ["<b>A</b>"], "overdue": [1234.5]}), "en")
    >>> "&lt;b&gt;A&lt;/b&gt;" in shown, "1,234.50" in shown
    (True, True)
    """
    if frame.empty:
        return Html(f"{CSS}<p>{escape(message('nothing_to_show', language))}</p>")
    frame = frame.reset_index(drop=True)  # labels that repeat would hide rows from the line of the others
    known = [column for column in frame.columns if _is_shown(frame, column)]
    names = [column for column in (columns or known) if column in known]
    if "currency" in names and len(frame["currency"].unique()) == 1:
        names.remove("currency")
    every = kinds_in(frame, kind)
    kinds = {column: every[column] for column in names}
    if "figure" in kinds.values():  # each figure carries its unit
        names = [column for column in names if column != "unit"]
    shown = frame.head(limit) if limit else frame
    body = [
        _row([row[column] for column in names], kinds, names, language, unit=str(row.get("unit", "")))
        for row in records(shown)
    ]
    for rest, caption in _sums(frame, shown, total, language):
        values = [rest.get(column) for column in names]
        values[0] = caption
        body.append(_row(values, {**kinds, names[0]: "text"}, names, language, "sum"))
    head = "".join(f"<th{_class(kinds[column])}>{escape(label(column, language))}</th>" for column in names)
    sheet = f' data-sheet="{escape(name)}"' if name else ""
    return Html(f'{CSS}<table class="cm"{sheet}><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table>')


def kinds_in(frame: pd.DataFrame, kind: str | None = None) -> dict[str, str]:
    """How each column of a table is shown: by its name, or, if it holds numbers, as `kind` says."""
    return {str(name): _kind_of(str(name), values, kind) for name, values in zip(frame.columns, frame.dtypes)}


def _kind_of(column: str, values: Any, kind: str | None) -> str:
    if values.kind == "b":
        return "choice"
    return kind if kind and values.kind in "iufc" else words.kind_of(column)


def _is_shown(frame: pd.DataFrame, column: Any) -> bool:
    if words.kind_of(column) == "money":
        return True
    values = frame[column]
    return not is_blank(values.iloc[0]) or not values.isna().all()


def _class(kind: str, value: Any = None) -> str:
    amount = value if kind == "money" and isinstance(value, int | float) else None
    signs = (("r", kind in RIGHT), ("neg", amount is not None and amount < 0), ("nil", amount == 0))
    names = [name for name, on in signs if on]
    return f' class="{" ".join(names)}"' if names else ""


def _row(
    values: Sequence[Any],
    kinds: dict[str, str],
    names: Sequence[str],
    language: str | None,
    css: str = "",
    unit: str = "",
) -> str:
    cells = []
    for value, name in zip(values, names):
        text = "" if css and value is None else cell(value, kinds[name], language, unit)
        cells.append(f"<td{_class(kinds[name], value)}>{escape(text)}</td>")
    return f"<tr{f' class={chr(34)}{css}{chr(34)}' if css else ''}>{''.join(cells)}</tr>"


def _sums(
    frame: pd.DataFrame, shown: pd.DataFrame, total: bool, language: str | None
) -> list[tuple[dict[str, Any], str]]:
    """Closing lines: what the shown rows leave out, then the total, by currency."""
    if not total and len(shown) == len(frame):
        return []
    numbers = [str(name) for name, kind in zip(frame.columns, frame.dtypes) if kind.kind in "iuf"]
    money = [name for name in numbers if words.kind_of(name) == "money" and name not in UNSUMMED]
    groups = list(frame.groupby("currency", sort=False)) if "currency" in frame.columns else [("", frame)]
    lines = []
    for currency, rows in groups:
        suffix = f" {currency}" if len(groups) > 1 else ""
        hidden = rows[rows.index >= len(shown)]
        if len(hidden):
            count = words.integer(len(hidden), language)
            caption = message("and_others", language, count=count, n=len(hidden)) + suffix
            lines.append((_sum(hidden, money, currency), caption))
        if total:
            lines.append((_sum(rows, money, currency), label("sum", language) + suffix))
    return lines


def _sum(rows: pd.DataFrame, money: list[str], currency: Any) -> dict[str, Any]:
    sums = rows[money].sum(min_count=1).tolist()  # of nothing known the sum is not nil
    return {"currency": currency} | {name: round(float(amount), 2) for name, amount in zip(money, sums)}


def aged_balance(aged: pd.DataFrame, ledger: Ledger, language: str | None = None, limit: int | None = 20) -> Html:
    """Aged balance by customer, names beside numbers, largest overdue first, with its total."""
    return table(aged_by_customer(aged, ledger), language, total=True, limit=limit)


def aged_by_customer(aged: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Aged balance with customer names, largest overdue first, columns in reading order."""
    late = late_columns(aged.columns)
    named = with_names(aged, ledger).assign(overdue=aged[late].sum(axis=1).round(2).to_numpy())
    named = named.sort_values(["overdue", "total"], ascending=False, ignore_index=True)
    first = ["customer_id", "customer_name", "currency", "total", "not_due"]
    optional = ("unknown_age", "disputed", "retention")
    rest = [name for name in named.columns if name not in (*first, "overdue") and words.kind_of(name) == "money"]
    rest = [name for name in rest if name not in optional or named[name].any()]
    return named[[*first, *rest]]


def with_names(frame: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Table with the customer's name beside its number."""
    known = nw.from_native(ledger.customers).select("customer_id", "customer_name")
    return frame.merge(collect(known), on="customer_id", how="left")


def key_figures(figures: pd.DataFrame, language: str | None = None, keys: Sequence[str] | None = None) -> Html:
    """Cards of the key figures, all or those of `keys`; each unfolds into formula, inputs and exclusions."""
    chosen = figures.loc[list(keys)] if keys else figures
    cards = "".join(_card(key, row, language) for key, row in zip(chosen.index, records(chosen)))
    return Html(f'{CSS}<div class="cm-cards">{cards}</div>')


def figure(row: dict[str, Any], language: str | None = None, column: str = "value") -> str:
    """Value of one indicator with its unit, or why there is none."""
    value = row[column]
    if value != value:
        if column == "value" and row["reason"]:
            return message("not_computable", language, reason=reason(row, language))
        return "–"
    if row["unit"] == "money":
        return words.money(value, row["currency"], language)
    return cell(value, "figure", language, row["unit"])


def reason(row: dict[str, Any], language: str | None = None) -> str:
    """Why an indicator has no value, in words."""
    return message(
        row["reason"], language, **{key: _detail(key, value, language) for key, value in row["details"].items()}
    )


def _detail(key: str, value: Any, language: str | None) -> str:
    return words.month(value, language) if key == "month" else words.number(value, 2 if key == "left" else 0, language)


def _card(key: str, row: dict[str, Any], language: str | None) -> str:
    value = figure(row, language)
    known = row["value"] == row["value"]
    inputs = ", ".join(
        f"{label(name, language)} {_input(name, number, row, language)}" for name, number in row["inputs"].items()
    )
    lines = [
        (label("formula", language), message(f"formula_{key}", language)),
        (label("inputs", language), inputs),
        (label("excluded", language), message(f"excluded_{key}", language)),
    ]
    unfolded = "".join(
        f"<div><b>{escape(head)}</b>{words.message('colon', language)}{escape(text)}</div>"
        for head, text in lines
        if text
    )
    shown = f'<div class="v">{escape(value)}</div>' if known else f"<div>{escape(value)}</div>"
    name = indicator_name(key, language)
    if known and row["reason"]:
        shown += f'<div class="p">{escape(reason(row, language))}</div>'
    return (
        f'<div class="cm-card"><div class="k">{escape(name)}</div>{shown}{_beside(row, language)}'
        f"<details><summary>{escape(message('see_figure', language))}</summary>{unfolded}</details></div>"
    )


def indicator_name(key: str, language: str | None = None) -> str:
    """An indicator in words: those of its card, where a column's would mislead ("dont litiges")."""
    own = label(f"card_{key}", language)
    return label(key, language) if own == f"card_{key}" else own


def targets(met: pd.DataFrame, language: str | None = None) -> pd.DataFrame:
    """Attainment of the targets with the indicators in words."""
    return met if met.empty else met.assign(indicator=[indicator_name(key, language) for key in met["indicator"]])


def _beside(row: dict[str, Any], language: str | None) -> str:
    """Target, month before and year before, one line each; no line for a target that was not set."""
    lines = []
    if row.get("target") == row.get("target") and "target" in row:
        reached = {True: "target_reached", False: "target_missed"}.get(row["attained"], "")
        mark = f' <b class="{reached}">{escape(message(reached, language))}</b>' if reached else ""
        lines.append(f"{_named('target', row, language)}{mark}")
    lines += [_named(name, row, language) for name in ("previous", "year_before") if name in row]
    return "".join(f'<div class="p">{line}</div>' for line in lines)


def _named(name: str, row: dict[str, Any], language: str | None) -> str:
    return escape(f"{label(name, language)}{message('colon', language)}{figure(row, language, name)}")


def indicators(figures: dict[str, pd.DataFrame], language: str | None = None) -> pd.DataFrame:
    """Key figures of all currencies as one table of plain numbers, each with its unit and formula."""
    rows = [
        {
            "indicator": indicator_name(str(key), language),
            "currency": row["currency"],
            "unit": row["unit"],
            **{name: row[name] for name in ("value", "target", "previous", "year_before")},
            "remark": reason(row, language) if row["reason"] else None,
            "formula": message(f"formula_{key}", language),
            "excluded": message(f"excluded_{key}", language),
        }
        for frame in figures.values()
        for key, row in zip(frame.index, records(frame))
    ]
    return pd.DataFrame(rows)


class Published:
    """Indicators for programs that read the executed notebook; a reader sees nothing of them."""

    def __init__(self, rows: list[dict[str, Any]]):
        self.rows = rows

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {INDICATORS: self.rows, "text/plain": ""}


def published(
    figures: Mapping[str, pd.DataFrame], keys: Sequence[str] | None = None, language: str | None = None
) -> Published:
    """Key figures as the index of a batch reads them back.

    Parameters
    ----------
    figures : mapping of str to pandas.DataFrame
        By currency, as :func:`cmtools.key_figures` gives them.
    keys : sequence of str, optional
        Which indicators, in which order; None: all.
    language : {"fr", "en"}, optional
        Of names and reasons.

    Returns
    -------
    Published
        Shown by a notebook, it leaves in its output one dict per currency:
        `currency` and `indicators`, each with `key`, `label`, `unit`, `value` (null:
        not computable) and `reason`. :func:`cmtools.reports.published` reads them.

    Examples
    --------
    >>> row = {"value": float("nan"), "unit": "days", "reason": "", "details": {}}
    >>> published({"EUR": pd.DataFrame([row], index=["dso_balance"])}, language="en").rows[0]["indicators"][0]["value"]
    """
    rows = []
    for currency, frame in figures.items():
        chosen = frame if keys is None else frame.loc[[key for key in keys if key in frame.index]]
        found = [
            {
                "key": str(key),
                "label": indicator_name(str(key), language),
                "unit": row["unit"],
                "value": None if is_blank(row["value"]) else float(row["value"]),
                "reason": reason(row, language) if row["reason"] else "",
            }
            for key, row in zip(chosen.index, records(chosen))
        ]
        rows.append({"currency": currency, "indicators": found})
    return Published(rows)


def limits_coverage(coverage: pd.DataFrame, language: str | None = None) -> Html:
    """How many customers were judged against a limit, and how much is owed without one, a sentence per currency."""
    said = []
    for row in records(coverage):
        if row["reason"]:
            text = label(str(row["reason"]), language)
            said.append(text[:1].upper() + text[1:] + ".")
            continue
        judged, free = (
            (
                words.integer(row[f"count_{name}"], language),
                words.money(row[f"outstanding_{name}"], row["currency"], language),
            )
            for name in ("judged", "without_limit")
        )
        values = {"count": judged[0], "amount": judged[1], "others": free[0], "rest": free[1]}
        said.append(message("limits_coverage", language, n=row["count_judged"], **values))
    return Html("".join(f"<p>{escape(text)}</p>" for text in said))


def open_items(named: pd.DataFrame) -> pd.DataFrame:
    """Open items as the workbook lists them: by customer and due date, flags as yes or nothing."""
    columns = [
        "customer_id", "customer_name", "kind", "document", "item_id", "issue_date", "due_date", "days_late",
        "currency", "open_amount", "item_currency", "item_amount", "is_disputed", "dispute_reason",
        "is_doubtful", "is_retention",
    ]  # fmt: skip
    flags = {
        f"is_{name}": named[name].map({True: "yes", False: None}) for name in ("disputed", "doubtful", "retention")
    }
    flagged = named.assign(**flags).sort_values(["customer_id", "due_date"])
    return flagged[[name for name in columns if name in flagged.columns]]


def actions(text: str) -> pd.DataFrame:
    r"""The committee's own words as a table: one action a line; owner and date after semicolons.

    Examples
    --------
    >>> actions("Call <Alpha>; sales; 15/07/2026\n\nReview the terms").fillna("")["owner"].tolist()
    ['sales', '']
    """
    lines = [[part.strip() or None for part in line.split(";", 2)] for line in str(text).splitlines() if line.strip()]
    rows = [[*parts, None, None][:3] for parts in lines]
    return pd.DataFrame(rows, columns=["action", "owner", "deadline"], dtype="str")


def explain_signals(found: pd.DataFrame, language: str | None = None) -> pd.DataFrame:
    """The signals with a sentence each.

    Parameters
    ----------
    found : pandas.DataFrame
        As :func:`warning_signals` gives it.
    language : {"fr", "en"}, optional

    Returns
    -------
    pandas.DataFrame
        The same rows with `said`: what was measured, and the threshold. Text
        of the client's files stands in it as written: escape it in HTML.

    Examples
    --------
    >>> row = {"signal": "old_dispute", "measured": 120.0, "unit": "days", "threshold": 90.0, "detail": "price",
    ...     "second_measured": None, "second_unit": None, "second_threshold": None, "currency": "EUR"}
    >>> explain_signals(pd.DataFrame([row]), "en")["said"].iloc[0]
    'dispute open for 120 days (threshold: 90 days): price'
    """
    said = [_sentence(row, language) for row in found.to_dict("records")]
    return found.assign(said=pd.Series(said, index=found.index, dtype="object"))


def signal_rules(signals: pd.DataFrame, currency: str = "EUR", language: str | None = None) -> pd.DataFrame:
    """The thresholds in force, in words.

    Parameters
    ----------
    signals : pandas.DataFrame
        As :func:`cmtools.read_signals` gives them.
    currency : str, default "EUR"
        That of the amounts.
    language : {"fr", "en"}, optional

    Returns
    -------
    pandas.DataFrame, one row per active signal
        `signal`, `said`.

    Examples
    --------
    >>> import cmtools as cm
    >>> signal_rules(cm.read_signals(), language="en").set_index("signal").loc["old_dispute", "said"]
    'a dispute open for more than 90 days'
    """
    rows = []
    for row in signals[signals["active"].astype(bool)].to_dict("records"):
        values = {
            "threshold": _worth(row["threshold"], row["unit"], currency, language),
            "second": _worth(row["second_threshold"], row["second_unit"], currency, language),
        }
        rows.append((row["signal"], message(f"signal_rule_{row['signal']}", language, **values)))
    return pd.DataFrame(rows, columns=["signal", "said"])


def _sentence(row: Mapping[Any, Any], language: str | None) -> str:
    signal, detail, currency = str(row["signal"]), row["detail"], str(row["currency"])
    values = {
        "measured": _worth(row["measured"], row["unit"], currency, language),
        "threshold": _worth(row["threshold"], row["unit"], currency, language),
        "second": _worth(row["second_measured"], row["second_unit"], currency, language),
        "second_threshold": _worth(row["second_threshold"], row["second_unit"], currency, language),
    }
    known = row["measured"] == row["measured"]
    key = f"signal_says_{signal}" if known else f"signal_unmeasured_{signal}"
    if signal == "insurer_refused" and row["second_measured"] == 0:
        key = "signal_says_insurer_zero"
    if isinstance(detail, str) and detail:
        return message(key, language, **values) + message("colon", language) + detail
    return message(key, language, **values)


def _worth(value: Any, unit: Any, currency: str, language: str | None) -> str:
    """A figure with its unit."""
    if not isinstance(unit, str) or value is None or value != value:
        return "–"
    if unit == "money":
        return words.money(value, currency, language)
    if unit == "rate":
        return words.percent(value, 1, language)
    text = words.integer(value, language) if float(value).is_integer() else words.number(value, 1, language)
    one = abs(value) == 1 or (words.resolve(language) == "fr" and abs(value) < 2)
    return text if unit == "count" else message(f"signal_{unit}", language, value=text, n=1 if one else 2)


def signals(found: pd.DataFrame, language: str | None = None) -> pd.DataFrame:
    """Warning signals a customer a row, worst first, each with its sentence; amounts then stand once."""
    keys = ["customer_id", "customer_name", "collector", "currency", "signals", "outstanding", "overdue"]
    told = explain_signals(found, language)
    names = [label(name, language) for name in told["signal"]]
    told["said"] = [f"{name}{message('colon', language)}{text}" for name, text in zip(names, told["said"])]
    between = " ; " if words.resolve(language) == "fr" else "; "
    together = told.groupby(keys, sort=False, dropna=False)["said"].agg(between.join).reset_index()
    return together[["customer_id", "customer_name", "collector", "signals", "said", *keys[3:4], *keys[5:]]]


def migration(matrix: pd.DataFrame) -> pd.DataFrame:
    """A migration matrix with states worded as states: here disputed is no part of an outstanding."""
    states = {"disputed": "is_disputed", "doubtful": "is_doubtful"}
    return matrix.assign(from_state=matrix["from_state"].replace(states)).rename(columns=states)


def lines(text: str) -> Html:
    """The committee's own words, a line each; nothing for an empty text."""
    said = "".join(f"<li>{escape(line.strip())}</li>" for line in str(text).splitlines() if line.strip())
    return Html(f"<ul>{said}</ul>" if said else "")


def absent_cuts(found: Sequence[str], language: str | None = None) -> Html:
    """Which of segment, collector and salesperson the source does not tell; nothing if it tells all."""
    absent = [label(name, language) for name in ("segment", "collector", "salesperson") if name not in found]
    if not absent:
        return Html("")
    return Html(f"<p>{escape(message('no_cut', language, columns=', '.join(absent), n=len(absent)))}</p>")


def _input(name: str, number: float, row: dict[str, Any], language: str | None) -> str:
    kind = words.kind_of(name)
    return words.money(number, row["currency"], language) if kind == "money" else cell(number, kind, language)


def subtitle(company: str, as_of: Any, report: LoadReport, language: str | None = None) -> Html:
    """Whose figures, at what date, from which files.

    Examples
    --------
    >>> subtitle("R&D", pd.Timestamp("2026-06-30"), LoadReport(files=["a.csv"]), "en") + ""
    '<p class="cm-subtitle"><b>R&amp;D</b> · as of 30/06/2026 · source: a.csv</p>'
    """
    said = message("subtitle", language, date=words.day(as_of, language), files=", ".join(report.files))
    name = f"<b>{escape(company)}</b> · " if company else ""
    return Html(f'<p class="cm-subtitle">{name}{escape(said)}</p>')


def headline(
    figures: pd.DataFrame, customers: int, as_of: Any, report: LoadReport, language: str | None = None
) -> Html:
    """The message of the month in one sentence, with what the reader must know before trusting it."""
    rows = dict(zip(figures.index, records(figures)))
    rate, exhausted = rows["overdue_rate"], rows["dso_count_back"]
    said = [
        message(
            "headline",
            language,
            date=words.day(as_of, language),
            count=words.integer(customers, language),
            n=customers,
            outstanding=figure(rows["outstanding"], language),
            overdue=figure(rows["overdue"], language),
            rate=cell(rate["value"], "rate", language),
        )
    ]
    in_credit = rows["unallocated"]["value"]
    if in_credit < 0:
        amount = words.money(-in_credit, rows["unallocated"]["currency"], language)
        said.append(message("headline_credits", language, amount=amount))
    change = 100 * (rate["value"] - rate["previous"])
    points = round(abs(change), 1)
    if points > 0:
        said.append(
            message(
                "headline_trend_up" if change > 0 else "headline_trend_down",
                language,
                points=words.number(points, 1, language),
                n=int(points) if words.resolve(language) == "fr" else points,  # 1,5 point, but 1.5 points
            )
        )
    if exhausted["value"] == exhausted["value"]:
        said.append(message("headline_dso", language, days=words.number(exhausted["value"], 1, language)))
    elif exhausted["reason"] == "history_exhausted":
        said.append(message("headline_dso_least", language, days=words.integer(exhausted["details"]["days"], language)))
    else:
        said.append(message("headline_no_dso", language, reason=reason(exhausted, language)))
    warnings = []
    if report.rows_refused:
        amounts = ", ".join(
            words.money(amount, name, language) for name, amount in sorted(report.refused_amounts.items())
        )
        amounts = amounts or message("unreadable_amount", language)
        warnings.append(
            message("headline_refused", language, rows=words.integer(report.rows_refused, language), amount=amounts)
        )
    if rows["unknown_age"]["value"]:
        warnings.append(message("headline_unknown", language, amount=figure(rows["unknown_age"], language)))
    warnings += [defect.text(language) for defect in report.defects if defect.code in FIRST_PAGE]
    below = "".join(f'<p class="cm-warning">{escape(text)}</p>' for text in warnings)
    return Html(f'{CSS}<p class="cm-headline">{escape(" ".join(said))}</p>{below}')


def said(key: str | None, language: str | None = None) -> Html:
    """One sentence of the catalogue, as a paragraph; an empty one says there is nothing to report."""
    text = message(key or "nothing_to_show", language)
    text = text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
    return Html(f"<p>{escape(text)}</p>")


def counts(report: LoadReport, language: str | None = None) -> Html:
    """Rows read and refused, with what the refused rows amount to."""
    lines = report.text(language, limit=0).splitlines()[: 1 + len(report.refused_amounts)]
    return Html("".join(f"<p>{escape(line)}</p>" for line in lines))


def defects(report: LoadReport, language: str | None = None) -> pd.DataFrame:
    """Table of what the reading of the files found, gravest first."""
    order = ("fatal", "error", "warning", "note")
    found = sorted(report.defects, key=lambda defect: order.index(defect.level))
    rows = [(message(f"word_{defect.level}", language), defect.text(language)) for defect in found]
    return pd.DataFrame(rows, columns=["level", "said"])
