"""Claims by item and customer, limitation and the statement of claim; every amount is worked out in the test."""

import csv
import gzip
from datetime import date

import pandas as pd
import pytest
from day_by_day import Claim, reckon
from ledgers import B2B, make_ledger

import cmtools as cm
from cmtools.claims import claims_by_customer, late_claims, limitation, statement_of_claim
from cmtools.forms_claims import assumptions, remarks
from cmtools.forms_claims import statement_of_claim as shown
from cmtools.schemas import InputError


def _invoice(item, due, amount, **more):
    issued = (pd.Timestamp(due) - pd.Timedelta(days=30)).strftime("%Y-%m-%d") if due else "2026-01-01"
    return {"item_id": item, "document": item, "issue_date": issued, "due_date": due, "amount": amount} | more


def _paid(item, day, amount, **more):
    return {"item_id": item, "payment_date": day, "amount": amount} | more


def _periods(**row):
    dated = {"item_id": "F1", "customer_id": "C1", "due_date": "2022-03-15"} | row
    frame = pd.DataFrame([dated])
    for name in ("due_date", "delivery_date"):
        if name in frame:
            frame[name] = pd.to_datetime(frame[name])
    return frame


@pytest.mark.parametrize(
    ("row", "last", "left"),
    [
        ({"buyer": "business"}, "2027-03-15", 258),  # from 30 June 2026: 184 days to 31 December, then 31 + 28 + 15
        ({"buyer": None}, "2027-03-15", 258),
        ({"buyer": "consumer"}, "2024-03-15", -837),  # 366 - 75 = 291 days of 2024, 365 of 2025, 181 to 30 June 2026
        ({"buyer": "public"}, "2026-12-31", 184),
        ({"buyer": "public_health"}, "2026-12-31", 184),
        ({"buyer": "business", "due_date": "2024-02-29"}, "2029-02-28", 974),  # 184 + 365 + 366 + 59
        ({"buyer": "business", "goods": "transport", "delivery_date": "2026-01-10"}, "2027-01-10", 194),
    ],
)
def test_last_day_to_act(row, last, left):
    found = limitation(_periods(**row), "2026-06-30").iloc[0]
    assert found["limitation_date"] == pd.Timestamp(last)
    assert found["days_left"] == left


def test_periods_that_cannot_be_counted_say_why():
    undated = limitation(_periods(due_date=None), "2026-06-30").iloc[0]
    assert (pd.isna(undated["days_left"]), undated["reason"]) == (True, "no_due_date")
    transport = limitation(_periods(goods="transport"), "2026-06-30").iloc[0]
    assert (pd.isna(transport["days_left"]), transport["reason"]) == (True, "no_delivery_date")


def test_an_acknowledgement_starts_a_whole_new_period_but_not_a_later_one():
    told = pd.DataFrame({"item_id": ["F1", "F1", "F1"], "date": ["2023-05-01", "2024-09-30", "2026-07-01"]})
    found = limitation(_periods(buyer="business"), "2026-06-30", interruptions=told).iloc[0]
    assert found["limitation_date"] == pd.Timestamp("2029-09-30")
    with pytest.raises(InputError, match="date"):
        limitation(_periods(), "2026-06-30", interruptions=pd.DataFrame({"item_id": ["F1"]}))


@pytest.fixture
def ledger():
    """A firm late on two invoices of which one was paid, a public body, and a consumer, at 30 June 2026."""
    invoices = [
        _invoice("F1", "2026-05-15", 12000.0),
        _invoice("F2", "2026-03-31", 1000.0),
        _invoice("F3", "2026-07-31", 500.0),
        _invoice("P1", "2026-05-15", 6000.0, customer_id="C2", receipt_date="2026-04-15"),
        _invoice("K1", "2026-05-15", 700.0, customer_id="C3"),
        _invoice("D1", "2026-05-15", 5000.0, customer_id="C4", currency="USD", book_amount=4500.0),
        _invoice("U1", None, 300.0, customer_id="C4"),
    ]
    settlements = [_paid("F2", "2026-04-30", 1000.0), _paid(None, "2026-06-10", 150.0, document="VIR")]
    made = make_ledger(invoices, settlements)
    buyers = {"C1": "business", "C2": "public", "C3": "consumer", "C4": None}
    made.customers["buyer"] = made.customers["customer_id"].map(buyers)
    return made


def test_claims_of_each_item(ledger):
    found = late_claims(ledger, "2026-06-30").set_index("item_id")
    # 46 days at 12.15 %: 12 000 x 0.1215 x 46 / 365 = 183.75; 30 days on 1 000: 9.99; public, 46 days at 10.15 %
    # on 6 000: 76.75; 46 days at 12.15 % on 5 000: 76.56.
    expected = {"F1": 183.75, "F2": 9.99, "P1": 76.75, "K1": 0.0, "D1": 76.56}  # nothing runs from a consumer
    assert found["interest"].dropna().to_dict() == expected
    principal = {"F1": 12000.0, "F2": 0.0, "P1": 6000.0, "K1": 700.0, "D1": 5000.0, "U1": 300.0}
    assert found["principal"].to_dict() == principal
    assert found["indemnity"].to_dict() == {"F1": 40.0, "F2": 40.0, "P1": 40.0, "K1": 0.0, "D1": 40.0, "U1": 0.0}
    assert pd.isna(found.loc["U1", "interest"])
    assert found["claimable"].to_dict() == dict.fromkeys(found.index, True) | {"U1": False}
    assert found.loc["K1", "limitation_date"] == pd.Timestamp("2028-05-15")
    assert found.loc["U1", "reason"] == "no_due_date"
    assert found.loc["F1", "days_late"] == 46
    assert pd.isna(found.loc["F2", "days_late"])


def test_claims_by_customer_never_add_two_currencies(ledger):
    table = claims_by_customer(late_claims(ledger, "2026-06-30"), ledger, "2026-06-30").set_index(
        ["customer_id", "currency"]
    )
    names = ["principal", "unallocated", "interest", "indemnity", "claim_total"]
    assert table.loc[("C1", "EUR"), names].tolist() == [12000.0, -150.0, 193.74, 80.0, 12123.74]
    assert table.loc[("C4", "USD"), ["principal", "interest", "indemnity", "claim_total"]].tolist() == [
        5000.0,
        76.56,
        0.0,
        5076.56,
    ]
    # The 40 EUR of the invoice in dollars; the invoice without a due date is not known to be due.
    assert table.loc[("C4", "EUR"), ["principal", "indemnity", "unknown_interest"]].tolist() == [0.0, 40.0, 0]
    assert table.loc[("C3", "EUR"), ["principal", "interest", "indemnity"]].tolist() == [700.0, 0.0, 0.0]


def test_statement_of_one_customer(ledger):
    statement = statement_of_claim(ledger, "C1", "2026-06-30")
    amounts = statement.totals.set_index("line")["amount"].to_dict()
    # 12 000 owed, 150 on account, 183.75 + 9.99 of interest, two invoices at 40.
    assert amounts == {
        "principal": 12000.0,
        "unallocated": -150.0,
        "interest": 193.74,
        "indemnity": 80.0,
        "claim_total": 12123.74,
    }
    assert statement.segments["interest"].sum() == pytest.approx(193.74)
    for tongue, words in (("fr", "Détail des pénalités de retard"), ("en", "Detail of the interest")):
        assert words in shown(statement, tongue)
    with pytest.raises(InputError, match="C9"):
        statement_of_claim(ledger, "C9", "2026-06-30")


def test_names_of_clients_are_text(ledger):
    ledger.customers.loc[ledger.customers["customer_id"] == "C1", "customer_name"] = "<script>x</script>"
    page = shown(statement_of_claim(ledger, "C1", "2026-06-30"), "fr")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_interest_first_leaves_principal_open(ledger):
    found = late_claims(ledger, "2026-06-30", imputation="interest_first").set_index("item_id")
    # F2: 30 days run up 9.99; the 1 000 paid on 30 April pay it first, 9.99 of principal stay, and bear
    # 61 days at 12.15 %: 0.20.
    assert found.loc["F2", "principal"] == 9.99
    assert found.loc["F2", "interest"] == 0.20


def test_insolvency_freezes_earlier_debts(ledger):
    judgment = pd.DataFrame({"customer_id": ["C1"], "opened": [pd.Timestamp("2026-06-01")]})
    found = late_claims(ledger, "2026-06-30", insolvencies=judgment).set_index("item_id")
    # 16 May to 31 May: 16 days, 12 000 x 0.1215 x 16 / 365 = 63.91; nothing on the judgment day, no 40 EUR.
    assert found.loc["F1", ["interest", "indemnity"]].tolist() == [63.91, 0.0]
    assert found.loc["F2", "indemnity"] == 40.0  # paid before the judgment
    assert any("jugement" in text for text in remarks(found.reset_index(), "fr"))
    # A judgment after the date changes nothing that is known at the date.
    later = pd.DataFrame({"customer_id": ["C1"], "opened": [pd.Timestamp("2026-07-01")]})
    assert late_claims(ledger, "2026-06-30", insolvencies=later)["frozen_on"].isna().all()


def test_prescribed_claims_are_shown_and_not_counted():
    ledger = make_ledger([_invoice("F1", "2021-05-15", 1000.0), _invoice("F2", "2022-05-15", 1000.0)])
    found = late_claims(ledger, "2026-06-30").set_index("item_id")
    assert found["claimable"].to_dict() == {"F1": False, "F2": True}
    assert claims_by_customer(found.reset_index(), ledger, "2026-06-30")["principal"].tolist() == [1000.0]
    assert statement_of_claim(ledger, "C1", "2026-06-30").items["item_id"].tolist() == ["F2"]


def test_a_month_after_the_last_known_rate_the_rest_is_told(ledger):
    found = late_claims(ledger, "2027-01-31").set_index("item_id")
    # F1: 183.75 to 30 June as above; 184 days at 12.40 %: 12 000 x 0.124 x 184 / 365 = 750.12 (933.8630 in all).
    assert found.loc["F1", "interest"] == 933.86
    assert found.loc["F1", "unknown_from"] == pd.Timestamp("2027-01-01")
    assert found.loc["F1", "reason"] == "rate_unknown"
    assert found.loc["P1", "reason"] is None or pd.isna(found.loc["P1", "reason"])  # frozen at its first half-year
    assert any("01/01/2027" in text for text in remarks(found.reset_index(), "fr"))


def test_principal_of_the_sample_is_its_overdue():
    ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    found = late_claims(ledger, "2026-06-30")
    items = cm.open_items(ledger, "2026-06-30")
    late = items[(items["days_late"] > 0) & (items["open_amount"] > 0)]
    public = set(ledger.customers.loc[ledger.customers["buyer"].isin(cm.legal.PUBLIC), "customer_id"])
    mine, theirs = found[~found["customer_id"].isin(public)], late[~late["customer_id"].isin(public)]
    assert mine["principal"].sum() == pytest.approx(theirs["open_amount"].sum(), abs=0.005)


def test_cost_of_lateness_beside_what_may_be_claimed(ledger):
    table = claims_by_customer(late_claims(ledger, "2026-06-30"), ledger, "2026-06-30")
    row = cm.cost_of_lateness(table, 18000.0, "EUR", financing_rate=0.05, losses=5000.0, margin_rate=0.1).iloc[0]
    # 18 000 x 5 % = 900; 5 000 / 10 % = 50 000. Interest: 193.74 + 76.75; indemnities: 2 + 1 + 1 invoices at 40.
    assert row[["overdue_cost", "compensating_sales", "interest", "indemnity"]].tolist() == [
        900.0,
        50000.0,
        270.49,
        160.0,
    ]
    assert row["reason"] is None
    blank = cm.cost_of_lateness(table, 18000.0, "EUR").iloc[0]
    assert blank[["overdue_cost", "compensating_sales"]].isna().all()
    assert blank["reason"] == "no_financing_rate"
    nothing = cm.cost_of_lateness(table, 18000.0, "EUR", financing_rate=0.05, losses=5000.0, margin_rate=0.0).iloc[0]
    assert (pd.isna(nothing["compensating_sales"]), nothing["reason"]) == (True, "cost_margin_not_positive")


@pytest.mark.parametrize(
    ("imputation", "interest", "on_account", "total"),
    [
        # 1 010.00 paid on 30 April for 1 000.00 due on 31 March: 30 days at 12.15 % are 9.99.
        ("principal_first", 9.99, -10.0, 39.99),  # the excess of 10.00 comes off the interest and the 40.00
        ("interest_first", 0.0, -0.01, 39.99),  # 9.99 of it has paid the interest
    ],
)
def test_what_is_paid_beyond_the_principal_comes_off_once(imputation, interest, on_account, total):
    ledger = make_ledger([_invoice("F1", "2026-03-31", 1000.0)], [_paid("F1", "2026-04-30", 1010.0)])
    amounts = statement_of_claim(ledger, "C1", "2026-06-30", imputation=imputation).totals.set_index("line")["amount"]
    assert amounts[["interest", "unallocated", "claim_total"]].tolist() == [interest, on_account, total]


# ---- real ledgers, reckoned day by day from their rows


def _day(text):
    return pd.Timestamp(text).date().toordinal()


def test_interest_of_the_settled_real_ledger_day_by_day(real_data):
    path = real_data / "ar" / "ibm_accounts_receivable.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    at, expected = _day("2013-09-30"), {}
    for row in rows:
        issued, due, settled = (
            date(*(int(part) for part in (row[name].split("/")[2], *row[name].split("/")[:2]))).toordinal()
            for name in ("InvoiceDate", "DueDate", "SettledDate")
        )
        if issued <= at and due < at:
            cents = round(float(row["InvoiceAmount"]) * 100)
            claim = Claim(cents=cents, issued=issued, due=due, moves=((settled, cents, "cash"),))
            found = reckon(claim, at).cents
            if found:
                expected[row["invoiceNumber"]] = found / 100
    ledger = cm.read_ledger(path)
    claims = late_claims(ledger, "2013-09-30").set_index("item_id")
    mine = claims.loc[claims["interest"] > 0, "interest"].to_dict()
    assert len(expected) > 500
    assert mine == expected


def test_interest_of_the_open_real_ledger_day_by_day(real_data):
    path = real_data / "ar" / "b2b_open_invoices.csv.gz"
    ledger = cm.read_ledger(path, columns=B2B, book_currency="USD")
    claims = late_claims(ledger, "2020-06-30").set_index("item_id")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    totals = {}
    for row in rows:
        due = _day(row["due_in_date"])
        claim = Claim(cents=round(float(row["total_open_amount"]) * 100), issued=due - 30, due=due)
        found = reckon(claim, _day("2020-06-30")).cents if claim.cents > 0 and due < _day("2020-06-30") else 0
        totals[row["invoice_currency"]] = totals.get(row["invoice_currency"], 0) + found
    mine = claims.groupby("currency")["interest"].sum().round(2).to_dict()
    assert mine == {currency: cents / 100 for currency, cents in totals.items()}


def test_dates_that_were_supposed_are_told_before_any_claim(ledger):
    found = late_claims(ledger, "2026-06-30")
    assert not any("supposées" in text for text in assumptions(ledger, found, "fr"))
    ledger.report.add("fec_terms", "note", value="30", count=3, n=3)
    assert "supposées" in assumptions(ledger, found, "fr")[0]
    assert any("1 customer without a known kind of buyer" in text for text in assumptions(ledger, found, "en"))


def test_totals_by_customer_are_those_of_the_statements():
    ledger = cm.read_ledger("data/factures.csv", "data/reglements.csv", "data/clients.csv")
    table = claims_by_customer(late_claims(ledger, "2026-06-30"), ledger, "2026-06-30")
    for customer in ("000166", "000175", "000114"):  # 000166 paid by a direct debit not allocated yet
        mine = table[table["customer_id"] == customer].set_index("currency")["claim_total"].to_dict()
        totals = statement_of_claim(ledger, customer, "2026-06-30").totals
        whole = totals[totals["line"] == "claim_total"].set_index("currency")["amount"].to_dict()
        assert mine == {currency: whole[currency] for currency in mine}


def test_what_was_written_off_is_told_beside_the_principal():
    lost = _paid("F1", "2026-05-31", 400.0, kind="write_off")
    ledger = make_ledger([_invoice("F1", "2026-03-31", 1000.0)], [lost])
    found = late_claims(ledger, "2026-06-30")
    assert found[["principal", "written_off"]].values.tolist() == [[600.0, 400.0]]
    assert any("400.00\u00a0EUR written off" in text for text in remarks(found, "en"))


def test_both_readings_of_the_indemnity_in_insolvency():
    invoices = [
        _invoice("F1", "2026-03-31", 100.0),  # due before the judgment, owed on its day
        _invoice("F2", "2026-05-31", 100.0, issue_date="2026-04-01"),  # due after it
        _invoice("F3", "2026-03-31", 100.0, document="F3"),  # paid late before it; its retention money is owed
        _invoice("F3/RG", "2026-05-15", 5.0, document="F3", issue_date="2026-03-01"),
    ]
    ledger = make_ledger(invoices, [_paid("F3", "2026-04-10", 100.0)])
    judgment = pd.DataFrame({"customer_id": ["C1"], "opened": [pd.Timestamp("2026-05-01")]})
    for reading, expected in (("none", [0.0, 0.0, 40.0]), ("due_before", [40.0, 0.0, 40.0])):
        tables = (ledger.invoices, ledger.settlements, "2026-06-30")
        found = cm.recovery_indemnity(*tables, insolvencies=judgment, frozen=reading)
        assert found.set_index("document")["indemnity"].tolist() == expected
        claims = late_claims(ledger, "2026-06-30", insolvencies=judgment, frozen=reading)
        assert claims["indemnity"].sum() == sum(expected)


def test_what_has_lapsed_does_not_revive():
    told = pd.DataFrame({"item_id": ["F1", "F1"], "date": ["2021-06-01", "2027-06-01"]})
    # 15 March 2016 + 5 years: lapsed on 15 March 2021; the acknowledgement of June comes too late.
    late = limitation(_periods(due_date="2016-03-15"), "2028-01-01", interruptions=told).iloc[0]
    assert late["limitation_date"] == pd.Timestamp("2021-03-15")
    # 1 July 2017 + 5 years runs on 1 June 2021: then to 1 June 2026, too early for that of 2027.
    running = limitation(_periods(due_date="2017-07-01"), "2028-01-01", interruptions=told).iloc[0]
    assert running["limitation_date"] == pd.Timestamp("2026-06-01")
    only_later = pd.DataFrame({"item_id": ["F1"], "date": ["2030-01-01"]})
    assert limitation(_periods(), "2026-06-30", interruptions=only_later)["days_left"].tolist() == [258.0]


def test_limitation_refuses_what_it_does_not_know():
    with pytest.raises(InputError) as refused:
        limitation(_periods(buyer="consommateur", goods="bricks"), "2026-06-30")
    assert [defect.column for defect in refused.value.defects] == ["buyer", "goods"]


def test_transport_lapses_a_year_after_delivery_in_claims_too():
    made = make_ledger([_invoice("F1", "2025-03-31", 100.0, goods="transport", delivery_date="2025-03-01")])
    found = late_claims(made, "2026-06-30")
    assert found[["limitation_date", "claimable"]].values.tolist() == [[pd.Timestamp("2026-03-01"), False]]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"margin_rate": -0.1}, "cost_margin_not_positive"),
        ({"financing_rate": 0.05}, "no_margin_rate"),
        ({"financing_rate": 0.05, "margin_rate": 0.1}, "no_losses"),
    ],
)
def test_why_a_cost_is_not_computable(given, reason):
    none = pd.DataFrame({"currency": [], "interest": [], "indemnity": []})
    row = cm.cost_of_lateness(
        none,
        float("nan"),
        "EUR",
        **{"losses": 5000.0 if "margin_rate" in given and given["margin_rate"] < 0 else None} | given,
    ).iloc[0]
    assert row["reason"] == reason
    assert pd.isna(row["overdue_cost"])


@pytest.mark.parametrize("rate", ["10 %", 1.2, -0.1, True])
def test_a_contractual_rate_is_a_fraction(ledger, rate):
    with pytest.raises(InputError) as refused:
        late_claims(ledger, "2026-06-30", rate=rate)
    assert str(rate) in refused.value.text("fr")


def test_tables_that_lack_a_column_or_hold_text_are_refused(ledger):
    with pytest.raises(InputError, match="opened"):
        late_claims(ledger, "2026-06-30", insolvencies=pd.DataFrame({"customer_id": ["C1"]}))
    with pytest.raises(InputError, match="amount"):
        cm.late_interest(ledger.invoices.assign(amount="douze"), None, "2026-06-30")
