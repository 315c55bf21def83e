"""The credit file of one customer: every part against hand calculations, the sample's stories, what is missing."""

import csv
from collections import defaultdict
from dataclasses import fields, replace
from datetime import date, datetime

import pandas as pd
import pytest
from ledgers import ENGINES, convert, make_ledger

import cmtools as cm
from cmtools import credit_file as cf
from cmtools.credit_file import Figure, accounts_quality, behaviour, findings, relationship, triptych
from cmtools.external import external_table
from cmtools.financial_ratios import catalogue
from cmtools.grids import criteria as grid_criteria
from cmtools.language import HARD, THIN, label
from cmtools.schemas import InputError
from cmtools.settings import reference_rows

AT = "2026-06-30"
PICKED = ("000102", "000106", "000116", "000134", "000138", "000151", "000186", "000197", "000101")


def plain(text):
    return text.replace(THIN, " ").replace(HARD, " ")


@pytest.fixture(scope="module")
def ledger(root):
    data = root / "data"
    return cm.read_ledger(data / "factures.csv", data / "reglements.csv", data / "clients.csv")


@pytest.fixture(scope="module")
def accounts(root):
    return cm.read_liasse(root / "data" / "liasses_clients.csv")


@pytest.fixture(scope="module")
def told(root):
    return cm.read_external(root / "data" / "informations.csv")


@pytest.fixture(scope="module")
def codes(root):
    """Amounts of the forms by customer and closing, straight from the file."""
    found = defaultdict(dict)
    with (root / "data" / "liasses_clients.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            found[row["entreprise"], row["date_cloture"]][row["code"]] = float(row["montant"])
    return found


@pytest.fixture(scope="module")
def rows(root):
    """Rows of the ledger's two tables, straight from the files."""
    tables = []
    for name in ("factures.csv", "reglements.csv"):
        with (root / "data" / name).open(encoding="utf-8-sig", newline="") as file:
            tables.append(list(csv.DictReader(file, delimiter=";")))
    return tables


def amount(text):
    return float(text.replace(",", ".")) if text else 0.0


def when(text):
    return datetime.strptime(text, "%d/%m/%Y")


# ---- one customer's ledger


def test_a_customer_owes_what_the_files_say(ledger, rows):
    invoices, settlements = rows
    items = cm.report_items(ledger, AT)
    aged = cm.aged_balance(items, AT).set_index("customer_id")["total"]
    for customer in PICKED:
        booked = sum(amount(row["Montant TTC EUR"]) for row in invoices if row["N° client"] == customer)
        paid = sum(amount(row["Montant EUR"]) for row in settlements if row["N° client"] == customer)
        mine = cf.ledger_of(ledger, customer)
        own = cm.report_items(mine, AT)["open_amount"].sum()
        assert own == pytest.approx(booked - paid, abs=0.005)
        assert own == pytest.approx(aged.get(customer, 0.0), abs=0.005)


def test_a_group_is_its_members(ledger, rows):
    found = cf.group_members(ledger, "000106", AT)
    assert found["customer_id"].tolist() == ["000106", "000102", "000108"]
    invoices, settlements = rows
    for row in found.to_dict("records"):
        booked = sum(amount(r["Montant TTC EUR"]) for r in invoices if r["N° client"] == row["customer_id"])
        paid = sum(amount(r["Montant EUR"]) for r in settlements if r["N° client"] == row["customer_id"])
        assert row["outstanding"] == pytest.approx(booked - paid, abs=0.005)
    assert found["credit_limit"].tolist() == [25000, 115000, 15000]
    assert cf.group_members(ledger, "000186", AT)["customer_id"].tolist() == ["000186"]


def test_an_unknown_customer_is_refused(ledger):
    for call in (cf.ledger_of, lambda books, who: behaviour(books, who, AT)):
        with pytest.raises(InputError) as caught:
            call(ledger, "106")
        assert [defect.code for defect in caught.value.defects] == ["file_unknown_customer"]
        assert "106" in caught.value.text("fr")


# ---- relationship


def test_sales_are_those_of_the_files(ledger, rows):
    found = relationship(ledger, "000186", AT).lines.set_index("line")
    sums = dict.fromkeys(["incl", "excl", "incl before", "excl before"], 0.0)
    for row in rows[0]:
        if row["N° client"] != "000186" or row["Nature"] not in ("Facture", "Avoir"):
            continue
        day = when(row["Date facture"])
        part = "" if day > datetime(2025, 6, 30) else " before" if day > datetime(2024, 6, 30) else None
        if part is not None:
            sums[f"incl{part}"] += amount(row["Montant TTC EUR"])
            sums[f"excl{part}"] += amount(row["Montant HT"])
    assert found.loc["sales_incl_vat", "value"] == pytest.approx(sums["incl"], abs=0.005)
    assert found.loc["sales_excl_vat", "value"] == pytest.approx(sums["excl"], abs=0.005)
    assert found.loc["sales_incl_vat", "before"] == pytest.approx(sums["incl before"], abs=0.005)
    assert found.loc["sales_excl_vat", "before"] == pytest.approx(sums["excl before"], abs=0.005)
    assert found.loc["terms", "value"] == "30 jours"
    assert found.loc["agreed_terms", "value"] == pytest.approx(30)


def test_a_first_invoice_near_the_start_of_the_ledger_dates_nothing():
    def items(first):
        return [
            {"item_id": "1", "customer_id": "OLD", "amount": 100, "issue_date": "2020-01-01", "due_date": "2020-02-01"},
            {"item_id": "2", "amount": 100, "issue_date": first, "due_date": "2026-02-01"},
        ]

    # 2020-01-01 + 92 days = 2020-04-02
    near = relationship(make_ledger(items("2020-04-02")), "C1", AT).lines.set_index("line").loc["relation_years"]
    assert near["value"] != near["value"]
    assert near["reason"] == "ledger_begins"
    far = relationship(make_ledger(items("2020-04-03")), "C1", AT).lines.set_index("line").loc["relation_years"]
    assert far["value"] == pytest.approx(2279 / 365.25, abs=0.005)  # days from 3 April 2020 to 30 June 2026
    assert far["reason"] is None


def test_sales_of_a_time_before_the_ledger_are_unknown():
    item = {"item_id": "1", "amount": 120, "amount_excl_vat": 100, "due_date": "2026-02-01"}
    found = relationship(make_ledger([item | {"issue_date": "2025-12-01"}]), "C1", AT).lines.set_index("line")
    assert found.loc["sales_incl_vat", "value"] != found.loc["sales_incl_vat", "value"]
    assert found.loc["sales_incl_vat", "reason"] == "short_history"
    known = relationship(make_ledger([item | {"issue_date": "2025-07-05"}]), "C1", AT).lines.set_index("line")
    assert known.loc["sales_incl_vat", "value"] == 120
    assert known.loc["sales_excl_vat", "value"] == 100
    blank = make_ledger([item | {"issue_date": "2025-07-05", "amount_excl_vat": None}])
    assert relationship(blank, "C1", AT).lines.set_index("line").loc["sales_excl_vat", "reason"] == "unknown_excl_vat"


# ---- payment behaviour


def hand_ledger(engine="pandas", **attributes):
    """Five items of C1 and one of C2; see the sums in the test below."""
    items = [
        {"item_id": "A", "amount": 1000, "issue_date": "2025-09-01", "due_date": "2025-10-01"},
        {"item_id": "B", "amount": 3000, "issue_date": "2025-12-01", "due_date": "2026-01-01"},
        {"item_id": "C", "amount": 500, "issue_date": "2026-03-01", "due_date": "2026-05-31"},
        {"item_id": "D", "amount": 200, "issue_date": "2026-01-01", "due_date": "2026-02-01",
         "dispute_from": "2026-03-01"},
        {"item_id": "E", "amount": 300, "issue_date": "2026-06-01", "due_date": "2026-07-15"},
        {"item_id": "R", "amount": 50, "issue_date": "2026-04-10", "due_date": "2026-04-10",
         "kind": "returned_payment"},
        {"item_id": "Z", "amount": 900, "issue_date": "2024-01-01", "due_date": "2024-02-01", "customer_id": "C2"},
        {"item_id": "Y", "amount": 400, "issue_date": "2024-09-01", "due_date": "2024-10-01"},
    ]  # fmt: skip
    settlements = [
        {"item_id": "A", "amount": 1000, "payment_date": "2025-10-11"},  # 10 days late
        {"item_id": "B", "amount": 3000, "payment_date": "2026-01-01"},  # on the day
        {"item_id": "R", "amount": 50, "payment_date": "2026-04-20"},  # 10 days late
        {"item_id": "Y", "amount": 400, "payment_date": "2024-10-21"},  # 20 days late, a year before
    ]
    return make_ledger(items, settlements, engine, **attributes)


@pytest.mark.parametrize("engine", ENGINES)
def test_behaviour_by_hand(engine):
    found = behaviour(hand_ledger(engine), "C1", AT)
    lines = found.lines.set_index("line")
    expected = {
        "n_paid": 3, "amount_paid": 4050,
        "delay_paid": (1000 * 10 + 50 * 10) / 4050,
        # C is 30 days late, D 149
        "delay_with_open": (10500 + 500 * 30 + 200 * 149) / (4050 + 700),
        "late_payment_rate": 1050 / 4050, "worst_delay": 149, "outstanding": 1000, "overdue": 700,
        "overdue_rate": 0.7, "oldest_overdue": 30, "disputed": 200, "disputed_share": 0.2, "doubtful": 0,
        "returned_payments": 1,
    }  # fmt: skip
    assert {name: lines.loc[name, "value"] for name in expected} == pytest.approx(expected)
    assert lines["reason"].isna().all()
    assert lines.loc["delay_paid", "before"] == 20
    assert lines.loc["delay_paid", "change"] == pytest.approx(10500 / 4050 - 20)
    buckets = found.buckets.iloc[0]
    assert (buckets["not_due"], buckets["d1_30"], buckets["over_120"], buckets["total"]) == (300, 500, 200, 1000)
    assert found.history["outstanding"].tolist()[-2:] == [700, 1000]  # E is of June
    assert len(found.history) == 13
    assert found.disputes["open_amount"].tolist() == [200]


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "pandas"])
def test_a_credit_file_is_the_same_on_every_engine(ledger, engine):
    """A customer that pays late, and its group: every figure that comes from the ledger, whatever its tables."""
    group = cf.ledger_of(ledger, "000106", group=True)
    tables = {name: convert(getattr(group, name), engine) for name in ("invoices", "settlements", "customers")}
    expected, found = (cf.credit_file("000106", AT, ledger=books) for books in (group, replace(group, **tables)))
    for part in ("behaviour", "relationship"):
        for field in fields(getattr(expected, part)):
            same(getattr(getattr(found, part), field.name), getattr(getattr(expected, part), field.name))
    for name in ("identity", "figures", "findings"):
        same(getattr(found, name), getattr(expected, name))
    assert expected.behaviour.value("outstanding") > 0


def same(found, expected):
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    else:
        assert found == expected


def test_what_a_source_does_not_tell_is_unknown_and_not_nil():
    silent = behaviour(hand_ledger(silent=("disputed",)), "C1", AT).lines.set_index("line")
    assert silent.loc[["disputed", "disputed_share"], "reason"].tolist() == ["not_in_source"] * 2
    lone = behaviour(hand_ledger(complete_sales=False), "C1", AT).lines.set_index("line")
    assert lone.loc["delay_paid", "reason"] == "open_items_only"
    assert lone["before"].isna().all()
    young = {"item_id": "A", "amount": 10, "issue_date": "2025-01-01", "due_date": "2026-08-01"}
    never = behaviour(make_ledger([young]), "C1", AT).lines.set_index("line")
    assert never.loc["delay_with_open", "reason"] == "no_cash_payments"
    assert never.loc["returned_payments", "reason"] == "no_returned_kind"
    assert never.loc["overdue", "value"] == 0
    for lines in (silent, lone, never):
        assert (lines["value"].isna() == lines["reason"].notna()).all()


def test_a_customer_in_two_currencies_is_never_added_up():
    items = [
        {"item_id": "A", "amount": 100, "issue_date": "2024-01-01", "due_date": "2026-02-01"},
        {"item_id": "B", "amount": 70, "issue_date": "2024-01-01", "due_date": "2026-02-01", "currency": "USD"},
    ]
    ledger = make_ledger(items)
    with pytest.raises(InputError) as caught:
        behaviour(ledger, "C1", AT)
    assert [defect.code for defect in caught.value.defects] == ["several_currencies"]
    found = behaviour(ledger, "C1", AT, currency="USD")
    assert (found.value("outstanding"), found.currency) == (70, "USD")
    assert cf.group_members(ledger, "C1", AT, currency="USD")["outstanding"].tolist() == [70]
    file = cf.credit_file("C1", AT, ledger=ledger, currency="USD")
    assert file.value("limit_use") is None


# ---- accounts


@pytest.mark.parametrize(
    ("closed", "at", "months"),
    [
        (date(2025, 12, 31), "2026-06-30", 6),
        (date(2025, 12, 31), "2026-06-29", 5),
        (date(2024, 12, 31), "2026-06-30", 18),
        (date(2024, 12, 31), "2026-07-31", 19),
        (date(2025, 6, 30), "2025-06-30", 0),
        (date(2024, 2, 29), "2025-02-28", 12),
    ],
)
def test_age_in_whole_months(closed, at, months):
    assert cf.age_in_months(closed, at) == months


def test_old_accounts_are_flagged_beyond_eighteen_months(accounts):
    assert not accounts_quality(accounts, "000116", "2026-06-30").too_old  # closed on 31 December 2024
    found = accounts_quality(accounts, "000116", "2026-07-31")
    assert (found.age_months, found.too_old) == (19, True)


def test_quality_of_the_sample(accounts):
    incomplete = accounts_quality(accounts, "000225", AT)
    assert incomplete.years["complete"].tolist() == [True, False, True]
    assert incomplete.years["follows"].tolist() == [None, True, True]
    assert incomplete.years["chart_changed"].tolist() == [False, False, True]
    long_year = accounts_quality(accounts, "000208", AT).years
    assert long_year["months"].tolist() == [12, 15, 12]
    assert long_year["follows"].tolist() == [None, True, True]
    assert accounts_quality(accounts, "000144", AT).years["chart"].tolist() == ["until_2024"] * 3


def test_accounts_closed_later_are_left_out(accounts):
    found = accounts_quality(accounts, "000186", "2025-06-30")
    assert found.years["year_end"].dt.year.tolist() == [2023, 2024]
    assert found.left_out["reason"].tolist() == ["later"]
    assert accounts_quality(accounts, "000186", "2020-01-01").reason == "no_accounts"
    assert accounts_quality(None, "000186", AT).reason == "no_accounts"


def years_of(**lines):
    """Accounts of one company, one value a year."""
    count = len(next(iter(lines.values())))
    ends = lines.pop("year_end", [f"{2026 - count + place}-12-31" for place in range(count)])
    table = pd.DataFrame({"company_id": "A", "company_name": "A", "year_end": pd.to_datetime(ends), "months": 12.0})
    return table.assign(chart="until_2024", form="lines", complete=True, confirmation="confirmed", **lines)


def test_a_missing_year_breaks_the_series():
    accounts = years_of(year_end=["2022-12-31", "2024-12-31", "2025-12-31"], capitaux_propres=[10.0, 30.0, 20.0])
    assert accounts_quality(accounts, "A", AT).years["follows"].tolist() == [None, False, True]
    found = triptych(accounts, "A", AT)
    equity = found[found["figure"] == "capitaux_propres"]
    assert equity["change"].isna().tolist() == [True, True, False]
    assert equity["change"].iloc[2] == -10
    assert equity["change_rate"].iloc[2] == pytest.approx(-1 / 3)


def test_triptych_is_what_the_forms_say(accounts, codes):
    found = triptych(accounts, "000186", AT).set_index(["figure", "year_end"])["value"]
    for year in (2023, 2024, 2025):
        c, end = codes["000186", f"31/12/{year}"], pd.Timestamp(f"{year}-12-31")
        assert found["capitaux_propres", end] == c["DL"]
        assert found["autonomie_financiere", end] == pytest.approx(c["DL"] / c["EE"])
        assert found["chiffre_affaires", end] == c["FL"]
        assert found["resultat_net", end] == c["HN"]
        treasury = c.get("CD", 0) + c.get("CF", 0) - c.get("EH", 0) - c.get("YS", 0)
        assert found["tn", end] == pytest.approx(treasury)
        assert found["tn", end] == pytest.approx(found["frng", end] - found["bfr", end])
        assert found["tn_jours", end] == pytest.approx(treasury / c["FL"] * 360)
        assert found["dettes_financieres", end] == sum(c.get(code, 0) for code in ("DS", "DT", "DU", "DV"))


def test_flows_of_a_long_year_are_brought_to_twelve_months(accounts, codes):
    found = triptych(accounts, "000208", AT)
    row = found[(found["figure"] == "chiffre_affaires") & (found["year_end"] == "2024-12-31")].iloc[0]
    assert row["value"] == pytest.approx(codes["000208", "31/12/2024"]["FL"] * 12 / 15)
    assert row["months"] == 15


def test_what_the_triptych_cannot_tell_has_a_reason(accounts):
    for company in ("000225", "000221"):
        found = triptych(accounts, company, AT)
        blank = found[found["value"].isna()]
        assert len(blank)
        assert blank["reason"].notna().all()
        assert found[found["value"].notna()]["reason"].isna().all()
    assert set(triptych(accounts, "000186", AT)["board"]) == {"solidity", "profitability", "treasury"}
    assert triptych(None, "000186", AT).empty


def test_reform_of_2025_is_a_break_of_series(accounts):
    found = triptych(accounts, "000186", AT)
    last = found[found["year_end"] == "2025-12-31"].set_index("figure")["break_of_series"]
    assert last[["ebe", "marge_ebe", "valeur_ajoutee"]].all()
    assert not last[["capitaux_propres", "chiffre_affaires", "tn"]].any()


# ---- figures


def test_trends_by_hand():
    accounts = years_of(
        chiffre_affaires=[1000.0, 800.0, 1000.0],
        resultat_net=[5.0, -1.0, -2.0],
        emprunts_oblig_convertibles=[0.0, 0.0, 0.0], autres_emprunts_oblig=[0.0, 0.0, 0.0],
        emprunts_etab_credit=[50.0, 100.0, 220.0], emprunts_divers=[0.0, 0.0, 0.0], emprunts_simplifie=[0.0, 0.0, 0.0],
        total_actif_net=[500.0, 400.0, 600.0], total_passif=[500.0, 400.0, 600.0],
        dettes_fiscales_sociales=[0.0, 30.0, 45.0],
    )  # fmt: skip
    file = cf.credit_file("A", AT, statements=accounts)
    assert file.value("sales_trend") == pytest.approx(0.25)  # 800 to 1 000
    assert file.value("debt_funded_growth") == pytest.approx(0.6)  # 120 of 200
    assert (file.value("losses_in_a_row"), file.value("profits_in_a_row")) == (2, 0)
    assert file.value("ebe_trend") is None
    reason = file.figures.set_index("figure").loc["ebe_trend"]
    assert reason["reason"] == "unknown_line"
    assert reason["missing"]
    year_before = cf.credit_file("A", "2025-06-30", statements=accounts)
    assert year_before.value("sales_trend") == pytest.approx(-0.2)
    assert year_before.figures.set_index("figure").loc["debt_funded_growth", "reason"] == "no_growth"


def test_a_trend_needs_the_year_before():
    accounts = years_of(year_end=["2023-12-31", "2025-12-31"], chiffre_affaires=[100.0, 200.0], resultat_net=[1.0, 1.0])
    file = cf.credit_file("A", AT, statements=accounts)
    assert file.figures.set_index("figure").loc["sales_trend", "reason"] == "no_year_before"
    assert file.value("profits_in_a_row") == 1


@pytest.mark.parametrize(
    ("mark", "opinion"),
    [("7/10", "good"), ("6,9/10", "average"), ("8/20", "average"), ("7/20", "poor"), ("0/10", "poor"), ("12/10", None),
     ("B2", None), ("7/0", None)],
)  # fmt: skip
def test_marks_of_an_agency(mark, opinion):
    external = external_table([{"customer_id": "A", "kind": "agency_rating", "date": "2026-01-01", "value": mark}])
    file = cf.credit_file("A", AT, external=external)
    assert file.value("agency_opinion") == opinion
    if opinion is None:
        assert file.figures.set_index("figure").loc["agency_opinion", "reason"] == "not_a_mark"


def test_criteria_are_those_of_the_grid_with_a_reason_where_unknown():
    found = cf.credit_file("A", AT).criteria
    assert found["criterion"].tolist() == list(grid_criteria())
    assert found["value"].isna().all()
    assert found["reason"].notna().all()
    for reason in found["reason"].unique():
        assert label(reason, "fr") != reason, reason


def test_units_of_the_criteria_are_those_of_the_grid():
    found = cf.credit_file("A", AT).criteria.set_index("criterion")["unit"]
    for key, criterion in grid_criteria().items():
        assert found[key] == criterion.unit or (found[key], criterion.unit) == ("index", "ratio"), key


# ---- findings


def test_rules_are_whole():
    rules = reference_rows("findings.csv")
    keys = [rule["key"] for rule in rules]
    assert len(keys) == len(set(keys))
    assert not set(keys) & set(cm.read_signals()["signal"])
    known = set(cf.credit_file("A", AT).figures["figure"])
    places = {key: place for place, key in enumerate(keys)}
    for rule in rules:
        assert rule["figure"] in known, rule["key"]
        assert rule["side"] in ("alert", "weakness", "strength")
        assert rule["comparison"] in ("below", "to", "above", "from", "in", "between")
        threshold = cf.threshold_of(rule)
        assert threshold == threshold
        assert rule["status"] or catalogue()[rule["figure"]].status
        if rule["unless"]:  # what replaces a finding is judged before it
            assert rule["unless"] in set(cm.read_signals()["signal"]) or places[rule["unless"]] < places[rule["key"]]


SIDES_OF_THRESHOLDS = [  # figure, unit, a value that says nothing, a value that says it, the finding
    ("sales_trend", "rate", -0.1, -0.101, "sales_falling"),
    ("sales_trend", "rate", 0.049, 0.05, "sales_growing"),
    ("ebe_trend", "rate", -0.1, -0.11, "ebe_falling"),
    ("accounts_age", "months", 18.0, 19.0, "accounts_too_old"),
    ("accounts_age", "months", 10.0, 9.0, "accounts_recent"),
    ("autonomie_financiere", "rate", 0.2, 0.199, "autonomy_low"),
    ("autonomie_financiere", "rate", 0.299, 0.3, "autonomy_good"),
    ("capacite_remboursement", "years", 4.0, 4.1, "repayment_long"),
    ("capacite_remboursement", "years", 3.1, 3.0, "repayment_short"),
    ("capitaux_propres_capital", "rate", 0.5, 0.49, "half_of_capital"),
    ("capitaux_propres", "money", 0.0, -1.0, "equity_below_nil"),
    ("resultat_net", "money", 0.0, -1.0, "loss"),
    ("ebe", "money", 0.0, -1.0, "ebe_below_nil"),
    ("tn", "money", 0.0, -1.0, "tn_below_nil"),
    ("tn", "money", 0.0, 1.0, "tn_positive"),
    ("tn_days_change", "days", -10.0, -10.1, "tn_falling"),
    ("bfr_days_change", "days", 5.0, 5.1, "bfr_rising"),
    ("debt_funded_growth", "rate", 0.5, 0.51, "growth_on_debt"),
    ("state_debts_change", "rate", 0.02, 0.021, "state_debts_growing"),
    ("losses_in_a_row", "count", 1.0, 2.0, "losses"),
    ("profits_in_a_row", "count", 2.0, 3.0, "profits"),
    ("accounts_years", "count", 3.0, 2.0, "few_years"),
    ("accounts_years", "count", 1.0, 0.0, "no_accounts"),
    ("incomplete_years", "count", 0.0, 1.0, "accounts_incomplete"),
    ("oldest_overdue", "days", 90.0, 91.0, "overdue_old"),
    ("overdue", "money", 0.0, 0.01, "overdue_now"),
    ("overdue", "money", 0.01, 0.0, "nothing_overdue"),
    ("delay_change", "days", 10.0, 10.1, "later_and_later"),
    ("delay_with_open", "days", 5.1, 5.0, "pays_on_time"),
    ("limit_use", "rate", 1.0, 1.001, "limit_overrun"),
    ("privilege", "money", 0.0, 1.0, "privileges"),
    ("insolvency_proceedings", "choice", "no_proceedings", "safeguard", "insolvency"),
    ("insurer_opinion", "choice", "accepted", "refused", "insurer_refusal"),
    ("score_verdict", "choice", "close", "opposed", "models_disagree"),
    ("management", "choice", "average", "poor", "management_poor"),
]


@pytest.mark.parametrize(("figure", "unit", "silent", "said", "key"), SIDES_OF_THRESHOLDS)
def test_both_sides_of_each_threshold(figure, unit, silent, said, key):
    for value, there in ((silent, False), (said, True)):
        found = findings(pd.DataFrame([Figure(figure, value, unit)], dtype="object"))
        assert (key in set(found["key"])) == there
    for language in ("fr", "en"):
        sentences = cf.explain(found, language)["said"]
        assert all(text and "{" not in text for text in sentences)


def test_every_rule_has_its_sentence_in_both_languages():
    for rule in reference_rows("findings.csv"):
        value = rule["threshold"].split()[0] if rule["comparison"] == "in" else 1.5
        unit = "choice" if rule["comparison"] == "in" else "count"
        row = {"key": rule["key"], "value": value, "unit": unit, "comparison": rule["comparison"], "currency": "EUR"}
        row["threshold"] = cf.threshold_of(rule)
        for language in ("fr", "en"):
            text = cf.explain(pd.DataFrame([row], dtype="object"), language)["said"].item()
            assert text
            assert "{" not in text


def test_sentences_in_the_readers_format():
    table = pd.DataFrame(
        [
            Figure("capitaux_propres", -464983.0, "money"),
            Figure("sales_trend", -0.329, "rate"),
            Figure("company_age", 1.5, "years"),
        ],
        dtype="object",
    )
    french = [plain(text) for text in cf.explain(findings(table), "fr")["said"]]
    assert french == [
        "capitaux propres négatifs : -464 983 EUR",
        "chiffre d'affaires en baisse : -32,9 % (seuil : -10,0 %)",
        "entreprise créée depuis 1,5 an (seuil : 3 ans)",
    ]
    english = [plain(text) for text in cf.explain(findings(table), "en")["said"]]
    assert english[2] == "company founded 1.5 years ago (threshold: 3 years)"


def test_a_delay_grown_shorter_is_no_double_negative():
    known = pd.DataFrame([cf.Figure("delay_change", -16.1, "days", origin="ledger")])
    found = cf.findings(known)
    assert found["value"].item() == -16.1
    told = [cf.explain(found, language)["said"].item().replace(HARD, " ") for language in ("fr", "en")]
    assert told == [
        "retard moyen raccourci de 16,1 jours en un an (seuil : 10 jours)",
        "average delay shorter by 16.1 days in a year (threshold: 10 days)",
    ]


def test_a_finding_that_another_says_better_is_left_out():
    figures = pd.DataFrame(
        [
            Figure("resultat_net", -1.0, "money"),
            Figure("losses_in_a_row", 2.0, "count"),
            Figure("limit_use", 1.2, "rate"),
        ],
        dtype="object",
    )
    assert findings(figures)["key"].tolist() == ["losses", "limit_overrun"]
    signal = {
        "customer_id": "A", "signal": "limit_use", "measured": 1.2, "unit": "rate", "threshold": 0.9,
        "second_measured": 100.0, "second_unit": "money", "second_threshold": float("nan"), "detail": None,
        "currency": "EUR",
    }  # fmt: skip
    found = findings(figures, pd.DataFrame([signal]))
    assert found["key"].tolist() == ["losses", "limit_use"]
    said = plain(cf.explain(found, "en")["said"].iloc[1])
    assert said == "Use of the limit: credit limit used at 120.0% (limit: 100.00 EUR, threshold: 90.0%)"


# ---- whole files


@pytest.fixture(scope="module")
def files(ledger, accounts, told):
    signals = cm.warning_signals(ledger, AT)
    return {
        customer: cf.credit_file(customer, AT, ledger=ledger, statements=accounts, external=told, signals=signals)
        for customer in ("000116", "000152", "000153")
    }


def keys(file, side=None):
    return set(file.findings["key"] if side is None else file.findings.loc[file.findings["side"] == side, "key"])


def test_the_bankrupt_customer(files):
    file = files["000116"]
    alerts = {"insolvency", "privileges", "equity_below_nil", "losses", "ebe_below_nil", "silent_payer", "overdue_old"}
    assert alerts <= keys(file, "alert")
    assert "insurer_agreed" not in keys(file)  # that agreement ran out
    assert file.value("insurer_opinion") is None
    assert file.figures.set_index("figure").loc["insurer_opinion", "reason"] == "expired"
    assert file.value("privilege") == 48200 + 26900
    assert file.value("relation_years") is None
    found = cf.rate(file)
    assert found.rating == 1
    assert "insolvency_proceedings" in set(found.vetoes["criterion"])
    assert file.absent == {}


def test_the_customer_that_grows_beyond_its_means(files):
    file = files["000152"]
    assert {"insurer_refusal", "limit_use"} <= keys(file, "alert")
    assert {"tn_below_nil", "bfr_rising"} <= keys(file, "weakness")
    assert file.value("guarantee") == 15000


def test_the_good_customer(files, codes, ledger):
    file = files["000153"]
    assert {"autonomy_good", "profits", "tn_positive", "nothing_overdue", "management_good"} <= keys(file, "strength")
    assert not keys(file, "alert") & {"losses", "limit_use", "insurer_refused"}
    assert file.identity.set_index("line").loc["group_id", "value"] == "Groupe Quistramel"
    c = codes["000153", "31/12/2025"]
    bought = c.get("FS", 0) + c.get("FU", 0) + c.get("FW", 0)
    sold = relationship(ledger, "000153", AT).value("sales_excl_vat")
    assert file.value("dependence") == pytest.approx(sold / bought)
    assert cf.rate(file).rating >= 7


def test_a_file_with_any_part_missing_stays_useful(ledger, accounts, told):
    bare = cf.credit_file("000153", AT)
    assert bare.absent == {"ledger": "no_ledger", "accounts": "no_accounts", "external": "not_provided"}
    assert keys(bare) == {"no_accounts"}
    assert cf.rate(bare).rating is None
    assert set(bare.external["status"]) == {"not_provided"}
    assert cf.not_judged(bare.figures)["reason"].notna().all()
    no_accounts = cf.credit_file("000101", AT, ledger=ledger, statements=accounts, external=told)
    assert no_accounts.absent == {"accounts": "no_accounts"}
    assert no_accounts.value("delay_paid") is not None
    assert no_accounts.triptych.empty
    no_ledger = cf.credit_file("000116", AT, statements=accounts)
    assert no_ledger.relationship is None
    assert no_ledger.behaviour is None
    assert "equity_below_nil" in keys(no_ledger)
    assert no_ledger.figures.set_index("figure").loc["delay_with_open", "reason"] == "no_ledger"
    stranger = cf.credit_file("999999", AT, ledger=ledger)
    assert stranger.absent["ledger"] == "not_in_ledger"
    for file in (bare, no_accounts, no_ledger, stranger):
        blank = file.figures["value"].isna()
        assert (blank == file.figures["reason"].notna()).all()
        for reason in file.figures["reason"].dropna().unique():
            assert label(reason, "fr") != reason, reason


def test_nothing_later_than_the_date_is_used(ledger, accounts, told):
    file = cf.credit_file("000116", "2024-06-30", ledger=ledger, statements=accounts, external=told)
    assert file.value("insolvency_proceedings") is None
    assert file.value("insurer_opinion") == "accepted"
    assert file.quality.years["year_end"].dt.year.tolist() == [2022, 2023]
    assert file.value("outstanding") > 0
    later = cf.credit_file("000186", "2020-01-31", statements=accounts)
    assert later.absent["accounts"] == "later"


def test_accounts_under_another_number(accounts, ledger):
    renamed = accounts.table.assign(company_id=accounts.table["company_id"].replace({"000153": "552000000"}))
    file = cf.credit_file("000153", AT, ledger=ledger, statements=renamed, company_id="552000000")
    assert file.absent == {"external": "not_provided"}
    assert file.value("capitaux_propres") == 6211644


def test_real_accounts_alone(real_data):
    found = cm.read_liasse(real_data / "comptes" / "liasse_2050_a.csv", year_end="2021-12-31", company_id="R")
    company = str(found.table["company_id"].iloc[0])
    file = cf.credit_file(company, "2022-06-30", statements=found)
    assert len(file.triptych)
    assert file.quality.age_months == 6
    assert cf.rate(file).known_weight < 1
