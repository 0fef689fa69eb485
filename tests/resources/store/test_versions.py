"""Versions of artefacts: one is current, none is ever half-written, whoever dies or writes beside."""

import multiprocessing
import signal
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from dagster import (
    AssetIn,
    DagsterInstance,
    StaticPartitionMapping,
    StaticPartitionsDefinition,
    asset,
    materialize,
)

from resources.store import versions
from resources.store.io_manager import ArtefactIOManager, MissingArtefact
from resources.store.state import State
from resources.store.versions import content_digest, current, publish

SPAWN = multiprocessing.get_context("spawn")
FILES = ("a.txt", "b.txt")


def writer(text: str):
    """Writes two files, so that there is a middle."""

    def write(folder: Path) -> None:
        for name in FILES:
            (folder / name).write_text(text)

    return write


def seen(folder: Path) -> list[str]:
    """What a reader finds."""
    place = current(folder)
    assert place is not None
    return [(place / name).read_text() for name in FILES]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "versions").iterdir())


# --- publishing -------------------------------------------------------------------------------------------------------


def test_nothing_is_current_before_the_first_version(tmp_path: Path):
    assert current(tmp_path / "asset") is None


def test_the_latest_version_is_current_and_the_former_one_stays(tmp_path: Path):
    publish(tmp_path, "1", writer("old"))
    place = publish(tmp_path, "2", writer("new"))
    assert place == tmp_path / "versions" / "2"
    assert current(tmp_path) == place
    assert seen(tmp_path) == ["new", "new"]
    assert names(tmp_path) == ["1", "2"]
    assert (tmp_path / "versions" / "1" / "a.txt").read_text() == "old"


def test_a_version_that_exists_becomes_current_again_without_being_rewritten(tmp_path: Path):
    publish(tmp_path, "1", writer("old"))
    publish(tmp_path, "2", writer("new"))
    publish(tmp_path, "1", writer("never written"))
    assert seen(tmp_path) == ["old", "old"]


def test_a_writer_that_fails_leaves_no_trace(tmp_path: Path):
    def fails(folder: Path) -> None:
        (folder / "a.txt").write_text("half")
        raise OSError("disk full")

    publish(tmp_path, "1", writer("old"))
    with pytest.raises(OSError, match="disk full"):
        publish(tmp_path, "2", fails)
    assert seen(tmp_path) == ["old", "old"]
    assert names(tmp_path) == ["1"]


def test_the_folder_can_be_moved(tmp_path: Path):
    publish(tmp_path / "here", "1", writer("text"))
    (tmp_path / "here").rename(tmp_path / "there")
    assert seen(tmp_path / "there") == ["text", "text"]


# --- processes that die, or write side by side ------------------------------------------------------------------------


def _publish_and_stand_still(folder: Path, moment: str, here: Event) -> None:
    def stand_still() -> None:
        here.set()
        signal.pause()

    def write(temporary: Path) -> None:
        (temporary / "a.txt").write_text("new")
        if moment == "writing":
            stand_still()
        (temporary / "b.txt").write_text("new")
        if moment == "written":
            stand_still()

    if moment == "renamed":
        versions.make_current = lambda place: stand_still()
    publish(folder, "2", write)


@pytest.mark.parametrize("moment", ["writing", "written", "renamed"])
def test_a_killed_writer_leaves_the_former_version_and_the_next_one_succeeds(tmp_path: Path, moment: str):
    publish(tmp_path, "1", writer("old"))
    here = SPAWN.Event()
    process = SPAWN.Process(target=_publish_and_stand_still, args=(tmp_path, moment, here))
    process.start()
    assert here.wait(120)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert seen(tmp_path) == ["old", "old"]
    publish(tmp_path, "2", writer("new"))
    assert seen(tmp_path) == ["new", "new"]


def _publish_together(folder: Path, text: str, barrier: Barrier) -> None:
    def write(temporary: Path) -> None:
        writer(text)(temporary)
        barrier.wait(120)

    publish(folder, "1", write)


def test_two_processes_that_write_one_version_both_succeed_and_one_wins_whole(tmp_path: Path):
    barrier = SPAWN.Barrier(2)
    processes = [SPAWN.Process(target=_publish_together, args=(tmp_path, text, barrier)) for text in ("one", "two")]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert seen(tmp_path) in (["one", "one"], ["two", "two"])
    assert names(tmp_path) == ["1"]


# --- digests ----------------------------------------------------------------------------------------------------------

LONG = "more than the twelve bytes that lie in line"
FRAME = pl.DataFrame({"a": [1, 2, None], "b": ["x", None, LONG]})


def test_the_same_content_has_the_same_digest_however_it_came_to_be(tmp_path: Path):
    FRAME.write_parquet(tmp_path / "table.parquet")
    FRAME.write_csv(tmp_path / "table.csv")
    ways = {
        "chunked": pl.concat([FRAME[:1], FRAME[1:]], rechunk=False),
        "computed": FRAME.with_columns(pl.col("a") + 1).with_columns(pl.col("a") - 1),
        "cut out": pl.concat([FRAME, FRAME])[3:],
        "from Parquet": pl.read_parquet(tmp_path / "table.parquet"),
        "from CSV": pl.read_csv(tmp_path / "table.csv"),
    }
    assert {way: content_digest(frame) == content_digest(FRAME) for way, frame in ways.items()} == dict.fromkeys(
        ways, True
    )


@pytest.mark.parametrize(
    "other",
    [
        FRAME.with_columns(a=pl.Series([1, 3, None])),
        FRAME.with_columns(b=pl.Series(["x", "", "z"])),
        FRAME.rename({"a": "c"}),
        FRAME.with_columns(pl.col("a").cast(pl.Int32)),
        FRAME.reverse(),
        FRAME.select("b", "a"),
        FRAME[:2],
    ],
    ids=["value", "null", "name", "type", "order of rows", "order of columns", "rows"],
)
def test_any_difference_gives_another_digest(other: pl.DataFrame):
    assert content_digest(other) != content_digest(FRAME)


# --- the IO manager, between real assets ------------------------------------------------------------------------------

KEYS = StaticPartitionsDefinition(["shop/a", "shop/b", "farm/c"])
GROUPS = StaticPartitionsDefinition(["farm", "shop"])
GROUP_OF = StaticPartitionMapping({"shop/a": "shop", "shop/b": "shop", "farm/c": "farm"})


@asset(partitions_def=KEYS)
def table(context) -> pl.DataFrame:
    return pl.DataFrame({"key": [context.partition_key]})


@asset(partitions_def=KEYS)
def copied(table: pl.DataFrame) -> pl.DataFrame:
    return table


@asset(partitions_def=GROUPS, ins={"table": AssetIn(partition_mapping=GROUP_OF)})
def summed_up(table: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return pl.DataFrame({"key": list(table), "found": [part.item() for part in table.values()]})


@asset
def unstorable() -> Any:
    return {"a": 1}


@pytest.fixture
def instance(tmp_path: Path):
    with DagsterInstance.local_temp(str(tmp_path)) as opened:
        yield opened


def made(instance: DagsterInstance, tmp_path: Path, what, partition: str | None = None):
    resources = {"io_manager": ArtefactIOManager(home=State(folder=str(tmp_path)))}
    everything = [table, copied, summed_up, unstorable]
    return materialize(
        everything,
        selection=[what],
        partition_key=partition,
        instance=instance,
        resources=resources,
        raise_on_error=True,
    )


def found(tmp_path: Path, name: str, partition: str) -> pl.DataFrame:
    return pl.read_parquet(tmp_path / "artefacts" / name / partition / "current" / "table.parquet")


def test_an_input_never_made_says_what_to_materialise(instance: DagsterInstance, tmp_path: Path):
    with pytest.raises(MissingArtefact, match="table of shop/a was never made: materialise it first"):
        made(instance, tmp_path, copied, "shop/a")


def test_a_table_lies_under_its_asset_and_partition(instance: DagsterInstance, tmp_path: Path):
    made(instance, tmp_path, table, "shop/a")
    made(instance, tmp_path, copied, "shop/a")
    assert found(tmp_path, "copied", "shop/a").item() == "shop/a"


def test_a_run_reads_what_it_made_itself_whatever_is_published_meanwhile(instance: DagsterInstance, tmp_path: Path):
    folder = tmp_path / "artefacts" / "table" / "shop/a"

    @asset(partitions_def=KEYS, deps=[table])
    def another_run() -> pl.DataFrame:
        other = pl.DataFrame({"key": ["of another run"]})
        publish(folder, "other", lambda place: other.write_parquet(place / "table.parquet"))
        return other

    @asset(partitions_def=KEYS, deps=[another_run])
    def late(table: pl.DataFrame) -> pl.DataFrame:
        return table

    resources = {"io_manager": ArtefactIOManager(home=State(folder=str(tmp_path)))}
    materialize([table, another_run, late], partition_key="shop/a", instance=instance, resources=resources)
    assert found(tmp_path, "late", "shop/a").item() == "shop/a"
    assert found(tmp_path, "table", "shop/a").item() == "of another run"


def test_many_partitions_arrive_as_a_dict_even_when_there_is_one(instance: DagsterInstance, tmp_path: Path):
    for key in KEYS.get_partition_keys():
        made(instance, tmp_path, table, key)
    for group in ("farm", "shop"):
        made(instance, tmp_path, summed_up, group)
    farm, shop = (
        pl.read_parquet(tmp_path / f"artefacts/summed_up/{g}/current/table.parquet") for g in ("farm", "shop")
    )
    assert farm.rows() == [("farm/c", "farm/c")]
    assert sorted(shop.rows()) == [("shop/a", "shop/a"), ("shop/b", "shop/b")]


def test_a_partition_never_made_is_left_out_of_the_dict(instance: DagsterInstance, tmp_path: Path):
    made(instance, tmp_path, table, "shop/b")
    made(instance, tmp_path, summed_up, "shop")
    assert found(tmp_path, "summed_up", "shop").rows() == [("shop/b", "shop/b")]


def test_a_value_that_cannot_be_a_folder_is_refused(instance: DagsterInstance, tmp_path: Path):
    with pytest.raises(TypeError, match="dict can't be stored: known are DataFrame"):
        made(instance, tmp_path, unstorable)
    assert current(tmp_path / "artefacts/unstorable/all") is None
