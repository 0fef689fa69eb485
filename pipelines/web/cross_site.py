"""What stands in front of every HTTP server that is started here: no web page elsewhere can use it.

Belongs here: which requests are refused, and what they are told. Does not belong here: starting servers (the modules
beside this one), or who people are: there is no authentication.

A browser carries requests of any page it shows to any address, with the password that a proxy once asked for.

| refused | because |
|---|---|
| a Host that is not ours | a page's own name can be made to lead here (DNS rebinding) |
| an Origin other than this server's | the request, or the WebSocket, is another page's |
| no Origin, and Sec-Fetch-Site names another page | so is the image, the script, the frame; a link may be followed |
| a body that is not declared as an accepted type | those a form can send reach us unasked (no CORS preflight) |
| GraphQL in an address | so does a mutation in the address of an image |

Sources: https://fetch.spec.whatwg.org (CORS-safelisted request headers), https://www.w3.org/TR/fetch-metadata,
https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html. Starlette's
`TrustedHostMiddleware` compares hosts too, and can't say what to do.
"""

import os
import re
from collections.abc import Collection
from typing import NamedTuple

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from resources.errors import PermanentError

VARIABLE = "SECTORFORGE_HOSTS"
EXAMPLE = "sectorforge.example,192.0.2.7,[2001:db8::7]"
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
NAME = re.compile(r"[a-z0-9_][a-z0-9_.-]*|\[[0-9a-f:.]+\]")
HOST = re.compile(rf"({NAME.pattern})(:\d+)?")
"""`Host`: a name, or an address, and perhaps a port (RFC 9110, 7.2)."""
OWN_SITES = frozenset({"same-origin", "none"})
"""Values of Sec-Fetch-Site: this server's own page, and a person who types an address or opens a bookmark."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
JSON = "application/json"
GUIDE = "See docs/security.md."


class WrongHosts(PermanentError):
    """What the environment says can't be names of this server."""


class Refusal(NamedTuple):
    """The status of an answer, and what it says."""

    status: int
    message: str


def served_hosts() -> frozenset[str]:
    """The names by which servers are reached: those of loopback, and what `SECTORFORGE_HOSTS` adds, without ports.

    Raises
    ------
    WrongHosts: something in the variable is no name and no address.
    """
    named = {part.strip().lower() for part in os.environ.get(VARIABLE, "").split(",") if part.strip()}
    if wrong := sorted(one for one in named if not NAME.fullmatch(one)):
        remedy = f"write names or addresses without scheme, port or wildcard, such as {EXAMPLE}"
        raise WrongHosts(f"{VARIABLE}: {wrong[0]!r} is no host: {remedy}")
    return LOOPBACK_NAMES | named


class CrossSiteProtection:
    """ASGI middleware. `hosts` are the names that the server answers to, `content_types` those of bodies it takes.

    What is refused has changed nothing. A request is answered with a status and, in plain text, the remedy; a WebSocket
    is closed before it is accepted, which is status 403.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], content_types: Collection[str] = (JSON,)) -> None:
        self._app, self._hosts, self._content_types = app, hosts, content_types

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif refusal := self._refusal(scope):
            answer = PlainTextResponse(f"{refusal.message} {GUIDE}\n", refusal.status)
            await (answer if scope["type"] == "http" else WebSocketClose())(scope, receive, send)
        else:
            await self._app(scope, receive, _framed_by_itself(send))

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers = Headers(scope=scope)
        if refusal := self._wrong_host(headers) or _foreign_page(scope, headers):
            return refusal
        if scope["type"] == "websocket":
            return None
        return _asks_in_address(scope) if scope["method"] in SAFE else self._wrong_type(scope["method"], headers)

    def _wrong_host(self, headers: Headers) -> Refusal | None:
        host = ", ".join(headers.getlist("host"))
        match = HOST.fullmatch(host.lower())
        if match and match[1] in self._hosts:
            return None
        remedy = f"If the name is yours, add it to {VARIABLE} and start the server again."
        return Refusal(421, f"This server does not answer to the host {host!r}. {remedy}")

    def _wrong_type(self, method: str, headers: Headers) -> Refusal | None:
        declared = ", ".join(headers.getlist("content-type"))
        if declared.partition(";")[0].strip().lower() in self._content_types:
            return None
        accepted = " or ".join(self._content_types)
        return Refusal(415, f"{method} needs the header Content-Type: {accepted}, not {declared!r}.")


def _foreign_page(scope: Scope, headers: Headers) -> Refusal | None:
    own = {f"{scheme}://{headers['host'].lower()}" for scheme in ("http", "https")}  # a proxy may have ended TLS
    foreign = [origin for origin in headers.getlist("origin") if origin.lower() not in own]
    if not foreign and ("origin" in headers or not _is_embedded(scope, headers)):
        return None
    whose = f"of {foreign[0]!r}" if foreign else "elsewhere"
    remedy = "Open it by its own address; a proxy before it must pass Host on as the browser sent it."
    return Refusal(403, f"A page {whose} may not use this server. {remedy}")


def _is_embedded(scope: Scope, headers: Headers) -> bool:
    """Whether another page asks, by something other than a link that somebody follows."""
    if headers.get("sec-fetch-site", "none") in OWN_SITES:
        return False
    followed = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
    return not (followed and scope.get("method") in SAFE)


def _asks_in_address(scope: Scope) -> Refusal | None:
    if not scope["path"].rstrip("/").endswith("/graphql") or not scope["query_string"]:
        return None
    return Refusal(405, f"GraphQL is asked by POST with Content-Type: {JSON}; by GET, /graphql takes no parameters.")


def _framed_by_itself(send: Send) -> Send:
    """The same, but browsers show no page of ours inside another's, where clicks can be led astray."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["X-Frame-Options"] = "SAMEORIGIN"
        await send(message)

    return sending
