"""What only a server shows: its types, its transactions, and that it may go away."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from decimal import Decimal

import polars as pl
import psutil
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal

from catalogue.definition import Sql
from resources.sources import DatabaseAway, SourceError, database, database_connection

from ..postgres import PASSWORD, Server

pytestmark = pytest.mark.slow

URL = "WAREHOUSE_URL"
GROWING = Sql(url=URL, table="sales.visits", incremental=Sql.Incremental(column="Seen at"))


@pytest.fixture
def server(postgresql: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The server, with three visits, and its address in the environment."""
    monkeypatch.setenv(URL, postgresql.address)
    postgresql.execute(
        "drop schema if exists sales cascade",
        "create schema sales",
        'create table sales.visits (id bigint, "Seen at" timestamptz)',
        "insert into sales.visits values (1, '2026-11-01 12:00+02'), (2, '2026-11-02 12:00Z'), (3, null)",
    )
    yield postgresql


def read(sql: Sql, held: pl.DataFrame | None = None) -> pl.DataFrame:
    return database.read(sql, ["id"], held, print)


VALUES = {
    "bool": ("true", pl.Boolean(), True),
    "smallint": ("-3", pl.Int16(), -3),
    "integer": ("70000", pl.Int32(), 70000),
    "bigint": ("5000000000", pl.Int64(), 5_000_000_000),
    "real": ("1.5", pl.Float32(), 1.5),
    "double precision": ("0.1", pl.Float64(), 0.1),
    "numeric(12,2)": ("10.50", pl.Decimal(12, 2), Decimal("10.50")),
    "numeric": ("10.125", pl.Decimal(38, 3), Decimal("10.125")),
    "text": ("'é%:x'", pl.String(), "é%:x"),
    "varchar(9)": ("'a'", pl.String(), "a"),
    "char(2)": ("'a'", pl.String(), "a "),
    "uuid": ("'00000000-0000-0000-0000-000000000001'", pl.String(), "00000000-0000-0000-0000-000000000001"),
    "bytea": (r"'\x00ff'", pl.Binary(), b"\x00\xff"),
    "date": ("'2026-11-26'", pl.Date(), date(2026, 11, 26)),
    "time": ("'01:02:03.4'", pl.Time(), clock(1, 2, 3, 400_000)),
    "timestamp": ("'2026-11-26 01:02:03.456789'", pl.Datetime("us"), datetime(2026, 11, 26, 1, 2, 3, 456_789)),
    "timestamptz": ("'2026-11-26 01:00+02'", pl.Datetime("us", "UTC"), datetime(2026, 11, 25, 23, tzinfo=UTC)),
    "interval": ("'1 day 2 hours'", pl.Duration("us"), timedelta(days=1, hours=2)),
    "mood": ("'calm'", pl.String(), "calm"),
}
"""By PostgreSQL's type: what is written there, and the type and the value that come of it."""


def test_every_type_is_kept_and_so_is_its_absence(server):
    server.execute(
        "drop type if exists mood",
        "create type mood as enum ('calm', 'wild')",
        f"create table sales.types (id int, {', '.join(f'c{n} {kind}' for n, kind in enumerate(VALUES))})",
        f"insert into sales.types values (1, {', '.join(written for written, _, _ in VALUES.values())})",
        "insert into sales.types (id) values (2)",
        "alter database postgres set timezone to 'Asia/Tokyo'",
    )
    table = read(Sql(url=URL, table="sales.types"))
    assert list(table.schema.values())[1:] == [dtype for _, dtype, _ in VALUES.values()]
    assert list(table.row(0))[1:] == [value for _, _, value in VALUES.values()]
    assert set(table.row(1)[1:]) == {None}
    absent = read(Sql(url=URL, query="select * from sales.types where id = 2")).drop("c7", "c18")
    assert absent.schema == table.drop("c7", "c18").schema


@pytest.mark.parametrize("kind", VALUES)
def test_a_look_knows_an_identifier_of_every_type(server, kind):
    """Not all have a largest value: in PostgreSQL 15 there is no max(uuid), max(boolean) or max(bytea)."""
    server.execute(
        "drop type if exists mood",
        "create type mood as enum ('calm', 'wild')",
        f"create table sales.known (id {kind})",
        f"insert into sales.known values ({VALUES[kind][0]}), (null)",
    )
    table = Sql(url=URL, table="sales.known")
    before = database.look(table, ["id"])
    assert before.startswith("(2, 1") and read(table).height == 2
    server.execute("insert into sales.known values (null)")
    assert database.look(table, ["id"]) != before


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("select array[1, 2] as odd", "column 'odd' holds arrays, which no feature can be"),
        ("select null::int[] as odd", "column 'odd' holds arrays, which no feature can be"),
        ("select '{\"a\": 1}'::jsonb as odd", "column 'odd' holds dict, which no feature can be"),
        ("select 'NaN'::numeric as odd", "the decimals of column 'odd' are not all finite"),
        ("select 'infinity'::timestamp as odd", "timestamp too large"),
        ("select 1 / (id - 1) as odd from sales.visits", "division by zero"),
        ("select odd from sales.visits", 'column "odd" does not exist'),
        ("select 1 as odd, 2 as odd", "the query has two columns 'odd'"),
        ("select 1 as odd from sales.nowhere", 'relation "sales.nowhere" does not exist'),
    ],
)
def test_what_fits_no_table_is_named_with_its_column(server, query, message):
    with pytest.raises(SourceError) as caught:
        read(Sql(url=URL, query=query))
    assert message in str(caught.value) and PASSWORD not in str(caught.value)


def test_nothing_is_written(server):
    server.execute(
        "create or replace function sales.trick() returns int language sql as 'delete from sales.visits; select 1'"
    )
    with pytest.raises(SourceError, match="cannot execute DELETE in a read-only transaction"):
        read(Sql(url=URL, query="select sales.trick() as id"))
    assert read(GROWING).height == 3


def test_a_moment_with_a_zone_is_a_boundary_in_every_zone(server, capsys):
    held = read(GROWING)
    server.execute("insert into sales.visits values (4, '2026-11-02 12:00Z'), (5, '2026-11-02 12:00:00.000001Z')")
    server.execute("alter database postgres set timezone to 'America/Lima'")
    assert_frame_equal(read(GROWING, held), read(GROWING))
    assert "WAREHOUSE_URL: 4 rows fetched, 1 kept" in capsys.readouterr().out


def test_rows_that_a_longer_transaction_commits_late_are_not_lost(server, capsys):
    engine = sa.create_engine(server.url, poolclass=sa.NullPool)
    with engine.begin() as slow:
        slow.exec_driver_sql("insert into sales.visits values (4, '2026-11-01 18:00Z')")
        server.execute("insert into sales.visits values (5, '2026-11-03 12:00Z')")
        held = read(GROWING)
    assert held["id"].to_list() == [1, 2, 3, 5]
    assert_frame_equal(read(GROWING, held), read(GROWING))
    assert "1 rows came late, with smaller 'Seen at': fetching all rows anew" in capsys.readouterr().out


def test_a_read_sees_one_state_whatever_others_commit_meanwhile(server, monkeypatch):
    held = read(GROWING)
    fetched = database.table_of

    def disturbed(*arguments):
        server.execute("insert into sales.visits values (4, '2026-11-01 18:00Z')")
        return fetched(*arguments)

    monkeypatch.setattr(database, "table_of", disturbed)
    assert_frame_equal(read(GROWING, held), held)
    monkeypatch.undo()
    monkeypatch.setenv(URL, server.address)
    assert read(GROWING, held)["id"].to_list() == [1, 2, 3, 4]


def test_a_wrong_password_is_reported_without_it(server, monkeypatch):
    monkeypatch.setenv(URL, server.url.set(password="hunter2").render_as_string(hide_password=False))
    with pytest.raises(DatabaseAway, match="password authentication failed for user") as caught:
        read(GROWING)
    assert "hunter2" not in str(caught.value)


def test_a_look_at_a_large_table_brings_one_row_and_sees_a_change_in_place_and_a_deletion(server):
    server.execute("insert into sales.visits select i, timestamptz '2026-10-01Z' from generate_series(10, 50000) as i")
    declared = Sql(url=URL, table="sales.visits", changed_by="Seen at")
    looks = [database.look(declared, ["id"])]
    for change in (
        "update sales.visits set \"Seen at\" = '2026-11-20 12:00Z' where id = 10",
        "delete from sales.visits where id = 11",
    ):
        server.execute(change)
        looks.append(database.look(declared, ["id"]))
    assert len(set(looks)) == 3
    assert looks[0].startswith("(49994, 49993, ") and looks[2].startswith("(49993, 49992, ")


def test_a_slow_statement_ends_here_and_on_the_server(server, monkeypatch):
    monkeypatch.setattr(database, "LOOK_SECONDS", 1.0)
    slow = Sql(url=URL, query="select i as id from generate_series(1, 1000) as i where pg_sleep(0.1) is not null")
    with pytest.raises(SourceError, match="the query takes more than 1 s: narrow it"):
        database.look(slow, ["id"])
    running = "select count(*) as n from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()"
    assert read(Sql(url=URL, query=f"select n as id from ({running} and state = 'active') as now"))["id"].to_list() == [
        0
    ]


def test_a_table_that_others_hold_is_waited_for_only_so_long(server, monkeypatch):
    monkeypatch.setattr(database_connection, "LOCK_SECONDS", 1.0)
    engine = sa.create_engine(server.url, poolclass=sa.NullPool)
    with engine.begin() as holder:
        holder.exec_driver_sql("lock table sales.visits in access exclusive mode")
        with pytest.raises(DatabaseAway, match="lock timeout"):
            database.look(GROWING, ["id"])
    assert database.look(GROWING, ["id"])


def test_a_server_that_is_halted_in_the_middle_of_a_statement_is_given_up(server, monkeypatch):
    """As one that hangs, or whose machine is gone without a word: the connection stays, and nothing comes."""
    monkeypatch.setattr(database, "LOOK_SECONDS", 2.0)
    monkeypatch.setattr(database_connection, "GRACE_SECONDS", 1.0)
    slow = Sql(url=URL, query="select i as id from generate_series(1, 1000) as i where pg_sleep(0.1) is not null")
    halted: list[psutil.Process] = []

    def halt() -> None:
        postmaster = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
        for process in psutil.Process(postmaster).children():
            process.suspend()
            halted.append(process)

    failure = threading.Timer(1, halt)
    failure.start()
    started = time.monotonic()
    try:
        with pytest.raises(DatabaseAway, match="the database did not answer for 2 s, and was given up"):
            database.look(slow, ["id"])
        assert time.monotonic() - started < 30
    finally:
        failure.join()
        for process in halted:
            process.resume()


def test_a_server_that_goes_away_while_it_is_read_is_away(server):
    slow = Sql(url=URL, query="select i as id from generate_series(1, 1000) as i where pg_sleep(0.02) is not null")
    failure = threading.Timer(1, server.stop)
    failure.start()
    started = time.monotonic()
    with pytest.raises(DatabaseAway, match="WAREHOUSE_URL: the database does not answer"):
        read(slow)
    assert time.monotonic() - started < 15
    failure.join()
    with pytest.raises(DatabaseAway, match="Connection refused"):
        database.fingerprint(GROWING)
    server.start()
    assert read(GROWING).height == 3
