"""Write the sample company: its customer ledger and its books (two FECs).

    python data/make_sample.py [FOLDER]

Everything is invented: Voltruzac Menuiseries makes and fits joinery. The same
events feed the ledger (factures, reglements, clients) and the accounting
entries, so the open items equal the balance of accounts 411 and 416 on every
day of the two financial years. The files depend on SEED alone: only
`random.Random.random`, whose stream Python promises to keep, is drawn from;
money is in integer cents and no transcendental function is used.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import xlsxwriter

SEED = 20260813
COMPANY = "Voltruzac Menuiseries"
SIREN = "904172638"  # fails the Luhn check, so no company can have it
FIRST = date(2023, 7, 1)
CLOSING = date(2026, 6, 30)
EXPORTED = {2025: date(2025, 9, 30), 2026: CLOSING}  # day each FEC was exported: what its lettering knows
TERM_DAYS = {"30 jours": 30, "45 jours fin de mois": 45, "60 jours": 60}
SEASON = (92, 97, 112, 115, 112, 106, 104, 38, 110, 122, 112, 80)  # January to December, sums to 1,200
SIZES = (20, 42, 62, 80, 98, 125, 165, 240)  # quantiles of an invoice, % of the customer's usual one
USD_PER_EUR = {2023: 1085, 2024: 1078, 2025: 1112, 2026: 1146}  # thousandths, invented level by year
HOLIDAYS = {(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)}
GOODS_ACCOUNT, RETENTION_ACCOUNT, DOUBTFUL_ACCOUNT = "411000", "411700", "416000"


# ---------------------------------------------------------------- small tools


class Dice:
    """Draws for one purpose; another purpose has its own seed and is not disturbed."""

    def __init__(self, purpose: int):
        self.random = Random(SEED * 100_000 + purpose).random

    def between(self, low: int, high: int) -> int:
        """Whole number, both ends included."""
        return low + int(self.random() * (high - low + 1))

    def chance(self, per_thousand: int) -> bool:
        """True with that many chances in a thousand."""
        return self.random() * 1000 < per_thousand

    def pick(self, choices: Any) -> Any:
        """One of the choices."""
        return choices[int(self.random() * len(choices))]

    def weighted(self, choices: Iterable[tuple[int, Any]]) -> Any:
        """One of the choices (weight, value)."""
        choices = list(choices)
        mark = self.random() * sum(weight for weight, _ in choices)
        for weight, value in choices:
            mark -= weight
            if mark < 0:
                return value
        return choices[-1][1]

    def bell(self, mean: int, spread: int) -> int:
        """Whole number round a mean (six draws added: close to a normal law)."""
        # whole numbers all the way: from Python 3.12 on, `sum` rounds floats otherwise
        draws = sum(self.between(0, 999) for _ in range(6)) - 2997
        return mean + (spread * 14 * draws + 5000) // 10_000


def share(amount: int, part: int, whole: int) -> int:
    """`amount` x part / whole in cents, rounded half away from zero."""
    product = amount * part
    sign = -1 if (product < 0) != (whole < 0) else 1
    return sign * ((2 * abs(product) + abs(whole)) // (2 * abs(whole)))


def days(count: int) -> timedelta:
    """That many days."""
    return timedelta(days=count)


def month_end(day: date) -> date:
    """Last day of the month of `day`."""
    return (day.replace(day=28) + days(4)).replace(day=1) - days(1)


def months(first: date, last: date) -> Iterator[date]:
    """First days of the months from `first` to `last`."""
    day = first.replace(day=1)
    while day <= last:
        yield day
        day = month_end(day) + days(1)


def business_day(day: date) -> date:
    """`day`, or the first working day after it."""
    while day.weekday() > 4 or (day.month, day.day) in HOLIDAYS:
        day += days(1)
    return day


def business_day_before(day: date) -> date:
    """`day`, or the last working day before it."""
    while business_day(day) != day:
        day -= days(1)
    return day


def pay_run(day: date) -> date:
    """Next payment run (10th or 25th) on or after `day`."""
    target = 10 if day.day <= 10 else 25
    if day.day > 25:
        day, target = month_end(day) + days(1), 10
    return business_day(day.replace(day=target))


def due_date(issue: date, terms: str) -> date:
    """Day by which an invoice must be paid ("fin de mois": days first, then the end of that month)."""
    day = issue + days(TERM_DAYS[terms])
    return month_end(day) if "fin de mois" in terms else day


def one_year_after(day: date) -> date:
    """Same day next year (28 February for 29 February)."""
    return day.replace(year=day.year + 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def usd_rate(day: date) -> int:
    """Invented rate of the month, thousandths of a dollar per euro."""
    return USD_PER_EUR[day.year] + (day.month * 7) % 19 - 9


def euros(cents: int, currency: str, day: date) -> int:
    """Cents of euro for cents of a currency."""
    return cents if currency == "EUR" else share(cents, 1000, usd_rate(day))


def luhn(number: str) -> bool:
    """Whether a number passes the Luhn check (every real SIREN does)."""
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def invented_siren(dice: Dice) -> str:
    """Nine digits that fail the Luhn check."""
    number = "9" + "".join(str(dice.between(0, 9)) for _ in range(8))
    return number if not luhn(number) else number[:-1] + str((int(number[-1]) + 1) % 10)


# ---------------------------------------------------------------- customers


@dataclass
class Customer:
    """One customer and the way it buys and pays."""

    number: str
    name: str
    segment: str
    terms: str
    country: str
    yearly: int  # cents excl. VAT a year
    per_year: int  # invoices a year
    vat: tuple[tuple[int, tuple[str, int]], ...]  # weights of (regime, rate in thousandths)
    habit: tuple[int, int]  # days after the due date: mean, spread
    runs: bool = False  # pays on the 10th and 25th only
    retains: bool = False  # holds back 5 % of works invoices
    drift: int = 0  # days later each year, from January 2024
    role: str = ""  # one of ROLES
    last_invoice: date = CLOSING
    spellings: tuple[str, ...] = ()
    group: str = ""
    collector: str = ""
    salesperson: str = ""
    limit: int | None = None  # euros
    insurer: int | None = None  # euros
    contact: str = ""
    siren: str = ""
    late_rate: int | None = None  # contractual late-payment rate, thousandths a year

    @property
    def buyer(self) -> str:
        """What the law of payment terms sees in it."""
        if self.segment != "Secteur public":
            return "Entreprise"
        return "Établissement public de santé" if self.name.startswith("Hôpital") else "Acheteur public"

    @property
    def terms_reading(self) -> str:
        """How its "fin de mois" is agreed to be read; see `due_date`."""
        return f"{TERM_DAYS[self.terms]} jours puis fin de mois" if "fin de mois" in self.terms else ""

    @property
    def currency(self) -> str:
        """Currency of its invoices."""
        return "USD" if self.segment == "Export" else "EUR"


@dataclass(frozen=True)
class Segment:
    """What customers of a segment have in common."""

    name: str
    count: int
    yearly: tuple[int, int]  # euros excl. VAT, low and high
    per_year: int
    terms: tuple[tuple[int, str], ...]
    habits: tuple[tuple[int, tuple[int, int]], ...]


STANDARD, RENOVATION, ENERGY = ("normal", 200), ("normal", 100), ("normal", 55)
REVERSE, EXPORT = ("autoliquidation", 0), ("export", 0)
ORDINARY = ((1, STANDARD),)
HOUSING = ((30, STANDARD), (50, RENOVATION), (20, ENERGY))
BUILDER = ((68, REVERSE), (32, STANDARD))  # we are its subcontractor: it declares the VAT
SEGMENTS = (
    Segment(
        "Grand compte",
        8,
        (170_000, 380_000),
        24,
        ((5, "30 jours"), (2, "45 jours fin de mois"), (1, "60 jours")),
        ((5, (-7, 3)), (1, (0, 5))),
    ),
    Segment(
        "PME",
        46,
        (20_000, 92_000),
        10,
        ((7, "30 jours"), (2, "45 jours fin de mois"), (1, "60 jours")),
        ((7, (-4, 4)), (4, (2, 5)), (2, (11, 8)), (1, (34, 16))),
    ),
    Segment(
        "TPE",
        44,
        (3_500, 16_000),
        4,
        ((8, "30 jours"), (1, "45 jours fin de mois")),
        ((6, (-3, 4)), (3, (8, 7)), (2, (34, 18))),
    ),
    Segment("Secteur public", 18, (30_000, 125_000), 9, ((1, "30 jours"),), ((5, (-3, 4)), (3, (6, 6)))),
    Segment("Export", 4, (60_000, 125_000), 8, ((1, "60 jours"), (1, "30 jours")), ((2, (2, 4)), (1, (13, 7)))),
)
COLLECTORS = ("Ysoline Brantoxe", "Maëlo Quirvaudel", "Solvène Drapiquaz")
SALESPEOPLE = ("Tancrède Olivrazec", "Perle Zwanbecque", "Guildo Martruchaz", "Apolline Vexandrol", "Evrard Crolipanvé")
FORMS = {  # pattern of the name, VAT of our invoices
    "Grand compte": (
        ("{} Construction", BUILDER),
        ("{} Bâtiment", BUILDER),
        ("{} Promotion", ORDINARY),
        ("{} Habitat", HOUSING),
    ),
    "PME": (
        ("{} Rénovation", BUILDER),
        ("{} Agencement", BUILDER),
        ("Constructions {}", BUILDER),
        ("{} et Fils", ORDINARY),
        ("Cabinet {} Syndic", HOUSING),
        ("{} Façades", BUILDER),
    ),
    "TPE": (
        ("Atelier {}", ORDINARY),
        ("Ets {}", ORDINARY),
        ("{} Travaux", BUILDER),
        ("Boutique {}", ORDINARY),
        ("SCI {}", HOUSING),
        ("Auberge {}", ORDINARY),
    ),
    "Secteur public": (
        ("Commune de {}", ORDINARY),
        ("Office d'habitat de {}", HOUSING),
        ("Lycée {}", ORDINARY),
        ("Syndicat scolaire de {}", ORDINARY),
        ("Hôpital de {}", ORDINARY),
    ),
    "Export": (
        ("{} Millworks Inc.", ((1, EXPORT),)),
        ("{} Interiors LLC", ((1, EXPORT),)),
        ("{} Windows Corp.", ((1, EXPORT),)),
        ("{} Trading FZE", ((1, EXPORT),)),
    ),
}
STARTS = (
    "Bru",
    "Cra",
    "Dro",
    "Fli",
    "Gla",
    "Jov",
    "Kel",
    "Lur",
    "Mor",
    "Nav",
    "Pli",
    "Qui",
    "Ruz",
    "Sta",
    "Tre",
    "Vol",
    "Wen",
    "Xan",
    "Yvo",
    "Zar",
)
MIDDLES = ("zev", "qua", "xol", "vru", "mix", "bzi", "dax", "zul", "pte", "giv")
ENDS = ("oudre", "ivard", "ézec", "axime", "ultron", "oquine", "andor", "urbel", "iprez", "olane")
FIRST_NAMES = ("Albane", "Bérenger", "Clélie", "Dorian", "Elzéar", "Flavie", "Gaspard", "Hermine", "Isaure", "Joris")
# role of the n-th customer of a segment: each shows one behaviour, see the data sheet
ROLES = {
    ("PME", 3): "bill",
    ("PME", 7): "bill",
    ("PME", 11): "bill",
    ("PME", 15): "set_off",
    ("PME", 5): "liquidation",
    ("PME", 9): "doubtful",
    ("PME", 13): "drift",
    ("PME", 17): "drift",
    ("PME", 21): "drift",
    ("TPE", 4): "drift",
    ("Grand compte", 5): "drift",
    ("TPE", 2): "returned",
    ("TPE", 8): "returned",
    ("TPE", 12): "returned",
    ("TPE", 16): "paid_twice",
    ("PME", 25): "paid_twice",
    ("PME", 29): "paid_twice",
    ("PME", 4): "old_dispute",
    ("Secteur public", 3): "old_dispute",
    ("Grand compte", 2): "rebate",
    ("Grand compte", 4): "rebate",
    ("PME", 27): "rebate",
    ("PME", 30): "rebate",
    ("PME", 33): "deposit",
    ("PME", 36): "deposit",
}
LATE_RATES = {("PME", 13): 120, ("PME", 17): 100, ("Grand compte", 5): 50, ("PME", 21): 150}  # thousandths
LAST_INVOICE = {"liquidation": date(2025, 1, 31), "doubtful": date(2025, 10, 31)}
GROUPS = {
    "Groupe Zarvolinque": (("Grand compte", 0), ("PME", 1), ("PME", 2)),
    "Groupe Quistramel": (("Grand compte", 3), ("PME", 6), ("TPE", 1)),
    "Groupe Oxélande": (("PME", 18), ("PME", 19)),
}
FOREIGN = ("US", "US", "CA", "AE")


def invented_words() -> Iterator[str]:
    """Names that exist nowhere, each once."""
    dice, seen = Dice(1), set()
    while True:
        word = dice.pick(STARTS) + dice.pick(MIDDLES) + dice.pick(ENDS)
        if word not in seen:
            seen.add(word)
            yield word


def plain(text: str) -> str:
    """Lower case without accents, for addresses."""
    return text.lower().translate(str.maketrans("éèêëàâäçîïôöùûü", "eeeeaaaciioouuu"))


def make_customer(segment: Segment, rank: int, number: str, word: str, dice: Dice) -> Customer:
    """One customer of a segment."""
    low, high = segment.yearly
    role = ROLES.get((segment.name, rank), "")
    pattern, vat = FORMS[segment.name][rank % len(FORMS[segment.name])]
    customer = Customer(
        number=number,
        name=pattern.format(word),
        segment=segment.name,
        terms=dice.weighted(segment.terms),
        country=FOREIGN[rank] if segment.name == "Export" else "FR",
        yearly=dice.between(low, high) * 100,
        per_year=segment.per_year,
        vat=vat,
        habit=dice.weighted(segment.habits),
        role=role,
        last_invoice=LAST_INVOICE.get(role, CLOSING),
        collector=COLLECTORS[rank % 3 if segment.name != "Secteur public" else 2],
        salesperson=dice.pick(SALESPEOPLE),
        contact=f"{plain(dice.pick(FIRST_NAMES))}@{plain(word)}.example",
        siren="" if segment.name == "Export" else invented_siren(dice),
        late_rate=LATE_RATES.get((segment.name, rank)),
    )
    customer.runs = segment.name == "Grand compte" or (segment.name == "PME" and rank % 4 == 0)
    customer.retains = not role and segment.name in ("Grand compte", "Secteur public") and rank % 5 < 3
    set_role(customer, rank)
    set_limits(customer, dice)
    customer.group = next((name for name, members in GROUPS.items() if (segment.name, rank) in members), "")
    if rank in (1, 6, 14) and segment.name in ("PME", "Grand compte"):
        customer.spellings = (customer.name.upper(), customer.name.replace(" ", "  ") + " SAS")
    return customer


def set_role(customer: Customer, rank: int) -> None:
    """Change a customer so that it shows its behaviour."""
    if customer.role == "drift":
        customer.habit, customer.drift = (-3, 4), 12 + rank % 3 * 5
    elif customer.role == "liquidation":
        customer.yearly, customer.per_year, customer.retains = 7_200_000, 12, True
    elif customer.role == "doubtful":
        customer.yearly, customer.per_year = 5_400_000, 10
    elif customer.role == "paid_twice" and customer.segment == "TPE":
        customer.habit, customer.last_invoice = (0, 3), date(2026, 2, 28)


def set_limits(customer: Customer, dice: Dice) -> None:
    """Own limit near three months of purchases; the insurer covers most firms, not all, and no public body."""
    need = customer.yearly * 12 // 10 // 4 // 100
    customer.limit = max(2_000, round(need * dice.between(80, 160) / 100 / 5_000) * 5_000)
    if customer.segment == "Secteur public":
        customer.limit = None
    elif customer.segment != "TPE":
        customer.insurer = 0 if dice.chance(90) else round(customer.limit * dice.between(50, 100) / 100 / 5_000) * 5_000


def make_customers() -> list[Customer]:
    """All customers, numbered from 000101 with gaps, in mixed order of segments."""
    dice, words = Dice(2), invented_words()
    slots = [(segment, rank) for segment in SEGMENTS for rank in range(segment.count)]
    slots.sort(key=lambda slot: (slot[1] * 1000 // slot[0].count, slot[0].name))
    numbers = iter(f"{101 + place + place // 9:06d}" for place in range(len(slots)))
    return [make_customer(segment, rank, next(numbers), next(words), dice) for segment, rank in slots]


# ---------------------------------------------------------------- documents, items, settlements


@dataclass
class Document:
    """An invoice, credit note, down payment invoice or returned payment."""

    nature: str  # Facture, Avoir, Acompte, Impayé
    customer: Customer
    issue: date
    booked: date
    net: int  # excl. VAT, item currency; what the items sum to, deposit already off
    vat: int
    regime: str
    rate: int | None
    items: list[Item] = field(default_factory=list)
    deposit: int = 0  # excl. VAT, of the down payment it uses up
    rebate: bool = False
    number: str = ""
    received: date | None = None  # by a public buyer


@dataclass
class Item:
    """An open item: a document, one of its instalments or its retention."""

    document: Document
    suffix: str
    due: date | None
    amount: int  # incl. VAT, item currency
    net: int | None
    book: int  # incl. VAT, euros
    account: str = GOODS_ACCOUNT
    dispute_from: date | None = None
    dispute_until: date | None = None
    reason: str = ""
    doubtful: date | None = None

    @property
    def number(self) -> str:
        """Identifier of the item."""
        return self.document.number + self.suffix

    @property
    def customer(self) -> Customer:
        """Who owes it."""
        return self.document.customer


@dataclass
class Settlement:
    """A payment or another settlement of one item, or of none."""

    nature: str  # Encaissement, Avoir, Effet, Perte, Compensation
    customer: Customer
    item: Item | None
    amount: int
    book: int
    paid: date
    allocated: date | None
    receipt: str = ""  # rows of the same receipt share it
    reference: str = ""
    number: str = ""
    account: str = GOODS_ACCOUNT
    bill_due: date | None = None


@dataclass
class LedgerData:
    """All events of the customer ledger, up to the closing date."""

    customers: list[Customer]
    documents: list[Document] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)

    @property
    def items(self) -> list[Item]:
        """Items of all documents."""
        return [item for document in self.documents for item in document.items]


def invoice(customer: Customer, issue: date, net: int, regime: str, rate: int, dice: Dice) -> Document:
    """An invoice with a single item; booked a few days later now and then."""
    booked = issue + days(dice.between(1, 4)) if dice.chance(25) else issue
    if booked > CLOSING or (issue.month == 6 and booked.month == 7):
        booked = issue
    document = Document("Facture", customer, issue, booked, net, share(net, rate, 1000), regime, rate)
    total = net + document.vat
    document.items = [
        Item(document, "", due_date(issue, customer.terms), total, net, euros(total, customer.currency, issue))
    ]
    return document


def split_items(document: Document, parts: list[tuple[str, date | None, int, str]]) -> None:
    """Replace the single item by parts (suffix, due date, per mille, account); the first takes the roundings."""
    whole = document.items[0]
    items = [
        Item(
            document,
            suffix,
            due,
            share(whole.amount, weight, 1000),
            share(whole.net or 0, weight, 1000),
            share(whole.book, weight, 1000),
            account,
        )
        for suffix, due, weight, account in parts
    ]
    items[0].amount += whole.amount - sum(item.amount for item in items)
    items[0].net = (items[0].net or 0) + document.net - sum(item.net or 0 for item in items)
    items[0].book += whole.book - sum(item.book for item in items)
    document.items = items


def split_instalments(document: Document, count: int) -> None:
    """Two or three due dates, a month apart, on one invoice."""
    first = document.items[0].due or document.issue
    weights = [1000 // count] * count
    split_items(
        document, [(f"/{place + 1}", first + days(30 * place), weights[place], GOODS_ACCOUNT) for place in range(count)]
    )


def split_retention(document: Document, dice: Dice) -> None:
    """5 % held back until one year after reception; release date unknown while the works are not received."""
    reception = document.issue + days(dice.between(20, 240))
    release = one_year_after(reception) if reception <= CLOSING else None
    split_items(document, [("", document.items[0].due, 950, GOODS_ACCOUNT), ("/RG", release, 50, RETENTION_ACCOUNT)])


def credit_note(customer: Customer, issue: date, net: int, regime: str, rate: int) -> Document:
    """A credit note: negative amounts, due at once."""
    document = Document("Avoir", customer, issue, issue, -net, -share(net, rate, 1000), regime, rate)
    total = document.net + document.vat
    document.items = [Item(document, "", issue, total, document.net, total)]
    return document


class Story:
    """What happens to the invoices of one customer, told once with the customer's own dice."""

    def __init__(self, customer: Customer, data: LedgerData):
        self.customer = customer
        self.data = data
        self.dice = Dice(1000 + int(customer.number))
        self.count = 0  # invoices so far
        self.once: set[str] = set()  # behaviours already shown

    def tell(self) -> None:
        """Invoice month after month; then what belongs to the role."""
        for month in months(FIRST, CLOSING):
            expected = self.customer.per_year * SEASON[month.month - 1] / 1200
            for _ in range(int(expected + self.dice.random())):
                self.bill_works(month)
        if self.customer.role == "rebate":
            self.rebates()
        if self.customer.role == "deposit":
            self.deposit_without_invoice()

    def bill_works(self, month: date) -> None:
        """One invoice and everything that follows from it."""
        dice, customer = self.dice, self.customer
        last = month_end(month).day
        day = month.replace(day=dice.between(last - 6, last) if dice.chance(450) else dice.between(1, last))
        issue = business_day(day)
        if issue > min(month_end(month), customer.last_invoice):
            issue = month.replace(day=last - 4)
        if issue > customer.last_invoice:
            return
        growth = 1000 + (issue - FIRST).days * 55 // 365
        usual = share(customer.yearly * dice.pick(SIZES), growth, customer.per_year * 100_000)
        net = usual * dice.between(850, 1150) // 1000
        regime, rate = dice.weighted(customer.vat)
        document = invoice(customer, issue, net, regime, rate, dice)
        self.count += 1
        self.data.documents.append(document)
        if customer.retains and dice.chance(620):
            split_retention(document, dice)
            self.release(document.items[1])
        elif customer.segment in ("PME", "TPE", "Export") and net > 300_000 and not customer.role and dice.chance(45):
            split_instalments(document, 2 + dice.between(0, 1))
            for item in document.items:
                self.pay(item, item.amount, self.pay_day(item))
            return
        elif customer.role == "deposit" and net > 500_000:
            self.take_deposit(document)
        self.fate(document.items[0])

    # -- how an invoice ends

    def pay_day(self, item: Item) -> date:
        """Day on which this customer pays an item."""
        mean, spread = self.customer.habit
        due = item.due or item.document.issue
        late = self.dice.bell(mean, spread)
        if self.customer.drift:
            late += max(0, (due - date(2024, 1, 1)).days) * self.customer.drift // 365
        day = business_day(max(due + days(late), item.document.booked + days(2)))
        return pay_run(day) if self.customer.runs else day

    def fate(self, item: Item) -> None:
        """Choose what happens to an ordinary item."""
        role, draw = self.customer.role, self.dice.between(1, 1000)
        linked = item.account == GOODS_ACCOUNT and len(item.document.items) == 1 and self.customer.currency == "EUR"
        if role == "bill":
            self.accept_bill(item)
        elif role == "set_off" and self.count % 4 == 0:
            self.settle("Compensation", item, item.amount, business_day(item.due or CLOSING))
        elif role == "returned" and "returned" not in self.once and item.document.issue >= date(2024, 9, 1):
            self.returned(item)
        elif role == "paid_twice" and "twice" not in self.once and item.document.issue >= date(2025, 9, 1):
            self.paid_twice(item)
        elif role == "old_dispute" and "dispute" not in self.once and item.document.issue >= date(2025, 2, 1):
            self.once.add("dispute")
            self.dispute(item, item.document.issue + days(25), None)
        elif draw <= 34:
            opened = max(item.document.booked, item.document.issue + days(self.dice.between(5, 45)))
            self.dispute(item, opened, opened + days(self.dice.between(20, 150)))
        elif draw <= 74 and linked and role not in ("liquidation", "doubtful", "deposit"):
            self.credit_linked(item, 1000 if self.dice.chance(150) else self.dice.between(40, 260))
        elif draw <= 110:
            self.pay_in_two(item)
        else:
            self.pay(item, item.amount, self.pay_day(item))

    def settle(self, nature: str, item: Item | None, amount: int, paid: date, **more: Any) -> Settlement | None:
        """Add a settlement, unless it lies after the closing date; the last one takes what is left in euros."""
        if paid > CLOSING:
            return None
        book = amount
        if item is not None:
            earlier = [row for row in self.data.settlements if row.item is item]
            full = sum(row.amount for row in earlier) + amount == item.amount
            book = (item.book - sum(row.book for row in earlier)) if full else share(item.book, amount, item.amount)
        account = item.account if item is not None else GOODS_ACCOUNT
        row = Settlement(
            nature, self.customer, item, amount, book, paid, paid if item is not None else None, account=account, **more
        )
        self.data.settlements.append(row)
        return row

    def pay(self, item: Item, amount: int, paid: date) -> None:
        """A receipt; a doubtful customer stops paying on its stop day."""
        stop = {"liquidation": date(2024, 9, 15), "doubtful": date(2025, 6, 15)}.get(self.customer.role)
        if stop is None or paid < stop:
            self.settle("Encaissement", item, amount, paid)

    def pay_in_two(self, item: Item) -> None:
        """A part at the usual date, the rest weeks later."""
        part = share(item.amount, self.dice.between(350, 700), 1000)
        first = self.pay_day(item)
        self.pay(item, part, first)
        self.pay(item, item.amount - part, business_day(first + days(self.dice.between(18, 75))))

    def release(self, item: Item) -> None:
        """Retention is paid some weeks after its release; one in five is forgotten."""
        if item.due is not None and not self.dice.chance(200):
            self.pay(item, item.amount, business_day(item.due + days(self.dice.between(4, 70))))

    def dispute(self, item: Item, opened: date, closed: date | None) -> None:
        """The customer contests the item and pays once the dispute is settled."""
        if opened > CLOSING:
            return
        item.dispute_from = opened
        item.reason = self.dice.pick(
            (
                "Réserves non levées",
                "Prix contesté",
                "Quantité contestée",
                "Retard de chantier",
                "Défaut de pose",
                "Bon de commande absent",
            )
        )
        if closed is None or closed > CLOSING:
            return
        item.dispute_until = closed
        self.pay(item, item.amount, max(business_day(closed + days(self.dice.between(5, 20))), self.pay_day(item)))

    def credit_linked(self, item: Item, per_mille: int) -> None:
        """A credit note on this invoice, allocated at once or some days later; the rest is paid."""
        document = item.document
        issue = business_day(document.booked + days(self.dice.between(4, 28)))
        if issue > CLOSING:
            return
        note = credit_note(
            self.customer, issue, share(document.net, per_mille, 1000), document.regime, document.rate or 0
        )
        self.data.documents.append(note)
        self.use_credit(item, note.items[0], issue + days(self.dice.pick((0, 0, 2, 6))))
        if per_mille < 1000:
            self.pay(item, item.amount + note.items[0].amount, max(self.pay_day(item), business_day(issue + days(7))))

    def use_credit(self, item: Item, note: Item, day: date) -> None:
        """Allocate a whole credit note to an invoice: two rows that sum to zero."""
        if day > CLOSING:
            return
        receipt = f"credit {self.customer.number} {len(self.data.settlements)}"
        self.settle("Avoir", item, -note.amount, day, receipt=receipt)
        self.settle("Avoir", note, note.amount, day, receipt=receipt)

    # -- behaviours of one role

    def accept_bill(self, item: Item) -> None:
        """A bill of exchange accepted soon after the invoice, cashed at its due date."""
        accepted = business_day(item.document.booked + days(self.dice.between(6, 16)))
        self.settle("Effet", item, item.amount, accepted, bill_due=item.due)

    def returned(self, item: Item) -> None:
        """A payment sent back by the bank: a new item, paid again a month later or still open."""
        self.once.add("returned")
        paid = business_day(max(item.due or CLOSING, item.document.booked + days(2)))
        self.pay(item, item.amount, paid)
        back = business_day(paid + days(6))
        document = Document("Impayé", self.customer, back, back, item.amount, 0, "", None)
        document.items = [Item(document, "", back, item.amount, None, item.amount)]
        self.data.documents.append(document)
        if self.dice.chance(500):
            self.pay(document.items[0], item.amount, business_day(back + days(34)))

    def paid_twice(self, item: Item) -> None:
        """The same invoice paid a second time: the second receipt stays unallocated."""
        self.once.add("twice")
        paid = self.pay_day(item)
        self.pay(item, item.amount, paid)
        self.settle("Encaissement", None, item.amount, business_day(paid + days(13)))

    def take_deposit(self, document: Document) -> None:
        """A down payment of 30 % invoiced six weeks before; the final invoice is net of it."""
        if document.issue < date(2023, 9, 1) or not self.dice.chance(600):
            return
        early = business_day(document.issue - days(42))
        note = Document(
            "Acompte", self.customer, early, early, share(document.net, 300, 1000), 0, document.regime, document.rate
        )
        note.vat = share(note.net, document.rate or 0, 1000)
        note.items = [Item(note, "", early + days(10), note.net + note.vat, note.net, note.net + note.vat)]
        self.data.documents.append(note)
        self.pay(note.items[0], note.items[0].amount, business_day(early + days(self.dice.between(8, 14))))
        document.deposit = note.net
        document.net -= note.net
        document.vat -= note.vat
        final = document.items[0]
        final.amount, final.net = document.net + document.vat, document.net
        final.book = final.amount

    def deposit_without_invoice(self) -> None:
        """A down payment of the last month whose works are still to come."""
        issue = business_day(date(2026, 6, 1) + days(self.dice.between(0, 12)))
        note = Document("Acompte", self.customer, issue, issue, self.dice.between(1800, 4200) * 100, 0, *STANDARD)
        note.vat = share(note.net, 200, 1000)
        note.items = [Item(note, "", issue + days(10), note.net + note.vat, note.net, note.net + note.vat)]
        self.data.documents.append(note)
        self.pay(note.items[0], note.items[0].amount, business_day(issue + days(9)))

    def rebates(self) -> None:
        """Yearly rebate in January: a stand-alone credit note, used weeks later or not at all."""
        for year in (2024, 2025, 2026):
            sales = sum(
                document.net
                for document in self.data.documents
                if document.customer is self.customer and document.issue.year == year - 1
            )
            note = credit_note(self.customer, business_day(date(year, 1, 20)), share(sales, 12, 1000), *STANDARD)
            note.rebate = True
            self.data.documents.append(note)
            if year < 2026:
                self.use_credit_later(note.items[0])

    def use_credit_later(self, note: Item) -> None:
        """The credit note comes off the payment of an invoice three weeks later or more."""
        earliest = note.document.issue + days(21)
        for row in self.data.settlements:
            item = row.item
            if (
                row.customer is self.customer
                and row.nature == "Encaissement"
                and row.paid > earliest
                and item is not None
                and row.amount == item.amount > -2 * note.amount
                and item.account == GOODS_ACCOUNT
            ):
                row.amount += note.amount
                row.book += note.amount
                receipt = f"rebate {note.document.customer.number} {earliest}"
                for target, amount in ((item, -note.amount), (note, note.amount)):
                    self.data.settlements.append(
                        Settlement("Avoir", self.customer, target, amount, amount, row.paid, row.paid, receipt)
                    )
                return


# ---------------------------------------------------------------- doubtful customers, receipts, numbers


def open_amount(item: Item, settlements: list[Settlement]) -> int:
    """What is left of an item after all its settlements."""
    return item.amount - sum(row.amount for row in settlements if row.item is item)


def make_doubtful(data: LedgerData, role: str, day: date) -> list[Item]:
    """Mark what a customer owes on a day as doubtful; returns the items."""
    marked = []
    for item in data.items:
        concerned = item.customer.role == role and item.amount > 0 and item.document.booked <= day
        if concerned and open_amount(item, data.settlements) > 0:
            item.doubtful = day
            marked.append(item)
    return marked


def doubtful_customers(data: LedgerData) -> None:
    """One customer in liquidation (a part is lost), one that pays a little of what it owes."""
    lost = [item for item in make_doubtful(data, "liquidation", date(2025, 3, 31)) if item.account == GOODS_ACCOUNT]
    for item in lost[: (len(lost) + 1) // 2]:
        amount = open_amount(item, data.settlements)
        data.settlements.append(
            Settlement(
                "Perte",
                item.customer,
                item,
                amount,
                amount,
                date(2026, 5, 29),
                date(2026, 5, 29),
                f"loss {item.customer.number}",
                account=DOUBTFUL_ACCOUNT,
            )
        )
    slow = make_doubtful(data, "doubtful", date(2026, 1, 30))
    first = slow[0]
    amount = share(open_amount(first, data.settlements), 400, 1000)
    data.settlements.append(
        Settlement(
            "Encaissement",
            first.customer,
            first,
            amount,
            amount,
            date(2026, 4, 17),
            date(2026, 4, 17),
            account=DOUBTFUL_ACCOUNT,
        )
    )


def group_receipts(data: LedgerData) -> None:
    """Cash received from a customer on one day is one receipt; some are allocated later, some not at all."""
    dice, receipts, latest = Dice(3), defaultdict(list), latest_settlement(data)
    for row in data.settlements:
        if row.nature == "Encaissement":
            receipts[row.paid, row.customer.number, row.item is None].append(row)
        elif not row.receipt:
            row.receipt = f"{row.nature} {row.customer.number} {row.paid} {row.item.number if row.item else ''}"
    for key in sorted(receipts):
        rows = receipts[key]
        for row in rows:
            row.receipt = f"receipt {key}"
        plain_rows = all(row.account == GOODS_ACCOUNT and row.item is not None for row in rows)
        last = all(row.paid == latest.get(id(row.item)) for row in rows)  # nothing settles these items later
        if (
            plain_rows
            and rows[0].customer.currency == "EUR"
            and rows[0].customer.role not in ("liquidation", "doubtful")
        ):
            if last:
                allocate_later(data, rows, dice)
            if dice.chance(8):
                data.settlements.append(surplus(rows[0], dice))


def latest_settlement(data: LedgerData) -> dict[int, date]:
    """Last day on which each item is settled; none for an item settled twice that day."""
    latest: dict[int, date] = {}
    for row in sorted(data.settlements, key=lambda row: row.paid):
        key = id(row.item)
        latest[key] = date.max if latest.get(key) == row.paid else row.paid
    return latest


def allocate_later(data: LedgerData, rows: list[Settlement], dice: Dice) -> None:
    """Delay the allocation of a receipt; past the closing date it is not allocated."""
    fresh = rows[0].paid >= date(2026, 6, 8)
    if not dice.chance(110 if fresh else 50):
        return
    allocated = rows[0].paid + days(dice.between(70, 150) if dice.chance(80) else dice.between(3, 28))
    for row in rows:
        row.allocated = allocated
    if allocated > CLOSING:
        for row in rows:
            row.item, row.allocated = None, None
        rows[0].amount = sum(row.amount for row in rows)
        rows[0].book = sum(row.book for row in rows)
        for row in rows[1:]:
            data.settlements.remove(row)


def surplus(row: Settlement, dice: Dice) -> Settlement:
    """A few euros too many in a receipt: they stay unallocated."""
    amount = dice.between(1200, 39_000)
    return replace(row, item=None, allocated=None, amount=amount, book=amount)


def number_documents(data: LedgerData) -> None:
    """Give numbers in order of issue, by calendar year and nature."""
    prefixes = {"Facture": ("FA", 5), "Avoir": ("AV", 4), "Acompte": ("AC", 4), "Impayé": ("IM", 4)}
    counts: dict[tuple[str, int], int] = defaultdict(int)
    data.documents.sort(key=lambda document: (document.issue, document.customer.number, document.nature, document.net))
    for document in data.documents:
        prefix, width = prefixes[document.nature]
        counts[prefix, document.issue.year] += 1
        document.number = f"{prefix}{document.issue.year % 100}{counts[prefix, document.issue.year]:0{width}d}"


def receive_requests(data: LedgerData) -> None:
    """Day each public buyer received the request for payment; about one in five is not known."""
    dice = Dice(6)
    for document in data.documents:
        if document.customer.segment == "Secteur public" and document.nature in ("Facture", "Acompte"):
            known, day = not dice.chance(200), document.issue + days(dice.between(0, 4))
            document.received = day if known and day <= CLOSING else None


def number_settlements(data: LedgerData) -> None:
    """Number receipts by calendar year in order of date; rows of one receipt take -1, -2."""
    dice, receipts = Dice(4), defaultdict(list)
    counts: dict[int, int] = defaultdict(int)
    for row in data.settlements:
        receipts[row.paid, row.customer.number, row.receipt].append(row)
    ordered = []
    for paid, number, receipt in sorted(receipts):
        rows = receipts[paid, number, receipt]
        rows.sort(key=lambda row: (row.item is None, row.item.number if row.item else "", -row.amount))
        counts[paid.year] += 1
        reference = settlement_reference(rows, dice)
        for place, row in enumerate(rows, start=1):
            row.number = f"RE{paid.year % 100}{counts[paid.year]:05d}" + (f"-{place}" if len(rows) > 1 else "")
            row.reference = reference
        ordered += rows
    data.settlements = ordered


def settlement_reference(rows: list[Settlement], dice: Dice) -> str:
    """What the bank statement or the paper says."""
    first = rows[0]
    if first.nature == "Encaissement":
        kind = dice.weighted(((80, "VIR"), (14, "CHQ"), (6, "PRLV"))) if first.customer.currency == "EUR" else "SWIFT"
        return f"{kind} {dice.between(100_000, 999_999)}"
    if first.nature == "Avoir":
        return next(row.item.number for row in rows if row.item is not None and row.amount < 0)
    return {"Effet": "LCR", "Perte": "PV irrécouvrable", "Compensation": "Compensation"}[first.nature] + (
        f" {dice.between(1000, 9999)}"
    )


def make_ledger() -> LedgerData:
    """The whole customer ledger."""
    data = LedgerData(make_customers())
    for customer in data.customers:
        own = LedgerData([customer])
        Story(customer, own).tell()
        data.documents += own.documents
        data.settlements += own.settlements
    number_documents(data)
    receive_requests(data)
    doubtful_customers(data)
    group_receipts(data)
    number_settlements(data)
    return data


# ---------------------------------------------------------------- ledger files

INVOICE_HEADINGS = (
    "Pièce",
    "Facture",
    "Nature",
    "N° client",
    "Client",
    "Date facture",
    "Échéance",
    "Date comptable",
    "Devise",
    "Montant TTC",
    "Montant TTC EUR",
    "Montant HT",
    "Taux TVA",
    "Régime TVA",
    "Retenue de garantie",
    "Litige du",
    "Litige clos le",
    "Motif du litige",
    "Douteux depuis le",
    "Compte",
    "Date de réception",
)
SETTLEMENT_HEADINGS = (
    "N° règlement",
    "Pièce",
    "N° client",
    "Référence",
    "Nature",
    "Devise",
    "Montant",
    "Montant EUR",
    "Date règlement",
    "Date lettrage",
    "Compte",
)
CUSTOMER_HEADINGS = (
    "N° client",
    "Client",
    "Groupe",
    "Segment",
    "Chargé de recouvrement",
    "Commercial",
    "Limite de crédit",
    "Limite assureur",
    "Conditions de règlement",
    "Contact règlement",
    "Pays",
    "SIREN",
    "Type d'acheteur",
    "Taux de pénalités",
    "Lecture fin de mois",
)


@dataclass(frozen=True)
class Money:
    """Cents, to be written as an amount."""

    cents: int


@dataclass(frozen=True)
class Rate:
    """Thousandths, to be written as a percentage."""

    thousandths: int


def name_on_document(item: Item) -> str:
    """The customer's name, spelled in several ways for a few customers."""
    customer, document = item.customer, item.document
    spellings = (customer.name, customer.name, customer.name, *customer.spellings)
    return spellings[int(document.number[-3:]) % len(spellings)]


def invoice_rows(data: LedgerData) -> list[list[Any]]:
    """Rows of the table of items."""
    return [
        [
            item.number,
            item.document.number,
            item.document.nature,
            item.customer.number,
            name_on_document(item),
            item.document.issue,
            item.due,
            item.document.booked,
            item.customer.currency,
            Money(item.amount),
            Money(item.book),
            None if item.net is None else Money(item.net),
            None if item.document.rate is None else Rate(item.document.rate),
            item.document.regime,
            "oui" if item.account == RETENTION_ACCOUNT else "non",
            item.dispute_from,
            item.dispute_until,
            item.reason,
            item.doubtful,
            item.account,
            item.document.received,
        ]
        for item in data.items
    ]


def settlement_rows(data: LedgerData) -> list[list[Any]]:
    """Rows of the table of settlements."""
    return [
        [
            row.number,
            row.item.number if row.item else None,
            row.customer.number,
            row.reference,
            row.nature,
            row.customer.currency,
            Money(row.amount),
            Money(row.book),
            row.paid,
            row.allocated,
            row.account,
        ]
        for row in data.settlements
    ]


def customer_rows(data: LedgerData) -> list[list[Any]]:
    """Rows of the table of customers."""

    def limit(value: int | None) -> Money | None:
        return None if value is None else Money(value * 100)

    return [
        [
            one.number,
            one.name,
            one.group,
            one.segment,
            one.collector,
            one.salesperson,
            limit(one.limit),
            limit(one.insurer),
            one.terms,
            one.contact,
            one.country,
            one.siren,
            one.buyer,
            None if one.late_rate is None else Rate(one.late_rate),
            one.terms_reading,
        ]
        for one in data.customers
    ]


def decimal(cents: int, mark: str = ",") -> str:
    """Amount with two decimals."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}{mark}{abs(cents) % 100:02d}"


def french_text(value: Any) -> str:
    """A cell of a CSV file."""
    if value is None:
        return ""
    if isinstance(value, Money):
        return decimal(value.cents)
    if isinstance(value, Rate):
        whole, rest = divmod(value.thousandths, 10)
        return f"{whole},{rest} %" if rest else f"{whole} %"
    return value.strftime("%d/%m/%Y") if isinstance(value, date) else str(value)


def write_csv(path: Path, headings: tuple[str, ...], rows: list[list[Any]]) -> None:
    """Semicolons, decimal comma, byte order mark: a French Excel opens it as it is."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(headings)
        writer.writerows([french_text(value) for value in row] for row in rows)


def write_workbook(path: Path, sheets: dict[str, tuple[tuple[str, ...], list[list[Any]]]]) -> None:
    """One sheet per table, real dates and numbers, headings frozen, creation date fixed."""
    book = xlsxwriter.Workbook(path)
    book.set_properties(
        {"title": f"Grand livre clients, {COMPANY} (société fictive)", "created": datetime(2026, 6, 30)}
    )
    formats = {
        "head": book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}),
        "date": book.add_format({"num_format": "dd/mm/yyyy"}),
        "money": book.add_format({"num_format": "#,##0.00"}),
        "rate": book.add_format({"num_format": "0.0%"}),
    }
    for title, (headings, rows) in sheets.items():
        sheet = book.add_worksheet(title)
        sheet.write_row(0, 0, headings, formats["head"])
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, len(rows), len(headings) - 1)
        sheet.set_column(0, len(headings) - 1, 14)
        for line, row in enumerate(rows, start=1):
            for place, value in enumerate(row):
                write_cell(sheet, line, place, value, formats)
    book.close()


def write_cell(sheet: Any, line: int, place: int, value: Any, formats: dict[str, Any]) -> None:
    """A cell of its own type; blanks stay empty."""
    if isinstance(value, Money):
        sheet.write_number(line, place, value.cents / 100, formats["money"])
    elif isinstance(value, Rate):
        sheet.write_number(line, place, value.thousandths / 1000, formats["rate"])
    elif isinstance(value, date):
        sheet.write_datetime(line, place, datetime(value.year, value.month, value.day), formats["date"])
    elif value not in (None, ""):
        sheet.write_string(line, place, value)


# ---------------------------------------------------------------- settings: targets and thresholds

TARGET_HEADINGS = ("Indicateur", "Chargé de recouvrement", "Objectif", "Poids", "Prime")
COMPANY_TARGETS = (
    ("Encours client", "1 400 000,00"),
    ("Taux d'échu", "20 %"),
    ("Échu de plus de 60 jours", "100 000,00"),
    ("DSO épuisement", "55"),
    ("DSO de retard", "10"),
    ("Retard moyen, échues ouvertes comprises", "10"),
    ("Recouvré à 30 jours", "85 %"),
    ("Recouvré à 90 jours", "95 %"),
    ("Indice d'efficacité du recouvrement", "80 %"),
    ("Litiges", "60 000,00"),
)
COLLECTOR_TARGETS = (  # overdue rate, overdue over 60 days (together the company's), collected within 30 days
    ("Maëlo Quirvaudel", "20 %", "25 000,00", "90 %"),
    ("Solvène Drapiquaz", "25 %", "50 000,00", "85 %"),
    ("Ysoline Brantoxe", "18 %", "25 000,00", "92 %"),
)
COLLECTOR_SCALE = (("Taux d'échu", "40 %"), ("Échu de plus de 60 jours", "30 %"), ("Recouvré à 30 jours", "30 %"))
BONUS = "1 200,00"
SIGNAL_HEADINGS = ("Signal", "Actif", "Seuil", "Second seuil", "Remarque")
SIGNALS = (
    ("Refus ou dépassement de l'assureur", "0,00", "", "encours au-delà de la limite de l'assureur, en euros"),
    ("Règlement rejeté", "1", "6", "nombre de rejets ; en tant de mois"),
    ("Retard ancien et important", "5 000,00", "30", "échu non contesté, en euros ; retard de plus de tant de jours"),
    ("Client silencieux", "60", "30", "jours sans règlement ; un échu en retard de plus de tant de jours"),
    ("Utilisation de la limite", "90 %", "", "encours / limite de crédit"),
    ("Paie de plus en plus tard", "10", "3", "jours de retard moyen en plus ; pièces réglées de part et d'autre"),
    ("Hausse de l'encours", "50 %", "10 000,00", "hausse en trois mois ; et hausse en euros"),
    ("Litige ancien", "90", "", "jours depuis l'ouverture du litige"),
    ("Concentration de l'encours", "10 %", "", "part d'un groupe dans l'encours"),
    ("Crédit non lettré ancien", "1 000,00", "60", "crédits non lettrés, en euros ; depuis plus de tant de jours"),
)


def write_settings(folder: Path) -> None:
    """The two tables that a user edits: targets of the indicators, thresholds of the warning signals."""
    targets = [[name, "", target, "", ""] for name, target in COMPANY_TARGETS]
    for collector, *asked in COLLECTOR_TARGETS:
        rows = zip(COLLECTOR_SCALE, asked, strict=True)
        targets += [[name, collector, target, weight, BONUS] for (name, weight), target in rows]
    write_csv(folder / "objectifs.csv", TARGET_HEADINGS, targets)
    write_csv(folder / "seuils.csv", SIGNAL_HEADINGS, [[name, "oui", *rest] for name, *rest in SIGNALS])


# ---------------------------------------------------------------- books: entries and lettering

BOOKS_START = date(2024, 7, 1)
PURCHASES_START = date(2024, 4, 1)
YEARS = (2025, 2026)  # financial years, named by the year they close in
JOURNALS = {
    "AN": "À-nouveaux",
    "VE": "Ventes",
    "HA": "Achats",
    "BQ": "Banque",
    "EF": "Effets à recevoir",
    "OD": "Opérations diverses",
}
LABELS = {
    "101000": "Capital social",
    "106100": "Réserve légale",
    "106800": "Autres réserves",
    "110000": "Report à nouveau",
    "120000": "Résultat de l'exercice (bénéfice)",
    "164000": "Emprunts auprès des établissements de crédit",
    "205000": "Logiciels",
    "215400": "Matériel industriel",
    "218200": "Matériel de transport",
    "218300": "Matériel de bureau et informatique",
    "275000": "Dépôts et cautionnements versés",
    "280500": "Amortissements des logiciels",
    "281540": "Amortissements du matériel industriel",
    "281820": "Amortissements du matériel de transport",
    "281830": "Amortissements du matériel informatique",
    "310000": "Matières premières",
    "335000": "Travaux en cours",
    "401000": "Fournisseurs",
    "404000": "Fournisseurs d'immobilisations",
    "408100": "Fournisseurs, factures non parvenues",
    "411000": "Clients",
    "411700": "Clients, retenues de garantie",
    "413000": "Clients, effets à recevoir",
    "416000": "Clients douteux ou litigieux",
    "418100": "Clients, factures à établir",
    "419100": "Clients, avances et acomptes reçus",
    "421000": "Personnel, rémunérations dues",
    "431000": "Sécurité sociale",
    "442100": "Prélèvement à la source",
    "444000": "État, impôt sur les bénéfices",
    "445510": "TVA à décaisser",
    "445620": "TVA déductible sur immobilisations",
    "445660": "TVA déductible sur biens et services",
    "445664": "TVA déductible, autoliquidation",
    "445670": "Crédit de TVA à reporter",
    "445711": "TVA collectée 20 %",
    "445712": "TVA collectée 10 %",
    "445713": "TVA collectée 5,5 %",
    "445714": "TVA collectée, autoliquidation",
    "445860": "TVA sur factures non parvenues",
    "445870": "TVA sur factures à établir",
    "457000": "Dividendes à payer",
    "491000": "Dépréciations des comptes clients",
    "512000": "Banque",
    "601000": "Achats de matières premières",
    "603100": "Variation des stocks de matières premières",
    "604000": "Achats de sous-traitance",
    "606100": "Énergie",
    "612000": "Redevances de crédit-bail",
    "613000": "Locations",
    "615000": "Entretien et réparations",
    "616000": "Primes d'assurance",
    "622600": "Honoraires",
    "623000": "Publicité",
    "624000": "Transports",
    "625000": "Déplacements",
    "626000": "Frais postaux et télécommunications",
    "627000": "Services bancaires",
    "635110": "Contribution économique territoriale",
    "641000": "Rémunérations du personnel",
    "645000": "Cotisations de sécurité sociale",
    "654400": "Pertes sur créances irrécouvrables des exercices antérieurs",
    "656000": "Pertes de change sur créances et dettes commerciales",
    "661100": "Intérêts des emprunts",
    "681100": "Dotations aux amortissements",
    "681740": "Dotations aux dépréciations des créances",
    "695000": "Impôts sur les bénéfices",
    "701900": "Ventes à l'exportation",
    "704000": "Travaux",
    "704100": "Travaux en sous-traitance (autoliquidation)",
    "709000": "Remises accordées",
    "713350": "Variation des travaux en cours",
    "756000": "Gains de change sur créances et dettes commerciales",
    "781740": "Reprises sur dépréciations des créances",
}
VAT_ACCOUNTS = {200: "445711", 100: "445712", 55: "445713"}
SALES_ACCOUNTS = {"normal": "704000", "autoliquidation": "704100", "export": "701900"}
BANK = "512000"
WITH_PARTNER = ("401", "411", "413", "416", "491")
# opening balances of 1 July 2024 that no earlier entry gives (cents, debit positive); 106800 and 512000 are computed
OPENING = {
    "101000": -30_000_000,
    "106100": -3_000_000,
    "120000": -26_248_035,
    "164000": -41_000_000,
    "205000": 2_840_000,
    "215400": 98_412_000,
    "218200": 31_260_000,
    "218300": 6_235_000,
    "275000": 1_800_000,
    "280500": -1_715_000,
    "281540": -56_330_000,
    "281820": -17_045_000,
    "281830": -4_120_000,
    "310000": 36_514_220,
    "335000": 14_870_000,
    "408100": -1_440_000,
    "418100": 15_360_000,
    "445510": -4_124_000,
    "445860": 240_000,
    "445870": -2_560_000,
    "431000": -6_870_000,
    "442100": -412_000,
    "444000": -1_836_200,
}
STOCKS = {2025: (38_214_675, 16_295_000), 2026: (40_122_840, 15_740_000)}  # materials, works in progress at closing
TO_INVOICE = {2025: 13_900_000, 2026: 14_450_000}  # excl. VAT, invoices to be established at closing
DEPRECIATION = {"280500": 420_000, "281540": 9_850_000, "281820": 5_240_000, "281830": 960_000}  # a year
ALLOWANCE = {("liquidation", 2025): 50, ("liquidation", 2026): 100, ("doubtful", 2026): 50}  # % of the claim excl. VAT


@dataclass
class Group:
    """Items and settlements lettered together; `dates` are those of its allocations."""

    customer: str
    key: str
    dates: list[date] = field(default_factory=list)
    code: str = ""

    def latest(self, known: date) -> date | None:
        """Last allocation known on a day."""
        return max((day for day in self.dates if day <= known), default=None)


@dataclass
class Line:
    """A line of an entry; debit positive, cents of euro."""

    account: str
    amount: int
    partner: str = ""
    foreign: int = 0  # US cents
    group: Group | None = None
    allocated: date | None = None  # blank on an item: the latest allocation of its group


@dataclass
class Entry:
    """A balanced set of lines."""

    journal: str
    day: date
    piece: str
    label: str
    lines: list[Line]
    piece_day: date | None = None


class Lettering:
    """Which items and settlements of the ledger carry the same code."""

    def __init__(self, data: LedgerData):
        self.parent: dict[str, str] = {}
        self.groups: dict[str, Group] = {}
        self.used: dict[str, date] = {}  # credit note: day of its allocation
        self.merged: set[int] = set()  # settlements that clear an item alone, with others of the same receipt
        self.join(data)
        self.collect(data)
        self.code()

    def root(self, key: str) -> str:
        """Representative of the group of an item."""
        while self.parent.get(key, key) != key:
            key = self.parent[key]
        return key

    def unite(self, keys: list[str]) -> None:
        """Put items into one group."""
        first = self.root(keys[0])
        for key in keys[1:]:
            self.parent[self.root(key)] = first

    def join(self, data: LedgerData) -> None:
        """Join a credit note with its invoice, and items cleared at once by one receipt."""
        count: dict[int, int] = defaultdict(int)
        for row in data.settlements:
            count[id(row.item)] += 1
        receipts: dict[tuple[str, str], list[Settlement]] = defaultdict(list)
        for row in data.settlements:
            if row.item is not None and row.account != DOUBTFUL_ACCOUNT:
                alone = count[id(row.item)] == 1 and row.amount == row.item.amount
                if row.nature == "Avoir" or (row.nature == "Encaissement" and alone):
                    receipts[row.receipt, row.account].append(row)
        for rows in receipts.values():
            if len(rows) > 1:
                self.unite([lettering_key(row) for row in rows])
                self.merged |= {id(row) for row in rows if row.nature == "Encaissement"}

    def collect(self, data: LedgerData) -> None:
        """Gather the allocation dates of each group."""
        for row in data.settlements:
            if row.item is not None and row.allocated is not None:
                self.of(lettering_key(row), row.customer).dates.append(row.allocated)
                if row.amount < 0:
                    self.used[row.item.number] = row.allocated
        for item in data.items:
            if item.doubtful is not None:
                self.of(item.number, item.customer).dates.append(item.doubtful)

    def of(self, key: str, customer: Customer) -> Group:
        """Group of an item."""
        key = self.root(key)
        return self.groups.setdefault(key, Group(customer.number, key))

    def code(self) -> None:
        """AAA, AAB... for each customer, in the order of allocation."""
        counts: dict[str, int] = defaultdict(int)
        for group in sorted(self.groups.values(), key=lambda group: (group.customer, min(group.dates), group.key)):
            rank = counts[group.customer]
            counts[group.customer] += 1
            group.code = "".join(chr(65 + rank // base % 26) for base in (676, 26, 1))


def lettering_key(row: Settlement) -> str:
    """Key of the item a settlement clears; claims moved to 416 have a second one."""
    assert row.item is not None
    return row.item.number + (" 416" if row.account == DOUBTFUL_ACCOUNT else "")


def document_entry(document: Document, lettering: Lettering) -> Entry:
    """Sale, credit note, down payment or returned payment."""
    customer = document.customer
    lines = [
        Line(
            item.account,
            item.book,
            customer.number,
            item.amount if customer.currency == "USD" else 0,
            lettering.groups.get(lettering.root(item.number)),
            lettering.used.get(item.number),
        )
        for item in document.items
    ]
    total = sum(line.amount for line in lines)
    if document.nature == "Impayé":
        lines.append(Line(BANK, -total))
        return Entry("BQ", document.booked, document.number, f"Impayé {customer.name}", lines, document.issue)
    sales = "709000" if document.rebate else SALES_ACCOUNTS[document.regime]
    lines += [
        Line("419100" if document.nature == "Acompte" else sales, document.vat - total - document.deposit),
        Line("419100", document.deposit),
        Line(VAT_ACCOUNTS.get(document.rate or 0, ""), -document.vat),
    ]
    return Entry("VE", document.booked, document.number, f"{document.nature} {customer.name}", lines, document.issue)


def settlement_lines(rows: list[Settlement], lettering: Lettering) -> list[Line]:
    """Customer side of a receipt: one line for the items it clears together, one for each other item."""
    together: dict[str, Line] = {}
    lines = []
    for row in rows:
        group = lettering.of(lettering_key(row), row.customer) if row.item is not None else None
        foreign = row.amount if row.customer.currency == "USD" else 0
        line = Line(row.account, -row.book, row.customer.number, -foreign, group, row.allocated)
        if id(row) in lettering.merged and row.account in together:
            together[row.account].amount += line.amount
            together[row.account].foreign += line.foreign
            continue
        if id(row) in lettering.merged:
            together[row.account] = line
        lines.append(line)
    return lines


def settlement_entries(rows: list[Settlement], lettering: Lettering) -> list[Entry]:
    """Entries of one receipt, bill, set-off or loss; allocating a credit note makes none."""
    first, lines = rows[0], settlement_lines(rows, lettering)
    total, name = sum(row.book for row in rows), first.customer.name
    if first.nature == "Avoir":
        return []
    if first.nature == "Encaissement":
        received = euros(sum(row.amount for row in rows), first.customer.currency, first.paid)
        change = Line("656000" if received < total else "756000", total - received)
        return [Entry("BQ", first.paid, first.reference, f"Règlement {name}", [Line(BANK, received), *lines, change])]
    if first.nature == "Effet":
        bill = Line("413000", total, first.customer.number)
        accepted = Entry("EF", first.paid, first.reference, f"Effet accepté {name}", [bill, *lines])
        cashed = business_day((first.bill_due or first.paid) + days(1))
        back = [Line(BANK, total), Line("413000", -total, first.customer.number)]
        return [accepted, Entry("BQ", cashed, first.reference, f"Encaissement effet {name}", back)]
    if first.nature == "Compensation":
        lines.append(Line("401000", total, SET_OFF_SUPPLIER))
        return [Entry("OD", first.paid, first.reference, f"Compensation {name}", lines)]
    for row in rows:
        rate = row.item.document.rate or 0 if row.item else 0
        without = share(row.book, 1000, 1000 + rate)
        lines += [Line("654400", without), Line(VAT_ACCOUNTS.get(rate, ""), row.book - without)]
    return [Entry("OD", first.paid, first.reference, f"Créance irrécouvrable {name}", lines)]


def doubtful_entries(data: LedgerData, lettering: Lettering) -> list[Entry]:
    """Claims moved from 411 to 416: one entry per customer, two lines per item."""
    entries: dict[str, Entry] = {}
    for item in data.items:
        if item.doubtful is None:
            continue
        paid = sum(row.book for row in data.settlements if row.item is item and row.account != DOUBTFUL_ACCOUNT)
        number, left = item.customer.number, item.book - paid
        entry = entries.setdefault(
            number, Entry("OD", item.doubtful, f"DTX{number}", f"Douteux {item.customer.name}", [])
        )
        second = item.number + " 416"
        entry.lines += [
            Line(DOUBTFUL_ACCOUNT, left, number, group=lettering.groups.get(second)),
            Line(item.account, -left, number, group=lettering.of(item.number, item.customer), allocated=item.doubtful),
        ]
    return list(entries.values())


def customer_entries(data: LedgerData) -> list[Entry]:
    """Every entry that the customer ledger gives."""
    lettering = Lettering(data)
    entries = [document_entry(document, lettering) for document in data.documents]
    receipts: dict[tuple[date, str, str], list[Settlement]] = defaultdict(list)
    for row in data.settlements:
        receipts[row.paid, row.customer.number, row.receipt].append(row)
    for rows in receipts.values():
        entries += settlement_entries(rows, lettering)
    return entries + doubtful_entries(data, lettering)


# ---------------------------------------------------------------- books: the rest of the company


@dataclass(frozen=True)
class Supplier:
    """A supplier and what it sells us each month."""

    number: str
    name: str
    account: str
    weight: int  # of sales, per 100,000; 0: fixed
    fixed: int  # cents a month
    terms: str
    invoices: int = 1
    rate: int = 200
    reverse: bool = False


SET_OFF_SUPPLIER = "F0040"
MATERIALS = (
    "Bois Kelvruzande",
    "Quincaillerie Traxombel",
    "Verrerie Ozimprez",
    "Profilés Drozulane",
    "Négoce Fliptoudre",
    "Panneaux Wenquivard",
    "Joints Yvomixel",
    "Vernis Lurdaxol",
    "Visserie Plibzimare",
    "Volets Stagivaxe",
    "Ferrures Navzulquine",
    "Isolants Joxolurbe",
)
SUBCONTRACTORS = (
    "Pose Gladvrune",
    "Pose Ruzquandor",
    "Échafaudages Morpteline",
    "Stores Crazevultre",
    "Pose Xandaxiprez",
)
OVERHEADS = (
    ("Foncière Trebzolane", "613000", 1_180_000, 200),
    ("Énergie Volzulaire", "606100", 760_000, 200),
    ("Assurances Brugivande", "616000", 510_000, 0),
    ("Location Zarmixelle", "612000", 540_000, 200),
    ("Garage Kelpturbe", "615000", 430_000, 200),
    ("Expertise Quidaxolle", "622600", 360_000, 200),
    ("Transports Droxolande", "624000", 520_000, 200),
    ("Hôtels Flizevard", "625000", 390_000, 100),
    ("Télécoms Staquivore", "626000", 135_000, 200),
    ("Agence Wenvrumix", "623000", 170_000, 200),
)


def make_suppliers() -> list[Supplier]:
    """Materials by share of sales, subcontractors under reverse charge, overheads at a fixed price."""
    weights = (9100, 7800, 6600, 5500, 4700, 3800, 3100, 2500, 2000, 1600, 1300, 1000)
    suppliers = [
        Supplier(f"F{place + 1:04d}", name, "601000", weights[place], 0, "45 jours fin de mois", 2)
        for place, name in enumerate(MATERIALS)
    ]
    suppliers += [
        Supplier(f"F{place + 20:04d}", name, "604000", 2250, 0, "30 jours", reverse=True)
        for place, name in enumerate(SUBCONTRACTORS)
    ]
    suppliers += [
        Supplier(f"F{place + 30:04d}", name, account, 0, cents, "30 jours", rate=rate)
        for place, (name, account, cents, rate) in enumerate(OVERHEADS)
    ]
    return suppliers


def purchase(supplier: Supplier, day: date, net: int, piece: str) -> Entry:
    """A purchase invoice; under reverse charge the VAT is both due and deductible."""
    vat = share(net, supplier.rate, 1000)
    if supplier.reverse:
        lines = [Line("445664", vat), Line("445714", -vat), Line("401000", -net, supplier.number)]
    else:
        lines = [Line("445660", vat), Line("401000", -net - vat, supplier.number)]
    return Entry("HA", day, piece, f"Facture {supplier.name}", [Line(supplier.account, net), *lines])


def payments_to(supplier: Supplier, invoices: list[Entry]) -> list[Entry]:
    """One transfer per supplier and due date."""
    due: dict[date, int] = defaultdict(int)
    for entry in invoices:
        due[business_day_before(due_date(entry.day, supplier.terms))] += sum(
            line.amount for line in entry.lines if line.account == "401000"
        )
    return [
        Entry(
            "BQ",
            day,
            f"VIR {supplier.number} {day:%m%y}",
            f"Virement {supplier.name}",
            [Line("401000", -amount, supplier.number), Line(BANK, amount)],
        )
        for day, amount in sorted(due.items())
    ]


def monthly_sales(data: LedgerData) -> dict[date, int]:
    """Sales excl. VAT by month, cents of euro."""
    sales: dict[date, int] = defaultdict(int)
    for document in data.documents:
        if document.nature != "Impayé":
            sales[document.issue.replace(day=1)] += euros(document.net, document.customer.currency, document.issue)
    return sales


def purchase_entries(data: LedgerData, suppliers: list[Supplier]) -> list[Entry]:
    """Purchases and their payments from April 2024."""
    dice, sales, entries = Dice(5), monthly_sales(data), []
    for supplier in suppliers:
        invoices = []
        for month in months(PURCHASES_START, CLOSING):
            monthly = supplier.fixed or share(sales[month], supplier.weight, 100_000)
            for part in range(supplier.invoices):
                net = monthly // supplier.invoices * dice.between(880, 1120) // 1000
                day = business_day(month + days(dice.between(2, 24)))
                invoices.append(purchase(supplier, day, net, f"{supplier.number[1:]}-{day:%y%m}{part + 1}"))
        entries += invoices + payments_to(supplier, invoices)
    return entries


def set_off_purchases(data: LedgerData, supplier: Supplier) -> list[Entry]:
    """Purchases of the same amount from the customer who is also a supplier, settled by set-off."""
    entries = []
    for row in data.settlements:
        if row.nature == "Compensation":
            net = share(row.book, 1000, 1200)
            entry = purchase(supplier, business_day(row.paid - days(30)), net, f"0040-{row.paid:%y%m%d}")
            entry.lines[1].amount, entry.lines[2].amount = row.book - net, -row.book
            entries.append(entry)
    return entries


def payroll_entries(month: date) -> list[Entry]:
    """Pay of about 35 people: net paid on the 28th, contributions and tax at source on the 15th of the next month."""
    gross = (
        9_780_000 + (month.year * 12 + month.month - 2024 * 12 - 7) * 21_000 + (4_600_000 if month.month == 12 else 0)
    )
    employee, employer, tax = share(gross, 22, 100), share(gross, 41, 100), share(gross, 42, 1000)
    end, next_month = month_end(month), month_end(month) + days(15)
    piece = f"PAIE {month:%m%y}"
    entries = [
        Entry(
            "OD",
            end,
            piece,
            f"Paie {month:%m/%Y}",
            [
                Line("641000", gross),
                Line("431000", -employee),
                Line("442100", -tax),
                Line("421000", employee + tax - gross),
            ],
        ),
        Entry(
            "OD",
            end,
            piece,
            f"Cotisations patronales {month:%m/%Y}",
            [Line("645000", employer), Line("431000", -employer)],
        ),
        Entry(
            "BQ",
            end,
            f"VIR {piece}",
            f"Salaires {month:%m/%Y}",
            [Line("421000", gross - employee - tax), Line(BANK, employee + tax - gross)],
        ),
    ]
    paid = [Line("431000", employee + employer), Line("442100", tax), Line(BANK, -employee - employer - tax)]
    return [*entries, Entry("BQ", business_day(next_month), f"DSN {month:%m%y}", f"DSN {month:%m/%Y}", paid)]


def financing_entries(month: date, rank: int) -> list[Entry]:
    """Loan instalment, bank charges."""
    capital, left = 750_000, 41_000_000 - 750_000 * rank
    interest = share(left, 31, 12_000)
    day = business_day(month.replace(day=5))
    loan = [Line("164000", capital), Line("661100", interest), Line(BANK, -capital - interest)]
    fees = [Line("627000", 68_500), Line(BANK, -68_500)]
    return [
        Entry("BQ", day, f"ECH {month:%m%y}", "Échéance d'emprunt", loan),
        Entry("BQ", business_day(month.replace(day=28)), f"FRAIS {month:%m%y}", "Frais bancaires", fees),
    ]


def opening_debts() -> list[Entry]:
    """Debts of 30 June 2024 paid in the first months of the books."""
    social = [Line("431000", 6_870_000), Line("442100", 412_000), Line(BANK, -7_282_000)]
    return [
        Entry("BQ", date(2024, 7, 15), "DSN 0624", "DSN 06/2024", social),
        Entry("BQ", date(2024, 7, 24), "CA3 0624", "TVA 06/2024", [Line("445510", 4_124_000), Line(BANK, -4_124_000)]),
    ]


def yearly_entries(year: int) -> list[Entry]:
    """Reversals, taxes, profit tax instalments, investments of one financial year."""
    start = date(year - 1, 7, 1)
    net = 12_800_000 if year == 2025 else TO_INVOICE[2025]
    vat = share(net, 200, 1000)
    entries = [
        Entry(
            "OD",
            start,
            f"EXT FAE{year - 1}",
            "Extourne factures à établir",
            [Line("704000", net), Line("445870", vat), Line("418100", -net - vat)],
        ),
        Entry(
            "OD",
            start,
            f"EXT FNP{year - 1}",
            "Extourne factures non parvenues",
            [Line("408100", 1_440_000), Line("622600", -1_200_000), Line("445860", -240_000)],
        ),
        Entry(
            "BQ",
            date(year - 1, 12, 16),
            f"CFE {year - 1}",
            "Contribution économique territoriale",
            [Line("635110", 2_940_000), Line(BANK, -2_940_000)],
        ),
    ]
    for month, when in ((9, year - 1), (12, year - 1), (3, year), (6, year)):
        day = business_day(date(when, month, 15))
        entries.append(
            Entry(
                "BQ",
                day,
                f"IS {day:%m%y}",
                "Acompte d'impôt sur les sociétés",
                [Line("444000", 2_200_000), Line(BANK, -2_200_000)],
            )
        )
    for day, asset, net in ((date(year - 1, 11, 14), "215400", 9_600_000), (date(year, 3, 20), "218200", 3_450_000)):
        bought = [Line(asset, net), Line("445620", net // 5), Line("404000", -net - net // 5)]
        entries += [
            Entry("HA", day, f"IMMO {day:%m%y}", LABELS[asset], bought),
            Entry(
                "BQ",
                business_day(day + days(30)),
                f"VIR IMMO {day:%m%y}",
                f"Virement {LABELS[asset]}",
                [Line("404000", net + net // 5), Line(BANK, -net - net // 5)],
            ),
        ]
    return entries


def profit_entries(profit: int, year: int) -> list[Entry]:
    """Last year's profit goes to reserves and dividends in December."""
    dividend, left = (9_000_000 if year == 2025 else 20_000_000), 500_000
    day = business_day(date(year - 1, 12, 12))
    lines = [
        Line("120000", profit),
        Line("106800", dividend + left - profit),
        Line("110000", -left),
        Line("457000", -dividend),
    ]
    return [
        Entry("OD", day, f"AG {year - 1}", "Affectation du résultat", lines),
        Entry("BQ", date(year, 1, 15), f"DIV {year}", "Dividendes", [Line("457000", dividend), Line(BANK, -dividend)]),
    ]


def balances(entries: Iterable[Entry], start: date, end: date) -> dict[tuple[str, str], list[int]]:
    """Balance (euros, dollars) by account and partner of the entries of a period."""
    totals: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for entry in entries:
        if start <= entry.day <= end:
            for line in entry.lines:
                totals[line.account, line.partner][0] += line.amount
                totals[line.account, line.partner][1] += line.foreign
    return totals


def vat_entries(entries: list[Entry]) -> list[Entry]:
    """Monthly return (CA3): VAT collected and deductible cleared, the difference paid on the 24th or carried on."""
    made, credit = [], 0
    for month in months(BOOKS_START, CLOSING):
        totals = balances(entries, month, month_end(month))
        lines = [
            Line(account, -amount)
            for (account, _), (amount, _) in sorted(totals.items())
            if account.startswith(("44571", "44562", "445660", "445664")) and amount
        ]
        owed = sum(line.amount for line in lines) - credit
        lines += [Line("445670", -credit), Line("445510" if owed > 0 else "445670", -owed)]
        made.append(Entry("OD", month_end(month), f"CA3 {month:%m%y}", f"TVA {month:%m/%Y}", lines))
        credit = max(0, -owed)
        paid = business_day(month_end(month) + days(24))
        if owed > 0:
            made.append(
                Entry("BQ", paid, f"CA3 {month:%m%y}", f"TVA {month:%m/%Y}", [Line("445510", owed), Line(BANK, -owed)])
            )
    return made


def allowances(data: LedgerData, year: int) -> dict[tuple[str, str], int]:
    """Allowance needed at a closing by (customer, item): a share of the claim excl. VAT."""
    end = date(year, 6, 30)
    needed = {}
    for item in data.items:
        percent = ALLOWANCE.get((item.customer.role, year), 0)
        if item.doubtful is not None and item.doubtful <= end and percent:
            left = item.book - sum(row.book for row in data.settlements if row.item is item and row.paid <= end)
            without = share(left, 1000, 1000 + (item.document.rate or 0))
            needed[item.customer.number, item.number] = share(without, percent, 100)
    return needed


def closing_entries(data: LedgerData, year: int, stocks: tuple[int, int]) -> list[Entry]:
    """Stocks, depreciation, doubtful claims, invoices to be established or received."""
    end, before, now = date(year, 6, 30), allowances(data, year - 1), allowances(data, year)
    lines: list[Line] = []
    for key in sorted({*before, *now}):
        change = now.get(key, 0) - before.get(key, 0)
        lines += [Line("681740" if change > 0 else "781740", change), Line("491000", -change, key[0])]
    materials, works = STOCKS[year]
    materials, works = materials - stocks[0], works - stocks[1]
    net, vat = TO_INVOICE[year], share(TO_INVOICE[year], 200, 1000)
    worn = [Line(account, -amount) for account, amount in DEPRECIATION.items()]
    return [
        Entry(
            "OD", end, f"STOCK {year}", "Variation des stocks", [Line("310000", materials), Line("603100", -materials)]
        ),
        Entry("OD", end, f"ENCOURS {year}", "Travaux en cours", [Line("335000", works), Line("713350", -works)]),
        Entry("OD", end, f"AMORT {year}", "Amortissements", [Line("681100", sum(DEPRECIATION.values())), *worn]),
        Entry("OD", end, f"DEPREC {year}", "Dépréciations des créances", lines),
        Entry(
            "OD",
            end,
            f"FAE {year}",
            "Factures à établir",
            [Line("418100", net + vat), Line("704000", -net), Line("445870", -vat)],
        ),
        Entry(
            "OD",
            end,
            f"FNP {year}",
            "Factures non parvenues",
            [Line("622600", 1_200_000), Line("445860", 240_000), Line("408100", -1_440_000)],
        ),
    ]


def profit(entries: list[Entry], year: int) -> int:
    """Profit of a financial year, cents."""
    totals = balances(entries, date(year - 1, 7, 1), date(year, 6, 30))
    return -sum(amount for (account, _), (amount, _) in totals.items() if account[:1] in ("6", "7"))


def tax_entries(entries: list[Entry], year: int) -> list[Entry]:
    """Tax on profits at closing (15 % up to 42,500 euros, 25 % above); the balance is paid in October."""
    base = profit(entries, year)
    tax = (share(4_250_000, 15, 100) + share(base - 4_250_000, 25, 100)) // 100 * 100
    balance = tax - 4 * 2_200_000
    paid = business_day(date(year, 10, 15))
    return [
        Entry(
            "OD", date(year, 6, 30), f"IS {year}", "Impôt sur les sociétés", [Line("695000", tax), Line("444000", -tax)]
        ),
        Entry(
            "BQ",
            paid,
            f"IS SOLDE {year}",
            "Solde d'impôt sur les sociétés",
            [Line("444000", balance), Line(BANK, -balance)],
        ),
    ]


def make_books(data: LedgerData) -> tuple[list[Entry], dict[str, str]]:
    """All entries to the closing date, with the names of customers and suppliers."""
    suppliers = make_suppliers()
    other = next(one for one in data.customers if one.role == "set_off")
    set_off = Supplier(SET_OFF_SUPPLIER, other.name, "615000", 0, 0, "30 jours")
    names = {one.number: one.name for one in data.customers}
    names |= {one.number: one.name for one in [*suppliers, set_off]}
    entries = (
        customer_entries(data) + purchase_entries(data, suppliers) + set_off_purchases(data, set_off) + opening_debts()
    )
    entries.append(
        Entry(
            "BQ",
            date(2024, 10, 15),
            "IS SOLDE 2024",
            "Solde d'impôt sur les sociétés",
            [Line("444000", 1_836_200), Line(BANK, -1_836_200)],
        )
    )
    for rank, month in enumerate(months(BOOKS_START, CLOSING)):
        entries += payroll_entries(month) + financing_entries(month, rank)
    stocks = (OPENING["310000"], OPENING["335000"])
    for year in YEARS:
        entries += yearly_entries(year) + closing_entries(data, year, stocks)
        stocks = STOCKS[year]
    entries += vat_entries(entries)
    earned = -OPENING["120000"]
    for year in YEARS:
        entries += profit_entries(earned, year) + tax_entries(entries, year)
        earned = profit(entries, year)
    return [tidy(entry) for entry in entries if entry.day <= CLOSING], names


def tidy(entry: Entry) -> Entry:
    """Drop lines of zero and check the balance."""
    entry.lines = [line for line in entry.lines if line.amount]
    if sum(line.amount for line in entry.lines):
        raise ValueError(f"unbalanced: {entry}")
    return entry


# ---------------------------------------------------------------- FEC files

FEC_HEADINGS = (
    "JournalCode",
    "JournalLib",
    "EcritureNum",
    "EcritureDate",
    "CompteNum",
    "CompteLib",
    "CompAuxNum",
    "CompAuxLib",
    "PieceRef",
    "PieceDate",
    "EcritureLib",
    "Debit",
    "Credit",
    "EcritureLet",
    "DateLet",
    "ValidDate",
    "Montantdevise",
    "Idevise",
)


def first_opening(entries: list[Entry]) -> dict[tuple[str, str], list[int]]:
    """Balance sheet of 1 July 2024: third parties from earlier entries, the rest given, reserves by difference."""
    earlier = balances(entries, date(2000, 1, 1), BOOKS_START - days(1))
    opening = {key: value for key, value in earlier.items() if key[0].startswith(("401", "411", "413", "416", "4191"))}
    opening |= {(account, ""): [amount, 0] for account, amount in OPENING.items()}
    opening[BANK, ""] = [opening_bank(entries), 0]
    opening["106800", ""] = [-sum(amount for amount, _ in opening.values()), 0]
    return opening


def opening_bank(entries: list[Entry]) -> int:
    """Cash of 1 July 2024 such that the worst month end is an overdraft of 85,000 euros."""
    lowest, total = 0, 0
    for month in months(BOOKS_START, CLOSING):
        total += balances(entries, month, month_end(month))[BANK, ""][0]
        lowest = min(lowest, total)
    return -lowest - 8_500_000


def next_opening(
    opening: dict[tuple[str, str], list[int]], entries: list[Entry], year: int
) -> dict[tuple[str, str], list[int]]:
    """Balance sheet one year on; the profit of the year is in account 120."""
    totals = balances(entries, date(year - 1, 7, 1), date(year, 6, 30))
    closing = {
        key: [opening.get(key, [0, 0])[part] + totals.get(key, [0, 0])[part] for part in (0, 1)]
        for key in {*opening, *totals}
        if key[0][0] < "6"
    }
    closing.setdefault(("120000", ""), [0, 0])[0] -= profit(entries, year)
    return closing


def opening_entry(opening: dict[tuple[str, str], list[int]], year: int) -> Entry:
    """One line per account and third party."""
    lines = [
        Line(account, amount, partner, foreign) for (account, partner), (amount, foreign) in sorted(opening.items())
    ]
    return tidy(Entry("AN", date(year - 1, 7, 1), f"AN{year - 1}", "À-nouveaux", lines))


def fec_line(entry: Entry, line: Line, number: int, names: dict[str, str], known: date) -> list[str]:
    """The 18 fields; the lettering is what was known on the day of the export."""
    allocated = line.allocated
    if line.group is not None and allocated is None:
        allocated = line.group.latest(known)
    lettered = line.group is not None and allocated is not None and allocated <= known
    partner = line.partner if line.account.startswith(WITH_PARTNER) else ""
    return [
        entry.journal,
        JOURNALS[entry.journal],
        str(number),
        f"{entry.day:%Y%m%d}",
        line.account,
        LABELS[line.account],
        partner,
        names[partner] if partner else "",
        entry.piece,
        f"{entry.piece_day or entry.day:%Y%m%d}",
        entry.label,
        decimal(max(line.amount, 0)),
        decimal(max(-line.amount, 0)),
        line.group.code if lettered and line.group else "",
        f"{allocated:%Y%m%d}" if lettered and allocated else "",
        f"{month_end(entry.day):%Y%m%d}",
        decimal(abs(line.foreign)) if line.foreign else "",
        "USD" if line.foreign else "",
    ]


def write_fec(path: Path, opening: Entry, entries: list[Entry], names: dict[str, str], year: int) -> None:
    """One financial year: opening entry first, then by date; entries numbered without a gap."""
    start, end, order = date(year - 1, 7, 1), date(year, 6, 30), list(JOURNALS)
    chosen = sorted(
        (entry for entry in entries if start <= entry.day <= end and entry.lines),
        key=lambda entry: (entry.day, order.index(entry.journal), entry.piece),
    )
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("\t".join(FEC_HEADINGS) + "\r\n")
        for number, entry in enumerate([opening, *chosen], start=1):
            for line in entry.lines:
                file.write("\t".join(fec_line(entry, line, number, names, EXPORTED[year])) + "\r\n")


def main(folder: Path) -> None:
    """Write every file."""
    folder.mkdir(parents=True, exist_ok=True)
    data = make_ledger()
    tables = {
        "Factures": (INVOICE_HEADINGS, invoice_rows(data)),
        "Règlements": (SETTLEMENT_HEADINGS, settlement_rows(data)),
        "Clients": (CUSTOMER_HEADINGS, customer_rows(data)),
    }
    for title, (headings, rows) in tables.items():
        write_csv(folder / f"{plain(title)}.csv", headings, rows)
    write_workbook(folder / "grand_livre.xlsx", tables)
    write_settings(folder)
    entries, names = make_books(data)
    opening = first_opening(entries)
    for year in YEARS:
        write_fec(folder / f"{SIREN}FEC{year}0630.txt", opening_entry(opening, year), entries, names, year)
        opening = next_opening(opening, entries, year)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
