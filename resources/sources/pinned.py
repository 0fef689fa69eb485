"""Files that a definition pins by their digests: from the cache or the mirror, else from the network.

Belongs here: what is fetched for which pin, and that nothing is read that is not what was pinned. Does not belong here:
the network (`fetch`), unpacking (`archives`), or tables (`stacking`).

Before its digest was compared a file is handled in a process of its own (`untrusted`), which leaves nothing but pinned
files in the cache.
"""

import difflib
import io
from collections.abc import Callable

from catalogue.definition import Http, Member, Package
from resources.sources import archives, fetch, untrusted
from resources.sources.cache import Cache, check_pin, file_fits
from resources.sources.errors import SourceError
from resources.sources.fetch import Progress


def members(package: Package, cache: Cache, progress: Progress) -> dict[str, dict[str, bytes]]:
    """The contents of every member's files, by their paths.

    Raises SourceUnreachable: a file is not here, and not served. Raises SourceError: it is not the pinned one, or
    lacks a member.
    """
    if package.sha256:
        return _of_pinned_archive(package, package.sha256, cache, progress)
    return _of_pinned_members(package, cache, progress)


def at_address(address: Http.Address, cache: Cache, progress: Progress) -> bytes:
    """The file at an address. Raises as `members`."""
    held = _first(address.pins, cache)
    return held or _fetched(address.pins, cache, address.url, progress, _fetch_address, address.url)


def below_address(address: Http.Address, path: str, cache: Cache, progress: Progress) -> dict[str, bytes]:
    """The files in the archive at an address that match `path`, by their paths. Raises as `members`."""
    archive = at_address(address, cache, progress)
    found, listed = archives.extract(io.BytesIO(archive), address.url, {path})
    if not found:
        raise SourceError(_no_member(address.url, path, listed))
    return found


def _of_pinned_archive(package: Package, sha256: str, cache: Cache, progress: Progress) -> dict[str, dict[str, bytes]]:
    what, release = _name(package), (package.name, package.version)
    archive = cache.get(sha256) or _fetched([sha256], cache, what, progress, _fetch_archive, *release)
    wanted = {member.path for member in package.members.values()}
    found, listed = archives.extract(io.BytesIO(archive), what, wanted)
    contents = {name: _of_member(found, member) for name, member in package.members.items()}
    for name, member in package.members.items():
        if not contents[name]:
            raise SourceError(_no_member(what, member.path, listed))
        if member.sha256:
            check_pin(contents[name][member.path], member.sha256, f"{what}: {member.path}")
    return contents


def _of_member(contents: dict[str, bytes], member: Member) -> dict[str, bytes]:
    return {path: content for path, content in contents.items() if archives.matches(path, member.path)}


def _of_pinned_members(package: Package, cache: Cache, progress: Progress) -> dict[str, dict[str, bytes]]:
    """Of each member one file."""
    pins = {name: member.sha256 for name, member in package.members.items() if member.sha256}
    paths = {pin: package.members[name].path for name, pin in pins.items()}
    held = {pin: cache.get(pin) for pin in paths}
    missing = {pin: paths[pin] for pin, content in held.items() if content is None}
    if missing:
        release = package.name, package.version
        untrusted.fetch(_fetch_members, *release, missing, cache, what=_name(package), progress=progress)
        held |= {pin: cache.get(pin) for pin in missing}
    there = {pin: _there(content, paths[pin]) for pin, content in held.items()}
    return {name: {package.members[name].path: there[pin]} for name, pin in pins.items()}


def _there(content: bytes | None, what: str) -> bytes:
    if content is None:
        raise SourceError(f"{what}: vanished from the cache as soon as it was there; try again")
    return content


def _name(package: Package) -> str:
    return f"{package.name}=={package.version}"


def _fetched(
    pins: list[str], cache: Cache, what: str, progress: Progress, fetch_it: Callable[..., tuple[()]], *arguments: str
) -> bytes:
    """The file with any of the `pins`, which `fetch_it` puts into the cache."""
    untrusted.fetch(fetch_it, *arguments, pins, cache, what=what, progress=progress)
    return _there(_first(pins, cache), what)


def _first(pins: list[str], cache: Cache) -> bytes | None:
    """What the cache holds under the first of the `pins` that it knows."""
    return next((content for pin in pins if (content := cache.get(pin)) is not None), None)


def _no_member(what: str, path: str, listed: list[str]) -> str:
    close = difflib.get_close_matches(path, listed, n=3, cutoff=0.5)
    return f"{what}: holds no {path!r}" + (f"; did you mean {' or '.join(map(repr, close))}?" if close else "")


# --- in the child -----------------------------------------------------------------------------------------------------


def _fetch_archive(name: str, version: str, pins: list[str], cache: Cache, progress: Progress) -> tuple[()]:
    """The archive of `name==version` with the one pin."""
    (sha256,) = pins
    with fetch.session() as client, cache.scratch() as file:
        release = fetch.release(name, version, sha256, client)
        fetch.download(release.url, file, client, progress)
        cache.put_file(file, sha256, release.filename)
    return ()


def _fetch_members(name: str, version: str, paths: dict[str, str], cache: Cache, progress: Progress) -> tuple[()]:
    """Members, given their paths by their pins: from the wheel, and from the sdist what the wheel lacks."""
    listed: list[str] = []
    with fetch.session() as client:
        for release in fetch.releases(name, version, client):
            with cache.scratch() as file:
                fetch.download(release.url, file, client, progress)
                fetch.check_digest(file, release)
                found, names = archives.extract(file, release.filename, set(paths.values()))
            for pin in [pin for pin, path in paths.items() if path in found]:
                path = paths.pop(pin)
                cache.put(found[path], pin, f"{release.filename}: {path}")
            listed += names
            if not paths:
                return ()
    raise SourceError(_no_member(f"{name}=={version}", min(paths.values()), listed))


def _fetch_address(url: str, pins: list[str], cache: Cache, progress: Progress) -> tuple[()]:
    """The file at an address, which has one of the pins."""
    with fetch.session() as client, cache.scratch() as file:
        fetch.download(url, file, client, progress)
        cache.put_file(file, next((pin for pin in pins if file_fits(file, pin)), pins[0]), url)
    return ()
