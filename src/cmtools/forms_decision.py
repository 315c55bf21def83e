"""First page of a credit file: what the committee is asked, on what grounds, who signs.

One :class:`cmtools.decision.Decision` in, one HTML page or table out; no calculation.
Text that comes from files is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

from cmtools import language as words
from cmtools.credit_file import explain
from cmtools.decision import Decision
from cmtools.display import CSS, Html, is_blank
from cmtools.language import label, message
from cmtools.limits import sentences
from cmtools.schemas import shorten

LISTED = 4  # findings of each side on the first page; the others stand in their own part
PAGE_CSS = """
<style>
.cm-sign{display:grid;grid-template-columns:repeat(3,1fr);gap:10px;margin:.8em 0}
.cm-sign div{border:1px solid #b8c4cf;border-radius:6px;padding:.5em .7em;min-height:82px;font-size:12px;color:#33475b}
.cm-sign b{display:block;color:#22303c}
body .cm-decision .cm-cards{grid-template-columns:repeat(3,minmax(0,1fr))}
.cm-sides{display:grid;grid-template-columns:1fr 1fr;gap:14px}
.cm-sides ul{margin:.2em 0 .6em;padding-left:1.2em}
.cm-sides li,.cm-why li{font-size:13px;margin:.1em 0}
.cm-sides b.bad{color:#a4262c}.cm-sides b.good{color:#2f6b4a}
@media print{.cm-sides li,.cm-why li{font-size:10.5px}.cm-sign div{min-height:64px;font-size:10px}}
</style>
"""


def decision_page(found: Decision, company_name: str = "", language: str | None = None) -> Html:
    """Request, proposal, terms, guarantees, validity, who decides, and places to sign: one A4 page.

    Parameters
    ----------
    found : Decision
    company_name : str
        Of the seller, at the head of the page.
    language : {"fr", "en"}, optional

    Returns
    -------
    Html

    Examples
    --------
    >>> import cmtools as cm
    >>> accounts = cm.read_liasse("data/liasses_clients.csv")
    >>> file = cm.credit_file.credit_file("000102", "2026-06-30", statements=accounts)
    >>> page = decision_page(cm.decide(file, accounts.table, request=60_000), "Voltruzac Menuiseries", "en")
    >>> "60,000.00" in page.replace(words.HARD, " "), "Signature" in page
    (True, True)
    """
    parts = [
        CSS, PAGE_CSS, '<div class="cm-decision">', _head(found, company_name, language), _headline(found, language),
        _cards(found, language), _why(found, language), _sides(found, language), _conditions(found, language),
        _signatures(found, language), "</div>",
    ]  # fmt: skip
    return Html("".join(parts))


def _head(found: Decision, company_name: str, language: str | None) -> str:
    file = found.file
    name = customer_name(found)
    shown = f"{name} ({file.customer_id})" if name and name != file.customer_id else file.customer_id
    said = [shown, words.day(file.as_of, language), company_name]
    return f"<h3>{escape(' · '.join(text for text in said if text))}</h3>"


def customer_name(found: Decision) -> str:
    """Name of the customer as the ledger or the accounts write it; blank: unknown."""
    table = found.file.identity
    mine = table.loc[table["line"] == "customer_name", "value"] if "line" in table else pd.Series(dtype="object")
    return "" if mine.empty or is_blank(mine.iloc[0]) else shorten(str(mine.iloc[0]))


def _money(value: Any, found: Decision, language: str | None) -> str:
    return (
        message("unknown_amount", language)
        if is_blank(value)
        else words.money(value, found.proposal.currency, language)
    )


def _terms(found: Decision, language: str | None) -> str:
    """Terms proposed, in words."""
    if found.term is None:
        return message("terms_open", language)
    if found.term.days == 0 and not found.term.month_end:
        return message("terms_prepaid", language)
    key = "terms_month_end" if found.term.month_end else "terms_days"
    return message(key, language, days=words.integer(found.term.days, language))


def _decider(found: Decision, language: str | None) -> str:
    return label(found.decided_by, language) if found.decided_by else message("nobody_may_decide", language)


def _headline(found: Decision, language: str | None) -> str:
    amount = found.proposal.amount
    key = "decision_none" if amount is None else "decision_refused" if amount == 0 else "decision_limit"
    values = {
        "amount": _money(amount, found, language), "terms": _terms(found, language),
        "expiry": words.day(found.proposal.expiry, language), "role": _decider(found, language),
    }  # fmt: skip
    return f'<p class="cm-headline">{escape(message(key, language, **values))}</p>'


def _cards(found: Decision, language: str | None) -> str:
    own: Mapping[Any, Any] = found.file.exposure.iloc[0].to_dict() if len(found.file.exposure) else {}
    rated = found.rating
    mark = message("not_rated", language) if rated.rating is None else f"{rated.rating} / 10"
    key = "at_worst_level" if rated.rating is None else "its_level"
    level = message(key, language, lowest=rated.lowest, level=found.level.risk_level)
    room = own.get("headroom")
    cards = [
        ("request", _money(found.proposal.asked, found, language), ""),
        ("limit_proposed_card", _money(found.proposal.amount, found, language), _terms(found, language)),
        ("credit_limit", _money(own.get("credit_limit"), found, language), ""),
        ("exposure_amount", _money(_exposed(found), found, language),
         "" if is_blank(room) else f"{label('headroom', language)} {_money(room, found, language)}"),
        ("insurer_limit", _money(found.proposal.insurer_limit, found, language), message("insurer_apart", language)),
        ("rating_card", mark, level),
    ]  # fmt: skip
    return f'<div class="cm-cards">{"".join(_card(label(key, language), *texts) for key, *texts in cards)}</div>'


def _card(name: str, value: str, beside: str) -> str:
    below = f'<div class="p">{escape(beside)}</div>' if beside else ""
    return f'<div class="cm-card"><div class="k">{escape(name)}</div><div class="v">{escape(value)}</div>{below}</div>'


def _exposed(found: Decision) -> float | None:
    """Exposure of the customer; nil where our ledger knows it and it owes nothing; None: unknown."""
    if "ledger" in found.file.absent:
        return None
    return float(found.file.exposure["exposure_amount"].iloc[0]) if len(found.file.exposure) else 0.0


def _why(found: Decision, language: str | None) -> str:
    said = sentences(found.proposal, language)[1:]
    owed, limit = _exposed(found), found.proposal.amount
    if limit is not None and owed is not None and owed > limit:
        said.insert(0, message("exposure_beyond", language, gap=_money(owed - limit, found, language)))
    if found.rating.rating is None:
        share = words.percent(found.rating.known_weight, 0, language)
        told = {"share": share, "lowest": found.rating.lowest, "highest": found.rating.highest}
        said.append(message("unrated_shares", language, **told))
        if found.level.coefficient:
            said.append(message("unrated_level", language, level=found.level.risk_level))
    if found.need_origin == "sales_of_the_year":
        said.append(message("need_from_sales", language))
    for part, why in found.file.absent.items():
        said.append(message(f"file_without_{part}", language, reason=message(f"absent_{why}", language)))
    items = "".join(f"<li>{escape(text)}</li>" for text in said)
    return f'<ul class="cm-why">{items}</ul>' if items else ""


def _sides(found: Decision, language: str | None) -> str:
    told = explain(found.file.findings, language)
    against = told[told["side"].isin(["alert", "weakness"])]["said"].tolist()
    good = told[told["side"] == "strength"]["said"].tolist()
    columns = _side("side_against", "bad", against, language) + _side("side_for", "good", good, language)
    return f'<div class="cm-sides">{columns}</div>'


def _side(key: str, css: str, said: Sequence[str], language: str | None) -> str:
    listed, others = list(said[:LISTED]), len(said) - LISTED
    if others > 0:
        listed.append(message("more_in_part", language, count=words.integer(others, language), n=others))
    items = "".join(f"<li>{escape(text)}</li>" for text in listed or [message("nothing_found", language)])
    return f'<div><b class="{css}">{escape(message(key, language))}</b><ul>{items}</ul></div>'


def decision_lines(found: Decision, language: str | None = None) -> pd.DataFrame:
    """The conditions of the decision as a table of two columns, for the workbook too.

    Returns
    -------
    pandas.DataFrame
        `line`, `text` as the reader sees them.
    """
    return pd.DataFrame(_lines(found, language), columns=["line", "text"])


def _lines(found: Decision, language: str | None) -> list[tuple[str, str]]:
    level, proposal = found.level, found.proposal
    asked = found.terms_asked or message("unknown_amount", language)
    guarantee = label(level.guarantee_asked, language) if level.guarantee_asked else message("guarantee_open", language)
    held = [
        f"{text} {_money(amount, found, language)}".strip()
        for text, amount in zip(found.guarantees["value"].fillna(""), found.guarantees["amount"])
    ]
    return [
        (label("request", language), _money(proposal.asked, found, language)),
        (label("need_card", language), _money(proposal.need, found, language)),
        (label("limit_proposed_card", language), _money(proposal.amount, found, language)),
        (label("terms_asked" if found.terms_are_asked else "terms", language), asked),
        (label("terms_proposed", language), _terms(found, language)),
        (label("guarantees_held", language), ", ".join(held) or message("none_held", language)),
        (label("guarantee_asked", language), guarantee),
        (label("validity", language), _span(found, language)),
        (label("review_date", language), words.day(found.review, language)),
        (label("decided_by", language), _decider(found, language)),
        (label("limit_owner", language), proposal.owner or message("limit_to_be_named", language)),
    ]


def _span(found: Decision, language: str | None) -> str:
    if not found.proposal.amount:
        return message("no_validity", language)
    begin, end = (words.day(day, language) for day in (found.proposal.date, found.proposal.expiry))
    return message("from_to", language, begin=begin, end=end)


def _conditions(found: Decision, language: str | None) -> str:
    _, need, _, *others = _lines(found, language)  # the request and the limit stand on their cards
    shown = [need, *others]
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(text)}</td></tr>" for name, text in shown)
    return f'<table class="cm"><tbody>{rows}</tbody></table>'


def _signatures(found: Decision, language: str | None) -> str:
    decided = f"{message('sign_decided', language)}{message('colon', language)}{_decider(found, language)}"
    lines = ("sign_name", "sign_date", "sign_signature")
    boxes = {
        message("sign_prepared", language): lines,
        message("sign_sales", language): lines,
        decided: ("sign_choice", "sign_amount", "sign_date", "sign_signature"),
    }
    shown = "".join(
        f"<div><b>{escape(head)}</b>{'<br>'.join(escape(message(key, language)) for key in keys)}</div>"
        for head, keys in boxes.items()
    )
    return f'<div class="cm-sign">{shown}</div>'
