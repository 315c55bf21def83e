"""Trial balances: every account on its line or listed, and accounts that hold together."""

import csv
import dataclasses
import re
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

import cmtools as cm
from cmtools.fec import HEADINGS
from cmtools.financial_ratios import catalogue
from cmtools.formulas import evaluate, never_written_down, parse, reference
from cmtools.lines import line_names, new_table
from cmtools.schemas import TRIAL_BALANCE, InputError, LoadReport
from cmtools.trial_balance import _NOTES, CHARTS, LEVELS, TrialBalance, _nil_lines, _row, rule_of, rules

SIDES = ("debit", "credit")


def balance_of(balances, start=date(2023, 1, 1), **more):
    """A trial balance of these accounts: number, or (number, third party), to its balance in euros."""
    keys = [key if isinstance(key, tuple) else (key, None) for key in balances]
    table = pd.DataFrame(keys, columns=["account", "third_party"]).assign(label=None, balance=list(balances.values()))
    table = table.assign(debit=table["balance"].clip(lower=0), credit=-table["balance"].clip(upper=0))
    end = date(start.year, 12, 31)
    return TrialBalance(table[[c.name for c in TRIAL_BALANCE]], "A", None, start, end, 12.0, **more)


def line(statements, name):
    table = statements.table if hasattr(statements, "table") else statements
    return round(float(evaluate(table, [name])[0][name].iloc[0]), 2)


def told(report, *codes):
    return [d for d in report.defects if d.code in codes]


# ---- the rules


def test_rules_name_lines_memo_lines_sources_and_sentences_that_exist():
    sources = {row["key"] for row in reference("sources.csv")}
    keys = {row["key"]: row["statement"] for row in reference("lines.csv")}
    sums = {row["key"] for row in reference("totals.csv") if row["scope"] != "memo"}
    for row in reference("accounts.csv"):
        assert re.fullmatch(r"\d{1,5}", row["prefix"])
        assert row["line"] == "" or row["line"] in line_names()
        assert row["line"] not in sums
        assert row["line"] not in {f"{name}_amort" for name in never_written_down()}
        assert row["sign"] == {"": ""}.get(row["line"], row["sign"])
        assert row["sign"] in ("+", "-") or not row["line"]
        assert row["side"] in ("", *SIDES)
        assert row["charts"] in ("both", *CHARTS)
        assert row["note"] in ("", *_NOTES)
        assert row["confirmation"] in LEVELS
        assert set(row["source"].split(";")) <= sources
        for sign, name in parse(row["memo"]).terms if row["memo"] else ():
            assert keys[name] == "memo", name
            assert abs(sign) == 1
    found = Counter((row["prefix"], row["side"], chart) for row in reference("accounts.csv") for chart in CHARTS
                    if row["charts"] in ("both", chart))  # fmt: skip
    assert max(found.values()) == 1


def test_a_line_grows_with_its_own_side():
    """Assets and charges take debits; debts, income and depreciation take credits."""
    page = {row["key"]: row["statement"] for row in reference("lines.csv")}
    charges = {"qp_commun_charge", "participation", "impot_benefices"}
    for total in ("total_charges_exploitation", "total_charges_financieres", "total_charges_exceptionnelles"):
        row = next(row for row in reference("totals.csv") if row["key"] == total)
        charges |= set(parse(row["formula"]).names)
    for row in reference("accounts.csv"):
        if row["line"]:
            debit = page.get(row["line"]) == "actif" or row["line"] in charges
            assert row["sign"] == ("+" if debit else "-"), row


def test_lines_with_a_detail_have_it_in_full():
    """Accounts of a line that 2057 details each feed one line of the detail."""
    details = {
        row["key"]: set(parse(row["formula"]).names) for row in reference("totals.csv") if row["scope"] == "memo"
    }
    for name in ("autres_creances", "clients", "dettes_fiscales_sociales"):
        for row in reference("accounts.csv"):
            if row["line"] == name:
                assert len(set(parse(row["memo"]).names) & details[name]) == 1, row


def test_every_line_of_the_forms_has_an_account():
    fed = {row["line"] for row in reference("accounts.csv")}
    sums = {row["key"] for row in reference("totals.csv") if row["scope"] != "memo"}
    simplified = {
        "immo_corp_simplifie",
        "immo_fin_simplifie",
        "emprunts_simplifie",
        "autres_dettes_simplifie",
        "caisse",
    }
    for row in reference("lines.csv"):
        if row["statement"] != "memo" and row["key"] not in sums | simplified:
            assert row["key"] in fed, row["key"]
    # written down by no account of their own: capital called, advances, deferred items, assets under construction
    without = {
        "avances_immo_incorp",
        "avances_immo_corp",
        "prets",
        "cca",
        "capital_appele_non_verse",
        "avances_versees",
    }
    assert {"clients_amort", "terrains_amort", "vmp_amort", "stock_produits_amort"} <= fed
    assert not {f"{name}_amort" for name in without - {"prets"}} & fed


@pytest.mark.parametrize(
    ("account", "balance", "chart", "expected"),
    [
        ("512000", 5.0, "until_2024", "disponibilites"),
        ("512000", -5.0, "until_2024", "emprunts_etab_credit"),
        ("401FOURN", -5.0, "until_2024", "fournisseurs"),
        ("401FOURN", 5.0, "until_2024", "autres_creances"),
        ("411", -5.0, "until_2024", "autres_dettes"),
        ("4562", 5.0, "until_2024", "capital_appele_non_verse"),
        ("4562", -5.0, "until_2024", "autres_dettes"),
        ("4084", -5.0, "until_2024", "dettes_immobilisations"),
        ("28154", -5.0, "until_2024", "installations_techniques_amort"),
        ("16884", -5.0, "until_2024", "emprunts_etab_credit"),
        ("6097", -5.0, "until_2024", "achats_marchandises"),
        ("6812", 5.0, "until_2024", "dotations_amort"),
        ("6812", 5.0, "from_2025", "dotations_financieres"),
        ("777", -5.0, "until_2024", "pe_capital"),
        ("747", -5.0, "from_2025", "autres_produits"),
        ("6756", 5.0, "until_2024", "ce_capital"),
        ("6756", 5.0, "from_2025", "cf_cessions_vmp"),
        ("801", 5.0, "from_2025", ""),
    ],
)
def test_the_longest_prefix_and_the_side_decide(account, balance, chart, expected):
    assert rule_of(account, balance, chart).line == expected


def test_unknown_accounts_have_no_rule():
    assert rule_of("19", 1.0, "from_2025") is None
    assert rule_of("FDUPONT", 1.0, "from_2025") is None
    assert rule_of("", 1.0, "from_2025") is None


# ---- a company by hand

# Capital 100, loan 80, machine 120 (of which 30 written down), stock 25, customers 60 (C1 owes 70, C2 is owed 10),
# suppliers 40, VAT owed 6, income tax owed 4, overdraft 15; sales 300, purchases 190, stock used 5, external 40,
# staff 32, depreciation 15, interest 3, income tax 5: a result of 300 - 290 = 10.
COMPANY = {
    "101300": -100.0, "164000": -80.0, "215400": 120.0, "281540": -30.0, "370000": 25.0,
    ("411000", "C1"): 70.0, ("411000", "C2"): -10.0, ("401000", "F1"): -45.0, ("401000", "F2"): 5.0,
    "445510": -6.0, "444000": -4.0, "512000": -15.0, "467000": 80.0,
    "707000": -300.0, "607000": 190.0, "603700": 5.0, "613000": 40.0, "641000": 22.0, "645000": 10.0,
    "681120": 15.0, "661160": 3.0, "695000": 5.0,
}  # fmt: skip


def test_the_company_by_hand():
    found = balance_of(COMPANY).statements()
    assert sum(COMPANY.values()) == 0
    expected = {
        "clients": 70, "autres_dettes": 10, "fournisseurs": 45, "autres_creances": 85, "debiteurs_divers": 85,
        "installations_techniques": 120, "installations_techniques_amort": 30, "installations_techniques_net": 90,
        "dettes_fiscales_sociales": 10, "dette_is": 4, "dette_tva": 6, "emprunts_etab_credit": 95,
        "concours_bancaires": 15, "resultat_bilan": 10, "resultat_net": 10, "capitaux_propres": 110,
        "total_actif": 300, "total_actif_amort": 30, "total_passif": 270, "ventes_marchandises": 300,
        "production_vendue_biens": 0, "redevances_cb_mobilier": 0, "cessions_en_exceptionnel": 0,
    }  # fmt: skip
    assert {name: line(found, name) for name in expected} == expected
    masses = cm.functional_balance(found.table).iloc[0]
    # stable uses 120; resources 100 + 10 + 30 + 95 - 15 = 220
    assert masses["frng"] == pytest.approx(100)
    # stock 25 + customers 70 - suppliers 45 - VAT 6 = 44; 85 - 10 - tax 4 = 71
    assert [masses["bfre"], masses["bfrhe"], masses["tn"]] == pytest.approx([44, 71, -15])
    sig = cm.sig(found.table).iloc[0]
    assert [sig["marge_commerciale"], sig["ebe"], sig["rex"]] == pytest.approx([105, 33, 18])
    assert cm.caf(found.table)[["caf_additive", "caf_soustractive"]].iloc[0].tolist() == pytest.approx([25, 25])
    for unknown in ("eene", "effectif", "dividendes", "engagements_cb_mobilier", "tva_collectee", "dettes_moins_1an",
                    "creances_plus_1an", "credit_bail_valeur", "sous_traitance", "associes_simplifie"):  # fmt: skip
        assert unknown not in found.table or np.isnan(found.table[unknown].iloc[0]), unknown
    assert found.table[["form", "chart", "confirmation", "complete"]].iloc[0].tolist() == [
        "trial_balance", "until_2024", "unconfirmed", True,
    ]  # fmt: skip
    assert found.unplaced.empty
    moved = told(found.report, "trial_balance_other_side")[0]
    assert moved.details["amount"] == 15.0
    assert "411000" in moved.text("fr")


def test_netting_third_parties_moves_both_sides_alike():
    apart, netted = (balance_of(COMPANY).statements(by_third_party=by) for by in (True, False))
    assert [line(netted, name) for name in ("clients", "fournisseurs", "autres_dettes", "autres_creances")] == [
        60, 40, 0, 80,
    ]  # fmt: skip
    for name in ("bfr", "frng", "tn"):
        assert float(cm.functional_balance(netted.table)[name].iloc[0]) == pytest.approx(
            float(cm.functional_balance(apart.table)[name].iloc[0])
        )
    assert line(apart, "total_actif") - line(netted, "total_actif") == 15


def test_a_customer_is_netted_over_accounts_411_and_416():
    found = balance_of({("411000", "C1"): -20.0, ("416000", "C1"): 50.0, "512000": -10.0, "706000": -20.0}).statements()
    assert [line(found, name) for name in ("clients", "clients_douteux", "autres_dettes")] == [30, 50, 0]


def test_one_account_may_feed_both_sides_and_each_has_its_row():
    placed = balance_of(COMPANY).placed()
    rows = placed[placed["account"] == "411000"]
    assert rows[["side", "line", "amount", "memo"]].values.tolist() == [
        ["credit", "autres_dettes", 10.0, ""], ["debit", "clients", 70.0, "autres_creances_clients"],
    ]  # fmt: skip
    assert placed["amount"].notna().all()
    assert placed["balance"].sum() == pytest.approx(0)


# ---- what no rule places, last year's result, closed years, off-balance accounts


def test_accounts_without_a_rule_are_listed_with_their_sum():
    found = balance_of({**COMPANY, "190000": -7.0, "FDUPONT": 2.0, "101300": -95.0}).statements()
    assert found.unplaced[["account", "balance"]].values.tolist() == [["190000", -7.0], ["FDUPONT", 2.0]]
    assert found.unplaced["company_id"].tolist() == ["A", "A"]
    warning = told(found.report, "trial_balance_unplaced")[0]
    assert (warning.level, warning.details["count"], warning.details["gap"]) == ("warning", 2, -5.0)
    assert "190000 | FDUPONT" in warning.text("fr")
    gap = cm.controls(found.table).set_index("control").loc["balance"]
    assert (gap["result"], gap["gap"]) == ("failed", 5.0)  # what is lost shows


def test_a_charge_without_a_rule_fails_the_control_of_the_result():
    found = balance_of({**COMPANY, "689000": 8.0, "101300": -108.0}).statements()
    assert (line(found, "resultat_bilan"), line(found, "resultat_net")) == (2, 10)
    assert cm.controls(found.table).set_index("control").loc["result_carried", "result"] == "failed"


def test_last_years_result_is_added_to_retained_earnings_once():
    found = balance_of({**COMPANY, "110000": -9.0, "120000": -11.0, "101300": -80.0}).statements()
    assert [line(found, name) for name in ("report_a_nouveau", "resultat_bilan", "capitaux_propres")] == [20, 10, 110]
    assert told(found.report, "trial_balance_last_result")[0].details["amount"] == 11.0


def test_after_closing_account_12_is_the_result_and_the_income_statement_is_unknown():
    sheet = {key: value for key, value in COMPANY.items() if str(key if isinstance(key, str) else key[0])[0] < "6"}
    found = balance_of({**sheet, "120000": -10.0, "607000": 0.0}).statements()
    assert (line(found, "resultat_bilan"), line(found, "capitaux_propres")) == (10, 110)
    for name in ("achats_marchandises", "chiffre_affaires", "resultat_net", "produits_cessions"):
        assert name not in found.table or np.isnan(found.table[name].iloc[0])
    assert not found.table["complete"].iloc[0]
    assert float(cm.functional_balance(found.table)["ecart_tn"].iloc[0]) == 0
    assert {"trial_balance_closed", "statements_no_income"} <= {d.code for d in found.report.defects}


def test_classes_8_and_9_are_left_out_where_they_balance_and_listed_where_not():
    found = balance_of({**COMPANY, "801000": 9.0, "809000": -9.0}).statements()
    assert found.unplaced.empty
    assert told(found.report, "trial_balance_off_balance")[0].level == "note"
    found = balance_of({**COMPANY, "890000": 9.0, "101300": -109.0}).statements()
    assert found.unplaced[["account", "balance"]].values.tolist() == [["890000", 9.0]]


# ---- the reform of 2025

# A machine of 50 written down by 20 (30 left) sold for 45, a share of grants of 6, charges transferred of 8,
# sales 200, purchases 150, staff 30: result 200 - 150 - 30 + 45 - 30 + 6 + 8 = 49.
OLD = {"707000": -200.0, "607000": 150.0, "641000": 30.0, "775200": -45.0, "675200": 30.0, "777000": -6.0,
       "791000": -8.0, "512000": 49.0}  # fmt: skip
NEW = {"707000": -200.0, "607000": 150.0, "641000": 22.0, "757200": -45.0, "657200": 30.0, "747000": -6.0,
       "512000": 49.0}  # fmt: skip


def figures(found):
    sig, caf = cm.sig(found.table, restated=True).iloc[0], cm.caf(found.table).iloc[0]
    names = ("ebe", "rex", "resultat_exceptionnel", "resultat_net", "ebe_comparable", "rex_comparable")
    return [round(float(sig[name]), 2) for name in names] + [round(float(caf[name]), 2) for name in
                                                            ("caf_additive", "caf_soustractive")]  # fmt: skip


def test_the_old_chart():
    found = balance_of(OLD, date(2024, 1, 1)).statements()
    # EBE 200 - 150 - 30 = 20; REX 20 + 8 = 28; exceptional 45 - 30 + 6 = 21; CAF 49 - 15 - 6 = 28
    assert figures(found) == [20, 28, 21, 49, 28, 49, 28, 28]
    memo = {"produits_cessions": 45, "vnc_cessions": 30, "quote_part_subventions": 6, "transferts_charges": 8,
            "cessions_en_exceptionnel": 21, "reprises_exploitation": 8}  # fmt: skip
    assert {name: line(found, name) for name in memo} == memo
    assert not told(found.report, "trial_balance_old_account", "trial_balance_new_account")


def test_the_new_chart():
    found = balance_of(NEW, date(2025, 1, 1)).statements()
    # EBE 200 - 150 - 22 = 28 (the refund of 8 now lowers the charge); REX 28 + 45 + 6 - 30 = 49; nothing exceptional
    assert figures(found) == [28, 49, 0, 49, 28, 49, 28, 28]
    memo = {"produits_cessions": 45, "vnc_cessions": 30, "quote_part_subventions": 6, "transferts_charges": 0,
            "cessions_en_exceptionnel": 0, "autres_produits": 51, "autres_charges": 30}  # fmt: skip
    assert {name: line(found, name) for name in memo} == memo
    assert found.table["chart"].iloc[0] == "from_2025"


def test_old_accounts_in_a_new_year_are_placed_with_their_successors_and_told():
    found = balance_of(OLD, date(2025, 1, 1)).statements()
    # as the new chart, but 791 has no one successor and stays among the reversals: EBE 20, comparable 28
    assert figures(found) == [20, 49, 0, 49, 28, 49, 28, 28]
    warning = told(found.report, "trial_balance_old_account")[0]
    assert (warning.level, warning.details["count"], warning.details["amount"]) == ("warning", 4, 89.0)
    assert "675200 | 775200 | 777000 | 791000" in warning.text("en")


def test_new_accounts_in_an_old_year_are_told_and_the_chart_may_be_given():
    early = balance_of(NEW, date(2024, 1, 1))
    found = early.statements()
    assert figures(found) == [28, 49, 0, 49, 28, 49, 28, 28]
    assert told(found.report, "trial_balance_new_account")[0].details["count"] == 3
    chosen = early.statements("from_2025")
    assert not told(chosen.report, "trial_balance_new_account")
    assert chosen.table["chart"].iloc[0] == "from_2025"


def test_disposals_of_financial_assets_are_told_apart_by_sub_accounts_only():
    base = {"512000": 30.0, "706000": -10.0}
    detailed = balance_of({**base, "767100": -50.0, "667100": 30.0}, date(2025, 1, 1)).statements()
    assert [line(detailed, name) for name in ("produits_cessions", "vnc_cessions")] == [50, 30]
    assert cm.caf(detailed.table)[["caf_additive", "caf_soustractive"]].iloc[0].tolist() == pytest.approx([10, 10])
    mixed = balance_of({**base, "767000": -50.0, "667000": 30.0}, date(2025, 1, 1)).statements()
    assert line(mixed, "produits_cessions") == 0
    assert cm.caf(mixed.table)["caf_additive"].iloc[0] == pytest.approx(30)
    assert told(mixed.report, "trial_balance_disposals")[0].details["count"] == 2


def test_the_first_day_chooses_the_chart():
    for end, months, expected in (("2025-06-30", 12, "until_2024"), ("2025-12-31", 12, "from_2025"),
                                  ("2025-12-31", 15, "until_2024")):  # fmt: skip
        found = dataclasses.replace(balance_of(OLD), start=None, end=date.fromisoformat(end), months=months)
        assert found.statements().table["chart"].iloc[0] == expected
    unknown = dataclasses.replace(balance_of(OLD), start=None, end=None)
    with pytest.raises(InputError, match="year_end"):
        unknown.statements()
    with pytest.raises(InputError, match="until_2024"):
        unknown.statements("2024")
    assert unknown.statements("from_2025").table["year_end"].isna().all()


# ---- properties

PREFIXES = sorted({row["prefix"] for row in reference("accounts.csv") if row["prefix"] not in "89"})
CENTS = st.integers(-(10**11), 10**11).filter(bool)


@st.composite
def balanced(draw):
    """A trial balance over the prefixes of the rules, with customers and suppliers, that balances to the cent."""
    accounts = draw(st.dictionaries(st.sampled_from(PREFIXES), CENTS, min_size=3, max_size=40))
    rows = {prefix + draw(st.sampled_from(("", "0", "000"))): cents for prefix, cents in accounts.items()}
    for account in draw(st.sets(st.sampled_from(("411000", "416000", "401000", "409100", "419100")))):
        for party in draw(st.sets(st.sampled_from(("T1", "T2", "T3")))):
            rows[account, party] = draw(CENTS)
    rows["706100"] = draw(CENTS)
    rows["512900"] = -sum(rows.values())
    return balance_of(
        {key: cents / 100 for key, cents in rows.items()}, date(draw(st.sampled_from((2024, 2025))), 1, 1)
    )


def doubled(balance):
    money = ["debit", "credit", "balance"]
    return dataclasses.replace(balance, accounts=balance.accounts.assign(**2 * balance.accounts[money]))


def as_table(balances):
    """All at once, which is what makes many examples affordable."""
    rows = []
    for rank, balance in enumerate(balances):
        placed = balance.placed()
        rows.append({**_row(balance, placed, "x"), "company_id": f"A{rank:03}"})
    return new_table(pd.DataFrame(rows), LoadReport(), nil=_nil_lines(False))


@settings(max_examples=4, deadline=None)
@given(st.lists(balanced(), min_size=6, max_size=6))
def test_the_identity_holds_and_both_caf_agree_for_any_balanced_trial_balance(balances):
    table, twice = as_table(balances), as_table(list(map(doubled, balances)))
    masses, sig, caf = cm.functional_balance(table), cm.sig(table), cm.caf(table)
    assert (masses["ecart_tn"] == 0).all()
    assert (caf["ecart_caf"].abs() < 0.005).all()
    assert (sig["ecart_resultat"].abs() < 0.005).all()
    result = [
        -round(b.accounts.loc[b.accounts["account"].str[0].isin(["6", "7"]), "balance"].sum(), 2) for b in balances
    ]
    assert np.allclose(sig["resultat_net"], result, atol=0.005)
    assert np.allclose(table["total_actif"] - table["total_actif_amort"], table["total_passif"], atol=0.005)
    amounts = cm.functional_balance(twice).iloc[:, 11:24]
    assert np.allclose(amounts, 2 * masses.iloc[:, 11:24], rtol=0, atol=0.005)
    names = [key for key, ratio in catalogue().items() if ratio.unit in ("rate", "ratio", "days", "years")]
    assert len(names) > 50
    once, again = (cm.ratio_values(each, names)[names].to_numpy() for each in (table, twice))
    assert np.array_equal(once, again, equal_nan=True)


@settings(max_examples=3, deadline=None)
@given(balanced())
def test_no_euro_is_lost_between_accounts_and_lines(balance):
    placed = balance.placed()
    assert placed["line"].notna().all()
    assert placed["balance"].sum() == pytest.approx(0, abs=0.001)
    assert (placed["amount"].abs() == placed["balance"].abs()).all()
    found = balance.statements()
    assert found.unplaced.empty
    assert not told(found.report, "statements_control_failed")
    before = balance.accounts.copy()
    balance.statements(by_third_party=False)
    pd.testing.assert_frame_equal(balance.accounts, before)


# ---- a FEC


def journal(entries, end="20231231"):
    """Lines of a FEC: (journal, number, day, account, third party, debit, credit)."""
    rows = ["\t".join(HEADINGS.values())]
    for code, number, day, account, party, debit, credit in entries:
        sides = [str(amount).replace(".", ",") for amount in (debit, credit)]
        document = [f"P{number}", day, "texte"]
        cells = [code, code, number, day, account, f"Compte {account}", party, party, *document, *sides]
        rows.append("\t".join(map(str, [*cells, "", "", day, "", ""])))
    return "\n".join(rows), f"123456789FEC{end}.txt"


YEAR = [
    ("AN", 1, "20230101", "101000", "", "0", "100.10"),
    ("AN", 1, "20230101", "120000", "", "0", "20.00"),
    ("AN", 1, "20230101", "512000", "", "120.10", "0"),
    ("VE", 2, "20230310", "411000", "C1", "60.00", "0"),
    ("VE", 2, "20230310", "706000", "", "0", "50.00"),
    ("VE", 2, "20230310", "445710", "", "0", "10.00"),
    ("BQ", 3, "20230315", "512000", "", "5.00", "0"),
    ("BQ", 3, "20230315", "411000", "C2", "0", "5.00"),
    ("HA", 4, "20231231", "606300", "", "12.34", "0"),
    ("HA", 4, "20231231", "401000", "F1", "0", "12.34"),
]
CLOSING = [
    ("CL", 5, "20231231", "706000", "", "50.00", "0"),
    ("CL", 5, "20231231", "606300", "", "0", "12.34"),
    ("CL", 5, "20231231", "120000", "", "0", "37.66"),
]
SHUT = [
    ("CL", 6, "20231231", "101000", "", "100.10", "0"),
    ("CL", 6, "20231231", "120000", "", "57.66", "0"),
    ("CL", 6, "20231231", "445710", "", "10.00", "0"),
    ("CL", 6, "20231231", "401000", "F1", "12.34", "0"),
    ("CL", 6, "20231231", "411000", "C2", "5.00", "0"),
    ("CL", 6, "20231231", "411000", "C1", "0", "60.00"),
    ("CL", 6, "20231231", "512000", "", "0", "125.10"),
    ("CL", 6, "20231231", "891000", "", "0", "0.00"),
]


@pytest.fixture
def fec(tmp_path):
    def read(entries, end="20231231"):
        text, name = journal(entries, end)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return cm.read_fec(path)

    return read


def test_balances_of_a_fec_by_account_and_third_party(fec):
    found = fec(YEAR).trial_balance()
    rows = {(row.account, row.third_party if isinstance(row.third_party, str) else None): row.balance
            for row in found.accounts.itertuples()}  # fmt: skip
    assert rows == {
        ("101000", None): -100.1, ("120000", None): -20.0, ("401000", "F1"): -12.34, ("411000", "C1"): 60.0,
        ("411000", "C2"): -5.0, ("445710", None): -10.0, ("512000", None): 125.1, ("606300", None): 12.34,
        ("706000", None): -50.0,
    }  # fmt: skip
    assert list(found.accounts.columns) == [column.name for column in TRIAL_BALANCE]
    assert (found.accounts["debit"] - found.accounts["credit"] - found.accounts["balance"]).abs().max() < 0.001
    assert (found.company_id, found.start, found.end, found.months) == (
        "123456789", date(2023, 1, 1), date(2023, 12, 31), 12.0,
    )  # fmt: skip
    assert found.accounts.set_index("account").loc["706000", "label"] == "Compte 706000"
    made = found.statements()
    assert [line(made, name) for name in ("resultat_net", "report_a_nouveau", "clients", "autres_dettes")] == [
        37.66, 20.0, 60.0, 5.0,
    ]  # fmt: skip


@pytest.mark.parametrize("closing", [CLOSING, CLOSING + SHUT])
def test_closing_entries_are_left_out(fec, closing):
    before, after = fec(YEAR).trial_balance(), fec(YEAR + closing).trial_balance()
    pd.testing.assert_frame_equal(before.accounts, after.accounts)
    note = told(after.report, "trial_balance_closing")[0]
    assert note.level == "note"
    assert note.details["count"] == (1 if closing is CLOSING else 2)
    assert "12" in note.details["lines"]
    assert not told(before.report, "trial_balance_closing")


def test_an_entry_that_does_not_empty_its_charges_is_no_closing_entry(fec):
    partial = [("OD", 5, "20231231", "706000", "", "10.00", "0"), ("OD", 5, "20231231", "120000", "", "0", "10.00")]
    found = fec(YEAR + partial).trial_balance()
    assert not told(found.report, "trial_balance_closing")
    assert line(found.statements(), "resultat_net") == 27.66
    # and an allocation of last year's result on the last day is none either
    allocated = [("OD", 5, "20231231", "120000", "", "20.00", "0"), ("OD", 5, "20231231", "106800", "", "0", "20.00")]
    found = fec(YEAR + allocated).trial_balance()
    assert not told(found.report, "trial_balance_closing")
    assert line(found.statements(), "autres_reserves") == 20


def test_a_fec_without_opening_entries_is_told(fec):
    found = fec(YEAR[3:]).trial_balance()
    assert told(found.report, "trial_balance_no_opening")[0].level == "warning"
    assert not told(fec(YEAR).trial_balance().report, "trial_balance_no_opening")


def test_a_first_entry_some_days_late_does_not_shorten_the_year(fec):
    late = [(code, number, "20230104" if day == "20230101" else day, *rest) for code, number, day, *rest in YEAR]
    found = fec(late).trial_balance()
    assert (found.start, found.months) == (date(2023, 1, 4), 12.0)
    assert told(found.report, "trial_balance_period")
    middle = [(code, number, "20230116" if day == "20230101" else day, *rest) for code, number, day, *rest in YEAR]
    assert fec(middle).trial_balance().months == 11.5


# ---- the real files and the sample


def by_hand(path, separator, encoding):
    """Balance of each account, and of each account and third party, read by other means: exact decimals."""
    accounts, parties = defaultdict(Decimal), defaultdict(Decimal)
    with path.open(encoding=encoding, newline="") as file:
        rows = csv.reader(file, delimiter=separator, quoting=csv.QUOTE_NONE)
        places = {name.strip().casefold(): place for place, name in enumerate(next(rows))}
        for row in rows:
            if len(row) < 13:
                continue
            cells = {name: row[place].strip() for name, place in places.items() if name}
            amount = [Decimal((cells[side] or "0").replace(",", ".")) for side in ("debit", "credit")]
            accounts[cells["comptenum"]] += amount[0] - amount[1]
            parties[cells["comptenum"], cells["compauxnum"]] += amount[0] - amount[1]
    return accounts, parties


REAL = [
    ("fec/111111111FEC20220831.txt", "\t", "utf-8-sig", 153, date(2021, 9, 1), 12.0),
    ("fec/222222222FEC20230731.TXT", "|", "cp850", 48, date(2023, 1, 1), 7.0),
]


@pytest.mark.parametrize(("name", "separator", "encoding", "count", "start", "months"), REAL)
def test_real_fecs_become_accounts_that_hold(real_data, name, separator, encoding, count, start, months):
    accounts, parties = by_hand(real_data / name, separator, encoding)
    balance = cm.read_fec(real_data / name).trial_balance()
    assert (len(accounts), balance.accounts["account"].nunique()) == (count, count)
    assert (balance.start, balance.months) == (start, months)
    sums = balance.accounts.groupby("account")["balance"].sum().round(2)
    assert {account: float(value) for account, value in accounts.items()} == sums.to_dict()

    def total(*prefixes, but=()):
        chosen = [v for a, v in accounts.items() if a.startswith(prefixes) and not (but and a.startswith(but))]
        return float(sum(chosen, Decimal()))

    assert total("6", "7") == -total("1", "2", "3", "4", "5")
    found = balance.statements()
    assert found.unplaced.empty
    assert found.table["complete"].iloc[0]
    assert not told(found.report, "statements_control_failed", "statements_negative")
    sig, caf = cm.sig(found.table).iloc[0], cm.caf(found.table).iloc[0]
    masses = cm.functional_balance(found.table).iloc[0]
    assert round(sig["resultat_net"], 2) == -total("6", "7")
    assert round(sig["resultat_sig"], 2) == -total("6", "7")
    assert masses["ecart_tn"] == 0
    assert round(masses["frng"] - masses["bfr"], 2) == round(masses["tn"], 2)
    assert abs(caf["ecart_caf"]) < 0.005
    # the rest by hand
    assert line(found, "chiffre_affaires") == round(-total("70"), 2)
    ebe = -total("70", "71", "72", "74") - total("60", "61", "62", "63", "64")
    assert round(sig["ebe"], 2) == round(ebe, 2)
    assert round(caf["caf_additive"], 2) == round(-total("6", "7") + total("68") + total("78"), 2)
    assert round(masses["emplois_stables"], 2) == round(total("2", but=("28", "29")), 2)
    owed = sum(value for (account, _), value in parties.items() if account.startswith("411") and value > 0)
    assert line(found, "clients") == float(owed)
    credit = -sum(value for (account, _), value in parties.items() if account.startswith("401") and value < 0)
    assert line(found, "fournisseurs") == round(float(credit) - total("408"), 2)
    stocks = ("stock_matieres", "encours_biens", "encours_services", "stock_produits", "stock_marchandises")
    assert round(sum(line(found, stock) for stock in stocks), 2) == round(total("3"), 2)
    assert round(masses["tn"], 2) == round(total("5"), 2)  # no overdraft and no write-down in either
    resources = -total("1", "28") - total("6", "7") - total("455")
    assert round(masses["ressources_stables"], 2) == round(resources, 2)


def test_some_lines_of_the_first_real_fec(real_data):
    """Amounts as the file's accounts give them, added here by hand."""
    found = cm.read_fec(real_data / "fec/111111111FEC20220831.txt").trial_balance().statements()
    expected = {
        "installations_techniques": 1256207.85,  # 910454.70 + 345753.15
        "autres_immo_corp": 103026.77,  # 20262.50 + 77115.11 + 2649.16 + plants 3000.00
        "autres_immo_corp_amort": 55034.73,  # 8180.25 + 42897.60 + 2510.77 + 1446.11
        "stock_matieres": 6609.0,  # 885 + 5724
        "emprunts_etab_credit": 592561.24,  # 30752.17 + 28682.32 + 190997.21 + 237308.03 + 95621.51 + 9200
        "comptes_courants_associes": 301173.99,  # 136083.76 + 165090.23
        "creances_tva": 98228.43,  # 5839.43 + 89351.00 + 3038.00
        "vmp": 200710.51,  # 100316.93 + 100393.58
        "redevances_cb_mobilier": 14081.28,  # 7848.00 + 3024.84 + 3208.44
        "transferts_charges": 2195.3,
        "resultat_net": 173208.48,
    }
    assert {name: line(found, name) for name in expected} == expected


def test_the_sample_company(root):
    """Both years: customers of the balance sheet as the reconciliation of the ledger has them."""
    for name, chart, result in (
        ("904172638FEC20250630.txt", "until_2024", 287038.98),
        ("904172638FEC20260630.txt", "from_2025", 359544.51),
    ):
        fec = cm.read_fec(root / "data" / name)
        found = fec.trial_balance().statements()
        assert found.unplaced.empty
        assert found.table["chart"].iloc[0] == chart
        assert line(found, "resultat_net") == result
        assert float(cm.functional_balance(found.table)["ecart_tn"].iloc[0]) == 0
        lines = cm.reconciliation(fec.ledger(), fec.end).set_index("line")["balance"]
        assert line(found, "clients") == lines["customers_gross"]
        assert line(found, "clients_net") == lines["customers_net"]
        assert not [d for d in found.report.of_level("warning") if d.code.startswith(("trial_balance", "statements"))]


# ---- files


@pytest.fixture
def file_name():
    return "balance.csv"


def read(path, **options):
    return cm.read_trial_balance(path, **{"company_id": "A", "year_end": "2023-12-31", **options})


def balances(found):
    return dict(zip(found.accounts["account"], found.accounts["balance"]))


def defects(path, **options):
    with pytest.raises(InputError) as caught:
        read(path, **options)
    for language in ("fr", "en"):
        assert caught.value.text(language)
    return [(defect.code, defect.line) for defect in caught.value.defects]


PLAIN = {"101000": -100.0, "411000": 150.5, "512000": -20.25, "706000": -90.25, "613000": 60.0}


def as_csv(rows, heading="Compte;Libellé;Débit;Crédit"):
    return "\n".join([heading, *(";".join(row) for row in rows)]) + "\n"


def money(value):
    return f"{value:.2f}".replace(".", ",")


def two_sides(values):
    return [(a, f"Compte {a}", money(v) if v > 0 else "", money(-v) if v < 0 else "") for a, v in values.items()]


def test_ways_to_write_a_trial_balance(write):
    moved = [(a, "x", "10,00", "10,00", "5,00", "6,00", *row[2:]) for a, row in zip(PLAIN, two_sides(PLAIN))]
    texts = [
        as_csv(two_sides(PLAIN)),
        as_csv(two_sides(PLAIN), "N° de compte;Intitulé du compte;Solde débiteur;Solde créditeur"),
        as_csv([(a, "x", money(v)) for a, v in PLAIN.items()], "Compte;Libellé;Solde"),
        as_csv([(a, "x", money(abs(v)), "D" if v > 0 else "Créditeur") for a, v in PLAIN.items()],
               "Compte;Libellé;Solde;Sens"),
        as_csv([(*row, money(abs(v))) for row, v in zip(two_sides(PLAIN), PLAIN.values())],
               "Compte;Libellé;Débit;Crédit;Solde"),
        as_csv([(a, "x", "7,00", "9,00", money(v)) for a, v in PLAIN.items()], "Compte;Libellé;Débit;Crédit;Solde"),
        as_csv(moved, "Compte;Libellé;AN débit;AN crédit;Mouvement débit;Mouvement crédit;Solde débit;Solde crédit"),
        as_csv(moved, "Compte;Libellé;Débit;Crédit;Débit;Crédit;Débit;Crédit"),
        as_csv(two_sides(PLAIN), "Account;Label;Debit;Credit").replace(",", "."),
        "Balance générale\nExercice 2023\n\n" + as_csv(two_sides(PLAIN)),
    ]  # fmt: skip
    for text in texts:
        assert balances(read(write(text))) == PLAIN, text
    assert balances(read(write(texts[0].encode("cp1252"), "old.csv"))) == PLAIN
    own = as_csv(two_sides(PLAIN), "Nummer;Libellé;Soll;Haben")
    mapping = {"account": "Nummer", "closing_debit": "Soll", "closing_credit": "Haben"}
    assert balances(read(write(own), columns=mapping)) == PLAIN


def test_a_workbook_with_numbers_as_cells(tmp_path):
    path = tmp_path / "balance.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet, other = book.add_worksheet("Balance"), book.add_worksheet("Notes")
    other.write(0, 0, "rien")
    for column, heading in enumerate(("Compte", "Libellé", "Solde débiteur", "Solde créditeur")):
        sheet.write(0, column, heading)
    for row, (account, value) in enumerate(PLAIN.items(), start=1):
        sheet.write_number(row, 0, int(account))
        sheet.write_string(row, 1, "=2+2")
        sheet.write_number(row, 2 if value > 0 else 3, abs(value))
    book.close()
    found = read(path)
    assert balances(found) == PLAIN
    assert found.accounts["label"].tolist() == ["=2+2"] * 5
    assert "ledger_sheet_ignored" in {d.code for d in found.report.defects}
    assert read(path, sheet="Balance").accounts.equals(found.accounts)
    assert defects(path, sheet="Feuil9") == [("ledger_no_sheet", None)]


def test_totals_and_titles_are_left_out_and_told(write):
    rows = two_sides(PLAIN)
    with_totals = [
        ("", "CLASSE 1", "", ""), rows[0], ("Total classe 1", "", "", "100,00"), rows[1], rows[2],
        ("4", "Comptes de tiers", "150,50", ""), ("51", "Banques", "", "20,25"), ("5", "Financiers", "", "20,25"),
        rows[3], rows[4], ("", "Sous-total gestion", "60,00", "90,25"), ("", "À reporter", "1,00", "1,00"),
        ("60", "Total charges", "1,00", "0,00"), ("", "TOTAL GÉNÉRAL", "210,50", "210,50"),
    ]  # fmt: skip
    found = read(write(as_csv(with_totals)))
    assert balances(found) == PLAIN
    note = told(found.report, "trial_balance_subtotals")[0]
    assert note.details["count"] == 8
    assert "TOTAL GÉNÉRAL" in note.text("fr")
    assert told(found.report, "trial_balance_titles")[0].details["count"] == 1


def test_accounts_that_only_look_like_totals_stay(write):
    values = {"411": 50.0, "4110": 50.0, "512000": -70.0, "706000": -30.0}
    assert balances(read(write(as_csv(two_sides(values))))) == values
    named = {"401TOTAL": -30.0, "110000": -20.0, "512000": 50.0}
    text = as_csv(two_sides(named)).replace("Compte 110000", "Report à nouveau")
    assert balances(read(write(text))) == named


def test_third_parties_and_the_total_of_their_account(write):
    heading = "Compte;Compte auxiliaire;Libellé;Débit;Crédit"
    rows = [
        ("411000", "", "Clients", "45,00", ""),
        ("411000", "C1", "Un", "60,00", ""),
        ("411000", "C2", "Deux", "", "15,00"),
        ("421000", "S1", "Paie", "5,00", ""),
        ("421000", "S2", "Paie", "", "8,00"),
        ("706000", "", "x", "", "42,00"),
    ]
    found = read(write(as_csv(rows, heading)))
    assert found.accounts[["account", "balance"]].values.tolist() == [
        ["411000", 60.0], ["411000", -15.0], ["421000", -3.0], ["706000", -42.0],
    ]  # fmt: skip
    assert line(found.statements(), "clients") == 60
    assert line(found.statements(by_third_party=False), "clients") == 45


def test_an_account_on_two_rows_is_summed_and_the_same_row_twice_refused(write):
    rows = [("512000", "Banque", "10,00", ""), ("512000", "Banque bis", "5,00", ""), ("706000", "x", "", "15,00")]
    found = read(write(as_csv(rows)))
    assert balances(found) == {"512000": 15.0, "706000": -15.0}
    assert told(found.report, "trial_balance_repeated")[0].details["count"] == 1
    assert ("ledger_duplicate_row", 5) in defects(write(as_csv([*rows, rows[0]])))


def test_every_defect_is_told_at_once(write):
    rows = [("101000", "Capital", "", "100,00"), ("", "Sans numéro", "40,00", ""), ("411000", "Clients", "abc", ""),
            ("512000", "Banque", "1O0,00", "")]  # fmt: skip
    assert sorted(defects(write(as_csv(rows)))) == [
        ("bad_amount", 4), ("bad_amount", 5), ("trial_balance_blank_account", 3),
    ]  # fmt: skip


def test_an_unbalanced_trial_balance_is_refused_with_its_gap(write):
    rows = two_sides({**PLAIN, "512000": -20.0})
    with pytest.raises(InputError) as caught:
        read(write(as_csv(rows)))
    (defect,) = caught.value.defects
    assert (defect.code, defect.level, defect.details["gap"]) == ("trial_balance_unbalanced", "fatal", 0.25)
    assert "0,25" in caught.value.text("fr")
    # a cent is the rounding of the software
    assert read(write(as_csv(two_sides({**PLAIN, "512000": -20.24})))).accounts["balance"].sum().round(2) == 0.01
    # analytical accounts that do not balance do not make the others wrong
    assert read(write(as_csv(two_sides({**PLAIN, "921000": 5.0})))).statements().unplaced["account"].tolist() == [
        "921000"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Compte;Libellé\n101000;x\n", ["ledger_missing_column", "ledger_missing_column"]),
        ("Libellé;Débit;Crédit\nx;1,00;1,00\n", ["ledger_missing_column"]),
        ("Compte;Libellé;Débit\n101000;x;1,00\n", ["ledger_missing_column"]),
        ("Compte;Solde débiteur;Crédit\n101000;1,00;1,00\n", ["trial_balance_half", "trial_balance_half"]),
        ("Compte;AN débit;AN crédit;Débit;Crédit\n1;1,00;;1,00;\n", ["trial_balance_opening_only"]),
        ("Compte;Débit;Crédit;Débit;Crédit\n1;1,00;;5,00;5,00\n", ["trial_balance_opening_only"]),
        ("Compte;Débit;Débit;Crédit\n1;1,00;;5,00\n", ["ledger_heading_twice"]),
        ("Compte;Débit;Crédit\nTotal;1,00;1,00\n", ["trial_balance_no_rows"]),
        ("Compte;Solde;Sens\n101000;1,00;X\n512000;1,00;\n", ["fec_bad_side", "fec_bad_side"]),
        ("JournalCode|CompteNum|Debit|Credit\nA|1|1|1\n", ["ledger_is_fec"]),
        ("", ["empty_file"]),
    ],
)  # fmt: skip
def test_files_that_tell_no_balance_are_refused(write, text, expected):
    assert sorted({code for code, _ in defects(write(text))}) == sorted(set(expected))


def test_arguments_are_checked_together(write):
    path = write(as_csv(two_sides(PLAIN)))
    assert defects(path, year_end=None) == [("trial_balance_no_year_end", None)]
    wrong = {"year_end": "demain", "months": 0, "chart": "2024", "decimal": ";"}
    assert [code for code, _ in defects(path, **wrong)] == [
        "bad_date", "ledger_bad_argument", "ledger_bad_argument", "unknown_option",
    ]  # fmt: skip
    assert defects(path, start="2024-01-01") == [("ledger_bad_argument", None)]
    assert defects(path, columns={"label": "Text"}) == [("ledger_mapping_absent", None)]
    found = cm.read_trial_balance(path, chart="from_2025")
    assert (found.company_id, found.end, found.statements().table["chart"].iloc[0]) == ("balance", None, "from_2025")
    found = read(path, start="2022-10-01", company_name="Société", currency="CHF")
    assert (found.months, found.start, found.company_name) == (15.0, date(2022, 10, 1), "Société")
    assert found.statements().table[["currency", "months", "source"]].iloc[0].tolist() == ["CHF", 15.0, "balance.csv"]


def test_a_trial_balance_file_and_a_fec_give_the_same_accounts(fec, write):
    from_fec = fec(YEAR).trial_balance()
    rows = [(r.account, r.third_party if isinstance(r.third_party, str) else "", money(r.balance))
            for r in from_fec.accounts.itertuples()]  # fmt: skip
    found = read(write(as_csv(rows, "Compte;Tiers;Solde")), company_id="123456789")
    ours, theirs = (each.statements().table.drop(columns="source") for each in (found, from_fec))
    pd.testing.assert_frame_equal(ours, theirs)


def test_rules_of_a_chart_are_those_of_both_and_its_own():
    assert ("657", "") in rules("until_2024")
    assert rules("until_2024")["675", ""].line != rules("from_2025")["675", ""].line
    assert rules("from_2025")["411", "debit"] == rules("until_2024")["411", "debit"]
