"""Fixtures of the notification tests: a hook, a mailbox, and a port where nobody is.

Belongs here: fixtures. Does not belong here: the servers (`servers`).
"""

import socketserver
from collections.abc import Iterator

import pytest

from .servers import Hook, Mailbox, serving


@pytest.fixture(autouse=True)
def nothing_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(Hook, "taken", [], raising=False)
    monkeypatch.setattr(Mailbox, "letters", [], raising=False)


@pytest.fixture
def hook() -> Iterator[int]:
    with serving(Hook) as port:
        yield port


@pytest.fixture
def mailbox() -> Iterator[int]:
    with serving(Mailbox) as port:
        yield port


@pytest.fixture
def nobody_port() -> int:
    with socketserver.TCPServer(("127.0.0.1", 0), Mailbox) as taken:
        return taken.server_address[1]
