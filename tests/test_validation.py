"""Area under the ROC curve, and the benchmark that measures the published scores on labelled companies."""

import csv
import gzip
import importlib.util
import re
import sys

import numpy as np
import pandas as pd
import pytest

import cmtools as cm
from cmtools.scoring import models
from cmtools.validation import Auc

# ---------------------------------------------------------------- another way to the same figures


def pairs(scores, failed, direction="higher"):
    """1 for a pair in the right order, 1/2 for a tie, 0: one row a failed company, one column a sound one."""
    sign = 1 if direction == "higher" else -1
    bad = [sign * score for score, flag in zip(scores, failed) if flag]
    good = [sign * score for score, flag in zip(scores, failed) if not flag]
    return np.array([[1.0 if b < g else 0.5 if b == g else 0.0 for g in good] for b in bad])


def spread(table):
    """DeLong's standard error from the table of pairs."""
    rows, columns = table.mean(axis=1), table.mean(axis=0)
    return sum(sum((mean - table.mean()) ** 2 for mean in m) / (len(m) - 1) / len(m) for m in (rows, columns)) ** 0.5


def drawn(count, ties, seed):
    draw = np.random.default_rng(seed)
    failed = draw.random(count) < 0.3
    scores = draw.normal(size=count) - failed
    return (np.round(scores * 2) if ties else scores), failed


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("direction", ["higher", "lower"])
def test_area_and_interval_are_those_of_the_pairs(seed, ties, direction):
    scores, failed = drawn(60, ties, seed)
    table = pairs(scores, failed, direction)
    found = cm.roc_auc(scores, failed, direction=direction)
    assert found.auc == pytest.approx(table.mean(), abs=1e-12)
    assert found.auc - found.low == pytest.approx(1.959963985 * spread(table), abs=1e-9)
    assert found.high - found.auc == pytest.approx(1.959963985 * spread(table), abs=1e-9)
    assert (found.rows, found.failed, found.without_score) == (60, int(failed.sum()), 0)


def test_area_by_hand_with_ties():
    # failed 1, 3; sound 2, 3, 4: 1 is below all three, 3 ties once and is below 4: (3 + 1.5) / 6
    found = cm.roc_auc([1, 3, 2, 3, 4], [1, 1, 0, 0, 0])
    assert found.auc == pytest.approx(4.5 / 6)
    # shares of the failed 1, 1/2 (variance 1/8), of the sound 1/2, 3/4, 1 (variance 1/16): 1/16 + 1/48 = 1/12
    assert found.auc - cm.roc_auc([1, 3, 2, 3, 4], [1, 1, 0, 0, 0], level=0.5).low == pytest.approx(
        0.674489750 * (1 / 12) ** 0.5
    )
    assert found.high == 1.0  # 0.75 + 1.96 x 0.289 is beyond


def test_published_ratings_of_109_pictures():
    # Hanley and McNeil (1982): ratings 1 to 5 of 58 normal and 51 abnormal pictures; area 0.893. Manuals of statistical
    # software give DeLong's error and interval of the same table: 0.0307, 0.83295 to 0.95339.
    normal, abnormal = (33, 6, 6, 11, 2), (3, 2, 2, 11, 33)
    ratings = np.repeat([1, 2, 3, 4, 5] * 2, normal + abnormal)
    found = cm.roc_auc(ratings, np.repeat([0] * 5 + [1] * 5, normal + abnormal), direction="lower")
    assert round(found.auc, 4) == 0.8932
    assert (round(found.low, 5), round(found.high, 5)) == (0.83295, 0.95339)
    assert round((found.high - found.low) / 2 / 1.959964, 4) == 0.0307


def test_interval_is_about_that_of_a_bootstrap():
    scores, failed = drawn(400, False, 11)
    draw = np.random.default_rng(5)
    bad, good = np.flatnonzero(failed), np.flatnonzero(~failed)
    areas = []
    for _ in range(400):
        picked = np.concatenate([draw.choice(bad, bad.size), draw.choice(good, good.size)])
        ranks = pd.Series(scores[picked]).rank().to_numpy()  # Mann-Whitney, by the ranks of pandas
        areas.append(1 - (ranks[: bad.size].sum() - bad.size * (bad.size + 1) / 2) / (bad.size * good.size))
    found = cm.roc_auc(scores, failed)
    low, high = np.quantile(areas, [0.025, 0.975])
    assert found.low == pytest.approx(low, abs=0.012)
    assert found.high == pytest.approx(high, abs=0.012)
    assert found.high - found.low > 0.05  # the tolerance is small beside the interval


def test_interval_holds_the_true_area_about_as_often_as_it_says():
    # normal scores one deviation apart: the true area is that of a normal law at 1 / sqrt(2), 0.7602
    draw = np.random.default_rng(3)
    inside = 0
    for _ in range(400):
        found = cm.roc_auc(np.r_[draw.normal(-1, 1, 40), draw.normal(0, 1, 80)], np.r_[np.ones(40), np.zeros(80)])
        inside += found.low < 0.7602499 < found.high
    assert 0.915 < inside / 400 < 0.985


def test_direction_turns_the_area_round():
    scores, failed = drawn(50, True, 1)
    safe_high, safe_low = cm.roc_auc(scores, failed), cm.roc_auc(scores, failed, direction="lower")
    assert safe_high.auc > 0.5
    assert safe_high.auc + safe_low.auc == pytest.approx(1)
    assert safe_high.low == pytest.approx(1 - safe_low.high)
    assert cm.roc_auc(-scores, failed, direction="lower") == pytest.approx(safe_high)


def test_perfect_reversed_and_empty_scores():
    failed = [1, 1, 0, 0, 0]
    perfect = cm.roc_auc([1, 2, 3, 4, 5], failed)
    assert perfect.auc == 1
    assert np.isnan([perfect.low, perfect.high]).all()  # no overlap: no spread can be estimated, not a width of nil
    assert cm.roc_auc([5, 4, 3, 2, 1], failed).auc == 0
    assert cm.roc_auc([7] * 5, failed).auc == 0.5
    assert np.isnan(cm.roc_auc([1, 2, 3], [0, 1, 0]).low)  # a single failure
    noise = np.random.default_rng(0).normal(size=20_000)
    assert cm.roc_auc(noise, np.arange(20_000) % 10 == 0).auc == pytest.approx(0.5, abs=0.02)


def test_any_rising_change_of_scale_keeps_the_area():
    scores, failed = drawn(80, True, 2)
    assert cm.roc_auc(np.exp(scores / 3) * 100 - 7, failed) == pytest.approx(cm.roc_auc(scores, failed))


def test_companies_without_score_are_left_out_and_counted():
    scores, failed = [1.0, np.nan, 3.0, 2.0, np.nan, 5.0], [1, 1, 0, 1, 0, 0]
    assert cm.roc_auc(scores, failed)[3:] == (4, 2, 2)
    assert cm.roc_auc(scores, failed).auc == cm.roc_auc([1, 3, 2, 5], [1, 0, 1, 0]).auc
    found = cm.auc_difference(scores, [1, 2, np.nan, 4, 5, 6], failed, level=0.9)
    assert found[3:] == (3, 2, 3)


def test_columns_of_a_table_are_taken_by_place():
    table = pd.DataFrame({"rating": [3, 8, 2, 9], "failed": [True, False, True, False]}, index=[9, 8, 7, 6])
    assert cm.roc_auc(table["rating"], table["failed"]).auc == 1


def test_difference_is_that_of_the_pairs():
    first, failed = drawn(70, True, 7)
    second = -(first + np.random.default_rng(8).normal(size=70) * 2)  # worse, and the other way round
    table = pairs(first, failed) - pairs(second, failed, "lower")
    found = cm.auc_difference(first, second, failed, directions=("higher", "lower"))
    assert found.difference == pytest.approx(table.mean(), abs=1e-12)
    assert found.high - found.difference == pytest.approx(1.959963985 * spread(table), abs=1e-9)
    swapped = cm.auc_difference(second, first, failed, directions=("lower", "higher"))
    assert (swapped.difference, swapped.low) == pytest.approx((-found.difference, -found.high))
    alike = cm.auc_difference(first, first * 2, failed)
    assert alike.difference == 0
    assert np.isnan(alike.low)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (([1, 2, 3], [0, 0, 0]), "validation_one_group", "0 failed of 3"),
        (([1, 2, 3], [1, 1, 1]), "validation_one_group", "3 failed of 3"),
        (([1, np.nan, 3], [0, 1, 0]), "validation_one_group", "0 failed of 2"),
        (([], []), "validation_one_group", "0 failed of 0"),
        (([1, 2, 3], [0, 1]), "validation_lengths", "3 / 2"),
        (([[1, 2]], [[0, 1]]), "validation_lengths", "2 / 2"),
        (([1, 2, 3], [0, 1, 2]), "validation_outcome", "“2”"),
        (([1, 2, 3], [0, 1, None]), "validation_outcome", "“nan”"),
        ((["a", "b"], [0, 1]), "validation_numbers", "'a'"),
        (([1, 2], ["yes", "no"]), "validation_numbers", "'yes'"),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments, code, said):
    with pytest.raises(cm.InputError) as error:
        cm.roc_auc(*arguments)
    assert [defect.code for defect in error.value.defects] == [code]
    assert said in error.value.text("en")


def test_options_are_checked():
    for level in (0, 1, 95, "0.95"):
        with pytest.raises(cm.InputError) as error:
            cm.roc_auc([1, 2], [0, 1], level=level)
        assert [(d.code, d.value) for d in error.value.defects] == [("validation_level", str(level))]
    with pytest.raises(cm.InputError, match="safer"):
        cm.roc_auc([1, 2], [0, 1], direction="safer")
    with pytest.raises(cm.InputError, match="up"):
        cm.auc_difference([1, 2], [1, 2], [0, 1], directions=("higher", "up"))


# ---------------------------------------------------------------- the published scores on labelled companies


@pytest.fixture(scope="module")
def benchmark(root):
    spec = importlib.util.spec_from_file_location("validation_benchmark", root / "benchmarks" / "validation.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def labelled(real_data):
    return real_data / "defaillance"


@pytest.fixture(scope="module")
def samples(benchmark, labelled):
    return {"american": benchmark.american(labelled), "polish": benchmark.polish(labelled)}


@pytest.fixture(scope="module")
def american_rows(labelled):
    with (labelled / "american_2015_2017.csv").open(encoding="utf-8", newline="") as file:
        return [{k: float(v) for k, v in row.items() if k != "company_name"} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def polish_rows(labelled):
    with gzip.open(labelled / "polish_1year.arff.gz", "rt") as file:
        return [line.strip().split(",") for line in file if line[0] in "-0123456789?"]


@pytest.mark.parametrize(("name", "rows", "failed"), [("american", 977, 83), ("polish", 7027, 271)])
def test_every_company_of_the_files_is_there(samples, name, rows, failed):
    assert (len(samples[name].failed), samples[name].failed.sum()) == (rows, failed)


@pytest.mark.parametrize("name", ["american", "polish"])
def test_every_model_gets_an_area_on_known_rows(benchmark, samples, name):
    sample = samples[name]
    seen = []
    for label, model, inputs, change in benchmark.lines_of(sample):
        values, unknown, _ = benchmark.score(model, inputs)
        found = cm.roc_auc(values, sample.failed, direction=model.direction)
        assert isinstance(found, Auc)
        assert 0 < found.low < found.auc < found.high < 1
        assert found.rows + unknown == len(sample.failed)
        assert 0.95 * len(sample.failed) < found.rows
        seen += [label] if change is None else []
    expected = {
        "american": ["altman_1968", "altman_private", "altman_other", "altman_emerging", "zmijewski"],
        "polish": ["altman_private", "altman_other", "altman_emerging", "zmijewski", "springate", "taffler", "legault"],
    }
    assert seen == expected[name]
    missing = {name for key in set(models()) - set(seen) for name in models()[key].inputs} - set(sample.inputs)
    assert set(sample.absent) <= missing  # a reason is given only for what is missing


def test_score_of_1968_and_its_area_computed_again(benchmark, samples, american_rows):
    scores = [
        1.2 * (r["X1"] - r["X14"]) / r["X10"] + 1.4 * r["X15"] / r["X10"] + 3.3 * r["X12"] / r["X10"]
        + 0.6 * r["X8"] / r["X17"] + 0.999 * r["X9"] / r["X10"]
        for r in american_rows
    ]  # fmt: skip
    failed = [r["bankrupt"] for r in american_rows]
    sample, model = samples["american"], models()["altman_1968"]
    values, unknown, beyond = benchmark.score(model, sample.inputs)
    assert values.tolist() == pytest.approx(scores)
    assert unknown == 0
    assert beyond == sum(r["X15"] > 3 * r["X10"] for r in american_rows)  # the bound of re_ta
    assert cm.roc_auc(values, sample.failed).auc == pytest.approx(pairs(scores, failed).mean())
    caught, flagged = benchmark.rates(model, values, sample.failed)
    assert caught == pytest.approx(sum(z < 1.81 for z, bad in zip(scores, failed) if bad) / 83)
    assert flagged == pytest.approx(sum(z < 1.81 for z, bad in zip(scores, failed) if not bad) / 894)
    table = benchmark.judged(model, values, sample.failed)
    assert table.loc["sound"].tolist() == [
        sum(z > 2.99 for z in scores),
        sum(z > 2.99 for z in np.compress(failed, scores)),
    ]
    assert table["rows"].sum() == 977


def test_probit_score_computed_again(benchmark, samples, polish_rows):
    known = [row for row in polish_rows if "?" not in (row[0], row[1], row[3])]
    scores = [-4.336 - 4.513 * float(row[0]) + 5.679 * float(row[1]) + 0.004 * float(row[3]) for row in known]
    sample, model = samples["polish"], models()["zmijewski"]
    values, unknown, _ = benchmark.score(model, sample.inputs)
    assert values.dropna().tolist() == pytest.approx(scores)
    assert unknown == 7027 - len(known)
    caught, flagged = benchmark.rates(model, values, sample.failed)
    assert caught == pytest.approx(sum(x > 0 for x, row in zip(scores, known) if row[64] == "1") / 271)
    assert flagged == pytest.approx(sum(x > 0 for x, row in zip(scores, known) if row[64] == "0") / (len(known) - 271))


def test_area_of_one_ratio_computed_again(samples, polish_rows):
    bad = np.array([float(row[2]) for row in polish_rows if row[64] == "1" and row[2] != "?"])
    good = np.sort([float(row[2]) for row in polish_rows if row[64] == "0" and row[2] != "?"])
    above = good.size - np.searchsorted(good, bad, side="right")
    ties = np.searchsorted(good, bad, side="right") - np.searchsorted(good, bad, side="left")
    found = cm.roc_auc(samples["polish"].inputs["wc_ta"], samples["polish"].failed)
    assert found.auc == pytest.approx((above + ties / 2).sum() / (bad.size * good.size), abs=1e-12)


def close(left, right):
    """Share of the known pairs that agree to two percent."""
    return np.isclose(left, right, rtol=0.02)[~np.isnan(left + right)].mean()


def test_sales_are_not_read_from_the_column_of_that_name(samples, polish_rows):
    # result / assets (A18) over result / sales (A19) is another way to sales / assets
    numbers = np.array([[float(cell) if cell != "?" else np.nan for cell in row] for row in polish_rows])
    other = np.divide(numbers[:, 17], numbers[:, 18], out=np.full(7027, np.nan), where=np.abs(numbers[:, 18]) > 0.01)
    sales = samples["polish"].inputs["sales_ta"].to_numpy()
    assert close(sales, other) > 0.99
    assert close(numbers[:, 8], other) < 0.6  # A9, called sales / total assets
    odd = ~np.isclose(numbers[:, 8], sales, rtol=0.02) & ~np.isnan(sales + numbers[:, 57])
    assert close(numbers[odd, 8], 1 / numbers[odd, 57]) > 0.99  # holds sales over costs


def test_clipped_amounts_are_found(benchmark, samples):
    table = pd.DataFrame({"a": [1.0, 1.0, 2.0, 5.0, 3.0], "b": [0.0, 0.0, 4.0, 4.0, 3.0]})
    assert benchmark.clipped_rows(table).tolist() == [True, True, True, True, False]  # 5 is its own, 0 is no bound
    assert 0 < (~samples["american"].subset).sum() < 300


def test_duplicates_are_left_out_of_the_second_area(samples, polish_rows):
    assert (~samples["polish"].subset).sum() == 82 == len(polish_rows) - len({tuple(row) for row in polish_rows})


def test_every_section_is_printed(benchmark, labelled, capsys):
    benchmark.main(["--data", str(labelled)])
    said = capsys.readouterr().out
    for words in (
        "977 companies, 83 failed",
        "7,027 companies, 271 failed",
        "CC BY 4.0",
        "GPL (>= 2)",
        "92.5 %",
        "conan_holder:",
    ):
        assert words in said
    assert not re.search(r"\bnan\b", said)


def test_absent_folder_is_told(benchmark, tmp_path):
    with pytest.raises(SystemExit, match=r"american_2015_2017\.csv.*not found; give the folder"):
        benchmark.main(["--data", str(tmp_path)])
