"""Working workbook of the hidden cost: compensating sales by amount and margin, full cost of one unpaid invoice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cmtools.costs import BELOW_ONE, LEAST, LEAST_MARGIN, LONGEST, MOST
from cmtools.tool_sheets import Column, Page, Table, ToolBook, cell, fixed, quoted
from cmtools.tools_receivables import NC

VIEW = (4, 1)
RATES = (0.01, 0.02, 0.03, 0.05, 0.08, 0.10, 0.15, 0.20, 0.25, 0.30)
AMOUNTS = (500.0, 1000.0, 2000.0, 5000.0, 8000.0, 10000.0, 15000.0, 20000.0, 50000.0, 100000.0)
MATRIX = Table(
    (Column("lost", 24, "money"), *(Column(f"rate {rank}", 15, "money") for rank in range(len(RATES)))),
    heading=6,
    rows=1 + len(AMOUNTS),  # the rates stand in the first row
)


class Input(NamedTuple):
    """One thing to fill in: its bounds, or the words to choose from."""

    key: str
    kind: str
    example: Any
    low: float = 0.0
    high: float = MOST
    words: tuple[str, ...] = ()


INPUTS = (
    Input("amount_incl_vat", "money", 6000.0, low=LEAST),
    Input("vat_rate", "rate", 0.20, high=1.0),
    Input("vat", "list", "recoverable", words=("recoverable", "not_yet", "not_recoverable")),
    Input("vat_until_proof", "list", "counted", words=("counted", "awaited")),
    Input("vat_regime", "list", "debits", words=("debits", "receipts")),
    Input("lost_share", "rate", 1.0, high=1.0),
    Input("insured_share", "rate", 0.0, high=1.0),
    Input("insured_on", "list", "excl_vat", words=("excl_vat", "incl_vat")),
    Input("guarantee", "money", 0.0),
    Input("financing_rate", "rate", 0.05, high=BELOW_ONE),
    Input("cost_days", "integer", 180, high=LONGEST),
    Input("day_base", "list", "base_365", words=("base_365", "base_360")),
    Input("hours", "number", 10.0),
    Input("hourly_cost", "money", 40.0),
    Input("other_handling", "money", 60.0),
    Input("legal_costs", "money", 0.0),
    Input("vat_days", "integer", 30, high=LONGEST),
    Input("lost_bonus", "money", 0.0),
    Input("interest_received", "money", 0.0),
    Input("indemnity_received", "money", 0.0),
    Input("margin_rate", "rate", 0.10, low=-MOST, high=1.0),
)
# What is made from several inputs, and may be unknown too.
MADE = ("amount_excl_vat", "vat_amount", "financed_amount", "insured_base")
COMPONENTS = (
    "loss", "lost_vat", "financing", "handling_time", "handling_other", "legal", "vat_advance", "bonus",
    "insurance", "received_guarantee", "received_interest", "received_indemnity",
)  # fmt: skip
UNPAID = Table(
    (
        Column("cost_input", 44, "text"),
        Column("cost_value", 21, "money"),
        Column("cost_remark", 13, "small"),
        Column("component", 36, "text"),
        Column("cost_amount", 14, "money"),
        Column("made_of", 52, "small"),
        Column("missing", 32, "small"),
        Column("known", 0, "hidden_text"),
    ),
    heading=4,
    rows=len(INPUTS) + len(MADE),
)
TOTAL = UNPAID.first + len(COMPONENTS)


def write_hidden_cost(book: ToolBook) -> None:
    """The matrix, and the full cost of one invoice by component."""
    _matrix(book.page("matrix"))
    _unpaid(book.page("unpaid"))


def _matrix(page: Page) -> None:
    page.head(MATRIX)
    page.sheet.merge_range(MATRIX.heading, 1, MATRIX.heading, len(RATES), "", page.formats["heading"])
    page.write(MATRIX.heading, 1, page.text("margin_rates"), "heading")
    page.write(VIEW[0], 0, page.text("view"), "bold")
    page.given(*VIEW, page.text("profit"), "text")
    page.accept("list", VIEW[0], VIEW[0], VIEW[1], source=[page.text("profit"), page.text("outlay")])
    rates = MATRIX.first
    for column, rate in enumerate(RATES, 1):
        page.given(rates, column, rate, "rate")
        page.accept("rate", rates, rates, column)
    for row, amount in enumerate(AMOUNTS, rates + 1):
        page.given(row, 0, amount, "money")
        for column in range(1, len(RATES) + 1):
            page.formula(row, column, _sales(page, fixed(row, 0), fixed(rates, column)), "money")
        page.alert(row, row, 1, f"{cell(row, 1)}={NC}", "quiet")
    page.accept("money", rates + 1, MATRIX.last, 0, minimum=LEAST, maximum=MOST)
    page.sheet.freeze_panes(rates + 1, 1)


def _sales(page: Page, amount: str, rate: str) -> str:
    """Loss / margin rate, or loss x (1 - rate) / rate (rule COST-COMP); n.c. under a margin of nil or less."""
    outlay = f"IF({fixed(*VIEW)}={quoted(page.text('outlay'))},1-{rate},1)"
    is_known = f"AND(ISNUMBER({amount}),ISNUMBER({rate}),N({amount})>0,N({rate})>={LEAST_MARGIN:.6f},N({rate})<=1)"
    return f'IF(OR({amount}="",{rate}=""),"",IF({is_known},ROUND({amount}*{outlay}/{rate},2),{NC}))'


# ---------------------------------------------------------------- one invoice


def _unpaid(page: Page) -> None:
    page.head(UNPAID)
    known = {one.key: fixed(row, UNPAID.position["known"]) for row, one in enumerate(INPUTS, UNPAID.first)}
    known |= {key: fixed(row, UNPAID.position["known"]) for row, key in enumerate(MADE, UNPAID.first + len(INPUTS))}
    for row, one in enumerate(INPUTS, UNPAID.first):
        _input(page, row, one)
    made = _made(page, known)
    for row, key in enumerate(MADE, UNPAID.first + len(INPUTS)):
        line = UNPAID.row(row)
        page.write(row, 0, page.text(key))
        page.formulas(UNPAID, row, {"cost_value": f"IF(ISNUMBER({line.known}),{line.known},{NC})", "known": made[key]})
    for row, (key, (text, needed)) in enumerate(_components(page, known).items(), UNPAID.first):
        amount = cell(row, UNPAID.position["cost_amount"])
        page.write(row, UNPAID.position["component"], page.text(f"part_{key}"))
        page.write(row, UNPAID.position["made_of"], page.text(f"made_{key}"), "small")
        missing = "&".join(f'IF({known[name]}="",{quoted(page.text(name) + " ; ")},"")' for name in needed)
        page.formulas(UNPAID, row, {"cost_amount": text, "missing": f'IF({amount}={NC},{missing},"")'})
        page.alert(row, row, UNPAID.position["cost_amount"], f"{amount}={NC}", "quiet")
    _total(page, known)


def _input(page: Page, row: int, one: Input) -> None:
    line = UNPAID.row(row)
    page.write(row, 0, page.text(one.key))
    if one.words:
        choices = [page.text(word) for word in one.words]
        page.given(row, 1, page.text(one.example), "text")
        page.accept("list", row, row, 1, source=choices)
        is_good = "OR(" + ",".join(f"{line.cost_value}={quoted(choice)}" for choice in choices) + ")"
    else:
        page.given(row, 1, one.example, one.kind)
        page.accept(one.kind, row, row, 1, minimum=one.low, maximum=one.high)
        value = line.cost_value
        high = f"N({value})<1" if one.high == BELOW_ONE else f"N({value})<={one.high:.15g}"
        is_good = f"AND(ISNUMBER({value}),N({value})>={one.low:.15g},{high})"
    wrong, unknown = (quoted(page.text(name)) for name in ("not_accepted", "unknown"))
    page.formulas(UNPAID, row, {
        "cost_remark": f'IFERROR(IF({line.cost_value}="",{unknown},IF({line.known}="",{wrong},"")),{wrong})',
        "known": f'IF(ISERROR({line.cost_value}),"",IF({is_good},{line.cost_value},""))',
    })  # fmt: skip
    page.alert(row, row, 2, f'AND({line.known}="",{line.cost_value}<>"")')


def _made(page: Page, known: Mapping[str, str]) -> dict[str, str]:
    """Amount excl. VAT, VAT, what was paid out while waiting, what the insured share applies to; blank: unknown."""
    gross, rate, net = (known[name] for name in ("amount_incl_vat", "vat_rate", "amount_excl_vat"))
    regime, base = known["vat_regime"], known["insured_on"]
    word = {name: quoted(page.text(name)) for name in ("debits", "incl_vat")}
    no_vat = f"AND(ISNUMBER({rate}),N({rate})=0)"
    return {
        "amount_excl_vat": f'IF(COUNT({gross},{rate})=2,ROUND({gross}/(1+{rate}),2),"")',
        "vat_amount": f'IF(ISNUMBER({net}),ROUND({gross}-{net},2),"")',
        "financed_amount": f'IF(OR({no_vat},{regime}={word["debits"]}),{gross},IF({regime}="","",{net}))',
        "insured_base": f'IF({base}="","",IF({base}={word["incl_vat"]},{gross},{net}))',
    }


def product(factors: Sequence[str], base: str = "") -> str:
    """Product of cells to the cent: nil as soon as one is nil, n.c. as soon as one of the others is blank.

    Examples
    --------
    >>> product(["A1", "A2"])
    'IF(OR(AND(ISNUMBER(A1),N(A1)=0),AND(ISNUMBER(A2),N(A2)=0)),0,IF(COUNT(A1,A2)=2,ROUND(A1*A2,2),"n.c."))'
    """
    nil = ",".join(f"AND(ISNUMBER({one}),N({one})=0)" for one in factors)
    whole = "*".join(factors) + (f"/{base}" if base else "")
    return f"IF(OR({nil}),0,IF(COUNT({','.join(factors)})={len(factors)},ROUND({whole},2),{NC}))"


def _components(page: Page, known: Mapping[str, str]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Formula of each component of rule COST-TOTAL, and the inputs that it may lack."""
    word = {name: quoted(page.text(name)) for one in INPUTS for name in one.words}
    lost, vat, regime, proof = (known[name] for name in ("lost_share", "vat", "vat_regime", "vat_until_proof"))
    base = f"IF({known['day_base']}={word['base_360']},360,365)"
    base = f'IF({known["day_base"]}="",1,{base})'

    def times(*names: str, over: str = "") -> str:
        text = product([known[name] for name in names], over)
        return f'IF(AND({known["day_base"]}="",{text}<>0),{NC},{text})' if over else text

    def unless_unknown(whole: str) -> str:
        return f'IF({whole}=0,0,IF(OR({vat}="",{regime}=""),{NC},{whole}))'

    def given(name: str, *, of_a_loss: bool = False) -> str:
        text = f'IF({known[name]}="",{NC},ROUND({known[name]},2))'
        nothing_lost = f'AND(ISNUMBER({lost}),N({lost})=0,{known[name]}="")'
        return f"IF({nothing_lost},0,{text})" if of_a_loss else text

    def received(text: str) -> str:
        return f"IF(ISNUMBER({text}),0-{text},{NC})"

    on_receipts, comes_back = f"{regime}={word['receipts']}", f"{vat}={word['recoverable']}"
    awaited = f"AND({vat}={word['not_yet']},{proof}={word['awaited']})"
    stays = f"OR({vat}={word['not_recoverable']},AND({vat}={word['not_yet']},{proof}<>{word['awaited']}))"
    lost_vat = unless_unknown(times("lost_share", "vat_amount"))
    advance = unless_unknown(times("lost_share", "vat_amount", "financing_rate", "vat_days", over=base))
    rate = ("vat_rate", "vat", "vat_regime")
    return {
        "loss": (times("lost_share", "amount_excl_vat"), ("amount_incl_vat", "vat_rate", "lost_share")),
        "lost_vat": (
            f"IF(OR({on_receipts},{comes_back},{awaited}),0,{lost_vat})",
            ("amount_incl_vat", *rate, "lost_share"),
        ),
        "financing": (
            times("financed_amount", "financing_rate", "cost_days", over=base),
            ("amount_incl_vat", "vat_rate", "vat_regime", "financing_rate", "cost_days", "day_base"),
        ),
        "handling_time": (times("hours", "hourly_cost"), ("hours", "hourly_cost")),
        "handling_other": (given("other_handling"), ("other_handling",)),
        "legal": (given("legal_costs"), ("legal_costs",)),
        "vat_advance": (
            f"IF(OR({on_receipts},{stays}),0,{advance})",
            ("amount_incl_vat", *rate, "lost_share", "financing_rate", "vat_days", "day_base"),
        ),
        "bonus": (given("lost_bonus", of_a_loss=True), ("lost_bonus",)),
        "insurance": (
            received(times("insured_share", "lost_share", "insured_base")),
            ("amount_incl_vat", "vat_rate", "insured_share", "insured_on", "lost_share"),
        ),
        "received_guarantee": (received(given("guarantee", of_a_loss=True)), ("guarantee",)),
        "received_interest": (received(given("interest_received")), ("interest_received",)),
        "received_indemnity": (received(given("indemnity_received")), ("indemnity_received",)),
    }


def _total(page: Page, known: Mapping[str, str]) -> None:
    """Sum of the components if all are known; the sales that make it up; what does not hold together."""
    at, amounts = (
        UNPAID.position["cost_amount"],
        f"{fixed(UNPAID.first, UNPAID.position['cost_amount'])}:{fixed(TOTAL - 1, UNPAID.position['cost_amount'])}",
    )
    total, rate = fixed(TOTAL, at), known["margin_rate"]
    loss = f"MAX({total},0)"
    sales = f"IF({loss}=0,0,ROUND({loss}/{rate},2))"
    usable = f"AND(ISNUMBER({total}),ISNUMBER({rate}),N({rate})>={LEAST_MARGIN:.6f})"
    rows = {
        "full_cost": (f"IF(COUNT({amounts})={len(COMPONENTS)},ROUND(SUM({amounts}),2),{NC})", "total"),
        "known_part": (f"ROUND(SUM({amounts}),2)", "money"),
        "made_up_by": (f"IF({usable},{sales},{NC})", "total"),
    }
    for row, (key, (text, kind)) in enumerate(rows.items(), TOTAL):
        page.write(row, UNPAID.position["component"], page.text(key), "total_text" if kind == "total" else "words")
        page.formula(row, at, text, kind)
        page.write(row, UNPAID.position["made_of"], page.text(f"made_{key}"), "small")
    needed, nil = (quoted(page.text(name)) for name in ("margin_rate", "no_margin"))
    no_margin = f'IF({rate}="",{needed},IF({rate}<{LEAST_MARGIN:.6f},{nil},""))'
    page.formula(TOTAL + 2, UNPAID.position["missing"], no_margin, "small")
    guarantee, lost = known["guarantee"], known["lost_share"]
    contradiction = f"AND(ISNUMBER({lost}),N({lost})=0,N({guarantee})>0)"
    covered = [
        fixed(UNPAID.first + COMPONENTS.index(name), at)
        for name in ("loss", "lost_vat", "insurance", "received_guarantee")
    ]
    over = f"AND(COUNT({','.join(covered)})=4,N({covered[2]})<0,ROUND(SUM({','.join(covered)}),2)<0)"
    texts = [quoted(page.text(name)) for name in ("guarantee_without_loss", "over_covered")]
    said = f'IF({contradiction},{texts[0]},IF({over},{texts[1]},""))'
    page.formula(TOTAL + 4, UNPAID.position["component"], said, "bold")
    page.alert(
        TOTAL + 4, TOTAL + 4, UNPAID.position["component"], f'{fixed(TOTAL + 4, UNPAID.position["component"])}<>""'
    )
    page.write(TOTAL + 5, UNPAID.position["component"], page.text("no_allowance"), "note")
