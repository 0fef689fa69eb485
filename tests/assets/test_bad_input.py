"""Bad deliveries and bad definitions: said exactly, and what was published before stays byte for byte the same."""

import gzip
import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from dagster import DagsterInstance, DagsterUnknownPartitionError

from ..pipelines.sandbox import DELIVERY, KEY, Sandbox, failures, hashes, orders

pytestmark = pytest.mark.slow

PRICED = [{"expect_column_values_to_be_between": {"column": "price", "min_value": 0}}]
"""A contract that names a feature."""


def refused(sandbox: Sandbox, instance: DagsterInstance) -> dict[str, str]:
    """Run everything; it must fail and leave what was published as it was. What every failed step raised."""
    before = sandbox.published()
    result = sandbox.materialise(instance)
    assert not result.success
    assert sandbox.published() == before
    return failures(result)


def told(message: str, *parts: str) -> None:
    assert all(part in message for part in parts), f"{message}\nlacks {[part for part in parts if part not in message]}"


# --- the table --------------------------------------------------------------------------------------------------------


def with_price(value: object, at: int) -> pl.DataFrame:
    text = orders()["price"].cast(pl.String)
    text[at] = str(value)
    return orders().with_columns(text)


def many_levels() -> pl.DataFrame:
    frame = orders(12_000)
    return frame.with_columns(colour=pl.concat_str(pl.lit("shade "), pl.col("order") % 10_000))


BAD_TABLES: dict[str, tuple[Callable[[], pl.DataFrame], list[str]]] = {
    "target missing": (
        lambda: orders().rename({"returned": "Retruned"}),
        ["returned: expect_column_to_exist", "declared as target in use_case.yaml; did you mean 'Retruned'?"],
    ),
    "identifier missing": (
        lambda: orders().drop("order"),
        ["order: expect_column_to_exist", "declared as columns.identifier"],
    ),
    "a column the contract names is missing": (
        lambda: orders().drop("price"),
        ["price: expect_column_values_to_be_between", "the table has no column 'price'"],
    ),
    "wrong type": (
        lambda: with_price("about 20", 7),
        ["price: expect_column_values_to_be_between(min_value=0)", "can't be judged on this table (price: String)"],
    ),
    "duplicate identifiers": (
        lambda: orders().with_columns(pl.col("order").replace(9, 3)),
        ["order: expect_column_values_to_be_unique", "2 of 300 break it", "lines 5, 11", "Remove the repeated rows"],
    ),
    "all-null target": (
        lambda: orders().with_columns(returned=pl.lit(None, pl.Int64)),
        ["returned: expect_column_proportion_of_non_null", "The target is empty in every row"],
    ),
    "one class only": (
        lambda: orders().with_columns(returned=pl.lit(1)),
        ["returned: expect_column_unique_value_count_to_be_between(min_value=2", "With one class there is nothing to"],
    ),
    "a categorical of 10,000 levels": (
        many_levels,
        ["colour: expect_levels_to_be_few", "10,000 levels in 12,000 rows", "Declare it under columns.categorical"],
    ),
    "too few rows": (
        lambda: orders(49),
        ["table: expect_table_row_count_to_be_between(min_value=50)", "observed: 49", "Fewer rows can't be learned"],
    ),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_table_that_breaks_its_contract_is_refused_before_anything_is_written(
    sandbox: Sandbox, instance: DagsterInstance, case: str
):
    make, parts = BAD_TABLES[case]
    sandbox.place(frame=make(), contract=PRICED)
    found = refused(sandbox, instance)
    assert list(found) == ["validated_data"]
    told(found["validated_data"], f"{KEY}: the table breaks its contract", *parts, "Correct the delivery")


def test_a_delivery_that_lost_a_feature_is_refused_until_the_definition_says_so(
    sandbox: Sandbox, instance: DagsterInstance
):
    sandbox.place(frame=orders(seed=1).drop("weight"))
    found = refused(sandbox, instance)
    assert list(found) == ["validated_data"]
    told(found["validated_data"], f"{KEY}: orders.csv lacks the columns ['weight']", "or, if they are gone for good")

    sandbox.place(frame=orders(seed=1).drop("weight"), contract=PRICED)
    assert sandbox.materialise(instance).success


def test_a_name_for_what_is_no_class_is_refused_once_the_data_are_there(sandbox: Sandbox, instance: DagsterInstance):
    sandbox.place(classes={"0": "kept", "yes": "came back"})
    found = failures(sandbox.materialise(instance))
    assert list(found) == ["features"]
    told(found["features"], "'yes' is no value of the target 'returned'", "['0', '1']", "correct `classes`")


# --- the file ---------------------------------------------------------------------------------------------------------

GOOD = orders().write_csv().encode()


@pytest.mark.parametrize(
    ("name", "content", "parts"),
    [
        (DELIVERY, b"", [DELIVERY, "empty (0 bytes); deliver it again"]),
        (DELIVERY, GOOD.splitlines()[0], [DELIVERY, "empty, no row below the header; deliver it again"]),
        ("orders.csv.gz", gzip.compress(GOOD)[:-40], ["orders.csv.gz", "truncated"]),
        (DELIVERY, GOOD.replace(b"green", "grün".encode("latin1"), 1), ["line ", "0xfc", "save it as UTF-8"]),
        (DELIVERY, GOOD.replace(b"\n5,", b"\n5,1,", 1), ["line 7 has 6 fields, the first line has 5"]),
        ("orders.txt", GOOD, ["no file matches", "put files there, or correct the `path` of `files`"]),
    ],
    ids=["empty", "only a header", "truncated gzip", "not UTF-8", "ragged", "no file"],
)
def test_a_file_that_cannot_be_read_is_refused_before_a_snapshot_is_made(
    sandbox: Sandbox, instance: DagsterInstance, name: str, content: bytes, parts: list[str]
):
    folder = sandbox.place(source={"files": {"path": "*.csv*"}, "licence": "CC0", "citation": "-"})
    (folder / DELIVERY).unlink()
    (folder / name).write_bytes(content)
    snapshot = hashes(sandbox.current("raw_data"))
    found = refused(sandbox, instance)
    assert list(found) == ["raw_data"]
    told(found["raw_data"], *parts)
    assert hashes(sandbox.current("raw_data")) == snapshot


class Address(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(GOOD)))
        self.end_headers()
        self.wfile.write(GOOD)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the good delivery is served."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Address) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{DELIVERY}"
        server.shutdown()


def test_an_address_that_serves_other_bytes_than_pinned_is_refused(
    sandbox: Sandbox, instance: DagsterInstance, address: str
):
    pinned, served = "0" * 64, hashlib.sha256(GOOD).hexdigest()
    members = {"orders": {"url": address, "sha256": pinned}}
    sandbox.place(source={"http": {"members": members}, "licence": "CC0", "citation": "-"})
    found = refused(sandbox, instance)
    told(found["raw_data"], address, f"sha256 is {served}, the definition pins {pinned}", "pin the new digest")


def test_after_the_good_file_is_put_back_the_run_succeeds(sandbox: Sandbox, instance: DagsterInstance):
    sandbox.place(frame=orders(49))
    refused(sandbox, instance)
    sandbox.place(frame=orders(seed=1))
    before = sandbox.published()
    sandbox.make(instance)
    after = sandbox.published()
    assert before["validated_data"] != after["validated_data"]
    assert before["evaluation_report"] != after["evaluation_report"]


# --- the definition ---------------------------------------------------------------------------------------------------


def refused_definition(sandbox: Sandbox, instance: DagsterInstance) -> str:
    """The one fault of the catalogue. The others stay listed, and nothing can be run under the refused definition."""
    before = sandbox.published()
    catalogue = sandbox.catalogue()
    assert list(catalogue.use_cases) == ["retail/refunds"]
    with pytest.raises(DagsterUnknownPartitionError, match=KEY):
        sandbox.materialise(instance)
    assert sandbox.published() == before
    (fault,) = catalogue.errors
    return str(fault)


@pytest.fixture
def neighbour(sandbox: Sandbox) -> Path:
    """A good use case beside the one that gets spoiled."""
    return sandbox.place("retail/refunds", orders(), title="Will this refund be disputed?")


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize(
    ("change", "line", "parts"),
    [
        ({"targte": "returned"}, 14, ["targte: unknown key; did you mean 'target'?"]),
        ({"target": None}, 1, ["target: is missing: add it"]),
        ({"learners": ["logistik"]}, 13, ["learners: 'logistik' is unknown; did you mean 'logistic'?"]),
    ],
    ids=["unknown key", "missing key", "unknown learner"],
)
def test_a_wrong_definition_is_an_error_with_its_line_and_hides_no_other(
    sandbox: Sandbox, instance: DagsterInstance, change: dict[str, Any], line: int, parts: list[str]
):
    folder = sandbox.place(**change)
    message = refused_definition(sandbox, instance)
    assert message.startswith(f"{folder / 'use_case.yaml'}:{line}:")
    told(message, *parts)


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize("name", ["re..turns", "re\\turns", "Returns", "re turns", "rétours"])
def test_a_folder_whose_name_is_no_key_is_an_error(sandbox: Sandbox, instance: DagsterInstance, name: str):
    folder = (sandbox.root / KEY).rename(sandbox.root / "retail" / name)
    message = refused_definition(sandbox, instance)
    told(message, str(folder), f"the folder name {name!r} may hold only a-z, 0-9 and _: rename it")


@pytest.mark.usefixtures("neighbour")
def test_a_folder_that_leads_out_of_the_catalogue_is_an_error(sandbox: Sandbox, instance: DagsterInstance):
    outside = (sandbox.root / KEY).rename(sandbox.folder / "outside")
    (sandbox.root / KEY).symlink_to(outside)
    message = refused_definition(sandbox, instance)
    told(message, str(sandbox.root / KEY), "a symbolic link could lead out of the catalogue")


@pytest.mark.parametrize("pattern", ["../retail/returns", "retail/../retail/returns", "/retail/returns", "Retail/*"])
def test_no_pattern_reaches_beyond_the_keys(sandbox: Sandbox, pattern: str):
    with pytest.raises(KeyError, match="no use case matches"):
        sandbox.catalogue().matching([pattern])


def test_of_two_use_cases_with_one_name_the_later_is_an_error(sandbox: Sandbox):
    before = sandbox.published()
    folder = sandbox.place("retail/returns_again", orders())
    catalogue = sandbox.catalogue()
    assert list(catalogue.use_cases) == [KEY]
    (fault,) = catalogue.errors
    told(str(fault), f"{folder / 'use_case.yaml'}:1:1: title: ", f"is already the title of {KEY}")
    assert sandbox.published() == before
