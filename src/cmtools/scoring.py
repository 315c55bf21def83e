"""Published models that score a company from its accounts, each one object, all side by side.

A model is rows of ``reference/models.csv`` (unit, direction, cut-offs, population) and
``reference/model_terms.csv`` (coefficients); its inputs are those of
``reference/score_inputs.csv``, sums of lines and aggregates. Constant, units and
cut-offs stay together, so that none is used with those of another model. None of these
scores replaces a review of the file: they rank, they do not measure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from cmtools.financial_ratios import NIL
from cmtools.formulas import Bits, Formula, Numbers, evaluate, note_texts, parse, reference, unknown_lines
from cmtools.lines import TOLERANCE
from cmtools.schemas import Defect, InputError
from cmtools.statements import with_identity

CLASSES = ("sound", "uncertain", "failing")
DAYS_OF_COST = 365  # of the no-credit interval
LAGS = {"_n1": 1, "_n2": 2}  # endings of a name that mean the same figure one or two years before
DRIFT = 20  # days by which the end of the year before may differ from the start of this one
PERCENT = 100.0
_FEEDS = ("total_actif_net", "total_passif", "capitaux_propres", "total_dettes")  # of the balance that must close
_IDENTITY = ("company_id", "company_name", "year_end")
RESULT = (
    "model", "score", "class", "fail_cut", "sound_cut", "direction", "probability", "illustrative",
    "reason", "missing", "notes",
)  # fmt: skip


class Way(NamedTuple):
    """One way to compute an input.

    `kind`: ratio; change (a ratio of which the numerator is a movement between two
    balance sheets, brought to twelve months); amount; log; exceeds, losses, below_nil
    (flags); swing; given (of a wrong variant, never from accounts).
    """

    kind: str
    numerator: Formula
    denominator: Formula
    note: str


class Input(NamedTuple):
    """A quantity that a model weighs."""

    key: str
    ways: tuple[Way, ...]  # tried in order
    nature: str  # share, times, days, flag, log, amount
    bound: float  # what it cannot exceed; NaN: none
    family: str  # liquidity, solidity, profitability, activity, cost


class Term(NamedTuple):
    """A coefficient and what it multiplies."""

    input: Input
    coefficient: float


class Model(NamedTuple):
    """A published model, one of its other forms, or a wrong variant in circulation.

    Attributes
    ----------
    key : str
    role : {"model", "form", "wrong"}
        form: the same model written otherwise; wrong: an error seen in print or
        in software, kept to be shown beside `of`.
    unit : {"decimal", "percent"}
        Unit in which shares of something enter; times, days and flags are
        themselves in both.
    direction : {"higher", "lower"}
        What is safer.
    fail_cut, sound_cut : float
        Strictly beyond `fail_cut` on the unsafe side: failing; strictly beyond
        `sound_cut` on the safe side (NaN: not failing): sound; else uncertain.
        On the probability where `link` is logistic.
    illustrative : bool
        Not estimated on French SMEs, or not settled.
    """

    key: str
    role: str
    of: str
    unit: str
    constant: float
    scale: float
    direction: str
    fail_cut: float
    sound_cut: float
    link: str
    illustrative: bool
    year: int
    author: str
    confirmation: str  # C2 several agreeing sources, C one, M memory
    source: str
    claim: Mapping[str, str]
    population: Mapping[str, str]
    caution: Mapping[str, str]
    terms: tuple[Term, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Keys of what the model weighs, in its order."""
        return tuple(term.input.key for term in self.terms)

    def value(self, inputs: Mapping[str, Any], unit: str) -> Any:
        """Score from its inputs.

        Parameters
        ----------
        inputs : mapping of str to number or array
            One value for each of :attr:`inputs`.
        unit : {"decimal", "percent"}
            Unit of the shares among them; it must be that of the model.

        Returns
        -------
        float or array

        Raises
        ------
        InputError
            If the unit is not that of the model, an input is missing, or a
            share exceeds what it can be (a percent given as a decimal).

        Examples
        --------
        A published case: is this company in the grey zone?

        >>> inputs = dict(wc_ta=0.1, re_ta=0.4, ebit_ta=0.05, mve_tl=600 / 700, sales_ta=1.5)
        >>> model = models()["altman_1968"]
        >>> round(model.value(inputs, "decimal"), 4), model.class_of(2.8578)
        (2.8578, 'uncertain')
        """
        self._refuse(inputs, unit)
        found: Any = self.constant
        for term in self.terms:
            given = inputs[term.input.key]
            found = found + term.coefficient * (np.asarray(given) if np.ndim(given) else given)
        return found * self.scale

    def _refuse(self, inputs: Mapping[str, Any], unit: str) -> None:
        defects = []
        if unit != self.unit:
            details: dict[str, Any] = {"expected": self.unit, "model": self.key}
            defects.append(Defect("score_unit", "fatal", value=unit, details=details))
        for term in self.terms:
            key, limit = term.input.key, term.input.bound * (PERCENT if self.unit == "percent" else 1)
            if key not in inputs:
                defects.append(Defect("score_input_missing", "fatal", column=key, details={"model": self.key}))
            elif (
                unit == self.unit and term.input.nature in ("share", "flag") and np.any(np.asarray(inputs[key]) > limit)
            ):
                largest = float(np.nanmax(np.asarray(inputs[key], dtype="float64")))
                details = {"limit": limit, "expected": self.unit}
                defects.append(Defect("score_beyond", "fatal", column=key, value=f"{largest:g}", details=details))
        if defects:
            raise InputError(defects)

    def class_of(self, score: float) -> str | None:
        """sound, uncertain or failing; None: no score."""
        place = self.classes(np.array([score]))[0]
        return None if place < 0 else CLASSES[place]

    def classes(self, scores: Numbers) -> npt.NDArray[np.int8]:
        """Places in CLASSES of many scores; -1: no score."""
        judged = self.probabilities(scores) if self.link == "logistic" else scores
        sign = 1.0 if self.direction == "higher" else -1.0
        failing = sign * judged < sign * self.fail_cut
        sound = ~failing if math.isnan(self.sound_cut) else sign * judged > sign * self.sound_cut
        return np.where(np.isnan(judged), -1, np.where(failing, 2, np.where(sound, 0, 1))).astype(np.int8)

    def probabilities(self, scores: Numbers) -> Numbers:
        """Probability of failure that the model gives to scores; NaN: it gives none."""
        if self.link in ("logistic", "logistic_score"):
            return 1 / (1 + np.exp(-np.clip(scores, -700, 700)))
        if self.link == "normal":
            both_tails = map(math.erfc, (scores / -math.sqrt(2)).tolist())
            return 0.5 * np.fromiter(both_tails, dtype=np.float64, count=len(scores))
        if not self.link:
            return np.full(len(scores), np.nan)
        bounds, values = _table(self.link)
        if self.link == "banque_de_france_1983":  # one probability a class of scores
            found = values[np.searchsorted(bounds, scores, side="right").clip(max=len(values) - 1)]
            return np.where(np.isnan(scores), np.nan, found)
        return np.interp(scores, bounds, values)  # clamped at both ends; NaN stays NaN


@cache
def _table(name: str) -> tuple[Numbers, Numbers]:
    rows = sorted(
        (float(row["score"]), float(row["probability"]))
        for row in reference("probabilities.csv")
        if row["model"] == name
    )
    return np.array([score for score, _ in rows]), np.array([value for _, value in rows])


@cache
def inputs() -> Mapping[str, Input]:
    """Every input of the models by its key."""
    ways: dict[str, list[Mapping[str, str]]] = {}
    for row in reference("score_inputs.csv"):
        ways.setdefault(row["key"], []).append(row)
    return {key: _input(key, rows) for key, rows in ways.items()}


def _input(key: str, rows: Sequence[Mapping[str, str]]) -> Input:
    ways = tuple(
        Way(row["kind"], parse(row["numerator"] or "0"), parse(row["denominator"] or "0"), row["note"]) for row in rows
    )
    return Input(key, ways, rows[0]["nature"], float(rows[0]["bound"] or "nan"), rows[0]["family"])


@cache
def all_models() -> Mapping[str, Model]:
    """Models, their other forms and the wrong variants, by key."""
    return {row["key"]: _model(row) for row in reference("models.csv")}


def _model(row: Mapping[str, str]) -> Model:
    terms = tuple(
        Term(inputs()[term["input"]], float(term["coefficient"]))
        for term in reference("model_terms.csv")
        if term["model"] == row["key"]
    )
    number: dict[str, Any] = {
        name: float(row[name] or "nan") for name in ("constant", "scale", "fail_cut", "sound_cut")
    }
    text: dict[str, Any] = {name: row[name] for name in ("key", "role", "of", "unit", "direction", "link", "author")}
    return Model(
        **text, **number, illustrative=row["illustrative"] == "yes", year=int(row["year"]), terms=terms,
        confirmation=row["confirmation"], source=row["source"],
        claim=_texts(row, "claim"), population=_texts(row, "population"), caution=_texts(row, "caution"),
    )  # fmt: skip


def _texts(row: Mapping[str, str], name: str) -> Mapping[str, str]:
    return {language: row[f"{name}_{language}"] for language in ("fr", "en")}


@cache
def models() -> Mapping[str, Model]:
    """The published models by key, in reading order.

    Examples
    --------
    Which of them were estimated on French SMEs?

    >>> [key for key, model in models().items() if not model.illustrative]
    ['conan_holder']
    """
    return {key: model for key, model in all_models().items() if model.role == "model"}


def wrong_variants(key: str) -> tuple[Model, ...]:
    """Errors seen in print or in software about a model, as models of their own.

    Examples
    --------
    >>> [model.key for model in wrong_variants("altman_other")]
    ['altman_other_65', 'altman_other_private_cuts']
    """
    return tuple(model for model in all_models().values() if model.role == "wrong" and model.of == key)


# ---------------------------------------------------------------- scores of accounts


class _Accounts:
    """Figures of a table of accounts, each computed once, with those of the years before.

    A blank stays NaN through every sum and ratio.
    """

    def __init__(self, statements: pd.DataFrame, chosen: Iterable[Model], size: Numbers):
        self.table, self.size = statements, size
        asked = [name for model in chosen for term in model.terms for way in term.input.ways for name in _names(way)]
        present = dict.fromkeys(_base(name)[0] for name in (*asked, *_FEEDS))
        self.values, _ = evaluate(statements, list(present), annual=True)
        self.before = {lag: _years_before(statements, lag) for lag in {_base(name)[1] for name in asked} if lag}
        self._inputs: dict[str, Numbers] = {}

    def figure(self, name: str) -> Numbers:
        base, lag = _base(name)
        value = self.values[base].to_numpy()
        if not lag:
            return value
        place = self.before[lag]
        return np.where(place < 0, np.nan, value[place])

    def total(self, formula: Formula) -> Numbers:
        found = np.zeros(len(self.table))
        for factor, name in formula.terms:
            found += factor * self.figure(name)
        return found

    def input(self, key: str) -> Numbers:
        if key not in self._inputs:
            ways = [self._way(way, inputs()[key].nature) for way in inputs()[key].ways]
            found = ways[0]
            for other in ways[1:]:
                found = np.where(np.isnan(found), other, found)
            self._inputs[key] = found
        return self._inputs[key]

    def _way(self, way: Way, nature: str) -> Numbers:
        if way.kind == "given":  # of a wrong variant; accounts never give it
            return np.full(len(self.table), np.nan)
        above, below = self.total(way.numerator), self.total(way.denominator)
        unknown = np.isnan(above) | np.isnan(below)
        if way.kind == "change" and "months" in self.table:
            above = above * (12 / self.table["months"].to_numpy(dtype="float64", na_value=np.nan))
        if way.kind in ("ratio", "change"):
            found = np.divide(above, below, out=np.full(len(above), np.nan), where=below > NIL)
            return found * DAYS_OF_COST if nature == "days" else found
        if way.kind == "log":
            scaled = above * self.size
            return np.log(scaled, out=np.full(len(above), np.nan), where=scaled > 0)
        if way.kind == "swing":
            moved = np.abs(above) + np.abs(below)
            return np.divide(above - below, moved, out=np.where(unknown, np.nan, 0.0), where=moved > NIL)
        flags = {"exceeds": above > below, "losses": (above < 0) & (below < 0), "below_nil": above < 0}
        return np.where(unknown, np.nan, flags[way.kind]) if way.kind in flags else above

    def score(self, model: Model) -> Numbers:
        found = np.full(len(self.table), model.constant)
        for term in model.terms:
            value = self.input(term.input.key)
            factor = PERCENT if model.unit == "percent" and term.input.nature == "share" else 1.0
            found += (term.coefficient * factor) * value
        return np.where(self.unbalanced, np.nan, found * model.scale)

    @cached_property
    def unbalanced(self) -> npt.NDArray[np.bool_]:
        """Accounts whose two sides do not agree: no score can be trusted."""
        assets, whole, equity, debts = (self.values[name].to_numpy() for name in _FEEDS)
        apart = np.abs(assets - whole) > TOLERANCE
        beyond = np.isnan(whole) & (equity + debts - assets > TOLERANCE)
        return apart | beyond


def _names(way: Way) -> tuple[str, ...]:
    return way.numerator.names + way.denominator.names


def _base(name: str) -> tuple[str, int]:
    """A name without its year, and how many years before."""
    lag = LAGS.get(name[-3:], 0)
    return (name[:-3], lag) if lag else (name, 0)


def _years_before(statements: pd.DataFrame, lag: int) -> npt.NDArray[np.int64]:
    """Row of the same company `lag` years before each row; -1: none that follows on."""
    none = np.full(len(statements), -1, dtype=np.int64)
    if "company_id" not in statements or "year_end" not in statements:
        return none
    company, _ = pd.factorize(statements["company_id"])
    end = statements["year_end"].to_numpy().astype("datetime64[D]").astype(np.int64)
    order = np.lexsort((end, company))
    earlier, later = order[:-1], order[1:]
    months = np.full(len(statements), 12.0)
    if "months" in statements:
        filed = statements["months"].to_numpy(dtype="float64", na_value=np.nan)
        months = np.where(np.isnan(filed), 12.0, filed)
    gap = (end[later] - end[earlier]) - months[later] * (365.25 / 12)
    follows = (company[earlier] == company[later]) & (np.abs(gap) <= DRIFT)
    before = none.copy()
    before[later[follows]] = earlier[follows]
    for _ in range(lag - 1):
        before = np.where(before < 0, -1, before[before])
    return before


def score_values(
    statements: pd.DataFrame,
    models: Sequence[str] | None = None,
    *,
    price_index: float | None = None,
    dollars_per_unit: float | None = None,
) -> pd.DataFrame:
    """Scores of every company-year, one column each; NaN where not computable.

    Parameters
    ----------
    statements : pandas.DataFrame
        One row per company-year, lines in columns. Flows of years of other
        than twelve months (`months`) are brought to twelve.
    models : sequence of str, optional
        Keys of models or of their forms; None: all published models.
    price_index : float, optional
        Ohlson: price index of the year before the accounts, base 100 in 1968.
    dollars_per_unit : float, optional
        Ohlson: dollars for one unit of the currency of the accounts.

    Returns
    -------
    pandas.DataFrame, one row per company-year
        Identity columns, then one column per model.

    Raises
    ------
    InputError
        If a model is unknown, or a parameter is not positive.

    Examples
    --------
    >>> accounts = pd.DataFrame({"total_actif_net": [1000.0], "capitaux_propres": [300.0], "total_passif": [1000.0]})
    >>> float(score_values(accounts, ["conan_holder"])["conan_holder"].iloc[0])  # no income statement
    nan
    """
    chosen = _chosen(models)
    accounts = _Accounts(statements, chosen, _size(statements, price_index, dollars_per_unit))
    found = {model.key: accounts.score(model) for model in chosen}
    return with_identity(statements, pd.DataFrame(found, index=statements.index))


def _chosen(keys: Sequence[str] | None) -> tuple[Model, ...]:
    if keys is None:
        return tuple(models().values())
    keys = [keys] if isinstance(keys, str) else keys
    known = all_models()
    unknown = [key for key in keys if key not in known]
    if unknown:
        expected = ", ".join(models())
        raise InputError(
            [Defect("score_unknown_model", "fatal", value=str(key), details={"expected": expected}) for key in unknown]
        )
    return tuple(known[key] for key in keys)


def _size(statements: pd.DataFrame, price_index: float | None, dollars_per_unit: float | None) -> Numbers:
    """What brings total assets to dollars of 1968; NaN: not given."""
    given = {"price_index": price_index, "dollars_per_unit": dollars_per_unit}
    wrong = [
        Defect("score_parameter", "fatal", column=name, value=str(value))
        for name, value in given.items()
        if value is not None and not (isinstance(value, int | float) and 0 < value < math.inf)
    ]
    if wrong:
        raise InputError(wrong)
    if price_index is None or dollars_per_unit is None:
        return np.full(len(statements), np.nan)
    return np.full(len(statements), dollars_per_unit / price_index)


def score(
    statements: pd.DataFrame,
    models: Sequence[str] | None = None,
    *,
    price_index: float | None = None,
    dollars_per_unit: float | None = None,
) -> pd.DataFrame:
    """Every model side by side: score, class, boundaries, and why where there is none.

    Parameters
    ----------
    statements, models, price_index, dollars_per_unit
        See :func:`score_values`.

    Returns
    -------
    pandas.DataFrame, one row per company-year and model
        `company_id`, `company_name` and `year_end` where given, `model`,
        `score`, `class` (sound, uncertain, failing; null: no score),
        `fail_cut`, `sound_cut`, `direction` (which way is safer),
        `probability` (of failure, fraction; NaN: the model gives none),
        `illustrative` (not estimated on French SMEs, or not settled),
        `reason` (null, unbalanced, unknown_line, no_parameter,
        no_year_before, nil_denominator, negative_denominator), `missing`
        (what is unknown, or what the denominator is), `notes` (keys of what
        makes the score an approximation).

    Examples
    --------
    What do the models say of this customer, and what do they miss?

    >>> accounts = pd.DataFrame({"total_actif_net": [1000.0], "total_passif": [900.0]})
    >>> found = score(accounts, ["altman_private"])
    >>> found[["model", "reason"]].values.tolist()
    [['altman_private', 'unbalanced']]
    """
    chosen = _chosen(models)
    accounts = _Accounts(statements, chosen, _size(statements, price_index, dollars_per_unit))
    identity = [name for name in _IDENTITY if name in statements]
    unbalanced = accounts.unbalanced
    rows = statements.to_dict("records")
    found: list[list[Any]] = []
    for model in chosen:
        scores = accounts.score(model)
        places, chances = model.classes(scores), model.probabilities(scores)
        notes = _notes(accounts, model)
        for place, row in enumerate(rows):
            known = places[place] >= 0
            why: tuple[str | None, str] = (None, "")
            if not known:
                why = ("unbalanced", "") if unbalanced[place] else _why(accounts, model, rows, place)
            judged = CLASSES[places[place]] if known else None
            told = [model.key, scores[place], judged, model.fail_cut, model.sound_cut, model.direction]
            told += [chances[place], model.illustrative, *why, notes[place] if known else ""]
            found.append([place, *(row[name] for name in identity), *told])
    table = pd.DataFrame(found, columns=["_row", *identity, *RESULT])
    return table.sort_values("_row", kind="stable").drop(columns="_row").reset_index(drop=True)


def _notes(accounts: _Accounts, model: Model) -> list[str]:
    """Keys of what makes the score of each row an approximation."""
    names = dict.fromkeys(_base(name)[0] for term in model.terms for way in term.input.ways for name in _names(way))
    bits: Bits = evaluate(accounts.table, list(names))[1]
    texts = note_texts(bits).tolist()
    for term in model.terms:
        for way in term.input.ways[1:]:
            first = accounts._way(term.input.ways[0], term.input.nature)
            texts = [f"{text} {way.note}".strip() if math.isnan(value) else text for text, value in zip(texts, first)]
    if "months" in accounts.table:
        other = accounts.table["months"].notna() & (accounts.table["months"] != 12)
        texts = [f"{text} annualised".strip() if flag else text for text, flag in zip(texts, other)]
    return texts


def _why(accounts: _Accounts, model: Model, rows: Sequence[Mapping[Any, Any]], place: int) -> tuple[str, str]:
    """The first reason that stops a model on a row, and all that is missing for that reason."""
    found: dict[str, dict[str, None]] = {}
    for term in model.terms:
        if not math.isnan(accounts.input(term.input.key)[place]):
            continue
        reason, names = _stopped(accounts, term.input, rows, place)
        found.setdefault(reason, {}).update(dict.fromkeys(names))
    order = ("unknown_line", "no_year_before", "no_parameter", "negative_denominator", "nil_denominator")
    reason = next(name for name in order if name in found)
    return reason, " ".join(found[reason])


def _stopped(
    accounts: _Accounts, wanted: Input, rows: Sequence[Mapping[Any, Any]], place: int
) -> tuple[str, list[str]]:
    """Why an input has no value on a row."""
    way = wanted.ways[-1]  # of several ways the last, which asks for least
    missing: list[str] = []
    for name in _names(way):
        base, lag = _base(name)
        at = int(accounts.before[lag][place]) if lag else place
        if at < 0:
            return "no_year_before", []
        missing += unknown_lines(rows[at], Formula(((1.0, base),)))
    if missing:
        months = rows[place].get("months", 12)
        return "unknown_line", ["months"] if months != months else list(dict.fromkeys(missing))
    if any(math.isnan(float(accounts.figure(name)[place])) for name in _names(way)):
        return "unknown_line", ["months"]  # every line is known: only the length of a year is not
    if way.kind == "given":
        return "no_parameter", [wanted.key]
    if way.kind == "log" and math.isnan(accounts.size[place]):
        return "no_parameter", ["price_index", "dollars_per_unit"]
    names = list(way.denominator.names or way.numerator.names)
    below = float(accounts.total(way.denominator if way.denominator.terms else way.numerator)[place])
    return ("negative_denominator" if below < -NIL else "nil_denominator"), names


def contributions(
    statements: pd.DataFrame,
    models: Sequence[str] | None = None,
    *,
    price_index: float | None = None,
    dollars_per_unit: float | None = None,
) -> pd.DataFrame:
    """What each input brings to each score: the place to look when two models disagree.

    Parameters
    ----------
    statements, models, price_index, dollars_per_unit
        See :func:`score_values`.

    Returns
    -------
    pandas.DataFrame, one row per company-year, model and input
        Identity, `model`, `input`, `family` (liquidity, solidity,
        profitability, activity, cost), `value` (a share is a fraction),
        `coefficient` (for that value), `contribution`. With the model's
        constant the contributions of a score add up to it.

    Examples
    --------
    >>> accounts = pd.DataFrame({"capitaux_propres": [300.0], "total_passif": [1000.0]})
    >>> found = contributions(accounts, ["altman_other"]).set_index("input")
    >>> round(float(found.loc["bve_tl", "contribution"]), 2)
    0.45
    """
    chosen = _chosen(models)
    accounts = _Accounts(statements, chosen, _size(statements, price_index, dollars_per_unit))
    identity = [name for name in _IDENTITY if name in statements]
    parts = []
    for rank, model in enumerate(chosen):
        for place, term in enumerate(model.terms):
            value = np.where(accounts.unbalanced, np.nan, accounts.input(term.input.key))
            factor = PERCENT if model.unit == "percent" and term.input.nature == "share" else 1.0
            coefficient = term.coefficient * factor * model.scale
            part = statements[identity].assign(
                model=model.key, input=term.input.key, family=term.input.family,
                value=value, coefficient=coefficient, contribution=coefficient * value,
                _order=rank * 100 + place, _row=np.arange(len(statements)),
            )  # fmt: skip
            parts.append(part)
    whole = pd.concat(parts, ignore_index=True).sort_values(["_row", "_order"], kind="stable")
    return whole.drop(columns=["_row", "_order"]).reset_index(drop=True)


def disagreements(scores: pd.DataFrame) -> pd.DataFrame:
    """Whether the models agree on each company-year.

    Parameters
    ----------
    scores : pandas.DataFrame
        Result of :func:`score`. EM is left out: it is Z'' moved by a constant.

    Returns
    -------
    pandas.DataFrame, one row per company-year
        Identity, `sound`, `uncertain`, `failing`, `not_computable` (numbers of
        models), `verdict`: all_sound, all_uncertain, all_failing, close
        (neighbouring classes), opposed (sound for one, failing for another),
        single (one score only), no_score; `sound_models`, `failing_models`
        (keys, separated by spaces).

    Notes
    -----
    Models weigh different things: one that looks at equity and one that looks
    at what is due tomorrow may both be right. The disagreement says where to
    look (:func:`contributions`).

    Examples
    --------
    >>> scores = pd.DataFrame({"model": ["altman_other", "ohlson"], "class": ["sound", "failing"]})
    >>> disagreements(scores)["verdict"].item()
    'opposed'
    """
    identity = [name for name in _IDENTITY if name in scores]
    counted = scores[scores["model"] != "altman_emerging"]
    groups = counted.groupby(identity, sort=False, dropna=False) if identity else [((), counted)]
    rows = []
    for key, part in groups:
        models_of = {name: part.loc[part["class"] == name, "model"].tolist() for name in CLASSES}
        counts = {name: len(found) for name, found in models_of.items()}
        silent = len(part) - sum(counts.values())
        sides = [" ".join(models_of["sound"]), " ".join(models_of["failing"])]
        rows.append([*key, *counts.values(), silent, _verdict(counts), *sides])
    names = [*identity, *CLASSES, "not_computable", "verdict", "sound_models", "failing_models"]
    return pd.DataFrame(rows, columns=names)


def _verdict(counts: Mapping[str, int]) -> str:
    present = [name for name, number in counts.items() if number]
    if not present:
        return "no_score"
    if sum(counts.values()) == 1:
        return "single"
    if len(present) == 1:
        return f"all_{present[0]}"
    return "opposed" if {"sound", "failing"} <= set(present) else "close"


# ---------------------------------------------------------------- AFDCC: inputs alone

AFDCC = ("ebit_sales", "net_interest_ebitda", "frng_days", "tn_days", "financing_capacity", "tax_social_va")


def afdcc_inputs(statements: pd.DataFrame, *, days: int = 360) -> pd.DataFrame:
    """Ratios that the AFDCC 3 score looks at; its coefficients are not public, so that there is no score.

    Parameters
    ----------
    statements : pandas.DataFrame
        One row per company-year, lines in columns.
    days : int
        Days of a year in the figures in days of sales.

    Returns
    -------
    pandas.DataFrame, one row per company-year
        Identity, `ebit_sales`, `net_interest_ebitda` (financial charges less
        income over EBE), `frng_days`, `tn_days` (of sales excluding VAT),
        `financing_capacity` (CAF less change is not published in detail: here
        CAF over financial debts), `tax_social_va`; NaN where not computable.

    Notes
    -----
    Definitions are ours (CHOICE): only the names of the ratios are published.
    Any formula called "AFDCC score" found elsewhere must be doubted.

    Examples
    --------
    >>> accounts = pd.DataFrame({"dettes_fiscales_sociales": [120.0], "chiffre_affaires": [1000.0]})
    >>> bool(afdcc_inputs(accounts)["tax_social_va"].isna().iloc[0])  # the value added is unknown
    True
    """
    names = (
        "ebit", "chiffre_affaires", "total_charges_financieres", "total_produits_financiers", "ebe", "frng", "tn",
        "caf_additive", "dettes_financieres", "dettes_fiscales_sociales", "valeur_ajoutee",
    )  # fmt: skip
    v, _ = evaluate(statements, names, annual=True)

    def over(above: pd.Series, below: pd.Series) -> pd.Series:
        return above / below.where(below > NIL)

    found = {
        "ebit_sales": over(v["ebit"], v["chiffre_affaires"]),
        "net_interest_ebitda": over(v["total_charges_financieres"] - v["total_produits_financiers"], v["ebe"]),
        "frng_days": over(v["frng"], v["chiffre_affaires"]) * days,
        "tn_days": over(v["tn"], v["chiffre_affaires"]) * days,
        "financing_capacity": over(v["caf_additive"], v["dettes_financieres"]),
        "tax_social_va": over(v["dettes_fiscales_sociales"], v["valeur_ajoutee"]),
    }
    return with_identity(statements, pd.DataFrame(found, index=statements.index))
