"""Time and memory of all published scores, next to three of them written by hand in pandas on the same frame.

    python benchmarks/scores.py [company-years]

Each has a process of its own, so that its peak memory is its own; making the frame is not timed, but its memory
counts on both sides. Three years a company, so that models that look at the years before work. The three by hand know
neither unknown lines nor notes nor accounts that do not balance. The figures that both compute must agree.
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
import ratios

YEARS = 3
DRAWN = 30_000  # company-years, whole companies
MORE = (
    "ecarts_reevaluation", "reserve_legale", "reserves_statutaires", "reserves_reglementees", "autres_reserves",
    "report_a_nouveau", "resultat_bilan", "resultat_exploitation", "resultat_courant", "capitalisation_boursiere",
)  # fmt: skip
RESERVES = MORE[:7]
STOCKS = ("stock_matieres", "encours_biens", "encours_services", "stock_produits", "stock_marchandises")
AGREE = ("altman_private", "altman_other", "conan_holder")
PARAMETERS = {"price_index": 250.0, "dollars_per_unit": 1.1}  # of Ohlson's model; any will do here


def drawn(rows: int) -> pd.DataFrame:
    """Balanced company-years, further lines drawn at random beside those of ratios.py."""
    table = ratios.accounts(rows)
    draw = np.random.default_rng(20260701)
    more = pd.DataFrame(draw.integers(0, 100_000, size=(rows, len(MORE))).astype("float64"), columns=list(MORE))
    net = 3_000_000.0 + table["total_actif"]
    whole = pd.concat([table, more], axis=1).assign(total_actif=net + table["total_actif_amort"], total_passif=net)
    return whole.select_dtypes("float64")


def accounts(rows: int) -> pd.DataFrame:
    """Company-years of companies with three years each: those of one draw over and over, which needs no more memory."""
    part = drawn(DRAWN)
    lines = np.empty((len(part.columns), rows))
    for start in range(0, rows, DRAWN):
        stop = min(start + DRAWN, rows)
        lines[:, start:stop] = part.to_numpy().T[:, : stop - start]
    table = pd.DataFrame(lines.T, columns=part.columns, copy=False)
    ends = pd.to_datetime(np.array(["2023-12-31", "2024-12-31", "2025-12-31"]))
    numbers = np.arange(rows)
    return table.assign(company_id=(numbers // YEARS).astype(str), year_end=ends[numbers % YEARS], form="2050")


def by_hand(t: pd.DataFrame) -> pd.DataFrame:
    """Z', Z'' and Conan and Holder as an analyst writes them."""
    year = 12 / t["months"]
    assets, equity = t["total_actif"] - t["total_actif_amort"], t["capitaux_propres"]
    circulating = t["total_actif_circulant"] - t["total_actif_circulant_amort"]
    stocks = sum(t[name] - t[f"{name}_amort"] for name in STOCKS)
    working = (circulating - t["creances_plus_1an"] - t["dettes_moins_1an"]) / assets
    retained = t[list(RESERVES)].sum(axis=1) / assets
    ebit = (t["resultat_exploitation"] + t["total_produits_financiers"]) * year / assets
    solid = equity / (t["total_passif"] - equity)
    sales = t["chiffre_affaires"]
    staff = t["salaires"] + t["charges_sociales"]
    added = (
        t["ventes_marchandises"] - t["achats_marchandises"] - t["variation_stock_marchandises"]
        + t["production_vendue_biens"] + t["production_vendue_services"] + t["production_stockee"]
        + t["production_immobilisee"] - t["achats_matieres"] - t["variation_stock_matieres"]
        - t["autres_achats_charges_externes"]
    )  # fmt: skip
    ebe = (added + t["subventions_exploitation"] - t["impots_taxes"] - staff) * year
    beyond_a_year = t["total_dettes"] - t["dettes_moins_1an"]
    permanent = equity + t["autres_fonds_propres"] + t["provisions"] + beyond_a_year
    debts = t["total_dettes"].where(t["total_dettes"] > 0)
    conan_holder = (
        24 * ebe / debts + 22 * permanent / assets + 16 * (circulating - stocks) / assets
        - 87 * t["total_charges_financieres"] / sales.where(sales > 0) - 10 * staff / added.where(added > 0)
    )  # fmt: skip
    found = {
        "altman_private": 0.717 * working
        + 0.847 * retained
        + 3.107 * ebit
        + 0.420 * solid
        + 0.998 * sales * year / assets,
        "altman_other": 6.56 * working + 3.26 * retained + 6.72 * ebit + 1.05 * solid,
        "conan_holder": conan_holder,
    }
    return pd.DataFrame(found)


def judged(scores: pd.DataFrame) -> list[Any]:
    """Class and probability of every score."""
    from cmtools.scoring import models

    columns = {key: scores[key].to_numpy() for key in models()}
    return [(models()[key].classes(column), models()[key].probabilities(column)) for key, column in columns.items()]


def measure(who: str, rows: int) -> dict[str, Any]:
    """Seconds (best of three), peak memory (MiB), sums and numbers of the common scores, in this process."""
    table = accounts(rows)
    import cmtools as cm

    runs, known = [], {}
    for _ in range(3):
        start = time.perf_counter()
        if who == "by hand":
            scores = by_hand(table)
        else:
            scores = cm.score_values(table, **PARAMETERS)
            if who == "all":
                made = judged(scores)
                del made
        runs.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    sums = {name: [float(scores[name].sum()), int(scores[name].count())] for name in AGREE}
    if who != "by hand":
        from cmtools.scoring import models

        known = {key: float(scores[key].notna().mean()) for key in models()}
    return {
        "seconds": min(runs),
        "peak": peak,
        "sums": sums,
        "known": known,
        "frame": table.memory_usage().sum() / 2**20,
    }


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
    for who in ("all", "scores", "by hand"):
        command = [sys.executable, __file__, str(options.rows), "--who", who]
        found[who] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    expected = found["by hand"]["sums"]
    for name, (total, count) in found["all"]["sums"].items():
        if count != expected[name][1] or abs(total - expected[name][0]) > 1e-9 * abs(expected[name][0]):
            sys.exit(f"{name}: {total} of {count} here, {expected[name][0]} of {expected[name][1]} by hand")
    print(f"{options.rows:,} company-years, frame of {found['all']['frame']:,.0f} MiB; {', '.join(AGREE)} agree")
    print(", ".join(f"{key} {share:.0%}" for key, share in found["all"]["known"].items()) + " have a score")
    print(f"{'':<36}{'seconds':>9}{'peak MiB':>10}{'ratio to three by hand':>24}")
    titles = {
        "all": "11 scores, classes, probabilities", "scores": "11 scores alone", "by hand": "three scores by hand"
    }  # fmt: skip
    for who, figures in found.items():
        ratio = figures["seconds"] / found["by hand"]["seconds"]
        print(f"{titles[who]:<36}{figures['seconds']:>9.2f}{figures['peak']:>10.0f}{ratio:>24.1f}")


if __name__ == "__main__":
    main()
