"""Whole reports, on the sample company and on real files: every total computed again without cmtools, to the cent."""

import csv
import gzip
import json
import re
from bisect import bisect_left
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import unescape

import openpyxl
import pytest

from cmtools import reports
from cmtools.cli import main
from cmtools.language import HARD, THIN

pytestmark = pytest.mark.slow

BUCKETS = ("not_due", "d1_30", "d31_60", "d61_90", "d91_120", "over_120", "unknown_age", "unallocated")
HEADINGS = {
    "fr": ("Non échu", "1–30 j", "31–60 j", "61–90 j", "91–120 j", "> 120 j", "Âge inconnu", "Non lettré"),
    "en": ("Not due", "1–30 d", "31–60 d", "61–90 d", "91–120 d", "> 120 d", "Unknown age", "Unallocated"),
}
WORDS = {
    "fr": {"total": "Encours", "currency": "Devise", "id": "N° client", "aged": "Balance âgée",
           "items": "Pièces ouvertes", "open": "Reste dû", "outstanding": "Encours client", "overdue": "Échu",
           "reconciliation": "Rapprochement"},
    "en": {"total": "Outstanding", "currency": "Currency", "id": "Customer no.", "aged": "Aged balance",
           "items": "Open items", "open": "Open amount", "outstanding": "Outstanding", "overdue": "Overdue",
           "reconciliation": "Reconciliation"},
}  # fmt: skip
# Words of the other language that no name or file heading of these data holds.
FOREIGN = {
    "fr": r"the|and|with|of|which|are|overdue|outstanding|customers?|receipts?|items?|unknown|month|days",
    "en": r"les|avec|est|sont|une|dont|encours|lettrés?|règlements|jours|mois|échu|inconnu|aucune?",
}

MAPPING = """
invoices:
  document: invoice_id
  customer_id: cust_number
  customer_name: name_customer
  issue_date: document_create_date.1
  due_date: due_in_date
  open_amount: total_open_amount
"""

# --- the reports --------------------------------------------------------------------------------------------------


class Report:
    """What a report says, read from its files."""

    def __init__(self, folder, language, code):
        self.folder, self.language, self.code = folder, language, code
        self.html = (folder / "report.html").read_text(encoding="utf-8")
        self.markup = re.sub(r"<(script|style)\b.*?</\1\s*>", "", self.html, flags=re.DOTALL | re.IGNORECASE)
        self.text = unescape(re.sub(r"<[^>]+>", " ", self.markup))
        self.formulas = openpyxl.load_workbook(folder / "report.xlsx")
        self.values = openpyxl.load_workbook(folder / "report.xlsx", data_only=True)
        self.words = WORDS[language]

    def amount(self, text):
        """Cents of an amount as the page writes it."""
        plain = text.replace(THIN, "").replace(HARD, " ").split(" ")[0]
        plain = plain.replace(",", ".") if self.language == "fr" else plain.replace(",", "")
        return round(Decimal(plain) * 100)

    def cards(self):
        """Cents of the money cards: (label, currency) -> cents."""
        found = re.findall(r'<div class="k">(.*?)</div><div class="v">(.*?)</div>', self.markup)
        money = [(unescape(name), unescape(value)) for name, value in found]
        return {
            (name, value[-3:]): self.amount(value) for name, value in money if re.search(rf"{HARD}[A-Z]{{3}}$", value)
        }

    def total_lines(self):
        """Cents written in the total lines of the page's tables."""
        lines = re.findall(r'<tr class="sum">(.*?)</tr>', self.markup, re.DOTALL)
        cells = [re.findall(r"<td[^>]*>(.*?)</td>", line) for line in lines]
        return [[unescape(cell) for cell in line] for line in cells if line[0].startswith("Total")]

    def sheet(self, name, book=None):
        return (book or self.values)[self.words[name]]

    def table(self, name):
        """Rows of a sheet by heading, and its total lines."""
        lines = [list(line) for line in self.sheet(name).iter_rows(values_only=True)]
        rows = [dict(zip([clean(heading) for heading in lines[0]], line)) for line in lines[1:]]
        first = clean(lines[0][0])
        totals = [row for row in rows if str(row[first]).startswith("Total")]
        return [row for row in rows if row not in totals], totals

    def columns(self):
        """Headings of the buckets."""
        return dict(zip(BUCKETS, HEADINGS[self.language]))

    def aged(self):
        """Cents by currency and bucket, by currency, and by customer, from the rows of the workbook."""
        rows, _ = self.table("aged")
        by_bucket, by_customer = defaultdict(Counter), Counter()
        for row in rows:
            currency = row[self.words["currency"]]
            for bucket, heading in self.columns().items():
                by_bucket[currency][bucket] += cents(row.get(heading) or 0)
            by_customer[currency, row[self.words["id"]]] += cents(row[self.words["total"]])
        return by_bucket, by_customer


def clean(heading):
    return (heading or "").replace(HARD, " ")


def cents(value):
    return round(Decimal(str(value)) * 100)


CASES = {
    "sample_fr": ("fr", "2026-06-30", lambda data, real: {
        "--ledger": [data / "factures.csv"], "--settlements": [data / "reglements.csv"],
        "--customers": [data / "clients.csv"]}),
    "sample_en": ("en", "30/06/2026", lambda data, real: {
        "--ledger": [data / "factures.csv"], "--settlements": [data / "reglements.csv"],
        "--customers": [data / "clients.csv"]}),
    "sample_fec": ("fr", "2026-06-30", lambda data, real: {
        "--fec": [data / "904172638FEC20260630.txt", data / "904172638FEC20250630.txt"]}),
    "fec_1": ("fr", "2022-08-31", lambda data, real: {
        "--fec": [real / "fec" / "111111111FEC20220831.txt"], "--terms": [30]}),
    "fec_2": ("en", "2023-07-31", lambda data, real: {"--fec": [real / "fec" / "222222222FEC20230731.TXT"]}),
    "ibm": ("en", "2013-06-30", lambda data, real: {"--ledger": [real / "ar" / "ibm_accounts_receivable.csv"]}),
    "b2b": ("fr", "2020-05-22", lambda data, real: {
        "--ledger": [real / "ar" / "b2b_open_invoices.csv.gz"], "--columns": ["b2b.yaml"]}),
}  # fmt: skip


@pytest.fixture(scope="module")
def run(root, request, tmp_path_factory):
    """Run a case once, whatever number of tests look at it."""
    made = {}

    def once(name):
        if name not in made:
            language, as_of, files = CASES[name]
            real = None if name.startswith("sample") else request.getfixturevalue("real_data")
            folder = tmp_path_factory.mktemp(name)
            (folder / "b2b.yaml").write_text(MAPPING, encoding="utf-8")
            arguments = ["report", "monthly", "--as-of", as_of, "--language", language, "--output", str(folder / "out")]
            for flag, values in files(root / "data", real).items():
                for value in values:
                    arguments += [flag, str(folder / value) if value == "b2b.yaml" else str(value)]
            code = main(arguments)
            made[name] = Report(folder / "out", language, code)
        return made[name]

    return once


@pytest.fixture(params=CASES)
def report(run, request):
    return run(request.param)


# --- the same, computed without cmtools ---------------------------------------------------------------------------


def rows_of(path, encoding="utf-8-sig", delimiter=";"):
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode(encoding)
    return list(csv.DictReader(text.splitlines(), delimiter=delimiter))


def french(text):
    return round(Decimal(text.replace(",", ".")) * 100)


def day(text, layout="%d/%m/%Y"):
    return datetime.strptime(text, layout).date() if text else None


def bucket(due, at, amount, unknown="unknown_age"):
    """Bucket of an amount still open at a date."""
    if amount < 0:
        return "unallocated"
    if due is None:
        return unknown
    late = (at - due).days
    return "not_due" if late <= 0 else BUCKETS[1 + bisect_left((30, 60, 90, 120), late)]


def summed(items):
    """From (currency, customer, bucket, cents): as Report.aged gives them."""
    by_bucket, by_customer = defaultdict(Counter), Counter()
    for currency, customer, name, amount in items:
        by_bucket[currency][name] += amount
        by_customer[currency, customer] += amount
    return by_bucket, by_customer


def expected_sample(data, at=date(2026, 6, 30)):
    """Books' euros: what is booked less what is allocated by then; other receipts stand apart."""
    items, left = {}, Counter()
    for row in rows_of(data / "factures.csv"):
        if day(row["Date comptable"]) <= at:
            items[row["Pièce"]] = row
            left[row["Pièce"]] += french(row["Montant TTC EUR"])
    found = []
    for row in rows_of(data / "reglements.csv"):
        allocated = day(row["Date lettrage"])
        if row["Pièce"] and allocated and allocated <= at:
            left[row["Pièce"]] -= french(row["Montant EUR"])
        elif day(row["Date règlement"]) <= at:
            found.append(("EUR", row["N° client"], "unallocated", -french(row["Montant EUR"])))
    for name, amount in left.items():
        row = items[name]
        unknown = "not_due" if row["Retenue de garantie"] == "oui" else "unknown_age"
        found.append(("EUR", row["N° client"], bucket(day(row["Échéance"]), at, amount, unknown), amount))
    return summed(found)


def expected_ibm(path, at=date(2013, 6, 30)):
    found = []
    for row in rows_of(path, delimiter=","):
        if day(row["InvoiceDate"], "%m/%d/%Y") <= at < day(row["SettledDate"], "%m/%d/%Y"):
            amount = french(row["InvoiceAmount"])
            found.append(("EUR", row["customerID"], bucket(day(row["DueDate"], "%m/%d/%Y"), at, amount), amount))
    return summed(found)


def expected_b2b(path, at=date(2020, 5, 22)):
    found = []
    for row in rows_of(path, delimiter=","):
        if day(row["posting_date"], "%Y-%m-%d") <= at:
            amount, due = french(row["total_open_amount"]), day(row["due_in_date"], "%Y-%m-%d")
            found.append((row["invoice_currency"], row["cust_number"], bucket(due, at, amount), amount))
    return summed(found)


def fec_lines(path, encoding="utf-8-sig", delimiter="\t"):
    """Lines of 411 and 416 with their signed cents, and the classes of account of their entry."""
    read = rows_of(path, encoding, delimiter)
    rows = [{key: (value or "").strip() for key, value in row.items() if key} for row in read]
    entries = defaultdict(set)
    for row in rows:
        row["entry"] = row["JournalCode"], row["EcritureNum"], row["EcritureDate"]
        entries[row["entry"]].add(row["CompteNum"][0])
    found = []
    for row in rows:
        if row["CompteNum"].startswith(("411", "416")):
            row["cents"] = french(row["Debit"] or "0") - french(row["Credit"] or "0")
            row["classes"] = entries[row["entry"]]
            row["customer"] = row.get("CompAuxNum") or row["CompteNum"]
            found.append(row)
    return found


def expected_fec(lines, at, opening, terms=30):
    """Lettering by hand: in each group debits and credits oldest first; what exceeds goes to the opening item."""

    def when(row):
        booked, document = day(row["EcritureDate"], "%Y%m%d"), day(row["PieceDate"], "%Y%m%d")
        return document if abs((booked - document).days) < 400 else booked

    groups, found = defaultdict(list), []
    for position, row in enumerate(lines):
        alone = not row["EcritureLet"]
        groups[row["CompteNum"], row["customer"], row["EcritureLet"] or position, alone].append(row)
    openings, excess = defaultdict(list), Counter()
    for (account, customer, _, alone), members in groups.items():
        credit = -sum(row["cents"] for row in members if row["cents"] < 0)
        for row in sorted((row for row in members if row["cents"] > 0), key=when):
            if alone and opening(row):
                openings[account, customer].append(row["cents"])
                continue
            used = 0 if alone else min(credit, row["cents"])
            credit -= used
            returned = "5" in row["classes"]
            due = when(row) if returned else when(row) + timedelta(days=terms)
            found.append(("EUR", customer, bucket(due, at, row["cents"] - used), row["cents"] - used))
        if alone:
            found.append(("EUR", customer, "unallocated", -credit))
        else:
            excess[account, customer] += credit
    for key in {*openings, *excess}:
        owed = sum(openings[key])
        used = min(owed, excess[key])
        found.append(("EUR", key[1], "unknown_age", owed - used))
        found.append(("EUR", key[1], "unallocated", used - excess[key]))
    return summed(found)


@pytest.fixture(scope="module")
def expected(root, request):
    data = root / "data"

    def compute(name):
        real = None if name.startswith("sample") else request.getfixturevalue("real_data")
        if name in ("sample_fr", "sample_en"):
            return expected_sample(data)
        if name == "ibm":
            return expected_ibm(real / "ar" / "ibm_accounts_receivable.csv")
        if name == "b2b":
            return expected_b2b(real / "ar" / "b2b_open_invoices.csv.gz")
        if name == "fec_1":
            lines = fec_lines(real / "fec" / "111111111FEC20220831.txt")
            return expected_fec(lines, date(2022, 8, 31), lambda row: row["JournalCode"] == "ANO")
        lines = fec_lines(real / "fec" / "222222222FEC20230731.TXT", "cp850", "|")
        return expected_fec(lines, date(2023, 7, 31), lambda row: row["JournalCode"] == "AN")

    return compute


BY_BUCKET = [name for name in CASES if name != "sample_fec"]


# --- totals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BY_BUCKET)
def test_buckets_and_customers_to_the_cent(name, run, expected):
    by_bucket, by_customer = run(name).aged()
    buckets, customers = expected(name)
    assert {currency: +found for currency, found in by_bucket.items()} == {c: +found for c, found in buckets.items()}
    credit = {currency: found["unallocated"] for currency, found in by_bucket.items()}
    assert credit == {currency: found["unallocated"] for currency, found in buckets.items()}
    assert {key: amount for key, amount in by_customer.items() if amount} == {k: a for k, a in customers.items() if a}


@pytest.mark.parametrize("name", BY_BUCKET)
def test_page_and_workbook_totals_to_the_cent(name, run, expected):
    report, (buckets, _) = run(name), expected(name)
    cards, (_, totals) = report.cards(), report.table("aged")
    assert len(totals) == len(buckets)
    for currency, found in buckets.items():
        owed = sum(found.values())
        late = sum(found[bucket] for bucket in BUCKETS[1:6])
        assert cards[report.words["outstanding"], currency] == owed
        line = next(row for row in totals if len(totals) == 1 or str(row[report.words["id"]]).endswith(currency))
        assert cents(line[report.words["total"]]) == owed
        for bucket, heading in report.columns().items():
            assert cents(line.get(heading) or 0) == found[bucket], bucket
        said = [text for text in re.findall(r'<p class="cm-headline">(.*?)</p>', report.markup) if currency in text]
        amounts = {report.amount(text) for text in re.findall(rf"[-\d{THIN}.,]*\d{HARD}{currency}", said[0])}
        assert {owed, late} <= amounts


def test_published_totals(run):
    """Balance of 411 of the first FEC; ledger and FECs of the sample company give the same."""
    assert run("fec_1").cards()["Encours client", "EUR"] == 5_251_724
    for name, key in (("sample_fr", "Encours client"), ("sample_en", "Outstanding"), ("sample_fec", "Encours client")):
        assert run(name).cards()[key, "EUR"] == 146_435_261


def test_sample_fecs_agree_with_their_accounts_and_with_the_ledger(run, root, expected):
    report = run("sample_fec")
    balance = Counter()
    for row in fec_lines(root / "data" / "904172638FEC20260630.txt"):
        balance[row["customer"]] += row["cents"]
    _, by_customer = report.aged()
    assert {key[1]: amount for key, amount in by_customer.items() if amount} == {k: a for k, a in balance.items() if a}
    assert sum(balance.values()) == 146_435_261
    _, of_ledger = expected("sample_fr")
    assert {key: a for key, a in by_customer.items() if a} == {key: a for key, a in of_ledger.items() if a}
    rows, _ = report.table("reconciliation")
    lines = {row["Ligne"]: cents(row["Solde"]) for row in rows}
    by_account = Counter()
    for row in fec_lines(root / "data" / "904172638FEC20260630.txt"):
        by_account[row["CompteNum"][:3]] += row["cents"]
    assert lines["Solde du compte 411 Clients"] == by_account["411"]
    assert lines["Solde du compte 416 Clients douteux"] == by_account["416"]
    assert lines["Écart entre pièces et comptes"] == 0


def test_first_fec_reports_its_unbalanced_groups_and_its_opening_lines(run, real_data):
    report = run("fec_1")
    groups = Counter()
    for row in fec_lines(real_data / "fec" / "111111111FEC20220831.txt"):
        if row["EcritureLet"]:
            groups[row["customer"], row["EcritureLet"]] += row["cents"]
    unbalanced = {code for (_, code), gap in groups.items() if gap}
    assert len([gap for gap in groups.values() if gap]) == 15
    said = [line for line in report.text.split("\n") if "n'est pas équilibré" in line]
    text = " ".join(said) or report.text
    assert all(f"« {code} »" in text for code in unbalanced)
    assert f"59{THIN}146,90" in report.text


def test_opening_lines_are_of_unknown_age_on_the_first_day(real_data):
    import cmtools as cm

    path = real_data / "fec" / "111111111FEC20220831.txt"
    opening = [row["cents"] for row in fec_lines(path) if row["JournalCode"] == "ANO"]
    assert sum(opening) == 5_914_690
    ledger = cm.read_fec(path).ledger(terms=30)
    aged = cm.aged_balance(cm.open_items(ledger, "2021-09-01"), "2021-09-01", by=None)
    assert cents(aged["unknown_age"].sum()) == 5_914_690
    assert cents(aged[["d1_30", "d31_60", "d61_90", "d91_120", "over_120"]].sum().sum()) == 0


def test_amounts_on_the_page_are_in_the_workbook(report):
    written = set()
    for sheet in report.values.worksheets:
        for line in sheet.iter_rows(values_only=True):
            written |= {cents(value) for value in line if type(value) in (int, float)}
    shown = set(report.cards().values())
    for line in report.total_lines():
        shown |= {report.amount(text) for text in line[1:] if re.search(r"\d[.,]\d\d$", text)}
    assert shown - written == set()
    assert len(shown) >= 5


def page_number(text, language):
    """What a cell of the page says, as a number and its last decimal; None: no number."""
    plain = unescape(text).replace(THIN, "").replace(HARD, "")
    plain = plain.replace(",", ".") if language == "fr" else plain.replace(",", "")
    found = re.fullmatch(r"(-?\d+)(?:\.(\d+))?(%?)[jd]?", plain)
    if not found:
        return None
    decimals, share = len(found.group(2) or ""), 100 if found.group(3) else 1
    return float(plain.rstrip("%jd")) / share, 0.5000001 * 10**-decimals / share


def page_tables(markup):
    """Sheet, headings, rows and closing lines of every table of the page."""
    for name, table in re.findall(r'<table class="cm" data-sheet="([^"]+)">(.*?)</table>', markup, re.DOTALL):
        head = [clean(unescape(text)) for text in re.findall(r"<th(?: [^>]*)?>(.*?)</th>", table)]
        lines = re.findall(r"<tr( class=\"sum\")?>(.*?)</tr>", table.split("<tbody>")[1], re.DOTALL)
        cells = [(bool(last), re.findall(r"<td[^>]*>(.*?)</td>", line, re.DOTALL)) for last, line in lines]
        yield unescape(name), head, [c for last, c in cells if not last], [c for last, c in cells if last]


def test_every_table_of_the_page_is_a_sheet_with_the_same_figures(report):
    tables = list(page_tables(report.markup))
    assert report.markup.count("<table") == len(tables)
    assert len(tables) >= 10
    compared = 0
    for name, head, rows, sums in tables:
        lines = [list(line) for line in report.values[name].iter_rows(values_only=True)]
        places = {clean(heading): place for place, heading in enumerate(lines[0])}
        assert set(head) <= set(places), name
        for line, row in zip(lines[1:], rows):
            for heading, text in zip(head, row):
                shown, kept = page_number(text, report.language), line[places[heading]]
                if type(kept) in (int, float):
                    assert shown is not None, (name, heading, text, kept)
                    assert abs(shown[0] - kept) <= shown[1], (name, heading, text, kept)
                    compared += 1
                elif shown is not None:  # a number on the page that is text in the workbook: a code, a document
                    assert str(kept).strip() == unescape(text).strip(), (name, heading, text, kept)
        closing = [row for row in sums if unescape(row[0]).startswith("Total")]
        totals = {line[0]: line for line in lines[1:] if str(line[0]).startswith("Total")}
        for row in closing:
            line = totals[unescape(row[0])]
            for heading, text in list(zip(head, row))[1:]:
                shown = page_number(text, report.language)
                if shown is not None:
                    assert abs(shown[0] - line[places[heading]]) <= shown[1], (name, heading)
                    compared += 1
        if not sums:
            assert len(rows) == len(lines) - 1, name
    assert compared > 100


def test_sections_stand_in_the_order_of_a_committee(report):
    titles = [unescape(text) for text in re.findall(r"<h2[^>]*>(.*?)<", report.markup)]
    assert [title.split(".")[0] for title in titles[:11]] == [str(number) for number in range(1, 12)]
    word = {"fr": "Annexe", "en": "Annex"}[report.language]
    assert [title.split(".")[0] for title in titles[11:]] == [f"{word} {letter}" for letter in "ABCDEF"]


def test_bridge_closes(report):
    """Opening, movements and closing of the month, and the gap, from the workbook alone."""
    sheet = {"fr": "Mouvements du mois", "en": "Bridge of the month"}[report.language]
    rows = [row for row in report.values[sheet].iter_rows(min_row=2, values_only=True) if row[1] is not None]
    if report.code == 0 and rows and len(rows[0]) > 2:
        for currency in {row[1] for row in rows}:
            amounts = [cents(row[2]) for row in rows if row[1] == currency]
            assert sum(amounts[:-2]) == amounts[-2]
            assert amounts[-1] == 0
            outstanding = report.cards()[report.words["outstanding"], currency]
            assert amounts[-2] == outstanding


def test_workbook_totals_are_formulas_and_add_up(report):
    sums = 0
    for name in ("aged", "items"):
        formulas, values = report.sheet(name, report.formulas), report.sheet(name)
        rows, totals = report.table(name)
        head = [clean(cell.value) for cell in formulas[1]]
        assert formulas.freeze_panes == "A2"
        currency = report.words["currency"]
        for offset, total in enumerate(totals):
            line = len(rows) + 2 + offset
            several = len(totals) > 1
            code = str(total[head[0]]).split()[-1]
            for column, heading in enumerate(head, start=1):
                formula = formulas.cell(line, column).value
                if not str(formula).startswith("="):
                    continue
                sums += 1
                letter = openpyxl.utils.get_column_letter(column)
                area = f"{letter}2:{letter}{len(rows) + 1}"
                key = openpyxl.utils.get_column_letter(head.index(currency) + 1)
                sumif = f'=SUMIF({key}2:{key}{len(rows) + 1},"{code}",{area})'
                assert formula == (sumif if several else f"=SUM({area})")
                mine = [row[heading] or 0 for row in rows if not several or row[currency] == code]
                assert cents(values.cell(line, column).value) == sum(map(cents, mine))
    assert sums >= 9
    sheet, cached = report.sheet("aged", report.formulas), report.sheet("aged")
    column = [clean(cell.value) for cell in sheet[1]].index(report.words["total"]) + 1
    parts = re.findall(r"[A-Z]+\d+", sheet.cell(2, column).value)
    assert cents(cached.cell(2, column).value) == sum(cents(cached[part].value) for part in parts)


def test_items_add_up_to_the_outstanding(report):
    rows, _ = report.table("items")
    by_currency = Counter()
    for row in rows:
        by_currency[row[report.words["currency"]]] += cents(row[report.words["open"]])
    cards = report.cards()
    assert {c: cards[report.words["outstanding"], c] for c in by_currency} == dict(by_currency)


# --- the files ----------------------------------------------------------------------------------------------------


def test_four_files_and_nothing_else(report):
    assert report.code == 0
    assert sorted(path.name for path in report.folder.iterdir()) == [
        "report.html", "report.ipynb", "report.json", "report.xlsx",
    ]  # fmt: skip
    kept = json.loads((report.folder / "report.json").read_text(encoding="utf-8"))
    assert kept["parameters"]["language"] == report.language
    assert all(len(digest) == 64 for digest in kept["sha256"].values())
    assert {"ledger", "fec"} & set(kept["sha256"])


def test_page_loads_nothing(report):
    loads = re.findall(r"""\b(?:src|href|action|data|poster|srcset)\s*=\s*["']?([^"'\s>]*)""", report.markup)
    assert [target for target in loads if not target.startswith(("#", "data:"))] == []
    assert "url(" not in re.sub(r"<script\b.*?</script\s*>", "", report.html, flags=re.DOTALL)
    assert "@import" not in report.html
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)"', report.html).group(1)
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert report.html.startswith("<!DOCTYPE html>")
    assert f'<html lang="{report.language}">' in report.html


def test_charts_are_drawn(report):
    names = re.findall(r'<div class="chart" id="([^"]+)"></div>', report.markup)
    drawn = re.findall(r'Plotly\.newPlot\("([^"]+)"', report.html)
    assert names == [name for name in drawn if name.startswith("chart-")]
    assert len(names) >= 4
    assert len(set(names)) == len(names)


def test_code_is_hidden(report):
    assert "cm.read" not in report.text
    assert "import cmtools" not in report.text
    assert "<input" not in report.markup


def test_page_speaks_one_language(report):
    found = re.findall(rf"(?<![\w-])(?:{FOREIGN[report.language]})(?![\w-])", report.text)
    assert found == []
    for sheet in report.values.worksheets:
        heading = " ".join(str(cell.value) for cell in sheet[1])
        assert re.findall(rf"(?<!\w)(?:{FOREIGN[report.language]})(?!\w)", f"{sheet.title} {heading}") == []


def test_page_shows_numbers_as_a_reader_writes_them(report):
    assert re.findall(r"\b(?:NaN|None|nan|NaT|null|undefined|inf|True|False)\b", report.text) == []
    sign = "," if report.language == "fr" else r"\."
    assert re.findall(rf"\d{sign}\d{{3,}}\b", report.text) == []
    assert re.findall(r"-0[.,]00\b", report.text) == []
    numbers = re.findall(r'<td class="r[^"]*">([^<]*)</td>', report.markup)
    french, english = (
        rf"-?\d{{1,3}}({THIN}\d{{3}})*(,\d+)?({HARD}[%j])?",
        rf"-?\d{{1,3}}(,\d{{3}})*(\.\d+)?(%|{HARD}d)?",
    )
    form = f"–|{french if report.language == 'fr' else english}"
    assert [text for text in numbers if text and not re.fullmatch(form, unescape(text))] == []


def test_first_page_says_which_terms_a_fec_was_given(run):
    warnings = re.findall(r'<p class="cm-warning">(.*?)</p>', run("fec_1").markup)
    assert any("délai de paiement « 30 »" in unescape(text) for text in warnings)
    assert any("94,95" in text and "âge inconnu" in text for text in warnings)


def test_what_is_not_known_is_said(run):
    """A list of open items has no sales and no month before."""
    report = run("b2b")
    assert "le fichier ne contient que les pièces non soldées" in report.text
    assert "en un mois" not in report.text
    assert report.text.count("Mois précédent : –") == 16


# --- text from a client's file ------------------------------------------------------------------------------------

NAMES = [
    "<script>alert(1)</script>", '=HYPERLINK("http://x")', "+1+1", "{{7*7}}", "</script>", "N" * 300, "שלום עולם",
    "مرحبا", "{% raw %}", "<b>gras</b>", "<img src=x onerror=alert(1)>", "@cmd", "$x^2$", "L'Œuf & Cie", "# titre",
    'dit "Le Bon"',
]  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    lines = [["Facture", "N° client", "Client", "Date facture", "Échéance", "Montant TTC", "Motif du litige"]]
    for position, name in enumerate(NAMES):
        money = f"{100 + position},25"
        lines.append([f"F{position}", f"0{position:03}", name, "01/05/2026", "31/05/2026", money, name])
    with (folder / "l.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows(lines)
    arguments = ["report", "monthly", "--ledger", str(folder / "l.csv"), "--as-of", "2026-06-30"]
    return Report(folder / "out", "fr", main([*arguments, "--language", "fr", "--output", str(folder / "out")]))


def test_hostile_names_are_shown_as_text(hostile):
    cells = [unescape(cell) for cell in re.findall(r"<td>(.*?)</td>", hostile.markup, re.DOTALL)]
    for name in NAMES:
        assert name in cells
    assert re.findall(r"<(?:b>gras|img|script>alert|/script>alert)", hostile.markup) == []
    scripts = re.findall(r"<script\b[^>]*>(.*?)</script\s*>", hostile.html, re.DOTALL)
    assert hostile.html.count("<script") == len(scripts)
    assert not any(script.strip() == "alert(1)" for script in scripts)
    assert hostile.cards()["Encours client", "EUR"] == sum(10_025 + 100 * rank for rank in range(len(NAMES)))


def test_hostile_names_are_plain_text_in_the_workbook(hostile):
    sheet = hostile.sheet("aged", hostile.formulas)
    found = {row[1].value: row[1] for row in sheet.iter_rows(min_row=2) if row[1].value}
    assert set(found) == set(NAMES)
    assert {cell.data_type for cell in found.values()} == {"s"}
    assert not any(cell.hyperlink for other in hostile.formulas.worksheets for row in other.iter_rows() for cell in row)
    numbers = {row[0].value for row in sheet.iter_rows(min_row=2)}
    assert "0000" in numbers
    formulas = [cell.value for other in hostile.formulas.worksheets for row in other.iter_rows() for cell in row
                if cell.data_type == "f"]  # fmt: skip
    assert all(re.fullmatch(r"=(SUM\([A-Z]+\d+:[A-Z]+\d+\)|[A-Z]+\d+(\+[A-Z]+\d+)*)", formula) for formula in formulas)


@pytest.mark.browser
def test_hostile_names_do_nothing_in_a_browser(hostile):
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        page = browser.new_page()
        events = []
        page.on("dialog", lambda dialog: (events.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: events.append(str(error)))
        page.on("request", lambda request: events.append(request.url))
        page.goto(f"file://{hostile.folder}/report.html")
        page.wait_for_function("document.querySelectorAll('.chart .main-svg').length >= 2")
        ticks = page.evaluate("[...document.querySelectorAll('.ytick text')].map(tick => tick.textContent)")
        browser.close()
    assert [event for event in events if not event.startswith("file://")] == []
    assert len(events) == 1
    assert {"$x^2$", "L'Œuf & Cie", "# titre", "<b>gras</b>", "<img src=x onerror=alert(1)>", 'dit "Le Bon"'} <= set(
        ticks
    )


def test_a_kernel_whose_port_was_taken_is_started_again(tmp_path, monkeypatch):
    tries = []

    def taken(*_, **__):
        tries.append(1)
        raise RuntimeError("Kernel died before replying to kernel_info")

    monkeypatch.setattr("papermill.engines.papermill_engines.execute_notebook_with_engine", taken)
    with pytest.raises(reports.ReportError, match="before replying"):
        reports._execute(reports.notebook_path("report_monthly", "fr"), {}, tmp_path, "fr", reports.Making())
    assert len(tries) == 3
