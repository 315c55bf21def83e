"""Ledgers that Hypothesis draws, with every kind of document and settlement."""

from datetime import date, timedelta

from hypothesis import strategies as st

from cmtools.schemas import INVOICE_KINDS, SETTLEMENT_KINDS

DAYS = st.dates(date(2025, 1, 1), date(2025, 12, 31))
CENTS = st.integers(1, 10_000_000)


def _after(draw, day, most=200):
    return day + timedelta(days=draw(st.integers(0, most)))


def _item(draw, position):
    issued = draw(DAYS)
    kind = draw(st.sampled_from(("invoice",) * 4 + INVOICE_KINDS))
    disputed = draw(st.none() | st.just(_after(draw, issued)))
    booked = _after(draw, issued, draw(st.sampled_from((0, 0, 40))))
    unknown = kind in ("opening", "doubtful") and draw(st.booleans())
    return {
        "item_id": f"I{position}",
        "customer_id": f"C{position % 3}",
        "kind": kind,
        "issue_date": None if unknown else issued,
        "due_date": None if unknown else draw(st.none() | st.just(_after(draw, issued, 90))),
        "booking_date": booked,
        "retention": draw(st.sampled_from((False, False, True))),
        "dispute_from": disputed,
        "dispute_until": disputed and draw(st.none() | st.just(_after(draw, disputed, 90))),
        "doubtful_from": booked if kind == "doubtful" else draw(st.none() | st.none() | st.just(_after(draw, issued))),
        "amount": (-1 if kind == "credit_note" else 1) * draw(CENTS) / 100,
    }


def _settlement(draw, items):
    item = draw(st.sampled_from(items))
    paid = draw(DAYS)
    allocated = draw(st.none() | st.just(_after(draw, paid, 60)))
    share = draw(st.sampled_from((1, 1, 0.5, 1.2, -0.3)))  # whole, part, too much, taken back
    return {
        "item_id": item["item_id"] if allocated else None,
        "customer_id": item["customer_id"],
        "kind": draw(st.sampled_from(("cash",) * 5 + SETTLEMENT_KINDS)),
        "amount": round(item["amount"] * share, 2) or 0.01,
        "payment_date": paid,
        "allocation_date": allocated,
    }


def receipts(draw, items, since):
    """Cash on items, never before their date `since`: allocated at once, later or never."""
    found = []
    for position in range(draw(st.integers(0, 10))):
        item = draw(st.sampled_from(items))
        paid = max(item[since], draw(DAYS))
        allocated = draw(st.booleans())
        found.append(
            {
                "settlement_id": f"S{position}",
                "item_id": item["item_id"] if allocated else None,
                "customer_id": item["customer_id"],
                "amount": draw(CENTS) / 100,
                "payment_date": paid,
                "allocation_date": paid + timedelta(days=draw(st.integers(0, 40))) if allocated else None,
            }
        )
    return found


def _linked(draw, number, items):
    """A credit note used on an invoice: an item and the two halves of its use."""
    invoice = draw(st.sampled_from(items))
    issued, customer = draw(DAYS), invoice["customer_id"]
    used = _after(draw, issued, 40)
    amount = draw(CENTS) / 100
    note = {"item_id": f"A{number}", "customer_id": customer, "kind": "credit_note", "amount": -amount}
    half = {"customer_id": customer, "kind": "credit_note", "payment_date": used, "allocation_date": used}
    half |= {"document": f"A{number}"}
    halves = [
        half | {"item_id": invoice["item_id"], "amount": amount},
        half | {"item_id": f"A{number}", "amount": -amount},
    ]
    return note | {"issue_date": issued, "due_date": issued, "booking_date": issued}, halves


def _transfer(draw, number, items):
    """A claim moved from 411 to 416: settled, and opened again as doubtful on the same day."""
    claim = draw(st.sampled_from(items))
    day, amount = _after(draw, claim["booking_date"], 90), abs(claim["amount"])
    dates = {name: claim[name] for name in ("customer_id", "issue_date", "due_date")}
    moved = {"item_id": f"D{number}", "kind": "doubtful", "amount": amount, "booking_date": day, "doubtful_from": day}
    left = {"item_id": claim["item_id"], "kind": "to_doubtful", "amount": amount, "payment_date": day}
    return moved | dates, left | {"customer_id": claim["customer_id"], "allocation_date": day}


@st.composite
def any_ledger(draw):
    """Rows of invoices and settlements: partial, excess and reversed settlements, linked and stand-alone credit notes,
    transfers to 416, items brought forward, late bookings, disputes, receipts allocated later or never."""
    invoices = [_item(draw, position) for position in range(draw(st.integers(1, 8)))]
    items, settlements = list(invoices), []
    for number in range(draw(st.integers(0, 2))):
        note, halves = _linked(draw, number, items)
        invoices.append(note)
        settlements += halves
    for number in range(draw(st.integers(0, 2))):
        moved, left = _transfer(draw, number, items)
        invoices.append(moved)
        settlements.append(left)
    settlements += [_settlement(draw, invoices) for _ in range(draw(st.integers(0, 10)))]
    return invoices, [row | {"settlement_id": f"S{position}"} for position, row in enumerate(settlements)]


def as_known_on(rows, day):
    """The rows as they were written on a day: nothing booked, paid, allocated, disputed or doubtful later."""
    invoices, settlements = rows
    kept = []
    for row in invoices:
        if row["booking_date"] <= day:
            status = ("dispute_from", "dispute_until", "doubtful_from")
            kept.append(row | {name: None for name in status if row.get(name) is not None and row[name] > day})
    known = []
    for row in settlements:
        if row["payment_date"] <= day:
            later = row["allocation_date"] is not None and row["allocation_date"] > day
            known.append(row | {"item_id": None, "allocation_date": None} if later else row)
    return kept, known
