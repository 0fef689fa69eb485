"""Whether the files of a catalogue changed since they were read.

Belongs here: what shows it without reading any. Does not belong here: reading them (`reader`), or what follows.
"""

from collections.abc import Iterable
from pathlib import Path

PATTERNS = ("*/industry.yaml", "*/*.py", "*/*/use_case.yaml", "*/*/*.py")

Written = dict[Path, tuple[int, int]]
"""Each file, with when it was written last (nanoseconds since 1970) and its size (bytes)."""


def written(roots: Iterable[Path]) -> Written:
    """The files that people write under the `roots`, as they are now."""
    found: Written = {}
    for path in (path for root in roots for pattern in PATTERNS for path in root.glob(pattern)):
        try:
            about = path.stat()
        except OSError:
            continue
        found[path] = about.st_mtime_ns, about.st_size
    return found
