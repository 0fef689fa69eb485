"""A notice reaches every place the environment names, and no message repeats a password."""

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from resources.notification import Notice, NotificationError, notify

NOTICE = Notice("shop/orders failed", "validated_data: the table breaks its contract\nrun 1")


class Hook(BaseHTTPRequestHandler):
    """Takes notices, or refuses them under /refuses."""

    taken: list[dict[str, str]]

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/refuses"):
            self.send_error(403)
            return
        self.taken.append(json.loads(content))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Mailbox(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as a message needs."""

    letters: list[str]

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            command = line.split()[0].upper()
            if command == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self.letters.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
            self.wfile.write(b"221 bye\r\n" if command == b"QUIT" else b"250 fine\r\n")
            if command == b"QUIT":
                return


def running(server: socketserver.TCPServer) -> Iterator[int]:
    with server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture(autouse=True)
def nothing_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(Hook, "taken", [], raising=False)
    monkeypatch.setattr(Mailbox, "letters", [], raising=False)


@pytest.fixture
def hook() -> Iterator[int]:
    yield from running(HTTPServer(("127.0.0.1", 0), Hook))


@pytest.fixture
def mailbox() -> Iterator[int]:
    yield from running(socketserver.TCPServer(("127.0.0.1", 0), Mailbox))


def test_with_nothing_named_the_log_has_it():
    lines: list[str] = []
    notify(NOTICE, lines.append, {})
    assert lines == [str(NOTICE)]


def test_every_place_gets_it(hook, mailbox):
    lines: list[str] = []
    places = {
        "SECTORFORGE_WEBHOOK": f"http://127.0.0.1:{hook}/services/secret",
        "SECTORFORGE_SMTP": f"smtp://127.0.0.1:{mailbox}",
        "SECTORFORGE_MAIL_TO": "team@example.org",
    }
    notify(NOTICE, lines.append, places)
    assert Hook.taken == [{"text": str(NOTICE)}]
    (letter,) = Mailbox.letters
    assert "Subject: Sectorforge: shop/orders failed" in letter and "breaks its contract" in letter
    assert "To: team@example.org" in letter and lines == [str(NOTICE)]


def test_a_place_that_refuses_is_named_and_the_others_have_it(hook, mailbox):
    places = {
        "SECTORFORGE_WEBHOOK": f"http://127.0.0.1:{hook}/refuses/secret",
        "SECTORFORGE_SMTP": f"smtp://127.0.0.1:{mailbox}",
        "SECTORFORGE_MAIL_TO": "team@example.org",
    }
    with pytest.raises(NotificationError) as caught:
        notify(NOTICE, print, places)
    assert str(caught.value) == "'shop/orders failed' did not reach SECTORFORGE_WEBHOOK (answers 403)"
    assert len(Mailbox.letters) == 1


def test_what_nobody_listens_to_and_what_is_not_set_is_said_without_secrets(nobody_port: int):
    places = {
        "SECTORFORGE_WEBHOOK": f"http://127.0.0.1:{nobody_port}/secret",
        "SECTORFORGE_SMTP": f"smtp://user:secret@127.0.0.1:{nobody_port}",
    }
    with pytest.raises(NotificationError) as caught:
        notify(NOTICE, print, places)
    assert "SECTORFORGE_WEBHOOK (ConnectionError)" in str(caught.value)
    assert "SECTORFORGE_SMTP (SECTORFORGE_MAIL_TO is not set)" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.fixture
def nobody_port() -> int:
    with socketserver.TCPServer(("127.0.0.1", 0), Mailbox) as taken:
        return taken.server_address[1]
