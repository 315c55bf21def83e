"""What must be said beside the figures of doubtful claims: on what a rate rests, which shares were chosen."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import pandas as pd

from cmtools import language as words
from cmtools.display import Html, is_blank, records
from cmtools.language import label, message


def _paragraphs(*texts: str) -> Html:
    return Html("".join(f"<p>{escape(text)}</p>" for text in texts if text))


def history_said(rates: pd.DataFrame, currency: str, language: str | None = None, others: int = 0) -> Html:
    """On how many losses and months the loss rates rest, and what is still open.

    Parameters
    ----------
    rates : pandas.DataFrame
        As :func:`cmtools.loss_rates` gives it.
    currency : str
    language : {"fr", "en"}, optional
    others : int
        Claims written off that the history does not follow.

    Examples
    --------
    >>> rates = pd.DataFrame({"bucket": ["not_due"], "bucket_loss_rate": [0.0], "lost_items": [0], "cohorts_used": [12],
    ...     "cohorts_young": [12], "still_open": [5.0], "open_doubtful": [0.0], "reason": ["no_loss_observed"]})
    >>> "No loss observed" in history_said(rates, "EUR", "en")
    True
    """
    if rates["bucket_loss_rate"].isna().all():
        reasons = dict.fromkeys(label(str(reason), language) for reason in rates["reason"].dropna())
        said = message("not_in_history", language) + message("colon", language) + ", ".join(reasons)
        return _paragraphs(_sentence(said))
    row = rates.iloc[0]
    said = message(
        "history_said",
        language,
        items=words.integer(row["lost_items"], language),
        n=int(row["lost_items"]),
        used=words.integer(row["cohorts_used"], language),
        young=words.integer(row["cohorts_young"], language),
        still=words.money(row["still_open"], currency, language),
        doubtful=words.money(row["open_doubtful"], currency, language),
    )
    none = message("no_loss_said", language) if row["lost_items"] == 0 else ""
    count = words.integer(others, language)
    return _paragraphs(said, none, message("others_lost_said", language, count=count, n=others) if others else "")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def forward_said(matrix: pd.DataFrame, language: str | None = None) -> Html:
    """The forward-looking factor of a matrix, said aloud.

    Examples
    --------
    >>> forward_said(pd.DataFrame({"forward_factor": [1.0]}), "en").split(":")[1].split("(")[0].strip()
    '1.00'
    """
    factor = matrix["forward_factor"].iloc[0] if len(matrix) else float("nan")
    return _paragraphs(message("forward_said", language, factor=words.number(factor, 2, language)))


def shares_said(shares: Mapping[str, float], language: str | None = None) -> Html:
    """The table of shares of loss by procedure, and that it is a choice.

    Examples
    --------
    >>> "liquidation 100%" in shares_said({"none": 0.5, "liquidation": 1.0}, "en")
    True
    """
    names = {"none": "doubtful_alone"}
    told = [
        f"{label(names.get(key, key), language)} {words.percent(share, 0, language)}" for key, share in shares.items()
    ]
    return _paragraphs(message("shares_said", language, shares=", ".join(told)))


def taken_incl_vat_said(balances: pd.DataFrame, currency: str, language: str | None = None) -> Html:
    """What was taken incl. VAT because its amount excl. VAT is not known; nothing where there is none.

    Examples
    --------
    >>> "50.00" in taken_incl_vat_said(pd.DataFrame({"counted_incl_vat": [50.0]}), "EUR", "en")
    True
    """
    taken = float(balances["counted_incl_vat"].sum()) if len(balances) else 0.0
    if not taken:
        return _paragraphs()
    return _paragraphs(message("incl_vat_said", language, amount=words.money(taken, currency, language)))


def cases_said(balances: pd.DataFrame, currency: str, language: str | None = None) -> Html:
    """What a matrix leaves out and must be judged claim by claim; nothing where there is none.

    Examples
    --------
    >>> balances = pd.DataFrame({"case_disputed": [50.0], "case_insolvent": [0.0]})
    >>> "50.00" in cases_said(balances, "EUR", "en")
    True
    """
    left = float(balances[["case_disputed", "case_insolvent"]].sum().sum())
    if not left:
        return _paragraphs()
    return _paragraphs(message("cases_said", language, amount=words.money(left, currency, language)))


def events(entries: pd.DataFrame, language: str | None = None) -> pd.DataFrame:
    """Journal entries as they are read: what no source confirms is marked.

    Examples
    --------
    >>> entries = pd.DataFrame({"account_name": ["Output VAT"], "confirmation": ["unconfirmed"], "debit": [1.0]})
    >>> events(entries, "en")["account_name"].tolist()
    ['Output VAT (unconfirmed)']
    """
    names = [
        f"{row['account_name']} ({label('unconfirmed', language)})"
        if row["confirmation"] == "unconfirmed"
        else row["account_name"]
        for row in records(entries)
    ]
    shown = entries.assign(account_name=names).drop(columns="confirmation")
    return shown.drop(columns=[name for name in ("customer_id",) if name in shown and all(map(is_blank, shown[name]))])
