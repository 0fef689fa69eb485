"""The network: package indexes and public addresses.

Belongs here: finding a release, downloading with retries, resumption and progress. Does not belong here: what is
kept (`cache`) or unpacked (`archives`).
"""

import hashlib
import io
import json
import os
import time
from collections.abc import Callable
from email.message import Message
from io import BufferedRandom
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from resources.sources.archives import MAX_BYTES
from resources.sources.errors import SourceError, SourceUnreachable

if TYPE_CHECKING:
    from pypi_simple import DistributionPackage

Progress = Callable[[str], None]

RETRIES = 3
BACKOFF_SECONDS = 0.5
TIMEOUT_SECONDS = (10, 60)
"""To connect, and between two pieces of an answer."""

CHUNK_BYTES = 2**18
MOST_PAGE_BYTES = 2**27
"""The page of a project with ten thousand files takes a twentieth of it."""
JSON_PAGE, HTML_PAGES = "application/vnd.pypi.simple.v1+json", ("application/vnd.pypi.simple.v1+html", "text/html")


def session() -> requests.Session:
    """A session that tries again, with growing pauses, when a connection fails or a server is overloaded."""
    retry = Retry(
        total=RETRIES,
        backoff_factor=BACKOFF_SECONDS,
        status_forcelist=(429, 500, 502, 503, 504),
        raise_on_status=False,
        respect_retry_after_header=False,
    )
    made = requests.Session()
    for scheme in ("http://", "https://"):
        made.mount(scheme, HTTPAdapter(max_retries=retry))
    return made


def releases(name: str, version: str, client: requests.Session) -> list["DistributionPackage"]:
    """The archives of `name==version` worth opening: a wheel, then the sdist.

    Raises SourceUnreachable: as `_served`, or neither is served.
    """
    served = _served(name, version, client)
    first = {package.package_type: package for package in reversed(served)}
    archives = [first[kind] for kind in ("wheel", "sdist") if kind in first]
    if not archives:
        raise SourceUnreachable(f"{name}=={version}: the package index serves neither a wheel nor an sdist of it")
    return archives


def release(name: str, version: str, sha256: str, client: requests.Session) -> "DistributionPackage":
    """The archive of `name==version` with this digest.

    Raises SourceUnreachable: as `_served`. Raises SourceError: the archives of this version have other digests.
    """
    served = _served(name, version, client)
    digests = {package.filename: package.digests.get("sha256") for package in served}
    for package in served:
        if digests[package.filename] in (None, sha256):
            return package
    raise SourceError(
        f"{name}=={version}: no archive has the pinned sha256 {sha256}; the package index promises {digests}. Look at "
        f"what changed; if it is wanted, pin the new digest"
    )


def _served(name: str, version: str, client: requests.Session) -> list["DistributionPackage"]:
    """The archives of `name==version` on the index, which is PIP_INDEX_URL or the default one.

    Raises SourceUnreachable: the index doesn't answer, or serves no such release.
    """
    from pypi_simple import ACCEPT_ANY, PYPI_SIMPLE_ENDPOINT, PyPISimple

    what = f"{name}=={version}"
    url = PyPISimple(os.environ.get("PIP_INDEX_URL") or PYPI_SIMPLE_ENDPOINT).get_project_url(name)
    try:
        with client.get(url, headers={"Accept": ACCEPT_ANY}, stream=True, timeout=TIMEOUT_SECONDS) as response:
            if response.status_code == requests.codes.not_found:
                raise SourceUnreachable(f"{what}: the package index has no project {name!r}")
            response.raise_for_status()
            packages = _packages(name, response, _page(response, what), what)
    except requests.RequestException as error:
        raise SourceUnreachable(f"{what}: the package index does not answer ({_reason(error)})") from error
    served = [package for package in packages if package.version == version]
    if not served:
        others = list(dict.fromkeys(package.version for package in packages if package.version))[-5:]
        raise SourceUnreachable(f"{what}: the package index serves no such version, the last ones are {others}")
    return served


def _page(response: requests.Response, what: str) -> bytes:
    """The page that an index answers with. Raises SourceUnreachable: it is longer than any is."""
    page = io.BytesIO()
    for chunk in response.iter_content(CHUNK_BYTES):
        page.write(chunk)
        if page.tell() > MOST_PAGE_BYTES:
            raise SourceUnreachable(f"{what}: the package index answers with more than {MOST_PAGE_BYTES:,} bytes")
    return page.getvalue()


def _packages(name: str, response: requests.Response, page: bytes, what: str) -> list["DistributionPackage"]:
    """What a page lists, in HTML (PEP 503) or JSON (PEP 691). Raises SourceUnreachable: it is no such page."""
    from pypi_simple import ProjectPage, UnsupportedRepoVersionError

    header = Message()
    header["Content-Type"] = response.headers.get("Content-Type", "text/html")
    kind, charset = header.get_content_type(), header.get_content_charset()
    try:
        if kind == JSON_PAGE:
            return ProjectPage.from_json_data(json.loads(page), response.url).packages
        if kind in HTML_PAGES:
            return ProjectPage.from_html(name, page, response.url, charset).packages
    except (ValueError, LookupError, RecursionError, UnsupportedRepoVersionError) as error:
        said = str(error).partition("\n")[0]
        raise SourceUnreachable(f"{what}: the package index answers with no page of an index ({said})") from error
    raise SourceUnreachable(f"{what}: the package index answers with {kind}, no index")


def download(url: str, into: BufferedRandom, client: requests.Session, progress: Progress) -> None:
    """Write what lies at `url` to `into`, an empty file, and rewind it. An interrupted transfer is resumed.

    Raises SourceUnreachable: no answer, or an answer other than success, after `RETRIES` more tries.
    Raises SourceError: more than `MAX_BYTES`.
    """
    say = _throttled(progress)
    interruption: requests.RequestException | None = None
    for attempt in range(1 + RETRIES):
        if interruption:
            progress(f"{_name(url)}: interrupted at {_megabytes(into.tell())}, trying again")
            time.sleep(BACKOFF_SECONDS * 2 ** (attempt - 1))
        with _answer(url, into.tell(), client) as response:
            try:
                _copy(response, into, say)
            except requests.RequestException as error:
                interruption = error
                continue
        into.seek(0)
        return
    assert interruption is not None
    raise SourceUnreachable(f"{_name(url)}: the transfer breaks off ({_reason(interruption)})") from interruption


def check_digest(file: BufferedRandom, release: "DistributionPackage") -> None:
    """Hold `file` against the digest its index gives, if any, and rewind it. Raises SourceError: they differ."""
    promised = release.digests.get("sha256")
    found = hashlib.file_digest(file, "sha256").hexdigest()
    if promised not in (None, found):
        raise SourceError(f"{release.filename}: the index promises sha256 {promised}, received {found}; try again")
    file.seek(0)


def _answer(url: str, start: int, client: requests.Session) -> requests.Response:
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        response = client.get(url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS)
    except requests.RequestException as error:
        raise SourceUnreachable(f"{_name(url)}: no answer from {urlsplit(url).hostname} ({_reason(error)})") from error
    if not response.ok:
        response.close()
        raise SourceUnreachable(
            f"{_name(url)}: {urlsplit(url).hostname} answers {response.status_code} {response.reason}"
        )
    return response


def _copy(response: requests.Response, into: BufferedRandom, say: Progress) -> None:
    if response.status_code != requests.codes.partial:
        into.seek(0)
        into.truncate()
    total = into.tell() + int(response.headers.get("Content-Length", 0))
    for chunk in response.iter_content(CHUNK_BYTES):
        into.write(chunk)
        say(f"{_name(response.url)}: {_megabytes(into.tell())}" + (f" of {_megabytes(total)}" if total else ""))
        if into.tell() > MAX_BYTES:
            raise SourceError(f"{_name(response.url)}: more than {MAX_BYTES:,} bytes")


def _throttled(progress: Progress) -> Progress:
    last = -1.0

    def say(line: str) -> None:
        nonlocal last
        if time.monotonic() - last >= 1:
            last = time.monotonic()
            progress(line)

    return say


def _name(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2]


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


def _reason(error: requests.RequestException) -> str:
    """What happened, without the layers around it and without the URL, which may hold a password."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{error.response.status_code} {error.response.reason}"
    return str(getattr(error.args[0] if error.args else error, "reason", error))
