"""Functional balance sheet, SIG, CAF and changes: published cases, hand-made accounts, properties."""

from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import cmtools as cm
from cmtools.formulas import aggregates, parse, reference, unknown_lines
from cmtools.lines import line_names
from cmtools.schemas import InputError

EXAMPLES = yaml.safe_load((Path(__file__).parent / "examples" / "statements.yaml").read_text(encoding="utf-8"))


def case(example: dict) -> pd.DataFrame:
    """Accounts of a published example; what it does not print is nil."""
    return cm.complete_lines(pd.DataFrame([example["lines"]], dtype="float64"), blanks="nil")


def ids(kind: str) -> list:
    return [pytest.param(example, id=example["id"]) for example in EXAMPLES[kind]]


# ---------------------------------------------------------------- published cases


@pytest.mark.parametrize("example", ids("functional"))
def test_functional_balance_of_published_cases(example):
    found = cm.functional_balance(case(example)).iloc[0]
    assert {name: found[name] for name in example["expected"]} == example["expected"]


def test_printed_working_capital_need_of_palenko_does_not_follow_from_its_lines():
    example = EXAMPLES["functional"][0]
    found = cm.functional_balance(case(example)).iloc[0]
    # 38 068 + 96 574 - 49 875 - 12 245 = 72 522, printed 72 612: the gap of 90 shows up between the two treasuries.
    assert example["printed"]["bfre"] - found["bfre"] == 90
    assert found["ecart_tn"] == -90
    assert found["frng"] == example["printed"]["frng"]


@pytest.mark.parametrize("example", ids("leasing"))
def test_leasing_leaves_working_capital_unchanged_and_moves_both_sides(example):
    accounts = case(EXAMPLES["functional"][1]).assign(
        credit_bail_valeur=float(example["value"]),
        credit_bail_amort=float(example["amort"]),
        credit_bail_dette=float(example["debt"]),
    )
    before, after = (cm.functional_balance(accounts, leasing=how).iloc[0] for how in ("none", "restated"))
    assert example["amort"] == example["value"] / example["years"] * example["elapsed"]
    assert after["emplois_stables"] - before["emplois_stables"] == 100_000
    assert after["ressources_stables"] - before["ressources_stables"] == 100_000
    assert after["frng"] == before["frng"] == 192_000


@pytest.mark.parametrize("example", ids("sig"))
def test_sig_of_published_cases(example):
    accounts = case(example)
    found = pd.concat([cm.sig(accounts), cm.caf(accounts)], axis=1).iloc[0]
    assert {name: found[name] for name in example["expected"]} == example["expected"]


@pytest.mark.parametrize("example", ids("net"))
def test_net_accounts_of_a_published_case(example):
    accounts = case(example).assign(resultat_net=30.0)
    balance = cm.functional_balance(accounts, version="net")
    found = pd.concat([cm.sig(accounts), cm.caf(accounts), balance, accounts[["resultat_financier"]]], axis=1).iloc[0]
    assert {name: found[name] for name in example["expected"]} == example["expected"]
    assert cm.functional_balance(accounts)["frng"].isna().all()  # net values alone say nothing of depreciation
    values = cm.ratio_values(accounts, list(example["ratios"])).iloc[0]
    assert values.to_dict() == pytest.approx(example["ratios"])


# ---------------------------------------------------------------- a set of accounts written out

# Assets: fixed 500 gross, 200 written off; stocks 120, 10 written down; customers 300, 20 written down; other
# receivables 30 (12 of VAT, 18 of a sundry debtor); cash 80. Net: 300 + 110 + 280 + 30 + 80 = 800.
# Liabilities: equity 310 (capital 200, reserves 60, result 50), provisions 15, bank 175 (45 of it overdraft),
# associates 40, suppliers 150, tax and social 90 (10 of income tax), debts on fixed assets 5, other debts 15 = 800.
LINES = {
    "installations_techniques": 500, "installations_techniques_amort": 200,
    "stock_marchandises": 120, "stock_marchandises_amort": 10, "clients": 300, "clients_amort": 20,
    "autres_creances": 30, "creances_tva": 12, "debiteurs_divers": 18, "disponibilites": 80,
    "capital": 200, "autres_reserves": 60, "resultat_bilan": 50, "provisions_risques": 15,
    "emprunts_etab_credit": 175, "concours_bancaires": 45, "emprunts_divers": 40, "comptes_courants_associes": 40,
    "fournisseurs": 150, "dettes_fiscales_sociales": 90, "dette_is": 10, "dettes_personnel": 50, "dettes_sociales": 30,
    "dettes_immobilisations": 5, "autres_dettes": 15, "eene": 25,
    "ventes_marchandises": 1000, "achats_marchandises": 620, "variation_stock_marchandises": -20,
    "autres_achats_charges_externes": 110, "impots_taxes": 15, "salaires": 120, "charges_sociales": 45,
    "reprises_exploitation": 8, "transferts_charges": 3, "dotations_amort": 40, "dotations_provisions": 5,
    "interets_charges": 9, "pf_interets": 2, "pe_capital": 12, "ce_capital": 7, "produits_cessions": 12,
    "vnc_cessions": 7, "quote_part_subventions": 0, "transferts_financiers": 0, "transferts_exceptionnels": 0,
    "impot_benefices": 21, "resultat_net": 50, "dividendes": 10, "personnel_exterieur": 6,
}  # fmt: skip


@pytest.fixture
def accounts() -> pd.DataFrame:
    identity = {"company_id": "C1", "year_end": pd.Timestamp("2024-12-31"), "months": 12.0, "chart": "until_2024"}
    lines = cm.complete_lines(pd.DataFrame([LINES], dtype="float64"), blanks="nil")
    return pd.concat([pd.DataFrame([identity | {"form": "2050"}]), lines], axis=1)


def test_masses_of_accounts_written_out(accounts):
    found = cm.functional_balance(accounts, discounted_bills=False).iloc[0]
    assert found["emplois_stables"] == 500
    assert found["ace"] == 120 + 300 + 12
    assert found["ache"] == 18
    assert found["tresorerie_active"] == 80
    assert found["ressources_stables"] == 310 + (200 + 10 + 20) + 15 + (175 - 45) + 40
    assert found["pce"] == 150 + (90 - 10)
    assert found["pche"] == 5 + 15 + 10
    assert found["tresorerie_passive"] == 45
    assert found["frng"] == found["frng_bas"] == 725 - 500
    assert (found["bfre"], found["bfrhe"], found["bfr"]) == (432 - 230, 18 - 30, 190)
    assert found["tn"] == found["tn_difference"] == 80 - 45
    assert found["ecart_tn"] == 0
    assert found["frng_days"] == pytest.approx(225 / 1000 * 360)
    assert found["frng_days"] - found["bfr_days"] == pytest.approx(found["tn_days"])
    assert found["notes"] == ""


def test_discounted_bills_swell_the_need_and_the_overdraft_alike(accounts):
    plain, restated = (cm.functional_balance(accounts, discounted_bills=on).iloc[0] for on in (False, True))
    assert restated["bfre"] - plain["bfre"] == 25
    assert restated["tn"] - plain["tn"] == -25
    assert restated["frng"] == plain["frng"]
    assert restated["ecart_tn"] == 0


@pytest.mark.parametrize(
    ("associates", "frng", "bfrhe", "tn"),
    [("stable", 225, -12, 35), ("off_operation", 185, -52, 35), ("treasury", 185, -12, -5)],
)
def test_associates_accounts_go_where_their_owners_leave_them(accounts, associates, frng, bfrhe, tn):
    found = cm.functional_balance(accounts, discounted_bills=False, associates=associates).iloc[0]
    assert (found["frng"], found["bfrhe"], found["tn"], found["ecart_tn"]) == (frng, bfrhe, tn, 0)


def test_securities_move_need_and_treasury_by_the_same_amount(accounts):
    held = accounts.assign(vmp=30.0, disponibilites=50.0)
    found = cm.functional_balance(held, discounted_bills=False, securities="off_operation").iloc[0]
    assert (found["bfrhe"], found["tn"], found["frng"], found["ecart_tn"]) == (18, 5, 225, 0)


def test_net_version_differs_by_the_write_downs_of_current_assets(accounts):
    gross, net = (cm.functional_balance(accounts, version=version).iloc[0] for version in ("functional", "net"))
    assert gross["frng"] - net["frng"] == 10 + 20  # 1A - BK
    assert gross["bfr"] - net["bfr"] == 30
    assert gross["tn"] == net["tn"]
    assert net["ecart_tn"] == 0


def test_without_the_detail_of_debts_only_the_split_of_the_need_changes(accounts):
    memo = ["creances_tva", "debiteurs_divers", "dette_is", "dettes_personnel", "dettes_sociales"]
    others = ["creances_personnel", "creances_sociales", "creances_autres_impots"]
    less = accounts.drop(columns=[name for name in (*memo, *others) if name in accounts])
    found, whole = (cm.functional_balance(table).iloc[0] for table in (less, accounts))
    assert found["notes"] == "split_unknown"
    assert found["bfre"] != whole["bfre"]
    assert (found["bfr"], found["tn"], found["frng"]) == (whole["bfr"], whole["tn"], whole["frng"])


def test_unknown_overdraft_is_said(accounts):
    found = cm.functional_balance(accounts.drop(columns=["concours_bancaires"])).iloc[0]
    assert "overdraft_unknown" in found["notes"]
    found = cm.functional_balance(accounts.assign(concours_bancaires=float("nan"), emprunts_ct_origine=60.0)).iloc[0]
    assert (found["tresorerie_passive"], found["notes"]) == (60 + 25, "overdraft_from_2057")


def test_unknown_lines_make_masses_unknown_and_not_nil(accounts):
    found = cm.functional_balance(accounts.drop(columns=["fournisseurs"])).iloc[0]
    assert found[["pce", "bfre", "bfr", "tn_difference", "ecart_tn"]].isna().all()
    assert found["tn"] == 80 - 45 - 25


def test_sig_and_caf_of_accounts_written_out(accounts):
    found = cm.sig(accounts).iloc[0]
    assert found["marge_commerciale"] == 1000 - 620 + 20
    assert found["valeur_ajoutee"] == 400 - 110
    assert found["ebe"] == 290 - 15 - 165
    assert found["rex"] == 110 + 8 - 45
    assert found["rcai"] == 73 + 2 - 9
    assert (found["resultat_exceptionnel"], found["resultat_sig"], found["ecart_resultat"]) == (5, 50, 0)
    made = cm.caf(accounts).iloc[0]
    assert made["caf_additive"] == 50 + 45 - (8 - 3) - 12 + 7  # 85
    assert made["caf_soustractive"] == 110 + 3 + 2 - 9 - 21  # 85, without looking at depreciation
    assert (made["ecart_caf"], made["autofinancement"], made["notes"]) == (0, 75, "")


def test_caf_of_forms_alone_is_approximate_and_says_so(accounts):
    known = ("produits_cessions", "vnc_cessions", "quote_part_subventions", "transferts_financiers")
    made = cm.caf(accounts.drop(columns=[*known, "transferts_exceptionnels"])).iloc[0]
    assert (made["caf_additive"], made["ecart_caf"]) == (85, 0)
    assert set(made["notes"].split()) == {"disposals_approximate", "transfers_unknown"}


def test_restated_sig_stands_beside_the_raw_one(accounts):
    leased = accounts.assign(redevances_cb_mobilier=20.0, redevances_cb_immobilier=0.0, credit_bail_interets=4.0)
    found = cm.sig(leased.assign(participation=0.0, cessions_en_exceptionnel=5.0), restated=True).iloc[0]
    assert found["valeur_ajoutee_retraitee"] == 290 + 6 + 20 + 0
    assert found["charges_personnel_retraitees"] == 165 + 6
    assert found["ebe_retraite"] == 316 - 15 - 171
    assert found["rex_retraite"] == 73 + 4
    assert (found["ebe"], found["rex"]) == (110, 73)
    assert (found["ebe_comparable"], found["rex_comparable"]) == (110 + 3, 73 + 5)


@pytest.mark.parametrize(
    ("option", "value"), [("version", "brut"), ("leasing", "yes"), ("associates", "x"), ("securities", "")]
)
def test_unknown_options_are_refused_with_what_was_expected(accounts, option, value):
    with pytest.raises(InputError, match=option):
        cm.functional_balance(accounts, **{option: value})


# ---------------------------------------------------------------- years


def test_flows_of_fifteen_months_come_to_twelve_and_balances_stay(accounts):
    year = cm.annualise(accounts.assign(months=15.0)).iloc[0]
    assert (year["ventes_marchandises"], year["salaires"], year["clients"]) == (800, 96, 300)
    assert (year["months"], year["months_filed"]) == (12, 15)
    again = cm.annualise(cm.annualise(accounts.assign(months=15.0))).iloc[0]
    assert again["ventes_marchandises"] == 800
    found = cm.functional_balance(accounts.assign(months=15.0)).iloc[0]
    assert found["bfr_days"] == pytest.approx((190 + 25) / 800 * 360)


def test_six_months_double_flows_and_unknown_months_leave_them_unknown(accounts):
    assert cm.sig(accounts.assign(months=6.0), annual=True)["ebe"].iloc[0] == 220
    unknown = cm.sig(accounts.assign(months=float("nan")), annual=True)
    assert unknown["ebe"].isna().all()


def years(**columns) -> pd.DataFrame:
    ends = pd.to_datetime(["2023-12-31", "2024-12-31", "2025-12-31"])
    return pd.DataFrame({"company_id": "A", "year_end": ends, "chart": ["until_2024"] * 2 + ["from_2025"], **columns})


def test_changes_in_money_and_percent_with_the_break_of_2025():
    found = cm.changes(years(rex=[100.0, 120.0, 90.0], bfr=[50.0, 40.0, 60.0])).set_index(["figure", "year_end"])
    first, second = pd.Timestamp("2024-12-31"), pd.Timestamp("2025-12-31")
    assert found.loc[("rex", first), ["change", "change_rate", "break_of_series"]].tolist() == [20, 0.2, False]
    assert found.loc[("rex", second), ["change", "change_rate", "break_of_series"]].tolist() == [-30, -0.25, True]
    assert found.loc[("bfr", second), ["change", "change_rate", "break_of_series"]].tolist() == [20, 0.5, False]


def test_no_percentage_of_a_loss():
    found = cm.changes(years(rex=[-50.0, 25.0, 0.0]))
    assert found["change"].tolist() == [75, -25]
    assert found["change_rate"].isna().tolist() == [True, False]


def test_changes_need_one_row_per_year_with_its_date():
    twice = years(rex=[1.0, 2.0, 3.0]).assign(year_end=pd.Timestamp("2024-12-31"))
    with pytest.raises(InputError, match="31/12/2024"):
        cm.changes(twice)
    with pytest.raises(InputError, match="A"):
        cm.changes(years(rex=[1.0, 2.0, 3.0]).assign(year_end=pd.NaT))


# ---------------------------------------------------------------- formulas as data


def test_every_formula_names_lines_and_aggregates_that_exist():
    known = {*line_names(), *aggregates()}
    used = {name for ways in aggregates().values() for way in ways for name in way.formula.names}
    assert used <= known
    assert not set(aggregates()) & set(line_names())
    for table in ("ratios.csv", "controls.csv"):
        columns = ("numerator", "denominator") if table == "ratios.csv" else ("left", "right")
        assert {name for row in reference(table) for key in columns for name in parse(row[key]).names} <= known


def test_every_source_named_has_its_address():
    known = {row["key"] for row in reference("sources.csv")}
    tables = ("aggregates.csv", "ratios.csv")
    assert {row["source"] for table in tables for row in reference(table)} <= known
    assert {row["threshold_source"] for row in reference("ratios.csv")} <= known | {""}
    assert {source for row in reference("codes.csv") for source in row["source"].split(";")} <= known


@pytest.mark.parametrize("text", ["a ++ b", "a b", "1", "a - ", "a * b", ""])
def test_formulas_that_cannot_be_read_are_refused(text):
    if text:
        with pytest.raises(ValueError, match="cannot be read"):
            parse(text)
    else:
        assert parse("0").terms == parse(text).terms == ()


def test_missing_lines_are_named_through_aggregates():
    row = {"chiffre_affaires": 1.0, "clients": 2.0, "clients_amort": float("nan")}
    assert unknown_lines(row, parse("ventes_ttc")) == ["tva_collectee"]
    assert unknown_lines(row, parse("clients_net")) == ["clients_net"]
    assert unknown_lines(row, parse("decouverts + eene_connus")) == ["concours_bancaires"]
    assert unknown_lines(row | dict.fromkeys(LINES, 1.0) | {"emprunts_simplifie": 0.0}, parse("decouverts")) == []


def test_blocks_of_rows_do_not_change_any_figure(accounts, monkeypatch):
    many = pd.concat([accounts.assign(company_id=str(n), clients=300.0 + n) for n in range(7)], ignore_index=True)
    whole = cm.functional_balance(many)
    monkeypatch.setattr("cmtools.formulas.BLOCK", 2)
    pd.testing.assert_frame_equal(cm.functional_balance(many), whole)
    assert whole["bfre"].tolist() == [202 + 25 + n for n in range(7)]


def test_calculations_leave_the_table_as_it_was(accounts):
    kept = accounts.copy(deep=True)
    for call in (cm.functional_balance, cm.sig, cm.caf, cm.liquidity_balance, cm.ratio_values, cm.controls):
        call(accounts)
    pd.testing.assert_frame_equal(accounts, kept)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 10**9), min_size=len(LINES), max_size=len(LINES)), st.floats(1.1, 12, allow_nan=False))
def test_masses_close_by_the_gap_of_the_balance_sheet(amounts, factor):
    lines = dict(zip(LINES, map(float, amounts)))
    table = cm.complete_lines(pd.DataFrame([lines]), blanks="nil")
    gap = table["total_actif"] - table["total_actif_amort"] - table["total_passif"]
    found = cm.functional_balance(table)
    # Whatever the two sides of the balance sheet differ by is what the two ways to the treasury differ by.
    assert found["ecart_tn"].iloc[0] == pytest.approx(gap.iloc[0], abs=0.01)
    twice = cm.functional_balance(table * 2)
    assert twice["bfr"].iloc[0] == pytest.approx(2 * found["bfr"].iloc[0])


def test_unknown_debts_are_no_proof_of_a_good_treasury(accounts):
    page = [name for name in accounts if name.startswith("emprunts_")]
    found = cm.functional_balance(accounts.assign(**dict.fromkeys([*page, "concours_bancaires"], float("nan")))).iloc[0]
    assert found[["tresorerie_passive", "tn", "tn_days"]].isna().all()
