"""A landing folder in S3, as a server of this machine keeps it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
import requests

from catalogue import extras
from catalogue.definition import Files
from resources.sources import LandingError, SourceError
from resources.sources.landing import deliveries

pytestmark = pytest.mark.slow

BUCKET = "landing"
ORDERS = Files(path=f"s3://{BUCKET}/orders/*.csv")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A file system, other than the one that looks, that writes to an S3, whose address the environment holds."""
    moto = pytest.importorskip("moto.server")
    pytest.importorskip("s3fs", reason=extras.install_command(["s3"]))
    server = moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    requests.post(f"{address}/moto-api/reset", timeout=10, proxies={"http": ""})  # servers of one process share buckets
    for name, value in {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "hunter2",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    writer = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
    writer.mkdir(BUCKET)
    yield writer
    server.stop()


def test_objects_are_deliveries_known_by_their_content(store: Any):
    store.pipe({f"{BUCKET}/orders/b.csv": b"id\n2\n", f"{BUCKET}/orders/a.csv": b"id\n1\n"})
    assert [(file.where, file.content()) for file in deliveries(ORDERS, Path())] == [
        ("s3://landing/orders/a.csv", b"id\n1\n"),
        ("s3://landing/orders/b.csv", b"id\n2\n"),
    ]
    store.pipe({f"{BUCKET}/orders/c.csv": b"id\n1\n", f"{BUCKET}/orders/b.csv": b"id\n3\n"})
    assert [file.content() for file in deliveries(ORDERS, Path())] == [b"id\n1\n", b"id\n3\n"]
    store.pipe({f"{BUCKET}/orders/d.csv": b"id\n4\n"})
    newest = ORDERS.model_copy(update={"deliveries": "replace"})
    assert [file.content() for file in deliveries(newest, Path())] == [b"id\n4\n"]


def test_its_clock_says_when_an_object_is_whole(store: Any):
    marked, quiet, short = (
        Files.model_validate({"path": ORDERS.path, "complete_when": declared})
        for declared in ({"marker": "{name}.done"}, {"quiet_seconds": 60}, {"quiet_seconds": 1})
    )
    store.pipe({f"{BUCKET}/orders/a.csv.done": b""})
    time.sleep(1.1)  # times in S3 are whole seconds
    store.pipe({f"{BUCKET}/orders/a.csv": b"id\n1\n"})
    with pytest.raises(LandingError, match=r"was written to after its marker a\.csv\.done"):
        deliveries(marked, Path())
    with pytest.raises(LandingError, match="was written to less than 60 s ago"):
        deliveries(quiet, Path())
    store.pipe({f"{BUCKET}/orders/a.csv.done": b""})
    time.sleep(1.1)
    for declared in (marked, short):
        assert [file.content() for file in deliveries(declared, Path())] == [b"id\n1\n"]


def test_a_store_that_does_not_answer_is_not_an_empty_folder(store: Any, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(SourceError, match="there is no folder"):
        deliveries(ORDERS, Path())
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(LandingError, match="the store does not answer") as caught:
        deliveries(ORDERS, Path())
    assert "hunter2" not in str(caught.value)
