"""Notices are kept until they are told, in a bounded time and a bounded room, whatever the places do."""

import json
import os
import time
from pathlib import Path

import pytest

from resources.notification import outbox as outboxes
from resources.notification.notice import MOST_CHARACTERS, Notice
from resources.notification.outbox import KEPT_SECONDS, Outbox

from .servers import Dripping, DrippingMail, Hook, Mailbox, Silent, serving


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "notices")


def at(webhook: int = 0, mail: int = 0, path: str = "") -> dict[str, str]:
    """The environment, with these places."""
    environment = dict(os.environ)
    if webhook:
        environment["SECTORFORGE_WEBHOOK"] = f"http://127.0.0.1:{webhook}/{path}"
    if mail:
        environment |= {"SECTORFORGE_SMTP": f"smtp://127.0.0.1:{mail}", "SECTORFORGE_MAIL_TO": "team@example.org"}
    return environment


def put(outbox: Outbox, environment: dict[str, str], *titles: str) -> list[str]:
    said: list[str] = []
    for title in titles:
        outbox.put(Notice(title, "why"), said.append, environment)
    return said


def titles() -> list[str]:
    return [text.split("\n")[0].removeprefix("warning: ") for text in Hook.taken]


def make_all_due(outbox: Outbox) -> None:
    for file in outbox.folder.glob("*/*.json"):
        file.write_text(json.dumps(json.loads(file.read_text()) | {"due": 0}))


def test_every_place_gets_each_notice_once_and_in_order(outbox: Outbox, hook: int, mailbox: int):
    places = at(hook, mailbox)
    put(outbox, places, "first", "second", "third")
    assert len(outbox.waiting_since(at(1, 1))) == 6
    assert outbox.send(places) == [] == outbox.send(places)
    assert titles() == ["first", "second", "third"] and len(Mailbox.letters) == 3
    assert outbox.waiting_since(at(1, 1)) == []


def test_without_a_place_nothing_is_kept(outbox: Outbox):
    put(outbox, at(), "first")
    assert outbox.waiting_since(at(1, 1)) == [] and outbox.send(at()) == []


def test_what_waits_for_a_place_that_is_not_named_any_more_is_given_up_in_time(outbox: Outbox, hook: int):
    put(outbox, at(hook), "first")
    assert len(outbox.waiting_since(at(hook))) == 1
    assert outbox.send(at()) == [] == outbox.waiting_since(at())
    (file,) = outbox.folder.glob("*/*.json")
    kept = json.loads(file.read_text())
    file.write_text(json.dumps(kept | {"notice": kept["notice"] | {"at": time.time() - KEPT_SECONDS - 1}}))
    (said,) = outbox.send(at())
    assert said.endswith("is given up: SECTORFORGE_WEBHOOK did not take it for 7 days")
    assert not list(outbox.folder.glob("*/*.json"))


def test_what_is_not_told_is_kept_and_told_later(outbox: Outbox, hook: int, nobody_port: int):
    put(outbox, at(nobody_port), "first", "second")
    (said,) = outbox.send(at(nobody_port))
    assert said == "'first' is told later: SECTORFORGE_WEBHOOK does not take it (ConnectionError)"
    assert len(outbox.waiting_since(at(1, 1))) == 2
    make_all_due(outbox)
    outbox.send(at(hook))
    assert titles() == ["first", "second"] and outbox.waiting_since(at(1, 1)) == []


def test_a_malformed_address_raises_nothing_and_what_waits_is_told_once_it_is_right(outbox: Outbox, hook: int):
    wrong = at() | {"SECTORFORGE_WEBHOOK": "http://[::1/s3cret"}
    put(outbox, wrong, "first")
    (said,) = outbox.send(wrong)
    assert "SECTORFORGE_WEBHOOK is no address: write it like https://HOST/PATH" in said and "s3cret" not in said
    make_all_due(outbox)
    outbox.send(at(hook))
    assert titles() == ["first"]


def test_one_that_is_never_taken_blocks_no_other_and_is_given_up(outbox: Outbox, hook: int):
    put(outbox, at(hook), "poison", "second")
    (said,) = outbox.send(at(hook))
    assert said == "'poison' is told later: SECTORFORGE_WEBHOOK does not take it (answers 500)"
    assert titles() == ["second"]
    assert outbox.send(at(hook)) == [], "it is not tried again at once"
    (file,) = outbox.folder.glob("*/*.json")
    kept = json.loads(file.read_text())
    file.write_text(json.dumps(kept | {"notice": kept["notice"] | {"at": time.time() - KEPT_SECONDS - 1}}))
    (said,) = outbox.send(at(hook))
    assert said.endswith("is given up: SECTORFORGE_WEBHOOK did not take it for 7 days")
    assert outbox.waiting_since(at(1, 1)) == []


@pytest.mark.slow
@pytest.mark.parametrize("handler", [Silent, Dripping, DrippingMail])
def test_all_of_a_tick_ends_in_time_whatever_a_place_does(outbox: Outbox, handler: type):
    """A place that sends a byte every second passes every time limit of a socket."""
    with serving(handler) as port:
        places = at(mail=port) if handler is DrippingMail else at(port)
        put(outbox, places, *"abcde")
        began = time.monotonic()
        assert outbox.send(places, seconds=3) == ["stopped after 3 s: what was not told is told later"]
        assert time.monotonic() - began < 15
    assert len(outbox.waiting_since(at(1, 1))) == 5


@pytest.mark.slow
def test_a_place_that_hangs_keeps_nothing_from_the_other_and_no_notice_from_its_turn(outbox: Outbox, mailbox: int):
    with serving(Dripping) as port:
        put(outbox, at(port, mailbox), "first", "second")
        outbox.send(at(port, mailbox), seconds=8)
    assert len(Mailbox.letters) == 2
    first, second = sorted(outbox.folder.glob("webhook/*.json"))
    assert json.loads(first.read_text())["due"] > time.time() - 8 and json.loads(second.read_text())["due"] == 0


def test_a_body_without_end_is_not_read(outbox: Outbox):
    class Endless(Hook):
        def do_POST(self) -> None:
            super().do_POST()
            for _ in range(60):
                self.wfile.write(b"x" * 1000)
                time.sleep(1)

    with serving(Endless) as port:
        put(outbox, at(port), "first")
        assert outbox.send(at(port)) == [] == outbox.waiting_since(at(1, 1))
    assert titles() == ["first"]


@pytest.mark.parametrize(
    ("title", "text"), [("caf\udce9.csv", "\udcff"), ("two\r\nlines", "x"), ("", ""), ("long" * 500, "x" * 10**6)]
)
def test_any_title_and_text_reach_every_place(outbox: Outbox, hook: int, mailbox: int, title: str, text: str):
    """`\\udce9` is how Python names a byte of a file name that is no UTF-8 (PEP 383); UTF-8 has no such character."""
    outbox.put(Notice(title, text), print, at(hook, mailbox))
    assert outbox.send(at(hook, mailbox)) == []
    assert len(Hook.taken) == len(Mailbox.letters) == 1
    assert len(Hook.taken[0]) < MOST_CHARACTERS + 1000


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"\xff", b'{"notice": {"title": "a", "text": "b", "at": "x"}, "failures": 0, "due": 0}'],
)
def test_a_damaged_file_is_given_up_and_the_others_are_told(outbox: Outbox, hook: int, content: bytes):
    put(outbox, at(hook), "first", "second")
    first, _ = sorted(outbox.folder.glob("*/*.json"))
    first.write_bytes(content)
    (said,) = outbox.send(at(hook))
    assert said == f"notice {first.name} is given up: its file is damaged"
    assert titles() == ["second"] and outbox.waiting_since(at(1, 1)) == []


def test_so_many_are_kept_and_the_newest_win(outbox: Outbox, hook: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(outboxes, "MOST_KEPT", 3)
    said = put(outbox, at(hook), *"abcde")
    assert len(said) == 2 and said[0].endswith("is given up: more than 3 wait for SECTORFORGE_WEBHOOK")
    outbox.send(at(hook))
    assert titles() == ["c", "d", "e"]
