"""A report is there whole, or not at all."""

import hashlib
import json
import multiprocessing

import pytest

from cmtools.schemas import InputError
from cmtools.store import DRAFTS, RECORD, digest, store_of


def draft_of(folder, text="whole"):
    (folder / "report.html").write_text(text)
    (folder / RECORD).write_text(json.dumps({"files": {"report.html": hashlib.sha256(text.encode()).hexdigest()}}))


@pytest.fixture(params=["folder", "remote"])
def store(request, tmp_path):
    made = store_of(str(tmp_path / "out") if request.param == "folder" else f"memory://{tmp_path.name}")
    made.prepare()
    return made


def test_a_published_report_is_whole_and_its_record_proves_it(store):
    assert store.record("a") is None
    with store.alone():
        for text in ("first", "second"):
            with store.draft() as folder:
                draft_of(folder, text)
                store.publish(folder, "a")
        assert store.record("a")["files"] == {"report.html": hashlib.sha256(b"second").hexdigest()}


def test_a_report_whose_file_is_missing_or_changed_is_no_report(tmp_path):
    store = store_of(str(tmp_path))
    store.prepare()
    with store.alone(), store.draft() as folder:
        draft_of(folder)
        store.publish(folder, "a")
    (tmp_path / "a" / "report.html").write_text("hole")
    assert store.record("a") is None
    (tmp_path / "a" / "report.html").unlink()
    assert store.record("a") is None
    (tmp_path / "a" / RECORD).write_text("[]")
    assert store.record("a") is None


def test_only_our_reports_are_withdrawn(store):
    with store.alone():
        with store.draft() as folder:
            draft_of(folder)
            store.publish(folder, "a")
        store.withdraw("a")
        store.withdraw("b")
        assert store.record("a") is None
        store.write("mine.txt", b"x")
        assert store.has("mine.txt")


def test_a_folder_of_somebody_else_stays(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "mine.txt").write_text("mine")
    store = store_of(str(tmp_path))
    store.withdraw("a")
    assert (tmp_path / "a" / "mine.txt").read_text() == "mine"


def test_what_an_interrupted_batch_left_is_cleared(tmp_path):
    (tmp_path / DRAFTS / "x").mkdir(parents=True)
    (tmp_path / DRAFTS / "x" / "report.html").write_text("half")
    store = store_of(str(tmp_path))
    store.prepare()
    with store.alone():
        assert not (tmp_path / DRAFTS).exists()
    assert list(tmp_path.iterdir()) == []


def _hold(place, ready, release):
    store = store_of(place)
    store.prepare()
    with store.alone():
        ready.set()
        release.wait(30)


def test_two_batches_do_not_share_a_folder(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready, release = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(str(tmp_path), ready, release))
    other.start()
    assert ready.wait(30)
    store = store_of(str(tmp_path))
    with pytest.raises(InputError) as error, store.alone():
        pass
    assert error.value.defects[0].code == "store_in_use"
    release.set()
    other.join(30)
    with store.alone():
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path / "file", tmp_path / "file" / "below", "nosuch://place"):
        with pytest.raises(InputError) as error:
            store_of(str(place)).prepare()
        assert error.value.defects[0].code == "store_unwritable"
    assert (tmp_path / "file").read_text() == "mine"


def test_the_digest_of_a_folder_is_that_of_its_files_and_their_names(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"1")
    first = digest(tmp_path / "a")
    (tmp_path / "a" / "x").rename(tmp_path / "a" / "y")
    assert digest(tmp_path / "a") != first
    assert digest(tmp_path / "a" / "y") == hashlib.sha256(b"1").hexdigest()
