"""Rows of a real database, which SQLite keeps in a file: whole, or only what is new."""

import os
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal

from catalogue.definition import Sql
from resources.sources import DatabaseAway, SourceError, database, database_connection

URL = "WAREHOUSE_URL"
SECRET = "hunter2/"
INCREMENTAL = Sql.Incremental(column="seen")
ORDERS = "create table orders (id integer, note text, seen integer)"


@pytest.fixture
def fetched() -> Iterator[list[tuple]]:
    """Every row that any database hands over."""
    rows: list[tuple] = []

    def noting(connection: sqlite3.Connection, _: object) -> None:
        connection.row_factory = lambda cursor, row: rows.append(row) or row

    sa.event.listen(sa.Pool, "connect", noting)
    yield rows
    sa.event.remove(sa.Pool, "connect", noting)


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    """A connection that writes at once; its three orders are seen at 1, at 2 and at no known moment."""
    monkeypatch.setenv(URL, f"sqlite:///{tmp_path}/ware house.db")
    connection = sqlite3.connect(tmp_path / "ware house.db", isolation_level=None)
    connection.execute(ORDERS)
    connection.execute("insert into orders values (1, 'a', 1), (2, 'b', 2), (3, 'c', null)")
    yield connection
    connection.close()


def query(text: str) -> Sql:
    return Sql(url=URL, query=text)


def read(sql: Sql, held: pl.DataFrame | None = None, identifier: tuple[str, ...] = ("id",)) -> pl.DataFrame:
    return database.read(sql, identifier, held, print)


# --- rows -------------------------------------------------------------------------------------------------------------


def test_rows_keep_their_types_and_lie_in_an_order_of_their_own(warehouse):
    warehouse.execute("create table things (name text, size numeric, photo blob, id integer, empty text)")
    warehouse.execute("insert into things values (null, 2.5, x'00ff', 7, null), ('é', 3, null, 2, null)")
    table = read(Sql(url=URL, table="things"))
    assert table.rows(named=True) == [
        {"name": "é", "size": 3.0, "photo": None, "id": 2, "empty": None},
        {"name": None, "size": 2.5, "photo": b"\x00\xff", "id": 7, "empty": None},
    ]
    assert dict(table.schema) | {"empty": None} == {
        "name": pl.String,
        "size": pl.Float64,
        "photo": pl.Binary,
        "id": pl.Int64,
        "empty": None,
    }


def test_a_query_is_taken_as_it_is_written(warehouse):
    text = "select id, ':id \\' || '12:30' as text, 5 % 3 as rest from orders where note like 'a%' -- the first"
    assert read(query(text)).rows() == [(1, ":id \\12:30", 2)]
    assert read(query("select 1 as id;")).rows() == [(1,)]


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_how_many_rows_are_fetched_at_once_changes_nothing(warehouse, monkeypatch, rows):
    warehouse.execute("create table growing (id integer, size numeric, late text)")
    warehouse.execute("insert into growing values (1, 1, null), (2, 2.5, null), (3, 3, 'x')")
    whole = read(Sql(url=URL, table="growing"))
    monkeypatch.setattr(database, "BATCH_ROWS", rows)
    assert_frame_equal(read(Sql(url=URL, table="growing")), whole)


def test_nothing_is_written_to_the_database(warehouse, tmp_path):
    before = (tmp_path / "ware house.db").read_bytes()
    for text in ("delete from orders", "with gone as (select 1) delete from orders", "drop table orders"):
        with pytest.raises(SourceError, match=r"WAREHOUSE_URL: the database refuses the query \(near"):
            read(query(text))
    assert (tmp_path / "ware house.db").read_bytes() == before


# --- only what is new -------------------------------------------------------------------------------------------------

CHANGES = {
    "nothing": "select 1",
    "new rows": "insert into orders values (4, 'd', 3), (5, 'e', 4)",
    "a new row with the largest value": "insert into orders values (4, 'd', 2)",
    "a new row like one that is held": "insert into orders values (2, 'b', 2)",
    "a new row without a value": "insert into orders values (4, 'd', null)",
    "a row that gets its value": "update orders set seen = 3 where id = 3",
    "a row that gets a value from before": "update orders set seen = 1 where id = 3",
    "a changed row": "update orders set note = 'changed', seen = 3 where id = 1",
    "a row from before": "insert into orders values (4, 'd', 0)",
    "a row without identifier": "insert into orders values (null, 'd', 3)",
}


@pytest.mark.parametrize("statement", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("of", [{"table": "orders"}, {"query": "select * from orders"}], ids=["table", "query"])
def test_what_is_held_and_what_is_new_are_all_rows(warehouse, statement, of):
    sql = Sql(url=URL, incremental=INCREMENTAL, **of)
    held = read(sql)
    warehouse.execute(statement)
    assert_frame_equal(read(sql, held), read(sql))


@pytest.mark.parametrize("statement", [CHANGES[name] for name in CHANGES if name != "a changed row"])
def test_rows_without_an_identifier_are_neither_lost_nor_doubled(warehouse, statement):
    sql = Sql(url=URL, table="orders", incremental=INCREMENTAL)
    held = read(sql, identifier=())
    warehouse.execute(statement)
    assert_frame_equal(read(sql, held, identifier=()), read(sql, identifier=()))


def test_only_rows_from_the_largest_value_on_are_fetched(warehouse, capsys):
    sql = Sql(url=URL, table="orders", incremental=INCREMENTAL)
    warehouse.executemany("insert into orders values (?, 'old', 1)", [(number,) for number in range(10, 110)])
    held = read(sql)
    warehouse.execute("insert into orders values (4, 'd', 3)")
    read(sql, held)
    assert capsys.readouterr().out.splitlines() == [
        "WAREHOUSE_URL: 103 rows fetched",
        "WAREHOUSE_URL: 3 rows fetched, 101 kept",
    ]


def test_a_deleted_row_is_held_until_all_are_fetched_anew(warehouse):
    sql = Sql(url=URL, table="orders", incremental=INCREMENTAL)
    held = read(sql)
    warehouse.execute("delete from orders where id = 1")
    assert read(sql, held)["id"].to_list() == [1, 2, 3]
    assert read(sql)["id"].to_list() == [2, 3]


def test_a_new_column_has_all_rows_fetched_anew(warehouse, capsys):
    sql = Sql(url=URL, table="orders", incremental=INCREMENTAL)
    held = read(sql)
    warehouse.execute("alter table orders add column price integer default 5")
    assert read(sql, held)["price"].to_list() == [5, 5, 5]
    assert "does not fit what is held: it lacks columns [] and has ['price']" in capsys.readouterr().out


def test_a_column_of_text_is_no_order(warehouse):
    with pytest.raises(SourceError, match="the incremental column 'note' is String, of which databases and Python"):
        read(Sql(url=URL, table="orders", incremental=Sql.Incremental(column="note")))


def test_an_incremental_query_must_deliver_its_column_and_the_identifier(warehouse):
    for text, lacking in (("select id from orders", "seen"), ("select seen from orders", "id")):
        with pytest.raises(
            SourceError, match=rf"(the query has no column '{lacking}'|no such column: delivered.{lacking})"
        ):
            read(Sql(url=URL, query=text, incremental=INCREMENTAL))


# --- looks ------------------------------------------------------------------------------------------------------------


CHANGED_BY = Sql(url=URL, table="orders", changed_by="seen")


@pytest.mark.parametrize(
    "how", [{}, {"incremental": INCREMENTAL}, {"changed_by": "seen"}], ids=lambda how: "".join(how)
)
def test_the_fingerprint_changes_with_new_rows_and_changed_ones(warehouse, how):
    sql = Sql(url=URL, table="orders", **how)
    seen = [database.fingerprint(sql)]
    for change in ("new rows", "a new row like one that is held", "a row that gets its value"):
        warehouse.execute(CHANGES[change])
        seen.append(database.fingerprint(sql))
    warehouse.execute("update orders set note = 'changed', seen = 9 where id = 1")
    seen.append(database.fingerprint(sql))
    assert len(set(seen)) == 5 and database.fingerprint(sql) == seen[-1]


@pytest.mark.parametrize("sql", [CHANGED_BY, Sql(url=URL, table="orders")], ids=["declared", "not declared"])
def test_a_look_brings_one_row_however_many_there_are(warehouse, fetched, sql):
    warehouse.executemany("insert into orders values (?, 'x', 1)", [(number,) for number in range(10, 1010)])
    database.look(sql, ["id"])
    assert len(fetched) < 5
    read(sql)
    assert len(fetched) > 1000


@pytest.mark.parametrize(
    ("change", "declared", "not_declared"),
    [
        ("insert into orders values (4, 'd', 3)", True, True),
        ("delete from orders where id = 1", True, True),
        ("update orders set note = 'changed', seen = 3 where id = 1", True, False),
        ("update orders set note = 'changed' where id = 1", False, False),
    ],
)
def test_what_a_look_sees(warehouse, change, declared, not_declared):
    looks = [partial(database.look, sql, ["id"]) for sql in (CHANGED_BY, Sql(url=URL, table="orders"))]
    before = [look() for look in looks]
    warehouse.execute(change)
    after = [look() for look in looks]
    assert [was != now for was, now in zip(before, after, strict=True)] == [declared, not_declared]


def test_an_identifier_that_is_not_in_the_database_is_not_asked_for(warehouse):
    """As one that `assemble` makes."""
    before = database.look(Sql(url=URL, table="orders"), ["order", "id"])
    assert before == database.look(Sql(url=URL, table="orders"), ["id"]) == "(3, 3, 3)"
    warehouse.execute(CHANGES["new rows"])
    assert database.look(query("select * from orders"), ["order"]) == "(5,)"


def test_a_look_of_who_reads_the_rows_anyway_may_take_as_long(warehouse, monkeypatch):
    monkeypatch.setattr(database, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(database_connection, "GRACE_SECONDS", 0.0)
    numbers = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000) select i as id from n"
    with pytest.raises(DatabaseAway, match="did not answer"):
        database.look(query(numbers), ["id"])
    assert database.look(query(numbers), ["id"], patient=True) == "(1000000, 1000000, 1000000)"


def test_the_order_of_rows_is_no_news(warehouse):
    backwards = query("select * from orders order by id desc")
    assert database.fingerprint(backwards) == database.fingerprint(query("select * from orders order by id"))
    assert_frame_equal(read(backwards), read(query("select * from orders")))


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (Sql(url=URL, table="order"), "the database refuses the table order (no such table: order)"),
        (Sql(url=URL, table="sales.orders"), "refuses the table sales.orders (no such table: sales.orders)"),
        (query("select price from orders"), "the database refuses the query (no such column: price)"),
        (query("selct 1"), "the database refuses the query (near"),
        (query("select 1 as a from orders where id > 9"), "the query delivers no row"),
        (query("select id from orders union select note from orders"), "column 'id' holds values of several types"),
    ],
)
def test_what_a_database_refuses_is_named(warehouse, sql, message):
    with pytest.raises(SourceError) as caught:
        read(sql)
    assert message in str(caught.value) and str(caught.value).startswith(URL)


def test_a_database_that_is_not_there_is_away_and_is_not_made(tmp_path, monkeypatch):
    monkeypatch.setenv(URL, f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(DatabaseAway, match="WAREHOUSE_URL: the database does not answer"):
        read(query("select 1 as a"))
    assert not (tmp_path / "none.db").exists()


def test_a_locked_database_is_away(warehouse, monkeypatch):
    monkeypatch.setenv(URL, f"{database_connection.address(URL)}?timeout=0")
    warehouse.execute("begin exclusive")
    with pytest.raises(DatabaseAway, match="database is locked"):
        read(query("select * from orders"))
    warehouse.execute("rollback")
    assert read(query("select * from orders")).height == 3


def test_a_statement_that_never_ends_is_given_up(warehouse, monkeypatch):
    monkeypatch.setattr(database, "READ_SECONDS", 0.5)
    monkeypatch.setattr(database_connection, "GRACE_SECONDS", 0.0)
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select i as id from n where i < 0"
    started = time.monotonic()
    with pytest.raises(DatabaseAway, match="WAREHOUSE_URL: the database did not answer for 0 s, and was given up"):
        read(query(f"select * from ({endless})"))
    assert time.monotonic() - started < 20


def test_a_pipe_in_place_of_a_database_is_not_waited_for(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.db")
    monkeypatch.setenv(URL, f"sqlite:///{tmp_path}/pipe.db")
    with pytest.raises(SourceError, match=r"WAREHOUSE_URL: .*pipe\.db is no file"):
        read(query("select 1 as a"))


@pytest.mark.slow
def test_a_server_that_takes_the_connection_and_says_nothing_is_away(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv(URL, f"postgresql://reader:{SECRET}@127.0.0.1:{silent.getsockname()[1]}/db")
        started = time.monotonic()
        with pytest.raises(DatabaseAway, match="WAREHOUSE_URL: the database does not answer"):
            database.look(CHANGED_BY, ["id"])
        assert time.monotonic() - started < 40


def test_an_address_that_is_not_in_the_environment_is_asked_for(monkeypatch):
    monkeypatch.delenv(URL, raising=False)
    with pytest.raises(DatabaseAway, match="the environment variable WAREHOUSE_URL is not set: put the address there"):
        read(query("select 1 as a"))


@pytest.mark.parametrize(
    ("address", "error", "message"),
    [
        (f"reader:{SECRET}@host", SourceError, "holds no SQLAlchemy URL"),
        (f"postgresql://reader:{SECRET}@host:port/db", SourceError, "holds no SQLAlchemy URL"),
        (f"postgresql://reader:{SECRET}@127.0.0.1:1/db", DatabaseAway, "the database does not answer"),
        (f"postgresql://127.0.0.1/db?passwrd={SECRET}", SourceError, "invalid connection option"),
        (f"postgresql://127.0.0.1:1/db?sslpassword={SECRET}&port={SECRET}", SourceError, "…"),
        (
            f"oracle://reader:{SECRET}@host/db",
            DatabaseAway,
            "the driver of oracle is not installed: install the package",
        ),
        (f"nothing://reader:{SECRET}@host/db", DatabaseAway, "the driver of nothing is not installed"),
    ],
)
def test_no_message_holds_a_password(monkeypatch, address, error, message):
    monkeypatch.setenv(URL, address)
    with pytest.raises(error, match=message) as caught:
        read(query("select 1 as a"))
    assert caught.value.__cause__ is None and caught.value.__suppress_context__
    assert "hunter2" not in str(caught.value)


def test_a_missing_driver_of_postgresql_is_an_extra(monkeypatch):
    monkeypatch.setenv(URL, f"postgresql://reader:{SECRET}@host/db")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(
        DatabaseAway, match=r"the driver of postgresql is not installed: pip install 'sectorforge\[sql\]'"
    ):
        read(query("select 1 as a"))
