"""What a quiz file can hold that is wrong: each defect is told with its line, all of them at once."""

import re
import textwrap

import pytest

from cmtools.quiz_files import LARGEST, read
from cmtools.schemas import InputError

HEAD = """\
quiz: sample
title: {fr: Un quiz, en: A quiz}
pass_mark: 0.75
questions:
"""
COMMON = """\
  - id: first
    kind: single
    competence: cost
    covers: [000-04]
    reference: {fr: Leçon 08, en: Lesson 08}
    text: {fr: Combien ?, en: How much?}
    explanation: {fr: Parce que., en: Because.}
"""  # lines 5 to 11 of the file
SINGLE = """\
    choices:
      - {fr: dix, en: ten, right: true}
      - {fr: vingt, en: twenty, why: {fr: Trop., en: Too much.}}
"""
MULTIPLE = SINGLE.replace("twenty", "nine").replace("vingt", "neuf") + "      - {fr: onze, en: eleven, right: true}\n"
TRUE = """\
    answer: true
    why: {fr: Mais si., en: It is.}
"""
NUMERIC = """\
    figures:
      loss: {printed: 5000, low: 1000, high: 9000, step: 500, unit: money}
      rate: {printed: 0.1, unit: rate}
    workings:
      half: {value: loss / 2, unit: money, decimals: 2}
    answer: loss / rate
    unit: money
    decimals: 0
    mistakes:
      - {value: loss * rate, why: {fr: "Multiplié : {value}", en: "Multiplied: {value}"}}
"""
OF_LOSS = COMMON.replace("Combien ?", "'{loss} à {rate} ?'").replace("How much?", "'{loss} at {rate}?'")


def question(kind, own, common=COMMON):
    return common.replace("kind: single", f"kind: {kind}") + own


GOOD = {
    "single": question("single", SINGLE),
    "multiple": question("multiple", MULTIPLE),
    "true_false": question("true_false", TRUE),
    "numeric": question("numeric", NUMERIC, OF_LOSS),
}


@pytest.fixture
def write(tmp_path):
    def written(text, name="sample.yaml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


def refused(path):
    with pytest.raises(InputError) as error:
        read(path)
    return error.value


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_file_is_read(write, kind):
    quiz = read(write(HEAD + GOOD[kind]))
    assert (quiz.name, quiz.pass_mark, [one.kind for one in quiz.questions]) == ("sample", 3 / 4, [kind])


SINGLE_LINE = 12  # first line of what a kind has of its own
SEVEN = "".join(f"      - {{fr: a{n}, en: b{n}, why: {{fr: c, en: d}}}}\n" for n in range(7))
DEFECTS = [
    # kind, what is replaced, by what, line, code
    ("single", "quiz: sample", "quiz: other", 1, "quiz_other_name"),
    ("single", "quiz: sample", "quiz: Pas Un Mot", 1, "quiz_bad_word"),
    ("single", "quiz: sample\n", "", 1, "quiz_missing_key"),
    ("single", "title: {fr: Un quiz, en: A quiz}", "title: {fr: Un quiz}", 2, "quiz_missing_key"),
    ("single", "title: {fr: Un quiz, en: A quiz}", "title: {fr: Un quiz, en: ' '}", 2, "quiz_expected_text"),
    ("single", "title: {fr: Un quiz, en: A quiz}", "title: {fr: Un quiz, en: A quiz, de: Ein}", 2, "quiz_unknown_key"),
    ("single", "title: {fr: Un quiz, en: A quiz}", "title: A quiz", 2, "quiz_expected_mapping"),
    ("single", "pass_mark: 0.75", "pass_mark: 75", 3, "quiz_bad_share"),
    ("single", "pass_mark: 0.75", "pass_mark: 0", 3, "quiz_bad_share"),
    ("single", "pass_mark: 0.75", "pass_mark: 75 %", 3, "quiz_expected_number"),
    ("single", "pass_mark: 0.75", "pass_mark: .inf", 3, "quiz_expected_number"),
    ("single", "pass_mark: 0.75", "pass_mark: 0.75\nauthor: me", 4, "quiz_unknown_key"),
    ("single", "pass_mark: 0.75", "pass_mark: 0.75\npass_mark: 0.5", 4, "quiz_key_twice"),
    ("single", "id: first", "id: Première", 5, "quiz_bad_word"),
    ("single", "kind: single", "kind: essay", 6, "quiz_not_one_of"),
    ("single", "    kind: single\n", "", 5, "quiz_missing_key"),
    ("single", "competence: cost", "competence: cooking", 7, "quiz_no_competence"),
    ("single", "covers: [000-04]", "covers: [4]", 8, "quiz_bad_row"),
    ("single", "covers: [000-04]", "covers: []", 8, "quiz_expected_list"),
    ("single", "covers: [000-04]", "covers: 000-04", 8, "quiz_expected_list"),
    ("single", "reference: {fr: Leçon 08, en: Lesson 08}", "reference:", 9, "quiz_expected_mapping"),
    ("single", "    reference: {fr: Leçon 08, en: Lesson 08}\n", "", 5, "quiz_missing_key"),
    ("single", "text: {fr: Combien ?, en: How much?}", "text: {fr: [a], en: b}", 10, "quiz_expected_text"),
    ("single", "How much?", "'How much is {loss}?'", 10, "quiz_unknown_name"),
    ("single", "    explanation: {fr: Parce que., en: Because.}\n", "", 5, "quiz_missing_key"),
    ("single", "en: ten, right: true", "en: ten, right: yes", 13, "quiz_expected_flag"),
    ("single", "en: ten, right: true", "en: ten, right: false, why: {fr: x, en: y}", 13, "quiz_one_right"),
    ("single", "why: {fr: Trop., en: Too much.}", "right: true", 13, "quiz_one_right"),
    ("single", "      - {fr: vingt, en: twenty, why: {fr: Trop., en: Too much.}}\n", "", 13, "quiz_one_right"),
    ("single", ", why: {fr: Trop., en: Too much.}", "", 14, "quiz_missing_key"),
    ("single", "en: Too much.", "en: '{value}'", 13, "quiz_unknown_name"),
    ("single", "en: twenty", "en: ten", 13, "quiz_choice_twice"),
    ("single", SINGLE, SINGLE + "    answer: true\n", 15, "quiz_unknown_key"),
    ("single", SINGLE, "    choices: ten\n", 12, "quiz_expected_list"),
    ("single", "{fr: dix, en: ten, right: true}", "ten", 13, "quiz_expected_mapping"),
    ("single", SINGLE, SINGLE + SEVEN, 13, "quiz_many_choices"),
    ("multiple", "why: {fr: Trop., en: Too much.}", "right: true", 13, "quiz_some_right"),
    ("true_false", "answer: true", "answer: 'true'", 12, "quiz_expected_flag"),
    ("true_false", "answer: true", "answer: oui", 12, "quiz_expected_flag"),
    ("true_false", "    why: {fr: Mais si., en: It is.}\n", "", 5, "quiz_missing_key"),
    ("numeric", "printed: 5000", "printed: 5 000", 13, "quiz_expected_number"),
    ("numeric", "printed: 5000", "printed: 5250", 13, "quiz_bad_range"),
    ("numeric", "printed: 5000", "printed: 9500", 13, "quiz_bad_range"),
    ("numeric", "step: 500", "step: 0", 13, "quiz_bad_range"),
    ("numeric", "high: 9000", "high: 9100", 13, "quiz_bad_range"),
    ("numeric", ", high: 9000", "", 13, "quiz_missing_key"),
    ("numeric", "step: 500, unit: money", "step: 500, unit: pounds", 13, "quiz_not_one_of"),
    ("numeric", "rate: {printed: 0.1, unit: rate}", "rate: 0.1", 14, "quiz_expected_mapping"),
    ("numeric", "half: {value: loss / 2", "half: {value: third / 2", 16, "quiz_unknown_name"),
    ("numeric", "half: {value: loss / 2", "loss: {value: loss / 2", 16, "quiz_key_twice"),
    ("numeric", "half: {value: loss / 2", "half: {value: half / 2", 16, "quiz_unknown_name"),
    ("numeric", "answer: loss / rate", "answer: loss / margin", 17, "quiz_unknown_name"),
    ("numeric", "answer: loss / rate", "answer: loss ** rate", 17, "quiz_bad_formula"),
    ("numeric", "answer: loss / rate", "answer: __import__('os').getcwd()", 17, "quiz_bad_formula"),
    ("numeric", "answer: loss / rate", "answer: loss / (rate - rate)", 17, "quiz_divided_by_nil"),
    ("numeric", "unit: money\n    decimals: 0", "unit: euro\n    decimals: 0", 18, "quiz_not_one_of"),
    ("numeric", "decimals: 0", "decimals: 1.5", 19, "quiz_bad_decimals"),
    ("numeric", "decimals: 0", "decimals: 9", 19, "quiz_bad_decimals"),
    ("numeric", "value: loss * rate, why", "value: 10 * loss, why", 21, "quiz_mistake_right"),
    ("numeric", NUMERIC, NUMERIC + "      - {value: half / 5, why: {fr: a, en: b}}\n", 21, "quiz_mistake_twice"),
    ("numeric", NUMERIC[NUMERIC.index("    mistakes") :], "    mistakes: []\n", 20, "quiz_expected_list"),
    ("numeric", "Multiplied: {value}", "Multiplied: {price}", 21, "quiz_unknown_name"),
    ("numeric", "Multiplied: {value}", "Multiplied: {loss.real}", 21, "quiz_unknown_name"),
    ("numeric", "en: Because.", "en: 'Because {'", 11, "quiz_unknown_name"),
    ("numeric", "{loss} at {rate}", "{loss} at 10%", 10, "quiz_figure_unseen"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "old", "new", "line", "code"), DEFECTS)
def test_each_defect_has_its_line(write, kind, old, new, line, code):
    text = HEAD + GOOD[kind]
    assert text.count(old) == 1
    found = refused(write(text.replace(old, new)))
    assert [(defect.code, defect.line) for defect in found.defects] == [(code, line)], found.text("en")
    for tongue in ("fr", "en"):
        place = {"fr": f"sample.yaml, ligne {line} : ", "en": f"sample.yaml, line {line}: "}[tongue]
        assert place in found.text(tongue)
        assert not re.search(r"\{(where|known|accepted|missing|most|expected)\}", found.text(tongue))
    if line > 5 and kind == "numeric":
        assert "first" in found.text("en")


def test_all_defects_are_told_at_once(write):
    text = HEAD.replace("0.75", "2").replace("quiz: sample", "quiz: x") + "".join(
        part.replace("id: first", f"id: {kind}_one").replace("competence: cost", "competence: none")
        for kind, part in GOOD.items()
    )
    text = text.replace("answer: true", "answer: maybe").replace("answer: loss / rate", "answer: loss +")
    found = refused(write(text))
    codes = [defect.code for defect in found.defects]
    assert codes.count("quiz_no_competence") == 4
    assert {"quiz_other_name", "quiz_bad_share", "quiz_expected_flag", "quiz_bad_formula"} < set(codes)
    lines = [defect.line for defect in found.defects]
    assert lines == sorted(lines)
    assert len(codes) == 8


def test_two_questions_of_one_name(write):
    found = refused(write(HEAD + GOOD["single"] + GOOD["true_false"]))
    assert [(defect.code, defect.line) for defect in found.defects] == [("quiz_question_twice", 15)]


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("", 1, "empty_file"),
        ("quiz: a\n  title: b\n", 2, "quiz_unreadable"),
        ("quiz: 'a\n", 2, "quiz_unreadable"),
        ("quiz: *nothing\n", 1, "quiz_unreadable"),
        ("- a\n- b\n", 1, "quiz_expected_mapping"),
        (b"quiz: \xff\xfe\xfa", 1, "quiz_unreadable"),
        (b"quiz: \x00", 1, "quiz_unreadable"),
        ("a: b\n" * (LARGEST // 5 + 1), 1, "quiz_too_large"),
    ],
)
def test_what_is_no_quiz_at_all(write, text, line, code):
    found = refused(write(text))
    assert (found.defects[0].code, found.defects[0].line) == (code, line)


def test_a_file_that_repeats_or_nests_itself_ends(write):
    bomb = "a: &a [x, x, x, x]\n" + "".join(
        f"b{n}: &b{n} [{', '.join(['*a' if n == 0 else f'*b{n - 1}'] * 9)}]\n" for n in range(12)
    )
    assert refused(write(bomb)).defects
    assert refused(write("quiz: " + "[" * 900 + "]" * 900)).defects
    assert refused(write("[" * 200_000)).defects
    itself = HEAD + GOOD["single"].replace("choices:", "choices: &c").replace("{fr: dix, en: ten, right: true}", "*c")
    assert refused(write(itself)).defects


def test_code_in_a_file_is_text(write):
    text = HEAD.replace("A quiz", "!!python/object/apply:os.getcwd []")
    assert {defect.code for defect in refused(write(text + GOOD["single"])).defects} == {"quiz_expected_text"}


def test_rows_of_the_inventory_beside_it(tmp_path):
    folder = tmp_path / "quizzes"
    folder.mkdir()
    (tmp_path / "inventory.csv").write_text("id,item\n000-04,stakes\n", encoding="utf-8")
    path = folder / "sample.yaml"
    path.write_text(HEAD + GOOD["single"], encoding="utf-8")
    assert read(path).questions[0].covers == ("000-04",)
    path.write_text(HEAD + GOOD["single"].replace("000-04", "000-99"), encoding="utf-8")
    assert [(defect.code, defect.line) for defect in refused(path).defects] == [("quiz_bad_row", 8)]


def test_a_missing_file(tmp_path):
    assert refused(tmp_path / "none.yaml").defects[0].code == "missing_file"


@pytest.mark.parametrize("name", ["stakes", "dashboard"])
def test_course_files_are_whole(root, name):
    path = root / "course" / "quizzes" / f"{name}.yaml"
    quiz = read(path)
    for one in quiz.questions:
        for both in (one.text, one.explanation, one.reference):
            assert set(both) == {"fr", "en"}
            assert both["fr"] != both["en"] or both is one.reference
        assert 2 <= len(re.findall(r"[.?!…](?:\s|$)", one.explanation["fr"])) <= 6, one.id
        said = " ".join([*one.text.values(), *one.explanation.values()])
        assert "UNCONFIRMED" not in said
        assert re.search(r"\d|\{\w+\}", said), "a figure is at stake"
    folded = textwrap.dedent(path.read_text(encoding="utf-8"))
    assert "\t" not in folded
