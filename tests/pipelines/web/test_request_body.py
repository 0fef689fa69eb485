"""How large and how deep a body may be, with what arrives in pieces."""

import asyncio
import json

import pytest

from pipelines.web.request_body import DEEPEST, MOST_BYTES, BodyLimit


def answered(*parts: bytes) -> tuple[int, bytes]:
    """The status of a request whose body arrives in parts, and what the application behind received."""
    sent, received = [], []
    arriving = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    arriving.append({"type": "http.request", "body": b"", "more_body": False})

    async def application(_, receive, send) -> None:
        received.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> dict:
        return arriving.pop(0)

    async def send(message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    asyncio.run(BodyLimit(application)(scope, receive, send))
    return sent[0]["status"], b"".join(received)


def test_a_body_arrives_as_it_was_sent():
    assert answered(b'{"a": ', b"[1]}") == (200, b'{"a": [1]}')
    deepest = b"[" * DEEPEST + b"]" * DEEPEST
    assert answered(deepest) == (200, deepest)
    text = json.dumps({"a": '[{"' * 100, "b": "\\" * 99}).encode()
    assert answered(text) == (200, text)


@pytest.mark.parametrize("body", [b"[" * (DEEPEST + 1), b'{"a":' * (DEEPEST + 1), b'"\\"" [' * (DEEPEST + 1)])
def test_what_is_nested_deeper_is_refused(body: bytes):
    assert answered(body) == (400, b"")


def test_what_is_larger_is_refused():
    part = b" " * (MOST_BYTES // 4)
    assert answered(*[part] * 4) == (200, part * 4)
    assert answered(*[part] * 4, b" ") == (413, b"")
