"""How well the published scores rank companies of which it is known whether they failed.

    python benchmarks/validation.py [--data FOLDER]

FOLDER holds american_2015_2017.csv, polish_1year.arff.gz and altman1968_re_ebit.csv, none of which is part of the
project. The inputs of each model are built from the columns of the data; the scores are then those of
cmtools.scoring, so that what is validated is what is shipped. A company without all inputs of a model is left out of
it and counted, never filled in. For each model: the area under the ROC curve, with DeLong's interval; what its own
cut-offs do, since it is used with these; and what its author claimed. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cmtools.financial_ratios import NIL
from cmtools.scoring import CLASSES, PERCENT, Model, all_models, models
from cmtools.validation import auc_difference, roc_auc

FILES = ("american_2015_2017.csv", "polish_1year.arff.gz", "altman1968_re_ebit.csv")
REFERENCE = "altman_private"  # computable on both large sets; the one that the project takes for a manufacturing client
ARTICLE_CUT = 2.675  # best single cut-off of the article of 1968 (the claim of that model)
Inputs = dict[str, pd.Series]


class Changed(NamedTuple):
    """A model whose inputs the data give only after a change that must be named."""

    model: str  # key, of any form
    inputs: Inputs  # that take the place of those of the data
    why: str
    cuts: bool = True  # whether its cut-offs still mean anything


class Sample(NamedTuple):
    """Labelled companies with the inputs of the models that their columns give."""

    title: str
    citation: str
    failed: pd.Series
    inputs: Inputs
    absent: Mapping[str, str]  # inputs that no column gives, and why
    changed: Sequence[Changed]
    notes: Sequence[str]
    subset: pd.Series  # companies on which the areas are computed once more
    subset_title: str


def over(above: pd.Series, below: pd.Series) -> pd.Series:
    """Ratio as the models take it: none where the denominator is not positive."""
    return above / below.where(below > NIL)


def flag(condition: pd.Series, *known: pd.Series) -> pd.Series:
    """1 where the condition holds, 0 where not, none where one of the figures is unknown."""
    unknown = np.logical_or.reduce([figure.isna() for figure in known])
    return condition.astype("float64").mask(unknown)


# ---------------------------------------------------------------- the three files


def american(folder: Path) -> Sample:
    """One row a listed company, its last year on file; amounts in million dollars."""
    x = pd.read_csv(folder / FILES[0])
    assets, liabilities, short = x["X10"], x["X17"], x["X14"]
    current, ebit, sales = x["X1"], x["X12"], x["X9"]
    inputs = {
        "wc_ta": over(current - short, assets),
        "re_ta": over(x["X15"], assets),
        "ebit_ta": over(ebit, assets),
        "mve_tl": over(x["X8"], liabilities),
        "bve_tl": over(assets - liabilities, liabilities),  # equity is what liabilities leave of the assets
        "sales_ta": over(sales, assets),
        "ni_ta": over(x["X6"], assets),
        "tl_ta": over(liabilities, assets),
        "ca_cl": over(current, short),
        "cl_ca": over(short, current),
        "ca_tl": over(current, liabilities),
        "cl_ta": over(short, assets),
        "equity_ta": over(assets - liabilities, assets),
        "negative_equity": flag(liabilities > assets, liabilities, assets),
        "quick_ta": over(current - x["X5"], assets),
        "permanent_ta": over(assets - short, assets),
        "ebe_debts": over(x["X4"], liabilities),  # EBITDA for EBE, as in the next
        "ebe_sales": over(x["X4"], sales),
    }
    no_ebt = "result before tax: EBIT alone, interest unknown"
    absent = {
        "ebt_cl": no_ebt,
        "no_credit_days": no_ebt,
        "pretax_interest_ta": no_ebt,
        "log_size": "price index: not among the sources",
        "ffo_tl": "cash flow: net income and depreciation alone",
        "caf_debts": "cash flow: net income and depreciation alone",
        "two_losses": "one year a company",
        "ni_change": "one year a company",
        "va_change": "one year a company",
    }
    before_interest = over(ebit, short)
    days = over(current - x["X5"] - short, sales - ebit - x["X3"]) * 365
    size = np.log((assets * 1e6).where(assets > 0))
    changed = [
        Changed("springate", {"ebt_cl": before_interest}, "EBIT for the result before tax"),
        Changed(
            "taffler", {"ebt_cl": before_interest, "no_credit_days": days}, "EBIT for the result before tax, twice"
        ),
        Changed("legault", {"pretax_interest_ta": inputs["ebit_ta"]}, "EBIT for result + charges; ratios of one year"),
        Changed(
            "ohlson_dropped",
            {"log_size": size, "ffo_tl": over(x["X6"] + x["X3"], liabilities)},
            "without two losses and change of result; no index; funds = net income + depreciation",
            cuts=False,
        ),
    ]
    clipped = clipped_rows(x[[f"X{number}" for number in range(1, 19)]])
    notes = [
        "Listed companies, last year on file. Sound ones left the panel before 2018: harsher than the market.",
        f"Each column was clipped at both ends before it reached this file: {int(clipped.sum())} companies have an "
        "amount that others share as smallest or largest,",
        "so that their ratios mix clipped and true amounts; the last columns leave them out.",
    ]
    citation = (
        "Lombardo, Pellegrino et al. (2022), American bankruptcy data (sowide/bankruptcy_dataset), CC BY 4.0; "
        "years 2015 to 2017"
    )
    title = "American listed companies, 2015 to 2017"
    failed = x["bankrupt"]
    return Sample(title, citation, failed, inputs, absent, changed, notes, ~clipped, "not clipped")


def clipped_rows(table: pd.DataFrame) -> pd.Series:
    """Companies of which an amount other than nil is the smallest or largest of its column, and not theirs alone."""
    shared = [
        (column == bound) & ((column == bound).sum() > 1) & (bound != 0)
        for _, column in table.items()
        for bound in (column.min(), column.max())
    ]
    return pd.concat(shared, axis=1).any(axis=1)


def read_arff(path: Path) -> pd.DataFrame:
    """Columns A1, A2 ... and `failed` of a gzipped ARFF file of numbers; ? is unknown."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    start = next(number for number, line in enumerate(lines) if line.lower() == "@data") + 1
    rows = [line.split(",") for line in lines[start:] if line and not line.startswith("%")]
    table = pd.DataFrame(rows).replace("?", np.nan).astype("float64")
    table.columns = [*(f"A{number}" for number in range(1, len(table.columns))), "failed"]
    return table


def polish(folder: Path) -> Sample:
    """One row a company, ratios alone. Columns by their place: A1 is the first attribute."""
    a = read_arff(folder / FILES[1])
    # The column called sales / total assets (A9) holds 1 / A58, sales over costs, in 43 % of the rows. Sales over
    # short-term liabilities (A63) times these over assets (A51) is what all other ratios on sales agree with.
    sales = a["A63"] * a["A51"]
    # (pre-tax result + depreciation) / liabilities (A16), brought to assets.
    result_and_depreciation = a["A16"] * a["A2"]
    quick_less_short = (a["A46"] - 1) * a["A51"]
    inputs = {
        "wc_ta": a["A3"],
        "re_ta": a["A6"],
        "ebit_ta": a["A7"],
        "bve_tl": a["A8"].where(a["A2"] > NIL),
        "sales_ta": sales,
        "ni_ta": a["A1"],
        "tl_ta": a["A2"],
        "ca_cl": a["A4"],
        "cl_ca": over(pd.Series(1.0, a.index), a["A4"]),
        "ca_tl": a["A50"].where(a["A2"] > NIL),
        "cl_ta": a["A51"],
        "equity_ta": a["A10"],
        "negative_equity": flag(a["A2"] > 1, a["A2"]),
        "ebt_cl": a["A12"],  # "gross profit" of this file is the result before tax: A1 / A18 is most often 0.81 or 1
        "pretax_interest_ta": a["A11"],  # result before tax, extraordinary items and financial charges, as Legault's
        "no_credit_days": over(quick_less_short, sales - result_and_depreciation) * 365,
        "quick_ta": a["A46"] * a["A51"],
        "permanent_ta": a["A38"],
    }
    absent = {
        "mve_tl": "unlisted companies",
        "ebe_debts": "operating result alone, other products and charges included",
        "ebe_sales": "operating result alone, other products and charges included",
        "interest_sales": "only through A27, which is unknown where there are no charges",
        "ffo_tl": "cash flow: net profit and depreciation alone",
        "caf_debts": "cash flow: net profit and depreciation alone",
        "log_size": "currency unit, year and price index not given",
        "two_losses": "one year a company",
        "ni_change": "one year a company",
        "va_change": "one year a company",
    }
    provisions = (1 - a["A10"]).where(1 - a["A10"] > NIL)
    all_liabilities = {"tl_ta": provisions, "bve_tl": over(a["A10"], provisions)}
    as_named, broad = {"sales_ta": a["A9"]}, {"re_ta": a["A25"]}
    changed = [
        Changed("altman_private", as_named, "sales / assets from the column of that name (A9)"),
        Changed("altman_private", broad, "equity less share capital (A25) for retained earnings"),
        Changed("altman_other", broad, "equity less share capital (A25) for retained earnings"),
        Changed("altman_private", all_liabilities, "liabilities with provisions and accruals (1 - A10)"),
        Changed("altman_other", all_liabilities, "liabilities with provisions and accruals (1 - A10)"),
        Changed("zmijewski", all_liabilities, "liabilities with provisions and accruals (1 - A10)"),
        Changed("legault", {"pretax_interest_ta": a["A7"]}, "EBIT (A7) for result + charges (A11)"),
        Changed(
            "ohlson_dropped",
            {"log_size": a["A29"] * np.log(10), "ffo_tl": a["A26"]},  # A29 is a decimal logarithm
            "without two losses and change of result; size in an unknown unit",
            cuts=False,
        ),
    ]
    notes = [
        "Failure within five years of the accounts: most models were made for one or two.",
        "EBIT (A7) equals the result before tax (A18) wherever both are known; liabilities (A2) leave out provisions "
        "and accruals.",
        "The column named sales / assets (A9) holds sales / costs in 43 % of the rows: A63 x A51 is used. A57 holds "
        "net profit / equity, whatever its name.",
    ]
    hole = a["A11"].isna()
    notes.append(
        f"Result + financial charges (A11, for legault) is unknown for {int(hole.sum())} companies, "
        f"{int(a.loc[hole, 'failed'].sum())} of which failed: not by chance."
    )
    citation = "Zięba, Tomczak and Tomczak (2016), Polish companies bankruptcy data, UCI 365, CC BY 4.0; first year"
    title = "Polish companies, first year"
    twice = a.duplicated()
    return Sample(title, citation, a["failed"], inputs, absent, changed, notes, ~twice, "no duplicates")


# ---------------------------------------------------------------- scores


def score(model: Model, inputs: Mapping[str, pd.Series]) -> tuple[pd.Series, int, int]:
    """Scores, companies without all inputs, and companies with a share beyond what it can be.

    The model refuses the last (`Model.value`), for which it takes a percentage given as a fraction. Here they are kept,
    as accounts have them: retained earnings exceed the assets of a company that bought back its shares, and all
    ratios are odd where hardly an asset is left. Elsewhere the scores must be those of the model itself.
    """
    table = pd.DataFrame({key: inputs[key] for key in model.inputs})
    values = pd.Series(model.constant, index=table.index)
    for term in model.terms:
        factor = PERCENT if model.unit == "percent" and term.input.nature == "share" else 1.0
        table[term.input.key] *= factor
        values += term.coefficient * table[term.input.key]
    values *= model.scale
    bounds = {term.input.key: term.input.bound for term in model.terms if term.input.nature in ("share", "flag")}
    limits = {key: bound * (PERCENT if model.unit == "percent" else 1.0) for key, bound in bounds.items()}
    beyond = pd.concat([table[key] > limit for key, limit in limits.items()], axis=1).any(axis=1)
    own = model.value({key: column.to_numpy() for key, column in table[~beyond].items()}, model.unit)
    if not np.allclose(own, values[~beyond], rtol=1e-12, atol=1e-12, equal_nan=True):
        sys.exit(f"{model.key}: the scores here are not those of the model")
    return values, int(values.isna().sum()), int((beyond & values.notna()).sum())


def safer(key: str) -> str:
    """Which way an input is safer, by the sign that the models give it."""
    for model in models().values():
        for term in model.terms:
            if term.input.key == key:
                return (
                    model.direction if term.coefficient > 0 else {"higher": "lower", "lower": "higher"}[model.direction]
                )
    raise KeyError(key)


def judged(model: Model, values: pd.Series, failed: pd.Series) -> pd.DataFrame:
    """Companies and failures by class, rows in the order of CLASSES; classes that the model lacks are left out."""
    places = model.classes(values.to_numpy())
    counts = [(failed[places == rank].size, int(failed[places == rank].sum())) for rank in range(len(CLASSES))]
    table = pd.DataFrame(counts, index=list(CLASSES), columns=["rows", "failed"])
    return table.drop(index="uncertain") if np.isnan(model.sound_cut) or model.sound_cut == model.fail_cut else table


def rates(model: Model, values: pd.Series, failed: pd.Series) -> tuple[float, float]:
    """Share of the failed called failing, share of the sound called failing."""
    called = model.classes(values.to_numpy()) == CLASSES.index("failing")
    known, bad = values.notna().to_numpy(), failed.to_numpy() == 1
    return float(called[known & bad].mean()), float(called[known & ~bad].mean())


def lines_of(sample: Sample) -> Iterator[tuple[str, Model, Mapping[str, pd.Series], Changed | None]]:
    """Every model that the data allow, as published; then those with a named change."""
    for key, model in models().items():
        if set(model.inputs) <= set(sample.inputs):
            yield key, model, sample.inputs, None
    for change in sample.changed:
        yield f"~ {change.model}", all_models()[change.model], sample.inputs | change.inputs, change


# ---------------------------------------------------------------- what is printed


def area(found: Any, sign: bool = False) -> str:
    """An area, or a difference of areas, with its interval."""
    middle, low, high = (f"{value:+.3f}" if sign else f"{value:.3f}" for value in found[:3])
    return f"{middle} {low} to {high}"


def claim(model: Model) -> str:
    """What the author claimed, when, on whom."""
    said = model.claim["en"] or "no figure in the sources"
    return f"{said} ({', '.join(filter(None, (str(model.year), model.population['en'])))})"


def print_models(sample: Sample) -> None:
    """One line a model: area, what its cut-offs do, the area on the subset, the claim."""
    print(f"{'':<19}{'used':>5}{'failed':>7}{'unknown':>8}{'beyond':>8}  {'AUC and 95 % interval':<23}", end="")
    print(f"{'caught':>8}{'flagged':>8}{'right':>7}   {sample.subset_title:<23} change | claimed by the author")
    for name, model, inputs, change in lines_of(sample):
        values, unknown, beyond = score(model, inputs)
        found = roc_auc(values, sample.failed, direction=model.direction)
        part = roc_auc(values[sample.subset], sample.failed[sample.subset], direction=model.direction)
        cuts = f"{'-':>8}{'-':>8}{'-':>7}"
        if change is None or change.cuts:
            caught, flagged = rates(model, values, sample.failed)
            cuts = f"{caught:>8.1%}{flagged:>8.1%}{(caught + 1 - flagged) / 2:>7.1%}"
        last = (
            claim(model) if change is None else " | ".join([change.why, *([claim(model)] if model.claim["en"] else [])])
        )
        print(f"{name:<19}{found.rows:>5}{found.failed:>7}{unknown:>8}{beyond:>8}  {area(found):<23}", end="")
        print(f"{cuts}   {area(part):<23} {last}")
        if model.key == "altman_1968":
            caught, flagged = rates(model._replace(fail_cut=ARTICLE_CUT), values, sample.failed)
            print(f"{'  cut at 2.675':<72}{caught:>8.1%}{flagged:>8.1%}{(caught + 1 - flagged) / 2:>7.1%}")


def print_left_out(sample: Sample) -> None:
    """Models that the data do not allow, with what is missing."""
    print("\nNot computable as published:")
    for key, model in models().items():
        missing = [name for name in model.inputs if name not in sample.inputs]
        if missing:
            print(f"  {key}: " + "; ".join(f"{name} ({sample.absent.get(name, 'no column')})" for name in missing))


def print_common(sample: Sample) -> None:
    """All models, changed only where they must be, on the companies that have all; differences from one of them."""
    ways, scores = {}, {}
    for name, model, inputs, change in lines_of(sample):
        if change is None or model.key not in scores:
            scores[name], ways[name] = score(model, inputs)[0], model.direction
    common = pd.DataFrame(scores).notna().all(axis=1)
    failed = sample.failed[common]
    first = scores[REFERENCE][common]
    print(f"\nThe same {int(common.sum()):,} companies for all, {int(failed.sum())} failed:")
    print(f"{'':<19}{'AUC and 95 % interval':<25}less {REFERENCE} (paired)")
    for name, values in scores.items():
        found = area(roc_auc(values[common], failed, direction=ways[name]))
        apart = "-"
        if name != REFERENCE:
            both = (ways[name], ways[REFERENCE])
            apart = area(auc_difference(values[common], first, failed, directions=both), sign=True)
        print(f"{name:<19}{found:<25}{apart}")


def print_classes(sample: Sample) -> None:
    """Failure rate by class of each model."""
    print("\nFailed of those in each class, by the model's own cut-offs:")
    print(f"{'':<19}" + "".join(f"{name:>26}" for name in CLASSES))
    for name, model, inputs, change in lines_of(sample):
        if change is not None and not change.cuts:
            continue
        table = judged(model, score(model, inputs)[0], sample.failed)
        cells = []
        for kind in CLASSES:
            rows, failed = table.loc[kind] if kind in table.index else (0, 0)
            cells.append(f"{f'{failed:,} of {rows:,} = {failed / rows:.1%}' if rows else '-':>26}")
        print(f"{name:<19}" + "".join(cells) + ("" if change is None else f"   {change.why}"))


def print_inputs(inputs: Mapping[str, pd.Series], failed: pd.Series) -> None:
    """Area of each input alone."""
    print("\nEach input alone, the way the models sign it (below 0.5: these companies contradict the sign):")
    for key, values in inputs.items():
        way = safer(key)
        found = roc_auc(values, failed, direction=way)
        print(f"  {key:<19}{found.rows:>6,}{found.failed:>5}  {area(found)}  {way} is safer")


def print_sample(sample: Sample) -> None:
    """Everything about one set of companies."""
    print(f"\n\n{sample.title}: {len(sample.failed):,} companies, {int(sample.failed.sum())} failed")
    print(f"Source: {sample.citation}")
    print("\n".join(sample.notes))
    kept = sample.failed[sample.subset]
    print(f"Subset “{sample.subset_title}”: {len(kept):,} companies, {int(kept.sum())} failed\n")
    print_models(sample)
    print_left_out(sample)
    print_common(sample)
    print_classes(sample)
    print_inputs(sample.inputs, sample.failed)


def print_altman(folder: Path) -> None:
    """Two of the five ratios of 1968: no score, each ratio alone."""
    table = pd.read_csv(folder / FILES[2])
    failed = (table["Y"] == 0).astype("int64")  # here 0 is bankrupt
    print(f"\n\nAltman (1968): {len(table)} manufacturers, {int(failed.sum())} failed")
    print("Source: data set “bankruptcy” of the R package MixGHD, GPL (>= 2), after Altman (1968)")
    print(
        "Two of the five ratios: none of the models can be computed. The weights of 1968 were estimated on these very"
    )
    print("companies, chosen in pairs: an area here is no validation.")
    print_inputs({"re_ta": table["RE"] / PERCENT, "ebit_ta": table["EBIT"] / PERCENT}, failed)


LEGEND = """Published scores on companies of which it is known whether they failed
used, failed      companies with all inputs, and those of them that failed
unknown           left out: an input is unknown or its denominator not positive
beyond            used, although cmtools would refuse a share beyond what it can be if it were typed in
AUC               share of pairs of a failed and a sound company in which the failed one has the worse score
caught, flagged   share of the failed, and of the sound, that the model's own cut-off calls failing
right             mean of caught and of the sound not flagged: rightly classed, were half of the companies to fail,
                  as in the samples of most authors
~                 an input replaced or left out as told at the end of the line: not the published model"""


def default_folder() -> Path:
    """Folder of the labelled companies where it is usually kept."""
    return Path(__file__).resolve().parents[2] / "shared" / "data" / "defaillance"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one section for each file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=default_folder(), metavar="FOLDER")
    folder = parser.parse_args(arguments).data
    absent = [name for name in FILES if not (folder / name).is_file()]
    if absent:
        sys.exit(f"{folder}: {', '.join(absent)} not found; give the folder of the labelled companies with --data")
    print(LEGEND)
    samples: tuple[Callable[[Path], Sample], ...] = (american, polish)
    for read in samples:
        print_sample(read(folder))
    print_altman(folder)


if __name__ == "__main__":
    main()
