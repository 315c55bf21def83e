"""Write the accounts of customers of the sample company, one trial balance and sector quartiles.

    python data/make_accounts.py [FOLDER]

Everything is invented. Each company is a small economic model (sales, margins,
staff, investment, wear, loans, days of stock, customers and suppliers) whose
balancing item is cash, an overdraft where it falls below nil: so every total of
the forms adds up, and one year closes where the next one opens. The files depend
on SEED of make_sample alone; all money is in whole euros, as on the forms.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from make_sample import Dice, make_customers, share, write_csv

REFORM = date(2025, 1, 1)  # years opened from this day follow the chart of ANC 2022-06
OVERDRAFT_RATE, DISCOUNT_RATE, ASSOCIATES_RATE = 68, 55, 35  # per thousand a year
TAX_RATE, REDUCED_RATE, REDUCED_UP_TO, REDUCED_SALES = 250, 150, 42_500, 10_000_000
CLOSINGS = (date(2023, 12, 31), date(2024, 12, 31), date(2025, 12, 31))
JUNE = (date(2023, 6, 30), date(2024, 6, 30), date(2025, 6, 30))
SEPTEMBER = (date(2023, 9, 30), date(2024, 9, 30), date(2025, 9, 30))

# ---------------------------------------------------------------- forms

FORMS = {
    "2050": "AA AB AC CX CQ AF AG AH AI AJ AK AL AM AN AO AP AQ AR AS AT AU AV AW AX AY CS CT CU CV BB BC BD BE BF BG "
    "BH BI BJ BK BL BM BN BO BP BQ BR BS BT BU BV BW BX BY BZ CA CB CC CD CE CF CG CH CI CJ CK CW CM CN CO 1A CP CR",
    "2051": "DA DB DC DD DE DF DG DH DI DJ DK DL DM DN DO DP DQ DR DS DT DU DV DW DX DY DZ EA EB EC ED EE EG EH",
    "2052": "FA FB FC FD FE FF FG FH FI FJ FK FL FM FN FO FP FQ FR FS FT FU FV FW FX FY FZ GA GB GC GD GE GF GG GH GI "
    "GJ GK GL GM GN GO GP GQ GR GS GT GU GV GW",
    "2053": "HA HB HC HD HE HF HG HH HI HJ HK HL HM HN HP HQ A1",
    "2057": "VA UX UY UZ VM VB VN VP VC VR VT VG VH 8A 8B 8C 8D 8E VW VX VQ 8J VI 8K 8L VY VJ VK",
    "2058-C": "ZE YQ YR YS YT XQ YU SS YV ST ZJ YW 9Z YX YY YZ YP",
    "2033-A": "010 012 014 016 028 030 040 042 044 048 050 052 060 062 064 066 068 070 072 074 080 082 084 086 092 094 "
    "096 098 110 112 120 124 126 130 132 134 136 140 142 154 156 164 166 169 172 174 176 180 195 182 184",
    "2033-B": "209 210 214 215 217 218 222 224 226 230 232 234 236 238 240 242 243 244 250 252 254 256 262 264 270 280 "
    "290 294 300 306 310 374 376 378",
}
FIXED = {  # assets that wear out or stay, with the code of their second column
    "AB": "AC", "AF": "AG", "AH": "AI", "AJ": "AK", "AN": "AO", "AP": "AQ", "AR": "AS", "AT": "AU", "AV": "AW",
    "CU": "CV", "BB": "BC", "BF": "BG", "BH": "BI",
}  # fmt: skip
CURRENT = {"BL": "BM", "BN": "BO", "BP": "BQ", "BR": "BS", "BT": "BU", "BV": "BW", "BX": "BY", "BZ": "CA", "CD": "CE",
           "CF": "CG", "CH": "CI"}  # fmt: skip
EQUITY = ("DA", "DB", "DD", "DG", "DH", "DI", "DJ", "DK")
DEBTS = ("DU", "DV", "DW", "DX", "DY", "DZ", "EA", "EB")
OTHER_CLAIMS = ("UY", "UZ", "VM", "VB", "VN", "VP", "VC", "VR")
TAX_AND_SOCIAL = ("8C", "8D", "8E", "VW", "VQ")
LIVES = {"AB": 5, "AF": 4, "AJ": 5, "AP": 20, "AR": 10, "AT": 5}  # years; land, goodwill and securities do not wear

Codes = dict[str, int]
ByYear = int | tuple[int, ...]


# ---------------------------------------------------------------- companies


@dataclass(frozen=True)
class Firm:
    """A company and its way of living.

    Amounts in thousands of euros and per year of twelve months; rates per
    thousand, of sales unless said otherwise. Four numbers are one opening and
    three closings, three numbers are three years; one number holds for all.
    """

    number: str
    sales: tuple[int, int, int, int]
    ebe: ByYear
    customers: ByYear  # days of sales incl. VAT
    suppliers: ByYear  # days of purchases incl. VAT
    capital: ByYear
    reserves: int  # other reserves at the opening
    result: int = 0  # of the year before the first
    brought: int = 0  # report à nouveau at the opening
    dividends: ByYear = 0
    premiums: ByYear = 0
    closings: tuple[date, date, date] = CLOSINGS
    months: tuple[int, int, int] = (12, 12, 12)
    forms: tuple[str, ...] = ("2050", "2051", "2052", "2053", "2057", "2058-C")
    missing: Mapping[int, str] = field(default_factory=dict)  # year: page that was not filed
    rounded: int = 0  # year in which the sum of rounded sales is 1 euro short
    # income statement
    mix: tuple[int, int, int] = (0, 0, 1000)  # goods, own products, services
    export: tuple[int, int, int] = (0, 0, 0)  # share of each of the three
    goods: ByYear = 0  # cost of the goods sold, of their sales
    materials: ByYear = 0  # of products and services sold
    subcontract: ByYear = 0  # YT
    rent: ByYear = 0  # XQ
    temporary: ByYear = 0  # YU
    fees: ByYear = 12  # SS
    commissions: ByYear = 0  # YV
    other: ByYear = 70  # ST without leasing
    taxes: ByYear = 11  # FX
    grants: ByYear = 0  # operating grants
    wage: int = 34  # a head
    social: int = 410  # of wages
    own_work: ByYear = 0  # thousands, capitalised
    transfers: ByYear = 0  # thousands: insurance and training refunds of staff costs (791, then 649)
    penalties: ByYear = 0  # thousands: fines and tax adjustments (6712, then 6581)
    accident: int = 0  # thousands lost to a fire in the last year, of which four fifths insured (678, 778)
    other_income: ByYear = 1  # other income, sundry
    participation: bool = False
    # balance sheet
    assets: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # gross, worn at the opening, thousands
    invest: tuple[Mapping[str, int], Mapping[str, int], Mapping[str, int]] = ({}, {}, {})
    sold: Mapping[int, tuple[str, int, int]] = field(default_factory=dict)  # asset, gross, price
    unpaid: ByYear = 0  # share of the investment of the year still owed (DZ)
    material_stock: ByYear = 0  # days of the materials used
    goods_stock: ByYear = 0  # days of the goods sold
    works: ByYear = 0  # work in progress, days of sales
    finished: ByYear = 0  # finished products, days of sales
    obsolete: ByYear = 0  # write-down of stocks, of their amount
    doubtful: ByYear = 8  # of customers
    covered: int = 550  # write-down of the doubtful ones excl. VAT
    bills: ByYear = 0  # YS: bills discounted, thousands (out of customers)
    received: ByYear = 0  # advances received, of sales
    paid: ByYear = 3  # advances paid, of purchases
    deferred: ByYear = 0  # deferred income, of sales
    prepaid: ByYear = 5
    sundry_debt: ByYear = 3
    sundry_claim: ByYear = 2
    group: ByYear = 0  # VC: lent to the group, thousands
    late_taxes: ByYear = 1000  # tax and social debts, of the usual ones
    vat_out: int = 200
    vat_in: int = 190
    provisions: ByYear = 0  # thousands
    regulated: ByYear = 0  # DK
    subsidies: tuple[int, int, int, int] = (0, 0, 0, 0)  # DJ
    subsidy_share: tuple[int, int, int] = (0, 0, 0)  # taken to income
    issue_costs: tuple[int, int, int, int] = (0, 0, 0, 0)  # CW
    exchange: tuple[tuple[int, int], ...] = ((0, 0), (0, 0), (0, 0), (0, 0))  # CN, ED in euros
    loans: int = 0  # VH at the opening
    borrowed: tuple[int, int, int] = (0, 0, 0)
    repaid: tuple[int, int, int, int] = (0, 0, 0, 0)  # the last: due within a year of the last closing
    rate: int = 36
    other_loans: ByYear = 0  # 8A
    associates: ByYear = 0  # VI
    blocked: bool = False  # the associates left theirs for more than a year
    securities: ByYear = 0  # CD
    floor: int = 3  # what stays in a bank account while another is overdrawn
    income: ByYear = 0  # GJ: dividends of subsidiaries
    leased: tuple[tuple[int, int], ...] = ((0, 0), (0, 0), (0, 0))  # HP, HQ
    committed: tuple[tuple[int, int], ...] = ((0, 0), (0, 0), (0, 0))  # YQ, YR

    def first_day(self, year: int) -> date:
        """First day of the year (1 to 3)."""
        end = self.closings[year - 1] + timedelta(days=1)
        month = end.year * 12 + end.month - 1 - self.months[year - 1]
        return date(month // 12, month % 12 + 1, 1)

    def new_chart(self, year: int) -> bool:
        """Whether the year follows the chart of ANC 2022-06."""
        return self.first_day(year) >= REFORM


def closing(value: ByYear, year: int) -> int:
    """At the opening (0) or a closing (1 to 3)."""
    return value[year] if isinstance(value, tuple) else value


def flow(value: ByYear, year: int) -> int:
    """In a year (1 to 3)."""
    return value[year - 1] if isinstance(value, tuple) else value


# ---------------------------------------------------------------- the model


class Model:
    """The books of one company, year after year."""

    def __init__(self, firm: Firm):
        self.firm, self.dice = firm, Dice(70_000 + int(firm.number))
        self.losses = 0  # tax losses carried forward
        self.tax_before: int | None = None

    def vary(self, amount: int, spread: int = 12) -> int:
        """An amount a little off the planned one; drawn even when it is nil, so that a change moves nothing else."""
        return share(amount, 10_000 + self.dice.between(-10 * spread, 10 * spread), 10_000)

    def of(self, base: int, rate: ByYear, year: int) -> int:
        """A yearly share of an amount."""
        return self.vary(share(base, flow(rate, year), 1000))

    # -- opening

    def opening(self) -> Codes:
        """The balance sheet before the first year: cash is what equity and debts leave."""
        f, k = self.firm, 1000
        c: Codes = {"months": 12}
        for code, (gross, worn) in f.assets.items():
            c[code], c[FIXED[code]] = self.vary(gross * k), self.vary(worn * k, 4)
        sales = f.sales[0] * k
        spent = share(sales, f.mix[0] * rate_of(f.goods, 1), 1_000_000) + share(
            sales, (1000 - f.mix[0]) * rate_of(f.materials, 1), 1_000_000
        )
        rates = (f.subcontract, f.rent, f.temporary, f.fees, f.commissions, f.other)
        spent += share(sales, sum(rate_of(rate, 1) for rate in rates), 1000)
        c["FL"], c["YY"], c["purchases"] = sales, self.vat_on(sales), spent
        c["YZ"] = share(spent, f.vat_in, 1000)
        c["materials"] = share(sales, (1000 - f.mix[0]) * rate_of(f.materials, 1), 1_000_000)
        c["goods"] = share(sales, f.mix[0] * rate_of(f.goods, 1), 1_000_000)
        c["FY"], c["FX"] = share(sales, 200, 1000), share(sales, rate_of(f.taxes, 1), 1000)
        c["FZ"], c["HJ"], c["HK"] = share(c["FY"], f.social, 1000), 0, 0
        self.long_debts(c, 0, {})
        self.working_capital(c, 0, {})
        c |= {"DA": closing(f.capital, 0) * k, "DB": closing(f.premiums, 0) * k, "DG": self.vary(f.reserves * k)}
        c |= {"DH": self.vary(f.brought * k), "DI": self.vary(f.result * k)}
        c["DD"] = c["DA"] // 10 if f.reserves > 0 else 0
        self.cash(c, 0)
        return c

    def vat_on(self, sales: int) -> int:
        """VAT on sales, none on exports."""
        export = sum(part * out for part, out in zip(self.firm.mix, self.firm.export))
        return share(share(sales, 1_000_000 - export, 1_000_000), self.firm.vat_out, 1000)

    # -- parts of a year

    def year(self, year: int, last: Codes) -> Codes:
        """One year of accounts from the closing of the year before."""
        c: Codes = {"months": self.firm.months[year - 1]}
        self.sales(c, year)
        self.fixed_assets(c, year, last)
        self.purchases(c, year, last)
        self.operating(c, year, last)
        self.long_debts(c, year, last)
        self.financial(c, year, last)
        self.exceptional(c, year, last)
        self.result(c, year)
        self.equity(c, year, last)
        self.working_capital(c, year, last)
        self.cash(c, year)
        return c

    def sales(self, c: Codes, year: int) -> None:
        """Sales in France and abroad by kind."""
        f = self.firm
        total = self.vary(share(f.sales[year] * 1000, c["months"], 12))
        parts = [share(total, part, 1000) for part in f.mix]
        parts[f.mix.index(max(f.mix))] += total - sum(parts)
        for part, out, codes in zip(parts, f.export, (("FA", "FB", "FC"), ("FD", "FE", "FF"), ("FG", "FH", "FI"))):
            abroad = self.vary(share(part, out, 1000))
            c |= {codes[0]: part - abroad, codes[1]: abroad, codes[2]: part}
        c["FJ"], c["FK"] = c["FA"] + c["FD"] + c["FG"], c["FB"] + c["FE"] + c["FH"]
        c["FL"] = total
        c["YY"] = share(c["FJ"], f.vat_out, 1000)

    def fixed_assets(self, c: Codes, year: int, last: Codes) -> None:
        """Investment, disposal, wear."""
        f = self.firm
        c["GA"] = c["invested"] = c["price"] = c["book value"] = 0
        asset, gross, price = f.sold.get(year, ("", 0, 0))
        for code, second in FIXED.items():
            bought = self.vary(f.invest[year - 1].get(code, 0) * 1000)
            out = gross * 1000 if code == asset else 0
            kept = last.get(code, 0) - out
            older = share(out, 11 * last.get(second, 0), 10 * max(last.get(code, 0), 1))  # what is sold is old
            out_worn = min(out, max(older, last.get(second, 0) - kept)) if out else 0
            c[code] = kept + bought
            c[second] = last.get(second, 0) - out_worn
            wear = 0
            if code in LIVES:
                wear = share(kept + bought // 2, c["months"], 12 * LIVES[code])
                wear = max(0, min(wear, c[code] - c[second]))
            c[second] += wear
            c["GA"] += wear
            c["invested"] += bought
            c["book value"] += out - out_worn
        c["price"] = self.vary(price * 1000)
        c["FN"] = min(self.vary(flow(f.own_work, year) * 1000), c["invested"])
        c["CW"] = f.issue_costs[year] * 1000
        spread = f.issue_costs[year - 1] * 1000 - c["CW"]
        c["issue costs"], c["spread later"] = max(spread, 0), max(-spread, 0)

    def works_levels(self, c: Codes, year: int, last: Codes) -> None:
        """Work in progress and finished products, and what of the year went into them."""
        f = self.firm
        sales = share(c["FL"], 12, c["months"])
        c["BN"] = self.vary(share(sales, closing(f.works, year), 360))
        c["BR"] = self.vary(share(sales, closing(f.finished, year), 360))
        c["FM"] = sum(c[code] - last.get(code, 0) for code in ("BN", "BR"))

    def stock_levels(self, c: Codes, year: int) -> None:
        """Stocks at the closing and their write-downs."""
        f, whole = self.firm, 360 * c["months"]
        c["BL"] = self.vary(share(c["materials"], closing(f.material_stock, year) * 12, whole))
        c["BT"] = self.vary(share(c["goods"], closing(f.goods_stock, year) * 12, whole))
        for code, second in (("BL", "BM"), ("BR", "BS"), ("BT", "BU")):
            c[second] = share(c[code], closing(f.obsolete, year), 1000)

    def purchases(self, c: Codes, year: int, last: Codes) -> None:
        """What was made used up materials and subcontracting; purchases are that and the change in stocks."""
        f = self.firm
        self.works_levels(c, year, last)
        c["materials"] = self.of(c["FF"] + c["FI"] + c["FM"], f.materials, year)
        c["goods"] = self.of(c["FC"], f.goods, year)
        self.stock_levels(c, year)
        c["FV"], c["FT"] = last["BL"] - c["BL"], last["BT"] - c["BT"]
        c["FU"], c["FS"] = c["materials"] - c["FV"], c["goods"] - c["FT"]
        c["HP"], c["HQ"] = (share(amount * 1000, c["months"], 12) for amount in f.leased[year - 1])
        c["YQ"], c["YR"] = (amount * 1000 for amount in f.committed[year - 1])
        c["YT"] = self.of(c["FL"] + c["FM"], f.subcontract, year)
        rates = (("XQ", f.rent), ("YU", f.temporary), ("SS", f.fees), ("YV", f.commissions), ("ST", f.other))
        for code, rate in rates:
            c[code] = self.of(c["FL"], rate, year)
        c["ST"] += c["HP"] + c["HQ"]
        c["FW"] = c["ZJ"] = sum(c[code] for code in ("YT", "XQ", "YU", "SS", "YV", "ST"))
        c["purchases"] = c["FS"] + c["FU"] + c["FW"]
        c["YZ"] = share(c["purchases"], f.vat_in, 1000)

    def operating(self, c: Codes, year: int, last: Codes) -> None:
        """Staff, taxes, write-downs; wages are what the margin sought leaves."""
        f, new = self.firm, self.firm.new_chart(year)
        c["FX"] = self.of(c["FL"], f.taxes, year)
        c["YW"] = share(c["FX"], 420, 1000)
        c["9Z"], c["YX"] = c["FX"] - c["YW"], c["FX"]
        c["FO"] = self.of(c["FL"], f.grants, year)
        added = c["FL"] + c["FM"] + c["FN"] - c["FS"] - c["FT"] - c["FU"] - c["FV"] - c["FW"]
        staff = added + c["FO"] - c["FX"] - share(c["FL"], flow(f.ebe, year), 1000)
        staff = max(staff, 0)
        c["FY"] = share(staff, 1000, 1000 + f.social)
        c["FZ"] = staff - c["FY"]
        c["YP"] = max(1, share(c["FY"], 12, c["months"] * f.wage * 1000)) if staff else 0
        shared = f.subsidy_share[year - 1] * 1000
        refunds, fines = self.vary(flow(f.transfers, year) * 1000), self.vary(flow(f.penalties, year) * 1000)
        c["A1"] = 0 if new else refunds + c["spread later"]  # fees of a new loan, paid within FW, carried to CW
        c["refunds"], c["fines"] = refunds, fines
        c["FZ"] -= refunds if new else 0
        self.claims(c, year)
        used = max(share(last["BY"], 300, 1000), last["BY"] - c["BY"])
        c["GC"] = c["BY"] - last["BY"] + used
        down = {code: c[code] - last.get(code, 0) for code in ("BM", "BS", "BU")}
        c["GC"] += sum(change for change in down.values() if change > 0)
        c["lost"] = share(used, 850, 1000)
        provided = (closing(f.provisions, year) - closing(f.provisions, year - 1)) * 1000
        c["GD"] = max(provided, 0)
        c["FP"] = used - sum(change for change in down.values() if change < 0) + max(-provided, 0) + c["A1"]
        c["GA"] += 0 if new else c["issue costs"]
        c["FQ"] = self.of(c["FL"], f.other_income, year) + (c["price"] + shared if new else 0)
        c["GE"] = self.vary(share(c["FL"], 1, 1000)) + c["lost"] + ((c["book value"] + fines) if new else 0)

    def claims(self, c: Codes, year: int) -> None:
        """Customers, of which doubtful, and their write-down."""
        f = self.firm
        gross = share(c["FL"] + c["YY"], closing(f.customers, year) * 12, 360 * c["months"])
        c["YS"] = self.vary(closing(f.bills, year) * 1000)
        c["BX"] = max(self.vary(gross) - c["YS"], 0)
        c["VA"] = self.vary(share(c["BX"], closing(f.doubtful, year), 1000))
        c["UX"] = c["BX"] - c["VA"]
        c["BY"] = share(c["VA"], f.covered, 1000 + f.vat_out)

    def long_debts(self, c: Codes, year: int, last: Codes) -> None:
        """Loans by their schedule; associates' accounts, provisions, grants."""
        f, k = self.firm, 1000
        other = closing(f.other_loans, year) * k
        change = other - last.get("8A", 0) if year else 0
        c["VJ"] = (f.borrowed[year - 1] * k if year else 0) + max(change, 0)
        c["VK"] = (f.repaid[year - 1] * k if year else 0) + max(-change, 0)
        c["VH"] = f.loans * k if not year else last["VH"] + c["VJ"] - c["VK"] - change
        c["8A"], c["VI"] = other, closing(f.associates, year) * k
        c["DV"] = c["8A"] + c["VI"]
        c["VC"] = closing(f.group, year) * k
        c["DJ"], c["DK"] = f.subsidies[year] * k, closing(f.regulated, year) * k
        c["CN"], c["ED"] = f.exchange[year]
        c["DP"] = closing(f.provisions, year) * k + c["CN"]
        c["CW"] = f.issue_costs[year] * k
        c["due"] = f.repaid[year] * k  # within a year of the closing

    def financial(self, c: Codes, year: int, last: Codes) -> None:
        """Interest on loans, overdrafts, bills and associates' accounts; income of holdings."""
        f, m = self.firm, c["months"]
        loans = (last["VH"] + last["8A"] + c["VH"] + c["8A"]) // 2
        c["GR"] = share(loans, f.rate * m, 12_000) + share(last.get("EH", 0), OVERDRAFT_RATE * m, 12_000)
        c["GR"] += share(last.get("YS", 0) + c["YS"], DISCOUNT_RATE * m, 24_000)
        c["GR"] += share(last["VI"], ASSOCIATES_RATE * m, 12_000)
        c["GJ"] = self.vary(flow(f.income, year) * 1000)
        spare = last.get("CF", 0) if not last.get("EH") else 0
        c["GL"] = share(spare + last.get("CD", 0) * 2, 9 * m, 12_000) + share(last["VC"], 20 * m, 12_000)
        provided = c["CN"] - last["CN"]
        c["GQ"] = max(provided, 0) + (c["issue costs"] if f.new_chart(year) else 0)
        c["GM"] = max(-provided, 0)
        c["GN"] = self.vary(share(c["FK"], 4, 1000))
        c["GS"] = self.vary(share(c["FK"], 6, 1000))
        c["CV"] = last.get("CV", 0)
        c["GP"] = c["GJ"] + c["GL"] + c["GM"] + c["GN"]
        c["GU"] = c["GQ"] + c["GR"] + c["GS"]

    def exceptional(self, c: Codes, year: int, last: Codes) -> None:
        """Wide until 2024; from 2025 only what is major and unusual, and purely tax entries."""
        f, new = self.firm, self.firm.new_chart(year)
        small = self.vary(share(c["FL"], 1, 2500))
        c["HA"] = 0 if new else small
        c["HE"] = 0 if new else c["fines"] + self.vary(share(small, 6, 10))
        shared = f.subsidy_share[year - 1] * 1000
        c["HB"] = 0 if new else c["price"] + shared
        c["HF"] = 0 if new else c["book value"]
        if new and f.accident:
            c["HF"], c["HB"] = self.vary(f.accident * 1000), self.vary(f.accident * 800)
        change = c["DK"] - last["DK"]
        c["HG"], c["HC"] = max(change, 0), max(-change, 0)
        c["HD"], c["HH"] = c["HA"] + c["HB"] + c["HC"], c["HE"] + c["HF"] + c["HG"]
        c["HI"] = c["HD"] - c["HH"]

    def result(self, c: Codes, year: int) -> None:
        """Totals, participation, tax, result."""
        f = self.firm
        c["FR"] = sum(c[code] for code in ("FL", "FM", "FN", "FO", "FP", "FQ"))
        charges = ("FS", "FT", "FU", "FV", "FW", "FX", "FY", "FZ", "GA", "GC", "GD", "GE")
        c["GF"] = sum(c[code] for code in charges)
        c["GG"] = c["FR"] - c["GF"]
        c["GV"] = c["GP"] - c["GU"]
        c["GW"] = c["GG"] + c["GV"]
        before = c["GW"] + c["HI"]
        c["HJ"] = share(before, 45, 1000) if f.participation and before > 0 else 0
        base = before - c["HJ"] - share(c["GJ"], 950, 1000)  # dividends of subsidiaries are taxed on one twentieth
        used = min(max(base, 0), self.losses)
        self.losses += max(-base, 0) - used
        base = max(base - used, 0)
        reduced = min(base, REDUCED_UP_TO) if c["FL"] < REDUCED_SALES else 0
        c["HK"] = share(reduced, REDUCED_RATE, 1000) + share(base - reduced, TAX_RATE, 1000)
        c["HN"] = before - c["HJ"] - c["HK"]
        c["HL"] = c["FR"] + c["GP"] + c["HD"]
        c["HM"] = c["GF"] + c["GU"] + c["HH"] + c["HJ"] + c["HK"]
        instalments = self.tax_before if self.tax_before is not None else share(c["HK"], 800, 1000)
        self.tax_before = c["HK"]
        c["8E"], c["VM"] = max(c["HK"] - instalments, 0), max(instalments - c["HK"], 0)

    def equity(self, c: Codes, year: int, last: Codes) -> None:
        """Last year's result goes to the legal reserve, dividends and reserves; a loss waits to be covered."""
        f = self.firm
        c["DA"], c["DB"] = closing(f.capital, year) * 1000, closing(f.premiums, year) * 1000
        c["ZE"] = flow(f.dividends, year) * 1000
        earned = last["DI"]
        legal = min(earned // 20, last["DA"] // 10 - last["DD"]) if earned > 0 else 0
        c["DD"] = last["DD"] + max(legal, 0)
        left = earned - max(legal, 0) - c["ZE"]
        brought, kept = last["DH"], last["DG"]
        if earned < 0 or brought < 0:
            brought += left
            if brought > 0 and earned > 0:
                brought, kept = 0, kept + brought
        else:
            kept += left
        c["DG"], c["DH"], c["DI"] = kept, brought, c["HN"]

    def working_capital(self, c: Codes, year: int, last: Codes) -> None:
        """What customers, suppliers, the State and staff owe or are owed at the closing."""
        f, m = self.firm, c["months"]
        if not year:
            self.works_levels(c, 0, {})
            self.stock_levels(c, 0)
            self.claims(c, 0)
        yearly = share(c["purchases"] + c["YZ"], 12, m)
        c["DX"] = self.vary(share(yearly, closing(f.suppliers, year), 360))
        c["BV"] = self.of_closing(share(c["purchases"], 12, m), f.paid, year)
        sales = share(c["FL"], 12, m)
        c["DW"] = self.of_closing(sales, f.received, year)
        c["EB"] = self.of_closing(sales, f.deferred, year)
        c["CH"] = self.of_closing(sales, f.prepaid, year)
        c["EA"] = self.of_closing(sales, f.sundry_debt, year)
        owed = share(c.get("invested", 0), 1200, 1000)
        c["DZ"] = share(owed, closing(f.unpaid, year), 1000)
        late, wages, social = closing(f.late_taxes, year), share(c["FY"], 12, m), share(c["FZ"], 12, m)
        c["8C"] = self.vary(share(wages, 110, 1000)) + c["HJ"]
        c["8D"] = self.vary(share(social, 180 * late, 1_000_000))
        net = share(max(c["YY"] - c["YZ"], 0), 12, m)
        c["VW"] = self.vary(share(net, late, 12_000)) + self.vary(share(c["BX"], 60, 1000))
        c["VQ"] = self.vary(share(c["FX"], 90, 1000))
        c.setdefault("8E", 0)
        c.setdefault("VM", 0)
        c["DY"] = sum(c[code] for code in TAX_AND_SOCIAL)
        c["UY"] = self.vary(share(wages, 4, 1000))
        c["UZ"] = self.vary(share(social, 5, 1000))
        c["VB"] = self.vary(share(c["DX"], 70, 1000))
        c["VN"] = 0
        c["VP"] = share(c.get("FO", 0), 200, 1000)
        c["VR"] = self.of_closing(sales, f.sundry_claim, year)
        c["BZ"] = sum(c[code] for code in OTHER_CLAIMS)
        c["CD"] = closing(f.securities, year) * 1000

    def of_closing(self, base: int, rate: ByYear, year: int) -> int:
        """A share of an amount at a closing."""
        return self.vary(share(base, closing(rate, year), 1000))

    def cash(self, c: Codes, year: int) -> None:
        """Cash balances the two sides; below what stays in the bank it is an overdraft."""
        c["DR"] = c["DP"]
        c["DL"] = sum(c.get(code, 0) for code in EQUITY)
        owed = c["VH"] + sum(c.get(code, 0) for code in DEBTS if code != "DU")
        resources = c["DL"] + c["DR"] + owed + c["ED"]
        fixed = sum(c.get(code, 0) for code in FIXED)
        worn = sum(c.get(code, 0) for code in FIXED.values())
        current = sum(c.get(code, 0) for code in CURRENT if code != "CF")
        down = sum(c.get(code, 0) for code in CURRENT.values())
        left = resources - (fixed - worn + current - down + c["CW"] + c["CN"])
        stays = self.vary(self.firm.floor * 1000, 300)
        c["CF"] = max(left, stays)
        c["EH"] = c["VG"] = c["CF"] - left
        c["DU"] = c["VH"] + c["EH"]
        c["BJ"], c["BK"] = fixed, worn
        c["CJ"], c["CK"] = current + c["CF"], down
        c["CO"], c["1A"] = fixed + c["CJ"] + c["CW"] + c["CN"], worn + down
        c["EC"] = owed + c["EH"]
        c["EE"] = resources + c["EH"]
        long = max(c["VH"] - c["due"], 0) + share(c["8A"], 800, 1000) + (c["VI"] if self.firm.blocked else 0)
        c["EG"] = c["EC"] - long
        c["8B"], c["8J"], c["8K"], c["8L"] = c["DX"], c["DZ"], c["EA"], c["EB"]
        c["VY"] = c["EC"] - c["DW"]  # the statement of debts has no row for advances received
        c["VT"] = c.get("BB", 0) + c.get("BF", 0) + c.get("BH", 0) + c["BX"] + c["BZ"] + c["CH"]


def rate_of(value: ByYear, year: int) -> int:
    """A yearly rate, that of the first year for the opening."""
    return flow(value, max(year, 1))


def accounts(firm: Firm) -> list[Codes]:
    """The three years of a company, by code of the complete forms."""
    model = Model(firm)
    last, years = model.opening(), []
    for year in (1, 2, 3):
        last = model.year(year, last)
        prove(firm, year, last)
        years.append(last)
    return years


def prove(firm: Firm, year: int, c: Codes) -> None:
    """Stop where accounts do not balance or hold an asset below nil."""
    below = [code for code in (*FIXED, *CURRENT, *DEBTS, "DG") if c.get(code, 0) < 0]
    over = [code for code, second in (FIXED | CURRENT).items() if c.get(second, 0) > c.get(code, 0)]
    if c["CO"] - c["1A"] != c["EE"] or c["HL"] - c["HM"] != c["HN"] or c["HN"] != c["DI"] or below or over:
        raise ValueError(f"{firm.number}, year {year}: {below} below nil, {over} worn out twice, or no balance")


# ---------------------------------------------------------------- filing


SIMPLE = {  # the simplified form sums codes of the complete one
    "010": "AH", "012": "AI", "014": "AB AF AJ", "016": "AC AG AK", "028": "AN AP AR AT AV", "030": "AO AQ AS AU AW",
    "040": "CU BB BF BH", "042": "CV BC BG BI", "044": "BJ", "048": "BK", "050": "BL BN BP BR", "052": "BM BO BQ BS",
    "060": "BT", "062": "BU", "064": "BV", "068": "BX", "070": "BY", "072": "BZ", "080": "CD", "084": "CF",
    "092": "CH", "096": "CJ", "098": "CK", "110": "CO", "112": "1A", "120": "DA", "126": "DD", "132": "DG",
    "134": "DH", "136": "DI", "142": "DL", "154": "DR", "156": "DU 8A", "164": "DW", "166": "DX", "169": "VI",
    "172": "VI DY DZ EA", "174": "EB", "176": "EC", "180": "EE", "182": "invested", "184": "price",
    "210": "FC", "214": "FF", "218": "FI", "222": "FM", "224": "FN", "226": "FO", "230": "FP FQ", "232": "FR",
    "234": "FS", "236": "FT", "238": "FU", "240": "FV", "242": "FW", "243": "YW", "244": "FX", "250": "FY",
    "252": "FZ", "254": "GA", "256": "GC GD", "262": "GE", "264": "GF", "270": "GG", "280": "GP", "290": "HD",
    "294": "GU", "300": "HH HJ", "306": "HK", "310": "HN", "374": "YY", "376": "YP", "378": "YZ",
}  # fmt: skip


def filed(firm: Firm, year: int, c: Codes) -> Codes:
    """The codes as they stand on the forms."""
    f = dict(c)
    if firm.rounded == year:  # FL, rounded by itself, is one more than the sum of its rounded parts
        code = max(("FA", "FD", "FG"), key=lambda code: c[code])
        f[code] -= 1
        f[{"FA": "FC", "FD": "FF", "FG": "FI"}[code]] -= 1
    if firm.forms[0].startswith("2033"):
        f = {code: sum(c.get(part, 0) for part in parts.split()) for code, parts in SIMPLE.items()}
        f["195"] = c["EC"] - c["EG"]
    return f


def rows(firm: Firm, name: str) -> list[list[str]]:
    """Rows of the file: one per code that is not blank."""
    made = []
    for year, codes in enumerate(accounts(firm), start=1):
        found = filed(firm, year, codes)
        for form in firm.forms:
            if firm.missing.get(year) == form:
                continue
            for code in FORMS[form].split():
                if found.get(code):
                    end = firm.closings[year - 1]
                    place = [firm.number, name, f"{end:%d/%m/%Y}", str(firm.months[year - 1])]
                    made.append([*place, form, code, str(found[code])])
    return made


# ---------------------------------------------------------------- the companies

CONTRACTOR: dict[str, Any] = {
    "materials": 250, "subcontract": 235, "rent": 8, "temporary": 32, "fees": 10, "other": 62, "taxes": 9,
    "grants": 1, "material_stock": 10, "works": 9, "received": 22, "deferred": 6, "vat_out": 150, "vat_in": 150,
    "wage": 37,
}  # fmt: skip
RENOVATION: dict[str, Any] = {
    "materials": 245, "subcontract": 150, "rent": 12, "temporary": 28, "fees": 12, "other": 78, "taxes": 10,
    "grants": 1, "material_stock": 16, "works": 10, "received": 18, "vat_out": 130, "vat_in": 150, "wage": 33,
}  # fmt: skip
DEVELOPER: dict[str, Any] = {
    "materials": 165, "subcontract": 520, "rent": 6, "fees": 42, "commissions": 14, "other": 40, "taxes": 8,
    "works": 60, "received": 70, "vat_out": 185, "vat_in": 180, "wage": 42,
}  # fmt: skip
WORKSHOP: dict[str, Any] = {
    "mix": (0, 860, 140), "materials": 385, "subcontract": 45, "rent": 14, "temporary": 22, "other": 105, "taxes": 12,
    "grants": 1, "material_stock": 40, "works": 6, "finished": 9, "obsolete": 25, "received": 6, "vat_out": 195,
    "wage": 32,
}  # fmt: skip
SHOP: dict[str, Any] = {
    "mix": (955, 0, 45), "goods": 650, "rent": 32, "fees": 10, "commissions": 6, "other": 66, "taxes": 9,
    "goods_stock": 72, "obsolete": 22, "wage": 29,
}  # fmt: skip
SIMPLIFIED = ("2033-A", "2033-B")
NO_2057 = ("2050", "2051", "2052", "2053", "2058-C")

FIRMS = (
    # -- building
    # sound
    Firm(
        "000102", sales=(19_800, 20_600, 21_300, 22_100), ebe=(66, 70, 67), customers=62, suppliers=(45, 44, 46, 44),
        capital=1_500, reserves=2_500, result=690, dividends=(300, 350, 350), participation=True,
        regulated=(90, 112, 124, 108), provisions=(180, 212, 190, 205), securities=500, doubtful=(10, 11, 9, 10),
        assets={
            "AF": (120, 85), "AN": (310, 0), "AP": (1_900, 860), "AR": (2_400, 1_450), "AT": (1_500, 880),
            "BH": (62, 0),
        },
        invest=({"AR": 320, "AT": 190}, {"AF": 24, "AR": 280, "AT": 230}, {"AR": 390, "AT": 180}),
        sold={1: ("AT", 140, 36), 3: ("AR", 210, 58)}, unpaid=120, transfers=(28, 31, 34), loans=1_150,
        borrowed=(300, 0, 400), repaid=(310, 330, 290, 320), **CONTRACTOR,
    ),
    # growing soundly
    Firm(
        "000119", sales=(11_600, 13_100, 15_200, 17_400), ebe=(62, 66, 68), customers=(58, 58, 57, 58),
        suppliers=(46, 45, 46, 45), capital=(800, 800, 1_200, 1_200), reserves=1_450, result=420,
        premiums=(0, 0, 300, 300), dividends=(120, 120, 150), participation=True, provisions=(90, 104, 118, 126),
        assets={"AF": (64, 40), "AP": (620, 260), "AR": (1_450, 820), "AT": (980, 560), "BH": (38, 0)},
        invest=({"AR": 420, "AT": 230}, {"AR": 640, "AT": 260, "AF": 30}, {"AR": 520, "AT": 310, "BH": 12}),
        sold={2: ("AT", 96, 21)}, unpaid=(0, 180, 140, 90), transfers=(12, 16, 15), loans=780,
        borrowed=(450, 700, 600), repaid=(240, 300, 380, 410), **CONTRACTOR,
    ),
    # sound, June
    Firm(
        "000144", sales=(6_900, 7_150, 7_300, 7_620), ebe=(60, 57, 61), customers=(60, 61, 59, 60), suppliers=46,
        closings=JUNE, capital=500, reserves=880, result=190, dividends=(80, 90, 80), provisions=(45, 52, 48, 50),
        assets={"AF": (32, 24), "AN": (85, 0), "AP": (640, 310), "AR": (820, 520), "AT": (560, 350), "BH": (16, 0)},
        invest=({"AR": 130, "AT": 70}, {"AR": 95, "AT": 85}, {"AR": 140, "AT": 60}), sold={2: ("AT", 60, 14)},
        loans=390, borrowed=(120, 80, 150), repaid=(120, 118, 110, 124), **CONTRACTOR,
    ),
    # sound, June, without 2057
    Firm(
        "000213", sales=(4_600, 4_720, 4_900, 5_010), ebe=(72, 75, 73), customers=(56, 55, 56, 55),
        suppliers=(40, 39, 40, 38), closings=JUNE, capital=300, reserves=760, result=190, dividends=(100, 110, 120),
        forms=NO_2057, assets={"AF": (18, 15), "AP": (410, 240), "AR": (620, 430), "AT": (380, 230), "BH": (11, 0)},
        invest=({"AR": 90, "AT": 40}, {"AR": 70, "AT": 60}, {"AR": 110, "AT": 45}), loans=210, borrowed=(60, 0, 100),
        repaid=(75, 70, 62, 60), **CONTRACTOR,
    ),
    # sound, lends to its group
    Firm(
        "000153", sales=(17_800, 18_600, 19_300, 19_900), ebe=(74, 78, 76), customers=(34, 33, 34, 33),
        suppliers=(42, 41, 42, 40), capital=1_200, reserves=3_100, result=980, dividends=(500, 550, 600),
        participation=True, group=(600, 800, 900, 1_100), securities=(800, 800, 1_000, 1_000),
        provisions=(310, 335, 320, 342),
        assets={
            "AF": (240, 190), "AH": (350, 0), "AP": (880, 420), "AR": (310, 220), "AT": (960, 610), "BH": (54, 0),
        },
        invest=({"AF": 40, "AT": 120}, {"AF": 25, "AT": 140, "AR": 40}, {"AF": 60, "AT": 110}), unpaid=60, loans=600,
        borrowed=(0, 0, 250), repaid=(150, 150, 160, 165), transfers=(18, 14, 21), **DEVELOPER,
    ),
    # growing, ever more works in progress
    Firm(
        "000219", sales=(16_200, 18_100, 21_400, 23_800), ebe=(58, 55, 51), customers=(40, 41, 44, 46),
        suppliers=(54, 56, 60, 63), capital=900, reserves=1_500, result=520, dividends=(150, 150, 100),
        participation=True, provisions=(160, 190, 228, 240), issue_costs=(0, 0, 24, 18),
        assets={
            "AF": (150, 100), "AN": (210, 0), "AP": (760, 240), "AR": (280, 190), "AT": (710, 420), "BH": (48, 0),
        },
        invest=({"AT": 160, "AP": 120}, {"AT": 240, "AP": 380, "AF": 60}, {"AT": 180, "AP": 90}),
        unpaid=(0, 100, 220, 120), loans=1_300, borrowed=(600, 1_500, 900), repaid=(420, 520, 760, 820),
        transfers=(9, 12, 16), **DEVELOPER | {"works": (58, 62, 70, 76), "received": (70, 66, 58, 52)},
    ),
    # growth eats its cash
    Firm(
        "000186", sales=(12_400, 14_100, 17_300, 20_600), ebe=(52, 46, 38), customers=(66, 74, 88, 101),
        suppliers=(52, 60, 78, 92), capital=600, reserves=900, result=240, dividends=(60, 0, 0), participation=True,
        doubtful=(14, 18, 27, 38), provisions=(70, 85, 130, 190), late_taxes=(1_000, 1_100, 1_450, 1_900),
        penalties=(4, 9, 22),
        assets={"AF": (70, 50), "AP": (420, 210), "AR": (1_650, 980), "AT": (900, 520), "BH": (36, 0)},
        invest=({"AR": 330, "AT": 180}, {"AR": 520, "AT": 240}, {"AR": 380, "AT": 160}), unpaid=(0, 160, 240, 320),
        loans=820, borrowed=(300, 420, 300), repaid=(260, 290, 330, 350), rate=41,
        **CONTRACTOR | {"works": (9, 12, 17, 22), "received": (22, 18, 13, 9), "temporary": (34, 40, 46)},
    ),
    # growth eats its cash, smaller
    Firm(
        "000152", sales=(2_700, 3_050, 3_700, 4_350), ebe=(58, 50, 42), customers=(64, 71, 82, 93),
        suppliers=(50, 58, 72, 86), capital=150, reserves=260, result=58, dividends=(20, 0, 0),
        doubtful=(10, 14, 21, 30), late_taxes=(1_000, 1_100, 1_350, 1_700), penalties=(1, 3, 6),
        associates=(40, 40, 60, 80), assets={"AF": (12, 9), "AR": (430, 260), "AT": (310, 190), "BH": (12, 0)},
        invest=({"AR": 70, "AT": 60}, {"AR": 120, "AT": 55}, {"AR": 90, "AT": 40}), loans=180, borrowed=(60, 110, 60),
        repaid=(64, 70, 82, 86), rate=43, **RENOVATION | {"works": (10, 13, 18, 24), "received": (18, 14, 10, 6)},
    ),
    # insolvent: negative equity
    Firm(
        "000116", sales=(2_350, 2_180, 1_940, 1_310), ebe=(26, -21, -158), customers=(64, 70, 82, 104),
        suppliers=(54, 60, 72, 158), closings=(date(2022, 12, 31), date(2023, 12, 31), date(2024, 12, 31)),
        capital=120, reserves=60, result=-34, doubtful=(16, 32, 70, 190), provisions=(10, 22, 60, 145),
        late_taxes=(1_000, 1_200, 1_600, 2_600), penalties=(4, 11, 28), associates=(30, 60, 90, 90),
        assets={"AF": (9, 8), "AR": (390, 290), "AT": (280, 190), "BH": (9, 0)}, invest=({"AR": 30}, {}, {}),
        sold={3: ("AR", 150, 22)}, loans=190, borrowed=(40, 60, 0), repaid=(52, 56, 40, 68), rate=52,
        **RENOVATION | {"works": (10, 12, 14, 8), "received": (18, 20, 26, 22)},
    ),
    # loss-making
    Firm(
        "000231", sales=(4_100, 4_250, 4_180, 3_720), ebe=(53, 34, -38), customers=(66, 68, 72, 79),
        suppliers=(56, 58, 64, 74), capital=250, reserves=330, result=50, dividends=(30, 20, 0), forms=NO_2057,
        doubtful=(10, 12, 20, 34), provisions=(25, 28, 46, 110), late_taxes=(1_000, 1_000, 1_200, 1_700),
        penalties=(2, 3, 12),
        assets={"AF": (16, 12), "AP": (260, 130), "AR": (560, 370), "AT": (340, 210), "BH": (13, 0)},
        invest=({"AR": 80, "AT": 40}, {"AR": 60}, {"AT": 20}), sold={3: ("AT", 90, 34)}, loans=320,
        borrowed=(100, 60, 80), repaid=(98, 104, 100, 96), rate=42, **CONTRACTOR | {"works": (9, 10, 14, 16)},
    ),
    # pays the State late
    Firm(
        "000138", sales=(2_900, 3_020, 3_180, 3_260), ebe=(47, 45, 44), customers=(70, 78, 86, 88),
        suppliers=(58, 60, 62, 60), capital=100, reserves=90, result=32, doubtful=(20, 34, 48, 52),
        late_taxes=(1_400, 1_900, 2_500, 2_900), penalties=(6, 12, 19), provisions=(12, 24, 40, 44),
        associates=(50, 50, 70, 70), assets={"AF": (8, 6), "AR": (360, 250), "AT": (290, 180), "BH": (10, 0)},
        invest=({"AR": 40, "AT": 50}, {"AR": 60}, {"AT": 55}), loans=190, borrowed=(50, 40, 50),
        repaid=(62, 64, 66, 60), rate=44, **RENOVATION,
    ),
    # recovering after a capital increase
    Firm(
        "000211", sales=(2_150, 1_980, 2_240, 2_480), ebe=(-31, 34, 66), customers=(72, 76, 68, 62),
        suppliers=(78, 88, 64, 51), capital=(150, 150, 350, 350), reserves=110, brought=-20, result=-48,
        doubtful=(30, 42, 26, 15), late_taxes=(1_300, 1_500, 1_150, 1_000), penalties=(9, 3, 0),
        provisions=(30, 58, 24, 12), associates=(60, 90, 60, 40),
        assets={"AF": (11, 9), "AR": (310, 220), "AT": (220, 150), "BH": (9, 0)},
        invest=({"AR": 12}, {"AR": 46, "AT": 20}, {"AR": 60, "AT": 28}), sold={1: ("AT", 48, 15)}, loans=110,
        borrowed=(0, 0, 40), repaid=(28, 30, 32, 34), rate=46, **RENOVATION,
    ),
    # developer, recovering
    Firm(
        "000203", sales=(8_900, 7_600, 8_800, 10_600), ebe=(6, 34, 61), customers=(46, 52, 44, 37),
        suppliers=(62, 74, 60, 48), capital=500, reserves=820, result=-90, provisions=(120, 190, 140, 90),
        late_taxes=(1_100, 1_300, 1_050, 1_000), penalties=(5, 4, 0), associates=(300, 450, 450, 300), blocked=True,
        assets={"AF": (60, 48), "AP": (520, 210), "AT": (430, 290), "BH": (30, 0)},
        invest=({"AT": 20}, {"AT": 45}, {"AT": 60, "AF": 20}), loans=2_150, borrowed=(500, 200, 300),
        repaid=(420, 700, 900, 520), rate=44,
        **DEVELOPER | {"works": (118, 139, 98, 71), "received": (40, 44, 58, 66)},
    ),
    # incomplete: a page of liabilities is missing
    Firm(
        "000225", sales=(3_600, 3_710, 3_840, 3_900), ebe=(49, 45, 50), customers=(66, 68, 70, 69),
        suppliers=(52, 54, 58, 56), capital=180, reserves=330, result=64, dividends=(30, 30, 20), missing={2: "2051"},
        forms=NO_2057, assets={"AF": (10, 8), "AR": (440, 300), "AT": (360, 220), "BH": (12, 0)},
        invest=({"AR": 70, "AT": 40}, {"AR": 60, "AT": 50}, {"AR": 75, "AT": 30}), loans=240, borrowed=(60, 90, 40),
        repaid=(80, 82, 78, 74), **RENOVATION,
    ),
    # sound, a total rounded
    Firm(
        "000189", sales=(3_300, 3_420, 3_560, 3_700), ebe=(72, 74, 71), customers=(54, 55, 53, 54),
        suppliers=(42, 41, 42, 40), capital=200, reserves=510, result=130, dividends=(70, 80, 80), rounded=2,
        vat_in=140, mix=(60, 0, 940), goods=620, goods_stock=30,
        assets={"AF": (14, 11), "AP": (280, 120), "AR": (390, 260), "AT": (330, 210), "BH": (12, 0)},
        invest=({"AR": 60, "AT": 50}, {"AR": 80, "AT": 30}, {"AR": 50, "AT": 70}), loans=230, borrowed=(60, 60, 60),
        repaid=(70, 72, 70, 68), **{key: value for key, value in RENOVATION.items() if key != "vat_in"},
    ),
    # a year of 15 months
    Firm(
        "000208", sales=(2_250, 2_330, 2_450, 2_540), ebe=(63, 60, 64), customers=(58, 57, 59, 58),
        suppliers=(46, 46, 47, 45), closings=(date(2023, 9, 30), date(2024, 12, 31), date(2025, 12, 31)),
        months=(12, 15, 12), capital=120, reserves=240, result=66, dividends=(40, 45, 40),
        assets={"AF": (9, 7), "AR": (290, 190), "AT": (240, 150), "BH": (8, 0)},
        invest=({"AR": 40, "AT": 30}, {"AR": 55, "AT": 60}, {"AR": 45, "AT": 25}), loans=150, borrowed=(30, 70, 30),
        repaid=(46, 60, 48, 46), **RENOVATION | {"received": (46, 44, 48, 47)},
    ),
    # discounts its customers' bills
    Firm(
        "000134", sales=(1_850, 1_920, 2_060, 2_140), ebe=(55, 53, 52), customers=(82, 84, 86, 88),
        suppliers=(56, 57, 58, 58), capital=100, reserves=190, result=34, dividends=(15, 15, 15),
        bills=(118, 134, 172, 196), doubtful=9,
        assets={"AF": (7, 6), "AR": (250, 170), "AT": (190, 120), "BH": (7, 0)},
        invest=({"AR": 38, "AT": 25}, {"AR": 45}, {"AR": 30, "AT": 40}), loans=120, borrowed=(40, 30, 40),
        repaid=(42, 44, 42, 40), rate=41, **RENOVATION,
    ),
    # sound, lends to its group, a fire
    Firm(
        "000106", sales=(2_300, 2_390, 2_460, 2_570), ebe=(69, 71, 70), customers=(55, 54, 56, 55),
        suppliers=(44, 43, 44, 44), capital=150, reserves=290, result=82, dividends=(60, 60, 60),
        group=(80, 120, 150, 190), accident=64, transfers=(6, 7, 6),
        assets={"AF": (11, 8), "AR": (340, 220), "AT": (210, 130), "BH": (8, 0)},
        invest=({"AR": 50, "AT": 25}, {"AR": 40, "AT": 35}, {"AR": 90, "AT": 20}), loans=130, borrowed=(30, 30, 60),
        repaid=(44, 42, 40, 44), **RENOVATION,
    ),
    # -- industry
    # over-indebted, then losses
    Firm(
        "000142", sales=(1_420, 1_480, 1_450, 1_360), ebe=(96, 80, 60), customers=(60, 64, 70, 76),
        suppliers=(58, 66, 86, 112), capital=80, reserves=60, result=6, doubtful=(10, 14, 22, 36),
        late_taxes=(1_100, 1_250, 1_500, 1_900), penalties=(1, 4, 9), associates=(40, 60, 60, 60),
        issue_costs=(0, 12, 9, 6),
        assets={"AF": (14, 10), "AH": (90, 0), "AP": (310, 70), "AR": (640, 330), "AT": (160, 90), "BH": (9, 0)},
        invest=({"AR": 160}, {"AR": 20}, {}), loans=640, borrowed=(190, 40, 0), repaid=(108, 126, 112, 128), rate=49,
        other_loans=(60, 60, 48, 36), **WORKSHOP | {"subcontract": 75, "materials": 365},
    ),
    # over-indebted
    Firm(
        "000164", sales=(1_180, 1_230, 1_260, 1_290), ebe=(118, 110, 103), customers=(62, 63, 66, 68),
        suppliers=(58, 62, 68, 76), capital=60, reserves=120, result=8, late_taxes=(1_000, 1_150, 1_400, 1_600),
        penalties=(0, 2, 3), associates=(30, 30, 30, 50),
        assets={
            "AF": (10, 7), "AH": (60, 0), "AN": (70, 0), "AP": (480, 90), "AR": (520, 230), "AT": (130, 80),
            "BH": (6, 0),
        },
        invest=({"AR": 90, "AP": 40}, {"AR": 60}, {"AR": 40}), loans=690, borrowed=(180, 60, 50),
        repaid=(92, 104, 108, 110), rate=46, **WORKSHOP,
    ),
    # loss-making, then negative equity
    Firm(
        "000128", sales=(2_050, 2_120, 1_930, 1_480), ebe=(49, 10, -112), customers=(66, 70, 78, 92),
        suppliers=(54, 57, 66, 131), capital=160, reserves=120, result=24, doubtful=(14, 20, 44, 118),
        provisions=(15, 18, 42, 120), late_taxes=(1_000, 1_050, 1_300, 2_300), penalties=(1, 5, 18),
        associates=(20, 40, 80, 80), obsolete=(25, 30, 48, 90),
        assets={"AF": (12, 10), "AP": (190, 120), "AR": (880, 620), "AT": (210, 150), "BH": (9, 0)},
        invest=({"AR": 60}, {"AR": 20}, {}), sold={3: ("AR", 220, 41)}, loans=260, borrowed=(80, 120, 0),
        repaid=(70, 84, 66, 102), rate=49,
        **{key: value for key, value in WORKSHOP.items() if key != "obsolete"} | {
            "finished": (9, 12, 19, 26), "material_stock": (40, 46, 58, 74),
        },
    ),
    # growing soundly
    Firm(
        "000123", sales=(1_350, 1_560, 1_880, 2_240), ebe=(92, 96, 97), customers=(56, 55, 56, 54),
        suppliers=(48, 47, 48, 46), capital=(120, 120, 200, 200), premiums=(0, 0, 120, 120), reserves=210, result=58,
        dividends=(15, 20, 25), own_work=(0, 18, 26),
        assets={"AF": (22, 15), "AR": (420, 240), "AT": (140, 80), "BH": (9, 0)},
        invest=({"AR": 130, "AT": 20}, {"AR": 210, "AT": 35, "AF": 14}, {"AR": 190, "AT": 30}),
        unpaid=(0, 100, 160, 140), loans=190, borrowed=(90, 150, 130), repaid=(62, 76, 98, 104), **WORKSHOP,
    ),
    # exporter
    Firm(
        "000227", sales=(4_300, 4_650, 4_900, 5_150), ebe=(112, 115, 109), customers=(52, 51, 53, 52),
        suppliers=(41, 40, 41, 39), export=(0, 360, 220), capital=400, reserves=1_150, result=280,
        dividends=(150, 160, 180), participation=True, exchange=((0, 0), (3_180, 1_240), (0, 4_260), (5_470, 980)),
        provisions=(30, 34, 36, 34), securities=(150, 200, 250, 300),
        assets={"AF": (46, 32), "AN": (90, 0), "AP": (720, 310), "AR": (1_620, 980), "AT": (330, 210), "BH": (14, 0)},
        invest=({"AR": 210, "AT": 40}, {"AR": 180, "AT": 45, "AF": 18}, {"AR": 240, "AT": 30}),
        sold={3: ("AR", 160, 28)}, loans=460, borrowed=(120, 100, 150), repaid=(130, 128, 126, 130), **WORKSHOP,
    ),
    # sound, investment grant
    Firm(
        "000197", sales=(2_300, 2_440, 2_600, 2_780), ebe=(104, 107, 105), customers=(48, 47, 48, 46),
        suppliers=(40, 39, 40, 39), capital=200, reserves=520, result=126, dividends=(60, 70, 80),
        subsidies=(0, 60, 50, 40), subsidy_share=(0, 10, 10), own_work=(0, 12, 0), regulated=(18, 22, 25, 21),
        assets={"AF": (24, 17), "AP": (260, 120), "AR": (890, 560), "AT": (180, 110), "BH": (10, 0)},
        invest=({"AR": 190, "AT": 20}, {"AR": 110, "AT": 35}, {"AR": 120, "AT": 28}), loans=240,
        borrowed=(110, 50, 70), repaid=(72, 80, 78, 76), **WORKSHOP | {"received": 42},
    ),
    # too much stock, pays late
    Firm(
        "000146", sales=(2_250, 2_330, 2_290, 2_380), ebe=(72, 66, 69), customers=(64, 67, 69, 70),
        suppliers=(70, 74, 79, 77), capital=180, reserves=260, result=34, dividends=(20, 15, 0),
        doubtful=(18, 22, 27, 30), provisions=(20, 24, 30, 27), late_taxes=(1_000, 1_200, 1_350, 1_400),
        penalties=(1, 2, 3), transfers=(9, 10, 11), associates=(40, 40, 60, 60),
        assets={"AF": (16, 12), "AH": (40, 0), "AP": (230, 110), "AR": (760, 490), "AT": (190, 120), "BH": (9, 0)},
        invest=({"AR": 80, "AT": 25}, {"AR": 60, "AT": 20}, {"AR": 95, "AT": 30}), sold={3: ("AR", 84, 22)},
        unpaid=(0, 80, 60, 140), loans=260, borrowed=(70, 60, 80), repaid=(78, 80, 82, 84), rate=43, floor=14,
        **WORKSHOP | {"mix": (0, 720, 280), "finished": (26, 30, 34, 36), "material_stock": (62, 70, 76, 78)},
    ),
    # lessee
    Firm(
        "000175", sales=(1_900, 1_990, 2_080, 2_190), ebe=(62, 64, 61), customers=(56, 55, 57, 56),
        suppliers=(45, 44, 46, 45), capital=150, reserves=290, result=74, dividends=(40, 45, 45),
        leased=((96, 60), (96, 60), (118, 60)), committed=((302, 486), (212, 430), (318, 374)),
        assets={"AF": (16, 11), "AR": (310, 240), "AT": (140, 90), "BH": (22, 0)},
        invest=({"AR": 20, "AT": 18}, {"AR": 25}, {"AR": 18, "AT": 22}), loans=70, borrowed=(0, 30, 0),
        repaid=(26, 24, 26, 24), **WORKSHOP,
    ),
    # -- retail
    # growing soundly
    Firm(
        "000233", sales=(2_900, 3_250, 3_900, 4_620), ebe=(56, 58, 57), customers=(38, 38, 39, 39),
        suppliers=(48, 47, 49, 48), capital=200, reserves=430, result=96, dividends=(30, 30, 40), doubtful=6,
        assets={"AF": (26, 18), "AH": (150, 0), "AP": (240, 110), "AR": (120, 80), "AT": (310, 180), "BH": (24, 0)},
        invest=({"AT": 60}, {"AT": 120, "AP": 90, "BH": 6}, {"AT": 80, "AF": 15}), unpaid=(0, 0, 150, 60), loans=260,
        borrowed=(80, 220, 120), repaid=(76, 88, 116, 122), **SHOP,
    ),
    # seasonal, closes in September
    Firm(
        "000191", sales=(820, 860, 905, 930), ebe=(126, 131, 124), customers=2, suppliers=(34, 33, 35, 34),
        closings=SEPTEMBER, capital=50, reserves=120, result=36, dividends=(20, 20, 25), doubtful=0, mix=(0, 0, 1000),
        materials=255, material_stock=18, rent=66, other=118, taxes=17, commissions=14, fees=16, received=22,
        vat_out=112, vat_in=120, wage=27, prepaid=9,
        assets={"AF": (6, 5), "AH": (140, 0), "AP": (310, 150), "AR": (160, 110), "AT": (190, 120), "BH": (20, 0)},
        invest=({"AT": 28, "AR": 12}, {"AT": 35, "AP": 30}, {"AT": 24, "AR": 18}), loans=230, borrowed=(30, 50, 20),
        repaid=(50, 52, 54, 52),
    ),
    # simplified form
    Firm(
        "000185", sales=(520, 540, 565, 590), ebe=(84, 86, 88), customers=3, suppliers=(40, 39, 40, 38), capital=20,
        reserves=62, result=22, dividends=(15, 15, 18), doubtful=0, forms=SIMPLIFIED,
        assets={"AF": (4, 3), "AH": (55, 0), "AT": (120, 70), "BH": (9, 0)},
        invest=({"AT": 15}, {"AT": 22}, {"AT": 24}), loans=62, borrowed=(0, 20, 15), repaid=(16, 17, 18, 18), **SHOP,
    ),
    # simplified form, income statement confidential
    Firm(
        "000221", sales=(430, 425, 410, 372), ebe=(36, 24, 6), customers=4, suppliers=(56, 62, 70, 84), capital=15,
        reserves=24, result=3, doubtful=0, forms=("2033-A",), associates=(20, 25, 30, 36),
        late_taxes=(1_000, 1_100, 1_300, 1_500), assets={"AH": (48, 0), "AT": (105, 68), "BH": (8, 0)},
        invest=({"AT": 8}, {"AT": 10}, {}), loans=66, borrowed=(0, 10, 0), repaid=(15, 16, 16, 16), rate=44,
        **SHOP | {"goods_stock": (84, 88, 96, 108)},
    ),
    # -- others
    # simplified form, negative equity
    Firm(
        "000139", sales=(265, 258, 249, 231), ebe=(18, -34, -88), customers=(40, 44, 48, 56),
        suppliers=(62, 74, 96, 128), capital=10, reserves=8, result=2, forms=SIMPLIFIED, associates=(10, 16, 28, 38),
        late_taxes=(1_000, 1_200, 1_500, 2_000), penalties=(0, 1, 2),
        assets={"AR": (96, 64), "AT": (42, 28), "BH": (4, 0)}, invest=({"AR": 10}, {}, {}), loans=48,
        borrowed=(10, 0, 0), repaid=(13, 14, 13, 12), rate=52, **WORKSHOP,
    ),
    # simplified form, property on credit
    Firm(
        "000115", sales=(152, 156, 158, 154), ebe=(690, 672, 640), customers=(14, 18, 24, 33),
        suppliers=(40, 52, 68, 92), capital=2, reserves=38, result=3, forms=SIMPLIFIED,
        associates=(105, 110, 117, 126), fees=52, other=96, taxes=124, wage=28,
        late_taxes=(1_000, 1_200, 1_500, 1_800), assets={"AN": (210, 0), "AP": (1_240, 255), "AT": (24, 14)},
        invest=({"AP": 12}, {"AP": 14}, {"AP": 23}), loans=1_060, borrowed=(0, 0, 0), repaid=(62, 64, 66, 68),
        rate=33, floor=1,
    ),
    # holding
    Firm(
        "000181", sales=(460, 480, 495, 510), ebe=(42, 60, 55), customers=(28, 30, 29, 31),
        suppliers=(36, 38, 37, 35), capital=1_500, reserves=4_600, result=690, premiums=800,
        dividends=(350, 400, 400), doubtful=0, unpaid=(0, 240, 160, 420), income=(620, 680, 710),
        group=(450, 520, 560, 640), securities=(1_100, 1_200, 1_300, 1_400), fees=86, rent=40, other=150, taxes=36,
        wage=58, prepaid=10,
        assets={
            "AN": (420, 0), "AP": (1_650, 610), "AT": (180, 120), "CU": (4_300, 120), "BB": (350, 0), "BF": (60, 0),
        },
        invest=({"AP": 48}, {"AP": 105, "AT": 12}, {"AP": 84}), loans=820, borrowed=(0, 0, 150),
        repaid=(110, 112, 114, 122),
    ),
)  # fmt: skip


# ---------------------------------------------------------------- one trial balance

BALANCE_OF = "000146"
BALANCE_HEADINGS = ("compte", "libellé", "débit", "crédit", "solde débiteur", "solde créditeur")


def parts_of(amount: int, *weights: int) -> list[int]:
    """An amount in parts by weight per thousand; the last takes the rest."""
    made = [share(amount, weight, 1000) for weight in weights]
    return [*made, amount - sum(made)]


def balance_accounts(c: Codes, last: Codes) -> list[tuple[str, str, int, int]]:
    """Account, label, balance (debit positive), what moved on both sides: a year under the new chart from its codes.

    Third parties are netted within 401000 and 411000, as in any balance without auxiliary accounts.
    """
    sales, bought = c["FL"] + c["YY"], c["purchases"] + c["YZ"]
    found: list[tuple[str, str, int, int]] = []

    def put(account: str, label: str, balance: int, moved: int = 0) -> None:
        if balance or moved:
            found.append((account, label, balance, moved))

    def spread(balance: int, weights: tuple[int, ...], *accounts: tuple[str, str], moved: int = 0) -> None:
        for (account, label), part in zip(accounts, parts_of(balance, *weights), strict=True):
            put(account, label, part, share(moved, abs(part), max(abs(balance), 1)))

    # capital and loans
    put("101300", "Capital souscrit, appelé, versé", -c["DA"])
    put("106100", "Réserve légale", -c["DD"])
    put("106800", "Autres réserves", -c["DG"])
    put("119000" if c["DH"] < 0 else "110000", "Report à nouveau", -c["DH"])
    put("129000" if last["DI"] < 0 else "120000", "Résultat de l'exercice précédent", 0, abs(last["DI"]))
    spread(-c["DP"], (600,), ("151100", "Provisions pour litiges"), ("151200", "Provisions pour garanties clients"))
    put("164000", "Emprunts auprès des établissements de crédit", -c["VH"], c["VK"])
    # fixed assets and wear
    put("205000", "Concessions, brevets, logiciels", c["AF"])
    put("207000", "Fonds commercial", c["AH"])
    put("213500", "Installations générales, agencements des constructions", c["AP"])
    spread(c["AR"], (840,), ("215400", "Matériel industriel"), ("215500", "Outillage industriel"), moved=84_000)
    spread(
        c["AT"],
        (560, 240),
        ("218200", "Matériel de transport"),
        ("218300", "Matériel informatique"),
        ("218400", "Mobilier"),
    )
    put("275000", "Dépôts et cautionnements versés", c["BH"])
    put("280500", "Amortissements des logiciels", -c["AG"])
    put("281350", "Amortissements des agencements des constructions", -c["AQ"])
    spread(
        -c["AS"],
        (840,),
        ("281540", "Amortissements du matériel industriel"),
        ("281550", "Amortissements de l'outillage"),
    )
    spread(
        -c["AU"], (560, 240), ("281820", "Amortissements du matériel de transport"),
        ("281830", "Amortissements du matériel informatique"), ("281840", "Amortissements du mobilier"),
    )  # fmt: skip
    # stocks
    spread(c["BL"], (850,), ("310000", "Matières premières"), ("322000", "Fournitures consommables"), moved=last["BL"])
    put("331000", "Produits en cours", c["BN"], last["BN"])
    put("355000", "Produits finis", c["BR"], last["BR"])
    put("391000", "Dépréciations des matières premières", -c["BM"], last["BM"])
    put("395500", "Dépréciations des produits finis", -c["BS"], last["BS"])
    # third parties
    owed, bills, awaited = parts_of(-c["DX"], 760, 150)
    put("401000", "Fournisseurs", owed, bought)
    put("403000", "Fournisseurs, effets à payer", bills, share(bought, 1, 6))
    put("404000", "Fournisseurs d'immobilisations", -c["DZ"], share(c["invested"], 6, 5))
    put("408100", "Fournisseurs, factures non parvenues", awaited, share(last["DX"], 90, 1000))
    put("409100", "Fournisseurs, avances et acomptes versés", c["BV"])
    rebates, debtor, due = parts_of(c["VR"], 350, 400)
    put("409800", "Rabais, remises, ristournes à obtenir", rebates)
    spread(
        c["UX"], (780, 150), ("411000", "Clients"), ("413000", "Clients, effets à recevoir"),
        ("418100", "Clients, factures à établir"), moved=sales,
    )  # fmt: skip
    put("416000", "Clients douteux ou litigieux", c["VA"], last["VA"] // 2)
    put("419100", "Clients, avances et acomptes reçus", -c["DW"])
    credit_notes, creditor, accrued = parts_of(-c["EA"], 450, 350)
    put("419800", "Rabais, remises, ristournes à accorder", credit_notes)
    put("421000", "Personnel, rémunérations dues", parts_of(-c["8C"], 380)[0], share(c["FY"], 780, 1000))
    put("425000", "Personnel, avances et acomptes", c["UY"])
    put("428200", "Dettes provisionnées pour congés à payer", parts_of(-c["8C"], 380)[1], share(last["8C"], 620, 1000))
    spread(
        -c["8D"], (640, 190), ("431000", "Sécurité sociale"), ("437300", "Caisses de retraite"),
        ("438200", "Charges sociales sur congés à payer"), moved=c["FZ"],
    )  # fmt: skip
    put("438700", "Organismes sociaux, produits à recevoir", c["UZ"])
    put("441000", "État, subventions à recevoir", c["VP"])
    put("444000", "État, impôts sur les bénéfices", c["VM"] - c["8E"], last["HK"])
    spread(
        -c["VW"],
        (880,),
        ("445510", "TVA à décaisser"),
        ("445870", "TVA sur factures à établir"),
        moved=c["YY"] - c["YZ"],
    )
    spread(
        c["VB"], (780,), ("445660", "TVA déductible sur biens et services"),
        ("445860", "TVA sur factures non parvenues"), moved=c["YZ"],
    )  # fmt: skip
    put("445710", "TVA collectée", 0, c["YY"])
    put("448600", "État, charges à payer", -c["VQ"], c["FX"])
    spread(-c["VI"], (600,), ("455100", "Associé A, compte courant"), ("455200", "Associé B, compte courant"))
    put("467100", "Débiteurs divers", debtor)
    put("467200", "Créditeurs divers", creditor)
    put("468600", "Charges diverses à payer", accrued)
    put("468700", "Produits divers à recevoir", due)
    put("486000", "Charges constatées d'avance", c["CH"], last["CH"])
    put("491000", "Dépréciations des comptes de clients", -c["BY"], last["BY"] // 3)
    # treasury: one bank in credit, one overdrawn
    put("512100", "Banque A", c["CF"] - 640, share(sales, 300, 1000))
    overdrawn, interest = parts_of(-c["EH"], 985)
    put("512200", "Banque B", overdrawn, share(sales, 690, 1000))
    put("518600", "Intérêts courus à payer", interest)
    put("530000", "Caisse", 640, 2_900)
    # charges
    rebate = share(c["FU"], 12, 1000)
    spread(
        c["FU"] + rebate,
        (910,),
        ("601000", "Achats de matières premières"),
        ("602200", "Achats de fournitures consommables"),
    )
    spread(c["FV"], (850,), ("603100", "Variation des stocks de matières premières"),
           ("603220", "Variation des stocks de fournitures consommables"))  # fmt: skip
    put("609100", "Rabais, remises, ristournes obtenus sur achats de matières", -rebate)
    put("611000", "Sous-traitance générale", c["YT"])
    spread(c["XQ"], (830,), ("613200", "Locations immobilières"), ("613500", "Locations mobilières"))
    spread(
        c["ST"], (190, 60, 130, 110, 90, 60, 210, 40, 50), ("606100", "Fournitures non stockables (eau, énergie)"),
        ("606300", "Petit équipement"), ("615500", "Entretien et réparations"), ("616000", "Primes d'assurance"),
        ("618000", "Divers"), ("623000", "Publicité, foires"), ("624100", "Transports sur achats et ventes"),
        ("625100", "Voyages et déplacements"), ("626000", "Frais postaux et télécommunications"),
        ("627000", "Services bancaires"),
    )  # fmt: skip
    put("621000", "Personnel extérieur à l'entreprise", c["YU"])
    put("622600", "Honoraires", c["SS"])
    put("635110", "Contribution économique territoriale", c["YW"])
    spread(c["9Z"], (420, 330), ("633300", "Participation à la formation continue"), ("635120", "Taxes foncières"),
           ("635140", "Taxes sur les véhicules"))  # fmt: skip
    spread(c["FY"], (940,), ("641100", "Salaires, appointements"), ("641300", "Primes et gratifications"))
    spread(
        c["FZ"] + c["refunds"], (760, 190), ("645100", "Cotisations à l'Urssaf"),
        ("645300", "Cotisations de retraite"), ("647500", "Médecine du travail"),
    )  # fmt: skip
    put("649000", "Remboursements de charges de personnel", -c["refunds"])
    put("654100", "Pertes sur créances de l'exercice", c["lost"])
    put("657000", "Valeurs comptables des immobilisations cédées", c["book value"])
    put("658100", "Pénalités et amendes", c["fines"])
    put("658800", "Autres charges de gestion courante", c["GE"] - c["lost"] - c["book value"] - c["fines"])
    associates = share(last["VI"], ASSOCIATES_RATE, 1000)
    agios = share(last["EH"], OVERDRAFT_RATE, 1000)
    put("661160", "Intérêts des emprunts", c["GR"] - associates - agios)
    put("661500", "Intérêts des comptes courants d'associés", associates)
    put("661600", "Intérêts bancaires", agios)
    put("681100", "Dotations aux amortissements des immobilisations", c["GA"])
    put("681500", "Dotations aux provisions d'exploitation", c["GD"])
    put("681700", "Dotations aux dépréciations des actifs circulants", c["GC"])
    put("695000", "Impôts sur les bénéfices", c["HK"])
    # income
    allowed = share(c["FF"], 15, 1000)
    put("701000", "Ventes de produits finis", -c["FF"] - allowed)
    spread(-c["FI"], (880,), ("706000", "Prestations de services"), ("708500", "Ports et frais accessoires facturés"))
    put("709100", "Rabais, remises, ristournes accordés sur ventes de produits", allowed)
    works = c["BN"] - last["BN"]
    put("713300", "Variation des en-cours de production de biens", -works)
    put("713500", "Variation des stocks de produits", works - c["FM"])
    put("741000", "Subventions d'exploitation", -c["FO"])
    put("757000", "Produits des cessions d'immobilisations", -c["price"])
    put("758800", "Autres produits de gestion courante", c["price"] - c["FQ"])
    put("763000", "Revenus des autres créances", -c["GL"])
    released = max(last["DP"] - c["DP"], 0)
    put("781500", "Reprises sur provisions d'exploitation", -released)
    put("781700", "Reprises sur dépréciations des actifs circulants", released - c["FP"])
    return found


def trial_balance(firm: Firm) -> list[list[str]]:
    """The last year of a company as its software prints it: totals of both sides, then the balance."""
    years = accounts(firm)
    rows_made, total = [], 0
    for account, label, balance, moved in sorted(balance_accounts(years[2], years[1])):
        debit, credit = max(balance, 0) + moved, max(-balance, 0) + moved
        total += balance
        cells = (debit, credit, max(balance, 0), max(-balance, 0))
        rows_made.append([account, label, *(f"{cell},00" for cell in cells)])
    if total:
        raise ValueError(f"{firm.number}: trial balance out by {total}")
    return rows_made


# ---------------------------------------------------------------- sector quartiles

SECTOR_HEADINGS = ("secteur", "ratio", "q1", "mediane", "q3")
SECTORS = {  # invented, of the order of the companies above: lower quartile, median, upper quartile
    "Bâtiment": """
        taux_valeur_ajoutee 33,5 % | 40,5 % | 47,0 %
        marge_ebe 2,8 % | 5,6 % | 8,4 %
        marge_nette 0,4 % | 2,1 % | 4,3 %
        caf_ca 1,6 % | 3,9 % | 6,5 %
        rentabilite_financiere 2,5 % | 10,5 % | 21,0 %
        autonomie_financiere 21,0 % | 35,5 % | 49,0 %
        gearing 12,0 % | 34,0 % | 88,0 %
        capacite_remboursement 0,4 | 1,6 | 4,2
        couverture_interets 4,5 | 12,0 | 32,0
        poids_dettes_fiscales_sociales 13,5 % | 17,0 % | 23,5 %
        liquidite_generale 1,2 | 1,6 | 2,2
        tn_jours 2 | 26 | 58
        poids_decouverts 0,0 % | 0,3 % | 2,6 %
        delai_clients 44 | 60 | 79
        delai_fournisseurs 39 | 50 | 66
        rotation_stocks 7 | 14 | 29
        bfr_jours 8 | 24 | 46
    """,
    "Commerce": """
        taux_valeur_ajoutee 17,5 % | 25,0 % | 34,0 %
        taux_marge_commerciale 26,0 % | 34,0 % | 43,0 %
        marge_ebe 2,0 % | 4,9 % | 8,8 %
        marge_nette 0,2 % | 1,7 % | 3,9 %
        caf_ca 1,2 % | 3,2 % | 6,4 %
        rentabilite_financiere 1,5 % | 9,5 % | 20,5 %
        autonomie_financiere 20,5 % | 37,0 % | 52,0 %
        gearing 15,0 % | 47,0 % | 115,0 %
        capacite_remboursement 0,5 | 2,1 | 5,4
        couverture_interets 3,6 | 9,5 | 27,0
        poids_dettes_fiscales_sociales 12,0 % | 16,0 % | 23,0 %
        liquidite_generale 1,1 | 1,6 | 2,4
        tn_jours -3 | 20 | 49
        delai_clients 2 | 12 | 38
        delai_fournisseurs 34 | 45 | 60
        rotation_marchandises 34 | 68 | 108
        bfr_jours -6 | 15 | 44
    """,
    "Industrie": """
        taux_valeur_ajoutee 32,0 % | 40,0 % | 46,5 %
        marge_ebe 3,9 % | 7,6 % | 11,5 %
        marge_nette -0,3 % | 2,2 % | 4,8 %
        caf_ca 2,2 % | 5,4 % | 8,6 %
        rentabilite_financiere 1,0 % | 8,5 % | 17,5 %
        autonomie_financiere 23,5 % | 40,0 % | 55,0 %
        gearing 14,0 % | 38,0 % | 96,0 %
        capacite_remboursement 0,6 | 1,9 | 4,8
        couverture_interets 3,8 | 11,0 | 30,0
        poids_dettes_fiscales_sociales 13,0 % | 16,0 % | 21,5 %
        liquidite_generale 1,2 | 1,7 | 2,4
        tn_jours -4 | 22 | 55
        poids_decouverts 0,0 % | 0,8 % | 4,1 %
        delai_clients 45 | 56 | 71
        delai_fournisseurs 39 | 48 | 67
        rotation_matieres 30 | 46 | 71
        rotation_stocks 24 | 38 | 63
        bfr_jours 27 | 43 | 66
    """,
}


def sector_rows() -> list[list[str]]:
    """One row per sector and ratio."""
    made = []
    for sector, text in SECTORS.items():
        for line in text.strip().splitlines():
            key, rest = line.strip().split(" ", 1)
            made.append([sector, key, *(part.strip() for part in rest.split("|"))])
    return made


HEADINGS = ("entreprise", "nom", "date_cloture", "duree_mois", "formulaire", "code", "montant")


def main(folder: Path) -> None:
    """Write every file."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {one.number: one.name for one in make_customers()}
    firms = sorted(FIRMS, key=lambda firm: firm.number)
    filings = [row for firm in firms for row in rows(firm, names[firm.number])]
    write_csv(folder / "liasses_clients.csv", HEADINGS, filings)
    chosen = next(firm for firm in firms if firm.number == BALANCE_OF)
    write_csv(folder / "balance_client.csv", BALANCE_HEADINGS, trial_balance(chosen))
    write_csv(folder / "secteur.csv", SECTOR_HEADINGS, sector_rows())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
