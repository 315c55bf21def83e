"""Published scores: cases, vectors, wrong variants, boundaries, reasons, years before, units."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import cmtools as cm
from cmtools.financial_ratios import catalogue
from cmtools.formulas import aggregates, is_line
from cmtools.schemas import InputError
from cmtools.scoring import (
    CLASSES,
    LAGS,
    afdcc_inputs,
    all_models,
    contributions,
    disagreements,
    inputs,
    models,
    score,
    score_values,
)

EXAMPLES = yaml.safe_load((Path(__file__).parent / "examples" / "scores.yaml").read_text(encoding="utf-8"))
VECTORS = EXAMPLES["vectors"]
FIRM = VECTORS["inputs"]


def ids(kind: str) -> list:
    return [pytest.param(example, id=example["id"]) for example in EXAMPLES[kind]]


def accounts(lines: dict, **identity) -> pd.DataFrame:
    return pd.DataFrame([lines], dtype="float64").assign(**identity)


def told(table: pd.DataFrame, model: str, **options) -> pd.Series:
    return score(table, [model], **options).iloc[-1]


# The invented company under the lines of the accounts, in thousands; the year before it made 180.
FIRM_LINES = {
    "total_actif_net": 5000, "total_passif": 5000, "total_actif_circulant_net": 2600, "dettes_moins_1an": 1500,
    "stocks_ensemble_net": 900, "benefices_accumules": 700, "resultat_exploitation": 400,
    "total_produits_financiers": 20, "capitaux_propres": 1800, "total_dettes": 3200, "capitalisation_boursiere": 2500,
    "chiffre_affaires": 6500, "resultat_net": 210, "resultat_courant": 290, "resultat_exceptionnel": 10,
    "dotations_amort": 260, "total_charges_financieres": 120, "autres_fonds_propres": 0, "provisions": 0,
    "emprunts_oblig_convertibles": 0, "autres_emprunts_oblig": 0, "emprunts_lt_origine": 1000, "emprunts_divers": 0,
    "ventes_marchandises": 0, "achats_marchandises": 0, "variation_stock_marchandises": 0,
    "production_vendue_biens": 6500, "production_vendue_services": 0, "production_stockee": 0,
    "production_immobilisee": 0, "achats_matieres": 3900, "variation_stock_matieres": 0,
    "autres_achats_charges_externes": 0, "subventions_exploitation": 0, "impots_taxes": 220, "salaires": 1300,
    "charges_sociales": 400,
}  # fmt: skip


# ---------------------------------------------------------------- published cases


@pytest.mark.parametrize("example", ids("inputs"))
def test_scores_of_published_inputs(example):
    model = all_models()[example["model"]]
    found = model.value(example["inputs"], example["unit"])
    assert found == pytest.approx(example["expected"], abs=example["tolerance"])
    assert model.class_of(found) == example["class"]
    if "printed" in example:
        assert found == pytest.approx(example["printed"], abs=0.005)


@pytest.mark.parametrize("example", ids("lines"))
def test_scores_of_published_accounts(example):
    found = told(accounts(example["lines"]), example["model"])
    assert found["score"] == pytest.approx(example["expected"], abs=example["tolerance"])


def test_printed_score_that_adds_the_coefficient_instead_of_the_term_is_an_error():
    example = EXAMPLES["refused"][0]
    right, wrong = all_models()["altman_1968"], all_models()["altman_1968_no_x5"]
    printed = wrong.value(example["ratios"], "decimal")
    assert printed == pytest.approx(example["printed"], abs=0.001)
    assert printed - 1 == pytest.approx(example["without_x5"], abs=0.001)
    with pytest.raises(InputError) as refused:
        right.value(example["ratios"], "decimal")
    assert [(d.code, d.column) for d in refused.value.defects] == [("score_input_missing", "sales_ta")]


def test_accounts_of_that_error_are_refused_as_not_balanced():
    found = told(accounts(EXAMPLES["refused"][0]["lines"]), "altman_1968")  # 27 000 + 66 000 against 72 000
    assert (found["reason"], math.isnan(found["score"]), found["class"]) == ("unbalanced", True, None)


@pytest.mark.parametrize("example", ids("terms"))
def test_printed_terms_of_the_thesis_sum_to_its_scores_but_x5_has_another_weight(example):
    assert sum(example["terms"]) == pytest.approx(example["expected"], abs=0.0001)
    assert sum(example["terms"]) == pytest.approx(example["printed"], abs=0.0001)
    sales_ta = example["terms"][4] / 0.9
    first = dict(zip(("wc_ta", "re_ta", "ebit_ta", "mve_tl"), example["terms"]))
    weights = {"wc_ta": 1.2, "re_ta": 1.4, "ebit_ta": 3.3, "mve_tl": 0.6}
    book = {name: first[name] / weight for name, weight in weights.items()} | {"sales_ta": sales_ta}
    right = all_models()["altman_1968"].value(book, "decimal")
    assert right - example["expected"] == pytest.approx(0.099 * sales_ta, abs=0.0001)


# ---------------------------------------------------------------- vectors


@pytest.mark.parametrize("key", VECTORS["scores"])
def test_score_of_the_invented_company(key):
    model = models()[key]
    found = model.value({name: FIRM[name] for name in model.inputs}, "decimal")
    assert found == pytest.approx(VECTORS["scores"][key], abs=5e-6 if key != "ohlson" else 1e-4)
    assert model.class_of(found) == VECTORS["classes"][key]


@pytest.mark.parametrize("key", VECTORS["probabilities"])
def test_probability_of_the_invented_company(key):
    chance = models()[key].probabilities(np.array([VECTORS["scores"][key]]))[0]
    assert chance == pytest.approx(VECTORS["probabilities"][key], abs=2e-6)


def test_percent_and_decimal_forms_give_the_same_score():
    percent = {name: FIRM[name] * (1 if name == "sales_ta" else 100) for name in models()["altman_1968"].inputs}
    assert all_models()["altman_1968_percent"].value(percent, "percent") == pytest.approx(2.50465, abs=1e-9)


def test_points_are_a_hundred_times_the_decimal_form():
    given = {name: FIRM[name] for name in models()["conan_holder"].inputs}
    points = models()["conan_holder"].value(given, "decimal")
    assert all_models()["conan_holder_decimal"].value(given, "decimal") * 100 == pytest.approx(points)


def test_banque_de_france_in_percent():
    vector = VECTORS["banque_de_france"]
    model = models()["banque_de_france_1983"]
    found = model.value(vector["inputs"], "percent")
    assert (found, model.class_of(found)) == (pytest.approx(vector["score"], abs=1e-5), vector["class"])
    assert model.probabilities(np.array([found]))[0] == 0.177  # 0.625 to 1.25


LINE_MODELS = sorted(set(VECTORS["scores"]) - {"ohlson"})


@pytest.mark.parametrize("key", LINE_MODELS)
def test_scores_of_the_invented_company_from_its_lines(key):
    # Its 2,800 of long-term funds are 1,000 more than its equity: not the debts that its 1,500 of short ones leave.
    lines = FIRM_LINES | ({"dettes_moins_1an": 2200} if key == "conan_holder" else {})
    assert told(accounts(lines), key)["score"] == pytest.approx(VECTORS["scores"][key], abs=5e-6)


def test_long_term_funds_without_the_terms_of_debts_take_loans_by_their_original_term():
    lines = {name: value for name, value in FIRM_LINES.items() if name != "dettes_moins_1an"}
    found = told(accounts(lines), "conan_holder")  # 1,800 + 1,000 of loans
    assert found["score"] == pytest.approx(VECTORS["scores"]["conan_holder"], abs=5e-6)
    assert "debts_by_original_term" in found["notes"].split()


def test_ohlson_from_two_years_of_lines():
    """FFO as the vector has it: result + depreciation; total assets of 5 000 thousand dollars, index 250."""
    nil = dict.fromkeys(
        ("dotations_deprec_immo", "dotations_deprec_actif_circulant", "dotations_provisions", "dotations_financieres",
         "dotations_exceptionnelles", "reprises_exploitation", "reprises_financieres", "reprises_exceptionnelles",
         "transferts_charges", "transferts_financiers", "transferts_exceptionnels", "produits_cessions",
         "quote_part_subventions", "vnc_cessions"), 0)  # fmt: skip
    lines = FIRM_LINES | nil
    years = pd.concat(
        [
            accounts(lines | {"resultat_net": 180}, company_id="A", year_end=pd.Timestamp("2024-12-31"), months=12.0),
            accounts(lines, company_id="A", year_end=pd.Timestamp("2025-12-31"), months=12.0),
        ]
    )
    found = told(years, "ohlson", price_index=250.0, dollars_per_unit=1000.0)
    assert found["score"] == pytest.approx(VECTORS["scores"]["ohlson"], abs=1e-5)
    assert (found["probability"], found["class"]) == (pytest.approx(0.102399, abs=1e-6), "failing")


# ---------------------------------------------------------------- wrong variants

WRONG = [pytest.param(model, id=model.key) for model in all_models().values() if model.role == "wrong"]
MORE = FIRM | {"debt_term_ta": 0.2, "ebe_debts_less_trade": 0.3, "no_credit_share": 0.1, "pretax_ta": 0.06,
               "loss": 1, "wc": 1100.0, "log_size_undeflated": math.log(5_000_000),
               "log_size_millions": math.log(5.0)}  # fmt: skip
SCAN = np.linspace(-30, 60, 9001)


@pytest.mark.parametrize("wrong", WRONG)
def test_each_wrong_variant_gives_another_figure_or_another_class(wrong):
    right = all_models()[wrong.of]
    share = 100 if wrong.unit == "percent" else 1

    def given(model):
        return {t.input.key: MORE[t.input.key] * (share if t.input.nature == "share" else 1) for t in model.terms}

    other = wrong.value(given(wrong), wrong.unit)
    own = right.value({name: MORE[name] for name in right.inputs}, right.unit)
    moved = abs(other - own) > 5e-4
    judged = (wrong.classes(SCAN) != right.classes(SCAN)).any()
    chances = np.nan_to_num(wrong.probabilities(SCAN)) - np.nan_to_num(right.probabilities(SCAN))
    assert moved or judged or np.abs(chances).max() > 0.01
    assert all(wrong.caution.values())


def test_constant_of_em_with_the_cuts_of_z_second_lets_hardly_anyone_fail():
    """Z'' = 0 is failing; 0 + 3.25 against 2.60 would be sound."""
    assert models()["altman_other"].class_of(0.0) == "failing"
    assert models()["altman_emerging"].class_of(3.25) == "failing"
    assert all_models()["altman_emerging_unshifted"].class_of(3.25) == "sound"


def test_unit_errors_of_conan_holder_make_all_fail_or_all_sound():
    z, n = all_models()["conan_holder_z_with_points_cuts"], all_models()["conan_holder_points_with_z_cuts"]
    assert (z.class_of(0.147), n.class_of(1.0)) == ("failing", "sound")
    assert (all_models()["conan_holder_decimal"].class_of(0.147), models()["conan_holder"].class_of(1.0)) == (
        "sound",
        "failing",
    )


def test_market_value_and_book_equity_are_told_apart():
    right, wrong = all_models()["altman_1968"], all_models()["altman_1968_book_equity"]
    given = {name: FIRM[name] for name in ("wc_ta", "re_ta", "ebit_ta", "mve_tl", "bve_tl", "sales_ta")}
    gap = right.value(given, "decimal") - wrong.value(given, "decimal")
    assert gap == pytest.approx(0.6 * (2500 - 1800) / 3200)


# ---------------------------------------------------------------- units


def test_percent_given_for_decimal_is_refused_by_its_declared_unit():
    with pytest.raises(InputError) as refused:
        models()["altman_private"].value({name: FIRM[name] for name in models()["altman_private"].inputs}, "percent")
    assert [d.code for d in refused.value.defects] == ["score_unit"]
    assert "decimal" in refused.value.text("en")


def test_a_share_beyond_one_is_refused_as_a_percent_given_for_a_decimal():
    given = {name: FIRM[name] for name in models()["altman_private"].inputs} | {"wc_ta": 22.0, "re_ta": 14.0}
    with pytest.raises(InputError) as refused:
        models()["altman_private"].value(given, "decimal")
    assert [(d.code, d.column) for d in refused.value.defects] == [("score_beyond", "wc_ta"), ("score_beyond", "re_ta")]


def test_all_missing_inputs_are_said_at_once():
    with pytest.raises(InputError) as refused:
        models()["springate"].value({"wc_ta": 0.2}, "decimal")
    assert [d.column for d in refused.value.defects] == ["ebit_ta", "ebt_cl", "sales_ta"]


def test_unknown_model_and_parameters_that_are_no_positive_number_are_refused():
    with pytest.raises(InputError, match="afdcc"):
        score(accounts(FIRM_LINES), ["afdcc"])
    for wrong in (0, -1.0, math.inf, float("nan"), "250"):
        with pytest.raises(InputError, match="price_index"):
            score_values(accounts(FIRM_LINES), ["ohlson"], price_index=wrong, dollars_per_unit=1.0)


# ---------------------------------------------------------------- boundaries

BOUNDARIES = [
    ("altman_1968", 1.81, "uncertain"), ("altman_1968", 1.8099, "failing"), ("altman_1968", 2.99, "uncertain"),
    ("altman_1968", 2.9901, "sound"), ("altman_private", 1.2299, "failing"), ("altman_private", 2.9001, "sound"),
    ("altman_other", 1.0999, "failing"), ("altman_other", 2.6001, "sound"), ("altman_emerging", 4.3499, "failing"),
    ("altman_emerging", 5.8501, "sound"), ("conan_holder", 9.0, "uncertain"), ("conan_holder", 4.0, "uncertain"),
    ("conan_holder", 3.999, "failing"), ("conan_holder", 9.001, "sound"), ("banque_de_france_1983", 0.125, "uncertain"),
    ("banque_de_france_1983", -0.25, "uncertain"), ("banque_de_france_1983", -0.251, "failing"),
    ("springate", 0.862, "sound"), ("springate", 0.8619, "failing"), ("taffler", 0.0, "uncertain"),
    ("taffler", -0.001, "failing"), ("taffler", 0.001, "sound"), ("zmijewski", 0.001, "failing"),
    ("zmijewski", 0.0, "sound"), ("legault", -0.3, "sound"), ("legault", -0.301, "failing"),
    ("ohlson", math.log(0.039 / 0.961), "failing"), ("ohlson", math.log(0.037 / 0.963), "sound"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "expected"), BOUNDARIES)
def test_classes_at_the_boundaries(key, value, expected):
    assert models()[key].class_of(value) == expected


def test_no_score_has_no_class():
    assert {model.class_of(float("nan")) for model in models().values()} == {None}


# N and its probability, by hand: between 10.7 (30 %) and 8.7 (40 %), 9 is 30 + 10 × 1.7 / 2 = 38.5 %.
@pytest.mark.parametrize(("points", "chance"), [(6.8, 0.5), (16.4, 0.1), (9.0, 0.385), (60.0, 0.0), (-30.0, 1.0)])
def test_probability_table_of_conan_holder_is_read_between_its_points(points, chance):
    assert models()["conan_holder"].probabilities(np.array([points]))[0] == pytest.approx(chance)


@pytest.mark.parametrize(
    ("value", "chance"), [(-2, 1), (-1.875, 0.956), (-0.3, 0.738), (0, 0.469), (0.2, 0.334), (9, 0.095)]
)
def test_classes_of_the_banque_de_france_each_have_a_probability(value, chance):
    assert models()["banque_de_france_1983"].probabilities(np.array([float(value)]))[0] == chance


# ---------------------------------------------------------------- what cannot be computed


def test_missing_lines_are_named_and_never_nil():
    lines = {name: value for name, value in FIRM_LINES.items() if name not in ("total_charges_financieres", "salaires")}
    found = told(accounts(lines), "conan_holder")
    assert (found["reason"], found["class"], math.isnan(found["score"])) == ("unknown_line", None, True)
    assert {"salaires", "total_charges_financieres"} <= set(found["missing"].split())


@pytest.mark.parametrize(
    ("change", "model", "reason", "missing"),
    [
        ({"total_dettes": 0, "capitaux_propres": 5000}, "altman_private", "nil_denominator", "dettes_et_provisions"),
        ({"production_vendue_biens": 3000, "chiffre_affaires": 3000}, "conan_holder", "negative_denominator",
         "valeur_ajoutee"),
        ({"production_vendue_biens": 0, "chiffre_affaires": 0, "achats_matieres": -2600}, "conan_holder",
         "nil_denominator", "chiffre_affaires"),
        ({"dettes_moins_1an": 0}, "springate", "nil_denominator", "dettes_ct"),
        ({"total_passif": 4900}, "altman_other", "unbalanced", ""),
        ({"capitalisation_boursiere": None}, "altman_1968", "unknown_line", "capitalisation_boursiere"),
    ],
)  # fmt: skip
def test_why_there_is_no_score(change, model, reason, missing):
    found = told(accounts(FIRM_LINES | change), model)
    assert (found["reason"], found["missing"], found["class"]) == (reason, missing, None)


def test_ohlson_asks_for_its_parameters_then_for_the_year_before():
    alone = told(accounts(FIRM_LINES, company_id="A", year_end=pd.Timestamp("2025-12-31")), "ohlson")
    assert alone["reason"] == "unknown_line"  # the cash flow needs the detail of depreciation
    lines = FIRM_LINES | dict.fromkeys(
        ("dotations_deprec_immo", "dotations_deprec_actif_circulant", "dotations_provisions", "dotations_financieres",
         "dotations_exceptionnelles", "reprises_exploitation", "reprises_financieres", "reprises_exceptionnelles",
         "produits_cessions", "quote_part_subventions", "vnc_cessions"), 0)  # fmt: skip
    year = accounts(lines, company_id="A", year_end=pd.Timestamp("2025-12-31"))
    assert told(year, "ohlson", price_index=250.0, dollars_per_unit=1.0)["reason"] == "no_year_before"
    before = year.assign(year_end=pd.Timestamp("2024-12-31"))
    found = told(pd.concat([before, year]), "ohlson")
    assert (found["reason"], found["missing"]) == ("no_parameter", "price_index dollars_per_unit")


def test_a_year_further_back_is_not_the_year_before():
    lines = FIRM_LINES | {"achats_ttc": 0}

    def pair(first: str) -> pd.DataFrame:
        ends = pd.to_datetime([first, "2025-12-31"])
        return pd.concat([accounts(lines, company_id="A", year_end=end, months=12.0) for end in ends])

    def change(first: str) -> float:
        table = contributions(pair(first).drop(columns="achats_ttc"), ["banque_de_france_1983"])
        return table[table["input"] == "va_change"]["value"].iloc[-1]

    assert change("2024-12-31") == 0.0
    assert math.isnan(change("2023-12-31"))


def test_the_year_before_is_that_of_the_same_company_whatever_the_order_of_rows():
    rows = [("B", "2025-12-31", 6500), ("A", "2025-12-31", 6500), ("A", "2024-12-31", 5500), ("B", "2024-12-31", 7000)]
    table = pd.concat(
        [
            accounts(
                FIRM_LINES | {"production_vendue_biens": sales},
                company_id=name,
                year_end=pd.Timestamp(end),
                months=12.0,
            )
            for name, end, sales in rows
        ],
        ignore_index=True,
    )
    found = (
        contributions(table, ["banque_de_france_1983"])
        .query("input == 'va_change'")
        .set_index(["company_id", "year_end"])
    )
    last = pd.Timestamp("2025-12-31")
    # value added: 6500 - 3900 = 2600; before: 5500 - 3900 = 1600, 7000 - 3900 = 3100
    assert found.loc[("A", last), "value"] == pytest.approx(1000 / 1600)
    assert found.loc[("B", last), "value"] == pytest.approx(-500 / 3100)


def test_flows_of_fifteen_months_count_for_twelve():
    long = accounts(FIRM_LINES, months=15.0)
    found = told(long, "springate")
    # 1.03 × 0.22 + (3.07 × 0.084 + 0.66 × 0.2 + 0.4 × 1.3) × 12 / 15
    assert found["score"] == pytest.approx(0.2266 + 0.8 * (0.25788 + 0.132 + 0.52))
    assert "annualised" in found["notes"].split()


def test_legault_with_its_lags_takes_the_years_before():
    ends = pd.to_datetime(["2023-12-31", "2024-12-31", "2025-12-31"])
    changes = [{"chiffre_affaires": 5000}, {"capitaux_propres": 2000, "total_passif": 5000}, {}]
    years = pd.concat(
        [accounts(FIRM_LINES | c, company_id="A", year_end=end, months=12.0) for c, end in zip(changes, ends)]
    )
    # equity 2000 and pre-tax + charges 420 of 2024 over 5000; sales 5000 of 2023 over 5000
    by_hand = 4.5913 * 0.4 + 4.5080 * 0.084 + 0.3936 * 1.0 - 2.7616
    assert told(years, "legault_lagged")["score"] == pytest.approx(by_hand)


# ---------------------------------------------------------------- side by side


def test_contributions_and_the_constant_add_up_to_each_score():
    table = cm.read_liasse("data/liasses_clients.csv").table
    found = score_values(table)
    parts = contributions(table)
    sums = parts.groupby(["company_id", "year_end", "model"])["contribution"].sum(min_count=9_999)
    assert sums.isna().all()  # blanks are not added as nil: the sums below skip no term
    for key, model in models().items():
        mine = (
            parts[parts["model"] == key]
            .groupby(["company_id", "year_end"])["contribution"]
            .agg(lambda c: c.sum(skipna=False))
        )
        both = found.set_index(["company_id", "year_end"])[key]
        known = both.notna()
        expected = mine.reindex(both.index)[known] + model.constant * model.scale
        np.testing.assert_allclose(both[known], expected, rtol=1e-9)


def test_side_by_side_and_wide_scores_are_the_same():
    table = cm.read_liasse("data/liasses_clients.csv").table
    wide = score_values(table).melt(["company_id", "year_end"], list(models()), "model", "score")
    long = score(table)[["company_id", "year_end", "model", "score"]]
    both = long.merge(wide, on=["company_id", "year_end", "model"], suffixes=("", "_wide"), validate="one_to_one")
    np.testing.assert_allclose(both["score"], both["score_wide"])
    assert len(both) == len(table) * len(models())


def test_em_and_z_second_always_give_the_same_class():
    found = score(cm.read_liasse("data/liasses_clients.csv").table, ["altman_other", "altman_emerging"])
    second, emerging = (
        found.loc[found["model"] == key, "class"].fillna("") for key in ("altman_other", "altman_emerging")
    )
    assert second.tolist() == emerging.tolist()
    assert set(second) == {"sound", "uncertain", "failing", ""}


def test_incomplete_accounts_have_no_score_and_say_why():
    table = cm.read_liasse("data/liasses_clients.csv").table
    year = table[(table["company_id"] == "000225") & (table["year_end"] == "2024-12-31")]  # no page of liabilities
    found = score(year)
    assert found["score"].isna().all()
    assert found["reason"].notna().all()
    assert "capitaux_propres" in " ".join(found["missing"])


@pytest.mark.parametrize(
    ("classes", "verdict"),
    [
        (["sound", "sound"], "all_sound"),
        (["sound", "uncertain", None], "close"),
        (["sound", "uncertain", "failing"], "opposed"),
        (["failing", None], "single"),
        ([None, None], "no_score"),
        (["uncertain", "uncertain"], "all_uncertain"),
    ],
)
def test_verdicts(classes, verdict):
    keys = [key for key in models() if key != "altman_emerging"][: len(classes)]
    found = disagreements(pd.DataFrame({"model": keys, "class": classes})).iloc[0]
    assert (found["verdict"], found["not_computable"]) == (verdict, classes.count(None))


def test_em_counts_for_nothing_in_the_verdict():
    scores = pd.DataFrame({"model": ["altman_other", "altman_emerging"], "class": ["sound", "sound"]})
    assert disagreements(scores)["verdict"].item() == "single"


# ---------------------------------------------------------------- the tables themselves


def test_inputs_name_what_exists():
    known = set(aggregates())
    for entry in inputs().values():
        for way in entry.ways:
            for name in way.numerator.names + way.denominator.names:
                base = name[:-3] if name[-3:] in LAGS else name
                assert base in known or is_line(base), name


def test_every_model_says_its_population_source_and_which_way_is_safer():
    for key, model in models().items():
        assert all([model.terms, model.source, *model.population.values()]), key
        assert model.direction in ("higher", "lower"), key
        assert model.illustrative == (key != "conan_holder")


def test_no_name_of_a_model_is_one_of_a_ratio():
    assert not set(all_models()) & set(catalogue())


def test_afdcc_gives_inputs_and_no_score():
    found = afdcc_inputs(accounts(FIRM_LINES | {"dettes_fiscales_sociales": 520})).iloc[0]
    assert found["ebit_sales"] == pytest.approx(420 / 6500)
    assert found["net_interest_ebitda"] == pytest.approx((120 - 20) / 680)
    assert found["tax_social_va"] == pytest.approx(520 / 2600)
    assert not any("score" in str(name) for name in found.index)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(models())), st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_a_safer_score_never_has_a_worse_class_nor_a_higher_probability(key, low, step):
    model = models()[key]
    sign = 1 if model.direction == "higher" else -1
    scores = np.array([sign * low, sign * (low + step)])
    before, after = model.classes(scores)
    assert 0 <= after <= before < len(CLASSES)
    chances = model.probabilities(scores)
    assert np.isnan(chances).all() or chances[1] <= chances[0]
