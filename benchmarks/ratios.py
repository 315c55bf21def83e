"""Time and memory of all SIG, masses, CAF and ratios, next to ten ratios written by hand in pandas on the same frame.

    python benchmarks/ratios.py [company-years]

Each has a process of its own, so that its peak memory is its own; making the frame is not timed, but its memory
counts on both sides. The ten by hand know neither unknown lines nor notes nor years of other than twelve months.
The figures that both compute must agree.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pandas as pd

LINES = (
    "total_actif_immobilise", "total_actif_immobilise_amort", "total_actif_amort", "frais_emission_emprunts",
    "stock_matieres", "encours_biens", "encours_services", "stock_produits", "stock_marchandises", "avances_versees",
    "clients", "autres_creances", "creances_personnel", "creances_sociales", "creances_tva", "creances_autres_impots",
    "capital_appele_non_verse", "vmp", "disponibilites", "cca", "ecart_conversion_actif", "capital_souscrit_non_appele",
    "primes_remboursement", "capital", "capitaux_propres", "subventions_investissement", "provisions_reglementees",
    "autres_fonds_propres", "provisions", "emprunts_oblig_convertibles", "autres_emprunts_oblig",
    "emprunts_etab_credit", "concours_bancaires", "emprunts_divers", "emprunts_simplifie", "avances_recues",
    "fournisseurs", "dettes_fiscales_sociales", "dette_is", "dettes_immobilisations", "autres_dettes",
    "autres_dettes_simplifie", "pca", "ecart_conversion_passif", "total_dettes", "total_passif", "dettes_moins_1an",
    "creances_plus_1an", "stock_matieres_amort", "encours_biens_amort", "encours_services_amort",
    "stock_produits_amort", "stock_marchandises_amort", "clients_amort", "clients_douteux", "total_actif",
    "total_actif_circulant", "total_actif_circulant_amort", "vmp_amort", "disponibilites_amort", "terrains",
    "constructions", "installations_techniques", "autres_immo_corp", "immo_corp_simplifie", "terrains_amort",
    "constructions_amort", "installations_techniques_amort", "autres_immo_corp_amort", "immo_corp_simplifie_amort",
    "eene", "associes_simplifie", "ventes_marchandises", "production_vendue_biens", "production_vendue_services",
    "chiffre_affaires", "production_stockee", "production_immobilisee", "subventions_exploitation",
    "reprises_exploitation", "autres_produits", "achats_marchandises", "variation_stock_marchandises",
    "achats_matieres",
    "variation_stock_matieres", "autres_achats_charges_externes", "impots_taxes", "salaires", "charges_sociales",
    "dotations_amort", "dotations_deprec_immo", "dotations_deprec_actif_circulant", "dotations_provisions",
    "autres_charges", "qp_commun_produit", "qp_commun_charge", "total_produits_financiers", "reprises_financieres",
    "total_charges_financieres", "dotations_financieres", "interets_charges", "resultat_financier",
    "total_produits_exceptionnels", "reprises_exceptionnelles", "pe_capital", "total_charges_exceptionnelles",
    "dotations_exceptionnelles", "ce_capital", "resultat_exceptionnel", "participation", "impot_benefices",
    "resultat_net", "transferts_charges", "tva_collectee", "tva_deductible", "effectif", "dividendes",
)  # fmt: skip
AGREE = ("marge_ebe", "autonomie_financiere", "capacite_remboursement", "tn_jours", "delai_clients")


def accounts(rows: int) -> pd.DataFrame:
    """Company-years with every line drawn at random; one row in fifty has an unknown line of each page."""
    draw = np.random.default_rng(20260630)
    lines = draw.integers(0, 1_000_000, size=(len(LINES), rows)).astype("float64")
    for name in ("tva_collectee", "concours_bancaires", "effectif"):
        lines[LINES.index(name), draw.integers(0, rows, rows // 50)] = np.nan
    table = pd.DataFrame(lines.T, columns=list(LINES))
    months = np.where(draw.random(rows) < 0.05, 15.0, 12.0)
    return table.assign(company_id=np.arange(rows).astype(str), months=months, form="2050")


def by_hand(t: pd.DataFrame) -> pd.DataFrame:
    """Ten ratios as an analyst writes them."""
    sales, year = t["chiffre_affaires"], 12 / t["months"]
    added = (
        t["ventes_marchandises"] - t["achats_marchandises"] - t["variation_stock_marchandises"]
        + t["production_vendue_biens"] + t["production_vendue_services"] + t["production_stockee"]
        + t["production_immobilisee"] - t["achats_matieres"] - t["variation_stock_matieres"]
        - t["autres_achats_charges_externes"]
    )  # fmt: skip
    ebe = added + t["subventions_exploitation"] - t["impots_taxes"] - t["salaires"] - t["charges_sociales"]
    debts = (
        t["emprunts_oblig_convertibles"] + t["autres_emprunts_oblig"] + t["emprunts_etab_credit"]
        + t["emprunts_divers"] + t["emprunts_simplifie"]
    )  # fmt: skip
    caf = (
        t["resultat_net"] + t["dotations_amort"] + t["dotations_deprec_immo"] + t["dotations_deprec_actif_circulant"]
        + t["dotations_provisions"] + t["dotations_financieres"] + t["dotations_exceptionnelles"]
        - t["reprises_exploitation"] + t["transferts_charges"] - t["reprises_financieres"]
        - t["reprises_exceptionnelles"] - t["pe_capital"] + t["ce_capital"]
    ) * year  # fmt: skip
    overdraft = t["concours_bancaires"].fillna(0)
    treasury = t["vmp"] + t["disponibilites"] - overdraft
    net_current = t["total_actif_circulant"] - t["total_actif_circulant_amort"]
    found = {
        "marge_ebe": ebe / sales,
        "taux_valeur_ajoutee": added / sales,
        "caf_ca": caf / (sales * year),
        "rentabilite_financiere": t["resultat_net"] * year / t["capitaux_propres"],
        "autonomie_financiere": t["capitaux_propres"] / t["total_passif"],
        "gearing": debts / (t["capitaux_propres"] + t["autres_fonds_propres"]),
        "capacite_remboursement": debts / caf.where(caf > 0),
        "liquidite_generale": net_current / t["dettes_moins_1an"],
        "tn_jours": treasury / (sales * year) * 360,
        "delai_clients": (t["clients"] + t["eene"]) / ((sales + t["tva_collectee"]) * year) * 360,
    }
    return pd.DataFrame(found)


def measure(who: str, rows: int) -> dict[str, Any]:
    """Seconds (best of three), peak memory (MiB) and sums of the common ratios, in this process."""
    table = accounts(rows)
    import cmtools as cm

    runs = []
    for _ in range(3):
        start = time.perf_counter()
        if who == "by hand":
            ratios = by_hand(table)
        else:
            ratios = cm.ratio_values(table)
            if who == "all":
                made = [cm.sig(table), cm.functional_balance(table), cm.caf(table)]
                del made
        runs.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    sums = {name: float(ratios[name].sum()) for name in AGREE}
    return {"seconds": min(runs), "peak": peak, "sums": sums, "columns": len(ratios.columns)}


def main() -> None:
    """Print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--who", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.who:
        print(json.dumps(measure(options.who, options.rows)))
        return
    found = {}
    for who in ("all", "ratios", "by hand"):
        command = [sys.executable, __file__, str(options.rows), "--who", who]
        found[who] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    expected = found["by hand"]["sums"]
    for name, total in found["all"]["sums"].items():
        if abs(total - expected[name]) > 1e-9 * abs(expected[name]):
            sys.exit(f"{name}: {total} here, {expected[name]} by hand")
    print(f"{options.rows:,} company-years, {len(LINES)} lines")
    print(f"{'':<28}{'seconds':>9}{'peak MiB':>10}{'ratio to ten by hand':>22}")
    titles = {"all": "SIG, masses, CAF, ratios", "ratios": "ratios alone", "by hand": "ten ratios by hand"}
    for who, figures in found.items():
        ratio = figures["seconds"] / found["by hand"]["seconds"]
        print(f"{titles[who]:<28}{figures['seconds']:>9.2f}{figures['peak']:>10.0f}{ratio:>22.1f}")


if __name__ == "__main__":
    main()
