"""Who decides: the defaults, a company's own delegation, every defect of its file."""

import subprocess
import sys

import pandas as pd
import pytest
from refusals import codes, unused_sentences

import cmtools as cm
from cmtools import delegation
from cmtools.schemas import InputError
from cmtools.settings import reference_rows

HEADINGS = "Décision;Fonction;Niveau de risque;Jusqu'à\n"


def test_default_delegation():
    table = cm.read_delegation()
    assert set(table["decision"]) == set(delegation.DECISIONS)
    for _, mine in table.groupby(["decision", "risk_level"]):
        assert mine["up_to"].is_monotonic_increasing
        assert not mine["up_to"].duplicated().any()
        assert mine["up_to"].iloc[-1] == float("inf")  # someone always decides
    # a worse level never widens what a function may decide
    ceilings = {(row["decision"], row["role"], row["risk_level"]): row["up_to"] for row in table.to_dict("records")}
    for better, worse in zip("ABCD", "BCDE"):
        for (decision, role, level), ceiling in ceilings.items():
            assert level != worse or ceiling <= ceilings[decision, role, better]


@pytest.mark.parametrize(
    ("amount", "level", "who"),
    [
        (15_000, "B", "credit_analyst"), (15_000.01, "B", "credit_manager"), (50_000.01, "B", "cfo"),
        (120_000.01, "B", "credit_committee"), (400_000.01, "B", "general_management"), (0, "E", "cfo"),
        (1_000, None, "cfo"), (60_000, None, "general_management"),
    ],
)  # fmt: skip
def test_decider(amount, level, who):
    """Level B: analyst to 15 000, credit manager 50 000, finance 120 000, committee 400 000; E: finance to 10 000."""
    assert cm.decider(amount, level) == who


def test_decider_of_other_decisions_and_bad_ones():
    assert cm.decider(20_000, "C", decision="refuse_limit") == "credit_manager"
    assert cm.decider(20_000, "C", decision="unblock_order") == "cfo"
    assert codes(cm.decider, -1, "Z") == [("limit_bad_amount", "amount"), ("bad_choice", "risk_level")]
    assert codes(cm.decider, float("nan"), "A") == [("limit_bad_amount", "amount")]
    assert codes(cm.decider, 1, "A", decision="dream") == [("bad_choice", "decision")]


def test_own_delegation(write):
    path = write(
        HEADINGS + "Fixer;Analyste crédit;;10 000\nfixer une limite;DAF;;50000,00\n;Gérant;;sans limite\n"
        "Fixer;Analyste crédit;E;0\nFixer;Chef des ventes <b>;A;20 000 €\n"
    )
    table = cm.read_delegation(path)
    decide = {level: cm.decider(9_000, level, table) for level in "ABCDE"}
    assert decide == dict.fromkeys("ABCD", "credit_analyst") | {"E": "cfo"}  # the row of level E goes first
    assert cm.decider(15_000, "A", table) == "Chef des ventes <b>"  # a function of the company's own
    assert cm.decider(15_000, "B", table) == "cfo"
    assert cm.decider(9e9, "C", table) == "general_management"
    assert cm.decider(1, "C", table, "refuse_limit") == "general_management"  # a blank decision: all three
    shown = cm.display.table(delegation.delegation_table(table, language="fr"), "fr")
    assert "&lt;b&gt;" in shown
    english = write("Decision,Role,Risk level,Up to\nSet a limit,Credit manager,b,10000\n", "english.csv")
    assert cm.read_delegation(english).values.tolist() == [["set_limit", "B", "credit_manager", 10_000]]
    assert cm.decider(10_000.01, "B", cm.read_delegation(english)) is None  # above every ceiling
    assert (
        cm.read_delegation(write(HEADINGS + ";DAF;Or;5000\n"), levels=("Or", "Argent"))["risk_level"].tolist()
        == ["Or"] * 3
    )


def test_every_defect_of_a_delegation_is_told(write):
    path = write(
        HEADINGS
        + "Rêver;DAF;;10000\nFixer;;;10000\nFixer;DAF;Z;10000\nFixer;DAF;A;\nFixer;DAF;B;-5\nFixer;DAF;C;1.234\n"
        "Fixer;DAF;D;beaucoup\nFixer;Analyste crédit;E;500\nFixer;Credit manager;E;500\nFixer;DAF;E;100\n"
        "Fixer;DAF;E;200\n"
    )
    with pytest.raises(InputError) as caught:
        cm.read_delegation(path)
    told = sorted((defect.line, defect.code) for defect in caught.value.defects)
    assert told == [
        (2, "settings_unknown_key"), (3, "blank_value"), (4, "bad_choice"), (5, "blank_value"),
        (6, "settings_negative"), (7, "settings_two_ways"), (8, "settings_bad_number"), (10, "delegation_tie"),
        (12, "settings_duplicate"),
    ]  # fmt: skip
    for language in ("fr", "en"):
        assert "file.csv" in caught.value.text(language)
    assert codes(cm.read_delegation, write("Décision;Fonction\nFixer;DAF\n"))[0][0] == "settings_missing_column"
    assert codes(cm.read_delegation, write(HEADINGS)) == [("settings_no_rows", "")]


def test_file_to_edit_holds_the_defaults(root, tmp_path):
    pd.testing.assert_frame_equal(cm.read_delegation(root / "data" / "delegations.csv"), cm.read_delegation())
    subprocess.run([sys.executable, str(root / "data" / "make_credit.py"), str(tmp_path)], check=True, timeout=60)
    assert (tmp_path / "delegations.csv").read_bytes() == (root / "data" / "delegations.csv").read_bytes()
    english = tmp_path / "english.csv"
    delegation.delegation_sheet("en").to_csv(english, index=False)
    pd.testing.assert_frame_equal(cm.read_delegation(english), cm.read_delegation())


def test_every_sentence_is_used():
    assert unused_sentences("delegation") == []


def test_labels_of_what_is_shown():
    named = {row["key"] for row in reference_rows("labels.csv")}
    assert {*delegation.ROLES, *delegation.DECISIONS} - named == set()
