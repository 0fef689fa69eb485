"""The secrets that environment variables hold.

Belongs here: which variables hold one, and into which parts programs take an address apart, a malformed one too. Does
not belong here: finding a secret in a text (`texts`).

A variable holds a secret

- by its name: `MLFLOW_TRACKING_TOKEN`, `AWS_SECRET_ACCESS_KEY`, `PGPASSWORD`, `AZURE_STORAGE_CONNECTION_STRING`, …: all
  of its value, unless that is the absolute path of a file or a switch;
- by an address in its value, whatever its name: databases, MLflow, package indexes, proxies, mail. Of that the
  password, a user without one, parameters that are named like a secret, and what looks generated; of a webhook the
  whole path;
- by what is set in its value: an entry of JSON whose name, or the name of an object around it, says so; `password=…`,
  `"secret": "…"` and, at the start of a line, `password: …`, percent-encoded ones too. A value in quotes or braces is
  taken whole, any other up to where some format may end it.

Programs that are given a password with an unencoded ``/``, ``?``, ``#``, ``@`` or ``:`` cut the address there (RFC
3986, section 3.2) and complain about a piece of it. So every piece is a secret, too.
"""

import base64
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_plus

NAMES = re.compile(
    r"passw(or)?d|passphrase|secret|token(?!iz)|credential|api_?key|connection_?string|jwt|cookie|keys?(_|$)"
    r"|(^|_)(pass|sas|sig)s?(_|$)|_pwd$|auth(orization)?$",
    re.IGNORECASE,
)
"""In the name of a variable whose value is a secret."""
PARAMETERS = re.compile(r"pass|pwd|secret|token|key|sig|credential|auth|code", re.IGNORECASE)
"""In the name of what is set inside a value."""
ADDRESSES = re.compile(r"url|uri|dsn|smtp|hook|proxy", re.IGNORECASE)
"""In the name of a variable that holds an address even where that lacks its ``scheme://``."""
WEBHOOKS = re.compile(r"hook", re.IGNORECASE)
"""In the name of a variable that holds an address whose path is the secret."""
ASSIGNED = re.compile(r"""(?<![\w.-])([\w.-]+)(?:["']?\s*=|["']\s*:)\s*|^[ \t-]*([\w.-]+):[ \t]+""", re.MULTILINE)
"""``password=``, ``"secret":``, and ``password:`` where a line begins; in the middle of one that is prose."""
VALUE = re.compile(
    r"""(?:(?:basic|bearer|token)\s+)?(?:'((?:[^'\\]|\\.|'')*)'|"((?:[^"\\]|\\.|"")*)"|\{((?:[^}]|\}\})*)\}"""
    r"""|["'{]?(?=([^\s;]+))([^\s"'&;,{}]+))""",
    re.IGNORECASE | re.DOTALL,
)
"""What is set: in quotes or braces; or else up to white space or a semicolon, and up to where any format may end it."""
DOUBLED = re.compile(r"""\\(.)|(?<=['"}])(['"}])""", re.DOTALL)
"""A character of a value in quotes or braces that is written with another before it."""
ADDRESS = re.compile(r"(?:\s|^)(?=[a-z][a-z0-9+.-]*://)", re.IGNORECASE)
"""Where an address begins in a list of them."""
CUTS = re.compile(r"[/?#@:\[\]\s]+")
"""Where programs cut an address."""
SEPARATORS = re.compile(r"""[/?#@:\[\]\s,;&="'{}]+""")
"""Where programs cut a value that is set."""
SWITCHES = frozenset({"true", "false", "yes", "no", "on", "off", "none", "null"})
GENERATED_PARAMETER, GENERATED_SEGMENT = 8, 16
"""Characters from which a parameter or a piece of a value, or a user or a segment of a path, looks generated where a
digit is among them."""


@dataclass(frozen=True, order=True)
class Secret:
    """Something that no text may repeat. `before` and `after` stand around it in its address."""

    text: str
    before: str = ""
    after: str = ""


def secrets_in(environment: Mapping[str, str]) -> set[Secret]:
    """Every secret that `environment` holds, as it is written and percent-decoded."""
    return {
        Secret(text, secret.before, secret.after)
        for name, value in environment.items()
        for secret in _of_variable(name, value)
        for text in map(str.strip, (secret.text, unquote(secret.text), unquote_plus(secret.text)))
        if text and text.lower() not in SWITCHES
    }


def _of_variable(name: str, value: str) -> Iterator[Secret]:
    if NAMES.search(name) and not _is_file(value):
        yield Secret(value)
    yield from _of_value(name, value)
    for entry, text in _entries(value):
        if PARAMETERS.search(entry):
            yield from _whole_and_pieces(text)
        yield from _of_value(entry, text)


def _is_file(value: str) -> bool:
    """A relative path is none: a password may have the name of a file in the working directory."""
    try:
        return Path(value).is_absolute() and Path(value).exists()
    except (OSError, ValueError):
        return False


def _of_value(name: str, value: str) -> Iterator[Secret]:
    for written in {value, unquote(value)}:
        yield from _of_assignments(written)
    for address in _addresses(name, value):
        yield from _of_address(address)
        if WEBHOOKS.search(name):
            yield from _of_webhook(address)


def _of_assignments(text: str) -> Iterator[Secret]:
    for assigned in ASSIGNED.finditer(text):
        value = VALUE.match(text, assigned.end())
        if value and PARAMETERS.search(assigned[1] or assigned[2]):
            for written in filter(None, value.groups()):
                yield from _whole_and_pieces(written)
                yield Secret(DOUBLED.sub(r"\1", written))


def _entries(value: str) -> Iterator[tuple[str, str]]:
    """The texts and numbers of a value that is JSON, by the names that lead to each."""
    try:
        left: list[tuple[str, Any]] = [("", json.loads(value))]
        os.fsencode(json.dumps(left, ensure_ascii=False))  # half a character (`\ud800`) can be written in no notation
    except (ValueError, RecursionError):
        return
    while left:
        name, item = left.pop()
        if isinstance(item, dict):
            left.extend((f"{name}.{key}", inner) for key, inner in item.items())
        elif isinstance(item, list):
            left.extend((name, inner) for inner in item)
        elif item is not None:
            yield name, str(item)


def _whole_and_pieces(text: str) -> Iterator[Secret]:
    """A value that is set, and those of its pieces that look generated: a passphrase blanks no common word."""
    yield Secret(text)
    yield from (Secret(piece) for piece in SEPARATORS.split(text) if _looks_generated(piece, GENERATED_PARAMETER))


def _addresses(name: str, value: str) -> Iterable[str]:
    if "://" in value:
        return [part for part in ADDRESS.split(value) if "://" in part]
    return [value] if ADDRESSES.search(name) else []


def _of_address(address: str) -> Iterator[Secret]:
    scheme, separator, rest = address.partition("://")
    rest = rest if separator else address
    userinfo, _, behind = rest.rpartition("@")
    if userinfo and not userinfo.startswith("/"):
        yield from _of_userinfo(userinfo, CUTS.split(behind)[0])
    for parameter in re.split("[?&;#]", rest)[1:]:
        name, _, value = parameter.partition("=")
        if PARAMETERS.search(name) or _looks_generated(value, GENERATED_PARAMETER):
            yield Secret(value)
    if scheme.lower() in ("http", "https"):
        segments = CUTS.split(behind)[1:]
        yield from (Secret(segment) for segment in segments if _looks_generated(segment, GENERATED_SEGMENT))


def _of_userinfo(userinfo: str, host: str) -> Iterator[Secret]:
    user, _, password = userinfo.partition(":")
    yield Secret(userinfo, after="@")
    yield Secret(base64.b64encode(unquote(userinfo).encode(errors="surrogateescape")).decode())
    if not password or _looks_generated(user, GENERATED_SEGMENT):
        yield Secret(user)
    for written in (password, unquote(password)):
        yield Secret(written)
        pieces = [piece for piece in CUTS.split(written) if piece]
        yield from map(Secret, pieces)
        if len(pieces) > 1:
            yield Secret(pieces[0], before=f"{user}:")
            yield Secret(pieces[-1], after=f"@{host}")


def _of_webhook(address: str) -> Iterator[Secret]:
    _, _, path = (address.partition("://")[2] or address).partition("/")
    yield Secret(address)
    yield Secret(f"/{path}")
    yield Secret(CUTS.split(path.rstrip("/"))[-1])


def _looks_generated(text: str, length: int) -> bool:
    return len(text) >= length and any(character.isdigit() for character in text)
