"""A landing folder is polled again and again; a run is requested once for everything new in it."""

import json
import os
import time
from pathlib import Path

import pytest
from dagster import AssetObservation, DagsterInstance, SensorResult, build_sensor_context

from assets.raw_data import FORMER_TRANSIENT, TRANSIENT
from pipelines.sensors import new_deliveries
from pipelines.sensors.new_deliveries import PolledSource, SourceCursor, SourceState, TickDecision, decide, source_state
from resources.sources import LandingError

from ..sandbox import DELIVERY, KEY, Sandbox, orders

NEW, OLD = "new", "old"
REPEATED = orders(20, seed=1).write_csv().encode()
"""Orders that are there already, which the contract refuses."""


@pytest.fixture(autouse=True)
def _at_home(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.name_in(monkeypatch)


@pytest.mark.parametrize(
    ("state", "cursor", "decision"),
    [
        (SourceState(found=NEW, made=OLD), SourceCursor(), TickDecision(SourceCursor(NEW, requests=1), request=True)),
        (SourceState(found=NEW), SourceCursor(OLD), TickDecision(SourceCursor(NEW, requests=1), request=True)),
        (
            SourceState(found=NEW, made=OLD, event=7),
            SourceCursor(OLD, 3, requests=4),
            TickDecision(SourceCursor(NEW, 7, requests=5), request=True),
        ),
        (SourceState(found=NEW, made=OLD, event=3), SourceCursor(NEW, 3), TickDecision(SourceCursor(NEW, 3))),
        (
            SourceState(found=NEW, made=OLD, event=7),
            SourceCursor(NEW, 3, requests=4),
            TickDecision(SourceCursor(NEW, 7, requests=5), request=True),
        ),
        (SourceState(found=NEW, made=NEW), SourceCursor(), TickDecision(SourceCursor())),
        (SourceState(error="gone"), SourceCursor(OLD, 3), TickDecision(SourceCursor(OLD, 3, "gone"), report="gone")),
        (SourceState(error="gone"), SourceCursor(OLD, 3, "gone"), TickDecision(SourceCursor(OLD, 3, "gone"))),
        (
            SourceState(error="gone"),
            SourceCursor(OLD, 3, "locked"),
            TickDecision(SourceCursor(OLD, 3, "gone"), report="gone"),
        ),
        (
            SourceState(error="busy", transient=True),
            SourceCursor(OLD, 3, "gone"),
            TickDecision(SourceCursor(OLD, 3, "gone")),
        ),
        (SourceState(found=OLD, made=OLD), SourceCursor(OLD, 3, "gone"), TickDecision(SourceCursor(OLD, 3))),
        (
            SourceState(found=OLD, made=OLD, refused=True, definition="corrected"),
            SourceCursor(OLD, requests=1, definition="as it was"),
            TickDecision(SourceCursor(OLD, requests=2, definition="corrected"), request=True),
        ),
        (
            SourceState(found=OLD, made=OLD, definition="changed"),
            SourceCursor(OLD, definition="as it was"),
            TickDecision(SourceCursor(OLD, definition="changed")),
        ),
        (
            SourceState(found=OLD, made=OLD, refused=True, definition="as it was"),
            SourceCursor(OLD),
            TickDecision(SourceCursor(OLD, definition="as it was")),
        ),
        (
            SourceState(found=OLD, made=OLD, refused=True),
            SourceCursor(OLD, definition="as it was"),
            TickDecision(SourceCursor(OLD, definition="as it was")),
        ),
    ],
    ids=[
        "a delivery is requested",
        "the first delivery is requested",
        "the next one is requested",
        "what was requested is not requested again, even if its run failed",
        "what was requested is requested again where its run could not reach it",
        "what is made is not requested, even when the cursor was reset",
        "an error is reported",
        "an error is reported once",
        "another error is reported",
        "a transient error is not reported",
        "an error that is mended leaves the cursor",
        "what was refused is requested again when the definition is corrected",
        "another definition of what was made requests nothing",
        "what was refused before the first look is not requested again",
        "while a run is under way it is not known what it has read",
    ],
)
def test_the_decision(state, cursor, decision):
    assert decide(state, cursor) == decision


@pytest.mark.parametrize("key", [TRANSIENT, FORMER_TRANSIENT])
def test_a_run_skipped_for_a_transient_error_counts_as_an_event(key, sandbox, instance):
    source = PolledSource(sandbox.use_case(), "raw_data", "data")
    events = [source_state(source, instance, sandbox.state).event]
    for transient in (False, True):
        instance.report_runless_asset_event(AssetObservation("raw_data", partition=KEY, metadata={key: transient}))
        events.append(source_state(source, instance, sandbox.state).event)
    assert events[0] == events[1] < events[2]


def tick(sandbox: Sandbox, instance: DagsterInstance, cursor: str | None) -> SensorResult:
    context = build_sensor_context(instance=instance, cursor=cursor)
    result = new_deliveries.build(sandbox.catalogue(), seconds=30)(context)
    assert isinstance(result, SensorResult)
    return result


def requested(result: SensorResult) -> list[str | None]:
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
    assert requested(first) == [KEY]
    again = tick(sandbox, instance, first.cursor)
    assert requested(again) == []
    assert str(again.skip_reason).endswith("nothing new in 1 sources')")


def test_once_made_nothing_is_requested_even_when_the_cursor_is_reset(sandbox, instance, folder):
    drop(folder, "second.csv", orders(50, seed=2).write_csv().encode())
    first = tick(sandbox, instance, None)
    sandbox.make(instance, KEY, "raw_data", job="data")
    assert requested(tick(sandbox, instance, first.cursor)) == requested(tick(sandbox, instance, None)) == []


def test_the_same_bytes_under_another_name_and_a_touched_file_are_nothing_new(sandbox, instance, folder):
    sandbox.make(instance, KEY, "raw_data", job="data")
    content = (folder / DELIVERY).read_bytes()
    drop(folder, "copy.csv", content, ago=5)
    assert requested(tick(sandbox, instance, None)) == []
    (folder / DELIVERY).unlink()
    assert requested(tick(sandbox, instance, None)) == []


def test_a_content_that_comes_back_is_requested_again(sandbox, instance, folder):
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
    assert requested(first) == []
    drop(folder, growing.name, orders(50, seed=2).write_csv().encode())
    assert requested(tick(sandbox, instance, first.cursor)) == [KEY]


def test_a_folder_that_is_gone_is_reported_once_and_nothing_runs(sandbox, instance):
    sandbox.place(source={"files": {"path": "landing/*.csv"}, "licence": "CC0", "citation": "made by the test"})
    first = tick(sandbox, instance, None)
    assert requested(first) == [] and "there is no folder" in str(first.skip_reason)
    again = tick(sandbox, instance, first.cursor)
    assert requested(again) == [] and "there is no folder" not in str(again.skip_reason)


def test_a_run_that_could_not_reach_the_store_is_requested_again(sandbox, instance, folder, monkeypatch):
    drop(folder, "second.csv", orders(50, seed=2).write_csv().encode())
    first = tick(sandbox, instance, None)

    def broken(*_: object) -> None:
        raise LandingError("the store does not answer")

    with monkeypatch.context() as patched:
        patched.setattr("resources.sources.read", broken)
        sandbox.make(instance, KEY, "raw_data", job="data")
    second = tick(sandbox, instance, first.cursor)
    assert requested(first) == requested(second) == [KEY]
    assert requested(tick(sandbox, instance, second.cursor)) == []


def test_a_run_that_lacks_an_extra_is_not_requested_again(sandbox, instance, folder, monkeypatch):
    drop(folder, "second.csv", orders(50, seed=2).write_csv().encode())
    first = tick(sandbox, instance, None)
    with monkeypatch.context() as patched:
        patched.setattr("assets.installation.required_extras", lambda _: ["text"])
        patched.setattr("catalogue.extras.missing", lambda _: ["transformers"])
        sandbox.make(instance, KEY, "raw_data", job="data")
    assert requested(tick(sandbox, instance, first.cursor)) == []


def test_a_failed_run_is_not_requested_again_until_the_folder_changes(sandbox, instance, folder):
    drop(folder, "broken.csv", REPEATED)
    first = tick(sandbox, instance, None)
    assert not sandbox.materialise(instance, KEY, job="data").success
    second = tick(sandbox, instance, first.cursor)
    assert requested(first) == [KEY] and requested(second) == []
    drop(folder, "broken.csv", REPEATED + b"22,50.0,4.0,red,1\n")
    assert requested(tick(sandbox, instance, second.cursor)) == [KEY]


def test_a_refused_delivery_is_taken_up_again_once_the_definition_is_corrected(sandbox, instance, folder):
    """Dagster loads the definitions once; the sensor sees what the files say now. A definition that can't be read is
    told of, and requests nothing."""
    sandbox.make(instance, KEY, "raw_data", job="data")
    sensor = new_deliveries.build(sandbox.catalogue(), seconds=30)
    path = folder / "use_case.yaml"
    good = path.read_text()

    def tick(cursor: str | None) -> SensorResult:
        result = sensor(build_sensor_context(instance=instance, cursor=cursor))
        assert isinstance(result, SensorResult)
        return result

    drop(folder, "repeated.csv", REPEATED)
    first = tick(None)
    assert not sandbox.materialise(instance, KEY, job="data").success
    refused = tick(first.cursor)
    assert (requested(first), requested(refused)) == ([KEY], [])

    path.write_text(good.replace("task:", "tsk:"))
    spoilt = tick(refused.cursor)
    assert requested(spoilt) == [] and "use_case.yaml:2:1: tsk: unknown key; did you mean 'task'?" in str(spoilt)

    path.write_text(good + "time_limit: 60\n")
    corrected = tick(spoilt.cursor)
    assert requested(corrected) == [KEY]
    assert requested(tick(corrected.cursor)) == []


def test_a_state_that_comes_back_after_two_failed_runs_is_requested_under_another_key(sandbox, instance, folder):
    """Dagster starts one run for a run key, for ever."""
    cursor, runs = None, []
    for content in (b"a;b\n1;2\n", b"a;b\n3;4\n", b"a;b\n1;2\n"):
        drop(folder, "broken.csv", content)
        result = tick(sandbox, instance, cursor)
        runs += [request.run_key for request in result.run_requests or []]
        cursor = result.cursor
    assert len(runs) == len(set(runs)) == 3


def in_former_words(cursor: str | None) -> str:
    """The same cursor as earlier versions wrote it."""
    former = {"requested": "asked", "after_event": "after", "reported": "told", "requests": "times"}
    stored = json.loads(cursor or "{}")
    return json.dumps({key: {former[name]: one[name] for name in former} for key, one in stored.items()})


def test_a_cursor_of_an_earlier_version_starts_no_run_again(sandbox, instance, folder):
    drop(folder, "broken.csv", REPEATED)
    first = tick(sandbox, instance, None)
    assert not sandbox.materialise(instance, KEY, job="data").success
    stored = in_former_words(first.cursor)
    assert set(json.loads(stored)[KEY]) == {"asked", "after", "told", "times"}
    second = tick(sandbox, instance, stored)
    assert requested(second) == []
    assert second.cursor == first.cursor


def test_the_run_key_goes_on_from_a_cursor_of_an_earlier_version(sandbox, instance, folder):
    """The key names source, fingerprint, event and count: in another form it would start every run again."""
    source = PolledSource(sandbox.use_case(), "raw_data", "data")
    drop(folder, "second.csv", orders(50, seed=2).write_csv().encode())
    state = source_state(source, instance, sandbox.state)
    stored = json.dumps({KEY: {"asked": "other", "after": 1, "told": "", "times": 6}})
    (request,) = tick(sandbox, instance, stored).run_requests or []
    assert request.run_key == f"{KEY} {state.found} {state.event} 7"
