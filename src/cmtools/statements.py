"""A client's accounts over many company-years: functional balance sheet, SIG, CAF, changes.

Each function takes the table of :class:`cmtools.lines.Statements` (or any frame with
lines in columns) and gives one row per company-year. Formulas are rows of
``reference/aggregates.csv``; a figure that needs an unknown line is NaN, and `notes`
holds the keys of what must be said of the figures of its row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cmtools.formulas import Bits, evaluate, is_flow, note_texts
from cmtools.lines import IDENTITY
from cmtools.schemas import Defect, InputError

DAYS = 360  # base of the definitions of the Banque de France and of Diane
SECURITIES = ("treasury", "off_operation")
ASSOCIATES = ("stable", "off_operation", "treasury")
LEASING = ("none", "restated")
VERSIONS = ("functional", "net")
MASSES = (
    "emplois_stables", "ace", "ache", "tresorerie_active", "ressources_stables", "pce", "pche", "tresorerie_passive",
)  # fmt: skip
BALANCES = ("frng", "frng_bas", "bfre", "bfrhe", "bfr", "tn", "tn_difference", "ecart_tn")
SIG = (
    "chiffre_affaires", "marge_commerciale", "production_exercice", "consommations_tiers", "valeur_ajoutee",
    "charges_personnel", "ebe",
    "dotations_exploitation", "rex", "rcai", "resultat_exceptionnel", "resultat_sig", "resultat_net", "ecart_resultat",
)  # fmt: skip
RESTATED = (
    "valeur_ajoutee_retraitee", "charges_personnel_retraitees", "ebe_retraite", "rex_retraite", "ebe_comparable",
    "rex_comparable",
)  # fmt: skip
CAF = ("caf_additive", "caf_soustractive", "ecart_caf", "autofinancement")
BROKEN = frozenset(  # not comparable across the reform of 2025
    {
        "production_exercice", "consommations_tiers", "valeur_ajoutee", "charges_personnel", "ebe", "rex", "rcai",
        "resultat_exceptionnel",
    }
)  # fmt: skip


def functional_balance(
    statements: pd.DataFrame,
    *,
    version: str = "functional",
    discounted_bills: bool = True,
    leasing: str = "none",
    associates: str = "stable",
    securities: str = "treasury",
    days: int = DAYS,
) -> pd.DataFrame:
    """Great masses, FRNG, BFR and net treasury, each treasury figure reached both ways.

    Parameters
    ----------
    statements : pandas.DataFrame
        One row per company-year, lines in columns.
    version : {"functional", "net"}
        functional: assets at original value, depreciation among the stable
        resources; net: assets net of both.
    discounted_bills : bool
        Count bills discounted and not yet due (line `eene`) among customers and
        in passive treasury, as the ratios do.
    leasing : {"none", "restated"}
        restated: leased assets at original value among the stable uses,
        fictitious depreciation and remaining debt among the resources; where
        the forms alone are known, their commitments (YQ + YR) on both sides.
    associates : {"stable", "off_operation", "treasury"}
        Where associates' current accounts stand, by how long they are left.
    securities : {"treasury", "off_operation"}
        Where marketable securities stand.
    days : int
        Days of a year in the figures in days of sales: 360 or 365.

    Returns
    -------
    pandas.DataFrame, one row per company-year
        Identity columns, then in the currency of the accounts:
        `emplois_stables`, `ace`, `ache`, `tresorerie_active` (uses);
        `ressources_stables`, `pce`, `pche`, `tresorerie_passive` (resources);
        `frng` (from the top), `frng_bas` (from the bottom), `bfre`, `bfrhe`,
        `bfr`, `tn` (treasury assets less liabilities), `tn_difference`
        (FRNG - BFR), `ecart_tn` (their gap: nil unless a line is lost or the
        accounts do not balance). Then `frng_days`, `bfre_days`, `bfr_days`,
        `tn_days` of annual sales excluding VAT, and `notes`.

    Raises
    ------
    InputError
        If an option has no such value.

    Notes
    -----
    FRNG = RS - ES; BFRE = ACE - PCE; BFRHE = ACHE - PCHE; BFR = BFRE + BFRHE;
    TN = TA - TP = FRNG - BFR. Bank overdrafts (EH) are taken out of bank debt
    (DU), which contains them. Without form 2057 other receivables are off
    operation and all tax debts in operation (note split_unknown): BFR and TN do
    not change. Source: UNIT (``reference/sources.csv``).

    Examples
    --------
    >>> accounts = pd.DataFrame({"total_actif_immobilise": [500.0], "clients": [300.0], "disponibilites": [50.0]})
    >>> functional_balance(accounts)["frng"].isna().item()  # the liabilities are unknown
    True
    """
    _check(version, VERSIONS, "version")
    _check(leasing, LEASING, "leasing")
    _check(associates, ASSOCIATES, "associates")
    _check(securities, SECURITIES, "securities")
    net = "_net" if version == "net" else ""
    used = [name + net for name in MASSES[:5]] + list(MASSES[5:])
    values, bits = evaluate(statements, used)
    masses = {name: values[column].to_numpy() for name, column in zip(MASSES, used)}
    if not discounted_bills:
        _move(masses, statements, "eene_connus", ("ace", "tresorerie_passive"), -1)
    if leasing == "restated":
        _move(masses, statements, "credit_bail_emplois", ("emplois_stables",), 1)
        _move(masses, statements, "credit_bail_ressources", ("ressources_stables",), 1)
        bits |= evaluate(statements, ["credit_bail_emplois"])[1]
    if associates != "stable":
        _move(masses, statements, "comptes_associes", ("ressources_stables",), -1)
        _move(
            masses,
            statements,
            "comptes_associes",
            ("pche" if associates == "off_operation" else "tresorerie_passive",),
            1,
        )
    if securities == "off_operation":
        _move(masses, statements, f"vmp{net}", ("tresorerie_active",), -1)
        _move(masses, statements, f"vmp{net}", ("ache",), 1)
    found = pd.DataFrame(masses, index=statements.index)
    found = with_identity(statements, pd.concat([found, _balances(found)], axis=1))
    sales = evaluate(statements, ["chiffre_affaires"], annual=True)[0]["chiffre_affaires"]
    for name in ("frng", "bfre", "bfr", "tn"):
        found[f"{name}_days"] = (found[name] / sales.where(sales > 0.005) * days).to_numpy()
    return found.assign(notes=_notes(statements, bits))


def _check(value: str, allowed: Sequence[str], name: str) -> None:
    if value not in allowed:
        expected = ", ".join(allowed)
        raise InputError(
            [Defect("unknown_option", "fatal", column=name, value=str(value), details={"expected": expected})]
        )


def _move(masses: dict[str, np.ndarray], statements: pd.DataFrame, name: str, into: Sequence[str], sign: int) -> None:
    amount = sign * evaluate(statements, [name])[0][name].to_numpy()
    for mass in into:
        masses[mass] = masses[mass] + amount


def _balances(masses: pd.DataFrame) -> pd.DataFrame:
    m = masses
    frng, bfre, bfrhe = m["ressources_stables"] - m["emplois_stables"], m["ace"] - m["pce"], m["ache"] - m["pche"]
    tn, bfr = m["tresorerie_active"] - m["tresorerie_passive"], bfre + bfrhe
    return pd.DataFrame(
        {
            "frng": frng, "frng_bas": bfr + tn, "bfre": bfre, "bfrhe": bfrhe, "bfr": bfr, "tn": tn,
            "tn_difference": frng - bfr, "ecart_tn": (tn - (frng - bfr)).round(2) + 0.0,
        }
    )  # fmt: skip


def liquidity_balance(statements: pd.DataFrame) -> pd.DataFrame:
    """Working capital by maturity: current assets less debts due within a year.

    Parameters
    ----------
    statements : pandas.DataFrame
        One row per company-year. Accounts that class their lines by maturity
        (foreign ones) need `total_actif_circulant_net` and `dettes_moins_1an`.

    Returns
    -------
    pandas.DataFrame
        Identity columns, `actif_court_terme`, `dettes_ct`, `fr_liquidite`, `notes`.

    Notes
    -----
    It answers another question than the FRNG (can what falls due be paid), and
    may have the opposite sign. Source: IUT.

    Examples
    --------
    >>> found = liquidity_balance(pd.DataFrame({"total_actif_circulant_net": [150.0], "dettes_moins_1an": [120.0]}))
    >>> float(found["fr_liquidite"].iloc[0])
    30.0
    """
    return _named(statements, ("actif_court_terme", "dettes_ct", "fr_liquidite"))


def sig(statements: pd.DataFrame, *, restated: bool = False, annual: bool = False) -> pd.DataFrame:
    """Intermediate balances, from the trade margin to the net result.

    Parameters
    ----------
    statements : pandas.DataFrame
        One row per company-year, lines in columns.
    restated : bool
        Add the figures as a credit analyst restates them, beside the raw ones.
    annual : bool
        Bring the flows of years of other than twelve months to twelve.

    Returns
    -------
    pandas.DataFrame, one row per company-year
        Identity columns, the columns of ``SIG`` (and ``RESTATED``), `notes`.
        `resultat_sig` is where the cascade ends, `ecart_resultat` its gap to
        the result filed. EBE: gross operating surplus; an EBE below nil is an
        IBE. Charges are positive.

    Notes
    -----
    The restated figures move temporary staff and lease payments out of external
    charges, profit-sharing into staff costs, grants into the value added.
    `ebe_comparable` and `rex_comparable` bring years before 2025 to the layout
    of ANC 2022-06 (charges transferred; disposals and grants). Sources: GUALINO
    p. 61, MECAOUEST, CRCF, LEGIFISCAL.

    Examples
    --------
    >>> accounts = pd.DataFrame({"ventes_marchandises": [1000.0], "achats_marchandises": [600.0],
    ...                          "variation_stock_marchandises": [50.0]})
    >>> float(sig(accounts)["marge_commerciale"].iloc[0])
    350.0
    """
    return _named(statements, SIG + RESTATED if restated else SIG, annual=annual)


def caf(statements: pd.DataFrame, *, annual: bool = False) -> pd.DataFrame:
    """Self-financing capacity by both methods.

    Parameters
    ----------
    statements : pandas.DataFrame
        One row per company-year, lines in columns.
    annual : bool
        Bring the flows of years of other than twelve months to twelve.

    Returns
    -------
    pandas.DataFrame, one row per company-year
        Identity columns, `caf_additive` (from the result), `caf_soustractive`
        (from the EBE), `ecart_caf` (their gap), `autofinancement` (less
        dividends of the year), `notes`. Forms do not tell disposals from
        grants: then the note disposals_approximate.

    Notes
    -----
    Additive: result + depreciation and provisions (681, 686, 687) - reversals
    (781, 786, 787) + book value of disposals - their proceeds - grants taken to
    income. All write-downs count as not cash, those of current assets included.
    Source: AIDEDCG.

    Examples
    --------
    >>> accounts = pd.DataFrame({"resultat_net": [55.0], "dotations_exploitation": [20.0]})
    >>> caf(accounts)["caf_additive"].isna().item()  # depreciation is given by its four lines
    True
    """
    return _named(statements, CAF, annual=annual)


def _named(statements: pd.DataFrame, names: Sequence[str], *, annual: bool = False) -> pd.DataFrame:
    values, bits = evaluate(statements, names, annual=annual)
    for name in values.columns.intersection(["ecart_resultat", "ecart_caf"]):
        values[name] = values[name].round(2) + 0.0
    values["notes"] = _notes(statements, bits)
    return with_identity(statements, values)


def with_identity(statements: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Figures with the company, year and origin of their row before them, as far as the table has these."""
    for place, name in enumerate(name for name in IDENTITY if name in statements):
        figures.insert(place, name, statements[name])
    return figures


def _notes(statements: pd.DataFrame, bits: Bits) -> pd.Series:
    notes = note_texts(bits).set_axis(statements.index)
    if "form" in statements and (simplified := statements["form"] == "2033").any():
        notes = notes.mask(simplified, (notes + " simplified_form").str.strip())
    return notes


def annualise(statements: pd.DataFrame) -> pd.DataFrame:
    """Accounts with the flows of a year of other than twelve months brought to twelve; balance sheets unchanged.

    Parameters
    ----------
    statements : pandas.DataFrame
        With `months`.

    Returns
    -------
    pandas.DataFrame
        A copy; `months` becomes 12 and `months_filed` keeps what it was. Where
        the months are unknown the flows are unknown.

    Examples
    --------
    >>> year = pd.DataFrame({"months": [15.0], "chiffre_affaires": [1500.0], "clients": [200.0]})
    >>> annualise(year)[["months", "months_filed", "chiffre_affaires", "clients"]].iloc[0].tolist()
    [12.0, 15.0, 1200.0, 200.0]
    """
    if "months_filed" in statements:
        return statements.copy()
    months = statements["months"].astype("float64")
    factor = 12 / months.where(months > 0)
    flows = {str(name): statements[name] * factor for name in statements.columns if is_flow(str(name))}
    return statements.assign(**flows, months=12.0, months_filed=months)


def changes(figures: pd.DataFrame, names: Sequence[str] | None = None) -> pd.DataFrame:
    """Change of each figure from one year to the next of the same company.

    Parameters
    ----------
    figures : pandas.DataFrame
        Result of :func:`functional_balance`, :func:`sig`, :func:`caf` or
        accounts themselves, with `company_id` and `year_end`.
    names : sequence of str, optional
        Columns to follow; None: all number columns but `months`.

    Returns
    -------
    pandas.DataFrame, one row per company, year (but the first) and figure
        `company_id`, `year_end`, `figure`, `before`, `after`, `change` (money),
        `change_rate` (fraction of the figure before; NaN where that is nil or
        negative, as the sign of a percentage would then mislead),
        `break_of_series`: the chart of accounts changed between the two years
        and the figure with it (ANC 2022-06).

    Raises
    ------
    InputError
        If a company has a year twice, or a year without a date.

    Examples
    --------
    >>> years = pd.DataFrame({"company_id": ["A", "A"], "year_end": pd.to_datetime(["2024-12-31", "2025-12-31"]),
    ...                       "chart": ["until_2024", "from_2025"], "ebe": [100.0, 80.0]})
    >>> changes(years)[["figure", "change", "change_rate", "break_of_series"]].values.tolist()
    [['ebe', -20.0, -0.2, True]]
    """
    _check_years(figures)
    numbers = [str(name) for name in figures.select_dtypes("number") if name not in ("months", "months_filed")]
    chosen = list(names) if names is not None else numbers
    rows = figures.sort_values(["company_id", "year_end"])
    earlier = rows.groupby("company_id")[[*chosen, *(["chart"] if "chart" in rows else [])]].shift()
    later = rows.groupby("company_id").cumcount() > 0
    parts = []
    for name in chosen:
        before, after = earlier.loc[later, name], rows.loc[later, name]
        broken: Any = False
        if "chart" in rows and name in BROKEN:
            charts = rows.loc[later, "chart"], earlier.loc[later, "chart"]
            broken = charts[0].notna() & charts[1].notna() & (charts[0] != charts[1])
        parts.append(
            rows.loc[later, ["company_id", "year_end"]].assign(
                figure=name,
                before=before,
                after=after,
                change=after - before,
                change_rate=(after - before) / before.where(before > 0),
                break_of_series=broken,
            )
        )
    if not parts:
        return pd.DataFrame(
            columns=["company_id", "year_end", "figure", "before", "after", "change", "change_rate", "break_of_series"]
        )
    whole = pd.concat(parts, ignore_index=True)
    rank = {name: place for place, name in enumerate(chosen)}
    whole = whole.sort_values(
        ["company_id", "year_end", "figure"], key=lambda c: c.map(rank) if c.name == "figure" else c
    )
    return whole.reset_index(drop=True)


def _check_years(figures: pd.DataFrame) -> None:
    undated = figures[figures["year_end"].isna()]
    twice = figures[figures.duplicated(["company_id", "year_end"])]
    defects = [Defect("statements_no_year", value=str(name)) for name in undated["company_id"]]
    defects += [
        Defect("statements_twice", value=f"{row['company_id']} {row['year_end']:%d/%m/%Y}")
        for row in twice.to_dict("records")
        if row["year_end"] == row["year_end"]
    ]
    if defects:
        raise InputError(defects)
