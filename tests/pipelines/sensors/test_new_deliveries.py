"""A landing folder is looked into again and again; a run is asked for once for everything new in it."""

import os
import time
from pathlib import Path

import pytest
from dagster import DagsterInstance, SensorResult, build_sensor_context

from pipelines.sensors import new_deliveries
from pipelines.sensors.new_deliveries import SourceCursor, SourceState, TickDecision, decide
from resources.sources import LandingError

from ..sandbox import DELIVERY, KEY, Sandbox, orders

NEW, OLD = "new", "old"


@pytest.mark.parametrize(
    ("look", "memory", "decision"),
    [
        (SourceState(found=NEW, made=OLD), SourceCursor(), TickDecision(SourceCursor(NEW, times=1), ask=True)),
        (SourceState(found=NEW), SourceCursor(OLD), TickDecision(SourceCursor(NEW, times=1), ask=True)),
        (
            SourceState(found=NEW, made=OLD, event=7),
            SourceCursor(OLD, 3, times=4),
            TickDecision(SourceCursor(NEW, 7, times=5), ask=True),
        ),
        (SourceState(found=NEW, made=OLD, event=3), SourceCursor(NEW, 3), TickDecision(SourceCursor(NEW, 3))),
        (
            SourceState(found=NEW, made=OLD, event=7),
            SourceCursor(NEW, 3, times=4),
            TickDecision(SourceCursor(NEW, 7, times=5), ask=True),
        ),
        (SourceState(found=NEW, made=NEW), SourceCursor(), TickDecision(SourceCursor())),
        (SourceState(why="gone"), SourceCursor(OLD, 3), TickDecision(SourceCursor(OLD, 3, "gone"), tell="gone")),
        (SourceState(why="gone"), SourceCursor(OLD, 3, "gone"), TickDecision(SourceCursor(OLD, 3, "gone"))),
        (
            SourceState(why="gone"),
            SourceCursor(OLD, 3, "locked"),
            TickDecision(SourceCursor(OLD, 3, "gone"), tell="gone"),
        ),
        (
            SourceState(why="busy", passing=True),
            SourceCursor(OLD, 3, "gone"),
            TickDecision(SourceCursor(OLD, 3, "gone")),
        ),
        (SourceState(found=OLD, made=OLD), SourceCursor(OLD, 3, "gone"), TickDecision(SourceCursor(OLD, 3))),
    ],
    ids=[
        "a delivery is asked for",
        "the first delivery is asked for",
        "the next one is asked for",
        "what was asked for is waited for, even if its run failed",
        "what was asked for is asked for again where its run could not reach it",
        "what is made is not asked for, even when the memory is gone",
        "a fault is told",
        "a fault is told once",
        "another fault is told",
        "what passes by itself is not told",
        "a fault that is mended is forgotten",
    ],
)
def test_the_decision(look, memory, decision):
    assert decide(look, memory) == decision


def tick(sandbox: Sandbox, instance: DagsterInstance, cursor: str | None) -> SensorResult:
    context = build_sensor_context(instance=instance, cursor=cursor)
    result = new_deliveries.build(sandbox.catalogue(), seconds=30)(context)
    assert isinstance(result, SensorResult)
    return result


def asked(result: SensorResult) -> list[str | None]:
    return [request.partition_key for request in result.run_requests or []]


def drop(folder: Path, name: str, content: bytes, ago: float = 60) -> Path:
    path = folder / name
    path.write_bytes(content)
    os.utime(path, (time.time() - ago, time.time() - ago))
    return path


@pytest.fixture
def folder(sandbox: Sandbox) -> Path:
    """The landing folder of `KEY`, in which anything that ends in .csv is a delivery."""
    sandbox.place(source={"files": {"path": "*.csv"}, "licence": "CC0", "citation": "made by the test"})
    return sandbox.root / KEY


def test_several_files_make_one_run_and_none_the_next_time(sandbox, instance, folder):
    drop(folder, "second.csv", orders(50, seed=2).write_csv().encode())
    drop(folder, "third.csv", orders(50, seed=3).write_csv().encode())
    first = tick(sandbox, instance, None)
    assert asked(first) == [KEY]
    again = tick(sandbox, instance, first.cursor)
    assert asked(again) == []
    assert str(again.skip_reason).endswith("nothing new in 1 sources')")


def test_once_made_nothing_is_asked_for_even_when_the_cursor_is_reset(sandbox, instance, folder):
    drop(folder, "second.csv", orders(50, seed=2).write_csv().encode())
    first = tick(sandbox, instance, None)
    sandbox.make(instance, KEY, "raw_data", job="data")
    assert asked(tick(sandbox, instance, first.cursor)) == asked(tick(sandbox, instance, None)) == []


def test_the_same_bytes_under_another_name_and_a_touched_file_are_nothing_new(sandbox, instance, folder):
    sandbox.make(instance, KEY, "raw_data", job="data")
    content = (folder / DELIVERY).read_bytes()
    drop(folder, "copy.csv", content, ago=5)
    assert asked(tick(sandbox, instance, None)) == []
    (folder / DELIVERY).unlink()
    assert asked(tick(sandbox, instance, None)) == []


def test_a_content_that_comes_back_is_asked_for_again(sandbox, instance, folder):
    cursor, runs = None, []
    for seed in (1, 2, 1, 2):
        drop(folder, DELIVERY, orders(60, seed=seed).write_csv().encode())
        result = tick(sandbox, instance, cursor)
        runs += [request.run_key for request in result.run_requests or []]
        cursor = result.cursor
        sandbox.make(instance, KEY, "raw_data", job="data")
    assert len(runs) == len(set(runs)) == 4


def test_a_file_that_is_being_written_is_left_alone(sandbox, instance, folder):
    sandbox.make(instance, KEY, "raw_data", job="data")
    growing = drop(folder, "second.csv", b"order,price", ago=0)
    first = tick(sandbox, instance, None)
    assert asked(first) == []
    drop(folder, growing.name, orders(50, seed=2).write_csv().encode())
    assert asked(tick(sandbox, instance, first.cursor)) == [KEY]


def test_a_folder_that_is_gone_is_told_once_and_nothing_runs(sandbox, instance):
    sandbox.place(source={"files": {"path": "landing/*.csv"}, "licence": "CC0", "citation": "made by the test"})
    first = tick(sandbox, instance, None)
    assert asked(first) == [] and "there is no folder" in str(first.skip_reason)
    again = tick(sandbox, instance, first.cursor)
    assert asked(again) == [] and "there is no folder" not in str(again.skip_reason)


def test_a_run_that_could_not_reach_the_store_is_asked_for_again(sandbox, instance, folder, monkeypatch):
    drop(folder, "second.csv", orders(50, seed=2).write_csv().encode())
    first = tick(sandbox, instance, None)

    def broken(*_: object) -> None:
        raise LandingError("the store does not answer")

    with monkeypatch.context() as patched:
        patched.setattr("resources.sources.read", broken)
        sandbox.make(instance, KEY, "raw_data", job="data")
    second = tick(sandbox, instance, first.cursor)
    assert asked(first) == asked(second) == [KEY]
    assert asked(tick(sandbox, instance, second.cursor)) == []


def test_a_run_that_lacks_an_extra_is_not_asked_for_again(sandbox, instance, folder, monkeypatch):
    drop(folder, "second.csv", orders(50, seed=2).write_csv().encode())
    first = tick(sandbox, instance, None)
    with monkeypatch.context() as patched:
        patched.setattr("assets.installation.required_extras", lambda _: ["text"])
        patched.setattr("catalogue.extras.missing", lambda _: ["transformers"])
        sandbox.make(instance, KEY, "raw_data", job="data")
    assert asked(tick(sandbox, instance, first.cursor)) == []


def test_a_failed_run_is_not_asked_for_again_until_the_folder_changes(sandbox, instance, folder):
    drop(folder, "broken.csv", b"order;price\n1;2\n")
    first = tick(sandbox, instance, None)
    assert not sandbox.materialise(instance, KEY, job="data").success
    second = tick(sandbox, instance, first.cursor)
    assert asked(first) == [KEY] and asked(second) == []
    drop(folder, "broken.csv", b"order;price\n1;3\n")
    assert asked(tick(sandbox, instance, second.cursor)) == [KEY]


def test_a_state_that_comes_back_after_two_failed_runs_is_asked_for_under_another_key(sandbox, instance, folder):
    """A run key asks for one run for ever."""
    cursor, runs = None, []
    for content in (b"a;b\n1;2\n", b"a;b\n3;4\n", b"a;b\n1;2\n"):
        drop(folder, "broken.csv", content)
        result = tick(sandbox, instance, cursor)
        runs += [request.run_key for request in result.run_requests or []]
        cursor = result.cursor
    assert len(runs) == len(set(runs)) == 3
