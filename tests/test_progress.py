"""No answer is lost, none is kept twice, and the file can be read, whatever happens meanwhile."""

import csv
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from cmtools import progress as module
from cmtools.cli import main
from cmtools.progress import MARK, Attempt, Progress, ProgressError, default_path, harmless, new_attempt

UNIX = pytest.mark.skipif(os.name == "nt", reason="signals and limits of Unix")
LONG = "é" * 4_000  # an answer of several pages of the file


def attempt(number, made_at="2026-06-30T10:00:00.000+00:00", answer="12,5 %", **more):
    return Attempt(f"{number:032x}", made_at, "exercise", "07_dso", "balance", 0, answer, "wrong", 0.0, "")._replace(
        **more
    )


@pytest.fixture
def kept(tmp_path):
    return Progress(tmp_path / "progress.sqlite")


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """Neither the course around the tests nor the answers of who runs them."""
    monkeypatch.delenv("CMTOOLS_PROGRESS", raising=False)
    monkeypatch.chdir(tmp_path)


def error_of(call, *arguments):
    """Key of the error of a call, which reads in both languages."""
    with pytest.raises(ProgressError) as caught:
        call(*arguments)
    assert caught.value.text("fr") != caught.value.text("en")
    return caught.value.key


def run(script, *arguments):
    """What a Python of its own printed as JSON."""
    code = COMMON + script
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


COMMON = """
import json, os, random, resource, signal, sys, time
from datetime import UTC, datetime
from cmtools.progress import Attempt, Progress, ProgressError

def attempt(number, answer="x"):
    made_at = datetime.now(UTC).isoformat(timespec="milliseconds")
    return Attempt(f"{number:032x}", made_at, "exercise", "07_dso", "balance", 0, answer, "wrong")

def numbers(progress):
    return [int(one.id, 16) for one in progress.attempts()]
"""


# --- what is kept -------------------------------------------------------------------------------------------------


def test_an_attempt_comes_back_as_it_was(kept):
    made = attempt(
        1, answer="1 234,56 €\n« pas sûr » 🙂 '); DROP TABLE attempts; --", variant=3, score=0.25, detail="ht_ttc"
    )
    assert kept.attempts() == []
    assert not kept.path.exists()  # asking makes no file
    assert kept.add(made) is True
    assert kept.attempts() == [made]


def test_the_same_id_is_the_same_answer(kept):
    assert [kept.add(attempt(1)), kept.add(attempt(1, answer="again")), kept.add(attempt(2))] == [True, False, True]
    assert [one.answer for one in kept.attempts()] == ["12,5 %", "12,5 %"]


def test_attempts_come_in_order_of_time_and_by_what_they_are(kept):
    times = ["2026-06-30T10:00:02+00:00", "2026-06-30T12:00:01.5+02:00", "2026-06-30T10:00:02Z"]
    for number, made_at in enumerate(times):
        kept.add(attempt(number, made_at, item=f"q{number}", topic="stakes" if number else "07_dso"))
    assert [one.made_at for one in kept.attempts()] == [
        "2026-06-30T10:00:01.500+00:00", "2026-06-30T10:00:02.000+00:00", "2026-06-30T10:00:02.000+00:00",
    ]  # fmt: skip
    assert [one.item for one in kept.attempts()] == ["q1", "q0", "q2"]
    assert [one.item for one in kept.attempts(topic="stakes")] == ["q1", "q2"]
    assert [one.item for one in kept.attempts("exercise", "stakes", "q2")] == ["q2"]
    assert kept.attempts("quiz") == kept.attempts(topic="' OR 1 --") == []


def test_values_are_kept_as_what_they_are(kept):
    made = new_attempt(
        "quiz", "stakes", "late_share", "right", variant=np.int64(7), score=np.float64(1), answer="\ud83d"
    )
    kept.add(made)
    kept.add(new_attempt("lesson", "07_dso", "", "read", answer="x" * 5_000))
    first, last = kept.attempts()
    assert (first.variant, first.score, first.answer) == (7, 1.0, "?")
    assert (type(first.variant), type(first.score)) == (int, float)
    assert (len(last.answer), last.score) == (4_000, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "1"), ("id", "G" * 32), ("activity", "game"), ("made_at", "yesterday"), ("variant", 2**63),
        ("made_at", "2026-06-30T10:00:00"), ("score", float("nan")),
    ],
)  # fmt: skip
def test_what_is_no_attempt_is_refused(kept, field, value):
    with pytest.raises(ValueError, match=r"expected|Invalid isoformat"):
        kept.add(attempt(1, **{field: value}))
    assert kept.attempts() == []


# --- two at once, and death in the middle -------------------------------------------------------------------------

WRITER = """
progress, writer, count = Progress(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
added = {}
for n in range(count):
    number = 1_000 * writer + n
    if n % 3 == 0:  # one in three is the same click seen by both, at the same moment
        number = n
        print("ready", flush=True)
        sys.stdin.readline()
    added[number] = progress.add(attempt(number, str(writer)))
print(json.dumps(added))
"""


def test_two_processes_write_at_once(kept):
    """Both start on a file that is not there yet."""
    count = 200
    command = [sys.executable, "-c", COMMON + WRITER, str(kept.path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    both = [subprocess.Popen([*command, str(writer), str(count)], **pipes) for writer in (1, 2)]
    shared = set(range(0, count, 3))
    for _ in shared:
        for process in both:
            assert process.stdout.readline() == "ready\n"
        for process in both:
            process.stdin.write("go\n")
            process.stdin.flush()
    told = [json.loads(process.communicate(timeout=300)[0]) for process in both]
    own = {1_000 * writer + number for writer in (1, 2) for number in range(count) if number % 3}
    found = kept.attempts()
    assert Counter(int(one.id, 16) for one in found) == dict.fromkeys(shared | own, 1)
    said = Counter(int(number) for added in told for number, first in added.items() if first)
    assert said == dict.fromkeys(shared | own, 1)  # each was new to one of them, and to one alone


FIRST = """
told = []
for number in range(int(sys.argv[2])):
    progress, start = Progress(f"{sys.argv[1]}-{number}"), time.monotonic() + 0.01
    children = []
    for writer in range(4):
        children.append(os.fork())
        if children[-1] == 0:
            while time.monotonic() < start:
                pass
            os._exit(0 if progress.add(attempt(writer)) else 1)
    told.append([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] + numbers(progress))
print(json.dumps(told))
"""


@UNIX
def test_several_processes_make_the_file_at_once(kept):
    for told in run(FIRST, kept.path, 20):
        assert told[:4] == [0, 0, 0, 0]
        assert sorted(told[4:]) == [0, 1, 2, 3]


KILLED = """
progress, rounds, answer = Progress(sys.argv[1]), int(sys.argv[2]), "é" * 4000
dice = random.Random(20260630)
start = time.monotonic()
for number in range(5):
    progress.add(attempt(number, answer))
pace = (time.monotonic() - start) / 5  # of this machine, as busy as it is
returned, hot = list(range(5)), 0
for _ in range(rounds):
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        number = returned[-1] + 1  # what the last one was doing is clicked again
        while True:
            progress.add(attempt(number, answer))
            os.write(into, f"{number} ".encode())
            number += 1
    os.close(into)
    time.sleep(dice.uniform(0, 8 * pace))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(out) as told:
        returned += map(int, told.read().split())
    journal = sys.argv[1] + "-journal"
    hot += os.path.exists(journal) and os.path.getsize(journal) > 0
    there = numbers(progress)
    assert len(there) == len(set(there)), "twice"
    assert set(returned) <= set(there) <= {*returned, len(returned)}, "lost"
print(json.dumps([len(returned), hot]))
"""


@UNIX
def test_a_kill_at_any_moment_loses_nothing_and_doubles_nothing(kept):
    returned, interrupted = run(KILLED, kept.path, 60)
    assert interrupted > 0  # some died while the file was being written
    assert returned > 20  # and some between two answers
    assert len(kept.attempts()) in (returned, returned + 1)
    with sqlite3.connect(kept.path) as base:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    base.close()


LIMITED = """
progress, deadly = Progress(sys.argv[1]), sys.argv[2] == "deadly"
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
progress.add(attempt(0, "é" * 4000))
told = {}
for number, limit in enumerate(range(0, 40_000, 512), start=1):
    before = numbers(progress)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL if deadly else signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            os._exit(0 if progress.add(attempt(number, "é" * 4000)) else 3)
        except ProgressError as error:
            os._exit({"progress_full": 1, "progress_no_right": 2}.get(error.key, 4))
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    there = numbers(progress)
    assert there == before + [number] * (ended == 0), (limit, ended, before, there)
    told[ended] = told.get(ended, 0) + 1
print(json.dumps(told))
"""


@UNIX
@pytest.mark.parametrize("end", ["deadly", "said"])
def test_no_room_or_death_at_any_byte_keeps_what_was_there(kept, end):
    """The file may not grow beyond a limit: writing stops there with an error, or the process dies there."""
    ended = run(LIMITED, kept.path, end)
    said = {str(-25)} if end == "deadly" else {"1"}  # SIGXFSZ; progress_full
    assert set(ended) <= {"0", *said}
    assert ended["0"] > 1
    assert ended[said.pop()] > 10
    assert kept.erase() is True
    assert list(kept.path.parent.iterdir()) == []


def test_an_answer_given_while_the_file_is_erased_is_kept_in_the_new_one(kept):
    kept.add(attempt(1))
    other = sqlite3.connect(kept.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    added = []
    waiting = threading.Thread(target=lambda: added.append(kept.add(attempt(2))))
    waiting.start()
    time.sleep(0.3)  # it waits for its turn on the file that goes away now
    kept.path.unlink()
    other.close()
    waiting.join(30)
    assert added == [True]
    assert [int(one.id, 16) for one in kept.attempts()] == [2]


# --- files that cannot be used ------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"Nom;Montant\nAlpha;12\n" * 50, b"SQLite format 3\0" + b"\xff" * 5_000])
def test_a_file_that_is_no_database_is_left_alone(kept, content):
    kept.path.write_bytes(content)
    assert error_of(kept.add, attempt(1)) == error_of(kept.attempts) == "progress_unreadable"
    assert error_of(kept.erase) == "progress_not_ours"
    assert kept.path.read_bytes() == content


def test_the_database_of_another_program_is_left_alone(kept):
    with sqlite3.connect(kept.path) as base:
        base.execute("CREATE TABLE attempts (mine TEXT)")
    base.close()
    before = kept.path.read_bytes()
    for call, *given in ((kept.add, attempt(1)), (kept.attempts,), (kept.erase,)):
        assert error_of(call, *given) == "progress_not_ours"
    assert kept.path.read_bytes() == before


def test_a_damaged_file_is_told_and_can_be_erased(kept):
    for number in range(20):
        kept.add(attempt(number, answer=LONG))
    content = kept.path.read_bytes()
    kept.path.write_bytes(content[:200] + b"\xff" * (len(content) - 200))
    assert error_of(kept.attempts) == "progress_unreadable"
    assert error_of(kept.add, attempt(99)) == "progress_unreadable"
    assert kept.erase() is True
    assert kept.add(attempt(99)) is True


def test_a_file_cut_short_is_told(kept):
    for number in range(20):
        kept.add(attempt(number, answer=LONG))
    kept.path.write_bytes(kept.path.read_bytes()[:10_000])
    assert error_of(kept.attempts) == "progress_unreadable"


def test_a_newer_file_is_neither_read_nor_written_but_can_be_erased(kept):
    kept.add(attempt(1))
    with sqlite3.connect(kept.path) as base:
        base.execute("PRAGMA user_version = 2")
    base.close()
    before = kept.path.read_bytes()
    assert error_of(kept.attempts) == error_of(kept.add, attempt(2)) == "progress_newer"
    assert kept.path.read_bytes() == before
    assert kept.erase() is True


def test_a_folder_under_that_name(kept):
    kept.path.mkdir()
    for call, *given in ((kept.add, attempt(1)), (kept.attempts,), (kept.erase,)):
        assert error_of(call, *given) == "progress_is_folder"
    assert kept.path.is_dir()


def test_a_folder_that_is_not_there(tmp_path):
    progress = Progress(tmp_path / "no" / "progress.sqlite")
    for call, *given in ((progress.add, attempt(1)), (progress.attempts,), (progress.erase,)):
        assert error_of(call, *given) == "progress_no_folder"  # none kept would be said of a mistyped name


def test_an_empty_file_is_a_new_one(kept):
    kept.path.touch()
    assert kept.attempts() == []
    assert kept.add(attempt(1)) is True


def test_a_file_in_use_is_told_after_a_while(kept, monkeypatch):
    kept.add(attempt(1))
    monkeypatch.setattr(module, "WAIT", 0.1)
    other = sqlite3.connect(kept.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    for call, *given in ((kept.add, attempt(2)), (kept.attempts,), (kept.erase,)):
        assert error_of(call, *given) == "progress_busy"
    other.close()
    assert len(kept.attempts()) == 1


READ_ONLY = """
progress, new, hidden = map(Progress, sys.argv[1:])
if os.geteuid() == 0:  # who may do anything
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
told = [len(progress.attempts())]
for call in (lambda: progress.add(attempt(2)), lambda: new.add(attempt(2)), progress.erase, hidden.attempts):
    try:
        told.append(call())
    except ProgressError as error:
        told.append(error.key)
print(json.dumps(told))
"""


@UNIX
def test_a_folder_without_the_right_to_write_can_still_be_read():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        there = folder / "progress.sqlite"
        Progress(there).add(attempt(1))
        there.chmod(0o444)
        closed = folder / "closed"
        closed.mkdir()
        closed.chmod(0o000)
        folder.chmod(0o555)
        told = run(READ_ONLY, there, folder / "new.sqlite", closed / "progress.sqlite")
        folder.chmod(0o755)
        assert told == [1, *["progress_no_right"] * 4]
        assert len(Progress(there).attempts()) == 1


# --- where it is --------------------------------------------------------------------------------------------------


def test_where_answers_are_kept(tmp_path, monkeypatch):
    assert Progress().path == tmp_path / "progress.sqlite"
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "plan.csv").touch()
    deep = tmp_path / "exercises" / "fr"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert Progress().path == tmp_path / "progress.sqlite"
    monkeypatch.setenv("CMTOOLS_PROGRESS", "  ")
    assert Progress().path == tmp_path / "progress.sqlite"
    monkeypatch.setenv("CMTOOLS_PROGRESS", str(tmp_path / "mine.sqlite"))
    assert default_path() == Progress().path == tmp_path / "mine.sqlite"


def test_a_tilde_is_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("CMTOOLS_PROGRESS", "~/mine.sqlite")
    Progress().add(attempt(1))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.sqlite"]


@pytest.mark.parametrize("name", ["~no-such-user-here/progress.sqlite", "a\0b"])
def test_a_name_that_no_file_can_have(name):
    assert error_of(Progress, name) == "progress_bad_path"


@UNIX
def test_what_a_link_leads_to_is_what_is_erased(tmp_path):
    real = tmp_path / "real.sqlite"
    Progress(real).add(attempt(1))
    (tmp_path / "link.sqlite").symlink_to(real)
    assert Progress(tmp_path / "link.sqlite").erase() is True
    assert not real.exists()


def test_writing_an_answer_loads_no_heavy_library():
    code = "import sys, cmtools.progress; print(sorted({n.split('.')[0] for n in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pandas", "numpy", "polars", "plotly", "ipywidgets"} & set(done.stdout.split("'"))


def test_the_file_is_marked_as_ours(kept):
    kept.add(attempt(1))
    head = kept.path.read_bytes()[:72]
    assert head[:16] == b"SQLite format 3\0"
    assert int.from_bytes(head[68:]) == MARK


# --- export and erase ---------------------------------------------------------------------------------------------

HOSTILE = ('=HYPERLINK("http://x";"y")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", " =1", "\t=1", "＝1", "\r=1")


def test_csv_for_a_person(kept, tmp_path):
    kept.add(attempt(1, answer='12,5 % ; "sûr"\nou 13', variant=2, score=0.75, detail="ht_ttc", verdict="partly"))
    kept.add(attempt(2, answer="-1 234,56", score=None, verdict="someday"))
    assert kept.export(tmp_path / "a.csv", "fr") == 2
    content = (tmp_path / "a.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfIdentifiant;Date et heure (UTC);")
    rows = list(csv.reader(content.decode("utf-8-sig").splitlines(keepends=True), delimiter=";"))
    assert rows[1] == [
        f"{1:032x}", "2026-06-30T10:00:00.000+00:00", "Exercice", "07_dso", "balance", "2", '12,5 % ; "sûr"\nou 13',
        "Juste en partie", "0,7500", "ht_ttc",
    ]  # fmt: skip
    assert rows[2][5:] == ["0", "-1 234,56", "someday", "", ""]
    kept.export(tmp_path / "b.csv", "en")
    assert (tmp_path / "b.csv").read_text("utf-8-sig").splitlines()[0].endswith(";Answer;Result;Score;Detail")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_answer_is_run_by_a_spreadsheet(kept, tmp_path, text):
    kept.add(attempt(1, answer=text, item=text, topic=text, detail=text, verdict=text))
    kept.export(tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        row = list(csv.reader(file, delimiter=";"))[1]
    assert [row[place] for place in (3, 4, 6, 7, 9)] == [f"'{text}"] * 5


@pytest.mark.parametrize("text", ["12,5 %", "-3", "+3.5", "-1 234,56", "jour -3", "a=1", "", "(3)", "−3"])
def test_what_people_answer_stays_as_they_wrote_it(text):
    assert harmless(text) == text


def test_json_for_a_program(kept, tmp_path):
    made = [attempt(1, answer="=1+1 « é » 🙂"), attempt(2, score=None)]
    for one in made:
        kept.add(one)
    assert kept.export(tmp_path / "a.JSON") == 2
    assert [Attempt(**row) for row in json.loads((tmp_path / "a.JSON").read_text("utf-8"))] == made


def test_an_export_replaces_nothing_unasked(kept, tmp_path):
    kept.add(attempt(1))
    (tmp_path / "a.csv").write_text("mine")
    assert error_of(kept.export, tmp_path / "a.csv") == "progress_export_exists"
    assert (tmp_path / "a.csv").read_text() == "mine"
    assert kept.export(tmp_path / "a.csv", force=True) == 1
    assert error_of(kept.export, tmp_path / "a.txt") == "progress_export_kind"
    assert error_of(kept.export, tmp_path / "no" / "a.csv") == "progress_export_failed"
    (tmp_path / "b.csv").mkdir()
    assert error_of(kept.export, tmp_path / "b.csv", None, True) == "progress_export_failed"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv", "progress.sqlite"]


def test_an_export_does_not_replace_the_answers_themselves(tmp_path):
    progress = Progress(tmp_path / "mine.csv")
    progress.add(attempt(1))
    assert error_of(progress.export, tmp_path / "mine.csv", None, True) == "progress_export_exists"
    assert len(progress.attempts()) == 1


def test_nothing_is_left_after_erasing(kept):
    assert kept.erase() is False
    kept.add(attempt(1))
    Path(f"{kept.path}-wal").touch()
    assert kept.erase() is True
    assert list(kept.path.parent.iterdir()) == []
    assert kept.attempts() == []


# --- the command --------------------------------------------------------------------------------------------------


def test_where_says_the_place_and_how_many(kept, capsys):
    assert main(["course", "where", "--language", "fr"]) == 0
    assert capsys.readouterr().out == f"Aucune réponse gardée ; elles le seront ici :\n  {kept.path}\n"
    kept.add(new_attempt("lesson", "07_dso", "", "read"))
    assert main(["course", "where", "--language", "en"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Answers kept: 1, the last one on ")
    assert str(kept.path) in said


def test_export_by_the_command(kept, tmp_path, capsys):
    kept.add(attempt(1))
    assert main(["course", "export", "--language", "fr"]) == 0
    assert "Réponses écrites (1) :" in capsys.readouterr().out
    assert (tmp_path / "mes_reponses.csv").is_file()
    assert main(["course", "export", "--language", "fr"]) == 2
    assert "« mes_reponses.csv » existe déjà" in capsys.readouterr().err
    assert main(["course", "export", "--force", "--language", "fr"]) == 0
    assert main(["course", "export", "--output", "a.json", "--language", "en"]) == 0
    assert len(json.loads((tmp_path / "a.json").read_text())) == 1


@pytest.mark.parametrize(
    ("typed", "language", "gone"), [("oui", "fr", True), (" Y ", "en", True), ("non", "fr", False), ("", "en", False)]
)
def test_erase_asks_first(kept, monkeypatch, capsys, typed, language, gone):
    kept.add(attempt(1))
    asked = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or typed)
    assert main(["course", "erase", "--language", language]) == (0 if gone else 1)
    assert str(kept.path) in asked[0]
    assert kept.path.exists() is not gone
    said = {("fr", True): "effacées", ("en", True): "erased", ("fr", False): "Rien", ("en", False): "Nothing"}
    assert said[language, gone] in capsys.readouterr().out


def test_erase_where_nobody_answers_erases_nothing(kept, monkeypatch, capsys):
    def nobody(question):
        raise EOFError

    kept.add(attempt(1))
    monkeypatch.setattr("builtins.input", nobody)
    assert main(["course", "erase", "--language", "fr"]) == 1
    assert kept.path.exists()
    assert main(["course", "erase", "--yes", "--language", "fr"]) == 0
    assert not kept.path.exists()
    assert main(["course", "erase", "--language", "fr"]) == 0  # nothing to ask about
    assert "Aucune réponse gardée" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["where", "export", "erase"])
def test_the_command_says_plainly_what_cannot_be_used(kept, capsys, command):
    kept.path.write_text("not a database, but long enough to be taken for one" * 20)
    assert main(["course", command, "--language", "fr", *(["--yes"] if command == "erase" else [])]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "n'est pas un fichier de progression" in said.err
