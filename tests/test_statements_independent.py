"""A client's figures computed a second time, from the codes of the forms and from accounts, with code of their own."""

import csv
import math
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

import cmtools as cm
from cmtools.financial_ratios import ratio_values
from cmtools.trial_balance import CHARTS, TrialBalance, rule_of

STOCKS, DEBTS, BUYS = "BL+BN+BP+BR+BT", "DS+DT+DU+DV", "FS+FU+FW"
STABLE, ADDED = f"{DEBTS}-EH", "FC-FS-FT+FF+FI+FM+FN-FU-FV-FW"
RESOURCES, USES = f"DL+1A+DO+DR+{STABLE}-AA-CM", "BJ+CW"
ACE, PCE = f"{STOCKS}+BV+BX+YS+CH+UY+UZ+VB+VN+CN", "DW+DX+EB+DY-8E+ED"
ACHE, PCHE = "BZ-UY-UZ-VB-VN+CB", "DZ+EA+8E"
NET_WORK = f"{RESOURCES}-BJ-CW"
SURPLUS = f"{ADDED}+FO-FX-FY-FZ"
CASH_FLOW = "HN+GA+GB+GC+GD+GQ+HG-FP+A1-GM-HC-HB+HF"
FIGURES = {
    "emplois_stables": USES, "ressources_stables": RESOURCES, "ace": ACE, "pce": PCE, "ache": ACHE, "pche": PCHE,
    "frng": NET_WORK, "tn": "CD+CF-EH-YS", "valeur_ajoutee": ADDED, "ebe": SURPLUS, "rex": "GG", "rcai": "GW",
    "caf_additive": CASH_FLOW, "caf_soustractive": f"{SURPLUS}+A1+FQ-GE+GH-GI+GV-GM+GQ+HI-HC+HG-HB+HF-HJ-HK",
}  # fmt: skip
RATIOS = {  # two flows, or two balances: months do not matter
    "taux_valeur_ajoutee": (ADDED, "FL"), "marge_ebe": (SURPLUS, "FL"), "taux_marge_bdf": (SURPLUS, ADDED),
    "performance": ("GW", "FL+FO"), "marge_nette": ("HN", "FL"), "caf_ca": (CASH_FLOW, "FL"),
    "part_etat": ("FX+HK", ADDED), "couverture_interets": (SURPLUS, "GR"), "autonomie_financiere": ("DL", "EE"),
    "gearing": (DEBTS, "DL+DO"), "gearing_net": (f"{DEBTS}-CD-CF+CE+CG", "DL+DO"), "endettement_diane":
    (DEBTS, f"DL+DO+DR+{STABLE}"), "equilibre_financier": (RESOURCES, USES), "solvabilite_generale": ("EE", "EC"),
    "vetuste": ("AO+AQ+AS+AU", "AN+AP+AR+AT"), "liquidite_generale": ("CJ-CK", "EG"), "liquidite_immediate":
    ("CD+CF-CE-CG", "EG"), "creances_douteuses": ("VA", "BX"), "poids_frais_financiers": ("GU", f"{SURPLUS}+GP+HD-HH"),
}  # fmt: skip
DAYS = {  # a balance over a flow
    "delai_clients": ("BX+YS", "FL+YY"), "delai_fournisseurs": ("DX", f"{BUYS}+YZ"), "bfr_jours":
    (f"{NET_WORK}-CD-CF+EH+YS", "FL"), "rotation_marchandises": ("BT", "FS+FT"), "rotation_stocks": (STOCKS, "FL"),
    "delai_fournisseurs_bdf": ("DX", BUYS), "endettement_global": ("EC+YS", "FL"), "tn_jours": ("CD+CF-EH-YS", "FL"),
}  # fmt: skip
YEARS = {  # one of both counts a year's movements
    "capacite_remboursement": (DEBTS, CASH_FLOW), "rentabilite_financiere": ("HN", "DL"), "va_par_salarie":
    (ADDED, "YP"), "poids_dettes_fiscales_sociales": ("DY", ADDED), "poids_frng": (NET_WORK, "FL"),
}  # fmt: skip


def total(codes: dict[str, float], text: str) -> float:
    terms = text.replace("-", "+-").split("+")
    return sum((-1 if term[0] == "-" else 1) * codes[term.removeprefix("-")] for term in terms)


@pytest.fixture(scope="module")
def filings(root: Path) -> dict[tuple[str, str], tuple[dict[str, float], float]]:
    """Complete 2050 filings of the sample: a box that is blank there holds nothing."""
    found: dict[tuple[str, str], tuple[dict[str, float], float]] = {}
    with open(root / "data" / "liasses_clients.csv", encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            when = "-".join(reversed(row["date_cloture"].split("/")))
            one = found.setdefault((row["entreprise"], when), (defaultdict(float), float(row["duree_mois"])))
            one[0][row["code"]] = float(row["montant"])
    return {key: one for key, one in found.items() if "EE" in one[0]}


@pytest.fixture(scope="module")
def accounts(root: Path) -> pd.DataFrame:
    return cm.read_liasse(root / "data" / "liasses_clients.csv").table


def test_figures_of_the_forms(filings: dict, accounts: pd.DataFrame) -> None:
    figures = pd.concat([cm.functional_balance(accounts), cm.sig(accounts), cm.caf(accounts)], axis=1)
    figures = figures.loc[:, ~figures.columns.duplicated()]
    compared = 0
    for row in figures.to_dict("records"):
        key = (row["company_id"], f"{row['year_end']:%Y-%m-%d}")
        for name, text in FIGURES.items() if key in filings else ():
            # one filing has a sales total a euro above its parts, as real ones do
            assert row[name] == pytest.approx(total(filings[key][0], text), abs=1.01), (key, name)
            compared += 1
    assert compared == 86 * len(FIGURES)


def test_ratios_of_the_forms(filings: dict, accounts: pd.DataFrame) -> None:
    compared: Counter[str] = Counter()
    for row in ratio_values(accounts).to_dict("records"):
        key = (row["company_id"], f"{row['year_end']:%Y-%m-%d}")
        if key not in filings:
            continue
        codes, months = filings[key]
        cases = [(*pair, name, 1.0) for name, pair in RATIOS.items()]
        cases += [(*pair, name, 360 * months / 12) for name, pair in DAYS.items()]  # a balance over a year's flow
        for name, pair in YEARS.items():
            cases.append((*pair, name, 12 / months if pair[0] in ("HN", ADDED) else months / 12))
        for above, below, name, factor in cases:
            upper, lower = total(codes, above), total(codes, below)
            if lower <= 0:
                assert math.isnan(row[name]), (key, name)
            elif not math.isnan(row[name]):  # a memo box left blank is unknown, not nil
                assert row[name] == pytest.approx(upper / lower * factor, rel=1e-4, abs=1e-6), (key, name)
                compared[name] += 1
    assert set(compared) == {*RATIOS, *DAYS, *YEARS}
    assert min(compared.values()) >= 6


@pytest.mark.parametrize("chart", CHARTS)
def test_every_account_at_once_keeps_both_caf_equal(chart: str) -> None:
    """One account a group, 100 to 799: the CAF is charges and income but those without cash."""
    still = ("681", "686", "687", "781", "786", "787", "675", "775", "777", "657", "757", "747")
    balances = {f"{number}000": number * 100 + 37 for number in range(100, 800)}
    placed = {name: cents for name, cents in balances.items() if (rule := rule_of(name, cents, chart)) and rule.line}
    cash = -sum(cents for name, cents in placed.items() if name[0] in "67" and not name.startswith(still))
    placed["512999"] = -sum(placed.values())
    frame = pd.DataFrame({"account": list(placed), "balance": [cents / 100 for cents in placed.values()]})
    frame = frame.assign(label=None, third_party=None)
    year = 2025 if chart == "from_2025" else 2024
    book = TrialBalance(frame, "A", start=date(year, 1, 1), end=date(year, 12, 31), months=12.0)
    table = book.statements(chart).table
    flows = cm.caf(table).iloc[0]
    assert flows["caf_additive"] == pytest.approx(cash / 100) == flows["caf_soustractive"]
    assert cm.functional_balance(table)["ecart_tn"].item() == 0 == cm.sig(table)["ecart_resultat"].item()


@pytest.mark.parametrize(
    ("name", "encoding", "mark"),
    [("111111111FEC20220831.txt", "utf-8-sig", "\t"), ("222222222FEC20230731.TXT", "cp850", "|")],
)
def test_real_entries(real_data: Path, name: str, encoding: str, mark: str) -> None:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    with open(real_data / "fec" / name, encoding=encoding, newline="") as file:
        for line in csv.DictReader(file, delimiter=mark):
            row = {str(key).strip(): str(value).strip().replace(",", ".") for key, value in line.items()}
            sums[row["CompteNum"]] += Decimal(row["Debit"]) - Decimal(row["Credit"])

    def of(*starts: str) -> float:
        return float(sum(value for account, value in sums.items() if account.startswith(starts)))

    table = cm.read_fec(real_data / "fec" / name).trial_balance().statements().table
    masses, flows = cm.functional_balance(table).iloc[0], cm.sig(table).iloc[0]
    owed = sum(float(value) for account, value in sums.items() if account.startswith(("451", "455")) and value < 0)
    treasury = of("50", "51", "53", "58")
    work = of("3", "4", "269", "279") - of("39", "49", "481") - owed
    assert flows["chiffre_affaires"] == pytest.approx(-of("70"))
    assert flows["ebe"] == pytest.approx(-of("70", "71", "72", "74", "60", "61", "62", "63", "64"))
    assert flows["resultat_net"] == pytest.approx(-of("6", "7"))
    assert masses["tn"] == pytest.approx(treasury)
    assert masses["bfr"] == pytest.approx(work)
    assert masses["frng"] == pytest.approx(treasury + work)
