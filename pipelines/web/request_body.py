"""Bodies of requests that no server here reads: those that would fill its memory, and JSON nested without end.

Belongs here: how large and how deep a body may be. Does not belong here: who may send one (`cross_site`), or what it
says (`resources.serving`).
"""

import re
from itertools import accumulate

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 64 * 2**20
DEEPEST = 32
"""A table in JSON has four levels, and values of some kinds a few more."""
NO_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"|[^][{}"]++', re.DOTALL)
"""What lies between the brackets of JSON: strings, and all else."""
STEPS = {**dict.fromkeys(b"[{", 1), **dict.fromkeys(b"]}", -1)}


class BodyLimit:
    """ASGI middleware. What is refused is answered with a status and, in plain text, the remedy."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        if body is None:
            remedy = "Send fewer rows at once, or use `sectorforge predict`."
            answer = PlainTextResponse(f"A body may have {MOST_BYTES // 2**20} MiB. {remedy}\n", 413)
            await answer(scope, receive, send)
        elif "json" in Headers(scope=scope).get("content-type", "") and _too_deep(body):
            answer = PlainTextResponse(f"JSON may be nested {DEEPEST} levels deep: send a table.\n", 400)
            await answer(scope, receive, send)
        else:
            await self._app(scope, _first(body, receive), send)


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None where it is too large. It is then read to its end, for whoever still sends hears nothing."""
    body, size, more = bytearray(), 0, True
    while more:
        message = await receive()
        part, more = message.get("body", b""), message.get("more_body", False)
        size += len(part)
        if size <= MOST_BYTES:
            body += part
        else:
            body.clear()
    return bytes(body) if size <= MOST_BYTES else None


def _first(body: bytes, receive: Receive) -> Receive:
    """As `receive`, after a body that was received already."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return waiting.pop() if waiting else await receive()

    return receiving


def _too_deep(body: bytes) -> bool:
    levels = accumulate(STEPS.get(bracket, 0) for bracket in NO_BRACKETS.sub(b"", body))
    return any(level > DEEPEST for level in levels)
