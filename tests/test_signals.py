"""Warning signals: both sides of each threshold by hand, what cannot be judged, the sentences."""

from datetime import date, timedelta

import pandas as pd
import pytest
from ledgers import ENGINES, make_ledger, table

import cmtools as cm
from cmtools.language import HARD, THIN
from cmtools.schemas import CUSTOMERS, InputError

AT = date(2026, 6, 30)
NAMES = [
    "insurer_refused", "returned_payment", "late_amount_and_age", "silent_payer", "limit_use", "slower_payer",
    "outstanding_jump", "old_dispute", "concentration", "idle_credit",
]  # fmt: skip


def days_before(days):
    return (AT - timedelta(days=days)).isoformat()


def item(item_id, amount, late=-30, customer="C1", issued=400, **more):
    """An item due `late` days before the closing date and issued `issued` days before it."""
    return {
        "item_id": item_id, "customer_id": customer, "amount": amount, "issue_date": days_before(issued),
        "due_date": days_before(late),
    } | more  # fmt: skip


def paid(item_id, amount, days, customer="C1", **more):
    """A receipt so many days before the closing date."""
    return {"item_id": item_id, "customer_id": customer, "amount": amount, "payment_date": days_before(days)} | more


def ledger_of(items, settlements=(), engine="pandas", customers=(), **attributes):
    ledger = make_ledger(items, settlements, engine, **attributes)
    described = {row["customer_id"]: row for row in customers}
    names = sorted({row["customer_id"] for row in items} | set(described))
    rows = [{"customer_id": name, "customer_name": name} | described.get(name, {}) for name in names]
    ledger.customers = table(rows, CUSTOMERS)
    return ledger


def only(signal, **thresholds):
    """The thresholds with one signal on."""
    signals = cm.read_signals()
    signals["active"] = signals["signal"] == signal
    for name, value in thresholds.items():
        signals.loc[signals["signal"] == signal, name] = value
    return signals


def raised(signal, ledger, as_of=AT, **thresholds):
    """Customers that raise one signal, with what was measured."""
    found = cm.warning_signals(ledger, as_of, only(signal, **thresholds))
    assert set(found["signal"]) <= {signal}
    return dict(zip(found["customer_id"], found["measured"]))


# an item of an old past, so that the history is long enough for every signal
OLD = item("OLD", 0.01, late=700, customer="C0", issued=800)


# ---- late_amount_and_age: more than 5 000, late by more than 30 days, undisputed


@pytest.mark.parametrize("engine", ENGINES)
def test_amount_and_age_together(engine):
    items = [
        item("A", 5000.01, 31),
        item("B", 5000, 31, "C2"),  # the amount alone is not above
        item("C", 9000, 30, "C3"),  # nor is the age
        item("D", 3000, 31, "C4"),
        item("E", 2000.5, 90, "C4"),  # two small ones add up
        item("F", 9000, 31, "C5", dispute_from=days_before(3)),
        item("G", 9000, 31, "C6", dispute_from=days_before(60), dispute_until=days_before(0)),  # settled today
        item("H", -9000, 31, "C7"),
    ]
    ledger = ledger_of(items, engine=engine)
    assert raised("late_amount_and_age", ledger) == {"C1": 5000.01, "C4": 5000.5, "C6": 9000}
    found = cm.warning_signals(ledger, AT, only("late_amount_and_age")).set_index("customer_id")
    assert found.loc["C4", "second_measured"] == 90
    assert raised("late_amount_and_age", ledger, threshold=9000, second_threshold=29) == {}
    assert raised("late_amount_and_age", ledger, threshold=8999.99, second_threshold=29) == {"C3": 9000, "C6": 9000}


# ---- slower_payer: the last three months against the nine before them


@pytest.mark.parametrize("engine", ENGINES)
def test_a_slower_payer_by_hand(engine):
    # Recent months: from 1 April 2026 (90 days before 30 June). Earlier: 1 July 2025 (364 days) to 31 March (91 days).
    # C1, due 100 days before the date, paid 80, 70, 60 days before: 20, 30 and 40 days late for 100, 100 and 200:
    # (2 000 + 3 000 + 8 000) / 400 = 32.5. Earlier: due 300 days before, paid 281 to 279: 19, 20, 21, average 20.
    items = [item(f"R{n}", amount, 100) for n, amount in enumerate((100, 100, 200))]
    items += [item(f"E{n}", 100, 300) for n in range(3)]
    receipts = [paid("R0", 100, 80), paid("R1", 100, 70), paid("R2", 200, 60)]
    receipts += [paid("E0", 100, 281), paid("E1", 100, 280), paid("E2", 100, 279)]
    ledger = ledger_of([*items, OLD], receipts, engine)
    assert raised("slower_payer", ledger) == {"C1": pytest.approx(12.5)}
    assert raised("slower_payer", ledger, threshold=12.5) == {}
    assert raised("slower_payer", ledger, threshold=12.49) == {"C1": pytest.approx(12.5)}
    assert raised("slower_payer", ledger, second_threshold=4) == {}  # three items on each side


def test_too_few_payments_on_one_side_or_outside_the_windows():
    items = [item(f"I{n}", 100, 300) for n in range(4)]
    late, early = [paid(f"I{n}", 100, 10) for n in range(2)], [paid("I2", 100, 299), paid("I3", 100, 298)]
    ledger = ledger_of([*items, OLD], [*late, *early])
    # 290 days late against 1 and 2 (average 1.5): 288.5
    assert raised("slower_payer", ledger, second_threshold=2) == {"C1": pytest.approx(288.5)}
    assert raised("slower_payer", ledger, second_threshold=3) == {}
    alone = ledger_of([*items, OLD], late)
    assert raised("slower_payer", alone, second_threshold=1) == {}
    too_old = ledger_of([*items, OLD], [*late, paid("I2", 100, 365), paid("I3", 100, 366)])
    assert raised("slower_payer", too_old, second_threshold=1) == {}
    later = ledger_of([*items, OLD], [*early, paid("I0", 100, -1), paid("I1", 100, -1)])  # paid after the date
    assert raised("slower_payer", later, second_threshold=1) == {}
    back = [paid(f"I{n}", amount, days) for n in range(2) for amount, days in ((99, 10), (-100, 5))]
    assert (
        raised("slower_payer", ledger_of([*items, OLD], [*back, *early]), second_threshold=1) == {}
    )  # less than nothing
    credit_notes = ledger_of([*items, OLD], [row | {"kind": "credit_note"} for row in late] + early)
    assert raised("slower_payer", credit_notes, second_threshold=1) == {}


# ---- limit_use: 90 % of the own limit


@pytest.mark.parametrize("engine", ENGINES)
def test_use_of_the_limit(engine):
    items = [
        item("A", 90, customer="C1"), item("B", 89.99, customer="C2"), item("C", 0.01, customer="C3"),
        item("D", -5, customer="C4"), item("E", 9999, customer="C5"), item("F", 100, customer="C6"),
    ]  # fmt: skip
    limits = {"C1": 100.0, "C2": 100.0, "C3": 0.0, "C4": 0.0, "C5": None, "C6": 100.0}
    customers = [{"customer_id": name, "credit_limit": limit} for name, limit in limits.items()]
    receipt = [paid(None, 10.01, 1, "C6")]  # unallocated: 89.99 are owed
    found = raised("limit_use", ledger_of(items, receipt, engine, customers))
    assert found.pop("C1") == 0.9
    assert pd.isna(found.pop("C3"))  # a limit of 0 has no rate of use
    assert found == {}


# ---- insurer_refused: above the insurer's limit


def test_insurer():
    items = [
        item("A", 100, customer="C1"), item("B", 100.01, customer="C2"), item("C", 5, customer="C3"),
        item("D", -5, customer="C4"), item("E", 9999, customer="C5"),
    ]  # fmt: skip
    limits = {"C1": 100.0, "C2": 100.0, "C3": 0.0, "C4": 0.0, "C5": None}
    customers = [{"customer_id": name, "insurer_limit": limit} for name, limit in limits.items()]
    ledger = ledger_of(items, customers=customers)
    assert raised("insurer_refused", ledger) == {"C2": 0.01, "C3": 5}
    assert raised("insurer_refused", ledger, threshold=0.01) == {"C3": 5}


# ---- old_dispute: more than 90 days


@pytest.mark.parametrize("engine", ENGINES)
def test_old_disputes(engine):
    items = [
        item("A", 10, customer="C1", dispute_from=days_before(91), dispute_reason="prix"),
        item("B", 10, customer="C1", dispute_from=days_before(200), dispute_reason="qualité"),
        item("C", 10, customer="C2", dispute_from=days_before(90)),
        item("D", 10, customer="C3", dispute_from=days_before(200), dispute_until=days_before(1)),
        item("E", 10, customer="C4", dispute_from=days_before(200)),
    ]
    ledger = ledger_of(items, [paid("E", 10, 5, "C4")], engine)  # the item of C4 is paid
    assert raised("old_dispute", ledger) == {"C1": 200}
    assert cm.warning_signals(ledger, AT, only("old_dispute"))["detail"].tolist() == ["qualité"]
    assert raised("old_dispute", ledger, threshold=89) == {"C1": 200, "C2": 90}


# ---- returned_payment: one in six months


@pytest.mark.parametrize("engine", ENGINES)
def test_returned_payments(engine):
    # six months back from 30 June: from 1 January, 180 days before
    items = [
        item("A", 10, customer="C1", issued=180, kind="returned_payment"),
        item("B", 10, customer="C2", issued=181, kind="returned_payment"),
        item("C", 10, customer="C3", issued=5),
        item("D", 10, customer="C4", issued=-1, kind="returned_payment"),
        item("E", 10, customer="C5", issued=5, kind="returned_payment"),
        item("F", 10, customer="C5", issued=6, kind="returned_payment"),
    ]
    ledger = ledger_of(items, [paid("A", 10, 100)], engine)  # paid since: it was returned all the same
    assert raised("returned_payment", ledger) == {"C1": 1, "C5": 2}
    assert raised("returned_payment", ledger, threshold=2) == {"C5": 2}
    assert raised("returned_payment", ledger, second_threshold=7) == {"C1": 1, "C2": 1, "C5": 2}


# ---- silent_payer: something late by more than 30 days, nothing paid for 60


@pytest.mark.parametrize("engine", ENGINES)
def test_silence(engine):
    items = [
        item("A", 10, 31, "C1"), item("B", 10, 31, "C2"), item("C", 10, 30, "C3"), item("D", 10, 31, "C4", issued=59),
        item("E", 10, 31, "C5", issued=60), item("F", 10, 31, "C6", dispute_from=days_before(9)),
        item("G", 10, 31, "C7"), item("H", 10, 31, "C8"), item("I", 10, 31, "C9"),
    ]  # fmt: skip
    receipts = [
        paid(None, 1, 60, "C1"), paid(None, 1, 300, "C1"), paid(None, 1, 59, "C2"), paid(None, 1, 300, "C3"),
        paid(None, 1, 300, "C6"), paid("G", 1, 5, "C7", kind="bill"), paid("H", 1, 5, "C8", kind="credit_note"),
        paid(None, 1, -1, "C9"), paid(None, 1, 100, "C9"),
    ]  # fmt: skip
    # C1: 60 days; C5 and C8 never paid: 60 and 400 days since their first item; C7 accepted a bill 5 days ago; C9 paid
    # after the date only, and 100 days before it.
    ledger = ledger_of(items, receipts, engine)
    assert raised("silent_payer", ledger) == {"C1": 60, "C5": 60, "C8": 400, "C9": 100}
    found = cm.warning_signals(ledger, AT, only("silent_payer")).set_index("customer_id")
    assert found["second_measured"].tolist() == [31] * 4


# ---- outstanding_jump: more than 50 % and more than 10 000 in three months


@pytest.mark.parametrize("engine", ENGINES)
def test_jump(engine):
    # three months back: 31 March, 91 days before 30 June
    def both(name, before, now):
        old = [item(f"{name}0", before, customer=name, issued=91)] if before else []
        return [*old, item(f"{name}1", now - before, customer=name, issued=90)]

    items = [
        *both("C1", 20_000, 30_000.01),  # + 10 000.01, 50.00005 %
        *both("C2", 20_000, 30_000),  # exactly both
        *both("C3", 30_000, 44_999.99),  # just below 50 %
        *both("C4", 1_000, 10_999),  # ten times, but below 10 000
        *both("C5", 0, 10_000.01),  # nothing before
        *both("C6", -500, 10_000.01),  # in credit before: as nothing
        *both("C7", 50_000, 20_000),
    ]
    ledger = ledger_of([*items, OLD], engine=engine)
    found = raised("outstanding_jump", ledger)
    assert found.pop("C1") == pytest.approx(0.5000005)
    assert {name for name, rate in found.items() if pd.isna(rate)} == {"C5", "C6"} == set(found)
    rise = cm.warning_signals(ledger, AT, only("outstanding_jump")).set_index("customer_id")["second_measured"]
    assert rise.to_dict() == {"C1": 10_000.01, "C5": 10_000.01, "C6": 10_000.01}


# ---- concentration: a group with 10 %


def test_concentration_is_said_once_per_group():
    items = [item("A", 40, customer="C1"), item("B", 60, customer="C2"), item("C", 100, customer="C3")]
    items += [item(f"S{n}", 80, customer=f"S{n}") for n in range(10)]  # 8 % each; total 1 000
    customers = [{"customer_id": name, "group_id": "G"} for name in ("C1", "C2")]
    ledger = ledger_of(items, customers=customers)
    assert raised("concentration", ledger) == {"C2": 0.1, "C3": 0.1}
    detail = cm.warning_signals(ledger, AT, only("concentration")).set_index("customer_id")["detail"]
    assert detail["C2"] == "G"
    assert pd.isna(detail["C3"])
    assert raised("concentration", ledger, threshold=0.1001) == {}


# ---- idle_credit: more than 1 000, older than 60 days


@pytest.mark.parametrize("engine", ENGINES)
def test_idle_credits(engine):
    items = [
        item("A", -1000.01, customer="C1", issued=61), item("B", -1000, customer="C2", issued=61),
        item("C", -5000, customer="C3", issued=60), item("D", -600, customer="C4", issued=100),
        item("E", 5000, customer="C5", issued=100),
    ]  # fmt: skip
    receipts = [paid(None, 600, 70, "C4"), paid(None, 2000, 61, "C5")]
    ledger = ledger_of(items, receipts, engine)
    assert raised("idle_credit", ledger) == {"C1": 1000.01, "C4": 1200, "C5": 2000}
    found = cm.warning_signals(ledger, AT, only("idle_credit")).set_index("customer_id")
    assert found["second_measured"].to_dict() == {"C1": 61, "C4": 100, "C5": 61}
    assert found["signals"].tolist() == [0, 0, 0]  # housekeeping, not risk


# ---- the table


def test_worst_customers_first_and_their_signals_together():
    items = [
        item("A", 20_000, 40, "C1"),  # late; and silent
        item("B", 6_000, 40, "C2", dispute_from=days_before(100)),  # a dispute; silence does not count then
        item("C", 30_000, -5, "C3", issued=10),  # nothing late; a jump
        item("D", -2_000, 10, "C4", issued=100),
    ]
    customers = [
        {"customer_id": "C1", "customer_name": "Un", "collector": "Ana", "insurer_limit": 0.0, "credit_limit": 10_000.0}
    ]
    found = cm.warning_signals(ledger_of([*items, OLD], customers=customers), AT, cm.read_signals())
    pairs = list(zip(found["customer_id"], found["signal"]))
    assert pairs == [
        ("C1", "insurer_refused"), ("C1", "late_amount_and_age"), ("C1", "silent_payer"), ("C1", "limit_use"),
        ("C1", "concentration"), ("C2", "old_dispute"), ("C2", "concentration"), ("C3", "outstanding_jump"),
        ("C3", "concentration"), ("C0", "silent_payer"), ("C4", "idle_credit"),
    ]  # fmt: skip
    # C2 before C3: as many signals, more overdue
    assert found["signals"].tolist() == [5] * 5 + [2] * 4 + [1, 0]
    first = found.iloc[0]
    assert (first["customer_name"], first["collector"], first["currency"]) == ("Un", "Ana", "EUR")
    assert (first["outstanding"], first["overdue"]) == (20_000, 20_000)
    assert pd.isna(found.loc[found["customer_id"] == "C2", "collector"]).all()
    assert found.loc[found["customer_id"] == "C4", "outstanding"].tolist() == [-2000]


def test_no_signal_gives_an_empty_table_with_its_columns():
    ledger = ledger_of([item("A", 1, customer="C1")])
    found = cm.warning_signals(ledger, AT, only("old_dispute"))
    assert found.empty
    assert "said" in cm.explain_signals(found, "fr").columns
    none_on = cm.read_signals().assign(active=False)
    assert list(cm.warning_signals(ledger, AT, none_on).columns) == list(found.columns)
    assert set(cm.signals_not_evaluated(ledger, AT, none_on)["reason"]) == {"signal_off"}
    assert cm.signal_rules(none_on).empty


def test_nothing_after_the_date_counts():
    items = [item("A", 9000, 40), OLD]
    now = cm.warning_signals(ledger_of(items), AT)
    later = [item("B", 1e6, -40, "C1", issued=-1, dispute_from=days_before(-1)), item("C", 5, -40, "C9", issued=-2)]
    after = ledger_of([*items, *later], [paid("A", 9000, -3), paid(None, 77, -1, "C0")])
    pd.testing.assert_frame_equal(cm.warning_signals(after, AT), now)


# ---- what cannot be judged


def reasons(ledger, as_of=AT, **options):
    found = cm.signals_not_evaluated(ledger, as_of, **options)
    return dict(zip(found["signal"], found["reason"]))


def test_what_the_source_does_not_tell_is_listed_with_its_reason():
    ledger = ledger_of([item("A", 9000, 40, dispute_from=days_before(200))], silent=("disputed",), complete_sales=False)
    assert reasons(ledger) == {
        "insurer_refused": "no_insurer_limits", "limit_use": "no_limits", "returned_payment": "open_items_only",
        "silent_payer": "open_items_only", "slower_payer": "open_items_only", "outstanding_jump": "open_items_only",
        "old_dispute": "not_in_source",
    }  # fmt: skip
    assert set(cm.warning_signals(ledger, AT)["signal"]) <= {"late_amount_and_age", "concentration", "idle_credit"}


def test_history_must_reach_back_three_months():
    young = ledger_of([item("A", 9000, 10, issued=90)])
    assert {name for name, reason in reasons(young).items() if reason == "short_history"} == {
        "slower_payer",
        "outstanding_jump",
    }
    assert "short_history" not in reasons(ledger_of([item("A", 9000, 10, issued=91)])).values()


def test_a_source_without_returned_payments_says_so():
    assert reasons(ledger_of([item("A", 9, 10), OLD]))["returned_payment"] == "no_returned_kind"
    known = ledger_of([item("A", 9, 10, kind="returned_payment", issued=390), OLD])
    assert "returned_payment" not in reasons(known)  # told, though out of the window
    assert raised("returned_payment", known) == {}


def test_nothing_booked_yet():
    empty = ledger_of([item("A", 9, 10)])
    empty.invoices = empty.invoices.head(0)
    assert set(reasons(empty).values()) == {"no_outstanding"}
    assert cm.warning_signals(empty, AT).empty
    assert cm.warning_signals(ledger_of([item("A", 9, 10)]), "2020-01-01").empty


@pytest.mark.parametrize("engine", ENGINES)
def test_currencies_are_not_added(engine):
    unknown = {"currency": "USD", "book_amount": None}
    items = [item("A", 4000, 40), item("B", 4000, 40, **unknown), item("C", 9000, 40, "C2", **unknown), OLD]
    customers = [{"customer_id": "C1", "credit_limit": 1.0}]
    ledger = ledger_of(items, engine=engine, customers=customers)
    with pytest.raises(InputError):
        cm.warning_signals(ledger, AT)
    euros = cm.warning_signals(ledger, AT, currency="EUR")
    assert set(euros["currency"]) == {"EUR"}
    assert "late_amount_and_age" not in set(euros["signal"])
    assert "limit_use" in set(euros["signal"])
    dollars = cm.warning_signals(ledger, AT, currency="USD")
    assert dollars.loc[dollars["signal"] == "late_amount_and_age", ["customer_id", "measured"]].values.tolist() == [
        ["C2", 9000]
    ]
    assert reasons(ledger, currency="USD")["limit_use"] == "limits_other_currency"


def test_the_currency_of_the_books_takes_in_what_is_known_in_it():
    # 4 000 EUR and 2 000 USD of 1 500 EUR: 5 500 EUR late; asked in USD only 2 000 of them
    items = [item("A", 4000, 40), item("B", 2000, 40, currency="USD", book_amount=1500.0), OLD]
    ledger = ledger_of(items)
    assert raised("late_amount_and_age", ledger) == {"C1": 5500}
    found = cm.warning_signals(ledger, AT, only("late_amount_and_age"), currency="EUR")
    assert found["measured"].tolist() == [5500]
    assert cm.warning_signals(ledger, AT, only("late_amount_and_age"), currency="USD").empty


# ---- in words


def text(sentence):
    return sentence.replace(THIN, " ").replace(HARD, " ")


def test_every_signal_has_its_sentences():
    from cmtools.language import message

    values = dict.fromkeys(("measured", "threshold", "second", "second_threshold"), "§")
    for name in NAMES:
        for language in ("fr", "en"):
            assert "§" in message(f"signal_says_{name}", language, **values)
            assert "§" in message(f"signal_rule_{name}", language, **values)
    assert cm.read_signals()["signal"].tolist() == NAMES


def test_sentences_by_hand():
    ledger = ledger_of(
        [item("A", 12_345.5, 40, dispute_from=days_before(100), dispute_reason="prix <b>"), item("B", 1, 31), OLD],
        customers=[{"customer_id": "C1", "credit_limit": 0.0, "insurer_limit": 0.0}],
    )
    found = cm.warning_signals(ledger, AT)
    mine = found[found["customer_id"] == "C1"]
    french = dict(zip(mine["signal"], map(text, cm.explain_signals(mine, "fr")["said"])))
    assert french["insurer_refused"] == "refusé par l'assureur et doit 12 346,50 EUR"
    assert french["limit_use"] == "doit alors que sa limite de crédit est de 0,00 EUR"
    assert french["silent_payer"] == "aucun règlement depuis 400 jours (seuil : 60 jours), retard de 31 jours"
    assert french["old_dispute"] == "litige ouvert depuis 100 jours (seuil : 90 jours) : prix <b>"
    english = dict(zip(mine["signal"], map(text, cm.explain_signals(mine, "en")["said"])))
    assert english["insurer_refused"] == "refused by the insurer and owes 12,346.50 EUR"
    assert english["concentration"] == "100.0% of the outstanding (threshold: 10.0%)"
    assert "said" not in mine.columns


def test_rules_in_words():
    rules = cm.signal_rules(only("outstanding_jump"), "USD", "en")
    assert [text(said) for said in rules["said"]] == [
        "outstanding up by more than 50.0% and by more than 10,000.00 USD in three months"
    ]
    said = cm.signal_rules(cm.read_signals(), language="fr").set_index("signal")["said"].map(text)
    assert said["old_dispute"] == "litige ouvert depuis plus de 90 jours"
    assert said["slower_payer"].endswith("sur au moins 3 pièce(s) réglée(s) de part et d'autre")
    assert list(said.index) == NAMES


# ---- the sample and real files


@pytest.fixture(scope="module")
def sample(root):
    data = root / "data"
    return cm.read_ledger(data / "factures.csv", data / "reglements.csv", data / "clients.csv")


def test_the_sample_shows_what_its_data_sheet_says(sample):
    found = cm.warning_signals(sample, AT)
    by_signal = found.groupby("signal")["customer_id"].agg(set)
    assert {"000114", "000125"} <= by_signal["old_dispute"]  # a dispute open for more than a year
    assert {"000116", "000128"} <= by_signal["silent_payer"]  # pay nothing, or once
    assert "000142" in by_signal["slower_payer"]  # pays later and later
    assert {"000151", "000136", "000168", "000181", "000189"} <= by_signal["idle_credit"]
    assert found.loc[found["customer_id"] == "000116", "measured"].max() == pytest.approx(15574.39)
    assert cm.signals_not_evaluated(sample, AT).empty
    assert not found.duplicated(["customer_id", "signal"]).any()
    assert cm.explain_signals(found, "fr")["said"].str.len().min() > 20


@pytest.mark.parametrize(
    ("name", "as_of", "off"),
    [
        ("ibm", "2013-06-30", {"insurer_refused", "returned_payment", "limit_use"}),
        ("b2b", "2020-05-22", {"insurer_refused", "returned_payment", "limit_use", "silent_payer", "slower_payer",
                               "outstanding_jump", "old_dispute"}),
    ],
)  # fmt: skip
def test_real_ledgers(real_data, name, as_of, off):
    names = {
        "document": "invoice_id", "customer_id": "cust_number", "customer_name": "name_customer",
        "issue_date": "document_create_date.1", "due_date": "due_in_date", "open_amount": "total_open_amount",
    }  # fmt: skip
    folder = real_data / "ar"
    ledger = (
        cm.read_ledger(folder / "ibm_accounts_receivable.csv")
        if name == "ibm"
        else cm.read_ledger(folder / "b2b_open_invoices.csv.gz", columns=names)
    )
    for currency in cm.currencies(cm.report_items(ledger, as_of)):
        found = cm.warning_signals(ledger, as_of, currency=currency)
        assert set(reasons(ledger, as_of, currency=currency)) == off
        assert not set(found["signal"]) & off
        assert set(found["currency"]) <= {currency}
        assert found["measured"].notna().all() or set(found.loc[found["measured"].isna(), "signal"]) == {
            "outstanding_jump"
        }
