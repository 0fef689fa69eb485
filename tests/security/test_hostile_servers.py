"""What an index, an address or an archive may do before its digest is compared: nothing for long, nothing at length."""

import gzip
import hashlib
import io
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from catalogue.definition import Http, Member, Package, Source, UseCase
from resources.sources import Cache, SourceError, SourceUnreachable, fetch, read, untrusted

pytestmark = pytest.mark.slow

PIN = hashlib.sha256(b"what was pinned").hexdigest()
SDIST = "some_shop-1.0.tar.gz"
Answer = Callable[[BaseHTTPRequestHandler], None]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.answers[self.path](self)  # pyright: ignore[reportAttributeAccessIssue]

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Answers each path as `answers` says, as long as anybody listens."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Who asked has had enough."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server() as running:
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        monkeypatch.setenv("PIP_INDEX_URL", f"{running.url}/simple/")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("SECTORFORGE_READING_MEMORY", "0.5")
        yield running
        running.shutdown()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", mirror=None)


def head(handler: BaseHTTPRequestHandler, kind: str = "text/html", **headers: str) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", kind)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def content(sent: bytes, kind: str = "text/html", **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        head(handler, kind, Content_Length=str(len(sent)), **headers)
        handler.wfile.write(sent)

    return answer


def endless(piece: bytes, seconds: float = 0.0) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        head(handler)
        while True:
            handler.wfile.write(piece)
            time.sleep(seconds)

    return answer


def endless_header(handler: BaseHTTPRequestHandler) -> None:
    """A byte every half second: no pause is long enough to be a silent server's."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        handler.wfile.write(b"a")
        time.sleep(0.5)


def redirect(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", f"{handler.path}/more" if handler.path.count("more") < 9 else "/a.csv")
    handler.end_headers()


def refusal(case: UseCase, cache: Cache, kind: type[Exception]) -> str:
    """What is said, with nothing kept."""
    with pytest.raises(kind) as caught:
        read(case, cache, lambda line: None)
    assert not [path for path in cache._folder.rglob("*") if path.is_file()]
    return str(caught.value)


def use_case(**source: object) -> UseCase:
    made = UseCase(title="t", task="regression", target="a", source=Source(licence="-", citation="-", **source))
    return made.placed("shop/orders", Path())


PACKAGE = use_case(
    package=Package(name="Some.Shop", version="1.0", members={"a": Member(path="shop/a.csv", sha256=PIN)})
)


def address(server: Server) -> UseCase:
    return use_case(http=Http(members={"a": Http.Address(url=f"{server.url}/a.csv", sha256=PIN)}))


# --- pages of an index ------------------------------------------------------------------------------------------------


def test_a_page_without_end_is_given_up(server: Server, cache: Cache):
    server.answers["/simple/some-shop/"] = endless(b'<a href="/a">a</a>' * 10_000)
    said = refusal(PACKAGE, cache, SourceUnreachable)
    assert said.startswith("Some.Shop==1.0: the package index answers with more than 134,217,728 bytes")


def test_a_page_that_unpacks_without_end_is_given_up(server: Server, cache: Cache):
    bomb = gzip.compress(bytes(2**26)) * 40
    server.answers["/simple/some-shop/"] = content(bomb, Content_Encoding="gzip")
    said = refusal(PACKAGE, cache, SourceUnreachable)
    assert said.startswith("Some.Shop==1.0: the package index answers with more than 134,217,728 bytes")


def test_a_page_that_takes_more_memory_than_its_bytes_is_refused(server: Server, cache: Cache):
    server.answers["/simple/some-shop/"] = content(b"[" + b"[]," * 15_000_000, "application/vnd.pypi.simple.v1+json")
    said = refusal(PACKAGE, cache, SourceError)
    assert said.startswith("Some.Shop==1.0: fetching it takes more than the 0.5 GiB of memory that it may")


@pytest.mark.parametrize("page", [b"[" * 100_000, b"{", b'{"files": 1}', b'{"meta": {"api-version": "9.0"}}'])
def test_a_page_that_is_none_is_unreachable(server: Server, cache: Cache, page: bytes):
    server.answers["/simple/some-shop/"] = content(page, "application/vnd.pypi.simple.v1+json")
    said = refusal(PACKAGE, cache, SourceUnreachable)
    assert said.startswith("Some.Shop==1.0: the package index answers with no page of an index (")


# --- slow answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [endless(b"a", 0.5), endless_header], ids=["body", "header"])
@pytest.mark.parametrize("path", ["/simple/some-shop/", "/a.csv"])
def test_an_answer_that_drips_is_given_up(
    server: Server, cache: Cache, monkeypatch: pytest.MonkeyPatch, path: str, answer: Answer
):
    monkeypatch.setattr(untrusted, "FETCH_SILENCE", 6)
    server.answers[path] = answer
    started = time.monotonic()
    said = refusal(PACKAGE if "simple" in path else address(server), cache, SourceUnreachable)
    assert "fetching it takes longer than the 0.1 minutes that it may. Check the connection" in said
    assert time.monotonic() - started < 30


def test_a_download_has_a_deadline_whatever_it_says_of_itself(
    server: Server, cache: Cache, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(untrusted, "FETCH_SECONDS", 6)
    server.answers["/a.csv"] = endless(bytes(2**19), 0.2)
    assert "fetching it takes longer than the 0.1 minutes" in refusal(address(server), cache, SourceUnreachable)


def test_redirects_that_lead_in_a_circle_are_given_up(server: Server, cache: Cache):
    server.answers |= {f"/a.csv{'/more' * number}": redirect for number in range(10)}
    assert "a.csv: no answer from 127.0.0.1 (Exceeded 30 redirects.)" in refusal(
        address(server), cache, SourceUnreachable
    )


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_download_is_bounded_in_what_it_unpacks_to(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(fetch, "MAX_BYTES", 2**24)
    server.answers["/a.csv"] = content(gzip.compress(bytes(2**28)), Content_Encoding="gzip")
    with (tmp_path / "file").open("w+b") as file, fetch.session() as client:
        with pytest.raises(SourceError, match=r"a\.csv: more than 16,777,216 bytes"):
            fetch.download(f"{server.url}/a.csv", file, client, print)
        assert file.tell() < 2**25


def long_name(kind: bytes) -> bytes:
    """A tar archive packed by gzip whose first header says that a name, or a list of attributes, of 2.7 GB follows."""
    header = tarfile.TarInfo("././@LongLink")
    header.size, header.type = 40 * 2**26, kind
    return gzip.compress(header.tobuf(tarfile.GNU_FORMAT)) + gzip.compress(b"9" * 2**26) * 40


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE])
def test_an_sdist_with_a_name_of_gigabytes_is_refused(server: Server, cache: Cache, kind: bytes):
    sdist = long_name(kind)
    assert len(sdist) < 2**22
    server.answers["/simple/some-shop/"] = content(f'<a href="/files/{SDIST}">{SDIST}</a>'.encode())
    server.answers[f"/files/{SDIST}"] = content(sdist)
    said = refusal(PACKAGE, cache, SourceError)
    assert said.startswith("Some.Shop==1.0: fetching it takes more than the 0.5 GiB of memory that it may")


def test_an_archive_that_is_not_the_pinned_one_is_not_opened(server: Server, cache: Cache):
    sdist = long_name(tarfile.GNUTYPE_LONGNAME)
    server.answers["/simple/some-shop/"] = content(f'<a href="/files/{SDIST}">{SDIST}</a>'.encode())
    server.answers[f"/files/{SDIST}"] = content(sdist)
    package = Package(name="Some.Shop", version="1.0", sha256=PIN, members={"a": Member(path="shop/a.csv")})
    said = refusal(use_case(package=package), cache, SourceError)
    assert said.startswith(f"{SDIST}: sha256 is {hashlib.sha256(sdist).hexdigest()}, the definition pins {PIN}")


def test_a_sparse_member_is_bounded(server: Server, cache: Cache):
    """GNU's sparse files say in a header how many zeros they stand for."""
    member = tarfile.TarInfo("some_shop-1.0/shop/a.csv")
    member.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[386:398], header[398:410] = b"00000000000\0", b"00000000000\0"
    header[483:495] = b"%011o\0" % (8 * 2**30 - 1)
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header[:512])
    buffer = io.BytesIO()
    with gzip.open(buffer, "wb") as archive:
        archive.write(bytes(header) + bytes(1024))
    server.answers["/simple/some-shop/"] = content(f'<a href="/files/{SDIST}">{SDIST}</a>'.encode())
    server.answers[f"/files/{SDIST}"] = content(buffer.getvalue())
    assert "unpacks to more than 268,435,456 bytes" in refusal(PACKAGE, cache, SourceError)
