"""The optional parts of this project's installation: which there are, and whether one is complete here.

Belongs here: reading from the installed distribution what an extra requires. Does not belong here: deciding what needs
which extra (a source, a task, a learner), or installing anything.
"""

from collections.abc import Collection
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

DISTRIBUTION = "sectorforge"


def declared() -> list[str]:
    """The names of all extras."""
    return metadata.metadata(DISTRIBUTION).get_all("Provides-Extra", [])


def requirements(extra: str) -> list[Requirement]:
    """What the extra requires on this machine, beyond what is always installed.

    Raises
    ------
    ValueError: the project has no such extra.
    """
    if extra not in declared():
        raise ValueError(f"{DISTRIBUTION} has no extra {extra!r}; known: {', '.join(declared())}")
    return [one for one in _all_requirements() if _only_with(extra, one)]


def versions(extra: str) -> dict[str, str | None]:
    """The installed version of every requirement of the extra, None where it is not installed."""
    return {one.name: _version(one.name) for one in requirements(extra)}


def missing(extra: str) -> list[str]:
    """The requirements of the extra that are not installed, or in another version than it requires."""
    return [one.name for one in requirements(extra) if not _met(one)]


def added_bytes(extra: str) -> int:
    """The size on this disk of what the extra brings: its requirements and theirs, less what is always installed."""
    always = _closure([one for one in _all_requirements() if one.marker is None or one.marker.evaluate({"extra": ""})])
    return sum(_bytes(name) for name in _closure(requirements(extra)) - always)


def install_command(extras: Collection[str]) -> str:
    """The shell command that installs the extras."""
    return f"pip install '{DISTRIBUTION}[{','.join(sorted(set(extras)))}]'"


def _all_requirements() -> list[Requirement]:
    return [Requirement(text) for text in metadata.requires(DISTRIBUTION) or []]


def _closure(wanted: list[Requirement]) -> set[str]:
    """The installed distributions that meet the requirements, and what they require in turn, by canonical name."""
    found: dict[str, set[str]] = {}
    waiting = list(wanted)
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        if _version(name) is None or (name in found and one.extras <= found[name]):
            continue
        found[name] = found.get(name, set()) | one.extras
        waiting += [
            needed for text in metadata.requires(name) or [] if _wanted(needed := Requirement(text), {"", *one.extras})
        ]
    return set(found)


def _wanted(requirement: Requirement, extras: Collection[str]) -> bool:
    return requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras)


def _bytes(name: str) -> int:
    files = metadata.files(name) or []
    return sum(path.stat().st_size for file in files if (path := Path(str(file.locate()))).is_file())


def _only_with(extra: str, requirement: Requirement) -> bool:
    marker = requirement.marker
    return marker is not None and marker.evaluate({"extra": extra}) and not marker.evaluate({"extra": ""})


def _met(requirement: Requirement) -> bool:
    version = _version(requirement.name)
    return version is not None and requirement.specifier.contains(version, prereleases=True)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
