"""Credit limits: published cases, every method by hand, what cannot be computed, the proposal."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml
from refusals import codes, unused_sentences

import cmtools as cm
from cmtools import limits
from cmtools.grids import RiskLevel
from cmtools.language import HARD, THIN, label
from cmtools.limits import Activity, Insured, Need, methods, proposal
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


# ---------------------------------------------------------------- published cases


EXAMPLES = {
    row["id"]: row
    for row in yaml.safe_load((Path(__file__).parent / "examples" / "limits.yaml").read_text("utf-8"))["examples"]
}


def test_published_case_of_a_rating_b():
    """Need 50 000; 35 % of 80 000 and 5 % of 700 000; the lowest is kept."""
    given, expected = EXAMPLES["limit_mydso"]["inputs"], EXAMPLES["limit_mydso"]["expected"]
    lines = {"capitaux_propres": float(given["tangible_net_worth"]), "chiffre_affaires": float(given["turnover"])}
    level = {name: given[name] for name in ("share_tangible_net_worth", "share_turnover")}
    got = methods(pd.DataFrame([lines | NO_INTANGIBLE]), AT, need=Need(amount=given["need"]), level=level)
    amounts = got.set_index("method")["amount"]
    assert amounts["lim_tangible_net_worth"] == expected["tangible_net_worth"] == 28_000
    assert amounts["lim_turnover"] == expected["turnover"] == 35_000
    kept = proposal(got, AT, leave_out=["lim_net_worth"])  # the case has no share of the whole equity: 8 000
    assert (kept.amount, kept.gap) == (expected["acceptable"], expected["gap"]) == (28_000, 22_000)
    assert kept.method == "lim_tangible_net_worth"


def test_published_mean_of_three():
    """Mean of 10 % of net worth, the median reference and the need: (40 000 + 30 000 + 50 000) / 3."""
    given, expected = EXAMPLES["limit_highako_mean"]["inputs"], EXAMPLES["limit_highako_mean"]["expected"]
    accounts = pd.DataFrame({"capitaux_propres": [10.0 * given["net_worth_10_percent"]]})
    got = methods(accounts, AT, need=Need(amount=given["need"]), supplier_limits=given["references"])
    amounts = got.set_index("method")["amount"]
    assert (amounts["lim_net_worth"], amounts["lim_trade_references"]) == (40_000, expected["reference"])
    kept = proposal(got, AT, combine="mean")
    assert (kept.amount, kept.mean, kept.reason, kept.gap) == (40_000, expected["mean_of_three"], "mean", 10_000)
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
    shares = got.loc[got["kind"] == "financial", "status"]
    assert shares.pop("lim_supplier_share") == "UNCONFIRMED"  # no source gives it, whatever the level
    assert set(shares) == {"risk_level"}


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
    assert (kept.amount, kept.before_rounding, kept.method, kept.gap) == (
        12_000,
        12_345.67,
        "lim_need",
        0.0,
    )  # rounding alone is no gap


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
    # agreed below the need: 90 % of 12 000 alone are insured, 25 000 - 10 800 = 14 200 stay at our risk
    less = Insured(12_000, 0.9, "2026-01-15")
    ways = limits.cover_gap(proposal(methods(year(), AT, need=need, insured=less), AT), need, less).set_index("cover")
    assert (ways.loc["insurance", "cover_amount"], ways.loc["insurance", "enough"]) == (14_200, True)
    # agreed above the need: what is not owed is not insured, 25 000 - 90 % of 25 000 = 2 500
    more = Insured(40_000, 0.9, "2026-01-15")
    ways = limits.cover_gap(proposal(methods(year(), AT, need=need, insured=more), AT), need, more).set_index("cover")
    assert ways.loc["insurance", "cover_amount"] == 2_500
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


def test_every_sentence_is_used():
    assert unused_sentences("limits") == []


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_reason_and_note_has_its_sentence(language):
    """Each key that the code can give, made from its parts, stands in the table of sentences."""
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


def test_labels_of_what_is_shown():
    named = {row["key"] for row in reference_rows("labels.csv")}
    keys = {row[name] for row in reference_rows("limit_methods.csv") for name in ("key", "kind")}
    assert (keys | {"shorter_terms", "deposit", "guarantee", "insurance"}) - named == set()
