"""Due dates against the legal ceilings; latest dates are worked out on a calendar."""

from datetime import date

import pandas as pd
import pytest
from ledgers import make_ledger

from cmtools.compliance import compliance_summary, public_deadline, terms_compliance
from cmtools.schemas import InputError


def _found(rows, customer=None, **options):
    rows = [{"item_id": f"F{place}", "amount": 1200.0} | row for place, row in enumerate(rows)]
    ledger = make_ledger(rows)
    if customer:
        ledger.customers = ledger.customers.assign(**customer)
    return terms_compliance(ledger, options.pop("as_of", "2026-12-31"), **options).set_index("item_id")


def _dated(issued, due, **more):
    return {"issue_date": issued, "due_date": due} | more


@pytest.mark.parametrize(
    ("row", "customer", "latest", "over", "status", "ceiling"),
    [
        # 15 January + 60 days: 16 days left in January, 28 in February, then 16.
        (_dated("2026-01-15", "2026-03-16"), {}, "2026-03-16", 0, "compliant", "general_60"),
        # A day more is allowed by 45 days end of month (31 March, or 17 March): only an express clause makes it so.
        (_dated("2026-01-15", "2026-03-17"), {}, "2026-03-16", 1, "needs_clause", "general_60"),
        (_dated("2026-01-15", "2026-04-01"), {}, "2026-03-16", 16, "over", "general_60"),
        # The record says end of month, 45 days first: 1 March, so 31 March.
        (
            _dated("2026-01-15", "2026-03-31"),
            {"terms": "45 jours fin de mois", "terms_reading": "days_then_month_end"},
            "2026-03-31",
            0,
            "compliant",
            "month_end_45",
        ),
        # The other reading: 31 January + 45 = 17 March; 31 March is 14 days over.
        (
            _dated("2026-01-15", "2026-03-31"),
            {"terms": "45 jours fin de mois", "terms_reading": "month_end_then_days"},
            "2026-03-17",
            14,
            "over",
            "month_end_45",
        ),
        # No reading on record, and the two disagree.
        (
            _dated("2026-01-15", "2026-03-31"),
            {"terms": "45 jours fin de mois"},
            "2026-03-31",
            None,
            "depends_on_reading",
            "month_end_45",
        ),
        # A summary invoice: 45 days flat.
        (_dated("2026-01-31", "2026-03-17", periodic=True), {}, "2026-03-17", 0, "compliant", "periodic_45"),
        (_dated("2026-01-31", "2026-03-31", periodic=True), {}, "2026-03-17", 14, "over", "periodic_45"),
        # Road freight: 30 days from the invoice.
        (_dated("2026-03-02", "2026-04-15", goods="transport"), {}, "2026-04-01", 14, "over", "transport_30"),
        # Perishable food, delivered on 4 March: 30 days later; on a summary invoice from the 10th.
        (
            _dated("2026-03-10", "2026-04-03", goods="perishable", delivery_date="2026-03-04"),
            {},
            "2026-04-03",
            0,
            "compliant",
            "perishable_30",
        ),
        (
            _dated("2026-03-10", "2026-04-10", goods="perishable", delivery_date="2026-03-04", periodic=True),
            {},
            "2026-04-09",
            1,
            "over",
            "perishable_decade_30",
        ),
        # Fresh meat: 20 days after delivery. Spirits: 30 days after the month of delivery.
        (
            _dated("2026-03-10", "2026-03-31", goods="livestock", delivery_date="2026-03-10"),
            {},
            "2026-03-30",
            1,
            "over",
            "livestock_20",
        ),
        (
            _dated("2026-03-10", "2026-04-30", goods="spirits", delivery_date="2026-03-10"),
            {},
            "2026-04-30",
            0,
            "compliant",
            "spirits_30",
        ),
        # Purchases free of VAT: 90 days. 2 March + 90: 29 left in March, 30, then 31 May.
        (_dated("2026-03-02", "2026-05-31", goods="export_free_of_vat"), {}, "2026-05-31", 0, "compliant", "export_90"),
        # State: 30 days from receipt, taken two days after the invoice where it is not recorded.
        (_dated("2026-03-02", "2026-04-03"), {"buyer": "public"}, "2026-04-03", 0, "compliant", "public_30"),
        (
            _dated("2026-03-02", "2026-04-06", receipt_date="2026-03-05"),
            {"buyer": "public"},
            "2026-04-04",
            2,
            "over",
            "public_30",
        ),
        (
            _dated("2026-03-02", "2026-04-23"),
            {"buyer": "public_health"},
            "2026-04-23",
            0,
            "compliant",
            "public_health_50",
        ),
        (
            _dated("2026-03-02", "2026-05-04"),
            {"buyer": "public_undertaking"},
            "2026-05-03",
            1,
            "over",
            "public_undertaking_60",
        ),
    ],
)
def test_ceilings_worked_on_a_calendar(row, customer, latest, over, status, ceiling):
    found = _found([row], customer).loc["F0"]
    assert (found["ceiling"], found["status"]) == (ceiling, status)
    assert found["latest_date"].date() == date.fromisoformat(latest)
    assert found["days_over"] == over if over is not None else pd.isna(found["days_over"])
    assert found["reference"].startswith(("C. com. L441-1", "CCP R2192-1"))


def test_what_cannot_be_verified_says_why():
    rows = [
        _dated("2026-03-02", None),
        _dated("2026-03-02", "2026-04-01", goods="perishable"),
        _dated(None, "2026-04-01", booking_date="2026-03-02"),
    ]
    found = _found(rows)
    assert found["status"].tolist() == ["unknown"] * 3
    assert found.loc[["F0", "F1", "F2"], "reason"].tolist() == ["no_due_date", "no_delivery_date", "no_issue_date"]
    consumer = _found([_dated("2026-03-02", "2026-12-01")], {"buyer": "consumer"}).loc["F0"]
    assert (consumer["status"], consumer["reason"]) == ("not_limited", "consumer")


def test_retention_money_credit_notes_and_other_years_are_left_out():
    rows = [
        _dated("2026-03-02", "2027-03-02", retention=True),
        _dated("2026-03-02", "2026-03-02", kind="credit_note", amount=-10.0),
        _dated("2025-06-30", "2026-03-02"),
        _dated("2025-07-01", "2025-07-31"),
    ]
    assert _found(rows, as_of="2026-06-30").index.tolist() == ["F3"]


def test_goods_of_the_invoices_that_do_not_tell():
    row = _dated("2026-03-02", "2026-05-01")
    assert _found([row])["status"].tolist() == ["compliant"]
    assert _found([row], goods="transport")["days_over"].tolist() == [30]
    with pytest.raises(InputError, match="bricks"):
        _found([row], goods="bricks")


def test_the_summary_adds_up():
    rows = [_dated("2026-01-15", "2026-03-16"), _dated("2026-01-15", "2026-04-01"), _dated("2026-01-15", "2026-04-05")]
    table = compliance_summary(_found(rows).reset_index())
    # 1 April and 5 April against 16 March: 16 and 20 days.
    assert table[["status", "count_invoices", "amount", "days_over"]].values.tolist() == [
        ["over", 2, 2400.0, 20.0],
        ["compliant", 1, 1200.0, 0.0],
    ]


def test_deadline_of_a_public_buyer():
    def deadline(**row):
        dated = {"buyer": "public", "issue_date": "2026-03-02", "due_date": "2026-04-16", "receipt_date": None} | row
        frame = pd.DataFrame([{**dated, "delivery_date": row.get("delivery_date")}])
        names = [name for name in frame if name.endswith("_date")]
        frame[names] = frame[names].apply(pd.to_datetime)
        return public_deadline(frame).iloc[0]

    assert deadline() == pd.Timestamp("2026-04-03")  # 4 March + 30
    assert deadline(receipt_date="2026-03-10") == pd.Timestamp("2026-04-09")
    assert deadline(receipt_date="2026-03-10", delivery_date="2026-03-20") == pd.Timestamp("2026-04-19")
    assert deadline(due_date="2026-03-22") == pd.Timestamp("2026-03-24")  # a contract of 20 days only shortens
    assert deadline(buyer="public_health") == pd.Timestamp("2026-04-18")  # the 45 days granted are fewer than 50
    assert deadline(retention=True) == pd.Timestamp("2026-04-16")
    assert deadline(issue_date=None) == pd.Timestamp("2026-04-16")
    assert deadline(buyer="business") is pd.NaT
