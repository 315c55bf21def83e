"""The accounts of the sample company's customers, checked from the codes in plain Python, without cmtools."""

import csv
import importlib.util
import re
import sys
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest

FILES = ("liasses_clients.csv", "balance_client.csv", "secteur.csv")
SOUND = ("000102", "000106", "000144", "000153", "000175", "000189", "000197", "000208", "000213", "000227")
GROWING = ("000119", "000123", "000219", "000233")
SQUEEZED = ("000152", "000186")
LATE = ("000142", "000152", "000164", "000186")  # pay later and later; 000116 and 000128 stopped
STOPPED = ("000116", "000128")
SIMPLIFIED = ("000115", "000139", "000185", "000221")
WITHOUT_2057 = ("000213", "000225", "000231")
ROUNDED = ("000189", 2024)
INCOMPLETE = ("000225", 2024)
SELLERS_2025 = ("000102", "000128", "000146", "000227", "000231")
OLD_SELLERS = (("000102", 2023), ("000119", 2024), ("000144", 2024), ("000116", 2024), ("000211", 2023))
FIXED = "AB AC/CX CQ/AF AG/AH AI/AJ AK/AL AM/AN AO/AP AQ/AR AS/AT AU/AV AW/AX AY/CS CT/CU CV/BB BC/BD BE/BF BG/BH BI"
CURRENT = "BL BM/BN BO/BP BQ/BR BS/BT BU/BV BW/BX BY/BZ CA/CB CC/CD CE/CF CG/CH CI"
TOTALS_2050 = {  # a total of the forms and the sum of its boxes
    "BJ": [pair.split()[0] for pair in FIXED.split("/")],
    "BK": [pair.split()[1] for pair in FIXED.split("/")],
    "CJ": [pair.split()[0] for pair in CURRENT.split("/")],
    "CK": [pair.split()[1] for pair in CURRENT.split("/")],
    "CO": "AA BJ CJ CW CM CN",
    "1A": "BK CK",
    "DL": "DA DB DC DD DE DF DG DH DI DJ DK",
    "DR": "DP DQ",
    "EC": "DS DT DU DV DW DX DY DZ EA EB",
    "EE": "DL DO DR EC ED",
    "FC": "FA FB",
    "FF": "FD FE",
    "FI": "FG FH",
    "FJ": "FA FD FG",
    "FK": "FB FE FH",
    "FL": "FC FF FI",
    "FR": "FL FM FN FO FP FQ",
    "GF": "FS FT FU FV FW FX FY FZ GA GB GC GD GE",
    "GG": "FR -GF",
    "GP": "GJ GK GL GM GN GO",
    "GU": "GQ GR GS GT",
    "GV": "GP -GU",
    "GW": "GG GH -GI GV",
    "HD": "HA HB HC",
    "HH": "HE HF HG",
    "HI": "HD -HH",
    "HL": "FR GH GP HD",
    "HM": "GF GI GU HH HJ HK",
    "HN": "HL -HM",
    "FW": "YT XQ YU SS YV ST",
    "ZJ": "FW",
    "FX": "YW 9Z",
    "YX": "FX",
}
TOTALS_2057 = {
    "BX": "UX VA",
    "BZ": "UY UZ VM VB VN VP VC VR",
    "DU": "VG VH",
    "DV": "8A VI",
    "DX": "8B",
    "DY": "8C 8D 8E VW VX VQ",
    "DZ": "8J",
    "EA": "8K",
    "EB": "8L",
    "EH": "VG",
    "VY": "EC -DW",
    "VT": "BB BF BH BX BZ CH",
}
TOTALS_2033 = {
    "044": "010 014 028 040",
    "048": "012 016 030 042",
    "096": "050 060 064 068 072 080 084 092",
    "098": "052 062 066 070 074 082 086 094",
    "110": "044 096",
    "112": "048 098",
    "142": "120 124 126 130 132 134 136 140",
    "176": "156 164 166 172 174",
    "180": "142 154 176",
}
TOTALS_2033_B = {
    "232": "210 214 218 222 224 226 230",
    "264": "234 236 238 240 242 244 250 252 254 256 262",
    "270": "232 -264",
    "310": "270 280 -294 290 -300 -306",
    "136": "310",
}


def read(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def day(text: str) -> date | None:
    return date(int(text[6:]), int(text[3:5]), int(text[:2])) if text else None


def cents(text: str) -> int:
    assert re.fullmatch(r"-?\d+,\d\d", text), text
    return int(text.replace(",", ""))


class Year(Counter):
    """Amounts by code of one company-year; a blank box counts for nothing."""

    def __init__(self, company: str, name: str, end: date, months: int):
        super().__init__()
        self.company, self.name, self.end, self.months, self.forms = company, name, end, months, Counter()

    @property
    def first(self) -> date:
        month = (self.end + timedelta(days=1)).year * 12 + (self.end + timedelta(days=1)).month - 1 - self.months
        return date(month // 12, month % 12 + 1, 1)

    @property
    def new(self) -> bool:
        return self.first >= date(2025, 1, 1)

    def sum(self, codes: str | list[str]) -> int:
        listed = codes.split() if isinstance(codes, str) else codes
        return sum(-self[code[1:]] if code.startswith("-") else self[code] for code in listed)

    @property
    def simple(self) -> bool:
        return "2033-A" in self.forms


@pytest.fixture(scope="module")
def filed(root):
    """Three years of each company, oldest first."""
    found: dict[tuple[str, date], Year] = {}
    for row in read(root / "data" / "liasses_clients.csv"):
        end = day(row["date_cloture"])
        year = found.setdefault(
            (row["entreprise"], end), Year(row["entreprise"], row["nom"], end, int(row["duree_mois"]))
        )
        assert row["code"] not in year, row
        assert re.fullmatch(r"-?[1-9]\d*", row["montant"]), row
        year[row["code"]] = int(row["montant"])
        year.forms[row["formulaire"]] += 1
    companies = defaultdict(list)
    for key in sorted(found):
        companies[key[0]].append(found[key])
    return dict(companies)


@pytest.fixture(scope="module")
def years(filed):
    return [year for company in filed.values() for year in company]


@pytest.fixture(scope="module")
def complete(years):
    """Years on complete forms with all their pages."""
    return [year for year in years if not year.simple and (year.company, year.end.year) != INCOMPLETE]


@pytest.fixture(scope="module")
def ledger(root):
    folder = root / "data"
    customers = {row["N° client"]: row["Client"] for row in read(folder / "clients.csv")}
    items, settled = defaultdict(list), defaultdict(list)
    due = {}
    for row in read(folder / "factures.csv"):
        book, currency, without = cents(row["Montant TTC EUR"]), cents(row["Montant TTC"]), row["Montant HT"]
        item = SimpleNamespace(
            issued=day(row["Date facture"]),
            booked=day(row["Date comptable"]),
            book=book,
            net=cents(without) * book // currency if without and currency else 0,
            reverse=row["Régime TVA"] == "autoliquidation",
        )
        items[row["N° client"]].append(item)
        due[row["Pièce"]] = day(row["Échéance"])
    for row in read(folder / "reglements.csv"):
        settled[row["N° client"]].append(
            SimpleNamespace(
                amount=cents(row["Montant EUR"]),
                paid=day(row["Date règlement"]),
                due=due.get(row["Pièce"]),
                cash=row["Nature"] == "Encaissement",
            )
        )
    return SimpleNamespace(customers=customers, items=items, settled=settled)


# ---------------------------------------------------------------- arithmetic of the test


def bfr(year: Year) -> int:
    """Current assets but treasury, less debts but loans and overdraft."""
    return year.sum("CJ -CD -CF CN -DW -DX -DY -DZ -EA -EB -ED")


def treasury(year: Year) -> int:
    return year.sum("CD CF -EH")


def frng(year: Year) -> int:
    return year.sum("DL DO DR 1A DS DT DU -EH DV -AA -CM -BJ -CW")


def added_value(year: Year) -> int:
    return year.sum("FL FM FN -FS -FT -FU -FV -FW")


def ebe(year: Year) -> int:
    return added_value(year) + year.sum("FO -FX -FY -FZ")


def caf(year: Year) -> int:
    """From the result; HB less HF stand for disposals and grants."""
    return year.sum("HN GA GB GC GD GQ HG -FP A1 -GM -HC -HB HF")


def caf_from_ebe(year: Year) -> int:
    return ebe(year) + year.sum("A1 FQ -GE GH -GI GP -GM -GU GQ HA -HE -HJ -HK")


def purchases(year: Year) -> int:
    return year.sum("234 238 242") if year.simple else year.sum("FS FU FW")


def yearly_sales(year: Year) -> float:
    return year["FL"] * 12 / year.months


def growth(company: list[Year]) -> list[float]:
    return [yearly_sales(after) / yearly_sales(before) - 1 for before, after in pairwise(company)]


# ---------------------------------------------------------------- files


def test_regeneration_gives_the_same_bytes(root, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(root / "data")
    spec = importlib.util.spec_from_file_location("make_accounts", root / "data" / "make_accounts.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "make_accounts", module)
    spec.loader.exec_module(module)
    module.main(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (root / "data" / name).read_bytes(), name
    sys.modules.pop("make_sample", None)


def test_the_data_sheet_counts_the_rows(root):
    sheet = (root / "data" / "README.md").read_text(encoding="utf-8")
    for language, mark in (("Lignes", "\u00a0"), ("Rows", ",")):
        part = sheet[sheet.index(f"| {language}") :]
        for name in FILES:
            count = f"{len(read(root / 'data' / name)):,}".replace(",", mark)
            assert f"`{name}` | {count} |" in part, (language, name, count)


def test_the_data_sheet_shows_the_first_lines(root):
    sheet = (root / "data" / "README.md").read_text(encoding="utf-8")
    first = "\n".join((root / "data" / FILES[0]).read_text(encoding="utf-8-sig").splitlines()[:3])
    assert sheet.count(f"```\n{first}\n```") == 2


def test_every_company_is_a_customer_with_three_years_that_follow_one_another(filed, ledger):
    assert len(filed) == 33
    for number, company in filed.items():
        assert len(company) == 3
        assert {year.name for year in company} == {ledger.customers[number]}
        for before, after in pairwise(company):
            assert after.first == before.end + timedelta(days=1), number


def test_both_languages_of_the_data_sheet_name_the_same_customers(root, filed):
    sheet = (root / "data" / "README.md").read_text(encoding="utf-8")
    parts = [
        sheet[sheet.index(start) : sheet.index(end)]
        for start, end in (
            ("## Comptes des clients", "## Égalités, au centime"),
            ("## The customers' accounts", "## Equalities, to the cent"),
        )
    ]
    french, english = (re.findall(r"\b\d{6}\b", part) for part in parts)
    assert french == english
    sectors = [line for line in parts[0].splitlines() if line.startswith(("| Bât", "| Ind", "| Com", "| sans"))]
    assert sorted(re.findall(r"\b\d{6}\b", "".join(sectors))) == sorted(filed)  # each in one sector


# ---------------------------------------------------------------- equalities


def test_every_total_of_the_complete_forms_is_exact(complete):
    for year in complete:
        for total, parts in TOTALS_2050.items():
            expected = int((year.company, year.end.year) == ROUNDED and total in ("FJ", "FL"))
            assert year[total] - year.sum(parts) == expected, (year.company, year.end, total)
        assert year.sum("CO -1A") == year["EE"], (year.company, year.end)
        assert year["DI"] == year["HN"]
        assert 0 <= year["EH"] <= year["DU"]
        assert 0 < year["EG"] <= year["EC"]


def test_the_statements_of_debts_and_receivables_agree_with_the_balance_sheet(years):
    with_2057 = [year for year in years if "2057" in year.forms]
    assert {year.company for year in years if not year.simple and "2057" not in year.forms} == set(WITHOUT_2057)
    for year in with_2057:
        for total, parts in TOTALS_2057.items():
            assert year[total] == year.sum(parts), (year.company, year.end, total)


def test_every_total_of_the_simplified_forms_is_exact(filed):
    for number in SIMPLIFIED:
        for year in filed[number]:
            totals = TOTALS_2033 if number == "000221" else TOTALS_2033 | TOTALS_2033_B
            for total, parts in totals.items():
                assert year[total] == year.sum(parts), (number, year.end, total)
            assert year["110"] - year["112"] == year["180"]


def test_no_asset_is_below_nil_nor_worn_beyond_its_cost(years):
    pairs = [pair.split() for pair in f"{FIXED}/{CURRENT}".split("/")]
    pairs += [(f"{code:03}", f"{code + 2:03}") for code in (10, 14, 28, 40, 50, 60, 64, 68, 72, 80, 84, 92)]
    for year in years:
        for gross, worn in pairs:
            assert 0 <= year[worn] <= max(year[gross], 0), (year.company, year.end, gross)


def test_one_year_closes_where_the_next_one_opens(filed):
    for number, company in filed.items():
        if number in SIMPLIFIED or number == INCOMPLETE[0]:
            continue
        for before, after in pairwise(company):
            place = (number, after.end)
            contributed = after.sum("DA DB DJ DK") - before.sum("DA DB DJ DK")
            assert after["DL"] == before["DL"] + after["HN"] - after["ZE"] + contributed, place
            assert after["FV"] == before["BL"] - after["BL"], place
            assert after["FT"] == before["BT"] - after["BT"], place
            assert after["FM"] == after.sum("BN BP BR") - before.sum("BN BP BR"), place
            if "2057" in after.forms:
                assert after.sum("VH 8A") == before.sum("VH 8A") + after["VJ"] - after["VK"], place
            spread = 0 if after.new else max(before["CW"] - after["CW"], 0)  # 6812 until 2024, 6862 since
            left = before["BK"] + after["GA"] - spread - after["BK"]  # wear of what was sold
            sold = (number, after.end.year) in OLD_SELLERS or (after.new and number in SELLERS_2025)
            assert (left > 0) if sold else (left == 0), place


def test_simplified_years_follow_one_another(filed):
    for number in SIMPLIFIED:
        for before, after in pairwise(filed[number]):
            dividends = {"000185": {2024: 15_000, 2025: 18_000}}.get(number, {}).get(after.end.year, 0)
            assert after["142"] == before["142"] + after["136"] - dividends, (number, after.end)
            assert after["044"] == before["044"] + after["182"], (number, after.end)
            if number != "000221":
                assert after["048"] == before["048"] + after["254"], (number, after.end)
                assert after["236"] == before["060"] - after["060"], (number, after.end)


def test_treasury_is_the_same_both_ways_and_both_cash_flows_agree(complete):
    for year in complete:
        assert frng(year) - bfr(year) == treasury(year), (year.company, year.end)
        assert caf(year) == caf_from_ebe(year), (year.company, year.end)


def test_years_opened_since_2025_follow_the_new_chart(years):
    new = [year for year in years if year.new]
    assert {year.company for year in years} - {year.company for year in new} == {
        "000116",
        "000144",
        "000191",
        "000213",
    }
    for year in new:
        assert year["A1"] == year["HA"] == year["HE"] == 0, year.company
        assert bool(year.sum("HB HF")) == (year.company == "000106")
        if year["HC"] or year["HG"]:
            assert year.company in ("000102", "000197")
    fire = next(year for year in new if year.company == "000106")
    assert 0 < fire["HB"] < fire["HF"]
    for year in new:  # a sale shows in other income: without one it is a thousandth of sales
        if not year.simple:
            usual = year["FL"] * 0.0015
            assert (year["FQ"] > usual) == (year.company in (*SELLERS_2025, "000197")), year.company
    old = [year for year in years if not year.new and not year.simple]
    assert all(year["HA"] and year["HE"] for year in old)
    assert {(year.company, year.end.year) for year in old if year["HB"] or year["HF"]} - {
        ("000197", 2024)  # a share of its grant
    } == set(OLD_SELLERS)


# ---------------------------------------------------------------- what the customers show


def test_sound_companies(filed):
    for number in SOUND:
        for year in filed[number]:
            assert year["HN"] > 0
            assert year["DL"] / year["EE"] >= 0.40, (number, year.end)
            assert treasury(year) > 0


def test_growing_companies(filed):
    for number in GROWING:
        assert min(growth(filed[number])) > 0.10, number
        assert all(year["HN"] > 0 and treasury(year) > 0 for year in filed[number])


def test_companies_whose_growth_eats_their_cash(filed):
    for number in SQUEEZED:
        company = filed[number]
        assert min(growth(company)) > 0.15
        days = [bfr(year) / yearly_sales(year) * 360 for year in company]
        assert days[0] < days[1] < days[2], (number, days)
        cash = [treasury(year) for year in company]
        assert cash[0] > cash[1] > cash[2]
        assert cash[2] < 0 < cash[0]


def test_over_indebted_companies(filed):
    for number in ("000142", "000164"):
        for year in filed[number]:
            assert year.sum("DU DV") > 3 * year["DL"] > 0, (number, year.end)
            assert year.sum("DU DV") / caf(year) > 7, (number, year.end)


def test_losses_and_negative_equity(filed):
    assert [year["HN"] > 0 for year in filed["000231"]] == [True, False, False]
    assert all(year["HN"] < 0 for number in ("000116", "000128") for year in filed[number])
    equity = {number: [year["DL"] for year in filed[number]] for number in ("000116", "000128")}
    assert [year.end.year for year in filed["000116"]] == [2022, 2023, 2024]
    assert [amount < 0 for amount in equity["000116"]] == [False, True, True]
    assert [amount < 0 for amount in equity["000128"]] == [False, False, True]
    below = {year.company for company in filed.values() for year in company if year["DL"] < 0 or year["142"] < 0}
    assert below == {"000116", "000128", "000139"}


def test_a_company_that_pays_the_state_late(filed):
    share = [year["DY"] / added_value(year) for year in filed["000138"]]
    assert share[0] < share[1] < share[2]
    assert share[0] > 0.18
    assert max(year["DY"] / added_value(year) for number in SOUND for year in filed[number]) < 0.165


def test_recovering_companies(filed):
    for number in ("000203", "000211"):
        results = [year["HN"] for year in filed[number]]
        assert results[0] < 0 < results[1] < results[2]
    assert [year["DA"] for year in filed["000211"]] == [150_000, 350_000, 350_000]


def test_particular_companies(filed):
    for year in filed["000146"]:
        assert year.sum("BL BN BR") / year["FL"] * 360 > 60
        assert year["EH"] > year["CF"] > 0
    bills = [year["YS"] for year in filed["000134"]]
    assert 0 < bills[0] < bills[1] < bills[2]
    for year in filed["000175"]:
        assert year.sum("HP HQ") / year["FL"] > 0.07
        assert year["YQ"] > 0 < year["YR"]
    for year in filed["000181"]:
        assert year["GJ"] > year["FL"]
        assert year["DL"] / year["EE"] > 0.85
    for year in filed["000191"]:
        assert year.end.month == 9
        assert bfr(year) < 0 < treasury(year)
    for year in filed["000227"]:
        assert year["FK"] / year["FL"] > 0.30
        assert year["FE"] > 0 < year["FH"]
    assert sum(bool(year["CN"]) for year in filed["000227"]) == 2
    assert sum(bool(year["ED"]) for year in filed["000227"]) == 3
    assert [year["DJ"] for year in filed["000197"]] == [60_000, 50_000, 40_000]
    assert {year.company for company in filed.values() for year in company if year["YS"]} == {"000134"}
    assert {year.company for company in filed.values() for year in company if year["FK"]} == {"000227"}
    assert {year.company for company in filed.values() for year in company if year.sum("HP HQ")} == {"000175"}


def test_forms_and_lengths(filed, years):
    assert {year.company for year in years if year.simple} == set(SIMPLIFIED)
    for number in ("000115", "000139", "000185"):
        assert all(set(year.forms) == {"2033-A", "2033-B"} for year in filed[number])
    assert all(set(year.forms) == {"2033-A"} for year in filed["000221"])
    pages = {"2050", "2051", "2052", "2053", "2058-C"}
    for year in years:
        if not year.simple:
            expected = pages - ({"2051"} if (year.company, year.end.year) == INCOMPLETE else set())
            assert set(year.forms) - {"2057"} == expected, year.company
    assert [(year.end.isoformat(), year.months) for year in filed["000208"]] == [
        ("2023-09-30", 12),
        ("2024-12-31", 15),
        ("2025-12-31", 12),
    ]
    assert {year.company for year in years if year.months != 12} == {"000208"}
    closings = {number: {(year.end.month, year.end.day) for year in company} for number, company in filed.items()}
    assert {number for number, found in closings.items() if found == {(6, 30)}} == {"000144", "000213"}
    assert {number for number, found in closings.items() if (9, 30) in found} == {"000191", "000208"}
    assert all(year["156"] > 0.8 * year["180"] for year in filed["000115"])
    assert [year["142"] < 0 for year in filed["000139"]] == [False, True, True]
    assert all(year["142"] > 0.4 * year["180"] and year["310"] > 0 for year in filed["000185"])


def test_figures_are_plausible(complete):
    """Bounds wide enough for every trade, narrow enough to catch a slip of a factor of ten."""
    for year in complete:
        place = (year.company, year.end)
        if year.company == "000181":
            continue
        assert 0.15 < added_value(year) / year["FL"] < 0.60, place
        assert -0.20 < ebe(year) / year["FL"] < 0.15, place
        assert 20_000 < year["FY"] * 12 / year.months / year["YP"] < 60_000, place
        assert 0 <= year["GR"] / year["FL"] < 0.05, place
        assert year["BK"] <= year["BJ"], place
        late = year["DX"] / (purchases(year) + year["YZ"]) * 360 * year.months / 12
        assert 30 < late < 170, place


# ---------------------------------------------------------------- beside the ledger


def supplier_days(year: Year) -> float:
    return year["DX"] / (purchases(year) + year["YZ"]) * 30 * year.months


def average_delay(ledger, number: str, year: int) -> float:
    """Days late of the payments received in a year, weighted by amount."""
    paid = [row for row in ledger.settled[number] if row.cash and row.due and row.paid.year == year]
    return sum(row.amount * (row.paid - row.due).days for row in paid) / sum(row.amount for row in paid)


def test_late_payers_have_strained_accounts_and_good_payers_sound_ones(filed, ledger):
    assert all(average_delay(ledger, number, 2025) > 10 for number in LATE)
    assert all(average_delay(ledger, number, 2025) < 6 for number in SOUND)
    for number in (*LATE, *STOPPED):
        assert supplier_days(filed[number][-1]) > 70, number
        assert filed[number][-1]["DL"] / filed[number][-1]["EE"] < 0.30, number
    for number in SOUND:
        assert all(supplier_days(year) < 50 for year in filed[number]), number


def test_the_two_defaulters(filed, ledger):
    stopped = max(row.paid for row in ledger.settled["000116"] if row.cash)
    assert stopped <= date(2024, 9, 15) < filed["000116"][-1].end
    paid = sorted(row.paid for row in ledger.settled["000128"] if row.cash)
    assert [when for when in paid if when > date(2025, 6, 30)] == [date(2026, 4, 17)]
    assert all((row.paid - row.due).days < 10 for row in ledger.settled["000128"] if row.cash and row.paid.year == 2025)


def test_what_is_bought_from_us_fits_into_purchases_and_debts(filed, ledger):
    for number, company in filed.items():
        assets_before = None
        for year in company:
            place = (number, year.end)
            items = [item for item in ledger.items[number] if year.first <= item.issued <= year.end]
            bought = sum(item.net for item in items) / 100
            assets = year["044"] if year.simple else year["BJ"]
            invested = max(assets - (assets if assets_before is None else assets_before), 0)
            assets_before = assets
            if number != "000221":  # hides its purchases
                assert bought < 0.45 * (purchases(year) + invested), place
            reverse = sum(item.net for item in items if item.reverse) / 100
            assert reverse < 0.40 * year["YT"] or not reverse, place
            if (number, year.end.year) == INCOMPLETE:
                continue
            owed = sum(item.book for item in ledger.items[number] if item.booked <= year.end) - sum(
                row.amount for row in ledger.settled[number] if row.paid <= year.end
            )
            assert owed / 100 < 0.45 * (year["166"] if year.simple else year.sum("DX DZ")), place


# ---------------------------------------------------------------- trial balance, sector

PLACES = {  # box of the forms by prefix of account, the longest first; D, C: only on that side
    "101": "DA", "1061": "DD", "1068": "DG", "11": "DH", "12": "", "151": "DP", "164": "DU", "205": "AF", "207": "AH",
    "213": "AP", "215": "AR", "218": "AT", "275": "BH", "2805": "AG", "2813": "AQ", "2815": "AS", "2818": "AU",
    "31": "BL", "32": "BL", "33": "BN", "35": "BR", "391": "BM", "395": "BS", "401": "DX", "403": "DX", "404": "DZ",
    "408": "DX", "4091": "BV", "4098": "BZ", "411": "BX", "413": "BX", "416": "BX", "418": "BX", "4191": "DW",
    "4198": "EA", "42C": "DY", "42D": "BZ", "43C": "DY", "43D": "BZ", "44C": "DY", "44D": "BZ", "455": "DV",
    "46C": "EA", "46D": "BZ", "486": "CH", "491": "BY", "512D": "CF", "512C": "DU", "5186": "DU", "53": "CF",
    "601": "FU", "602": "FU", "6031": "FV", "6032": "FV", "606": "FW", "6091": "FU", "61": "FW", "62": "FW",
    "63": "FX", "641": "FY", "645": "FZ", "647": "FZ", "649": "FZ", "65": "GE", "661": "GR", "6811": "GA",
    "6815": "GD", "6817": "GC", "695": "HK", "701": "FF", "7091": "FF", "706": "FI", "708": "FI", "713": "FM",
    "741": "FO", "757": "FQ", "758": "FQ", "763": "GL", "781": "FP",
}  # fmt: skip
ON_DEBIT = "AF AH AP AR AT BH BL BN BR BV BX BZ CF CH FU FV FW FX FY FZ GE GR GA GD GC HK"


def place_of(account: str, balance: int) -> str:
    side = "D" if balance >= 0 else "C"
    for length in range(len(account), 1, -1):
        for key in (account[:length] + side, account[:length]):
            if key in PLACES:
                return PLACES[key]
    raise AssertionError(account)


def test_the_trial_balance_balances_and_leads_to_the_same_boxes(root, filed):
    rows = read(root / "data" / "balance_client.csv")
    accounts = [row["compte"] for row in rows]
    assert accounts == sorted(set(accounts))
    found, overdrawn, both_sides = Counter(), 0, [0, 0]
    for row in rows:
        debit, credit = cents(row["débit"]), cents(row["crédit"])
        balance = cents(row["solde débiteur"]) - cents(row["solde créditeur"])
        assert debit - credit == balance
        assert min(cents(row["solde débiteur"]), cents(row["solde créditeur"])) == 0
        both_sides = [both_sides[0] + debit, both_sides[1] + credit]
        code = place_of(row["compte"], balance)
        found[code] += balance // 100 if code in ON_DEBIT.split() else -(balance // 100)
        assert balance % 100 == 0
        if row["compte"].startswith("51") and balance < 0:
            overdrawn -= balance // 100
    assert both_sides[0] == both_sides[1]
    assert found.pop("") == 0  # last year's result has gone to retained earnings
    year = filed["000146"][-1]
    assert year.end == date(2025, 12, 31)
    assert {code: year[code] for code in found} == dict(found)
    assert overdrawn == year["EH"]
    result = sum(
        cents(row["solde créditeur"]) - cents(row["solde débiteur"]) for row in rows if row["compte"][0] in "67"
    )
    assert result == year["HN"] * 100
    written = {row["compte"]: row for row in rows}
    assert cents(written["757000"]["crédit"]) > 0 < cents(written["657000"]["débit"])  # the machine sold, new chart
    assert cents(written["649000"]["crédit"]) > 0
    banks = [cents(written[account]["solde débiteur"]) > 0 for account in ("512100", "512200")]
    assert banks == [True, False]
    assert not any(account.startswith(("67", "77", "79", "675", "775")) for account in accounts)


def test_sector_quartiles_rise_and_name_ratios_of_the_catalogue(root):
    with (root / "src" / "cmtools" / "reference" / "ratios.csv").open(encoding="utf-8", newline="") as file:
        catalogue = {row["key"]: row["unit"] for row in csv.DictReader(file)}
    rows = read(root / "data" / "secteur.csv")
    per_sector = Counter(row["secteur"] for row in rows)
    assert set(per_sector) == {"Bâtiment", "Commerce", "Industrie"}
    assert min(per_sector.values()) >= 15
    assert len({(row["secteur"], row["ratio"]) for row in rows}) == len(rows)
    for row in rows:
        cells = [row[name] for name in ("q1", "mediane", "q3")]
        assert all(cell.endswith(" %") == (catalogue[row["ratio"]] == "rate") for cell in cells), row
        low, middle, high = (float(cell.removesuffix(" %").replace(",", ".")) for cell in cells)
        assert low < middle < high, row
