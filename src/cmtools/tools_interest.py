"""Working workbook of late interest: by half-year, with the indemnity; the table of rates; the detail of one row."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

from cmtools.legal import (
    FROZEN_BY_HALF_YEAR,
    LegalUnknownError,
    confirmation_in_words,
    default_late_rate,
    ecb_rate,
    fact,
    half_year,
    legal_rate,
    recovery_indemnity,
)
from cmtools.tool_sheets import Column, Page, Table, ToolBook, cell, fixed, hidden, is_date, quoted
from cmtools.tools_receivables import NC, first_met

INTEREST_DAY, INTEREST_BASE = (4, 1), (5, 1)
INTEREST = Table(
    (
        Column("customer", 22, "text", given=True),
        Column("document", 13, "text", given=True),
        Column("late_amount", 15, "money", given=True),
        Column("due_date", 12, "date", given=True),
        Column("payment_date", 13, "date", given=True),
        Column("buyer", 13, "text", given=True),
        Column("contract_rate", 12, "rate", given=True),
        Column("days_late", 9, "integer"),
        Column("first_rate", 11, "rate"),
        Column("interest", 15, "money"),
        Column("indemnity", 12, "money"),
        Column("interest_total", 15, "money"),
        Column("remark", 56, "small"),
        *hidden("defect", "start", "end", "regime", "frozen", "known", "is_late"),
    ),
    heading=7,
    rows=100,
)
BUYERS = ("business", "public", "consumer")
INTEREST_DEFECTS = ("cell_error", "no_amount", "no_due", "due_text", "payment_text", "bad_buyer", "bad_rate", "no_end")
BY_DEFAULT, BY_CONTRACT, IS_PUBLIC, IS_CONSUMER, IS_CREDIT = range(1, 6)
LATER = 8  # half-years to fill in, once their rates are published
DETAIL_ROW, INDEMNITY, INDEMNITY_SINCE = (6, 11), (4, 9), (5, 9)
_D = date
INTEREST_EXAMPLE: tuple[tuple[Any, ...], ...] = (
    ("Noria", "F-2418", 12000.0, _D(2026, 5, 15), _D(2026, 8, 20), "business", None),
    ("Commune de Vaubrelle", "F-2419", 12000.0, _D(2026, 5, 15), _D(2026, 8, 20), "public", None),
    ("Brumelle", "F-2212", 8400.0, _D(2024, 5, 15), _D(2024, 8, 20), "business", 0.10),
    ("Vindrel", "F-2305", 5250.0, _D(2025, 11, 30), _D(2026, 2, 10), "business", 0.12),
    ("Carmoise", "F-2380", 3000.0, _D(2026, 3, 31), _D(2026, 4, 20), "business", None),
    ("Carmoise", "F-2380", 1500.0, _D(2026, 3, 31), None, "business", None),
    ("Pelonne", "F-2391", 980.0, _D(2026, 6, 30), _D(2026, 6, 30), "business", None),
    ("Ysalde", "F-2399", 450.0, _D(2026, 2, 28), _D(2026, 5, 4), "consumer", None),
)


def write_late_interest(book: ToolBook) -> None:
    """Interest and indemnity of each invoice, from the table of rates by half-year."""
    page, rates = book.page("late_interest"), book.page("rates")
    table = rates_table()
    _rates(rates, page, table)
    page.head(INTEREST, frozen=2)
    _parameters(page)
    rows = [[page.text(value) if value in BUYERS else value for value in row] for row in INTEREST_EXAMPLE]
    page.examples(INTEREST, rows)
    page.accept(
        "list", INTEREST.first, INTEREST.last, INTEREST.position["buyer"], source=[page.text(one) for one in BUYERS]
    )
    for row in range(INTEREST.first, INTEREST.last + 1):
        page.formulas(INTEREST, row, _invoice(page, rates, table, row))
    first = INTEREST.row(INTEREST.first)
    page.alert(INTEREST.first, INTEREST.last, INTEREST.position["remark"], f"{first.defect}>0")
    page.alert(INTEREST.first, INTEREST.last, INTEREST.position["interest"], f"{first.interest}={NC}", "quiet")
    _totals(page)


# ---------------------------------------------------------------- rates


def rates_table() -> Table:
    """Rows of the sheet of rates: the half-years that the package knows, then those to fill in."""
    return Table(
        (
            Column("half_start", 12, "date"),
            Column("half_end", 12, "date"),
            Column("ecb", 12, "rate"),
            Column("legal", 12, "rate"),
            Column("rate_business", 13, "rate"),
            Column("rate_public", 13, "rate"),
            Column("rate_floor", 13, "rate"),
            Column("confirmation", 34, "small"),
            Column("", 3, "words"),
            Column("detail_days", 9, "integer"),
            Column("detail_rate", 11, "rate"),
            Column("detail_interest", 14, "money"),
            Column("detail_note", 24, "small"),
            *hidden("business", "public", "floor", "has_business", "has_public", "has_floor", "sum"),
        ),
        heading=8,
        rows=len(known_half_years()) + LATER,
    )


class HalfYear(NamedTuple):
    """Rates of a half-year; None: not known."""

    start: date
    end: date
    ecb: float | None
    legal: float | None
    confirmation: str


def known_half_years() -> list[HalfYear]:
    """Half-years from 2013 whose ECB rate the package knows."""
    rows: list[HalfYear] = []
    day = FROZEN_BY_HALF_YEAR
    while True:
        first, last = half_year(day)
        try:
            found = default_late_rate(first)
        except LegalUnknownError:
            return rows
        try:
            legal: float | None = legal_rate(first).value
        except LegalUnknownError:
            legal = None
        rows.append(HalfYear(first, last, ecb_rate(first).value, legal, found.confirmation))
        day = last + timedelta(days=1)


def _rates(page: Page, invoices: Page, table: Table) -> None:
    page.head(table, frozen=2)
    known = known_half_years()
    day = known[-1].start
    for row, (key, value, kind) in enumerate((
        ("points_business", fact("late_rate_points", day).value / 100, "rate"),
        ("points_public", fact("late_rate_points_public", day).value / 100, "rate"),
        ("floor_times", fact("floor_multiple", day).value, "integer"),
    ), 4):  # fmt: skip
        page.write(row, 0, page.text(key))
        page.sheet.write_number(row, 4, value, page.formats[kind])
    page.write(4, 6, page.text("indemnity_each"))
    page.write(5, 6, page.text("indemnity_since"))
    indemnity = recovery_indemnity(day)
    page.sheet.write_number(*INDEMNITY, indemnity.value, page.formats["money"])
    page.sheet.write_datetime(*INDEMNITY_SINCE, indemnity.start, page.formats["date"])
    halves = [*known]
    while len(halves) < table.last - table.heading:
        first, last = half_year(halves[-1].end + timedelta(days=1))
        halves.append(HalfYear(first, last, None, None, ""))
    page.write(6, 9, page.text("detail_of"), "label_left")
    page.given(*DETAIL_ROW, 1, "integer")
    page.accept(
        "integer", DETAIL_ROW[0], DETAIL_ROW[0], DETAIL_ROW[1], minimum=1, maximum=INTEREST.last - INTEREST.heading
    )
    for row, half in enumerate(halves, table.first):
        _half_year(page, table, row, half)
        page.formulas(table, row, _detail(page, invoices, table, row))
    row, days, amounts = table.last + 1, table.area("detail_days"), table.area("detail_interest")
    page.formula(row, table.position["detail_days"], f"SUM({days})", "total_integer")
    page.write(row, table.position["detail_rate"], page.text("total"), "total_text")
    page.formula(
        row, table.position["detail_interest"], f"IF(COUNTIF({amounts},{NC})>0,{NC},ROUND(SUM({amounts}),2))", "total"
    )


def _half_year(page: Page, table: Table, row: int, half: HalfYear) -> None:
    """Known rates are fixed; those not published yet are cells to fill in."""
    line, (first, last, ecb, legal, sure) = table.row(row), half
    for column, day in enumerate((first, last)):
        page.sheet.write_datetime(row, column, day, page.formats["date"])
    for key, rate in (("ecb", ecb), ("legal", legal)):
        if rate is None:
            page.given(row, table.position[key], None, "rate")
            page.accept("rate", row, row, table.position[key])
        else:
            page.sheet.write_number(row, table.position[key], rate, page.formats["rate"])
    said = confirmation_in_words(sure, page.book.language) if sure else page.text("to_publish")
    page.write(
        row,
        table.position["confirmation"],
        said or ("" if legal is not None else page.text("legal_to_publish")),
        "small",
    )
    business, public, times = (fixed(at, 4) for at in (4, 5, 6))
    texts = {
        "rate_business": f"IF(ISNUMBER({line.ecb}),{line.ecb}+{business},{NC})",
        "rate_public": f"IF(ISNUMBER({line.ecb}),{line.ecb}+{public},{NC})",
        "rate_floor": f"IF(ISNUMBER({line.legal}),{line.legal}*{times},{NC})",
    }
    for name in ("business", "public", "floor"):
        shown = getattr(line, f"rate_{name}")
        texts |= {name: f"N({shown})", f"has_{name}": f"IF(ISNUMBER({shown}),1,0)"}
    page.formulas(table, row, texts)


def _detail(page: Page, invoices: Page, table: Table, row: int) -> dict[str, str]:
    """Days, rate and interest of one invoice in one half-year, rounded so that they add up to its total."""
    half, chosen = table.row(row), fixed(*DETAIL_ROW)

    def of(key: str) -> str:
        return f"INDEX({invoices.reference(INTEREST.area(key))},{chosen})"

    days = f"MAX(0,MIN({of('end')},{half.half_end})-MAX({of('start')},{half.half_start}-1))"
    regime, contract = of("regime"), of("contract_rate")
    rate = (
        f"IF({regime}={IS_PUBLIC},IF({of('known')}>0,{of('frozen')},{NC}),"
        f"IF({regime}={BY_CONTRACT},IF({half.has_floor}=1,MAX({contract},{half.floor}),{NC}),"
        f"IF({regime}={BY_DEFAULT},IF({half.has_business}=1,{half.business},{NC}),{NC})))"
    )
    base = invoices.reference(fixed(*INTEREST_BASE))
    is_known = f"AND(ISNUMBER({half.detail_days}),ISNUMBER({half.detail_rate}))"
    grown = f"IF({is_known},{of('late_amount')}*{half.detail_rate}*{half.detail_days}/{year_days(base)},0)"
    above = table.row(row - 1).sum if row > table.first else "0"
    note = f'IF(AND({regime}={BY_CONTRACT},N({half.detail_rate})>N({contract})),{quoted(page.text("floor_used"))},"")'
    return {
        "detail_days": f'IFERROR(IF(AND({of("is_late")}=1,{regime}<={IS_PUBLIC},{days}>0),{days},""),"")',
        "detail_rate": f'IF(ISNUMBER({half.detail_days}),{rate},"")',
        "sum": f"{above}+{grown}",
        "detail_interest": f'IF({half.detail_days}="","",IF({is_known},ROUND({half.sum},2)-ROUND({above},2),{NC}))',
        "detail_note": f'IF({half.detail_days}="","",{note})',
    }


# ---------------------------------------------------------------- invoices


def _parameters(page: Page) -> None:
    page.write(INTEREST_DAY[0], 0, page.text("interest_as_of"), "bold")
    page.given(*INTEREST_DAY, date(2026, 8, 31), "date")
    page.accept("date", INTEREST_DAY[0], INTEREST_DAY[0], 1)
    page.write(INTEREST_BASE[0], 0, page.text("interest_base"), "bold")
    page.given(*INTEREST_BASE, 365, "integer")
    page.accept("list", INTEREST_BASE[0], INTEREST_BASE[0], 1, source=["365", "360"])


def year_days(base: str) -> str:
    """Days of the year, whether the list gave a number or a text.

    Examples
    --------
    >>> year_days("B6")
    'IF(B6&""="360",360,365)'
    """
    return f'IF({base}&""="360",360,365)'


def _end(row: int) -> str:
    """Last day counted: the payment, or the closing date if it comes first or nothing is paid."""
    one, as_of = INTEREST.row(row), fixed(*INTEREST_DAY)
    both = f"MIN(INT({as_of}),INT({one.payment_date}))"
    return f'IF({one.payment_date}="",INT({as_of}),IF({is_date(as_of)},{both},INT({one.payment_date})))'


def _invoice(page: Page, rates: Page, table: Table, row: int) -> dict[str, str]:
    """One invoice. Hidden: defect, last day in time, last day counted, regime, rate of a public buyer, late or not."""
    one = INTEREST.row(row)
    typed = "&".join(cell(row, column) for column, found in enumerate(INTEREST.columns) if found.given)
    is_usable = f"AND({one.defect}=0,{one.regime}>0,{one.regime}<={IS_PUBLIC})"
    both = f"COUNT({one.interest},{one.indemnity})=2,{one.interest}+{one.indemnity}"
    indemnity = f"IF({one.is_late}=1,{_indemnity(rates, row)},0)"
    return {
        "defect": f'IF(ISERROR({typed}),1,IF({typed}="",0,{first_met(_tests(page, row), 2)}))',
        "regime": f'IFERROR(IF(OR({one.defect}>0,{typed}=""),0,{_regime(page, row)}),0)',
        "start": f"IF({one.regime}>0,INT({one.due_date}),0)",
        "end": f"IF({one.regime}>0,MAX({one.start},{_end(row)}),0)",
        "is_late": f"IF(AND({is_usable},{one.end}>{one.start}),1,0)",
        "days_late": f'IF({one.regime}>0,{one.end}-{one.start},"")',
        "indemnity": f'IF({one.defect}>0,{NC},IF({one.regime}=0,"",{indemnity}))',
        "interest_total": f'IF({one.interest}="","",IF({both},{NC}))',
        "remark": _remark(page, row),
    } | _by_half_year(rates, table, row)


def _tests(page: Page, row: int) -> tuple[str, ...]:
    """Conditions of the defects after the first, in their order."""
    one = INTEREST.row(row)
    buyers = ",".join(f"{one.buyer}={quoted(page.text(name))}" for name in BUYERS)
    rate = f"NOT(ISNUMBER({one.contract_rate})),N({one.contract_rate})<=0,N({one.contract_rate})>=1"
    return (
        f"NOT(ISNUMBER({one.late_amount}))",
        f'{one.due_date}=""',
        f"NOT({is_date(one.due_date)})",
        f'AND({one.payment_date}<>"",NOT({is_date(one.payment_date)}))',
        f'AND({one.buyer}<>"",NOT(OR({buyers})))',
        f'AND({one.contract_rate}<>"",OR({rate}))',
        f'AND({one.payment_date}="",NOT({is_date(fixed(*INTEREST_DAY))}))',
    )


def _regime(page: Page, row: int) -> str:
    one = INTEREST.row(row)
    public, consumer = (quoted(page.text(name)) for name in ("public", "consumer"))
    business = f'IF({one.contract_rate}="",{BY_DEFAULT},{BY_CONTRACT})'
    by_buyer = f"IF({one.buyer}={consumer},{IS_CONSUMER},IF({one.buyer}={public},{IS_PUBLIC},{business}))"
    return f"IF({one.late_amount}<=0,{IS_CREDIT},{by_buyer})"


def _indemnity(rates: Page, row: int) -> str:
    """Once per invoice, late since there is one: nothing on a row whose customer and document were late above."""
    one, above = INTEREST.row(row), INTEREST.row(row - 1)
    customers, documents, flags = (
        f"{fixed(INTEREST.heading, INTEREST.position[key])}:{getattr(above, key)}"
        for key in ("customer", "document", "is_late")
    )
    again = f"SUMPRODUCT(EXACT({customers},{one.customer})*EXACT({documents},{one.document})*({flags}=1))"
    before = f"{one.start}+1<{rates.reference(fixed(*INDEMNITY_SINCE))}"
    return f'IF(OR({before},AND({one.document}<>"",{again}>0)),0,{rates.reference(fixed(*INDEMNITY))})'


def _by_half_year(rates: Page, table: Table, row: int) -> dict[str, str]:
    """Interest by the days of each half-year: default rate, contractual rate or its floor, or the rate frozen."""
    one, base = INTEREST.row(row), fixed(*INTEREST_BASE)
    column = {key: rates.reference(table.area(key)) for key in table.position if key}
    # from the later of the last day in time and the eve of the half-year, to the earlier of the last days
    eve, last = f"({column['half_start']}-1)", column["half_end"]
    later = f"({one.start}+{eve}+ABS({one.start}-{eve}))/2"
    earlier = f"({one.end}+{last}-ABS({one.end}-{last}))/2"
    days = f"(({earlier}-{later}+ABS({earlier}-{later}))/2)"
    raised = f"(({one.contract_rate}+{column['floor']}+ABS({one.contract_rate}-{column['floor']}))/2)"
    late = f"({one.end}-{one.start})"
    grown = f"SUMPRODUCT({days},{column['business']})", f"SUMPRODUCT({days},{raised})", f"{late}*{one.frozen}"
    covered = (
        f"SUMPRODUCT({days},{column['has_business']})",
        f"SUMPRODUCT({days},{column['has_floor']})",
        f"IF({one.frozen}>0,{late},0)",
    )
    half = f"MATCH({one.start}+1,{column['half_start']},1)"  # that of the first day late
    edges = (
        rates.reference(fixed(table.first, table.position["half_start"])),
        rates.reference(fixed(table.last, table.position["half_end"])),
    )
    inside = f"AND({one.start}+1>={edges[0]},{one.start}+1<={edges[1]})"
    at_first = (
        f"IF(INDEX({column['has_business']},{half})=1,INDEX({column['business']},{half}),{NC})",
        f"IF(INDEX({column['has_floor']},{half})=1,MAX({one.contract_rate},INDEX({column['floor']},{half})),{NC})",
        f"IF({one.frozen}>0,{one.frozen},{NC})",
    )
    public = f"INDEX({column['public']},{half})"
    whole = f"ROUND({one.late_amount}*CHOOSE({one.regime},{','.join(grown)})/{year_days(base)},2)"
    counted = f'IF(AND({one.known}={late},OR({base}&""="365",{base}&""="360")),{whole},{NC})'
    by_regime = f"IF({one.regime}={IS_CREDIT},0,IF({one.regime}={IS_CONSUMER},{NC},IF({one.is_late}=1,{counted},0)))"
    known = f"CHOOSE({one.regime},{','.join(covered)})"
    return {
        "frozen": f"IF(AND({one.regime}={IS_PUBLIC},{inside}),{public},0)",
        "known": f"IF(AND({one.regime}>0,{one.regime}<={IS_PUBLIC}),{known},0)",
        "first_rate": f'IF({one.is_late}=1,IF({inside},CHOOSE({one.regime},{",".join(at_first)}),{NC}),"")',
        "interest": f'IF({one.defect}>0,{NC},IF({one.regime}=0,"",{by_regime}))',
    }


def _remark(page: Page, row: int) -> str:
    """What is wrong, else what to know: each part begins with a separator, the first of which is cut off."""
    one = INTEREST.row(row)
    names = ("credit", "consumer", "in_time", "rate_unknown", "frozen", "no_contract", "supposed", "unpaid", "floor")
    text = {name: page.text(f"interest_{name}") for name in names}
    said, mark = {name: quoted(found) for name, found in text.items()}, page.text("and")
    part = {name: quoted(mark + text[name]) for name in ("frozen", "no_contract", "supposed", "unpaid", "floor")}
    public = f'IF({one.contract_rate}="",{part["frozen"]},{part["no_contract"]})'
    contract = f'IF({one.regime}={BY_CONTRACT},{part["floor"]},"")'
    supposed = f'IF({one.buyer}="",{part["supposed"]},"")'
    unpaid = f'IF({one.payment_date}="",{part["unpaid"]},"")'
    parts = f"MID(IF({one.regime}={IS_PUBLIC},{public},{contract}&{supposed})&{unpaid},{len(mark) + 1},255)"
    late = f"IF({one.is_late}=0,{said['in_time']},IF({one.interest}={NC},{said['rate_unknown']},{parts}))"
    known = f"IF({one.regime}={IS_CREDIT},{said['credit']},IF({one.regime}={IS_CONSUMER},{said['consumer']},{late}))"
    defects = ",".join(quoted(page.text(f"row_{name}")) for name in INTEREST_DEFECTS)
    return f'IF({one.defect}>0,CHOOSE({one.defect},{defects}),IF({one.regime}=0,"",{known}))'


def _totals(page: Page) -> None:
    """Of the rows that can be computed; how many cannot stands beside."""
    for column, key in ((9, "interest"), (10, "indemnity"), (11, "interest_total")):
        page.formula(5, column, f"ROUND(SUM({INTEREST.area(key)}),2)", "total")
    page.write(5, 8, page.text("total_known"), "label")
    page.write(4, 8, page.text("not_computed"), "label")
    page.formula(4, 9, f"COUNTIF({INTEREST.area('interest')},{NC})", "integer")
    page.alert(4, 4, 9, f"{fixed(4, 9)}>0", "quiet")
