"""Working workbooks of the receivables: DSO month by month, aged balance."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

from cmtools.tool_sheets import UNKNOWN, Column, Page, Table, ToolBook, area, cell, fixed, hidden, is_date, quoted

NC = quoted(UNKNOWN)

# ---------------------------------------------------------------- DSO

DSO_FIRST_MONTH, DSO_WINDOW, DSO_DAYS = (4, 1), (5, 1), (4, 5)
DSO = Table(
    (
        Column("month", 19, "month"),
        Column("sales", 17, "money", given=True),
        Column("receivables", 17, "money", given=True),
        Column("month_days", 9, "integer"),
        Column("dso_balance", 14, "days"),
        Column("dso_count_back", 14, "days"),
        Column("at_least", 14, "days"),
        Column("left", 16, "money"),
        Column("remark", 60, "small"),
        *hidden("rank", "sold", "elapsed", "start", "stop"),
        Column("said_count_back", 0, "hidden_text"),
        Column("said_balance", 0, "hidden_text"),
        Column("drawn_balance", 0, "hidden_text"),
        Column("drawn_count_back", 0, "hidden_text"),
    ),
    heading=7,
    rows=24,
)
_SALES = (310, 285, 342, 338, 351, 377, 322, 198, 365, 381, 372, 402,
          318, 296, 355, 349, 366, 391, 331, 204, 378, 396, 388, 417)  # fmt: skip
_OWED = (612, 588, 640, 655, 671, 702, 668, 543, 619, 702, 731, 768,
         701, 640, 668, 690, 712, 748, 735, 602, 640, 741, 776, 829)  # fmt: skip
DSO_EXAMPLE = tuple((1000.0 * sales, 1000.0 * owed) for sales, owed in zip(_SALES, _OWED, strict=True))


def write_dso(book: ToolBook) -> None:
    """DSO of each month by both methods, with its chart."""
    page = book.page("dso")
    page.head(DSO)
    _dso_parameters(page)
    page.examples(DSO, DSO_EXAMPLE)
    for key, value in {"rank": 1, "sold": 0, "elapsed": 0}.items():  # the state before the first month
        page.sheet.write_number(DSO.heading, DSO.position[key], value)
    for row in range(DSO.first, DSO.last + 1):
        page.sheet.write_number(row, DSO.position["rank"], row - DSO.heading + 1)
        page.formulas(DSO, row, _dso_month(page, row) | _dso_remarks(page, row))
    for key in ("dso_balance", "dso_count_back"):
        page.alert(DSO.first, DSO.last, DSO.position[key], f"{cell(DSO.first, DSO.position[key])}={NC}", "quiet")
    _dso_chart(page)


def _dso_parameters(page: Page) -> None:
    page.write(DSO_FIRST_MONTH[0], 0, page.text("first_month"), "bold")
    page.given(*DSO_FIRST_MONTH, date(2024, 1, 1), "month")
    page.accept("date", DSO_FIRST_MONTH[0], DSO_FIRST_MONTH[0], 1)
    page.write(DSO_WINDOW[0], 0, page.text("window"), "bold")
    page.given(*DSO_WINDOW, 3, "integer")
    page.accept("integer", DSO_WINDOW[0], DSO_WINDOW[0], 1, minimum=1, maximum=DSO.last - DSO.heading)
    page.write(DSO_DAYS[0], 4, page.text("days_of_month"), "label")
    page.given(*DSO_DAYS, page.text("calendar"), "text")
    page.accept("list", DSO_DAYS[0], DSO_DAYS[0], 5, source=[page.text("calendar"), page.text("thirty")])


def _usable(row: int) -> str:
    """Receivables are known, and so are sales of the month."""
    month = DSO.row(row)
    return f"AND(ISNUMBER({month.receivables}),{month.start}>0)"


def _exhausted(row: int) -> str:
    """Sales are not known far enough back."""
    month = DSO.row(row)
    return f"AND({_usable(row)},N({month.receivables})>0,{month.stop}=0)"


def _long_enough(row: int) -> str:
    """The window is a whole number of months, all known."""
    month, window = DSO.row(row), fixed(*DSO_WINDOW)
    whole = f"ISNUMBER({window}),N({window})>=1,N({window})=INT(N({window}))"
    return f"AND({_usable(row)},{whole},{month.rank}-{month.start}+1>=N({window}))"


def _is_empty(row: int) -> str:
    month = DSO.row(row)
    both = f"{month.sales}&{month.receivables}"
    return f'IF(ISERROR({both}),FALSE,{both}="")'


def _at(key: str, rank: str) -> str:
    """Value of a column at a rank; rank 1 is the state before the first month."""
    return f"INDEX({DSO.area(key, first=DSO.heading)},{rank})"


def _dso_month(page: Page, row: int) -> dict[str, str]:
    """One month by both methods.

    Count-back (rule DSO-CB): with P the sales since the first month, the
    receivables R of month t are exhausted in the month after the latest j such
    that P(j) <= P(t) - R. Hidden: P (`sold`), days since the first month
    (`elapsed`), first rank without a gap (`start`), j (`stop`).
    """
    month, above = DSO.row(row), DSO.row(row - 1)
    owed, sold, window, opening = month.receivables, month.sold, fixed(*DSO_WINDOW), fixed(*DSO_FIRST_MONTH)
    is_first = row == DSO.first
    when = f"DATE(YEAR({opening}),MONTH({opening}),1)" if is_first else f"EDATE({above.month},1)"
    known = is_date(opening) if is_first else f"ISNUMBER({above.month})"
    thirty = f"{fixed(*DSO_DAYS)}={quoted(page.text('thirty'))}"
    ranks, totals = (f"{fixed(DSO.heading, DSO.position[key])}:{getattr(above, key)}" for key in ("rank", "sold"))
    start = f"IF(ISNUMBER({above.sales}),{above.start},{month.rank})"
    stop = f"SUMPRODUCT(MAX(({totals}<=ROUND({sold}-{owed},2))*({ranks}>={month.start}-1)*{ranks}))"
    before = f"{month.rank}-{window}"
    sales = f"ROUND({sold}-{_at('sold', before)},2)"
    by_balance = f"IF({sales}>0,{owed}/{sales}*({month.elapsed}-{_at('elapsed', before)}),{NC})"
    last = f"{month.stop}+1"  # the month in which the receivables are exhausted
    partial = f"{_at('month_days', last)}*({owed}-({sold}-{_at('sold', last)}))/{_at('sales', last)}"
    counted = f"{month.elapsed}-{_at('elapsed', last)}+{partial}"
    by_sales = f"IF({owed}<=0,0,IF({month.stop}=0,{NC},{counted}))"
    opened = f"{month.start}-1"
    return {
        "month": f"IF({known},{when},{NC})",
        "month_days": f"IF(ISNUMBER({month.month}),IF({thirty},30,DAY(EOMONTH({month.month},0))),{NC})",
        "sold": f"ROUND({above.sold}+IF(ISNUMBER({month.sales}),{month.sales},0),2)",
        "elapsed": f"{above.elapsed}+N({month.month_days})",
        "start": f"IF(AND(ISNUMBER({month.sales}),ISNUMBER({month.month_days})),{start},0)",
        "stop": f"IF({_usable(row)},{stop},0)",
        "dso_balance": f'IF({_is_empty(row)},"",IF({_long_enough(row)},{by_balance},{NC}))',
        "dso_count_back": f'IF({_is_empty(row)},"",IF({_usable(row)},{by_sales},{NC}))',
        "at_least": f'IF({_exhausted(row)},{month.elapsed}-{_at("elapsed", opened)},"")',
        "left": f'IF({_exhausted(row)},ROUND({owed}-({sold}-{_at("sold", opened)}),2),"")',
        # a text would be drawn as nil
        "drawn_balance": f"IF(ISNUMBER({month.dso_balance}),{month.dso_balance},NA())",
        "drawn_count_back": f"IF(ISNUMBER({month.dso_count_back}),{month.dso_count_back},NA())",
    }


def _dso_remarks(page: Page, row: int) -> dict[str, str]:
    month = DSO.row(row)
    names = ("no_month", "text", "missing", "exhausted", "no_receivables", "credit_month", "short", "no_sales")
    said = {key: quoted(page.text(f"dso_{key}")) for key in names}
    sales, ranks = (f"{fixed(DSO.first, DSO.position[key])}:{getattr(month, key)}" for key in ("sales", "rank"))
    in_credit = f'COUNTIFS({sales},"<0",{ranks},">"&MAX({month.stop},{month.start}-1))'
    nothing = f'IF({month.receivables}<=0,{said["no_receivables"]},IF({in_credit}>0,{said["credit_month"]},""))'
    is_typed = f"OR(ISTEXT({month.sales}),ISTEXT({month.receivables}),ISERROR({month.sales}&{month.receivables}))"
    unusable = f"IF({is_typed},{said['text']},{said['missing']})"
    count_back = f"IF({_usable(row)},IF({_exhausted(row)},{said['exhausted']},{nothing}),{unusable})"
    no_sales = f'IF({month.dso_balance}={NC},{said["no_sales"]},"")'
    balance = f'IF({_long_enough(row)},{no_sales},IF({_usable(row)},{said["short"]},""))'
    both = month.said_count_back, month.said_balance
    return {
        "said_count_back": f'IF({_is_empty(row)},"",IF(ISNUMBER({month.month}),{count_back},{said["no_month"]}))',
        "said_balance": f'IF({_is_empty(row)},"",{balance})',
        "remark": f'{both[0]}&IF(AND({both[0]}<>"",{both[1]}<>""),{quoted(page.text("and"))},"")&{both[1]}',
    }


def _dso_chart(page: Page) -> None:
    chart = page.book.book.add_chart({"type": "line"})
    for key, colour in (("dso_balance", "#2a6f97"), ("dso_count_back", "#d1495b")):
        drawn = DSO.position[key.replace("dso", "drawn")]
        chart.add_series({
            "name": [page.title, DSO.heading, DSO.position[key]],
            "categories": [page.title, DSO.first, 0, DSO.last, 0],
            "values": [page.title, DSO.first, drawn, DSO.last, drawn],
            "line": {"color": colour, "width": 2.25},
            "marker": {"type": "circle", "size": 4, "fill": {"color": colour}, "border": {"color": colour}},
        })  # fmt: skip
    chart.set_title({"name": page.text("dso_chart"), "name_font": {"size": 12}, "overlay": False})
    chart.set_x_axis({"num_format": "mm/yy", "text_axis": True, "num_font": {"size": 9, "rotation": -45}})
    chart.set_y_axis({"name": page.text("days"), "num_format": "0", "min": 0, "name_font": {"size": 9},
                      "major_gridlines": {"visible": True, "line": {"color": "#e3e7eb"}}})  # fmt: skip
    chart.set_legend({"position": "bottom"})
    chart.show_hidden_data()
    chart.show_blanks_as("span")  # else LibreOffice draws what is not computable as nil
    chart.set_size({"width": 1150, "height": 330})
    page.sheet.insert_chart(DSO.last + 2, 0, chart, {"x_offset": 5, "y_offset": 5})


# ---------------------------------------------------------------- aged balance

AGED_DAY, AGED_BOUNDS, AGED_VALID, BOUNDS = (4, 1), (4, 5), (5, 10), 4
INVOICES = Table(
    (
        Column("customer", 26, "text", given=True),
        Column("document", 16, "text", given=True),
        Column("issue_date", 12, "date", given=True),
        Column("due_date", 12, "date", given=True),
        Column("amount", 15, "money", given=True),
        Column("paid", 15, "money", given=True),
        Column("open", 15, "money"),
        Column("days_late", 10, "integer"),
        Column("bucket", 22, "small"),
        Column("check", 40, "small"),
        Column("defect", 0, "hidden"),
        Column("name", 0, "hidden_text"),
        *hidden("place", "rank"),
    ),
    heading=7,
    rows=500,
)
# What is wrong with a row, in the order in which it is said; of the first three the amount is unknown.
INVOICE_DEFECTS = (
    "cell_error", "no_amount", "paid_text", "issue_text", "due_text", "no_customer", "no_due", "dates_swapped", "after",
)  # fmt: skip
UNREADABLE, NO_DUE = 3, INVOICE_DEFECTS.index("no_due") + 1
PLACES = 8  # columns of the balance: not due, four buckets, over, unknown age, in credit; -1: left out
LEFT_OUT = -1
CUSTOMERS = 100
BALANCE = Table(
    (
        Column("customer", 28, "text"),
        *(Column(f"place {place}", 14, "money") for place in range(1, PLACES + 1)),
        Column("total", 15, "money"),
        Column("overdue_rate", 11, "share"),
    ),
    heading=7,
    rows=CUSTOMERS + 2,  # the total and its shares stand first
)
_D = date
AGED_EXAMPLE: tuple[tuple[Any, ...], ...] = (
    ("Noria", "F-2401", _D(2026, 1, 15), _D(2026, 2, 28), 12400.0, 12400.0),
    ("Noria", "F-2418", _D(2026, 4, 30), _D(2026, 6, 30), 8650.0, None),
    ("Noria", "F-2433", _D(2026, 5, 20), _D(2026, 7, 31), 5120.5, None),
    ("Brumelle", "F-2390", _D(2025, 12, 10), _D(2026, 1, 31), 9800.0, 4000.0),
    ("Brumelle", "F-2411", _D(2026, 3, 5), _D(2026, 4, 30), 6240.0, None),
    ("Brumelle", "A-0107", _D(2026, 5, 12), _D(2026, 5, 12), -780.0, None),
    ("Vindrel", "F-2405", _D(2026, 2, 12), _D(2026, 3, 31), 15300.0, None),
    ("Vindrel", "F-2429", _D(2026, 4, 14), _D(2026, 6, 14), 11875.25, None),
    ("Carmoise", "F-2427", _D(2026, 4, 2), _D(2026, 5, 31), 3460.8, 1000.0),
    ("Carmoise", "F-2440", _D(2026, 6, 8), _D(2026, 8, 8), 7215.0, None),
    ("Pelonne", "F-2377", _D(2025, 10, 3), _D(2025, 12, 2), 2190.0, None),
    ("Pelonne", "F-2444", _D(2026, 6, 22), None, 1310.0, None),
)


def write_aged_balance(book: ToolBook) -> None:
    """Invoices pasted in one sheet, the aged balance of the customers in the other."""
    invoices, balance = book.page("invoices"), book.page("aged_balance")
    invoices.head(INVOICES, frozen=2)
    _aged_parameters(invoices)
    invoices.examples(INVOICES, AGED_EXAMPLE)
    for row in range(INVOICES.first, INVOICES.last + 1):
        invoices.formulas(INVOICES, row, _invoice(invoices, row))
    defect = INVOICES.row(INVOICES.first).defect
    for condition, style in ((f"AND({defect}>0,{defect}<>{NO_DUE})", "alert"), (f"{defect}={NO_DUE}", "quiet")):
        invoices.alert(INVOICES.first, INVOICES.last, INVOICES.position["check"], condition, style)
    _balance(balance, invoices)


def _bound(rank: int) -> str:
    return fixed(AGED_BOUNDS[0], AGED_BOUNDS[1] + rank)


def _aged_parameters(page: Page) -> None:
    page.write(AGED_DAY[0], 0, page.text("as_of"), "bold")
    page.given(*AGED_DAY, date(2026, 6, 30), "date")
    page.accept("date", AGED_DAY[0], AGED_DAY[0], 1)
    row, column = AGED_BOUNDS
    page.write(row, column - 1, page.text("bounds"), "label")
    for rank, bound in enumerate((30, 60, 90, 120)):
        page.given(row, column + rank, bound, "integer")
        page.accept("integer", row, row, column + rank, minimum=1, maximum=9999)
    bounds = [_bound(rank) for rank in range(BOUNDS)]
    rising = ",".join(f"N({low})<N({high})" for low, high in pairwise(bounds))
    numbers = f"COUNT({bounds[0]}:{bounds[-1]})={BOUNDS},N({bounds[0]})>0"
    page.formula(*AGED_VALID, f"IF(AND({is_date(fixed(*AGED_DAY))},{numbers},{rising}),1,0)", "hidden")
    page.formula(5, 0, f'IF({fixed(*AGED_VALID)}=1,"",{quoted(page.text("bad_parameters"))})', "bold")
    page.alert(5, 5, 0, f"{fixed(*AGED_VALID)}=0")


def _invoice(page: Page, row: int) -> dict[str, str]:
    """One invoice. Hidden: defect, customer as it is grouped, column of the balance, rank of the customer."""
    one, above = INVOICES.row(row), INVOICES.row(row - 1)
    as_of, valid = fixed(*AGED_DAY), f"{fixed(*AGED_VALID)}=1"
    whole = "&".join((one.customer, one.document, one.issue_date, one.due_date, one.amount, one.paid))
    after = f"AND({is_date(one.issue_date)},INT(N({one.issue_date}))>INT(N({as_of})))"
    tests = (
        f"NOT(ISNUMBER({one.amount}))",
        f'AND(NOT(ISNUMBER({one.paid})),{one.paid}<>"")',
        f'AND({one.issue_date}<>"",NOT({is_date(one.issue_date)}))',
        f'AND({one.due_date}<>"",NOT({is_date(one.due_date)}))',
        f'{one.customer}=""',
        f'AND({one.due_date}="",{one.amount}>N({one.paid}))',
        f"AND({is_date(one.issue_date)},{is_date(one.due_date)},INT(N({one.due_date}))<INT(N({one.issue_date})))",
        after,
    )
    is_filled = f'IF(ISERROR({whole}),TRUE,{whole}<>"")'
    is_unreadable = f"AND({one.defect}>=1,{one.defect}<={UNREADABLE})"
    is_aged = f"AND(ISNUMBER({one.open}),{is_date(one.due_date)},{valid})"
    steps = "".join(f"+({one.days_late}>{_bound(rank)})" for rank in range(BOUNDS))
    placed = f"IF({one.open}<0,8,IF(ISNUMBER({one.days_late}),1+({one.days_late}>0){steps},7))"
    names, ranks = (
        f"{fixed(INVOICES.heading, INVOICES.position[key])}:{getattr(above, key)}" for key in ("name", "rank")
    )
    met = f"SUMPRODUCT(MAX(EXACT({names},{one.name})*{ranks}))"  # rank of the same customer above
    headings = ",".join(_bucket_heading(page, place, page) for place in range(1, PLACES + 1))
    said = ",".join(quoted(page.text(f"row_{name}")) for name in INVOICE_DEFECTS)
    return {
        "defect": f'IF(ISERROR({whole}),1,IF({whole}="",0,{first_met(tests, 2)}))',
        "open": f'IF({is_unreadable},{NC},IF({is_filled},ROUND({one.amount}-N({one.paid}),2),""))',
        "days_late": f'IFERROR(IF({is_aged},INT({as_of})-INT({one.due_date}),""),"")',
        "name": f'IF(ISERROR({one.customer}),"?",IF({one.customer}="","?",{one.customer}&""))',
        "place": f"IF(AND(ISNUMBER({one.open}),{valid}),IF({after},{LEFT_OUT},{placed}),0)",
        "rank": f"IF(OR({one.place}<=0,N({one.open})=0),0,IF({met}>0,{met},MAX({ranks})+1))",
        "bucket": f'IF(AND({one.place}>0,N({one.open})<>0),CHOOSE({one.place},{headings}),"")',
        "check": f'IF({one.defect}=0,"",CHOOSE({one.defect},{said}))',
    }


def first_met(tests: tuple[str, ...], code: int) -> str:
    """Number of the first condition that holds, counted from `code`; 0: none.

    Examples
    --------
    >>> first_met(("A1>0", "B1>0"), 2)
    'IF(A1>0,2,IF(B1>0,3,0))'
    """
    text = "0"
    for number, test in reversed(list(enumerate(tests, code))):
        text = f"IF({test},{number},{text})"
    return text


def _bucket_heading(page: Page, place: int, home: Page) -> str:
    """Heading of a column of the balance, made from the bounds that stand on the sheet `home`."""
    bounds = [_bound(rank) if page is home else home.reference(_bound(rank)) for rank in range(BOUNDS)]
    unchanging = {1: "not_due", 7: "unknown_age", 8: "unallocated"}
    days = quoted(page.text("days_after"))
    if place in unchanging:
        return quoted(page.text(unchanging[place]))
    if place == BOUNDS + 2:
        return f"{quoted('> ')}&{bounds[-1]}&{days}"
    low = "1" if place == 2 else f"({bounds[place - 3]}+1)"
    return f"{low}&{quoted('–')}&{bounds[place - 2]}&{days}"


def _balance(page: Page, invoices: Page) -> None:
    page.head(BALANCE, source="invoices", legend=False)
    for place in range(1, PLACES + 1):
        page.formula(BALANCE.heading, place, _bucket_heading(page, place, invoices), "heading")
    valid = f"{invoices.reference(fixed(*AGED_VALID))}=1"
    page.write(4, 0, page.text("as_of"), "bold")
    page.formula(4, 1, f"IF({valid},{invoices.reference(fixed(*AGED_DAY))},{NC})", "date")
    opened, places, ranks, names = (invoices.reference(INVOICES.area(key)) for key in ("open", "place", "rank", "name"))
    for rank in range(1, CUSTOMERS + 1):
        row = BALANCE.first + 1 + rank
        line = BALANCE.row(row)
        named = f'IF({rank}<=MAX({ranks}),INDEX({names},MATCH({rank},{ranks},0)),"")'
        page.formulas(BALANCE, row, {"customer": named})
        for place in range(1, PLACES + 1):
            summed = f"ROUND(SUMIFS({opened},{ranks},{rank},{places},{place}),2)"
            page.formula(row, place, f'IF({line.customer}="","",{summed})', "money")
        total = f"ROUND(SUM({cell(row, 1)}:{cell(row, PLACES)}),2)"
        page.formulas(BALANCE, row, {"total": f'IF({line.customer}="","",{total})', "overdue_rate": _share(row)})
    _balance_totals(page, valid)
    _balance_controls(page, invoices, valid)


def _share(row: int) -> str:
    """Overdue invoices / open invoices, credits left out of both (rule AGE-RATE)."""
    total = BALANCE.row(row).total
    late = f"SUM({cell(row, 2)}:{cell(row, BOUNDS + 2)})"
    owed = f"ROUND(SUM({cell(row, 1)}:{cell(row, PLACES - 1)}),2)"
    return f'IF({total}="","",IF(AND(ISNUMBER({total}),{owed}>0),{late}/{owed},{NC}))'


def _balance_totals(page: Page, valid: str) -> None:
    row = BALANCE.first
    page.write(row, 0, page.text("total"), "total_text")
    page.write(row + 1, 0, page.text("share_of_total"), "small")
    for column in range(1, PLACES + 2):
        part, whole = cell(row, column), fixed(row, BALANCE.position["total"])
        page.formula(row, column, f"IF({valid},ROUND(SUM({area(row + 2, BALANCE.last, column)}),2),{NC})", "total")
        page.formula(row + 1, column, f"IF(AND(ISNUMBER({part}),N({whole})<>0),{part}/{whole},{NC})", "share")
    page.formula(row, BALANCE.position["overdue_rate"], _share(row), "total_share")


def _balance_controls(page: Page, invoices: Page, valid: str) -> None:
    """Total of the invoices less that of the buckets; rows to correct; what is left out."""
    opened, places, ranks, defects = (
        invoices.reference(INVOICES.area(key)) for key in ("open", "place", "rank", "defect")
    )
    left_out = f"SUMIFS({opened},{places},{LEFT_OUT})"
    gap = f"ROUND(SUM({opened})-{left_out}-{fixed(BALANCE.first, BALANCE.position['total'])},2)"
    unreadable = f'COUNTIFS({defects},">=1",{defects},"<={UNREADABLE}")'
    page.write(5, 0, page.text("control"), "bold")
    page.formula(5, 1, f"IF(AND({valid},{unreadable}=0),{gap},{NC})", "money")
    page.alert(5, 5, 1, f"OR(NOT(ISNUMBER({fixed(5, 1)})),N({fixed(5, 1)})<>0)")
    for row, column, key, text, kind in (
        (4, 5, "left_out", left_out, "money"),
        (5, 5, "to_correct", f'COUNTIF({defects},">0")', "integer"),
        (5, 9, "customers_counted", f"MAX({ranks})", "integer"),
    ):
        page.write(row, column - 1, page.text(key), "label")
        page.formula(row, column, text, kind)
    page.alert(5, 5, 5, f"{fixed(5, 5)}>0", "quiet")
    page.alert(5, 5, 9, f"{fixed(5, 9)}>{CUSTOMERS}")
