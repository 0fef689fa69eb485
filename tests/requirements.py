"""The lists of requirements that `make lock` writes, read.

Belongs here: reading them. Does not belong here: what tests expect of them.
"""

import re
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LISTS = {file.stem: file for file in (Path(__file__).parent.parent / "requirements").glob("*.txt")}


def entries(name: str) -> dict[str, str]:
    """The lines of a list with their digests, by the requirement that they begin with."""
    text = LISTS[name].read_text(encoding="utf-8").replace("\\\n", " ")
    return {line.split(" --hash")[0].strip(): line for line in text.splitlines() if line}


def pins(name: str, python: str | None = None) -> dict[str, str]:
    """The version of every package of a list, by canonical name, on this machine or under another Python."""
    environment = {"python_version": python, "python_full_version": f"{python}.0"} if python else {}
    return {
        canonicalize_name(one.name): re.sub("^==", "", str(one.specifier))
        for one in map(Requirement, entries(name))
        if one.marker is None or one.marker.evaluate(environment)
    }
