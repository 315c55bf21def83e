"""What totals prove of blanks, the controls, the table of accounts and what it says of incomplete ones."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

import cmtools as cm
from cmtools.lines import chart_of, months_between, new_table, year_start
from cmtools.schemas import STATEMENTS, InputError, LoadReport


def row(**lines) -> pd.DataFrame:
    return pd.DataFrame([lines], dtype="float64")


def table(report: LoadReport | None = None, **lines) -> pd.DataFrame:
    identity = {"company_id": "C1", "year_end": pd.Timestamp("2025-12-31"), "months": 12, "form": "2050"}
    return new_table(pd.DataFrame([identity | lines]), report or LoadReport())


# ---------------------------------------------------------------- blanks


def test_a_total_that_its_known_parts_make_proves_the_blanks_nil():
    found = cm.complete_lines(row(total_charges_financieres=30.0, interets_charges=25.0, pertes_change=5.0))
    assert found["dotations_financieres"].item() == 0
    assert found["cf_cessions_vmp"].item() == 0


def test_a_total_that_its_known_parts_do_not_make_proves_nothing():
    found = cm.complete_lines(row(total_charges_financieres=30.0, interets_charges=25.0))
    assert "pertes_change" not in found


def test_a_nil_total_proves_its_parts_nil_and_an_unknown_one_does_not():
    assert cm.complete_lines(row(total_produits_financiers=0.0))["pf_interets"].item() == 0
    assert cm.complete_lines(row(total_charges_financieres=12.0)).columns.tolist() == ["total_charges_financieres"]


def test_a_total_is_the_sum_of_parts_that_are_all_known():
    found = cm.complete_lines(
        row(ventes_marchandises=10.0, production_vendue_biens=20.0, production_vendue_services=3.0)
    )
    assert found["chiffre_affaires"].item() == 33


def test_what_was_given_is_never_changed():
    found = cm.complete_lines(row(chiffre_affaires=99.0, ventes_marchandises=10.0, production_vendue_biens=20.0))
    assert found.iloc[0].to_dict() == {"chiffre_affaires": 99, "ventes_marchandises": 10, "production_vendue_biens": 20}


def test_a_part_that_is_itself_an_unknown_total_counts_for_its_own_parts():
    # the simplified form has no code for sales: 232 = 210 + 214 + 218 + ... + 230; here 1,000 = 900 + 100
    found = cm.complete_lines(row(total_produits_exploitation=1000.0, ventes_marchandises=900.0, autres_produits=100.0))
    assert found["chiffre_affaires"].item() == 900
    assert found[["production_vendue_biens", "production_vendue_services", "production_stockee"]].eq(0).all(axis=None)
    # nor for the financial result: 310 = 270 + 280 - 294 + 290 - 300 - 306; here 80 = 120 - 15 - 25
    found = cm.complete_lines(
        row(resultat_net=80.0, resultat_exploitation=120.0, total_charges_financieres=15.0, impot_benefices=25.0)
    )
    assert found["resultat_financier"].item() == -15
    assert found["total_produits_financiers"].item() == 0
    # 70 = 120 - 15 - 25 does not hold: nothing is proved
    found = cm.complete_lines(
        row(resultat_net=70.0, resultat_exploitation=120.0, total_charges_financieres=15.0, impot_benefices=25.0)
    )
    assert "total_produits_financiers" not in found


def test_rounding_of_each_cell_is_allowed_for():
    found = cm.complete_lines(row(total_charges_financieres=30.0, interets_charges=28.0))
    assert found["pertes_change"].item() == 0
    assert "pertes_change" not in cm.complete_lines(row(total_charges_financieres=30.0, interets_charges=27.9))


def test_rows_are_judged_one_by_one():
    two = pd.DataFrame({"total_produits_financiers": [0.0, 9.0], "interets_charges": [1.0, np.nan]})
    assert cm.complete_lines(two)["pf_interets"].tolist() == pytest.approx([0.0, np.nan], nan_ok=True)


def test_blanks_meant_as_nil_stop_at_the_statement_that_is_given():
    found = cm.complete_lines(row(clients_net=10.0, disponibilites_net=5.0), blanks="nil")
    assert found["total_actif_net"].item() == 15
    assert found["cca_net"].item() == 0
    assert "fournisseurs" not in found
    assert "chiffre_affaires" not in found
    assert "clients" not in found  # net values say nothing of the original ones
    with pytest.raises(ValueError, match="blanks"):
        cm.complete_lines(row(clients=1.0), blanks="zero")


def test_the_simplified_form_has_no_statement_of_debts():
    lines = {"total_passif": 100.0, "capitaux_propres": 60.0, "total_dettes": 40.0, "emprunts_simplifie": 40.0}
    found = table(form="2033", **lines)
    assert found["emprunts_etab_credit"].item() == 0  # they are within emprunts_simplifie
    assert found["emprunts_ct_origine"].isna().item()
    assert cm.functional_balance(found)["notes"].item().split() == [
        "overdraft_unknown",
        "split_unknown",
        "simplified_form",
    ]


# ---------------------------------------------------------------- the table


def test_columns_are_the_identity_then_the_lines_in_the_order_of_the_forms():
    found = table(fournisseurs=5.0, clients=3.0)
    assert found.columns.tolist() == [column.name for column in STATEMENTS] + ["clients", "fournisseurs"]


def test_incomplete_accounts_are_said_to_be_incomplete():
    report = LoadReport()
    found = table(report, total_actif=100.0, total_actif_amort=10.0, resultat_net=5.0)
    assert not found["complete"].item()
    assert [defect.text("fr") for defect in report.defects] == ["C1 31/12/2025 : comptes incomplets, le passif manque"]
    whole = table(total_actif=100.0, total_actif_amort=10.0, resultat_net=5.0, total_passif=90.0)
    assert whole["complete"].item()


def test_a_failing_control_is_shown_with_its_gap_and_nothing_is_mended():
    report = LoadReport()
    found = table(report, total_actif=100.0, total_actif_amort=10.0, resultat_net=5.0, total_passif=95.0)
    assert [(d.code, d.details["control"], d.details["gap"]) for d in report.defects] == [
        ("statements_control_failed", "balance", -5.0)
    ]
    assert found["total_passif"].item() == 95
    controls = cm.controls(found).set_index("control")
    assert controls.loc["balance", ["left", "right", "gap", "result"]].tolist() == [90, 95, -5, "failed"]
    assert controls.loc["balance", "codes"] == "CO - 1A = EE"
    assert controls.loc["chiffre_affaires", "codes"] == "FL = FC + FF + FI"
    assert controls.loc["chiffre_affaires", "result"] == "not_checkable"


def test_negative_assets_are_warned_of():
    report = LoadReport()
    table(report, terrains=-500.0)
    found = [defect.details for defect in report.defects if defect.code == "statements_negative"]
    assert found == [{"line_name": "terrains", "amount": -500.0}]


def test_a_year_twice_and_an_unknown_line_are_refused():
    twice = pd.concat([table(clients=1.0), table(clients=2.0)])
    with pytest.raises(InputError, match="C1 31/12/2025"):
        new_table(twice, LoadReport())
    with pytest.raises(InputError, match="31/12/2025"):
        cm.join_statements(table(clients=1.0), cm.Statements(table(clients=2.0)))
    with pytest.raises(InputError, match="clientz"):
        table(clientz=1.0)


def test_joined_tables_keep_every_line_of_each():
    later = table(clients=2.0, vmp=1.0).assign(year_end=pd.Timestamp("2026-12-31"))
    found = cm.join_statements(table(clients=1.0, fournisseurs=4.0), later)
    assert found["clients"].tolist() == [1, 2]
    assert found["vmp"].tolist() == pytest.approx([np.nan, 1], nan_ok=True)


# ---------------------------------------------------------------- years


@pytest.mark.parametrize(
    ("end", "months", "start", "chart"),
    [
        (date(2025, 12, 31), 12, date(2025, 1, 1), "from_2025"),
        (date(2025, 12, 31), 15, date(2024, 10, 1), "until_2024"),
        (date(2026, 6, 30), 12, date(2025, 7, 1), "from_2025"),
        (date(2025, 6, 30), 12, date(2024, 7, 1), "until_2024"),
        (date(2024, 2, 29), 12, date(2023, 3, 1), "until_2024"),
    ],
)
def test_the_chart_of_accounts_follows_the_first_day_of_the_year(end, months, start, chart):
    assert (year_start(end, months), chart_of(end, months)) == (start, chart)


def test_an_unknown_year_has_an_unknown_chart():
    assert chart_of(None, 12) is None
    assert chart_of(pd.NaT, 12) is None
    assert chart_of(date(2025, 12, 31), float("nan")) is None


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (date(2025, 1, 1), date(2025, 12, 31), 12),
        (date(2024, 10, 1), date(2025, 12, 31), 15),
        (date(2023, 1, 1), date(2023, 7, 31), 7),
        (date(2024, 1, 16), date(2024, 12, 31), 11.5),
    ],
)
def test_months_in_a_year(start, end, months):
    assert months_between(start, end) == months


def test_the_control_of_a_simplified_total_counts_the_boxes_of_that_form():
    lines = {"capital": 10.0, "ecarts_reevaluation": 0.0, "reserve_legale": 1.0, "reserves_reglementees": 0.0}
    lines |= {"autres_reserves": 4.0, "report_a_nouveau": 0.0, "resultat_bilan": 5.0, "provisions_reglementees": 0.0}
    found = cm.controls(table(form="2033", capitaux_propres=50.0, **lines)).set_index("control")
    assert found.loc["capitaux_propres", ["gap", "result"]].tolist() == [30, "failed"]
    complete = cm.controls(table(capitaux_propres=50.0, **lines)).set_index("control")
    assert complete.loc["capitaux_propres", "result"] == "not_checkable"  # premiums, grants: boxes left blank


def test_from_2025_nothing_is_transferred_nor_exceptional():
    lines = {"chart": "from_2025", "resultat_net": 5.0, "resultat_exploitation": 9.0, "ventes_marchandises": 100.0}
    found = table(**lines)
    assert found[["transferts_charges", "cessions_en_exceptionnel"]].iloc[0].tolist() == [0, 0]
    assert cm.sig(found, restated=True)["rex_comparable"].item() == 9
    before = table(**(lines | {"chart": "until_2024"}))
    assert "transferts_charges" not in before


def test_no_loans_from_others_means_no_associates_accounts():
    found = table(emprunts_divers=0.0, emprunts_etab_credit=0.0)
    assert found["comptes_courants_associes"].item() == 0
    assert found["concours_bancaires"].item() == 0


def test_accounts_of_one_company_keep_their_own_defects_and_those_of_the_file():
    accounts = cm.read_liasse("data/liasses_clients.csv")
    mine, other = accounts.of("000225"), accounts.of("000186")
    assert mine.table["company_id"].unique().tolist() == ["000225"]
    own = {defect.code for defect in mine.report.defects} - {defect.code for defect in other.report.defects}
    assert own == {"statements_no_liabilities"}  # its page of liabilities is missing in 2024
    shared = {defect.code for defect in other.report.defects}
    assert "liasse_partial_codes" in shared  # of the file as a whole
    assert len(accounts.report.defects) > len(mine.report.defects)
    assert accounts.of("absent").table.empty
