"""Working workbook of the collection follow-up: next action, promises, priority."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

from cmtools.tool_sheets import Column, Page, Table, ToolBook, area, cell, fixed, hidden, is_date, quoted
from cmtools.tools_receivables import NC, first_met

FOLLOW_DAY, TOLERANCE, KEPT_SHARE = (4, 2), (4, 9), (5, 9)
FOLLOW = Table(
    (
        Column("customer", 18, "text", given=True),
        Column("document", 11, "text", given=True),
        Column("due_date", 11, "date", given=True),
        Column("amount", 17, "money", given=True),
        Column("paid", 13, "money", given=True),
        Column("situation", 14, "text", given=True),
        Column("risk_class", 8, "text", given=True),
        Column("last_step", 9, "integer", given=True),
        Column("promise_date", 11, "date", given=True),
        Column("promise_amount", 13, "money", given=True),
        Column("promise_received", 13, "money", given=True),
        Column("comment", 20, "text", given=True),
        Column("open", 13, "money"),
        Column("days_late", 8, "integer"),
        Column("bucket", 11, "small"),
        Column("promise_state", 10, "small"),
        Column("status", 17, "small"),
        Column("next_action", 38, "small"),
        Column("next_date", 11, "date"),
        Column("priority", 11, "integer"),
        Column("check", 28, "small"),
        *hidden("defect", "step_due", "promise", "place", "step"),
    ),
    heading=7,
    rows=200,
)
SITUATIONS = ("disputed", "payment_plan", "legal_collection", "insolvency")
PROMISES = ("pending", "kept", "partial", "broken")
STATUSES = ("settled", "in_credit", "not_due", "to_remind", "promise", *SITUATIONS, "to_correct")
_PLACE = {name: place for place, name in enumerate(STATUSES, 1)}
_PENDING, _KEPT, _PARTIAL, _BROKEN = range(1, 5)
# What is wrong with a row, in the order in which it is said; of the first three the amount is unknown.
FOLLOW_DEFECTS = (
    "cell_error", "no_amount", "paid_text", "no_due", "due_text", "bad_situation", "bad_step", "bad_promise",
)  # fmt: skip
UNREADABLE = 3
STEPS = Table(
    (
        Column("step_number", 16, "integer"),
        Column("step_offset", 16, "integer", given=True),
        Column("step_action", 46, "text", given=True),
        Column("step_channel", 34, "text", given=True),
        Column("step_tone", 18, "text", given=True),
    ),
    heading=5,
    rows=10,
)
# Default scenario (CHOICE): days from the due date, step.
SCENARIO = ((-7, "preventive"), (3, "level_1"), (10, "level_2"), (20, "level_3"), (30, "formal_notice"), (45, "legal"))
AGES = Table((Column("from_days", 16, "integer"), Column("age_factor", 16, "number")), heading=18, rows=5)
CLASSES = Table((Column("risk_class", 16, "text"), Column("risk_factor", 16, "number")), heading=26, rows=4)
AGE_FACTORS = ((0, 0.0), (1, 1.0), (31, 1.5), (61, 2.0), (91, 3.0))  # CHOICE: from so many days late
CLASS_FACTORS = (("A", 1.0), ("B", 1.2), ("C", 1.5), ("D", 2.0))  # CHOICE
SUMMARY = Table(
    (Column("status", 44, "text"), Column("count", 14, "integer"), Column("open", 20, "money")),
    heading=5,
    rows=len(STATUSES),
)
_D = date
FOLLOW_EXAMPLE: tuple[tuple[Any, ...], ...] = (
    ("Noria", "F-2418", _D(2026, 6, 30), 8650.0, None, None, "A", 1, None, None, None, None),
    ("Noria", "F-2433", _D(2026, 7, 31), 5120.5, None, None, "A", None, None, None, None, None),
    ("Brumelle", "F-2390", _D(2026, 1, 31), 9800.0, 4000.0, "legal_collection", "D", 6, None, None, None, None),
    ("Brumelle", "F-2411", _D(2026, 4, 30), 6240.0, None, None, "C", 3, _D(2026, 6, 20), 6240.0, None, None),
    ("Brumelle", "A-0107", _D(2026, 5, 12), -780.0, None, None, "C", None, None, None, None, None),
    ("Vindrel", "F-2405", _D(2026, 3, 31), 15300.0, None, "disputed", "B", 2, None, None, None, None),
    ("Vindrel", "F-2429", _D(2026, 6, 14), 11875.25, None, None, "B", 2, _D(2026, 7, 5), 11875.25, None, None),
    ("Carmoise", "F-2427", _D(2026, 5, 31), 3460.8, 1000.0, None, "B", 2, _D(2026, 6, 15), 2500.0, 1000.0, None),
    ("Carmoise", "F-2425", _D(2026, 6, 10), 1980.0, None, None, "B", 2, None, None, None, None),
    ("Pelonne", "F-2377", _D(2025, 12, 2), 2190.0, 2190.0, None, "C", 4, _D(2026, 5, 4), 2190.0, 2190.0, None),
    ("Pelonne", "F-2438", _D(2026, 6, 26), 1310.0, None, None, None, 1, None, None, None, None),
)


def write_collection(book: ToolBook) -> None:
    """Follow-up of each invoice, the scenario that gives its next action, subtotals by status."""
    page, scenario, summary = (book.page(key) for key in ("collection", "scenario", "summary"))
    _scenario(scenario)
    page.head(FOLLOW, frozen=2)
    _parameters(page)
    page.examples(FOLLOW, [[page.text(cell) if cell in SITUATIONS else cell for cell in row] for row in FOLLOW_EXAMPLE])
    situations = [page.text(name) for name in SITUATIONS]
    page.accept("list", FOLLOW.first, FOLLOW.last, FOLLOW.position["situation"], source=situations)
    classes = scenario.reference(CLASSES.area("risk_class"))
    page.accept("list", FOLLOW.first, FOLLOW.last, FOLLOW.position["risk_class"], source=f"={classes}")
    most = STEPS.last - STEPS.heading
    page.accept("integer", FOLLOW.first, FOLLOW.last, FOLLOW.position["last_step"], minimum=0, maximum=most)
    for row in range(FOLLOW.first, FOLLOW.last + 1):
        texts = _state(page, row) | _promise(page, row) | _action(page, scenario, row)
        page.formulas(
            FOLLOW, row, texts | {"bucket": _bucket(page, scenario, row), "priority": _priority(scenario, row)}
        )
    first = FOLLOW.row(FOLLOW.first)
    page.alert(FOLLOW.first, FOLLOW.last, FOLLOW.position["check"], f'{first.check}<>""')
    page.alert(FOLLOW.first, FOLLOW.last, FOLLOW.position["promise_state"], f"{first.promise}={_BROKEN}")
    _summary(summary, page)


def _parameters(page: Page) -> None:
    page.write(FOLLOW_DAY[0], 0, page.text("as_of"), "bold")
    page.given(*FOLLOW_DAY, date(2026, 6, 30), "date")
    page.accept("date", FOLLOW_DAY[0], FOLLOW_DAY[0], FOLLOW_DAY[1])
    for (row, column), key, value, kind, most in (
        (TOLERANCE, "tolerance", 2, "integer", 60),
        (KEPT_SHARE, "kept_share", 1.0, "share", 1.0),
    ):
        page.write(row, column - 1, page.text(key), "label")
        page.given(row, column, value, kind)
        page.accept(kind, row, row, column, minimum=0, maximum=most)


def _scenario(page: Page) -> None:
    page.head(STEPS)
    steps = [(days, *(page.text(f"{part}_{key}") for part in ("action", "channel", "tone"))) for days, key in SCENARIO]
    page.examples(STEPS, steps)
    page.accept("integer", STEPS.first, STEPS.last, STEPS.position["step_offset"], minimum=-365, maximum=3650)
    for row in range(STEPS.first, STEPS.last + 1):
        page.sheet.write_number(row, 0, row - STEPS.heading, page.formats["integer"])
    page.formula(STEPS.last + 1, 0, f'IF({_is_rising()},"",{quoted(page.text("bad_steps"))})', "bold")
    page.alert(STEPS.last + 1, STEPS.last + 1, 0, f'{cell(STEPS.last + 1, 0)}<>""')
    for table, rows in ((AGES, AGE_FACTORS), (CLASSES, CLASS_FACTORS)):
        for column, found in enumerate(table.columns):
            page.write(table.heading, column, page.text(found.key), "heading")
        for row, (name, factor) in enumerate(rows, table.first):
            page.given(row, 0, name, table.columns[0].kind)
            page.given(row, 1, factor, "number")
        page.accept("number", table.first, table.last, 1, minimum=0, maximum=100)
    page.write(AGES.heading, 2, page.text("factors_choice"), "small")


def _is_rising() -> str:
    """Days of the steps rise without a gap, so that the steps due are those counted from the top; so do the ages."""
    at = STEPS.position["step_offset"]
    upper, lower = area(STEPS.first, STEPS.last - 1, at), area(STEPS.first + 1, STEPS.last, at)
    rising = f"SUMPRODUCT(ISNUMBER({lower})*({lower}<={upper}))=0"
    without_gap = f"SUMPRODUCT(ISNUMBER({lower})*(1-ISNUMBER({upper})))=0"
    ages, older = area(AGES.first, AGES.last - 1, 0), area(AGES.first + 1, AGES.last, 0)
    return f"AND(ISNUMBER({fixed(STEPS.first, at)}),{rising},{without_gap},SUMPRODUCT(1*({older}<={ages}))=0)"


# ---------------------------------------------------------------- one invoice


def _is_usable(row: int) -> str:
    one = FOLLOW.row(row)
    return f"AND(NOT({_is_empty(row)}),{one.defect}=0,{is_date(fixed(*FOLLOW_DAY))})"


def _is_empty(row: int) -> str:
    return f'IF(ISERROR({_whole(row)}),FALSE,{_whole(row)}="")'


def _whole(row: int) -> str:
    """All that a person typed in a row, as one text."""
    typed = [column for column, found in enumerate(FOLLOW.columns) if found.given and found.key != "comment"]
    return "&".join(cell(row, column) for column in typed)


def _state(page: Page, row: int) -> dict[str, str]:
    """Open amount, lateness, status. Hidden: defect, status by number."""
    one, as_of = FOLLOW.row(row), fixed(*FOLLOW_DAY)
    situations = ",".join(quoted(page.text(name)) for name in SITUATIONS)
    which = f"MATCH({one.situation},{{{situations}}},0)"
    given, by_age = (
        f"{which}+{_PLACE['promise']}",
        f"IF(N({one.days_late})>0,{_PLACE['to_remind']},{_PLACE['not_due']})",
    )
    by_promise = f"IF({one.promise}={_PENDING},{_PLACE['promise']},{by_age})"
    by_situation = f'IF({one.situation}<>"",{given},{by_promise})'
    by_amount = f"IF({one.open}=0,{_PLACE['settled']},IF({one.open}<0,{_PLACE['in_credit']},{by_situation}))"
    said = ",".join(quoted(page.text(f"row_{name}")) for name in FOLLOW_DEFECTS)
    unclassed = f"AND({one.place}={_PLACE['to_remind']},NOT(ISNUMBER({one.priority})))"
    no_class = f'IF({unclassed},{quoted(page.text("row_no_class"))},"")'
    found = f"IF({one.defect}>0,CHOOSE({one.defect},{said}),{no_class})"
    no_day = f"IF({is_date(as_of)},{found},{quoted(page.text('row_no_day'))})"
    names = ",".join(quoted(page.text(name)) for name in STATUSES)
    tests = _tests(row, which)
    unreadable = f"AND({one.defect}>=1,{one.defect}<={UNREADABLE})"
    remains = f"IF({unreadable},{NC},ROUND({one.amount}-N({one.paid}),2))"
    late = f'IF(AND({_is_usable(row)},{is_date(one.due_date)}),INT({as_of})-INT({one.due_date}),"")'
    return {
        "defect": f'IF(ISERROR({_whole(row)}),1,IF({_whole(row)}="",0,{first_met(tests, 2)}))',
        "open": f'IF({_is_empty(row)},"",{remains})',
        "days_late": f'IFERROR({late},"")',
        "place": f"IF({_is_empty(row)},0,IF({_is_usable(row)},{by_amount},{_PLACE['to_correct']}))",
        "status": f'IF({one.place}=0,"",CHOOSE({one.place},{names}))',
        "check": f'IF({_is_empty(row)},"",{no_day})',
    }


def _tests(row: int, which: str) -> tuple[str, ...]:
    """Conditions of the defects after the first, in their order."""
    one, most = FOLLOW.row(row), STEPS.last - STEPS.heading
    step = f"NOT(ISNUMBER({one.last_step})),N({one.last_step})<0,N({one.last_step})>{most}"
    # a promise has a day and an amount, or neither
    whole = f"AND({is_date(one.promise_date)},ISNUMBER({one.promise_amount}),N({one.promise_amount})>0)"
    none = f'AND({one.promise_date}="",{one.promise_amount}="",{one.promise_received}="")'
    received = f'AND({one.promise_received}<>"",NOT(ISNUMBER({one.promise_received})))'
    return (
        f"NOT(ISNUMBER({one.amount}))",
        f'AND(NOT(ISNUMBER({one.paid})),{one.paid}<>"")',
        f'AND({one.due_date}="",N({one.amount})>N({one.paid}))',
        f'AND({one.due_date}<>"",NOT({is_date(one.due_date)}))',
        f'AND({one.situation}<>"",ISERROR({which}))',
        f'AND({one.last_step}<>"",OR({step},N({one.last_step})<>INT(N({one.last_step}))))',
        f"OR(AND(NOT({whole}),NOT({none})),{received})",
    )


def _bucket(page: Page, scenario: Page, row: int) -> str:
    one, days = FOLLOW.row(row), quoted(page.text("days_after"))
    starts = [scenario.reference(fixed(found, 0)) for found in range(AGES.first, AGES.last + 1)]
    names = [quoted(page.text("not_due"))]
    names += [f"{low}&{quoted('–')}&({high}-1)&{days}" for low, high in pairwise(starts[1:])]
    names.append(f"{quoted('≥ ')}&{starts[-1]}&{days}")
    place = "1" + "".join(f"+({one.days_late}>={start})" for start in starts[1:])
    return f'IF(AND(ISNUMBER({one.days_late}),N({one.open})>0),CHOOSE({place},{",".join(names)}),"")'


def _promise(page: Page, row: int) -> dict[str, str]:
    """Pending, kept, partial or broken (rule PTP), by what was received by the day promised and its tolerance."""
    one = FOLLOW.row(row)
    as_of, tolerance, share = (fixed(*place) for place in (FOLLOW_DAY, TOLERANCE, KEPT_SHARE))
    is_kept = f"N({one.promise_received})>=ROUND({share}*{one.promise_amount},2)"
    is_pending = f"INT({as_of})<=INT({one.promise_date})+{tolerance}"
    over = f"IF(N({one.promise_received})>0,{_PARTIAL},{_BROKEN})"
    state = f"IF({is_kept},{_KEPT},IF({is_pending},{_PENDING},{over}))"
    names = ",".join(quoted(page.text(name)) for name in PROMISES)
    return {
        "promise": f"IFERROR(IF(AND({_is_usable(row)},{is_date(one.promise_date)}),{state},0),0)",
        "promise_state": f'IF({one.promise}=0,"",CHOOSE({one.promise},{names}))',
    }


def _action(page: Page, scenario: Page, row: int) -> dict[str, str]:
    """The step due if it is not taken yet (past ones are not fired), else the next one, with its day."""
    one, as_of, tolerance = FOLLOW.row(row), fixed(*FOLLOW_DAY), fixed(*TOLERANCE)
    offsets, actions = (scenario.reference(STEPS.area(key)) for key in ("step_offset", "step_action"))
    said = {
        key: quoted(page.text(f"action_{key}")) for key in ("promise_broken", "promise_check", "suspended", "no_step")
    }
    is_moving = f"OR({one.place}={_PLACE['not_due']},{one.place}={_PLACE['to_remind']})"
    is_broken = f"AND({one.place}={_PLACE['to_remind']},{one.promise}>={_PARTIAL})"
    is_waiting = f"{one.place}={_PLACE['promise']}"
    is_suspended = f"AND({one.place}>={_PLACE['disputed']},{one.place}<={_PLACE['insolvency']})"
    step = f"MAX({one.step_due},N({one.last_step})+1)"
    taken = f'IF({one.step}>0,INDEX({actions},{one.step})&"",{said["no_step"]})'
    stopped = f'IF({is_waiting},{said["promise_check"]},IF({is_suspended},{said["suspended"]},""))'
    planned = f"MAX(INT({as_of}),INT({one.due_date})+INDEX({offsets},{one.step}))"
    day = f'IF({is_broken},INT({as_of}),IF({one.step}>0,{planned},""))'
    checked = f"INT({one.promise_date})+{tolerance}+1"
    return {
        "step_due": f'IF(ISNUMBER({one.days_late}),COUNTIF({offsets},"<="&{one.days_late}),0)',
        "step": f"IF({is_moving},IF({step}<=COUNT({offsets}),{step},0),0)",
        "next_action": f"IF({is_broken},{said['promise_broken']},IF({is_moving},{taken},{stopped}))",
        "next_date": f'IF({is_waiting},{checked},IF({is_moving},{day},""))',
    }


def _priority(scenario: Page, row: int) -> str:
    """Overdue amount x risk factor x ageing factor (CHOICE); what is suspended or promised has none."""
    one = FOLLOW.row(row)
    names, risks = (scenario.reference(CLASSES.area(key)) for key in ("risk_class", "risk_factor"))
    starts, ages = (scenario.reference(AGES.area(key)) for key in ("from_days", "age_factor"))
    factors = f"INDEX({risks},MATCH({one.risk_class},{names},0))*LOOKUP({one.days_late},{starts},{ages})"
    known = f'IF({one.risk_class}="",{NC},IFERROR(ROUND({one.open}*{factors},2),{NC}))'
    return f'IF({one.place}={_PLACE["to_remind"]},{known},"")'


# ---------------------------------------------------------------- summary


def _summary(page: Page, follow: Page) -> None:
    """Number and amount of each status, the control of their total; promises and their keep rate."""
    page.head(SUMMARY, legend=False)
    opened, places, promises, defects = (
        follow.reference(FOLLOW.area(key)) for key in ("open", "place", "promise", "defect")
    )
    for place, name in enumerate(STATUSES, 1):
        row = SUMMARY.heading + place
        page.write(row, 0, page.text(name))
        page.formula(row, 1, f"COUNTIF({places},{place})", "integer")
        page.formula(row, 2, f"ROUND(SUMIFS({opened},{places},{place}),2)", "money")
    row = SUMMARY.last + 1
    page.write(row, 0, page.text("total"), "total_text")
    page.formula(row, 1, f"SUM({SUMMARY.area('count')})", "total_integer")
    page.formula(row, 2, f"ROUND(SUM({SUMMARY.area('open')}),2)", "total")
    page.write(row + 1, 0, page.text("control"), "bold")
    unreadable = f'COUNTIFS({defects},">=1",{defects},"<={UNREADABLE}")'
    gap = f"ROUND(SUM({opened})-{cell(row, 2)},2)"
    page.formula(row + 1, 2, f"IF({unreadable}=0,{gap},{NC})", "money")
    page.alert(row + 1, row + 1, 2, f"OR(NOT(ISNUMBER({fixed(row + 1, 2)})),N({fixed(row + 1, 2)})<>0)")
    page.write(row + 3, 0, page.text("promises"), "heading_left")
    page.write(row + 3, 1, page.text("count"), "heading")
    for rank, name in enumerate(PROMISES, 1):
        page.write(row + 3 + rank, 0, page.text(name))
        page.formula(row + 3 + rank, 1, f"COUNTIF({promises},{rank})", "integer")
    over = f'COUNTIF({promises},">={_KEPT}")'
    page.write(row + 8, 0, page.text("keep_rate"), "bold")
    page.formula(row + 8, 1, f"IF({over}>0,COUNTIF({promises},{_KEPT})/{over},{NC})", "share")
