"""Credit limits: published cases, every method by hand, what cannot be computed, orders, who decides."""

import csv
import subprocess
import sys
from datetime import date

import pandas as pd
import pytest
import yaml
from ledgers import ENGINES, make_ledger, table

import cmtools as cm
from cmtools import limits
from cmtools.external import external_table
from cmtools.language import HARD, THIN, label, message
from cmtools.limits import Activity, BlockingRules, Insured, Need, Unblocking, check_order, exposure, methods, proposal
from cmtools.rating import RiskLevel
from cmtools.schemas import CUSTOMERS, InputError
from cmtools.settings import reference_rows

AT = "2026-06-30"
INTANGIBLE = ("frais_etablissement", "frais_developpement", "concessions_brevets", "fonds_commercial",
              "autres_immo_incorp", "avances_immo_incorp")  # fmt: skip
NO_INTANGIBLE = dict.fromkeys([f"{name}_net" for name in INTANGIBLE], 0.0)
# Balance sheet by hand: fixed assets 600 gross, 200 written down; stocks 150, customers 300, bank 100: 1 150 gross, 950
# net. Equity 400, stable debt 150, suppliers 280, tax and social debts 120: 950.
# FRNG = equity 400 + depreciation 200 + stable debt 150 - fixed assets 600 = 150.
YEAR = {
    "year_end": pd.Timestamp("2025-12-31"), "months": 12.0, "currency": "EUR", "capitaux_propres": 400_000.0,
    "autres_fonds_propres": 0.0, "provisions": 0.0, "total_actif_immobilise": 600_000.0,
    "total_actif_amort": 200_000.0, "frais_emission_emprunts": 0.0, "capital_souscrit_non_appele": 0.0,
    "primes_remboursement": 0.0, "emprunts_oblig_convertibles": 0.0, "autres_emprunts_oblig": 0.0,
    "emprunts_etab_credit": 150_000.0, "emprunts_divers": 0.0, "emprunts_simplifie": 0.0, "concours_bancaires": 0.0,
    "fournisseurs": 280_000.0, "chiffre_affaires": 1_500_000.0, "capital": 50_000.0,
    "achats_marchandises": 300_000.0, "achats_matieres": 200_000.0, "autres_achats_charges_externes": 230_000.0,
} | dict.fromkeys(INTANGIBLE, 0.0) | dict.fromkeys([f"{name}_amort" for name in INTANGIBLE], 0.0) | {
    "fonds_commercial": 60_000.0, "concessions_brevets": 30_000.0, "concessions_brevets_amort": 10_000.0,
}  # fmt: skip


def year(**changes):
    return pd.DataFrame([YEAR | changes])


def found(accounts=None, as_of=AT, **given):
    return methods(year() if accounts is None else accounts, as_of, **given).set_index("method")


def codes(call, *arguments, **named):
    """Codes and columns of what is wrong; the error reads in both languages."""
    with pytest.raises(InputError) as caught:
        call(*arguments, **named)
    assert all(caught.value.text(language) for language in ("fr", "en"))
    return [(defect.code, defect.column) for defect in caught.value.defects]


# ---------------------------------------------------------------- published cases


@pytest.fixture(scope="module")
def published(root):
    path = root.parent / "shared" / "domain" / "receivables_examples.yaml"
    if not path.is_file():
        pytest.skip("the published examples are not beside the project")
    examples = yaml.safe_load(path.read_text(encoding="utf-8"))["examples"]
    return {row["id"]: row for row in examples if row["topic"] == "credit_limit"}


def test_the_published_examples_are_those_below(published):
    assert set(published) == {"limit_mydso", "limit_highako_mean"}
    first, second = published["limit_mydso"], published["limit_highako_mean"]
    assert first["inputs"] == {
        "need_theoretical": 50_000, "tangible_net_worth": 80_000, "turnover": 700_000, "rating": "B",
        "pct_tnw": 0.35, "pct_turnover": 0.05,
    }  # fmt: skip
    assert first["expected"] == {
        "limit_tnw": 28_000, "limit_turnover": 35_000, "acceptable_limit": 28_000, "gap_to_cover": 22_000,
    }  # fmt: skip
    assert second["expected"] == {"trade_reference": 30_000, "mean_of_three": 40_000}


def test_published_case_of_a_rating_b():
    """Need 50 000; 35 % of 80 000 and 5 % of 700 000; the lowest is kept (mydsomanager.com, help 34)."""
    accounts = pd.DataFrame([{"capitaux_propres": 80_000.0, "chiffre_affaires": 700_000.0} | NO_INTANGIBLE])
    level = {"share_tangible_net_worth": 0.35, "share_turnover": 0.05}
    got = methods(accounts, AT, need=Need(amount=50_000), level=level)
    amounts = got.set_index("method")["amount"]
    assert (amounts["lim_tangible_net_worth"], amounts["lim_turnover"]) == (28_000, 35_000)
    kept = proposal(got, AT, leave_out=["lim_net_worth"])  # the case has no share of the whole equity: 8 000
    assert (kept.amount, kept.gap, kept.method) == (28_000, 22_000, "lim_tangible_net_worth")


def test_published_mean_of_three():
    """Mean of 10 % of net worth, the median reference and the need: (40 000 + 30 000 + 50 000) / 3 (highako.com)."""
    accounts = pd.DataFrame({"capitaux_propres": [400_000.0]})
    got = methods(accounts, AT, need=Need(amount=50_000), supplier_limits=[20_000, 60_000, 30_000])
    amounts = got.set_index("method")["amount"]
    assert (amounts["lim_net_worth"], amounts["lim_trade_references"]) == (40_000, 30_000)
    kept = proposal(got, AT, combine="mean")
    assert (kept.amount, kept.mean, kept.reason, kept.gap) == (40_000, 40_000, "mean", 10_000)
    assert set(kept.counted) == {"lim_need", "lim_net_worth", "lim_trade_references"}


# ---------------------------------------------------------------- each method by hand


def test_methods_by_hand():
    got = found(
        need=Need(12_000, 45, 10, 5, True),
        level={"share_equity": 0.06, "share_tangible_net_worth": 0.2, "share_turnover": 0.03,
               "share_working_capital": 0.06, "share_supplier": 0.05, "coefficient": 0.6},
        seller_sales=7_800_000, supplier_limits=[40_000, 25_000],
        activity=Activity(10_000, 5_000, 25_000, 1.5, 0.8),
        insured=Insured(30_000, 0.9, "2026-02-12", "2026-12-31"),
    )  # fmt: skip
    expected = {
        "lim_need": 30_000.0,  # 12 000 x (45 + 10 + 5 + 15) / 30
        "lim_net_worth": 24_000.0,  # 6 % of 400 000
        "lim_tangible_net_worth": 64_000.0,  # 20 % of 400 000 - 60 000 - (30 000 - 10 000)
        "lim_turnover": 45_000.0,  # 3 % of 1 500 000
        "lim_working_capital": 9_000.0,  # 6 % of 150 000
        "lim_supplier_share": 14_000.0,  # 5 % of 280 000
        "lim_score": 18_000.0,  # 0.6 x 30 000
        "lim_seller_sales": 390_000.0,  # 5 % of 7 800 000
        "lim_trade_references": 32_500.0,  # between 25 000 and 40 000
        "lim_afdcc": 48_000.0,  # 40 000 x 1.5 x 0.8
        "lim_insurer": 30_000.0,
    }
    assert got["amount"].to_dict() == expected
    assert got["reason"].isna().all()
    assert got["vat"].to_dict() == {
        "lim_need": "incl", "lim_net_worth": "none", "lim_tangible_net_worth": "none", "lim_turnover": "excl",
        "lim_working_capital": "none", "lim_supplier_share": "incl", "lim_score": "incl", "lim_seller_sales": "excl",
        "lim_trade_references": "incl", "lim_afdcc": "incl", "lim_insurer": "policy",
    }  # fmt: skip
    assert got.loc["lim_tangible_net_worth", "inputs"] == {
        "capitaux_propres": 400_000.0, "concessions_brevets_net": 20_000.0, "fonds_commercial_net": 60_000.0,
        "lim_base": 320_000.0, "lim_share": 0.2,
    }  # fmt: skip
    assert got.loc["lim_insurer", "inputs"]["insured_part"] == 27_000
    assert set(got.loc[got["kind"] == "financial", "status"]) == {"risk_level"}


def test_shares_by_default_are_said():
    got = found()
    # 10 % of 400 000, 35 % of 320 000, 5 % of 1 500 000, 10 % of 150 000, 10 % of 280 000
    assert got["amount"].dropna().to_dict() == {
        "lim_net_worth": 40_000, "lim_tangible_net_worth": 112_000, "lim_turnover": 75_000,
        "lim_working_capital": 15_000, "lim_supplier_share": 28_000,
    }  # fmt: skip
    financial = got[got["kind"] == "financial"]
    assert set(financial["notes"]) == {"default_share"}
    assert financial["status"].to_dict() == dict.fromkeys(financial.index, "published") | {
        "lim_supplier_share": "UNCONFIRMED"
    }
    partly = found(level={"share_turnover": 0.03, "share_equity": float("nan")})
    assert (partly.loc["lim_turnover", "notes"], partly.loc["lim_net_worth", "notes"]) == ("", "default_share")


def test_a_risk_level_is_taken_as_it_is():
    level = RiskLevel("C", 5, 6, 0.2, 0.03, 0.06, 0.06, 0.05, 0.6, 0.8, 45.0, None, 6.0)
    got = found(level=level, need=Need(amount=10_000))
    assert got.loc["lim_turnover", "amount"] == 45_000
    assert got.loc["lim_score", "amount"] == 6_000


def test_purchases_instead_of_trade_payables():
    # 10 % of (300 000 + 200 000 + 230 000) x 60 / 365 = 73 000 x 60 / 365 = 12 000
    got = found(supplier_basis="purchases", need=Need(term_days=60)).loc["lim_supplier_share"]
    assert (got["amount"], got["vat"]) == (12_000, "excl")
    without = found(supplier_basis="purchases").loc["lim_supplier_share"]
    assert (without["reason"], without["missing"]) == ("not_given", "term_days")
    assert pd.isna(without["amount"])
    assert codes(found, supplier_basis="sales") == [("bad_choice", "supplier_basis")]


def test_need_counts_what_is_given_and_says_what_is_not():
    got = found(need=Need(12_000, 30)).loc["lim_need"]
    assert (got["amount"], got["notes"]) == (12_000, "usual_delay_days_unknown invoicing_lag_days_unknown")
    early = found(need=Need(12_000, 30, -10, 0)).loc["lim_need"]  # pays ten days early: 12 000 x 20 / 30
    assert (early["amount"], early["notes"]) == (8_000, "")
    for need, missing in ((Need(12_000), "term_days"), (Need(term_days=30), "monthly_purchases"),
                          (None, "monthly_purchases term_days")):  # fmt: skip
        lacking = found(need=need).loc["lim_need"]
        assert (lacking["reason"], lacking["missing"]) == ("not_given", missing)
        assert pd.isna(lacking["amount"])
    assert found(need=Need(12_000, 10, -20)).loc["lim_need", "reason"] == "days_negative"
    assert found(need=Need(0, 30)).loc["lim_need", "amount"] == 0


def test_nil_and_negative_bases():
    got = found(year(capitaux_propres=-1.0))
    assert got.loc["lim_net_worth", ["amount", "reason"]].tolist() == [0, "nil_lim_net_worth"]
    assert got.loc["lim_tangible_net_worth", ["amount", "reason"]].tolist() == [0, "nil_lim_tangible_net_worth"]
    # equity of 80 000, all of it intangible: nothing tangible is left, though the equity is positive
    got = found(year(capitaux_propres=80_000.0))
    assert got.loc["lim_net_worth", "amount"] == 8_000
    assert got.loc["lim_tangible_net_worth", "amount"] == 0
    # FRNG = 250 + 200 + 150 - 600 = 0 thousand
    got = found(year(capitaux_propres=250_000.0))
    assert got.loc["lim_working_capital", ["amount", "reason"]].tolist() == [0, "nil_lim_working_capital"]
    got = found(year(chiffre_affaires=0.0, fournisseurs=-5.0))
    assert got.loc["lim_turnover", ["amount", "reason"]].tolist() == [0, "nil_lim_turnover"]
    assert got.loc["lim_supplier_share", "reason"] == "negative_base"
    assert pd.isna(got.loc["lim_supplier_share", "amount"])


@pytest.mark.parametrize(
    ("line", "method"),
    [
        ("capitaux_propres", "lim_net_worth"), ("fonds_commercial", "lim_tangible_net_worth"),
        ("chiffre_affaires", "lim_turnover"), ("total_actif_amort", "lim_working_capital"),
        ("fournisseurs", "lim_supplier_share"),
    ],
)  # fmt: skip
def test_an_unknown_line_is_never_nil(line, method):
    got = found(year(**{line: float("nan")})).loc[method]
    assert (got["reason"], pd.isna(got["amount"])) == ("unknown_line", True)
    assert line in got["missing"]
    assert pd.isna(found(year().drop(columns=line)).loc[method, "amount"])


def test_without_accounts_or_in_another_currency():
    none, dollars = methods(None, AT).set_index("method"), found(year(currency="USD"))
    financial = none["kind"] == "financial"
    assert set(none.loc[financial, "reason"]) == {"no_accounts"}
    assert set(dollars.loc[financial, "reason"]) == {"other_currency"}
    assert none["amount"].isna().all()
    assert found(year(currency="USD"), currency="USD").loc["lim_turnover", "amount"] == 75_000
    assert codes(methods, pd.concat([year(), year()]), AT) == [("limit_not_one_year", "accounts")]
    assert found(year().iloc[0]).loc["lim_turnover", "amount"] == 75_000  # a row as a Series


@pytest.mark.parametrize(
    ("closed", "note"),
    [("2024-12-30", True), ("2024-12-31", False), ("2025-12-31", False)],  # 18 months before 30 June 2026: 30 December
)
def test_accounts_of_more_than_18_months_are_flagged(closed, note):
    got = found(year(year_end=pd.Timestamp(closed)), as_of="2026-07-01" if note else AT)
    assert all(("old_accounts" in notes.split()) is note for notes in got.loc[got["kind"] == "financial", "notes"])


def test_date_and_length_of_the_accounts():
    assert "undated_accounts" in found(year(year_end=pd.NaT)).loc["lim_turnover", "notes"]
    assert "later_accounts" in found(as_of="2025-06-30").loc["lim_turnover", "notes"]
    long = found(year(months=15.0))
    assert long.loc["lim_turnover", "amount"] == 60_000  # 5 % of 1 500 000 x 12 / 15
    assert "other_months" in long.loc["lim_turnover", "notes"]
    assert long.loc["lim_net_worth", "amount"] == 40_000  # a balance sheet has no length
    unknown = found(year(months=float("nan")))
    assert unknown.loc["lim_turnover", ["reason", "missing"]].tolist() == ["unknown_line", "months"]


def test_worst_risk_level_withholds():
    level = dict.fromkeys(("share_equity", "share_turnover", "share_supplier", "coefficient"), 0.0)
    got = found(level=level, need=Need(amount=10_000))
    assert got.loc[["lim_net_worth", "lim_turnover", "lim_score"], "reason"].tolist() == ["withheld"] * 3
    for combine in ("min", "mean"):
        kept = proposal(got.reset_index(), AT, combine=combine)
        assert (kept.amount, kept.reason, kept.gap) == (0, "withheld", 10_000)


def test_score_method():
    assert found(need=Need(amount=10_000)).loc["lim_score", "reason"] == "no_level"
    assert found(level={"coefficient": 0.5}).loc["lim_score", "reason"] == "no_need"
    need, level = Need(amount=100_000), {"coefficient": 0.5}
    assert found(need=need, level=level).loc["lim_score", "amount"] == 50_000
    assert found(need=need, level=level, capital_share=0.4).loc["lim_score", "amount"] == 20_000  # 40 % of 50 000
    unknown = found(year(capital=float("nan")), need=need, level=level, capital_share=0.4).loc["lim_score"]
    assert (unknown["amount"], unknown["notes"]) == (50_000, "capital_unknown")


def test_limits_without_a_date_are_said_and_not_used():
    given = pd.DataFrame(
        {"amount": [10_000, 20_000, 40_000, 80_000], "date": [None, "2026-05-01", "2026-07-01", "2026-01-01"],
         "until": [None, "2026-06-30", None, "2026-06-29"]}
    )  # fmt: skip
    got = found(supplier_limits=given).loc["lim_trade_references"]
    assert (got["amount"], got["inputs"]) == (20_000, {"reference_1": 20_000})
    assert got["notes"].split() == ["references_undated", "references_later", "references_expired"]
    for insured, reason in (
        (Insured(30_000, 0.9), "insurer_undated"),
        (Insured(30_000, 0.9, "2026-01-01", "2026-06-29"), "insurer_expired"),
        (Insured(30_000, 0.9, "2026-07-01"), "insurer_later"),
    ):
        row = found(insured=insured).loc["lim_insurer"]
        assert (row["reason"], pd.isna(row["amount"])) == (reason, True)
        assert row["inputs"]["insurer_limit"] == 30_000  # shown
    assert found(insured=Insured(30_000, None, "2026-01-01", AT)).loc["lim_insurer", "amount"] == 30_000
    refused = found(insured=Insured(0, None, "2026-01-01")).loc["lim_insurer"]
    assert (refused["amount"], refused["reason"]) == (0, "insurer_refused")


def test_afdcc_needs_all_five():
    whole = {"orders": 10_000, "to_invoice": 5_000, "open_invoices": 25_000}
    whole |= {"terms_coefficient": 1.0, "behaviour_coefficient": 1.2}
    assert found(activity=Activity(**whole)).loc["lim_afdcc", "amount"] == 48_000
    for name in whole:
        row = found(activity=Activity(**{**whole, name: None})).loc["lim_afdcc"]
        assert (row["reason"], row["missing"]) == ("not_given", name)
        assert pd.isna(row["amount"])


def test_every_wrong_number_is_told_at_once():
    assert codes(
        found,
        need=Need(-1, 2_000, "x", True, amount=float("inf")),
        level={"share_turnover": 35, "coefficient": 80, "share_turnovr": 0.1},
        seller_sales=-5, seller_share=5, supplier_limits=[-1, 10],
        activity=Activity(-1, terms_coefficient=-0.1), insured=Insured(-1, 90, "soon"),
        capital_share=40,
    ) == [
        ("unknown_option", "level"), ("limit_bad_share", "share_turnover"), ("limit_bad_coefficient", "coefficient"),
        ("limit_bad_amount", "monthly_purchases"), ("limit_bad_days", "term_days"),
        ("limit_bad_days", "usual_delay_days"), ("limit_bad_days", "invoicing_lag_days"),
        ("limit_bad_amount", "amount"), ("limit_bad_share", "capital_share"), ("limit_bad_amount", "seller_sales"),
        ("limit_bad_share", "seller_share"), ("limit_bad_amount", "supplier_limits"), ("limit_bad_amount", "orders"),
        ("limit_bad_coefficient", "terms_coefficient"), ("limit_bad_amount", "insured.amount"),
        ("limit_bad_share", "insured_share"), ("bad_date", "insured.dated"),
    ]  # fmt: skip


def test_inputs_are_left_as_they_are():
    accounts, level = year(), {"share_turnover": 0.03}
    before = accounts.copy()
    methods(accounts, AT, level=level)
    pd.testing.assert_frame_equal(accounts, before)
    assert level == {"share_turnover": 0.03}


# ---------------------------------------------------------------- the proposal


def proposed(*, need=30_000, asked=None, accounts=None, combine="min", given=None, **options):
    table = methods(year() if accounts is None else accounts, AT, need=Need(amount=need), **(given or {}))
    return proposal(table, AT, asked, combine=combine, **options)


def test_lowest_method_bounds_the_proposal():
    # caps by default: 40 000, 112 000, 75 000, 15 000 (working capital), 28 000; need 30 000
    kept = proposed()
    assert (kept.amount, kept.method, kept.reason) == (15_000, "lim_working_capital", "bound_by")
    assert (kept.most_prudent, kept.most_prudent_method) == (15_000, "lim_working_capital")
    assert kept.mean == 50_000  # (30 + 40 + 112 + 75 + 15 + 28) / 6 = 300 / 6
    kept = proposed(leave_out=["lim_working_capital"])
    assert (kept.amount, kept.method) == (28_000, "lim_supplier_share")
    kept = proposed(need=12_345.67)
    assert (kept.amount, kept.before_rounding, kept.method, kept.gap) == (12_000, 12_345.67, "lim_need", 345.67)


def test_ceiling_of_our_own_sales():
    kept = proposed(given={"seller_sales": 200_000})  # 5 %: 10 000
    assert (kept.amount, kept.method) == (10_000, "lim_seller_sales")
    kept = proposed(given={"seller_sales": 200_000}, combine="mean")
    assert (kept.amount, kept.method, kept.mean) == (10_000, "lim_seller_sales", 50_000)  # it is not in the mean


def test_mean_never_exceeds_the_need():
    kept = proposed(combine="mean")  # mean 50 000, need 30 000
    assert (kept.amount, kept.method, kept.gap) == (30_000, "lim_need", 0)


def test_request_bounds_and_stands_in_for_the_need():
    kept = proposed(asked=9_900)
    assert (kept.amount, kept.reason, kept.method) == (9_500, "bound_by_request", None)
    kept = proposed(need=None, asked=20_000)
    assert (kept.amount, kept.need, kept.gap) == (15_000, None, 5_000)
    assert "need_is_request" in kept.notes
    kept = proposed(need=None)
    assert (kept.amount, kept.reason, kept.gap) == (None, "need_unknown", None)


def test_no_proposal_from_nothing():
    for combine in ("min", "mean"):
        kept = proposal(methods(None, AT, need=Need(amount=10_000), supplier_limits=[5_000]), AT, combine=combine)
        assert (kept.amount, kept.reason) == (None, "no_cap")
    kept = proposal(methods(None, AT), AT, 5_000)
    assert (kept.amount, kept.reason) == (None, "no_cap")
    assert kept.left_out["lim_net_worth"] == "no_accounts"
    alone = methods(pd.DataFrame({"capitaux_propres": [1e5]}), AT)
    assert proposal(alone, AT, 5_000, combine="mean").reason == "too_few"


def test_a_method_that_lacks_is_told():
    kept = proposed(accounts=year(fournisseurs=float("nan"), total_actif_amort=float("nan")))
    assert kept.left_out == {"lim_working_capital": "unknown_line", "lim_supplier_share": "unknown_line",
                             "lim_score": "no_level", "lim_seller_sales": "not_given"}  # fmt: skip
    assert "caps_missing" in kept.notes
    assert (kept.amount, kept.method) == (30_000, "lim_need")


def test_insurers_limit_is_never_added():
    insured = Insured(20_000, 0.9, "2026-01-15")
    kept, without = proposed(given={"insured": insured}), proposed()
    assert kept.amount == without.amount == 15_000
    assert (kept.mean, kept.most_prudent) == (without.mean, without.most_prudent)
    assert (kept.insurer_limit, kept.double_count, without.double_count) == (20_000, 35_000, None)
    refused = proposed(given={"insured": Insured(0, None, "2026-01-15")})
    assert refused.amount == 15_000


@pytest.mark.parametrize(
    ("need", "rounding", "expected"),
    [(28_000, 500, 28_000), (28_499.99, 500, 28_000), (499.99, 500, 499), (0.4, 500, 0), (0, 500, 0),
     (14_999, 1_000, 14_000), (14_999, 0.01, 14_999), (0.1 + 0.2, 0.1, 0.3)],
)  # fmt: skip
def test_rounded_down(need, rounding, expected):
    kept = proposed(need=need, rounding=rounding, leave_out=["lim_working_capital", "lim_supplier_share"])
    assert kept.amount == expected


def test_every_limit_has_an_owner_dates_and_a_reason():
    kept = proposed(owner="M. Dupuy", justification="Bons comptes, carnet plein.", validity_months=3)
    assert (kept.date.date(), kept.expiry.date()) == (date(2026, 6, 30), date(2026, 9, 30))
    assert not {"no_owner", "no_justification"} & set(kept.notes)
    assert {"no_owner", "no_justification"} <= set(proposed().notes)
    for language in ("fr", "en"):
        said = limits.sentences(kept, language)
        assert "M. Dupuy" in said[0]
        assert said[-1] == "Bons comptes, carnet plein."
        assert label("lim_working_capital", language) in said[1]


def test_old_accounts_reach_the_proposal():
    table = methods(year(year_end=pd.Timestamp("2024-06-30")), AT, need=Need(amount=30_000))
    assert "old_accounts" in proposal(table, AT).notes


def test_proposal_refuses_what_it_cannot_use():
    table = methods(year(), AT)
    assert codes(proposal, table, AT, -1, rounding=0, leave_out=["lim_x"], validity_months=0) == [
        ("limit_bad_amount", "asked"), ("limit_bad_amount", "rounding"), ("limit_bad_validity", "validity_months"),
        ("unknown_option", "leave_out"),
    ]  # fmt: skip
    assert codes(proposal, table, AT, combine="max") == [("bad_choice", "combine")]


def test_what_covers_the_gap():
    need = Need(10_000, 60, 15, 0)  # 75 days: 25 000; the limit of 15 000 pays for 45 days, so a term of 30
    insured = Insured(20_000, 0.9, "2026-01-15")
    kept = proposal(methods(year(), AT, need=need, insured=insured), AT)
    assert (kept.amount, kept.gap) == (15_000, 10_000)
    ways = limits.cover_gap(kept, need, insured).set_index("cover")
    assert (ways.loc["shorter_terms", "new_term_days"], ways.loc["shorter_terms", "enough"]) == (30, True)
    assert ways.loc[["deposit", "guarantee"], "cover_amount"].tolist() == [10_000, 10_000]
    # 90 % of the first 20 000 are insured: 25 000 - 18 000 = 7 000 stay at our risk, within 15 000
    assert (ways.loc["insurance", "cover_amount"], ways.loc["insurance", "enough"]) == (7_000, True)
    slow = Need(10_000, 10, 65, 0)  # the delay alone is more than the limit pays for
    ways = limits.cover_gap(proposal(methods(year(), AT, need=slow), AT), slow).set_index("cover")
    assert pd.isna(ways.loc["shorter_terms", "new_term_days"])
    assert ways.loc["shorter_terms", "enough"] is False
    assert ways.loc["insurance", "enough"] is None
    assert limits.cover_gap(proposed(need=5_000)).empty


# ---------------------------------------------------------------- in words


@pytest.mark.parametrize("language", ["fr", "en"])
def test_each_method_is_told(language):
    given = {"need": Need(12_000, 45, 10, 5, True), "insured": Insured(30_000, 0.9, "2026-02-12"),
             "supplier_limits": [40_000], "level": {"coefficient": 0.5}}  # fmt: skip
    told = limits.explain(methods(year(months=15.0), AT, **given), language)
    assert (told["lim_formula"] != "").all()
    assert not told.astype(str).apply(lambda column: column.str.contains("lim_|_unknown|nan ", regex=True)).drop(
        columns="method"
    ).any(axis=None)  # fmt: skip
    inputs = told.set_index("method")["lim_inputs"]
    number = f"12{THIN}000,00" if language == "fr" else "12,000.00"
    assert number in inputs["lim_need"]
    assert f"40{HARD}%" not in inputs["lim_net_worth"]
    assert ("10,0" if language == "fr" else "10.0%") in inputs["lim_net_worth"]
    shown = cm.display.table(told, language)
    assert label("lim_need", language) in shown


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_reason_and_note_has_its_sentence(root, language):
    """Each key that the code can give, made from its parts, stands in the table of sentences."""
    with (root / "src/cmtools/reference/messages/limits.csv").open(encoding="utf-8", newline="") as file:
        keys = {row["key"] for row in csv.DictReader(file)}
    source = (root / "src/cmtools/limits.py").read_text(encoding="utf-8")
    unused = []
    for key in keys:
        parts = key.split("_")
        made = any(f"{'_'.join(parts[:n])}_{{" in source for n in range(1, len(parts)))
        if not made and f'"{key}"' not in source:
            unused.append(key)
        assert message(key, language, **dict.fromkeys(
            ("value", "missing", "amount", "date", "expiry", "owner", "method", "methods", "gap", "insurer", "wrong",
             "measured", "threshold", "rules", "place", "first", "begins"), "x"))  # fmt: skip
    assert unused == []
    cases = [
        methods(None, AT), methods(year(months=float("nan")), AT), methods(year(currency="USD"), AT),
        methods(year(capitaux_propres=-1.0, chiffre_affaires=0.0, fournisseurs=0.0), AT),
        methods(year(fournisseurs=-1.0, year_end=pd.NaT), AT, need=Need(1, 1, -5),
                insured=Insured(1, dated="2027-01-01")),
        methods(year(year_end=pd.Timestamp("2020-01-01")), AT, level={"coefficient": 0.0, "share_equity": 0.0},
                insured=Insured(1, dated="2020-01-01", until="2020-02-01"), capital_share=0.4),
        methods(year(capital=float("nan")), "2020-01-01", need=Need(amount=1), level={"coefficient": 1},
                insured=Insured(1), capital_share=0.4),
    ]  # fmt: skip
    for case in cases:
        limits.explain(case, language)
        for asked, combine in ((None, "min"), (10.0, "min"), (0.5, "mean"), (None, "mean")):
            assert limits.sentences(proposal(case, AT, asked, combine=combine), language)


def test_labels_of_what_is_shown(root):
    named = {row["key"] for row in reference_rows("labels.csv")}
    keys = {row[name] for row in reference_rows("limit_methods.csv") for name in ("key", "kind")}
    keys |= {row["owner"] for row in reference_rows("limit_actions.csv")} | set(limits.ROLES) | set(limits.DECISIONS)
    keys |= {*limits.OUTCOMES, *limits.OUTCOME_OF, *limits.PARTS, "limit_over", "limit_near", "limit_within"}
    keys |= {"limit_none", "limit_expired", "limit_undated", "shorter_terms", "deposit", "guarantee", "insurance"}
    assert keys - named == set()


# ---------------------------------------------------------------- exposure


def parts(**columns):
    base = {"customer_id": ["A"], "open_invoices": [40_000.0]}
    return pd.DataFrame(base | {name: [value] for name, value in columns.items()})


def exposed(as_of=AT, by="customer_id", options=None, **columns):
    return exposure(parts(**columns), as_of, by=by, **(options or {})).iloc[0]


def test_exposure_by_hand():
    given = {"bills": 8_000.0, "to_invoice": 3_000.0, "order_backlog": 12_000.0, "advances": 5_000.0,
             "unallocated_receipts": 2_000.0, "secured": 10_000.0, "credit_limit": 50_000.0,
             "insurer_limit": 30_000.0}  # fmt: skip
    row = exposed(**given)
    assert row["exposure_amount"] == 56_000  # 40 + 8 + 3 + 12 - 5 - 2
    assert (row["headroom"], row["excess"], row["limit_use"]) == (-6_000, 6_000, 1.12)
    assert (row["insurer_excess"], row["secured"], row["not_given"]) == (26_000, 10_000, "")
    assert row["limit_state"] == "limit_over"
    assert exposed(options={"deduct_unallocated": False}, **given)["exposure_amount"] == 58_000
    assert exposed(options={"deduct_secured": True}, **given)["exposure_amount"] == 46_000
    wide = exposed(options={"tolerance": 0.12}, **given)  # 50 000 x 1.12 = 56 000: not above
    assert (wide["excess"], wide["limit_state"], wide["headroom"]) == (0, "limit_near", -6_000)
    assert exposed(options={"tolerance": 0.1199}, **given)["excess"] == 5.0


def test_insurers_limit_does_not_make_room():
    """Own limit 30 000, insurer 25 000, 40 000 owed: 10 000 too many, though the two limits add up to 55 000."""
    row = exposed(credit_limit=30_000.0, insurer_limit=25_000.0)
    assert (row["excess"], row["headroom"], row["insurer_excess"]) == (10_000, -10_000, 15_000)


def test_missing_parts_are_told_and_the_exposure_is_then_a_minimum():
    row = exposed(order_backlog=float("nan"), bills=1_000.0)
    assert (row["exposure_amount"], row["not_given"]) == (41_000, "to_invoice order_backlog advances")
    assert pd.isna(row["order_backlog"])
    unknown = exposure(pd.DataFrame({"customer_id": ["A"], "open_invoices": [float("nan")], "bills": [5.0],
                                     "credit_limit": [10.0]}), AT).iloc[0]  # fmt: skip
    assert pd.isna(unknown["exposure_amount"])
    assert pd.isna(unknown["headroom"])


@pytest.mark.parametrize(
    ("limit", "state", "headroom"),
    [(40_000.0, "limit_near", 0.0), (44_444.0, "limit_near", 4_444.0), (44_445.0, "limit_within", 4_445.0),
     (39_999.99, "limit_over", -0.01), (0.0, "limit_over", -40_000.0), (float("nan"), "limit_none", None)],
)  # fmt: skip
def test_state_of_the_limit(limit, state, headroom):
    row = exposed(credit_limit=limit)
    assert row["limit_state"] == state
    assert pd.isna(row["headroom"]) if headroom is None else row["headroom"] == headroom
    if limit == 0:
        assert pd.isna(row["limit_use"])


def test_a_customer_in_credit_has_its_limit_and_no_more():
    row = exposure(pd.DataFrame({"customer_id": ["A"], "open_invoices": [-500.0], "credit_limit": [1_000.0]}), AT).iloc[
        0
    ]
    assert (row["exposure_amount"], row["headroom"], row["excess"], row["limit_use"]) == (-500, 1_000, 0, 0)


def test_dates_of_the_limits():
    last = exposed(credit_limit=10_000.0, limit_until=AT)  # its last day still counts
    assert (last["limit_state"], last["excess"]) == ("limit_over", 30_000)
    gone = exposed(credit_limit=10_000.0, limit_until="2026-06-29")
    assert (gone["limit_state"], gone["credit_limit"], pd.isna(gone["headroom"])) == ("limit_expired", 10_000, True)
    undated = exposed(credit_limit=10_000.0, limit_date=None)
    assert (undated["limit_state"], pd.isna(undated["excess"])) == ("limit_undated", True)
    to_come = exposed(credit_limit=10_000.0, limit_date="2026-07-01")
    assert to_come["limit_state"] == "limit_undated"
    assert exposed(credit_limit=10_000.0, limit_date=AT)["limit_state"] == "limit_over"


def test_groups():
    members = pd.DataFrame(
        {
            "customer_id": ["A", "B", "C", "D", "E"], "group_id": ["G", "G", "G", None, "D"],
            "open_invoices": [30_000.0, 20_000.0, -7_000.0, 1_000.0, 500.0], "bills": [5_000.0, None, None, None, None],
            "credit_limit": [40_000.0, 10_000.0, None, 1_000.0, None],
            "insurer_limit": [10_000.0, 5_000.0, 0, None, None],
        }
    )  # fmt: skip
    by = exposure(members, AT, by="group_id").set_index("group_id")
    # C is in credit: it owes nothing, takes nothing off, and its missing limit does not matter
    assert by.loc["G", ["exposure_amount", "credit_limit", "excess", "members"]].tolist() == [55_000, 50_000, 5_000, 2]
    assert by.loc["G", "insurer_excess"] == 40_000
    assert by.loc["D", "limit_state"] == "limit_none"  # E owes and has no limit
    alone = exposure(members, AT).set_index("customer_id")
    assert alone.loc[["A", "B"], "excess"].tolist() == [0, 10_000]
    assert exposure(members, AT)["customer_id"].tolist()[0] == "B"  # largest excess first


def test_exposure_refuses_what_it_cannot_add_up():
    assert codes(exposure, pd.DataFrame({"customer": ["A"]}), AT) == [
        ("limit_missing_column", "parts"), ("limit_missing_column", "parts")
    ]  # fmt: skip
    bad = pd.DataFrame({"customer_id": ["A", "A", "B"], "open_invoices": [1.0, 2.0, 3.0], "bills": [-1.0, 0, 0],
                        "advances": ["x", 0, 0], "credit_limit": [1.0, float("inf"), -3],
                        "limit_until": ["2026-13-45", None, None], "currency": ["EUR", "EUR", "USD"]})  # fmt: skip
    assert codes(exposure, bad, AT, tolerance=10) == [
        ("limit_bad_share", "tolerance"), ("limit_customer_twice", "customer_id"), ("limit_bad_amount", "bills"),
        ("limit_bad_amount", "advances"), ("limit_bad_amount", "credit_limit"), ("limit_bad_amount", "credit_limit"),
        ("bad_date", "limit_until"), ("several_currencies", "currency"),
    ]  # fmt: skip


# ---------------------------------------------------------------- from a ledger


def ledger(engine="pandas"):
    items = [
        {"item_id": "F1", "amount": 1_000.0, "issue_date": "2026-05-01", "due_date": "2026-05-31"},
        {"item_id": "F2", "amount": 400.0, "issue_date": "2026-06-01", "due_date": "2026-07-31",
         "dispute_from": "2026-06-10"},
        {"item_id": "F5", "amount": 100.0, "issue_date": "2026-05-01", "due_date": "2026-06-01",
         "dispute_from": "2026-06-10"},
        {"item_id": "F3", "amount": 50.0, "issue_date": "2026-06-01", "due_date": "2027-06-01", "retention": True},
        {"item_id": "A1", "amount": -100.0, "issue_date": "2026-06-01", "due_date": "2026-06-01",
         "kind": "credit_note"},
        {"item_id": "F4", "customer_id": "C2", "amount": 300.0, "issue_date": "2026-06-01", "due_date": "2026-07-01"},
    ]  # fmt: skip
    receipt = [{"item_id": None, "amount": 200.0, "payment_date": "2026-06-15"}]
    made = make_ledger(items, receipt, engine)
    rows = [{"customer_id": "C1", "customer_name": "Un", "credit_limit": 1_200.0, "insurer_limit": 900.0},
            {"customer_id": "C2", "customer_name": "Deux", "credit_limit": 1_000.0}]  # fmt: skip
    made.customers = table(rows, CUSTOMERS)
    return made


@pytest.mark.parametrize("engine", ENGINES)
def test_parts_from_a_ledger(engine):
    row = limits.exposure_parts(ledger(engine), AT).set_index("customer_id").loc["C1"]
    # 1 000 + 400 + 100 + 50 - 100 open, 200 received and not allocated; 1 000 and 100 are late
    assert (row["open_invoices"], row["unallocated_receipts"]) == (1_450, 200)
    assert (row["overdue"], row["overdue_undisputed"], row["disputed"], row["retention"]) == (1_100, 1_000, 500, 50)
    today = limits.daily_follow_up(ledger(engine), AT).set_index("customer_id")
    assert today.loc["C1", ["exposure_amount", "headroom", "excess"]].tolist() == [1_250, -50, 50]
    assert today.loc["C1", "insurer_excess"] == 350
    assert today.loc["C2", ["exposure_amount", "headroom", "limit_state"]].tolist() == [300, 700, "limit_within"]


def test_external_information_completes_the_exposure():
    facts = [
        {"customer_id": "C2", "kind": "bills", "date": "2026-06-01", "amount": 400.0},
        {"customer_id": "C2", "kind": "order_backlog", "date": "2026-06-20", "amount": 350.0},
        {"customer_id": "C2", "kind": "order_backlog", "date": "2026-06-01", "amount": 9_000.0},  # replaced
        {"customer_id": "C2", "kind": "to_invoice", "date": None, "amount": 9_000.0},  # undated: not used
        {"customer_id": "C2", "kind": "advances", "date": "2026-06-20", "amount": 9_000.0, "until": "2026-06-29"},
        {"customer_id": "C2", "kind": "guarantee", "date": "2026-01-01", "value": "caution", "amount": 100.0},
        {"customer_id": "C1", "kind": "insurer_opinion", "date": "2026-06-25", "value": "refused", "amount": 0.0},
    ]
    today = limits.daily_follow_up(ledger(), AT, external_table(facts)).set_index("customer_id")
    row = today.loc["C2"]
    assert (row["exposure_amount"], row["excess"], row["secured"]) == (1_050, 50, 100)  # 300 + 400 + 350
    assert row["not_given"] == "to_invoice advances"
    assert today.loc["C1", ["insurer_limit", "insurer_excess"]].tolist() == [0, 1_250]


def test_register_of_dated_limits_takes_the_place_of_the_ledgers():
    register = pd.DataFrame({"customer_id": ["C1", "C2"], "credit_limit": [2_000.0, 500.0],
                             "date": ["2026-01-01", None], "until": ["2026-12-31", None]})  # fmt: skip
    today = limits.daily_follow_up(ledger(), AT, limits=register).set_index("customer_id")
    assert today.loc["C1", ["credit_limit", "headroom", "limit_state"]].tolist() == [2_000, 750, "limit_within"]
    assert today.loc["C2", "limit_state"] == "limit_undated"
    twice = pd.concat([register, register.head(1)])
    assert codes(limits.daily_follow_up, ledger(), AT, limits=twice) == [("limit_customer_twice", "limits")]
    assert codes(limits.daily_follow_up, ledger(), AT, limits=register.drop(columns=["date", "until"])) == [
        ("limit_missing_column", "limits"), ("limit_missing_column", "limits")
    ]  # fmt: skip


@pytest.fixture(scope="module")
def sample(root):
    return cm.read_ledger(root / "data" / "grand_livre.xlsx")


@pytest.mark.parametrize("by", ["customer_id", "group_id"])
def test_follow_up_agrees_with_limits_exceeded(sample, by):
    """The same customers, amounts and excesses as the function that was there before, computed on its own."""
    today = limits.daily_follow_up(sample, AT, by=by, tolerance=0.1)
    over = cm.limits_exceeded(cm.report_items(sample, AT), sample, tolerance=0.1, by=by)
    mine = today[today["limit_state"] == "limit_over"]
    assert len(mine) > 5
    names = [by, "excess", "credit_limit", "overdue"]
    assert mine[names].values.tolist() == over[names].values.tolist()
    assert mine["exposure_amount"].tolist() == over["outstanding"].tolist()
    coverage = cm.limits_coverage(cm.report_items(sample, AT), sample, by=by).iloc[0]
    owing = today[today["exposure_amount"] > 0]
    assert int((owing["limit_state"] == "limit_none").sum()) == coverage["count_without_limit"]


# ---------------------------------------------------------------- when a limit is exceeded


@pytest.mark.parametrize("language", ["fr", "en"])
def test_causes_and_actions(language):
    actions = limits.overrun_actions(language)
    assert not actions["key"].duplicated().any()
    assert (actions[["over_cause", "over_sign", "action", "owner"]] != "").all(axis=None)
    assert set(actions["measure"]) - {""} <= {*limits.PARTS, "overdue_undisputed", "disputed", "retention"}
    assert label("over_cause", language) in cm.display.table(
        actions, language, columns=["over_cause", "action", "owner"]
    )


def test_causes_that_the_figures_show():
    row = pd.Series({"excess": 5_000.0, "overdue_undisputed": 10_000.0, "disputed": 2_000.0,
                     "unallocated_receipts": 5_000.0, "retention": float("nan"), "order_backlog": 0.0})  # fmt: skip
    shown = limits.overrun_causes(row, "en")
    assert shown[["key", "cause_amount", "explains"]].values.tolist() == [
        ["over_late", 10_000, True], ["over_unallocated", 5_000, True], ["over_disputed", 2_000, False]
    ]  # fmt: skip
    assert limits.overrun_causes(row.to_dict() | {"excess": 0.0}).empty
    assert limits.overrun_causes({"excess": None}).empty


# ---------------------------------------------------------------- orders

SOUND = {"exposure": 15_000, "limit": 20_000, "broken_promises": 0, "insurer_limit": 20_000,
         "proceedings": "no_proceedings",
         "items": pd.DataFrame({"open_amount": [100.0], "days_late": [0]})}  # fmt: skip


def order(amount=5_000, **given):
    return check_order(amount, AT, **(SOUND | given))


def broken(checked):
    return dict(zip(checked.rules["rule"], checked.rules["outcome"]))


def test_an_order_within_the_limit_passes():
    checked = order()
    assert (checked.outcome, broken(checked), checked.not_checked, checked.exposure_after) == ("accept", {}, (), 20_000)
    assert broken(order(5_000.01)) == {"over_limit": "hold"}
    assert order(7_000, rules=BlockingRules(tolerance=0.1)).outcome == "accept"  # 22 000 = 20 000 x 1.1
    assert order(7_000.01, rules=BlockingRules(tolerance=0.1)).outcome == "hold"
    assert order(6_000, in_exposure=True).outcome == "accept"  # at delivery the order is in the exposure already


def test_old_overdue_is_an_amount_and_an_age():
    def late(*rows, **rules):
        items = pd.DataFrame(rows, columns=["open_amount", "days_late", "disputed"])
        return broken(order(items=items, rules=BlockingRules(**rules)))

    assert late((1_000.01, 31, False)) == {"overdue_too_old": "hold"}
    assert late((1_000, 31, False)) == {}  # the amount is not above
    assert late((5_000, 30, False)) == {}  # nor is the age
    assert late((5_000, 90, True)) == {}  # disputed
    assert late((600, 40, False), (500, 40, False)) == {"overdue_too_old": "hold"}
    assert late(*[(10, 90, False)] * 200) == {}  # two hundred residues are rounding
    assert late(*[(10.01, 90, False)] * 200) == {"overdue_too_old": "hold"}
    assert late((5_000, 90, False), overdue_amount=5_000) == {}
    assert late((-5_000, 90, False)) == {}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"limit": None}, {"no_limit": "hold"}),
        ({"limit": 0}, {"limit_refused": "prepayment"}),
        ({"limit_until": "2026-06-29"}, {"limit_expired": "hold"}),
        ({"limit_until": AT}, {}),
        ({"insurer_limit": 0}, {"insurer_cut": "hold"}),
        ({"insurer_until": "2026-06-29"}, {"insurer_cut": "hold"}),
        ({"proceedings": "receivership"}, {"proceedings": "prepayment"}),
        ({"broken_promises": 2}, {"promises_broken": "prepayment"}),
        ({"broken_promises": 1}, {}),
        ({"exposure": None}, {"exposure_unknown": "hold"}),
        ({"exposure": -4_000}, {}),
    ],
)
def test_the_other_rules(given, expected):
    checked = order(**given)
    assert broken(checked) == expected
    assert checked.outcome == next(iter(expected.values()), "accept")


def test_the_gravest_rule_decides_and_all_are_told():
    checked = order(50_000, proceedings="liquidation", limit_until="2026-01-01")
    assert checked.outcome == "prepayment"
    assert broken(checked) == {"limit_expired": "hold", "over_limit": "hold", "proceedings": "prepayment"}
    milder = order(50_000, rules=BlockingRules(outcomes={"over_limit": "prepayment"}))
    assert milder.outcome == "prepayment"
    assert order(50_000, rules=BlockingRules(outcomes={"over_limit": "accept"})).outcome == "accept"


def test_prepaid_orders_pass():
    grave = {"proceedings": "liquidation", "limit": 0}
    assert order(5_000, prepaid=5_000, **grave).outcome == "accept"
    assert order(5_000, prepaid=4_000, **grave).outcome == "prepayment"
    assert order(9_000, prepaid=4_000).outcome == "accept"  # 15 000 + 5 000 unpaid
    assert "prepaid" in order(5_000, prepaid=5_000, **grave).notes


def test_nothing_is_held_at_invoicing():
    checked = order(50_000, stage="invoicing")
    assert (checked.outcome, checked.notes) == ("accept", ("too_late",))
    assert broken(checked) == {"over_limit": "hold"}  # told nevertheless
    assert order(50_000, stage="delivery").outcome == "hold"


def test_rules_without_data_are_told():
    checked = check_order(1_000, AT, exposure=0, limit=5_000)
    assert checked.outcome == "accept"
    assert checked.not_checked == ("overdue_too_old", "insurer_cut", "proceedings", "promises_broken")


def test_unblocking():
    kept = Unblocking("C1", "CMD7", "M. Dupuy", "cfo", "réglé ce matin", "2026-06-30", "2026-07-15")
    assert order(50_000, unblocking=kept, order="CMD7").outcome == "accept"
    assert order(50_000, unblocking=kept, order="CMD8").outcome == "hold"
    late = check_order(50_000, "2026-07-16", **SOUND | {"unblocking": kept, "order": "CMD7"})
    assert late.outcome == "hold"
    assert order(50_000, limit=0, unblocking=kept, order="CMD7").outcome == "prepayment"
    row = kept.table().iloc[0]
    assert (row["decided_by"], row["role"], row["unblocking_reason"]) == ("M. Dupuy", "cfo", "réglé ce matin")
    assert (row["decided_on"], row["until"]) == (pd.Timestamp("2026-06-30"), pd.Timestamp("2026-07-15"))
    assert codes(Unblocking, "C1", "", " ", "cfo", "", "2026-06-30", "2026-06-29") == [
        ("limit_unblocking_blank", "decided_by"), ("limit_unblocking_blank", "reason"),
        ("limit_unblocking_dates", "until"),
    ]  # fmt: skip
    assert ("limit_unblocking_blank", "until") in codes(Unblocking, "C1", "", "M", "cfo", "r", "2026-06-30", None)


def test_orders_that_cannot_be():
    assert codes(check_order, -1, AT, exposure=float("inf"), limit=-5, prepaid=20, proceedings="sick",
                 rules=BlockingRules(tolerance=10, outcomes={"over": "stop"}),
                 items=pd.DataFrame({"open_amount": [1.0]})) == [
        ("limit_bad_amount", "amount"), ("limit_bad_amount", "limit"), ("limit_bad_amount", "exposure"),
        ("limit_prepaid_above", "prepaid"), ("limit_bad_share", "tolerance"), ("bad_choice", "proceedings"),
        ("bad_choice", "outcomes"), ("bad_choice", "outcomes"), ("limit_missing_column", "items"),
    ]  # fmt: skip
    assert codes(check_order, float("nan"), AT) == [("limit_bad_amount", "amount")]
    assert codes(check_order, 1, AT, stage="payment") == [("bad_choice", "stage")]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_orders_in_words(language):
    grave = order(50_000, limit=None, limit_until=None, proceedings="liquidation", broken_promises=3,
                  insurer_limit=0, exposure=None,
                  items=pd.DataFrame({"open_amount": [9_000.0], "days_late": [90]}))  # fmt: skip
    said = limits.order_sentences(grave, "EUR", language)
    assert len(said) == 1 + len(grave.rules) == 7
    assert any(("9 000,00" if language == "fr" else "9,000.00") in text.replace(THIN, " ") for text in said)
    for other in (order(5_000, prepaid=5_000), order(9e9, stage="invoicing", in_exposure=True), check_order(1, AT),
                  order(limit=0), order(limit_until="2020-01-01")):  # fmt: skip
        assert limits.order_sentences(other, "EUR", language)
    assert label("over_limit", language) in cm.display.table(order(50_000).rules, language)


# ---------------------------------------------------------------- who decides

HEADINGS = "Décision;Fonction;Niveau de risque;Jusqu'à\n"


def test_default_delegation():
    table = cm.read_delegation()
    assert set(table["decision"]) == set(limits.DECISIONS)
    for _, mine in table.groupby(["decision", "risk_level"]):
        assert mine["up_to"].is_monotonic_increasing
        assert not mine["up_to"].duplicated().any()
        assert mine["up_to"].iloc[-1] == float("inf")  # someone always decides
    # a worse level never widens what a function may decide
    ceilings = {(row["decision"], row["role"], row["risk_level"]): row["up_to"] for row in table.to_dict("records")}
    for better, worse in zip("ABCD", "BCDE"):
        for (decision, role, level), ceiling in ceilings.items():
            assert level != worse or ceiling <= ceilings[decision, role, better]


@pytest.mark.parametrize(
    ("amount", "level", "who"),
    [
        (15_000, "B", "credit_analyst"), (15_000.01, "B", "credit_manager"), (50_000.01, "B", "cfo"),
        (120_000.01, "B", "credit_committee"), (400_000.01, "B", "general_management"), (0, "E", "cfo"),
        (1_000, None, "cfo"), (60_000, None, "general_management"),
    ],
)  # fmt: skip
def test_decider(amount, level, who):
    """Level B: analyst to 15 000, credit manager 50 000, finance 120 000, committee 400 000; E: finance to 10 000."""
    assert cm.decider(amount, level) == who


def test_decider_of_other_decisions_and_bad_ones():
    assert cm.decider(20_000, "C", decision="refuse_limit") == "credit_manager"
    assert cm.decider(20_000, "C", decision="unblock_order") == "cfo"
    assert codes(cm.decider, -1, "Z") == [("limit_bad_amount", "amount"), ("bad_choice", "risk_level")]
    assert codes(cm.decider, float("nan"), "A") == [("limit_bad_amount", "amount")]
    assert codes(cm.decider, 1, "A", decision="dream") == [("bad_choice", "decision")]


def test_own_delegation(write):
    path = write(
        HEADINGS + "Fixer;Analyste crédit;;10 000\nfixer une limite;DAF;;50000,00\n;Gérant;;sans limite\n"
        "Fixer;Analyste crédit;E;0\nFixer;Chef des ventes <b>;A;20 000 €\n"
    )
    table = cm.read_delegation(path)
    decide = {level: cm.decider(9_000, level, table) for level in "ABCDE"}
    assert decide == dict.fromkeys("ABCD", "credit_analyst") | {"E": "cfo"}  # the row of level E goes first
    assert cm.decider(15_000, "A", table) == "Chef des ventes <b>"  # a function of the company's own
    assert cm.decider(15_000, "B", table) == "cfo"
    assert cm.decider(9e9, "C", table) == "general_management"
    assert cm.decider(1, "C", table, "refuse_limit") == "general_management"  # a blank decision: all three
    shown = cm.display.table(limits.delegation_table(table, language="fr"), "fr")
    assert "&lt;b&gt;" in shown
    english = write("Decision,Role,Risk level,Up to\nSet a limit,Credit manager,b,10000\n", "english.csv")
    assert cm.read_delegation(english).values.tolist() == [["set_limit", "B", "credit_manager", 10_000]]
    assert cm.decider(10_000.01, "B", cm.read_delegation(english)) is None  # above every ceiling
    assert (
        cm.read_delegation(write(HEADINGS + ";DAF;Or;5000\n"), levels=("Or", "Argent"))["risk_level"].tolist()
        == ["Or"] * 3
    )


def test_every_defect_of_a_delegation_is_told(write):
    path = write(
        HEADINGS
        + "Rêver;DAF;;10000\nFixer;;;10000\nFixer;DAF;Z;10000\nFixer;DAF;A;\nFixer;DAF;B;-5\nFixer;DAF;C;1.234\n"
        "Fixer;DAF;D;beaucoup\nFixer;Analyste crédit;E;500\nFixer;Credit manager;E;500\nFixer;DAF;E;100\n"
        "Fixer;DAF;E;200\n"
    )
    with pytest.raises(InputError) as caught:
        cm.read_delegation(path)
    told = sorted((defect.line, defect.code) for defect in caught.value.defects)
    assert told == [
        (2, "settings_unknown_key"), (3, "blank_value"), (4, "bad_choice"), (5, "blank_value"),
        (6, "settings_negative"), (7, "settings_two_ways"), (8, "settings_bad_number"), (10, "delegation_tie"),
        (12, "settings_duplicate"),
    ]  # fmt: skip
    for language in ("fr", "en"):
        assert "file.csv" in caught.value.text(language)
    assert codes(cm.read_delegation, write("Décision;Fonction\nFixer;DAF\n"))[0][0] == "settings_missing_column"
    assert codes(cm.read_delegation, write(HEADINGS)) == [("settings_no_rows", "")]


def test_file_to_edit_holds_the_defaults(root, tmp_path):
    pd.testing.assert_frame_equal(cm.read_delegation(root / "data" / "delegations.csv"), cm.read_delegation())
    subprocess.run([sys.executable, str(root / "data" / "make_credit.py"), str(tmp_path)], check=True, timeout=60)
    assert (tmp_path / "delegations.csv").read_bytes() == (root / "data" / "delegations.csv").read_bytes()
    english = tmp_path / "english.csv"
    limits.delegation_sheet("en").to_csv(english, index=False)
    pd.testing.assert_frame_equal(cm.read_delegation(english), cm.read_delegation())
