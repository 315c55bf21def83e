"""A client's accounts as printed forms, and the figures drawn from them as tables to read.

One table in, HTML out, in the reader's language. Whatever comes from a client's file is
text: it is escaped, never read as markup. A line that is unknown is blank, a nil one a dash.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape
from typing import Any

import pandas as pd

from cmtools import language as words
from cmtools.display import CSS, Html, is_blank, records
from cmtools.financial_ratios import GROUPS, Ratio, catalogue
from cmtools.formulas import Formula, aggregates, base_line, evaluate, never_written_down, reference
from cmtools.language import HARD, label, message
from cmtools.lines import place_of
from cmtools.schemas import Defect, InputError

STYLE = """
<style>
table.cm.cm tr.section td{font-weight:600;background:#eef2f6}
table.cm.cm tr.b td{font-weight:600;border-top:1.5px solid #33475b}
table.cm.cm td.c{color:#4a5b6c;white-space:nowrap;font-size:.85em}
table.cm.cm td.small{font-size:.92em;color:#33475b}
table.cm.cm td.wide{min-width:18em}
table.cm.cm td.gap{border:none;min-width:1.2em}
table.cm td.good{color:#2f6b4a}table.cm td.weak{color:#a4262c}
table.cm.cm caption{text-align:left;font-weight:600;padding:.3em 0;color:#22303c}
ul.cm-notes{font:13px Helvetica,Arial,sans-serif;margin:.4em 0;padding-left:1.4em}
p.cm-small{font:12px Helvetica,Arial,sans-serif;color:#4a5b6c;margin:.3em 0}
</style>
"""
# Headings of the printed forms, by the first line that stands under each.
SECTIONS = {
    "frais_etablissement": "form_intangible", "fonds_commercial": "form_intangible", "terrains": "form_tangible",
    "immo_corp_simplifie": "form_tangible", "participations_mee": "form_financial",
    "immo_fin_simplifie": "form_financial", "stock_matieres": "form_stocks", "clients": "form_receivables",
    "vmp": "form_liquid", "capital": "form_equity", "titres_participatifs": "form_other_funds",
    "provisions_risques": "form_provisions", "emprunts_oblig_convertibles": "form_debts",
    "emprunts_simplifie": "form_debts", "ventes_marchandises": "form_operating_income",
    "achats_marchandises": "form_operating_charges", "qp_commun_produit": "form_joint",
    "pf_participations": "form_financial_income", "dotations_financieres": "form_financial_charges",
    "pe_gestion": "form_exceptional_income", "ce_gestion": "form_exceptional_charges", "participation": "form_result",
}  # fmt: skip
NOTES = (
    "overdraft_unknown", "overdraft_from_2057", "split_unknown", "transfers_unknown", "disposals_approximate",
    "financial_detail_unknown", "exceptional_detail_unknown", "receivables_term_unknown", "term_unknown",
    "lease_value_unknown", "loan_term_unknown", "debts_by_original_term",
    "ebit_operating_only", "provisions_unknown", "interest_only",
    "investment_net_of_disposals", "annualised",
    "simplified_form",
)  # fmt: skip
MARKS = {"partial": "°", "unconfirmed": "*"}  # of a code whose sources are few or none
USES = ("emplois_stables", "ace", "ache", "tresorerie_active")
RESOURCES = ("ressources_stables", "pce", "pche", "tresorerie_passive")
SIG_LINES = (
    "chiffre_affaires", "marge_commerciale", "production_exercice", "consommations_tiers", "valeur_ajoutee",
    "charges_personnel", "ebe", "dotations_exploitation", "rex", "rcai", "resultat_exceptionnel", "resultat_sig",
    "valeur_ajoutee_retraitee", "charges_personnel_retraitees", "ebe_retraite", "rex_retraite", "ebe_comparable",
    "rex_comparable", "caf_additive", "caf_soustractive", "autofinancement",
)  # fmt: skip
BALANCES = frozenset(
    {"marge_commerciale", "production_exercice", "valeur_ajoutee", "ebe", "rex", "rcai", "resultat_sig"}
)


# ---------------------------------------------------------------- what the forms share


def one_row(table: Any) -> dict[str, Any]:
    """One company-year as a dict, from a table of one row, a row of it, or a mapping.

    Raises
    ------
    InputError
        If a table has not exactly one row.

    Examples
    --------
    >>> one_row(pd.DataFrame({"clients": [318000.0]}))
    {'clients': 318000.0}
    """
    if isinstance(table, pd.DataFrame):
        if len(table) != 1:
            raise InputError([Defect("one_year_expected", "fatal", value=str(len(table)))])
        return records(table)[0]
    return {str(name): value for name, value in dict(table).items()}


def one_company(table: pd.DataFrame) -> pd.DataFrame:
    """The years of one company, in order.

    Raises
    ------
    InputError
        If the table holds several companies.
    """
    if "company_id" in table and len(table["company_id"].unique()) > 1:
        found = ", ".join(sorted(map(str, table["company_id"].unique()))[:10])
        raise InputError([Defect("one_company_expected", "fatal", value=found)])
    return table.sort_values("year_end", kind="stable") if "year_end" in table else table


def who(row: Mapping[str, Any], language: str | None = None) -> str:
    """Company and closing date, as far as they are known; plain text, not escaped."""
    name = row.get("company_name") if not is_blank(row.get("company_name")) else row.get("company_id")
    parts = [] if is_blank(name) else [str(name)]
    if not is_blank(row.get("year_end")):
        parts.append(words.day(row["year_end"], language))
    months = row.get("months_filed") if not is_blank(row.get("months_filed")) else row.get("months")
    if not is_blank(months) and months != 12:
        parts.append(message("months_count", language, months=plain_number(float(str(months)), language)))
    return " · ".join(parts)


def in_unit(value: float | None, unit: str, language: str | None = None) -> str:
    """Value of a ratio with its unit; a dash where there is none.

    Examples
    --------
    >>> in_unit(0.253, "rate", "en"), in_unit(3.25, "years", "en").replace(chr(160), " "), in_unit(1.2, "ratio", "fr")
    ('25.3%', '3.2 years', '1,20')
    """
    if value is None or value != value:
        return "–"
    if unit == "rate":
        return words.percent(value, 1, language)
    if unit == "days":
        return words.number(value, 1, language) + HARD + message("days_short", language)
    if unit == "years":
        return words.number(value, 1, language) + HARD + message("years_short", language, n=round(abs(value), 1))
    return words.number(value, 0 if unit == "money" else 2, language)


def plain_number(value: float, language: str | None, decimals: int = 1) -> str:
    """Number without decimals where it is whole."""
    return words.number(value, 0 if float(value).is_integer() else decimals, language)


def cents_of(values: Iterable[Any]) -> int:
    """Decimals that a form needs: none where every amount is whole."""
    known = [float(value) for value in values if isinstance(value, int | float) and value == value]
    return 0 if all(value.is_integer() for value in known) else 2


def amount_text(value: Any, language: str | None, decimals: int = 0) -> str:
    """Amount of a form: nothing where it is unknown, a dash where it is nil."""
    if is_blank(value):
        return ""
    return "–" if value == 0 else words.number(value, decimals, language)


def td(text: str, *classes: str) -> str:
    """Cell of a table; the text is escaped."""
    names = " ".join(name for name in classes if name)
    return f"<td{f' class={chr(34)}{names}{chr(34)}' if names else ''}>{escape(text)}</td>"


def money_td(value: Any, language: str | None, decimals: int = 0) -> str:
    """Cell with an amount, red below nil."""
    negative = not is_blank(value) and value < 0
    return td(amount_text(value, language, decimals), "r", "neg" if negative else "")


def head_row(names: Sequence[tuple[str, bool]]) -> str:
    """Headings, each with whether its column is one of numbers; the text is escaped."""
    cells = "".join(f"<th{' class=r' if right else ''}>{escape(name)}</th>" for name, right in names)
    return f"<thead><tr>{cells}</tr></thead>"


def html_table(caption: str, head: str, body: Iterable[str]) -> Html:
    """Table of rows that are HTML already; the caption is escaped."""
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return Html(f'{CSS}{STYLE}<table class="cm">{title}{head}<tbody>{"".join(body)}</tbody></table>')


def section_row(text: str, width: int) -> str:
    """Row that heads a part of a table; the text is escaped."""
    return f'<tr class="section"><td colspan="{width}">{escape(text)}</td></tr>'


@cache
def _totals() -> frozenset[str]:
    return frozenset(row["key"] for row in reference("totals.csv") if row["scope"] != "memo")


@cache
def _pages(form: str) -> Mapping[str, tuple[str, str, str]]:
    """Page and code of each line column on the complete or the simplified form, and how sure the code is."""
    simplified = form == "2033"
    found: dict[str, tuple[str, str, str]] = {}
    for row in reference("codes.csv"):
        if row["form"].startswith("2033") == simplified and row["part"] not in ("france", "export"):
            found.setdefault(row["line"], (row["form"], row["code"], MARKS.get(row["confirmation"], "")))
    return found


def _form(row: Mapping[str, Any]) -> str:
    return "2033" if row.get("form") == "2033" else "2050"


def _lines_of(row: Mapping[str, Any], statement: str) -> list[str]:
    """Lines to print, in the order of the form: its own, and any other that holds an amount."""
    pages = _pages(_form(row))
    keys = [line["key"] for line in reference("lines.csv") if line["statement"] == statement]
    shown = [key for key in keys if key in pages or any(_holds(row, key + part) for part in ("", "_amort", "_net"))]
    if _form(row) == "2050":
        return shown
    ranks, last = {}, 0.0  # codes of the simplified form rise down the page; a line without one follows its neighbour
    for key in shown:
        last = ranks[key] = float(pages[key][1]) if key in pages else last + 0.1
    return sorted(shown, key=lambda key: ranks[key])


def _holds(row: Mapping[str, Any], name: str) -> bool:
    return not is_blank(row.get(name)) and row[name] != 0


def _memo_of(row: Mapping[str, Any], forms: Sequence[str]) -> list[str]:
    pages = _pages(_form(row))
    keys = [line["key"] for line in reference("lines.csv") if line["statement"] == "memo"]
    return [key for key in keys if pages.get(key, ("", "", ""))[0] in forms and not is_blank(row.get(key))]


def _code(row: Mapping[str, Any], line: str) -> str:
    """Code of a line on the form, marked where it is not fully confirmed."""
    _, code, mark = _pages(_form(row)).get(line, ("", "", ""))
    return f"{code}{mark}"


def _body(
    row: Mapping[str, Any], keys: Sequence[str], width: int, cells: Any, language: str | None, *, memo: Sequence[str]
) -> list[str]:
    """Rows of a form: its headings, its lines, then the memo lines that are known."""
    body, before = [], ""
    for key in keys:
        heading = SECTIONS.get(key, "")
        if heading and heading != before:
            body.append(section_row(message(heading, language), width))
            before = heading
        css = ' class="b"' if key in _totals() else ""
        body.append(f"<tr{css}>{cells(key)}</tr>")
    if memo:
        body.append(section_row(message("form_memo", language), width))
        body += [f"<tr>{cells(key)}</tr>" for key in memo]
    return body


def caption_of(key: str, row: Mapping[str, Any], language: str | None) -> str:
    """Name of a form, currency, whose accounts and when; plain text."""
    said = who(row, language)
    currency = row.get("currency")
    unit = "" if is_blank(currency) else f" ({currency})"
    return f"{message(key, language)}{unit}{f' – {said}' if said else ''}"


# ---------------------------------------------------------------- the accounts


def balance_sheet(row: Any, language: str | None = None) -> Html:
    """Balance sheet as the form prints it: assets gross, written down and net, then equity and liabilities.

    Parameters
    ----------
    row : pandas.DataFrame of one row, pandas.Series or mapping
        One company-year of :class:`cmtools.Statements`.
    language : {"fr", "en"}, optional

    Returns
    -------
    Html
        The codes of the form stand beside the labels; totals are bold; an
        unknown amount is blank, a nil one a dash.

    Raises
    ------
    InputError
        If a table has not exactly one row.

    Examples
    --------
    >>> page = balance_sheet({"form": "2050", "clients": 318000.0, "clients_amort": 12000.0}, "en")
    >>> "BX" in page, "306,000" in page, "Trade receivables" in page
    (True, True, True)
    """
    found = one_row(row)
    keys = _lines_of(found, "actif")
    net = evaluate(pd.DataFrame([found]), [f"{key}_net" for key in keys])[0].iloc[0] if keys else pd.Series(dtype=float)
    decimals = cents_of(found.get(key + part) for key in keys for part in ("", "_amort", "_net"))

    def cells(key: str) -> str:
        if key not in keys:
            return td(_code(found, key), "c") + td(label(key, language)) + td("") * 2 + money(found.get(key))
        codes = [_code(found, key), _code(found, f"{key}_amort")]
        written = "" if key in never_written_down() else amount_text(found.get(f"{key}_amort"), language, decimals)
        return (
            td(" / ".join(filter(None, codes)), "c")
            + td(label(key, language))
            + money(found.get(key))
            + td(written, "r")
            + money(net.get(f"{key}_net"))
        )

    def money(value: Any) -> str:
        return money_td(value, language, decimals)

    head = head_row(
        [
            (message("form_codes", language), False),
            (message("form_assets", language), False),
            *((message(f"form_{name}", language), True) for name in ("gross", "amort", "net")),
        ]
    )
    memo = _memo_of(found, ("2050", "2033-A") if _form(found) == "2050" else ())
    assets = html_table(
        caption_of("form_balance", found, language), head, _body(found, keys, 5, cells, language, memo=memo)
    )
    liabilities = _one_column(found, "passif", "form_liabilities", ("2051", "2033-A"), language)
    return Html(assets + liabilities + _legend(assets, language))


def _legend(page: str, language: str | None) -> str:
    """What the marks of the codes mean, for those that stand on the page."""
    said = [
        message(f"code_{level}", language)
        for level, mark in MARKS.items()
        if re.search(rf"\w{re.escape(mark)}[ <]", page)
    ]
    return f'<p class="cm-small">{escape(" ".join(said))}</p>' if said else ""


def _one_column(
    row: Mapping[str, Any], statement: str, title: str, forms: Sequence[str], language: str | None, caption: str = ""
) -> Html:
    keys, memo = _lines_of(row, statement) if statement else [], _memo_of(row, forms)
    decimals = cents_of(row.get(key) for key in [*keys, *memo])

    def cells(key: str) -> str:
        return td(_code(row, key), "c") + td(label(key, language)) + money_td(row.get(key), language, decimals)

    head = head_row(
        [
            (message("form_codes", language), False),
            (message(title, language), False),
            (message("form_amount", language), True),
        ]
    )
    return html_table(caption, head, _body(row, keys, 3, cells, language, memo=memo))


def income_statement(row: Any, language: str | None = None) -> Html:
    """Income statement as the form prints it.

    Parameters
    ----------
    row : pandas.DataFrame of one row, pandas.Series or mapping
        One company-year of :class:`cmtools.Statements`.
    language : {"fr", "en"}, optional

    Returns
    -------
    Html
        As :func:`balance_sheet`: codes, labels, amounts; totals bold.

    Examples
    --------
    >>> page = income_statement({"form": "2033", "chiffre_affaires": 0.0, "salaires": 288000.0}, "en")
    >>> "250" in page, "288,000" in page
    (True, True)
    """
    found = one_row(row)
    caption = caption_of("form_income", found, language)
    page = _one_column(found, "resultat", "form_lines", ("2052", "2053", "2033-B"), language, caption)
    return Html(page + _legend(page, language))


def appendix(row: Any, language: str | None = None) -> Html:
    """What forms 2057 and 2058-C add: terms of receivables and debts, detail of charges, commitments, VAT.

    Parameters
    ----------
    row : pandas.DataFrame of one row, pandas.Series or mapping
        One company-year of :class:`cmtools.Statements`.
    language : {"fr", "en"}, optional

    Returns
    -------
    Html
        Known lines only.

    Examples
    --------
    >>> "VA" in appendix({"form": "2050", "clients_douteux": 15000.0}, "en")
    True
    """
    found = one_row(row)
    caption = caption_of("form_appendix", found, language)
    return _one_column(found, "", "form_lines", ("2057", "2058-C"), language, caption)


# ---------------------------------------------------------------- the masses


def functional(balance_row: Any, language: str | None = None) -> Html:
    """Functional balance sheet: uses on the left, resources on the right, then FRNG, BFR and net treasury.

    Parameters
    ----------
    balance_row : pandas.DataFrame of one row, pandas.Series or mapping
        One row of :func:`cmtools.functional_balance`.
    language : {"fr", "en"}, optional

    Returns
    -------
    Html
        FRNG = RS - ES and BFR in money and in days of sales; treasury both
        ways with their gap; then the notes. An unknown figure is blank.

    Examples
    --------
    >>> masses = dict(emplois_stables=670.0, ace=537.0, ache=14.0, tresorerie_active=56.0, ressources_stables=929.0,
    ...     pce=272.0, pche=21.0, tresorerie_passive=55.0, frng=259.0)
    >>> functional(masses, "en").count("1,277")  # both sides have one total
    2
    """
    found = one_row(balance_row)
    shown = ("frng", "bfre", "bfrhe", "bfr", "tn")
    decimals = cents_of(found.get(name) for name in (*USES, *RESOURCES, *shown))

    def money(value: Any) -> str:
        return money_td(value, language, decimals)

    body = [
        f"<tr>{td(label(left, language))}{money(found.get(left))}{td('', 'gap')}"
        f"{td(label(right, language))}{money(found.get(right))}</tr>"
        for left, right in zip(USES, RESOURCES)
    ]
    sums = [_side(found, names) for names in (USES, RESOURCES)]
    total = label("sum", language)
    body.append(f'<tr class="b">{td(total)}{money(sums[0])}{td("", "gap")}{td(total)}{money(sums[1])}</tr>')
    uses, resources = message("form_uses", language), message("form_resources", language)
    head = head_row([(uses, False), ("", True), ("", False), (resources, False), ("", True)])
    masses = html_table(caption_of("form_functional", found, language), head, body)
    rows = [
        f"<tr{' class=b' if name in ('frng', 'bfr', 'tn') else ''}>{td(_named(name, language))}"
        + td(message(f"formula_{name}", language), "small")
        + money(found.get(name))
        + _days(found, name, language)
        + "</tr>"
        for name in shown
    ]
    gap = found.get("ecart_tn")
    said = message("form_gap_nil" if gap == 0 else "form_gap", language, gap=amount_text(gap, language, 2))
    if not is_blank(gap):
        rows.append(f'<tr><td colspan="4" class="small">{escape(said)}</td></tr>')
    head = head_row([("", False), (label("formula", language), False), (message("form_amount", language), True),
                  (message("form_days", language), True)])  # fmt: skip
    return Html(masses + html_table("", head, rows) + notes(str(found.get("notes") or ""), language))


def _side(row: Mapping[str, Any], names: Sequence[str]) -> float | None:
    values = [row.get(name) for name in names]
    return None if any(is_blank(value) for value in values) else float(sum(value for value in values if value))


def _days(row: Mapping[str, Any], name: str, language: str | None) -> str:
    value = row.get(f"{name}_days")
    return td("" if is_blank(value) else in_unit(value, "days", language), "r")


def _named(key: str, language: str | None) -> str:
    """Label with the abbreviation that the trade uses, where it has one."""
    short = label(f"short_{key}", language)
    full = label(key, language)
    return full if short in (f"short_{key}", full) else f"{full} ({short})"


# ---------------------------------------------------------------- the SIG


def sig_table(found: pd.DataFrame, changes: pd.DataFrame | None = None, language: str | None = None) -> Html:
    """Intermediate balances, the years side by side.

    Parameters
    ----------
    found : pandas.DataFrame, one row per year of one company
        Result of :func:`cmtools.sig` (of :func:`cmtools.caf` beside it, if
        wished). Each figure is also shown in % of sales, unless these are left
        out.
    changes : pandas.DataFrame, optional
        Result of :func:`cmtools.changes` on the same figures: the change to
        the latest year, in money and in %.
    language : {"fr", "en"}, optional

    Returns
    -------
    Html
        A figure that the reform of 2025 made not comparable is marked.

    Raises
    ------
    InputError
        If the table holds several companies.

    Examples
    --------
    >>> years = pd.DataFrame({"company_id": "A", "year_end": pd.to_datetime(["2024-12-31", "2025-12-31"]),
    ...                       "chiffre_affaires": [1355.0, 1460.0], "ebe": [92.0, 117.0]})
    >>> page = sig_table(years, language="en")
    >>> "8.0%" in page, "31/12/2025" in page
    (True, True)
    """
    years = records(one_company(found))
    names = [name for name in SIG_LINES if name in found]
    if not years or not names:
        return Html(f"{CSS}<p>{escape(message('nothing_to_show', language))}</p>")
    with_sales = "chiffre_affaires" in names
    moved = _latest_changes(changes, years[-1]) if changes is not None and len(years) > 1 else {}
    decimals = cents_of(year.get(name) for year in years for name in names)
    rows = []
    for name in names:
        cells = td(_sig_name(name, years[-1], language))
        for year in years:
            cells += money_td(year.get(name), language, decimals)
            cells += _share_td(year, name, language) if with_sales else ""
        cells += _change_tds(moved.get(name), language, decimals) if moved else ""
        rows.append(f"<tr{' class=b' if name in BALANCES else ''}>{cells}</tr>")
    head: list[tuple[str, bool]] = [(message("form_lines", language), False)]
    for year in years:
        head.append((_year(year, language), True))
        head += [(message("form_of_sales", language), True)] if with_sales else []
    head += [(label("change", language), True), (label("change_rate", language), True)] if moved else []
    broken = any(row["break_of_series"] for row in moved.values())
    note = f'<p class="cm-small">{escape(message("form_break", language))}</p>' if broken else ""
    return Html(html_table(_sig_caption(years[-1], language), head_row(head), rows) + note)


def _sig_caption(row: Mapping[str, Any], language: str | None) -> str:
    without_date = {name: value for name, value in row.items() if name in ("company_id", "company_name", "currency")}
    return caption_of("form_sig", without_date, language)


def _sig_name(name: str, latest: Mapping[str, Any], language: str | None) -> str:
    deficit = name == "ebe" and not is_blank(latest.get("ebe")) and latest["ebe"] < 0
    return message("form_ibe", language) if deficit else label(name, language)


def _year(row: Mapping[str, Any], language: str | None) -> str:
    when = (
        words.day(row["year_end"], language) if not is_blank(row.get("year_end")) else message("form_amount", language)
    )
    months = row.get("months")
    if is_blank(months) or months == 12:
        return when
    return f"{when} ({message('months_count', language, months=plain_number(float(str(months)), language))})"


def _share_td(year: Mapping[str, Any], name: str, language: str | None) -> str:
    sales, value = year.get("chiffre_affaires"), year.get(name)
    if is_blank(sales) or is_blank(value) or not sales or sales < 0 or value is None:
        return td("", "r")
    return td(words.percent(value / sales, 1, language), "r")


def _latest_changes(changes: pd.DataFrame, latest: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    mine = changes
    for name in ("company_id", "year_end"):
        if name in latest and name in mine:
            mine = mine[mine[name] == latest[name]]
    return {str(row["figure"]): row for row in records(mine)}


def _change_tds(row: Mapping[str, Any] | None, language: str | None, decimals: int) -> str:
    if row is None or is_blank(row["change"]):
        return td("", "r") * 2
    mark = "\u00a0*" if row["break_of_series"] else ""
    sign = "+" if row["change"] > 0 else ""
    rate = "" if is_blank(row["change_rate"]) else words.percent(row["change_rate"], 1, language)
    rate = f"+{rate}" if rate and row["change_rate"] > 0 else rate
    text = f"{sign}{words.number(row['change'], decimals, language)}{mark}"
    return td(text, "r", "neg" if row["change"] < 0 else "") + td(rate, "r", "neg" if row["change"] < 0 else "")


# ---------------------------------------------------------------- the ratios


def ratio_table(found: pd.DataFrame, language: str | None = None, *, groups: Sequence[str] | None = None) -> Html:
    """Ratios by group: formula in words, value, reading, threshold with its standing, or why there is no value.

    Parameters
    ----------
    found : pandas.DataFrame
        Result of :func:`cmtools.ratios` for one company; the latest year is
        read, the year before it stands beside it.
    language : {"fr", "en"}, optional
    groups : sequence of str, optional
        Of profitability, solidity, treasury, turnover; None: all.

    Returns
    -------
    Html
        The codes in brackets are those of forms 2050 to 2058; the source of
        each formula stands after it.

    Raises
    ------
    InputError
        If the table holds several companies.

    Examples
    --------
    >>> from cmtools.financial_ratios import ratios
    >>> accounts = pd.DataFrame({"capitaux_propres": [100.0], "total_passif": [1000.0], "emprunts_divers": [0.0]})
    >>> page = ratio_table(ratios(accounts, ["autonomie_financiere", "gearing"]), "en")
    >>> "TOTAL equity (DL) / TOTAL EQUITY AND LIABILITIES (EE)" in page, "weak below 20%, good from 30%" in page
    (True, True)
    """
    latest, before = years_of(found)
    several = bool(before)
    width = 7 if several else 6
    body = []
    chosen = [name for name in (*GROUPS, "004-06") if groups is None or name in groups]
    for group in chosen:
        rows = [row for row in latest.values() if row["group"] == group]
        if rows:
            body.append(section_row(label(group, language), width))
        body += [_ratio_row(row, before.get(row["ratio"]), several, language) for row in rows]
    if not body:
        return Html(f"{CSS}<p>{escape(message('nothing_to_show', language))}</p>")
    first = next(iter(latest.values()))
    values = [(_heading(row, language), True) for row in ([next(iter(before.values()))] if several else []) + [first]]
    head = head_row(
        [
            (label("ratio", language), False),
            (label("formula", language), False),
            *values,
            (label("reading", language), False),
            (label("threshold", language), False),
            (label("remark", language), False),
        ]
    )
    caption = message("form_ratios", language)
    note = f'<p class="cm-small">{escape(message("form_ratios_note", language))}</p>'
    said = notes([str(row.get("notes") or "") for row in latest.values() if row["group"] in chosen], language)
    return Html(html_table(caption, head, body) + note + said)


def years_of(found: pd.DataFrame) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Rows of the latest year by ratio, and those of the year before it."""
    rows = one_company(found)
    if "year_end" not in rows or rows["year_end"].isna().all():
        if rows["ratio"].duplicated().any():
            raise InputError([Defect("one_year_expected", "fatal", value=str(int(rows["ratio"].value_counts().max())))])
        return {row["ratio"]: row for row in records(rows)}, {}
    dates = sorted(rows["year_end"].dropna().unique())[-2:]
    parts = [{row["ratio"]: row for row in records(rows[rows["year_end"] == date])} for date in dates]
    return parts[-1], parts[0] if len(parts) > 1 else {}


def _heading(row: Mapping[str, Any], language: str | None) -> str:
    when = row.get("year_end")
    return label("value", language) if is_blank(when) else words.day(when, language)


def _ratio_row(row: dict[str, Any], before: dict[str, Any] | None, several: bool, language: str | None) -> str:
    ratio = catalogue()[row["ratio"]]
    read = row["reading"]
    cells = td(label(ratio.key, language))
    cells += td_sourced(formula_in_words(ratio, language), ratio.source)
    cells += _ratio_td(before, ratio.unit, language) if several else ""
    cells += _ratio_td(row, ratio.unit, language)
    cells += td(label(read, language) if read else "", read or "")
    cells += td_sourced(threshold(ratio, language), ratio.threshold_source)
    return f"<tr>{cells}{td(remark(row, language), 'small')}</tr>"


def _ratio_td(row: Mapping[str, Any] | None, unit: str, language: str | None) -> str:
    known = row is not None and not is_blank(row["value"])
    return td(in_unit(row["value"], unit, language) if row and known else message("ratio_none", language), "r")


def td_sourced(text: str, source: str) -> str:
    """A cell of small text with the key of its source, whose address shows under the pointer."""
    if not source:
        return td(text, "small")
    address = next(row["address"] for row in reference("sources.csv") if row["key"] == source)
    return f'<td class="small">{escape(text)} [<abbr title="{escape(address)}">{escape(source)}</abbr>]</td>'


def formula_in_words(ratio: Ratio, language: str | None = None) -> str:
    """Formula of a ratio in the labels of its lines, their codes in brackets.

    Examples
    --------
    >>> formula_in_words(catalogue()["bfr_jours"], "en").replace(chr(160), " ")
    'Working capital requirement (BFR) / NET SALES (FL) × N days'
    """
    upper, lower = (in_words(part, language) for part in (ratio.numerator, ratio.denominator))
    text = f"{_bracketed(upper, ratio.numerator)} / {_bracketed(lower, ratio.denominator)}"
    text += f" × N{HARD}{message('unit_days', language)}" if ratio.unit == "days" else ""
    for factor, name in ratio.others.terms:
        text += f" {'-' if factor < 0 else '+'} {label(name, language)}"
    return text


def _bracketed(text: str, formula: Formula) -> str:
    return f"({text})" if len(formula.terms) > 1 else text


def in_words(formula: Formula, language: str | None = None) -> str:
    """A sum in the labels of its lines and aggregates, codes of the lines in brackets.

    Examples
    --------
    >>> from cmtools.formulas import parse
    >>> in_words(parse("achats_matieres - 0.75*rex"), "en")
    'Purchases of raw materials and supplies (FU) - 0.75 × Operating result'
    """
    parts = []
    for factor, name in formula.terms:
        times = "" if abs(factor) == 1 else f"{plain_number(abs(factor), language, 2)} × "
        parts.append(f"{'-' if factor < 0 else '+'} {times}{term_in_words(name, language)}")
    return " ".join(parts).removeprefix("+ ")


def term_in_words(name: str, language: str | None = None) -> str:
    """Label of a line or aggregate, with the code of the line.

    Examples
    --------
    >>> term_in_words("clients_net", "en")
    'Trade receivables, net (BX - BY)'
    """
    if name in aggregates():
        return _named(name, language)
    pages = _pages("2050")
    code = pages.get(name, ("", "", ""))[1]
    line = base_line(name)
    if line != name and name.endswith("_net") and not code:
        code = " - ".join(filter(None, (pages.get(part, ("", "", ""))[1] for part in (line, f"{line}_amort"))))
    return f"{label(name, language)} ({code})" if code else label(name, language)


def threshold(ratio: Ratio, language: str | None = None) -> str:
    """From which values the reading is weak and good, and who says so; blank: no general threshold.

    Examples
    --------
    >>> threshold(catalogue()["charges_financieres_ca"], "en")
    'weak above 5%, good up to 3% (unconfirmed)'
    """
    alert, good = (bound(value, ratio.unit, language) for value in (ratio.alert, ratio.good))
    lower = ratio.direction == "lower"
    if ratio.alert != ratio.alert and ratio.good != ratio.good:
        return ""
    if ratio.good != ratio.good:
        text = message("threshold_above" if lower else "threshold_below", language, alert=alert)
    elif ratio.good == ratio.alert:
        text = message("threshold_up_to" if lower else "threshold_from", language, good=good)
    else:
        text = message("threshold_lower" if lower else "threshold_higher", language, alert=alert, good=good)
    return f"{text} ({label(ratio.status, language)})" if ratio.status else text


def bound(value: float, unit: str, language: str | None = None) -> str:
    """A threshold with its unit, and as few decimals as it needs.

    Examples
    --------
    >>> bound(0.2, "rate", "en"), bound(1.5, "ratio", "fr")
    ('20%', '1,5')
    """
    text, mark = in_unit(value, unit, language), "," if words.resolve(language) == "fr" else "."
    return re.sub(rf"{re.escape(mark)}(\d*?)0+(?!\d)", lambda found: f"{mark}{found[1]}" if found[1] else "", text)


def remark(row: Mapping[str, Any], language: str | None = None) -> str:
    """Why a ratio has no value, that it is an approximation, from how many months it was brought to twelve.

    Parameters
    ----------
    row : mapping
        One row of :func:`cmtools.ratios`.

    Examples
    --------
    >>> remark({"reason": "nil_denominator", "missing": "chiffre_affaires", "months": None}, "en")
    'not computable: NET SALES (FL) nil'
    """
    if is_blank(row.get("reason")):
        months = row.get("months")
        parts = [message("ratio_approximate", language)] if row.get("notes") else []
        if not is_blank(months):
            parts.append(message("ratio_months", language, months=plain_number(float(str(months)), language)))
        return " · ".join(parts)
    names = str(row.get("missing") or "").split()
    names = [name for name in names if not name.endswith("_simplifie")] or names  # lines of the other form
    named = ", ".join(term_in_words(name, language) for name in names)
    said = message(f"reason_{row['reason']}", language, lines=named)
    return message("not_computable", language, reason=said)


# ---------------------------------------------------------------- notes and controls


def notes(text: str | Iterable[str], language: str | None = None) -> Html:
    """What must be said of figures, one sentence a note; nothing where there is none.

    Parameters
    ----------
    text : str or iterable of str
        Column `notes` of a calculation, or its value on one row: keys
        separated by spaces.
    language : {"fr", "en"}, optional

    Examples
    --------
    >>> "The simplified form" in notes("overdraft_unknown simplified_form", "en")
    True
    """
    texts = [text] if isinstance(text, str) else [part for part in text if isinstance(part, str)]
    given = {key for part in texts for key in part.split()}
    said = [message(f"note_{key}", language) for key in NOTES if key in given]
    said += sorted(given - set(NOTES))  # a note without a sentence is better shown than lost
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in said)
    return Html(f'{STYLE}<ul class="cm-notes">{items}</ul>' if items else "")


def controls_table(controls: pd.DataFrame, language: str | None = None) -> Html:
    """Controls of the accounts: those that fail first, then those that hold; the others are counted.

    Parameters
    ----------
    controls : pandas.DataFrame
        Result of :func:`cmtools.controls`.
    language : {"fr", "en"}, optional

    Returns
    -------
    Html

    Examples
    --------
    >>> from cmtools.lines import controls
    >>> accounts = pd.DataFrame({"company_id": ["A"], "total_actif_net": [850.0], "total_passif": [900.0]})
    >>> page = controls_table(controls(accounts), "en")
    >>> "-50" in page, "Total net assets = total equity and liabilities" in page
    (True, True)
    """
    order = {"failed": 0, "ok": 1}
    checked = [row for row in records(controls) if row["result"] in order]
    checked.sort(key=lambda row: order[row["result"]])
    several = len({(row.get("company_id"), row.get("year_end")) for row in records(controls)}) > 1
    decimals = cents_of(row[name] for row in checked for name in ("left", "right", "gap"))
    body = []
    for row in checked:
        css = {"failed": "weak", "ok": "good"}[row["result"]]
        cells = td(place_of(row)) if several else ""
        cells += td(control_name(str(row["control"]), language), "wide") + td(str(row["codes"]), "small")
        cells += "".join(money_td(row[name], language, decimals) for name in ("left", "right", "gap"))
        body.append(f"<tr>{cells}{td(label(row['result'], language), css)}</tr>")
    head = [(label("company_name", language), False)] if several else []
    head += [(label("control", language), False), (label("codes", language), False)]
    head += [(message(f"control_{name}", language), True) for name in ("left", "right", "gap")]
    left_out = len(controls) - len(checked)
    count = words.integer(left_out, language)
    said = message("controls_left_out", language, count=count, n=left_out) if left_out else ""
    note = f'<p class="cm-small">{escape(said)}</p>' if said else ""
    if not body:
        return Html(f"{CSS}{STYLE}{note}")
    return Html(
        html_table(message("form_controls", language), head_row([*head, (label("result", language), False)]), body)
        + note
    )


def control_name(key: str, language: str | None = None) -> str:
    """A control in words.

    Examples
    --------
    >>> control_name("taxes", "en")
    'Detail of taxes = line of the income statement'
    """
    own = {row["key"]: row[words.resolve(language)] for row in reference("controls.csv")}
    return own[key] if key in own else message("control_total", language, line=label(key, language))
