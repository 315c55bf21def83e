"""Concentration, limits, the largest overdue, disputes: published case, hand calculations, properties."""

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import B2B, ENGINES, make_ledger, table

import cmtools as cm
from cmtools.exposure import next_action
from cmtools.schemas import CUSTOMERS, InputError
from cmtools.settings import reference_rows

EXAMPLES = yaml.safe_load((Path(__file__).parent / "examples" / "receivables.yaml").read_text(encoding="utf-8"))
AT = "2026-06-30"


def item(item_id, customer, amount, due="2026-07-31", **more):
    return {"item_id": item_id, "customer_id": customer, "amount": amount, "due_date": due} | (
        {"issue_date": "2026-01-01"} | more
    )


def ledger_of(items, customers=(), engine="pandas", settlements=(), **attributes):
    """Ledger whose customers are described; those that are not have their number as name."""
    ledger = make_ledger(items, settlements, engine, **attributes)
    described = {row["customer_id"]: row for row in customers}
    names = sorted({row.get("customer_id", "C1") for row in items} | set(described))
    rows = [{"customer_id": name, "customer_name": name} | described.get(name, {}) for name in names]
    ledger.customers = table(rows, CUSTOMERS)
    return ledger


def concentrated(items, customers=(), engine="pandas", settlements=(), **options):
    ledger = ledger_of(items, customers, engine, settlements)
    return cm.concentration(cm.report_items(ledger, AT), ledger, **options)


# ---- concentration


@pytest.mark.parametrize("case", EXAMPLES["hhi"], ids=lambda case: case["id"])
def test_hhi_published(case):
    found = cm.hhi(case["shares"])
    assert found == pytest.approx(case["hhi"], abs=case["tolerance"])
    assert found == pytest.approx(case["printed"], abs=case["tolerance"])
    assert 1 / found == pytest.approx(case["effective_number"], abs=5e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_groups_are_added_and_customers_in_credit_left_out(engine):
    # G: 300 + 200 = 500 (its member in credit pays nobody's debt); C4: 400 - 100 of an unallocated receipt = 300;
    # C5 alone 200; C6 in credit. Sum 1 000: shares 50, 30, 20 %; before each row 0, 50, 80 %: A, A, B (80 % is passed).
    items = [
        item("A", "C1", 300, "2026-06-29"),
        item("B", "C2", 200),
        item("C", "C3", -900),
        item("D", "C4", 400, "2026-06-30"),
        item("E", "C5", 200, None),
        item("F", "C6", -50),
    ]
    customers = [{"customer_id": name, "group_id": "G"} for name in ("C1", "C2", "C3")]
    found = concentrated(items, customers, engine, [{"customer_id": "C4", "amount": 100, "payment_date": "2026-06-01"}])
    assert found["group_id"].tolist() == ["G", "C4", "C5"]
    assert found["customer_name"].tolist() == ["G", "C4", "C5"]
    assert found["members"].tolist() == [2, 1, 1]
    assert found["rank"].tolist() == [1, 2, 3]
    assert found["outstanding"].tolist() == [500, 300, 200]
    assert found["share"].tolist() == [0.5, 0.3, 0.2]
    assert found["cumulative_share"].tolist() == [0.5, 0.8, 1.0]
    assert found["abc_class"].tolist() == ["A", "A", "B"]
    assert found["overdue"].tolist() == [300, 0, 0]  # due on the day is not late, no due date neither


def test_by_customer_there_are_no_groups():
    found = concentrated(
        [item("A", "C1", 10), item("B", "C2", 30)], [{"customer_id": "C1", "group_id": "G"}], by="customer_id"
    )
    assert found["customer_id"].tolist() == ["C2", "C1"]
    assert "members" not in found


def test_the_parent_of_a_group_belongs_to_it_and_names_it():
    customers = [
        {"customer_id": "P", "customer_name": "Parent SA"},
        {"customer_id": "F", "customer_name": "Filiale", "group_id": "P"},
    ]
    found = concentrated([item("A", "P", 10), item("B", "F", 30)], customers)
    assert found[["group_id", "customer_name", "members", "outstanding"]].values.tolist() == [["P", "Parent SA", 2, 40]]


@pytest.mark.parametrize(
    ("amounts", "classes"),
    [
        ((100,), "A"),  # one customer holds all: A, not C
        ((80, 15, 5), "ABC"),  # exactly on both bounds: the next row begins the next class
        ((79.99, 15.01, 5), "AAC"),  # a cent short of 80 %: one more row completes A, and reaches 95 %
        ((80.01, 14.98, 5.01), "ABB"),  # 94.99 % before the third
        ((25, 25, 25, 25), "AAAA"),  # 75 % before the fourth
        ((20, 20, 20, 20, 20), "AAAAB"),
    ],
)
def test_the_row_that_crosses_a_bound_belongs_to_the_class_it_completes(amounts, classes):
    found = concentrated([item(f"I{n}", f"C{n}", amount) for n, amount in enumerate(amounts)])
    assert "".join(found["abc_class"]) == classes


def test_other_classes_and_ties_in_the_order_of_the_numbers():
    items = [item("A", "C2", 50), item("B", "C1", 50)]
    assert concentrated(items, classes=(0.5,))["abc_class"].tolist() == ["A", "B"]
    assert concentrated(items)["group_id"].tolist() == ["C1", "C2"]
    for classes in ((), (0,), (0.8, 0.8), (0.9, 0.8), (1.0,), (float("nan"),)):
        with pytest.raises(InputError):
            concentrated(items, classes=classes)


def test_nothing_owed_gives_no_row_and_no_measure():
    ledger = ledger_of([item("A", "C1", -10)])
    found = cm.concentration(cm.report_items(ledger, AT), ledger)
    assert found.empty
    assert list(found.columns) == list(concentrated([item("A", "C1", 10)]).columns)
    row = cm.concentration_measures(found, 100).iloc[0]
    assert row[["hhi", "effective_number", "top_1", "top_5", "top_10", "largest_to_equity"]].isna().all()
    assert (row["count"], row["reason"]) == (0, "no_outstanding")


def test_measures_by_hand():
    # 60, 30, 10: HHI 0.36 + 0.09 + 0.01 = 0.46; 1 / 0.46 = 2.1739; largest / equity 60 / 240
    found = concentrated([item(f"I{n}", f"C{n}", amount) for n, amount in enumerate((60, 30, 10))])
    row = cm.concentration_measures(found, equity=240).iloc[0]
    assert row["hhi"] == pytest.approx(0.46)
    assert row["hhi_points"] == pytest.approx(4600)
    assert row["effective_number"] == pytest.approx(2.1739, abs=5e-5)
    assert row["top_1"] == pytest.approx(0.6)
    assert row["top_5"] == row["top_10"] == pytest.approx(1)
    assert (row["largest_to_equity"], row["outstanding"], row["reason"]) == (0.25, 100, None)


@pytest.mark.parametrize(
    ("equity", "reason"), [(None, "equity_not_given"), (0, "equity_not_positive"), (-5, "equity_not_positive")]
)
def test_without_equity_no_ratio_to_it(equity, reason):
    row = cm.concentration_measures(concentrated([item("A", "C1", 10)]), equity).iloc[0]
    assert pd.isna(row["largest_to_equity"])
    assert (row["reason"], row["hhi"]) == (reason, 1)


@pytest.mark.parametrize("shares", [[0.5, 0.4], [1.2, -0.2], [0.5, float("nan")], [2.0]])
def test_shares_that_are_none(shares):
    with pytest.raises(InputError):
        cm.hhi(shares)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-5_000_000, 5_000_000), min_size=1, max_size=12), st.integers(1, 4))
def test_shares_cumulate_to_one_and_the_index_is_bounded(cents, groups):
    owed = [value for value in cents if value > 0]
    if not owed:
        return
    names = [f"C{n:02}" for n in range(len(cents))]
    items = pd.DataFrame({"item_id": names, "customer_id": names, "open_amount": [value / 100 for value in cents]})
    items = items.assign(kind="invoice", currency="EUR", issue_date=None, due_date=None, days_late=-1)
    customers = [{"customer_id": name, "group_id": f"G{n % groups}"} for n, name in enumerate(names)]
    found = cm.concentration(items, ledger_of([item("A", "C00", 1)], customers))
    assert round(100 * found["outstanding"].sum()) == sum(owed)
    assert found["share"].sum() == pytest.approx(1)
    assert found["cumulative_share"].iloc[-1] == 1
    assert found["outstanding"].is_monotonic_decreasing
    assert found["abc_class"].is_monotonic_increasing
    assert found["members"].sum() == len(owed)
    assert 1 / len(found) - 1e-9 <= cm.hhi(found["share"]) <= 1 + 1e-9


# ---- limits

LIMITED = [
    {"customer_id": "C1", "credit_limit": 100.0, "insurer_limit": 120.0, "collector": "Ana"},
    {"customer_id": "C2", "credit_limit": 100.0, "insurer_limit": 0.0},
    {"customer_id": "C3", "credit_limit": 0.0},
    {"customer_id": "C4"},
    {"customer_id": "C5", "credit_limit": 0.0},
]
OWED = [
    item("A", "C1", 130, "2026-06-29"),  # 30 above its limit, 10 above the insurer's
    item("B", "C2", 100),  # exactly at its limit, 100 above the insurer's
    item("C", "C3", 0.01),  # refused
    item("D", "C4", 5000),  # no limit was set
    item("E", "C5", -10),  # refused, but in credit
]


@pytest.mark.parametrize("engine", ENGINES)
def test_limits_by_hand(engine):
    ledger = ledger_of(OWED, LIMITED, engine)
    items = cm.report_items(ledger, AT)
    over = cm.limits_exceeded(items, ledger)
    assert over["customer_id"].tolist() == ["C1", "C3"]
    first, refused = over.iloc[0], over.iloc[1]
    assert (first["outstanding"], first["credit_limit"], first["excess"]) == (130, 100, 30)
    assert (first["limit_use"], first["insurer_limit"], first["insurer_excess"], first["overdue"]) == (
        1.3,
        120,
        10,
        130,
    )
    assert (first["collector"], first["currency"]) == ("Ana", "EUR")
    assert (refused["outstanding"], refused["excess"], refused["credit_limit"]) == (0.01, 0.01, 0)
    assert pd.isna(refused["limit_use"])
    assert pd.isna(refused["insurer_excess"])  # no insurer's limit is not a limit of zero
    assert refused["collector"] is None
    coverage = cm.limits_coverage(items, ledger).iloc[0]
    assert (coverage["count_judged"], coverage["outstanding_judged"]) == (3, 230.01)
    assert (coverage["count_without_limit"], coverage["outstanding_without_limit"]) == (1, 5000)
    assert (coverage["count_refused"], coverage["count_partial"], coverage["reason"]) == (1, 0, None)


@pytest.mark.parametrize(("tolerance", "excess"), [(0.0, 30.0), (0.29, 1.0), (0.2999, 0.01), (0.3, None)])
def test_both_sides_of_the_tolerance(tolerance, excess):
    ledger = ledger_of(OWED[:1], LIMITED[:1])
    over = cm.limits_exceeded(cm.report_items(ledger, AT), ledger, tolerance)
    assert over["excess"].tolist() == ([] if excess is None else [excess])


@pytest.mark.parametrize("tolerance", [-0.1, float("inf"), float("nan")])
def test_tolerance_is_a_fraction(tolerance):
    ledger = ledger_of(OWED, LIMITED)
    with pytest.raises(InputError):
        cm.limits_exceeded(cm.report_items(ledger, AT), ledger, tolerance)


def test_an_unallocated_receipt_reduces_the_exposure():
    ledger = ledger_of(OWED[:1], LIMITED[:1], settlements=[{"amount": 30, "payment_date": "2026-06-30"}])
    assert cm.limits_exceeded(cm.report_items(ledger, AT), ledger).empty
    later = ledger_of(OWED[:1], LIMITED[:1], settlements=[{"amount": 30, "payment_date": "2026-07-01"}])
    assert cm.limits_exceeded(cm.report_items(later, AT), later)["excess"].tolist() == [30]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_limit_of_a_group(engine):
    # G: 70 + 60 = 130 against 50 + 40 + 20 = 110: the limit of its member that owes nothing counts, and the member
    # without a limit that owes nothing does not make the sum unknown. H: a member that owes has no limit: not judged.
    items = [
        item("A", "C1", 70, "2026-06-01"),
        item("B", "C2", 60),
        item("C", "C3", -500),
        item("D", "D1", 900),
        item("E", "D2", 1),
    ]
    customers = [
        {"customer_id": "C1", "group_id": "G", "credit_limit": 50.0, "insurer_limit": 10.0},
        {"customer_id": "C2", "group_id": "G", "credit_limit": 40.0},
        {"customer_id": "C3", "group_id": "G", "credit_limit": 20.0},
        {"customer_id": "C4", "group_id": "G"},
        {"customer_id": "D1", "group_id": "H", "credit_limit": 10.0},
        {"customer_id": "D2", "group_id": "H"},
    ]
    ledger = ledger_of(items, customers, engine)
    items = cm.report_items(ledger, AT)
    over = cm.limits_exceeded(items, ledger, by="group_id")
    assert over["group_id"].tolist() == ["G"]
    row = over.iloc[0]
    assert (row["members"], row["outstanding"], row["credit_limit"], row["excess"], row["overdue"]) == (
        2,
        130,
        110,
        20,
        70,
    )
    assert pd.isna(row["insurer_limit"])  # C2 owes and has none
    coverage = cm.limits_coverage(items, ledger, by="group_id").iloc[0]
    assert (coverage["count_judged"], coverage["count_without_limit"], coverage["outstanding_without_limit"]) == (
        1,
        1,
        901,
    )


def test_limits_are_in_the_currency_of_the_books():
    dollars = {"currency": "USD", "book_amount": None}
    items = [item("A", "C1", 130), item("B", "C1", 999, **dollars), item("C", "C4", 5, **dollars)]
    ledger = ledger_of(items, LIMITED)
    items = cm.report_items(ledger, AT)
    with pytest.raises(InputError):
        cm.limits_exceeded(items, ledger)
    assert cm.limits_exceeded(items, ledger, currency="EUR")["excess"].tolist() == [30]
    euros = cm.limits_coverage(items, ledger, currency="EUR").iloc[0]
    assert (euros["count_judged"], euros["count_partial"], euros["reason"]) == (1, 1, None)
    assert cm.limits_exceeded(items, ledger, currency="USD").empty
    foreign = cm.limits_coverage(items, ledger, currency="USD").iloc[0]
    assert (foreign["count_judged"], foreign["outstanding_without_limit"]) == (0, 1004)
    assert foreign["reason"] == "limits_other_currency"


def test_no_limit_at_all_is_said():
    ledger = ledger_of([item("A", "C1", 130)])
    ledger.customers = ledger.customers[["customer_id", "customer_name"]]
    items = cm.report_items(ledger, AT)
    assert cm.limits_exceeded(items, ledger).empty
    coverage = cm.limits_coverage(items, ledger).iloc[0]
    assert (coverage["count_judged"], coverage["count_without_limit"], coverage["reason"]) == (0, 1, "no_limits")


# ---- the largest overdue


@pytest.mark.parametrize("engine", ENGINES)
def test_largest_overdue_by_hand(engine):
    items = [
        # C1: 100 disputed (two reasons, 70 and 30), 60 not: 160 late; oldest item of 1 March is 121 days late
        item("A", "C1", 70, "2026-03-01", document="F-A", dispute_from="2026-04-01", dispute_reason="prix"),
        item("B", "C1", 30, "2026-05-01", dispute_from="2026-05-02", dispute_reason="qualité"),
        item("C", "C1", 60, "2026-06-20"),
        item("D", "C1", 999, "2026-06-30"),  # due on the day: not late
        # C2: doubtful
        item("E", "C2", 150, "2025-06-30", doubtful_from="2026-01-01"),
        # C3: retention money released on 1 June, never paid
        item("F", "C3", 140, "2026-06-01", retention=True),
        # C4: returned payment, 130 days? no: due 20 June
        item("G", "C4", 130, "2026-06-20", kind="returned_payment"),
        # C5: nothing said, 1 day late
        item("H", "C5", 120, "2026-06-29"),
        item("I", "C6", 500, "2026-07-01"),
    ]
    customers = [{"customer_id": "C1", "customer_name": "Un", "collector": "Ana"}]
    ledger = ledger_of(items, customers, engine, [{"customer_id": "C1", "amount": 9, "payment_date": "2026-06-01"}])
    late = cm.largest_overdue(cm.report_items(ledger, AT), ledger, AT).set_index("customer_id")
    assert late["overdue"].to_dict() == {"C1": 160, "C2": 150, "C3": 140, "C4": 130, "C5": 120}
    assert late["cause"].tolist() == [
        "cause_disputed",
        "cause_doubtful",
        "cause_retention",
        "cause_returned",
        "no_known_cause",
    ]
    assert late["cause_amount"].tolist() == [100, 150, 140, 130, 120]
    assert late["oldest_days_late"].tolist() == [121, 365, 29, 10, 1]
    # C1: of what is not disputed the oldest is 10 days late
    assert late["next_action"].tolist() == [
        "remind_firmly", "follow_the_file", "ask_for_release", "remind_firmly", "wait_for_tolerance",
    ]  # fmt: skip
    first = late.loc["C1"]
    assert (first["outstanding"], first["oldest_item"], first["customer_name"]) == (1150, "F-A", "Un")
    assert (first["oldest_due_date"], first["dispute_reason"]) == (pd.Timestamp("2026-03-01"), "prix ; qualité")
    assert first["collector"] == "Ana"
    assert late.loc["C2", ["collector", "dispute_reason"]].isna().all()
    assert late.loc["C5", "oldest_item"] == "H"  # no document number: the item's


def test_count_and_ties():
    ledger = ledger_of([item(f"I{n}", f"C{n}", 100, "2026-06-01") for n in (3, 1, 2)])
    items = cm.report_items(ledger, AT)
    assert cm.largest_overdue(items, ledger, AT, count=2)["customer_id"].tolist() == ["C1", "C2"]
    assert cm.largest_overdue(items, ledger, "2026-06-30", count=1).columns.tolist() == [
        "customer_id", "customer_name", "currency", "overdue", "outstanding", "oldest_item", "oldest_due_date",
        "oldest_days_late", "cause", "cause_amount", "dispute_reason", "collector", "next_action",
    ]  # fmt: skip
    for count in (0, -1, 1.5, True):
        with pytest.raises(InputError):
            cm.largest_overdue(items, ledger, AT, count=count)


def test_nothing_late_gives_no_row():
    ledger = ledger_of([item("A", "C1", 5)])
    items = cm.report_items(ledger, AT)
    assert cm.largest_overdue(items, ledger, AT).empty
    assert cm.disputes_by_cause(items, ledger, AT).empty


@pytest.mark.parametrize(
    ("days", "action"),
    [
        (1, "wait_for_tolerance"), (2, "wait_for_tolerance"), (3, "remind_friendly"), (9, "remind_friendly"),
        (10, "remind_firmly"), (19, "remind_firmly"), (20, "last_notice"), (29, "last_notice"),
        (30, "give_formal_notice"), (44, "give_formal_notice"), (45, "hand_over"), (4000, "hand_over"),
    ],
)  # fmt: skip
def test_both_sides_of_each_step(days, action):
    plain = {"disputed": False, "doubtful": False, "retention": False}
    assert next_action(pd.DataFrame([plain | {"days_late": days}])) == action
    # an older disputed item or retention money does not hurry the reminder of the other
    for state in ("disputed", "retention"):
        rows = [plain | {"days_late": days}, plain | {"days_late": 900, state: True}]
        assert next_action(pd.DataFrame(rows)) == action
    assert next_action(pd.DataFrame([plain | {"days_late": days, "disputed": True}])) == "settle_the_dispute"
    assert next_action(pd.DataFrame([plain | {"days_late": days, "retention": True}])) == "ask_for_release"
    assert next_action(pd.DataFrame([plain | {"days_late": days, "doubtful": True}])) == "follow_the_file"


def test_every_action_and_cause_has_a_label():
    from cmtools.language import label

    keys = [row["key"] for row in reference_rows("next_actions.csv")]
    keys += ["cause_doubtful", "cause_disputed", "cause_returned", "cause_retention", "no_known_cause"]
    assert [key for key in keys if label(key, "fr") == key or label(key, "en") == key] == []


# ---- disputes


@pytest.mark.parametrize("engine", ENGINES)
def test_disputes_by_hand(engine):
    items = [
        item("A", "C1", 300, "2026-06-01", dispute_from="2026-06-20", dispute_reason="prix"),  # 10 days
        item("B", "C2", 100, "2026-07-15", dispute_from="2026-05-31", dispute_reason="prix"),  # 30 days
        item("C", "C2", 50, "2026-06-29", dispute_from="2026-06-30"),  # 0 days, no reason
        item("D", "C3", 70, "2026-06-01", dispute_from="2026-05-01", dispute_until="2026-06-30", dispute_reason="prix"),
        item("E", "C3", 70, "2026-06-01", dispute_from="2026-07-01", dispute_reason="prix"),  # later
    ]
    ledger = ledger_of(items, engine=engine)
    found = cm.disputes_by_cause(cm.report_items(ledger, AT), ledger, AT)
    # prix: 400 open, 300 of it late; (300 x 10 + 100 x 30) / 400 = 15 days
    assert found["count"].tolist() == [2, 1]
    assert found[["open_amount", "overdue", "oldest_days", "average_days"]].values.tolist() == [
        [400, 300, 30, 15],
        [50, 50, 0, 0],
    ]
    assert found["dispute_reason"].tolist()[0] == "prix"
    assert pd.isna(found["dispute_reason"].iloc[1])
    assert found["currency"].tolist() == ["EUR", "EUR"]


def test_items_in_pandas_go_with_a_ledger_of_another_engine():
    rows = [item("A", "C1", 300, "2026-06-01", dispute_from="2026-06-20", dispute_reason="prix")]
    ledger = ledger_of(rows, engine="duckdb")
    items = cm.report_items(ledger, AT).df()
    assert cm.disputes_by_cause(items, ledger, AT)["open_amount"].tolist() == [300]
    assert cm.largest_overdue(items, ledger, AT)["overdue"].tolist() == [300]
    assert cm.concentration(items, ledger)["outstanding"].tolist() == [300]


def test_what_the_source_does_not_tell_is_not_nil():
    ledger = ledger_of([item("A", "C1", 300, "2026-06-01")], silent=("disputed",))
    found = cm.disputes_by_cause(cm.report_items(ledger, AT), ledger, AT)
    assert found.empty
    assert {"dispute_reason", "average_days"} <= set(found.columns)


def test_a_missing_column_is_named():
    ledger = ledger_of([item("A", "C", 1)])
    with pytest.raises(InputError, match="days_late"):
        cm.concentration(cm.report_items(ledger, AT).drop(columns="days_late"), ledger)


# ---- the sample, computed apart with the csv module


@pytest.fixture(scope="module")
def sample(root):
    data = root / "data"
    ledger = cm.read_ledger(data / "factures.csv", data / "reglements.csv", data / "clients.csv")
    return ledger, cm.report_items(ledger, AT)


def cents(text):
    return int(text.replace(",", "")) if text else 0


@pytest.fixture(scope="module")
def by_hand(root):
    """Cents owed and overdue by customer: everything booked less everything paid, as all of it is before the date."""

    def rows(name):
        with (root / "data" / name).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file, delimiter=";"))

    owed, left, due = Counter(), Counter(), {}
    for row in rows("factures.csv"):
        owed[row["N° client"]] += cents(row["Montant TTC EUR"])
        left[row["Pièce"], row["N° client"]] += cents(row["Montant TTC EUR"])
        due[row["Pièce"]] = row["Échéance"] and date(*map(int, reversed(row["Échéance"].split("/"))))
    for row in rows("reglements.csv"):
        owed[row["N° client"]] -= cents(row["Montant EUR"])
        if row["Pièce"]:
            left[row["Pièce"], row["N° client"]] -= cents(row["Montant EUR"])
    late = Counter()
    for (item_id, customer), value in left.items():
        if value > 0 and due[item_id] and due[item_id] < date(2026, 6, 30):
            late[customer] += value
    return owed, late, {row["N° client"]: row for row in rows("clients.csv")}


def test_the_sample_agrees_with_plain_python(sample, by_hand):
    (ledger, items), (owed, late, customers) = sample, by_hand
    groups = Counter()
    for customer, value in owed.items():
        groups[customers[customer]["Groupe"] or customer] += max(value, 0)
    found = cm.concentration(items, ledger).set_index("group_id")["outstanding"]
    assert {name: round(100 * value) for name, value in found.items()} == {k: v for k, v in groups.items() if v}
    over = {
        name: owed[name] - cents(row["Limite de crédit"])
        for name, row in customers.items()
        if row["Limite de crédit"] and owed[name] > cents(row["Limite de crédit"])
    }
    found = cm.limits_exceeded(items, ledger).set_index("customer_id")["excess"]
    assert {name: round(100 * value) for name, value in found.items()} == over
    top = sorted(late.items(), key=lambda row: (-row[1], row[0]))[:10]
    found = cm.largest_overdue(items, ledger, AT)
    assert list(zip(found["customer_id"], (100 * found["overdue"]).round())) == top


def test_the_disputes_of_the_sample_are_those_of_its_aged_balance(sample):
    ledger, items = sample
    found = cm.disputes_by_cause(items, ledger, AT)
    assert found["count"].sum() == 9
    assert found["open_amount"].sum() == pytest.approx(cm.aged_balance(items, AT, by=None)["disputed"].sum())


# ---- real files


def test_real_ledgers(real_data):
    ledger = cm.read_ledger(real_data / "ar" / "ibm_accounts_receivable.csv")
    items = cm.report_items(ledger, "2013-06-30")
    found = cm.concentration(items, ledger)
    assert found["outstanding"].sum() == pytest.approx(items["open_amount"].sum())  # nobody is in credit there
    assert cm.limits_coverage(items, ledger).iloc[0]["reason"] == "no_limits"
    late = cm.largest_overdue(items, ledger, "2013-06-30")
    overdue = items[items["days_late"] > 0].groupby("customer_id")["open_amount"].sum()
    assert late["overdue"].tolist() == pytest.approx(overdue.sort_values(ascending=False).head(10).tolist())
    ledger = cm.read_ledger(real_data / "ar" / "b2b_open_invoices.csv.gz", columns=B2B)
    items = cm.report_items(ledger, "2020-05-22")
    for currency in ("USD", "CAD"):
        mine = items[items["currency"] == currency].groupby("customer_id")["open_amount"].sum()
        found = cm.concentration(items, ledger, currency=currency)
        assert found["outstanding"].sum() == pytest.approx(mine[mine > 0.005].sum())
        assert set(found["currency"]) == {currency}
    assert cm.disputes_by_cause(items, ledger, "2020-05-22", currency="USD").empty
