"""Late interest and the fixed indemnity against a reckoning day by day, on 10,000 random items."""

import random
from datetime import date, timedelta
from itertools import product

import day_by_day as oracle
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cmtools as cm
from cmtools.interest import late_interest, recovery_indemnity

FIRST, LAST = date(2009, 1, 1).toordinal(), date(2026, 12, 31).toordinal()
PUBLIC_SINCE = date(2013, 1, 1).toordinal()
OPTIONS = list(product(("principal_first", "interest_first"), ("365", "360", "actual"), ("from_start", "own_date")))
DATES = (
    "2026-12-31",
    "2026-06-30",
    "2026-07-01",
    "2025-12-31",
    "2024-12-31",
    "2024-02-29",
    "2016-07-01",
    "2026-08-31",
    "2022-06-30",
    "2012-12-31",
    "2020-03-01",
    "2026-12-31",
)
EDGES = [
    date(year, month, day).toordinal() for year in range(2009, 2027) for month, day in ((6, 30), (12, 31), (2, 28))
]
PAYS = ("cash",) * 4 + ("bill", "set_off", "other")
CASES = 840  # by combination of options: 10,080 in all


def _cents(draw: random.Random) -> int:
    return draw.choice((1, 500_000_000, 1_200_000, int(10 ** draw.uniform(0, 8.69))))


def _day(draw: random.Random, around: int, spread: int) -> int:
    return around + draw.randint(-spread, spread)


def item_moves(draw: random.Random, amount: int, due: int, reversals: bool) -> tuple[tuple[int, int, str], ...]:
    found: list[tuple[int, int, str]] = []
    for _ in range(draw.choice((0, 0, 1, 1, 2, 3, 4, 5))):
        day = draw.choice((due, due + 1, _day(draw, due, 30), due + draw.randint(1, 500), draw.choice(EDGES)))
        cents = max(1, int(amount * draw.choice((1, 0.5, 0.3, draw.random() / 3, 1.3))))
        kind = draw.choice((*PAYS, *PAYS, "credit_note", "credit_note", "write_off", "to_doubtful"))
        found.append((day, cents, kind))
        if draw.random() < 0.1:
            found.append((day, max(1, cents // 3), draw.choice(PAYS)))
        if reversals and draw.random() < 0.15:
            found.append((day + draw.choice((0, 1, 8, 40)), -draw.choice((cents, max(1, cents // 2))), kind))
    return tuple(found)


def _claim(draw: random.Random, who: dict[str, object], as_of: int, reversals: bool) -> oracle.Claim:
    public = who["buyer"] in oracle.LONGEST
    earliest = PUBLIC_SINCE if public else FIRST
    latest = max(as_of, earliest)
    due = draw.choice(
        (draw.randint(earliest, latest), max(earliest, latest - draw.randint(-5, 700)), draw.choice(EDGES))
    )
    due = max(due, earliest)
    issued = due - draw.choice((0, 10, 30, 30, 45, 60, 75, 90, draw.randint(-3, 100)))
    amount = _cents(draw)
    return oracle.Claim(
        amount, due, issued,
        draw.choice((None, None, issued, issued + draw.randint(0, 20))),
        draw.choice((None, None, issued - draw.randint(0, 9), issued + draw.randint(0, 30))),
        draw.random() < 0.1,
        str(who["buyer"]), who["contract"], who["judgment"],
        item_moves(draw, amount, due, reversals),
    )  # fmt: skip


def _customer(draw: random.Random, rate: int | None) -> dict[str, object]:
    buyer = draw.choice(("business",) * 6 + (*oracle.LONGEST, *oracle.LONGEST, "consumer"))
    own = draw.choice((None, None, None, 120_000, 100_000, 23_000, 1_500, 150_000, 155_000, 104_375))
    return {
        "buyer": buyer,
        "own": own,
        "contract": own if own is not None else rate,
        "judgment": draw.randint(FIRST + 400, LAST) if draw.random() < 0.15 else None,
    }


def _dates(days: list[int | None]) -> pd.Series:
    return pd.Series(pd.to_datetime([None if day is None else date.fromordinal(day) for day in days]))


def _tables(draw: random.Random, claims: list[oracle.Claim], owners: list[int], customers: list[dict[str, object]]):
    """Invoices, settlements, customers and insolvencies in an order of no meaning."""
    invoices = pd.DataFrame({
        "item_id": [f"F{position}" for position in range(len(claims))],
        "customer_id": [f"C{owner}" for owner in owners],
        "kind": "invoice",
        "currency": "EUR",
        "amount": [claim.cents / 100 for claim in claims],
        "issue_date": _dates([claim.issued for claim in claims]),
        "booking_date": _dates([claim.issued for claim in claims]),
        "due_date": _dates([claim.due for claim in claims]),
        "receipt_date": _dates([claim.received for claim in claims]),
        "delivery_date": _dates([claim.delivered for claim in claims]),
        "retention": [claim.retention for claim in claims],
    })  # fmt: skip
    moves = [(f"F{position}", *move) for position, claim in enumerate(claims) for move in claim.moves]
    draw.shuffle(moves)
    settlements = pd.DataFrame(moves, columns=["item_id", "day", "cents", "kind"])
    settlements["amount"] = settlements["cents"] / 100
    settlements["payment_date"] = _dates(settlements["day"].tolist())
    settlements["allocation_date"] = settlements["payment_date"]
    people = pd.DataFrame({
        "customer_id": [f"C{position}" for position in range(len(customers))],
        "buyer": [None if who["buyer"] == "business" and position % 2 else who["buyer"]
                  for position, who in enumerate(customers)],
        "late_rate": [None if who["own"] is None else who["own"] / 1_000_000 for who in customers],
    })  # fmt: skip
    judged = [(f"C{position}", who["judgment"]) for position, who in enumerate(customers) if who["judgment"]]
    insolvencies = pd.DataFrame(
        {"customer_id": [who for who, _ in judged], "opened": _dates([day for _, day in judged])}
    )
    return invoices.sample(frac=1, random_state=draw.randint(0, 9999)), settlements, people, insolvencies


def _drawn(seed: int, as_of: str, rate: float | None, cases: int, reversals: bool):
    draw = random.Random(seed)
    end = date.fromisoformat(as_of).toordinal()
    customers = [_customer(draw, None if rate is None else round(rate * 1_000_000)) for _ in range(cases // 2)]
    owners = [draw.randrange(len(customers)) for _ in range(cases)]
    claims = [_claim(draw, customers[owner], end, reversals) for owner in owners]
    return claims, _tables(draw, claims, owners, customers)


def _differences(
    claims: list[oracle.Claim], found: pd.DataFrame, as_of: str, options: tuple[str, str, str]
) -> list[str]:
    """What the package and the days disagree on, item by item."""
    rows: dict[str, list[dict[str, object]]] = {}
    for row in found.to_dict("records"):
        rows.setdefault(str(row["item_id"]), []).append(row)
    wrong = []
    for position, claim in enumerate(claims):
        mine = rows.get(f"F{position}", [])
        want = oracle.reckon(claim, date.fromisoformat(as_of).toordinal(), *options)
        known = [row for row in mine if row["reason"] is None]
        got = {
            "interest": sum(round(row["interest"] * 100) for row in known),
            "to_interest": sum(round(row["to_interest"] * 100) for row in known),
            "stretches": _stretches(known),
            "unknown": _first_unknown(mine),
        }
        wanted = {
            "interest": want.cents, "to_interest": want.to_interest,
            "stretches": want.stretches, "unknown": want.unknown,
        }  # fmt: skip
        for name, value in wanted.items():
            if got[name] != value:
                wrong.append(f"F{position} {name}: {got[name]} for {value}; {claim}")
        wrong += [f"F{position} row {row}; {claim}" for row in known if not _consistent(row, options[1])]
        wrong += [f"F{position} {row['regime']}; {claim}" for row in known if row["regime"] not in _regimes(claim, row)]
    return wrong


def _stretches(rows: list[dict[str, object]]) -> list[tuple[int, int, int, int]]:
    """The rows of an item, those that follow without a change of base or rate made one."""
    found: list[tuple[int, int, int, int]] = []
    for row in rows:
        start, end = row["start"].toordinal(), row["end"].toordinal()
        owed = round(row["base"] * 100)
        if not owed:
            continue
        rate = round(row["rate"] * 1_000_000)
        if found and found[-1][1] == start - 1 and found[-1][2:] == (owed, rate):
            found[-1] = (found[-1][0], end, owed, rate)
        else:
            found.append((start, end, owed, rate))
    return found


def _regimes(claim: oracle.Claim, row: dict[str, object]) -> tuple[str, ...]:
    if claim.buyer in oracle.LONGEST:
        return ("public",)
    if claim.contract is None:
        return ("default",)
    if not row["base"]:
        return ("contract", "floor")
    return ("floor" if round(row["rate"] * 1_000_000) > claim.contract else "contract",)


def _first_unknown(rows: list[dict[str, object]]) -> int | None:
    return next((row["start"].toordinal() for row in rows if row["reason"] == "rate_unknown"), None)


def _consistent(row: dict[str, object], day_count: str) -> bool:
    """Days counted, and base x rate x days / year, to the cents that rounding so that they add up may move."""
    days = (row["end"] - row["start"]).days + 1
    if not row["base"]:
        return row["days"] == days and row["interest"] == 0
    years = {"365": (365,), "360": (360,), "actual": (365, 366)}[day_count]
    amounts = [row["base"] * row["rate"] * days / year for year in years]
    return row["days"] == days and min(amounts) - 0.0101 <= row["interest"] <= max(amounts) + 0.0101


@pytest.mark.parametrize("position", range(len(OPTIONS)))
def test_ten_thousand_items_day_by_day(position):
    options, as_of = OPTIONS[position], DATES[position]
    rate = (None, None, 0.09)[position % 3]
    claims, (invoices, settlements, customers, insolvencies) = _drawn(
        position, as_of, rate, CASES, reversals=options[0] == "principal_first"
    )
    found = late_interest(
        invoices, settlements, as_of, customers=customers, insolvencies=insolvencies, rate=rate, unknown="blank",
        imputation=options[0], day_count=options[1], credit_notes=options[2],
    )  # fmt: skip
    wrong = _differences(claims, found, as_of, options)
    assert not wrong, f"{len(wrong)} differences, among them\n" + "\n".join(wrong[:5])
    assert len(found) > CASES / 2
    order = found[["customer_id", "item_id", "start"]]
    assert order.equals(order.sort_values(["customer_id", "item_id", "start"], ignore_index=True))


def test_the_days_give_the_worked_examples():
    """The oracle itself, on what is reckoned by hand further down."""
    due, paid = date(2026, 5, 15).toordinal(), date(2026, 8, 20).toordinal()
    claim = oracle.Claim(1_200_000, due, due - 30, due - 30, moves=((paid, 1_200_000, "cash"),))
    assert oracle.reckon(claim, paid + 11).cents == 39_166
    assert oracle.reckon(claim._replace(buyer="public"), paid + 11).cents == 32_369


def _one(due, amount=12000.0, **columns):
    one = {"item_id": "F1", "customer_id": "C1", "amount": amount, "due_date": pd.Timestamp(due)}
    dates = {name: pd.Timestamp(value) for name, value in columns.items() if name.endswith("_date")}
    return pd.DataFrame([one | columns | dates])


def _paid(*rows):
    """Each: amount, day, and the kind where it is no cash."""
    return pd.DataFrame({
        "item_id": "F1", "amount": [row[0] for row in rows], "payment_date": pd.to_datetime([row[1] for row in rows]),
        "kind": [row[2] if len(row) > 2 else "cash" for row in rows],
    })  # fmt: skip


def _buyer(kind, late_rate=None):
    return pd.DataFrame({"customer_id": ["C1"], "buyer": [kind], "late_rate": [late_rate]})


def test_two_half_years():
    """12 000 x 12.15 % x 46 / 365 = 183.748 and 12 000 x 12.40 % x 51 / 365 = 207.912: together 391.66."""
    found = late_interest(_one("2026-05-15"), _paid((12000.0, "2026-08-20")), "2026-08-31")
    assert found["interest"].tolist() == [183.75, 207.91]
    assert found["days"].tolist() == [46, 51]
    assert round(found["interest"].sum(), 2) == 391.66


def test_a_public_buyer_keeps_the_rate_of_its_first_day():
    """12 000 x 10.15 % x 97 / 365 = 323.69, though 10.40 % begins on 1 July."""
    invoices = _one("2026-05-15", issue_date="2026-04-15", receipt_date="2026-04-15")
    found = late_interest(invoices, _paid((12000.0, "2026-08-20")), "2026-08-31", customers=_buyer("public"))
    assert (found["interest"].sum(), found["days"].sum(), set(found["rate"])) == (323.69, 97, {0.1015})


@pytest.mark.parametrize(("day_count", "parts", "total"), [
    # 12 000 x 14.5 % x 46 / 365 = 219.288; 12 000 x 14.25 % x 51 / 365 = 238.932; their exact sum 458.219
    ("365", [219.29, 238.93], 458.22),
    # 12 000 x 14.5 % x 46 / 366 = 218.689; 12 000 x 14.25 % x 51 / 366 = 238.279; their exact sum 456.967
    ("actual", [218.69, 238.28], 456.97),
    # 12 000 x 14.5 % x 46 / 360 = 222.333; 12 000 x 14.25 % x 51 / 360 = 242.25
    ("360", [222.33, 242.25], 464.58),
])  # fmt: skip
def test_a_leap_year(day_count, parts, total):
    found = late_interest(_one("2024-05-15"), _paid((12000.0, "2024-08-20")), "2024-12-31", day_count=day_count)
    assert found["interest"].tolist() == parts
    assert round(found["interest"].sum(), 2) == total


def test_a_public_buyer_cannot_be_granted_more_than_the_law_allows():
    """Issued on 5 January, taken as received on the 7th, payable on 6 February whatever the invoice grants:
    144 days to 30 June, 120 000 x 10.15 % x 144 / 365 = 4 805.26."""
    invoices = _one("2026-06-30", 120_000.0, issue_date="2026-01-05")
    found = late_interest(invoices, None, "2026-06-30", customers=_buyer("public"))
    assert (found["interest"].sum(), found["days"].sum()) == (4805.26, 144)
    due = recovery_indemnity(invoices, None, "2026-06-30", customers=_buyer("public"))
    assert due["indemnity"].tolist() == [40.0]
    assert due["first_day_late"].tolist() == [pd.Timestamp("2026-02-07")]


def test_a_payment_taken_back_bears_no_interest_on_interest():
    """100 000 due 31/01/2025; 60 000 paid 31/03 and taken back 31/05. 59 days: 100 000 x 13.15 % x 59 / 365 = 2 125.62,
    paid first: 57 874.38 less to pay. 61 days on 42 125.62 = 925.78. Taken back, 100 000 are owed again, never more
    (C. civ. 1343-2): 30 days at 13.15 % = 1 080.82, 184 days at 12.15 % = 6 124.93."""
    invoices, moves = _one("2025-01-31", 100_000.0), _paid((60_000.0, "2025-03-31"), (-60_000.0, "2025-05-31"))
    found = late_interest(invoices, moves, "2025-12-31", imputation="interest_first")
    assert found["base"].tolist() == [100_000.0, 42_125.62, 100_000.0, 100_000.0]
    assert round(found["interest"].sum(), 2) == 10_257.15  # 2 125.616 + 925.775 + 1 080.822 + 6 124.932 = 10 257.145
    assert found["to_interest"].sum() == pytest.approx(0, abs=1e-9)


def test_payments_taken_back_in_interest_first_day_by_day():
    claims, (invoices, settlements, customers, _) = _drawn(99, "2025-12-31", None, CASES, reversals=True)
    options = ("interest_first", "365", "from_start")
    claims = [claim._replace(judgment=None) for claim in claims]
    found = late_interest(
        invoices, settlements, "2025-12-31", customers=customers, imputation="interest_first", unknown="blank"
    )
    wrong = _differences(claims, found, "2025-12-31", options)
    assert not wrong, f"{len(wrong)} differences, among them\n" + "\n".join(wrong[:5])


def test_nothing_owed_needs_no_rate():
    """Principal paid in May, the interest of one day in October, when the floor of the contract's rate is unknown."""
    invoices = _one("2026-05-01")
    moves = _paid((10_000.0, "2026-05-02"), (2_003.95, "2026-05-02", "credit_note"), (4.0, "2026-10-01"))
    for unknown in ("raise", "blank"):
        found = late_interest(
            invoices, moves, "2026-10-31", customers=_buyer("business", 0.12), imputation="interest_first",
            credit_notes="own_date", unknown=unknown,
        )  # fmt: skip
        assert found["interest"].sum() == 3.95  # 12 000 x 12 % / 365
        assert found["reason"].isna().all()


def test_one_item_in_other_engines():
    import polars

    invoices, moves = _one("2026-05-15"), _paid((12000.0, "2026-08-20"))
    found = late_interest(polars.from_pandas(invoices), polars.from_pandas(moves), "2026-08-31")
    assert found["interest"].tolist() == [183.75, 207.91]


@pytest.mark.parametrize("columns", [{"kind": "credit_note", "amount": -500.0}, {"amount": 0.0}])
def test_a_credit_note_bears_no_interest(columns):
    assert late_interest(_one("2026-05-15", **columns), None, "2026-06-30").empty


def test_without_a_due_date_nothing_is_computed_and_it_is_said():
    found = late_interest(_one(None), None, "2026-06-30")
    assert found["reason"].tolist() == ["no_due_date"]
    assert found["interest"].isna().all()


@pytest.mark.parametrize(("as_of", "late_rate", "file"), [
    ("2027-01-31", None, "ecb_rates.csv"), ("2026-07-01", 0.12, "legal_rates.csv"),
])  # fmt: skip
def test_a_rate_that_is_not_known_is_refused(as_of, late_rate, file):
    with pytest.raises(cm.LegalUnknownError, match=file):
        late_interest(_one("2026-05-15"), None, as_of, customers=_buyer("business", late_rate))


@pytest.mark.parametrize(("as_of", "late_rate", "known"), [
    # 12 000 x (12.15 % x 46 + 12.40 % x 184) / 365 = 933.86
    ("2027-01-31", None, 933.86),
    # the contract's 12 % is above 3 x 2.62 % until 30 June: 12 000 x 12 % x 46 / 365 = 181.48
    ("2026-12-31", 0.12, 181.48),
])  # fmt: skip
def test_the_part_with_a_known_rate(as_of, late_rate, known):
    found = late_interest(_one("2026-05-15"), None, as_of, customers=_buyer("business", late_rate), unknown="blank")
    assert round(found["interest"].sum(), 2) == known
    last = found.iloc[-1]
    assert (last["reason"], last["base"], last["end"]) == ("rate_unknown", 12000.0, pd.Timestamp(as_of))
    assert pd.isna(last["interest"])
    assert pd.isna(last["rate"])


def test_what_follows_an_unknown_rate_is_unknown_where_interest_is_paid_first():
    """What of a payment of 2008 was interest cannot be told, so what is still owed cannot either."""
    moves = _paid((6000.0, "2008-12-01"))
    found = late_interest(_one("2008-10-31"), moves, "2009-01-20", imputation="interest_first", unknown="blank")
    assert found["reason"].tolist()[0] == "rate_unknown"
    assert found["reason"].tolist()[-1] == "base_unknown"
    assert found["interest"].isna().all()
    assert pd.isna(found["base"].iloc[-1])


def test_how_a_payment_was_used_is_unknown_with_the_rate():
    found = late_interest(
        _one("2026-05-15"), _paid((6000.0, "2027-01-10")), "2027-02-28", imputation="interest_first", unknown="blank"
    )
    assert found["base"].tolist()[:3] == [12000.0] * 3
    assert found[["to_interest", "to_principal"]].iloc[2].isna().all()
    assert pd.isna(found["base"].iloc[3])


def test_a_payment_without_a_date_is_refused():
    with pytest.raises(cm.InputError, match="F1"):
        late_interest(_one("2026-05-15"), _paid((6000.0, None)), "2026-06-30")


@pytest.mark.parametrize(("columns", "buyer"), [
    ({"issue_date": "2026-01-05"}, "public"), ({"kind": "doubtful", "booking_date": "2026-01-05"}, "business"),
])  # fmt: skip
def test_an_item_is_computed_or_said_not_to_be(columns, buyer):
    found = late_interest(_one(None, **columns), None, "2026-06-30", customers=_buyer(buyer))
    assert len(found) == 1


def test_a_claim_moved_to_416_is_counted_once():
    """26 days until the transfer, 20 after it: 12 000 x 12.15 % x 26 / 365 = 103.86, x 20 = 79.89; together 183.75."""
    first = _one("2026-05-15", kind="invoice", booking_date="2026-04-15", issue_date="2026-04-15")
    moved = _one("2026-05-15", item_id="F2", kind="doubtful", booking_date="2026-06-10", issue_date="2026-04-15")
    found = late_interest(pd.concat([first, moved]), _paid((12000.0, "2026-06-10", "to_doubtful")), "2026-06-30")
    assert found[["item_id", "days", "interest"]].values.tolist() == [["F1", 26.0, 103.86], ["F2", 20.0, 79.89]]


def test_an_item_booked_later_does_not_exist_yet():
    invoices = _one("2026-05-15", booking_date="2026-06-10")
    assert late_interest(invoices, None, "2026-06-09").empty
    assert late_interest(invoices, None, "2026-06-10")["interest"].sum() == 103.86  # 26 days, as above


@pytest.mark.parametrize(("issued", "opened", "days"), [
    ("2026-04-15", "2026-06-30", 45), ("2026-04-15", "2026-07-01", 46), ("2026-04-15", "2026-04-16", 0),
    ("2026-04-15", "2026-04-15", 46), ("2026-04-15", "2026-04-14", 46), (None, "2026-06-01", 16),
])  # fmt: skip
def test_interest_stops_the_day_before_the_judgment(issued, opened, days):
    """Due on 15 May, reckoned to 30 June, 46 days; debts of the day of the judgment or later are not frozen."""
    judged = pd.DataFrame({"customer_id": ["C1"], "opened": pd.to_datetime([opened])})
    invoices = _one("2026-05-15", issue_date=issued)
    found = late_interest(invoices, None, "2026-06-30", insolvencies=judged)
    assert found["days"].sum() == days
    due = recovery_indemnity(invoices, None, "2026-06-30", insolvencies=judged)
    assert due["indemnity"].tolist() == [40.0 if days == 46 else 0.0]


def test_a_public_claim_moved_to_416_keeps_its_first_rate():
    """Issued on 10 October 2023, late from 12 November: ECB 4.00 % + 8 points; 2024 would give 12.50 %."""
    invoices = _one("2023-11-10", kind="doubtful", issue_date="2023-10-10", booking_date="2024-03-15")
    found = late_interest(invoices, None, "2024-12-31", customers=_buyer("public"))
    assert (found["rate"].tolist(), found["start"].tolist()) == ([0.12], [pd.Timestamp("2024-03-16")])


def test_a_settlement_not_allocated_reduces_nothing():
    moves = _paid((12000.0, "2026-05-20")).assign(allocation_date=pd.Series([None], dtype="datetime64[us]"))
    assert late_interest(_one("2026-05-15"), moves, "2026-06-30")["interest"].sum() == 183.75


def test_a_settlement_counts_from_its_payment_once_it_is_allocated():
    moves = _paid((12000.0, "2026-05-20")).assign(allocation_date=pd.to_datetime(["2026-06-20"]))
    # 12 000 x 12.15 % x 5 / 365 = 19.97
    assert late_interest(_one("2026-05-15"), moves, "2026-06-20")["interest"].sum() == 19.97
    # not yet allocated on the 19th: 12 000 x 12.15 % x 35 / 365 = 139.81
    assert late_interest(_one("2026-05-15"), moves, "2026-06-19")["interest"].sum() == 139.81


@pytest.mark.parametrize(("contract", "regime", "rate"), [
    (0.1521, "contract", 0.1521), (0.1522, "contract", 0.1522), (0.1520, "floor", 0.1521), (0.0, "floor", 0.1521),
])  # fmt: skip
def test_three_times_the_legal_rate_of_early_2024(contract, regime, rate):
    """3 x 5.07 % = 15.21 %; a default rate (14.50 %) is not raised."""
    found = late_interest(_one("2024-01-31"), None, "2024-06-30", customers=_buyer("business", contract))
    assert (found["regime"].tolist(), found["rate"].tolist()) == ([regime], [rate])
    assert late_interest(_one("2024-01-31"), None, "2024-06-30")["rate"].tolist() == [0.145]


def test_an_odd_half_cent_goes_up():
    """73.00 x 10 % x 5 / 365 = 0.1 exactly; 3.65 x 10 % x 5 / 365 = 0.005, half a cent; 3.64 makes less."""
    for amount, cents in ((73.0, 10), (3.65, 1), (3.64, 0)):
        found = late_interest(_one("2020-03-01", amount), None, "2020-03-06")
        assert round(found["interest"].sum() * 100) == cents


# The fixed indemnity


def _indemnity(claim: oracle.Claim, as_of: int) -> tuple[float, str | None] | None:
    """C. com. L441-10, II and D441-5: 40 EUR where a day ran since 2013, unless the judgment froze the claim."""
    if claim.buyer == "consumer":
        return None
    first = oracle.last_day_in_time(claim) + 1
    owed = claim.cents - sum(cents for day, cents, kind in claim.moves if kind == "credit_note" and day <= as_of)
    owed -= sum(cents for day, cents, kind in claim.moves if kind != "credit_note" and day < first)
    if owed <= 0 or first > oracle.last_day_reckoned(claim, as_of):
        frozen = claim.judgment is not None and claim.issued < claim.judgment <= first <= as_of
        return (0.0, "frozen") if frozen and owed > 0 else None
    if claim.judgment is not None and claim.issued < claim.judgment <= as_of:
        left = owed - sum(
            cents for day, cents, kind in claim.moves if kind != "credit_note" and first <= day < claim.judgment
        )
        if left > 0:
            return 0.0, "frozen"
    return (40.0, None) if first >= oracle.SINCE_2013 else (0.0, "before_2013")


@pytest.mark.parametrize("seed", range(3))
def test_forty_euros_once_by_late_invoice(seed):
    as_of = ("2026-08-31", "2014-06-30", "2021-12-31")[seed]
    claims, (invoices, settlements, customers, insolvencies) = _drawn(500 + seed, as_of, None, CASES, reversals=False)
    found = recovery_indemnity(invoices, settlements, as_of, customers=customers, insolvencies=insolvencies)
    got = {row["document"]: (row["indemnity"], row["reason"]) for row in found.to_dict("records")}
    end = date.fromisoformat(as_of).toordinal()
    want = {f"F{position}": due for position, claim in enumerate(claims) if (due := _indemnity(claim, end))}
    wrong = [
        f"F{position}: {got.get(f'F{position}')} for {want.get(f'F{position}')}; {claim}"
        for position, claim in enumerate(claims)
        if got.get(f"F{position}") != want.get(f"F{position}")
    ]
    assert not wrong, f"{len(wrong)} differences, among them\n" + "\n".join(wrong[:5])


def test_once_for_the_instalments_of_an_invoice():
    items = pd.concat(
        [_one(due, item_id=f"F1/{due}", document="F1") for due in ("2026-04-30", "2026-03-31", "2026-09-30")]
    )
    found = recovery_indemnity(items, None, "2026-06-30")
    assert found[["document", "indemnity"]].values.tolist() == [["F1", 40.0]]
    assert found["first_day_late"].tolist() == [pd.Timestamp("2026-04-01")]


# Properties

AMOUNTS = st.integers(1, 500_000_000)
DAYS = st.dates(date(2009, 1, 1), date(2026, 6, 30))
DELAYS = st.integers(0, 1500)


def _total(*items, as_of="2026-12-31", **options):
    """Interest of items, each: cents, due date, then cents and day of what was paid."""
    invoices = pd.DataFrame({
        "item_id": [f"F{position}" for position in range(len(items))], "customer_id": "C1",
        "amount": [item[0] / 100 for item in items], "due_date": pd.to_datetime([item[1] for item in items]),
    })  # fmt: skip
    paid = [(f"F{position}", cents / 100, day) for position, item in enumerate(items) for cents, day in item[2]]
    settlements = pd.DataFrame(paid, columns=["item_id", "amount", "payment_date"])
    settlements["payment_date"] = pd.to_datetime(settlements["payment_date"])
    found = late_interest(invoices, settlements, as_of, **options)
    return found.assign(cents=(found["interest"] * 100).round()).groupby("item_id")["cents"].sum().to_dict()


@settings(max_examples=40, deadline=None)
@given(cents=AMOUNTS, due=DAYS, delay=DELAYS)
def test_twice_the_amount_twice_the_interest(cents, due, delay):
    paid = due + timedelta(days=delay)
    found = _total((cents, due, [(cents, paid)]), (2 * cents, due, [(2 * cents, paid)]))
    assert abs(found.get("F1", 0) - 2 * found.get("F0", 0)) <= 1


@settings(max_examples=40, deadline=None)
@given(one=AMOUNTS, other=AMOUNTS, due=DAYS, delay=DELAYS, day_count=st.sampled_from(("365", "360", "actual")))
def test_two_halves_bear_what_the_whole_bears(one, other, due, delay, day_count):
    paid = due + timedelta(days=delay)
    items = [(cents, due, [(cents // 2, paid)]) for cents in (one, other)]
    whole = (one + other, due, [(one // 2 + other // 2, paid)])
    found = _total(*items, whole, day_count=day_count)
    assert abs(found.get("F0", 0) + found.get("F1", 0) - found.get("F2", 0)) <= 1


@settings(max_examples=40, deadline=None)
@given(cents=AMOUNTS, due=DAYS, delay=DELAYS, sooner=st.integers(0, 400), share=st.integers(1, 100),
       imputation=st.sampled_from(("principal_first", "interest_first")))  # fmt: skip
def test_paying_sooner_never_costs_more_interest(cents, due, delay, sooner, share, imputation):
    part, day = max(1, cents * share // 100), due + timedelta(days=delay)
    late, soon = ((cents, due, [(part, at)]) for at in (day, day - timedelta(days=sooner)))
    found = _total(late, soon, imputation=imputation)
    assert found.get("F1", 0) <= found.get("F0", 0)
