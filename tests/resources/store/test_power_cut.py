"""After a power cut a reader finds what was there before or all of what is new; what was said to be done is there."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from catalogue.definition import Member, Package
from pipelines.instance import SHIPPED, open_instance
from resources.serving.models import Models
from resources.sources.cache import Cache
from resources.store.atomic import make_folder, remove, replacing
from resources.store.backup import back_up
from resources.store.cleanup import remove_old_versions
from resources.store.integrity import damage
from resources.store.restore import restore
from resources.store.state import State
from resources.store.test_access_log import record_access
from resources.store.versions import current, publish
from resources.weights import WEIGHTS, Weights, located

from .power_cut import cut_everywhere

CONTENT = b"pinned bytes"
PIN = hashlib.sha256(CONTENT).hexdigest()


def write(text: str) -> Callable[[Path], None]:
    def into(folder: Path) -> None:
        (folder / "rows").mkdir()
        (folder / "rows" / "table.txt").write_text(text)
        (folder / "about.txt").write_text(text)

    return into


def version_read(home: Path) -> str:
    """What a reader finds: empty before the first version."""
    place = current(home / "artefacts" / "features" / "shop")
    if place is None:
        return ""
    assert damage(place) == ""
    texts = {(place / name).read_text() for name in ("about.txt", "rows/table.txt")}
    assert len(texts) == 1
    return texts.pop()


def test_a_version_is_there_whole_or_not_at_all_and_for_good_once_it_is_published(tmp_path: Path):
    home, images = tmp_path / "home", tmp_path / "images"
    home.mkdir()
    with cut_everywhere(home, images) as cuts:
        for version in ("first", "second"):
            publish(home / "artefacts" / "features" / "shop", version, write(version))
        found = [version_read(image) for image in cuts()]
    assert sorted(set(found)) == ["", "first", "second"]
    assert found == sorted(found, key=["", "first", "second"].index)
    assert found[-1] == "second"


def test_without_syncing_the_simulated_disk_would_lose_it(tmp_path: Path):
    """The simulation can tell: the same steps as `publish`, unsynced."""
    home = tmp_path / "home"
    home.mkdir()
    with cut_everywhere(home, tmp_path / "images") as cuts:
        (home / "draft").write_text("new")
        (home / "draft").replace(home / "file")
        images = cuts()
    assert [list(image.iterdir()) for image in images] == [[], []]


def test_an_access_to_a_sealed_test_is_never_forgotten(tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    rows = np.arange(3, dtype=np.uint64)
    with cut_everywhere(home, tmp_path / "images") as cuts:
        for run in ("1", "2"):
            record_access(home / "openings" / "shop.returns.jsonl", "s", rows, run)
        images = cuts()
    log = "openings/shop.returns.jsonl"
    lines = [len((image / log).read_text().splitlines()) if (image / log).exists() else 0 for image in images]
    assert lines == sorted(lines)
    assert lines[-1] == 2
    assert record_access(images[-1] / log, "s", rows, "3").times == 3


def test_a_cached_file_is_whole_or_absent(tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    cache = Cache(home / "cache", None)
    with cut_everywhere(home, tmp_path / "images") as cuts:
        cache.put(CONTENT, PIN, "here")
        images = cuts()
    found = [(image / "cache" / PIN).read_bytes() for image in images if (image / "cache" / PIN).exists()]
    assert set(found) == {CONTENT}
    assert Cache(images[-1] / "cache", None).get(PIN) == CONTENT


def test_a_model_that_serves_and_the_notes_beside_it_are_whole(tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    models = Models(State(folder=str(home)))
    with cut_everywhere(home, tmp_path / "images") as cuts:
        for version in ("first", "second"):
            models.publish("shop/returns", version, write(version), best=True)
        kept = len(cuts())
        (home / "artefacts" / "published_model" / "shop" / "returns" / "pinned").write_text("unsynced")
        images = cuts()
    found = [Models(State(folder=str(image))) for image in images]
    serving = [place.name if (place := models.serving("shop/returns")) else "" for models in found]
    assert serving == sorted(serving, key=["", "first", "second"].index) and serving[-1] == "second"
    best = [place.name if (place := models.best("shop/returns")) else "" for models in found]
    assert set(best) == {"", "first", "second"} and best[kept - 1] == "second"
    assert found[-1].pinned("shop/returns") is None, "the simulated disk forgets what was not synced"


def test_weights_are_whole_or_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    home = tmp_path / "home"
    Cache(home / "cache", None).put(CONTENT, PIN, "here")
    member = Member(path="net.bin", sha256=PIN, format="bytes")
    package = Package(name="net", version="1", members={"net.bin": member})
    monkeypatch.setitem(WEIGHTS, "net", Weights((package,), "CC0", "a test"))
    with cut_everywhere(home, tmp_path / "images") as cuts:
        located(State(folder=str(home)), print)("net")
        images = cuts()
    folders = [image / "weights" / "net" for image in images if (image / "weights" / "net").exists()]
    assert {(folder / "net.bin").read_bytes() for folder in folders} == {CONTENT}
    assert folders[-1].is_relative_to(images[-1])


def test_a_backup_is_whole_or_absent(tmp_path: Path):
    publish(tmp_path / "home" / "artefacts" / "features" / "shop", "1", write("new"))
    (tmp_path / "backups").mkdir()
    with cut_everywhere(tmp_path / "backups", tmp_path / "images") as cuts:
        back_up(State(folder=str(tmp_path / "home")), tmp_path / "backups" / "monday.tar.gz")
        images = cuts()
    there = [file for image in images if (file := image / "monday.tar.gz").exists()]
    assert there[-1].is_relative_to(images[-1])
    for number, file in enumerate(there):
        restore(file, State(folder=str(tmp_path / f"back{number}")))


def test_the_configuration_of_the_instance_is_the_former_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SECTORFORGE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home" / "dagster"))
    with cut_everywhere(tmp_path, tmp_path.with_name(f"{tmp_path.name}-images")) as cuts:
        open_instance().dispose()
        images = cuts()
    found = [file.read_bytes() for image in images if (file := image / "home" / "dagster" / "dagster.yaml").exists()]
    assert set(found) == {SHIPPED.read_bytes()}


def test_a_file_that_is_replaced_is_the_former_or_the_new_one(tmp_path: Path):
    home = tmp_path / "home"
    make_folder(home)
    with cut_everywhere(home, tmp_path / "images") as cuts:
        for text in ("one", "two"):
            with replacing(home / "dagster.yaml") as draft:
                draft.write_text(text)
        images = cuts()
    found = [(image / "dagster.yaml").read_text() for image in images if (image / "dagster.yaml").exists()]
    assert set(found) == {"one", "two"}
    assert found[-1] == "two"


def test_what_was_removed_does_not_come_back(tmp_path: Path):
    """A version is there whole or not at all while it goes; once it is said to be gone, a note of that may be made."""
    home = tmp_path / "home"
    home.mkdir()
    with cut_everywhere(home, tmp_path / "images") as cuts:
        place = publish(home / "raw_data", "old", write("of people"))
        publish(home / "raw_data", "new", write("new"))
        note = home / "raw_data" / "note"
        with replacing(note) as draft:
            draft.write_text("of people")
        before = len(cuts())
        remove(place)
        remove(note)
        remove(note)
        images = cuts()
    for image in images[before:]:
        there = image / "raw_data" / "versions" / "old"
        assert not there.exists() or sorted(path.name for path in there.iterdir()) == [
            "about.txt",
            "digests.json",
            "rows",
        ]
    assert not (images[-1] / "raw_data" / "note").exists()
    assert [path.name for path in (images[-1] / "raw_data" / "versions").iterdir()] == ["new"]


def test_an_old_version_is_gone_by_its_name_before_any_of_its_files_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "home" / "raw_data"
    folder.parent.mkdir()
    monkeypatch.setattr("resources.store.cleanup.SETTLING_SECONDS", -1)
    with cut_everywhere(folder.parent, tmp_path / "images") as cuts:
        for version in ("1", "2", "3", "4"):
            publish(folder, version, write(version))
        remove_old_versions(folder, float("inf"))
        last = cuts()[-1]
    assert not (last / "raw_data" / "versions" / "1").exists()
    assert version_names(last / "raw_data") == ["2", "3", "4"]


def version_names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "versions").glob("[!.]*"))


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda file: file.write_text(""), "has 0 bytes instead of 3"),
        (lambda file: file.write_text("nEw"), "is not what was written"),
        (lambda file: file.unlink(), "is missing"),
    ],
)
def test_a_damaged_version_is_named_and_made_again(tmp_path: Path, spoil: Callable[[Path], None], what: str):
    folder = tmp_path / "features"
    place = publish(folder, "1", write("new"))
    spoil(place / "rows" / "table.txt")
    assert damage(place) == f"{place / 'rows' / 'table.txt'} {what}"
    publish(folder, "1", write("new"))
    assert damage(place) == ""
    assert (place / "rows" / "table.txt").read_text() == "new"
    assert [path.name for path in place.parent.iterdir()] == ["1"]


@pytest.mark.parametrize("content", ["", "[1]", '{"about.txt": 3}', '"text"'])
def test_a_damaged_list_of_digests_is_damage(tmp_path: Path, content: str):
    place = publish(tmp_path, "1", write("new"))
    (place / "digests.json").write_text(content)
    assert damage(place) == f"{place / 'digests.json'} can't be read"


def test_a_version_of_before_there_were_digests_is_believed(tmp_path: Path):
    place = publish(tmp_path, "1", write("new"))
    (place / "digests.json").unlink()
    assert damage(place) == ""


@pytest.mark.parametrize("name", ["about.txt", "rows/table.txt"])
def test_but_not_where_a_power_cut_left_a_file_without_a_byte(tmp_path: Path, name: str):
    place = publish(tmp_path, "1", write("new"))
    (place / "digests.json").unlink()
    (place / name).write_bytes(b"")
    assert damage(place) == f"{place / name} has 0 bytes"
    publish(tmp_path, "1", write("new"))
    assert damage(place) == "" and (place / name).read_text() == "new"


def test_nor_where_it_left_none(tmp_path: Path):
    place = tmp_path / "versions" / "1"
    (place / "rows").mkdir(parents=True)
    assert damage(place) == f"{place} is empty"
