"""The catalogue of ratios: published cases, readings, reasons, comparison, units."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import cmtools as cm
from cmtools.financial_ratios import catalogue, compare, quartiles_of, ratio_values, ratios, reading
from cmtools.formulas import aggregates
from cmtools.schemas import InputError

USED = {name for ways in aggregates().values() for way in ways for name in way.formula.names}
LINES = sorted(USED - set(aggregates()))  # every line that a formula asks for
EXAMPLES = yaml.safe_load((Path(__file__).parent / "examples" / "statements.yaml").read_text(encoding="utf-8"))


def ids(kind: str) -> list:
    return [pytest.param(example, id=example["id"]) for example in EXAMPLES[kind]]


def told(accounts: pd.DataFrame, key: str, **options) -> pd.Series:
    return ratios(accounts, [key], **options).iloc[-1]


OTHER_LOANS = ("emprunts_oblig_convertibles", "autres_emprunts_oblig", "emprunts_divers", "emprunts_simplifie")

# ---------------------------------------------------------------- published cases


@pytest.mark.parametrize("example", ids("ratios"))
def test_ratios_of_published_cases(example):
    accounts = pd.DataFrame([example["lines"]], dtype="float64")
    found = ratio_values(accounts, list(example["expected"])).iloc[0].to_dict()
    assert found == pytest.approx(example["expected"], abs=max(example["tolerance"], 1e-12))


def test_liquidity_of_the_thesis_is_cut_and_not_rounded():
    example = next(item for item in EXAMPLES["ratios"] if item["id"] == "regie_postes")
    found = ratio_values(pd.DataFrame([example["lines"]], dtype="float64")).iloc[0]
    assert int(found["liquidite_generale"] * 100) / 100 == example["printed"]["liquidite_generale"]
    assert round(found["liquidite_generale"], 2) != example["printed"]["liquidite_generale"]


@pytest.mark.parametrize("example", ids("average_days"))
def test_days_on_average_balances_of_published_cases(example):
    nil = dict.fromkeys(("stock_matieres", "encours_biens", "encours_services", "stock_produits"), 0.0)
    both = [nil | {"stock_marchandises": 0.0} | example[side] | example["flows"] for side in ("opening", "closing")]
    years = pd.DataFrame(both, dtype="float64").assign(
        company_id="A", year_end=pd.to_datetime(["2024-12-31", "2025-12-31"]), months=12.0
    )
    last = told(years, example["ratio"], balance="average")
    assert last["value"] == pytest.approx(example["days"], abs=0.005)
    assert 360 / last["value"] == pytest.approx(example["times"])
    first = ratios(years, [example["ratio"]], balance="average").iloc[0]
    assert (first["reason"], np.isnan(first["value"])) == ("no_year_before", True)


def test_days_of_open_data_are_the_percentage_over_a_year_of_360():
    # Row of 2021: 5.575 % of sales, 20.07 days.
    accounts = pd.DataFrame([{"chiffre_affaires": 15_711_568.0, "clients": 0.05575 * 15_711_568}])
    zero = dict.fromkeys(LINES, 0.0)
    accounts = pd.DataFrame([zero | accounts.iloc[0].to_dict()])
    found = ratio_values(accounts, ["bfre_ca", "bfre_jours"]).iloc[0]
    assert (found["bfre_ca"], found["bfre_jours"]) == (pytest.approx(0.05575), pytest.approx(20.07, abs=0.001))


# ---------------------------------------------------------------- values


def test_delays_use_sales_including_vat_and_the_base_is_a_choice():
    accounts = pd.DataFrame([{"clients": 120.0, "chiffre_affaires": 900.0, "tva_collectee": 100.0, "eene": 30.0}])
    assert told(accounts, "delai_clients")["value"] == pytest.approx(150 / 1000 * 360)
    assert told(accounts, "delai_clients", days=365)["value"] == pytest.approx(150 / 1000 * 365)


def test_the_cash_cycle_adds_and_takes_off_the_other_delays():
    lines = {
        "stock_marchandises": 90.0, "chiffre_affaires": 900.0, "clients": 110.0, "tva_collectee": 90.0,
        "fournisseurs": 66.0, "achats_marchandises": 500.0, "achats_matieres": 0.0,
        "autres_achats_charges_externes": 100.0, "tva_deductible": 60.0,
        "stock_matieres": 0.0, "encours_biens": 0.0, "encours_services": 0.0, "stock_produits": 0.0,
    }  # fmt: skip
    # 90/900 x 360 + 110/990 x 360 - 66/660 x 360 = 36 + 40 - 36
    assert told(pd.DataFrame([lines]), "cycle_tresorerie")["value"] == pytest.approx(40)
    no_tax = told(pd.DataFrame([lines | {"tva_deductible": np.nan}]), "cycle_tresorerie")
    assert (no_tax["reason"], no_tax["missing"]) == ("unknown_line", "tva_deductible")


def test_leverage_is_the_return_on_equity_less_that_on_capital():
    # REX 100, interest 20, equity 400, debt 600: after tax 0.75 x 80 / 400 = 15 %, 0.75 x 100 / 1000 = 7.5 %.
    debt = {
        "emprunts_oblig_convertibles": 0.0,
        "autres_emprunts_oblig": 0.0,
        "emprunts_divers": 0.0,
        "emprunts_simplifie": 0.0,
    }
    lines = {
        "resultat_exploitation": 100.0,
        "interets_charges": 20.0,
        "capitaux_propres": 400.0,
        "emprunts_etab_credit": 600.0,
    }
    accounts = pd.DataFrame([lines | debt])
    found = ratio_values(accounts, ["roce_brut", "effet_levier"]).iloc[0]
    assert (found["roce_brut"], found["effet_levier"]) == (pytest.approx(0.075), pytest.approx(0.075))
    # (ROCE - cost of debt) x debt / equity, after tax: (7.5 % - 0.75 x 20/600) x 600/400
    assert found["effet_levier"] == pytest.approx((0.075 - 0.75 * 20 / 600) * 600 / 400)


def test_a_long_year_is_brought_to_twelve_months_where_a_flow_meets_a_balance():
    lines = {"clients": 120.0, "chiffre_affaires": 1125.0, "tva_collectee": 125.0, "resultat_net": 75.0}
    accounts = pd.DataFrame([lines | {"months": 15.0}])
    assert told(accounts, "delai_clients")["value"] == pytest.approx(120 / 1000 * 360)
    assert told(accounts, "marge_nette")["value"] == pytest.approx(75 / 1125)
    assert told(accounts, "delai_clients")["months"] == 15


def test_ratios_of_two_amounts_do_not_change_with_the_unit():
    draw = np.random.default_rng(7)
    accounts = pd.DataFrame(draw.integers(1, 10**6, (50, len(LINES))).astype("float64"), columns=LINES)
    scaled = accounts.mul(2.0).assign(**({"effectif": accounts["effectif"]} if "effectif" in accounts else {}))
    same = [key for key, ratio in catalogue().items() if ratio.unit != "money"]
    pd.testing.assert_frame_equal(ratio_values(accounts, same), ratio_values(scaled, same))


# ---------------------------------------------------------------- reasons and readings


@pytest.mark.parametrize(
    ("lines", "key", "reason", "missing"),
    [
        ({"resultat_net": 5.0, "chiffre_affaires": 0.0}, "marge_nette", "nil_denominator", "chiffre_affaires"),
        ({"resultat_net": -5.0, "capitaux_propres": -40.0}, "rentabilite_financiere", "negative_denominator",
         "capitaux_propres"),
        ({"resultat_net": 5.0}, "marge_nette", "unknown_line", "chiffre_affaires"),
        ({}, "delai_clients", "unknown_line", "clients chiffre_affaires tva_collectee"),
        ({"form": "2033", "dettes_fiscales_sociales": 0.0}, "poids_dettes_fiscales_sociales", "simplified_form",
         "dettes_fiscales_sociales"),
        ({"months": np.nan, "clients": 5.0, "chiffre_affaires": 9.0, "tva_collectee": 1.0}, "delai_clients",
         "unknown_line", "months"),
    ],
)  # fmt: skip
def test_a_ratio_without_value_says_why(lines, key, reason, missing):
    found = told(pd.DataFrame([{"company_id": "A"} | lines]), key)
    assert np.isnan(found["value"])
    assert (found["reason"], found["missing"]) == (reason, missing)
    assert pd.isna(found["reading"])


def test_a_loss_over_negative_equity_is_no_return():
    accounts = pd.DataFrame([{"resultat_net": -5.0, "capitaux_propres": -40.0, "total_passif": 100.0}])
    assert np.isnan(told(accounts, "rentabilite_financiere")["value"])
    assert told(accounts, "autonomie_financiere")["value"] == -0.4


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("autonomie_financiere", 0.1999, "weak"), ("autonomie_financiere", 0.2, "average"),
        ("autonomie_financiere", 0.3, "good"), ("capacite_remboursement", 2.9, "good"),
        ("capacite_remboursement", 3, "good"), ("capacite_remboursement", 4, "average"),
        ("capacite_remboursement", 4.1, "weak"), ("gearing", 1.0, "average"), ("gearing", 1.6, "weak"),
        ("gearing", 0.8, "good"),
        ("capitaux_propres_capital", 0.49, "weak"), ("capitaux_propres_capital", 0.5, "good"),
        ("marge_ebe", -0.01, "weak"), ("marge_ebe", 0.05, None), ("taux_valeur_ajoutee", 0.3, None),
        ("liquidite_generale", float("nan"), None),
    ],
)  # fmt: skip
def test_readings_at_their_bounds(key, value, expected):
    assert reading(key, value) == expected


def test_thresholds_show_their_standing():
    for ratio in catalogue().values():
        bounded = ratio.alert == ratio.alert or ratio.good == ratio.good
        assert bool(ratio.status) == bounded or ratio.status == "unconfirmed"
        assert bool(ratio.threshold_source) == bounded
        if ratio.alert == ratio.alert and ratio.good == ratio.good:
            assert (ratio.alert <= ratio.good) if ratio.direction == "higher" else (ratio.alert >= ratio.good)
        assert ratio.unit in ("rate", "ratio", "days", "years", "money")
        assert ratio.group in ("profitability", "solidity", "treasury", "turnover")
    assert catalogue()["poids_frais_financiers"].status == "unconfirmed"
    assert len(catalogue()) >= 50


def test_unknown_ratio_or_balance_is_refused():
    with pytest.raises(InputError, match="marge_xyz"):
        ratio_values(pd.DataFrame([{"clients": 1.0}]), ["marge_xyz"])
    with pytest.raises(InputError, match="mean"):
        ratios(pd.DataFrame([{"clients": 1.0}]), balance="mean")


def test_wide_and_long_tables_hold_the_same_values():
    draw = np.random.default_rng(3)
    lines = pd.DataFrame(draw.integers(-5, 100, (6, len(LINES))).astype("float64"), columns=LINES)
    lines = lines.mask(draw.random(lines.shape) < 0.02)
    accounts = lines.assign(company_id=list("ABCDEF"), year_end=pd.Timestamp("2025-12-31"), months=12.0)
    wide, long = ratio_values(accounts), ratios(accounts)
    assert long["ratio"].tolist() == list(catalogue()) * 6
    again = long["value"].to_numpy().reshape(6, -1)
    np.testing.assert_array_equal(again, wide[list(catalogue())].to_numpy())
    assert (long["value"].isna() == long["reason"].notna()).all()


def test_averages_are_those_of_the_figures_whichever_way_they_were_reached():
    """Bills unknown at opening count as nil, as in the delay of that year: ((100 + 0) + (100 + 80)) / 2."""
    years = pd.DataFrame(
        {"company_id": ["A", "B", "A"], "year_end": pd.to_datetime(["2025-12-31", "2025-12-31", "2024-12-31"]),
         "clients": [100.0, 50.0, 100.0], "eene": [80.0, 0.0, np.nan], "chiffre_affaires": [360.0, 360.0, 720.0],
         "tva_collectee": 0.0}
    )  # fmt: skip
    found = ratios(years, ["delai_clients", "rotation_creances"], balance="average").set_index(
        ["company_id", "year_end"]
    )
    last = found.loc["A"].loc["2025-12-31"].set_index("ratio")
    assert last.loc["delai_clients", "value"] == 140
    assert last.loc["rotation_creances", "value"] == 3.6  # sales of the year over 100
    assert (found.loc["B"]["reason"] == "no_year_before").all()


# ---------------------------------------------------------------- comparison


def test_quartiles_take_the_latest_year_of_each_company():
    values = pd.DataFrame(
        {"company_id": list("AABCD"), "year_end": pd.to_datetime(["2024-12-31"] + ["2025-12-31"] * 4),
         "marge_ebe": [0.9, 0.1, 0.2, 0.3, 0.4], "size": ["s", "s", "s", "l", "l"]}
    )  # fmt: skip
    found = quartiles_of(values).set_index("ratio").loc["marge_ebe"]
    assert found[["companies", "q1", "median", "q3"]].tolist() == pytest.approx([4, 0.175, 0.25, 0.325])
    parts = quartiles_of(values, by="size").set_index("sector")
    assert parts.loc["l", "median"] == pytest.approx(0.35)


@pytest.mark.parametrize(("equity", "quarter"), [(500, 1), (350, 2), (250, 3), (100, 4)])
def test_quarter_of_the_sector_where_higher_is_better(equity, quarter):
    found = ratios(
        pd.DataFrame([{"capitaux_propres": float(equity), "total_passif": 1000.0}]), ["autonomie_financiere"]
    )
    table = pd.DataFrame(
        [["BTP", "autonomie_financiere", 0.2, 0.3, 0.4]], columns=["sector", "ratio", "q1", "median", "q3"]
    )
    assert compare(found, table, "BTP")["quarter"].item() == quarter
    assert compare(found, table)["quarter"].isna().item()


def test_quarter_of_the_sector_where_lower_is_better_and_where_neither_is():
    accounts = pd.DataFrame([{"clients": 100.0, "chiffre_affaires": 720.0, "tva_collectee": 0.0, "clients_net": 90.0,
                              "total_actif_net": 900.0}])  # fmt: skip
    found = ratios(accounts, ["delai_clients", "poids_creances"])
    rows = [["", "delai_clients", 40.0, 55.0, 70.0], ["", "poids_creances", 0.1, 0.2, 0.3]]
    beside = compare(found, pd.DataFrame(rows, columns=["sector", "ratio", "q1", "median", "q3"])).set_index("ratio")
    assert beside.loc["delai_clients", "quarter"] == 2  # 50 days
    assert pd.isna(beside.loc["poids_creances", "quarter"])


def test_weight_of_receivables_in_the_balance_sheet():
    accounts = pd.DataFrame(
        [{"clients": 300.0, "clients_amort": 20.0, "total_actif": 1000.0, "total_actif_amort": 200.0}]
    )
    assert told(accounts, "poids_creances")["value"] == pytest.approx(280 / 800)


def test_package_offers_them():
    assert cm.ratio_values is ratio_values


def test_the_noise_of_floats_is_no_denominator():
    sold = {"production_vendue_biens": 0.1, "production_vendue_services": 0.2, "autres_achats_charges_externes": 0.3}
    accounts = pd.DataFrame([dict.fromkeys(LINES, 0.0) | sold | {"dettes_fiscales_sociales": 100.0}])
    found = told(accounts, "poids_dettes_fiscales_sociales")
    assert (found["reason"], np.isnan(found["value"])) == ("nil_denominator", True)


def test_an_approximate_value_carries_its_notes():
    lines = {"vmp": 0.0, "disponibilites": 50.0, "emprunts_etab_credit": 90.0, "chiffre_affaires": 720.0}
    lines |= dict.fromkeys(OTHER_LOANS, 0.0)
    found = told(pd.DataFrame([lines]), "tn_jours")
    assert (found["value"], found["notes"]) == (25, "overdraft_unknown")
    exact = told(pd.DataFrame([lines | {"concours_bancaires": 70.0}]), "tn_jours")
    assert (exact["value"], exact["notes"]) == (-10, "")
    assert told(pd.DataFrame([{"chiffre_affaires": 720.0}]), "tn_jours")["notes"] == ""  # no value, nothing to note
