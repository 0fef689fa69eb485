"""Published models: which one serves, and that a person may decide otherwise."""

from pathlib import Path

import pytest

from modeling.artefacts.evaluated_model import RECORD
from resources.serving.errors import UnknownVersion
from resources.serving.models import Models
from resources.store.atomic import StorageError
from resources.store.state import State

from ...modeling.evaluation_records import binary

KEY = "finance/credit_scoring"
JUDGED = {"aaa1": "2026-01-01T00:00:00+00:00", "bbb1": "2026-01-02T00:00:00+00:00", "bbb2": "2026-01-03T00:00:00+00:00"}


@pytest.fixture
def models(tmp_path: Path) -> Models:
    """Three published versions; the last one serves."""
    kept = Models(State(folder=str(tmp_path)))
    for version, finished_at in JUDGED.items():
        kept.publish(KEY, version, lambda folder, at=finished_at: _write(folder, at), best=False)
    return kept


def _write(folder: Path, finished_at: str) -> None:
    judged = binary()
    provenance = judged.provenance.model_copy(update={"finished_at": finished_at})
    (folder / RECORD).write_text(judged.model_copy(update={"provenance": provenance}).model_dump_json())


def serving(models: Models) -> str:
    place = models.serving(KEY)
    assert place
    return place.name


def test_nothing_serves_before_a_model_is_published(tmp_path: Path) -> None:
    models = Models(State(folder=str(tmp_path)))
    assert models.serving(KEY) is None and models.versions(KEY) == [] and models.unpin(KEY) is None


def test_versions_are_listed_latest_first_with_the_one_that_serves(models: Models) -> None:
    assert [version.name for version in models.versions(KEY)] == ["bbb2", "bbb1", "aaa1"]
    assert [version.serves for version in models.versions(KEY)] == [True, False, False]


def test_the_start_of_a_name_pins_a_version_until_it_is_unpinned(models: Models) -> None:
    assert models.pin(KEY, "aa") == "aaa1"
    assert serving(models) == "aaa1" == models.pinned(KEY)
    assert models.unpin(KEY) == "bbb2"
    assert serving(models) == "bbb2" and models.pinned(KEY) is None


@pytest.mark.parametrize("name", ["bbb", "zzz", "../aaa1"], ids=["several", "none", "a path"])
def test_a_name_that_is_not_one_version_is_refused_and_changes_nothing(models: Models, name: str) -> None:
    with pytest.raises(UnknownVersion, match="known: bbb2, bbb1, aaa1"):
        models.pin(KEY, name)
    assert serving(models) == "bbb2" and models.pinned(KEY) is None


def test_rolling_back_goes_one_version_further_each_time(models: Models) -> None:
    assert models.roll_back(KEY) == "bbb1"
    assert models.roll_back(KEY) == "aaa1" == serving(models)
    with pytest.raises(UnknownVersion, match="no model was published before"):
        models.roll_back(KEY)
    assert serving(models) == "aaa1"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"{}", b"[1]", b"\xff"], ids=["empty", "cut off", "no keys", "a list", "no text"]
)
def test_a_damaged_version_is_named_and_hides_no_other(models: Models, content: bytes) -> None:
    """Also where it is the one that serves: the others can still be pinned."""
    place = models.serving(KEY)
    assert place
    (place / RECORD).write_bytes(content)
    assert [version.name for version in models.versions(KEY)] == ["bbb1", "aaa1"]
    (damaged,) = models.damaged(KEY)
    assert (damaged.name, damaged.serves, damaged.pinned) == ("bbb2", True, False)
    assert str(place) in damaged.reason
    with pytest.raises(UnknownVersion, match=r"bbb2 can't be read: .*known: bbb1, aaa1"):
        models.pin(KEY, "bbb2")
    assert models.pin(KEY, "aaa1") == "aaa1" == serving(models)
    assert models.unpin(KEY) == "bbb1" == serving(models)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"..", b"/", None], ids=str)
def test_a_damaged_note_is_named_and_never_believed(models: Models, content: bytes | None) -> None:
    folder = models.serving(KEY).parent.parent  # pyright: ignore[reportOptionalMemberAccess]
    readers = {"pinned": models.pinned, "best": models.best, "learned_from_forgotten": models.learned_from_forgotten}
    for note, read in readers.items():
        (folder / note).unlink(missing_ok=True)
        (folder / note).mkdir() if content is None else (folder / note).write_bytes(content)
        with pytest.raises(StorageError, match=f"{note} names no version. (Type|Restore)"):
            read(KEY)
    assert [str(folder / note) in line for note, line in zip(readers, models.damaged_notes(KEY), strict=True)] == [
        True
    ] * 3
    assert [version.name for version in models.versions(KEY)] == ["bbb2", "bbb1", "aaa1"]
    if content is not None:
        assert models.pin(KEY, "aaa1") == "aaa1" == models.pinned(KEY), "which is what the message says"
        assert models.unpin(KEY) == "bbb2" and models.best(KEY) == models.serving(KEY)


def test_a_version_without_a_record_is_damaged_too(models: Models) -> None:
    place = models.serving(KEY)
    assert place
    (place / RECORD).unlink()
    assert [version.name for version in models.damaged(KEY)] == ["bbb2"]
    assert models.roll_back(KEY) == "bbb1"


def test_the_best_so_far_stays_until_a_better_one_or_a_person_takes_its_place(tmp_path: Path):
    models = Models(State(folder=str(tmp_path)))

    def publish(version: str, *, best: bool) -> str:
        models.publish(KEY, version, lambda folder: _write(folder, f"2026-01-0{version}T00:00:00+00:00"), best=best)
        found = models.best(KEY)
        assert found
        return found.name

    assert models.best(KEY) is None
    assert publish("1", best=False) == "1", "before it there is none"
    assert publish("2", best=False) == "1"
    assert publish("3", best=True) == "3"
    models.roll_back(KEY)
    assert models.best(KEY) == models.serving(KEY)
    folder = tmp_path / "artefacts" / "published_model" / KEY
    (folder / "best").unlink()
    assert models.best(KEY) == models.serving(KEY), "as before there was a note"
