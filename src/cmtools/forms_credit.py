"""A credit file as tables to read: decision page, scores, grid, limits, exposure, what is known of a customer.

One table in, HTML out, in the reader's language; no calculation. Whatever comes from a
client's file is text: it is escaped, never read as markup. What is not known says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

from cmtools import external, follow_up, grids, limits, rating
from cmtools import language as words
from cmtools.credit_file import Behaviour, CreditFile, Quality, Relationship, not_judged, worded
from cmtools.credit_file import explain as explain_findings
from cmtools.delegation import DECISIONS
from cmtools.delegation import delegation_table as ceilings
from cmtools.display import CSS, Html, is_blank, records
from cmtools.forms import (
    NOTES,
    control_name,
    head_row,
    html_table,
    in_unit,
    money_td,
    notes,
    one_company,
    one_row,
    remark,
    section_row,
    td,
    term_in_words,
    who,
)  # fmt: skip
from cmtools.formulas import reference
from cmtools.language import HARD, label, message
from cmtools.limits import Proposal
from cmtools.rating import Rating
from cmtools.schemas import Defect, InputError
from cmtools.scoring import CLASSES, Model, all_models, models, wrong_variants
from cmtools.scoring import inputs as score_inputs

LISTED = 4  # names of lines or ratios that a sentence lists; the others are counted
MOST_RATE = 5.0  # a change beyond 500 % comes from a tiny base: the amount tells more
TOLD = 2  # opposed models of each side whose heaviest ratio is named
CLASS_CSS = {"sound": "good", "failing": "weak"}
CONFIRMED = {"C2": "confirmed_several", "C": "confirmed_one", "M": "confirmed_none"}


# ---------------------------------------------------------------- scores


def latest_scores(found: pd.DataFrame) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """Scores of the latest year in the order of the models, and those of the year before by model.

    Raises
    ------
    InputError
        If the table holds several companies, or a model twice for one year.
    """
    rows = records(one_company(found))
    dates = sorted({row["year_end"] for row in rows if not is_blank(row.get("year_end"))})
    order = {key: rank for rank, key in enumerate(all_models())}
    parts: list[dict[str, dict[str, Any]]] = []
    for date in dates[-2:] or [None]:
        mine = [row for row in rows if date is None or row["year_end"] == date]
        if len({row["model"] for row in mine}) < len(mine):
            raise InputError([Defect("one_year_expected", "fatal", value=str(len(mine)))])
        parts.append({str(row["model"]): row for row in mine})
    latest = sorted(parts[-1].values(), key=lambda row: order.get(str(row["model"]), len(order)))
    return latest, parts[0] if len(parts) > 1 else {}


def score_text(value: Any, language: str | None = None) -> str:
    """A score as written beside its cut-offs.

    Examples
    --------
    >>> score_text(2.070958, "fr"), score_text(float("nan"), "fr")
    ('2,07', '–')
    """
    return words.number(None if is_blank(value) else float(value), 2, language)


def cut_text(model: Model, value: float, language: str | None = None) -> str:
    """A cut-off in the unit that it is compared with: the score, or the probability.

    Examples
    --------
    >>> cut_text(models()["ohlson"], 0.038, "en"), cut_text(models()["altman_private"], 1.23, "en")
    ('P = 3.8%', '1.23')
    """
    if model.link == "logistic":
        return f"P = {words.percent(value, 1, language)}"
    return words.number(value, 3 if round(value, 2) != value else 2, language)


def cuts_in_words(model: Model, language: str | None = None) -> str:
    """From which values a score is failing and sound.

    Examples
    --------
    >>> cuts_in_words(models()["conan_holder"], "en"), cuts_in_words(models()["ohlson"], "en")
    ('failing below 4.00, sound above 9.00', 'failing above P = 3.8%')
    """
    lower = model.direction == "lower"
    fail = cut_text(model, model.fail_cut, language)
    if model.sound_cut != model.sound_cut or model.sound_cut == model.fail_cut:
        return message("cuts_fail_above" if lower else "cuts_fail_below", language, fail=fail)
    sound = cut_text(model, model.sound_cut, language)
    return message("cuts_lower" if lower else "cuts_higher", language, fail=fail, sound=sound)


def score_reason(row: Mapping[str, Any], language: str | None = None) -> str:
    """Why a model gives no score, in words; blank where it gives one.

    Parameters
    ----------
    row : mapping
        One row of :func:`cmtools.score`.

    Examples
    --------
    >>> score_reason({"reason": "no_year_before", "missing": ""}, "en")
    'not computable: two years in a row are needed'
    """
    if is_blank(row.get("reason")):
        return ""
    if row["reason"] == "no_year_before":
        return message("not_computable", language, reason=message("score_two_years", language))
    names = str(row.get("missing") or "").split()
    own = [name for name in names if not name.endswith("_simplifie")] or names
    text = remark({**row, "missing": " ".join(own[:LISTED])}, language)
    others = len(own) - LISTED
    return text if others <= 0 else f"{text} {message('score_more', language, count=others, n=others)}"


def score_table(found: pd.DataFrame, language: str | None = None) -> Html:
    """Every model of the latest year: score, class, cut-offs, probability, or why there is no score.

    Parameters
    ----------
    found : pandas.DataFrame
        Result of :func:`cmtools.score` for one company; the latest year is
        read, the score of the year before stands beside it.
    language : {"fr", "en"}, optional

    Returns
    -------
    Html
        Models that were not estimated on French SMEs are marked as
        illustrative; a probability read in a table that is not confirmed is
        marked too.

    Raises
    ------
    InputError
        If the table holds several companies.

    Examples
    --------
    >>> from cmtools.scoring import score
    >>> accounts = pd.DataFrame({"total_actif_net": [1000.0], "total_passif": [900.0]})
    >>> "do not balance" in score_table(score(accounts, ["altman_private"]), "en")
    True
    """
    latest, before = latest_scores(found)
    if not latest:
        return Html(f"{CSS}<p>{escape(message('nothing_to_show', language))}</p>")
    body = [_score_row(row, before.get(str(row["model"])), bool(before), language) for row in latest]
    heads = [(label("model", language), False)]
    if before:
        heads.append((words.day(next(iter(before.values()))["year_end"], language), True))
    ended = latest[0].get("year_end")
    heads += [
        (label("score", language) if is_blank(ended) else words.day(ended, language), True),
        (label("class", language), False),
        (message("score_cuts", language), False),
        (label("probability", language), True),
        (label("remark", language), False),
    ]
    marks = [message("scores_illustrative_note", language)] if any(row["illustrative"] for row in latest) else []
    if any(_unconfirmed(row) for row in latest):
        marks.append(message("score_probability_note", language))
    marks.append(message("score_ranks", language))
    said = notes([str(row.get("notes") or "") for row in latest], language)
    title = _titled("form_scores", latest[0], language)
    return Html(html_table(title, head_row(heads), body) + small(marks) + said)


def _score_row(row: Mapping[str, Any], before: Mapping[str, Any] | None, several: bool, language: str | None) -> str:
    model = all_models()[str(row["model"])]
    judged = None if is_blank(row["class"]) else str(row["class"])
    mark = f" <i>{escape(message('scores_illustrative', language))}</i>" if row["illustrative"] else ""
    cells = f"<td>{escape(label(model.key, language))}{mark}</td>"
    cells += td(score_text((before or {}).get("score"), language), "r") if several else ""
    cells += td(score_text(row["score"], language), "r")
    cells += td(label(judged, language) if judged else "", CLASS_CSS.get(judged or "", ""))
    cells += td(cuts_in_words(model, language), "small")
    chance = "" if is_blank(row["probability"]) else words.percent(row["probability"], 1, language)
    cells += td(f"{chance} *" if chance and _unconfirmed(row) else chance, "r")
    return f"<tr>{cells}{td(score_reason(row, language) or remark(row, language), 'small')}</tr>"


def _unconfirmed(row: Mapping[str, Any]) -> bool:
    """Whether the probability was read in a table that no source confirms."""
    link = all_models()[str(row["model"])].link
    read = any(line["model"] == link for line in reference("probabilities.csv"))
    return read and not is_blank(row["probability"])


def _titled(key: str, row: Mapping[str, Any], language: str | None) -> str:
    said = who(row, language)
    return f"{message(key, language)}{f' – {said}' if said else ''}"


def keys_in_words(frame: pd.DataFrame, language: str | None = None) -> pd.DataFrame:
    """A table for the workbook with its lists of keys in words.

    Examples
    --------
    >>> found = keys_in_words(pd.DataFrame({"missing": ["price_index total_dettes"]}), "en")
    >>> found["missing"].item()
    'Price index (base 100 in 1968), TOTAL debts'
    """
    lists = [name for name in ("missing", "notes", "not_given", "chart", "confirmation") if name in frame]
    worded = {
        name: [
            ", ".join(_key_in_words(key, language) for key in ("" if is_blank(text) else str(text)).split())
            for text in frame[name]
        ]
        for name in lists
    }
    if {"kind", "value"} <= set(frame.columns):  # external facts: the answers of a choice are keys, the rest is text
        chosen = [
            external.kinds()[kind].value == "choice" and not is_blank(value)
            for kind, value in zip(frame["kind"], frame["value"])
        ]
        answers = zip(chosen, frame["value"])
        worded["value"] = [label(str(value), language) if choice else value for choice, value in answers]
    if "control" in frame:
        worded["control"] = [control_name(str(key), language) for key in frame["control"]]
    if {"cap", "reason"} <= set(frame.columns):  # veto rules
        worded["reason"] = [grids.veto_text(row, language) for row in records(frame)]
    return frame.assign(**worded)


def _key_in_words(key: str, language: str | None) -> str:
    if key in NOTES:
        return message(f"note_{key}", language)
    return label(key, language)


def small(sentences: Sequence[str]) -> str:
    """Remarks under a table, one a line; escaped."""
    return "".join(f'<p class="cm-small">{escape(text)}</p>' for text in sentences if text)


def disagreement(found: Any, contributions: pd.DataFrame | None = None, language: str | None = None) -> Html:
    """Whether the models agree, which say what, what they weigh that differs, and why it is information.

    Parameters
    ----------
    found : pandas.DataFrame of one row, pandas.Series or mapping
        One row of :func:`cmtools.disagreements`.
    contributions : pandas.DataFrame, optional
        Result of :func:`cmtools.contributions` for the same company-year: what
        weighed most in the opposed models is then named.
    language : {"fr", "en"}, optional

    Returns
    -------
    Html
        One paragraph, or a few.

    Examples
    --------
    >>> row = {"verdict": "opposed", "sound": 1, "uncertain": 0, "failing": 1, "not_computable": 0,
    ...        "sound_models": "springate", "failing_models": "ohlson"}
    >>> page = disagreement(row, language="en")
    >>> "Springate S (1978)" in page, "only the latter weigh" in page
    (True, True)
    """
    row = one_row(found)
    sides = {name: str(row.get(f"{name}_models") or "").split() for name in ("sound", "failing")}
    counts = {name: words.integer(int(row[name]), language) for name in CLASSES}
    known = sum(int(row[name]) for name in CLASSES)
    first = [message(f"verdict_{row['verdict']}", language, count=words.integer(known, language), n=known)]
    said: list[str] = []
    if row["verdict"] in ("opposed", "close"):
        first.append(message("verdict_counts", language, **counts))
    silent = int(row["not_computable"])
    if silent and known:
        first.append(message("verdict_silent", language, count=words.integer(silent, language), n=silent))
    if known:
        first.append(message("verdict_em", language))
    if row["verdict"] == "opposed":
        said.append(_opposed(sides, language))
        said += _heaviest(sides, contributions, language)
        said.append(message("verdict_information", language))
    said.insert(0, " ".join(first))
    return Html(CSS + "".join(f"<p>{escape(text)}</p>" for text in said if text))


def _names(keys: Sequence[str], language: str | None) -> str:
    return ", ".join(label(key, language) for key in keys)


def _opposed(sides: Mapping[str, Sequence[str]], language: str | None) -> str:
    """Who says sound and who says failing, and the ratios that only one of the two sides looks at."""
    weighed = {
        side: dict.fromkeys(name for key in keys for name in all_models()[key].inputs) for side, keys in sides.items()
    }
    text = message("verdict_opposed_models", language, **{side: _names(keys, language) for side, keys in sides.items()})
    for side, other in (("sound", "failing"), ("failing", "sound")):
        own = [name for name in weighed[side] if name not in weighed[other]]
        if own:
            text += " " + message(f"verdict_only_{side}", language, inputs=_quoted(own, language))
    return text


def _quoted(keys: Sequence[str], language: str | None) -> str:
    """Labels in quotation marks; of many the first ones."""
    marks = f"«{HARD}{{}}{HARD}»" if words.resolve(language) == "fr" else "“{}”"
    text = ", ".join(marks.format(label(key, language)) for key in keys[:LISTED])
    others = len(keys) - LISTED
    return text if others <= 0 else f"{text} {message('score_more', language, count=others, n=others)}"


def _heaviest(
    sides: Mapping[str, Sequence[str]], contributions: pd.DataFrame | None, language: str | None
) -> list[str]:
    """The ratio that pulled each opposed model most to its side; of many models those least far from French SMEs."""
    rows = [] if contributions is None else records(contributions)
    said = []
    for side, keys in sides.items():
        nearest = sorted(keys, key=lambda key: all_models()[key].illustrative)[:TOLD]
        said += [_pull(key, side, rows, language) for key in nearest]
    text = " ".join(sentence for sentence in said if sentence)
    return [text] if text else []


def _pull(key: str, side: str, rows: Sequence[Mapping[str, Any]], language: str | None) -> str:
    sign = (1 if side == "sound" else -1) * (1 if all_models()[key].direction == "higher" else -1)
    mine = [row for row in rows if row["model"] == key and not is_blank(row["contribution"])]
    pulled = [row for row in mine if sign * row["contribution"] > 0]
    if not pulled:
        return ""
    most = max(pulled, key=lambda row: sign * row["contribution"])
    amount = words.number(most["contribution"], 2, language)
    return message(
        "verdict_heaviest", language, model=label(key, language), input=_quoted([str(most["input"])], language),
        value=input_text(str(most["input"]), most["value"], language),
        amount=f"+{amount}" if most["contribution"] > 0 else amount,
    )  # fmt: skip


def input_text(key: str, value: Any, language: str | None = None) -> str:
    """Value of an input of a model with its unit: a share in %, a number of times, days, yes or no.

    Examples
    --------
    >>> input_text("ebe_debts", 0.2125, "en"), input_text("sales_ta", 1.3, "en"), input_text("two_losses", 1.0, "en")
    ('21.2%', '1.30', 'yes')
    """
    if is_blank(value):
        return "–"
    item = score_inputs()[key]
    number = float(value)
    if item.nature == "flag" and number in (0.0, 1.0) and item.ways[0].kind != "swing":
        return label("yes" if number else "no", language).lower()
    units = {"share": "rate", "days": "days", "amount": "money"}
    return in_unit(number, units.get(item.nature, "ratio"), language)


def model_card(key: str, language: str | None = None) -> Html:
    """What a published model is: who made it and when, on which companies, what it claims, how it is misused.

    Parameters
    ----------
    key : str
        Of :func:`cmtools.scoring.models`, or one of their other forms.
    language : {"fr", "en"}, optional

    Returns
    -------
    Html

    Raises
    ------
    InputError
        If the model is unknown.

    Examples
    --------
    >>> page = model_card("altman_other", "en")
    >>> "Altman (1995)" in page, "6.5 instead of 6.56" in page
    (True, True)
    """
    if key not in all_models():
        details = {"expected": ", ".join(models())}
        raise InputError([Defect("score_unknown_model", "fatal", value=str(key), details=details)])
    model, tongue = all_models()[key], words.resolve(language)
    rows = [
        ("card_author", f"{model.author} ({model.year})"),
        ("card_formula", _formula(model, language)),
        ("card_unit", message(f"card_unit_{model.unit}", language)),
        ("score_cuts", cuts_in_words(model, language)),
        ("card_population", model.population[tongue]),
        ("card_claim", model.claim[tongue] or message("card_no_claim", language)),
        ("card_caution", model.caution[tongue]),
        ("card_confirmation", message(CONFIRMED[model.confirmation], language) + f" [{model.source}]"),
    ]
    body = [f"<tr>{td(message(name, language), 'small')}{td(text, 'wide')}</tr>" for name, text in rows if text]
    wrong = "".join(f"<li>{escape(other.caution[tongue])}</li>" for other in wrong_variants(key))
    listed = f"<tr>{td(message('card_wrong', language), 'small')}<td><ul>{wrong}</ul></td></tr>" if wrong else ""
    mark = f" – {message('scores_illustrative', language)}" if model.illustrative else ""
    return html_table(f"{label(key, language)}{mark}", "", [*body, listed])


def _formula(model: Model, language: str | None) -> str:
    """The model as a sum, in the labels of its inputs."""
    parts = [] if not model.constant else [words.number(model.constant, _places(model.constant), language)]
    for term in model.terms:
        size = abs(term.coefficient)
        sign = "-" if term.coefficient < 0 else "+"
        parts.append(f"{sign} {words.number(size, _places(size), language)} × {label(term.input.key, language)}")
    text = " ".join(parts).removeprefix("+ ")
    if model.scale == 1:
        return text
    return f"({text}) × {words.number(model.scale, _places(model.scale), language)}"


def _places(value: float) -> int:
    """Decimals that a published coefficient needs."""
    return len(f"{value:.10f}".rstrip("0").partition(".")[2])


# ---------------------------------------------------------------- grid


def grid_table(found: Rating, language: str | None = None, currency: str = "EUR") -> Html:
    """Every criterion by family: value, class, points, weight and what it brings; then the rating and the vetoes.

    Parameters
    ----------
    found : Rating
        As :func:`cmtools.rate` gives it.
    language : {"fr", "en"}, optional
    currency : str, default "EUR"

    Returns
    -------
    Html
        A criterion that is unknown keeps its row, with the reason.

    Examples
    --------
    >>> from cmtools.rating import rate
    >>> page = grid_table(rate({"management": "good", "autonomie_financiere": 0.45}), "en")
    >>> "from 30% to below 50%" in page, "not provided" in page
    (True, True)
    """
    rows = records(found.table)
    body = []
    for family in dict.fromkeys(str(row["family"]) for row in rows):
        body.append(section_row(label(family, language), 6))
        body += [_grid_row(row, language, currency) for row in rows if row["family"] == family]
    total = [
        td(label("score", language)), td(""), td(""),
        td(words.number(found.score, 1, language), "r"), td(words.percent(found.known_weight, 0, language), "r"),
        td(words.number(found.score, 2, language), "r"),
    ]  # fmt: skip
    body.append(f'<tr class="sum">{"".join(total)}</tr>')
    heads = [
        (label("criterion", language), False), (label("value", language), False), (label("class", language), False),
        (label("points", language), True), (label("weight", language), True), (message("grid_part", language), True),
    ]  # fmt: skip
    said = "".join(f"<li>{escape(text)}</li>" for text in rating.explain(found, language, currency))
    page = html_table(message("form_grid", language), head_row(heads), body)
    return Html(f'{page}<ul class="cm-notes">{said}</ul>')


def _grid_row(row: Mapping[str, Any], language: str | None, currency: str) -> str:
    known = not is_blank(row["points"])
    value = rating.value_text(row, language, currency) if known else f"– ({reason_text(row['reason'], language)})"
    cells = [
        td(label(str(row["criterion"]), language)),
        td(value, "" if known else "small"),
        td(grids.class_text(row, language, currency) if known else "", "small"),
        td(words.number(row["points"], 0, language), "r"),
        td(words.percent(row["weight"], 1, language), "r"),
        td(words.number(row["contribution"], 2, language), "r"),
    ]
    return f"<tr>{''.join(cells)}</tr>"


def reason_text(reason: Any, language: str | None = None) -> str:
    """Why something is unknown, in a few words; blank: it is known.

    Examples
    --------
    >>> reason_text("no_year_before", "en"), reason_text(None, "en")
    ('no year before', '')
    """
    return "" if is_blank(reason) else label(str(reason), language)


# ---------------------------------------------------------------- limits


def limit_table(methods: pd.DataFrame, proposal: Proposal | None = None, language: str | None = None) -> Html:
    """Every limit method: amount, what went in, why there is none, where its share comes from; then the proposal.

    Parameters
    ----------
    methods : pandas.DataFrame
        Result of :func:`cmtools.limits.methods`.
    proposal : Proposal, optional
        Its method is bold; it stands below with its reason.
    language : {"fr", "en"}, optional

    Returns
    -------
    Html

    Examples
    --------
    >>> found = limits.methods(pd.DataFrame({"capitaux_propres": [300_000.0]}), "2026-06-30")
    >>> page = limit_table(found, language="en")
    >>> "30,000" in page, "not computable" in page.lower()
    (True, True)
    """
    told, own = records(limits.explain(methods, language)), records(methods)
    bounding = None if proposal is None else proposal.method
    body = [_limit_row(row, mine, bounding, language) for row, mine in zip(told, own)]
    currency = next((str(row["currency"]) for row in own if not is_blank(row["currency"])), "EUR")
    said: list[str] = []
    if proposal is not None:
        body += _limit_sums(proposal, language)
        said = limits.sentences(proposal, language)
    heads = [
        (message("limit_method", language), False), (f"{label('limit_amount', language)} ({currency})", True),
        (label("lim_formula", language), False), (label("lim_inputs", language), False),
        (label("lim_remark", language), False), (label("lim_status", language), False),
    ]  # fmt: skip
    items = "".join(f"<li>{escape(text)}</li>" for text in said)
    accounts = notes([str(row.get("account_notes") or "") for row in own], language)
    page = html_table(message("form_limits", language), head_row(heads), body)
    return Html(page + (f'<ul class="cm-notes">{items}</ul>' if items else "") + accounts)


def _limit_row(told: Mapping[str, Any], own: Mapping[str, Any], bounding: str | None, language: str | None) -> str:
    known = not is_blank(told["limit_amount"])
    amount = words.number(told["limit_amount"], 0, language) if known else message("ratio_none", language)
    role = str(own["role"])
    origin = f"{message(f'limit_role_{role}', language)} · {told['lim_vat']}"
    cells = [
        f"<td>{escape(label(str(told['method']), language))}<br><small>{escape(origin)}</small></td>",
        td(amount, "r"), td(str(told["lim_formula"]), "small"), td(str(told["lim_inputs"]), "small"),
        td(str(told["lim_remark"]), "small"), td(str(told["lim_status"]), "small"),
    ]  # fmt: skip
    return f"<tr{' class=b' if told['method'] == bounding else ''}>{''.join(cells)}</tr>"


def _limit_sums(proposal: Proposal, language: str | None) -> list[str]:
    """Most prudent, mean and proposed amounts under the methods."""
    lowest = label(proposal.most_prudent_method, language) if proposal.most_prudent_method else ""
    rows = [
        ("limit_prudent", proposal.most_prudent, lowest), ("limit_mean", proposal.mean, ""),
        ("limit_line_proposed", proposal.amount, ""),
    ]  # fmt: skip
    found = []
    for key, value, beside in rows:
        text = message("ratio_none", language) if value is None else words.number(value, 0, language)
        css = "sum" if key == "limit_line_proposed" else ""
        cells = f'{td(message(key, language))}{td(text, "r")}<td colspan="4" class="small">{escape(beside)}</td>'
        found.append(f"<tr{f' class={css}' if css else ''}>{cells}</tr>")
    return found


# ---------------------------------------------------------------- exposure

_EXPOSURE = (
    ("open_invoices", 1), ("bills", 1), ("to_invoice", 1), ("order_backlog", 1), ("advances", -1),
    ("unallocated_receipts", -1), ("exposure_amount", 0), ("secured", 2), ("credit_limit", 2), ("headroom", 2),
    ("excess", 2), ("insurer_limit", 2), ("insurer_excess", 2), ("overdue", 2), ("overdue_undisputed", 2),
    ("disputed", 2), ("retention", 2),
)  # fmt: skip
_IN_INVOICES = ("overdue", "overdue_undisputed", "disputed", "retention")  # already counted in the open invoices


_LISTED_AMOUNTS = (
    "exposure_amount", "credit_limit", "headroom", "excess", "limit_use", "insurer_limit", "insurer_excess",
)  # fmt: skip


def index_figures(file: CreditFile, proposal: Proposal) -> dict[str, pd.DataFrame]:
    """What an index of credit files shows of one, for :func:`cmtools.display.published`."""
    row = file.exposure.iloc[0] if len(file.exposure) else pd.Series(dtype=float)
    values = {name: row.get(name) for name in ("exposure_amount", "credit_limit", "excess")}
    values["limit_proposed_card"] = proposal.amount
    rows: list[dict[str, Any]] = [
        {"value": value, "unit": "money", "reason": "", "details": {}} for value in values.values()
    ]
    return {file.currency: pd.DataFrame(rows, index=list(values)).astype({"value": "float64"})}


def exposure_table(found: pd.DataFrame, language: str | None = None) -> Html:
    """Exposure part by part against the limit; several customers one a row, the worst first.

    Parameters
    ----------
    found : pandas.DataFrame
        Result of :func:`cmtools.follow_up.exposure`; one row makes an account of
        its parts, several a list.
    language : {"fr", "en"}, optional

    Returns
    -------
    Html
        A part that is not given says so; it is not nil.

    Examples
    --------
    >>> parts = pd.DataFrame({"customer_id": ["A"], "open_invoices": [40_000.0], "credit_limit": [30_000.0]})
    >>> page = exposure_table(follow_up.exposure(parts, "2026-06-30"), "en")
    >>> "10,000.00" in page, "not provided" in page
    (True, True)
    """
    if found.empty:
        return Html(f"{CSS}<p>{escape(message('nothing_to_show', language))}</p>")
    if len(found) > 1:
        return _exposure_list(found, language)
    row = records(found)[0]
    body = []
    for name, kind in _EXPOSURE:
        value = row.get(name)
        if is_blank(value) and kind == 2 and name not in ("credit_limit", "insurer_limit"):
            continue
        sign = "+ " if kind == 1 else "− " if kind == -1 else ""
        shown = td(label("not_provided", language), "r") if is_blank(value) else _part_td(name, value, language)
        css = ' class="sum"' if kind == 0 else ""
        told = message(f"exposure_part_{name}", language) if name in _IN_INVOICES else label(name, language)
        body.append(f"<tr{css}>{td(sign + told)}{shown}</tr>")
    use = row.get("limit_use")
    state = [label(str(row["limit_state"]), language)] + ([] if is_blank(use) else [words.percent(use, 0, language)])
    body.append(f"<tr>{td(label('limit_state', language))}{td(' · '.join(state), 'r')}</tr>")
    if not is_blank(row.get("limit_until")):
        body.append(f"<tr>{td(label('limit_until', language))}{td(words.day(row['limit_until'], language), 'r')}</tr>")
    named = "" if is_blank(row.get("customer_name")) else f" – {row['customer_name']}"
    unit = "" if is_blank(row.get("currency")) else f" ({row['currency']})"
    title = message("form_group_exposure" if "members" in row else "form_exposure", language) + unit + named
    return Html(html_table(title, "", body) + small(_lacking([row], language)))


def _part_td(name: str, value: Any, language: str | None) -> str:
    limit = name in ("credit_limit", "insurer_limit")
    return td(words.number(value, 2, language), "r") if limit else money_td(value, language, 2)


def _lacking(rows: Sequence[Mapping[str, Any]], language: str | None) -> list[str]:
    """What the exposure lacks: it is then a minimum."""
    names = dict.fromkeys(name for row in rows for name in str(row.get("not_given") or "").split())
    if not names:
        return []
    return [message("exposure_minimum", language, parts=_names(list(names), language))]


def _listed_td(name: str, value: Any, language: str | None) -> str:
    """A figure of the list; a limit of nil is a refusal, and written as such."""
    if is_blank(value):
        return td("", "r")
    if name == "limit_use":
        return td(words.percent(value, 0, language), "r")
    if name in ("credit_limit", "insurer_limit"):
        return td(words.number(value, 0, language), "r")
    return money_td(value, language)


def _exposure_list(found: pd.DataFrame, language: str | None) -> Html:
    names = [name for name in _LISTED_AMOUNTS if name in found]
    body = []
    for row in records(found):
        cells = td(str(row["customer_name"]))
        for name in names:
            cells += _listed_td(name, row[name], language)
        state = str(row["limit_state"])
        body.append(f"<tr>{cells}{td(label(state, language), 'weak' if state == 'limit_over' else '')}</tr>")
    heads = [(label("customer_name", language), False), *((label(name, language), True) for name in names)]
    page = html_table(
        message("form_exposure", language), head_row([*heads, (label("limit_state", language), False)]), body
    )
    return Html(page + small(_lacking(records(found), language)))


# ---------------------------------------------------------------- who the customer is, how it pays


def worded_lines(found: pd.DataFrame, language: str | None = None, currency: str = "EUR") -> pd.DataFrame:
    """Lines of values of many kinds as text: identity of a customer, for the page and the workbook.

    Parameters
    ----------
    found : pandas.DataFrame
        `line`, `value`, `unit`, and `origin`, `status`, `before` or `reason`
        where there: :func:`cmtools.credit_file.identity`, `lines` of its
        :class:`~cmtools.credit_file.Relationship` and
        :class:`~cmtools.credit_file.Behaviour`.
    language : {"fr", "en"}, optional
    currency : str, default "EUR"

    Returns
    -------
    pandas.DataFrame
        `line` (key), `text`, and `before`, `origin`, `remark` where they say
        something. Text of the client's files stands in it as written.

    Examples
    --------
    >>> rows = pd.DataFrame({"line": ["siren", "founded"], "value": ["123456789", None], "unit": ["text", "date"],
    ...                      "status": ["given", "not_provided"]})
    >>> worded_lines(rows, "en")["text"].tolist()
    ['123456789', 'not provided']
    """
    rows = found.to_dict("records")
    told: dict[str, list[Any]] = {"line": [row["line"] for row in rows]}
    told["text"] = [_worded(row["value"], row, currency, language) for row in rows]
    if "before" in found:
        told["before"] = [
            "" if _unknown(row["before"]) else _figure(row["before"], row, currency, language) for row in rows
        ]
    if "origin" in found:
        told["origin"] = [None if _unknown(row["origin"]) else row["origin"] for row in rows]
    if "reason" in found:
        told["remark"] = [reason_text(None if _unknown(row["reason"]) else row["reason"], language) for row in rows]
    return pd.DataFrame(told, columns=list(told), dtype="object")


def _unknown(value: Any) -> bool:
    return is_blank(value) or value == ""


def _worded(value: Any, row: Mapping[Any, Any], currency: str, language: str | None) -> str:
    if _unknown(value):
        return label("not_provided", language) if row.get("status") == "not_provided" else "–"
    return _figure(value, row, currency, language)


def _figure(value: Any, row: Mapping[Any, Any], currency: str, language: str | None) -> str:
    unit = str(row["unit"])
    if row["line"] in ("agreed_terms", "delay_paid", "delay_with_open") and unit == "days":
        return in_unit(float(value), "days", language)
    return worded(value, unit, currency, language)


def relationship(found: Relationship | None, language: str | None = None, currency: str = "EUR") -> pd.DataFrame:
    """Sales, terms and length of the relation as text lines; no row without a ledger.

    Examples
    --------
    >>> relationship(None).empty
    True
    """
    if found is None:
        return pd.DataFrame(columns=["line", "text", "before", "remark"])
    unit = found.group["currency"].iloc[0] if len(found.group) else currency
    return worded_lines(found.lines, language, str(unit))


def behaviour(found: Behaviour | None, language: str | None = None) -> pd.DataFrame:
    """Payment behaviour as text lines, beside that of a year before; no row without a ledger.

    Examples
    --------
    >>> behaviour(None).empty
    True
    """
    if found is None:
        return pd.DataFrame(columns=["line", "text", "before", "remark"])
    return worded_lines(found.lines, language, found.currency)


# ---------------------------------------------------------------- external information


def external_table(shown: pd.DataFrame, language: str | None = None, currency: str = "EUR") -> Html:
    """What is known from outside, kind by kind, with its date; what is missing or no longer holds says so.

    Parameters
    ----------
    shown : pandas.DataFrame
        Result of :func:`cmtools.external.shown`.
    language : {"fr", "en"}, optional
    currency : str, default "EUR"

    Returns
    -------
    Html

    Examples
    --------
    >>> from cmtools.external import shown
    >>> external_table(shown(None, "000116", "2026-06-30"), "en").count("not provided") > 10
    True
    """
    rows = records(shown)
    if not rows:
        return Html(f"{CSS}<p>{escape(message('nothing_to_show', language))}</p>")
    body = []
    for family in dict.fromkeys(str(row["family"]) for row in rows):
        body.append(section_row(label(family, language), 6))
        body += [_external_row(row, language) for row in rows if row["family"] == family]
    heads = [
        (label("kind", language), False), (label("value", language), False),
        (message("external_amount", language, currency=currency), True), (message("external_date", language), False),
        (label("until", language), False), (message("external_said", language), False),
    ]  # fmt: skip
    note = small([message("external_note", language)])
    return Html(html_table(message("form_external", language), head_row(heads), body) + note)


def _external_row(row: Mapping[str, Any], language: str | None) -> str:
    status = str(row["status"])
    kind = str(row["kind"])
    if status == "not_provided":
        absent = escape(label(status, language))
        return f'<tr>{td(label(kind, language))}<td colspan="5" class="nil">{absent}</td></tr>'
    choice = external.kinds()[kind].value == "choice"
    value = "" if is_blank(row["value"]) else label(str(row["value"]), language) if choice else str(row["value"])
    dated = label("undated", language) if is_blank(row["date"]) else words.day(row["date"], language)
    beside = [str(row[name]) for name in ("source", "remark") if not is_blank(row[name])]
    mark = "" if status == "given" else f"{message('external_unused', language, status=label(status, language))} "
    said = f"{f'<b class=weak>{escape(mark)}</b>' if mark else ''}{escape(' · '.join(beside))}"
    cells = [
        td(label(kind, language)), td(value), money_td(row["amount"], language, 2), td(dated),
        td("" if is_blank(row["until"]) else words.day(row["until"], language)), f'<td class="small">{said}</td>',
    ]  # fmt: skip
    return f"<tr>{''.join(cells)}</tr>"


# ---------------------------------------------------------------- accounts


def triptych_table(found: pd.DataFrame, language: str | None = None, currency: str = "EUR") -> Html:
    """Solidity, profitability and treasury over the years, with the last change and its reading.

    Parameters
    ----------
    found : pandas.DataFrame
        Result of :func:`cmtools.credit_file.triptych`.
    language : {"fr", "en"}, optional
    currency : str, default "EUR"

    Returns
    -------
    Html
        A figure that the reform of 2025 made not comparable is marked.

    Examples
    --------
    >>> import cmtools as cm
    >>> from cmtools.credit_file import triptych
    >>> accounts = cm.read_liasse("data/liasses_clients.csv")
    >>> page = triptych_table(triptych(accounts, "000116", "2026-06-30"), "en")
    >>> "-464,983" in page, "weak" in page
    (True, True)
    """
    rows = records(found)
    dates = sorted({row["year_end"] for row in rows if not is_blank(row["year_end"])})
    if not rows:
        return Html(f"{CSS}<p>{escape(message('no_accounts_to_show', language))}</p>")
    figures: dict[tuple[str, str], dict[Any, Mapping[str, Any]]] = {}
    for row in rows:
        figures.setdefault((str(row["board"]), str(row["figure"])), {})[row["year_end"]] = row
    width, body, before = len(dates) + 4, [], ""
    for (board, figure), years in figures.items():
        if board != before:
            body.append(section_row(label(board, language), width))
            before = board
        body.append(_triptych_row(figure, [years.get(date) for date in dates], language))
    heads = [(f"{message('triptych_unit', language, currency=currency)}", False)]
    heads += [(_closing(date, rows, language), True) for date in dates]
    heads += [(message("triptych_change", language), True), (label("reading", language), False)]
    heads.append((label("remark", language), False))
    broken = any(row["break_of_series"] for row in rows)
    note = small([message("form_break", language)]) if broken else ""
    page = html_table(message("form_triptych", language), head_row(heads), body)
    return Html(page + note + notes([str(row.get("notes") or "") for row in rows], language))


def _closing(date: Any, rows: Sequence[Mapping[str, Any]], language: str | None) -> str:
    months = next((row["months"] for row in rows if row["year_end"] == date and not is_blank(row["months"])), None)
    when = words.day(date, language)
    return when if months is None else f"{when} ({message('months_count', language, months=f'{months:g}')})"


def _triptych_row(figure: str, years: Sequence[Mapping[str, Any] | None], language: str | None) -> str:
    last = years[-1] or {}
    unit = str(next(year["unit"] for year in years if year is not None))
    cells = td(label(figure, language))
    for year in years:
        value = None if year is None else year["value"]
        negative = not is_blank(value) and float(str(value)) < 0
        cells += td(in_unit(None if is_blank(value) else value, unit, language), "r", "neg" if negative else "")
    cells += td(_change(last, unit, language), "r")
    read = "" if is_blank(last.get("reading")) else str(last["reading"])
    cells += td(label(read, language) if read else "", read)
    reason = "" if is_blank(last.get("reason")) else remark(last, language)
    return f"<tr>{cells}{td(reason, 'small')}</tr>"


def _change(row: Mapping[str, Any], unit: str, language: str | None) -> str:
    """Change to the last year: in % for an amount where it has one, else in the unit of the figure."""
    change, rate = row.get("change"), row.get("change_rate")
    if is_blank(change) or change is None:
        return ""
    mark = f"{HARD}*" if row["break_of_series"] else ""
    rate = None if not is_blank(rate) and abs(float(str(rate))) > MOST_RATE else rate
    value = float(change) if is_blank(rate) else float(str(rate))
    sign = "+" if value > 0 else ""
    if not is_blank(rate):
        return f"{sign}{words.percent(value, 1, language)}{mark}"
    if unit == "rate":
        return f"{sign}{words.number(100 * value, 1, language)}{HARD}{message('points_short', language)}{mark}"
    return f"{sign}{in_unit(value, unit, language)}{mark}"


def quality_table(found: Quality, language: str | None = None) -> Html:
    """Age, completeness and controls of the accounts, a year a row; then what must be known of them.

    Parameters
    ----------
    found : Quality
        As :func:`cmtools.credit_file.accounts_quality` gives it.
    language : {"fr", "en"}, optional

    Returns
    -------
    Html

    Examples
    --------
    >>> import cmtools as cm
    >>> from cmtools.credit_file import accounts_quality
    >>> accounts = cm.read_liasse("data/liasses_clients.csv")
    >>> "12 months" in quality_table(accounts_quality(accounts, "000144", "2026-06-30"), "en")
    True
    """
    rows = records(found.years)
    left = [_left_out(row, language) for row in records(found.left_out)]
    if not rows:
        return Html(f"{CSS}<p>{escape(' '.join([message('no_accounts_to_show', language), *left]))}</p>")
    shown = ["form", "filing", "chart", "complete", "follows"]
    shown = [name for name in shown if any(not is_blank(row[name]) for row in rows)]
    body = [_quality_row(row, shown, language) for row in rows]
    heads = [(label("year_end", language), False), (label("months", language), True)]
    heads += [(label(name, language), False) for name in shown]
    heads += [(message(f"quality_{name}", language), True) for name in ("ok", "failed", "not_checkable")]
    age = words.integer(found.age_months, language)
    said = [message("quality_age", language, months=age)] if found.age_months == found.age_months else []
    said += [message("quality_too_old", language)] if found.too_old else []
    said += [message("quality_chart", language)] if any(row["chart_changed"] for row in rows) else []
    page = html_table(message("form_quality", language), head_row(heads), body)
    items = "".join(f"<li>{escape(text)}</li>" for text in [*said, *left])
    return Html(f'{page}<ul class="cm-notes">{items}</ul>')


def _quality_row(row: Mapping[str, Any], shown: Sequence[str], language: str | None) -> str:
    months = row["months"]
    cells = td(words.day(row["year_end"], language)) + td("–" if is_blank(months) else f"{float(months):g}", "r")
    for name in shown:
        value = row[name]
        if isinstance(value, bool) or str(type(value).__name__) == "bool":
            cells += td(label("yes" if value else "no", language), "" if value else "weak")
        else:
            cells += td("" if is_blank(value) else label(str(value), language))
    cells += td(words.integer(row["ok"], language), "r")
    cells += td(words.integer(row["failed"], language), "r", "weak" if row["failed"] else "")
    return f"<tr>{cells}{td(words.integer(row['not_checkable'], language), 'r')}</tr>"


def _left_out(row: Mapping[str, Any], language: str | None) -> str:
    when = label("undated", language) if is_blank(row["year_end"]) else words.day(row["year_end"], language)
    return message("quality_left_out", language, date=when, reason=reason_text(row["reason"], language))


def lines_table(years: pd.DataFrame, language: str | None = None) -> pd.DataFrame:
    """Lines of the accounts that are known, one a row, a column for each closing: for the workbook.

    Parameters
    ----------
    years : pandas.DataFrame
        Accounts of one company.
    language : {"fr", "en"}, optional

    Returns
    -------
    pandas.DataFrame
        `form_line` (label and code), then one column per closing date; NaN:
        unknown.

    Examples
    --------
    >>> accounts = pd.DataFrame({"year_end": pd.to_datetime(["2025-12-31"]), "clients": [318000.0]})
    >>> lines_table(accounts, "en").values.tolist()
    [['Trade receivables (BX)', 318000.0]]
    """
    rows = records(one_company(years)) if len(years) else []
    keys = [line + part for line in _line_keys() for part in ("", "_amort", "_net")]
    known = [key for key in keys if key in years and any(not is_blank(row[key]) for row in rows)]
    named = {"form_line": [term_in_words(key, language) for key in known]}
    for rank, row in enumerate(rows):
        when = str(rank + 1) if is_blank(row.get("year_end")) else words.day(row["year_end"], language)
        named[when if when not in named else f"{when} ({rank + 1})"] = [row[key] for key in known]
    return pd.DataFrame(named)


def _line_keys() -> list[str]:
    return [row["key"] for row in reference("lines.csv")]


# ---------------------------------------------------------------- findings, delegation, overruns


def findings(found: CreditFile, language: str | None = None) -> Html:
    """Alerts, weaknesses and strengths as three lists, then what could not be judged.

    Parameters
    ----------
    found : CreditFile
    language : {"fr", "en"}, optional

    Returns
    -------
    Html
        Where a threshold is a choice, or unconfirmed, it is marked.

    Examples
    --------
    >>> import cmtools as cm
    >>> accounts = cm.read_liasse("data/liasses_clients.csv")
    >>> page = findings(cm.credit_file.credit_file("000116", "2026-06-30", statements=accounts), "en")
    >>> "negative equity" in page, "Alerts" in page
    (True, True)
    """
    told = records(explain_findings(found.findings, language))
    parts = [CSS]
    for side in ("alert", "weakness", "strength"):
        mine = [f"{row['said']}{_mark(row['status'])}" for row in told if row["side"] == side]
        items = "".join(f"<li>{escape(text)}</li>" for text in mine or [message("findings_none", language)])
        parts.append(f"<p><b>{escape(message(f'findings_{side}', language))}</b></p><ul>{items}</ul>")
    marks = [message("findings_choice", language)] if any(_mark(row["status"]) for row in told) else []
    reasons: dict[str, list[str]] = {}
    for row in records(not_judged(found.figures)):
        reasons.setdefault(reason_text(row["reason"], language), []).append(label(str(row["figure"]), language))
    silent = [f"{', '.join(names)} ({reason})" for reason, names in reasons.items()]
    if silent:
        between = " ; " if words.resolve(language) == "fr" else "; "
        marks.append(message("findings_not_judged", language, figures=between.join(silent)))
    return Html("".join(parts) + small(marks))


def _mark(status: Any) -> str:
    return " *" if not is_blank(status) and str(status).startswith(("CHOICE", "unconfirmed", "UNCONFIRMED")) else ""


def delegation_table(delegation: pd.DataFrame | None = None, language: str | None = None) -> Html:
    """Who may set a limit, refuse one, unblock an order, up to how much at each risk level.

    Parameters
    ----------
    delegation : pandas.DataFrame, optional
        As :func:`cmtools.delegation.read_delegation` gives it; default: its own.
    language : {"fr", "en"}, optional

    Returns
    -------
    Html
        A dash: that function does not decide there.

    Examples
    --------
    >>> "without limit" in delegation_table(language="en")
    True
    """
    pages = []
    for decision in DECISIONS:
        table = ceilings(delegation, decision, language)
        levels = [str(name) for name in table.columns if name != "role"]
        body = [
            f"<tr>{td(str(row['role']))}{''.join(td(str(row[level]), 'r') for level in levels)}</tr>"
            for row in records(table)
        ]
        heads = [(label("role", language), False)]
        heads += [(f"{label('risk_level', language)} {level}", True) for level in levels]
        pages.append(html_table(message(f"delegation_{decision}", language), head_row(heads), body))
    return Html("".join(pages) + small([message("delegation_note", language)]))


def overrun_table(causes: pd.DataFrame | None = None, language: str | None = None) -> Html:
    """What to do about an exceeded limit: the causes that the figures show, or all that there may be.

    Parameters
    ----------
    causes : pandas.DataFrame, optional
        Result of :func:`cmtools.follow_up.overrun_causes` for one customer;
        default: the whole list of causes and actions.
    language : {"fr", "en"}, optional

    Returns
    -------
    Html

    Examples
    --------
    >>> "Allocate and compute again" in overrun_table(language="en")
    True
    """
    whole = causes is None
    table = follow_up.overrun_actions(language) if causes is None else causes
    names = ["over_cause", "over_sign" if whole else "cause_amount", "action", "owner"]
    body = []
    for row in records(table):
        cells = [
            money_td(row[name], language, 2) if name == "cause_amount" else td(str(row[name]), "small")
            for name in names
        ]
        css = "" if whole or not row["explains"] else ' class="b"'
        body.append(f"<tr{css}>{''.join(cells)}</tr>")
    if not body:
        return Html(f"{CSS}<p>{escape(message('overrun_none', language))}</p>")
    titles = {name: label(name, language) for name in names} | {"cause_amount": message("overrun_amount", language)}
    heads = [(titles[name], name == "cause_amount") for name in names]
    note = [] if whole else [message("overrun_bold", language)]
    return Html(html_table(message("form_overrun", language), head_row(heads), body) + small(note))
