"""Entries of doubtful claims in the chart of their year, and the VAT of bad debts."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cmtools as cm
from cmtools.bookings import allowance_entries, chart_of, closing_events, entry_lines, vat_recovery
from cmtools.schemas import InputError

OLD, NEW = "2024-07-01", "2025-07-01"
NAN = float("nan")


def event(name, incl=NAN, excl=NAN, **more):
    return {"event": name, "amount_incl_vat": incl, "amount_excl_vat": excl} | more


def codes(caught):
    return [defect.code for defect in caught.value.defects]


def booked(events, start):
    lines = allowance_entries(pd.DataFrame(events), start, "fr")
    return [
        (entry, account, None if debit != debit else debit, None if credit != credit else credit)
        for entry, account, debit, credit in zip(lines["entry"], lines["account"], lines["debit"], lines["credit"])
    ]


# ---- entries


@pytest.mark.parametrize(
    ("day", "chart"), [("2024-01-01", "until_2024"), ("2024-12-31", "until_2024"), ("2025-01-01", "from_2025")]
)
def test_the_first_day_of_the_year_decides_the_chart(day, chart):
    assert chart_of(day) == chart


@pytest.mark.parametrize("start", [OLD, NEW])
def test_the_life_of_a_claim_by_hand(start):
    """1 200 incl. VAT: doubtful, written down by half, then 900 lost; the allowance is taken back, not added."""
    events = [
        event("move_to_doubtful", 1200.0),
        event("allowance_booked", excl=500.0),
        event("loss", 900.0, 750.0),
        event("allowance_reversed", excl=500.0),
    ]
    assert booked(events, start) == [
        (1, "416", 1200.0, None), (1, "411", None, 1200.0),
        (2, "68174", 500.0, None), (2, "491", None, 500.0),
        (3, "654", 750.0, None), (3, "44571", 150.0, None), (3, "416", None, 900.0),
        (4, "491", 500.0, None), (4, "78174", None, 500.0),
    ]  # fmt: skip


def test_what_the_new_chart_changed():
    late = [event("paid_after_loss", 120.0, 100.0)]
    assert [account for _, account, _, _ in booked(late, OLD)] == ["512", "7714", "44571"]
    assert [account for _, account, _, _ in booked(late, NEW)] == ["512", "7583", "44571"]
    assert booked([event("exceptional_loss", 120.0, 100.0)], OLD)[0][1] == "6714"
    with pytest.raises(InputError) as caught:
        allowance_entries(pd.DataFrame([event("exceptional_loss", 120.0, 100.0)]), NEW)
    assert codes(caught) == ["account_gone"]
    assert "6714" in caught.value.text("fr")
    assert "2025" in caught.value.text("en")


def test_vat_due_again_is_marked_unconfirmed():
    lines = allowance_entries(pd.DataFrame([event("paid_after_loss", 120.0, 100.0)]), NEW).set_index("account")
    assert lines["confirmation"].to_dict() == {"512": "confirmed", "7583": "confirmed", "44571": "unconfirmed"}


def test_a_loss_goes_by_the_year_of_the_claim():
    events = [
        event("loss", 120.0, 100.0, issue_date=pd.Timestamp("2025-07-01")),
        event("loss", 120.0, 100.0, issue_date=pd.Timestamp("2025-06-30")),
        event("loss_of_healthy", 120.0, 100.0, issue_date=pd.NaT),
        event("loss_vat_kept", 120.0, issue_date=pd.NaT),
        event("loss", 100.0, 100.0),  # without VAT
    ]
    lines = booked(events, NEW)
    assert [(entry, account) for entry, account, _, _ in lines] == [
        (1, "6541"), (1, "44571"), (1, "416"), (2, "6544"), (2, "44571"), (2, "416"),
        (3, "654"), (3, "44571"), (3, "411"), (4, "654"), (4, "416"), (5, "654"), (5, "416"),
    ]  # fmt: skip
    assert lines[9][2] == 120.0  # VAT that does not come back is lost too


def test_names_of_accounts_are_in_the_readers_language():
    rows = pd.DataFrame([event("allowance_booked", excl=1.0)])
    assert allowance_entries(rows, NEW, "fr")["account_name"].iloc[0] == "Dotations aux dépréciations des créances"
    assert allowance_entries(rows, NEW, "en")["account_name"].iloc[0] == "Allowances for receivables"


def test_every_defect_at_once():
    rows = [event("written_off", 1.0, 1.0), event("loss", 100.0), event("loss", -5.0, 3.0), event("loss", 100.0, 120.0),
            event("allowance_booked", 100.0), event("exceptional_loss", NAN, 1.0)]  # fmt: skip
    with pytest.raises(InputError) as caught:
        allowance_entries(pd.DataFrame(rows), NEW)
    amount = "bad_entry_amount"
    assert codes(caught) == ["unknown_entry", amount, amount, "excl_above_incl", amount, "account_gone", amount]
    assert [defect.line for defect in caught.value.defects] == [1, 2, 3, 4, 5, 6, 6]
    for language in ("fr", "en"):
        assert caught.value.text(language).count("\n- ") == 7


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(entry_lines())), st.integers(0, 10**9), st.integers(0, 10**9)), max_size=8
    ),
    st.sampled_from([OLD, NEW]),
)
def test_every_entry_balances_to_the_cent(drawn, start):
    rows = [event(name, max(a, b) / 100, min(a, b) / 100) for name, a, b in drawn]
    rows = [row for row in rows if start == OLD or row["event"] != "exceptional_loss"]
    lines = allowance_entries(pd.DataFrame(rows, columns=["event", "amount_incl_vat", "amount_excl_vat"]), start)
    sums = (100 * lines[["debit", "credit"]].fillna(0)).round().astype("int64").groupby(lines["entry"]).sum()
    assert (sums["debit"] == sums["credit"]).all()


def test_closing_events_need_every_movement():
    found = pd.DataFrame({"customer_id": ["A", "B", "C"], "dotation": [5.0, 0.0, 0.0], "reversal": [0.0, 2.0, 0.0]})
    assert closing_events(found).values.tolist() == [["allowance_booked", "A", 5.0], ["allowance_reversed", "B", 2.0]]
    with pytest.raises(InputError) as caught:
        closing_events(found.assign(dotation=[5.0, NAN, NAN]))
    assert codes(caught) == ["movement_unknown"] * 2


def test_the_loss_of_the_sample_is_booked_as_its_books_did(root):
    """29 May 2026: 9 643.05 incl. VAT with 1 607.17 of VAT; the other two invoices bear none."""
    ledger = cm.read_ledger(root / "data" / "grand_livre.xlsx")
    lost = cm.written_off(ledger, "2026-06-30").rename(
        columns={"lost_amount": "amount_incl_vat", "lost_excl_vat": "amount_excl_vat"}
    )
    lines = allowance_entries(lost.assign(event="loss"), NEW)
    path = root / "data" / "904172638FEC20260630.txt"
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    mine = [row for row in rows if row[3] == "20260529" and row[8].startswith("PV")]
    assert mine
    sums = {}
    for row in mine:
        amount = float(row[11].replace(",", ".")) - float(row[12].replace(",", "."))
        prefix = next(name for name in ("654", "4457", "416") if row[4].startswith(name))
        sums[prefix] = round(sums.get(prefix, 0) + amount, 2)
    net = (lines["debit"].fillna(0) - lines["credit"].fillna(0)).groupby(lines["account"].str[:3]).sum().round(2)
    assert net.to_dict() == {"654": sums["654"], "445": sums["4457"], "416": sums["416"]}


# ---- VAT


def claims(*rows):
    names = ["item_id", "customer_id", "vat_amount"]
    return pd.DataFrame(rows, columns=names).assign(currency="EUR")


INSOLVENT = pd.DataFrame(
    {"customer_id": ["L", "R", "S"], "procedure": ["liquidation", "receivership", "safeguard"],
     "since": pd.to_datetime(["2025-10-14", "2026-01-05", "2026-02-02"])}
)  # fmt: skip
ONE_EACH = claims(
    ("1", "L", 200.0), ("2", "R", 100.0), ("3", "S", 50.0), ("4", "N", 10.0), ("5", "L", NAN), ("6", "L", 0.0)
)


def test_vat_opens_at_liquidation_alone():
    found = vat_recovery(ONE_EACH, INSOLVENT, "2026-06-30", "invoice").set_index("item_id")
    assert found["vat_status"].to_dict() == {
        "1": "vat_duplicate_missing", "2": "vat_not_by_procedure", "3": "vat_not_by_procedure",
        "4": "vat_not_irrecoverable", "5": "vat_unknown", "6": "vat_none",
    }  # fmt: skip
    assert found.loc["1", "vat_from"] == pd.Timestamp("2025-10-14")  # the liquidation, not the receivership before it
    assert found["vat_from"].notna().sum() == 1
    assert found["vat_claimable"].fillna(-1).to_dict() == {"1": 0, "2": 0, "3": 0, "4": 0, "5": -1, "6": 0}


def test_vat_needs_its_duplicate_and_may_open_by_proof():
    found = vat_recovery(
        ONE_EACH,
        INSOLVENT,
        "2026-06-30",
        "invoice",
        irrecoverable={"4": "2026-04-01", "1": "2025-09-01"},
        duplicates={"1": "2026-05-29"},
    ).set_index("item_id")
    assert found.loc["1", ["vat_status", "vat_claimable"]].tolist() == ["vat_claimable", 200.0]
    assert found.loc["1", "vat_from"] == pd.Timestamp("2025-09-01")  # the earlier of both
    assert found.loc["1", "duplicate_sent"] == pd.Timestamp("2026-05-29")
    assert found.loc["4", "vat_status"] == "vat_duplicate_missing"


def test_vat_of_what_is_taxed_when_paid_was_never_due():
    found = vat_recovery(ONE_EACH, INSOLVENT, "2026-06-30", "receipts")
    assert found["vat_status"].tolist() == ["vat_never_due"] * 4 + ["vat_unknown", "vat_none"]
    mixed = vat_recovery(ONE_EACH, INSOLVENT, "2026-06-30", {"1": "receipts", "2": "invoice"})
    assert mixed["vat_status"].tolist()[:2] == ["vat_never_due", "vat_not_by_procedure"]


def test_vat_whose_basis_is_not_told_is_not_claimed():
    found = vat_recovery(ONE_EACH, INSOLVENT, "2026-06-30", duplicates={"1": "2026-05-29"})
    assert found["vat_status"].tolist()[0] == "vat_basis_unknown"
    assert pd.isna(found["vat_claimable"].iloc[0])
    nobody = vat_recovery(ONE_EACH, INSOLVENT.head(0), "2026-06-30", "invoice")
    assert nobody["vat_status"].tolist()[0] == "vat_not_irrecoverable"


def test_vat_refuses_what_it_cannot_read():
    with pytest.raises(InputError) as caught:
        vat_recovery(ONE_EACH, INSOLVENT, "2026-06-30", {"1": "cash", "2": "later"})
    assert codes(caught) == ["bad_choice"] * 2
    with pytest.raises(InputError) as caught:
        vat_recovery(ONE_EACH, INSOLVENT, "2026-06-30", "debits")
    assert codes(caught) == ["bad_choice"]
    with pytest.raises(InputError) as caught:
        vat_recovery(ONE_EACH.drop(columns="vat_amount"), INSOLVENT, "2026-06-30")
    assert codes(caught) == ["missing_columns"]
    assert vat_recovery(ONE_EACH.head(0), INSOLVENT, "2026-06-30").empty


def test_a_duplicate_or_a_proof_of_later_counts_for_nothing_yet():
    later = vat_recovery(ONE_EACH, INSOLVENT, "2026-06-30", "invoice", duplicates={"1": "2026-07-01"})
    assert later.set_index("item_id").loc["1", ["vat_status", "vat_claimable"]].tolist() == [
        "vat_duplicate_missing",
        0.0,
    ]
    proof = vat_recovery(ONE_EACH, INSOLVENT, "2026-06-30", "invoice", irrecoverable={"4": "2031-01-01"})
    assert proof.set_index("item_id").loc["4", "vat_status"] == "vat_not_irrecoverable"
